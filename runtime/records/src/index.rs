//! The SQLite index over the ledger. What is in it is no record: it is made from the
//! ledger, and made anew if there is any doubt.

use crate::query::{Page, Query, words};
use journal::ledger::read::{self, Place};
use journal::ledger::{Entry, Folder, LedgerError};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use std::path::Path;

/// Version of the tables; another one is thrown away.
const VERSION: i64 = 1;

/// Why the index cannot answer.
#[derive(Debug)]
pub enum RecordsError {
    /// The ledger cannot be read.
    Ledger(LedgerError),
    /// The index cannot be used.
    Index(rusqlite::Error),
    /// A row of the index is no entry.
    Row {
        /// Number of the entry.
        seq: u64,
        /// What is wrong.
        message: String,
    },
}

impl core::fmt::Display for RecordsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            RecordsError::Ledger(error) => write!(f, "{error}"),
            RecordsError::Index(error) => write!(f, "index of records: {error}"),
            RecordsError::Row { seq, message } => {
                write!(f, "index of records, record {seq}: {message}")
            }
        }
    }
}
impl std::error::Error for RecordsError {}

impl From<LedgerError> for RecordsError {
    fn from(error: LedgerError) -> RecordsError {
        RecordsError::Ledger(error)
    }
}

impl From<rusqlite::Error> for RecordsError {
    fn from(error: rusqlite::Error) -> RecordsError {
        RecordsError::Index(error)
    }
}

/// The index.
pub struct Index {
    db: Connection,
}

impl Index {
    /// Opens or makes an index; one of another version, or damaged, is made anew.
    ///
    /// # Errors
    /// [`RecordsError`] if it cannot be made either.
    pub fn open(path: &Path) -> Result<Index, RecordsError> {
        let opened = Connection::open(path)
            .map_err(RecordsError::from)
            .and_then(Index::over);
        match opened {
            Ok(index) => Ok(index),
            Err(_) => {
                // It holds nothing that the ledger has not.
                for suffix in ["", "-wal", "-shm"] {
                    let mut name = path.as_os_str().to_owned();
                    name.push(suffix);
                    let _ = std::fs::remove_file(name);
                }
                Index::over(Connection::open(path)?)
            }
        }
    }

    /// An index in memory.
    ///
    /// # Errors
    /// [`RecordsError`] if there is no memory for it.
    pub fn in_memory() -> Result<Index, RecordsError> {
        Index::over(Connection::open_in_memory()?)
    }

    fn over(db: Connection) -> Result<Index, RecordsError> {
        // Nothing is acknowledged from here: losing it costs reading the ledger again.
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let index = Index { db };
        if version != VERSION {
            index.clear()?;
        }
        Ok(index)
    }

    fn clear(&self) -> Result<(), RecordsError> {
        self.db.execute_batch(&format!(
            "BEGIN;
             DROP TABLE IF EXISTS entries;
             DROP TABLE IF EXISTS place;
             CREATE TABLE entries (
                 seq INTEGER PRIMARY KEY, utc_ns INTEGER NOT NULL, class TEXT NOT NULL,
                 who TEXT NOT NULL, second TEXT, subject TEXT NOT NULL,
                 words TEXT NOT NULL, body TEXT NOT NULL) STRICT;
             CREATE INDEX entries_utc ON entries (utc_ns);
             CREATE INDEX entries_class ON entries (class, seq);
             CREATE INDEX entries_who ON entries (who, seq);
             CREATE INDEX entries_subject ON entries (subject, seq);
             CREATE TABLE place (
                 id INTEGER PRIMARY KEY CHECK (id = 1), ledger BLOB NOT NULL,
                 segment INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
             PRAGMA user_version = {VERSION};
             COMMIT;"
        ))?;
        Ok(())
    }

    /// Takes in what the ledger has and the index has not; how many entries that were. If
    /// it is another ledger, or one that was cut, the index is made anew.
    ///
    /// # Errors
    /// [`RecordsError`]; the index is as it was.
    pub fn follow(&mut self, folder: &dyn Folder) -> Result<u64, RecordsError> {
        let ledger = read::ledger_id(folder)?.unwrap_or_default();
        let known: Option<(Vec<u8>, i64, i64)> = self
            .db
            .query_row("SELECT ledger, segment, at FROM place", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let mut from = Place::default();
        if let Some((of, segment, at)) = known {
            from = Place {
                segment: segment as u64,
                at: at as u64,
            };
            if of != ledger || !read::is_reached(folder, from)? {
                self.clear()?;
                from = Place::default();
            }
        }
        let reading = read::read_from(folder, from)?;
        let transaction = self.db.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for entry in &reading.entries {
                let body = serde_json::to_string(entry).map_err(|error| RecordsError::Row {
                    seq: entry.seq,
                    message: error.to_string(),
                })?;
                insert.execute(params![
                    entry.seq as i64,
                    entry.utc_ns,
                    entry.class.word(),
                    entry.who.name,
                    entry.who.second,
                    entry.subject,
                    words(entry),
                    body
                ])?;
            }
            transaction.execute(
                "INSERT OR REPLACE INTO place VALUES (1, ?1, ?2, ?3)",
                params![
                    ledger.to_vec(),
                    reading.end.segment as i64,
                    reading.end.at as i64
                ],
            )?;
        }
        transaction.commit()?;
        Ok(reading.entries.len() as u64)
    }

    /// Throws all away and reads the ledger from its beginning.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn rebuild(&mut self, folder: &dyn Folder) -> Result<u64, RecordsError> {
        self.clear()?;
        self.follow(folder)
    }

    /// Entries in the index.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn len(&self) -> Result<u64, RecordsError> {
        let count: i64 = self
            .db
            .query_row("SELECT count(*) FROM entries", [], |row| row.get(0))?;
        Ok(count as u64)
    }

    /// Whether it holds nothing.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn is_empty(&self) -> Result<bool, RecordsError> {
        Ok(self.len()? == 0)
    }

    /// One page of records, newest first.
    ///
    /// # Errors
    /// [`RecordsError`].
    pub fn ask(&self, query: &Query) -> Result<Page, RecordsError> {
        use rusqlite::types::Value;
        let mut parts: Vec<&str> = vec!["1 = 1"];
        let mut values: Vec<Value> = Vec::new();
        let mut bound = |part: &'static str, value: Option<Value>| {
            if let Some(value) = value {
                parts.push(part);
                values.push(value);
            }
        };
        let integer = |value: i64| Value::Integer(value);
        bound("utc_ns >= ?", query.from_ns.map(integer));
        bound("utc_ns < ?", query.to_ns.map(integer));
        let class = query.class.map(|class| Value::Text(class.word().into()));
        bound("class = ?", class);
        bound(
            "? IN (who, ifnull(second, who))",
            query.who.clone().map(Value::Text),
        );
        let subject = query.subject.clone().map(Value::Text);
        bound("subject >= ?", subject.clone());
        if let Some(subject) = subject {
            parts.push("substr(subject, 1, length(?)) = ?");
            values.extend([subject.clone(), subject]);
        }
        if let Some(text) = &query.text {
            parts.push("instr(words, ?) > 0");
            values.push(Value::Text(text.to_ascii_lowercase()));
        }
        if let Some(before) = query.before_seq {
            parts.push("seq < ?");
            values.push(Value::Integer(i64::try_from(before).unwrap_or(i64::MAX)));
        }
        let most = query.page_len();
        values.push(Value::Integer(most as i64 + 1));
        let mut select = self.db.prepare_cached(&format!(
            "SELECT seq, body FROM entries WHERE {} ORDER BY seq DESC LIMIT ?",
            parts.join(" AND ")
        ))?;
        let mut rows = select.query(params_from_iter(values))?;
        let mut page = Page::default();
        while let Some(row) = rows.next()? {
            if page.entries.len() == most {
                page.more = true;
                break;
            }
            let (seq, body): (i64, String) = (row.get(0)?, row.get(1)?);
            let seq = seq as u64;
            let mut entry: Entry =
                serde_json::from_str(&body).map_err(|error| RecordsError::Row {
                    seq,
                    message: error.to_string(),
                })?;
            entry.seq = seq;
            page.entries.push(entry);
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
