//! Who may import whom. A crate is a rule that the compiler keeps; this table is
//! the rule about the crates.

use crate::finding::Finding;
use crate::tree::Tree;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A crate, what it may import of the workspace, and why not more.
struct Row {
    name: &'static str,
    may_import: &'static [&'static str],
    may_use_tokio: bool,
    why: &'static str,
}

const STATION: &str = "scanloop";

const ROWS: [Row; 19] = [
    Row {
        name: "scanloop-signal",
        may_import: &[],
        may_use_tokio: false,
        why: "the nouns stand alone",
    },
    Row {
        name: "scanloop-scan",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "the kernel knows no thread, no socket and no clock",
    },
    Row {
        name: "scanloop-control-blocks",
        may_import: &["scanloop-signal", "scanloop-scan"],
        may_use_tokio: false,
        why: "a block computes numbers from numbers",
    },
    Row {
        name: "scanloop-matrix",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "what is proved of a matrix may not lean on what runs it",
    },
    Row {
        name: "scanloop-alarm",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "the life of an alarm is a function of events and of time as an argument",
    },
    Row {
        name: "scanloop-plant",
        may_import: &[
            "scanloop-signal",
            "scanloop-scan",
            "scanloop-alarm",
            "scanloop-matrix",
            "scanloop-people",
            "scanloop-notify",
        ],
        may_use_tokio: false,
        why: "kinds of blocks come in through a Registry that the station fills",
    },
    Row {
        name: "scanloop-journal",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "bytes that stay know nothing of what they mean",
    },
    Row {
        name: "scanloop-records",
        may_import: &["scanloop-signal", "scanloop-journal"],
        may_use_tokio: false,
        why: "a view over the ledger knows what is recorded and nothing else",
    },
    Row {
        name: "scanloop-people",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "who may do what is judged without the plant, the network and a clock",
    },
    Row {
        name: "scanloop-notify",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "a message carries its own words; what it is about is not known here",
    },
    Row {
        name: "scanloop-historian",
        may_import: &["scanloop-signal"],
        may_use_tokio: false,
        why: "samples come in as they are, and no clock but theirs is known",
    },
    Row {
        name: "scanloop-driver",
        may_import: &["scanloop-signal"],
        may_use_tokio: true,
        why: "a driver touches bytes of a device and never the scan",
    },
    Row {
        name: "scanloop-modbus",
        may_import: &[
            "scanloop-signal",
            "scanloop-driver",
            "scanloop-modbus-server",
        ],
        may_use_tokio: true,
        why: "a driver touches bytes of a device and never the scan",
    },
    Row {
        name: "scanloop-modbus-server",
        may_import: &["scanloop-signal", "scanloop-driver"],
        may_use_tokio: true,
        why: "a driver touches bytes of a device and never the scan",
    },
    Row {
        name: "scanloop-sim",
        may_import: &[
            "scanloop-signal",
            "scanloop-driver",
            "scanloop-modbus-server",
        ],
        may_use_tokio: true,
        why: "the simulated plant is reached as a real one is: through a device",
    },
    Row {
        name: "scanloop-gateway",
        may_import: &["scanloop-signal", "scanloop-journal", "scanloop-people"],
        may_use_tokio: true,
        why: "the desk door sees snapshots and records, not the scan",
    },
    Row {
        name: "scanloop-hmi",
        may_import: &["scanloop-signal", "scanloop-gateway"],
        may_use_tokio: true,
        why: "people reach the plant through the desk door only",
    },
    Row {
        name: "scanloop-scripts",
        may_import: &["scanloop-signal", "scanloop-gateway"],
        may_use_tokio: false,
        why: "scripts reach the plant through the desk door only",
    },
    Row {
        name: "xtask",
        may_import: &[],
        may_use_tokio: false,
        why: "the checker must build when nothing else does",
    },
];

/// May import everything: the composition root, and what tries the whole.
const ROOTS: [&str; 3] = [STATION, "scanloop-tests", "scanloop-benches"];

/// What everything stands on: not even its tests lean on anything above.
const TESTED_ALONE: [&str; 4] = [
    "scanloop-signal",
    "scanloop-scan",
    "scanloop-journal",
    "xtask",
];

/// A workspace member as cargo sees it.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its Cargo.toml, from the root.
    pub manifest: String,
    /// Roots of its library and binaries, from the project's root.
    pub roots: Vec<Root>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// The root file of a library or a binary.
#[derive(Clone, Debug)]
pub struct Root {
    /// Path from the project's root.
    pub path: String,
    /// A library, not a binary.
    pub is_library: bool,
}

/// One dependency.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// Its key in Cargo.toml.
    pub key: String,
    /// For tests only.
    pub is_dev: bool,
}

/// The workspace's members.
///
/// # Errors
/// A sentence if cargo cannot be run or says something unexpected.
pub fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo metadata failed: {said}"));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
    Ok(list(&metadata["packages"])
        .iter()
        .map(|package| read(package, root))
        .collect())
}

fn read(package: &Value, root: &Path) -> Package {
    let relative = |value: &Value| {
        let path = Path::new(text(value));
        let path = path.strip_prefix(root).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    };
    let roots = list(&package["targets"]).iter().filter_map(|target| {
        let kinds = list(&target["kind"]);
        let is = |wanted: &str| kinds.iter().any(|kind| text(kind) == wanted);
        (is("lib") || is("bin")).then(|| Root {
            path: relative(&target["src_path"]),
            is_library: is("lib"),
        })
    });
    let dependencies = list(&package["dependencies"]).iter().map(|dependency| {
        let name = text(&dependency["name"]).to_string();
        let key = dependency["rename"]
            .as_str()
            .map_or_else(|| name.clone(), str::to_string);
        Dependency {
            name,
            key,
            is_dev: dependency["kind"].as_str() == Some("dev"),
        }
    });
    Package {
        name: text(&package["name"]).to_string(),
        manifest: relative(&package["manifest_path"]),
        roots: roots.collect(),
        dependencies: dependencies.collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Every import that the table does not permit.
pub fn check(packages: &[Package], tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let members: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    for package in packages {
        let is_root = ROOTS.contains(&package.name.as_str());
        let row = ROWS.iter().find(|row| row.name == package.name);
        if row.is_none() && !is_root {
            let message = format!("{} has no row in the table of layers", package.name);
            findings.push(Finding::fail(&package.manifest, 0, "layers", message));
            continue;
        }
        for dependency in &package.dependencies {
            let mut fail = |message: String| {
                let line = line_of(tree, &package.manifest, &dependency.key);
                findings.push(Finding::fail(&package.manifest, line, "layers", message));
            };
            let (name, wanted) = (package.name.as_str(), dependency.name.as_str());
            if wanted == STATION && !is_root {
                fail(format!(
                    "{name} imports {STATION}: the station sees all and is seen by none"
                ));
                continue;
            }
            // Tests may look across, but the lowest crates are tested alone.
            if dependency.is_dev && !TESTED_ALONE.contains(&name) {
                continue;
            }
            let Some(row) = row else { continue };
            if members.contains(&wanted) && !row.may_import.contains(&wanted) {
                let permitted = match row.may_import {
                    [] => "nothing of the workspace".to_string(),
                    some => some.join(", "),
                };
                fail(format!(
                    "{name} may not import {wanted}: {}; it may import {permitted}",
                    row.why
                ));
            }
            let is_tokio = wanted == "tokio" || wanted.starts_with("tokio-");
            if is_tokio && !row.may_use_tokio {
                fail(format!("{name} may not use {wanted}: {}", row.why));
            }
        }
    }
    findings
}

fn line_of(tree: &Tree, manifest: &str, key: &str) -> usize {
    let starts = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    tree.get(manifest)
        .and_then(|file| file.lines().find(|(_, line)| starts(line)))
        .map_or(0, |(line, _)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        Package {
            name: name.to_string(),
            manifest: format!("{name}/Cargo.toml"),
            roots: Vec::new(),
            dependencies: dependencies
                .iter()
                .map(|(name, is_dev)| Dependency {
                    name: (*name).to_string(),
                    key: name.trim_start_matches("scanloop-").to_string(),
                    is_dev: *is_dev,
                })
                .collect(),
        }
    }

    fn found(packages: &[Package]) -> Vec<String> {
        let tree = Tree::of(&[(
            "scanloop-hmi/Cargo.toml",
            "[dependencies]\nscan.workspace = true\n",
        )]);
        check(packages, &tree)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_the_table_lists_is_permitted() {
        let workspace = [
            package("scanloop-signal", &[("libm", false)]),
            package("scanloop-scan", &[("scanloop-signal", false)]),
            package("scanloop", &[("scanloop-scan", false), ("tokio", false)]),
        ];
        assert_eq!(found(&workspace), [""; 0]);
    }

    #[test]
    fn an_import_upwards_is_reported_at_its_line() {
        let workspace = [
            package("scanloop-scan", &[]),
            package("scanloop-hmi", &[("scanloop-scan", false)]),
        ];
        let found = found(&workspace);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with(
            "scanloop-hmi/Cargo.toml:2: layers: scanloop-hmi may not import scanloop-scan"
        ));
    }

    #[test]
    fn nobody_imports_the_station_even_for_tests() {
        let workspace = [
            package("scanloop", &[]),
            package("scanloop-tests", &[("scanloop", false)]),
            package("scanloop-plant", &[("scanloop", true)]),
        ];
        assert_eq!(found(&workspace).len(), 1);
    }

    #[test]
    fn tests_may_look_across_but_not_those_of_the_kernel() {
        let workspace = [
            package("scanloop-sim", &[]),
            package("scanloop-plant", &[("scanloop-sim", true), ("tokio", true)]),
            package("scanloop-scan", &[("scanloop-sim", true)]),
        ];
        let found = found(&workspace);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("scanloop-scan may not import scanloop-sim"));
    }

    #[test]
    fn tokio_stays_above_the_scan() {
        let workspace = [package("scanloop-control-blocks", &[("tokio-util", false)])];
        assert!(found(&workspace)[0].contains("may not use tokio-util"));
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert!(found(&[package("scanloop-new", &[])])[0].contains("no row"));
    }
}
