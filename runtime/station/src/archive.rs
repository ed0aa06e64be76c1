//! Everything beside the scans that remembers: alarms, history, the view of the records,
//! outgoing messages. Started and stopped together.

use crate::alarm_desk::{
    AlarmDesk, Listener, Roll, Teller, Told, resumed, saved, steps_of, teller,
};
use crate::annunciator::{Step, own};
use crate::chronicle::Cast;
use crate::clerk::env_word;
use crate::engine::StartError;
use crate::figures::SharedRules;
use crate::history_writer::{Giver, HistoryNews, HistoryWriter, SharedReader, giver, long_trend};
use crate::ledger_sender::LedgerSender;
use crate::messages::{Messages, receipts};
use crate::records_desk::RecordsDesk;
use crate::rt;
use crate::second_place::ledger_folder;
use gateway::Hub;
use gateway::desk::Environment;
use gateway::hub::AlarmIntake;
use historian::Retention;
use journal::ledger::{Class, DiskFolder, Entry, LedgerError, read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// What the archive needs of the station.
pub struct Surroundings {
    /// The desk.
    pub hub: Arc<Hub>,
    /// What people ask of alarms and records.
    pub intake: AlarmIntake,
    /// The way into the ledger.
    pub ledger: LedgerSender,
    /// Whether nothing can be recorded.
    pub ledger_down: Arc<AtomicBool>,
    /// Whether recording of the run has failed.
    pub recording_down: Arc<AtomicBool>,
    /// How often somebody moved the wall clock.
    pub clock_steps: Arc<AtomicU64>,
    /// Whether the second place of checkpoints takes nothing, or differs.
    pub second_place_down: Arc<AtomicBool>,
    /// Simulation or live.
    pub env: Environment,
    /// Folder for everything that stays.
    pub data: PathBuf,
    /// How long history is kept.
    pub retention: Retention,
    /// Time between two syncs of history, nanoseconds.
    pub history_sync_ns: i64,
    /// Outgoing messages, if the plant has any.
    pub notify: Option<notify::Config>,
}

/// The running archive.
pub struct Archive {
    /// Reads history.
    pub history: SharedReader,
    /// Whether history cannot be written.
    pub history_down: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// The chronicle's ends.
pub struct Ends {
    /// To the alarm desk.
    pub alarms: Teller,
    /// To the historian.
    pub history: Giver,
}

/// Folder of the historian's segments.
pub fn history_folder(data: &Path) -> PathBuf {
    data.join("history")
}

/// Folder of the records of trips.
pub fn trips_folder(data: &Path) -> PathBuf {
    data.join("trips")
}

/// The steps of alarms that the ledger holds after the last saved one.
fn steps_since(data: &Path, last: u64) -> Result<Vec<Step>, LedgerError> {
    let folder = DiskFolder::at(&ledger_folder(data));
    let is_known = |entry: &Entry| {
        let number = |entry: &Entry| entry.detail.as_ref()?.get("number")?.as_u64();
        entry.class == Class::Alarm && number(entry).is_some_and(|number| number <= last)
    };
    Ok(steps_of(&read::since_last(&folder, is_known)?))
}

impl Archive {
    /// Starts everything.
    ///
    /// # Errors
    /// The ledger cannot be read, or a thread cannot be started.
    pub fn start(
        cast: &Cast,
        around: Surroundings,
        spawn: impl Fn(&str, Box<dyn FnOnce() + Send>) -> Result<JoinHandle<()>, StartError>,
    ) -> Result<(Archive, Ends), StartError> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let kept = saved(&around.data);
        let last = kept.as_ref().map_or(0, alarm::Saved::number);
        let since = steps_since(&around.data, last).map_err(StartError::Journal)?;
        let ours = resumed(&cast.roll, kept.as_ref(), since);
        let (alarms, told) = teller();
        let (history, given, writer) = giver();
        let reader = SharedReader::default();
        let history_down = Arc::new(AtomicBool::new(false));

        let mut listeners: Vec<Listener> = Vec::new();
        if let Some(config) = around.notify {
            let (ledger, down) = (around.ledger.clone(), around.ledger_down.clone());
            let messages =
                Messages::start(config, ledger, down, around.env).map_err(StartError::Messages)?;
            messages.resume(&ours);
            listeners.push(messages.listener());
            around.hub.set_receipts(receipts(messages.notifier()));
            let (teller, stop, hub) = (alarms.clone(), stop.clone(), around.hub.clone());
            threads.push(spawn(
                "messages",
                Box::new(move || messages.run(&teller, &hub, &stop)),
            )?);
        }
        let rules = SharedRules::default();
        rules.set(&cast.roll.settings);
        let desk = AlarmDesk {
            hub: around.hub.clone(),
            told,
            teller: alarms.clone(),
            deeds: around.intake.deeds,
            ledger: around.ledger.clone(),
            ledger_down: around.ledger_down,
            recording_down: around.recording_down,
            clock_steps: around.clock_steps,
            edition: cast.roll.edition,
            rules: rules.clone(),
            second_place_down: around.second_place_down,
            env: around.env,
            folder: around.data.clone(),
            listeners,
        };
        let ended = stop.clone();
        threads.push(spawn("alarms", Box::new(move || desk.run(ours, &ended)))?);

        around.hub.set_long_trend(long_trend(reader.clone()));
        let hub = around.hub.clone();
        let notes_to = around.ledger.clone();
        let tell = news_of_history(
            alarms.clone(),
            around.hub.clone(),
            around.ledger,
            around.env,
        );
        let historian = HistoryWriter {
            folder: history_folder(&around.data),
            trips: trips_folder(&around.data),
            given,
            specs: cast.specs.clone(),
            retention: around.retention,
            sync_ns: around.history_sync_ns,
            merging: None,
            reader: reader.clone(),
            down: history_down.clone(),
            writer,
            tell,
            before: Box::new(move |record| hub.add_trip(Arc::new(record))),
        };
        let ended = stop.clone();
        threads.push(spawn("history", Box::new(move || historian.run(&ended)))?);

        let records = RecordsDesk {
            ledger: ledger_folder(&around.data),
            view: around.data.join("records.sqlite"),
            rules,
            questions: around.intake.questions,
        };
        let ended = stop.clone();
        threads.push(spawn("records", Box::new(move || records.run(&ended)))?);
        let (data, env, ended) = (around.data, env_word(around.env), stop.clone());
        let ledger = notes_to;
        threads.push(spawn(
            "notes",
            Box::new(move || crate::notes::run(&data, &ledger, env, &ended)),
        )?);
        let archive = Archive {
            history: reader,
            history_down,
            stop,
            threads,
        };
        Ok((archive, Ends { alarms, history }))
    }

    /// Ends everything; what has been told before is written down.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            // A thread that panicked has told so on the error stream.
            let _ = thread.join();
        }
    }
}

/// Writes down what happens to history, and raises its alarm.
fn news_of_history(
    alarms: Teller,
    hub: Arc<Hub>,
    ledger: LedgerSender,
    env: Environment,
) -> Box<dyn FnMut(HistoryNews) + Send> {
    Box::new(move |news| {
        let (what, why) = match &news {
            HistoryNews::Lost(loss) => (
                "history gap",
                format!("scans {} to {} are missing", loss.first, loss.last),
            ),
            HistoryNews::Down(why) => ("history down", why.clone()),
            HistoryNews::Up => ("history up", String::new()),
            HistoryNews::Removed(what) => ("history removed", what.clone()),
            HistoryNews::Merged(what) => ("history merged", what.clone()),
            HistoryNews::Unmerged(why) => ("history not merged", why.clone()),
            HistoryNews::Opened(how) => ("history opened", how.clone()),
        };
        let own = match news {
            HistoryNews::Down(_) => Some((own::HISTORY, true)),
            HistoryNews::Up | HistoryNews::Opened(_) => Some((own::HISTORY, false)),
            HistoryNews::Lost(_) => Some((own::LOST, true)),
            HistoryNews::Removed(_) | HistoryNews::Merged(_) | HistoryNews::Unmerged(_) => None,
        };
        if let Some((own::HISTORY, is_down)) = own {
            hub.set_part("history", !is_down, if is_down { &why } else { "" });
        }
        if let Some((alarm, active)) = own {
            alarms.tell(Told::Own { alarm, active });
            if alarm == own::LOST {
                // It has happened and is over: what stays is to be acknowledged.
                alarms.tell(Told::Own {
                    alarm,
                    active: false,
                });
            }
        }
        // The clerk keeps it while the ledger is down.
        let _ = ledger.post(vec![Entry {
            offset_min: rt::utc_offset_min(),
            ..Entry::system(rt::utc_ns(), env_word(env), what, "history", &why)
        }]);
    })
}

/// The alarms of a plant and of the station itself.
pub fn with_own(mut roll: Roll) -> Roll {
    let mut all = roll.rationales.to_vec();
    for own in own::own_alarms() {
        if !all.iter().any(|alarm| alarm.name == own.name) {
            all.push(own);
        }
    }
    roll.rationales = all.into();
    roll
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger_sender::ledger_sender;
    use historian::{Loss, SourceId};

    #[test]
    fn scans_that_history_lost_are_a_record_and_an_alarm() {
        let (alarms, told) = teller();
        let (ledger, postings) = ledger_sender();
        let (hub, _intake) = Hub::new(|| 0);
        let mut tell = news_of_history(alarms, hub, ledger, Environment::Live);
        tell(HistoryNews::Lost(Loss {
            source: SourceId(0),
            first: 17,
            last: 23,
            from_ns: 0,
            to_ns: 1,
        }));
        let posting = postings.try_recv().expect("a record");
        let said = (&*posting.entries[0].what, &*posting.entries[0].why);
        assert_eq!(said, ("history gap", "scans 17 to 23 are missing"));
        let told = told.try_iter().map(|told| match told {
            Told::Own { alarm, active } => (alarm, active),
            other => panic!("{other:?}"),
        });
        let told: Vec<_> = told.collect();
        assert_eq!(told, [(own::LOST, true), (own::LOST, false)]);
    }
}
