//! Passwords: Argon2id (RFC 9106), and what a new one must be.

use crate::denied::Weakness;
use crate::rights::Policy;
use crate::user::User;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use core::fmt;
use serde::Deserialize;
use zeroize::Zeroize;

/// Longest password. Bytes; long enough for any sentence, short enough to hash.
pub const BYTES_MAX: usize = 256;

/// A password as a person typed it. It is wiped when dropped and never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a typed password.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What one check costs. The default is the least that the OWASP Password Storage Cheat
/// Sheet names for Argon2id: 19 MiB, two passes, one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    fn default() -> Cost {
        Cost {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

/// A password could not be hashed: the cost is out of range or there is no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHashed;

impl fmt::Display for NotHashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password cannot be hashed: cost out of range, or no random numbers")
    }
}
impl std::error::Error for NotHashed {}

/// Hashes a password with a new salt of 16 bytes.
///
/// # Errors
/// [`NotHashed`]
pub fn hash(secret: &Secret, cost: Cost) -> Result<String, NotHashed> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|_| NotHashed)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| NotHashed)?;
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|_| NotHashed)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon
        .hash_password(secret.text().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_| NotHashed)
}

/// Whether a password belongs to a hash, at the cost that the hash names. A hash that
/// cannot be read belongs to none.
pub fn is_of(secret: &Secret, hash: &str) -> bool {
    if secret.text().len() > BYTES_MAX {
        return false;
    }
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(secret.text().as_bytes(), &hash)
            .is_ok()
    })
}

/// Passwords that are tried first by everybody who tries; lower case, compared without
/// digits and signs at the end.
const COMMON: [&str; 40] = [
    "admin",
    "administrator",
    "operator",
    "supervisor",
    "engineer",
    "maintenance",
    "password",
    "passwort",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "letmein",
    "welcome",
    "changeme",
    "default",
    "qwerty",
    "qwertyuiop",
    "qwertyuiopasdf",
    "asdfghjkl",
    "asdfghjklqwe",
    "zxcvbnm",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "master",
    "secret",
    "scanloop",
    "reactor",
    "control",
    "system",
    "siemens",
    "honeywell",
    "rockwell",
    "schneider",
    "emerson",
    "yokogawa",
    "pharma",
    "woaini",
];

/// Judges a new password of a user.
///
/// # Errors
/// The first [`Weakness`].
pub fn judge(policy: &Policy, user: &User, new: &Secret) -> Result<(), Weakness> {
    let text = new.text();
    if text.chars().count() < policy.length_min {
        return Err(Weakness::TooShort(policy.length_min));
    }
    if text.len() > BYTES_MAX {
        return Err(Weakness::TooLong);
    }
    let low = text.to_lowercase();
    if !user.name.is_empty() && low.contains(&user.name) {
        return Err(Weakness::HoldsName);
    }
    let stem = low.trim_matches(|c: char| !c.is_alphabetic());
    let first = low.chars().next();
    let is_listed = policy
        .blocklist
        .iter()
        .any(|word| word.to_lowercase() == low);
    let rises = low
        .as_bytes()
        .windows(2)
        .all(|pair| pair[1] == pair[0].wrapping_add(1) || pair == b"90");
    if is_listed
        || stem.is_empty()
        || COMMON.contains(&stem)
        || COMMON.contains(&low.as_str())
        || low.chars().all(|c| Some(c) == first)
        || rises
    {
        return Err(Weakness::Common);
    }
    if let Some(password) = &user.password {
        let earlier = password.before.iter().take(policy.no_reuse_of);
        let kept = core::iter::once(&password.hash).chain(earlier);
        if policy.no_reuse_of > 0 && kept.into_iter().any(|hash| is_of(new, hash)) {
            return Err(Weakness::UsedBefore);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Password;

    const CHEAP: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn policy() -> Policy {
        Policy {
            cost: CHEAP,
            blocklist: vec!["Correct Horse Battery".into()],
            ..Policy::default()
        }
    }

    #[test]
    fn a_hash_is_argon2id_with_its_cost_and_a_salt_of_its_own() {
        let secret = Secret::new("seven green kettles");
        let (one, two) = (
            hash(&secret, CHEAP).expect("hashes"),
            hash(&secret, CHEAP).expect("hashes"),
        );
        assert!(one.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{one}");
        assert_ne!(one, two);
        assert!(is_of(&secret, &one) && is_of(&secret, &two));
        assert!(!is_of(&Secret::new("seven green kettle"), &one));
        assert!(!is_of(&secret, "") && !is_of(&secret, "$argon2id$"));
    }

    #[test]
    fn weak_passwords_are_refused_each_with_its_reason() {
        let user = User {
            name: "chen.li".into(),
            ..User::default()
        };
        for (text, weakness) in [
            ("short", Weakness::TooShort(12)),
            ("password1234", Weakness::Common),
            ("correct horse battery", Weakness::Common),
            ("aaaaaaaaaaaaaa", Weakness::Common),
            ("123456789012", Weakness::Common),
            ("i am chen.li!", Weakness::HoldsName),
        ] {
            assert_eq!(
                judge(&policy(), &user, &Secret::new(text)),
                Err(weakness),
                "{text}"
            );
        }
        assert_eq!(
            judge(&policy(), &user, &Secret::new("x".repeat(BYTES_MAX + 1))),
            Err(Weakness::TooLong)
        );
        assert_eq!(
            judge(&policy(), &user, &Secret::new("seven green kettles")),
            Ok(())
        );
    }

    #[test]
    fn a_password_used_before_is_refused_until_it_is_old_enough() {
        let old: Vec<Secret> = (0..7)
            .map(|n| Secret::new(format!("{n} green kettles sing")))
            .collect();
        let hashes: Vec<String> = old
            .iter()
            .map(|s| hash(s, CHEAP).expect("hashes"))
            .collect();
        let user = User {
            name: "li".into(),
            password: Some(Password {
                hash: hashes[0].clone(),
                before: hashes[1..].to_vec(),
                ..Password::default()
            }),
            ..User::default()
        };
        for (n, secret) in old.iter().enumerate() {
            let judged = judge(&policy(), &user, secret);
            assert_eq!(judged.is_err(), n <= policy().no_reuse_of, "{n}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(
            format!("{:?}", Secret::new("seven green kettles")),
            "Secret"
        );
    }
}
