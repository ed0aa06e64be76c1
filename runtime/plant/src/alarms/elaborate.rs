//! From records to detection blocks.

use super::AlarmDraft;
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{BlockDraft, Draft, Words};
use crate::source::Origin;
use crate::tree::{Node, Table, Tree};
use alarm::{AlarmKind, LIMIT_MODES_MAX};
use std::collections::BTreeMap;

/// Adds the detection blocks of the alarms to the draft. Alarms on a tag that is there
/// anyway have none.
pub(crate) fn elaborate(draft: &mut Draft, problems: &mut Diagnostics) {
    let mut names: BTreeMap<String, Origin> = BTreeMap::new();
    let mut tags: BTreeMap<String, Origin> = BTreeMap::new();
    let mut blocks = Vec::new();
    for alarm in &draft.alarms {
        let rationale = &alarm.rationale;
        let at = alarm.place();
        if let Some(other) = names.get(&rationale.name) {
            problems.push_with(
                codes::ALARM_DUPLICATE,
                &at,
                format!("two alarms are called {}", rationale.name),
                (other.clone(), "the other".to_string()),
                "one name, one alarm, one answer",
            );
            continue;
        }
        names.insert(rationale.name.clone(), at.clone());
        if let Some(other) = tags.get(&rationale.tag) {
            problems.push_with(
                codes::ALARM_DUPLICATE,
                &alarm.node.place("condition"),
                format!("{} has two alarms", rationale.tag),
                (other.clone(), "the other".to_string()),
                "one condition calls the operator once",
            );
            continue;
        }
        tags.insert(rationale.tag.clone(), at);
        limits_of_modes(alarm, problems);
        if alarm.node.has("condition") {
            only_a_condition(alarm, problems);
        } else {
            blocks.extend(block(alarm, problems));
        }
    }
    draft.blocks.extend(blocks);
}

/// An alarm on an existing tag has no detection of its own to be set.
fn only_a_condition(alarm: &AlarmDraft, problems: &mut Diagnostics) {
    for key in [
        "of",
        "is",
        "expected",
        "armed",
        "sp",
        "tau_s",
        "when",
        "stage",
        "deadband",
        "on_delay_s",
        "off_delay_s",
    ] {
        if alarm.node.has(key) {
            problems.push(
                codes::ALARM_WRONG,
                &alarm.node.place(key),
                format!("{key} has no meaning for an alarm on a condition that is there"),
                "condition names a Boolean tag as it is; point and limits make a detection",
            );
        }
    }
}

/// A limit of a mode is looked at by a detection that compares with one.
fn limits_of_modes(alarm: &AlarmDraft, problems: &mut Diagnostics) {
    let rationale = &alarm.rationale;
    let looked_at = rationale.limit_modes().len();
    if looked_at == 0 {
        return;
    }
    let at = alarm.node.place(&format!("modes.{looked_at}.limit"));
    if !rationale.is_detected() || !rationale.kind.has_limit() {
        problems.push(
            codes::ALARM_WRONG,
            &at,
            format!(
                "a limit of a mode has no meaning for {}: it has none itself",
                rationale.name
            ),
            "kinds hh, h, l, ll, roc and dev compare a point with a limit",
        );
    } else if looked_at > LIMIT_MODES_MAX {
        problems.push(
            codes::ALARM_WRONG,
            &at,
            format!("mode {looked_at} of {} has a limit", rationale.name),
            format!("the first {LIMIT_MODES_MAX} modes may have one: put them first"),
        );
    }
}

fn node(at: &Origin, tree: Tree) -> Node {
    Node {
        tree,
        at: at.clone(),
    }
}

/// The detection block of an alarm.
fn block(alarm: &AlarmDraft, problems: &mut Diagnostics) -> Option<BlockDraft> {
    let rationale = &alarm.rationale;
    let own = &alarm.node;
    let mut missing = |key: &str, help: &str| {
        let message = format!("{} needs {key}", rationale.name);
        problems.push(codes::ALARM_WRONG, &own.place("name"), message, help);
    };
    let of_kind = match rationale.kind {
        AlarmKind::Bad => "ALARM_BAD",
        kind if kind.has_limit() => "ALARM",
        _ => "ALARM_STATE",
    };
    let text = |key: &str, text: &str| {
        let at = own.place(key);
        (key.to_string(), node(&at, Tree::Text(text.to_string())))
    };
    let mut keys = Vec::new();
    let at = own.place("name");
    keys.push((
        "kind".to_string(),
        node(&at, Tree::Text(of_kind.to_string())),
    ));
    keys.push(text("name", &rationale.name));
    let mut copied = vec!["stage", "on_delay_s", "off_delay_s"];
    if of_kind == "ALARM_BAD" {
        copied.push("of");
        if !own.has("of") && !rationale.point.is_empty() {
            let point = node(&own.place("point"), Tree::Text(rationale.point.clone()));
            let list = node(&own.place("point"), Tree::List(vec![point]));
            keys.push(("of".to_string(), list));
        } else if !own.has("of") {
            missing(
                "point",
                "the measurement that may be lost: point, or of for several",
            );
            return None;
        }
    } else if rationale.point.is_empty() {
        missing(
            "point",
            "the tag that is watched, or condition: a Boolean tag that is there",
        );
        return None;
    } else {
        let (_, point) = text("point", &rationale.point);
        keys.push(("in".to_string(), point));
    }
    if of_kind == "ALARM" {
        if !own.has("limit") {
            missing("limit", "the set-point, in the unit of the point");
            return None;
        }
        if rationale.basis.trim().is_empty() {
            problems.push(
                codes::ALARM_RATIONALE,
                &own.place("limit"),
                format!("nobody says what the limit of {} rests on", rationale.name),
                "basis: calculation, standard or design document",
            );
        }
        copied.extend(["limit", "deadband", "sp", "tau_s"]);
        let when = match rationale.kind {
            AlarmKind::L | AlarmKind::Ll => "below",
            AlarmKind::Roc => "rising",
            AlarmKind::Dev => "deviating",
            _ => "above",
        };
        if own.has("when") && rationale.kind == AlarmKind::Roc {
            copied.push("when");
        } else {
            keys.push(text("when", when));
        }
    }
    for (number, mode) in rationale.limit_modes().iter().enumerate() {
        let place = own.place(&format!("modes.{}", number + 1));
        let mut add = |key: String, tree: Tree| keys.push((key, node(&place, tree)));
        let number = number + 1;
        add(format!("mode_{number}"), Tree::Text(mode.tag.clone()));
        add(format!("mode_{number}_is"), Tree::Bool(mode.is));
        if let Some(limit) = mode.limit {
            add(format!("limit_{number}"), Tree::Real(limit));
        }
    }
    if of_kind == "ALARM_STATE" {
        copied.extend(["is", "expected", "armed"]);
    }
    if let Tree::Table(table) = &own.tree {
        for key in copied {
            if let Some(value) = table.get(key) {
                keys.push((key.to_string(), value.clone()));
            }
        }
    }
    if rationale.class.is_highly_managed() {
        // Limits of highly managed alarms change by a new edition only.
        keys.push(("locked".to_string(), node(&at, Tree::Bool(true))));
    }
    Some(BlockDraft {
        name: rationale.name.clone(),
        kind: of_kind.to_string(),
        task: alarm.task.clone(),
        unit: rationale.unit.clone(),
        desc: Words {
            en: rationale.text.en.clone(),
            zh: rationale.text.zh.clone(),
        },
        node: node(&own.at, Tree::Table(Table::of(keys))),
    })
}
