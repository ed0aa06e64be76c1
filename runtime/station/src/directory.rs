//! Names, texts and limits of an edition, as the desk shows them.

use gateway::Areas;
use gateway::desk::{
    Cause, Directory, Edition, Environment, Interlock, Limits, Loop, OnlyWhen, State, Tag, TagKind,
    Text, Writable,
};
use people::{Action, SignatureClass};
use plant::{LinkedPlant, Plant, Words};
use scan::{Stage, TagEntry, TagOrigin, Value};
use signal::Kind;
use std::collections::BTreeMap;

/// Where the tag of a handle is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Task.
    pub task: usize,
    /// Slot of the value.
    pub slot: u32,
    /// Slot that commands write, and whether it is a request.
    pub write: Option<(u32, bool)>,
    /// Kind.
    pub kind: Kind,
}

/// A directory with the places behind its handles.
pub struct Named {
    /// For the desk.
    pub directory: Directory,
    /// By handle.
    pub places: Vec<Place>,
    /// Whether people may force a tag, by handle.
    pub forceable: Vec<bool>,
}

/// Names everything of an edition.
pub fn named(
    plant: &Plant,
    linked: &LinkedPlant,
    env: Environment,
    edition: u64,
    epoch: u64,
) -> Named {
    let mut entries: BTreeMap<&str, (usize, &TagEntry)> = BTreeMap::new();
    for (task, linked) in linked.tasks.iter().enumerate() {
        for (name, entry) in &linked.linked.tags {
            // What another task gives is shown where it is made.
            if !name.contains('/') {
                entries.insert(name, (task, entry));
            }
        }
    }
    let mut tags = Vec::new();
    let mut places = Vec::new();
    let mut forceable = Vec::new();
    for (handle, (name, (task, entry))) in entries.iter().enumerate() {
        tags.push(tag(plant, name, entry, handle as u32, &entries));
        places.push(Place {
            task: *task,
            slot: entry.slot.index() as u32,
            write: entry
                .writable
                .map(|writable| (writable.slot.index() as u32, writable.is_request)),
            kind: entry.kind,
        });
        forceable.push(!entry.is_protective && entry.origin != TagOrigin::Operator);
    }
    Named {
        directory: Directory {
            epoch,
            plant: Text::new(&plant.name, &plant.name),
            title: text(&plant.title),
            env,
            edition: Edition {
                number: edition,
                digest: format!("{:016x}", plant.digest),
            },
            loops: loops(plant, &entries),
            interlocks: interlocks(plant, &entries),
            equipment: crate::equipment::equipment(plant, |name| entries.contains_key(name)),
            tags,
        },
        places,
        forceable,
    }
}

fn text(words: &Words) -> Text {
    Text::new(&words.en, &words.zh)
}

fn split(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

fn tag(
    plant: &Plant,
    name: &str,
    entry: &TagEntry,
    handle: u32,
    entries: &BTreeMap<&str, (usize, &TagEntry)>,
) -> Tag {
    let draft = plant.tags.get(name);
    // What a controller shows as its PV is the tag it measures: same limits, same digits.
    let shown_as = draft
        .filter(|draft| draft.limits != Default::default())
        .or_else(|| plant.tags.get(&measured(plant, name)?))
        .or(draft);
    let (block, pin) = split(name);
    let is_controller = plant
        .blocks
        .get(block)
        .is_some_and(|block| block.kind == "PID");
    let desc = match (draft, plant.blocks.get(block)) {
        (Some(draft), _) => text(&draft.desc),
        (None, Some(block)) if pin == "PV" => text(&block.desc),
        (None, Some(block)) => Text::new(
            format!("{}: {pin}", block.desc.en),
            format!("{}:{pin}", block.desc.zh),
        ),
        (None, None) => Text::new(name, name),
    };
    let (low, high) = entry.range.unwrap_or(match entry.kind {
        Kind::Real => (0.0, 100.0),
        Kind::Bool => (0.0, 1.0),
        Kind::Int => (0.0, 100.0),
    });
    let decimals = draft
        .and_then(|draft| draft.decimals)
        .or_else(|| shown_as?.decimals)
        .unwrap_or_else(|| match entry.range {
            // A gain of 0.035 must not read 0.0.
            None if entry.kind == Kind::Real && entry.unit.is_none() => 3,
            _ => decimals(entry.kind, low, high),
        });
    let limits = shown_as.map_or_else(Limits::default, |draft| Limits {
        ll: draft.limits.ll,
        l: draft.limits.l,
        h: draft.limits.h,
        hh: draft.limits.hh,
    });
    let writable = entry.writable.filter(|_| !is_locked(plant, block, entry));
    let block_kind = plant
        .blocks
        .get(block)
        .map_or("", |draft| draft.kind.as_str());
    let bypass = writable
        .and_then(|_| crate::bypass::rule(plant, block, pin, |tag| entries.contains_key(tag)));
    let (action, mut signature) = signing(plant, block_kind, pin, entry, draft);
    // A maintenance override or a proof test of a cause of class safety.
    let takes_out = bypass.as_ref().is_some_and(|rule| rule.key.is_some());
    if takes_out && crate::bypass::is_of_safety(plant, block) {
        signature = signature.max(SignatureClass::Second);
    }
    let writable = writable.map(|writable| Writable {
        action,
        signature,
        bypass,
        lo: writable.low,
        hi: writable.high,
        max_step: draft.and_then(|draft| draft.step_max),
        momentary: entry.kind == Kind::Bool && writable.is_request && pin == "RESET",
        only_when: only_when(plant, name, entries),
    });
    Tag {
        handle,
        name: name.to_string(),
        desc,
        unit: match entry.unit.map_or("", |unit| unit.symbol()) {
            // The output of a controller that drives a valve is percent.
            "" | "1" if pin == "OUT" && (low, high) == (0.0, 100.0) && is_controller => {
                "%".to_string()
            }
            "1" => String::new(),
            symbol => symbol.to_string(),
        },
        decimals,
        kind: match entry.kind {
            Kind::Real => TagKind::Real,
            Kind::Bool => TagKind::Bool,
            Kind::Int => TagKind::Int,
        },
        lo: low,
        hi: high,
        limits,
        writable,
        states: entry
            .states
            .iter()
            .map(|(value, en, zh)| State {
                value: *value as i32,
                text: Text::new(*en, *zh),
            })
            .collect(),
    }
}

/// Areas: of a block by the unit that it belongs to, of an alarm by its record, or by its
/// unit if the record leaves it open.
pub fn areas(plant: &Plant) -> Areas {
    let of_unit = |unit: &str| {
        let unit = plant.units.iter().find(|u| u.name == unit);
        unit.map_or("", |unit| unit.area.as_str())
    };
    let named = |name: &str, area: &str| (!area.is_empty()).then(|| (name.into(), area.into()));
    let blocks = plant.blocks.values();
    let alarms = plant.rationales().into_iter();
    Areas {
        blocks: blocks
            .filter_map(|block| named(&block.name, of_unit(&block.unit)))
            .collect(),
        alarms: alarms
            .filter_map(|alarm| match alarm.area.as_str() {
                "" => named(&alarm.name, of_unit(&alarm.unit)),
                area => named(&alarm.name, area),
            })
            .collect(),
    }
}

/// Who may write a tag and what they give for it: as the text says, or by what the tag
/// is of its block.
fn signing(
    plant: &Plant,
    kind: &str,
    pin: &str,
    entry: &TagEntry,
    draft: Option<&plant::TagDraft>,
) -> (Action, SignatureClass) {
    let is_setting_of_block =
        entry.origin == TagOrigin::Operator && !entry.writable.is_some_and(|w| w.is_request);
    let by_kind = match (kind, pin) {
        ("PID", "MODE") => Action::Mode,
        ("PID", "SP" | "OUT") => Action::Operate,
        (_, "OOS") | ("CAUSE", "PROOF") => Action::Bypass,
        (_, pin) if pin.starts_with("MOS_") => Action::Bypass,
        (_, "RESET") => Action::Reset,
        (_, "SILENCE" | "TEST") => Action::Acknowledge,
        (_, "MODE") => Action::Mode,
        // A tag of its own, without a block behind it.
        ("", _) => Action::Operate,
        // Limit, dead-band and delays of an alarm are its rationalisation.
        ("ALARM" | "ALARM_BAD" | "ALARM_STATE", _) if is_setting_of_block => Action::Limit,
        _ if is_setting_of_block && entry.is_protective => Action::Limit,
        _ if is_setting_of_block && entry.kind == Kind::Real => Action::Tune,
        _ => Action::Operate,
    };
    let action = draft.and_then(|draft| draft.action).unwrap_or(by_kind);
    let stated = draft.and_then(|draft| draft.signature);
    (
        action,
        stated.unwrap_or_else(|| plant.people.rules.signature(action)),
    )
}

/// The tag that the controller of a PV measures: its `in`.
fn measured(plant: &Plant, name: &str) -> Option<String> {
    let (block, pin) = split(name);
    let block = plant
        .blocks
        .get(block)
        .filter(|block| block.kind == "PID")?;
    match (pin, block.node.to_value()) {
        ("PV", Value::Table(config)) => match config.get("in") {
            Some(Value::Text(tag)) => Some(tag.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Decimals from the span: four significant figures, at most three decimals.
fn decimals(kind: Kind, low: f64, high: f64) -> u8 {
    if kind != Kind::Real {
        return 0;
    }
    match high - low {
        span if span >= 5_000.0 => 0,
        span if span >= 20.0 => 1,
        span if span >= 2.0 => 2,
        _ => 3,
    }
}

/// Whether a tuning is changed by a new edition only, not by an operator: those of
/// protective blocks, and of blocks whose text says `locked = true`.
fn is_locked(plant: &Plant, block: &str, entry: &TagEntry) -> bool {
    let Some(draft) = plant.blocks.get(block) else {
        return false;
    };
    if entry.origin != TagOrigin::Operator {
        return false;
    }
    let Value::Table(config) = draft.node.to_value() else {
        return false;
    };
    let stage = match config.get("stage") {
        Some(Value::Text(word)) => Stage::from_word(word),
        _ => crate::kinds::blocks()
            .get(&draft.kind)
            .map(|kind| kind.stage),
    };
    stage == Some(Stage::Protect) || config.get("locked") == Some(&Value::Bool(true))
}

/// A set-point is the operator's in AUTO, an output in MAN.
fn only_when(
    plant: &Plant,
    name: &str,
    entries: &BTreeMap<&str, (usize, &TagEntry)>,
) -> Option<OnlyWhen> {
    let (block, pin) = split(name);
    if plant.blocks.get(block)?.kind != "PID" {
        return None;
    }
    let mode = format!("{block}.MODE_ACT");
    entries.get(mode.as_str())?;
    match pin {
        "OUT" => Some(OnlyWhen {
            tag: mode,
            value: 0.0,
            why: Text::new(
                "the output can be entered in MAN only",
                "仅在手动(MAN)模式下可输入输出值",
            ),
        }),
        "SP" => Some(OnlyWhen {
            tag: mode,
            value: 1.0,
            why: Text::new(
                "the set-point can be entered in AUTO only",
                "仅在自动(AUTO)模式下可输入设定值",
            ),
        }),
        _ => None,
    }
}

fn loops(plant: &Plant, entries: &BTreeMap<&str, (usize, &TagEntry)>) -> Vec<Loop> {
    plant
        .blocks
        .values()
        .filter(|block| block.kind == "PID")
        .map(|block| {
            let pin = |suffix: &str| format!("{}.{suffix}", block.name);
            let Value::Table(config) = block.node.to_value() else {
                unreachable!("a block of a loaded plant is a table");
            };
            let has_cas = config.contains_key("cas");
            let tuning = ["KP", "TI_S", "TD_S"]
                .map(pin)
                .into_iter()
                .filter(|name| entries.contains_key(name.as_str()))
                .collect();
            Loop {
                name: block.name.clone(),
                desc: text(&block.desc),
                pv: pin("PV"),
                sp: pin("SP"),
                out: pin("OUT"),
                mode: pin("MODE"),
                mode_act: Some(pin("MODE_ACT")),
                modes: if has_cas { vec![0, 1, 2] } else { vec![0, 1] },
                out_to: None,
                tuning,
            }
        })
        .collect()
}

fn interlocks(plant: &Plant, entries: &BTreeMap<&str, (usize, &TagEntry)>) -> Vec<Interlock> {
    plant
        .blocks
        .values()
        .filter(|block| block.kind == "INTERLOCK")
        .map(|block| {
            let pin = |suffix: &str| format!("{}.{suffix}", block.name);
            let Value::Table(config) = block.node.to_value() else {
                unreachable!("a block of a loaded plant is a table");
            };
            let rows = match config.get("causes") {
                Some(Value::List(rows)) => rows.as_slice(),
                _ => &[],
            };
            Interlock {
                name: block.name.clone(),
                text: text(&block.desc),
                tripped: pin("TRIPPED"),
                first_out: pin("FIRST_OUT"),
                reset: Some(pin("RESET")),
                causes: rows
                    .iter()
                    .enumerate()
                    .map(|(row, value)| cause(row, value, entries))
                    .collect(),
            }
        })
        .collect()
}

fn cause(row: usize, value: &Value, entries: &BTreeMap<&str, (usize, &TagEntry)>) -> Cause {
    let table = match value {
        Value::Table(table) => Some(table),
        _ => None,
    };
    let word = |key: &str| match table.and_then(|table| table.get(key)) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let texts = match table.and_then(|table| table.get("text")) {
        Some(Value::Table(texts)) => {
            let of = |key: &str| match texts.get(key) {
                Some(Value::Text(text)) => text.clone(),
                _ => String::new(),
            };
            Text::new(of("en"), of("zh"))
        }
        _ => Text::default(),
    };
    let known = |name: Option<String>| name.filter(|name| entries.contains_key(name.as_str()));
    let tag = word("cause").unwrap_or_default();
    Cause {
        id: split(&tag).0.to_string(),
        index: row as i32 + 1,
        text: texts,
        live: known(word("live")),
        armed: known(word("armed")),
        bypassed: known(Some(format!("{}.BYPASSED", split(&tag).0))),
        tag,
    }
}

#[cfg(test)]
mod tests;
