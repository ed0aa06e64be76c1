//! What is there: the sealed segments and the open one, shared by the writer and all
//! readers; and how it is found again after any end.

use crate::disk::{Disk, MemoryDisk, read_all};
use crate::fault::HistoryError;
use crate::head::Head;
use crate::log::{self, Replayed, replay};
use crate::segment::{self, Segment};
use crate::spec::Specs;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Segments and head as they are.
#[derive(Debug)]
pub(crate) struct State {
    pub sealed: Vec<Arc<Segment>>,
    pub head: Head,
    /// Name and synced bytes of the log, if this is the writer's.
    pub log: Option<(String, u64)>,
}

/// What the writer and the readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub disk: Arc<dyn Disk>,
    state: RwLock<State>,
    /// Held by whoever replaces or removes segments.
    pub keeping: Mutex<()>,
}

impl Shared {
    pub(crate) fn new(disk: Arc<dyn Disk>, state: State) -> Shared {
        Shared {
            disk,
            state: RwLock::new(state),
            keeping: Mutex::new(()),
        }
    }

    // A thread that panicked has not left the state half changed: changes are single
    // assignments, or appends whose order readers do not see.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was found when a folder was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Sealed segments.
    pub segments: usize,
    /// Points in them.
    pub points: u64,
    /// Scans taken again from logs.
    pub replayed_frames: u64,
    /// Bytes after the last whole record of a log: never acknowledged.
    pub torn_bytes: u64,
    /// Files that could not be read; they are kept under the name given here, and
    /// what they held is a gap.
    pub quarantined: Vec<String>,
    /// The last scan of each source that is kept: name, number, time.
    pub last: Vec<(String, u64, i64)>,
    /// Sources that did not say that they stop: after a crash, all that ran.
    pub unclean: Vec<String>,
}

/// What a folder holds.
pub(crate) struct Found {
    pub sealed: Vec<Arc<Segment>>,
    /// State at the end of the last log, if there was one.
    pub last: Option<Replayed>,
    /// Number of the next segment.
    pub next: u64,
    pub recovery: Recovery,
}

/// Reads a folder. With `settles`, the folder is put in order: logs are sealed, files
/// that cannot be read are set aside, leftovers are removed. Without, nothing is
/// changed, and logs are sealed in memory.
pub(crate) fn find(disk: &Arc<dyn Disk>, settles: bool) -> Result<Found, HistoryError> {
    let folder = |error| HistoryError::disk("the folder")(error);
    let mut recovery = Recovery::default();
    let names = disk.list().map_err(folder)?;
    let mut next = 1;
    let mut files = Vec::new();
    let mut logs = Vec::new();
    for name in &names {
        let stem = name.strip_suffix(".bad").unwrap_or(name);
        let number = segment::numbers(stem)
            .map(|(_, last)| last)
            .or(log::number(stem));
        next = next.max(number.map_or(0, |number| number + 1));
        if let Some((first, last)) = segment::numbers(name) {
            files.push((first, std::cmp::Reverse(last), name.clone()));
        } else if let Some(number) = log::number(name) {
            logs.push((number, name.clone()));
        } else if settles && name.ends_with(".seg.tmp") {
            disk.remove(name).map_err(HistoryError::disk(name))?;
        }
    }
    files.sort();
    logs.sort();
    let mut sealed: Vec<Arc<Segment>> = Vec::new();
    let set_aside = |name: &str, recovery: &mut Recovery| {
        let aside = format!("{name}.bad");
        if settles {
            disk.rename(name, &aside)
                .map_err(HistoryError::disk(name))?;
        }
        recovery.quarantined.push(aside);
        Ok::<(), HistoryError>(())
    };
    for (first, _, name) in files {
        if sealed.last().is_some_and(|before| first <= before.last) {
            // What was merged, and not yet removed.
            if settles {
                disk.remove(&name).map_err(HistoryError::disk(&name))?;
            }
            continue;
        }
        match Segment::open(disk, &name) {
            Ok(mut segment) => {
                if let Some(before) = sealed.last() {
                    segment.share_specs(&before.specs);
                }
                sealed.push(Arc::new(segment));
            }
            Err(HistoryError::Damaged { .. }) => set_aside(&name, &mut recovery)?,
            Err(error) => return Err(error),
        }
    }
    let mut last = None;
    let memory: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    for (number, name) in logs {
        let on = |error| HistoryError::disk(&name)(error);
        if sealed.last().is_none_or(|before| number > before.last) {
            let bytes = read_all(&*disk.open(&name).map_err(on)?).map_err(on)?;
            if let Some(mut replayed) = replay(&bytes).filter(|log| log.head.number == number) {
                recovery.replayed_frames += replayed.frames;
                recovery.torn_bytes += replayed.torn_bytes;
                replayed.intake.settle_all(&mut replayed.head);
                replayed.head.close_blocks();
                if !replayed.head.is_empty() {
                    let into = if settles { disk } else { &memory };
                    let mut segment = Segment::of_head(into, &replayed.head)?;
                    if let Some(before) = sealed.last() {
                        segment.share_specs(&before.specs);
                    }
                    sealed.push(Arc::new(segment));
                }
                last = Some(replayed);
            } else {
                recovery.torn_bytes += bytes.len() as u64;
            }
        }
    }
    recovery.segments = sealed.len();
    recovery.points = sealed.iter().map(|segment| segment.points).sum();
    for (name, source) in ends(&sealed, last.as_ref()) {
        if let Some((seq, utc_ns)) = source.0 {
            recovery.last.push((name.clone(), seq, utc_ns));
            if !source.1 {
                recovery.unclean.push(name);
            }
        }
    }
    Ok(Found {
        sealed,
        last,
        next,
        recovery,
    })
}

/// Last scan of a source, and whether the station said that it stops.
pub(crate) type SourceEnd = (Option<(u64, i64)>, bool);

/// How each source ended.
pub(crate) fn ends(sealed: &[Arc<Segment>], last: Option<&Replayed>) -> Vec<(String, SourceEnd)> {
    if let Some(replayed) = last {
        let sources = replayed.head.sources.iter();
        return sources
            .map(|part| (part.name.clone(), (part.last, part.is_ended)))
            .collect();
    }
    let Some(segment) = sealed.last() else {
        return Vec::new();
    };
    let names = segment.specs.sources.iter().cloned();
    let ends = segment
        .sources
        .iter()
        .map(|part| (part.last, part.is_ended));
    names.zip(ends).collect()
}

/// The logs that are sealed or empty, for removal once the next one is there.
pub(crate) fn logs(disk: &dyn Disk) -> Result<Vec<String>, HistoryError> {
    let names = disk.list().map_err(HistoryError::disk("the folder"))?;
    Ok(names
        .into_iter()
        .filter(|name| log::number(name).is_some())
        .collect())
}

/// No tags, for readers of an empty folder.
pub(crate) fn no_specs() -> Arc<Specs> {
    Arc::new(Specs::default())
}
