//! The simulated plant behind the same drivers
#![forbid(unsafe_code)]
