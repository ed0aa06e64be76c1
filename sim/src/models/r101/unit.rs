//! The unit as the field sees it: balances, valves, drives, pumps, transmitters.

use serde::{Deserialize, Serialize};
use signal::math::{clamp, exp};

use super::balance::{Balance, Conditions, Drives};
use super::chemistry::ZERO_C_K;
use super::config::R101Config;
use super::headspace::{ATMOSPHERE_PA, GasDrive};
use super::outputs::Outputs;
use super::state::State;
use super::tags::*;
use super::truth::Maxima;
use super::upsets::Upsets;
use crate::devices::{Transmitter, Valve};
use crate::image::{
    DI_AGITATOR_RUN, DI_DISC_INTACT, DI_ESD_RELEASED, DI_LIMIT_SWITCHES, DI_SAMPLE_FLOW,
    DI_VACUUM_PUMP_RUN, IR_DOSING_FLOW, IR_DOSING_FLOW_STATUS, IR_DOSING_WEIGHT,
    IR_DOSING_WEIGHT_STATUS, Tables,
};
use crate::models::equipment::agitation::Drive;
use crate::models::equipment::gas::NM3_H_PER_MOL_S;
use crate::models::equipment::heat::JacketDrive;
use crate::random::Random;

/// Material charged by hand, outside any register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// A into the reactor.
    A,
    /// Toluene into the reactor.
    Solvent,
    /// B into the dosing vessel V-101.
    DosingVessel,
}

/// What neighbours do to the unit during one tick. The default is the unit by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Links {
    /// Liquid drawn through XV-114, kg/s; without, XV-114 runs to a drain of its own.
    pub bottom_kg_s: Option<f64>,
    /// Liquid drawn through any other nozzle at the bottom, kg/s.
    pub dump_kg_s: f64,
    /// Nitrogen header pressure, kPa(g); without, the unit's own header.
    pub header_kpa_g: Option<f64>,
    /// What a valve outside this model leaves of the dosing flow, 0..1.
    pub dosing_passes: f64,
    /// The manhole stands open.
    pub manhole_open: bool,
    /// Conductance of a vapour balance line to a vessel on the vent header, mol/(s Pa).
    pub balance_line: f64,
}

impl Default for Links {
    fn default() -> Self {
        Links {
            bottom_kg_s: None,
            dump_kg_s: 0.0,
            header_kpa_g: None,
            dosing_passes: 1.0,
            manhole_open: false,
            balance_line: 0.0,
        }
    }
}

/// R-101 with its field devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unit {
    pub(super) config: R101Config,
    pub(super) balance: Balance,
    pub(super) state: State,
    pub(super) drives: Drives,
    pub(super) now: Conditions,
    pub(super) maxima: Maxima,
    pub(super) dosing_vessel_kg: f64,
    pub(super) dosed_kg: f64,
    pub(super) burst: bool,
    pub(super) agitator: Drive,
    pub(super) coolant_kpa_g: f64,
    pub(super) coolant_c: f64,
    pub(super) circulation_m3_h: f64,
    pub(super) header_kpa_g: f64,
    vacuum_pump_running: bool,
    sampled_oxygen_pct: f64,
    valves: [Valve; VALVES.len()],
    transmitters: [Transmitter; TRANSMITTERS.len()],
    upsets: Upsets,
    tick_s: f64,
    pump_gain: f64,
}

impl Unit {
    /// The unit at its start, settled in standby; stepped every `tick_s` seconds.
    pub fn new(config: R101Config, seed: u64, tick_s: f64) -> Self {
        let balance = Balance::new(
            config.chemistry.clone(),
            config.thermal.clone(),
            config.agitation.clone(),
            config.head_space.clone(),
            config.dosing.feed_c,
        );
        let state = start_state(&config, &balance);
        let agitator = Drive::settled(config.start.agitator_on, config.start.speed_rpm);
        let actuators = &config.actuators;
        let valves = core::array::from_fn(|index| {
            let stroke_s = match index {
                XV_117 => actuators.xv_117_stroke_s,
                index if index < CONTROL_VALVES => actuators.control_stroke_s,
                _ => actuators.on_off_stroke_s,
            };
            Valve::new(FAIL_POSITIONS[index], stroke_s, 0.0)
        });
        let thermal = &config.thermal;
        let drives = Drives {
            feed_kg_s: 0.0,
            drain_kg_s: 0.0,
            stirring: config.agitation.stirring(agitator.speed_rpm()),
            jacket: JacketDrive {
                cooling: 0.0,
                heating: 0.0,
                brine: 0.0,
                coolant_c: thermal.coolant_c,
                coolant_kpa_g: thermal.coolant_kpa_g,
                circulation_m3_h: thermal.circulation_m3_h,
            },
            gas: GasDrive {
                inlet: 0.0,
                header_pa: 0.0,
                vent: 0.0,
                relief: 0.0,
                room: 0.0,
                exchange_mol_s: 0.0,
                suction_m3_s: 0.0,
                condenser: 1.0,
            },
        };
        let now = balance.conditions(&state, &drives);
        // Every transmitter starts settled; the placeholder 0.0 is replaced below.
        let transmitters = core::array::from_fn(|index| {
            let random = Random::new(seed, index as u64 + 1);
            Transmitter::new(config.instruments.config(index), tick_s, 0.0, random)
        });
        let mut unit = Unit {
            pump_gain: 1.0 - exp(-tick_s / thermal.pump_lag_s),
            coolant_kpa_g: thermal.coolant_kpa_g,
            coolant_c: thermal.coolant_c,
            circulation_m3_h: thermal.circulation_m3_h,
            header_kpa_g: config.head_space.header_kpa_g,
            dosing_vessel_kg: config.start.dosing_kg,
            dosed_kg: 0.0,
            burst: false,
            vacuum_pump_running: false,
            sampled_oxygen_pct: 0.0,
            maxima: Maxima::default(),
            upsets: Upsets::default(),
            config,
            balance,
            state,
            drives,
            now,
            agitator,
            valves,
            transmitters,
            tick_s,
        };
        unit.sampled_oxygen_pct = unit.oxygen_pct();
        let measured = unit.measurands();
        for (index, value) in measured.into_iter().enumerate() {
            let random = Random::new(seed, index as u64 + 1);
            unit.transmitters[index] =
                Transmitter::new(unit.config.instruments.config(index), tick_s, value, random);
        }
        unit.maxima = Maxima::of(&unit);
        unit
    }

    /// One tick: actuators, process, transmitters; the unit by itself.
    pub fn step(&mut self, outputs: &Outputs) {
        self.step_linked(outputs, &Links::default());
    }

    /// One tick, linked to its neighbours.
    pub fn step_linked(&mut self, outputs: &Outputs, links: &Links) {
        self.move_actuators(outputs);
        self.run_utilities(links);
        self.set_drives(links);
        let (balance, drives) = (&self.balance, &self.drives);
        self.state = self
            .state
            .advance(self.tick_s, |s| balance.slope(s, drives));
        self.now = self.balance.conditions(&self.state, &self.drives);
        self.dosed_kg += self.drives.feed_kg_s * self.tick_s;
        self.dosing_vessel_kg -= self.drives.feed_kg_s * self.tick_s;
        if self.config.head_space.disc_fitted
            && self.pressure_kpa_g() >= self.config.head_space.burst_kpa_g
        {
            self.burst = true;
        }
        self.maxima = self.maxima.with(&Maxima::of(self));
        if !self.upsets.sample_flow_lost {
            self.sampled_oxygen_pct = self.oxygen_pct();
        }
        let measured = self.measurands();
        for (transmitter, value) in self.transmitters.iter_mut().zip(measured) {
            transmitter.step(value, self.tick_s);
        }
    }

    fn move_actuators(&mut self, outputs: &Outputs) {
        for (valve, demand) in self.valves.iter_mut().zip(outputs.valves) {
            valve.step(demand, self.tick_s);
        }
        let tripped = self.upsets.agitator_tripped || self.upsets.power_lost;
        self.agitator.step(
            &self.config.agitation,
            outputs.agitator_run,
            outputs.speed_rpm,
            tripped,
            self.tick_s,
        );
        self.vacuum_pump_running =
            outputs.vacuum_pump_run && !self.upsets.power_lost && !self.upsets.vacuum_pump_tripped;
    }

    fn run_utilities(&mut self, links: &Links) {
        let thermal = &self.config.thermal;
        let upsets = &self.upsets;
        let unless = |lost: bool, value: f64| if lost { 0.0 } else { value };
        let circulation = unless(
            upsets.circulation_lost || upsets.power_lost,
            thermal.circulation_m3_h,
        );
        let coolant = unless(
            upsets.coolant_lost || upsets.power_lost,
            thermal.coolant_kpa_g,
        );
        self.circulation_m3_h += self.pump_gain * (circulation - self.circulation_m3_h);
        self.coolant_kpa_g += self.pump_gain * (coolant - self.coolant_kpa_g);
        self.coolant_c = upsets.coolant_c.unwrap_or(thermal.coolant_c);
        self.header_kpa_g = links
            .header_kpa_g
            .or(upsets.header_kpa_g)
            .unwrap_or(self.config.head_space.header_kpa_g);
        if upsets.disc_burst {
            self.burst = true;
        }
    }

    fn set_drives(&mut self, links: &Links) {
        let opening = |index: usize| self.valves[index].opening();
        let dosing = &self.config.dosing;
        let line = dosing.flow_kg_h(
            opening(FV_101),
            opening(XV_101A),
            opening(XV_101B),
            !self.upsets.orifice_missing,
        );
        // The vessel runs dry within one tick, never below zero.
        let feed_kg_s = clamp(
            line / 3600.0 * links.dosing_passes,
            0.0,
            self.dosing_vessel_kg / self.tick_s,
        );
        let bottom_kg_s = links
            .bottom_kg_s
            .unwrap_or(opening(XV_114) * self.config.actuators.drain_kg_h / 3600.0);
        let speed = self.agitator.speed_rpm() * self.upsets.blades;
        let space = &self.config.head_space;
        let unblocked = if self.upsets.vent_blocked { 0.0 } else { 1.0 };
        let manhole = if self.upsets.manhole_open || links.manhole_open {
            1.0
        } else {
            0.0
        };
        let condenser = if self.upsets.condenser_lost {
            0.0
        } else {
            self.coolant_kpa_g / self.config.thermal.coolant_kpa_g
        };
        let suction = if self.vacuum_pump_running {
            opening(XV_113) * space.vacuum_pump_m3_h / 3600.0
        } else {
            0.0
        };
        self.drives = Drives {
            feed_kg_s,
            drain_kg_s: bottom_kg_s + links.dump_kg_s,
            stirring: self.config.agitation.stirring(speed),
            jacket: JacketDrive {
                cooling: opening(TV_101),
                heating: opening(TV_102),
                brine: if self.upsets.brine_lost {
                    0.0
                } else {
                    opening(XV_117)
                },
                coolant_c: self.coolant_c,
                coolant_kpa_g: self.coolant_kpa_g,
                circulation_m3_h: self.circulation_m3_h,
            },
            gas: GasDrive {
                inlet: opening(PV_101A) * space.blanket_in + opening(XV_111) * space.nitrogen_in,
                header_pa: self.header_kpa_g * 1e3 + ATMOSPHERE_PA,
                vent: unblocked
                    * (opening(PV_101B) * space.blanket_vent + opening(XV_112) * space.vent),
                relief: links.balance_line + if self.burst { space.disc_line } else { 0.0 },
                room: manhole * space.manhole,
                exchange_mol_s: manhole * space.manhole_exchange_mol_s,
                suction_m3_s: suction,
                condenser: clamp(condenser, 0.0, 1.0),
            },
        };
    }

    /// Vapour in the dome (TT-104), °C.
    pub fn vapour_c(&self) -> f64 {
        let now = &self.now;
        let t = now.temperature_c;
        let ambient_c = self.config.thermal.ambient_c;
        // The vapour dome stands between room and liquid; vapour itself brings it to the liquid's temperature.
        let fraction = if now.pressures.total > 0.0 {
            now.pressures.vapour / now.pressures.total
        } else {
            0.0
        };
        ambient_c + (0.6 + 0.4 * fraction) * (t - ambient_c)
    }

    /// True values in the order of [`TRANSMITTERS`].
    fn measurands(&self) -> [f64; TRANSMITTERS.len()] {
        let now = &self.now;
        let (inlet_c, outlet_c) = self.config.thermal.nozzles_c(
            now.temperature_c,
            now.jacket_c,
            now.ua_w_k,
            &self.drives.jacket,
        );
        let t = now.temperature_c;
        let pressure = self.pressure_kpa_g();
        let vapour_c = self.vapour_c();
        [
            t,
            t,
            t,
            inlet_c,
            outlet_c,
            vapour_c,
            pressure,
            pressure,
            self.sampled_oxygen_pct,
            self.sampled_oxygen_pct,
            self.agitator.speed_rpm(),
            self.agitator
                .current_a(&self.config.agitation, self.upsets.blades, now.volume_m3),
            self.level_pct(),
            self.circulation_m3_h,
            self.coolant_kpa_g,
            self.coolant_c,
            now.flows.inlet * NM3_H_PER_MOL_S,
            self.header_kpa_g,
            self.drives.feed_kg_s * 3600.0,
            self.dosing_vessel_kg,
        ]
    }

    /// Writes discrete inputs and input registers.
    pub fn write_inputs(&self, tables: &mut Tables) {
        for index in 0..LOOPS {
            tables.input[index] = self.transmitters[index].current_ua();
        }
        if let Some((first, second)) = self.upsets.swapped {
            tables.input.swap(first, second);
        }
        tables.put_float(IR_DOSING_FLOW, self.transmitters[FT_101].float());
        tables.put_float(IR_DOSING_WEIGHT, self.transmitters[WT_101].float());
        tables.input[IR_DOSING_FLOW_STATUS] = self.transmitters[FT_101].status();
        tables.input[IR_DOSING_WEIGHT_STATUS] = self.transmitters[WT_101].status();
        for (pair, valve) in self.valves[CONTROL_VALVES..].iter().enumerate() {
            tables.discrete[DI_LIMIT_SWITCHES + 2 * pair] = valve.is_open();
            tables.discrete[DI_LIMIT_SWITCHES + 2 * pair + 1] = valve.is_closed();
        }
        tables.discrete[DI_AGITATOR_RUN] = self.agitator.is_running();
        tables.discrete[DI_SAMPLE_FLOW] = !self.upsets.sample_flow_lost;
        tables.discrete[DI_DISC_INTACT] = !self.burst;
        tables.discrete[DI_ESD_RELEASED] = !self.upsets.esd_pressed;
        tables.discrete[DI_VACUUM_PUMP_RUN] = self.vacuum_pump_running;
    }

    /// Charges `kg` at `celsius` by hand.
    pub fn charge(&mut self, what: Charge, kg: f64, celsius: f64) {
        let kg = if kg > 0.0 { kg } else { 0.0 };
        match what {
            Charge::A => self.state.a_kmol += kg / self.config.chemistry.molar_mass_a,
            Charge::Solvent => self.state.solvent_kg += kg,
            Charge::DosingVessel => {
                self.dosing_vessel_kg += kg;
                return;
            }
        }
        let energy_j = kg * self.config.chemistry.cp_j_kg_k * celsius;
        self.state.energy_j += energy_j;
        self.state.ledger.energy_j += energy_j;
        self.state.ledger.liquid_kg += kg;
        if what == Charge::A {
            self.state.ledger.a_and_c_kmol += kg / self.config.chemistry.molar_mass_a;
        }
        self.now = self.balance.conditions(&self.state, &self.drives);
    }

    /// Makes every device healthy, for the fault list to impose afresh.
    pub(crate) fn heal(&mut self) {
        self.upsets = Upsets::default();
        for valve in &mut self.valves {
            valve.heal();
        }
        for transmitter in &mut self.transmitters {
            transmitter.heal();
        }
    }

    /// Ends what only lasts while its fault does, once all faults are imposed.
    pub(crate) fn settle(&mut self) {
        for transmitter in &mut self.transmitters {
            transmitter.forget_drift();
        }
    }

    /// A new disc is fitted; the fault list does so when the burst fault is cleared.
    pub(crate) fn replace_disc(&mut self) {
        self.burst = false;
    }

    pub(crate) fn upsets_mut(&mut self) -> &mut Upsets {
        &mut self.upsets
    }

    pub(crate) fn valve_mut(&mut self, index: usize) -> &mut Valve {
        &mut self.valves[index]
    }

    pub(crate) fn transmitter_mut(&mut self, index: usize) -> &mut Transmitter {
        &mut self.transmitters[index]
    }

    /// The valve with this index in [`VALVES`].
    pub fn valve(&self, index: usize) -> &Valve {
        &self.valves[index]
    }

    /// Parameters of the unit.
    pub fn config(&self) -> &R101Config {
        &self.config
    }

    /// What faults impose.
    pub fn upsets(&self) -> &Upsets {
        &self.upsets
    }

    /// B in V-101, kg.
    pub fn dosing_vessel_kg(&self) -> f64 {
        self.dosing_vessel_kg
    }

    /// Speed of M-101, rpm.
    pub fn agitator_rpm(&self) -> f64 {
        self.agitator.speed_rpm()
    }

    /// Coolant supply, °C.
    pub fn coolant_c(&self) -> f64 {
        self.coolant_c
    }

    /// Coolant supply, kPa(g).
    pub fn coolant_kpa_g(&self) -> f64 {
        self.coolant_kpa_g
    }

    /// How much of its coolant E-101 has, 0..1.
    pub fn condenser(&self) -> f64 {
        self.drives.gas.condenser
    }

    /// Whether M-101 goes on without the controller's heartbeat.
    pub fn agitator_holds(&self) -> bool {
        self.config.actuators.agitator_holds_on_watchdog
    }

    /// The integrated state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Conditions after the last tick.
    pub fn conditions(&self) -> &Conditions {
        &self.now
    }
}

/// Amounts and energies of `config.start`; the vapour stands at equilibrium.
fn start_state(config: &R101Config, balance: &Balance) -> State {
    let start = &config.start;
    let mut state = State {
        a_kmol: start.a_kg / config.chemistry.molar_mass_a,
        b_kmol: start.b_kg / config.chemistry.molar_mass_b,
        solvent_kg: start.solvent_kg,
        jacket_j: config.thermal.jacket_j_k * start.temperature_c,
        ..State::default()
    };
    let mass_kg = balance.mass_kg(&state);
    state.energy_j = balance.capacity_j_k(mass_kg) * start.temperature_c;
    let space = &config.head_space;
    let volume_m3 = mass_kg / config.chemistry.density_kg_m3;
    let kelvin = start.temperature_c + ZERO_C_K;
    let per_mol = space.pressures(0.0, 0.0, volume_m3, kelvin).per_mol;
    let total = start.pressure_kpa_g * 1e3 + ATMOSPHERE_PA;
    let vapour = if start.solvent_kg > 0.0 {
        clamp(space.vapour_pressure_pa(start.temperature_c), 0.0, total)
    } else {
        0.0
    };
    let dry_mol = (total - vapour) / per_mol;
    state.vapour_mol = vapour / per_mol;
    state.oxygen_mol = dry_mol * start.oxygen_vol_pct / 100.0;
    state.nitrogen_mol = dry_mol - state.oxygen_mol;
    state
}
