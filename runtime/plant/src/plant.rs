//! A plant without problems, and its linked programs.

use crate::alarms::{self, AlarmDraft};
use crate::cause_effect::{self, MatrixDraft, TaskFacts};
use crate::codes::{self, Code};
use crate::diagnostic::Diagnostics;
use crate::draft::{
    self, BlockDraft, Draft, DriverDraft, PointDraft, SimDraft, TagDraft, UnitDraft, Words,
};
use crate::history::{self, HistorianDraft};
use crate::notifications;
use crate::ownership::givers_outside;
use crate::people::{self, PeopleDraft};
use crate::processes::{self, Library};
use crate::resolve::{DriverKinds, TaskPlan, is_reference, resolve};
use crate::scripts::{self, ScriptDraft, Targets};
use crate::servers::{self, LinkedTags, ServerDraft};
use crate::source::{Origin, Sources};
use crate::supervised::{self, SupervisedUnit};
use scan::link::link;
use scan::{Linked, Place, Problem, ProblemKind, Registry};
use std::collections::BTreeMap;
use std::path::Path;

/// A plant whose text has no problem: it links.
#[derive(Clone)]
pub struct Plant {
    /// Name.
    pub name: String,
    /// Title.
    pub title: Words,
    /// Its text.
    pub sources: Sources,
    /// Fingerprint of the text.
    pub digest: u64,
    /// Oldest snapshot for a warm start, seconds.
    pub warm_age_s_max: f64,
    /// What is kept of tags.
    pub historian: HistorianDraft,
    /// Tasks.
    pub tasks: Vec<TaskPlan>,
    /// Drivers.
    pub drivers: Vec<DriverDraft>,
    /// Servers.
    pub servers: Vec<ServerDraft>,
    /// Field points.
    pub points: Vec<PointDraft>,
    /// Units.
    pub units: Vec<UnitDraft>,
    /// Declared tags by name.
    pub tags: BTreeMap<String, TagDraft>,
    /// Blocks by name.
    pub blocks: BTreeMap<String, BlockDraft>,
    /// Simulation.
    pub sim: Option<SimDraft>,
    /// Cause-and-effect matrices.
    pub matrices: Vec<MatrixDraft>,
    /// What was proved of each.
    pub proofs: Vec<matrix::proof::Report>,
    /// What the site has edited of alarms.
    pub alarm_settings: alarm::Settings,
    /// Alarms: the master alarm database.
    pub alarms: Vec<AlarmDraft>,
    /// Supervisory scripts.
    pub scripts: Vec<ScriptDraft>,
    /// Units with supervised processes.
    pub supervised: Vec<SupervisedUnit>,
    /// Supervised processes: the built-in lists and the plant's own.
    pub library: Library,
    /// Outgoing messages, if the plant has any.
    pub notify: Option<notify::Config>,
    /// People, and the door of their pages.
    pub people: PeopleDraft,
}

/// All programs of a plant.
pub struct LinkedPlant {
    /// One a task, in the order of the text.
    pub tasks: Vec<LinkedTask>,
}

/// The program of one task.
pub struct LinkedTask {
    /// Name.
    pub name: String,
    /// The program and everything known by name.
    pub linked: Linked,
}

/// Loads the plant of a folder.
///
/// # Errors
/// Every problem found, with the sources to show them in.
pub fn load(
    folder: &Path,
    registry: &Registry,
    drivers: &dyn DriverKinds,
) -> Result<Plant, (Sources, Diagnostics)> {
    let mut problems = Diagnostics::new();
    let sources = Sources::read(folder, &mut problems);
    finish(sources, problems, registry, drivers)
}

/// Loads a plant from texts.
///
/// # Errors
/// Every problem found, with the sources to show them in.
pub fn load_sources(
    sources: Sources,
    registry: &Registry,
    drivers: &dyn DriverKinds,
) -> Result<Plant, (Sources, Diagnostics)> {
    finish(sources, Diagnostics::new(), registry, drivers)
}

fn finish(
    sources: Sources,
    mut problems: Diagnostics,
    registry: &Registry,
    drivers: &dyn DriverKinds,
) -> Result<Plant, (Sources, Diagnostics)> {
    if !problems.is_empty() {
        // Files are missing: whatever else would be said follows from that.
        return Err((sources, problems));
    }
    let mut draft = draft::read(&sources, &mut problems);
    let (tasks, ages) = resolve(&draft, registry, drivers, &mut problems);
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let mut named = alarms::Tags::default();
    for task in &tasks {
        let kinds = scan::link::declared_kinds(&task.input);
        for name in kinds.keys() {
            let owner = || task.name.clone();
            owners.entry(name.clone()).or_insert_with(owner);
        }
        named.add(kinds);
    }
    let mut tags = LinkedTags::default();
    let mut targets = Targets::default();
    for task in &tasks {
        match link(&task.input) {
            Ok(linked) => {
                tags.add(&linked);
                named.add_linked(&linked);
                targets.add(task, &linked);
            }
            Err(list) => {
                for problem in list {
                    translate(&draft, task, &problem, &owners, &mut problems);
                }
            }
        }
    }
    servers::check(&draft, drivers, &owners, &tags, &mut problems);
    people::check(&draft, &tags, &mut problems);
    alarms::check(&mut draft.alarms, &named, &mut problems);
    let library = processes::library_with(&sources, &mut problems);
    supervised::check(&draft, &library, &owners, &mut problems);
    history::check(&draft, &owners, &mut problems);
    scripts::check(&draft, &sources, drivers, &owners, &targets, &mut problems);
    let notify = notifications::read(&draft, &sources, &mut problems);
    // What does not link is not proved.
    let mut proofs = Vec::new();
    if problems.is_empty() {
        let facts: Vec<TaskFacts<'_>> = tasks
            .iter()
            .map(|task| TaskFacts {
                name: &task.name,
                period_s: task.period_ns as f64 * 1e-9,
                input: &task.input,
            })
            .collect();
        for matrix in &draft.matrices {
            let proof = cause_effect::prove(matrix, &draft, &facts, &ages, &mut problems);
            proofs.push(proof);
        }
    }
    if !problems.is_empty() {
        problems.sort();
        return Err((sources, problems));
    }
    Ok(Plant {
        name: draft.name,
        title: draft.title,
        digest: sources.digest(),
        sources,
        warm_age_s_max: draft.warm_age_s_max,
        historian: draft.historian,
        tasks,
        drivers: draft.drivers,
        servers: draft.servers,
        points: draft.points,
        units: draft.units,
        tags: draft
            .tags
            .into_iter()
            .map(|tag| (tag.name.clone(), tag))
            .collect(),
        blocks: draft
            .blocks
            .into_iter()
            .map(|block| (block.name.clone(), block))
            .collect(),
        sim: draft.sim,
        matrices: draft.matrices,
        proofs,
        alarm_settings: draft.alarm_settings,
        alarms: draft.alarms,
        scripts: draft.scripts,
        supervised: draft.supervised,
        library,
        notify,
        people: draft.people,
    })
}

impl Plant {
    /// What the site has edited of alarms.
    pub fn alarm_settings(&self) -> alarm::Settings {
        self.alarm_settings.clone()
    }

    /// The master alarm database: the record of each alarm, in the order of the text.
    pub fn rationales(&self) -> Vec<alarm::Rationale> {
        let records = self.alarms.iter();
        records.map(|alarm| alarm.rationale.clone()).collect()
    }

    /// Fresh programs in their initial state.
    ///
    /// # Panics
    /// Never for a plant that was loaded: it has linked before, and linking is a
    /// pure function of the text.
    pub fn link(&self) -> LinkedPlant {
        LinkedPlant {
            tasks: self
                .tasks
                .iter()
                .map(|task| LinkedTask {
                    name: task.name.clone(),
                    linked: link(&task.input).unwrap_or_else(|problems| {
                        unreachable!("a loaded plant links: {problems:?}")
                    }),
                })
                .collect(),
        }
    }
}

/// A linker's problem in the words and places of the text.
fn translate(
    draft: &Draft,
    task: &TaskPlan,
    problem: &Problem,
    owners: &BTreeMap<String, String>,
    problems: &mut Diagnostics,
) {
    let place = |place: &scan::Place| -> Origin {
        let Some(node) = task.places.get(place.block) else {
            return Origin::default();
        };
        match &place.key {
            Some(key) if node.has(key) => node.place(key),
            _ => node.place("name"),
        }
    };
    let at = match (&problem.kind, task.places.get(problem.place.block)) {
        (ProblemKind::UnknownKey { key, .. }, Some(node)) => node.key_place(key),
        _ => place(&problem.place),
    };
    let name = |block: usize| {
        task.input
            .blocks
            .get(block)
            .map_or("?", |block| block.name.as_str())
    };
    let me = name(problem.place.block);
    let mut say = |code: Code, message: String, help: String| {
        problems.push(code, &at, message, help);
    };
    let near = |nearest: &Option<String>| {
        nearest
            .as_ref()
            .map_or_else(String::new, |near| format!("did you mean {near}?"))
    };
    match &problem.kind {
        ProblemKind::MissingKey { key } => say(
            codes::BLOCK_MISSING_KEY,
            format!("{me} needs {key}"),
            format!("give {key} = …"),
        ),
        ProblemKind::UnknownKey { key, nearest } => say(
            codes::BLOCK_UNKNOWN_KEY,
            format!("{me} does not know {key}"),
            near(nearest),
        ),
        ProblemKind::WrongType { key, wanted, found } => say(
            codes::BLOCK_WRONG_TYPE,
            format!("{key} must be {wanted}, this is {found}"),
            String::new(),
        ),
        ProblemKind::OutOfRange {
            key,
            value,
            low,
            high,
        } => say(
            codes::BLOCK_OUT_OF_RANGE,
            format!("{key} = {value} is outside {low} … {high}"),
            String::new(),
        ),
        ProblemKind::UnknownChoice {
            key,
            found,
            choices,
        } => say(
            codes::BLOCK_CHOICE,
            format!("{key} = \"{found}\" is no choice"),
            format!("choices: {}", choices.join(", ")),
        ),
        // Told where tasks are connected.
        ProblemKind::UnknownTag { tag, .. } if is_reference(tag) => {}
        ProblemKind::UnknownTag { tag, nearest } => match owners.get(tag) {
            Some(other) => say(
                codes::OTHER_TASK,
                format!("{tag} belongs to task {other}"),
                format!("write \"{other}/{tag}\": the value of the last boundary"),
            ),
            None => say(
                codes::UNKNOWN_TAG,
                format!("there is no tag {tag}"),
                near(nearest),
            ),
        },
        ProblemKind::WrongKind { tag, wanted, found } => say(
            codes::WRONG_KIND,
            format!("{tag} is {found}, {me} wants {wanted} here"),
            String::new(),
        ),
        ProblemKind::TwoWriters { tag, other } => {
            let outside = givers_outside(draft, tag);
            let at = match problem.place.block {
                Place::OUTSIDE => outside.get(1).cloned().unwrap_or_default(),
                _ => at,
            };
            let other = match other.block {
                Place::OUTSIDE => (
                    outside.first().cloned().unwrap_or_default(),
                    "also written here".to_string(),
                ),
                _ => (
                    place(other),
                    format!("also written by {}", name(other.block)),
                ),
            };
            problems.push_with(
                codes::TWO_WRITERS,
                &at,
                format!("{tag} has two writers"),
                other,
                "one writer for a tag; combine demands before they meet the tag",
            );
        }
        ProblemKind::UnitMismatch {
            tag,
            unit,
            other_tag,
            other_unit,
        } => say(
            codes::UNIT_MISMATCH,
            format!("{tag} is in {unit}, but {other_tag} on the same wire is in {other_unit}"),
            if unit.dimension() == other_unit.dimension() {
                "the same quantity: put a conversion between them".to_string()
            } else {
                "different quantities: is this the right tag?".to_string()
            },
        ),
        ProblemKind::Loop { path } => {
            let steps: Vec<String> = path
                .iter()
                .map(|(block, tag)| format!("{} → {tag}", name(*block)))
                .collect();
            say(
                codes::LOOP,
                format!(
                    "blocks wait for each other: {} → {}",
                    steps.join(" → "),
                    name(path.first().map_or(0, |first| first.0))
                ),
                "cut the loop where it reads last scan's value: { delayed = \"TAG\" }".to_string(),
            );
        }
        ProblemKind::BackwardStage {
            tag,
            reader,
            writer,
        } => say(
            codes::BACKWARD_STAGE,
            format!(
                "{me} runs in {}, {tag} is written later, in {}",
                reader.word(),
                writer.word()
            ),
            format!("read last scan's value: {{ delayed = \"{tag}\" }}"),
        ),
        ProblemKind::UnprotectedOutput { tag, stage } => {
            let point = |tag: &str| {
                let mut points = draft.points.iter();
                let point = points.find(|point| point.is_output && point.tag == tag);
                point.map(|point| point.node.place("tag"))
            };
            let (at, by) = match stage {
                Some(stage) => (at, format!("is written in {}", stage.word())),
                None => (
                    point(tag).unwrap_or(at),
                    "is written by no block of protection".to_string(),
                ),
            };
            problems.push(
                codes::UNPROTECTED_OUTPUT,
                &at,
                format!("{tag} leaves the system and {by}"),
                "logic demands, protection commands: let AOUT, VALVE or MOTOR write it",
            );
        }
        ProblemKind::TooMany { what, count, max } => say(
            codes::PROGRAM_TOO_LARGE,
            format!("{count} {what}, at most {max}"),
            "divide the plant among stations".to_string(),
        ),
        ProblemKind::Block { message, help } => {
            say(codes::BLOCK_COMPLAINT, message.clone(), help.clone());
        }
    }
}
