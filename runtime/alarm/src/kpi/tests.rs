//! Data sets whose figures were computed by hand.

use super::*;
use crate::class::Class;
use crate::transition::{AlarmIndex, Stamp};

const S: i64 = 1_000_000_000;

fn step(name: &str, at_s: f64, event: Event, to: State, priority: Priority) -> Transition {
    Transition {
        number: 0,
        alarm: AlarmIndex(0),
        name: name.into(),
        from: State::Normal,
        to,
        event,
        at: Stamp {
            scan: 0,
            utc_ns: (at_s * 1e9) as i64,
        },
        who: Who::System,
        reason: String::new(),
        value: None,
        limit: None,
        priority,
        class: Class::Process,
        first_out: false,
    }
}

fn raise(name: &str, at_s: f64) -> Transition {
    step(name, at_s, Event::Raise, State::Unacked, Priority::P3)
}

fn clear(name: &str, at_s: f64) -> Transition {
    step(
        name,
        at_s,
        Event::Clear,
        State::ReturnedUnacked,
        Priority::P3,
    )
}

fn kpi(transitions: &[Transition], hours: i64) -> Kpi {
    let range = Range {
        from_ns: 0,
        to_ns: hours * 3_600 * S,
    };
    of(transitions, range, &Rules::default(), 0)
}

#[test]
fn one_alarm_every_ten_minutes_is_the_target_and_no_flood() {
    // 24 h · 6 = 144 a day, 6 an hour, 1 in ten minutes.
    let day: Vec<_> = (0..144)
        .map(|n| raise("TAH-101", f64::from(n) * 600.0))
        .collect();
    let kpi = kpi(&day, 24);
    assert_eq!(
        (kpi.alarms, kpi.per_day, kpi.per_hour, kpi.per_10_min),
        (144, 144.0, 6.0, 1.0)
    );
    assert_eq!(
        (kpi.in_10_min_max, kpi.floods, kpi.flood_percent),
        (1, 0, 0.0)
    );
    assert_eq!(
        (kpi.hours_above_30_percent, kpi.tens_above_10_percent),
        (0.0, 0.0)
    );
    assert_eq!(kpi.top_10_percent, 100.0);
    let verdicts: Vec<_> = lines(&kpi)
        .into_iter()
        .map(|line| (line.key, line.verdict))
        .collect();
    assert!(verdicts.contains(&("per_day", Verdict::Met)));
    assert!(verdicts.contains(&("top_10_percent", Verdict::Missed)));
}

#[test]
fn a_burst_is_a_flood_from_its_eleventh_alarm_until_fewer_than_five_are_left() {
    // Twenty alarms at 0, 10, … 190 s. The eleventh comes at 100 s. Sixteen have left the
    // window, and four are left, when the one of 150 s leaves it: at 750 s. 650 s of an hour.
    let burst: Vec<_> = (0..20)
        .map(|n| raise(&format!("UA-{n:02}"), f64::from(n) * 10.0))
        .collect();
    let kpi = kpi(&burst, 1);
    assert_eq!((kpi.floods, kpi.in_10_min_max), (1, 20));
    assert!((kpi.flood_percent - 100.0 * 650.0 / 3_600.0).abs() < 1e-9);
    assert!((kpi.tens_above_10_percent - 100.0 / 6.0).abs() < 1e-9);
    assert_eq!(kpi.hours_above_30_percent, 0.0);
    assert_eq!((kpi.top_10.len(), kpi.top_10_percent), (10, 50.0));
    assert_eq!(kpi.top_10[0].name, "UA-00");
}

#[test]
fn a_flood_goes_on_over_the_ends_of_the_range() {
    let burst: Vec<_> = (0..20)
        .map(|n| raise("UA-01", f64::from(n) * 10.0))
        .collect();
    let range = Range {
        from_ns: 150 * S,
        to_ns: 250 * S,
    };
    let kpi = of(&burst, range, &Rules::default(), 0);
    assert_eq!(kpi.alarms, 5, "150, 160, 170, 180, 190");
    assert_eq!(
        (kpi.flood_percent, kpi.floods),
        (100.0, 0),
        "it began before"
    );
}

#[test]
fn more_than_thirty_in_one_hour_of_four_is_a_quarter_of_the_hours() {
    let hour: Vec<_> = (0..31)
        .map(|n| raise("LAH-1", 3_600.0 + f64::from(n) * 100.0))
        .collect();
    assert_eq!(kpi(&hour, 4).hours_above_30_percent, 25.0);
}

#[test]
fn three_raises_in_a_minute_chatter_and_two_do_not() {
    let mut log = Vec::new();
    for n in 0..4 {
        log.push(raise("LAH-1", f64::from(n) * 20.0));
        log.push(clear("LAH-1", f64::from(n) * 20.0 + 5.0));
    }
    for n in 0..4 {
        log.push(raise("LAH-2", 1_000.0 + f64::from(n) * 31.0));
        log.push(clear("LAH-2", 1_001.0 + f64::from(n) * 31.0));
    }
    let kpi = kpi(&log, 1);
    // 0, 20, 40 and 60 s lie within a minute.
    assert_eq!(kpi.chattering, [("LAH-1".to_string(), 4)]);
    assert_eq!(
        kpi.fleeting,
        [("LAH-2".to_string(), 4)],
        "gone after 1 s, the other after 5 s"
    );
    assert_eq!(kpi.time_in_alarm.count, 8);
    assert_eq!(kpi.time_in_alarm.mean_s, 3.0);
}

#[test]
fn what_stands_for_more_than_a_day_is_stale_also_from_before() {
    let log = [
        raise("A", 0.0),
        raise("B", 3_600.0 * 3.0),
        raise("C", 3_600.0 * 30.0),
        clear("B", 3_600.0 * 27.0),
        clear("C", 3_600.0 * 31.0),
    ];
    let range = Range {
        from_ns: 20 * 3_600 * S,
        to_ns: 48 * 3_600 * S,
    };
    let kpi = of(&log, range, &Rules::default(), 0);
    // A stands 48 h, B stood exactly 24 h, C one hour.
    assert_eq!(kpi.stale, ["A"]);
    assert_eq!(kpi.alarms, 1, "only C was raised in the range");
}

#[test]
fn times_to_acknowledge_by_nearest_rank() {
    let mut log = Vec::new();
    for (n, seconds) in [15.0, 5.0, 100.0, 10.0].into_iter().enumerate() {
        let at = n as f64 * 300.0;
        log.push(raise("A", at));
        log.push(step(
            "A",
            at + seconds,
            Event::Acknowledge,
            State::Acked,
            Priority::P3,
        ));
        log.push(step(
            "A",
            at + seconds + 1.0,
            Event::Clear,
            State::Normal,
            Priority::P3,
        ));
    }
    let ack = kpi(&log, 1).time_to_ack;
    assert_eq!(
        (ack.count, ack.mean_s, ack.median_s, ack.p95_s, ack.max_s),
        (4, 32.5, 10.0, 100.0, 100.0)
    );
}

#[test]
fn what_is_put_aside_is_counted_and_what_nobody_answers_for_is_told() {
    let mut by_li = step("A", 1.0, Event::Shelve, State::Shelved, Priority::P3);
    by_li.who = Who::Person("li.wei".into());
    by_li.reason = "repair".to_string();
    let by_nobody = step(
        "B",
        2.0,
        Event::RemoveFromService,
        State::OutOfService,
        Priority::P3,
    );
    let mut by_design = step(
        "C",
        3.0,
        Event::Suppress,
        State::SuppressedByDesign,
        Priority::P3,
    );
    by_design.reason = "empty vessel".to_string();
    let back = step("C", 4.0, Event::Unsuppress, State::Unacked, Priority::P2);
    let kpi = kpi(&[by_li, by_nobody, by_design, back], 1);
    assert_eq!((kpi.shelved, kpi.suppressed, kpi.out_of_service), (1, 1, 1));
    assert_eq!(kpi.unauthorised_suppressions, 1);
    assert_eq!(kpi.aside_at_end, [1, 0, 1]);
    assert_eq!(
        (kpi.alarms, kpi.by_priority),
        (1, [0, 1, 0, 0, 0]),
        "it called when it came back"
    );
}

#[test]
fn nothing_at_all_gives_figures_all_the_same() {
    let kpi = kpi(&[], 0);
    assert_eq!(
        (kpi.per_day, kpi.flood_percent, kpi.in_10_min_max),
        (0.0, 0.0, 0)
    );
    assert!(lines(&kpi).iter().all(|line| line.value.is_finite()));
    let table = csv(&kpi);
    assert!(
        table
            .lines()
            .all(|line| line.split(',').count() == 7 || line.contains('"'))
    );
    assert!(text(&kpi).contains("fewer than 30 days"));
}
