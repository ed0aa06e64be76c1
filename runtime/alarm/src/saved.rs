//! What survives a restart.

use crate::book::{Book, Life};
use crate::flood::Flood;
use crate::suppression::Told;
use crate::transition::{AlarmIndex, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Version of the form.
pub const VERSION: u32 = 1;

/// A book as it stood: acknowledgements, shelves and what is out of service included.
/// By name, so that it fits a later edition of the plant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    version: u32,
    number: u64,
    at: Stamp,
    lives: BTreeMap<String, Life>,
    inputs: BTreeMap<String, Told>,
    firsts: BTreeMap<String, String>,
    flood: Flood,
}

/// What came of a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Alarms that have found their past.
    pub alarms: usize,
    /// Saved alarms that this plant no longer has.
    pub gone: Vec<String>,
    /// Alarms of this plant without a past.
    pub new: Vec<String>,
}

/// What was saved cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVersion {
    /// Version found.
    pub found: u32,
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.found;
        write!(
            f,
            "saved alarms of version {found}, this program reads {VERSION}"
        )
    }
}

impl std::error::Error for UnknownVersion {}

impl Saved {
    /// Number of the last step that it knows.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// When it was saved.
    pub const fn at(&self) -> Stamp {
        self.at
    }
}

impl Book {
    /// The book as it stands.
    pub fn save(&self, at: Stamp) -> Saved {
        let name = |index: &AlarmIndex| self.names[index.at()].to_string();
        let lives = self.lives.iter().enumerate();
        let inputs = self.inputs.tags.iter().zip(&self.inputs.told);
        let firsts = self.groups.iter().filter_map(|group| {
            let first = group.first.as_ref()?;
            Some((group.name.clone(), name(first)))
        });
        Saved {
            version: VERSION,
            number: self.number,
            at,
            lives: lives
                .map(|(at, life)| (name(&AlarmIndex(at as u32)), life.clone()))
                .collect(),
            inputs: inputs.map(|(tag, told)| (tag.clone(), *told)).collect(),
            firsts: firsts.collect(),
            flood: self.flood.clone(),
        }
    }

    /// Takes up what was saved. Conditions that have changed meanwhile are found by
    /// [`Book::edge`], told once for every alarm, and shelves that have ended by the
    /// first [`Book::tick`]. An alarm whose record no longer permits the shelf returns at
    /// that tick too.
    ///
    /// # Errors
    /// The form is of another version; the book is unchanged.
    pub fn restore(&mut self, saved: &Saved) -> Result<Restored, UnknownVersion> {
        if saved.version != VERSION {
            return Err(UnknownVersion {
                found: saved.version,
            });
        }
        let mut restored = Restored::default();
        for (name, life) in &saved.lives {
            let Some(alarm) = self.index(name) else {
                restored.gone.push(name.clone());
                continue;
            };
            let own = &mut self.lives[alarm.at()];
            let priority = own.priority;
            *own = life.clone();
            // A quiet alarm follows the edition; one that stands keeps what it was raised with.
            if !own.in_alarm && !own.state.is_listed() {
                own.priority = priority;
            }
            own.first_out = false;
            if let Some(shelf) = &mut own.shelf
                && !self.policies[alarm.at()].shelving
            {
                shelf.until_ns = i64::MIN;
            }
            restored.alarms += 1;
        }
        let unknown = |name: &&std::sync::Arc<str>| !saved.lives.contains_key(name.as_ref());
        restored.new = self
            .names
            .iter()
            .filter(unknown)
            .map(ToString::to_string)
            .collect();
        for (tag, told) in &saved.inputs {
            if let Some(input) = self.inputs.index(tag) {
                self.inputs.told[input] = *told;
            }
        }
        for group in 0..self.groups.len() {
            let first = saved.firsts.get(&self.groups[group].name);
            let first = first.and_then(|name| self.index(name));
            let first = first.filter(|first| self.groups[group].members.contains(first));
            self.groups[group].first = first;
            if let Some(first) = first {
                self.lives[first.at()].first_out = true;
            }
        }
        self.number = saved.number;
        self.flood = saved.flood.clone();
        Ok(restored)
    }
}
