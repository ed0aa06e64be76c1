//! The swinging door (E. H. Bristol, "Swinging door trending: adaptive trend
//! recording?", ISA National Conference 1990).
//!
//! From the last kept point two doors are hinged one deviation above and below it;
//! every new sample closes them further. A sample stays a candidate as long as the
//! straight line from the kept point to it passes between the doors. This is the
//! strict form: the doors of the article only have to leave some line, which may
//! pass a sample by up to twice the deviation, but the line that is drawn later is
//! the one to the candidate, so that one is judged.

use signal::Quality;

/// A sample on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Swung {
    /// Its scan; -1 for a scan of the segment before.
    pub ordinal: i64,
    pub utc_ns: i64,
    pub bits: u64,
    pub quality: Quality,
}

impl Swung {
    fn value(&self) -> f64 {
        f64::from_bits(self.bits)
    }
}

/// The doors of one tag.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Door {
    /// The last kept point.
    hinge: Option<Swung>,
    candidate: Option<Swung>,
    low: f64,
    high: f64,
    /// The last sample given.
    last: Option<Swung>,
}

impl Door {
    /// A door hinged at a kept point, or an open one.
    pub(crate) fn hinged(at: Option<Swung>) -> Door {
        Door {
            hinge: at,
            last: at,
            ..Door::default()
        }
    }

    /// The value in force.
    pub(crate) const fn last(&self) -> Option<Swung> {
        self.last
    }

    /// Takes a sample. `before` is number and time of the scan before it: if the tag
    /// was not given then, it had its old value still.
    pub(crate) fn give(
        &mut self,
        sample: Swung,
        before: Option<(u32, i64)>,
        deviation: f64,
        max_interval_ns: i64,
        keep: &mut impl FnMut(Swung),
    ) {
        if let (Some(last), Some((ordinal, utc_ns))) = (self.last, before)
            && i64::from(ordinal) > last.ordinal
        {
            let still = Swung {
                ordinal: i64::from(ordinal),
                utc_ns,
                ..last
            };
            self.offer(still, deviation, max_interval_ns, keep);
        }
        self.offer(sample, deviation, max_interval_ns, keep);
    }

    /// Keeps what waits, since nothing may be asked of later samples any more.
    /// `end` is the last scan.
    pub(crate) fn settle(
        &mut self,
        end: Option<(u32, i64)>,
        deviation: f64,
        max_interval_ns: i64,
        keep: &mut impl FnMut(Swung),
    ) {
        if self.candidate.is_none() {
            return;
        }
        if let (Some(last), Some((ordinal, utc_ns))) = (self.last, end)
            && i64::from(ordinal) > last.ordinal
        {
            let still = Swung {
                ordinal: i64::from(ordinal),
                utc_ns,
                ..last
            };
            self.offer(still, deviation, max_interval_ns, keep);
        }
        if let Some(candidate) = self.candidate.take() {
            keep(candidate);
            self.hinge = Some(candidate);
        }
    }

    fn offer(
        &mut self,
        sample: Swung,
        deviation: f64,
        max_interval_ns: i64,
        keep: &mut impl FnMut(Swung),
    ) {
        let before = self.last.replace(sample);
        let (Some(hinge), Some(before)) = (self.hinge, before) else {
            keep(sample);
            self.hinge = Some(sample);
            return;
        };
        let is_break = before.quality != sample.quality
            || sample.quality.is_bad()
            || !sample.value().is_finite()
            || !hinge.value().is_finite()
            || sample.utc_ns <= before.utc_ns;
        if is_break {
            if let Some(candidate) = self.candidate.take() {
                keep(candidate);
            }
            keep(sample);
            self.hinge = Some(sample);
            return;
        }
        if let Some(candidate) = self.candidate {
            let dt = (sample.utc_ns - hinge.utc_ns) as f64;
            let slope = (sample.value() - hinge.value()) / dt;
            let fits = self.low <= slope
                && slope <= self.high
                && sample.utc_ns - hinge.utc_ns <= max_interval_ns;
            if fits {
                self.narrow(hinge, sample, deviation);
                return;
            }
            keep(candidate);
            self.hinge = Some(candidate);
        }
        let hinge = self.hinge.unwrap_or(sample);
        (self.low, self.high) = (f64::NEG_INFINITY, f64::INFINITY);
        self.narrow(hinge, sample, deviation);
    }

    /// Lets the doors swing to a sample that fits.
    fn narrow(&mut self, hinge: Swung, sample: Swung, deviation: f64) {
        let dt = (sample.utc_ns - hinge.utc_ns) as f64;
        let rise = sample.value() - hinge.value();
        self.low = self.low.max((rise - deviation) / dt);
        self.high = self.high.min((rise + deviation) / dt);
        self.candidate = Some(sample);
    }
}
