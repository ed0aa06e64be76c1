//! Inerting, blanketing, vacuum, relief: the head space against its formulae.

use sim::image::{DI_DISC_INTACT, HR_HEARTBEAT};
use sim::{Fault, World, WorldConfig};

const N2_IN: usize = 3;
const VENT: usize = 4;
const VACUUM: usize = 5;
const PUMP: usize = 8;

/// A vessel with no liquid at 20 °C, tight but for `leak_in`, so that
/// the purge formulae hold as they stand.
fn empty(oxygen_vol_pct: f64, leak_in: f64) -> World {
    let mut config = WorldConfig::default();
    config.r101.head_space.leak_in = leak_in;
    let start = &mut config.r101.start;
    (start.a_kg, start.solvent_kg, start.dosing_kg) = (0.0, 0.0, 0.0);
    (
        start.temperature_c,
        start.oxygen_vol_pct,
        start.pressure_kpa_g,
    ) = (20.0, oxygen_vol_pct, 0.0);
    World::new(config, 1)
}

fn live(world: &mut World, seconds: u32) {
    for _ in 0..seconds {
        let beat = world.tables().holding[HR_HEARTBEAT].wrapping_add(1);
        world.tables_mut().holding[HR_HEARTBEAT] = beat;
        world.step(1_000_000_000);
    }
}

/// Runs until `done`; true if it came within `limit_s`.
fn until(world: &mut World, limit_s: u32, done: impl Fn(&World) -> bool) -> bool {
    (0..limit_s).any(|_| {
        live(world, 1);
        done(world)
    })
}

fn truth(world: &World, name: &str) -> f64 {
    world
        .truth(name)
        .unwrap_or_else(|| panic!("no truth {name}"))
}

#[test]
fn vacuum_swings_dilute_oxygen_by_the_pressure_ratio() {
    // y_n − y_in = (y_0 − y_in)·(P_L/P_H)^n; 20.9 % by 0.2 → 1.05 bar(a): 4.06, 0.86, 0.24 %.
    let mut world = empty(20.9, 0.0);
    for expected in [4.06, 0.86, 0.24] {
        (
            world.tables_mut().coils[VACUUM],
            world.tables_mut().coils[PUMP],
        ) = (true, true);
        assert!(until(&mut world, 1200, |w| truth(w, "P_barA") <= 0.2));
        (
            world.tables_mut().coils[VACUUM],
            world.tables_mut().coils[PUMP],
        ) = (false, false);
        live(&mut world, 4);
        world.tables_mut().coils[N2_IN] = false; // de-energised: open
        assert!(until(&mut world, 1200, |w| truth(w, "P_barA") >= 1.05));
        world.tables_mut().coils[N2_IN] = true;
        live(&mut world, 4);
        let oxygen = truth(&world, "O2");
        assert!(
            (oxygen / expected - 1.0).abs() < 0.12,
            "{oxygen} against {expected}"
        );
    }
}

#[test]
fn sweep_washes_oxygen_out_exponentially() {
    // Well mixed: t = V/Q·ln((y0 − y_in)/(y − y_in)), Q in the gas's own volume.
    let mut world = empty(20.9, 0.0);
    (
        world.tables_mut().coils[N2_IN],
        world.tables_mut().coils[VENT],
    ) = (false, false);
    live(&mut world, 60); // until the flow stands
    let flow_nm3_h = 60.0 * world.tables().loop_fraction(16);
    let y0 = truth(&world, "O2");
    live(&mut world, 300);
    let pressure_bar = truth(&world, "P_barA");
    let flow_m3_s = flow_nm3_h / 3600.0 * (293.15 / 273.15) * (1.013_25 / pressure_bar);
    let expected = 0.1 + (y0 - 0.1) * signal::math::exp(-300.0 * flow_m3_s / 3.6);
    let oxygen = truth(&world, "O2");
    assert!(
        (oxygen / expected - 1.0).abs() < 0.03,
        "{oxygen} against {expected}"
    );
}

#[test]
fn evacuated_vessel_draws_air_in_slowly() {
    let mut world = empty(0.1, 1e-8);
    (
        world.tables_mut().coils[VACUUM],
        world.tables_mut().coils[PUMP],
    ) = (true, true);
    assert!(until(&mut world, 1200, |w| truth(w, "P_barA") <= 0.2));
    (
        world.tables_mut().coils[VACUUM],
        world.tables_mut().coils[PUMP],
    ) = (false, false);
    live(&mut world, 4);
    let (pressure, oxygen) = (truth(&world, "P_kPaG"), truth(&world, "O2"));
    live(&mut world, 600);
    let rise = truth(&world, "P_kPaG") - pressure;
    assert!(rise > 0.1 && rise < 2.0, "{rise} kPa in 10 min");
    assert!(truth(&world, "O2") > oxygen);
}

#[test]
fn vacuum_over_warm_toluene_stops_at_its_vapour_pressure_without_condenser() {
    let mut world = World::new(WorldConfig::default(), 1);
    world.inject(&Fault::new("cooling-lost")).expect("accepted");
    world.tables_mut().coils[VACUUM] = true;
    world.tables_mut().coils[PUMP] = true;
    live(&mut world, 1800);
    let pressure = truth(&world, "P_kPaG") + 101.325;
    assert!(
        (6.5..8.5).contains(&pressure),
        "{pressure} kPa(a), toluene at 40 °C has 7.9"
    );
    assert!(truth(&world, "T") < 40.0, "evaporation cools");
}

#[test]
fn vacuum_over_warm_toluene_refluxes_and_cools_with_condenser() {
    let mut world = World::new(WorldConfig::default(), 1);
    world.tables_mut().coils[VACUUM] = true;
    world.tables_mut().coils[PUMP] = true;
    live(&mut world, 1800);
    assert!(truth(&world, "T") < 37.0, "{}", truth(&world, "T"));
    assert!(
        truth(&world, "solvent_kg") > 949.0,
        "the condenser returns the toluene"
    );
}

#[test]
fn open_manhole_brings_air_within_minutes() {
    let mut world = World::new(WorldConfig::default(), 1);
    world.inject(&Fault::new("manhole-open")).expect("accepted");
    live(&mut world, 300);
    assert!(truth(&world, "O2") > 5.0);
    assert!(truth(&world, "P_kPaG").abs() < 1.0);
}

#[test]
fn split_range_blanket_valves_move_the_pressure_both_ways() {
    let mut world = World::new(WorldConfig::default(), 1);
    world.tables_mut().holding[3] = 5000;
    live(&mut world, 30);
    let high = truth(&world, "P_kPaG");
    assert!(high > 4.0, "{high}");
    world.tables_mut().holding[3] = 0;
    world.tables_mut().holding[4] = 10_000;
    live(&mut world, 60);
    assert!(truth(&world, "P_kPaG") < high - 1.0);
}

#[test]
fn disc_bursts_at_its_pressure_and_boiling_tempers_the_runaway() {
    // Two thirds of B unreacted, then all cooling lost: the case that explodes in a closed vessel.
    let mut config = WorldConfig::default();
    config.r101.start.b_kg = 200.0;
    config.r101.start.temperature_c = 60.0;
    let mut world = World::new(config, 1);
    world.inject(&Fault::new("cooling-lost")).expect("accepted");
    assert!(
        until(&mut world, 20 * 3600, |w| truth(w, "burst") == 1.0),
        "{}",
        truth(&world, "P_max")
    );
    let burst_bar = truth(&world, "P_max");
    assert!((burst_bar - 3.51).abs() < 0.05, "{burst_bar} bar(a)");
    live(&mut world, 1);
    assert!(!world.tables().discrete[DI_DISC_INTACT]);
    live(&mut world, 1800);
    assert!(truth(&world, "P_barA") < 2.0, "{}", truth(&world, "P_barA"));
    assert!(truth(&world, "T") < 125.0, "{}", truth(&world, "T"));
    assert!(truth(&world, "solvent_kg") < 900.0, "toluene boils off");
}

#[test]
fn reflux_condenser_holds_a_vented_vessel_at_the_boiling_point() {
    let mut config = WorldConfig::default();
    config.r101.start.temperature_c = 100.0;
    config.r101.start.a_kg = 0.0;
    config.r101.thermal.heating_medium_c = 200.0;
    config.r101.chemistry.td24_c = 400.0;
    let mut world = World::new(config, 1);
    world.tables_mut().coils[VENT] = false;
    world.tables_mut().holding[2] = 10_000; // 40 kW against up to 60 kW of condenser
    live(&mut world, 3 * 3600);
    let celsius = truth(&world, "T");
    assert!((107.0..113.0).contains(&celsius), "{celsius}");
    assert!(
        truth(&world, "solvent_kg") > 930.0,
        "{}",
        truth(&world, "solvent_kg")
    );
}
