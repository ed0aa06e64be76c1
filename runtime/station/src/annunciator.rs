//! The annunciator: the book of alarms beside the running plant. It is told the
//! conditions that the scans have found, asked by people, and says what is to be written
//! down and shown. It never reaches into a scan.
//!
//! ```text
//!  chronicle ── conditions ──> Annunciator ── steps ──> ledger
//!  clerk ───── people's deeds ──>        └── list ──> desk
//! ```
//!
//! - [`own`]: alarms of the station itself,
//! - [`rows`]: what the desk shows of a book,
//! - [`horn`]: for which priority it sounds.

pub mod horn;
pub mod own;
pub mod rows;

use crate::chronicle::{At, Changed};
use alarm::drift::{Drift, Running, compare, limit_tag};
use alarm::{
    Action, AlarmIndex, AlarmRefusal, Book, Edge, Outbox, Rationale, Restored, Saved, Settings,
    Shelf, Stamp, Transition, Who,
};
use gateway::alarms::{AlarmCommand, AlarmDeed, AlarmGuidance, AlarmList};
use horn::Horn;
use serde::{Deserialize, Serialize};
use signal::{Kind, Quality};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A step in the life of an alarm with what else is needed to take it up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The step.
    #[serde(flatten)]
    pub transition: Transition,
    /// The shelf on which the alarm is after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelf: Option<Shelf>,
}

/// Where an alarm finds what it says.
#[derive(Clone, Debug, Default)]
struct Wires {
    /// Alarms whose condition a handle is.
    alarms: BTreeMap<u32, Vec<AlarmIndex>>,
    /// Inputs of the book that a handle is.
    inputs: BTreeMap<u32, Vec<usize>>,
    /// Handle and kind of the value that an alarm watches.
    values: Vec<Option<u32>>,
    /// Handle of the limit that runs, of an alarm with a detection of its own.
    limits: Vec<Option<u32>>,
    /// Alarms whose tag the plant does not have.
    absent: Vec<String>,
}

/// Why a deed is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum DeedRefusal {
    /// There is no alarm of this name.
    Unknown {
        /// The name.
        alarm: String,
    },
    /// The alarm's life does not permit it.
    Refused {
        /// The alarm.
        alarm: String,
        /// Why not.
        why: AlarmRefusal,
    },
    /// No alarm is named.
    Nothing,
}

/// The book of alarms beside a running plant.
pub struct Annunciator {
    book: Book,
    wires: Wires,
    out: Outbox,
    /// Steps counted and not yet fetched.
    waiting: Vec<Step>,
    horn: Horn,
    raises: rows::Raises,
    is_changed: bool,
    seq: u64,
}

/// Reads the newest value of a handle, if it is good enough to show.
pub type ReadValue<'a> = &'a dyn Fn(u32) -> Option<f64>;

impl Annunciator {
    /// An annunciator of these alarms; `handle` finds a tag of the plant.
    pub fn new(
        rationales: impl Into<Arc<[Rationale]>>,
        settings: Settings,
        handle: impl Fn(&str) -> Option<u32>,
    ) -> Annunciator {
        let book = Book::new(rationales, settings);
        Annunciator {
            wires: wire(&book, handle),
            raises: rows::Raises::new(book.rationales().len()),
            book,
            out: Outbox::default(),
            waiting: Vec::new(),
            horn: Horn::default(),
            is_changed: true,
            seq: 0,
        }
    }

    /// Goes on with the alarms of another edition; lives are carried over by name.
    pub fn adopt(
        &mut self,
        rationales: impl Into<Arc<[Rationale]>>,
        settings: Settings,
        handle: impl Fn(&str) -> Option<u32>,
        at: Stamp,
    ) {
        let saved = self.book.save(at);
        let mut book = Book::new(rationales, settings);
        // A book reads what the same program has saved.
        let _ = book.restore(&saved);
        self.wires = wire(&book, handle);
        self.raises = rows::Raises::new(book.rationales().len());
        self.book = book;
        self.is_changed = true;
    }

    /// Alarms whose tag the plant does not have: they can never come.
    pub fn absent(&self) -> &[String] {
        &self.wires.absent
    }

    /// The book.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// Takes what changed in a scan. In the first image of an edition every tag has
    /// changed, so that every alarm is told its condition once.
    pub fn take(&mut self, at: &At, changed: &[Changed], value: ReadValue<'_>) {
        let stamp = Stamp {
            scan: at.scan,
            utc_ns: at.utc_ns,
        };
        for changed in changed.iter().filter(|c| c.kind == Kind::Bool) {
            if let Some(inputs) = self.wires.inputs.get(&changed.handle) {
                let told = (!changed.quality.is_bad()).then_some(changed.bits != 0);
                for input in inputs {
                    self.book.input(*input, told, stamp, &mut self.out);
                }
            }
        }
        for changed in changed.iter().filter(|c| c.kind == Kind::Bool) {
            let Some(alarms) = self.wires.alarms.get(&changed.handle) else {
                continue;
            };
            for alarm in alarms {
                let recorded = self.book.rationales()[alarm.at()].limit;
                let edge = Edge {
                    active: changed.bits != 0,
                    is_bad: changed.quality.is_bad(),
                    value: self.wires.values[alarm.at()].and_then(value),
                    limit: self.wires.limits[alarm.at()].and_then(value).or(recorded),
                };
                self.book.edge(*alarm, edge, stamp, &mut self.out);
            }
        }
    }

    /// Tells the condition of an alarm that is no tag of a scan: one of the station's own,
    /// by its name or by the condition that the plant's text names.
    pub fn tell(&mut self, name: &str, active: bool, at: Stamp) {
        let named = self.book.index(name).into_iter();
        let alarms: Vec<AlarmIndex> = named.chain(self.book.on_tag(name)).collect();
        for alarm in alarms {
            self.book.edge(alarm, Edge::of(active), at, &mut self.out);
        }
    }

    /// Whether the condition of an alarm stands.
    pub fn stands(&self, name: &str) -> bool {
        let row = self
            .book
            .index(name)
            .and_then(|alarm| self.book.row(alarm, 0));
        row.is_some_and(|row| row.in_alarm)
    }

    /// Time goes on; once a second is often enough.
    pub fn tick(&mut self, at: Stamp) {
        self.book.tick(at, &mut self.out);
    }

    /// Whether a deed would be done now, for every alarm named or for none.
    ///
    /// # Errors
    /// [`DeedRefusal`] of the first alarm that refuses.
    pub fn permits(&self, command: &AlarmCommand, at: Stamp) -> Result<(), DeedRefusal> {
        if command.deed == AlarmDeed::Silence {
            return Ok(());
        }
        if command.alarms.is_empty() {
            return Err(DeedRefusal::Nothing);
        }
        for (name, alarm, action) in self.asked(command, at)? {
            let permitted = self.book.permits(alarm, &action, at);
            permitted.map_err(|why| DeedRefusal::Refused { alarm: name, why })?;
        }
        Ok(())
    }

    /// Does what a person asks, for every alarm named or for none. It has been written
    /// down before; its steps are the result, to be written down as well.
    ///
    /// # Errors
    /// [`DeedRefusal`] of the first alarm that refuses; then nothing has changed.
    pub fn act(&mut self, command: &AlarmCommand, at: Stamp) -> Result<Vec<Step>, DeedRefusal> {
        self.permits(command, at)?;
        if command.deed == AlarmDeed::Silence {
            self.horn.silence();
            self.is_changed = true;
            return Ok(Vec::new());
        }
        let who = Who::Person(command.actor.as_str().into());
        let before = self.collect();
        self.waiting.extend(before);
        for (name, alarm, action) in self.asked(command, at)? {
            let done = self.book.act(alarm, &action, &who, at, &mut self.out);
            done.map_err(|why| DeedRefusal::Refused { alarm: name, why })?;
        }
        Ok(self.collect())
    }

    /// What is asked of each alarm that is named.
    fn asked(
        &self,
        command: &AlarmCommand,
        at: Stamp,
    ) -> Result<Vec<(String, AlarmIndex, Action)>, DeedRefusal> {
        let alarms = command.alarms.iter().enumerate().filter_map(|(nth, name)| {
            let action = action(command, command.seen.get(nth).copied(), at)?;
            let alarm = self.book.index(name);
            let alarm = alarm.ok_or_else(|| DeedRefusal::Unknown {
                alarm: name.clone(),
            });
            Some(alarm.map(|alarm| (name.clone(), alarm, action)))
        });
        alarms.collect()
    }

    /// The steps since the last call, to be written down.
    pub fn steps(&mut self) -> Vec<Step> {
        let new = self.collect();
        let mut steps = core::mem::take(&mut self.waiting);
        steps.extend(new);
        steps
    }

    fn collect(&mut self) -> Vec<Step> {
        let transitions = core::mem::take(&mut self.out.transitions);
        self.is_changed |= !transitions.is_empty();
        let steps = transitions.into_iter().map(|transition| {
            self.horn.hear(&transition);
            self.raises.count(&transition);
            let shelf = self.book.shelf(transition.alarm).cloned();
            Step { transition, shelf }
        });
        steps.collect()
    }

    /// Beginnings and ends of floods since the last call.
    pub fn floods(&mut self) -> Vec<alarm::FloodChange> {
        core::mem::take(&mut self.out.floods)
    }

    /// The list, if something has changed since the last call.
    pub fn list(&mut self, now_ns: i64) -> Option<AlarmList> {
        if !core::mem::take(&mut self.is_changed) {
            return None;
        }
        self.seq += 1;
        self.horn.rest(&self.book);
        Some(rows::list(
            &self.book,
            &self.raises,
            &self.horn,
            self.seq,
            now_ns,
        ))
    }

    /// The rationalisation record of every alarm, by name.
    pub fn guidance(&self) -> BTreeMap<String, AlarmGuidance> {
        let records = self.book.rationales().iter();
        records
            .map(|record| (record.name.clone(), rows::guidance(record)))
            .collect()
    }

    /// Settings that run otherwise than they were rationalised; `read` gives the value of a
    /// tag, none if nobody knows it.
    pub fn drifts(&self, read: impl Fn(&str) -> Option<f64>) -> Vec<Drift> {
        compare(self.book.rationales(), |record| Running::of(record, &read))
    }

    /// The book as it stands.
    pub fn save(&self, at: Stamp) -> Saved {
        self.book.save(at)
    }

    /// Takes up what was saved, and the steps written down since, in any order.
    ///
    /// # Errors
    /// What was saved is of another version; every alarm begins anew.
    pub fn restore(
        &mut self,
        saved: &Saved,
        mut since: Vec<Step>,
    ) -> Result<Restored, alarm::saved::UnknownVersion> {
        let restored = self.book.restore(saved)?;
        since.sort_by_key(|step| step.transition.number);
        for step in since {
            self.book.replay(&step.transition, step.shelf);
        }
        self.is_changed = true;
        Ok(restored)
    }
}

/// What a deed asks of a book, of an alarm that was `seen`; none if of the horn.
fn action(command: &AlarmCommand, seen: Option<u64>, at: Stamp) -> Option<Action> {
    let reason = command.reason.clone();
    Some(match command.deed {
        AlarmDeed::Acknowledge => Action::Acknowledge {
            comment: reason,
            seen,
        },
        AlarmDeed::Reset => Action::Reset { comment: reason },
        AlarmDeed::Shelve { for_s, one_shot } => Action::Shelve {
            until_ns: at.utc_ns.saturating_add((for_s * 1e9) as i64),
            reason,
            one_shot,
        },
        AlarmDeed::Unshelve => Action::Unshelve { reason },
        AlarmDeed::OutOfService => Action::RemoveFromService { reason },
        AlarmDeed::ReturnToService => Action::ReturnToService { reason },
        AlarmDeed::Silence => return None,
    })
}

fn wire(book: &Book, handle: impl Fn(&str) -> Option<u32>) -> Wires {
    let mut wires = Wires::default();
    for (at, record) in book.rationales().iter().enumerate() {
        match handle(&record.tag) {
            Some(tag) => {
                let alarm = AlarmIndex(at as u32);
                wires.alarms.entry(tag).or_default().push(alarm);
            }
            // Alarms of the station itself have no tag.
            None if record.tag.is_empty() || record.tag.starts_with("STATION.") => {}
            None => wires.absent.push(record.name.clone()),
        }
        wires.values.push(handle(&record.point));
        wires
            .limits
            .push(limit_tag(record).and_then(|tag| handle(&tag)));
    }
    for (at, tag) in book.input_tags().iter().enumerate() {
        if let Some(tag) = handle(tag) {
            wires.inputs.entry(tag).or_default().push(at);
        }
    }
    wires
}

/// Whether a quality is worth a number on the list.
pub fn is_shown(quality: Quality) -> bool {
    !quality.is_bad()
}

#[cfg(test)]
mod tests;
