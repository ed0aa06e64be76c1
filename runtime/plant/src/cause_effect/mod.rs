//! Cause-and-effect matrices as source text: `matrix/*.toml`, their grids as CSV.
//!
//! ```text
//! matrix/u100.toml ─┐
//! matrix/u100.csv  ─┴> read ─> MatrixDraft (matrix::Matrix + places) ─> elaborate ─>
//! CAUSE, TON, INTERLOCK, OR … as BlockDrafts; trips and permits into VALVE, AOUT, MOTOR
//! ```
//!
//! Nothing but the matrix says what trips what: the blocks it becomes are the same
//! that plant text could name, so that engine, displays and recordings know nothing
//! of matrices.

mod elaborate;
mod feedback;
mod grid;
mod proof;
mod read;

use crate::source::Origin;
use crate::tree::Node;
use matrix::Matrix;

pub(crate) use elaborate::elaborate;
pub(crate) use proof::{Ages, TaskFacts, prove};
pub(crate) use read::read;

/// A matrix as read, with the places of its parts.
#[derive(Clone, Debug)]
pub struct MatrixDraft {
    /// What it says.
    pub matrix: Matrix,
    /// Task of its blocks.
    pub task: String,
    /// Table of each cause.
    pub(crate) causes: Vec<CauseText>,
    /// Table of each effect.
    pub(crate) effects: Vec<Node>,
    /// Table of each reset group.
    pub(crate) groups: Vec<Node>,
    /// Table of each hazard.
    pub(crate) hazards: Vec<Node>,
    /// Place of each cell.
    pub(crate) cells: std::collections::BTreeMap<(usize, usize), Origin>,
    /// Where it begins.
    pub(crate) at: Origin,
}

/// What a cause's table says beyond the matrix itself.
#[derive(Clone, Debug)]
pub(crate) struct CauseText {
    pub node: Node,
    /// Tag whose value is shown beside the row.
    pub live: Option<String>,
    /// Whether the channels are `of` with one limit.
    pub is_equal: bool,
}

impl MatrixDraft {
    /// Where a cause is declared.
    pub fn place_of_cause(&self, index: usize) -> Origin {
        self.causes
            .get(index)
            .map_or_else(|| self.at.clone(), |cause| cause.node.place("id"))
    }

    /// Where an effect is declared.
    pub fn place_of_effect(&self, index: usize) -> Origin {
        let node = self.effects.get(index);
        node.map_or_else(|| self.at.clone(), |node| node.place("id"))
    }

    /// Where a hazard is declared.
    pub fn place_of_hazard(&self, index: usize) -> Origin {
        let node = self.hazards.get(index);
        node.map_or_else(|| self.at.clone(), |node| node.place("id"))
    }
}
