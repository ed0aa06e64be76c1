//! Scenario reports: a table for people, JUnit XML for programs.

use crate::scenario::Report;
use std::fmt::Write;

/// A table of all outcomes.
pub fn table(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let verdict = if report.passed() { "PASS" } else { "FAIL" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{verdict}  {:<28} {:>8.0} s simulated in {:>6.2} s = {:>6.0} x real time, {} scans",
            report.name,
            report.simulated_s,
            report.wall_s,
            report.speed(),
            report.scans
        );
        let _ = writeln!(out, "      {} · {}", report.title.en, report.title.zh);
        for outcome in &report.outcomes {
            let mark = if outcome.passed { "ok " } else { "NOT" };
            let _ = writeln!(
                out,
                "      {mark} {:<58} found {:<14} wanted {}",
                outcome.text, outcome.found, outcome.wanted
            );
        }
    }
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let _ = writeln!(
        out,
        "{} scenarios, {} passed, {failed} failed",
        reports.len(),
        reports.len() - failed
    );
    out
}

/// JUnit XML: a suite for each scenario, a case for each expectation.
pub fn junit(reports: &[Report]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for report in reports {
        let failures = report.outcomes.iter().filter(|outcome| !outcome.passed);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">",
            escape(&report.name),
            report.outcomes.len(),
            failures.count(),
            report.wall_s
        );
        for outcome in &report.outcomes {
            let _ = write!(
                out,
                "    <testcase classname=\"{}\" name=\"{}\"",
                escape(&report.name),
                escape(&outcome.text)
            );
            if outcome.passed {
                out.push_str("/>\n");
            } else {
                let _ = writeln!(
                    out,
                    "><failure message=\"found {}, wanted {}\"/></testcase>",
                    escape(&outcome.found),
                    escape(&outcome.wanted)
                );
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Outcome, Words};

    #[test]
    fn failures_are_told_in_both_forms() {
        let mut report = Report {
            name: "a<b".into(),
            title: Words::default(),
            outcomes: vec![Outcome {
                text: "x & y".into(),
                passed: false,
                found: "1".into(),
                wanted: "\"2\"".into(),
            }],
            simulated_s: 1.0,
            wall_s: 1.0,
            scans: 10,
            responses: Vec::new(),
        };
        let xml = junit(std::slice::from_ref(&report));
        assert!(
            xml.contains("a&lt;b") && xml.contains("x &amp; y") && xml.contains("&quot;2&quot;")
        );
        assert!(xml.contains("failures=\"1\""));
        assert!(table(std::slice::from_ref(&report)).contains("1 failed"));
        report.outcomes.clear();
        report.simulated_s = 150.0;
        report.hold_to_speed(100.0);
        assert!(report.passed());
        report.hold_to_speed(200.0);
        assert!(!report.passed());
        let wanted = "found 150 x          wanted at least 200 x real time";
        assert!(table(&[report]).contains(wanted));
    }
}
