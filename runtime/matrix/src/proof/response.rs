//! Every row acts in time.
//!
//! The longest time from the process to the command is the age of the slowest channel
//! on its arrival, one period until the scan that sees it, and the delay of the row,
//! which ends with a scan. It may not exceed the row's response time, nor its share of
//! the process safety time ([`Facts::safety_time_share`]). A `T(n)` cell takes its n
//! seconds more, and is held against the process safety time alone.

use super::facts::Facts;
use super::report::{Fault, Findings, Subject};
use super::state::{self, column, named};
use crate::model::{Cause, Matrix, Symbol};

/// Whole nanoseconds, so that sums of tenths are exact; what is no time is the longest
/// there is.
fn ns(seconds: f64) -> u64 {
    if seconds.is_finite() && seconds >= 0.0 {
        (seconds * 1e9 + 0.5) as u64
    } else {
        u64::MAX
    }
}

/// The same of a time that must not be exceeded; what is no time permits nothing.
fn limit_ns(seconds: f64) -> u64 {
    match ns(seconds) {
        u64::MAX => 0,
        ns => ns,
    }
}

fn seconds(ns: u64) -> String {
    if ns == u64::MAX {
        return "an unknown time".to_string();
    }
    format!("{} s", (ns as f64 / 1e6).round() / 1e3)
}

/// A time of the row and what it may be.
struct Limit {
    ns: u64,
    fault: Fault,
    words: String,
}

pub(super) fn prove(matrix: &Matrix, facts: &Facts, found: &mut Findings) {
    for (at, cause) in matrix.causes.iter().enumerate() {
        if super::trouble(cause).is_none() {
            row(matrix, at, cause, facts, found);
        }
    }
}

fn row(matrix: &Matrix, at: usize, cause: &Cause, facts: &Facts, found: &mut Findings) {
    let response = cause.response_s.map(|s| Limit {
        ns: limit_ns(s),
        fault: Fault::TooSlow,
        words: "its response time".to_string(),
    });
    let safety = cause.safety_time_s.map(|s| Limit {
        ns: limit_ns(s * facts.safety_time_share),
        fault: Fault::TooSlowForProcess,
        words: format!(
            "{} of its process safety time of {}",
            facts.safety_time_share,
            seconds(ns(s))
        ),
    });
    if response.is_none() && safety.is_none() {
        return;
    }
    let subjects = || vec![state::cause(cause)];
    let mut slowest: Option<(u64, &str)> = None;
    for channel in &cause.channels {
        let Some(age) = facts.age_s.get(&channel.tag) else {
            found.claim();
            let message = format!(
                "{}: nobody knows how old {} is when it arrives",
                named(cause),
                channel.tag
            );
            let mut subjects = subjects();
            subjects.push(Subject::Tag(channel.tag.clone()));
            found.fail(Fault::AgeUnknown, message, subjects, Vec::new());
            return;
        };
        let age = ns(*age);
        if slowest.is_none_or(|(most, _)| age > most) {
            slowest = Some((age, &channel.tag));
        }
    }
    let Some((age, slowest)) = slowest else {
        return;
    };
    let period = ns(facts.period_s);
    let delay = whole_periods(ns(cause.on_delay_s), period);
    let worst = age.saturating_add(period).saturating_add(delay);
    let parts = vec![
        format!("{slowest} is up to {} old when it arrives", seconds(age)),
        format!(
            "the scan that sees it comes up to {} later",
            seconds(period)
        ),
        format!("the delay of the row takes {}", seconds(delay)),
    ];
    for limit in response.iter().chain(&safety) {
        found.claim();
        if worst > limit.ns {
            let message = format!(
                "{} acts within {}, too slow for {}",
                named(cause),
                seconds(worst),
                limit.words
            );
            let lines = with_sum(&parts, worst, limit.ns);
            found.fail(limit.fault, message, subjects(), lines);
        }
    }
    if let (Some(response), Some(safety)) = (&response, &safety) {
        found.claim();
        if response.ns > safety.ns {
            let message = format!(
                "{}: the required response time of {} is longer than {}",
                named(cause),
                seconds(response.ns),
                safety.words
            );
            found.fail(Fault::ResponseTooLong, message, subjects(), Vec::new());
        }
    }
    let Some(safety) = safety else {
        return;
    };
    for (effect, column_of) in matrix.effects.iter().enumerate() {
        for symbol in matrix.cell(at, effect) {
            let Symbol::Delayed(later) = symbol else {
                continue;
            };
            found.claim();
            let later = whole_periods(ns(*later), period);
            let worst = worst.saturating_add(later);
            if worst > safety.ns {
                let message = format!(
                    "{} brings {} within {}, too slow for {}",
                    named(cause),
                    column(column_of),
                    seconds(worst),
                    safety.words
                );
                let mut parts = parts.clone();
                parts.push(format!("`{symbol}` takes {}", seconds(later)));
                let mut subjects = subjects();
                subjects.push(Subject::Effect(column_of.id.clone()));
                let lines = with_sum(&parts, worst, safety.ns);
                found.fail(Fault::TooSlowForProcess, message, subjects, lines);
            }
        }
    }
}

/// The time after which a delay ends, since it ends with a scan.
fn whole_periods(delay: u64, period: u64) -> u64 {
    if period == 0 {
        delay
    } else {
        delay.div_ceil(period).saturating_mul(period)
    }
}

fn with_sum(parts: &[String], worst: u64, limit: u64) -> Vec<String> {
    let mut lines = parts.to_vec();
    lines.push(format!(
        "together {}, permitted {}",
        seconds(worst),
        seconds(limit)
    ));
    lines
}
