//! The feed: the image of every scan, in order, on its way to the desk side. The scan
//! thread fills buffers that come back to it; if none is back in time the scan goes on
//! without, and the missing scan number tells.

use scan::image::Cell;
use scan::{Image, Program};

/// The image of one scan.
#[derive(Clone)]
pub struct FeedFrame {
    /// Edition whose slots these are.
    pub edition: u64,
    /// Scan.
    pub scan: u64,
    /// Grid time, nanoseconds since 1970.
    pub utc_ns: i64,
    /// All cells.
    pub cells: Box<[Cell]>,
    /// Epoch of the image at which this copy was made; 0 before the first.
    copied: u64,
}

/// The scan thread's end.
pub struct FeedIn {
    empty: rtrb::Consumer<Box<FeedFrame>>,
    full: rtrb::Producer<Box<FeedFrame>>,
    skipped: u64,
}

/// The desk's end.
pub struct FeedOut {
    full: rtrb::Consumer<Box<FeedFrame>>,
    empty: rtrb::Producer<Box<FeedFrame>>,
}

/// Time for which the desk side may be late before a scan is missing, nanoseconds.
const SLACK_NS: u64 = 2_000_000_000;
/// Buffers at least and at most.
const BUFFERS: (usize, usize) = (8, 256);
/// Memory of all buffers of one feed at most, bytes.
const BYTES_MAX: usize = 64 << 20;

/// Buffers for a program of so many cells with this period.
fn depth(cells: usize, period_ns: u64) -> usize {
    let wanted = (SLACK_NS / period_ns.max(1)) as usize;
    let room = BYTES_MAX / (cells.max(1) * size_of::<Cell>());
    wanted.clamp(BUFFERS.0, BUFFERS.1).min(room.max(BUFFERS.0))
}

/// A feed for a program of edition `edition`.
pub fn feed(edition: u64, program: &Program, period_ns: u64) -> (FeedIn, FeedOut) {
    let cells = program.image.cells();
    let depth = depth(cells.len(), period_ns);
    let (full, full_out) = rtrb::RingBuffer::new(depth);
    let (mut empty, empty_out) = rtrb::RingBuffer::new(depth);
    for _ in 0..depth {
        let frame = FeedFrame {
            edition,
            scan: 0,
            utc_ns: 0,
            cells: cells.into(),
            copied: 0,
        };
        // The ring has this many places.
        let _ = empty.push(Box::new(frame));
    }
    (
        FeedIn {
            empty: empty_out,
            full,
            skipped: 0,
        },
        FeedOut {
            full: full_out,
            empty,
        },
    )
}

impl FeedIn {
    /// Sends the image of a scan, or counts it as skipped if no buffer is back.
    pub fn send(&mut self, scan: u64, utc_ns: i64, image: &Image) {
        let Ok(mut frame) = self.empty.pop() else {
            self.skipped += 1;
            return;
        };
        frame.scan = scan;
        frame.utc_ns = utc_ns;
        frame.copied = image.copy_to(&mut frame.cells, frame.copied);
        // There are as many places as buffers.
        let _ = self.full.push(frame);
    }

    /// Reads the buffer that the next image goes to, so that it is in the caches then.
    pub fn fetch(&self) {
        if let Ok(frame) = self.empty.peek() {
            let cells = frame.cells.iter();
            std::hint::black_box(cells.fold(0, |all, cell| all ^ cell.bits));
        }
    }

    /// Scans that were not sent.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl FeedOut {
    /// The oldest image not yet seen.
    pub fn take(&mut self) -> Option<Box<FeedFrame>> {
        self.full.pop().ok()
    }

    /// Gives a buffer back to the scan thread.
    pub fn give_back(&mut self, frame: Box<FeedFrame>) {
        // There are as many places as buffers.
        let _ = self.empty.push(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_buffers_for_two_seconds_within_the_memory() {
        assert_eq!(depth(1_000, 100_000_000), 20);
        assert_eq!(depth(1_000, 10_000_000), 200);
        assert_eq!(depth(1_000, 1_000_000), 256);
        assert_eq!(depth(1_000, 60_000_000_000), 8);
        assert_eq!(depth(1_000_000, 10_000_000), 8);
    }
}
