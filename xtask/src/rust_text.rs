//! Rust source with comments and, if wanted, texts blanked out: what is left is
//! code, on the same lines.

/// Whether string literals stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// They stay.
    Keep,
    /// Their letters become spaces.
    Blank,
}

/// Blanks comments, and strings if asked, keeping every line break.
pub fn code(source: &str, strings: Strings) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skip_comment(&chars, at);
        if end > at {
            blank(&chars[at..end], &mut out);
            at = end;
            continue;
        }
        let end = skip_string(&chars, at);
        if end > at {
            match strings {
                Strings::Keep => out.extend(&chars[at..end]),
                Strings::Blank => blank(&chars[at..end], &mut out),
            }
            at = end;
            continue;
        }
        // A whole identifier at once, so that the r of `for` opens no raw string.
        let end = at + chars[at..].iter().take_while(|c| is_word(**c)).count();
        let end = end.max(at + 1);
        out.extend(&chars[at..end]);
        at = end;
    }
    out
}

/// The identifiers and keywords of blanked code, with their lines from 1.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.lines().enumerate().flat_map(|(at, line)| {
        line.split(|c: char| !is_word(c))
            .filter(|word| !word.is_empty())
            .map(move |word| (at + 1, word))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn blank(chars: &[char], out: &mut String) {
    out.extend(chars.iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
}

fn starts(chars: &[char], at: usize, text: &str) -> bool {
    text.chars()
        .enumerate()
        .all(|(offset, c)| chars.get(at + offset) == Some(&c))
}

/// The end of the comment at `at`, or `at`.
fn skip_comment(chars: &[char], mut at: usize) -> usize {
    if starts(chars, at, "//") {
        while at < chars.len() && chars[at] != '\n' {
            at += 1;
        }
    } else if starts(chars, at, "/*") {
        let mut depth = 0;
        while at < chars.len() {
            if starts(chars, at, "/*") {
                depth += 1;
                at += 2;
            } else if starts(chars, at, "*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                at += 1;
            }
        }
    }
    at
}

/// The end of the string or character literal at `at`, or `at`.
fn skip_string(chars: &[char], at: usize) -> usize {
    let prefix = ["br", "cr", "r", "b", "c"]
        .into_iter()
        .find(|prefix| {
            let next = at + prefix.len();
            starts(chars, at, prefix) && matches!(chars.get(next), Some('"' | '#' | '\''))
        })
        .unwrap_or("");
    let mut open = at + prefix.len();
    if prefix.ends_with('r') {
        let hashes = chars[open..].iter().take_while(|c| **c == '#').count();
        open += hashes;
        if chars.get(open) != Some(&'"') {
            return at;
        }
        let close: String = core::iter::once('"')
            .chain("#".repeat(hashes).chars())
            .collect();
        let mut end = open + 1;
        while end < chars.len() && !starts(chars, end, &close) {
            end += 1;
        }
        return (end + close.len()).min(chars.len());
    }
    match chars.get(open) {
        Some('"') => skip_to(chars, open, '"'),
        Some('\'') if prefix.is_empty() || prefix == "b" => {
            let is_literal = match chars.get(open + 1) {
                Some('\\') => true,
                Some(_) => chars.get(open + 2) == Some(&'\''),
                None => false,
            };
            if is_literal {
                skip_to(chars, open, '\'')
            } else {
                at
            }
        }
        _ => at,
    }
}

fn skip_to(chars: &[char], open: usize, quote: char) -> usize {
    let mut end = open + 1;
    while end < chars.len() && chars[end] != quote {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(chars.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(source: &str) -> Vec<String> {
        let code = code(source, Strings::Blank);
        assert_eq!(code.lines().count(), source.lines().count());
        words(&code).map(|(_, word)| word.to_string()).collect()
    }

    #[test]
    fn comments_and_texts_are_not_code() {
        let source = "let a = \"b \\\" c\"; // d\n/* e /* f */ g */ h";
        assert_eq!(left(source), ["let", "a", "h"]);
    }

    #[test]
    fn raw_texts_end_at_their_own_hashes() {
        assert_eq!(left("x(r#\"a \" b\"#) y br\"c\" z"), ["x", "y", "z"]);
    }

    #[test]
    fn lifetimes_are_code_and_characters_are_not() {
        assert_eq!(
            left("fn f<'a>(b: &'a str) { '\"'; '\\''; c }"),
            ["fn", "f", "a", "b", "a", "str", "c"]
        );
    }

    #[test]
    fn an_identifier_ending_in_r_opens_no_raw_text() {
        assert_eq!(left("for \"x\" r#type"), ["for", "r", "type"]);
    }

    #[test]
    fn strings_stay_if_asked() {
        assert_eq!(
            code("a \"P0001\" // P0002", Strings::Keep),
            "a \"P0001\"         "
        );
    }
}
