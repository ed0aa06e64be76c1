//! Every wrong edition of a matrix is caught by the exhaustive test of the right one.
//!
//! Cells that say nothing are given a word in a sample of the cases only, which the seed
//! `SCANLOOP_MUTANTS_SEED` draws; all of them with `SCANLOOP_MUTANTS=all`, which
//! `cargo xtask mutants` does. Other words of it, separated by commas: those of the usual
//! ones whose names have one of the words.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use scanloop_tests::matrix_mutants::{Mutant, all, plant, rewritten};
use station::matrix_test::{Options, Sheet, run_against};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug, PartialEq)]
enum Fate {
    /// The text itself is refused, with these problems.
    Refused(String),
    /// The exhaustive test fails.
    Caught,
    /// Nobody noticed.
    Survived,
}

/// Codes of the problems of a page, each once.
fn codes(page: &str) -> String {
    let words = page.split(|c: char| !c.is_ascii_alphanumeric());
    let codes: BTreeSet<&str> = words
        .filter(|word| {
            let digits = word.strip_prefix('P').unwrap_or_default();
            digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
        .collect();
    codes.into_iter().collect::<Vec<&str>>().join(" ")
}

fn fate(mutant: &Mutant, sheets: &[Sheet]) -> Fate {
    let plant = match mutant.load() {
        Ok(plant) => plant,
        Err(page) => return Fate::Refused(codes(&page)),
    };
    let options = Options {
        stop_at_first: true,
        first: Some(mutant.cause.clone()),
    };
    let verdicts = run_against(&plant, sheets, &options).unwrap();
    if verdicts.iter().all(|verdict| verdict.failed == 0) {
        Fate::Survived
    } else {
        Fate::Caught
    }
}

/// One of so many blank cells is tried when not all are.
const ONE_OF: u64 = 8;

/// Those that are tried in this run.
fn tried(mutants: &[Mutant]) -> Vec<&Mutant> {
    let which = std::env::var("SCANLOOP_MUTANTS").unwrap_or_default();
    if which == "all" {
        return mutants.iter().collect();
    }
    let seed = std::env::var("SCANLOOP_MUTANTS_SEED");
    let seed: u64 = seed.map_or(1, |word| word.parse().expect("a seed is a whole number"));
    let is_drawn = |at: usize| {
        // SplitMix64: one number of each place and seed.
        let mut x = (at as u64).wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)).is_multiple_of(ONE_OF)
    };
    println!("blank cells: a sample by seed {seed}; all with SCANLOOP_MUTANTS=all");
    let some = mutants.iter().enumerate();
    let some = some.filter(|(at, mutant)| !mutant.is_of_blank || is_drawn(*at));
    let some = some.map(|(_, mutant)| mutant);
    some.filter(|mutant| which.split(',').any(|word| mutant.what.contains(word)))
        .collect()
}

#[test]
fn every_wrong_edition_of_the_synthesis_matrix_is_caught() {
    let right = plant("synthesis");
    let sheets = Sheet::of(&right);
    let same = run_against(&rewritten(&right).unwrap(), &sheets, &Options::default()).unwrap();
    assert!(same.iter().all(|verdict| verdict.passed()));
    let mutants = all(&right);
    // Every cell of the grid is among them.
    let matrix = &right.matrices[0].matrix;
    for cause in &matrix.causes {
        for effect in &matrix.effects {
            let cell = format!("{} × {}:", cause.id, effect.id);
            assert!(mutants.iter().any(|m| m.what.starts_with(&cell)), "{cell}");
        }
    }
    let tried = tried(&mutants);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut fates = Vec::new();
        while let Some(mutant) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
            fates.push((*mutant, fate(mutant, &sheets)));
        }
        fates
    };
    let fates: Vec<(&Mutant, Fate)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let joined = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        joined.collect()
    });
    let mut refused = BTreeSet::new();
    for (mutant, fate) in &fates {
        if let Fate::Refused(codes) = fate {
            refused.insert(format!("{}; {codes}", mutant.what));
        }
    }
    let caught = fates.iter().filter(|(_, fate)| *fate == Fate::Caught);
    let caught = caught.count();
    let equivalent = fates.iter().filter(|(m, _)| m.equivalent.is_some()).count();
    println!(
        "{} of {} wrong editions: {} refused, {caught} caught, {equivalent} equivalent",
        tried.len(),
        mutants.len(),
        refused.len()
    );
    for line in &refused {
        println!("refused: {line}");
    }
    let mut wrong: Vec<&str> = fates
        .iter()
        .filter(|(mutant, fate)| match (mutant.equivalent, fate) {
            (None, fate) => *fate == Fate::Survived,
            // What means the same may still be refused, by a proof that asks for more.
            (Some(_), fate) => *fate == Fate::Caught,
        })
        .map(|(mutant, _)| mutant.what.as_str())
        .collect();
    wrong.sort_unstable();
    assert!(wrong.is_empty(), "{wrong:#?}");
    if tried.len() < mutants.len() / 3 {
        return;
    }
    assert!(caught > 300, "{caught}");
    // Refused is not lost: by a numbered problem, and never most of them.
    let unnumbered = refused.iter().find(|line| line.ends_with("; "));
    assert_eq!(unnumbered, None);
    assert!(
        refused.len() < caught,
        "{} refused, {caught} caught",
        refused.len()
    );
}
