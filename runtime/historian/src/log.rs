//! The log of the open segment: every scan as it was given, so that after a crash
//! the same intake gives the same points.
//!
//! A record is its length, its CRC-32 and its bytes. A reader stops at the first
//! record that is torn or wrong; whatever came before it holds.

use crate::bytes::{Scanner, put_i64, put_u64, put_word};
use crate::fault::HistoryError;
use crate::head::{Carry, Head, SourcePart};
use crate::intake::{Intake, Taken};
use crate::spec::{Sample, SourceId, Specs, TagId};
use crate::{disk::Appending, disk::Disk, segment};
use signal::Quality;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"SLHLOG01";
const OPENING: u8 = 1;
const FRAME: u8 = 2;
const BEGIN: u8 = 3;
const END: u8 = 4;
/// Longest record that is believed.
const RECORD_BYTES_MAX: usize = 1 << 28;

/// Name of the log of a segment.
pub(crate) fn name(number: u64) -> String {
    format!("{number:010}.log")
}

/// Number of the segment of a log's name.
pub(crate) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    digits.parse().ok().filter(|_| digits.len() == 10)
}

/// The log being written.
pub(crate) struct Log {
    file: Box<dyn Appending>,
    pub(crate) name: String,
    pub(crate) written: u64,
    pub(crate) synced: u64,
    record: Vec<u8>,
    last: Vec<(u64, i64)>,
}

impl Log {
    /// A new log for an empty segment; it and its name are synced.
    pub(crate) fn create(
        disk: &dyn Disk,
        head: &Head,
        begun: &[bool],
    ) -> Result<Log, HistoryError> {
        let name = name(head.number);
        let on = |error| HistoryError::disk(&name)(error);
        let mut log = Log {
            file: disk.create(&name).map_err(on)?,
            name: name.clone(),
            written: 0,
            synced: 0,
            record: Vec::new(),
            last: vec![(0, 0); head.sources.len()],
        };
        log.file.append(MAGIC).map_err(on)?;
        log.written = MAGIC.len() as u64;
        log.start(OPENING);
        let out = &mut log.record;
        put_u64(out, head.number);
        segment::write_specs(out, &head.specs);
        for (source, begun) in head.sources.iter().zip(begun) {
            out.push(u8::from(*begun) | u8::from(source.is_ended) << 1);
            match source.last {
                None => out.push(0),
                Some((seq, utc_ns)) => {
                    out.push(1);
                    put_u64(out, seq);
                    put_i64(out, utc_ns);
                }
            }
        }
        for tag in &head.tags {
            segment::write_carry(out, tag.carry.as_ref());
        }
        log.append()?;
        log.sync()?;
        disk.sync_names()
            .map_err(HistoryError::disk("the folder"))?;
        Ok(log)
    }

    fn start(&mut self, kind: u8) {
        self.record.clear();
        self.record.extend_from_slice(&[0; 8]);
        self.record.push(kind);
    }

    fn append(&mut self) -> Result<(), HistoryError> {
        let length = (self.record.len() - 8) as u32;
        let crc = crc32fast::hash(&self.record[8..]);
        self.record[..4].copy_from_slice(&length.to_le_bytes());
        self.record[4..8].copy_from_slice(&crc.to_le_bytes());
        self.file
            .append(&self.record)
            .map_err(HistoryError::disk(&self.name))?;
        self.written += self.record.len() as u64;
        Ok(())
    }

    pub(crate) fn frame(
        &mut self,
        source: usize,
        seq: u64,
        utc_ns: i64,
        samples: &[Sample],
    ) -> Result<(), HistoryError> {
        self.start(FRAME);
        let last = self.last[source];
        self.last[source] = (seq, utc_ns);
        let out = &mut self.record;
        out.reserve(samples.len() * 12);
        put_u64(out, source as u64);
        put_i64(out, seq.wrapping_sub(last.0) as i64);
        put_i64(out, utc_ns.wrapping_sub(last.1));
        put_u64(out, samples.len() as u64);
        for sample in samples {
            let quality = sample.quality.bits();
            put_u64(out, u64::from(sample.tag.0) << 1 | u64::from(quality != 0));
            if quality != 0 {
                out.extend_from_slice(&quality.to_le_bytes());
            }
            put_word(out, sample.bits);
        }
        self.append()
    }

    pub(crate) fn begin(&mut self, source: usize) -> Result<(), HistoryError> {
        self.start(BEGIN);
        put_u64(&mut self.record, source as u64);
        self.append()
    }

    pub(crate) fn end(&mut self, source: usize) -> Result<(), HistoryError> {
        self.start(END);
        put_u64(&mut self.record, source as u64);
        self.append()
    }

    /// Returns only when all that was appended survives a power cut.
    pub(crate) fn sync(&mut self) -> Result<(), HistoryError> {
        if self.synced < self.written {
            self.file.sync().map_err(HistoryError::disk(&self.name))?;
            self.synced = self.written;
        }
        Ok(())
    }
}

/// What a log says.
pub(crate) struct Replayed {
    pub head: Head,
    pub intake: Intake,
    /// Scans taken.
    pub frames: u64,
    /// Bytes after the last whole record.
    pub torn_bytes: u64,
}

/// Takes a log's scans in again. `None` if not even its opening is whole: then
/// nothing was acknowledged from it.
pub(crate) fn replay(bytes: &[u8]) -> Option<Replayed> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let (opening, after) = record(rest)?;
    rest = after;
    let (mut head, begun) = opening_of(opening)?;
    let mut intake = Intake::new(&head, begun);
    let mut frames = 0;
    let mut last = vec![(0_u64, 0_i64); head.sources.len()];
    let mut samples = Vec::new();
    while let Some((bytes, after)) = record(rest) {
        let mut scanner = Scanner::new(bytes);
        let done = step(
            &mut scanner,
            &mut head,
            &mut intake,
            &mut last,
            &mut samples,
        );
        match done {
            Some(taken) => frames += u64::from(taken),
            // The checksum holds, but not the sense: stop here as well.
            None => break,
        }
        rest = after;
    }
    Some(Replayed {
        head,
        intake,
        frames,
        torn_bytes: rest.len() as u64,
    })
}

fn record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(8)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let crc = u32::from_le_bytes(head[4..].try_into().ok()?);
    if length == 0 || length > RECORD_BYTES_MAX {
        return None;
    }
    let (record, rest) = rest.split_at_checked(length)?;
    (crc32fast::hash(record) == crc).then_some((record, rest))
}

fn opening_of(bytes: &[u8]) -> Option<(Head, Vec<bool>)> {
    let mut scanner = Scanner::new(bytes);
    if scanner.byte()? != OPENING {
        return None;
    }
    let number = scanner.u64()?;
    let specs: Arc<Specs> = segment::read_specs(&mut scanner)?.into();
    let mut sources = Vec::new();
    let mut begun = Vec::new();
    for name in &specs.sources {
        let flags = scanner.byte()?;
        begun.push(flags & 1 != 0);
        let last = match scanner.byte()? {
            0 => None,
            _ => Some((scanner.u64()?, scanner.i64()?)),
        };
        sources.push(SourcePart {
            name: name.clone(),
            is_ended: flags & 2 != 0,
            last,
            ..SourcePart::default()
        });
    }
    let mut carries: Vec<Option<Carry>> = Vec::with_capacity(specs.tags.len());
    for _ in &specs.tags {
        carries.push(segment::read_carry(&mut scanner)?);
    }
    let empty = Head::new(number, specs.clone(), sources, Vec::new());
    let sources = empty.next_sources();
    Some((Head::new(number, specs, sources, carries), begun))
}

/// One record; whether it was a scan.
fn step(
    scanner: &mut Scanner<'_>,
    head: &mut Head,
    intake: &mut Intake,
    last: &mut [(u64, i64)],
    samples: &mut Vec<Sample>,
) -> Option<bool> {
    let kind = scanner.byte()?;
    let source = scanner.count(last.len().checked_sub(1)?)?;
    match kind {
        FRAME => {
            let seq = last[source].0.wrapping_add(scanner.i64()? as u64);
            let utc_ns = last[source].1.wrapping_add(scanner.i64()?);
            let count = scanner.count(RECORD_BYTES_MAX)?;
            samples.clear();
            for _ in 0..count {
                let key = scanner.u64()?;
                let quality = match key & 1 {
                    0 => Quality::GOOD,
                    _ => {
                        Quality::from_trusted(u16::from_le_bytes(scanner.take(2)?.try_into().ok()?))
                    }
                };
                samples.push(Sample {
                    tag: TagId(u32::try_from(key >> 1).ok()?),
                    quality,
                    bits: scanner.word()?,
                });
            }
            last[source] = (seq, utc_ns);
            let taken = intake.take(head, source, seq, utc_ns, samples);
            Some(taken != Taken::Known)
        }
        BEGIN => {
            intake.begin(head, source);
            Some(false)
        }
        END => {
            intake.end(head, source);
            Some(false)
        }
        _ => None,
    }
}

/// Names a source by its number in the calls of this run.
pub(crate) fn source_at(head: &Head, source: SourceId) -> Result<usize, HistoryError> {
    let at = usize::from(source.0);
    if at < head.sources.len() {
        return Ok(at);
    }
    Err(HistoryError::UnknownSource {
        source_index: source.0,
    })
}
