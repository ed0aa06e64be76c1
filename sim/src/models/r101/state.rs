//! The state of R-101 and its fixed-step integration.

use serde::{Deserialize, Serialize};

/// What the balances integrate. Amounts, energies and ledgers only: every
/// balance is a sum of flows, and a Runge–Kutta step keeps such sums exactly.
/// Temperatures follow from energies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Sensible energy of contents and vessel over 0 °C, J.
    pub energy_j: f64,
    /// Sensible energy of the jacket over 0 °C, J.
    pub jacket_j: f64,
    /// A, kmol.
    pub a_kmol: f64,
    /// B, kmol.
    pub b_kmol: f64,
    /// C, kmol.
    pub c_kmol: f64,
    /// Toluene in the liquid, kg.
    pub solvent_kg: f64,
    /// Share of the liquid that has decomposed, as mass, kg.
    pub decomposed_kg: f64,
    /// Mass the liquid has shed as decomposition gas, kg.
    pub shed_kg: f64,
    /// Nitrogen in the head space, mol.
    pub nitrogen_mol: f64,
    /// Oxygen in the head space, mol.
    pub oxygen_mol: f64,
    /// Decomposition gas in the head space, mol.
    pub gas_mol: f64,
    /// Toluene vapour in the head space, mol.
    pub vapour_mol: f64,
    /// Ledgers of what crossed the boundary since the start.
    pub ledger: Ledger,
}

/// Integrals of the flows over the boundary, for balances and their tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Energy into contents, vessel and jacket: duty, feed, evaporation (negative), losses, J.
    pub energy_j: f64,
    /// Liquid in (dosing) less liquid out (XV-114), kg.
    pub liquid_kg: f64,
    /// A + C in less out with the liquid, kmol; A is neither made nor lost otherwise.
    pub a_and_c_kmol: f64,
    /// B + C in less out with the liquid, kmol.
    pub b_and_c_kmol: f64,
    /// Decomposition gas out, mol.
    pub gas_out_mol: f64,
    /// Toluene vapour out, mol.
    pub vapour_out_mol: f64,
    /// Gas from the nitrogen header, mol.
    pub inlet_mol: f64,
    /// Air in, mol.
    pub air_mol: f64,
    /// Nitrogen out, mol.
    pub nitrogen_out_mol: f64,
    /// Oxygen out, mol.
    pub oxygen_out_mol: f64,
    /// Condensate to the receiver V-104, kg.
    pub distillate_kg: f64,
    /// Heat that reaction and decomposition have released, J.
    pub released_j: f64,
    /// Liquid out through the bottom.
    pub drained: Drained,
}

/// Liquid out through the bottom of the vessel, by component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drained {
    /// A, kmol.
    pub a_kmol: f64,
    /// B, kmol.
    pub b_kmol: f64,
    /// C, kmol.
    pub c_kmol: f64,
    /// Toluene, kg.
    pub solvent_kg: f64,
    /// Share that has decomposed, as mass, kg.
    pub decomposed_kg: f64,
    /// Mass shed as decomposition gas before, kg.
    pub shed_kg: f64,
    /// Sensible energy over 0 °C, J.
    pub energy_j: f64,
}

macro_rules! weighted {
    ($y:expr, $h:expr, $d:expr, $($field:ident)+) => { $( $y.$field += $h * $d.$field; )+ };
}

impl State {
    /// `self + h·slope`, field by field.
    #[inline]
    pub fn plus(mut self, h: f64, slope: &State) -> State {
        weighted!(self, h, slope, energy_j jacket_j a_kmol b_kmol c_kmol solvent_kg decomposed_kg shed_kg
            nitrogen_mol oxygen_mol gas_mol vapour_mol);
        weighted!(self.ledger, h, slope.ledger, energy_j liquid_kg a_and_c_kmol b_and_c_kmol
            gas_out_mol vapour_out_mol inlet_mol air_mol nitrogen_out_mol oxygen_out_mol
            distillate_kg released_j);
        weighted!(self.ledger.drained, h, slope.ledger.drained, a_kmol b_kmol c_kmol solvent_kg
            decomposed_kg shed_kg energy_j);
        self
    }

    /// One step of the classical fourth-order Runge–Kutta method.
    #[inline]
    pub fn advance(&self, dt_s: f64, slope: impl Fn(&State) -> State) -> State {
        let k1 = slope(self);
        let k2 = slope(&self.plus(0.5 * dt_s, &k1));
        let k3 = slope(&self.plus(0.5 * dt_s, &k2));
        let k4 = slope(&self.plus(dt_s, &k3));
        self.plus(dt_s / 6.0, &k1)
            .plus(dt_s / 3.0, &k2)
            .plus(dt_s / 3.0, &k3)
            .plus(dt_s / 6.0, &k4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runge_kutta_meets_the_exponential_to_fourth_order() {
        let mut state = State {
            a_kmol: 1.0,
            ..State::default()
        };
        for _ in 0..10 {
            state = state.advance(0.1, |s| State {
                a_kmol: -s.a_kmol,
                ..State::default()
            });
        }
        let error = (state.a_kmol - signal::math::exp(-1.0)).abs();
        assert!(error < 4e-7, "{error}");
    }
}
