//! A transmitter: lag, calibration, noise, drift, and NAMUR NE 43 failure currents.
//!
//! First-order lag, exact for a measurand constant over the tick:
//! `x ← x + (1 − e^(−dt/τ))·(u − x)`; shown = x + calibration + drift + noise.
//! Loop current in µA: `4000 + 16000·(shown − low)/(high − low)`, saturated at
//! 3800 and 20 500 µA; failure 3600 or 21 000 µA (NE 43); broken wire 0 µA.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, exp, floor, round};

use crate::random::Random;

/// Loop current of a failure signalled low, µA (NE 43).
pub const FAIL_LOW_UA: u16 = 3600;
/// Loop current of a failure signalled high, µA (NE 43).
pub const FAIL_HIGH_UA: u16 = 21_000;

/// Range and dynamics of one transmitter, in its engineering unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransmitterConfig {
    /// Value at 4 mA.
    pub low: f64,
    /// Value at 20 mA.
    pub high: f64,
    /// Time constant τ of the first-order lag, s.
    pub lag_s: f64,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Standard deviation of the constant calibration error, drawn from the seed.
    pub calibration: f64,
}

/// How a transmitter fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SensorFault {
    /// Healthy.
    None,
    /// Shows the last value for ever.
    Frozen,
    /// Signals failure high: 21 mA, or a fault status on the bus.
    FailHigh,
    /// Signals failure low: 3.6 mA, or a fault status on the bus.
    FailLow,
    /// Open loop: 0 mA; a bus transmitter keeps its last value with fault status.
    WireBreak,
    /// Not a number; only a float register can carry it, a loop falls to 3.6 mA.
    Nan,
    /// Plus or minus infinity; only a float register can carry it, a loop goes to 21 mA.
    Infinite {
        /// Minus infinity; the loop falls to 3.6 mA.
        is_negative: bool,
    },
}

/// One transmitter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Transmitter {
    config: TransmitterConfig,
    gain: f64,
    calibration: f64,
    random: Random,
    lagged: f64,
    shown: f64,
    drift: f64,
    drift_target: f64,
    drift_per_s: f64,
    added_noise: f64,
    stuck_at: Option<f64>,
    rolls_over_at: f64,
    fault: SensorFault,
}

/// Time in which `sensor-drift` reaches its offset, s.
const DRIFT_RAMP_S: f64 = 600.0;

/// Imposes the sensor fault `name` with its `number` on a healed transmitter;
/// any other name does nothing.
pub(crate) fn sensor_fault(transmitter: &mut Transmitter, name: &str, number: f64) {
    let size = if number < 0.0 { -number } else { number };
    match name {
        "sensor-drift" => transmitter.drift(number, size / DRIFT_RAMP_S),
        "sensor-bias" => transmitter.drift(number, 1e9),
        "sensor-frozen" => transmitter.fail(SensorFault::Frozen),
        "sensor-fail-high" => transmitter.fail(SensorFault::FailHigh),
        "sensor-fail-low" => transmitter.fail(SensorFault::FailLow),
        "sensor-wire-break" => transmitter.fail(SensorFault::WireBreak),
        "sensor-nan" => transmitter.fail(SensorFault::Nan),
        "sensor-infinite" => transmitter.fail(SensorFault::Infinite {
            is_negative: number < 0.0,
        }),
        "sensor-noise" => transmitter.added_noise = number,
        "sensor-stuck-at" | "flow-negative" => transmitter.stuck_at = Some(number),
        "totaliser-rollover" => transmitter.rolls_over_at = number,
        _ => {}
    }
}

impl Transmitter {
    /// A healthy transmitter settled at `value`, stepped every `tick_s` seconds.
    pub fn new(config: TransmitterConfig, tick_s: f64, value: f64, mut random: Random) -> Self {
        let gain = if config.lag_s > 0.0 {
            1.0 - exp(-tick_s / config.lag_s)
        } else {
            1.0
        };
        let calibration = config.calibration * random.noise();
        Transmitter {
            config,
            gain,
            calibration,
            random,
            lagged: value,
            shown: value + calibration,
            drift: 0.0,
            drift_target: 0.0,
            drift_per_s: 0.0,
            added_noise: 0.0,
            stuck_at: None,
            rolls_over_at: 0.0,
            fault: SensorFault::None,
        }
    }

    /// One tick with the process at `value`.
    #[inline]
    pub fn step(&mut self, value: f64, tick_s: f64) {
        self.lagged += self.gain * (value - self.lagged);
        let travel = self.drift_per_s * tick_s;
        self.drift += clamp(self.drift_target - self.drift, -travel, travel);
        let noise = self.random.noise() * (self.config.noise + self.added_noise);
        if self.fault != SensorFault::Frozen {
            self.shown = match self.stuck_at {
                Some(value) => value,
                None => self.lagged + self.calibration + self.drift + noise,
            };
            if self.rolls_over_at > 0.0 {
                self.shown -= self.rolls_over_at * floor(self.shown / self.rolls_over_at);
            }
        }
    }

    /// What the transmitter believes, engineering unit.
    pub fn shown(&self) -> f64 {
        self.shown
    }

    /// Loop current, µA.
    pub fn current_ua(&self) -> u16 {
        match self.fault {
            SensorFault::FailHigh | SensorFault::Infinite { is_negative: false } => FAIL_HIGH_UA,
            SensorFault::FailLow
            | SensorFault::Nan
            | SensorFault::Infinite { is_negative: true } => FAIL_LOW_UA,
            SensorFault::WireBreak => 0,
            SensorFault::None | SensorFault::Frozen => {
                let span = self.config.high - self.config.low;
                let current = 4000.0 + 16_000.0 * (self.shown - self.config.low) / span;
                round(clamp(current, 3800.0, 20_500.0)) as u16
            }
        }
    }

    /// Value of a bus transmitter.
    pub fn float(&self) -> f32 {
        match self.fault {
            SensorFault::Nan => f32::NAN,
            SensorFault::Infinite { is_negative: true } => f32::NEG_INFINITY,
            SensorFault::Infinite { is_negative: false } => f32::INFINITY,
            SensorFault::FailHigh => self.config.high as f32,
            SensorFault::FailLow => self.config.low as f32,
            SensorFault::None | SensorFault::Frozen | SensorFault::WireBreak => self.shown as f32,
        }
    }

    /// Status word of a bus transmitter: bit 0 = fault. A frozen transmitter
    /// does not know that it is, and NaN comes from one that believes itself well.
    pub fn status(&self) -> u16 {
        match self.fault {
            SensorFault::None
            | SensorFault::Frozen
            | SensorFault::Nan
            | SensorFault::Infinite { .. } => 0,
            SensorFault::FailHigh | SensorFault::FailLow | SensorFault::WireBreak => 1,
        }
    }

    /// Makes it well: no fault, no drift.
    pub(crate) fn heal(&mut self) {
        self.fault = SensorFault::None;
        self.drift_target = 0.0;
        self.drift_per_s = 0.0;
        self.added_noise = 0.0;
        self.stuck_at = None;
        self.rolls_over_at = 0.0;
    }

    /// Ends drift left over from a fault that is gone.
    pub(crate) fn forget_drift(&mut self) {
        if self.drift_per_s == 0.0 {
            self.drift = 0.0;
        }
    }

    pub(crate) fn fail(&mut self, fault: SensorFault) {
        self.fault = fault;
    }

    pub(crate) fn drift(&mut self, target: f64, per_s: f64) {
        self.drift_target = target;
        self.drift_per_s = per_s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressure() -> Transmitter {
        let config = TransmitterConfig {
            low: -100.0,
            high: 400.0,
            lag_s: 1.0,
            noise: 0.0,
            calibration: 0.0,
        };
        Transmitter::new(config, 0.1, 0.0, Random::new(1, 1))
    }

    #[test]
    fn lag_follows_the_exponential() {
        let mut transmitter = pressure();
        for _ in 0..10 {
            transmitter.step(100.0, 0.1);
        }
        assert!((transmitter.shown() - 63.212_055_882_855_77).abs() < 1e-9);
    }

    #[test]
    fn range_maps_to_four_to_twenty_milliampere() {
        let mut transmitter = pressure();
        assert_eq!(transmitter.current_ua(), 7200); // a fifth of the range
        for _ in 0..1000 {
            transmitter.step(900.0, 0.1);
        }
        assert_eq!(transmitter.current_ua(), 20_500);
    }

    #[test]
    fn failures_show_their_namur_currents() {
        let mut transmitter = pressure();
        for (fault, current) in [
            (SensorFault::FailHigh, 21_000),
            (SensorFault::FailLow, 3600),
            (SensorFault::WireBreak, 0),
        ] {
            transmitter.fail(fault);
            assert_eq!(transmitter.current_ua(), current);
            assert_eq!(transmitter.status(), 1);
        }
    }

    #[test]
    fn frozen_transmitter_holds_and_then_catches_up() {
        let mut transmitter = pressure();
        transmitter.fail(SensorFault::Frozen);
        for _ in 0..100 {
            transmitter.step(50.0, 0.1);
        }
        assert_eq!(transmitter.shown(), 0.0);
        transmitter.heal();
        transmitter.step(50.0, 0.1);
        assert!(transmitter.shown() > 49.0);
    }

    #[test]
    fn drift_ramps_to_its_target() {
        let mut transmitter = pressure();
        transmitter.drift(6.0, 0.5);
        for _ in 0..60 {
            transmitter.step(0.0, 0.1);
        }
        assert!((transmitter.shown() - 3.0).abs() < 1e-9);
        for _ in 0..600 {
            transmitter.step(0.0, 0.1);
        }
        assert!((transmitter.shown() - 6.0).abs() < 1e-9);
    }
}
