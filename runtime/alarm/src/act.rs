//! What people do with alarms.

use crate::book::{Book, Shelf, seconds};
use crate::class::Class;
use crate::state::{Event, State, next};
use crate::transition::{AlarmIndex, Outbox, Stamp, Who};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a person asks of an alarm. Whether the person may is judged elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Action {
    /// Acknowledge.
    Acknowledge {
        /// Comment; some classes demand one.
        #[serde(default)]
        comment: String,
        /// Number of the raise that was seen: an alarm that has come anew since is not
        /// acknowledged unseen. `None` acknowledges whatever there is.
        #[serde(default)]
        seen: Option<u64>,
    },
    /// Put it aside for a time.
    Shelve {
        /// Until when, nanoseconds UTC.
        until_ns: i64,
        /// Why.
        reason: String,
        /// It returns when the condition goes, whatever comes first.
        #[serde(default)]
        one_shot: bool,
    },
    /// Take it from the shelf.
    Unshelve {
        /// Why; may be empty.
        #[serde(default)]
        reason: String,
    },
    /// Take it out of service.
    RemoveFromService {
        /// Why.
        reason: String,
    },
    /// Put it back into service.
    ReturnToService {
        /// Why; may be empty.
        #[serde(default)]
        reason: String,
    },
    /// Release an alarm that is held.
    Reset {
        /// Comment; may be empty.
        #[serde(default)]
        comment: String,
    },
}

impl Action {
    /// The event that it asks for.
    pub const fn event(&self) -> Event {
        match self {
            Action::Acknowledge { .. } => Event::Acknowledge,
            Action::Shelve { .. } => Event::Shelve,
            Action::Unshelve { .. } => Event::Unshelve,
            Action::RemoveFromService { .. } => Event::RemoveFromService,
            Action::ReturnToService { .. } => Event::ReturnToService,
            Action::Reset { .. } => Event::Reset,
        }
    }

    /// Reason or comment given.
    pub fn reason(&self) -> &str {
        match self {
            Action::Acknowledge { comment, .. } | Action::Reset { comment } => comment,
            Action::Shelve { reason, .. }
            | Action::Unshelve { reason }
            | Action::RemoveFromService { reason }
            | Action::ReturnToService { reason } => reason,
        }
    }
}

/// Why the book refuses.
#[derive(Clone, Debug, PartialEq)]
pub enum AlarmRefusal {
    /// There is no such alarm.
    Unknown {
        /// What was asked for.
        index: u32,
    },
    /// The event has no meaning in this state.
    NotNow {
        /// State of the alarm.
        state: State,
        /// What was asked.
        event: Event,
    },
    /// The alarm has come anew since it was seen.
    Changed {
        /// Raise that was seen.
        seen: u64,
        /// Raise that stands.
        stands: u64,
    },
    /// It may not be shelved.
    ShelvingForbidden {
        /// Its class.
        class: Class,
    },
    /// Longer than permitted.
    ShelvedTooLong {
        /// Asked for, seconds.
        asked_s: f64,
        /// Permitted, seconds.
        max_s: f64,
    },
    /// The shelf would be over before it begins.
    ShelvedIntoThePast,
    /// A reason is required.
    ReasonMissing {
        /// What was asked.
        event: Event,
    },
}

impl fmt::Display for AlarmRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlarmRefusal::Unknown { index } => write!(f, "there is no alarm number {index}"),
            AlarmRefusal::NotNow { state, event } => {
                write!(
                    f,
                    "{} has no meaning for an alarm that is {}",
                    event.word(),
                    state.word()
                )
            }
            AlarmRefusal::Changed { seen, stands } => {
                write!(f, "the alarm has come anew: seen {seen}, stands {stands}")
            }
            AlarmRefusal::ShelvingForbidden { class } => {
                write!(f, "this alarm of class {} may not be shelved", class.word())
            }
            AlarmRefusal::ShelvedTooLong { asked_s, max_s } => {
                write!(f, "{asked_s:.0} s on the shelf, at most {max_s:.0} s")
            }
            AlarmRefusal::ShelvedIntoThePast => write!(f, "the end of the shelf has passed"),
            AlarmRefusal::ReasonMissing { event } => {
                write!(f, "{} needs a reason", event.word())
            }
        }
    }
}

impl std::error::Error for AlarmRefusal {}

impl Book {
    /// Whether an action would be done now.
    ///
    /// # Errors
    /// Why not.
    pub fn permits(
        &self,
        alarm: AlarmIndex,
        action: &Action,
        at: Stamp,
    ) -> Result<(), AlarmRefusal> {
        let Some(life) = self.lives.get(alarm.at()) else {
            return Err(AlarmRefusal::Unknown { index: alarm.0 });
        };
        let event = action.event();
        let policy = self.policy(alarm);
        let facts = self.facts(alarm, at);
        if event == Event::Shelve && !policy.shelving {
            let class = self.rationales[alarm.at()].class;
            return Err(AlarmRefusal::ShelvingForbidden { class });
        }
        if next(life.state, event, &policy, facts).is_none() {
            return Err(AlarmRefusal::NotNow {
                state: life.state,
                event,
            });
        }
        let has_reason = !action.reason().trim().is_empty();
        match action {
            Action::Acknowledge {
                seen: Some(seen), ..
            } if *seen != life.raise_number => Err(AlarmRefusal::Changed {
                seen: *seen,
                stands: life.raise_number,
            }),
            Action::Acknowledge { .. } if policy.comment && !has_reason => {
                Err(AlarmRefusal::ReasonMissing { event })
            }
            Action::Shelve { .. } | Action::RemoveFromService { .. } if !has_reason => {
                Err(AlarmRefusal::ReasonMissing { event })
            }
            Action::Shelve { until_ns, .. } if *until_ns <= at.utc_ns => {
                Err(AlarmRefusal::ShelvedIntoThePast)
            }
            Action::Shelve { until_ns, .. } => {
                let asked_s = seconds(until_ns.saturating_sub(at.utc_ns));
                let max_s = policy.shelve_s_max;
                if asked_s > max_s {
                    return Err(AlarmRefusal::ShelvedTooLong { asked_s, max_s });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Does what a person asks.
    ///
    /// # Errors
    /// Why not; then nothing has changed.
    pub fn act(
        &mut self,
        alarm: AlarmIndex,
        action: &Action,
        who: &Who,
        at: Stamp,
        out: &mut Outbox,
    ) -> Result<(), AlarmRefusal> {
        self.permits(alarm, action, at)?;
        self.step(alarm, action.event(), at, who, action.reason(), out);
        if let Action::Shelve {
            until_ns, one_shot, ..
        } = action
        {
            self.lives[alarm.at()].shelf = Some(Shelf {
                until_ns: *until_ns,
                one_shot: *one_shot,
            });
        }
        Ok(())
    }
}
