//! What happened to every notice, for the ledger, and how the channels are.

use crate::problem::SendProblem;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One thing that happened. Persons and channels are named as in `[notify]`; addresses
/// and texts are not repeated here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// When, milliseconds of UTC since 1970.
    pub at_ms: u64,
    /// Running number of the notice; 0 if it is about none.
    pub notice: u64,
    /// Its alarm; empty if it is about none, or about several.
    pub alarm: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Event {
    /// A notice was taken; its profile begins.
    Told { priority: u8, profile: String },
    /// No profile wants a notice of this priority and unit.
    Unwanted { priority: u8 },
    /// The same alarm is being told already.
    Merged,
    /// A notice is not told: too many at once.
    Dropped { priority: u8 },
    /// A step of the profile began, counted from 1; `early` because the one before
    /// reached nobody.
    Step { step: usize, early: bool },
    /// A step found nobody on call with an address for its channels.
    Nobody { step: usize },
    /// A message waits: the person is being flooded, or it is night there.
    Gathered {
        person: String,
        channel: String,
        why: Wait,
    },
    /// A message left and the server has taken it. `digest_of` notices were in it.
    Delivered {
        person: String,
        channel: String,
        attempt: u32,
        digest_of: usize,
    },
    /// An attempt failed; `retry_ms` is when the next one follows.
    Failed {
        person: String,
        channel: String,
        attempt: u32,
        problem: SendProblem,
        retry_ms: Option<u64>,
    },
    /// A message was not sent, since it had become needless.
    Withdrawn { person: String, channel: String },
    /// Somebody has read it.
    Receipt { who: String },
    /// A receipt that does not count.
    ReceiptRefused {
        who: String,
        problem: ReceiptProblem,
    },
    /// Telling of this alarm has ended.
    Ended { why: End },
    /// A channel fails. An alarm of the station should say so.
    ChannelFailed { channel: String, said: String },
    /// A channel works again.
    ChannelReturned { channel: String },
    /// No sign of life has left by this channel for too long.
    HeartbeatMissed { channel: String },
    /// Signs of life leave again.
    HeartbeatReturned { channel: String },
    /// Records that nobody fetched were given up.
    RecordsLost { count: u64 },
}

impl Event {
    /// The word of records, `delivered`.
    pub const fn word(&self) -> &'static str {
        match self {
            Event::Told { .. } => "told",
            Event::Unwanted { .. } => "unwanted",
            Event::Merged => "merged",
            Event::Dropped { .. } => "dropped",
            Event::Step { .. } => "step",
            Event::Nobody { .. } => "nobody",
            Event::Gathered { .. } => "gathered",
            Event::Delivered { .. } => "delivered",
            Event::Failed { .. } => "failed",
            Event::Withdrawn { .. } => "withdrawn",
            Event::Receipt { .. } => "receipt",
            Event::ReceiptRefused { .. } => "receipt-refused",
            Event::Ended { .. } => "ended",
            Event::ChannelFailed { .. } => "channel-failed",
            Event::ChannelReturned { .. } => "channel-returned",
            Event::HeartbeatMissed { .. } => "heartbeat-missed",
            Event::HeartbeatReturned { .. } => "heartbeat-returned",
            Event::RecordsLost { .. } => "records-lost",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Told { priority, profile } => {
                write!(f, "priority {priority}, by profile {profile}")
            }
            Event::Unwanted { priority } => write!(f, "no profile is for priority {priority}"),
            Event::Merged => f.write_str("it is being told already"),
            Event::Dropped { priority } => write!(f, "priority {priority}: too many at once"),
            Event::Step { step, early: false } => write!(f, "step {step} begins"),
            Event::Step { step, early: true } => {
                write!(f, "step {step} begins early: the one before reached nobody")
            }
            Event::Nobody { step } => write!(f, "step {step} finds nobody on call"),
            Event::Gathered {
                person,
                channel,
                why: Wait::Flood,
            } => write!(f, "to {person} by {channel}: gathered, too many messages"),
            Event::Gathered {
                person,
                channel,
                why: Wait::Quiet,
            } => write!(f, "to {person} by {channel}: gathered, quiet hours"),
            Event::Delivered {
                person,
                channel,
                attempt,
                digest_of,
            } => {
                write!(f, "{}by {channel}, attempt {attempt}", to(person))?;
                match digest_of {
                    0 => Ok(()),
                    count => write!(f, ", one of {count} in a digest"),
                }
            }
            Event::Failed {
                person,
                channel,
                attempt,
                problem,
                retry_ms,
            } => {
                let rest = if retry_ms.is_some() {
                    "tried again"
                } else {
                    "given up"
                };
                let to = to(person);
                write!(f, "{to}by {channel}, attempt {attempt}: {problem}; {rest}")
            }
            Event::Withdrawn { person, channel } => {
                write!(f, "{}by {channel}: no longer needed", to(person))
            }
            Event::Receipt { who } => write!(f, "{who} has read it"),
            Event::ReceiptRefused { problem, .. } => write!(f, "{problem}"),
            Event::Ended { why } => write!(f, "{why}"),
            Event::ChannelFailed { channel, said } => write!(f, "{channel}: {said}"),
            Event::ChannelReturned { channel } => write!(f, "{channel} works again"),
            Event::HeartbeatMissed { channel } => {
                write!(f, "no sign of life by {channel} for too long")
            }
            Event::HeartbeatReturned { channel } => {
                write!(f, "signs of life leave by {channel} again")
            }
            Event::RecordsLost { count } => write!(f, "{count} records were given up"),
        }
    }
}

/// A sign of life to a watchdog has no person.
fn to(person: &str) -> String {
    match person {
        "" => String::new(),
        person => format!("to {person} "),
    }
}

/// Why a message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    /// More messages than the limit.
    Flood,
    /// Quiet hours of the person.
    Quiet,
}

/// Why telling ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Somebody read it, and the profile asks no more.
    Receipt {
        /// Who.
        who: String,
    },
    /// The alarm was acknowledged.
    Acknowledged,
    /// The alarm is over.
    Cleared,
    /// The alarm was put aside.
    Aside,
    /// All steps are done and at least one message was taken by a server.
    StepsDone,
    /// All steps are done and nobody was reached.
    Unreached,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Receipt { who } => write!(f, "{who} has read it"),
            End::Acknowledged => f.write_str("the alarm was acknowledged"),
            End::Cleared => f.write_str("the alarm is over"),
            End::Aside => f.write_str("the alarm was put aside"),
            End::StepsDone => f.write_str("all steps are done"),
            End::Unreached => f.write_str("all steps are done and nobody was reached"),
        }
    }
}

/// Why a receipt does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiptProblem {
    /// No such link, or no such alarm is being told.
    Unknown,
    /// The link was used before; a link serves once.
    Used,
    /// The link is too old.
    Expired,
}

impl fmt::Display for ReceiptProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReceiptProblem::Unknown => "no such receipt",
            ReceiptProblem::Used => "this receipt was used before",
            ReceiptProblem::Expired => "this receipt is too old",
        })
    }
}

impl std::error::Error for ReceiptProblem {}

/// How everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether anything is sent at all.
    pub is_enabled: bool,
    /// Notices that are being told.
    pub active: usize,
    /// Messages that are under way or wait.
    pub waiting: usize,
    /// Of these, notices that reached nobody so far: all their steps are done.
    pub owed: usize,
    /// Notices that were dropped since the start.
    pub dropped: u64,
    /// Notices whose telling ended without anybody reached, since the start.
    pub unreached: u64,
    /// Records that nobody fetched and that were given up, since the start.
    pub records_lost: u64,
    /// Whether a sign of life is missed.
    pub is_heartbeat_missed: bool,
    /// Channels in the order of the text.
    pub channels: Vec<ChannelHealth>,
}

/// How a channel is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelHealth {
    /// Name.
    pub name: String,
    /// Whether it counts as failed.
    pub is_failed: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Messages that a server has taken.
    pub delivered: u64,
    /// When the last one was, milliseconds of UTC; 0 if never.
    pub delivered_ms: u64,
    /// What the last failure said.
    pub said: String,
}
