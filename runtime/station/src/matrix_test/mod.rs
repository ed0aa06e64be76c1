//! `scanloop matrix`: the exhaustive test that a cause-and-effect matrix generates.
//!
//! ```text
//! Plant ─┬─> Sheet (matrices of a task) ─> Oracle ──┐
//!        └─> Bench (its protect stage)  ────────────┴─> Play ─> Verdict ─> text, CSV, HTML
//!                                    cases ─────────────┘
//! ```
//!
//! The [`sheet::Sheet`] is all that the oracle knows: it never reads a block. The
//! bench links the blocks of the protect stage with the very tables that run in the
//! plant, and plays whatever they read. Every case is lived through by both, and every
//! column, row and device is compared in every scan.
//!
//! Nothing here shows a safety integrity: it shows that blocks do what the matrix says.

mod bench;
mod cases;
pub mod html;
mod odd_cases;
mod oracle;
pub mod paper;
mod play;
pub mod sheet;
pub mod tally;

use plant::Plant;
use play::Play;
pub use sheet::Sheet;
pub use tally::{Check, Count, Failure, Response, Verdict};

/// How a test is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Ends at the first failure.
    pub stop_at_first: bool,
    /// The row whose cases come first; all others follow.
    pub first: Option<String>,
}

/// Tests all matrices of a plant.
///
/// # Errors
/// In words, if a protect stage cannot be linked by itself.
pub fn run(plant: &Plant, options: &Options) -> Result<Vec<Verdict>, String> {
    run_against(plant, &Sheet::of(plant), options)
}

/// Tests the blocks of a plant against matrices that may be another edition's.
///
/// # Errors
/// In words, if a protect stage cannot be linked by itself.
pub fn run_against(
    plant: &Plant,
    sheets: &[Sheet],
    options: &Options,
) -> Result<Vec<Verdict>, String> {
    let mut verdicts = Vec::new();
    for sheet in sheets {
        let mut play = Play::new(sheet, plant, options.stop_at_first)?;
        let first = options.first.as_deref();
        play.all(first.and_then(|id| sheet.matrix.cause(id)));
        let mut verdict = play.verdict;
        verdict.responses.sort_by_key(|response| response.row);
        verdict.notes.sort();
        verdict.notes.dedup();
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

/// Response times of all rows, by the protect stage alone: what [`run`] measures too,
/// without all else that it tries. With the period of the scans, seconds.
///
/// # Errors
/// In words, if a protect stage cannot be linked by itself.
pub fn responses(plant: &Plant) -> Result<Vec<(String, Response, f64)>, String> {
    let mut all = Vec::new();
    for sheet in &Sheet::of(plant) {
        let mut play = Play::new(sheet, plant, false)?;
        play.responses();
        let period_s = play.bench.period_ns as f64 * 1e-9;
        all.extend(play.verdict.responses.iter().map(|response| {
            let id = sheet.matrix.causes[response.row].id.clone();
            (id, *response, period_s)
        }));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
