//! The result as one HTML file without scripts and links: to be printed and signed.

use super::paper::{LIMIT_OF_CLAIM_EN, LIMIT_OF_CLAIM_ZH};
use super::tally::{Check, Verdict};
use std::fmt::Write;

/// What stands at the head of the report.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Name of the plant.
    pub plant: String,
    /// Its title, English and 中文.
    pub title: (String, String),
    /// Fingerprint of its text.
    pub digest: u64,
    /// A date, if somebody gives one: none is taken from a clock, so that equal texts
    /// give equal reports.
    pub date: Option<String>,
    /// Version of this software.
    pub version: String,
}

const STYLE: &str = "body{font:10pt/1.4 sans-serif;margin:2em auto;max-width:70em;color:#111}\
table{border-collapse:collapse;margin:.6em 0 1.4em}\
th,td{border:1px solid #888;padding:.15em .45em;text-align:right;vertical-align:top}\
th{background:#eee}td.l,th.l{text-align:left}td.bad{background:#111;color:#fff;font-weight:bold}\
.claim{border:2px solid #111;padding:.6em .8em}.sign td{height:2.6em;width:14em}\
small{color:#444}@media print{body{margin:0;max-width:none;font-size:8pt}\
h2{break-after:avoid}tr{break-inside:avoid}}";

fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_string(),
            '<' => "&lt;".to_string(),
            '>' => "&gt;".to_string(),
            '"' => "&quot;".to_string(),
            c if c.is_control() => " ".to_string(),
            c => c.to_string(),
        })
        .collect()
}

fn both(passed: bool) -> &'static str {
    if passed {
        "PASS · 通过"
    } else {
        "FAIL · 不通过"
    }
}

/// The report.
pub fn report(head: &Head, verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Cause-and-effect test: {plant}</title><style>{STYLE}</style></head><body>\n\
         <h1>Cause-and-effect test · 因果矩阵测试</h1>\n\
         <table><tr><th class=l>Plant · 装置</th><td class=l>{plant}: {en} · {zh}</td></tr>\n\
         <tr><th class=l>Digest of the plant text · 组态指纹</th><td class=l>{digest:016x}</td></tr>\n\
         <tr><th class=l>Software · 软件</th><td class=l>scanloop {version}</td></tr>\n\
         <tr><th class=l>Date · 日期</th><td class=l>{date}</td></tr>\n\
         <tr><th class=l>Result · 结果</th><td class=l>{result}</td></tr></table>\n\
         <p class=claim>{LIMIT_OF_CLAIM_EN}<br>{LIMIT_OF_CLAIM_ZH}</p>\n",
        plant = escape(&head.plant),
        en = escape(&head.title.0),
        zh = escape(&head.title.1),
        digest = head.digest,
        version = escape(&head.version),
        date = head.date.as_deref().map_or_else(String::new, escape),
        result = both(!verdicts.is_empty() && verdicts.iter().all(Verdict::passed)),
    );
    for verdict in verdicts {
        sheet(&mut out, verdict);
    }
    out.push_str(
        "<h2>Signatures · 签字</h2>\n<table class=sign>\
         <tr><th></th><th>Name · 姓名</th><th>Date · 日期</th><th>Signature · 签名</th></tr>\n\
         <tr><th class=l>Tested by · 测试</th><td></td><td></td><td></td></tr>\n\
         <tr><th class=l>Reviewed by · 审核</th><td></td><td></td><td></td></tr>\n\
         <tr><th class=l>Approved by · 批准</th><td></td><td></td><td></td></tr></table>\n\
         </body></html>\n",
    );
    out
}

fn sheet(out: &mut String, verdict: &Verdict) {
    let matrix = &verdict.sheet.matrix;
    let _ = write!(
        out,
        "<h2>{} · {}</h2>\n<p>{} cases · 用例, {} scans · 扫描, {} checks · 检查, {} failures · 失败</p>\n",
        escape(&matrix.name),
        both(verdict.passed()),
        verdict.cases,
        verdict.scans,
        verdict.checks(),
        verdict.failed
    );
    grid(out, verdict);
    kinds(out, verdict);
    responses(out, verdict);
    let alone = verdict.never_alone();
    if !alone.is_empty() || !verdict.notes.is_empty() {
        out.push_str("<h3>Not tried · 未测试</h3>\n<ul>");
        for (row, column) in alone {
            let _ = write!(
                out,
                "<li>{} × {}: never seen to act alone · 未见其单独动作</li>",
                escape(&matrix.causes[row].id),
                escape(&matrix.effects[column].id)
            );
        }
        for note in &verdict.notes {
            let _ = write!(out, "<li>{}</li>", escape(note));
        }
        out.push_str("</ul>\n");
    }
    if !verdict.failures.is_empty() {
        out.push_str(
            "<h3>Failures · 失败</h3>\n<table><tr><th class=l>Case · 用例</th>\
             <th class=l>Check · 检查</th><th class=l>Looked at · 对象</th>\
             <th class=l>Found · 实测</th><th class=l>Wanted · 应为</th></tr>\n",
        );
        for failure in &verdict.failures {
            let _ = writeln!(
                out,
                "<tr><td class=l>{}</td><td class=l>{}</td><td class=l>{}</td>\
                 <td class=bad>{}</td><td class=l>{}</td></tr>",
                escape(&failure.case),
                failure.check.word(),
                escape(&failure.what),
                escape(&failure.found),
                escape(&failure.wanted)
            );
        }
        out.push_str("</table>\n");
    }
}

/// The matrix with the figures of each cell.
fn grid(out: &mut String, verdict: &Verdict) {
    let matrix = &verdict.sheet.matrix;
    out.push_str(
        "<h3>Cause × effect · 原因×动作</h3>\n<p><small>Symbol, checks, of these with the \
         effect demanded · 符号、检查次数、其中要求动作的次数</small></p>\n<table><tr><th class=l></th>",
    );
    for effect in &matrix.effects {
        let _ = write!(
            out,
            "<th>{}<br><small>{}<br>{}</small></th>",
            escape(&effect.id),
            escape(&effect.text.en),
            escape(&effect.text.zh)
        );
    }
    out.push_str("</tr>\n");
    for (row, cause) in matrix.causes.iter().enumerate() {
        let _ = write!(
            out,
            "<tr><th class=l>{}<br><small>{}<br>{}</small></th>",
            escape(&cause.id),
            escape(&cause.text.en),
            escape(&cause.text.zh)
        );
        for column in 0..matrix.effects.len() {
            let symbols: Vec<String> = matrix
                .cell(row, column)
                .iter()
                .map(ToString::to_string)
                .collect();
            let total = verdict.total(Some(row), column);
            let class = if total.failures > 0 { " class=bad" } else { "" };
            let _ = write!(
                out,
                "<td{class}><b>{}</b><br><small>{}<br>{}</small></td>",
                symbols.join("/"),
                total.checks,
                total.demanded
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
}

/// Rows by kind of check.
fn kinds(out: &mut String, verdict: &Verdict) {
    let matrix = &verdict.sheet.matrix;
    out.push_str("<h3>Cause × kind of check · 原因×检查种类</h3>\n<table><tr><th class=l></th>");
    for check in Check::ALL {
        let _ = write!(out, "<th>{}<br>{}</th>", check.word(), check.word_zh());
    }
    out.push_str("</tr>\n");
    for row in (0..matrix.causes.len()).map(Some).chain([None]) {
        let name = row.map_or("all · 全部", |row| matrix.causes[row].id.as_str());
        let _ = write!(out, "<tr><th class=l>{}</th>", escape(name));
        for check in Check::ALL {
            let columns = 0..matrix.effects.len();
            let sum = columns.fold(super::Count::default(), |sum, column| {
                sum.plus(verdict.count(row, column, check))
            });
            let class = if sum.failures > 0 { " class=bad" } else { "" };
            let _ = match (sum.checks, sum.failures) {
                (0, _) => write!(out, "<td>–</td>"),
                (checks, 0) => write!(out, "<td>{checks}</td>"),
                (checks, failures) => write!(out, "<td{class}>{failures} / {checks}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    let _ = writeln!(
        out,
        "</table>\n<p>Commands of devices · 设备指令: {}. Rows · 原因行: {}.</p>",
        verdict.device_checks, verdict.row_checks
    );
}

fn responses(out: &mut String, verdict: &Verdict) {
    let matrix = &verdict.sheet.matrix;
    out.push_str(
        "<h3>Response · 响应时间</h3>\n<table><tr><th class=l>Cause · 原因</th><th>P1</th>\
         <th>Scans · 扫描</th><th>s</th><th>permitted · 允许 s</th><th></th></tr>\n",
    );
    for response in &verdict.responses {
        let number = |value: Option<f64>| value.map_or_else(|| "–".into(), |v| format!("{v:.1}"));
        let _ = writeln!(
            out,
            "<tr><td class=l>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td class=l>{}</td></tr>",
            escape(&matrix.causes[response.row].id),
            if response.is_priority_1 { "P1" } else { "" },
            response.scans.map_or_else(|| "–".into(), |n| n.to_string()),
            number(response.seconds),
            number(response.limit_s),
            both(response.is_in_time())
        );
    }
    out.push_str("</table>\n");
}
