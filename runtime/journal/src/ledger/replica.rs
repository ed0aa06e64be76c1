//! The second place of the checkpoints: a file in another folder, best on another
//! machine and out of reach of whoever runs the station.

use super::chain::{Found, Kind, look};
use super::checkpoint::Checkpoint;
use super::folder::Folder;
use super::hash::{Hash, hex};
use super::{LedgerError, segment_name, segment_number};
use crate::storage::{FileStorage, Storage};
use core::fmt;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// How ledger and second place disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicaFault {
    /// Checkpoint `number` is another one there.
    Differs {
        /// Which.
        number: u64,
    },
    /// The second place has checkpoints that the ledger has not: it was cut, or replaced
    /// by an older copy.
    Ahead {
        /// The last that the ledger lacks.
        number: u64,
        /// The entry up to which there was something.
        last: u64,
    },
}

impl fmt::Display for ReplicaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplicaFault::Differs { number } => {
                write!(f, "checkpoint {number} is another one in the second place")
            }
            ReplicaFault::Ahead { number, last } => write!(
                f,
                "the second place has checkpoint {number}, which speaks of records up to {last}: the end was cut off"
            ),
        }
    }
}

/// Replicated checkpoints that were read.
#[derive(Clone, Debug, Default)]
pub struct Replicated {
    frames: BTreeMap<u64, Vec<u8>>,
    agreed: u64,
}

impl Replicated {
    /// Those in the bytes of a file, up to the first that is torn.
    pub fn read(bytes: &[u8]) -> Replicated {
        let mut frames = BTreeMap::new();
        let mut at = 0;
        while let Found::Whole(frame) = look(bytes, at) {
            if frame.kind == Kind::Checkpoint
                && let Some(checkpoint) = Checkpoint::read(frame.body)
            {
                frames.insert(checkpoint.number, frame.bytes.to_vec());
            }
            at += frame.bytes.len();
        }
        Replicated { frames, agreed: 0 }
    }

    /// All files of checkpoints in a folder.
    ///
    /// # Errors
    /// [`LedgerError`] if it cannot be read.
    pub fn read_folder(folder: &Path) -> Result<Replicated, LedgerError> {
        let of = |error| LedgerError::of("reading the replicated checkpoints", error);
        let mut all = Replicated::default();
        for entry in std::fs::read_dir(folder).map_err(of)? {
            let path = entry.map_err(of)?.path();
            if path.extension().is_some_and(|ext| ext == EXTENSION) {
                let bytes = std::fs::read(&path).map_err(of)?;
                all.frames.append(&mut Replicated::read(&bytes).frames);
            }
        }
        Ok(all)
    }

    /// Number of the last.
    pub fn last(&self) -> u64 {
        self.frames.keys().next_back().copied().unwrap_or(0)
    }

    pub(super) fn compare(&mut self, number: u64, frame: &[u8]) -> Option<ReplicaFault> {
        let other = self.frames.remove(&number)?;
        if other == frame {
            self.agreed += 1;
            return None;
        }
        Some(ReplicaFault::Differs { number })
    }

    /// Leaves the first `count` checkpoints.
    #[cfg(test)]
    pub(super) fn forget_after(&mut self, count: usize) {
        while self.frames.len() > count {
            self.frames.pop_last();
        }
    }

    pub(super) const fn agreed(&self) -> u64 {
        self.agreed
    }

    /// What is left after comparing: the last that is signed and of this ledger.
    pub(super) fn missing(&self, key: Option<[u8; 32]>, ledger: [u8; 16]) -> Option<ReplicaFault> {
        let of_this = |bytes: &Vec<u8>| {
            let Found::Whole(frame) = look(bytes, 0) else {
                return None;
            };
            let checkpoint = Checkpoint::read(frame.body)?;
            let is_signed = checkpoint.is_signed(&frame.prev)
                && key.is_none_or(|key| key == checkpoint.key)
                && (ledger == [0; 16] || checkpoint.ledger == ledger);
            is_signed.then_some(checkpoint)
        };
        let checkpoint = self.frames.values().rev().find_map(of_this)?;
        Some(ReplicaFault::Ahead {
            number: checkpoint.number,
            last: checkpoint.last,
        })
    }
}

const EXTENSION: &str = "checkpoints";

/// The second place, open for appending.
pub struct Replica {
    path: PathBuf,
    file: Option<FileStorage>,
    known: Replicated,
    sent: u64,
}

impl Replica {
    /// The file of a ledger in a folder, which need not exist yet.
    pub fn of(folder: &Path, ledger: [u8; 16]) -> Replica {
        Replica {
            path: folder.join(format!("{}.{EXTENSION}", hex(&ledger))),
            file: None,
            known: Replicated::default(),
            sent: 0,
        }
    }

    /// Opens the file, cuts a torn end, and compares with the ledger as it is: what the
    /// ledger has and this place has not is sent.
    ///
    /// # Errors
    /// As the medium says.
    pub fn open(&mut self, ledger: &dyn Folder) -> io::Result<Option<ReplicaFault>> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let bytes = match std::fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        self.known = Replicated::read(&bytes);
        let good: usize = self.known.frames.values().map(Vec::len).sum();
        if good < bytes.len() {
            let file = std::fs::OpenOptions::new().write(true).open(&self.path)?;
            file.set_len(good as u64)?;
            file.sync_all()?;
        }
        let mut file = FileStorage::open(&self.path)?;
        let last = self.known.last();
        let held = checkpoints(ledger, last)?;
        let mut fault = None;
        for (number, frame) in &held {
            match self.known.frames.get(number) {
                Some(known) if known != frame => {
                    fault = Some(ReplicaFault::Differs { number: *number });
                }
                Some(_) => {}
                None if *number > last => file.append(frame)?,
                None => {}
            }
        }
        file.sync()?;
        let here = held.keys().next_back().copied().unwrap_or(0);
        self.sent = here.max(last);
        if here < last {
            fault = self.known.missing(None, [0; 16]);
        }
        self.file = Some(file);
        Ok(fault)
    }

    /// Whether it is open.
    pub const fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Appends checkpoints and syncs. After an error the file is closed; open it again.
    ///
    /// # Errors
    /// As the medium says.
    pub fn send(&mut self, frames: &[Vec<u8>]) -> io::Result<()> {
        let result = self.try_send(frames);
        if result.is_err() {
            self.file = None;
        }
        result
    }

    fn try_send(&mut self, frames: &[Vec<u8>]) -> io::Result<()> {
        let file = self
            .file
            .as_mut()
            .ok_or_else(|| io::Error::other("the second place is not open"))?;
        for bytes in frames {
            if let Found::Whole(frame) = look(bytes, 0)
                && let Some(checkpoint) = Checkpoint::read(frame.body)
                && checkpoint.number > self.sent
            {
                file.append(bytes)?;
                self.sent = checkpoint.number;
            }
        }
        file.sync()
    }
}

/// Checkpoints of a ledger, by number, as far back as needed to meet number `known`.
fn checkpoints(folder: &dyn Folder, known: u64) -> io::Result<BTreeMap<u64, Vec<u8>>> {
    let mut numbers: Vec<u64> = folder
        .list()?
        .iter()
        .filter_map(|(name, _)| segment_number(name))
        .collect();
    numbers.sort_unstable();
    let mut held = BTreeMap::new();
    for number in numbers.into_iter().rev() {
        let bytes = folder.read(&segment_name(number))?;
        held.extend(Replicated::frames_of(&bytes));
        if held.keys().next().is_some_and(|first| *first <= known) {
            break;
        }
    }
    Ok(held)
}

impl Replicated {
    fn frames_of(bytes: &[u8]) -> BTreeMap<u64, Vec<u8>> {
        Replicated::read(bytes).frames
    }
}

/// Hash of the last replicated checkpoint, for a person to write down.
pub fn last_hash(replicated: &Replicated) -> Option<Hash> {
    let bytes = replicated.frames.values().next_back()?;
    match look(bytes, 0) {
        Found::Whole(frame) => Some(frame.hash()),
        _ => None,
    }
}
