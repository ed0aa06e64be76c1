//! What a stretch of time amounts to: extremes, time-weighted mean, integral,
//! durations.

use crate::bytes::{Scanner, put_i64, put_u64, put_word};
use signal::{Kind, Level, Quality};
use std::collections::BTreeMap;

/// A stretch of time: `[from_ns, to_ns)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Start, nanoseconds since 1970.
    pub from_ns: i64,
    /// End.
    pub to_ns: i64,
}

impl Window {
    /// All of time.
    pub const ALL: Window = Window {
        from_ns: i64::MIN,
        to_ns: i64::MAX,
    };

    /// `count` windows of equal width; the last takes what does not divide.
    pub fn equal(from_ns: i64, to_ns: i64, count: usize) -> Vec<Window> {
        let span = i128::from(to_ns) - i128::from(from_ns);
        let edge = |at: usize| {
            let offset = span * at as i128 / count.max(1) as i128;
            (i128::from(from_ns) + offset) as i64
        };
        (0..count)
            .map(|at| Window {
                from_ns: edge(at),
                to_ns: edge(at + 1),
            })
            .collect()
    }

    /// Windows of `every_ns` from `from_ns` on; the last may be shorter.
    pub fn every(from_ns: i64, to_ns: i64, every_ns: i64) -> Vec<Window> {
        let every_ns = every_ns.max(1);
        let mut windows = Vec::new();
        let mut at = from_ns;
        while at < to_ns {
            let next = at.saturating_add(every_ns).min(to_ns);
            windows.push(Window {
                from_ns: at,
                to_ns: next,
            });
            at = next;
        }
        windows
    }

    /// Length, nanoseconds.
    pub const fn length_ns(&self) -> i64 {
        self.to_ns.saturating_sub(self.from_ns)
    }
}

/// Nanoseconds spent in each state of a bool or an int.
pub type States = BTreeMap<i64, i64>;

/// What a stretch of time amounts to. A value that is bad counts for its duration
/// and for nothing else; time in a gap and time before the first sample count as
/// neither good nor bad.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Stored points.
    pub samples: u64,
    /// Least value; NaN if there is none.
    pub min: f64,
    /// Greatest value; NaN if there is none.
    pub max: f64,
    /// First value; NaN if there is none.
    pub first: f64,
    /// Last value; NaN if there is none.
    pub last: f64,
    /// Value times time, in the unit of the tag times seconds.
    pub integral: f64,
    /// Time with a good value, nanoseconds.
    pub good_ns: i64,
    /// Time with an uncertain value.
    pub uncertain_ns: i64,
    /// Time with a bad value.
    pub bad_ns: i64,
    /// Time of which nothing was recorded.
    pub gap_ns: i64,
    /// Worst level seen, if any.
    pub worst: Option<Level>,
    /// Nanoseconds in each state, not bad, for bools and ints.
    pub states: States,
}

impl Default for Aggregate {
    fn default() -> Self {
        Aggregate {
            samples: 0,
            min: f64::NAN,
            max: f64::NAN,
            first: f64::NAN,
            last: f64::NAN,
            integral: 0.0,
            good_ns: 0,
            uncertain_ns: 0,
            bad_ns: 0,
            gap_ns: 0,
            worst: None,
            states: States::new(),
        }
    }
}

impl Aggregate {
    /// Time with a value, good or uncertain, nanoseconds.
    pub const fn known_ns(&self) -> i64 {
        self.good_ns + self.uncertain_ns
    }

    /// Time-weighted mean; of a value that had no duration, the value itself; NaN if
    /// there was none.
    pub fn mean(&self) -> f64 {
        match self.known_ns() {
            0 => self.first,
            known => self.integral / (known as f64 * 1e-9),
        }
    }

    /// Good time as a share of all recorded and missing time, 0 to 1; NaN for a
    /// stretch of which nothing is known, not even that it is missing.
    pub fn good_fraction(&self) -> f64 {
        let all = self.known_ns() + self.bad_ns + self.gap_ns;
        self.good_ns as f64 / all as f64
    }

    fn value(&mut self, value: f64) {
        // NaN loses against any number.
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if self.first.is_nan() {
            self.first = value;
        }
        self.last = value;
    }

    pub(crate) fn point(&mut self, value: f64, quality: Quality) {
        self.samples += 1;
        self.worst = self.worst.max(Some(quality.level()));
        if !quality.is_bad() && value.is_finite() {
            self.value(value);
        }
    }

    /// A stretch of `ns` on which the value runs straight from `a` to `b`.
    pub(crate) fn span(&mut self, ns: i64, a: f64, b: f64, quality: Quality, kind: Kind) {
        self.worst = self.worst.max(Some(quality.level()));
        if quality.is_bad() || !a.is_finite() || !b.is_finite() {
            self.bad_ns += ns;
            return;
        }
        if quality.is_good() {
            self.good_ns += ns;
        } else {
            self.uncertain_ns += ns;
        }
        self.integral += 0.5 * (a + b) * (ns as f64 * 1e-9);
        self.value(a);
        self.value(b);
        if kind != Kind::Real {
            *self.states.entry(a as i64).or_default() += ns;
        }
    }

    /// Appends what comes after.
    pub(crate) fn append(&mut self, later: &Aggregate) {
        self.samples += later.samples;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        if self.first.is_nan() {
            self.first = later.first;
        }
        if !later.last.is_nan() {
            self.last = later.last;
        }
        self.integral += later.integral;
        self.good_ns += later.good_ns;
        self.uncertain_ns += later.uncertain_ns;
        self.bad_ns += later.bad_ns;
        self.gap_ns += later.gap_ns;
        self.worst = self.worst.max(later.worst);
        for (state, ns) in &later.states {
            *self.states.entry(*state).or_default() += ns;
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_u64(out, self.samples);
        for real in [self.min, self.max, self.first, self.last, self.integral] {
            put_word(out, real.to_bits());
        }
        for ns in [self.good_ns, self.uncertain_ns, self.bad_ns, self.gap_ns] {
            put_i64(out, ns);
        }
        out.push(self.worst.map_or(3, |level| level as u8));
        put_u64(out, self.states.len() as u64);
        for (state, ns) in &self.states {
            put_i64(out, *state);
            put_i64(out, *ns);
        }
    }

    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Option<Aggregate> {
        let mut aggregate = Aggregate {
            samples: scanner.u64()?,
            min: scanner.real()?,
            max: scanner.real()?,
            first: scanner.real()?,
            last: scanner.real()?,
            integral: scanner.real()?,
            good_ns: scanner.i64()?,
            uncertain_ns: scanner.i64()?,
            bad_ns: scanner.i64()?,
            gap_ns: scanner.i64()?,
            ..Aggregate::default()
        };
        aggregate.worst = match scanner.byte()? {
            0 => Some(Level::Good),
            1 => Some(Level::Uncertain),
            2 => Some(Level::Bad),
            _ => None,
        };
        for _ in 0..scanner.count(1 << 20)? {
            let (state, ns) = (scanner.i64()?, scanner.i64()?);
            aggregate.states.insert(state, ns);
        }
        Some(aggregate)
    }
}

/// What a bucket of an envelope stands for. The same words as on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// Good throughout.
    Good = 0,
    /// Uncertain at some time, never bad.
    Uncertain = 1,
    /// Bad at some time.
    Bad = 2,
    /// Nothing is known.
    Empty = 3,
}

/// One bucket of an envelope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Least value that is not bad; NaN if there is none.
    pub min: f64,
    /// Greatest.
    pub max: f64,
    /// First.
    pub first: f64,
    /// Last.
    pub last: f64,
    /// Time-weighted mean.
    pub mean: f64,
    /// The worst that happened in it.
    pub mark: Mark,
    /// Whether a gap touches it: no line may be drawn through it.
    pub has_gap: bool,
}

impl From<&Aggregate> for Bucket {
    fn from(aggregate: &Aggregate) -> Bucket {
        Bucket {
            min: aggregate.min,
            max: aggregate.max,
            first: aggregate.first,
            last: aggregate.last,
            mean: aggregate.mean(),
            mark: match aggregate.worst {
                None => Mark::Empty,
                Some(Level::Good) => Mark::Good,
                Some(Level::Uncertain) => Mark::Uncertain,
                Some(Level::Bad) => Mark::Bad,
            },
            has_gap: aggregate.gap_ns > 0,
        }
    }
}
