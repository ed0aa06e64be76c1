//! Writes the inlet log of all tasks to disk in segments, and the state for a
//! warm start beside it. Off the scan thread; what it cannot take is counted there.

use crate::scan_thread::StateShot;
use crate::witness::Item;
use journal::{FileStorage, JournalError};
use journal::{
    Header, RecordedEntry, RecordedScan, RecordingWriter, Snapshot, StartKind, TaskHeader,
    TaskState,
};
use scan::Entry;
use signal::Utc;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a segment's header says of the edition.
#[derive(Clone, Debug)]
pub struct EditionText {
    /// Number.
    pub number: u64,
    /// Fingerprint of the text.
    pub digest: u64,
    /// The text.
    pub sources: Vec<(String, String)>,
}

/// How much is kept and how often.
#[derive(Clone, Copy, Debug)]
pub struct RecorderPolicy {
    /// Longest segment.
    pub segment: Duration,
    /// Largest segment, bytes.
    pub segment_bytes: u64,
    /// All segments together, bytes; the oldest go first.
    pub total_bytes: u64,
    /// Time between two states for a warm start.
    pub state_every: Duration,
}

impl Default for RecorderPolicy {
    fn default() -> Self {
        RecorderPolicy {
            segment: Duration::from_secs(600),
            segment_bytes: 64 << 20,
            total_bytes: 2 << 30,
            state_every: Duration::from_secs(1),
        }
    }
}

/// One task as the recorder sees it.
pub struct Tap {
    /// Name of the task.
    pub name: String,
    /// Period, nanoseconds.
    pub period_ns: u64,
    /// Its log.
    pub items: rtrb::Consumer<Item>,
    /// State taken.
    pub shots: rtrb::Consumer<StateShot>,
    /// Memory for state.
    pub empty: rtrb::Producer<Box<[u64]>>,
    /// Items lost.
    pub lost: Arc<AtomicU64>,
    /// State at the start of the run.
    pub initial: Vec<u64>,
    /// How the run starts.
    pub start: StartKind,
}

/// The recorder's own view of a tap.
struct Track {
    tap: Tap,
    scan: Option<RecordedScan>,
    /// Scans after the point where the next segment begins.
    after: VecDeque<RecordedScan>,
    /// State with which the next segment begins.
    state: Option<StateShot>,
    marked: bool,
    lost_seen: u64,
    state_words: usize,
}

/// Records a run until told to stop.
pub struct Recorder {
    folder: PathBuf,
    env: String,
    policy: RecorderPolicy,
    editions: crossbeam::channel::Receiver<EditionText>,
    edition: EditionText,
    tracks: Vec<Track>,
    writer: Option<RecordingWriter<FileStorage>>,
    segment: u64,
    begun: Instant,
    asked: Instant,
    /// Asked for, not yet complete.
    waiting: bool,
    rotate: bool,
    /// Number of an edition whose mark was met.
    adopted: Option<u64>,
    utc: fn() -> i64,
    /// Whether recording has failed; control goes on, the desk tells.
    pub down: Arc<AtomicBool>,
    run: String,
}

impl Recorder {
    /// A recorder of these tasks into `folder/recordings` and `folder/state.slstate`.
    pub fn new(
        folder: &Path,
        env: &str,
        policy: RecorderPolicy,
        edition: EditionText,
        editions: crossbeam::channel::Receiver<EditionText>,
        taps: Vec<Tap>,
        utc: fn() -> i64,
    ) -> Recorder {
        Recorder {
            folder: folder.to_path_buf(),
            env: env.to_string(),
            policy,
            editions,
            edition,
            tracks: taps
                .into_iter()
                .map(|tap| Track {
                    state_words: tap.initial.len(),
                    tap,
                    scan: None,
                    after: VecDeque::new(),
                    state: None,
                    marked: false,
                    lost_seen: 0,
                })
                .collect(),
            writer: None,
            segment: 0,
            begun: Instant::now(),
            asked: Instant::now(),
            waiting: false,
            rotate: false,
            adopted: None,
            utc,
            down: Arc::new(AtomicBool::new(false)),
            run: run_name(Utc(utc())),
        }
    }

    /// Runs until `stop` is set and every ring is empty.
    pub fn run(mut self, stop: &AtomicBool) {
        let initial: Vec<Vec<u64>> = self
            .tracks
            .iter_mut()
            .map(|track| std::mem::take(&mut track.tap.initial))
            .collect();
        let starts: Vec<StartKind> = self.tracks.iter().map(|track| track.tap.start).collect();
        self.begin(initial, &starts);
        let mut flushed = Instant::now();
        loop {
            let stopping = stop.load(Ordering::Acquire);
            let mut busy = false;
            for task in 0..self.tracks.len() {
                busy |= self.drain(task);
            }
            self.settle();
            if flushed.elapsed() >= Duration::from_secs(1) || stopping {
                flushed = Instant::now();
                self.flush();
            }
            self.ask();
            if stopping && !busy {
                break;
            }
            if !busy {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        if let Some(writer) = self.writer.take() {
            let result = writer.end();
            self.note(result.map(|_| ()));
        }
    }

    fn note(&self, result: Result<(), JournalError>) {
        if let Err(error) = result
            && !self.down.swap(true, Ordering::AcqRel)
        {
            eprintln!("recording has stopped: {error}; control goes on");
        }
    }

    fn begin(&mut self, states: Vec<Vec<u64>>, starts: &[StartKind]) {
        if let Some(writer) = self.writer.take() {
            let result = writer.end();
            self.note(result.map(|_| ()));
        }
        self.begun = Instant::now();
        self.segment += 1;
        let header = Header {
            format: journal::recording::FORMAT.to_string(),
            program: env!("CARGO_PKG_VERSION").to_string(),
            env: self.env.clone(),
            utc_ns: (self.utc)(),
            edition: self.edition.number,
            plant_digest: self.edition.digest,
            sources: self.edition.sources.clone(),
            tasks: self
                .tracks
                .iter()
                .zip(states)
                .zip(starts)
                .map(|((track, state), start)| TaskHeader {
                    name: track.tap.name.clone(),
                    period_ns: track.tap.period_ns,
                    start: *start,
                    state,
                })
                .collect(),
        };
        let folder = self.folder.join("recordings");
        let path = folder.join(format!("{}-{:04}.slrec", self.run, self.segment));
        let opened = std::fs::create_dir_all(&folder)
            .and_then(|()| FileStorage::open(&path))
            .map_err(|error| JournalError::Io {
                during: "opening a recording",
                error,
            });
        match opened.and_then(|storage| RecordingWriter::begin(storage, &header)) {
            Ok(writer) => self.writer = Some(writer),
            Err(error) => self.note(Err(error)),
        }
        prune(&folder, self.policy.total_bytes);
    }

    /// Takes what waits in one task's ring.
    fn drain(&mut self, task: usize) -> bool {
        let mut busy = false;
        loop {
            let track = &mut self.tracks[task];
            let Ok(item) = track.tap.items.pop() else {
                return busy;
            };
            busy = true;
            match item {
                Item::Begin {
                    index,
                    utc_ns,
                    elapsed,
                } => {
                    track.scan = Some(RecordedScan {
                        task: task as u16,
                        index,
                        utc_ns,
                        elapsed,
                        entries: Vec::new(),
                        digest: 0,
                    });
                }
                Item::Entry(entry) => {
                    if let Some(scan) = &mut track.scan {
                        scan.entries.push(recorded(entry));
                    }
                }
                Item::End { digest } => {
                    if let Some(mut scan) = track.scan.take() {
                        scan.digest = digest;
                        if track.marked {
                            track.after.push_back(scan);
                        } else if let Some(writer) = &mut self.writer {
                            writer.push(scan);
                        }
                    }
                }
                Item::Shot | Item::Edition(_) => {
                    if let Item::Edition(number) = item {
                        self.rotate = true;
                        self.adopted = Some(number);
                    }
                    // A later state replaces an earlier one that was not yet used:
                    // the scans between belong to the old segment.
                    for scan in track.after.drain(..) {
                        if let Some(writer) = &mut self.writer {
                            writer.push(scan);
                        }
                    }
                    track.marked = true;
                }
            }
        }
    }

    /// When the state of every task is there: a warm-start file, perhaps a segment.
    fn settle(&mut self) {
        for track in &mut self.tracks {
            while let Ok(shot) = track.tap.shots.pop() {
                if shot.scan > 0 {
                    track.state_words = shot.words.len();
                    track.state = Some(shot);
                } else {
                    // Memory of another edition came back unused: ask again.
                    self.waiting = false;
                }
            }
        }
        let whole = self
            .tracks
            .iter()
            .all(|track| track.marked && track.state.is_some());
        if !whole {
            return;
        }
        if let Some(number) = self.adopted.take() {
            while self.edition.number < number
                && let Ok(edition) = self.editions.try_recv()
            {
                if edition.number == number {
                    self.edition = edition;
                }
            }
        }
        let shots: Vec<StateShot> = self
            .tracks
            .iter_mut()
            .filter_map(|track| track.state.take())
            .collect();
        let states = self
            .tracks
            .iter()
            .zip(&shots)
            .map(|(track, shot)| TaskState {
                name: track.tap.name.clone(),
                scan: shot.scan,
                words: shot.words.to_vec(),
            })
            .collect();
        let snapshot = Snapshot::new(&self.env, Utc((self.utc)()), self.edition.digest, states);
        let result = snapshot.write(&self.folder.join("state.slstate"));
        self.note(result);
        if self.rotate {
            self.rotate = false;
            for track in &mut self.tracks {
                track.lost_seen = track.tap.lost.load(Ordering::Relaxed);
            }
            let starts = vec![StartKind::Running; self.tracks.len()];
            self.begin(
                shots
                    .into_iter()
                    .map(|shot| shot.words.into_vec())
                    .collect(),
                &starts,
            );
        }
        for track in &mut self.tracks {
            track.marked = false;
            for scan in track.after.drain(..) {
                if let Some(writer) = &mut self.writer {
                    writer.push(scan);
                }
            }
        }
        self.waiting = false;
    }

    /// Asks every task for its state, now and then.
    fn ask(&mut self) {
        let lost = self
            .tracks
            .iter()
            .any(|track| track.tap.lost.load(Ordering::Relaxed) != track.lost_seen);
        let full = self
            .writer
            .as_ref()
            .is_some_and(|writer| writer.bytes() > self.policy.segment_bytes);
        if lost || full || self.begun.elapsed() > self.policy.segment {
            self.rotate = true;
        }
        if self.waiting || self.asked.elapsed() < self.policy.state_every {
            return;
        }
        self.waiting = true;
        self.asked = Instant::now();
        for track in &mut self.tracks {
            let words = vec![0; track.state_words].into_boxed_slice();
            let _ = track.tap.empty.push(words);
        }
    }

    fn flush(&mut self) {
        if let Some(writer) = &mut self.writer {
            let result = writer.flush();
            if result.is_err() {
                self.writer = None;
            }
            self.note(result);
        }
    }
}

fn recorded(entry: Entry) -> RecordedEntry {
    match entry {
        Entry::Frame { source } => RecordedEntry::Frame(source),
        Entry::Field {
            slot,
            bits,
            quality,
        } => RecordedEntry::Field(slot, bits, quality.bits()),
        Entry::Write { slot, bits } => RecordedEntry::Write(slot, bits),
        Entry::Request { slot, bits } => RecordedEntry::Request(slot, bits),
        Entry::Force { slot, bits } => RecordedEntry::Force(slot, bits),
        Entry::Unforce { slot } => RecordedEntry::Unforce(slot),
    }
}

/// A file name from a time: `20261122T140305120Z`.
fn run_name(utc: Utc) -> String {
    utc.to_string()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect()
}

/// Deletes the oldest segments above the permitted sum; never the newest.
fn prune(folder: &Path, bytes_max: u64) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<(PathBuf, u64)> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|ext| ext == "slrec"))
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())))
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|(_, bytes)| bytes).sum();
    let newest = files.len().saturating_sub(1);
    for (path, bytes) in &files[..newest] {
        if total <= bytes_max {
            return;
        }
        if std::fs::remove_file(path).is_ok() {
            total -= bytes;
        }
    }
}
