use super::*;
use crate::rig::{Rig, problems};

const TEXT: &str = r#"
    field = { dosed = 0.0, ok = true, trip = false, pause = false }
    [[block]]
    kind = "DOSE"
    name = "D"
    total = "dosed"
    target = 100.0
    rate = 60.0
    permit = "ok"
    interlocked = "trip"
    hold = "pause"
    dribble = 5.0
    dribble_rate = 10.0
    preact = 0.5
    ramp_s = 3.0
    rate_unit = "kg/h"
"#;

fn state(rig: &Rig) -> i64 {
    rig.value("D.STATE") as i64
}

fn dosing() -> Rig {
    let mut rig = Rig::new(1000, TEXT);
    rig.task.program.start(Start::Cold);
    rig.scans(1);
    assert_eq!(state(&rig), IDLE);
    rig.write("D.ENABLE", 1.0).scans(1);
    assert_eq!(state(&rig), DOSING);
    rig
}

#[test]
fn the_rate_rises_as_a_ramp_and_slows_down_at_the_end() {
    let mut rig = dosing();
    assert!(rig.is("D.OPEN"));
    assert!((rig.value("D.SP") - 20.0).abs() < 1e-9);
    rig.scans(1);
    assert!((rig.value("D.SP") - 40.0).abs() < 1e-9);
    rig.scans(5);
    assert_eq!(rig.value("D.SP"), 60.0);
    rig.field("dosed", 94.9).scans(1);
    assert_eq!(rig.value("D.SP"), 60.0);
    rig.field("dosed", 95.0).scans(1);
    assert_eq!(rig.value("D.SP"), 10.0);
    assert_eq!(rig.value("D.REMAINING"), 5.0);
    rig.field("dosed", 99.5).scans(1);
    assert_eq!(state(&rig), DONE);
    assert!(!rig.is("D.OPEN") && rig.is("D.DONE") && !rig.is("D.ENABLE"));
    assert_eq!(rig.value("D.SP"), 0.0);
}

#[test]
fn a_trip_ends_it_and_its_end_does_not_resume() {
    for lost in [false, true] {
        let mut rig = dosing();
        match lost {
            false => rig.field("trip", 1.0).scans(1),
            true => rig.quality_of("trip", Quality::COMM_LOST).scans(1),
        };
        assert!(!rig.is("D.OPEN") && !rig.is("D.ENABLE"));
        assert_eq!(state(&rig), IDLE);
        rig.field("trip", 0.0).scans(10);
        assert_eq!(state(&rig), IDLE);
    }
}

#[test]
fn a_start_needs_its_permit_and_running_on_does_not() {
    let mut rig = Rig::new(1000, TEXT);
    rig.field("ok", 0.0).write("D.ENABLE", 1.0).scans(1);
    assert!(!rig.is("D.ENABLE"));
    rig.field("ok", 1.0).scans(5);
    assert_eq!(state(&rig), IDLE, "a refused start is not stored");
    let mut rig = dosing();
    rig.field("ok", 0.0).scans(5);
    assert_eq!(state(&rig), DOSING);
}

#[test]
fn a_pause_holds_and_resumes_with_the_ramp() {
    let mut rig = dosing();
    rig.scans(5).field("pause", 1.0).scans(1);
    assert_eq!(state(&rig), HELD);
    assert!(!rig.is("D.OPEN") && rig.is("D.ENABLE"));
    assert_eq!(rig.value("D.SP"), 0.0);
    rig.field("pause", 0.0).scans(1);
    assert_eq!(state(&rig), DOSING);
    assert!((rig.value("D.SP") - 20.0).abs() < 1e-9);
    rig.quality_of("pause", Quality::STALE).scans(1);
    assert_eq!(state(&rig), HELD, "a lost pause signal pauses");
}

#[test]
fn an_unknown_total_holds() {
    let mut rig = dosing();
    rig.field("dosed", 40.0)
        .scans(1)
        .quality_of("dosed", Quality::SENSOR_FAULT)
        .scans(1);
    assert_eq!(state(&rig), HELD);
    assert!(!rig.is("D.OPEN"));
    assert_eq!(rig.value("D.REMAINING"), 60.0);
    assert!(rig.quality("D.REMAINING").is_bad());
    rig.quality_of("dosed", Quality::GOOD).scans(1);
    assert_eq!(state(&rig), DOSING);
}

#[test]
fn the_operator_may_end_it() {
    let mut rig = dosing();
    rig.write("D.ENABLE", 0.0).scans(1);
    assert_eq!(state(&rig), IDLE);
    assert!(!rig.is("D.OPEN"));
}

#[test]
fn a_start_of_the_program_does_not_resume() {
    let mut rig = dosing();
    rig.task.program.start(Start::Warm);
    rig.scans(1);
    assert!(!rig.is("D.ENABLE") && !rig.is("D.OPEN"));
}

#[test]
fn a_higher_target_needs_a_new_start() {
    let mut rig = dosing();
    rig.field("dosed", 100.0).scans(1);
    assert!(rig.is("D.DONE"));
    rig.write("D.TARGET", 200.0).scans(2);
    assert_eq!(state(&rig), DONE);
    rig.write("D.ENABLE", 1.0).scans(1);
    assert_eq!(state(&rig), DOSING);
    assert!(!rig.is("D.DONE"));
}

#[test]
fn nothing_to_dose_is_done_at_once() {
    let mut rig = Rig::new(1000, TEXT);
    rig.field("dosed", 150.0).write("D.ENABLE", 1.0).scans(1);
    assert_eq!(state(&rig), DONE);
    assert!(!rig.is("D.OPEN"));
    assert_eq!(rig.value("D.REMAINING"), 0.0);
}

#[test]
fn what_is_wrong_is_told() {
    assert_eq!(problems(&TEXT.replace("target = 100.0", "")).len(), 1);
    assert_eq!(problems(&TEXT.replace("dribble_rate = 10.0", "")).len(), 1);
    assert_eq!(problems(&TEXT.replace("rate = 60.0", "")).len(), 1);
}

#[test]
fn a_demand_begins_and_ends_by_its_edges_only() {
    let text = TEXT.replace("pause = false", "pause = false, step = false");
    let mut rig = Rig::new(1000, &format!("{text}    demand = \"step\""));
    rig.scans(1).field("step", 1.0).scans(1);
    assert_eq!(state(&rig), DOSING);
    rig.write("D.ENABLE", 0.0).scans(5);
    assert_eq!(state(&rig), IDLE, "it stood all the time");
    rig.quality_of("step", Quality::COMM_LOST).scans(1);
    rig.quality_of("step", Quality::GOOD).scans(1);
    assert_eq!(state(&rig), IDLE);
    rig.field("step", 0.0).scans(1).field("step", 1.0).scans(1);
    assert_eq!(state(&rig), DOSING);
    rig.field("step", 0.0).scans(1);
    assert_eq!(state(&rig), IDLE);
}
