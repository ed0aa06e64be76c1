//! The desk door: directory, snapshots, commands, one interface for all clients
#![forbid(unsafe_code)]
