//! The state of R-102 and its fixed-step integration.

use crate::models::stream::Liquid;
use serde::{Deserialize, Serialize};

/// What the balances integrate: amounts, energies and ledgers only, as in R-101.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Liquid; its energy includes the vessel's.
    pub liquid: Liquid,
    /// Sensible energy of the jacket over 0 °C, J.
    pub jacket_j: f64,
    /// Hydrogen in the head space, mol.
    pub hydrogen_mol: f64,
    /// Nitrogen in the head space, mol.
    pub nitrogen_mol: f64,
    /// Oxygen in the head space, mol.
    pub oxygen_mol: f64,
    /// Methanol vapour in the head space, mol.
    pub vapour_mol: f64,
    /// Hydrogen between XV-201A and XV-201B, mol.
    pub line_mol: f64,
    /// Ledgers of what crossed the boundary since the start.
    pub ledger: Ledger,
}

/// Integrals of the flows over the boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Energy into contents, vessel and jacket, all but feeds, J.
    pub energy_j: f64,
    /// Heat released by the reaction, J.
    pub released_j: f64,
    /// Hydrogen from the supply into the line, mol.
    pub supply_mol: f64,
    /// Hydrogen through XV-201C, mol.
    pub bleed_mol: f64,
    /// Hydrogen through FV-201 into the vessel (FQ-201), mol.
    pub inlet_mol: f64,
    /// Hydrogen taken up by the reaction, mol.
    pub uptake_mol: f64,
    /// Gas from the nitrogen header, mol.
    pub nitrogen_in_mol: f64,
    /// Air in, mol.
    pub air_mol: f64,
    /// Hydrogen out of the head space, mol.
    pub hydrogen_out_mol: f64,
    /// Nitrogen out, mol.
    pub nitrogen_out_mol: f64,
    /// Oxygen out, mol.
    pub oxygen_out_mol: f64,
    /// Methanol vapour out, mol.
    pub vapour_out_mol: f64,
    /// Liquid out through the bottom.
    pub drained: Liquid,
}

macro_rules! weighted {
    ($y:expr, $h:expr, $d:expr, $($field:ident)+) => { $( $y.$field += $h * $d.$field; )+ };
}

impl State {
    /// `self + h·slope`, field by field.
    #[inline]
    #[must_use]
    pub fn plus(mut self, h: f64, slope: &State) -> State {
        self.liquid = self.liquid.plus(h, &slope.liquid);
        weighted!(self, h, slope, jacket_j hydrogen_mol nitrogen_mol oxygen_mol vapour_mol line_mol);
        weighted!(self.ledger, h, slope.ledger, energy_j released_j supply_mol bleed_mol inlet_mol
            uptake_mol nitrogen_in_mol air_mol hydrogen_out_mol nitrogen_out_mol oxygen_out_mol
            vapour_out_mol);
        self.ledger.drained = self.ledger.drained.plus(h, &slope.ledger.drained);
        self
    }

    /// One step of the classical fourth-order Runge–Kutta method.
    #[inline]
    #[must_use]
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
