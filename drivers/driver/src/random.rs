//! Seeded pseudo-random numbers for jitter and faults. Not for secrets.

/// xorshift64*, Vigna, "An experimental exploration of Marsaglia's xorshift
/// generators, scrambled", ACM TOMS 42 (2016).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator for this seed. Every seed is usable, zero included.
    pub fn seeded(seed: u64) -> Random {
        // One splitmix64 round spreads small seeds and avoids the zero state.
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Random((z ^ (z >> 31)) | 1)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`; 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 {
            0
        } else {
            self.next_u64() % limit
        }
    }

    /// True in `ppm` of a million cases.
    pub fn chance_ppm(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < u64::from(ppm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_the_same_numbers_and_zero_is_a_seed() {
        let take = |seed| {
            let mut random = Random::seeded(seed);
            (0..8).map(|_| random.next_u64()).collect::<Vec<_>>()
        };
        assert_eq!(take(0), take(0));
        assert_ne!(take(0), take(1));
        assert!(take(0).iter().any(|n| *n != 0));
    }

    #[test]
    fn chance_is_about_as_often_as_asked() {
        let mut random = Random::seeded(7);
        let hits = (0..100_000).filter(|_| random.chance_ppm(250_000)).count();
        assert!((24_000..26_000).contains(&hits), "{hits}");
    }
}
