//! The state of all programs at one moment, for a warm start.
//!
//! Written beside the old one, synced, renamed over it, folder synced: at any
//! moment one whole snapshot is there, or none.

use crate::frame::{JournalError, frames, write_frame};
use crate::storage::{FileStorage, Storage, sync_folder};
use core::fmt;
use serde::{Deserialize, Serialize};
use signal::Utc;
use std::fs;
use std::path::Path;

const FORMAT: &str = "scanloop-snapshot-1";

/// State of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskState {
    /// Name.
    pub name: String,
    /// Scan after which it was taken.
    pub scan: u64,
    /// Words of the program.
    pub words: Vec<u64>,
}

/// State of a station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    format: String,
    /// `SIM` or `LIVE`.
    pub env: String,
    /// When, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Fingerprint of the plant's text.
    pub plant_digest: u64,
    /// Tasks in the order of the plant.
    pub tasks: Vec<TaskState>,
}

/// Why a snapshot is not taken for a warm start.
#[derive(Debug)]
pub enum SnapshotRefusal {
    /// There is none.
    Absent,
    /// It is torn, damaged, or of another format.
    Unreadable {
        /// How.
        message: String,
    },
    /// It belongs to another environment.
    Environment {
        /// Of the snapshot.
        found: String,
    },
    /// It belongs to another text of the plant.
    OtherPlant,
    /// It is older than permitted.
    TooOld {
        /// Its age in seconds.
        age_s: f64,
        /// The oldest permitted.
        max_s: f64,
    },
    /// It is from the future: the clock was set back.
    Future {
        /// By how many seconds.
        by_s: f64,
    },
}

impl fmt::Display for SnapshotRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotRefusal::Absent => write!(f, "there is no snapshot"),
            SnapshotRefusal::Unreadable { message } => write!(f, "snapshot unreadable: {message}"),
            SnapshotRefusal::Environment { found } => write!(f, "snapshot is of a {found} run"),
            SnapshotRefusal::OtherPlant => write!(f, "snapshot is of another text of the plant"),
            SnapshotRefusal::TooOld { age_s, max_s } => {
                write!(f, "snapshot is {age_s:.1} s old, at most {max_s:.1} s")
            }
            SnapshotRefusal::Future { by_s } => {
                write!(f, "snapshot is {by_s:.1} s from the future")
            }
        }
    }
}
impl std::error::Error for SnapshotRefusal {}

impl Snapshot {
    /// A snapshot of these states.
    pub fn new(env: &str, utc: Utc, plant_digest: u64, tasks: Vec<TaskState>) -> Snapshot {
        Snapshot {
            format: FORMAT.into(),
            env: env.into(),
            utc_ns: utc.ns(),
            plant_digest,
            tasks,
        }
    }

    /// Replaces the snapshot at `path`.
    ///
    /// # Errors
    /// [`JournalError`]; the old snapshot is then still there.
    pub fn write(&self, path: &Path) -> Result<(), JournalError> {
        let io = |during| move |error| JournalError::Io { during, error };
        let beside = path.with_extension("new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("removing an unfinished snapshot")(error));
            }
            _ => {}
        }
        let mut storage = FileStorage::open(&beside).map_err(io("opening a snapshot"))?;
        write_frame(&mut storage, &mut Vec::new(), self)?;
        storage.sync().map_err(io("syncing a snapshot"))?;
        fs::rename(&beside, path).map_err(io("putting a snapshot in place"))?;
        sync_folder(path).map_err(io("syncing the snapshot's folder"))
    }

    /// The snapshot at `path`, if it may be used now.
    ///
    /// # Errors
    /// [`SnapshotRefusal`]: why not. A cold start follows.
    pub fn read(
        path: &Path,
        env: &str,
        plant_digest: u64,
        now: Utc,
        age_s_max: f64,
    ) -> Result<Snapshot, SnapshotRefusal> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SnapshotRefusal::Absent);
            }
            Err(error) => {
                return Err(SnapshotRefusal::Unreadable {
                    message: error.to_string(),
                });
            }
        };
        let mut frames = frames(&bytes);
        let snapshot: Snapshot = match frames.next_value() {
            Some(Ok(snapshot)) => snapshot,
            Some(Err(error)) => {
                return Err(SnapshotRefusal::Unreadable {
                    message: error.to_string(),
                });
            }
            None => {
                return Err(SnapshotRefusal::Unreadable {
                    message: frames
                        .fault()
                        .map_or_else(|| "empty".to_string(), ToString::to_string),
                });
            }
        };
        if snapshot.format != FORMAT {
            return Err(SnapshotRefusal::Unreadable {
                message: format!("format {}", snapshot.format),
            });
        }
        if snapshot.env != env {
            return Err(SnapshotRefusal::Environment {
                found: snapshot.env,
            });
        }
        if snapshot.plant_digest != plant_digest {
            return Err(SnapshotRefusal::OtherPlant);
        }
        let age_s = (now.ns() - snapshot.utc_ns) as f64 * 1e-9;
        if age_s > age_s_max {
            return Err(SnapshotRefusal::TooOld {
                age_s,
                max_s: age_s_max,
            });
        }
        if age_s < -1.0 {
            return Err(SnapshotRefusal::Future { by_s: -age_s });
        }
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("scanloop-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path.join("state.slstate")
    }

    fn snapshot() -> Snapshot {
        let task = TaskState {
            name: "fast".into(),
            scan: 9,
            words: vec![1, 2, u64::MAX],
        };
        Snapshot::new("SIM", Utc(10_000_000_000), 77, vec![task])
    }

    #[test]
    fn a_fresh_snapshot_of_the_same_plant_is_taken() {
        let path = folder("fresh");
        snapshot().write(&path).unwrap();
        snapshot().write(&path).unwrap();
        let read = Snapshot::read(&path, "SIM", 77, Utc(11_000_000_000), 600.0).unwrap();
        assert_eq!(read, snapshot());
    }

    #[test]
    fn every_other_snapshot_is_refused_with_its_reason() {
        let path = folder("refused");
        snapshot().write(&path).unwrap();
        let read = |env, digest, now, age| Snapshot::read(&path, env, digest, Utc(now), age);
        let second = 1_000_000_000;
        assert!(matches!(
            read("LIVE", 77, 11 * second, 600.0),
            Err(SnapshotRefusal::Environment { .. })
        ));
        assert!(matches!(
            read("SIM", 78, 11 * second, 600.0),
            Err(SnapshotRefusal::OtherPlant)
        ));
        assert!(matches!(
            read("SIM", 77, 700 * second, 600.0),
            Err(SnapshotRefusal::TooOld { .. })
        ));
        assert!(matches!(
            read("SIM", 77, 5 * second, 600.0),
            Err(SnapshotRefusal::Future { .. })
        ));
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            assert!(read("SIM", 77, 11 * second, 600.0).is_err(), "byte {at}");
            fs::write(&path, &bytes[..at]).unwrap();
            assert!(read("SIM", 77, 11 * second, 600.0).is_err(), "cut {at}");
        }
    }
}
