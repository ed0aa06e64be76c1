//! Copies: a backup while the writer works, its verification, and the way back.
//!
//! A backup is a folder with the sealed segments, the synced beginning of the log,
//! and a manifest with the SHA-256 of each file and of itself.

use crate::block::BlockFacts;
use crate::column::decode;
use crate::disk::{Disk, FolderDisk, Reading, read_all, read_exact};
use crate::fault::HistoryError;
use crate::log;
use crate::reader::HistoryReader;
use crate::segment::{self, Segment};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Name of the manifest.
pub const MANIFEST: &str = "MANIFEST";
const TITLE: &str = "scanloop history backup 1";
const PIECE_BYTES: u64 = 1 << 20;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// Files, without the manifest.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// SHA-256 of the manifest: what to write down.
    pub digest: String,
}

/// What a folder was found to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Sealed segments that are whole.
    pub segments: usize,
    /// Points in them, each decoded.
    pub points: u64,
    /// Scans in logs.
    pub log_frames: u64,
    /// Bytes after the last whole record of a log: the end of what was written, no
    /// fault.
    pub torn_bytes: u64,
    /// Whether there is a manifest, and all files agree with it.
    pub agrees_with_manifest: Option<bool>,
    /// What is wrong, file by file.
    pub faults: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl HistoryReader {
    /// Writes a consistent copy into an empty or new folder while the writer works:
    /// the sealed segments and what is synced of the log. Every acknowledged scan is
    /// in it.
    ///
    /// # Errors
    /// The disk's; [`HistoryError::Refused`] if the folder is not empty.
    pub fn backup(&self, to: &Path) -> Result<BackupFacts, HistoryError> {
        let disk = FolderDisk::create(to);
        let disk = disk.map_err(HistoryError::disk(to.display().to_string()))?;
        self.backup_on(&disk)
    }

    /// As [`HistoryReader::backup`], onto a disk.
    ///
    /// # Errors
    /// As there.
    pub fn backup_on(&self, to: &dyn Disk) -> Result<BackupFacts, HistoryError> {
        let names = to.list().map_err(HistoryError::disk("the backup"))?;
        if !names.is_empty() {
            return Err(HistoryError::Refused {
                what: "the folder of a backup must be empty".to_string(),
            });
        }
        // Segments stay readable as long as they are held, and so does an open log.
        let (sealed, log) = {
            let state = self.shared.read();
            let log = match &state.log {
                Some((name, synced)) => {
                    let file = self.shared.disk.open(name);
                    let file = file.map_err(HistoryError::disk(name))?;
                    Some((name.clone(), file, *synced))
                }
                None => None,
            };
            (state.sealed.clone(), log)
        };
        let mut files: Vec<(String, Arc<dyn Reading>, u64)> = sealed
            .iter()
            .map(|segment| (segment.name.clone(), segment.file(), segment.size))
            .collect();
        files.extend(log);
        let mut manifest = format!("{TITLE}\n");
        let mut bytes = 0;
        for (name, file, size) in &files {
            let hash = copy(&**file, *size, to, name)?;
            let _ = writeln!(manifest, "{hash}  {size}  {name}");
            bytes += size;
        }
        let digest = hex(&Sha256::digest(manifest.as_bytes()));
        let _ = writeln!(manifest, "{digest}");
        let on = |error| HistoryError::disk(MANIFEST)(error);
        let mut file = to.create(MANIFEST).map_err(on)?;
        file.append(manifest.as_bytes()).map_err(on)?;
        file.sync().map_err(on)?;
        to.sync_names().map_err(on)?;
        Ok(BackupFacts {
            files: files.len(),
            bytes,
            digest,
        })
    }
}

/// Copies the first bytes of a file; their SHA-256.
fn copy(file: &dyn Reading, size: u64, to: &dyn Disk, name: &str) -> Result<String, HistoryError> {
    let on = |error| HistoryError::disk(name)(error);
    let mut out = to.create(name).map_err(on)?;
    let mut hash = Sha256::new();
    let mut at = 0;
    while at < size {
        let length = PIECE_BYTES.min(size - at);
        let piece = read_exact(file, at, length as usize).map_err(on)?;
        hash.update(&piece);
        out.append(&piece).map_err(on)?;
        at += length;
    }
    out.sync().map_err(on)?;
    Ok(hex(&hash.finalize()))
}

/// Checks a folder of history or a backup of one: every file against the manifest, if
/// there is one, and every block against its checksum, its points and its facts.
///
/// # Errors
/// Only if the folder itself cannot be read; all else is in the report.
pub fn verify(folder: &Path) -> Result<Report, HistoryError> {
    let disk = FolderDisk::existing(folder);
    let disk = disk.map_err(HistoryError::disk(folder.display().to_string()))?;
    verify_on(Arc::new(disk))
}

/// As [`verify`], of a disk.
///
/// # Errors
/// As there.
pub fn verify_on(disk: Arc<dyn Disk>) -> Result<Report, HistoryError> {
    let mut report = Report::default();
    let names = disk.list().map_err(HistoryError::disk("the folder"))?;
    if names.iter().any(|name| name == MANIFEST) {
        let before = report.faults.len();
        if let Err(fault) = check_manifest(&*disk, &names, &mut report.faults) {
            report.faults.push(fault);
        }
        report.agrees_with_manifest = Some(report.faults.len() == before);
    }
    let mut last_sealed = 0;
    for name in &names {
        if name.ends_with(".bad") {
            report.faults.push(format!("{name}: was set aside"));
        }
        let Some((_, last)) = segment::numbers(name) else {
            continue;
        };
        last_sealed = last_sealed.max(last);
        match Segment::open(&disk, name).and_then(|segment| check_segment(&segment)) {
            Ok(points) => {
                report.segments += 1;
                report.points += points;
            }
            Err(error) => report.faults.push(error.to_string()),
        }
    }
    for name in &names {
        if log::number(name).is_none_or(|number| number <= last_sealed) {
            continue;
        }
        let read = disk.open(name).and_then(|file| read_all(&*file));
        match read.map(|bytes| (log::replay(&bytes), bytes.len() as u64)) {
            Ok((Some(replayed), _)) => {
                report.log_frames += replayed.frames;
                report.torn_bytes += replayed.torn_bytes;
            }
            Ok((None, bytes)) => report.torn_bytes += bytes,
            Err(error) => report.faults.push(format!("{name}: {error}")),
        }
    }
    Ok(report)
}

fn check_manifest(
    disk: &dyn Disk,
    names: &[String],
    faults: &mut Vec<String>,
) -> Result<(), String> {
    let on = |error| format!("{MANIFEST}: {error}");
    let file = disk.open(MANIFEST).map_err(on)?;
    let bytes = read_all(&*file).map_err(on)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{MANIFEST}: not a text"))?;
    let body = text.trim_end();
    let (body, digest) = body
        .rsplit_once('\n')
        .ok_or_else(|| format!("{MANIFEST}: too short"))?;
    let body = format!("{body}\n");
    if hex(&Sha256::digest(body.as_bytes())) != digest {
        return Err(format!("{MANIFEST}: has been changed"));
    }
    let mut listed = Vec::new();
    for line in body.lines().skip(1) {
        let mut parts = line.splitn(3, "  ");
        let (Some(hash), Some(size), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("{MANIFEST}: a line makes no sense"));
        };
        listed.push(name);
        let bytes = disk.open(name).and_then(|file| read_all(&*file));
        match bytes {
            Ok(bytes)
                if bytes.len().to_string() == size && hex(&Sha256::digest(&bytes)) == hash => {}
            Ok(_) => faults.push(format!("{name}: differs from the manifest")),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    for name in names {
        if name != MANIFEST && !listed.contains(&name.as_str()) {
            faults.push(format!("{name}: is not in the manifest"));
        }
    }
    Ok(())
}

fn check_segment(segment: &Segment) -> Result<u64, HistoryError> {
    let damaged = |what| HistoryError::damaged(&segment.name, what);
    let mut points = 0;
    for (at, spec) in segment.specs.tags.iter().enumerate() {
        let source = &segment.sources[usize::from(spec.source.0)];
        let is_linear = spec.policy.is_linear(spec.kind);
        for block in segment.blocks(at)? {
            let bytes = segment.bytes(&block)?;
            let facts = &block.facts;
            let column = decode(&bytes, spec.kind, facts.count, facts.first.ordinal)
                .ok_or_else(|| damaged("a block makes no sense"))?;
            let again =
                BlockFacts::of(&column, spec.kind, is_linear, &source.frames, &source.marks);
            // Compared as bytes: NaN is equal to itself here.
            let bytes_of = |facts: &BlockFacts| {
                let mut bytes = Vec::new();
                facts.write(&mut bytes);
                bytes
            };
            if again.as_ref().map(bytes_of) != Some(bytes_of(facts)) {
                return Err(damaged("the facts of a block are not those of its points"));
            }
            points += facts.count as u64;
        }
    }
    Ok(points)
}

/// Brings a backup back into an empty or new folder, and verifies both.
///
/// # Errors
/// [`HistoryError::Refused`] if the backup is not sound or the folder is not empty;
/// the disk's.
pub fn restore(backup: &Path, to: &Path) -> Result<Report, HistoryError> {
    let refuse = |report: &Report| HistoryError::Refused {
        what: format!("not sound: {}", report.faults.join("; ")),
    };
    let report = verify(backup)?;
    if !report.is_sound() {
        return Err(refuse(&report));
    }
    let on = |path: &Path| HistoryError::disk(path.display().to_string());
    let from = FolderDisk::existing(backup).map_err(on(backup))?;
    let into = FolderDisk::create(to).map_err(on(to))?;
    if !into.list().map_err(on(to))?.is_empty() {
        return Err(HistoryError::Refused {
            what: format!("{} is not empty", to.display()),
        });
    }
    for name in from.list().map_err(on(backup))? {
        if name == MANIFEST {
            continue;
        }
        let file = from.open(&name).map_err(HistoryError::disk(&name))?;
        let size = file.size().map_err(HistoryError::disk(&name))?;
        copy(&*file, size, &into, &name)?;
    }
    into.sync_names().map_err(on(to))?;
    let report = verify(to)?;
    if report.is_sound() {
        Ok(report)
    } else {
        Err(refuse(&report))
    }
}
