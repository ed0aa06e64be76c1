//! The record of deeds: who did or tried what, when and why. A command is
//! written and synced here before it may enter the scan: no record, no action.
//!
//! The hash chain and signatures of an audit trail come on top of this file; the
//! frames below are already append-only and checked.

use crate::frame::{JournalError, frames, write_frame};
use crate::storage::{FileStorage, Storage};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One deed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// Number within the file, from 1.
    pub number: u64,
    /// When, nanoseconds since 1970.
    pub utc_ns: i64,
    /// `SIM` or `LIVE`.
    pub env: String,
    /// Who: a person, `program`, a scenario.
    pub actor: String,
    /// What kind: `write`, `force`, `unforce`, `edition`, `start`, `refused`, `event`.
    pub what: String,
    /// Tag or other object; may be empty.
    pub subject: String,
    /// Value before.
    pub old: Option<f64>,
    /// Value asked for.
    pub new: Option<f64>,
    /// Why, in the actor's words, or the reason of a refusal.
    pub why: String,
}

/// The record, open for appending.
pub struct Deeds {
    storage: Box<dyn Storage>,
    buffer: Vec<u8>,
    number: u64,
    down: bool,
}

impl Deeds {
    /// Opens the record of a data folder; a torn tail is cut off.
    ///
    /// # Errors
    /// [`JournalError`] if it cannot be read or opened.
    pub fn open(path: &Path) -> Result<Deeds, JournalError> {
        let io = |during| move |error| JournalError::Io { during, error };
        let mut number = 0;
        match std::fs::read(path) {
            Ok(bytes) => {
                let mut frames = frames(&bytes);
                number += frames.by_ref().count() as u64;
                let good = frames.good_bytes() as u64;
                if good < bytes.len() as u64 {
                    let file = std::fs::OpenOptions::new()
                        .write(true)
                        .open(path)
                        .map_err(io("opening the record of deeds"))?;
                    file.set_len(good)
                        .and_then(|()| file.sync_all())
                        .map_err(io("cutting a torn tail"))?;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io("reading the record of deeds")(error)),
        }
        let storage = FileStorage::open(path).map_err(io("opening the record of deeds"))?;
        Ok(Deeds::over(Box::new(storage), number))
    }

    /// A record over any storage, after `number` deeds.
    pub fn over(storage: Box<dyn Storage>, number: u64) -> Deeds {
        Deeds {
            storage,
            buffer: Vec::new(),
            number,
            down: false,
        }
    }

    /// Appends deeds and syncs once; returns only when all of them stay. Numbers
    /// are given here.
    ///
    /// # Errors
    /// [`JournalError`]; the record is then down for good and nothing may be done.
    pub fn record(&mut self, deeds: &mut [Deed]) -> Result<(), JournalError> {
        if self.down {
            return Err(JournalError::Io {
                during: "recording a deed",
                error: std::io::Error::other("the record is down since an earlier failure"),
            });
        }
        let result = self.try_record(deeds);
        self.down = result.is_err();
        result
    }

    fn try_record(&mut self, deeds: &mut [Deed]) -> Result<(), JournalError> {
        for deed in deeds {
            self.number += 1;
            deed.number = self.number;
            write_frame(&mut *self.storage, &mut self.buffer, deed)?;
        }
        self.storage.sync().map_err(|error| JournalError::Io {
            during: "syncing the record of deeds",
            error,
        })
    }

    /// Whether recording has failed.
    pub const fn is_down(&self) -> bool {
        self.down
    }

    /// Reads a record; what follows a torn or damaged frame is left out.
    ///
    /// # Errors
    /// [`JournalError`] if the file cannot be read or a whole frame is no deed.
    pub fn read(path: &Path) -> Result<Vec<Deed>, JournalError> {
        let bytes = std::fs::read(path).map_err(|error| JournalError::Io {
            during: "reading the record of deeds",
            error,
        })?;
        let mut frames = frames(&bytes);
        let mut deeds = Vec::new();
        while let Some(deed) = frames.next_value() {
            deeds.push(deed?);
        }
        Ok(deeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FaultyStorage, MemoryStorage, StorageFault};

    fn deed() -> Deed {
        Deed {
            number: 0,
            utc_ns: 1,
            env: "SIM".into(),
            actor: "operator".into(),
            what: "write".into(),
            subject: "TIC-101.SP".into(),
            old: Some(40.0),
            new: Some(42.0),
            why: String::new(),
        }
    }

    #[test]
    fn after_any_failed_operation_nothing_more_is_acknowledged() {
        for nth in 1..=6 {
            for fault in [StorageFault::Error, StorageFault::Torn] {
                let storage = FaultyStorage::new(MemoryStorage::default(), nth, fault, false);
                let mut record = Deeds::over(Box::new(storage), 0);
                let results: Vec<bool> = (0..4)
                    .map(|_| record.record(&mut [deed()]).is_ok())
                    .collect();
                let good = results.iter().take_while(|ok| **ok).count();
                assert_eq!(good as u64, (nth - 1) / 2);
                assert!(results[good..].iter().all(|ok| !ok));
                assert!(record.is_down());
            }
        }
    }

    #[test]
    fn a_torn_tail_is_cut_and_numbers_go_on() {
        let path = std::env::temp_dir().join(format!("scanloop-{}-deeds.slj", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Deeds::open(&path)
            .unwrap()
            .record(&mut [deed(), deed()])
            .unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&[9, 0, 0, 0, 1, 2]);
        std::fs::write(&path, &bytes).unwrap();
        Deeds::open(&path).unwrap().record(&mut [deed()]).unwrap();
        let numbers: Vec<u64> = Deeds::read(&path)
            .unwrap()
            .iter()
            .map(|deed| deed.number)
            .collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
