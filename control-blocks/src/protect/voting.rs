//! M-out-of-N voting with bad channels.

use scan::{Value, Wiring};
use signal::limits::VOTE_CHANNELS_MAX;
use std::collections::BTreeMap;

/// What the vote of a bad channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// It votes for the trip.
    Trip,
    /// It votes against the trip.
    NoTrip,
    /// It has no vote; the others decide by the degraded vote.
    Exclude,
}

impl OnBad {
    /// The words of plant text.
    pub const WORDS: [(&'static str, OnBad); 3] = [
        ("trip", OnBad::Trip),
        ("no-trip", OnBad::NoTrip),
        ("exclude", OnBad::Exclude),
    ];
}

/// How M shrinks when channels are excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degrade {
    /// Each missing channel also takes one vote from M: 2oo3 → 1oo2 → 1oo1.
    Safety,
    /// M stays as long as there are as many channels: 2oo3 → 2oo2 → 1oo1.
    Availability,
}

/// M out of N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voting {
    /// Votes that trip, 1 to N.
    pub m: u8,
    /// What a bad channel is.
    pub on_bad: OnBad,
    /// How M shrinks.
    pub degrade: Degrade,
}

/// What a vote came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the vote is for the trip.
    pub trip: bool,
    /// Channels that voted for it.
    pub votes: u8,
    /// Channels that are bad.
    pub bad: u8,
}

/// What one channel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ballot {
    /// Against the trip.
    No,
    /// For the trip.
    Yes,
    /// It cannot be believed; its rule decides.
    Bad(OnBad),
    /// It is bypassed.
    Out,
}

impl Ballot {
    /// The ballot of a value that may be missing.
    #[inline]
    pub const fn of(vote: Option<bool>, on_bad: OnBad) -> Ballot {
        match vote {
            Some(false) => Ballot::No,
            Some(true) => Ballot::Yes,
            None => Ballot::Bad(on_bad),
        }
    }
}

impl Voting {
    /// Counts the channels. Excluded and bypassed channels leave the vote, and M
    /// shrinks as stated. Without a channel left it trips, unless people have bypassed
    /// every one of them.
    #[inline]
    pub fn count(&self, ballots: impl Iterator<Item = Ballot>) -> Outcome {
        let mut outcome = Outcome::default();
        let (mut total, mut excluded, mut out) = (0u8, 0u8, 0u8);
        for ballot in ballots {
            total += 1;
            match ballot {
                Ballot::No => {}
                Ballot::Yes => outcome.votes += 1,
                Ballot::Bad(rule) => {
                    outcome.bad += 1;
                    match rule {
                        OnBad::Trip => outcome.votes += 1,
                        OnBad::NoTrip => {}
                        OnBad::Exclude => excluded += 1,
                    }
                }
                Ballot::Out => out += 1,
            }
        }
        let gone = excluded + out;
        if gone == 0 {
            outcome.trip = outcome.votes >= self.m;
            return outcome;
        }
        let left = total - gone;
        let m = match self.degrade {
            Degrade::Safety => self.m.saturating_sub(gone).max(1),
            Degrade::Availability => self.m.min(left),
        };
        outcome.trip = if left == 0 {
            excluded > 0
        } else {
            outcome.votes >= m
        };
        outcome
    }
}

/// `"2oo3"` as (2, 3).
fn parse(word: &str) -> Option<(usize, usize)> {
    let (m, n) = word.split_once("oo")?;
    let (m, n) = (m.parse().ok()?, n.parse().ok()?);
    (1..=n).contains(&m).then_some((m, n))
}

/// Reads `vote`, `on_bad` and `degrade_to` for so many channels.
pub(crate) fn wire(wiring: &mut Wiring<'_>, channels: usize) -> Voting {
    if !(1..=VOTE_CHANNELS_MAX).contains(&channels) {
        wiring.problem(
            "vote",
            format!("{channels} channels"),
            format!("a vote has 1 to {VOTE_CHANNELS_MAX} channels"),
        );
    }
    let word = wiring.text("vote");
    let m = match parse(&word) {
        Some((m, n)) if n == channels => m,
        Some((_, n)) => {
            wiring.problem(
                "vote",
                format!("the vote is of {n} channels, but there are {channels}"),
                format!("one of {}", choices(channels)),
            );
            1
        }
        None if word.is_empty() && channels <= 1 => 1,
        None => {
            let message = if word.is_empty() {
                "the vote is not given".to_string()
            } else {
                format!("\"{word}\" is not a vote")
            };
            wiring.problem("vote", message, format!("one of {}", choices(channels)));
            1
        }
    };
    let on_bad = wiring.choice("on_bad", &OnBad::WORDS, OnBad::Trip);
    let degrade = degraded(wiring, m, channels, on_bad);
    Voting {
        m: m as u8, // at most the channels there are
        on_bad,
        degrade,
    }
}

fn choices(channels: usize) -> String {
    let words: Vec<String> = (1..=channels)
        .map(|m| format!("\"{m}oo{channels}\""))
        .collect();
    words.join(", ")
}

/// The stated vote with one channel missing. It must be stated wherever there is
/// a choice, that is for 1 < M < N.
fn degraded(wiring: &mut Wiring<'_>, m: usize, n: usize, on_bad: OnBad) -> Degrade {
    let word = wiring.text("degrade_to");
    let must_say = on_bad == OnBad::Exclude && 1 < m && m < n;
    let has_choice = must_say || 1 < m && m < n && (wiring.has("mos_key") || wiring.has("any"));
    if word.is_empty() && !must_say {
        return Degrade::Safety;
    }
    let left = n.saturating_sub(1);
    let help = format!(
        "\"{}oo{left}\" for safety or \"{}oo{left}\" for availability",
        m - 1,
        m
    );
    if !has_choice {
        wiring.problem(
            "degrade_to",
            "there is nothing to choose here",
            "`degrade_to` belongs to on_bad = \"exclude\" with 1 < M < N",
        );
        return Degrade::Safety;
    }
    match parse(&word) {
        Some(vote) if vote == (m - 1, left) => Degrade::Safety,
        Some(vote) if vote == (m, left) => Degrade::Availability,
        _ => {
            wiring.problem(
                "degrade_to",
                "what is left of the vote must be stated",
                help,
            );
            Degrade::Safety
        }
    }
}

/// A text of a row, noting a problem if it is not one.
pub(crate) fn row_text(
    wiring: &mut Wiring<'_>,
    key: &str,
    row: &BTreeMap<String, Value>,
    field: &str,
) -> Option<String> {
    match row.get(field) {
        None => None,
        Some(Value::Text(text)) => Some(text.clone()),
        Some(_) => {
            wiring.problem(key, format!("`{field}` is not a text"), "a text in quotes");
            None
        }
    }
}

/// Notes fields of a row that nobody knows.
pub(crate) fn check_row(
    wiring: &mut Wiring<'_>,
    key: &str,
    row: &BTreeMap<String, Value>,
    known: &[&str],
) {
    for field in row.keys().filter(|field| !known.contains(&field.as_str())) {
        wiring.problem(
            key,
            format!("a row does not know `{field}`"),
            format!("its fields are {}", known.join(", ")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state of up to four channels: against, for, bad.
    fn every_state(n: usize) -> impl Iterator<Item = Vec<Option<bool>>> {
        (0..3usize.pow(n as u32)).map(move |mut code| {
            (0..n)
                .map(|_| {
                    let state = [Some(false), Some(true), None][code % 3];
                    code /= 3;
                    state
                })
                .collect()
        })
    }

    /// The rules written down a second time, as a table of the needed votes among
    /// the channels left: `[m][n][bad]`.
    fn needed(m: usize, n: usize, bad: usize, degrade: Degrade) -> usize {
        match (m, n, bad, degrade) {
            (_, _, 0, _) => m,
            (1, _, _, _) => 1,
            (2, 3, 1, Degrade::Availability) => 2,
            (2, 4, 1 | 2, Degrade::Availability) => 2,
            (3, 4, 1, Degrade::Availability) => 3,
            (3, 4, 2, Degrade::Availability) => 2,
            (3, 3, 1, _) | (3, 4, 1, Degrade::Safety) => 2,
            (4, 4, 1, _) => 3,
            (4, 4, 2, _) => 2,
            _ => 1,
        }
    }

    #[test]
    fn every_vote_up_to_four_channels_with_every_bad_rule() {
        let mut seen = 0;
        for n in 1..=4 {
            for m in 1..=n {
                for on_bad in [OnBad::Trip, OnBad::NoTrip, OnBad::Exclude] {
                    for degrade in [Degrade::Safety, Degrade::Availability] {
                        let voting = Voting {
                            m: m as u8,
                            on_bad,
                            degrade,
                        };
                        for state in every_state(n) {
                            let bad = state.iter().filter(|c| c.is_none()).count();
                            let votes = state.iter().filter(|c| **c == Some(true)).count();
                            let expected = match on_bad {
                                OnBad::Trip => votes + bad >= m,
                                OnBad::NoTrip => votes >= m,
                                OnBad::Exclude => bad == n || votes >= needed(m, n, bad, degrade),
                            };
                            let outcome = voting
                                .count(state.iter().map(|vote| Ballot::of(*vote, voting.on_bad)));
                            assert_eq!(outcome.trip, expected, "{voting:?} of {n}: {state:?}");
                            assert_eq!(usize::from(outcome.bad), bad);
                            seen += 1;
                        }
                    }
                }
            }
        }
        // Σ n·3ⁿ over n = 1..4, for 3 bad rules and 2 degradations.
        assert_eq!(seen, (3 + 2 * 9 + 3 * 27 + 4 * 81) * 6);
    }

    #[test]
    fn a_bad_channel_never_makes_a_trip_less_likely_unless_it_is_said_to() {
        for n in 1..=4 {
            for m in 1..=n {
                let voting = Voting {
                    m: m as u8,
                    on_bad: OnBad::Trip,
                    degrade: Degrade::Safety,
                };
                for state in every_state(n) {
                    let before = voting
                        .count(state.iter().map(|vote| Ballot::of(*vote, voting.on_bad)))
                        .trip;
                    for lost in 0..n {
                        let mut after = state.clone();
                        after[lost] = None;
                        assert!(
                            voting
                                .count(
                                    after
                                        .into_iter()
                                        .map(|vote| Ballot::of(vote, voting.on_bad))
                                )
                                .trip
                                >= before
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn words_of_votes() {
        assert_eq!(parse("2oo3"), Some((2, 3)));
        assert_eq!(parse("3oo2"), None);
        assert_eq!(parse("0oo2"), None);
        assert_eq!(parse("two"), None);
    }
}
