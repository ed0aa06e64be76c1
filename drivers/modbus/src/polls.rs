//! Reading: classes on a grid, ranges with their troubles.

use std::time::Duration;

use signal::Quality;
use tokio::time::Instant;
use tokio_modbus::Request;

use crate::address::Table;
use crate::config::DeviceConfig;
use crate::exchange::{Reply, quality_of_exception};
use crate::map::Map;
use crate::plan::{ReadRange, halves};

/// Pause between attempts at a range the device calls wrong.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// Probes of wrong ranges that may be made at once, after start; then one a second.
/// Enough to find one wrong point among 125 registers in one cycle.
const PROBES_MAX: u32 = 32;

/// A period of the plant's time in real time, at least a millisecond.
pub(crate) fn paced(period: Duration, speed: f64) -> Duration {
    let fastest = Duration::from_millis(1);
    Duration::try_from_secs_f64(period.as_secs_f64() / speed).map_or(period, |p| p.max(fastest))
}

/// A range and how it fares.
#[derive(Clone, Debug)]
pub(crate) struct Polled {
    pub range: ReadRange,
    /// Not asked before this.
    retry_at: Option<Instant>,
    /// Refused, or cut from a refused one and not yet answered.
    suspect: bool,
    /// One point, refused: the wrong one itself.
    wrong: bool,
    /// Times in a row the device was busy or its gateway failed.
    busy: u32,
}

/// A class and its next release.
struct Class {
    /// Its period in the plant's time.
    of_text: Duration,
    period: Duration,
    next: Instant,
}

pub(crate) struct Polls {
    start: Instant,
    classes: Vec<Class>,
    pub ranges: Vec<Polled>,
    probes: u32,
    probe_next: Instant,
    backoff: Duration,
    backoff_max: Duration,
    retries: u32,
}

impl Polls {
    pub(crate) fn new(config: &DeviceConfig, map: &Map, now: Instant) -> Polls {
        let ranges = map.ranges().iter().map(|range| Polled {
            range: range.clone(),
            retry_at: None,
            suspect: false,
            wrong: false,
            busy: 0,
        });
        let classes = config.classes.iter().map(|class| Class {
            of_text: Duration::from_millis(class.period_ms),
            period: Duration::from_millis(class.period_ms),
            next: now,
        });
        Polls {
            start: now,
            classes: classes.collect(),
            ranges: ranges.collect(),
            probes: PROBES_MAX,
            probe_next: now + REFUSED_PAUSE,
            backoff: Duration::from_millis(config.backoff_ms_min),
            backoff_max: Duration::from_millis(config.backoff_ms_max),
            retries: config.retries,
        }
    }

    /// When the next class is due; classes without points are never.
    pub(crate) fn next(&self) -> Option<Instant> {
        let used = self.classes.iter().enumerate();
        used.filter(|(class, _)| self.ranges.iter().any(|p| p.range.class == *class))
            .map(|(_, class)| class.next)
            .min()
    }

    /// A class that is due, moved on to its next place on the grid; places missed
    /// meanwhile are skipped, not caught up.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<usize> {
        let due = self.classes.iter().position(|class| class.next <= now)?;
        let class = &mut self.classes[due];
        let periods = now.duration_since(self.start).as_nanos() / class.period.as_nanos() + 1;
        class.next = self.start + class.period * u32::try_from(periods).unwrap_or(u32::MAX);
        if class.next <= now {
            // Only after 2^32 periods: begin a new grid.
            self.start = now;
            class.next = now + class.period;
        }
        Some(due)
    }

    /// Begins new grids at another pace of the plant's time.
    pub(crate) fn keep(&mut self, speed: f64, now: Instant) {
        self.start = now;
        for class in &mut self.classes {
            class.period = paced(class.of_text, speed);
            class.next = now;
        }
    }

    /// Every class is due at once: a device has come back.
    pub(crate) fn all_due(&mut self, now: Instant) {
        for class in &mut self.classes {
            class.next = now;
        }
    }

    /// Whether a range may be asked now. Asking a wrong one takes a probe.
    pub(crate) fn may_ask(&mut self, index: usize, now: Instant) -> bool {
        while now >= self.probe_next {
            self.probe_next += REFUSED_PAUSE;
            self.probes = (self.probes + 1).min(PROBES_MAX);
            if now >= self.probe_next + REFUSED_PAUSE * PROBES_MAX {
                self.probe_next = now;
            }
        }
        let polled = &self.ranges[index];
        if polled.retry_at.is_some_and(|at| now < at) {
            return false;
        }
        if polled.suspect {
            // Neighbours still blinded come before points known to be wrong.
            let others_first = polled.wrong && self.ranges.iter().any(|p| p.suspect && !p.wrong);
            if self.probes == 0 || others_first {
                return false;
            }
            self.probes -= 1;
        }
        true
    }

    pub(crate) fn answered(&mut self, index: usize) {
        let polled = &mut self.ranges[index];
        polled.retry_at = None;
        polled.suspect = false;
        polled.wrong = false;
        polled.busy = 0;
    }

    /// Takes an exception of a range; returns the quality its points get, if they
    /// are to get one. A refused range is cut in halves, in its place.
    pub(crate) fn refused(
        &mut self,
        index: usize,
        code: u8,
        map: &Map,
        now: Instant,
    ) -> Option<Quality> {
        let quality = quality_of_exception(code);
        let polled = &mut self.ranges[index];
        match code {
            2 | 3 => {
                polled.suspect = true;
                let span = |index: usize| map.inputs[index].span;
                match halves(&polled.range, map.members(), span) {
                    Some(halves) => {
                        let polled = polled.clone();
                        let halves = halves.map(|range| Polled {
                            range,
                            ..polled.clone()
                        });
                        self.ranges.splice(index..=index, halves);
                    }
                    None => self.note_wrong(index, now),
                }
                Some(quality)
            }
            1 => {
                self.note_wrong(index, now);
                Some(quality)
            }
            5 | 6 | 10 | 11 => {
                let pause = self.backoff * (1 << polled.busy.min(16));
                polled.retry_at = Some(now + pause.min(self.backoff_max));
                polled.busy += 1;
                // A busy device keeps its last values for as long as a silent one would.
                let patient = matches!(code, 5 | 6) && polled.busy <= self.retries;
                (!patient).then_some(quality)
            }
            _ => Some(quality),
        }
    }

    /// The more ranges are wrong, the longer each waits: all of them together are
    /// asked once a second, each in its turn.
    fn note_wrong(&mut self, index: usize, now: Instant) {
        let polled = &mut self.ranges[index];
        polled.suspect = true;
        polled.wrong = true;
        let wrong = self.ranges.iter().filter(|p| p.wrong).count();
        let pause = REFUSED_PAUSE * u32::try_from(wrong).unwrap_or(u32::MAX);
        self.ranges[index].retry_at = Some(now + pause);
    }

    /// Whether some range is not served.
    pub(crate) fn is_degraded(&self) -> bool {
        self.ranges.iter().any(|p| p.suspect || p.busy > 0)
    }
}

/// The request that reads a range.
pub(crate) fn request(range: &ReadRange) -> Request<'static> {
    let (address, quantity) = (range.address, range.quantity);
    match range.table {
        Table::Coils => Request::ReadCoils(address, quantity),
        Table::DiscreteInputs => Request::ReadDiscreteInputs(address, quantity),
        Table::HoldingRegisters => Request::ReadHoldingRegisters(address, quantity),
        Table::InputRegisters => Request::ReadInputRegisters(address, quantity),
    }
}

/// Puts a reply into the cells of its range.
pub(crate) fn store(
    map: &Map,
    range: &ReadRange,
    reply: &Reply,
    utc: signal::Utc,
    cells: &mut [driver::RawCell],
) {
    match reply {
        Reply::Bits(bits) => map.decode_bits(range, bits, utc, cells),
        Reply::Registers(registers) => map.decode_registers(range, registers, utc, cells),
        // A read is never answered so: `exchange::answer` has matched the pair.
        Reply::Written => {}
    }
}
