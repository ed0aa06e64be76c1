//! Mathematics that is bit-equal on every platform.
//!
//! `std`'s float functions call the platform's libm and may differ in the last
//! bit; a recording made on one machine must replay on another. Everything here
//! goes through the `libm` crate (a port of musl's). Add, subtract, multiply,
//! divide and square root are exact by IEEE 754 and need no wrapper.

/// e to the power `x`.
#[inline]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}
/// Natural logarithm.
#[inline]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}
/// Decimal logarithm.
#[inline]
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}
/// `x` to the power `y`.
#[inline]
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}
/// Square root.
#[inline]
pub fn sqrt(x: f64) -> f64 {
    libm::sqrt(x)
}
/// Sine, `x` in radians.
#[inline]
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}
/// Cosine, `x` in radians.
#[inline]
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}
/// Hyperbolic tangent.
#[inline]
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}
/// Nearest integer, ties away from zero.
#[inline]
pub fn round(x: f64) -> f64 {
    libm::round(x)
}
/// Largest integer not above `x`.
#[inline]
pub fn floor(x: f64) -> f64 {
    libm::floor(x)
}
/// Smallest integer not below `x`.
#[inline]
pub fn ceil(x: f64) -> f64 {
    libm::ceil(x)
}
/// Magnitude.
#[inline]
pub fn abs(x: f64) -> f64 {
    libm::fabs(x)
}

/// `x` held between `low` and `high`; with `low > high` the low limit wins.
/// NaN stays NaN, to be caught where values enter the image.
#[inline]
pub fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x > high { high } else { x };
    if x < low { low } else { x }
}
