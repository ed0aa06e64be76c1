//! The open segment, in memory: what is taken in and not yet sealed.

use crate::block::Block;
use crate::column::{BLOCK_POINTS_MAX, Column, Effort};
use crate::frames::FrameTable;
use crate::spec::{SourceId, Specs, TagId, TagSpec};
use crate::walk::{MarkKind, SourceMark};
use signal::Quality;
use std::sync::Arc;

/// The value that a tag brings into a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carry {
    pub utc_ns: i64,
    pub seq: u64,
    pub bits: u64,
    pub quality: Quality,
}

/// One source of a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourcePart {
    pub name: String,
    pub frames: FrameTable,
    pub marks: Vec<SourceMark>,
    /// The station said that it stops, and nothing came after.
    pub is_ended: bool,
    /// The last scan taken, in this segment or before.
    pub last: Option<(u64, i64)>,
}

/// One tag of the open segment.
#[derive(Clone, Debug)]
pub(crate) struct TagPart {
    pub carry: Option<Carry>,
    pub blocks: Vec<Arc<Block>>,
    pub open: Column,
    /// Points at which the open column becomes a block. The first block of a tag is
    /// shorter by the tag's place, so that not all tags are encoded in one scan.
    limit: usize,
}

/// The open segment.
#[derive(Debug)]
pub(crate) struct Head {
    /// Number of the segment.
    pub number: u64,
    pub specs: Arc<Specs>,
    pub sources: Vec<SourcePart>,
    pub tags: Vec<TagPart>,
    /// Points stored.
    pub points: u64,
}

impl Head {
    /// An empty segment. `carries` has one entry a tag.
    pub(crate) fn new(
        number: u64,
        specs: Arc<Specs>,
        sources: Vec<SourcePart>,
        carries: Vec<Option<Carry>>,
    ) -> Head {
        let tags = carries
            .into_iter()
            .enumerate()
            .map(|(at, carry)| TagPart {
                carry,
                blocks: Vec::new(),
                open: Column::default(),
                limit: BLOCK_POINTS_MAX - (at * 61) % (BLOCK_POINTS_MAX / 2),
            })
            .collect();
        Head {
            number,
            specs,
            sources,
            tags,
            points: 0,
        }
    }

    /// What the next segment begins with: the same sources, each with a mark that
    /// says that nothing is missing.
    pub(crate) fn next_sources(&self) -> Vec<SourcePart> {
        let next = |part: &SourcePart| SourcePart {
            name: part.name.clone(),
            marks: vec![SourceMark {
                ordinal: 0,
                before_ns: part.last.map(|(_, utc_ns)| utc_ns),
                kind: MarkKind::Rolled,
            }],
            is_ended: part.is_ended,
            last: part.last,
            frames: FrameTable::default(),
        };
        self.sources.iter().map(next).collect()
    }

    /// The last stored point of a tag, or what it came with.
    pub(crate) fn last_stored(&self, tag: usize, spec: &TagSpec) -> Option<Carry> {
        let part = &self.tags[tag];
        let source = &self.sources[usize::from(spec.source.0)];
        let point = match part.open.len().checked_sub(1) {
            Some(at) => Some((
                part.open.ordinals[at],
                part.open.bits[at],
                Quality::from_trusted(part.open.qualities[at]),
            )),
            None => part.blocks.last().map(|block| {
                let last = &block.facts.last;
                (last.ordinal, last.bits, last.quality)
            }),
        };
        // A start after the last point: what was before is not known any more.
        let begun = source.marks.iter().rev().find(|mark| !mark.kind.resumes());
        let since = begun.map(|mark| mark.ordinal);
        match point {
            Some((ordinal, bits, quality)) if since.is_none_or(|since| ordinal >= since) => {
                let (seq, utc_ns) = source.frames.get(ordinal)?;
                Some(Carry {
                    utc_ns,
                    seq,
                    bits,
                    quality,
                })
            }
            None if since.is_none() => part.carry,
            _ => None,
        }
    }

    /// Stores a point of the scan at `ordinal`.
    #[inline]
    pub(crate) fn store(&mut self, tag: TagId, ordinal: u32, bits: u64, quality: Quality) {
        let part = &mut self.tags[tag.0 as usize];
        part.open.push(ordinal, bits, quality);
        self.points += 1;
        if part.open.len() >= part.limit {
            part.limit = BLOCK_POINTS_MAX;
            self.close_block(tag.0 as usize);
        }
    }

    fn close_block(&mut self, tag: usize) {
        let spec = &self.specs.tags[tag];
        let source = &self.sources[usize::from(spec.source.0)];
        let part = &mut self.tags[tag];
        let is_linear = spec.policy.is_linear(spec.kind);
        let block = Block::of(
            &part.open,
            spec.kind,
            is_linear,
            &source.frames,
            &source.marks,
            Effort::Running,
        );
        part.blocks.extend(block.map(Arc::new));
        part.open.clear();
    }

    /// Makes blocks of all that is open.
    pub(crate) fn close_blocks(&mut self) {
        for tag in 0..self.tags.len() {
            if self.tags[tag].open.len() > 0 {
                self.close_block(tag);
            }
        }
    }

    /// Whether no scan was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.sources.iter().all(|part| part.frames.is_empty())
    }

    /// Least and greatest time of any source.
    pub(crate) fn range(&self) -> Option<(i64, i64)> {
        let ranges = self.sources.iter().filter_map(|part| part.frames.range());
        ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    pub(crate) fn tag(&self, name: &str) -> Option<(usize, &TagSpec)> {
        let mut tags = self.specs.tags.iter().enumerate();
        tags.find(|(_, spec)| spec.name == name)
    }

    pub(crate) fn source(&self, source: SourceId) -> Option<&SourcePart> {
        self.sources.get(usize::from(source.0))
    }
}
