//! Bypasses: what the text binds each to, and the list of those that stand.
//!
//! Whether one stands is read from the images, never remembered: it may end by itself.
//! Who began it, why and under which permit is what the clerk noted when it was recorded.
//! No bypass outlives a start, so the list of a new run begins empty; what was stands in
//! the ledger.

use crate::equipment::name_of;
use gateway::bypass::{Bypass, BypassRule};
use gateway::desk::{Cell, Directory, Tag};
use gateway::order::Order;
use plant::Plant;
use scan::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Who began which bypass, why and under which permit, by tag.
pub type BypassNotes = Arc<Mutex<BTreeMap<String, Bypass>>>;

/// Limits of a `CAUSE` that says none: as the block has them.
const PER_VOTE_MAX: u32 = 1;
const PER_UNIT_MAX: u32 = 2;

/// What a writable tag of a cause is bound to if writing it takes protection out;
/// `is_tag` knows the names.
pub fn rule(
    plant: &Plant,
    block: &str,
    pin: &str,
    is_tag: impl Fn(&str) -> bool,
) -> Option<BypassRule> {
    let draft = plant.blocks.get(block).filter(|b| b.kind == "CAUSE")?;
    let Value::Table(config) = draft.node.to_value() else {
        return None;
    };
    let pin_of = |pin: &str| format!("{block}.{pin}");
    let left = |pin: &str| Some(pin_of(pin)).filter(|tag| is_tag(tag));
    if pin == "OOS" {
        return Some(BypassRule {
            left: left("OOS_LEFT_S"),
            ..BypassRule::default()
        });
    }
    let number = pin.strip_prefix("MOS_").and_then(|n| n.parse().ok());
    if number.is_none() && pin != "PROOF" {
        return None;
    }
    let at_most = |key: &str, default: u32| match config.get(key) {
        Some(Value::Int(count)) => u32::try_from(*count).unwrap_or(default),
        _ => default,
    };
    let vote: Vec<String> = (1..=signal::limits::VOTE_CHANNELS_MAX)
        .map(|number| pin_of(&format!("MOS_{number}")))
        .filter(|tag| is_tag(tag))
        .collect();
    let unit = config.get("mos_unit").and_then(name_of);
    let common = BypassRule {
        key: config.get("mos_key").and_then(name_of),
        unit: unit
            .filter(|tag| is_tag(tag))
            .map(|tag| (tag, at_most("mos_per_unit", PER_UNIT_MAX))),
        ..BypassRule::default()
    };
    Some(match number {
        Some(number) => BypassRule {
            permit: true,
            channel: channel(&config, number),
            vote: Some((vote, at_most("mos_per_vote", PER_VOTE_MAX))),
            left: left("MOS_LEFT_S"),
            ..common
        },
        // A row is tested with all its channels in force.
        None => BypassRule {
            vote: Some((vote, 1)),
            left: left("PROOF_LEFT_S"),
            ..common
        },
    })
}

/// The tag of a channel, from 1: one of `of`, or that of a row of `any`.
fn channel(config: &BTreeMap<String, Value>, number: usize) -> Option<String> {
    let at = number.checked_sub(1)?;
    let item = |key: &str| match config.get(key) {
        Some(Value::List(items)) => items.get(at),
        _ => None,
    };
    match (item("of"), item("any")) {
        (Some(wire), _) => name_of(wire),
        (None, Some(Value::Table(row))) => row.get("tag").and_then(name_of),
        _ => None,
    }
}

/// Whether a block is a cause of class safety: to bypass it takes two persons, whatever
/// the text says of bypasses (GB/T 50770 and IEC 61511-1, 16.2: overrides under control).
pub fn is_of_safety(plant: &Plant, block: &str) -> bool {
    let mut causes = plant.matrices.iter().flat_map(|m| &m.matrix.causes);
    causes.any(|cause| cause.id == block && cause.class == matrix::model::Class::Safety)
}

/// A tag that holds a bypass, as the pump watches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    tag: String,
    handle: u32,
    channel: Option<String>,
    left: Option<u32>,
}

/// Every tag of an edition that can take protection out.
pub fn watched(directory: &Directory) -> Vec<Watched> {
    let handle = |name: &String| {
        let tag: &Tag = directory.tags.iter().find(|tag| tag.name == *name)?;
        Some(tag.handle)
    };
    let tags = directory.tags.iter();
    tags.filter_map(|tag| {
        let rule = tag.writable.as_ref()?.bypass.as_ref()?;
        Some(Watched {
            tag: tag.name.clone(),
            handle: tag.handle,
            channel: rule.channel.clone(),
            left: rule.left.as_ref().and_then(handle),
        })
    })
    .collect()
}

/// Notes a bypass that an order begins.
pub fn note(notes: &BypassNotes, order: &Order, permit: &str, utc_ms: i64) {
    let note = Bypass {
        tag: order.subject.clone(),
        since_ms: utc_ms,
        actor: order.actor.clone(),
        second: order.signatures.get(1).map(|second| second.user.clone()),
        reason: order.reason.clone(),
        permit: permit.to_string(),
        ..Bypass::default()
    };
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.insert(note.tag.clone(), note);
}

/// The bypasses that stand in an image.
pub fn standing(watched: &[Watched], cells: &[Cell], notes: &BypassNotes) -> Vec<Bypass> {
    let value = |handle: u32| cells.get(handle as usize).map(|cell| cell.value);
    let is_on = |one: &&Watched| value(one.handle).is_some_and(|value| value != 0.0);
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let on = watched.iter().filter(is_on);
    on.map(|one| Bypass {
        tag: one.tag.clone(),
        channel: one.channel.clone(),
        left_s: one.left.and_then(value),
        ..notes.get(&one.tag).cloned().unwrap_or_default()
    })
    .collect()
}
