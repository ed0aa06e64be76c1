//! Alarms and records as clients see them: the list, its counts, what a person may do
//! with an alarm, and the questions that the records answer.
//!
//! The words are those of ISA-18.2 / IEC 62682. A row stands on the list while its alarm
//! is in any state but *normal*; what happened before is asked of the records.

use crate::desk::Text;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// State of an alarm in its life (ISA-18.2, figure of the alarm state transitions).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// No alarm.
    #[default]
    Normal,
    /// Stands and nobody has acknowledged it.
    Unacknowledged,
    /// Stands and is acknowledged.
    Acknowledged,
    /// Gone, but nobody has acknowledged it.
    ReturnedUnacknowledged,
    /// Gone but held, and not acknowledged; waits for acknowledgement and reset.
    LatchedUnacknowledged,
    /// Gone but held, and acknowledged; waits for reset.
    LatchedAcknowledged,
    /// Put aside by a person for a time.
    Shelved,
    /// Not annunciated because the design says so in this state of the plant.
    SuppressedByDesign,
    /// Out of service until a person returns it.
    OutOfService,
}

/// One alarm on the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmRow {
    /// Name of the alarm, unique in the plant, such as `TT-101.HH`.
    pub alarm: String,
    /// Tag that it watches.
    pub tag: String,
    /// Unit of the plant that it belongs to, such as `R-101`.
    pub unit: String,
    /// Kind in short: HH, H, L, LL, ROC, DEV, BAD, DISC, STATE, CALC, SYS.
    pub kind: String,
    /// Class in short, such as `safety`.
    pub class: String,
    /// 1 urgent … 4 low.
    pub priority: u8,
    /// State in its life.
    pub state: AlarmState,
    /// Whether the condition stands now, whatever the state.
    pub active: bool,
    /// What it says.
    pub text: Text,
    /// Value when it came; none for a discrete alarm.
    pub value: Option<f64>,
    /// Limit that was passed; none for a discrete alarm.
    pub limit: Option<f64>,
    /// Engineering unit of both.
    pub eu: String,
    /// When it came, milliseconds since the epoch.
    pub since_ms: i64,
    /// Scan in which it came.
    pub scan: u64,
    /// Last change of state, milliseconds since the epoch.
    pub changed_ms: i64,
    /// Who acknowledged, shelved or took it out of service; empty = nobody.
    pub by: String,
    /// Why, for shelved and out of service.
    pub reason: String,
    /// End of the shelving, milliseconds since the epoch.
    pub until_ms: Option<i64>,
    /// Name of its first-out group; empty = none.
    pub group: String,
    /// It was the first of its group.
    pub first_out: bool,
    /// Number of the raise that is shown: what an acknowledgement refers to.
    pub raise: u64,
    /// Acknowledging needs a comment.
    pub comment: bool,
    /// How often it came in the last 24 h.
    pub count: u32,
    /// Came three times or more within a minute.
    pub chattering: bool,
    /// Has stood for more than a day.
    pub stale: bool,
    /// Display that shows its place; empty = none.
    pub display: String,
}

/// Counts for one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmCount {
    /// Stand or returned, not acknowledged.
    pub unacknowledged: u32,
    /// Stand, acknowledged.
    pub acknowledged: u32,
}

/// What the banner shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmCounts {
    /// By priority 1 … 4.
    pub priority: [AlarmCount; 4],
    /// Put aside.
    pub shelved: u32,
    /// Suppressed by design.
    pub suppressed: u32,
    /// Out of service.
    pub out_of_service: u32,
    /// Alarms annunciated in the last ten minutes.
    pub last_ten_minutes: u32,
    /// A flood goes on: the list shows urgent, high and first-out alarms first.
    pub flood: bool,
    /// Highest priority for which the horn sounds; none = quiet.
    pub horn: Option<u8>,
}

/// The list at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmList {
    /// Grows with each change.
    pub seq: u64,
    /// When made, milliseconds since the epoch.
    pub utc_ms: i64,
    /// Counts.
    pub counts: AlarmCounts,
    /// Every alarm that is not normal, in the order of the list: not acknowledged
    /// first, then priority, then the newest.
    pub rows: Vec<AlarmRow>,
}

/// What a person needs to answer an alarm: its rationalisation record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlarmGuidance {
    /// Name of the alarm.
    pub alarm: String,
    /// What may have caused it.
    pub cause: Text,
    /// What follows if nothing is done.
    pub consequence: Text,
    /// What to do.
    pub action: Text,
    /// How to see that it is so.
    pub confirmation: Text,
    /// Time in which to act, seconds.
    pub time_to_respond_s: f64,
    /// Where the limit comes from.
    pub basis: Text,
    /// Procedure to follow; empty = none.
    pub procedure: String,
}

/// What to do with alarms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum AlarmDeed {
    /// Acknowledge.
    Acknowledge,
    /// Reset a latched alarm.
    Reset,
    /// Put aside for a time.
    Shelve {
        /// For how long, seconds.
        for_s: f64,
        /// Until it returns to normal, at most that long.
        one_shot: bool,
    },
    /// Take back from the shelf.
    Unshelve,
    /// Take out of service.
    OutOfService,
    /// Return to service.
    ReturnToService,
    /// Silence the horn; says nothing of any alarm.
    Silence,
}

/// Something a person does with alarms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlarmCommand {
    /// Given by the client, unique.
    pub id: String,
    /// Who asks; set by the door, never by the client.
    #[serde(default)]
    pub actor: String,
    /// Names of alarms; none for [`AlarmDeed::Silence`].
    #[serde(default)]
    pub alarms: Vec<String>,
    /// What.
    #[serde(flatten)]
    pub deed: AlarmDeed,
    /// Why; asked for by shelving and out of service, and by acknowledging where the row says so.
    #[serde(default)]
    pub reason: String,
    /// Acknowledging: number of the raise that was seen of each alarm, in their order. One
    /// that came anew since is not acknowledged unseen. Empty = whatever stands.
    #[serde(default)]
    pub seen: Vec<u64>,
}

/// A question to the alarm history or the audit trail. Every bound is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordQuery {
    /// From this time on, milliseconds since the epoch.
    pub from_ms: Option<i64>,
    /// Before this time.
    pub to_ms: Option<i64>,
    /// Class of record: `alarm`, `command`, `login`, `change`, `system`, `event`; empty = all.
    pub class: String,
    /// Who; empty = anybody.
    pub who: String,
    /// Tag, alarm or other object, or its beginning; empty = any.
    pub object: String,
    /// Text anywhere in the record; empty = any.
    pub text: String,
    /// Records before this number, for paging backwards.
    pub before_seq: Option<u64>,
    /// At most so many; 0 = 200.
    pub limit: u32,
}

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordRow {
    /// Number in the audit trail.
    pub seq: u64,
    /// When, milliseconds since the epoch.
    pub utc_ms: i64,
    /// Scan, if it belongs to one.
    pub scan: Option<u64>,
    /// Class of record.
    pub class: String,
    /// Who; empty = nobody.
    pub who: String,
    /// What was done.
    pub what: String,
    /// To what.
    pub object: String,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
    /// Why.
    pub why: String,
}

/// Records that answer a query, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordPage {
    /// The records.
    pub rows: Vec<RecordRow>,
    /// There are more before the last.
    pub more: bool,
}

/// One edge in the sequence of events: a trip, a limit switch, a device changed state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SequenceRow {
    /// Number, ascending.
    pub seq: u64,
    /// Scan in which it was seen.
    pub scan: u64,
    /// Place among the edges of that scan; within one scan there is no order in time.
    pub place: u32,
    /// Grid time of the scan, milliseconds since the epoch.
    pub utc_ms: i64,
    /// Tag.
    pub tag: String,
    /// Value after the edge.
    pub value: bool,
    /// Whether its quality was good.
    pub good: bool,
}

/// A trip with what was before and after it, at scan rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TripRecord {
    /// Number, ascending.
    pub seq: u64,
    /// Reset group that tripped.
    pub group: String,
    /// Cause that was first; empty if the group was latched by a start.
    pub first_out: String,
    /// What that cause says.
    #[serde(default)]
    pub cause: Text,
    /// Unit of the plant that it belongs to; empty = none.
    #[serde(default)]
    pub unit: String,
    /// Scan of the trip.
    pub scan: u64,
    /// When, milliseconds since the epoch.
    pub utc_ms: i64,
    /// Seconds from the trip of each sample, ascending; 0 is the trip.
    pub at_s: Vec<f64>,
    /// Tags recorded.
    pub tags: Vec<String>,
    /// Values by tag, then by sample; none = bad or not sampled.
    pub values: Vec<Vec<Option<f64>>>,
}

/// A trip without its samples: a line of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TripHead {
    /// Reset group that tripped; with the time the name of the record.
    pub group: String,
    /// When, milliseconds since the epoch.
    pub utc_ms: i64,
    /// Cause that was first; empty if the group was latched by a start.
    pub first_out: String,
    /// What that cause says.
    pub cause: Text,
    /// Unit of the plant that it belongs to; empty = none.
    pub unit: String,
    /// Scan of the trip.
    pub scan: u64,
    /// Tags recorded.
    pub tags: usize,
    /// Samples of each.
    pub samples: usize,
}

impl TripRecord {
    /// Its line of the list.
    pub fn head(&self) -> TripHead {
        TripHead {
            group: self.group.clone(),
            utc_ms: self.utc_ms,
            first_out: self.first_out.clone(),
            cause: self.cause.clone(),
            unit: self.unit.clone(),
            scan: self.scan,
            tags: self.tags.len(),
            samples: self.at_s.len(),
        }
    }
}

/// What the records say, for a desk without records.
pub fn no_alarms() -> Arc<AlarmList> {
    Arc::new(AlarmList::default())
}
