//! Every row of the demo plant's matrix is in time, from the scan that sees its cause
//! to the last of its commands.

use plant::Plant;
use station::kinds::{Drivers, blocks};
use station::matrix_test::{Response, responses};
use station::response::{Measured, table};
use std::path::Path;
use std::sync::LazyLock;

static PLANT: LazyLock<Plant> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
    plant::load(&folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
});

static RESPONSES: LazyLock<Vec<(String, Response, f64)>> =
    LazyLock::new(|| responses(&PLANT).unwrap_or_else(|error| panic!("{error}")));

#[test]
fn every_row_commands_within_its_target_and_half_of_its_safety_time() {
    let causes = &PLANT.matrices[0].matrix.causes;
    assert_eq!(RESPONSES.len(), causes.len());
    for (id, response, _) in RESPONSES.iter() {
        let cause = &causes[response.row];
        let seconds = response
            .seconds
            .unwrap_or_else(|| panic!("{id} commands nothing"));
        let limit_s = response
            .limit_s
            .unwrap_or_else(|| panic!("{id} has no target"));
        assert!(seconds <= limit_s, "{id}: {seconds} s of {limit_s} s");
        let safety_s = cause
            .safety_time_s
            .unwrap_or_else(|| panic!("{id} has no safety time"));
        assert!(
            limit_s <= 0.5 * safety_s,
            "{id}: {limit_s} s of {safety_s} s"
        );
    }
}

/// The delay that a row states is part of its time: what comes on top is the scan.
#[test]
fn beyond_its_stated_delay_no_row_takes_more_than_a_scan() {
    let causes = &PLANT.matrices[0].matrix.causes;
    for (id, response, period_s) in RESPONSES.iter() {
        let delay = (causes[response.row].on_delay_s / period_s).round() as u64;
        let scans = response
            .scans
            .unwrap_or_else(|| panic!("{id} commands nothing"));
        assert_eq!(scans, delay + 1, "{id}");
    }
}

fn met(cause: &str, scans: u64) -> Measured {
    Measured {
        cause: cause.into(),
        scans,
        scenario: "a".into(),
    }
}

#[test]
fn the_table_tells_of_a_row_that_is_late() {
    let (text, is_in_time) = table(&PLANT, &RESPONSES, &[], false);
    assert!(is_in_time, "{text}");
    let mut late = RESPONSES.clone();
    late[5].1.limit_s = Some(0.1);
    let (text, is_in_time) = table(&PLANT, &late, &[], false);
    assert!(!is_in_time);
    assert_eq!(text.matches("NOT").count(), 1, "{text}");
    // Late in a closed loop: 1.1 s of the 1.0 s of C06.
    let (text, is_in_time) = table(&PLANT, &RESPONSES, &[met("C06", 11)], false);
    assert!(!is_in_time);
    assert_eq!(text.matches("NOT").count(), 1, "{text}");
    assert!(table(&PLANT, &RESPONSES, &[met("C06", 10)], false).1);
}

#[test]
fn when_all_scenarios_have_run_every_row_of_priority_1_must_have_been_met() {
    let is_first = |one: &&(String, Response, f64)| one.1.is_priority_1;
    let urgent: Vec<&str> = RESPONSES
        .iter()
        .filter(is_first)
        .map(|one| one.0.as_str())
        .collect();
    assert!(urgent.len() > 15 && urgent.len() < RESPONSES.len());
    let all: Vec<Measured> = urgent.iter().map(|cause| met(cause, 1)).collect();
    let (text, is_in_time) = table(&PLANT, &RESPONSES, &all, true);
    assert!(is_in_time, "{text}");
    for missing in 0..all.len() {
        let mut some = all.clone();
        let gone = some.remove(missing).cause;
        let (text, is_in_time) = table(&PLANT, &RESPONSES, &some, true);
        assert!(!is_in_time, "{gone}");
        assert!(text.contains(&format!("NOT {gone}")), "{text}");
        assert!(
            table(&PLANT, &RESPONSES, &some, false).1,
            "one scenario of many"
        );
    }
}

#[test]
fn the_table_names_the_hazards_that_a_row_guards_against() {
    let (text, _) = table(&PLANT, &RESPONSES, &[], false);
    let line = |cause: &str| {
        let mut lines = text.lines();
        let found = lines.find(|line| line.contains(&format!(" {cause} ")));
        found.unwrap_or_default().to_string()
    };
    assert!(line("C06").ends_with(", P1, LOPA S1"), "{text}");
    assert!(line("C23").ends_with(", LOPA S5 S6"), "{text}");
    assert!(!line("C07").contains("LOPA"), "{text}");
}
