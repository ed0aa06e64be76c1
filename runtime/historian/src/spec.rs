//! What is kept of which tag, and what is given to the historian.

use signal::{Kind, Quality};

/// How much of a tag is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy {
    /// Every sample that is given, bit for bit. For records under GMP.
    Raw,
    /// A sample that differs from the last kept one by more than the deadband, or
    /// in quality. Between samples the value is held.
    Exception {
        /// In the unit of the tag; 0 keeps every change.
        deadband: f64,
    },
    /// As few points that the straight line between them passes every sample within
    /// the deviation (E. H. Bristol, "Swinging door trending: adaptive trend
    /// recording?", ISA National Conference 1990). Every change of quality is kept.
    /// Only reals swing: a bool or an int keeps every change.
    SwingingDoor {
        /// In the unit of the tag.
        deviation: f64,
        /// Longest line, nanoseconds.
        max_interval_ns: i64,
    },
}

impl Policy {
    /// Whether the value runs straight between two points, rather than being held.
    pub fn is_linear(self, kind: Kind) -> bool {
        kind == Kind::Real && matches!(self, Policy::SwingingDoor { .. })
    }
}

/// Which series of scans a tag belongs to: a task of the plant. An index into
/// [`Specs::sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// A tag in the calls of this run: an index into [`Specs::tags`]. What stays on disk
/// is its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagId(pub u32);

/// What is kept of a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagSpec {
    /// Its name, `TT-101.PV`; by it it is found for ever.
    pub name: String,
    /// Its machine kind.
    pub kind: Kind,
    /// Symbol of its engineering unit; empty if it has none.
    pub unit: String,
    /// Its task.
    pub source: SourceId,
    /// How much is kept.
    pub policy: Policy,
}

/// All that is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Specs {
    /// Names of the tasks.
    pub sources: Vec<String>,
    /// The tags.
    pub tags: Vec<TagSpec>,
}

/// A new value of a tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Whose.
    pub tag: TagId,
    /// The 64 bits of the cell, by the tag's kind.
    pub bits: u64,
    /// How far it may be trusted.
    pub quality: Quality,
}

/// A stored sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Time as given, nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
    /// Scan.
    pub seq: u64,
    /// Kind of the tag when this was stored.
    pub kind: Kind,
    /// The bits of the cell.
    pub bits: u64,
    /// How far it may be trusted.
    pub quality: Quality,
}

impl Point {
    /// The value as a number; booleans are 0 or 1.
    pub fn value(&self) -> f64 {
        self.kind.to_f64(self.bits)
    }
}

/// Why a stretch of time is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapKind {
    /// Scans were not given: these numbers are missing.
    Lost {
        /// First missing scan.
        first: u64,
        /// Last missing scan.
        last: u64,
    },
    /// The station was stopped and started.
    Stopped,
    /// The station ended without saying so, and started anew.
    Broken,
    /// A segment is not there any more.
    Missing,
    /// What is stored does not agree with its checksum.
    Damaged,
}

impl GapKind {
    /// A word for tables.
    pub const fn word(self) -> &'static str {
        match self {
            GapKind::Lost { .. } => "lost",
            GapKind::Stopped => "stopped",
            GapKind::Broken => "broken",
            GapKind::Missing => "missing",
            GapKind::Damaged => "damaged",
        }
    }
}

/// A stretch of time of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Time of the last scan before it; with nothing before, that of the first after.
    pub from_ns: i64,
    /// Time of the first scan after it.
    pub to_ns: i64,
    /// Why.
    pub kind: GapKind,
}

/// What history says, in the order of scans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item {
    /// The point in force when the asked stretch begins. Comes first, if at all.
    Before(Point),
    /// A stored point.
    Point(Point),
    /// A gap: nothing may be drawn across it.
    Gap(Gap),
}
