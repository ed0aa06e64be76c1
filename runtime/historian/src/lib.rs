//! The store of samples: every tag by exception, with quality and gaps, for years.
//!
//! ```text
//! scans ─> Intake (sequence, gaps, policies) ─> Head (columns in memory) ─> Segment
//!   └────> Log (every scan, synced on demand)      │ sealed each hour       │ merged
//!                                                  └──────> HistoryReader <─┘ each day
//! ```
//!
//! What is promised:
//!
//! - a scan that [`Historian::sync`] acknowledged survives a power cut, and a failed
//!   sync is final for its writer;
//! - a scan that was not given is a [`Loss`] in the answer to the next one and a gap
//!   in history, and nothing is drawn across it;
//! - a raw tag gives back every bit that was given; a swinging door keeps its line
//!   within the deviation of every sample; every change of quality is kept;
//! - order is by the number of the scan; time is a label, and may step back.
//!
//! Reading order: [`spec`], [`frames`], `intake`, `door`, `column`, `block`, `head`,
//! `log`, `segment`, `store`, [`historian`]; then `walk`, [`aggregate`], [`reader`], [`phases`];
//! beside them [`keeper`], [`backup`], [`export`], [`disk`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod aggregate;
pub mod backup;
mod block;
mod bytes;
mod chapter;
mod column;
pub mod disk;
mod door;
pub mod export;
pub mod fault;
pub mod frames;
mod head;
pub mod historian;
mod intake;
pub mod items;
pub mod keeper;
mod log;
pub mod phases;
pub mod reader;
mod segment;
pub mod spec;
mod store;
mod walk;

pub use aggregate::{Aggregate, Bucket, Mark, Window};
pub use backup::{BackupFacts, Report, restore, verify};
pub use fault::HistoryError;
pub use historian::{Historian, Options, Synced};
pub use intake::{Loss, Taken};
pub use items::Items;
pub use keeper::{Keeper, Merged, Removed, Retention, RetentionRule};
pub use phases::Phase;
pub use reader::{HistoryReader, TagFacts};
pub use spec::{Gap, GapKind, Item, Point, Policy, Sample, SourceId, Specs, TagId, TagSpec};
pub use store::Recovery;
