//! Closed-loop test files: a plant, a world, faults and commands at their times,
//! and what must come of them.
//!
//! ```toml
//! title = { en = "…", zh = "…" }
//! for_s = 43200
//! [[step]]
//! at_s = 1200
//! fault = "agitator-stop"
//! for_s = 13200
//! [[expect]]
//! text = "agitator loss trips dosing at once"
//! first = "C06.TRIP"          # when it first becomes true
//! at_s = 1202
//! within = 3
//! [[expect]]
//! text = "warm, and the agitator runs"
//! check = 'value("TT-101.PV") > 30 && read("M-101.RUN").is_good'
//! ```

use crate::closed_loop::{ClosedLoop, LoopError, world_of};
use crate::kinds;
use crate::response::{Measured, Responses};
use plant::{Plant, Sources};
use scripts::{Condition, Reading};
use serde::Deserialize;
use sim::Fault;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// A scenario file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Title in both languages.
    pub title: Words,
    /// Longest simulated time, seconds.
    pub for_s: f64,
    /// Seed of the world's noise.
    #[serde(default = "one")]
    pub seed: u64,
    /// Least speed, as a multiple of real time: in place of what a run of all scenarios
    /// asks for ([`Report::hold_to_speed`]).
    #[serde(default)]
    pub least_speed: Option<f64>,
    /// Settings of the world laid over the plant's.
    #[serde(default)]
    pub world: toml::Table,
    /// Keys of blocks laid over the plant's text, for "without interlocks".
    #[serde(default, rename = "override")]
    pub overrides: Vec<Override>,
    /// What happens.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What must come of it.
    #[serde(default, rename = "expect")]
    pub expects: Vec<Expect>,
}

const fn one() -> u64 {
    1
}

/// A text in both languages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// English.
    pub en: String,
    /// 中文.
    pub zh: String,
}

/// One key of one block, changed for this run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Block, or `kind:CAUSE` for all of a kind.
    pub block: String,
    /// Key.
    pub key: String,
    /// Its value.
    pub value: toml::Value,
}

/// Something that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, simulated seconds since the start.
    pub at_s: f64,
    /// Words for the log.
    #[serde(default)]
    pub text: String,
    /// Tags to write, in the order of their names.
    #[serde(default)]
    pub write: BTreeMap<String, f64>,
    /// Tags to force.
    #[serde(default)]
    pub force: BTreeMap<String, f64>,
    /// Tags to release.
    #[serde(default)]
    pub unforce: Vec<String>,
    /// Fault to inject.
    pub fault: Option<String>,
    /// What somebody does in the field ([`sim::actions`]).
    pub action: Option<String>,
    /// The number of the fault or of the action.
    pub value: Option<f64>,
    /// How long it lasts.
    pub for_s: Option<f64>,
    /// Fault to clear.
    pub clear: Option<String>,
}

/// What must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Words for the report.
    pub text: String,
    /// Tag, or `truth:NAME`, read at `at_s` or at the end.
    pub read: Option<String>,
    /// Tag whose first becoming true is timed.
    pub first: Option<String>,
    /// Tag that must never become true.
    pub never: Option<String>,
    /// When: of the reading, or wanted for `first`.
    pub at_s: Option<f64>,
    /// Wanted value.
    pub near: Option<f64>,
    /// Tolerance of `near`, percent of it.
    pub within_pct: Option<f64>,
    /// Tolerance of `near`, absolute; of `first`, seconds.
    pub within: Option<f64>,
    /// Condition in the words of a script, tried at `at_s` or at the end.
    pub check: Option<String>,
    /// Least value.
    pub above: Option<f64>,
    /// Greatest value.
    pub below: Option<f64>,
}

/// Result of one expectation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Words.
    pub text: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was found, in words.
    pub found: String,
    /// What was wanted, in words.
    pub wanted: String,
}

/// Result of a scenario.
#[derive(Clone, Debug)]
pub struct Report {
    /// File name without ending.
    pub name: String,
    /// Title.
    pub title: Words,
    /// Outcomes in the order of the file.
    pub outcomes: Vec<Outcome>,
    /// Simulated seconds.
    pub simulated_s: f64,
    /// Wall seconds.
    pub wall_s: f64,
    /// Scans done.
    pub scans: u64,
    /// Response times met on the way.
    pub responses: Vec<Measured>,
}

impl Report {
    /// Whether every expectation holds.
    pub fn passed(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.passed)
    }

    /// Times real time.
    pub fn speed(&self) -> f64 {
        self.simulated_s / self.wall_s.max(1e-9)
    }

    /// One expectation more: at least so many times real time.
    pub fn hold_to_speed(&mut self, least: f64) {
        self.outcomes.push(Outcome {
            text: "runs fast enough".to_string(),
            passed: self.speed() >= least,
            found: format!("{:.0} x", self.speed()),
            wanted: format!("at least {least} x real time"),
        });
    }
}

/// A least speed as a person gives it: `200` or `200x`.
///
/// # Errors
/// In words, if it is no positive number.
pub fn least_speed(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('x').parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed.is_finite() => Ok(speed),
        _ => Err("a positive number of times real time, such as 200".into()),
    }
}

/// Why a scenario cannot run.
#[derive(Debug)]
pub enum ScenarioError {
    /// The file cannot be read or is not such a file.
    File {
        /// Its name.
        file: String,
        /// How, with line and column where known.
        message: String,
    },
    /// The plant with the scenario's overrides has problems.
    Plant {
        /// All of them, rendered.
        rendered: String,
    },
    /// The closed loop cannot be built.
    Loop(LoopError),
    /// A name is not known.
    Name {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// What was looked for.
        what: &'static str,
    },
}

impl core::fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ScenarioError::File { file, message } => {
                write!(f, "P0601 scenario file wrong\n  --> {file}\n{message}")
            }
            ScenarioError::Plant { rendered } => write!(f, "{rendered}"),
            ScenarioError::Loop(error) => write!(f, "{error}"),
            ScenarioError::Name { file, name, what } => {
                write!(
                    f,
                    "P0602 scenario names an unknown {what}\n  --> {file}: {name}"
                )
            }
        }
    }
}
impl std::error::Error for ScenarioError {}

/// Reads a scenario file.
///
/// # Errors
/// [`ScenarioError::File`]
pub fn read(path: &Path) -> Result<Scenario, ScenarioError> {
    let file = path.display().to_string();
    let wrong = |message| ScenarioError::File {
        file: file.clone(),
        message,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let scenario: Scenario = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if let Some(least) = scenario.least_speed
        && (least <= 0.0 || !least.is_finite())
    {
        return Err(wrong(format!(
            "least_speed = {least}: must be a positive number of times real time"
        )));
    }
    Ok(scenario)
}

/// The plant with overrides laid over it: the text of the block's key is replaced,
/// then everything is loaded and checked as ever. Blocks that a cause-and-effect
/// matrix became are changed as blocks: the matrix itself stays as it was proved.
///
/// # Errors
/// [`ScenarioError`] if a block is unknown or the plant then has problems.
pub fn plant_with(plant: &Plant, scenario: &Scenario, name: &str) -> Result<Plant, ScenarioError> {
    if scenario.overrides.is_empty() {
        return Ok(plant.clone());
    }
    let mut files = plant.sources.files().to_vec();
    let mut generated: Vec<(&str, &Override)> = Vec::new();
    for over in &scenario.overrides {
        let unknown = || ScenarioError::Name {
            file: name.to_string(),
            name: over.block.clone(),
            what: "block",
        };
        let mut is_known = false;
        for (block, draft) in plant.blocks.iter().filter(|(_, draft)| over.means(draft)) {
            is_known = true;
            let (path, text) = &mut files[draft.node.at.file];
            if path.starts_with("matrix/") || path.starts_with("alarms/") {
                generated.push((block, over));
                continue;
            }
            let mut document: toml::Table =
                toml::from_str(text).map_err(|error| ScenarioError::File {
                    file: name.to_string(),
                    message: error.to_string(),
                })?;
            let table = document
                .get_mut("block")
                .and_then(toml::Value::as_array_mut)
                .and_then(|blocks| {
                    blocks
                        .iter_mut()
                        .filter_map(toml::Value::as_table_mut)
                        .find(|table| {
                            table.get("name").and_then(toml::Value::as_str) == Some(block)
                        })
                })
                .ok_or_else(unknown)?;
            table.insert(over.key.clone(), over.value.clone());
            *text = document.to_string();
        }
        if !is_known {
            return Err(unknown());
        }
    }
    let sources = Sources::from_texts(files);
    let mut changed = plant::load_sources(sources, &kinds::blocks(), &kinds::Drivers).map_err(
        |(sources, problems)| ScenarioError::Plant {
            rendered: problems.render(&sources),
        },
    )?;
    for (block, over) in generated {
        let mut decls = changed
            .tasks
            .iter_mut()
            .flat_map(|task| &mut task.input.blocks);
        if let Some(decl) = decls.find(|decl| decl.name == block) {
            decl.config.insert(over.key.clone(), value_of(&over.value));
        }
    }
    for task in &changed.tasks {
        scan::link::link(&task.input).map_err(|problems| ScenarioError::Plant {
            rendered: format!("{problems:?}"),
        })?;
    }
    Ok(changed)
}

impl Override {
    /// Whether a block is meant: by its name, or by its kind as `kind:CAUSE`.
    pub fn means(&self, block: &plant::BlockDraft) -> bool {
        match self.block.strip_prefix("kind:") {
            Some(kind) => block.kind == kind,
            None => self.block == block.name,
        }
    }
}

fn value_of(value: &toml::Value) -> scan::Value {
    match value {
        toml::Value::Float(real) => scan::Value::Real(*real),
        toml::Value::Integer(int) => scan::Value::Int(*int),
        toml::Value::Boolean(bool) => scan::Value::Bool(*bool),
        toml::Value::String(text) => scan::Value::Text(text.clone()),
        toml::Value::Datetime(time) => scan::Value::Text(time.to_string()),
        toml::Value::Array(items) => scan::Value::List(items.iter().map(value_of).collect()),
        toml::Value::Table(table) => scan::Value::Table(
            table
                .iter()
                .map(|(key, value)| (key.clone(), value_of(value)))
                .collect(),
        ),
    }
}

/// Runs a scenario; `progress` is told the simulated seconds now and then.
///
/// # Errors
/// [`ScenarioError`]
pub fn run(
    plant: &Plant,
    scenario: &Scenario,
    name: &str,
    mut progress: impl FnMut(f64),
) -> Result<Report, ScenarioError> {
    let plant = plant_with(plant, scenario, name)?;
    let world =
        world_of(&plant, Some(&scenario.world), scenario.seed).map_err(ScenarioError::Loop)?;
    let mut closed = ClosedLoop::new(&plant, world).map_err(ScenarioError::Loop)?;
    let mut watch = Watch::new(scenario, &closed, name)?;
    let mut responses = Responses::new(&plant, &closed);
    let mut steps: Vec<&Step> = scenario.steps.iter().collect();
    steps.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut steps = steps.into_iter().peekable();
    let begun = Instant::now();
    let ticks = (scenario.for_s * 1e9 / closed.tick_ns() as f64).ceil() as u64;
    for tick in 0..ticks {
        let now_s = closed.time_s();
        while let Some(step) = steps.next_if(|step| step.at_s <= now_s + 1e-9) {
            act(&mut closed, step, name)?;
        }
        closed.tick();
        watch.look(&closed);
        responses.look(&closed);
        if tick % 50_000 == 0 {
            progress(now_s);
        }
    }
    let wall_s = begun.elapsed().as_secs_f64();
    progress(scenario.for_s);
    Ok(Report {
        name: name.to_string(),
        title: scenario.title.clone(),
        outcomes: watch.finish(&closed),
        simulated_s: closed.time_s(),
        wall_s,
        scans: closed.scans(),
        responses: responses.finish(name),
    })
}

fn act(closed: &mut ClosedLoop, step: &Step, file: &str) -> Result<(), ScenarioError> {
    let unknown = |name: &str, what| ScenarioError::Name {
        file: file.to_string(),
        name: name.to_string(),
        what,
    };
    for (tag, value) in &step.write {
        if !closed.write(tag, *value) {
            return Err(unknown(
                &format!("{tag} = {value}"),
                "tag, or one that may not be written so",
            ));
        }
    }
    for (tag, value) in &step.force {
        if !closed.force(tag, Some(*value)) {
            return Err(unknown(tag, "tag"));
        }
    }
    for tag in &step.unforce {
        if !closed.force(tag, None) {
            return Err(unknown(tag, "tag"));
        }
    }
    if let Some(name) = &step.fault {
        let fault = Fault {
            name: name.clone(),
            value: step.value,
            at_s: None,
            for_s: step.for_s,
        };
        closed
            .with_world(|world| world.inject(&fault))
            .map_err(|error| unknown(&error.to_string(), "fault"))?;
    }
    if let Some(name) = &step.action {
        closed
            .with_world(|world| world.act(name, step.value))
            .map_err(|error| unknown(&error.to_string(), "action"))?;
    }
    if let Some(name) = &step.clear {
        closed.with_world(|world| world.clear(name));
    }
    Ok(())
}

/// Follows the expectations while the scenario runs.
struct Watch<'s> {
    expects: &'s [Expect],
    /// Conditions of those that have one.
    conditions: Vec<Option<Condition>>,
    /// Time of first becoming true, or the value read at its time.
    seen: Vec<Option<f64>>,
}

impl<'s> Watch<'s> {
    fn new(scenario: &'s Scenario, closed: &ClosedLoop, file: &str) -> Result<Self, ScenarioError> {
        let mut conditions = Vec::new();
        for expect in &scenario.expects {
            let condition = condition(expect).map_err(|message| ScenarioError::File {
                file: file.to_string(),
                message,
            })?;
            let names = [&expect.read, &expect.first, &expect.never];
            let mut named: Vec<&String> = names.into_iter().flatten().collect();
            if named.len() + usize::from(condition.is_some()) != 1 {
                return Err(ScenarioError::File {
                    file: file.to_string(),
                    message: format!(
                        "\"{}\" must have one of read, first, never, check",
                        expect.text
                    ),
                });
            }
            named.extend(condition.iter().flat_map(|condition| &condition.tags));
            for name in named {
                if closed.read(name).is_none() {
                    return Err(ScenarioError::Name {
                        file: file.to_string(),
                        name: name.clone(),
                        what: "tag",
                    });
                }
            }
            conditions.push(condition);
        }
        Ok(Watch {
            conditions,
            expects: &scenario.expects,
            seen: vec![None; scenario.expects.len()],
        })
    }

    fn look(&mut self, closed: &ClosedLoop) {
        let now_s = closed.time_s();
        let each = self.expects.iter().zip(&self.conditions);
        for ((expect, condition), seen) in each.zip(&mut self.seen) {
            if seen.is_some() {
                continue;
            }
            if let (Some(condition), Some(at_s)) = (condition, expect.at_s) {
                if now_s >= at_s {
                    *seen = Some(holds(condition, closed).0);
                }
                continue;
            }
            if let Some(name) = expect.first.as_ref().or(expect.never.as_ref()) {
                if closed.read(name).is_some_and(|(value, _)| value != 0.0) {
                    *seen = Some(now_s);
                }
            } else if let (Some(name), Some(at_s)) = (&expect.read, expect.at_s)
                && now_s >= at_s
            {
                *seen = closed.read(name).map(|(value, _)| value);
            }
        }
    }

    fn finish(self, closed: &ClosedLoop) -> Vec<Outcome> {
        self.expects
            .iter()
            .zip(&self.conditions)
            .zip(self.seen)
            .map(|((expect, condition), seen)| match condition {
                Some(condition) => judge_condition(expect, condition, seen, closed),
                None => judge(expect, seen, closed),
            })
            .collect()
    }
}

/// The condition of an expectation, if it has one.
fn condition(expect: &Expect) -> Result<Option<Condition>, String> {
    let Some(text) = &expect.check else {
        return Ok(None);
    };
    Condition::new(text).map(Some).map_err(|problem| {
        format!(
            "\"{}\": column {}: {}",
            expect.text, problem.column, problem.message
        )
    })
}

/// 1 if a condition holds now, 0 if it does not, NaN if that cannot be told, with
/// the reason.
fn holds(condition: &Condition, closed: &ClosedLoop) -> (f64, String) {
    let readings = condition.tags.iter().filter_map(|tag| {
        let (value, quality) = closed.read(tag)?;
        let kind = closed.kind(tag);
        let reading = Reading {
            value,
            quality,
            kind,
        };
        Some((tag.clone(), reading))
    });
    match condition.holds(readings.collect()) {
        Ok(holds) => (f64::from(u8::from(holds)), holds.to_string()),
        Err(fault) => (f64::NAN, fault.to_string()),
    }
}

fn judge_condition(
    expect: &Expect,
    condition: &Condition,
    seen: Option<f64>,
    closed: &ClosedLoop,
) -> Outcome {
    let (value, found) = match (seen, expect.at_s) {
        (Some(value), _) => (value, (value != 0.0 && !value.is_nan()).to_string()),
        (None, Some(_)) => (f64::NAN, "never tried".to_string()),
        (None, None) => holds(condition, closed),
    };
    Outcome {
        text: expect.text.clone(),
        passed: value == 1.0,
        found,
        wanted: expect.check.clone().unwrap_or_default(),
    }
}

fn judge(expect: &Expect, seen: Option<f64>, closed: &ClosedLoop) -> Outcome {
    let text = expect.text.clone();
    if let Some(name) = &expect.never {
        return Outcome {
            text,
            passed: seen.is_none(),
            found: seen.map_or_else(|| "never".into(), |at| format!("true at {at:.1} s")),
            wanted: format!("{name} never true"),
        };
    }
    if let Some(name) = &expect.first {
        let slack = expect.within.unwrap_or(1.0);
        let wanted_s = expect.at_s.unwrap_or(0.0);
        return Outcome {
            text,
            passed: seen.is_some_and(|at| (at - wanted_s).abs() <= slack),
            found: seen.map_or_else(|| "never".into(), |at| format!("{at:.1} s")),
            wanted: format!("{name} at {wanted_s} s ± {slack} s"),
        };
    }
    let name = expect.read.clone().unwrap_or_default();
    let value = match expect.at_s {
        Some(_) => seen,
        None => closed.read(&name).map(|(value, _)| value),
    };
    let mut wanted = Vec::new();
    let mut passed = value.is_some();
    let found = value.unwrap_or(f64::NAN);
    if let Some(near) = expect.near {
        let slack = expect
            .within
            .unwrap_or_else(|| (near * expect.within_pct.unwrap_or(10.0) / 100.0).abs());
        passed &= (found - near).abs() <= slack;
        wanted.push(format!("{near} ± {slack:.3}"));
    }
    if let Some(above) = expect.above {
        passed &= found > above;
        wanted.push(format!("> {above}"));
    }
    if let Some(below) = expect.below {
        passed &= found < below;
        wanted.push(format!("< {below}"));
    }
    Outcome {
        text,
        passed: passed && !wanted.is_empty(),
        found: format!("{found:.4}"),
        wanted: format!("{name} {}", wanted.join(", ")),
    }
}
