//! What a change means for the programs.
//!
//! What differs is found in the linked programs, not in the text: a row of a matrix
//! becomes blocks, trips and permits, and it is those that run.

use super::{Bar, Change, How, Impact, TRIP_KINDS, Touched, restarts};
use crate::plant::{LinkedPlant, Plant};
use crate::words::{Words, words_of};
use scan::link::{BlockEntry, Giver};
use scan::{Linked, TagOrigin, TransferPlan, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Pins by which causes count their bypasses from row to row: a limit does not travel
/// along them, and every row would seem to feed every other.
const COUNTS: [&str; 2] = ["MOS_TOTAL", "MOS_BEGUN"];

/// How a block or a tag is touched, and by what: itself, or what feeds it.
type Marks = BTreeMap<String, (How, String)>;

pub(super) fn impact(old: &Plant, new: &Plant, changes: &[Change]) -> Impact {
    let (before, now) = (old.link(), new.link());
    let blocks = touched_blocks(&before, &now, new);
    let mut impact = Impact {
        restart: restarts(old, new),
        ..Impact::default()
    };
    states(&before, &now, &mut impact);
    for (task, linked) in before.tasks.iter().enumerate() {
        // Which tasks there are does not change online.
        let Some(to) = now.tasks.get(task) else { break };
        let mut plan = TransferPlan::new(&linked.linked, &to.linked);
        let kinds: BTreeMap<&str, &str> = linked
            .linked
            .blocks
            .iter()
            .map(|block| (block.name.as_str(), block.kind))
            .collect();
        let bars = plan.touched();
        let bars =
            bars.filter(|(block, _)| kinds.get(block).is_some_and(|k| TRIP_KINDS.contains(k)));
        impact.bars.extend(bars.map(|(block, why)| Bar {
            block: block.to_string(),
            why: both(why),
            holds: None,
        }));
        let mut twin = new.link();
        let refusal = plan.rehearse(&linked.linked.program, &mut twin.tasks[task].linked.program);
        impact
            .misfits
            .extend(refusal.err().map(|why| why.to_string()));
    }
    tags(&before, &now, new, old, &mut impact);
    let described = |name: &str| -> Words {
        let block = new.blocks.get(name).or_else(|| old.blocks.get(name));
        block.map(|block| block.desc.clone()).unwrap_or_default()
    };
    let entry = |name: &str, desc: Words, (how, by): &(How, String)| Touched {
        name: name.to_string(),
        desc,
        how: *how,
        by: by.clone(),
    };
    let mut places = BTreeMap::new();
    for plant in [(old, &before), (new, &now)] {
        places.extend(owners(plant.0, plant.1));
    }
    let elements: BTreeSet<&String> = [old, new]
        .iter()
        .flat_map(|plant| plant.points.iter().filter(|point| point.is_output))
        .filter_map(|point| places.get(&point.tag))
        .collect();
    let loops = |name: &str| {
        let of = |plant: &Plant| plant.blocks.get(name).is_some_and(|b| b.kind == "PID");
        of(new) || of(old)
    };
    for (name, mark) in &blocks {
        if elements.contains(name) {
            impact.elements.push(entry(name, described(name), mark));
        }
        if loops(name) {
            impact.loops.push(entry(name, described(name), mark));
        }
    }
    impact.fed = blocks.values().filter(|(how, _)| how.is_fed()).count();
    matrices(old, new, changes, &blocks, &mut impact);
    alarms(old, new, changes, &blocks, &places, &mut impact);
    impact
}

/// The block that gives each tag its value.
fn owners(plant: &Plant, linked: &LinkedPlant) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for (task, linked) in plant.tasks.iter().zip(&linked.tasks) {
        for (name, entry) in &linked.linked.tags {
            if let TagOrigin::Block(at) = entry.origin
                && let Some(block) = task.input.blocks.get(at)
            {
                owners.insert(name.clone(), block.name.clone());
            }
        }
    }
    owners
}

/// What a change does to a block, as [`TransferPlan::touched`] says it, in both languages.
fn both(why: &str) -> Words {
    let (deed, above) = match why.strip_suffix(", which feeds it") {
        Some(deed) => (deed, ",而它是其上游"),
        None => (why, ""),
    };
    let (verb, name) = deed.split_once(' ').unwrap_or((deed, ""));
    let zh = match (verb, name.split_once(" or ")) {
        ("removes", Some((name, _))) => format!("删除 {name} 或改变其类型"),
        ("rewires", _) if name == "its inputs" => "改接其输入".to_string(),
        ("rewires", _) => format!("改接 {name}"),
        _ => format!("修改 {name}"),
    };
    Words {
        en: why.to_string(),
        zh: format!("{zh}{above}"),
    }
}

fn is_count(tag: &str) -> bool {
    let pin = tag.rsplit_once('.').map(|(_, pin)| pin);
    pin.is_some_and(|pin| COUNTS.contains(&pin))
}

/// Tags that a block reads with the delay of a scan.
fn delayed<'v>(values: impl Iterator<Item = &'v Value>, tags: &mut Vec<String>) {
    for value in values {
        match value {
            Value::List(items) => delayed(items.iter(), tags),
            Value::Table(table) => match (table.len(), table.get("delayed")) {
                (1, Some(Value::Text(tag))) => tags.push(tag.clone()),
                _ => delayed(table.values(), tags),
            },
            _ => {}
        }
    }
}

/// Readers of each block, one wire away.
type Readers = BTreeMap<String, BTreeSet<String>>;

/// Readers within a scan, and those of a later one: by a delay, or in another task.
fn readers(plant: &Plant, linked: &LinkedPlant) -> (Readers, Readers) {
    let (mut within, mut later) = (Readers::new(), Readers::new());
    let owners = owners(plant, linked);
    for task in &linked.tasks {
        for block in &task.linked.blocks {
            let add = |into: &mut Readers, giver: &str| {
                if giver != block.name {
                    let readers = into.entry(giver.to_string()).or_default();
                    readers.insert(block.name.clone());
                }
            };
            let mut late = Vec::new();
            delayed(block.config.values(), &mut late);
            for (tag, giver) in &block.reads {
                match giver {
                    Giver::Block(name) if !is_count(tag) => add(&mut within, name),
                    // The tag of another task: `fast/TT-101.PV`.
                    Giver::Source(_) => late.push(tag.clone()),
                    Giver::Block(_) | Giver::Operator(_) => {}
                }
            }
            for tag in late.iter().filter(|tag| !is_count(tag)) {
                let tag = tag.split_once('/').map_or(tag.as_str(), |(_, tag)| tag);
                if let Some(owner) = owners.get(tag) {
                    add(&mut later, owner);
                }
            }
        }
    }
    (within, later)
}

fn entries(linked: &LinkedPlant) -> BTreeMap<&str, &BlockEntry> {
    let blocks = linked.tasks.iter().flat_map(|task| &task.linked.blocks);
    blocks.map(|block| (block.name.as_str(), block)).collect()
}

/// Every block that differs, and every block that it feeds.
fn touched_blocks(before: &LinkedPlant, now: &LinkedPlant, new: &Plant) -> Marks {
    let (was, is) = (entries(before), entries(now));
    let mut marks = Marks::new();
    let names: BTreeSet<&str> = was.keys().chain(is.keys()).copied().collect();
    for name in names {
        let how = match (was.get(name), is.get(name)) {
            (None, _) => How::Added,
            (_, None) => How::Removed,
            (Some(was), Some(is)) if was == is => continue,
            _ => How::Changed,
        };
        marks.insert(name.to_string(), (how, String::new()));
    }
    // The wires of a removed block still lead to whoever read it: those are rewired, and
    // among what differs already.
    let (within, later) = readers(new, now);
    spread(&mut marks, How::Fed, &[&within]);
    spread(&mut marks, How::Late, &[&within, &later]);
    marks
}

/// Marks what everything that is marked feeds along these wires.
fn spread(marks: &mut Marks, how: How, wires: &[&Readers]) {
    let mut next: VecDeque<String> = marks.keys().cloned().collect();
    while let Some(name) = next.pop_front() {
        let by = match &marks[&name] {
            (mark, by) if mark.is_fed() => by.clone(),
            _ => name.clone(),
        };
        for reader in wires.iter().filter_map(|wires| wires.get(&name)).flatten() {
            if !marks.contains_key(reader) {
                marks.insert(reader.clone(), (how, by.clone()));
                next.push_back(reader.clone());
            }
        }
    }
}

/// Which blocks keep their state, by name and kind.
fn states(before: &LinkedPlant, now: &LinkedPlant, impact: &mut Impact) {
    let kinds = |linked: &LinkedPlant| -> BTreeMap<(usize, String), &'static str> {
        let tasks = linked.tasks.iter().enumerate();
        tasks
            .flat_map(|(task, linked)| {
                let blocks = linked.linked.blocks.iter();
                blocks.map(move |block| ((task, block.name.clone()), block.kind))
            })
            .collect()
    };
    let (was, is) = (kinds(before), kinds(now));
    for (key, kind) in &is {
        if was.get(key) == Some(kind) {
            impact.kept += 1;
        } else {
            impact.anew.push(key.1.clone());
        }
    }
    let gone = was.iter().filter(|(key, kind)| is.get(*key) != Some(*kind));
    impact.gone.extend(gone.map(|(key, _)| key.1.clone()));
}

/// Tags that come, go, or lose what people have set.
fn tags(before: &LinkedPlant, now: &LinkedPlant, new: &Plant, old: &Plant, impact: &mut Impact) {
    let own = |linked: &Linked| -> Vec<String> {
        let names = linked.tags.keys().filter(|name| !name.contains('/'));
        names.cloned().collect()
    };
    let all = |linked: &LinkedPlant| -> BTreeSet<String> {
        linked
            .tasks
            .iter()
            .flat_map(|task| own(&task.linked))
            .collect()
    };
    let (was, is) = (all(before), all(now));
    let described = |plant: &Plant, name: &str| -> Words {
        let block = name.split_once('.').map_or(name, |(block, _)| block);
        let tag = plant.tags.get(name).map(|tag| tag.desc.clone());
        tag.or_else(|| Some(plant.blocks.get(block)?.desc.clone()))
            .unwrap_or_default()
    };
    for (names, how, plant) in [
        (is.difference(&was), How::Added, new),
        (was.difference(&is), How::Removed, old),
    ] {
        impact.tags.extend(names.map(|name| Touched {
            name: name.clone(),
            desc: described(plant, name),
            how,
            by: String::new(),
        }));
    }
    for (from, to) in before.tasks.iter().zip(&now.tasks) {
        for (name, entry) in &from.linked.tags {
            let Some(next) = to.linked.tags.get(name) else {
                continue;
            };
            let people = entry.origin == TagOrigin::Operator;
            if people && entry.initial != next.initial || entry.kind != next.kind {
                impact.set_anew.push(name.clone());
            }
        }
    }
}

/// Rows and columns: what their blocks or the text says of them.
fn matrices(old: &Plant, new: &Plant, changes: &[Change], blocks: &Marks, impact: &mut Impact) {
    let said = |section: &str, name: &str| {
        let mut changes = changes.iter();
        let change = changes.find(|c| c.section == section && c.name == name)?;
        Some((change.how, String::new()))
    };
    let cell_of = |matrix: &str, id: &str| {
        let mut changes = changes.iter().filter(|c| c.section == "cell");
        let cell = changes.find(|c| {
            let name = c.name.strip_prefix(matrix).map(str::trim_start);
            let sides = name.and_then(|name| name.split_once(" × "));
            sides.is_some_and(|(row, column)| row == id || column == id)
        })?;
        Some((How::Changed, cell.name.clone()))
    };
    let mut seen = BTreeSet::new();
    for plant in [new, old] {
        for draft in &plant.matrices {
            let matrix = &draft.matrix;
            for cause in &matrix.causes {
                if !seen.insert(("cause", cause.id.clone())) {
                    continue;
                }
                let mark = said("cause", &cause.id)
                    .or_else(|| cell_of(&matrix.name, &cause.id))
                    .or_else(|| blocks.get(&cause.id).cloned());
                impact.causes.extend(mark.map(|(how, by)| Touched {
                    name: cause.id.clone(),
                    desc: words(&cause.text),
                    how,
                    by,
                }));
            }
            for (column, effect) in matrix.effects.iter().enumerate() {
                if !seen.insert(("effect", effect.id.clone())) {
                    continue;
                }
                // A row that changes feeds every column in which it acts.
                let row = || {
                    let cells = matrix.cells.keys().filter(|(_, at)| *at == column);
                    let rows = cells.map(|(row, _)| &matrix.causes[*row].id);
                    let marks = rows.filter_map(|id| {
                        let said = said("cause", id).map(|_| How::Fed);
                        let mark = blocks.get(id).map(|(how, _)| match how {
                            How::Late => How::Late,
                            _ => How::Fed,
                        });
                        Some((said.or(mark)?, id.clone()))
                    });
                    marks.min_by_key(|(how, _)| *how == How::Late)
                };
                let mark = said("effect", &effect.id)
                    .or_else(|| cell_of(&matrix.name, &effect.id))
                    .or_else(row);
                impact.effects.extend(mark.map(|(how, by)| Touched {
                    name: effect.id.clone(),
                    desc: words(&effect.text),
                    how,
                    by,
                }));
            }
        }
    }
}

fn words(text: &matrix::Words) -> Words {
    Words {
        en: text.en.clone(),
        zh: text.zh.clone(),
    }
}

/// Alarms: what the text says of them, or what gives them their condition or point.
fn alarms(
    old: &Plant,
    new: &Plant,
    changes: &[Change],
    blocks: &Marks,
    owners: &BTreeMap<String, String>,
    impact: &mut Impact,
) {
    let mut seen = BTreeSet::new();
    for plant in [new, old] {
        for alarm in &plant.alarms {
            let record = &alarm.rationale;
            if !seen.insert(record.name.clone()) {
                continue;
            }
            let mut said = changes.iter();
            let said = said.find(|c| c.section == "alarm" && c.name == record.name);
            let fed = || {
                [&record.tag, &record.point].into_iter().find_map(|tag| {
                    let owner = owners.get(tag)?;
                    let (how, by) = blocks.get(owner)?;
                    Some(match how {
                        How::Fed | How::Late => (*how, by.clone()),
                        _ => (How::Fed, owner.clone()),
                    })
                })
            };
            let mark = said.map(|change| (change.how, String::new())).or_else(fed);
            impact.alarms.extend(mark.map(|(how, by)| Touched {
                name: record.name.clone(),
                desc: words_of(&alarm.node, "text"),
                how,
                by,
            }));
        }
    }
}
