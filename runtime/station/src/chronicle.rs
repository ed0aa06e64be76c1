//! The chronicle: what the images of the scans, one after the other, say to people and
//! records. Nothing here reaches back into a scan; a scan that is missing in the feed is
//! marked as missing, never bridged.
//!
//! ```text
//!  feed ──> Chronicle ──> sequence of events   each edge of a discrete tag, by scan
//!                    ├──> trips                 what was before and after, at scan rate
//! ```

pub mod sequence;
pub mod trips;

use crate::directory::Place;
use crate::feed::FeedFrame;
use gateway::Hub;
use gateway::desk::{Directory, Interlock};
use plant::Plant;
use sequence::Sequence;
use signal::{Kind, Quality};
use std::sync::Arc;
use trips::Trips;

/// One tag as the chronicle sees it.
#[derive(Clone, Debug)]
pub struct Told {
    /// Handle.
    pub handle: u32,
    /// Slot in its task's image.
    pub slot: u32,
    /// Kind.
    pub kind: Kind,
    /// Whether its edges belong to the sequence of events.
    pub in_sequence: bool,
}

/// The names of an edition, as far as the chronicle needs them.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    /// Tags of each task, in the order of their slots.
    pub tasks: Vec<Vec<Told>>,
    /// Name of each handle.
    pub names: Vec<String>,
    /// Trip groups.
    pub interlocks: Vec<Interlock>,
}

impl Cast {
    /// The cast of an edition.
    pub fn new(plant: &Plant, directory: &Directory, places: &[Place]) -> Cast {
        let mut tasks = vec![Vec::new(); plant.tasks.len()];
        for (tag, place) in directory.tags.iter().zip(places) {
            let block = tag.name.split_once('.').map_or("", |(block, _)| block);
            let kind = plant.blocks.get(block).map(|block| block.kind.as_str());
            if let Some(tags) = tasks.get_mut(place.task) {
                tags.push(Told {
                    handle: tag.handle,
                    slot: place.slot,
                    kind: place.kind,
                    in_sequence: place.kind == Kind::Bool && kind.is_some_and(sequence::is_told),
                });
            }
        }
        for tags in &mut tasks {
            tags.sort_by_key(|tag| tag.slot);
        }
        Cast {
            tasks,
            names: directory.tags.iter().map(|tag| tag.name.clone()).collect(),
            interlocks: directory.interlocks.clone(),
        }
    }
}

/// A tag that changed in a scan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Changed {
    /// Handle.
    pub handle: u32,
    /// Kind.
    pub kind: Kind,
    /// New bits.
    pub bits: u64,
    /// Bits before; none in the first image.
    pub before: Option<u64>,
    /// New quality.
    pub quality: Quality,
    /// Whether its edges belong to the sequence of events.
    pub in_sequence: bool,
}

impl Changed {
    /// Whether a bool went from one value to the other.
    pub fn is_edge(&self) -> bool {
        self.kind == Kind::Bool && self.before.is_some_and(|before| before != self.bits)
    }
}

/// Where and when in the life of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Task.
    pub task: usize,
    /// Scan.
    pub scan: u64,
    /// Grid time, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Scans missing in the feed before this one.
    pub missing: u64,
}

/// Reads the feed of every task.
pub struct Chronicle {
    hub: Arc<Hub>,
    cast: Cast,
    newest: Vec<Option<Box<FeedFrame>>>,
    changed: Vec<Changed>,
    sequence: Sequence,
    trips: Trips,
    missing: u64,
}

impl Chronicle {
    /// A chronicle of this cast, told to this desk.
    pub fn new(hub: Arc<Hub>, cast: Cast) -> Chronicle {
        let mut chronicle = Chronicle {
            hub,
            cast: Cast::default(),
            newest: Vec::new(),
            changed: Vec::new(),
            sequence: Sequence::default(),
            trips: Trips::default(),
            missing: 0,
        };
        chronicle.adopt(cast);
        chronicle
    }

    /// Goes on with another edition. Values of before are not compared with those of it.
    pub fn adopt(&mut self, cast: Cast) {
        self.newest = cast.tasks.iter().map(|_| None).collect();
        self.trips.adopt(&cast);
        self.cast = cast;
    }

    /// The newest image of each task.
    pub fn newest(&self) -> &[Option<Box<FeedFrame>>] {
        &self.newest
    }

    /// Scans missing in the feeds so far.
    pub const fn missing(&self) -> u64 {
        self.missing
    }

    /// Takes the next image of a task; gives back the buffer of the one before.
    pub fn take(&mut self, task: usize, frame: Box<FeedFrame>) -> Option<Box<FeedFrame>> {
        let Some(tags) = self.cast.tasks.get(task) else {
            return Some(frame);
        };
        let before = self.newest[task].take();
        let missing = before.as_ref().map_or(0, |before| {
            frame.scan.saturating_sub(before.scan).saturating_sub(1)
        });
        self.missing += missing;
        let at = At {
            task,
            scan: frame.scan,
            utc_ns: frame.utc_ns,
            missing,
        };
        self.changed.clear();
        for tag in tags {
            let Some(cell) = frame.cells.get(tag.slot as usize) else {
                continue;
            };
            let old = before
                .as_ref()
                .and_then(|before| before.cells.get(tag.slot as usize));
            if old.is_some_and(|old| old.bits == cell.bits && old.quality() == cell.quality()) {
                continue;
            }
            self.changed.push(Changed {
                handle: tag.handle,
                kind: tag.kind,
                bits: cell.bits,
                before: old.map(|old| old.bits),
                quality: cell.quality(),
                in_sequence: tag.in_sequence,
            });
        }
        for row in self.sequence.take(&at, &self.changed, &self.cast.names) {
            self.hub.add_sequence(row);
        }
        for record in self.trips.take(&at, &frame) {
            self.hub.add_trip(Arc::new(record));
        }
        self.newest[task] = Some(frame);
        before
    }
}
