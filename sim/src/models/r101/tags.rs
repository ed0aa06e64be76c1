//! The instruments and valves of R-101 in register order.

use serde::{Deserialize, Serialize};
use signal::math::ln;

use crate::devices::{FailPosition, TransmitterConfig};

/// Transmitters: `ir0..17` in order, then the two with float registers.
pub const TRANSMITTERS: [&str; 20] = [
    "TT-101A", "TT-101B", "TT-101C", "TT-102", "TT-103", "TT-104", "PT-101A", "PT-101B", "AT-101A",
    "AT-101B", "ST-101", "IT-101", "LT-101", "FT-102", "PT-103", "TT-106", "FT-103", "PT-104",
    "FT-101", "WT-101",
];
/// Number of transmitters on current loops.
pub const LOOPS: usize = 18;
/// Index of FT-101 in [`TRANSMITTERS`].
pub const FT_101: usize = 18;
/// Index of WT-101 in [`TRANSMITTERS`].
pub const WT_101: usize = 19;

/// Valves: `hr0..4` in order, then `co0..6`.
pub const VALVES: [&str; 12] = [
    "FV-101", "TV-101", "TV-102", "PV-101A", "PV-101B", "XV-101A", "XV-101B", "XV-117", "XV-111",
    "XV-112", "XV-113", "XV-114",
];
/// Number of control valves, the first of [`VALVES`].
pub const CONTROL_VALVES: usize = 5;
/// FV-101, dosing.
pub const FV_101: usize = 0;
/// TV-101, jacket cooling.
pub const TV_101: usize = 1;
/// TV-102, jacket heating.
pub const TV_102: usize = 2;
/// PV-101A, nitrogen blanket in.
pub const PV_101A: usize = 3;
/// PV-101B, blanket vent.
pub const PV_101B: usize = 4;
/// XV-101A, dosing block valve.
pub const XV_101A: usize = 5;
/// XV-101B, dosing block valve.
pub const XV_101B: usize = 6;
/// XV-117, emergency brine.
pub const XV_117: usize = 7;
/// XV-111, nitrogen in.
pub const XV_111: usize = 8;
/// XV-112, vent.
pub const XV_112: usize = 9;
/// XV-113, vacuum.
pub const XV_113: usize = 10;
/// XV-114, bottom.
pub const XV_114: usize = 11;

/// Fail positions of [`VALVES`] (tag list of the demo unit).
pub const FAIL_POSITIONS: [FailPosition; 12] = {
    use FailPosition::{Closed, Open};
    [
        Closed, Open, Closed, Closed, Closed, Closed, Closed, Open, Open, Open, Closed, Closed,
    ]
};

/// Index of a transmitter by tag.
pub fn transmitter(tag: &str) -> Option<usize> {
    TRANSMITTERS.iter().position(|&t| t == tag)
}

/// Index of a valve by tag.
pub fn valve(tag: &str) -> Option<usize> {
    VALVES.iter().position(|&t| t == tag)
}

/// Dynamics and error of one class of instruments, in its engineering unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentClass {
    /// Time constant, s.
    pub lag_s: f64,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// Standard deviation of the constant calibration error.
    pub calibration: f64,
}

const fn class(lag_s: f64, noise: f64, calibration: f64) -> InstrumentClass {
    InstrumentClass {
        lag_s,
        noise,
        calibration,
    }
}

/// Instruments of the demo unit by class. Assumed: typical of the devices' data sheets,
/// except the T90 of the oxygen analysers, which is the design basis of the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Instruments {
    /// Resistance thermometers in thermowells, °C.
    pub temperature: InstrumentClass,
    /// Pressure, kPa.
    pub pressure: InstrumentClass,
    /// Oxygen: time to 90 % of a step, s.
    pub oxygen_t90_s: f64,
    /// Oxygen: noise, vol%.
    pub oxygen_noise: f64,
    /// Oxygen: calibration error, vol%.
    pub oxygen_calibration: f64,
    /// Agitator speed, rpm.
    pub speed: InstrumentClass,
    /// Agitator current, A.
    pub current: InstrumentClass,
    /// Level, %.
    pub level: InstrumentClass,
    /// Jacket circulation, m³/h.
    pub circulation: InstrumentClass,
    /// Nitrogen flow, Nm³/h.
    pub nitrogen: InstrumentClass,
    /// Dosing flow (Coriolis), kg/h.
    pub dosing: InstrumentClass,
    /// Dosing weight (load cells), kg.
    pub weight: InstrumentClass,
}

impl Default for Instruments {
    fn default() -> Self {
        Instruments {
            temperature: class(4.0, 0.03, 0.08),
            pressure: class(0.1, 0.08, 0.15),
            oxygen_t90_s: 20.0,
            oxygen_noise: 0.01,
            oxygen_calibration: 0.03,
            speed: class(0.2, 0.1, 0.0),
            current: class(0.2, 0.08, 0.0),
            level: class(1.0, 0.1, 0.2),
            circulation: class(0.5, 0.04, 0.0),
            nitrogen: class(0.5, 0.1, 0.0),
            dosing: class(0.3, 0.2, 0.0),
            weight: class(0.3, 0.03, 0.0),
        }
    }
}

impl Instruments {
    /// Configuration of transmitter `index`; ranges as in the register map.
    pub fn config(&self, index: usize) -> TransmitterConfig {
        let oxygen = class(
            self.oxygen_t90_s / ln(10.0),
            self.oxygen_noise,
            self.oxygen_calibration,
        );
        let (low, high, class) = match index {
            0..=2 => (-20.0, 150.0, self.temperature),
            3 | 4 => (-40.0, 180.0, self.temperature),
            5 => (0.0, 150.0, self.temperature),
            6 | 7 => (-100.0, 400.0, self.pressure),
            8 | 9 => (0.0, 25.0, oxygen),
            10 => (0.0, 120.0, self.speed),
            11 => (0.0, 40.0, self.current),
            12 => (0.0, 100.0, self.level),
            13 => (0.0, 25.0, self.circulation),
            14 => (0.0, 600.0, self.pressure),
            15 => (-30.0, 50.0, self.temperature),
            16 => (0.0, 60.0, self.nitrogen),
            17 => (0.0, 1000.0, self.pressure),
            18 => (0.0, 200.0, self.dosing),
            _ => (0.0, 500.0, self.weight),
        };
        TransmitterConfig {
            low,
            high,
            lag_s: class.lag_s,
            noise: class.noise,
            calibration: class.calibration,
        }
    }
}
