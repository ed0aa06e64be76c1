//! Filtered rate of change.

use super::lag::decay;
use scan::*;
use signal::{Quality, Reading};

/// The slope of a signal through a first-order filter:
/// `D = α·D + (1 − α)·Δx/Δt`, `α = e^(−Δt/τ)`.
///
/// Exact for a signal that moves along straight lines between scans: it is the
/// derivative of the filtered signal.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlopeLaw {
    slope: f64,
    last: Option<f64>,
}

impl SlopeLaw {
    /// The filtered slope in units per second; 0 at the first value.
    #[inline]
    pub fn step(&mut self, x: f64, decay: f64, dt_s: f64) -> f64 {
        if let Some(last) = self.last
            && dt_s > 0.0
        {
            let slope = decay * self.slope + (1.0 - decay) * (x - last) / dt_s;
            if slope.is_finite() {
                self.slope = slope;
            }
        }
        self.last = Some(x);
        self.slope
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = SlopeLaw::default();
    }

    /// Writes the state: three words.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.real(self.slope);
        state.bool(self.last.is_some());
        state.real(self.last.unwrap_or(0.0));
    }

    /// Takes back what [`SlopeLaw::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.slope = state.real()?;
        let is_some = state.bool()?;
        let last = state.real()?;
        self.last = is_some.then_some(last);
        Ok(())
    }
}

/// `RATE_OF_CHANGE`: how fast a measurement rises, per minute.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the measurement (real), required |
/// | `tau_s` | filter time constant, 30 s |
/// | `unit` | unit of `RATE`, such as `"K/min"`, optional |
///
/// Output `RATE` in units of `in` per minute, with the quality of `in`; while
/// `in` is bad it holds its value, and starts from 0 afterwards, since a jump
/// over a gap is no rate.
pub struct RateOfChange {
    tau_s: f64,
    dt_s: f64,
    decay: f64,
    law: SlopeLaw,
    input: Input<f64>,
    rate: Output<f64>,
}

impl Block for RateOfChange {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        if scan.dt_s != self.dt_s {
            self.dt_s = scan.dt_s;
            self.decay = decay(scan.dt_s, self.tau_s);
        }
        let input = image.get(self.input);
        let quality = input.quality.worst(Quality::GOOD);
        let rate = if input.is_bad() || !input.value.is_finite() {
            self.law.clear();
            image.held(&self.rate).value
        } else {
            self.law.step(input.value, self.decay, scan.dt_s) * 60.0
        };
        image.set(&self.rate, Reading::new(rate, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.law.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.restore(state)
    }
}

impl BlockKind for RateOfChange {
    const NAME: &'static str = "RATE_OF_CHANGE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let unit = wiring.text("unit");
        if !unit.is_empty() {
            wiring.unit("RATE", &unit);
        }
        RateOfChange {
            tau_s: wiring.real("tau_s", 30.0, 0.0..=86_400.0),
            dt_s: 0.0,
            decay: 0.0,
            law: SlopeLaw::default(),
            input: wiring.input("in"),
            rate: wiring.output("RATE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::{Quality, math};

    #[test]
    fn a_straight_rise_gives_its_slope_through_the_filter() {
        let mut rig = Rig::new(
            500,
            r#"
            field = { t = 20.0 }
            [[block]]
            kind = "RATE_OF_CHANGE"
            name = "TR"
            in = "t"
            tau_s = 10.0
            unit = "K/min"
            "#,
        );
        rig.scans(1);
        for k in 1..=60 {
            let t = 0.5 * f64::from(k);
            // 0.05 K/s = 3 K/min.
            rig.field("t", 20.0 + 0.05 * t).scans(1);
            let exact = 3.0 * (1.0 - math::exp(-t / 10.0));
            assert!((rig.value("TR.RATE") - exact).abs() < 1e-9, "k {k}");
        }
        rig.quality_of("t", Quality::SENSOR_FAULT).scans(3);
        rig.field("t", 90.0).scans(1);
        assert_eq!(rig.value("TR.RATE"), 0.0, "a jump over a gap is no rate");
    }
}
