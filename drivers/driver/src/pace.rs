//! How fast the plant's time goes: 1 but for simulations, 0 while one stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Plant time for each unit of real time, told by whoever runs a simulation and read
/// by everything that lives in the plant's time.
#[derive(Debug)]
pub struct Pace(AtomicU64);

impl Pace {
    /// A pace; what is not a positive number stands still.
    pub fn new(speed: f64) -> Arc<Pace> {
        let pace = Pace(AtomicU64::new(0));
        pace.set(speed);
        Arc::new(pace)
    }

    /// Multiple of real time; 0: everything stands still.
    pub fn speed(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }

    /// From now on.
    pub fn set(&self, speed: f64) {
        let speed = if speed.is_finite() {
            speed.max(0.0)
        } else {
            0.0
        };
        self.0.store(speed.to_bits(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pace_stands_still() {
        let pace = Pace::new(2.0);
        assert_eq!(pace.speed(), 2.0);
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            pace.set(wrong);
            assert_eq!(pace.speed(), 0.0, "{wrong}");
        }
    }
}
