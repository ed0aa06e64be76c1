//! Where a ledger ends: found at every start from its last segments.

use super::chain::{Found, Kind, SegmentHead, end_of_content, look, next_whole};
use super::checkpoint::Checkpoint;
use super::folder::Folder;
use super::hash::{Hash, hex, sha256};
use super::{LedgerError, segment_name, segment_number};

/// The last acknowledged place, and what the next checkpoint must say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Segment, 0 if there is none.
    pub segment: u64,
    /// Byte within it.
    pub at: u64,
    /// Number of the next entry.
    pub next: u64,
    /// Hash of the last frame.
    pub head: Hash,
    /// Hashes of entries that no checkpoint covers.
    pub leaves: Vec<Hash>,
    /// Entries before this number are covered by a checkpoint.
    pub covered: u64,
    /// Checkpoints so far.
    pub checkpoints: u64,
    /// Hash of the last checkpoint's frame.
    pub checkpoint: Hash,
}

/// Something that is not as it was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Oddity {
    /// `cut` or `damage`.
    pub what: &'static str,
    /// Where.
    pub subject: String,
    /// What it is.
    pub why: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// Which ledger; `None` if there is none yet.
    pub ledger: Option<[u8; 16]>,
    /// Where it ends.
    pub end: End,
    /// What is to be told in the ledger.
    pub oddities: Vec<Oddity>,
    /// Segments without anything that was ever acknowledged.
    pub void: Vec<String>,
    /// Segments that are longer than what follows says they are.
    pub to_cut: Vec<(String, u64)>,
}

/// One whole frame of a segment, in short.
struct Seen {
    kind: Kind,
    seq: u64,
    hash: Hash,
    prev: Hash,
    checkpoint: Option<Checkpoint>,
}

/// One segment.
struct Walked {
    head: Option<SegmentHead>,
    frames: Vec<Seen>,
    end: usize,
    oddities: Vec<Oddity>,
}

/// What an unfinished write left: how much, and its hash.
pub(super) fn tail(segment: u64, bytes: &[u8], at: usize) -> Option<Oddity> {
    let end = end_of_content(bytes, at);
    (end > at).then(|| Oddity {
        what: "cut",
        subject: format!("segment {segment} byte {at}"),
        why: format!(
            "{} bytes of a write that was never acknowledged, SHA-256 {}",
            end - at,
            hex(&sha256(&[&bytes[at..end]]))
        ),
    })
}

fn walk(number: u64, bytes: &[u8]) -> Walked {
    let mut walked = Walked {
        head: None,
        frames: Vec::new(),
        end: 0,
        oddities: Vec::new(),
    };
    let mut at = 0;
    let mut expected = None;
    loop {
        match look(bytes, at) {
            Found::Whole(frame) => {
                if at == 0 && frame.kind == Kind::Segment {
                    walked.head = SegmentHead::read(frame.body);
                }
                expected = Some(frame.seq + u64::from(frame.kind == Kind::Entry));
                walked.frames.push(Seen {
                    kind: frame.kind,
                    seq: frame.seq,
                    hash: frame.hash(),
                    prev: frame.prev,
                    checkpoint: (frame.kind == Kind::Checkpoint)
                        .then(|| Checkpoint::read(frame.body))
                        .flatten(),
                });
                at += frame.bytes.len();
                walked.end = at;
            }
            Found::End => return walked,
            Found::Broken => {
                let Some(next) = damage_ends(bytes, at, expected) else {
                    walked.oddities.extend(tail(number, bytes, at));
                    return walked;
                };
                walked.oddities.push(Oddity {
                    what: "damage",
                    subject: format!("segment {number} byte {at}"),
                    why: format!("{} bytes are no record; what follows is read", next - at),
                });
                at = next;
            }
        }
    }
}

/// After a place that is no frame: where reading can go on, if this is damage. It is not
/// if everything behind it belongs to the same batch as the entry that was expected
/// here: such a batch was never acknowledged, only some of its sectors arrived.
fn damage_ends(bytes: &[u8], at: usize, expected: Option<u64>) -> Option<usize> {
    let first = next_whole(bytes, at)?;
    let Some(expected) = expected else {
        return Some(first);
    };
    let mut from = Some(first);
    while let Some(place) = from {
        if let Found::Whole(frame) = look(bytes, place)
            && frame.batch > expected
        {
            return Some(first);
        }
        from = next_whole(bytes, place);
    }
    None
}

/// Reads back from the last segment to the last checkpoint.
pub(super) fn recover(folder: &dyn Folder) -> Result<Recovered, LedgerError> {
    let of = |error| LedgerError::of("reading the ledger", error);
    let mut numbers: Vec<u64> = folder
        .list()
        .map_err(of)?
        .iter()
        .filter_map(|(name, _)| segment_number(name))
        .collect();
    numbers.sort_unstable();
    let mut recovered = Recovered::default();
    let mut walks: Vec<(u64, Walked)> = Vec::new();
    let mut limit: Option<(u64, u64)> = None;
    for number in numbers.into_iter().rev() {
        let name = segment_name(number);
        let mut bytes = folder.read(&name).map_err(of)?;
        if let Some((continued, at)) = limit {
            if continued == number && bytes.len() as u64 > at {
                recovered.to_cut.push((name.clone(), at));
                bytes.truncate(at as usize);
            }
        } else if matches!(look(&bytes, 0), Found::End | Found::Broken)
            && next_whole(&bytes, 0).is_none()
        {
            // A segment's head is synced before anything in it is acknowledged.
            recovered.oddities.extend(tail(number, &bytes, 0));
            recovered.void.push(name);
            continue;
        }
        let walked = walk(number, &bytes);
        let foreign = walked.head.is_none()
            && matches!(look(&bytes, 0), Found::Whole(frame) if frame.kind == Kind::Segment);
        if foreign {
            return Err(LedgerError::Format {
                name,
                message: "a segment of another version of the format".into(),
            });
        }
        if walks.is_empty() {
            recovered.oddities.extend(walked.oddities.iter().cloned());
        }
        limit = walked
            .head
            .as_ref()
            .map(|head| (head.continues, head.continues_at));
        let has_checkpoint = walked.frames.iter().any(|seen| seen.checkpoint.is_some());
        walks.push((number, walked));
        if has_checkpoint {
            break;
        }
    }
    for (number, walked) in walks.into_iter().rev() {
        take(&mut recovered, number, walked);
    }
    Ok(recovered)
}

fn take(recovered: &mut Recovered, number: u64, walked: Walked) {
    let end = &mut recovered.end;
    if let Some(head) = &walked.head {
        recovered.ledger = Some(head.ledger);
    }
    for seen in walked.frames {
        let is_next = end.segment == 0 || seen.prev == end.head;
        if !is_next && recovered.oddities.is_empty() {
            recovered.oddities.push(Oddity {
                what: "damage",
                subject: format!("segment {number} record {}", seen.seq),
                why: "it does not follow from the record before it".into(),
            });
        }
        end.segment = number;
        match (seen.kind, seen.checkpoint) {
            (Kind::Entry, _) => {
                end.next = seen.seq + 1;
                end.leaves.push(seen.hash);
            }
            (Kind::Checkpoint, Some(checkpoint)) => {
                end.next = seen.seq;
                end.checkpoints = checkpoint.number;
                end.checkpoint = seen.hash;
                end.covered = checkpoint.last + 1;
                end.leaves.clear();
                recovered.ledger.get_or_insert(checkpoint.ledger);
            }
            _ => {
                end.next = seen.seq;
                if end.covered == 0 {
                    end.covered = seen.seq;
                }
            }
        }
        end.head = seen.hash;
    }
    end.segment = number;
    end.at = walked.end as u64;
}
