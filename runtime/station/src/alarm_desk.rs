//! The alarm desk: the thread that owns the annunciator. Conditions come from the
//! chronicle, deeds from people; steps go to the ledger, the list to the desk.
//!
//! What people ask is recorded before it is done, and its outcome before it is answered.
//! What the plant does is recorded as it happens; while the ledger cannot take it, it
//! waits here, and what does not fit is counted and said.

use crate::annunciator::{Annunciator, DeedRefusal, Step, own};
use crate::chronicle::{At, Changed};
use crate::clerk::{env_word, signed};
use crate::figures::{SharedRules, drift_entry};
use crate::ledger_sender::{LedgerSender, Unrecorded};
use crate::rt;
use alarm::drift::{Drift, limit_tag};
use alarm::{Rationale, Saved, Settings, Stamp};
use crossbeam::channel::{Receiver, Sender, bounded};
use gateway::alarms::{AlarmCommand, AlarmDeed};
use gateway::desk::{Environment, Receipt, Refusal, RefusalCode};
use gateway::order::AlarmOrder;
use gateway::{Desk, Hub};
use journal::ledger::{Actor, Class, Entry, Value};
use people::Signed;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Scans whose conditions may wait.
const CONDITIONS_WAITING_MAX: usize = 65_536;
/// Steps that may wait for the ledger.
const UNWRITTEN_MAX: usize = 200_000;
/// Steps recorded at a time.
const STEPS_AT_A_TIME: usize = 1_024;
/// Time between two looks at time, list and ledger.
const TICK: Duration = Duration::from_millis(100);
/// Time between two saves of a book that changes.
const SAVE_EVERY_NS: i64 = 5_000_000_000;
/// Time between two looks at the disk.
const LOOK_EVERY_NS: i64 = 30_000_000_000;
/// Time between two comparisons of what runs with the master alarm database.
const COMPARE_EVERY_NS: i64 = 5_000_000_000;
/// Free space below which the disk alarm comes: a day of records of a busy plant. A
/// product default.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// File of the saved book.
const SAVED: &str = "alarms.json";

/// The alarms of an edition with the handles of its tags.
#[derive(Clone, Debug, Default)]
pub struct Roll {
    /// Number of the edition.
    pub edition: u64,
    /// Their records.
    pub rationales: Arc<[Rationale]>,
    /// What the site has edited.
    pub settings: Settings,
    /// Handle of each tag.
    pub handles: BTreeMap<String, u32>,
}

impl Roll {
    /// The alarms of a plant.
    pub fn of(plant: &plant::Plant, directory: &gateway::desk::Directory) -> Roll {
        let tags = directory.tags.iter();
        Roll {
            edition: directory.edition.number,
            rationales: plant.rationales().into(),
            settings: plant.alarm_settings(),
            handles: tags.map(|tag| (tag.name.clone(), tag.handle)).collect(),
        }
    }

    /// Bools that alarms and their suppression read, each with the points that are
    /// watched by alarms of it and their limits, as handles.
    pub fn conditions(&self) -> BTreeMap<u32, Vec<u32>> {
        let mut conditions: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let handle = |name: &str| self.handles.get(name).copied();
        for record in self.rationales.iter() {
            if let Some(tag) = handle(&record.tag) {
                let points = conditions.entry(tag).or_default();
                points.extend(handle(&record.point));
                points.extend(limit_tag(record).and_then(|limit| handle(&limit)));
            }
        }
        let book = alarm::Book::new(self.rationales.clone(), self.settings.clone());
        for tag in book.input_tags() {
            if let Some(tag) = handle(tag) {
                conditions.entry(tag).or_default();
            }
        }
        conditions
    }
}

/// What the chronicle tells.
#[derive(Clone, Debug)]
pub enum Told {
    /// Conditions that changed in a scan, with the values beside them.
    Scan {
        /// Where and when.
        at: At,
        /// Tags that changed.
        changed: Vec<Changed>,
        /// Value of each point that an alarm of these tags watches, by handle.
        values: Vec<(u32, f64)>,
    },
    /// Another edition.
    Edition(Box<Roll>),
    /// The condition of one of the station's own alarms.
    Own {
        /// Name of the alarm.
        alarm: &'static str,
        /// Whether it stands.
        active: bool,
    },
}

/// The chronicle's end.
#[derive(Clone)]
pub struct Teller {
    told: Sender<Told>,
    lost: Arc<AtomicU64>,
}

impl Teller {
    /// Tells; what does not fit is lost and counted. Whether it fitted.
    pub fn tell(&self, told: Told) -> bool {
        let is_told = self.told.try_send(told).is_ok();
        if !is_told {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        is_told
    }

    /// What was lost so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// A way from the chronicle to the alarm desk.
pub fn teller() -> (Teller, Receiver<Told>) {
    let (told, out) = bounded(CONDITIONS_WAITING_MAX);
    let lost = Arc::default();
    (Teller { told, lost }, out)
}

/// Hears of each step of an alarm.
pub type Listener = Box<dyn FnMut(&Step, &Rationale) + Send>;

/// The alarm desk.
pub struct AlarmDesk {
    /// The desk.
    pub hub: Arc<Hub>,
    /// From the chronicle.
    pub told: Receiver<Told>,
    /// The chronicle's end: knows what did not fit.
    pub teller: Teller,
    /// From people.
    pub deeds: Receiver<AlarmOrder>,
    /// To the ledger.
    pub ledger: LedgerSender,
    /// Whether nothing can be recorded.
    pub ledger_down: Arc<AtomicBool>,
    /// Whether recording of the run has failed.
    pub recording_down: Arc<AtomicBool>,
    /// How often somebody moved the wall clock.
    pub clock_steps: Arc<AtomicU64>,
    /// Number of the edition whose alarms these are.
    pub edition: u64,
    /// What key figures rest on, shared with those who compute them.
    pub rules: SharedRules,
    /// Whether the second place of checkpoints takes nothing, or differs.
    pub second_place_down: Arc<AtomicBool>,
    /// Simulation or live.
    pub env: Environment,
    /// Folder of the saved book.
    pub folder: PathBuf,
    /// Who else hears of each step: outgoing messages.
    pub listeners: Vec<Listener>,
}

/// A book as saved.
#[derive(Serialize, Deserialize)]
struct Kept {
    book: Saved,
}

/// The steps that a ledger holds, in the order of its entries.
pub fn steps_of(entries: &[Entry]) -> Vec<Step> {
    let alarms = entries.iter().filter(|entry| entry.class == Class::Alarm);
    alarms
        .filter_map(|entry| serde_json::from_value(entry.detail.clone()?).ok())
        .collect()
}

/// Reads the book as it was saved last; none at the first start or if it cannot be read.
pub fn saved(folder: &Path) -> Option<Saved> {
    let text = std::fs::read(folder.join(SAVED)).ok()?;
    let kept: Kept = serde_json::from_slice(&text).ok()?;
    Some(kept.book)
}

/// An annunciator as it was left: the saved book, and the steps of the ledger since.
pub fn resumed(roll: &Roll, saved: Option<&Saved>, since: Vec<Step>) -> Annunciator {
    let mut ours = annunciator(roll);
    let nothing = ours.save(Stamp::default());
    // Of another version: every alarm begins anew and is told its condition at once.
    let _ = ours.restore(saved.unwrap_or(&nothing), since);
    ours
}

fn annunciator(roll: &Roll) -> Annunciator {
    Annunciator::new(roll.rationales.clone(), roll.settings.clone(), |name| {
        roll.handles.get(name).copied()
    })
}

fn now() -> Stamp {
    Stamp {
        scan: 0,
        utc_ns: rt::utc_ns(),
    }
}

/// State of the thread.
struct Work {
    desk: AlarmDesk,
    ours: Annunciator,
    unwritten: VecDeque<Step>,
    lost: u64,
    saved_ns: i64,
    is_unsaved: bool,
    looked_ns: i64,
    /// Conditions known not to have been told.
    untold: u64,
    compared_ns: i64,
    drifts: Vec<Drift>,
    /// Steps of the clock known.
    clock_steps: u64,
    /// Whether nobody keeps the clock right.
    is_clock_free: bool,
}

impl AlarmDesk {
    /// Works until `stop` is set.
    pub fn run(self, ours: Annunciator, stop: &AtomicBool) {
        let mut work = Work::new(self, ours);
        work.desk.hub.set_guidance(work.ours.guidance());
        let mut ticked = 0;
        while !stop.load(Ordering::Acquire) {
            crossbeam::channel::select! {
                recv(work.desk.told) -> told => if let Ok(told) = told { work.hear(told) },
                recv(work.desk.deeds) -> order => if let Ok(order) = order { work.order(order) },
                default(TICK) => {}
            }
            let now_ns = rt::monotonic_ns();
            if now_ns - ticked >= TICK.as_nanos() as i64 {
                ticked = now_ns;
                work.tick();
            }
        }
        while let Ok(told) = work.desk.told.try_recv() {
            work.hear(told);
        }
        work.tick();
        work.save();
    }
}

impl Work {
    fn new(desk: AlarmDesk, ours: Annunciator) -> Work {
        Work {
            desk,
            ours,
            unwritten: VecDeque::new(),
            lost: 0,
            saved_ns: 0,
            is_unsaved: true,
            looked_ns: 0,
            untold: 0,
            compared_ns: 0,
            drifts: Vec::new(),
            clock_steps: 0,
            is_clock_free: false,
        }
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Scan {
                at,
                changed,
                values,
            } => {
                let value = |handle: u32| {
                    let found = values.iter().find(|(known, _)| *known == handle);
                    found.map(|(_, value)| *value)
                };
                self.ours.take(&at, &changed, &value);
            }
            Told::Edition(roll) => {
                self.ours.adopt(
                    roll.rationales.clone(),
                    roll.settings.clone(),
                    |name| roll.handles.get(name).copied(),
                    now(),
                );
                self.desk.hub.set_guidance(self.ours.guidance());
                self.desk.edition = roll.edition;
                self.desk.rules.set(&roll.settings);
            }
            Told::Own { alarm, active } => self.ours.tell(alarm, active, now()),
        }
        self.collect();
    }

    /// Takes new steps to those who hear of them, and to be written.
    fn collect(&mut self) {
        for step in self.ours.steps() {
            self.tell_listeners(&step);
            if self.unwritten.len() >= UNWRITTEN_MAX {
                self.lost += 1;
                continue;
            }
            self.unwritten.push_back(step);
        }
    }

    fn tell_listeners(&mut self, step: &Step) {
        self.is_unsaved = true;
        let records = self.ours.book().rationales().clone();
        if let Some(record) = records.get(step.transition.alarm.at()) {
            for listener in &mut self.desk.listeners {
                listener(step, record);
            }
        }
    }

    /// What no scan can see.
    fn surroundings(&mut self) {
        let down = self.desk.ledger_down.load(Ordering::Acquire);
        self.ours.tell(own::JOURNAL_DOWN, down, now());
        let gap = self.desk.recording_down.load(Ordering::Acquire);
        self.ours.tell(own::RECORDING_GAP, gap, now());
        self.desk.hub.set_part("ledger", !down, "");
        self.desk.hub.set_part("recording", !gap, "");
        let second = self.desk.second_place_down.load(Ordering::Acquire);
        self.ours.tell(own::SECOND_PLACE, second, now());
        let untold = self.desk.teller.lost();
        if untold > self.untold {
            let why = format!("{} scans' conditions did not fit", untold - self.untold);
            self.untold = untold;
            // It has happened and is over: what stays is to be acknowledged.
            self.ours.tell(own::LOST, true, now());
            self.ours.tell(own::LOST, false, now());
            // With a ledger that is down the alarm alone tells.
            let _ = self.desk.ledger.post(vec![self.entry("gap", "", &why)]);
        }
        let now_ns = rt::monotonic_ns();
        if now_ns - self.compared_ns >= COMPARE_EVERY_NS {
            self.compared_ns = now_ns;
            self.compare();
        }
        let steps = self.desk.clock_steps.load(Ordering::Relaxed);
        if steps > self.clock_steps {
            self.clock_steps = steps;
            // The step is over; what stays is to be acknowledged.
            self.ours.tell(own::CLOCK_UNSYNCHRONISED, true, now());
            let stays = self.is_clock_free;
            self.ours.tell(own::CLOCK_UNSYNCHRONISED, stays, now());
        }
        if now_ns - self.looked_ns >= LOOK_EVERY_NS {
            self.looked_ns = now_ns;
            // What is simulated needs no time server.
            let is_live = self.desk.env == Environment::Live;
            self.is_clock_free = is_live && rt::is_clock_kept() == Some(false);
            let stands = self.is_clock_free;
            self.ours.tell(own::CLOCK_UNSYNCHRONISED, stands, now());
            if let Some(free) = rt::free_bytes(&self.desk.folder) {
                let is_low = free < FREE_BYTES_MIN;
                self.ours.tell(own::DISK_LOW, is_low, now());
                let note = format!("{} MiB", free >> 20);
                self.desk.hub.set_part("disk", !is_low, &note);
            }
        }
    }

    /// Holds what runs against the master alarm database; a difference is an alarm, and a
    /// record that names it.
    fn compare(&mut self) {
        let hub = &self.desk.hub;
        let is_ours = || hub.directory().edition.number == self.desk.edition;
        let was_ours = is_ours();
        let image = hub.snapshot();
        // Between two editions nothing can be compared.
        if image.cells.is_empty() || !was_ours || !is_ours() {
            return;
        }
        let drifts = self.ours.drifts(|tag| {
            let cell = image.cells.get(hub.handle(tag)? as usize)?;
            (!cell.quality.is_bad()).then_some(cell.value)
        });
        let stood = self.ours.stands(own::DRIFT);
        if drifts != self.drifts || drifts.is_empty() == stood {
            let entry = self.entry("drift", "", "");
            // With a ledger that is down it is compared again.
            if self
                .desk
                .ledger
                .post(vec![drift_entry(entry, &drifts)])
                .is_err()
            {
                return;
            }
            self.ours.tell(own::DRIFT, !drifts.is_empty(), now());
        }
        self.drifts = drifts;
    }

    fn tick(&mut self) {
        self.surroundings();
        self.ours.tick(now());
        self.collect();
        self.write();
        let now_ns = rt::utc_ns();
        for flood in self.ours.floods() {
            let what = if flood.begins {
                "flood begins"
            } else {
                "flood ends"
            };
            let why = format!("{} alarms", flood.alarms);
            // The clerk keeps it while the ledger is down.
            let _ = self.desk.ledger.post(vec![self.entry(what, "", &why)]);
        }
        if let Some(list) = self.ours.list(now_ns) {
            self.desk.hub.set_alarms(list);
        }
        if self.is_unsaved && now_ns - self.saved_ns >= SAVE_EVERY_NS {
            self.save();
        }
    }

    /// Hands the steps that wait to the ledger, in their order.
    fn write(&mut self) {
        if self.desk.ledger_down.load(Ordering::Acquire) {
            return;
        }
        while !self.unwritten.is_empty() {
            let count = self.unwritten.len().min(STEPS_AT_A_TIME);
            let steps: Vec<Step> = self.unwritten.drain(..count).collect();
            let entries = steps.iter().map(|step| self.entry_of(step)).collect();
            if self.desk.ledger.post(entries).is_err() {
                for step in steps.into_iter().rev() {
                    self.unwritten.push_front(step);
                }
                return;
            }
        }
        if self.lost > 0 {
            let why = format!("{} steps of alarms were not recorded", self.lost);
            if self
                .desk
                .ledger
                .post(vec![self.entry("gap", "", &why)])
                .is_ok()
            {
                self.lost = 0;
            }
        }
    }

    fn entry(&self, what: &str, subject: &str, why: &str) -> Entry {
        Entry {
            class: Class::Alarm,
            offset_min: rt::utc_offset_min(),
            ..Entry::system(rt::utc_ns(), env_word(self.desk.env), what, subject, why)
        }
    }

    fn entry_of(&self, step: &Step) -> Entry {
        let transition = &step.transition;
        let name = transition.who.name();
        Entry {
            utc_ns: transition.at.utc_ns,
            scan: (transition.at.scan > 0).then_some(transition.at.scan),
            who: match name {
                "" => Actor::system("station"),
                name => Actor::person(name),
            },
            old: Some(Value::from(transition.from.word())),
            new: Some(Value::from(transition.to.word())),
            detail: serde_json::to_value(step).ok(),
            ..self.entry(
                transition.event.word(),
                &transition.name,
                &transition.reason,
            )
        }
    }

    fn order(&mut self, order: AlarmOrder) {
        let result = self.obey(&order.command, &order.signatures);
        // Who asked may have gone; the record stands.
        let _ = order.answer.send(result);
        let now_ns = rt::utc_ns();
        if let Some(list) = self.ours.list(now_ns) {
            self.desk.hub.set_alarms(list);
        }
    }

    /// Records what is asked, does it, records what came of it.
    fn obey(&mut self, command: &AlarmCommand, signatures: &[Signed]) -> Result<Receipt, Refusal> {
        let at = now();
        if command.deed != AlarmDeed::Silence {
            let permitted = self.ours.permits(command, at).map_err(|why| refusal(&why));
            if let Err(refusal) = &permitted {
                let mut entry = self.asked(command, &command.alarms.join(" "));
                entry.what = "refused".to_string();
                entry.why.clone_from(&refusal.en);
                // A refusal that cannot be recorded is still a refusal.
                let _ = self.desk.ledger.post(vec![entry]);
            }
            permitted?;
        }
        // Steps of the plant stand in the ledger before those of people that answer them.
        self.collect();
        self.write();
        let subjects: Vec<&str> = match command.alarms.len() {
            0 => vec![""],
            _ => command.alarms.iter().map(String::as_str).collect(),
        };
        let asked = subjects.iter();
        let asked = asked.map(|subject| signed(self.asked(command, subject), signatures));
        let recorded = self.desk.ledger.record(asked.collect());
        recorded.map_err(|why| unrecorded(&why))?;
        let done = self.ours.act(command, at);
        let steps = done.map_err(|why| refusal(&why))?;
        for step in &steps {
            self.tell_listeners(step);
        }
        let entries: Vec<Entry> = steps.iter().map(|step| self.entry_of(step)).collect();
        if !entries.is_empty()
            && let Err(why) = self.desk.ledger.record(entries)
        {
            // Done, but the outcome is not on record yet: it will be, before anything else.
            self.unwritten.extend(steps);
            return Err(unrecorded(&why));
        }
        Ok(Receipt {
            id: command.id.clone(),
            utc_ns: at.utc_ns,
            scan: None,
        })
    }

    fn asked(&self, command: &AlarmCommand, subject: &str) -> Entry {
        Entry {
            class: Class::Command,
            who: Actor::person(&*command.actor),
            ..self.entry(word(&command.deed), subject, &command.reason)
        }
    }

    fn save(&mut self) {
        self.saved_ns = rt::utc_ns();
        let kept = Kept {
            book: self.ours.save(now()),
        };
        let Ok(text) = serde_json::to_vec(&kept) else {
            return;
        };
        // The ledger has every step: a book that cannot be saved costs a longer start.
        let written = journal::replace_file(&self.desk.folder.join(SAVED), &text);
        self.is_unsaved = written.is_err();
    }
}

const fn word(deed: &AlarmDeed) -> &'static str {
    match deed {
        AlarmDeed::Acknowledge => "alarm acknowledge",
        AlarmDeed::Reset => "alarm reset",
        AlarmDeed::Shelve { .. } => "alarm shelve",
        AlarmDeed::Unshelve => "alarm unshelve",
        AlarmDeed::OutOfService => "alarm out of service",
        AlarmDeed::ReturnToService => "alarm return to service",
        AlarmDeed::Silence => "horn silence",
    }
}

fn refusal(why: &DeedRefusal) -> Refusal {
    match why {
        DeedRefusal::Unknown { alarm } => Refusal::new(
            RefusalCode::UnknownTag,
            format!("there is no alarm {alarm}"),
            format!("没有报警 {alarm}"),
        ),
        DeedRefusal::Refused { alarm, why } => Refusal::new(
            RefusalCode::NotPermitted,
            format!("{alarm}: {why}"),
            format!("{alarm}:当前状态不允许({why})"),
        ),
        DeedRefusal::Nothing => Refusal::new(
            RefusalCode::Malformed,
            "name at least one alarm",
            "请至少指定一条报警",
        ),
    }
}

fn unrecorded(why: &Unrecorded) -> Refusal {
    match why {
        Unrecorded::JournalDown { why } => Refusal::journal_down(why),
        why @ (Unrecorded::Busy | Unrecorded::NoAnswer) => Refusal::journal_down(why),
    }
}

#[cfg(test)]
mod tests;
