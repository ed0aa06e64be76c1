//! The master alarm database as text and CSV.

use crate::priority::Priority;
use crate::rationale::Rationale;
use std::fmt::Write;

/// Columns of the CSV.
const COLUMNS: [&str; 34] = [
    "name",
    "unit",
    "kind",
    "class",
    "priority",
    "tag",
    "point",
    "limit",
    "engineering_unit",
    "deadband",
    "on_delay_s",
    "off_delay_s",
    "basis",
    "text_en",
    "text_zh",
    "causes_en",
    "causes_zh",
    "consequence_en",
    "consequence_zh",
    "action_en",
    "action_zh",
    "confirmation_en",
    "confirmation_zh",
    "respond_min",
    "severity",
    "override_reason",
    "latching",
    "shelve_max_min",
    "suppression",
    "modes",
    "first_out",
    "sop",
    "approved",
    "review_due",
];

/// Text that may stand in a field of CSV (RFC 4180).
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}

/// All records, one a line, with a head (RFC 4180, UTF-8).
pub fn csv(rationales: &[Rationale]) -> String {
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for r in rationales {
        let severities = [
            ("safety", r.severities.safety),
            ("environment", r.severities.environment),
            ("gmp", r.severities.gmp),
            ("asset", r.severities.asset),
            ("production", r.severities.production),
        ];
        let severities: Vec<String> = severities
            .into_iter()
            .filter(|(_, severity)| *severity != crate::priority::Severity::None)
            .map(|(what, severity)| format!("{what} {}", severity.word()))
            .collect();
        let suppression: Vec<String> = r
            .suppression
            .iter()
            .map(|when| format!("{} = {}: {}", when.tag, when.is, when.why))
            .collect();
        let modes: Vec<String> = r
            .modes
            .iter()
            .map(|mode| {
                let limit = mode.limit.map(|limit| format!(" limit {limit}"));
                let limit = limit.unwrap_or_default();
                format!("{} = {}{limit}: {}", mode.tag, mode.is, mode.why)
            })
            .collect();
        let shelf = if r.shelving {
            (r.shelve_s_max / 60.0).to_string()
        } else {
            String::new()
        };
        let approved = format!("{} {}", r.approval.who, r.approval.on);
        let (latching, limit) = (
            if r.latching { "yes" } else { "no" },
            r.limit.map_or_else(String::new, |limit| limit.to_string()),
        );
        let fields: [&str; COLUMNS.len()] = [
            &r.name,
            &r.unit,
            r.kind.word(),
            r.class.word(),
            r.priority.word(),
            &r.tag,
            &r.point,
            &limit,
            &r.engineering_unit,
            &r.deadband.to_string(),
            &r.on_delay_s.to_string(),
            &r.off_delay_s.to_string(),
            &r.basis,
            &r.text.en,
            &r.text.zh,
            &r.causes.en,
            &r.causes.zh,
            &r.consequence.en,
            &r.consequence.zh,
            &r.action.en,
            &r.action.zh,
            &r.confirmation.en,
            &r.confirmation.zh,
            &(r.respond_s / 60.0).to_string(),
            &severities.join("; "),
            &r.override_reason,
            latching,
            &shelf,
            &suppression.join("; "),
            &modes.join("; "),
            &r.first_out,
            &r.sop,
            approved.trim(),
            &r.review_due,
        ];
        let line: Vec<String> = fields.iter().map(|text| field(text)).collect();
        out.push_str(&line.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A table to read: one alarm a line, then how many of each priority.
pub fn text(rationales: &[Rationale]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    for r in rationales {
        let limit = r.limit.map_or_else(String::new, |limit| {
            format!("{limit} {}", r.engineering_unit)
        });
        let _ = writeln!(
            out,
            "{:10} {:7} {:8} {:13} {:16} {:14} {}",
            r.name,
            r.priority.word(),
            r.kind.word(),
            r.class.word(),
            if r.point.is_empty() { &r.tag } else { &r.point },
            limit.trim_end(),
            r.text.en
        );
    }
    let of = |priority: Priority| rationales.iter().filter(|r| r.priority == priority).count();
    let counts: Vec<String> = Priority::ALL
        .into_iter()
        .filter(|priority| of(*priority) > 0)
        .map(|priority| format!("{} {}", of(priority), priority.word()))
        .collect();
    let _ = writeln!(out, "{} alarms: {}", rationales.len(), counts.join(", "));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_commas_and_quotes_stay_one_field() {
        let mut alarm = Rationale::named("TAH-101");
        alarm.action.en = "close \"XV-101A\", then wait".to_string();
        let text = csv(&[alarm]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].split(',').count(), COLUMNS.len());
        assert!(lines[1].contains(",\"close \"\"XV-101A\"\", then wait\","));
        let quoted_comma = 1;
        assert_eq!(lines[1].split(',').count(), COLUMNS.len() + quoted_comma);
    }

    #[test]
    fn the_table_counts_what_it_lists() {
        let mut urgent = Rationale::named("UA-01");
        urgent.priority = Priority::P1;
        let table = text(&[urgent, Rationale::named("TAH-101")]);
        assert!(table.ends_with("2 alarms: 1 p1, 1 p3\n"), "{table}");
    }
}
