use crate::rig::Rig;

const ROWS: &str = r#"
    field = { a = 20.0, b = 20.0, d = 20.0, key = true }
    [[block]]
    kind = "CAUSE"
    name = "C01"
    of = ["a", "b"]
    when = "above"
    limit = 50.0
    vote = "1oo2"
    on_delay_s = 1.0
    mos_key = "key"
    mos_per_unit = 1
    mos_unit = { delayed = "C02.MOS_TOTAL" }
    proof_s = 60.0
    [[block]]
    kind = "CAUSE"
    name = "C02"
    of = ["d"]
    when = "above"
    limit = 50.0
    mos_key = "key"
    mos_per_unit = 1
    mos_before = "C01.MOS_TOTAL"
    mos_begun_before = "C01.MOS_BEGUN"
    mos_unit = { delayed = "C02.MOS_TOTAL" }
    proof_s = 60.0
"#;

fn rig() -> Rig {
    let mut rig = Rig::new(100, ROWS);
    rig.scans(2);
    rig
}

#[test]
fn a_test_measures_the_row_and_keeps_it_alone_from_acting() {
    let mut rig = rig();
    rig.write("C01.PROOF", 1.0).scans(2);
    assert!(rig.is("C01.PROOF") && rig.is("C01.BYPASSED"));
    // Injected at the transmitter, in steps of a tenth: found at 50.
    for tenth in 480..=503 {
        rig.field("a", f64::from(tenth) * 0.1).scans(1);
    }
    rig.scans(20);
    assert!(!rig.is("C01.TRIP"), "the row under test does not act");
    assert!((rig.value("C01.PROOF_AS_FOUND") - 50.0).abs() < 1e-9);
    assert_eq!(rig.value("C01.PROOF_TRIPS"), 1.0);
    // 1 s of delay and the scan that sees it.
    assert!((rig.value("C01.PROOF_RESPONSE_S") - 1.1).abs() < 1e-9);
    rig.field("d", 60.0).scans(2);
    assert!(rig.is("C02.TRIP"), "every other row acts");
    // Adjusted, and tried again: as left.
    rig.field("a", 20.0).scans(5).field("a", 50.2).scans(15);
    assert!((rig.value("C01.PROOF_AS_LEFT") - 50.2).abs() < 1e-9);
    assert!((rig.value("C01.PROOF_AS_FOUND") - 50.0).abs() < 1e-9);
    assert_eq!(rig.value("C01.PROOF_TRIPS"), 2.0);
    rig.field("a", 20.0).scans(2);
    rig.write("C01.PROOF", 0.0).scans(2);
    assert!(!rig.is("C01.PROOF") && !rig.is("C01.BYPASSED"));
    assert_eq!(rig.value("C01.PROOF_TRIPS"), 2.0, "the record stays");
    rig.field("a", 60.0).scans(12);
    assert!(rig.is("C01.TRIP"), "and the row acts again");
}

#[test]
fn no_test_without_the_key_and_none_beyond_the_limit_of_the_unit() {
    let mut rig = rig();
    rig.field("key", 0.0).write("C01.PROOF", 1.0).scans(2);
    assert!(!rig.is("C01.PROOF"));
    rig.field("key", 1.0).write("C02.MOS_1", 1.0).scans(2);
    rig.write("C01.PROOF", 1.0).scans(2);
    assert!(!rig.is("C01.PROOF"), "one of the unit is bypassed already");
    rig.write("C02.MOS_1", 0.0).scans(2);
    rig.write("C01.PROOF", 1.0).scans(2);
    assert!(rig.is("C01.PROOF"));
    rig.write("C02.MOS_1", 1.0).scans(2);
    assert!(
        !rig.is("C02.MOS_1"),
        "a test counts as a bypass of the unit"
    );
}

#[test]
fn a_test_ends_with_its_time_unless_it_would_trip_and_then_says_so() {
    let mut rig = rig();
    rig.write("C01.PROOF", 1.0).scans(602);
    assert!(!rig.is("C01.PROOF"), "60 s are over");
    rig.write("C01.PROOF", 1.0).scans(2);
    rig.field("b", 70.0).scans(700);
    assert!(rig.is("C01.PROOF") && rig.is("C01.PROOF_EXPIRED"));
    assert!(!rig.is("C01.TRIP"));
    rig.field("b", 20.0).scans(2);
    assert!(!rig.is("C01.PROOF") && !rig.is("C01.PROOF_EXPIRED"));
}

#[test]
fn the_key_ends_a_test_at_once_and_the_row_acts() {
    let mut rig = rig();
    rig.write("C01.PROOF", 1.0).scans(2);
    rig.field("a", 70.0).scans(30);
    assert!(!rig.is("C01.TRIP"));
    rig.field("key", 0.0).scans(12);
    assert!(!rig.is("C01.PROOF") && rig.is("C01.TRIP"));
}

#[test]
fn no_test_outlives_a_start() {
    let mut rig = rig();
    rig.write("C01.PROOF", 1.0).scans(2);
    assert!(rig.is("C01.PROOF"));
    rig.task.program.start(scan::Start::Warm);
    rig.scans(2);
    assert!(!rig.is("C01.PROOF"));
}
