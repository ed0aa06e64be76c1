//! What holds of every history of a book, whatever happens in it.

use alarm::*;
use proptest::prelude::*;

const ALARMS: u32 = 6;
const S: i64 = 1_000_000_000;

/// One thing that may happen, a second after the last.
#[derive(Clone, Debug)]
enum Step {
    Edge {
        alarm: u32,
        active: bool,
        is_bad: bool,
    },
    Input {
        input: usize,
        value: Option<bool>,
    },
    Act {
        alarm: u32,
        action: Action,
    },
    Wait {
        seconds: i64,
    },
}

fn rationales() -> Vec<Rationale> {
    (0..ALARMS)
        .map(|n| {
            let mut alarm = Rationale::named(&format!("UA-{n}"));
            alarm.class = Class::ALL[n as usize % Class::ALL.len()];
            alarm.latching = n % 2 == 0;
            alarm.shelving = n != 0;
            alarm.point = format!("PT-{}", n / 2);
            alarm.kind = if n % 2 == 0 {
                AlarmKind::Hh
            } else {
                AlarmKind::H
            };
            alarm.priority = Priority::ALL[n as usize % Priority::ALL.len()];
            alarm.first_out = if n < 3 {
                "G".to_string()
            } else {
                String::new()
            };
            if n >= 4 {
                alarm.suppression = vec![When {
                    tag: "DOOR.OPEN".to_string(),
                    is: true,
                    hold_s: 5.0,
                    max_s: 20.0,
                    why: "door".to_string(),
                }];
            }
            if n == 3 {
                alarm.modes = vec![Mode {
                    limit: None,
                    tag: "MODE.ON".to_string(),
                    is: true,
                    enabled: false,
                    priority: None,
                    why: "mode".to_string(),
                }];
            }
            alarm
        })
        .collect()
}

fn action() -> impl Strategy<Value = Action> {
    let text = || prop_oneof![Just(String::new()), Just("because".to_string())];
    prop_oneof![
        4 => (text(), prop::option::of(0u64..40))
            .prop_map(|(comment, seen)| Action::Acknowledge { comment, seen }),
        2 => (0i64..40_000, text(), any::<bool>()).prop_map(|(until_s, reason, one_shot)| {
            Action::Shelve { until_ns: until_s * S, reason, one_shot }
        }),
        1 => text().prop_map(|reason| Action::Unshelve { reason }),
        1 => text().prop_map(|reason| Action::RemoveFromService { reason }),
        1 => text().prop_map(|reason| Action::ReturnToService { reason }),
        2 => text().prop_map(|comment| Action::Reset { comment }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..ALARMS, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(alarm, active, is_bad)| Step::Edge { alarm, active, is_bad }),
        2 => (0usize..2, prop::option::weighted(0.9, any::<bool>()))
            .prop_map(|(input, value)| Step::Input { input, value }),
        4 => (0..ALARMS, action()).prop_map(|(alarm, action)| Step::Act { alarm, action }),
        1 => (1i64..4_000).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// A book and everything that it has told.
struct Run {
    book: Book,
    out: Outbox,
    now_s: i64,
}

impl Run {
    fn new() -> Run {
        Run {
            book: Book::new(rationales(), Settings::default()),
            out: Outbox::default(),
            now_s: 0,
        }
    }

    fn at(&self) -> Stamp {
        Stamp {
            scan: self.now_s as u64,
            utc_ns: self.now_s * S,
        }
    }

    /// Whether a person's action was done, if it was one.
    fn take(&mut self, step: &Step) -> Option<bool> {
        self.now_s += 1;
        let at = self.at();
        match step {
            Step::Edge {
                alarm,
                active,
                is_bad,
            } => {
                let edge = Edge {
                    is_bad: *is_bad,
                    ..Edge::of(*active)
                };
                self.book.edge(AlarmIndex(*alarm), edge, at, &mut self.out);
            }
            Step::Input { input, value } => self.book.input(*input, *value, at, &mut self.out),
            Step::Act { alarm, action } => {
                let who = Who::Person("li.wei".into());
                let done = self
                    .book
                    .act(AlarmIndex(*alarm), action, &who, at, &mut self.out);
                return Some(done.is_ok());
            }
            Step::Wait { seconds } => {
                self.now_s += seconds;
                let at = self.at();
                self.book.tick(at, &mut self.out);
            }
        }
        None
    }
}

proptest! {
    #[test]
    fn no_transition_is_lost_and_each_begins_where_the_last_ended(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut run = Run::new();
        for step in &steps {
            let told = run.out.transitions.len();
            let done = run.take(step);
            if let Some(done) = done {
                let new = run.out.transitions.len() - told;
                prop_assert!(done == (new > 0), "what a person does is told, a refusal does nothing");
            }
        }
        let mut states = vec![State::Normal; ALARMS as usize];
        for (at, transition) in run.out.transitions.iter().enumerate() {
            prop_assert_eq!(transition.number, at as u64 + 1);
            prop_assert_eq!(transition.from, states[transition.alarm.at()]);
            states[transition.alarm.at()] = transition.to;
        }
        for (at, state) in states.iter().enumerate() {
            prop_assert_eq!(run.book.state(AlarmIndex(at as u32)), Some(*state));
        }
    }

    #[test]
    fn state_and_condition_never_contradict_each_other(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut run = Run::new();
        for step in &steps {
            run.take(step);
            for at in 0..ALARMS {
                let row = run.book.row(AlarmIndex(at), run.now_s * S).unwrap();
                let fits = match row.state {
                    State::Unacked | State::Acked => row.in_alarm,
                    State::Shelved | State::SuppressedByDesign | State::OutOfService => true,
                    _ => !row.in_alarm,
                };
                prop_assert!(fits, "{:?} {:?} after {:?}", row.state, row.in_alarm, step);
                prop_assert_eq!(row.shelved_until_ns.is_some(), row.state == State::Shelved);
            }
        }
    }

    #[test]
    fn lists_and_counts_equal_what_is_computed_anew_from_the_transitions(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut run = Run::new();
        for step in &steps {
            run.take(step);
        }
        let mut states = vec![State::Normal; ALARMS as usize];
        for transition in &run.out.transitions {
            states[transition.alarm.at()] = transition.to;
        }
        let now_ns = run.now_s * S;
        let counts = run.book.counts(now_ns);
        for state in State::ALL {
            let anew = states.iter().filter(|own| **own == state).count();
            prop_assert_eq!(counts.by_state[state as usize] as usize, anew);
        }
        for (view, is_in) in [
            (View::Shelved, State::Shelved),
            (View::Suppressed, State::SuppressedByDesign),
            (View::OutOfService, State::OutOfService),
        ] {
            let filter = Filter { view, ..Filter::default() };
            let mut listed: Vec<u32> = run.book.list(&filter, Sort::Name, now_ns)
                .iter().map(|row| row.alarm.0).collect();
            listed.sort_unstable();
            let anew: Vec<u32> = (0..ALARMS).filter(|at| states[*at as usize] == is_in).collect();
            prop_assert_eq!(listed, anew);
        }
        let urgent = run.book.list(&Filter::default(), Sort::Urgency, now_ns);
        for pair in urgent.windows(2) {
            let key = |row: &Row<'_>| (!row.state.is_unacked(), row.priority);
            prop_assert!(key(&pair[0]) <= key(&pair[1]));
        }
        // What somebody must acknowledge is never out of sight.
        let unacked = Filter { view: View::Unacked, ..Filter::default() };
        for row in run.book.list(&unacked, Sort::Name, now_ns) {
            prop_assert!(urgent.iter().any(|other| other.alarm == row.alarm));
        }
    }

    #[test]
    fn a_book_that_is_saved_and_restored_goes_on_as_if_nothing_had_been(
        before in prop::collection::vec(step(), 0..80),
        after in prop::collection::vec(step(), 1..60),
    ) {
        let mut whole = Run::new();
        for step in &before {
            whole.take(step);
        }
        let text = serde_json::to_string(&whole.book.save(whole.at())).unwrap();
        let saved: Saved = serde_json::from_str(&text).unwrap();
        let mut parted = Run::new();
        parted.now_s = whole.now_s;
        parted.book.restore(&saved).unwrap();
        prop_assert_eq!(parted.book.save(whole.at()), saved);
        whole.out = Outbox::default();
        for step in &after {
            whole.take(step);
            parted.take(step);
        }
        prop_assert_eq!(&whole.out, &parted.out);
        prop_assert_eq!(whole.book.save(whole.at()), parted.book.save(parted.at()));
    }
}
