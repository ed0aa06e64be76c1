//! What differs between two editions of a plant, and what that would touch.
//!
//! ```text
//! two Plants ─> text: what was written otherwise, item by item, old and new
//!           └─> impact: what that means for the programs: what is touched, what keeps
//!               its state, what begins anew, what an online change would refuse
//! ```
//!
//! Pure: it reads two loaded plants and nothing else. Whether a trip is latched now is
//! not known here; [`Bar`] says which one would stand in the way.

mod impact;
mod paper;
mod text;

use crate::plant::Plant;
use crate::words::Words;
use serde::Serialize;

/// All that differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Digest of the old text, lower-case hexadecimal.
    pub old: String,
    /// Digest of the new text.
    pub new: String,
    /// What was written otherwise; empty if at most comments and layout differ.
    pub changes: Vec<Change>,
    /// What it means.
    pub impact: Impact,
}

/// How a thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// It is in the new text only.
    Added,
    /// It is in the old text only.
    Removed,
    /// It is in both, and differs.
    Changed,
    /// It is the same, and what it reads within a scan comes from something that is not.
    Fed,
    /// As fed, but only by way of something that is read a scan late or by another task.
    Late,
}

impl How {
    /// The word of reports.
    pub const fn word(self) -> &'static str {
        match self {
            How::Added => "added",
            How::Removed => "removed",
            How::Changed => "changed",
            How::Fed => "fed",
            How::Late => "fed late",
        }
    }

    /// Whether the thing itself is the same, and only what reaches it is not.
    pub const fn is_fed(self) -> bool {
        matches!(self, How::Fed | How::Late)
    }
}

/// One item of the text that differs: a block, a tag, a row of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What it is, in the word of its section: `block`, `alarm`, `cell`.
    pub section: String,
    /// Its name; the file of a section that has none.
    pub name: String,
    /// How it differs.
    pub how: How,
    /// What it is, as the text describes it.
    pub desc: Words,
    /// File and line: of the new text, or of the old one for what was removed.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Keys that differ; none for what was added or removed as a whole, except a cell.
    pub keys: Vec<Key>,
}

/// One key with its values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// Its path in the item, `causes.2.latch`.
    pub key: String,
    /// Value before; none if the key was not there.
    pub old: Option<String>,
    /// Value now; none if the key is gone.
    pub new: Option<String>,
    /// Engineering unit of both; empty if none is known.
    pub unit: String,
}

/// What a change touches.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Impact {
    /// What an online change may not alter and does; a restart is needed.
    pub restart: Vec<Restart>,
    /// Blocks whose old state does not fit, and why: the change would be refused.
    pub misfits: Vec<String>,
    /// Blocks that must not hold a latched trip at the moment of the change.
    pub bars: Vec<Bar>,
    /// Final elements.
    pub elements: Vec<Touched>,
    /// Rows of the matrices.
    pub causes: Vec<Touched>,
    /// Columns of the matrices.
    pub effects: Vec<Touched>,
    /// Control loops.
    pub loops: Vec<Touched>,
    /// Alarms.
    pub alarms: Vec<Touched>,
    /// Tags that come or go.
    pub tags: Vec<Touched>,
    /// Tags whose new initial value takes the place of what people have set.
    pub set_anew: Vec<String>,
    /// Blocks that begin without the state of a predecessor.
    pub anew: Vec<String>,
    /// Blocks whose state goes with them.
    pub gone: Vec<String>,
    /// Blocks whose state goes on.
    pub kept: usize,
    /// Blocks that are not among the above and read what changes, near or far.
    pub fed: usize,
}

/// What an online change leaves as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Restart {
    /// Tasks, or what they exchange.
    Tasks,
    /// Servers.
    Servers,
    /// Which scripts there are.
    Scripts,
    /// Drivers.
    Drivers,
    /// Field points.
    Points,
}

impl Restart {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Restart::Tasks => "tasks or what they exchange",
            Restart::Servers => "servers",
            Restart::Scripts => "which scripts there are",
            Restart::Drivers => "drivers",
            Restart::Points => "field points",
        }
    }
}

/// A block that holds trips and is touched by the change: while it holds one, the
/// change is refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// The block.
    pub block: String,
    /// What the change does to it.
    pub why: Words,
    /// Whether it holds a trip now; nobody knows where no plant runs.
    pub holds: Option<bool>,
}

/// Something of the plant that the change touches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Touched {
    /// Its name.
    pub name: String,
    /// What it is.
    pub desc: Words,
    /// How.
    pub how: How,
    /// What touches it, unless it is itself what changed.
    pub by: String,
}

/// Kinds of blocks that can hold a trip ([`scan::Block::is_tripped`]).
pub const TRIP_KINDS: [&str; 2] = ["INTERLOCK", "LATCH"];

/// Compares two plants.
pub fn compare(old: &Plant, new: &Plant) -> Comparison {
    let changes = text::changes(old, new);
    let impact = impact::impact(old, new, &changes);
    Comparison {
        old: format!("{:016x}", old.digest),
        new: format!("{:016x}", new.digest),
        changes,
        impact,
    }
}

/// What of the new text an online change cannot do, in the order of the report.
pub fn restarts(old: &Plant, new: &Plant) -> Vec<Restart> {
    let tasks = |plant: &Plant| -> Vec<_> {
        let tasks = plant.tasks.iter();
        tasks
            .map(|task| {
                (
                    task.name.clone(),
                    task.period_ns,
                    task.overruns_alarm,
                    task.watchdog_ns,
                    task.exchange.clone(),
                )
            })
            .collect()
    };
    let servers = |plant: &Plant| -> Vec<_> {
        let servers = plant.servers.iter();
        servers.map(|server| server.node.to_toml()).collect()
    };
    // Their texts, tags and periods may change; each has its place among the tags.
    let scripts = |plant: &Plant| -> Vec<_> {
        let scripts = plant.scripts.iter();
        scripts.map(|script| script.name.clone()).collect()
    };
    let drivers = |plant: &Plant| -> Vec<_> {
        let drivers = plant.drivers.iter();
        drivers
            .map(|driver| {
                (
                    driver.name.clone(),
                    driver.kind.clone(),
                    driver.task.clone(),
                    driver.settings.clone(),
                )
            })
            .collect()
    };
    let points = |plant: &Plant| -> Vec<_> {
        let points = plant.points.iter();
        points
            .map(|point| {
                (
                    point.tag.clone(),
                    point.driver.clone(),
                    point.is_output,
                    point.settings.clone(),
                )
            })
            .collect()
    };
    let differs = [
        (Restart::Tasks, tasks(old) != tasks(new)),
        (Restart::Servers, servers(old) != servers(new)),
        (Restart::Scripts, scripts(old) != scripts(new)),
        (Restart::Drivers, drivers(old) != drivers(new)),
        (Restart::Points, points(old) != points(new)),
    ];
    let differing = differs.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(what, _)| what).collect()
}
