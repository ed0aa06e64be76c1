//! Purging both vessels against the closed formulae of swings and sweeps.
//!
//! Swing: `y_n − y_in = (y_0 − y_in)·(P_L/P_H)^n`. Sweep: `t = V/(K·Q)·ln((y_0 −
//! y_in)/(y − y_in))` (NFPA 69, annex on purging). Air with 20.9 % oxygen,
//! nitrogen with 0.1 %.

use crate::bench::Bench;
use sim::WorldConfig;
use sim::models::u100::PlantStart;

/// R-101 empty, 3 m³ of gas, tight.
fn tight(sweep_mixing: f64) -> Bench {
    let mut config = WorldConfig {
        start: PlantStart::Empty,
        ..WorldConfig::u100()
    };
    config.r101.head_space.leak_in = 0.0;
    config.r101.head_space.vessel_m3 = 3.0;
    config.r101.head_space.disc_fitted = false;
    config.u100.sweep_mixing = sweep_mixing;
    config.sis.fitted = false; // 3 bar(a) is past PZSHH-101
    Bench::of(config)
}

fn bar(bench: &Bench) -> f64 {
    bench.truth("P_barA")
}

/// One swing of R-101 from `low` to `high`, bar(a); a valve takes 3 s to shut.
fn swing(bench: &mut Bench, by_vacuum: bool, low: f64, high: f64) {
    if by_vacuum {
        bench.set("XV-113", true);
        bench.set("VP-101", true);
        bench.until(1800, "vacuum", |b| bar(b) <= low);
        bench.set("XV-113", false);
        bench.set("VP-101", false);
        bench.live(4);
    }
    bench.set("XV-111", true);
    bench.until(3600, "pressure", |b| bar(b) >= high);
    bench.set("XV-111", false);
    bench.live(4);
    if !by_vacuum {
        bench.set("XV-112", true);
        bench.until(1800, "relief", |b| bar(b) <= low);
        bench.set("XV-112", false);
        bench.live(4);
    }
}

fn oxygen_after_swings(by_vacuum: bool, low: f64, high: f64, expected: &[f64]) {
    let mut bench = tight(0.5);
    for (cycle, expected) in expected.iter().enumerate() {
        swing(&mut bench, by_vacuum, low, high);
        let oxygen = bench.truth("O2");
        // Strokes carry each end of a swing a little past its mark.
        assert!(
            (oxygen / expected - 1.0).abs() < 0.15,
            "cycle {}: {oxygen} against {expected}",
            cycle + 1
        );
    }
}

#[test]
fn vacuum_swings_of_0_20_to_1_05_bar_follow_the_purge_table() {
    oxygen_after_swings(true, 0.20, 1.05, &[4.06, 0.86, 0.24, 0.13]);
}

#[test]
fn vacuum_swings_of_0_15_to_1_05_bar_follow_the_purge_table() {
    oxygen_after_swings(true, 0.15, 1.05, &[3.07, 0.52, 0.16, 0.11]);
}

#[test]
fn pressure_swings_of_1_05_to_2_5_bar_follow_the_purge_table() {
    oxygen_after_swings(false, 1.05, 2.5, &[8.8, 3.8, 1.64, 0.75, 0.37, 0.21]);
}

#[test]
fn pressure_swings_of_1_05_to_3_0_bar_follow_the_purge_table() {
    oxygen_after_swings(false, 1.05, 3.0, &[7.4, 2.6, 0.99, 0.41, 0.21, 0.14]);
}

#[test]
fn sweep_reaches_two_percent_in_the_time_of_the_purge_table() {
    // 30 Nm³/h through 3 m³ at normal conditions: 28.7 min at K = 0.5, 57.4 at 0.25.
    for (mixing, minutes) in [(0.5, 28.7), (0.25, 57.4)] {
        let mut config = WorldConfig {
            start: PlantStart::Empty,
            ..WorldConfig::u100()
        };
        let space = &mut config.r101.head_space;
        space.vessel_m3 = 3.0;
        space.leak_in = 0.0;
        space.nitrogen_in *= 30.0 / 45.0;
        space.vent *= 10.0; // so that the pressure stays atmospheric
        config.u100.sweep_mixing = mixing;
        let mut bench = Bench::of(config);
        bench.set("XV-112", true);
        bench.set("XV-111", true);
        let seconds = bench.until(6000, "two percent", |b| b.truth("O2") <= 2.0);
        // The vessel is at 20 °C: it holds 273/293 of the normal amount.
        let expected = minutes * 273.15 / 293.15;
        let found = f64::from(seconds) / 60.0;
        assert!(
            (found / expected - 1.0).abs() < 0.04,
            "{found} min against {expected}"
        );
    }
}

#[test]
fn analyser_of_the_autoclave_shows_nine_tenths_of_a_step_after_twenty_seconds() {
    let mut config = WorldConfig::u100();
    config.r102.start.oxygen_vol_pct = 10.0;
    let mut bench = Bench::of(config);
    bench.live(5);
    let before = 25.0 * bench.fraction(1, 10);
    // Nitrogen to a multiple of the contents within seconds would be no step: the vessel
    // is filled slowly, so the reading lags by about the time constant of 8.7 s.
    bench.set("XV-203", true);
    bench.live(60);
    let (shown, now) = (25.0 * bench.fraction(1, 10), bench.truth("R102.O2"));
    bench.live(1);
    let slope = bench.truth("R102.O2") - now;
    let lag_s = (shown - now) / -slope;
    assert!((before - 10.0).abs() < 0.2, "{before}");
    assert!((6.0..11.5).contains(&lag_s), "{lag_s}");
}

#[test]
fn five_nitrogen_swings_make_the_autoclave_ready_for_hydrogen() {
    let mut bench = Bench::new(PlantStart::Empty);
    for _ in 0..5 {
        bench.set("XV-203", true);
        bench.until(900, "pressure", |b| b.truth("R102.P_kPaG") >= 200.0);
        bench.set("XV-203", false);
        bench.live(4);
        bench.set("XV-202", true);
        bench.demand("PV-202", 100.0);
        bench.until(900, "relief", |b| b.truth("R102.P_kPaG") <= 5.0);
        bench.set("XV-202", false);
        bench.live(4);
    }
    // (1/3)^5 of 20.8 % and the nitrogen's own 0.1 %.
    assert!(
        (bench.truth("R102.O2") - 0.19).abs() < 0.06,
        "{}",
        bench.truth("R102.O2")
    );
}

#[test]
fn nitrogen_of_both_vessels_comes_from_one_header() {
    let mut bench = Bench::new(PlantStart::Empty);
    bench.live(30);
    let settled = bench.truth("N2.header_kPaG");
    assert!((settled - 600.0).abs() < 2.0, "{settled}");
    for tag in ["XV-111", "XV-112", "XV-203", "XV-202"] {
        bench.set(tag, true);
    }
    bench.demand("PV-202", 100.0);
    bench.live(300);
    let drawn = bench.truth("N2.header_kPaG");
    assert!(drawn < settled - 10.0, "{drawn}");
    bench.fault("n2-header-low");
    bench.live(5);
    assert!((bench.truth("N2.header_kPaG") - 300.0).abs() < 1.0);
    assert!(bench.fraction(0, 17) < 0.36, "PT-104 shows it");
}

#[test]
fn evacuated_reactor_draws_air_in_through_its_leaks() {
    let mut bench = Bench::new(PlantStart::Empty);
    swing(&mut bench, true, 0.2, 1.02);
    bench.set("XV-113", true);
    bench.set("VP-101", true);
    bench.until(1800, "vacuum", |b| bar(b) <= 0.2);
    bench.set("XV-113", false);
    bench.set("VP-101", false);
    bench.live(4);
    let (pressure, oxygen) = (bar(&bench), bench.truth("O2"));
    bench.live(600);
    assert!(bar(&bench) > pressure && bench.truth("O2") > oxygen);
}
