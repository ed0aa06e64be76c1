//! Frames of a segment, as they stand on the disk. Numbers are little-endian.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..4 | `SLG1` |
//! | 4..8 | length of the body |
//! | 8 | kind: 1 segment, 2 entry, 3 checkpoint |
//! | 9..12 | zero |
//! | 12..20 | number of the entry; of the next entry for other kinds |
//! | 20..28 | number of the first entry of the batch that was synced together |
//! | 28..60 | SHA-256 of the whole frame before this one; zeros before the first |
//! | 60..n | body |
//! | n..n+4 | CRC-32 (IEEE) of all before it |
//!
//! Zeros up to the end of the file are space that is reserved.

use super::hash::{Hash, sha256};

/// First bytes of every frame.
pub const MAGIC: [u8; 4] = *b"SLG1";
/// Bytes before the body.
pub const HEAD_BYTES: usize = 60;
/// Bytes beside the body.
pub const FRAME_BYTES: usize = HEAD_BYTES + 4;
/// Longest body.
pub const BODY_BYTES_MAX: usize = 32 << 10;

/// Kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first of a segment.
    Segment,
    /// An entry.
    Entry,
    /// A signed checkpoint.
    Checkpoint,
}

/// One whole frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Kind.
    pub kind: Kind,
    /// Number of the entry, or of the next one.
    pub seq: u64,
    /// First entry of its batch.
    pub batch: u64,
    /// Hash of the frame before.
    pub prev: Hash,
    /// Body.
    pub body: &'a [u8],
    /// The frame as it stands.
    pub bytes: &'a [u8],
}

impl Frame<'_> {
    /// Hash of the frame, which the next one carries.
    pub fn hash(&self) -> Hash {
        sha256(&[self.bytes])
    }
}

/// Appends a frame to `out`; its hash. The body is at most [`BODY_BYTES_MAX`] long.
pub fn seal(out: &mut Vec<u8>, kind: Kind, seq: u64, batch: u64, prev: &Hash, body: &[u8]) -> Hash {
    let from = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    let kind = match kind {
        Kind::Segment => 1,
        Kind::Entry => 2,
        Kind::Checkpoint => 3,
    };
    out.extend_from_slice(&[kind, 0, 0, 0]);
    out.extend_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(&batch.to_le_bytes());
    out.extend_from_slice(prev);
    out.extend_from_slice(body);
    let crc = crc32fast::hash(&out[from..]);
    out.extend_from_slice(&crc.to_le_bytes());
    sha256(&[&out[from..]])
}

/// What lies at a place of a segment.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A whole frame.
    Whole(Frame<'a>),
    /// Nothing but zeros from here on.
    End,
    /// No whole frame: torn or damaged.
    Broken,
}

/// What lies at `at`.
pub fn look(bytes: &[u8], at: usize) -> Found<'_> {
    let rest = bytes.get(at..).unwrap_or_default();
    match frame(rest) {
        Some(frame) => Found::Whole(frame),
        None if rest.iter().all(|byte| *byte == 0) => Found::End,
        None => Found::Broken,
    }
}

fn frame(rest: &[u8]) -> Option<Frame<'_>> {
    if rest.get(..4)? != MAGIC {
        return None;
    }
    let word = |from: usize| -> Option<u64> {
        Some(u64::from_le_bytes(
            rest.get(from..from + 8)?.try_into().ok()?,
        ))
    };
    let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
    if length > BODY_BYTES_MAX {
        return None;
    }
    let bytes = rest.get(..FRAME_BYTES + length)?;
    let (checked, crc) = bytes.split_at(HEAD_BYTES + length);
    if crc32fast::hash(checked).to_le_bytes() != crc || checked[9..12] != [0; 3] {
        return None;
    }
    let kind = match checked[8] {
        1 => Kind::Segment,
        2 => Kind::Entry,
        3 => Kind::Checkpoint,
        _ => return None,
    };
    Some(Frame {
        kind,
        seq: word(12)?,
        batch: word(20)?,
        prev: checked[28..60].try_into().ok()?,
        body: &checked[HEAD_BYTES..],
        bytes,
    })
}

/// The next place after `at` where a whole frame lies.
pub fn next_whole(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    while let Some(rest) = bytes.get(from..) {
        let step = rest.windows(4).position(|four| four == MAGIC)?;
        from += step;
        if frame(&bytes[from..]).is_some() {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// Where the zeros at the end begin, not before `from`.
pub fn end_of_content(bytes: &[u8], from: usize) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(from, |last| from.max(last + 1))
}

/// Reads fixed fields one after the other.
pub struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    /// The next `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// The next eight bytes as a number.
    pub fn word(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes()?))
    }
}

/// Version of the format.
pub const VERSION: u32 = 1;

/// Body of the first frame of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHead {
    /// Which ledger.
    pub ledger: [u8; 16],
    /// Number of the segment, from 1.
    pub segment: u64,
    /// Segment that it continues, 0 for none.
    pub continues: u64,
    /// Byte of that segment where it ends.
    pub continues_at: u64,
    /// When it was begun, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Public key of the checkpoints that follow.
    pub key: [u8; 32],
}

impl SegmentHead {
    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = VERSION.to_le_bytes().to_vec();
        out.extend_from_slice(&self.ledger);
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.continues.to_le_bytes());
        out.extend_from_slice(&self.continues_at.to_le_bytes());
        out.extend_from_slice(&self.utc_ns.to_le_bytes());
        out.extend_from_slice(&self.key);
        out
    }

    /// Reads the bytes of a known version.
    pub fn read(body: &[u8]) -> Option<SegmentHead> {
        let mut fields = Fields(body);
        if u32::from_le_bytes(fields.bytes()?) != VERSION {
            return None;
        }
        let head = SegmentHead {
            ledger: fields.bytes()?,
            segment: fields.word()?,
            continues: fields.word()?,
            continues_at: fields.word()?,
            utc_ns: i64::from_le_bytes(fields.bytes()?),
            key: fields.bytes()?,
        };
        fields.0.is_empty().then_some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_leaves_a_frame_whole() {
        let mut bytes = Vec::new();
        seal(&mut bytes, Kind::Entry, 7, 6, &[3; 32], b"{}");
        assert!(matches!(look(&bytes, 0), Found::Whole(frame) if frame.seq == 7));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(look(&bad, 0), Found::Broken), "bit {bit}");
        }
        for cut in 1..bytes.len() {
            assert!(matches!(look(&bytes[..cut], 0), Found::Broken), "cut {cut}");
        }
    }

    #[test]
    fn reserved_space_is_the_end_and_frames_behind_damage_are_found() {
        let mut bytes = vec![0; 100];
        assert!(matches!(look(&bytes, 0), Found::End));
        bytes[50..54].copy_from_slice(&MAGIC);
        let at = bytes.len();
        seal(&mut bytes, Kind::Entry, 1, 1, &[0; 32], b"{}");
        assert!(matches!(look(&bytes, 0), Found::Broken));
        assert_eq!(next_whole(&bytes, 0), Some(at));
        assert_eq!(end_of_content(&[1, 0, 2, 0, 0], 0), 3);
        assert_eq!(end_of_content(&[1, 0, 0], 2), 2);
    }

    #[test]
    fn the_head_of_a_segment_reads_back() {
        let head = SegmentHead {
            ledger: [1; 16],
            segment: 2,
            continues: 1,
            continues_at: 99,
            utc_ns: -5,
            key: [9; 32],
        };
        let bytes = head.to_bytes();
        assert_eq!(SegmentHead::read(&bytes), Some(head));
        assert_eq!(SegmentHead::read(&bytes[1..]), None);
        assert_eq!(SegmentHead::read(&[&bytes[..], &[0]].concat()), None);
    }
}
