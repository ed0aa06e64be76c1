//! The way into the ledger for every part of the station: the clerk alone writes it.

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use journal::ledger::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Postings that wait for the clerk.
pub const POSTINGS_WAITING_MAX: usize = 4_096;
/// How long [`LedgerSender::record`] waits for the clerk.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why something was not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// The ledger is down: nothing may be done that must be recorded.
    JournalDown {
        /// Why it is down.
        why: String,
    },
    /// The clerk has too much to do.
    Busy,
    /// The clerk does not answer, or the station stops: it may be recorded or not.
    NoAnswer,
}

impl core::fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Unrecorded::JournalDown { why } => write!(f, "JournalDown: {why}"),
            Unrecorded::Busy => f.write_str("too many records are waiting"),
            Unrecorded::NoAnswer => f.write_str("no answer from whoever writes the ledger"),
        }
    }
}
impl std::error::Error for Unrecorded {}

/// Answer to a posting: the number of its first entry.
pub type Recorded = Result<u64, Unrecorded>;

/// Entries on their way to the clerk.
pub struct Posting {
    /// What is to be recorded; numbers are given by the ledger.
    pub entries: Vec<Entry>,
    /// Who waits for the sync, if somebody does.
    pub answer: Option<Sender<Recorded>>,
}

/// A handle to the ledger; clones share it.
#[derive(Clone)]
pub struct LedgerSender {
    postings: Sender<Posting>,
    lost: Arc<AtomicU64>,
}

/// The clerk's end, and a first handle.
pub fn ledger_sender() -> (LedgerSender, Receiver<Posting>) {
    let (postings, out) = bounded(POSTINGS_WAITING_MAX);
    let lost = Arc::default();
    (LedgerSender { postings, lost }, out)
}

impl LedgerSender {
    /// Leaves entries to be recorded and goes on; for what has already happened, such as
    /// an alarm. Never blocks.
    ///
    /// # Errors
    /// [`Unrecorded::Busy`] or [`Unrecorded::NoAnswer`]; they are counted as lost.
    pub fn post(&self, entries: Vec<Entry>) -> Result<(), Unrecorded> {
        self.send(Posting {
            entries,
            answer: None,
        })
    }

    /// Hands entries over; the answer comes by the channel when they are synced, or not.
    ///
    /// # Errors
    /// [`Unrecorded::Busy`] or [`Unrecorded::NoAnswer`] if they cannot be handed over.
    pub fn ask(&self, entries: Vec<Entry>) -> Result<Receiver<Recorded>, Unrecorded> {
        let (answer, wait) = bounded(1);
        self.send(Posting {
            entries,
            answer: Some(answer),
        })?;
        Ok(wait)
    }

    /// Records entries and waits until they survive a power cut; the number of the first.
    /// For what may only be done once it is recorded. Not for an async worker: it blocks.
    ///
    /// # Errors
    /// [`Unrecorded`]; then it must not be done.
    pub fn record(&self, entries: Vec<Entry>) -> Recorded {
        let wait = self.ask(entries)?;
        wait.recv_timeout(PATIENCE)
            .unwrap_or(Err(Unrecorded::NoAnswer))
    }

    /// Entries that nobody could take so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn send(&self, posting: Posting) -> Result<(), Unrecorded> {
        let count = posting.entries.len() as u64;
        self.postings.try_send(posting).map_err(|error| {
            self.lost.fetch_add(count, Ordering::Relaxed);
            match error {
                TrySendError::Full(_) => Unrecorded::Busy,
                TrySendError::Disconnected(_) => Unrecorded::NoAnswer,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_counted() {
        let (sender, out) = ledger_sender();
        for _ in 0..POSTINGS_WAITING_MAX {
            sender.post(vec![Entry::default()]).unwrap();
        }
        let refused = sender.clone().post(vec![Entry::default(); 3]);
        assert_eq!(refused, Err(Unrecorded::Busy));
        assert_eq!(sender.lost(), 3);
        drop(out);
        assert_eq!(sender.record(Vec::new()), Err(Unrecorded::NoAnswer));
    }
}
