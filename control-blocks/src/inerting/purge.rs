//! Purge formulas for ideal, well mixed gas.
//!
//! Sources: NFPA 69, annex on purging; Crowl & Louvar, *Chemical Process Safety*,
//! chapter on designs to prevent fires and explosions; GB/T 37241 惰化防爆指南.
//! Oxygen in vol% throughout, pressures absolute in one unit.

use signal::math;

/// More cycles than anybody would wait for.
pub const CYCLES_MAX: i64 = 99;

/// Oxygen after so many swings between two pressures:
/// `y_n = y_in + (y_0 − y_in)·(P_L/P_H)^n`.
pub fn oxygen_after(start: f64, supply: f64, low: f64, high: f64, swings: i64) -> f64 {
    supply + (start - supply) * math::pow(low / high, swings as f64)
}

/// Swings needed to come from `start` to `target`:
/// `n = ⌈ln((y_t − y_in)/(y_0 − y_in)) / ln(P_L/P_H)⌉`.
///
/// 0 if the target is reached already; `None` if it cannot be reached: the supply
/// has too much oxygen, or the pressures do not swing.
pub fn swings_needed(start: f64, supply: f64, target: f64, low: f64, high: f64) -> Option<i64> {
    if start <= target {
        return Some(0);
    }
    if !(target > supply && low > 0.0 && high > low && high.is_finite()) {
        return None;
    }
    let exact = math::ln((target - supply) / (start - supply)) / math::ln(low / high);
    // A whole number may come out a rounding too high.
    let swings = math::ceil(exact - 1e-9);
    (1.0..=CYCLES_MAX as f64)
        .contains(&swings)
        .then_some(swings as i64)
}

/// Gas changes a sweep needs, `K·Q·t/V = ln((y_0 − y_in)/(y_t − y_in))`; 0 if the
/// target is reached already, `None` if it cannot be reached.
pub fn changes_needed(start: f64, supply: f64, target: f64) -> Option<f64> {
    if start <= target {
        return Some(0.0);
    }
    let changes = math::ln((start - supply) / (target - supply));
    (target > supply && changes.is_finite()).then_some(changes)
}

/// Time of a sweep in seconds: `t = V/(K·Q)·ln((y_0 − y_in)/(y_t − y_in))` for a
/// gas space of `volume` m³, a flow of `flow` m³/h and a mixing factor K.
pub fn sweep_s(changes: f64, volume: f64, flow: f64, mixing: f64) -> f64 {
    changes * volume / (mixing * flow) * 3_600.0
}

/// Nitrogen of one swing in Nm³ (0 °C, 101.325 kPa), pressures in kPa(a):
/// `Δn·R·T_N/P_N = (P_H − P_L)·V/P_N·T_N/T`.
pub fn nitrogen_nm3(low_kpa: f64, high_kpa: f64, volume_m3: f64, celsius: f64) -> f64 {
    (high_kpa - low_kpa) * volume_m3 / 101.325 * 273.15 / (celsius + 273.15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(low: f64, high: f64, published: &[f64], tolerance: f64) {
        for (at, y) in published.iter().enumerate() {
            let found = oxygen_after(20.9, 0.1, low, high, at as i64 + 1);
            assert!((found - y).abs() <= tolerance, "{low} {high} {at}: {found}");
        }
    }

    #[test]
    fn the_numbers_of_the_purge_table() {
        row(0.20, 1.05, &[4.06, 0.86, 0.24, 0.13], 0.006);
        row(0.15, 1.05, &[3.07, 0.52, 0.16, 0.11], 0.006);
        row(1.05, 2.5, &[8.8, 3.8, 1.64, 0.75, 0.37, 0.21], 0.06);
        row(1.05, 3.0, &[7.4, 2.6, 0.99, 0.41, 0.21, 0.14], 0.06);
    }

    #[test]
    fn the_sweep_times_of_the_purge_table() {
        let changes = changes_needed(20.9, 0.1, 2.0).expect("2 % can be reached");
        for (mixing, minutes) in [(0.5, 28.7), (0.25, 57.4)] {
            let found = sweep_s(changes, 3.0, 30.0, mixing) / 60.0;
            assert!((found - minutes).abs() < 0.05, "{mixing}: {found}");
        }
    }

    #[test]
    fn what_cannot_be_reached_is_told() {
        assert_eq!(swings_needed(20.9, 2.0, 2.0, 20.0, 105.0), None);
        assert_eq!(swings_needed(20.9, 0.1, 2.0, 105.0, 105.0), None);
        assert_eq!(swings_needed(20.9, 0.1, 2.0, 0.0, 105.0), None);
        assert_eq!(swings_needed(1.5, 0.1, 2.0, 20.0, 105.0), Some(0));
        assert_eq!(changes_needed(20.9, 3.0, 2.0), None);
        assert_eq!(changes_needed(1.0, 0.1, 2.0), Some(0.0));
        assert_eq!(swings_needed(20.9, 0.1, 2.0, 20.0, 105.0), Some(2));
    }

    #[test]
    fn a_swing_of_one_atmosphere_is_one_vessel_of_gas_at_zero_celsius() {
        let found = nitrogen_nm3(0.0, 101.325, 3.0, 0.0);
        assert!((found - 3.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_swings_needed_are_enough_and_one_less_is_not(
            start in 5.0..21.0f64,
            supply in 0.0..0.5f64,
            target in 0.6..4.0f64,
            low in 5.0..110.0f64,
            span in 20.0..300.0f64,
        ) {
            let high = low + span;
            if let Some(n) = swings_needed(start, supply, target, low, high) {
                prop_assert!(oxygen_after(start, supply, low, high, n) <= target + 1e-6);
                prop_assert!(oxygen_after(start, supply, low, high, n - 1) > target - 1e-6);
            }
        }

        #[test]
        fn more_swings_and_wider_swings_never_leave_more_oxygen(
            low in 5.0..100.0f64,
            span in 10.0..300.0f64,
            n in 1..20i64,
        ) {
            let y = |low, high, n| oxygen_after(20.9, 0.1, low, high, n);
            prop_assert!(y(low, low + span, n + 1) <= y(low, low + span, n));
            prop_assert!(y(low, low + span + 10.0, n) <= y(low, low + span, n));
        }
    }
}
