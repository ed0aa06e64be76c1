//! A sealed segment: one file, never changed.
//!
//! ```text
//! magic │ blocks, tag by tag │ facts of the blocks, tag by tag │ directory │ tail
//! ```
//!
//! The directory holds the scans and the marks of each source and the place of each
//! tag; the tail holds the place and the checksum of the directory. Blocks and facts
//! have checksums of their own.

use crate::block::{Block, BlockFacts};
use crate::bytes::{Scanner, put_i64, put_u64, put_word};
use crate::disk::{Disk, Reading, read_exact};
use crate::fault::HistoryError;
use crate::frames::FrameTable;
use crate::head::{Carry, Head, SourcePart};
use crate::spec::{GapKind, Policy, SourceId, Specs, TagSpec};
use crate::walk::{MarkKind, SourceMark};
use signal::{Kind, Quality};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const MAGIC: &[u8; 8] = b"SLHSEG01";
const TAIL_BYTES: usize = 8 + 8 + 4 + 8;
const COUNT_MAX: usize = 1 << 24;

/// Name of the file that holds the segments from one number to another.
pub(crate) fn name(first: u64, last: u64) -> String {
    format!("{first:010}-{last:010}.seg")
}

/// Numbers in a file's name.
pub(crate) fn numbers(name: &str) -> Option<(u64, u64)> {
    let (first, last) = name.strip_suffix(".seg")?.split_once('-')?;
    let is_number = |digits: &str| digits.len() == 10;
    if !is_number(first) || !is_number(last) {
        return None;
    }
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

/// A sealed segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub first: u64,
    pub last: u64,
    pub name: String,
    pub size: u64,
    pub specs: Arc<Specs>,
    pub sources: Vec<SealedSource>,
    pub tags: Vec<SealedTag>,
    pub range: Option<(i64, i64)>,
    pub points: u64,
    file: FileOf,
    disk: Arc<dyn Disk>,
    is_doomed: AtomicBool,
}

struct FileOf(Arc<dyn Reading>);

impl std::fmt::Debug for FileOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("file")
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // The last reader is gone. What cannot be removed now is found at the next
        // start.
        if self.is_doomed.load(Ordering::Acquire) && self.disk.remove(&self.name).is_ok() {
            let _ = self.disk.sync_names();
        }
    }
}

/// A source of a sealed segment.
#[derive(Clone, Debug)]
pub(crate) struct SealedSource {
    pub frames: Arc<FrameTable>,
    pub marks: Arc<[SourceMark]>,
    pub is_ended: bool,
    pub last: Option<(u64, i64)>,
}

/// A tag of a sealed segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedTag {
    pub carry: Option<Carry>,
    pub points: u64,
    facts_at: u64,
    facts_bytes: u64,
    facts_crc: u32,
    blocks: usize,
}

/// A block of a sealed segment.
#[derive(Clone, Debug)]
pub(crate) struct SealedBlock {
    pub facts: BlockFacts,
    pub offset: u64,
    pub length: usize,
    pub crc: u32,
}

/// What goes into a new segment.
pub(crate) struct Content<'a> {
    pub first: u64,
    pub last: u64,
    pub specs: &'a Specs,
    pub sources: &'a [SourcePart],
    pub tags: &'a mut dyn FnMut(usize) -> Result<TagContent, HistoryError>,
}

/// One tag of a new segment.
#[derive(Default)]
pub(crate) struct TagContent {
    pub carry: Option<Carry>,
    pub blocks: Vec<Arc<Block>>,
}

impl Content<'_> {
    /// Writes a segment under a passing name, syncs it, names it, and opens it.
    pub(crate) fn seal(self, disk: &Arc<dyn Disk>) -> Result<Segment, HistoryError> {
        let name = name(self.first, self.last);
        let passing = format!("{name}.tmp");
        let on = |error| HistoryError::disk(&name)(error);
        let mut file = disk.create(&passing).map_err(on)?;
        file.append(MAGIC).map_err(on)?;
        let mut at = MAGIC.len() as u64;
        let mut facts = Vec::new();
        let mut directory = Vec::new();
        put_u64(&mut directory, self.first);
        put_u64(&mut directory, self.last);
        write_specs(&mut directory, self.specs);
        for source in self.sources {
            write_source(&mut directory, source);
        }
        let mut bytes = Vec::new();
        for tag in 0..self.specs.tags.len() {
            let content = (self.tags)(tag)?;
            let begin = facts.len();
            let mut points = 0;
            for block in &content.blocks {
                block.facts.write(&mut facts);
                put_u64(&mut facts, at + bytes.len() as u64);
                put_u64(&mut facts, block.bytes.len() as u64);
                put_u64(&mut facts, u64::from(block.crc));
                bytes.extend_from_slice(&block.bytes);
                points += block.facts.count as u64;
            }
            if bytes.len() > 1 << 20 {
                file.append(&bytes).map_err(on)?;
                at += bytes.len() as u64;
                bytes.clear();
            }
            write_carry(&mut directory, content.carry.as_ref());
            put_u64(&mut directory, points);
            put_u64(&mut directory, begin as u64);
            put_u64(&mut directory, (facts.len() - begin) as u64);
            put_u64(&mut directory, u64::from(crc32fast::hash(&facts[begin..])));
            put_u64(&mut directory, content.blocks.len() as u64);
        }
        let facts_at = at + bytes.len() as u64;
        bytes.extend_from_slice(&facts);
        put_word(&mut directory, facts_at);
        let directory_at = at + bytes.len() as u64;
        let crc = crc32fast::hash(&directory);
        bytes.extend_from_slice(&directory);
        put_word(&mut bytes, directory_at);
        put_word(&mut bytes, directory.len() as u64);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(MAGIC);
        file.append(&bytes).map_err(on)?;
        file.sync().map_err(on)?;
        drop(file);
        disk.rename(&passing, &name).map_err(on)?;
        disk.sync_names().map_err(on)?;
        Segment::open(disk, &name)
    }
}

impl Segment {
    /// Seals an open segment whose blocks are closed.
    pub(crate) fn of_head(disk: &Arc<dyn Disk>, head: &Head) -> Result<Segment, HistoryError> {
        let mut tags = |at: usize| {
            let part = &head.tags[at];
            Ok(TagContent {
                carry: part.carry,
                blocks: part.blocks.clone(),
            })
        };
        let content = Content {
            first: head.number,
            last: head.number,
            specs: &head.specs,
            sources: &head.sources,
            tags: &mut tags,
        };
        content.seal(disk)
    }

    /// Opens a file and checks its directory.
    pub(crate) fn open(disk: &Arc<dyn Disk>, name: &str) -> Result<Segment, HistoryError> {
        let on = |error| HistoryError::disk(name)(error);
        let damaged = |what| HistoryError::damaged(name, what);
        let file = disk.open(name).map_err(on)?;
        let size = file.size().map_err(on)?;
        let tail_at = size
            .checked_sub(TAIL_BYTES as u64)
            .ok_or_else(|| damaged("shorter than its tail"))?;
        let tail = read_exact(&*file, tail_at, TAIL_BYTES).map_err(on)?;
        let mut scanner = Scanner::new(&tail);
        let (at, length) = (scanner.word(), scanner.word());
        let crc = scanner.take(4).map(crc_of);
        let (Some(at), Some(length), Some(crc)) = (at, length, crc) else {
            return Err(damaged("no tail"));
        };
        if scanner.take(8) != Some(MAGIC) || at.checked_add(length) != Some(tail_at) {
            return Err(damaged("no tail"));
        }
        let directory = read_exact(&*file, at, length as usize).map_err(on)?;
        if crc32fast::hash(&directory) != crc {
            return Err(damaged("the directory has another checksum"));
        }
        let mut scanner = Scanner::new(&directory);
        let parsed = parse(&mut scanner).filter(|_| scanner.is_done());
        let parsed = parsed.ok_or_else(|| damaged("the directory makes no sense"))?;
        let ranges = parsed.sources.iter().filter_map(|part| part.frames.range());
        Ok(Segment {
            range: ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))),
            points: parsed.tags.iter().map(|tag| tag.points).sum(),
            first: parsed.first,
            last: parsed.last,
            name: name.to_string(),
            size,
            specs: parsed.specs.into(),
            sources: parsed.sources,
            tags: parsed.tags,
            file: FileOf(file),
            disk: disk.clone(),
            is_doomed: AtomicBool::new(false),
        })
    }

    /// The file goes when its last reader goes.
    pub(crate) fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    pub(crate) fn tag(&self, name: &str) -> Option<(usize, &TagSpec)> {
        let mut tags = self.specs.tags.iter().enumerate();
        tags.find(|(_, spec)| spec.name == name)
    }

    /// Shares the texts of tags with a segment that has the same.
    pub(crate) fn share_specs(&mut self, other: &Arc<Specs>) {
        if *self.specs == **other {
            self.specs = other.clone();
        }
    }

    /// Facts of a tag's blocks.
    pub(crate) fn blocks(&self, tag: usize) -> Result<Vec<SealedBlock>, HistoryError> {
        let damaged = |what| HistoryError::damaged(&self.name, what);
        let entry = self.tags.get(tag).ok_or_else(|| damaged("no such tag"))?;
        let bytes = read_exact(&*self.file.0, entry.facts_at, entry.facts_bytes as usize)
            .map_err(HistoryError::disk(&self.name))?;
        if crc32fast::hash(&bytes) != entry.facts_crc {
            return Err(damaged("facts of blocks have another checksum"));
        }
        let mut scanner = Scanner::new(&bytes);
        let mut blocks = Vec::with_capacity(entry.blocks.min(COUNT_MAX));
        for _ in 0..entry.blocks {
            let block = sealed_block(&mut scanner);
            blocks.push(block.ok_or_else(|| damaged("facts of blocks make no sense"))?);
        }
        Ok(blocks)
    }

    /// Bytes of a block, checked.
    pub(crate) fn bytes(&self, block: &SealedBlock) -> Result<Vec<u8>, HistoryError> {
        let bytes = read_exact(&*self.file.0, block.offset, block.length)
            .map_err(HistoryError::disk(&self.name))?;
        if crc32fast::hash(&bytes) != block.crc {
            return Err(HistoryError::damaged(
                &self.name,
                "a block has another checksum",
            ));
        }
        Ok(bytes)
    }

    /// The whole file.
    pub(crate) fn file(&self) -> Arc<dyn Reading> {
        self.file.0.clone()
    }
}

fn crc_of(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |crc, byte| crc << 8 | u32::from(*byte))
}

fn sealed_block(scanner: &mut Scanner<'_>) -> Option<SealedBlock> {
    Some(SealedBlock {
        facts: BlockFacts::read(scanner)?,
        offset: scanner.u64()?,
        length: scanner.count(COUNT_MAX)?,
        crc: u32::try_from(scanner.u64()?).ok()?,
    })
}

struct Parsed {
    first: u64,
    last: u64,
    specs: Specs,
    sources: Vec<SealedSource>,
    tags: Vec<SealedTag>,
}

fn parse(scanner: &mut Scanner<'_>) -> Option<Parsed> {
    let (first, last) = (scanner.u64()?, scanner.u64()?);
    let specs = read_specs(scanner)?;
    let mut sources = Vec::with_capacity(specs.sources.len());
    for _ in &specs.sources {
        sources.push(read_source(scanner)?);
    }
    let mut tags = Vec::with_capacity(specs.tags.len());
    for _ in &specs.tags {
        tags.push(SealedTag {
            carry: read_carry(scanner)?,
            points: scanner.u64()?,
            facts_at: scanner.u64()?,
            facts_bytes: scanner.u64()?,
            facts_crc: u32::try_from(scanner.u64()?).ok()?,
            blocks: scanner.count(COUNT_MAX)?,
        });
    }
    let facts_at = scanner.word()?;
    for tag in &mut tags {
        tag.facts_at = tag.facts_at.checked_add(facts_at)?;
    }
    Some(Parsed {
        first,
        last,
        specs,
        sources,
        tags,
    })
}

pub(crate) fn write_specs(out: &mut Vec<u8>, specs: &Specs) {
    put_u64(out, specs.sources.len() as u64);
    for source in &specs.sources {
        crate::bytes::put_text(out, source);
    }
    put_u64(out, specs.tags.len() as u64);
    for tag in &specs.tags {
        crate::bytes::put_text(out, &tag.name);
        crate::bytes::put_text(out, &tag.unit);
        out.push(tag.kind as u8);
        put_u64(out, u64::from(tag.source.0));
        match tag.policy {
            Policy::Raw => out.push(0),
            Policy::Exception { deadband } => {
                out.push(1);
                put_word(out, deadband.to_bits());
            }
            Policy::SwingingDoor {
                deviation,
                max_interval_ns,
            } => {
                out.push(2);
                put_word(out, deviation.to_bits());
                put_i64(out, max_interval_ns);
            }
        }
    }
}

pub(crate) fn read_specs(scanner: &mut Scanner<'_>) -> Option<Specs> {
    let mut specs = Specs::default();
    for _ in 0..scanner.count(1 << 16)? {
        specs.sources.push(scanner.text()?);
    }
    for _ in 0..scanner.count(COUNT_MAX)? {
        let (name, unit) = (scanner.text()?, scanner.text()?);
        let kind = match scanner.byte()? {
            0 => Kind::Real,
            1 => Kind::Bool,
            2 => Kind::Int,
            _ => return None,
        };
        let source = u16::try_from(scanner.u64()?).ok()?;
        if usize::from(source) >= specs.sources.len() {
            return None;
        }
        let policy = match scanner.byte()? {
            0 => Policy::Raw,
            1 => Policy::Exception {
                deadband: scanner.real()?,
            },
            2 => Policy::SwingingDoor {
                deviation: scanner.real()?,
                max_interval_ns: scanner.i64()?,
            },
            _ => return None,
        };
        specs.tags.push(TagSpec {
            name,
            kind,
            unit,
            source: SourceId(source),
            policy,
        });
    }
    Some(specs)
}

pub(crate) fn write_carry(out: &mut Vec<u8>, carry: Option<&Carry>) {
    let Some(carry) = carry else {
        out.push(0);
        return;
    };
    out.push(1);
    put_i64(out, carry.utc_ns);
    put_u64(out, carry.seq);
    put_word(out, carry.bits);
    put_u64(out, u64::from(carry.quality.bits()));
}

/// The outer option is whether it could be read.
#[allow(clippy::option_option)]
pub(crate) fn read_carry(scanner: &mut Scanner<'_>) -> Option<Option<Carry>> {
    if scanner.byte()? == 0 {
        return Some(None);
    }
    Some(Some(Carry {
        utc_ns: scanner.i64()?,
        seq: scanner.u64()?,
        bits: scanner.word()?,
        quality: Quality::from_trusted(u16::try_from(scanner.u64()?).ok()?),
    }))
}

fn write_source(out: &mut Vec<u8>, source: &SourcePart) {
    source.frames.write(out);
    out.push(u8::from(source.is_ended));
    match source.last {
        None => out.push(0),
        Some((seq, utc_ns)) => {
            out.push(1);
            put_u64(out, seq);
            put_i64(out, utc_ns);
        }
    }
    put_u64(out, source.marks.len() as u64);
    for mark in &source.marks {
        put_u64(out, u64::from(mark.ordinal));
        match mark.before_ns {
            None => out.push(0),
            Some(before_ns) => {
                out.push(1);
                put_i64(out, before_ns);
            }
        }
        match mark.kind {
            MarkKind::Rolled => out.push(0),
            MarkKind::Gap(GapKind::Lost { first, last }) => {
                out.push(1);
                put_u64(out, first);
                put_u64(out, last);
            }
            MarkKind::Gap(GapKind::Stopped) => out.push(2),
            MarkKind::Gap(GapKind::Broken) => out.push(3),
            MarkKind::Gap(GapKind::Missing) => out.push(4),
            MarkKind::Gap(GapKind::Damaged) => out.push(5),
        }
    }
}

fn read_source(scanner: &mut Scanner<'_>) -> Option<SealedSource> {
    let frames = FrameTable::read(scanner)?;
    let is_ended = scanner.byte()? != 0;
    let last = match scanner.byte()? {
        0 => None,
        _ => Some((scanner.u64()?, scanner.i64()?)),
    };
    let mut marks = Vec::new();
    for _ in 0..scanner.count(COUNT_MAX)? {
        let ordinal = u32::try_from(scanner.u64()?).ok()?;
        let before_ns = match scanner.byte()? {
            0 => None,
            _ => Some(scanner.i64()?),
        };
        let kind = match scanner.byte()? {
            0 => MarkKind::Rolled,
            1 => MarkKind::Gap(GapKind::Lost {
                first: scanner.u64()?,
                last: scanner.u64()?,
            }),
            2 => MarkKind::Gap(GapKind::Stopped),
            3 => MarkKind::Gap(GapKind::Broken),
            4 => MarkKind::Gap(GapKind::Missing),
            5 => MarkKind::Gap(GapKind::Damaged),
            _ => return None,
        };
        marks.push(SourceMark {
            ordinal,
            before_ns,
            kind,
        });
    }
    Some(SealedSource {
        frames: frames.into(),
        marks: marks.into(),
        is_ended,
        last,
    })
}
