//! No permissive is out of reach.
//!
//! For each permissive: some state of good values satisfies all that it needs while no
//! row stands that acts in a reset group it needs untripped (a standing row would trip
//! the group again at once). For each `P` cell: some state of good values has the row
//! armed and the condition of its `P` cells absent.

use super::facts::{Facts, Permit};
use super::report::{Fault, Findings, Subject};
use super::space::Space;
use super::state::{self, column, condition, named, shortened};
use crate::model::{Cause, EffectKind, Symbol, Test};
use biodivine_lib_bdd::Bdd;

pub(super) fn prove(space: &Space<'_>, facts: &Facts, found: &mut Findings) {
    for permit in &facts.permits {
        found.claim();
        judge(space, permit, found);
        gave_up(space, &permit.name, found);
    }
    let matrix = space.matrix;
    for (at, cause) in matrix.causes.iter().enumerate() {
        for (effect, column) in matrix.effects.iter().enumerate() {
            let blocks = matrix.cell(at, effect).contains(&Symbol::Permissive);
            if blocks && space.row(at).is_some() {
                found.claim();
                cell(space, at, column, found);
                gave_up(space, &named(cause), found);
            }
        }
    }
}

fn gave_up(space: &Space<'_>, what: &str, found: &mut Findings) {
    if space.logic.gave_up() {
        found.fail_too_large(what, vec![Subject::Permit(what.to_string())]);
    }
}

/// A condition that must be so, in words, and the row it comes from.
struct Demand {
    formula: Bdd,
    words: String,
    cause: Option<usize>,
}

fn judge(space: &Space<'_>, permit: &Permit, found: &mut Findings) {
    let mut demands: Vec<Demand> = permit
        .needs
        .iter()
        .map(|need| Demand {
            formula: space.test(&need.tag, need.test),
            words: format!("needed: {}", condition(&need.tag, need.test)),
            cause: None,
        })
        .collect();
    for (at, cause) in space.matrix.causes.iter().enumerate() {
        if space.row(at).is_none() {
            continue;
        }
        let Some(group) = group_of(space, at, &permit.untripped) else {
            continue;
        };
        let due = space.logic.and(&space.vote(at), &space.armed(at));
        demands.push(Demand {
            formula: due.not(),
            words: format!(
                "needed: {group} not tripped, so not {} ({})",
                named(cause),
                conditions(cause, None)
            ),
            cause: Some(at),
        });
    }
    if is_possible(space, demands.iter()) {
        return;
    }
    // What is left when nothing more can be left out.
    let mut kept: Vec<bool> = vec![true; demands.len()];
    for at in (0..demands.len()).rev() {
        kept[at] = false;
        let rest = demands.iter().zip(&kept).filter(|(_, kept)| **kept);
        if is_possible(space, rest.map(|(demand, _)| demand)) {
            kept[at] = true;
        }
    }
    let conflict = || demands.iter().zip(&kept).filter(|(_, kept)| **kept);
    let mut subjects = vec![Subject::Permit(permit.name.clone())];
    subjects.extend(
        conflict()
            .filter_map(|(demand, _)| demand.cause)
            .map(|at| state::cause(&space.matrix.causes[at])),
    );
    let lines = conflict().map(|(demand, _)| with_ranges(space, permit, demand));
    let lines = shortened(lines.collect());
    let message = format!(
        "{} can never hold: its conditions exclude each other",
        permit.name
    );
    found.fail(Fault::PermitNeverHolds, message, subjects, lines);
}

/// The words of a demand, with the range of its tag.
fn with_ranges(space: &Space<'_>, permit: &Permit, demand: &Demand) -> String {
    let need = permit
        .needs
        .iter()
        .find(|need| demand.words == format!("needed: {}", condition(&need.tag, need.test)));
    match need.and_then(|need| space.ranges.get(&need.tag)) {
        Some((lo, hi)) if demand.cause.is_none() => {
            format!("{}, range {lo} to {hi}", demand.words)
        }
        _ => demand.words.clone(),
    }
}

fn is_possible<'a>(space: &Space<'_>, demands: impl Iterator<Item = &'a Demand>) -> bool {
    let mut all = space.logic.constant(true);
    for demand in demands {
        all = space.logic.and(&all, &demand.formula);
        if all.is_false() {
            return false;
        }
    }
    !space.healthy(&all).is_false()
}

/// The first of the groups in which a row acts on final elements.
fn group_of<'a>(space: &Space<'_>, cause: usize, groups: &'a [String]) -> Option<&'a String> {
    let matrix = space.matrix;
    groups.iter().find(|name| {
        matrix.effects.iter().enumerate().any(|(at, effect)| {
            let group = effect.group.and_then(|group| matrix.groups.get(group));
            matches!(effect.kind, EffectKind::Final(_))
                && group.is_some_and(|group| group.name == **name)
                && matrix.cell(cause, at).iter().any(|symbol| symbol.acts())
        })
    })
}

fn cell(space: &Space<'_>, at: usize, effect: &crate::model::Effect, found: &mut Findings) {
    let cause = &space.matrix.causes[at];
    let clear = space.logic.and_not(&space.armed(at), &space.blocks(at));
    if !space.healthy(&clear).is_false() {
        return;
    }
    let limit = cause.permissive.map(|permissive| permissive.limit);
    let mut lines = vec![format!(
        "{}oo{} of {}: one way or the other always there",
        cause.m,
        cause.channels.len(),
        conditions(cause, limit)
    )];
    lines.extend(
        cause
            .armed
            .as_ref()
            .map(|tag| format!("armed while {tag} is true")),
    );
    let message = format!(
        "the `P` of {} keeps {} blocked whenever it is armed",
        named(cause),
        column(effect)
    );
    let subjects = vec![state::cause(cause), Subject::Effect(effect.id.clone())];
    found.fail(Fault::PermissiveNeverClears, message, subjects, lines);
}

/// The conditions of a row's channels, with another limit if one is given.
fn conditions(cause: &Cause, limit: Option<f64>) -> String {
    let words: Vec<String> = cause
        .channels
        .iter()
        .map(|channel| {
            let test = match (channel.test, limit) {
                (Test::Above(_), Some(limit)) => Test::Above(limit),
                (Test::Below(_), Some(limit)) => Test::Below(limit),
                (test, _) => test,
            };
            condition(&channel.tag, test)
        })
        .collect();
    words.join(", ")
}
