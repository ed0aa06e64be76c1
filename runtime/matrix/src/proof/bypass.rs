//! No permitted combination of bypasses leaves a hazard unguarded.
//!
//! For each hazard, over every combination of maintenance bypasses (rows that permit
//! them, so many a vote and so many a unit) and operational overrides (rows that permit
//! them): some row that acts on a final element can still trip, that is, some values of
//! its other channels, all good, make it. Whether a row is armed is left to the values:
//! being disarmed is a state of the process, not a bypass.

use super::complete::acts;
use super::facts::Facts;
use super::logic::fewest;
use super::report::{Fault, Findings, Subject};
use super::space::Space;
use super::state::{self, named, shortened, with_text};
use super::trouble;
use crate::model::{Hazard, Matrix};
use biodivine_lib_bdd::{Bdd, BddValuation, BddVariable};
use std::collections::BTreeMap;

pub(super) fn prove(matrix: &Matrix, facts: &Facts, found: &mut Findings) {
    for hazard in &matrix.hazards {
        let mut causes: Vec<usize> = hazard
            .causes
            .iter()
            .copied()
            .filter(|at| {
                let row = matrix.causes.get(*at);
                row.is_some_and(|row| trouble(row).is_none()) && acts(matrix, *at)
            })
            .collect();
        causes.sort_unstable();
        causes.dedup();
        if causes.is_empty() {
            continue; // Said by the theorem of completeness.
        }
        found.claim();
        let subjects = || vec![Subject::Hazard(hazard.id.clone())];
        let name = with_text(&hazard.id, &hazard.text.en);
        let Some(space) = Space::of_bypasses(matrix, facts, &causes) else {
            found.fail_too_large(&name, subjects());
            continue;
        };
        let unguarded = unguarded(&space, &causes);
        if space.logic.gave_up() {
            found.fail_too_large(&name, subjects());
        } else if let Some(bypasses) = fewest(&unguarded) {
            tell(&space, hazard, &causes, &bypasses, found);
        }
    }
}

/// The permitted combinations under which no row can trip.
fn unguarded(space: &Space<'_>, causes: &[usize]) -> Bdd {
    let mut unguarded = permitted(space, causes);
    for &cause in causes {
        unguarded = space.logic.and_not(&unguarded, &can_trip(space, cause));
    }
    unguarded
}

/// The combinations under which a row can trip.
fn can_trip(space: &Space<'_>, cause: usize) -> Bdd {
    let due = space.logic.and(&space.vote(cause), &space.armed(cause));
    let trips = space.healthy(&due);
    let decided = |variable: BddVariable| {
        let is_bypass = |known: &BddVariable| *known == variable;
        !space.bypassed.values().any(is_bypass) && !space.overridden.values().any(is_bypass)
    };
    let mut values: Vec<BddVariable> = trips
        .support_set()
        .into_iter()
        .filter(|variable| decided(*variable))
        .collect();
    values.sort_unstable();
    let can = trips.exists(&values);
    match space.overridden.get(&cause) {
        Some(overridden) => space
            .logic
            .and_not(&can, &space.logic.variable(*overridden)),
        None => can,
    }
}

/// The combinations that the rules of bypass permit.
fn permitted(space: &Space<'_>, causes: &[usize]) -> Bdd {
    let rules = &space.matrix.bypass;
    let mut by_unit: BTreeMap<&str, Vec<BddVariable>> = BTreeMap::new();
    let mut permitted = space.logic.constant(true);
    for &cause in causes {
        let vote: Vec<BddVariable> = space
            .bypassed
            .range((cause, 0)..=(cause, usize::MAX))
            .map(|(_, variable)| *variable)
            .collect();
        let of_vote = space.logic.at_most(usize::from(rules.per_vote_max), &vote);
        permitted = space.logic.and(&permitted, &of_vote);
        by_unit
            .entry(&space.matrix.causes[cause].unit)
            .or_default()
            .extend(vote);
    }
    for variables in by_unit.values() {
        let of_unit = space
            .logic
            .at_most(usize::from(rules.per_unit_max), variables);
        permitted = space.logic.and(&permitted, &of_unit);
    }
    permitted
}

fn tell(
    space: &Space<'_>,
    hazard: &Hazard,
    causes: &[usize],
    bypasses: &BddValuation,
    found: &mut Findings,
) {
    let matrix = space.matrix;
    let mut lines = Vec::new();
    let mut subjects = vec![Subject::Hazard(hazard.id.clone())];
    for &cause in causes {
        let row = &matrix.causes[cause];
        subjects.push(state::cause(row));
        let is_set = |variable: Option<&BddVariable>| {
            variable.is_some_and(|variable| bypasses.value(*variable))
        };
        if is_set(space.overridden.get(&cause)) {
            lines.push(format!("{} is overridden for operation", named(row)));
        }
        for (number, channel) in row.channels.iter().enumerate() {
            if is_set(space.bypassed.get(&(cause, number))) {
                lines.push(format!(
                    "{} is bypassed for maintenance in {}",
                    channel.tag,
                    named(row)
                ));
            }
        }
    }
    let name = with_text(&hazard.id, &hazard.text.en);
    let message = if lines.is_empty() {
        lines.push("no bypass at all".to_string());
        format!("nothing guards against {name}")
    } else {
        format!("permitted bypasses leave nothing that guards against {name}")
    };
    lines = shortened(lines);
    let ids: Vec<&str> = causes
        .iter()
        .map(|at| matrix.causes[*at].id.as_str())
        .collect();
    lines.push(format!("none of {} can trip", ids.join(", ")));
    found.fail(Fault::HazardBypassed, message, subjects, lines);
}
