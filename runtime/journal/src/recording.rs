//! The inlet log of a run: with the plant's text and the initial state it
//! determines every digest.
//!
//! One file is one segment. Each segment stands alone: its header carries the
//! plant's text and the state of every task at its first scan, so that old
//! segments can be deleted (flight recorder) and a changed edition begins a new one.

use crate::frame::{FrameFault, JournalError, frames, write_frame};
use crate::storage::Storage;
use serde::{Deserialize, Serialize};

/// Name and version of the format, first text of every header.
pub const FORMAT: &str = "scanloop-recording-1";

/// How the state in a header came about. It is complete in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartKind {
    /// A cold start.
    Cold,
    /// A warm start.
    Warm,
    /// Taken from the running program.
    Running,
}

/// One task in a header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskHeader {
    /// Name.
    pub name: String,
    /// Period, nanoseconds.
    pub period_ns: u64,
    /// How it began.
    pub start: StartKind,
    /// Words of state before the first recorded scan.
    pub state: Vec<u64>,
}

/// The first frame of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// `SIM` or `LIVE`.
    pub env: String,
    /// When it began, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Number of the edition.
    pub edition: u64,
    /// Fingerprint of the plant's text.
    pub plant_digest: u64,
    /// The plant's text: (file, text).
    pub sources: Vec<(String, String)>,
    /// Tasks in the order of the plant.
    pub tasks: Vec<TaskHeader>,
}

/// One thing that entered a scan. Numbers as in the scan kernel's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordedEntry {
    /// A source brought a frame.
    #[serde(rename = "s")]
    Frame(u16),
    /// A tag of a source: slot, bits, quality.
    #[serde(rename = "f")]
    Field(u32, u64, u16),
    /// A command to the door: slot, bits.
    #[serde(rename = "w")]
    Write(u32, u64),
    /// A command to a block: slot, bits.
    #[serde(rename = "r")]
    Request(u32, u64),
    /// A forced tag: slot, bits.
    #[serde(rename = "o")]
    Force(u32, u64),
    /// A released tag.
    #[serde(rename = "u")]
    Unforce(u32),
}

/// One scan of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedScan {
    /// Task, by its place in the header.
    #[serde(rename = "t")]
    pub task: u16,
    /// Number of the scan.
    #[serde(rename = "i")]
    pub index: u64,
    /// Grid time, nanoseconds since 1970.
    #[serde(rename = "z")]
    pub utc_ns: i64,
    /// Whole periods since the last scan.
    #[serde(rename = "n")]
    pub elapsed: u32,
    /// What entered.
    #[serde(rename = "e")]
    pub entries: Vec<RecordedEntry>,
    /// Digest of the image after the scan.
    #[serde(rename = "d")]
    pub digest: u64,
}

/// Writes one segment.
pub struct RecordingWriter<S> {
    storage: S,
    buffer: Vec<u8>,
    /// Scans not yet written.
    batch: Vec<RecordedScan>,
    bytes: u64,
}

impl<S: Storage> RecordingWriter<S> {
    /// Begins a segment.
    ///
    /// # Errors
    /// [`JournalError`] if the header cannot be written.
    pub fn begin(mut storage: S, header: &Header) -> Result<RecordingWriter<S>, JournalError> {
        let mut buffer = Vec::new();
        write_frame(&mut storage, &mut buffer, header)?;
        let bytes = buffer.len() as u64;
        Ok(RecordingWriter {
            storage,
            buffer,
            batch: Vec::new(),
            bytes,
        })
    }

    /// Takes a scan; it is written with the next [`RecordingWriter::flush`].
    pub fn push(&mut self, scan: RecordedScan) {
        self.batch.push(scan);
    }

    /// Scans waiting for a flush.
    pub fn waiting(&self) -> usize {
        self.batch.len()
    }

    /// Bytes written.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes what waits, as one frame.
    ///
    /// # Errors
    /// [`JournalError`]; the waiting scans are dropped then, and the segment ends.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let result = write_frame(&mut self.storage, &mut self.buffer, &self.batch);
        self.bytes += self.buffer.len() as u64;
        self.batch.clear();
        result
    }

    /// Flushes, syncs and gives the storage back.
    ///
    /// # Errors
    /// [`JournalError`] if the last bytes cannot be made to stay.
    pub fn end(mut self) -> Result<S, JournalError> {
        self.flush()?;
        self.storage.sync().map_err(|error| JournalError::Io {
            during: "syncing a recording",
            error,
        })?;
        Ok(self.storage)
    }
}

/// A recording in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its header.
    pub header: Header,
    /// Its scans, as written.
    pub scans: Vec<RecordedScan>,
    /// Why reading stopped before the end of the file, if it did.
    pub fault: Option<FrameFault>,
}

impl Recording {
    /// Reads a segment.
    ///
    /// # Errors
    /// [`JournalError`] if it is no recording. A torn or damaged tail is no error:
    /// see [`Recording::fault`].
    pub fn read(bytes: &[u8]) -> Result<Recording, JournalError> {
        let mut frames = frames(bytes);
        let expected = || format!("a recording of format {FORMAT}");
        let header: Header = match frames.next_value() {
            Some(Ok(header)) => header,
            Some(Err(error)) => {
                return Err(JournalError::Format {
                    found: error.to_string(),
                    expected: expected(),
                });
            }
            None => {
                return Err(JournalError::Format {
                    found: match frames.fault() {
                        Some(fault) => fault.to_string(),
                        None => "an empty file".to_string(),
                    },
                    expected: expected(),
                });
            }
        };
        if header.format != FORMAT {
            return Err(JournalError::Format {
                found: header.format,
                expected: expected(),
            });
        }
        let mut scans = Vec::new();
        while let Some(batch) = frames.next_value::<Vec<RecordedScan>>() {
            scans.extend(batch?);
        }
        Ok(Recording {
            header,
            scans,
            fault: frames.fault().cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    fn header() -> Header {
        Header {
            format: FORMAT.into(),
            program: "0".into(),
            env: "SIM".into(),
            utc_ns: 0,
            edition: 1,
            plant_digest: 7,
            sources: vec![("plant.toml".into(), String::new())],
            tasks: vec![TaskHeader {
                name: "fast".into(),
                period_ns: 100_000_000,
                start: StartKind::Cold,
                state: vec![],
            }],
        }
    }

    fn scan(index: u64) -> RecordedScan {
        RecordedScan {
            task: 0,
            index,
            utc_ns: index as i64,
            elapsed: 1,
            entries: vec![
                RecordedEntry::Frame(0),
                RecordedEntry::Field(3, f64::to_bits(1.5), 0),
                RecordedEntry::Request(9, 1),
            ],
            digest: index * 3,
        }
    }

    fn recorded() -> Vec<u8> {
        let mut writer = RecordingWriter::begin(MemoryStorage::default(), &header()).unwrap();
        for index in 1..=10 {
            writer.push(scan(index));
            if index % 3 == 0 {
                writer.flush().unwrap();
            }
        }
        writer.end().unwrap().bytes
    }

    #[test]
    fn a_recording_reads_back() {
        let recording = Recording::read(&recorded()).unwrap();
        assert_eq!(recording.header, header());
        assert_eq!(recording.scans, (1..=10).map(scan).collect::<Vec<_>>());
        assert_eq!(recording.fault, None);
    }

    #[test]
    fn a_torn_tail_keeps_whole_batches_and_is_told() {
        let bytes = recorded();
        let recording = Recording::read(&bytes[..bytes.len() - 3]).unwrap();
        assert_eq!(recording.scans.len(), 9);
        assert!(matches!(recording.fault, Some(FrameFault::Torn { .. })));
    }

    #[test]
    fn anything_else_is_no_recording() {
        for bytes in [&b""[..], b"hello", &[0; 64], &[255; 64]] {
            assert!(matches!(
                Recording::read(bytes),
                Err(JournalError::Format { .. })
            ));
        }
    }
}
