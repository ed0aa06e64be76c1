//! The three machine kinds. Text never enters the scan.

use core::fmt;

/// The machine kind of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// IEEE 754 double, always finite inside the image.
    Real = 0,
    /// Logical.
    Bool = 1,
    /// 64-bit signed integer; also modes and enumerations.
    Int = 2,
}

impl Kind {
    /// The word used in plant text.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Real => "real",
            Kind::Bool => "bool",
            Kind::Int => "int",
        }
    }

    /// The kind for a word of plant text.
    pub fn from_word(word: &str) -> Option<Kind> {
        match word {
            "real" => Some(Kind::Real),
            "bool" => Some(Kind::Bool),
            "int" => Some(Kind::Int),
            _ => None,
        }
    }

    /// Cell bits as a number for display and trends: booleans are 0 or 1.
    pub fn to_f64(self, bits: u64) -> f64 {
        match self {
            Kind::Real => f64::from_bits(bits),
            Kind::Bool => f64::from(u8::from(bits != 0)),
            Kind::Int => bits as i64 as f64,
        }
    }

    /// A number as cell bits. Integers are rounded to the nearest, ties away from zero.
    pub fn from_f64(self, value: f64) -> u64 {
        match self {
            Kind::Real => value.to_bits(),
            Kind::Bool => u64::from(value != 0.0),
            Kind::Int => crate::math::round(value) as i64 as u64,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for bool {}
    impl Sealed for i64 {}
}

/// A value that a tag can carry: `f64`, `bool` or `i64`. Sealed.
pub trait Signal: Copy + Send + PartialEq + Default + sealed::Sealed + 'static {
    /// The kind of this type.
    const KIND: Kind;
    /// The 64 bits stored in a cell.
    fn to_bits(self) -> u64;
    /// The value of 64 stored bits.
    fn from_bits(bits: u64) -> Self;
    /// False for NaN and the infinities; such a value never enters the image.
    fn is_storable(self) -> bool {
        true
    }
}

impl Signal for f64 {
    const KIND: Kind = Kind::Real;
    #[inline]
    fn to_bits(self) -> u64 {
        f64::to_bits(self)
    }
    #[inline]
    fn from_bits(bits: u64) -> Self {
        f64::from_bits(bits)
    }
    #[inline]
    fn is_storable(self) -> bool {
        self.is_finite()
    }
}

impl Signal for bool {
    const KIND: Kind = Kind::Bool;
    #[inline]
    fn to_bits(self) -> u64 {
        u64::from(self)
    }
    #[inline]
    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
}

impl Signal for i64 {
    const KIND: Kind = Kind::Int;
    #[inline]
    fn to_bits(self) -> u64 {
        self as u64
    }
    #[inline]
    fn from_bits(bits: u64) -> Self {
        bits as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_its_bits() {
        assert_eq!(f64::from_bits(Signal::to_bits(-1.5_f64)), -1.5);
        assert!(bool::from_bits(true.to_bits()));
        assert_eq!(i64::from_bits((-7_i64).to_bits()), -7);
    }

    #[test]
    fn numbers_survive_the_display_form() {
        assert_eq!(Kind::Int.to_f64(Kind::Int.from_f64(-2.6)), -3.0);
        assert_eq!(Kind::Bool.to_f64(Kind::Bool.from_f64(4.0)), 1.0);
        assert_eq!(Kind::Real.to_f64(Kind::Real.from_f64(0.1)), 0.1);
    }

    #[test]
    fn only_finite_reals_are_storable() {
        assert!(!f64::NAN.is_storable());
        assert!(!f64::INFINITY.is_storable());
        assert!(0.0_f64.is_storable());
    }
}
