//! Entries, for whoever looks for one. Reading is lenient: what is no record is passed
//! over and told, for judging is the verifier's work.

use super::chain::{Found, Kind, SegmentHead, look, next_whole};
use super::entry::Entry;
use super::folder::{DiskFolder, Folder};
use super::{LedgerError, segment_name, segment_number};
use std::path::Path;

/// Where a reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Segment.
    pub segment: u64,
    /// Byte in it.
    pub at: u64,
}

/// Entries of a ledger from a place on, in order, to the end as it is now.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Places that hold no record.
    pub broken: Vec<Place>,
    /// Where to read on.
    pub end: Place,
}

/// Reads from a place on. A ledger that grows meanwhile is read to some entry.
///
/// # Errors
/// [`LedgerError`] if it cannot be read.
pub fn read_from(folder: &dyn Folder, from: Place) -> Result<Reading, LedgerError> {
    let mut reading = Reading {
        end: from,
        ..Reading::default()
    };
    for number in numbers(folder)? {
        if number < from.segment {
            continue;
        }
        if number > reading.end.segment {
            reading.end = Place {
                segment: number,
                at: 0,
            };
        }
        let bytes = read(folder, number)?;
        read_segment(&mut reading, number, &bytes);
    }
    Ok(reading)
}

fn numbers(folder: &dyn Folder) -> Result<Vec<u64>, LedgerError> {
    let files = folder
        .list()
        .map_err(|error| LedgerError::of("reading the ledger", error))?;
    let mut numbers: Vec<u64> = files
        .iter()
        .filter_map(|(name, _)| segment_number(name))
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn read(folder: &dyn Folder, number: u64) -> Result<Vec<u8>, LedgerError> {
    folder
        .read(&segment_name(number))
        .map_err(|error| LedgerError::of("reading the ledger", error))
}

fn read_segment(reading: &mut Reading, number: u64, bytes: &[u8]) {
    let mut at = reading.end.at as usize;
    loop {
        match look(bytes, at) {
            Found::Whole(frame) => {
                if frame.kind == Kind::Entry
                    && let Ok(mut entry) = serde_json::from_slice::<Entry>(frame.body)
                {
                    entry.seq = frame.seq;
                    reading.entries.push(entry);
                }
                at += frame.bytes.len();
                reading.end.at = at as u64;
            }
            Found::End => return,
            Found::Broken => {
                let Some(next) = next_whole(bytes, at) else {
                    // A write in flight, or a torn end: not passed.
                    return;
                };
                reading.broken.push(Place {
                    segment: number,
                    at: at as u64,
                });
                at = next;
            }
        }
    }
}

/// All entries of a ledger on the disk.
///
/// # Errors
/// [`LedgerError`] if it cannot be read.
pub fn entries(path: &Path) -> Result<Vec<Entry>, LedgerError> {
    Ok(read_from(&DiskFolder::at(path), Place::default())?.entries)
}

/// Entries since the last one for which `begins` holds, that one first; all of them if
/// there is none. Reads no further back than it must.
///
/// # Errors
/// [`LedgerError`] if it cannot be read.
pub fn since_last(
    folder: &dyn Folder,
    begins: impl Fn(&Entry) -> bool,
) -> Result<Vec<Entry>, LedgerError> {
    let mut parts = Vec::new();
    for number in numbers(folder)?.into_iter().rev() {
        let mut reading = Reading::default();
        read_segment(&mut reading, number, &read(folder, number)?);
        if let Some(at) = reading.entries.iter().rposition(&begins) {
            reading.entries.drain(..at);
            parts.push(reading.entries);
            break;
        }
        parts.push(reading.entries);
    }
    Ok(parts.into_iter().rev().flatten().collect())
}

/// Which ledger this is, if there is one: from its first whole segment head.
///
/// # Errors
/// [`LedgerError`] if it cannot be read.
pub fn ledger_id(folder: &dyn Folder) -> Result<Option<[u8; 16]>, LedgerError> {
    for number in numbers(folder)? {
        if let Found::Whole(frame) = look(&read(folder, number)?, 0)
            && frame.kind == Kind::Segment
            && let Some(head) = SegmentHead::read(frame.body)
        {
            return Ok(Some(head.ledger));
        }
    }
    Ok(None)
}

/// Whether the ledger reaches as far as a place where somebody read to before.
///
/// # Errors
/// [`LedgerError`] if it cannot be read.
pub fn is_reached(folder: &dyn Folder, place: Place) -> Result<bool, LedgerError> {
    let files = folder
        .list()
        .map_err(|error| LedgerError::of("reading the ledger", error))?;
    let name = segment_name(place.segment);
    let length = files.iter().find(|(file, _)| *file == name);
    Ok(place.segment == 0 || length.is_some_and(|(_, length)| *length >= place.at))
}
