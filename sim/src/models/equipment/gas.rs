//! Gas through a restriction, and the constants of gas balances.
//!
//! Flow through a restriction of sonic conductance C (ISO 6358-1):
//! `ṅ = C·p_1·ψ(p_2/p_1)`; ψ = 1 up to the critical ratio b,
//! `√(1 − ((r − b)/(1 − b))²)` beyond, linear close to r = 1, where the
//! flow is laminar and the root would have an infinite slope.

use signal::math::sqrt;

/// Standard atmosphere, Pa.
pub const ATMOSPHERE_PA: f64 = 101_325.0;
/// Oxygen in air, mole fraction.
pub const AIR_OXYGEN: f64 = 0.209;
/// Standard molar flow to Nm³/h: 22.414 l/mol at 0 °C and 101.325 kPa.
pub const NM3_H_PER_MOL_S: f64 = 80.69;

/// ψ of ISO 6358-1 at pressure ratio `ratio` ≤ 1 and critical ratio `b`.
#[inline]
pub fn psi(b: f64, ratio: f64) -> f64 {
    const LAMINAR: f64 = 0.99;
    if ratio <= b {
        return 1.0;
    }
    let (held, scale) = if ratio > LAMINAR {
        (LAMINAR, (1.0 - ratio) / (1.0 - LAMINAR))
    } else {
        (ratio, 1.0)
    };
    let u = (held - b) / (1.0 - b);
    sqrt(1.0 - u * u) * scale
}

/// Molar flow through `conductance` (mol/(s Pa)) of critical ratio `b` from
/// `upstream` to `downstream` (Pa), mol/s; negative when it runs the other way.
#[inline]
pub fn flow(b: f64, conductance: f64, upstream: f64, downstream: f64) -> f64 {
    if conductance <= 0.0 || upstream == downstream {
        0.0
    } else if upstream > downstream {
        conductance * upstream * psi(b, downstream / upstream)
    } else {
        -conductance * downstream * psi(b, upstream / downstream)
    }
}

/// Conductance of two restrictions in series: inverse squares add.
#[inline]
pub fn in_series(first: f64, second: f64) -> f64 {
    if first <= 0.0 || second <= 0.0 {
        return 0.0;
    }
    first * second / sqrt(first * first + second * second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_equal_restrictions_pass_what_one_passes_over_root_two() {
        assert!((in_series(3.0, 3.0) - 3.0 / sqrt(2.0)).abs() < 1e-12);
        assert_eq!(in_series(0.0, 3.0), 0.0);
    }
}
