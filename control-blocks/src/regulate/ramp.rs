//! Set-point ramp.

use super::rate::approach;
use scan::*;
use signal::Reading;

/// `RAMP`: moves a set-point to its target at a steady rate.
///
/// | key | meaning |
/// |---|---|
/// | `target` | where to go (real tag, or a number as tuning tag `TARGET`), required |
/// | `rate_per_min` | units per minute, tuning tag `RATE_PER_MIN`, required |
/// | `run` | Boolean: true = ramp, false = stand still or follow `from`; required |
/// | `from` | while `run` is false the output follows this value (the measurement), optional |
///
/// Outputs `OUT` (unit and range of `target`) and `DONE` (running and arrived). A
/// bad `run` counts as false; while `target` is bad the output stands still and
/// is uncertain; a bad `from` is not followed.
pub struct Ramp {
    target: Input<f64>,
    rate_per_min: Input<f64>,
    run: Input<bool>,
    from: Option<Input<f64>>,
    out: Output<f64>,
    done: Output<bool>,
}

impl Block for Ramp {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let target = image.get(self.target);
        let run = image.get(self.run);
        let is_running = run.value && !run.is_bad();
        let held = image.held(&self.out).value;
        let mut out = Reading::good(held);
        let mut is_done = false;
        if !is_running {
            if let Some(from) = self.from.map(|pin| image.get(pin))
                && !from.is_bad()
            {
                out = from;
            }
        } else if target.is_bad() {
            out.quality = signal::Quality::UNCERTAIN;
        } else {
            let step = image.value(self.rate_per_min) / 60.0 * scan.dt_s;
            out = Reading::new(approach(held, target.value, step, step), target.quality);
            is_done = out.value == target.value;
        }
        image.set(&self.out, out);
        image.put(&self.done, is_done);
    }
}

impl BlockKind for Ramp {
    const NAME: &'static str = "RAMP";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("rate_per_min") {
            wiring.problem(
                "rate_per_min",
                "the rate is not given",
                "in units per minute",
            );
        }
        wiring.same_unit(&["target", "from", "OUT"]);
        wiring.range_like("OUT", "target");
        Ramp {
            target: wiring.input("target"),
            rate_per_min: wiring.tuning("rate_per_min", 0.0, 0.0..=f64::MAX),
            run: wiring.input("run"),
            from: wiring.input_optional("from"),
            out: wiring.output("OUT"),
            done: wiring.output("DONE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;

    #[test]
    fn the_ramp_starts_at_the_measurement_and_arrives_in_time() {
        let mut rig = Rig::new(
            1000,
            r#"
            field = { pv = 20.0, go = false }
            [[block]]
            kind = "RAMP"
            name = "TY"
            target = 80.0
            rate_per_min = 2.0
            run = "go"
            from = "pv"
            "#,
        );
        rig.scans(5);
        assert_eq!(rig.value("TY.OUT"), 20.0);
        rig.field("go", 1.0).scans(60);
        assert!((rig.value("TY.OUT") - 22.0).abs() < 1e-9);
        rig.scans(29 * 60 + 1);
        assert_eq!(rig.value("TY.OUT"), 80.0);
        assert!(rig.is("TY.DONE"));
        rig.field("go", 0.0).scans(1);
        assert_eq!(rig.value("TY.OUT"), 20.0);
        assert!(!rig.is("TY.DONE"));
    }
}
