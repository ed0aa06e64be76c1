//! What happened while nothing could be recorded, until it can be.

use journal::ledger::{Entry, Ledger, LedgerError, Value};
use std::collections::VecDeque;

/// Entries that wait; of more only the number is known.
const KEPT_MAX: usize = 4_096;
/// Entries that are written with one sync.
const AT_A_TIME: usize = 256;

/// Entries of what has happened all the same, such as an alarm, a refusal, a step of the
/// clock: they are written once the ledger takes them. What may only be done when it is
/// recorded is never kept.
#[derive(Default)]
pub struct Kept {
    waiting: VecDeque<Entry>,
    lost: u64,
}

impl Kept {
    /// Keeps an entry, or counts it.
    pub fn keep(&mut self, entry: Entry) {
        if self.waiting.len() < KEPT_MAX {
            self.waiting.push_back(entry);
        } else {
            self.lost += 1;
        }
    }

    /// Writes what waits, in its order, and then how many could not wait, as `gap` puts
    /// it. What the ledger does not take yet goes on waiting.
    pub fn write(&mut self, ledger: &mut Ledger, gap: impl FnOnce(u64) -> Entry) {
        while !self.waiting.is_empty() && ledger.down().is_none() {
            let count = self.waiting.len().min(AT_A_TIME);
            let mut group: Vec<Entry> = self.waiting.iter().take(count).cloned().collect();
            match append(ledger, &mut group) {
                Ok(_) => drop(self.waiting.drain(..count)),
                // One that can never be written must not keep back the others.
                Err(_) if ledger.down().is_none() => {
                    for mut entry in self.waiting.drain(..count).collect::<Vec<_>>() {
                        let alone = core::slice::from_mut(&mut entry);
                        self.lost += u64::from(append(ledger, alone).is_err());
                    }
                }
                Err(_) => {}
            }
        }
        if self.lost > 0 && ledger.down().is_none() {
            let told = append(ledger, &mut [gap(self.lost)]);
            if told.is_ok() {
                self.lost = 0;
            }
        }
    }
}

/// One entry that is too long must not keep the others out: it is recorded without its
/// words.
pub fn append(ledger: &mut Ledger, entries: &mut [Entry]) -> Result<u64, LedgerError> {
    match ledger.append(entries) {
        Err(LedgerError::TooLong { .. }) => {
            for entry in &mut *entries {
                for text in [&mut entry.why, &mut entry.what, &mut entry.subject] {
                    shorten(text);
                }
                for value in [&mut entry.old, &mut entry.new].into_iter().flatten() {
                    if let Value::Text(text) = value {
                        shorten(text);
                    }
                }
            }
            ledger.append(entries)
        }
        done => done,
    }
}

/// Longest text of an entry that had to be shortened, bytes.
const SHORT_BYTES: usize = 1_000;

fn shorten(text: &mut String) {
    if text.len() > SHORT_BYTES {
        let end = (0..=SHORT_BYTES)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
}
