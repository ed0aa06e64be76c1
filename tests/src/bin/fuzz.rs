//! Runs one door under mutated input for a given time:
//! `cargo run -p scanloop-tests --release --bin fuzz -- --target plant-text --seconds 600`
//!
//! Prints the seed first. A panic is caught, saved as `TARGET-SEED-EXECUTION.bin`
//! and counted; `--replay FILE` runs one such file again.

#![forbid(unsafe_code)]

use clap::Parser;
use scanloop_tests::fuzz::{TARGETS, Target, target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// An execution beyond this is told: a door must be quick about nonsense.
const SLOW: Duration = Duration::from_secs(1);
/// Findings of one run; more of them say no more.
const FINDINGS_MAX: u64 = 20;

#[derive(Parser)]
struct Arguments {
    /// plant-text, modbus-server, modbus-client or recording.
    #[arg(long)]
    target: String,
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Of the whole run; from the clock unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// Where findings are saved.
    #[arg(long, default_value = "target/fuzz")]
    save: PathBuf,
    /// Runs this file once instead.
    #[arg(long)]
    replay: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(target) = target(&arguments.target) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!(
            "no target {}; there are {}",
            arguments.target,
            names.join(", ")
        );
        return ExitCode::from(2);
    };
    if let Some(path) = &arguments.replay {
        return replay(target, path);
    }
    let seed = arguments.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(1, |now| now.as_nanos() as u64)
    });
    println!("{} seed {seed}", target.name);
    let findings = run(target, &arguments, seed);
    if findings == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn replay(target: &Target, path: &Path) -> ExitCode {
    match std::fs::read(path) {
        Ok(bytes) => {
            (target.run)(&bytes);
            println!("{} ran without a finding", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::from(2)
        }
    }
}

fn run(target: &Target, arguments: &Arguments, seed: u64) -> u64 {
    let (began, limit) = (Instant::now(), Duration::from_secs(arguments.seconds));
    let (mut executions, mut findings, mut slowest) = (0_u64, 0, Duration::ZERO);
    while began.elapsed() < limit && findings < FINDINGS_MAX {
        let input = target.input_of(seed, executions);
        let attempt = || {
            let from = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
            (outcome, from.elapsed())
        };
        let (outcome, mut took) = attempt();
        if outcome.is_ok() && took > SLOW {
            // A busy machine is no finding: what is slow is slow twice.
            took = took.min(attempt().1);
        }
        slowest = slowest.max(took);
        if outcome.is_err() || took > SLOW {
            findings += 1;
            let word = if outcome.is_err() { "panic" } else { "slow" };
            let name = format!("{}-{seed}-{executions}.bin", target.name);
            let path = arguments.save.join(name);
            let saved = std::fs::create_dir_all(&arguments.save)
                .and_then(|()| std::fs::write(&path, &input));
            match saved {
                Ok(()) => println!("{word} after {took:?}: {}", path.display()),
                Err(error) => println!("{word}, not saved ({error}): execution {executions}"),
            }
        }
        executions += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{} seed {seed}: {executions} executions in {seconds:.1} s, {:.0} a second, slowest {slowest:?}, {findings} findings",
        target.name,
        executions as f64 / seconds.max(1e-9),
    );
    findings
}
