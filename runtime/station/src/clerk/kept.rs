//! What happened while nothing could be recorded, until it can be.

use super::append::append;
use journal::ledger::{Entry, Ledger};
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
        let mut at_a_time = AT_A_TIME;
        while !self.waiting.is_empty() && ledger.down().is_none() {
            let count = self.waiting.len().min(at_a_time);
            let mut group: Vec<Entry> = self.waiting.iter().take(count).cloned().collect();
            match append(ledger, &mut group) {
                Ok(_) => drop(self.waiting.drain(..count)),
                Err(_) if ledger.down().is_some() => {}
                // One that can never be written must not keep back the others.
                Err(_) if count > 1 => at_a_time = 1,
                Err(_) => {
                    self.waiting.pop_front();
                    self.lost += 1;
                }
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
