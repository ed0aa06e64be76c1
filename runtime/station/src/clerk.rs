//! The clerk: takes orders from the desk, writes them down, and only then lets
//! them on their way to the scan. No record, no action.

use crate::change::{Adopted, Changer};
use crate::chronicle::Cast;
use crate::directory::{Named, Place, areas, named};
use crate::ports::ScanOrder;
use crate::pump::{ForceNotes, PumpUpdate, history_of};
use crate::rt;
use crate::supervision::Supervision;
use crossbeam::channel::{Receiver, Sender};
use gateway::desk::{
    Attempt, Environment, Event, EventKind, Force, Receipt, Refusal, RefusalCode, Text,
};
use gateway::{Ask, Hub, Order};
use journal::{Deed, Deeds};
use scan::Entry;
use signal::limits;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// What the clerk needs.
pub struct Clerk {
    /// The desk.
    pub hub: Arc<Hub>,
    /// Orders that passed the desk's checks.
    pub orders: Receiver<Order>,
    /// Attempts that did not.
    pub attempts: Receiver<Attempt>,
    /// The record.
    pub deeds: Deeds,
    /// To the scan threads.
    pub rings: Vec<rtrb::Producer<ScanOrder>>,
    /// Where the tags of the running edition are.
    pub places: Vec<Place>,
    /// Makes online changes.
    pub changer: Changer,
    /// Tells the pump of a new edition.
    pub pump: Sender<PumpUpdate>,
    /// Who forced what, and why.
    pub forces: ForceNotes,
    /// Simulation or live.
    pub env: Environment,
    /// The scripts, which go with the edition.
    pub supervision: Arc<Supervision>,
}

/// The word of an environment in every record.
pub const fn env_word(env: Environment) -> &'static str {
    match env {
        Environment::Simulation => "SIM",
        Environment::Live => "LIVE",
    }
}

/// The forces that stand after these deeds, by tag: a cold start lets go of all.
pub fn standing_forces(deeds: &[Deed]) -> BTreeMap<String, Force> {
    let mut standing = BTreeMap::new();
    for deed in deeds {
        match (deed.what.as_str(), deed.new) {
            ("start", _) if deed.why.starts_with("cold") => standing.clear(),
            ("force", Some(value)) => {
                let force = Force {
                    tag: deed.subject.clone(),
                    value,
                    since_ms: deed.utc_ns / 1_000_000,
                    actor: deed.actor.clone(),
                    reason: deed.why.clone(),
                };
                standing.insert(deed.subject.clone(), force);
            }
            ("unforce", _) => {
                standing.remove(&deed.subject);
            }
            _ => {}
        }
    }
    standing
}

impl Clerk {
    /// Works until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            crossbeam::channel::select! {
                recv(self.orders) -> order => {
                    if let Ok(order) = order {
                        let mut batch = vec![order];
                        while batch.len() < limits::COMMANDS_PER_SCAN_MAX
                            && let Ok(order) = self.orders.try_recv()
                        {
                            batch.push(order);
                        }
                        self.handle(batch);
                    }
                }
                recv(self.attempts) -> attempt => {
                    if let Ok(attempt) = attempt {
                        self.refused(attempt);
                    }
                }
                default(Duration::from_millis(100)) => {}
            }
        }
        // Nobody asks any more; what was tried is still written down.
        while let Ok(attempt) = self.attempts.try_recv() {
            self.refused(attempt);
        }
    }

    fn deed(&self, actor: &str, what: &str, subject: &str, why: &str) -> Deed {
        Deed {
            number: 0,
            utc_ns: rt::utc_ns(),
            env: env_word(self.env).to_string(),
            actor: actor.to_string(),
            what: what.to_string(),
            subject: subject.to_string(),
            old: None,
            new: None,
            why: why.to_string(),
        }
    }

    /// Records a batch with one sync, then lets each order go.
    fn handle(&mut self, batch: Vec<Order>) {
        let mut deeds: Vec<Deed> = batch
            .iter()
            .map(|order| {
                let (what, old, new) = match &order.ask {
                    Ask::Note { what } => (what.as_str(), None, None),
                    Ask::Write { value, old, .. } => ("write", Some(*old), Some(*value)),
                    Ask::Force { value, old, .. } => ("force", Some(*old), Some(*value)),
                    Ask::Unforce { .. } => ("unforce", None, None),
                    Ask::Adopt => ("edition", None, None),
                    Ask::RollBack => ("edition-back", None, None),
                };
                let mut deed = self.deed(&order.actor, what, &order.subject, &order.reason);
                (deed.old, deed.new) = (old, new);
                deed
            })
            .collect();
        let recorded = self.deeds.record(&mut deeds);
        for order in batch {
            let result = match &recorded {
                Err(error) => Err(Refusal::new(
                    RefusalCode::Failed,
                    format!("JournalDown: {error}; nothing may be done that is not recorded"),
                    "操作记录不可用(JournalDown),未记录的操作一律不执行",
                )),
                Ok(()) => self.act(&order),
            };
            if let (Ok(()), Err(refusal)) = (&recorded, &result) {
                // The record says what was asked; it must not read as if it was done.
                let deed = self.deed(&order.actor, "refused", &order.subject, &refusal.en);
                // A refusal that cannot be recorded is still a refusal.
                let _ = self.deeds.record(&mut [deed]);
            }
            self.tell(&order, &result);
            // The client may have gone; the record stands.
            let _ = order.answer.send(result);
        }
    }

    fn act(&mut self, order: &Order) -> Result<Receipt, Refusal> {
        let is_note = matches!(order.ask, Ask::Note { .. });
        if !is_note && order.edition != self.changer.number() {
            return Err(Refusal::new(
                RefusalCode::ValueChanged,
                "the plant's text has changed since this was asked: look again",
                "发出该请求后组态已更改,请重新查看",
            ));
        }
        match order.ask {
            Ask::Write { handle, value, .. } => self.admit(handle, |place, bits| {
                let (slot, is_request) = place.write?;
                Some(if is_request {
                    Entry::Request {
                        slot,
                        bits: bits(value),
                    }
                } else {
                    Entry::Write {
                        slot,
                        bits: bits(value),
                    }
                })
            })?,
            Ask::Force { handle, value, .. } => {
                self.admit(handle, |place, bits| {
                    Some(Entry::Force {
                        slot: place.slot,
                        bits: bits(value),
                    })
                })?;
                let note = Force {
                    tag: order.subject.clone(),
                    value,
                    since_ms: rt::utc_ns() / 1_000_000,
                    actor: order.actor.clone(),
                    reason: order.reason.clone(),
                };
                let mut notes = self.forces.lock().unwrap_or_else(PoisonError::into_inner);
                notes.insert(order.subject.clone(), note);
            }
            Ask::Unforce { handle } => {
                self.admit(handle, |place, _| Some(Entry::Unforce { slot: place.slot }))?;
            }
            // Its record is all there is to it.
            Ask::Note { .. } => {}
            Ask::Adopt => {
                self.taken()?;
                let adopted = self.changer.adopt_folder();
                self.adopted(adopted)?;
            }
            Ask::RollBack => {
                self.taken()?;
                let adopted = self.changer.roll_back();
                self.adopted(adopted)?;
            }
        }
        Ok(Receipt {
            id: order.id.clone(),
            utc_ns: rt::utc_ns(),
            scan: None,
        })
    }

    /// Waits until the scans have taken every order: an order is for the edition that
    /// runs, and whoever gave it was told that it is done.
    fn taken(&self) -> Result<(), Refusal> {
        let until = Instant::now() + Duration::from_nanos(limits::PERIOD_NS_MAX);
        for ring in &self.rings {
            while ring.slots() < ring.buffer().capacity() {
                if ring.is_abandoned() || Instant::now() > until {
                    return Err(Refusal::new(
                        RefusalCode::Busy,
                        "the scan has not yet taken earlier commands",
                        "扫描尚未取走先前的命令",
                    ));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    fn admit(
        &mut self,
        handle: u32,
        entry: impl FnOnce(&Place, &dyn Fn(f64) -> u64) -> Option<Entry>,
    ) -> Result<(), Refusal> {
        let unknown = || Refusal::new(RefusalCode::UnknownTag, "unknown tag", "未知位号");
        let place = *self.places.get(handle as usize).ok_or_else(unknown)?;
        let entry = entry(&place, &|value| place.kind.from_f64(value)).ok_or_else(unknown)?;
        let order = ScanOrder {
            edition: self.changer.number(),
            entry,
        };
        let ring = &mut self.rings[place.task];
        if ring.is_abandoned() {
            return Err(Refusal::new(
                RefusalCode::RuntimeStalled,
                "the task of this tag has stopped",
                "该位号所属任务已停止",
            ));
        }
        ring.push(order).map_err(|_| {
            Refusal::new(
                RefusalCode::Busy,
                "the scan has not yet taken earlier commands",
                "扫描尚未取走先前的命令",
            )
        })
    }

    fn adopted(
        &mut self,
        adopted: Result<Adopted, crate::change::ChangeRefusal>,
    ) -> Result<(), Refusal> {
        let adopted = adopted.map_err(|refusal| {
            Refusal::new(
                RefusalCode::NotPermitted,
                refusal.to_string(),
                format!("在线修改被拒绝:{refusal}"),
            )
        })?;
        let Named {
            directory,
            places,
            forceable,
        } = named(
            &adopted.plant,
            &adopted.linked,
            self.env,
            adopted.number,
            self.hub_epoch() + 1,
        );
        self.places.clone_from(&places);
        let history = history_of(directory.tags.len());
        let update = PumpUpdate {
            edition: adopted.number,
            feeds: adopted.feeds,
            cast: Cast::new(&adopted.plant, &directory, &places),
            places,
        };
        self.hub.set_directory(directory, forceable, history);
        self.hub
            .set_rules(adopted.plant.people.rules.clone(), areas(&adopted.plant));
        // The pump ends with the station, not before.
        let _ = self.pump.send(update);
        self.supervision.start(&adopted.plant);
        Ok(())
    }

    fn hub_epoch(&self) -> u64 {
        gateway::Desk::directory(&*self.hub).epoch
    }

    fn tell(&self, order: &Order, result: &Result<Receipt, Refusal>) {
        let (kind, en, zh) = match (result, &order.ask) {
            (Err(refusal), _) => (
                EventKind::Refused,
                format!("refused: {}", refusal.en),
                format!("被拒绝:{}", refusal.zh),
            ),
            (Ok(_), Ask::Write { value, old, .. }) => (
                EventKind::Command,
                format!("{} from {old} to {value}", order.subject),
                format!("{} 由 {old} 改为 {value}", order.subject),
            ),
            (Ok(_), Ask::Force { value, .. }) => (
                EventKind::Command,
                format!("{} forced to {value}", order.subject),
                format!("{} 被强制为 {value}", order.subject),
            ),
            (Ok(_), Ask::Unforce { .. }) => (
                EventKind::Command,
                format!("{} released", order.subject),
                format!("{} 解除强制", order.subject),
            ),
            (Ok(_), Ask::Note { what }) => (
                EventKind::System,
                format!("{what} {}", order.subject),
                format!("{what} {}", order.subject),
            ),
            (Ok(_), Ask::Adopt | Ask::RollBack) => (
                EventKind::System,
                format!("edition {} adopted", self.changer.number()),
                format!("已启用组态版本 {}", self.changer.number()),
            ),
        };
        self.hub.add_event(Event {
            seq: 0,
            utc_ms: rt::utc_ns() / 1_000_000,
            kind,
            tag: (!order.subject.is_empty() && !matches!(order.ask, Ask::Note { .. }))
                .then(|| order.subject.clone()),
            actor: order.actor.clone(),
            text: Text::new(en, zh),
        });
    }

    fn refused(&mut self, attempt: Attempt) {
        let subject = attempt.tag.clone().unwrap_or_default();
        let mut deed = self.deed(&attempt.actor, "refused", &subject, &attempt.refusal.en);
        deed.new = attempt.value;
        // A refusal that cannot be recorded is still a refusal.
        let _ = self.deeds.record(&mut [deed]);
        self.hub.add_event(Event {
            seq: 0,
            utc_ms: attempt.utc_ns / 1_000_000,
            kind: EventKind::Refused,
            tag: attempt.tag,
            actor: attempt.actor,
            text: Text::new(attempt.refusal.en, attempt.refusal.zh),
        });
    }
}

#[cfg(test)]
mod tests;
