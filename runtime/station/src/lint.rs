//! What `scanloop check` looks at beside the plant's text: its simulation, its
//! scenarios, its displays. They name tags, and a name can be wrong.

use crate::closed_loop::{LoopError, world_of};
use crate::scenario::Scenario;
use core::ops::Range;
use plant::{Diagnostics, Origin, Plant, Sources, codes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Checks the folder around a plant without problems.
pub fn lint(folder: &Path, plant: &Plant) -> (Sources, Diagnostics) {
    let mut files = plant.sources.files().to_vec();
    let mut problems = Diagnostics::new();
    simulation(plant, &mut problems);
    let link = plant.link();
    let tags = link.tasks.iter().flat_map(|task| &task.linked.tags);
    let known: BTreeSet<String> = tags.clone().map(|(name, _)| name.clone()).collect();
    let unit = |entry: &scan::TagEntry| entry.unit.map_or("", |unit| unit.symbol());
    let units: BTreeMap<&str, &str> = tags
        .map(|(name, entry)| (name.as_str(), unit(entry)))
        .filter(|(_, unit)| *unit != "1")
        .collect();
    for (name, text) in texts(folder, "scenarios", "toml") {
        let file = files.len();
        scenario(file, &text, plant, &known, &mut problems);
        files.push((name, text));
    }
    displays(folder, &known, &units, &mut files, &mut problems);
    problems.sort();
    (Sources::from_texts(files), problems)
}

/// Texts of a sub-folder by name, sorted.
fn texts(folder: &Path, inner: &str, ending: &str) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder.join(inner)) else {
        return Vec::new();
    };
    let mut texts: Vec<(String, String)> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == ending))
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((
                format!("{inner}/{name}"),
                std::fs::read_to_string(path).ok()?,
            ))
        })
        .collect();
    texts.sort();
    texts
}

fn simulation(plant: &Plant, problems: &mut Diagnostics) {
    let Some(sim) = &plant.sim else { return };
    if let Err(error) = world_of(plant, None, 1) {
        let help = match error {
            LoopError::UnknownModel { .. } => "models: r101, u100",
            LoopError::Drivers { .. } => "write drivers = [\"io1\", \"io2\"]",
            _ => "",
        };
        problems.push(codes::MODEL, &sim.at, error.to_string(), help);
    }
    for name in &sim.drivers {
        if plant.drivers.iter().all(|driver| driver.name != *name) {
            problems.push(
                codes::UNKNOWN_DRIVER,
                &sim.at,
                format!("[sim] plays the device of {name}, which is no driver"),
                "drivers are declared in plant.toml",
            );
        }
    }
}

fn scenario(
    file: usize,
    text: &str,
    plant: &Plant,
    known: &BTreeSet<String>,
    problems: &mut Diagnostics,
) {
    let parsed: Scenario = match toml::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            problems.push(
                codes::SCENARIO,
                &Origin::new(file, span),
                error.message().to_string(),
                "see the guide on scenarios",
            );
            return;
        }
    };
    let mut problems_of_check: Vec<(Range<usize>, String)> = Vec::new();
    let mut complain = |name: &str, what: &str| {
        let at = Origin::new(file, find(text, name));
        problems.push(
            codes::SCENARIO_NAME,
            &at,
            format!("there is no {what} {name}"),
            "",
        );
    };
    let world = world_of(plant, Some(&parsed.world), parsed.seed);
    let is_tag = |name: &str| match name.strip_prefix("truth:") {
        Some(truth) => world
            .as_ref()
            .is_ok_and(|world| world.truth(truth).is_some()),
        None => known.contains(name),
    };
    for over in &parsed.overrides {
        if !plant.blocks.values().any(|block| over.means(block)) {
            complain(&over.block, "block");
        }
    }
    for step in &parsed.steps {
        let written = step.write.keys().chain(step.force.keys());
        for name in written.chain(&step.unforce) {
            if !is_tag(name) {
                complain(name, "tag");
            }
        }
        for name in step.fault.iter().chain(&step.clear) {
            let plain = name.split(':').next().unwrap_or(name);
            let known = |world: &sim::World| world.library().any(|entry| entry.name == plain);
            if !world.as_ref().is_ok_and(known) {
                complain(name, "fault");
            }
        }
        if let Some(name) = &step.action {
            let known = |world: &sim::World| world.actions().any(|entry| entry.name == name);
            if !world.as_ref().is_ok_and(known) {
                complain(name, "action");
            }
        }
    }
    for expect in &parsed.expects {
        if let Some(check) = &expect.check {
            match scripts::Condition::new(check) {
                Err(problem) => problems_of_check.push((
                    find(text, check),
                    format!("column {}: {}", problem.column, problem.message),
                )),
                Ok(condition) => {
                    for name in condition.tags.iter().filter(|name| !is_tag(name)) {
                        complain(name, "tag");
                    }
                }
            }
        }
        for name in [&expect.read, &expect.first, &expect.never]
            .into_iter()
            .flatten()
        {
            if !is_tag(name) {
                complain(name, "tag");
            }
        }
    }
    for (span, message) in problems_of_check {
        problems.push(
            codes::SCENARIO,
            &Origin::new(file, span),
            message,
            "check = 'value(\"TAG\") > 1'",
        );
    }
}

/// Every name in the displays, and what else text can tell of them.
fn displays(
    folder: &Path,
    known: &BTreeSet<String>,
    units: &BTreeMap<&str, &str>,
    files: &mut Vec<(String, String)>,
    problems: &mut Diagnostics,
) {
    let displays = hmi::read_folder(&folder.join("displays"));
    let ids: BTreeSet<&str> = displays.iter().map(|display| display.id.as_str()).collect();
    let names = hmi::lint::Names {
        tag: &|name| known.contains(name),
        display: &|name| ids.contains(name),
        unit: &|name| {
            units
                .get(name)
                .map_or_else(String::new, |unit| (*unit).to_owned())
        },
    };
    let base = files.len();
    files.extend(texts(folder, "displays", "svg"));
    files.extend(texts(folder, "displays", "toml"));
    for display in &displays {
        let sidecar = format!("displays/{}.toml", display.id);
        for finding in hmi::lint::lint(display, &names) {
            // A shared drawing has the name that the sidecar gives it: found by its text.
            let file = files[base..]
                .iter()
                .position(|(name, text)| match finding.file {
                    hmi::lint::File::Sidecar => *name == sidecar,
                    hmi::lint::File::Drawing => name.ends_with(".svg") && *text == display.svg,
                });
            let Some(file) = file.map(|at| base + at) else {
                continue;
            };
            let code = if finding.is_style {
                codes::DISPLAY_STYLE
            } else if finding.is_tag {
                codes::DISPLAY_TAG
            } else {
                codes::DISPLAY
            };
            let place = place(&files[file].1, finding.line, &finding.name);
            problems.push(code, &Origin::new(file, place), finding.what, "");
        }
    }
}

/// A name in a line, or the whole line; without a line, the first place of the name.
fn place(text: &str, line: usize, name: &str) -> Range<usize> {
    let Some(above) = line.checked_sub(1) else {
        return find(text, name);
    };
    let start: usize = text.split_inclusive('\n').take(above).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let within = find(rest, name);
    if within.is_empty() {
        return start..start + rest.lines().next().map_or(0, str::len);
    }
    start + within.start..start + within.end
}

/// The first place of a name in a text.
fn find(text: &str, name: &str) -> Range<usize> {
    match text.find(name) {
        Some(start) => start..start + name.len(),
        None => 0..0,
    }
}
