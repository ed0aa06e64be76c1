//! What can be wrong with a program, in terms of blocks and keys; plant text
//! turns these into numbered diagnostics with file and line.

use crate::block::Stage;
use signal::{Kind, Unit};

/// Where in the text: a block and, if known, one of its keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the block in the link input; [`Place::OUTSIDE`] if there is none.
    pub block: usize,
    /// Key of the block's table.
    pub key: Option<String>,
}

impl Place {
    /// The block index of what no block is to blame for: a point of a source or a
    /// declared tag. The problem names the tag.
    pub const OUTSIDE: usize = usize::MAX;

    /// A place in no block.
    pub const fn outside() -> Place {
        Place {
            block: Place::OUTSIDE,
            key: None,
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: ProblemKind,
}

/// The kinds of problems the linker finds.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum ProblemKind {
    /// A key that the block needs is absent.
    MissingKey { key: String },
    /// A key that the block does not know.
    UnknownKey {
        key: String,
        nearest: Option<String>,
    },
    /// A key has a value of the wrong type.
    WrongType {
        key: String,
        wanted: String,
        found: String,
    },
    /// A number outside its permitted range.
    OutOfRange {
        key: String,
        value: f64,
        low: f64,
        high: f64,
    },
    /// A word that is not among the choices.
    UnknownChoice {
        key: String,
        found: String,
        choices: Vec<String>,
    },
    /// A tag that nothing declares or writes.
    UnknownTag {
        tag: String,
        nearest: Option<String>,
    },
    /// A tag of another machine kind.
    WrongKind {
        tag: String,
        wanted: Kind,
        found: Kind,
    },
    /// Two writers for one tag.
    TwoWriters { tag: String, other: Place },
    /// Two units on one wire.
    UnitMismatch {
        tag: String,
        unit: Unit,
        other_tag: String,
        other_unit: Unit,
    },
    /// Blocks that wait for each other within one scan: (block, tag it writes) along the way.
    Loop { path: Vec<(usize, String)> },
    /// An earlier stage reads what a later one writes.
    BackwardStage {
        tag: String,
        reader: Stage,
        writer: Stage,
    },
    /// A physical output written outside the protect stage; `None`: by no block at
    /// all, but by people or by a source.
    UnprotectedOutput { tag: String, stage: Option<Stage> },
    /// Too many of something.
    TooMany {
        what: &'static str,
        count: usize,
        max: usize,
    },
    /// A problem that a block kind found itself.
    Block { message: String, help: String },
}
