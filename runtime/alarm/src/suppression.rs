//! Suppression by design: states, phases, doors and modes as Boolean tags.

use crate::book::seconds;
use crate::rationale::{Mode, Rationale, When};
use crate::transition::AlarmIndex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A tag as last told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Its value; `None` = unknown or bad.
    pub value: Option<bool>,
    /// Since when, nanoseconds UTC; `i64::MIN` = since ever.
    pub since_ns: i64,
    /// Its value before.
    pub before: Option<bool>,
}

/// The tags that suppress, and whom they suppress.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    pub tags: Vec<String>,
    pub told: Vec<Told>,
    /// Alarms to judge again when a tag changes.
    pub readers: Vec<Vec<AlarmIndex>>,
    by_tag: BTreeMap<String, usize>,
}

impl Inputs {
    pub fn of(rationales: &[Rationale]) -> Inputs {
        let mut inputs = Inputs::default();
        for (at, rationale) in rationales.iter().enumerate() {
            let alarm = AlarmIndex(at as u32);
            let whens = rationale.suppression.iter().map(|when| &when.tag);
            let modes = rationale.modes.iter().map(|mode| &mode.tag);
            for tag in whens.chain(modes) {
                let input = inputs.add(tag);
                if inputs.readers[input].last() != Some(&alarm) {
                    inputs.readers[input].push(alarm);
                }
            }
        }
        inputs
    }

    fn add(&mut self, tag: &str) -> usize {
        if let Some(input) = self.by_tag.get(tag) {
            return *input;
        }
        let input = self.tags.len();
        self.by_tag.insert(tag.to_string(), input);
        self.tags.push(tag.to_string());
        self.told.push(Told {
            since_ns: i64::MIN,
            ..Told::default()
        });
        self.readers.push(Vec::new());
        input
    }

    pub fn index(&self, tag: &str) -> Option<usize> {
        self.by_tag.get(tag).copied()
    }

    /// Takes a value; whether it is news.
    pub fn tell(&mut self, input: usize, value: Option<bool>, at_ns: i64) -> bool {
        let Some(told) = self.told.get_mut(input) else {
            return false;
        };
        if told.value == value {
            return false;
        }
        *told = Told {
            value,
            since_ns: at_ns,
            before: told.value,
        };
        true
    }

    fn holds(&self, when: &When, now_ns: i64) -> bool {
        let Some(told) = self.index(&when.tag).map(|input| self.told[input]) else {
            return false;
        };
        let for_s = seconds(now_ns.saturating_sub(told.since_ns));
        match told.value {
            Some(value) if value == when.is => when.max_s <= 0.0 || for_s <= when.max_s,
            // The state is left, what it explained may linger.
            Some(_) => told.before == Some(when.is) && for_s < when.hold_s,
            None => false,
        }
    }

    /// The mode that is on.
    pub fn mode<'r>(&self, rationale: &'r Rationale) -> Option<&'r Mode> {
        rationale.modes.iter().find(|mode| {
            let input = self.index(&mode.tag);
            input.and_then(|input| self.told[input].value) == Some(mode.is)
        })
    }

    /// Why an alarm is to be quiet now, if it is.
    pub fn reason<'r>(&self, rationale: &'r Rationale, now_ns: i64) -> Option<&'r str> {
        let when = rationale.suppression.iter();
        let mut held = when.filter(|when| self.holds(when, now_ns));
        if let Some(when) = held.next() {
            return Some(&when.why);
        }
        let mode = self.mode(rationale)?;
        (!mode.enabled).then_some(mode.why.as_str())
    }
}
