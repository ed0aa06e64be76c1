//! Liquid by component: what stands in a vessel and what flows between vessels.

use serde::{Deserialize, Serialize};

/// Amounts of liquid components, and the sensible energy that goes with them.
///
/// The same struct is a content (amounts), a flow (amounts per second) and a
/// ledger (amounts that have passed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Liquid {
    /// A, kmol.
    pub a_kmol: f64,
    /// B, kmol.
    pub b_kmol: f64,
    /// C, the nitro compound, kmol.
    pub c_kmol: f64,
    /// D, the amine made of C, kmol.
    pub amine_kmol: f64,
    /// Toluene, kg.
    pub toluene_kg: f64,
    /// Methanol, kg.
    pub methanol_kg: f64,
    /// Water, kg.
    pub water_kg: f64,
    /// Catalyst with its carbon, kg.
    pub catalyst_kg: f64,
    /// Share of all this that has decomposed, as mass, kg. No mass of its own.
    pub decomposed_kg: f64,
    /// Mass shed as decomposition gas, kg: to be taken off.
    pub shed_kg: f64,
    /// Sensible energy over 0 °C, J.
    pub energy_j: f64,
}

macro_rules! each {
    ($liquid:ident, $with:ident, $change:expr) => {{
        let change = $change;
        change(&mut $liquid.a_kmol, $with.a_kmol);
        change(&mut $liquid.b_kmol, $with.b_kmol);
        change(&mut $liquid.c_kmol, $with.c_kmol);
        change(&mut $liquid.amine_kmol, $with.amine_kmol);
        change(&mut $liquid.toluene_kg, $with.toluene_kg);
        change(&mut $liquid.methanol_kg, $with.methanol_kg);
        change(&mut $liquid.water_kg, $with.water_kg);
        change(&mut $liquid.catalyst_kg, $with.catalyst_kg);
        change(&mut $liquid.decomposed_kg, $with.decomposed_kg);
        change(&mut $liquid.shed_kg, $with.shed_kg);
        change(&mut $liquid.energy_j, $with.energy_j);
    }};
}

impl Liquid {
    /// `self + h·other`, component by component.
    #[inline]
    #[must_use]
    pub fn plus(mut self, h: f64, other: &Liquid) -> Liquid {
        each!(self, other, |x: &mut f64, y: f64| *x += h * y);
        self
    }

    /// `h·self`.
    #[inline]
    #[must_use]
    pub fn scaled(self, h: f64) -> Liquid {
        Liquid::default().plus(h, &self)
    }
}

/// Molar masses, heat capacities and densities of the components.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Materials {
    /// Of A, kg/kmol.
    pub a_kg_kmol: f64,
    /// Of B, kg/kmol.
    pub b_kg_kmol: f64,
    /// Of C, kg/kmol.
    pub c_kg_kmol: f64,
    /// Specific heat of A, B, C, D, toluene and catalyst, J/(kg K): the mixture's of R-101.
    pub organic_j_kg_k: f64,
    /// Density of the same, kg/m³.
    pub organic_kg_m3: f64,
}

/// Molar mass of hydrogen, kg/kmol (IUPAC standard atomic weights).
pub const HYDROGEN_KG_KMOL: f64 = 2.016;
/// Molar mass of water, kg/kmol.
pub const WATER_KG_KMOL: f64 = 18.015;
/// Molar mass of methanol, kg/kmol.
pub const METHANOL_KG_KMOL: f64 = 32.042;
/// Molar mass of toluene, kg/kmol.
pub const TOLUENE_KG_KMOL: f64 = 92.14;
/// Specific heat of methanol, J/(kg K) (NIST WebBook, liquid at 25 °C).
pub const METHANOL_J_KG_K: f64 = 2530.0;
/// Specific heat of water, J/(kg K).
pub const WATER_J_KG_K: f64 = 4180.0;
/// Density of methanol, kg/m³ (20 °C).
pub const METHANOL_KG_M3: f64 = 791.0;
/// Density of water, kg/m³.
pub const WATER_KG_M3: f64 = 998.0;

impl Materials {
    /// Molar mass of the amine: C with three hydrogen taken up, two water given off, kg/kmol.
    #[inline]
    pub fn amine_kg_kmol(&self) -> f64 {
        self.c_kg_kmol + 3.0 * HYDROGEN_KG_KMOL - 2.0 * WATER_KG_KMOL
    }

    #[inline]
    fn organic_kg(&self, l: &Liquid) -> f64 {
        l.a_kmol * self.a_kg_kmol
            + l.b_kmol * self.b_kg_kmol
            + l.c_kmol * self.c_kg_kmol
            + l.amine_kmol * self.amine_kg_kmol()
            + l.toluene_kg
            + l.catalyst_kg
            - l.shed_kg
    }

    /// Mass, kg.
    #[inline]
    pub fn mass_kg(&self, l: &Liquid) -> f64 {
        self.organic_kg(l) + l.methanol_kg + l.water_kg
    }

    /// Heat capacity, J/K.
    #[inline]
    pub fn capacity_j_k(&self, l: &Liquid) -> f64 {
        self.organic_kg(l) * self.organic_j_kg_k
            + l.methanol_kg * METHANOL_J_KG_K
            + l.water_kg * WATER_J_KG_K
    }

    /// Volume, volumes being additive, m³.
    #[inline]
    pub fn volume_m3(&self, l: &Liquid) -> f64 {
        self.organic_kg(l) / self.organic_kg_m3
            + l.methanol_kg / METHANOL_KG_M3
            + l.water_kg / WATER_KG_M3
    }

    /// Mole fraction of methanol in the liquid.
    #[inline]
    pub fn methanol_fraction(&self, l: &Liquid) -> f64 {
        let methanol = l.methanol_kg / METHANOL_KG_KMOL;
        let all = methanol
            + l.a_kmol
            + l.b_kmol
            + l.c_kmol
            + l.amine_kmol
            + l.toluene_kg / TOLUENE_KG_KMOL
            + l.water_kg / WATER_KG_KMOL;
        if all > 1e-9 { methanol / all } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hydrogenation_keeps_the_mass() {
        let materials = Materials {
            a_kg_kmol: 150.0,
            b_kg_kmol: 120.0,
            c_kg_kmol: 270.0,
            organic_j_kg_k: 1900.0,
            organic_kg_m3: 880.0,
        };
        let made = materials.amine_kg_kmol() + 2.0 * WATER_KG_KMOL;
        assert!((made - 270.0 - 3.0 * HYDROGEN_KG_KMOL).abs() < 1e-9);
    }
}
