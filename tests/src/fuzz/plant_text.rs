//! The plant loader: text in, a plant or problems out, nothing else.

use crate::{good, mutate};
use driver::random::Random;
use plant::{Plant, Sources};
use scan::{NoWitness, Program, Scan, ScanClock, SimClock, Start, Task};
use signal::Utc;
use station::kinds::{Drivers, blocks};

/// Between the two files of an input.
const CUT: &str = "\n#== units/t1.toml\n";

pub fn input(random: &mut Random) -> Vec<u8> {
    let (mut plant, mut unit) = (good::PLANT.to_string(), good::UNIT.to_string());
    if random.below(3) == 0 {
        mutate::text(random, &mut plant);
    } else {
        mutate::text(random, &mut unit);
    }
    format!("{plant}{CUT}{unit}").into_bytes()
}

pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (plant, unit) = text.split_once(CUT).unwrap_or((&text, ""));
    let sources = Sources::from_texts([("plant.toml", plant), ("units/t1.toml", unit)]);
    match plant::load_sources(sources, &blocks(), &Drivers) {
        Ok(plant) => scan_a_little(&plant),
        Err((sources, problems)) => {
            assert!(!problems.is_empty());
            let page = problems.render(&sources);
            assert!(page.contains("  --> "));
            let json = problems.to_json(&sources);
            assert_eq!(json.as_array().map(Vec::len), Some(problems.len()));
        }
    }
}

/// What loads must also run.
fn scan_a_little(plant: &Plant) {
    for (task, plan) in plant.link().tasks.into_iter().zip(&plant.tasks) {
        let mut program: Program = task.linked.program;
        program.start(Start::Cold);
        let mut task = Task {
            clock: SimClock::new(plan.period_ns, Utc(0)),
            program: Box::new(program),
            inlet: (),
            outlet: (),
            witness: NoWitness,
        };
        for _ in 0..3 {
            let scan: Option<Scan> = task.clock.next_release();
            if let Some(scan) = scan {
                task.scan(&scan);
            }
        }
    }
}
