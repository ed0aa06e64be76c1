//! The real-time grid: absolute releases, missed ones skipped and counted.

use crate::rt;
use scan::{Scan, ScanClock};
use signal::{ScanIndex, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A stretch of a simulation's time at one speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it begins, monotonic nanoseconds.
    pub wall_ns: i64,
    /// Plant time there, nanoseconds since the start.
    pub plant_ns: i64,
    /// Plant time for each unit of real time; 0: it stands still.
    pub speed: f64,
}

impl Stretch {
    /// Plant time at a moment of the monotonic clock, nanoseconds since the start.
    pub fn plant_at(&self, wall_ns: i64) -> i64 {
        self.plant_ns + ((wall_ns - self.wall_ns) as f64 * self.speed) as i64
    }

    /// Moment of the monotonic clock at which it is that late in the plant.
    fn wall_at(&self, plant_ns: i64) -> i64 {
        self.wall_ns + ((plant_ns - self.plant_ns) as f64 / self.speed) as i64
    }
}

/// How long a clock sleeps while time stands still before it ends its wait.
const STILL_NS: i64 = 5_000_000;

/// Releases on an absolute grid of the monotonic clock.
///
/// A release that was missed is skipped, never caught up in a burst; the next scan
/// is told how many periods have passed. The wall clock is a label only: setting it
/// moves no release. The time of a simulation may change its speed between two scans;
/// every task gets the same stretches and so stays on the common grid.
pub struct RtClock {
    period_ns: i64,
    /// Wall time of one period: shorter than the period when a simulation runs fast.
    wall_ns: i64,
    next_ns: i64,
    /// How long before a release the thread wakes and waits at the clock.
    early_ns: i64,
    index: u64,
    stop: Arc<AtomicBool>,
    late_ns: i64,
    missed_last: u64,
    release_ns: i64,
    /// Grid time as simulated; else the wall clock labels scans.
    simulated: Option<Utc>,
    last: Option<u64>,
    /// Plant time of the next release, nanoseconds since the start.
    plant_ns: i64,
    /// When the plant's time begins, if the clock bends.
    begins: Option<Utc>,
    stretches: Option<rtrb::Consumer<Stretch>>,
    /// [`RtClock::waking_early`] as asked for.
    early_wanted_ns: i64,
    is_still: bool,
    /// Plant time at which it stands still.
    stands_ns: i64,
    /// The last wait ended with time standing still.
    rests: bool,
    /// Plant time of the last label given.
    label_ns: i64,
    /// Periods since the last release, the next one's included.
    elapsed: i64,
    /// The thread is awake for the next release.
    is_near: bool,
    /// Time stood still or changed its speed since the last release.
    is_bent: bool,
    /// The same before the last release.
    was_bent: bool,
}

impl RtClock {
    /// A clock of this period, `speed` times faster than real time, that continues
    /// after scan `after` and ends when `stop` is set. `start_ns` is the first
    /// release on the monotonic clock.
    pub fn new(
        period_ns: u64,
        speed: f64,
        after: ScanIndex,
        start_ns: i64,
        stop: Arc<AtomicBool>,
    ) -> RtClock {
        let wall_ns = signal::math::round(period_ns as f64 / speed).max(1.0) as i64;
        RtClock {
            period_ns: period_ns as i64,
            wall_ns,
            next_ns: start_ns,
            early_ns: 0,
            index: after.0,
            stop,
            late_ns: 0,
            missed_last: 0,
            release_ns: start_ns,
            simulated: (speed != 1.0).then(|| Utc(rt::utc_ns())),
            last: None,
            plant_ns: 0,
            begins: None,
            stretches: None,
            early_wanted_ns: 0,
            is_still: false,
            stands_ns: 0,
            rests: false,
            label_ns: -1,
            elapsed: 1,
            is_near: false,
            is_bent: false,
            was_bent: false,
        }
    }

    /// Goes at the speeds that come, with labels in the plant's time that begins at
    /// `begins`: those of all tasks lie on one line, whatever the speed.
    #[must_use]
    pub fn bending(mut self, begins: Utc, stretches: rtrb::Consumer<Stretch>) -> RtClock {
        self.begins = Some(begins);
        self.stretches = Some(stretches);
        self
    }

    /// Wakes so long before each release and waits at the clock for the rest, at most
    /// a tenth of the period. It costs that part of a processor and takes away what
    /// the kernel and a virtual machine's host are usually late by.
    #[must_use]
    pub fn waking_early(mut self, early_ns: u64) -> RtClock {
        self.early_wanted_ns = early_ns as i64;
        self.early_ns = (early_ns as i64).clamp(0, self.wall_ns / 10);
        self
    }

    /// Ends after so many scans.
    #[must_use]
    pub fn for_scans(mut self, scans: Option<u64>) -> RtClock {
        self.last = scans.map(|scans| self.index + scans);
        self
    }

    /// How late the last wake-up was, nanoseconds.
    pub const fn late_ns(&self) -> i64 {
        self.late_ns
    }

    /// Releases that were missed before the last one.
    pub const fn missed_last(&self) -> u64 {
        self.missed_last
    }

    /// When the last scan was to begin, monotonic nanoseconds.
    pub const fn release_ns(&self) -> i64 {
        self.release_ns
    }

    /// Wall time of one period, nanoseconds.
    pub const fn wall_ns(&self) -> i64 {
        self.wall_ns
    }

    /// Whether time stood still or changed its speed before the last release: how long
    /// ago the scan before was says nothing then.
    pub const fn was_bent(&self) -> bool {
        self.was_bent
    }

    /// Sleeps until `lead_ns` before the next release, at least as long before it as the
    /// clock wakes anyhow and at most a tenth of a period. What is left then,
    /// nanoseconds; 0 or less: the caller has no time for anything before the release.
    pub fn approach(&mut self, lead_ns: i64) -> i64 {
        if self.early_ns == 0 {
            return 0;
        }
        let most = self.early_ns.max(self.wall_ns / 10);
        self.is_near = self.draw_near(lead_ns.clamp(self.early_ns, most));
        if self.is_near {
            self.next_ns - rt::monotonic_ns()
        } else {
            0
        }
    }

    /// Counts the releases that have passed and sleeps until so long before the next.
    /// False if time stands still. Whoever is late after this has missed nothing yet: it
    /// is counted as an overrun first.
    fn draw_near(&mut self, early_ns: i64) -> bool {
        self.is_bent |= self.bend();
        if self.is_still {
            return self.is_due_standing();
        }
        let missed = (rt::monotonic_ns() - self.next_ns).div_euclid(self.wall_ns);
        if missed >= 1 {
            self.elapsed += missed;
            self.next_ns += missed * self.wall_ns;
            self.plant_ns += missed * self.period_ns;
        }
        rt::sleep_until(self.next_ns - early_ns);
        true
    }

    /// While time stands still: whether a release lies within the time that has passed. It
    /// is due at once.
    fn is_due_standing(&mut self) -> bool {
        let missed = (self.stands_ns - self.plant_ns).div_euclid(self.period_ns);
        if missed < 0 {
            return false;
        }
        self.elapsed += missed;
        self.plant_ns += missed * self.period_ns;
        self.next_ns = rt::monotonic_ns();
        true
    }

    /// Whether the last wait ended without a scan because time stands still.
    pub const fn is_standing(&self) -> bool {
        self.rests
    }

    /// Whether it still stands, and no stretch has come that may mean a scan.
    pub fn rests(&self) -> bool {
        let is_news = |stretches: &rtrb::Consumer<Stretch>| !stretches.is_empty();
        self.rests && !self.stretches.as_ref().is_some_and(is_news)
    }

    /// Number and label of a state that is put in the place of another while time stands
    /// still: those of a scan that is not run.
    pub fn replaced(&mut self) -> Scan {
        self.index += 1;
        self.label_ns = self.stands_ns.max(self.label_ns + 1);
        Scan {
            index: ScanIndex(self.index),
            utc: self.begins.unwrap_or(Utc(0)).plus_ns(self.label_ns),
            dt_s: 0.0,
            elapsed: 0,
        }
    }

    /// Takes the newest stretch, if one has come. Never allocates, never waits.
    fn bend(&mut self) -> bool {
        let mut newest = None;
        if let Some(stretches) = &mut self.stretches {
            while let Ok(stretch) = stretches.pop() {
                newest = Some(stretch);
            }
        }
        let Some(stretch) = newest else {
            return false;
        };
        self.is_still = stretch.speed <= 0.0;
        self.stands_ns = stretch.plant_ns;
        if !self.is_still {
            self.next_ns = stretch.wall_at(self.plant_ns);
            let wall_ns = signal::math::round(self.period_ns as f64 / stretch.speed);
            self.wall_ns = (wall_ns as i64).max(1);
            self.early_ns = self.early_wanted_ns.clamp(0, self.wall_ns / 10);
        }
        true
    }
}

impl ScanClock for RtClock {
    fn next_release(&mut self) -> Option<Scan> {
        self.rests = false;
        loop {
            let is_near = std::mem::take(&mut self.is_near);
            if !is_near && !self.draw_near(self.early_ns) {
                if self.stop.load(Ordering::Relaxed) {
                    return None;
                }
                rt::sleep_until(rt::monotonic_ns() + STILL_NS);
                self.rests = true;
                return None;
            }
            if self.early_ns > 0 {
                rt::wait_until(self.next_ns);
            }
            // A stretch that came meanwhile may have moved this very release.
            if !self.bend() {
                break;
            }
            self.is_bent = true;
        }
        if self.stop.load(Ordering::Relaxed) || self.last.is_some_and(|last| self.index >= last) {
            return None;
        }
        self.late_ns = rt::monotonic_ns() - self.next_ns;
        self.release_ns = self.next_ns;
        self.next_ns += self.wall_ns;
        let plant_ns = self.plant_ns;
        self.label_ns = plant_ns;
        self.plant_ns += self.period_ns;
        self.index += 1;
        self.was_bent = std::mem::take(&mut self.is_bent);
        let elapsed = std::mem::replace(&mut self.elapsed, 1);
        let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX);
        // What passes while time stands still is skipped on purpose.
        self.missed_last = if self.is_still {
            0
        } else {
            u64::from(elapsed) - 1
        };
        let utc = match (self.begins, &mut self.simulated) {
            (Some(begins), _) => begins.plus_ns(plant_ns),
            (None, None) => Utc(rt::utc_ns()),
            (None, Some(utc)) => {
                *utc = utc.plus_ns(i64::from(elapsed).saturating_mul(self.period_ns));
                *utc
            }
        };
        Some(Scan {
            index: ScanIndex(self.index),
            utc,
            dt_s: f64::from(elapsed) * self.period_ns as f64 * 1e-9,
            elapsed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_follow_the_speed_stand_still_and_lose_no_plant_time() {
        let stop = Arc::new(AtomicBool::new(false));
        let start = rt::monotonic_ns();
        let (mut ring, out) = rtrb::RingBuffer::new(4);
        let begins = Utc(1_000);
        let mut clock =
            RtClock::new(100_000_000, 1.0, ScanIndex(0), start, stop.clone()).bending(begins, out);
        assert_eq!(clock.next_release().unwrap().utc, begins);
        // Ten times faster: the next release is near at once.
        let fast = Stretch {
            wall_ns: start,
            plant_ns: 0,
            speed: 10.0,
        };
        ring.push(fast).unwrap();
        let second = clock.next_release().unwrap();
        assert!(clock.was_bent());
        let passed = i64::from(second.elapsed) * 100_000_000;
        assert_eq!(second.utc, begins.plus_ns(passed));
        assert_eq!(clock.wall_ns(), 10_000_000);
        // Standing still: every wait ends without a scan, until told to stop.
        let still = |plant_ns| Stretch {
            wall_ns: rt::monotonic_ns(),
            plant_ns,
            speed: 0.0,
        };
        ring.push(still(passed + 50_000_000)).unwrap();
        assert!(clock.next_release().is_none() && clock.rests());
        assert!(clock.next_release().is_none() && clock.rests());
        stop.store(true, Ordering::Relaxed);
        assert!(clock.next_release().is_none() && !clock.rests());
        // Going on: no scan is missed for the time that stood still.
        stop.store(false, Ordering::Relaxed);
        let on = Stretch {
            wall_ns: rt::monotonic_ns(),
            plant_ns: passed + 50_000_000,
            speed: 10.0,
        };
        ring.push(on).unwrap();
        let third = clock.next_release().unwrap();
        assert_eq!(third.elapsed, 1);
        assert_eq!(third.utc, begins.plus_ns(passed + 100_000_000));
    }

    #[test]
    fn who_is_late_after_drawing_near_has_an_overrun_before_a_missed_release() {
        // Whoever is held up before it draws near has missed something else: again.
        let (mut clock, start, left_ns) = std::iter::repeat_with(|| {
            let stop = Arc::new(AtomicBool::new(false));
            let start = rt::monotonic_ns() + 20_000_000;
            let mut clock =
                RtClock::new(20_000_000, 1.0, ScanIndex(0), start, stop).waking_early(100_000);
            let left_ns = clock.approach(15_000_000);
            (clock, start, left_ns)
        })
        .find(|(_, _, left_ns)| *left_ns > 0)
        .unwrap();
        // Asked for more than a tenth of the period, it stays at that.
        assert!(left_ns <= 2_000_000, "{left_ns}");
        // What is done before the release takes three periods.
        rt::wait_until(start + 65_000_000);
        let first = clock.next_release().unwrap();
        assert_eq!((first.elapsed, clock.missed_last()), (1, 0));
        assert_eq!(clock.release_ns(), start);
        assert!(
            clock.late_ns() > 60_000_000,
            "the scan that follows is an overrun"
        );
        clock.approach(0);
        let second = clock.next_release().unwrap();
        assert!(second.elapsed >= 3, "{second:?}");
        assert_eq!(clock.missed_last(), u64::from(second.elapsed) - 1);
        assert!(!clock.was_bent());
    }

    #[test]
    fn time_that_stands_later_gives_the_releases_up_to_there_and_no_other() {
        let stop = Arc::new(AtomicBool::new(false));
        let (mut ring, out) = rtrb::RingBuffer::new(4);
        let begins = Utc(1_000);
        let far = rt::monotonic_ns() + 3_600_000_000_000;
        let mut clock =
            RtClock::new(100_000_000, 1.0, ScanIndex(7), far, stop).bending(begins, out);
        let still = |plant_ns| Stretch {
            wall_ns: rt::monotonic_ns(),
            plant_ns,
            speed: 0.0,
        };
        ring.push(still(-1)).unwrap();
        assert!(clock.next_release().is_none() && clock.rests());
        for step in 0..3 {
            let plant_ns = step * 100_000_000;
            ring.push(still(plant_ns)).unwrap();
            assert!(!clock.rests(), "a scan may be due");
            let scan = clock.next_release().unwrap();
            assert_eq!((scan.elapsed, scan.dt_s), (1, 0.1));
            assert_eq!(scan.utc, begins.plus_ns(plant_ns));
            assert!(clock.was_bent());
            assert!(clock.next_release().is_none() && clock.rests());
        }
        // A state that was put back has a number and a label of its own, and time goes
        // on after it.
        let replaced = [clock.replaced(), clock.replaced()];
        assert_eq!(replaced.map(|scan| scan.index.0), [11, 12]);
        assert!(replaced[0].utc > begins.plus_ns(200_000_000));
        assert!(replaced[1].utc > replaced[0].utc);
        // Two releases have passed at once: one is missed.
        ring.push(still(400_000_000)).unwrap();
        let scan = clock.next_release().unwrap();
        assert_eq!((scan.index, scan.elapsed), (ScanIndex(13), 2));
        assert_eq!(scan.utc, begins.plus_ns(400_000_000));
    }

    #[test]
    fn missed_releases_are_skipped_and_told() {
        let stop = Arc::new(AtomicBool::new(false));
        let start = rt::monotonic_ns() - 35_000_000;
        let mut clock = RtClock::new(10_000_000, 1.0, ScanIndex(0), start, stop);
        let first = clock.next_release().unwrap();
        assert!(first.elapsed >= 4, "{first:?}");
        assert_eq!((clock.release_ns() - start) % 10_000_000, 0);
        assert_eq!(first.index, ScanIndex(1));
        assert_eq!(clock.missed_last(), u64::from(first.elapsed) - 1);
        assert_eq!(first.dt_s, f64::from(first.elapsed) * 0.01);
    }

    #[test]
    fn the_clock_ends_on_request_and_after_its_scans() {
        let stop = Arc::new(AtomicBool::new(false));
        let now = rt::monotonic_ns();
        let mut clock =
            RtClock::new(1_000_000, 10.0, ScanIndex(7), now, stop.clone()).for_scans(Some(2));
        assert_eq!(clock.next_release().unwrap().index, ScanIndex(8));
        assert!(clock.next_release().is_some());
        assert!(clock.next_release().is_none());
        let mut clock = RtClock::new(1_000_000, 1.0, ScanIndex(0), now, stop.clone());
        stop.store(true, Ordering::Relaxed);
        assert!(clock.next_release().is_none());
    }
}
