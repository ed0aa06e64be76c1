use super::*;
use crate::rig::{Rig, problems};
use signal::math;

fn bench(keys: &str) -> Rig {
    Rig::new(
        100,
        &format!(
            "field = {{ ma = 12.0, device = false }}\n[[block]]\nkind = \"AI\"\nname = \"TT\"\n\
             raw = \"ma\"\nlo = -20.0\nhi = 150.0\nunit = \"°C\"\n{keys}"
        ),
    )
}

#[test]
fn the_span_is_a_straight_line() {
    let mut rig = bench("");
    for (ma, celsius) in [(4.0, -20.0), (12.0, 65.0), (20.0, 150.0)] {
        rig.field("ma", ma).scans(1);
        assert!((rig.value("TT.PV") - celsius).abs() < 1e-9);
        assert!(rig.quality("TT.PV").is_good());
    }
}

/// NAMUR NE 43, every band and both its edges: current, usable, saturated, flag.
#[test]
fn ne43_bands() {
    let table = [
        (0.0, false, false, 0),
        (3.0, false, false, 0),
        (3.6, false, false, 0),
        (3.61, true, true, Quality::LIMITED_LOW),
        (3.79, true, true, Quality::LIMITED_LOW),
        (3.8, true, true, Quality::LIMITED_LOW),
        (3.81, true, false, 0),
        (4.0, true, false, 0),
        (20.0, true, false, 0),
        (20.5, true, true, Quality::LIMITED_HIGH),
        (20.51, true, true, Quality::LIMITED_HIGH),
        (20.99, true, true, Quality::LIMITED_HIGH),
        (21.0, false, false, 0),
        (22.8, false, false, 0),
    ];
    // Whole microamperes give the same bands as milliamperes.
    for (factor, keys) in [(1.0, ""), (1000.0, "raw_lo = 4000\nraw_hi = 20000")] {
        for (ma, is_usable, is_saturated, flag) in table {
            let mut rig = bench(keys);
            rig.field("ma", 12.0 * factor).scans(1);
            rig.field("ma", ma * factor).scans(1);
            let quality = rig.quality("TT.PV");
            assert_eq!(!quality.is_bad(), is_usable, "{ma} mA: {quality}");
            assert_eq!(quality.flags(), flag, "{ma} mA: {quality}");
            if is_usable {
                assert_eq!(
                    quality.reason() == Reason::OutOfRange,
                    is_saturated,
                    "{ma} mA"
                );
            } else {
                assert_eq!(quality.reason(), Reason::SensorFault, "{ma} mA");
                assert!(
                    (rig.value("TT.PV") - 65.0).abs() < 1e-9,
                    "the last good value"
                );
            }
        }
    }
}

#[test]
fn bad_at_once_and_fault_only_after_four_seconds() {
    let mut rig = bench("");
    rig.scans(5).field("ma", 3.5).scans(1);
    assert!(rig.quality("TT.PV").is_bad());
    assert!(!rig.is("TT.FAULT"));
    rig.scans(39);
    assert!(!rig.is("TT.FAULT"));
    assert!(rig.scans(1).is("TT.FAULT"));
    assert!(!rig.field("ma", 12.0).scans(1).is("TT.FAULT"));
    assert!(rig.quality("TT.PV").is_good());
}

#[test]
fn a_failure_that_comes_and_goes_does_not_fault() {
    let mut rig = bench("");
    for _ in 0..10 {
        rig.field("ma", 22.0).scans(39).field("ma", 12.0).scans(1);
        assert!(!rig.is("TT.FAULT"));
    }
}

#[test]
fn without_ne43_only_the_range_counts() {
    let mut rig = bench("ne43 = false");
    for (ma, is_good) in [
        (3.59, false),
        (3.61, true),
        (20.47, true),
        (20.49, false),
        (25.0, false),
    ] {
        rig.field("ma", ma).scans(1);
        let quality = rig.quality("TT.PV");
        assert_eq!(quality.is_good(), is_good, "{ma}");
        assert!(!quality.is_bad(), "{ma}");
    }
}

#[test]
fn a_register_in_engineering_units_is_taken_as_it_is() {
    let mut rig = bench("direct = true");
    rig.field("ma", 33.25).scans(1);
    assert!((rig.value("TT.PV") - 33.25).abs() < 1e-9);
    // 3.6 would be a failure of a loop; here it is a temperature.
    rig.field("ma", 3.6).scans(1);
    assert!(rig.quality("TT.PV").is_good());
    rig.field("ma", 160.0).scans(1);
    assert_eq!(rig.quality("TT.PV").reason(), Reason::OutOfRange);
}

#[test]
fn lost_stale_and_faulty_inputs_hold_the_last_value() {
    for (what, reason) in [
        ("comm", Reason::CommLost),
        ("device", Reason::SensorFault),
        ("silence", Reason::Stale),
        ("status lost", Reason::SensorFault),
    ] {
        let mut rig = bench("status = \"device\"");
        rig.scans(5).field("ma", 20.0);
        match what {
            "comm" => drop(rig.quality_of("ma", Quality::COMM_LOST).scans(1)),
            "device" => drop(rig.field("device", 1.0).scans(1)),
            "status lost" => drop(rig.quality_of("device", Quality::STALE).scans(1)),
            _ => {
                rig.task.inlet.is_silent = true;
                rig.scans(10);
                assert!(rig.quality("TT.PV").is_good(), "1 s old is not too old");
                rig.scans(1);
            }
        }
        assert_eq!(rig.quality("TT.PV").reason(), reason, "{what}");
        assert!(rig.quality("TT.PV").is_bad(), "{what}");
        assert!((rig.value("TT.PV") - 65.0).abs() < 1e-9, "{what}");
    }
}

#[test]
fn what_is_not_a_number_is_bad() {
    let mut rig = bench("ne43 = false");
    rig.scans(2).field("ma", f64::NAN).scans(2);
    assert!(rig.quality("TT.PV").is_bad());
    assert!((rig.value("TT.PV") - 65.0).abs() < 1e-9);
    rig.field("ma", 1.7e308).scans(2).field("ma", 12.0).scans(2);
    assert!(rig.quality("TT.PV").is_good());
    assert!((rig.value("TT.PV") - 65.0).abs() < 1e-9);
}

#[test]
fn the_filter_is_the_exponential_and_starts_anew_after_a_bad_time() {
    let mut rig = bench("filter_s = 2.0");
    rig.scans(1).field("ma", 20.0).scans(20);
    let exact = 65.0 + 85.0 * (1.0 - math::exp(-1.0));
    assert!((rig.value("TT.PV") - exact).abs() < 1e-9);
    rig.field("ma", 3.0).scans(5).field("ma", 4.0).scans(1);
    assert!(
        (rig.value("TT.PV") - -20.0).abs() < 1e-9,
        "no old value lingers"
    );
}

#[test]
fn a_jump_is_told() {
    let mut rig = bench("rate_max = 10.0");
    rig.scans(2).field("ma", 12.09).scans(1);
    assert!(rig.quality("TT.PV").is_good(), "0.956 K in 0.1 s");
    rig.field("ma", 12.19).scans(1);
    assert_eq!(rig.quality("TT.PV").reason(), Reason::RateExceeded);
    assert!(rig.scans(1).quality("TT.PV").is_good());
}

#[test]
fn a_value_that_never_moves_is_frozen() {
    let mut rig = bench("frozen_s = 5.0\nnoise_floor = 0.05");
    rig.scans(1);
    // Noise below the floor is not life.
    for k in 0..49 {
        rig.field("ma", 12.0 + f64::from(k % 2) * 0.002).scans(1);
        assert!(rig.quality("TT.PV").is_good());
    }
    rig.scans(1);
    assert_eq!(rig.quality("TT.PV").reason(), Reason::Frozen);
    assert!(!rig.quality("TT.PV").is_bad());
    rig.field("ma", 12.1).scans(1);
    assert!(rig.quality("TT.PV").is_good());
}

#[test]
fn a_value_that_may_stand_still_is_frozen_above_its_limit_only() {
    let mut rig = bench("frozen_s = 5.0\nnoise_floor = 0.05\nstill_up_to = -20.0");
    rig.field("ma", 4.0).scans(500);
    assert!(rig.quality("TT.PV").is_good(), "at rest it may stand still");
    rig.field("ma", 12.0).scans(50);
    assert!(rig.quality("TT.PV").is_good());
    rig.scans(1);
    assert_eq!(rig.quality("TT.PV").reason(), Reason::Frozen);
    // Back at rest, and running again: the time begins anew.
    rig.field("ma", 4.0).scans(1);
    assert!(rig.quality("TT.PV").is_good());
    rig.field("ma", 12.0).scans(50);
    assert!(rig.quality("TT.PV").is_good());
    rig.scans(1);
    assert_eq!(rig.quality("TT.PV").reason(), Reason::Frozen);
}

#[test]
fn a_saturated_signal_is_told_as_such_and_not_as_frozen() {
    let mut rig = bench("frozen_s = 5.0\nnoise_floor = 0.05");
    rig.field("ma", 3.8).scans(500);
    assert_eq!(rig.quality("TT.PV").reason(), Reason::OutOfRange);
    assert!(rig.quality("TT.PV").has(Quality::LIMITED_LOW));
}

#[test]
fn a_slow_drift_is_not_frozen() {
    let mut rig = bench("frozen_s = 5.0\nnoise_floor = 0.05");
    for k in 0..1000 {
        // 0.02 K/s: moves by the floor within 2.5 s.
        rig.field("ma", 12.0 + f64::from(k) * 0.002 * 16.0 / 170.0)
            .scans(1);
        assert!(rig.quality("TT.PV").is_good(), "scan {k}");
    }
}

#[test]
fn what_is_wrong_is_told() {
    let text = |keys: &str| {
        format!(
            "field = {{ ma = 4.0 }}\n[[block]]\nkind = \"AI\"\nname = \"TT\"\nraw = \"ma\"\n{keys}"
        )
    };
    assert!(problems(&text("lo = 0\nhi = 1\nunit = \"%\"")).is_empty());
    assert_eq!(problems(&text("lo = 0\nhi = 1")).len(), 1);
    assert_eq!(
        problems(&text("lo = 0\nhi = 1\nunit = \"furlong\"")).len(),
        1
    );
    assert_eq!(problems(&text("lo = 1\nhi = 1\nunit = \"%\"")).len(), 1);
    assert_eq!(problems(&text("hi = 1\nunit = \"%\"")).len(), 1);
    assert_eq!(
        problems(&text("lo = 0\nhi = 1\nunit = \"%\"\nraw_lo = 20")).len(),
        1
    );
}

#[test]
fn unit_and_range_reach_the_tag() {
    let rig = bench("");
    let tag = &rig.tags["TT.PV"];
    assert_eq!(tag.unit.map(signal::Unit::symbol), Some("°C"));
    assert_eq!(tag.range, Some((-20.0, 150.0)));
}
