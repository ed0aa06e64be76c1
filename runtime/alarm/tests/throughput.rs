//! How much a book takes: 10 000 transitions a second for a minute on 10 000 alarms, with
//! a list every second. Not a trial of the machine it happens to run on: run it by name
//! to have the figures.
//!
//! ```text
//! cargo test -p scanloop-alarm --release --test throughput -- --ignored --nocapture
//! ```
#![allow(clippy::disallowed_methods)]

use alarm::*;
use std::time::{Duration, Instant};

const ALARMS: u32 = 10_000;
const SECONDS: i64 = 60;
const PER_SECOND: i64 = 10_000;

#[test]
#[ignore = "a measurement, run by name"]
fn ten_thousand_transitions_a_second_for_a_minute() {
    let rationales: Vec<Rationale> = (0..ALARMS)
        .map(|n| {
            let mut alarm = Rationale::named(&format!("UA-{n}"));
            alarm.priority = Priority::ALL[n as usize % 4];
            alarm.point = format!("PT-{}.PV", n / 2);
            alarm.kind = if n % 2 == 0 {
                AlarmKind::Hh
            } else {
                AlarmKind::H
            };
            alarm.text.en = format!("Pressure {n} high");
            alarm
        })
        .collect();
    let mut book = Book::new(rationales, Settings::default());
    let mut out = Outbox::default();
    let (mut told, mut busy, mut longest) = (0usize, Duration::ZERO, Duration::ZERO);
    let mut at = Stamp::default();
    for second in 0..SECONDS {
        let begun = Instant::now();
        for n in 0..PER_SECOND {
            let number = second * PER_SECOND + n;
            at = Stamp {
                scan: number as u64,
                utc_ns: number * 100_000,
            };
            // Every alarm is raised in one second and cleared in the next.
            let alarm = AlarmIndex((number % i64::from(ALARMS)) as u32);
            book.edge(alarm, Edge::of(second % 2 == 0), at, &mut out);
        }
        book.tick(at, &mut out);
        busy += begun.elapsed();
        told += out.transitions.len();
        out.transitions.clear();
        let begun = Instant::now();
        let rows = book
            .list(&Filter::default(), Sort::Urgency, at.utc_ns)
            .len();
        longest = longest.max(begun.elapsed());
        assert_eq!(
            rows, ALARMS as usize,
            "all stand or wait to be acknowledged"
        );
    }
    assert_eq!(told as i64, SECONDS * PER_SECOND, "none lost");
    let begun = Instant::now();
    let saved = serde_json::to_string(&book.save(at)).unwrap().len();
    println!(
        "{told} transitions in {busy:?}: {:.0} ns each; longest list of {ALARMS} rows {longest:?}; \
         saved {saved} bytes of JSON in {:?}",
        busy.as_nanos() as f64 / told as f64,
        begun.elapsed()
    );
}
