//! The independent safety instrumented system, as far as the plant sees it.
//!
//! It has its own sensors (here: the truth) and its own valves: XZV-101 in the
//! dosing line, XZV-201 in the hydrogen line, and a solenoid of its own on
//! XV-118. What it does is latched until its own reset. The controller only
//! reads its bitmap (XS-SIS). Trip points: demo design values; delays and
//! strokes assumed. A model for training: no safety function.

use serde::{Deserialize, Serialize};
use signal::math::clamp;

/// Trip points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SisConfig {
    /// Whether it acts at all; without, the plant has no protection but the controller's.
    pub fitted: bool,
    /// TZSHH-101, °C.
    pub r101_c: f64,
    /// PZSHH-101, kPa(g).
    pub r101_kpa_g: f64,
    /// TZSHH-201, °C.
    pub r102_c: f64,
    /// PZSHH-201, kPa(g).
    pub r102_kpa_g: f64,
    /// Speed of M-101 below which it counts as failed while the dosing line is open, rpm.
    pub agitator_rpm: f64,
    /// How long it may be, s: longer than the controller needs to close the line itself.
    pub agitator_delay_s: f64,
    /// Delay of all other trips, s.
    pub delay_s: f64,
}

impl Default for SisConfig {
    fn default() -> Self {
        SisConfig {
            fitted: true,
            r101_c: 60.0,
            r101_kpa_g: 150.0,
            r102_c: 80.0,
            r102_kpa_g: 800.0,
            agitator_rpm: 20.0,
            agitator_delay_s: 15.0,
            delay_s: 0.3,
        }
    }
}

/// What its sensors see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// R-101, °C.
    pub r101_c: f64,
    /// R-101, kPa(g).
    pub r101_kpa_g: f64,
    /// M-101, rpm.
    pub agitator_rpm: f64,
    /// Both blocks of the dosing line stand open.
    pub dosing_open: bool,
    /// R-102, °C.
    pub r102_c: f64,
    /// R-102, kPa(g).
    pub r102_kpa_g: f64,
    /// HS-100 is pressed.
    pub esd_pressed: bool,
}

/// `XS-SIS` bits 0 to 5: the causes, in order.
pub const CAUSES: [&str; 6] = [
    "TZSHH-101",
    "PZSHH-101",
    "M-101 failed while dosing",
    "TZSHH-201",
    "PZSHH-201",
    "HS-100",
];
/// `XS-SIS` bit 8: XZV-101 is shut.
pub const XZV_101_SHUT: u16 = 1 << 8;
/// `XS-SIS` bit 9: XV-118 is held open.
pub const XV_118_OPEN: u16 = 1 << 9;
/// `XS-SIS` bit 10: XZV-201 is shut.
pub const XZV_201_SHUT: u16 = 1 << 10;

/// Stroke of XZV-101 and XZV-201, s.
const STROKE_S: f64 = 2.0;

/// The system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sis {
    config: SisConfig,
    standing_s: [f64; 6],
    latched: u16,
    xzv_101: f64,
    xzv_201: f64,
}

impl Sis {
    /// Healthy, valves open.
    pub fn new(config: SisConfig) -> Self {
        Sis {
            config,
            standing_s: [0.0; 6],
            latched: 0,
            xzv_101: 1.0,
            xzv_201: 1.0,
        }
    }

    /// One tick.
    pub fn step(&mut self, seen: &Seen, dt_s: f64) {
        let c = &self.config;
        let causes = [
            seen.r101_c >= c.r101_c,
            seen.r101_kpa_g >= c.r101_kpa_g,
            seen.dosing_open && seen.agitator_rpm < c.agitator_rpm,
            seen.r102_c >= c.r102_c,
            seen.r102_kpa_g >= c.r102_kpa_g,
            seen.esd_pressed,
        ];
        for (bit, cause) in causes.into_iter().enumerate() {
            let standing = &mut self.standing_s[bit];
            *standing = if cause { *standing + dt_s } else { 0.0 };
            let delay = if bit == 2 {
                c.agitator_delay_s
            } else {
                c.delay_s
            };
            if c.fitted && *standing >= delay {
                self.latched |= 1 << bit;
            }
        }
        let travel = dt_s / STROKE_S;
        let target = |shut: bool| if shut { 0.0 } else { 1.0 };
        let (first, second) = (target(self.shuts_dosing()), target(self.shuts_hydrogen()));
        self.xzv_101 += clamp(first - self.xzv_101, -travel, travel);
        self.xzv_201 += clamp(second - self.xzv_201, -travel, travel);
    }

    fn shuts_dosing(&self) -> bool {
        self.latched & 0b10_0111 != 0
    }

    fn shuts_hydrogen(&self) -> bool {
        self.latched & 0b11_1000 != 0
    }

    /// Whether it holds XV-118 open: R-101 is past its last limit.
    pub fn quenches(&self) -> bool {
        self.latched & 0b11 != 0
    }

    /// Opening of XZV-101, 0..1.
    pub fn xzv_101(&self) -> f64 {
        self.xzv_101
    }

    /// Opening of XZV-201, 0..1.
    pub fn xzv_201(&self) -> f64 {
        self.xzv_201
    }

    /// `XS-SIS`: 0 is healthy.
    pub fn bitmap(&self) -> u16 {
        let flag = |set: bool, bit: u16| if set { bit } else { 0 };
        self.latched
            | flag(self.shuts_dosing(), XZV_101_SHUT)
            | flag(self.quenches(), XV_118_OPEN)
            | flag(self.shuts_hydrogen(), XZV_201_SHUT)
    }

    /// Its reset: false, and nothing happens, while a cause stands.
    pub(crate) fn reset(&mut self) -> bool {
        let clear = self.standing_s.iter().all(|&standing| standing == 0.0);
        if clear {
            self.latched = 0;
        }
        clear
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calm() -> Seen {
        Seen {
            r101_c: 40.0,
            agitator_rpm: 90.0,
            dosing_open: true,
            r102_c: 60.0,
            r102_kpa_g: 500.0,
            ..Seen::default()
        }
    }

    #[test]
    fn hot_reactor_is_shut_in_and_quenched_until_reset() {
        let mut sis = Sis::new(SisConfig::default());
        sis.step(&calm(), 1.0);
        assert_eq!(sis.bitmap(), 0);
        let hot = Seen {
            r101_c: 61.0,
            ..calm()
        };
        for _ in 0..3 {
            sis.step(&hot, 1.0);
        }
        assert_eq!(sis.bitmap(), 1 | XZV_101_SHUT | XV_118_OPEN);
        assert_eq!((sis.xzv_101(), sis.xzv_201()), (0.0, 1.0));
        assert!(!sis.reset(), "a standing cause is not reset");
        sis.step(&calm(), 1.0);
        assert!(sis.quenches(), "latched");
        assert!(sis.reset());
        sis.step(&calm(), 2.0);
        assert_eq!((sis.bitmap(), sis.xzv_101()), (0, 1.0));
    }

    #[test]
    fn failed_agitator_shuts_the_dosing_line_only_while_dosing_and_never_quenches() {
        let mut sis = Sis::new(SisConfig::default());
        let mut still = Seen {
            agitator_rpm: 0.0,
            dosing_open: false,
            ..calm()
        };
        sis.step(&still, 100.0);
        assert_eq!(sis.bitmap(), 0);
        still.dosing_open = true;
        sis.step(&still, 16.0);
        assert_eq!(sis.bitmap(), 4 | XZV_101_SHUT);
    }

    #[test]
    fn overpressure_of_the_autoclave_shuts_hydrogen() {
        let mut sis = Sis::new(SisConfig::default());
        let high = Seen {
            r102_kpa_g: 801.0,
            ..calm()
        };
        sis.step(&high, 3.0);
        assert_eq!(sis.bitmap(), 16 | XZV_201_SHUT);
        assert_eq!((sis.xzv_101(), sis.xzv_201()), (1.0, 0.0));
    }
}
