//! The thin operator interface
#![forbid(unsafe_code)]
