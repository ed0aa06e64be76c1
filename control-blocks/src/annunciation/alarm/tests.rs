use super::*;
use crate::rig::Rig;

fn rig(keys: &str) -> Rig {
    Rig::new(
        100,
        &format!(
            r#"
            field = {{ t = 50.0, sp = 50.0, heat = false, wash = false }}
            [[block]]
            kind = "ALARM"
            name = "TA"
            in = "t"
            {keys}
            "#
        ),
    )
}

#[test]
fn at_the_limit_it_stands_until_the_value_is_back_by_the_dead_band() {
    let mut rig = rig("when = \"above\"\nlimit = 80.0\ndeadband = 2.0");
    assert!(!rig.field("t", 79.999).scans(1).is("TA.ALM"));
    assert!(rig.field("t", 80.0).scans(1).is("TA.ALM"));
    assert!(rig.field("t", 78.001).scans(1).is("TA.ALM"));
    assert!(!rig.field("t", 78.0).scans(1).is("TA.ALM"));
}

#[test]
fn a_low_limit_is_the_mirror() {
    let mut rig = rig("when = \"below\"\nlimit = 20.0\ndeadband = 2.0");
    assert!(rig.field("t", 20.0).scans(1).is("TA.ALM"));
    assert!(rig.field("t", 21.999).scans(1).is("TA.ALM"));
    assert!(!rig.field("t", 22.0).scans(1).is("TA.ALM"));
}

#[test]
fn without_a_dead_band_every_scan_is_judged_alone() {
    let mut rig = rig("when = \"above\"\nlimit = 80.0");
    for value in [80.0, 79.9, 81.0, 79.0] {
        rig.field("t", value).scans(1);
        assert_eq!(rig.is("TA.ALM"), value >= 80.0, "{value}");
    }
}

#[test]
fn both_delays_count_and_are_tags_like_the_limit() {
    let mut rig = rig("when = \"above\"\nlimit = 80.0\non_delay_s = 0.3\noff_delay_s = 0.5");
    rig.field("t", 90.0).scans(3);
    assert!(!rig.is("TA.ALM"));
    assert!(rig.scans(1).is("TA.ALM"));
    rig.field("t", 10.0).scans(5);
    assert!(rig.is("TA.ALM"));
    assert!(!rig.scans(1).is("TA.ALM"));
    rig.write("TA.ON_DELAY_S", 0.0)
        .write("TA.LIMIT", 10.0)
        .scans(1);
    assert!(rig.scans(1).is("TA.ALM"), "changed while it runs");
}

#[test]
fn a_lost_measurement_neither_raises_nor_clears() {
    for (before, stands) in [(90.0, true), (50.0, false)] {
        let mut rig = rig("when = \"above\"\nlimit = 80.0\non_delay_s = 0.2");
        rig.field("t", before).scans(5);
        rig.field("t", 140.0 - before);
        rig.quality_of("t", Quality::SENSOR_FAULT).scans(50);
        assert_eq!(rig.is("TA.ALM"), stands);
        assert!(
            rig.quality("TA.ALM").is_bad(),
            "and it says that it does not know"
        );
    }
}

#[test]
fn a_rise_is_found_at_its_slope_and_a_fall_is_not() {
    for (when, slope, stands) in [
        ("rising", 1.1, true),
        ("rising", 0.9, false),
        ("rising", -1.1, false),
        ("falling", -1.1, true),
        ("falling", 1.1, false),
    ] {
        let mut rig = rig(&format!("when = \"{when}\"\nlimit = 1.0\ntau_s = 1.0"));
        for k in 0..200 {
            // Per minute, at ten scans a second.
            rig.field("t", 50.0 + slope / 600.0 * f64::from(k)).scans(1);
        }
        assert_eq!(rig.is("TA.ALM"), stands, "{when} {slope}");
    }
}

#[test]
fn a_jump_over_a_lost_time_is_no_rise() {
    let mut rig = rig("when = \"rising\"\nlimit = 1.0\ntau_s = 1.0");
    rig.scans(5);
    rig.quality_of("t", Quality::COMM_LOST).scans(5);
    rig.quality_of("t", Quality::GOOD).field("t", 95.0).scans(5);
    assert!(!rig.is("TA.ALM"));
}

#[test]
fn a_deviation_counts_both_ways_from_a_moving_set_point() {
    let mut rig = rig("when = \"deviating\"\nsp = \"sp\"\nlimit = 5.0\ndeadband = 1.0");
    assert!(!rig.field("t", 54.9).scans(1).is("TA.ALM"));
    assert!(rig.field("t", 45.0).scans(1).is("TA.ALM"));
    assert!(
        rig.field("sp", 49.5).scans(1).is("TA.ALM"),
        "within the dead-band"
    );
    assert!(!rig.field("sp", 48.0).scans(1).is("TA.ALM"));
}

#[test]
fn the_first_mode_that_is_on_has_its_own_limit_and_a_bad_one_is_not_on() {
    let mut rig = rig("when = \"above\"\nlimit = 80.0\ndeadband = 2.0\n\
         mode_1 = \"heat\"\nlimit_1 = 60.0\nmode_2 = \"wash\"\nlimit_2 = 95.0");
    rig.field("t", 70.0).scans(1);
    assert_eq!((rig.is("TA.ALM"), rig.value("TA.LIMIT_ACT")), (false, 80.0));
    rig.field("heat", 1.0).scans(1);
    assert_eq!((rig.is("TA.ALM"), rig.value("TA.LIMIT_ACT")), (true, 60.0));
    rig.field("wash", 1.0).scans(1);
    assert_eq!(rig.value("TA.LIMIT_ACT"), 60.0, "the first counts");
    rig.write("TA.LIMIT_1", 65.0).scans(1);
    assert_eq!(rig.value("TA.LIMIT_ACT"), 65.0, "a tag like the limit");
    rig.field("heat", 0.0).scans(1);
    assert_eq!((rig.is("TA.ALM"), rig.value("TA.LIMIT_ACT")), (false, 95.0));
    rig.field("t", 81.0).scans(1);
    assert!(!rig.is("TA.ALM"));
    rig.quality_of("wash", Quality::COMM_LOST).scans(1);
    assert_eq!((rig.is("TA.ALM"), rig.value("TA.LIMIT_ACT")), (true, 80.0));
}

#[test]
fn a_mode_without_a_limit_of_its_own_stands_before_the_next() {
    let mut rig = rig("when = \"above\"\nlimit = 80.0\nmode_1 = \"heat\"\n\
         mode_1_is = false\nmode_2 = \"wash\"\nlimit_2 = 40.0");
    rig.field("wash", 1.0).scans(1);
    assert_eq!(rig.value("TA.LIMIT_ACT"), 80.0);
    assert!(rig.field("heat", 1.0).scans(1).is("TA.ALM"), "of the wash");
}
