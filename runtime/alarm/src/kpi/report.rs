//! The figures beside what the standard asks for.

use super::Kpi;
use crate::database::field;
use crate::priority::Priority;
use serde::Serialize;
use std::fmt::Write;

/// How a figure stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Within the target.
    Met,
    /// Above the target, below the largest that can be managed.
    Watch,
    /// Beyond.
    Missed,
    /// Without a target.
    Told,
}

impl Verdict {
    /// The word of a report.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Watch => "watch",
            Verdict::Missed => "missed",
            Verdict::Told => "",
        }
    }
}

/// A figure with its target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Name for machines.
    pub key: &'static str,
    /// English.
    pub en: &'static str,
    /// 中文.
    pub zh: &'static str,
    /// Value.
    pub value: f64,
    /// Target, if there is one (ISA-18.2-2016, table of metrics).
    pub target: Option<f64>,
    /// Largest that can be managed.
    pub largest: Option<f64>,
    /// How it stands.
    pub verdict: Verdict,
}

fn line(
    key: &'static str,
    words: [&'static str; 2],
    value: f64,
    target: Option<f64>,
    largest: Option<f64>,
) -> Line {
    let verdict = match (target, largest) {
        (None, _) => Verdict::Told,
        (Some(target), _) if value <= target => Verdict::Met,
        (_, Some(largest)) if value <= largest => Verdict::Watch,
        _ => Verdict::Missed,
    };
    Line {
        key,
        en: words[0],
        zh: words[1],
        value,
        target,
        largest,
        verdict,
    }
}

/// All figures with their targets: per operator position.
pub fn lines(kpi: &Kpi) -> Vec<Line> {
    let some = Some;
    let share = |priority: Priority| {
        let all: usize = kpi.by_priority.iter().sum();
        super::percent(kpi.by_priority[priority as usize], all)
    };
    let n = |count: usize| count as f64;
    vec![
        line("alarms", ["alarms", "报警数"], n(kpi.alarms), None, None),
        line(
            "per_day",
            ["alarms a day", "每天报警数"],
            kpi.per_day,
            some(144.0),
            some(288.0),
        ),
        line(
            "per_hour",
            ["alarms an hour", "每小时报警数"],
            kpi.per_hour,
            some(6.0),
            some(12.0),
        ),
        line(
            "per_10_min",
            ["alarms in 10 min", "每10分钟报警数"],
            kpi.per_10_min,
            some(1.0),
            some(2.0),
        ),
        line(
            "in_10_min_max",
            ["most alarms in 10 min", "10分钟最大报警数"],
            n(kpi.in_10_min_max),
            some(10.0),
            None,
        ),
        line(
            "hours_above_30_percent",
            [
                "hours with more than 30 alarms, %",
                "报警超30个的小时占比,%",
            ],
            kpi.hours_above_30_percent,
            some(1.0),
            None,
        ),
        line(
            "tens_above_10_percent",
            [
                "10 min with more than 10 alarms, %",
                "报警超10个的10分钟占比,%",
            ],
            kpi.tens_above_10_percent,
            some(1.0),
            None,
        ),
        line(
            "flood_percent",
            ["time in flood, %", "洪泛时间占比,%"],
            kpi.flood_percent,
            some(1.0),
            None,
        ),
        line("floods", ["floods", "洪泛次数"], n(kpi.floods), None, None),
        line(
            "top_10_percent",
            ["the ten most frequent, %", "前十位占比,%"],
            kpi.top_10_percent,
            some(1.0),
            some(5.0),
        ),
        line(
            "chattering",
            ["chattering alarms", "抖动报警数"],
            n(kpi.chattering.len()),
            some(0.0),
            None,
        ),
        line(
            "fleeting",
            ["fleeting alarms", "瞬时报警数"],
            n(kpi.fleeting.len()),
            some(0.0),
            None,
        ),
        line(
            "stale",
            ["stale alarms", "长期滞留报警数"],
            n(kpi.stale.len()),
            some(4.0),
            None,
        ),
        line(
            "p1_percent",
            ["P1, %", "P1占比,%"],
            share(Priority::P1),
            some(1.0),
            some(5.0),
        ),
        line(
            "p2_percent",
            ["P2, %", "P2占比,%"],
            share(Priority::P2),
            some(5.0),
            some(15.0),
        ),
        line(
            "p3_percent",
            ["P3, %", "P3占比,%"],
            share(Priority::P3),
            None,
            None,
        ),
        line(
            "p4_percent",
            ["P4, %", "P4占比,%"],
            share(Priority::P4),
            None,
            None,
        ),
        line(
            "time_to_ack_median_s",
            ["time to acknowledge, median, s", "确认时间中位数,s"],
            kpi.time_to_ack.median_s,
            None,
            None,
        ),
        line(
            "time_to_ack_p95_s",
            ["time to acknowledge, 95 %, s", "确认时间95分位,s"],
            kpi.time_to_ack.p95_s,
            None,
            None,
        ),
        line(
            "time_in_alarm_median_s",
            ["time in alarm, median, s", "报警持续时间中位数,s"],
            kpi.time_in_alarm.median_s,
            None,
            None,
        ),
        line(
            "shelved",
            ["shelved", "搁置次数"],
            n(kpi.shelved),
            None,
            None,
        ),
        line(
            "suppressed",
            ["suppressed by design", "设计抑制次数"],
            n(kpi.suppressed),
            None,
            None,
        ),
        line(
            "out_of_service",
            ["taken out of service", "停用次数"],
            n(kpi.out_of_service),
            None,
            None,
        ),
        line(
            "aside_at_end",
            ["aside at the end", "期末仍被搁置、抑制或停用"],
            n(kpi.aside_at_end.iter().sum()),
            None,
            None,
        ),
        line(
            "unauthorised_suppressions",
            ["unauthorised suppressions", "未授权抑制次数"],
            n(kpi.unauthorised_suppressions),
            some(0.0),
            None,
        ),
        line(
            "unauthorised_changes",
            ["unauthorised changes of settings", "未授权参数变更数"],
            n(kpi.unauthorised_changes),
            some(0.0),
            None,
        ),
    ]
}

/// A report to read.
pub fn text(kpi: &Kpi) -> String {
    let mut out = String::new();
    let utc = |ns: i64| signal::Utc(ns).to_string();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "alarms from {} to {} ({:.1} h)",
        utc(kpi.range.from_ns),
        utc(kpi.range.to_ns),
        kpi.hours
    );
    for line in lines(kpi) {
        let limit = |limit: Option<f64>| limit.map_or_else(String::new, |limit| format!("{limit}"));
        let _ = writeln!(
            out,
            "{:38} {:>12.2}  {:>6} {:>6}  {}",
            line.en,
            line.value,
            limit(line.target),
            limit(line.largest),
            line.verdict.word()
        );
    }
    for share in &kpi.top_10 {
        let _ = writeln!(
            out,
            "  {:12} {:>7} {:>6.1} %",
            share.name, share.alarms, share.percent
        );
    }
    let list = |out: &mut String, what: &str, names: Vec<String>| {
        if !names.is_empty() {
            let _ = writeln!(out, "{what}: {}", names.join(", "));
        }
    };
    let counted = |pairs: &[(String, usize)]| {
        pairs
            .iter()
            .map(|(name, count)| format!("{name} ({count})"))
            .collect()
    };
    list(&mut out, "chattering", counted(&kpi.chattering));
    list(&mut out, "fleeting", counted(&kpi.fleeting));
    list(&mut out, "stale", kpi.stale.clone());
    if kpi.hours < 720.0 {
        out.push_str("fewer than 30 days: the targets are meant for 30 days and more\n");
    }
    out
}

/// The figures as CSV (RFC 4180).
pub fn csv(kpi: &Kpi) -> String {
    let mut out = "key,en,zh,value,target,largest,verdict\r\n".to_string();
    let limit = |limit: Option<f64>| limit.map_or_else(String::new, |limit| limit.to_string());
    for line in lines(kpi) {
        let fields = [
            line.key.to_string(),
            field(line.en),
            field(line.zh),
            line.value.to_string(),
            limit(line.target),
            limit(line.largest),
            line.verdict.word().to_string(),
        ];
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    out
}
