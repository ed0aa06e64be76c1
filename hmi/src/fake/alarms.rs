//! The life of the make-believe alarms, as far as the pages need it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::r101::CAUSES;
use crate::desk::{Directory, Refusal, RefusalCode, Tag, Text};
use gateway::alarms::{
    AlarmCommand, AlarmCounts, AlarmDeed, AlarmGuidance, AlarmList, AlarmRow, AlarmState,
    RecordPage, RecordQuery, RecordRow,
};

/// Alarms in ten minutes that begin a flood.
const FLOOD_FROM: usize = 10;
const TEN_MINUTES_MS: i64 = 600_000;

/// A condition that is looked at in each scan.
struct Watch {
    row: AlarmRow,
    /// `+1` high, `-1` low, `0` a bool that is true.
    side: i8,
}

/// All alarms.
pub(super) struct Alarms {
    watches: Vec<Watch>,
    came_ms: Vec<i64>,
    /// Raises so far: their numbers.
    raises: u64,
    records: Vec<RecordRow>,
    horn: Option<u8>,
    list: Arc<AlarmList>,
}

fn row(tag: &Tag, kind: &str, priority: u8, limit: Option<f64>) -> AlarmRow {
    let name = tag.name.trim_end_matches(".PV").trim_end_matches(".TRIP");
    let words = match kind {
        "HH" => ("very high", "高高"),
        "H" => ("high", "高"),
        "L" => ("low", "低"),
        "LL" => ("very low", "低低"),
        _ => ("", ""),
    };
    AlarmRow {
        alarm: format!("{name}.{kind}"),
        tag: tag.name.clone(),
        unit: if name.contains("-2") {
            "R-102"
        } else {
            "R-101"
        }
        .into(),
        kind: kind.into(),
        class: if kind == "L" {
            "gmp-critical"
        } else {
            "process"
        }
        .into(),
        comment: kind == "L",
        priority,
        text: Text::new(
            format!("{} {}", tag.desc.en, words.0).trim_end(),
            format!("{}{}", tag.desc.zh, words.1),
        ),
        limit,
        eu: tag.unit.clone(),
        group: if kind == "TRIP" {
            "RG-1".into()
        } else {
            String::new()
        },
        display: if name.contains("-2") { "r102" } else { "r101" }.into(),
        ..AlarmRow::default()
    }
}

fn is_unacknowledged(state: AlarmState) -> bool {
    use AlarmState::{LatchedUnacknowledged, ReturnedUnacknowledged, Unacknowledged};
    matches!(
        state,
        Unacknowledged | ReturnedUnacknowledged | LatchedUnacknowledged
    )
}

fn is_aside(state: AlarmState) -> bool {
    use AlarmState::{OutOfService, Shelved, SuppressedByDesign};
    matches!(state, Shelved | SuppressedByDesign | OutOfService)
}

/// As the book of alarms has it: with the comment that the class demands, and of the raise
/// that was seen.
fn acknowledgeable(row: &AlarmRow, command: &AlarmCommand, nth: usize) -> Result<(), Refusal> {
    let refuse = |en: &str, zh: &str| {
        let (en, zh) = (
            format!("{}: {en}", row.alarm),
            format!("{}:{zh}", row.alarm),
        );
        Err(Refusal::new(RefusalCode::NotPermitted, en, zh))
    };
    if row.comment && command.reason.trim().is_empty() {
        return refuse("acknowledge needs a reason", "确认须填写理由");
    }
    match command.seen.get(nth) {
        Some(seen) if *seen != row.raise => refuse("the alarm has come anew", "报警已再次发生"),
        _ => Ok(()),
    }
}

impl Alarms {
    pub(super) fn new(directory: &Directory) -> Alarms {
        let mut watches = Vec::new();
        for tag in &directory.tags {
            // Channels of a vote and copies in controllers alarm by their vote only.
            let letter = tag.name.trim_end_matches(".PV").chars().next_back();
            let voted = letter.is_some_and(|c| c.is_ascii_uppercase());
            if !tag.name.ends_with(".PV")
                || voted
                || tag.name.starts_with("TIC")
                || tag.name.starts_with("FIC")
                || tag.name.starts_with("PIC")
            {
                continue;
            }
            let l = &tag.limits;
            for (kind, priority, limit, side) in [
                ("HH", 1, l.hh, 1),
                ("H", 2, l.h, 1),
                ("L", 3, l.l, -1),
                ("LL", 2, l.ll, -1),
            ] {
                if limit.is_some() {
                    let row = row(tag, kind, priority, limit);
                    watches.push(Watch { row, side });
                }
            }
        }
        for (id, _, _, _, _, _) in CAUSES {
            let name = format!("{id}.TRIP");
            if let Some(tag) = directory.tags.iter().find(|t| t.name == name) {
                let row = row(tag, "TRIP", 1, None);
                watches.push(Watch { row, side: 0 });
            }
        }
        Alarms {
            watches,
            came_ms: Vec::new(),
            raises: 0,
            records: Vec::new(),
            horn: None,
            list: Arc::default(),
        }
    }

    pub(super) fn list(&self) -> Arc<AlarmList> {
        Arc::clone(&self.list)
    }

    /// Adds `count` alarms that come at once; their names and texts are as hostile as
    /// those of a careless device can be.
    pub(super) fn flood(&mut self, count: usize, now_ms: i64) {
        for n in 0..count {
            let mut row = AlarmRow {
                alarm: format!("XA-{n:04}.STATE"),
                tag: format!("XA-{n:04}.PV"),
                unit: format!("U{}", n % 7),
                kind: "STATE".into(),
                class: "system".into(),
                priority: 1 + u8::try_from(n % 10).unwrap_or(0).clamp(0, 3),
                text: Text::new(
                    format!("<img src=x onerror=\"document.title='owned'\"> alarm {n}"),
                    format!("<script>document.title='owned'</script>报警{n}"),
                ),
                ..AlarmRow::default()
            };
            row.active = true;
            row.state = AlarmState::Unacknowledged;
            row.since_ms = now_ms - i64::try_from(n).unwrap_or(0);
            row.changed_ms = row.since_ms;
            row.count = 1;
            row.raise = self.raises + (count - n) as u64;
            row.comment = n % 50 == 10;
            self.came_ms.push(row.since_ms);
            self.watches.push(Watch { row, side: 2 });
        }
        self.raises += count as u64;
        self.horn = Some(1);
        self.publish(now_ms);
    }

    /// Looks at every condition. `value` reads a tag.
    pub(super) fn scan(&mut self, now_ms: i64, scan: u64, value: impl Fn(&str) -> f64) {
        let mut changed = false;
        let mut told = Vec::new();
        let first = self.watches.iter().all(|w| w.side != 0 || !w.row.active);
        let mut first_of_group = first;
        for watch in &mut self.watches {
            let row = &mut watch.row;
            if watch.side == 2 {
                continue;
            }
            let v = value(&row.tag);
            let active = match (watch.side, row.limit) {
                (1, Some(limit)) => v >= limit,
                (-1, Some(limit)) => v <= limit,
                _ => v == 1.0,
            };
            if row.state == AlarmState::Shelved && row.until_ms.is_some_and(|end| now_ms >= end) {
                row.until_ms = None;
                row.state = if active {
                    AlarmState::Unacknowledged
                } else {
                    AlarmState::Normal
                };
                changed = true;
            }
            if active == row.active {
                continue;
            }
            row.active = active;
            changed = true;
            if is_aside(row.state) {
                continue;
            }
            row.changed_ms = now_ms;
            if active {
                row.state = AlarmState::Unacknowledged;
                row.since_ms = now_ms;
                row.scan = scan;
                row.value = row.limit.map(|_| v);
                row.count += 1;
                self.raises += 1;
                row.raise = self.raises;
                row.by.clear();
                row.first_out = watch.side == 0 && std::mem::take(&mut first_of_group);
                self.came_ms.push(now_ms);
                self.horn = Some(self.horn.map_or(row.priority, |p| p.min(row.priority)));
            } else {
                row.state = match row.state {
                    AlarmState::Acknowledged => AlarmState::Normal,
                    _ => AlarmState::ReturnedUnacknowledged,
                };
            }
            let what = if active { "alarm" } else { "return" };
            told.push((what, row.alarm.clone(), row.text.en.clone()));
        }
        for (what, alarm, text) in told {
            self.record(now_ms, Some(scan), "alarm", "", what, &alarm, &text, "");
        }
        if changed {
            self.publish(now_ms);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn record(
        &mut self,
        utc_ms: i64,
        scan: Option<u64>,
        class: &str,
        who: &str,
        what: &str,
        object: &str,
        new: &str,
        why: &str,
    ) {
        let seq = self.records.len() as u64 + 1;
        self.records.push(RecordRow {
            seq,
            utc_ms,
            scan,
            class: class.into(),
            who: who.into(),
            what: what.into(),
            object: object.into(),
            old: String::new(),
            new: new.into(),
            why: why.into(),
        });
    }

    fn publish(&mut self, now_ms: i64) {
        self.came_ms.retain(|at| *at > now_ms - TEN_MINUTES_MS);
        let mut rows: Vec<AlarmRow> = self
            .watches
            .iter()
            .map(|w| &w.row)
            .filter(|row| row.state != AlarmState::Normal)
            .cloned()
            .collect();
        rows.sort_by_key(|row| {
            (
                !is_unacknowledged(row.state),
                row.priority,
                -row.since_ms,
                row.alarm.clone(),
            )
        });
        let mut counts = AlarmCounts::default();
        for row in &rows {
            match row.state {
                AlarmState::Shelved => counts.shelved += 1,
                AlarmState::SuppressedByDesign => counts.suppressed += 1,
                AlarmState::OutOfService => counts.out_of_service += 1,
                state => {
                    let at = usize::from(row.priority.clamp(1, 4)) - 1;
                    if is_unacknowledged(state) {
                        counts.priority[at].unacknowledged += 1;
                    } else {
                        counts.priority[at].acknowledged += 1;
                    }
                }
            }
        }
        if counts.priority.iter().all(|c| c.unacknowledged == 0) {
            self.horn = None;
        }
        counts.last_ten_minutes = u32::try_from(self.came_ms.len()).unwrap_or(u32::MAX);
        counts.flood = self.came_ms.len() > FLOOD_FROM;
        counts.horn = self.horn;
        self.list = Arc::new(AlarmList {
            seq: self.list.seq + 1,
            utc_ms: now_ms,
            counts,
            rows,
        });
    }

    pub(super) fn act(&mut self, command: &AlarmCommand, now_ms: i64) -> Result<(), Refusal> {
        if command.deed == AlarmDeed::Silence {
            self.horn = None;
            self.publish(now_ms);
            return Ok(());
        }
        let known: BTreeMap<&str, usize> = self
            .watches
            .iter()
            .enumerate()
            .map(|(at, w)| (w.row.alarm.as_str(), at))
            .collect();
        let mut found = Vec::new();
        for (nth, name) in command.alarms.iter().enumerate() {
            let Some(at) = known.get(name.as_str()).copied() else {
                return Err(Refusal::new(
                    RefusalCode::UnknownTag,
                    format!("There is no alarm {name}."),
                    format!("没有报警 {name}。"),
                ));
            };
            if command.deed == AlarmDeed::Acknowledge {
                acknowledgeable(&self.watches[at].row, command, nth)?;
            }
            found.push(at);
        }
        for (name, at) in command.alarms.iter().zip(found) {
            let row = &mut self.watches[at].row;
            let resting = if row.active {
                AlarmState::Unacknowledged
            } else {
                AlarmState::Normal
            };
            let (state, what) = match &command.deed {
                AlarmDeed::Acknowledge if is_unacknowledged(row.state) => {
                    let next = if row.active {
                        AlarmState::Acknowledged
                    } else {
                        AlarmState::Normal
                    };
                    (next, "acknowledge")
                }
                AlarmDeed::Shelve { for_s, .. } => {
                    row.until_ms = Some(now_ms + (for_s * 1e3) as i64);
                    (AlarmState::Shelved, "shelve")
                }
                AlarmDeed::Unshelve => (resting, "unshelve"),
                AlarmDeed::OutOfService => (AlarmState::OutOfService, "out of service"),
                AlarmDeed::ReturnToService => (resting, "return to service"),
                _ => continue,
            };
            row.state = state;
            row.by.clone_from(&command.actor);
            row.reason.clone_from(&command.reason);
            row.changed_ms = now_ms;
            self.record(
                now_ms,
                None,
                "alarm",
                &command.actor,
                what,
                name,
                "",
                &command.reason,
            );
        }
        self.publish(now_ms);
        Ok(())
    }

    pub(super) fn guidance(&self, alarm: &str) -> Option<AlarmGuidance> {
        let row = &self.watches.iter().find(|w| w.row.alarm == alarm)?.row;
        Some(AlarmGuidance {
            alarm: alarm.into(),
            cause: Text::new(
                "Dosing too fast, or cooling too slow.",
                "滴加过快或冷却过慢。",
            ),
            consequence: Text::new(
                "The interlock stops dosing; the batch is delayed.",
                "联锁停止滴加，批次延误。",
            ),
            action: Text::new(
                "1. Lower the dosing rate.\n2. Look at the coolant valve and the coolant pressure.\n3. If it rises further: hold the phase.",
                "1. 降低滴加速率。\n2. 检查冷却阀和冷媒压力。\n3. 若继续升高:暂停阶段。",
            ),
            confirmation: Text::new("The value falls within five minutes.", "五分钟内数值下降。"),
            time_to_respond_s: if row.priority == 1 { 240.0 } else { 900.0 },
            basis: Text::new("demo design value", "演示设计值"),
            procedure: "SOP-101".into(),
        })
    }

    pub(super) fn records(&self, query: &RecordQuery) -> RecordPage {
        let limit = if query.limit == 0 {
            200
        } else {
            query.limit as usize
        };
        let fits = |row: &&RecordRow| {
            (query.class.is_empty() || row.class == query.class)
                && (query.who.is_empty() || row.who == query.who)
                && row.object.starts_with(&query.object)
                && query.from_ms.is_none_or(|from| row.utc_ms >= from)
                && query.to_ms.is_none_or(|to| row.utc_ms < to)
                && query.before_seq.is_none_or(|seq| row.seq < seq)
                && (query.text.is_empty()
                    || format!("{} {} {} {}", row.what, row.object, row.new, row.why)
                        .contains(&query.text))
        };
        let mut rows: Vec<RecordRow> = self
            .records
            .iter()
            .rev()
            .filter(fits)
            .take(limit + 1)
            .cloned()
            .collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        RecordPage { rows, more }
    }
}
