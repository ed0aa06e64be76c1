use super::*;
use crate::rig::Rig;
use proptest::prelude::*;
use signal::Quality;

const TEXT: &str = r#"
    field = { run = false, e1 = false, ok = true, demand = false }
    [[block]]
    kind = "MOTOR"
    name = "M"
    demand = "demand"
    run = "run"
    trips = ["e1"]
    permit = "ok"
    start_s = 1.0
    lost_s = 0.2
    stop_s = 2.0
    restart_min_s = 3.0
"#;

fn started() -> Rig {
    let mut rig = Rig::new(100, TEXT);
    rig.task.program.start(Start::Cold);
    rig.scans(1).write("M.START", 1.0).scans(1);
    rig
}

fn running() -> Rig {
    let mut rig = started();
    rig.field("run", 1.0).scans(3);
    assert_eq!(rig.value("M.STATE") as i64, RUNNING);
    rig
}

#[test]
fn a_start_waits_for_its_feedback() {
    let mut rig = started();
    assert!(rig.is("M.CMD"));
    assert_eq!(rig.value("M.STATE") as i64, STARTING);
    rig.field("run", 1.0).scans(1);
    assert_eq!(rig.value("M.STATE") as i64, RUNNING);
    assert!(!rig.is("M.READY"));
}

#[test]
fn no_feedback_in_time_is_a_fault_and_a_stop() {
    let mut rig = started();
    rig.scans(9);
    assert!(rig.is("M.CMD"));
    rig.scans(1);
    assert!(!rig.is("M.CMD") && rig.is("M.FAULT") && !rig.is("M.START"));
    assert_eq!(rig.value("M.STATE") as i64, FAULT);
    rig.scans(100).write("M.START", 1.0).scans(1);
    assert!(!rig.is("M.FAULT"), "a new start clears it");
}

#[test]
fn a_trip_stops_and_its_end_does_not_start() {
    let mut rig = running();
    rig.field("e1", 1.0).scans(1);
    assert!(!rig.is("M.CMD") && !rig.is("M.START"));
    rig.field("run", 0.0).field("e1", 0.0).scans(100);
    assert!(!rig.is("M.CMD"));
    assert!(rig.write("M.START", 1.0).scans(1).is("M.CMD"));
}

#[test]
fn lost_trip_signal_trips() {
    let mut rig = running();
    rig.quality_of("e1", Quality::COMM_LOST).scans(1);
    assert!(!rig.is("M.CMD"));
}

#[test]
fn a_lost_feedback_stops_and_its_return_does_not_start() {
    for lost in ["open", "bad"] {
        let mut rig = running();
        match lost {
            "open" => rig.field("run", 0.0).scans(1),
            _ => rig.quality_of("run", Quality::COMM_LOST).scans(1),
        };
        assert!(rig.is("M.CMD"), "one scan is borne");
        rig.scans(1);
        assert!(!rig.is("M.CMD") && rig.is("M.FAULT"), "{lost}");
        rig.field("run", 1.0).scans(3);
        assert!(!rig.is("M.CMD"));
    }
}

#[test]
fn the_lock_out_refuses_and_does_not_store() {
    let mut rig = running();
    rig.write("M.START", 0.0).field("run", 0.0).scans(1);
    assert!((rig.value("M.LOCKED_S") - 3.0).abs() < 1e-9);
    rig.write("M.START", 1.0).scans(1);
    assert!(!rig.is("M.CMD") && !rig.is("M.START") && !rig.is("M.READY"));
    rig.scans(40);
    assert!(!rig.is("M.CMD"), "the refused start was not stored");
    assert!(rig.is("M.READY"));
    assert_eq!(rig.value("M.LOCKED_S"), 0.0);
    assert!(rig.write("M.START", 1.0).scans(1).is("M.CMD"));
}

#[test]
fn the_lock_out_lasts_its_time() {
    let mut rig = running();
    rig.write("M.START", 0.0).field("run", 0.0).scans(1);
    for scan in 1..=30 {
        rig.scans(1);
        assert_eq!(rig.is("M.READY"), scan >= 30, "scan {scan}");
    }
}

#[test]
fn a_permit_is_needed_to_start_but_not_to_run() {
    let mut rig = Rig::new(100, TEXT);
    rig.field("ok", 0.0).write("M.START", 1.0).scans(1);
    assert!(!rig.is("M.CMD"));
    rig.field("ok", 1.0).scans(5);
    assert!(!rig.is("M.CMD"));
    let mut rig = running();
    assert!(rig.field("ok", 0.0).scans(20).is("M.CMD"));
}

#[test]
fn a_demand_starts_by_its_edge_only() {
    let mut rig = Rig::new(100, TEXT);
    rig.task.program.start(Start::Cold);
    rig.field("demand", 1.0).scans(5);
    assert!(
        !rig.is("M.CMD"),
        "it stood already at the start of the program"
    );
    rig.field("demand", 0.0)
        .scans(1)
        .field("demand", 1.0)
        .scans(1);
    assert!(rig.is("M.CMD"));
    rig.field("run", 1.0)
        .scans(2)
        .field("e1", 1.0)
        .scans(1)
        .field("e1", 0.0);
    rig.field("run", 0.0).scans(60);
    assert!(!rig.is("M.CMD"), "it stood all the time");
    rig.quality_of("demand", Quality::STALE)
        .scans(1)
        .quality_of("demand", Quality::GOOD)
        .scans(5);
    assert!(!rig.is("M.CMD"), "a gap is no edge");
}

#[test]
fn a_falling_demand_stops() {
    let mut rig = Rig::new(100, TEXT);
    rig.scans(1)
        .field("demand", 1.0)
        .scans(1)
        .field("run", 1.0)
        .scans(5);
    assert!(rig.is("M.CMD"));
    assert!(!rig.field("demand", 0.0).scans(1).is("M.CMD"));
}

#[test]
fn running_without_a_command_is_a_fault() {
    let mut rig = running();
    rig.write("M.START", 0.0).scans(19);
    assert!(!rig.is("M.FAULT"), "it may coast");
    rig.scans(2);
    assert!(rig.is("M.FAULT"));
    rig.field("run", 0.0).scans(1);
    assert!(!rig.is("M.FAULT"));
}

#[test]
fn a_program_start_stops_it_and_the_lock_out_begins() {
    let mut rig = running();
    rig.task.program.start(Start::Warm);
    rig.scans(1);
    assert!(!rig.is("M.CMD") && !rig.is("M.START") && !rig.is("M.READY"));
}

proptest! {
    /// From stopped to commanded only by a wish in that very scan, with permission
    /// and without a trip; never commanded under a trip.
    #[test]
    fn nothing_but_a_wish_starts_it(
        scans in prop::collection::vec(
            (prop::option::weighted(0.2, any::<bool>()), prop::bool::weighted(0.1), any::<bool>(), prop::option::of(any::<bool>())),
            1..300,
        )
    ) {
        let times = MotorTimes { start_ns: 5, lost_ns: 2, stop_ns: 4, rest_ns: 3 };
        let mut law = MotorLaw::default();
        let mut was = false;
        let mut stopped_for = u64::MAX;
        for (wish, is_tripped, is_permitted, feedback) in scans {
            let signs = MotorSigns { wish, is_tripped, is_permitted, feedback };
            let cmd = law.step(&times, &signs, 1);
            prop_assert!(!(cmd && is_tripped));
            if cmd && !was {
                prop_assert_eq!(wish, Some(true));
                prop_assert!(is_permitted);
                prop_assert!(stopped_for >= times.rest_ns - 1);
            }
            prop_assert!(!(cmd && wish == Some(false)));
            stopped_for = if cmd || was { 0 } else { stopped_for.saturating_add(1) };
            was = cmd;
        }
    }
}
