//! How a unit meets the requirements of its supervised processes: each of them is
//! mapped to a tag or an interlock, waived with a reason, or missing.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{Draft, Words};
use crate::plant::Plant;
use crate::processes::{Library, Process, Requirement, RequirementKind};
use crate::source::Origin;
use crate::tree::{Node, Reader, Tree};
use std::collections::BTreeMap;

/// The processes of a unit and what its text says of their requirements.
#[derive(Clone, Debug)]
pub struct SupervisedUnit {
    /// The unit.
    pub unit: String,
    /// Keys of its processes, each with its place.
    pub processes: Vec<(String, Origin)>,
    /// Rows `[[supervised]]`.
    pub rows: Vec<SupervisedRow>,
}

/// One row `[[supervised]]`.
#[derive(Clone, Debug)]
pub struct SupervisedRow {
    /// Id of the requirement.
    pub requirement: String,
    /// How it is met.
    pub answer: Answer,
    /// Where it stands.
    pub node: Node,
}

/// How a requirement is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// By this tag.
    Tag(String),
    /// By this cause or group of interlocks.
    Interlock(String),
    /// Not, for this reason, decided by this person.
    Waived {
        /// Why.
        why: String,
        /// By whom.
        by: String,
    },
}

/// State of one requirement of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Met by these tags and interlocks.
    Mapped(Vec<String>),
    /// Not met, with a reason.
    Waived {
        /// Why.
        why: String,
        /// By whom.
        by: String,
    },
    /// Nobody has said anything.
    Missing,
}

impl Completeness {
    /// `mapped`, `waived` or `missing`.
    pub const fn word(&self) -> &'static str {
        match self {
            Completeness::Mapped(_) => "mapped",
            Completeness::Waived { .. } => "waived",
            Completeness::Missing => "missing",
        }
    }
}

/// One line of the table of a unit.
#[derive(Clone, Debug)]
pub struct CompletenessRow {
    /// The unit.
    pub unit: String,
    /// Key of the process.
    pub process: String,
    /// Title of the process.
    pub title: Words,
    /// What is asked for.
    pub requirement: Requirement,
    /// Whether it is there.
    pub state: Completeness,
}

/// Reads `process` of a `[unit]` and its rows.
pub(crate) fn read(
    unit: &str,
    process: Option<&Node>,
    rows: Vec<&Node>,
    problems: &mut Diagnostics,
) -> Option<SupervisedUnit> {
    let mut processes = Vec::new();
    let nodes: Vec<&Node> = match process.map(|node| &node.tree) {
        Some(Tree::List(items)) => items.iter().collect(),
        _ => process.into_iter().collect(),
    };
    for node in nodes {
        match node.text() {
            Some(key) => processes.push((key.to_string(), node.at.clone())),
            None => problems.push(
                codes::WRONG_TYPE,
                &node.at,
                "process is a text or a list of texts",
                "process = \"hydrogenation\"",
            ),
        }
    }
    let rows: Vec<SupervisedRow> = rows
        .into_iter()
        .filter_map(|node| read_row(node, problems))
        .collect();
    let is_any = !processes.is_empty() || !rows.is_empty();
    is_any.then(|| SupervisedUnit {
        unit: unit.to_string(),
        processes,
        rows,
    })
}

fn read_row(node: &Node, problems: &mut Diagnostics) -> Option<SupervisedRow> {
    let mut reader = Reader::new(node, "supervised", problems)?;
    let requirement = reader.text_required("requirement");
    let said = [
        reader.text("tag").map(Answer::Tag),
        reader.text("interlock").map(Answer::Interlock),
        reader.text("waived").map(|why| Answer::Waived {
            why,
            by: String::new(),
        }),
    ];
    let by = reader.text("by").unwrap_or_default();
    let mut said: Vec<Answer> = said.into_iter().flatten().collect();
    if said.len() != 1 {
        reader.problem(
            codes::PROCESS,
            "requirement",
            format!("{requirement} needs one of tag, interlock, waived"),
            "tag = \"TT-201.PV\", interlock = \"C18\", or waived = \"why\", by = \"who\"",
        );
    }
    if let Some(Answer::Waived { why, by: who }) = said.first_mut() {
        if why.trim().is_empty() || by.trim().is_empty() {
            reader.problem(
                codes::PROCESS,
                "waived",
                format!("{requirement} is waived without saying why and by whom"),
                "waived = \"why it is not needed here\", by = \"who decided\"",
            );
        }
        who.clone_from(&by);
    } else if !by.is_empty() {
        reader.problem(codes::PROCESS, "by", "by belongs to waived", "leave it out");
    }
    reader.finish();
    Some(SupervisedRow {
        requirement,
        answer: said.into_iter().next()?,
        node: node.clone(),
    })
}

/// Checks that everything named exists.
pub(crate) fn check(
    draft: &Draft,
    library: &Library,
    owners: &BTreeMap<String, String>,
    problems: &mut Diagnostics,
) {
    for unit in &draft.supervised {
        for (key, at) in &unit.processes {
            if !library.contains_key(key) {
                let near = scan::wiring::nearest(key, library.keys().map(String::as_str));
                problems.push(
                    codes::PROCESS,
                    at,
                    format!("there is no supervised process \"{key}\""),
                    near.map_or_else(
                        || "`scanloop processes --list` names them".to_string(),
                        |near| format!("did you mean \"{near}\"?"),
                    ),
                );
            }
        }
        let known = unit
            .processes
            .iter()
            .filter_map(|(key, _)| library.get(key));
        let known: Vec<&Process> = known.collect();
        for row in &unit.rows {
            check_row(unit, row, &known, draft, owners, problems);
        }
    }
}

fn check_row(
    unit: &SupervisedUnit,
    row: &SupervisedRow,
    processes: &[&Process],
    draft: &Draft,
    owners: &BTreeMap<String, String>,
    problems: &mut Diagnostics,
) {
    let mut say = |key: &str, message: String, help: String| {
        problems.push(codes::PROCESS, &row.node.place(key), message, help);
    };
    let near = |near: Option<String>| {
        near.map_or_else(String::new, |near| format!("did you mean {near}?"))
    };
    let id = row.requirement.as_str();
    let requirement = processes.iter().find_map(|process| process.requirement(id));
    if requirement.is_none() && !processes.is_empty() {
        let ids = processes
            .iter()
            .flat_map(|process| process.requirements.iter().map(|row| row.id.as_str()));
        say(
            "requirement",
            format!("no process of {} asks for {id}", unit.unit),
            near(scan::wiring::nearest(id, ids)),
        );
    }
    let kind = requirement.map(|requirement| requirement.kind);
    match &row.answer {
        Answer::Tag(tag) => {
            if tag.contains('/') || !owners.contains_key(tag) {
                let names = owners.keys().filter(|name| !name.contains('/'));
                let nearest = scan::wiring::nearest(tag, names.map(String::as_str));
                say("tag", format!("there is no tag {tag}"), near(nearest));
            } else if kind == Some(RequirementKind::Interlock) {
                say(
                    "tag",
                    format!("{id} asks for an interlock, a tag is none"),
                    "interlock = \"C18\", a CAUSE or an INTERLOCK".to_string(),
                );
            }
        }
        Answer::Interlock(name) => {
            let is_interlock =
                |kind: &str| matches!(kind, "CAUSE" | "INTERLOCK" | "VOTE" | "LATCH" | "PERMIT");
            let block = draft.blocks.iter().find(|block| block.name == *name);
            match block {
                None => {
                    let blocks = draft
                        .blocks
                        .iter()
                        .filter(|block| is_interlock(&block.kind));
                    let names = blocks.map(|block| block.name.as_str());
                    let nearest = scan::wiring::nearest(name, names);
                    say(
                        "interlock",
                        format!("there is no interlock {name}"),
                        near(nearest),
                    );
                }
                Some(block) if !is_interlock(&block.kind) => say(
                    "interlock",
                    format!("{name} is a {}, no interlock", block.kind),
                    "name a CAUSE, an INTERLOCK, a VOTE, a LATCH or a PERMIT".to_string(),
                ),
                Some(_) if kind == Some(RequirementKind::Parameter) => say(
                    "interlock",
                    format!("{id} asks for a measured value, an interlock is none"),
                    "tag = \"TT-201.PV\"".to_string(),
                ),
                Some(_) => {}
            }
        }
        Answer::Waived { .. } => {
            let is_mapped = unit.rows.iter().any(|other| {
                other.requirement == row.requirement
                    && !matches!(other.answer, Answer::Waived { .. })
            });
            if is_mapped {
                say(
                    "waived",
                    format!("{id} is both waived and mapped"),
                    "keep one of them".to_string(),
                );
            }
        }
    }
}

/// The table of a plant: unit by unit, process by process, in the order of the
/// texts.
pub fn completeness(plant: &Plant) -> Vec<CompletenessRow> {
    let mut table = Vec::new();
    for unit in &plant.supervised {
        for (key, _) in &unit.processes {
            let Some(process) = plant.library.get(key) else {
                continue;
            };
            for requirement in &process.requirements {
                table.push(CompletenessRow {
                    unit: unit.unit.clone(),
                    process: key.clone(),
                    title: process.title.clone(),
                    requirement: requirement.clone(),
                    state: state(unit, &requirement.id),
                });
            }
        }
    }
    table
}

fn state(unit: &SupervisedUnit, id: &str) -> Completeness {
    let mut by = Vec::new();
    for row in unit.rows.iter().filter(|row| row.requirement == id) {
        match &row.answer {
            Answer::Tag(name) | Answer::Interlock(name) => by.push(name.clone()),
            Answer::Waived { why, by } => {
                return Completeness::Waived {
                    why: why.clone(),
                    by: by.clone(),
                };
            }
        }
    }
    if by.is_empty() {
        Completeness::Missing
    } else {
        Completeness::Mapped(by)
    }
}

/// A warning for each requirement that is missing.
pub fn missing(plant: &Plant) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for row in completeness(plant) {
        if row.state != Completeness::Missing {
            continue;
        }
        let unit = plant.supervised.iter().find(|unit| unit.unit == row.unit);
        let at = unit
            .and_then(|unit| unit.processes.iter().find(|(key, _)| *key == row.process))
            .map(|(_, at)| at.clone())
            .unwrap_or_default();
        let Requirement { id, kind, text, .. } = &row.requirement;
        problems.push(
            codes::SUPERVISED,
            &at,
            format!("{id} {}: {} {}", kind.word(), text.en, text.zh),
            "[[supervised]] with tag, interlock, or waived and by",
        );
    }
    problems
}

#[cfg(test)]
mod tests;
