//! Every wrong edition of a matrix is caught by the exhaustive test of the right one.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use scanloop_tests::matrix_mutants::{Mutant, all, plant, rewritten};
use station::matrix_test::{Options, Sheet, run_against};
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Debug, PartialEq)]
enum Fate {
    /// The text itself is refused.
    Refused,
    /// The exhaustive test fails.
    Caught,
    /// Nobody noticed.
    Survived,
}

fn fate(mutant: &Mutant, sheets: &[Sheet]) -> Fate {
    let Ok(plant) = mutant.load() else {
        return Fate::Refused;
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

#[test]
fn every_wrong_edition_of_the_synthesis_matrix_is_caught() {
    let right = plant("synthesis");
    let sheets = Sheet::of(&right);
    let same = run_against(&rewritten(&right).unwrap(), &sheets, &Options::default()).unwrap();
    assert!(same.iter().all(|verdict| verdict.passed()));
    let mutants = all(&right);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut fates = Vec::new();
        while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
            fates.push((mutant, fate(mutant, &sheets)));
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
    let count = |fate: Fate| fates.iter().filter(|(_, found)| *found == fate).count();
    let (refused, caught) = (count(Fate::Refused), count(Fate::Caught));
    let equivalent = mutants.iter().filter(|m| m.equivalent.is_some()).count();
    println!(
        "{} wrong editions: {refused} refused, {caught} caught, {equivalent} equivalent",
        mutants.len()
    );
    for (mutant, fate) in &fates {
        if *fate == Fate::Refused {
            println!("refused: {}", mutant.what);
        }
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
    assert!(caught > 300, "{caught}");
    // A row that is gone is missed by its alarm too: such a text does not load.
    assert!(refused < caught, "{refused} refused, {caught} caught");
}
