//! Takes the ledger's signed checkpoints to a second place. That place may be slow, full
//! or gone: it has a thread of its own, and its failure is an event, not a stop.

use crate::ledger_sender::LedgerSender;
use crate::rt;
use crossbeam::channel::{Receiver, RecvTimeoutError};
use gateway::Hub;
use journal::ledger::{DiskFolder, Entry, Replica};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// Batches of checkpoints that wait; one that finds no room is spoken for by the next.
pub const CHECKPOINTS_WAITING_MAX: usize = 256;

/// What the thread needs.
pub struct SecondPlace {
    /// Where.
    pub folder: PathBuf,
    /// The ledger's own folder, to catch up from.
    pub ledger: PathBuf,
    /// Which ledger.
    pub id: [u8; 16],
    /// Frames of new checkpoints.
    pub checkpoints: Receiver<Vec<Vec<u8>>>,
    /// To tell.
    pub sender: LedgerSender,
    /// Told whether it takes nothing, or differs: an alarm.
    pub down: Arc<AtomicBool>,
    /// `SIM` or `LIVE`.
    pub env: &'static str,
    /// Whose page shows whether it works.
    pub hub: Arc<Hub>,
}

impl SecondPlace {
    /// Works until the clerk has ended.
    pub fn run(self) {
        let mut replica = Replica::of(&self.folder, self.id);
        let mut was_good = true;
        let mut differs = false;
        loop {
            let frames = match self.checkpoints.recv_timeout(AGAIN) {
                Ok(frames) => frames,
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let done = self.send(&mut replica, &frames, &mut differs);
            // What differs does not become right by itself.
            let is_bad = done.is_err() || differs;
            self.down.store(is_bad, Ordering::Release);
            let place = self.folder.display().to_string();
            let note = done.as_ref().err().unwrap_or(&place);
            self.hub.set_part("second place", !is_bad, note);
            if done.is_ok() != was_good {
                was_good = done.is_ok();
                let why = done.err().unwrap_or_default();
                self.tell(
                    if was_good {
                        "second-place-back"
                    } else {
                        "second-place-lost"
                    },
                    &why,
                );
            }
        }
    }

    fn send(
        &self,
        replica: &mut Replica,
        frames: &[Vec<u8>],
        differs: &mut bool,
    ) -> Result<(), String> {
        if !replica.is_open() {
            // Opening compares, and catches up from the ledger itself.
            let fault = replica
                .open(&DiskFolder::at(&self.ledger))
                .map_err(|error| error.to_string())?;
            if let (Some(fault), false) = (fault, *differs) {
                *differs = true;
                self.tell("second-place-differs", &fault.to_string());
            }
        }
        replica.send(frames).map_err(|error| error.to_string())
    }

    fn tell(&self, what: &str, why: &str) {
        let subject = self.folder.display().to_string();
        let entry = Entry::system(rt::utc_ns(), self.env, what, &subject, why);
        // A loss is counted by the sender.
        let _ = self.sender.post(vec![entry]);
    }
}

/// Where the parts of a ledger lie in a data folder.
pub fn ledger_folder(data: &Path) -> PathBuf {
    data.join("ledger")
}

/// The signing key of a data folder.
pub fn ledger_key(data: &Path) -> PathBuf {
    data.join("ledger.key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger_sender::ledger_sender;
    use crossbeam::channel::bounded;
    use std::time::Instant;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn until(what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "{what}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_second_place_that_cannot_be_reached_is_told_until_it_can() {
        let data = std::env::temp_dir().join(format!("scanloop-second-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir_all(data.join("ledger")).unwrap();
        // A file stands where the folder should be.
        std::fs::write(data.join("away"), "in the way").unwrap();
        let (sender, postings) = ledger_sender();
        let (checkpoints, frames) = bounded(CHECKPOINTS_WAITING_MAX);
        let down = Arc::new(AtomicBool::new(false));
        let second = SecondPlace {
            folder: data.join("away"),
            ledger: ledger_folder(&data),
            id: [7; 16],
            checkpoints: frames,
            sender,
            down: down.clone(),
            env: "SIM",
            hub: Hub::new(|| 0).0,
        };
        let thread = std::thread::spawn(move || second.run());
        checkpoints.send(Vec::new()).unwrap();
        until("it is down", || down.load(Ordering::Acquire));
        std::fs::remove_file(data.join("away")).unwrap();
        checkpoints.send(Vec::new()).unwrap();
        until("it is back", || !down.load(Ordering::Acquire));
        drop(checkpoints);
        thread.join().unwrap();
        let told: Vec<String> = std::iter::from_fn(|| postings.try_recv().ok())
            .flat_map(|posting| posting.entries)
            .map(|entry| entry.what)
            .collect();
        assert_eq!(told, ["second-place-lost", "second-place-back"]);
        std::fs::remove_dir_all(&data).unwrap();
    }
}
