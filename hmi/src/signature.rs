//! The signature in the body of a request: passwords and the second person.

use serde::Deserialize;

use crate::answer::Asked;
use crate::desk::{Meaning, Person, Second, Secret};

/// What a person gives to sign. Passwords are wiped when the request is answered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureBody {
    /// The person's own password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// What the signature means; `performed` unless stated.
    #[serde(default)]
    pub meaning: Option<Meaning>,
    /// The second person.
    #[serde(default)]
    pub second: Option<SecondBody>,
}

/// The second person.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondBody {
    /// Name.
    pub user: String,
    /// Password.
    pub password: Secret,
    /// What the second signature means; `verified` unless stated.
    #[serde(default)]
    pub meaning: Option<Meaning>,
}

/// The person of a question, with what they gave to sign it.
pub(crate) fn person(asked: &Asked<'_>, body: Option<&SignatureBody>) -> Person {
    let mut person = asked.person.clone();
    if let Some(body) = body {
        person.given.password = body.password.clone();
        person.given.meaning = body.meaning.unwrap_or_default();
        person.given.second = body.second.as_ref().map(|second| Second {
            user: second.user.clone(),
            password: second.password.clone(),
            meaning: second.meaning,
        });
    }
    person
}
