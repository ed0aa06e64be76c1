//! First-order filter.

use super::lag::Lag;
use scan::*;
use signal::Reading;

/// `FILTER`: first-order lag, exact for an input held between scans ([`Lag`]).
///
/// | key | meaning |
/// |---|---|
/// | `in` | the value (real), required |
/// | `tau_s` | time constant, tuning tag `TAU_S`, required; 0 = none |
///
/// Output `OUT`, in the unit and range of `in`. While `in` is bad `OUT` holds its
/// value with the bad quality; afterwards it starts at the new value.
pub struct Filter {
    is_primed: bool,
    lag: Lag,
    input: Input<f64>,
    tau_s: Input<f64>,
    out: Output<f64>,
}

impl Block for Filter {
    #[inline(always)] // Into the loop over a row: plants have many.
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let held = image.held(&self.out).value;
        let is_usable = !input.is_bad();
        let value = match (is_usable, self.is_primed) {
            (false, _) => held,
            (true, false) => input.value,
            (true, true) => self
                .lag
                .step(held, input.value, image.value(self.tau_s), scan.dt_s),
        };
        self.is_primed = is_usable;
        image.set(&self.out, Reading::new(value, input.quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_primed);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_primed = state.bool()?;
        Ok(())
    }
}

impl BlockKind for Filter {
    const NAME: &'static str = "FILTER";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("tau_s") {
            wiring.problem("tau_s", "the time constant is not given", "tau_s = 5.0");
        }
        wiring.same_unit(&["in", "OUT"]);
        wiring.unit("tau_s", "s");
        wiring.range_like("OUT", "in");
        Filter {
            is_primed: false,
            lag: Lag::default(),
            input: wiring.input("in"),
            tau_s: wiring.tuning("tau_s", 0.0, 0.0..=1e9),
            out: wiring.output("OUT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::{Quality, math};

    #[test]
    fn the_step_response_is_the_exponential() {
        let mut rig = Rig::new(
            250,
            r#"
            field = { x = 0.0 }
            [[block]]
            kind = "FILTER"
            name = "F"
            in = "x"
            tau_s = 2.0
            "#,
        );
        rig.scans(1).field("x", 10.0).scans(8);
        let exact = 10.0 * (1.0 - math::exp(-1.0));
        assert!((rig.value("F.OUT") - exact).abs() < 1e-12);
        rig.quality_of("x", Quality::COMM_LOST).scans(50);
        assert!((rig.value("F.OUT") - exact).abs() < 1e-12);
        assert!(rig.quality("F.OUT").is_bad());
        rig.field("x", 3.0).scans(1);
        assert_eq!(rig.value("F.OUT"), 3.0);
    }
}
