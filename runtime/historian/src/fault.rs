//! What may go wrong.

use std::io;
use thiserror::Error;

/// Why the historian could not do what was asked.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The file system says no.
    #[error("{file}: {error}")]
    Disk {
        /// File or folder.
        file: String,
        /// What it says.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{file}: {what}")]
    Damaged {
        /// File.
        file: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A write or a sync failed before. What this writer took since the last good
    /// sync may not stay; drop it and open the folder anew.
    #[error("an earlier write failed: close, open again and go on from what is kept")]
    Failed,
    /// No such tag is known.
    #[error("no history of {name}")]
    UnknownTag {
        /// As asked.
        name: String,
    },
    /// A source outside the list.
    #[error("there is no source {source_index}")]
    UnknownSource {
        /// As given.
        source_index: u16,
    },
    /// A question or a list that makes no sense.
    #[error("{what}")]
    Refused {
        /// Why.
        what: String,
    },
}

impl HistoryError {
    pub(crate) fn disk(file: impl Into<String>) -> impl FnOnce(io::Error) -> HistoryError {
        let file = file.into();
        move |error| HistoryError::Disk { file, error }
    }

    pub(crate) fn damaged(file: &str, what: &'static str) -> HistoryError {
        HistoryError::Damaged {
            file: file.to_string(),
            what,
        }
    }
}
