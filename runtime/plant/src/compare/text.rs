//! What was written otherwise: sections of the text matched by name, whatever file they
//! stand in, then key by key.
//!
//! No section is known here by what it means, so that none can be forgotten: what a
//! later edition of the product reads from plant text is compared as well.

use super::{Change, How, Key};
use crate::diagnostic::Diagnostics;
use crate::plant::Plant;
use crate::source::Origin;
use crate::tree::{self, Node, Table, Tree};
use crate::words::{Words, words_of};
use scan::TagEntry;
use std::collections::{BTreeMap, BTreeSet};

/// Keys by which items of a list are matched, the first that is there.
const NAMES: [&str; 3] = ["name", "id", "tag"];

/// One item of a text.
struct Item {
    section: String,
    name: String,
    node: Node,
}

/// Everything that differs, in the order of the new text, then what was removed.
pub(super) fn changes(old: &Plant, new: &Plant) -> Vec<Change> {
    let (before, now) = (items(old), items(new));
    let units = Units::of(old, new);
    let find = |items: &[Item]| -> BTreeMap<(String, String), usize> {
        let keys = items.iter().map(|i| (i.section.clone(), i.name.clone()));
        keys.zip(0..).collect()
    };
    let (old_at, new_at) = (find(&before), find(&now));
    let mut changes = Vec::new();
    for item in &now {
        let key = (item.section.clone(), item.name.clone());
        match old_at.get(&key) {
            None => changes.push(whole(new, item, How::Added)),
            Some(at) => {
                let mut keys = Vec::new();
                differences("", &before[*at].node, &item.node, &mut keys);
                if !keys.is_empty() {
                    for key in &mut keys {
                        key.unit = units.of_key(&item.section, &item.name, &key.key);
                    }
                    changes.push(Change {
                        keys,
                        ..whole(new, item, How::Changed)
                    });
                }
            }
        }
    }
    priorities(old, new, &mut changes);
    for item in &before {
        if !new_at.contains_key(&(item.section.clone(), item.name.clone())) {
            changes.push(whole(old, item, How::Removed));
        }
    }
    cells(old, new, &mut changes);
    files(old, new, &mut changes);
    changes
}

fn whole(plant: &Plant, item: &Item, how: How) -> Change {
    let node = &item.node;
    let mut said = ["desc", "title", "text"]
        .into_iter()
        .map(|key| words_of(node, key));
    let desc = said.find(|words| !words.en.is_empty()).unwrap_or_default();
    at_place(plant, &node.at, &item.section, &item.name, how, desc)
}

fn at_place(
    plant: &Plant,
    at: &Origin,
    section: &str,
    name: &str,
    how: How,
    desc: Words,
) -> Change {
    let (line, _) = plant.sources.line_column(at);
    Change {
        section: section.to_string(),
        name: name.to_string(),
        how,
        desc,
        file: plant.sources.name(at).to_string(),
        line,
        keys: Vec::new(),
    }
}

/// All items of all TOML files.
fn items(plant: &Plant) -> Vec<Item> {
    let mut items = Vec::new();
    let mut unread = Diagnostics::new();
    for (file, (name, _)) in plant.sources.files().iter().enumerate() {
        if !name.ends_with(".toml") {
            continue;
        }
        let root = tree::parse(&plant.sources, file, &mut unread);
        let Tree::Table(table) = root.tree else {
            continue;
        };
        let stem = name.trim_end_matches(".toml");
        for key in table.keys() {
            let Some(node) = table.get(key) else { continue };
            match &node.tree {
                Tree::List(list) if list.iter().all(is_table) => {
                    let mut seen = BTreeMap::new();
                    for node in list {
                        let name = name_of(node).unwrap_or_else(|| stem.to_string());
                        let again: &mut usize = seen.entry(name.clone()).or_default();
                        *again += 1;
                        items.push(Item {
                            section: key.to_string(),
                            name: match *again {
                                1 => name,
                                n => format!("{name} ({n})"),
                            },
                            node: node.clone(),
                        });
                    }
                }
                Tree::Table(_) => items.push(Item {
                    section: key.to_string(),
                    // A section that stands once in a file is that file's.
                    name: own_name(node).unwrap_or_else(|| stem.to_string()),
                    node: node.clone(),
                }),
                // A key outside any table stands for itself.
                _ => items.push(Item {
                    section: "key".to_string(),
                    name: format!("{stem} {key}"),
                    node: Node {
                        tree: Tree::Table(Table::of([(key.to_string(), node.clone())])),
                        at: node.at.clone(),
                    },
                }),
            }
        }
    }
    items
}

fn is_table(node: &Node) -> bool {
    matches!(node.tree, Tree::Table(_))
}

/// The text of the first of [`NAMES`] that is there.
fn own_name(node: &Node) -> Option<String> {
    let Tree::Table(table) = &node.tree else {
        return None;
    };
    let mut names = NAMES.into_iter();
    let name = names.find_map(|key| table.get(key).and_then(Node::text));
    name.map(str::to_string)
}

/// The name of an item: its name, number or tag; a supervised unit has its process too.
fn name_of(node: &Node) -> Option<String> {
    let Tree::Table(table) = &node.tree else {
        return None;
    };
    let text = |key: &str| table.get(key).and_then(Node::text);
    if let Some(name) = own_name(node) {
        return Some(name);
    }
    let parts: Vec<&str> = ["unit", "process", "requirement"]
        .into_iter()
        .filter_map(text)
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Keys of two values that differ, deepest first named by their path.
fn differences(path: &str, old: &Node, new: &Node, keys: &mut Vec<Key>) {
    let inner = |step: &str| match path {
        "" => step.to_string(),
        path => format!("{path}.{step}"),
    };
    match (&old.tree, &new.tree) {
        (Tree::Table(before), Tree::Table(now)) => {
            let names: BTreeSet<&str> = before.keys().chain(now.keys()).collect();
            for name in names {
                pair(&inner(name), before.get(name), now.get(name), keys);
            }
        }
        (Tree::List(before), Tree::List(now)) if named(before) && named(now) => {
            let of = |list: &[Node], name: &str| -> Option<Node> {
                let found = list.iter().find(|n| name_of(n).as_deref() == Some(name));
                found.cloned()
            };
            let names: BTreeSet<String> = before.iter().chain(now).filter_map(name_of).collect();
            for name in names {
                let (was, is) = (of(before, &name), of(now, &name));
                pair(&inner(&name), was.as_ref(), is.as_ref(), keys);
            }
        }
        (Tree::List(before), Tree::List(now))
            if before.iter().chain(now).all(is_table) && !now.is_empty() =>
        {
            for at in 0..before.len().max(now.len()) {
                let step = (at + 1).to_string();
                pair(&inner(&step), before.get(at), now.get(at), keys);
            }
        }
        _ if old.to_value() == new.to_value() => {}
        // 4 and 4.0 are one number.
        _ if old.real().is_some() && old.real() == new.real() => {}
        _ => keys.push(key(path, Some(old), Some(new))),
    }
}

fn pair(path: &str, old: Option<&Node>, new: Option<&Node>, keys: &mut Vec<Key>) {
    match (old, new) {
        (Some(old), Some(new)) => differences(path, old, new, keys),
        _ => keys.push(key(path, old, new)),
    }
}

fn key(path: &str, old: Option<&Node>, new: Option<&Node>) -> Key {
    let said = |node: &Node| match node.text() {
        Some(text) => text.to_string(),
        None => node.to_toml().to_string(),
    };
    Key {
        key: path.to_string(),
        old: old.map(said),
        new: new.map(said),
        unit: String::new(),
    }
}

/// Whether every item of a list is a table with a name of its own.
fn named(list: &[Node]) -> bool {
    let names: BTreeSet<Option<String>> = list.iter().map(name_of).collect();
    !list.is_empty() && names.len() == list.len() && !names.contains(&None)
}

/// The priority in force of an alarm follows from severity, time and the site's own
/// matrix; nobody writes it down.
fn priorities(old: &Plant, new: &Plant, changes: &mut Vec<Change>) {
    for alarm in &new.alarms {
        let now = &alarm.rationale;
        let mut before = old.alarms.iter().map(|alarm| &alarm.rationale);
        let Some(before) = before.find(|before| before.name == now.name) else {
            continue;
        };
        if before.priority == now.priority {
            continue;
        }
        let at = changes
            .iter()
            .position(|c| c.section == "alarm" && c.name == now.name)
            .unwrap_or_else(|| {
                let desc = words_of(&alarm.node, "text");
                let place = &alarm.node.at;
                changes.push(at_place(new, place, "alarm", &now.name, How::Changed, desc));
                changes.len() - 1
            });
        let keys = &mut changes[at].keys;
        if !keys.iter().any(|key| key.key == "priority") {
            keys.push(Key {
                key: "priority".into(),
                old: Some(before.priority.word().into()),
                new: Some(now.priority.word().into()),
                unit: String::new(),
            });
        }
    }
}

/// Cells of the matrices, named by row and column: the place in the grid means nothing.
fn cells(old: &Plant, new: &Plant, changes: &mut Vec<Change>) {
    type Cells = BTreeMap<String, (String, Origin)>;
    let cells = |plant: &Plant| -> Cells {
        let mut cells = Cells::new();
        for draft in &plant.matrices {
            let matrix = &draft.matrix;
            for ((row, column), symbols) in &matrix.cells {
                let (cause, effect) = (&matrix.causes[*row].id, &matrix.effects[*column].id);
                let words: Vec<String> = symbols.iter().map(ToString::to_string).collect();
                let at = draft.cells.get(&(*row, *column)).unwrap_or(&draft.at);
                cells.insert(
                    format!("{} {cause} × {effect}", matrix.name),
                    (words.join("/"), at.clone()),
                );
            }
        }
        cells
    };
    let (before, now) = (cells(old), cells(new));
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for name in names {
        let (was, is) = (before.get(name), now.get(name));
        let how = match (was, is) {
            (None, _) => How::Added,
            (_, None) => How::Removed,
            (Some((was, _)), Some((is, _))) if was == is => continue,
            _ => How::Changed,
        };
        let (plant, at) = match (is, was) {
            (Some((_, at)), _) => (new, at.clone()),
            (_, Some((_, at))) => (old, at.clone()),
            _ => (new, Origin::default()),
        };
        let mut change = at_place(plant, &at, "cell", name, how, Words::default());
        change.keys.push(Key {
            key: String::new(),
            old: was.map(|(word, _)| word.clone()),
            new: is.map(|(word, _)| word.clone()),
            unit: String::new(),
        });
        changes.push(change);
    }
}

/// Scripts are compared as texts: by their lines.
fn files(old: &Plant, new: &Plant, changes: &mut Vec<Change>) {
    let scripts = |plant: &Plant| -> BTreeMap<String, String> {
        let files = plant.sources.files().iter();
        let scripts = files.filter(|(name, _)| name.ends_with(".rhai"));
        scripts.cloned().collect()
    };
    let (before, now) = (scripts(old), scripts(new));
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for name in names {
        let (was, is) = (before.get(name), now.get(name));
        if was == is {
            continue;
        }
        let (how, plant) = match (was, is) {
            (None, _) => (How::Added, new),
            (_, None) => (How::Removed, old),
            _ => (How::Changed, new),
        };
        let file = plant.sources.find(name).unwrap_or_default();
        let first = match (was, is) {
            (Some(was), Some(is)) => first_difference(was, is),
            _ => 1,
        };
        let at = Origin::new(file, 0..0);
        let mut change = at_place(plant, &at, "file", name, how, Words::default());
        change.line = first;
        changes.push(change);
    }
}

/// The first line of the new text that is not that of the old.
fn first_difference(old: &str, new: &str) -> usize {
    let same = old.lines().zip(new.lines()).take_while(|(a, b)| a == b);
    same.count() + 1
}

/// Engineering units of keys.
struct Units<'p> {
    linked: BTreeMap<String, String>,
    plants: [&'p Plant; 2],
}

impl<'p> Units<'p> {
    fn of(old: &'p Plant, new: &'p Plant) -> Units<'p> {
        let mut linked = BTreeMap::new();
        for plant in [old, new] {
            for task in plant.link().tasks {
                let unit = |entry: &TagEntry| entry.unit.map(|unit| unit.symbol().to_string());
                let tags = task.linked.tags.iter();
                linked.extend(tags.filter_map(|(name, entry)| Some((name.clone(), unit(entry)?))));
            }
        }
        linked.retain(|_, unit| unit != "1");
        Units {
            linked,
            plants: [new, old],
        }
    }

    /// The unit of a key: what its own ending says, or that of the tag that it becomes,
    /// or for a range or a limit that of what it is about.
    fn of_key(&self, section: &str, item: &str, key: &str) -> String {
        let last = key.rsplit('.').next().unwrap_or(key);
        let ends = [
            ("_ms", "ms"),
            ("_min", "min"),
            ("_s", "s"),
            ("_h", "h"),
            ("_d", "d"),
            ("_pct", "%"),
        ];
        let mut by_ending = ends.into_iter();
        if let Some((_, unit)) = by_ending.find(|(ending, _)| last.ends_with(ending)) {
            return unit.to_string();
        }
        let of = |tag: &str| self.linked.get(tag).cloned();
        let pin = |pin: &str| of(&format!("{item}.{pin}"));
        let unit = match section {
            "tag" => of(item).filter(|_| last != "decimals"),
            "block" if key == last => pin(&last.to_uppercase()).or_else(|| {
                let about = [
                    "range",
                    "h",
                    "hh",
                    "l",
                    "ll",
                    "deadband",
                    "hysteresis",
                    "limit",
                ];
                let about = about.contains(&last).then_some(());
                about.and_then(|()| pin("PV").or_else(|| of(&self.watched(item)?)))
            }),
            "alarm" if ["limit", "deadband"].contains(&last) => self.plants.iter().find_map(|p| {
                let mut alarms = p.alarms.iter().map(|alarm| &alarm.rationale);
                let alarm = alarms.find(|alarm| alarm.name == item)?;
                Some(alarm.engineering_unit.clone())
            }),
            "cause"
                if last.contains("limit") || ["hysteresis", "above", "below"].contains(&last) =>
            {
                self.plants.iter().find_map(|plant| {
                    let mut causes = plant.matrices.iter().flat_map(|m| &m.matrix.causes);
                    let cause = causes.find(|cause| cause.id == item)?;
                    of(&cause.channels.first()?.tag)
                })
            }
            _ => None,
        };
        unit.unwrap_or_default()
    }

    /// The tag that a block looks at: its `in`.
    fn watched(&self, block: &str) -> Option<String> {
        self.plants.iter().find_map(|plant| {
            let node = &plant.blocks.get(block)?.node;
            match &node.tree {
                Tree::Table(table) => Some(table.get("in")?.text()?.to_string()),
                _ => None,
            }
        })
    }
}
