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
    Shot,
    /// A new edition runs from here; its state was taken.
    Edition(u64),
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
    begun_ns: i64,
    marks: [i64; 5],
}

impl ScanWitness {
    /// A witness that fills `items` and counts in `lost` what does not fit.
    pub const fn new(items: rtrb::Producer<Item>, lost: Arc<AtomicU64>) -> ScanWitness {
        ScanWitness {
            items,
            lost,
            begun_ns: 0,
            marks: [0; 5],
        }
    }

    /// Adds an item; a full ring loses it, and says so.
    pub fn push(&mut self, item: Item) {
        if self.items.push(item).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
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
