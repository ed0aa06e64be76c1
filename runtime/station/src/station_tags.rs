//! What the station itself tells a task: overruns, lost records, the ledger, its drivers.

use crate::supervision::ScriptFlags;
use signal::Quality;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Values of the station's source, in the order of
/// [`plant::resolve::station_tags`].
#[derive(Clone, Debug, Default)]
pub struct StationValues {
    /// Scans that ended after their deadline, or releases that were missed.
    pub overruns: u64,
    /// Overruns in a row.
    pub in_a_row: u32,
    /// Overruns in a row that raise the alarm tag.
    pub alarm_from: u32,
    /// Items that no recorder took.
    pub lost: u64,
    /// Whether the scan was late by more than its watchdog permits; latched until
    /// the protect stage has seen it for some scans.
    pub watchdog: bool,
    /// Whether nothing can be recorded, so that every command is refused.
    pub ledger_down: Arc<AtomicBool>,
    /// Whether each driver of the task answers.
    pub drivers_ok: Vec<bool>,
    /// Whether each script is faulted; in the first task only.
    pub scripts: ScriptFlags,
}

impl StationValues {
    /// The cells in their order.
    pub fn cells(&self) -> impl Iterator<Item = (u64, Quality)> + '_ {
        let alarm = self.in_a_row >= self.alarm_from.max(1);
        [
            self.overruns,
            u64::from(alarm),
            self.lost,
            u64::from(self.watchdog),
            u64::from(self.ledger_down.load(Ordering::Relaxed)),
        ]
        .into_iter()
        .chain(self.drivers_ok.iter().map(|ok| u64::from(*ok)))
        .chain(
            self.scripts
                .iter()
                .map(|faulted| u64::from(faulted.load(Ordering::Relaxed))),
        )
        .map(|bits| (bits, Quality::GOOD))
    }
}
