use super::*;
use crate::alarm_desk::teller;
use crate::ledger_sender::{Posting, ledger_sender};
use alarm::{Class as AlarmClass, Stamp, Who};
use crossbeam::channel::Receiver;
use notify::channel::Channel;
use notify::{Config, Message, ProblemKind, SendProblem};
use std::time::Instant;

/// Nothing here takes this long; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const PLANT: &str = r#"
[notify]
enabled = true
station = { en = "Synthesis", zh = "合成" }
utc_offset = "+08:00"
[notify.limits]
failures_alarm = 1
attempts_max = 1
probe_s = 5
[[notify.channel]]
name = "group"
kind = "webhook"
url = "http://127.0.0.1:9/send"
body = '{"text": "{message}"}'
[[notify.person]]
name = "wang"
address = { group = "wang" }
[[notify.profile]]
name = "all"
priorities = [1, 2, 3, 4]
step = [{ after_s = 0, to = ["person:wang"], channels = ["group"] }]
[[notify.profile]]
name = "slow"
priorities = [2]
step = [
    { after_s = 0, to = ["person:wang"], channels = ["group"] },
    { after_s = 3600, to = ["person:wang"], channels = ["group"] },
]
"#;

/// A channel that works or not, as it is told.
struct Switched(Arc<AtomicBool>);

impl Channel for Switched {
    fn send(&mut self, _: &Message) -> Result<(), SendProblem> {
        self.probe()
    }

    fn probe(&mut self) -> Result<(), SendProblem> {
        if self.0.load(Ordering::Acquire) {
            return Ok(());
        }
        let kind = ProblemKind::Unreachable;
        Err(SendProblem::new(kind, None, "nobody answers"))
    }
}

struct Trial {
    works: Arc<AtomicBool>,
    messages: Messages,
    listener: Listener,
    teller: Teller,
    told: Receiver<Told>,
    postings: Receiver<Posting>,
    records: Vec<Entry>,
    heard: Vec<(&'static str, bool)>,
}

impl Trial {
    fn new() -> Trial {
        let config = Config::read(PLANT).unwrap_or_else(|problems| panic!("{problems:?}"));
        let works = Arc::new(AtomicBool::new(true));
        let door: Box<dyn Channel> = Box::new(Switched(works.clone()));
        let notifier = Notifier::start_with(config, vec![door]).unwrap();
        let (ledger, postings) = ledger_sender();
        let (teller, told) = teller();
        let env = Environment::Simulation;
        let messages = Messages::of(notifier, ledger, Arc::default(), env);
        Trial {
            works,
            listener: messages.listener(),
            messages,
            teller,
            told,
            postings,
            records: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn step(&mut self, name: &str, event: Event, [from, to]: [State; 2]) {
        let mut record = Rationale::named(name);
        record.priority = Priority::P2;
        record.escalation = "slow".into();
        let transition = Transition {
            number: 1,
            alarm: AlarmIndex(0),
            name: name.into(),
            from,
            to,
            event,
            at: Stamp {
                scan: 0,
                utc_ns: rt::utc_ns(),
            },
            who: Who::System,
            reason: String::new(),
            value: None,
            limit: None,
            priority: Priority::P2,
            class: AlarmClass::Process,
            first_out: false,
        };
        let step = Step {
            transition,
            shelf: None,
        };
        (self.listener)(&step, &record);
    }

    /// Looks until something is so.
    fn until(&mut self, what: &str, is_so: impl Fn(&Trial) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:#?}", self.records);
            self.messages.look(&self.teller);
            while let Ok(posting) = self.postings.try_recv() {
                self.records.extend(posting.entries);
            }
            while let Ok(told) = self.told.try_recv() {
                if let Told::Own { alarm, active } = told {
                    self.heard.push((alarm, active));
                }
            }
            std::thread::yield_now();
        }
    }

    /// Detail of the first record of this event about this subject.
    fn detail(&self, subject: &str, event: &str) -> Option<&serde_json::Value> {
        let mut details = self.records.iter().filter(|entry| entry.subject == subject);
        details.find_map(|entry| entry.detail.as_ref().filter(|d| d["event"] == event))
    }
}

#[test]
fn a_channel_that_fails_is_an_alarm_until_it_works_again_and_so_is_who_was_not_reached() {
    let mut trial = Trial::new();
    trial.works.store(false, Ordering::Release);
    trial.step("TAH-1", Event::Raise, [State::Normal, State::Unacked]);
    // The second step is an hour away; the first reached nobody, so it follows at once.
    trial.until("both alarms", |trial| {
        trial.heard.contains(&(own::CHANNEL, true)) && trial.heard.contains(&(own::MESSAGES, true))
    });
    assert!(trial.detail("group", "channel-failed").is_some());
    trial.heard.clear();
    trial.works.store(true, Ordering::Release);
    trial.until("both alarms clear", |trial| {
        trial.heard.contains(&(own::CHANNEL, false))
            && trial.heard.contains(&(own::MESSAGES, false))
    });
    assert!(trial.detail("group", "channel-returned").is_some());
    trial.until("told after all", |trial| {
        trial.detail("TAH-1", "delivered").is_some()
    });
}

#[test]
fn a_record_of_a_message_has_fields_for_programs_and_a_sentence_for_people() {
    let mut trial = Trial::new();
    trial.step("TAH-1", Event::Raise, [State::Normal, State::Unacked]);
    trial.until("delivered", |trial| {
        trial.detail("TAH-1", "delivered").is_some()
    });
    let told = trial.detail("TAH-1", "told").unwrap();
    assert_eq!(told["profile"], "slow", "the profile that the record names");
    assert_eq!(told["priority"], 2);
    let is_delivered = |entry: &&Entry| entry.new == Some(Value::from("delivered"));
    let entry = trial.records.iter().find(is_delivered).unwrap();
    assert_eq!(entry.what, "message");
    assert_eq!(entry.subject, "TAH-1");
    assert_eq!(entry.why, "to wang by group, attempt 1");
    let detail = entry.detail.as_ref().unwrap();
    assert_eq!(
        (&detail["person"], &detail["channel"], &detail["attempt"]),
        (&"wang".into(), &"group".into(), &1.into())
    );
}

#[test]
fn an_alarm_that_is_put_aside_or_over_is_escalated_no_further() {
    let cases = [
        (Event::Shelve, State::Shelved, "aside"),
        (Event::Suppress, State::SuppressedByDesign, "aside"),
        (Event::RemoveFromService, State::OutOfService, "aside"),
        (Event::Clear, State::ReturnedUnacked, "cleared"),
        (Event::Acknowledge, State::Acked, "acknowledged"),
    ];
    let mut trial = Trial::new();
    for (at, (event, to, why)) in cases.into_iter().enumerate() {
        let name = format!("TAH-{at}");
        trial.step(&name, Event::Raise, [State::Normal, State::Unacked]);
        trial.until("delivered", |trial| {
            trial.detail(&name, "delivered").is_some()
        });
        trial.step(&name, event, [State::Unacked, to]);
        trial.until("its end", |trial| trial.detail(&name, "ended").is_some());
        assert_eq!(trial.detail(&name, "ended").unwrap()["why"], why);
    }
    assert_eq!(trial.messages.notifier.health().active, 0);
    // One that is held goes on: somebody must still come and look.
    trial.step("C01", Event::Raise, [State::Normal, State::Unacked]);
    trial.step("C01", Event::Clear, [State::Unacked, State::LatchedUnacked]);
    assert_eq!(trial.messages.notifier.health().active, 1);
}

#[test]
fn records_wait_for_a_ledger_that_is_down() {
    let mut trial = Trial::new();
    let down = trial.messages.ledger_down.clone();
    down.store(true, Ordering::Release);
    trial.step("TAH-1", Event::Raise, [State::Normal, State::Unacked]);
    trial.until("something waits", |trial| {
        !trial.messages.unwritten.is_empty()
    });
    assert!(trial.records.is_empty());
    down.store(false, Ordering::Release);
    trial.until("written", |trial| {
        trial.detail("TAH-1", "told").is_some() && trial.detail("TAH-1", "delivered").is_some()
    });
}
