//! R-102 with its drive, its pumps and what faults do to it.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, exp, pow};

use super::balance::{Balance, Conditions, Drives};
use super::config::R102Config;
use super::state::State;
use super::truth::Maxima;
use crate::models::equipment::agitation::Drive;
use crate::models::equipment::gas::{ATMOSPHERE_PA, in_series};
use crate::models::equipment::heat::JacketDrive;
use crate::models::stream::{Liquid, Materials};

/// Openings, commands and supplies of one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Orders {
    /// FV-201, hydrogen, 0..1.
    pub hydrogen: f64,
    /// TV-201, cooling, 0..1.
    pub cooling: f64,
    /// TV-202, heating, 0..1.
    pub heating: f64,
    /// PV-202, depressurising throttle, 0..1.
    pub throttle: f64,
    /// XV-201A, 0..1.
    pub block_a: f64,
    /// XV-201B, 0..1.
    pub block_b: f64,
    /// XV-201C, 0..1.
    pub bleed: f64,
    /// XV-202, 0..1.
    pub depressure: f64,
    /// XV-203, 0..1.
    pub nitrogen: f64,
    /// The SIS valve in the hydrogen line, 0..1.
    pub sis_hydrogen: f64,
    /// M-201 run.
    pub agitator_run: bool,
    /// M-201 speed reference, rpm.
    pub speed_rpm: f64,
    /// Liquid in, per second.
    pub feed: Liquid,
    /// Discharge through F-205, kg/s.
    pub discharge_kg_s: f64,
    /// Coolant supply temperature, °C.
    pub coolant_c: f64,
    /// Coolant supply pressure, kPa(g).
    pub coolant_kpa_g: f64,
    /// Nitrogen header, kPa(g).
    pub header_kpa_g: f64,
}

/// What faults impose on the unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Upsets {
    /// Share of the drive's speed that the shaft lacks, 0..1.
    pub slip: f64,
    /// M-201's drive is tripped.
    pub agitator_tripped: bool,
    /// Mains are off.
    pub power_lost: bool,
    /// The jacket circulation pump stands.
    pub circulation_lost: bool,
    /// Lift of the safety valve, 0..1.
    pub safety_valve: f64,
    /// PSE-201 bursts for no reason of pressure.
    pub disc_burst: bool,
    /// Hydrogen supply pressure instead of the design one, kPa(g).
    pub supply_kpa_g: Option<f64>,
    /// The bleed line is blocked.
    pub bleed_blocked: bool,
    /// Pressure difference added at F-205, kPa.
    pub filter_kpa: f64,
}

///
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct R102 {
    pub(super) config: R102Config,
    pub(super) balance: Balance,
    pub(super) state: State,
    pub(super) drives: Drives,
    pub(super) now: Conditions,
    pub(super) maxima: Maxima,
    pub(super) burst: bool,
    agitator: Drive,
    shaft_rpm: f64,
    circulation_m3_h: f64,
    supply_kpa_g: f64,
    filter_kpa: f64,
    discharge_m3_h: f64,
    cake_kg: f64,
    /// What faults impose.
    pub upsets: Upsets,
    tick_s: f64,
    pump_gain: f64,
}

impl R102 {
    /// The unit at its start; stepped every `tick_s` seconds.
    pub fn new(config: R102Config, materials: Materials, tick_s: f64) -> Self {
        let balance = Balance::new(&config, materials);
        let state = start_state(&config, &balance);
        let agitator = Drive::settled(config.start.agitator_on, config.start.speed_rpm);
        let drives = Drives::shut();
        let now = balance.conditions(&state, &drives);
        R102 {
            maxima: Maxima::of(&now),
            burst: false,
            shaft_rpm: agitator.speed_rpm(),
            agitator,
            circulation_m3_h: config.thermal.circulation_m3_h,
            supply_kpa_g: config.gas.supply_kpa_g,
            filter_kpa: 0.0,
            discharge_m3_h: 0.0,
            cake_kg: 0.0,
            upsets: Upsets::default(),
            pump_gain: 1.0 - exp(-tick_s / config.thermal.pump_lag_s),
            tick_s,
            config,
            balance,
            state,
            drives,
            now,
        }
    }

    /// One tick; returns what left through the bottom.
    pub fn step(&mut self, orders: &Orders) -> Liquid {
        self.run_drives(orders);
        self.drives = self.drives_of(orders);
        let before = self.state.ledger.drained;
        let (balance, drives) = (&self.balance, &self.drives);
        self.state = self
            .state
            .advance(self.tick_s, |s| balance.slope(s, drives));
        self.now = self.balance.conditions(&self.state, &self.drives);
        if self.upsets.disc_burst || self.pressure_kpa_g() >= self.config.gas.burst_kpa_g {
            self.burst = true;
        }
        self.maxima = self.maxima.with(&Maxima::of(&self.now));
        let drained = self.state.ledger.drained.plus(-1.0, &before);
        self.filter(&drained);
        drained
    }

    fn run_drives(&mut self, orders: &Orders) {
        let upsets = &self.upsets;
        self.agitator.step(
            &self.config.agitation,
            orders.agitator_run,
            orders.speed_rpm,
            upsets.agitator_tripped || upsets.power_lost,
            self.tick_s,
        );
        self.shaft_rpm = self.agitator.speed_rpm() * (1.0 - upsets.slip);
        let circulation = if upsets.circulation_lost || upsets.power_lost {
            0.0
        } else {
            self.config.thermal.circulation_m3_h
        };
        self.circulation_m3_h += self.pump_gain * (circulation - self.circulation_m3_h);
        let supply = upsets.supply_kpa_g.unwrap_or(self.config.gas.supply_kpa_g);
        self.supply_kpa_g += self.pump_gain * (supply - self.supply_kpa_g);
    }

    fn drives_of(&self, orders: &Orders) -> Drives {
        let (gas, rates) = (&self.config.gas, &self.config.hydrogenation);
        let relative = self.shaft_rpm / rates.transfer_rpm;
        let stirred = if relative > 0.0 {
            pow(relative, rates.transfer_exponent)
        } else {
            0.0
        };
        let transfer = if stirred > rates.transfer_unstirred {
            stirred
        } else {
            rates.transfer_unstirred
        };
        let block_b = gas.block * orders.block_b * orders.sis_hydrogen;
        let disc = if self.burst { gas.disc_line } else { 0.0 };
        let open = |blocked: bool| if blocked { 0.0 } else { 1.0 };
        Drives {
            feed: orders.feed,
            drain_kg_s: orders.discharge_kg_s,
            stirring: self.config.agitation.stirring(self.shaft_rpm),
            transfer,
            jacket: JacketDrive {
                cooling: orders.cooling,
                heating: orders.heating,
                brine: 0.0,
                coolant_c: orders.coolant_c,
                coolant_kpa_g: orders.coolant_kpa_g,
                circulation_m3_h: self.circulation_m3_h,
            },
            supply_pa: self.supply_kpa_g * 1e3 + ATMOSPHERE_PA,
            supply: gas.block * orders.block_a,
            bleed: gas.bleed * orders.bleed * open(self.upsets.bleed_blocked),
            inlet: in_series(block_b, gas.control * orders.hydrogen),
            nitrogen: gas.nitrogen * orders.nitrogen,
            header_pa: orders.header_kpa_g * 1e3 + ATMOSPHERE_PA,
            vent: orders.depressure
                * (gas.depressure_orifice + gas.depressure_throttle * orders.throttle),
            relief: disc + gas.safety_valve * self.upsets.safety_valve,
        }
    }

    fn filter(&mut self, drained: &Liquid) {
        let filter = &self.config.filter;
        let volume_m3 = self.balance.materials().volume_m3(drained);
        self.discharge_m3_h = volume_m3 * 3600.0 / self.tick_s;
        self.cake_kg += drained.catalyst_kg;
        self.filter_kpa = self.upsets.filter_kpa
            + self.discharge_m3_h
                * (filter.medium_kpa_h_m3 + filter.cake_kpa_h_m3_kg * self.cake_kg);
    }

    /// Puts `liquid` in by hand, at once.
    pub(crate) fn charge(&mut self, liquid: &Liquid) {
        self.state.liquid = self.state.liquid.plus(1.0, liquid);
        self.now = self.balance.conditions(&self.state, &self.drives);
    }

    /// A clean filter.
    pub(crate) fn clean_filter(&mut self) -> f64 {
        core::mem::take(&mut self.cake_kg)
    }

    /// A new disc.
    pub(crate) fn replace_disc(&mut self) {
        self.burst = false;
    }

    pub(crate) fn reset_maxima(&mut self) {
        self.maxima = Maxima::of(&self.now);
    }

    /// Whether M-201 runs.
    pub fn agitator_runs(&self) -> bool {
        self.agitator.is_running()
    }

    /// Speed of the shaft, rpm.
    pub fn shaft_rpm(&self) -> f64 {
        self.shaft_rpm
    }

    /// Current of M-201, A. A slipping shaft takes the power of its own speed, as its cube.
    pub fn current_a(&self) -> f64 {
        let held = 1.0 - self.upsets.slip;
        let load = held * held * held;
        self.agitator
            .current_a(&self.config.agitation, load, self.now.volume_m3)
    }

    /// Whether PSE-201 is intact.
    pub fn disc_intact(&self) -> bool {
        !self.burst
    }

    /// Jacket nozzles, in and out, °C.
    pub fn nozzles_c(&self) -> (f64, f64) {
        let now = &self.now;
        self.config.thermal.nozzles_c(
            now.temperature_c,
            now.jacket_c,
            now.ua_w_k,
            &self.drives.jacket,
        )
    }

    /// Jacket circulation, m³/h.
    pub fn circulation_m3_h(&self) -> f64 {
        self.circulation_m3_h
    }

    /// Hydrogen supply, kPa(g).
    pub fn supply_kpa_g(&self) -> f64 {
        self.supply_kpa_g
    }

    /// Pressure difference over F-205, kPa.
    pub fn filter_kpa(&self) -> f64 {
        self.filter_kpa
    }

    /// Catalyst on the filter, kg.
    pub fn cake_kg(&self) -> f64 {
        self.cake_kg
    }

    /// Pressure, kPa(g).
    pub fn pressure_kpa_g(&self) -> f64 {
        (self.now.pressure_pa - ATMOSPHERE_PA) / 1e3
    }

    /// Level, % of the span of LT-201.
    pub fn level_pct(&self) -> f64 {
        100.0 * self.now.volume_m3 / self.config.gas.span_m3
    }

    fn dry_share_pct(&self, mol: f64) -> f64 {
        let dry = self.state.hydrogen_mol + self.state.nitrogen_mol + self.state.oxygen_mol;
        if dry > 0.0 { 100.0 * mol / dry } else { 0.0 }
    }

    /// Oxygen in the dry gas, vol%.
    pub fn oxygen_pct(&self) -> f64 {
        self.dry_share_pct(self.state.oxygen_mol)
    }

    /// Hydrogen in the dry gas, vol%.
    pub fn hydrogen_pct(&self) -> f64 {
        self.dry_share_pct(self.state.hydrogen_mol)
    }

    /// The integrated state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Conditions after the last tick.
    pub fn conditions(&self) -> &Conditions {
        &self.now
    }

    /// Parameters.
    pub fn config(&self) -> &R102Config {
        &self.config
    }
}

/// Amounts and energies of `config.start`; the vapour stands at equilibrium.
fn start_state(config: &R102Config, balance: &Balance) -> State {
    let start = &config.start;
    let mut liquid = Liquid {
        methanol_kg: start.methanol_kg,
        c_kmol: start.nitro_kmol,
        catalyst_kg: start.catalyst_kg,
        ..Liquid::default()
    };
    let materials = balance.materials();
    liquid.energy_j =
        (materials.capacity_j_k(&liquid) + config.thermal.vessel_j_k) * start.temperature_c;
    let per_mol = balance.pa_per_mol(materials.volume_m3(&liquid), start.temperature_c);
    let total = start.pressure_kpa_g * 1e3 + ATMOSPHERE_PA;
    let vapour = clamp(
        balance.vapour_pressure_pa(&liquid, start.temperature_c),
        0.0,
        total,
    );
    let dry_mol = (total - vapour) / per_mol;
    let oxygen_mol = dry_mol * start.oxygen_vol_pct / 100.0;
    State {
        liquid,
        jacket_j: config.thermal.jacket_j_k * start.temperature_c,
        oxygen_mol,
        nitrogen_mol: dry_mol - oxygen_mol,
        vapour_mol: vapour / per_mol,
        line_mol: ATMOSPHERE_PA / balance.line_pa_per_mol(),
        ..State::default()
    }
}
