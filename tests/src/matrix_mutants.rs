//! Wrong editions of a plant's cause-and-effect matrix: each differs from the right one
//! in one thing that somebody could have got wrong.

use matrix::EffectKind;
use plant::{Plant, Sources};
use std::path::Path;
use toml::{Table, Value};

/// One wrong edition.
pub struct Mutant {
    /// What is wrong.
    pub what: String,
    /// The row that is touched.
    pub cause: String,
    /// Why nobody could tell the difference, if so.
    pub equivalent: Option<&'static str>,
    /// Whether it gives a word to a cell that says nothing: there are many of these.
    pub is_of_blank: bool,
    files: Vec<(String, String)>,
}

impl Mutant {
    /// Loads it.
    ///
    /// # Errors
    /// If the text itself is refused.
    pub fn load(&self) -> Result<Plant, String> {
        load(self.files.clone())
    }
}

fn load(files: Vec<(String, String)>) -> Result<Plant, String> {
    let sources = Sources::from_texts(files);
    plant::load_sources(sources, &station::kinds::blocks(), &station::kinds::Drivers)
        .map_err(|(sources, problems)| problems.render(&sources))
}

/// A plant of `plants/`.
///
/// # Panics
/// If it has a problem.
pub fn plant(name: &str) -> Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../plants")
        .join(name);
    match plant::load(&folder, &station::kinds::blocks(), &station::kinds::Drivers) {
        Ok(plant) => plant,
        Err((sources, problems)) => panic!("{}", problems.render(&sources)),
    }
}

/// The right edition, its matrices written anew: what is refused or caught of mutants
/// is so for what they change.
///
/// # Errors
/// If the text itself is refused.
pub fn rewritten(plant: &Plant) -> Result<Plant, String> {
    let mut files = plant.sources.files().to_vec();
    for (name, text) in &mut files {
        if name.starts_with("matrix/")
            && let Ok(table) = text.parse::<Table>()
        {
            *text = table.to_string();
        }
    }
    load(files)
}

/// Every wrong edition of the matrices of a plant, in the order of rows and columns.
pub fn all(plant: &Plant) -> Vec<Mutant> {
    let files = plant.sources.files().to_vec();
    let mut mutants = Vec::new();
    for (place, (name, text)) in files.iter().enumerate() {
        if name.starts_with("matrix/") && name.ends_with(".csv") {
            grid(plant, &files, place, text, &mut mutants);
        } else if name.starts_with("matrix/")
            && let Ok(table) = text.parse::<Table>()
        {
            causes(&files, place, &table, &mut mutants);
            effects(plant, &files, place, &table, &mut mutants);
            bypass(&files, place, &table, &mut mutants);
        }
    }
    mutants
}

fn with(files: &[(String, String)], place: usize, text: String) -> Vec<(String, String)> {
    let mut files = files.to_vec();
    files[place].1 = text;
    files
}

/// Words for a cell that says nothing: what its column can say, each kind once.
fn words_of(plant: &Plant, effect: &str) -> &'static [&'static str] {
    let mut matrices = plant.matrices.iter().map(|draft| &draft.matrix);
    let kind = matrices.find_map(|matrix| Some(&matrix.effects[matrix.effect(effect)?].kind));
    match kind {
        Some(EffectKind::Final(_)) => &["X", "P"],
        Some(EffectKind::Annunciate) => &["P2"],
        _ => &["Y"],
    }
}

/// Every cell taken away, changed, moved; every blank one given each word.
fn grid(
    plant: &Plant,
    files: &[(String, String)],
    place: usize,
    text: &str,
    mutants: &mut Vec<Mutant>,
) {
    let cells: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split(',').map(str::trim).collect())
        .collect();
    let head = &cells[0];
    for (row, line) in cells.iter().enumerate().skip(1) {
        for (column, cell) in line.iter().enumerate().skip(1) {
            let mut mutant = |what: &str, changes: &[(usize, &str)]| {
                let mut other = cells.clone();
                for (column, word) in changes {
                    if other[row].len() <= *column {
                        other[row].resize(column + 1, "");
                    }
                    other[row][*column] = word;
                }
                let lines: Vec<String> = other.iter().map(|line| line.join(",")).collect();
                mutants.push(Mutant {
                    what: format!("{} × {}: {cell} {what}", line[0], head[column])
                        .replace("  ", " "),
                    cause: line[0].to_string(),
                    equivalent: None,
                    is_of_blank: cell.is_empty(),
                    files: with(files, place, lines.join("\n") + "\n"),
                });
            };
            if cell.is_empty() {
                for word in words_of(plant, head[column]) {
                    mutant(&format!("blank becomes {word}"), &[(column, word)]);
                }
                continue;
            }
            mutant("taken away", &[(column, "")]);
            let others: &[&str] = match *cell {
                "X" => &["x", "T(5)", "P"],
                "x" => &["X", "T(5)", "P"],
                "P/X" => &["P", "X", "P/x"],
                "P1" => &["P2", "P3", "P1 gas"],
                "P2" => &["P1", "P3"],
                "P1 gas" => &["P1"],
                "P1 ESD" => &["P1"],
                cell if cell.starts_with("T(") => &["X", "x", "T(29)", "T(31)"],
                _ => &[],
            };
            for other in others {
                mutant(&format!("becomes {other}"), &[(column, other)]);
            }
            let next = if column + 1 < head.len() {
                column + 1
            } else {
                column - 1
            };
            let to = format!("moves to {}", head[next]);
            mutant(&to, &[(column, ""), (next, cell)]);
        }
    }
}

/// Every cause with another limit, vote, delay, rule for bad channels, arming.
fn causes(files: &[(String, String)], place: usize, table: &Table, mutants: &mut Vec<Mutant>) {
    let Some(Value::Array(causes)) = table.get("cause") else {
        return;
    };
    for (row, cause) in causes.iter().enumerate() {
        let Value::Table(cause) = cause else { continue };
        let id = cause["id"].as_str().unwrap_or_default();
        let mut mutant = |what: String, equivalent, change: &dyn Fn(&mut Table)| {
            let mut other = table.clone();
            if let Some(Value::Array(causes)) = other.get_mut("cause")
                && let Some(Value::Table(cause)) = causes.get_mut(row)
            {
                change(cause);
            }
            mutants.push(Mutant {
                what: format!("{id}: {what}"),
                cause: id.to_string(),
                equivalent,
                is_of_blank: false,
                files: with(files, place, other.to_string()),
            });
        };
        let channels = cause
            .get("of")
            .or_else(|| cause.get("any"))
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        for (word, part) in [("1 % higher", 1.0), ("1 % lower", -1.0)] {
            for key in ["limit", "hysteresis"] {
                if let Some(value) = cause.get(key).and_then(Value::as_float) {
                    let other = value + part * one_percent(value);
                    mutant(format!("{key} {word}"), None, &|cause| {
                        cause.insert(key.into(), Value::Float(other));
                    });
                }
            }
            if let Some(delay) = cause.get("on_delay_s").and_then(Value::as_float) {
                let other = (delay + part).max(0.0);
                mutant(format!("on_delay_s {other}"), None, &|cause| {
                    cause.insert("on_delay_s".into(), Value::Float(other));
                });
            } else if part > 0.0 {
                mutant("on_delay_s 1".into(), None, &|cause| {
                    cause.insert("on_delay_s".into(), Value::Float(1.0));
                });
            }
            if let Some(oos) = cause.get("oos_s").and_then(Value::as_float) {
                let other = oos + part;
                mutant(format!("oos_s {other}"), None, &|cause| {
                    cause.insert("oos_s".into(), Value::Float(other));
                });
            }
        }
        if let Some(Value::Array(rows)) = cause.get("any") {
            for (n, channel) in rows.iter().enumerate() {
                rows_of(n, channel, &mut |what, change| {
                    mutant(what, None, &|cause| {
                        if let Some(Value::Array(rows)) = cause.get_mut("any")
                            && let Some(Value::Table(row)) = rows.get_mut(n)
                        {
                            change(row);
                        }
                    });
                });
            }
        }
        let m: usize = cause
            .get("vote")
            .and_then(Value::as_str)
            .and_then(|vote| vote.split_once("oo")?.0.parse().ok())
            .unwrap_or(1);
        for other in [m.wrapping_sub(1), m + 1] {
            let vote = format!("{}oo{channels}", other as isize);
            mutant(format!("vote {vote}"), None, &|cause| {
                cause.insert("vote".into(), Value::String(vote.clone()));
            });
        }
        let on_bad = cause.get("on_bad").and_then(Value::as_str);
        let on_bad = on_bad.unwrap_or("trip");
        for other in ["trip", "no-trip", "exclude"] {
            if other == on_bad {
                continue;
            }
            let is_same = channels == 1 && other != "no-trip" && on_bad != "no-trip";
            let why = is_same.then_some("without its only channel nobody watches: that trips too");
            mutant(format!("on_bad {other}"), why, &|cause| {
                cause.insert("on_bad".into(), Value::String(other.into()));
            });
        }
        for key in ["armed", "mos", "oos_s"] {
            if cause.contains_key(key) {
                mutant(format!("{key} removed"), None, &|cause| {
                    cause.remove(key);
                });
            }
        }
        if !cause.contains_key("mos") {
            mutant("mos permitted".into(), None, &|cause| {
                cause.insert("mos".into(), Value::Boolean(true));
            });
        }
        if !cause.contains_key("oos_s") {
            mutant("oos_s permitted".into(), None, &|cause| {
                cause.insert("oos_s".into(), Value::Float(300.0));
            });
        }
        if let Some(when) = cause.get("when").and_then(Value::as_str) {
            let other = if when == "above" { "below" } else { "above" };
            mutant(format!("when {other}"), None, &|cause| {
                cause.insert("when".into(), Value::String(other.into()));
            });
        }
        for n in 0..channels {
            mutant(format!("channel {} forgotten", n + 1), None, &|cause| {
                for key in ["of", "any"] {
                    if let Some(Value::Array(list)) = cause.get_mut(key) {
                        list.remove(n);
                    }
                }
                let left = channels - 1;
                let vote = format!("{}oo{left}", m.min(left));
                cause.insert("vote".into(), Value::String(vote));
            });
        }
    }
}

/// Every action gone, or to another position, or in another reset group.
fn effects(
    plant: &Plant,
    files: &[(String, String)],
    place: usize,
    table: &Table,
    mutants: &mut Vec<Mutant>,
) {
    let Some(Value::Array(effects)) = table.get("effect") else {
        return;
    };
    for (column, effect) in effects.iter().enumerate() {
        let Some(Value::Array(acts)) = effect.get("acts") else {
            continue;
        };
        let id = effect["id"].as_str().unwrap_or_default();
        let mut mutant = |what: String, equivalent, change: &dyn Fn(&mut Table)| {
            let mut other = table.clone();
            if let Some(Value::Array(effects)) = other.get_mut("effect")
                && let Some(Value::Table(effect)) = effects.get_mut(column)
            {
                change(effect);
            }
            mutants.push(Mutant {
                what: format!("{id}: {what}"),
                cause: first_cause(plant, id),
                equivalent,
                is_of_blank: false,
                files: with(files, place, other.to_string()),
            });
        };
        for (n, act) in acts.iter().enumerate() {
            let device = act["device"].as_str().unwrap_or_default();
            let why = is_shadowed(plant, id, device)
                .then_some("every row of this column demands the same by an earlier one");
            mutant(format!("{device} forgotten"), why, &|effect| {
                if let Some(Value::Array(acts)) = effect.get_mut("acts") {
                    acts.remove(n);
                }
            });
            let other = match (act.get("to").and_then(Value::as_str), act.get("value")) {
                (Some("open"), _) => ("to", Value::String("closed".into())),
                (Some("closed"), _) => ("to", Value::String("open".into())),
                (None, Some(Value::Float(value))) => (
                    "value",
                    Value::Float(if *value > 50.0 { 99.0 } else { 1.0 }),
                ),
                _ => continue,
            };
            mutant(format!("{device} to {}", other.1), why, &|effect| {
                if let Some(Value::Array(acts)) = effect.get_mut("acts")
                    && let Some(Value::Table(act)) = acts.get_mut(n)
                {
                    act.insert(other.0.into(), other.1.clone());
                }
            });
        }
        let groups = table.get("group").and_then(Value::as_array);
        for group in groups.into_iter().flatten() {
            if group.get("name") != effect.get("group") {
                let name = group["name"].clone();
                mutant(format!("group {name}"), None, &|effect| {
                    effect.insert("group".into(), name.clone());
                });
            }
        }
    }
}

/// The first row that acts in a column.
fn first_cause(plant: &Plant, effect: &str) -> String {
    let matrices = plant.matrices.iter().map(|draft| &draft.matrix);
    let mut found = matrices.filter_map(|matrix| {
        let column = matrix.effect(effect)?;
        let row = (0..matrix.causes.len()).find(|row| !matrix.cell(*row, column).is_empty())?;
        Some(matrix.causes[row].id.clone())
    });
    found.next().unwrap_or_default()
}

/// Whether an earlier column moves the device likewise whenever this one does.
fn is_shadowed(plant: &Plant, effect: &str, device: &str) -> bool {
    plant.matrices.iter().any(|draft| {
        let matrix = &draft.matrix;
        let Some(column) = matrix.effect(effect) else {
            return false;
        };
        let action = |column: usize| match &matrix.effects[column].kind {
            EffectKind::Final(acts) => acts.iter().find(|act| act.device() == device),
            _ => None,
        };
        (0..column).any(|earlier| {
            action(earlier).is_some()
                && action(earlier) == action(column)
                && (0..matrix.causes.len()).all(|row| {
                    let own = matrix.cell(row, column);
                    own.is_empty() || own == matrix.cell(row, earlier)
                })
        })
    })
}

/// Other limits of bypasses.
fn bypass(files: &[(String, String)], place: usize, table: &Table, mutants: &mut Vec<Mutant>) {
    let Some(Value::Table(rules)) = table.get("bypass") else {
        return;
    };
    for (key, value) in rules {
        let others = match value {
            Value::Integer(n) => vec![Value::Integer(n + 1), Value::Integer(n - 1)],
            Value::Float(n) if key == "expiry_h" => {
                vec![Value::Float(n + 0.1), Value::Float(n - 0.1)]
            }
            _ => continue,
        };
        for value in others {
            let mut other = table.clone();
            if let Some(Value::Table(rules)) = other.get_mut("bypass") {
                rules.insert(key.clone(), value.clone());
            }
            mutants.push(Mutant {
                what: format!("bypass: {key} {value}"),
                cause: String::new(),
                equivalent: None,
                is_of_blank: false,
                files: with(files, place, other.to_string()),
            });
        }
    }
}

/// A hundredth, or of zero a hundredth of a unit.
fn one_percent(value: f64) -> f64 {
    if value == 0.0 {
        0.01
    } else {
        value.abs() * 0.01
    }
}

/// Takes what is wrong, and the change that makes it so.
type Note<'n> = dyn FnMut(String, &dyn Fn(&mut Table)) + 'n;

fn rows_of(n: usize, channel: &Value, mutant: &mut Note<'_>) {
    let Value::Table(channel) = channel else {
        return;
    };
    for key in ["above", "below"] {
        let Some(value) = channel.get(key).and_then(Value::as_float) else {
            continue;
        };
        for part in [1.0, -1.0] {
            let other = value + part * one_percent(value);
            mutant(format!("channel {} {key} {other}", n + 1), &|row| {
                row.insert(key.into(), Value::Float(other));
            });
        }
        let swapped = if key == "above" { "below" } else { "above" };
        mutant(format!("channel {} {swapped} {value}", n + 1), &|row| {
            row.remove(key);
            row.insert(swapped.into(), Value::Float(value));
        });
    }
    if let Some(is) = channel.get("is").and_then(Value::as_bool) {
        mutant(format!("channel {} is {}", n + 1, !is), &|row| {
            row.insert("is".into(), Value::Boolean(!is));
        });
    }
}
