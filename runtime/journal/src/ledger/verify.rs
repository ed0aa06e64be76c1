//! The verifier: reads a copy, needs nothing but the public key, and names the first
//! record that is not as it was written.

use super::chain::{Found, Frame, Kind, SegmentHead, end_of_content, look, next_whole};
use super::checkpoint::Checkpoint;
use super::folder::Folder;
use super::hash::{Hash, hex, merkle_root};
use super::replica::{ReplicaFault, Replicated};
use super::{LedgerError, segment_name, segment_number};
use core::fmt;

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No whole record stands here; behind it others do.
    Damaged,
    /// No whole record stands here, nor behind it: damage, or a write cut short.
    Torn,
    /// The record does not follow from the one before it.
    Chain,
    /// Its number is not the next.
    Number {
        /// The next.
        expected: u64,
    },
    /// A segment is not there.
    SegmentMissing,
    /// The segment does not continue the one before it where that ends.
    Continues,
    /// Bytes stand behind the place where the next segment goes on.
    BeyondEnd,
    /// The record is of another ledger.
    Foreign,
    /// The text of an entry, or of a checkpoint, cannot be read.
    Unreadable,
    /// A checkpoint does not agree with the entries that it covers.
    Root,
    /// A checkpoint is not signed by the key that it names.
    Signature,
    /// A checkpoint, or a segment, names another key than the one given.
    Key,
    /// What the second place says is not so.
    Replica(ReplicaFault),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Damaged => "damaged: no whole record stands here",
            Fault::Torn => "torn: the last bytes are no whole record",
            Fault::Chain => "does not follow from the record before it",
            Fault::Number { expected } => return write!(f, "record {expected} should stand here"),
            Fault::SegmentMissing => "the segment is missing",
            Fault::Continues => "does not continue the segment before it where that ends",
            Fault::BeyondEnd => "bytes stand behind the end of the segment",
            Fault::Foreign => "belongs to another ledger",
            Fault::Unreadable => "the text of the record cannot be read",
            Fault::Root => "the checkpoint does not agree with the records it covers",
            Fault::Signature => "the checkpoint's signature is wrong",
            Fault::Key => "another key than the one given",
            Fault::Replica(fault) => return write!(f, "{fault}"),
        })
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Segment.
    pub segment: u64,
    /// Byte in it.
    pub at: u64,
    /// Number of the entry that stands there, or should.
    pub seq: u64,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} byte {}, record {}: {}",
            segment_name(self.segment),
            self.at,
            self.seq,
            self.fault
        )
    }
}

/// What the verifier says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Which ledger.
    pub ledger: [u8; 16],
    /// Segments.
    pub segments: u64,
    /// Entries that are whole.
    pub entries: u64,
    /// Number of the last entry.
    pub last: u64,
    /// Checkpoints whose signature and root hold.
    pub checkpoints: u64,
    /// Last entry that a good checkpoint covers.
    pub signed_to: u64,
    /// Hash of the last record.
    pub head: Hash,
    /// Public key of the checkpoints: as given, or as found.
    pub key: [u8; 32],
    /// Whether the key was given. One that was found in the ledger itself proves nothing
    /// against somebody who wrote all of it anew.
    pub key_given: bool,
    /// Replicated checkpoints that agree; `None` if none were given.
    pub replicated: Option<u64>,
    /// Last entry that an agreeing replicated checkpoint covers.
    pub replicated_to: u64,
    /// What is wrong, in order; the first is the first bad record. At most
    /// [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// Findings that a report holds.
pub const FINDINGS_MAX: usize = 1_000;

impl Report {
    /// Whether nothing is wrong.
    pub const fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// Entries after the last good checkpoint: chained, but not yet signed for.
    pub const fn unsigned(&self) -> u64 {
        self.last.saturating_sub(self.signed_to)
    }

    /// What this report does not prove, a sentence each: who reads *good* must know how
    /// far it reaches.
    pub fn unproved(&self) -> Vec<String> {
        let mut all = Vec::new();
        if !self.key_given {
            all.push("who signed: no key was given".to_string());
        }
        if self.unsigned() > 0 {
            all.push(format!(
                "records {} to {}: no signature covers them, so whoever could write the files could have changed them",
                self.signed_to + 1,
                self.last
            ));
        }
        let cut = "could have been cut off or be missing here";
        match self.replicated {
            None => all.push(format!(
                "that this is all: no checkpoints of a second place were given, so any number of records at the end {cut}"
            )),
            Some(_) => all.push(format!(
                "that nothing followed record {}: the second place covers no later one, so later records {cut}",
                self.replicated_to
            )),
        }
        all
    }
}

struct Verifier {
    report: Report,
    key: Option<[u8; 32]>,
    /// Hash of the frame before; `None` behind damage.
    prev: Option<Hash>,
    next: u64,
    leaves: Vec<Hash>,
    /// Whether entries since the last checkpoint are missing.
    gap: bool,
    previous: Hash,
    replicated: Option<Replicated>,
}

/// Verifies a copy of a ledger: every byte of every segment against chain, numbers,
/// roots and signatures, and against replicated checkpoints if they are given.
///
/// # Errors
/// [`LedgerError`] if it cannot be read at all; what is wrong in it is in the report.
pub fn verify(
    folder: &dyn Folder,
    key: Option<[u8; 32]>,
    replicated: Option<Replicated>,
) -> Result<Report, LedgerError> {
    let of = |error| LedgerError::of("reading the ledger", error);
    let mut numbers: Vec<u64> = folder
        .list()
        .map_err(of)?
        .iter()
        .filter_map(|(name, _)| segment_number(name))
        .collect();
    numbers.sort_unstable();
    let mut verifier = Verifier {
        report: Report {
            key_given: key.is_some(),
            ..Report::default()
        },
        key,
        prev: Some([0; 32]),
        next: 1,
        leaves: Vec::new(),
        gap: false,
        previous: [0; 32],
        replicated,
    };
    let (mut before, mut end) = (0, 0);
    // The content of one segment waits until the next one says where it goes on.
    for number in numbers {
        let bytes = folder.read(&segment_name(number)).map_err(of)?;
        for missing in before + 1..number {
            verifier.missing(missing);
        }
        end = verifier.segment(number, &bytes, before, end);
        before = number;
    }
    verifier.finish(before, end);
    Ok(verifier.report)
}

impl Verifier {
    fn find(&mut self, segment: u64, at: usize, fault: Fault) {
        let seq = self.next;
        self.find_of(segment, at, seq, fault);
    }

    fn find_of(&mut self, segment: u64, at: usize, seq: u64, fault: Fault) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding {
                segment,
                at: at as u64,
                seq,
                fault,
            });
        }
    }

    fn missing(&mut self, segment: u64) {
        self.find(segment, 0, Fault::SegmentMissing);
        (self.prev, self.gap) = (None, true);
    }

    /// Reads one segment; where its last whole record ends.
    fn segment(&mut self, number: u64, bytes: &[u8], before: u64, end: usize) -> usize {
        self.report.segments += 1;
        let mut at = 0;
        let mut last = 0;
        loop {
            match look(bytes, at) {
                Found::Whole(frame) => {
                    if (at == 0) != (frame.kind == Kind::Segment) {
                        self.find(number, at, Fault::Continues);
                    }
                    self.frame(number, at, &frame);
                    if at == 0 && frame.kind == Kind::Segment {
                        self.head(number, &frame, before, end);
                    }
                    at += frame.bytes.len();
                    last = at;
                }
                Found::End if at == 0 => {
                    self.find(number, 0, Fault::Damaged);
                    return 0;
                }
                Found::End => return last,
                Found::Broken => {
                    let next = next_whole(bytes, at);
                    let fault = next.map_or(Fault::Torn, |_| Fault::Damaged);
                    self.find(number, at, fault);
                    (self.prev, self.gap) = (None, true);
                    match next {
                        Some(next) => at = next,
                        None => return end_of_content(bytes, at),
                    }
                }
            }
        }
    }

    fn head(&mut self, number: u64, frame: &Frame<'_>, before: u64, end: usize) {
        let Some(head) = SegmentHead::read(frame.body) else {
            self.find(number, 0, Fault::Unreadable);
            return;
        };
        if self.report.ledger == [0; 16] {
            self.report.ledger = head.ledger;
        }
        if head.ledger != self.report.ledger || head.segment != number {
            self.find(number, 0, Fault::Foreign);
        }
        // A key that was not given is at least the same throughout.
        if *self.key.get_or_insert(head.key) != head.key {
            self.find(number, 0, Fault::Key);
        }
        let at = head.continues_at as usize;
        if head.continues != before || at > end {
            self.find(number, 0, Fault::Continues);
        } else if at < end {
            self.find(before, at, Fault::BeyondEnd);
        }
    }

    fn frame(&mut self, number: u64, at: usize, frame: &Frame<'_>) {
        if self.prev.is_some_and(|prev| prev != frame.prev) {
            self.find_of(number, at, frame.seq, Fault::Chain);
            self.gap = true;
        } else if frame.seq != self.next {
            let expected = self.next;
            // Behind damage a jump says how much is missing; the damage is told already.
            if self.prev.is_some() {
                self.find_of(number, at, frame.seq, Fault::Number { expected });
            }
            self.gap = true;
        }
        let hash = frame.hash();
        self.next = frame.seq;
        match frame.kind {
            Kind::Segment => {}
            Kind::Entry => {
                if serde_json::from_slice::<super::Entry>(frame.body).is_err() {
                    self.find(number, at, Fault::Unreadable);
                }
                self.leaves.push(hash);
                self.next = frame.seq.saturating_add(1);
                self.report.entries += 1;
                self.report.last = frame.seq;
            }
            Kind::Checkpoint => self.checkpoint(number, at, frame, hash),
        }
        self.prev = Some(hash);
        self.report.head = hash;
    }

    fn checkpoint(&mut self, number: u64, at: usize, frame: &Frame<'_>, hash: Hash) {
        let findings = self.report.findings.len();
        let Some(checkpoint) = Checkpoint::read(frame.body) else {
            self.find(number, at, Fault::Unreadable);
            return;
        };
        if checkpoint.ledger != self.report.ledger {
            self.find(number, at, Fault::Foreign);
        }
        if self.key.is_some_and(|key| key != checkpoint.key) {
            self.find(number, at, Fault::Key);
        } else if !checkpoint.is_signed(&frame.prev) {
            self.find(number, at, Fault::Signature);
        }
        let first = frame.seq.saturating_sub(self.leaves.len() as u64);
        let agrees = checkpoint.root == merkle_root(&self.leaves)
            && checkpoint.first == first
            && checkpoint.last.saturating_add(1) == frame.seq
            && checkpoint.previous == self.previous;
        // With entries missing the sum cannot agree; what is missing is told already.
        if !agrees && !self.gap {
            self.find(number, at, Fault::Root);
        }
        let compared = self.replicated.as_mut().map(|replicated| {
            let agreed = replicated.agreed();
            let fault = replicated.compare(checkpoint.number, frame.bytes);
            (fault, replicated.agreed() > agreed)
        });
        match compared {
            Some((Some(fault), _)) => self.find(number, at, Fault::Replica(fault)),
            Some((None, true)) => self.report.replicated_to = checkpoint.last,
            _ => {}
        }
        if self.report.findings.len() == findings {
            self.report.checkpoints += 1;
            if !self.gap && self.report.is_good() {
                self.report.signed_to = checkpoint.last;
            }
        }
        self.leaves.clear();
        self.gap = false;
        self.previous = hash;
    }

    fn finish(&mut self, segment: u64, end: usize) {
        self.report.key = self.key.unwrap_or_default();
        let Some(replicated) = self.replicated.take() else {
            return;
        };
        self.report.replicated = Some(replicated.agreed());
        if let Some(fault) = replicated.missing(self.key, self.report.ledger) {
            let seq = self.next;
            self.find_of(segment, end, seq, Fault::Replica(fault));
        }
    }
}

impl Report {
    /// The report in words.
    pub fn text(&self) -> String {
        let mut text = format!(
            "ledger {}\n{} segments, {} entries, the last is record {}\n{} checkpoints hold, signed up to record {}, {} entries not yet signed for\nhead {}\nkey {} ({})\n",
            hex(&self.ledger),
            self.segments,
            self.entries,
            self.last,
            self.checkpoints,
            self.signed_to,
            self.unsigned(),
            hex(&self.head),
            hex(&self.key),
            if self.key_given {
                "given"
            } else {
                "found in the ledger itself: give --key to be sure of the signer"
            },
        );
        match self.replicated {
            Some(count) => text += &format!("{count} replicated checkpoints agree\n"),
            None => text += "no replicated checkpoints given\n",
        }
        for what in self.unproved() {
            text += &format!("not proved: {what}\n");
        }
        for finding in &self.findings {
            text += &format!("{finding}\n");
        }
        text += match self.findings.first() {
            None => "GOOD\n",
            Some(_) => "BAD\n",
        };
        text
    }
}
