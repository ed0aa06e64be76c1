//! Pressure-hold test.

use crate::logic::timing::{ns, seconds};
use crate::protect::is_certain;
use crate::sense::{Command, Spell, known, quality_of, restore_real, save_real, show};
use scan::*;
use signal::Quality;

const IDLE: i64 = 0;
const FILLING: i64 = 1;
const SETTLING: i64 = 2;
const HOLDING: i64 = 3;
const PASSED: i64 = 4;
const FAILED: i64 = 5;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (IDLE, "idle", "空闲"),
    (FILLING, "going to test pressure", "升(降)至试验压力"),
    (SETTLING, "settling", "稳压"),
    (HOLDING, "holding", "保压"),
    (PASSED, "passed", "合格"),
    (FAILED, "failed", "不合格"),
];

/// Pressure and, if measured, absolute temperature.
type Gas = (f64, Option<f64>);

/// How far the pressure is from what it was, as absolute pressures: at constant
/// volume and amount `P ∝ T`, so that what the temperature explains is no leak.
pub fn change(first: Gas, now: Gas) -> f64 {
    let expected = match (first.1, now.1) {
        (Some(t0), Some(t1)) => first.0 * t1 / t0,
        _ => first.0,
    };
    now.0 - expected
}

/// `LEAK_TEST`: brings a vessel to a pressure, closes everything and watches.
///
/// | key | meaning |
/// |---|---|
/// | `pressure` | head pressure, kPa(g), required |
/// | `at` | test pressure, tuning tag `AT`, kPa(g), or a tag; required |
/// | `by` | `"pressure"` (default) or `"vacuum"`: from which side the test pressure is reached |
/// | `change_max` | greatest change during the test, kPa, 2 (demo design value) |
/// | `hold_s` | length of the test, 600 s (demo design value) |
/// | `settle_s` | wait before it, for the gas to cool, 60 s |
/// | `fill_max_s` | longest way to the test pressure, 1800 s |
/// | `temperature` | of the gas, °C: its share of the change is taken out; optional |
/// | `closed` | Boolean tag: the vessel is closed; lost, the result is void; optional |
/// | `permit` | Boolean tag, needed to start; optional |
/// | `atmosphere` | kPa that makes gauge absolute, 101.325 |
/// | `start_when`, `stop_when` | Boolean tags whose rising edge is `START`, `STOP`; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `STOP` | commands; a start without permission is refused |
/// | `FILL` | demand: nitrogen or vacuum, until the test pressure is reached |
/// | `STATE` | 0 idle, 1 to pressure, 2 settling, 3 holding, 4 passed, 5 failed |
/// | `PASSED` | the last test passed and nothing has made it void |
/// | `CHANGE` | change of pressure in the test, kPa |
/// | `RATE` | the same per minute, kPa/min |
/// | `LEFT_S` | time until the end of the test |
///
/// The test fails as soon as the change is too great, when the test pressure is not
/// reached in time, and when the pressure (or the temperature) becomes bad: what
/// was not seen has not passed. A start of the program ends a test that ran; a
/// result stays. (Pressure-hold test before inerting: GB/T 37241, demo limits.)
pub struct LeakTest {
    by_vacuum: bool,
    change_max: f64,
    hold_ns: u64,
    settle_ns: u64,
    fill_max_ns: u64,
    atmosphere: f64,
    current: i64,
    spell: Spell,
    first: Option<f64>,
    first_kelvin: Option<f64>,
    change: f64,
    tested_ns: u64,
    pressure: Input<f64>,
    at: Input<f64>,
    temperature: Option<Input<f64>>,
    closed: Option<Input<bool>>,
    permit: Option<Input<bool>>,
    start: Command,
    stop: Command,
    fill: Output<bool>,
    state: Output<i64>,
    passed: Output<bool>,
    change_out: Output<f64>,
    rate: Output<f64>,
    left_s: Output<f64>,
}

impl LeakTest {
    fn go(&mut self, state: i64) {
        self.current = state;
        self.spell.clear();
    }

    /// Pressure and temperature, absolute; `None` if one that is there is unknown.
    fn gas(&self, image: &Image) -> Option<Gas> {
        let pressure = known(image, self.pressure)? + self.atmosphere;
        let kelvin = match self.temperature {
            Some(pin) => Some(known(image, pin).filter(|t| *t > -273.0)? + 273.15),
            None => None,
        };
        Some((pressure, kelvin))
    }

    fn advance(&mut self, image: &Image, dt_ns: u64) {
        let gas = self.gas(image);
        match self.current {
            FILLING => {
                let at = known(image, self.at).map(|at| at + self.atmosphere);
                let is_there = gas.zip(at).is_some_and(|(gas, at)| match self.by_vacuum {
                    true => gas.0 <= at,
                    false => gas.0 >= at,
                });
                if is_there {
                    self.go(SETTLING);
                } else if self.spell.step(true, dt_ns) > self.fill_max_ns {
                    self.go(FAILED);
                }
            }
            SETTLING => {
                let is_settled = self.spell.has_lasted(true, self.settle_ns, dt_ns);
                match gas {
                    _ if !is_settled => {}
                    Some((pressure, kelvin)) => {
                        self.first = Some(pressure);
                        self.first_kelvin = kelvin;
                        (self.change, self.tested_ns) = (0.0, 0);
                        self.go(HOLDING);
                        self.spell.step(true, dt_ns);
                    }
                    None => self.go(FAILED),
                }
            }
            HOLDING => {
                self.tested_ns = self.spell.step(true, dt_ns);
                match (self.first, gas) {
                    (Some(first), Some(gas)) => {
                        self.change = change((first, self.first_kelvin), gas);
                        if self.change.abs() > self.change_max {
                            self.go(FAILED);
                        } else if self.tested_ns >= self.hold_ns {
                            self.go(PASSED);
                        }
                    }
                    _ => self.go(FAILED),
                }
            }
            _ => {}
        }
    }
}

impl Block for LeakTest {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let is_closed = self.closed.is_none_or(|pin| is_certain(image, pin));
        let is_permitted = self.permit.is_none_or(|pin| is_certain(image, pin));
        let (start, stop) = (self.start.given(image), self.stop.given(image));
        let runs = matches!(self.current, FILLING | SETTLING | HOLDING);
        if !is_closed {
            match self.current {
                _ if runs => self.go(FAILED),
                PASSED => self.go(IDLE),
                _ => {}
            }
        } else if stop && runs {
            self.go(IDLE);
        } else if start && is_permitted && !runs {
            (self.change, self.tested_ns) = (0.0, 0);
            self.go(FILLING);
        }
        self.advance(image, ns(scan.dt_s));
        image.put(&self.fill, self.current == FILLING);
        image.put(&self.state, self.current);
        image.put(&self.passed, self.current == PASSED);
        let quality = match self.current {
            HOLDING => quality_of(image, self.pressure),
            _ => Quality::GOOD,
        };
        show(image, &self.change_out, Some(self.change), quality);
        let rate = match self.tested_ns {
            0 => 0.0,
            tested => self.change / seconds(tested) * 60.0,
        };
        show(image, &self.rate, Some(rate), quality);
        let left = match self.current {
            FILLING | SETTLING => self.hold_ns,
            HOLDING => self.hold_ns.saturating_sub(self.tested_ns),
            _ => 0,
        };
        image.put(&self.left_s, seconds(left));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.current);
        self.spell.save(state);
        save_real(state, self.first);
        save_real(state, self.first_kelvin);
        state.real(self.change);
        state.word(self.tested_ns);
        self.start.save(state);
        self.stop.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.current = state.int()?;
        self.spell.restore(state)?;
        self.first = restore_real(state)?;
        self.first_kelvin = restore_real(state)?;
        self.change = state.real()?;
        self.tested_ns = state.word()?;
        self.start.restore(state)?;
        self.stop.restore(state)
    }

    fn start(&mut self, _start: Start) {
        if matches!(self.current, FILLING | SETTLING | HOLDING) {
            self.go(IDLE);
        }
        self.start.forget();
        self.stop.forget();
    }
}

impl BlockKind for LeakTest {
    const NAME: &'static str = "LEAK_TEST";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("at") {
            wiring.problem("at", "the test pressure is not given", "at = 50.0");
        }
        for pin in ["pressure", "at"] {
            wiring.unit(pin, "kPa(g)");
        }
        wiring.unit("temperature", "°C");
        wiring.unit("CHANGE", "kPa");
        wiring.unit("RATE", "kPa/min");
        wiring.unit("LEFT_S", "s");
        wiring.states("STATE", STATES);
        LeakTest {
            by_vacuum: wiring.choice("by", &[("pressure", false), ("vacuum", true)], false),
            change_max: wiring.real("change_max", 2.0, 0.0..=1_000.0),
            hold_ns: ns(wiring.real("hold_s", 600.0, 0.0..=864_000.0)),
            settle_ns: ns(wiring.real("settle_s", 60.0, 0.0..=86_400.0)),
            fill_max_ns: ns(wiring.real("fill_max_s", 1_800.0, 0.0..=86_400.0)),
            atmosphere: wiring.real("atmosphere", 101.325, 50.0..=120.0),
            current: IDLE,
            spell: Spell::default(),
            first: None,
            first_kelvin: None,
            change: 0.0,
            tested_ns: 0,
            pressure: wiring.input("pressure"),
            at: wiring.tuning("at", 0.0, -101.0..=10_000.0),
            temperature: wiring.input_optional("temperature"),
            closed: wiring.input_optional("closed"),
            permit: wiring.input_optional("permit"),
            start: Command::wire(wiring, "START"),
            stop: Command::wire(wiring, "STOP"),
            fill: wiring.output("FILL"),
            state: wiring.output("STATE"),
            passed: wiring.output("PASSED"),
            change_out: wiring.output("CHANGE"),
            rate: wiring.output("RATE"),
            left_s: wiring.output("LEFT_S"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};
    use proptest::prelude::*;

    const TEXT: &str = r#"
        field = { p = 0.0, t = 20.0, shut = true }
        [[block]]
        kind = "LEAK_TEST"
        name = "L"
        pressure = "p"
        at = 50.0
        temperature = "t"
        closed = "shut"
    "#;

    fn state(rig: &Rig) -> i64 {
        rig.value("L.STATE") as i64
    }

    fn holding() -> Rig {
        let mut rig = Rig::new(1000, TEXT);
        rig.write("L.START", 1.0).scans(1);
        assert!(rig.is("L.FILL"));
        rig.field("p", 50.0).scans(1);
        assert_eq!(state(&rig), SETTLING);
        assert!(!rig.is("L.FILL"));
        rig.scans(61);
        assert_eq!(state(&rig), HOLDING);
        rig
    }

    #[test]
    fn a_small_drop_passes_after_ten_minutes() {
        let mut rig = holding();
        rig.field("p", 48.5).scans(599);
        assert_eq!(state(&rig), HOLDING);
        rig.scans(1);
        assert_eq!(state(&rig), PASSED);
        assert!(rig.is("L.PASSED"));
        assert!((rig.value("L.RATE") + 0.15).abs() < 1e-9);
        rig.field("shut", 0.0).scans(1);
        assert!(!rig.is("L.PASSED"), "opening makes it void");
    }

    #[test]
    fn a_great_drop_a_lost_signal_or_an_opened_vessel_fails() {
        let mut rig = holding();
        rig.field("p", 47.9).scans(1);
        assert_eq!(state(&rig), FAILED);
        let mut rig = holding();
        rig.quality_of("p", Quality::COMM_LOST).scans(1);
        assert_eq!(state(&rig), FAILED);
        let mut rig = holding();
        rig.quality_of("shut", Quality::COMM_LOST).scans(5);
        assert_eq!(state(&rig), FAILED);
    }

    #[test]
    fn what_the_temperature_explains_is_no_leak() {
        let mut rig = holding();
        // 293.15 K to 288.15 K takes 1.7 % of 151.3 kPa(a).
        rig.field("t", 15.0)
            .field("p", 151.325 * 288.15 / 293.15 - 101.325)
            .scans(1);
        assert_eq!(state(&rig), HOLDING);
        assert!(rig.value("L.CHANGE").abs() < 1e-9);
    }

    #[test]
    fn a_pressure_never_reached_fails_and_a_start_of_the_program_ends_a_test() {
        let mut rig = Rig::new(1000, TEXT);
        rig.write("L.START", 1.0).scans(1802);
        assert_eq!(state(&rig), FAILED);
        let mut rig = holding();
        rig.task.program.start(Start::Warm);
        rig.scans(1);
        assert_eq!(state(&rig), IDLE);
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(problems(&TEXT.replace("at = 50.0", "")).len(), 1);
        assert_eq!(problems(&TEXT.replace("at = 50.0", "at = 1e9")).len(), 1);
    }

    proptest! {
        #[test]
        fn a_closed_gas_shows_no_change_at_any_temperature(
            p in 10.0..500.0f64,
            t0 in 200.0..400.0f64,
            t1 in 200.0..400.0f64,
        ) {
            prop_assert!(change((p, Some(t0)), (p * t1 / t0, Some(t1))).abs() < 1e-9);
            prop_assert!((change((p, None), (p + 3.0, None)) - 3.0).abs() < 1e-9);
        }
    }
}
