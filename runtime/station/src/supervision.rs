//! The scripts of the edition that runs: started with the station, replaced with
//! each edition, told of to the first task.

use driver::Pace;
use gateway::Hub;
use plant::Plant;
use scripts::{RunnerOptions, ScriptState, ScriptText, Scripts};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const _: () = assert!(plant::scripts::SCRIPTS_MAX == scripts::limits::SCRIPTS_MAX);

/// Whether each script is faulted, in the order of the text; read by the scan.
pub type ScriptFlags = Arc<[AtomicBool]>;

/// Flags for the scripts of a plant.
pub fn flags_of(plant: &Plant) -> ScriptFlags {
    plant
        .scripts
        .iter()
        .map(|_| AtomicBool::new(false))
        .collect()
}

/// The running scripts.
pub struct Supervision {
    running: Mutex<Option<Scripts>>,
    flags: ScriptFlags,
    options: RunnerOptions,
}

impl Supervision {
    /// Of a station whose time goes at this pace; nothing runs yet.
    pub fn new(plant: &Plant, hub: Arc<Hub>, pace: Arc<Pace>, flags: ScriptFlags) -> Supervision {
        let periods = plant.tasks.iter().map(|task| task.period_ns);
        let shortest = Duration::from_nanos(periods.min().unwrap_or(0));
        let stale = shortest.mul_f64(3.0 / pace.speed().max(1e-3));
        let events = hub.clone();
        Supervision {
            running: Mutex::new(None),
            flags,
            options: RunnerOptions {
                desk: hub,
                tell: Arc::new(move |event| events.add_event(event)),
                pace: Arc::new(move || pace.speed()),
                // The pump brings images a few times a second.
                stale: stale.max(Duration::from_secs(1)),
            },
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Scripts>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the scripts of a plant in place of those that run. Does not wait for
    /// these: one may itself be waiting for an answer of the caller.
    pub fn start(&self, plant: &Plant) {
        let texts = plant.scripts.iter().map(script_text).collect();
        let mut running = self.running();
        drop(running.take());
        *running = Some(Scripts::start(texts, &self.options));
    }

    /// Shows to the scan which scripts are faulted.
    pub fn show(&self) {
        let running = self.running();
        let statuses = running.as_ref().map(Scripts::statuses).unwrap_or_default();
        for (flag, (_, status)) in self.flags.iter().zip(statuses) {
            flag.store(status.state() == ScriptState::Faulted, Ordering::Relaxed);
        }
    }

    /// Ends all scripts and waits for them.
    pub fn stop(&self) {
        let running = self.running().take();
        if let Some(scripts) = running {
            scripts.join();
        }
    }
}

/// A script of the plant's text as the sandbox wants it.
pub fn script_text(draft: &plant::ScriptDraft) -> ScriptText {
    ScriptText {
        name: draft.name.clone(),
        text: draft.text.clone(),
        period_s: draft.period_s,
        reads: draft.reads.clone(),
        writes: draft.writes.clone(),
        restart: draft.restart.clone(),
        operations_max: draft.operations_max,
    }
}
