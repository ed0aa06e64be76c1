//! Everything adjustable about R-101, with the demo unit as default.

use serde::{Deserialize, Serialize};

use super::agitation::Agitation;
use super::chemistry::Chemistry;
use super::dosing::Dosing;
use super::headspace::HeadSpace;
use super::heat::Thermal;
use super::tags::Instruments;

/// Parameters and start of R-101.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct R101Config {
    /// What the unit holds at the start.
    pub start: Start,
    /// Kinetics and material.
    pub chemistry: Chemistry,
    /// Vessel and jacket.
    pub thermal: Thermal,
    /// Agitator.
    pub agitation: Agitation,
    /// Dosing line.
    pub dosing: Dosing,
    /// Gas side.
    pub head_space: HeadSpace,
    /// Valves.
    pub actuators: Actuators,
    /// Transmitters.
    pub instruments: Instruments,
}

/// The unit at time zero. Amounts: design basis of the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Start {
    /// Contents, vessel and jacket, °C.
    pub temperature_c: f64,
    /// A in the heel, kg.
    pub a_kg: f64,
    /// B in the heel, kg.
    pub b_kg: f64,
    /// Toluene in the heel, kg.
    pub solvent_kg: f64,
    /// B in the dosing vessel V-101, kg.
    pub dosing_kg: f64,
    /// Head-space pressure, kPa(g).
    pub pressure_kpa_g: f64,
    /// Oxygen in the dry gas, vol%: 1 inerted, 20.9 air.
    pub oxygen_vol_pct: f64,
    /// Agitator already running.
    pub agitator_on: bool,
    /// Its speed, rpm.
    pub speed_rpm: f64,
}

impl Default for Start {
    fn default() -> Self {
        Start {
            temperature_c: 40.0,
            a_kg: 360.0,
            b_kg: 0.0,
            solvent_kg: 950.0,
            dosing_kg: 300.0,
            pressure_kpa_g: 3.0,
            oxygen_vol_pct: 1.0,
            agitator_on: true,
            speed_rpm: 90.0,
        }
    }
}

/// Valves of the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Actuators {
    /// Stroke of the on/off valves, s. Design basis of the demo unit.
    pub on_off_stroke_s: f64,
    /// Stroke of XV-117, s. Design basis of the demo unit.
    pub xv_117_stroke_s: f64,
    /// Stroke of the control valves, s. Design basis of the demo unit.
    pub control_stroke_s: f64,
    /// Liquid through XV-114 fully open, kg/h. Assumed.
    pub drain_kg_h: f64,
    /// M-101 keeps running when the controller's heartbeat is lost: it is fed from
    /// the uninterruptible supply and a standing agitator is the greater hazard.
    pub agitator_holds_on_watchdog: bool,
}

impl Default for Actuators {
    fn default() -> Self {
        Actuators {
            on_off_stroke_s: 3.0,
            xv_117_stroke_s: 5.0,
            control_stroke_s: 2.0,
            drain_kg_h: 4000.0,
            agitator_holds_on_watchdog: true,
        }
    }
}
