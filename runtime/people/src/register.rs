//! The register: every user and wallboard, and changes that wait to be recorded.

use crate::DAY_NS;
use crate::denied::{Denied, Weakness, Why};
use crate::password::{self, Secret};
use crate::rights::{Action, Rules};
use crate::token::Token;
use crate::user::{Grant, Password, Qualification, User, is_name};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Users of one register.
pub const USERS_MAX: usize = 1_000;
/// Hashes of earlier passwords kept of one user.
const BEFORE_KEPT: usize = 24;

/// Something that happened to people, for the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// When, nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
    /// Who did it.
    pub actor: String,
    /// What: `sign-in`, `sign-out`, `lock`, `user`, …
    pub what: String,
    /// To whom.
    pub subject: String,
    /// More of it.
    pub why: String,
}

/// A screen that shows and asks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallboard {
    /// Name.
    pub name: String,
    /// Digest of its token.
    pub digest: String,
}

/// All that the file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Grows with every change.
    pub serial: u64,
    /// Users.
    #[serde(default)]
    pub users: Vec<User>,
    /// Wallboards.
    #[serde(default)]
    pub wallboards: Vec<Wallboard>,
    /// Changes that the station has not yet recorded.
    #[serde(default)]
    pub unrecorded: Vec<Note>,
}

/// Why the register refuses a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterError {
    /// Not a name.
    NotAName {
        /// As given.
        name: String,
    },
    /// The name is taken; names are never given twice.
    Taken {
        /// As given.
        name: String,
    },
    /// No such user.
    Unknown {
        /// As given.
        name: String,
    },
    /// There is no such role.
    UnknownRole {
        /// As given.
        role: String,
    },
    /// The roles together both administer and operate.
    Mixed {
        /// The user.
        name: String,
    },
    /// The password is not good enough, or cannot be hashed.
    Password {
        /// Why.
        why: Why,
    },
    /// Too many users, or no random numbers.
    Full,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterError::NotAName { name } => write!(
                f,
                "\"{name}\" is not a user's name: lower-case letters, digits, . - _, beginning with a letter"
            ),
            RegisterError::Taken { name } => {
                write!(f, "there is a user {name}; a name is one person's for ever")
            }
            RegisterError::Unknown { name } => write!(f, "there is no user {name}"),
            RegisterError::UnknownRole { role } => write!(f, "there is no role {role}"),
            RegisterError::Mixed { name } => write!(
                f,
                "{name} would both administer users and operate the plant, which nobody may"
            ),
            RegisterError::Password { why } => write!(f, "{}", why.en()),
            RegisterError::Full => write!(f, "no more users, or no random numbers"),
        }
    }
}
impl std::error::Error for RegisterError {}

impl Register {
    /// A user.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(crate) fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.name == name)
    }

    fn known(&mut self, name: &str) -> Result<&mut User, RegisterError> {
        self.user_mut(name).ok_or_else(|| RegisterError::Unknown {
            name: name.to_string(),
        })
    }

    fn noted(&mut self, actor: &str, what: &str, subject: &str, why: String, utc_ns: i64) {
        self.serial += 1;
        self.unrecorded.push(Note {
            utc_ns,
            actor: actor.to_string(),
            what: what.to_string(),
            subject: subject.to_string(),
            why,
        });
    }

    /// Enrols a user without roles and without a password.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn add(
        &mut self,
        actor: &str,
        name: &str,
        full_name: &str,
        utc_ns: i64,
    ) -> Result<(), RegisterError> {
        if !is_name(name) {
            return Err(RegisterError::NotAName { name: name.into() });
        }
        if self.user(name).is_some() {
            return Err(RegisterError::Taken { name: name.into() });
        }
        if self.users.len() >= USERS_MAX {
            return Err(RegisterError::Full);
        }
        self.users.push(User {
            name: name.into(),
            full_name: full_name.trim().into(),
            ..User::default()
        });
        self.noted(actor, "user-added", name, full_name.trim().into(), utc_ns);
        Ok(())
    }

    /// Gives a role, for some areas or for all of the role; gives it anew if it is held.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn grant(
        &mut self,
        rules: &Rules,
        actor: &str,
        name: &str,
        grant: Grant,
        utc_ns: i64,
    ) -> Result<(), RegisterError> {
        if !rules.roles.contains_key(&grant.role) {
            return Err(RegisterError::UnknownRole { role: grant.role });
        }
        let user = self.known(name)?;
        let mut roles = user.roles.clone();
        roles.retain(|held| held.role != grant.role);
        let why = match &grant.areas {
            None => format!("role {} given", grant.role),
            Some(areas) => format!("role {} given for {}", grant.role, areas.join(", ")),
        };
        roles.push(grant);
        if is_mixed(rules, &roles) {
            return Err(RegisterError::Mixed { name: name.into() });
        }
        user.roles = roles;
        self.noted(actor, "role", name, why, utc_ns);
        Ok(())
    }

    /// Takes a role away.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn revoke(
        &mut self,
        actor: &str,
        name: &str,
        role: &str,
        utc_ns: i64,
    ) -> Result<(), RegisterError> {
        let user = self.known(name)?;
        let held = user.roles.len();
        user.roles.retain(|grant| grant.role != role);
        if user.roles.len() == held {
            return Err(RegisterError::UnknownRole { role: role.into() });
        }
        self.noted(
            actor,
            "role",
            name,
            format!("role {role} taken away"),
            utc_ns,
        );
        Ok(())
    }

    /// Notes a qualification until a date; a date in the past ends it.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn qualify(
        &mut self,
        actor: &str,
        name: &str,
        qualification: Qualification,
        utc_ns: i64,
    ) -> Result<(), RegisterError> {
        let user = self.known(name)?;
        user.qualifications.retain(|q| q.name != qualification.name);
        let days = (qualification.until_utc_ns - utc_ns).div_euclid(DAY_NS);
        let why = format!("qualification {} for {days} days", qualification.name);
        user.qualifications.push(qualification);
        self.noted(actor, "qualification", name, why, utc_ns);
        Ok(())
    }

    /// Disables or enables a user.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn disable(
        &mut self,
        actor: &str,
        name: &str,
        is_disabled: bool,
        utc_ns: i64,
    ) -> Result<(), RegisterError> {
        self.known(name)?.is_disabled = is_disabled;
        let why = if is_disabled { "disabled" } else { "enabled" };
        self.noted(actor, "user-state", name, why.into(), utc_ns);
        Ok(())
    }

    /// Takes back a lock after failures.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn unlock(&mut self, actor: &str, name: &str, utc_ns: i64) -> Result<(), RegisterError> {
        self.known(name)?.is_locked = false;
        self.noted(actor, "user-state", name, "unlocked".into(), utc_ns);
        Ok(())
    }

    /// Sets a password. One that somebody else sets must be changed at the first sign-in.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn set_password(
        &mut self,
        rules: &Rules,
        actor: &str,
        name: &str,
        new: &Secret,
        utc_ns: i64,
    ) -> Result<(), RegisterError> {
        let user = self.known(name)?;
        let refuse = |why| RegisterError::Password { why };
        password::judge(&rules.policy, user, new)
            .map_err(|weakness| refuse(Why::WeakPassword { weakness }))?;
        let hash = password::hash(new, rules.policy.cost).map_err(|_| refuse(Why::StoreDown))?;
        take_hash(user, hash, actor != name, utc_ns);
        self.noted(actor, "password", name, "set".into(), utc_ns);
        Ok(())
    }

    /// Enrols a wallboard; its token is told once.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub fn add_wallboard(
        &mut self,
        actor: &str,
        name: &str,
        utc_ns: i64,
    ) -> Result<Token, RegisterError> {
        if !is_name(name) {
            return Err(RegisterError::NotAName { name: name.into() });
        }
        let token = Token::new().ok_or(RegisterError::Full)?;
        self.wallboards.retain(|board| board.name != name);
        self.wallboards.push(Wallboard {
            name: name.into(),
            digest: token.digest(),
        });
        self.noted(actor, "wallboard", name, "token given".into(), utc_ns);
        Ok(token)
    }

    /// Whether anybody could sign in.
    pub fn has_somebody(&self) -> bool {
        self.users
            .iter()
            .any(|user| user.password.is_some() && !user.is_disabled)
    }
}

/// Puts a new hash in the place of the old one, which is kept against re-use.
pub(crate) fn take_hash(user: &mut User, hash: String, must_change: bool, utc_ns: i64) {
    let mut before = Vec::new();
    if let Some(old) = user.password.take() {
        before.push(old.hash);
        before.extend(old.before);
        before.truncate(BEFORE_KEPT);
    }
    user.password = Some(Password {
        hash,
        set_utc_ns: utc_ns,
        must_change,
        before,
    });
}

/// Whether roles together both administer and operate.
fn is_mixed(rules: &Rules, grants: &[Grant]) -> bool {
    let actions = || {
        let roles = grants
            .iter()
            .filter_map(|grant| rules.roles.get(&grant.role));
        roles.flat_map(|role| role.actions.iter())
    };
    actions().any(|action| *action == Action::Administer)
        && actions().any(|action| action.is_of_the_plant())
}

impl From<Weakness> for Why {
    fn from(weakness: Weakness) -> Why {
        Why::WeakPassword { weakness }
    }
}

impl From<Denied> for Note {
    fn from(denied: Denied) -> Note {
        Note {
            utc_ns: 0,
            why: denied.why.en(),
            actor: denied.who,
            what: "refused".into(),
            subject: String::new(),
        }
    }
}
