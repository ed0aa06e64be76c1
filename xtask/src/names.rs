//! Words that say nothing, in names of files, folders and types. `GLOSSARY.md`
//! has the field's own words.

use crate::finding::Finding;
use crate::rust_text::{Strings, code, words};
use crate::tree::Tree;

const RULE: &str = "names";

/// Banned as any part of a name.
const BANNED: [&str; 11] = [
    "manager", "handler", "helper", "helpers", "util", "utils", "common", "info", "object",
    "master", "slave",
];

/// Banned as a whole name.
const BANNED_ALONE: [&str; 1] = ["data"];

const SOURCES: [&str; 10] = [
    "rs", "js", "mjs", "css", "html", "py", "sh", "toml", "svg", "json",
];

/// Names that carry a banned word.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.own(&SOURCES) {
        for part in file.path.split('/') {
            let stem = part.split('.').next().unwrap_or("");
            if let Some(word) = banned(stem) {
                let message =
                    format!("the name {part:?} says {word:?}; GLOSSARY.md has better words");
                findings.push(Finding::fail(&file.path, 1, RULE, message));
            }
        }
    }
    for file in tree.own(&["rs", "js", "mjs"]) {
        let code = code(file.text().unwrap_or(""), Strings::Blank);
        let mut before = "";
        for (line, word) in words(&code) {
            let is_type = matches!(
                before,
                "struct" | "enum" | "trait" | "type" | "union" | "mod" | "class"
            );
            if is_type && let Some(bad) = banned(word) {
                let message = format!("{before} {word} says {bad:?}; GLOSSARY.md has better words");
                findings.push(Finding::fail(&file.path, line, RULE, message));
            }
            before = word;
        }
    }
    findings
}

fn banned(name: &str) -> Option<&'static str> {
    let parts = parts(name);
    let part = BANNED
        .into_iter()
        .find(|word| parts.iter().any(|part| part == word));
    let whole = || {
        BANNED_ALONE
            .into_iter()
            .find(|word| parts.len() == 1 && parts[0] == *word)
    };
    part.or_else(whole)
}

/// The words of a snake_case, kebab-case or CamelCase name, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let is_new = c == '_' || c == '-' || (c.is_uppercase() && was_lower);
        if is_new {
            parts.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = parts.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_numeric();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_words_are_found_in_files_folders_and_types() {
        let tree = Tree::of(&[
            (
                "sim/src/valve.rs",
                "struct ValveManager;\nstruct DataLogger; // fine\n",
            ),
            ("sim/src/fault_utils.rs", ""),
            ("tests/common/mod.rs", ""),
        ]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|f| (f.path.clone(), f.line))
            .collect();
        assert_eq!(
            found,
            [
                ("sim/src/fault_utils.rs".into(), 1),
                ("tests/common/mod.rs".into(), 1),
                ("sim/src/valve.rs".into(), 1)
            ]
        );
    }

    #[test]
    fn a_word_inside_a_word_is_not_that_word() {
        for name in [
            "Information",
            "Utility",
            "database",
            "objective",
            "Commonwealth",
        ] {
            assert_eq!(banned(name), None, "{name}");
        }
        assert_eq!(banned("Data"), Some("data"));
        assert_eq!(
            banned("HTTPHandler"),
            None,
            "a known blind spot: runs of capitals"
        );
    }
}
