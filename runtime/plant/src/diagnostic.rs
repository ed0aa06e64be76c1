//! What is wrong with a plant: all of it together, each with file, line, caret,
//! number and help.

use crate::codes::Code;
use crate::source::{Origin, Sources};
use core::fmt::Write;

/// One problem of a load.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Its number.
    pub code: Code,
    /// Where.
    pub at: Origin,
    /// What is wrong here.
    pub message: String,
    /// A second place that belongs to it, with words.
    pub other: Option<(Origin, String)>,
    /// What to do.
    pub help: String,
}

/// All problems of a load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Problems beyond [`PROBLEMS_MAX`], counted only.
    more: usize,
}

/// Problems that are kept; of a text that has more, most of it is no plant.
pub const PROBLEMS_MAX: usize = 500;
/// Characters of a source line that are shown.
const SHOWN_CHARS: usize = 160;

impl Diagnostics {
    /// None yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Notes a problem.
    pub fn push(
        &mut self,
        code: Code,
        at: &Origin,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.keep(Diagnostic {
            code,
            at: at.clone(),
            message: message.into(),
            other: None,
            help: help.into(),
        });
    }

    fn keep(&mut self, diagnostic: Diagnostic) {
        if self.list.len() < PROBLEMS_MAX {
            self.list.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// Notes a problem that has two places.
    pub fn push_with(
        &mut self,
        code: Code,
        at: &Origin,
        message: impl Into<String>,
        other: (Origin, String),
        help: impl Into<String>,
    ) {
        self.keep(Diagnostic {
            code,
            at: at.clone(),
            message: message.into(),
            other: Some(other),
            help: help.into(),
        });
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are kept: [`PROBLEMS_MAX`] at most.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// In the order of the text.
    pub fn sort(&mut self) {
        self.list
            .sort_by(|a, b| (&a.at, a.code).cmp(&(&b.at, b.code)));
        self.list.dedup();
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// For people: source line and caret under each.
    pub fn render(&self, sources: &Sources) -> String {
        let mut out = String::new();
        for diagnostic in &self.list {
            diagnostic.render(sources, &mut out);
            out.push('\n');
        }
        if self.more > 0 {
            let _ = writeln!(out, "and {} more", self.more);
        }
        out
    }

    /// For programs: a JSON array.
    pub fn to_json(&self, sources: &Sources) -> serde_json::Value {
        self.list
            .iter()
            .map(|diagnostic| {
                let (line, column) = sources.line_column(&diagnostic.at);
                let other = diagnostic.other.as_ref().map(|(at, words)| {
                    let (line, column) = sources.line_column(at);
                    serde_json::json!({
                        "file": sources.name(at), "line": line, "column": column, "message": words,
                    })
                });
                serde_json::json!({
                    "code": diagnostic.code.number,
                    "title": diagnostic.code.title,
                    "severity": if diagnostic.code.is_warning() { "warning" } else { "error" },
                    "file": sources.name(&diagnostic.at),
                    "line": line,
                    "column": column,
                    "message": diagnostic.message,
                    "help": diagnostic.help,
                    "other": other,
                })
            })
            .collect()
    }
}

impl Diagnostic {
    fn render(&self, sources: &Sources, out: &mut String) {
        let (line, column) = sources.line_column(&self.at);
        // Of a very long line, a window that begins a little before the place.
        let before = column.saturating_sub(1);
        let hidden = if before < SHOWN_CHARS / 2 {
            0
        } else {
            before - SHOWN_CHARS / 4
        };
        let all = sources.line(&self.at).chars();
        let text: String = all.skip(hidden).take(SHOWN_CHARS).collect();
        let gutter = line.to_string().len();
        let width = sources.caret_width(&self.at).min(SHOWN_CHARS);
        let indent: String = text
            .chars()
            .take(before - hidden)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{} {}", self.code.number, self.code.title);
        let _ = writeln!(out, "  --> {}:{line}:{column}", sources.name(&self.at));
        let _ = writeln!(out, "{line} | {text}");
        let _ = writeln!(
            out,
            "{:gutter$} | {indent}{} {}",
            "",
            "^".repeat(width.max(1)),
            self.message
        );
        if let Some((at, words)) = &self.other {
            let (line, column) = sources.line_column(at);
            let _ = writeln!(out, "  = see {}:{line}:{column}: {words}", sources.name(at));
        }
        if !self.help.is_empty() {
            let _ = writeln!(out, "  = help: {}", self.help);
        }
    }
}
