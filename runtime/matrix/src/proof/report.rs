//! What was proved, and what was not.

use std::time::Duration;

/// The outcome of [`prove`](super::prove).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One entry for each theorem.
    pub theorems: Vec<Proof>,
    /// Claims that do not hold, by theorem, in the order of rows, columns and hazards.
    pub failures: Vec<Failure>,
}

impl Report {
    /// Whether every claim holds.
    pub fn is_proved(&self) -> bool {
        self.failures.is_empty()
    }

    /// How many claims were judged.
    pub fn claims(&self) -> usize {
        self.theorems.iter().map(|proof| proof.claims).sum()
    }
}

/// What was done for a theorem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Which.
    pub theorem: Theorem,
    /// Claims judged.
    pub claims: usize,
    /// Claims that do not hold.
    pub failures: usize,
    /// How long it took; the only part of a report that differs from run to run.
    pub time: Duration,
}

/// What is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theorem {
    /// No row, column or hazard stands for nothing.
    Complete,
    /// Every row can trip, and its final elements obey it.
    Reach,
    /// No permitted combination of bypasses leaves a hazard unguarded.
    Bypass,
    /// No permissive is out of reach.
    Permissive,
    /// Every row acts in time.
    Response,
    /// No single failed sensor disables a row of class safety.
    Sensor,
}

impl Theorem {
    /// The theorem in one sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Theorem::Complete => "no row, column or hazard stands for nothing",
            Theorem::Reach => "every row can trip, and its final elements obey it",
            Theorem::Bypass => "no permitted combination of bypasses leaves a hazard unguarded",
            Theorem::Permissive => "no permissive is out of reach",
            Theorem::Response => "every row acts in time",
            Theorem::Sensor => "no single failed sensor disables a row of class safety",
        }
    }
}

/// A claim that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of which theorem.
    pub theorem: Theorem,
    /// What is wrong.
    pub fault: Fault,
    /// The same in a sentence, English.
    pub message: String,
    /// What it is about, the first above all.
    pub subjects: Vec<Subject>,
    /// A state of the plant in which the claim fails, line by line; empty where the
    /// matrix itself shows it.
    pub counter_example: Vec<String>,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A row's channels, vote or limits mean nothing.
    BadCause,
    /// A cell, a hazard or a column points to what is not there.
    Dangling,
    /// A row has no cell.
    CauseWithoutCell,
    /// No row makes the effect act.
    EffectWithoutCause,
    /// Final elements without a reset group.
    EffectWithoutGroup,
    /// A symbol in a column where it means nothing.
    SymbolOutOfPlace,
    /// A row acts and nobody hears of it.
    TripNotAnnounced,
    /// An urgent annunciation to which neither a final element nor anybody answers.
    UrgentWithoutAnswer,
    /// A hazard without causes.
    HazardWithoutCause,
    /// A hazard none of whose causes acts on a final element.
    HazardNotActedOn,
    /// No state of healthy channels makes the row trip.
    NeverTrips,
    /// The final element has no such trip.
    NotWired,
    /// Another trip can decide at the final element.
    Defeated,
    /// A permitted combination of bypasses leaves no cause that can trip.
    HazardBypassed,
    /// The conditions of a permissive exclude each other.
    PermitNeverHolds,
    /// A `P` cell blocks whenever its row is armed.
    PermissiveNeverClears,
    /// Nobody knows how old a channel's value is.
    AgeUnknown,
    /// Slower than the row's own response time.
    TooSlow,
    /// Slower than the process safety time permits.
    TooSlowForProcess,
    /// The required response time is longer than the process safety time permits.
    ResponseTooLong,
    /// One bad tag keeps a row of class safety from tripping.
    SensorDisablesRow,
    /// Neither proved nor refuted: the proof grew too large.
    TooLarge,
}

/// What a failure is about, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A row.
    Cause(String),
    /// A column.
    Effect(String),
    /// A final element.
    Device(String),
    /// A hazard.
    Hazard(String),
    /// A permissive.
    Permit(String),
    /// A tag.
    Tag(String),
}

/// Claims and failures of one theorem, while it is being proved.
pub(super) struct Findings {
    theorem: Theorem,
    pub claims: usize,
    pub failures: Vec<Failure>,
}

impl Findings {
    pub fn new(theorem: Theorem) -> Self {
        Findings {
            theorem,
            claims: 0,
            failures: Vec::new(),
        }
    }

    /// Counts a claim.
    pub fn claim(&mut self) {
        self.claims += 1;
    }

    /// Notes that a claim does not hold.
    pub fn fail(
        &mut self,
        fault: Fault,
        message: String,
        subjects: Vec<Subject>,
        counter_example: Vec<String>,
    ) {
        self.failures.push(Failure {
            theorem: self.theorem,
            fault,
            message,
            subjects,
            counter_example,
        });
    }

    /// Counts a claim that can be read off the matrix.
    pub fn claim_that(
        &mut self,
        holds: bool,
        fault: Fault,
        subjects: Vec<Subject>,
        message: impl FnOnce() -> String,
    ) {
        self.claim();
        if !holds {
            self.fail(fault, message(), subjects, Vec::new());
        }
    }

    /// Notes that a claim was given up.
    pub fn fail_too_large(&mut self, what: &str, subjects: Vec<Subject>) {
        let message = format!("{what}: neither proved nor refuted, the proof grew too large");
        self.fail(Fault::TooLarge, message, subjects, Vec::new());
    }
}
