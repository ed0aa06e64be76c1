//! What the desk asks of the station. An order has passed the desk's checks; it
//! still has to be recorded before it is done.

use crate::alarms::{AlarmCommand, RecordPage, RecordQuery};
use crate::desk::{Receipt, Refusal};
use people::Signed;
use tokio::sync::oneshot;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Write a tag.
    Write {
        /// Handle of the tag.
        handle: u32,
        /// Value wanted.
        value: f64,
        /// Value before, as last seen by the desk.
        old: f64,
    },
    /// Begin or end a bypass.
    Bypass {
        /// Handle of the tag that holds it.
        handle: u32,
        /// 1 begins, 0 ends.
        value: f64,
        /// Value before.
        old: f64,
        /// Number of the permit to work; empty if none was asked for.
        permit: String,
    },
    /// Hold a tag at a value.
    Force {
        /// Handle of the tag.
        handle: u32,
        /// Value to hold.
        value: f64,
        /// Value before.
        old: f64,
    },
    /// Release a held tag.
    Unforce {
        /// Handle of the tag.
        handle: u32,
    },
    /// Load the plant's text anew and adopt it while running.
    Adopt {
        /// Digest of the text that was compared; another one is refused.
        digest: Option<String>,
    },
    /// Go back to the edition before.
    RollBack,
    /// Write something down that people did among themselves: a sign-in, a lock. Nothing
    /// else follows from it.
    Note {
        /// The word of it in the record.
        what: String,
    },
}

/// Where the answer goes.
pub type Answer = oneshot::Sender<Result<Receipt, Refusal>>;

/// One order.
#[derive(Debug)]
pub struct Order {
    /// Given by the client.
    pub id: String,
    /// Number of the edition by which it was checked: its handle and its limits hold
    /// for no other.
    pub edition: u64,
    /// Who.
    pub actor: String,
    /// Tag name, for the record; empty for editions.
    pub subject: String,
    /// What.
    pub ask: Ask,
    /// Why, in the person's words.
    pub reason: String,
    /// The signatures under it, the first person's before the second's.
    pub signatures: Vec<Signed>,
    /// Where the answer goes.
    pub answer: Answer,
}

/// Something to be done with alarms.
#[derive(Debug)]
pub struct AlarmOrder {
    /// What, by whom.
    pub command: AlarmCommand,
    /// The signatures under it.
    pub signatures: Vec<Signed>,
    /// Where the answer goes.
    pub answer: Answer,
}

/// A question that needs the records.
#[derive(Debug)]
pub enum Question {
    /// Records, newest first.
    Records {
        /// Which.
        query: RecordQuery,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<RecordPage, Refusal>>,
    },
    /// Key figures of the alarm system.
    Figures {
        /// From, milliseconds since the epoch.
        from_ms: i64,
        /// To, milliseconds since the epoch.
        to_ms: i64,
        /// Where the answer goes, as JSON.
        answer: oneshot::Sender<Result<String, Refusal>>,
    },
}
