use crate::rig::Rig;
use signal::Quality;

/// Two rows of one unit that may bypass one channel between them.
const ROWS: &str = r#"
    field = { a = 20.0, b = 20.0, c = 20.0, d = 20.0, e = 20.0, key = true }
    [[block]]
    kind = "CAUSE"
    name = "C01"
    of = ["a", "b", "c"]
    when = "above"
    limit = 50.0
    vote = "2oo3"
    mos_key = "key"
    mos_expiry_s = 10.0
    mos_warning_s = 2.0
    mos_per_unit = 2
    mos_unit = { delayed = "C02.MOS_TOTAL" }
    [[block]]
    kind = "CAUSE"
    name = "C02"
    of = ["d", "e"]
    when = "below"
    limit = 5.0
    vote = "1oo2"
    mos_key = "key"
    mos_expiry_s = 10.0
    mos_per_unit = 2
    mos_before = "C01.MOS_TOTAL"
    mos_begun_before = "C01.MOS_BEGUN"
    mos_unit = { delayed = "C02.MOS_TOTAL" }
    oos_s = 3.0
    oos_healthy_s = 1.0
"#;

fn rig() -> Rig {
    let mut rig = Rig::new(100, ROWS);
    rig.scans(2);
    rig
}

#[test]
fn a_bypassed_channel_leaves_the_vote_and_the_rest_still_trips() {
    let mut rig = rig();
    rig.write("C01.MOS_1", 1.0).scans(2);
    assert!(rig.is("C01.MOS_1") && rig.is("C01.BYPASSED"));
    rig.field("a", 90.0).scans(2);
    assert!(!rig.is("C01.TRIP"), "the bypassed channel does not vote");
    assert!(rig.quality("C01.TRIP").has(Quality::BYPASSED));
    rig.field("b", 90.0).scans(1);
    assert!(rig.is("C01.TRIP"), "2oo3 less one is 1oo2");
}

#[test]
fn without_the_key_nothing_is_bypassed_and_its_removal_ends_every_bypass() {
    let mut rig = rig();
    rig.field("key", 0.0).write("C01.MOS_1", 1.0).scans(2);
    assert!(!rig.is("C01.MOS_1"));
    rig.quality_of("key", Quality::COMM_LOST)
        .write("C01.MOS_1", 1.0)
        .scans(2);
    assert!(!rig.is("C01.MOS_1"), "a bad key does not enable");
    rig.field("key", 1.0).write("C01.MOS_1", 1.0).scans(2);
    assert!(rig.is("C01.MOS_1"));
    rig.quality_of("key", Quality::COMM_LOST).scans(2);
    assert!(
        rig.is("C01.MOS_1"),
        "a lost key signal ends nothing by surprise"
    );
    rig.field("key", 0.0).scans(1);
    assert!(!rig.is("C01.MOS_1") && !rig.is("C01.BYPASSED"));
}

#[test]
fn one_channel_of_a_vote_and_the_limit_of_the_unit_even_within_one_scan() {
    let mut rig = rig();
    rig.write("C01.MOS_1", 1.0).write("C01.MOS_2", 1.0).scans(2);
    assert!(rig.is("C01.MOS_1") && !rig.is("C01.MOS_2"));
    rig.write("C02.MOS_1", 1.0).scans(2);
    assert!(rig.is("C02.MOS_1"), "two of the unit are permitted");
    assert_eq!(rig.value("C02.MOS_TOTAL"), 2.0);

    let one = ROWS.replace("mos_per_unit = 2", "mos_per_unit = 1");
    let mut rig = Rig::new(100, &one);
    rig.scans(2);
    rig.write("C01.MOS_1", 1.0).write("C02.MOS_1", 1.0).scans(2);
    assert!(rig.is("C01.MOS_1") && !rig.is("C02.MOS_1"));
    assert_eq!(rig.value("C02.MOS_TOTAL"), 1.0);
}

#[test]
fn a_bypass_warns_and_ends_by_itself_but_not_into_a_trip() {
    let mut rig = rig();
    rig.write("C01.MOS_1", 1.0).scans(50);
    assert!(!rig.is("C01.MOS_WARNING"));
    rig.scans(35);
    assert!(rig.is("C01.MOS_WARNING") && rig.is("C01.MOS_1"));
    rig.scans(20);
    assert!(!rig.is("C01.MOS_1"), "10 s are over");

    rig.field("a", 90.0).write("C01.MOS_1", 1.0).scans(150);
    assert!(rig.is("C01.MOS_1") && rig.is("C01.MOS_EXPIRED"));
    rig.field("a", 20.0).scans(2);
    assert!(!rig.is("C01.MOS_1") && !rig.is("C01.MOS_EXPIRED"));
}

#[test]
fn the_operational_override_ends_when_the_row_is_healthy_or_its_time_is_over() {
    let mut rig = rig();
    rig.field("d", 1.0).write("C02.OOS", 1.0).scans(5);
    assert!(rig.is("C02.OOS") && !rig.is("C02.TRIP"));
    rig.field("d", 20.0).scans(12);
    assert!(!rig.is("C02.OOS"), "healthy for a second");
    rig.field("d", 1.0).scans(1);
    assert!(rig.is("C02.TRIP"));

    let mut rig = self::rig();
    rig.field("d", 1.0).write("C02.OOS", 1.0).scans(29);
    assert!(!rig.is("C02.TRIP"));
    rig.scans(4);
    assert!(rig.is("C02.TRIP"), "three seconds are over");
}

#[test]
fn with_every_channel_bypassed_nothing_trips_but_bad_channels_still_count() {
    let both = ROWS.replace(
        "mos_expiry_s = 10.0\n    mos_per_unit",
        "mos_per_vote = 2\n    mos_per_unit",
    );
    let mut rig = Rig::new(100, &both);
    rig.scans(2);
    rig.write("C02.MOS_1", 1.0).scans(1);
    rig.quality_of("e", Quality::SENSOR_FAULT).scans(2);
    assert!(rig.is("C02.TRIP"), "the channel that is left is bad");
    rig.write("C02.MOS_2", 1.0).scans(2);
    assert!(rig.is("C02.MOS_2") && !rig.is("C02.TRIP"));
}
