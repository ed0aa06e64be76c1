//! Every row can trip, and its final elements obey it.
//!
//! For each row: some state of healthy channels makes it trip. For each cell that acts
//! and each final element of its column: in every state in which the cell demands, the
//! trip that decides at the final element commands what the column says, whatever else
//! stands, is latched or is bad.

use super::facts::{DeviceTrips, Facts};
use super::logic::fewest;
use super::report::{Fault, Findings, Subject};
use super::space::{Space, is_delayed};
use super::state::{self, column, got, named};
use crate::model::{Action, Effect, EffectKind, Symbol};
use biodivine_lib_bdd::{Bdd, BddValuation};
use std::collections::BTreeMap;

pub(super) fn prove(space: &Space<'_>, facts: &Facts, found: &mut Findings) {
    let mut reach = Reach {
        space,
        stands: (0..space.matrix.causes.len())
            .map(|cause| space.stands(cause))
            .collect(),
        demands: BTreeMap::new(),
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
    /// Whether an effect is demanded, by effect; made when first asked for.
    demands: BTreeMap<usize, Bdd>,
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
                let trip = |trip: &super::WiredTrip| {
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
    fn defeat(&mut self, claim: &Claim<'_>, wired: &DeviceTrips) -> Option<(BddValuation, usize)> {
        let space = self.space;
        // States in which no trip so far is demanded.
        let mut open = claim.demanded.clone();
        for (at, trip) in wired.trips.iter().enumerate() {
            if open.is_false() {
                return None;
            }
            let demand = self.demand(&trip.group, &trip.effect);
            if trip.action != *claim.action {
                let lost = space.logic.and(&open, &demand);
                // One with good values is easier to believe.
                let state = fewest(&space.healthy(&lost));
                if let Some(state) = state.or_else(|| fewest(&space.possible(&lost))) {
                    return Some((state, at));
                }
            }
            open = space.logic.and_not(&open, &demand);
        }
        // The cell's own trip is wired, so that nothing is left open here.
        None
    }

    /// Whether a group demands an effect.
    fn demand(&mut self, group: &str, effect: &str) -> Bdd {
        let space = self.space;
        let Some(at) = space.effect_of(group, effect) else {
            let foreign = space.foreign.get(&(group, effect));
            return foreign.map_or_else(
                || space.logic.constant(true),
                |variable| space.logic.variable(*variable),
            );
        };
        if let Some(demand) = self.demands.get(&at) {
            return demand.clone();
        }
        let mut demand = space.logic.constant(false);
        for cause in 0..space.matrix.causes.len() {
            demand = space.logic.or(&demand, &self.demand_by(cause, at));
        }
        self.demands.insert(at, demand.clone());
        demand
    }

    /// Whether one row demands an effect: it stands, is latched from before, or has
    /// stood for the delay of its cell.
    fn demand_by(&self, cause: usize, effect: usize) -> Bdd {
        let space = self.space;
        let symbols = space.matrix.cell(cause, effect);
        if space.row(cause).is_none() || !symbols.iter().any(|symbol| symbol.acts()) {
            return space.logic.constant(false);
        }
        let mut active = self.stands[cause].clone();
        let group = space.matrix.effects[effect].group;
        let latched = group.and_then(|group| space.latched.get(&(cause, group)));
        let latches = symbols
            .iter()
            .any(|symbol| *symbol != Symbol::TripUnlatched);
        if let (true, Some(latched)) = (latches, latched) {
            active = space.logic.or(&active, &space.logic.variable(*latched));
        }
        match space.elapsed.get(&(cause, effect)) {
            Some(elapsed) => space.logic.and(&active, &space.logic.variable(*elapsed)),
            None => active,
        }
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
                who = (0..space.matrix.causes.len())
                    .find(|cause| self.demand_by(*cause, effect).eval_in(state));
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
