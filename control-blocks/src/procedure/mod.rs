//! Procedures after ISA-88.

pub mod phase;
pub mod phase_states;

pub use phase::Phase;
