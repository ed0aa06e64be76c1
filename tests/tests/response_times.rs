//! Every row of the demo plant's matrix is in time, from the scan that sees its cause
//! to the last of its commands.

use plant::Plant;
use station::kinds::{Drivers, blocks};
use station::matrix_test::{Response, responses};
use station::response::table;
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

/// Design basis of the demo unit: 1.0 s for loss of agitation and 0.5 s for pressure,
/// beyond the delay that the row itself states.
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

#[test]
fn the_table_tells_of_a_row_that_is_late() {
    let (text, is_in_time) = table(&RESPONSES, &[]);
    assert!(is_in_time, "{text}");
    let mut late = RESPONSES.clone();
    late[5].1.limit_s = Some(0.1);
    let (text, is_in_time) = table(&late, &[]);
    assert!(!is_in_time);
    assert_eq!(text.matches("NOT").count(), 1, "{text}");
}
