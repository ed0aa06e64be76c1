//! Crates whose results must be equal on every machine carry a `clippy.toml` that
//! bans clocks, random order, locks and the platform's float functions. Clippy
//! reads one file a crate, so the text stands several times; here it is kept one.

use crate::finding::Finding;
use crate::tree::Tree;

const RULE: &str = "bans";

/// The bans as first written.
const FIRST: &str = "runtime/scan/clippy.toml";

/// Crates with the same bans.
const OTHERS: [&str; 4] = [
    "runtime/alarm/clippy.toml",
    "runtime/signal/clippy.toml",
    "control-blocks/clippy.toml",
    "sim/clippy.toml",
];

/// Copies that are missing or have drifted.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(first) = tree.get(FIRST) else {
        return vec![Finding::fail(FIRST, 0, RULE, "the bans are missing")];
    };
    let mut findings = Vec::new();
    for path in OTHERS {
        match tree.get(path) {
            None => {
                findings.push(Finding::fail(
                    path,
                    0,
                    RULE,
                    format!("missing; copy {FIRST}"),
                ));
            }
            Some(file) if file.bytes == first.bytes => {}
            Some(file) => {
                let differs = file
                    .lines()
                    .zip(first.lines())
                    .find(|((_, a), (_, b))| a != b);
                let line = differs.map_or(0, |((line, _), _)| line);
                findings.push(Finding::fail(
                    path,
                    line,
                    RULE,
                    format!("differs from {FIRST}"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drifted_copy_is_found_at_its_line() {
        let tree = Tree::of(&[
            (FIRST, "a\nb\n"),
            (OTHERS[0], "a\nb\n"),
            (OTHERS[1], "a\nc\n"),
        ]);
        let findings = check(&tree);
        assert_eq!(findings.len(), OTHERS.len() - 1);
        assert_eq!(
            (findings[0].path.as_str(), findings[0].line),
            (OTHERS[1], 2)
        );
        assert!(findings[1].message.starts_with("missing"));
    }
}
