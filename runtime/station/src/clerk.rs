//! The clerk: takes orders from the desk, writes them down, and only then lets
//! them on their way to the scan. No record, no action.

mod append;
mod kept;

pub use kept::Kept;

use crate::bypass::{BypassNotes, note};
use crate::change::{Adopted, Changer};
use crate::chronicle::Cast;
use crate::clock_watch::{ClockWatch, ReadClocks, Step};
use crate::directory::{Named, Place, areas, named};
use crate::ledger_sender::{Posting, Unrecorded};
use crate::ports::ScanOrder;
use crate::pump::{ForceNotes, PumpUpdate, history_of};
use crate::rt;
use crate::supervision::Supervision;
use append::append;
use crossbeam::channel::{Receiver, Sender};
use gateway::desk::{
    Attempt, Environment, Event, EventKind, Force, Receipt, Refusal, RefusalCode, Text,
};
use gateway::hub::SIMULATION;
use gateway::{Ask, Hub, Order};
use journal::ledger::{Actor, ActorKind, Class, Entry as Record, Ledger, Value};
use people::Signed;
use scan::Entry;
use signal::limits;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    pub ledger: Ledger,
    /// What it has not taken yet.
    pub kept: Kept,
    /// What other parts of the station want recorded.
    pub postings: Receiver<Posting>,
    /// Whether nothing can be recorded; the scans show it.
    pub ledger_down: Arc<AtomicBool>,
    /// Signed checkpoints on their way to the second place, if there is one.
    pub checkpoints: Option<Sender<Vec<Vec<u8>>>>,
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
    /// Who bypassed what, why and under which permit.
    pub bypasses: BypassNotes,
    /// Simulation or live.
    pub env: Environment,
    /// Reads the clocks.
    pub clocks: ReadClocks,
    /// How often somebody moved the wall clock: the alarm desk tells.
    pub clock_steps: Arc<AtomicU64>,
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

/// Whether with this entry all forces were let go: a cold start.
pub fn is_cold_start(record: &Record) -> bool {
    record.what == "start" && record.why.starts_with("cold")
}

/// The forces that stand after these entries, by tag: a cold start lets go of all.
pub fn standing_forces(records: &[Record]) -> BTreeMap<String, Force> {
    let mut standing = BTreeMap::new();
    for record in records {
        match (record.what.as_str(), record.new_number()) {
            ("start", _) if is_cold_start(record) => standing.clear(),
            ("force", Some(value)) => {
                let force = Force {
                    tag: record.subject.clone(),
                    value,
                    since_ms: record.utc_ns / 1_000_000,
                    actor: record.who.name.clone(),
                    reason: record.why.clone(),
                };
                standing.insert(record.subject.clone(), force);
            }
            ("unforce", _) => {
                standing.remove(&record.subject);
            }
            _ => {}
        }
    }
    standing
}

/// Who an actor of the desk is.
fn actor_of(name: &str) -> Actor {
    let kind = match name.split_once(':') {
        Some(("script", _)) => ActorKind::Script,
        Some(("console", _)) => ActorKind::Person,
        Some(_) => ActorKind::Program,
        None if name == crate::play::ACTOR => ActorKind::Program,
        None => ActorKind::Person,
    };
    Actor::new(kind, name)
}

/// A record with the signatures under it: in the same hashed entry they can be neither
/// cut off nor moved to another (21 CFR 11.70).
pub fn signed(mut record: Record, signatures: &[Signed]) -> Record {
    record.who.second = signatures.get(1).map(|second| second.user.clone());
    if !signatures.is_empty() {
        let mut detail = record
            .detail
            .take()
            .unwrap_or_else(|| serde_json::json!({}));
        detail["signatures"] = serde_json::json!(signatures);
        record.detail = Some(detail);
    }
    record
}

/// The class of what people do among themselves.
fn note_class(what: &str) -> Class {
    match what {
        "sign-in" | "sign-out" | "lock" | "unlock" => Class::Login,
        SIMULATION => Class::Command,
        _ => Class::Access,
    }
}

/// The class of a refusal: failing to come is not a command.
fn refusal_class(code: RefusalCode) -> Class {
    match code {
        RefusalCode::NotProved | RefusalCode::TooMany | RefusalCode::PasswordNeeded => Class::Login,
        _ => Class::Command,
    }
}

/// How often the ledger is tended, and tried again while it is down.
const TEND_NS: i64 = 100_000_000;
const REOPEN_NS: i64 = 1_000_000_000;

/// What waits to be recorded together.
#[derive(Default)]
struct Waiting {
    orders: Vec<Order>,
    attempts: Vec<Attempt>,
    postings: Vec<Posting>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.attempts.is_empty() && self.postings.is_empty()
    }
}

/// Everything that waits, up to what one scan admits of commands.
fn drain<T>(into: &mut Vec<T>, from: &Receiver<T>) {
    while into.len() < limits::COMMANDS_PER_SCAN_MAX
        && let Ok(item) = from.try_recv()
    {
        into.push(item);
    }
}

impl Clerk {
    /// Works until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        let (mut tended, mut tried) = (0, 0);
        let mut watch = ClockWatch::new((self.clocks)());
        while !stop.load(Ordering::Acquire) {
            let mut waiting = Waiting::default();
            crossbeam::channel::select! {
                recv(self.orders) -> order => waiting.orders.extend(order),
                recv(self.attempts) -> attempt => waiting.attempts.extend(attempt),
                recv(self.postings) -> posting => waiting.postings.extend(posting),
                default(Duration::from_nanos(TEND_NS as u64)) => {}
            }
            drain(&mut waiting.orders, &self.orders);
            drain(&mut waiting.attempts, &self.attempts);
            drain(&mut waiting.postings, &self.postings);
            if !waiting.is_empty() {
                self.handle(waiting);
            }
            let now_ns = rt::monotonic_ns();
            if now_ns - tended >= TEND_NS {
                tended = now_ns;
                let may_reopen = now_ns - tried >= REOPEN_NS;
                if may_reopen {
                    tried = now_ns;
                }
                self.tend(now_ns, may_reopen);
                if let Some(step) = watch.look((self.clocks)()) {
                    self.clock_stepped(step);
                }
            }
        }
        // Nobody asks any more; what was tried and what happened is still written down.
        loop {
            let mut waiting = Waiting::default();
            drain(&mut waiting.attempts, &self.attempts);
            drain(&mut waiting.postings, &self.postings);
            if waiting.is_empty() {
                break;
            }
            self.handle(waiting);
        }
        self.write_kept();
        let _ = self
            .ledger
            .append(&mut [self.record(Class::System, "station", "stop")]);
        // Without it the next start finds a ledger that was not ended, and says so.
        let _ = self.ledger.stop();
        self.send_checkpoints();
    }

    /// Keeps the ledger in order, and gets it up again.
    fn tend(&mut self, now_ns: i64, may_reopen: bool) {
        if self.ledger.down().is_none() {
            // If it fails the ledger is down, which is told below.
            let _ = self.ledger.tend(now_ns as u64);
        } else if may_reopen {
            // Tried again in a second.
            let _ = self.ledger.reopen();
        }
        self.write_kept();
        self.tell_of_the_ledger();
        self.send_checkpoints();
    }

    fn write_kept(&mut self) {
        let gap = self.record(Class::System, "station", "gap");
        self.kept.write(&mut self.ledger, |count| Record {
            why: format!("not recorded while the ledger was down: {count}"),
            ..gap
        });
    }

    /// Somebody moved the clock: numbers keep the order of entries, and this says by how
    /// much their times are off from here on.
    fn clock_stepped(&mut self, step: Step) {
        self.clock_steps.fetch_add(1, Ordering::Relaxed);
        let said = |ns| Value::Text(signal::Utc(ns).to_string());
        let record = Record {
            old: Some(said(step.expected_ns)),
            new: Some(said(step.found_ns)),
            ..self.record(Class::System, "station", "clock-step")
        };
        if self.ledger.append(&mut [record.clone()]).is_err() {
            self.kept.keep(record);
        }
    }

    fn tell_of_the_ledger(&self) {
        let is_down = self.ledger.down().is_some();
        if self.ledger_down.swap(is_down, Ordering::AcqRel) == is_down {
            return;
        }
        let text = match self.ledger.down() {
            Some(why) => Text::new(
                format!("nothing can be recorded, commands are refused: {why}"),
                format!("操作记录不可用,命令一律拒绝:{why}"),
            ),
            None => Text::new("recording of commands goes on", "操作记录已恢复"),
        };
        self.hub.add_event(Event {
            seq: 0,
            utc_ms: rt::utc_ns() / 1_000_000,
            kind: EventKind::System,
            tag: None,
            actor: "station".into(),
            text,
        });
    }

    fn send_checkpoints(&mut self) {
        let frames = self.ledger.take_checkpoints();
        if let Some(checkpoints) = &self.checkpoints
            && !frames.is_empty()
        {
            // One that does not arrive is spoken for by the next.
            let _ = checkpoints.try_send(frames);
        }
    }

    fn record(&self, class: Class, actor: &str, what: &str) -> Record {
        Record {
            utc_ns: rt::utc_ns(),
            offset_min: rt::utc_offset_min(),
            env: env_word(self.env).to_string(),
            class,
            who: match actor {
                "station" => Actor::system(actor),
                _ => actor_of(actor),
            },
            what: what.to_string(),
            ..Record::default()
        }
    }

    fn record_of(&self, order: &Order) -> Record {
        let (class, what, old, new) = match &order.ask {
            Ask::Note { what } => (note_class(what), what.as_str(), None, None),
            Ask::Write { value, old, .. } => (Class::Command, "write", Some(*old), Some(*value)),
            Ask::Bypass { value, old, .. } => {
                let what = if *value == 0.0 { "unbypass" } else { "bypass" };
                (Class::Bypass, what, Some(*old), Some(*value))
            }
            Ask::Force { value, old, .. } => (Class::Bypass, "force", Some(*old), Some(*value)),
            Ask::Unforce { .. } => (Class::Bypass, "unforce", None, None),
            Ask::Adopt { .. } => (Class::Change, "edition", None, None),
            Ask::RollBack => (Class::Change, "edition-back", None, None),
        };
        // A text is known by its digest: which one was to take over is part of the record.
        let (old, new) = match &order.ask {
            Ask::Adopt { digest: Some(new) } => (
                Some(Value::Text(self.changer.digest())),
                Some(Value::Text(new.clone())),
            ),
            _ => (old.map(Value::from), new.map(Value::from)),
        };
        let detail = match &order.ask {
            Ask::Bypass { permit, .. } if !permit.is_empty() => {
                Some(serde_json::json!({ "permit": permit }))
            }
            _ => None,
        };
        let record = Record {
            detail,
            ..self.record(class, &order.actor, what)
        };
        Record {
            subject: order.subject.clone(),
            old,
            new,
            why: order.reason.clone(),
            ..signed(record, &order.signatures)
        }
    }

    fn record_of_attempt(&self, attempt: &Attempt) -> Record {
        Record {
            subject: attempt.tag.clone().unwrap_or_default(),
            new: attempt.value.map(Value::from),
            why: attempt.refusal.en.clone(),
            ..self.record(
                refusal_class(attempt.refusal.code),
                &attempt.actor,
                "refused",
            )
        }
    }

    /// Records all that waits with one sync, then lets each order go.
    fn handle(&mut self, waiting: Waiting) {
        let Waiting {
            orders,
            attempts,
            postings,
        } = waiting;
        let mut records: Vec<Record> = orders.iter().map(|order| self.record_of(order)).collect();
        records.extend(
            attempts
                .iter()
                .map(|attempt| self.record_of_attempt(attempt)),
        );
        let asked = records.len() as u64;
        for posting in &postings {
            records.extend(posting.entries.iter().cloned());
        }
        let recorded = append(&mut self.ledger, &mut records);
        let first = recorded.as_ref().ok().copied();
        let why = recorded.err().map(|error| error.to_string());
        if why.is_some() {
            self.keep(&attempts, &postings);
        }
        self.answer(postings, first.map(|first| first + asked), why.as_deref());
        self.obey(orders, why.as_deref());
        for attempt in attempts {
            self.hub.add_event(Event {
                seq: 0,
                utc_ms: attempt.utc_ns / 1_000_000,
                kind: EventKind::Refused,
                tag: attempt.tag,
                actor: attempt.actor,
                text: Text::new(attempt.refusal.en, attempt.refusal.zh),
            });
        }
        self.tell_of_the_ledger();
    }

    /// Keeps what has happened although it could not be recorded.
    fn keep(&mut self, attempts: &[Attempt], postings: &[Posting]) {
        for attempt in attempts {
            self.kept.keep(self.record_of_attempt(attempt));
        }
        // Who waits for an answer does nothing without a record.
        for posting in postings.iter().filter(|posting| posting.answer.is_none()) {
            for entry in &posting.entries {
                self.kept.keep(entry.clone());
            }
        }
    }

    fn answer(&self, postings: Vec<Posting>, first: Option<u64>, why: Option<&str>) {
        let mut next = first;
        for posting in postings {
            let count = posting.entries.len() as u64;
            let recorded = next.ok_or_else(|| Unrecorded::JournalDown {
                why: why.unwrap_or_default().to_string(),
            });
            next = next.map(|next| next + count);
            if let Some(answer) = posting.answer {
                // Who asked may have gone; the record stands.
                let _ = answer.send(recorded);
            }
        }
    }

    /// Lets recorded orders go; without a record (`why` says the reason) none.
    fn obey(&mut self, orders: Vec<Order>, why: Option<&str>) {
        let mut refused = Vec::new();
        let mut results = Vec::new();
        for order in &orders {
            let result = match why {
                Some(why) => Err(Refusal::journal_down(why)),
                None => self.act(order),
            };
            if let Err(refusal) = &result {
                // The record says what was asked; it must not read as if it was done.
                refused.push(Record {
                    subject: order.subject.clone(),
                    why: refusal.en.clone(),
                    ..self.record(Class::Command, &order.actor, "refused")
                });
            }
            results.push(result);
        }
        // A refusal that cannot be recorded yet is still a refusal.
        if !refused.is_empty() && (why.is_some() || append(&mut self.ledger, &mut refused).is_err())
        {
            refused
                .into_iter()
                .for_each(|record| self.kept.keep(record));
        }
        for (order, result) in orders.into_iter().zip(results) {
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
        match &order.ask {
            &Ask::Write { handle, value, .. } => self.write(handle, value)?,
            &Ask::Bypass {
                handle,
                value,
                ref permit,
                ..
            } => {
                self.write(handle, value)?;
                if value != 0.0 {
                    note(&self.bypasses, order, permit, rt::utc_ns() / 1_000_000);
                }
            }
            &Ask::Force { handle, value, .. } => {
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
            &Ask::Unforce { handle } => {
                self.admit(handle, |place, _| Some(Entry::Unforce { slot: place.slot }))?;
            }
            // Its record is all there is to it.
            Ask::Note { .. } => {}
            Ask::Adopt { digest } => {
                self.taken()?;
                let adopted = self.changer.adopt_folder(digest.as_deref());
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

    fn write(&mut self, handle: u32, value: f64) -> Result<(), Refusal> {
        self.admit(handle, |place, bits| {
            let (slot, is_request) = place.write?;
            let bits = bits(value);
            Some(if is_request {
                Entry::Request { slot, bits }
            } else {
                Entry::Write { slot, bits }
            })
        })
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
        // What is done to the simulated process is told when it is done.
        if result.is_ok() && matches!(&order.ask, Ask::Note { what } if what == SIMULATION) {
            return;
        }
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
            (Ok(_), Ask::Bypass { value, .. }) if *value == 0.0 => (
                EventKind::Command,
                format!("{}: bypass ended", order.subject),
                format!("{} 解除旁路", order.subject),
            ),
            (Ok(_), Ask::Bypass { permit, .. }) => (
                EventKind::Command,
                format!("{} bypassed {permit}", order.subject)
                    .trim_end()
                    .to_string(),
                format!("{} 投用旁路 {permit}", order.subject)
                    .trim_end()
                    .to_string(),
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
            (Ok(_), Ask::Adopt { .. } | Ask::RollBack) => (
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
}

#[cfg(test)]
mod tests;
