//! Things that are done step by step.

pub mod dose;

pub use dose::Dose;
