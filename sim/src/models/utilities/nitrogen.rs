//! The nitrogen header (PT-104): a buffer fed by a proportional regulator.
//!
//! `dn/dt = ṅ_max·clamp((p_0 − p)/Δp, 0, 1) − ṅ_others − ṅ_drawn`, `p = n·R·T/V`.
//! All numbers assumed; the alarms of PT-104 (450, 350 kPa(g)) are the demo's.

use serde::{Deserialize, Serialize};
use signal::math::clamp;

use crate::models::equipment::gas::ATMOSPHERE_PA;
use crate::models::r101::ConfigError;
use crate::models::r101::chemistry::GAS_CONSTANT;

/// The header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderConfig {
    /// Set pressure of the regulator, kPa(g).
    pub set_kpa_g: f64,
    /// Its proportional band, kPa.
    pub band_kpa: f64,
    /// Greatest supply, mol/s (about 200 Nm³/h).
    pub supply_max_mol_s: f64,
    /// What other plants draw, mol/s.
    pub others_mol_s: f64,
    /// Buffer, m³.
    pub buffer_m3: f64,
}

impl Default for HeaderConfig {
    fn default() -> Self {
        HeaderConfig {
            set_kpa_g: 605.0,
            band_kpa: 40.0,
            supply_max_mol_s: 2.5,
            others_mol_s: 0.3,
            buffer_m3: 5.0,
        }
    }
}

impl HeaderConfig {
    /// Whether every number can stand in the equations.
    ///
    /// # Errors
    /// The first number that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("nitrogen.band_kpa", self.band_kpa),
            ("nitrogen.supply_max_mol_s", self.supply_max_mol_s),
            ("nitrogen.buffer_m3", self.buffer_m3),
            ("nitrogen.set_kpa_g", self.set_kpa_g),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        Ok(())
    }
}

/// Temperature of the header, K.
const HEADER_K: f64 = 293.15;

/// The header and its books.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    config: HeaderConfig,
    held_mol: f64,
    supplied_mol: f64,
    others_mol: f64,
    /// Pressure that a fault imposes, kPa(g).
    pub forced_kpa_g: Option<f64>,
}

impl Header {
    /// The header settled, with nobody but others drawing.
    pub fn new(config: HeaderConfig) -> Self {
        let droop =
            config.band_kpa * clamp(config.others_mol_s / config.supply_max_mol_s, 0.0, 1.0);
        let mut header = Header {
            config,
            held_mol: 0.0,
            supplied_mol: 0.0,
            others_mol: 0.0,
            forced_kpa_g: None,
        };
        header.held_mol = header.holding(header.config.set_kpa_g - droop);
        header
    }

    fn holding(&self, kpa_g: f64) -> f64 {
        (kpa_g * 1e3 + ATMOSPHERE_PA) * self.config.buffer_m3 / (GAS_CONSTANT * HEADER_K)
    }

    /// One tick in which units drew `drawn_mol`.
    pub fn step(&mut self, drawn_mol: f64, dt_s: f64) {
        let c = &self.config;
        let short = (c.set_kpa_g - self.pressure_kpa_g()) / c.band_kpa;
        let mut supplied = c.supply_max_mol_s * clamp(short, 0.0, 1.0) * dt_s;
        let others = c.others_mol_s * dt_s;
        let left = self.held_mol - others - drawn_mol;
        if let Some(kpa_g) = self.forced_kpa_g {
            supplied = self.holding(kpa_g) - left;
        }
        self.supplied_mol += supplied;
        self.others_mol += others;
        self.held_mol = left + supplied;
    }

    /// PT-104, kPa(g).
    pub fn pressure_kpa_g(&self) -> f64 {
        (self.held_mol * GAS_CONSTANT * HEADER_K / self.config.buffer_m3 - ATMOSPHERE_PA) / 1e3
    }

    /// Gas in the header and drawn by others, less what was supplied, mol: what
    /// units have not drawn.
    pub fn balance_mol(&self) -> f64 {
        self.held_mol + self.others_mol - self.supplied_mol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_holds_its_pressure_until_more_is_drawn_than_supplied() {
        let mut header = Header::new(HeaderConfig::default());
        let settled = header.pressure_kpa_g();
        assert!((settled - 600.2).abs() < 0.1, "{settled}");
        for _ in 0..1000 {
            header.step(0.05, 0.05); // 1 mol/s
        }
        assert!(header.pressure_kpa_g() > 565.0);
        for _ in 0..12_000 {
            header.step(0.15, 0.05); // 3 mol/s against 2.2
        }
        assert!(
            header.pressure_kpa_g() < 450.0,
            "{}",
            header.pressure_kpa_g()
        );
    }
}
