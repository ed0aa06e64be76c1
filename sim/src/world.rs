//! The world: one unit, its I/O station, its faults, and simulated time.
//!
//! Time is an argument. The world works in ticks of fixed length, so that the
//! same span gives the same bits however it is cut into calls of
//! [`World::step`], as long as outputs change between the same ticks.

use serde::{Deserialize, Serialize};

use crate::faults::{Fault, FaultError, FaultList};
use crate::image::{HR_HEARTBEAT, Tables};
use crate::models::r101::{Charge, ConfigError, Outputs, R101Config, Unit};

/// Configuration of a world; the default is the demo unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldConfig {
    /// Length of a tick, ms. The integration step: 50 ms resolves the fastest
    /// gas flows (time constants above 0.2 s) and 100 ms scans.
    pub tick_ms: u32,
    /// Simulated time without a change of the heartbeat after which the device
    /// drives its outputs to their fail positions, s.
    pub watchdog_s: f64,
    /// The unit.
    pub r101: R101Config,
}

impl Default for WorldConfig {
    fn default() -> Self {
        WorldConfig {
            tick_ms: 50,
            watchdog_s: 2.0,
            r101: R101Config::default(),
        }
    }
}

impl WorldConfig {
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
        if !(self.watchdog_s > 0.0 && self.watchdog_s.is_finite()) {
            return Err(ConfigError {
                field: "watchdog_s",
                value: self.watchdog_s,
            });
        }
        self.r101.check()
    }
}

/// A simulated unit behind four Modbus tables.
#[derive(Clone, Debug)]
pub struct World {
    tick_ns: u64,
    watchdog_ns: u64,
    agitator_holds: bool,
    time_ns: u64,
    pending_ns: u64,
    tables: Tables,
    outputs: Outputs,
    heartbeat: u16,
    heartbeat_age_ns: u64,
    faults: FaultList,
    silent: bool,
    unit: Unit,
}

impl World {
    /// A world at rest, of a configuration that passes [`WorldConfig::check`]; with
    /// another the numbers are worthless. Everything shut in, the agitator as configured, the
    /// watchdog already waiting for a heartbeat.
    pub fn new(config: WorldConfig, seed: u64) -> Self {
        let tick_ns = u64::from(config.tick_ms.max(1)) * 1_000_000;
        let agitator_holds = config.r101.actuators.agitator_holds_on_watchdog;
        let mut tables = Tables::default();
        Outputs::write_standby(
            &mut tables,
            config.r101.start.agitator_on,
            config.r101.start.speed_rpm,
        );
        let outputs = Outputs::read(&tables);
        let unit = Unit::new(config.r101, seed, tick_ns as f64 / 1e9);
        unit.write_inputs(&mut tables);
        World {
            tick_ns,
            watchdog_ns: (config.watchdog_s * 1e9) as u64,
            agitator_holds,
            time_ns: 0,
            pending_ns: 0,
            tables,
            outputs,
            heartbeat: 0,
            heartbeat_age_ns: 0,
            faults: FaultList::default(),
            silent: false,
            unit,
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
        if self.faults.advance(self.time_ns, &mut self.unit) {
            self.silent = self.faults.is_active("io-station-loss");
        }
        self.read_outputs();
        self.unit.step(&self.outputs);
        self.unit.write_inputs(&mut self.tables);
        self.time_ns += self.tick_ns;
    }

    /// The device's own watchdog. A silent device hears nothing: its last outputs
    /// stand until the watchdog takes them away.
    fn read_outputs(&mut self) {
        let heard = !self.silent && self.tables.holding[HR_HEARTBEAT] != self.heartbeat;
        if heard {
            self.heartbeat = self.tables.holding[HR_HEARTBEAT];
            self.heartbeat_age_ns = 0;
        }
        if self.watchdog_expired() {
            self.outputs.fail(self.agitator_holds);
        } else if !self.silent {
            self.outputs = Outputs::read(&self.tables);
        }
        self.heartbeat_age_ns = self.heartbeat_age_ns.saturating_add(self.tick_ns);
    }

    /// Whether the heartbeat has stood still so long that the outputs are at
    /// their fail positions.
    pub fn watchdog_expired(&self) -> bool {
        self.heartbeat_age_ns >= self.watchdog_ns
    }

    /// Whether the device answers no requests at present.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// Simulated time since the start, ns, in whole ticks.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// Length of a tick, ns.
    pub fn tick_ns(&self) -> u64 {
        self.tick_ns
    }

    /// The register image.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The register image, for writing outputs.
    pub fn tables_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// What is true in the unit, by name ([`crate::models::r101::TRUTHS`]); NaN never, `None` for no such name.
    pub fn truth(&self, name: &str) -> Option<f64> {
        self.unit.truth(name)
    }

    /// Starts the running maxima anew from the present.
    pub fn reset_maxima(&mut self) {
        self.unit.reset_maxima();
    }

    /// Injects a fault; it takes effect with the next tick at or after its time.
    pub fn inject(&mut self, fault: &Fault) -> Result<(), FaultError> {
        self.faults.inject(fault, self.time_ns)
    }

    /// Clears a fault by its full name, from the next tick on; false if there is none.
    pub fn clear(&mut self, name: &str) -> bool {
        self.faults.clear(name)
    }

    /// Names of the faults in force.
    pub fn active_faults(&self) -> impl Iterator<Item = &str> {
        self.faults.active()
    }

    /// Charges material by hand, `kg` at `celsius`.
    pub fn charge(&mut self, what: Charge, kg: f64, celsius: f64) {
        self.unit.charge(what, kg, celsius);
    }

    /// The unit, for tests that look deeper than [`World::truth`].
    pub fn unit(&self) -> &Unit {
        &self.unit
    }
}
