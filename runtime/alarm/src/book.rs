//! The book of all alarms of a plant.

use crate::class::{Policies, Policy};
use crate::flood::{Flood, FloodRule};
use crate::priority::{Priority, PriorityMatrix};
use crate::rationale::Rationale;
use crate::state::{Event, Facts, State, next};
use crate::suppression::Inputs;
use crate::transition::{AlarmIndex, Outbox, Stamp, Transition, Who};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a site may edit. All defaults are design defaults after ISA-18.2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Policies of the classes.
    pub policies: Policies,
    /// Matrix of priorities.
    pub matrix: PriorityMatrix,
    /// Flood.
    pub flood: FloodRule,
    /// An alarm chatters that is raised three times within this, seconds.
    pub chatter_s: f64,
    /// An alarm is fleeting whose condition is gone sooner: too short to act on, seconds.
    /// Design default of this product.
    pub fleeting_s: f64,
    /// An alarm is stale that stands longer than this, seconds.
    pub stale_s: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            policies: Policies::default(),
            matrix: PriorityMatrix::default(),
            flood: FloodRule::default(),
            chatter_s: 60.0,
            fleeting_s: 3.0,
            stale_s: 24.0 * 3_600.0,
        }
    }
}

/// The condition of an alarm as the scan sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Edge {
    /// The condition stands.
    pub active: bool,
    /// The tag is of bad quality: nobody knows. A standing alarm is not cleared by it.
    pub is_bad: bool,
    /// Value of the point.
    pub value: Option<f64>,
    /// Limit in force.
    pub limit: Option<f64>,
}

impl Edge {
    /// A good condition without value and limit.
    pub const fn of(active: bool) -> Edge {
        Edge {
            active,
            is_bad: false,
            value: None,
            limit: None,
        }
    }
}

/// An alarm on the shelf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shelf {
    /// When it returns by itself, nanoseconds UTC.
    pub until_ns: i64,
    /// It also returns when the condition goes.
    pub one_shot: bool,
}

/// Seconds of nanoseconds; exact for whole seconds.
pub(crate) fn seconds(ns: i64) -> f64 {
    ns as f64 / 1e9
}

/// What lives of an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Life {
    pub state: State,
    pub in_alarm: bool,
    pub pending: bool,
    pub is_bad: bool,
    /// Number and time of the last transition.
    pub number: u64,
    pub changed: Stamp,
    /// Last raise, its value and limit.
    pub raised: Option<Stamp>,
    pub raise_number: u64,
    pub value: Option<f64>,
    pub limit: Option<f64>,
    /// Times of the last three raises, the newest last.
    pub recent_ns: [i64; 3],
    pub acked: Option<(Who, Stamp)>,
    pub aside_by: Who,
    pub reason: String,
    pub shelf: Option<Shelf>,
    pub first_out: bool,
    pub priority: Priority,
}

impl Life {
    fn new(rationale: &Rationale) -> Life {
        Life {
            state: State::Normal,
            in_alarm: false,
            pending: false,
            is_bad: false,
            number: 0,
            changed: Stamp::default(),
            raised: None,
            raise_number: 0,
            value: None,
            limit: None,
            recent_ns: [i64::MIN; 3],
            acked: None,
            aside_by: Who::System,
            reason: String::new(),
            shelf: None,
            first_out: false,
            priority: rationale.priority,
        }
    }
}

/// Alarms of which the first is told from the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub name: String,
    pub members: Vec<AlarmIndex>,
    pub first: Option<AlarmIndex>,
}

/// All alarms of a plant.
#[derive(Clone, Debug)]
pub struct Book {
    pub(crate) rationales: Arc<[Rationale]>,
    pub(crate) settings: Settings,
    pub(crate) policies: Vec<Policy>,
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) by_name: BTreeMap<Arc<str>, AlarmIndex>,
    pub(crate) lives: Vec<Life>,
    pub(crate) inputs: Inputs,
    pub(crate) groups: Vec<Group>,
    pub(crate) group_of: Vec<Option<usize>>,
    /// Alarms that hide this one while they stand.
    pub(crate) eclipsed_by: Vec<Vec<AlarmIndex>>,
    pub(crate) flood: Flood,
    pub(crate) number: u64,
}

impl Book {
    /// A book of these alarms, all normal. Of records with one name the first counts.
    pub fn new(rationales: impl Into<Arc<[Rationale]>>, settings: Settings) -> Book {
        let rationales: Arc<[Rationale]> = rationales.into();
        let names: Vec<Arc<str>> = rationales.iter().map(|r| r.name.as_str().into()).collect();
        let mut by_name = BTreeMap::new();
        let mut by_point: BTreeMap<&str, Vec<AlarmIndex>> = BTreeMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of = Vec::new();
        for (at, rationale) in rationales.iter().enumerate() {
            let alarm = AlarmIndex(at as u32);
            by_name.entry(names[at].clone()).or_insert(alarm);
            if !rationale.point.is_empty() {
                by_point.entry(&rationale.point).or_default().push(alarm);
            }
            let group = (!rationale.first_out.is_empty()).then(|| {
                let found = groups.iter().position(|g| g.name == rationale.first_out);
                found.unwrap_or_else(|| {
                    groups.push(Group {
                        name: rationale.first_out.clone(),
                        ..Group::default()
                    });
                    groups.len() - 1
                })
            });
            if let Some(group) = group {
                groups[group].members.push(alarm);
            }
            group_of.push(group);
        }
        let eclipsed_by = rationales.iter().map(|rationale| {
            let same = by_point.get(rationale.point.as_str());
            let same = same.map_or(&[][..], Vec::as_slice).iter().copied();
            same.filter(|other| rationales[other.at()].kind.eclipses(rationale.kind))
                .collect()
        });
        let eclipsed_by = eclipsed_by.collect();
        let policies = rationales.iter().map(|rationale| Policy {
            latching: rationale.latching,
            shelving: rationale.shelving,
            shelve_s_max: rationale.shelve_s_max,
            ..*settings.policies.of(rationale.class)
        });
        Book {
            policies: policies.collect(),
            lives: rationales.iter().map(Life::new).collect(),
            inputs: Inputs::of(&rationales),
            flood: Flood::default(),
            number: 0,
            rationales,
            settings,
            names,
            by_name,
            groups,
            group_of,
            eclipsed_by,
        }
    }

    /// The records, in the order of [`AlarmIndex`].
    pub fn rationales(&self) -> &Arc<[Rationale]> {
        &self.rationales
    }

    /// What the site has edited.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The alarm of a name.
    pub fn index(&self, name: &str) -> Option<AlarmIndex> {
        self.by_name.get(name).copied()
    }

    /// The alarms that stand on a condition: a tag, or one of
    /// [`STATION_CONDITIONS`](crate::STATION_CONDITIONS).
    pub fn on_tag(&self, tag: &str) -> impl Iterator<Item = AlarmIndex> {
        let all = self.rationales.iter().enumerate();
        let mine = all.filter(move |(_, rationale)| rationale.tag == tag);
        mine.map(|(at, _)| AlarmIndex(at as u32))
    }

    /// The state of an alarm.
    pub fn state(&self, alarm: AlarmIndex) -> Option<State> {
        self.lives.get(alarm.at()).map(|life| life.state)
    }

    /// Flood, as of the last step.
    pub const fn flood(&self) -> &Flood {
        &self.flood
    }

    /// Number of the last transition; 0 before the first.
    pub const fn last_number(&self) -> u64 {
        self.number
    }

    /// Boolean tags that the caller tells by [`Book::input`]: states, phases, doors,
    /// modes.
    pub fn input_tags(&self) -> &[String] {
        &self.inputs.tags
    }

    /// The value of a tag of [`Book::input_tags`]; `None` = bad or unknown, which suppresses
    /// nothing. Telling a value twice changes nothing.
    pub fn input(&mut self, input: usize, value: Option<bool>, at: Stamp, out: &mut Outbox) {
        if !self.inputs.tell(input, value, at.utc_ns) {
            return;
        }
        for reader in 0..self.inputs.readers[input].len() {
            self.judge(self.inputs.readers[input][reader], at, out);
        }
    }

    /// The condition of an alarm as of a scan. Levels, not only edges: telling the same
    /// condition again changes nothing, so that after a restart every alarm is told once
    /// and those that changed meanwhile move.
    pub fn edge(&mut self, alarm: AlarmIndex, edge: Edge, at: Stamp, out: &mut Outbox) {
        let Some(life) = self.lives.get_mut(alarm.at()) else {
            return;
        };
        life.is_bad = edge.is_bad;
        if life.in_alarm == edge.active || (edge.is_bad && !edge.active) {
            return;
        }
        if edge.active {
            self.judge(alarm, at, out);
        }
        let life = &mut self.lives[alarm.at()];
        life.in_alarm = edge.active;
        if !edge.active {
            let is_one_shot = life.shelf.as_ref().is_some_and(|shelf| shelf.one_shot);
            self.step(alarm, Event::Clear, at, &Who::System, "", out);
            if is_one_shot && self.lives[alarm.at()].state == State::Shelved {
                self.step(alarm, Event::Unshelve, at, &Who::System, "", out);
            }
            self.release(alarm);
            return;
        }
        life.pending = true;
        life.raised = Some(at);
        life.value = edge.value;
        life.limit = edge.limit;
        life.recent_ns.rotate_left(1);
        life.recent_ns[2] = at.utc_ns;
        let rationale = &self.rationales[alarm.at()];
        let mode = self.inputs.mode(rationale);
        let priority = mode.and_then(|mode| mode.priority);
        life.priority = priority.unwrap_or(rationale.priority);
        if let Some(group) = self.group_of[alarm.at()]
            && self.groups[group].first.is_none()
            && life.state != State::OutOfService
        {
            self.groups[group].first = Some(alarm);
            life.first_out = true;
        }
        self.step(alarm, Event::Raise, at, &Who::System, "", out);
    }

    /// Time goes on: shelves expire, acknowledged alarms ask again, timed suppression and
    /// floods end. Once a second is often enough.
    pub fn tick(&mut self, at: Stamp, out: &mut Outbox) {
        for index in 0..self.lives.len() {
            let alarm = AlarmIndex(index as u32);
            let life = &self.lives[index];
            match life.state {
                State::Shelved => {
                    let until_ns = life.shelf.as_ref().map_or(0, |shelf| shelf.until_ns);
                    if at.utc_ns >= until_ns {
                        self.step(alarm, Event::Expire, at, &Who::System, "", out);
                    }
                }
                State::Acked => {
                    let again_s = self.policies[index].re_announce_s;
                    let stood_ns = at.utc_ns.saturating_sub(life.changed.utc_ns);
                    if again_s > 0.0 && seconds(stood_ns) >= again_s {
                        self.step(alarm, Event::ReAnnounce, at, &Who::System, "", out);
                    }
                }
                State::SuppressedByDesign => self.judge(alarm, at, out),
                _ => {}
            }
        }
        let change = self.flood.step(&self.settings.flood, at);
        out.floods.extend(change);
    }

    /// The policy in force: what is only written down asks nobody for anything.
    pub(crate) fn policy(&self, alarm: AlarmIndex) -> Policy {
        let policy = self.policies[alarm.at()];
        if self.lives[alarm.at()].priority.is_annunciated() {
            return policy;
        }
        Policy {
            ack: false,
            latching: false,
            ..policy
        }
    }

    /// What the state of an alarm does not say.
    pub(crate) fn facts(&self, alarm: AlarmIndex, at: Stamp) -> Facts {
        let life = &self.lives[alarm.at()];
        let why = self.inputs.reason(&self.rationales[alarm.at()], at.utc_ns);
        Facts {
            in_alarm: life.in_alarm,
            pending: life.pending,
            suppressed: why.is_some(),
        }
    }

    /// Suppresses or no longer suppresses, as the inputs now say.
    pub(crate) fn judge(&mut self, alarm: AlarmIndex, at: Stamp, out: &mut Outbox) {
        let state = self.lives[alarm.at()].state;
        let rationales = self.rationales.clone();
        let why = self.inputs.reason(&rationales[alarm.at()], at.utc_ns);
        match (why, state) {
            (None, State::SuppressedByDesign) => {
                self.step(alarm, Event::Unsuppress, at, &Who::System, "", out);
            }
            (Some(why), state) if !state.is_aside() => {
                self.step(alarm, Event::Suppress, at, &Who::System, why, out);
            }
            _ => {}
        }
    }

    /// One step of one alarm; whether the event had a meaning.
    pub(crate) fn step(
        &mut self,
        alarm: AlarmIndex,
        event: Event,
        at: Stamp,
        who: &Who,
        reason: &str,
        out: &mut Outbox,
    ) -> bool {
        let policy = self.policy(alarm);
        let facts = self.facts(alarm, at);
        let rationales = self.rationales.clone();
        let rationale = &rationales[alarm.at()];
        let design = self.inputs.reason(rationale, at.utc_ns).unwrap_or_default();
        let life = &mut self.lives[alarm.at()];
        let from = life.state;
        let Some(to) = next(from, event, &policy, facts) else {
            return false;
        };
        self.number += 1;
        life.state = to;
        life.number = self.number;
        if from != to {
            life.changed = at;
        }
        let mut values = (None, None);
        match event {
            Event::Raise => {
                life.raise_number = self.number;
                life.acked = None;
                values = (life.value, life.limit);
            }
            Event::Acknowledge => life.acked = Some((who.clone(), at)),
            Event::ReAnnounce => life.acked = None,
            _ => {}
        }
        if from != to && to.is_aside() {
            let by_design = to == State::SuppressedByDesign;
            life.aside_by = if by_design { Who::System } else { who.clone() };
            life.reason = if by_design { design } else { reason }.to_string();
        }
        if to != State::Shelved {
            life.shelf = None;
        }
        if !to.is_aside() {
            life.aside_by = Who::System;
            life.reason.clear();
        }
        if to == State::Normal && !life.in_alarm {
            life.pending = false;
        }
        let transition = Transition {
            number: self.number,
            alarm,
            name: self.names[alarm.at()].clone(),
            from,
            to,
            event,
            at,
            who: who.clone(),
            reason: reason.to_string(),
            value: values.0,
            limit: values.1,
            priority: life.priority,
            class: self.rationales[alarm.at()].class,
            first_out: life.first_out,
        };
        if transition.is_annunciation() {
            let change = self.flood.annunciate(&self.settings.flood, at);
            out.floods.extend(change);
        }
        out.transitions.push(transition);
        self.release(alarm);
        true
    }

    /// Forgets the first-out of a group that has come to rest.
    pub(crate) fn release(&mut self, alarm: AlarmIndex) {
        let Some(group) = self.group_of[alarm.at()] else {
            return;
        };
        let Some(first) = self.groups[group].first else {
            return;
        };
        let rests = |member: &AlarmIndex| {
            let life = &self.lives[member.at()];
            !life.in_alarm && !life.state.is_listed()
        };
        if self.groups[group].members.iter().all(rests) {
            self.groups[group].first = None;
            self.lives[first.at()].first_out = false;
        }
    }
}

#[cfg(test)]
mod tests;
