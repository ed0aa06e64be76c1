//! A block: some thousand points of one tag, encoded, and what is known of them
//! without decoding.

use crate::aggregate::Aggregate;
use crate::bytes::{Scanner, put_i64, put_u64, put_word};
use crate::column::{Column, Effort, encode};
use crate::frames::FrameTable;
use crate::walk::{Held, SourceMark, Walk, Whole};
use signal::{Kind, Quality};
use std::sync::Arc;

/// A point by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub ordinal: u32,
    pub utc_ns: i64,
    pub bits: u64,
    pub quality: Quality,
}

impl Edge {
    pub(crate) fn held(&self, kind: Kind) -> Held {
        Held {
            utc_ns: self.utc_ns,
            value: kind.to_f64(self.bits),
            quality: self.quality,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, u64::from(self.ordinal));
        put_i64(out, self.utc_ns);
        put_word(out, self.bits);
        put_u64(out, u64::from(self.quality.bits()));
    }

    fn read(scanner: &mut Scanner<'_>) -> Option<Edge> {
        Some(Edge {
            ordinal: u32::try_from(scanner.u64()?).ok()?,
            utc_ns: scanner.i64()?,
            bits: scanner.word()?,
            quality: Quality::from_bits(u16::try_from(scanner.u64()?).ok()?),
        })
    }
}

/// What is known of a block without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BlockFacts {
    pub count: usize,
    pub first: Edge,
    pub last: Edge,
    /// Least and greatest time of its points.
    pub range: (i64, i64),
    /// From its first point to its last, gaps among them included.
    pub inside: Aggregate,
}

impl BlockFacts {
    /// Of a column that is not empty; `marks` are those of its source.
    pub(crate) fn of(
        column: &Column,
        kind: Kind,
        is_linear: bool,
        frames: &FrameTable,
        marks: &[SourceMark],
    ) -> Option<BlockFacts> {
        let mut whole = Whole {
            kind,
            aggregate: Aggregate::default(),
        };
        let mut walk = Walk::new(&mut whole, is_linear);
        let mut cursor = frames.cursor();
        let first_ordinal = *column.ordinals.first()?;
        let mut mark_at = marks.partition_point(|mark| mark.ordinal <= first_ordinal);
        let mut range = (i64::MAX, i64::MIN);
        let mut edges: Option<(Edge, Edge)> = None;
        for at in 0..column.len() {
            let ordinal = column.ordinals[at];
            while let Some(mark) = marks.get(mark_at).filter(|mark| mark.ordinal <= ordinal) {
                walk.mark(mark, frames.get(mark.ordinal).unwrap_or_default().1);
                mark_at += 1;
            }
            let edge = Edge {
                ordinal,
                utc_ns: cursor.get(ordinal).1,
                bits: column.bits[at],
                quality: Quality::from_trusted(column.qualities[at]),
            };
            walk.point(edge.held(kind));
            range = (range.0.min(edge.utc_ns), range.1.max(edge.utc_ns));
            edges = Some((edges.map_or(edge, |(first, _)| first), edge));
        }
        let (first, last) = edges?;
        Some(BlockFacts {
            count: column.len(),
            first,
            last,
            range,
            inside: whole.aggregate,
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, self.count as u64);
        self.first.write(out);
        self.last.write(out);
        put_i64(out, self.range.0);
        put_i64(out, self.range.1);
        self.inside.write(out);
    }

    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Option<BlockFacts> {
        Some(BlockFacts {
            count: scanner.count(crate::column::BLOCK_POINTS_MAX)?,
            first: Edge::read(scanner)?,
            last: Edge::read(scanner)?,
            range: (scanner.i64()?, scanner.i64()?),
            inside: Aggregate::read(scanner)?,
        })
    }
}

/// A block whose bytes are in memory.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub facts: BlockFacts,
    pub bytes: Arc<[u8]>,
    pub crc: u32,
}

impl Block {
    /// Of a column that is not empty.
    pub(crate) fn of(
        column: &Column,
        kind: Kind,
        is_linear: bool,
        frames: &FrameTable,
        marks: &[SourceMark],
        effort: Effort,
    ) -> Option<Block> {
        let facts = BlockFacts::of(column, kind, is_linear, frames, marks)?;
        let bytes: Arc<[u8]> = encode(column, kind, effort).into();
        let crc = crc32fast::hash(&bytes);
        Some(Block { facts, bytes, crc })
    }
}
