//! Totaliser.

use scan::*;
use signal::{Level, Quality, Reading, Reason};

/// A sum that does not lose what is small against it.
///
/// Neumaier's form of Kahan summation (Kahan, CACM 8:1 (1965); Neumaier, ZAMM
/// 54 (1974)): the part of each addend that rounding cuts off is kept beside the
/// sum. A plain
/// sum of many small addends loses them one rounding at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    /// A sum that begins at `value`.
    pub const fn at(value: f64) -> CompensatedSum {
        CompensatedSum {
            sum: value,
            lost: 0.0,
        }
    }

    /// Adds; an addend that would make the sum not finite is left out.
    #[inline]
    pub fn add(&mut self, addend: f64) {
        let sum = self.sum + addend;
        if !sum.is_finite() {
            return;
        }
        let (big, small) = if self.sum.abs() >= addend.abs() {
            (self.sum, addend)
        } else {
            (addend, self.sum)
        };
        self.lost += (big - sum) + small;
        self.sum = sum;
    }

    /// The sum.
    #[inline]
    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }

    /// Writes the state: two words.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.real(self.sum);
        state.real(self.lost);
    }

    /// Takes back what [`CompensatedSum::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.sum = state.real()?;
        self.lost = state.real()?;
        Ok(())
    }
}

/// `TOTAL`: integrates a rate by the trapezoidal rule.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the rate (real), required |
/// | `base` | time base of the rate: `"h"`, `"min"` or `"s"`, required (kg/h → `"h"`) |
/// | `cutoff` | a rate nearer to 0 than this counts as 0, 0 |
/// | `one_way` | the stuff cannot flow back: a negative rate counts as 0 and makes the total uncertain, false |
/// | `rollover` | the total starts again from 0 on reaching this value, keeping the rest; 0 = never |
/// | `unit` | unit of `TOTAL`, optional |
///
/// | tag | meaning |
/// |---|---|
/// | `TOTAL` | the sum; retained over a warm start |
/// | `GAPS` | how often the rate was bad since the reset |
/// | `ROLLS` | how often the total rolled over since the reset |
/// | `RESET` | command: everything to 0 |
///
/// While the rate is bad the total stands still and is uncertain-substituted;
/// nothing is assumed for the gap, it is counted. So it is with `one_way` while the
/// rate is negative beyond `cutoff`, which is no gap. Otherwise `TOTAL` carries the
/// quality of `in`. The sum is compensated ([`CompensatedSum`]).
pub struct Total {
    per_s: f64,
    cutoff: f64,
    rollover: f64,
    one_way: bool,
    sum: CompensatedSum,
    rate_last: Option<f64>,
    was_usable: bool,
    gaps: i64,
    rolls: i64,
    input: Input<f64>,
    reset: Request<bool>,
    total: Output<f64>,
    gaps_out: Output<i64>,
    rolls_out: Output<i64>,
}

impl Total {
    #[inline]
    fn accumulate(&mut self, rate: f64, dt_s: f64) {
        let rate = if rate.abs() < self.cutoff { 0.0 } else { rate };
        if let Some(last) = self.rate_last {
            self.sum.add((0.5 * last + 0.5 * rate) * dt_s * self.per_s);
        }
        self.rate_last = Some(rate);
        if self.rollover > 0.0 {
            let turns = signal::math::floor(self.sum.value() / self.rollover);
            if turns >= 1.0 {
                self.sum.add(-turns * self.rollover);
                self.rolls = self.rolls.saturating_add(turns as i64);
            }
        }
    }
}

impl Block for Total {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        if image.requested(&self.reset) == Some(true) {
            self.sum = CompensatedSum::default();
            self.gaps = 0;
            self.rolls = 0;
        }
        let rate = image.get(self.input);
        let is_usable = !rate.is_bad() && rate.value.is_finite();
        let is_backward = self.one_way && is_usable && rate.value < -self.cutoff;
        let quality = if is_backward {
            self.accumulate(0.0, scan.dt_s);
            Quality::new(Level::Uncertain, Reason::Substituted)
        } else if is_usable {
            self.accumulate(rate.value, scan.dt_s);
            rate.quality.worst(Quality::GOOD)
        } else {
            self.rate_last = None;
            self.gaps = self.gaps.saturating_add(i64::from(self.was_usable));
            Quality::new(Level::Uncertain, Reason::Substituted)
        };
        self.was_usable = is_usable;
        image.set(&self.total, Reading::new(self.sum.value(), quality));
        image.put(&self.gaps_out, self.gaps);
        image.put(&self.rolls_out, self.rolls);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.sum.save(state);
        state.bool(self.rate_last.is_some());
        state.real(self.rate_last.unwrap_or(0.0));
        state.bool(self.was_usable);
        state.int(self.gaps);
        state.int(self.rolls);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.sum.restore(state)?;
        let is_some = state.bool()?;
        let rate_last = state.real()?;
        self.rate_last = is_some.then_some(rate_last);
        self.was_usable = state.bool()?;
        self.gaps = state.int()?;
        self.rolls = state.int()?;
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        // Nothing is known of the time between.
        self.rate_last = None;
    }
}

impl BlockKind for Total {
    const NAME: &'static str = "TOTAL";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("base") {
            wiring.problem(
                "base",
                "the time base is not said",
                "base = \"h\" for a rate per hour",
            );
        }
        let bases = [("h", 1.0 / 3600.0), ("min", 1.0 / 60.0), ("s", 1.0)];
        let unit = wiring.text("unit");
        if !unit.is_empty() {
            wiring.unit("TOTAL", &unit);
        }
        Total {
            per_s: wiring.choice("base", &bases, 1.0),
            cutoff: wiring.real("cutoff", 0.0, 0.0..=f64::MAX),
            rollover: wiring.real("rollover", 0.0, 0.0..=f64::MAX),
            one_way: wiring.bool("one_way", false),
            sum: CompensatedSum::default(),
            rate_last: None,
            was_usable: false,
            gaps: 0,
            rolls: 0,
            input: wiring.input("in"),
            reset: wiring.command("RESET"),
            total: wiring.output("TOTAL"),
            gaps_out: wiring.output("GAPS"),
            rolls_out: wiring.output("ROLLS"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::Rig;
    use proptest::prelude::*;

    fn rig(extra: &str) -> Rig {
        let text = format!(
            "field = {{ ft = 0.0 }}\n[[block]]\nkind = \"TOTAL\"\nname = \"FQ\"\n\
             in = \"ft\"\nbase = \"h\"\nunit = \"kg\"\n{extra}"
        );
        Rig::new(1000, &text)
    }

    #[test]
    fn a_straight_ramp_of_flow_is_integrated_exactly() {
        let mut rig = rig("");
        for k in 0..=3600 {
            rig.field("ft", f64::from(k)).scans(1);
        }
        // ∫ k dt over 1 h with k in kg/h rising to 3600: half of 3600 kg.
        assert!((rig.value("FQ.TOTAL") - 1800.0).abs() < 1e-9);
    }

    #[test]
    fn a_gap_holds_the_total_and_is_counted() {
        let mut rig = rig("");
        rig.field("ft", 3600.0).scans(11);
        assert!((rig.value("FQ.TOTAL") - 10.0).abs() < 1e-9);
        rig.quality_of("ft", Quality::SENSOR_FAULT).scans(100);
        assert!((rig.value("FQ.TOTAL") - 10.0).abs() < 1e-9);
        assert_eq!(rig.quality("FQ.TOTAL").level(), Level::Uncertain);
        assert_eq!(rig.value("FQ.GAPS"), 1.0);
        rig.field("ft", 3600.0).scans(11);
        assert!((rig.value("FQ.TOTAL") - 20.0).abs() < 1e-9);
        assert!(rig.quality("FQ.TOTAL").is_good());
    }

    #[test]
    fn reset_empties_and_the_flow_goes_on() {
        let mut rig = rig("");
        rig.field("ft", 3600.0).scans(50);
        rig.write("FQ.RESET", 1.0).scans(1);
        assert!((rig.value("FQ.TOTAL") - 1.0).abs() < 1e-9);
        assert_eq!(rig.value("FQ.GAPS"), 0.0);
    }

    #[test]
    fn creep_below_the_cutoff_is_not_counted() {
        let mut rig = rig("cutoff = 2.0");
        rig.field("ft", 1.9).scans(10_000);
        assert_eq!(rig.value("FQ.TOTAL"), 0.0);
        rig.field("ft", -1.9).scans(10_000);
        assert_eq!(rig.value("FQ.TOTAL"), 0.0);
    }

    #[test]
    fn what_cannot_flow_back_is_not_taken_off_and_the_total_says_so() {
        let mut rig = rig("one_way = true\ncutoff = 0.5");
        rig.field("ft", 3600.0).scans(11);
        let total = rig.value("FQ.TOTAL");
        assert!(rig.quality("FQ.TOTAL").is_good());
        rig.field("ft", -3600.0).scans(2);
        // Half a second of the fall to 0, by the trapezoidal rule.
        assert!((rig.value("FQ.TOTAL") - total - 0.5).abs() < 1e-9);
        assert_eq!(rig.quality("FQ.TOTAL").level(), Level::Uncertain);
        assert_eq!(rig.quality("FQ.TOTAL").reason(), Reason::Substituted);
        assert_eq!(rig.value("FQ.GAPS"), 0.0);
        rig.field("ft", -0.4).scans(1);
        assert!(rig.quality("FQ.TOTAL").is_good(), "creep is no flow back");
    }

    #[test]
    fn rollover_keeps_the_rest() {
        let mut rig = rig("rollover = 100.0");
        rig.field("ft", 3600.0 * 7.0).scans(16);
        assert!((rig.value("FQ.TOTAL") - 5.0).abs() < 1e-9);
        assert_eq!(rig.value("FQ.ROLLS"), 1.0);
    }

    #[test]
    fn ten_million_small_additions_lose_nothing() {
        let (mut kahan, mut plain) = (CompensatedSum::at(1e7), 1e7);
        for _ in 0..10_000_000 {
            kahan.add(0.1e-6);
            plain += 0.1e-6;
        }
        assert!((kahan.value() - 10_000_001.0).abs() < 1e-8);
        assert!(
            (plain - 10_000_001.0_f64).abs() > 1e-3,
            "a plain sum would do"
        );
    }

    proptest! {
        #[test]
        fn the_sum_is_that_of_exact_integers(addends in prop::collection::vec(-1i64<<40..1<<40, 0..200)) {
            let mut sum = CompensatedSum::default();
            for addend in &addends {
                sum.add(*addend as f64 * 0.25);
            }
            prop_assert_eq!(sum.value(), addends.iter().sum::<i64>() as f64 * 0.25);
        }
    }
}
