//! A file is one idea, and one idea fits in 700 lines.

use crate::finding::Finding;
use crate::tree::Tree;

const WARN_LINES: usize = 700;
const FAIL_LINES: usize = 1_000;

/// Files that are too long.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.own(&["rs", "js", "mjs", "css", "py"]) {
        let lines = file.lines().count();
        let message = format!("{lines} lines: split by concept, not by count");
        if lines > FAIL_LINES {
            findings.push(Finding::fail(&file.path, lines, "size", message));
        } else if lines > WARN_LINES {
            findings.push(Finding::warn(&file.path, lines, "size", message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn a_tower_fails_and_a_tall_file_warns() {
        let lines = |count: usize| "x\n".repeat(count);
        let (fit, tall, tower) = (lines(700), lines(1_000), lines(1_001));
        let tree = Tree::of(&[
            ("a.rs", fit.as_str()),
            ("b.rs", tall.as_str()),
            ("c.rs", tower.as_str()),
            ("hmi/web/vendor/d.js", tower.as_str()),
        ]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|f| (f.path.clone(), f.level))
            .collect();
        assert_eq!(
            found,
            [("b.rs".into(), Level::Warn), ("c.rs".into(), Level::Fail)]
        );
    }
}
