//! More than was meant.

use super::loss::LossLaw;
use crate::sense::{Command, known, quality_of, show, tell};
use scan::*;
use signal::{Level, Quality, Reason};

/// `OVERDOSE`: the dosed amount by a second measurement against the target.
///
/// | key | meaning |
/// |---|---|
/// | `weight` | weight of the dosing vessel: what it loses is the amount; or |
/// | `amount` | the amount by any measurement other than the totaliser that ends the dosing; one of both |
/// | `target` | amount, tuning tag `TARGET`, or a tag; required |
/// | `tolerance` | permitted excess in per cent of the target, 2 (demo design value) |
/// | `reset_when` | Boolean tag of a new batch: its rising edge is `RESET`; a dose that goes on is no new one; optional |
/// | `refill` | a rise of the weight by more is a refill, 2 (kg) |
///
/// | tag | meaning |
/// |---|---|
/// | `RESET` | command, with `weight`: a new amount begins |
/// | `DOSED` | the amount |
/// | `TRIP` | it is `target` and the tolerance, or more: a hard stop |
///
/// A bad measurement or target makes `TRIP` bad, so that a `CAUSE` trips by its own
/// rule. What leaves during a refill is not seen; then `DOSED` is uncertain.
pub struct Overdose {
    law: LossLaw,
    was_refilled: bool,
    factor: f64,
    refill: f64,
    weight: Option<Input<f64>>,
    amount: Option<Input<f64>>,
    target: Input<f64>,
    reset: Option<Command>,
    dosed: Output<f64>,
    trip: Output<bool>,
}

impl Block for Overdose {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        if self.reset.as_mut().is_some_and(|reset| reset.given(image)) {
            self.law.clear();
            self.was_refilled = false;
        }
        let (dosed, mut quality) = match (self.weight, self.amount) {
            (Some(pin), _) => {
                let weight = known(image, pin);
                if let Some(weight) = weight {
                    self.law.step(weight, 0.0, self.refill, 0.0);
                    self.was_refilled |= self.law.is_refilling();
                }
                (weight.map(|_| self.law.left()), quality_of(image, pin))
            }
            (None, Some(pin)) => (known(image, pin), quality_of(image, pin)),
            (None, None) => (None, Quality::BAD),
        };
        if self.was_refilled {
            quality = quality.worst(Quality::new(Level::Uncertain, Reason::Substituted));
        }
        show(image, &self.dosed, dosed, quality);
        let limit = known(image, self.target).map(|target| target * self.factor);
        let trip = dosed.zip(limit).is_none_or(|(dosed, limit)| dosed >= limit);
        let quality = quality.worst(quality_of(image, self.target));
        tell(image, &self.trip, trip, quality);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.law.save(state);
        if let Some(reset) = &self.reset {
            reset.save(state);
        }
        state.bool(self.was_refilled);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.restore(state)?;
        if let Some(reset) = &mut self.reset {
            reset.restore(state)?;
        }
        self.was_refilled = state.bool()?;
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        if let Some(reset) = &mut self.reset {
            reset.forget();
        }
    }
}

impl BlockKind for Overdose {
    const NAME: &'static str = "OVERDOSE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if wiring.has("weight") == wiring.has("amount") {
            wiring.problem(
                "weight",
                "there must be one second measurement",
                "either weight = \"WT-101.PV\" or amount = \"TAG\"",
            );
        }
        if !wiring.has("target") {
            wiring.problem("target", "`target` is not given", "target = 300.0");
        }
        wiring.same_unit(&["weight", "amount", "target", "DOSED"]);
        let reset = wiring.has("weight");
        let reset = reset.then(|| Command::wire(wiring, "RESET"));
        Overdose {
            law: LossLaw::default(),
            was_refilled: false,
            factor: 1.0 + 0.01 * wiring.real("tolerance", 2.0, 0.0..=100.0),
            refill: wiring.real("refill", 2.0, 1e-6..=1e6),
            weight: wiring.input_optional("weight"),
            amount: wiring.input_optional("amount"),
            target: wiring.tuning("target", 0.0, 0.0..=1e9),
            reset,
            dosed: wiring.output("DOSED"),
            trip: wiring.output("TRIP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::Quality;

    const TEXT: &str = r#"
        field = { w = 400.0, new = false }
        [[block]]
        kind = "OVERDOSE"
        name = "O"
        weight = "w"
        reset_when = "new"
        target = 300.0
    "#;

    #[test]
    fn two_per_cent_too_much_by_weight_trips() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1).field("w", 94.1).scans(1);
        assert!(!rig.is("O.TRIP"));
        rig.field("w", 94.0).scans(1);
        assert!(rig.is("O.TRIP"));
        assert_eq!(rig.value("O.DOSED"), 306.0);
        rig.field("new", 1.0).scans(1);
        assert!(!rig.is("O.TRIP"), "a new amount");
    }

    #[test]
    fn an_unknown_weight_is_a_trip_of_bad_quality() {
        let mut rig = Rig::new(1000, TEXT);
        rig.quality_of("w", Quality::COMM_LOST).scans(1);
        assert!(rig.is("O.TRIP") && rig.quality("O.TRIP").is_bad());
        assert!(rig.quality("O.DOSED").is_bad());
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (from, to) in [
            ("weight = \"w\"", ""),
            ("weight = \"w\"", "weight = \"w\"\namount = \"w\""),
            ("target = 300.0", ""),
            ("target = 300.0", "target = 300.0\ntolerance = -1"),
        ] {
            assert_ne!(problems(&TEXT.replacen(from, to, 1)), vec![], "{from}");
        }
    }
}
