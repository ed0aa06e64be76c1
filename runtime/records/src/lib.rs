//! Views over the ledger: to search it, page through it, copy it out.
//!
//! The ledger is the truth. The index is made from it, may be thrown away at any time,
//! and is the same when it is made again.
//!
//! - [`query`]: what is asked,
//! - [`index`]: the SQLite index, which follows the ledger,
//! - [`paper`]: records as CSV, JSON and text,
//! - [`instant`]: instants as people write them.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod index;
pub mod instant;
pub mod paper;
pub mod query;

pub use index::{Index, RecordsError};
pub use instant::parse_instant;
pub use query::{Page, Query};
