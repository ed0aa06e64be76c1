//! Trip records: when a trip group trips, what its causes' tags were before and after,
//! sampled at every scan.

use super::{At, Cast};
use crate::feed::FeedFrame;
use gateway::alarms::TripRecord;
use gateway::desk::Text;
use signal::Kind;
use std::collections::{BTreeMap, VecDeque};

/// How much of the time around a trip is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Seconds before.
    pub before_s: f64,
    /// Seconds after.
    pub after_s: f64,
    /// Samples at most on either side.
    pub samples_max: usize,
}

impl Default for Window {
    /// Half a minute on either side: the longest delay of a cause in a usual matrix and
    /// the time in which a valve closes. A choice of design, not of a standard.
    fn default() -> Window {
        Window {
            before_s: 30.0,
            after_s: 30.0,
            samples_max: 3_000,
        }
    }
}

/// One sample: time and values, NaN for bad.
type Sample = (i64, Box<[f64]>);

/// A record whose time after the trip is not over yet.
struct Open {
    record: TripRecord,
    trip_ns: i64,
    samples: Vec<Sample>,
}

/// A cause as a person reads it.
struct Why {
    id: String,
    text: Text,
    unit: String,
}

/// One trip group.
struct Group {
    name: String,
    task: usize,
    tripped: u32,
    first_out: Option<u32>,
    /// Each cause by its number.
    causes: BTreeMap<i32, Why>,
    /// Unit of the group, for a trip without a cause.
    unit: String,
    tags: Vec<(String, u32, Kind)>,
    past: VecDeque<Sample>,
    was_tripped: Option<bool>,
    open: Option<Open>,
}

/// Watches every trip group.
#[derive(Default)]
pub struct Trips {
    window: Window,
    groups: Vec<Group>,
    last: u64,
}

impl Trips {
    /// Goes on with another edition; open records end here.
    pub fn adopt(&mut self, cast: &Cast) {
        let handle = |name: &str| cast.names.iter().position(|known| known == name);
        let place = |name: &str| {
            let handle = handle(name)? as u32;
            cast.tasks.iter().enumerate().find_map(|(task, tags)| {
                let tag = tags.iter().find(|tag| tag.handle == handle)?;
                Some((task, tag.slot, tag.kind))
            })
        };
        let unit_of = |tag: &str| {
            let block = tag.split('.').next().unwrap_or_default();
            cast.units.get(block).cloned().unwrap_or_default()
        };
        self.groups.clear();
        for interlock in &cast.interlocks {
            let Some((task, tripped, _)) = place(&interlock.tripped) else {
                continue;
            };
            let mut tags: Vec<(String, u32, Kind)> = Vec::new();
            let causes = interlock.causes.iter();
            let wanted = causes.flat_map(|cause| cause.live.iter().chain([&cause.tag]));
            for name in wanted {
                if let Some((at, slot, kind)) = place(name)
                    && at == task
                    && !tags.iter().any(|(known, _, _)| known == name)
                {
                    tags.push((name.clone(), slot, kind));
                }
            }
            self.groups.push(Group {
                name: interlock.name.clone(),
                task,
                tripped,
                first_out: place(&interlock.first_out).map(|(_, slot, _)| slot),
                causes: interlock
                    .causes
                    .iter()
                    .map(|cause| {
                        let why = Why {
                            id: cause.id.clone(),
                            text: cause.text.clone(),
                            unit: unit_of(&cause.tag),
                        };
                        (cause.index, why)
                    })
                    .collect(),
                unit: unit_of(&interlock.tripped),
                tags,
                past: VecDeque::new(),
                was_tripped: None,
                open: None,
            });
        }
    }

    /// Takes one scan; the records that it completes.
    pub fn take(&mut self, at: &At, frame: &FeedFrame) -> Vec<TripRecord> {
        let mut done = Vec::new();
        for group in self.groups.iter_mut().filter(|group| group.task == at.task) {
            let bits = |slot: u32| frame.cells.get(slot as usize).map_or(0, |cell| cell.bits);
            let sample: Sample = (
                at.utc_ns,
                group
                    .tags
                    .iter()
                    .map(|(_, slot, kind)| match frame.cells.get(*slot as usize) {
                        Some(cell) if !cell.quality().is_bad() => kind.to_f64(cell.bits),
                        _ => f64::NAN,
                    })
                    .collect(),
            );
            let tripped = bits(group.tripped) != 0;
            let trips_now = tripped && group.was_tripped == Some(false);
            group.was_tripped = Some(tripped);
            if let Some(open) = &mut group.open {
                open.samples.push(sample.clone());
                let over_s = (at.utc_ns - open.trip_ns) as f64 * 1e-9;
                let is_full = open.samples.len() >= 2 * self.window.samples_max;
                if (over_s >= self.window.after_s || is_full || trips_now)
                    && let Some(open) = group.open.take()
                {
                    done.push(finish(open));
                }
            }
            if trips_now {
                self.last += 1;
                let number = group.first_out.map_or(0, |slot| bits(slot) as i32);
                let why = group.causes.get(&number);
                let mut samples: Vec<Sample> = group.past.iter().cloned().collect();
                samples.push(sample.clone());
                group.open = Some(Open {
                    record: TripRecord {
                        seq: self.last,
                        group: group.name.clone(),
                        first_out: why.map(|why| why.id.clone()).unwrap_or_default(),
                        cause: why.map(|why| why.text.clone()).unwrap_or_default(),
                        unit: why.map_or(&group.unit, |why| &why.unit).clone(),
                        scan: at.scan,
                        utc_ms: at.utc_ns / 1_000_000,
                        tags: group.tags.iter().map(|(name, _, _)| name.clone()).collect(),
                        ..TripRecord::default()
                    },
                    trip_ns: at.utc_ns,
                    samples,
                });
            }
            group.past.push_back(sample);
            let too_old = |past: &Sample| (at.utc_ns - past.0) as f64 * 1e-9 > self.window.before_s;
            while group.past.len() > self.window.samples_max
                || group.past.front().is_some_and(too_old)
            {
                group.past.pop_front();
            }
        }
        done
    }
}

fn finish(open: Open) -> TripRecord {
    let mut record = open.record;
    record.at_s = open
        .samples
        .iter()
        .map(|(utc_ns, _)| (utc_ns - open.trip_ns) as f64 * 1e-9)
        .collect();
    record.values = (0..record.tags.len())
        .map(|tag| {
            let values = open.samples.iter().map(|(_, values)| values[tag]);
            values
                .map(|value| Some(value).filter(|v| v.is_finite()))
                .collect()
        })
        .collect();
    record
}
