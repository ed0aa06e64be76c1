use super::*;
use crate::rig::{Rig, problems};
use signal::Quality;

const TEXT: &str = r#"
    field = { hot = false, ok = true, trip = false, quiet = true }
    [[block]]
    kind = "PHASE"
    name = "P"
    permit = "ok"
    trips = ["trip"]
    held = "quiet"
    restarted = "quiet"
    stopped = "quiet"
    aborted = "quiet"
    steps = [
        { name = "heat", done = "hot", timeout_s = 100 },
        { name = "wait", after_s = 10 },
        { name = "check", done = "hot", after_s = 2.0 },
    ]
"#;

const IDLE: i64 = 0;
const RUNNING: i64 = 1;
const COMPLETE: i64 = 2;
const HOLDING: i64 = 3;
const HELD: i64 = 4;
const RESTARTING: i64 = 5;
const STOPPING: i64 = 6;
const STOPPED: i64 = 7;
const ABORTING: i64 = 8;
const ABORTED: i64 = 9;

fn state(rig: &Rig) -> i64 {
    rig.value("P.STATE") as i64
}

fn steps(rig: &Rig) -> [bool; 3] {
    ["P.S1", "P.S2", "P.S3"].map(|tag| rig.is(tag))
}

fn command(rig: &mut Rig, name: &str) {
    rig.write(&format!("P.{name}"), 1.0).scans(1);
}

fn running() -> Rig {
    let mut rig = Rig::new(1000, TEXT);
    rig.scans(1);
    command(&mut rig, "START");
    assert_eq!(state(&rig), RUNNING);
    rig
}

/// A bench in this state; transitions are kept from ending by `quiet`.
fn at(wanted: i64) -> Rig {
    let mut rig = match wanted {
        IDLE => {
            let mut rig = Rig::new(1000, TEXT);
            rig.scans(1);
            return rig;
        }
        _ => running(),
    };
    let is_transition = matches!(wanted, HOLDING | RESTARTING | STOPPING | ABORTING);
    let path: &[&str] = match wanted {
        HOLDING | HELD => &["HOLD"],
        RESTARTING => &["HOLD", "", "RESTART"],
        STOPPING | STOPPED => &["STOP"],
        ABORTING | ABORTED => &["ABORT"],
        _ => &[],
    };
    for (place, name) in path.iter().enumerate() {
        let is_last = place + 1 == path.len();
        rig.field("quiet", f64::from(u8::from(!(is_last && is_transition))));
        match *name {
            "" => {
                rig.scans(1);
            }
            name => command(&mut rig, name),
        }
    }
    if wanted == COMPLETE {
        rig.field("hot", 1.0).scans(30);
    } else if !is_transition {
        rig.scans(1);
    }
    assert_eq!(state(&rig), wanted);
    rig
}

/// State after each command in each state, as the standard's table has it.
#[test]
fn every_command_in_every_state() {
    for from in IDLE..=ABORTED {
        for name in ["START", "HOLD", "RESTART", "STOP", "ABORT", "RESET"] {
            let mut rig = at(from);
            command(&mut rig, name);
            let expected = match (from, name) {
                (IDLE, "START") => RUNNING,
                (RUNNING | RESTARTING, "HOLD") => HOLDING,
                (HELD, "RESTART") => RESTARTING,
                (RUNNING | HOLDING | HELD | RESTARTING, "STOP") => STOPPING,
                (RUNNING | HOLDING | HELD | RESTARTING | STOPPING, "ABORT") => ABORTING,
                (COMPLETE | STOPPED | ABORTED, "RESET") => IDLE,
                _ => from,
            };
            assert_eq!(state(&rig), expected, "{from} {name}");
            assert_eq!(steps(&rig).contains(&true), expected == RUNNING);
            assert_eq!(rig.is("P.RUN"), expected == RUNNING);
            assert_eq!(rig.is("P.COMPLETE"), expected == COMPLETE);
        }
    }
}

#[test]
fn steps_advance_on_their_condition_and_on_time() {
    let mut rig = running();
    assert_eq!(
        (rig.value("P.STEP"), steps(&rig)),
        (1.0, [true, false, false])
    );
    rig.scans(20);
    assert_eq!(rig.value("P.STEP"), 1.0);
    rig.field("hot", 1.0).scans(1);
    assert_eq!(
        (rig.value("P.STEP"), steps(&rig)),
        (2.0, [false, true, false])
    );
    rig.scans(10);
    assert_eq!(rig.value("P.STEP"), 2.0);
    rig.scans(1);
    assert_eq!(
        (rig.value("P.STEP"), steps(&rig)),
        (3.0, [false, false, true])
    );
    rig.scans(3);
    assert_eq!(state(&rig), COMPLETE);
    assert_eq!((rig.value("P.STEP"), steps(&rig)), (0.0, [false; 3]));
    command(&mut rig, "RESET");
    command(&mut rig, "START");
    assert_eq!(rig.value("P.STEP"), 1.0);
}

#[test]
fn a_bad_condition_is_not_done_and_a_step_that_takes_too_long_holds() {
    let mut rig = running();
    rig.field_with("hot", 1.0, Quality::COMM_LOST).scans(100);
    assert_eq!(state(&rig), RUNNING);
    rig.scans(1);
    assert_eq!((state(&rig), rig.value("P.WHY")), (HOLDING, 2.0));
}

#[test]
fn a_restart_goes_on_in_the_step_with_its_time() {
    let mut rig = running();
    rig.field("hot", 1.0).scans(6);
    assert_eq!((rig.value("P.STEP"), rig.value("P.STEP_S")), (2.0, 4.0));
    command(&mut rig, "HOLD");
    rig.scans(500);
    assert_eq!((rig.value("P.STEP"), rig.value("P.STEP_S")), (2.0, 4.0));
    command(&mut rig, "RESTART");
    rig.scans(2);
    assert_eq!((state(&rig), rig.value("P.STEP_S")), (RUNNING, 4.0));
    rig.scans(1);
    assert_eq!(rig.value("P.STEP_S"), 5.0);
    rig.scans(5);
    assert_eq!(rig.value("P.STEP"), 3.0);
}

#[test]
fn a_trip_holds_stops_or_aborts_and_refuses_starts() {
    for (reaction, expected) in [("hold", HOLDING), ("stop", STOPPING), ("abort", ABORTING)] {
        let text = format!("{TEXT}\n    on_trip = \"{reaction}\"");
        for (value, quality) in [(1.0, Quality::GOOD), (0.0, Quality::STALE)] {
            let mut rig = Rig::new(1000, &text);
            rig.scans(1);
            command(&mut rig, "START");
            rig.field_with("trip", value, quality).scans(1);
            assert_eq!((state(&rig), rig.value("P.WHY")), (expected, 1.0));
        }
    }
    let mut rig = at(HELD);
    rig.field("trip", 1.0);
    command(&mut rig, "RESTART");
    assert_eq!(state(&rig), HELD);
    rig.field("trip", 0.0).field("ok", 0.0);
    command(&mut rig, "RESTART");
    assert_eq!(state(&rig), HELD, "not permitted");
    rig.scans(5);
    assert_eq!(state(&rig), HELD, "the end of a trip restarts nothing");
}

#[test]
fn of_several_commands_the_safest_wins() {
    let mut rig = running();
    rig.write("P.HOLD", 1.0)
        .write("P.ABORT", 1.0)
        .write("P.STOP", 1.0)
        .scans(1);
    assert_eq!(state(&rig), ABORTING);
}

#[test]
fn after_a_start_of_the_program_it_is_held_at_its_step() {
    let mut rig = running();
    rig.field("hot", 1.0).scans(4);
    rig.task.program.start(Start::Warm);
    rig.scans(1);
    assert_eq!((state(&rig), rig.value("P.WHY")), (HELD, 4.0));
    assert_eq!(rig.value("P.STEP"), 2.0);
    assert_eq!(steps(&rig), [false; 3]);
}

#[test]
fn phases_are_chained_by_edges() {
    let text = r#"
        field = { go = false }
        [[block]]
        kind = "PHASE"
        name = "A"
        start_when = "go"
        steps = [{ after_s = 3 }]
        [[block]]
        kind = "PHASE"
        name = "B"
        start_when = "A.COMPLETE"
        steps = [{ after_s = 3 }]
    "#;
    let mut rig = Rig::new(1000, text);
    rig.scans(1).field("go", 1.0).scans(1);
    assert!(rig.is("A.S1") && !rig.is("B.S1"));
    rig.scans(4);
    assert!(rig.is("A.COMPLETE") && rig.is("B.S1"));
}

#[test]
fn what_is_wrong_is_told() {
    for (from, to) in [
        ("{ name = \"wait\", after_s = 10 }", "{ name = \"wait\" }"),
        ("{ name = \"wait\", after_s = 10 }", "{ after_s = -1 }"),
        (
            "{ name = \"wait\", after_s = 10 }",
            "{ after_s = 10, timeout_s = 5 }",
        ),
        (
            "{ name = \"wait\", after_s = 10 }",
            "{ after_s = 10, does = 5 }",
        ),
        ("{ name = \"wait\", after_s = 10 }", "{ done = true }"),
        (
            "{ name = \"wait\", after_s = 10 }",
            "{ name = 7, after_s = 10 }",
        ),
        (
            "{ name = \"wait\", after_s = 10 }",
            "{ done = \"no such tag\" }",
        ),
        ("permit = \"ok\"", "on_trip = \"weep\""),
    ] {
        assert_ne!(problems(&TEXT.replace(from, to)), vec![], "{to}");
    }
    let many = vec!["{ after_s = 1 }"; 33].join(", ");
    for steps in ["", many.as_str()] {
        let text =
            format!("field = {{}}\n[[block]]\nkind = \"PHASE\"\nname = \"P\"\nsteps = [{steps}]");
        assert_eq!(problems(&text).len(), 1);
    }
}
