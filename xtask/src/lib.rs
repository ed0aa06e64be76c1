//! Checks of the project by the project: what a compiler does not see and a
//! reviewer forgets.
//!
//! `cargo xtask tidy` prints every finding as `file:line: rule: message`; the
//! same run is the test `the_project_is_tidy`. Each rule is one module and a pure
//! function of the [`Tree`] (or of cargo's metadata), so that each rule has tests
//! with trees that break it.
//!
//! Reading order: [`tree`], [`finding`], then any rule.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod bans;
pub mod finding;
pub mod i18n;
pub mod layers;
pub mod leftovers;
pub mod links;
pub mod names;
pub mod problems;
pub mod rust_text;
pub mod size;
pub mod tree;
pub mod unsafety;
pub mod vendor;

use finding::Finding;
use std::path::{Path, PathBuf};
use tree::Tree;

/// Runs every rule over the project at `root`, findings in order of place.
///
/// # Errors
/// A sentence if the tree or cargo's metadata cannot be read.
pub fn tidy(root: &Path) -> Result<Vec<Finding>, String> {
    let tree = Tree::read(root)?;
    let packages = layers::packages(root)?;
    let mut findings = Vec::new();
    findings.extend(layers::check(&packages, &tree));
    findings.extend(unsafety::check(&packages, &tree));
    findings.extend(bans::check(&tree));
    findings.extend(size::check(&tree));
    findings.extend(names::check(&tree));
    findings.extend(leftovers::check(&tree));
    findings.extend(problems::check(&tree));
    findings.extend(links::check(&tree));
    findings.extend(i18n::check(&tree));
    findings.extend(vendor::check(&tree));
    findings.sort();
    Ok(findings)
}

/// The project this tool was built from.
pub fn project_root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}
