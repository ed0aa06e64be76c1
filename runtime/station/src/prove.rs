//! `scanloop prove`: what was proved of a plant's cause-and-effect matrices.

use plant::Plant;
use std::fmt::Write;
use std::time::Duration;

/// The statement that stands with everything that is said of interlocks.
pub const STATEMENT: &str = "A BPCS, not developed or certified to IEC 61508/61511 (GB/T 20438/21109): no SIL. \
Functions proved here may at most be credited as BPCS protection layers with RRF ≤ 10, subject to your own analysis.";

/// The proofs of a plant that has loaded: theorem by theorem, with claims and time.
/// `whole` is how long loading took, proofs included.
pub fn text(plant: &Plant, whole: Duration) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if plant.matrices.is_empty() {
        let _ = writeln!(text, "{}: no cause-and-effect matrix", plant.name);
        return text;
    }
    for (draft, report) in plant.matrices.iter().zip(&plant.proofs) {
        let matrix = &draft.matrix;
        let _ = writeln!(
            text,
            "{}: {} causes, {} effects, {} cells, {} reset groups, {} hazards",
            matrix.name,
            matrix.causes.len(),
            matrix.effects.len(),
            matrix.cells.len(),
            matrix.groups.len(),
            matrix.hazards.len()
        );
        for proof in &report.theorems {
            let verdict = if proof.failures == 0 {
                "proved"
            } else {
                "FAILED"
            };
            let _ = writeln!(
                text,
                "  {verdict}  {:<68} {:>5} claims  {:>8.1} ms",
                proof.theorem.name(),
                proof.claims,
                proof.time.as_secs_f64() * 1e3
            );
        }
        let time: Duration = report.theorems.iter().map(|proof| proof.time).sum();
        let _ = writeln!(
            text,
            "  {} claims in {:.1} ms",
            report.claims(),
            time.as_secs_f64() * 1e3
        );
    }
    let _ = writeln!(
        text,
        "read, linked and proved in {:.0} ms\n{STATEMENT}",
        whole.as_secs_f64() * 1e3
    );
    text
}
