//! The scan thread of one task: waits, scans, and between two scans does what may
//! only be done there: swap an edition, take the state.

use crate::clock::RtClock;
use crate::feed::FeedIn;
use crate::layout::Layout;
use crate::ports::{TaskInlet, TaskOutlet};
use crate::rt;
use crate::standstill::{self, StandEnds};
use crate::understudy::Understudy;
use crate::witness::{Durations, ScanWitness};
use driver::{Health, HealthState};
use scan::{Program, Task, TransferPlan};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// A new edition for one task, made ready off the scan thread.
pub struct Swap {
    /// Program in which the old state goes.
    pub program: Box<Program>,
    /// How.
    pub plan: TransferPlan,
    /// Where things are in it.
    pub layout: Layout,
    /// Buffers of its size.
    pub feed: FeedIn,
    /// Memory for its state.
    pub state: Box<[u64]>,
    /// Twin that rehearses its scans.
    pub understudy: Understudy,
}

/// What the scan thread gives back: things to be freed elsewhere.
pub struct Swapped {
    /// Whether the new edition runs. If not, `program` is the new one.
    pub adopted: bool,
    /// The program that does not run.
    pub program: Box<Program>,
    /// Its layout and buffers, kept for the memory's sake.
    pub leftovers: (Layout, FeedIn, TransferPlan, Understudy),
}

/// The state of a program after a scan.
pub struct StateShot {
    /// Number of its mark in the log; 0: no state, the memory comes back unused.
    pub serial: u64,
    /// The scan.
    pub scan: u64,
    /// Words that the program needs now.
    pub wanted: usize,
    /// Its words.
    pub words: Box<[u64]>,
}

/// What the watchdog and the desk may see of a scan thread at any time.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Scan last finished.
    pub scan: AtomicU64,
    /// When it was finished, monotonic nanoseconds.
    pub at_ns: AtomicI64,
    /// Overruns.
    pub overruns: AtomicU64,
    /// Releases missed: scans that were not run.
    pub missed: AtomicU64,
    /// Times the watchdog tripped.
    pub watchdogs: AtomicU64,
    /// A block panicked; the task is dead and its outputs are fail-safe.
    pub faulted: AtomicBool,
}

/// The ends of the scan thread that are not its task.
pub struct ScanControl {
    /// Editions to adopt.
    pub swaps: rtrb::Consumer<Swap>,
    /// What remains of them.
    pub swapped: rtrb::Producer<Swapped>,
    /// Memory to put state into.
    pub empty: rtrb::Consumer<Box<[u64]>>,
    /// State taken.
    pub shots: rtrb::Producer<StateShot>,
    /// Durations of each scan.
    pub durations: rtrb::Producer<Durations>,
    /// Life signs.
    pub pulse: Arc<Pulse>,
    /// Health of the task's drivers.
    pub health: Vec<Arc<Health>>,
    /// Lateness that trips the watchdog, nanoseconds.
    pub watchdog_ns: i64,
    /// Number of the last state taken.
    pub taken: u64,
    /// Twin that rehearses the scans.
    pub understudy: Understudy,
    /// What is asked while time stands still.
    pub stand: StandEnds,
}

/// Scans for which the watchdog tag stays true, so that every cause delay sees it.
const WATCHDOG_SCANS: u32 = 50;

/// The task that a scan thread runs.
pub type StationTask = Task<RtClock, TaskInlet, TaskOutlet, ScanWitness>;

/// Runs until the clock ends or a block panics.
pub fn run(mut task: StationTask, mut control: ScanControl) {
    let mut watchdog_scans = 0;
    loop {
        adopt(&mut task, &mut control);
        let left_ns = task.clock.approach(control.understudy.lead_ns());
        let feed = &task.outlet.feed;
        control.understudy.rehearse(&task.program, feed, left_ns);
        let outcome = catch_unwind(AssertUnwindSafe(|| task.run_once()));
        match outcome {
            Ok(true) => {}
            Ok(false) if task.clock.is_standing() => {
                standstill::serve(&mut task, &mut control);
                continue;
            }
            Ok(false) => break,
            Err(_) => {
                control.pulse.faulted.store(true, Ordering::Release);
                break;
            }
        }
        account(&mut task, &mut control, &mut watchdog_scans);
        take_state(&mut task, &mut control);
    }
    // One more frame, newer than the last, so that the drivers see it.
    let last = task.program.image_scan() + 1;
    task.outlet.disarm(last);
}

/// Counts overruns and lateness; what they mean enters through the door next scan.
fn account(task: &mut StationTask, control: &mut ScanControl, watchdog_scans: &mut u32) {
    let end = rt::monotonic_ns();
    let pulse = &control.pulse;
    let clock = &task.clock;
    let wall_ns = clock.wall_ns();
    // Full ring: the desk is behind and misses a few durations, nothing else.
    let _ = control
        .durations
        .push(task.witness.durations(clock.late_ns()));
    let station = &mut task.inlet.station;
    let scan = pulse.scan.fetch_add(1, Ordering::Relaxed) + 1;
    pulse
        .missed
        .fetch_add(clock.missed_last(), Ordering::Relaxed);
    let since_ns = end - pulse.at_ns.swap(end, Ordering::Relaxed);
    if end - clock.release_ns() > wall_ns {
        station.overruns += 1;
        station.in_a_row += 1;
        pulse.overruns.fetch_add(1, Ordering::Relaxed);
    } else {
        station.in_a_row = 0;
    }
    if scan > 1 && !clock.was_bent() && since_ns > control.watchdog_ns.max(2 * wall_ns) {
        *watchdog_scans = WATCHDOG_SCANS;
        pulse.watchdogs.fetch_add(1, Ordering::Relaxed);
    }
    station.watchdog = *watchdog_scans > 0;
    task.outlet.armed = *watchdog_scans == 0;
    *watchdog_scans = watchdog_scans.saturating_sub(1);
    station.lost = task.witness.lost() + task.outlet.feed.skipped();
    for (ok, health) in station.drivers_ok.iter_mut().zip(&control.health) {
        *ok = matches!(health.state(), HealthState::Up | HealthState::Degraded);
    }
}

fn take_state(task: &mut StationTask, control: &mut ScanControl) {
    if let Ok(words) = control.empty.pop() {
        put_state(task, control, words);
    }
}

/// Puts the state into `words`, marks its place in the log and sends it off.
pub(crate) fn put_state(task: &mut StationTask, control: &mut ScanControl, mut words: Box<[u64]>) {
    // Memory of another edition does not fit and goes back unused, as does a state
    // whose mark found no room.
    let is_saved = task.program.save(&mut words).is_ok();
    let serial = control.taken + 1;
    let is_marked = is_saved && task.witness.mark_state(serial, task.outlet.layout.edition);
    if is_marked {
        control.taken = serial;
    }
    // The ring has room for every buffer there is.
    let _ = control.shots.push(StateShot {
        serial: if is_marked { serial } else { 0 },
        scan: task.program.image_scan(),
        wanted: task.program.state_len(),
        words,
    });
}

fn adopt(task: &mut StationTask, control: &mut ScanControl) {
    let Ok(mut swap) = control.swaps.pop() else {
        return;
    };
    let adopted = swap.plan.carry(&task.program, &mut swap.program);
    if adopted {
        std::mem::swap(&mut task.program, &mut swap.program);
        std::mem::swap(&mut task.outlet.feed, &mut swap.feed);
        // Exchange and driver points are the same in both editions.
        std::mem::swap(&mut task.outlet.layout, &mut swap.layout);
        std::mem::swap(&mut control.understudy, &mut swap.understudy);
        task.inlet.layout.clone_places(&task.outlet.layout);
        put_state(task, control, swap.state);
    }
    let _ = control.swapped.push(Swapped {
        adopted,
        program: swap.program,
        leftovers: (swap.layout, swap.feed, swap.plan, swap.understudy),
    });
}
