//! The thread that owns the historian: every scan's changes go to disk. A disk that
//! fails costs history and nothing else: the folder is opened again until it can be, and
//! what is missing stands there as a gap.

use crate::chronicle::{At, Changed};
use crate::rt;
use crossbeam::channel::{Receiver, Sender, bounded};
use gateway::alarms::TripRecord;
use gateway::desk::{Bucket, BucketMark, Directory, Trend, TrendSeries};
use gateway::hub::TRIPS_KEPT_MAX;
use historian::{
    Historian, HistoryError, HistoryReader, Loss, Mark, Merged, Options, Policy, Recovery,
    Retention, Sample, SourceId, Specs, TagId, TagSpec, Taken,
};
use plant::{HistoryPolicy, Plant};
use signal::Kind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Scans that may wait for the disk.
const SCANS_WAITING_MAX: usize = 4_096;
/// Time between two attempts to open a folder that failed.
const REOPEN_NS: i64 = 1_000_000_000;
/// Time between two looks at what is too old, too much or in too many pieces.
const KEEP_NS: i64 = 600_000_000_000;
/// What is merged into one segment once it is over, as a rule an hour each before.
const MERGED_NS: i64 = 86_400_000_000_000;

/// What the chronicle gives.
#[derive(Debug)]
pub enum Given {
    /// What changed in a scan since the last that was given to this writer.
    Scan {
        /// Where and when.
        at: At,
        /// Samples, by handle.
        samples: Vec<Sample>,
        /// Which writer: a number that grows each time the folder is opened.
        writer: u64,
    },
    /// Another edition.
    Edition(Box<Specs>),
    /// A trip with what was around it.
    Trip(Arc<TripRecord>),
}

/// The chronicle's end: knows for which tasks something got lost, so that the next scan
/// gives every tag.
pub struct Giver {
    given: Sender<Given>,
    /// Number of the writer that runs.
    writer: Arc<AtomicU64>,
    /// Writer to which each task has given all of its tags.
    whole_for: Vec<u64>,
}

impl Giver {
    /// Goes on with an edition of so many tasks.
    pub fn begin(&mut self, tasks: usize) {
        self.whole_for = vec![0; tasks];
    }

    /// Tells of another edition; false if there was no room.
    pub fn edition(&mut self, specs: Specs) -> bool {
        self.given.try_send(Given::Edition(Box::new(specs))).is_ok()
    }

    /// Gives a trip's record; one that does not fit is lost.
    pub fn trip(&self, record: Arc<TripRecord>) {
        let _ = self.given.try_send(Given::Trip(record));
    }

    /// Gives a scan: what changed, or all tags if the writer has not had them yet. What
    /// does not fit is lost, is found as a missing number, and the next scan is whole.
    pub fn scan(&mut self, at: At, changed: &[Changed], all: impl Fn() -> Vec<Sample>) {
        let writer = self.writer.load(Ordering::Acquire);
        let Some(whole_for) = self.whole_for.get_mut(at.task) else {
            return;
        };
        let samples = if *whole_for == writer {
            samples(changed)
        } else {
            all()
        };
        let given = self.given.try_send(Given::Scan {
            at,
            samples,
            writer,
        });
        *whole_for = if given.is_ok() { writer } else { 0 };
    }
}

/// A way from the chronicle to the historian, with the number of the writer, 1 for the
/// first.
pub fn giver() -> (Giver, Receiver<Given>, Arc<AtomicU64>) {
    let (given, out) = bounded(SCANS_WAITING_MAX);
    let writer = Arc::new(AtomicU64::new(1));
    let giver = Giver {
        given,
        writer: writer.clone(),
        whole_for: Vec::new(),
    };
    (giver, out, writer)
}

/// The samples of what changed.
fn samples(changed: &[Changed]) -> Vec<Sample> {
    let samples = changed.iter().map(|changed| Sample {
        tag: TagId(changed.handle),
        bits: changed.bits,
        quality: changed.quality,
    });
    samples.collect()
}

/// What is kept of an edition: every tag, by handle.
pub fn specs(plant: &Plant, directory: &Directory, tasks: &[usize]) -> Specs {
    let tags = directory.tags.iter().zip(tasks).map(|(tag, task)| TagSpec {
        name: tag.name.clone(),
        kind: match tag.kind {
            gateway::desk::TagKind::Real => Kind::Real,
            gateway::desk::TagKind::Bool => Kind::Bool,
            gateway::desk::TagKind::Int => Kind::Int,
        },
        unit: tag.unit.clone(),
        source: SourceId(u16::try_from(*task).unwrap_or(u16::MAX)),
        policy: policy(plant, &tag.name),
    });
    Specs {
        sources: plant.tasks.iter().map(|task| task.name.clone()).collect(),
        tags: tags.collect(),
    }
}

/// How a tag is kept, as the plant's text says.
fn policy(plant: &Plant, tag: &str) -> Policy {
    let own = plant.tags.get(tag).and_then(|draft| draft.history);
    match plant.historian.policy_of(tag, own) {
        HistoryPolicy::Raw => Policy::Raw,
        HistoryPolicy::Exception { deadband } => Policy::Exception { deadband },
        HistoryPolicy::SwingingDoor {
            deviation,
            max_interval_s,
        } => Policy::SwingingDoor {
            deviation,
            max_interval_ns: (max_interval_s * 1e9) as i64,
        },
        // A tag has its place; only its first value and changes of quality are kept.
        HistoryPolicy::Off => Policy::Exception { deadband: f64::MAX },
    }
}

/// How long history is kept, as the plant's text says.
pub fn retention(plant: &Plant) -> Retention {
    const DAY_NS: f64 = 86_400e9;
    const MIB: f64 = 1_048_576.0;
    Retention {
        age_ns: plant.historian.keep_days.map(|days| (days * DAY_NS) as i64),
        bytes: plant.historian.keep_mib.map(|mib| (mib * MIB) as u64),
    }
}

/// A reader of the newest writer; none before the first.
#[derive(Clone, Default)]
pub struct SharedReader(Arc<Mutex<Option<HistoryReader>>>);

impl SharedReader {
    /// The reader now.
    pub fn get(&self) -> Option<HistoryReader> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes the reader of a historian that was opened.
    pub fn set(&self, reader: HistoryReader) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
    }
}

/// What happened that must be recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryNews {
    /// Scans are missing.
    Lost(Loss),
    /// The disk fails; why.
    Down(String),
    /// It works again.
    Up,
    /// A file was removed because it is too old or there is too much.
    Removed(String),
    /// Segments of a day that is over became one.
    Merged(String),
    /// They could not; why.
    Unmerged(String),
    /// What was found at the start.
    Opened(String),
}

/// The thread's own.
pub struct HistoryWriter {
    /// Folder of the segments.
    pub folder: PathBuf,
    /// Folder of the trips' records.
    pub trips: PathBuf,
    /// From the chronicle.
    pub given: Receiver<Given>,
    /// What is kept.
    pub specs: Specs,
    /// How long.
    pub retention: Retention,
    /// Time between two syncs: what a power cut may take, nanoseconds.
    pub sync_ns: i64,
    /// For whoever reads.
    pub reader: SharedReader,
    /// Whether the disk fails.
    pub down: Arc<AtomicBool>,
    /// Number of the writer that runs.
    pub writer: Arc<AtomicU64>,
    /// Segments of a day that become one just now.
    pub merging: Option<JoinHandle<Result<Vec<Merged>, HistoryError>>>,
    /// Told what must be recorded.
    pub tell: Box<dyn FnMut(HistoryNews) + Send>,
    /// Told the newest trips of the runs before.
    pub before: Box<dyn Fn(TripRecord) + Send>,
}

impl HistoryWriter {
    /// Works until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        let mut writer = self.open(true);
        for record in read_trips(&self.trips) {
            (self.before)(record);
        }
        let (mut synced, mut tried, mut kept) = (0, rt::monotonic_ns(), 0);
        let mut is_new = false;
        loop {
            let given = self.given.recv_timeout(Duration::from_millis(100));
            if let Ok(given) = given {
                is_new = true;
                match given {
                    // Changes since a scan that this writer has not had.
                    Given::Scan { writer, .. } if writer != self.writer.load(Ordering::Acquire) => {
                    }
                    Given::Scan { at, samples, .. } => {
                        let failed = writer.as_mut().and_then(|writer| {
                            let source = SourceId(u16::try_from(at.task).unwrap_or(u16::MAX));
                            let taken = writer.frame(source, at.scan, at.utc_ns, &samples);
                            self.took(taken)
                        });
                        if let Some(why) = failed {
                            self.fail(&mut writer, &why);
                        }
                    }
                    Given::Edition(specs) => {
                        self.specs = *specs;
                        if let Some(mut old) = writer.take() {
                            // What it could not sync is opened again, and told there.
                            let _ = old.sync();
                        }
                        writer = self.open(false);
                    }
                    Given::Trip(record) => self.keep_trip(&record),
                }
            } else if stop.load(Ordering::Acquire) {
                break;
            }
            let now_ns = rt::monotonic_ns();
            match &mut writer {
                Some(open) if is_new && now_ns - synced >= self.sync_ns => {
                    synced = now_ns;
                    is_new = false;
                    if let Err(why) = open.sync() {
                        self.fail(&mut writer, &why.to_string());
                    }
                }
                None if now_ns - tried >= REOPEN_NS => {
                    tried = now_ns;
                    writer = self.open(false);
                    if writer.is_some() {
                        (self.tell)(HistoryNews::Up);
                    }
                }
                _ => {}
            }
            self.merged();
            if now_ns - kept >= KEEP_NS {
                kept = now_ns;
                self.keep(writer.as_ref());
            }
        }
        if let Some(mut writer) = writer {
            for source in 0..self.specs.sources.len() {
                // A stop that cannot be written is found as a broken one.
                let _ = writer.end(SourceId(source as u16));
            }
            let _ = writer.sync();
        }
    }

    fn open(&mut self, is_start: bool) -> Option<Historian> {
        let opened = Historian::open(&self.folder, self.specs.clone(), Options::default());
        let (mut writer, recovery) = match opened {
            Ok(opened) => opened,
            Err(why) => {
                if !self.down.swap(true, Ordering::AcqRel) {
                    (self.tell)(HistoryNews::Down(why.to_string()));
                }
                return None;
            }
        };
        if is_start {
            for source in 0..self.specs.sources.len() {
                if let Err(why) = writer.begin(SourceId(source as u16)) {
                    let mut broken = Some(writer);
                    self.fail(&mut broken, &why.to_string());
                    return None;
                }
            }
            (self.tell)(HistoryNews::Opened(said_of_recovery(&recovery)));
        }
        if !is_start {
            self.writer.fetch_add(1, Ordering::AcqRel);
        }
        self.down.store(false, Ordering::Release);
        self.reader.set(writer.reader());
        Some(writer)
    }

    /// What came of a scan; why the disk fails, if it does.
    fn took(&mut self, taken: Result<Taken, HistoryError>) -> Option<String> {
        match taken {
            Ok(Taken::After(loss)) => {
                (self.tell)(HistoryNews::Lost(loss));
                None
            }
            Ok(_) => None,
            Err(why @ HistoryError::Refused { .. }) => {
                // A frame of another edition: its changes come with the next whole one.
                (self.tell)(HistoryNews::Down(why.to_string()));
                None
            }
            Err(why) => Some(why.to_string()),
        }
    }

    fn fail(&mut self, writer: &mut Option<Historian>, why: &str) {
        *writer = None;
        if !self.down.swap(true, Ordering::AcqRel) {
            (self.tell)(HistoryNews::Down(why.to_string()));
        }
    }

    fn keep(&mut self, writer: Option<&Historian>) {
        let Some(writer) = writer else { return };
        for removed in writer.keeper().prune(rt::utc_ns(), &self.retention) {
            (self.tell)(HistoryNews::Removed(said_of(&removed)));
        }
        // Seconds of work for a day, beside the writer; a second day comes at the next look.
        if self.merging.is_some() {
            return;
        }
        let keeper = writer.keeper();
        let merging = std::thread::Builder::new()
            .name("history-merge".into())
            .spawn(move || keeper.merge(rt::utc_ns(), MERGED_NS, 1));
        // Without a thread the segments stay as they are.
        self.merging = merging.ok();
    }

    /// Tells what came of merging, once it is done.
    fn merged(&mut self) {
        let Some(merging) = self.merging.take_if(|merging| merging.is_finished()) else {
            return;
        };
        match merging.join().unwrap_or_else(|_| Ok(Vec::new())) {
            Ok(merged) => {
                for merged in merged {
                    (self.tell)(HistoryNews::Merged(format!(
                        "{}: {} segments, {} bytes before, {} now",
                        merged.file,
                        merged.of.len(),
                        merged.bytes_before,
                        merged.bytes
                    )));
                }
            }
            // The old segments stay, and the writer finds out for itself whether it can write.
            Err(why) => (self.tell)(HistoryNews::Unmerged(why.to_string())),
        }
    }

    /// A file for each trip: what a person takes to the investigation.
    fn keep_trip(&mut self, record: &TripRecord) {
        if let Err(why) = write_trip(&self.trips, record) {
            (self.tell)(HistoryNews::Down(format!("record of a trip: {why}")));
        }
    }
}

fn said_of_recovery(recovery: &Recovery) -> String {
    let Recovery {
        segments,
        points,
        replayed_frames,
        torn_bytes,
        quarantined,
        unclean,
        ..
    } = recovery;
    let mut said = format!("{points} points in {segments} segments");
    if *replayed_frames > 0 {
        said += &format!(", {replayed_frames} scans taken again from the log");
    }
    if *torn_bytes > 0 {
        said += &format!(", {torn_bytes} bytes of a scan that was not acknowledged cut off");
    }
    if !quarantined.is_empty() {
        said += &format!(", unreadable and set aside: {}", quarantined.join(" "));
    }
    if !unclean.is_empty() {
        said += &format!(", not ended before: {}", unclean.join(" "));
    }
    said
}

fn said_of(removed: &historian::Removed) -> String {
    let at = |ns| signal::Utc(ns).to_string();
    let range = removed.range.map_or_else(String::new, |(from, to)| {
        format!(", {} to {}", at(from), at(to))
    });
    let why = match removed.rule {
        historian::RetentionRule::Age => "older than history is kept",
        historian::RetentionRule::Bytes => "more than history may take",
    };
    let historian::Removed {
        file,
        points,
        bytes,
        ..
    } = removed;
    format!("{file}: {points} points, {bytes} bytes{range}: {why}")
}

fn write_trip(folder: &Path, record: &TripRecord) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let name = format!("{}-{}-{}.json", record.utc_ms, record.group, record.scan);
    let text = serde_json::to_vec_pretty(record)?;
    journal::replace_file(&folder.join(name), &text)
}

/// The newest records of the folder. What cannot be read is left where it is: a list for
/// people must not keep the station from starting.
fn read_trips(folder: &Path) -> Vec<TripRecord> {
    let Ok(files) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<(i64, PathBuf)> = files
        .filter_map(|file| {
            let path = file.ok()?.path();
            let name = path.file_name()?.to_str()?;
            Some((name.split_once('-')?.0.parse().ok()?, path))
        })
        .collect();
    files.sort();
    let newest = &files[files.len().saturating_sub(TRIPS_KEPT_MAX)..];
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
    newest.iter().filter_map(|(_, path)| read(path)).collect()
}

/// Reads a trend from history, for what reaches further back than memory.
pub fn long_trend(reader: SharedReader) -> gateway::hub::LongTrend {
    Box::new(move |query| {
        let reader = reader.get()?;
        let ns = |ms: i64| ms.saturating_mul(1_000_000);
        let series = query.tags.iter().filter_map(|tag| {
            let (from, to) = (ns(query.from_ms), ns(query.to_ms));
            let buckets = reader.envelope(tag, from, to, query.buckets).ok()?;
            Some(TrendSeries {
                tag: tag.clone(),
                buckets: buckets.iter().map(shown).collect(),
            })
        });
        Some(Trend {
            from_ms: query.from_ms,
            to_ms: query.to_ms,
            series: series.collect(),
        })
    })
}

fn shown(bucket: &historian::Bucket) -> Bucket {
    Bucket {
        min: bucket.min,
        max: bucket.max,
        last: bucket.last,
        mark: match bucket.mark {
            // Nothing may be drawn through a gap.
            _ if bucket.has_gap => BucketMark::Bad,
            Mark::Good => BucketMark::Good,
            Mark::Uncertain => BucketMark::Uncertain,
            Mark::Bad => BucketMark::Bad,
            Mark::Empty => BucketMark::Empty,
        },
    }
}

#[cfg(test)]
mod tests;
