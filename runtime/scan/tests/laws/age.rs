//! How old a value is, through every wrap of the counter.

use crate::bench::{Bench, Frame, block, operator, program, source, sum, text};
use proptest::prelude::*;
use scan::{LinkInput, image::AGE_SCANS_MAX};
use signal::Quality;

fn input(others: usize) -> LinkInput {
    let mut blocks = vec![
        block("AGE", "A-1", &[("in", text("TT-1.RAW"))]),
        block("AGE", "A-2", &[("in", text("TT-2.RAW"))]),
        block("AGE", "A-3", &[("in", text("S-1.OUT"))]),
        block("AGE", "A-4", &[("in", text("HS-1.SP"))]),
        sum("S-1", &["HS-1.SP"]),
    ];
    blocks.extend((0..others).map(|n| sum(&format!("X-{n}"), &[])));
    LinkInput {
        tags: vec![operator("HS-1.SP", 0.0)],
        sources: vec![source(&["TT-1.RAW", "TT-2.RAW"])],
        ..program(blocks)
    }
}

#[test]
fn age_counts_scans_since_the_last_frame() {
    let mut bench = Bench::of(&input(0));
    let frame = [(1.0, Quality::GOOD), (2.0, Quality::GOOD)];
    bench.scan_with(Frame(&frame));
    assert_eq!(bench.int("A-1.AGE"), 0);
    for age in 1..=20 {
        bench.scan();
        assert_eq!(bench.int("A-1.AGE"), age);
        assert_eq!(bench.int("A-3.AGE"), 0, "its block writes every scan");
    }
    bench.scan_with(Frame(&frame));
    assert_eq!(
        bench.int("A-1.AGE"),
        0,
        "an unchanged value is refreshed too"
    );
}

#[test]
fn missed_scans_count_as_age() {
    let mut bench = Bench::of(&input(0));
    bench.scan_with(Frame(&[(1.0, Quality::GOOD), (2.0, Quality::GOOD)]));
    bench.step(7, &[][..]);
    assert_eq!(bench.int("A-1.AGE"), 7);
}

#[test]
fn a_forced_field_tag_still_shows_the_age_of_its_frames() {
    let mut bench = Bench::of(&input(0));
    let frame = [(1.0, Quality::GOOD), (2.0, Quality::GOOD)];
    bench.scan_with(Frame(&frame));
    let force = bench.force("TT-1.RAW", 9.0);
    bench.scan_with(&[force][..]);
    bench.scans(3);
    assert_eq!(bench.int("A-1.AGE"), 3);
    bench.scan_with(Frame(&[(2.0, Quality::GOOD), (2.0, Quality::GOOD)]));
    assert_eq!(bench.int("A-1.AGE"), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The counter wraps after 2^32 scans. Steps of up to four million bring it
    /// round three times in a moment; the sweep must keep pace at any size of image.
    #[test]
    fn ages_never_turn_young_however_often_the_counter_wraps(
        step in 1_000_000_u32..4_000_000,
        others in 0_usize..300,
        from in 0_u32..u32::MAX,
    ) {
        // Steps of one parity would leave cells out that steps of one scan reach.
        let step = step | 1;
        let mut bench = Bench::of(&input(others));
        bench.step(from.max(1), Frame(&[(1.0, Quality::GOOD), (2.0, Quality::GOOD)]));
        let mut before = 0;
        let mut travelled = 0_u64;
        while travelled < 3 << 32 {
            bench.step(step, Frame(&[])); // refreshes nothing: the frame is empty
            travelled += u64::from(step);
            let age = bench.int("A-1.AGE");
            prop_assert!(age >= before, "{age} after {before}, {travelled} scans on");
            prop_assert_eq!(age, (travelled as i64).min(i64::from(AGE_SCANS_MAX)));
            prop_assert_eq!(bench.int("A-3.AGE"), 0);
            before = age;
        }
        bench.scan_with(Frame(&[(3.0, Quality::GOOD)]));
        prop_assert_eq!(bench.int("A-1.AGE"), 0);
        prop_assert_eq!(bench.int("A-2.AGE"), i64::from(AGE_SCANS_MAX));
    }
}
