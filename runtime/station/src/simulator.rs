//! The simulated world at the desk's door.

use gateway::desk::{Refusal, RefusalCode, Text};
use gateway::simulator::{Simulation, SimulationDeed, SimulationEntry, Simulator};
use sim::Fault;
use sim::faults::{Parameter, Target};
use sim::serve::{SharedWorld, WorldBank};
use std::sync::{MutexGuard, PoisonError};

/// A world, and the speed at which it goes when it goes.
pub struct Instructor {
    /// The world.
    pub world: SharedWorld,
    /// Multiple of real time.
    pub speed: f64,
}

impl Instructor {
    fn bank(&self) -> MutexGuard<'_, WorldBank> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(of: Option<Parameter>) -> Option<(String, f64, f64, Option<f64>)> {
    of.map(|p| (p.meaning.to_string(), p.low, p.high, p.default))
}

impl Simulator for Instructor {
    fn state(&self) -> Simulation {
        let bank = self.bank();
        let world = bank.world();
        let faults = world.library().filter(|entry| !entry.marker);
        let faults = faults.map(|entry| SimulationEntry {
            name: entry.name.to_string(),
            is_fault: true,
            needs_target: entry.target != Target::None,
            text: Text::new(entry.english, entry.chinese),
            number: number(entry.parameter),
        });
        let deeds = world.actions().map(|entry| SimulationEntry {
            name: entry.name.to_string(),
            is_fault: false,
            needs_target: false,
            text: Text::new(entry.english, entry.chinese),
            number: number(entry.parameter),
        });
        Simulation {
            speed: bank.speed(),
            entries: faults.chain(deeds).collect(),
            active: world.active_faults().map(str::to_string).collect(),
        }
    }

    fn act(&self, deed: &SimulationDeed) -> Result<(), Refusal> {
        let refused = |why: String| Refusal::new(RefusalCode::NotPermitted, &why, &why);
        let mut bank = self.bank();
        match deed {
            SimulationDeed::Inject { name, value } => {
                let fault = Fault {
                    name: name.clone(),
                    value: *value,
                    at_s: None,
                    for_s: None,
                };
                let done = bank.world_mut().inject(&fault);
                done.map_err(|error| refused(error.to_string()))
            }
            SimulationDeed::Clear { name } => {
                if bank.world_mut().clear(name) {
                    return Ok(());
                }
                Err(Refusal::new(
                    RefusalCode::NotPermitted,
                    format!("{name} is not in force"),
                    format!("{name} 未生效"),
                ))
            }
            SimulationDeed::Act { name, value } => {
                let done = bank.world_mut().act(name, *value);
                done.map_err(|error| refused(error.to_string()))
            }
            SimulationDeed::Freeze => {
                bank.set_speed(0.0);
                Ok(())
            }
            SimulationDeed::Resume => {
                bank.set_speed(self.speed);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::{World, WorldConfig};

    fn instructor() -> Instructor {
        let bank = WorldBank::new(World::new(WorldConfig::u100(), 1));
        Instructor {
            world: bank.shared(),
            speed: 2.0,
        }
    }

    #[test]
    fn a_fault_is_in_force_until_it_is_cleared_and_unknown_names_are_refused() {
        let instructor = instructor();
        let name = "brine-warm".to_string();
        let inject = SimulationDeed::Inject {
            name: name.clone(),
            value: None,
        };
        assert_eq!(instructor.act(&inject), Ok(()));
        instructor.bank().world_mut().step(1_000_000_000);
        assert_eq!(instructor.state().active, std::slice::from_ref(&name));
        let clear = SimulationDeed::Clear { name };
        assert_eq!(instructor.act(&clear), Ok(()));
        instructor.bank().world_mut().step(1_000_000_000);
        assert!(instructor.act(&clear).is_err());
        let none = SimulationDeed::Act {
            name: "none".into(),
            value: None,
        };
        assert!(instructor.act(&none).is_err());
        assert!(instructor.state().entries.len() > 60);
    }

    #[test]
    fn a_frozen_process_goes_on_at_its_own_speed() {
        let instructor = instructor();
        assert_eq!(instructor.act(&SimulationDeed::Freeze), Ok(()));
        assert_eq!(instructor.state().speed, 0.0);
        assert_eq!(instructor.act(&SimulationDeed::Resume), Ok(()));
        assert_eq!(instructor.state().speed, 2.0);
    }
}
