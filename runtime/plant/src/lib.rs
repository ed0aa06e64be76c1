//! What the engineer wrote: TOML text to linked programs.
//!
//! ```text
//! folder ─> Sources ─> Tree (spans kept) ─> Draft (typed) ─> Plant (tasks as link
//! inputs) ─> LinkedPlant (programs)
//! ```
//!
//! Each step consumes the former and collects all problems it can see; nothing
//! runs unless there is none. Reading order: [`source`], [`tree`], [`draft`],
//! [`resolve`], [`plant`]; beside them [`diagnostic`] and [`codes`];
//! [`compare`] says what differs between two plants.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod alarms;
pub mod cause_effect;
pub mod codes;
pub mod compare;
pub mod diagnostic;
pub mod draft;
mod explain;
pub mod history;
pub mod names;
pub mod notifications;
mod ownership;
pub(crate) mod people;
pub mod plant;
pub mod processes;
pub mod resolve;
pub mod scripts;
pub mod servers;
pub mod source;
pub mod supervised;
pub mod tree;
pub mod words;

pub use crate::people::{DoorDraft, PeopleDraft};
pub use alarms::AlarmDraft;
pub use cause_effect::MatrixDraft;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use draft::{BlockDraft, DriverDraft, PointDraft, TagDraft, TaskDraft, Words};
pub use explain::explain_problem;
pub use history::{HistorianDraft, HistoryPolicy, HistoryRule};
pub use plant::{LinkedPlant, LinkedTask, Plant, load, load_sources};
pub use resolve::{DriverCheck, DriverKinds, KeyProblem, NoDrivers, PointFacts};
pub use scripts::{ScriptDraft, ScriptProblem};
pub use servers::{ServerCheck, ServerDraft, ServerPoint, ServerPointDraft, ServerPointProblem};
pub use source::{Origin, Sources};
