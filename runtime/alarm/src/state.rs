//! The life of one alarm as a pure function.

use crate::class::Policy;
use serde::{Deserialize, Serialize};

/// Where an alarm stands; the letters are those of ISA-18.2-2016, figure of the alarm
/// state transitions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A: the condition does not stand, nobody has anything to do.
    #[default]
    Normal,
    /// B: the condition stands, nobody has acknowledged.
    Unacked,
    /// C: the condition stands and is acknowledged.
    Acked,
    /// D: the condition has gone, nobody has acknowledged that it was there.
    ReturnedUnacked,
    /// E: the condition has gone, the alarm is held, nobody has acknowledged.
    LatchedUnacked,
    /// F: the condition has gone, the alarm is held until it is reset.
    LatchedAcked,
    /// G: put aside by a person for a limited time.
    Shelved,
    /// H: kept quiet by the plant's own logic.
    SuppressedByDesign,
    /// I: taken out of service by a person, usually for maintenance.
    OutOfService,
}

impl State {
    /// All states in the order of the standard's letters.
    pub const ALL: [State; 9] = [
        State::Normal,
        State::Unacked,
        State::Acked,
        State::ReturnedUnacked,
        State::LatchedUnacked,
        State::LatchedAcked,
        State::Shelved,
        State::SuppressedByDesign,
        State::OutOfService,
    ];

    /// The letter of the standard, `A` to `I`.
    pub const fn letter(self) -> char {
        match self {
            State::Normal => 'A',
            State::Unacked => 'B',
            State::Acked => 'C',
            State::ReturnedUnacked => 'D',
            State::LatchedUnacked => 'E',
            State::LatchedAcked => 'F',
            State::Shelved => 'G',
            State::SuppressedByDesign => 'H',
            State::OutOfService => 'I',
        }
    }

    /// The word of plant text, records and pages, `unacked`.
    pub const fn word(self) -> &'static str {
        match self {
            State::Normal => "normal",
            State::Unacked => "unacked",
            State::Acked => "acked",
            State::ReturnedUnacked => "returned-unacked",
            State::LatchedUnacked => "latched-unacked",
            State::LatchedAcked => "latched-acked",
            State::Shelved => "shelved",
            State::SuppressedByDesign => "suppressed-by-design",
            State::OutOfService => "out-of-service",
        }
    }

    /// Whether somebody must still acknowledge.
    pub const fn is_unacked(self) -> bool {
        matches!(
            self,
            State::Unacked | State::ReturnedUnacked | State::LatchedUnacked
        )
    }

    /// Whether it is kept from the operator: shelved, suppressed, out of service.
    pub const fn is_aside(self) -> bool {
        matches!(
            self,
            State::Shelved | State::SuppressedByDesign | State::OutOfService
        )
    }

    /// Whether it stands in the list of the operator.
    pub const fn is_listed(self) -> bool {
        !self.is_aside() && !matches!(self, State::Normal)
    }
}

/// What may happen to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The condition begins to stand.
    Raise,
    /// The condition no longer stands.
    Clear,
    /// A person acknowledges.
    Acknowledge,
    /// A person resets a held alarm.
    Reset,
    /// The alarm asks again because it stands for long after it was acknowledged.
    ReAnnounce,
    /// A person puts it aside for a time.
    Shelve,
    /// A person, or the end of a one-shot, takes it from the shelf.
    Unshelve,
    /// Its time on the shelf is over.
    Expire,
    /// The plant's logic keeps it quiet.
    Suppress,
    /// The plant's logic no longer does.
    Unsuppress,
    /// A person takes it out of service.
    RemoveFromService,
    /// A person puts it back into service.
    ReturnToService,
}

impl Event {
    /// All events.
    pub const ALL: [Event; 12] = [
        Event::Raise,
        Event::Clear,
        Event::Acknowledge,
        Event::Reset,
        Event::ReAnnounce,
        Event::Shelve,
        Event::Unshelve,
        Event::Expire,
        Event::Suppress,
        Event::Unsuppress,
        Event::RemoveFromService,
        Event::ReturnToService,
    ];

    /// The word of records and pages, `raise`.
    pub const fn word(self) -> &'static str {
        match self {
            Event::Raise => "raise",
            Event::Clear => "clear",
            Event::Acknowledge => "acknowledge",
            Event::Reset => "reset",
            Event::ReAnnounce => "re-announce",
            Event::Shelve => "shelve",
            Event::Unshelve => "unshelve",
            Event::Expire => "expire",
            Event::Suppress => "suppress",
            Event::Unsuppress => "unsuppress",
            Event::RemoveFromService => "remove-from-service",
            Event::ReturnToService => "return-to-service",
        }
    }
}

/// What the state itself does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The condition stands, this event included.
    pub in_alarm: bool,
    /// An occurrence has not been reset: it was held when the alarm was put aside, or
    /// the condition stood while it was aside. Counts for latching alarms only.
    pub pending: bool,
    /// The plant's logic wants it quiet now.
    pub suppressed: bool,
}

/// The next state, or `None` if the event has no meaning in this state.
///
/// Raise and clear while an alarm is aside leave it where it is and are told all the
/// same: nothing is lost by putting an alarm aside. Returns from the states G, H and I go
/// to the state that follows from the facts, to H if the logic wants it quiet: a person who takes an alarm from the
/// shelf has seen it and finds it acknowledged; a shelf that expires, logic that no longer
/// suppresses and a return to service ask for acknowledgement (ISA-18.2-2016, 11.7).
pub fn next(state: State, event: Event, policy: &Policy, facts: Facts) -> Option<State> {
    use Event::*;
    use State::*;
    let raised = if policy.ack { Unacked } else { Acked };
    let held = policy.latching && facts.pending;
    let seen = match (facts.in_alarm, held) {
        _ if facts.suppressed => SuppressedByDesign,
        (true, _) => Acked,
        (false, true) => LatchedAcked,
        (false, false) => Normal,
    };
    let unseen = match (facts.in_alarm, held) {
        _ if facts.suppressed => SuppressedByDesign,
        (true, _) => raised,
        (false, true) if policy.ack => LatchedUnacked,
        (false, true) => LatchedAcked,
        (false, false) => Normal,
    };
    Some(match (state, event) {
        (Normal | ReturnedUnacked | LatchedUnacked | LatchedAcked, Raise) => raised,
        (Unacked, Clear) if policy.latching => LatchedUnacked,
        (Unacked, Clear) => ReturnedUnacked,
        (Acked, Clear) if policy.latching => LatchedAcked,
        (Acked, Clear) => Normal,
        (Unacked, Acknowledge) => Acked,
        (ReturnedUnacked, Acknowledge) => Normal,
        (LatchedUnacked, Acknowledge) => LatchedAcked,
        (LatchedAcked, Reset) => Normal,
        (Acked, ReAnnounce) if policy.ack => Unacked,
        (Shelved | SuppressedByDesign | OutOfService, Raise | Clear) => state,
        (Normal | Unacked | Acked | ReturnedUnacked | LatchedUnacked | LatchedAcked, Shelve)
            if policy.shelving =>
        {
            Shelved
        }
        (Shelved, Unshelve) => seen,
        (Shelved, Expire) => unseen,
        (Normal | Unacked | Acked | ReturnedUnacked | LatchedUnacked | LatchedAcked, Suppress) => {
            SuppressedByDesign
        }
        (SuppressedByDesign, Unsuppress) if !facts.suppressed => unseen,
        (OutOfService, RemoveFromService) => return None,
        (_, RemoveFromService) => OutOfService,
        (OutOfService, ReturnToService) => unseen,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
