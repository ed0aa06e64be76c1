//! The simulated world at the desk's door.

mod still;

use crate::change::SharedRunning;
use crate::pace::{SPEEDS, SimPace};
use crate::play;
use crate::scenario::{self, Scenario};
use crate::snapshots::Shelf;
use crate::standstill::Stander;
use gateway::Hub;
use gateway::desk::{Refusal, RefusalCode, Text};
use gateway::simulator::{
    Simulation, SimulationDeed, SimulationEntry, SimulationSnapshot, Simulator,
};
use sim::Fault;
use sim::faults::{Parameter, Target};
use sim::serve::{SharedWorld, WorldBank};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A world, and the time in which it and its controller live.
pub struct Instructor {
    /// The world.
    pub world: SharedWorld,
    /// The time of the station and of the world.
    pub pace: Arc<SimPace>,
    /// What plays.
    pub player: Player,
    /// What runs.
    pub running: SharedRunning,
    /// Snapshots that are kept.
    pub shelf: Mutex<Shelf>,
    /// The tasks, as one reaches them while they stand still. Whoever changes how time
    /// goes holds them.
    pub tasks: Mutex<Vec<Stander>>,
}

/// Plays the steps of one scenario at a time. The hub holds the instructor, so it is
/// held weakly here.
pub struct Player {
    hub: Weak<Hub>,
    handle: Handle,
    scenarios: BTreeMap<String, Scenario>,
    now: Mutex<Option<(String, JoinHandle<()>)>>,
}

impl Player {
    /// Knows the scenarios of a plant that need no other plant and no other world than
    /// those that run. What cannot be read is not offered: `scanloop test` says why.
    pub fn new(hub: &Arc<Hub>, handle: &Handle, plant: &Path) -> Player {
        let files = std::fs::read_dir(plant.join("scenarios"));
        let paths = files
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path());
        let scenarios = paths.filter_map(|path| {
            let name = path
                .file_name()?
                .to_str()?
                .strip_suffix(".toml")?
                .to_string();
            Some((name, scenario::read(&path).ok()?))
        });
        Player {
            hub: Arc::downgrade(hub),
            handle: handle.clone(),
            scenarios: scenarios
                .filter(|(_, scenario)| {
                    scenario.overrides.is_empty()
                        && scenario.world.is_empty()
                        && !scenario.steps.is_empty()
                })
                .collect(),
            now: Mutex::new(None),
        }
    }

    fn now(&self) -> MutexGuard<'_, Option<(String, JoinHandle<()>)>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plays a scenario from its beginning, in place of another.
    pub fn play(&self, world: &SharedWorld, pace: &Arc<SimPace>, name: &str, scenario: Scenario) {
        self.stop();
        let Some(hub) = self.hub.upgrade() else {
            return;
        };
        let task = play::play(hub, world.clone(), scenario, pace.clone());
        *self.now() = Some((name.to_string(), self.handle.spawn(task)));
    }

    /// No further step is played.
    pub fn stop(&self) {
        if let Some((_, task)) = self.now().take() {
            task.abort();
        }
    }

    fn playing(&self) -> Option<String> {
        let now = self.now();
        let (name, _) = now.as_ref().filter(|(_, task)| !task.is_finished())?;
        Some(name.clone())
    }
}

impl Instructor {
    /// World, controller and drivers go at this speed from now on; 0: all stand still.
    fn go(&self, speed: f64) -> Result<(), Refusal> {
        // The process stops first and goes on last: it never runs without a controller.
        let mut bank = self.bank();
        let before = bank.speed();
        bank.set_speed(before.min(speed));
        if !self.pace.set(speed) {
            bank.set_speed(before);
            return Err(Refusal::new(
                RefusalCode::Busy,
                "the scans have not yet taken earlier changes of the speed",
                "扫描尚未采用先前的速度",
            ));
        }
        bank.set_speed(speed);
        Ok(())
    }

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
            scenarios: self
                .player
                .scenarios
                .iter()
                .map(|(name, of)| (name.clone(), Text::new(&of.title.en, &of.title.zh)))
                .collect(),
            playing: self.player.playing(),
            snapshots: self
                .shelf()
                .list(self.digest())
                .map(|(head, fits)| SimulationSnapshot {
                    name: head.name.clone(),
                    utc_ms: head.utc_ns.div_euclid(1_000_000),
                    fits,
                })
                .collect(),
        }
    }

    fn act(&self, deed: &SimulationDeed) -> Result<(), Refusal> {
        let refused = |why: String| Refusal::new(RefusalCode::NotPermitted, &why, &why);
        match deed {
            SimulationDeed::Inject { name, value } => {
                let fault = Fault {
                    name: name.clone(),
                    value: *value,
                    at_s: None,
                    for_s: None,
                };
                let done = self.bank().world_mut().inject(&fault);
                done.map_err(|error| refused(error.to_string()))
            }
            SimulationDeed::Clear { name } => {
                if self.bank().world_mut().clear(name) {
                    return Ok(());
                }
                Err(Refusal::new(
                    RefusalCode::NotPermitted,
                    format!("{name} is not in force"),
                    format!("{name} 未生效"),
                ))
            }
            SimulationDeed::Act { name, value } => {
                let done = self.bank().world_mut().act(name, *value);
                done.map_err(|error| refused(error.to_string()))
            }
            SimulationDeed::Freeze => self.goes(0.0),
            SimulationDeed::Resume => self.goes(self.pace.moving()),
            SimulationDeed::Step => self.step(),
            SimulationDeed::Snapshot { name } => self.snapshot(name),
            SimulationDeed::Restore { name } => self.restore(name),
            SimulationDeed::Forget { name } => self.forget(name),
            SimulationDeed::Pace { speed } => {
                let (least, most) = SPEEDS;
                if !(least..=most).contains(speed) {
                    return Err(Refusal::new(
                        RefusalCode::OutOfRange,
                        format!("the speed is from {least} to {most} times real time"),
                        format!("速度为实时的 {least} 至 {most} 倍"),
                    ));
                }
                self.goes(*speed)
            }
            SimulationDeed::Play { name } => match self.player.scenarios.get(name) {
                Some(scenario) => {
                    let scenario = scenario.clone();
                    self.player.play(&self.world, &self.pace, name, scenario);
                    Ok(())
                }
                None => Err(Refusal::new(
                    RefusalCode::NotPermitted,
                    format!("no scenario {name} can be played here"),
                    format!("没有可播放的场景 {name}"),
                )),
            },
            SimulationDeed::Stop => {
                self.player.stop();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Running;
    use sim::{World, WorldConfig};

    fn instructor() -> (Arc<Hub>, tokio::runtime::Runtime, Instructor) {
        let bank = WorldBank::new(World::new(WorldConfig::u100(), 1));
        let (hub, _intake) = Hub::new(|| 0);
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let plant = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
        let player = Player::new(&hub, runtime.handle(), &plant);
        let loaded = plant::load(&plant, &crate::kinds::blocks(), &crate::kinds::Drivers);
        let Ok(loaded) = loaded else {
            panic!("the plant loads");
        };
        let instructor = Instructor {
            world: bank.shared(),
            pace: Arc::new(SimPace::new(2.0)),
            player,
            running: Arc::new(Mutex::new(Running {
                plant: Arc::new(loaded),
                number: 1,
                has_before: false,
            })),
            shelf: Mutex::new(Shelf::open(plant.join("none"))),
            tasks: Mutex::default(),
        };
        (hub, runtime, instructor)
    }

    #[test]
    fn a_fault_is_in_force_until_it_is_cleared_and_unknown_names_are_refused() {
        let (_hub, _runtime, instructor) = instructor();
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
    fn all_stands_still_and_goes_on_at_its_own_speed_and_no_other_is_taken() {
        let (_hub, _runtime, instructor) = instructor();
        assert_eq!(instructor.act(&SimulationDeed::Freeze), Ok(()));
        assert_eq!(
            (instructor.state().speed, instructor.pace.speed()),
            (0.0, 0.0)
        );
        let before = instructor.pace.utc_ns();
        assert_eq!(instructor.pace.utc_ns(), before);
        assert_eq!(instructor.act(&SimulationDeed::Resume), Ok(()));
        assert_eq!(
            (instructor.state().speed, instructor.pace.speed()),
            (2.0, 2.0)
        );
        for speed in [0.0, -1.0, f64::NAN, 1_000.0] {
            let refused = instructor.act(&SimulationDeed::Pace { speed });
            assert_eq!(
                refused.map_err(|why| why.code),
                Err(RefusalCode::OutOfRange)
            );
        }
        assert_eq!(instructor.act(&SimulationDeed::Pace { speed: 5.0 }), Ok(()));
        assert_eq!(instructor.state().speed, 5.0);
        assert!(instructor.pace.utc_ns() >= before);
    }

    #[test]
    fn a_scenario_that_fits_what_runs_is_played_until_it_is_stopped() {
        let (_hub, _runtime, instructor) = instructor();
        let offered = instructor.state().scenarios;
        assert!(offered.iter().any(|(name, _)| name == "demo"));
        // It lays other settings over the plant's text.
        assert!(!offered.iter().any(|(name, _)| name == "F1-agitator-bare"));
        let play = |name: &str| {
            instructor.act(&SimulationDeed::Play {
                name: name.to_string(),
            })
        };
        assert!(play("F1-agitator-bare").is_err());
        assert_eq!(instructor.state().playing, None);
        assert_eq!(play("demo"), Ok(()));
        assert_eq!(instructor.state().playing.as_deref(), Some("demo"));
        assert_eq!(play("F1-agitator"), Ok(()));
        assert_eq!(instructor.state().playing.as_deref(), Some("F1-agitator"));
        assert_eq!(instructor.act(&SimulationDeed::Stop), Ok(()));
        assert_eq!(instructor.state().playing, None);
    }
}
