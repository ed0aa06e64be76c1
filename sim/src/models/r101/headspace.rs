//! The head space: four gases, everything that lets gas in or out, E-101.
//!
//! Ideal gas at the temperature of the liquid: `P = Σn·R·T/V_g`,
//! `V_g = max(V_min, V_vessel − V_liquid)`. Gases: nitrogen, oxygen,
//! decomposition gas, toluene vapour.
//!
//! Toluene vapour pressure (Antoine; constants of Lange's *Handbook of
//! Chemistry*): `log10(p/mmHg) = 6.95464 − 1344.8/(219.482 + t/°C)`. Evaporation
//! runs the vapour towards it with a time constant τ:
//! `ṅ_ev = (p_v(T) − p_tol)·V_g/(R·T·τ)`.
//!
//! Flow through restrictions: [`gas`].
//!
//! A sweep mixes by the factor K (NFPA 69 purges): `(1 − K)` of what comes in
//! while something goes out passes the head space by unmixed. Swings have no
//! such short cut.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, exp};

use super::chemistry::GAS_CONSTANT;
use crate::models::equipment::gas;

pub use crate::models::equipment::gas::{AIR_OXYGEN, ATMOSPHERE_PA};

/// Head space of the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadSpace {
    /// Brim-full volume of the vessel, m³. Design basis of the demo unit.
    pub vessel_m3: f64,
    /// Volume that reads 100 % on LT-101, m³. Nominal size of the demo unit.
    pub nominal_m3: f64,
    /// Gas volume that always remains, m³. Design basis of the demo unit.
    pub gas_min_m3: f64,
    /// Full-open molar conductance of PV-101A, mol/(s Pa). Assumed: 15 Nm³/h from the nominal header.
    pub blanket_in: f64,
    /// Of XV-111. Assumed: 45 Nm³/h from the nominal header.
    pub nitrogen_in: f64,
    /// Of PV-101B. Assumed: 25 Nm³/h at 5 kPa(g).
    pub blanket_vent: f64,
    /// Of XV-112. Assumed: 60 Nm³/h at 5 kPa(g).
    pub vent: f64,
    /// Of the rupture-disc line, about DN 50. Assumed.
    pub disc_line: f64,
    /// Of an open manhole. Assumed.
    pub manhole: f64,
    /// Convective exchange through an open manhole, mol/s. Assumed.
    pub manhole_exchange_mol_s: f64,
    /// Of all leaks into the vessel under vacuum, mol/(s Pa). Assumed: 0.7 kPa in 10 min at full vacuum over the heel.
    pub leak_in: f64,
    /// Suction of VP-101, m³/h. Assumed.
    pub vacuum_pump_m3_h: f64,
    /// Ultimate pressure of VP-101, Pa. Assumed (liquid ring).
    pub vacuum_ultimate_pa: f64,
    /// Nitrogen header (PT-104), kPa(g). Assumed; low alarm at 450.
    pub header_kpa_g: f64,
    /// Oxygen in the nitrogen, mole fraction (99.9 %).
    pub nitrogen_oxygen: f64,
    /// Critical pressure ratio b of all restrictions (ISO 6358-1, typical).
    pub critical_ratio: f64,
    /// Burst pressure of PSE-101, kPa(g). Design basis of the demo unit.
    pub burst_kpa_g: f64,
    /// Whether the disc is fitted; without it the nozzle is blinded.
    pub disc_fitted: bool,
    /// Maximum allowable working pressure, kPa(g). Design basis of the demo unit.
    pub mawp_kpa_g: f64,
    /// Activity of toluene in the mixture. 1 in the design basis: the vapour is that of the pure solvent.
    pub vapour_activity: f64,
    /// Time constant τ of evaporation, s. Assumed.
    pub evaporation_lag_s: f64,
    /// Enthalpy of vaporisation of toluene, J/mol (NIST WebBook, near the boiling point).
    pub vaporisation_j_mol: f64,
    /// Molar mass of toluene, kg/mol.
    pub solvent_kg_mol: f64,
    /// Greatest duty of E-101, W. Design basis of the demo unit.
    pub condenser_max_w: f64,
    /// Share of the vapour leaving by way of E-101 that it returns while cooled. Assumed.
    pub condenser_efficiency: f64,
    /// Vapour mole fraction at which reflux sets in, at any pressure: also a vacuum over
    /// boiling solvent refluxes. Design basis: vapour pressure of 0.95 bar at atmospheric.
    pub reflux_onset: f64,
    /// Rise of the vapour fraction over which the duty comes fully in. Assumed.
    pub reflux_band: f64,
    /// Mixing factor K of a sweep, 0..1; 1 is ideally mixed.
    pub sweep_mixing: f64,
    /// Share of E-101's condensate that runs to the receiver V-104 instead of back. Design basis: none.
    pub receiver_share: f64,
}

impl Default for HeadSpace {
    fn default() -> Self {
        HeadSpace {
            vessel_m3: 3.6,
            nominal_m3: 3.0,
            gas_min_m3: 0.3,
            blanket_in: 2.65e-7,
            nitrogen_in: 7.95e-7,
            blanket_vent: 6.7e-6,
            vent: 1.61e-5,
            disc_line: 1.5e-4,
            manhole: 1.5e-4,
            manhole_exchange_mol_s: 0.6,
            leak_in: 1e-8,
            vacuum_pump_m3_h: 120.0,
            vacuum_ultimate_pa: 3000.0,
            header_kpa_g: 600.0,
            nitrogen_oxygen: 0.001,
            critical_ratio: 0.5,
            burst_kpa_g: 250.0,
            disc_fitted: true,
            mawp_kpa_g: 400.0,
            vapour_activity: 1.0,
            evaporation_lag_s: 5.0,
            vaporisation_j_mol: 33_200.0,
            solvent_kg_mol: 0.092_14,
            condenser_max_w: 60e3,
            condenser_efficiency: 0.97,
            reflux_onset: 0.938,
            reflux_band: 0.05,
            sweep_mixing: 1.0,
            receiver_share: 0.0,
        }
    }
}

/// Openings and supplies of the head space during one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GasDrive {
    /// Conductance from the nitrogen header, mol/(s Pa).
    pub inlet: f64,
    /// Header pressure, Pa(a).
    pub header_pa: f64,
    /// Conductance to the vent header by way of E-101.
    pub vent: f64,
    /// Conductance to the quench vessel (burst disc), past E-101.
    pub relief: f64,
    /// Conductance to the room (manhole), past E-101.
    pub room: f64,
    /// Exchange with the room by convection, mol/s.
    pub exchange_mol_s: f64,
    /// Suction of the vacuum pump, m³/s, by way of E-101.
    pub suction_m3_s: f64,
    /// Whether E-101 has coolant, 0..1.
    pub condenser: f64,
}

/// Partial pressures and total, Pa(a).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pressures {
    /// Gas volume, m³.
    pub volume_m3: f64,
    /// R·T/V_g, Pa/mol.
    pub per_mol: f64,
    /// Toluene vapour.
    pub vapour: f64,
    /// All gases.
    pub total: f64,
}

/// Molar flows of one instant, mol/s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GasFlows {
    /// Nitrogen header into the vessel (FT-103).
    pub inlet: f64,
    /// Air in through vent, disc, manhole and leaks.
    pub air: f64,
    /// Gas out by way of E-101, as it leaves the head space.
    pub out_by_condenser: f64,
    /// Gas out past E-101.
    pub out_direct: f64,
    /// Evaporation; negative condenses on the liquid.
    pub evaporation: f64,
    /// Reflux: vapour condensed in E-101 at boiling.
    pub reflux: f64,
}

impl HeadSpace {
    /// Vapour pressure of toluene, Pa, `celsius` held within −90..318 °C
    /// (triple and critical point).
    #[inline]
    pub fn vapour_pressure_pa(&self, celsius: f64) -> f64 {
        const LN_10: f64 = core::f64::consts::LN_10;
        let t = clamp(celsius, -90.0, 318.0);
        133.322 * exp(LN_10 * (6.954_64 - 1344.8 / (219.482 + t))) * self.vapour_activity
    }

    /// Molar flow through `conductance` from `upstream` to `downstream`, mol/s;
    /// negative when it runs the other way.
    #[inline]
    pub fn flow(&self, conductance: f64, upstream: f64, downstream: f64) -> f64 {
        gas::flow(self.critical_ratio, conductance, upstream, downstream)
    }

    /// Pressures of `dry_mol` permanent gas and `vapour_mol` over `liquid_m3` at `kelvin`.
    #[inline]
    pub fn pressures(
        &self,
        dry_mol: f64,
        vapour_mol: f64,
        liquid_m3: f64,
        kelvin: f64,
    ) -> Pressures {
        let free = self.vessel_m3 - liquid_m3;
        let volume_m3 = if free > self.gas_min_m3 {
            free
        } else {
            self.gas_min_m3
        };
        let per_mol = GAS_CONSTANT * kelvin / volume_m3;
        let vapour = vapour_mol * per_mol;
        Pressures {
            volume_m3,
            per_mol,
            vapour,
            total: dry_mol * per_mol + vapour,
        }
    }

    /// All flows at pressures `p`, liquid at `celsius`, `solvent_kg` of it left.
    #[inline]
    pub fn flows(
        &self,
        p: &Pressures,
        celsius: f64,
        solvent_kg: f64,
        drive: &GasDrive,
    ) -> GasFlows {
        let mut flows = GasFlows::default();
        let header = self.flow(drive.inlet, drive.header_pa, p.total);
        flows.inlet = if header > 0.0 { header } else { 0.0 }; // check valve
        for (conductance, by_condenser) in [(drive.vent, true), (drive.relief + drive.room, false)]
        {
            let out = self.flow(conductance, p.total, ATMOSPHERE_PA);
            if out < 0.0 {
                flows.air -= out;
            } else if by_condenser {
                flows.out_by_condenser += out;
            } else {
                flows.out_direct += out;
            }
        }
        flows.air += drive.exchange_mol_s;
        flows.out_direct += drive.exchange_mol_s * clamp(p.total / ATMOSPHERE_PA, 0.0, 1.0);
        if p.total < ATMOSPHERE_PA {
            flows.air += self.flow(self.leak_in, ATMOSPHERE_PA, p.total);
        }
        if p.total > self.vacuum_ultimate_pa {
            flows.out_by_condenser += drive.suction_m3_s * (p.total - self.vacuum_ultimate_pa)
                / (p.per_mol * p.volume_m3);
        }
        let gap =
            (self.vapour_pressure_pa(celsius) - p.vapour) / (p.per_mol * self.evaporation_lag_s);
        // The last kilograms dry out smoothly rather than go negative.
        flows.evaporation = if gap > 0.0 {
            gap * clamp(solvent_kg / 5.0, 0.0, 1.0)
        } else {
            gap
        };
        let fraction = if p.total > 0.0 {
            p.vapour / p.total
        } else {
            0.0
        };
        let duty = clamp((fraction - self.reflux_onset) / self.reflux_band, 0.0, 1.0);
        flows.reflux = drive.condenser * duty * self.condenser_max_w / self.vaporisation_j_mol;
        flows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toluene_boils_at_its_published_point() {
        // 110.6 °C at 101.325 kPa
        let pressure = HeadSpace::default().vapour_pressure_pa(110.6);
        assert!((pressure / ATMOSPHERE_PA - 1.0).abs() < 0.005, "{pressure}");
    }

    #[test]
    fn restriction_chokes_below_the_critical_ratio() {
        let space = HeadSpace::default();
        let choked = space.flow(1e-6, 700e3, 100e3);
        assert_eq!(choked, 0.7);
        assert_eq!(space.flow(1e-6, 700e3, 300e3), choked);
        assert!(space.flow(1e-6, 700e3, 500e3) < choked);
        assert_eq!(space.flow(1e-6, 100e3, 700e3), -choked);
    }

    #[test]
    fn vent_passes_its_design_flow_at_five_kilopascal() {
        // 60 Nm³/h = 0.7436 mol/s
        let space = HeadSpace::default();
        let flow = space.flow(space.vent, ATMOSPHERE_PA + 5e3, ATMOSPHERE_PA);
        assert!((flow / 0.7436 - 1.0).abs() < 0.03, "{flow}");
    }
}
