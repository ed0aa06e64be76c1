//! Process models, one folder to a unit, and the [`Plant`] that a world holds.

pub mod equipment;
pub mod r101;

mod plant;

pub use plant::{Model, Plant};
