//! From points and marks to a signal in time. One walk serves roll-ups, windows and
//! envelopes, so that all of them mean the same:
//!
//! - a value is held until the next point, or runs straight to it if the policy of the
//!   tag says so and both ends have one quality that is not bad;
//! - at a mark it ends with the last scan before the gap;
//! - after lost scans the value of the scan after them is known, since a scan gives
//!   all changes against the scan before that was given; after a start it is not;
//! - time that ran backwards has no duration.

use crate::aggregate::{Aggregate, Window};
use crate::chapter::Chapter;
use crate::spec::{GapKind, Point};
use signal::{Kind, Quality};

/// Something that happened to a source between two of its scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceMark {
    /// The scan after it.
    pub ordinal: u32,
    /// Time of the scan before it, if there is one.
    pub before_ns: Option<i64>,
    /// What.
    pub kind: MarkKind,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// A new segment begins; nothing is missing.
    Rolled,
    /// The clock stepped back; no scan is missing.
    Stepped,
    /// Time is missing.
    Gap(GapKind),
}

impl MarkKind {
    /// Whether values are known again right after it.
    pub(crate) const fn resumes(self) -> bool {
        matches!(
            self,
            MarkKind::Rolled
                | MarkKind::Stepped
                | MarkKind::Gap(GapKind::Lost { .. } | GapKind::Damaged)
        )
    }
}

/// Takes what a walk meets.
pub(crate) trait Sink {
    fn point(&mut self, utc_ns: i64, value: f64, quality: Quality);
    fn span(&mut self, from_ns: i64, to_ns: i64, a: f64, b: f64, quality: Quality);
    fn gap(&mut self, from_ns: i64, to_ns: i64);
}

/// The point in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub utc_ns: i64,
    pub value: f64,
    pub quality: Quality,
}

/// The walk itself.
pub(crate) struct Walk<'s, S> {
    pub sink: &'s mut S,
    pub held: Option<Held>,
    is_linear: bool,
}

impl<'s, S: Sink> Walk<'s, S> {
    pub(crate) fn new(sink: &'s mut S, is_linear: bool) -> Walk<'s, S> {
        Walk {
            sink,
            held: None,
            is_linear,
        }
    }

    /// Reaches a point, without the point itself.
    #[inline]
    pub(crate) fn join(&mut self, next: Held) {
        if let Some(held) = self.held {
            let runs_straight = self.is_linear
                && held.quality == next.quality
                && !held.quality.is_bad()
                && held.value.is_finite()
                && next.value.is_finite();
            let end = if runs_straight {
                next.value
            } else {
                held.value
            };
            self.sink
                .span(held.utc_ns, next.utc_ns, held.value, end, held.quality);
        }
        self.held = Some(next);
    }

    #[inline]
    pub(crate) fn point(&mut self, point: Held) {
        self.join(point);
        self.sink.point(point.utc_ns, point.value, point.quality);
    }

    /// Holds until `utc_ns`.
    pub(crate) fn hold(&mut self, utc_ns: i64) {
        if let Some(held) = &mut self.held {
            self.sink
                .span(held.utc_ns, utc_ns, held.value, held.value, held.quality);
            held.utc_ns = utc_ns;
        }
    }

    /// Passes a mark; `after_ns` is the time of the scan after it.
    pub(crate) fn mark(&mut self, mark: &SourceMark, after_ns: i64) {
        if let Some(before_ns) = mark.before_ns {
            self.hold(before_ns);
            if let MarkKind::Gap(_) = mark.kind {
                self.sink.gap(before_ns, after_ns);
            }
        }
        match &mut self.held {
            Some(held) if mark.kind.resumes() => {
                if mark.kind != MarkKind::Rolled {
                    held.utc_ns = after_ns;
                }
            }
            _ => self.held = None,
        }
    }
}

/// Everything into one aggregate.
pub(crate) struct Whole {
    pub kind: Kind,
    pub aggregate: Aggregate,
}

impl Sink for Whole {
    fn point(&mut self, _: i64, value: f64, quality: Quality) {
        self.aggregate.point(value, quality);
    }
    fn span(&mut self, from_ns: i64, to_ns: i64, a: f64, b: f64, quality: Quality) {
        let ns = to_ns.saturating_sub(from_ns);
        if ns > 0 {
            self.aggregate.span(ns, a, b, quality, self.kind);
        }
    }
    fn gap(&mut self, from_ns: i64, to_ns: i64) {
        self.aggregate.gap_ns += to_ns.saturating_sub(from_ns).max(0);
    }
}

/// Windows in order that do not overlap, each with what it amounts to.
pub(crate) struct Windows<'w> {
    pub kind: Kind,
    windows: &'w [Window],
    pub aggregates: Vec<Aggregate>,
    /// Where the last search ended: the next one usually ends there too.
    near: usize,
}

impl<'w> Windows<'w> {
    /// Whether windows rise and do not overlap.
    pub(crate) fn are_in_order(windows: &[Window]) -> bool {
        windows.iter().all(|w| w.from_ns <= w.to_ns)
            && windows.windows(2).all(|two| two[0].to_ns <= two[1].from_ns)
    }

    /// For windows in order.
    pub(crate) fn new(windows: &'w [Window]) -> Windows<'w> {
        Windows {
            kind: Kind::Real,
            windows,
            aggregates: vec![Aggregate::default(); windows.len()],
            near: 0,
        }
    }

    /// The first window that ends after `utc_ns`.
    fn at(&mut self, utc_ns: i64) -> usize {
        let ended = |at: usize| self.windows.get(at).is_some_and(|w| w.to_ns <= utc_ns);
        let near = self.near + usize::from(ended(self.near));
        let is_first = near == 0 || ended(near - 1);
        if !is_first || ended(near) {
            self.near = self
                .windows
                .partition_point(|window| window.to_ns <= utc_ns);
        } else {
            self.near = near;
        }
        self.near
    }

    /// The window that holds all of `[min_ns, max_ns]`, or whether none touches it.
    pub(crate) fn place(&mut self, min_ns: i64, max_ns: i64) -> Place {
        let at = self.at(min_ns);
        match self.windows.get(at) {
            None => Place::Outside,
            Some(window) if window.from_ns > max_ns => Place::Outside,
            Some(window) if window.from_ns <= min_ns && max_ns < window.to_ns => Place::Inside(at),
            Some(_) => Place::Across,
        }
    }
}

/// How a stretch lies to the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Outside,
    Inside(usize),
    Across,
}

impl Sink for Windows<'_> {
    fn point(&mut self, utc_ns: i64, value: f64, quality: Quality) {
        let at = self.at(utc_ns);
        if self.windows.get(at).is_some_and(|w| w.from_ns <= utc_ns) {
            self.aggregates[at].point(value, quality);
        }
    }

    fn span(&mut self, from_ns: i64, to_ns: i64, a: f64, b: f64, quality: Quality) {
        if to_ns <= from_ns {
            return;
        }
        let slope = (b - a) / (to_ns.wrapping_sub(from_ns) as f64);
        let value = |utc_ns: i64| match utc_ns {
            at if at == from_ns => a,
            at if at == to_ns => b,
            // A held value must stay itself to the last bit.
            _ if a == b => a,
            at => a + slope * (at - from_ns) as f64,
        };
        for at in self.at(from_ns)..self.windows.len() {
            let window = self.windows[at];
            let (begin, end) = (from_ns.max(window.from_ns), to_ns.min(window.to_ns));
            if window.from_ns >= to_ns {
                break;
            }
            if begin < end {
                let (a, b) = (value(begin), value(end));
                self.aggregates[at].span(end - begin, a, b, quality, self.kind);
            }
        }
    }

    fn gap(&mut self, from_ns: i64, to_ns: i64) {
        for at in self.at(from_ns)..self.windows.len() {
            let window = self.windows[at];
            if window.from_ns >= to_ns {
                break;
            }
            let (begin, end) = (from_ns.max(window.from_ns), to_ns.min(window.to_ns));
            self.aggregates[at].gap_ns += end.saturating_sub(begin).max(0);
        }
    }
}

impl Held {
    pub(crate) fn of(point: &Point) -> Held {
        Held {
            utc_ns: point.utc_ns,
            value: point.value(),
            quality: point.quality,
        }
    }
}

impl Walk<'_, Windows<'_>> {
    /// Goes over from one segment into the next: what a segment that is not there any
    /// more held is a gap.
    pub(crate) fn enter(&mut self, before: Option<&Chapter>, chapter: &Chapter) {
        self.is_linear = chapter.is_linear;
        self.sink.kind = chapter.kind;
        let carried = chapter.carried().map(|point| Held::of(&point));
        let Some(before) = before else {
            self.held = carried;
            return;
        };
        if before.last + 1 == chapter.first {
            return;
        }
        let after = chapter.frames.first();
        if let (Some((_, from_ns)), Some((_, to_ns))) = (before.end, after) {
            self.hold(from_ns);
            self.sink.gap(from_ns, to_ns);
            self.held = carried.map(|held| Held {
                utc_ns: to_ns,
                ..held
            });
        } else {
            self.held = carried;
        }
    }
}
