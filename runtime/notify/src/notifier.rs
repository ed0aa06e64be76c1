//! The schedule on threads: one for each channel.

use crate::channel::{self, Channel, SetUpProblem};
use crate::config::Config;
use crate::dispatch::{Dispatch, Job, Purpose};
use crate::notice::AlarmNotice;
use crate::problem::{ProblemKind, SendProblem};
use crate::record::{DeliveryRecord, Health, ReceiptProblem};
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Records that one call of [`Notifier::poll`] gives at most.
const POLL_MAX: usize = 1_000;
/// Longest sleep of a thread.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Wall clock ahead of ours by more than this: ours follows.
const CLOCK_STEP_MS: u64 = 2_000;

/// Why a notifier does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A channel cannot be set up.
    Channel {
        /// Its name.
        name: String,
        /// Why.
        problem: SetUpProblem,
    },
    /// The system gives no thread or no random numbers.
    System {
        /// What it said.
        said: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Channel { name, problem } => write!(f, "channel {name}: {problem}"),
            StartError::System { said } => f.write_str(said),
        }
    }
}

impl std::error::Error for StartError {}

/// Tells people of alarms. No call blocks on a network; those of an alarm's life take
/// microseconds. What does not fit is dropped and recorded.
pub struct Notifier {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    inner: Mutex<Inner>,
    wake: Condvar,
}

struct Inner {
    dispatch: Dispatch,
    clock: Clock,
    is_stopping: bool,
}

/// UTC that never goes back: wall clock at the start, and the steady clock from there. A
/// wall clock that is put forward is followed, one that is put back is not.
struct Clock {
    start: Instant,
    start_ms: u64,
}

impl Clock {
    fn new() -> Clock {
        Clock {
            start: Instant::now(),
            start_ms: wall_ms(),
        }
    }

    fn now_ms(&mut self) -> u64 {
        let steady_ms = self.start_ms + self.start.elapsed().as_millis() as u64;
        let ahead_ms = wall_ms().saturating_sub(steady_ms);
        if ahead_ms < CLOCK_STEP_MS {
            return steady_ms;
        }
        self.start_ms += ahead_ms;
        steady_ms + ahead_ms
    }
}

fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whoever panicked did so outside of the schedule, which is whole at all times.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, call: impl FnOnce(&mut Dispatch, u64) -> T) -> T {
        let mut inner = self.lock();
        let now_ms = inner.clock.now_ms();
        let result = call(&mut inner.dispatch, now_ms);
        drop(inner);
        self.wake.notify_all();
        result
    }
}

impl Notifier {
    /// Sets up all channels and starts. If `enabled` is false, nothing is set up and
    /// notices are ignored.
    ///
    /// # Errors
    /// A secret or certificates of a channel are missing. Whether servers answer is not
    /// asked: a channel that does not shows in [`Notifier::health`].
    pub fn start(config: Config) -> Result<Notifier, StartError> {
        let mut channels = Vec::new();
        for channel in config.channels.iter().filter(|_| config.is_enabled) {
            let door = channel::set_up(channel).map_err(|problem| StartError::Channel {
                name: channel.name.clone(),
                problem,
            })?;
            channels.push(door);
        }
        Notifier::start_with(config, channels)
    }

    /// Starts with given channels, in the order of the text.
    ///
    /// # Errors
    /// The system gives no thread or no random numbers.
    pub fn start_with(
        config: Config,
        channels: Vec<Box<dyn Channel>>,
    ) -> Result<Notifier, StartError> {
        let system = |said: String| StartError::System { said };
        let mut first = [0; 16];
        getrandom::fill(&mut first).map_err(|error| system(error.to_string()))?;
        let tokens = move || {
            let mut bytes = [0; 16];
            // Asked before, it answers. If not, a link takes the place of the one before.
            match getrandom::fill(&mut bytes) {
                Ok(()) => u128::from_ne_bytes(bytes),
                Err(_) => u128::from_ne_bytes(first),
            }
        };
        let mut clock = Clock::new();
        let now_ms = clock.now_ms();
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                dispatch: Dispatch::new(config, now_ms, tokens),
                clock,
                is_stopping: false,
            }),
            wake: Condvar::new(),
        });
        let mut notifier = Notifier {
            shared: Arc::clone(&shared),
            threads: Vec::new(),
        };
        for (at, mut door) in channels.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new()
                .name(format!("notify-{at}"))
                .spawn(move || work(&shared, at, door.as_mut()))
                .map_err(|error| system(error.to_string()))?;
            notifier.threads.push(thread);
        }
        Ok(notifier)
    }

    /// An alarm went off.
    pub fn tell(&self, notice: AlarmNotice) {
        self.shared
            .with(|dispatch, now_ms| dispatch.tell(now_ms, notice));
    }

    /// An alarm was acknowledged.
    pub fn acknowledged(&self, alarm: &str) {
        self.shared
            .with(|dispatch, now_ms| dispatch.acknowledged(now_ms, alarm));
    }

    /// An alarm is over.
    pub fn cleared(&self, alarm: &str) {
        self.shared
            .with(|dispatch, now_ms| dispatch.cleared(now_ms, alarm));
    }

    /// An alarm was put aside.
    pub fn set_aside(&self, alarm: &str) {
        self.shared
            .with(|dispatch, now_ms| dispatch.set_aside(now_ms, alarm));
    }

    /// A receipt by link; gives the alarms of the message.
    ///
    /// # Errors
    /// The link is unknown, used or too old.
    pub fn receipt(&self, token: &str, who: Option<&str>) -> Result<Vec<String>, ReceiptProblem> {
        self.shared
            .with(|dispatch, now_ms| dispatch.receipt(now_ms, token, who))
    }

    /// A receipt by somebody at a page, who is known there.
    ///
    /// # Errors
    /// The alarm is not being told.
    pub fn receipt_of_alarm(&self, alarm: &str, who: &str) -> Result<(), ReceiptProblem> {
        self.shared
            .with(|dispatch, now_ms| dispatch.receipt_of_alarm(now_ms, alarm, who))
    }

    /// What happened since the last call, for the ledger; 1 000 records at most, so call
    /// again until it is empty.
    pub fn poll(&self) -> Vec<DeliveryRecord> {
        self.shared.lock().dispatch.take_records(POLL_MAX)
    }

    /// How everything is. What fails here should be an alarm of the station.
    pub fn health(&self) -> Health {
        self.shared.lock().dispatch.health()
    }

    /// Stops and waits for attempts that are under way, for their time-outs at most. What
    /// was not sent is not sent.
    pub fn stop(mut self) {
        self.ask_to_stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    fn ask_to_stop(&self) {
        self.shared.lock().is_stopping = true;
        self.shared.wake.notify_all();
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        // Not joined: a server that hangs must not hold up the end of a station.
        self.ask_to_stop();
    }
}

fn work(shared: &Shared, at: usize, door: &mut dyn Channel) {
    let mut inner = shared.lock();
    while !inner.is_stopping {
        let now_ms = inner.clock.now_ms();
        inner.dispatch.advance(now_ms);
        if let Some(job) = inner.dispatch.take_job(now_ms, at) {
            drop(inner);
            let outcome = attempt(door, &job);
            shared.with(|dispatch, now_ms| dispatch.done(now_ms, &job, outcome));
            inner = shared.lock();
            continue;
        }
        let due_ms = inner.dispatch.next_due_ms().unwrap_or(u64::MAX);
        let sleep = Duration::from_millis(due_ms.saturating_sub(now_ms).max(1));
        inner = match shared.wake.wait_timeout(inner, sleep.min(SLEEP_MAX)) {
            Ok((inner, _)) => inner,
            Err(poisoned) => poisoned.into_inner().0,
        };
    }
}

fn attempt(door: &mut dyn Channel, job: &Job) -> Result<(), SendProblem> {
    let call = AssertUnwindSafe(|| match job.purpose {
        Purpose::Probe => door.probe(),
        _ => door.send(&job.message),
    });
    catch_unwind(call).unwrap_or_else(|_| {
        Err(SendProblem::new(
            ProblemKind::Protocol,
            None,
            "the channel broke",
        ))
    })
}
