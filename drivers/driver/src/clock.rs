//! Wall time as an argument: a label on values, never a reason to act.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use signal::Utc;

/// A source of wall time for source time stamps.
pub trait WallClock: Send + Sync {
    /// Now, as nanoseconds since the Unix epoch. May step in either direction.
    fn utc(&self) -> Utc;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn utc(&self) -> Utc {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Utc(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
            Err(before) => {
                Utc(i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns))
            }
        }
    }
}

/// A clock that moves only when it is moved.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock standing at this instant.
    pub fn at(utc: Utc) -> ManualClock {
        ManualClock(AtomicI64::new(utc.ns()))
    }

    /// Moves the clock to this instant.
    pub fn set(&self, utc: Utc) {
        self.0.store(utc.ns(), Ordering::Relaxed);
    }

    /// Moves the clock on by `ns` nanoseconds; negative moves it back.
    pub fn advance_ns(&self, ns: i64) {
        self.0.fetch_add(ns, Ordering::Relaxed);
    }
}

impl WallClock for ManualClock {
    fn utc(&self) -> Utc {
        Utc(self.0.load(Ordering::Relaxed))
    }
}
