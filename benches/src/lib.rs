//! What the measurements share: rounds and medians, the plant text that is measured,
//! the peers written in C.
//!
//! Each measurement is a bench target of its own: `scan`, `wakeup`, `modbus`, `demo`,
//! `ledger`.
//! Ours and the peer run in alternating rounds of one process or one minute, since only
//! their ratio means anything on a machine that others use too.

#![deny(unsafe_code)]

pub mod measure;
#[cfg(c_peer)]
#[allow(unsafe_code)]
pub mod peer;
pub mod text;
pub mod victoria;
