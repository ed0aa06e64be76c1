//! From, and to V-105.

use crate::bench::Bench;
use sim::models::u100::PlantStart;
use sim::models::u100::map::{IO1, IO2};

fn open_route(bench: &mut Bench) {
    for tag in ["XV-114", "XV-115", "XV-116", "P-103"] {
        bench.set(tag, true);
    }
    // R-102 is vented, or its gas cushion stops the pump.
    bench.set("XV-202", true);
    bench.demand("PV-202", 100.0);
}

#[test]
fn transfer_moves_what_the_weights_say() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.live(10);
    let (source, scale) = (
        bench.truth("mass_kg"),
        bench.world.stations()[IO2].tables().float(20),
    );
    assert!(scale.abs() < 2.0, "{scale}");
    open_route(&mut bench);
    bench.live(120);
    let shown = 10.0 * bench.fraction(IO1, 28);
    assert!((shown - bench.truth("TRANSFER.m3_h")).abs() < 0.1);
    assert!((4.0..7.0).contains(&shown), "{shown} m³/h");
    assert!(bench.input(IO1, 25), "P-103 runs");
    bench.until(3600, "empty source", |b| b.truth("mass_kg") < 2.0);
    let arrived = bench.truth("R102.mass_kg");
    assert!(
        (arrived + bench.truth("mass_kg") - source).abs() < 3.0,
        "{arrived} of {source}"
    );
    let scale = f64::from(bench.world.stations()[IO2].tables().float(20));
    assert!((scale - arrived).abs() < 3.0);
    assert!(
        (bench.truth("R102.T") - 38.0).abs() < 4.0,
        "it arrives warm: {}",
        bench.truth("R102.T")
    );
}

#[test]
fn pump_that_runs_dry_shows_by_its_power() {
    let mut bench = Bench::new(PlantStart::Charged);
    open_route(&mut bench);
    bench.live(60);
    let loaded = 5.0 * bench.fraction(IO1, 29);
    bench.until(3600, "empty source", |b| b.truth("mass_kg") < 0.5);
    bench.live(60);
    let dry = 5.0 * bench.fraction(IO1, 29);
    assert!(loaded > 1.5 && dry < 0.5, "{loaded} then {dry} kW");
}

#[test]
fn standing_pump_lets_nitrogen_push_and_nothing_back() {
    let mut bench = Bench::new(PlantStart::Charged);
    for tag in ["XV-114", "XV-115", "XV-116"] {
        bench.set(tag, true);
    }
    bench.live(30);
    assert_eq!(
        bench.truth("TRANSFER.m3_h"),
        0.0,
        "R-102 stands above R-101"
    );
    assert_eq!(bench.truth("R102.mass_kg"), 0.0);
    bench.set("XV-111", true);
    bench.until(1200, "push", |b| b.truth("TRANSFER.m3_h") > 0.5);
}

#[test]
fn leak_and_misroute_show_in_the_mass_balance() {
    for (fault, share) in [("transfer-leak", 0.8), ("transfer-misroute", 0.0)] {
        let mut bench = Bench::new(PlantStart::Charged);
        bench.fault(fault);
        open_route(&mut bench);
        let before = bench.truth("mass_kg");
        bench.live(300);
        let gave = before - bench.truth("mass_kg");
        let took = bench.truth("R102.mass_kg");
        assert!(
            gave > 100.0 && (took / gave - share).abs() < 0.02,
            "{fault}: {took} of {gave}"
        );
    }
}

#[test]
fn leak_on_the_floor_is_smelt_by_the_gas_detectors() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.fault("transfer-leak");
    open_route(&mut bench);
    bench.live(240);
    assert!(100.0 * bench.fraction(IO1, 30) > 50.0);
    assert!(bench.truth("GONE.leak_kg_h") > 500.0);
}

#[test]
fn dump_empties_the_reactor_into_the_water_heel() {
    let mut bench = Bench::new(PlantStart::Charged);
    let (level, celsius) = (bench.truth("V105.level"), bench.truth("V105.T"));
    assert!((60.0..75.0).contains(&level));
    bench.set("XV-118", true);
    bench.until(600, "empty reactor", |b| b.truth("mass_kg") < 2.0);
    assert!(bench.truth("V105.level") > level + 15.0);
    assert!(bench.truth("V105.T") > celsius + 1.0);
    assert!(bench.input(IO1, 23) && bench.input(IO1, 27));
    bench.live(10);
    assert!((100.0 * bench.fraction(IO1, 27) - bench.truth("V105.level")).abs() < 1.0);
}

#[test]
fn broken_solenoid_line_of_the_dump_valve_is_told_and_keeps_it_shut() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.fault("xv-118-line-fault");
    bench.set("XV-118", true);
    bench.live(30);
    assert!(!bench.input(IO1, 27));
    assert_eq!(bench.truth("XV118.opening"), 0.0);
}

#[test]
fn boiling_fills_the_receiver_and_lost_coolant_warms_the_condensate() {
    let mut config = sim::WorldConfig::u100();
    config.r101.start.temperature_c = 105.0;
    config.r101.start.a_kg = 0.0;
    config.r101.thermal.heating_medium_c = 200.0;
    config.r101.chemistry.td24_c = 400.0;
    config.sis.fitted = false;
    let mut bench = Bench::of(config);
    bench.set("XV-112", true);
    bench.demand("TV-102", 100.0);
    bench.live(3600);
    assert!(bench.truth("V104.kg") > 1.0, "{}", bench.truth("V104.kg"));
    let cooled = bench.truth("E101.condensate_T");
    assert!(cooled < 35.0, "{cooled}");
    bench.fault("condenser-loss");
    bench.live(180);
    assert!(bench.truth("E101.condensate_T") > 45.0);
    bench.act("drain-receiver", None);
    bench.live(60);
    assert!(bench.truth("V104.kg") < 1.0);
}
