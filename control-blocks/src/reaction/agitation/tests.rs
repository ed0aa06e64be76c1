use super::*;
use crate::rig::{Rig, problems};
use proptest::prelude::*;

const TEXT: &str = r#"
    field = { run = false, n = 0.0, i = 15.0, t = 40.0, rise = 0.0, rate = 0.0, paper = false, mains = true, dosing = false }
    [[block]]
    kind = "AGITATION"
    name = "A"
    running = "run"
    speed = "n"
    speed_min = 40.0
    current = "i"
    current_min = 8.0
    current_max = 36.0
    speed_sp = 90.0
    slow_speed = 30.0
    slow_s = 60.0
    temperature = "t"
    temperature_min = 30.0
    temperature_max = 45.0
    rise = "rise"
    rate = "rate"
    authorised = "paper"
    mains = "mains"
    dosing = "dosing"
"#;

fn state(rig: &Rig) -> i64 {
    rig.value("A.STATE") as i64
}

fn running() -> Rig {
    let mut rig = Rig::new(1000, TEXT);
    rig.task.program.start(Start::Cold);
    rig.scans(1).write("A.START", 1.0).scans(1);
    assert!(rig.is("A.RUN") && rig.is("A.PERMIT"));
    rig.field("run", 1.0).field("n", 30.0).scans(1);
    assert_eq!(state(&rig), SLOW);
    assert_eq!(rig.value("A.SP"), 30.0);
    rig.scans(60);
    assert_eq!((state(&rig), rig.value("A.SP")), (RUNNING, 90.0));
    rig.field("n", 90.0).scans(1);
    assert!(rig.is("A.OK"));
    rig
}

/// Stopped for so many seconds while something has accumulated.
fn stopped(seconds: usize) -> Rig {
    let mut rig = running();
    rig.field("rise", 60.0).write("A.STOP", 1.0).scans(1);
    rig.field("run", 0.0).field("n", 0.0).scans(seconds);
    rig
}

#[test]
fn a_short_stop_needs_no_guard_and_a_long_one_does() {
    let mut rig = stopped(100);
    rig.write("A.START", 1.0)
        .scans(1)
        .field("run", 1.0)
        .scans(1);
    assert_eq!(state(&rig), RUNNING);
    let mut rig = stopped(120);
    assert_eq!(state(&rig), INHIBITED);
    rig.write("A.START", 1.0).scans(5);
    assert!(!rig.is("A.RUN") && !rig.is("A.PERMIT"));
    rig.field("rise", 4.0).scans(5);
    assert!(!rig.is("A.RUN"), "a refused start is not stored");
    rig.write("A.START", 1.0)
        .scans(1)
        .field("run", 1.0)
        .scans(1);
    assert_eq!((state(&rig), rig.value("A.SP")), (SLOW, 30.0));
}

#[test]
fn an_authorisation_stands_in_for_a_small_accumulation_but_not_for_the_temperature() {
    let mut rig = stopped(200);
    rig.field("paper", 1.0)
        .field("t", 46.0)
        .write("A.START", 1.0)
        .scans(1);
    assert!(!rig.is("A.RUN"));
    rig.field("t", 44.0).write("A.START", 1.0).scans(1);
    assert!(rig.is("A.RUN"));
    let mut rig = stopped(200);
    rig.field("rise", 0.0)
        .quality_of("rise", Quality::SENSOR_FAULT)
        .write("A.START", 1.0)
        .scans(1);
    assert!(!rig.is("A.RUN"), "an unknown accumulation is not small");
}

#[test]
fn a_surge_keeps_it_slow() {
    let mut rig = stopped(200);
    rig.field("rise", 0.0).write("A.START", 1.0).scans(1);
    rig.field("run", 1.0)
        .scans(50)
        .field("rate", 1.1)
        .scans(100);
    assert_eq!(state(&rig), SLOW);
    rig.field("rate", 0.5).scans(60);
    assert_eq!(state(&rig), SLOW);
    rig.scans(1);
    assert_eq!(state(&rig), RUNNING);
}

#[test]
fn a_power_dip_while_dosing_never_restarts_by_itself_and_guards_the_next_start() {
    let mut rig = running();
    rig.field("dosing", 1.0).field("rise", 60.0).scans(1);
    rig.field("mains", 0.0)
        .scans(2)
        .field("mains", 1.0)
        .scans(30);
    assert!(!rig.is("A.RUN"));
    assert_eq!(state(&rig), INHIBITED);
    rig.write("A.START", 1.0).scans(1);
    assert!(!rig.is("A.RUN"));
    let mut rig = running();
    rig.field("mains", 0.0)
        .scans(2)
        .field("mains", 1.0)
        .scans(30);
    assert_eq!(state(&rig), STOPPED, "not dosing: no guard, and no restart");
}

#[test]
fn every_fault_is_named_after_its_delay() {
    let faults = [
        ("run", 0.0, NOT_RUNNING),
        ("n", 39.0, SPEED_LOW),
        ("i", 7.0, CURRENT_LOW),
        ("i", 37.0, CURRENT_HIGH),
    ];
    for (tag, value, why) in faults {
        let mut rig = running();
        rig.field(tag, value).scans(2);
        assert!(rig.is("A.OK"));
        rig.scans(1);
        assert!(!rig.is("A.OK"));
        assert_eq!(rig.value("A.WHY"), why as f64);
    }
    for (tag, why) in [("run", NOT_RUNNING), ("n", SPEED_LOW), ("i", CURRENT_LOW)] {
        let mut rig = running();
        rig.quality_of(tag, Quality::COMM_LOST).scans(3);
        assert_eq!(rig.value("A.WHY"), why as f64);
    }
}

#[test]
fn a_lost_feedback_ends_the_demand() {
    let mut rig = running();
    rig.field("run", 0.0).scans(2);
    assert!(!rig.is("A.RUN"));
    rig.field("run", 1.0).scans(10);
    assert!(!rig.is("A.RUN"));
}

#[test]
fn what_is_wrong_is_told() {
    for (from, to) in [
        ("speed_sp = 90.0", ""),
        ("speed_min = 40.0", ""),
        ("slow_speed = 30.0", ""),
        ("current_min = 8.0", ""),
        ("current_min = 8.0", "current_min = 50.0"),
        ("temperature_min = 30.0", "temperature_min = 50.0"),
        ("rise = \"rise\"", ""),
        ("slow_s = 60.0", "slow_s = -1"),
    ] {
        assert_ne!(problems(&TEXT.replacen(from, to, 1)), vec![], "{from}");
    }
}

const TIMES: AgitationTimes = AgitationTimes {
    settle_ns: 20,
    slow_ns: 10,
    start_ns: 10,
    lost_ns: 2,
};

proptest! {
    /// Whatever happens, a guarded start happens only when safe, and never without a wish.
    #[test]
    fn it_starts_on_a_permitted_wish_only(
        scans in prop::collection::vec(any::<[bool; 7]>(), 1..200)
    ) {
        let mut law = AgitationLaw::default();
        for [start, stop, runs, has_power, is_dosing, is_safe, surges] in scans {
            let signs = AgitationSigns { start, stop, runs, has_power, is_dosing, is_safe, surges };
            let before = law;
            let state = law.step(&TIMES, &signs, 1);
            if law.is_wanted && !before.is_wanted {
                prop_assert!(start && !stop && has_power);
                prop_assert!(is_safe || !before.is_guarded);
            }
            prop_assert!(has_power || !law.is_wanted);
            prop_assert!(state != RUNNING || !law.is_guarded);
        }
    }
}
