//! State as words: out, in, and on as if nothing had happened.

use crate::bench::{Bench, Frame, block, delayed, operator, program, source, sum, text};
use scan::{LinkInput, Scan, Start, Value};
use signal::{Quality, ScanIndex, Utc};

fn input() -> LinkInput {
    LinkInput {
        tags: vec![operator("HS-1.SP", 2.0)],
        sources: vec![source(&["TT-1.RAW"])],
        ..program(vec![
            sum("A-1", &["TT-1.RAW", "HS-1.SP"]),
            block("INTEGRAL", "B-2", &[("in", text("A-1.OUT"))]),
            block(
                "INTEGRAL",
                "B-3",
                &[("in", delayed("B-2.OUT")), ("extra", Value::Int(3))],
            ),
            block("STATION", "HIC-4", &[]),
            block("TRIP", "D-5", &[("in", text("A-1.OUT"))]),
        ])
    }
}

fn drive(bench: &mut Bench, from: u64, scans: u64) {
    for n in from..from + scans {
        let wave = (n % 37) as f64 - 18.0;
        match n % 11 {
            0 => {
                let write = [
                    bench.write("HIC-4.SP", wave),
                    bench.write("HIC-4.RESET", 1.0),
                ];
                bench.scan_with(&write[..]);
            }
            1 => {
                let force = bench.force("A-1.OUT", wave);
                bench.scan_with(&[force][..]);
            }
            2 => {
                let unforce = bench.unforce("A-1.OUT");
                bench.scan_with(&[unforce][..]);
            }
            _ => bench.scan_with(Frame(&[(wave, Quality::GOOD)])),
        }
    }
}

#[test]
fn a_restored_program_goes_on_with_equal_digests_for_1000_scans() {
    // Cut after every kind of scan, the one with a request and the forced one too.
    for cut in 100..112 {
        let mut first = Bench::of(&input());
        drive(&mut first, 0, cut);
        let words = first.saved();
        let mut second = Bench::of(&input());
        second
            .linked
            .program
            .restore(&words)
            .expect("its own words");
        second.index = first.index;
        assert_eq!(second.saved(), words, "cut {cut}");
        first.log.digests.clear();
        drive(&mut first, cut, 1_000);
        drive(&mut second, cut, 1_000);
        assert_eq!(first.log.digests, second.log.digests, "cut {cut}");
        assert_eq!(first.saved(), second.saved());
    }
}

#[test]
fn words_of_another_length_are_refused() {
    let mut bench = Bench::of(&input());
    let mut words = bench.saved();
    words.push(0);
    assert!(bench.linked.program.restore(&words).is_err());
    assert!(bench.linked.program.save(&mut words).is_err());
    words.truncate(words.len() - 2);
    assert!(bench.linked.program.restore(&words).is_err());
    assert!(bench.linked.program.restore(&[]).is_err());
}

#[test]
fn words_of_a_program_with_another_split_between_its_blocks_are_refused() {
    let of = |first: i64, second: i64| {
        let mut input = input();
        input.blocks[1]
            .config
            .insert("extra".into(), Value::Int(first));
        input.blocks[2]
            .config
            .insert("extra".into(), Value::Int(second));
        Bench::of(&input)
    };
    let (one, mut two) = (of(1, 2), of(2, 1));
    let words = one.saved();
    assert_eq!(words.len(), two.linked.program.state_len());
    assert!(two.linked.program.restore(&words).is_err());
}

#[test]
fn random_words_never_make_restore_panic_nor_pass_for_good() {
    let mut bench = Bench::of(&input());
    let mut words = bench.saved();
    let mut seed = 1_u64;
    for _ in 0..200 {
        for word in &mut words {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *word = seed;
        }
        let _ = bench.linked.program.restore(&words);
        for (name, tag) in &bench.linked.tags {
            let is_real = tag.kind == signal::Kind::Real;
            assert!(!is_real || bench.real(name).is_finite(), "{name}");
        }
    }
}

#[test]
fn every_start_latches_what_protects() {
    for start in [Start::Cold, Start::Warm] {
        let mut bench = Bench::of(&input());
        bench.linked.program.start(start);
        bench.scan_with(Frame(&[(0.0, Quality::GOOD)]));
        assert_eq!(bench.bits("D-5.TRIP"), 1);
        let reset = bench.write("D-5.RESET", 1.0);
        bench.scan_with(&[reset][..]);
        assert_eq!(bench.bits("D-5.TRIP"), 0);
    }
}

#[test]
fn a_rehearsal_is_the_scan_that_comes_and_leaves_its_lead_as_it_was() {
    let mut lead = Bench::of(&input());
    let mut twin = Bench::of(&input()).linked.program;
    let mut words = vec![0; twin.state_len()];
    for n in 0..200 {
        drive(&mut lead, n, 1);
        let before = lead.saved();
        let coming = Scan {
            index: ScanIndex(lead.index + 1),
            utc: Utc(0),
            dt_s: 0.1,
            elapsed: 1,
        };
        let program = &lead.linked.program;
        let rehearsed = twin.rehearse(program, &mut words, &coming);
        assert_eq!(lead.saved(), before, "scan {n}");
        // A rehearsal plays it twice, with nothing from outside.
        let mut played = Bench::of(&input());
        played.linked.program.restore(&before).expect("its words");
        for _ in 0..2 {
            played.index = lead.index;
            played.scan_with(Frame(&[]));
        }
        assert_eq!(rehearsed, Ok(played.log.digests[1]), "scan {n}");
    }
    words.pop();
    let coming = Scan {
        index: ScanIndex(1),
        utc: Utc(0),
        dt_s: 0.1,
        elapsed: 1,
    };
    assert!(
        twin.rehearse(&lead.linked.program, &mut words, &coming)
            .is_err()
    );
}
