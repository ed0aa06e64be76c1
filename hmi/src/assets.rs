//! The pages: read from disk in debug builds, inside the binary in release builds.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::plain::plain;

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

/// A file as it is sent, with the hash of what it was made of.
type Made = ([u8; 32], Bytes);

/// What has been made: the pages of a release never change.
static MADE: LazyLock<Mutex<HashMap<String, Made>>> = LazyLock::new(Mutex::default);

fn made(path: &str, data: Vec<u8>, hash: [u8; 32]) -> Bytes {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    match made.get(path) {
        Some((of, bytes)) if *of == hash => bytes.clone(),
        _ => {
            let bytes = Bytes::from(plain(path, data));
            made.insert(path.to_owned(), (hash, bytes.clone()));
            bytes
        }
    }
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
        made(path, file.data.into_owned(), file.metadata.sha256_hash()).into_response()
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
        println!("{sum} bytes in {} files", all.len());
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
