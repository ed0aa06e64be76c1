//! The record of an alarm's rationalisation: one entry of the master alarm database.

use crate::class::Class;
use crate::priority::{Priority, PriorityMatrix, ResponseTime, Severity};
use serde::{Deserialize, Serialize};

/// Conditions that the station itself knows, not the scan: an alarm may stand on them, and
/// the station tells them to the book.
pub const STATION_CONDITIONS: [&str; 4] = [
    "STATION.JOURNAL_DOWN",
    "STATION.DISK_LOW",
    "STATION.CLOCK_UNSYNCHRONISED",
    "STATION.RECORDING_GAP",
];

/// Modes of an alarm that may stand before a limit of a mode, that one included: as many
/// as a detection looks at.
pub const LIMIT_MODES_MAX: usize = 4;

/// A text in both languages of the plant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// English.
    pub en: String,
    /// 中文.
    pub zh: String,
}

impl Words {
    /// Whether a language is missing.
    pub fn is_incomplete(&self) -> bool {
        self.en.trim().is_empty() || self.zh.trim().is_empty()
    }
}

/// What kind of condition it is (ISA-18.2-2016, alarm types; GB/T 41261 terms).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmKind {
    /// High high.
    Hh,
    /// High.
    H,
    /// Low.
    L,
    /// Low low.
    Ll,
    /// Rate of change 变化率.
    Roc,
    /// Deviation from a set-point or between channels 偏差报警.
    Dev,
    /// Bad measurement 仪表诊断报警.
    Bad,
    /// Discrepancy: a device is not where it was sent 状态不匹配.
    Disc,
    /// A Boolean signal.
    Discrete,
    /// Computed from several tags.
    Calc,
    /// The control system itself.
    System,
}

impl AlarmKind {
    /// All kinds.
    pub const ALL: [AlarmKind; 11] = [
        AlarmKind::Hh,
        AlarmKind::H,
        AlarmKind::L,
        AlarmKind::Ll,
        AlarmKind::Roc,
        AlarmKind::Dev,
        AlarmKind::Bad,
        AlarmKind::Disc,
        AlarmKind::Discrete,
        AlarmKind::Calc,
        AlarmKind::System,
    ];

    /// The word of plant text.
    pub const fn word(self) -> &'static str {
        match self {
            AlarmKind::Hh => "hh",
            AlarmKind::H => "h",
            AlarmKind::L => "l",
            AlarmKind::Ll => "ll",
            AlarmKind::Roc => "roc",
            AlarmKind::Dev => "dev",
            AlarmKind::Bad => "bad",
            AlarmKind::Disc => "disc",
            AlarmKind::Discrete => "discrete",
            AlarmKind::Calc => "calc",
            AlarmKind::System => "system",
        }
    }

    /// The kind of a word of plant text.
    pub fn of_word(word: &str) -> Option<AlarmKind> {
        AlarmKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it compares a value with a limit.
    pub const fn has_limit(self) -> bool {
        matches!(
            self,
            AlarmKind::Hh
                | AlarmKind::H
                | AlarmKind::L
                | AlarmKind::Ll
                | AlarmKind::Roc
                | AlarmKind::Dev
        )
    }

    /// Whether standing it makes another kind of the same point needless.
    pub const fn eclipses(self, other: AlarmKind) -> bool {
        matches!(
            (self, other),
            (AlarmKind::Hh, AlarmKind::H) | (AlarmKind::Ll, AlarmKind::L)
        )
    }
}

/// What happens without action, by what is harmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Severities {
    /// People.
    pub safety: Severity,
    /// Environment.
    pub environment: Severity,
    /// Product quality.
    pub gmp: Severity,
    /// Equipment.
    pub asset: Severity,
    /// Production.
    pub production: Severity,
}

impl Severities {
    /// The worst of them: what the priority is computed from.
    pub fn worst(&self) -> Severity {
        [
            self.safety,
            self.environment,
            self.gmp,
            self.asset,
            self.production,
        ]
        .into_iter()
        .max()
        .unwrap_or_default()
    }
}

/// While this holds, the alarm is suppressed by design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// Boolean tag: a state, a phase, a door. A bad value suppresses nothing.
    pub tag: String,
    /// Value at which it holds.
    pub is: bool,
    /// It goes on holding so long after the tag has left the value, seconds.
    pub hold_s: f64,
    /// It holds no longer than this however long the tag stays, seconds; 0 = as long as
    /// the tag. For a door that stands open.
    pub max_s: f64,
    /// Why it may (EU GMP Annex 1 wants delays of alarms assessed and justified).
    pub why: String,
}

/// What is different in a mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Boolean tag that says that the mode is on.
    pub tag: String,
    /// Value at which it is on.
    pub is: bool,
    /// Whether the alarm is in force in this mode.
    pub enabled: bool,
    /// Priority in this mode, if another.
    pub priority: Option<Priority>,
    /// Set-point in this mode, if another, in the engineering unit of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Why.
    pub why: String,
}

/// Who has approved the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub who: String,
    /// Day, ISO 8601.
    pub on: String,
    /// Version of the record.
    pub version: u32,
}

/// The record of one alarm (ISA-18.2-2016, clause 9 and its table of what
/// rationalisation writes down).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rationale {
    /// Name of the alarm, `TAHH-101`; unique.
    pub name: String,
    /// Boolean tag that is its condition, `TAHH-101.ALM`.
    pub tag: String,
    /// What is watched, `TT-101.PV`: shown beside the alarm.
    pub point: String,
    /// Unit of equipment, `R-101`.
    pub unit: String,
    /// Area.
    pub area: String,
    /// Kind of condition.
    pub kind: AlarmKind,
    /// Class.
    pub class: Class,
    /// What it says to the operator.
    pub text: Words,
    /// What may have caused it.
    pub causes: Words,
    /// What happens if nobody acts.
    pub consequence: Words,
    /// What the operator does.
    pub action: Words,
    /// How the operator confirms it.
    pub confirmation: Words,
    /// Time to respond, seconds.
    pub respond_s: f64,
    /// What is harmed, and how badly.
    pub severities: Severities,
    /// Priority in force.
    pub priority: Priority,
    /// Why the priority is not the one of the matrix; empty = it is.
    pub override_reason: String,
    /// Set-point in `engineering_unit`, if its kind has one.
    pub limit: Option<f64>,
    /// Engineering unit of `limit` and `deadband`.
    pub engineering_unit: String,
    /// What the set-point rests on.
    pub basis: String,
    /// How far the value must come back, in `engineering_unit`.
    pub deadband: f64,
    /// How long the condition must last, seconds.
    pub on_delay_s: f64,
    /// How long it must be gone, seconds.
    pub off_delay_s: f64,
    /// Held until it is reset.
    pub latching: bool,
    /// May be shelved.
    pub shelving: bool,
    /// Longest time on the shelf, seconds.
    pub shelve_s_max: f64,
    /// Why a highly managed alarm may be shelved all the same; empty = it may not.
    pub shelving_reason: String,
    /// What is different in modes of the plant; the first that is on counts.
    pub modes: Vec<Mode>,
    /// When it is suppressed by design.
    pub suppression: Vec<When>,
    /// Group whose first alarm is told from the rest; empty = none.
    pub first_out: String,
    /// Display that shows what it is about.
    pub display: String,
    /// Link to the procedure.
    pub sop: String,
    /// Profile of escalation, by name.
    pub escalation: String,
    /// Protection layer of the hazard analysis that it is, if it is one.
    pub ipl: String,
    /// Approval.
    pub approval: Approval,
    /// Day of the next review, ISO 8601.
    pub review_due: String,
}

impl Rationale {
    /// The priority of the matrix; `None` if nothing is at stake.
    pub fn computed_priority(&self, matrix: &PriorityMatrix) -> Option<Priority> {
        matrix.of(self.severities.worst(), ResponseTime::of_s(self.respond_s))
    }

    /// Whether its condition is a detection block of its own, with settings as tags.
    pub fn is_detected(&self) -> bool {
        self.tag.strip_prefix(self.name.as_str()) == Some(".ALM")
    }

    /// Modes that the detection looks at: those up to the last with a limit of its own.
    pub fn limit_modes(&self) -> &[Mode] {
        let last = self.modes.iter().rposition(|mode| mode.limit.is_some());
        &self.modes[..last.map_or(0, |last| last + 1)]
    }

    /// An otherwise empty record, to build others from.
    pub fn named(name: &str) -> Rationale {
        Rationale {
            name: name.to_string(),
            tag: format!("{name}.ALM"),
            point: String::new(),
            unit: String::new(),
            area: String::new(),
            kind: AlarmKind::Discrete,
            class: Class::Process,
            text: Words::default(),
            causes: Words::default(),
            consequence: Words::default(),
            action: Words::default(),
            confirmation: Words::default(),
            respond_s: 600.0,
            severities: Severities::default(),
            priority: Priority::P3,
            override_reason: String::new(),
            limit: None,
            engineering_unit: String::new(),
            basis: String::new(),
            deadband: 0.0,
            on_delay_s: 0.0,
            off_delay_s: 0.0,
            latching: false,
            shelving: true,
            shelve_s_max: 8.0 * 3_600.0,
            shelving_reason: String::new(),
            modes: Vec::new(),
            suppression: Vec::new(),
            first_out: String::new(),
            display: String::new(),
            sop: String::new(),
            escalation: String::new(),
            ipl: String::new(),
            approval: Approval::default(),
            review_due: String::new(),
        }
    }
}
