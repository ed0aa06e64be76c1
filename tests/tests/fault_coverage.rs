//! Every fault that the simulator can have is met by a scenario of the demo plant.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use station::scenario::{Scenario, read};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static SCENARIOS: LazyLock<BTreeMap<String, Scenario>> = LazyLock::new(|| {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, read(file).unwrap_or_else(|error| panic!("{error}")))
        })
        .collect()
});

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis/scenarios")
}

/// Faults of a scenario without their targets, with the time of the first.
fn faults(scenario: &Scenario) -> Vec<(&str, f64)> {
    scenario
        .steps
        .iter()
        .filter_map(|step| Some((step.fault.as_deref()?, step.at_s)))
        .map(|(fault, at_s)| (fault.split(':').next().unwrap_or(fault), at_s))
        .collect()
}

#[test]
fn every_fault_of_the_library_is_used_by_a_scenario_that_states_its_outcome() {
    let known = sim::library().iter().chain(sim::plant_library());
    let unmet: Vec<&str> = known
        .map(|entry| entry.name)
        .filter(|name| {
            !SCENARIOS.values().any(|scenario| {
                let mut used = faults(scenario).into_iter();
                let after = used.find(|(fault, _)| fault == name);
                after.is_some_and(|(_, at_s)| {
                    let mut expects = scenario.expects.iter();
                    expects.any(|expect| {
                        // At the end, or at a time after the fault.
                        expect.first.is_some() || expect.at_s.is_none_or(|when| when > at_s)
                    })
                })
            })
        })
        .collect();
    assert!(unmet.is_empty(), "no scenario meets {unmet:?}");
}

#[test]
fn a_scenario_ends_after_its_last_step_and_its_last_expectation() {
    for (name, scenario) in SCENARIOS.iter() {
        let steps = scenario.steps.iter().map(|step| step.at_s);
        let reads = scenario
            .expects
            .iter()
            .filter(|expect| expect.first.is_none())
            .filter_map(|expect| expect.at_s);
        let last = steps.chain(reads).fold(0.0, f64::max);
        assert!(
            last < scenario.for_s || scenario.expects.is_empty(),
            "{name}: {last}"
        );
    }
}
