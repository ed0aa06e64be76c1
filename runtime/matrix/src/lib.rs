//! The cause-and-effect matrix as data: what the engineer wrote, without places in
//! text and without blocks.
//!
//! Plant text is read into a [`Matrix`]; the same matrix is elaborated into blocks of
//! the protect stage, is proved here, and is the oracle of the exhaustive test. So the
//! three can only agree by being right.
//!
//! Conventions: rows are causes, columns effects; a cell is a list of [`Symbol`]s
//! (IEC 62881 cause and effect matrix; symbols as in [`Symbol::parse`]).
//!
//! This is logic of a BPCS: no function described here may be credited as a safety
//! instrumented function.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod model;
pub mod proof;
pub mod vote;

pub use model::{
    Action, BypassRules, Cause, Channel, Class, Degrade, Effect, EffectKind, Hazard, Matrix, OnBad,
    Permissive, Priority, ResetGroup, Symbol, Test, Words,
};
pub use proof::{Facts, Report, prove};
