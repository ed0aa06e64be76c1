//! V-105, the quench vessel under R-101, and V-104, the receiver behind E-101.
//!
//! A dump through XV-118 falls into a heel of water, which cools and stops what
//! arrives: no reaction is modelled in V-105. Both vessels are open to the vent
//! header and lose no heat. Temperature from sensible energy,
//! `θ = E/(Σ m_i·cp_i + C_wall)`.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, exp, sqrt};

use crate::models::r101::ConfigError;
use crate::models::stream::{Liquid, Materials, WATER_J_KG_K, WATER_KG_M3};

/// V-105, V-104 and the dump line. Assumed, but for the water heel of 60–75 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuenchConfig {
    /// Volume of V-105 that reads 100 %, m³.
    pub vessel_m3: f64,
    /// Water heel at the start, %. Demo design value: between 60 and 75.
    pub heel_pct: f64,
    /// Its temperature, °C.
    pub heel_c: f64,
    /// Heat capacity of the wall, J/K.
    pub wall_j_k: f64,
    /// Dump through XV-118 from an unpressurised R-101, kg/h.
    pub dump_kg_h: f64,
    /// Static head over XV-118, kPa.
    pub dump_head_kpa: f64,
    /// Vapour balance line beside it, XV-118 fully open, mol/(s Pa): without it, the
    /// emptying reactor would hold its liquid by vacuum.
    pub balance_line: f64,
    /// Volume of V-104 that reads 100 %, m³.
    pub receiver_m3: f64,
    /// Density of the condensate, kg/m³ (toluene, 20 °C).
    pub condensate_kg_m3: f64,
}

impl Default for QuenchConfig {
    fn default() -> Self {
        QuenchConfig {
            vessel_m3: 8.0,
            heel_pct: 68.0,
            heel_c: 20.0,
            wall_j_k: 0.8e6,
            dump_kg_h: 20_000.0,
            dump_head_kpa: 30.0,
            balance_line: 2e-5,
            receiver_m3: 0.5,
            condensate_kg_m3: 867.0,
        }
    }
}

impl QuenchConfig {
    /// Whether every number can stand in the equations.
    ///
    /// # Errors
    /// The first number that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("quench.vessel_m3", self.vessel_m3),
            ("quench.wall_j_k", self.wall_j_k),
            ("quench.dump_head_kpa", self.dump_head_kpa),
            ("quench.receiver_m3", self.receiver_m3),
            ("quench.condensate_kg_m3", self.condensate_kg_m3),
            ("quench.heel_pct + 1", self.heel_pct + 1.0),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        if !(0.0..=1e-4).contains(&self.balance_line) {
            return Err(ConfigError {
                field: "quench.balance_line",
                value: self.balance_line,
            });
        }
        Ok(())
    }
}

/// V-105.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quench {
    config: QuenchConfig,
    materials: Materials,
    liquid: Liquid,
}

impl Quench {
    /// The vessel with its heel.
    pub fn new(config: QuenchConfig, materials: Materials) -> Self {
        let water_kg = config.vessel_m3 * config.heel_pct / 100.0 * WATER_KG_M3;
        let energy_j = (water_kg * WATER_J_KG_K + config.wall_j_k) * config.heel_c;
        Quench {
            liquid: Liquid {
                water_kg,
                energy_j,
                ..Liquid::default()
            },
            config,
            materials,
        }
    }

    /// Dump at an opening (0..1) of XV-118 from `source_kpa_g`, kg/s.
    pub fn dump_kg_s(&self, opening: f64, source_kpa_g: f64) -> f64 {
        let head = clamp(1.0 + source_kpa_g / self.config.dump_head_kpa, 0.0, 100.0);
        opening * self.config.dump_kg_h / 3600.0 * sqrt(head)
    }

    /// Conductance of the vapour balance line at an opening (0..1) of XV-118, mol/(s Pa).
    pub fn balance_line(&self, opening: f64) -> f64 {
        opening * self.config.balance_line
    }

    /// Takes what fell in.
    pub fn receive(&mut self, liquid: &Liquid) {
        self.liquid = self.liquid.plus(1.0, liquid);
    }

    /// Adds water by hand at `celsius`; what it brought, for the books.
    pub(crate) fn add_water(&mut self, kg: f64, celsius: f64) -> Liquid {
        let water = Liquid {
            water_kg: kg,
            energy_j: kg * WATER_J_KG_K * celsius,
            ..Liquid::default()
        };
        self.receive(&water);
        water
    }

    /// Drains `kg` by hand, as far as there are so many; what left.
    pub(crate) fn drain(&mut self, kg: f64) -> Liquid {
        let mass_kg = self.materials.mass_kg(&self.liquid);
        if mass_kg <= 0.0 {
            return Liquid::default();
        }
        let share = clamp(kg / mass_kg, 0.0, 1.0);
        let mut left = self.liquid.scaled(share);
        left.energy_j = share * self.materials.capacity_j_k(&self.liquid) * self.temperature_c();
        self.liquid = self.liquid.plus(-1.0, &left);
        left
    }

    /// TT-107, °C.
    pub fn temperature_c(&self) -> f64 {
        let capacity = self.materials.capacity_j_k(&self.liquid) + self.config.wall_j_k;
        self.liquid.energy_j / capacity
    }

    /// LT-105, %.
    pub fn level_pct(&self) -> f64 {
        100.0 * self.materials.volume_m3(&self.liquid) / self.config.vessel_m3
    }

    /// What it holds; the energy includes the wall's.
    pub fn liquid(&self) -> &Liquid {
        &self.liquid
    }
}

/// V-104 and the condensate's temperature behind E-101.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receiver {
    volume_m3: f64,
    density_kg_m3: f64,
    held_kg: f64,
    condensate_c: f64,
    gain: f64,
}

/// Time constant of the condensate line, s. Assumed.
const CONDENSATE_LAG_S: f64 = 20.0;
/// Approach of the condensate to the coolant, K. Assumed.
const APPROACH_K: f64 = 25.0;

impl Receiver {
    /// An empty receiver; the condensate line at `celsius`.
    pub fn new(config: &QuenchConfig, celsius: f64, tick_s: f64) -> Self {
        Receiver {
            volume_m3: config.receiver_m3,
            density_kg_m3: config.condensate_kg_m3,
            held_kg: 0.0,
            condensate_c: celsius,
            gain: 1.0 - exp(-tick_s / CONDENSATE_LAG_S),
        }
    }

    /// One tick: `kg` of condensate arrives; E-101 has `cooling` (0..1) of its
    /// coolant at `coolant_c` and vapour at `vapour_c`.
    pub fn step(&mut self, kg: f64, cooling: f64, coolant_c: f64, vapour_c: f64) {
        self.held_kg += kg;
        let cooled = coolant_c + APPROACH_K;
        let target = vapour_c + cooling * (cooled - vapour_c);
        self.condensate_c += self.gain * (target - self.condensate_c);
    }

    /// Drains `kg` by hand, as far as there are so many; what left, kg.
    pub(crate) fn drain(&mut self, kg: f64) -> f64 {
        let left = clamp(kg, 0.0, self.held_kg);
        self.held_kg -= left;
        left
    }

    /// TT-105, °C.
    pub fn condensate_c(&self) -> f64 {
        self.condensate_c
    }

    /// Contents, kg.
    pub fn held_kg(&self) -> f64 {
        self.held_kg
    }

    /// LT-104, %.
    pub fn level_pct(&self) -> f64 {
        100.0 * self.held_kg / (self.density_kg_m3 * self.volume_m3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hot_dump_into_the_heel_mixes_by_heat_capacity() {
        let materials = Materials {
            a_kg_kmol: 150.0,
            b_kg_kmol: 120.0,
            c_kg_kmol: 270.0,
            organic_j_kg_k: 1900.0,
            organic_kg_m3: 880.0,
        };
        let mut quench = Quench::new(QuenchConfig::default(), materials);
        assert!((quench.level_pct() - 68.0).abs() < 1e-9);
        quench.receive(&Liquid {
            toluene_kg: 1000.0,
            energy_j: 1000.0 * 1900.0 * 90.0,
            ..Liquid::default()
        });
        // (5429.1 kg · 4.18 + 0.8 MJ/K)·20 + 1.9 MJ/K·90 over their sum: 25.23 °C
        assert!(
            (quench.temperature_c() - 25.23).abs() < 0.05,
            "{}",
            quench.temperature_c()
        );
        assert!((quench.level_pct() - 82.2).abs() < 0.1);
    }
}
