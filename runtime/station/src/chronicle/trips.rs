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
    /// Values of one record at most, of all its tags together: a group of many tags in a
    /// fast task keeps less time rather than more memory.
    pub values_max: usize,
}

/// Values of one record at most: 1 800 samples (three minutes at 100 ms) of 220 tags.
pub const TRIP_VALUES_MAX: usize = 400_000;
/// Records of one group that may be open at the same time; one more ends the oldest.
pub const OPEN_MAX: usize = 4;

impl Window {
    /// The window of the plant's text: seconds before and after.
    pub const fn of((before_s, after_s): (f64, f64)) -> Window {
        Window {
            before_s,
            after_s,
            values_max: TRIP_VALUES_MAX,
        }
    }

    /// Samples of so many tags at most: in all, and before the trip.
    fn samples_max(&self, tags: usize) -> (usize, usize) {
        let all = (self.values_max / tags.max(1)).max(2);
        let share = self.before_s / (self.before_s + self.after_s);
        (all, ((all as f64 * share) as usize).clamp(1, all - 1))
    }
}

impl Default for Window {
    fn default() -> Window {
        Window::of(plant::history::HistorianDraft::default().trip_s)
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
    /// Oldest first.
    open: VecDeque<Open>,
}

/// Watches every trip group.
#[derive(Default)]
pub struct Trips {
    window: Window,
    groups: Vec<Group>,
    last: u64,
}

impl Trips {
    /// Ends every open record; what each holds so far.
    pub fn end(&mut self) -> Vec<TripRecord> {
        let open = self.groups.iter_mut().flat_map(|g| g.open.drain(..));
        open.map(finish).collect()
    }

    /// Goes on with another edition; open records are gone: see [`Trips::end`].
    pub fn adopt(&mut self, cast: &Cast) {
        self.window = cast.trip_window;
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
                open: VecDeque::new(),
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
            let (all_max, past_max) = self.window.samples_max(group.tags.len());
            let is_old = |past: &Sample| seconds(past.0, at.utc_ns) > self.window.before_s;
            while group.past.len() > past_max || group.past.front().is_some_and(is_old) {
                group.past.pop_front();
            }
            for open in &mut group.open {
                open.samples.push(sample.clone());
            }
            // The oldest is complete first. A second trip within the time of the first
            // has a record of its own, and the first goes on.
            while let Some(oldest) = group.open.front() {
                let is_complete = seconds(oldest.trip_ns, at.utc_ns) >= self.window.after_s
                    || oldest.samples.len() >= all_max
                    || (trips_now && group.open.len() >= OPEN_MAX);
                if !is_complete {
                    break;
                }
                done.extend(group.open.pop_front().map(finish));
            }
            if trips_now {
                self.last += 1;
                let number = group.first_out.map_or(0, |slot| bits(slot) as i32);
                let why = group.causes.get(&number);
                let mut samples: Vec<Sample> = group.past.iter().cloned().collect();
                samples.push(sample.clone());
                group.open.push_back(Open {
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
        }
        done
    }
}

/// Seconds from one time to another, each in nanoseconds; whole seconds are exact.
fn seconds(from_ns: i64, to_ns: i64) -> f64 {
    (to_ns - from_ns) as f64 / 1e9
}

fn finish(open: Open) -> TripRecord {
    let mut record = open.record;
    record.at_s = open
        .samples
        .iter()
        .map(|(utc_ns, _)| seconds(open.trip_ns, *utc_ns))
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

#[cfg(test)]
mod tests;
