//! The desk, as the gateway defines it: see [`gateway::desk`]. Change the trait there.

pub use gateway::bypass::{Bypass, BypassRule};
pub use gateway::counter::{
    Action, Given, Meaning, People, Person, Second, Secret, SignatureClass, Standing, Token, Wish,
};
pub use gateway::desk::*;
