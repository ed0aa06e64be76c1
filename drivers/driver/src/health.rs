//! How a driver fares: counters any thread may read at any time.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// State of the link to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum HealthState {
    /// Not yet reached since start.
    #[default]
    Connecting = 0,
    /// Answering; every point is served.
    Up = 1,
    /// Answering, but some points are refused.
    Degraded = 2,
    /// Not answering.
    Down = 3,
}

impl HealthState {
    /// The word shown to people.
    pub const fn word(self) -> &'static str {
        match self {
            HealthState::Connecting => "connecting",
            HealthState::Up => "up",
            HealthState::Degraded => "degraded",
            HealthState::Down => "down",
        }
    }
}

/// Buckets of the round-trip histogram: four to an octave of microseconds.
const BUCKETS: usize = 128;

/// Counters of one driver. Written by the driver's task, read by anyone.
#[derive(Debug)]
pub struct Health {
    state: AtomicU8,
    requests: AtomicU64,
    replies: AtomicU64,
    exceptions: AtomicU64,
    timeouts: AtomicU64,
    refused: AtomicU64,
    connections: AtomicU64,
    reconnects: AtomicU64,
    exception_code_last: AtomicU8,
    round_trip_us_max: AtomicU32,
    round_trips: [AtomicU32; BUCKETS],
}

impl Default for Health {
    fn default() -> Self {
        Health {
            state: AtomicU8::new(HealthState::Connecting as u8),
            requests: AtomicU64::new(0),
            replies: AtomicU64::new(0),
            exceptions: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
            exception_code_last: AtomicU8::new(0),
            round_trip_us_max: AtomicU32::new(0),
            round_trips: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

/// All of [`Health`] at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HealthSnapshot {
    /// State of the link.
    pub state: HealthState,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Valid replies, exceptions not included.
    pub replies: u64,
    /// Exception replies.
    pub exceptions: u64,
    /// Requests that were not answered in time.
    pub timeouts: u64,
    /// Frames that were refused as malformed or as answers to another question.
    pub refused: u64,
    /// Connections established again after a loss.
    pub reconnects: u64,
    /// Code of the last exception; 0: none yet.
    pub exception_code_last: u8,
    /// Median round trip since start, microseconds, within a quarter octave.
    pub round_trip_us_p50: u32,
    /// 99th percentile of the same.
    pub round_trip_us_p99: u32,
    /// Longest round trip since start, microseconds.
    pub round_trip_us_max: u32,
}

impl Health {
    /// Sets the state of the link.
    pub fn set_state(&self, state: HealthState) {
        self.state.store(state as u8, Relaxed);
    }

    /// The state of the link.
    pub fn state(&self) -> HealthState {
        match self.state.load(Relaxed) {
            0 => HealthState::Connecting,
            1 => HealthState::Up,
            2 => HealthState::Degraded,
            _ => HealthState::Down,
        }
    }

    /// A request goes out.
    pub fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    /// A valid reply came after this round trip.
    pub fn reply(&self, round_trip_us: u32) {
        self.replies.fetch_add(1, Relaxed);
        self.round_trip_us_max.fetch_max(round_trip_us, Relaxed);
        self.round_trips[bucket(round_trip_us)].fetch_add(1, Relaxed);
    }

    /// An exception reply came.
    pub fn exception(&self, code: u8) {
        self.exceptions.fetch_add(1, Relaxed);
        self.exception_code_last.store(code, Relaxed);
    }

    /// No reply came in time.
    pub fn timeout(&self) {
        self.timeouts.fetch_add(1, Relaxed);
    }

    /// A frame was refused.
    pub fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// A connection was established.
    pub fn connected(&self) {
        if self.connections.fetch_add(1, Relaxed) > 0 {
            self.reconnects.fetch_add(1, Relaxed);
        }
    }

    /// Everything at this moment. The counters are read one after the other and
    /// may be some events apart.
    pub fn snapshot(&self) -> HealthSnapshot {
        let max = self.round_trip_us_max.load(Relaxed);
        HealthSnapshot {
            state: self.state(),
            requests: self.requests.load(Relaxed),
            replies: self.replies.load(Relaxed),
            exceptions: self.exceptions.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            refused: self.refused.load(Relaxed),
            reconnects: self.reconnects.load(Relaxed),
            exception_code_last: self.exception_code_last.load(Relaxed),
            round_trip_us_p50: self.quantile(0.50).min(max),
            round_trip_us_p99: self.quantile(0.99).min(max),
            round_trip_us_max: max,
        }
    }

    fn quantile(&self, q: f64) -> u32 {
        let counts = self.round_trips.iter().map(|n| u64::from(n.load(Relaxed)));
        let total: u64 = counts.clone().sum();
        if total == 0 {
            return 0;
        }
        let rank = ((total as f64 * q) as u64).min(total - 1);
        let mut below = 0;
        for (index, n) in counts.enumerate() {
            below += n;
            if below > rank {
                return upper_us(index);
            }
        }
        u32::MAX
    }
}

/// Octave from the leading bit, quarter from the two bits below it.
fn bucket(us: u32) -> usize {
    if us < 4 {
        return us as usize;
    }
    let octave = us.ilog2();
    ((octave << 2) | ((us >> (octave - 2)) & 3)) as usize - 4
}

/// Largest value of a bucket.
fn upper_us(index: usize) -> u32 {
    if index < 4 {
        return index as u32;
    }
    let octave = (index as u32 + 4) >> 2;
    let quarter = (index as u32 + 4) & 3;
    let lower = (4 | u64::from(quarter)) << (octave - 2);
    u32::try_from(lower + (1 << (octave - 2)) - 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_trip_lies_in_its_bucket() {
        for us in (0..4096).chain([65_535, 65_536, 1 << 30, u32::MAX]) {
            let index = bucket(us);
            assert!(index < BUCKETS);
            assert!(us <= upper_us(index), "{us}");
            assert!(index == 0 || us > upper_us(index - 1), "{us}");
        }
    }

    #[test]
    fn median_is_within_a_quarter_octave() {
        let health = Health::default();
        for us in 1..=1000 {
            health.reply(us);
        }
        let snapshot = health.snapshot();
        assert!((500..=625).contains(&snapshot.round_trip_us_p50));
        assert_eq!(snapshot.round_trip_us_max, 1000);
        assert_eq!(snapshot.replies, 1000);
    }

    #[test]
    fn first_connection_is_no_reconnection() {
        let health = Health::default();
        health.connected();
        health.connected();
        assert_eq!(health.snapshot().reconnects, 1);
    }
}
