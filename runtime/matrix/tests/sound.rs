//! What is sound is proved, to the last claim, and always in the same words.

#[allow(dead_code)]
mod plant;

use matrix::proof::{Report, Theorem};
use matrix::*;
use plant::sound;

fn claims(report: &Report) -> Vec<(Theorem, usize)> {
    report
        .theorems
        .iter()
        .map(|proof| (proof.theorem, proof.claims))
        .collect()
}

#[test]
fn a_sound_matrix_is_proved_claim_by_claim() {
    let (matrix, facts) = sound();
    let report = prove(&matrix, &facts);
    assert_eq!(report.failures, []);
    assert!(report.is_proved());
    assert_eq!(
        claims(&report),
        [
            // Symbols, 2 a row, rows that act and their urgency, columns, 3 a hazard.
            (Theorem::Complete, 41 + 16 + 8 + 4 + 9 + 6 + 6),
            // A row each, then E1 8 times at 3 final elements, E2 and E3 5 times …
            (Theorem::Reach, 8 + 8 * 3 + 5 + 5 + 2 + 1 + 1),
            (Theorem::Bypass, 2),
            // One permissive, one `P`.
            (Theorem::Permissive, 2),
            // C01: safety time, T(30); C06 and C09: both times and their order.
            (Theorem::Response, 2 + 3 + 3),
            // C01 3, C06 3, C09 2, C22 2, C27 1.
            (Theorem::Sensor, 11),
        ]
    );
}

#[test]
fn an_empty_matrix_claims_nothing() {
    let report = prove(&Matrix::default(), &Facts::default());
    assert!(report.is_proved());
    assert_eq!(report.claims(), 0);
}

#[test]
fn what_acts_alike_may_share_a_final_element() {
    let (mut matrix, mut facts) = sound();
    let EffectKind::Final(actions) = &mut matrix.effects[4].kind else {
        panic!("E6 has final elements");
    };
    actions.push(plant::analog("TV-101", 100.0));
    facts.devices = plant::wire(&matrix);
    assert_eq!(prove(&matrix, &facts).failures, []);
}

#[test]
fn rows_that_exclude_each_other_may_differ() {
    // Heating while too cold, cooling while too hot: never together with good values,
    // and a bad one votes for neither.
    let (mut matrix, mut facts) = sound();
    matrix.causes.truncate(3);
    matrix.hazards.clear();
    for cause in &mut matrix.causes {
        cause.m = 1;
        cause.channels.truncate(1);
        cause.channels[0].on_bad = OnBad::NoTrip;
        cause.class = Class::Process;
    }
    matrix.cells.clear();
    matrix.effects.truncate(3);
    matrix.effects[1].kind = EffectKind::Final(vec![plant::analog("TV-101", 0.0)]);
    plant::cells(
        &mut matrix,
        &[&["X", "", "x"], &["", "", "x"], &["", "x", ""]],
    );
    facts.devices = plant::wire(&matrix);
    assert_eq!(prove(&matrix, &facts).failures, []);
    // A bad one that votes for both makes them stand together.
    for cause in &mut matrix.causes {
        cause.channels[0].on_bad = OnBad::Trip;
    }
    let report = prove(&matrix, &facts);
    assert!(!report.is_proved());
    assert!(report.failures[0].counter_example[0].contains("TT-101A is bad"));
}

#[test]
fn a_proof_says_the_same_every_time() {
    let (mut matrix, mut facts) = sound();
    matrix.cells.remove(&(5, 4));
    matrix.bypass.per_vote_max = 3;
    matrix.bypass.per_unit_max = 9;
    facts.devices[3].trips[0].action = plant::analog("TV-102", 50.0);
    let first = prove(&matrix, &facts).failures;
    assert!(first.len() > 3, "{first:#?}");
    for _ in 0..3 {
        assert_eq!(prove(&matrix, &facts).failures, first);
    }
}
