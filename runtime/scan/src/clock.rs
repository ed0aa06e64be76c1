//! Time for logic: whole scans, nothing else.

use signal::{ScanIndex, Utc};

/// Everything a block may know of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scan {
    /// Number of this scan since the task started.
    pub index: ScanIndex,
    /// Grid time of this scan, a label.
    pub utc: Utc,
    /// Seconds since the last scan: `elapsed` times the period.
    pub dt_s: f64,
    /// Whole periods since the last scan; 1 unless releases were missed.
    pub elapsed: u32,
}

/// Where scans come from: the real-time grid, a simulation, a recording. Time
/// differs here and nowhere else.
pub trait ScanClock {
    /// Waits for the next release. `None` ends the task.
    fn next_release(&mut self) -> Option<Scan>;
}

/// A clock that never waits.
#[derive(Clone, Copy, Debug)]
pub struct SimClock {
    period_ns: u64,
    index: u64,
    epoch: Utc,
}

impl SimClock {
    /// A clock of this period whose scan 0 would fall on `epoch`.
    pub const fn new(period_ns: u64, epoch: Utc) -> SimClock {
        SimClock {
            period_ns,
            index: 0,
            epoch,
        }
    }

    /// The same clock with the next scan numbered `index + 1`.
    #[must_use]
    pub const fn after(mut self, index: ScanIndex) -> SimClock {
        self.index = index.0;
        self
    }
}

impl ScanClock for SimClock {
    fn next_release(&mut self) -> Option<Scan> {
        self.index += 1;
        Some(Scan {
            index: ScanIndex(self.index),
            utc: self
                .epoch
                .plus_ns((self.index as i64).saturating_mul(self.period_ns as i64)),
            dt_s: self.period_ns as f64 * 1e-9,
            elapsed: 1,
        })
    }
}
