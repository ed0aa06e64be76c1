//! A valve with actuator, limit switches and the ways it can fail.

use serde::{Deserialize, Serialize};
use signal::math::clamp;

/// Where the spring drives the valve without air or signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailPosition {
    /// Closed without signal (FC).
    Closed,
    /// Open without signal (FO).
    Open,
}

/// A mechanical jam of the stem.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Jam {
    /// The stem follows its demand.
    Free,
    /// The stem stays where it is.
    Here,
    /// The stem runs to this opening (0..1) and stays there.
    At(f64),
}

/// A stem that travels its stroke at constant speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Valve {
    fail: FailPosition,
    stroke_s: f64,
    position: f64,
    jam: Jam,
    leak: f64,
}

/// Travel left at which a limit switch still makes.
const SWITCH_BAND: f64 = 0.02;

impl Valve {
    /// A healthy valve standing at `position` (0 closed, 1 open) that needs
    /// `stroke_s` seconds from end to end.
    pub fn new(fail: FailPosition, stroke_s: f64, position: f64) -> Self {
        Valve {
            fail,
            stroke_s,
            position: clamp(position, 0.0, 1.0),
            jam: Jam::Free,
            leak: 0.0,
        }
    }

    /// Moves the stem towards `demand` (0..1) for `dt_s` seconds.
    #[inline]
    pub fn step(&mut self, demand: f64, dt_s: f64) {
        let target = match self.jam {
            Jam::Free => demand,
            Jam::Here => return,
            Jam::At(position) => position,
        };
        let travel = if self.stroke_s > 0.0 {
            dt_s / self.stroke_s
        } else {
            1.0
        };
        self.position += clamp(clamp(target, 0.0, 1.0) - self.position, -travel, travel);
    }

    /// The demand of an on/off valve whose solenoid is `energised`.
    pub fn solenoid_demand(&self, energised: bool) -> f64 {
        match (self.fail, energised) {
            (FailPosition::Closed, true) | (FailPosition::Open, false) => 1.0,
            (FailPosition::Closed, false) | (FailPosition::Open, true) => 0.0,
        }
    }

    /// The demand without signal.
    pub fn fail_demand(&self) -> f64 {
        self.solenoid_demand(false)
    }

    /// What passes: stem position, or leakage past the seat if larger; 0..1.
    #[inline]
    pub fn opening(&self) -> f64 {
        if self.position > self.leak {
            self.position
        } else {
            self.leak
        }
    }

    /// Stem position, 0..1; what the limit switches see.
    pub fn position(&self) -> f64 {
        self.position
    }

    /// Limit switch ZSO.
    pub fn is_open(&self) -> bool {
        self.position >= 1.0 - SWITCH_BAND
    }

    /// Limit switch ZSC. Blind to a leaking seat, as in the field.
    pub fn is_closed(&self) -> bool {
        self.position <= SWITCH_BAND
    }

    /// Frees the stem and tightens the seat.
    pub(crate) fn heal(&mut self) {
        self.jam = Jam::Free;
        self.leak = 0.0;
    }

    pub(crate) fn jam(&mut self, jam: Jam) {
        self.jam = jam;
    }

    pub(crate) fn leak(&mut self, leak: f64) {
        self.leak = clamp(leak, 0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_travel_takes_the_stroke_time() {
        let mut valve = Valve::new(FailPosition::Closed, 3.0, 0.0);
        for _ in 0..29 {
            valve.step(1.0, 0.1);
        }
        assert!(!valve.is_open() && !valve.is_closed());
        valve.step(1.0, 0.1);
        assert!(valve.is_open());
    }

    #[test]
    fn de_energised_fail_open_valve_opens() {
        let valve = Valve::new(FailPosition::Open, 5.0, 0.0);
        assert_eq!(valve.solenoid_demand(false), 1.0);
        assert_eq!(valve.solenoid_demand(true), 0.0);
    }

    #[test]
    fn leaking_seat_passes_while_the_switch_says_closed() {
        let mut valve = Valve::new(FailPosition::Closed, 3.0, 0.0);
        valve.leak(0.02);
        assert!(valve.is_closed());
        assert_eq!(valve.opening(), 0.02);
    }

    #[test]
    fn jammed_stem_ignores_its_demand() {
        let mut valve = Valve::new(FailPosition::Closed, 2.0, 0.4);
        valve.jam(Jam::Here);
        valve.step(1.0, 10.0);
        assert_eq!(valve.position(), 0.4);
        valve.jam(Jam::At(0.9));
        valve.step(0.0, 10.0);
        assert_eq!(valve.position(), 0.9);
    }
}
