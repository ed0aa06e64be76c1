//! Alarms as source text: `alarms/*.toml`, one file a unit.
//!
//! ```text
//! alarms/r101.toml ─> read ─> AlarmDraft (alarm::Rationale + its table) ─> elaborate ─>
//! ALARM, ALARM_BAD, ALARM_STATE as BlockDrafts ─> check (the tags are there)
//! ```
//!
//! An alarm is a Boolean tag with a record of its rationalisation. What is not
//! rationalised is not built: the text says causes, consequence, action and time to
//! respond in both languages, or the plant does not load.

mod check;
mod elaborate;
mod read;
mod settings;

use crate::source::Origin;
use crate::tree::Node;
use alarm::Rationale;

pub(crate) use check::{Tags, check};
pub(crate) use elaborate::elaborate;
pub(crate) use read::read;
pub(crate) use settings::read_settings;

/// An alarm as read, with its place.
#[derive(Clone, Debug)]
pub struct AlarmDraft {
    /// Its record.
    pub rationale: Rationale,
    /// Task of its detection.
    pub(crate) task: String,
    /// Its table.
    pub(crate) node: Node,
}

impl AlarmDraft {
    /// Where it is declared.
    pub fn place(&self) -> Origin {
        self.place_of("name")
    }

    /// Where a key of it stands.
    pub(crate) fn place_of(&self, key: &str) -> Origin {
        self.node.place(key)
    }

    /// Whether its own table says a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.node.has(key)
    }
}
