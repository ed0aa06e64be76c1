//! The composition root: threads, wiring, the `scanloop` binary.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod alarm_desk;
pub mod alarms;
pub mod annunciator;
pub mod archive;
pub mod audit;
pub mod backup;
pub mod bypass;
pub mod change;
pub mod chronicle;
pub mod clerk;
pub mod clock;
pub mod clock_watch;
pub mod closed_loop;
mod closed_scripts;
pub mod comparer;
pub mod counter;
pub mod directory;
pub mod engine;
pub mod equipment;
pub mod exchange;
pub mod feed;
pub mod figures;
pub mod history_writer;
pub mod kinds;
pub mod layout;
pub mod ledger_sender;
pub mod lint;
pub mod matrix_test;
pub mod messages;
pub mod north;
pub mod notes;
pub mod overruns;
pub mod pace;
pub mod play;
pub mod ports;
pub mod processes;
pub mod prove;
pub mod pump;
pub mod recorder;
pub mod records_desk;
pub mod replay;
pub mod report;
pub mod response;
pub mod ring;
#[allow(unsafe_code)]
pub mod rt;
pub mod run;
pub mod scan_thread;
pub mod scenario;
pub mod second_place;
pub mod simulator;
pub mod snapshots;
pub mod standstill;
pub mod station_tags;
pub mod supervision;
pub mod tags_csv;
pub mod trend;
pub mod understudy;
pub mod users;
pub mod witness;
