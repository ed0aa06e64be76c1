//! Vendored files are those that were reviewed: each is listed in `VENDOR.toml`
//! with its SHA-256, and nothing else lies beside it.

use crate::finding::Finding;
use crate::tree::Tree;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const RULE: &str = "vendor";
const FOLDER: &str = "hmi/web/vendor/";
const LIST: &str = "hmi/web/vendor/VENDOR.toml";

/// Files that are not listed, not there, or not what the list says.
pub fn check(tree: &Tree) -> Vec<Finding> {
    if !tree.has(FOLDER.trim_end_matches('/')) {
        return Vec::new();
    }
    let Some(text) = tree.get(LIST).and_then(|file| file.text()) else {
        return vec![Finding::fail(LIST, 0, RULE, "missing")];
    };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return vec![Finding::fail(LIST, 0, RULE, error.to_string())],
    };
    let mut entries = Vec::new();
    collect(&toml::Value::Table(table), &mut entries);
    let mut findings = Vec::new();
    let mut listed = BTreeSet::new();
    for (name, wanted) in entries {
        let path = format!("{FOLDER}{name}");
        let line = text
            .lines()
            .position(|line| line.contains(&name))
            .map_or(0, |at| at + 1);
        match tree.get(&path) {
            None => {
                findings.push(Finding::fail(
                    LIST,
                    line,
                    RULE,
                    format!("{name} is not there"),
                ));
            }
            Some(file) => {
                let found = hex(&Sha256::digest(&file.bytes));
                if found != wanted {
                    let message = format!("{name} has SHA-256 {found}, not {wanted}");
                    findings.push(Finding::fail(LIST, line, RULE, message));
                }
            }
        }
        listed.insert(path);
    }
    for file in &tree.files {
        let is_ours = file.path == LIST || file.path.ends_with(".md");
        if file.path.starts_with(FOLDER) && !is_ours && !listed.contains(&file.path) {
            let message = format!("not listed in {LIST}");
            findings.push(Finding::fail(&file.path, 0, RULE, message));
        }
    }
    findings
}

/// Every table with a `file` (or `path`) and a `sha256`, however deep.
fn collect(value: &toml::Value, entries: &mut Vec<(String, String)>) {
    match value {
        toml::Value::Table(table) => {
            let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
            if let (Some(name), Some(hash)) =
                (text("file").or_else(|| text("path")), text("sha256"))
            {
                entries.push((name.to_string(), hash.to_lowercase()));
            }
            for value in table.values() {
                collect(value, entries);
            }
        }
        toml::Value::Array(items) => {
            for value in items {
                collect(value, entries);
            }
        }
        _ => {}
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc", FIPS 180-4 example.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_changed_a_missing_and_an_unlisted_file_are_found() {
        let list = format!(
            "[[vendor]]\nfile = \"a.js\"\nsha256 = \"{ABC}\"\n\
             [[vendor]]\nfile = \"b.js\"\nsha256 = \"{ABC}\"\n\
             [[vendor]]\nfile = \"c.js\"\nsha256 = \"{ABC}\"\n"
        );
        let tree = Tree::of(&[
            (LIST, list.as_str()),
            ("hmi/web/vendor/a.js", "abc"),
            ("hmi/web/vendor/b.js", "abd"),
            ("hmi/web/vendor/d.js", ""),
        ]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|f| (f.path.clone(), f.line))
            .collect();
        assert_eq!(
            found,
            [
                (LIST.to_string(), 5),
                (LIST.to_string(), 8),
                ("hmi/web/vendor/d.js".into(), 0)
            ]
        );
    }
}
