//! A desk without a runtime: a make-believe reactor for work on the pages and for
//! tests. Nothing in it controls anything, and its numbers mean nothing.

mod alarms;
mod chronicle;
mod equipment;
mod history;
mod more;
mod process;
mod r101;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::desk::{
    Answered, Attempt, Change, Command, Desk, Directory, DriverHealth, DurationBucket, Event,
    EventKind, Force, Forcing, LinkState, Receipt, Refusal, RefusalCode, Snapshot, StageTiming,
    Submission, TaskTiming, Text, Trend, TrendQuery,
};
use alarms::Alarms;
use chronicle::Chronicle;
use gateway::alarms::{
    AlarmCommand, AlarmGuidance, AlarmList, RecordPage, RecordQuery, SequenceRow, TripRecord,
};
use gateway::parts::Part;
use history::History;
use process::{Happening, Process};

pub use process::PERIOD_S;

/// Events kept.
const EVENTS_KEPT: usize = 500;

/// A deterministic desk; time passes only in [`FakeDesk::step`].
pub struct FakeDesk {
    directory: Mutex<Arc<Directory>>,
    state: Mutex<State>,
}

/// The one token of a receipt that this desk takes.
pub const RECEIPT_TOKEN: &str = "0123456789abcdef";

struct State {
    process: Process,
    alarms: Alarms,
    history: History,
    chronicle: Chronicle,
    snapshot: Arc<Snapshot>,
    now_utc_ns: i64,
    events: Vec<Event>,
    attempts: Vec<Attempt>,
    forces: Vec<Force>,
    next_submit: Option<Refusal>,
}

impl FakeDesk {
    /// A desk whose clock starts at `start_ms` (milliseconds since the epoch) with
    /// `past_s` seconds of history behind it.
    pub fn new(start_ms: i64, past_s: u32) -> FakeDesk {
        let mut directory = r101::directory();
        // A later start is another epoch, as with a real runtime.
        directory.epoch = u64::try_from(start_ms).unwrap_or(1);
        let directory = Arc::new(directory);
        let process = Process::new(&directory);
        let snapshot = Arc::new(Snapshot {
            scan: 0,
            utc_ns: 0,
            cells: process.cells.clone(),
        });
        let mut state = State {
            history: History::new(directory.tags.len()),
            chronicle: Chronicle::new(&directory),
            alarms: Alarms::new(&directory),
            process,
            snapshot,
            now_utc_ns: (start_ms - i64::from(past_s) * 1_000) * 1_000_000,
            events: Vec::new(),
            attempts: Vec::new(),
            forces: Vec::new(),
            next_submit: None,
        };
        state.event(
            EventKind::System,
            None,
            "",
            Text::new("Runtime started, edition 1", "运行系统启动，版本 1"),
        );
        for _ in 0..past_s {
            state.advance(1.0);
        }
        FakeDesk {
            directory: Mutex::new(directory),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `scans` scans of [`PERIOD_S`].
    pub fn step(&self, scans: u32) {
        let mut state = self.state();
        for _ in 0..scans {
            state.advance(PERIOD_S);
        }
    }

    /// Scans until the make-believe clock has reached `utc_ms`.
    pub fn step_to(&self, utc_ms: i64) {
        let mut state = self.state();
        while state.now_utc_ns / 1_000_000 + (PERIOD_S * 1e3) as i64 <= utc_ms {
            state.advance(PERIOD_S);
        }
    }

    /// Scans that change nothing while the clock stands: the picture is live and always
    /// the same.
    pub fn stand_still(&self) {
        let mut state = self.state();
        let now = Arc::clone(&state.snapshot);
        state.snapshot = Arc::new(Snapshot {
            scan: now.scan + 1,
            utc_ns: now.utc_ns,
            cells: now.cells.clone(),
        });
    }

    /// Lets time pass without a scan, as when the runtime hangs.
    pub fn hang(&self, ms: i64) {
        self.state().now_utc_ns += ms * 1_000_000;
    }

    /// Brings in a new edition: the directory gets a new epoch.
    pub fn new_edition(&self) {
        let mut directory = self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut next = Directory::clone(&directory);
        next.epoch += 1;
        next.edition.number += 1;
        *directory = Arc::new(next);
    }

    /// Makes the next question to the desk end with this refusal.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.state().next_submit = Some(refusal);
    }

    /// Adds `count` alarms that come at once.
    pub fn flood(&self, count: usize) {
        let mut state = self.state();
        let now_ms = state.now_utc_ns / 1_000_000;
        state.alarms.flood(count, now_ms);
    }

    /// Every refused attempt so far, oldest first.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.state().attempts.clone()
    }

    /// The value of a tag; 0 if there is none.
    pub fn value(&self, tag: &str) -> f64 {
        self.state().process.get(tag)
    }
}

impl State {
    fn advance(&mut self, dt_s: f64) {
        self.now_utc_ns += (dt_s * 1e9) as i64;
        let happenings = self.process.step(dt_s);
        for force in &self.forces {
            self.process.hold(&force.tag, force.value);
        }
        let (utc_ms, scan) = (self.now_utc_ns / 1_000_000, self.snapshot.scan + 1);
        self.chronicle.scan(utc_ms, scan, &self.process.cells);
        for happening in happenings {
            match happening {
                Happening::Tripped { cause, en, zh } => {
                    self.event(
                        EventKind::Trip,
                        Some(format!("{cause}.TRIP")),
                        "",
                        Text::new(
                            format!("RG-1 tripped, first-out {cause}: {en}"),
                            format!("RG-1 联锁动作，首出 {cause}：{zh}"),
                        ),
                    );
                    self.chronicle
                        .tripped(utc_ms, scan, cause, Text::new(en, zh));
                }
                Happening::ResetDone => self.event(
                    EventKind::Reset,
                    Some("RG-1.RESET".into()),
                    "",
                    Text::new("RG-1 reset", "RG-1 已复位"),
                ),
                Happening::ResetHeld => self.event(
                    EventKind::State,
                    Some("RG-1.RESET".into()),
                    "",
                    Text::new(
                        "RG-1 not reset: a cause is still present",
                        "RG-1 未复位：仍有原因存在",
                    ),
                ),
            }
        }
        self.snapshot = Arc::new(Snapshot {
            scan: self.snapshot.scan + 1,
            utc_ns: self.now_utc_ns,
            cells: self.process.cells.clone(),
        });
        let process = &self.process;
        self.alarms
            .scan(self.now_utc_ns / 1_000_000, self.snapshot.scan, |tag| {
                process.get(tag)
            });
        self.history
            .record(self.now_utc_ns / 1_000_000, &self.process.cells);
    }

    fn event(&mut self, kind: EventKind, tag: Option<String>, actor: &str, text: Text) {
        let seq = self.events.last().map_or(1, |e| e.seq + 1);
        if self.events.len() >= EVENTS_KEPT {
            self.events.remove(0);
        }
        self.events.push(Event {
            seq,
            utc_ms: self.now_utc_ns / 1_000_000,
            kind,
            tag,
            actor: actor.to_owned(),
            text,
        });
    }

    fn execute(&mut self, directory: &Directory, command: Command) -> Result<Receipt, Refusal> {
        if let Some(refusal) = self.next_submit.take() {
            return Err(refusal);
        }
        let Some(tag) = directory.tags.iter().find(|t| t.name == command.tag) else {
            return Err(Refusal::new(
                RefusalCode::UnknownTag,
                "No such tag.",
                "没有该位号。",
            ));
        };
        let old = self.process.get(&command.tag);
        self.process.set(&command.tag, command.value);
        let word = |v: f64| {
            let state = tag.states.iter().find(|s| f64::from(s.value) == v);
            match state {
                Some(s) => (s.text.en.clone(), s.text.zh.clone()),
                None => {
                    let d = usize::from(tag.decimals);
                    let shown = format!("{v:.d$} {}", tag.unit).trim_end().to_owned();
                    (shown.clone(), shown)
                }
            }
        };
        let (from, to) = (word(old), word(command.value));
        self.event(
            EventKind::Command,
            Some(command.tag.clone()),
            &command.actor,
            Text::new(
                format!("{} {} → {}", command.tag, from.0, to.0),
                format!("{} {} → {}", command.tag, from.1, to.1),
            ),
        );
        Ok(self.receipt(command.id))
    }

    fn receipt(&self, id: String) -> Receipt {
        Receipt {
            id,
            utc_ns: self.now_utc_ns,
            scan: Some(self.snapshot.scan + 1),
        }
    }

    fn hold(&mut self, forcing: Forcing) -> Result<Receipt, Refusal> {
        if let Some(refusal) = self.next_submit.take() {
            return Err(refusal);
        }
        let Forcing { tag, value, .. } = &forcing;
        if tag.starts_with("RG-1.") || tag.ends_with(".TRIP") {
            return Err(Refusal::new(
                RefusalCode::NotPermitted,
                format!("{tag} is written by protection and may not be forced"),
                format!("{tag} 由保护逻辑写入，不允许强制"),
            ));
        }
        self.forces.retain(|f| f.tag != *tag);
        let text = match value {
            Some(value) => {
                self.forces.push(Force {
                    tag: tag.clone(),
                    value: *value,
                    since_ms: self.now_utc_ns / 1_000_000,
                    actor: forcing.actor.clone(),
                    reason: forcing.reason.clone(),
                });
                Text::new(
                    format!("{tag} forced to {value}"),
                    format!("{tag} 强制为 {value}"),
                )
            }
            None => {
                self.process.release(tag);
                Text::new(
                    format!("{tag} no longer forced"),
                    format!("{tag} 已解除强制"),
                )
            }
        };
        self.event(EventKind::Command, Some(tag.clone()), &forcing.actor, text);
        Ok(self.receipt(forcing.id))
    }
}

impl Desk for FakeDesk {
    fn directory(&self) -> Arc<Directory> {
        Arc::clone(
            &self
                .directory
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state().snapshot)
    }

    fn now_utc_ns(&self) -> i64 {
        self.state().now_utc_ns
    }

    fn submit(&self, command: Command) -> Submission<'_> {
        Box::pin(async move { self.state().execute(&self.directory(), command) })
    }

    fn force(&self, forcing: Forcing) -> Submission<'_> {
        Box::pin(async move { self.state().hold(forcing) })
    }

    fn change(&self, change: Change) -> Submission<'_> {
        Box::pin(async move {
            if let Some(refusal) = self.state().next_submit.take() {
                return Err(refusal);
            }
            if change.back && self.directory().edition.number < 2 {
                return Err(Refusal::new(
                    RefusalCode::NotPermitted,
                    "there is no edition before this one",
                    "没有更早的版本",
                ));
            }
            self.new_edition();
            let number = self.directory().edition.number;
            let mut state = self.state();
            state.event(
                EventKind::System,
                None,
                &change.actor,
                Text::new(
                    format!("edition {number} adopted"),
                    format!("已启用组态版本 {number}"),
                ),
            );
            Ok(state.receipt(change.id))
        })
    }

    fn refused(&self, attempt: Attempt) {
        let mut state = self.state();
        let text = Text::new(
            format!("Refused: {}", attempt.refusal.en),
            format!("已拒绝：{}", attempt.refusal.zh),
        );
        state.event(
            EventKind::Refused,
            attempt.tag.clone(),
            &attempt.actor,
            text,
        );
        state.attempts.push(attempt);
    }

    fn trend(&self, query: &TrendQuery) -> Trend {
        self.state().history.answer(&self.directory(), query)
    }

    fn alarms(&self) -> Arc<AlarmList> {
        self.state().alarms.list()
    }

    fn alarm_guidance(&self, alarm: &str) -> Option<AlarmGuidance> {
        self.state().alarms.guidance(alarm)
    }

    fn receipt(&self, token: &str, who: Option<&str>) -> Result<Vec<String>, Refusal> {
        if token != RECEIPT_TOKEN {
            let en = "no such receipt";
            return Err(Refusal::new(RefusalCode::Forbidden, en, "没有此回执链接"));
        }
        let text = Text::new("Message read", "通知已阅");
        let who = who.unwrap_or_default();
        self.state().event(EventKind::Command, None, who, text);
        Ok(vec!["TAH-101".to_owned()])
    }

    fn alarm_act(&self, command: AlarmCommand) -> Submission<'_> {
        Box::pin(async move {
            let mut state = self.state();
            if let Some(refusal) = state.next_submit.take() {
                return Err(refusal);
            }
            let now_ms = state.now_utc_ns / 1_000_000;
            state.alarms.act(&command, now_ms)?;
            Ok(state.receipt(command.id))
        })
    }

    fn records(&self, query: RecordQuery) -> Answered<'_, RecordPage> {
        Box::pin(async move { Ok(self.state().alarms.records(&query)) })
    }

    fn alarm_figures(&self, _: i64, _: i64) -> Answered<'_, String> {
        Box::pin(async {
            let line = r#"{"en":"alarms a day","zh":"每天报警数","value":96,"target":144,"verdict":"met"}"#;
            Ok(format!(
                r#"{{"figures":{{"per_10_min":0.7}},"lines":[{line}]}}"#
            ))
        })
    }

    fn sequence(&self, since: u64, before: Option<u64>) -> Vec<SequenceRow> {
        self.state().chronicle.sequence(since, before)
    }

    fn trips(&self) -> Vec<Arc<TripRecord>> {
        self.state().chronicle.trips()
    }

    fn timing(&self) -> Vec<TaskTiming> {
        let scans = self.snapshot().scan;
        let stage = |name: &str, en: &str, zh: &str, median_us: f64, spread: f64| {
            duration(name, Text::new(en, zh), scans, median_us, spread)
        };
        vec![TaskTiming {
            task: "fast".into(),
            period_ms: PERIOD_S * 1e3,
            scans,
            overruns: 0,
            stages: vec![
                stage("scan", "Whole scan", "整个扫描", 182.0, 1.35),
                stage("wake-up", "Wake-up latency", "唤醒延迟", 61.0, 1.9),
                stage("read", "Read inputs", "读输入", 22.0, 1.4),
                stage("update", "Blocks", "功能块", 118.0, 1.3),
                stage("write", "Write outputs", "写输出", 17.0, 1.5),
                stage("publish", "Publish the image", "发布映像", 9.0, 1.6),
            ],
        }]
    }

    fn parts(&self) -> Vec<Part> {
        let since_ms = self.now_utc_ns() / 1_000_000 - 3_600_000;
        let part = |name: &str, works, note: &str| Part {
            name: name.into(),
            works,
            note: note.into(),
            since_ms,
        };
        vec![
            part("ledger", true, ""),
            part("recording", true, ""),
            part("history", true, ""),
            part(
                "second place",
                false,
                "No such file or directory (os error 2)",
            ),
            part("disk", true, "52 310 MiB"),
        ]
    }

    fn drivers(&self) -> Vec<DriverHealth> {
        let scans = self.snapshot().scan;
        vec![DriverHealth {
            name: "io1".into(),
            protocol: "modbus-tcp".into(),
            endpoint: "127.0.0.1:1502".into(),
            link: LinkState::Healthy,
            exchanges: scans * 4,
            errors: 0,
            reconnects: 0,
            age_ms: Some(37.0),
            p50_us: 412.0,
            p99_us: 1_380.0,
            max_us: 6_120.0,
            last_error: String::new(),
        }]
    }

    fn forces(&self) -> Vec<Force> {
        self.state().forces.clone()
    }

    fn events(&self, since: u64) -> Vec<Event> {
        let state = self.state();
        let newer = state.events.iter().filter(|e| e.seq > since);
        newer.cloned().collect()
    }
}

/// A log-normal-looking distribution over edges that double every third step.
fn duration(name: &str, text: Text, count: u64, median_us: f64, spread: f64) -> StageTiming {
    let mut buckets = Vec::new();
    let mut le_us = 1.0f64;
    while le_us <= 200_000.0 {
        let z = (le_us / median_us).ln() / spread.ln();
        let share =
            0.3 * (-0.5 * z * z).exp() + 0.000_2 * (-0.5 * (z - 5.0) * (z - 5.0) / 4.0).exp();
        buckets.push(DurationBucket {
            le_us: le_us.round().max(1.0),
            count: (share * count as f64) as u64,
        });
        le_us *= 2f64.powf(1.0 / 3.0);
    }
    StageTiming {
        name: name.into(),
        text,
        count,
        p50_us: median_us,
        p90_us: median_us * spread.powf(1.28),
        p99_us: median_us * spread.powf(2.33),
        p999_us: median_us * spread.powf(4.0),
        max_us: median_us * spread.powf(7.5),
        buckets,
    }
}
