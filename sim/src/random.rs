//! Seeded randomness that is bit-equal on every platform.

use serde::{Deserialize, Serialize};

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): one 64-bit word of state, full period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator for one consumer, named by `stream`, of a world seeded with `seed`.
    /// Streams do not share state, so a new device leaves the others' noise alone.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Random {
            state: seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93),
        };
        random.state = random.next_u64();
        random
    }

    /// The next 64 bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Zero-mean, unit-variance noise bounded to ±2√3.
    ///
    /// Sum of four 16-bit uniforms (Irwin–Hall, n = 4): near enough to a normal
    /// distribution for instrument noise, without logarithm or rejection.
    #[inline]
    pub fn noise(&mut self) -> f64 {
        const SQRT_3: f64 = 1.732_050_807_568_877_2;
        let word = self.next_u64();
        let sum =
            (word & 0xFFFF) + ((word >> 16) & 0xFFFF) + ((word >> 32) & 0xFFFF) + (word >> 48);
        (sum as f64 / 65_535.0 - 2.0) * SQRT_3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_zero_mean_and_unit_variance() {
        let mut random = Random::new(7, 1);
        let n = 200_000;
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let x = random.noise();
            sum += x;
            square += x * x;
        }
        let mean = sum / f64::from(n);
        assert!(mean.abs() < 0.01, "mean {mean}");
        assert!((square / f64::from(n) - 1.0).abs() < 0.02);
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let first: Vec<u64> = (0..4).map(|s| Random::new(1, s).next_u64()).collect();
        let again: Vec<u64> = (0..4).map(|s| Random::new(1, s).next_u64()).collect();
        assert_eq!(first, again);
        assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
