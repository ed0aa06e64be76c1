use super::law::*;
use super::*;
use crate::rig::{Rig, problems};

const TEXT: &str = r#"
    field = { a = 1600.0, b = 0.0, f = 0.0, ok = true, res = true, line = true, trip = false, low = false, high = false }
    [[block]]
    kind = "TRANSFER"
    name = "T"
    source = "a"
    dest = "b"
    amount = 1500.0
    flow = "f"
    flow_min = 0.5
    permit = "ok"
    reserved = ["res"]
    lined_up = "line"
    trips = ["trip"]
    source_low = "low"
    dest_high = "high"
    prepurge_s = 5.0
    postpurge_s = 5.0
    transfer_max_s = 600.0
"#;

fn state(rig: &Rig) -> i64 {
    rig.value("T.STATE") as i64
}

fn why_of(rig: &Rig) -> i64 {
    rig.value("T.WHY") as i64
}

fn demanded(rig: &Rig) -> [bool; 6] {
    [
        "T.RESERVE",
        "T.BOTTOM",
        "T.LINE",
        "T.INLET",
        "T.PUMP",
        "T.NITROGEN",
    ]
    .map(|tag| rig.is(tag))
}

/// A bench in this state, with `moved` kg over and 5 m³/h of flow if it transfers.
fn at(wanted: i64) -> Rig {
    let mut rig = Rig::new(1000, TEXT);
    rig.scans(1);
    if wanted == IDLE {
        return rig;
    }
    if wanted == RESERVE {
        rig.field("res", 0.0);
    }
    if wanted == LINEUP {
        rig.field("line", 0.0);
    }
    rig.write("T.START", 1.0).scans(1);
    for _ in 0..600 {
        let now = state(&rig);
        if now == wanted {
            return rig;
        }
        match (now, wanted) {
            (TRANSFER, HOLD) => {
                rig.write("T.HOLD", 1.0);
            }
            (TRANSFER, ABORT) => {
                rig.write("T.ABORT", 1.0);
            }
            (TRANSFER, _) => {
                let (a, b) = (rig.value("a") - 50.0, rig.value("b") + 50.0);
                rig.field("a", a).field("b", b).field("f", 5.0);
            }
            (DRAIN, _) => {
                rig.field("f", 0.0);
            }
            _ => {}
        }
        rig.scans(1);
    }
    panic!("{wanted} is not reached from {}", state(&rig));
}

#[test]
fn a_transfer_goes_through_all_its_states_with_their_demands() {
    let x = true;
    let o = false;
    let rows = [
        (IDLE, [o, o, o, o, o, o]),
        (RESERVE, [x, o, o, o, o, o]),
        (LINEUP, [x, o, x, x, o, o]),
        (PREPURGE, [x, o, x, x, o, x]),
        (TRANSFER, [x, x, x, x, x, o]),
        (DRAIN, [x, o, x, x, x, o]),
        (POSTPURGE, [x, o, x, x, o, x]),
        (COMPLETE, [o, o, o, o, o, o]),
        (HOLD, [x, o, o, o, o, o]),
        (ABORT, [x, o, o, o, o, o]),
    ];
    for (wanted, demands) in rows {
        assert_eq!(demanded(&at(wanted)), demands, "{wanted}");
    }
    let rig = at(COMPLETE);
    assert_eq!(rig.value("T.MOVED"), 1500.0);
    assert_eq!(rig.value("T.DIFFERENCE"), 0.0);
}

/// The table written down a second time: state after each command.
#[test]
fn every_command_in_every_state() {
    for from in IDLE..=ABORT {
        for command in ["START", "HOLD", "RESTART", "ABORT", "RESET"] {
            let mut rig = at(from);
            rig.write(&format!("T.{command}"), 1.0).scans(1);
            let active = (RESERVE..=POSTPURGE).contains(&from);
            // The vessels are reserved: a transfer begins with the line-up at once.
            let expected = match (command, from) {
                ("START", IDLE) | ("RESTART", HOLD) => LINEUP,
                ("HOLD", _) if active => HOLD,
                ("ABORT", HOLD) => ABORT,
                ("ABORT", _) if active => ABORT,
                ("RESET", COMPLETE | ABORT) => IDLE,
                _ => from,
            };
            let found = state(&rig);
            let went_on = active && expected == from && found == from + 1;
            assert!(found == expected || went_on, "{from} {command}: {found}");
        }
    }
}

#[test]
fn a_trip_of_either_unit_aborts_in_every_state_that_uses_them() {
    for from in IDLE..=ABORT {
        for quality in [Quality::GOOD, Quality::COMM_LOST] {
            let mut rig = at(from);
            rig.field_with("trip", f64::from(u8::from(quality.is_good())), quality)
                .scans(1);
            let uses = (RESERVE..=POSTPURGE).contains(&from) || from == HOLD;
            assert_eq!(state(&rig), if uses { ABORT } else { from });
            assert!(!demanded(&rig)[1..].contains(&true), "{from}");
        }
    }
    let mut rig = at(IDLE);
    rig.field("trip", 1.0).write("T.START", 1.0).scans(1);
    assert_eq!(state(&rig), IDLE);
}

#[test]
fn a_difference_alarms_and_twice_that_aborts_and_stays_to_be_read() {
    let mut rig = at(TRANSFER);
    rig.field("f", 5.0).scans(1).field("a", 1569.0).scans(10);
    assert!(!rig.is("T.ALARM"));
    rig.scans(2);
    assert!(rig.is("T.ALARM"));
    assert_eq!(state(&rig), TRANSFER);
    rig.field("a", 1539.0).scans(12);
    assert_eq!((state(&rig), why_of(&rig)), (ABORT, why::BALANCE));
    assert_eq!(rig.value("T.DIFFERENCE"), 61.0);
}

#[test]
fn every_reason_to_stop_is_named() {
    type Stop = (&'static str, f64, usize, (i64, i64));
    let stops: [Stop; 6] = [
        ("high", 1.0, 1, (ABORT, why::FULL)),
        ("res", 0.0, 1, (HOLD, why::ROUTE)),
        ("line", 0.0, 1, (HOLD, why::ROUTE)),
        ("low", 1.0, 1, (DRAIN, why::NONE)),
        ("a", 0.0, 1, (DRAIN, why::NONE)),
        ("f", 0.4, 45, (HOLD, why::FLOW)),
    ];
    for (tag, value, scans, expected) in stops {
        let mut rig = at(TRANSFER);
        rig.field("f", 5.0).scans(1).field(tag, value).scans(scans);
        assert_eq!((state(&rig), why_of(&rig)), expected, "{tag}");
    }
    for tag in ["a", "b"] {
        let mut rig = at(TRANSFER);
        rig.quality_of(tag, Quality::SENSOR_FAULT).scans(1);
        assert_eq!((state(&rig), why_of(&rig)), (HOLD, why::UNKNOWN));
    }
    let mut rig = at(TRANSFER);
    rig.field("f", 5.0).scans(602);
    assert_eq!((state(&rig), why_of(&rig)), (ABORT, why::TIME));
    let mut rig = at(LINEUP);
    rig.scans(122);
    assert_eq!((state(&rig), why_of(&rig)), (HOLD, why::TIME));
}

#[test]
fn a_held_transfer_lines_up_again_and_goes_on_where_it_was() {
    let mut rig = at(TRANSFER);
    rig.field("f", 5.0)
        .field("a", 1400.0)
        .field("b", 200.0)
        .scans(1);
    rig.write("T.HOLD", 1.0).scans(5).field("ok", 0.0);
    rig.write("T.RESTART", 1.0).scans(2);
    assert_eq!(state(&rig), HOLD, "not permitted");
    rig.field("ok", 1.0).write("T.RESTART", 1.0).scans(1);
    assert_eq!(state(&rig), LINEUP);
    rig.scans(1);
    assert_eq!(state(&rig), TRANSFER);
    rig.scans(1);
    assert_eq!(rig.value("T.MOVED"), 200.0);
    rig.task.program.start(Start::Warm);
    rig.scans(1);
    assert_eq!((state(&rig), why_of(&rig)), (HOLD, why::START_UP));
}

#[test]
fn what_is_wrong_is_told() {
    for (from, to) in [
        ("amount = 1500.0", ""),
        ("source = \"a\"", ""),
        ("flow_min = 0.5", ""),
        ("prepurge_s = 5.0", "prepurge_s = -5.0"),
        ("prepurge_s = 5.0", "share = 101"),
        ("trips = [\"trip\"]", "trips = \"trip\""),
    ] {
        assert_ne!(problems(&TEXT.replacen(from, to, 1)), vec![], "{from}");
    }
}
