//! Faults, injected by name at a time, with a number and a duration.
//!
//! ```
//! use sim::{Fault, World, WorldConfig};
//! let mut world = World::new(WorldConfig::default(), 1);
//! world.inject(&Fault::new("sensor-drift:TT-101A").value(6.0).at_s(60.0).for_s(600.0))?;
//! # Ok::<(), sim::FaultError>(())
//! ```

mod library;

use core::fmt;

use serde::{Deserialize, Serialize};

pub use library::{Entry, Parameter, Target, library, plant_library};

/// A fault to inject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Name from the [`library`], with its target after a colon where it needs one.
    pub name: String,
    /// Its number; the library's default without.
    #[serde(default)]
    pub value: Option<f64>,
    /// Simulated time at which it begins, s since the start of the world; at once without.
    #[serde(default)]
    pub at_s: Option<f64>,
    /// How long it lasts, s; until cleared without.
    #[serde(default)]
    pub for_s: Option<f64>,
}

impl Fault {
    /// The fault `name`, at once, until cleared, with its default number.
    pub fn new(name: impl Into<String>) -> Self {
        Fault {
            name: name.into(),
            value: None,
            at_s: None,
            for_s: None,
        }
    }

    /// With this number.
    pub fn value(self, value: f64) -> Self {
        Fault {
            value: Some(value),
            ..self
        }
    }

    /// Beginning at this simulated time, s.
    pub fn at_s(self, at_s: f64) -> Self {
        Fault {
            at_s: Some(at_s),
            ..self
        }
    }

    /// Lasting this long, s.
    pub fn for_s(self, for_s: f64) -> Self {
        Fault {
            for_s: Some(for_s),
            ..self
        }
    }
}

/// Why a fault was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultError {
    /// The library has no such fault.
    UnknownFault {
        /// The name given.
        name: String,
    },
    /// The fault needs a target, needs none, or there is no such tag.
    BadTarget {
        /// The name given.
        name: String,
        /// The target given, empty if none.
        target: String,
    },
    /// The number is not finite, out of range, or the fault takes none.
    BadValue {
        /// The name given.
        name: String,
        /// The number given.
        value: f64,
    },
    /// Start or duration is negative or not finite.
    BadTime {
        /// The name given.
        name: String,
        /// The time given, s.
        time_s: f64,
    },
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FaultError::UnknownFault { name } => write!(f, "no fault named {name}"),
            FaultError::BadTarget { name, target } if target.is_empty() => {
                write!(f, "fault {name} needs a target")
            }
            FaultError::BadTarget { name, target } => {
                write!(f, "fault {name} cannot act on {target}")
            }
            FaultError::BadValue { name, value } => {
                write!(f, "fault {name} cannot take the value {value}")
            }
            FaultError::BadTime { name, time_s } => {
                write!(f, "fault {name} cannot take the time {time_s} s")
            }
        }
    }
}

impl std::error::Error for FaultError {}

/// What a fault acts on, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aim {
    /// Nothing that needs a name.
    Nothing,
    /// The transmitter of this index.
    Transmitter(usize),
    /// The valve of this index.
    Valve(usize),
    /// Two transmitters on loops of one I/O station.
    Pair(usize, usize),
    /// The I/O station of this index.
    Station(usize),
}

/// What faults act on: a plant with its field devices by index.
pub trait Subject {
    /// Whether the plant can have this fault.
    fn knows(&self, entry: &Entry) -> bool;
    /// Index of a transmitter by tag.
    fn transmitter(&self, tag: &str) -> Option<usize>;
    /// Index of a valve by tag.
    fn valve(&self, tag: &str) -> Option<usize>;
    /// Index of an I/O station by name.
    fn station(&self, name: &str) -> Option<usize>;
    /// Whether two transmitters can be wired to each other's terminals.
    fn may_swap(&self, first: usize, second: usize) -> bool;
    /// Makes everything healthy, for the list to impose its faults afresh.
    fn heal(&mut self);
    /// Imposes one fault.
    fn apply(&mut self, name: &str, aim: Aim, value: Option<f64>);
    /// Ends what only lasts while its fault does, once all faults are imposed.
    fn settle(&mut self);
    /// A fault that was in force has ended.
    fn ended(&mut self, name: &str);
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Scheduled {
    name: String,
    #[serde(with = "crate::kept::entry")]
    entry: &'static Entry,
    aim: Aim,
    value: Option<f64>,
    from_ns: u64,
    until_ns: u64,
    active: bool,
}

/// The faults of a world: waiting and in force, in the order of injection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FaultList {
    faults: Vec<Scheduled>,
    next_change_ns: u64,
}

impl FaultList {
    /// Adds `fault`; one of the same name is replaced.
    ///
    /// # Errors
    /// [`FaultError`]
    pub fn inject(
        &mut self,
        fault: &Fault,
        now_ns: u64,
        subject: &dyn Subject,
    ) -> Result<(), FaultError> {
        let (stem, target) = match fault.name.split_once(':') {
            Some((stem, target)) => (stem, target),
            None => (fault.name.as_str(), ""),
        };
        let name = || fault.name.clone();
        let known = library().iter().chain(plant_library());
        let Some(entry) = known
            .filter(|entry| subject.knows(entry))
            .find(|entry| entry.name == stem)
        else {
            return Err(FaultError::UnknownFault { name: name() });
        };
        let aim = resolve(subject, entry.target, target).ok_or_else(|| FaultError::BadTarget {
            name: name(),
            target: target.to_string(),
        })?;
        let value = match (fault.value, entry.parameter) {
            (Some(value), Some(p)) if value >= p.low && value <= p.high => Some(value),
            (Some(value), _) => {
                return Err(FaultError::BadValue {
                    name: name(),
                    value,
                });
            }
            (None, parameter) => parameter.and_then(|p| p.default),
        };
        let from_ns = match fault.at_s {
            Some(at_s) => nanoseconds(at_s).ok_or_else(|| FaultError::BadTime {
                name: name(),
                time_s: at_s,
            })?,
            None => now_ns,
        };
        let until_ns = match fault.for_s.or(entry.lasts_s) {
            Some(for_s) => {
                let lasts = nanoseconds(for_s).ok_or_else(|| FaultError::BadTime {
                    name: name(),
                    time_s: for_s,
                })?;
                from_ns.max(now_ns).saturating_add(lasts)
            }
            None => u64::MAX,
        };
        let scheduled = Scheduled {
            name: name(),
            entry,
            aim,
            value,
            from_ns,
            until_ns,
            active: false,
        };
        match self.faults.iter_mut().find(|f| f.name == fault.name) {
            Some(same) => {
                *same = Scheduled {
                    active: same.active,
                    ..scheduled
                }
            }
            None => self.faults.push(scheduled),
        }
        self.next_change_ns = 0;
        Ok(())
    }

    /// Ends the fault `name`; false if there is none.
    pub fn clear(&mut self, name: &str) -> bool {
        let Some(fault) = self.faults.iter_mut().find(|f| f.name == name) else {
            return false;
        };
        fault.until_ns = 0;
        self.next_change_ns = 0;
        true
    }

    /// Names of the faults in force, in the order of injection.
    pub fn active(&self) -> impl Iterator<Item = &str> {
        self.faults
            .iter()
            .filter(|f| f.active)
            .map(|f| f.name.as_str())
    }

    /// Whether the fault `name` is in force.
    pub fn is_active(&self, name: &str) -> bool {
        self.active().any(|active| active == name)
    }

    /// Whether the fault of this plain name is in force on I/O station `station`, or on all.
    pub fn is_active_on(&self, name: &str, station: usize) -> bool {
        self.faults.iter().any(|f| {
            f.active
                && f.entry.name == name
                && (f.aim == Aim::Nothing || f.aim == Aim::Station(station))
        })
    }

    /// Brings the subject's upsets up to `now_ns`; true if anything changed.
    #[inline]
    pub fn advance(&mut self, now_ns: u64, subject: &mut dyn Subject) -> bool {
        if now_ns < self.next_change_ns {
            return false;
        }
        self.change(now_ns, subject);
        true
    }

    #[cold]
    fn change(&mut self, now_ns: u64, subject: &mut dyn Subject) {
        self.faults.retain(|f| {
            let over = now_ns >= f.until_ns;
            if over && f.active {
                subject.ended(f.entry.name);
            }
            !over
        });
        self.next_change_ns = u64::MAX;
        subject.heal();
        for fault in &mut self.faults {
            fault.active = now_ns >= fault.from_ns;
            let next = if fault.active {
                fault.until_ns
            } else {
                fault.from_ns
            };
            self.next_change_ns = self.next_change_ns.min(next);
            if fault.active {
                subject.apply(fault.entry.name, fault.aim, fault.value);
            }
        }
        subject.settle();
    }
}

fn resolve(subject: &dyn Subject, target: Target, text: &str) -> Option<Aim> {
    match target {
        Target::None => text.is_empty().then_some(Aim::Nothing),
        Target::Transmitter => subject.transmitter(text).map(Aim::Transmitter),
        Target::Valve => subject.valve(text).map(Aim::Valve),
        Target::DosingLineOrValve if text.is_empty() => Some(Aim::Nothing),
        Target::DosingLineOrValve => subject.valve(text).map(Aim::Valve),
        Target::StationOrAll if text.is_empty() => Some(Aim::Nothing),
        Target::StationOrAll => subject.station(text).map(Aim::Station),
        Target::Pair => {
            let (first, second) = if text.is_empty() {
                ("TT-102", "TT-103")
            } else {
                text.split_once('/')?
            };
            let (first, second) = (subject.transmitter(first)?, subject.transmitter(second)?);
            subject
                .may_swap(first, second)
                .then_some(Aim::Pair(first, second))
        }
    }
}

/// Seconds to nanoseconds; `None` unless finite, not negative and below 500 years.
fn nanoseconds(seconds: f64) -> Option<u64> {
    (0.0..1.5e10)
        .contains(&seconds)
        .then_some((seconds * 1e9) as u64)
}
