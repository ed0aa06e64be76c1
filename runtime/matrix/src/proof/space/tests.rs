use super::*;
use crate::model::{Channel, Class, Words};
use crate::vote::is_for_trip;
use biodivine_lib_bdd::BddValuation;
use control_blocks::protect::voting;
use proptest::prelude::*;

const ON_BAD: [OnBad; 3] = [OnBad::Trip, OnBad::NoTrip, OnBad::Exclude];
const SHOWN: [Shown; 4] = [Shown::Against, Shown::For, Shown::Bad, Shown::Bypassed];

fn row(m: u8, degrade: Degrade, on_bad: &[OnBad]) -> Cause {
    let channel = |on_bad: &OnBad| Channel {
        tag: "T".to_string(),
        test: Test::Is(true),
        hysteresis: 0.0,
        on_bad: *on_bad,
    };
    Cause {
        id: String::new(),
        unit: String::new(),
        text: Words::default(),
        channels: on_bad.iter().map(channel).collect(),
        m,
        degrade,
        on_delay_s: 0.0,
        armed: None,
        permissive: None,
        class: Class::Safety,
        mos: true,
        oos_s: None,
        response_s: None,
        safety_time_s: None,
        reason: String::new(),
        proof_test_d: None,
    }
}

/// Every state of so many channels, of the first `kinds` of [`SHOWN`].
fn every_state(n: usize, kinds: usize) -> impl Iterator<Item = Vec<Shown>> {
    (0..kinds.pow(n as u32)).map(move |mut code| {
        (0..n)
            .map(|_| {
                let shown = SHOWN[code % kinds];
                code /= kinds;
                shown
            })
            .collect()
    })
}

/// A channel as the protect stage sees it.
fn ballot(shown: Shown, on_bad: OnBad) -> voting::Ballot {
    match shown {
        Shown::Against => voting::Ballot::No,
        Shown::For => voting::Ballot::Yes,
        Shown::Bypassed => voting::Ballot::Out,
        Shown::Bad => voting::Ballot::Bad(match on_bad {
            OnBad::Trip => voting::OnBad::Trip,
            OnBad::NoTrip => voting::OnBad::NoTrip,
            OnBad::Exclude => voting::OnBad::Exclude,
        }),
    }
}

#[test]
fn the_vote_is_that_of_the_protect_stage() {
    let degrades = [
        (Degrade::Safety, voting::Degrade::Safety),
        (Degrade::Availability, voting::Degrade::Availability),
    ];
    let mut seen = 0;
    for n in 1..=4 {
        // Every rule for every channel.
        for code in 0..3usize.pow(n as u32) {
            let rules: Vec<OnBad> = (0..n)
                .map(|at| ON_BAD[code / 3usize.pow(at as u32) % 3])
                .collect();
            for m in 1..=n as u8 {
                for (degrade, their_degrade) in degrades {
                    let row = row(m, degrade, &rules);
                    let voting = voting::Voting {
                        m,
                        on_bad: voting::OnBad::Trip,
                        degrade: their_degrade,
                    };
                    for state in every_state(n, 4) {
                        let channels = state.iter().zip(&rules);
                        let ballots = channels.map(|(shown, on_bad)| ballot(*shown, *on_bad));
                        let expected = voting.count(ballots).trip;
                        assert_eq!(is_for_trip(&row, &state), expected, "{row:?} {state:?}");
                        seen += 1;
                    }
                }
            }
        }
    }
    // Σ n·3ⁿ·4ⁿ over n = 1..4, for 2 degradations.
    assert_eq!(seen, (12 + 2 * 144 + 3 * 1_728 + 4 * 20_736) * 2);
}

#[test]
fn a_bypassed_channel_never_helps_to_trip() {
    for n in 1..=3 {
        for m in 1..=n as u8 {
            for on_bad in ON_BAD {
                let row = row(m, Degrade::Availability, &vec![on_bad; n]);
                for state in every_state(n, 2) {
                    for at in 0..n {
                        let mut bypassed = state.clone();
                        bypassed[at] = Shown::Bypassed;
                        let votes = state.iter().filter(|s| **s == Shown::For).count();
                        let others = votes - usize::from(state[at] == Shown::For);
                        assert!(others > 0 || !is_for_trip(&row, &bypassed));
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn the_formula_of_a_vote_is_the_vote(
        on_bad in proptest::collection::vec(proptest::sample::select(&ON_BAD[..]), 1..=5),
        m in 1u8..=5,
        is_safety: bool,
    ) {
        let n = on_bad.len();
        let m = m.min(n as u8);
        let degrade = if is_safety { Degrade::Safety } else { Degrade::Availability };
        let row = row(m, degrade, &on_bad);
        let logic = Logic::new(3 * n).expect("few");
        let variable = |at: usize| BddVariable::from_index(at);
        let terms: Vec<Terms> = on_bad
            .iter()
            .enumerate()
            .map(|(at, on_bad)| Terms {
                vote: logic.variable(variable(3 * at)),
                bad: logic.variable(variable(3 * at + 1)),
                bypassed: Some(logic.variable(variable(3 * at + 2))),
                on_bad: *on_bad,
            })
            .collect();
        let formula = voted(&logic, m, degrade, &terms);
        prop_assert!(!logic.gave_up());
        for state in every_state(n, 4) {
            let mut valuation = BddValuation::all_false(3 * n as u16);
            for (at, shown) in state.iter().enumerate() {
                let (vote, bad, bypassed) = match shown {
                    Shown::Against => (false, false, false),
                    Shown::For => (true, false, false),
                    Shown::Bad => (at % 2 == 0, true, false),
                    Shown::Bypassed => (true, at % 2 == 0, true),
                };
                valuation.set_value(variable(3 * at), vote);
                valuation.set_value(variable(3 * at + 1), bad);
                valuation.set_value(variable(3 * at + 2), bypassed);
            }
            prop_assert_eq!(formula.eval_in(&valuation), is_for_trip(&row, &state));
        }
    }
}
