use super::*;
use gateway::alarms::AlarmState;

const SECOND_NS: i64 = 1_000_000_000;

fn records() -> Vec<Rationale> {
    let mut high = Rationale::named("TT-1.H");
    high.tag = "TT-1.H".into();
    high.point = "TT-1.PV".into();
    high.limit = Some(80.0);
    high.shelving = true;
    high.shelve_s_max = 3_600.0;
    high.priority = alarm::Priority::ALL[1];
    let mut trip = Rationale::named("C01");
    trip.tag = "C01.TRIP".into();
    trip.priority = alarm::Priority::ALL[0];
    vec![high, trip]
}

fn handle(name: &str) -> Option<u32> {
    ["TT-1.PV", "TT-1.H", "C01.TRIP"]
        .iter()
        .position(|known| *known == name)
        .map(|at| at as u32)
}

fn annunciator() -> Annunciator {
    Annunciator::new(records(), Settings::default(), handle)
}

fn stamp(second: i64) -> Stamp {
    Stamp {
        scan: second as u64,
        utc_ns: second * SECOND_NS,
    }
}

fn tell(ours: &mut Annunciator, second: i64, handle: u32, on: bool) {
    let at = At {
        task: 0,
        scan: second as u64,
        utc_ns: second * SECOND_NS,
        missing: 0,
    };
    let changed = Changed {
        handle,
        kind: Kind::Bool,
        bits: u64::from(on),
        before: None,
        quality: Quality::GOOD,
        in_sequence: false,
    };
    ours.take(&at, &[changed], &|_| Some(81.5));
}

fn command(deed: AlarmDeed, alarms: &[&str]) -> AlarmCommand {
    AlarmCommand {
        id: "1".into(),
        actor: "lin".into(),
        alarms: alarms.iter().map(ToString::to_string).collect(),
        deed,
        reason: "because".into(),
        seen: Vec::new(),
    }
}

#[test]
fn a_condition_becomes_a_row_with_value_and_limit_and_sounds_the_horn() {
    let mut ours = annunciator();
    tell(&mut ours, 5, 1, true);
    assert_eq!(ours.steps().len(), 1);
    let list = ours.list(6 * SECOND_NS).unwrap();
    let row = &list.rows[0];
    assert_eq!(
        (
            row.alarm.as_str(),
            row.value,
            row.limit,
            row.priority,
            row.count
        ),
        ("TT-1.H", Some(81.5), Some(80.0), 2, 1)
    );
    assert_eq!(list.counts.horn, Some(2));
    assert_eq!(ours.list(7 * SECOND_NS), None, "nothing has changed");
    tell(&mut ours, 8, 2, true);
    ours.steps();
    assert_eq!(ours.list(8 * SECOND_NS).unwrap().counts.horn, Some(1));
}

#[test]
fn the_horn_is_quiet_when_silenced_or_when_everything_is_acknowledged() {
    let mut ours = annunciator();
    tell(&mut ours, 1, 1, true);
    ours.steps();
    ours.act(&command(AlarmDeed::Silence, &[]), stamp(2))
        .unwrap();
    assert_eq!(ours.list(SECOND_NS).unwrap().counts.horn, None);
    tell(&mut ours, 3, 2, true);
    ours.steps();
    assert_eq!(ours.list(SECOND_NS).unwrap().counts.horn, Some(1));
    let both = command(AlarmDeed::Acknowledge, &["TT-1.H", "C01"]);
    let steps = ours.act(&both, stamp(4)).unwrap();
    assert_eq!(steps.len(), 2);
    let list = ours.list(SECOND_NS).unwrap();
    assert_eq!(list.counts.horn, None);
    assert!(list.rows.iter().all(|row| row.by == "lin"));
}

#[test]
fn a_deed_for_several_alarms_is_done_for_all_or_for_none() {
    let mut ours = annunciator();
    tell(&mut ours, 1, 1, true);
    ours.steps();
    let mixed = command(AlarmDeed::Acknowledge, &["TT-1.H", "C01"]);
    let refusal = ours.act(&mixed, stamp(2)).unwrap_err();
    assert!(matches!(refusal, DeedRefusal::Refused { alarm, .. } if alarm == "C01"));
    let unknown = command(AlarmDeed::Acknowledge, &["TT-1.H", "XX"]);
    let refusal = ours.act(&unknown, stamp(2)).unwrap_err();
    assert_eq!(refusal, DeedRefusal::Unknown { alarm: "XX".into() });
    let nothing = command(AlarmDeed::Acknowledge, &[]);
    assert_eq!(ours.act(&nothing, stamp(2)), Err(DeedRefusal::Nothing));
    let list = ours.list(2 * SECOND_NS).unwrap();
    assert_eq!(list.rows[0].state, AlarmState::Unacknowledged);
}

#[test]
fn a_step_of_the_plant_is_not_lost_when_a_person_acts_in_between() {
    let mut ours = annunciator();
    tell(&mut ours, 1, 1, true);
    ours.steps();
    tell(&mut ours, 2, 2, true);
    let steps = ours
        .act(&command(AlarmDeed::Acknowledge, &["TT-1.H"]), stamp(3))
        .unwrap();
    assert_eq!(steps.len(), 1, "the person's step alone");
    let steps = ours.steps();
    assert_eq!(steps.len(), 1);
    assert_eq!(&*steps[0].transition.name, "C01");
}

#[test]
fn shelf_and_acknowledgement_survive_a_restart_by_what_was_written_down() {
    let mut ours = annunciator();
    let saved = ours.save(stamp(0));
    tell(&mut ours, 1, 1, true);
    let mut written = ours.steps();
    let shelve = AlarmDeed::Shelve {
        for_s: 600.0,
        one_shot: false,
    };
    written.extend(ours.act(&command(shelve, &["TT-1.H"]), stamp(2)).unwrap());
    written.reverse();
    let text = serde_json::to_string(&written).unwrap();
    let written: Vec<Step> = serde_json::from_str(&text).unwrap();
    let mut again = annunciator();
    again.restore(&saved, written).unwrap();
    let row = again.list(3 * SECOND_NS).unwrap().rows.remove(0);
    assert_eq!(row.state, AlarmState::Shelved);
    assert_eq!(row.until_ms, Some(602_000));
    again.tick(stamp(602));
    assert_eq!(
        again.steps().len(),
        1,
        "the shelf expires after the restart"
    );
}

#[test]
fn another_edition_keeps_the_lives_of_alarms_that_it_still_has() {
    let mut ours = annunciator();
    tell(&mut ours, 1, 1, true);
    ours.steps();
    let mut records = records();
    records.swap(0, 1);
    records.push(Rationale::named("NEW"));
    ours.adopt(records, Settings::default(), handle, stamp(2));
    let list = ours.list(2 * SECOND_NS).unwrap();
    assert_eq!(list.rows.len(), 1);
    assert_eq!(list.rows[0].alarm, "TT-1.H");
}

#[test]
fn a_raise_is_counted_for_a_day() {
    let mut ours = annunciator();
    for second in 0..3 {
        tell(&mut ours, second * 10, 1, true);
        tell(&mut ours, second * 10 + 5, 1, false);
    }
    ours.steps();
    let hours = |hours: i64| hours * 3_600 * SECOND_NS;
    assert_eq!(ours.raises.of(0, hours(1)), 3);
    assert_eq!(ours.raises.of(0, hours(23)), 3);
    assert_eq!(ours.raises.of(0, hours(25)), 0);
}

#[test]
fn a_class_that_demands_a_comment_says_so_on_the_row_and_is_not_acknowledged_without() {
    let mut records = records();
    records[0].class = alarm::Class::GmpCritical;
    let mut ours = Annunciator::new(records, Settings::default(), handle);
    tell(&mut ours, 1, 1, true);
    tell(&mut ours, 1, 2, true);
    ours.steps();
    let list = ours.list(2 * SECOND_NS).unwrap();
    let comment = |name: &str| {
        list.rows
            .iter()
            .find(|row| row.alarm == name)
            .unwrap()
            .comment
    };
    assert!(comment("TT-1.H") && !comment("C01"));
    let mut silent = command(AlarmDeed::Acknowledge, &["TT-1.H"]);
    silent.reason = String::new();
    let refusal = ours.act(&silent, stamp(2)).unwrap_err();
    let DeedRefusal::Refused { why, .. } = refusal else {
        panic!("{refusal:?}");
    };
    assert!(matches!(why, AlarmRefusal::ReasonMissing { .. }));
    let explained = command(AlarmDeed::Acknowledge, &["TT-1.H"]);
    assert_eq!(ours.act(&explained, stamp(2)).unwrap().len(), 1);
}

#[test]
fn a_row_carries_its_raise_and_another_raise_is_not_acknowledged_unseen() {
    let mut ours = annunciator();
    tell(&mut ours, 1, 1, true);
    tell(&mut ours, 1, 2, true);
    ours.steps();
    let list = ours.list(2 * SECOND_NS).unwrap();
    let raise = |name: &str| {
        list.rows
            .iter()
            .find(|row| row.alarm == name)
            .unwrap()
            .raise
    };
    let mut seen = command(AlarmDeed::Acknowledge, &["C01", "TT-1.H"]);
    seen.seen = vec![raise("C01"), raise("TT-1.H")];
    tell(&mut ours, 3, 1, false);
    tell(&mut ours, 4, 1, true);
    ours.steps();
    let refusal = ours.act(&seen, stamp(5)).unwrap_err();
    let DeedRefusal::Refused { alarm, why } = refusal else {
        panic!("{refusal:?}");
    };
    assert_eq!(alarm, "TT-1.H");
    assert!(matches!(why, AlarmRefusal::Changed { .. }), "{why}");
    let list = ours.list(6 * SECOND_NS).unwrap();
    assert!(
        list.rows.iter().all(|row| row.by.is_empty()),
        "none of them"
    );
    let now = list.rows.iter().map(|row| (row.alarm.clone(), row.raise));
    (seen.alarms, seen.seen) = now.unzip();
    assert_eq!(ours.act(&seen, stamp(7)).unwrap().len(), 2);
}

#[test]
fn high_high_hides_an_acknowledged_high_of_its_point_and_no_other_state() {
    let mut records = records();
    records[0].kind = alarm::AlarmKind::H;
    records[1].kind = alarm::AlarmKind::Hh;
    records[1].point = "TT-1.PV".into();
    let mut ours = Annunciator::new(records, Settings::default(), handle);
    let shown = |ours: &mut Annunciator, second: i64| {
        ours.steps();
        let list = ours.list(second * SECOND_NS).unwrap();
        let counts = list.counts.priority.iter();
        let counted: u32 = counts.map(|c| c.unacknowledged + c.acknowledged).sum();
        let mut names: Vec<String> = list.rows.into_iter().map(|row| row.alarm).collect();
        names.sort();
        (names, counted)
    };
    let both = vec!["C01".to_string(), "TT-1.H".to_string()];
    tell(&mut ours, 1, 1, true);
    tell(&mut ours, 1, 2, true);
    assert_eq!(shown(&mut ours, 2), (both.clone(), 2), "unacknowledged");
    let high = |deed| command(deed, &["TT-1.H"]);
    ours.act(&high(AlarmDeed::Acknowledge), stamp(3)).unwrap();
    assert_eq!(shown(&mut ours, 3), (vec!["C01".to_string()], 1));
    let shelve = AlarmDeed::Shelve {
        for_s: 60.0,
        one_shot: false,
    };
    ours.act(&high(shelve), stamp(4)).unwrap();
    assert_eq!(shown(&mut ours, 4), (both.clone(), 1), "on the shelf");
    ours.act(&high(AlarmDeed::Unshelve), stamp(5)).unwrap();
    assert_eq!(shown(&mut ours, 5).0, ["C01"]);
    tell(&mut ours, 6, 2, false);
    assert_eq!(shown(&mut ours, 6), (both, 2), "the high-high is gone");
}

#[test]
fn the_limit_beside_an_alarm_is_the_one_that_runs() {
    let mut record = Rationale::named("TAH-2");
    record.kind = alarm::AlarmKind::H;
    record.point = "TT-2.PV".into();
    record.limit = Some(80.0);
    let tags = ["TAH-2.ALM", "TT-2.PV", "TAH-2.LIMIT"];
    let of = |name: &str| tags.iter().position(|tag| *tag == name).map(|at| at as u32);
    let mut ours = Annunciator::new(vec![record], Settings::default(), of);
    let (at, raised) = (
        At {
            task: 0,
            scan: 1,
            utc_ns: 0,
            missing: 0,
        },
        Changed {
            handle: 0,
            kind: Kind::Bool,
            bits: 1,
            before: None,
            quality: Quality::GOOD,
            in_sequence: false,
        },
    );
    ours.take(&at, &[raised], &|handle| {
        [None, Some(86.0), Some(85.0)][handle as usize]
    });
    let steps = ours.steps();
    let raise = &steps[0].transition;
    assert_eq!((raise.value, raise.limit), (Some(86.0), Some(85.0)));
    assert_eq!(ours.list(SECOND_NS).unwrap().rows[0].limit, Some(85.0));
}

/// A disk that lies about syncs may leave half of the book, or none: the ledger has the
/// steps, and half a book is not taken for one.
#[test]
fn of_a_torn_book_nothing_is_believed_and_the_ledger_restores_every_alarm() {
    use crate::alarm_desk::{Roll, resumed, saved};
    let folder = std::env::temp_dir().join(format!("scanloop-book-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let roll = Roll {
        edition: 1,
        rationales: records().into(),
        settings: Settings::default(),
        handles: ["TT-1.PV", "TT-1.H", "C01.TRIP"]
            .iter()
            .map(|name| (name.to_string(), handle(name).unwrap()))
            .collect(),
    };
    let mut ours = resumed(&roll, None, Vec::new());
    tell(&mut ours, 1, 1, true);
    tell(&mut ours, 2, 2, true);
    let mut steps = ours.steps();
    let acknowledge = command(AlarmDeed::Acknowledge, &["C01"]);
    steps.extend(ours.act(&acknowledge, stamp(3)).unwrap());
    let whole = serde_json::json!({ "book": ours.save(stamp(4)) }).to_string();
    let path = folder.join("alarms.json");
    for at in 0..=whole.len() {
        std::fs::write(&path, &whole[..at]).unwrap();
        let kept = saved(&folder);
        assert_eq!(kept.is_some(), at == whole.len(), "{at} bytes");
        let last = kept.as_ref().map_or(0, alarm::Saved::number);
        let since = steps.iter().filter(|step| step.transition.number > last);
        let back = resumed(&roll, kept.as_ref(), since.cloned().collect());
        for alarm in [AlarmIndex(0), AlarmIndex(1)] {
            assert_eq!(back.book().state(alarm), ours.book().state(alarm), "{at}");
        }
    }
    // Sectors of zeros where its end should be.
    let mut torn = whole.clone().into_bytes();
    let half = torn.len() / 2;
    torn[half..].fill(0);
    std::fs::write(&path, torn).unwrap();
    assert!(saved(&folder).is_none());
    std::fs::remove_dir_all(&folder).unwrap();
}
