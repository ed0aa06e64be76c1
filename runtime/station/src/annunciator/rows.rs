//! What the desk shows of a book of alarms.

use super::horn::Horn;
use alarm::{Book, Event, Filter, Priority, Rationale, Row, Sort, State, Transition, View, Words};
use gateway::alarms::{AlarmCount, AlarmCounts, AlarmGuidance, AlarmList, AlarmRow, AlarmState};
use gateway::desk::Text;

/// Hours for which raises are counted.
const HOURS: usize = 24;
const HOUR_NS: i64 = 3_600_000_000_000;

/// How often each alarm came, by hour, for a day.
#[derive(Clone, Debug)]
pub struct Raises {
    counts: Vec<[u32; HOURS]>,
    /// Newest hour counted of each.
    hours: Vec<i64>,
}

impl Raises {
    /// Counters for so many alarms.
    pub fn new(alarms: usize) -> Raises {
        Raises {
            counts: vec![[0; HOURS]; alarms],
            hours: vec![i64::MIN; alarms],
        }
    }

    /// Counts a raise.
    pub fn count(&mut self, step: &Transition) {
        let at = step.alarm.at();
        if step.event == Event::Raise && at < self.counts.len() {
            let hour = step.at.utc_ns.div_euclid(HOUR_NS);
            self.forget(at, hour);
            self.counts[at][hour.rem_euclid(HOURS as i64) as usize] += 1;
        }
    }

    /// Empties the hours that have passed since the last count.
    fn forget(&mut self, at: usize, hour: i64) {
        let last = self.hours[at];
        if hour <= last {
            return;
        }
        let passed = hour.saturating_sub(last).min(HOURS as i64);
        for back in 0..passed {
            self.counts[at][(hour - back).rem_euclid(HOURS as i64) as usize] = 0;
        }
        self.hours[at] = hour;
    }

    /// How often an alarm came in the last day.
    pub fn of(&self, at: usize, now_ns: i64) -> u32 {
        let (Some(counts), Some(last)) = (self.counts.get(at), self.hours.get(at)) else {
            return 0;
        };
        let passed = now_ns.div_euclid(HOUR_NS).saturating_sub(*last);
        if passed >= HOURS as i64 || *last == i64::MIN {
            return 0;
        }
        (0..HOURS as i64 - passed.max(0))
            .map(|back| counts[(last - back).rem_euclid(HOURS as i64) as usize])
            .sum()
    }
}

fn text(words: &Words) -> Text {
    Text::new(&words.en, &words.zh)
}

const fn state(state: State) -> AlarmState {
    match state {
        State::Normal => AlarmState::Normal,
        State::Unacked => AlarmState::Unacknowledged,
        State::Acked => AlarmState::Acknowledged,
        State::ReturnedUnacked => AlarmState::ReturnedUnacknowledged,
        State::LatchedUnacked => AlarmState::LatchedUnacknowledged,
        State::LatchedAcked => AlarmState::LatchedAcknowledged,
        State::Shelved => AlarmState::Shelved,
        State::SuppressedByDesign => AlarmState::SuppressedByDesign,
        State::OutOfService => AlarmState::OutOfService,
    }
}

/// The whole list at a time.
pub fn list(book: &Book, raises: &Raises, horn: &Horn, seq: u64, now_ns: i64) -> AlarmList {
    let filter = Filter {
        view: View::All,
        ..Filter::default()
    };
    let rows = book.list(&filter, Sort::Urgency, now_ns);
    let rows: Vec<AlarmRow> = rows
        .iter()
        .filter(|row| row.state != State::Normal && !book.is_hidden(row.alarm))
        .map(|row| shown(book, row, raises, now_ns))
        .collect();
    AlarmList {
        seq,
        utc_ms: now_ns / 1_000_000,
        counts: counts(book, horn, now_ns),
        rows,
    }
}

fn shown(book: &Book, row: &Row<'_>, raises: &Raises, now_ns: i64) -> AlarmRow {
    let record = &book.rationales()[row.alarm.at()];
    let ms = |ns: i64| ns / 1_000_000;
    AlarmRow {
        alarm: row.name.to_string(),
        tag: if row.point.is_empty() {
            record.tag.clone()
        } else {
            row.point.to_string()
        },
        unit: row.unit.to_string(),
        kind: row.kind.word().to_uppercase(),
        class: row.class.word().to_string(),
        priority: row.priority as u8 + 1,
        state: state(row.state),
        active: row.in_alarm,
        text: text(row.text),
        value: row.value,
        limit: row.limit,
        eu: row.engineering_unit.to_string(),
        since_ms: ms(row.raised.unwrap_or(row.changed).utc_ns),
        scan: row.raised.unwrap_or(row.changed).scan,
        changed_ms: ms(row.changed.utc_ns),
        by: [row.aside_by, row.acked_by]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default()
            .to_string(),
        reason: row.reason.to_string(),
        until_ms: row.shelved_until_ns.map(ms),
        group: record.first_out.clone(),
        first_out: row.first_out,
        raise: row.raise_number,
        comment: row.comment,
        count: raises.of(row.alarm.at(), now_ns),
        chattering: row.chattering,
        stale: row.stale,
        display: record.display.clone(),
    }
}

fn counts(book: &Book, horn: &Horn, now_ns: i64) -> AlarmCounts {
    let counts = book.counts(now_ns);
    let of_state = |wanted: State| {
        let at = State::ALL.iter().position(|state| *state == wanted);
        at.map_or(0, |at| counts.by_state[at])
    };
    let mut priority = [AlarmCount::default(); 4];
    for (at, shown) in Priority::ALL.iter().zip(&mut priority) {
        let (listed, unacknowledged) = (counts.listed[*at as usize], counts.unacked[*at as usize]);
        *shown = AlarmCount {
            unacknowledged,
            acknowledged: listed.saturating_sub(unacknowledged),
        };
    }
    AlarmCounts {
        priority,
        shelved: of_state(State::Shelved),
        suppressed: of_state(State::SuppressedByDesign),
        out_of_service: of_state(State::OutOfService),
        last_ten_minutes: u32::try_from(book.flood().alarms()).unwrap_or(u32::MAX),
        flood: book.flood().since().is_some(),
        horn: horn.priority(),
    }
}

/// What a person needs to answer an alarm.
pub fn guidance(record: &Rationale) -> AlarmGuidance {
    AlarmGuidance {
        alarm: record.name.clone(),
        cause: text(&record.causes),
        consequence: text(&record.consequence),
        action: text(&record.action),
        confirmation: text(&record.confirmation),
        time_to_respond_s: record.respond_s,
        basis: Text::new(&record.basis, &record.basis),
        procedure: record.sop.clone(),
    }
}
