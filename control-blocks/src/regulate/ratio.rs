//! Ratio station.

use scan::*;
use signal::{Quality, Reading, math};

/// `RATIO`: `OUT = in · RATIO + BIAS`, within limits.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the wild flow or any other measurement (real), required |
/// | `ratio` | tuning tag `RATIO`, required |
/// | `bias` | tuning tag `BIAS`, in units of `OUT`, 0 |
/// | `lo`, `hi` | limits of `OUT`, none |
/// | `unit` | unit of `OUT`, optional |
///
/// `OUT` carries the quality of `in`, with limit flags at `lo` and `hi`.
pub struct Ratio {
    lo: f64,
    hi: f64,
    input: Input<f64>,
    ratio: Input<f64>,
    bias: Input<f64>,
    out: Output<f64>,
}

impl Block for Ratio {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let wish = input.value * image.value(self.ratio) + image.value(self.bias);
        let mut quality = input.quality.worst(Quality::GOOD);
        if wish >= self.hi {
            quality = quality.with(Quality::LIMITED_HIGH);
        }
        if wish <= self.lo {
            quality = quality.with(Quality::LIMITED_LOW);
        }
        let out = math::clamp(wish, self.lo, self.hi);
        image.set(&self.out, Reading::new(out, quality));
    }
}

impl BlockKind for Ratio {
    const NAME: &'static str = "RATIO";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const ANY: std::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;
        if !wiring.has("ratio") {
            wiring.problem("ratio", "the ratio is not given", "ratio = 1.5");
        }
        let unit = wiring.text("unit");
        if !unit.is_empty() {
            wiring.unit("OUT", &unit);
        }
        wiring.same_unit(&["OUT", "bias"]);
        let (lo, hi) = (
            wiring.real("lo", f64::MIN, ANY),
            wiring.real("hi", f64::MAX, ANY),
        );
        if lo > f64::MIN && hi < f64::MAX {
            wiring.range("OUT", lo, hi);
        }
        Ratio {
            lo,
            hi,
            input: wiring.input("in"),
            ratio: wiring.tuning("ratio", 1.0, ANY),
            bias: wiring.tuning("bias", 0.0, ANY),
            out: wiring.output("OUT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    #[test]
    fn ratio_and_bias_within_limits() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { wild = 10.0 }
            [[block]]
            kind = "RATIO"
            name = "FF"
            in = "wild"
            ratio = 2.0
            bias = 1.0
            lo = 0.0
            hi = 50.0
            "#,
        );
        rig.scans(1);
        assert_eq!(rig.value("FF.OUT"), 21.0);
        rig.field("wild", 1e308).write("FF.RATIO", 10.0).scans(1);
        assert_eq!(rig.value("FF.OUT"), 50.0);
        assert!(rig.quality("FF.OUT").has(Quality::LIMITED_HIGH));
        rig.quality_of("wild", Quality::COMM_LOST).scans(1);
        assert!(rig.quality("FF.OUT").is_bad());
    }
}
