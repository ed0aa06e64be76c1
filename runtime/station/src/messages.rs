//! Outgoing messages about alarms: steps of alarms become notices, and what became of
//! each message goes to the ledger.

use crate::alarm_desk::{Listener, Teller, Told};
use crate::annunciator::{Step, own};
use crate::clerk::env_word;
use crate::ledger_sender::LedgerSender;
use crate::rt;
use alarm::{Event, Rationale, State};
use gateway::Hub;
use gateway::desk::Environment;
use journal::ledger::{Class, Entry};
use notify::{AlarmNotice, Notifier, Words};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Time between two looks at what became of messages.
const TICK: Duration = Duration::from_millis(500);

/// The messages of a station.
pub struct Messages {
    notifier: Arc<Notifier>,
    ledger: LedgerSender,
    env: Environment,
}

impl Messages {
    /// Starts the channels.
    ///
    /// # Errors
    /// [`notify::StartError`]: a secret or a certificate of a channel is missing.
    pub fn start(
        config: notify::Config,
        ledger: LedgerSender,
        env: Environment,
    ) -> Result<Messages, notify::StartError> {
        Ok(Messages {
            notifier: Arc::new(Notifier::start(config)?),
            ledger,
            env,
        })
    }

    /// Who hears of each step of an alarm.
    pub fn listener(&self) -> Listener {
        let notifier = self.notifier.clone();
        Box::new(move |step, record| {
            let transition = &step.transition;
            if transition.is_annunciation() {
                notifier.tell(notice(step, record));
            }
            match transition.event {
                Event::Acknowledge => notifier.acknowledged(&transition.name),
                Event::Clear if transition.to == State::Normal => {
                    notifier.cleared(&transition.name);
                }
                _ => {}
            }
        })
    }

    /// Writes down what becomes of messages until `stop` is set.
    pub fn run(self, alarms: &Teller, hub: &Hub, stop: &AtomicBool) {
        let mut was_bad = false;
        while !stop.load(Ordering::Acquire) {
            std::thread::sleep(TICK);
            loop {
                let records = self.notifier.poll();
                if records.is_empty() {
                    break;
                }
                let entries = records.iter().map(|record| self.entry(record)).collect();
                // What the ledger cannot take is counted there.
                let _ = self.ledger.post(entries);
            }
            let health = self.notifier.health();
            let is_bad = health.unreached > 0 || health.dropped > 0;
            let note = match is_bad {
                true => format!(
                    "{} reached nobody, {} dropped",
                    health.unreached, health.dropped
                ),
                false => String::new(),
            };
            hub.set_part("messages", !is_bad, &note);
            if is_bad != was_bad {
                was_bad = is_bad;
                alarms.tell(Told::Own {
                    alarm: own::MESSAGES,
                    active: is_bad,
                });
            }
        }
    }

    fn entry(&self, record: &notify::DeliveryRecord) -> Entry {
        let why = format!("{:?}", record.event);
        Entry {
            class: Class::System,
            offset_min: rt::utc_offset_min(),
            ..Entry::system(
                i64::try_from(record.at_ms).unwrap_or(i64::MAX / 1_000_000) * 1_000_000,
                env_word(self.env),
                "message",
                &record.alarm,
                &why,
            )
        }
    }
}

fn notice(step: &Step, record: &Rationale) -> AlarmNotice {
    let words = |words: &alarm::Words| Words {
        en: words.en.clone(),
        zh: words.zh.clone(),
    };
    let transition = &step.transition;
    AlarmNotice {
        alarm: transition.name.to_string(),
        priority: transition.priority as u8 + 1,
        unit: record.unit.clone(),
        at_ms: u64::try_from(transition.at.utc_ns / 1_000_000).unwrap_or(0),
        text: words(&record.text),
        value: transition.value.map_or_else(String::new, |value| {
            format!("{value} {}", record.engineering_unit)
        }),
        action: words(&record.action),
    }
}
