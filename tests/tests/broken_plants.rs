//! Every broken plant shows exactly the problems that it must, at their places.

use plant::codes;
use scanloop_tests::broken::{Case, Told, cases};
use station::kinds::{Drivers, blocks};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Codes that loading a plant cannot raise: they belong to scenarios, displays and
/// the simulator, which the station reads, or only warn.
const OF_THE_STATION: [&str; 7] = [
    "P0601", "P0602", "P0603", "P0604", "P0605", "P0701", "P0902",
];

fn folder(case: &Case) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("broken")
        .join(&case.name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the case");
    case.write(&folder).expect("the case's files");
    folder
}

/// What a case shows, sorted, and the page of it.
fn told(case: &Case) -> Option<(Vec<Told>, String)> {
    let (sources, problems) = plant::load(&folder(case), &blocks(), &Drivers).err()?;
    let mut found: Vec<Told> = problems
        .iter()
        .map(|problem| Told {
            code: problem.code.number.to_string(),
            file: sources.name(&problem.at).to_string(),
            line: sources.line_column(&problem.at).0,
        })
        .collect();
    found.sort();
    let page = problems.render(&sources);
    assert_eq!(
        page.matches("  --> ").count(),
        problems.len(),
        "{}",
        case.name
    );
    let json = problems.to_json(&sources);
    let list = json.as_array().expect("a list");
    assert_eq!(list.len(), problems.len());
    for (problem, item) in problems.iter().zip(list) {
        assert_eq!(item["code"], problem.code.number);
        assert!(item["line"].as_u64().is_some_and(|line| line >= 1));
        assert!(
            item["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    Some((found, page))
}

/// Lines that only one side has.
fn difference(expected: &[Told], found: &[Told]) -> String {
    let mut lines = String::new();
    let mut rest = found.to_vec();
    for told in expected {
        match rest.iter().position(|other| other == told) {
            Some(at) => {
                rest.remove(at);
            }
            None => lines.push_str(&format!("  missing    {told}\n")),
        }
    }
    for told in rest {
        lines.push_str(&format!("  unexpected {told}\n"));
    }
    lines
}

#[test]
fn every_broken_plant_shows_its_problems_at_their_places() {
    let cases = cases().expect("readable cases");
    assert!(cases.len() >= 45);
    let mut wrong = String::new();
    for case in &cases {
        match told(case) {
            None => wrong.push_str(&format!("{}: loads\n", case.name)),
            Some((found, page)) => {
                let lines = difference(&case.expected, &found);
                if !lines.is_empty() {
                    let page: String = page.lines().map(|line| format!("    | {line}\n")).collect();
                    wrong.push_str(&format!("{}:\n{lines}{page}\n", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_code_of_plant_text_has_a_broken_plant() {
    let cases = cases().expect("readable cases");
    let shown: BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| case.expected.iter().map(|told| told.code.as_str()))
        .collect();
    let missing: Vec<&str> = codes::ALL
        .iter()
        .map(|code| code.number)
        .filter(|code| !shown.contains(code) && !OF_THE_STATION.contains(code))
        .collect();
    assert!(missing.is_empty(), "no broken plant shows {missing:?}");
}

#[test]
fn every_broken_plant_is_named_after_a_code_that_it_shows() {
    for case in cases().expect("readable cases") {
        let code = case
            .name
            .split('-')
            .next()
            .unwrap_or_default()
            .to_uppercase();
        let is_named = case.expected.iter().any(|told| told.code == code);
        assert!(is_named || case.name == "many-at-once", "{}", case.name);
    }
}

#[test]
fn the_same_text_shows_the_same_problems_in_the_same_order() {
    for case in cases().expect("readable cases") {
        let page = || told(&case).map(|(_, page)| page);
        assert_eq!(page(), page(), "{}", case.name);
    }
}

/// The page as people see it: `tests/golden/*.txt`. To accept a new page, delete
/// the file, run once, and read what was written before you commit it.
#[test]
fn the_pages_of_three_problems_read_well() {
    for name in ["p0203-unknown", "p0213-two-blocks", "p0215-loop"] {
        let cases = cases().expect("readable cases");
        let case = cases.iter().find(|case| case.name == name).expect(name);
        let (_, page) = told(case).expect("problems");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{name}.txt"));
        if !path.exists() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, &page).expect("a golden page");
            panic!("{} was not there; it is now: read it", path.display());
        }
        let golden = std::fs::read_to_string(&path).expect("a golden page");
        assert_eq!(page, golden, "{name}");
    }
}
