//! Bytes that stay: recordings, snapshots, the record of commands
#![forbid(unsafe_code)]
