//! `scanloop replay`: a recording run again, scan by scan, digest by digest; with
//! another text of the plant, the first scan and tag in which the two differ.

use crate::kinds;
use journal::{RecordedEntry, RecordedScan, Recording, TaskHeader};
use plant::{Plant, Sources};
use scan::{
    Door, Entry, Linked, NoWitness, Program, Scan, ScanClock, TagOrigin, Task, TransferPlan,
    Witness,
};
use signal::{Quality, ScanIndex, Utc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What came of a replay.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Every digest is equal.
    Identical,
    /// The recorded digest was not reproduced.
    NotReproduced {
        /// Task.
        task: String,
        /// First scan with another digest.
        scan: u64,
    },
    /// The other plant's text differs in its results.
    Differs {
        /// Task.
        task: String,
        /// First scan that differs.
        scan: u64,
        /// First tag that differs, in execution order.
        tag: String,
        /// Its value in the recording.
        recorded: String,
        /// Its value now.
        now: String,
    },
}

/// Result of replaying one segment.
#[derive(Clone, Debug)]
pub struct ReplayReport {
    /// The file.
    pub file: String,
    /// Scans replayed.
    pub scans: u64,
    /// What came of it.
    pub verdict: Verdict,
    /// Tunings of the other plant that differ from the start: "TIC-102.KP 12 → 12.5".
    pub tunings: Vec<String>,
    /// Why the file was read only in part, if so.
    pub torn: Option<String>,
}

/// Why a recording cannot be replayed.
#[derive(Debug)]
pub enum ReplayError {
    /// It cannot be read.
    Unreadable {
        /// The file.
        file: String,
        /// How.
        message: String,
    },
    /// Its plant, or the other plant, has problems.
    Plant {
        /// All of them, rendered.
        rendered: String,
    },
    /// Its state does not fit its plant: recorded by another version.
    State {
        /// The task.
        task: String,
        /// How.
        message: String,
    },
}

impl core::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ReplayError::Unreadable { file, message } => write!(f, "{file}: {message}"),
            ReplayError::Plant { rendered } => write!(f, "{rendered}"),
            ReplayError::State { task, message } => write!(f, "task {task}: {message}"),
        }
    }
}
impl std::error::Error for ReplayError {}

/// The segments of a recording: a file, a folder of files, or a data folder.
///
/// # Errors
/// [`ReplayError::Unreadable`] if there is none.
pub fn segments(path: &Path) -> Result<Vec<PathBuf>, ReplayError> {
    let unreadable = |message: String| ReplayError::Unreadable {
        file: path.display().to_string(),
        message,
    };
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let inner = ["recordings", "sim/recordings", "live/recordings"].map(|inner| path.join(inner));
    let folder = inner
        .iter()
        .find(|inner| inner.is_dir())
        .map_or(path, PathBuf::as_path);
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|ext| ext == "slrec"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(unreadable("no recordings (*.slrec) here".into()));
    }
    Ok(files)
}

/// Replays one segment; with `other`, compares against that plant's text.
///
/// # Errors
/// [`ReplayError`]
pub fn replay(
    path: &Path,
    other: Option<&Plant>,
    mut progress: impl FnMut(u64, u64),
) -> Result<ReplayReport, ReplayError> {
    let file = path.display().to_string();
    let unreadable = |message: String| ReplayError::Unreadable {
        file: file.clone(),
        message,
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let recording = Recording::read(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let sources = Sources::from_texts(recording.header.sources.clone());
    let plant = plant::load_sources(sources, &kinds::blocks(), &kinds::Drivers).map_err(
        |(sources, problems)| ReplayError::Plant {
            rendered: problems.render(&sources),
        },
    )?;
    let mut scans = 0;
    let total = recording.scans.len() as u64;
    let mut verdict = Verdict::Identical;
    let mut first: Option<(u64, Verdict)> = None;
    let mut tunings = Vec::new();
    for (index, header) in recording.header.tasks.iter().enumerate() {
        let mut pair = Pair::new(&plant, other, index, header)?;
        tunings.append(&mut pair.tunings);
        for scan in recording
            .scans
            .iter()
            .filter(|scan| usize::from(scan.task) == index)
        {
            scans += 1;
            if scans % 10_000 == 0 {
                progress(scans, total);
            }
            if let Some(found) = pair.step(scan, &header.name) {
                let at = scan.utc_ns as u64;
                if first.as_ref().is_none_or(|(earlier, _)| at < *earlier) {
                    first = Some((at, found));
                }
                break;
            }
        }
    }
    progress(total, total);
    if let Some((_, found)) = first {
        verdict = found;
    }
    Ok(ReplayReport {
        file,
        scans,
        verdict,
        tunings,
        torn: recording.fault.map(|fault| fault.to_string()),
    })
}

/// A clock that is told each scan.
struct TaskRun {
    program: Box<Program>,
}

struct Given(Option<Scan>);

impl ScanClock for Given {
    fn next_release(&mut self) -> Option<Scan> {
        self.0.take()
    }
}

/// Lets recorded entries in again.
struct RecordedInlet<'a> {
    scan: &'a RecordedScan,
    /// From recorded slots to this program's; none: the same program.
    places: Option<&'a Places>,
}

impl scan::Inlet for RecordedInlet<'_> {
    fn sample<W: Witness>(&mut self, _scan: &Scan, door: &mut Door<'_, W>) {
        for entry in &self.scan.entries {
            if let Some(entry) = self.entry(entry) {
                door.admit(entry);
            }
        }
    }
}

impl RecordedInlet<'_> {
    fn entry(&self, entry: &RecordedEntry) -> Option<Entry> {
        let place = |slot: u32| match self.places {
            None => Some(slot),
            Some(places) => places.slots.get(&slot).copied(),
        };
        Some(match *entry {
            RecordedEntry::Frame(source) => Entry::Frame {
                source: match self.places {
                    None => source,
                    Some(places) => *places.sources.get(&source)?,
                },
            },
            RecordedEntry::Field(slot, bits, quality) => Entry::Field {
                slot: place(slot)?,
                bits,
                quality: Quality::from_bits(quality),
            },
            RecordedEntry::Write(slot, bits) => Entry::Write {
                slot: place(slot)?,
                bits,
            },
            RecordedEntry::Request(slot, bits) => Entry::Request {
                slot: place(slot)?,
                bits,
            },
            RecordedEntry::Force(slot, bits) => Entry::Force {
                slot: place(slot)?,
                bits,
            },
            RecordedEntry::Unforce(slot) => Entry::Unforce { slot: place(slot)? },
        })
    }
}

/// Where the recorded plant's things are in another plant.
struct Places {
    slots: BTreeMap<u32, u32>,
    sources: BTreeMap<u16, u16>,
}

/// The recorded program and, if asked for, another one beside it.
struct Pair {
    period_ns: u64,
    recorded: TaskRun,
    other: Option<(TaskRun, Places)>,
    /// Tags of both, in the recorded program's execution order: name, kind, slots.
    shared: Vec<(String, signal::Kind, usize, usize)>,
    /// Tunings that differ from the start, in words.
    tunings: Vec<String>,
}

impl Pair {
    fn new(
        plant: &Plant,
        other: Option<&Plant>,
        index: usize,
        header: &TaskHeader,
    ) -> Result<Pair, ReplayError> {
        let state = |message: String| ReplayError::State {
            task: header.name.clone(),
            message,
        };
        let mut old = nth(plant, index).ok_or_else(|| state("no such task".into()))?;
        old.program
            .restore(&header.state)
            .map_err(|error| state(error.to_string()))?;
        let mut pair = Pair {
            period_ns: header.period_ns,
            other: None,
            shared: Vec::new(),
            tunings: Vec::new(),
            recorded: TaskRun {
                program: Box::new(
                    nth(plant, index)
                        .ok_or_else(|| state("no such task".into()))?
                        .program,
                ),
            },
        };
        pair.recorded
            .program
            .restore(&header.state)
            .map_err(|error| state(error.to_string()))?;
        let Some(other) = other else {
            return Ok(pair);
        };
        let Some(place) = other.tasks.iter().position(|task| task.name == header.name) else {
            return Err(state("the other plant has no such task".into()));
        };
        let mut new = nth(other, place).ok_or_else(|| state("no such task".into()))?;
        let mut plan = TransferPlan::new(&old, &new);
        // A tripped block may differ here: nothing real hangs on it.
        plan.carry_freely(&old.program, &mut new.program);
        let mut slots = BTreeMap::new();
        for (name, entry) in &old.tags {
            let Some(now) = new.tags.get(name) else {
                continue;
            };
            slots.insert(entry.slot.index() as u32, now.slot.index() as u32);
            if let (Some(was), Some(is)) = (entry.writable, now.writable) {
                slots.insert(was.slot.index() as u32, is.slot.index() as u32);
            }
            if entry.origin == TagOrigin::Operator && entry.initial != now.initial {
                // The change itself; what follows from it is what people look for.
                pair.tunings.push(format!(
                    "{name} {} → {}",
                    entry.kind.to_f64(entry.initial),
                    now.kind.to_f64(now.initial)
                ));
                continue;
            }
            pair.shared.push((
                name.clone(),
                entry.kind,
                entry.slot.index(),
                now.slot.index(),
            ));
        }
        pair.shared.sort_by_key(|(_, _, slot, _)| *slot);
        let names = |plant: &Plant, index: usize| -> Vec<String> {
            plant.tasks[index]
                .input
                .sources
                .iter()
                .map(|source| source.name.clone())
                .collect()
        };
        let theirs = names(other, place);
        let sources = names(plant, index)
            .iter()
            .enumerate()
            .filter_map(|(at, name)| {
                let now = theirs.iter().position(|other| other == name)?;
                Some((at as u16, now as u16))
            })
            .collect();
        pair.other = Some((
            TaskRun {
                program: Box::new(new.program),
            },
            Places { slots, sources },
        ));
        Ok(pair)
    }

    fn step(&mut self, recorded: &RecordedScan, task: &str) -> Option<Verdict> {
        let scan = Scan {
            index: ScanIndex(recorded.index),
            utc: Utc(recorded.utc_ns),
            dt_s: f64::from(recorded.elapsed) * self.period_ns as f64 * 1e-9,
            elapsed: recorded.elapsed,
        };
        self.recorded.scan(&scan, recorded, None);
        if self.recorded.program.image.digest() != recorded.digest {
            return Some(Verdict::NotReproduced {
                task: task.to_string(),
                scan: recorded.index,
            });
        }
        let (other, places) = self.other.as_mut()?;
        other.scan(&scan, recorded, Some(places));
        let (was, is) = (
            self.recorded.program.image.cells(),
            other.program.image.cells(),
        );
        self.shared
            .iter()
            .find(|(_, _, old, new)| {
                was[*old].bits != is[*new].bits || was[*old].quality() != is[*new].quality()
            })
            .map(|(name, kind, old, new)| Verdict::Differs {
                task: task.to_string(),
                scan: recorded.index,
                tag: name.clone(),
                recorded: words(*kind, &was[*old]),
                now: words(*kind, &is[*new]),
            })
    }
}

fn words(kind: signal::Kind, cell: &scan::image::Cell) -> String {
    format!("{} ({})", kind.to_f64(cell.bits), cell.quality())
}

impl TaskRun {
    fn scan(&mut self, scan: &Scan, recorded: &RecordedScan, places: Option<&Places>) {
        let program = std::mem::replace(&mut self.program, Box::new(Program::empty()));
        let mut task = Task {
            clock: Given(Some(*scan)),
            program,
            inlet: RecordedInlet {
                scan: recorded,
                places,
            },
            outlet: (),
            witness: NoWitness,
        };
        task.run_once();
        self.program = task.program;
    }
}

fn nth(plant: &Plant, index: usize) -> Option<Linked> {
    plant
        .link()
        .tasks
        .into_iter()
        .nth(index)
        .map(|task| task.linked)
}
