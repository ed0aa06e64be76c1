//! A measurement against a limit.

use super::timing::{Delay, ns};
use scan::*;
use signal::{Level, Quality, Reading, Reason};

/// Which side of a limit is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At or above the limit.
    Above,
    /// At or below the limit.
    Below,
}

impl Side {
    /// The words of plant text.
    pub const WORDS: [(&'static str, Side); 2] = [("above", Side::Above), ("below", Side::Below)];
}

/// Whether a value is beyond a limit, given whether it `was`: a value at the
/// limit is; it no longer is once it has come back by more than `hysteresis`.
#[inline]
pub fn is_beyond(value: f64, limit: f64, side: Side, hysteresis: f64, was: bool) -> bool {
    let slack = if was { hysteresis } else { 0.0 };
    match side {
        Side::Above => value >= limit - slack,
        Side::Below => value <= limit + slack,
    }
}

#[derive(Clone, Copy, Debug)]
enum OnBad {
    True,
    False,
    Hold,
}

/// `COMPARE`: true while a value is at or beyond a limit.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the value (real), required |
/// | `limit` | tuning tag `LIMIT` in units of `in`, or a tag; required |
/// | `when` | `"above"` or `"below"`, required |
/// | `hysteresis` | how far it must come back, 0 |
/// | `on_delay_s`, `off_delay_s` | how long the change must last, 0 |
/// | `on_bad` | what a bad `in` (or a bad `limit`) counts as: `"true"`, `"false"` or `"hold"`; required |
///
/// Output `OUT`. With a bad input it follows `on_bad` (through the delays) and is
/// uncertain-substituted, never bad: the rule has been applied. Otherwise it
/// carries the quality of `in`.
pub struct Compare {
    side: Side,
    hysteresis: f64,
    on_ns: u64,
    off_ns: u64,
    on_bad: OnBad,
    is_beyond: bool,
    delay: Delay,
    input: Input<f64>,
    limit: Input<f64>,
    out: Output<bool>,
}

impl Block for Compare {
    #[inline(always)] // Into the loop over a row: plants have many.
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let limit = image.get(self.limit);
        let mut quality = input.quality.worst(limit.quality);
        if quality.is_bad() {
            self.is_beyond = match self.on_bad {
                OnBad::True => true,
                OnBad::False => false,
                OnBad::Hold => self.is_beyond,
            };
            quality = Quality::new(Level::Uncertain, Reason::Substituted);
        } else {
            self.is_beyond = is_beyond(
                input.value,
                limit.value,
                self.side,
                self.hysteresis,
                self.is_beyond,
            );
        }
        let out = self
            .delay
            .step(self.is_beyond, self.on_ns, self.off_ns, ns(scan.dt_s));
        image.set(&self.out, Reading::new(out, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_beyond);
        self.delay.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_beyond = state.bool()?;
        self.delay.restore(state)
    }
}

impl BlockKind for Compare {
    const NAME: &'static str = "COMPARE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        for (key, help) in [
            ("limit", "limit = 80.0"),
            ("when", "when = \"above\" or \"below\""),
            (
                "on_bad",
                "on_bad = \"true\", \"false\" or \"hold\": what a bad value counts as",
            ),
        ] {
            if !wiring.has(key) {
                wiring.problem(key, format!("`{key}` is not given"), help);
            }
        }
        let on_bad = [
            ("true", OnBad::True),
            ("false", OnBad::False),
            ("hold", OnBad::Hold),
        ];
        wiring.same_unit(&["in", "limit"]);
        wiring.range_like("limit", "in");
        Compare {
            side: wiring.choice("when", &Side::WORDS, Side::Above),
            hysteresis: wiring.real("hysteresis", 0.0, 0.0..=f64::MAX),
            on_ns: ns(wiring.real("on_delay_s", 0.0, 0.0..=86_400.0)),
            off_ns: ns(wiring.real("off_delay_s", 0.0, 0.0..=86_400.0)),
            on_bad: wiring.choice("on_bad", &on_bad, OnBad::True),
            is_beyond: false,
            delay: Delay::default(),
            input: wiring.input("in"),
            limit: wiring.tuning("limit", 0.0, f64::MIN..=f64::MAX),
            out: wiring.output("OUT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::Rig;

    fn rig(on_bad: &str) -> Rig {
        Rig::new(
            100,
            &format!(
                r#"
                field = {{ t = 50.0 }}
                [[block]]
                kind = "COMPARE"
                name = "TSH"
                in = "t"
                limit = 80.0
                when = "above"
                hysteresis = 2.0
                on_delay_s = 0.2
                on_bad = "{on_bad}"
                "#
            ),
        )
    }

    #[test]
    fn at_the_limit_counts_and_hysteresis_holds() {
        let mut rig = rig("false");
        rig.field("t", 80.0).scans(2);
        assert!(!rig.is("TSH.OUT"));
        assert!(rig.scans(1).is("TSH.OUT"));
        assert!(rig.field("t", 78.0).scans(1).is("TSH.OUT"));
        assert!(!rig.field("t", 77.999).scans(1).is("TSH.OUT"));
    }

    #[test]
    fn the_rule_for_bad_values_is_obeyed_and_told() {
        for (on_bad, before, after) in [
            ("true", 50.0, true),
            ("false", 90.0, false),
            ("hold", 90.0, true),
            ("hold", 50.0, false),
        ] {
            let mut rig = rig(on_bad);
            rig.field("t", before).scans(5);
            rig.quality_of("t", Quality::SENSOR_FAULT).scans(5);
            assert_eq!(rig.is("TSH.OUT"), after, "{on_bad} {before}");
            let quality = rig.quality("TSH.OUT");
            assert_eq!(quality.reason(), Reason::Substituted);
            assert!(!quality.is_bad());
        }
    }

    #[test]
    fn the_limit_may_be_tuned() {
        let mut rig = rig("false");
        rig.write("TSH.LIMIT", 40.0).scans(4);
        assert!(rig.is("TSH.OUT"));
    }
}
