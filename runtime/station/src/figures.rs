//! Key figures of alarms (ISA-18.2, EEMUA 191) from what the ledger holds: for the command
//! line and for the desk that answers questions.

use crate::alarm_desk::steps_of;
use alarm::drift::Drift;
use alarm::kpi::{self, Kpi, Range, Rules};
use alarm::{Settings, Transition};
use journal::ledger::{Entry, Value};
use std::sync::{Arc, Mutex, PoisonError};

/// Subject of the records of drift.
pub const DRIFT_SUBJECT: &str = "alarm settings";
/// What such a record is called.
const DRIFT_WHAT: &str = "drift";
/// Differences that a record names in words; all of them are in its detail.
const DRIFTS_NAMED_MAX: usize = 5;

/// What figures rest on: of the edition that runs.
#[derive(Clone, Debug, Default)]
pub struct SharedRules(Arc<Mutex<Rules>>);

impl SharedRules {
    /// Takes what the site has edited.
    pub fn set(&self, settings: &Settings) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Rules::of(settings);
    }

    /// As they are now.
    pub fn get(&self) -> Rules {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The transitions that a ledger holds, in the order of their numbers: the wall clock may
/// have been set back between them.
pub fn transitions_of(entries: &[Entry]) -> Vec<Transition> {
    let steps = steps_of(entries).into_iter();
    let mut transitions: Vec<Transition> = steps.map(|step| step.transition).collect();
    transitions.sort_by_key(|transition| transition.number);
    transitions
}

/// The record of what differs from the master alarm database now.
pub fn drift_entry(entry: Entry, drifts: &[Drift]) -> Entry {
    let named = drifts.iter().take(DRIFTS_NAMED_MAX);
    let mut why = named
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ");
    if drifts.len() > DRIFTS_NAMED_MAX {
        why += &format!("; and {} more", drifts.len() - DRIFTS_NAMED_MAX);
    }
    Entry {
        what: DRIFT_WHAT.to_string(),
        subject: DRIFT_SUBJECT.to_string(),
        new: Some(Value::from(drifts.len() as f64)),
        why,
        detail: serde_json::to_value(drifts).ok(),
        ..entry
    }
}

/// How many settings differed by the last of these entries that says so before a time.
fn drifting(entries: &[Entry], to_ns: i64) -> usize {
    let told = entries
        .iter()
        .filter(|entry| entry.what == DRIFT_WHAT && entry.subject == DRIFT_SUBJECT);
    let last = told
        .filter(|entry| entry.utc_ns < to_ns)
        .max_by_key(|entry| entry.seq);
    let count = last.and_then(|entry| entry.new.as_ref()?.number());
    count.unwrap_or(0.0) as usize
}

/// The figures of a range, from the entries of a ledger in any order.
pub fn figures(entries: &[Entry], transitions: &[Transition], range: Range, rules: &Rules) -> Kpi {
    kpi::of(transitions, range, rules, drifting(entries, range.to_ns))
}
