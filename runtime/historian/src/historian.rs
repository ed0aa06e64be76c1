//! The writer.

use crate::disk::{Disk, FolderDisk};
use crate::fault::HistoryError;
use crate::head::{Carry, Head, SourcePart};
use crate::intake::{Intake, Taken};
use crate::keeper::Keeper;
use crate::log::{Log, source_at};
use crate::reader::HistoryReader;
use crate::segment::Segment;
use crate::spec::{Policy, Sample, SourceId, Specs};
use crate::store::{Found, Recovery, Shared, State, ends, find, logs};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// How segments are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// A segment is sealed when it spans this long, nanoseconds of the source's time.
    pub segment_ns: i64,
    /// Or when it holds this many points.
    pub segment_points_max: u64,
    /// Or when its log has this many bytes: what is read again after a crash.
    pub log_bytes_max: u64,
}

impl Default for Options {
    /// An hour, four million points, 64 MiB. Design defaults of this product.
    fn default() -> Self {
        Options {
            segment_ns: 3_600_000_000_000,
            segment_points_max: 4_000_000,
            log_bytes_max: 64 << 20,
        }
    }
}

/// What a sync acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// Of each source, in order, the last scan that survives a power cut: number and
    /// time.
    pub last: Vec<Option<(u64, i64)>>,
}

/// Takes scans in. One a folder.
///
/// A scan that [`Historian::frame`] took survives the end of the process; a scan that
/// [`Historian::sync`] acknowledged survives a power cut. After an error of the disk
/// every further call is refused with [`HistoryError::Failed`]: drop this writer, open
/// the folder again and go on; what is missing then is recorded as a gap.
pub struct Historian {
    shared: Arc<Shared>,
    specs: Arc<Specs>,
    intake: Intake,
    log: Log,
    options: Options,
    /// First time seen in the open segment.
    since_ns: Option<i64>,
    has_failed: bool,
}

impl Historian {
    /// Opens a folder, which is created if need be.
    ///
    /// # Errors
    /// The disk's, or a list of tags that makes no sense.
    pub fn open(
        folder: &Path,
        specs: Specs,
        options: Options,
    ) -> Result<(Historian, Recovery), HistoryError> {
        let disk = FolderDisk::create(folder);
        let disk = disk.map_err(HistoryError::disk(folder.display().to_string()))?;
        Historian::open_on(Arc::new(disk), specs, options)
    }

    /// Opens a disk.
    ///
    /// # Errors
    /// As [`Historian::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        specs: Specs,
        options: Options,
    ) -> Result<(Historian, Recovery), HistoryError> {
        check(&specs)?;
        let specs = Arc::new(specs);
        let Found {
            sealed,
            last,
            next,
            recovery,
        } = find(&disk, true)?;
        let ends: BTreeMap<String, _> = ends(&sealed, last.as_ref()).into_iter().collect();
        let mut begun = BTreeMap::new();
        if let Some(replayed) = &last {
            let names = replayed.head.sources.iter().map(|part| part.name.clone());
            begun = names
                .zip(replayed.intake.begun().iter().copied())
                .collect::<BTreeMap<String, bool>>();
        }
        let sources: Vec<SourcePart> = specs
            .sources
            .iter()
            .map(|name| {
                let (last, is_ended) = ends.get(name).copied().unwrap_or_default();
                SourcePart {
                    name: name.clone(),
                    last,
                    is_ended,
                    ..SourcePart::default()
                }
            })
            .collect();
        let begun: Vec<bool> = specs
            .sources
            .iter()
            .map(|name| begun.get(name).copied().unwrap_or(false))
            .collect();
        let carries = match &last {
            Some(replayed) => carries_of(&replayed.head, &specs),
            None => vec![None; specs.tags.len()],
        };
        let empty = Head::new(next, specs.clone(), sources, Vec::new());
        let head = Head::new(next, specs.clone(), empty.next_sources(), carries);
        let intake = Intake::new(&head, begun.clone());
        let old = logs(&*disk)?;
        let log = Log::create(&*disk, &head, &begun)?;
        for name in old.iter().filter(|name| **name != log.name) {
            disk.remove(name).map_err(HistoryError::disk(name))?;
        }
        let state = State {
            sealed,
            head,
            log: Some((log.name.clone(), log.synced)),
        };
        let historian = Historian {
            shared: Arc::new(Shared::new(disk, state)),
            specs,
            intake,
            log,
            options,
            since_ns: None,
            has_failed: false,
        };
        Ok((historian, recovery))
    }

    /// What is kept.
    pub fn specs(&self) -> &Specs {
        &self.specs
    }

    /// A source starts: its scans are counted anew, and its next scan gives all tags.
    /// To be called at every start of the station; not when the folder is opened again
    /// during a run, where the missing numbers tell what was lost.
    ///
    /// # Errors
    /// The disk's.
    pub fn begin(&mut self, source: SourceId) -> Result<(), HistoryError> {
        self.guarded(|historian| {
            let at = source_at(&historian.shared.read().head, source)?;
            historian.log.begin(at)?;
            let mut state = historian.shared.write();
            historian.intake.begin(&mut state.head, at);
            Ok(())
        })
    }

    /// A source stops and says so: the gap until the next start is a clean one.
    /// Call [`Historian::sync`] after it.
    ///
    /// # Errors
    /// The disk's.
    pub fn end(&mut self, source: SourceId) -> Result<(), HistoryError> {
        self.guarded(|historian| {
            let at = source_at(&historian.shared.read().head, source)?;
            historian.log.end(at)?;
            let mut state = historian.shared.write();
            historian.intake.end(&mut state.head, at);
            Ok(())
        })
    }

    /// Takes a scan: its number, its time, and all that changed since the scan before
    /// it *that was given*; after [`Historian::begin`], all tags of the source. Every
    /// scan is given, also one in which nothing changed, since a missing number is a
    /// loss. Order is by number alone: time may step back.
    ///
    /// # Errors
    /// The disk's; [`HistoryError::Refused`] if a sample is not of this source, and
    /// then nothing was taken.
    pub fn frame(
        &mut self,
        source: SourceId,
        seq: u64,
        utc_ns: i64,
        samples: &[Sample],
    ) -> Result<Taken, HistoryError> {
        let of_source = |sample: &Sample| {
            let spec = self.specs.tags.get(sample.tag.0 as usize);
            spec.is_some_and(|spec| spec.source == source)
        };
        if !samples.iter().all(of_source) {
            return Err(HistoryError::Refused {
                what: format!("scan {seq} holds a sample of another source"),
            });
        }
        self.guarded(|historian| historian.take(source, seq, utc_ns, samples))
    }

    fn take(
        &mut self,
        source: SourceId,
        seq: u64,
        utc_ns: i64,
        samples: &[Sample],
    ) -> Result<Taken, HistoryError> {
        let (at, last) = {
            let state = self.shared.read();
            let at = source_at(&state.head, source)?;
            (at, state.head.sources[at].last)
        };
        if !self.intake.begun()[at] && last.is_some_and(|(last, _)| seq <= last) {
            return Ok(Taken::Known);
        }
        // Written before it is seen: what a reader saw survives the process.
        self.log.frame(at, seq, utc_ns, samples)?;
        let (taken, points) = {
            let mut state = self.shared.write();
            let taken = self.intake.take(&mut state.head, at, seq, utc_ns, samples);
            (taken, state.head.points)
        };
        let since_ns = *self.since_ns.get_or_insert(utc_ns);
        let is_long = utc_ns.saturating_sub(since_ns) >= self.options.segment_ns;
        let is_full = points >= self.options.segment_points_max
            || self.log.written >= self.options.log_bytes_max;
        if is_long || is_full {
            self.seal()?;
        }
        Ok(taken)
    }

    /// Returns only when every scan taken so far survives a power cut.
    ///
    /// # Errors
    /// The disk's. Then nothing since the last good sync is acknowledged, and this
    /// writer is done: after a failed sync the system may have dropped what it could
    /// not write, and a second sync would succeed without it.
    pub fn sync(&mut self) -> Result<Synced, HistoryError> {
        self.guarded(|historian| {
            historian.log.sync()?;
            let mut state = historian.shared.write();
            state.log = Some((historian.log.name.clone(), historian.log.synced));
            let last = state.head.sources.iter().map(|part| part.last).collect();
            Ok(Synced { last })
        })
    }

    /// Seals the open segment now. Done by itself; of use before a folder is moved.
    ///
    /// # Errors
    /// The disk's.
    pub fn roll(&mut self) -> Result<(), HistoryError> {
        self.guarded(Historian::seal)
    }

    fn seal(&mut self) -> Result<(), HistoryError> {
        {
            let mut state = self.shared.write();
            if state.head.is_empty() {
                return Ok(());
            }
            self.intake.settle_all(&mut state.head);
            state.head.close_blocks();
        }
        let disk = self.shared.disk.clone();
        let (segment, head) = {
            let state = self.shared.read();
            let mut segment = Segment::of_head(&disk, &state.head)?;
            segment.share_specs(&self.specs);
            let carries = carries_of(&state.head, &self.specs);
            let sources = state.head.next_sources();
            let number = state.head.number + 1;
            (
                segment,
                Head::new(number, self.specs.clone(), sources, carries),
            )
        };
        let begun = self.intake.begun().to_vec();
        let log = Log::create(&*disk, &head, &begun)?;
        let old = std::mem::replace(&mut self.log, log);
        self.intake = Intake::new(&head, begun);
        self.since_ns = None;
        {
            let mut state = self.shared.write();
            state.sealed.push(Arc::new(segment));
            state.head = head;
            state.log = Some((self.log.name.clone(), self.log.synced));
        }
        disk.remove(&old.name)
            .map_err(HistoryError::disk(&old.name))
    }

    /// Reads while this writes.
    pub fn reader(&self) -> HistoryReader {
        HistoryReader::new(self.shared.clone())
    }

    /// Merges and removes segments while this writes, from any thread.
    pub fn keeper(&self) -> Keeper {
        Keeper::new(self.shared.clone())
    }

    fn guarded<T>(
        &mut self,
        act: impl FnOnce(&mut Historian) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        if self.has_failed {
            return Err(HistoryError::Failed);
        }
        let done = act(self);
        let is_disk = matches!(
            done,
            Err(HistoryError::Disk { .. } | HistoryError::Damaged { .. })
        );
        self.has_failed |= is_disk;
        done
    }
}

/// What the tags of a list bring from a segment: same name, kind and source.
fn carries_of(head: &Head, specs: &Specs) -> Vec<Option<Carry>> {
    let known: BTreeMap<&str, usize> = head
        .specs
        .tags
        .iter()
        .enumerate()
        .map(|(at, spec)| (spec.name.as_str(), at))
        .collect();
    let carry = |spec: &crate::TagSpec| {
        let at = *known.get(spec.name.as_str())?;
        let before = &head.specs.tags[at];
        let source =
            |specs: &Specs, source: SourceId| specs.sources.get(usize::from(source.0)).cloned();
        let is_same = before.kind == spec.kind
            && source(&head.specs, before.source) == source(specs, spec.source);
        head.last_stored(at, before).filter(|_| is_same)
    };
    specs.tags.iter().map(carry).collect()
}

fn check(specs: &Specs) -> Result<(), HistoryError> {
    let refuse = |what: String| Err(HistoryError::Refused { what });
    let mut names = BTreeSet::new();
    for source in &specs.sources {
        if !names.insert(source) {
            return refuse(format!("two sources named {source}"));
        }
    }
    let mut names = BTreeSet::new();
    for tag in &specs.tags {
        if !names.insert(&tag.name) {
            return refuse(format!("two tags named {}", tag.name));
        }
        if usize::from(tag.source.0) >= specs.sources.len() {
            return refuse(format!("{} is of no source", tag.name));
        }
        let is_sound = match tag.policy {
            Policy::Raw => true,
            Policy::Exception { deadband } => deadband >= 0.0 && deadband.is_finite(),
            Policy::SwingingDoor {
                deviation,
                max_interval_ns,
            } => deviation >= 0.0 && deviation.is_finite() && max_interval_ns > 0,
        };
        if !is_sound {
            return refuse(format!("{} cannot be kept that way", tag.name));
        }
    }
    Ok(())
}
