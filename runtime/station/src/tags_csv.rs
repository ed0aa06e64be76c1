//! `scanloop tags`: the tags of a plant as CSV, and back.

use crate::kinds;
use plant::{Plant, Sources};
use scan::TagOrigin;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// Columns of the CSV.
pub const COLUMNS: [&str; 14] = [
    "name", "task", "origin", "kind", "unit", "lo", "hi", "ll", "l", "h", "hh", "initial",
    "desc_en", "desc_zh",
];

/// Why an import failed; the files are then as they were.
#[derive(Debug)]
pub struct ImportError {
    /// What is wrong, with line numbers where known.
    pub message: String,
}

impl core::fmt::Display for ImportError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for ImportError {}

fn wrong(message: impl Into<String>) -> ImportError {
    ImportError {
        message: message.into(),
    }
}

/// A text that no spreadsheet takes for a formula.
pub(crate) fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '@', '\t', '\r'])
        || (text.starts_with('-') && text.parse::<f64>().is_err())
    {
        format!("'{text}")
    } else {
        text.to_string()
    }
}

/// All tags of a plant as CSV (UTF-8, RFC 4180), sorted by name.
pub fn export(plant: &Plant) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(COLUMNS);
    let linked = plant.link();
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for task in &linked.tasks {
        for (name, entry) in &task.linked.tags {
            if name.contains('/') {
                continue;
            }
            let draft = plant.tags.get(name);
            let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
            let origin = match entry.origin {
                TagOrigin::Source(_) => "source",
                TagOrigin::Block(_) => "block",
                TagOrigin::Operator => "operator",
            };
            let limits = draft.map(|draft| draft.limits).unwrap_or_default();
            let desc = draft.map(|draft| draft.desc.clone()).unwrap_or_default();
            rows.insert(
                name.clone(),
                vec![
                    safe(name),
                    task.name.clone(),
                    origin.into(),
                    entry.kind.to_string(),
                    entry.unit.map(|unit| unit.to_string()).unwrap_or_default(),
                    number(entry.range.map(|range| range.0)),
                    number(entry.range.map(|range| range.1)),
                    number(limits.ll),
                    number(limits.l),
                    number(limits.h),
                    number(limits.hh),
                    number(
                        (entry.origin == TagOrigin::Operator)
                            .then(|| entry.kind.to_f64(entry.initial)),
                    ),
                    safe(&desc.en),
                    safe(&desc.zh),
                ],
            );
        }
    }
    for row in rows.values() {
        let _ = writer.write_record(row);
    }
    writer
        .into_inner()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

/// Takes descriptions and limits (`desc_en`, `desc_zh`, `ll`, `l`, `h`, `hh`) of a
/// CSV into the plant's text, comments kept. A tag without a `[[tag]]` entry gets
/// one in the first unit file if its row has both descriptions. Everything is
/// checked before any file is replaced. Returns the files changed.
///
/// # Errors
/// [`ImportError`] with line numbers.
pub fn import(folder: &Path, plant: &Plant, csv_text: &str) -> Result<Vec<PathBuf>, ImportError> {
    let mut reader = csv::Reader::from_reader(csv_text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| wrong(error.to_string()))?
        .clone();
    if !headers.iter().any(|header| header == "name") {
        return Err(wrong("line 1: there is no column \"name\""));
    }
    let mut documents: Vec<(String, DocumentMut)> = plant
        .sources
        .files()
        .iter()
        .filter(|(name, _)| may_hold_tags(name))
        .map(|(name, text)| {
            text.parse::<DocumentMut>()
                .map(|document| (name.clone(), document))
                .map_err(|error| wrong(format!("{name}: {error}")))
        })
        .collect::<Result<_, _>>()?;
    let known: Vec<String> = plant
        .link()
        .tasks
        .iter()
        .flat_map(|task| task.linked.tags.keys().cloned())
        .collect();
    for (at, record) in reader.records().enumerate() {
        let line = at + 2;
        let record = record.map_err(|error| wrong(format!("line {line}: {error}")))?;
        let row: BTreeMap<&str, &str> = headers
            .iter()
            .zip(record.iter())
            .map(|(header, value)| (header, value.trim().trim_start_matches('\'')))
            .collect();
        let name = row.get("name").copied().unwrap_or_default();
        if !known.iter().any(|tag| tag == name) {
            return Err(wrong(format!(
                "line {line}: the plant has no tag \"{name}\""
            )));
        }
        take_row(&mut documents, name, &row, line)?;
    }
    // Matrices, scripts and the like stay as they are.
    let files: Vec<(String, String)> = plant
        .sources
        .files()
        .iter()
        .map(|(name, text)| {
            let taken = documents.iter().find(|(changed, _)| changed == name);
            let text = taken.map_or_else(|| text.clone(), |(_, document)| document.to_string());
            (name.clone(), text)
        })
        .collect();
    plant::load_sources(
        Sources::from_texts(files.clone()),
        &kinds::blocks(),
        &kinds::Drivers,
    )
    .map_err(|(sources, problems)| {
        wrong(format!(
            "with these rows the plant has problems:\n{}",
            problems.render(&sources)
        ))
    })?;
    let mut changed = Vec::new();
    for ((name, text), (_, before)) in files.iter().zip(plant.sources.files()) {
        if text != before {
            let path = folder.join(name);
            replace(&path, text).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
            changed.push(path);
        }
    }
    Ok(changed)
}

/// Whether `[[tag]]` may stand in this file of a plant.
fn may_hold_tags(name: &str) -> bool {
    name == "plant.toml" || is_unit(name)
}

fn is_unit(name: &str) -> bool {
    name.starts_with("units/")
}

/// Write beside, sync, rename over, sync the folder.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("toml.new");
    std::fs::write(&beside, text)?;
    std::fs::File::open(&beside)?.sync_all()?;
    std::fs::rename(&beside, path)?;
    journal::storage::sync_folder(path)
}

fn take_row(
    documents: &mut [(String, DocumentMut)],
    name: &str,
    row: &BTreeMap<&str, &str>,
    line: usize,
) -> Result<(), ImportError> {
    let field = |key: &str| row.get(key).copied().filter(|text| !text.is_empty());
    let mut limits = Vec::new();
    for key in ["ll", "l", "h", "hh"] {
        if let Some(text) = field(key) {
            let value: f64 = text
                .parse()
                .map_err(|_| wrong(format!("line {line}: {key} = \"{text}\" is not a number")))?;
            limits.push((key, value));
        }
    }
    let desc = match (field("desc_en"), field("desc_zh")) {
        (Some(en), Some(zh)) => Some((en, zh)),
        (None, None) => None,
        _ => {
            return Err(wrong(format!(
                "line {line}: a description is given in both languages"
            )));
        }
    };
    if limits.is_empty() && desc.is_none() {
        return Ok(());
    }
    let place = documents.iter().position(|(_, document)| {
        tables(document).is_some_and(|tags| tags.iter().any(|tag| is_named(tag, name)))
    });
    let (index, is_new) = match (place, desc) {
        (Some(index), _) => (index, false),
        (None, Some(_)) => {
            let first = documents.iter().position(|(name, _)| is_unit(name));
            (
                first.ok_or_else(|| wrong("the plant has no file of a unit"))?,
                true,
            )
        }
        (None, None) => {
            return Err(wrong(format!(
                "line {line}: a new entry needs descriptions"
            )));
        }
    };
    let document = &mut documents[index].1;
    if is_new {
        let tags = document
            .entry("tag")
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(tags) = tags.as_array_of_tables_mut() {
            let mut table = Table::new();
            table["name"] = toml_edit::value(name);
            tags.push(table);
        }
    }
    let tag = document
        .get_mut("tag")
        .and_then(Item::as_array_of_tables_mut)
        .and_then(|tags| tags.iter_mut().find(|tag| is_named(tag, name)))
        .ok_or_else(|| wrong(format!("line {line}: {name} could not be written")))?;
    for (key, value) in limits {
        if tag.get(key).and_then(number) != Some(value) {
            tag[key] = toml_edit::value(value);
        }
    }
    if let Some((en, zh)) = desc {
        let same = |key: &str, text: &str| {
            tag.get("desc")
                .and_then(|desc| desc.get(key))
                .and_then(Item::as_str)
                == Some(text)
        };
        if !(same("en", en) && same("zh", zh)) {
            let mut words = InlineTable::new();
            words.insert("en", en.into());
            words.insert("zh", zh.into());
            tag["desc"] = toml_edit::value(Value::InlineTable(words));
        }
    }
    Ok(())
}

fn tables(document: &DocumentMut) -> Option<&ArrayOfTables> {
    document.get("tag").and_then(Item::as_array_of_tables)
}

fn is_named(tag: &Table, name: &str) -> bool {
    tag.get("name").and_then(Item::as_str) == Some(name)
}

fn number(item: &Item) -> Option<f64> {
    item.as_float()
        .or_else(|| item.as_integer().map(|int| int as f64))
}
