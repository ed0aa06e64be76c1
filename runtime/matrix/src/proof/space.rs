//! The states of a plant as far as a matrix can see them, and the formulas of its rows.

use super::facts::{Facts, Need};
use super::logic::{Logic, VARIABLES_MAX};
use super::trouble;
use crate::model::{Cause, Degrade, EffectKind, Matrix, OnBad, Symbol, Test};
use crate::vote::{Count, Shown};
use biodivine_lib_bdd::{Bdd, BddVariable};
use std::collections::{BTreeMap, BTreeSet};

/// A place at which the values of a real tag are cut in two: at or above, or above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    pub at: f64,
    /// The place itself belongs to the lower part.
    pub is_above: bool,
}

impl Cut {
    /// Where a condition changes; `None` for Boolean tags.
    fn of(test: Test, slack: f64) -> Option<Cut> {
        // + 0.0 makes -0.0 and 0.0 one place.
        match test {
            Test::Above(limit) => Some(Cut {
                at: limit - slack + 0.0,
                is_above: false,
            }),
            Test::Below(limit) => Some(Cut {
                at: limit + slack + 0.0,
                is_above: true,
            }),
            Test::Is(_) => None,
        }
    }

    fn order(a: &Cut, b: &Cut) -> std::cmp::Ordering {
        a.at.total_cmp(&b.at).then(a.is_above.cmp(&b.is_above))
    }
}

/// The unknowns of a tag.
pub(super) struct Tag {
    pub bad: BddVariable,
    /// Ascending; true if the value is in the upper part.
    pub cuts: Vec<(Cut, BddVariable)>,
    pub truth: Option<BddVariable>,
}

/// What a channel brings into a vote.
pub(super) struct Terms {
    pub vote: Bdd,
    pub bad: Bdd,
    pub bypassed: Option<Bdd>,
    pub on_bad: OnBad,
}

/// Everything that may be one way or another.
pub(super) struct Space<'m> {
    pub matrix: &'m Matrix,
    pub logic: Logic,
    pub ranges: &'m BTreeMap<String, (f64, f64)>,
    pub tags: BTreeMap<&'m str, Tag>,
    /// By tag: in the upper part of a cut implies in the upper part of those below.
    orders: BTreeMap<&'m str, Bdd>,
    /// Whose variable it is, if a tag's.
    tag_of: Vec<Option<&'m str>>,
    /// Whether a channel has been beyond its limit, for the hysteresis.
    was: BTreeMap<(usize, usize), BddVariable>,
    /// Whether the vote of a row has lasted long enough.
    lasted: BTreeMap<usize, BddVariable>,
    /// Whether a row is latched in a reset group.
    pub latched: BTreeMap<(usize, usize), BddVariable>,
    /// Whether the delay of a cell is over.
    pub elapsed: BTreeMap<(usize, usize), BddVariable>,
    /// Demands that are not the matrix's own.
    pub foreign: BTreeMap<(&'m str, &'m str), BddVariable>,
    /// Maintenance bypasses of channels.
    pub bypassed: BTreeMap<(usize, usize), BddVariable>,
    /// Operational overrides of rows.
    pub overridden: BTreeMap<usize, BddVariable>,
}

/// Deals out variables; related ones get neighbouring places.
#[derive(Default)]
struct Places<'m> {
    tag_of: Vec<Option<&'m str>>,
    tags: BTreeMap<&'m str, Tag>,
}

impl<'m> Places<'m> {
    fn next(&mut self, tag: Option<&'m str>) -> BddVariable {
        self.tag_of.push(tag);
        // Beyond the limit the space is thrown away, see `Logic::new`.
        BddVariable::from_index((self.tag_of.len() - 1).min(VARIABLES_MAX))
    }

    fn tag(&mut self, tag: &'m str, wanted: &BTreeMap<&'m str, (Vec<Cut>, bool)>) {
        if self.tags.contains_key(tag) {
            return;
        }
        let bad = self.next(Some(tag));
        let (cuts, is_boolean) = wanted.get(tag).cloned().unwrap_or_default();
        let cuts = cuts
            .into_iter()
            .map(|cut| (cut, self.next(Some(tag))))
            .collect();
        let truth = is_boolean.then(|| self.next(Some(tag)));
        self.tags.insert(tag, Tag { bad, cuts, truth });
    }
}

impl<'m> Space<'m> {
    /// The whole matrix, without bypasses; `None` if it has too many unknowns.
    pub fn of_matrix(matrix: &'m Matrix, facts: &'m Facts) -> Option<Space<'m>> {
        let all: Vec<usize> = (0..matrix.causes.len()).collect();
        let needs: Vec<&Need> = facts.permits.iter().flat_map(|p| &p.needs).collect();
        Space::new(matrix, facts, &all, &needs, false)
    }

    /// Some rows, with bypasses; `None` if they have too many unknowns.
    pub fn of_bypasses(
        matrix: &'m Matrix,
        facts: &'m Facts,
        causes: &[usize],
    ) -> Option<Space<'m>> {
        Space::new(matrix, facts, causes, &[], true)
    }

    fn new(
        matrix: &'m Matrix,
        facts: &'m Facts,
        causes: &[usize],
        needs: &[&'m Need],
        with_bypasses: bool,
    ) -> Option<Space<'m>> {
        let rows: Vec<(usize, &'m Cause)> = causes
            .iter()
            .filter_map(|&at| Some((at, matrix.causes.get(at)?)))
            .filter(|(_, cause)| trouble(cause).is_none())
            .collect();
        let wanted = wanted(&rows, needs);
        let mut places = Places::default();
        let (mut was, mut lasted) = (BTreeMap::new(), BTreeMap::new());
        let (mut latched, mut elapsed) = (BTreeMap::new(), BTreeMap::new());
        let (mut bypassed, mut overridden) = (BTreeMap::new(), BTreeMap::new());
        for &(at, cause) in &rows {
            if with_bypasses && cause.oos_s.is_some() {
                overridden.insert(at, places.next(None));
            }
            for (number, channel) in cause.channels.iter().enumerate() {
                if with_bypasses && cause.mos {
                    bypassed.insert((at, number), places.next(None));
                }
                places.tag(&channel.tag, &wanted);
                if channel.hysteresis > 0.0 {
                    was.insert((at, number), places.next(None));
                }
            }
            if let Some(armed) = &cause.armed {
                places.tag(armed, &wanted);
            }
            if cause.on_delay_s > 0.0 {
                lasted.insert(at, places.next(None));
            }
            if with_bypasses {
                continue;
            }
            for (effect, _) in matrix.effects.iter().enumerate() {
                let symbols = matrix.cell(at, effect);
                let group = matrix.effects[effect].group;
                let latches = symbols
                    .iter()
                    .any(|symbol| matches!(symbol, Symbol::Trip | Symbol::Delayed(_)));
                if let (true, Some(group)) = (latches, group) {
                    latched
                        .entry((at, group))
                        .or_insert_with(|| places.next(None));
                }
                if is_delayed(symbols) {
                    elapsed.insert((at, effect), places.next(None));
                }
            }
        }
        for need in needs {
            places.tag(&need.tag, &wanted);
        }
        let mut foreign = BTreeMap::new();
        if !with_bypasses {
            for trip in facts.devices.iter().flat_map(|device| &device.trips) {
                if effect_of(matrix, &trip.group, &trip.effect).is_none() {
                    foreign
                        .entry((trip.group.as_str(), trip.effect.as_str()))
                        .or_insert_with(|| places.next(None));
                }
            }
        }
        let logic = Logic::new(places.tag_of.len())?;
        let orders = places
            .tags
            .iter()
            .map(|(name, tag)| (*name, order(&logic, &tag.cuts)))
            .collect();
        Some(Space {
            matrix,
            ranges: &facts.ranges,
            tags: places.tags,
            orders,
            tag_of: places.tag_of,
            was,
            lasted,
            latched,
            elapsed,
            foreign,
            bypassed,
            overridden,
            logic,
        })
    }

    /// The row, if it means anything.
    pub fn row(&self, cause: usize) -> Option<&'m Cause> {
        let row = self.matrix.causes.get(cause)?;
        trouble(row).is_none().then_some(row)
    }

    /// Whether a tag's value satisfies a condition, were it good.
    pub fn test(&self, tag: &str, test: Test) -> Bdd {
        self.test_with(tag, test, 0.0)
    }

    fn test_with(&self, tag: &str, test: Test, slack: f64) -> Bdd {
        let known = self.tags.get(tag);
        let Some(cut) = Cut::of(test, slack) else {
            let truth = known.and_then(|tag| tag.truth);
            let truth = truth.map(|truth| self.logic.variable(truth));
            return match (truth, test) {
                (Some(truth), Test::Is(false)) => truth.not(),
                (Some(truth), _) => truth,
                (None, _) => self.logic.constant(false),
            };
        };
        let is_upper = match self.ranges.get(tag) {
            Some((_, hi)) if cut.at > *hi || (cut.at == *hi && cut.is_above) => {
                self.logic.constant(false)
            }
            Some((lo, _)) if cut.at < *lo || (cut.at == *lo && !cut.is_above) => {
                self.logic.constant(true)
            }
            _ => known
                .and_then(|tag| tag.cuts.iter().find(|(known, _)| *known == cut))
                .map_or_else(
                    || self.logic.constant(false),
                    |(_, variable)| self.logic.variable(*variable),
                ),
        };
        if cut.is_above {
            is_upper.not()
        } else {
            is_upper
        }
    }

    /// Whether a tag is bad.
    pub fn bad(&self, tag: &str) -> Bdd {
        self.tags.get(tag).map_or_else(
            || self.logic.constant(false),
            |tag| self.logic.variable(tag.bad),
        )
    }

    /// Whether a channel's condition is there.
    fn condition(&self, cause: usize, number: usize) -> Bdd {
        let Some(channel) = self
            .matrix
            .causes
            .get(cause)
            .and_then(|c| c.channels.get(number))
        else {
            return self.logic.constant(false);
        };
        let there = self.test(&channel.tag, channel.test);
        match self.was.get(&(cause, number)) {
            Some(was) => {
                let was = self.logic.variable(*was);
                let near = self.test_with(&channel.tag, channel.test, channel.hysteresis);
                self.logic.or(&there, &self.logic.and(&was, &near))
            }
            None => there,
        }
    }

    /// Whether the vote of a row is for the trip.
    pub fn vote(&self, cause: usize) -> Bdd {
        self.vote_where(cause, |number| self.condition(cause, number))
    }

    /// Whether the condition of a row's `P` cells is there.
    pub fn blocks(&self, cause: usize) -> Bdd {
        let permissive = self.row(cause).and_then(|row| row.permissive);
        let Some(permissive) = permissive else {
            return self.vote(cause);
        };
        self.vote_where(cause, |number| {
            let channel = &self.matrix.causes[cause].channels[number];
            let test = match channel.test {
                Test::Above(_) => Test::Above(permissive.limit),
                Test::Below(_) => Test::Below(permissive.limit),
                is => is,
            };
            self.test(&channel.tag, test)
        })
    }

    fn vote_where(&self, cause: usize, condition: impl Fn(usize) -> Bdd) -> Bdd {
        let Some(row) = self.row(cause) else {
            return self.logic.constant(false);
        };
        let terms: Vec<Terms> = row
            .channels
            .iter()
            .enumerate()
            .map(|(number, channel)| Terms {
                vote: condition(number),
                bad: self.bad(&channel.tag),
                bypassed: self
                    .bypassed
                    .get(&(cause, number))
                    .map(|variable| self.logic.variable(*variable)),
                on_bad: channel.on_bad,
            })
            .collect();
        voted(&self.logic, row.m, row.degrade, &terms)
    }

    /// Whether a row is armed; a bad tag arms.
    pub fn armed(&self, cause: usize) -> Bdd {
        match self.row(cause).and_then(|row| row.armed.as_deref()) {
            None => self.logic.constant(true),
            Some(tag) => {
                let armed = self.test(tag, Test::Is(true));
                self.logic.or(&armed, &self.bad(tag))
            }
        }
    }

    /// Whether a row stands: armed, and the vote for the trip has lasted.
    pub fn stands(&self, cause: usize) -> Bdd {
        let due = self.logic.and(&self.vote(cause), &self.armed(cause));
        match self.lasted.get(&cause) {
            Some(lasted) => self.logic.and(&due, &self.logic.variable(*lasted)),
            None => due,
        }
    }

    /// The possible states among those of a formula.
    pub fn possible(&self, formula: &Bdd) -> Bdd {
        let mut possible = formula.clone();
        for tag in self.tags_of(formula) {
            possible = self.logic.and(&possible, &self.orders[tag]);
        }
        possible
    }

    /// The possible states among those of a formula in which no tag is bad.
    pub fn healthy(&self, formula: &Bdd) -> Bdd {
        let mut healthy = self.possible(formula);
        for tag in self.tags_of(formula) {
            healthy = self.logic.and_not(&healthy, &self.bad(tag));
        }
        healthy
    }

    fn tags_of(&self, formula: &Bdd) -> BTreeSet<&'m str> {
        formula
            .support_set()
            .into_iter()
            .filter_map(|variable| self.tag_of.get(variable.to_index()).copied().flatten())
            .collect()
    }

    /// Index of the effect behind a wired trip, if it is the matrix's own.
    pub fn effect_of(&self, group: &str, effect: &str) -> Option<usize> {
        effect_of(self.matrix, group, effect)
    }
}

/// Index of the effect behind a wired trip, if it is the matrix's own.
fn effect_of(matrix: &Matrix, group: &str, effect: &str) -> Option<usize> {
    let at = matrix.effect(effect)?;
    let own = matrix.groups.get(matrix.effects[at].group?)?;
    (own.name == group && matches!(matrix.effects[at].kind, EffectKind::Final(_))).then_some(at)
}

/// Whether a cell acts, and only after a delay.
pub(super) fn is_delayed(symbols: &[Symbol]) -> bool {
    let mut acting = symbols.iter().filter(|symbol| symbol.acts()).peekable();
    acting.peek().is_some() && acting.all(|symbol| matches!(symbol, Symbol::Delayed(_)))
}

/// Where each tag is cut, and whether it is Boolean.
fn wanted<'m>(
    rows: &[(usize, &'m Cause)],
    needs: &[&'m Need],
) -> BTreeMap<&'m str, (Vec<Cut>, bool)> {
    let mut wanted: BTreeMap<&'m str, (Vec<Cut>, bool)> = BTreeMap::new();
    let mut want = |tag: &'m str, test: Test, slack: f64| {
        let (cuts, is_boolean) = wanted.entry(tag).or_default();
        match Cut::of(test, slack) {
            Some(cut) => cuts.push(cut),
            None => *is_boolean = true,
        }
    };
    for (_, cause) in rows {
        for channel in &cause.channels {
            want(&channel.tag, channel.test, 0.0);
            if channel.hysteresis > 0.0 {
                want(&channel.tag, channel.test, channel.hysteresis);
            }
            if let Some(permissive) = cause.permissive {
                match channel.test {
                    Test::Above(_) => want(&channel.tag, Test::Above(permissive.limit), 0.0),
                    Test::Below(_) => want(&channel.tag, Test::Below(permissive.limit), 0.0),
                    Test::Is(_) => {}
                }
            }
        }
        if let Some(armed) = &cause.armed {
            want(armed, Test::Is(true), 0.0);
        }
    }
    for need in needs {
        want(&need.tag, need.test, 0.0);
    }
    for (cuts, _) in wanted.values_mut() {
        cuts.sort_by(Cut::order);
        cuts.dedup();
    }
    wanted
}

/// Each cut implies the one below it.
fn order(logic: &Logic, cuts: &[(Cut, BddVariable)]) -> Bdd {
    let mut order = logic.constant(true);
    for pair in cuts.windows(2).rev() {
        let (low, high) = (logic.variable(pair[0].1), logic.variable(pair[1].1));
        order = logic.and(&order, &high.imp(&low));
    }
    order
}

/// The vote as a formula: the rule of [`crate::vote::is_for_trip`] for every state of
/// the channels at once.
pub(super) fn voted(logic: &Logic, m: u8, degrade: Degrade, channels: &[Terms]) -> Bdd {
    let mut known = BTreeMap::new();
    from(logic, m, degrade, channels, 0, Count::default(), &mut known)
}

/// The vote given what the channels before `at` came to.
fn from(
    logic: &Logic,
    m: u8,
    degrade: Degrade,
    channels: &[Terms],
    at: usize,
    count: Count,
    known: &mut BTreeMap<(usize, Count), Bdd>,
) -> Bdd {
    let Some(terms) = channels.get(at) else {
        return logic.constant(count.trips(m, degrade, channels.len() as u8));
    };
    if let Some(formula) = known.get(&(at, count)) {
        return formula.clone();
    }
    let mut after = |shown: Shown| {
        let count = count.with(shown, terms.on_bad);
        from(logic, m, degrade, channels, at + 1, count, known)
    };
    let (with, without) = (after(Shown::For), after(Shown::Against));
    let good = logic.choose(&terms.vote, &with, &without);
    let seen = logic.choose(&terms.bad, &after(Shown::Bad), &good);
    let formula = match &terms.bypassed {
        Some(bypassed) => logic.choose(bypassed, &after(Shown::Bypassed), &seen),
        None => seen,
    };
    known.insert((at, count), formula.clone());
    formula
}

#[cfg(test)]
mod tests;
