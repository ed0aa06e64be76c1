//! Split range: one demand, two final elements.

use scan::*;
use signal::{Reading, math};

/// A straight line through two points, flat outside them.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    in_lo: f64,
    in_hi: f64,
    out_lo: f64,
    slope: f64,
}

impl Segment {
    /// The line from `(in_lo, out_lo)` to `(in_hi, out_hi)`, `in_lo < in_hi`.
    pub fn new(in_lo: f64, in_hi: f64, out_lo: f64, out_hi: f64) -> Segment {
        Segment {
            in_lo,
            in_hi,
            out_lo,
            slope: (out_hi - out_lo) / (in_hi - in_lo),
        }
    }

    /// The height at `x`.
    #[inline]
    pub fn at(&self, x: f64) -> f64 {
        self.out_lo + (math::clamp(x, self.in_lo, self.in_hi) - self.in_lo) * self.slope
    }
}

/// `SPLIT`: split range with a gap or an overlap.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the demand (real), required |
/// | `a_in_lo`, `a_in_hi`, `a_out_lo`, `a_out_hi` | output `A` goes in a straight line from `a_out_lo` at `a_in_lo` to `a_out_hi` at `a_in_hi`, flat outside; required |
/// | `b_…` | the same for output `B` |
///
/// Cooling and heating with a gap of 4 %: `a_in` 0–48 → 100–0, `b_in` 52–100 →
/// 0–100. Outputs carry the quality of `in`.
pub struct Split {
    a: Segment,
    b: Segment,
    input: Input<f64>,
    a_out: Output<f64>,
    b_out: Output<f64>,
}

impl Block for Split {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        image.set(
            &self.a_out,
            Reading::new(self.a.at(input.value), input.quality),
        );
        image.set(
            &self.b_out,
            Reading::new(self.b.at(input.value), input.quality),
        );
    }
}

impl BlockKind for Split {
    const NAME: &'static str = "SPLIT";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const ANY: std::ops::RangeInclusive<f64> = -1e12..=1e12;
        let mut segment = |which: &str, pin: &str| {
            let mut point = |what: &str| wiring.real_required(&format!("{which}_{what}"), ANY);
            let (in_lo, in_hi) = (point("in_lo"), point("in_hi"));
            let (out_lo, out_hi) = (point("out_lo"), point("out_hi"));
            let key = format!("{which}_in_hi");
            if wiring.has(&key) && in_lo >= in_hi {
                wiring.problem(&key, "the range is empty", "`in_lo` must be below `in_hi`");
            }
            wiring.range(pin, out_lo.min(out_hi), out_lo.max(out_hi));
            Segment::new(in_lo, in_hi, out_lo, out_hi)
        };
        let (a, b) = (segment("a", "A"), segment("b", "B"));
        Split {
            a,
            b,
            input: wiring.input("in"),
            a_out: wiring.output("A"),
            b_out: wiring.output("B"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;

    #[test]
    fn cooling_closes_then_a_gap_then_heating_opens() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { demand = 0.0 }
            [[block]]
            kind = "SPLIT"
            name = "TY"
            in = "demand"
            a_in_lo = 0
            a_in_hi = 48
            a_out_lo = 100
            a_out_hi = 0
            b_in_lo = 52
            b_in_hi = 100
            b_out_lo = 0
            b_out_hi = 100
            "#,
        );
        for (demand, a, b) in [
            (-5.0, 100.0, 0.0),
            (0.0, 100.0, 0.0),
            (24.0, 50.0, 0.0),
            (48.0, 0.0, 0.0),
            (50.0, 0.0, 0.0),
            (52.0, 0.0, 0.0),
            (76.0, 0.0, 50.0),
            (100.0, 0.0, 100.0),
            (105.0, 0.0, 100.0),
        ] {
            rig.field("demand", demand).scans(1);
            assert!((rig.value("TY.A") - a).abs() < 1e-12, "A at {demand}");
            assert!((rig.value("TY.B") - b).abs() < 1e-12, "B at {demand}");
        }
    }
}
