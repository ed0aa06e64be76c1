//! A set-point kept near a reference.

use scan::*;
use signal::{Level, Quality, Reading, Reason, math};

/// `CLAMP_DELTA`: limits a set-point to a band around a reference.
///
/// The jacket of a glass-lined vessel may be only so much hotter or colder than
/// its content: `in` is the jacket set-point, `ref` the bulk temperature.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the wanted value (real), required |
/// | `ref` | the reference (real), required, same unit |
/// | `delta` | greatest distance, tuning tag `DELTA`, required; the unit of a difference |
///
/// Outputs `OUT` and `ACTIVE` (the band limits now). `OUT` carries the quality of
/// `in`, with a limit flag while the band limits. While `ref` is bad its last
/// good value is used and `OUT` is uncertain-substituted; before there was any,
/// `OUT` is bad.
pub struct ClampDelta {
    reference: Option<f64>,
    input: Input<f64>,
    ref_in: Input<f64>,
    delta: Input<f64>,
    out: Output<f64>,
    active: Output<bool>,
}

impl Block for ClampDelta {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let reference = image.get(self.ref_in);
        let mut quality = input.quality.worst(Quality::GOOD);
        if !reference.is_bad() && reference.value.is_finite() {
            self.reference = Some(reference.value);
            quality = quality.worst(reference.quality);
        } else {
            let level = match self.reference {
                Some(_) => Level::Uncertain,
                None => Level::Bad,
            };
            quality = quality.worst(Quality::new(level, Reason::Substituted));
        }
        let middle = self.reference.unwrap_or(input.value);
        let delta = image.value(self.delta);
        let (low, high) = (middle - delta, middle + delta);
        let out = math::clamp(input.value, low, high);
        if input.value > high {
            quality = quality.with(Quality::LIMITED_HIGH);
        }
        if input.value < low {
            quality = quality.with(Quality::LIMITED_LOW);
        }
        image.set(&self.out, Reading::new(out, quality));
        image.put(&self.active, out != input.value);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.reference.is_some());
        state.real(self.reference.unwrap_or(0.0));
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        let is_some = state.bool()?;
        let reference = state.real()?;
        self.reference = is_some.then_some(reference);
        Ok(())
    }
}

impl BlockKind for ClampDelta {
    const NAME: &'static str = "CLAMP_DELTA";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("delta") {
            wiring.problem("delta", "the distance is not given", "delta = 60.0");
        }
        wiring.same_unit(&["in", "ref", "OUT"]);
        wiring.range_like("OUT", "in");
        ClampDelta {
            reference: None,
            input: wiring.input("in"),
            ref_in: wiring.input("ref"),
            delta: wiring.tuning("delta", 0.0, 0.0..=f64::MAX),
            out: wiring.output("OUT"),
            active: wiring.output("ACTIVE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::{Quality, Reason};

    const TEXT: &str = r#"
        field = { sp = 150.0, bulk = 50.0 }
        [[block]]
        kind = "CLAMP_DELTA"
        name = "TY"
        in = "sp"
        ref = "bulk"
        delta = 60.0
    "#;

    #[test]
    fn a_set_point_too_far_is_brought_near() {
        let mut rig = Rig::new(100, TEXT);
        rig.scans(1);
        assert_eq!(rig.value("TY.OUT"), 110.0);
        assert!(rig.is("TY.ACTIVE"));
        assert!(rig.quality("TY.OUT").has(Quality::LIMITED_HIGH));
        rig.field("sp", -30.0).scans(1);
        assert_eq!(rig.value("TY.OUT"), -10.0);
        rig.field("sp", 55.0).scans(1);
        assert_eq!(rig.value("TY.OUT"), 55.0);
        assert!(!rig.is("TY.ACTIVE"));
    }

    #[test]
    fn a_lost_reference_is_remembered_and_told() {
        let mut rig = Rig::new(100, TEXT);
        rig.scans(1)
            .field_with("bulk", 0.0, Quality::COMM_LOST)
            .scans(1);
        assert_eq!(rig.value("TY.OUT"), 110.0);
        assert_eq!(rig.quality("TY.OUT").reason(), Reason::Substituted);
        assert!(!rig.quality("TY.OUT").is_bad());
    }

    #[test]
    fn without_any_reference_the_output_is_bad() {
        let mut rig = Rig::new(100, TEXT);
        rig.quality_of("bulk", Quality::NOT_WRITTEN).scans(1);
        assert!(rig.quality("TY.OUT").is_bad());
    }
}
