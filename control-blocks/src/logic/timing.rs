//! Time inside blocks: whole nanoseconds, so that ten steps of 0.1 s make 1 s
//! exactly and a delay ends in the scan in which it should.

use scan::{StateMismatch, StateReader, StateWriter};

/// Whole nanoseconds of a time in seconds, to the nearest; negative times and
/// NaN give 0.
#[inline]
pub fn ns(seconds: f64) -> u64 {
    (seconds * 1e9 + 0.5) as u64
}

/// Seconds of whole nanoseconds.
#[inline]
pub fn seconds(ns: u64) -> f64 {
    ns as f64 * 1e-9
}

/// A condition that must last before it counts, both ways.
///
/// The output follows the input once the input has differed from it for
/// `on_ns` (rising) or `off_ns` (falling) without a break. The first scan of a
/// difference counts as time 0, as in the timers of IEC 61131-3, so that a delay
/// of 0 acts at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    output: bool,
    is_running: bool,
    elapsed_ns: u64,
}

impl Delay {
    /// One scan.
    #[inline]
    pub fn step(&mut self, input: bool, on_ns: u64, off_ns: u64, dt_ns: u64) -> bool {
        if input == self.output {
            self.is_running = false;
            self.elapsed_ns = 0;
            return input;
        }
        if self.is_running {
            self.elapsed_ns = self.elapsed_ns.saturating_add(dt_ns);
        } else {
            self.is_running = true;
            self.elapsed_ns = 0;
        }
        if self.elapsed_ns >= if input { on_ns } else { off_ns } {
            self.output = input;
            self.is_running = false;
            self.elapsed_ns = 0;
        }
        self.output
    }

    /// What the last step gave.
    pub const fn output(&self) -> bool {
        self.output
    }

    /// Time until the output rises if the input stays, nanoseconds; 0 if it does not rise.
    pub const fn left_ns(&self, on_ns: u64) -> u64 {
        if self.is_running && !self.output {
            on_ns.saturating_sub(self.elapsed_ns)
        } else {
            0
        }
    }

    /// Sets the output at once and forgets any delay that runs.
    pub fn set(&mut self, output: bool) {
        *self = Delay {
            output,
            ..Delay::default()
        };
    }

    /// Writes the state: three words.
    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.output);
        state.bool(self.is_running);
        state.word(self.elapsed_ns);
    }

    /// Takes back what [`Delay::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.output = state.bool()?;
        self.is_running = state.bool()?;
        self.elapsed_ns = state.word()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DT: u64 = 100_000_000;

    #[test]
    fn ten_tenths_of_a_second_are_one_second() {
        let mut delay = Delay::default();
        let on = ns(1.0);
        let outputs: Vec<bool> = (0..12).map(|_| delay.step(true, on, 0, ns(0.1))).collect();
        assert_eq!(outputs.iter().position(|q| *q), Some(10));
    }

    #[test]
    fn a_break_starts_the_delay_anew() {
        let mut delay = Delay::default();
        for scan in 0..100 {
            assert!(!delay.step(scan % 5 != 4, ns(0.5), 0, DT));
        }
    }

    #[test]
    fn both_edges_have_their_own_delay() {
        let mut delay = Delay::default();
        assert!(delay.step(true, 0, ns(0.2), DT));
        assert!(delay.step(false, 0, ns(0.2), DT));
        assert!(delay.step(false, 0, ns(0.2), DT));
        assert!(!delay.step(false, 0, ns(0.2), DT));
    }

    #[test]
    fn odd_times_do_not_wrap() {
        assert_eq!(ns(-1.0), 0);
        assert_eq!(ns(f64::NAN), 0);
        assert_eq!(ns(f64::MAX), u64::MAX);
    }
}
