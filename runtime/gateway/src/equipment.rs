//! What stands behind the tags: units, blocks and cause-and-effect matrices, as much
//! of them as a display, a faceplate or a list of unfulfilled conditions needs.

use serde::{Deserialize, Serialize};

use crate::desk::Text;

/// Units, blocks and matrices of an edition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Equipment {
    /// Units in the order of the plant's text.
    pub units: Vec<Unit>,
    /// Blocks by name.
    pub blocks: Vec<Block>,
    /// Cause-and-effect matrices.
    pub matrices: Vec<Matrix>,
}

/// An ISA-88 unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Name, `R-101`.
    pub name: String,
    /// What it is.
    pub title: Text,
    /// Area it stands in.
    pub area: String,
}

/// A block: its tags are `<name>.<PIN>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Name, `TIC-101`.
    pub name: String,
    /// Kind, `PID`.
    pub kind: String,
    /// Unit it belongs to; empty if none.
    pub unit: String,
    /// What it is.
    pub desc: Text,
    /// Conditions of a permissive, steps of a phase; empty for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// The permissive block that this block waits for, if its text names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
}

/// One condition of a permissive, or one step of a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What must be so, or what is done.
    pub text: Text,
    /// Bool tag that says so.
    pub tag: Option<String>,
    /// The value that the tag must have.
    pub is: bool,
    /// The time that a step may take, or waits, seconds; none if neither is stated.
    #[serde(default)]
    pub plan_s: Option<f64>,
}

/// A cause-and-effect matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Name, `U100`.
    pub name: String,
    /// Rows. Their live tags are those of [`crate::desk::Cause`] of the same id.
    pub causes: Vec<MatrixCause>,
    /// Columns.
    pub effects: Vec<MatrixEffect>,
    /// Cells that are not empty.
    pub cells: Vec<MatrixCell>,
}

/// One row of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixCause {
    /// `C01`.
    pub id: String,
    /// Unit of equipment.
    pub unit: String,
    /// The condition, with its limit.
    pub text: Text,
    /// Votes that trip, of how many channels: `2oo3`.
    pub vote: String,
}

/// One column of a matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixEffect {
    /// `E1`.
    pub id: String,
    /// What it does.
    pub text: Text,
    /// Reset group; none = it follows every group.
    pub group: Option<String>,
    /// Bool tags, any of which says that the effect acts.
    pub tags: Vec<String>,
    /// Final elements that it moves.
    pub devices: Vec<String>,
}

/// A cell of a matrix that says something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixCell {
    /// Index of the row.
    pub cause: usize,
    /// Index of the column.
    pub effect: usize,
    /// `X`, `T(30)`, `P1` …
    pub word: String,
}
