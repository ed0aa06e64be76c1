//! What is true in R-102, by name: for tests and scenarios, never for control.

use super::balance::Conditions;
use super::unit::R102;
use crate::models::equipment::gas::{ATMOSPHERE_PA, NM3_H_PER_MOL_S};
use serde::{Deserialize, Serialize};

/// Running maxima since the start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Maxima {
    temperature_c: f64,
    pressure_pa: f64,
}

impl Maxima {
    pub(super) fn of(now: &Conditions) -> Self {
        Maxima {
            temperature_c: now.temperature_c,
            pressure_pa: now.pressure_pa,
        }
    }

    pub(super) fn with(&self, other: &Maxima) -> Self {
        let larger = |a: f64, b: f64| if b > a { b } else { a };
        Maxima {
            temperature_c: larger(self.temperature_c, other.temperature_c),
            pressure_pa: larger(self.pressure_pa, other.pressure_pa),
        }
    }
}

/// Names of all truths of R-102; °C, kPa(g), kg, kmol or as named.
pub const TRUTHS: [&str; 30] = [
    "R102.T",
    "R102.Tj",
    "R102.P_kPaG",
    "R102.H2_kPa",
    "R102.O2",
    "R102.H2",
    "R102.mass_kg",
    "R102.level",
    "R102.speed_rpm",
    "R102.nC",
    "R102.nD",
    "R102.conversion",
    "R102.methanol_kg",
    "R102.toluene_kg",
    "R102.water_kg",
    "R102.catalyst_kg",
    "R102.uptake_Nm3_h",
    "R102.uptake_mol",
    "R102.inlet_Nm3_h",
    "R102.inlet_mol",
    "R102.bleed_mol",
    "R102.line_kPaG",
    "R102.supply_kPaG",
    "R102.q_rx_kW",
    "R102.duty_kW",
    "R102.cake_kg",
    "R102.burst",
    "R102.over_mawp",
    "R102.T_max",
    "R102.P_max_kPaG",
];

impl R102 {
    /// A truth by name.
    pub fn truth(&self, name: &str) -> Option<f64> {
        let (now, state, liquid) = (&self.now, &self.state, &self.state.liquid);
        let flag = |set: bool| if set { 1.0 } else { 0.0 };
        let gauge = |pa: f64| (pa - ATMOSPHERE_PA) / 1e3;
        Some(match name.strip_prefix("R102.")? {
            "T" => now.temperature_c,
            "Tj" => now.jacket_c,
            "P_kPaG" => self.pressure_kpa_g(),
            "H2_kPa" => now.hydrogen_pa / 1e3,
            "O2" => self.oxygen_pct(),
            "H2" => self.hydrogen_pct(),
            "mass_kg" => now.mass_kg,
            "level" => self.level_pct(),
            "speed_rpm" => self.shaft_rpm(),
            "nC" => liquid.c_kmol,
            "nD" => liquid.amine_kmol,
            "conversion" => {
                let both = liquid.c_kmol + liquid.amine_kmol;
                if both > 0.0 {
                    liquid.amine_kmol / both
                } else {
                    0.0
                }
            }
            "methanol_kg" => liquid.methanol_kg,
            "toluene_kg" => liquid.toluene_kg,
            "water_kg" => liquid.water_kg,
            "catalyst_kg" => liquid.catalyst_kg,
            "uptake_Nm3_h" => now.uptake_mol_s * NM3_H_PER_MOL_S,
            "uptake_mol" => state.ledger.uptake_mol,
            "inlet_Nm3_h" => now.inlet_mol_s * NM3_H_PER_MOL_S,
            "inlet_mol" => state.ledger.inlet_mol,
            "bleed_mol" => state.ledger.bleed_mol,
            "line_kPaG" => gauge(now.line_pa),
            "supply_kPaG" => self.supply_kpa_g(),
            "q_rx_kW" => now.uptake_mol_s / 3.0 * self.config.hydrogenation.heat_j_mol / 1e3,
            "duty_kW" => {
                self.config
                    .thermal
                    .duty_w(now.jacket_c, &self.drives.jacket)
                    / 1e3
            }
            "cake_kg" => self.cake_kg(),
            "burst" => flag(self.burst),
            "over_mawp" => flag(self.pressure_kpa_g() > self.config.gas.mawp_kpa_g),
            "T_max" => self.maxima.temperature_c,
            "P_max_kPaG" => gauge(self.maxima.pressure_pa),
            _ => return None,
        })
    }
}
