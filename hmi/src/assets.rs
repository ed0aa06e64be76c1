//! The pages: read from disk in debug builds, inside the binary in release builds.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web"]
struct Web;

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// A script or style sheet without indentation and lines of comment: line for line what
/// the repository shows, a tenth shorter. A text that spans lines would change, so there
/// is none.
fn plain(path: &str, data: Vec<u8>) -> Vec<u8> {
    if !path.ends_with(".js") && !path.ends_with(".css") {
        return data;
    }
    let Ok(text) = String::from_utf8(data) else {
        return Vec::new();
    };
    let mut out = Vec::with_capacity(text.len());
    let mut comment = false;
    for line in text.lines() {
        let line = line.trim_start();
        comment |= line.starts_with("/*");
        let whole = comment || line.starts_with("//");
        if comment && line.contains("*/") {
            comment = false;
            // What follows a comment on its line stays.
            if let Some((_, rest)) = line.split_once("*/") {
                out.extend_from_slice(rest.as_bytes());
            }
        }
        if !whole {
            out.extend_from_slice(line.as_bytes());
        }
        out.push(b'\n');
    }
    out
}

/// Answers with one file of `web/`, or 304 if the browser has it already.
pub(crate) fn serve(path: &str, request: &HeaderMap) -> Response {
    let Some(file) = Web::get(path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in &file.metadata.sha256_hash()[..16] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    let fresh = request
        .get(header::IF_NONE_MATCH)
        .is_some_and(|v| v.as_bytes() == tag.as_bytes());
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        plain(path, file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(media_type(path)),
    );
    // `no-cache` = keep it, but ask before use: a new binary is seen at once.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the whole front end as it is sent, uncompressed.
    const BYTES_MAX: usize = 250_000;

    fn files() -> impl Iterator<Item = (String, Vec<u8>)> {
        Web::iter().filter_map(|path| {
            let file = Web::get(&path)?;
            Some((path.to_string(), file.data.into_owned()))
        })
    }

    #[test]
    fn the_whole_front_end_is_at_most_250_kb_uncompressed() {
        let mut all: Vec<(usize, String)> = files()
            .map(|(path, data)| (plain(&path, data).len(), path))
            .collect();
        all.sort();
        let sum: usize = all.iter().map(|(length, _)| length).sum();
        assert!(all.len() > 20);
        assert!(sum <= BYTES_MAX, "{sum} bytes: {all:?}");
    }

    #[test]
    fn comments_and_indentation_go_and_every_line_keeps_its_number() {
        let text = "// a\n  let b = \"//\"; // c\n/** d\n * e */ f\n  g\n";
        let sent = plain("x.js", text.as_bytes().to_vec());
        let sent = String::from_utf8(sent).expect("text");
        assert_eq!(sent, "\nlet b = \"//\"; // c\n\n f\ng\n");
        assert_eq!(plain("x.json", b"  1".to_vec()), b"  1");
    }

    #[test]
    fn no_text_of_a_script_spans_lines() {
        for (path, data) in files().filter(|(path, _)| path.ends_with(".js")) {
            let text = String::from_utf8(data).expect("text");
            let code = |line: &&str| !line.trim_start().starts_with(['/', '*']);
            for (at, line) in text.lines().enumerate().filter(|(_, line)| code(line)) {
                let ticks = line.matches('`').count() - line.matches("\\`").count();
                assert_eq!(ticks % 2, 0, "{path}:{}", at + 1);
            }
        }
    }

    #[test]
    fn no_script_writes_markup_and_no_page_carries_script_or_style_inline() {
        for (path, data) in files() {
            let text = String::from_utf8(data).expect("text");
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
            ] {
                assert!(!text.contains(word), "{path}: {word}");
            }
            if path.ends_with(".html") {
                assert!(!text.contains("style=") && !text.contains(" on"), "{path}");
                assert!(
                    !text.contains("<script>") && !text.contains("<style"),
                    "{path}"
                );
            }
        }
    }
}
