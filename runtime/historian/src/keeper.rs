//! What grows old: segments are merged into larger ones and removed by rule. Works
//! beside the writer, from any thread.

use crate::block::Block;
use crate::column::{BLOCK_POINTS_MAX, Column, Effort, decode};
use crate::fault::HistoryError;
use crate::head::SourcePart;
use crate::segment::{Content, Segment, TagContent};
use crate::store::Shared;
use crate::walk::SourceMark;
use std::sync::{Arc, PoisonError};

/// How long history is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Segments whose newest scan is older than this, nanoseconds, go.
    pub age_ns: Option<i64>,
    /// The oldest segments go until the rest is this small.
    pub bytes: Option<u64>,
}

/// A segment that was removed: a reason for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// File.
    pub file: String,
    /// Time of its first and of its last scan.
    pub range: Option<(i64, i64)>,
    /// Points that were in it.
    pub points: u64,
    /// Its size.
    pub bytes: u64,
    /// Why.
    pub rule: RetentionRule,
}

/// The rule by which a segment went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionRule {
    /// Too old.
    Age,
    /// Too much in all.
    Bytes,
}

/// Segments that became one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The new file.
    pub file: String,
    /// The files that it stands for.
    pub of: Vec<String>,
    /// Bytes before.
    pub bytes_before: u64,
    /// Bytes now.
    pub bytes: u64,
}

/// Merges and removes segments.
#[derive(Clone, Debug)]
pub struct Keeper {
    shared: Arc<Shared>,
}

impl Keeper {
    pub(crate) fn new(shared: Arc<Shared>) -> Keeper {
        Keeper { shared }
    }

    /// Bytes of all sealed segments.
    pub fn bytes(&self) -> u64 {
        let state = self.shared.read();
        state.sealed.iter().map(|segment| segment.size).sum()
    }

    /// Removes whole segments by rule, oldest first, never the newest sealed one and
    /// never the open one. A file goes when the last reader has let go of it.
    pub fn prune(&self, now_ns: i64, retention: &Retention) -> Vec<Removed> {
        let _keeping = self.keeping();
        let mut state = self.shared.write();
        let mut removed = Vec::new();
        let mut total: u64 = state.sealed.iter().map(|segment| segment.size).sum();
        while state.sealed.len() > 1 {
            let oldest = &state.sealed[0];
            let newest_ns = oldest.range.map_or(i64::MIN, |(_, max)| max);
            let is_old = retention
                .age_ns
                .is_some_and(|age_ns| newest_ns < now_ns.saturating_sub(age_ns));
            let is_much = retention.bytes.is_some_and(|bytes| total > bytes);
            let rule = match (is_old, is_much) {
                (true, _) => RetentionRule::Age,
                (_, true) => RetentionRule::Bytes,
                _ => break,
            };
            let oldest = state.sealed.remove(0);
            oldest.doom();
            total -= oldest.size;
            removed.push(Removed {
                file: oldest.name.clone(),
                range: oldest.range,
                points: oldest.points,
                bytes: oldest.size,
                rule,
            });
        }
        removed
    }

    /// Makes one segment of the segments of each whole stretch of `span_ns` (a day,
    /// say) that ended before `now_ns`: fewer files, full blocks, more effort of the
    /// codec. At most `groups_max` stretches a call.
    ///
    /// # Errors
    /// The disk's; then the old segments stay.
    pub fn merge(
        &self,
        now_ns: i64,
        span_ns: i64,
        groups_max: usize,
    ) -> Result<Vec<Merged>, HistoryError> {
        let _keeping = self.keeping();
        let span_ns = span_ns.max(1);
        let today = now_ns.div_euclid(span_ns);
        let sealed = self.shared.read().sealed.clone();
        let mut groups: Vec<Vec<Arc<Segment>>> = Vec::new();
        for segment in sealed {
            let Some((min, max)) = segment.range else {
                continue;
            };
            let stretch = min.div_euclid(span_ns);
            if max.div_euclid(span_ns) >= today {
                break;
            }
            let joins = groups.last().and_then(|group| {
                let (first, last) = (group.first()?, group.last()?);
                let same = first.range?.0.div_euclid(span_ns) == stretch;
                Some(same && last.last + 1 == segment.first && first.specs == segment.specs)
            });
            match groups.last_mut() {
                Some(group) if joins == Some(true) => group.push(segment),
                _ => groups.push(vec![segment]),
            }
        }
        let groups = groups.into_iter().filter(|group| group.len() > 1);
        let mut merged = Vec::new();
        for group in groups.take(groups_max) {
            merged.push(self.join(&group)?);
        }
        Ok(merged)
    }

    fn keeping(&self) -> std::sync::MutexGuard<'_, ()> {
        self.shared
            .keeping
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, group: &[Arc<Segment>]) -> Result<Merged, HistoryError> {
        let (first, last) = (&group[0], &group[group.len() - 1]);
        let specs = first.specs.clone();
        let mut sources = Vec::new();
        let mut offsets = vec![vec![0_u32; specs.sources.len()]; group.len()];
        for (at, name) in specs.sources.iter().enumerate() {
            let mut part = SourcePart {
                name: name.clone(),
                is_ended: last.sources[at].is_ended,
                last: last.sources[at].last,
                ..SourcePart::default()
            };
            for (segment, offsets) in group.iter().zip(&mut offsets) {
                let source = &segment.sources[at];
                let offset = part.frames.len();
                offsets[at] = offset;
                part.marks
                    .extend(source.marks.iter().map(|mark| SourceMark {
                        ordinal: mark.ordinal + offset,
                        ..*mark
                    }));
                part.frames.append(&source.frames);
            }
            sources.push(part);
        }
        let mut tags = |at: usize| {
            let spec = &specs.tags[at];
            let source = usize::from(spec.source.0);
            let part = &sources[source];
            let is_linear = spec.policy.is_linear(spec.kind);
            let block = |column: &Column| {
                Block::of(
                    column,
                    spec.kind,
                    is_linear,
                    &part.frames,
                    &part.marks,
                    Effort::Merging,
                )
            };
            let mut content = TagContent {
                carry: first.tags[at].carry,
                blocks: Vec::new(),
            };
            let mut open = Column::default();
            for (segment, offsets) in group.iter().zip(&offsets) {
                for sealed in segment.blocks(at)? {
                    let bytes = segment.bytes(&sealed)?;
                    let facts = sealed.facts;
                    let column = decode(&bytes, spec.kind, facts.count, facts.first.ordinal);
                    let column = column.ok_or_else(|| {
                        HistoryError::damaged(&segment.name, "a block makes no sense")
                    })?;
                    open.append(&column, offsets[source]);
                    if open.len() >= BLOCK_POINTS_MAX {
                        let full = open.part(0..BLOCK_POINTS_MAX);
                        content.blocks.extend(block(&full).map(Arc::new));
                        open = open.part(BLOCK_POINTS_MAX..open.len());
                    }
                }
            }
            content.blocks.extend(block(&open).map(Arc::new));
            Ok(content)
        };
        let content = Content {
            first: first.first,
            last: last.last,
            specs: &specs,
            sources: &sources,
            tags: &mut tags,
        };
        let mut segment = content.seal(&self.shared.disk)?;
        segment.share_specs(&specs);
        let merged = Merged {
            file: segment.name.clone(),
            of: group.iter().map(|segment| segment.name.clone()).collect(),
            bytes_before: group.iter().map(|segment| segment.size).sum(),
            bytes: segment.size,
        };
        let mut state = self.shared.write();
        let is_in_group =
            |other: &Arc<Segment>| other.first >= first.first && other.last <= last.last;
        let at = state.sealed.iter().position(is_in_group).unwrap_or(0);
        state.sealed.retain(|other| !is_in_group(other));
        state.sealed.insert(at, Arc::new(segment));
        for old in group {
            old.doom();
        }
        Ok(merged)
    }
}
