use super::*;
use crate::class::{Class, Policies};
use std::fmt::Write;

/// Rows are states, columns events in the order of [`Event::ALL`]; a letter is the next
/// state, a point a refusal. One table for each policy and each combination of facts: all
/// that a policy and the facts can say of a step.
const GOLDEN: &str = include_str!("golden.txt");

fn policies() -> [(&'static str, Policy); 8] {
    let plain = Policy::PLAIN;
    let no_shelf = Policy {
        shelving: false,
        ..plain
    };
    [
        ("plain", plain),
        (
            "latching",
            Policy {
                latching: true,
                ..plain
            },
        ),
        (
            "no ack",
            Policy {
                ack: false,
                ..plain
            },
        ),
        (
            "latching, no ack",
            Policy {
                latching: true,
                ack: false,
                ..plain
            },
        ),
        (
            "latching, no shelf",
            Policy {
                latching: true,
                ..no_shelf
            },
        ),
        ("no shelf", no_shelf),
        (
            "no ack, no shelf",
            Policy {
                ack: false,
                ..no_shelf
            },
        ),
        (
            "latching, no ack, no shelf",
            Policy {
                latching: true,
                ack: false,
                ..no_shelf
            },
        ),
    ]
}

fn all_facts() -> [Facts; 8] {
    let facts = |in_alarm, pending, suppressed| Facts {
        in_alarm,
        pending,
        suppressed,
    };
    [
        facts(false, false, false),
        facts(false, true, false),
        facts(true, true, false),
        facts(true, true, true),
        facts(true, false, false),
        facts(false, false, true),
        facts(false, true, true),
        facts(true, false, true),
    ]
}

fn table() -> String {
    let mut text = String::new();
    for (name, policy) in policies() {
        for facts in all_facts() {
            let alarm = if facts.in_alarm { "stands" } else { "gone" };
            let pending = if facts.pending { ", pending" } else { "" };
            let quiet = if facts.suppressed { ", quiet" } else { "" };
            let _ = writeln!(text, "{name}: {alarm}{pending}{quiet}");
            let _ = writeln!(text, "  Ra Cl Ak Rs RA Sh Un Ex Su Us Rm Rt");
            for state in State::ALL {
                let _ = write!(text, "{}", state.letter());
                for event in Event::ALL {
                    let to = next(state, event, &policy, facts);
                    let _ = write!(text, "  {}", to.map_or('.', State::letter));
                }
                text.push('\n');
            }
            text.push('\n');
        }
    }
    text
}

#[test]
fn every_state_event_and_policy_goes_where_the_table_says() {
    let found = table();
    for (number, (found, golden)) in found.lines().zip(GOLDEN.lines()).enumerate() {
        assert_eq!(found, golden, "line {}", number + 1);
    }
    assert_eq!(found.lines().count(), GOLDEN.lines().count());
}

#[test]
fn the_table_has_every_policy_and_every_combination_of_facts_once() {
    let said = |policy: Policy| (policy.latching, policy.ack, policy.shelving);
    let all = std::collections::BTreeSet::from_iter(policies().map(|(_, policy)| said(policy)));
    assert_eq!(all.len(), 8);
    let said = |facts: Facts| (facts.in_alarm, facts.pending, facts.suppressed);
    let all = std::collections::BTreeSet::from_iter(all_facts().map(said));
    assert_eq!(all.len(), 8);
}

#[test]
fn every_class_follows_the_rules_of_its_policy() {
    let policies = Policies::default();
    for class in Class::ALL {
        let policy = policies.of(class);
        for state in State::ALL {
            for event in Event::ALL {
                for facts in all_facts() {
                    let Some(to) = next(state, event, policy, facts) else {
                        continue;
                    };
                    let held = matches!(to, State::LatchedUnacked | State::LatchedAcked);
                    let was_held = matches!(state, State::LatchedUnacked | State::LatchedAcked);
                    assert!(
                        !held || was_held || policy.latching,
                        "{class:?} {state:?} {event:?}"
                    );
                    if to == State::Shelved && state != State::Shelved {
                        assert!(policy.shelving && event == Event::Shelve, "{class:?}");
                    }
                    if event == Event::Raise {
                        assert!(state.is_aside() || to == State::Unacked, "{class:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_but_acknowledge_takes_an_unacknowledged_alarm_out_of_sight_unasked() {
    for (name, policy) in policies() {
        for state in [
            State::Unacked,
            State::ReturnedUnacked,
            State::LatchedUnacked,
        ] {
            for event in [Event::Raise, Event::Clear, Event::Reset, Event::ReAnnounce] {
                for facts in all_facts() {
                    let to = next(state, event, &policy, facts);
                    let is_seen = to.is_none_or(|to| to.is_unacked() || !policy.ack);
                    assert!(is_seen, "{name}: {state:?} {event:?} -> {to:?}");
                }
            }
        }
    }
}

#[test]
fn words_and_letters_are_all_different() {
    for (at, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(state.letter() as usize, 'A' as usize + at);
        assert_eq!(
            State::ALL
                .iter()
                .filter(|s| s.word() == state.word())
                .count(),
            1
        );
    }
    for event in Event::ALL {
        assert_eq!(
            Event::ALL
                .iter()
                .filter(|e| e.word() == event.word())
                .count(),
            1
        );
    }
}
