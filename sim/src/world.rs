//! The world: a plant, its I/O stations, its faults, and simulated time.
//!
//! Time is an argument. The world works in ticks of fixed length, so that the
//! same span gives the same bits however it is cut into calls of
//! [`World::step`], as long as outputs change between the same ticks.

use serde::{Deserialize, Serialize};

use crate::actions::{self, Action, ActionEntry, ActionError, Work, actions};
use crate::faults::{Entry, Fault, FaultError, FaultList, library, plant_library};
use crate::image::Tables;
use crate::models::quench::QuenchConfig;
use crate::models::r101::{Charge, ConfigError, R101Config, Unit};
use crate::models::r102::R102Config;
use crate::models::sis::SisConfig;
use crate::models::transfer::TransferConfig;
use crate::models::u100::{PlantStart, U100Config};
use crate::models::utilities::HeaderConfig;
use crate::models::{Model, Plant};
use crate::station::Station;

/// Configuration of a world; the default is the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldConfig {
    /// Which model.
    pub model: Model,
    /// Length of a tick, ms. The integration step: 50 ms resolves the fastest
    /// gas flows (time constants above 0.2 s) and 100 ms scans.
    pub tick_ms: u32,
    /// Simulated time without a change of the heartbeat after which the device
    /// drives its outputs to their fail positions, s.
    pub watchdog_s: f64,
    /// How the whole plant stands at time zero.
    pub start: PlantStart,
    ///
    pub r101: R101Config,
    /// This and what follows: of the whole plant only.
    pub r102: R102Config,
    /// Transfer line.
    pub transfer: TransferConfig,
    /// V-105 and V-104.
    pub quench: QuenchConfig,
    /// Nitrogen header.
    pub nitrogen: HeaderConfig,
    /// Safety instrumented system.
    pub sis: SisConfig,
    /// Settings of R-101 that hold in the whole plant only.
    pub u100: U100Config,
}

impl Default for WorldConfig {
    fn default() -> Self {
        WorldConfig {
            model: Model::R101,
            tick_ms: 50,
            watchdog_s: 2.0,
            start: PlantStart::default(),
            r101: R101Config::default(),
            r102: R102Config::default(),
            transfer: TransferConfig::default(),
            quench: QuenchConfig::default(),
            nitrogen: HeaderConfig::default(),
            sis: SisConfig::default(),
            u100: U100Config::default(),
        }
    }
}

impl WorldConfig {
    /// The demo plant as a whole.
    pub fn u100() -> Self {
        WorldConfig {
            model: Model::U100,
            ..WorldConfig::default()
        }
    }

    /// Whether a world can be made of it; to be asked of every configuration read
    /// from outside.
    ///
    /// # Errors
    /// The first number that makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let tick_ms = f64::from(self.tick_ms);
        if !(1.0..=100.0).contains(&tick_ms) {
            return Err(ConfigError {
                field: "tick_ms",
                value: tick_ms,
            });
        }
        // R-102's relief lines are too fast for a longer step.
        if self.model == Model::U100 && self.tick_ms > 50 {
            return Err(ConfigError {
                field: "tick_ms",
                value: tick_ms,
            });
        }
        if !(self.watchdog_s > 0.0 && self.watchdog_s.is_finite()) {
            return Err(ConfigError {
                field: "watchdog_s",
                value: self.watchdog_s,
            });
        }
        self.r101.check()?;
        self.r102.check()?;
        self.transfer.check()?;
        self.quench.check()?;
        self.nitrogen.check()?;
        self.u100.check()
    }
}

/// A simulated plant behind the Modbus tables of its I/O stations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    tick_ns: u64,
    time_ns: u64,
    pending_ns: u64,
    stations: Vec<Station>,
    faults: FaultList,
    work: Work,
    plant: Plant,
}

impl World {
    /// A world at rest, of a configuration that passes [`WorldConfig::check`]; with
    /// another the numbers are worthless. Everything shut in, agitators as configured,
    /// the watchdogs already waiting for a heartbeat.
    pub fn new(config: WorldConfig, seed: u64) -> Self {
        let tick_ns = u64::from(config.tick_ms.max(1)) * 1_000_000;
        let watchdog_ns = (config.watchdog_s * 1e9) as u64;
        let mut stations: Vec<Station> = config
            .model
            .stations()
            .iter()
            .map(|&(name, unit_id)| Station::new(name, unit_id, watchdog_ns))
            .collect();
        let plant = Plant::new(config, seed, tick_ns as f64 / 1e9, &mut stations);
        World {
            tick_ns,
            time_ns: 0,
            pending_ns: 0,
            stations,
            faults: FaultList::default(),
            work: Work::default(),
            plant,
        }
    }

    /// Advances simulated time by `dt_ns`. What is left of a tick is kept for the next call.
    pub fn step(&mut self, dt_ns: u64) {
        self.pending_ns += dt_ns;
        while self.pending_ns >= self.tick_ns {
            self.pending_ns -= self.tick_ns;
            self.tick();
        }
    }

    fn tick(&mut self) {
        if self.faults.advance(self.time_ns, self.plant.subject_mut()) {
            for (index, station) in self.stations.iter_mut().enumerate() {
                station.set_silent(self.faults.is_active_on("io-station-loss", index));
            }
        }
        let plant = &mut self.plant;
        self.work.step(self.tick_ns as f64 / 1e9, |action, kg| {
            // Moving material has no obstacle once it has begun.
            let _ = plant.perform(action, kg);
        });
        self.plant.tick(&mut self.stations, self.tick_ns);
        self.time_ns += self.tick_ns;
    }

    /// The I/O stations, in the order of the model.
    pub fn stations(&self) -> &[Station] {
        &self.stations
    }

    /// Index of an I/O station by name.
    pub fn station(&self, name: &str) -> Option<usize> {
        self.stations
            .iter()
            .position(|station| station.name() == name)
    }

    /// Whether the heartbeat of the first I/O station has stood still so long that
    /// its outputs are at their fail positions.
    pub fn watchdog_expired(&self) -> bool {
        self.stations[0].watchdog_expired()
    }

    /// Whether the first I/O station answers no requests at present.
    pub fn is_silent(&self) -> bool {
        self.stations[0].is_silent()
    }

    /// Simulated time since the start, ns, in whole ticks.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// Length of a tick, ns.
    pub fn tick_ns(&self) -> u64 {
        self.tick_ns
    }

    /// The register image of the first I/O station.
    pub fn tables(&self) -> &Tables {
        &self.stations[0].tables
    }

    /// The register image of the first I/O station, for writing outputs.
    pub fn tables_mut(&mut self) -> &mut Tables {
        &mut self.stations[0].tables
    }

    /// The register image of I/O station `station`, for writing outputs.
    ///
    /// # Panics
    /// If there is no such station.
    pub fn tables_of_mut(&mut self, station: usize) -> &mut Tables {
        &mut self.stations[station].tables
    }

    /// What is true in the plant, by name ([`World::truths`]); NaN never, `None` for no such name.
    pub fn truth(&self, name: &str) -> Option<f64> {
        self.plant.truth(name)
    }

    /// Names of all truths of this model.
    pub fn truths(&self) -> impl Iterator<Item = &'static str> {
        self.plant.truths()
    }

    /// Whether a kept world can stand in the place of this one: same model, I/O stations
    /// and tick.
    pub fn is_like(&self, other: &World) -> bool {
        let stations = |world: &World| {
            let all = world.stations.iter();
            all.map(|station| (station.name(), station.unit_id()))
                .collect::<Vec<_>>()
        };
        self.tick_ns == other.tick_ns
            && self.plant.model() == other.plant.model()
            && stations(self) == stations(other)
    }

    /// Starts the running maxima anew from the present.
    pub fn reset_maxima(&mut self) {
        self.plant.reset_maxima();
    }

    /// The faults that this model can have.
    pub fn library(&self) -> impl Iterator<Item = &'static Entry> {
        library()
            .iter()
            .chain(plant_library())
            .filter(|entry| self.plant.subject().knows(entry))
    }

    /// Injects a fault; it takes effect with the next tick at or after its time.
    ///
    /// # Errors
    /// [`FaultError`]
    pub fn inject(&mut self, fault: &Fault) -> Result<(), FaultError> {
        self.faults
            .inject(fault, self.time_ns, self.plant.subject())
    }

    /// Clears a fault by its full name, from the next tick on; false if there is none.
    pub fn clear(&mut self, name: &str) -> bool {
        self.faults.clear(name)
    }

    /// Names of the faults in force.
    pub fn active_faults(&self) -> impl Iterator<Item = &str> {
        self.faults.active()
    }

    /// Whether the fault of this full name is in force.
    pub fn is_fault_active(&self, name: &str) -> bool {
        self.faults.is_active(name)
    }

    /// The actions that this model has.
    pub fn actions(&self) -> impl Iterator<Item = &'static ActionEntry> {
        actions()
            .iter()
            .filter(|entry| self.plant.may(entry.action, 0.0).is_some())
    }

    /// Does the action of this name; an amount moves from the next tick on, at the
    /// action's rate.
    ///
    /// # Errors
    /// [`ActionError`]
    pub fn act(&mut self, name: &str, value: Option<f64>) -> Result<(), ActionError> {
        let (entry, kg) = actions::find(name, value)?;
        let refused = |why| ActionError::Refused {
            name: name.to_string(),
            why,
        };
        match self.plant.may(entry.action, kg) {
            None => {
                return Err(ActionError::UnknownAction {
                    name: name.to_string(),
                });
            }
            Some(permitted) => permitted.map_err(refused)?,
        }
        if entry.action == Action::StopCharging {
            self.work.stop();
        } else if entry.parameter.is_some() {
            self.work.add(entry.action, kg);
        } else {
            self.plant.perform(entry.action, kg).map_err(refused)?;
        }
        Ok(())
    }

    /// Whether this action still moves material.
    pub fn is_moving(&self, action: Action) -> bool {
        self.work.moves(action)
    }

    /// Charges material into R-101 or V-101 by hand at once, `kg` at `celsius`.
    pub fn charge(&mut self, what: Charge, kg: f64, celsius: f64) {
        self.plant.charge(what, kg, celsius);
    }

    /// The reactor R-101, for tests that look deeper than [`World::truth`].
    pub fn unit(&self) -> &Unit {
        self.plant.reactor()
    }

    /// The plant, for tests that look deeper than [`World::truth`].
    pub fn plant(&self) -> &Plant {
        &self.plant
    }
}
