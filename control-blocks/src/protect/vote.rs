//! A vote of Booleans.

use super::voting::{self, Ballot, Voting};
use scan::*;
use signal::{Level, Quality, Reading, Reason};

/// `VOTE`: M out of N Booleans.
///
/// | key | meaning |
/// |---|---|
/// | `of` | 1 to 8 Boolean tags |
/// | `vote`, `on_bad`, `degrade_to` | as for `CAUSE` |
///
/// Outputs `OUT`, `VOTES`, `DEGRADED`; `OUT` is good, or uncertain-degraded while
/// a channel is bad.
pub struct Vote {
    voting: Voting,
    of: Box<[Input<bool>]>,
    out: Output<bool>,
    votes: Output<i64>,
    degraded: Output<bool>,
}

impl Block for Vote {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let outcome = self.voting.count(self.of.iter().map(|pin| {
            let reading = image.get(*pin);
            Ballot::of(
                (!reading.is_bad()).then_some(reading.value),
                self.voting.on_bad,
            )
        }));
        let quality = if outcome.bad > 0 {
            Quality::new(Level::Uncertain, Reason::Degraded)
        } else {
            Quality::GOOD
        };
        image.set(&self.out, Reading::new(outcome.trip, quality));
        image.put(&self.votes, i64::from(outcome.votes));
        image.put(&self.degraded, outcome.bad > 0);
    }
}

impl BlockKind for Vote {
    const NAME: &'static str = "VOTE";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let of = wiring.inputs("of");
        Vote {
            voting: voting::wire(wiring, of.len()),
            of: of.into_boxed_slice(),
            out: wiring.output("OUT"),
            votes: wiring.output("VOTES"),
            degraded: wiring.output("DEGRADED"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::Quality;

    fn text(keys: &str) -> String {
        format!(
            "field = {{ a = false, b = false, c = false }}\n[[block]]\nkind = \"VOTE\"\n\
             name = \"V\"\nof = [\"a\", \"b\", \"c\"]\n{keys}"
        )
    }

    #[test]
    fn two_of_three() {
        let mut rig = Rig::new(100, &text("vote = \"2oo3\""));
        assert!(!rig.field("a", 1.0).scans(1).is("V.OUT"));
        assert!(rig.field("c", 1.0).scans(1).is("V.OUT"));
        assert_eq!(rig.value("V.VOTES"), 2.0);
        rig.field("c", 0.0).quality_of("b", Quality::STALE).scans(1);
        assert!(rig.is("V.OUT"), "a bad channel votes for the trip");
        assert!(rig.is("V.DEGRADED"));
    }

    #[test]
    fn what_is_left_of_two_of_three_must_be_stated() {
        assert_eq!(
            problems(&text("vote = \"2oo3\"\non_bad = \"exclude\"")).len(),
            1
        );
        let stated = "vote = \"2oo3\"\non_bad = \"exclude\"\ndegrade_to = ";
        assert!(problems(&text(&format!("{stated}\"1oo2\""))).is_empty());
        assert!(problems(&text(&format!("{stated}\"2oo2\""))).is_empty());
        assert_eq!(problems(&text(&format!("{stated}\"1oo1\""))).len(), 1);
        assert_eq!(problems(&text("vote = \"2oo4\"")).len(), 1);
        assert_eq!(problems(&text("")).len(), 1);
        assert_eq!(
            problems(&text("vote = \"1oo3\"\ndegrade_to = \"1oo2\"")).len(),
            1
        );
    }
}
