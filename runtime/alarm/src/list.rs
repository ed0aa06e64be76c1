//! What pages show: rows of alarms, filtered and sorted, and counts.

use crate::book::{Book, seconds};
use crate::class::Class;
use crate::priority::Priority;
use crate::rationale::{AlarmKind, Words};
use crate::state::State;
use crate::transition::{AlarmIndex, Stamp};
use serde::{Deserialize, Serialize};

/// A page of the alarm summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// What the operator must see: not aside, not normal, not hidden by a more urgent one.
    #[default]
    Active,
    /// What somebody must acknowledge.
    Unacked,
    /// On the shelf.
    Shelved,
    /// Suppressed by design.
    Suppressed,
    /// Out of service.
    OutOfService,
    /// In a flood: P1, P2 and the first of each group. Nothing is deleted.
    Flood,
    /// Every alarm of the plant.
    All,
}

/// Which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Page.
    pub view: View,
    /// These priorities; empty = all.
    pub priorities: Vec<Priority>,
    /// This area; empty = all.
    pub area: String,
    /// This unit; empty = all.
    pub unit: String,
    /// Stands in name, point or text, whatever the case; empty = all.
    pub text: String,
    /// At most so many rows; 0 = all.
    pub rows_max: usize,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// Unacknowledged first, then by priority, then the newest.
    #[default]
    Urgency,
    /// The newest change first.
    Newest,
    /// The oldest change first.
    Oldest,
    /// By priority, then the newest.
    Priority,
    /// By name.
    Name,
}

/// One alarm as shown. Texts are in the book's record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row<'b> {
    /// Which alarm.
    pub alarm: AlarmIndex,
    /// Its name.
    pub name: &'b str,
    /// Point.
    pub point: &'b str,
    /// Unit of equipment.
    pub unit: &'b str,
    /// Area.
    pub area: &'b str,
    /// What it says.
    pub text: &'b Words,
    /// Kind.
    pub kind: AlarmKind,
    /// Class.
    pub class: Class,
    /// Priority in force.
    pub priority: Priority,
    /// State.
    pub state: State,
    /// The condition stands.
    pub in_alarm: bool,
    /// Nobody knows whether it still stands.
    pub is_bad: bool,
    /// Number of the raise: what an acknowledgement refers to.
    pub raise_number: u64,
    /// Last raise.
    pub raised: Option<Stamp>,
    /// Last change of state.
    pub changed: Stamp,
    /// Value of the point at the raise.
    pub value: Option<f64>,
    /// Limit at the raise.
    pub limit: Option<f64>,
    /// Engineering unit of both.
    pub engineering_unit: &'b str,
    /// Who has acknowledged.
    pub acked_by: &'b str,
    /// When.
    pub acked: Option<Stamp>,
    /// Who has put it aside.
    pub aside_by: &'b str,
    /// Why.
    pub reason: &'b str,
    /// End of the shelf, nanoseconds UTC.
    pub shelved_until_ns: Option<i64>,
    /// The first of its group.
    pub first_out: bool,
    /// A more urgent alarm of the same point stands.
    pub eclipsed: bool,
    /// Acknowledging needs a comment.
    pub comment: bool,
    /// Raised three times within a minute.
    pub chattering: bool,
    /// Stands for more than a day.
    pub stale: bool,
}

/// How many alarms stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// By state, in the order of [`State::ALL`].
    pub by_state: [u32; State::ALL.len()],
    /// Listed and not hidden, by priority, in the order of [`Priority::ALL`].
    pub listed: [u32; Priority::ALL.len()],
    /// Unacknowledged, by priority.
    pub unacked: [u32; Priority::ALL.len()],
    /// Chattering now.
    pub chattering: u32,
    /// Stale now.
    pub stale: u32,
}

impl Book {
    /// One alarm as shown at a time; `None` without such an alarm.
    pub fn row(&self, alarm: AlarmIndex, now_ns: i64) -> Option<Row<'_>> {
        let at = alarm.at();
        let life = self.lives.get(at)?;
        let rationale = &self.rationales[at];
        Some(Row {
            alarm,
            name: &rationale.name,
            point: &rationale.point,
            unit: &rationale.unit,
            area: &rationale.area,
            text: &rationale.text,
            kind: rationale.kind,
            class: rationale.class,
            priority: life.priority,
            state: life.state,
            in_alarm: life.in_alarm,
            is_bad: life.is_bad,
            raise_number: life.raise_number,
            raised: life.raised,
            changed: life.changed,
            value: life.value,
            limit: life.limit,
            engineering_unit: &rationale.engineering_unit,
            acked_by: life.acked.as_ref().map_or("", |(who, _)| who.name()),
            acked: life.acked.as_ref().map(|(_, when)| *when),
            aside_by: life.aside_by.name(),
            reason: &life.reason,
            shelved_until_ns: life.shelf.as_ref().map(|shelf| shelf.until_ns),
            first_out: life.first_out,
            eclipsed: self.is_eclipsed(alarm),
            comment: self.policy(alarm).comment,
            chattering: self.is_chattering(alarm, now_ns),
            stale: self.is_stale(alarm, now_ns),
        })
    }

    /// Whether a more urgent alarm of the same point stands in the list.
    pub fn is_eclipsed(&self, alarm: AlarmIndex) -> bool {
        let by = self.eclipsed_by.get(alarm.at());
        by.is_some_and(|by| {
            by.iter().any(|other| {
                let life = &self.lives[other.at()];
                life.in_alarm && !life.state.is_aside()
            })
        })
    }

    /// Whether the list leaves it out: it is eclipsed, and nobody has to acknowledge it. What
    /// a person has put aside is never hidden.
    pub fn is_hidden(&self, alarm: AlarmIndex) -> bool {
        let state = self.lives.get(alarm.at()).map(|life| life.state);
        state.is_some_and(|state| state.is_listed() && !state.is_unacked())
            && self.is_eclipsed(alarm)
    }

    /// Whether it has been raised three times within a minute, up to now.
    pub fn is_chattering(&self, alarm: AlarmIndex, now_ns: i64) -> bool {
        let window_ns = (self.settings.chatter_s * 1e9) as i64;
        self.lives.get(alarm.at()).is_some_and(|life| {
            let [third, _, newest] = life.recent_ns;
            third != i64::MIN
                && newest.saturating_sub(third) <= window_ns
                && now_ns.saturating_sub(newest) <= window_ns
        })
    }

    /// Whether it has stood in the list for longer than a day.
    pub fn is_stale(&self, alarm: AlarmIndex, now_ns: i64) -> bool {
        self.lives.get(alarm.at()).is_some_and(|life| {
            let for_ns = life.raised.map_or(0, |at| now_ns.saturating_sub(at.utc_ns));
            life.in_alarm && !life.state.is_aside() && seconds(for_ns) > self.settings.stale_s
        })
    }

    fn is_in(&self, alarm: AlarmIndex, filter: &Filter, text: &str) -> bool {
        let life = &self.lives[alarm.at()];
        let listed = life.state.is_listed() && life.priority.is_annunciated();
        let in_view = match filter.view {
            View::Active => listed && !self.is_hidden(alarm),
            View::Unacked => listed && life.state.is_unacked(),
            View::Shelved => life.state == State::Shelved,
            View::Suppressed => life.state == State::SuppressedByDesign,
            View::OutOfService => life.state == State::OutOfService,
            View::Flood => {
                let is_urgent = life.priority <= Priority::P2;
                listed && (is_urgent || life.first_out) && !self.is_hidden(alarm)
            }
            View::All => true,
        };
        let rationale = &self.rationales[alarm.at()];
        let has = |own: &str| own.to_lowercase().contains(text);
        in_view
            && (filter.priorities.is_empty() || filter.priorities.contains(&life.priority))
            && (filter.area.is_empty() || filter.area == rationale.area)
            && (filter.unit.is_empty() || filter.unit == rationale.unit)
            && (text.is_empty()
                || has(&rationale.name)
                || has(&rationale.point)
                || has(&rationale.text.en)
                || has(&rationale.text.zh))
    }

    /// The rows of a page at a time.
    pub fn list(&self, filter: &Filter, sort: Sort, now_ns: i64) -> Vec<Row<'_>> {
        let text = filter.text.trim().to_lowercase();
        let all = (0..self.lives.len() as u32).map(AlarmIndex);
        let mut found: Vec<AlarmIndex> = all.filter(|a| self.is_in(*a, filter, &text)).collect();
        let key = |alarm: &AlarmIndex| {
            let life = &self.lives[alarm.at()];
            // By number: a clock that was set back changes no order.
            let newest = std::cmp::Reverse(life.number);
            (!life.state.is_unacked(), life.priority, newest, alarm.0)
        };
        match sort {
            Sort::Urgency => found.sort_unstable_by_key(key),
            Sort::Priority => {
                found.sort_unstable_by_key(|alarm| {
                    let (_, priority, newest, index) = key(alarm);
                    (priority, newest, index)
                });
            }
            Sort::Newest => found.sort_unstable_by_key(|alarm| (key(alarm).2, alarm.0)),
            Sort::Oldest => {
                found.sort_unstable_by_key(|alarm| (self.lives[alarm.at()].number, alarm.0));
            }
            Sort::Name => found.sort_unstable_by_key(|alarm| self.names[alarm.at()].as_ref()),
        }
        if filter.rows_max > 0 {
            found.truncate(filter.rows_max);
        }
        let rows = found
            .into_iter()
            .filter_map(|alarm| self.row(alarm, now_ns));
        rows.collect()
    }

    /// Counts of the whole plant at a time.
    pub fn counts(&self, now_ns: i64) -> Counts {
        let mut counts = Counts::default();
        for (at, life) in self.lives.iter().enumerate() {
            let alarm = AlarmIndex(at as u32);
            counts.by_state[life.state as usize] += 1;
            if life.state.is_listed() && !self.is_hidden(alarm) {
                counts.listed[life.priority as usize] += 1;
            }
            if life.state.is_unacked() {
                counts.unacked[life.priority as usize] += 1;
            }
            counts.chattering += u32::from(self.is_chattering(alarm, now_ns));
            counts.stale += u32::from(self.is_stale(alarm, now_ns));
        }
        counts
    }
}
