//! Bytes that stay.
//!
//! Everything but the ledger is written as frames: length, CRC-32, CBOR. A reader stops
//! at the first frame that is torn or wrong and says where; whatever came before it holds.
//!
//! - [`frame`]: the frames themselves, over the [`storage::Storage`] seam,
//! - [`recording`]: the inlet log of a run, from which it replays bit for bit,
//! - [`snapshot`]: the state of all programs, for a warm start,
//! - [`ledger`]: who did what, written and synced before it is done; chained, signed,
//!   and verified by anybody on a copy.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod frame;
pub mod ledger;
pub mod recording;
pub mod snapshot;
pub mod storage;

pub use frame::{FrameFault, Frames, JournalError, frames, write_frame};
pub use ledger::{Ledger, LedgerError};
pub use recording::{
    Header, RecordedEntry, RecordedScan, Recording, RecordingWriter, StartKind, TaskHeader,
};
pub use snapshot::{Snapshot, SnapshotRefusal, TaskState};
pub use storage::{FaultyStorage, FileStorage, MemoryStorage, Storage, StorageFault, replace_file};
