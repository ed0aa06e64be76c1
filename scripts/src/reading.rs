//! What a script sees of a tag.

use rhai::Dynamic;
use signal::{Kind, Quality};

/// A value with its quality, as a script gets it from `read("TAG")`.
///
/// In a script: `.value`, `.is_good`, `.is_uncertain`, `.is_bad`, `.quality` (words
/// such as `bad, sensor-fault`), and `.or(x)`: the value unless it is bad, else `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The value; a bool is 0 or 1.
    pub value: f64,
    /// Its quality.
    pub quality: Quality,
    /// Its machine kind.
    pub kind: Kind,
}

impl Reading {
    /// A tag of which nothing is known.
    pub const fn unknown(kind: Kind) -> Reading {
        Reading {
            value: 0.0,
            quality: Quality::NOT_WRITTEN,
            kind,
        }
    }

    /// The value in the script's own type.
    pub(crate) fn dynamic(self) -> Dynamic {
        match self.kind {
            Kind::Real => Dynamic::from_float(self.value),
            Kind::Int => Dynamic::from_int(self.value as i64),
            Kind::Bool => Dynamic::from_bool(self.value != 0.0),
        }
    }

    pub(crate) const fn is_uncertain(self) -> bool {
        !self.quality.is_good() && !self.quality.is_bad()
    }
}
