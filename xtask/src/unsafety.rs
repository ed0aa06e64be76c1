//! Where `unsafe` may stand: in `station::rt`, which speaks to the operating
//! system, in `benches::peer`, which calls peers written in C, and in the counting
//! allocator of a test. Nowhere else.

use crate::finding::Finding;
use crate::layers::Package;
use crate::rust_text::{Strings, code, words};
use crate::tree::Tree;

const RULE: &str = "unsafe";

/// Crate roots without the lint, and every `unsafe` outside its two places.
pub fn check(packages: &[Package], tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        for root in &package.roots {
            let Some(file) = tree.get(&root.path) else {
                continue;
            };
            // These libraries must be able to allow it again in one module.
            let has_one = ["scanloop", "scanloop-benches"].contains(&package.name.as_str());
            let level = if has_one && root.is_library {
                "deny"
            } else {
                "forbid"
            };
            let wanted = format!("#![{level}(unsafe_code)]");
            let has = file.lines().any(|(_, line)| line.trim() == wanted);
            if !has {
                findings.push(Finding::fail(
                    &root.path,
                    1,
                    RULE,
                    format!("{wanted} is missing"),
                ));
            }
        }
    }
    for file in tree.own(&["rs"]) {
        let code = code(file.text().unwrap_or(""), Strings::Blank);
        if may_stand_in(&file.path, &code) {
            continue;
        }
        for (line, word) in words(&code) {
            if word == "unsafe" {
                let message =
                    "only runtime/station/src/rt and benches/src/peer.rs may contain unsafe code";
                findings.push(Finding::fail(&file.path, line, RULE, message));
            }
        }
    }
    findings
}

fn may_stand_in(path: &str, code: &str) -> bool {
    let is_rt = path == "runtime/station/src/rt.rs" || path.starts_with("runtime/station/src/rt/");
    let is_trial = path.starts_with("tests/") || path.starts_with("benches/");
    let is_peer = path == "benches/src/peer.rs";
    is_rt || is_peer || (is_trial && words(code).any(|(_, word)| word == "GlobalAlloc"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Root;

    #[test]
    fn a_root_without_the_lint_is_found() {
        let package = Package {
            name: "scanloop-scan".into(),
            roots: vec![Root {
                path: "runtime/scan/src/lib.rs".into(),
                is_library: true,
            }],
            ..Package::default()
        };
        let bare = Tree::of(&[("runtime/scan/src/lib.rs", "//! Doc.\n")]);
        assert_eq!(check(core::slice::from_ref(&package), &bare).len(), 1);
        let fit = Tree::of(&[("runtime/scan/src/lib.rs", "#![forbid(unsafe_code)]\n")]);
        assert_eq!(check(&[package], &fit), []);
    }

    #[test]
    fn unsafe_stands_in_rt_only() {
        let text = "// unsafe in a comment\nfn f() { unsafe { g() } }\n";
        let tree = Tree::of(&[
            ("runtime/station/src/rt.rs", text),
            ("benches/src/peer.rs", text),
            ("sim/src/a.rs", text),
        ]);
        let findings = check(&[], &tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].path.as_str(), findings[0].line),
            ("sim/src/a.rs", 2)
        );
    }

    #[test]
    fn a_counting_allocator_of_a_test_is_permitted() {
        let text = "unsafe impl GlobalAlloc for Counting {}";
        let tree = Tree::of(&[("tests/src/a.rs", text), ("sim/src/a.rs", text)]);
        assert_eq!(check(&[], &tree).len(), 1);
    }
}
