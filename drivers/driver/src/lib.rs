//! The field door: the driver trait, frames, health, conformance kit
#![forbid(unsafe_code)]
