//! The whole of plant 1: both I/O stations, all units and what joins them.

mod bench;
mod books;
mod faults;
mod field;
mod hydrogenation;
mod inerting;
mod protection;
mod transfer;
