//! A user, as the file keeps them.

use serde::{Deserialize, Serialize};

/// A role given to a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Name of the role.
    pub role: String,
    /// Areas for which it is given; none = those of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub areas: Option<Vec<String>>,
}

/// A qualification of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Qualification {
    /// Its name.
    pub name: String,
    /// Until when, nanoseconds since 1970-01-01T00:00:00Z; from then on it is over.
    pub until_utc_ns: i64,
}

/// A password, never itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// Hash in PHC notation, with its salt and cost.
    pub hash: String,
    /// When it was set, nanoseconds since 1970-01-01T00:00:00Z.
    pub set_utc_ns: i64,
    /// Set by somebody else, so to be changed at the first sign-in.
    pub must_change: bool,
    /// Hashes before it, newest first.
    #[serde(default)]
    pub before: Vec<String>,
}

/// One user. A name belongs to one person for ever: users are disabled, never removed
/// (21 CFR 11.100(a)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Name to sign in with; lower case.
    pub name: String,
    /// Printed name (21 CFR 11.50(a)(1)).
    pub full_name: String,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<Grant>,
    /// Qualifications.
    #[serde(default)]
    pub qualifications: Vec<Qualification>,
    /// Password, once there is one.
    #[serde(default)]
    pub password: Option<Password>,
    /// May not sign in any more.
    #[serde(default)]
    pub is_disabled: bool,
    /// Locked after failures; time or an administrator unlocks.
    #[serde(default)]
    pub is_locked: bool,
}

/// Longest name. Characters.
pub const NAME_CHARS_MAX: usize = 32;

/// Whether a text can be the name of a user: lower-case letters, digits, `.`, `-`, `_`,
/// beginning with a letter.
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_CHARS_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c))
}
