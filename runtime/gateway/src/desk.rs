//! The desk: everything the operator interface may see and ask, as one trait.
//!
//! The browser holds no authority and neither does the HTTP layer: it checks the
//! shape of a request, then the desk decides. Whoever implements [`Desk`] owns
//! rights, limits, interlocks and the record.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::alarms::{
    AlarmCommand, AlarmGuidance, AlarmList, RecordPage, RecordQuery, SequenceRow, TripRecord,
};
use crate::counter::{People, Person, Wish};
use people::{Action, SignatureClass};
use serde::{Deserialize, Serialize};
use signal::Quality;

use crate::bypass::{Bypass, BypassRule};
use crate::equipment::Equipment;
use crate::parts::Part;
use crate::simulator::{Simulation, SimulationDeed};

/// The answer of [`Desk::submit`], boxed so that the trait stays object-safe.
pub type Submission<'a> = Pin<Box<dyn Future<Output = Result<Receipt, Refusal>> + Send + 'a>>;

/// An answer that may need the disk, boxed so that the trait stays object-safe.
pub type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// What the operator interface needs of the runtime.
///
/// Every method but [`submit`](Desk::submit) answers at once from memory; none may
/// block. Methods are called from many tasks at the same time.
pub trait Desk: Send + Sync + 'static {
    /// The names behind the numbers. A new [`Directory::epoch`] means that every
    /// handle may have changed and that clients must start again.
    fn directory(&self) -> Arc<Directory>;

    /// The newest complete image of the plant.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Server time, nanoseconds since 1970-01-01T00:00:00Z, on the same clock as
    /// [`Snapshot::utc_ns`]. Age of a view and of a command is measured against it.
    fn now_utc_ns(&self) -> i64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
    }

    /// Plant time for each unit of real time: 1 but for simulations, 0 while one stands
    /// still.
    fn pace(&self) -> f64 {
        1.0
    }

    /// Asks for one write. Resolves when the runtime has admitted or refused it,
    /// not when the process has followed.
    fn submit(&self, command: Command) -> Submission<'_>;

    /// Asks that a tag is held at a value, or released. Refused for tags that
    /// protection writes.
    fn force(&self, forcing: Forcing) -> Submission<'_> {
        let _ = forcing;
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// Asks that the plant's text is loaded anew and adopted while it runs, or that
    /// the edition before comes back.
    fn change(&self, change: Change) -> Submission<'_> {
        let _ = change;
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// Compares the plant that runs with the text as it is now, as JSON: edition,
    /// problems of the text, what differs, what that touches. Changes nothing.
    fn compare(&self) -> Answered<'_, String> {
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// Asks for something in the name of a person, who is judged behind the desk. At a
    /// desk without people anybody may ask.
    fn ask(&self, person: Person, wish: Wish) -> Submission<'_> {
        let _ = person;
        match wish {
            Wish::Write(command) => self.submit(command),
            Wish::Force(forcing) => self.force(forcing),
            Wish::Change(change) => self.change(change),
            Wish::Alarm(command) => self.alarm_act(command),
            Wish::Simulate(id, actor, deed) => self.simulate(id, actor, deed),
        }
    }

    /// Where people show who they are; none at a desk that knows no people.
    fn people(&self) -> Option<&dyn People> {
        None
    }

    /// Records an attempt that the HTTP layer turned away before [`submit`](Desk::submit),
    /// so that no refused attempt goes unrecorded. Must not block.
    fn refused(&self, attempt: Attempt);

    /// History, reduced to buckets. What reaches further back than memory is read from
    /// disk: to be asked where blocking is allowed.
    fn trend(&self, query: &TrendQuery) -> Trend;

    /// Scan timing of every task.
    fn timing(&self) -> Vec<TaskTiming>;

    /// State of the station's own parts, those that are set up.
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }

    /// Health of every driver.
    fn drivers(&self) -> Vec<DriverHealth>;

    /// Every value now forced by a person.
    fn forces(&self) -> Vec<Force>;

    /// Every bypass that stands now.
    fn bypasses(&self) -> Vec<Bypass> {
        Vec::new()
    }

    /// Events with a sequence number greater than `since`, oldest first; at most
    /// a few hundred, the newest if there are more.
    fn events(&self, since: u64) -> Vec<Event>;

    /// The alarm list as it stands; the same `Arc` until something changes.
    fn alarms(&self) -> Arc<AlarmList> {
        crate::alarms::no_alarms()
    }

    /// The rationalisation record of an alarm.
    fn alarm_guidance(&self, alarm: &str) -> Option<AlarmGuidance> {
        let _ = alarm;
        None
    }

    /// Asks for something to be done with alarms. Resolves when it is recorded and done.
    fn alarm_act(&self, command: AlarmCommand) -> Submission<'_> {
        let _ = command;
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// A receipt of a message by the token of its link, `who` if a session says so: the
    /// alarms of the message. A wrong token is recorded.
    ///
    /// # Errors
    /// [`Refusal`]: nobody is told anything here, or the link is unknown, used, too old.
    fn receipt(&self, token: &str, who: Option<&str>) -> Result<Vec<String>, Refusal> {
        let _ = (token, who);
        Err(Refusal::not_offered())
    }

    /// Records of any class, alarms among them, newest first.
    fn records(&self, query: RecordQuery) -> Answered<'_, RecordPage> {
        let _ = query;
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// Key figures of the alarm system between two times, milliseconds since the epoch,
    /// as JSON, the same as `scanloop alarms kpi --json` prints.
    fn alarm_figures(&self, from_ms: i64, to_ms: i64) -> Answered<'_, String> {
        let _ = (from_ms, to_ms);
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// The newest edges of the sequence of events with a number greater than `since` and,
    /// to read backwards, less than `before`, oldest first; at most a few hundred.
    fn sequence(&self, since: u64, before: Option<u64>) -> Vec<SequenceRow> {
        let _ = (since, before);
        Vec::new()
    }

    /// The simulated process, if there is one.
    fn simulation(&self) -> Option<Simulation> {
        None
    }

    /// Does something to the simulated process: `id` of the client, who, what.
    fn simulate(&self, id: String, actor: String, deed: SimulationDeed) -> Submission<'_> {
        let _ = (id, actor, deed);
        Box::pin(async { Err(Refusal::not_offered()) })
    }

    /// The newest trips with what was before and after them, newest first.
    fn trips(&self) -> Vec<Arc<TripRecord>> {
        Vec::new()
    }
}

/// A text in both languages of the interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

impl Text {
    /// A text from its two languages.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Text {
        Text {
            en: en.into(),
            zh: zh.into(),
        }
    }
}

/// Whether the process behind the drivers is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Environment {
    /// A simulator answers: every page carries a watermark.
    #[serde(rename = "SIM")]
    Simulation,
    /// A plant answers.
    #[serde(rename = "LIVE")]
    Live,
}

/// The names, texts and limits behind a snapshot's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    /// Changes whenever handles may have changed (start, new edition).
    pub epoch: u64,
    /// Short plant name.
    pub plant: Text,
    /// What the plant is, one line.
    pub title: Text,
    /// Simulation or live.
    pub env: Environment,
    /// Which configuration runs.
    pub edition: Edition,
    /// Every tag that may be shown.
    pub tags: Vec<Tag>,
    /// Control loops.
    pub loops: Vec<Loop>,
    /// Interlock groups.
    pub interlocks: Vec<Interlock>,
    /// Units, blocks and matrices behind the tags.
    #[serde(default)]
    pub equipment: Equipment,
}

impl Directory {
    /// Nothing known yet.
    pub fn empty() -> Directory {
        Directory {
            epoch: 0,
            plant: Text::default(),
            title: Text::default(),
            env: Environment::Simulation,
            edition: Edition::default(),
            tags: Vec::new(),
            loops: Vec::new(),
            interlocks: Vec::new(),
            equipment: Equipment::default(),
        }
    }
}

/// Which configuration of the plant runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Running number of the accepted edition.
    pub number: u64,
    /// Digest of the plant files, lower-case hexadecimal.
    pub digest: String,
}

/// The machine kind of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagKind {
    /// A finite number.
    Real,
    /// False 0, true 1.
    Bool,
    /// A whole number; with [`Tag::states`] an enumeration.
    Int,
}

/// One tag of the directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tag {
    /// Index of the tag's cell in [`Snapshot::cells`].
    pub handle: u32,
    /// Full name, `<block>.<PIN>`.
    pub name: String,
    /// What it is.
    pub desc: Text,
    /// Unit as shown; empty if none.
    pub unit: String,
    /// Decimal places shown, trailing zeros kept.
    pub decimals: u8,
    /// Machine kind.
    pub kind: TagKind,
    /// Low end of the scale, in `unit`.
    pub lo: f64,
    /// High end of the scale, in `unit`.
    pub hi: f64,
    /// Alarm limits that exist.
    pub limits: Limits,
    /// How it may be written, if at all.
    pub writable: Option<Writable>,
    /// Names of the states of a bool or int.
    pub states: Vec<State>,
}

/// Alarm limits in the tag's unit; a missing one does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Low low.
    pub ll: Option<f64>,
    /// Low.
    pub l: Option<f64>,
    /// High.
    pub h: Option<f64>,
    /// High high.
    pub hh: Option<f64>,
}

/// How a tag may be written by an operator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Writable {
    /// Least value accepted.
    pub lo: f64,
    /// Greatest value accepted.
    pub hi: f64,
    /// Greatest change of one command, in the tag's unit; none = no restriction.
    pub max_step: Option<f64>,
    /// Writing true is a pulse (reset, acknowledge): the runtime takes it back.
    pub momentary: bool,
    /// The write is accepted only while another tag has a value.
    pub only_when: Option<OnlyWhen>,
    /// Class of the action: who may.
    #[serde(default)]
    pub action: Action,
    /// What a person has to give for it.
    #[serde(default)]
    pub signature: SignatureClass,
    /// Writing it takes protection out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypass: Option<BypassRule>,
}

/// A permissive shown to the operator and checked before the desk is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnlyWhen {
    /// The tag that decides.
    pub tag: String,
    /// The value it must have.
    pub value: f64,
    /// Why, if it has not.
    pub why: Text,
}

/// One named state of an enumeration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The number.
    pub value: i32,
    /// Its name.
    pub text: Text,
}

/// One control loop: the tags that its faceplate shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loop {
    /// Loop name, `TIC-101`.
    pub name: String,
    /// Service.
    pub desc: Text,
    /// Process value tag.
    pub pv: String,
    /// Setpoint tag.
    pub sp: String,
    /// Output tag, percent.
    pub out: String,
    /// Requested mode tag: 0 manual, 1 automatic, 2 cascade.
    pub mode: String,
    /// Mode in force, same numbers; may be shed by quality or interlock.
    pub mode_act: Option<String>,
    /// Modes the loop has, as numbers.
    pub modes: Vec<i32>,
    /// What the output drives (`TV-101 / TV-102`), or an inner loop's setpoint tag.
    pub out_to: Option<String>,
    /// Tuning tags in the order shown.
    pub tuning: Vec<String>,
}

/// One interlock group with its causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interlock {
    /// Group name, `RG-1`.
    pub name: String,
    /// What it protects and how.
    pub text: Text,
    /// Bool: the group is tripped and latched.
    pub tripped: String,
    /// Int: [`Cause::index`] of the cause that came first, 0 none, 100 start-up.
    pub first_out: String,
    /// Bool, writable, momentary.
    pub reset: Option<String>,
    /// Causes in the order of the cause-and-effect matrix.
    pub causes: Vec<Cause>,
}

/// One cause of an interlock group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// `C01`.
    pub id: String,
    /// The number that [`Interlock::first_out`] carries for this cause; not 0, not 100.
    pub index: i32,
    /// The condition, with its limit.
    pub text: Text,
    /// Bool: the cause demands the trip now.
    pub tag: String,
    /// Tag whose live value tells how near the cause is.
    pub live: Option<String>,
    /// Bool: the cause is armed; none = always.
    pub armed: Option<String>,
    /// Bool: the cause is bypassed; none = cannot be.
    pub bypassed: Option<String>,
}

/// One value with its quality.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Number; a bool is 0 or 1.
    pub value: f64,
    /// Quality of that number.
    pub quality: Quality,
}

/// One complete image of the plant.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Scan that made it; grows while the runtime scans.
    pub scan: u64,
    /// Time of that scan, nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
    /// Cells by handle.
    pub cells: Vec<Cell>,
}

/// One write asked for by a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Given by the client, unique; the same id is never executed twice.
    pub id: String,
    /// Who asks.
    pub actor: String,
    /// Full tag name.
    pub tag: String,
    /// The value wanted, finite, within [`Writable`].
    pub value: f64,
    /// The value that the person saw when deciding.
    pub seen_value: Option<f64>,
    /// Why, in the person's words; empty if not asked for.
    pub reason: String,
    /// Number of the permit to work; empty if not asked for.
    #[serde(default)]
    pub permit: String,
}

/// A tag to be held at a value, or released.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forcing {
    /// Given by the client, unique.
    pub id: String,
    /// Who asks.
    pub actor: String,
    /// Full tag name.
    pub tag: String,
    /// The value to hold; none releases the tag.
    pub value: Option<f64>,
    /// Why; must not be empty.
    pub reason: String,
}

/// An online change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Given by the client, unique.
    pub id: String,
    /// Who asks.
    pub actor: String,
    /// Back to the edition before, instead of the text as it is now.
    pub back: bool,
    /// Digest of the text that the person has compared; another one is refused.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why; must not be empty.
    pub reason: String,
}

/// A command was admitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`Command::id`].
    pub id: String,
    /// When, nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
    /// Scan that takes it, if known.
    pub scan: Option<u64>,
}

/// Machine code of a refusal. The set is part of the interface: codes are added, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// The request does not come from this interface's own pages.
    BadOrigin,
    /// The header `X-HMI: 1` is missing.
    MissingHeader,
    /// The body is not what the interface sends.
    Malformed,
    /// The body is too long.
    TooLarge,
    /// No such tag.
    UnknownTag,
    /// The tag is not for operators to write.
    NotWritable,
    /// NaN or infinite.
    NotFinite,
    /// Not a whole number or not 0/1 where one is needed.
    WrongKind,
    /// Outside the range.
    OutOfRange,
    /// Further away than one step may go.
    StepTooLarge,
    /// The value changed since the person looked.
    ValueChanged,
    /// Decided on a view older than five seconds.
    Expired,
    /// The loop's mode or another permissive forbids it now.
    NotPermitted,
    /// An interlock forbids it.
    Interlocked,
    /// The person lacks the right.
    Forbidden,
    /// Nobody is signed in.
    SignInNeeded,
    /// The session is locked.
    SessionLocked,
    /// The signature lacks something.
    SignatureNeeded,
    /// The number of the permit to work is missing.
    PermitNeeded,
    /// A name or password was not accepted.
    NotProved,
    /// The password has to be changed first, or the new one is not good enough.
    PasswordNeeded,
    /// The id was used before, for something else or by somebody else.
    Replayed,
    /// Too many attempts.
    TooMany,
    /// The runtime does not scan.
    RuntimeStalled,
    /// Too many commands wait.
    Busy,
    /// Nothing can be recorded, so nothing may be done.
    JournalDown,
    /// The runtime could not record or deliver the command.
    Failed,
}

impl RefusalCode {
    /// HTTP status that carries this code.
    pub const fn status(self) -> u16 {
        match self {
            RefusalCode::BadOrigin
            | RefusalCode::MissingHeader
            | RefusalCode::Forbidden
            | RefusalCode::SignatureNeeded
            | RefusalCode::PermitNeeded
            | RefusalCode::PasswordNeeded => 403,
            RefusalCode::SignInNeeded | RefusalCode::SessionLocked | RefusalCode::NotProved => 401,
            RefusalCode::TooMany => 429,
            RefusalCode::Malformed => 400,
            RefusalCode::TooLarge => 413,
            RefusalCode::UnknownTag => 404,
            RefusalCode::NotWritable
            | RefusalCode::NotFinite
            | RefusalCode::WrongKind
            | RefusalCode::OutOfRange
            | RefusalCode::StepTooLarge => 422,
            RefusalCode::ValueChanged
            | RefusalCode::Replayed
            | RefusalCode::Expired
            | RefusalCode::NotPermitted
            | RefusalCode::Interlocked => 409,
            RefusalCode::RuntimeStalled | RefusalCode::Busy | RefusalCode::JournalDown => 503,
            RefusalCode::Failed => 500,
        }
    }
}

/// Why a command was not admitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Machine code.
    pub code: RefusalCode,
    /// Reason in English.
    pub en: String,
    /// Reason in Chinese.
    pub zh: String,
}

impl Refusal {
    /// A refusal with its reason in both languages.
    pub fn new(code: RefusalCode, en: impl Into<String>, zh: impl Into<String>) -> Refusal {
        Refusal {
            code,
            en: en.into(),
            zh: zh.into(),
        }
    }

    /// What cannot be recorded is not done; `why` it cannot.
    pub fn journal_down(why: impl core::fmt::Display) -> Refusal {
        Refusal::new(
            RefusalCode::JournalDown,
            format!("JournalDown: {why}; nothing may be done that is not recorded"),
            "操作记录不可用(JournalDown),未记录的操作一律不执行",
        )
    }

    /// This desk does not do that.
    pub fn not_offered() -> Refusal {
        Refusal::new(
            RefusalCode::NotPermitted,
            "this desk does not offer that",
            "本站不提供该操作",
        )
    }
}

/// A refused attempt, for the record. Fields are what the request claimed and may be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// When, nanoseconds since 1970-01-01T00:00:00Z.
    pub utc_ns: i64,
    /// Who, as far as known.
    pub actor: String,
    /// Command id, if readable.
    pub id: Option<String>,
    /// Tag, if readable.
    pub tag: Option<String>,
    /// Value, if readable.
    pub value: Option<f64>,
    /// Why it was refused.
    pub refusal: Refusal,
}

/// A question for history.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendQuery {
    /// Tag names.
    pub tags: Vec<String>,
    /// Start, milliseconds since the epoch, inclusive.
    pub from_ms: i64,
    /// End, milliseconds since the epoch, exclusive; greater than `from_ms`.
    pub to_ms: i64,
    /// Number of buckets, 1..=[`TREND_BUCKETS_MAX`].
    pub buckets: usize,
}

/// Most buckets of one trend question.
pub const TREND_BUCKETS_MAX: usize = 4_096;
/// Most tags of one trend question.
pub const TREND_TAGS_MAX: usize = 16;

/// What a bucket of a trend stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BucketMark {
    /// Good samples only.
    Good = 0,
    /// At least one uncertain sample, none bad.
    Uncertain = 1,
    /// At least one bad sample: the line has a gap here.
    Bad = 2,
    /// No sample was recorded: a gap, unless the reader may hold the last value.
    Empty = 3,
}

/// One bucket: `[from_ms + i·step, from_ms + (i+1)·step)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Least good sample; NaN if none.
    pub min: f64,
    /// Greatest good sample; NaN if none.
    pub max: f64,
    /// Last good sample; NaN if none.
    pub last: f64,
    /// What happened in it.
    pub mark: BucketMark,
}

impl Bucket {
    /// A bucket without any sample.
    pub const EMPTY: Bucket = Bucket {
        min: f64::NAN,
        max: f64::NAN,
        last: f64::NAN,
        mark: BucketMark::Empty,
    };
}

/// The buckets of one tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendSeries {
    /// Tag name as asked.
    pub tag: String,
    /// As many as asked.
    pub buckets: Vec<Bucket>,
}

/// The answer to a [`TrendQuery`]; unknown tags are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Start, milliseconds since the epoch.
    pub from_ms: i64,
    /// End, milliseconds since the epoch.
    pub to_ms: i64,
    /// Series in the order asked.
    pub series: Vec<TrendSeries>,
}

/// Timing of one task since start (or since its counters were reset).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskTiming {
    /// Task name.
    pub task: String,
    /// Period in milliseconds.
    pub period_ms: f64,
    /// Scans done.
    pub scans: u64,
    /// Scans that ended after their deadline.
    pub overruns: u64,
    /// Whole scan, wake-up latency and each stage, in the order shown.
    pub stages: Vec<StageTiming>,
}

/// Distribution of one duration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTiming {
    /// `scan`, `wake-up`, `read`, …
    pub name: String,
    /// What is measured.
    pub text: Text,
    /// Number of durations counted.
    pub count: u64,
    /// Median, microseconds.
    pub p50_us: f64,
    /// 90th percentile, microseconds.
    pub p90_us: f64,
    /// 99th percentile, microseconds.
    pub p99_us: f64,
    /// 99.9th percentile, microseconds.
    pub p999_us: f64,
    /// Greatest, microseconds.
    pub max_us: f64,
    /// Histogram, ascending; bucket `i` counts durations in `(le_us[i-1], le_us[i]]`.
    pub buckets: Vec<DurationBucket>,
}

/// One bar of a duration histogram.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DurationBucket {
    /// Upper edge, microseconds, inclusive.
    pub le_us: f64,
    /// How many.
    pub count: u64,
}

/// State of a driver's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Not connected yet.
    Connecting,
    /// Answers in time.
    Healthy,
    /// Answers, but late or with errors.
    Degraded,
    /// Does not answer.
    Lost,
}

/// Health of one driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriverHealth {
    /// Driver name in the plant, `io1`.
    pub name: String,
    /// Protocol, `modbus-tcp`.
    pub protocol: String,
    /// Where it is connected.
    pub endpoint: String,
    /// State of the link.
    pub link: LinkState,
    /// Exchanges done.
    pub exchanges: u64,
    /// Exchanges that failed.
    pub errors: u64,
    /// Times the link was made anew.
    pub reconnects: u64,
    /// Age of the newest good answer, milliseconds; none = never.
    pub age_ms: Option<f64>,
    /// Median round trip, microseconds.
    pub p50_us: f64,
    /// 99th percentile round trip, microseconds.
    pub p99_us: f64,
    /// Greatest round trip, microseconds.
    pub max_us: f64,
    /// Last error in words; empty if none.
    pub last_error: String,
}

/// One value forced by a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Force {
    /// Full tag name.
    pub tag: String,
    /// Forced value.
    pub value: f64,
    /// Since when, milliseconds since the epoch.
    pub since_ms: i64,
    /// By whom.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A command was admitted.
    Command,
    /// A command was refused.
    Refused,
    /// An interlock tripped.
    Trip,
    /// An interlock was reset.
    Reset,
    /// A device or loop changed state by itself.
    State,
    /// The runtime itself.
    System,
}

/// One recorded event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Sequence number, ascending, from 1.
    pub seq: u64,
    /// When, milliseconds since the epoch.
    pub utc_ms: i64,
    /// What it is about.
    pub kind: EventKind,
    /// Tag concerned, if one.
    pub tag: Option<String>,
    /// Who did it; empty = nobody.
    pub actor: String,
    /// What happened.
    pub text: Text,
}
