//! The PID law: arithmetic only.

use super::lag::decay;
use scan::{StateMismatch, StateReader, StateWriter};
use signal::math;

/// What the text fixes of a controller.
#[derive(Clone, Copy, Debug)]
pub struct PidShape {
    /// Set-point weight of the proportional part, 0 to 1.
    pub b: f64,
    /// Set-point weight of the derivative part, 0 or 1.
    pub c: f64,
    /// Derivative filter: its time constant is `Td/N`.
    pub n: f64,
    /// Lowest output.
    pub out_lo: f64,
    /// Highest output.
    pub out_hi: f64,
    /// Greatest change of the output per second; infinite for any.
    pub out_rate: f64,
    /// Whether the output rises with the measurement.
    pub is_direct: bool,
}

/// What people tune.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PidTuning {
    /// Gain in output units per unit of measurement, not negative.
    pub kp: f64,
    /// Integral time in seconds; 0 for no integral action.
    pub ti_s: f64,
    /// Derivative time in seconds; 0 for no derivative action.
    pub td_s: f64,
}

/// ISA standard form with two degrees of freedom:
///
/// ```text
/// u = K·[ b·r − y + (1/Ti)·∫(r − y)dt + Td·d/dt(c·r − y)/(1 + s·Td/N) ] + ff
/// ```
///
/// `K = KP` for reverse and `−KP` for direct action.
///
/// Discretisation, with Δt the time since the last scan:
///
/// - integral: `I += K·Δt/Ti·e` after the output is formed, exact for an error
///   held between scans;
/// - derivative: `D = α·D + K·Td·(1 − α)/Δt·Δ(c·r − y)`, `α = e^(−N·Δt/Td)`, exact
///   for a measurement that moves along straight lines between scans; its gain
///   stays below `K·N` at any scan period;
/// - anti-windup by external reset: `I += Δt/Ti·(F − u)`, where `F` is what the
///   output could really be: after limits and rate here, or as fed back. With
///   `b = 1` and without `D` the integral is then a lag of `F` with time constant
///   `Ti` (Shinskey), so it never leaves the limits of the output and the output
///   leaves a limit as soon as the error changes sign.
///
/// A change of tuning moves the integral so that the output stays where it is.
///
/// Sources: Åström & Hägglund, *Advanced PID Control* (ISA, 2006), ch. 3 and 13;
/// Shinskey, *Process Control Systems*, external reset feedback.
#[derive(Clone, Debug)]
pub struct PidLaw {
    b: f64,
    c: f64,
    /// Signed gain.
    k: f64,
    k_integral: f64,
    reset: f64,
    d_decay: f64,
    d_gain: f64,
    out_lo: f64,
    out_hi: f64,
    out_step: f64,
    integral: f64,
    derivative: f64,
    proportion_last: f64,
    aim_last: f64,
    dt_s: f64,
    rest: Box<Rest>,
}

/// What a step has no need of.
#[derive(Clone, Debug)]
struct Rest {
    tuning: PidTuning,
    n: f64,
    out_rate: f64,
    is_direct: bool,
}

impl PidLaw {
    /// A law that has yet to be tuned and aligned.
    pub fn new(shape: PidShape) -> PidLaw {
        PidLaw {
            b: shape.b,
            c: shape.c,
            k: 0.0,
            k_integral: 0.0,
            reset: 0.0,
            d_decay: 0.0,
            d_gain: 0.0,
            out_lo: shape.out_lo,
            out_hi: shape.out_hi,
            out_step: f64::INFINITY,
            integral: 0.0,
            derivative: 0.0,
            proportion_last: 0.0,
            aim_last: 0.0,
            dt_s: 0.0,
            rest: Box::new(Rest {
                tuning: PidTuning {
                    kp: 0.0,
                    ti_s: 0.0,
                    td_s: 0.0,
                },
                n: shape.n,
                out_rate: shape.out_rate,
                is_direct: shape.is_direct,
            }),
        }
    }

    /// Takes tunings and scan time; costs nothing while they stay the same.
    #[inline]
    pub fn tune(&mut self, tuning: PidTuning, dt_s: f64) {
        if tuning != self.rest.tuning || dt_s != self.dt_s {
            self.retune(tuning, dt_s);
        }
    }

    /// Whether it is tuned for this scan time.
    #[inline]
    pub fn is_for(&self, dt_s: f64) -> bool {
        dt_s == self.dt_s
    }

    #[cold]
    fn retune(&mut self, tuning: PidTuning, dt_s: f64) {
        let k_before = self.k;
        self.set_coefficients(tuning, dt_s);
        let moved = self.integral + (k_before - self.k) * self.proportion_last;
        if moved.is_finite() {
            self.integral = moved;
        }
    }

    fn set_coefficients(&mut self, tuning: PidTuning, dt_s: f64) {
        let PidTuning { kp, ti_s, td_s } = tuning;
        self.rest.tuning = tuning;
        self.dt_s = dt_s;
        self.k = if self.rest.is_direct { -kp } else { kp };
        // Faster than one scan there is no integral action.
        self.reset = if ti_s > 0.0 {
            math::clamp(dt_s / ti_s, 0.0, 1.0)
        } else {
            0.0
        };
        self.k_integral = self.k * self.reset;
        self.d_decay = decay(dt_s, td_s / self.rest.n);
        self.d_gain = if td_s > 0.0 && dt_s > 0.0 {
            self.k * (td_s / dt_s) * (1.0 - self.d_decay)
        } else {
            0.0
        };
        self.out_step = self.rest.out_rate * dt_s;
    }

    /// Chooses the integral so that the next step with these inputs gives `out`.
    pub fn align(&mut self, sp: f64, pv: f64, ff: f64, out: f64) {
        self.proportion_last = self.b * sp - pv;
        self.aim_last = self.c * sp - pv;
        self.derivative = 0.0;
        let integral = out - self.k * self.proportion_last - ff;
        self.integral = if integral.is_finite() { integral } else { out };
    }

    /// The next output, within limits. `last` is the output that really stood
    /// since the last step.
    #[inline]
    pub fn step(&mut self, sp: f64, pv: f64, ff: f64, last: f64) -> f64 {
        let proportion = self.b * sp - pv;
        let aim = self.c * sp - pv;
        let derivative = self.d_decay * self.derivative + self.d_gain * (aim - self.aim_last);
        let wish = self.k * proportion + self.integral + derivative + ff;
        let out = math::clamp(wish, last - self.out_step, last + self.out_step);
        let out = math::clamp(out, self.out_lo, self.out_hi);
        let integral = self.integral + self.k_integral * (sp - pv) + self.reset * (out - wish);
        if !(integral + derivative).is_finite() {
            return self.overflow(sp, pv, ff, last, out);
        }
        self.proportion_last = proportion;
        self.aim_last = aim;
        self.derivative = derivative;
        self.integral = integral;
        out
    }

    /// Numbers too large to calculate with: the output goes to its limit if that
    /// is what they say, and the law starts anew from there.
    #[cold]
    fn overflow(&mut self, sp: f64, pv: f64, ff: f64, last: f64, out: f64) -> f64 {
        let out = if out.is_finite() {
            out
        } else {
            math::clamp(last, self.out_lo, self.out_hi)
        };
        self.align(sp, pv, ff, out);
        if !self.proportion_last.is_finite() || !self.aim_last.is_finite() {
            self.proportion_last = 0.0;
            self.aim_last = 0.0;
        }
        out
    }

    /// External reset: the loop below really stood at `actual` while this law
    /// gave `last`.
    pub fn reset_towards(&mut self, actual: f64, last: f64) {
        let integral = self.integral + self.reset * (actual - last);
        if integral.is_finite() {
            self.integral = integral;
        }
    }

    /// Lowest output.
    #[inline]
    pub const fn out_lo(&self) -> f64 {
        self.out_lo
    }

    /// Highest output.
    #[inline]
    pub const fn out_hi(&self) -> f64 {
        self.out_hi
    }

    /// The integral part, output units.
    pub const fn integral(&self) -> f64 {
        self.integral
    }

    /// Keeps the integral from moving where the loop below cannot follow.
    pub fn keep_integral(&mut self, before: f64, may_rise: bool, may_fall: bool) {
        if (self.integral > before && !may_rise) || (self.integral < before && !may_fall) {
            self.integral = before;
        }
    }

    /// Writes the state: eight words.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        for real in [
            self.integral,
            self.derivative,
            self.proportion_last,
            self.aim_last,
            self.rest.tuning.kp,
            self.rest.tuning.ti_s,
            self.rest.tuning.td_s,
            self.dt_s,
        ] {
            state.real(real);
        }
    }

    /// Takes back what [`PidLaw::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.integral = state.real()?;
        self.derivative = state.real()?;
        self.proportion_last = state.real()?;
        self.aim_last = state.real()?;
        let tuning = PidTuning {
            kp: state.real()?,
            ti_s: state.real()?,
            td_s: state.real()?,
        };
        let dt_s = state.real()?;
        self.set_coefficients(tuning, dt_s);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
