use super::law::*;
use super::*;
use crate::rig::{Rig, problems};

const VACUUM: &str = r#"
    field = { p = 3.0, a = 20.9, b = 20.9, fs = true, header = 600.0, shut = true, tight = true, two = false, air = false }
    [[block]]
    kind = "INERT"
    name = "I"
    method = "vacuum-swing"
    pressure = "p"
    low = -81.325
    high = 3.675
    volume = 3.0
    oxygen = ["a", "b"]
    vote = "1oo2"
    sample = "fs"
    header = "header"
    header_low = 350.0
    closed = "shut"
    aired = "air"
    tight = "tight"
    confirmed = "two"
    dwell_s = 0
    cycles_min = 1
"#;

fn state(rig: &Rig) -> i64 {
    rig.value("I.STATE") as i64
}

fn why_of(rig: &Rig) -> i64 {
    rig.value("I.WHY") as i64
}

/// Drives the pressure to where the demands lead until the purge is over.
fn swing(rig: &mut Rig) {
    for _ in 0..100 {
        if state(rig) != PURGING {
            return;
        }
        let p = match (rig.is("I.NITROGEN"), rig.is("I.VENT") || rig.is("I.VACUUM")) {
            (true, _) => 300.0,
            (false, true) => -90.0,
            _ => rig.value("p"),
        };
        rig.field("p", p).scans(1);
    }
    panic!("no end of the purge");
}

fn purged() -> Rig {
    let mut rig = Rig::new(1000, VACUUM);
    rig.write("I.START", 1.0).scans(1);
    assert_eq!(state(&rig), PURGING);
    assert!(rig.is("I.VACUUM") && !rig.is("I.NITROGEN"));
    swing(&mut rig);
    rig
}

fn inert() -> Rig {
    let mut rig = purged();
    rig.field("a", 0.8)
        .field("b", 0.9)
        .field("p", 3.0)
        .scans(62);
    assert_eq!(state(&rig), INERT);
    assert!(rig.is("I.INERT"));
    rig
}

#[test]
fn vacuum_swings_are_counted_as_predicted_and_verified_by_oxygen() {
    let mut rig = purged();
    assert_eq!(rig.value("I.NEEDED"), 2.0, "0.20 → 1.05 bar(a): 0.86 %");
    assert_eq!(rig.value("I.CYCLES"), 2.0);
    assert_eq!(state(&rig), VERIFY);
    rig.field("a", 1.0).field("b", 1.0).scans(59);
    rig.field("b", 2.1).scans(1).field("b", 1.0).scans(60);
    assert_eq!(state(&rig), VERIFY, "a break starts the minute anew");
    rig.scans(2);
    assert_eq!(state(&rig), INERT);
    // 2 swings of 85 kPa in 3 m³ at 25 °C.
    assert!((rig.value("I.USED") - 2.0 * 85.0 * 3.0 / 101.325 * 273.15 / 298.15).abs() < 1e-9);
}

#[test]
fn a_pressure_not_reached_is_no_cycle() {
    let mut rig = Rig::new(1000, VACUUM);
    rig.write("I.START", 1.0)
        .scans(1)
        .field("p", -81.0)
        .scans(3601);
    assert_eq!(rig.value("I.CYCLES"), 0.0);
    assert_eq!((state(&rig), why_of(&rig)), (NOT_INERT, why::STEP_TIME));
    assert!(!rig.is("I.VACUUM"));
}

#[test]
fn without_analysers_one_more_cycle_a_tight_vessel_and_two_persons_are_needed() {
    let mut rig = Rig::new(1000, VACUUM);
    rig.field("fs", 0.0)
        .field("a", 0.5)
        .write("I.START", 1.0)
        .scans(1);
    swing(&mut rig);
    assert_eq!(rig.value("I.CYCLES"), 3.0);
    rig.scans(100);
    assert_eq!(state(&rig), VERIFY);
    rig.field("two", 1.0).field("tight", 0.0).scans(5);
    assert_eq!(state(&rig), VERIFY);
    rig.field("tight", 1.0).field("p", 3.0).scans(1);
    assert_eq!(state(&rig), INERT);
    rig.scans(100);
    assert_eq!(state(&rig), INERT, "the lost analysers do not take it back");
    rig.field("fs", 1.0).field("a", 4.0).scans(12);
    assert_eq!((state(&rig), why_of(&rig)), (LOST, why::OXYGEN));
}

#[test]
fn one_bad_analyser_of_1oo2_counts_as_high() {
    let mut rig = purged();
    rig.field("a", 0.5)
        .field("b", 0.5)
        .quality_of("b", Quality::SENSOR_FAULT)
        .scans(200);
    assert_ne!(state(&rig), INERT);
}

#[test]
fn every_loss_is_told_with_its_reason() {
    type Loss = (&'static str, f64, usize, i64);
    let losses: [Loss; 6] = [
        ("a", 3.1, 11, why::OXYGEN),
        ("shut", 0.0, 1, why::OPENED),
        ("air", 1.0, 1, why::AIR),
        ("header", 349.0, 3, why::HEADER),
        ("p", 0.0, 31, why::MAKE_UP),
        ("fs", 0.0, 11, why::OXYGEN),
    ];
    for (tag, value, scans, why) in losses {
        let mut rig = inert();
        rig.field(tag, value).scans(scans - 1);
        assert_eq!(state(&rig), INERT, "{tag} a scan early");
        if tag == "p" {
            assert!(rig.is("I.NITROGEN"), "make-up");
        }
        rig.scans(1);
        assert_eq!((state(&rig), why_of(&rig)), (LOST, why), "{tag}");
        assert!(!rig.is("I.INERT") && !rig.is("I.NITROGEN"));
    }
}

#[test]
fn a_start_of_the_program_loses_what_was_inert() {
    let mut rig = inert();
    rig.task.program.start(Start::Warm);
    rig.scans(1);
    assert_eq!((state(&rig), why_of(&rig)), (LOST, why::START_UP));
    rig.write("I.START", 1.0).scans(1);
    assert_eq!(state(&rig), PURGING);
}

#[test]
fn a_low_header_holds_the_purge_with_everything_closed() {
    let mut rig = Rig::new(1000, VACUUM);
    rig.write("I.START", 1.0)
        .scans(1)
        .field("header", 300.0)
        .scans(3);
    assert_eq!(state(&rig), PURGING);
    assert!(!rig.is("I.NITROGEN") && !rig.is("I.VENT") && !rig.is("I.VACUUM"));
    rig.field("header", 600.0).scans(1);
    assert!(rig.is("I.VACUUM"));
}

#[test]
fn an_open_vessel_is_not_purged_and_a_stop_ends_it() {
    let mut rig = Rig::new(1000, VACUUM);
    rig.field("shut", 0.0).write("I.START", 1.0).scans(1);
    assert_eq!(state(&rig), NOT_INERT);
    let mut rig = inert();
    rig.write("I.STOP", 1.0).scans(1);
    assert_eq!((state(&rig), why_of(&rig)), (NOT_INERT, why::STOPPED));
}

#[test]
fn pressure_swings_go_up_first_and_the_prediction_is_that_of_the_table() {
    let text = VACUUM
        .replace("vacuum-swing", "pressure-swing")
        .replace("low = -81.325", "low = 3.675")
        .replace("high = 3.675", "high = 148.675");
    let mut rig = Rig::new(1000, &text);
    rig.write("I.START", 1.0).scans(1);
    assert!(rig.is("I.NITROGEN") && !rig.is("I.VENT"));
    assert_eq!(rig.value("I.NEEDED"), 3.0, "1.05 → 2.5 bar(a): 1.64 %");
    rig.field("p", 150.0).scans(2);
    assert!(rig.is("I.VENT") && !rig.is("I.NITROGEN"));
}

#[test]
fn a_combined_swing_vents_to_the_atmosphere_before_the_pump_and_needs_the_ratio_of_both() {
    let text = VACUUM
        .replace("vacuum-swing", "combined")
        .replace("high = 3.675", "high = 148.675");
    let mut rig = Rig::new(1000, &text);
    rig.write("I.START", 1.0).scans(1);
    // Slightly above the atmosphere already.
    assert!(rig.is("I.VENT") && !rig.is("I.VACUUM"));
    // 0.20 → 2.5 bar(a): (20.8 · 0.08^n + 0.1) vol%, 1.76 % after one swing.
    assert_eq!(rig.value("I.NEEDED"), 1.0);
    rig.field("p", 1.0).scans(1);
    assert!(rig.is("I.VACUUM") && !rig.is("I.VENT"));
    rig.field("p", -82.0).scans(2);
    assert!(rig.is("I.NITROGEN") && !rig.is("I.VENT") && !rig.is("I.VACUUM"));
    rig.field("p", 60.0).scans(1);
    assert!(rig.is("I.NITROGEN"), "up to above the atmosphere");
    rig.field("p", 149.0).scans(2);
    assert_eq!(rig.value("I.CYCLES"), 1.0);
    // An unknown pressure opens neither pump nor anything else but the vent.
    let mut rig = Rig::new(1000, &text);
    rig.write("I.START", 1.0).scans(1);
    rig.quality_of("p", Quality::SENSOR_FAULT).scans(1);
    assert!(!rig.is("I.VACUUM") && !rig.is("I.NITROGEN"));
}

#[test]
fn a_sweep_takes_the_time_of_the_table_and_needs_an_analyser() {
    let text = r#"
        field = { p = 3.0, a = 20.9, f = 30.0, two = true }
        [[block]]
        kind = "INERT"
        name = "I"
        method = "sweep"
        pressure = "p"
        volume = 3.0
        mixing = 0.5
        oxygen = ["a"]
        flow = "f"
        tight = "two"
        confirmed = "two"
    "#;
    let mut rig = Rig::new(1000, text);
    rig.write("I.START", 1.0).scans(1);
    assert!((rig.value("I.NEEDED") - 28.7).abs() < 0.05);
    assert!(rig.is("I.NITROGEN") && rig.is("I.VENT"));
    rig.scans(1719);
    assert_eq!(state(&rig), PURGING);
    rig.scans(10);
    assert_eq!(state(&rig), VERIFY);
    assert!((rig.value("I.USED") - 30.0 * 28.7 / 60.0).abs() < 0.2);
    rig.quality_of("a", Quality::SENSOR_FAULT).scans(1802);
    assert_eq!((state(&rig), why_of(&rig)), (NOT_INERT, why::VERIFY_TIME));
}

#[test]
fn what_is_wrong_is_told() {
    for (from, to) in [
        ("method = \"vacuum-swing\"", ""),
        ("high = 3.675", "high = -90.0"),
        ("low = -81.325", "low = -101.0\natmosphere = 100.0"),
        ("volume = 3.0", ""),
        ("header_low = 350.0", ""),
        ("vote = \"1oo2\"", ""),
        ("dwell_s = 0", "dwell_s = -1"),
        ("cycles_min = 1", "cycles_min = 0"),
        ("dwell_s = 0", "oxygen_supply = 3.0"),
        ("dwell_s = 0", "oxygen_sp = 4.0"),
        ("kind = \"INERT\"", "kind = \"INERT\"\nmixing = 2.0"),
    ] {
        assert_ne!(problems(&VACUUM.replace(from, to)), vec![], "{from} → {to}");
    }
    assert_ne!(problems(&VACUUM.replace("vacuum-swing", "sweep")), vec![]);
}
