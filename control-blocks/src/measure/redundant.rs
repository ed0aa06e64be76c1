//! One value from redundant channels: median, high, low, average.

use scan::*;
use signal::limits::VOTE_CHANNELS_MAX;
use signal::{Level, Quality, Reading, Reason};

/// How the usable channels become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The middle one; the mean of the middle two of an even number.
    Median,
    /// The highest.
    High,
    /// The lowest.
    Low,
    /// The mean.
    Average,
}

/// One value from redundant readings.
///
/// Good readings are used. If there are fewer than `min_good` of them, the
/// uncertain ones are used as well and the result is uncertain-degraded; bad ones
/// never are. With no usable reading there is `None`. At most eight readings
/// count.
pub fn combine(readings: &[Reading<f64>], rule: Rule, min_good: usize) -> Option<Reading<f64>> {
    let mut values = [0.0; VOTE_CHANNELS_MAX];
    let readings = &readings[..readings.len().min(VOTE_CHANNELS_MAX)];
    let usable = |r: &&Reading<f64>| !r.quality.is_bad() && r.value.is_finite();
    let good = readings
        .iter()
        .filter(usable)
        .filter(|r| r.quality.is_good())
        .count();
    let is_degraded = good < min_good;
    let mut quality = Quality::GOOD;
    let mut count = 0;
    for reading in readings.iter().filter(usable) {
        if is_degraded || reading.quality.is_good() {
            // Insertion keeps the values sorted; eight at most.
            let mut at = count;
            while at > 0 && values[at - 1] > reading.value {
                values[at] = values[at - 1];
                at -= 1;
            }
            values[at] = reading.value;
            count += 1;
            quality = quality.worst(reading.quality);
        }
    }
    if count == 0 {
        return None;
    }
    if is_degraded {
        quality = quality.worst(Quality::new(Level::Uncertain, Reason::Degraded));
    }
    let sorted = &values[..count];
    let value = match rule {
        Rule::Low => sorted[0],
        Rule::High => sorted[count - 1],
        // Halves first: the sum of two huge values would overflow.
        Rule::Median => 0.5 * sorted[(count - 1) / 2] + 0.5 * sorted[count / 2],
        Rule::Average => {
            let share = 1.0 / count as f64;
            sorted.iter().map(|value| value * share).sum()
        }
    };
    Some(Reading::new(value, quality))
}

struct Redundant {
    rule: Rule,
    min_good: usize,
    of: Box<[Input<f64>]>,
    pv: Output<f64>,
}

impl Redundant {
    fn wire(wiring: &mut Wiring<'_>, rule: Rule) -> Redundant {
        let of = wiring.inputs::<f64>("of");
        let count = of.len() as i64;
        if !(2..=VOTE_CHANNELS_MAX as i64).contains(&count) {
            wiring.problem(
                "of",
                format!("{count} channels"),
                format!("between 2 and {VOTE_CHANNELS_MAX} tags"),
            );
        }
        let mut pins: Vec<String> = (1..=of.len()).map(|at| format!("of.{at}")).collect();
        pins.push("PV".into());
        let pins: Vec<&str> = pins.iter().map(String::as_str).collect();
        wiring.same_unit(&pins);
        wiring.range_like("PV", "of.1");
        Redundant {
            rule,
            min_good: wiring.int("min_good", count / 2 + 1, 1..=count.max(1)) as usize,
            of: of.into_boxed_slice(),
            pv: wiring.output("PV"),
        }
    }

    fn step(&mut self, image: &mut Image) {
        let mut readings = [Reading::new(0.0, Quality::BAD); VOTE_CHANNELS_MAX];
        let mut worst = Quality::GOOD;
        for (reading, pin) in readings.iter_mut().zip(self.of.iter()) {
            *reading = image.get(*pin);
            worst = worst.worst(reading.quality);
        }
        let reading = combine(
            &readings[..self.of.len().min(VOTE_CHANNELS_MAX)],
            self.rule,
            self.min_good,
        )
        .unwrap_or_else(|| Reading::new(image.held(&self.pv).value, worst.worst(Quality::BAD)));
        image.set(&self.pv, reading);
    }
}

/// `MEDIAN`: the middle of 2 to 8 redundant channels, for control.
///
/// | key | meaning |
/// |---|---|
/// | `of` | the channels (real), one unit |
/// | `min_good` | below this number of good channels the result is uncertain-degraded; default more than half |
///
/// Output `PV`, in the unit and range of the channels. Rules of quality: see
/// [`combine`]. With no usable channel `PV` holds its last value, bad. An even
/// number of used channels gives the mean of the middle two.
pub struct Median(Redundant);

impl Block for Median {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        self.0.step(image);
    }
}

impl BlockKind for Median {
    const NAME: &'static str = "MEDIAN";
    const STAGE: Stage = Stage::Condition;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Median(Redundant::wire(wiring, Rule::Median))
    }
}

/// `SELECT`: the highest, lowest or mean of 2 to 8 channels.
///
/// | key | meaning |
/// |---|---|
/// | `of` | the channels (real), one unit |
/// | `select` | `"high"`, `"low"` or `"average"`, required |
/// | `min_good` | as for `MEDIAN` |
///
/// Output `PV`. Rules of quality as for `MEDIAN`.
pub struct Select(Redundant);

impl Block for Select {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        self.0.step(image);
    }
}

impl BlockKind for Select {
    const NAME: &'static str = "SELECT";
    const STAGE: Stage = Stage::Condition;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let choices = [
            ("high", Rule::High),
            ("low", Rule::Low),
            ("average", Rule::Average),
        ];
        if !wiring.has("select") {
            wiring.problem(
                "select",
                "what to select is not said",
                "select = \"high\", \"low\" or \"average\"",
            );
        }
        let rule = wiring.choice("select", &choices, Rule::High);
        Select(Redundant::wire(wiring, rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn good(value: f64) -> Reading<f64> {
        Reading::good(value)
    }
    fn bad(value: f64) -> Reading<f64> {
        Reading::new(value, Quality::SENSOR_FAULT)
    }
    fn frozen(value: f64) -> Reading<f64> {
        Reading::new(value, Quality::new(Level::Uncertain, Reason::Frozen))
    }

    #[test]
    fn one_bad_of_three_leaves_the_mean_of_two() {
        let median = combine(&[good(1.0), bad(999.0), good(3.0)], Rule::Median, 2);
        assert_eq!(median, Some(good(2.0)));
    }

    #[test]
    fn one_outlier_of_three_does_not_matter() {
        let median = combine(&[good(50.0), good(150.0), good(51.0)], Rule::Median, 2);
        assert_eq!(median.map(|r| r.value), Some(51.0));
    }

    #[test]
    fn below_min_good_the_result_is_degraded_and_uses_the_uncertain() {
        let high = combine(&[good(1.0), frozen(7.0), bad(9.0)], Rule::High, 2).unwrap();
        assert_eq!(high.value, 7.0);
        assert_eq!(high.quality.level(), Level::Uncertain);
        assert_eq!(high.quality.reason(), Reason::Degraded);
    }

    #[test]
    fn enough_good_ones_leave_the_uncertain_out() {
        let high = combine(&[good(1.0), frozen(7.0), good(2.0)], Rule::High, 2);
        assert_eq!(high, Some(good(2.0)));
    }

    #[test]
    fn all_bad_is_none() {
        assert_eq!(combine(&[bad(1.0), bad(2.0)], Rule::Average, 1), None);
    }

    #[test]
    fn the_block_holds_its_value_when_all_channels_are_bad() {
        let mut rig = crate::rig::Rig::new(
            100,
            r#"
            field = { a = 10.0, b = 20.0 }
            [[block]]
            kind = "MEDIAN"
            name = "TT"
            of = ["a", "b"]
            "#,
        );
        rig.scans(1);
        assert_eq!(rig.value("TT.PV"), 15.0);
        rig.field_with("a", 0.0, Quality::COMM_LOST)
            .field_with("b", 0.0, Quality::STALE)
            .scans(1);
        assert_eq!(rig.value("TT.PV"), 15.0);
        assert_eq!(rig.quality("TT.PV").reason(), Reason::CommLost);
    }

    proptest! {
        #[test]
        fn every_rule_gives_a_value_between_the_lowest_and_the_highest(
            values in prop::collection::vec(-1e300..1e300f64, 1..=8)
        ) {
            let readings: Vec<_> = values.iter().copied().map(good).collect();
            let low = combine(&readings, Rule::Low, 1).unwrap().value;
            let high = combine(&readings, Rule::High, 1).unwrap().value;
            for rule in [Rule::Median, Rule::Average] {
                let value = combine(&readings, rule, 1).unwrap().value;
                let slack = 1e-12 * (high.abs() + low.abs());
                prop_assert!(value >= low - slack && value <= high + slack);
            }
        }

        #[test]
        fn the_median_is_the_middle_of_the_sorted(
            mut values in prop::collection::vec(-1e6..1e6f64, 1..=8)
        ) {
            let readings: Vec<_> = values.iter().copied().map(good).collect();
            let median = combine(&readings, Rule::Median, 1).unwrap().value;
            values.sort_by(f64::total_cmp);
            let n = values.len();
            let exact = (values[(n - 1) / 2] + values[n / 2]) / 2.0;
            prop_assert!((median - exact).abs() <= 1e-9);
        }
    }
}
