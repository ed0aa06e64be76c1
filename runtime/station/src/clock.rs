//! The real-time grid: absolute releases, missed ones skipped and counted.

use crate::rt;
use scan::{Scan, ScanClock};
use signal::{ScanIndex, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Releases on an absolute grid of the monotonic clock.
///
/// A release that was missed is skipped, never caught up in a burst; the next scan
/// is told how many periods have passed. The wall clock is a label only: setting it
/// moves no release.
pub struct RtClock {
    period_ns: i64,
    /// Wall time of one period: shorter than the period when a simulation runs fast.
    wall_ns: i64,
    next_ns: i64,
    /// How long before a release the thread wakes and waits at the clock.
    early_ns: i64,
    index: u64,
    stop: Arc<AtomicBool>,
    late_ns: i64,
    missed_last: u64,
    release_ns: i64,
    /// Grid time as simulated, if time runs fast; else the wall clock labels scans.
    simulated: Option<Utc>,
    last: Option<u64>,
}

impl RtClock {
    /// A clock of this period, `speed` times faster than real time, that continues
    /// after scan `after` and ends when `stop` is set. `start_ns` is the first
    /// release on the monotonic clock.
    pub fn new(
        period_ns: u64,
        speed: f64,
        after: ScanIndex,
        start_ns: i64,
        stop: Arc<AtomicBool>,
    ) -> RtClock {
        let wall_ns = signal::math::round(period_ns as f64 / speed).max(1.0) as i64;
        RtClock {
            period_ns: period_ns as i64,
            wall_ns,
            next_ns: start_ns,
            early_ns: 0,
            index: after.0,
            stop,
            late_ns: 0,
            missed_last: 0,
            release_ns: start_ns,
            simulated: (speed != 1.0).then(|| Utc(rt::utc_ns())),
            last: None,
        }
    }

    /// Wakes so long before each release and waits at the clock for the rest, at most
    /// a tenth of the period. It costs that part of a processor and takes away what
    /// the kernel and a virtual machine's host are usually late by.
    #[must_use]
    pub fn waking_early(mut self, early_ns: u64) -> RtClock {
        self.early_ns = (early_ns as i64).clamp(0, self.wall_ns / 10);
        self
    }

    /// Ends after so many scans.
    #[must_use]
    pub fn for_scans(mut self, scans: Option<u64>) -> RtClock {
        self.last = scans.map(|scans| self.index + scans);
        self
    }

    /// How late the last wake-up was, nanoseconds.
    pub const fn late_ns(&self) -> i64 {
        self.late_ns
    }

    /// Releases that were missed before the last one.
    pub const fn missed_last(&self) -> u64 {
        self.missed_last
    }

    /// When the last scan was to begin, monotonic nanoseconds.
    pub const fn release_ns(&self) -> i64 {
        self.release_ns
    }

    /// Wall time of one period, nanoseconds.
    pub const fn wall_ns(&self) -> i64 {
        self.wall_ns
    }
}

impl ScanClock for RtClock {
    fn next_release(&mut self) -> Option<Scan> {
        let mut elapsed = 1;
        let missed = (rt::monotonic_ns() - self.next_ns).div_euclid(self.wall_ns);
        if missed >= 1 {
            elapsed += missed;
            self.next_ns += missed * self.wall_ns;
        }
        rt::sleep_until(self.next_ns - self.early_ns);
        if self.early_ns > 0 {
            rt::wait_until(self.next_ns);
        }
        if self.stop.load(Ordering::Relaxed) || self.last.is_some_and(|last| self.index >= last) {
            return None;
        }
        self.late_ns = rt::monotonic_ns() - self.next_ns;
        self.release_ns = self.next_ns;
        self.next_ns += self.wall_ns;
        self.index += 1;
        let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX);
        self.missed_last = u64::from(elapsed) - 1;
        let utc = match &mut self.simulated {
            None => Utc(rt::utc_ns()),
            Some(utc) => {
                *utc = utc.plus_ns(i64::from(elapsed).saturating_mul(self.period_ns));
                *utc
            }
        };
        Some(Scan {
            index: ScanIndex(self.index),
            utc,
            dt_s: f64::from(elapsed) * self.period_ns as f64 * 1e-9,
            elapsed,
        })
    }
}

/// The time of a simulation that runs at another speed than the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct PlantTime {
    speed: f64,
    start_ns: i64,
    utc_ns: i64,
}

impl PlantTime {
    /// Time that is `utc_ns` at `start_ns` of the monotonic clock.
    pub const fn new(speed: f64, start_ns: i64, utc_ns: i64) -> PlantTime {
        PlantTime {
            speed,
            start_ns,
            utc_ns,
        }
    }

    /// The time at a moment of the monotonic clock.
    pub fn at(&self, monotonic_ns: i64) -> i64 {
        let passed = (monotonic_ns - self.start_ns) as f64 * self.speed;
        self.utc_ns + passed as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_fast_simulation_is_that_of_its_scans() {
        let stop = Arc::new(AtomicBool::new(false));
        let start = rt::monotonic_ns();
        let time = PlantTime::new(10.0, start, rt::utc_ns());
        let mut clock = RtClock::new(20_000_000, 10.0, ScanIndex(0), start, stop);
        for _ in 0..10 {
            let scan = clock.next_release().expect("a scan");
            let ahead_ms = (scan.utc.0 - time.at(clock.release_ns())) / 1_000_000;
            // One period of its own, and what the two were made apart.
            assert!((0..=120).contains(&ahead_ms), "{ahead_ms} ms");
        }
    }

    #[test]
    fn missed_releases_are_skipped_and_told() {
        let stop = Arc::new(AtomicBool::new(false));
        let start = rt::monotonic_ns() - 35_000_000;
        let mut clock = RtClock::new(10_000_000, 1.0, ScanIndex(0), start, stop);
        let first = clock.next_release().unwrap();
        assert!(first.elapsed >= 4, "{first:?}");
        assert_eq!((clock.release_ns() - start) % 10_000_000, 0);
        assert_eq!(first.index, ScanIndex(1));
        assert_eq!(clock.missed_last(), u64::from(first.elapsed) - 1);
        assert_eq!(first.dt_s, f64::from(first.elapsed) * 0.01);
    }

    #[test]
    fn the_clock_ends_on_request_and_after_its_scans() {
        let stop = Arc::new(AtomicBool::new(false));
        let now = rt::monotonic_ns();
        let mut clock =
            RtClock::new(1_000_000, 10.0, ScanIndex(7), now, stop.clone()).for_scans(Some(2));
        assert_eq!(clock.next_release().unwrap().index, ScanIndex(8));
        assert!(clock.next_release().is_some());
        assert!(clock.next_release().is_none());
        let mut clock = RtClock::new(1_000_000, 1.0, ScanIndex(0), now, stop.clone());
        stop.store(true, Ordering::Relaxed);
        assert!(clock.next_release().is_none());
    }
}
