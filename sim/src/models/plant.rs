//! The plant of a world: one of the models, behind one face.

use serde::{Deserialize, Serialize};

use super::r101::{Charge, Outputs, R101Config, TRUTHS, Unit};
use crate::faults::{Aim, Entry, Subject, library};
use crate::models::r101::tags;
use crate::station::Station;
use crate::world::WorldConfig;

/// Which model a world holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Reactor R-101 alone, behind I/O station `io1`.
    #[default]
    R101,
}

impl Model {
    /// The model of this name in plant text.
    pub fn named(name: &str) -> Option<Model> {
        match name {
            "r101" => Some(Model::R101),
            _ => None,
        }
    }

    /// Its I/O stations: name and Modbus unit identifier.
    pub const fn stations(self) -> &'static [(&'static str, u8)] {
        match self {
            Model::R101 => &[("io1", 1)],
        }
    }
}

/// R-101 alone.
#[derive(Clone, Debug)]
pub struct Alone {
    pub(crate) unit: Unit,
    outputs: Outputs,
}

/// A plant.
#[derive(Clone, Debug)]
pub enum Plant {
    /// R-101 alone.
    R101(Alone),
}

impl Plant {
    /// The plant of `config` with its standby image in `stations`.
    pub(crate) fn new(
        config: WorldConfig,
        seed: u64,
        tick_s: f64,
        stations: &mut [Station],
    ) -> Plant {
        match config.model {
            Model::R101 => Plant::r101(config.r101, seed, tick_s, stations),
        }
    }

    fn r101(config: R101Config, seed: u64, tick_s: f64, stations: &mut [Station]) -> Plant {
        let tables = &mut stations[0].tables;
        Outputs::write_standby(tables, config.start.agitator_on, config.start.speed_rpm);
        let outputs = Outputs::read(tables);
        let unit = Unit::new(config, seed, tick_s);
        unit.write_inputs(tables);
        Plant::R101(Alone { unit, outputs })
    }

    /// The reactor R-101, which every model has.
    pub fn reactor(&self) -> &Unit {
        match self {
            Plant::R101(alone) => &alone.unit,
        }
    }

    pub(crate) fn reactor_mut(&mut self) -> &mut Unit {
        match self {
            Plant::R101(alone) => &mut alone.unit,
        }
    }

    /// One tick: outputs, process, inputs.
    #[inline]
    pub(crate) fn tick(&mut self, stations: &mut [Station], tick_ns: u64) {
        match self {
            Plant::R101(alone) => {
                let station = &mut stations[0];
                let orders = station.listen(tick_ns);
                alone
                    .outputs
                    .obey(orders, &station.tables, alone.unit.agitator_holds());
                alone.unit.step(&alone.outputs);
                alone.unit.write_inputs(&mut station.tables);
            }
        }
    }

    /// Charges R-101 or V-101 by hand.
    pub(crate) fn charge(&mut self, what: Charge, kg: f64, celsius: f64) {
        self.reactor_mut().charge(what, kg, celsius);
    }

    /// Starts the running maxima anew.
    pub(crate) fn reset_maxima(&mut self) {
        self.reactor_mut().reset_maxima();
    }

    /// Names of all truths.
    pub fn truths(&self) -> impl Iterator<Item = &'static str> {
        TRUTHS.into_iter()
    }

    /// A truth by name.
    pub fn truth(&self, name: &str) -> Option<f64> {
        match self {
            Plant::R101(alone) => alone.unit.truth(name),
        }
    }
}

impl Subject for Plant {
    fn knows(&self, entry: &Entry) -> bool {
        match self {
            Plant::R101(_) => library().iter().any(|known| known.name == entry.name),
        }
    }

    fn transmitter(&self, tag: &str) -> Option<usize> {
        match self {
            Plant::R101(_) => tags::transmitter(tag),
        }
    }

    fn valve(&self, tag: &str) -> Option<usize> {
        match self {
            Plant::R101(_) => tags::valve(tag),
        }
    }

    fn station(&self, name: &str) -> Option<usize> {
        let model = match self {
            Plant::R101(_) => Model::R101,
        };
        model.stations().iter().position(|(known, _)| *known == name)
    }

    fn may_swap(&self, first: usize, second: usize) -> bool {
        match self {
            Plant::R101(_) => first < tags::LOOPS && second < tags::LOOPS && first != second,
        }
    }

    fn heal(&mut self) {
        match self {
            Plant::R101(alone) => alone.unit.heal(),
        }
    }

    fn apply(&mut self, name: &str, aim: Aim, value: Option<f64>) {
        match self {
            Plant::R101(alone) => alone.unit.apply(name, aim, value),
        }
    }

    fn settle(&mut self) {
        match self {
            Plant::R101(alone) => alone.unit.settle(),
        }
    }

    fn ended(&mut self, name: &str) {
        if name == "rupture-disc-burst" {
            self.reactor_mut().replace_disc();
        }
    }
}
