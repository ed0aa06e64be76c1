//! What enters, and what it does there.

use crate::bench::{Bench, Frame, block, operator, program, source, sum, text};
use proptest::prelude::*;
use scan::{Entry, LinkInput};
use signal::{Quality, Reason, limits};

/// Every kind of entry has a place in this program.
fn input() -> LinkInput {
    LinkInput {
        tags: vec![operator("HS-1.SP", 2.0)],
        sources: vec![source(&["TT-1.RAW", "TT-2.RAW"])],
        ..program(vec![
            sum("A-1", &["TT-1.RAW", "TT-2.RAW", "HS-1.SP"]),
            block("GAIN", "B-2", &[("in", text("A-1.OUT"))]),
            block("INTEGRAL", "C-3", &[("in", text("B-2.OUT"))]),
            block("STATION", "HIC-4", &[]),
            block("TRIP", "D-5", &[("in", text("C-3.OUT"))]),
            block("INVERSE", "E-6", &[("in", text("TT-1.RAW"))]),
        ])
    }
}

#[test]
fn a_request_lasts_one_scan() {
    let mut bench = Bench::of(&input());
    let reset = bench.write("HIC-4.RESET", 1.0);
    bench.scan_with(&[reset][..]);
    assert_eq!(bench.int("HIC-4.COUNT"), 1);
    bench.scans(5);
    assert_eq!(bench.int("HIC-4.COUNT"), 1);
    bench.scan_with(&[reset][..]);
    assert_eq!(bench.int("HIC-4.COUNT"), 2);
}

#[test]
fn the_last_of_two_equal_requests_in_one_scan_wins_and_counts_once() {
    let mut bench = Bench::of(&input());
    let (first, last) = (bench.write("HIC-4.SP", 3.0), bench.write("HIC-4.SP", 4.0));
    bench.scan_with(&[first, last][..]);
    assert_eq!(bench.real("HIC-4.SP"), 4.0);
    bench.scan();
    assert_eq!(
        bench.real("HIC-4.SP"),
        4.0,
        "the setting holds what was asked for"
    );
}

#[test]
fn requests_beyond_the_limit_of_a_scan_do_nothing_and_hurt_nobody() {
    let blocks = (0..limits::COMMANDS_PER_SCAN_MAX + 10)
        .map(|n| block("STATION", &format!("HIC-{n}"), &[]))
        .collect();
    let mut bench = Bench::of(&program(blocks));
    let all: Vec<Entry> = (0..limits::COMMANDS_PER_SCAN_MAX + 10)
        .map(|n| bench.write(&format!("HIC-{n}.RESET"), 1.0))
        .collect();
    bench.scan_with(&all[..]);
    let count = |bench: &Bench| {
        (0..limits::COMMANDS_PER_SCAN_MAX + 10)
            .map(|n| bench.int(&format!("HIC-{n}.COUNT")))
            .sum::<i64>()
    };
    assert_eq!(count(&bench), limits::COMMANDS_PER_SCAN_MAX as i64);
    bench.scan();
    assert_eq!(count(&bench), limits::COMMANDS_PER_SCAN_MAX as i64);
    let late = bench.write("HIC-70.RESET", 1.0);
    bench.scan_with(&[late][..]);
    assert_eq!(bench.int("HIC-70.COUNT"), 1);
}

#[test]
fn a_forced_tag_keeps_value_and_flag_while_its_block_goes_on_writing() {
    let mut bench = Bench::of(&input());
    let force = bench.force("A-1.OUT", 77.0);
    bench.scan_with(&[force][..]);
    for n in 0..10 {
        bench.scan_with(Frame(&[
            (f64::from(n), Quality::GOOD),
            (0.0, Quality::GOOD),
        ]));
        assert_eq!(bench.real("A-1.OUT"), 77.0);
        assert!(bench.quality("A-1.OUT").has(Quality::FORCED));
        assert!(!bench.quality("A-1.OUT").has(Quality::SIMULATED));
        assert_eq!(bench.real("B-2.OUT"), 77.0, "readers see the forced value");
        assert!(bench.quality("B-2.OUT").has(Quality::FORCED));
    }
    let unforce = bench.unforce("A-1.OUT");
    bench.scan_with(&[unforce][..]);
    assert_eq!(bench.real("A-1.OUT"), 9.0 + 2.0);
    assert!(!bench.quality("A-1.OUT").has(Quality::FORCED));
}

#[test]
fn a_forced_field_tag_is_simulated_ignores_the_field_and_follows_it_when_released() {
    let mut bench = Bench::of(&input());
    let frame = |value: f64| [(value, Quality::GOOD), (0.0, Quality::GOOD)];
    bench.scan_with(Frame(&frame(1.0)));
    let force = bench.force("TT-1.RAW", 50.0);
    bench.scan_with(&[force][..]);
    bench.scan_with(Frame(&frame(2.0)));
    bench.scan_with(Frame(&[(3.0, Quality::COMM_LOST), (0.0, Quality::GOOD)]));
    assert_eq!(bench.real("TT-1.RAW"), 50.0);
    assert_eq!(
        bench.quality("TT-1.RAW"),
        Quality::GOOD.with(Quality::FORCED | Quality::SIMULATED)
    );
    let unforce = bench.unforce("TT-1.RAW");
    bench.scan_with(&[unforce][..]);
    assert_eq!(bench.quality("TT-1.RAW"), Quality::GOOD);
    bench.scan_with(Frame(&frame(4.0)));
    assert_eq!(bench.real("TT-1.RAW"), 4.0);
    assert_eq!(bench.quality("TT-1.RAW"), Quality::GOOD);
}

#[test]
fn a_result_that_is_no_number_is_not_stored() {
    let mut bench = Bench::of(&input());
    let frame = |value: f64| [(value, Quality::GOOD), (0.0, Quality::GOOD)];
    bench.scan_with(Frame(&frame(4.0)));
    assert_eq!(bench.reading("E-6.OUT").value, 0.25);
    bench.scan_with(Frame(&frame(0.0)));
    assert_eq!(bench.real("E-6.OUT"), 0.25, "the last finite value stays");
    assert_eq!(bench.quality("E-6.OUT"), Quality::NOT_FINITE);
    bench.scan_with(Frame(&frame(2.0)));
    assert_eq!(bench.reading("E-6.OUT"), signal::Reading::good(0.5));
}

#[test]
fn what_the_field_brings_and_is_no_number_is_not_stored() {
    for strange in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut bench = Bench::of(&input());
        bench.scan_with(Frame(&[(4.0, Quality::GOOD), (5.0, Quality::GOOD)]));
        bench.scan_with(Frame(&[(strange, Quality::GOOD), (6.0, Quality::GOOD)]));
        assert_eq!(bench.real("TT-1.RAW"), 4.0);
        assert_eq!(bench.quality("TT-1.RAW").reason(), Reason::NotFinite);
        assert!(bench.quality("TT-1.RAW").is_bad());
        assert_eq!(bench.real("TT-2.RAW"), 6.0);
        bench.scan_with(Frame(&[(7.0, Quality::GOOD), (6.0, Quality::GOOD)]));
        assert_eq!(bench.reading("TT-1.RAW"), signal::Reading::good(7.0));
    }
}

#[test]
fn a_command_that_is_no_number_changes_nothing() {
    let mut bench = Bench::of(&input());
    bench.scan();
    let before = bench.saved();
    let nan = f64::NAN;
    let orders = [
        bench.write("HS-1.SP", nan),
        bench.write("B-2.K", nan),
        bench.write("HIC-4.SP", nan),
        bench.force("A-1.OUT", nan),
    ];
    bench.scan_with(&orders[..]);
    assert_eq!(bench.real("HS-1.SP"), 2.0);
    assert_eq!(bench.real("B-2.K"), 1.0);
    assert_eq!(bench.real("HIC-4.SP"), 1.0);
    assert_eq!(bench.real("A-1.OUT"), 2.0);
    assert!(!bench.quality("A-1.OUT").has(Quality::FORCED));
    assert_eq!(bench.saved().len(), before.len());
}

#[test]
fn a_whole_number_may_have_the_bits_of_a_nan() {
    let mut bench = Bench::of(&program(vec![block("STATION", "HIC-4", &[])]));
    let slot = bench.slot("HIC-4.COUNT");
    let bits = f64::NAN.to_bits();
    bench.scan_with(&[Entry::Force { slot, bits }][..]);
    assert_eq!(bench.bits("HIC-4.COUNT"), bits);
}

#[test]
fn entries_for_places_that_do_not_exist_are_ignored() {
    let (mut with, mut without) = (Bench::of(&input()), Bench::of(&input()));
    let cells = with.linked.program.image.cells().len() as u32;
    let (bits, quality) = (1, Quality::GOOD);
    for slot in [cells, cells + 1, u32::MAX] {
        let strangers = [
            Entry::Frame { source: 9 },
            Entry::Field {
                slot,
                bits,
                quality,
            },
            Entry::Write { slot, bits },
            Entry::Request { slot, bits },
            Entry::Force { slot, bits },
            Entry::Unforce { slot },
        ];
        with.scan_with(&strangers[..]);
        without.scan();
    }
    assert_eq!(with.log.digests, without.log.digests);
}

#[test]
fn a_short_frame_leaves_the_rest_and_a_long_one_spills_nowhere() {
    let mut bench = Bench::of(&input());
    bench.scan_with(Frame(&[(1.0, Quality::GOOD), (2.0, Quality::GOOD)]));
    bench.scan_with(Frame(&[(3.0, Quality::GOOD)]));
    assert_eq!((bench.real("TT-1.RAW"), bench.real("TT-2.RAW")), (3.0, 2.0));
    let long = [(5.0, Quality::GOOD); 9];
    bench.scan_with(Frame(&long));
    assert_eq!((bench.real("TT-1.RAW"), bench.real("TT-2.RAW")), (5.0, 5.0));
    assert_eq!(bench.real("HS-1.SP"), 2.0);
}

#[test]
fn an_unchanged_frame_is_one_entry_and_a_changed_tag_one_more() {
    let mut bench = Bench::of(&input());
    let frame = [(1.0, Quality::GOOD), (2.0, Quality::GOOD)];
    bench.scan_with(Frame(&frame));
    bench.scan_with(Frame(&frame));
    bench.scan_with(Frame(&[(1.0, Quality::GOOD), (2.0, Quality::STALE)]));
    let counts: Vec<usize> = bench.log.entries.iter().map(Vec::len).collect();
    assert_eq!(counts, [3, 1, 2]);
}

/// Something for a person or the field to do: (what, which, value).
fn deeds() -> impl Strategy<Value = Vec<Vec<(u8, u8, f64)>>> {
    let value = prop_oneof![
        -1e3..1e3_f64,
        Just(0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(-0.0),
    ];
    let scan = prop::collection::vec((0..7_u8, 0..8_u8, value), 0..6);
    prop::collection::vec(scan, 1..40)
}

fn entry(bench: &Bench, (what, which, value): (u8, u8, f64)) -> Entry {
    const WRITABLE: [&str; 5] = ["HS-1.SP", "B-2.K", "HIC-4.SP", "HIC-4.RESET", "D-5.RESET"];
    const ALL: [&str; 8] = [
        "TT-1.RAW", "A-1.OUT", "B-2.OUT", "C-3.OUT", "D-5.TRIP", "E-6.OUT", "HS-1.SP", "B-2.K",
    ];
    let quality = Quality::from_bits(u16::from(which) << 13);
    let (any, writable) = (
        ALL[usize::from(which) % 8],
        WRITABLE[usize::from(which) % 5],
    );
    match what {
        0 => Entry::Frame { source: 0 },
        1 | 2 => Entry::Field {
            slot: bench.slot(if which % 2 == 0 {
                "TT-1.RAW"
            } else {
                "TT-2.RAW"
            }),
            bits: value.to_bits(),
            quality,
        },
        3 | 4 => bench.write(writable, value),
        5 => bench.force(any, value),
        _ => bench.unforce(any),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_inlet_log_determines_every_digest(deeds in deeds()) {
        let mut first = Bench::of(&input());
        for scan in &deeds {
            let entries: Vec<Entry> = scan.iter().map(|deed| entry(&first, *deed)).collect();
            first.scan_with(&entries[..]);
        }
        let mut second = Bench::of(&input());
        for entries in &first.log.entries {
            second.scan_with(&entries[..]);
        }
        prop_assert_eq!(&first.log.digests, &second.log.digests);
        prop_assert_eq!(first.saved(), second.saved());
    }

    #[test]
    fn what_is_not_looked_at_has_not_changed(deeds in deeds(), pauses in prop::collection::vec(0..4_u8, 40)) {
        // Enough quiet cells for several stretches.
        let mut input = input();
        for n in 100..170 {
            input.blocks.push(block("STATION", &format!("HIC-{n}"), &[]));
        }
        let mut bench = Bench::of(&input);
        let mut copy = bench.linked.program.image.cells().to_vec();
        let mut copied = 0;
        for (n, (scan, pause)) in deeds.iter().zip(pauses).enumerate() {
            let mut entries: Vec<Entry> = scan.iter().map(|deed| entry(&bench, *deed)).collect();
            let (_, which, value) = scan.first().copied().unwrap_or((0, 0, 1.0));
            let far = format!("HIC-{}.SP", 100 + (7 * n + usize::from(which)) % 70);
            entries.push(bench.write(&far, value));
            bench.scan_with(&entries[..]);
            let image = &bench.linked.program.image;
            prop_assert_eq!(bench.log.digests.last().copied(), Some(image.digest()));
            // The copy is brought up to date now and then.
            if pause == 0 {
                copied = image.copy_to(&mut copy, copied);
                let same = copy.iter().zip(image.cells()).all(|(a, b)| {
                    (a.bits, a.quality(), a.is_forced()) == (b.bits, b.quality(), b.is_forced())
                });
                prop_assert!(same);
            }
        }
    }

    #[test]
    fn a_frame_and_its_recorded_entries_do_the_same(
        frames in prop::collection::vec(
            ((prop::num::f64::ANY, 0..u16::MAX), (-5.0..5.0_f64, 0..u16::MAX)), 1..30),
    ) {
        let mut first = Bench::of(&input());
        for ((a, qa), (b, qb)) in frames {
            let (qa, qb) = (Quality::from_bits(qa), Quality::from_bits(qb));
            first.scan_with(Frame(&[(a, qa), (b, qb)]));
        }
        let mut second = Bench::of(&input());
        for entries in &first.log.entries {
            second.scan_with(&entries[..]);
        }
        prop_assert_eq!(&first.log.digests, &second.log.digests);
    }

    #[test]
    fn no_real_tag_ever_holds_what_is_no_number(deeds in deeds()) {
        let mut bench = Bench::of(&input());
        for scan in &deeds {
            let entries: Vec<Entry> = scan.iter().map(|deed| entry(&bench, *deed)).collect();
            bench.scan_with(&entries[..]);
            for (name, tag) in &bench.linked.tags {
                if tag.kind == signal::Kind::Real {
                    prop_assert!(bench.real(name).is_finite(), "{}", name);
                }
            }
        }
    }
}
