//! Spread of redundant channels.

use crate::logic::timing::{Delay, ns};
use scan::*;
use signal::limits::VOTE_CHANNELS_MAX;
use signal::{Level, Quality, Reading, Reason};

/// Highest minus lowest of the usable readings; `None` with fewer than two.
pub fn spread(readings: impl Iterator<Item = Reading<f64>>) -> Option<f64> {
    let (mut low, mut high, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    for reading in readings.filter(|r| !r.is_bad() && r.value.is_finite()) {
        low = if reading.value < low {
            reading.value
        } else {
            low
        };
        high = if reading.value > high {
            reading.value
        } else {
            high
        };
        count += 1;
    }
    (count >= 2).then_some(high - low)
}

/// `DEVIATION`: tells when redundant channels disagree.
///
/// | key | meaning |
/// |---|---|
/// | `of` | 2 to 8 channels (real), one unit |
/// | `limit` | greatest spread, tuning tag `LIMIT`, required |
/// | `delay_s` | how long the spread must exceed it, 0 |
///
/// Outputs `SPREAD` (highest minus lowest of the channels that are not bad) and
/// `ALM`. With fewer than two usable channels there is nothing to compare: `ALM`
/// is false and both outputs are uncertain-degraded.
pub struct Deviation {
    delay_ns: u64,
    delay: Delay,
    of: Box<[Input<f64>]>,
    limit: Input<f64>,
    spread: Output<f64>,
    alm: Output<bool>,
}

impl Block for Deviation {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let spread = spread(self.of.iter().map(|pin| image.get(*pin)));
        let is_far = spread.is_some_and(|spread| spread > image.value(self.limit));
        let alm = self.delay.step(is_far, self.delay_ns, 0, ns(scan.dt_s));
        let quality = match spread {
            Some(_) => Quality::GOOD,
            None => Quality::new(Level::Uncertain, Reason::Degraded),
        };
        image.set(&self.spread, Reading::new(spread.unwrap_or(0.0), quality));
        image.set(&self.alm, Reading::new(alm, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.delay.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.delay.restore(state)
    }
}

impl BlockKind for Deviation {
    const NAME: &'static str = "DEVIATION";
    const STAGE: Stage = Stage::Condition;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let of = wiring.inputs::<f64>("of");
        if !(2..=VOTE_CHANNELS_MAX).contains(&of.len()) {
            wiring.problem(
                "of",
                format!("{} channels", of.len()),
                format!("between 2 and {VOTE_CHANNELS_MAX} tags"),
            );
        }
        if !wiring.has("limit") {
            wiring.problem("limit", "the limit is not given", "limit = 2.0");
        }
        // Not one unit with the channels: a difference of °C is K.
        let pins: Vec<String> = (1..=of.len()).map(|at| format!("of.{at}")).collect();
        let pins: Vec<&str> = pins.iter().map(String::as_str).collect();
        wiring.same_unit(&pins);
        wiring.same_unit(&["limit", "SPREAD"]);
        Deviation {
            delay_ns: ns(wiring.real("delay_s", 0.0, 0.0..=86_400.0)),
            delay: Delay::default(),
            of: of.into_boxed_slice(),
            limit: wiring.tuning("limit", 0.0, 0.0..=f64::MAX),
            spread: wiring.output("SPREAD"),
            alm: wiring.output("ALM"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    #[test]
    fn channels_that_disagree_long_enough_alarm() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { a = 10.0, b = 10.5, c = 10.0 }
            [[block]]
            kind = "DEVIATION"
            name = "TDA"
            of = ["a", "b", "c"]
            limit = 2.0
            delay_s = 0.5
            "#,
        );
        rig.scans(10);
        assert!(!rig.is("TDA.ALM"));
        assert_eq!(rig.value("TDA.SPREAD"), 0.5);
        rig.field("b", 13.0).scans(5);
        assert!(!rig.is("TDA.ALM"));
        assert!(rig.scans(1).is("TDA.ALM"));
        rig.quality_of("b", Quality::SENSOR_FAULT).scans(1);
        assert!(!rig.is("TDA.ALM"), "a bad channel is not compared");
        rig.quality_of("c", Quality::SENSOR_FAULT).scans(1);
        assert!(!rig.quality("TDA.ALM").is_good());
    }
}
