//! Plant and simulated world in one process and one thread: no sockets, no clock,
//! as fast as the machine allows, and bit-equal every time.
//!
//! The world's registers pass through the same map as a real device's.

use crate::closed_scripts::ClosedScripts;
use crate::kinds;
use crate::layout::Layout;
use crate::station_tags::StationValues;
use crate::supervision::{ScriptFlags, flags_of};
use driver::RawCell;
use modbus::Map;
use modbus::bank::Direct;
use plant::{LinkedPlant, Plant};
use scan::{
    Door, Entry, Inlet, Linked, NoWitness, Outlet, Program, Scan, ScanClock, SimClock, Start, Task,
    Witness,
};
use signal::{Kind, Quality, Utc};
use sim::serve::WorldBank;
use sim::{Model, World, WorldConfig};
use std::cell::RefCell;
use std::rc::Rc;

/// The epoch of simulated time: 2026-01-01T00:00:00Z.
pub const EPOCH: Utc = Utc(1_767_225_600_000_000_000);

/// Why a closed loop cannot be built.
#[derive(Debug)]
pub enum LoopError {
    /// The plant names no simulation.
    NoSimulation,
    /// The plant's simulation is not one that we have.
    UnknownModel {
        /// Its name.
        model: String,
    },
    /// The model has more or fewer I/O stations than drivers are named.
    Drivers {
        /// Its name.
        model: String,
        /// I/O stations that it has.
        wanted: usize,
        /// Drivers named.
        given: usize,
    },
    /// The world's settings are wrong.
    World {
        /// How.
        message: String,
    },
    /// The driver cannot be mapped.
    Driver {
        /// How.
        message: String,
    },
}

impl core::fmt::Display for LoopError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            LoopError::NoSimulation => write!(f, "the plant has no [sim]"),
            LoopError::UnknownModel { model } => write!(f, "no simulation model \"{model}\""),
            LoopError::Drivers {
                model,
                wanted,
                given,
            } => write!(
                f,
                "simulation model \"{model}\" has {wanted} I/O stations, [sim] names {given} drivers"
            ),
            LoopError::World { message } => write!(f, "[sim]: {message}"),
            LoopError::Driver { message } => write!(f, "{message}"),
        }
    }
}
impl std::error::Error for LoopError {}

/// The world of a plant's `[sim]`, with settings of a scenario laid over it.
///
/// # Errors
/// [`LoopError`]
pub fn world_of(plant: &Plant, over: Option<&toml::Table>, seed: u64) -> Result<World, LoopError> {
    let sim = plant.sim.as_ref().ok_or(LoopError::NoSimulation)?;
    let Some(model) = Model::named(&sim.model) else {
        return Err(LoopError::UnknownModel {
            model: sim.model.clone(),
        });
    };
    let (wanted, given) = (model.stations().len(), sim.drivers.len());
    if given != wanted {
        return Err(LoopError::Drivers {
            model: sim.model.clone(),
            wanted,
            given,
        });
    }
    let mut settings = sim.settings.clone();
    settings.remove("seed");
    if let Some(over) = over {
        lay_over(&mut settings, over);
    }
    let mut config: WorldConfig = serde::Deserialize::deserialize(toml::Value::Table(settings))
        .map_err(|error: toml::de::Error| LoopError::World {
            message: error.message().to_string(),
        })?;
    config.model = model;
    config.check().map_err(|error| LoopError::World {
        message: error.to_string(),
    })?;
    Ok(World::new(config, seed))
}

fn lay_over(below: &mut toml::Table, above: &toml::Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The map of a plant's driver.
///
/// # Errors
/// [`LoopError::Driver`]
pub fn map_of(plant: &Plant, driver: usize) -> Result<Map, LoopError> {
    let device = kinds::device_config(&plant.drivers[driver].settings).map_err(|problem| {
        LoopError::Driver {
            message: problem.message,
        }
    })?;
    let points = point_configs(plant, driver)?;
    modbus::device::map_of(&device, &points).map_err(|errors| LoopError::Driver {
        message: errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    })
}

/// The points of a plant's driver: inputs first, each side in the order of the text.
///
/// # Errors
/// [`LoopError::Driver`]
pub fn point_configs(
    plant: &Plant,
    driver: usize,
) -> Result<Vec<modbus::config::PointConfig>, LoopError> {
    let name = &plant.drivers[driver].name;
    let mut points = Vec::new();
    for is_output in [false, true] {
        for point in &plant.points {
            if point.driver == *name && point.is_output == is_output {
                let config = kinds::point_config(&point.tag, is_output, &point.settings).map_err(
                    |problem| LoopError::Driver {
                        message: problem.message,
                    },
                )?;
                points.push(config);
            }
        }
    }
    Ok(points)
}

/// What the tasks of a closed loop share.
struct Shared {
    bank: WorldBank,
    maps: Vec<Option<Wired>>,
    /// Values for other tasks: (giving task, reading task) -> cells.
    exchange: Vec<Given>,
}

/// Values on their way: giving task, reading task, cells.
type Given = (usize, usize, Vec<(u64, Quality)>);

struct Wired {
    map: Map,
    /// Index of the I/O station that plays the device.
    station: usize,
    inputs: Box<[RawCell]>,
    outputs: Box<[RawCell]>,
    heartbeat: u16,
    heartbeat_register: Option<u16>,
}

/// Whether I/O station `station` answers nothing at present.
fn is_silent(bank: &WorldBank, station: usize) -> bool {
    let stations = bank.world().stations();
    stations.get(station).is_some_and(|io| io.is_silent())
}

/// Inlet and outlet of one task of a closed loop.
struct LoopEnd {
    task: usize,
    drivers: Vec<usize>,
    imports: Vec<usize>,
    layout: Layout,
    shared: Rc<RefCell<Shared>>,
    orders: Rc<RefCell<Vec<Entry>>>,
    station: StationValues,
}

/// A share of a task's end: the task holds two, as inlet and as outlet.
struct End(Rc<RefCell<LoopEnd>>);

impl Inlet for End {
    fn sample<W: Witness>(&mut self, scan: &Scan, door: &mut Door<'_, W>) {
        let end = &mut *self.0.borrow_mut();
        let shared = &mut *end.shared.borrow_mut();
        for (at, driver) in end.drivers.iter().enumerate() {
            let Some(wired) = &mut shared.maps[*driver] else {
                end.station.drivers_ok[at] = true;
                continue;
            };
            let silent = is_silent(&shared.bank, wired.station);
            end.station.drivers_ok[at] = !silent;
            if silent {
                for cell in &mut wired.inputs {
                    cell.quality = Quality::COMM_LOST;
                }
            } else {
                let bank = shared.bank.select(wired.station);
                wired
                    .map
                    .decode_from(&mut Direct(bank), scan.utc, &mut wired.inputs);
            }
            let cells = wired.inputs.iter().map(|cell| (cell.bits, cell.quality));
            door.frame(end.layout.drivers[at].source, cells);
        }
        for (at, from) in end.imports.iter().enumerate() {
            let given = shared
                .exchange
                .iter()
                .find(|(giver, reader, _)| giver == from && *reader == end.task);
            if let Some((_, _, cells)) = given
                && !cells.is_empty()
            {
                door.frame(end.layout.imports[at], cells.iter().copied());
            }
        }
        door.frame(end.layout.station, end.station.cells());
        for entry in end.orders.borrow_mut().drain(..) {
            door.admit(entry);
        }
    }
}

impl Outlet for End {
    fn publish(&mut self, _scan: &Scan, program: &Program) {
        let end = &mut *self.0.borrow_mut();
        let shared = &mut *end.shared.borrow_mut();
        for (at, driver) in end.drivers.iter().enumerate() {
            let Some(wired) = &mut shared.maps[*driver] else {
                continue;
            };
            for (cell, slot) in wired
                .outputs
                .iter_mut()
                .zip(&end.layout.drivers[at].outputs)
            {
                let from = program.image.cell(*slot);
                cell.bits = from.bits;
                cell.quality = from.quality();
            }
            if !is_silent(&shared.bank, wired.station) {
                let bank = shared.bank.select(wired.station);
                // A refused write is the device's business; its watchdog answers.
                let _ = wired.map.encode_to(&wired.outputs, &mut Direct(bank));
                if let Some(register) = wired.heartbeat_register {
                    wired.heartbeat = wired.heartbeat.wrapping_add(1);
                    let beat = [wired.heartbeat];
                    let bank = shared.bank.select(wired.station);
                    let _ = modbus_server::Bank::write_registers(bank, register, &beat);
                }
            }
        }
        for (reader, slots) in &end.layout.exports {
            let place = shared
                .exchange
                .iter_mut()
                .find(|(giver, to, _)| *giver == end.task && to == reader);
            if let Some((_, _, cells)) = place {
                cells.clear();
                cells.extend(slots.iter().map(|slot| {
                    let cell = program.image.cell(*slot);
                    (cell.bits, cell.quality())
                }));
            }
        }
    }
}

/// Where a tag of a closed loop is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    task: usize,
    slot: scan::Slot,
    kind: Kind,
}

type LoopTask<W> = Task<SimClock, End, End, W>;

/// One task of a closed loop.
struct Member<W> {
    task: LoopTask<W>,
    every: u64,
    orders: Rc<RefCell<Vec<Entry>>>,
}

/// A plant in closed loop with its simulated world.
pub struct ClosedLoop<W: Witness = NoWitness> {
    members: Vec<Member<W>>,
    shared: Rc<RefCell<Shared>>,
    tick_ns: u64,
    ticks: u64,
    /// For the marker `engine-restart`: what is linked afresh, and whether it is due.
    plant: Plant,
    restart_due: bool,
    scripts: ClosedScripts,
    /// Tags by name: (task, slot, kind, where commands go).
    names: std::collections::BTreeMap<String, (usize, scan::TagEntry)>,
}

impl ClosedLoop<NoWitness> {
    /// A cold start.
    ///
    /// # Errors
    /// [`LoopError`] if the world cannot be built.
    pub fn new(plant: &Plant, world: World) -> Result<ClosedLoop, LoopError> {
        ClosedLoop::witnessed(plant, world, |_| NoWitness)
    }
}

impl<W: Witness> ClosedLoop<W> {
    /// A cold start with a witness for each task.
    ///
    /// # Errors
    /// [`LoopError`] if the world cannot be built.
    pub fn witnessed(
        plant: &Plant,
        world: World,
        mut witness: impl FnMut(usize) -> W,
    ) -> Result<ClosedLoop<W>, LoopError> {
        let sim = plant.sim.as_ref().ok_or(LoopError::NoSimulation)?;
        let mut maps = Vec::new();
        for (index, driver) in plant.drivers.iter().enumerate() {
            if let Some(station) = sim.drivers.iter().position(|name| *name == driver.name) {
                let map = map_of(plant, index)?;
                let outputs = vec![RawCell::default(); map.outputs()].into_boxed_slice();
                let inputs = map.input_cells();
                let heartbeat_register = kinds::device_config(&driver.settings)
                    .ok()
                    .and_then(|config| config.heartbeat_register().ok().flatten());
                maps.push(Some(Wired {
                    map,
                    station,
                    inputs,
                    outputs,
                    heartbeat: 0,
                    heartbeat_register,
                }));
            } else {
                maps.push(None);
            }
        }
        let exchange = plant
            .tasks
            .iter()
            .enumerate()
            .flat_map(|(reader, task)| {
                task.exchange
                    .iter()
                    .map(move |(from, _)| (*from, reader, Vec::new()))
            })
            .collect();
        let shared = Rc::new(RefCell::new(Shared {
            bank: WorldBank::new(world).running(),
            maps,
            exchange,
        }));
        let LinkedPlant { tasks } = plant.link();
        let tick_ns = plant
            .tasks
            .iter()
            .map(|task| task.period_ns)
            .min()
            .unwrap_or(100_000_000);
        let flags = flags_of(plant);
        let mut names = std::collections::BTreeMap::new();
        let mut members = Vec::new();
        for (index, linked) in tasks.into_iter().enumerate() {
            let plan = &plant.tasks[index];
            let layout = Layout::new(plant, index, &linked.linked, 1);
            let Linked {
                mut program, tags, ..
            } = linked.linked;
            for (name, entry) in tags {
                names.insert(name, (index, entry));
            }
            program.start(Start::Cold);
            let orders = Rc::new(RefCell::new(Vec::new()));
            let end = Rc::new(RefCell::new(LoopEnd {
                task: index,
                drivers: plan.drivers.iter().map(|driver| driver.driver).collect(),
                imports: plan.exchange.iter().map(|(from, _)| *from).collect(),
                station: StationValues {
                    alarm_from: plan.overruns_alarm,
                    drivers_ok: vec![true; plan.drivers.len()],
                    scripts: if index == 0 {
                        flags.clone()
                    } else {
                        ScriptFlags::default()
                    },
                    ..StationValues::default()
                },
                layout,
                shared: shared.clone(),
                orders: orders.clone(),
            }));
            members.push(Member {
                task: Task {
                    clock: SimClock::new(plan.period_ns, EPOCH),
                    program: Box::new(program),
                    inlet: End(end.clone()),
                    outlet: End(end),
                    witness: witness(index),
                },
                every: plan.period_ns / tick_ns,
                orders,
            });
        }
        Ok(ClosedLoop {
            members,
            shared,
            tick_ns,
            ticks: 0,
            plant: plant.clone(),
            restart_due: false,
            scripts: ClosedScripts::new(plant, tick_ns, flags),
            names,
        })
    }

    /// One period of the fastest task: the world moves, every due task scans. While
    /// the fault `engine-restart` is in force nothing scans; then comes a cold start.
    pub fn tick(&mut self) {
        self.ticks += 1;
        let down = {
            let world = &mut self.shared.borrow_mut().bank;
            world.world_mut().step(self.tick_ns);
            world.world().is_fault_active("engine-restart")
        };
        if self.restart_due && !down {
            for (member, linked) in self.members.iter_mut().zip(self.plant.link().tasks) {
                let mut program = linked.linked.program;
                program.start(Start::Cold);
                *member.task.program = program;
                member.orders.borrow_mut().clear();
            }
        }
        self.restart_due = down;
        for member in &mut self.members {
            if self.ticks.is_multiple_of(member.every)
                && let Some(scan) = member.task.clock.next_release()
                && !down
            {
                member.task.scan(&scan);
            }
        }
        if !down {
            self.supervise();
        }
    }

    /// Runs the scripts that are due; what they ask for enters with the next scan.
    fn supervise(&mut self) {
        if self.scripts.is_empty() {
            return;
        }
        let mut scripts = core::mem::take(&mut self.scripts);
        let asked = scripts.run(self.ticks, |tag| {
            let (value, quality) = self.read(tag)?;
            Some(scripts::Reading {
                value,
                quality,
                kind: self.kind(tag),
            })
        });
        for (script, write) in asked {
            let stands = self.read(&write.tag).is_some_and(|(v, _)| v == write.value);
            let is_momentary = self.names.get(&write.tag).is_some_and(|(_, entry)| {
                entry.writable.is_some_and(|writable| writable.is_request)
            });
            // What stands already is not asked for again.
            let is_done = stands && !is_momentary;
            let is_refused = !is_done && !self.write(&write.tag, write.value);
            scripts.answer(script, &write.tag, is_refused);
        }
        self.scripts = scripts;
    }

    /// Simulated seconds so far.
    pub fn time_s(&self) -> f64 {
        self.ticks as f64 * self.tick_ns as f64 * 1e-9
    }

    /// Length of a tick, nanoseconds.
    pub const fn tick_ns(&self) -> u64 {
        self.tick_ns
    }

    /// Scans of all tasks so far.
    pub fn scans(&self) -> u64 {
        self.members
            .iter()
            .map(|member| self.ticks / member.every)
            .sum()
    }

    /// The program of a task.
    pub fn program(&self, task: usize) -> &Program {
        &self.members[task].task.program
    }

    /// The witness of a task.
    pub fn witness(&mut self, task: usize) -> &mut W {
        &mut self.members[task].task.witness
    }

    /// Machine kind of a tag; the world's truth is real.
    pub fn kind(&self, name: &str) -> Kind {
        self.names
            .get(name)
            .map_or(Kind::Real, |(_, entry)| entry.kind)
    }

    /// Where a tag is, for reading it again and again.
    pub fn place(&self, name: &str) -> Option<Place> {
        let (task, entry) = self.names.get(name)?;
        Some(Place {
            task: *task,
            slot: entry.slot,
            kind: entry.kind,
        })
    }

    /// Value and quality at a place.
    pub fn at(&self, place: &Place) -> (f64, Quality) {
        let cell = self.members[place.task].task.program.image.cell(place.slot);
        (place.kind.to_f64(cell.bits), cell.quality())
    }

    /// Value and quality of a tag, or of the world's truth with `truth:NAME`.
    pub fn read(&self, name: &str) -> Option<(f64, Quality)> {
        if let Some(truth) = name.strip_prefix("truth:") {
            return self
                .shared
                .borrow()
                .bank
                .world()
                .truth(truth)
                .map(|value| (value, Quality::GOOD));
        }
        let (task, entry) = self.names.get(name)?;
        let cell = self.members[*task].task.program.image.cell(entry.slot);
        Some((entry.kind.to_f64(cell.bits), cell.quality()))
    }

    /// Asks for a write, as a person would; it enters with the next scan of the
    /// tag's task. False if the tag cannot be written so.
    pub fn write(&mut self, name: &str, value: f64) -> bool {
        let Some((task, entry)) = self.names.get(name) else {
            return false;
        };
        let Some(writable) = entry.writable else {
            return false;
        };
        if !(writable.low..=writable.high).contains(&value) {
            return false;
        }
        let (slot, bits) = (writable.slot.index() as u32, entry.kind.from_f64(value));
        let entry = if writable.is_request {
            Entry::Request { slot, bits }
        } else {
            Entry::Write { slot, bits }
        };
        self.members[*task].orders.borrow_mut().push(entry);
        true
    }

    /// Forces a tag, or releases it. False for an unknown tag.
    pub fn force(&mut self, name: &str, value: Option<f64>) -> bool {
        let Some((task, entry)) = self.names.get(name) else {
            return false;
        };
        let slot = entry.slot.index() as u32;
        let entry = match value {
            Some(value) => Entry::Force {
                slot,
                bits: entry.kind.from_f64(value),
            },
            None => Entry::Unforce { slot },
        };
        self.members[*task].orders.borrow_mut().push(entry);
        true
    }

    /// The world, for faults.
    pub fn with_world<R>(&mut self, act: impl FnOnce(&mut World) -> R) -> R {
        act(self.shared.borrow_mut().bank.world_mut())
    }

    /// Names of all tags.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}
