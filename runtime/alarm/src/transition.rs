//! What happened to an alarm, as a value that the caller writes down.

use crate::class::Class;
use crate::flood::FloodChange;
use crate::priority::Priority;
use crate::state::{Event, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which alarm of a book; the order of the records that the book was made of.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct AlarmIndex(pub u32);

impl AlarmIndex {
    /// As an index of a slice.
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// When: the scan that saw it and the label of its time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp {
    /// Scan of the task of the alarm's tag; 0 for what people and time do.
    pub scan: u64,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The plant, its logic or time.
    #[default]
    System,
    /// A person, by the name under which they are signed in.
    Person(Arc<str>),
}

impl Who {
    /// The person's name; empty for the system.
    pub fn name(&self) -> &str {
        match self {
            Who::System => "",
            Who::Person(name) => name,
        }
    }
}

/// One step in the life of an alarm. Steps with equal `from` and `to` are told too: a
/// condition that comes and goes while the alarm is aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Number of the transition in its book, from 1, without gaps.
    pub number: u64,
    /// Which alarm.
    pub alarm: AlarmIndex,
    /// Its name.
    pub name: Arc<str>,
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// Why it moved.
    pub event: Event,
    /// When.
    pub at: Stamp,
    /// Who moved it.
    pub who: Who,
    /// Reason or comment given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Value of the point at a raise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Limit in force at a raise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Priority in force.
    pub priority: Priority,
    /// Class.
    pub class: Class,
    /// The first of its group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_out: bool,
}

impl Transition {
    /// Whether it called the operator: a new alarm, or one that asks again after it was
    /// put aside. What re-annunciation repeats does not count as new.
    pub const fn is_annunciation(&self) -> bool {
        self.priority.is_annunciated()
            && match self.event {
                Event::Raise => matches!(self.to, State::Unacked | State::Acked),
                Event::Expire | Event::Unsuppress | Event::ReturnToService => {
                    matches!(self.to, State::Unacked)
                }
                _ => false,
            }
    }
}

/// Where a book puts what happened; the caller empties it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outbox {
    /// Steps of alarms in their order.
    pub transitions: Vec<Transition>,
    /// Beginnings and ends of floods.
    pub floods: Vec<FloodChange>,
}
