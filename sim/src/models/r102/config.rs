//! Everything adjustable about R-102, with the demo unit as default.

use serde::{Deserialize, Serialize};

use crate::models::equipment::agitation::Agitation;
use crate::models::equipment::heat::Thermal;
use crate::models::r101::ConfigError;

/// Parameters and start of R-102. Jacket and agitator are the demo's and not set
/// from text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct R102Config {
    /// What the unit holds at the start.
    pub start: Start,
    /// Rates and heat.
    pub hydrogenation: Hydrogenation,
    /// Gas side.
    pub gas: GasSide,
    /// Vessel and jacket.
    #[serde(skip, default = "thermal")]
    pub thermal: Thermal,
    /// Agitator.
    #[serde(skip, default = "agitation")]
    pub agitation: Agitation,
    /// Catalyst filter F-205 on the way out.
    pub filter: Filter,
}

impl Default for R102Config {
    fn default() -> Self {
        R102Config {
            start: Start::default(),
            hydrogenation: Hydrogenation::default(),
            gas: GasSide::default(),
            thermal: thermal(),
            agitation: agitation(),
            filter: Filter::default(),
        }
    }
}

/// Demo design values: UA 4.5 kW/K; the wall makes the adiabatic rise of the
/// design charge 180 K. Duties, circulation and jacket inventory assumed.
fn thermal() -> Thermal {
    Thermal {
        vessel_j_k: 0.45e6,
        ua_w_k: 4500.0,
        jacket_j_k: 0.5e6,
        cooling_max_w: 160e3,
        heating_max_w: 60e3,
        heating_medium_c: 110.0,
        brine_max_w: 0.0,
        circulation_m3_h: 12.0,
        ..Thermal::default()
    }
}

/// Demo design values: 250 rpm of at most 300; currents between the alarms of
/// IT-201 (15 and 48 A), idle below its low-low (10 A).
fn agitation() -> Agitation {
    Agitation {
        mixing_unstirred: 0.03,
        speed_low_rpm: 20.0,
        speed_full_rpm: 150.0,
        speed_rated_rpm: 250.0,
        speed_max_rpm: 300.0,
        ramp_rpm_s: 20.0,
        coast_rpm_s: 30.0,
        current_idle_a: 8.0,
        current_load_a: 22.0,
        wetted_volume_m3: 0.8,
    }
}

/// The unit at time zero: empty and inerted, ready to receive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Start {
    /// Contents, vessel and jacket, °C.
    pub temperature_c: f64,
    /// Methanol, kg.
    pub methanol_kg: f64,
    /// Nitro compound C, kmol.
    pub nitro_kmol: f64,
    /// Catalyst, kg.
    pub catalyst_kg: f64,
    /// Pressure, kPa(g).
    pub pressure_kpa_g: f64,
    /// Oxygen in the dry gas, vol%; the rest is nitrogen.
    pub oxygen_vol_pct: f64,
    /// Agitator already running.
    pub agitator_on: bool,
    /// Its speed, rpm.
    pub speed_rpm: f64,
}

impl Default for Start {
    fn default() -> Self {
        Start {
            temperature_c: 20.0,
            methanol_kg: 0.0,
            nitro_kmol: 0.0,
            catalyst_kg: 0.0,
            pressure_kpa_g: 30.0,
            oxygen_vol_pct: 0.5,
            agitator_on: false,
            speed_rpm: 250.0,
        }
    }
}

impl Start {
    /// The charge of the design basis, inerted and warm, agitator running.
    pub fn charged() -> Self {
        Start {
            temperature_c: 55.0,
            methanol_kg: 1300.0,
            nitro_kmol: 1.5,
            catalyst_kg: 15.0,
            agitator_on: true,
            ..Start::default()
        }
    }
}

/// Rates and heat of the hydrogenation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hydrogenation {
    /// Heat released, J per mol of nitro compound (−ΔH). Demo design value.
    pub heat_j_mol: f64,
    /// Gas–liquid transfer at the reference speed, mol/(s Pa of hydrogen). Demo design
    /// value: with the reaction in series, 0.5 mol/s at 5 bar(g) and 60 °C.
    pub transfer_mol_s_pa: f64,
    /// Its reference speed, rpm.
    pub transfer_rpm: f64,
    /// Its exponent of the speed.
    pub transfer_exponent: f64,
    /// Share of the transfer left when not stirred. Assumed.
    pub transfer_unstirred: f64,
    /// Reaction at the reference temperature with the reference catalyst, mol/(s Pa). Assumed: fifteen to twenty times the transfer.
    pub reaction_mol_s_pa: f64,
    /// Its reference temperature, °C.
    pub reaction_at_c: f64,
    /// Its activation energy, J/mol. Assumed, typical of nitro groups over Pd/C.
    pub activation_j_mol: f64,
    /// Catalyst for which it holds, kg.
    pub catalyst_kg: f64,
    /// Amount of nitro compound at which the catalyst is half covered, kmol. Assumed.
    pub half_cover_kmol: f64,
}

impl Default for Hydrogenation {
    fn default() -> Self {
        Hydrogenation {
            heat_j_mol: 540e3,
            transfer_mol_s_pa: 1.02e-6,
            transfer_rpm: 250.0,
            transfer_exponent: 1.5,
            transfer_unstirred: 0.03,
            reaction_mol_s_pa: 2.04e-5,
            reaction_at_c: 60.0,
            activation_j_mol: 45e3,
            catalyst_kg: 15.0,
            half_cover_kmol: 0.5,
        }
    }
}

/// Gas side of R-102. Conductances in mol/(s Pa).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GasSide {
    /// Brim-full volume, m³: 2 m³ nominal. Assumed.
    pub vessel_m3: f64,
    /// Volume that reads 100 % on LT-201, m³. Assumed.
    pub span_m3: f64,
    /// Gas volume that always remains, m³.
    pub gas_min_m3: f64,
    /// Hydrogen supply behind its regulator (PT-204), kPa(g). Between the alarms 650 and 900.
    pub supply_kpa_g: f64,
    /// XV-201A and XV-201B, each. Assumed.
    pub block: f64,
    /// XV-201C, the bleed. Assumed.
    pub bleed: f64,
    /// FV-201. Assumed: about 70 Nm³/h from the nominal supply at the working pressure.
    pub control: f64,
    /// Volume between the block valves, m³. Assumed.
    pub line_m3: f64,
    /// XV-203, emergency nitrogen. Assumed.
    pub nitrogen: f64,
    /// First stage of depressurising: orifice behind XV-202. Assumed: from working pressure in about 15 min.
    pub depressure_orifice: f64,
    /// Second stage: PV-202 beside it, fully open. Assumed.
    pub depressure_throttle: f64,
    /// Rupture-disc line. Assumed.
    pub disc_line: f64,
    /// Safety valve, fully lifted. Assumed.
    pub safety_valve: f64,
    /// Leaks under vacuum.
    pub leak_in: f64,
    /// Oxygen in the nitrogen, mole fraction.
    pub nitrogen_oxygen: f64,
    /// Critical pressure ratio of all restrictions (ISO 6358-1, typical).
    pub critical_ratio: f64,
    /// Burst pressure of PSE-201, kPa(g). Demo design value.
    pub burst_kpa_g: f64,
    /// Maximum allowable working pressure, kPa(g). Demo design value.
    pub mawp_kpa_g: f64,
    /// Time constant of evaporation, s. Assumed.
    pub evaporation_lag_s: f64,
    /// Enthalpy of vaporisation of methanol, J/mol (NIST WebBook, at the boiling point).
    pub vaporisation_j_mol: f64,
}

impl Default for GasSide {
    fn default() -> Self {
        GasSide {
            vessel_m3: 2.6,
            span_m3: 2.4,
            gas_min_m3: 0.1,
            supply_kpa_g: 800.0,
            block: 6e-6,
            bleed: 3e-6,
            control: 1.05e-6,
            line_m3: 0.03,
            nitrogen: 2e-6,
            depressure_orifice: 3e-7,
            depressure_throttle: 2e-6,
            disc_line: 6e-5,
            safety_valve: 6e-6,
            leak_in: 1e-9,
            nitrogen_oxygen: 0.001,
            critical_ratio: 0.5,
            burst_kpa_g: 1000.0,
            mawp_kpa_g: 1200.0,
            evaporation_lag_s: 5.0,
            vaporisation_j_mol: 35_200.0,
        }
    }
}

/// Catalyst filter F-205: pressure difference by Darcy's law,
/// `Δp = V̇·(R_medium + α·m_cake)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Resistance of the medium, kPa/(m³/h). Assumed.
    pub medium_kpa_h_m3: f64,
    /// Resistance of the cake, kPa/(m³/h) per kg. Assumed.
    pub cake_kpa_h_m3_kg: f64,
    /// Discharge through the filter, kg/h. Assumed.
    pub discharge_kg_h: f64,
}

impl Default for Filter {
    fn default() -> Self {
        Filter {
            medium_kpa_h_m3: 6.0,
            cake_kpa_h_m3_kg: 1.2,
            discharge_kg_h: 3000.0,
        }
    }
}

impl R102Config {
    /// Whether every number can stand in the equations.
    ///
    /// # Errors
    /// The first number that cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        let (s, h, g, f) = (&self.start, &self.hydrogenation, &self.gas, &self.filter);
        for (field, value) in [
            ("r102.hydrogenation.transfer_rpm", h.transfer_rpm),
            ("r102.hydrogenation.catalyst_kg", h.catalyst_kg),
            ("r102.hydrogenation.half_cover_kmol", h.half_cover_kmol),
            ("r102.gas.vessel_m3", g.vessel_m3),
            ("r102.gas.span_m3", g.span_m3),
            ("r102.gas.gas_min_m3", g.gas_min_m3),
            ("r102.gas.line_m3", g.line_m3),
            ("r102.gas.evaporation_lag_s", g.evaporation_lag_s),
            ("r102.gas.critical_ratio", g.critical_ratio),
            ("1 - r102.gas.critical_ratio", 1.0 - g.critical_ratio),
            (
                "r102.start.pressure_kpa_g + 101.325",
                s.pressure_kpa_g + 101.325,
            ),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        for (field, value) in [
            ("r102.start.temperature_c + 60", s.temperature_c + 60.0),
            ("r102.start.methanol_kg", s.methanol_kg),
            ("r102.start.nitro_kmol", s.nitro_kmol),
            ("r102.start.catalyst_kg", s.catalyst_kg),
            ("r102.start.oxygen_vol_pct", s.oxygen_vol_pct),
            ("100 - r102.start.oxygen_vol_pct", 100.0 - s.oxygen_vol_pct),
            ("r102.start.speed_rpm", s.speed_rpm),
            ("r102.hydrogenation.heat_j_mol", h.heat_j_mol),
            ("r102.hydrogenation.transfer_mol_s_pa", h.transfer_mol_s_pa),
            ("r102.hydrogenation.transfer_exponent", h.transfer_exponent),
            (
                "r102.hydrogenation.transfer_unstirred",
                h.transfer_unstirred,
            ),
            ("r102.hydrogenation.reaction_mol_s_pa", h.reaction_mol_s_pa),
            ("r102.hydrogenation.activation_j_mol", h.activation_j_mol),
            ("r102.gas.supply_kpa_g", g.supply_kpa_g),
            ("r102.gas.block", g.block),
            ("r102.gas.bleed", g.bleed),
            ("r102.gas.control", g.control),
            ("r102.gas.nitrogen", g.nitrogen),
            ("r102.gas.depressure_orifice", g.depressure_orifice),
            ("r102.gas.depressure_throttle", g.depressure_throttle),
            ("r102.gas.disc_line", g.disc_line),
            ("r102.gas.safety_valve", g.safety_valve),
            ("r102.gas.leak_in", g.leak_in),
            ("r102.gas.nitrogen_oxygen", g.nitrogen_oxygen),
            ("r102.filter.medium_kpa_h_m3", f.medium_kpa_h_m3),
            ("r102.filter.cake_kpa_h_m3_kg", f.cake_kpa_h_m3_kg),
            ("r102.filter.discharge_kg_h", f.discharge_kg_h),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ConfigError { field, value });
            }
        }
        // The fixed step is stable while no restriction is wider than these.
        for (field, value, most) in [
            ("r102.gas.block", g.block, 1e-5),
            ("r102.gas.bleed", g.bleed, 1e-5),
            ("r102.gas.disc_line", g.disc_line, 1e-4),
        ] {
            if value > most {
                return Err(ConfigError { field, value });
            }
        }
        Ok(())
    }
}
