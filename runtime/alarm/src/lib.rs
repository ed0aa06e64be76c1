//! Alarms after ISA-18.2 / IEC 62682 / GB/T 41261: what they mean, how they live, and
//! the book of all alarms of a plant.
//!
//! ```text
//! scan ── edges of Bool tags ──> Book ──> Transition (the caller writes it down)
//! people ── Action ────────────>  │ ───> Row (what a page shows)
//! time ── tick ────────────────>  │ ───> Saved (what survives a restart)
//! ```
//!
//! Detection is a block of the scan: *an alarm is a Bool tag with a record of its
//! rationalisation*. What people do with it afterwards (acknowledge, shelve) never
//! enters the scan. Nothing here knows a clock: time is an argument.
//!
//! Reading order: [`state`], [`class`], [`priority`], [`rationale`], [`transition`],
//! [`book`], [`list`], [`saved`]; beside them [`flood`], [`kpi`], [`drift`], [`database`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod act;
pub mod book;
pub mod class;
pub mod database;
pub mod drift;
pub mod flood;
pub mod kpi;
pub mod list;
pub mod priority;
pub mod rationale;
mod replay;
pub mod saved;
pub mod state;
mod suppression;
pub mod transition;

pub use act::{Action, AlarmRefusal};
pub use book::{Book, Edge, Settings, Shelf};
pub use class::{Class, Policies, Policy};
pub use flood::{Flood, FloodChange};
pub use list::{Counts, Filter, Row, Sort, View};
pub use priority::{Priority, PriorityMatrix, ResponseTime, Severity};
pub use rationale::{
    AlarmKind, Approval, LIMIT_MODES_MAX, Mode, Rationale, STATION_CONDITIONS, Severities, When,
    Words,
};
pub use saved::{Restored, Saved};
pub use state::{Event, Facts, State, next};
pub use transition::{AlarmIndex, Outbox, Stamp, Transition, Who};
