//! Rate limiter.

use scan::*;
use signal::{Quality, Reading, math};

/// The next output on the way to `target`, no faster than `up` and `down`.
#[inline]
pub fn approach(last: f64, target: f64, up: f64, down: f64) -> f64 {
    math::clamp(target, last - down, last + up)
}

/// `RATE`: the output follows the input no faster than allowed.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the value (real), required |
/// | `up_per_s`, `down_per_s` | greatest change per second, tuning tags `UP_PER_S`, `DOWN_PER_S`, required |
///
/// Output `OUT`, in the unit and range of `in`, with a limit flag while it is
/// held back. While `in` is bad `OUT` holds its value with the bad quality; it
/// goes on from there. The first usable input is taken at once.
pub struct RateLimit {
    is_primed: bool,
    input: Input<f64>,
    up: Input<f64>,
    down: Input<f64>,
    out: Output<f64>,
}

impl Block for RateLimit {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let held = image.held(&self.out).value;
        if input.is_bad() || !input.value.is_finite() {
            image.set(&self.out, Reading::new(held, input.quality));
            return;
        }
        let value = if self.is_primed {
            let up = image.value(self.up) * scan.dt_s;
            let down = image.value(self.down) * scan.dt_s;
            approach(held, input.value, up, down)
        } else {
            input.value
        };
        self.is_primed = true;
        let mut quality = input.quality.worst(Quality::GOOD);
        if value < input.value {
            quality = quality.with(Quality::LIMITED_HIGH);
        }
        if value > input.value {
            quality = quality.with(Quality::LIMITED_LOW);
        }
        image.set(&self.out, Reading::new(value, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_primed);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_primed = state.bool()?;
        Ok(())
    }
}

impl BlockKind for RateLimit {
    const NAME: &'static str = "RATE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        for key in ["up_per_s", "down_per_s"] {
            if !wiring.has(key) {
                wiring.problem(key, "the rate is not given", "in units per second");
            }
        }
        wiring.same_unit(&["in", "OUT"]);
        wiring.range_like("OUT", "in");
        RateLimit {
            is_primed: false,
            input: wiring.input("in"),
            up: wiring.tuning("up_per_s", 0.0, 0.0..=f64::MAX),
            down: wiring.tuning("down_per_s", 0.0, 0.0..=f64::MAX),
            out: wiring.output("OUT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;

    #[test]
    fn up_and_down_have_their_own_rate() {
        let mut rig = Rig::new(
            500,
            r#"
            field = { x = 0.0 }
            [[block]]
            kind = "RATE"
            name = "R"
            in = "x"
            up_per_s = 2.0
            down_per_s = 4.0
            "#,
        );
        rig.scans(1).field("x", 10.0).scans(3);
        assert_eq!(rig.value("R.OUT"), 3.0);
        rig.scans(20);
        assert_eq!(rig.value("R.OUT"), 10.0);
        rig.field("x", 0.0).scans(3);
        assert_eq!(rig.value("R.OUT"), 4.0);
    }
}
