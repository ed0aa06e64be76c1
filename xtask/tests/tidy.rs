//! The project keeps its own rules.

use xtask::finding::Level;

#[test]
fn the_project_is_tidy() {
    let findings = match xtask::tidy(&xtask::project_root()) {
        Ok(findings) => findings,
        Err(error) => panic!("{error}"),
    };
    let broken: Vec<String> = findings
        .iter()
        .filter(|finding| finding.level == Level::Fail)
        .map(ToString::to_string)
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}
