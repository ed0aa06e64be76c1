//! The understudy: a twin of the running program that plays the coming scan in the time
//! for which the scan thread is awake early.
//!
//! Between two scans of 100 ms other threads fill the processor's caches, and a scan that
//! finds neither its code nor its data there takes several times as long. What the twin
//! computes is thrown away; it has no door, no outlet and no witness, so nothing of it
//! can reach the plant or the recording.

use crate::feed::FeedIn;
use crate::rt;
use scan::{Program, Scan};
use signal::{ScanIndex, Utc};
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A twin of a program, with memory for its state.
pub struct Understudy {
    program: Box<Program>,
    words: Box<[u64]>,
    period_s: f64,
    /// How long a rehearsal takes, nanoseconds: longer than most of late.
    took_ns: i64,
    /// It panicked, or is no twin: it plays no more.
    is_out: bool,
}

/// How long a rehearsal is thought to take before the first, nanoseconds.
const FIRST_NS: i64 = 200_000;

impl Understudy {
    /// An understudy from a twin of the program, linked from the same text.
    pub fn new(program: Program, period_ns: u64) -> Understudy {
        Understudy {
            words: vec![0; program.state_len()].into_boxed_slice(),
            program: Box::new(program),
            period_s: period_ns as f64 * 1e-9,
            took_ns: FIRST_NS,
            is_out: false,
        }
    }

    /// How long before a release a rehearsal should begin, nanoseconds.
    pub const fn lead_ns(&self) -> i64 {
        self.took_ns + self.took_ns / 2
    }

    /// Plays the coming scan of `lead`, if the time that is left is surely enough; what
    /// the feed will be filled with is fetched too. Never allocates.
    pub fn rehearse(&mut self, lead: &Program, feed: &FeedIn, left_ns: i64) {
        if self.is_out || left_ns < self.took_ns {
            // What once took long is tried again in time.
            self.took_ns -= self.took_ns / 64;
            return;
        }
        let begun_ns = rt::monotonic_ns();
        let scan = Scan {
            index: ScanIndex(lead.image_scan() + 1),
            utc: Utc(0),
            dt_s: self.period_s,
            elapsed: 1,
        };
        let (program, words) = (&mut self.program, &mut self.words);
        let played = catch_unwind(AssertUnwindSafe(|| program.rehearse(lead, words, &scan)));
        self.is_out = !matches!(black_box(played), Ok(Ok(_)));
        feed.fetch();
        self.took_ns = expected_ns(self.took_ns, rt::monotonic_ns() - begun_ns, left_ns);
    }
}

/// How long the next rehearsal is thought to take after one that took so long: quickly
/// up and slowly down, but by a part only, since one that was interrupted says little of
/// the next, and whoever expects too much waits at the clock for nothing. One that made
/// its scan late counts in full.
fn expected_ns(before_ns: i64, took_ns: i64, left_ns: i64) -> i64 {
    let more_ns = took_ns - before_ns;
    match more_ns {
        _ if took_ns > left_ns => before_ns.max(took_ns),
        1.. => before_ns + more_ns / 4,
        _ => before_ns + more_ns / 16,
    }
}

#[cfg(test)]
mod tests {
    use super::expected_ns;

    #[test]
    fn one_that_was_interrupted_is_soon_forgotten_and_one_that_was_too_long_is_not() {
        let steady = |mut ns, scans| {
            for _ in 0..scans {
                ns = expected_ns(ns, 100, 1_000);
            }
            ns
        };
        assert_eq!(expected_ns(100, 900, 1_000), 300);
        assert!(steady(300, 30) < 150);
        assert_eq!(expected_ns(100, 9_000, 1_000), 9_000);
        // Every fourth longer than the others: there is time for it.
        let mut ns = 100;
        for scan in 0..200 {
            ns = expected_ns(ns, if scan % 4 == 0 { 200 } else { 100 }, 1_000);
        }
        assert!(ns + ns / 2 > 200, "{ns}");
    }
}
