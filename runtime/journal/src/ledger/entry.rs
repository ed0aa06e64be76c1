//! What the ledger holds: who did what to what, when, from what to what, and why
//! (21 CFR 11.10(e); EU GMP Annex 11 clause 9).

use core::fmt;
use serde::{Deserialize, Serialize};

/// Class of an entry, by what a reviewer looks for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A value, set point or mode that somebody set, or tried to set.
    Command,
    /// A transition in the life of an alarm: raised, acknowledged, shelved, cleared.
    Alarm,
    /// Coming, going and failing to come.
    Login,
    /// Users, roles, rights, qualifications.
    Access,
    /// An edition of the plant's text, a recipe or a limit changed.
    Change,
    /// A step in the life of a batch.
    Batch,
    /// A force, a bypass, an override; given or taken away.
    Bypass,
    /// A value that a person read and typed, and its corrections.
    Manual,
    /// An electronic signature with its meaning (21 CFR 11.50).
    Signature,
    /// A report made, records copied out.
    Report,
    /// Start, stop, clock, backup, devices, the ledger itself.
    #[default]
    System,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 11] = [
        Class::Command,
        Class::Alarm,
        Class::Login,
        Class::Access,
        Class::Change,
        Class::Batch,
        Class::Bypass,
        Class::Manual,
        Class::Signature,
        Class::Report,
        Class::System,
    ];

    /// The word in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Command => "command",
            Class::Alarm => "alarm",
            Class::Login => "login",
            Class::Access => "access",
            Class::Change => "change",
            Class::Batch => "batch",
            Class::Bypass => "bypass",
            Class::Manual => "manual",
            Class::Signature => "signature",
            Class::Report => "report",
            Class::System => "system",
        }
    }

    /// The class of a word.
    pub fn of(word: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.word() == word)
    }
}

/// What kind of actor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person who is known by name.
    Person,
    /// A supervisory script.
    Script,
    /// A program: a scenario, a test, another system.
    Program,
    /// The station itself.
    #[default]
    System,
}

/// Who.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// Name; never shared between persons.
    pub name: String,
    /// Session in which it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The second person, where two are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

impl Actor {
    /// An actor without session.
    pub fn new(kind: ActorKind, name: impl Into<String>) -> Actor {
        Actor {
            kind,
            name: name.into(),
            session: None,
            second: None,
        }
    }

    /// A person.
    pub fn person(name: impl Into<String>) -> Actor {
        Actor::new(ActorKind::Person, name)
    }

    /// A part of the station.
    pub fn system(name: impl Into<String>) -> Actor {
        Actor::new(ActorKind::System, name)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.second {
            Some(second) => write!(f, " + {second}"),
            None => Ok(()),
        }
    }
}

/// A value before or after. A number is finite: JSON has no word for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// Anything else, in words.
    Text(String),
}

impl Value {
    /// The number, if it is one.
    pub const fn number(&self) -> Option<f64> {
        match self {
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        if value.is_finite() {
            Value::Number(value)
        } else {
            Value::Text(value.to_string())
        }
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.to_string())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
        }
    }
}

/// One entry. Its text stands in the ledger as JSON, so that it can be read without
/// this program for as long as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Number, from 1, without gaps; given by the ledger. The order of entries is the
    /// order of these numbers, whatever the clock did.
    #[serde(skip)]
    pub seq: u64,
    /// When, nanoseconds since 1970, UTC.
    pub utc_ns: i64,
    /// Local time less UTC, minutes.
    #[serde(default)]
    pub offset_min: i16,
    /// `SIM` or `LIVE`.
    pub env: String,
    /// Scan to which it belongs, if to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<u64>,
    /// Class.
    pub class: Class,
    /// Who.
    pub who: Actor,
    /// What was done: `write`, `force`, `refused`, `raised`, ...
    pub what: String,
    /// To what: a tag, an alarm, a user; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// Value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// Why, in the actor's words, or the reason of a refusal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Batch to which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// More, for programs: an alarm's step as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

impl Entry {
    /// An entry of the ledger about itself or of the station about itself.
    pub fn system(utc_ns: i64, env: &str, what: &str, subject: &str, why: &str) -> Entry {
        Entry {
            utc_ns,
            env: env.to_string(),
            who: Actor::system("station"),
            what: what.to_string(),
            subject: subject.to_string(),
            why: why.to_string(),
            ..Entry::default()
        }
    }

    /// The old value, if it is a number.
    pub fn old_number(&self) -> Option<f64> {
        self.old.as_ref().and_then(Value::number)
    }

    /// Why, in the person's words, and the signatures under it as a reader wants them:
    /// `trial [performed by lin (Lin Mei), by password]`.
    pub fn why_signed(&self) -> String {
        let mut text = self.why.clone();
        for signature in self.signatures() {
            let word = |key| signature[key].as_str().unwrap_or("?");
            if !text.is_empty() {
                text.push(' ');
            }
            text += &format!(
                "[{} by {} ({}), by {}]",
                word("meaning"),
                word("user"),
                word("full_name"),
                word("method")
            );
        }
        text
    }

    /// The signatures under this entry (21 CFR 11.50): each with `user`, `full_name`,
    /// `utc_ns`, `meaning`, `method`, and `of`, the digest of what was signed.
    pub fn signatures(&self) -> &[serde_json::Value] {
        let signatures = self
            .detail
            .as_ref()
            .and_then(|d| d["signatures"].as_array());
        signatures.map_or(&[], Vec::as_slice)
    }

    /// The new value, if it is a number.
    pub fn new_number(&self) -> Option<f64> {
        self.new.as_ref().and_then(Value::number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn signatures_are_read_with_the_reason() {
        let lin = serde_json::json!({
            "user": "lin", "full_name": "Lin Mei", "meaning": "performed", "method": "password",
        });
        let entry = Entry {
            why: "valve sticks".into(),
            detail: Some(serde_json::json!({ "signatures": [lin] })),
            ..Entry::default()
        };
        assert_eq!(
            entry.why_signed(),
            "valve sticks [performed by lin (Lin Mei), by password]"
        );
        assert_eq!(Entry::default().why_signed(), "");
    }

    #[test]
    fn every_class_has_its_own_word() {
        for class in Class::ALL {
            assert_eq!(Class::of(class.word()), Some(class));
            let json = serde_json::to_string(&class).unwrap();
            assert_eq!(json, format!("\"{}\"", class.word()));
        }
    }

    proptest! {
        #[test]
        fn an_entry_reads_back_as_it_was_written(
            utc_ns: i64, scan: Option<u64>, name: String, why: String, bits: u64, text: String,
        ) {
            let entry = Entry {
                utc_ns,
                scan,
                who: Actor { second: Some(text.clone()), ..Actor::person(name) },
                old: Some(Value::from(f64::from_bits(bits))),
                new: Some(Value::Text(text)),
                why,
                ..Entry::default()
            };
            let json = serde_json::to_vec(&entry).unwrap();
            let back: Entry = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(back, entry);
        }
    }
}
