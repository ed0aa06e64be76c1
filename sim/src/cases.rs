//! The design-basis cases of R-101, each run with an idealised controller.
//!
//! The controller knows the true temperatures and drives only registers: a
//! cascade whose jacket set-point is `T + 4·e + 4·∫e/1800 s` within −10..65 °C,
//! and a jacket duty of 20 kW/K towards it. It has no interlocks: the cases show
//! what the plant does without them. The vessel is closed and its rupture disc
//! blinded, as in the design basis, so that pressures may be compared.

use signal::math::clamp;

use crate::faults::Fault;
use crate::image::{CO_AGITATOR, HR_HEARTBEAT, HR_SPEED};
use crate::models::r101::tags::{CONTROL_VALVES, FV_101, TV_101, TV_102, XV_101A, XV_101B};
use crate::world::{World, WorldConfig};

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Short name.
    pub name: &'static str,
    /// What happens.
    pub what: &'static str,
    /// Start temperature, °C.
    pub start_c: f64,
    /// Set-point of the contents, °C.
    pub set_point_c: f64,
    /// A later set-point: from this minute on, this temperature.
    pub later_set_point: Option<(f64, f64)>,
    /// Dosing rate, kg/h.
    pub dosing_kg_h: f64,
    /// Whether FO-101 is fitted.
    pub orifice: bool,
    /// Agitator off from, to, min.
    pub agitator_off_min: Option<(f64, f64)>,
    /// All cooling lost from, min.
    pub cooling_lost_min: Option<f64>,
    /// Length, min.
    pub length_min: f64,
    /// What the design basis of the demo unit expects.
    pub expected: Expected,
}

/// Expected extremes; `None` where the design basis states none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expected {
    /// Highest temperature, °C.
    pub temperature_c: Option<f64>,
    /// Highest accumulation nB/nA0.
    pub accumulation: Option<f64>,
    /// Highest MTSR, °C.
    pub mtsr_c: Option<f64>,
    /// Highest pressure, bar(a).
    pub pressure_bar_a: Option<f64>,
    /// Time of the thermal explosion, min.
    pub explosion_min: Option<f64>,
}

/// What a run gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Highest temperature, °C.
    pub temperature_c: f64,
    /// Highest accumulation nB/nA0.
    pub accumulation: f64,
    /// Highest MTSR, °C.
    pub mtsr_c: f64,
    /// Highest pressure, bar(a).
    pub pressure_bar_a: f64,
    /// B dosed, kg.
    pub dosed_kg: f64,
    /// First minute with more than 250 °C or 29 bar(a), if any.
    pub explosion_min: Option<f64>,
}

/// Temperature above which a run counts as a thermal explosion, °C.
pub const EXPLOSION_C: f64 = 250.0;
/// Pressure above which a run counts as a thermal explosion, bar(a).
pub const EXPLOSION_BAR_A: f64 = 29.0;

fn normal() -> Case {
    Case {
        name: "N",
        what: "normal dosing, 75 kg/h at 40 °C",
        start_c: 40.0,
        set_point_c: 40.0,
        later_set_point: None,
        dosing_kg_h: 75.0,
        orifice: true,
        agitator_off_min: None,
        cooling_lost_min: None,
        length_min: 720.0,
        expected: Expected {
            temperature_c: Some(42.6),
            accumulation: Some(0.15),
            mtsr_c: Some(56.4),
            ..Expected::default()
        },
    }
}

/// All cases, in the order of the design basis.
pub fn all() -> Vec<Case> {
    let expect = |temperature_c, accumulation, mtsr_c, pressure_bar_a, explosion_min| Expected {
        temperature_c,
        accumulation,
        mtsr_c,
        pressure_bar_a,
        explosion_min,
    };
    vec![
        normal(),
        Case {
            name: "F1",
            what: "agitator off 20-240 min while dosing goes on, then restarted",
            agitator_off_min: Some((20.0, 240.0)),
            expected: expect(Some(95.0), Some(0.65), Some(120.0), None, None),
            ..normal()
        },
        Case {
            name: "F2",
            what: "all cooling lost at 120 min, dosing goes on",
            cooling_lost_min: Some(120.0),
            expected: expect(Some(90.0), None, None, Some(3.5), None),
            ..normal()
        },
        Case {
            name: "F3",
            what: "over-feed 225 kg/h, orifice missing",
            dosing_kg_h: 225.0,
            orifice: false,
            expected: expect(Some(48.3), None, Some(67.6), None, None),
            ..normal()
        },
        Case {
            name: "F3o",
            what: "over-feed limited by the orifice to 120 kg/h",
            dosing_kg_h: 120.0,
            expected: expect(Some(44.2), None, None, None, None),
            ..normal()
        },
        Case {
            name: "F4",
            what: "cold dosing at 5 °C, heated to 40 °C from 240 min",
            start_c: 5.0,
            set_point_c: 5.0,
            later_set_point: Some((240.0, 40.0)),
            expected: expect(Some(77.0), Some(0.70), Some(95.0), None, None),
            ..normal()
        },
        Case {
            name: "F5",
            what: "agitator off 20-240 min, cooling lost at the restart",
            agitator_off_min: Some((20.0, 240.0)),
            cooling_lost_min: Some(240.0),
            length_min: 900.0,
            expected: expect(None, Some(0.65), None, None, Some(627.0)),
            ..normal()
        },
        Case {
            name: "F6",
            what: "agitator off 0-250 min, cooling lost at the restart",
            agitator_off_min: Some((0.0, 250.0)),
            cooling_lost_min: Some(250.0),
            length_min: 900.0,
            expected: expect(None, Some(0.67), None, None, Some(661.0)),
            ..normal()
        },
    ]
}

/// The world in which `case` runs: demo unit, closed, disc blinded.
pub fn world(case: &Case, seed: u64) -> World {
    let mut config = WorldConfig::default();
    config.r101.start.temperature_c = case.start_c;
    config.r101.head_space.disc_fitted = false;
    let mut world = World::new(config, seed);
    let mut faults = Vec::new();
    if !case.orifice {
        faults.push(Fault::new("orifice-missing"));
    }
    if let Some(from_min) = case.cooling_lost_min {
        faults.push(Fault::new("cooling-lost").at_s(from_min * 60.0));
    }
    for fault in faults {
        let accepted = world.inject(&fault);
        debug_assert!(accepted.is_ok(), "{accepted:?}");
    }
    world
}

/// Runs `case` in its own world; see [`drive`].
pub fn run(case: &Case, seed: u64, each_minute: impl FnMut(f64, &World)) -> Outcome {
    drive(case, &mut world(case, seed), each_minute)
}

/// Drives `world` through `case` to its end or its explosion; `each_minute` sees
/// the world as it goes.
pub fn drive(case: &Case, world: &mut World, mut each_minute: impl FnMut(f64, &World)) -> Outcome {
    const PERIOD_NS: u64 = 1_000_000_000;
    let mut controller = Controller::default();
    let mut explosion_min = None;
    let seconds = (case.length_min * 60.0) as u64;
    for second in 0..seconds {
        let minute = second as f64 / 60.0;
        controller.act(case, minute, world);
        world.step(PERIOD_NS);
        if second % 60 == 0 {
            each_minute(minute, world);
        }
        if truth(world, "T") > EXPLOSION_C || truth(world, "P_barA") > EXPLOSION_BAR_A {
            explosion_min = Some(minute);
            break;
        }
    }
    Outcome {
        temperature_c: truth(world, "T_max"),
        accumulation: truth(world, "X_acc_max"),
        mtsr_c: truth(world, "MTSR_max"),
        pressure_bar_a: truth(world, "P_max"),
        dosed_kg: truth(world, "dosed_kg"),
        explosion_min,
    }
}

fn truth(world: &World, name: &str) -> f64 {
    world.truth(name).unwrap_or(f64::NAN)
}

/// The idealised controller, acting once a second.
#[derive(Debug, Default)]
struct Controller {
    integral_k: f64,
    beats: u16,
}

impl Controller {
    fn act(&mut self, case: &Case, minute: f64, world: &mut World) {
        let set_point_c = match case.later_set_point {
            Some((from, later)) if minute > from => later,
            _ => case.set_point_c,
        };
        let (t, jacket_c) = (truth(world, "T"), truth(world, "Tj"));
        let error = set_point_c - t;
        self.integral_k = clamp(self.integral_k + error / 1800.0, -15.0, 15.0);
        let jacket_set_point_c = clamp(t + 4.0 * error + 4.0 * self.integral_k, -10.0, 65.0);
        let duty_kw = clamp(20.0 * (jacket_set_point_c - jacket_c), -90.0, 40.0);
        let share = |demand: f64, available: f64| {
            if available > 0.0 {
                clamp(demand / available, 0.0, 1.0)
            } else {
                0.0
            }
        };
        let cooling = share(-duty_kw, truth(world, "cooling_available_kW"));
        let heating = share(duty_kw, truth(world, "heating_available_kW"));
        let dosing = world
            .unit()
            .config()
            .dosing
            .opening_for(case.dosing_kg_h, case.orifice);
        let stirred = !case
            .agitator_off_min
            .is_some_and(|(from, to)| minute >= from && minute < to);
        self.beats = self.beats.wrapping_add(1);

        let tables = world.tables_mut();
        let percent = |opening: f64| (opening * 10_000.0) as u16;
        tables.holding[TV_101] = percent(cooling);
        tables.holding[TV_102] = percent(heating);
        tables.holding[FV_101] = percent(dosing);
        tables.holding[HR_SPEED] = 900;
        tables.holding[HR_HEARTBEAT] = self.beats;
        tables.coils[XV_101A - CONTROL_VALVES] = true;
        tables.coils[XV_101B - CONTROL_VALVES] = true;
        tables.coils[CO_AGITATOR] = stirred;
    }
}
