//! Slope of a signal over a window of time.

use scan::{StateMismatch, StateReader, StateWriter};

/// Places of the ring.
const PLACES: usize = 31;

/// The slope of a signal by least squares over a moving window.
///
/// For samples at equal distances this is the first derivative of Savitzky and
/// Golay (Analytical Chemistry 36 (1964) 1627) of order 1 or 2, which belongs to
/// the middle of the window: it is exact for a straight line and, half a window
/// late, for a parabola. What comes between two samples is averaged, so that every scan counts,
/// and each sample carries its own time, so that missed scans do no harm.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSlope {
    window_ns: u64,
    interval_ns: u64,
    /// Time since the ring was cleared.
    now_ns: u64,
    /// Time of the last sample's end.
    sampled_ns: u64,
    sum: f64,
    sum_s: f64,
    count: u64,
    times_s: [f64; PLACES],
    values: [f64; PLACES],
    filled: usize,
    next: usize,
    slope: Option<f64>,
}

impl WindowSlope {
    /// A slope over a window of so many nanoseconds.
    pub fn new(window_ns: u64) -> WindowSlope {
        WindowSlope {
            window_ns,
            interval_ns: window_ns / (PLACES as u64 - 1),
            now_ns: 0,
            sampled_ns: 0,
            sum: 0.0,
            sum_s: 0.0,
            count: 0,
            times_s: [0.0; PLACES],
            values: [0.0; PLACES],
            filled: 0,
            next: 0,
            slope: None,
        }
    }

    /// Forgets everything: a jump over a gap is no slope.
    pub fn clear(&mut self) {
        *self = WindowSlope::new(self.window_ns);
    }

    /// One scan with the value `x`; the slope in units per second once the window
    /// is nearly full.
    pub fn step(&mut self, x: f64, dt_ns: u64) -> Option<f64> {
        self.now_ns = self.now_ns.saturating_add(dt_ns);
        self.sum += x;
        self.sum_s += self.now_ns as f64 * 1e-9;
        self.count += 1;
        if self.filled == 0 || self.now_ns - self.sampled_ns >= self.interval_ns {
            let share = 1.0 / self.count as f64;
            self.times_s[self.next] = self.sum_s * share;
            self.values[self.next] = self.sum * share;
            self.next = (self.next + 1) % PLACES;
            self.filled = (self.filled + 1).min(PLACES);
            self.sampled_ns = self.now_ns;
            (self.sum, self.sum_s, self.count) = (0.0, 0.0, 0);
            self.slope = self.fit();
        }
        self.slope
    }

    /// The slope as of the last step.
    pub const fn slope(&self) -> Option<f64> {
        self.slope
    }

    fn fit(&self) -> Option<f64> {
        let newest = self.times_s[(self.next + PLACES - 1) % PLACES];
        let window_s = self.window_ns as f64 * 1e-9;
        let samples = || {
            self.times_s[..self.filled]
                .iter()
                .zip(&self.values[..self.filled])
                .map(|(t, x)| (t - newest, *x))
                .filter(move |(t, _)| *t >= -1.001 * window_s)
        };
        let oldest = samples().fold(0.0, |oldest: f64, (t, _)| oldest.min(t));
        let count = samples().count() as f64;
        if -oldest < 0.9 * window_s || count < 3.0 {
            return None;
        }
        let (sum_t, sum_x) = samples().fold((0.0, 0.0), |(a, b), (t, x)| (a + t, b + x));
        let (mid_t, mid_x) = (sum_t / count, sum_x / count);
        let (up, down) = samples().fold((0.0, 0.0), |(up, down), (t, x)| {
            let t = t - mid_t;
            (up + t * (x - mid_x), down + t * t)
        });
        let slope = up / down;
        slope.is_finite().then_some(slope)
    }

    /// Writes the state.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.word(self.now_ns);
        state.word(self.sampled_ns);
        state.real(self.sum);
        state.real(self.sum_s);
        state.word(self.count);
        for (time, value) in self.times_s.iter().zip(&self.values) {
            state.real(*time);
            state.real(*value);
        }
        state.word(self.filled as u64);
        state.word(self.next as u64);
        crate::sense::save_real(state, self.slope);
    }

    /// Takes back what [`WindowSlope::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.now_ns = state.word()?;
        self.sampled_ns = state.word()?.min(self.now_ns);
        self.sum = state.real()?;
        self.sum_s = state.real()?;
        self.count = state.word()?;
        for (time, value) in self.times_s.iter_mut().zip(&mut self.values) {
            *time = state.real()?;
            *value = state.real()?;
        }
        self.filled = (state.word()? as usize).min(PLACES);
        self.next = (state.word()? as usize) % PLACES;
        self.slope = crate::sense::restore_real(state)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::timing::ns;
    use proptest::prelude::*;

    fn slope_of(window_s: f64, dt_s: f64, signal: impl Fn(f64) -> f64) -> (f64, f64) {
        let mut ring = WindowSlope::new(ns(window_s));
        let scans = (3.0 * window_s / dt_s) as u64;
        let mut last = (None, 0.0);
        for scan in 1..=scans {
            let t = scan as f64 * dt_s;
            last = (ring.step(signal(t), ns(dt_s)), t);
        }
        (last.0.expect("three windows are enough"), last.1)
    }

    proptest! {
        #[test]
        fn a_straight_line_gives_its_slope(
            slope in -100.0..100.0f64,
            at in -1e3..1e3f64,
            dt_s in 0.05..2.0f64,
        ) {
            let (found, _) = slope_of(60.0, dt_s, |t| at + slope * t);
            prop_assert!((found - slope).abs() < 1e-6 * (1.0 + slope.abs()), "{found} {slope}");
        }

        #[test]
        fn a_parabola_gives_the_slope_of_half_a_window_ago(bend in -1.0..1.0f64) {
            let (found, t) = slope_of(60.0, 0.1, |t| bend * t * t);
            // The last sample may be up to two intervals old.
            let exact = 2.0 * bend * (t - 30.0);
            prop_assert!((found - exact).abs() <= 2.0 * bend.abs() * 4.1, "{found} {exact}");
        }
    }

    #[test]
    fn noise_is_averaged_and_a_gap_is_no_slope() {
        let mut ring = WindowSlope::new(ns(60.0));
        for scan in 0..2000 {
            let noise = if scan % 2 == 0 { 0.5 } else { -0.5 };
            ring.step(40.0 + noise, ns(0.1));
        }
        assert!(ring.slope().is_some_and(|slope| slope.abs() < 1e-3));
        ring.clear();
        for _ in 0..500 {
            assert_eq!(ring.step(90.0, ns(0.1)), None);
        }
        for _ in 0..200 {
            ring.step(90.0, ns(0.1));
        }
        assert_eq!(ring.slope(), Some(0.0));
    }
}
