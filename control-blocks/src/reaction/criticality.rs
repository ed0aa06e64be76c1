//! Hazard class of a reaction by the order of its temperatures.

/// Class 1 to 5 of GB/T 42300 (反应工艺危险度等级), after Stoessel, *Thermal Safety
/// of Chemical Processes*: MTSR against MTT (what boiling or the vessel permits) and
/// TD24 (where decomposition needs a day), the process temperature being lower.
///
/// | class | order |
/// |---|---|
/// | 1 | MTSR < MTT < TD24 |
/// | 2 | MTSR < TD24 ≤ MTT |
/// | 3 | MTT ≤ MTSR < TD24 |
/// | 4 | MTT < TD24 ≤ MTSR |
/// | 5 | TD24 ≤ MTSR, TD24 ≤ MTT |
///
/// Of equal temperatures the worse class is given.
pub fn class_of(mtsr: f64, mtt: f64, td24: f64) -> i64 {
    match (mtsr < td24, mtt < td24) {
        (true, true) if mtsr < mtt => 1,
        (true, true) => 3,
        (true, false) => 2,
        (false, true) => 4,
        (false, false) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_demo_reaction_is_of_class_2_as_designed_and_5_fully_accumulated() {
        assert_eq!(class_of(56.0, 110.6, 80.0), 2);
        assert_eq!(class_of(165.0, 110.6, 80.0), 5);
    }

    #[test]
    fn the_five_orders_of_the_standard() {
        assert_eq!(class_of(60.0, 80.0, 100.0), 1);
        assert_eq!(class_of(60.0, 100.0, 80.0), 2);
        assert_eq!(class_of(80.0, 60.0, 100.0), 3);
        assert_eq!(class_of(100.0, 60.0, 80.0), 4);
        assert_eq!(class_of(80.0, 100.0, 60.0), 5);
        assert_eq!(class_of(100.0, 80.0, 60.0), 5);
    }

    proptest! {
        #[test]
        fn more_accumulation_never_betters_the_class(
            a in 0.0..200.0f64,
            b in 0.0..200.0f64,
            mtt in 0.0..200.0f64,
            td24 in 0.0..200.0f64,
        ) {
            prop_assert!(class_of(a.min(b), mtt, td24) <= class_of(a.max(b), mtt, td24));
        }
    }
}
