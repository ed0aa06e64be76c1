//! Writes the inlet log of all tasks to disk in segments, and the state for a
//! warm start beside it. Off the scan thread; what it cannot take is counted there.

use crate::scan_thread::StateShot;
use crate::witness::{Item, Mark};
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
use std::sync::atomic::{AtomicBool, Ordering};
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

/// How long a task may owe its state before the others' scans stop waiting for it:
/// longer than any period of a task.
const PATIENCE: Duration = Duration::from_secs(90);

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
    /// State at the start of the run.
    pub initial: Vec<u64>,
    /// How the run starts.
    pub start: StartKind,
}

/// The recorder's own view of a tap.
struct Track {
    tap: Tap,
    scan: Option<RecordedScan>,
    /// Edition of the scans that come now.
    edition: u64,
    /// Where the next segment may begin, and whether it must: what comes after a gap
    /// or an online change does not go on from what came before.
    mark: Option<(Mark, bool)>,
    /// Scans after the mark.
    after: VecDeque<RecordedScan>,
    /// Number of the last mark met.
    met: u64,
    /// States taken whose marks are not yet met or not yet used.
    shots: VecDeque<StateShot>,
    state_words: usize,
}

impl Track {
    fn new(tap: Tap, edition: u64) -> Track {
        Track {
            state_words: tap.initial.len(),
            tap,
            scan: None,
            edition,
            mark: None,
            after: VecDeque::new(),
            met: 0,
            shots: VecDeque::new(),
        }
    }

    /// Takes a mark; the scans before it that nobody waits for any more.
    fn meet(&mut self, mark: Mark) -> VecDeque<RecordedScan> {
        self.met = mark.serial;
        self.scan = None;
        let is_must = mark.gap || mark.edition != self.edition;
        let before_must = self.mark.is_some_and(|(_, is_must)| is_must);
        if before_must && !is_must {
            // The segment must begin at the mark that stands.
            return VecDeque::new();
        }
        self.edition = mark.edition;
        self.mark = Some((mark, is_must));
        let after = std::mem::take(&mut self.after);
        if before_must {
            // An edition that no other task took: it stands in no segment.
            return VecDeque::new();
        }
        after
    }

    /// Whether the state at the mark is there.
    fn is_ready(&self) -> bool {
        let wanted = self.mark.map(|(mark, _)| mark.serial);
        self.shots.iter().any(|shot| Some(shot.serial) == wanted)
    }

    /// The state at the mark; the mark is used up.
    fn take(&mut self) -> Option<StateShot> {
        let (mark, _) = self.mark.take()?;
        let at = self.shots.iter().position(|s| s.serial == mark.serial)?;
        let shot = self.shots.remove(at);
        let met = self.met;
        self.shots.retain(|shot| shot.serial > met);
        shot
    }
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
            tracks: taps
                .into_iter()
                .map(|tap| Track::new(tap, edition.number))
                .collect(),
            edition,
            writer: None,
            segment: 0,
            begun: Instant::now(),
            asked: Instant::now(),
            waiting: false,
            rotate: false,
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
        self.finish();
    }

    /// Writes what is left.
    fn finish(mut self) {
        self.give_up();
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
                        if track.mark.is_some() {
                            track.after.push_back(scan);
                        } else if let Some(writer) = &mut self.writer {
                            writer.push(scan);
                        }
                    }
                }
                Item::Mark(mark) => {
                    self.rotate |= mark.gap || mark.edition != track.edition;
                    let before = track.meet(mark);
                    if let Some(writer) = &mut self.writer {
                        for scan in before {
                            writer.push(scan);
                        }
                    }
                }
            }
        }
    }

    /// When the state of every task is there: a warm-start file, perhaps a segment.
    fn settle(&mut self) {
        for track in &mut self.tracks {
            while let Ok(shot) = track.tap.shots.pop() {
                track.state_words = shot.wanted;
                if shot.serial > 0 {
                    track.shots.push_back(shot);
                } else {
                    // Memory came back unused: ask again.
                    self.waiting = false;
                }
            }
        }
        let edition = self.tracks.first().map_or(0, |track| track.edition);
        let whole = self
            .tracks
            .iter()
            .all(|track| track.is_ready() && track.edition == edition);
        if !whole {
            return;
        }
        while self.edition.number < edition
            && let Ok(text) = self.editions.try_recv()
        {
            // Texts of editions that were refused are passed over.
            if text.number == edition {
                self.edition = text;
            }
        }
        let shots: Vec<StateShot> = self.tracks.iter_mut().filter_map(Track::take).collect();
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
            for scan in track.after.drain(..) {
                if let Some(writer) = &mut self.writer {
                    writer.push(scan);
                }
            }
        }
        self.waiting = false;
    }

    /// Some task did not answer the marks of the others: what came after a mark goes
    /// on from before, unless it must not.
    fn give_up(&mut self) {
        for track in &mut self.tracks {
            if track.mark.is_some_and(|(_, is_must)| is_must) {
                continue;
            }
            track.mark = None;
            for scan in track.after.drain(..) {
                if let Some(writer) = &mut self.writer {
                    writer.push(scan);
                }
            }
        }
    }

    /// Asks every task for its state, now and then.
    fn ask(&mut self) {
        let full = self
            .writer
            .as_ref()
            .is_some_and(|writer| writer.bytes() > self.policy.segment_bytes);
        if full || self.begun.elapsed() > self.policy.segment {
            self.rotate = true;
        }
        let patience = if self.waiting {
            PATIENCE
        } else {
            self.policy.state_every
        };
        if self.asked.elapsed() < patience {
            return;
        }
        if self.waiting {
            self.give_up();
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

#[cfg(test)]
mod tests;
