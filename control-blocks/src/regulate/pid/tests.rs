use super::*;
use crate::rig::{Rig, problems};

/// A loop on the bench: `x` is the measurement; span of the output 100.
fn bench(keys: &str) -> Rig {
    let text = format!(
        "[field]\nx = 50.0\nremote = 60.0\ntracked = 12.0\nwhen = false\nff = 0.0\n\
         [[block]]\nkind = \"PID\"\nname = \"C\"\nin = \"x\"\naction = \"reverse\"\n\
         kp = 2.0\nti_s = 20.0\nout = 40.0\nsp = 50.0\n{keys}"
    );
    Rig::new(100, &text)
}

const BUMP: f64 = 1e-9 * 100.0;

#[test]
fn starts_in_man_and_obeys_the_hand() {
    let mut rig = bench("");
    rig.scans(2);
    assert_eq!(rig.value("C.MODE_ACT"), 0.0);
    assert_eq!(rig.value("C.OUT"), 40.0);
    assert!(rig.quality("C.OUT").has(Quality::MANUAL));
    rig.write("C.OUT", 140.0).scans(1);
    assert_eq!(rig.value("C.OUT"), 100.0);
    assert!(rig.quality("C.OUT").has(Quality::LIMITED_HIGH));
    assert_eq!(rig.value("C.PV"), 50.0);
}

#[test]
fn man_to_auto_is_bumpless_whatever_the_error() {
    for b in ["", "b = 0.0", "b = 0.3\ntd_s = 5.0\nc = 1.0"] {
        let mut rig = bench(b);
        rig.field("x", 20.0).write("C.OUT", 33.0).scans(5);
        rig.write("C.MODE", 1.0).scans(1);
        assert_eq!(rig.value("C.MODE_ACT"), 1.0);
        assert!((rig.value("C.OUT") - 33.0).abs() < BUMP, "{b}");
        rig.scans(1);
        // One scan of integral: 2·30·0.1/20.
        assert!((rig.value("C.OUT") - 33.3).abs() < 1e-9, "{b}");
    }
}

#[test]
fn auto_to_cas_and_back_is_bumpless_and_the_set_point_stays() {
    let mut rig = bench("cas = \"remote\"\nmode = 1");
    rig.scans(10);
    let before = rig.value("C.OUT");
    rig.write("C.MODE", 2.0).scans(1);
    assert_eq!(rig.value("C.MODE_ACT"), 2.0);
    assert!(rig.is("C.CAS_OK"));
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
    assert_eq!(rig.value("C.SP_ACT"), 60.0);
    rig.scans(10);
    let before = rig.value("C.OUT");
    rig.field("remote", 10.0).write("C.MODE", 1.0).scans(1);
    assert_eq!(rig.value("C.SP"), 60.0, "the last remote set-point is kept");
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
    assert!(!rig.is("C.CAS_OK"));
}

#[test]
fn a_set_point_step_with_weight_zero_does_not_kick() {
    let mut rig = bench("mode = 1\nb = 0.0");
    rig.scans(5);
    let before = rig.value("C.OUT");
    rig.write("C.SP", 90.0).scans(1);
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
}

#[test]
fn tuning_at_steady_state_is_bumpless() {
    let mut rig = bench("mode = 1\nb = 0.5\ntd_s = 3.0");
    rig.scans(50);
    let before = rig.value("C.OUT");
    for (tag, value) in [
        ("C.KP", 9.0),
        ("C.TI_S", 1.0),
        ("C.TD_S", 0.0),
        ("C.KP", 0.01),
    ] {
        rig.write(tag, value).scans(3);
        assert!((rig.value("C.OUT") - before).abs() < BUMP, "{tag}");
    }
}

#[test]
fn a_bad_measurement_sheds_to_man_and_only_people_return() {
    let mut rig = bench("mode = 1");
    rig.field("x", 45.0).scans(20);
    let before = rig.value("C.OUT");
    rig.field_with("x", -999.0, Quality::SENSOR_FAULT).scans(5);
    assert_eq!(rig.value("C.MODE"), 0.0);
    assert_eq!(rig.value("C.OUT"), before);
    rig.field("x", 45.0).scans(5);
    assert_eq!(rig.value("C.MODE_ACT"), 0.0);
    assert_eq!(rig.value("C.OUT"), before);
    rig.write("C.MODE", 1.0).scans(1);
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
}

#[test]
fn a_bad_measurement_with_hold_waits_and_returns_without_a_bump() {
    let mut rig = bench("mode = 1\non_bad_pv = \"hold\"");
    rig.field("x", 45.0).scans(20);
    let before = rig.value("C.OUT");
    rig.field_with("x", -999.0, Quality::SENSOR_FAULT).scans(50);
    assert_eq!(rig.value("C.MODE_ACT"), 4.0);
    assert_eq!(rig.value("C.OUT"), before);
    assert_eq!(rig.quality("C.OUT").reason(), Reason::Substituted);
    rig.field("x", 30.0).scans(1);
    assert_eq!(rig.value("C.MODE_ACT"), 1.0);
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
    assert!(rig.quality("C.OUT").is_good());
}

#[test]
fn a_bad_remote_set_point_sheds_to_auto() {
    let mut rig = bench("cas = \"remote\"\nmode = 2");
    rig.scans(5);
    assert_eq!(rig.value("C.SP_ACT"), 60.0);
    let before = rig.value("C.OUT");
    rig.field_with("remote", 0.0, Quality::COMM_LOST).scans(1);
    assert_eq!(rig.value("C.MODE"), 1.0);
    assert_eq!(rig.value("C.SP"), 60.0);
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
    rig.quality_of("remote", Quality::GOOD).scans(5);
    assert_eq!(rig.value("C.MODE"), 1.0);
}

#[test]
fn cas_without_a_remote_set_point_is_refused() {
    let mut rig = bench("mode = 1");
    rig.scans(2).write("C.MODE", 2.0).scans(1);
    assert_eq!(rig.value("C.MODE"), 1.0);
    rig.write("C.MODE", 77.0).scans(1);
    assert_eq!(rig.value("C.MODE"), 1.0);
}

#[test]
fn tracking_wins_over_auto_and_lets_go_without_a_bump() {
    let mut rig = bench("mode = 1\ntrack = \"tracked\"\ntrack_when = \"when\"");
    rig.scans(5).field("when", 1.0).scans(1);
    assert_eq!(rig.value("C.OUT"), 12.0);
    assert_eq!(rig.value("C.MODE_ACT"), 3.0);
    assert_eq!(rig.value("C.MODE"), 1.0);
    rig.field("tracked", 17.0).scans(30);
    rig.field("when", 0.0).field("tracked", 99.0).scans(1);
    assert_eq!(rig.value("C.MODE_ACT"), 1.0);
    assert!((rig.value("C.OUT") - 17.0).abs() < BUMP);
}

#[test]
fn a_bad_value_is_not_tracked() {
    let mut rig = bench("mode = 1\ntrack = \"tracked\"\ntrack_when = \"when\"");
    rig.field("when", 1.0)
        .quality_of("tracked", Quality::STALE)
        .scans(3);
    assert_eq!(rig.value("C.MODE_ACT"), 1.0);
    assert_eq!(rig.value("C.OUT"), 40.0);
}

#[test]
fn a_forced_output_is_taken_over_without_a_bump() {
    let mut rig = bench("mode = 1");
    rig.scans(5)
        .force("C.OUT", Some(77.0))
        .field("x", 40.0)
        .scans(200);
    assert_eq!(rig.value("C.OUT"), 77.0);
    rig.force("C.OUT", None).scans(1);
    assert!(
        (rig.value("C.OUT") - 77.0).abs() < BUMP,
        "{}",
        rig.value("C.OUT")
    );
}

#[test]
fn feed_forward_adds_and_a_bad_one_keeps_its_last_good_value() {
    let mut rig = bench("mode = 1\nff = \"ff\"\nff_gain = 2.0");
    rig.scans(5);
    let before = rig.value("C.OUT");
    rig.field("ff", 5.0).scans(1);
    assert!((rig.value("C.OUT") - before - 10.0).abs() < BUMP);
    rig.field_with("ff", -50.0, Quality::COMM_LOST).scans(1);
    assert!((rig.value("C.OUT") - before - 10.0).abs() < BUMP);
}

#[test]
fn the_set_point_moves_no_faster_than_allowed_and_within_its_limits() {
    let mut rig = bench("mode = 1\nsp_rate = 2.0\nsp_lo = 0.0\nsp_hi = 80.0");
    rig.scans(1).write("C.SP", 200.0).scans(10);
    assert_eq!(rig.value("C.SP"), 80.0);
    assert!((rig.value("C.SP_ACT") - 52.0).abs() < 1e-9);
    rig.scans(200);
    assert_eq!(rig.value("C.SP_ACT"), 80.0);
}

#[test]
fn in_man_the_set_point_may_follow_the_measurement() {
    let mut rig = bench("sp_track = true");
    rig.field("x", 33.0).scans(1);
    assert_eq!(rig.value("C.SP"), 33.0);
    rig.write("C.MODE", 1.0).scans(1).field("x", 35.0).scans(1);
    assert_eq!(rig.value("C.SP"), 33.0);
}

#[test]
fn limits_are_told_to_the_loop_above_in_its_own_direction() {
    for (action, flag) in [
        ("reverse", Quality::LIMITED_HIGH),
        ("direct", Quality::LIMITED_LOW),
    ] {
        let text = format!(
            "field = {{ x = 0.0 }}\n[[block]]\nkind = \"PID\"\nname = \"C\"\nin = \"x\"\n\
             action = \"{action}\"\nkp = 5.0\nti_s = 5.0\nmode = 1\nsp = 0.0"
        );
        let mut rig = Rig::new(100, &text);
        // Drive the output to its top.
        let x = if action == "reverse" { -50.0 } else { 50.0 };
        rig.field("x", x).scans(200);
        assert_eq!(rig.value("C.OUT"), 100.0);
        assert!(rig.quality("C.OUT").has(Quality::LIMITED_HIGH));
        assert!(rig.quality("C.SP_ACT").has(flag), "{action}");
    }
}

const CASCADE: &str = r#"
    field = { bulk = 50.0, jacket = 60.0 }
    [[block]]
    kind = "PID"
    name = "UP"
    in = "bulk"
    action = "reverse"
    kp = 3.0
    ti_s = 300.0
    mode = 1
    sp = 55.0
    out = 20.0
    out_lo = -20.0
    out_hi = 140.0
    bkcal = { delayed = "LOW.SP_ACT" }
    bkcal_ok = { delayed = "LOW.CAS_OK" }
    [[block]]
    kind = "PID"
    name = "LOW"
    in = "jacket"
    action = "reverse"
    cas = "UP.OUT"
    kp = 2.0
    ti_s = 30.0
    sp = 60.0
    out = 50.0
    sp_hi = 100.0
    sp_lo = 0.0
"#;

#[test]
fn a_cascade_closes_and_opens_without_a_bump() {
    let mut rig = Rig::new(100, CASCADE);
    rig.scans(3);
    assert_eq!(rig.value("UP.MODE_ACT"), 3.0, "the upper loop tracks");
    assert_eq!(rig.value("UP.OUT"), 60.0);
    rig.write("LOW.MODE", 1.0)
        .scans(3)
        .write("LOW.SP", 64.0)
        .scans(5);
    assert_eq!(rig.value("UP.OUT"), 64.0);
    let before = rig.value("LOW.OUT");
    rig.write("LOW.MODE", 2.0).scans(1);
    assert_eq!(rig.value("LOW.SP_ACT"), 64.0);
    assert!((rig.value("LOW.OUT") - before).abs() < BUMP);
    rig.scans(1);
    assert_eq!(rig.value("UP.MODE_ACT"), 1.0);
    assert!(
        (rig.value("UP.OUT") - 64.0).abs() < 1e-9 * 160.0,
        "the upper loop goes on from there"
    );
    rig.scans(100);
    assert!(rig.value("UP.OUT") > 64.0);
    assert_eq!(rig.value("LOW.SP_ACT"), rig.value("UP.OUT"));
    let (up, low) = (rig.value("UP.OUT"), rig.value("LOW.OUT"));
    rig.write("LOW.MODE", 0.0).scans(3);
    assert_eq!(rig.value("LOW.OUT"), low);
    assert!(
        (rig.value("UP.OUT") - up).abs() < 0.02,
        "the upper loop tracks again"
    );
}

#[test]
fn the_upper_loop_does_not_wind_up_beyond_what_the_lower_one_takes() {
    let mut rig = Rig::new(100, CASCADE);
    rig.scans(2).write("LOW.MODE", 2.0).scans(2);
    rig.field("bulk", 45.0).field("jacket", 99.0).scans(200_000);
    // Error 10, gain 3: the integral stands at the lower loop's limit of 100 or less.
    assert!(
        rig.value("UP.OUT") <= 130.0 + 1.0,
        "{}",
        rig.value("UP.OUT")
    );
    assert_eq!(rig.value("LOW.SP_ACT"), 100.0);
}

#[test]
fn the_upper_loop_stands_still_where_the_lower_output_is_at_its_limit() {
    let mut rig = Rig::new(100, CASCADE);
    rig.scans(2).write("LOW.MODE", 2.0).scans(2);
    // The jacket does not get warm: the lower output saturates.
    rig.field("bulk", 54.0).field("jacket", 20.0).scans(1000);
    assert_eq!(rig.value("LOW.OUT"), 100.0);
    let stands = rig.value("UP.OUT");
    rig.scans(1000);
    assert!((rig.value("UP.OUT") - stands).abs() < 1e-6);
    // The other way it is free.
    rig.field("bulk", 56.0).scans(100);
    assert!(rig.value("UP.OUT") < stands - 6.0);
}

#[test]
fn after_a_start_the_output_goes_on_from_where_it_stands() {
    let mut rig = bench("mode = 1");
    rig.field("x", 45.0).scans(100);
    let before = rig.value("C.OUT");
    rig.task.program.start(Start::Warm);
    rig.field("x", 20.0).scans(1);
    assert!((rig.value("C.OUT") - before).abs() < BUMP);
}

/// The short way through a steady scan must be the long way with the rest left
/// out: a loop with a feed-forward of zero always takes the long one.
#[test]
fn the_steady_scan_is_the_same_as_any_other() {
    let keys = "td_s = 4.0\nsp_rate = 3.0\nmode = 1\nsp_lo = 0\nsp_hi = 100";
    let mut short = bench(keys);
    let mut long = bench(&format!("{keys}\nff = 0.0"));
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as u32
    };
    let tags = [
        "C.OUT",
        "C.SP",
        "C.SP_ACT",
        "C.MODE",
        "C.MODE_ACT",
        "C.PV",
        "C.CAS_OK",
    ];
    for scan in 0..20_000 {
        let choice = random() % 200;
        let x = 50.0 + f64::from(random() % 1000) / 100.0;
        let amount = f64::from(random() % 100);
        for rig in [&mut short, &mut long] {
            rig.field("x", x);
            match choice {
                0 => drop(rig.write("C.MODE", amount % 3.0)),
                1..=4 => drop(rig.write("C.MODE", 1.0)),
                5 => drop(rig.write("C.OUT", amount)),
                6..=8 => drop(rig.write("C.SP", amount)),
                9 => drop(rig.write("C.KP", amount / 20.0)),
                10 => drop(rig.write("C.TI_S", amount)),
                11 => drop(rig.quality_of("x", Quality::STALE)),
                12 => drop(rig.force("C.OUT", Some(amount))),
                13..=16 => drop(rig.force("C.OUT", None)),
                17 => drop(rig.force("C.SP_ACT", Some(amount))),
                18 => drop(rig.force("C.SP_ACT", None)),
                19 => drop(rig.force("C.MODE_ACT", Some(0.0))),
                20 => drop(rig.force("C.MODE_ACT", None)),
                _ => {}
            }
            rig.scans(1);
        }
        for tag in tags {
            assert_eq!(short.value(tag), long.value(tag), "scan {scan} {tag}");
            assert_eq!(short.quality(tag), long.quality(tag), "scan {scan} {tag}");
        }
    }
}

#[test]
fn what_is_wrong_is_told() {
    let text = |keys: &str| {
        format!(
            "field = {{ x = 0.0, t = 1.0 }}\n[[block]]\nkind = \"PID\"\nname = \"C\"\nin = \"x\"\n{keys}"
        )
    };
    assert_eq!(problems(&text("")).len(), 1, "the action");
    assert_eq!(
        problems(&text("action = \"reverse\"\ntrack = \"t\"")).len(),
        1
    );
    assert_eq!(
        problems(&text("action = \"direct\"\nout_lo = 5\nout_hi = 5")).len(),
        1
    );
    assert_eq!(problems(&text("action = \"direct\"\nkp = -1")).len(), 1);
    assert!(problems(&text("action = \"direct\"")).is_empty());
}
