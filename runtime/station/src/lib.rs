//! The composition root: threads, wiring, the `scanloop` binary.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod audit;
pub mod change;
pub mod clerk;
pub mod clock;
pub mod closed_loop;
pub mod directory;
pub mod engine;
pub mod kinds;
pub mod layout;
pub mod ledger_sender;
pub mod lint;
pub mod matrix_test;
pub mod north;
pub mod play;
pub mod ports;
pub mod processes;
pub mod prove;
pub mod pump;
pub mod recorder;
pub mod replay;
pub mod report;
#[allow(unsafe_code)]
pub mod rt;
pub mod run;
pub mod scan_thread;
pub mod scenario;
pub mod second_place;
pub mod station_tags;
pub mod supervision;
pub mod tags_csv;
pub mod witness;
