//! Whether the wall clock goes with the monotonic one. Who moves it moves the times of all
//! records; their numbers keep the order.

use crate::rt;

/// Step of the wall clock against the monotonic one that is told, nanoseconds. A product
/// default: what is less is how time servers steer.
pub const CLOCK_STEP_NS: i64 = 1_000_000_000;
/// Time between two readings that are one moment, nanoseconds.
const MOMENT_NS: i64 = 1_000_000;
/// Readings until the best is taken.
const READINGS_MAX: usize = 8;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Wall clock, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Monotonic clock, nanoseconds.
    pub monotonic_ns: i64,
}

/// Who reads the clocks.
pub type ReadClocks = Box<dyn Fn() -> Clocks + Send>;

impl Clocks {
    /// As they are. A thread that is held up between two readings reads again: its own
    /// delay is no step.
    pub fn now() -> Clocks {
        let mut best = (i64::MAX, rt::utc_ns(), rt::monotonic_ns());
        for _ in 0..READINGS_MAX {
            let before_ns = rt::monotonic_ns();
            let utc_ns = rt::utc_ns();
            let took_ns = rt::monotonic_ns() - before_ns;
            best = best.min((took_ns, utc_ns, before_ns));
            if took_ns < MOMENT_NS {
                break;
            }
        }
        Clocks {
            utc_ns: best.1,
            monotonic_ns: best.2,
        }
    }

    const fn apart_ns(self) -> i64 {
        self.utc_ns - self.monotonic_ns
    }
}

/// A step of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Time at which it would be without, nanoseconds since 1970.
    pub expected_ns: i64,
    /// Time at which it is.
    pub found_ns: i64,
}

/// Compares the clocks, one look with the next.
#[derive(Clone, Copy, Debug)]
pub struct ClockWatch {
    apart_ns: i64,
}

impl ClockWatch {
    /// Begins with the clocks as they are.
    pub const fn new(clocks: Clocks) -> ClockWatch {
        ClockWatch {
            apart_ns: clocks.apart_ns(),
        }
    }

    /// The step since the last look, if there was one.
    pub fn look(&mut self, clocks: Clocks) -> Option<Step> {
        let before_ns = core::mem::replace(&mut self.apart_ns, clocks.apart_ns());
        let stepped_ns = self.apart_ns - before_ns;
        (stepped_ns.abs() > CLOCK_STEP_NS).then(|| Step {
            expected_ns: clocks.utc_ns - stepped_ns,
            found_ns: clocks.utc_ns,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    fn clocks(utc_s: i64, monotonic_s: i64) -> Clocks {
        Clocks {
            utc_ns: utc_s * SECOND_NS,
            monotonic_ns: monotonic_s * SECOND_NS,
        }
    }

    #[test]
    fn a_step_is_told_once_with_both_times_and_a_long_pause_is_none() {
        let mut watch = ClockWatch::new(clocks(1_000, 10));
        assert_eq!(watch.look(clocks(4_600, 3_610)), None, "an hour went by");
        let step = watch.look(clocks(1_001, 3_611)).unwrap();
        assert_eq!(step.expected_ns, 4_601 * SECOND_NS);
        assert_eq!(step.found_ns, 1_001 * SECOND_NS);
        assert_eq!(watch.look(clocks(1_002, 3_612)), None);
        let mut steered = clocks(1_003, 3_613);
        steered.utc_ns += SECOND_NS / 2;
        assert_eq!(watch.look(steered), None, "how a time server steers");
    }

    #[test]
    fn the_clocks_of_the_machine_are_read_at_one_moment() {
        let mut watch = ClockWatch::new(Clocks::now());
        for _ in 0..1_000 {
            assert_eq!(watch.look(Clocks::now()), None);
        }
    }
}
