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

use crate::alarm_desk::{Roll, Teller, Told};
use crate::archive::{Ends, with_own};
use crate::directory::Place;
use crate::feed::FeedFrame;
use crate::history_writer::{Giver, specs};
use gateway::Hub;
use gateway::alarms::TripRecord;
use gateway::desk::{Directory, Interlock};
use historian::{Sample, Specs, TagId};
use plant::Plant;
use sequence::Sequence;
use signal::{Kind, Quality};
use std::collections::BTreeMap;
use std::sync::Arc;
use trips::{Trips, Window};

/// One tag as the chronicle sees it.
#[derive(Clone, Debug)]
pub struct Watched {
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
    pub tasks: Vec<Vec<Watched>>,
    /// Name of each handle.
    pub names: Vec<String>,
    /// Trip groups.
    pub interlocks: Vec<Interlock>,
    /// What the record of a trip holds.
    pub trip_window: Window,
    /// Unit of each block that has one.
    pub units: BTreeMap<String, String>,
    /// What history keeps.
    pub specs: Specs,
    /// Its alarms.
    pub roll: Roll,
    /// Bools that alarms read, with the points whose values belong to them.
    pub conditions: BTreeMap<u32, Vec<u32>>,
    /// Tags that can take protection out.
    pub bypasses: Vec<crate::bypass::Watched>,
    /// Task, slot and kind of each handle.
    pub places: Vec<(usize, u32, Kind)>,
}

impl Cast {
    /// The cast of an edition.
    pub fn new(plant: &Plant, directory: &Directory, places: &[Place]) -> Cast {
        let mut tasks = vec![Vec::new(); plant.tasks.len()];
        for (tag, place) in directory.tags.iter().zip(places) {
            let block = tag.name.split_once('.').map_or("", |(block, _)| block);
            let kind = plant.blocks.get(block).map(|block| block.kind.as_str());
            if let Some(tags) = tasks.get_mut(place.task) {
                tags.push(Watched {
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
        let roll = with_own(Roll::of(plant, directory));
        let task_of: Vec<usize> = places.iter().map(|place| place.task).collect();
        Cast {
            specs: specs(plant, directory, &task_of),
            conditions: roll.conditions(),
            roll,
            places: places
                .iter()
                .map(|place| (place.task, place.slot, place.kind))
                .collect(),
            tasks,
            names: directory.tags.iter().map(|tag| tag.name.clone()).collect(),
            interlocks: directory.interlocks.clone(),
            bypasses: crate::bypass::watched(directory),
            trip_window: Window::of(plant.historian.trip_s),
            units: directory
                .equipment
                .blocks
                .iter()
                .filter(|block| !block.unit.is_empty())
                .map(|block| (block.name.clone(), block.unit.clone()))
                .collect(),
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
    alarms: Teller,
    history: Giver,
    cast: Cast,
    newest: Vec<Option<Box<FeedFrame>>>,
    changed: Vec<Changed>,
    sequence: Sequence,
    trips: Trips,
    /// Tasks whose conditions did not fit the last time: all of them are told again.
    untold: Vec<bool>,
}

impl Chronicle {
    /// A chronicle of this cast, told to this desk.
    pub fn new(hub: Arc<Hub>, ends: Ends, cast: Cast) -> Chronicle {
        let mut chronicle = Chronicle {
            hub,
            alarms: ends.alarms,
            history: ends.history,
            cast: Cast::default(),
            newest: Vec::new(),
            changed: Vec::new(),
            sequence: Sequence::default(),
            trips: Trips::default(),
            untold: Vec::new(),
        };
        chronicle.begin(cast);
        chronicle
    }

    /// Goes on with another edition. Values of before are not compared with those of it.
    pub fn adopt(&mut self, cast: Cast) {
        self.alarms.tell(Told::Edition(Box::new(cast.roll.clone())));
        // Without room the writer refuses what does not fit its tags, and says so.
        let _ = self.history.edition(cast.specs.clone());
        self.begin(cast);
    }

    fn begin(&mut self, cast: Cast) {
        self.history.begin(cast.tasks.len());
        self.untold = vec![false; cast.tasks.len()];
        self.newest = cast.tasks.iter().map(|_| None).collect();
        // A trip of the edition before is told with what is known of it.
        self.end();
        self.trips.adopt(&cast);
        self.cast = cast;
    }

    /// Tells what is not complete yet: nothing more will come of it.
    pub fn end(&mut self) {
        let cut = self.trips.end();
        self.tell_trips(cut);
    }

    fn tell_trips(&self, records: Vec<TripRecord>) {
        for record in records {
            let record = Arc::new(record);
            self.history.trip(record.clone());
            self.hub.add_trip(record);
        }
    }

    /// The newest image of each task.
    pub fn newest(&self) -> &[Option<Box<FeedFrame>>] {
        &self.newest
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
        let complete = self.trips.take(&at, &frame);
        self.tell_trips(complete);
        let frame = self.newest[task].insert(frame);
        self.history.scan(at, &self.changed, || {
            let cells = tags.iter().filter_map(|tag| {
                let cell = frame.cells.get(tag.slot as usize)?;
                Some(Sample {
                    tag: TagId(tag.handle),
                    bits: cell.bits,
                    quality: cell.quality(),
                })
            });
            cells.collect()
        });
        self.conditions(at);
        before
    }

    /// Tells the conditions of alarms that changed, with the values beside them; after a
    /// loss every condition, since alarms go by levels.
    fn conditions(&mut self, at: At) {
        let conditions = &self.cast.conditions;
        let is_condition = |handle: u32| conditions.contains_key(&handle);
        let changed: Vec<Changed> = if self.untold[at.task] {
            let tags = self.cast.tasks[at.task].iter();
            let tags = tags.filter(|tag| is_condition(tag.handle));
            tags.filter_map(|tag| self.now(tag)).collect()
        } else {
            let changed = self.changed.iter();
            changed
                .filter(|changed| is_condition(changed.handle))
                .copied()
                .collect()
        };
        if changed.is_empty() {
            return;
        }
        let points = changed
            .iter()
            .flat_map(|changed| &conditions[&changed.handle]);
        let values = points.filter_map(|point| Some((*point, self.value(*point)?)));
        let values = values.collect();
        self.untold[at.task] = !self.alarms.tell(Told::Scan {
            at,
            changed,
            values,
        });
    }

    /// A tag as it is now.
    fn now(&self, tag: &Watched) -> Option<Changed> {
        let (task, slot, _) = *self.cast.places.get(tag.handle as usize)?;
        let frame = self.newest.get(task)?.as_ref()?;
        let cell = frame.cells.get(slot as usize)?;
        Some(Changed {
            handle: tag.handle,
            kind: tag.kind,
            bits: cell.bits,
            before: None,
            quality: cell.quality(),
            in_sequence: tag.in_sequence,
        })
    }

    /// The newest value of a handle, unless it is bad.
    fn value(&self, handle: u32) -> Option<f64> {
        let (task, slot, kind) = *self.cast.places.get(handle as usize)?;
        let frame = self.newest.get(task)?.as_ref()?;
        let cell = frame.cells.get(slot as usize)?;
        (!cell.quality().is_bad()).then(|| kind.to_f64(cell.bits))
    }
}
