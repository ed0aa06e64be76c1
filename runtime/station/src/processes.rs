//! `scanloop processes`: the requirements of supervised processes and how a plant
//! meets them, as a table, JSON and CSV.

use plant::processes::{Process, Requirement};
use plant::supervised::{Completeness, CompletenessRow};
use serde_json::{Value, json};
use std::fmt::Write;

/// A table for people, unit by unit and process by process, with a count under each.
pub fn table(rows: &[CompletenessRow]) -> String {
    let mut out = String::new();
    let same =
        |a: &CompletenessRow, b: &CompletenessRow| a.unit == b.unit && a.process == b.process;
    for group in rows.chunk_by(same) {
        let Some(first) = group.first() else { continue };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}: {} · {} ({})",
            first.unit, first.title.en, first.title.zh, first.process
        );
        for row in group {
            let Requirement { id, kind, text, .. } = &row.requirement;
            let _ = writeln!(
                out,
                "  {:<8} {id}  {:<9}  {} · {}{}",
                row.state.word(),
                kind.word(),
                text.en,
                text.zh,
                match answer(&row.state) {
                    words if words.is_empty() => String::new(),
                    words => format!("  [{words}]"),
                }
            );
        }
        let count = |word: &str| group.iter().filter(|row| row.state.word() == word).count();
        let _ = writeln!(
            out,
            "  {} requirements: {} mapped, {} waived, {} missing",
            group.len(),
            count("mapped"),
            count("waived"),
            count("missing")
        );
    }
    if rows.is_empty() {
        out.push_str("no unit of this plant declares a supervised process\n");
    }
    out
}

fn answer(state: &Completeness) -> String {
    match state {
        Completeness::Mapped(by) => by.join(", "),
        Completeness::Waived { why, by } => format!("{why}; {by}"),
        Completeness::Missing => String::new(),
    }
}

/// The same for programs.
pub fn to_json(rows: &[CompletenessRow]) -> Value {
    rows.iter()
        .map(|row| {
            let mut value = requirement_json(&row.requirement);
            value["unit"] = json!(row.unit);
            value["process"] = json!(row.process);
            value["state"] = json!(row.state.word());
            match &row.state {
                Completeness::Mapped(by) => value["mapped"] = json!(by),
                Completeness::Waived { why, by } => {
                    value["waived"] = json!(why);
                    value["by"] = json!(by);
                }
                Completeness::Missing => {}
            }
            value
        })
        .collect()
}

fn requirement_json(row: &Requirement) -> Value {
    json!({
        "id": row.id,
        "kind": row.kind.word(),
        "text": { "en": row.text.en, "zh": row.text.zh },
        "source": row.source,
        "confidence": row.confidence,
    })
}

/// The same for spreadsheets.
///
/// # Errors
/// In the words of the writer; not for memory.
pub fn to_csv(rows: &[CompletenessRow]) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = [
        "unit",
        "process",
        "id",
        "kind",
        "state",
        "answer",
        "en",
        "zh",
        "source",
        "confidence",
    ];
    let wrong = |error: csv::Error| error.to_string();
    writer.write_record(head).map_err(wrong)?;
    for row in rows {
        let required = &row.requirement;
        let answer = crate::tags_csv::safe(&answer(&row.state));
        let record = [
            &row.unit,
            &row.process,
            &required.id,
            required.kind.word(),
            row.state.word(),
            &answer,
            &required.text.en,
            &required.text.zh,
            &required.source,
            &required.confidence,
        ];
        writer.write_record(record).map_err(wrong)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// The lists themselves.
pub fn list<'p>(processes: impl Iterator<Item = &'p Process>) -> String {
    let mut processes: Vec<&Process> = processes.collect();
    processes.sort_by_key(|process| (process.number.unwrap_or(u32::MAX), &process.key));
    let mut out = String::new();
    for process in processes {
        let number = process.number.map_or_else(String::new, |n| n.to_string());
        let _ = writeln!(
            out,
            "{number:>2} {} · {} · {} (version {})",
            process.key, process.title.en, process.title.zh, process.version
        );
        for row in &process.requirements {
            let _ = writeln!(
                out,
                "   {}  {:<9}  {} · {}  ({}, {})",
                row.id,
                row.kind.word(),
                row.text.en,
                row.text.zh,
                row.source,
                row.confidence
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use plant::processes::library;

    fn rows() -> Vec<CompletenessRow> {
        let library = library();
        let process = &library["nitration"];
        let states = [
            Completeness::Mapped(vec!["TT-1.PV".into(), "TT-2.PV".into()]),
            Completeness::Waived {
                why: "=no agitator".into(),
                by: "J. Doe".into(),
            },
            Completeness::Missing,
        ];
        process
            .requirements
            .iter()
            .zip(states)
            .map(|(requirement, state)| CompletenessRow {
                unit: "R-1".into(),
                process: process.key.clone(),
                title: process.title.clone(),
                requirement: requirement.clone(),
                state,
            })
            .collect()
    }

    #[test]
    fn the_three_forms_say_the_same_in_both_languages() {
        let rows = rows();
        let text = table(&rows);
        assert!(text.contains("R-1: Nitration · 硝化工艺"));
        assert!(text.contains("mapped   NIT-P01"), "{text}");
        assert!(text.contains("3 requirements: 1 mapped, 1 waived, 1 missing"));
        let json = to_json(&rows);
        assert_eq!(json[0]["mapped"][1], "TT-2.PV");
        assert_eq!(json[1]["by"], "J. Doe");
        assert_eq!(json[2]["state"], "missing");
        assert_eq!(json[2]["text"]["zh"], rows[2].requirement.text.zh.as_str());
        let csv = to_csv(&rows).unwrap();
        assert_eq!(csv.lines().count(), 4);
        // No spreadsheet takes it for a formula.
        assert!(csv.contains("'=no agitator"), "{csv}");
    }

    #[test]
    fn the_list_names_all_eighteen_in_their_order() {
        let text = list(library().values());
        assert!(text.starts_with(" 1 phosgenation"), "{text}");
        assert!(text.contains("\n18 azo-coupling"));
        assert!(table(&[]).contains("no unit"));
    }
}
