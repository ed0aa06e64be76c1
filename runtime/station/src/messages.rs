//! Outgoing messages about alarms: steps of alarms become notices, what became of each
//! message goes to the ledger, and what fails is an alarm of the station.

use crate::alarm_desk::{Listener, Teller, Told};
use crate::annunciator::{Annunciator, Step, own};
use crate::clerk::env_word;
use crate::ledger_sender::LedgerSender;
use crate::rt;
use alarm::{AlarmIndex, Event, Priority, Rationale, State, Transition};
use gateway::Hub;
use gateway::desk::{Environment, Refusal, RefusalCode};
use gateway::hub::Receipts;
use journal::ledger::{Actor, Class, Entry, Value};
use notify::record::Event as Happened;
use notify::{AlarmNotice, DeliveryRecord, Health, Notifier, ReceiptProblem, Words};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Time between two looks at what became of messages.
const TICK: Duration = Duration::from_millis(500);

/// The messages of a station.
pub struct Messages {
    notifier: Arc<Notifier>,
    ledger: LedgerSender,
    ledger_down: Arc<AtomicBool>,
    env: Environment,
    /// Records that the ledger has not taken yet. Meanwhile the notifier keeps its own,
    /// and counts what it cannot keep.
    unwritten: Vec<Entry>,
    told: Standing,
}

/// What the alarms of messages say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Standing {
    /// An alarm has reached nobody, and still stands.
    is_owed: bool,
    /// A channel fails, or a sign of life is missed.
    is_channel_bad: bool,
    /// Notices dropped since the start.
    dropped: u64,
}

impl Messages {
    /// Starts the channels.
    ///
    /// # Errors
    /// [`notify::StartError`]: a secret or a certificate of a channel is missing.
    pub fn start(
        config: notify::Config,
        ledger: LedgerSender,
        ledger_down: Arc<AtomicBool>,
        env: Environment,
    ) -> Result<Messages, notify::StartError> {
        let notifier = Notifier::start(config)?;
        Ok(Messages::of(notifier, ledger, ledger_down, env))
    }

    fn of(
        notifier: Notifier,
        ledger: LedgerSender,
        ledger_down: Arc<AtomicBool>,
        env: Environment,
    ) -> Messages {
        Messages {
            notifier: Arc::new(notifier),
            ledger,
            ledger_down,
            env,
            unwritten: Vec::new(),
            told: Standing::default(),
        }
    }

    /// The notifier, for receipts.
    pub fn notifier(&self) -> Arc<Notifier> {
        self.notifier.clone()
    }

    /// Tells again what nobody had acknowledged when the station stopped: how far it was
    /// told then is not known.
    pub fn resume(&self, ours: &Annunciator) {
        let book = ours.book();
        let now_ns = rt::utc_ns();
        for (at, record) in book.rationales().iter().enumerate() {
            let alarm = AlarmIndex(at as u32);
            let is_unacked = book.state(alarm) == Some(State::Unacked);
            if is_unacked && record.priority.is_annunciated() {
                let told = notice(&record.name, record.priority, now_ns, None, record);
                self.notifier.tell(told);
            }
        }
    }

    /// Who hears of each step of an alarm.
    pub fn listener(&self) -> Listener {
        let notifier = self.notifier.clone();
        Box::new(move |step, record| hear(&notifier, step, record))
    }

    /// Writes down what becomes of messages until `stop` is set.
    pub fn run(mut self, alarms: &Teller, hub: &Hub, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            std::thread::sleep(TICK);
            self.look(alarms);
            let note = match self.told {
                Standing {
                    is_channel_bad: true,
                    ..
                } => "a channel fails, or a sign of life is missed",
                Standing { is_owed: true, .. } => "an alarm has reached nobody",
                Standing { .. } => "",
            };
            hub.set_part("messages", note.is_empty(), note);
        }
    }

    /// One look: records to the ledger, health to the alarms.
    fn look(&mut self, alarms: &Teller) {
        // First: what an alarm tells is then among the records polled after it.
        let seen = standing(&self.notifier.health());
        while self.write() {
            let records = self.notifier.poll();
            if records.is_empty() {
                break;
            }
            self.unwritten = records.iter().map(|record| self.entry(record)).collect();
        }
        let before = core::mem::replace(&mut self.told, seen);
        let tell = |alarm, active| {
            alarms.tell(Told::Own { alarm, active });
        };
        if seen.is_channel_bad != before.is_channel_bad {
            tell(own::CHANNEL, seen.is_channel_bad);
        }
        let is_dropped = seen.dropped > before.dropped;
        if is_dropped || seen.is_owed != before.is_owed {
            // What was dropped has happened and is over: what stays is to be acknowledged.
            if is_dropped {
                tell(own::MESSAGES, true);
            }
            tell(own::MESSAGES, seen.is_owed);
        }
    }

    /// Hands what waits to the ledger; whether nothing waits any more.
    fn write(&mut self) -> bool {
        if self.unwritten.is_empty() {
            return true;
        }
        if self.ledger_down.load(Ordering::Acquire) {
            return false;
        }
        let is_taken = self.ledger.post(self.unwritten.clone()).is_ok();
        if is_taken {
            self.unwritten.clear();
        }
        is_taken
    }

    fn entry(&self, record: &DeliveryRecord) -> Entry {
        let at_ns = i64::try_from(record.at_ms).unwrap_or(i64::MAX / 1_000_000) * 1_000_000;
        let event = &record.event;
        let who = match event {
            Happened::Receipt { who } | Happened::ReceiptRefused { who, .. } if !who.is_empty() => {
                Actor::person(who)
            }
            _ => Actor::system("station"),
        };
        let subject = match event {
            Happened::ChannelFailed { channel, .. }
            | Happened::ChannelReturned { channel }
            | Happened::HeartbeatMissed { channel }
            | Happened::HeartbeatReturned { channel } => channel,
            _ => &record.alarm,
        };
        Entry {
            class: Class::System,
            offset_min: rt::utc_offset_min(),
            who,
            new: Some(Value::from(event.word())),
            detail: serde_json::to_value(record).ok(),
            ..Entry::system(
                at_ns,
                env_word(self.env),
                "message",
                subject,
                &event.to_string(),
            )
        }
    }
}

fn standing(health: &Health) -> Standing {
    Standing {
        is_owed: health.owed > 0,
        is_channel_bad: health.is_heartbeat_missed
            || health.channels.iter().any(|channel| channel.is_failed),
        dropped: health.dropped,
    }
}

/// Takes receipts that come by the desk.
pub fn receipts(notifier: Arc<Notifier>) -> Receipts {
    Box::new(move |token, who| notifier.receipt(token, who).map_err(refusal))
}

fn refusal(problem: ReceiptProblem) -> Refusal {
    let (code, zh) = match problem {
        ReceiptProblem::Unknown => (RefusalCode::Forbidden, "没有此回执链接"),
        ReceiptProblem::Used => (RefusalCode::Replayed, "该回执链接已使用过"),
        ReceiptProblem::Expired => (RefusalCode::Expired, "该回执链接已过期"),
    };
    Refusal::new(code, problem.to_string(), zh)
}

/// What a step of an alarm means for its messages.
fn hear(notifier: &Notifier, step: &Step, record: &Rationale) {
    let transition = &step.transition;
    if transition.is_annunciation() {
        notifier.tell(notice_of(transition, record));
    }
    match (transition.event, transition.to) {
        // Whoever put it aside has seen it, or the plant's logic wants it quiet.
        (_, to) if to.is_aside() && !transition.from.is_aside() => {
            notifier.set_aside(&transition.name);
        }
        (Event::Acknowledge, _) => notifier.acknowledged(&transition.name),
        // One that is held goes on: somebody must still come and look.
        (Event::Clear | Event::Reset, State::Normal | State::ReturnedUnacked) => {
            notifier.cleared(&transition.name);
        }
        _ => {}
    }
}

fn notice_of(transition: &Transition, record: &Rationale) -> AlarmNotice {
    notice(
        &transition.name,
        transition.priority,
        transition.at.utc_ns,
        transition.value,
        record,
    )
}

fn notice(
    alarm: &str,
    priority: Priority,
    utc_ns: i64,
    value: Option<f64>,
    record: &Rationale,
) -> AlarmNotice {
    let words = |words: &alarm::Words| Words {
        en: words.en.clone(),
        zh: words.zh.clone(),
    };
    AlarmNotice {
        alarm: alarm.to_string(),
        priority: priority as u8 + 1,
        unit: record.unit.clone(),
        profile: record.escalation.clone(),
        at_ms: u64::try_from(utc_ns / 1_000_000).unwrap_or(0),
        text: words(&record.text),
        value: value.map_or_else(String::new, |value| {
            format!("{value} {}", record.engineering_unit)
        }),
        action: words(&record.action),
    }
}

#[cfg(test)]
mod tests;
