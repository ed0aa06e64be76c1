//! Records copied out, for people and for other programs.

use journal::ledger::Entry;
use serde_json::{Value as Json, json};
use signal::Utc;

/// Columns of the CSV.
pub const COLUMNS: [&str; 15] = [
    "seq",
    "utc",
    "offset_min",
    "env",
    "scan",
    "class",
    "kind",
    "who",
    "session",
    "second",
    "what",
    "object",
    "old",
    "new",
    "why",
];

/// Records as CSV. A text that a spreadsheet would take for a formula gets an apostrophe
/// before it (OWASP, CSV injection).
///
/// # Errors
/// The writer's words.
pub fn csv<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(COLUMNS)
        .map_err(|error| error.to_string())?;
    for entry in entries {
        writer
            .write_record(row(entry))
            .map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

fn row(entry: &Entry) -> [String; 15] {
    let value = |value: &Option<journal::ledger::Value>| match value {
        Some(journal::ledger::Value::Text(text)) => tame(text),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let kind = serde_json::to_value(entry.who.kind).unwrap_or_default();
    [
        entry.seq.to_string(),
        Utc(entry.utc_ns).to_string(),
        entry.offset_min.to_string(),
        entry.env.clone(),
        entry.scan.map(|scan| scan.to_string()).unwrap_or_default(),
        entry.class.word().to_string(),
        kind.as_str().unwrap_or_default().to_string(),
        tame(&entry.who.name),
        tame(entry.who.session.as_deref().unwrap_or("")),
        tame(entry.who.second.as_deref().unwrap_or("")),
        tame(&entry.what),
        tame(&entry.subject),
        value(&entry.old),
        value(&entry.new),
        tame(&entry.why_signed()),
    ]
}

fn tame(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_string()
    }
}

/// A record as JSON, with its number.
pub fn to_json(entry: &Entry) -> Json {
    let mut value = serde_json::to_value(entry).unwrap_or_else(|_| json!({}));
    value["seq"] = json!(entry.seq);
    value["utc"] = json!(Utc(entry.utc_ns).to_string());
    value
}

/// A record as a line to read.
pub fn line(entry: &Entry) -> String {
    let mut line = format!(
        "{:>7}  {}  {:<4}  {:<9}  {}  {}",
        entry.seq,
        Utc(entry.utc_ns),
        entry.env,
        entry.class.word(),
        entry.who,
        entry.what
    );
    if !entry.subject.is_empty() {
        line += &format!(" {}", entry.subject);
    }
    match (&entry.old, &entry.new) {
        (Some(old), Some(new)) => line += &format!(": {old} -> {new}"),
        (None, Some(new)) => line += &format!(": {new}"),
        (Some(old), None) => line += &format!(": was {old}"),
        (None, None) => {}
    }
    let why = entry.why_signed();
    if !why.is_empty() {
        line += &format!(" ({why})");
    }
    line.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::ledger::{Actor, Value};

    #[test]
    fn no_text_becomes_a_formula_and_numbers_stay_numbers() {
        let entry = Entry {
            seq: 3,
            who: Actor::person("=cmd()"),
            what: "write".into(),
            subject: "TIC-101.SP".into(),
            old: Some(Value::from(-1.5)),
            new: Some(Value::Text("-1.5".into())),
            why: "a \"b\", c\nd".into(),
            ..Entry::default()
        };
        let text = csv([&entry]).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(&row[0], "3");
        assert_eq!(&row[1], "1970-01-01T00:00:00.000Z");
        assert_eq!(&row[7], "'=cmd()");
        assert_eq!((&row[12], &row[13]), ("-1.5", "'-1.5"));
        assert_eq!(&row[14], "a \"b\", c\nd");
        assert_eq!(line(&entry).lines().count(), 1);
        assert_eq!(to_json(&entry)["seq"], 3);
    }
}
