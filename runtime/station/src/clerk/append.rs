//! Appending entries whose words may be too long for one record.

use journal::ledger::{Entry, Ledger, LedgerError, Value};

/// Appends entries; the number of the first. One that is too long must not keep the others
/// out: it is recorded with its texts cut to [`SHORT_BYTES`].
///
/// # Errors
/// As [`Ledger::append`]; of these entries nothing is recorded then.
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
