//! Kinetics of R-101: the wanted reaction and the decomposition beneath it.
//!
//! Wanted reaction A + B → C, second order:
//! `r = η·k(T)·nA·nB/V`, `k(T) = k_ref·exp(−Ea/R·(1/T − 1/T_ref))`, kmol/s.
//!
//! Decomposition of the mixture, first order in what is left of it:
//! `r_d = k_d(T)·(m − m_d)`, kg/s. `k_d` is fixed by TD24, the temperature at
//! which the adiabatic time to maximum rate is 24 h:
//! `TMR = cp·R·T²/(q'·Ea)`, hence `k_d(TD24) = cp·R·TD24²/(Ea·86 400 s·Q_d)`
//! (Stoessel, *Thermal Safety of Chemical Processes*, Wiley 2008, ch. 2).

use serde::{Deserialize, Serialize};
use signal::math::exp;

/// Gas constant, J/(mol K) (CODATA 2018, rounded).
pub const GAS_CONSTANT: f64 = 8.314_462_6;
/// 0 °C in kelvin.
pub const ZERO_C_K: f64 = 273.15;

/// Chemistry of the demo unit. All values: design basis of the demo unit,
/// unless another source is named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chemistry {
    /// Rate constant at the reference temperature, m³/(kmol s).
    pub k_ref_m3_kmol_s: f64,
    /// Reference temperature, °C.
    pub k_ref_at_c: f64,
    /// Activation energy of the wanted reaction, J/mol.
    pub activation_j_mol: f64,
    /// Heat released by the wanted reaction, J/kmol of B (−ΔH).
    pub heat_j_kmol: f64,
    /// Molar mass of A, kg/kmol.
    pub molar_mass_a: f64,
    /// Molar mass of B, kg/kmol.
    pub molar_mass_b: f64,
    /// TD24 of the decomposition, °C.
    pub td24_c: f64,
    /// Activation energy of the decomposition, J/mol.
    pub decomposition_activation_j_mol: f64,
    /// Heat of decomposition, J per kg of mixture.
    pub decomposition_heat_j_kg: f64,
    /// Permanent gas from the decomposition, mol per kg of mixture.
    pub decomposition_gas_mol_kg: f64,
    /// Molar mass of that gas, kg/mol (taken as nitrogen-like).
    pub decomposition_gas_kg_mol: f64,
    /// Specific heat of the mixture, J/(kg K).
    pub cp_j_kg_k: f64,
    /// Density of the mixture, kg/m³.
    pub density_kg_m3: f64,
    /// Ceiling on either reaction's first-order rate constant, 1/s.
    ///
    /// A half-life under 0.2 s is instantaneous to every instrument; the ceiling
    /// keeps the fixed integration step stable through a thermal explosion.
    pub rate_ceiling_per_s: f64,
}

impl Default for Chemistry {
    fn default() -> Self {
        Chemistry {
            k_ref_m3_kmol_s: 2e-3,
            k_ref_at_c: 40.0,
            activation_j_mol: 75e3,
            heat_j_kmol: 160e6,
            molar_mass_a: 150.0,
            molar_mass_b: 120.0,
            td24_c: 80.0,
            decomposition_activation_j_mol: 140e3,
            decomposition_heat_j_kg: 400e3,
            decomposition_gas_mol_kg: 2.0,
            decomposition_gas_kg_mol: 0.028,
            cp_j_kg_k: 1900.0,
            density_kg_m3: 880.0,
            rate_ceiling_per_s: 4.0,
        }
    }
}

impl Chemistry {
    /// Molar mass of C, kg/kmol: that of A and B together.
    pub fn molar_mass_c(&self) -> f64 {
        self.molar_mass_a + self.molar_mass_b
    }
}

/// The two rate constants, with everything constant worked out beforehand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kinetics {
    k_ref: f64,
    slope_k: f64,
    per_reference: f64,
    kd_td24: f64,
    kd_slope_k: f64,
    per_td24: f64,
    ceiling: f64,
}

impl Kinetics {
    /// Prepares the constants of `chemistry`.
    pub fn new(chemistry: &Chemistry) -> Self {
        let td24_k = chemistry.td24_c + ZERO_C_K;
        let activation = chemistry.decomposition_activation_j_mol;
        Kinetics {
            k_ref: chemistry.k_ref_m3_kmol_s,
            slope_k: chemistry.activation_j_mol / GAS_CONSTANT,
            per_reference: 1.0 / (chemistry.k_ref_at_c + ZERO_C_K),
            kd_td24: chemistry.cp_j_kg_k * GAS_CONSTANT * td24_k * td24_k
                / (activation * 86_400.0 * chemistry.decomposition_heat_j_kg),
            kd_slope_k: activation / GAS_CONSTANT,
            per_td24: 1.0 / td24_k,
            ceiling: chemistry.rate_ceiling_per_s,
        }
    }

    /// Rate of A + B → C, kmol/s; amounts in kmol, volume in m³, temperature in K.
    #[inline]
    pub fn reaction(&self, temperature_k: f64, mixing: f64, a: f64, b: f64, volume_m3: f64) -> f64 {
        if a <= 0.0 || b <= 0.0 {
            return 0.0;
        }
        let k = self.k_ref * exp(-self.slope_k * (1.0 / temperature_k - self.per_reference));
        let per_kmol = mixing * k / volume_m3;
        let ceiling = self.ceiling / (a + b);
        (if per_kmol < ceiling {
            per_kmol
        } else {
            ceiling
        }) * a
            * b
    }

    /// First-order rate constant of the decomposition, 1/s.
    #[inline]
    pub fn decomposition(&self, temperature_k: f64) -> f64 {
        let kd = self.kd_td24 * exp(-self.kd_slope_k * (1.0 / temperature_k - self.per_td24));
        if kd < self.ceiling { kd } else { self.ceiling }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_maximum_rate_at_td24_is_a_day() {
        let chemistry = Chemistry::default();
        let kinetics = Kinetics::new(&chemistry);
        let td24_k = chemistry.td24_c + ZERO_C_K;
        let power_w_kg = kinetics.decomposition(td24_k) * chemistry.decomposition_heat_j_kg;
        let tmr_s = chemistry.cp_j_kg_k * GAS_CONSTANT * td24_k * td24_k
            / (power_w_kg * chemistry.decomposition_activation_j_mol);
        assert!((tmr_s / 86_400.0 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rate_at_the_reference_point_is_the_law_by_hand() {
        // 2e-3 m³/(kmol s) × 2.4 kmol × 1.0 kmol / 1.6 m³ = 3e-3 kmol/s
        let kinetics = Kinetics::new(&Chemistry::default());
        let rate = kinetics.reaction(313.15, 1.0, 2.4, 1.0, 1.6);
        assert!((rate - 3e-3).abs() < 1e-15);
        assert!((kinetics.reaction(313.15, 0.03, 2.4, 1.0, 1.6) - 9e-5).abs() < 1e-16);
    }

    #[test]
    fn ten_kelvin_more_at_forty_degrees_speeds_the_reaction_by_the_arrhenius_factor() {
        // exp(75000/8.3144626·(1/313.15 − 1/323.15)) = 2.4386
        let kinetics = Kinetics::new(&Chemistry::default());
        let factor = kinetics.reaction(323.15, 1.0, 1.0, 1.0, 1.0)
            / kinetics.reaction(313.15, 1.0, 1.0, 1.0, 1.0);
        assert!((factor - 2.438).abs() < 2e-3, "{factor}");
    }
}
