//! From declarations to a program: every name resolved, every wire checked,
//! blocks in execution order, slots numbered in that order.
//!
//! Wiring runs twice. The first pass only asks: which tags, which kinds, which
//! way. Then everything is checked and sorted. The second pass mints the pins.
//! So blocks are placed, and slots numbered, in execution order, which keeps
//! neighbours of a loop neighbours in memory.

use crate::bank::{Bank, Sequence};
use crate::block::{KindEntry, Stage};
use crate::image::{Image, Slot};
use crate::problem::{Place, Problem, ProblemKind};
use crate::program::Program;
use crate::sort::topological;
use crate::state::StateWriter;
use crate::wiring::{Asked, Config, Role, Slots, Source, States, Wiring, nearest};
use indexmap::IndexMap;
use signal::{Kind, Quality, Unit, limits};
use std::collections::{BTreeMap, BTreeSet};

/// A tag that the text declares.
#[derive(Clone, Debug)]
pub struct TagDecl {
    /// Name, `TT-101A.PV`.
    pub name: String,
    /// Kind, if stated.
    pub kind: Option<Kind>,
    /// Unit, if stated.
    pub unit: Option<Unit>,
    /// Range, if stated.
    pub range: Option<(f64, f64)>,
    /// For a tag written by commands only: its initial value as a number.
    pub operator: Option<f64>,
}

/// A source of field values or of another task's values: its tags in the order
/// of its points.
#[derive(Clone, Debug)]
pub struct SourceDecl {
    /// Name of the driver, or `task NAME`.
    pub name: String,
    /// Tags with their kinds.
    pub tags: Vec<(String, Kind)>,
}

/// A block of the text.
#[derive(Clone)]
pub struct BlockDecl {
    /// Name, `TIC-101`.
    pub name: String,
    /// Its kind.
    pub kind: KindEntry,
    /// Stage, if the text overrides the kind's.
    pub stage: Option<Stage>,
    /// Its table.
    pub config: Config,
}

/// Everything one task's program is made of.
#[derive(Clone, Default)]
pub struct LinkInput {
    /// Declared tags.
    pub tags: Vec<TagDecl>,
    /// Sources: drivers first, then other tasks.
    pub sources: Vec<SourceDecl>,
    /// Blocks in declaration order.
    pub blocks: Vec<BlockDecl>,
    /// Tags that leave as physical outputs.
    pub outputs: Vec<String>,
}

/// Who gives a tag its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagOrigin {
    /// A source brings it: index into the sources.
    Source(usize),
    /// A block writes it: index into the blocks of the link input.
    Block(usize),
    /// Commands write it through the door.
    Operator,
}

/// How people may write a tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Writable {
    /// Where the door puts what is written: the tag itself or its request.
    pub slot: Slot,
    /// Whether `slot` is a request to the owning block.
    pub is_request: bool,
    /// Lowest permitted value.
    pub low: f64,
    /// Highest permitted value.
    pub high: f64,
}

/// One tag of a linked program.
#[derive(Clone, Debug)]
pub struct TagEntry {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Unit, stated or inferred along the wires.
    pub unit: Option<Unit>,
    /// Range, stated or inferred.
    pub range: Option<(f64, f64)>,
    /// Place in the image.
    pub slot: Slot,
    /// Who gives it its value.
    pub origin: TagOrigin,
    /// How people may write it.
    pub writable: Option<Writable>,
    /// Whether the writer is in the protect stage.
    pub is_protective: bool,
    /// Initial bits.
    pub initial: u64,
    /// Names of its states: value, English, 中文.
    pub states: States,
}

/// A block of a linked program.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockEntry {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: &'static str,
    /// Stage.
    pub stage: Stage,
    /// Its table, to see what changed.
    pub config: Config,
    /// Tags that it reads, except through a delayed pin, and who gives each its value.
    pub reads: BTreeMap<String, Giver>,
}

/// Who gives a tag its value, by name: the same in two editions of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Giver {
    /// This source.
    Source(String),
    /// This block.
    Block(String),
    /// People, beginning with these bits.
    Operator(u64),
}

/// A program and everything known about it by name.
pub struct Linked {
    /// What runs.
    pub program: Program,
    /// Tags by name.
    pub tags: BTreeMap<String, TagEntry>,
    /// Blocks in execution order.
    pub blocks: Vec<BlockEntry>,
    /// Slots of the physical outputs, in the order of the link input.
    pub outputs: Vec<Slot>,
    /// Hidden slots of delayed copies, by the name of the original.
    pub delayed: BTreeMap<String, Slot>,
}

impl Linked {
    /// The tag at each slot, for reports: requests and delayed copies get their
    /// tag's name with a suffix.
    pub fn name_of(&self, index: usize) -> String {
        for entry in self.tags.values() {
            if entry.slot.index() == index {
                return entry.name.clone();
            }
            if entry
                .writable
                .is_some_and(|w| w.is_request && w.slot.index() == index)
            {
                return format!("{} (request)", entry.name);
            }
        }
        for (name, slot) in &self.delayed {
            if slot.index() == index {
                return format!("{name} (delayed)");
            }
        }
        format!("slot {index}")
    }
}

/// The tags that a program would have, with their kinds, before it is linked:
/// what other tasks may read from it.
pub fn declared_kinds(input: &LinkInput) -> BTreeMap<String, Kind> {
    let mut silent = Vec::new();
    let asked = ask(input, &mut silent);
    let sources = input.sources.iter().flat_map(|source| source.tags.clone());
    let operators = input
        .tags
        .iter()
        .filter(|tag| tag.operator.is_some())
        .map(|tag| (tag.name.clone(), tag.kind.unwrap_or(Kind::Real)));
    let outputs = asked
        .iter()
        .flat_map(|asked| asked.outputs.iter().map(|out| (out.tag.clone(), out.kind)));
    sources.chain(operators).chain(outputs).collect()
}

/// For every tag that a block writes, the tags that this block reads within one scan.
pub fn declared_reads(input: &LinkInput) -> BTreeMap<String, Vec<String>> {
    let mut silent = Vec::new();
    let mut reads = BTreeMap::new();
    for asked in ask(input, &mut silent) {
        let inputs: Vec<String> = asked
            .inputs
            .iter()
            .filter_map(|want| match &want.source {
                Source::Tag(name) => Some(name.clone()),
                Source::Delayed(_) => None,
            })
            .collect();
        for out in asked.outputs {
            if !matches!(out.role, Role::Tuning { .. }) {
                reads.insert(out.tag, inputs.clone());
            }
        }
    }
    reads
}

/// Links one task's program.
///
/// # Errors
/// Every problem found, in the order of the text.
pub fn link(input: &LinkInput) -> Result<Linked, Vec<Problem>> {
    let (asked, names, order) = resolve(input)?;
    Ok(bind(input, &asked, names, &order))
}

type Resolved = (Vec<Asked>, Names, [Vec<usize>; 3]);

/// Everything but the pins: who writes what, which units, in which order.
fn resolve(input: &LinkInput) -> Result<Resolved, Vec<Problem>> {
    let mut problems = Vec::new();
    let asked = ask(input, &mut problems);
    let mut names = Names::collect(input, &asked, &mut problems);
    let edges = names.connect(input, &asked, &mut problems);
    names.check_outputs(input, &mut problems);
    names.infer_units(input, &asked, &mut problems);
    names.infer_ranges(input, &asked);
    let order = sort(input, &asked, &edges, &mut problems);
    let cells = names.tags.len() + names.requests + names.delayed.len();
    for (what, count, max) in [
        ("tags", cells, limits::CELLS_MAX),
        ("blocks", input.blocks.len(), limits::BLOCKS_MAX),
    ] {
        if count > max {
            problems.push(Problem {
                place: Place {
                    block: 0,
                    key: None,
                },
                kind: ProblemKind::TooMany { what, count, max },
            });
        }
    }
    if !problems.is_empty() {
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        return Err(problems);
    }
    Ok((asked, names, order))
}

fn stage_of(block: &BlockDecl) -> Stage {
    block.stage.unwrap_or(block.kind.stage)
}

/// First pass: every block says what it wants.
fn ask(input: &LinkInput, problems: &mut Vec<Problem>) -> Vec<Asked> {
    input
        .blocks
        .iter()
        .enumerate()
        .map(|(index, decl)| {
            let mut wiring = Wiring::new(index, &decl.name, &decl.config, problems, None);
            (decl.kind.ask)(&mut wiring);
            wiring.finish()
        })
        .collect()
}

/// What is known of a tag before slots are numbered.
struct Tag {
    kind: Kind,
    origin: TagOrigin,
    writable: Option<(bool, f64, f64)>,
    initial: u64,
    unit: Option<(Unit, String)>,
    range: Option<(f64, f64)>,
    place: Place,
    states: States,
    /// Expected to stand still in most scans.
    is_quiet: bool,
}

/// What is known by name. Maps without order: they are looked up in, and where the
/// order could be seen names are sorted first.
struct Names {
    tags: IndexMap<String, Tag>,
    requests: usize,
    delayed: BTreeSet<String>,
}

impl Names {
    fn collect(input: &LinkInput, asked: &[Asked], problems: &mut Vec<Problem>) -> Names {
        let mut tags: IndexMap<String, Tag> = IndexMap::new();
        let mut requests = 0;
        let mut claim = |name: &str, tag: Tag| match tags.get(name) {
            Some(other) => problems.push(Problem {
                place: tag.place,
                kind: ProblemKind::TwoWriters {
                    tag: name.to_string(),
                    other: other.place.clone(),
                },
            }),
            None => {
                tags.insert(name.to_string(), tag);
            }
        };
        for (source, decl) in input.sources.iter().enumerate() {
            for (name, kind) in &decl.tags {
                claim(name, Tag::new(*kind, TagOrigin::Source(source), 0));
            }
        }
        for decl in &input.tags {
            if let Some(value) = decl.operator {
                let kind = decl.kind.unwrap_or(Kind::Real);
                let mut tag = Tag::new(kind, TagOrigin::Operator, kind.from_f64(value));
                let (low, high) = decl.range.unwrap_or((f64::MIN, f64::MAX));
                tag.writable = Some((false, low, high));
                claim(&decl.name, tag);
            }
        }
        for (block, asked) in asked.iter().enumerate() {
            for out in &asked.outputs {
                let origin = match out.role {
                    Role::Tuning { .. } => TagOrigin::Operator,
                    _ => TagOrigin::Block(block),
                };
                let mut tag = Tag::new(out.kind, origin, out.initial);
                tag.is_quiet = out.is_quiet;
                tag.place = Place {
                    block,
                    key: Some(out.key.to_lowercase()),
                };
                tag.writable = match out.role {
                    Role::Output => None,
                    Role::Setting | Role::Request => {
                        requests += 1;
                        let (low, high) = match out.kind {
                            Kind::Bool => (0.0, 1.0),
                            _ => (f64::MIN, f64::MAX),
                        };
                        Some((true, low, high))
                    }
                    Role::Tuning { low, high } => Some((false, low, high)),
                };
                claim(&out.tag, tag);
            }
        }
        for decl in &input.tags {
            if let Some(tag) = tags.get_mut(&decl.name) {
                tag.range = decl.range.or(tag.range);
                if let Some(unit) = decl.unit {
                    tag.unit = Some((unit, decl.name.clone()));
                }
            }
        }
        Names {
            tags,
            requests,
            delayed: BTreeSet::new(),
        }
    }

    /// Resolves every input; the edges `(writer, reader)` within one stage.
    fn connect(
        &mut self,
        input: &LinkInput,
        asked: &[Asked],
        problems: &mut Vec<Problem>,
    ) -> BTreeSet<(usize, usize)> {
        let mut edges = BTreeSet::new();
        for (block, asked) in asked.iter().enumerate() {
            for want in &asked.inputs {
                let (name, delayed) = match &want.source {
                    Source::Tag(name) => (name, false),
                    Source::Delayed(name) => (name, true),
                };
                let place = Place {
                    block,
                    key: Some(want.key.clone()),
                };
                let Some(tag) = self.tags.get(name) else {
                    let nearest = nearest(name, self.tags.keys().map(String::as_str));
                    problems.push(Problem {
                        place,
                        kind: ProblemKind::UnknownTag {
                            tag: name.clone(),
                            nearest,
                        },
                    });
                    continue;
                };
                if tag.kind != want.kind {
                    problems.push(Problem {
                        place,
                        kind: ProblemKind::WrongKind {
                            tag: name.clone(),
                            wanted: want.kind,
                            found: tag.kind,
                        },
                    });
                    continue;
                }
                if delayed {
                    self.delayed.insert(name.clone());
                    continue;
                }
                let TagOrigin::Block(writer) = tag.origin else {
                    continue;
                };
                let (from, to) = (
                    stage_of(&input.blocks[writer]),
                    stage_of(&input.blocks[block]),
                );
                if from > to {
                    problems.push(Problem {
                        place,
                        kind: ProblemKind::BackwardStage {
                            tag: name.clone(),
                            reader: to,
                            writer: from,
                        },
                    });
                } else if from == to {
                    edges.insert((writer, block));
                }
            }
        }
        edges
    }

    fn check_outputs(&self, input: &LinkInput, problems: &mut Vec<Problem>) {
        for name in &input.outputs {
            let Some(tag) = self.tags.get(name) else {
                continue;
            };
            let stage = match tag.origin {
                TagOrigin::Block(block) => Some(stage_of(&input.blocks[block])),
                TagOrigin::Operator | TagOrigin::Source(_) => None,
            };
            if stage != Some(Stage::Protect) {
                problems.push(Problem {
                    place: tag.place.clone(),
                    kind: ProblemKind::UnprotectedOutput {
                        tag: name.clone(),
                        stage,
                    },
                });
            }
        }
    }

    /// The tag behind a pin of a block: an input's source or an output's tag.
    fn tag_of_pin<'a>(asked: &'a Asked, pin: &str) -> Option<&'a str> {
        let input = asked.inputs.iter().find(|want| want.key == pin);
        let output = || asked.outputs.iter().find(|out| out.key == pin);
        match input {
            Some(want) => match &want.source {
                Source::Tag(name) | Source::Delayed(name) => Some(name),
            },
            None => output().map(|out| out.tag.as_str()),
        }
    }

    /// Spreads units along "these pins carry one unit" until nothing changes.
    fn infer_units(&mut self, _input: &LinkInput, asked: &[Asked], problems: &mut Vec<Problem>) {
        for (block, asked) in asked.iter().enumerate() {
            for (pin, unit) in &asked.units {
                if let Some(name) = Self::tag_of_pin(asked, pin) {
                    self.give_unit(name, *unit, name, block, pin, problems);
                }
            }
        }
        let groups: Vec<(usize, Vec<(&str, &str)>)> = asked
            .iter()
            .enumerate()
            .flat_map(|(block, asked)| {
                asked.same_units.iter().map(move |pins| {
                    let tags = pins
                        .iter()
                        .filter_map(|pin| Some((pin.as_str(), Self::tag_of_pin(asked, pin)?)))
                        .collect();
                    (block, tags)
                })
            })
            .collect();
        let mut told = BTreeSet::new();
        loop {
            let mut changed = false;
            for (at, (block, pins)) in groups.iter().enumerate() {
                let known = pins
                    .iter()
                    .find_map(|(_, tag)| Some((*tag, self.tags.get(*tag)?.unit.as_ref()?.0)));
                let Some((from, unit)) = known else { continue };
                for (pin, tag) in pins {
                    match self.tags.get(*tag).map(|tag| tag.unit.as_ref()) {
                        Some(Some((other, _))) if *other == unit => {}
                        Some(None) => {
                            changed = true;
                            self.give_unit(tag, unit, from, *block, pin, problems);
                        }
                        Some(Some(_)) if told.insert((at, *tag)) => {
                            self.give_unit(tag, unit, from, *block, pin, problems);
                        }
                        _ => {}
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn give_unit(
        &mut self,
        name: &str,
        unit: Unit,
        from: &str,
        block: usize,
        pin: &str,
        problems: &mut Vec<Problem>,
    ) {
        let Some(tag) = self.tags.get_mut(name) else {
            return;
        };
        match &tag.unit {
            None => tag.unit = Some((unit, from.to_string())),
            Some((other, _)) if *other == unit => {}
            Some((other, _)) => problems.push(Problem {
                place: Place {
                    block,
                    key: Some(pin.to_lowercase()),
                },
                kind: ProblemKind::UnitMismatch {
                    tag: name.to_string(),
                    unit: *other,
                    other_tag: from.to_string(),
                    other_unit: unit,
                },
            }),
        }
    }

    fn infer_ranges(&mut self, input: &LinkInput, asked: &[Asked]) {
        for asked in asked {
            for (pin, low, high) in &asked.ranges {
                if let Some(tag) =
                    Self::tag_of_pin(asked, pin).and_then(|name| self.tags.get_mut(name))
                {
                    tag.range.get_or_insert((*low, *high));
                }
            }
            for (pin, states) in &asked.states {
                if let Some(tag) =
                    Self::tag_of_pin(asked, pin).and_then(|name| self.tags.get_mut(name))
                {
                    tag.states = states;
                    if let (Some(first), Some(last)) = (states.first(), states.last()) {
                        tag.range.get_or_insert((first.0 as f64, last.0 as f64));
                    }
                }
            }
        }
        // A chain of followers is as long as the blocks are many, at most.
        for _ in 0..=input.blocks.len() {
            let mut changed = false;
            for asked in asked {
                for (pin, other) in &asked.ranges_like {
                    let names = (Self::tag_of_pin(asked, pin), Self::tag_of_pin(asked, other));
                    let (Some(name), Some(other)) = names else {
                        continue;
                    };
                    let range = self.tags.get(other).and_then(|tag| tag.range);
                    if let (Some(range), Some(tag)) = (range, self.tags.get_mut(name))
                        && tag.range.is_none()
                    {
                        tag.range = Some(range);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        for tag in self.tags.values_mut() {
            if let (Some((_, low, high)), Some(range)) = (&mut tag.writable, tag.range)
                && *low == f64::MIN
                && *high == f64::MAX
            {
                (*low, *high) = range;
            }
        }
    }
}

impl Tag {
    fn new(kind: Kind, origin: TagOrigin, initial: u64) -> Tag {
        let origin_is_quiet = kind != Kind::Real || origin == TagOrigin::Operator;
        Tag {
            kind,
            origin,
            writable: None,
            initial,
            unit: None,
            range: None,
            place: Place::outside(),
            states: &[],
            is_quiet: origin_is_quiet,
        }
    }
}

/// Blocks by stage, each stage in execution order.
fn sort(
    input: &LinkInput,
    asked: &[Asked],
    edges: &BTreeSet<(usize, usize)>,
    problems: &mut Vec<Problem>,
) -> [Vec<usize>; 3] {
    let kinds: Vec<&str> = input.blocks.iter().map(|block| block.kind.name).collect();
    match topological(&kinds, edges) {
        Ok(all) => Stage::ALL.map(|stage| {
            all.iter()
                .copied()
                .filter(|block| stage_of(&input.blocks[*block]) == stage)
                .collect()
        }),
        Err(cycle) => {
            let wire = |from: usize, to: usize| {
                let outputs: BTreeSet<&str> = asked[from]
                    .outputs
                    .iter()
                    .map(|out| out.tag.as_str())
                    .collect();
                asked[to]
                    .inputs
                    .iter()
                    .find_map(|want| match &want.source {
                        Source::Tag(tag) if outputs.contains(tag.as_str()) => {
                            Some((tag.clone(), want.key.clone()))
                        }
                        _ => None,
                    })
                    .unwrap_or_default()
            };
            let path: Vec<(usize, String)> = cycle
                .iter()
                .enumerate()
                .map(|(at, block)| {
                    let next = cycle[(at + 1) % cycle.len()];
                    (*block, wire(*block, next).0)
                })
                .collect();
            let first = cycle.first().copied().unwrap_or(0);
            let last = cycle.last().copied().unwrap_or(0);
            problems.push(Problem {
                place: Place {
                    block: first,
                    key: Some(wire(last, first).1),
                },
                kind: ProblemKind::Loop { path },
            });
            Default::default()
        }
    }
}

/// Second pass: number the slots in execution order and mint the pins.
fn bind(input: &LinkInput, asked: &[Asked], mut names: Names, order: &[Vec<usize>; 3]) -> Linked {
    let mut slots = Slots {
        tags: IndexMap::with_capacity(names.tags.len()),
        requests: IndexMap::with_capacity(names.requests),
        delayed: BTreeMap::new(),
    };
    let mut next = 0u32;
    let number = |map: &mut IndexMap<String, u32>, next: &mut u32, name: &str| {
        if !map.contains_key(name) {
            map.insert(name.to_string(), *next);
            *next += 1;
        }
    };
    let mut sorted: Vec<String> = names.tags.keys().cloned().collect();
    sorted.sort_unstable();
    // First what changes in most scans, then what seldom does.
    let is_live = |name: &str| names.tags.get(name).is_some_and(|tag| !tag.is_quiet);
    for block in order.iter().flatten() {
        for want in &asked[*block].inputs {
            match &want.source {
                Source::Tag(name) if is_live(name) => {
                    number(&mut slots.tags, &mut next, name);
                }
                Source::Delayed(name) if is_live(name) => {
                    slots.delayed.entry(name.clone()).or_insert_with(|| {
                        next += 1;
                        next - 1
                    });
                }
                Source::Tag(_) | Source::Delayed(_) => {}
            }
        }
        for out in &asked[*block].outputs {
            if !out.is_quiet {
                number(&mut slots.tags, &mut next, &out.tag);
            }
        }
    }
    for name in &sorted {
        if is_live(name) {
            number(&mut slots.tags, &mut next, name);
        }
    }
    let quiet_from = next;
    // Of these, first what blocks and sources write, then what comes from outside.
    for block in order.iter().flatten() {
        for want in &asked[*block].inputs {
            match &want.source {
                Source::Tag(name)
                    if names
                        .tags
                        .get(name)
                        .is_some_and(|tag| tag.origin != TagOrigin::Operator) =>
                {
                    number(&mut slots.tags, &mut next, name);
                }
                Source::Delayed(name) => {
                    slots.delayed.entry(name.clone()).or_insert_with(|| {
                        next += 1;
                        next - 1
                    });
                }
                Source::Tag(_) => {}
            }
        }
        for out in &asked[*block].outputs {
            if !matches!(out.role, Role::Tuning { .. }) {
                number(&mut slots.tags, &mut next, &out.tag);
            }
        }
    }
    for block in order.iter().flatten() {
        for out in &asked[*block].outputs {
            match out.role {
                Role::Tuning { .. } => number(&mut slots.tags, &mut next, &out.tag),
                Role::Setting | Role::Request => {
                    number(&mut slots.requests, &mut next, &out.tag);
                }
                Role::Output => {}
            }
        }
    }
    for name in &sorted {
        number(&mut slots.tags, &mut next, name);
    }
    let mut image = Image::new(next as usize, quiet_from as usize);
    let giver_of: IndexMap<String, Giver> = names
        .tags
        .iter()
        .map(|(name, tag)| {
            let giver = match tag.origin {
                TagOrigin::Source(source) => Giver::Source(input.sources[source].name.clone()),
                TagOrigin::Block(block) => Giver::Block(input.blocks[block].name.clone()),
                TagOrigin::Operator => Giver::Operator(tag.initial),
            };
            (name.clone(), giver)
        })
        .collect();
    let mut silent = Vec::new();
    let mut tags = Vec::with_capacity(names.tags.len());
    for name in sorted {
        let Some(tag) = names.tags.swap_remove(&name) else {
            continue;
        };
        let slot = slots.tags[&name];
        if tag.kind == Kind::Real {
            image.mark_real(slot);
            let hidden = [slots.requests.get(&name), slots.delayed.get(&name)];
            hidden
                .into_iter()
                .flatten()
                .for_each(|slot| image.mark_real(*slot));
        }
        match tag.origin {
            TagOrigin::Source(_) => {}
            TagOrigin::Operator => image.admit(slot, tag.initial, Quality::GOOD),
            TagOrigin::Block(_) => {
                image.mark_computed(slot);
                image.admit(slot, tag.initial, Quality::NOT_WRITTEN);
            }
        }
        if let Some(delayed) = slots.delayed.get(&name) {
            image.admit(*delayed, tag.initial, Quality::NOT_WRITTEN);
        }
        let writable = tag.writable.map(|(is_request, low, high)| Writable {
            slot: Slot(if is_request {
                slots.requests[&name]
            } else {
                slot
            }),
            is_request,
            low,
            high,
        });
        let is_protective = matches!(
            tag.origin,
            TagOrigin::Block(block) if stage_of(&input.blocks[block]) == Stage::Protect
        );
        tags.push((
            name.clone(),
            TagEntry {
                name,
                kind: tag.kind,
                unit: tag.unit.map(|(unit, _)| unit),
                range: tag.range,
                slot: Slot(slot),
                origin: tag.origin,
                writable,
                is_protective,
                initial: tag.initial,
                states: tag.states,
            },
        ));
    }
    let reads = |block: usize| -> BTreeMap<String, Giver> {
        asked[block]
            .inputs
            .iter()
            .filter_map(|want| match &want.source {
                Source::Tag(name) => giver_of.get_key_value(name),
                Source::Delayed(_) => None,
            })
            .map(|(name, giver)| (name.clone(), giver.clone()))
            .collect()
    };
    let mut state_words = Vec::new();
    let mut blocks = Vec::new();
    let stages = [0, 1, 2].map(|stage: usize| {
        let mut kinds: Vec<&'static str> = Vec::new();
        let mut banks: Vec<Box<dyn Bank>> = Vec::new();
        let mut places: Vec<usize> = Vec::with_capacity(order[stage].len());
        let mut sizes: BTreeMap<&'static str, usize> = BTreeMap::new();
        for &index in &order[stage] {
            *sizes.entry(input.blocks[index].kind.name).or_default() += 1;
        }
        for &index in &order[stage] {
            let decl = &input.blocks[index];
            let name = decl.kind.name;
            let at = kinds.iter().position(|kind| *kind == name);
            let at = at.unwrap_or_else(|| {
                kinds.push(name);
                banks.push((decl.kind.bank)(sizes[name]));
                banks.len() - 1
            });
            places.push(at);
            let mut wiring =
                Wiring::new(index, &decl.name, &decl.config, &mut silent, Some(&slots));
            banks[at].wire(&mut wiring);
            blocks.push(BlockEntry {
                name: decl.name.clone(),
                kind: name,
                stage: stage_of(decl),
                config: decl.config.clone(),
                reads: reads(index),
            });
        }
        Sequence::new(banks, &places)
    });
    for stage in &stages {
        for block in (0..stage.len()).filter_map(|index| stage.get(index)) {
            let mut count = StateWriter::new(&mut []);
            block.save(&mut count);
            state_words.push(count.len() as u32);
        }
    }
    let sources = input
        .sources
        .iter()
        .map(|source| {
            source
                .tags
                .iter()
                .map(|(name, _)| slots.tags[name])
                .collect()
        })
        .collect();
    let delays = slots
        .delayed
        .iter()
        .map(|(name, to)| (slots.tags[name], *to))
        .collect();
    let outputs = input
        .outputs
        .iter()
        .filter_map(|name| slots.tags.get(name).map(|slot| Slot(*slot)))
        .collect();
    Linked {
        program: Program {
            image,
            sources,
            delays,
            stages,
            state_words: state_words.into_boxed_slice(),
        },
        tags: tags.into_iter().collect(),
        blocks,
        outputs,
        delayed: slots
            .delayed
            .into_iter()
            .map(|(name, slot)| (name, Slot(slot)))
            .collect(),
    }
}
