//! History for others: CSV and Parquet, with qualities and gaps.

#[cfg(feature = "parquet")]
mod columns;
mod csv;

#[cfg(feature = "parquet")]
pub use columns::write_parquet;
pub use csv::write_csv;

use crate::fault::HistoryError;

/// What was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Points, the one in force at the start of the stretch included.
    pub points: u64,
    /// Gaps.
    pub gaps: u64,
}

fn failed(error: impl std::fmt::Display) -> HistoryError {
    HistoryError::Disk {
        file: "the export".to_string(),
        error: std::io::Error::other(error.to_string()),
    }
}
