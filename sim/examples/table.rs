//! Prints the design-basis cases of R-101 beside what the model gives.
#![allow(
    clippy::disallowed_methods,
    reason = "a program at the edge may look at the clock"
)]

use std::time::Instant;

use sim::cases;

fn main() {
    println!(
        "{:<4} {:>16} {:>16} {:>16} {:>14} {:>16}  case",
        "", "T_max °C", "X_acc %", "MTSR °C", "P bar(a)", "explosion min"
    );
    println!(
        "{:<4} {:>16} {:>16} {:>16} {:>14} {:>16}",
        "", "run / basis", "run / basis", "run / basis", "run / basis", "run / basis"
    );
    let begin = Instant::now();
    let mut simulated_min = 0.0;
    for case in cases::all() {
        let outcome = cases::run(&case, 1, |_, _| {});
        let expected = case.expected;
        let pair = |run: f64, basis: Option<f64>| match basis {
            Some(basis) => format!("{run:.1} / {basis:.1}"),
            None => format!("{run:.1} / -"),
        };
        let percent = expected.accumulation.map(|x| x * 100.0);
        let explosion = match (outcome.explosion_min, expected.explosion_min) {
            (Some(run), basis) => pair(run, basis),
            (None, Some(basis)) => format!("none / {basis:.0}"),
            (None, None) => "none".to_string(),
        };
        println!(
            "{:<4} {:>16} {:>16} {:>16} {:>14} {:>16}  {}",
            case.name,
            pair(outcome.temperature_c, expected.temperature_c),
            pair(outcome.accumulation * 100.0, percent),
            pair(outcome.mtsr_c, expected.mtsr_c),
            pair(outcome.pressure_bar_a, expected.pressure_bar_a),
            explosion,
            case.what,
        );
        simulated_min += outcome.explosion_min.unwrap_or(case.length_min);
    }
    let wall_s = begin.elapsed().as_secs_f64();
    println!(
        "{:.1} h simulated in {wall_s:.2} s: {:.0} x real time",
        simulated_min / 60.0,
        simulated_min * 60.0 / wall_s
    );
}
