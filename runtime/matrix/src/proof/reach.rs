//! Every row can trip, and its final elements obey it.
//!
//! For each row: some state of healthy channels makes it trip. For each cell that acts
//! and each final element of its column: in every state in which the cell demands, the
//! trip that decides at the final element commands what the column says, whatever else
//! stands, is latched or is bad.

use super::facts::{DeviceTrips, Facts, WiredTrip};
use super::logic::fewest;
use super::report::{Fault, Findings, Subject};
use super::space::{Space, is_delayed};
use super::state::{self, column, got, named};
use crate::model::{Action, Effect, EffectKind, Symbol};
use biodivine_lib_bdd::{Bdd, BddValuation};
use std::collections::BTreeMap;

pub(super) fn prove(space: &Space<'_>, facts: &Facts, found: &mut Findings) {
    let stands: Vec<Bdd> = (0..space.matrix.causes.len())
        .map(|cause| space.stands(cause))
        .collect();
    let mut reach = Reach {
        space,
        by: demands(space, &stands),
        stands,
        demands: BTreeMap::new(),
        calm: None,
    };
    if space.logic.gave_up() {
        found.claim();
        found.fail_too_large("the rows", Vec::new());
        return;
    }
    for cause in 0..space.matrix.causes.len() {
        reach.row(cause, facts, found);
    }
}

struct Reach<'s, 'm> {
    space: &'s Space<'m>,
    /// By row.
    stands: Vec<Bdd>,
    /// For each effect, the rows that act on it and when each demands it.
    by: Vec<BTreeMap<usize, Bdd>>,
    /// Whether an effect is demanded, by effect; made when first asked for.
    demands: BTreeMap<usize, Bdd>,
    /// A state in which no row stands; made when first asked for.
    calm: Option<BddValuation>,
}

/// For each effect, the rows that act on it and when each demands it: it stands, is
/// latched from before, or has stood for the delay of its cell.
fn demands(space: &Space<'_>, stands: &[Bdd]) -> Vec<BTreeMap<usize, Bdd>> {
    let matrix = space.matrix;
    let mut demands = vec![BTreeMap::new(); matrix.effects.len()];
    for (&(cause, effect), symbols) in &matrix.cells {
        let Some(column) = matrix.effects.get(effect) else {
            continue;
        };
        if space.row(cause).is_none() || !symbols.iter().any(|symbol| symbol.acts()) {
            continue;
        }
        let mut active = stands[cause].clone();
        let latched = column
            .group
            .and_then(|group| space.latched.get(&(cause, group)));
        let latches = symbols
            .iter()
            .any(|symbol| matches!(symbol, Symbol::Trip | Symbol::Delayed(_)));
        if let (true, Some(latched)) = (latches, latched) {
            active = space.logic.or(&active, &space.logic.variable(*latched));
        }
        if let Some(elapsed) = space.elapsed.get(&(cause, effect)) {
            active = space.logic.and(&active, &space.logic.variable(*elapsed));
        }
        demands[effect].insert(cause, active);
    }
    demands
}

/// A cell that acts on a final element.
struct Claim<'a> {
    cause: usize,
    effect: &'a Effect,
    /// Name of the effect's reset group.
    group: &'a str,
    action: &'a Action,
    /// The states in which the cell demands.
    demanded: &'a Bdd,
}

impl<'m> Reach<'_, 'm> {
    fn row(&mut self, cause: usize, facts: &Facts, found: &mut Findings) {
        let matrix = self.space.matrix;
        let Some(row) = self.space.row(cause) else {
            return;
        };
        found.claim();
        let stands = self.stands[cause].clone();
        if self.space.healthy(&stands).is_false() {
            let lines = row
                .channels
                .iter()
                .map(|channel| self.limits(&channel.tag, channel.test))
                .chain(
                    row.armed
                        .as_ref()
                        .map(|tag| format!("armed while {tag} is true")),
                )
                .collect();
            let message = format!("{} can never trip with good values", named(row));
            found.fail(Fault::NeverTrips, message, vec![state::cause(row)], lines);
        }
        for (at, effect) in matrix.effects.iter().enumerate() {
            let symbols = matrix.cell(cause, at);
            let group = effect.group.and_then(|group| matrix.groups.get(group));
            let (EffectKind::Final(actions), Some(group)) = (&effect.kind, group) else {
                continue;
            };
            if !symbols.iter().any(|symbol| symbol.acts()) {
                continue;
            }
            let mut demanded = stands.clone();
            if let (true, Some(elapsed)) =
                (is_delayed(symbols), self.space.elapsed.get(&(cause, at)))
            {
                let elapsed = self.space.logic.variable(*elapsed);
                demanded = self.space.logic.and(&demanded, &elapsed);
            }
            for action in actions {
                found.claim();
                let claim = Claim {
                    cause,
                    effect,
                    group: &group.name,
                    action,
                    demanded: &demanded,
                };
                self.element(&claim, facts, found);
                if self.space.logic.gave_up() {
                    let what = format!("{} at {}", named(row), action.device());
                    found.fail_too_large(&what, vec![state::cause(row)]);
                }
            }
        }
    }

    fn limits(&self, tag: &str, test: crate::model::Test) -> String {
        let condition = state::condition(tag, test);
        match self.space.ranges.get(tag) {
            Some((lo, hi)) => format!("{condition}, range {lo} to {hi}"),
            None => condition,
        }
    }

    fn element(&mut self, claim: &Claim<'_>, facts: &Facts, found: &mut Findings) {
        let row = &self.space.matrix.causes[claim.cause];
        let device = claim.action.device();
        let subjects = || {
            vec![
                state::cause(row),
                Subject::Effect(claim.effect.id.clone()),
                Subject::Device(device.to_string()),
            ]
        };
        let wired = facts.devices.iter().find(|trips| trips.device == device);
        let own = |trips: &DeviceTrips| {
            trips.trips.iter().any(|trip| {
                trip.group == claim.group
                    && trip.effect == claim.effect.id
                    && trip.action == *claim.action
            })
        };
        let Some(wired) = wired.filter(|trips| own(trips)) else {
            let message = format!(
                "{device} is not wired to {}.{}: {} does not bring it to {}",
                claim.group,
                claim.effect.id,
                named(row),
                got(claim.action)
            );
            let trips = wired.map_or_else(Vec::new, |wired| {
                let trip = |trip: &WiredTrip| {
                    format!("{}.{} gives {}", trip.group, trip.effect, got(&trip.action))
                };
                wired.trips.iter().map(trip).collect()
            });
            let mut lines = vec![format!("{} stands", named(row))];
            match trips.is_empty() {
                true => lines.push(format!("{device} has no trips")),
                false => lines.push(format!("trips of {device}: {}", trips.join(", "))),
            }
            found.fail(Fault::NotWired, message, subjects(), lines);
            return;
        };
        let Some((state, winner)) = self.defeat(claim, wired) else {
            return;
        };
        let (lines, who) = self.tell(claim, wired, winner, &state);
        let message = format!(
            "{} does not always bring {device} to {} ({}): {}",
            named(row),
            got(claim.action),
            column(claim.effect),
            match who {
                Some(who) if who == claim.cause =>
                    "its own other effect is wired first".to_string(),
                Some(who) => format!("{} defeats it", named(&self.space.matrix.causes[who])),
                None => "a trip from elsewhere defeats it".to_string(),
            }
        );
        let mut subjects = subjects();
        if let Some(who) = who.filter(|who| *who != claim.cause) {
            subjects.push(state::cause(&self.space.matrix.causes[who]));
        }
        found.fail(Fault::Defeated, message, subjects, lines);
    }

    /// A state in which another trip decides, and which trip.
    ///
    /// Nothing wired after the cell's own trip can: where the cell demands, that trip
    /// is demanded. Of those before it, each is tried with each row that demands it.
    fn defeat(&mut self, claim: &Claim<'_>, wired: &DeviceTrips) -> Option<(BddValuation, usize)> {
        let own = wired.trips.iter().position(|trip| {
            trip.group == claim.group
                && trip.effect == claim.effect.id
                && trip.action == *claim.action
        })?;
        for at in 0..own {
            let trip = &wired.trips[at];
            if trip.action == *claim.action {
                continue;
            }
            for demand in self.ways(trip, claim.cause) {
                let lost = self.space.logic.and(claim.demanded, &demand);
                let state = self.lost(claim, wired, at, &lost);
                if let Some(state) = state {
                    let winner = self.decider(wired, &state)?;
                    return Some((state, winner));
                }
            }
        }
        None
    }

    /// The ways in which a trip can be demanded, by one row above all.
    fn ways(&self, trip: &WiredTrip, above_all: usize) -> Vec<Bdd> {
        let Some(effect) = self.space.effect_of(&trip.group, &trip.effect) else {
            return vec![self.foreign(trip)];
        };
        let by = &self.by[effect];
        let others = by.iter().filter(|(cause, _)| **cause != above_all);
        let own = by.get(&above_all).into_iter();
        own.chain(others.map(|(_, by)| by)).cloned().collect()
    }

    /// A state among those of `lost` in which no trip before `at` brings what the claim
    /// wants. One with good values is easier to believe.
    fn lost(
        &mut self,
        claim: &Claim<'_>,
        wired: &DeviceTrips,
        at: usize,
        lost: &Bdd,
    ) -> Option<BddValuation> {
        let space = self.space;
        let possible = space.possible(lost);
        let healthy = space.healthy(lost);
        // Most often everything else may be calm.
        for states in [&healthy, &possible] {
            let Some(state) = self.among_calm(states) else {
                continue;
            };
            let winner = self.decider(wired, &state);
            if winner.is_some_and(|winner| wired.trips[winner].action != *claim.action) {
                return Some(state);
            }
        }
        let mut left = possible;
        for trip in &wired.trips[..at] {
            if left.is_false() {
                return None;
            }
            if trip.action == *claim.action {
                left = space.logic.and_not(&left, &self.demand(trip));
            }
        }
        fewest(&space.healthy(&left)).or_else(|| fewest(&space.possible(&left)))
    }

    /// A state of a formula, in which what the formula leaves open is calm.
    fn among_calm(&mut self, states: &Bdd) -> Option<BddValuation> {
        let found = fewest(states)?;
        let mut state = self.calm().clone();
        for variable in states.support_set() {
            state.set_value(variable, found.value(variable));
        }
        Some(state)
    }

    fn calm(&mut self) -> &BddValuation {
        let (space, stands) = (self.space, &self.stands);
        self.calm.get_or_insert_with(|| {
            let mut calm = space.logic.constant(true);
            for stands in stands {
                let calmer = space.logic.and(&calm, &space.healthy(&stands.not()));
                if !calmer.is_false() {
                    calm = calmer;
                }
            }
            fewest(&calm).unwrap_or_else(|| BddValuation::all_false(calm.num_vars()))
        })
    }

    /// The trip that decides in a state.
    fn decider(&self, wired: &DeviceTrips, state: &BddValuation) -> Option<usize> {
        wired.trips.iter().position(
            |trip| match self.space.effect_of(&trip.group, &trip.effect) {
                Some(effect) => self.by[effect].values().any(|by| by.eval_in(state)),
                None => self.foreign(trip).eval_in(state),
            },
        )
    }

    /// Whether a trip is demanded.
    fn demand(&mut self, trip: &WiredTrip) -> Bdd {
        let space = self.space;
        let Some(effect) = space.effect_of(&trip.group, &trip.effect) else {
            return self.foreign(trip);
        };
        if let Some(demand) = self.demands.get(&effect) {
            return demand.clone();
        }
        let mut demand = space.logic.constant(false);
        for by in self.by[effect].values() {
            demand = space.logic.or(&demand, by);
        }
        self.demands.insert(effect, demand.clone());
        demand
    }

    /// The demand of a trip that is not the matrix's own.
    fn foreign(&self, trip: &WiredTrip) -> Bdd {
        let key = (trip.group.as_str(), trip.effect.as_str());
        self.space.foreign.get(&key).map_or_else(
            || self.space.logic.constant(true),
            |variable| self.space.logic.variable(*variable),
        )
    }

    /// A defeat in words, and the row behind it.
    fn tell(
        &mut self,
        claim: &Claim<'_>,
        wired: &DeviceTrips,
        winner: usize,
        state: &BddValuation,
    ) -> (Vec<String>, Option<usize>) {
        let space = self.space;
        let trip = &wired.trips[winner];
        let row = &space.matrix.causes[claim.cause];
        let mut lines = vec![format!(
            "{} stands: {}",
            named(row),
            space.row_in(claim.cause, state)
        )];
        let mut who = None;
        match space.effect_of(&trip.group, &trip.effect) {
            Some(effect) => {
                let mut by = self.by[effect].iter();
                who = by
                    .find(|(_, by)| by.eval_in(state))
                    .map(|(cause, _)| *cause);
                if let Some(other) = who.filter(|other| *other != claim.cause) {
                    let name = named(&space.matrix.causes[other]);
                    lines.push(if self.stands[other].eval_in(state) {
                        format!("{name} stands: {}", space.row_in(other, state))
                    } else {
                        format!("{name} has stood and is latched in {}", trip.group)
                    });
                }
            }
            None => lines.push(format!(
                "{}.{}, which is not of this matrix, is demanded",
                trip.group, trip.effect
            )),
        }
        lines.push(format!(
            "{} gets {} by {}.{}, not {} by {}.{}",
            wired.device,
            got(&trip.action),
            trip.group,
            trip.effect,
            got(claim.action),
            claim.group,
            claim.effect.id
        ));
        (lines, who)
    }
}
