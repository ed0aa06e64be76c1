//! Snapshots and single steps: what an instructor does while everything stands still.
//!
//! ```text
//!  snapshot   freeze ─ scans stand ─ drivers' round ─ take process and tasks ─ go on
//!  restore    freeze ─ scans stand ─ drivers rest ─ put tasks, then process ─ drivers' round
//!  step       process passes ─ drivers' round ─ the due scans ─ drivers' round
//! ```
//!
//! A round writes what the scans want and reads what the process shows, so that neither
//! side of the field has news for the other when it is over.

use super::Instructor;
use crate::rt;
use crate::snapshots::{Kept, Shelf, SnapshotError};
use crate::standstill::Stander;
use gateway::desk::{Refusal, RefusalCode};
use journal::TaskState;
use signal::Utc;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for the drivers: a write poll, a cycle of reads and the time-outs of a
/// device that answers late.
const PATIENCE: Duration = Duration::from_secs(5);

fn busy(why: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Busy,
        format!("cannot stand still: {why}"),
        format!("无法静止:{why}"),
    )
}

fn not_kept(error: &SnapshotError) -> Refusal {
    let (en, zh) = error.words();
    Refusal::new(RefusalCode::NotPermitted, en, zh)
}

impl Instructor {
    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<Stander>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plant(&self) -> std::sync::Arc<plant::Plant> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.plant.clone()
    }

    /// Fingerprint of the text that runs.
    pub(super) fn digest(&self) -> u64 {
        self.plant().digest
    }

    /// As [`Instructor::go`], when nobody is in the midst of a snapshot or a step.
    pub(super) fn goes(&self, speed: f64) -> Result<(), Refusal> {
        let _tasks = self.tasks();
        self.go(speed)
    }

    /// Keeps process and controller as they are now; they go on as they went.
    pub(super) fn snapshot(&self, name: &str) -> Result<(), Refusal> {
        self.shelf().may_keep(name).map_err(|why| not_kept(&why))?;
        let mut tasks = self.tasks();
        let before = self.bank().speed();
        let kept = self.take(&mut tasks);
        self.go(before)?;
        let (digest, kept) = kept?;
        let utc = Utc(rt::utc_ns());
        let done = self.shelf().keep(name, utc, digest, &kept);
        done.map_err(|why| not_kept(&why))
    }

    /// Puts process and controller back as they were kept. They stand still afterwards,
    /// and a scenario that was played is no longer.
    pub(super) fn restore(&self, name: &str) -> Result<(), Refusal> {
        let mut tasks = self.tasks();
        let plant = self.plant();
        let kept = self.shelf().read(name, plant.digest);
        let kept = kept.map_err(|why| not_kept(&why))?;
        // Tried on programs of nobody's first: what does not fit is refused while all
        // goes on.
        let mut linked = plant.link();
        let fits = linked.tasks.len() == kept.tasks.len()
            && linked
                .tasks
                .iter_mut()
                .zip(&kept.tasks)
                .all(|(task, state)| {
                    task.name == state.name && task.linked.program.restore(&state.words).is_ok()
                });
        if !fits || !self.bank().world().is_like(&kept.world) {
            let message = "it does not fit this plant".to_string();
            return Err(not_kept(&SnapshotError::Damaged { message }));
        }
        let before = self.bank().speed();
        let done = self.put(&mut tasks, kept);
        match done {
            Ok(()) => {
                // A driver that does not see it now does when time goes on.
                let _ = self.round();
                Ok(())
            }
            Err(refusal) => {
                self.go(before)?;
                Err(refusal)
            }
        }
    }

    /// Deletes a snapshot.
    pub(super) fn forget(&self, name: &str) -> Result<(), Refusal> {
        self.shelf().forget(name).map_err(|why| not_kept(&why))
    }

    /// One scan of the fastest task, those of the others that are due by then, and the
    /// process's share of the time.
    pub(super) fn step(&self) -> Result<(), Refusal> {
        let mut tasks = self.tasks();
        if self.pace.speed() > 0.0 {
            return Err(Refusal::new(
                RefusalCode::NotPermitted,
                "freeze first: a step is taken from standing still",
                "请先冻结:单步只能在静止时执行",
            ));
        }
        wait(&mut tasks)?;
        let periods = self.plant().tasks.iter().map(|task| task.period_ns).min();
        let by_ns = self.pace.to_next_ns(periods.unwrap_or(1).max(1) as i64);
        self.bank().pass(by_ns as u64);
        self.round()?;
        if !self.pace.stand_later(by_ns) {
            return Err(busy("the scans have not yet taken earlier changes"));
        }
        wait(&mut tasks)?;
        self.round()
    }

    fn take(&self, tasks: &mut [Stander]) -> Result<(u64, Kept), Refusal> {
        self.go(0.0)?;
        wait(tasks)?;
        self.round()?;
        let plant = self.plant();
        let linked = plant.link();
        let tasks = tasks.iter_mut().zip(&linked.tasks).map(|(task, linked)| {
            let stood = task.take(linked.linked.program.state_len());
            stood.map(|stood| TaskState {
                name: task.name().to_string(),
                scan: stood.scan,
                words: stood.words.into_vec(),
            })
        });
        let tasks: Result<Vec<TaskState>, String> = tasks.collect();
        let kept = Kept {
            stands_ns: self.pace.plant_ns(),
            tasks: tasks.map_err(|why| busy(&why))?,
            world: self.bank().world().clone(),
        };
        Ok((plant.digest, kept))
    }

    /// Puts the tasks and then the process, or, if a task does not take its state, the
    /// tasks as they were.
    fn put(&self, tasks: &mut [Stander], kept: Kept) -> Result<(), Refusal> {
        self.go(0.0)?;
        // As far from the next release of every task as it was: whatever is scanned on
        // the way there is replaced.
        let by_ns = (kept.stands_ns - self.pace.plant_ns()).rem_euclid(self.common_ns());
        if !self.pace.stand_later(by_ns) {
            return Err(busy("the scans have not yet taken earlier changes"));
        }
        let (_, before) = self.take(tasks)?;
        self.player.stop();
        let states = kept.tasks.into_iter().map(|state| state.words);
        for (at, words) in states.enumerate() {
            let Err(why) = tasks[at].put(words.into_boxed_slice()) else {
                continue;
            };
            for (task, state) in tasks.iter_mut().zip(before.tasks).take(at + 1) {
                // One that does not answer has nothing to be put back.
                let _ = task.put(state.words.into_boxed_slice());
            }
            return Err(busy(&why));
        }
        self.bank().replace(kept.world);
        Ok(())
    }

    /// After so long the releases of all tasks lie as before, nanoseconds.
    fn common_ns(&self) -> i64 {
        let plant = self.plant();
        let periods = plant.tasks.iter().map(|task| task.period_ns as i64);
        periods.fold(1, |all, period| {
            let (mut a, mut b) = (all, period.max(1));
            while b > 0 {
                (a, b) = (b, a % b);
            }
            // Periods without a common measure: that of the last.
            (all / a).checked_mul(period.max(1)).unwrap_or(period)
        })
    }

    /// Every driver writes and reads everything once, and rests again.
    fn round(&self) -> Result<(), Refusal> {
        let pace = self.pace.shared();
        let round = pace.ask_round();
        let until = Instant::now() + PATIENCE;
        while !pace.is_at_rest(round) {
            if Instant::now() > until {
                return Err(busy("a driver does not rest"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Waits until every task stands still.
fn wait(tasks: &mut [Stander]) -> Result<(), Refusal> {
    for task in tasks {
        task.wait().map_err(|why| busy(&why))?;
    }
    Ok(())
}
