//! The whole plant: units, streams between them, and the field around them.

use serde::{Deserialize, Serialize};
use signal::math::clamp;

use super::config::PlantStart;
use super::map::*;
use super::rack::Rack;
use crate::image::{DI_ESD_RELEASED, HR_SPEED};
use crate::models::equipment::gas::NM3_H_PER_MOL_S;
use crate::models::quench::{Quench, Receiver};
use crate::models::r101::tags::{XV_101A, XV_101B, XV_114};
use crate::models::r101::{Drained, Links, Outputs, Unit};
use crate::models::r102::{self, R102};
use crate::models::sis::{Seen, Sis};
use crate::models::stream::{Liquid, Materials};
use crate::models::transfer::Line;
use crate::models::utilities::{Header, Releases, Room};
use crate::station::{Orders, Station};
use crate::world::WorldConfig;

/// Share of a liquid leak that evaporates into the room. Assumed.
const LEAK_EVAPORATES: f64 = 0.2;

/// Commands of drives and signals beyond R-101.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Commands {
    pub transfer_pump: bool,
    pub m201_run: bool,
    pub m201_rpm: f64,
    pub horn: bool,
    pub beacon_red: bool,
    pub beacon_amber: bool,
    pub fan: bool,
    pub door_sign: bool,
}

/// What hands do in the field during one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Hands {
    /// From R-101 into drums, kg.
    pub drain_kg: f64,
    /// From R-102 through F-205, kg.
    pub discharge_kg: f64,
}

/// What faults impose on the plant as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Upsets {
    pub power_lost: bool,
    pub vapour_kg_h: f64,
    pub hydrogen_nm3_h: f64,
    pub nitrogen_nm3_h: f64,
    pub xv_118_line_open: bool,
    /// Station and two registers wired to each other's terminals.
    pub swapped: Option<(usize, usize, usize)>,
}

/// What has left the plant or was brought into it by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Books {
    /// Into R-101 and V-101; energies on R-101's own ledger.
    pub charged_first: Liquid,
    /// Into R-102 and V-105.
    pub charged_second: Liquid,
    /// Leaked, gone astray, drained to drums.
    pub gone: Liquid,
    /// Condensate taken from V-104, kg.
    pub condensate_kg: f64,
    /// Catalyst taken off F-205, kg.
    pub cake_kg: f64,
}

/// The whole of plant 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct U100 {
    pub(super) reactor: Unit,
    outputs: Outputs,
    pub(super) autoclave: R102,
    pub(super) line: Line,
    pub(super) quench: Quench,
    pub(super) receiver: Receiver,
    pub(super) header: Header,
    pub(super) room: Room,
    pub(super) sis: Sis,
    pub(super) rack: Rack,
    pub(super) commands: Commands,
    pub(super) hands: Hands,
    pub(super) manhole_open: bool,
    pub(super) bypass_key: bool,
    pub(super) upsets: Upsets,
    pub(super) books: Books,
    pub(super) materials: Materials,
    pub(super) leaking_kg_s: f64,
    tick_s: f64,
}

impl U100 {
    /// The plant of `config` with its standby image in `stations`.
    pub(crate) fn new(
        mut config: WorldConfig,
        seed: u64,
        tick_s: f64,
        stations: &mut [Station],
    ) -> Self {
        let start: PlantStart = config.start;
        start.lay_over(&mut config);
        config.r101.head_space.sweep_mixing = config.u100.sweep_mixing;
        config.r101.head_space.receiver_share = config.u100.receiver_share;
        let chemistry = &config.r101.chemistry;
        let materials = Materials {
            a_kg_kmol: chemistry.molar_mass_a,
            b_kg_kmol: chemistry.molar_mass_b,
            c_kg_kmol: chemistry.molar_mass_c(),
            organic_j_kg_k: chemistry.cp_j_kg_k,
            organic_kg_m3: chemistry.density_kg_m3,
        };
        let first = &mut stations[IO1].tables;
        let m101 = &config.r101.start;
        Outputs::write_standby(first, m101.agitator_on, m101.speed_rpm);
        let outputs = Outputs::read(first);
        let m201 = config.r102.start.clone();
        let second = &mut stations[IO2].tables;
        second.coils[CO_M201] = m201.agitator_on;
        second.holding[HR_SPEED] = clamp(m201.speed_rpm * 10.0, 0.0, 3000.0) as u16;
        Rack::write_standby(stations);
        let reactor = Unit::new(config.r101, seed, tick_s);
        let mut plant = U100 {
            receiver: Receiver::new(&config.quench, reactor.vapour_c(), tick_s),
            reactor,
            outputs,
            autoclave: R102::new(config.r102, materials, tick_s),
            line: Line::new(config.transfer),
            quench: Quench::new(config.quench, materials),
            header: Header::new(config.nitrogen),
            room: Room::new(tick_s),
            sis: Sis::new(config.sis),
            rack: Rack::new(seed, tick_s, &[0.0; INSTRUMENTS.len()]),
            commands: Commands {
                m201_run: m201.agitator_on,
                m201_rpm: m201.speed_rpm,
                ..Commands::default()
            },
            hands: Hands::default(),
            manhole_open: false,
            bypass_key: false,
            upsets: Upsets::default(),
            books: Books::default(),
            materials,
            leaking_kg_s: 0.0,
            tick_s,
        };
        plant.rack = Rack::new(seed, tick_s, &plant.measurands());
        plant.write_inputs(stations);
        plant
    }

    /// One tick.
    pub(crate) fn tick(&mut self, stations: &mut [Station], tick_ns: u64) {
        self.obey(stations, tick_ns);
        self.rack.travel(self.tick_s);
        self.line.command(self.commands.transfer_pump);
        self.look();
        let arrived = self.move_reactor();
        self.move_autoclave(arrived);
        self.move_surroundings();
        let measured = self.measurands();
        self.rack.measure(&measured, self.tick_s);
        self.write_inputs(stations);
    }

    fn obey(&mut self, stations: &mut [Station], tick_ns: u64) {
        let holds = self.reactor.agitator_holds();
        let orders = stations[IO1].listen(tick_ns);
        let tables = &stations[IO1].tables;
        self.outputs.obey(orders, tables, holds);
        self.rack.obey(IO1, orders, tables);
        let commands = &mut self.commands;
        match orders {
            Orders::Unheard => {}
            Orders::Heard => {
                commands.transfer_pump = tables.coils[CO_TRANSFER_PUMP];
                commands.horn = tables.coils[CO_HORN];
                commands.beacon_red = tables.coils[CO_BEACON_RED];
                commands.beacon_amber = tables.coils[CO_BEACON_AMBER];
                commands.fan = tables.coils[CO_FAN];
                commands.door_sign = tables.coils[CO_DOOR_SIGN];
            }
            Orders::FailSafe => {
                commands.transfer_pump = false;
                commands.horn = false;
                commands.beacon_red = false;
                commands.beacon_amber = false;
                commands.fan = false;
                commands.door_sign = false;
            }
        }
        let orders = stations[IO2].listen(tick_ns);
        let tables = &stations[IO2].tables;
        self.rack.obey(IO2, orders, tables);
        match orders {
            Orders::Unheard => {}
            Orders::Heard => {
                commands.m201_run = tables.coils[CO_M201];
                commands.m201_rpm = f64::from(tables.holding[HR_SPEED]) / 10.0;
            }
            Orders::FailSafe => commands.m201_run = false,
        }
        if self.upsets.xv_118_line_open {
            self.rack.overrule(XV_118, 0.0);
        } else if self.sis.quenches() {
            self.rack.overrule(XV_118, 1.0);
        }
    }

    fn look(&mut self) {
        let open = |valve: usize| self.reactor.valve(valve).position() > 0.5;
        let seen = Seen {
            r101_c: self.reactor.conditions().temperature_c,
            r101_kpa_g: self.reactor.pressure_kpa_g(),
            agitator_rpm: self.reactor.agitator_rpm(),
            dosing_open: open(XV_101A) && open(XV_101B),
            r102_c: self.autoclave.conditions().temperature_c,
            r102_kpa_g: self.autoclave.pressure_kpa_g(),
            esd_pressed: self.reactor.upsets().esd_pressed,
        };
        self.sis.step(&seen, self.tick_s);
    }

    /// Moves R-101; returns what arrives at R-102.
    fn move_reactor(&mut self) -> Liquid {
        let (source, sink) = (
            self.reactor.pressure_kpa_g(),
            self.autoclave.pressure_kpa_g(),
        );
        let route = [
            self.reactor.valve(XV_114).opening(),
            self.rack.opening(XV_115),
            self.rack.opening(XV_116),
        ];
        let density = self.materials.organic_kg_m3;
        let transfer = self.line.demand_m3_h(route, source, sink) * density / 3600.0;
        let dump = self.quench.dump_kg_s(self.rack.opening(XV_118), source);
        let drain = self.hands.drain_kg / self.tick_s;
        let links = Links {
            bottom_kg_s: Some(transfer),
            dump_kg_s: dump + drain,
            header_kpa_g: Some(self.header.pressure_kpa_g()),
            dosing_passes: self.sis.xzv_101(),
            manhole_open: self.manhole_open,
            balance_line: self.quench.balance_line(self.rack.opening(XV_118)),
        };
        let before = self.reactor.state().ledger;
        self.reactor.step_linked(&self.outputs, &links);
        let ledger = &self.reactor.state().ledger;
        let distillate_kg = ledger.distillate_kg - before.distillate_kg;
        let left = since(&ledger.drained, &before.drained);
        let all = transfer + dump + drain;
        let share = |part: f64| if all > 0.0 { part / all } else { 0.0 };
        let drawn = left.scaled(share(transfer));
        let dumped = left.scaled(share(dump));
        let drummed = left.plus(-1.0, &drawn).plus(-1.0, &dumped);
        let volume_m3 = self.materials.volume_m3(&drawn);
        let source_kg = self.reactor.conditions().mass_kg;
        let went = self.line.deliver(&drawn, volume_m3, source_kg, self.tick_s);
        self.leaking_kg_s = self.materials.mass_kg(&went.leaked) / self.tick_s;
        self.quench.receive(&dumped);
        let gone = &mut self.books.gone;
        *gone = gone
            .plus(1.0, &went.leaked)
            .plus(1.0, &went.astray)
            .plus(1.0, &drummed);
        self.receiver.step(
            distillate_kg,
            self.reactor.condenser(),
            self.reactor.coolant_c(),
            self.reactor.vapour_c(),
        );
        let inlet_mol = self.reactor.state().ledger.inlet_mol - before.inlet_mol;
        self.header.step(inlet_mol, 0.0);
        went.arrived
    }

    fn move_autoclave(&mut self, arrived: Liquid) {
        let opening = |valve: usize| self.rack.opening(valve);
        let orders = r102::Orders {
            hydrogen: opening(FV_201),
            cooling: opening(TV_201),
            heating: opening(TV_202),
            throttle: opening(PV_202),
            block_a: opening(XV_201A),
            block_b: opening(XV_201B),
            bleed: opening(XV_201C),
            depressure: opening(XV_202),
            nitrogen: opening(XV_203),
            sis_hydrogen: self.sis.xzv_201(),
            agitator_run: self.commands.m201_run,
            speed_rpm: self.commands.m201_rpm,
            feed: arrived.scaled(1.0 / self.tick_s),
            discharge_kg_s: self.hands.discharge_kg / self.tick_s,
            coolant_c: self.reactor.coolant_c(),
            coolant_kpa_g: self.reactor.coolant_kpa_g(),
            header_kpa_g: self.header.pressure_kpa_g(),
        };
        let before_mol = self.autoclave.state().ledger.nitrogen_in_mol;
        let mut discharged = self.autoclave.step(&orders);
        let drawn_mol = self.autoclave.state().ledger.nitrogen_in_mol - before_mol;
        self.header.step(drawn_mol, self.tick_s);
        discharged.catalyst_kg = 0.0; // stays on the filter
        self.books.gone = self.books.gone.plus(1.0, &discharged);
        self.hands = Hands::default();
    }

    fn move_surroundings(&mut self) {
        let now = self.reactor.conditions();
        let open = self.manhole_is_open();
        let vapour = if open && now.pressures.total > 0.0 {
            let share = now.pressures.vapour / now.pressures.total;
            now.flows.out_direct * share * self.reactor.config().head_space.solvent_kg_mol
        } else {
            0.0
        };
        let nitrogen = if open {
            now.flows.inlet * NM3_H_PER_MOL_S
        } else {
            0.0
        };
        self.room.step(&Releases {
            vapour_kg_s: self.upsets.vapour_kg_h / 3600.0
                + vapour
                + self.leaking_kg_s * LEAK_EVAPORATES,
            hydrogen_nm3_h: self.upsets.hydrogen_nm3_h,
            nitrogen_nm3_h: self.upsets.nitrogen_nm3_h + nitrogen,
            fan_runs: self.fan_runs(),
        });
    }

    /// Whether the emergency fan EF-100 runs.
    pub(super) fn fan_runs(&self) -> bool {
        self.commands.fan && !self.upsets.power_lost
    }

    /// Whether the manhole of R-101 stands open, by action or by fault.
    pub fn manhole_is_open(&self) -> bool {
        self.manhole_open || self.reactor.upsets().manhole_open
    }

    /// True values in the order of [`INSTRUMENTS`].
    fn measurands(&self) -> [f64; INSTRUMENTS.len()] {
        let second = &self.autoclave;
        let now = second.conditions();
        let (jacket_in_c, jacket_out_c) = second.nozzles_c();
        let vapour = self.room.vapour_lel_pct();
        let hydrogen = self.room.hydrogen_lel_pct();
        let (t, p) = (now.temperature_c, second.pressure_kpa_g());
        [
            self.receiver.condensate_c(),
            self.receiver.level_pct(),
            self.quench.temperature_c(),
            self.quench.level_pct(),
            self.line.flow_m3_h(),
            self.line.power_kw(),
            vapour[0],
            vapour[1],
            vapour[2],
            vapour[3],
            self.room.oxygen_pct(),
            t,
            t,
            t,
            jacket_in_c,
            jacket_out_c,
            p,
            p,
            p,
            now.inlet_mol_s * NM3_H_PER_MOL_S,
            second.supply_kpa_g(),
            second.oxygen_pct(),
            second.shaft_rpm(),
            second.current_a(),
            second.circulation_m3_h(),
            second.filter_kpa(),
            hydrogen[0],
            hydrogen[1],
            second.level_pct(),
            now.mass_kg,
        ]
    }

    fn write_inputs(&self, stations: &mut [Station]) {
        self.reactor.write_inputs(&mut stations[IO1].tables);
        self.rack.write_inputs(stations);
        let tables = &mut stations[IO1].tables;
        tables.input[IR_SIS] = self.sis.bitmap();
        tables.discrete[DI_TRANSFER_PUMP] = self.line.is_running();
        tables.discrete[DI_MAINS] = !self.upsets.power_lost;
        tables.discrete[DI_XV_118_LINE] = !self.upsets.xv_118_line_open;
        tables.discrete[DI_MANHOLE_CLOSED] = !self.manhole_is_open();
        tables.discrete[DI_BYPASS_KEY] = self.bypass_key;
        tables.discrete[DI_FAN] = self.fan_runs();
        debug_assert_eq!(
            tables.discrete[DI_ESD_RELEASED],
            !self.reactor.upsets().esd_pressed
        );
        let tables = &mut stations[IO2].tables;
        tables.discrete[DI_M201] = self.autoclave.agitator_runs();
        tables.discrete[DI_PSE_201] = self.autoclave.disc_intact();
        tables.discrete[DI_PS_206] = self.autoclave.upsets.safety_valve <= 0.0;
        if let Some((station, first, second)) = self.upsets.swapped {
            stations[station].tables.input.swap(first, second);
        }
    }

    /// The reactor R-101.
    pub fn reactor(&self) -> &Unit {
        &self.reactor
    }

    pub(crate) fn reactor_mut(&mut self) -> &mut Unit {
        &mut self.reactor
    }

    /// The autoclave R-102.
    pub fn autoclave(&self) -> &R102 {
        &self.autoclave
    }

    pub(crate) fn reset_maxima(&mut self) {
        self.reactor.reset_maxima();
        self.autoclave.reset_maxima();
    }
}

/// What left R-101 between two readings of its ledger.
fn since(now: &Drained, before: &Drained) -> Liquid {
    Liquid {
        a_kmol: now.a_kmol - before.a_kmol,
        b_kmol: now.b_kmol - before.b_kmol,
        c_kmol: now.c_kmol - before.c_kmol,
        toluene_kg: now.solvent_kg - before.solvent_kg,
        decomposed_kg: now.decomposed_kg - before.decomposed_kg,
        shed_kg: now.shed_kg - before.shed_kg,
        energy_j: now.energy_j - before.energy_j,
        ..Liquid::default()
    }
}
