//! What only the whole plant has, and how it may start.

use serde::{Deserialize, Serialize};

use crate::models::r101::ConfigError;
use crate::models::r102;
use crate::world::WorldConfig;

/// Settings of R-101 that hold in the whole plant only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct U100Config {
    /// Mixing factor K of a nitrogen sweep through R-101 (NFPA 69 purges: 0.1–1, usually 0.25–0.5).
    pub sweep_mixing: f64,
    /// Share of E-101's condensate that runs to V-104. Assumed.
    pub receiver_share: f64,
}

impl Default for U100Config {
    fn default() -> Self {
        U100Config {
            sweep_mixing: 0.5,
            receiver_share: 0.05,
        }
    }
}

impl U100Config {
    /// Whether every number can stand in the equations.
    ///
    /// # Errors
    /// The first number that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("u100.sweep_mixing", self.sweep_mixing),
            ("u100.receiver_share", self.receiver_share),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(ConfigError { field, value });
            }
        }
        Ok(())
    }
}

/// How the plant stands at time zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlantStart {
    /// As the units' own `start` says: by default R-101 with its heel, warm and
    /// inerted, ready to dose; R-102 empty and inerted, ready to receive.
    #[default]
    Charged,
    /// Nothing charged anywhere, air in both vessels, everything at 20 °C and standing.
    Empty,
    /// R-101 empty and inerted; R-102 with the charge of its design basis, inerted, at 55 °C.
    Hydrogenation,
}

impl PlantStart {
    /// Lays the start over `config`.
    pub(crate) fn lay_over(self, config: &mut WorldConfig) {
        if self == PlantStart::Charged {
            return;
        }
        let first = &mut config.r101.start;
        first.a_kg = 0.0;
        first.b_kg = 0.0;
        first.solvent_kg = 0.0;
        first.dosing_kg = 0.0;
        first.temperature_c = 20.0;
        first.agitator_on = false;
        match self {
            PlantStart::Empty => {
                first.pressure_kpa_g = 0.0;
                first.oxygen_vol_pct = 20.9;
                config.r102.start = r102::config::Start {
                    pressure_kpa_g: 0.0,
                    oxygen_vol_pct: 20.9,
                    ..r102::config::Start::default()
                };
            }
            _ => config.r102.start = r102::config::Start::charged(),
        }
    }
}
