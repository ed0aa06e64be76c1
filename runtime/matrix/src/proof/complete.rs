//! No row, column or hazard stands for nothing.

use super::report::{Fault, Findings, Subject};
use super::state::{self, column, named, with_text};
use super::trouble;
use crate::model::{Cause, Effect, EffectKind, Matrix, Priority, Symbol};

/// Judges what can be read off the matrix itself.
pub(super) fn prove(matrix: &Matrix, found: &mut Findings) {
    cells(matrix, found);
    for (at, cause) in matrix.causes.iter().enumerate() {
        row(matrix, at, cause, found);
    }
    for (at, effect) in matrix.effects.iter().enumerate() {
        effect_acts(matrix, at, effect, found);
    }
    hazards(matrix, found);
}

/// Whether a row makes any final element act.
pub(super) fn acts(matrix: &Matrix, cause: usize) -> bool {
    cells_of(matrix, cause).any(|(effect, symbols)| {
        matches!(effect.kind, EffectKind::Final(_)) && symbols.iter().any(|s| s.acts())
    })
}

fn cells_of(matrix: &Matrix, cause: usize) -> impl Iterator<Item = (&Effect, &[Symbol])> {
    matrix
        .effects
        .iter()
        .enumerate()
        .map(move |(at, effect)| (effect, matrix.cell(cause, at)))
}

/// Whether a symbol means anything in a column.
fn fits(symbol: Symbol, kind: &EffectKind) -> bool {
    match kind {
        EffectKind::Final(_) => !matches!(symbol, Symbol::Priority(_) | Symbol::Yes),
        EffectKind::Hold => symbol.acts() || symbol == Symbol::Yes,
        EffectKind::Annunciate => matches!(symbol, Symbol::Priority(_) | Symbol::Alarm),
        EffectKind::Notify => symbol == Symbol::Yes,
    }
}

/// Whether a symbol makes the effect happen.
fn does(symbol: Symbol, kind: &EffectKind) -> bool {
    match kind {
        EffectKind::Final(_) => symbol.acts(),
        _ => fits(symbol, kind),
    }
}

fn cells(matrix: &Matrix, found: &mut Findings) {
    for (&(cause, effect), symbols) in &matrix.cells {
        let (Some(row), Some(column_of)) = (matrix.causes.get(cause), matrix.effects.get(effect))
        else {
            found.claim();
            let message =
                format!("there is a cell in row {cause}, column {effect}, beyond the matrix");
            found.fail(Fault::Dangling, message, Vec::new(), Vec::new());
            continue;
        };
        for symbol in symbols {
            let subjects = vec![state::cause(row), Subject::Effect(column_of.id.clone())];
            found.claim_that(
                fits(*symbol, &column_of.kind),
                Fault::SymbolOutOfPlace,
                subjects,
                || {
                    format!(
                        "`{symbol}` of {} means nothing in column {}",
                        named(row),
                        column(column_of)
                    )
                },
            );
        }
    }
}

fn row(matrix: &Matrix, at: usize, cause: &Cause, found: &mut Findings) {
    let subjects = || vec![state::cause(cause)];
    let wrong = trouble(cause);
    found.claim_that(wrong.is_none(), Fault::BadCause, subjects(), || {
        format!("{}: {}", named(cause), wrong.unwrap_or_default())
    });
    let is_empty = cells_of(matrix, at).all(|(_, symbols)| symbols.is_empty());
    found.claim_that(!is_empty, Fault::CauseWithoutCell, subjects(), || {
        format!("{} has no cell: it does nothing", named(cause))
    });
    let priorities = || {
        cells_of(matrix, at)
            .filter(|(effect, _)| effect.kind == EffectKind::Annunciate)
            .flat_map(|(_, symbols)| symbols)
    };
    let has_annunciator = matrix
        .effects
        .iter()
        .any(|effect| effect.kind == EffectKind::Annunciate);
    if has_annunciator && acts(matrix, at) {
        found.claim_that(
            priorities().next().is_some(),
            Fault::TripNotAnnounced,
            subjects(),
            || format!("{} acts, and nobody hears of it", named(cause)),
        );
    }
    let is_urgent = priorities().any(|symbol| {
        matches!(
            symbol,
            Symbol::Priority(Priority::P1 | Priority::Gas | Priority::Esd)
        )
    });
    if is_urgent {
        let is_answered = cells_of(matrix, at).any(|(effect, symbols)| {
            effect.kind != EffectKind::Annunciate && symbols.iter().any(|s| does(*s, &effect.kind))
        });
        found.claim_that(is_answered, Fault::UrgentWithoutAnswer, subjects(), || {
            format!(
                "{} is announced as urgent, and nothing acts, is held or is told",
                named(cause)
            )
        });
    }
}

fn effect_acts(matrix: &Matrix, at: usize, effect: &Effect, found: &mut Findings) {
    let subjects = || vec![Subject::Effect(effect.id.clone())];
    let is_caused = (0..matrix.causes.len())
        .flat_map(|cause| matrix.cell(cause, at))
        .any(|symbol| does(*symbol, &effect.kind));
    found.claim_that(is_caused, Fault::EffectWithoutCause, subjects(), || {
        format!("no cause makes {} act", column(effect))
    });
    if let EffectKind::Final(_) = effect.kind {
        let group = effect.group.and_then(|group| matrix.groups.get(group));
        found.claim_that(
            group.is_some(),
            Fault::EffectWithoutGroup,
            subjects(),
            || {
                format!(
                    "{} moves final elements and has no reset group",
                    column(effect)
                )
            },
        );
    }
}

fn hazards(matrix: &Matrix, found: &mut Findings) {
    for hazard in &matrix.hazards {
        let subjects = || vec![Subject::Hazard(hazard.id.clone())];
        let name = || with_text(&hazard.id, &hazard.text.en);
        found.claim_that(
            !hazard.causes.is_empty(),
            Fault::HazardWithoutCause,
            subjects(),
            || format!("no cause guards against {}", name()),
        );
        let dangling = hazard.causes.iter().find(|at| **at >= matrix.causes.len());
        found.claim_that(dangling.is_none(), Fault::Dangling, subjects(), || {
            format!("{} names a row that is not there", name())
        });
        if !hazard.causes.is_empty() {
            found.claim_that(
                hazard.causes.iter().any(|cause| acts(matrix, *cause)),
                Fault::HazardNotActedOn,
                subjects(),
                || format!("no cause of {} acts on a final element", name()),
            );
        }
    }
}
