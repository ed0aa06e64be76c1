//! Tags computed from tags: expressions, checked when they are read, run as flat
//! programs inside the scan.
//!
//! ```text
//! text ─> token ─> parse ─> Expression ─> check (types, units) ─> Program ─> CALC
//! ```

pub mod check;
pub mod expression;
pub mod parse;
pub mod program;

mod calc;
mod token;

#[cfg(test)]
mod tests;

pub use calc::Calc;

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Column in the text, from 1, in characters.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl Complaint {
    /// A complaint about this column.
    pub fn new(column: usize, message: impl Into<String>) -> Complaint {
        Complaint {
            column,
            message: message.into(),
        }
    }

    /// The text around the place, which is marked by `▸`.
    pub fn excerpt(&self, text: &str) -> String {
        const AROUND: usize = 24;
        let at = self.column.saturating_sub(1);
        let from = at.saturating_sub(AROUND);
        let before: String = text.chars().skip(from).take(at - from).collect();
        let after: String = text.chars().skip(at).take(AROUND).collect();
        let lead = if from > 0 { "…" } else { "" };
        let tail = if text.chars().count() > at + AROUND {
            "…"
        } else {
            ""
        };
        format!("{lead}{before}▸{after}{tail}")
    }
}
