//! One tag in one segment, sealed or open, as readers see it.

use crate::block::{Block, BlockFacts, Edge};
use crate::column::{Column, decode};
use crate::fault::HistoryError;
use crate::frames::FrameTable;
use crate::head::{Carry, Head};
use crate::segment::{SealedBlock, Segment};
use crate::spec::Point;
use crate::walk::{MarkKind, SourceMark};
use signal::{Kind, Quality};
use std::sync::Arc;

/// A tag in a segment.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    /// Numbers of the segment.
    pub first: u64,
    pub last: u64,
    pub kind: Kind,
    pub is_linear: bool,
    pub frames: Arc<FrameTable>,
    pub marks: Arc<[SourceMark]>,
    pub carry: Option<Carry>,
    /// The last scan of the source, in this segment or before.
    pub end: Option<(u64, i64)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Sealed(Arc<Segment>, usize),
    Open(Vec<Arc<Block>>, Arc<Column>),
}

/// A block wherever it is.
#[derive(Clone, Debug)]
pub(crate) enum AnyBlock {
    Sealed(Arc<Segment>, SealedBlock),
    Memory(Arc<Block>),
    /// Points that are no block yet, and their facts.
    Column(Arc<Column>, Box<BlockFacts>),
}

impl AnyBlock {
    pub(crate) fn facts(&self) -> &BlockFacts {
        match self {
            AnyBlock::Sealed(_, block) => &block.facts,
            AnyBlock::Memory(block) => &block.facts,
            AnyBlock::Column(_, facts) => facts,
        }
    }

    /// Its points; `None` if they do not agree with their checksum.
    pub(crate) fn points(&self, kind: Kind) -> Result<Option<Arc<Column>>, HistoryError> {
        let (bytes, facts) = match self {
            AnyBlock::Column(column, _) => return Ok(Some(column.clone())),
            AnyBlock::Memory(block) => (block.bytes.clone(), &block.facts),
            AnyBlock::Sealed(segment, block) => match segment.bytes(block) {
                Ok(bytes) => (bytes.into(), &block.facts),
                Err(HistoryError::Damaged { .. }) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        Ok(decode(&bytes, kind, facts.count, facts.first.ordinal).map(Arc::new))
    }
}

impl Chapter {
    /// A tag of a sealed segment, by its place there.
    pub(crate) fn sealed(segment: &Arc<Segment>, tag: usize) -> Option<Chapter> {
        let spec = segment.specs.tags.get(tag)?;
        let source = segment.sources.get(usize::from(spec.source.0))?;
        Some(Chapter {
            first: segment.first,
            last: segment.last,
            kind: spec.kind,
            is_linear: spec.policy.is_linear(spec.kind),
            frames: source.frames.clone(),
            marks: source.marks.clone(),
            carry: segment.tags.get(tag)?.carry,
            end: source.last,
            body: Body::Sealed(segment.clone(), tag),
        })
    }

    /// A tag of the open segment: a copy of what is there now.
    pub(crate) fn open(head: &Head, tag: usize) -> Option<Chapter> {
        let spec = head.specs.tags.get(tag)?;
        let source = head.source(spec.source)?;
        let part = head.tags.get(tag)?;
        Some(Chapter {
            first: head.number,
            last: head.number,
            kind: spec.kind,
            is_linear: spec.policy.is_linear(spec.kind),
            frames: Arc::new(source.frames.clone()),
            marks: source.marks.clone().into(),
            carry: part.carry,
            end: source.last,
            body: Body::Open(part.blocks.clone(), Arc::new(part.open.clone())),
        })
    }

    /// Blocks in the order of scans.
    pub(crate) fn blocks(&self) -> Result<Vec<AnyBlock>, HistoryError> {
        match &self.body {
            Body::Sealed(segment, tag) => {
                let blocks = segment.blocks(*tag)?.into_iter();
                Ok(blocks
                    .map(|block| AnyBlock::Sealed(segment.clone(), block))
                    .collect())
            }
            Body::Open(blocks, open) => {
                let mut all: Vec<AnyBlock> = blocks.iter().cloned().map(AnyBlock::Memory).collect();
                let facts =
                    BlockFacts::of(open, self.kind, self.is_linear, &self.frames, &self.marks);
                if let Some(facts) = facts {
                    all.push(AnyBlock::Column(open.clone(), Box::new(facts)));
                }
                Ok(all)
            }
        }
    }

    /// A block's edge as a point.
    pub(crate) fn point_of(&self, edge: &Edge) -> Point {
        Point {
            utc_ns: edge.utc_ns,
            seq: self.frames.get(edge.ordinal).unwrap_or_default().0,
            kind: self.kind,
            bits: edge.bits,
            quality: edge.quality,
        }
    }

    /// What the tag brings into the segment as a point.
    pub(crate) fn carried(&self) -> Option<Point> {
        let carry = self.carry?;
        Some(Point {
            utc_ns: carry.utc_ns,
            seq: carry.seq,
            kind: self.kind,
            bits: carry.bits,
            quality: carry.quality,
        })
    }

    /// A column's points with their scans.
    pub(crate) fn points<'a>(
        &'a self,
        column: &'a Column,
    ) -> impl Iterator<Item = (u32, Point)> + 'a {
        let mut cursor = self.frames.cursor();
        (0..column.len()).map(move |at| {
            let ordinal = column.ordinals[at];
            let (seq, utc_ns) = cursor.get(ordinal);
            let point = Point {
                utc_ns,
                seq,
                kind: self.kind,
                bits: column.bits[at],
                quality: Quality::from_trusted(column.qualities[at]),
            };
            (ordinal, point)
        })
    }

    /// Time of the scan after a mark.
    pub(crate) fn after_ns(&self, mark: &SourceMark) -> i64 {
        let after = self.frames.get(mark.ordinal);
        after.map_or(mark.before_ns.unwrap_or(0), |(_, utc_ns)| utc_ns)
    }

    /// Time of the first scan, if it follows the one before without a gap.
    pub(crate) fn continues_at(&self) -> Option<i64> {
        let has_gap = self
            .marks
            .iter()
            .any(|mark| mark.ordinal == 0 && mark.kind != MarkKind::Rolled);
        self.frames
            .first()
            .filter(|_| !has_gap)
            .map(|(_, utc_ns)| utc_ns)
    }
}
