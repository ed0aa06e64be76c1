//! The desk in memory: filled by the station, asked by clients.

mod alarms;
mod parts;
mod people;
mod simulation;

use crate::alarms::{
    AlarmCommand, AlarmGuidance, AlarmList, RecordPage, RecordQuery, SequenceRow, TripRecord,
};
use crate::bypass::Bypass;
use crate::counter::{Counter, People, Person, Wish};
use crate::desk::{
    Answered, Attempt, Change, Command, Desk, Directory, DriverHealth, Event, Force, Forcing,
    OnlyWhen, Receipt, Refusal, RefusalCode, Snapshot, Submission, Tag, TagKind, TaskTiming, Trend,
    TrendQuery, Writable,
};
use crate::history::History;
use crate::order::{Ask, Order};
use crate::parts::Part;
use crate::simulator::{Simulation, SimulationDeed, Simulator};
use ::people::Signed;
use alarms::AlarmDesk;
pub use alarms::{AlarmIntake, Receipts};
use arc_swap::ArcSwap;
use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
pub use simulation::SIMULATION;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::oneshot;

/// Orders that may wait for the clerk.
pub const ORDERS_WAITING_MAX: usize = 256;
/// Events kept for clients that come later.
pub const EVENTS_KEPT_MAX: usize = 2_000;
/// Edges of the sequence of events kept for clients that come later.
pub const SEQUENCE_KEPT_MAX: usize = 5_000;
/// Trips kept for clients that come later.
pub const TRIPS_KEPT_MAX: usize = 32;
/// Edges given in one answer.
const SEQUENCE_ANSWER_MAX: usize = 500;
/// Refused attempts that wait for the record.
const ATTEMPTS_WAITING_MAX: usize = 1_024;

/// Names and what may be done with them, for one edition.
struct Known {
    directory: Arc<Directory>,
    handles: BTreeMap<String, u32>,
    /// Whether people may force a tag, by handle.
    forceable: Vec<bool>,
}

/// Reads trends that reach further back than memory; none if it cannot now.
pub type LongTrend = Box<dyn Fn(&TrendQuery) -> Option<Trend> + Send + Sync>;

/// Compares what runs with the text as it is now; JSON.
pub type Compare = Box<dyn Fn() -> String + Send + Sync>;

/// The desk. One for a station; clients share it.
pub struct Hub {
    known: ArcSwap<Known>,
    snapshot: ArcSwap<Snapshot>,
    timing: ArcSwap<Vec<TaskTiming>>,
    drivers: ArcSwap<Vec<DriverHealth>>,
    forces: ArcSwap<Vec<Force>>,
    bypasses: ArcSwap<Vec<Bypass>>,
    parts: Mutex<Vec<Part>>,
    history: Mutex<History>,
    simulator: OnceLock<Arc<dyn Simulator>>,
    events: Mutex<VecDeque<Event>>,
    sequence: Mutex<VecDeque<SequenceRow>>,
    trips: Mutex<VecDeque<Arc<TripRecord>>>,
    alarms: AlarmDesk,
    long_trend: OnceLock<LongTrend>,
    /// One comparison at a time: it reads the whole text.
    compare: OnceLock<Arc<Mutex<Compare>>>,
    pace: OnceLock<Box<dyn Fn() -> f64 + Send + Sync>>,
    orders: Sender<Order>,
    attempts: Sender<Attempt>,
    counter: OnceLock<Arc<Counter>>,
    now: Box<dyn Fn() -> i64 + Send + Sync>,
}

/// The station's ends of the hub.
pub struct Intake {
    /// Orders that passed the desk's checks.
    pub orders: Receiver<Order>,
    /// Attempts that did not, for the record.
    pub attempts: Receiver<Attempt>,
    /// What is asked of alarms and records.
    pub alarms: AlarmIntake,
}

/// Adds the newest; the oldest goes if there are too many.
fn push_bounded<T>(list: &Mutex<VecDeque<T>>, newest: T, at_most: usize) {
    let mut list = lock(list);
    if list.len() >= at_most {
        list.pop_front();
    }
    list.push_back(newest);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A reader that panicked has not half-written anything here.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// An empty desk; `now` tells server time in nanoseconds since 1970.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> (Arc<Hub>, Intake) {
        let (orders, orders_out) = bounded(ORDERS_WAITING_MAX);
        let (attempts, attempts_out) = bounded(ATTEMPTS_WAITING_MAX);
        let (alarms, alarm_intake) = AlarmDesk::new();
        let hub = Hub {
            known: ArcSwap::from_pointee(Known {
                directory: Arc::new(Directory::empty()),
                handles: BTreeMap::new(),
                forceable: Vec::new(),
            }),
            snapshot: ArcSwap::from_pointee(Snapshot {
                scan: 0,
                utc_ns: 0,
                cells: Vec::new(),
            }),
            timing: ArcSwap::from_pointee(Vec::new()),
            drivers: ArcSwap::from_pointee(Vec::new()),
            forces: ArcSwap::from_pointee(Vec::new()),
            bypasses: ArcSwap::from_pointee(Vec::new()),
            parts: Mutex::new(Vec::new()),
            history: Mutex::new(History::new(0, 1, 1)),
            simulator: OnceLock::new(),
            events: Mutex::new(VecDeque::new()),
            sequence: Mutex::new(VecDeque::new()),
            trips: Mutex::new(VecDeque::new()),
            alarms,
            long_trend: OnceLock::new(),
            compare: OnceLock::new(),
            pace: OnceLock::new(),
            orders,
            attempts,
            counter: OnceLock::new(),
            now: Box::new(now),
        };
        let intake = Intake {
            orders: orders_out,
            attempts: attempts_out,
            alarms: alarm_intake,
        };
        (Arc::new(hub), intake)
    }

    /// Takes a new edition's names. History begins anew, and there is no image until
    /// the edition brings its first.
    pub fn set_directory(&self, directory: Directory, forceable: Vec<bool>, history: History) {
        let handles = directory
            .tags
            .iter()
            .map(|tag| (tag.name.clone(), tag.handle))
            .collect();
        let mut kept = lock(&self.history);
        *kept = history;
        let before = self.snapshot.load();
        self.snapshot.store(Arc::new(Snapshot {
            scan: before.scan,
            utc_ns: before.utc_ns,
            cells: Vec::new(),
        }));
        self.known.store(Arc::new(Known {
            directory: Arc::new(directory),
            handles,
            forceable,
        }));
    }

    /// Takes a new image of edition `edition`; every so often it becomes history. An
    /// image of another edition than the directory's is dropped: its cells are in
    /// another order.
    pub fn set_snapshot(&self, edition: u64, snapshot: Snapshot) {
        let mut history = lock(&self.history);
        if self.known.load().directory.edition.number != edition {
            return;
        }
        history.take(&snapshot);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Takes new timing.
    pub fn set_timing(&self, timing: Vec<TaskTiming>) {
        self.timing.store(Arc::new(timing));
    }

    /// Takes new health.
    pub fn set_drivers(&self, drivers: Vec<DriverHealth>) {
        self.drivers.store(Arc::new(drivers));
    }

    /// Takes the list of forced values.
    pub fn set_forces(&self, forces: Vec<Force>) {
        self.forces.store(Arc::new(forces));
    }

    /// Takes the list of bypasses.
    pub fn set_bypasses(&self, bypasses: Vec<Bypass>) {
        self.bypasses.store(Arc::new(bypasses));
    }

    /// Adds an event; its number is given here.
    pub fn add_event(&self, mut event: Event) {
        let mut events = lock(&self.events);
        event.seq = events.back().map_or(1, |last| last.seq + 1);
        if events.len() == EVENTS_KEPT_MAX {
            events.pop_front();
        }
        events.push_back(event);
    }

    /// Takes the simulated process; the first one stays.
    pub fn set_simulator(&self, simulator: Arc<dyn Simulator>) {
        let _ = self.simulator.set(simulator);
    }

    /// Adds an edge to the sequence of events.
    pub fn add_sequence(&self, row: SequenceRow) {
        push_bounded(&self.sequence, row, SEQUENCE_KEPT_MAX);
    }

    /// Adds the record of a trip, in the order of their times: those of a run before may
    /// be read after the first one of this.
    pub fn add_trip(&self, record: Arc<TripRecord>) {
        let mut trips = lock(&self.trips);
        let at = trips.partition_point(|known| known.utc_ms <= record.utc_ms);
        trips.insert(at, record);
        if trips.len() > TRIPS_KEPT_MAX {
            trips.pop_front();
        }
    }

    /// Where trends come from that reach further back than memory. Once.
    pub fn set_long_trend(&self, read: LongTrend) {
        // A second one has nothing to add.
        let _ = self.long_trend.set(read);
    }

    /// Where receipts of messages go. Once.
    pub fn set_receipts(&self, take: Receipts) {
        self.alarms.set_receipts(take);
    }

    /// How what runs is compared with the text as it is now. Once.
    pub fn set_compare(&self, compare: Compare) {
        // A second one has nothing to add.
        let _ = self.compare.set(Arc::new(Mutex::new(compare)));
    }

    /// Who tells how fast the plant's time goes, in a simulation. Once.
    pub fn set_pace(&self, pace: Box<dyn Fn() -> f64 + Send + Sync>) {
        // A second one has nothing to add.
        let _ = self.pace.set(pace);
    }

    /// Takes a new alarm list.
    pub fn set_alarms(&self, list: AlarmList) {
        self.alarms.set_list(list);
    }

    /// Takes the rationalisation records of an edition, by alarm.
    pub fn set_guidance(&self, guidance: BTreeMap<String, AlarmGuidance>) {
        self.alarms.set_guidance(guidance);
    }

    /// Handle of a tag.
    pub fn handle(&self, name: &str) -> Option<u32> {
        self.known.load().handles.get(name).copied()
    }

    fn send(
        &self,
        order: Order,
        wait: oneshot::Receiver<Result<Receipt, Refusal>>,
    ) -> Submission<'_> {
        let sent = self.orders.try_send(order);
        Box::pin(async move {
            match sent {
                Err(TrySendError::Full(_)) => Err(Refusal::new(
                    RefusalCode::Busy,
                    "too many commands are waiting",
                    "等待执行的命令过多",
                )),
                Err(TrySendError::Disconnected(_)) => Err(stopped()),
                Ok(()) => wait.await.unwrap_or_else(|_| Err(stopped())),
            }
        })
    }

    /// A write that whoever asks has the right to.
    fn written(&self, command: Command, signatures: Vec<Signed>) -> Submission<'_> {
        match self.check(&command) {
            Err(refusal) => {
                self.refused(Attempt {
                    utc_ns: self.now_utc_ns(),
                    actor: command.actor,
                    id: Some(command.id),
                    tag: Some(command.tag),
                    value: Some(command.value),
                    refusal: (*refusal).clone(),
                });
                Box::pin(async move { Err(*refusal) })
            }
            Ok(mut order) => {
                let (answer, wait) = oneshot::channel();
                order.answer = answer;
                order.signatures = signatures;
                self.send(order, wait)
            }
        }
    }

    fn forced(&self, forcing: Forcing, signatures: Vec<Signed>) -> Submission<'_> {
        let checked = if forcing.reason.trim().is_empty() {
            Err(no_reason())
        } else {
            self.check_force(&forcing.tag, forcing.value)
        };
        match checked {
            Err(refusal) => {
                self.refused(Attempt {
                    utc_ns: self.now_utc_ns(),
                    actor: forcing.actor,
                    id: Some(forcing.id),
                    tag: Some(forcing.tag),
                    value: forcing.value,
                    refusal: (*refusal).clone(),
                });
                Box::pin(async move { Err(*refusal) })
            }
            Ok((edition, ask)) => {
                let (answer, wait) = oneshot::channel();
                let order = Order {
                    id: forcing.id,
                    edition,
                    actor: forcing.actor,
                    subject: forcing.tag,
                    ask,
                    reason: forcing.reason,
                    signatures,
                    answer,
                };
                self.send(order, wait)
            }
        }
    }

    fn changed(&self, change: Change, signatures: Vec<Signed>) -> Submission<'_> {
        if change.reason.trim().is_empty() {
            let refusal = *no_reason();
            self.refused(Attempt {
                utc_ns: self.now_utc_ns(),
                actor: change.actor,
                id: Some(change.id),
                tag: None,
                value: None,
                refusal: refusal.clone(),
            });
            return Box::pin(async move { Err(refusal) });
        }
        let (answer, wait) = oneshot::channel();
        let order = Order {
            id: change.id,
            edition: self.known.load().directory.edition.number,
            actor: change.actor,
            subject: String::new(),
            ask: if change.back {
                Ask::RollBack
            } else {
                Ask::Adopt {
                    digest: change.digest,
                }
            },
            reason: change.reason,
            signatures,
            answer,
        };
        self.send(order, wait)
    }

    /// The checks that need no clock and no person: shape, range, step, view.
    fn check(&self, command: &Command) -> Result<Order, Box<Refusal>> {
        let known = self.known.load();
        let Some(handle) = known.handles.get(&command.tag) else {
            return Err(refuse(
                RefusalCode::UnknownTag,
                format!("there is no tag {}", command.tag),
                format!("没有位号 {}", command.tag),
            ));
        };
        let tag = &known.directory.tags[*handle as usize];
        let Some(writable) = &tag.writable else {
            return Err(refuse(
                RefusalCode::NotWritable,
                format!("{} is not for operators to write", tag.name),
                format!("{} 不允许操作员写入", tag.name),
            ));
        };
        let snapshot = self.snapshot.load();
        let old = value_now(&snapshot, *handle)?;
        check_value(tag, writable, command, old)?;
        if let Some(only) = &writable.only_when {
            check_permission(only, &known.handles, &snapshot)?;
        }
        let (handle, value) = (*handle, command.value);
        let ask = match &writable.bypass {
            None => Ask::Write { handle, value, old },
            Some(rule) => {
                rule.check(command, old, |tag| {
                    let handle = known.handles.get(tag)?;
                    snapshot.cells.get(*handle as usize).copied()
                })?;
                let permit = command.permit.trim().to_string();
                Ask::Bypass {
                    handle,
                    value,
                    old,
                    permit,
                }
            }
        };
        let (answer, _) = oneshot::channel();
        Ok(Order {
            id: command.id.clone(),
            edition: known.directory.edition.number,
            actor: command.actor.clone(),
            subject: tag.name.clone(),
            ask,
            reason: command.reason.clone(),
            signatures: Vec::new(),
            answer,
        })
    }

    /// Checks a force and turns it into an order's question, with the edition for
    /// which it holds.
    ///
    /// # Errors
    /// [`Refusal`] if the tag is unknown, protective or the value not of its kind.
    pub fn check_force(&self, name: &str, value: Option<f64>) -> Result<(u64, Ask), Box<Refusal>> {
        let known = self.known.load();
        let Some(&handle) = known.handles.get(name) else {
            return Err(refuse(
                RefusalCode::UnknownTag,
                format!("there is no tag {name}"),
                format!("没有位号 {name}"),
            ));
        };
        let edition = known.directory.edition.number;
        let Some(value) = value else {
            return Ok((edition, Ask::Unforce { handle }));
        };
        if !known
            .forceable
            .get(handle as usize)
            .copied()
            .unwrap_or(false)
        {
            return Err(refuse(
                RefusalCode::Forbidden,
                format!("{name} is written by protection and may not be forced"),
                format!("{name} 由联锁保护写入,不允许强制"),
            ));
        }
        let tag = &known.directory.tags[handle as usize];
        check_kind(tag, value)?;
        let old = value_now(&self.snapshot.load(), handle)?;
        Ok((edition, Ask::Force { handle, value, old }))
    }
}

fn refuse(code: RefusalCode, en: String, zh: String) -> Box<Refusal> {
    Box::new(Refusal::new(code, en, zh))
}

/// The value of a tag now; a tag whose value nobody knows is not to be changed.
fn value_now(snapshot: &Snapshot, handle: u32) -> Result<f64, Box<Refusal>> {
    let cell = snapshot.cells.get(handle as usize).ok_or_else(|| {
        refuse(
            RefusalCode::RuntimeStalled,
            "there are no values yet: look again".into(),
            "尚无数据,请重新查看".into(),
        )
    })?;
    Ok(cell.value)
}

fn no_reason() -> Box<Refusal> {
    refuse(
        RefusalCode::Malformed,
        "say why: the reason is part of the record".into(),
        "请说明原因:原因是记录的一部分".into(),
    )
}

fn stopped() -> Refusal {
    Refusal::new(
        RefusalCode::Failed,
        "the station is stopping",
        "控制站正在停止",
    )
}

fn check_kind(tag: &Tag, value: f64) -> Result<(), Box<Refusal>> {
    if !value.is_finite() {
        return Err(refuse(
            RefusalCode::NotFinite,
            "the value is not a finite number".into(),
            "数值不是有限数".into(),
        ));
    }
    let whole = value == signal::math::round(value);
    let fits = match tag.kind {
        TagKind::Real => true,
        TagKind::Bool => value == 0.0 || value == 1.0,
        TagKind::Int => whole,
    };
    if fits {
        Ok(())
    } else {
        Err(refuse(
            RefusalCode::WrongKind,
            format!("{value} is not a value of {}", tag.name),
            format!("{value} 不是 {} 的有效值", tag.name),
        ))
    }
}

fn check_value(
    tag: &Tag,
    writable: &Writable,
    command: &Command,
    old: f64,
) -> Result<(), Box<Refusal>> {
    let value = command.value;
    check_kind(tag, value)?;
    if value < writable.lo || value > writable.hi {
        return Err(refuse(
            RefusalCode::OutOfRange,
            format!(
                "{value} is outside {} to {} {}",
                writable.lo, writable.hi, tag.unit
            ),
            format!(
                "{value} 超出范围 {} 至 {} {}",
                writable.lo, writable.hi, tag.unit
            ),
        ));
    }
    if let Some(step) = writable.max_step
        && (value - old).abs() > step * (1.0 + 1e-9)
    {
        return Err(refuse(
            RefusalCode::StepTooLarge,
            format!("a step from {old} to {value} exceeds {step} {}", tag.unit),
            format!("从 {old} 到 {value} 的变化超过允许步长 {step} {}", tag.unit),
        ));
    }
    // What people see is rounded to the tag's decimals; half a last digit is no change.
    let slack = 0.5 * signal::math::pow(10.0, -f64::from(tag.decimals)) + 1e-9;
    if let Some(seen) = command.seen_value
        && !writable.momentary
        && (seen - old).abs() > slack
    {
        return Err(refuse(
            RefusalCode::ValueChanged,
            format!("{} is now {old}, not {seen}: look again", tag.name),
            format!("{} 当前为 {old},不是 {seen},请重新确认", tag.name),
        ));
    }
    Ok(())
}

fn check_permission(
    only: &OnlyWhen,
    handles: &BTreeMap<String, u32>,
    snapshot: &Snapshot,
) -> Result<(), Box<Refusal>> {
    let now = handles
        .get(&only.tag)
        .and_then(|handle| snapshot.cells.get(*handle as usize))
        .map(|cell| cell.value);
    if now == Some(only.value) {
        Ok(())
    } else {
        Err(refuse(
            RefusalCode::NotPermitted,
            only.why.en.clone(),
            only.why.zh.clone(),
        ))
    }
}

impl Desk for Hub {
    fn directory(&self) -> Arc<Directory> {
        self.known.load().directory.clone()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    fn now_utc_ns(&self) -> i64 {
        (self.now)()
    }

    fn pace(&self) -> f64 {
        self.pace.get().map_or(1.0, |pace| pace())
    }

    /// What a part of the station asks: a script, a server.
    fn submit(&self, command: Command) -> Submission<'_> {
        match self.part_may(&command.tag) {
            Ok(()) => self.written(command, Vec::new()),
            Err(refusal) => {
                self.refused(Attempt {
                    utc_ns: self.now_utc_ns(),
                    actor: command.actor,
                    id: Some(command.id),
                    tag: Some(command.tag),
                    value: Some(command.value),
                    refusal: (*refusal).clone(),
                });
                Box::pin(async move { Err(*refusal) })
            }
        }
    }

    fn ask(&self, person: Person, wish: Wish) -> Submission<'_> {
        match (self.counter.get().cloned(), wish) {
            (Some(counter), wish) => Box::pin(self.asked(counter, person, wish)),
            (None, Wish::Write(command)) => self.submit(command),
            (None, Wish::Force(forcing)) => self.force(forcing),
            (None, Wish::Change(change)) => self.change(change),
            (None, Wish::Alarm(command)) => self.alarm_act(command),
            (None, Wish::Simulate(id, actor, deed)) => self.simulate(id, actor, deed),
        }
    }

    fn people(&self) -> Option<&dyn People> {
        self.counter.get().map(|_| self as &dyn People)
    }

    fn force(&self, forcing: Forcing) -> Submission<'_> {
        self.forced(forcing, Vec::new())
    }

    fn change(&self, change: Change) -> Submission<'_> {
        self.changed(change, Vec::new())
    }

    fn compare(&self) -> Answered<'_, String> {
        let compare = self.compare.get().cloned();
        Box::pin(async move {
            let compare = compare.ok_or_else(Refusal::not_offered)?;
            let compared = tokio::task::spawn_blocking(move || {
                let compare = compare.try_lock().ok()?;
                Some(compare())
            });
            compared.await.map_err(|_| stopped())?.ok_or_else(|| {
                Refusal::new(
                    RefusalCode::Busy,
                    "a comparison is being made already",
                    "正在进行比较",
                )
            })
        })
    }

    fn refused(&self, attempt: Attempt) {
        // A flood of refusals is itself told by the gap in the numbers of attempts;
        // it must never hold up a client.
        let _ = self.attempts.try_send(attempt);
    }

    fn trend(&self, query: &TrendQuery) -> Trend {
        let known = self.known.load();
        let handles: Vec<(String, u32)> = query
            .tags
            .iter()
            .filter_map(|tag| Some((tag.clone(), *known.handles.get(tag)?)))
            .collect();
        let history = lock(&self.history);
        if history
            .oldest_ms()
            .is_some_and(|oldest| oldest <= query.from_ms)
        {
            return history.trend(query, &handles);
        }
        drop(history);
        let from_archive = self.long_trend.get().and_then(|read| read(query));
        from_archive.unwrap_or_else(|| lock(&self.history).trend(query, &handles))
    }

    fn timing(&self) -> Vec<TaskTiming> {
        (**self.timing.load()).clone()
    }

    fn parts(&self) -> Vec<Part> {
        lock(&self.parts).clone()
    }

    fn drivers(&self) -> Vec<DriverHealth> {
        (**self.drivers.load()).clone()
    }

    fn forces(&self) -> Vec<Force> {
        (**self.forces.load()).clone()
    }

    fn bypasses(&self) -> Vec<Bypass> {
        (**self.bypasses.load()).clone()
    }

    fn simulation(&self) -> Option<Simulation> {
        self.simulator.get().map(|simulator| simulator.state())
    }

    fn simulate(&self, id: String, actor: String, deed: SimulationDeed) -> Submission<'_> {
        Box::pin(self.simulated(id, actor, deed))
    }

    fn events(&self, since: u64) -> Vec<Event> {
        const AT_MOST: usize = 500;
        let events = lock(&self.events);
        // Asked ten times a second by each window, and nearly always without an answer.
        let from = events.partition_point(|event| event.seq <= since);
        let from = from.max(events.len().saturating_sub(AT_MOST));
        events.range(from..).cloned().collect()
    }

    fn alarms(&self) -> Arc<AlarmList> {
        self.alarms.list()
    }

    fn alarm_guidance(&self, alarm: &str) -> Option<AlarmGuidance> {
        self.alarms.guidance(alarm)
    }

    fn receipt(&self, token: &str, who: Option<&str>) -> Result<Vec<String>, Refusal> {
        self.alarms.receipt(token, who)
    }

    fn alarm_act(&self, command: AlarmCommand) -> Submission<'_> {
        self.alarms.act(command, Vec::new())
    }

    fn records(&self, query: RecordQuery) -> Answered<'_, RecordPage> {
        self.alarms.records(query)
    }

    fn alarm_figures(&self, from_ms: i64, to_ms: i64) -> Answered<'_, String> {
        self.alarms.figures(from_ms, to_ms)
    }

    fn sequence(&self, since: u64, before: Option<u64>) -> Vec<SequenceRow> {
        let rows = lock(&self.sequence);
        let to = before.map_or(rows.len(), |before| {
            rows.partition_point(|row| row.seq < before)
        });
        let from = rows.partition_point(|row| row.seq <= since).min(to);
        let from = from.max(to.saturating_sub(SEQUENCE_ANSWER_MAX));
        rows.range(from..to).cloned().collect()
    }

    fn trips(&self) -> Vec<Arc<TripRecord>> {
        lock(&self.trips).iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
