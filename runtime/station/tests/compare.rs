//! The comparison of two texts of the demonstration plant, as people review it:
//! `tests/golden/compare.txt`. To accept a new page, delete the file and run the test.

use plant::compare::{Comparison, How, Restart, compare};
use plant::{Plant, Sources, load_sources};
use station::kinds::{Drivers, blocks};
use std::path::Path;

/// Files of the demonstration plant.
fn texts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
    let mut problems = plant::Diagnostics::new();
    let sources = Sources::read(&folder, &mut problems);
    assert!(problems.is_empty());
    sources.files().to_vec()
}

fn loaded(texts: Vec<(String, String)>) -> Plant {
    load_sources(Sources::from_texts(texts), &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

/// The plant with edits: file, text, its replacement.
fn edited(edits: &[(&str, &str, &str)]) -> Comparison {
    let old = texts();
    let mut new = old.clone();
    for (file, from, to) in edits {
        let found = new.iter_mut().find(|(name, _)| name == file);
        let (_, text) = found.unwrap_or_else(|| panic!("no {file}"));
        assert!(text.contains(from), "{from:?} in {file}");
        *text = text.replacen(from, to, 1);
    }
    compare(&loaded(old), &loaded(new))
}

const TIC: &str = "action = \"reverse\"\nkp = 4.0\nti_s = 1800.0";
const C01: &str = "when = \"above\"\nlimit = 50.0\nhysteresis = 1.0\nvote = \"2oo3\"";

#[test]
fn a_review_reads_what_changed_and_what_it_touches() {
    let found = edited(&[
        (
            "units/r101.toml",
            TIC,
            "action = \"reverse\"\nkp = 5.0\nti_s = 1800.0",
        ),
        (
            "matrix/u100.toml",
            C01,
            "when = \"above\"\nlimit = 52.0\nhysteresis = 1.0\nvote = \"2oo3\"",
        ),
        ("matrix/u100.csv", "C03,X,", "C03,X,x"),
        (
            "alarms/r101.toml",
            "respond_min = 5.0",
            "respond_min = 12.0",
        ),
        (
            "units/r101.toml",
            "# Jacket and bulk may not differ",
            "[[block]]\nkind = \"COMPARE\"\nname = \"A-1\"\n\
             desc = { en = \"bulk warm\", zh = \"釜温\" }\nin = \"TT-101.PV\"\n\
             when = \"above\"\nlimit = 30.0\non_bad = \"false\"\n\n\
             # Jacket and bulk may not differ",
        ),
        ("scripts/batch-report.rhai", "\n", "\n\n"),
    ]);
    assert!(found.impact.restart.is_empty());
    let page = found.to_string();
    let (_, page) = page.split_once('\n').expect("a line of digests");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/compare.txt");
    if !path.exists() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, page).expect("a golden page");
        panic!("{} is new: read it, then run again", path.display());
    }
    let golden = std::fs::read_to_string(&path).expect("a golden page");
    assert_eq!(page, golden);
}

#[test]
fn a_limit_of_protection_is_barred_by_the_trip_that_it_feeds_and_reaches_its_valves() {
    let found = edited(&[(
        "matrix/u100.toml",
        C01,
        "when = \"above\"\nlimit = 52.0\nhysteresis = 1.0\nvote = \"2oo3\"",
    )]);
    let [change] = found.changes.as_slice() else {
        panic!("{:?}", found.changes);
    };
    assert_eq!(
        (change.section.as_str(), change.name.as_str()),
        ("cause", "C01")
    );
    let key = &change.keys[0];
    assert_eq!(
        (key.key.as_str(), key.old.as_deref(), key.new.as_deref()),
        ("limit", Some("50.0"), Some("52.0"))
    );
    assert_eq!(key.unit, "°C");
    let impact = &found.impact;
    let named = |list: &[plant::compare::Touched], name: &str| {
        let found = list.iter().find(|item| item.name == name);
        found.map(|item| item.how)
    };
    assert_eq!(named(&impact.causes, "C01"), Some(How::Changed));
    assert_eq!(named(&impact.effects, "E1"), Some(How::Fed));
    assert_eq!(named(&impact.elements, "XV-101A"), Some(How::Fed));
    assert!(impact.bars.iter().any(|bar| bar.block == "RG-1"));
    assert_eq!((impact.anew.len(), impact.gone.len()), (0, 0));
    assert_eq!(named(&impact.alarms, "UA-01"), Some(How::Fed));
}

#[test]
fn comments_are_no_change_and_drivers_need_a_restart() {
    let same = edited(&[("units/r101.toml", "# ", "#  ")]);
    assert_ne!(same.old, same.new);
    assert!(same.changes.is_empty());
    assert_eq!(same.impact.fed, 0);
    let found = edited(&[
        ("plant.toml", "timeout_ms = 300", "timeout_ms = 400"),
        ("plant.toml", "period_ms = 1000", "period_ms = 2000"),
    ]);
    assert_eq!(found.impact.restart, [Restart::Tasks, Restart::Drivers]);
    let names: Vec<&str> = found.changes.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["slow", "io1"]);
    assert_eq!(found.changes[1].keys[0].unit, "ms");
}
