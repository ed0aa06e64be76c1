//! The threads of scripts: one each, so that none can hold up another.

use crate::limits;
use crate::reading::Reading;
use crate::sandbox::{Asked, Fault};
use crate::script::{Outcome, Script, ScriptText};
use crate::wait;
use gateway::Desk;
use gateway::desk::{Command, Directory, Event, EventKind, Snapshot, TagKind, Text};
use signal::{Kind, Quality};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for an answer of the desk.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Most runs to wait before a refused write is asked for again.
const REFUSED_RUNS_MAX: u32 = 64;

/// What a script does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptState {
    /// It runs when its time comes.
    Running,
    /// It went wrong and does not run until somebody restarts it.
    Faulted,
    /// It has ended with its edition or the station.
    Ended,
}

/// What a script does now, as others may look at it.
#[derive(Debug, Default)]
pub struct Status {
    state: AtomicU8,
    runs: AtomicU64,
}

impl Status {
    /// The state.
    pub fn state(&self) -> ScriptState {
        match self.state.load(Ordering::Acquire) {
            0 => ScriptState::Running,
            1 => ScriptState::Faulted,
            _ => ScriptState::Ended,
        }
    }

    /// Runs that were begun since the thread was started.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Acquire)
    }

    fn set(&self, state: ScriptState) {
        let word = match state {
            ScriptState::Running => 0,
            ScriptState::Faulted => 1,
            ScriptState::Ended => 2,
        };
        self.state.store(word, Ordering::Release);
    }
}

/// What the threads need of the station.
#[derive(Clone)]
pub struct RunnerOptions {
    /// The desk.
    pub desk: Arc<dyn Desk>,
    /// Takes events.
    pub tell: Arc<dyn Fn(Event) + Send + Sync>,
    /// Plant time for each unit of wall time now; 1 but for simulations, 0 while one
    /// stands still.
    pub pace: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// After how much wall time without a new image every reading is stale.
    pub stale: Duration,
}

/// The scripts of one edition, running.
pub struct Scripts {
    workers: Vec<Worker>,
}

struct Worker {
    name: String,
    stop: Arc<AtomicBool>,
    status: Arc<Status>,
    thread: Option<JoinHandle<()>>,
}

impl Scripts {
    /// Starts a thread for each script. One that cannot be started is faulted.
    pub fn start(texts: Vec<ScriptText>, options: &RunnerOptions) -> Scripts {
        let workers = texts
            .into_iter()
            .take(limits::SCRIPTS_MAX)
            .map(|text| {
                let stop = Arc::new(AtomicBool::new(false));
                let status = Arc::new(Status::default());
                let name = text.name.clone();
                let worker = Work {
                    text,
                    options: options.clone(),
                    stop: stop.clone(),
                    status: status.clone(),
                };
                let thread = std::thread::Builder::new()
                    .name(format!("script-{name}"))
                    .stack_size(limits::STACK_BYTES)
                    .spawn(move || worker.run());
                let thread = thread.map_err(|_| status.set(ScriptState::Faulted)).ok();
                Worker {
                    name,
                    stop,
                    status,
                    thread,
                }
            })
            .collect();
        Scripts { workers }
    }

    /// Names and states, in the order of the text.
    pub fn statuses(&self) -> Vec<(String, Arc<Status>)> {
        self.workers
            .iter()
            .map(|worker| (worker.name.clone(), worker.status.clone()))
            .collect()
    }

    /// Asks all threads to end, at the next step of their scripts; does not wait.
    pub fn stop(&self) {
        for worker in &self.workers {
            worker.stop.store(true, Ordering::Release);
            if let Some(thread) = &worker.thread {
                thread.thread().unpark();
            }
        }
    }

    /// Stops, and waits until all threads have ended.
    pub fn join(mut self) {
        self.stop();
        for worker in &mut self.workers {
            if let Some(thread) = worker.thread.take() {
                // A panic was turned into a fault where it happened.
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Work {
    text: ScriptText,
    options: RunnerOptions,
    stop: Arc<AtomicBool>,
    status: Arc<Status>,
}

/// A write that the desk refused, and how long it is not asked for again.
struct Refused {
    value: f64,
    why: String,
    wait_runs: u32,
    left: u32,
}

impl Work {
    fn run(self) {
        let mut script = self.begin();
        let mut view = View::new(&self.text, &self.options);
        let mut refused: BTreeMap<String, Refused> = BTreeMap::new();
        let mut lines = limits::LINES_PER_MINUTE_MAX as f64;
        let mut asked = 0u64;
        let mut was_restart = true;
        let period = || {
            let speed = (self.options.pace)().max(1e-3);
            Duration::from_secs_f64((self.text.period_s / speed).clamp(1e-3, limits::PERIOD_S_MAX))
        };
        let mut due = Instant::now() + period();
        while wait::until(due, &self.stop) {
            let begun = Instant::now();
            if let Some(image) = view.look() {
                let is_restart = image.restart;
                if script.is_none() && is_restart && !was_restart {
                    script = self.begin();
                    refused.clear();
                    if script.is_some() {
                        self.status.set(ScriptState::Running);
                        self.system("begins anew", "重新开始运行");
                    }
                }
                was_restart = is_restart;
                if let Some(running) = &mut script {
                    self.status.runs.fetch_add(1, Ordering::AcqRel);
                    let words: BTreeMap<String, String> = refused
                        .iter()
                        .map(|(tag, refusal)| (tag.clone(), refusal.why.clone()))
                        .collect();
                    match running.run(image.readings.clone(), &words) {
                        Ok(outcome) => {
                            self.print(&outcome, &mut lines);
                            self.submit(outcome.writes, &image, &mut refused, &mut asked);
                        }
                        Err(_) if self.stop.load(Ordering::Acquire) => break,
                        Err(fault) => {
                            script = None;
                            self.fault(&fault);
                        }
                    }
                }
            }
            lines = (lines + self.text.period_s / 60.0 * f64::from(limits::LINES_PER_MINUTE_MAX))
                .min(f64::from(limits::LINES_PER_MINUTE_MAX));
            // What is late is left out; and never more than half of a processor.
            due = (due + period()).max(Instant::now() + begun.elapsed());
        }
        self.status.set(ScriptState::Ended);
    }

    fn begin(&self) -> Option<Script> {
        match Script::new(&self.text, self.stop.clone()) {
            Ok(script) => Some(script),
            Err(problems) => {
                let message = problems
                    .first()
                    .map_or_else(String::new, |problem| problem.message.clone());
                self.fault(&Fault { line: 0, message });
                None
            }
        }
    }

    fn actor(&self) -> String {
        format!("script:{}", self.text.name)
    }

    fn event(&self, kind: EventKind, en: String, zh: String) {
        (self.options.tell)(Event {
            seq: 0,
            utc_ms: self.options.desk.now_utc_ns() / 1_000_000,
            kind,
            tag: None,
            actor: self.actor(),
            text: Text::new(en, zh),
        });
    }

    fn system(&self, en: &str, zh: &str) {
        let name = &self.text.name;
        self.event(
            EventKind::System,
            format!("script {name} {en}"),
            format!("脚本 {name} {zh}"),
        );
    }

    fn fault(&self, fault: &Fault) {
        self.status.set(ScriptState::Faulted);
        self.system(&format!("stopped: {fault}"), &format!("已停止:{fault}"));
    }

    fn print(&self, outcome: &Outcome, budget: &mut f64) {
        let mut left_out = outcome.lines_left_out;
        for line in &outcome.lines {
            if *budget >= 1.0 {
                *budget -= 1.0;
                self.event(EventKind::State, line.clone(), line.clone());
            } else {
                left_out += 1;
            }
        }
        if left_out > 0 && *budget >= 1.0 {
            *budget -= 1.0;
            self.system(
                &format!("printed {left_out} lines too many"),
                &format!("有 {left_out} 行输出超出限额"),
            );
        }
    }

    /// Asks the desk for each write, one after the other. What stands already is not
    /// asked for; what was refused is asked for again at growing intervals.
    fn submit(
        &self,
        writes: Vec<Asked>,
        image: &Image,
        refused: &mut BTreeMap<String, Refused>,
        asked: &mut u64,
    ) {
        for write in writes {
            let target = image.targets.get(&write.tag);
            if target.is_some_and(|target| !target.is_momentary && target.value == write.value) {
                refused.remove(&write.tag);
                continue;
            }
            if let Some(refusal) = refused.get_mut(&write.tag)
                && refusal.value == write.value
                && refusal.left > 0
            {
                refusal.left -= 1;
                continue;
            }
            *asked += 1;
            let command = Command {
                id: format!(
                    "{}:{}:{asked}",
                    self.actor(),
                    self.options.desk.now_utc_ns() / 1_000_000
                ),
                actor: self.actor(),
                tag: write.tag.clone(),
                value: write.value,
                seen_value: None,
                reason: write.reason.clone(),
                permit: String::new(),
            };
            let submission = self.options.desk.submit(command);
            let why = match wait::answer(submission, ANSWER_MAX, &self.stop) {
                Some(Ok(_)) => {
                    refused.remove(&write.tag);
                    continue;
                }
                Some(Err(refusal)) => refusal.en,
                None if self.stop.load(Ordering::Acquire) => return,
                None => format!("no answer within {} s", ANSWER_MAX.as_secs()),
            };
            let before = refused.remove(&write.tag);
            let wait_runs = before
                .filter(|before| before.value == write.value)
                .map_or(1, |before| (before.wait_runs * 2).min(REFUSED_RUNS_MAX));
            refused.insert(
                write.tag,
                Refused {
                    value: write.value,
                    why,
                    wait_runs,
                    left: wait_runs,
                },
            );
        }
    }
}

/// What stands at a tag that a script may write.
struct Target {
    value: f64,
    is_momentary: bool,
}

/// The plant at one moment, as far as one script may see it.
struct Image {
    readings: BTreeMap<String, Reading>,
    targets: BTreeMap<String, Target>,
    restart: bool,
}

/// Takes images from the desk.
struct View {
    desk: Arc<dyn Desk>,
    reads: Vec<String>,
    writes: Vec<String>,
    restart: Option<String>,
    stale: Duration,
    /// Epoch of the directory that the places are of.
    epoch: Option<u64>,
    places: BTreeMap<String, (u32, Kind, bool)>,
    /// Last scan seen, and when it was new.
    newest: (u64, Instant),
}

impl View {
    fn new(text: &ScriptText, options: &RunnerOptions) -> View {
        View {
            desk: options.desk.clone(),
            reads: text.reads.clone(),
            writes: text.writes.clone(),
            restart: text.restart.clone(),
            stale: options.stale,
            epoch: None,
            places: BTreeMap::new(),
            newest: (0, Instant::now()),
        }
    }

    /// The newest image; `None` before the first.
    fn look(&mut self) -> Option<Image> {
        let directory = self.desk.directory();
        let snapshot = self.desk.snapshot();
        if snapshot.cells.is_empty() {
            return None;
        }
        if self.epoch != Some(directory.epoch) {
            self.epoch = Some(directory.epoch);
            self.places = self.find(&directory);
        }
        let now = Instant::now();
        if snapshot.scan != self.newest.0 {
            self.newest = (snapshot.scan, now);
        }
        let is_stale = now.duration_since(self.newest.1) > self.stale;
        let readings = self
            .reads
            .iter()
            .map(|tag| (tag.clone(), self.reading(tag, &snapshot, is_stale)))
            .collect();
        let targets = self
            .writes
            .iter()
            .filter_map(|tag| {
                let (handle, _, is_momentary) = *self.places.get(tag)?;
                let cell = snapshot.cells.get(handle as usize)?;
                let target = Target {
                    value: cell.value,
                    is_momentary,
                };
                Some((tag.clone(), target))
            })
            .collect();
        let restart = self.restart.as_ref().is_some_and(|tag| {
            let reading = self.reading(tag, &snapshot, is_stale);
            !reading.quality.is_bad() && reading.value != 0.0
        });
        Some(Image {
            readings,
            targets,
            restart,
        })
    }

    fn find(&self, directory: &Directory) -> BTreeMap<String, (u32, Kind, bool)> {
        let wanted = |name: &String| {
            self.reads.contains(name)
                || self.writes.contains(name)
                || self.restart.as_ref() == Some(name)
        };
        directory
            .tags
            .iter()
            .filter(|tag| wanted(&tag.name))
            .map(|tag| {
                let kind = match tag.kind {
                    TagKind::Real => Kind::Real,
                    TagKind::Bool => Kind::Bool,
                    TagKind::Int => Kind::Int,
                };
                let writable = tag.writable.as_ref();
                let is_momentary = writable.is_some_and(|writable| writable.momentary);
                (tag.name.clone(), (tag.handle, kind, is_momentary))
            })
            .collect()
    }

    fn reading(&self, tag: &str, snapshot: &Snapshot, is_stale: bool) -> Reading {
        let Some((handle, kind, _)) = self.places.get(tag) else {
            return Reading::unknown(Kind::Real);
        };
        let Some(cell) = snapshot.cells.get(*handle as usize) else {
            return Reading::unknown(*kind);
        };
        let quality = if is_stale {
            cell.quality.worst(Quality::STALE)
        } else {
            cell.quality
        };
        Reading {
            value: cell.value,
            quality,
            kind: *kind,
        }
    }
}
