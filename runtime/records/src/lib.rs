//! Views over the ledger.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
