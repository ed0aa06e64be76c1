//! Writes down what the scan sees, into wait-free rings: entries and digests for
//! the recorder, durations for the histograms.

use crate::rt;
use scan::{Entry, Scan, Witness};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One item of a task's log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item {
    /// A scan begins.
    Begin {
        /// Number.
        index: u64,
        /// Grid time.
        utc_ns: i64,
        /// Periods since the last.
        elapsed: u32,
    },
    /// Something entered.
    Entry(Entry),
    /// A scan ended.
    End {
        /// Digest of the image.
        digest: u64,
    },
    /// The state of the program was taken here.
    Mark(Mark),
}

/// Where in a log a state belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Number of the state, the same as in its [`crate::scan_thread::StateShot`].
    pub serial: u64,
    /// Edition that runs from here.
    pub edition: u64,
    /// What follows does not go on from what came before: items before this one were
    /// lost, or another state was put in place.
    pub gap: bool,
}

/// Items a ring holds: more than a minute of a busy plant at 100 ms.
pub const ITEMS_WAITING_MAX: usize = 1 << 16;

/// Parts of a scan, in the order of their durations.
pub const PARTS: [(&str, &str, &str); 7] = [
    ("scan", "whole scan", "整个扫描"),
    ("wake-up", "wake-up latency", "唤醒延迟"),
    (
        "inlet",
        "inlet: frames and commands in",
        "输入:数据帧与命令",
    ),
    ("condition", "stage condition", "信号调理阶段"),
    ("logic", "stage logic", "控制逻辑阶段"),
    ("protect", "stage protect", "联锁保护阶段"),
    (
        "outlet",
        "outlet: frames and snapshot out",
        "输出:数据帧与快照",
    ),
];

/// Durations of one scan, nanoseconds, in the order of [`PARTS`].
pub type Durations = [u32; 7];

/// The scan thread's witness.
pub struct ScanWitness {
    items: rtrb::Producer<Item>,
    lost: Arc<AtomicU64>,
    /// Something was lost since the last mark; until the next one nothing is written.
    gap: bool,
    begun_ns: i64,
    marks: [i64; 5],
}

impl ScanWitness {
    /// A witness that fills `items` and counts in `lost` what does not fit.
    pub const fn new(items: rtrb::Producer<Item>, lost: Arc<AtomicU64>) -> ScanWitness {
        ScanWitness {
            items,
            lost,
            gap: false,
            begun_ns: 0,
            marks: [0; 5],
        }
    }

    /// Adds an item; a full ring loses it and everything up to the next mark, since
    /// a log with a hole in it cannot be replayed.
    pub fn push(&mut self, item: Item) {
        if self.gap || self.items.push(item).is_err() {
            self.gap = true;
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What comes from now on does not go on from what came before: another state is
    /// put in place. The next mark tells.
    pub const fn break_off(&mut self) {
        self.gap = true;
    }

    /// Marks the place of a state. False if the ring is full: the state has no place.
    pub fn mark_state(&mut self, serial: u64, edition: u64) -> bool {
        let mark = Mark {
            serial,
            edition,
            gap: self.gap,
        };
        let marked = self.items.push(Item::Mark(mark)).is_ok();
        self.gap = !marked;
        if !marked {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        marked
    }

    /// Items lost so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Durations of the last scan.
    pub fn durations(&self, late_ns: i64) -> Durations {
        let part = |from: i64, to: i64| (to - from).clamp(0, i64::from(u32::MAX)) as u32;
        let m = &self.marks;
        [
            part(self.begun_ns, m[4]),
            part(0, late_ns),
            part(self.begun_ns, m[0]),
            part(m[0], m[1]),
            part(m[1], m[2]),
            part(m[2], m[3]),
            part(m[3], m[4]),
        ]
    }
}

impl Witness for ScanWitness {
    fn begin(&mut self, scan: &Scan) {
        self.begun_ns = rt::monotonic_ns();
        self.push(Item::Begin {
            index: scan.index.0,
            utc_ns: scan.utc.ns(),
            elapsed: scan.elapsed,
        });
    }
    fn entry(&mut self, entry: &Entry) {
        self.push(Item::Entry(*entry));
    }
    fn mark(&mut self, part: usize) {
        if let Some(mark) = self.marks.get_mut(part) {
            *mark = rt::monotonic_ns();
        }
    }
    fn end(&mut self, _scan: &Scan, digest: u64) {
        self.push(Item::End { digest });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_loss_nothing_is_written_until_a_mark_that_tells_of_it() {
        let (items, mut out) = rtrb::RingBuffer::new(2);
        let mut witness = ScanWitness::new(items, Arc::default());
        let end = |digest| Item::End { digest };
        for digest in 1..=3 {
            witness.push(end(digest));
        }
        assert!(!witness.mark_state(1, 1), "the ring is full");
        assert_eq!(out.pop(), Ok(end(1)));
        witness.push(end(4));
        assert_eq!(out.pop(), Ok(end(2)));
        assert!(out.pop().is_err(), "a hole is not filled from its middle");
        assert_eq!(witness.lost(), 3);
        assert!(witness.mark_state(2, 1));
        witness.push(end(5));
        let mark = Mark {
            serial: 2,
            edition: 1,
            gap: true,
        };
        assert_eq!(out.pop(), Ok(Item::Mark(mark)));
        assert_eq!(out.pop(), Ok(end(5)));
        assert!(witness.mark_state(3, 1));
        assert_eq!(
            out.pop(),
            Ok(Item::Mark(Mark {
                serial: 3,
                gap: false,
                ..mark
            }))
        );
    }
}
