//! From transmitter to solenoid through all three stages: what no single kind can
//! show.

use crate::rig::Rig;
use scan::Start;
use signal::Quality;

const REACTOR: &str = r#"
[field]
"TT-1A.mA" = 12.0
"TT-1B.mA" = 12.0
"M-1.FB" = true
"XV-1.open" = false
"XV-1.shut" = true

[[block]]
kind = "AI"
name = "TT-1A"
raw = "TT-1A.mA"
lo = 0
hi = 100
unit = "°C"

[[block]]
kind = "AI"
name = "TT-1B"
raw = "TT-1B.mA"
lo = 0
hi = 100
unit = "°C"

[[block]]
kind = "MEDIAN"
name = "TT-1"
of = ["TT-1A.PV", "TT-1B.PV"]

[[block]]
kind = "PID"
name = "TIC-1"
in = "TT-1.PV"
action = "direct"
kp = 2.0
ti_s = 60.0
sp = 50.0
out = 30.0
track = 100.0
track_when = { delayed = "RG-1.COOL" }

[[block]]
kind = "DI"
name = "M-1.RUN"
raw = "M-1.FB"

[[block]]
kind = "CAUSE"
name = "C01"
of = ["TT-1A.PV", "TT-1B.PV"]
limit = 65.0
when = "above"
vote = "1oo2"

[[block]]
kind = "CAUSE"
name = "C02"
any = [{ tag = "M-1.RUN.PV", is = false }]
on_delay_s = 0.3

[[block]]
kind = "INTERLOCK"
name = "RG-1"
causes = [
    { cause = "C01.TRIP", effects = ["STOP", "COOL"] },
    { cause = "C02.TRIP", effects = ["STOP"] },
]

[[block]]
kind = "VALVE"
name = "XV-1"
fail = "closed"
zso = "XV-1.open"
zsc = "XV-1.shut"
trips = [{ when = "RG-1.STOP", to = "closed" }]

[[block]]
kind = "AOUT"
name = "TV-1"
demand = "TIC-1.OUT"
safe = 100.0
trips = [{ when = "RG-1.COOL", value = 100.0 }]
"#;

fn running() -> Rig {
    let mut rig = Rig::new(100, REACTOR);
    rig.task.program.start(Start::Cold);
    rig.scans(3);
    assert!(!rig.is("XV-1.CMD"));
    assert_eq!(rig.value("TV-1.CMD"), 100.0, "full cooling until the reset");
    rig.write("RG-1.RESET", 1.0).scans(2);
    rig.write("XV-1.OPEN", 1.0)
        .write("TIC-1.MODE", 1.0)
        .scans(2);
    assert!(rig.is("XV-1.CMD"));
    rig
}

#[test]
fn the_trip_acts_in_the_scan_in_which_the_temperature_comes() {
    let mut rig = running();
    rig.field("TT-1B.mA", 4.0 + 16.0 * 0.651).scans(1);
    assert!(!rig.is("XV-1.CMD"));
    assert_eq!(rig.value("TV-1.CMD"), 100.0);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 1.0);
}

#[test]
fn a_broken_wire_trips_at_once_and_leaves_control_to_the_other_sensor() {
    let mut rig = running();
    rig.field("TT-1A.mA", 0.0).scans(1);
    assert!(!rig.is("XV-1.CMD"));
    assert!(!rig.quality("TT-1.PV").is_bad());
    assert_eq!(rig.value("TIC-1.MODE"), 1.0);
    assert!(
        !rig.is("TT-1A.FAULT"),
        "diagnosis waits, protection does not"
    );
}

#[test]
fn a_silent_station_trips_when_its_values_are_stale() {
    let mut rig = running();
    rig.task.inlet.is_silent = true;
    rig.scans(10);
    assert!(rig.is("XV-1.CMD"));
    rig.scans(1);
    assert!(!rig.is("XV-1.CMD"));
    assert_eq!(rig.value("TV-1.CMD"), 100.0);
}

#[test]
fn after_the_reset_the_controller_goes_on_from_the_tripped_output() {
    let mut rig = running();
    rig.field("TT-1B.mA", 15.0)
        .scans(50)
        .field("TT-1B.mA", 12.0)
        .scans(50);
    assert!(
        (rig.value("TIC-1.OUT") - 100.0).abs() < 1e-9,
        "it tracks the trip"
    );
    rig.write("RG-1.RESET", 1.0).scans(2);
    assert!(rig.value("TV-1.CMD") > 95.0, "no jump of the valve");
    assert!(!rig.is("XV-1.CMD"), "no restart on reset");
}

#[test]
fn the_second_cause_is_not_first_out() {
    let mut rig = running();
    rig.quality_of("M-1.FB", Quality::COMM_LOST).scans(1);
    assert!(rig.is("XV-1.CMD"), "the delay runs");
    rig.field("TT-1A.mA", 16.0).scans(5);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 1.0);
    assert_eq!(rig.value("RG-1.STANDING"), 3.0);
}
