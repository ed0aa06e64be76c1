//! The records desk: the thread that answers questions from the ledger. It reads a view
//! of it, kept up to date before each answer; the view may be thrown away at any time.

use crate::figures::{DRIFT_SUBJECT, SharedRules, figures, transitions_of};
use alarm::kpi;
use crossbeam::channel::Receiver;
use gateway::alarms::{RecordPage, RecordQuery, RecordRow};
use gateway::desk::{Refusal, RefusalCode};
use gateway::order::Question;
use journal::ledger::{Class, DiskFolder, Entry, Value};
use records::{Index, Page, Query, RecordsError};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Steps of alarms taken into one calculation of key figures at most.
const STEPS_MAX: usize = 2_000_000;

/// Time before a range that is looked at, milliseconds: a week.
const BEFORE_MS: i64 = 7 * 86_400_000;

/// The records desk.
pub struct RecordsDesk {
    /// Folder of the ledger.
    pub ledger: PathBuf,
    /// File of the view.
    pub view: PathBuf,
    /// What figures rest on.
    pub rules: SharedRules,
    /// What is asked.
    pub questions: Receiver<Question>,
}

impl RecordsDesk {
    /// Works until `stop` is set.
    pub fn run(self, stop: &AtomicBool) {
        let mut index = None;
        while !stop.load(Ordering::Acquire) {
            let Ok(question) = self.questions.recv_timeout(Duration::from_millis(100)) else {
                continue;
            };
            let answered = self.answer(&mut index, question);
            if answered.is_err() {
                // A view that fails is made anew with the next question.
                index = None;
            }
        }
    }

    fn answer(&self, index: &mut Option<Index>, question: Question) -> Result<(), ()> {
        match question {
            Question::Records { query, answer } => {
                let page = self.page(index, &query);
                let is_sound = page.is_ok();
                // Who asked may have gone.
                let _ = answer.send(page.map_err(|why| refusal(&why)));
                is_sound.then_some(()).ok_or(())
            }
            Question::Figures {
                from_ms,
                to_ms,
                answer,
            } => {
                let figures = self.figures(index, from_ms, to_ms);
                let is_sound = figures.is_ok();
                let _ = answer.send(figures.map_err(|why| refusal(&why)));
                is_sound.then_some(()).ok_or(())
            }
        }
    }

    fn fresh<'i>(&self, index: &'i mut Option<Index>) -> Result<&'i mut Index, RecordsError> {
        let open = match index.take() {
            Some(open) => open,
            None => Index::open(&self.view)?,
        };
        let open = index.insert(open);
        open.follow(&DiskFolder::at(&self.ledger))?;
        Ok(open)
    }

    fn page(
        &self,
        index: &mut Option<Index>,
        query: &RecordQuery,
    ) -> Result<RecordPage, RecordsError> {
        let Some(query) = asked(query) else {
            return Ok(RecordPage::default());
        };
        let page = self.fresh(index)?.ask(&query)?;
        Ok(RecordPage {
            rows: page.entries.iter().map(row).collect(),
            more: page.more,
        })
    }

    fn figures(
        &self,
        index: &mut Option<Index>,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<String, RecordsError> {
        let index = self.fresh(index)?;
        let mut query = Query {
            // What stands at the beginning is known from the steps before.
            from_ns: Some(from_ms.saturating_sub(BEFORE_MS).saturating_mul(1_000_000)),
            to_ns: Some(to_ms.saturating_mul(1_000_000)),
            class: Some(Class::Alarm),
            limit: 10_000,
            ..Query::default()
        };
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let Page {
                entries: some,
                more,
            } = index.ask(&query)?;
            query.before_seq = some.last().map(|entry| entry.seq);
            entries.extend(some);
            if !more || entries.len() >= STEPS_MAX {
                break;
            }
        }
        // The last record of drift may be older than all these.
        let drift = index.ask(&Query {
            to_ns: query.to_ns,
            class: Some(Class::Alarm),
            subject: Some(DRIFT_SUBJECT.to_string()),
            limit: 1,
            ..Query::default()
        })?;
        let transitions = transitions_of(&entries);
        let range = kpi::Range {
            from_ns: from_ms.saturating_mul(1_000_000),
            to_ns: to_ms.saturating_mul(1_000_000),
        };
        let figures = figures(&drift.entries, &transitions, range, &self.rules.get());
        let lines = kpi::lines(&figures);
        let whole = serde_json::json!({ "figures": figures, "lines": lines });
        Ok(whole.to_string())
    }
}

fn asked(query: &RecordQuery) -> Option<Query> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    let class = match query.class.as_str() {
        "" => None,
        // A class that does not exist has no records.
        word => Some(Class::of(word)?),
    };
    Some(Query {
        from_ns: query.from_ms.map(|ms| ms.saturating_mul(1_000_000)),
        to_ns: query.to_ms.map(|ms| ms.saturating_mul(1_000_000)),
        class,
        who: some(&query.who),
        subject: some(&query.object),
        text: some(&query.text),
        before_seq: query.before_seq,
        limit: query.limit,
    })
}

fn row(entry: &Entry) -> RecordRow {
    let value = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
    RecordRow {
        seq: entry.seq,
        utc_ms: entry.utc_ns / 1_000_000,
        scan: entry.scan,
        class: entry.class.word().to_string(),
        who: entry.who.to_string(),
        what: entry.what.clone(),
        object: entry.subject.clone(),
        old: value(&entry.old).unwrap_or_default(),
        new: value(&entry.new).unwrap_or_default(),
        why: entry.why_signed(),
    }
}

fn refusal(why: &RecordsError) -> Refusal {
    Refusal::new(
        RefusalCode::Failed,
        format!("the records cannot be read now: {why}"),
        format!("暂时无法读取记录:{why}"),
    )
}

#[cfg(test)]
mod tests {
    use journal::ledger::Class;

    #[test]
    fn the_audit_page_offers_every_class_of_the_ledger_and_no_other() {
        let js = include_str!("../../../hmi/web/ui/events.js");
        let line = js
            .lines()
            .find_map(|line| line.strip_prefix("const CLASSES = ["));
        let mut offered: Vec<&str> = line
            .and_then(|line| line.split(']').next())
            .expect("the list of the page")
            .split(',')
            .map(|word| word.trim().trim_matches('"'))
            .collect();
        let mut known: Vec<&str> = Class::ALL.iter().map(|class| class.word()).collect();
        offered.sort_unstable();
        known.sort_unstable();
        assert_eq!(offered, known);
        let zh = include_str!("../../../hmi/web/i18n/zh-CN.json");
        for word in known {
            assert!(
                zh.contains(&format!("\n \"{word}\": ")),
                "{word} has no Chinese word"
            );
        }
    }
}
