//! What is true in the unit, by name: for tests and scenarios, never for control.

use serde::{Deserialize, Serialize};
use signal::math::clamp;

use super::unit::Unit;

/// Running maxima since the start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Maxima {
    pub temperature_c: f64,
    pub accumulation: f64,
    pub mtsr_c: f64,
    pub pressure_bar_a: f64,
}

impl Maxima {
    pub(super) fn of(unit: &Unit) -> Self {
        Maxima {
            temperature_c: unit.now.temperature_c,
            accumulation: unit.accumulation(),
            mtsr_c: unit.mtsr_c(),
            pressure_bar_a: unit.now.pressures.total / 1e5,
        }
    }

    pub(super) fn with(&self, other: &Maxima) -> Self {
        let larger = |a: f64, b: f64| if b > a { b } else { a };
        Maxima {
            temperature_c: larger(self.temperature_c, other.temperature_c),
            accumulation: larger(self.accumulation, other.accumulation),
            mtsr_c: larger(self.mtsr_c, other.mtsr_c),
            pressure_bar_a: larger(self.pressure_bar_a, other.pressure_bar_a),
        }
    }
}

/// Names of all truths.
pub const TRUTHS: [&str; 31] = [
    "T",
    "Tj",
    "X_acc",
    "MTSR",
    "P_barA",
    "P_kPaG",
    "O2",
    "dosed_kg",
    "dosing_vessel_kg",
    "feed_kg_h",
    "q_rx_kW",
    "q_dec_kW",
    "q_jacket_kW",
    "duty_kW",
    "cooling_available_kW",
    "heating_available_kW",
    "level",
    "mass_kg",
    "nA",
    "nB",
    "nC",
    "decomposed",
    "solvent_kg",
    "speed_rpm",
    "P_tol_kPa",
    "burst",
    "over_mawp",
    "T_max",
    "X_acc_max",
    "MTSR_max",
    "P_max",
];

impl Unit {
    /// Unreacted B over the A that was charged, nB/nA0.
    pub fn accumulation(&self) -> f64 {
        let charged = self.state.a_kmol + self.state.c_kmol;
        // A drained vessel keeps a trace: less than a milligram is no charge.
        if charged > 1e-9 {
            self.state.b_kmol / charged
        } else {
            0.0
        }
    }

    /// Maximum temperature of the synthesis reaction, °C: what the contents would
    /// reach if all that has accumulated reacted at once,
    /// `T + min(nA, nB)·ΔH/(m·cp)` (Stoessel 2008, ch. 3), vessel neglected.
    pub fn mtsr_c(&self) -> f64 {
        if self.now.mass_kg <= 0.0 {
            return self.now.temperature_c;
        }
        let chemistry = &self.config.chemistry;
        let (a, b) = (self.state.a_kmol, self.state.b_kmol);
        let limiting = if a < b { a } else { b };
        let adiabatic_k =
            limiting * chemistry.heat_j_kmol / (self.now.mass_kg * chemistry.cp_j_kg_k);
        self.now.temperature_c + clamp(adiabatic_k, 0.0, 1e6)
    }

    /// Oxygen in the dry gas, vol%: the analysers' sample is cooled and dried.
    pub fn oxygen_pct(&self) -> f64 {
        let dry = self.state.nitrogen_mol + self.state.oxygen_mol + self.state.gas_mol;
        if dry > 0.0 {
            100.0 * self.state.oxygen_mol / dry
        } else {
            0.0
        }
    }

    /// Head-space pressure, kPa(g).
    pub fn pressure_kpa_g(&self) -> f64 {
        (self.now.pressures.total - super::headspace::ATMOSPHERE_PA) / 1e3
    }

    /// Level, % of the nominal volume.
    pub fn level_pct(&self) -> f64 {
        100.0 * self.now.volume_m3 / self.config.head_space.nominal_m3
    }

    /// A truth by name; temperatures in °C, amounts in kmol, the rest as named.
    pub fn truth(&self, name: &str) -> Option<f64> {
        let (now, state, maxima) = (&self.now, &self.state, &self.maxima);
        let thermal = &self.config.thermal;
        let jacket = &self.drives.jacket;
        let flag = |set: bool| if set { 1.0 } else { 0.0 };
        Some(match name {
            "T" => now.temperature_c,
            "Tj" => now.jacket_c,
            "X_acc" => self.accumulation(),
            "MTSR" => self.mtsr_c(),
            "P_barA" => now.pressures.total / 1e5,
            "P_kPaG" => self.pressure_kpa_g(),
            "O2" => self.oxygen_pct(),
            "dosed_kg" => self.dosed_kg,
            "dosing_vessel_kg" => self.dosing_vessel_kg,
            "feed_kg_h" => self.drives.feed_kg_s * 3600.0,
            "q_rx_kW" => now.reaction_w / 1e3,
            "q_dec_kW" => now.decomposition_w / 1e3,
            "q_jacket_kW" => now.ua_w_k * (now.temperature_c - now.jacket_c) / 1e3,
            "duty_kW" => thermal.duty_w(now.jacket_c, jacket) / 1e3,
            "cooling_available_kW" => thermal.cooling_available_w(now.jacket_c, jacket) / 1e3,
            "heating_available_kW" => thermal.heating_available_w(now.jacket_c, jacket) / 1e3,
            "level" => self.level_pct(),
            "mass_kg" => now.mass_kg,
            "nA" => state.a_kmol,
            "nB" => state.b_kmol,
            "nC" => state.c_kmol,
            "decomposed" => state.decomposed_kg / clamp(now.mass_kg + state.shed_kg, 1e-9, 1e9),
            "solvent_kg" => state.solvent_kg,
            "speed_rpm" => self.agitator.speed_rpm(),
            "P_tol_kPa" => now.pressures.vapour / 1e3,
            "burst" => flag(self.burst),
            "over_mawp" => flag(self.pressure_kpa_g() > self.config.head_space.mawp_kpa_g),
            "T_max" => maxima.temperature_c,
            "X_acc_max" => maxima.accumulation,
            "MTSR_max" => maxima.mtsr_c,
            "P_max" => maxima.pressure_bar_a,
            _ => return None,
        })
    }

    /// Starts the maxima anew from the present.
    pub fn reset_maxima(&mut self) {
        self.maxima = Maxima::of(self);
    }
}
