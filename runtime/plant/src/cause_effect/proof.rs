//! The proofs of a matrix, made when a plant is loaded: the facts that the matrix
//! alone does not know, and failed claims as numbered problems.

use super::MatrixDraft;
use crate::codes::{self, Code};
use crate::diagnostic::Diagnostics;
use crate::draft::Draft;
use crate::source::Origin;
use matrix::proof::{DeviceTrips, Facts, Need, Permit, Report, Subject, Theorem, WiredTrip};
use matrix::{Action, Test};
use scan::{BlockDecl, LinkInput, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How old the values of field points are at worst, by tag, seconds.
pub(crate) type Ages = BTreeMap<String, f64>;

/// What a task is to the proofs.
pub(crate) struct TaskFacts<'p> {
    pub name: &'p str,
    pub period_s: f64,
    pub input: &'p LinkInput,
}

/// Proves a matrix of the plant; what fails is noted.
pub(crate) fn prove(
    source: &MatrixDraft,
    draft: &Draft,
    tasks: &[TaskFacts<'_>],
    ages: &Ages,
    problems: &mut Diagnostics,
) -> Report {
    let facts = facts(source, tasks, ages);
    let report = matrix::prove(&source.matrix, &facts);
    for failure in &report.failures {
        let at = failure
            .subjects
            .iter()
            .find_map(|subject| place(subject, source, draft))
            .unwrap_or_else(|| source.at.clone());
        problems.push(
            code_of(failure.theorem),
            &at,
            failure.message.clone(),
            failure.counter_example.join("; "),
        );
    }
    report
}

const fn code_of(theorem: Theorem) -> Code {
    match theorem {
        Theorem::Complete => codes::PROOF_COMPLETE,
        Theorem::Reach => codes::PROOF_REACH,
        Theorem::Bypass => codes::PROOF_BYPASS,
        Theorem::Permissive => codes::PROOF_PERMISSIVE,
        Theorem::Response => codes::PROOF_RESPONSE,
        Theorem::Sensor => codes::PROOF_SENSOR,
    }
}

fn place(subject: &Subject, source: &MatrixDraft, draft: &Draft) -> Option<Origin> {
    let matrix = &source.matrix;
    match subject {
        Subject::Cause(id) => Some(source.place_of_cause(matrix.cause(id)?)),
        Subject::Effect(id) => Some(source.place_of_effect(matrix.effect(id)?)),
        Subject::Hazard(id) => {
            let index = matrix.hazards.iter().position(|hazard| hazard.id == *id)?;
            Some(source.place_of_hazard(index))
        }
        Subject::Device(name) | Subject::Permit(name) => {
            let block = draft.blocks.iter().find(|block| block.name == *name)?;
            Some(block.node.place("name"))
        }
        Subject::Tag(_) => None,
    }
}

fn facts(source: &MatrixDraft, tasks: &[TaskFacts<'_>], ages: &Ages) -> Facts {
    let mut facts = Facts::default();
    let Some(task) = tasks.iter().find(|task| task.name == source.task) else {
        return facts;
    };
    facts.period_s = task.period_s;
    let paths = Paths::new(tasks, ages);
    for cause in &source.matrix.causes {
        for channel in &cause.channels {
            let mut seen = BTreeSet::new();
            let age_s = paths.age_s(task.name, &channel.tag, &mut seen);
            facts.age_s.insert(channel.tag.clone(), age_s);
        }
    }
    for block in &task.input.blocks {
        match block.kind.name {
            "VALVE" | "AOUT" | "MOTOR" => facts.devices.push(device(block)),
            "PERMIT" => facts.permits.extend(permit(block, task.input)),
            _ => {}
        }
    }
    facts
}

fn word<'v>(row: &'v BTreeMap<String, Value>, key: &str) -> Option<&'v str> {
    match row.get(key) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

fn number(value: Option<&Value>) -> Option<f64> {
    match value {
        Some(Value::Real(real)) => Some(*real),
        Some(Value::Int(int)) => Some(*int as f64),
        _ => None,
    }
}

/// The trips of a final element, in the order of its block.
fn device(block: &BlockDecl) -> DeviceTrips {
    let device = block.name.clone();
    let wired = |when: &str, action: Action| {
        let (group, effect) = when.rsplit_once('.').unwrap_or((when, ""));
        WiredTrip {
            group: group.to_string(),
            effect: effect.to_string(),
            action,
        }
    };
    let mut trips = Vec::new();
    let Some(Value::List(rows)) = block.config.get("trips") else {
        return DeviceTrips { device, trips };
    };
    for row in rows {
        let device = device.clone();
        match row {
            Value::Text(when) => trips.push(wired(when, Action::Stop { device })),
            Value::Table(row) => {
                let when = word(row, "when").unwrap_or("a delayed signal");
                if let Some(to) = word(row, "to") {
                    let open = to == "open";
                    trips.push(wired(when, Action::Valve { device, open }));
                } else if let Some(value) = number(row.get("value")) {
                    trips.push(wired(when, Action::Analog { device, value }));
                }
            }
            _ => {}
        }
    }
    DeviceTrips { device, trips }
}

/// A permissive in terms of what its needs compare, as far as they do.
fn permit(block: &BlockDecl, input: &LinkInput) -> Option<Permit> {
    let Some(Value::List(rows)) = block.config.get("needs") else {
        return None;
    };
    let mut permit = Permit {
        name: block.name.clone(),
        ..Permit::default()
    };
    for row in rows {
        let Value::Table(row) = row else { continue };
        let is = !matches!(row.get("is"), Some(Value::Bool(false)));
        let tag = match row.get("tag") {
            Some(Value::Text(tag)) => tag,
            Some(Value::Table(table)) => match table.get("delayed") {
                Some(Value::Text(tag)) => tag,
                _ => continue,
            },
            _ => continue,
        };
        match tag.strip_suffix(".TRIPPED") {
            Some(group) if !is => permit.untripped.push(group.to_string()),
            _ => permit.needs.push(need(tag, is, input)),
        }
    }
    Some(permit)
}

/// What a Boolean tag means: the comparison behind it, if there is one.
fn need(tag: &str, is: bool, input: &LinkInput) -> Need {
    let as_it_is = Need {
        tag: tag.to_string(),
        test: Test::Is(is),
    };
    let Some(name) = tag.strip_suffix(".OUT") else {
        return as_it_is;
    };
    let mut blocks = input.blocks.iter();
    let Some(block) = blocks.find(|block| block.name == name && block.kind.name == "COMPARE")
    else {
        return as_it_is;
    };
    let (Some(tag), Some(limit), Some(when)) = (
        word(&block.config, "in"),
        number(block.config.get("limit")),
        word(&block.config, "when"),
    ) else {
        return as_it_is;
    };
    // "Not at or above" is below: at the limit itself neither matters to a proof that
    // looks for a state in which all needs hold.
    let is_above = (when == "above") == is;
    Need {
        tag: tag.to_string(),
        test: if is_above {
            Test::Above(limit)
        } else {
            Test::Below(limit)
        },
    }
}

/// Ways of values from the field to a tag.
struct Paths<'p> {
    tasks: &'p [TaskFacts<'p>],
    ages: &'p Ages,
    /// Tags read by the block that writes a tag, by task.
    reads: BTreeMap<(&'p str, String), Vec<String>>,
}

impl<'p> Paths<'p> {
    fn new(tasks: &'p [TaskFacts<'p>], ages: &'p Ages) -> Paths<'p> {
        let mut reads = BTreeMap::new();
        for task in tasks {
            for (tag, inputs) in scan::link::declared_reads(task.input) {
                reads.insert((task.name, tag), inputs);
            }
        }
        Paths { tasks, ages, reads }
    }

    /// How old a tag's field value is at worst when a scan of this task reads it.
    fn age_s(&self, task: &str, tag: &str, seen: &mut BTreeSet<(String, String)>) -> f64 {
        if let Some((other, tag)) = tag.split_once('/') {
            let period = self.tasks.iter().find(|task| task.name == other);
            let period_s = period.map_or(0.0, |task| task.period_s);
            return period_s + self.age_s(other, tag, seen);
        }
        if let Some(age_s) = self.ages.get(tag) {
            return *age_s;
        }
        if !seen.insert((task.to_string(), tag.to_string())) {
            return 0.0;
        }
        let inputs = self
            .reads
            .iter()
            .find(|((name, written), _)| *name == task && written == tag)
            .map(|(_, inputs)| inputs.as_slice());
        inputs
            .unwrap_or_default()
            .iter()
            .map(|input| self.age_s(task, input, seen))
            .fold(0.0, f64::max)
    }
}
