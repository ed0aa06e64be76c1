//! How much has left a weighed vessel, across refills.

use crate::regulate::total::CompensatedSum;
use crate::sense::{restore_real, save_real};
use scan::{StateMismatch, StateReader, StateWriter};

/// A stretch of time in which nothing came into the vessel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Stretch {
    /// Weight at its beginning and now.
    first: f64,
    now: f64,
    /// What the totaliser told since its beginning.
    told: f64,
    /// The lowest weight, and what the totaliser had told by then.
    lowest: f64,
    told_then: f64,
}

/// What has left a weighed vessel, and what a totaliser told meanwhile.
///
/// A rise by more than `refill` above the lowest weight is a refill: what left
/// before it is kept, and while it goes on nothing is compared, since a rise hides
/// what leaves. The comparison goes on when the weight has fallen by half of
/// `refill` again. Smaller rises are noise and cancel out. A totaliser that begins
/// again from 0 at `rollover` goes on; one that falls for any other reason was
/// reset, and that step of it is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossLaw {
    left: CompensatedSum,
    told: CompensatedSum,
    stretch: Option<Stretch>,
    /// The highest weight of a refill that goes on.
    highest: Option<f64>,
    total_last: Option<f64>,
}

impl LossLaw {
    /// Begins anew.
    pub fn clear(&mut self) {
        *self = LossLaw::default();
    }

    /// One scan with known signals; without a totaliser `total` is 0.
    pub fn step(&mut self, weight: f64, total: f64, refill: f64, rollover: f64) {
        let mut delta = total - self.total_last.unwrap_or(total);
        self.total_last = Some(total);
        if delta < 0.0 {
            let is_rollover = rollover > 0.0 && delta < -0.5 * rollover;
            delta = if is_rollover { delta + rollover } else { 0.0 };
        }
        if let Some(highest) = self.highest {
            let highest = highest.max(weight);
            self.highest = Some(highest);
            if weight < highest - 0.5 * refill {
                self.highest = None;
                self.stretch = Some(Stretch::from(weight));
            }
            return;
        }
        let stretch = self.stretch.get_or_insert(Stretch::from(weight));
        stretch.now = weight;
        stretch.told += delta;
        if weight <= stretch.lowest {
            stretch.lowest = weight;
            stretch.told_then = stretch.told;
        } else if weight > stretch.lowest + refill {
            self.left.add(stretch.first - stretch.lowest);
            self.told.add(stretch.told_then);
            self.stretch = None;
            self.highest = Some(weight);
        }
    }

    /// What has left by weight.
    pub fn left(&self) -> f64 {
        self.left.value()
            + self
                .stretch
                .map_or(0.0, |stretch| stretch.first - stretch.now)
    }

    /// What the totaliser told for the same time.
    pub fn told(&self) -> f64 {
        self.told.value() + self.stretch.map_or(0.0, |stretch| stretch.told)
    }

    /// Whether a refill goes on.
    pub const fn is_refilling(&self) -> bool {
        self.highest.is_some()
    }

    /// Writes the state.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        self.left.save(state);
        self.told.save(state);
        state.bool(self.stretch.is_some());
        let stretch = self.stretch.unwrap_or_default();
        for value in [
            stretch.first,
            stretch.now,
            stretch.told,
            stretch.lowest,
            stretch.told_then,
        ] {
            state.real(value);
        }
        save_real(state, self.highest);
        save_real(state, self.total_last);
    }

    /// Takes back what [`LossLaw::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.left.restore(state)?;
        self.told.restore(state)?;
        let is_some = state.bool()?;
        let stretch = Stretch {
            first: state.real()?,
            now: state.real()?,
            told: state.real()?,
            lowest: state.real()?,
            told_then: state.real()?,
        };
        self.stretch = is_some.then_some(stretch);
        self.highest = restore_real(state)?;
        self.total_last = restore_real(state)?;
        Ok(())
    }
}

impl From<f64> for Stretch {
    fn from(weight: f64) -> Stretch {
        Stretch {
            first: weight,
            now: weight,
            lowest: weight,
            ..Stretch::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Doses from a vessel with refills between, a totaliser that rolls over, noise.
        #[test]
        fn refills_and_rollovers_change_nothing(
            doses in prop::collection::vec(3.0..40.0f64, 1..6),
            refill_kg in 5.0..100.0f64,
            rollover in 50.0..200.0f64,
            noise in 0.0..0.2f64,
        ) {
            let mut law = LossLaw::default();
            let (mut weight, mut total, mut dosed) = (200.0, 0.0, 0.0);
            let mut scan = 0u32;
            for dose in &doses {
                for _ in 0..100 {
                    scan += 1;
                    let shake = if scan.is_multiple_of(2) { noise } else { -noise };
                    weight -= dose / 100.0;
                    dosed += dose / 100.0;
                    total = (total + dose / 100.0) % rollover;
                    law.step(weight + shake, total, 2.0, rollover);
                }
                for _ in 0..20 {
                    weight += refill_kg / 20.0;
                    law.step(weight, total, 2.0, rollover);
                }
            }
            // Each refill hides at most half of the threshold, and the noise, twice.
            let hidden = doses.len() as f64 * (1.0 + 4.0 * noise + 0.5);
            prop_assert!((law.left() - dosed).abs() <= hidden, "{} {dosed}", law.left());
            prop_assert!((law.told() - law.left()).abs() <= doses.len() as f64 * (3.0 * noise + 0.9));
        }
    }

    #[test]
    fn a_totaliser_that_rolls_over_goes_on() {
        let mut law = LossLaw::default();
        law.step(100.0, 990.0, 2.0, 1_000.0);
        law.step(85.0, 5.0, 2.0, 1_000.0);
        assert_eq!((law.left(), law.told()), (15.0, 15.0));
    }

    #[test]
    fn a_totaliser_reset_by_hand_is_no_dose() {
        let mut law = LossLaw::default();
        law.step(100.0, 50.0, 2.0, 0.0);
        law.step(99.0, 51.0, 2.0, 0.0);
        law.step(99.0, 0.0, 2.0, 0.0);
        law.step(98.0, 1.0, 2.0, 0.0);
        assert_eq!((law.left(), law.told()), (2.0, 2.0));
    }
}
