//! Process models, one folder to a unit, and the [`Plant`] that a world holds.

pub mod equipment;
pub mod quench;
pub mod r101;
pub mod r102;
pub mod sis;
pub mod stream;
pub mod transfer;
pub mod u100;
pub mod utilities;

mod plant;

pub use plant::{Model, Plant};
