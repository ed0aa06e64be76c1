//! How signals flow: the process image, pins with one writer, blocks linked into
//! stages, the program of a task, and the one door through which everything
//! enters it.
//!
//! ```text
//!  field frames ─┐                                                ┌─ output slots ─> drivers
//!  commands ─────┼─> Door ─> Image ─> condition ─> logic ─> protect ─> Outlet ─> snapshot
//!  other tasks ──┘     │                                          └─ digest ─┐
//!                      └───────────────> Witness (recorder) <────────────────┘
//! ```
//!
//! The file to open first is [`task`]: [`task::Task::scan`] is the architecture.
//! Then [`image`], [`pins`], [`block`], [`wiring`], [`link`], [`program`],
//! [`transfer`].
//!
//! This crate has no thread, no socket, no clock and, after linking, no allocation.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod bank;
pub mod block;
pub mod clock;
pub mod door;
pub mod image;
pub mod link;
pub mod pins;
pub mod problem;
pub mod program;
mod sort;
pub mod state;
pub mod task;
pub mod transfer;
pub mod wiring;

pub use block::{Block, BlockKind, KindEntry, Registry, Stage, Start};
pub use clock::{Scan, ScanClock, SimClock};
pub use door::{Door, Entry, NoWitness, Witness};
pub use image::{Image, Slot};
pub use link::{
    BlockDecl, Giver, LinkInput, Linked, SourceDecl, TagDecl, TagEntry, TagOrigin, Writable, link,
};
pub use pins::{Input, LiveSetting, Output, OutputPin, Request, Setting, Status};
pub use problem::{Place, Problem, ProblemKind};
pub use program::Program;
pub use state::{StateMismatch, StateReader, StateWriter};
pub use task::{Inlet, Outlet, Task};
pub use transfer::{TransferPlan, TransferRefusal};
pub use wiring::{Config, Value, Wiring};
