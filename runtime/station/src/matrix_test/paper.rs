//! The result as a text for people and as CSV.

use super::tally::{Check, Verdict};
use std::fmt::Write;

/// What may be claimed, in English: part of every report.
pub const LIMIT_OF_CLAIM_EN: &str = "This software has not been developed or certified to IEC 61508/61511 or an equivalent standard; functions executed here may at most be credited as BPCS protection layers with RRF ≤ 10, subject to the user's own analysis.";
/// 中文.
pub const LIMIT_OF_CLAIM_ZH: &str = "本软件未按IEC 61508/61511或等效标准开发或认证;在此执行的功能最多可作为BPCS保护层计入,风险降低因子RRF≤10,且须经用户自行分析确认。";

fn word(passed: bool) -> &'static str {
    if passed { "PASS" } else { "FAIL" }
}

/// A table for people.
pub fn text(plant: &str, verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    for verdict in verdicts {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}  {plant}: matrix {}, task {}: {} cases, {} scans, {} checks, {} failures",
            word(verdict.passed()),
            verdict.sheet.matrix.name,
            verdict.sheet.task,
            verdict.cases,
            verdict.scans,
            verdict.checks(),
            verdict.failed
        );
        for (check, count) in verdict.by_check() {
            let _ = writeln!(
                out,
                "      {:<11} {:>10} checks {:>10} demanded {:>6} failures  {}",
                check.word(),
                count.checks,
                count.demanded,
                count.failures,
                check.word_zh()
            );
        }
        let _ = writeln!(
            out,
            "      {:<11} {:>10} checks\n      {:<11} {:>10} checks",
            "devices", verdict.device_checks, "rows", verdict.row_checks
        );
        grid(&mut out, verdict);
        responses(&mut out, verdict);
        for (row, column) in verdict.never_alone() {
            let matrix = &verdict.sheet.matrix;
            let _ = writeln!(
                out,
                "      note: {} × {} was never seen to act alone: another row always demanded it too",
                matrix.causes[row].id, matrix.effects[column].id
            );
        }
        for note in &verdict.notes {
            let _ = writeln!(out, "      note: {note}");
        }
        for failure in &verdict.failures {
            let _ = writeln!(
                out,
                "      NOT {} [{}]: {} is {}, wanted {}",
                failure.case,
                failure.check.word(),
                failure.what,
                failure.found,
                failure.wanted
            );
        }
        let untold = verdict.failed - verdict.failures.len() as u64;
        if untold > 0 {
            let _ = writeln!(out, "      and {untold} more failures");
        }
    }
    if verdicts.is_empty() {
        let _ = writeln!(out, "{plant} has no cause-and-effect matrix");
    }
    out
}

/// Checks a cell, in thousands where there are many.
fn grid(out: &mut String, verdict: &Verdict) {
    let matrix = &verdict.sheet.matrix;
    let _ = write!(out, "      checks     ");
    for effect in &matrix.effects {
        let _ = write!(out, " {:>9}", effect.id);
    }
    out.push('\n');
    for (row, cause) in matrix.causes.iter().enumerate() {
        let _ = write!(out, "      {:<11}", cause.id);
        for column in 0..matrix.effects.len() {
            let cell = matrix.cell(row, column);
            let symbols: Vec<String> = cell.iter().map(ToString::to_string).collect();
            let total = verdict.total(Some(row), column);
            let mark = if total.failures > 0 { "!" } else { "" };
            let said = format!("{}{} {}", mark, symbols.join("/"), total.checks);
            let _ = write!(out, " {said:>9}");
        }
        out.push('\n');
    }
}

fn responses(out: &mut String, verdict: &Verdict) {
    for response in &verdict.responses {
        let Some(seconds) = response.seconds else {
            continue;
        };
        let _ = writeln!(
            out,
            "      {} {:<5}{:>3} scans = {seconds:>5.1} s from cause to command{}{}",
            if response.is_in_time() { "ok " } else { "NOT" },
            verdict.sheet.matrix.causes[response.row].id,
            response.scans.unwrap_or_default(),
            response
                .limit_s
                .map_or_else(String::new, |limit| format!(", permitted {limit} s")),
            if response.is_priority_1 { ", P1" } else { "" }
        );
    }
}

/// A line for each cell and kind of check, then the response times, then failures.
///
/// # Errors
/// In the words of the writer; not for memory.
pub fn csv(verdicts: &[Verdict]) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    let wrong = |error: csv::Error| error.to_string();
    let head = [
        "matrix", "cause", "effect", "symbol", "check", "checks", "demanded", "alone", "failures",
        "verdict",
    ];
    writer.write_record(head).map_err(wrong)?;
    for verdict in verdicts {
        let matrix = &verdict.sheet.matrix;
        let rows = (0..matrix.causes.len()).map(Some).chain([None]);
        for row in rows {
            for column in 0..matrix.effects.len() {
                for check in Check::ALL {
                    let count = verdict.count(row, column, check);
                    if count.checks == 0 {
                        continue;
                    }
                    let symbols: Vec<String> = row
                        .map_or(&[][..], |row| matrix.cell(row, column))
                        .iter()
                        .map(ToString::to_string)
                        .collect();
                    let record = [
                        matrix.name.clone(),
                        row.map_or_else(|| "all".into(), |row| matrix.causes[row].id.clone()),
                        matrix.effects[column].id.clone(),
                        symbols.join("/"),
                        check.word().to_string(),
                        count.checks.to_string(),
                        count.demanded.to_string(),
                        count.alone.to_string(),
                        count.failures.to_string(),
                        word(count.failures == 0).to_string(),
                    ]
                    .map(|field| crate::tags_csv::safe(&field));
                    writer.write_record(&record).map_err(wrong)?;
                }
            }
        }
        for response in &verdict.responses {
            let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.3}"));
            let record = [
                matrix.name.clone(),
                matrix.causes[response.row].id.clone(),
                "response_s".into(),
                number(response.limit_s),
                number(response.seconds),
                response.scans.map_or_else(String::new, |n| n.to_string()),
                word(response.is_in_time()).to_string(),
            ]
            .map(|field| crate::tags_csv::safe(&field));
            writer.write_record(&record).map_err(wrong)?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
