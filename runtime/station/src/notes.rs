//! Notes that other programs leave for a station, since it alone writes its ledger: that a
//! backup was made, that it was restored. A running station takes them up within seconds,
//! another at its next start.

use crate::ledger_sender::LedgerSender;
use crate::rt;
use journal::ledger::{Actor, Class, Entry};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Folder of the notes in a data folder.
const FOLDER: &str = "notes";
/// Time between two looks.
const TICK: Duration = Duration::from_secs(1);
/// Longest note that is read, bytes.
const BYTES_MAX: u64 = 65_536;

/// What somebody did to a station's data from outside of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// When, nanoseconds since 1970.
    pub utc_ns: i64,
    /// Who, as the system knows them.
    pub who: String,
    /// What was done: `backup`, `restore`.
    pub what: String,
    /// Onto what, or from what.
    pub subject: String,
    /// Details.
    pub why: String,
}

/// Leaves a note, synced.
///
/// # Errors
/// As the file system says.
pub fn leave(data: &Path, note: &Note) -> io::Result<()> {
    let folder = data.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let name = format!("{}-{}.json", note.utc_ns, std::process::id());
    let text = serde_json::to_vec(note).map_err(io::Error::other)?;
    journal::replace_file(&folder.join(name), &text)
}

/// Takes notes up until `stop` is set.
pub fn run(data: &Path, ledger: &LedgerSender, env: &str, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        take(data, ledger, env);
        std::thread::sleep(TICK);
    }
}

/// Records each note, and only then takes it away: after a crash it may stand twice in the
/// ledger, with the same time, and never not at all.
fn take(data: &Path, ledger: &LedgerSender, env: &str) {
    for path in waiting(data) {
        let note = read(&path).unwrap_or_else(|why| Note {
            utc_ns: rt::utc_ns(),
            who: String::new(),
            what: "note unreadable".into(),
            subject: path.display().to_string(),
            why,
        });
        let entry = Entry {
            class: Class::System,
            offset_min: rt::utc_offset_min(),
            who: match note.who.as_str() {
                "" => Actor::system("station"),
                who => Actor::person(who),
            },
            ..Entry::system(note.utc_ns, env, &note.what, &note.subject, &note.why)
        };
        if ledger.record(vec![entry]).is_err() {
            // It waits for a ledger that takes it.
            return;
        }
        // One that cannot be taken away is recorded again; better twice than never.
        let _ = std::fs::remove_file(&path);
    }
}

/// Notes in the order of their times.
fn waiting(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data.join(FOLDER)) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut notes: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    notes.sort();
    notes
}

fn read(path: &Path) -> Result<Note, String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let bytes = std::fs::metadata(path).map_err(|error| told(&error))?.len();
    if bytes > BYTES_MAX {
        return Err(format!("{bytes} bytes are too many"));
    }
    let text = std::fs::read(path).map_err(|error| told(&error))?;
    serde_json::from_slice(&text).map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger_sender::{Posting, Unrecorded, ledger_sender};
    use crossbeam::channel::Receiver;

    /// A clerk that answers as it is told; what it was asked to record.
    fn clerk(
        postings: Receiver<Posting>,
        answers: Vec<Result<u64, Unrecorded>>,
    ) -> std::thread::JoinHandle<Vec<Entry>> {
        std::thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let posting = postings.recv().unwrap();
                asked.extend(posting.entries);
                posting.answer.unwrap().send(answer).unwrap();
            }
            asked
        })
    }

    #[test]
    fn a_note_waits_until_the_ledger_has_it_and_an_unreadable_one_is_told() {
        let data = std::env::temp_dir().join(format!("scanloop-notes-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        let note = Note {
            utc_ns: 5,
            who: "li".into(),
            what: "backup".into(),
            subject: "/mnt/backup".into(),
            why: "7 entries".into(),
        };
        leave(&data, &note).unwrap();
        std::fs::write(data.join(FOLDER).join("9.json"), "not a note").unwrap();
        let down = Unrecorded::JournalDown {
            why: "full".to_string(),
        };
        let (sender, postings) = ledger_sender();
        let thread = clerk(postings, vec![Err(down), Ok(1), Ok(2)]);
        take(&data, &sender, "SIM");
        assert_eq!(waiting(&data).len(), 2, "the ledger is down");
        take(&data, &sender, "SIM");
        assert_eq!(waiting(&data), Vec::<PathBuf>::new());
        let asked = thread.join().unwrap();
        let whats: Vec<&str> = asked.iter().map(|entry| entry.what.as_str()).collect();
        assert_eq!(whats, ["backup", "backup", "note unreadable"]);
        assert_eq!((asked[1].who.name.as_str(), asked[1].utc_ns), ("li", 5));
        std::fs::remove_dir_all(&data).unwrap();
    }
}
