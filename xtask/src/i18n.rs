//! Every text of the operator interface exists in both languages.
//!
//! English is the key: `t("Reset")` shows "Reset" or its entry in `zh-CN.json`.
//! `en.json` holds only keys that are not English themselves, such as the words of
//! qualities.

use crate::finding::Finding;
use crate::tree::{File, Tree};
use serde_json::Value;
use std::collections::BTreeMap;

const RULE: &str = "i18n";
const ENGLISH: &str = "hmi/web/i18n/en.json";
const CHINESE: &str = "hmi/web/i18n/zh-CN.json";

/// Texts that a page says and 中文 lacks, entries without text, entries that
/// nobody says.
pub fn check(tree: &Tree) -> Vec<Finding> {
    if !tree.has("hmi/web") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let (Some(english), Some(chinese)) = (
        catalogue(tree, ENGLISH, &mut findings),
        catalogue(tree, CHINESE, &mut findings),
    ) else {
        return findings;
    };
    for (path, texts) in [(ENGLISH, &english), (CHINESE, &chinese)] {
        for (key, text) in texts {
            if text.trim().is_empty() {
                let message = format!("{key:?} has no text");
                findings.push(Finding::fail(path, line_of(tree, path, key), RULE, message));
            }
        }
    }
    for key in english.keys().filter(|key| !chinese.contains_key(*key)) {
        let message = format!("{key:?} is missing in {CHINESE}");
        findings.push(Finding::fail(
            ENGLISH,
            line_of(tree, ENGLISH, key),
            RULE,
            message,
        ));
    }
    for file in pages(tree) {
        for (line, key) in said(file) {
            if !chinese.contains_key(&key) {
                let message = format!("{key:?} is missing in {CHINESE}");
                findings.push(Finding::fail(&file.path, line, RULE, message));
            }
        }
    }
    for key in chinese.keys() {
        let is_said = |file: &File| file.text().is_some_and(|text| text.contains(key.as_str()));
        if !pages(tree).any(is_said) && !tree.own(&["rs"]).any(is_said) {
            let message = format!("nobody says {key:?}");
            findings.push(Finding::warn(
                CHINESE,
                line_of(tree, CHINESE, key),
                RULE,
                message,
            ));
        }
    }
    findings
}

fn pages(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.own(&["js", "html"])
        .filter(|file| file.path.starts_with("hmi/web/"))
}

fn catalogue(
    tree: &Tree,
    path: &str,
    findings: &mut Vec<Finding>,
) -> Option<BTreeMap<String, String>> {
    let value = tree
        .get(path)
        .and_then(|file| serde_json::from_slice(&file.bytes).ok());
    let Some(Value::Object(map)) = value else {
        findings.push(Finding::fail(path, 0, RULE, "missing or not a JSON object"));
        return None;
    };
    let text = |value: Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_string)
    };
    Some(
        map.into_iter()
            .map(|(key, value)| (key, text(value)))
            .collect(),
    )
}

/// Literals given to `t("…")`, with their lines.
fn said(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        for (at, _) in line.match_indices("t(") {
            let before = line[..at].chars().next_back();
            let is_call = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
            let mut rest = line[at + 2..].chars();
            if let Some(quote @ ('"' | '\'')) = rest.next()
                && is_call
            {
                let mut key = String::new();
                let mut is_escaped = false;
                for c in rest {
                    if c == quote && !is_escaped {
                        found.push((number, key));
                        break;
                    }
                    is_escaped = c == '\\' && !is_escaped;
                    if !is_escaped {
                        key.push(c);
                    }
                }
            }
        }
    }
    found
}

fn line_of(tree: &Tree, path: &str, key: &str) -> usize {
    let quoted = Value::from(key).to_string();
    tree.get(path)
        .and_then(|file| file.lines().find(|(_, line)| line.contains(&quoted)))
        .map_or(0, |(line, _)| line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn a_text_that_is_said_needs_its_translation() {
        let tree = Tree::of(&[
            (ENGLISH, "{\n \"comm-lost\": \"communication lost\"\n}"),
            (CHINESE, "{\n \"Reset\": \"复位\",\n \"Old\": \" \"\n}"),
            (
                "hmi/web/a.js",
                "x(t(\"Reset\"));\nlet y = t('Say \\'no\\'', {}); get(\"z\");\n",
            ),
        ]);
        let found: Vec<_> = check(&tree)
            .into_iter()
            .map(|f| (f.path, f.line, f.level, f.message))
            .collect();
        assert_eq!(
            found,
            [
                (CHINESE.into(), 3, Level::Fail, "\"Old\" has no text".into()),
                (
                    ENGLISH.into(),
                    2,
                    Level::Fail,
                    format!("\"comm-lost\" is missing in {CHINESE}")
                ),
                (
                    "hmi/web/a.js".into(),
                    2,
                    Level::Fail,
                    format!("\"Say 'no'\" is missing in {CHINESE}")
                ),
                (
                    CHINESE.into(),
                    3,
                    Level::Warn,
                    "nobody says \"Old\"".to_string()
                ),
            ]
        );
    }
}
