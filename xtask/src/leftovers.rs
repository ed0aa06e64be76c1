//! What must not stay in a finished text: notes to oneself, and mention of places
//! outside the project.

use crate::finding::Finding;
use crate::rust_text::{Strings, code};
use crate::tree::Tree;

/// Written in two halves, so that this file does not find itself.
const NOTES: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
const MACROS: [&str; 2] = [concat!("to", "do!"), concat!("unimple", "mented!")];
const PLACES: [&str; 3] = [
    concat!("../", "shared"),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
];

const TEXTS: [&str; 14] = [
    "rs", "js", "mjs", "css", "html", "py", "sh", "toml", "svg", "json", "md", "txt", "csv", "",
];

/// Lines that carry one of them.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.own(&TEXTS) {
        for (line, text) in file.lines() {
            for note in NOTES {
                if has_word(text, note) {
                    let message = format!("{note}: do it now, or write down why not");
                    findings.push(Finding::fail(&file.path, line, "notes", message));
                }
            }
            for place in PLACES {
                if text.contains(place) {
                    let message = format!("{place} is outside the project: restate the fact here");
                    findings.push(Finding::fail(&file.path, line, "places", message));
                }
            }
        }
    }
    for file in tree.own(&["rs"]) {
        let code = code(file.text().unwrap_or(""), Strings::Blank);
        for (at, text) in code.lines().enumerate() {
            for name in MACROS {
                if text.contains(name) {
                    let message = format!("{name} is not an implementation");
                    findings.push(Finding::fail(&file.path, at + 1, "notes", message));
                }
            }
        }
    }
    findings
}

/// Whether `word` stands in `text` with no letter beside it.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_letter(text[..at].chars().next_back())
            && !is_letter(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_to_oneself_are_found() {
        let text = format!("a\n// {}: later\n// {}S are plural\n", NOTES[0], NOTES[0]);
        let tree = Tree::of(&[("a.rs", text.as_str())]);
        let found: Vec<_> = check(&tree).iter().map(|f| f.line).collect();
        assert_eq!(found, [2]);
    }

    #[test]
    fn places_outside_the_project_are_found() {
        let text = format!("see {}/x.md\n", PLACES[0]);
        let tree = Tree::of(&[("docs/a.md", text.as_str())]);
        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn an_empty_body_is_found_in_code_and_not_in_a_text() {
        let text = format!("fn f() {{ {}() }}\nlet a = \"{}\";\n", MACROS[0], MACROS[0]);
        let tree = Tree::of(&[("a.rs", text.as_str())]);
        let found: Vec<_> = check(&tree).iter().map(|f| f.line).collect();
        assert_eq!(found, [1]);
    }
}
