//! People: who they are, what they may do, and what their signature is.
//!
//! ```text
//!  plant text ──> Rules ─┐
//!  people.json ─> User ──┼─> judge ──> Need (signature class) or Denied (why)
//!  clock ───────> Now ───┘
//! ```
//!
//! The judgement is pure and time is passed in. The [`Office`] adds what must be
//! remembered: sessions, failures, and the file. Nothing here knows of HTTP, and
//! nothing here writes the audit trail: each denial is a value that names its reason,
//! for whoever keeps the record.
//!
//! Sources of the requirements: 21 CFR 11.10(d)(g), 11.50, 11.70, 11.100, 11.200,
//! 11.300; EU GMP Annex 11 (2011) points 7, 9, 12 and 14; IEC 62443-3-3 SR 1 and 2.
//!
//! Reading order: [`rights`], [`judge`](mod@judge), [`user`], [`password`], [`session`],
//! [`signature`], [`office`]; beside them [`denied`], [`store`], [`register`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod denied;
pub mod judge;
pub mod office;
pub mod password;
pub mod register;
pub mod rights;
pub mod session;
pub mod signature;
pub mod store;
pub mod token;
pub mod user;

pub use denied::{Denied, Why};
pub use judge::{Need, Question, judge};
pub use office::{Identity, LocalPasswords, Office, SignedIn, Who};
pub use password::{Cost, Secret};
pub use register::{Note, Register};
pub use rights::{Action, Policy, Role, Rules, SignatureClass, Words};
pub use signature::{Given, Meaning, Second, Signed};
pub use store::{Store, StoreError};
pub use token::Token;
pub use user::User;

/// The time at which something is judged.
///
/// Sessions, idle time and lock-out run by the monotonic clock, so that a step of the
/// wall clock neither ends nor prolongs them. Qualifications and the age of a password
/// are dates and run by the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
    /// A clock that never goes back, nanoseconds since any fixed moment of this process.
    pub mono_ns: u64,
}

/// Nanoseconds of a second.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;
/// Nanoseconds of a day.
pub(crate) const DAY_NS: i64 = 86_400 * 1_000_000_000;
