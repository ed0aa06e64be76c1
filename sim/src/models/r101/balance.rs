//! The balances of R-101: contents, jacket and head space.
//!
//! With θ the temperature in °C, m the liquid mass, `C = m·cp + C_vessel`:
//!
//! ```text
//! energy      d(C·θ)/dt = r·ΔH + r_d·Q_d − Q_j − Q_amb + F·cp·θ_feed
//!                         − ṅ_ev·(M·cp·θ + L) + ṅ_ret·M·cp·θ − ṁ_shed·cp·θ − ṁ_out·cp·θ
//! jacket      d(C_j·θ_j)/dt = Q_j + Q_duty
//! A, B, C     dnA/dt = −r,  dnB/dt = F/M_B − r,  dnC/dt = r          (each − share of ṁ_out)
//! solvent     dm_s/dt = −(ṅ_ev − ṅ_ret)·M
//! gases       dn_i/dt = in_i − y_i·out,  dn_v/dt = ṅ_ev − y_v·out − ṅ_reflux
//! ```
//!
//! `ṅ_ret` is what E-101 returns: the reflux and most of the vapour that leaves
//! by way of it. Latent heat thus leaves the liquid on evaporation and the
//! process in the condenser. Agitator power is neglected, as in the design basis.

use serde::{Deserialize, Serialize};
use signal::math::clamp;

use super::chemistry::{Chemistry, Kinetics, ZERO_C_K};
use super::headspace::{AIR_OXYGEN, GasDrive, GasFlows, HeadSpace, Pressures};
use super::state::{Drained, State};
use crate::models::equipment::agitation::Agitation;
use crate::models::equipment::heat::{JacketDrive, Thermal};

/// Everything that drives the balances over one step; constant over the step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drives {
    /// Feed of B, kg/s.
    pub feed_kg_s: f64,
    /// Liquid out through XV-114, kg/s, while there is any.
    pub drain_kg_s: f64,
    /// Stirring factor, 0..1.
    pub stirring: f64,
    /// Jacket side.
    pub jacket: JacketDrive,
    /// Gas side.
    pub gas: GasDrive,
}

/// What follows from a state without integration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Contents, °C.
    pub temperature_c: f64,
    /// Jacket, °C.
    pub jacket_c: f64,
    /// Liquid, kg.
    pub mass_kg: f64,
    /// Liquid, m³.
    pub volume_m3: f64,
    /// Head space.
    pub pressures: Pressures,
    /// Heat of the wanted reaction, W.
    pub reaction_w: f64,
    /// Heat of the decomposition, W.
    pub decomposition_w: f64,
    /// Heat transfer coefficient × area, W/K.
    pub ua_w_k: f64,
    /// Gas flows.
    pub flows: GasFlows,
}

/// The balances with their parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Balance {
    chemistry: Chemistry,
    kinetics: Kinetics,
    thermal: Thermal,
    agitation: Agitation,
    head_space: HeadSpace,
    feed_c: f64,
    molar_mass_c: f64,
}

/// Liquid never divides by less than this, m³.
const VOLUME_MIN_M3: f64 = 1e-3;

impl Balance {
    /// Balances with the given parameters; `feed_c` is the temperature of B, °C.
    pub fn new(
        chemistry: Chemistry,
        thermal: Thermal,
        agitation: Agitation,
        head_space: HeadSpace,
        feed_c: f64,
    ) -> Self {
        let kinetics = Kinetics::new(&chemistry);
        let molar_mass_c = chemistry.molar_mass_c();
        Balance {
            chemistry,
            kinetics,
            thermal,
            agitation,
            head_space,
            feed_c,
            molar_mass_c,
        }
    }

    /// Liquid mass, kg.
    #[inline]
    pub fn mass_kg(&self, s: &State) -> f64 {
        let c = &self.chemistry;
        s.a_kmol * c.molar_mass_a
            + s.b_kmol * c.molar_mass_b
            + s.c_kmol * self.molar_mass_c
            + s.solvent_kg
            - s.shed_kg
    }

    /// Heat capacity of contents and vessel, J/K.
    #[inline]
    pub fn capacity_j_k(&self, mass_kg: f64) -> f64 {
        mass_kg * self.chemistry.cp_j_kg_k + self.thermal.vessel_j_k
    }

    /// Temperatures, pressures and rates at `s` under `d`.
    #[inline]
    pub fn conditions(&self, s: &State, d: &Drives) -> Conditions {
        let mass_kg = self.mass_kg(s);
        let temperature_c = s.energy_j / self.capacity_j_k(mass_kg);
        let jacket_c = s.jacket_j / self.thermal.jacket_j_k;
        let kelvin = temperature_c + ZERO_C_K;
        let volume_m3 = mass_kg / self.chemistry.density_kg_m3;
        let held_m3 = if volume_m3 > VOLUME_MIN_M3 {
            volume_m3
        } else {
            VOLUME_MIN_M3
        };
        let dry_mol = s.nitrogen_mol + s.oxygen_mol + s.gas_mol;
        let pressures = self
            .head_space
            .pressures(dry_mol, s.vapour_mol, volume_m3, kelvin);
        let mixing = self.agitation.mixing(d.stirring);
        let rate = self
            .kinetics
            .reaction(kelvin, mixing, s.a_kmol, s.b_kmol, held_m3);
        let left_kg = clamp(mass_kg + s.shed_kg - s.decomposed_kg, 0.0, 1e9);
        let decay = self.kinetics.decomposition(kelvin) * left_kg;
        Conditions {
            temperature_c,
            jacket_c,
            mass_kg,
            volume_m3,
            pressures,
            reaction_w: rate * self.chemistry.heat_j_kmol,
            decomposition_w: decay * self.chemistry.decomposition_heat_j_kg,
            ua_w_k: self.thermal.ua_w_k(d.stirring, &d.jacket),
            flows: self
                .head_space
                .flows(&pressures, temperature_c, s.solvent_kg, &d.gas),
        }
    }

    /// Time derivative of the state.
    #[inline]
    pub fn slope(&self, s: &State, d: &Drives) -> State {
        let chemistry = &self.chemistry;
        let now = self.conditions(s, d);
        let cp = chemistry.cp_j_kg_k;
        let theta = now.temperature_c;
        let rate = now.reaction_w / chemistry.heat_j_kmol;
        let decay_kg_s = now.decomposition_w / chemistry.decomposition_heat_j_kg;
        let shed_mol_s = decay_kg_s * chemistry.decomposition_gas_mol_kg;
        let shed_kg_s = shed_mol_s * chemistry.decomposition_gas_kg_mol;

        // Gas: each stream leaves with the composition of the head space.
        let f = &now.flows;
        let total_mol = s.nitrogen_mol + s.oxygen_mol + s.gas_mol + s.vapour_mol;
        let per_mol = if total_mol > 0.0 {
            1.0 / total_mol
        } else {
            0.0
        };
        let leaves = f.out_by_condenser + f.out_direct;
        let swept = if f.inlet < leaves { f.inlet } else { leaves };
        let unmixed = (1.0 - self.head_space.sweep_mixing) * swept;
        let mixed = if unmixed > 0.0 {
            1.0 - unmixed / leaves
        } else {
            1.0
        };
        let out = leaves * per_mol * mixed;
        let inlet = f.inlet - unmixed;
        let inlet_oxygen = self.head_space.nitrogen_oxygen;
        let nitrogen =
            inlet * (1.0 - inlet_oxygen) + f.air * (1.0 - AIR_OXYGEN) - s.nitrogen_mol * out;
        let oxygen = inlet * inlet_oxygen + f.air * AIR_OXYGEN - s.oxygen_mol * out;
        let gas_out = s.gas_mol * out;
        let vapour_out = s.vapour_mol * out;
        let caught = s.vapour_mol
            * f.out_by_condenser
            * per_mol
            * d.gas.condenser
            * self.head_space.condenser_efficiency
            * mixed;
        let distillate = (f.reflux + caught) * self.head_space.receiver_share;
        let returned = f.reflux + caught - distillate;

        // Liquid leaves with the composition of the liquid.
        let drain = if now.mass_kg > 0.0 {
            d.drain_kg_s * clamp(now.mass_kg, 0.0, 1.0) / now.mass_kg
        } else {
            0.0
        };
        let feed_kmol = d.feed_kg_s / chemistry.molar_mass_b;

        // Heat.
        let to_jacket = now.ua_w_k * (theta - now.jacket_c);
        let duty = self.thermal.duty_w(now.jacket_c, &d.jacket);
        let ambient = self.thermal.ambient_w_k * (theta - self.thermal.ambient_c);
        let solvent_kg_mol = self.head_space.solvent_kg_mol;
        let evaporation =
            f.evaporation * (solvent_kg_mol * cp * theta + self.head_space.vaporisation_j_mol);
        let boundary = d.feed_kg_s * cp * self.feed_c - ambient - evaporation
            + returned * solvent_kg_mol * cp * theta
            - shed_kg_s * cp * theta
            - drain * now.mass_kg * cp * theta;

        let mut slope = State {
            energy_j: now.reaction_w + now.decomposition_w - to_jacket + boundary,
            jacket_j: to_jacket + duty,
            a_kmol: -rate - drain * s.a_kmol,
            b_kmol: feed_kmol - rate - drain * s.b_kmol,
            c_kmol: rate - drain * s.c_kmol,
            solvent_kg: (returned - f.evaporation) * solvent_kg_mol - drain * s.solvent_kg,
            decomposed_kg: decay_kg_s - drain * s.decomposed_kg,
            shed_kg: shed_kg_s - drain * s.shed_kg,
            nitrogen_mol: nitrogen,
            oxygen_mol: oxygen,
            gas_mol: shed_mol_s - gas_out,
            vapour_mol: f.evaporation - vapour_out - f.reflux,
            ..State::default()
        };
        let ledger = &mut slope.ledger;
        ledger.energy_j = duty + boundary;
        ledger.liquid_kg = d.feed_kg_s - drain * now.mass_kg;
        ledger.a_and_c_kmol = -drain * (s.a_kmol + s.c_kmol);
        ledger.b_and_c_kmol = feed_kmol - drain * (s.b_kmol + s.c_kmol);
        ledger.gas_out_mol = gas_out;
        ledger.vapour_out_mol = vapour_out - caught;
        ledger.inlet_mol = f.inlet;
        ledger.air_mol = f.air;
        ledger.nitrogen_out_mol = s.nitrogen_mol * out + unmixed * (1.0 - inlet_oxygen);
        ledger.oxygen_out_mol = s.oxygen_mol * out + unmixed * inlet_oxygen;
        ledger.distillate_kg = distillate * solvent_kg_mol;
        ledger.released_j = now.reaction_w + now.decomposition_w;
        ledger.drained = Drained {
            a_kmol: drain * s.a_kmol,
            b_kmol: drain * s.b_kmol,
            c_kmol: drain * s.c_kmol,
            solvent_kg: drain * s.solvent_kg,
            decomposed_kg: drain * s.decomposed_kg,
            shed_kg: drain * s.shed_kg,
            energy_j: drain * now.mass_kg * cp * theta,
        };
        slope
    }
}
