//! Every problem code has a page, and every page a code.

use crate::finding::Finding;
use crate::rust_text::{Strings, code};
use crate::tree::{File, Tree};
use std::collections::BTreeMap;

/// Where the codes are declared.
pub const CODES: &str = "runtime/plant/src/codes.rs";
/// Where the pages are.
pub const PAGES: &str = "docs/problems/";

const RULE: &str = "problems";

/// Codes and pages as they are.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Line of the first mention of each code, and the title after it.
    pub codes: BTreeMap<String, (usize, String)>,
    /// Title of each page.
    pub pages: BTreeMap<String, String>,
}

impl Index {
    /// Reads both.
    pub fn of(tree: &Tree) -> Index {
        let mut index = Index::default();
        if let Some(text) = tree.get(CODES).and_then(|file| file.text()) {
            let code = code(text, Strings::Keep);
            for (at, line) in code.lines().enumerate() {
                for word in line.split(|c: char| !c.is_alphanumeric()) {
                    if is_code(word) {
                        let rest = line.split_once(word).map_or("", |(_, rest)| rest);
                        let title = rest.split('"').nth(2).unwrap_or("").to_string();
                        index
                            .codes
                            .entry(word.to_string())
                            .or_insert((at + 1, title));
                    }
                }
            }
        }
        for file in &tree.files {
            let name = file
                .path
                .strip_prefix(PAGES)
                .and_then(|name| name.strip_suffix(".md"));
            if let Some(name) = name.filter(|name| is_code(name)) {
                let first = file.lines().next().map_or("", |(_, line)| line);
                let title = first.trim_start_matches(['#', ' ']).to_string();
                index.pages.insert(name.to_string(), title);
            }
        }
        index
    }
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with('P') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// Declared constants: `NAME "P0001" "title";` as (code, line, name).
fn constants(tree: &Tree) -> Vec<(String, usize, String)> {
    let text = tree.get(CODES).and_then(|file| file.text()).unwrap_or("");
    let code = code(text, Strings::Keep);
    let constant = |(at, line): (usize, &str)| {
        let (name, rest) = line.trim().split_once(" \"")?;
        let number = rest.split('"').next().filter(|number| is_code(number))?;
        Some((number.to_string(), at + 1, name.to_string()))
    };
    code.lines().enumerate().filter_map(constant).collect()
}

/// Whether `path` stands in `text` and does not go on.
fn has_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let next = text[at + path.len()..].chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Codes without a page or that nobody raises, pages without a code, pages of
/// another title.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let index = Index::of(tree);
    let mut findings = Vec::new();
    if index.codes.is_empty() {
        let message = "no problem codes found";
        findings.push(Finding::fail(CODES, 0, RULE, message));
        return findings;
    }
    for (code, (line, _)) in &index.codes {
        if !index.pages.contains_key(code) {
            let message = format!("{code} has no page {PAGES}{code}.md");
            findings.push(Finding::fail(CODES, *line, RULE, message));
        }
    }
    for (code, line, name) in constants(tree) {
        let raised = format!("codes::{name}");
        let is_raised = |file: &File| {
            file.path != CODES && file.text().is_some_and(|text| has_path(text, &raised))
        };
        if !tree.own(&["rs"]).any(is_raised) {
            let message = format!("nobody raises {code}: {raised} is not used");
            findings.push(Finding::fail(CODES, line, RULE, message));
        }
    }
    for (code, title) in &index.pages {
        let page = format!("{PAGES}{code}.md");
        let message = match index.codes.get(code) {
            None => format!("{code} is not in {CODES}"),
            Some((line, wanted)) => {
                let wanted = format!("{code}: {wanted}");
                if *title == wanted {
                    continue;
                }
                format!("the title is {title:?}; {CODES}:{line} says {wanted:?}")
            }
        };
        findings.push(Finding::fail(&page, 1, RULE, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_pages_must_agree() {
        let tree = Tree::of(&[
            (
                CODES,
                "// P0009 in a comment\nA \"P0001\" \"file cannot be read\";\n\
                 B \"P0002\" \"syntax\";\nC \"P0005\" \"missing key\";\n",
            ),
            (
                "runtime/plant/src/source.rs",
                "push(codes::A); push(codes::B_TWO); push(codes::C)",
            ),
            ("docs/problems/P0001.md", "# P0001: file cannot be read\n"),
            ("docs/problems/P0003.md", "# P0003: too large\n"),
            ("docs/problems/P0005.md", "# P0005: absent key\n"),
            ("docs/problems/README.md", "# Problems\n"),
        ]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|f| (f.path.clone(), f.line))
            .collect();
        assert_eq!(
            found,
            [
                (CODES.to_string(), 3),
                (CODES.to_string(), 3),
                ("docs/problems/P0003.md".into(), 1),
                ("docs/problems/P0005.md".into(), 1)
            ]
        );
    }
}
