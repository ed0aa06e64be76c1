//! First-order lag, exact for an input held between scans.

use signal::math;

/// `y' = (x − y)/τ`, discretised exactly: `y += (1 − e^(−Δt/τ))·(x − y)`.
///
/// A time constant of 0 or less passes the input through. (Åström & Wittenmark,
/// *Computer-Controlled Systems*, zero-order-hold sampling.)
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    tau_s: f64,
    dt_s: f64,
    gain: f64,
}

impl Default for Lag {
    fn default() -> Self {
        Lag {
            tau_s: 0.0,
            dt_s: 0.0,
            gain: 1.0,
        }
    }
}

impl Lag {
    #[cold]
    #[inline(never)]
    fn retune(&mut self, tau_s: f64, dt_s: f64) {
        self.tau_s = tau_s;
        self.dt_s = dt_s;
        self.gain = 1.0 - decay(dt_s, tau_s);
    }

    /// The next output from the last output `y` and the input `x`.
    #[inline]
    pub fn step(&mut self, y: f64, x: f64, tau_s: f64, dt_s: f64) -> f64 {
        if tau_s != self.tau_s || dt_s != self.dt_s {
            self.retune(tau_s, dt_s);
        }
        let next = y + self.gain * (x - y);
        if next.is_finite() { next } else { x }
    }
}

/// `e^(−Δt/τ)`; 0 for `τ ≤ 0`.
pub fn decay(dt_s: f64, tau_s: f64) -> f64 {
    if tau_s > 0.0 {
        math::exp(-dt_s / tau_s)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_response_is_the_exponential_at_any_scan_period() {
        for dt in [0.01, 0.1, 1.0, 7.0] {
            let mut lag = Lag::default();
            let mut y = 0.0;
            for k in 1..=20 {
                y = lag.step(y, 1.0, 5.0, dt);
                let exact = 1.0 - math::exp(-dt * f64::from(k) / 5.0);
                assert!((y - exact).abs() < 1e-12, "dt {dt} k {k}: {y} {exact}");
            }
        }
    }

    #[test]
    fn no_time_constant_means_no_lag() {
        assert_eq!(Lag::default().step(1.0, 5.0, 0.0, 0.1), 5.0);
    }
}
