use super::*;
use crate::act::{Action, AlarmRefusal};
use crate::class::Class;
use crate::list::{Filter, Sort, View};
use crate::rationale::{AlarmKind, Mode, When};

const S: i64 = 1_000_000_000;

fn at_s(seconds: i64) -> Stamp {
    Stamp {
        scan: 0,
        utc_ns: seconds * S,
    }
}

fn ack() -> Action {
    Action::Acknowledge {
        comment: String::new(),
        seen: None,
    }
}

fn shelve(until_s: i64, one_shot: bool) -> Action {
    Action::Shelve {
        until_ns: until_s * S,
        reason: "transmitter under repair".to_string(),
        one_shot,
    }
}

/// A book and what it has told.
struct Desk {
    book: Book,
    out: Outbox,
}

impl Desk {
    fn of(rationales: Vec<Rationale>) -> Desk {
        Desk {
            book: Book::new(rationales, Settings::default()),
            out: Outbox::default(),
        }
    }

    fn alarm(&self, name: &str) -> AlarmIndex {
        self.book.index(name).unwrap()
    }

    fn set(&mut self, name: &str, active: bool, seconds: i64) -> &mut Desk {
        let alarm = self.alarm(name);
        self.book
            .edge(alarm, Edge::of(active), at_s(seconds), &mut self.out);
        self
    }

    fn input(&mut self, tag: &str, value: bool, seconds: i64) -> &mut Desk {
        let tags = self.book.input_tags();
        let input = tags.iter().position(|own| own == tag).unwrap();
        self.book
            .input(input, Some(value), at_s(seconds), &mut self.out);
        self
    }

    fn act(&mut self, name: &str, action: Action, seconds: i64) -> Result<(), AlarmRefusal> {
        let alarm = self.alarm(name);
        let who = Who::Person("li.wei".into());
        self.book
            .act(alarm, &action, &who, at_s(seconds), &mut self.out)
    }

    fn tick(&mut self, seconds: i64) -> &mut Desk {
        self.book.tick(at_s(seconds), &mut self.out);
        self
    }

    fn state(&self, name: &str) -> State {
        self.book.state(self.alarm(name)).unwrap()
    }

    fn listed(&self, view: View, seconds: i64) -> Vec<&str> {
        let filter = Filter {
            view,
            ..Filter::default()
        };
        let rows = self.book.list(&filter, Sort::Urgency, seconds * S);
        rows.iter().map(|row| row.name).collect()
    }
}

fn named(name: &str) -> Rationale {
    Rationale::named(name)
}

#[test]
fn an_alarm_lives_its_life_and_every_step_is_told_with_its_cause() {
    let mut desk = Desk::of(vec![named("TAH-101")]);
    desk.set("TAH-101", true, 1);
    desk.act("TAH-101", ack(), 2).unwrap();
    desk.set("TAH-101", false, 3)
        .set("TAH-101", true, 4)
        .set("TAH-101", false, 5);
    desk.act("TAH-101", ack(), 6).unwrap();
    let told: String = desk
        .out
        .transitions
        .iter()
        .map(|t| format!("{}{} ", t.from.letter(), t.to.letter()))
        .collect();
    assert_eq!(told, "AB BC CA AB BD DA ");
    let numbers: Vec<u64> = desk.out.transitions.iter().map(|t| t.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(desk.out.transitions[1].who.name(), "li.wei");
    assert_eq!(desk.out.transitions[0].who, Who::System);
}

#[test]
fn telling_a_condition_twice_changes_nothing_and_a_bad_one_clears_nothing() {
    let mut desk = Desk::of(vec![named("TAH-101")]);
    desk.set("TAH-101", true, 1).set("TAH-101", true, 2);
    assert_eq!(desk.out.transitions.len(), 1);
    let alarm = desk.alarm("TAH-101");
    let lost = Edge {
        is_bad: true,
        ..Edge::default()
    };
    desk.book.edge(alarm, lost, at_s(3), &mut desk.out);
    assert_eq!(desk.state("TAH-101"), State::Unacked);
    assert!(desk.book.row(alarm, 3 * S).unwrap().is_bad);
    desk.set("TAH-101", false, 4);
    assert_eq!(desk.state("TAH-101"), State::ReturnedUnacked);
}

#[test]
fn an_alarm_that_came_anew_is_not_acknowledged_unseen() {
    let mut desk = Desk::of(vec![named("TAH-101")]);
    desk.set("TAH-101", true, 1);
    let seen = desk.book.row(AlarmIndex(0), S).unwrap().raise_number;
    desk.set("TAH-101", false, 2).set("TAH-101", true, 3);
    let old = Action::Acknowledge {
        comment: String::new(),
        seen: Some(seen),
    };
    let refusal = desk.act("TAH-101", old, 4).unwrap_err();
    assert_eq!(refusal, AlarmRefusal::Changed { seen: 1, stands: 3 });
    assert_eq!(desk.state("TAH-101"), State::Unacked);
}

#[test]
fn a_shelf_ends_at_its_time_and_asks_anew_but_a_person_who_takes_it_down_has_seen_it() {
    let mut desk = Desk::of(vec![named("TAH-101"), named("TAH-102")]);
    desk.set("TAH-101", true, 0).set("TAH-102", true, 0);
    for name in ["TAH-101", "TAH-102"] {
        desk.act(name, shelve(900, false), 10).unwrap();
    }
    assert_eq!(desk.listed(View::Active, 11), [""; 0]);
    assert_eq!(desk.listed(View::Shelved, 11).len(), 2);
    let reason = String::new();
    desk.act("TAH-102", Action::Unshelve { reason }, 20)
        .unwrap();
    assert_eq!(desk.state("TAH-102"), State::Acked);
    desk.tick(899);
    assert_eq!(desk.state("TAH-101"), State::Shelved);
    desk.tick(900);
    assert_eq!(desk.state("TAH-101"), State::Unacked);
    let last = desk.out.transitions.last().unwrap();
    assert_eq!((last.event, last.is_annunciation()), (Event::Expire, true));
}

#[test]
fn a_one_shot_shelf_ends_when_the_condition_goes() {
    let mut desk = Desk::of(vec![named("TAH-101")]);
    desk.set("TAH-101", true, 0);
    desk.act("TAH-101", shelve(3_600, true), 1).unwrap();
    desk.set("TAH-101", false, 50);
    assert_eq!(desk.state("TAH-101"), State::Normal);
    desk.set("TAH-101", true, 60);
    assert_eq!(desk.state("TAH-101"), State::Unacked);
}

#[test]
fn shelving_is_refused_without_reason_too_long_into_the_past_and_where_forbidden() {
    let mut managed = named("PAHH-101");
    managed.class = Class::Safety;
    managed.shelving = false;
    let mut desk = Desk::of(vec![named("TAH-101"), managed]);
    let no_reason = Action::Shelve {
        until_ns: 900 * S,
        reason: " ".to_string(),
        one_shot: false,
    };
    let event = Event::Shelve;
    for (name, action, refusal) in [
        ("TAH-101", no_reason, AlarmRefusal::ReasonMissing { event }),
        (
            "TAH-101",
            shelve(30_000, false),
            AlarmRefusal::ShelvedTooLong {
                asked_s: 29_990.0,
                max_s: 28_800.0,
            },
        ),
        (
            "TAH-101",
            shelve(10, false),
            AlarmRefusal::ShelvedIntoThePast,
        ),
        (
            "PAHH-101",
            shelve(60, false),
            AlarmRefusal::ShelvingForbidden {
                class: Class::Safety,
            },
        ),
    ] {
        assert_eq!(desk.act(name, action, 10).unwrap_err(), refusal);
    }
    assert_eq!(desk.out.transitions, []);
}

#[test]
fn a_held_alarm_waits_for_acknowledgement_and_then_for_its_reset() {
    let mut held = named("PAHH-101");
    held.latching = true;
    let mut desk = Desk::of(vec![held]);
    desk.set("PAHH-101", true, 0).set("PAHH-101", false, 1);
    let reset = || Action::Reset {
        comment: String::new(),
    };
    let refusal = desk.act("PAHH-101", reset(), 2).unwrap_err();
    let expected = AlarmRefusal::NotNow {
        state: State::LatchedUnacked,
        event: Event::Reset,
    };
    assert_eq!(refusal, expected);
    desk.act("PAHH-101", ack(), 3).unwrap();
    assert_eq!(desk.state("PAHH-101"), State::LatchedAcked);
    desk.act("PAHH-101", reset(), 4).unwrap();
    assert_eq!(desk.state("PAHH-101"), State::Normal);
}

#[test]
fn out_of_service_does_not_lose_what_was_held() {
    let mut held = named("PAHH-101");
    held.latching = true;
    let mut desk = Desk::of(vec![held]);
    let reason = || "calibration".to_string();
    desk.act(
        "PAHH-101",
        Action::RemoveFromService { reason: reason() },
        0,
    )
    .unwrap();
    desk.set("PAHH-101", true, 1).set("PAHH-101", false, 2);
    assert_eq!(
        desk.out.transitions.len(),
        3,
        "what happens aside is told too"
    );
    desk.act("PAHH-101", Action::ReturnToService { reason: reason() }, 3)
        .unwrap();
    assert_eq!(desk.state("PAHH-101"), State::LatchedUnacked);
}

#[test]
fn an_acknowledged_alarm_that_stands_asks_again_if_its_class_says_so() {
    let mut managed = named("PAHH-101");
    managed.class = Class::Safety;
    let mut desk = Desk::of(vec![managed, named("TAH-101")]);
    for name in ["PAHH-101", "TAH-101"] {
        desk.set(name, true, 0);
        desk.act(name, ack(), 100).unwrap();
    }
    desk.tick(1_899);
    assert_eq!(desk.state("PAHH-101"), State::Acked);
    desk.tick(1_900);
    assert_eq!(desk.state("PAHH-101"), State::Unacked);
    assert_eq!(desk.state("TAH-101"), State::Acked);
    assert!(!desk.out.transitions.last().unwrap().is_annunciation());
}

fn at_door(max_s: f64) -> Rationale {
    let mut alarm = named("PDAL-301");
    alarm.suppression = vec![When {
        tag: "DOOR.OPEN".to_string(),
        is: true,
        hold_s: 30.0,
        max_s,
        why: "the door is open; assessed in the contamination control strategy".to_string(),
    }];
    alarm
}

#[test]
fn an_open_door_keeps_it_quiet_for_its_time_and_a_little_after() {
    let mut desk = Desk::of(vec![at_door(0.0)]);
    desk.input("DOOR.OPEN", true, 0).set("PDAL-301", true, 5);
    assert_eq!(desk.state("PDAL-301"), State::SuppressedByDesign);
    let reason = &desk.out.transitions[0].reason;
    assert!(reason.starts_with("the door is open"), "{reason}");
    desk.input("DOOR.OPEN", false, 60).tick(89);
    assert_eq!(desk.state("PDAL-301"), State::SuppressedByDesign);
    desk.tick(90);
    assert_eq!(desk.state("PDAL-301"), State::Unacked);
}

#[test]
fn a_door_left_open_explains_nothing_any_more() {
    let mut desk = Desk::of(vec![at_door(60.0)]);
    desk.input("DOOR.OPEN", true, 0)
        .set("PDAL-301", true, 5)
        .tick(60);
    assert_eq!(desk.state("PDAL-301"), State::SuppressedByDesign);
    desk.tick(61);
    assert_eq!(desk.state("PDAL-301"), State::Unacked);
}

#[test]
fn a_bad_state_tag_suppresses_nothing() {
    let mut desk = Desk::of(vec![at_door(0.0)]);
    desk.input("DOOR.OPEN", true, 0).set("PDAL-301", true, 5);
    desk.book.input(0, None, at_s(6), &mut desk.out);
    assert_eq!(desk.state("PDAL-301"), State::Unacked);
}

#[test]
fn a_mode_switches_off_or_changes_the_priority() {
    let mut alarm = named("LAL-101");
    let mode = |tag: &str, enabled, priority| Mode {
        limit: None,
        tag: tag.to_string(),
        is: true,
        enabled,
        priority,
        why: "empty while it is discharged".to_string(),
    };
    alarm.modes = vec![
        mode("DISCHARGE.RUN", false, None),
        mode("REACT.RUN", true, Some(Priority::P1)),
    ];
    let mut desk = Desk::of(vec![alarm]);
    desk.input("DISCHARGE.RUN", true, 0).set("LAL-101", true, 1);
    assert_eq!(desk.state("LAL-101"), State::SuppressedByDesign);
    desk.input("DISCHARGE.RUN", false, 2);
    assert_eq!(desk.state("LAL-101"), State::Unacked);
    desk.set("LAL-101", false, 3)
        .input("REACT.RUN", true, 4)
        .set("LAL-101", true, 5);
    assert_eq!(
        desk.book.row(AlarmIndex(0), 5 * S).unwrap().priority,
        Priority::P1
    );
}

#[test]
fn high_high_hides_an_acknowledged_high_of_the_same_point_only() {
    let of = |name: &str, point: &str, kind| {
        let mut alarm = named(name);
        alarm.point = point.to_string();
        alarm.kind = kind;
        alarm
    };
    let mut desk = Desk::of(vec![
        of("TAH-101", "TT-101.PV", AlarmKind::H),
        of("TAHH-101", "TT-101.PV", AlarmKind::Hh),
        of("TAH-102", "TT-102.PV", AlarmKind::H),
    ]);
    for name in ["TAH-101", "TAH-102"] {
        desk.set(name, true, 0);
        desk.act(name, ack(), 1).unwrap();
    }
    desk.set("TAHH-101", true, 2);
    assert_eq!(desk.listed(View::Active, 3), ["TAHH-101", "TAH-102"]);
    assert_eq!(desk.listed(View::All, 3).len(), 3, "hidden, not gone");
    desk.set("TAHH-101", false, 4);
    assert!(desk.listed(View::Active, 5).contains(&"TAH-101"));
}

#[test]
fn the_first_of_a_group_is_told_until_the_group_rests() {
    let member = |name: &str| {
        let mut alarm = named(name);
        alarm.first_out = "RG-1".to_string();
        alarm
    };
    let mut desk = Desk::of(vec![member("C01"), member("C08"), named("TAH-102")]);
    desk.set("C08", true, 1).set("C01", true, 1);
    let firsts: Vec<bool> = desk.out.transitions.iter().map(|t| t.first_out).collect();
    assert_eq!(firsts, [true, false]);
    desk.set("C08", false, 2);
    desk.act("C08", ack(), 3).unwrap();
    assert!(desk.book.row(desk.alarm("C08"), 4 * S).unwrap().first_out);
    desk.set("C01", false, 5);
    desk.act("C01", ack(), 6).unwrap();
    desk.set("C01", true, 7);
    assert!(desk.book.row(desk.alarm("C01"), 8 * S).unwrap().first_out);
    assert!(!desk.book.row(desk.alarm("C08"), 8 * S).unwrap().first_out);
}

#[test]
fn a_flood_shows_the_urgent_and_the_first_and_deletes_nothing() {
    let rationales = (0..12).map(|n| {
        let mut alarm = named(&format!("UA-{n}"));
        alarm.priority = if n == 3 { Priority::P1 } else { Priority::P3 };
        alarm.first_out = if n > 8 {
            "G".to_string()
        } else {
            String::new()
        };
        alarm
    });
    let mut desk = Desk::of(rationales.collect());
    for n in 0..12 {
        desk.set(&format!("UA-{n}"), true, n);
    }
    assert_eq!(desk.out.floods.len(), 1);
    assert_eq!(desk.book.flood().since(), Some(at_s(10)));
    assert_eq!(desk.listed(View::Flood, 20), ["UA-3", "UA-9"]);
    assert_eq!(desk.listed(View::Active, 20).len(), 12);
    desk.tick(700);
    assert!(!desk.out.floods[1].begins);
}

#[test]
fn three_raises_in_a_minute_chatter_and_a_day_is_stale() {
    let mut desk = Desk::of(vec![named("LAH-104")]);
    for n in 0..3 {
        desk.set("LAH-104", true, n * 20)
            .set("LAH-104", false, n * 20 + 1);
    }
    let row = |desk: &Desk, s: i64| {
        let row = desk.book.row(AlarmIndex(0), s * S).unwrap();
        (row.chattering, row.stale)
    };
    assert_eq!(row(&desk, 50), (true, false));
    assert_eq!(row(&desk, 200), (false, false));
    desk.set("LAH-104", true, 300);
    assert_eq!(row(&desk, 300 + 86_400), (false, false));
    assert_eq!(row(&desk, 300 + 86_401), (false, true));
    assert_eq!(desk.book.counts((300 + 86_401) * S).stale, 1);
}

#[test]
fn what_is_only_written_down_asks_nobody_and_is_not_listed() {
    let mut event = named("XS-1");
    event.priority = Priority::Journal;
    event.latching = true;
    let mut desk = Desk::of(vec![event]);
    desk.set("XS-1", true, 0);
    assert_eq!(desk.listed(View::Active, 1), [""; 0]);
    desk.set("XS-1", false, 1);
    assert_eq!(desk.state("XS-1"), State::Normal);
    assert_eq!(desk.out.transitions.len(), 2);
    assert!(!desk.out.transitions[0].is_annunciation());
}

#[test]
fn after_a_restart_everything_is_as_it_was_and_what_changed_meanwhile_moves() {
    let rationales = vec![named("TAH-101"), named("TAH-102"), named("TAH-103")];
    let mut desk = Desk::of(rationales.clone());
    desk.set("TAH-101", true, 0).set("TAH-102", true, 0);
    desk.act("TAH-101", ack(), 1).unwrap();
    desk.act("TAH-103", shelve(3_600, false), 1).unwrap();
    let text = serde_json::to_string(&desk.book.save(at_s(2))).unwrap();
    let mut again = Desk::of(rationales);
    let saved = serde_json::from_str(&text).unwrap();
    let restored = again.book.restore(&saved).unwrap();
    assert_eq!(
        (restored.alarms, restored.gone, restored.new),
        (3, vec![], vec![])
    );
    // The first image after the start: 101 still stands, 102 has gone, 103 has come.
    again
        .set("TAH-101", true, 600)
        .set("TAH-102", false, 600)
        .set("TAH-103", true, 600);
    again.tick(600);
    assert_eq!(
        again.state("TAH-101"),
        State::Acked,
        "nobody is asked twice"
    );
    assert_eq!(again.state("TAH-102"), State::ReturnedUnacked);
    assert_eq!(again.state("TAH-103"), State::Shelved);
    let numbers: Vec<u64> = again.out.transitions.iter().map(|t| t.number).collect();
    assert_eq!(numbers, [5, 6], "numbers go on");
}

#[test]
fn another_edition_keeps_what_it_still_has_and_says_what_it_has_not() {
    let mut desk = Desk::of(vec![named("TAH-101"), named("TAH-102")]);
    desk.set("TAH-102", true, 0);
    let saved = desk.book.save(at_s(1));
    let mut next = Desk::of(vec![named("TAH-103"), named("TAH-102")]);
    let restored = next.book.restore(&saved).unwrap();
    assert_eq!(
        (restored.gone, restored.new),
        (vec!["TAH-101".to_string()], vec!["TAH-103".to_string()])
    );
    assert_eq!(next.state("TAH-102"), State::Unacked);
}
