//! The desk, as the gateway defines it: see [`gateway::desk`]. Change the trait there.

pub use gateway::desk::*;
