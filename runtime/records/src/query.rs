//! What is asked of the records.

use journal::ledger::{Class, Entry};

/// A question. Every bound is optional; all that are given hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// From this time on, nanoseconds since 1970.
    pub from_ns: Option<i64>,
    /// Before this time.
    pub to_ns: Option<i64>,
    /// Class.
    pub class: Option<Class>,
    /// Who: the actor or the second person.
    pub who: Option<String>,
    /// Tag, alarm, user; or the beginning of its name.
    pub subject: Option<String>,
    /// Words anywhere in the record, in capitals or not (of ASCII).
    pub text: Option<String>,
    /// Records before this number, for paging backwards.
    pub before_seq: Option<u64>,
    /// At most so many; 0 for 200, at most 10 000.
    pub limit: u32,
}

/// Records that answer a question, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The records.
    pub entries: Vec<Entry>,
    /// There are more before the last of them.
    pub more: bool,
}

impl Query {
    /// Records of one page.
    pub fn page_len(&self) -> usize {
        match self.limit {
            0 => 200,
            limit => limit.min(10_000) as usize,
        }
    }

    /// Whether a record is asked for; pages are not looked at.
    pub fn matches(&self, entry: &Entry) -> bool {
        let who = |who: &String| entry.who.name == *who || entry.who.second.as_ref() == Some(who);
        self.from_ns.is_none_or(|from| entry.utc_ns >= from)
            && self.to_ns.is_none_or(|to| entry.utc_ns < to)
            && self.class.is_none_or(|class| entry.class == class)
            && self.who.as_ref().is_none_or(who)
            && self
                .subject
                .as_ref()
                .is_none_or(|subject| entry.subject.starts_with(subject.as_str()))
            && self
                .text
                .as_ref()
                .is_none_or(|text| words(entry).contains(&text.to_ascii_lowercase()))
    }
}

/// All words of a record, for looking through them.
pub(crate) fn words(entry: &Entry) -> String {
    let mut words = format!(
        "{}\n{}\n{}\n{}\n{}",
        entry.who.name,
        entry.who.second.as_deref().unwrap_or(""),
        entry.what,
        entry.subject,
        entry.why_signed()
    );
    for value in [&entry.old, &entry.new].into_iter().flatten() {
        words += &format!("\n{value}");
    }
    if let Some(batch) = &entry.batch {
        words += &format!("\n{batch}");
    }
    words.make_ascii_lowercase();
    words
}
