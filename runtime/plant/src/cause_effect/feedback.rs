//! What a trip moves tells back whether it has moved, or the text says why it cannot.

use super::MatrixDraft;
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::Draft;
use crate::tree::{Node, Tree};
use matrix::{Action, EffectKind};

/// Keys of a device without which nobody knows whether it has obeyed, and what it is
/// called; the time in which it must is a key of the same block, with a default.
const fn feedback(action: &Action) -> &'static [&'static str] {
    match action {
        Action::Valve { .. } => &["zso", "zsc"],
        Action::Stop { .. } => &["run"],
        Action::Analog { .. } => &[],
    }
}

/// The table of an action, as it was written.
fn act(effect: &Node, n: usize) -> Option<&Node> {
    let Tree::Table(table) = &effect.tree else {
        return None;
    };
    match &table.get("acts")?.tree {
        Tree::List(acts) => acts.get(n),
        _ => None,
    }
}

/// Every device of every effect has a feedback that a fault is made of when it does not
/// come in time, or `no_feedback` says what tells of it instead.
pub(super) fn check(source: &MatrixDraft, draft: &Draft, problems: &mut Diagnostics) {
    for (column, effect) in source.matrix.effects.iter().enumerate() {
        let EffectKind::Final(actions) = &effect.kind else {
            continue;
        };
        for (n, action) in actions.iter().enumerate() {
            let name = action.device();
            let mut blocks = draft.blocks.iter();
            // What is not there has been told already.
            let Some(block) = blocks.find(|block| block.name == name) else {
                continue;
            };
            let keys = feedback(action);
            let tells = !keys.is_empty() && keys.iter().all(|key| block.node.has(key));
            let written = act(&source.effects[column], n);
            if tells || written.is_some_and(|act| act.has("no_feedback")) {
                continue;
            }
            let missing = match action {
                Action::Valve { .. } => "has no limit switches zso and zsc",
                Action::Stop { .. } => "has no run feedback",
                Action::Analog { .. } => "is an analog output: its position comes back nowhere",
            };
            problems.push(
                codes::MATRIX_FEEDBACK,
                &written.map_or_else(|| source.place_of_effect(column), |act| act.at.clone()),
                format!("{}: {name} {missing}", effect.id),
                "give the device its feedback, or say in the action what tells of it: no_feedback = \"FT-101 tells\"",
            );
        }
    }
}
