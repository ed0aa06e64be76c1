//! What was checked, how often, and what failed.

use super::sheet::Sheet;
use std::collections::BTreeMap;

/// Kinds of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The vote for every combination of channels.
    Vote,
    /// The way back through the hysteresis.
    Hysteresis,
    /// Not armed, armed, unknown.
    Arming,
    /// One scan before the end of the delay, and at its end.
    Delay,
    /// `T(n)`.
    Later,
    /// The cause goes away.
    Latch,
    /// Refused while the cause stands, accepted after; nothing starts by itself.
    Reset,
    /// Maintenance overrides.
    Maintenance,
    /// Operational overrides.
    Operational,
    /// `P`: devices stay in their safe position.
    Permissive,
    /// All causes at once.
    Together,
    /// Everything is demanded until somebody resets.
    StartUp,
}

impl Check {
    /// All kinds, in the order of reports.
    pub const ALL: [Check; 12] = [
        Check::Vote,
        Check::Hysteresis,
        Check::Arming,
        Check::Delay,
        Check::Later,
        Check::Latch,
        Check::Reset,
        Check::Maintenance,
        Check::Operational,
        Check::Permissive,
        Check::Together,
        Check::StartUp,
    ];

    /// The word of reports.
    pub const fn word(self) -> &'static str {
        match self {
            Check::Vote => "vote",
            Check::Hysteresis => "hysteresis",
            Check::Arming => "arming",
            Check::Delay => "delay",
            Check::Later => "T(n)",
            Check::Latch => "latch",
            Check::Reset => "reset",
            Check::Maintenance => "MOS",
            Check::Operational => "OOS",
            Check::Permissive => "permissive",
            Check::Together => "together",
            Check::StartUp => "start-up",
        }
    }

    /// 中文.
    pub const fn word_zh(self) -> &'static str {
        match self {
            Check::Vote => "表决",
            Check::Hysteresis => "回差",
            Check::Arming => "投用条件",
            Check::Delay => "延时",
            Check::Later => "延时动作T(n)",
            Check::Latch => "锁存",
            Check::Reset => "复位",
            Check::Maintenance => "维护旁路MOS",
            Check::Operational => "操作旁路OOS",
            Check::Permissive => "允许条件",
            Check::Together => "全部同时",
            Check::StartUp => "启动",
        }
    }
}

/// Figures of one cell for one kind of check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Comparisons.
    pub checks: u64,
    /// Of these, with the effect demanded.
    pub demanded: u64,
    /// Of these, demanded by this row and no other.
    pub alone: u64,
    /// Comparisons that failed.
    pub failures: u64,
}

impl Count {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Count) -> Count {
        Count {
            checks: self.checks + other.checks,
            demanded: self.demanded + other.demanded,
            alone: self.alone + other.alone,
            failures: self.failures + other.failures,
        }
    }
}

/// One comparison that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Row that is tried; `None` for all together and start-up.
    pub row: Option<usize>,
    /// What was being checked.
    pub check: Check,
    /// What was driven.
    pub case: String,
    /// What was looked at.
    pub what: String,
    /// What was seen.
    pub found: String,
    /// What should have been.
    pub wanted: String,
}

/// Time from a cause to the commands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// The row.
    pub row: usize,
    /// Whether it is announced with priority 1.
    pub is_priority_1: bool,
    /// Scans from the one that first sees the value, that one included, to the one
    /// that gives the last command; `None` if there is no device or no command came.
    pub scans: Option<u64>,
    /// These scans, seconds: a value may be up to one period older than the first.
    pub seconds: Option<f64>,
    /// What the matrix permits, seconds.
    pub limit_s: Option<f64>,
}

impl Response {
    /// Whether it is in time, if anything is required.
    pub fn is_in_time(&self) -> bool {
        match (self.seconds, self.limit_s) {
            (Some(seconds), Some(limit_s)) => seconds <= limit_s + 1e-9,
            _ => true,
        }
    }
}

/// Most failures that are told one by one.
pub const FAILURES_TOLD_MAX: usize = 200;

/// What came of the matrices of one task.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The matrices.
    pub sheet: Sheet,
    /// Cases.
    pub cases: u64,
    /// Scans.
    pub scans: u64,
    /// Comparisons of the commands of devices.
    pub device_checks: u64,
    /// Comparisons of rows: trip and overrides.
    pub row_checks: u64,
    /// The first failures.
    pub failures: Vec<Failure>,
    /// All failures.
    pub failed: u64,
    /// Response times, in the order of the rows.
    pub responses: Vec<Response>,
    /// What could not be tried, and why.
    pub notes: Vec<String>,
    counts: Vec<Count>,
}

impl Verdict {
    pub(super) fn new(sheet: Sheet) -> Verdict {
        let places = (sheet.matrix.causes.len() + 1) * sheet.matrix.effects.len();
        Verdict {
            counts: vec![Count::default(); places * Check::ALL.len()],
            sheet,
            cases: 0,
            scans: 0,
            device_checks: 0,
            row_checks: 0,
            failures: Vec::new(),
            failed: 0,
            responses: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn place(&self, row: Option<usize>, column: usize, check: Check) -> usize {
        let row = row.unwrap_or(self.sheet.matrix.causes.len());
        (row * self.sheet.matrix.effects.len() + column) * Check::ALL.len() + check as usize
    }

    /// Figures of a cell; `None` for the cases that belong to no row.
    pub fn count(&self, row: Option<usize>, column: usize, check: Check) -> Count {
        let place = self.place(row, column, check);
        self.counts.get(place).copied().unwrap_or_default()
    }

    /// Figures of a cell over all kinds.
    pub fn total(&self, row: Option<usize>, column: usize) -> Count {
        Check::ALL.iter().fold(Count::default(), |sum, check| {
            sum.plus(self.count(row, column, *check))
        })
    }

    /// Figures of all cells by kind of check.
    pub fn by_check(&self) -> BTreeMap<Check, Count> {
        let rows = self.sheet.matrix.causes.len();
        let mut sums: BTreeMap<Check, Count> = BTreeMap::new();
        for row in (0..rows).map(Some).chain([None]) {
            for column in 0..self.sheet.matrix.effects.len() {
                for check in Check::ALL {
                    let sum = sums.entry(check).or_default();
                    *sum = sum.plus(self.count(row, column, check));
                }
            }
        }
        sums
    }

    /// Cells that act, but were never seen to act without another row: if they were
    /// missing, nobody could tell. No failure, since a row may well be overtaken by a
    /// stricter one on the same channels; to be looked at by people.
    pub fn never_alone(&self) -> Vec<(usize, usize)> {
        let rows = 0..self.sheet.matrix.causes.len();
        let columns = 0..self.sheet.matrix.effects.len();
        rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
            .filter(|(row, column)| {
                let symbols = self.sheet.matrix.cell(*row, *column);
                symbols.iter().any(|symbol| symbol.acts())
                    && self.total(Some(*row), *column).alone == 0
            })
            .collect()
    }

    /// All comparisons.
    pub fn checks(&self) -> u64 {
        let cells: u64 = self.counts.iter().map(|count| count.checks).sum();
        cells + self.device_checks + self.row_checks
    }

    /// Whether nothing failed and every row is in time.
    pub fn passed(&self) -> bool {
        self.failed == 0 && self.responses.iter().all(Response::is_in_time)
    }

    pub(super) fn cell(&mut self, row: Option<usize>, column: usize, check: Check, one: Count) {
        let place = self.place(row, column, check);
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.plus(one);
        }
    }

    pub(super) fn fail(&mut self, failure: impl FnOnce() -> Failure) {
        self.failed += 1;
        if self.failures.len() < FAILURES_TOLD_MAX {
            self.failures.push(failure());
        }
    }
}
