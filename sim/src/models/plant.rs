//! The plant of a world: one of the models, behind one face.

use serde::{Deserialize, Serialize};

use super::r101::{Charge, Outputs, R101Config, TRUTHS, Unit};
use super::r102;
use super::u100::{self, U100};
use crate::actions::{Action, Obstacle};
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
    /// The whole of plant 1, behind I/O stations `io1` and `io2`.
    U100,
}

impl Model {
    /// The model of this name in plant text.
    pub fn named(name: &str) -> Option<Model> {
        match name {
            "r101" => Some(Model::R101),
            "u100" => Some(Model::U100),
            _ => None,
        }
    }

    /// Its I/O stations: name and Modbus unit identifier.
    pub const fn stations(self) -> &'static [(&'static str, u8)] {
        match self {
            Model::R101 => &[("io1", 1)],
            Model::U100 => &[("io1", 1), ("io2", 2)],
        }
    }
}

/// R-101 alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alone {
    pub(crate) unit: Unit,
    outputs: Outputs,
}

/// A plant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Plant {
    /// R-101 alone.
    R101(Box<Alone>),
    /// The whole of plant 1.
    U100(Box<U100>),
}

impl Plant {
    /// Which.
    pub const fn model(&self) -> Model {
        match self {
            Plant::R101(_) => Model::R101,
            Plant::U100(_) => Model::U100,
        }
    }

    /// The plant of `config` with its standby image in `stations`.
    pub(crate) fn new(
        config: WorldConfig,
        seed: u64,
        tick_s: f64,
        stations: &mut [Station],
    ) -> Plant {
        match config.model {
            Model::R101 => Plant::r101(config.r101, seed, tick_s, stations),
            Model::U100 => Plant::U100(Box::new(U100::new(config, seed, tick_s, stations))),
        }
    }

    fn r101(config: R101Config, seed: u64, tick_s: f64, stations: &mut [Station]) -> Plant {
        let tables = &mut stations[0].tables;
        Outputs::write_standby(tables, config.start.agitator_on, config.start.speed_rpm);
        let outputs = Outputs::read(tables);
        let unit = Unit::new(config, seed, tick_s);
        unit.write_inputs(tables);
        Plant::R101(Box::new(Alone { unit, outputs }))
    }

    /// The reactor R-101, which every model has.
    pub fn reactor(&self) -> &Unit {
        match self {
            Plant::R101(alone) => &alone.unit,
            Plant::U100(plant) => plant.reactor(),
        }
    }

    pub(crate) fn reactor_mut(&mut self) -> &mut Unit {
        match self {
            Plant::R101(alone) => &mut alone.unit,
            Plant::U100(plant) => plant.reactor_mut(),
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
            Plant::U100(plant) => plant.tick(stations, tick_ns),
        }
    }

    /// Charges R-101 or V-101 by hand.
    pub(crate) fn charge(&mut self, what: Charge, kg: f64, celsius: f64) {
        self.reactor_mut().charge(what, kg, celsius);
    }

    /// Whether this plant has `action` and it can be begun with `kg`; `None` if it has not.
    pub(crate) fn may(&self, action: Action, kg: f64) -> Option<Result<(), Obstacle>> {
        match self {
            Plant::R101(_) => match action {
                Action::ChargeSolvent
                | Action::ChargeA
                | Action::RefillDosingVessel
                | Action::StopCharging => Some(Ok(())),
                _ => None,
            },
            Plant::U100(plant) => Some(plant.may(action, kg)),
        }
    }

    /// Does `action`, or as much of it as `kg`.
    pub(crate) fn perform(&mut self, action: Action, kg: f64) -> Result<(), Obstacle> {
        const STORE_C: f64 = 20.0;
        match self {
            Plant::R101(alone) => {
                let what = match action {
                    Action::ChargeSolvent => Charge::Solvent,
                    Action::ChargeA => Charge::A,
                    Action::RefillDosingVessel => Charge::DosingVessel,
                    _ => return Ok(()),
                };
                alone.unit.charge(what, kg, STORE_C);
                Ok(())
            }
            Plant::U100(plant) => plant.perform(action, kg),
        }
    }

    /// Starts the running maxima anew.
    pub(crate) fn reset_maxima(&mut self) {
        match self {
            Plant::R101(alone) => alone.unit.reset_maxima(),
            Plant::U100(plant) => plant.reset_maxima(),
        }
    }

    /// Names of all truths.
    pub fn truths(&self) -> impl Iterator<Item = &'static str> {
        let (second, beyond): (&[&str], &[&str]) = match self {
            Plant::R101(_) => (&[], &[]),
            Plant::U100(_) => (&r102::TRUTHS, &u100::TRUTHS),
        };
        TRUTHS.iter().chain(second).chain(beyond).copied()
    }

    /// A truth by name.
    pub fn truth(&self, name: &str) -> Option<f64> {
        match self {
            Plant::R101(alone) => alone.unit.truth(name),
            Plant::U100(plant) => plant.truth(name),
        }
    }
}

impl Subject for Alone {
    fn knows(&self, entry: &Entry) -> bool {
        library().iter().any(|known| known.name == entry.name)
    }

    fn transmitter(&self, tag: &str) -> Option<usize> {
        tags::transmitter(tag)
    }

    fn valve(&self, tag: &str) -> Option<usize> {
        tags::valve(tag)
    }

    fn station(&self, name: &str) -> Option<usize> {
        let mut stations = Model::R101.stations().iter();
        stations.position(|(known, _)| *known == name)
    }

    fn may_swap(&self, first: usize, second: usize) -> bool {
        first < tags::LOOPS && second < tags::LOOPS && first != second
    }

    fn heal(&mut self) {
        self.unit.heal();
    }

    fn apply(&mut self, name: &str, aim: Aim, value: Option<f64>) {
        self.unit.apply(name, aim, value);
    }

    fn settle(&mut self) {
        self.unit.settle();
    }

    fn ended(&mut self, name: &str) {
        if name == "rupture-disc-burst" {
            self.unit.replace_disc();
        }
    }
}

impl Plant {
    /// What faults act on.
    pub(crate) fn subject(&self) -> &dyn Subject {
        match self {
            Plant::R101(alone) => alone.as_ref(),
            Plant::U100(plant) => plant.as_ref(),
        }
    }

    /// What faults act on, to be changed.
    pub(crate) fn subject_mut(&mut self) -> &mut dyn Subject {
        match self {
            Plant::R101(alone) => alone.as_mut(),
            Plant::U100(plant) => plant.as_mut(),
        }
    }
}
