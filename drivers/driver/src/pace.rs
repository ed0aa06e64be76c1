//! How fast the plant's time goes: 1 but for simulations, 0 while one stands still.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Plant time for each unit of real time, told by whoever runs a simulation and read
/// by everything that lives in the plant's time.
///
/// While that stands still, drivers can be asked for a round: one read and one write of
/// everything, and then rest again.
#[derive(Debug)]
pub struct Pace {
    speed: AtomicU64,
    /// Rounds asked for.
    round: AtomicU64,
    followers: Mutex<Vec<Arc<Follower>>>,
}

/// A driver that goes with the plant's time, as whoever stops that sees it.
#[derive(Debug, Default)]
pub struct Follower {
    /// How it stands: it goes, has lost its device, or rests after this round + 2.
    standing: AtomicU64,
}

const GOES: u64 = 0;
const LOST: u64 = 1;
const RESTS_FROM: u64 = 2;

impl Follower {
    /// It reads and writes.
    pub fn goes(&self) {
        self.standing.store(GOES, Ordering::Release);
    }

    /// It has no device to read and write.
    pub fn lost(&self) {
        self.standing.store(LOST, Ordering::Release);
    }

    /// It neither reads nor writes before time goes on, and has made this round.
    pub fn rests(&self, round: u64) {
        self.standing
            .store(round.saturating_add(RESTS_FROM), Ordering::Release);
    }
}

impl Pace {
    /// A pace; what is not a positive number stands still.
    pub fn new(speed: f64) -> Arc<Pace> {
        let pace = Pace {
            speed: AtomicU64::new(0),
            round: AtomicU64::new(0),
            followers: Mutex::default(),
        };
        pace.set(speed);
        Arc::new(pace)
    }

    /// Multiple of real time; 0: everything stands still.
    pub fn speed(&self) -> f64 {
        f64::from_bits(self.speed.load(Ordering::Acquire))
    }

    /// From now on.
    pub fn set(&self, speed: f64) {
        let speed = if speed.is_finite() {
            speed.max(0.0)
        } else {
            0.0
        };
        self.speed.store(speed.to_bits(), Ordering::Release);
    }

    /// One more driver goes with this time.
    pub fn follow(&self) -> Arc<Follower> {
        let follower = Arc::new(Follower::default());
        let mut followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Who has ended holds nothing up.
        followers.retain(|follower| Arc::strong_count(follower) > 1);
        followers.push(follower.clone());
        follower
    }

    /// Asks every driver that rests for one round; its number.
    pub fn ask_round(&self) -> u64 {
        self.round.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Number of the round that was asked for last.
    pub fn round(&self) -> u64 {
        self.round.load(Ordering::Acquire)
    }

    /// Whether no driver reads or writes, and every one that has a device has made this
    /// round.
    pub fn is_at_rest(&self, after_round: u64) -> bool {
        let followers = self
            .followers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        followers.iter().all(|follower| {
            let standing = follower.standing.load(Ordering::Acquire);
            let rests = standing >= RESTS_FROM && standing - RESTS_FROM >= after_round;
            rests || standing == LOST || Arc::strong_count(follower) == 1
        })
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

    #[test]
    fn all_rest_when_each_has_made_the_round_or_has_no_device() {
        let pace = Pace::new(0.0);
        assert!(pace.is_at_rest(0), "there is nobody");
        let (one, other) = (pace.follow(), pace.follow());
        one.rests(0);
        assert!(!pace.is_at_rest(0), "one still goes");
        other.rests(0);
        assert!(pace.is_at_rest(0));
        let round = pace.ask_round();
        assert_eq!(pace.round(), round);
        assert!(!pace.is_at_rest(round));
        one.rests(round);
        assert!(!pace.is_at_rest(round));
        other.lost();
        assert!(pace.is_at_rest(round));
        other.goes();
        assert!(!pace.is_at_rest(round));
        drop(other);
        assert!(pace.is_at_rest(round), "it has ended");
    }
}
