//! The composition root: threads, wiring, the `scanloop` binary.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
pub mod closed_loop;
pub mod kinds;
pub mod layout;
pub mod ports;
pub mod recorder;
pub mod replay;
pub mod report;
#[allow(unsafe_code)]
pub mod rt;
pub mod scan_thread;
pub mod scenario;
pub mod station_tags;
pub mod witness;
