//! The books of the whole plant: what is in it, plus what has left, less what came in.

use super::unit::U100;
use crate::models::equipment::gas::AIR_OXYGEN;
use crate::models::stream::{HYDROGEN_KG_KMOL, METHANOL_KG_KMOL, WATER_KG_KMOL};

/// Sums that no valve, pump, reaction or fault can change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inventory {
    /// A, free and bound in C and D, kmol.
    pub a_kmol: f64,
    /// B, free and bound in C and D, kmol.
    pub b_kmol: f64,
    /// Toluene, kg.
    pub toluene_kg: f64,
    /// Methanol, kg.
    pub methanol_kg: f64,
    /// Water, less what reaction has made, kg.
    pub water_kg: f64,
    /// Catalyst, kg.
    pub catalyst_kg: f64,
    /// Hydrogen, free and taken up, mol.
    pub hydrogen_mol: f64,
    /// Nitrogen, mol.
    pub nitrogen_mol: f64,
    /// Oxygen, mol.
    pub oxygen_mol: f64,
    /// Decomposition gas, less what the liquid has shed, kg.
    pub shed_kg: f64,
    /// All mass, kg.
    pub mass_kg: f64,
    /// Sensible energy less heats of reaction and what crossed the boundary, J.
    pub energy_j: f64,
}

impl U100 {
    /// The books at present.
    pub fn inventory(&self) -> Inventory {
        let (first, second) = (self.reactor.state(), self.autoclave.state());
        let (l1, l2) = (&first.ledger, &second.ledger);
        let (chemistry, space) = (
            &self.reactor.config().chemistry,
            &self.reactor.config().head_space,
        );
        // Liquid beyond R-101, in and out of the plant, less what hands brought.
        let beyond = second
            .liquid
            .plus(1.0, self.quench.liquid())
            .plus(1.0, &self.books.gone)
            .plus(-1.0, &self.books.charged_first)
            .plus(-1.0, &self.books.charged_second);
        let solvent_kg_mol = space.solvent_kg_mol;
        let a_kmol =
            first.a_kmol + first.c_kmol + beyond.a_kmol + beyond.c_kmol + beyond.amine_kmol;
        let b_kmol = first.b_kmol
            + first.c_kmol
            + self.reactor.dosing_vessel_kg() / chemistry.molar_mass_b
            + beyond.b_kmol
            + beyond.c_kmol
            + beyond.amine_kmol;
        let toluene_kg = first.solvent_kg
            + (first.vapour_mol + l1.vapour_out_mol) * solvent_kg_mol
            + self.receiver.held_kg()
            + self.books.condensate_kg
            + beyond.toluene_kg;
        let methanol_kg =
            beyond.methanol_kg + (second.vapour_mol + l2.vapour_out_mol) * METHANOL_KG_KMOL / 1e3;
        let made_kg = 2.0 * WATER_KG_KMOL * l2.uptake_mol / 3e3;
        let water_kg = beyond.water_kg - made_kg;
        let catalyst_kg = beyond.catalyst_kg + self.autoclave.cake_kg() + self.books.cake_kg;
        let hydrogen_mol = second.hydrogen_mol
            + second.line_mol
            + l2.hydrogen_out_mol
            + l2.bleed_mol
            + l2.uptake_mol
            - l2.supply_mol;
        let header_oxygen = space.nitrogen_oxygen;
        let second_oxygen = self.autoclave.config().gas.nitrogen_oxygen;
        let air_mol = l1.air_mol + l2.air_mol;
        let header = self.header.balance_mol();
        // The header's gas is booked by the purity that R-101 takes it at.
        let oxygen_mol = first.oxygen_mol
            + l1.oxygen_out_mol
            + second.oxygen_mol
            + l2.oxygen_out_mol
            + header * header_oxygen
            + l2.nitrogen_in_mol * (header_oxygen - second_oxygen)
            - air_mol * AIR_OXYGEN;
        let nitrogen_mol = first.nitrogen_mol
            + l1.nitrogen_out_mol
            + second.nitrogen_mol
            + l2.nitrogen_out_mol
            + header * (1.0 - header_oxygen)
            + l2.nitrogen_in_mol * (second_oxygen - header_oxygen)
            - air_mol * (1.0 - AIR_OXYGEN);
        let shed_kg = (first.gas_mol + l1.gas_out_mol) * chemistry.decomposition_gas_kg_mol
            - first.shed_kg
            - beyond.shed_kg;
        // C as A and B, the amine as A, B, hydrogen and lost water.
        let mass_kg = a_kmol * chemistry.molar_mass_a
            + b_kmol * chemistry.molar_mass_b
            + toluene_kg
            + methanol_kg
            + water_kg
            + catalyst_kg
            + shed_kg
            + hydrogen_mol * HYDROGEN_KG_KMOL / 1e3
            + nitrogen_mol * 0.028_014
            + oxygen_mol * 0.031_998;
        let boundary_j = l1.energy_j + l1.drained.energy_j + l2.energy_j + l2.drained.energy_j;
        let energy_j = first.energy_j + first.jacket_j + second.jacket_j + beyond.energy_j
            - l1.released_j
            - l2.released_j
            - boundary_j;
        Inventory {
            a_kmol,
            b_kmol,
            toluene_kg,
            methanol_kg,
            water_kg,
            catalyst_kg,
            hydrogen_mol,
            nitrogen_mol,
            oxygen_mol,
            shed_kg,
            mass_kg,
            energy_j,
        }
    }

    /// What all vessels of the plant hold at present, kg: liquids and catalyst.
    pub fn held_kg(&self) -> f64 {
        self.reactor.conditions().mass_kg
            + self.reactor.dosing_vessel_kg()
            + self.autoclave.conditions().mass_kg
            + self.materials.mass_kg(self.quench.liquid())
            + self.receiver.held_kg()
            + self.autoclave.cake_kg()
    }
}
