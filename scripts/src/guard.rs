//! Bounds of a run that a count of operations does not give: time and memory.

use crate::limits;
use std::time::Instant;

/// When a run began and how much memory there was in use then.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    until: Option<Instant>,
    resident_bytes: Option<u64>,
}

impl Guard {
    /// For a run that begins now.
    pub fn begin() -> Guard {
        Guard {
            until: Some(Instant::now() + limits::RUN_MAX),
            resident_bytes: resident_bytes(),
        }
    }

    /// Says so if the run has taken too long.
    pub fn is_late(&self) -> Option<String> {
        let is_late = self.until.is_some_and(|until| Instant::now() > until);
        is_late.then(|| format!("a run takes longer than {} s", limits::RUN_MAX.as_secs()))
    }

    /// Says so if the run has taken too long or too much.
    ///
    /// The memory is that of the process: the language bounds each value, but not how
    /// many of them a run may store in arrays and maps.
    pub fn beyond(&self) -> Option<String> {
        let grown = resident_bytes()?.saturating_sub(self.resident_bytes?);
        let is_much = grown > limits::MEMORY_BYTES_MAX;
        self.is_late().or_else(|| {
            is_much.then(|| {
                format!(
                    "memory grew by {} MB during a run, at most {}",
                    grown >> 20,
                    limits::MEMORY_BYTES_MAX >> 20
                )
            })
        })
    }
}

/// Resident memory of the process; `None` where the system does not tell.
fn resident_bytes() -> Option<u64> {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}
