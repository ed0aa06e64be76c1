//! The ledger: an audit trail that proves itself.
//!
//! Entries stand in segments, one frame each ([`chain`]). Every frame carries the hash of
//! the frame before, so that nothing can be changed, left out or moved without changing
//! all that follows; a signed checkpoint ([`checkpoint`]) every so many entries and
//! seconds says what the last hash was, and is copied to a second place ([`replica`]).
//!
//! - [`entry`]: what is recorded,
//! - [`book`]: the open ledger: append, checkpoint, recover,
//! - [`verify`](fn@verify): what a reviewer runs on a copy,
//! - [`read`]: entries, for whoever looks for one,
//! - [`folder`], [`twin`]: the disk, and its wicked twin for tests.
//!
//! What is acknowledged survives a power cut: it is written and synced before. Space is
//! reserved ahead, so that the trail goes on for a while on a full disk. A write or sync
//! that fails is final for its file: the ledger is down, nothing more is acknowledged, and
//! [`Ledger::reopen`] goes on in a new segment from the last acknowledged entry.
//!
//! # What can be found out
//!
//! | done to a copy | found by |
//! | --- | --- |
//! | a byte changed, cut out or put in; records swapped, left out, repeated | the chain, without any key |
//! | the chain computed anew after a change | the next checkpoint's signature, with the public key |
//! | the end cut off before the last replicated checkpoint, the whole replaced by an older copy | the replicated checkpoints |
//! | entries after the last checkpoint changed and chained anew, or cut off at a border | nothing: [`Report::unsigned`] says how many these are |
//! | everything, by somebody with the signing key | the replicated checkpoints, if the place is out of reach of that person |
//!
//! The window of the fourth row is bounded by [`Settings::every_entries`] and
//! [`Settings::every_ns`], and by the time that a checkpoint needs to the second place.

pub mod book;
pub mod chain;
pub mod checkpoint;
pub mod entry;
pub mod folder;
pub mod hash;
pub mod keys;
pub mod read;
mod recover;
pub mod replica;
pub mod twin;
pub mod verify;

pub use book::{Ledger, Settings};
pub use checkpoint::{Checkpoint, fingerprint};
pub use ed25519_dalek::SigningKey;
pub use entry::{Actor, ActorKind, Class, Entry, Value};
pub use folder::{DiskFolder, Folder};
pub use replica::{Replica, ReplicaFault};
pub use twin::{DiskFault, MemoryDisk};
pub use verify::{Fault, Finding, Report, verify};

use core::fmt;
use std::io;
use std::path::PathBuf;

/// Why something was not recorded, or could not be read.
#[derive(Debug)]
pub enum LedgerError {
    /// An earlier write or sync failed; reopen.
    Down {
        /// What failed then.
        since: String,
    },
    /// No space, and what was reserved is used up.
    Full {
        /// What was tried.
        during: &'static str,
        /// What the medium said.
        error: io::Error,
    },
    /// The file system does not take writes.
    ReadOnly {
        /// What was tried.
        during: &'static str,
        /// What the medium said.
        error: io::Error,
    },
    /// The medium failed otherwise.
    Io {
        /// What was tried.
        during: &'static str,
        /// What the medium said.
        error: io::Error,
    },
    /// An entry is too long; nothing of its batch was recorded, the ledger goes on.
    TooLong {
        /// Bytes of the entry.
        bytes: usize,
        /// Bytes that it may have.
        most: usize,
    },
    /// An entry cannot be encoded or decoded.
    Encoding {
        /// The encoder's words.
        message: String,
    },
    /// The folder holds something else, or another version of the format.
    Format {
        /// Which file.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A key cannot be used.
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl LedgerError {
    /// The error of the medium by its kind.
    pub fn of(during: &'static str, error: io::Error) -> LedgerError {
        if folder::is_full(&error) {
            LedgerError::Full { during, error }
        } else if matches!(
            error.kind(),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied
        ) {
            LedgerError::ReadOnly { during, error }
        } else {
            LedgerError::Io { during, error }
        }
    }

    /// One word for the kind.
    pub const fn word(&self) -> &'static str {
        match self {
            LedgerError::Down { .. } => "down",
            LedgerError::Full { .. } => "disk full",
            LedgerError::ReadOnly { .. } => "read-only",
            LedgerError::Io { .. } => "device",
            LedgerError::TooLong { .. } => "too long",
            LedgerError::Encoding { .. } => "encoding",
            LedgerError::Format { .. } => "format",
            LedgerError::Key { .. } => "key",
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::Down { since } => write!(f, "the ledger is down since: {since}"),
            LedgerError::Full { during, error } => write!(f, "disk full while {during}: {error}"),
            LedgerError::ReadOnly { during, error } => {
                write!(f, "read-only medium while {during}: {error}")
            }
            LedgerError::Io { during, error } => write!(f, "{during}: {error}"),
            LedgerError::TooLong { bytes, most } => {
                write!(f, "an entry of {bytes} bytes, at most {most}")
            }
            LedgerError::Encoding { message } => write!(f, "an entry's text: {message}"),
            LedgerError::Format { name, message } => write!(f, "{name}: {message}"),
            LedgerError::Key { path, message } => write!(f, "key {}: {message}", path.display()),
        }
    }
}
impl std::error::Error for LedgerError {}

/// Name of a segment.
pub fn segment_name(number: u64) -> String {
    format!("{number:08}.ledger")
}

/// Number of a segment's name.
pub fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".ledger")?;
    let number = digits.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

#[cfg(test)]
mod tests;
