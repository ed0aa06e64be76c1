//! The time of a simulated station: at a speed that may change while it runs, or
//! standing still.
//!
//! One line through all speeds: scans, labels, drivers and the desk's clock read their
//! time from it, so that nothing ages faster than the plant. A change of speed is no
//! entry of the scan: what a scan computes follows from its index, its label and the
//! periods passed, and those are recorded with it.

use crate::clock::Stretch;
use crate::rt;
use driver::Pace;
use signal::Utc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Slowest and fastest pace of a simulation that runs.
pub const SPEEDS: (f64, f64) = (0.1, 50.0);

/// Sets the pace of a simulated station.
pub struct SimPace {
    line: Mutex<Line>,
    shared: Arc<Pace>,
    begins: Utc,
}

struct Line {
    now: Stretch,
    rings: Vec<rtrb::Producer<Stretch>>,
    /// The speed at which it goes on after standing still.
    moving: f64,
}

impl SimPace {
    /// Begins now, at this speed.
    pub fn new(speed: f64) -> SimPace {
        SimPace {
            line: Mutex::new(Line {
                now: Stretch {
                    wall_ns: rt::monotonic_ns(),
                    plant_ns: 0,
                    speed,
                },
                rings: Vec::new(),
                moving: speed,
            }),
            shared: Pace::new(speed),
            begins: Utc(rt::utc_ns()),
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scans begin at this moment of the monotonic clock: until then no time passes.
    pub fn begin_at(&self, wall_ns: i64) {
        let mut line = self.line();
        line.now.plant_ns = 0;
        line.now.wall_ns = wall_ns;
    }

    /// A ring for one more clock.
    pub fn ring(&self) -> rtrb::Consumer<Stretch> {
        let (ring, out) = rtrb::RingBuffer::new(64);
        self.line().rings.push(ring);
        out
    }

    /// When the plant's time begins.
    pub const fn begins(&self) -> Utc {
        self.begins
    }

    /// The pace, for drivers and whoever lives in the plant's time.
    pub fn shared(&self) -> Arc<Pace> {
        self.shared.clone()
    }

    /// Multiple of real time now; 0: everything stands still.
    pub fn speed(&self) -> f64 {
        self.shared.speed()
    }

    /// The speed at which it goes, or would go on.
    pub fn moving(&self) -> f64 {
        self.line().moving
    }

    /// The plant's time now, nanoseconds since 1970.
    pub fn utc_ns(&self) -> i64 {
        let now = self.line().now;
        self.begins.plus_ns(now.plant_at(rt::monotonic_ns())).0
    }

    /// From now on at this speed, 0 for standing still. False if a clock has not taken
    /// the changes before; then nothing changes.
    pub fn set(&self, speed: f64) -> bool {
        let mut line = self.line();
        let wall_ns = rt::monotonic_ns();
        let plant_ns = line.now.plant_at(wall_ns);
        let is_told = line.tell(Stretch {
            wall_ns,
            plant_ns,
            speed,
        });
        if is_told {
            if speed > 0.0 {
                line.moving = speed;
            }
            self.shared.set(speed);
        }
        is_told
    }

    /// The plant's time since the start, nanoseconds.
    pub fn plant_ns(&self) -> i64 {
        self.line().now.plant_at(rt::monotonic_ns())
    }

    /// How long from now, in the plant's time, to the next release of a task of this
    /// period, nanoseconds.
    pub fn to_next_ns(&self, period_ns: i64) -> i64 {
        let plant_ns = self.line().now.plant_at(rt::monotonic_ns());
        let releases = plant_ns.div_euclid(period_ns) + 1;
        releases * period_ns - plant_ns
    }

    /// Time that stands still stands so much later: the releases up to there are due, and
    /// no other. False if time goes, or a clock has not taken the changes before.
    pub fn stand_later(&self, by_ns: i64) -> bool {
        let mut line = self.line();
        let now = line.now;
        now.speed <= 0.0
            && line.tell(Stretch {
                wall_ns: rt::monotonic_ns(),
                plant_ns: now.plant_ns + by_ns,
                ..now
            })
    }
}

impl Line {
    /// Goes on along this stretch and tells every clock. False if one has no room.
    fn tell(&mut self, stretch: Stretch) -> bool {
        if self.rings.iter().any(|ring| ring.is_full()) {
            return false;
        }
        self.now = stretch;
        for ring in &mut self.rings {
            // There is room: this is the only place that fills them.
            let _ = ring.push(stretch);
        }
        true
    }
}
