//! States and commands of a phase (ISA-88 / IEC 61512-1, the example set of
//! procedural states, without pausing).

/// A procedural state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum State {
    #[default]
    Idle,
    Running,
    Complete,
    Holding,
    Held,
    Restarting,
    Stopping,
    Stopped,
    Aborting,
    Aborted,
}

/// What moves a phase from state to state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Event {
    Abort,
    Stop,
    Hold,
    Restart,
    Start,
    Reset,
    /// What the state does is done.
    Done,
}

impl State {
    /// All states in the order of their numbers.
    pub const ALL: [State; 10] = [
        State::Idle,
        State::Running,
        State::Complete,
        State::Holding,
        State::Held,
        State::Restarting,
        State::Stopping,
        State::Stopped,
        State::Aborting,
        State::Aborted,
    ];

    /// Number for tags.
    pub const fn number(self) -> i64 {
        self as i64
    }

    /// The state of a number.
    pub fn from_number(number: i64) -> Option<State> {
        let at = usize::try_from(number).ok()?;
        State::ALL.get(at).copied()
    }

    /// The next state, or `None` if the event does nothing here.
    ///
    /// | from | Start | Hold | Restart | Stop | Abort | Reset | done |
    /// |---|---|---|---|---|---|---|---|
    /// | Idle | Running | | | | | | |
    /// | Running | | Holding | | Stopping | Aborting | | Complete |
    /// | Holding | | | | Stopping | Aborting | | Held |
    /// | Held | | | Restarting | Stopping | Aborting | | |
    /// | Restarting | | Holding | | Stopping | Aborting | | Running |
    /// | Stopping | | | | | Aborting | | Stopped |
    /// | Aborting | | | | | | | Aborted |
    /// | Complete, Stopped, Aborted | | | | | | Idle | |
    pub const fn after(self, event: Event) -> Option<State> {
        use State::{
            Aborted, Aborting, Complete, Held, Holding, Idle, Restarting, Running, Stopped,
            Stopping,
        };
        Some(match (self, event) {
            (Idle, Event::Start) => Running,
            (Running | Restarting, Event::Hold) => Holding,
            (Held, Event::Restart) => Restarting,
            (Running | Holding | Held | Restarting, Event::Stop) => Stopping,
            (Running | Holding | Held | Restarting | Stopping, Event::Abort) => Aborting,
            (Complete | Stopped | Aborted, Event::Reset) => Idle,
            (Running, Event::Done) => Complete,
            (Holding, Event::Done) => Held,
            (Restarting, Event::Done) => Running,
            (Stopping, Event::Done) => Stopped,
            (Aborting, Event::Done) => Aborted,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 7] = [
        Event::Start,
        Event::Hold,
        Event::Restart,
        Event::Stop,
        Event::Abort,
        Event::Reset,
        Event::Done,
    ];

    /// The table once more, as words: a row a state, a column an event.
    const TABLE: &str = "
        Idle        Running  -        -           -         -         -     -
        Running     -        Holding  -           Stopping  Aborting  -     Complete
        Complete    -        -        -           -         -         Idle  -
        Holding     -        -        -           Stopping  Aborting  -     Held
        Held        -        -        Restarting  Stopping  Aborting  -     -
        Restarting  -        Holding  -           Stopping  Aborting  -     Running
        Stopping    -        -        -           -         Aborting  -     Stopped
        Stopped     -        -        -           -         -         Idle  -
        Aborting    -        -        -           -         -         -     Aborted
        Aborted     -        -        -           -         -         Idle  -";

    #[test]
    fn every_event_in_every_state() {
        let mut seen = 0;
        for (row, state) in TABLE.trim().lines().zip(State::ALL) {
            let words: Vec<&str> = row.split_whitespace().collect();
            assert_eq!(words[0], format!("{state:?}"));
            for (event, word) in EVENTS.into_iter().zip(&words[1..]) {
                let found = state
                    .after(event)
                    .map_or("-".to_string(), |next| format!("{next:?}"));
                assert_eq!(found, *word, "{state:?} {event:?}");
                seen += 1;
            }
        }
        assert_eq!(seen, 70);
    }

    #[test]
    fn numbers_are_places_in_the_list() {
        for (at, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(state.number(), at as i64);
            assert_eq!(State::from_number(at as i64), Some(state));
        }
        assert_eq!(State::from_number(10), None);
        assert_eq!(State::from_number(-1), None);
    }
}
