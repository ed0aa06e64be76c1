//! Process models, one folder to a unit.

pub mod r101;
