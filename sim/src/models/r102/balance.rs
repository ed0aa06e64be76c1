//! The balances of R-102: contents, jacket, head space, hydrogen line.
//!
//! Hydrogen is taken up through transfer and reaction in series, both first
//! order in its partial pressure:
//!
//! ```text
//! uptake   ṅ = p_H2/(1/G_m + 1/G_r)                                  mol H2/s
//! transfer G_m = G_m0·max(f_0, (N/N_0)^1.5)
//! reaction G_r = G_r0·exp(−Ea/R·(1/T − 1/T_0))·(m_cat/m_cat0)·n/(n + n_½)
//! ```
//!
//! (two-film theory with the liquid in quasi-steady state: Levenspiel, *Chemical
//! Reaction Engineering*, 3rd ed., ch. 23–24). Per mole of nitro compound: three
//! hydrogen, 540 kJ, two water. Methanol vapour follows Raoult's law;
//! its vapour pressure is Antoine's with the constants of Lange's *Handbook of
//! Chemistry*: `log10(p/mmHg) = 8.08097 − 1582.271/(239.726 + t/°C)`.
//!
//! ```text
//! energy   d(C·θ)/dt = ṅ/3·ΔH − Q_j − Q_amb + feed − ṅ_ev·(M·cp·θ + L) − ṁ_out·cp·θ
//! line     dn_l/dt   = C_A·ψ(supply → line) − C_C·ψ(line → vent) − C_B,FV·ψ(line → vessel)
//! gases    dn_i/dt   = in_i − y_i·out − uptake_i
//! ```

use serde::{Deserialize, Serialize};
use signal::math::{clamp, exp};

use super::config::{GasSide, Hydrogenation, R102Config};
use super::state::State;
use crate::models::equipment::gas::{AIR_OXYGEN, ATMOSPHERE_PA, flow};
use crate::models::equipment::heat::{JacketDrive, Thermal};
use crate::models::r101::chemistry::{GAS_CONSTANT, ZERO_C_K};
use crate::models::stream::{Liquid, METHANOL_J_KG_K, METHANOL_KG_KMOL, Materials, WATER_KG_KMOL};

/// Everything that drives the balances over one step; constant over the step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drives {
    /// Liquid in, per second.
    pub feed: Liquid,
    /// Liquid out, kg/s, while there is any.
    pub drain_kg_s: f64,
    /// Stirring factor of heat transfer, 0..1.
    pub stirring: f64,
    /// Transfer factor (N/N_0)^1.5 with its floor.
    pub transfer: f64,
    /// Jacket side.
    pub jacket: JacketDrive,
    /// Hydrogen supply, Pa(a).
    pub supply_pa: f64,
    /// Conductance of XV-201A, mol/(s Pa).
    pub supply: f64,
    /// Of XV-201C.
    pub bleed: f64,
    /// Of XV-201B, the SIS valve and FV-201 in series.
    pub inlet: f64,
    /// Of XV-203.
    pub nitrogen: f64,
    /// Nitrogen header, Pa(a).
    pub header_pa: f64,
    /// Of the depressurising line.
    pub vent: f64,
    /// Of disc and safety valve.
    pub relief: f64,
}

impl Drives {
    /// Everything shut and standing still.
    pub fn shut() -> Self {
        Drives {
            feed: Liquid::default(),
            drain_kg_s: 0.0,
            stirring: 0.0,
            transfer: 0.0,
            jacket: JacketDrive {
                cooling: 0.0,
                heating: 0.0,
                brine: 0.0,
                coolant_c: 0.0,
                coolant_kpa_g: 0.0,
                circulation_m3_h: 0.0,
            },
            supply_pa: ATMOSPHERE_PA,
            supply: 0.0,
            bleed: 0.0,
            inlet: 0.0,
            nitrogen: 0.0,
            header_pa: ATMOSPHERE_PA,
            vent: 0.0,
            relief: 0.0,
        }
    }
}

/// What follows from a state without integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Contents, °C.
    pub temperature_c: f64,
    /// Jacket, °C.
    pub jacket_c: f64,
    /// Liquid and catalyst, kg.
    pub mass_kg: f64,
    /// Liquid, m³.
    pub volume_m3: f64,
    /// R·T/V_g, Pa/mol.
    pub per_mol: f64,
    /// Hydrogen, Pa.
    pub hydrogen_pa: f64,
    /// Methanol vapour, Pa.
    pub vapour_pa: f64,
    /// All gases, Pa(a).
    pub pressure_pa: f64,
    /// Between the block valves, Pa(a).
    pub line_pa: f64,
    /// Hydrogen taken up, mol/s.
    pub uptake_mol_s: f64,
    /// Hydrogen through FV-201, mol/s.
    pub inlet_mol_s: f64,
    /// Heat transfer coefficient × area, W/K.
    pub ua_w_k: f64,
}

/// The balances with their parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Balance {
    hydrogenation: Hydrogenation,
    gas: GasSide,
    thermal: Thermal,
    materials: Materials,
}

/// Temperature of the hydrogen in its line, K.
const LINE_K: f64 = 293.15;

impl Balance {
    /// Balances with the given parameters.
    pub fn new(config: &R102Config, materials: Materials) -> Self {
        Balance {
            hydrogenation: config.hydrogenation.clone(),
            gas: config.gas.clone(),
            thermal: config.thermal.clone(),
            materials,
        }
    }

    /// Materials.
    pub fn materials(&self) -> &Materials {
        &self.materials
    }

    /// Pressure of one mole in the hydrogen line, Pa.
    pub fn line_pa_per_mol(&self) -> f64 {
        GAS_CONSTANT * LINE_K / self.gas.line_m3
    }

    /// Pressure of one mole over `liquid_m3` of liquid at `celsius`, Pa.
    #[inline]
    pub fn pa_per_mol(&self, liquid_m3: f64, celsius: f64) -> f64 {
        let free = self.gas.vessel_m3 - liquid_m3;
        let volume_m3 = if free > self.gas.gas_min_m3 {
            free
        } else {
            self.gas.gas_min_m3
        };
        GAS_CONSTANT * (celsius + ZERO_C_K) / volume_m3
    }

    /// Vapour pressure of methanol over `liquid` at `celsius`, Pa; the temperature
    /// held within −90..230 °C.
    #[inline]
    pub fn vapour_pressure_pa(&self, liquid: &Liquid, celsius: f64) -> f64 {
        const LN_10: f64 = core::f64::consts::LN_10;
        let fraction = self.materials.methanol_fraction(liquid);
        if fraction <= 0.0 {
            return 0.0;
        }
        let t = clamp(celsius, -90.0, 230.0);
        fraction * 133.322 * exp(LN_10 * (8.080_97 - 1582.271 / (239.726 + t)))
    }

    /// Temperatures, pressures and rates at `s` under `d`.
    #[inline]
    pub fn conditions(&self, s: &State, d: &Drives) -> Conditions {
        let l = &s.liquid;
        let capacity = self.materials.capacity_j_k(l) + self.thermal.vessel_j_k;
        let temperature_c = l.energy_j / capacity;
        let volume_m3 = self.materials.volume_m3(l);
        let per_mol = self.pa_per_mol(volume_m3, temperature_c);
        let hydrogen_pa = s.hydrogen_mol * per_mol;
        let vapour_pa = s.vapour_mol * per_mol;
        let pressure_pa = (s.nitrogen_mol + s.oxygen_mol) * per_mol + hydrogen_pa + vapour_pa;
        let line_pa = s.line_mol * self.line_pa_per_mol();
        let inlet = flow(self.gas.critical_ratio, d.inlet, line_pa, pressure_pa);
        Conditions {
            temperature_c,
            jacket_c: s.jacket_j / self.thermal.jacket_j_k,
            mass_kg: self.materials.mass_kg(l),
            volume_m3,
            per_mol,
            hydrogen_pa,
            vapour_pa,
            pressure_pa,
            line_pa,
            uptake_mol_s: self.uptake_mol_s(l, d.transfer, hydrogen_pa, temperature_c),
            inlet_mol_s: if inlet > 0.0 { inlet } else { 0.0 }, // check valve
            ua_w_k: self.thermal.ua_w_k(d.stirring, &d.jacket),
        }
    }

    #[inline]
    fn uptake_mol_s(&self, l: &Liquid, transfer: f64, hydrogen_pa: f64, celsius: f64) -> f64 {
        let h = &self.hydrogenation;
        if hydrogen_pa <= 0.0 || l.c_kmol <= 0.0 || l.catalyst_kg <= 0.0 {
            return 0.0;
        }
        let by_transfer = h.transfer_mol_s_pa * transfer;
        let arrhenius = exp(-h.activation_j_mol / GAS_CONSTANT
            * (1.0 / (celsius + ZERO_C_K) - 1.0 / (h.reaction_at_c + ZERO_C_K)));
        let by_reaction =
            h.reaction_mol_s_pa * arrhenius * (l.catalyst_kg / h.catalyst_kg) * l.c_kmol
                / (l.c_kmol + h.half_cover_kmol);
        let sum = by_transfer + by_reaction;
        if sum > 0.0 {
            hydrogen_pa * by_transfer * by_reaction / sum
        } else {
            0.0
        }
    }

    /// Time derivative of the state.
    #[inline]
    pub fn slope(&self, s: &State, d: &Drives) -> State {
        let now = self.conditions(s, d);
        let b = self.gas.critical_ratio;
        let l = &s.liquid;
        let theta = now.temperature_c;
        let positive = |x: f64| if x > 0.0 { x } else { 0.0 };

        // Hydrogen line; a check valve keeps the supply from flowing back.
        let supply = positive(flow(b, d.supply, d.supply_pa, now.line_pa));
        let bleed = positive(flow(b, d.bleed, now.line_pa, ATMOSPHERE_PA));

        // Head space.
        let nitrogen_in = positive(flow(b, d.nitrogen, d.header_pa, now.pressure_pa));
        let through = flow(b, d.vent + d.relief, now.pressure_pa, ATMOSPHERE_PA);
        let (out_mol_s, mut air) = (positive(through), positive(-through));
        air += positive(flow(b, self.gas.leak_in, ATMOSPHERE_PA, now.pressure_pa));
        let total_mol = s.hydrogen_mol + s.nitrogen_mol + s.oxygen_mol + s.vapour_mol;
        let out = if total_mol > 0.0 {
            out_mol_s / total_mol
        } else {
            0.0
        };
        let gap = (self.vapour_pressure_pa(l, theta) - now.vapour_pa)
            / (now.per_mol * self.gas.evaporation_lag_s);
        let evaporation = if gap > 0.0 {
            gap * clamp(l.methanol_kg / 5.0, 0.0, 1.0)
        } else {
            gap
        };

        // Liquid leaves with the composition of the liquid.
        let drain = if now.mass_kg > 0.0 {
            d.drain_kg_s * clamp(now.mass_kg, 0.0, 1.0) / now.mass_kg
        } else {
            0.0
        };
        let mut drained = l.scaled(drain);
        drained.energy_j = drain * self.materials.capacity_j_k(l) * theta;

        let rate_kmol_s = now.uptake_mol_s / 3e3;
        let reaction_w = rate_kmol_s * 1e3 * self.hydrogenation.heat_j_mol;
        let to_jacket = now.ua_w_k * (theta - now.jacket_c);
        let duty = self.thermal.duty_w(now.jacket_c, &d.jacket);
        let methanol_kg_mol = METHANOL_KG_KMOL / 1e3;
        let boundary = -self.thermal.ambient_w_k * (theta - self.thermal.ambient_c)
            - evaporation
                * (methanol_kg_mol * METHANOL_J_KG_K * theta + self.gas.vaporisation_j_mol)
            - drained.energy_j;

        let mut slope = State {
            liquid: d.feed.plus(-1.0, &drained),
            jacket_j: to_jacket + duty,
            hydrogen_mol: now.inlet_mol_s - now.uptake_mol_s - s.hydrogen_mol * out,
            nitrogen_mol: nitrogen_in * (1.0 - self.gas.nitrogen_oxygen) + air * (1.0 - AIR_OXYGEN)
                - s.nitrogen_mol * out,
            oxygen_mol: nitrogen_in * self.gas.nitrogen_oxygen + air * AIR_OXYGEN
                - s.oxygen_mol * out,
            vapour_mol: evaporation - s.vapour_mol * out,
            line_mol: supply - bleed - now.inlet_mol_s,
            ..State::default()
        };
        slope.liquid.energy_j = d.feed.energy_j + reaction_w - to_jacket + boundary;
        slope.liquid.c_kmol -= rate_kmol_s;
        slope.liquid.amine_kmol += rate_kmol_s;
        slope.liquid.water_kg += 2.0 * WATER_KG_KMOL * rate_kmol_s;
        slope.liquid.methanol_kg -= evaporation * methanol_kg_mol;
        let ledger = &mut slope.ledger;
        ledger.energy_j = duty + boundary;
        ledger.released_j = reaction_w;
        ledger.supply_mol = supply;
        ledger.bleed_mol = bleed;
        ledger.inlet_mol = now.inlet_mol_s;
        ledger.uptake_mol = now.uptake_mol_s;
        ledger.nitrogen_in_mol = nitrogen_in;
        ledger.air_mol = air;
        ledger.hydrogen_out_mol = s.hydrogen_mol * out;
        ledger.nitrogen_out_mol = s.nitrogen_mol * out;
        ledger.oxygen_out_mol = s.oxygen_mol * out;
        ledger.vapour_out_mol = s.vapour_mol * out;
        ledger.drained = drained;
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::r102::config::R102Config;

    pub(super) fn materials() -> Materials {
        Materials {
            a_kg_kmol: 150.0,
            b_kg_kmol: 120.0,
            c_kg_kmol: 270.0,
            organic_j_kg_k: 1900.0,
            organic_kg_m3: 880.0,
        }
    }

    #[test]
    fn methanol_boils_at_its_published_point() {
        // 64.7 °C at 101.325 kPa
        let balance = Balance::new(&R102Config::default(), materials());
        let liquid = Liquid {
            methanol_kg: 100.0,
            ..Liquid::default()
        };
        let pressure = balance.vapour_pressure_pa(&liquid, 64.7);
        assert!((pressure / ATMOSPHERE_PA - 1.0).abs() < 0.01, "{pressure}");
    }

    #[test]
    fn design_charge_takes_up_half_a_mole_of_hydrogen_a_second_and_with_speed_to_the_1_5() {
        let balance = Balance::new(&R102Config::default(), materials());
        let liquid = Liquid {
            methanol_kg: 1300.0,
            c_kmol: 1.5,
            catalyst_kg: 15.0,
            ..Liquid::default()
        };
        let hydrogen_pa = 601_325.0 - balance.vapour_pressure_pa(&liquid, 60.0);
        let uptake = balance.uptake_mol_s(&liquid, 1.0, hydrogen_pa, 60.0);
        assert!((uptake / 0.5 - 1.0).abs() < 0.05, "{uptake}");
        // 0.6^1.5 = 0.4648: 150 rpm instead of 250
        let slower = balance.uptake_mol_s(&liquid, 0.4648, hydrogen_pa, 60.0);
        assert!((slower / uptake / 0.4648 - 1.0).abs() < 0.05);
    }

    #[test]
    fn design_charge_rises_by_180_kelvin_when_nothing_cools() {
        let config = R102Config::default();
        let liquid = Liquid {
            methanol_kg: 1300.0,
            c_kmol: 1.5,
            ..Liquid::default()
        };
        let capacity = materials().capacity_j_k(&liquid) + config.thermal.vessel_j_k;
        let rise_k = 1.5e3 * config.hydrogenation.heat_j_mol / capacity;
        assert!((rise_k - 180.0).abs() < 2.0, "{rise_k}");
    }
}
