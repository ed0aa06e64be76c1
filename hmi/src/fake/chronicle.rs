//! Sequence of events and trip records of the make-believe unit.

use std::collections::VecDeque;
use std::sync::Arc;

use gateway::alarms::{SequenceRow, TripRecord};

use super::r101::CAUSES;
use crate::desk::{Cell, Directory, TagKind, Text};

/// Edges kept, and edges of one answer.
const EDGES_KEPT: usize = 2_000;
const ANSWER_MAX: usize = 500;
/// Seconds on either side of a trip; a test does not wait for half a minute.
const BEFORE_S: f64 = 30.0;
const AFTER_S: f64 = 1.0;

/// One sample of every recorded tag; none for bad.
type Sample = (i64, Vec<Option<f64>>);

pub(super) struct Chronicle {
    /// Handles of bools whose edges are told, with their names.
    told: Vec<(usize, String)>,
    /// Handles of what a trip record keeps, with their names.
    kept: Vec<(usize, String)>,
    before: Vec<f64>,
    edges: VecDeque<SequenceRow>,
    past: VecDeque<Sample>,
    open: Option<(TripRecord, Vec<Sample>)>,
    trips: Vec<Arc<TripRecord>>,
}

impl Chronicle {
    pub(super) fn new(directory: &Directory) -> Chronicle {
        let place = |name: &str| directory.tags.iter().position(|tag| tag.name == name);
        let told = directory.tags.iter().enumerate();
        let told = told.filter(|(_, tag)| tag.kind == TagKind::Bool && tag.writable.is_none());
        let causes = CAUSES
            .iter()
            .flat_map(|(id, _, _, _, live, _)| [(*live).to_owned(), format!("{id}.TRIP")]);
        let mut kept: Vec<(usize, String)> = Vec::new();
        for name in causes {
            if let Some(at) = place(&name)
                && !kept.iter().any(|(known, _)| *known == at)
            {
                kept.push((at, name));
            }
        }
        Chronicle {
            told: told.map(|(at, tag)| (at, tag.name.clone())).collect(),
            kept,
            before: Vec::new(),
            edges: VecDeque::new(),
            past: VecDeque::new(),
            open: None,
            trips: Vec::new(),
        }
    }

    pub(super) fn scan(&mut self, utc_ms: i64, scan: u64, cells: &[Cell]) {
        let was = std::mem::replace(&mut self.before, cells.iter().map(|c| c.value).collect());
        let mut place = 0;
        for (at, tag) in &self.told {
            let (Some(old), Some(cell)) = (was.get(*at), cells.get(*at)) else {
                continue;
            };
            if *old == cell.value {
                continue;
            }
            if self.edges.len() >= EDGES_KEPT {
                self.edges.pop_front();
            }
            self.edges.push_back(SequenceRow {
                seq: self.edges.back().map_or(1, |last| last.seq + 1),
                scan,
                place,
                utc_ms,
                tag: tag.clone(),
                value: cell.value != 0.0,
                good: cell.quality.is_good(),
            });
            place += 1;
        }
        let known = |cell: &Cell| (!cell.quality.is_bad()).then_some(cell.value);
        let values = self
            .kept
            .iter()
            .map(|(at, _)| cells.get(*at).and_then(known));
        let sample = (utc_ms, values.collect());
        if let Some((record, mut samples)) = self.open.take() {
            samples.push(sample.clone());
            if (utc_ms - record.utc_ms) as f64 >= AFTER_S * 1e3 {
                self.trips.insert(0, Arc::new(finished(record, &samples)));
            } else {
                self.open = Some((record, samples));
            }
        }
        self.past.push_back(sample);
        let oldest_ms = utc_ms - (BEFORE_S * 1e3) as i64;
        while self
            .past
            .front()
            .is_some_and(|(at_ms, _)| *at_ms < oldest_ms)
        {
            self.past.pop_front();
        }
    }

    /// The group tripped in the scan that was told last.
    pub(super) fn tripped(&mut self, utc_ms: i64, scan: u64, cause: &str, text: Text) {
        let record = TripRecord {
            seq: self.trips.len() as u64 + 1,
            group: "RG-1".into(),
            first_out: cause.into(),
            cause: text,
            unit: "R-101".into(),
            scan,
            utc_ms,
            tags: self.kept.iter().map(|(_, name)| name.clone()).collect(),
            ..TripRecord::default()
        };
        self.open = Some((record, self.past.iter().cloned().collect()));
    }

    pub(super) fn sequence(&self, since: u64, before: Option<u64>) -> Vec<SequenceRow> {
        let fits = |row: &&SequenceRow| row.seq > since && before.is_none_or(|b| row.seq < b);
        let mut rows: Vec<SequenceRow> = self.edges.iter().filter(fits).cloned().collect();
        rows.drain(..rows.len().saturating_sub(ANSWER_MAX));
        rows
    }

    pub(super) fn trips(&self) -> Vec<Arc<TripRecord>> {
        self.trips.clone()
    }
}

fn finished(mut record: TripRecord, samples: &[Sample]) -> TripRecord {
    let at_s = |(utc_ms, _): &Sample| (utc_ms - record.utc_ms) as f64 / 1e3;
    let at_s: Vec<f64> = samples.iter().map(at_s).collect();
    record.values = (0..record.tags.len())
        .map(|tag| samples.iter().map(|(_, values)| values[tag]).collect())
        .collect();
    record.at_s = at_s;
    record
}
