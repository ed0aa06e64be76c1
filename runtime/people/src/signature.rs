//! Electronic signatures: what a person gives, and what remains in the record.

use crate::password::Secret;
use serde::{Deserialize, Serialize};

/// What a signature means (21 CFR 11.50(a)(3)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Wrote it.
    Authored,
    /// Did it.
    #[default]
    Performed,
    /// Saw that it was done as asked.
    Verified,
    /// Looked through it.
    Reviewed,
    /// Lets it stand.
    Approved,
    /// Answers for it.
    Authorised,
}

impl Meaning {
    /// Its word in records.
    pub const fn word(self) -> &'static str {
        match self {
            Meaning::Authored => "authored",
            Meaning::Performed => "performed",
            Meaning::Verified => "verified",
            Meaning::Reviewed => "reviewed",
            Meaning::Approved => "approved",
            Meaning::Authorised => "authorised",
        }
    }
}

/// The second person, as given.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// Name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// What the second signature means.
    pub meaning: Option<Meaning>,
}

/// What a person gives to sign.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Why.
    pub reason: String,
    /// The person's password once more.
    pub password: Option<Secret>,
    /// The second person.
    pub second: Option<Second>,
    /// What the first signature means.
    pub meaning: Meaning,
}

/// One signature of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Name of the signer.
    pub user: String,
    /// Printed name.
    pub full_name: String,
    /// When, nanoseconds since 1970-01-01T00:00:00Z; the server's clock.
    pub utc_ns: i64,
    /// What it means.
    pub meaning: Meaning,
    /// How the signer was known: `session` or `password`.
    pub method: String,
    /// SHA-256 of what was signed, lower-case hexadecimal (21 CFR 11.70).
    pub of: String,
}

impl core::fmt::Display for Signed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{} by {} ({}) by {}, of {}",
            self.meaning.word(),
            self.user,
            self.full_name,
            self.method,
            self.of.get(..16).unwrap_or(&self.of)
        )
    }
}
