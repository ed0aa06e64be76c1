//! Process models, one folder to a unit.

pub mod equipment;
pub mod r101;
