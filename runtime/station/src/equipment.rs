//! Units, blocks and matrices of an edition, as the desk shows them.

use gateway::desk::Text;
use gateway::equipment::{
    Block, Equipment, Matrix, MatrixCause, MatrixCell, MatrixEffect, Row, Unit,
};
use matrix::model::EffectKind;
use plant::{Plant, Words};
use scan::Value;
use std::collections::BTreeMap;

fn text(words: &Words) -> Text {
    Text::new(&words.en, &words.zh)
}

/// Everything of the plant that stands behind its tags. `is_tag` knows the names.
pub fn equipment(plant: &Plant, is_tag: impl Fn(&str) -> bool) -> Equipment {
    let units = plant.units.iter().map(|unit| Unit {
        name: unit.name.clone(),
        title: text(&unit.title),
        area: unit.area.clone(),
    });
    Equipment {
        units: units.collect(),
        blocks: plant
            .blocks
            .values()
            .map(|block| self::block(block, &is_tag))
            .collect(),
        matrices: plant
            .matrices
            .iter()
            .map(|draft| self::matrix(&draft.matrix, &is_tag))
            .collect(),
    }
}

fn block(draft: &plant::BlockDraft, is_tag: &impl Fn(&str) -> bool) -> Block {
    let config = match draft.node.to_value() {
        Value::Table(table) => table,
        _ => BTreeMap::new(),
    };
    let rows = match draft.kind.as_str() {
        "PERMIT" => rows(config.get("needs"), "tag", is_tag),
        "PHASE" => rows(config.get("steps"), "done", is_tag),
        _ => Vec::new(),
    };
    let permit = config.get("permit").and_then(name_of);
    Block {
        name: draft.name.clone(),
        kind: draft.kind.clone(),
        unit: draft.unit.clone(),
        desc: text(&draft.desc),
        rows,
        permit: permit.and_then(|tag| Some(tag.split_once('.')?.0.to_string())),
    }
}

fn rows(list: Option<&Value>, key: &str, is_tag: &impl Fn(&str) -> bool) -> Vec<Row> {
    let Some(Value::List(list)) = list else {
        return Vec::new();
    };
    let row = |row: &Value| {
        let Value::Table(row) = row else { return None };
        let word = |key: &str| match row.get(key) {
            Some(Value::Text(word)) => Some(word.clone()),
            _ => None,
        };
        let en = word("name").unwrap_or_default();
        Some(Row {
            text: Text::new(&en, word("zh").as_ref().unwrap_or(&en)),
            tag: row.get(key).and_then(name_of).filter(|tag| is_tag(tag)),
            is: row.get("is") != Some(&Value::Bool(false)),
            plan_s: ["timeout_s", "after_s"]
                .iter()
                .find_map(|key| seconds(row.get(*key))),
        })
    };
    list.iter().filter_map(row).collect()
}

fn seconds(value: Option<&Value>) -> Option<f64> {
    match value {
        Some(Value::Real(s)) => Some(*s),
        Some(Value::Int(s)) => Some(*s as f64),
        _ => None,
    }
}

/// The tag of a wire: its name, or the `delayed` of a table.
pub(crate) fn name_of(wire: &Value) -> Option<String> {
    match wire {
        Value::Text(name) => Some(name.clone()),
        Value::Table(table) => table.values().find_map(name_of),
        _ => None,
    }
}

fn matrix(matrix: &matrix::Matrix, is_tag: &impl Fn(&str) -> bool) -> Matrix {
    let both = |words: &matrix::Words| Text::new(&words.en, &words.zh);
    let causes = matrix.causes.iter().map(|cause| MatrixCause {
        id: cause.id.clone(),
        unit: cause.unit.clone(),
        text: both(&cause.text),
        vote: format!("{}oo{}", cause.m, cause.channels.len()),
    });
    let effects = matrix.effects.iter().map(|effect| {
        let id = &effect.id;
        let group = effect
            .group
            .and_then(|at| matrix.groups.get(at))
            .map(|group| group.name.clone());
        // Held and annunciated effects follow all groups: one tag for each or for all.
        let mut tags = match &group {
            Some(group) => vec![format!("{group}.{id}")],
            None => ["", "-P1", "-P2", "-P3", "-GAS", "-ESD"]
                .iter()
                .map(|of| format!("{id}{of}.OUT"))
                .collect(),
        };
        tags.retain(|tag| is_tag(tag));
        MatrixEffect {
            id: id.clone(),
            text: both(&effect.text),
            group,
            tags,
            devices: match &effect.kind {
                EffectKind::Final(acts) => {
                    acts.iter().map(|act| act.device().to_string()).collect()
                }
                _ => Vec::new(),
            },
        }
    });
    let cells = matrix.cells.iter().map(|((cause, effect), symbols)| {
        let words: Vec<String> = symbols.iter().map(ToString::to_string).collect();
        MatrixCell {
            cause: *cause,
            effect: *effect,
            word: words.join("/"),
        }
    });
    Matrix {
        name: matrix.name.clone(),
        causes: causes.collect(),
        effects: effects.collect(),
        cells: cells.collect(),
    }
}
