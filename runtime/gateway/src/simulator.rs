//! The simulated process as an instructor sees it: faults, deeds in the field, and
//! whether its time stands still. A station that runs a real plant has none.

use serde::{Deserialize, Serialize};

use crate::desk::{Refusal, Text};

/// What may be done to the simulated process, and what is in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Multiple of real time; 0 = stands still.
    pub speed: f64,
    /// Faults and deeds that it knows.
    pub entries: Vec<SimulationEntry>,
    /// Full names of the faults in force.
    pub active: Vec<String>,
    /// Names and titles of the scenarios that can be played on it as it stands.
    pub scenarios: Vec<(String, Text)>,
    /// Name of the scenario whose steps are being played.
    pub playing: Option<String>,
    /// Snapshots that are kept, oldest first.
    pub snapshots: Vec<SimulationSnapshot>,
}

/// Process and controller at one moment, kept by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationSnapshot {
    /// Name.
    pub name: String,
    /// When it was taken, by the wall clock, milliseconds since 1970.
    pub utc_ms: i64,
    /// It is whole as far as that is known, and of the text that runs.
    pub fits: bool,
}

/// A fault or a deed of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulationEntry {
    /// Name by which it is called.
    pub name: String,
    /// It is a fault (can be cleared), not a deed of people in the field.
    pub is_fault: bool,
    /// A target is written after a colon: `sensor-frozen:TT-101B`.
    pub needs_target: bool,
    /// What it is.
    pub text: Text,
    /// Meaning, least, greatest and usual value of its number, if it has one.
    pub number: Option<(String, f64, f64, Option<f64>)>,
}

/// Something done to the simulated process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum SimulationDeed {
    /// Brings in a fault.
    Inject {
        /// Full name.
        name: String,
        /// Its number.
        value: Option<f64>,
    },
    /// Takes a fault away.
    Clear {
        /// Full name.
        name: String,
    },
    /// Does something in the field.
    Act {
        /// Name.
        name: String,
        /// Its number.
        value: Option<f64>,
    },
    /// Process and controller stand still.
    Freeze,
    /// They go on.
    Resume,
    /// From standing still: one scan of the fastest task, those of the others that are due
    /// by then, and the process's share of the time.
    Step,
    /// Process and controller are kept as they are, under this name.
    Snapshot {
        /// Name.
        name: String,
    },
    /// Process and controller are put back as they were kept, and stand still.
    Restore {
        /// Name.
        name: String,
    },
    /// A snapshot is deleted.
    Forget {
        /// Name.
        name: String,
    },
    /// They go at this speed from now on.
    Pace {
        /// Multiple of real time.
        speed: f64,
    },
    /// The steps of a scenario are played from its beginning, in place of those of
    /// another; what these have done stays.
    Play {
        /// Name.
        name: String,
    },
    /// No further step is played.
    Stop,
}

impl SimulationDeed {
    /// What is done, in English and in Chinese.
    pub fn words(&self) -> (String, String) {
        let number = |value: &Option<f64>| value.map_or_else(String::new, |v| format!(" {v}"));
        match self {
            SimulationDeed::Inject { name, value } => {
                let value = number(value);
                (
                    format!("fault {name}{value}"),
                    format!("注入故障 {name}{value}"),
                )
            }
            SimulationDeed::Clear { name } => {
                (format!("fault {name} cleared"), format!("清除故障 {name}"))
            }
            SimulationDeed::Act { name, value } => {
                let value = number(value);
                (
                    format!("deed {name}{value}"),
                    format!("现场操作 {name}{value}"),
                )
            }
            SimulationDeed::Freeze => ("stands still".into(), "冻结".into()),
            SimulationDeed::Resume => ("goes on".into(), "继续".into()),
            SimulationDeed::Play { name } => (
                format!("scenario {name} played"),
                format!("播放场景 {name}"),
            ),
            SimulationDeed::Step => ("single step".into(), "单步".into()),
            SimulationDeed::Snapshot { name } => {
                (format!("snapshot {name} taken"), format!("保存快照 {name}"))
            }
            SimulationDeed::Restore { name } => (
                format!("snapshot {name} restored"),
                format!("恢复快照 {name}"),
            ),
            SimulationDeed::Forget { name } => (
                format!("snapshot {name} deleted"),
                format!("删除快照 {name}"),
            ),
            SimulationDeed::Stop => ("scenario stopped".into(), "停止播放场景".into()),
            SimulationDeed::Pace { speed } => {
                (format!("speed × {speed}"), format!("速度 × {speed}"))
            }
        }
    }
}

/// The door to a simulated process. What it may do waits for the scans: not for a thread
/// that others wait for.
pub trait Simulator: Send + Sync {
    /// What may be done and what is in force.
    fn state(&self) -> Simulation;

    /// Does it.
    ///
    /// # Errors
    /// Why not.
    fn act(&self, deed: &SimulationDeed) -> Result<(), Refusal>;
}
