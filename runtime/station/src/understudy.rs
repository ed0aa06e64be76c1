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
    /// How long a rehearsal takes, nanoseconds: the longest of late.
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
        2 * self.took_ns
    }

    /// Plays the coming scan of `lead`, if the time that is left is surely enough; what
    /// the feed will be filled with is fetched too. Never allocates.
    pub fn rehearse(&mut self, lead: &Program, feed: &FeedIn, left_ns: i64) {
        // One that once took long is forgotten in time.
        self.took_ns -= self.took_ns / 64;
        if self.is_out || left_ns < self.took_ns {
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
        self.took_ns = self.took_ns.max(rt::monotonic_ns() - begun_ns);
    }
}
