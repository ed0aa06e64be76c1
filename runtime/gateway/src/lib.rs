//! The desk door: directory, snapshots, commands, trends, one interface for all
//! clients. Everything behind it is a message, so that the desk side can become a
//! process of its own without touching the core.
//!
//! ```text
//!  pump ── snapshot, history, timing, health, events ──> Hub ──> Desk ──> clients
//!  clerk <────────────── orders (bounded) ────────────── Hub <── Desk <── clients
//! ```
//!
//! - [`desk`]: the trait, and the nouns of the running plant,
//! - [`counter`]: where people show who they are, and sign,
//! - [`alarms`]: the nouns of alarms and records,
//! - [`bypass`]: what a bypass is bound to, and those that stand,
//! - [`equipment`]: units, blocks and matrices behind the tags,
//! - [`hub`]: the desk in memory,
//! - [`history`]: the recent past for trends,
//! - [`simulator`]: the simulated process as an instructor sees it,
//! - [`order`]: what the desk asks of the station,
//! - [`parts`]: which parts of the station work.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod alarms;
pub mod bypass;
pub mod counter;
pub mod desk;
pub mod equipment;
pub mod history;
pub mod hub;
pub mod order;
pub mod parts;
pub mod simulator;

pub use counter::{Areas, Counter, People, Person, Wish};
pub use desk::Desk;
pub use history::History;
pub use hub::Hub;
pub use order::{Answer, Ask, Order};
