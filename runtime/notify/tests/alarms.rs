//! The whole notifier against real servers on loopback: threads, sockets, wall clock.
#![allow(clippy::unwrap_used)]

mod receivers;

use notify::channel::faulty::{Fault, FaultyChannel};
use notify::channel::{Channel, set_up};
use notify::record::End;
use notify::{AlarmNotice, Config, DeliveryRecord, Event, Notifier, ProblemKind, Words};
use receivers::{Mail, MailServer, Web, WebServer, dead_port, mail_server, web_server};
use std::time::{Duration, Instant};

/// Nothing here takes this long; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(mail: u16, sms: u16, step_s: u32) -> Config {
    let text = format!(
        r#"
[notify]
enabled = true
station = {{ en = "Synthesis", zh = "合成" }}
utc_offset = "+08:00"
receipt_url = "http://127.0.0.1:8080/receipt/{{token}}"
[notify.limits]
attempts_max = 2
backoff_s_min = 1
flood_messages_max = 5
digest_every_s = 10
[[notify.channel]]
name = "mail"
kind = "smtp"
host = "127.0.0.1"
port = {mail}
tls = "none"
from = "scanloop@plant.invalid"
timeout_s = 2
[[notify.channel]]
name = "sms"
kind = "sms"
url = "http://127.0.0.1:{sms}/send"
body = '{{"to": "{{to}}", "text": "{{message}}"}}'
timeout_s = 2
[[notify.person]]
name = "wang"
language = "zh"
address = {{ mail = "wang@plant.invalid", sms = "+8613000000001" }}
[[notify.person]]
name = "li"
address = {{ mail = "li@plant.invalid", sms = "+8613000000002" }}
[[notify.profile]]
name = "urgent"
priorities = [1]
step = [
    {{ after_s = 0, to = ["person:wang"], channels = ["sms"] }},
    {{ after_s = {step_s}, to = ["person:li"], channels = ["mail"] }},
]
[[notify.profile]]
name = "usual"
priorities = [2, 3]
step = [{{ after_s = 0, to = ["person:li"], channels = ["mail"] }}]
"#
    );
    Config::read(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn notice(alarm: &str, priority: u8) -> AlarmNotice {
    AlarmNotice {
        alarm: alarm.to_string(),
        priority,
        at_ms: 1_795_400_000_000,
        text: Words::new("temperature high", "温度高"),
        ..AlarmNotice::default()
    }
}

/// Records until one is as wanted.
fn until(notifier: &Notifier, wanted: impl Fn(&DeliveryRecord) -> bool) -> Vec<DeliveryRecord> {
    let start = Instant::now();
    let mut records = Vec::new();
    while start.elapsed() < PATIENCE {
        records.extend(notifier.poll());
        if records.iter().any(&wanted) {
            return records;
        }
        std::thread::yield_now();
    }
    panic!("not within {PATIENCE:?}: {records:#?}");
}

fn ended(why: &End) -> impl Fn(&DeliveryRecord) -> bool + use<> {
    let event = Event::Ended { why: why.clone() };
    move |record| record.event == event
}

fn mails(server: &MailServer, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| server.arrived.recv_timeout(PATIENCE).unwrap().text)
        .collect()
}

fn web(script: &[Web]) -> WebServer {
    web_server(script)
}

#[test]
fn a_temporary_failure_is_tried_again_and_delivered() {
    let server = mail_server(&[Mail::Recipient("451 come again"), Mail::Takes]);
    let notifier = Notifier::start(config(server.port, dead_port(), 600)).unwrap();
    notifier.tell(notice("LT-101.L", 2));
    let records = until(&notifier, ended(&End::StepsDone));
    let is_failed = |record: &&DeliveryRecord| {
        matches!(&record.event, Event::Failed { problem, retry_ms: Some(_), .. }
            if problem.code == Some(451))
    };
    assert_eq!(records.iter().filter(is_failed).count(), 1);
    let delivered = |record: &DeliveryRecord| matches!(&record.event, Event::Delivered { attempt: 2, person, .. } if person == "li");
    assert!(records.iter().any(delivered));
    assert_eq!(mails(&server, 2).len(), 2);
    notifier.stop();
}

#[test]
fn a_short_message_that_fails_escalates_to_the_next_person_at_once() {
    let gateway = web(&[Web::Answers(404, "no such number")]);
    let server = mail_server(&[Mail::Takes]);
    let notifier = Notifier::start(config(server.port, gateway.port, 600)).unwrap();
    notifier.tell(notice("TT-101.HH", 1));
    until(&notifier, ended(&End::StepsDone));
    let asked = gateway.asked.recv_timeout(PATIENCE).unwrap();
    assert!(asked.body.contains("温度高"));
    let mail = server.arrived.recv_timeout(PATIENCE).unwrap();
    assert!(mail.to.contains("li@plant.invalid"));
    assert!(receivers::body(&mail.text).contains("temperature high"));
}

#[test]
fn a_receipt_by_the_link_of_the_message_stops_the_escalation() {
    let gateway = web(&[Web::Answers(200, "")]);
    let server = mail_server(&[Mail::Takes]);
    let notifier = Notifier::start(config(server.port, gateway.port, 600)).unwrap();
    notifier.tell(notice("TT-101.HH", 1));
    let asked = gateway.asked.recv_timeout(PATIENCE).unwrap();
    let (_, rest) = asked.body.split_once("/receipt/").unwrap();
    let token: String = rest
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let alarms = notifier.receipt(&token, None);
    assert_eq!(alarms, Ok(vec!["TT-101.HH".to_string()]));
    let who = "wang".to_string();
    until(&notifier, ended(&End::Receipt { who }));
    assert_eq!(notifier.health().active, 0);
    // Nothing was sent to the next person before the notifier is gone.
    notifier.stop();
    assert!(server.arrived.try_recv().is_err());
}

#[test]
fn a_flood_of_500_gives_one_digest_and_every_highest_priority() {
    let gateway = web(&[Web::Answers(200, "")]);
    let server = mail_server(&[Mail::Takes]);
    let notifier = Notifier::start(config(server.port, gateway.port, 600)).unwrap();
    for at in 0..500 {
        let priority = if at % 25 == 0 { 1 } else { 3 };
        notifier.tell(notice(&format!("A-{at}"), priority));
    }
    let is_digest =
        |record: &DeliveryRecord| matches!(record.event, Event::Delivered { digest_of: 475, .. });
    let records = until(&notifier, is_digest);
    let mut urgent: Vec<String> = (0..20)
        .map(|_| gateway.asked.recv_timeout(PATIENCE).unwrap().body)
        .collect();
    urgent.sort();
    urgent.dedup_by_key(|body| body.split("A-").nth(1).map(str::to_string));
    assert_eq!(urgent.len(), 20);
    // Five one by one, then one for all the others.
    let mails = mails(&server, 6);
    assert!(
        receivers::subject(&mails[5]).contains("475 alarms"),
        "{}",
        mails[5]
    );
    notifier.stop();
    assert!(server.arrived.try_recv().is_err());
    assert!(records.len() >= 500);
}

#[test]
fn a_mail_server_that_hangs_does_not_hold_up_a_short_message() {
    let gateway = web(&[Web::Answers(200, "")]);
    let server = mail_server(&[Mail::IsSilent]);
    let notifier = Notifier::start(config(server.port, gateway.port, 600)).unwrap();
    notifier.tell(notice("LT-101.L", 2));
    notifier.tell(notice("TT-101.HH", 1));
    assert!(gateway.asked.recv_timeout(PATIENCE).is_ok());
    let records = until(&notifier, ended(&End::Unreached));
    let timed_out = |record: &DeliveryRecord| {
        matches!(&record.event, Event::Failed { problem, .. }
            if problem.kind == ProblemKind::TimedOut)
    };
    assert!(records.iter().any(timed_out));
    assert_eq!(notifier.health().unreached, 1);
}

#[test]
fn a_channel_that_is_not_there_is_told_in_health_and_records() {
    let notifier = Notifier::start(config(dead_port(), dead_port(), 0)).unwrap();
    notifier.tell(notice("TT-101.HH", 1));
    notifier.tell(notice("LT-101.L", 2));
    let failed = |record: &DeliveryRecord| matches!(&record.event, Event::ChannelFailed { channel, .. } if channel == "mail");
    until(&notifier, failed);
    let health = notifier.health();
    assert!(health.channels[0].is_failed);
    assert!(
        health.channels[0].said.starts_with("unreachable"),
        "{health:?}"
    );
}

#[test]
fn a_channel_that_breaks_or_lies_is_survived() {
    let config = config(dead_port(), dead_port(), 600);
    let server = mail_server(&[Mail::Takes]);
    let mut good = config.channels[0].clone();
    if let notify::config::Door::Smtp(smtp) = &mut good.door {
        smtp.port = server.port;
    }
    struct Boxed(Box<dyn Channel>);
    impl Channel for Boxed {
        fn send(&mut self, message: &notify::Message) -> Result<(), notify::SendProblem> {
            self.0.send(message)
        }
        fn probe(&mut self) -> Result<(), notify::SendProblem> {
            self.0.probe()
        }
    }
    let mail = Boxed(set_up(&good).unwrap());
    let mail = FaultyChannel::new(mail, [Fault::Panics, Fault::LosesAnswer, Fault::Lies]);
    let sms = Boxed(set_up(&config.channels[1]).unwrap());
    let notifier = Notifier::start_with(config, vec![Box::new(mail), Box::new(sms)]).unwrap();
    notifier.tell(notice("LT-101.L", 2));
    let records = until(&notifier, ended(&End::Unreached));
    let said = |record: &DeliveryRecord| matches!(&record.event, Event::Failed { problem, .. } if problem.said == "the channel broke");
    assert!(records.iter().any(said));
    // The answer to the second attempt was lost, the mail was not.
    assert_eq!(mails(&server, 1).len(), 1);
}

#[test]
fn what_is_not_enabled_sends_nothing_and_needs_no_secret() {
    let mut config = config(dead_port(), dead_port(), 600);
    config.is_enabled = false;
    let notifier = Notifier::start(config).unwrap();
    notifier.tell(notice("TT-101.HH", 1));
    assert_eq!(notifier.poll(), []);
    assert!(!notifier.health().is_enabled);
}
