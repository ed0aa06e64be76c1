//! The simulated plant behind the same drivers.
//!
//! A [`World`] holds one unit (the semi-batch reactor R-101 of the demo
//! plant), the field devices around it, and the four Modbus tables through
//! which a controller sees both. It has no clock and no thread: time enters as
//! an argument of [`World::step`]. The same configuration, seed, register
//! writes and faults give the same bits on every platform.
//!
//! ```text
//!  coils, holding ──► watchdog ──► valves, drives ──► balances (RK4) ──► transmitters ──► discrete, input
//!                                       ▲                  ▲                   ▲
//!                                       └───────────── faults ─────────────────┘
//! ```
//!
//! Reading order: [`image`] (the register map), [`world`], [`models::r101`]
//! (the equations), [`devices`], [`faults`], [`cases`] (the design-basis
//! cases), [`serve`] (the same world behind Modbus TCP).
//!
//! Deliberately absent: wall-clock time outside [`serve`], control logic
//! outside [`cases`], and any claim that the chemistry is a real substance's;
//! the numbers are the design basis of the demo unit.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod actions;
pub mod cases;
pub mod devices;
pub mod faults;
pub mod image;
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
