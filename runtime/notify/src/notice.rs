//! What the notifier is told.

use serde::{Deserialize, Serialize};

/// A text in both languages of the plant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// English.
    pub en: String,
    /// 中文.
    pub zh: String,
}

impl Words {
    /// Both languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Words {
        Words {
            en: en.into(),
            zh: zh.into(),
        }
    }

    /// The text of a language; the other one if it has none.
    pub fn of(&self, language: Language) -> &str {
        let (first, second) = match language {
            Language::En => (&self.en, &self.zh),
            Language::Zh => (&self.zh, &self.en),
        };
        if first.is_empty() { second } else { first }
    }
}

/// The language a person reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// 中文.
    Zh,
}

/// An alarm that went off. It carries its own texts: whoever reads the message has no
/// plant text at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmNotice {
    /// Name of the alarm, `TT-101.HH`; one alarm has one name.
    pub alarm: String,
    /// Priority, 1 the highest, to 9; 0 counts as 1.
    pub priority: u8,
    /// Unit or area, `R-101`; empty if there is none.
    pub unit: String,
    /// Profile that the alarm's own record names; empty if it names none. It holds if it
    /// is for this priority and unit.
    pub profile: String,
    /// When it went off, milliseconds of UTC since 1970.
    pub at_ms: u64,
    /// What it says.
    pub text: Words,
    /// Value and limit with their unit, `128.4 °C, limit 120 °C`; may be empty.
    pub value: String,
    /// What the operator does about it (ISA-18.2, response); may be empty.
    pub action: Words,
}
