//! Every text of the operator interface exists in both languages.

use crate::finding::Finding;
use crate::tree::{File, Tree};
use serde_json::Value;
use std::collections::BTreeMap;

const RULE: &str = "i18n";
const LANGUAGES: [&str; 2] = ["hmi/web/i18n/en.json", "hmi/web/i18n/zh-CN.json"];

/// Keys that one language lacks or leaves empty.
pub fn check(tree: &Tree) -> Vec<Finding> {
    if !tree.has("hmi/web") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut texts = Vec::new();
    for path in LANGUAGES {
        let read = tree.get(path).and_then(|file| {
            let value: Value = serde_json::from_slice(&file.bytes).ok()?;
            let mut leaves = BTreeMap::new();
            flatten("", &value, &mut leaves);
            Some((file, leaves))
        });
        match read {
            Some(read) => texts.push(read),
            None => findings.push(Finding::fail(path, 0, RULE, "missing or not JSON")),
        }
    }
    let [(one, ones), (other, others)] = texts.as_slice() else {
        return findings;
    };
    findings.extend(compare(one, ones, other, others));
    findings.extend(compare(other, others, one, ones));
    findings
}

fn compare(
    one: &File,
    ones: &BTreeMap<String, String>,
    other: &File,
    others: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, text) in ones {
        if !others.contains_key(key) {
            let message = format!("{key:?} is missing in {}", other.path);
            findings.push(Finding::fail(&one.path, line_of(one, key), RULE, message));
        }
        if text.trim().is_empty() {
            let message = format!("{key:?} has no text");
            findings.push(Finding::fail(&one.path, line_of(one, key), RULE, message));
        }
    }
    findings
}

fn flatten(prefix: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&key, value, leaves);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                flatten(&format!("{prefix}.{at}"), value, leaves);
            }
        }
        Value::String(text) => {
            leaves.insert(prefix.to_string(), text.clone());
        }
        other => {
            leaves.insert(prefix.to_string(), other.to_string());
        }
    }
}

fn line_of(file: &File, key: &str) -> usize {
    let whole = format!("\"{key}\"");
    let last = format!("\"{}\"", key.rsplit('.').next().unwrap_or(key));
    let find = |text: &str| file.lines().find(|(_, line)| line.contains(text));
    find(&whole)
        .or_else(|| find(&last))
        .map_or(0, |(line, _)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_one_language_only_is_found() {
        let tree = Tree::of(&[
            (
                LANGUAGES[0],
                "{\n \"a\": {\n  \"b\": \"x\",\n  \"c\": \"y\"\n }\n}",
            ),
            (LANGUAGES[1], "{ \"a\": { \"b\": \" \" }, \"d.e\": \"z\" }"),
        ]);
        let found: Vec<_> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 3);
        assert!(found[0].starts_with("hmi/web/i18n/en.json:4: i18n: \"a.c\" is missing"));
        assert!(found[1].contains("\"a.b\" has no text"));
        assert!(found[2].contains("\"d.e\" is missing in hmi/web/i18n/en.json"));
    }
}
