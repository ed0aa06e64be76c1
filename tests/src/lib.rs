//! Tests that cross crates, and what they stand on.
//!
//! - [`broken`]: plants that must not load, each with the problems it must show
//!   (`tests/broken/*.toml`),
//! - [`good`]: a small plant that loads, the seed of mutations,
//! - [`matrix_mutants`]: wrong editions of cause-and-effect matrices,
//! - [`mutate`]: damage to texts and bytes, from a seed,
//! - [`fuzz`]: the doors of the system under mutated input, for a given time
//!   (`cargo run -p scanloop-tests --release --bin fuzz -- --help`),
//! - [`trial`]: a whole station with its simulated device, in this process or as a
//!   process of its own.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod broken;
pub mod fuzz;
pub mod good;
pub mod matrix_mutants;
pub mod mutate;
pub mod trial;
