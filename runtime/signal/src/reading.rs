//! A value with its quality.

use crate::{Quality, Signal};

/// A value that travels with its quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<T> {
    /// The value; always finite for `f64`.
    pub value: T,
    /// How far it may be trusted.
    pub quality: Quality,
}

impl<T: Signal> Reading<T> {
    /// A reading of this value and quality.
    #[inline]
    pub const fn new(value: T, quality: Quality) -> Self {
        Reading { value, quality }
    }

    /// A good reading.
    #[inline]
    pub const fn good(value: T) -> Self {
        Reading {
            value,
            quality: Quality::GOOD,
        }
    }

    /// Whether the value must not be used for control.
    #[inline]
    pub const fn is_bad(&self) -> bool {
        self.quality.is_bad()
    }
}
