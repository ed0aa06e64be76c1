//! Everything adjustable about R-101, with the demo unit as default.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::chemistry::Chemistry;
use super::dosing::Dosing;
use super::headspace::HeadSpace;
use super::tags::Instruments;
use crate::models::equipment::agitation::Agitation;
use crate::models::equipment::heat::Thermal;

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

/// A number with which the equations make no sense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfigError {
    /// The parameter, as in the configuration.
    pub field: &'static str,
    /// Its value.
    pub value: f64,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be {}", self.field, self.value)
    }
}

impl std::error::Error for ConfigError {}

impl R101Config {
    /// Whether every number can stand in the equations: divisors positive, amounts
    /// not negative, all finite.
    ///
    /// # Errors
    /// The first number that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (c, t, a, d, h) = (
            &self.chemistry,
            &self.thermal,
            &self.agitation,
            &self.dosing,
            &self.head_space,
        );
        let (s, v) = (&self.start, &self.actuators);
        for (field, value) in [
            ("chemistry.molar_mass_a", c.molar_mass_a),
            ("chemistry.molar_mass_b", c.molar_mass_b),
            ("chemistry.heat_j_kmol", c.heat_j_kmol),
            (
                "chemistry.decomposition_activation_j_mol",
                c.decomposition_activation_j_mol,
            ),
            (
                "chemistry.decomposition_heat_j_kg",
                c.decomposition_heat_j_kg,
            ),
            ("chemistry.cp_j_kg_k", c.cp_j_kg_k),
            ("chemistry.density_kg_m3", c.density_kg_m3),
            ("thermal.vessel_j_k", t.vessel_j_k),
            ("thermal.jacket_j_k", t.jacket_j_k),
            ("thermal.cooling_reference_k", t.cooling_reference_k),
            ("thermal.heating_taper_k", t.heating_taper_k),
            ("thermal.coolant_kpa_g", t.coolant_kpa_g),
            ("thermal.circulation_m3_h", t.circulation_m3_h),
            ("thermal.pump_lag_s", t.pump_lag_s),
            (
                "agitation.speed_full_rpm - speed_low_rpm",
                a.speed_full_rpm - a.speed_low_rpm,
            ),
            ("agitation.speed_rated_rpm", a.speed_rated_rpm),
            ("agitation.wetted_volume_m3", a.wetted_volume_m3),
            ("dosing.orifice_limit_kg_h", d.orifice_limit_kg_h),
            (
                "dosing.control_valve_kg_h - orifice_limit_kg_h",
                d.control_valve_kg_h - d.orifice_limit_kg_h,
            ),
            (
                "dosing.block_valve_kg_h - control_valve_kg_h",
                d.block_valve_kg_h - d.control_valve_kg_h,
            ),
            ("head_space.vessel_m3", h.vessel_m3),
            ("head_space.nominal_m3", h.nominal_m3),
            ("head_space.gas_min_m3", h.gas_min_m3),
            ("head_space.evaporation_lag_s", h.evaporation_lag_s),
            ("head_space.vaporisation_j_mol", h.vaporisation_j_mol),
            ("head_space.reflux_band", h.reflux_band),
            ("head_space.critical_ratio", h.critical_ratio),
            ("1 - head_space.critical_ratio", 1.0 - h.critical_ratio),
            ("instruments.oxygen_t90_s", self.instruments.oxygen_t90_s),
            ("start.pressure_kpa_g + 101.325", s.pressure_kpa_g + 101.325),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        for (field, value) in [
            ("chemistry.k_ref_m3_kmol_s", c.k_ref_m3_kmol_s),
            ("chemistry.rate_ceiling_per_s", c.rate_ceiling_per_s),
            ("thermal.ua_w_k", t.ua_w_k),
            ("start.temperature_c + 60", s.temperature_c + 60.0),
            ("start.a_kg", s.a_kg),
            ("start.b_kg", s.b_kg),
            ("start.solvent_kg", s.solvent_kg),
            ("start.dosing_kg", s.dosing_kg),
            ("start.oxygen_vol_pct", s.oxygen_vol_pct),
            ("100 - start.oxygen_vol_pct", 100.0 - s.oxygen_vol_pct),
            ("actuators.on_off_stroke_s", v.on_off_stroke_s),
            ("actuators.xv_117_stroke_s", v.xv_117_stroke_s),
            ("actuators.control_stroke_s", v.control_stroke_s),
            ("actuators.drain_kg_h", v.drain_kg_h),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        Ok(())
    }
}
