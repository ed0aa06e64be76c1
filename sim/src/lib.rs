//! The simulated plant behind the same drivers.
//!
//! A [`World`] holds a plant, the field devices around it, and the four Modbus
//! tables of each I/O station through which a controller sees both. The plant is
//! one of the [`Model`]s: the semi-batch reactor R-101 alone, or the whole of
//! plant 1. It has no clock and no thread: time enters as
//! an argument of [`World::step`]. The same configuration, seed, register
//! writes, faults and actions give the same bits on every platform.
//!
//! ```text
//!  coils, holding ──► watchdog ──► valves, drives ──► balances (RK4) ──► transmitters ──► discrete, input
//!                                       ▲                  ▲                   ▲
//!                                       ├───────────── faults ─────────────────┘
//!                                       └─ actions ────────┘
//! ```
//!
//! Reading order: [`image`] (registers), [`world`], [`station`], [`models::r101`]
//! and [`models::r102`] (the equations), [`models::u100`] (what joins the units,
//! and the register map), [`devices`], [`faults`], [`mod@actions`], [`cases`] (the
//! design-basis cases of R-101), [`serve`] (the same world behind Modbus TCP).
//!
//! Deliberately absent: wall-clock time outside [`serve`], control logic
//! outside [`cases`], and any claim that the chemistry is a real substance's;
//! the numbers are the design basis of the demo plant. The SIS of
//! [`models::sis`] is a model for training and no safety function.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod actions;
pub mod cases;
pub mod devices;
pub mod faults;
pub mod image;
mod kept;
pub mod models;
pub mod random;
pub mod serve;
pub mod station;
pub mod world;

pub use actions::{Action, ActionEntry, ActionError, actions};
pub use faults::{Fault, FaultError, library, plant_library};
pub use image::Tables;
pub use models::Model;
pub use world::{World, WorldConfig};
