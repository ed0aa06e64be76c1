use super::*;
use signal::Quality;
use std::collections::BTreeMap;

fn rule() -> BypassRule {
    BypassRule {
        permit: true,
        channel: Some("TT-101A.PV".into()),
        key: Some("KEY".into()),
        vote: Some((vec!["C01.MOS_1".into(), "C01.MOS_2".into()], 1)),
        unit: Some(("C09.MOS_TOTAL".into(), 2)),
        left: Some("C01.MOS_LEFT_S".into()),
    }
}

fn begin(reason: &str, permit: &str) -> Command {
    Command {
        id: "1".into(),
        actor: "li".into(),
        tag: "C01.MOS_1".into(),
        value: 1.0,
        seen_value: None,
        reason: reason.into(),
        permit: permit.into(),
    }
}

/// The verdict with these values of tags; the key is on unless they say otherwise.
fn verdict(command: &Command, old: f64, values: &[(&str, f64, Quality)]) -> Option<RefusalCode> {
    let mut cells = BTreeMap::from([("KEY", (1.0, Quality::GOOD))]);
    cells.extend(values.iter().map(|(tag, value, q)| (*tag, (*value, *q))));
    let cell = |tag: &str| {
        let (value, quality) = *cells.get(tag)?;
        Some(Cell { value, quality })
    };
    rule()
        .check(command, old, cell)
        .err()
        .map(|refusal| refusal.code)
}

#[test]
fn a_bypass_needs_reason_permit_and_a_certain_key() {
    let good = Quality::GOOD;
    assert_eq!(verdict(&begin("loop check", "PTW-7"), 0.0, &[]), None);
    let lacks = |command: Command| verdict(&command, 0.0, &[]);
    assert_eq!(lacks(begin(" ", "PTW-7")), Some(RefusalCode::Malformed));
    assert_eq!(
        lacks(begin("loop check", " ")),
        Some(RefusalCode::PermitNeeded)
    );
    let long = "7".repeat(PERMIT_CHARS_MAX + 1);
    assert_eq!(
        lacks(begin("loop check", &long)),
        Some(RefusalCode::Malformed)
    );
    let bad = Quality::COMM_LOST;
    for key in [[("KEY", 0.0, good)], [("KEY", 1.0, bad)]] {
        let verdict = verdict(&begin("loop check", "PTW-7"), 0.0, &key);
        assert_eq!(verdict, Some(RefusalCode::NotPermitted), "{key:?}");
    }
}

#[test]
fn no_more_are_begun_than_vote_and_unit_permit() {
    let command = begin("loop check", "PTW-7");
    let good = Quality::GOOD;
    let full = Some(RefusalCode::NotPermitted);
    assert_eq!(verdict(&command, 0.0, &[("C01.MOS_2", 1.0, good)]), full);
    assert_eq!(
        verdict(&command, 0.0, &[("C09.MOS_TOTAL", 1.0, good)]),
        None
    );
    assert_eq!(
        verdict(&command, 0.0, &[("C09.MOS_TOTAL", 2.0, good)]),
        full
    );
    // A second order would put its permit over the one under which it was begun.
    assert_eq!(verdict(&command, 1.0, &[]), full);
}

#[test]
fn a_bypass_is_ended_without_permit_key_or_room() {
    let end = Command {
        value: 0.0,
        ..begin("", "")
    };
    let good = Quality::GOOD;
    let values = [("KEY", 0.0, good), ("C09.MOS_TOTAL", 2.0, good)];
    assert_eq!(verdict(&end, 1.0, &values), None);
}
