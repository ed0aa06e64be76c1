//! Measurements that can no longer be trusted: the condition of a diagnosis alarm.

use crate::logic::timing::{Delay, ns};
use scan::*;
use signal::Reason;

/// `ALARM_BAD`: true while any of several measurements is bad, or frozen.
///
/// | key | meaning |
/// |---|---|
/// | `of` | measurements (real), at least one |
/// | `on_delay_s` | tuning tag `ON_DELAY_S`: how long it must last, 4 s: NAMUR NE 43 asks for 4 s before a failure signal is a diagnosis |
/// | `off_delay_s` | tuning tag `OFF_DELAY_S`: how long all must be well again, 0 |
///
/// Output `ALM`, always good: that nobody knows the value is what is known. Uncertain is
/// not bad, but a transmitter that no longer lives is lost, whatever it shows.
pub struct AlarmBad {
    delay: Delay,
    of: Box<[Input<f64>]>,
    on_delay_s: Input<f64>,
    off_delay_s: Input<f64>,
    alm: Output<bool>,
}

impl Block for AlarmBad {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let is_lost = |pin: &Input<f64>| {
            let reading = image.get(*pin);
            let is_frozen = reading.quality.reason() == Reason::Frozen;
            reading.is_bad() || is_frozen || !reading.value.is_finite()
        };
        let is_bad = self.of.iter().any(is_lost);
        let (on, off) = (image.value(self.on_delay_s), image.value(self.off_delay_s));
        let alm = self.delay.step(is_bad, ns(on), ns(off), ns(scan.dt_s));
        image.put(&self.alm, alm);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.delay.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.delay.restore(state)
    }
}

impl BlockKind for AlarmBad {
    const NAME: &'static str = "ALARM_BAD";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let of = wiring.inputs::<f64>("of");
        if of.is_empty() {
            wiring.problem("of", "nothing is watched", "of = [\"TT-101.PV\"]");
        }
        AlarmBad {
            delay: Delay::default(),
            of: of.into_boxed_slice(),
            on_delay_s: wiring.tuning("on_delay_s", 4.0, 0.0..=86_400.0),
            off_delay_s: wiring.tuning("off_delay_s", 0.0, 0.0..=86_400.0),
            alm: wiring.output("ALM"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::{Level, Quality, Reason};

    #[test]
    fn a_measurement_that_stays_lost_is_told_and_an_uncertain_one_is_not() {
        let mut rig = Rig::new(
            500,
            r#"
            field = { a = 1.0, b = 2.0 }
            [[block]]
            kind = "ALARM_BAD"
            name = "XA"
            of = ["a", "b"]
            off_delay_s = 1.0
            "#,
        );
        rig.quality_of("a", Quality::new(Level::Uncertain, Reason::OutOfRange))
            .scans(20);
        assert!(!rig.is("XA.ALM"));
        rig.quality_of("b", Quality::SENSOR_FAULT).scans(8);
        assert!(!rig.is("XA.ALM"), "not before 4 s");
        assert!(rig.scans(1).is("XA.ALM"));
        assert!(rig.quality("XA.ALM").is_good());
        rig.quality_of("b", Quality::GOOD).scans(2);
        assert!(rig.is("XA.ALM"));
        assert!(!rig.scans(1).is("XA.ALM"));
    }

    #[test]
    fn a_frozen_measurement_is_told() {
        let mut rig = Rig::new(
            500,
            "field = { a = 1.0 }\n[[block]]\nkind = \"ALARM_BAD\"\nname = \"XA\"\nof = [\"a\"]",
        );
        rig.quality_of("a", Quality::new(Level::Uncertain, Reason::Frozen))
            .scans(8);
        assert!(!rig.is("XA.ALM"), "not before 4 s");
        assert!(rig.scans(1).is("XA.ALM"));
        rig.quality_of("a", Quality::GOOD).scans(1);
        assert!(!rig.is("XA.ALM"));
    }
}
