//! R-102 through a batch, and what goes wrong with it.

use crate::bench::Bench;
use sim::models::u100::PlantStart;
use sim::models::u100::map::IO2;

const WORKING_KPA_G: f64 = 500.0;

/// The design charge with the hydrogen valves open.
fn charged() -> Bench {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.m201_rpm(250.0);
    bench.set("XV-201C", false);
    bench.live(3);
    bench.set("XV-201A", true);
    bench.set("XV-201B", true);
    bench
}

/// Holds pressure and temperature by hand, a second at a time.
fn hold(bench: &mut Bench, seconds: u32, until: impl Fn(&Bench) -> bool) -> u32 {
    for second in 0..seconds {
        if until(bench) {
            return second;
        }
        let short = WORKING_KPA_G - bench.truth("R102.P_kPaG");
        bench.demand("FV-201", (40.0 + short).clamp(0.0, 100.0));
        let error = bench.truth("R102.T") - 60.0;
        bench.demand("TV-201", (50.0 + 25.0 * error).clamp(0.0, 100.0));
        bench.demand("TV-202", (-40.0 * error).clamp(0.0, 100.0));
        bench.live(1);
    }
    seconds
}

/// Two swings of hydrogen push the nitrogen out, the agitator at rest.
fn purge_with_hydrogen(bench: &mut Bench) {
    bench.set("M-201", false);
    bench.demand("PV-202", 100.0);
    for _ in 0..2 {
        bench.set("XV-202", true);
        bench.until(600, "relief", |b| b.truth("R102.P_kPaG") < 10.0);
        bench.set("XV-202", false);
        bench.live(3);
        bench.demand("FV-201", 100.0);
        bench.until(600, "hydrogen", |b| b.truth("R102.P_kPaG") > 200.0);
        bench.demand("FV-201", 0.0);
        bench.live(3);
    }
    bench.demand("PV-202", 0.0);
    bench.set("M-201", true);
}

#[test]
fn design_batch_takes_its_hydrogen_in_about_two_and_a_half_hours() {
    let mut bench = charged();
    purge_with_hydrogen(&mut bench);
    let mut peak_kw: f64 = 0.0;
    let mut seconds = 0;
    while bench.truth("R102.conversion") < 0.99 && seconds < 5 * 3600 {
        seconds += hold(&mut bench, 60, |_| false);
        peak_kw = peak_kw.max(bench.truth("R102.q_rx_kW"));
    }
    let hours = f64::from(seconds) / 3600.0;
    assert!((2.2..3.0).contains(&hours), "{hours} h");
    assert!((80.0..100.0).contains(&peak_kw), "{peak_kw} kW");
    // Three hydrogen to a nitro group, less what is still in the gas.
    let uptake = bench.truth("R102.uptake_mol");
    assert!((uptake / (3.0 * 1500.0 * bench.truth("R102.conversion")) - 1.0).abs() < 1e-9);
    assert!(
        bench.truth("R102.T_max") < 68.0,
        "{}",
        bench.truth("R102.T_max")
    );
    hold(&mut bench, 1800, |_| false);
    assert!(
        bench.truth("R102.uptake_Nm3_h") < 2.0,
        "the end of uptake shows"
    );
}

#[test]
fn uptake_at_the_design_point_is_forty_normal_cubic_metres_an_hour() {
    let mut bench = charged();
    hold(&mut bench, 3600, |b| {
        b.truth("R102.P_kPaG") > 495.0 && (b.truth("R102.T") - 60.0).abs() < 1.0
    });
    // The start's 130 kPa of nitrogen stand in the hydrogen's way.
    let share = bench.truth("R102.H2_kPa") / 520.0;
    let uptake = bench.truth("R102.uptake_Nm3_h");
    assert!(
        (uptake / share / 40.0 - 1.0).abs() < 0.05,
        "{uptake} at {share}"
    );
    let shown = 60.0 * bench.fraction(IO2, 8);
    assert!((shown - bench.truth("R102.inlet_Nm3_h")).abs() < 3.0);
}

#[test]
fn stopped_agitator_all_but_stops_the_uptake() {
    let mut bench = charged();
    hold(&mut bench, 900, |_| false);
    let before = bench.truth("R102.uptake_Nm3_h");
    bench.fault("r-102-agitator-stop");
    hold(&mut bench, 30, |_| false);
    assert!(bench.truth("R102.uptake_Nm3_h") < 0.05 * before);
    assert!(!bench.input(IO2, 0), "RUN drops");
}

#[test]
fn slipping_coupling_shows_in_speed_and_current_while_the_drive_runs() {
    let mut bench = charged();
    hold(&mut bench, 900, |_| false);
    let before = bench.truth("R102.uptake_Nm3_h");
    bench.fault("r-102-agitator-slip");
    hold(&mut bench, 20, |_| false);
    assert!(bench.input(IO2, 0), "RUN stands");
    assert!((300.0 * bench.fraction(IO2, 11) - 100.0).abs() < 3.0);
    assert!(60.0 * bench.fraction(IO2, 12) < 10.0, "IT-201 low-low");
    // 0.4^1.5 = 0.253
    let ratio = bench.truth("R102.uptake_Nm3_h") / before;
    assert!((0.2..0.35).contains(&ratio), "{ratio}");
}

#[test]
fn failed_regulator_passes_the_pressure_limit_within_a_minute_or_two() {
    let mut config = sim::WorldConfig::u100();
    config.start = PlantStart::Hydrogenation;
    config.sis.fitted = false;
    let mut bench = Bench::of(config);
    bench.m201_rpm(250.0);
    bench.set("XV-201C", false);
    bench.set("XV-201A", true);
    bench.set("XV-201B", true);
    hold(&mut bench, 900, |_| false);
    bench.fault("h2-regulator-fail");
    bench.demand("FV-201", 100.0);
    let seconds = bench.until(300, "700 kPa(g)", |b| b.truth("R102.P_kPaG") >= 700.0);
    assert!((10..150).contains(&seconds), "{seconds} s");
    assert!(bench.fraction(IO2, 9) > 1000.0 / 1600.0, "PT-204 shows it");
    bench.until(600, "burst", |b| b.truth("R102.burst") == 1.0);
    bench.live(1);
    assert!(!bench.input(IO2, 11), "PSE-201 reports");
    bench.live(300);
    assert!(bench.truth("R102.P_max_kPaG") < 1100.0);
}

#[test]
fn two_shut_blocks_and_an_open_bleed_keep_leaking_hydrogen_out() {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.fault("xv-leak-by:XV-201A");
    bench.demand("FV-201", 100.0);
    bench.live(600);
    assert!(bench.truth("R102.bleed_mol") > 10.0, "it leaves by XV-201C");
    assert_eq!(bench.truth("R102.inlet_mol"), 0.0);
    // Without the bleed, a second leaking block lets it in.
    bench.fault("h2-bleed-blocked");
    bench.fault("xv-leak-by:XV-201B");
    bench.live(600);
    assert!(bench.truth("R102.inlet_mol") > 10.0);
}

#[test]
fn pressure_is_relieved_in_two_stages() {
    let mut bench = charged();
    hold(&mut bench, 900, |_| false);
    for tag in ["XV-201A", "XV-201B"] {
        bench.set(tag, false);
    }
    bench.set("M-201", false); // or the reaction eats pressure, too
    bench.live(20);
    bench.set("XV-202", true);
    bench.live(10);
    let first = bench.truth("R102.P_kPaG");
    bench.live(30);
    let slow = first - bench.truth("R102.P_kPaG");
    bench.demand("PV-202", 100.0);
    bench.live(5);
    let second = bench.truth("R102.P_kPaG");
    bench.live(30);
    let fast = second - bench.truth("R102.P_kPaG");
    assert!(slow > 5.0 && fast > 3.0 * slow, "{slow} then {fast}");
}

#[test]
fn lost_cooling_with_hydrogen_on_runs_past_the_trip_and_is_stopped_by_the_sis() {
    let mut bench = charged();
    hold(&mut bench, 1200, |_| false);
    bench.fault("r-102-coolant-loss");
    bench.live(10);
    assert!(20.0 * bench.fraction(IO2, 13) < 4.0, "FT-202 low-low");
    bench.demand("FV-201", 100.0);
    bench.until(3600, "80 °C", |b| b.truth("R102.T") >= 80.0);
    bench.live(10);
    assert_eq!(bench.truth("SIS.XZV201"), 0.0);
    bench.live(1800);
    assert!(
        bench.truth("R102.T_max") < 105.0,
        "{}",
        bench.truth("R102.T_max")
    );
}

#[test]
fn catalyst_stays_on_the_filter_and_raises_its_pressure_difference() {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.act("discharge-r-102", None);
    bench.live(60);
    let early = bench.truth("R102.cake_kg");
    let early_kpa = 400.0 * bench.fraction(IO2, 14);
    bench.live(1200);
    assert!(early_kpa > 5.0 && 400.0 * bench.fraction(IO2, 14) > early_kpa);
    bench.live(1800);
    assert!(
        bench.truth("R102.mass_kg") < 5.0,
        "{}",
        bench.truth("R102.mass_kg")
    );
    assert!(bench.truth("R102.cake_kg") > early);
    assert!((bench.truth("R102.cake_kg") - 15.0).abs() < 0.1);
    bench.act("clean-filter", None);
    bench.live(1);
    assert!(bench.truth("R102.cake_kg") < 0.1);
}
