use super::*;
use crate::config::Until;
use crate::notice::Words;
use crate::problem::SendProblem;
use crate::record::{End, ReceiptProblem};
use proptest::prelude::*;

const START_MS: u64 = 1_795_400_000_000;
const MAIL: usize = 0;
const SMS: usize = 1;

/// Three people; `sms` before `mail` for urgent alarms, mail alone for the others.
const PLANT: &str = r#"
[notify]
enabled = true
station = { en = "Synthesis", zh = "合成" }
utc_offset = "+08:00"
receipt_url = "http://127.0.0.1:8080/receipt/{token}"
[notify.limits]
flood_messages_max = 5
digest_every_s = 300
[[notify.channel]]
name = "mail"
kind = "smtp"
host = "127.0.0.1"
tls = "none"
from = "scanloop@plant.invalid"
[[notify.channel]]
name = "sms"
kind = "sms"
url = "http://127.0.0.1:9/send"
body = '{"to": "{to}", "text": "{message}"}'
[[notify.person]]
name = "wang"
language = "zh"
address = { mail = "wang@plant.invalid", sms = "+8613000000001" }
[[notify.person]]
name = "li"
address = { mail = "li@plant.invalid", sms = "+8613000000002" }
quiet = { from = "22:00", to = "06:00", priority_from = 3 }
[[notify.person]]
name = "chief"
address = { sms = "+8613000000003" }
[[notify.roster]]
name = "process"
shift = [{ from = "00:00", to = "24:00", people = ["wang"] }]
[[notify.profile]]
name = "urgent"
priorities = [1, 2]
step = [
    { after_s = 0, to = ["roster:process"], channels = ["sms"] },
    { after_s = 300, to = ["person:li"], channels = ["sms", "mail"] },
    { after_s = 900, to = ["person:chief"], channels = ["sms", "mail"] },
]
[[notify.profile]]
name = "usual"
priorities = [3, 4]
step = [{ after_s = 0, to = ["person:li"], channels = ["mail"] }]
[[notify.profile]]
name = "also"
priorities = [2]
step = [{ after_s = 0, to = ["person:li"], channels = ["mail"] }]
"#;

fn config() -> Config {
    Config::read(PLANT).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn dispatch_of(config: Config) -> Dispatch {
    let mut token = 0;
    Dispatch::new(config, START_MS, move || {
        token += 1;
        token
    })
}

fn dispatch() -> Dispatch {
    dispatch_of(config())
}

fn notice(alarm: &str, priority: u8) -> AlarmNotice {
    AlarmNotice {
        alarm: alarm.to_string(),
        priority,
        unit: "R-101".to_string(),
        at_ms: START_MS,
        text: Words::new("temperature high", "温度高"),
        ..AlarmNotice::default()
    }
}

fn busy() -> SendProblem {
    SendProblem::new(ProblemKind::Busy, Some(451), "come again")
}

fn after_s(seconds: u64) -> u64 {
    START_MS + seconds * 1_000
}

/// All jobs of a channel that are ready now, each with the same outcome.
fn run(
    dispatch: &mut Dispatch,
    now_ms: u64,
    channel: usize,
    outcome: &Result<(), SendProblem>,
) -> Vec<Job> {
    dispatch.advance(now_ms);
    let mut jobs = Vec::new();
    while let Some(job) = dispatch.take_job(now_ms, channel) {
        dispatch.done(now_ms, &job, outcome.clone());
        jobs.push(job);
    }
    jobs
}

fn to(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.message.to.as_str()).collect()
}

fn events(dispatch: &mut Dispatch) -> Vec<Event> {
    let records = dispatch.take_records(usize::MAX);
    records.into_iter().map(|record| record.event).collect()
}

fn token_of(job: &Job) -> String {
    let (_, rest) = job.message.text.rsplit_once("/receipt/").unwrap();
    rest.split_whitespace().next().unwrap().to_string()
}

#[test]
fn without_receipt_the_next_person_is_told_at_the_next_step() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    let jobs = run(&mut dispatch, START_MS, SMS, &Ok(()));
    assert_eq!(to(&jobs), ["+8613000000001"]);
    assert!(jobs[0].message.text.contains("温度高"));
    assert!(run(&mut dispatch, after_s(299), SMS, &Ok(())).is_empty());
    let jobs = run(&mut dispatch, after_s(300), SMS, &Ok(()));
    assert_eq!(to(&jobs), ["+8613000000002"]);
    assert!(jobs[0].message.text.contains("temperature high"));
    assert_eq!(
        to(&run(&mut dispatch, after_s(300), MAIL, &Ok(()))),
        ["li@plant.invalid"]
    );
    assert_eq!(
        to(&run(&mut dispatch, after_s(900), SMS, &Ok(()))),
        ["+8613000000003"]
    );
    let events = events(&mut dispatch);
    assert_eq!(
        events.last(),
        Some(&Event::Ended {
            why: End::StepsDone
        })
    );
}

#[test]
fn a_receipt_by_link_stops_the_escalation_and_serves_once() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    let jobs = run(&mut dispatch, START_MS, SMS, &Ok(()));
    let token = token_of(&jobs[0]);
    let alarms = dispatch.receipt(after_s(60), &token, None);
    assert_eq!(alarms, Ok(vec!["TT-101.HH".to_string()]));
    assert!(run(&mut dispatch, after_s(5_000), SMS, &Ok(())).is_empty());
    assert_eq!(
        dispatch.receipt(after_s(61), &token, None),
        Err(ReceiptProblem::Used)
    );
    let who = "wang".to_string();
    assert!(events(&mut dispatch).contains(&Event::Ended {
        why: End::Receipt { who }
    }));
}

#[test]
fn a_receipt_that_is_unknown_or_old_is_refused_and_recorded() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    let token = token_of(&run(&mut dispatch, START_MS, SMS, &Ok(()))[0]);
    let unknown = dispatch.receipt(START_MS, "0000", Some("eve\r\nX: y"));
    assert_eq!(unknown, Err(ReceiptProblem::Unknown));
    let old = dispatch.receipt(after_s(24 * 3_600), &token, None);
    assert_eq!(old, Err(ReceiptProblem::Expired));
    let refused = Event::ReceiptRefused {
        who: "eve X: y".to_string(),
        problem: ReceiptProblem::Unknown,
    };
    assert!(events(&mut dispatch).contains(&refused));
}

#[test]
fn a_profile_that_asks_for_acknowledgement_goes_on_after_a_receipt() {
    let mut config = config();
    config.profiles[0].until = Until::Acknowledge;
    let mut dispatch = dispatch_of(config);
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    run(&mut dispatch, START_MS, SMS, &Ok(()));
    assert_eq!(
        dispatch.receipt_of_alarm(after_s(1), "TT-101.HH", "wang"),
        Ok(())
    );
    assert_eq!(run(&mut dispatch, after_s(300), SMS, &Ok(())).len(), 1);
    dispatch.acknowledged(after_s(301), "TT-101.HH");
    assert!(run(&mut dispatch, after_s(900), SMS, &Ok(())).is_empty());
}

#[test]
fn a_step_that_reaches_nobody_brings_the_next_one_at_once() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    let refused = SendProblem::new(ProblemKind::Refused, Some(404), "no such number");
    let job = dispatch.take_job(START_MS, SMS).unwrap();
    dispatch.done(START_MS, &job, Err(refused));
    assert_eq!(
        to(&run(&mut dispatch, START_MS, SMS, &Ok(()))),
        ["+8613000000002"]
    );
    let early = Event::Step {
        step: 2,
        early: true,
    };
    assert!(events(&mut dispatch).contains(&early));
}

#[test]
fn attempts_wait_longer_each_time_and_end() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("LT-101.L", 3));
    let mut times = Vec::new();
    let mut now_ms = START_MS;
    while now_ms < after_s(200) {
        let jobs = run(&mut dispatch, now_ms, MAIL, &Err(busy()));
        times.extend(jobs.iter().map(|_| (now_ms - START_MS) / 1_000));
        now_ms += 1_000;
        if times.len() == 4 {
            break;
        }
    }
    // 5 s, 10 s, 20 s between them.
    assert_eq!(times, [0, 5, 15, 35]);
    assert!(dispatch.is_owed("LT-101.L"));
    assert_eq!(dispatch.health().unreached, 1);
}

#[test]
fn what_reached_nobody_is_told_when_a_channel_returns() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("LT-101.L", 3));
    let mut now_ms = START_MS;
    while !dispatch.is_owed("LT-101.L") {
        run(&mut dispatch, now_ms, MAIL, &Err(busy()));
        now_ms += 1_000;
    }
    assert!(dispatch.health().channels[MAIL].is_failed);
    // The next trial of the failed channel is the message that is owed.
    let mut sent = Vec::new();
    while sent.is_empty() {
        now_ms += 1_000;
        sent = run(&mut dispatch, now_ms, MAIL, &Ok(()));
    }
    assert_eq!(sent[0].purpose, Purpose::Alarm);
    assert!(!dispatch.health().channels[MAIL].is_failed);
    let channel = "mail".to_string();
    let events = events(&mut dispatch);
    assert!(events.contains(&Event::ChannelReturned { channel }));
    assert_eq!(
        events.last(),
        Some(&Event::Ended {
            why: End::StepsDone
        })
    );
}

#[test]
fn a_channel_fails_after_failures_in_a_row_and_returns_by_a_probe() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("LT-101.L", 3));
    run(&mut dispatch, START_MS, MAIL, &Err(busy()));
    run(&mut dispatch, after_s(5), MAIL, &Err(busy()));
    assert!(!dispatch.health().channels[MAIL].is_failed);
    run(&mut dispatch, after_s(15), MAIL, &Err(busy()));
    assert!(dispatch.health().channels[MAIL].is_failed);
    dispatch.acknowledged(after_s(16), "LT-101.L");
    let jobs = run(&mut dispatch, after_s(75), MAIL, &Ok(()));
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].purpose, Purpose::Probe);
    assert!(!dispatch.health().channels[MAIL].is_failed);
    assert!(run(&mut dispatch, after_s(500), MAIL, &Ok(())).is_empty());
}

#[test]
fn a_refused_recipient_does_not_fail_the_channel_but_bad_credentials_do() {
    let mut dispatch = dispatch();
    let refused = SendProblem::new(ProblemKind::Refused, Some(550), "");
    for at in 0..9 {
        dispatch.tell(after_s(at), notice(&format!("A-{at}"), 3));
        run(&mut dispatch, after_s(at), MAIL, &Err(refused.clone()));
    }
    assert!(!dispatch.health().channels[MAIL].is_failed);
    let wrong = SendProblem::new(ProblemKind::Credentials, Some(535), "");
    dispatch.tell(after_s(700), notice("B-1", 3));
    run(&mut dispatch, after_s(700), MAIL, &Err(wrong));
    assert!(dispatch.health().channels[MAIL].is_failed);
}

#[test]
fn an_attempt_without_outcome_fails_the_channel() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("LT-101.L", 3));
    let job = dispatch.take_job(START_MS, MAIL).unwrap();
    dispatch.advance(after_s(600));
    assert!(dispatch.health().channels[MAIL].is_failed);
    dispatch.done(after_s(601), &job, Ok(()));
    assert!(!dispatch.health().channels[MAIL].is_failed);
}

#[test]
fn a_flood_gives_one_digest_and_every_highest_priority() {
    let mut dispatch = dispatch();
    for at in 0..500 {
        let priority = if at % 25 == 24 { 1 } else { 3 };
        dispatch.tell(START_MS, notice(&format!("A-{at}"), priority));
    }
    let urgent = run(&mut dispatch, START_MS, SMS, &Ok(()));
    assert_eq!(urgent.len(), 20);
    assert!(urgent.iter().all(|job| job.purpose == Purpose::Alarm));
    let first = run(&mut dispatch, START_MS, MAIL, &Ok(()));
    assert_eq!(first.len(), 5);
    let digests = run(&mut dispatch, after_s(299), MAIL, &Ok(()));
    assert!(digests.is_empty());
    // The mail of a second step to the same person is not counted here.
    let digests: Vec<Job> = run(&mut dispatch, after_s(300), MAIL, &Ok(()))
        .into_iter()
        .filter(|job| job.purpose == Purpose::Digest)
        .collect();
    assert_eq!(digests.len(), 1);
    assert!(digests[0].message.subject.contains("475 alarms"));
    let told = dispatch
        .take_records(usize::MAX)
        .into_iter()
        .filter(|record| matches!(record.event, Event::Delivered { digest_of: 475, .. }))
        .count();
    assert_eq!(told, 475);
}

#[test]
fn a_receipt_of_a_digest_is_a_receipt_of_all_that_is_in_it() {
    let mut config = config();
    let chief = config.profiles[0].steps[2].clone();
    config.profiles[1].steps.push(chief);
    let mut dispatch = dispatch_of(config);
    for at in 0..10 {
        dispatch.tell(START_MS, notice(&format!("A-{at}"), 3));
    }
    run(&mut dispatch, START_MS, MAIL, &Ok(()));
    let digest = run(&mut dispatch, after_s(300), MAIL, &Ok(()));
    let alarms = dispatch.receipt(after_s(310), &token_of(&digest[0]), Some("li"));
    assert_eq!(alarms.map(|alarms| alarms.len()), Ok(5));
    // Only those that were told one by one go on to the chief.
    assert_eq!(run(&mut dispatch, after_s(900), SMS, &Ok(())).len(), 5);
}

#[test]
fn low_priorities_wait_for_the_morning_and_high_ones_do_not() {
    // 22:30 in China.
    let night_ms = crate::civil::Local::parse("2026-11-23 22:30")
        .unwrap()
        .at_ms(480);
    let morning_ms = crate::civil::Local::parse("2026-11-24 06:00")
        .unwrap()
        .at_ms(480);
    let mut dispatch = Dispatch::new(config(), night_ms, || 0);
    dispatch.tell(night_ms, notice("LOW", 3));
    dispatch.tell(night_ms, notice("HIGH", 1));
    assert!(run(&mut dispatch, night_ms, MAIL, &Ok(())).is_empty());
    let steps = run(&mut dispatch, night_ms + 300_000, MAIL, &Ok(()));
    assert_eq!(
        steps.len(),
        1,
        "the second step of HIGH goes to li at night"
    );
    assert!(run(&mut dispatch, morning_ms - 1, MAIL, &Ok(())).is_empty());
    let jobs = run(&mut dispatch, morning_ms, MAIL, &Ok(()));
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].message.alarm, "LOW");
}

#[test]
fn what_is_acknowledged_before_the_morning_is_not_told_then() {
    let night_ms = crate::civil::Local::parse("2026-11-23 02:30")
        .unwrap()
        .at_ms(480);
    let mut dispatch = Dispatch::new(config(), night_ms, || 0);
    dispatch.tell(night_ms, notice("LOW", 3));
    dispatch.acknowledged(night_ms + 1_000, "LOW");
    assert!(run(&mut dispatch, night_ms + 86_400_000, MAIL, &Ok(())).is_empty());
    let withdrawn = Event::Withdrawn {
        person: "li".to_string(),
        channel: "mail".to_string(),
    };
    assert!(events(&mut dispatch).contains(&withdrawn));
}

#[test]
fn a_chattering_alarm_is_told_once_a_minute() {
    let mut dispatch = dispatch();
    let mut messages = 0;
    for second in 0..120 {
        dispatch.tell(after_s(second), notice("TT-101.HH", 1));
        messages += run(&mut dispatch, after_s(second), SMS, &Ok(())).len();
        dispatch.cleared(after_s(second), "TT-101.HH");
    }
    assert_eq!(messages, 2);
}

#[test]
fn a_signal_that_was_cleared_before_it_left_is_told_when_it_comes_again() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    dispatch.cleared(after_s(1), "TT-101.HH");
    assert!(run(&mut dispatch, after_s(1), SMS, &Ok(())).is_empty());
    dispatch.tell(after_s(2), notice("TT-101.HH", 1));
    assert_eq!(run(&mut dispatch, after_s(2), SMS, &Ok(())).len(), 1);
}

#[test]
fn a_missed_sign_of_life_is_an_alarm_and_its_return_is_told() {
    let text = PLANT.to_string()
        + "[[notify.heartbeat]]\nchannel = \"mail\"\nto = \"li\"\nevery_s = 60\nmissed_after_s = 130\n";
    let config = Config::read(&text).unwrap();
    let mut dispatch = dispatch_of(config);
    let jobs = run(&mut dispatch, START_MS, MAIL, &Ok(()));
    assert_eq!(jobs[0].purpose, Purpose::Heartbeat);
    let refused = SendProblem::new(ProblemKind::Refused, Some(550), "");
    run(&mut dispatch, after_s(60), MAIL, &Err(refused.clone()));
    run(&mut dispatch, after_s(120), MAIL, &Err(refused));
    assert!(!dispatch.health().is_heartbeat_missed);
    dispatch.advance(after_s(130));
    assert!(dispatch.health().is_heartbeat_missed);
    run(&mut dispatch, after_s(180), MAIL, &Ok(()));
    assert!(!dispatch.health().is_heartbeat_missed);
    let channel = "mail".to_string();
    let events = events(&mut dispatch);
    assert!(events.contains(&Event::HeartbeatMissed {
        channel: channel.clone()
    }));
    assert!(events.contains(&Event::HeartbeatReturned { channel }));
}

#[test]
fn too_many_at_once_gives_up_the_least_urgent_and_says_so() {
    let mut dispatch = dispatch();
    for at in 0..limits::ACTIVE_MAX {
        dispatch.tell(START_MS, notice(&format!("A-{at}"), 3));
    }
    dispatch.tell(START_MS, notice("LATE", 3));
    dispatch.tell(START_MS, notice("URGENT", 1));
    let records = dispatch.take_records(usize::MAX);
    let dropped: Vec<&str> = records
        .iter()
        .filter(|record| matches!(record.event, Event::Dropped { .. }))
        .map(|record| record.alarm.as_str())
        .collect();
    assert_eq!(dropped, ["LATE", "A-0"]);
    assert_eq!(run(&mut dispatch, START_MS, SMS, &Ok(())).len(), 1);
    assert_eq!(dispatch.health().dropped, 2);
}

#[test]
fn records_that_nobody_fetches_are_counted() {
    let mut dispatch = dispatch();
    for at in 0..limits::RECORDS_MAX as u64 + 10 {
        dispatch.tell(START_MS + at, notice("UNWANTED", 9));
    }
    let records = dispatch.take_records(1);
    assert_eq!(records[0].event, Event::RecordsLost { count: 10 });
    assert_eq!(dispatch.health().records_lost, 10);
}

#[test]
fn the_highest_priority_overtakes_what_waits() {
    let mut config = config();
    config.profiles[1].steps[0].channels = vec![SMS];
    let mut dispatch = dispatch_of(config);
    dispatch.tell(START_MS, notice("LOW-1", 3));
    dispatch.tell(START_MS, notice("LOW-2", 3));
    dispatch.tell(START_MS, notice("HIGH", 1));
    let jobs = run(&mut dispatch, START_MS, SMS, &Ok(()));
    let alarms: Vec<&str> = jobs.iter().map(|job| job.message.alarm.as_str()).collect();
    assert_eq!(alarms, ["HIGH", "LOW-1", "LOW-2"]);
}

#[derive(Clone, Debug)]
enum Act {
    Tell(u8, u8),
    Acknowledge(u8),
    Clear(u8),
    Receive(u8),
    Wait(u64),
    Take(usize),
    Done(usize, u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_u8..12, 0_u8..6).prop_map(|(alarm, priority)| Act::Tell(alarm, priority)),
        1 => (0_u8..12).prop_map(Act::Acknowledge),
        1 => (0_u8..12).prop_map(Act::Clear),
        1 => (0_u8..12).prop_map(Act::Receive),
        3 => (0_u64..400_000).prop_map(Act::Wait),
        4 => (0_usize..2).prop_map(Act::Take),
        4 => (0_usize..2, 0_u8..8).prop_map(|(channel, outcome)| Act::Done(channel, outcome)),
    ]
}

fn outcome(number: u8) -> Result<(), SendProblem> {
    let kind = match number {
        0..=2 => return Ok(()),
        3 => ProblemKind::Refused,
        4 => ProblemKind::Busy,
        5 => ProblemKind::Unreachable,
        6 => ProblemKind::Credentials,
        _ => ProblemKind::TimedOut,
    };
    Err(SendProblem::new(kind, None, "so it goes"))
}

/// Everything that a run of acts gave.
#[derive(Debug, Default, PartialEq)]
struct Run {
    jobs: Vec<(u64, Job)>,
    records: Vec<DeliveryRecord>,
    told: usize,
}

fn play(acts: &[Act]) -> Run {
    let mut dispatch = dispatch();
    let mut now_ms = START_MS;
    let mut flying: [Option<Job>; 2] = [None, None];
    let mut run = Run::default();
    let mut step = |dispatch: &mut Dispatch, act: &Act, now_ms: &mut u64| match *act {
        Act::Tell(alarm, priority) => {
            run.told += 1;
            dispatch.tell(*now_ms, notice(&format!("A-{alarm}"), priority));
        }
        Act::Acknowledge(alarm) => dispatch.acknowledged(*now_ms, &format!("A-{alarm}")),
        Act::Clear(alarm) => dispatch.cleared(*now_ms, &format!("A-{alarm}")),
        Act::Receive(alarm) => {
            let _ = dispatch.receipt_of_alarm(*now_ms, &format!("A-{alarm}"), "wang");
        }
        Act::Wait(ms) => {
            *now_ms += ms;
            dispatch.advance(*now_ms);
        }
        Act::Take(channel) => {
            if let Some(job) = dispatch.take_job(*now_ms, channel) {
                run.jobs.push((*now_ms, job.clone()));
                flying[channel] = Some(job);
            }
        }
        Act::Done(channel, number) => {
            if let Some(job) = flying[channel].take() {
                dispatch.done(*now_ms, &job, outcome(number));
            }
        }
    };
    for act in acts {
        step(&mut dispatch, act, &mut now_ms);
    }
    // Everything works from here on, for a long time.
    for _ in 0..400 {
        for channel in [MAIL, SMS] {
            step(&mut dispatch, &Act::Take(channel), &mut now_ms);
            step(&mut dispatch, &Act::Done(channel, 0), &mut now_ms);
        }
        step(&mut dispatch, &Act::Wait(20_000), &mut now_ms);
    }
    run.records = dispatch.take_records(usize::MAX);
    run
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_same_acts_give_the_same_jobs_and_records(acts in prop::collection::vec(act(), 0..80)) {
        prop_assert_eq!(play(&acts), play(&acts));
    }

    #[test]
    fn every_notice_is_accounted_for(acts in prop::collection::vec(act(), 0..120)) {
        let run = play(&acts);
        let taken = run.records.iter().filter(|record| matches!(
            record.event,
            Event::Told { .. } | Event::Merged | Event::Unwanted { .. } | Event::Dropped { .. }
        ));
        prop_assert_eq!(taken.count(), run.told);
    }

    #[test]
    fn what_is_told_ends_with_a_message_or_a_reason(acts in prop::collection::vec(act(), 0..120)) {
        let run = play(&acts);
        for told in &run.records {
            if !matches!(told.event, Event::Told { .. }) {
                continue;
            }
            let own = || run.records.iter().filter(|record| record.notice == told.notice);
            let is_ended = own().any(|record| matches!(
                &record.event,
                Event::Ended { why } if *why != End::Unreached
            ));
            // Nothing fails any more at the end: only a refused recipient is left owed.
            let was_unreached = own().any(|record| matches!(
                record.event, Event::Ended { why: End::Unreached }
            ));
            prop_assert!(is_ended || was_unreached, "{} {:?}", told.alarm, own().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_highest_priority_is_never_gathered(acts in prop::collection::vec(act(), 0..120)) {
        let run = play(&acts);
        let urgent: Vec<u64> = run.records.iter()
            .filter(|record| matches!(record.event, Event::Told { priority: 1, .. }))
            .map(|record| record.notice)
            .collect();
        for record in &run.records {
            let is_gathered = matches!(record.event, Event::Gathered { .. });
            prop_assert!(!(is_gathered && urgent.contains(&record.notice)));
        }
    }

    #[test]
    fn no_message_is_attempted_more_often_than_permitted(acts in prop::collection::vec(act(), 0..120)) {
        let run = play(&acts);
        for (_, job) in &run.jobs {
            prop_assert!(job.attempt <= 4);
        }
    }

    #[test]
    fn nothing_leaves_for_an_alarm_that_ended(acts in prop::collection::vec(act(), 0..120)) {
        let run = play(&acts);
        // By number of the notice: once acknowledged or received, no step begins.
        let mut ended = BTreeSet::new();
        for record in &run.records {
            match &record.event {
                Event::Ended { why: End::Acknowledged | End::Receipt { .. } } => {
                    ended.insert(record.notice);
                }
                Event::Step { .. } | Event::Gathered { .. } => {
                    prop_assert!(!ended.contains(&record.notice));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn an_alarm_that_is_put_aside_is_told_no_further_and_anew_when_it_calls_again() {
    let mut dispatch = dispatch();
    dispatch.tell(START_MS, notice("TT-101.HH", 1));
    assert_eq!(run(&mut dispatch, START_MS, SMS, &Ok(())).len(), 1);
    dispatch.set_aside(after_s(10), "TT-101.HH");
    assert!(events(&mut dispatch).contains(&Event::Ended { why: End::Aside }));
    assert!(run(&mut dispatch, after_s(900), SMS, &Ok(())).is_empty());
    // Within the time in which the same alarm is told once: it has called again.
    dispatch.tell(after_s(20), notice("TT-101.HH", 1));
    assert_eq!(run(&mut dispatch, after_s(20), SMS, &Ok(())).len(), 1);
}

#[test]
fn the_profile_that_an_alarm_names_holds_if_it_is_for_it() {
    let named = |profile: &str, priority| {
        let mut dispatch = dispatch();
        let notice = AlarmNotice {
            profile: profile.to_string(),
            ..notice("TT-101.HH", priority)
        };
        dispatch.tell(START_MS, notice);
        let told = events(&mut dispatch).into_iter().next();
        match told {
            Some(Event::Told { profile, .. }) => profile,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(named("", 2), "urgent");
    assert_eq!(named("also", 2), "also");
    assert_eq!(named("usual", 2), "urgent", "not for this priority");
    assert_eq!(named("none such", 2), "urgent");
}

#[test]
fn a_record_is_read_back_as_it_was_written_and_its_word_is_that_of_its_event() {
    let problem = busy();
    let all = [
        Event::Told {
            priority: 1,
            profile: "urgent".into(),
        },
        Event::Merged,
        Event::Nobody { step: 2 },
        Event::Gathered {
            person: "li".into(),
            channel: "mail".into(),
            why: Wait::Quiet,
        },
        Event::Failed {
            person: "li".into(),
            channel: "mail".into(),
            attempt: 3,
            problem,
            retry_ms: Some(START_MS),
        },
        Event::ReceiptRefused {
            who: String::new(),
            problem: ReceiptProblem::Used,
        },
        Event::Ended {
            why: End::Unreached,
        },
        Event::HeartbeatMissed {
            channel: "mail".into(),
        },
        Event::RecordsLost { count: 4 },
    ];
    for event in all {
        let record = record(START_MS, 7, "TT-101.HH", event);
        let json = serde_json::to_value(&record).unwrap();
        assert_eq!(json["event"], record.event.word());
        let read: DeliveryRecord = serde_json::from_value(json).unwrap();
        assert_eq!(read, record);
    }
}
