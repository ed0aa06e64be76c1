use super::*;
use crate::annunciator::Step;
use crate::figures::drift_entry;
use alarm::drift::Drift;
use alarm::{AlarmIndex, Class, Event, Priority, Stamp, State, Transition, Who};
use journal::ledger::{self, Entry, Ledger, Settings};
use std::path::PathBuf;

const S: i64 = 1_000_000_000;

/// Noon of a day.
const NOON_NS: i64 = 1_800_000_000 * S;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A step by hand: number, seconds from noon, alarm, what happened, from, to.
type Line = (u64, i64, &'static str, Event, State, State);

fn entry((number, at_s, name, event, from, to): Line) -> Entry {
    let is_person = event == Event::Acknowledge;
    let transition = Transition {
        number,
        alarm: AlarmIndex(0),
        name: name.into(),
        from,
        to,
        event,
        at: Stamp {
            scan: 0,
            utc_ns: NOON_NS + at_s * S,
        },
        who: if is_person {
            Who::Person("li".into())
        } else {
            Who::System
        },
        reason: String::new(),
        value: None,
        limit: None,
        priority: Priority::P2,
        class: Class::Process,
        first_out: false,
    };
    Entry {
        class: ledger::Class::Alarm,
        detail: serde_json::to_value(Step {
            transition: transition.clone(),
            shelf: None,
        })
        .ok(),
        ..Entry::system(transition.at.utc_ns, "LIVE", event.word(), name, "")
    }
}

/// A ledger of the station with these entries.
fn station(name: &str, entries: Vec<Entry>) -> Folder {
    let data = std::env::temp_dir().join(format!("scanloop-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data).unwrap();
    let mut settings = Settings::new("LIVE", || 0);
    (settings.segment_bytes, settings.spares) = (1 << 16, 1);
    let key = data.join("ledger.key");
    let mut ledger = Ledger::open(&data.join("ledger"), &key, settings).unwrap();
    for entry in entries {
        ledger.append(&mut [entry]).unwrap();
    }
    ledger.stop().unwrap();
    Folder(data)
}

fn printed(data: &Folder, hours: i64, rules: &kpi::Rules) -> serde_json::Value {
    let to = NOON_NS + hours * 3_600 * S;
    let text = figures(&data.0, Some(NOON_NS), Some(to), rules, Form::Json).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_figures_of_a_ledger_are_those_computed_by_hand() {
    use Event::{Acknowledge, Clear, Raise};
    use State::{Acked, Normal, ReturnedUnacked, Unacked};
    // Two hours. TAH-1 stands for 60 s and waits 20 s for its acknowledgement; PAH-2 comes
    // three times in 40 s for a second each, and is acknowledged 100 s after the last.
    let lines: [Line; 10] = [
        (1, 600, "TAH-1", Raise, Normal, Unacked),
        (2, 620, "TAH-1", Acknowledge, Unacked, Acked),
        (3, 660, "TAH-1", Clear, Acked, Normal),
        (4, 4_000, "PAH-2", Raise, Normal, Unacked),
        (5, 4_001, "PAH-2", Clear, Unacked, ReturnedUnacked),
        (6, 4_020, "PAH-2", Raise, ReturnedUnacked, Unacked),
        (7, 4_021, "PAH-2", Clear, Unacked, ReturnedUnacked),
        (8, 4_040, "PAH-2", Raise, ReturnedUnacked, Unacked),
        (9, 4_041, "PAH-2", Clear, Unacked, ReturnedUnacked),
        (10, 4_140, "PAH-2", Acknowledge, ReturnedUnacked, Normal),
    ];
    let drift = |name: &str| Drift {
        name: name.into(),
        setting: "limit",
        recorded: "45".into(),
        running: "48".into(),
        tag: format!("{name}.LIMIT"),
    };
    let told = |at_s: i64, drifts: &[Drift]| {
        let at_ns = NOON_NS + at_s * S;
        drift_entry(Entry::system(at_ns, "LIVE", "", "", ""), drifts)
    };
    let mut entries: Vec<Entry> = lines.into_iter().map(entry).collect();
    entries.push(told(5_000, &[drift("TAH-1"), drift("PAH-2")]));
    entries.push(told(8_000, &[]));
    let data = station("kpi", entries);
    let kpi = printed(&data, 2, &kpi::Rules::default());
    for (figure, by_hand) in [
        ("alarms", 4.0),
        ("per_day", 48.0),
        ("per_hour", 2.0),
        ("in_10_min_max", 3.0),
        ("floods", 0.0),
        ("unauthorised_changes", 2.0),
    ] {
        assert_eq!(kpi[figure], by_hand, "{figure}: {kpi:#}");
    }
    // Waited: 20 s and 100 s. Stood: 60 s and thrice 1 s.
    let ack = &kpi["time_to_ack"];
    assert_eq!((&ack["count"], &ack["mean_s"]), (&2.into(), &60.0.into()));
    let stood = &kpi["time_in_alarm"];
    assert_eq!(
        (&stood["count"], &stood["mean_s"]),
        (&4.into(), &15.75.into())
    );
    assert_eq!(kpi["chattering"], serde_json::json!([["PAH-2", 3]]));
    assert_eq!(kpi["fleeting"], serde_json::json!([["PAH-2", 3]]));
    assert_eq!(kpi["top_10"][0]["name"], "PAH-2");
    assert_eq!(kpi["top_10"][0]["percent"], 75.0);
    let later = printed(&data, 3, &kpi::Rules::default());
    assert_eq!(later["unauthorised_changes"], 0, "put back by then");
    // A site that has edited what it calls a flood and chattering.
    let mut rules = kpi::Rules::default();
    (rules.flood.enter_above, rules.flood.leave_below) = (2, 2);
    (rules.chatter_s, rules.fleeting_s) = (30.0, 0.5);
    let site = printed(&data, 2, &rules);
    assert_eq!(site["floods"], 1);
    assert_eq!(site["chattering"], serde_json::json!([]));
    assert_eq!(site["fleeting"], serde_json::json!([]));
}

#[test]
fn a_clock_that_was_set_back_changes_no_order() {
    use Event::{Acknowledge, Clear, Raise};
    use State::{Acked, Normal, Unacked};
    // After the raise the clock is set back by an hour.
    let data = station(
        "kpi-clock",
        [
            (1, 3_700, "TAH-1", Raise, Normal, Unacked),
            (2, 110, "TAH-1", Acknowledge, Unacked, Acked),
            (3, 120, "TAH-1", Clear, Acked, Normal),
        ]
        .map(entry)
        .into(),
    );
    let kpi = printed(&data, 2, &kpi::Rules::default());
    assert_eq!(kpi["alarms"], 1);
    // It is over; and no time is negative.
    assert_eq!(kpi["time_in_alarm"]["count"], 1);
    assert_eq!(kpi["time_to_ack"]["count"], 1);
    assert_eq!(kpi["time_to_ack"]["max_s"], 0.0);
    let own = figures(&data.0, None, None, &kpi::Rules::default(), Form::Json).unwrap();
    let own: serde_json::Value = serde_json::from_str(&own).unwrap();
    assert!(own["hours"].as_f64().unwrap() > 0.99, "from first to last");
}
