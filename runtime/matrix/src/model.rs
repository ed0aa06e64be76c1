//! The matrix and its parts.

use std::collections::BTreeMap;

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: String,
    /// 中文.
    pub zh: String,
}

/// A whole matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// Name, `U100`.
    pub name: String,
    /// Rows in the order of evaluation.
    pub causes: Vec<Cause>,
    /// Columns.
    pub effects: Vec<Effect>,
    /// Symbols by row and column; an empty cell is left out.
    pub cells: BTreeMap<(usize, usize), Vec<Symbol>>,
    /// Reset groups.
    pub groups: Vec<ResetGroup>,
    /// Hazards, each with the causes that guard against it.
    pub hazards: Vec<Hazard>,
    /// What may be bypassed.
    pub bypass: BypassRules,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// `C01`.
    pub id: String,
    /// Unit of equipment, `R-101`.
    pub unit: String,
    /// What it is.
    pub text: Words,
    /// Its channels, each with its condition.
    pub channels: Vec<Channel>,
    /// Votes that trip, 1 to the number of channels.
    pub m: u8,
    /// What is left of M when channels are excluded.
    pub degrade: Degrade,
    /// How long the vote must last, seconds.
    pub on_delay_s: f64,
    /// Boolean tag without which the row is not armed; a bad one arms.
    pub armed: Option<String>,
    /// A second condition on the same channels for its `P` cells; without it those
    /// cells block as long as the row stands.
    pub permissive: Option<Permissive>,
    /// What it protects.
    pub class: Class,
    /// Whether channels may be bypassed for maintenance.
    pub mos: bool,
    /// Longest operational override, seconds, if one is permitted.
    pub oos_s: Option<f64>,
    /// Longest time from the process value to the command, seconds.
    pub response_s: Option<f64>,
    /// Process safety time, seconds.
    pub safety_time_s: Option<f64>,
    /// Where the requirement comes from: HAZOP node, LOPA scenario.
    pub reason: String,
    /// Interval of proof tests, days.
    pub proof_test_d: Option<f64>,
}

/// A second, usually stricter condition for permissive cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permissive {
    /// Limit in place of the channels' own.
    pub limit: f64,
}

/// One channel of a vote.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Tag that is looked at.
    pub tag: String,
    /// Condition under which it votes for the trip.
    pub test: Test,
    /// How far the value must come back, in units of the tag.
    pub hysteresis: f64,
    /// What a bad value votes.
    pub on_bad: OnBad,
}

/// The condition of a channel. At the limit counts as beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test {
    /// The real tag is at or above the limit.
    Above(f64),
    /// The real tag is at or below the limit.
    Below(f64),
    /// The Boolean tag has this value.
    Is(bool),
}

/// The vote of a bad channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// It votes for the trip.
    Trip,
    /// It votes against.
    NoTrip,
    /// It is left out; M and N shrink as stated by [`Degrade`].
    Exclude,
}

/// How M shrinks when channels are excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degrade {
    /// M falls with N, at least 1: 2oo3 becomes 1oo2.
    Safety,
    /// M stays as long as N permits: 2oo3 becomes 2oo2.
    Availability,
}

/// What a cause protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// People; executed by a BPCS.
    Safety,
    /// The environment.
    Environment,
    /// Product quality.
    Gmp,
    /// Equipment.
    Asset,
    /// The process.
    Process,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// `E1`.
    pub id: String,
    /// What it does.
    pub text: Words,
    /// Index of its reset group; `None` for effects that follow every group in which
    /// the cause latches (hold, annunciation, notification).
    pub group: Option<usize>,
    /// What it is.
    pub kind: EffectKind,
}

/// What an effect is.
#[derive(Clone, Debug, PartialEq)]
pub enum EffectKind {
    /// Final elements go to their safe positions.
    Final(Vec<Action>),
    /// Running phases are held.
    Hold,
    /// Horn and beacon; the cell gives the priority.
    Annunciate,
    /// People are told.
    Notify,
}

/// What happens to one final element.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// An on/off valve.
    Valve {
        /// Its block.
        device: String,
        /// Where it goes.
        open: bool,
    },
    /// A control valve or another analog output.
    Analog {
        /// Its block.
        device: String,
        /// What it gets.
        value: f64,
    },
    /// A drive stops.
    Stop {
        /// Its block.
        device: String,
    },
}

impl Action {
    /// The block acted on.
    pub fn device(&self) -> &str {
        match self {
            Action::Valve { device, .. }
            | Action::Analog { device, .. }
            | Action::Stop { device } => device,
        }
    }
}

/// How loudly people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Urgent.
    P1,
    /// High.
    P2,
    /// Medium.
    P3,
    /// Gas detection, distinct from process alarms (GB/T 50493).
    Gas,
    /// Emergency shutdown executed.
    Esd,
}

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Symbol {
    /// `X`: trips and latches.
    Trip,
    /// `x`: acts while the cause stands.
    TripUnlatched,
    /// `T(n)`: trips and latches n seconds later.
    Delayed(f64),
    /// `P`: keeps from leaving the safe position, does not trip.
    Permissive,
    /// `I`: keeps from being raised.
    Inhibit,
    /// `A`: alarm only.
    Alarm,
    /// `R`: resets the group of the effect.
    Reset,
    /// `P1` … in a column of annunciation.
    Priority(Priority),
    /// `Y` in a column of notification or hold.
    Yes,
}

impl Symbol {
    /// The symbol of a word: `X`, `x`, `T(30)`, `P`, `I`, `A`, `R`, `Y`, `P1`, `P2`,
    /// `P3`, `P1 gas`, `P1 ESD`.
    pub fn parse(word: &str) -> Option<Symbol> {
        Some(match word.trim() {
            "X" => Symbol::Trip,
            "x" => Symbol::TripUnlatched,
            "P" => Symbol::Permissive,
            "I" => Symbol::Inhibit,
            "A" => Symbol::Alarm,
            "R" => Symbol::Reset,
            "Y" => Symbol::Yes,
            "P1" => Symbol::Priority(Priority::P1),
            "P2" => Symbol::Priority(Priority::P2),
            "P3" => Symbol::Priority(Priority::P3),
            "P1 gas" => Symbol::Priority(Priority::Gas),
            "P1 ESD" => Symbol::Priority(Priority::Esd),
            word => {
                let seconds = word.strip_prefix("T(")?.strip_suffix(')')?;
                let seconds: f64 = seconds.trim().parse().ok()?;
                let is_time = seconds > 0.0 && seconds <= 86_400.0;
                is_time.then_some(Symbol::Delayed(seconds))?
            }
        })
    }

    /// The symbols of a cell, separated by `/`.
    pub fn parse_cell(cell: &str) -> Option<Vec<Symbol>> {
        if cell.trim().is_empty() {
            return Some(Vec::new());
        }
        cell.split('/').map(Symbol::parse).collect()
    }

    /// Whether the symbol makes the effect act.
    pub const fn acts(self) -> bool {
        matches!(
            self,
            Symbol::Trip | Symbol::TripUnlatched | Symbol::Delayed(_)
        )
    }
}

impl std::fmt::Display for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Symbol::Trip => f.write_str("X"),
            Symbol::TripUnlatched => f.write_str("x"),
            Symbol::Delayed(seconds) => write!(f, "T({seconds})"),
            Symbol::Permissive => f.write_str("P"),
            Symbol::Inhibit => f.write_str("I"),
            Symbol::Alarm => f.write_str("A"),
            Symbol::Reset => f.write_str("R"),
            Symbol::Yes => f.write_str("Y"),
            Symbol::Priority(priority) => f.write_str(match priority {
                Priority::P1 => "P1",
                Priority::P2 => "P2",
                Priority::P3 => "P3",
                Priority::Gas => "P1 gas",
                Priority::Esd => "P1 ESD",
            }),
        }
    }
}

/// Effects that are reset together.
#[derive(Clone, Debug, PartialEq)]
pub struct ResetGroup {
    /// `RG-1`.
    pub name: String,
    /// Unit of equipment.
    pub unit: String,
    /// What it is.
    pub text: Words,
}

/// Something that must not happen, and the rows that guard against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazard {
    /// `H-1`.
    pub id: String,
    /// What it is.
    pub text: Words,
    /// Indices of causes.
    pub causes: Vec<usize>,
}

/// What may be bypassed, for maintenance (MOS) and for operation (OOS).
#[derive(Clone, Debug, PartialEq)]
pub struct BypassRules {
    /// Boolean tag of the bypass-enable key; a bad one does not enable.
    pub key: Option<String>,
    /// Most bypassed channels of one vote.
    pub per_vote_max: u8,
    /// Most bypassed channels of one unit.
    pub per_unit_max: u8,
    /// Longest maintenance bypass, seconds.
    pub expiry_s: f64,
    /// Warning before it ends, seconds.
    pub warning_s: f64,
}

impl Default for BypassRules {
    /// One channel of a vote, two of a unit, eight hours, warning half an hour before:
    /// design defaults of this product after GB/T 50770 practice; editable.
    fn default() -> Self {
        BypassRules {
            key: None,
            per_vote_max: 1,
            per_unit_max: 2,
            expiry_s: 8.0 * 3_600.0,
            warning_s: 1_800.0,
        }
    }
}

impl Matrix {
    /// The symbols of a cell.
    pub fn cell(&self, cause: usize, effect: usize) -> &[Symbol] {
        self.cells.get(&(cause, effect)).map_or(&[], Vec::as_slice)
    }

    /// Index of a cause.
    pub fn cause(&self, id: &str) -> Option<usize> {
        self.causes.iter().position(|cause| cause.id == id)
    }

    /// Index of an effect.
    pub fn effect(&self, id: &str) -> Option<usize> {
        self.effects.iter().position(|effect| effect.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_survives_its_text() {
        let all = [
            "X", "x", "T(30)", "T(0.5)", "P", "I", "A", "R", "Y", "P1", "P2", "P3", "P1 gas",
            "P1 ESD",
        ];
        for word in all {
            let symbol = Symbol::parse(word).expect(word);
            assert_eq!(symbol.to_string(), word);
        }
        assert_eq!(
            Symbol::parse_cell("P / X"),
            Some(vec![Symbol::Permissive, Symbol::Trip])
        );
        for wrong in ["XX", "T()", "T(-1)", "T(NaN)", "P9", "X,x"] {
            assert_eq!(Symbol::parse_cell(wrong), None, "{wrong}");
        }
    }
}
