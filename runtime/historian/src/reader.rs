//! Questions to history. A reader is cheap to copy, and asks while the writer
//! writes: it sees the points up to some scan, and never half a scan of its tag.

use crate::aggregate::{Aggregate, Bucket, Window};
use crate::chapter::Chapter;
use crate::disk::{Disk, FolderDisk};
use crate::fault::HistoryError;
use crate::head::Head;
use crate::items::Items;
use crate::spec::{Item, Point, Policy, TagSpec};
use crate::store::{Found, Recovery, Shared, State, find, no_specs};
use crate::walk::{Held, Place, Walk, Windows};
use signal::Kind;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Most windows of one question.
pub const WINDOWS_MAX: usize = 1 << 20;

/// What is known of a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagFacts {
    /// Name.
    pub name: String,
    /// Kind, as of its newest segment.
    pub kind: Kind,
    /// Symbol of the unit.
    pub unit: String,
    /// How it is kept.
    pub policy: Policy,
    /// Name of its source.
    pub source: String,
    /// Points stored.
    pub points: u64,
    /// Time of the first and of the last scan in which it was kept.
    pub range: Option<(i64, i64)>,
}

/// Reads history.
#[derive(Clone, Debug)]
pub struct HistoryReader {
    pub(crate) shared: Arc<Shared>,
}

impl HistoryReader {
    pub(crate) fn new(shared: Arc<Shared>) -> HistoryReader {
        HistoryReader { shared }
    }

    /// Opens a folder for reading only, whether a writer is at work in it or not: it
    /// shows what was written until now. Nothing in the folder is changed.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(folder: &Path) -> Result<(HistoryReader, Recovery), HistoryError> {
        let disk = FolderDisk::existing(folder);
        let disk = disk.map_err(HistoryError::disk(folder.display().to_string()))?;
        HistoryReader::open_on(Arc::new(disk))
    }

    /// Opens a disk for reading only.
    ///
    /// # Errors
    /// The disk's.
    pub fn open_on(disk: Arc<dyn Disk>) -> Result<(HistoryReader, Recovery), HistoryError> {
        // A writer may seal or merge between two looks: then look again.
        let mut tries = 0;
        let found = loop {
            match find(&disk, false) {
                Err(HistoryError::Disk { error, .. })
                    if error.kind() == std::io::ErrorKind::NotFound && tries < 8 =>
                {
                    tries += 1;
                }
                found => break found?,
            }
        };
        let Found {
            sealed,
            next,
            recovery,
            ..
        } = found;
        let head = Head::new(next, no_specs(), Vec::new(), Vec::new());
        let state = State {
            sealed,
            head,
            log: None,
        };
        let shared = Arc::new(Shared::new(disk, state));
        Ok((HistoryReader { shared }, recovery))
    }

    /// All tags that have a history, by name.
    pub fn tags(&self) -> Vec<TagFacts> {
        let state = self.shared.read();
        let mut all: BTreeMap<&str, TagFacts> = BTreeMap::new();
        let add = |spec: &TagSpec, source: &str, points: u64, range: Option<(i64, i64)>| TagFacts {
            name: spec.name.clone(),
            kind: spec.kind,
            unit: spec.unit.clone(),
            policy: spec.policy,
            source: source.to_string(),
            points,
            range,
        };
        for segment in &state.sealed {
            for (spec, tag) in segment.specs.tags.iter().zip(&segment.tags) {
                let at = usize::from(spec.source.0);
                let range = segment.sources[at].frames.range();
                let facts = add(spec, &segment.specs.sources[at], tag.points, range);
                merge_facts(&mut all, &spec.name, facts);
            }
        }
        for (spec, part) in state.head.specs.tags.iter().zip(&state.head.tags) {
            let at = usize::from(spec.source.0);
            let blocks = part.blocks.iter().map(|block| block.facts.count);
            let points = blocks.sum::<usize>() + part.open.len();
            let range = state.head.sources[at].frames.range();
            let facts = add(spec, &state.head.specs.sources[at], points as u64, range);
            merge_facts(&mut all, &spec.name, facts);
        }
        all.into_values().collect()
    }

    /// Time of the first and of the last scan.
    pub fn range(&self) -> Option<(i64, i64)> {
        let state = self.shared.read();
        let sealed = state.sealed.iter().filter_map(|segment| segment.range);
        let ranges = sealed.chain(state.head.range());
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// What is stored of a tag in `[from_ns, to_ns)`, in the order of scans, with
    /// qualities and gaps; before it, the point in force at `from_ns`.
    ///
    /// # Errors
    /// [`HistoryError::UnknownTag`].
    pub fn read(&self, tag: &str, from_ns: i64, to_ns: i64) -> Result<Items, HistoryError> {
        let chapters = self.chapters(tag)?;
        let range = needed(&chapters, from_ns, to_ns);
        let chapters = chapters[range].to_vec();
        Ok(Items::new(chapters, from_ns, to_ns))
    }

    /// The point in force at a time; `None` in a gap and before the first.
    ///
    /// # Errors
    /// [`HistoryError::UnknownTag`], or the disk's.
    pub fn at(&self, tag: &str, utc_ns: i64) -> Result<Option<Point>, HistoryError> {
        let mut found = None;
        for item in self.read(tag, utc_ns, utc_ns.saturating_add(1))? {
            match item? {
                Item::Before(point) | Item::Point(point) => found = Some(point),
                Item::Gap(gap) if (gap.from_ns..gap.to_ns).contains(&utc_ns) => found = None,
                Item::Gap(_) => {}
            }
        }
        Ok(found)
    }

    /// What each of some windows amounts to. Windows that rise and do not overlap are
    /// answered in one pass, in which blocks that lie inside a window are not decoded.
    ///
    /// # Errors
    /// [`HistoryError::UnknownTag`], [`HistoryError::Refused`] for more than
    /// [`WINDOWS_MAX`] windows, or the disk's.
    pub fn aggregate(&self, tag: &str, windows: &[Window]) -> Result<Vec<Aggregate>, HistoryError> {
        if windows.len() > WINDOWS_MAX {
            return Err(HistoryError::Refused {
                what: format!("{} windows; at most {WINDOWS_MAX}", windows.len()),
            });
        }
        let chapters = self.chapters(tag)?;
        if Windows::are_in_order(windows) {
            return pass(&chapters, windows);
        }
        let mut all = Vec::with_capacity(windows.len());
        for window in windows {
            all.extend(pass(&chapters, std::slice::from_ref(window))?);
        }
        Ok(all)
    }

    /// The envelope of a tag in buckets of equal width: what a screen draws. The
    /// extremes are exact, of the signal itself and not of what was sampled.
    ///
    /// # Errors
    /// As [`HistoryReader::aggregate`].
    pub fn envelope(
        &self,
        tag: &str,
        from_ns: i64,
        to_ns: i64,
        buckets: usize,
    ) -> Result<Vec<Bucket>, HistoryError> {
        if to_ns <= from_ns || buckets == 0 {
            return Ok(Vec::new());
        }
        let windows = Window::equal(from_ns, to_ns, buckets.min(WINDOWS_MAX + 1));
        let aggregates = self.aggregate(tag, &windows)?;
        Ok(aggregates.iter().map(Bucket::from).collect())
    }

    /// A tag in all segments that know it.
    fn chapters(&self, tag: &str) -> Result<Vec<Chapter>, HistoryError> {
        let state = self.shared.read();
        let mut chapters = Vec::new();
        let mut known: Option<(*const crate::Specs, Option<usize>)> = None;
        for segment in &state.sealed {
            let specs = Arc::as_ptr(&segment.specs);
            let at = match known {
                Some((same, at)) if same == specs => at,
                _ => segment.tag(tag).map(|(at, _)| at),
            };
            known = Some((specs, at));
            chapters.extend(at.and_then(|at| Chapter::sealed(segment, at)));
        }
        let open = state.head.tag(tag);
        chapters.extend(open.and_then(|(at, _)| Chapter::open(&state.head, at)));
        if chapters.is_empty() {
            return Err(HistoryError::UnknownTag {
                name: tag.to_string(),
            });
        }
        Ok(chapters)
    }
}

fn merge_facts<'a>(all: &mut BTreeMap<&'a str, TagFacts>, name: &'a str, newer: TagFacts) {
    let range = |a: Option<(i64, i64)>, b: Option<(i64, i64)>| match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    };
    match all.get_mut(name) {
        None => {
            all.insert(name, newer);
        }
        Some(facts) => {
            *facts = TagFacts {
                points: facts.points + newer.points,
                range: range(facts.range, newer.range),
                ..newer
            };
        }
    }
}

/// The chapters that say something of `[from_ns, to_ns)`.
fn needed(chapters: &[Chapter], from_ns: i64, to_ns: i64) -> std::ops::Range<usize> {
    let range = |chapter: &Chapter| chapter.frames.range();
    let first = chapters
        .iter()
        .position(|chapter| range(chapter).is_some_and(|(_, max)| max >= from_ns))
        .unwrap_or(chapters.len() - 1);
    let last = chapters
        .iter()
        .rposition(|chapter| range(chapter).is_some_and(|(min, _)| min < to_ns))
        .unwrap_or(first);
    first..last.max(first) + 1
}

/// Answers windows in order.
fn pass(chapters: &[Chapter], windows: &[Window]) -> Result<Vec<Aggregate>, HistoryError> {
    let mut sink = Windows::new(windows);
    let (Some(first), Some(last)) = (windows.first(), windows.last()) else {
        return Ok(Vec::new());
    };
    let range = needed(chapters, first.from_ns, last.to_ns);
    let next = chapters.get(range.end);
    let mut walk = Walk::new(&mut sink, false);
    let mut before: Option<&Chapter> = None;
    for chapter in &chapters[range] {
        walk.enter(before, chapter);
        pass_chapter(chapter, &mut walk)?;
        before = Some(chapter);
    }
    if let Some(before) = before {
        let follows = next.filter(|next| next.first == before.last + 1);
        let until = follows.and_then(Chapter::continues_at);
        if let Some(until) = until.or(before.end.map(|(_, utc_ns)| utc_ns)) {
            walk.hold(until);
        }
    }
    Ok(sink.aggregates)
}

fn pass_chapter(chapter: &Chapter, walk: &mut Walk<'_, Windows<'_>>) -> Result<(), HistoryError> {
    let mut marks = chapter.marks.iter().peekable();
    for block in chapter.blocks()? {
        let facts = block.facts();
        while let Some(mark) = marks.next_if(|mark| mark.ordinal <= facts.first.ordinal) {
            walk.mark(mark, chapter.after_ns(mark));
        }
        let place = walk.sink.place(facts.range.0, facts.range.1);
        let column = match place {
            Place::Across => block.points(chapter.kind)?,
            Place::Inside(_) | Place::Outside => None,
        };
        if let Some(column) = column {
            for (ordinal, point) in chapter.points(&column) {
                while let Some(mark) = marks.next_if(|mark| mark.ordinal <= ordinal) {
                    walk.mark(mark, chapter.after_ns(mark));
                }
                walk.point(Held::of(&point));
            }
            continue;
        }
        walk.join(facts.first.held(chapter.kind));
        match place {
            Place::Inside(at) => walk.sink.aggregates[at].append(&facts.inside),
            // The points are damaged: their time is missing.
            Place::Across => {
                crate::walk::Sink::gap(walk.sink, facts.first.utc_ns, facts.last.utc_ns);
            }
            Place::Outside => {}
        }
        walk.held = Some(facts.last.held(chapter.kind));
        while marks
            .next_if(|mark| mark.ordinal <= facts.last.ordinal)
            .is_some()
        {}
    }
    for mark in marks {
        walk.mark(mark, chapter.after_ns(mark));
    }
    Ok(())
}
