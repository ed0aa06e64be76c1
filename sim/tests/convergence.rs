//! The fixed step agrees with an independent integration five times finer.
//!
//! The model below is written from the equations alone, in temperatures instead
//! of energies and with the parameters as plain numbers.

#![allow(
    clippy::disallowed_methods,
    reason = "the independent model uses independent mathematics"
)]

use sim::cases;
use sim::image::{CO_AGITATOR, HR_HEARTBEAT, HR_SPEED};
use sim::{World, WorldConfig};

/// T, Tj (°C), nA, nB (kmol), dosed (kg), decomposed share, vapour (mol).
type Y = [f64; 7];

const R: f64 = 8.314_462_6;

struct Inputs {
    feed_kg_s: f64,
    cooling_w: f64,
    mixing: f64,
    ua_w_k: f64,
}

fn slope(y: &Y, u: &Inputs) -> Y {
    let [t, tj, a, b, dosed, x, n_v] = *y;
    let kelvin = t + 273.15;
    // Solvent lost to the head space since the start, and gas shed by decomposition.
    let vapour_start_mol = vapour_pressure_pa(40.0) * (3.6 - 1310.0 / 880.0) / (R * 313.15);
    let whole_kg = 1310.0 + dosed - (n_v - vapour_start_mol) * 0.092_14;
    let m = whole_kg * (1.0 - x * 2.0 * 0.028);
    let k = 2e-3 * (-75e3 / R * (1.0 / kelvin - 1.0 / 313.15)).exp() * u.mixing;
    let r = k * a * b / (m / 880.0);
    let kd24 = 1900.0 * R * 353.15 * 353.15 / (140e3 * 86_400.0 * 400e3);
    let kd = kd24 * (-140e3 / R * (1.0 / kelvin - 1.0 / 353.15)).exp();
    let rd_kg_s = kd * whole_kg * (1.0 - x);
    let gas_m3 = 3.6 - m / 880.0;
    let evaporation = (vapour_pressure_pa(t) * gas_m3 / (R * kelvin) - n_v) / 5.0;
    let q_j = u.ua_w_k * (t - tj);
    let capacity = m * 1900.0 + 0.5e6;
    // Material that leaves at T carries its sensible heat and changes no temperature.
    let heat = r * 160e6 + rd_kg_s * 400e3 - q_j + u.feed_kg_s * 1900.0 * (20.0 - t)
        - evaporation * 33_200.0;
    [
        heat / capacity,
        (q_j - u.cooling_w) / 0.625e6,
        -r,
        u.feed_kg_s / 120.0 - r,
        u.feed_kg_s,
        kd * (1.0 - x),
        evaporation,
    ]
}

fn vapour_pressure_pa(t: f64) -> f64 {
    133.322 * 10f64.powf(6.954_64 - 1344.8 / (219.482 + t))
}

fn rk4(y: &Y, u: &Inputs, h: f64) -> Y {
    let add = |y: &Y, k: &Y, h: f64| core::array::from_fn(|i| y[i] + h * k[i]);
    let k1 = slope(y, u);
    let k2 = slope(&add(y, &k1, h / 2.0), u);
    let k3 = slope(&add(y, &k2, h / 2.0), u);
    let k4 = slope(&add(y, &k3, h), u);
    core::array::from_fn(|i| y[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

#[test]
fn world_agrees_with_a_ten_millisecond_integration() {
    let mut config = WorldConfig::default();
    config.r101.head_space.disc_fitted = false;
    config.r101.start.temperature_c = 40.0;
    let mut world = World::new(config, 3);
    let valve = world.unit().config().dosing.opening_for(75.0, true);
    let mut beat = 0u16;
    let mut drive = |world: &mut World,
                     cooling: u16,
                     stirred: bool,
                     dosing: bool,
                     seconds: u32|
     -> Vec<Inputs> {
        let mut inputs = Vec::new();
        for _ in 0..seconds {
            beat = beat.wrapping_add(1);
            let tables = world.tables_mut();
            tables.holding[0] = if dosing { (valve * 10_000.0) as u16 } else { 0 };
            tables.holding[1] = cooling;
            tables.holding[HR_SPEED] = 900;
            tables.holding[HR_HEARTBEAT] = beat;
            (tables.coils[0], tables.coils[1], tables.coils[CO_AGITATOR]) = (true, true, stirred);
            // Tick by tick, so that strokes and ramps reach the independent model as they happen.
            for _ in 0..20 {
                world.step(50_000_000);
                let truth = |name: &str| world.truth(name).expect("a truth");
                let speed = truth("speed_rpm");
                let u = ((speed - 5.0) / 40.0).clamp(0.0, 1.0);
                let s = u * u * (3.0 - 2.0 * u);
                inputs.push(Inputs {
                    feed_kg_s: truth("feed_kg_h") / 3600.0,
                    cooling_w: -truth("duty_kW") * 1e3,
                    mixing: 0.03 + 0.97 * s,
                    ua_w_k: 2100.0 * (0.35 + 0.65 * s),
                });
            }
        }
        inputs
    };

    let n_v = vapour_pressure_pa(40.0) * (3.6 - 1310.0 / 880.0) / (R * 313.15);
    let mut y: Y = [40.0, 40.0, 2.4, 0.0, 0.0, 0.0, n_v];
    // Dose stirred, dose unstirred, restart and run away warm with little cooling.
    for (cooling, stirred, dosing, seconds) in [
        (2500, true, true, 1800),
        (500, false, true, 5400),
        (500, true, false, 3600),
    ] {
        for u in drive(&mut world, cooling, stirred, dosing, seconds) {
            for _ in 0..5 {
                y = rk4(&y, &u, 0.01);
            }
        }
        let truth = |name: &str| world.truth(name).expect("a truth");
        assert!(
            (truth("T") - y[0]).abs() < 0.02,
            "T {} against {}",
            truth("T"),
            y[0]
        );
        assert!(
            (truth("Tj") - y[1]).abs() < 0.02,
            "Tj {} against {}",
            truth("Tj"),
            y[1]
        );
        assert!(
            (truth("nB") - y[3]).abs() < 2e-4,
            "nB {} against {}",
            truth("nB"),
            y[3]
        );
        assert!(
            (truth("nA") - y[2]).abs() < 2e-4,
            "nA {} against {}",
            truth("nA"),
            y[2]
        );
    }
    assert!(
        world.truth("T_max").expect("a truth") > 60.0,
        "the run must have been worth comparing"
    );
}

#[test]
fn halving_the_tick_changes_the_extremes_by_nothing_that_matters() {
    let case = &cases::all()[1];
    let mut extremes = Vec::new();
    for tick_ms in [50, 25] {
        let mut config = WorldConfig {
            tick_ms,
            ..WorldConfig::default()
        };
        config.r101.head_space.disc_fitted = false;
        let mut world = World::new(config, 1);
        let outcome = cases::drive(case, &mut world, |_, _| {});
        extremes.push((outcome.temperature_c, outcome.accumulation));
    }
    assert!((extremes[0].0 - extremes[1].0).abs() < 0.05, "{extremes:?}");
    assert!((extremes[0].1 - extremes[1].1).abs() < 1e-4, "{extremes:?}");
}
