//! Points of one tag as columns, and columns as bytes.
//!
//! A block is three columns: ordinals of scans, values, qualities. What is constant
//! is said once; numbers go through `pco`, whose bytes are chosen per block.

use crate::bytes::{Scanner, put_u64, put_word};
use pco::ChunkConfig;
use pco::standalone::{simple_compress_into, simple_decompress, simple_decompress_into};
use signal::{Kind, Quality};

/// Most points of one block.
pub(crate) const BLOCK_POINTS_MAX: usize = 2_048;
/// Below this, the frame of the codec costs more than it saves.
const FEW: usize = 16;

/// Points of one tag in the order of scans.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Column {
    /// Ordinals of the scans.
    pub ordinals: Vec<u32>,
    /// Bits of the cells.
    pub bits: Vec<u64>,
    /// Bits of the qualities.
    pub qualities: Vec<u16>,
}

impl Column {
    #[inline]
    pub(crate) fn push(&mut self, ordinal: u32, bits: u64, quality: Quality) {
        self.ordinals.push(ordinal);
        self.bits.push(bits);
        self.qualities.push(quality.bits());
    }

    pub(crate) fn len(&self) -> usize {
        self.ordinals.len()
    }

    pub(crate) fn clear(&mut self) {
        self.ordinals.clear();
        self.bits.clear();
        self.qualities.clear();
    }

    /// Appends points whose ordinals count from `offset`.
    pub(crate) fn append(&mut self, other: &Column, offset: u32) {
        let ordinals = other.ordinals.iter().map(|ordinal| ordinal + offset);
        self.ordinals.extend(ordinals);
        self.bits.extend_from_slice(&other.bits);
        self.qualities.extend_from_slice(&other.qualities);
    }

    /// A part.
    pub(crate) fn part(&self, range: std::ops::Range<usize>) -> Column {
        Column {
            ordinals: self.ordinals[range.clone()].to_vec(),
            bits: self.bits[range.clone()].to_vec(),
            qualities: self.qualities[range].to_vec(),
        }
    }
}

const EQUAL: u8 = 0;
const PLAIN: u8 = 1;
const PACKED: u8 = 2;
const RUNS: u8 = 3;

/// How hard to try: a fraction of the time for the block of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// While samples come in.
    Running,
    /// When segments are merged.
    Merging,
}

impl Effort {
    fn config(self) -> ChunkConfig {
        ChunkConfig::default().with_compression_level(match self {
            Effort::Running => 4,
            Effort::Merging => 8,
        })
    }
}

/// The bytes of a column that is not empty; ordinals count from its first.
pub(crate) fn encode(column: &Column, kind: Kind, effort: Effort) -> Vec<u8> {
    let mut out = Vec::with_capacity(column.len() + 16);
    let first = column.ordinals.first().copied().unwrap_or(0);
    encode_ordinals(&mut out, &column.ordinals, first, effort);
    encode_bits(&mut out, &column.bits, kind, effort);
    let mut at = 0;
    while at < column.len() {
        let quality = column.qualities[at];
        let run = column.qualities[at..].iter().take_while(|q| **q == quality);
        let run = run.count();
        put_u64(&mut out, run as u64);
        put_u64(&mut out, u64::from(quality));
        at += run;
    }
    out
}

fn encode_ordinals(out: &mut Vec<u8>, ordinals: &[u32], first: u32, effort: Effort) {
    let mut steps = ordinals.windows(2).map(|two| two[1] - two[0]);
    let step = steps.next().unwrap_or(0);
    if steps.all(|other| other == step) {
        out.push(EQUAL);
        put_u64(out, u64::from(step));
    } else if ordinals.len() <= FEW {
        out.push(PLAIN);
        for two in ordinals.windows(2) {
            put_u64(out, u64::from(two[1] - two[0]));
        }
    } else {
        let offsets: Vec<u32> = ordinals.iter().map(|ordinal| ordinal - first).collect();
        pack(out, &offsets, effort);
    }
}

fn encode_bits(out: &mut Vec<u8>, bits: &[u64], kind: Kind, effort: Effort) {
    let first = bits.first().copied().unwrap_or(0);
    if bits.iter().all(|other| *other == first) {
        out.push(EQUAL);
        put_word(out, first);
    } else if kind == Kind::Bool && bits.iter().all(|bit| *bit <= 1) {
        // Lengths of runs, beginning with a run of `first`.
        out.push(RUNS);
        out.push(first as u8);
        let mut at = 0;
        while at < bits.len() {
            let run = bits[at..].iter().take_while(|bit| **bit == bits[at]);
            let run = run.count();
            put_u64(out, run as u64);
            at += run;
        }
    } else if bits.len() <= FEW {
        out.push(PLAIN);
        for word in bits {
            put_word(out, *word);
        }
    } else if kind == Kind::Real {
        let reals: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
        pack(out, &reals, effort);
    } else {
        let ints: Vec<i64> = bits.iter().map(|bits| *bits as i64).collect();
        pack(out, &ints, effort);
    }
}

fn pack<T: pco::data_types::Number>(out: &mut Vec<u8>, numbers: &[T], effort: Effort) {
    out.push(PACKED);
    let packed = simple_compress_into(numbers, &effort.config(), Vec::new());
    // The codec refuses no numbers, and memory takes all bytes.
    let packed = packed.unwrap_or_default();
    put_u64(out, packed.len() as u64);
    out.extend_from_slice(&packed);
}

fn unpack<T>(scanner: &mut Scanner<'_>, count: usize) -> Option<Vec<T>>
where
    T: pco::data_types::Number + Default,
{
    let length = scanner.count(1 << 24)?;
    let bytes = scanner.take(length)?;
    let mut numbers = vec![T::default(); count];
    let progress = simple_decompress_into(bytes, &mut numbers).ok()?;
    if progress.finished && progress.n_processed == count {
        return Some(numbers);
    }
    let numbers: Vec<T> = simple_decompress(bytes).ok()?;
    (numbers.len() == count).then_some(numbers)
}

/// A column of `count` points from bytes; `None` if they are not one.
pub(crate) fn decode(bytes: &[u8], kind: Kind, count: usize, first: u32) -> Option<Column> {
    let mut scanner = Scanner::new(bytes);
    if count == 0 || count > BLOCK_POINTS_MAX {
        return None;
    }
    let ordinals = decode_ordinals(&mut scanner, count, first)?;
    let bits = decode_bits(&mut scanner, kind, count)?;
    let mut qualities = Vec::with_capacity(count);
    while qualities.len() < count {
        let run = scanner.count(count - qualities.len())?;
        let quality = u16::try_from(scanner.u64()?).ok()?;
        if run == 0 {
            return None;
        }
        qualities.resize(qualities.len() + run, quality);
    }
    scanner.is_done().then_some(Column {
        ordinals,
        bits,
        qualities,
    })
}

fn decode_ordinals(scanner: &mut Scanner<'_>, count: usize, first: u32) -> Option<Vec<u32>> {
    let mut at = first;
    let mut ordinals = Vec::with_capacity(count);
    match scanner.byte()? {
        EQUAL => {
            let step = u32::try_from(scanner.u64()?).ok()?;
            for _ in 0..count {
                ordinals.push(at);
                at = at.wrapping_add(step);
            }
        }
        PLAIN => {
            ordinals.push(at);
            for _ in 1..count {
                at = at.checked_add(u32::try_from(scanner.u64()?).ok()?)?;
                ordinals.push(at);
            }
        }
        PACKED => {
            let offsets: Vec<u32> = unpack(scanner, count)?;
            for offset in offsets {
                ordinals.push(first.checked_add(offset)?);
            }
        }
        _ => return None,
    }
    Some(ordinals)
}

fn decode_bits(scanner: &mut Scanner<'_>, kind: Kind, count: usize) -> Option<Vec<u64>> {
    match scanner.byte()? {
        EQUAL => Some(vec![scanner.word()?; count]),
        PLAIN => (0..count).map(|_| scanner.word()).collect(),
        RUNS => {
            let mut bit = u64::from(scanner.byte()?);
            let mut bits = Vec::with_capacity(count);
            while bits.len() < count {
                let run = scanner.count(count - bits.len()).filter(|run| *run > 0)?;
                bits.resize(bits.len() + run, bit);
                bit ^= 1;
            }
            Some(bits)
        }
        PACKED if kind == Kind::Real => {
            let reals: Vec<f64> = unpack(scanner, count)?;
            Some(reals.into_iter().map(f64::to_bits).collect())
        }
        PACKED => {
            let ints: Vec<i64> = unpack(scanner, count)?;
            Some(ints.into_iter().map(|int| int as u64).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points() -> impl Strategy<Value = Vec<(u32, u64, u16)>> {
        let bits = prop_oneof![
            any::<u64>(),
            (0_u64..3),
            (-50.0..50.0_f64).prop_map(f64::to_bits),
            Just(f64::NAN.to_bits()),
            Just(20.5_f64.to_bits()),
        ];
        proptest::collection::vec(
            (1_u32..4, bits, prop_oneof![Just(0_u16), any::<u16>()]),
            1..300,
        )
    }

    proptest! {
        #[test]
        fn every_bit_comes_back(points in points(), kind in 0..3, first in 0_u32..1000) {
            let kind = [Kind::Real, Kind::Bool, Kind::Int][kind as usize];
            let mut column = Column::default();
            let mut ordinal = first;
            for (step, bits, quality) in points {
                column.push(ordinal, bits, Quality::from_trusted(quality));
                ordinal += step;
            }
            for effort in [Effort::Running, Effort::Merging] {
                let bytes = encode(&column, kind, effort);
                prop_assert_eq!(decode(&bytes, kind, column.len(), first), Some(column.clone()));
            }
        }

        #[test]
        fn foreign_bytes_are_refused_and_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            count in 0_usize..5000,
        ) {
            for kind in [Kind::Real, Kind::Bool, Kind::Int] {
                if let Some(column) = decode(&bytes, kind, count, 7) {
                    prop_assert_eq!(column.len(), count);
                }
            }
        }
    }

    #[test]
    fn what_does_not_change_costs_nearly_nothing() {
        let mut column = Column::default();
        for ordinal in 0..4_096 {
            column.push(ordinal, 20.5_f64.to_bits(), Quality::GOOD);
        }
        assert!(encode(&column, Kind::Real, Effort::Running).len() < 20);
    }
}
