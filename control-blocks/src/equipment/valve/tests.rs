use super::*;
use crate::rig::{Rig, problems};

/// The valve with its own actuator: the switches follow the solenoid.
fn text(keys: &str) -> String {
    format!(
        "field = {{ demand = false, e1 = false, e2 = false, ok = true, zso = false, zsc = true }}\n\
         [[block]]\nkind = \"VALVE\"\nname = \"XV\"\ntravel_s = 1.0\n{keys}"
    )
}

const FULL: &str = "fail = \"closed\"\ndemand = \"demand\"\nzso = \"zso\"\nzsc = \"zsc\"\n\
    trips = [{ when = \"e1\", to = \"closed\" }, { when = \"e2\", to = \"open\" }]";

fn state(rig: &Rig) -> i64 {
    rig.value("XV.STATE") as i64
}

#[test]
fn off_after_a_start_until_commanded() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.task.program.start(Start::Cold);
    rig.field("demand", 1.0).scans(5);
    assert!(!rig.is("XV.CMD"), "in MAN the demand does not count");
    assert_eq!(rig.value("XV.MODE"), 0.0);
    assert!(rig.write("XV.OPEN", 1.0).scans(1).is("XV.CMD"));
}

#[test]
fn a_warm_start_forgets_what_was_open() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.write("XV.OPEN", 1.0).scans(3);
    assert!(rig.is("XV.CMD"));
    rig.task.program.start(Start::Warm);
    assert!(!rig.scans(1).is("XV.CMD"));
    assert!(!rig.is("XV.OPEN"));
}

#[test]
fn auto_follows_the_demand_and_man_takes_over_without_a_move() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.write("XV.MODE", 1.0).field("demand", 1.0).scans(1);
    assert!(rig.is("XV.CMD") && rig.is("XV.OPEN"));
    rig.write("XV.MODE", 0.0).field("demand", 0.0).scans(3);
    assert!(rig.is("XV.CMD"), "MAN keeps the position");
    rig.write("XV.MODE", 1.0).scans(1);
    assert!(!rig.is("XV.CMD"));
}

#[test]
fn a_bad_demand_is_the_safe_position() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.write("XV.MODE", 1.0).field("demand", 1.0).scans(1);
    rig.quality_of("demand", Quality::STALE).scans(1);
    assert!(!rig.is("XV.CMD"));
}

#[test]
fn a_trip_wins_and_in_man_the_valve_stays_where_the_trip_put_it() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.write("XV.OPEN", 1.0).scans(1).field("e1", 1.0).scans(1);
    assert!(!rig.is("XV.CMD"));
    rig.write("XV.OPEN", 1.0).scans(1);
    assert!(!rig.is("XV.CMD"), "a wish under a trip is forgotten");
    rig.field("e1", 0.0).scans(5);
    assert!(!rig.is("XV.CMD"), "no move on reset");
    assert!(rig.write("XV.OPEN", 1.0).scans(1).is("XV.CMD"));
}

#[test]
fn in_auto_the_valve_follows_its_demand_again_after_a_trip() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.write("XV.MODE", 1.0)
        .field("demand", 1.0)
        .scans(1)
        .field("e1", 1.0)
        .scans(2);
    assert!(!rig.is("XV.CMD"));
    assert!(rig.field("e1", 0.0).scans(1).is("XV.CMD"));
}

#[test]
fn the_first_of_two_trips_wins() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.field("e2", 1.0).scans(1);
    assert!(rig.is("XV.CMD"));
    rig.field("e1", 1.0).scans(1);
    assert!(!rig.is("XV.CMD"));
}

#[test]
fn lost_trip_signal_trips() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.write("XV.OPEN", 1.0).scans(1);
    rig.quality_of("e1", Quality::COMM_LOST).scans(1);
    assert!(!rig.is("XV.CMD"));
}

#[test]
fn a_fail_open_valve_is_energised_to_close() {
    let mut rig = Rig::new(100, &text("fail = \"open\""));
    rig.task.program.start(Start::Cold);
    rig.scans(1);
    assert!(!rig.is("XV.CMD") && rig.is("XV.POS_DEMAND"));
    rig.write("XV.OPEN", 0.0).scans(1);
    assert!(rig.is("XV.CMD") && !rig.is("XV.POS_DEMAND"));
}

#[test]
fn a_permit_is_needed_to_leave_the_safe_position_only() {
    let mut rig = Rig::new(100, &text("fail = \"closed\"\npermit = \"ok\""));
    rig.field("ok", 0.0).write("XV.OPEN", 1.0).scans(1);
    assert!(!rig.is("XV.CMD") && !rig.is("XV.OPEN"));
    rig.field("ok", 1.0).scans(5);
    assert!(
        !rig.is("XV.CMD"),
        "a refused wish does not wait for its moment"
    );
    rig.write("XV.OPEN", 1.0).scans(1).field("ok", 0.0).scans(5);
    assert!(rig.is("XV.CMD"), "it need not go back");
    rig.write("XV.OPEN", 0.0).scans(1);
    rig.field_with("ok", 1.0, Quality::STALE)
        .write("XV.OPEN", 1.0)
        .scans(1);
    assert!(!rig.is("XV.CMD"), "a bad permit permits nothing");
}

#[test]
fn auto_without_a_demand_is_refused() {
    let mut rig = Rig::new(100, &text("fail = \"closed\""));
    rig.write("XV.MODE", 1.0).scans(1);
    assert_eq!(rig.value("XV.MODE"), 0.0);
}

#[test]
fn travel_is_watched_with_both_switches() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.scans(1);
    assert_eq!(state(&rig), CLOSED);
    rig.write("XV.OPEN", 1.0).scans(1);
    assert_eq!(state(&rig), TRAVELLING);
    rig.field("zsc", 0.0).scans(5).field("zso", 1.0).scans(1);
    assert_eq!(state(&rig), OPEN);
    rig.write("XV.OPEN", 0.0).scans(10);
    assert_eq!(state(&rig), TRAVELLING);
    rig.scans(1);
    assert_eq!(state(&rig), FAULT, "it did not leave");
    assert!(rig.is("XV.FAULT"));
    rig.field("zso", 0.0).field("zsc", 1.0).scans(1);
    assert_eq!(state(&rig), CLOSED);
    assert!(!rig.is("XV.FAULT"));
    rig.field("zsc", 0.0).scans(11);
    assert_eq!(state(&rig), FAULT, "it left by itself");
    rig.field("zsc", 1.0).field("zso", 1.0).scans(1);
    assert_eq!(state(&rig), FAULT, "both switches at once");
}

#[test]
fn one_switch_is_enough_for_its_own_position() {
    let mut rig = Rig::new(100, &text("fail = \"closed\"\nzsc = \"zsc\""));
    rig.scans(1)
        .write("XV.OPEN", 1.0)
        .field("zsc", 0.0)
        .scans(10);
    assert_eq!(state(&rig), TRAVELLING);
    rig.scans(1);
    assert_eq!(state(&rig), OPEN, "taken for open after the travel time");
    rig.field("zsc", 1.0).scans(11);
    assert_eq!(state(&rig), FAULT, "seen closed when it should be open");
}

#[test]
fn without_switches_the_travel_time_decides() {
    let mut rig = Rig::new(100, &text("fail = \"closed\""));
    rig.scans(11);
    assert_eq!(state(&rig), CLOSED);
    rig.write("XV.OPEN", 1.0).scans(10);
    assert_eq!(state(&rig), TRAVELLING);
    rig.scans(1);
    assert_eq!(state(&rig), OPEN);
}

#[test]
fn a_lost_switch_makes_the_state_unknown_and_not_a_fault() {
    let mut rig = Rig::new(100, &text(FULL));
    rig.scans(1).quality_of("zsc", Quality::COMM_LOST).scans(50);
    assert_eq!(state(&rig), UNKNOWN);
    assert!(!rig.is("XV.FAULT"));
    assert!(!rig.quality("XV.STATE").is_good());
    rig.field("zso", 1.0).scans(20);
    assert_eq!(state(&rig), FAULT, "the other switch says where it is");
}

#[test]
fn what_is_wrong_is_told() {
    assert_eq!(problems(&text("")).len(), 1, "the fail position");
    let trip = |row: &str| problems(&text(&format!("fail = \"open\"\ntrips = [{row}]"))).len();
    assert!(trip("{ when = \"e1\" }") >= 1);
    assert!(trip("{ when = \"e1\", to = \"shut\" }") >= 1);
    assert!(trip("{ when = \"e9\", to = \"open\" }") >= 1);
    assert!(trip("{ when = true, to = \"open\" }") >= 1);
    assert_eq!(trip("{ when = \"e1\", to = \"open\" }"), 0);
}
