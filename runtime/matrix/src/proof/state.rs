//! States in the words of the plant.

use super::report::Subject;
use super::space::Space;
use crate::model::{Action, Cause, Effect, Test};
use biodivine_lib_bdd::BddValuation;

/// Most lines that are listed of a kind before the rest is counted.
const LINES_MAX: usize = 12;

/// `C01 (TT-101 ≥ 50 °C)`.
pub(super) fn named(cause: &Cause) -> String {
    with_text(&cause.id, &cause.text.en)
}

/// `E3 (full cooling)`.
pub(super) fn column(effect: &Effect) -> String {
    with_text(&effect.id, &effect.text.en)
}

/// An id with what it stands for.
pub(super) fn with_text(id: &str, text: &str) -> String {
    if text.is_empty() {
        id.to_string()
    } else {
        format!("{id} ({text})")
    }
}

/// `TT-101 ≥ 50`.
pub(super) fn condition(tag: &str, test: Test) -> String {
    match test {
        Test::Above(limit) => format!("{tag} ≥ {limit}"),
        Test::Below(limit) => format!("{tag} ≤ {limit}"),
        Test::Is(value) => format!("{tag} is {value}"),
    }
}

/// What a final element gets, without its name.
pub(super) fn got(action: &Action) -> String {
    match action {
        Action::Valve { open: true, .. } => "open".to_string(),
        Action::Valve { open: false, .. } => "closed".to_string(),
        Action::Analog { value, .. } => format!("{value}"),
        Action::Stop { .. } => "stop".to_string(),
    }
}

/// A row as a subject.
pub(super) fn cause(cause: &Cause) -> Subject {
    Subject::Cause(cause.id.clone())
}

/// The first lines, and how many more there are.
pub(super) fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LINES_MAX);
    if more > 0 {
        lines.truncate(LINES_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

impl Space<'_> {
    /// `TT-101A is 50`, `M-101.RUN is false`, `AT-101A is bad`.
    pub fn tag_in(&self, tag: &str, state: &BddValuation) -> String {
        let Some(known) = self.tags.get(tag) else {
            return format!("{tag} is anything");
        };
        if state.value(known.bad) {
            return format!("{tag} is bad");
        }
        if let Some(truth) = known.truth {
            return format!("{tag} is {}", state.value(truth));
        }
        let range = self.ranges.get(tag).copied();
        let (lo, hi) = range.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let (mut low, mut high) = ((lo, false), (hi, true));
        for (cut, variable) in &known.cuts {
            let is_inside = lo <= cut.at && cut.at <= hi;
            if !is_inside {
                continue;
            }
            if state.value(*variable) {
                low = (cut.at, cut.is_above);
            } else {
                high = (cut.at, cut.is_above);
                break;
            }
        }
        format!("{tag} is {}", between(low, high, (lo, hi)))
    }

    /// The channels of a row and what arms it, each tag once.
    pub fn row_in(&self, cause: usize, state: &BddValuation) -> String {
        let Some(row) = self.row(cause) else {
            return String::new();
        };
        let mut tags: Vec<&str> = Vec::new();
        let channels = row.channels.iter().map(|channel| channel.tag.as_str());
        for tag in channels.chain(row.armed.as_deref()) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let words: Vec<String> = tags.iter().map(|tag| self.tag_in(tag, state)).collect();
        words.join(", ")
    }
}

/// A value above `low` and below `high`, near a place where something changes; the
/// flag says that the place itself belongs to what is below it.
fn between(low: (f64, bool), high: (f64, bool), (lo_end, hi_end): (f64, f64)) -> f64 {
    let ((lo, lo_is_out), (hi, hi_is_in)) = (low, high);
    if lo > lo_end && !lo_is_out {
        return lo;
    }
    if hi < hi_end && hi_is_in {
        return hi;
    }
    let middle = lo + (hi - lo) / 2.0;
    match (lo > lo_end, hi < hi_end) {
        (true, true) => middle,
        (true, false) if lo + 1.0 <= hi => lo + 1.0,
        (false, true) if hi - 1.0 >= lo => hi - 1.0,
        (false, false) if !middle.is_finite() => 0.0,
        _ => middle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: (f64, f64) = (-20.0, 150.0);

    #[test]
    fn a_value_lies_where_the_state_says() {
        assert_eq!(between((-20.0, false), (150.0, true), ENDS), 65.0);
        assert_eq!(between((50.0, false), (150.0, true), ENDS), 50.0);
        assert_eq!(between((50.0, true), (150.0, true), ENDS), 51.0);
        assert_eq!(between((149.5, true), (150.0, true), ENDS), 149.75);
        assert_eq!(between((-20.0, false), (30.0, false), ENDS), 29.0);
        assert_eq!(between((-20.0, false), (30.0, true), ENDS), 30.0);
        assert_eq!(between((30.0, true), (31.0, false), ENDS), 30.5);
        let endless = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(between((endless.0, false), (endless.1, true), endless), 0.0);
        assert_eq!(between((endless.0, false), (5.0, false), endless), 4.0);
        assert_eq!(between((5.0, true), (endless.1, true), endless), 6.0);
    }
}
