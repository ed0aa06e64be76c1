//! Recordings looked into, scan by scan.

use journal::{RecordedEntry, RecordedScan, Recording};
use plant::{LinkedPlant, Sources};
use scan::{
    Door, Entry, Inlet, Linked, NoWitness, Program, Scan, ScanClock, TagEntry, Task, Witness,
};
use signal::{Quality, ScanIndex, Utc};
use station::{kinds, replay};
use std::collections::BTreeMap;
use std::path::Path;

/// The segments of a data folder, in order.
///
/// # Panics
/// If there is none or one is no recording.
pub fn read(data: &Path) -> Vec<Recording> {
    let files = replay::segments(data).expect("recordings");
    files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).expect("a recording");
            Recording::read(&bytes).expect("a recording")
        })
        .collect()
}

/// The scans of one task.
pub fn scans_of(recording: &Recording, task: usize) -> impl Iterator<Item = &RecordedScan> {
    recording
        .scans
        .iter()
        .filter(move |scan| usize::from(scan.task) == task)
}

struct Given(Option<Scan>);

impl ScanClock for Given {
    fn next_release(&mut self) -> Option<Scan> {
        self.0.take()
    }
}

struct Entries<'a>(&'a RecordedScan);

impl Inlet for Entries<'_> {
    fn sample<W: Witness>(&mut self, _scan: &Scan, door: &mut Door<'_, W>) {
        for entry in &self.0.entries {
            door.admit(match *entry {
                RecordedEntry::Frame(source) => Entry::Frame { source },
                RecordedEntry::Field(slot, bits, quality) => Entry::Field {
                    slot,
                    bits,
                    quality: Quality::from_bits(quality),
                },
                RecordedEntry::Write(slot, bits) => Entry::Write { slot, bits },
                RecordedEntry::Request(slot, bits) => Entry::Request { slot, bits },
                RecordedEntry::Force(slot, bits) => Entry::Force { slot, bits },
                RecordedEntry::Unforce(slot) => Entry::Unforce { slot },
            });
        }
    }
}

/// One task of a segment, linked and at its first state.
struct Again {
    tags: BTreeMap<String, TagEntry>,
    program: Box<Program>,
    period_ns: u64,
}

impl Again {
    fn new(recording: &Recording, task: usize) -> Again {
        let header = &recording.header.tasks[task];
        let Linked {
            tags, mut program, ..
        } = linked(recording, task);
        program.restore(&header.state).expect("the state fits");
        Again {
            tags,
            program: Box::new(program),
            period_ns: header.period_ns,
        }
    }

    fn scan(&mut self, recorded: &RecordedScan) {
        let scan = Scan {
            index: ScanIndex(recorded.index),
            utc: Utc(recorded.utc_ns),
            dt_s: f64::from(recorded.elapsed) * self.period_ns as f64 * 1e-9,
            elapsed: recorded.elapsed,
        };
        let mut task = Task {
            clock: Given(Some(scan)),
            program: std::mem::replace(&mut self.program, Box::new(Program::empty())),
            inlet: Entries(recorded),
            outlet: (),
            witness: NoWitness,
        };
        task.run_once();
        self.program = task.program;
    }

    fn look(&self, name: &str) -> (f64, Quality) {
        let tag = self.tags.get(name);
        let tag = tag.unwrap_or_else(|| panic!("no tag {name}"));
        let cell = self.program.image.cell(tag.slot);
        (tag.kind.to_f64(cell.bits), cell.quality())
    }
}

fn linked(recording: &Recording, task: usize) -> Linked {
    let sources = Sources::from_texts(recording.header.sources.clone());
    let plant = plant::load_sources(sources, &kinds::blocks(), &kinds::Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let LinkedPlant { tasks } = plant.link();
    tasks.into_iter().nth(task).expect("the task").linked
}

/// Runs one task of a segment again; `look` sees every scan and may read any tag
/// after it.
///
/// # Panics
/// If the segment's text or state does not load.
pub fn walk(
    recording: &Recording,
    task: usize,
    mut look: impl FnMut(&RecordedScan, &dyn Fn(&str) -> (f64, Quality)),
) {
    let mut again = Again::new(recording, task);
    for recorded in scans_of(recording, task) {
        again.scan(recorded);
        look(recorded, &|name| again.look(name));
    }
}

/// Values of tags if the first scan of `next` had been run by the edition of
/// `recording`, after its last.
///
/// # Panics
/// If a segment's text or state does not load.
pub fn continued(
    recording: &Recording,
    next: &Recording,
    task: usize,
    tags: &[String],
) -> Vec<(String, f64)> {
    let mut again = Again::new(recording, task);
    for recorded in scans_of(recording, task) {
        again.scan(recorded);
    }
    // What entered, by the old edition's numbers.
    let mut places = BTreeMap::new();
    for (name, now) in linked(next, task).tags {
        if let Some(was) = again.tags.get(&name) {
            places.insert(now.slot.index() as u32, was.slot.index() as u32);
            if let (Some(now), Some(was)) = (now.writable, was.writable) {
                places.insert(now.slot.index() as u32, was.slot.index() as u32);
            }
        }
    }
    let mut first = scans_of(next, task).next().expect("a scan").clone();
    first.entries.retain_mut(|entry| match entry {
        RecordedEntry::Frame(_) => true,
        RecordedEntry::Field(slot, ..)
        | RecordedEntry::Write(slot, _)
        | RecordedEntry::Request(slot, _)
        | RecordedEntry::Force(slot, _)
        | RecordedEntry::Unforce(slot) => match places.get(slot) {
            Some(place) => {
                *slot = *place;
                true
            }
            None => false,
        },
    });
    again.scan(&first);
    let read = |tag: &String| (tag.clone(), again.look(tag).0);
    tags.iter().map(read).collect()
}
