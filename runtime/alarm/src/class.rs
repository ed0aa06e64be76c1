//! Classes of alarms and what each asks for.

use serde::{Deserialize, Serialize};

/// What an alarm is about (ISA-18.2: alarm class).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Safety: highly managed alarms (HMA) of ISA-18.2, 6.2.10.
    Safety,
    /// Limits of emission and treatment.
    Environmental,
    /// Critical to the quality of the product.
    GmpCritical,
    /// The process itself.
    Process,
    /// Instruments and equipment: for maintenance, not for the operator's hands.
    Maintenance,
    /// Energy and utilities.
    Energy,
    /// The control system itself.
    System,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 7] = [
        Class::Safety,
        Class::Environmental,
        Class::GmpCritical,
        Class::Process,
        Class::Maintenance,
        Class::Energy,
        Class::System,
    ];

    /// The word of plant text.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Safety => "safety",
            Class::Environmental => "environmental",
            Class::GmpCritical => "gmp-critical",
            Class::Process => "process",
            Class::Maintenance => "maintenance",
            Class::Energy => "energy",
            Class::System => "system",
        }
    }

    /// The class of a word of plant text.
    pub fn of_word(word: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Whether it is highly managed: never shelved unless its record says why.
    pub const fn is_highly_managed(self) -> bool {
        matches!(self, Class::Safety)
    }
}

/// What a class asks for. The defaults of [`Policies`] are demo design values, editable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// The alarm is held after its condition has gone, until a person resets it.
    pub latching: bool,
    /// A person must acknowledge.
    pub ack: bool,
    /// Acknowledging needs a comment.
    pub comment: bool,
    /// It may be shelved.
    pub shelving: bool,
    /// Longest time on the shelf, seconds.
    pub shelve_s_max: f64,
    /// After so long acknowledged and standing it asks again, seconds; 0 = never.
    pub re_announce_s: f64,
}

impl Policy {
    /// A policy without latching, comment and re-annunciation, shelved for a shift of
    /// 8 h at most.
    pub const PLAIN: Policy = Policy {
        latching: false,
        ack: true,
        comment: false,
        shelving: true,
        shelve_s_max: 8.0 * 3_600.0,
        re_announce_s: 0.0,
    };
}

/// Longest time on the shelf that any policy may state, seconds.
pub const SHELVE_S_MAX: f64 = 24.0 * 3_600.0;

/// The policy of each class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policies([Policy; Class::ALL.len()]);

impl Policies {
    /// The policy of a class.
    pub const fn of(&self, class: Class) -> &Policy {
        &self.0[class as usize]
    }

    /// Changes the policy of a class.
    pub const fn set(&mut self, class: Class, policy: Policy) {
        self.0[class as usize] = policy;
    }
}

impl Default for Policies {
    /// Highly managed alarms are held, never shelved and ask again after 30 min;
    /// environmental and GMP alarms want a comment and at most an hour on the shelf;
    /// the rest a shift, maintenance and energy a day.
    fn default() -> Policies {
        let of = |class: Class| match class {
            Class::Safety => Policy {
                latching: true,
                shelving: false,
                shelve_s_max: 0.0,
                re_announce_s: 1_800.0,
                ..Policy::PLAIN
            },
            Class::Environmental | Class::GmpCritical => Policy {
                comment: true,
                shelve_s_max: 3_600.0,
                re_announce_s: 3_600.0,
                ..Policy::PLAIN
            },
            Class::Process | Class::System => Policy::PLAIN,
            Class::Maintenance | Class::Energy => Policy {
                shelve_s_max: SHELVE_S_MAX,
                ..Policy::PLAIN
            },
        };
        Policies(Class::ALL.map(of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_finds_its_own_policy() {
        let mut policies = Policies::default();
        for class in Class::ALL {
            let mut policy = *policies.of(class);
            policy.shelve_s_max = 60.0 * (class as usize as f64 + 1.0);
            policies.set(class, policy);
            assert_eq!(Class::of_word(class.word()), Some(class));
        }
        for class in Class::ALL {
            let expected = 60.0 * (class as usize as f64 + 1.0);
            assert_eq!(policies.of(class).shelve_s_max, expected, "{class:?}");
        }
    }

    #[test]
    fn no_default_shelves_a_highly_managed_alarm_or_anything_for_more_than_a_day() {
        let policies = Policies::default();
        for class in Class::ALL {
            let policy = policies.of(class);
            assert!(!(class.is_highly_managed() && policy.shelving));
            assert!(policy.shelve_s_max <= SHELVE_S_MAX);
        }
    }
}
