//! `scanloop test`: the scenarios of a plant.

use super::{bar, load};
use station::{matrix_test, report, response, scenario};
use std::path::PathBuf;

/// What to test, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct TestArguments {
    /// Folder of the plant.
    plant: PathBuf,
    /// One scenario, by name or beginning of a name.
    scenario: Option<String>,
    /// Also write JUnit XML here.
    #[arg(long)]
    junit: Option<PathBuf>,
    /// A scenario that runs slower than so many times real time fails; one that states a
    /// least speed of its own is held to that.
    #[arg(long, value_parser = scenario::least_speed)]
    least_speed: Option<f64>,
}

/// Runs them and prints what came of them; an error if something must be and is not.
pub fn test(arguments: &TestArguments) -> Result<(), String> {
    let (folder, only) = (&arguments.plant, arguments.scenario.as_deref());
    let plant = load(folder)?;
    let scenarios = folder.join("scenarios");
    let entries = std::fs::read_dir(&scenarios)
        .map_err(|error| format!("{}: {error}", scenarios.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .collect();
    files.sort();
    let mut reports = Vec::new();
    let mut slow = Vec::new();
    for file in files {
        let name = file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        if only.is_some_and(|only| !name.starts_with(only)) {
            continue;
        }
        let scenario = scenario::read(&file).map_err(|error| error.to_string())?;
        // A file without expectations is only for playing.
        if scenario.expects.is_empty() {
            continue;
        }
        let bar = bar(scenario.for_s as u64, &name);
        let result = scenario::run(&plant, &scenario, &name, |at_s| {
            bar.set_position(at_s as u64)
        });
        bar.finish_and_clear();
        let mut report = result.map_err(|error| error.to_string())?;
        if let Some(least) = arguments.least_speed {
            let least = scenario.least_speed.unwrap_or(least);
            report.hold_to_speed(least);
            if report.speed() < least {
                slow.push(format!("{name} {:.0} x", report.speed()));
            }
        }
        reports.push(report);
    }
    if reports.is_empty() {
        return Err(format!(
            "no scenario{} in {}",
            only.map_or_else(String::new, |only| format!(" beginning with \"{only}\"")),
            scenarios.display()
        ));
    }
    print!("{}", report::table(&reports));
    let measured: Vec<_> = reports.iter().flat_map(|r| r.responses.clone()).collect();
    let protect = matrix_test::responses(&plant)?;
    let (table, is_in_time) = response::table(&plant, &protect, &measured, only.is_none());
    if !protect.is_empty() {
        print!("{table}");
    }
    if let Some(path) = &arguments.junit {
        std::fs::write(path, report::junit(&reports))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if !slow.is_empty() {
        let (count, slow) = (slow.len(), slow.join(", "));
        return Err(format!("slower than asked for, {count} in all: {slow}"));
    }
    if reports.iter().all(scenario::Report::passed) && is_in_time {
        Ok(())
    } else {
        Err(String::new())
    }
}
