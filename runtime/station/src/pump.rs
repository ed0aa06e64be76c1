//! The pump: carries images, durations, health and trips from the scan threads to
//! the desk. If it is late, people see older values; nothing else happens.

use crate::archive::Ends;
use crate::bypass::{BypassNotes, standing};
use crate::chronicle::{Cast, Chronicle};
use crate::directory::Place;
use crate::feed::FeedOut;
use crate::overruns::OverrunNews;
use crate::rt;
use crate::scan_thread::Pulse;
use crate::supervision::Supervision;
use crate::witness::{Durations, PARTS};
use crossbeam::channel::Receiver;
use driver::{Health, HealthState};
use gateway::desk::{
    Cell, DriverHealth, DurationBucket, Event, EventKind, Force, LinkState, Snapshot, StageTiming,
    TaskTiming, Text,
};
use gateway::{History, Hub};
use hdrhistogram::Histogram;
use signal::Quality;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who forced what, and why, by tag.
pub type ForceNotes = Arc<Mutex<BTreeMap<String, Force>>>;

/// Time between two images at the desk.
const TICK: Duration = Duration::from_millis(50);
/// Time between two looks at timing and health.
const SLOW: Duration = Duration::from_millis(500);
/// Samples of history: two hours of one a second.
const HISTORY_SAMPLES: usize = 7_200;

/// A history for so many tags.
pub fn history_of(tags: usize) -> History {
    History::new(tags, HISTORY_SAMPLES, 1_000_000_000)
}

/// A new edition for the pump.
pub struct PumpUpdate {
    /// Its number.
    pub edition: u64,
    /// Feeds of images, one a task.
    pub feeds: Vec<FeedOut>,
    /// Where each handle is.
    pub places: Vec<Place>,
    /// Its names, for the chronicle.
    pub cast: Cast,
}

/// One task as the pump sees it.
pub struct TaskEnd {
    /// Name.
    pub name: String,
    /// Period, nanoseconds.
    pub period_ns: u64,
    /// Durations of its scans.
    pub durations: rtrb::Consumer<Durations>,
    /// Its life signs.
    pub pulse: Arc<Pulse>,
    /// Lateness that trips its watchdog.
    pub watchdog_ns: i64,
}

/// One driver as the pump sees it.
pub struct DriverEnd {
    /// Name.
    pub name: String,
    /// Protocol.
    pub protocol: String,
    /// Where it connects to.
    pub endpoint: String,
    /// Its health.
    pub health: Arc<Health>,
}

/// What the pump shares with others.
pub struct PumpShares {
    /// Who forced what, and why.
    pub forces: ForceNotes,
    /// Who bypassed what, why and under which permit.
    pub bypasses: BypassNotes,
    /// Whether recording has failed.
    pub recording_down: Arc<AtomicBool>,
    /// The scripts.
    pub supervision: Arc<Supervision>,
    /// How fast the plant's time goes.
    pub pace: Arc<driver::Pace>,
}

/// The pump.
pub struct Pump {
    hub: Arc<Hub>,
    tasks: Vec<(TaskEnd, Vec<Histogram<u64>>)>,
    drivers: Vec<(DriverEnd, Option<HealthState>)>,
    updates: Receiver<PumpUpdate>,
    edition: PumpUpdate,
    chronicle: Chronicle,
    shares: PumpShares,
    /// Whether people were told that recording has failed.
    is_down_told: bool,
    tripped: BTreeMap<String, bool>,
    late: Vec<bool>,
    /// When time last stood still, monotonic nanoseconds.
    stood_ns: i64,
    watchdogs: Vec<u64>,
    overruns: Vec<OverrunNews>,
}

/// Longest duration told apart, nanoseconds: 60 s.
const LONGEST_NS: u64 = 60_000_000_000;

impl Pump {
    /// A pump of these tasks and drivers.
    pub fn new(
        hub: Arc<Hub>,
        tasks: Vec<TaskEnd>,
        drivers: Vec<DriverEnd>,
        edition: PumpUpdate,
        updates: Receiver<PumpUpdate>,
        shares: PumpShares,
        ends: Ends,
    ) -> Pump {
        let histograms = || -> Vec<Histogram<u64>> {
            PARTS
                .iter()
                .filter_map(|_| Histogram::new_with_bounds(1, LONGEST_NS, 3).ok())
                .collect()
        };
        Pump {
            chronicle: Chronicle::new(hub.clone(), ends, edition.cast.clone()),
            hub,
            late: vec![false; tasks.len()],
            stood_ns: 0,
            watchdogs: vec![0; tasks.len()],
            overruns: vec![OverrunNews::default(); tasks.len()],
            tasks: tasks.into_iter().map(|task| (task, histograms())).collect(),
            drivers: drivers.into_iter().map(|driver| (driver, None)).collect(),
            updates,
            edition,
            shares,
            is_down_told: false,
            tripped: BTreeMap::new(),
        }
    }

    /// Works until `stop` is set; the timing of the whole run is its result.
    pub fn run(mut self, stop: &AtomicBool) -> Vec<TaskTiming> {
        let mut slow = Instant::now();
        while !stop.load(Ordering::Acquire) {
            while let Ok(update) = self.updates.try_recv() {
                // What the edition before has still sent belongs to its story.
                self.feed();
                self.chronicle.adopt(update.cast.clone());
                self.edition = update;
            }
            self.images();
            self.durations();
            self.shares.supervision.show();
            if slow.elapsed() >= SLOW {
                slow = Instant::now();
                self.hub.set_timing(self.timing());
                self.health();
                self.lateness();
                self.recording();
            }
            std::thread::sleep(TICK);
        }
        self.durations();
        self.feed();
        self.chronicle.end();
        self.timing()
    }

    /// Takes every image that waits; whether there was one.
    fn feed(&mut self) -> bool {
        let mut fresh = false;
        for (task, feed) in self.edition.feeds.iter_mut().enumerate() {
            while let Some(frame) = feed.take() {
                fresh = true;
                if let Some(before) = self.chronicle.take(task, frame) {
                    feed.give_back(before);
                }
            }
        }
        fresh
    }

    fn images(&mut self) {
        if !self.feed() {
            return;
        }
        let edition = &self.edition;
        let mut forces = Vec::new();
        let frames = self.chronicle.newest();
        let notes = self
            .shares
            .forces
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let cells: Vec<Cell> = edition
            .places
            .iter()
            .zip(&edition.cast.names)
            .map(|(place, name)| {
                let cell = frames
                    .get(place.task)
                    .and_then(Option::as_ref)
                    .and_then(|frame| frame.cells.get(place.slot as usize));
                match cell {
                    None => Cell {
                        value: 0.0,
                        quality: Quality::NOT_WRITTEN,
                    },
                    Some(cell) => {
                        let value = place.kind.to_f64(cell.bits);
                        if cell.is_forced() {
                            forces.push(notes.get(name).cloned().unwrap_or_else(|| Force {
                                tag: name.clone(),
                                value,
                                since_ms: 0,
                                actor: String::new(),
                                reason: String::new(),
                            }));
                        }
                        Cell {
                            value,
                            quality: cell.quality(),
                        }
                    }
                }
            })
            .collect();
        drop(notes);
        let bypasses = standing(&edition.cast.bypasses, &cells, &self.shares.bypasses);
        // Of several with one label that of the first task, so that scans go up.
        let newest = frames
            .iter()
            .flatten()
            .rev()
            .max_by_key(|frame| frame.utc_ns);
        let (scan, utc_ns) = newest.map_or((0, 0), |frame| (frame.scan, frame.utc_ns));
        let snapshot = Snapshot {
            scan,
            utc_ns,
            cells,
        };
        self.trips(&snapshot);
        self.hub.set_forces(forces);
        self.hub.set_bypasses(bypasses);
        self.hub.set_snapshot(self.edition.edition, snapshot);
    }

    /// Tells trips and resets as events.
    fn trips(&mut self, snapshot: &Snapshot) {
        let value = |name: &str| {
            let handle = self.hub.handle(name)?;
            snapshot.cells.get(handle as usize).map(|cell| cell.value)
        };
        let mut events = Vec::new();
        for group in &self.edition.cast.interlocks {
            let Some(now) = value(&group.tripped).map(|value| value != 0.0) else {
                continue;
            };
            let before = self.tripped.insert(group.name.clone(), now);
            if before == Some(now) || (before.is_none() && !now) {
                continue;
            }
            let first = value(&group.first_out).unwrap_or(0.0) as i32;
            let cause = group.causes.iter().find(|cause| cause.index == first);
            let (kind, en, zh) = match (now, cause) {
                (true, Some(cause)) => (
                    EventKind::Trip,
                    format!(
                        "{} tripped, first-out {}: {}",
                        group.name, cause.id, cause.text.en
                    ),
                    format!(
                        "{} 联锁动作,首出 {}:{}",
                        group.name, cause.id, cause.text.zh
                    ),
                ),
                (true, None) => (
                    EventKind::Trip,
                    format!("{} latched by the start; waits for reset", group.name),
                    format!("{} 启动锁存,等待复位", group.name),
                ),
                (false, _) => (
                    EventKind::Reset,
                    format!("{} reset", group.name),
                    format!("{} 已复位", group.name),
                ),
            };
            events.push(event(kind, Some(&group.tripped), en, zh));
        }
        for event in events {
            self.hub.add_event(event);
        }
    }

    fn durations(&mut self) {
        for (task, histograms) in &mut self.tasks {
            while let Ok(durations) = task.durations.pop() {
                for (histogram, ns) in histograms.iter_mut().zip(durations) {
                    histogram.saturating_record(u64::from(ns).max(1));
                }
            }
        }
    }

    fn timing(&self) -> Vec<TaskTiming> {
        self.tasks
            .iter()
            .map(|(task, histograms)| TaskTiming {
                task: task.name.clone(),
                period_ms: task.period_ns as f64 * 1e-6,
                scans: task.pulse.scan.load(Ordering::Relaxed),
                overruns: task.pulse.overruns.load(Ordering::Relaxed),
                stages: PARTS
                    .iter()
                    .zip(histograms)
                    .map(|((name, en, zh), histogram)| stage(name, en, zh, histogram))
                    .collect(),
            })
            .collect()
    }

    fn health(&mut self) {
        let mut list = Vec::new();
        let mut events = Vec::new();
        for (end, last) in &mut self.drivers {
            let health = end.health.snapshot();
            let link = match health.state {
                HealthState::Connecting => LinkState::Connecting,
                HealthState::Up => LinkState::Healthy,
                HealthState::Degraded => LinkState::Degraded,
                HealthState::Down => LinkState::Lost,
            };
            if *last != Some(health.state) && (last.is_some() || health.state != HealthState::Up) {
                let word = health.state.word();
                events.push(event(
                    EventKind::State,
                    None,
                    format!("driver {} is {word}", end.name),
                    format!("驱动 {} 状态:{word}", end.name),
                ));
            }
            *last = Some(health.state);
            list.push(DriverHealth {
                name: end.name.clone(),
                protocol: end.protocol.clone(),
                endpoint: end.endpoint.clone(),
                link,
                exchanges: health.replies,
                errors: health.exceptions + health.timeouts + health.refused,
                reconnects: health.reconnects,
                age_ms: None,
                p50_us: f64::from(health.round_trip_us_p50),
                p99_us: f64::from(health.round_trip_us_p99),
                max_us: f64::from(health.round_trip_us_max),
                last_error: if health.exception_code_last == 0 {
                    String::new()
                } else {
                    format!("exception {}", health.exception_code_last)
                },
            });
        }
        self.hub.set_drivers(list);
        for event in events {
            self.hub.add_event(event);
        }
    }

    /// Tells, once, that recording has failed.
    fn recording(&mut self) {
        if self.is_down_told || !self.shares.recording_down.load(Ordering::Acquire) {
            return;
        }
        self.is_down_told = true;
        self.hub.add_event(event(
            EventKind::System,
            None,
            "recording has stopped; control goes on".to_string(),
            "运行记录已停止,控制继续".to_string(),
        ));
    }

    /// Tells of scans that overrun, and of those that are late by more than their
    /// watchdog permits.
    fn lateness(&mut self) {
        let now = rt::monotonic_ns();
        if self.shares.pace.speed() == 0.0 {
            self.stood_ns = now;
        }
        let mut events = Vec::new();
        for (at, (task, _)) in self.tasks.iter().enumerate() {
            let last = task.pulse.at_ns.load(Ordering::Relaxed);
            // Time that stands still is nobody's delay.
            let last = last.max(self.stood_ns);
            let late = last > 0 && now - last > task.watchdog_ns;
            let trips = task.pulse.watchdogs.load(Ordering::Relaxed);
            let overruns = task.pulse.overruns.load(Ordering::Relaxed);
            if let Some(news) = self.overruns[at].look(overruns, now) {
                let text = news.text(&task.name);
                events.push(event(EventKind::System, None, text.en, text.zh));
            }
            if (late && !self.late[at]) || trips > self.watchdogs[at] {
                eprintln!(
                    "task {}: watchdog, no scan for {} ms; drivers go to fail-safe",
                    task.name,
                    (now - last) / 1_000_000
                );
                events.push(event(
                    EventKind::System,
                    None,
                    format!("task {}: watchdog, outputs fail-safe", task.name),
                    format!("任务 {}:看门狗动作,输出进入故障安全位", task.name),
                ));
            }
            self.late[at] = late;
            self.watchdogs[at] = trips;
        }
        for event in events {
            self.hub.add_event(event);
        }
    }
}

fn event(kind: EventKind, tag: Option<&str>, en: String, zh: String) -> Event {
    Event {
        seq: 0,
        utc_ms: rt::utc_ns() / 1_000_000,
        kind,
        tag: tag.map(str::to_string),
        actor: String::new(),
        text: Text::new(en, zh),
    }
}

fn stage(name: &str, en: &str, zh: &str, histogram: &Histogram<u64>) -> StageTiming {
    let us = |q: f64| histogram.value_at_quantile(q) as f64 * 1e-3;
    let mut buckets = Vec::new();
    let mut from_ns = 0;
    // 1-2-5 steps from 1 µs to 10 s.
    for decade in 0..8 {
        for step in [1_000, 2_000, 5_000] {
            let to_ns = step * 10_u64.pow(decade);
            let count = histogram.count_between(from_ns, to_ns);
            buckets.push(DurationBucket {
                le_us: to_ns as f64 * 1e-3,
                count,
            });
            from_ns = to_ns + 1;
        }
    }
    while buckets.last().is_some_and(|bucket| bucket.count == 0) {
        buckets.pop();
    }
    StageTiming {
        name: name.to_string(),
        text: Text::new(en, zh),
        count: histogram.len(),
        p50_us: us(0.5),
        p90_us: us(0.9),
        p99_us: us(0.99),
        p999_us: us(0.999),
        max_us: histogram.max() as f64 * 1e-3,
        buckets,
    }
}
