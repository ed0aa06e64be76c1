//! The schedule: what is to be sent now. Time is passed in, outcomes are passed in, and
//! every thing that happens leaves a record.

mod deliver;
mod life;
mod receipt;
mod steps;

use crate::config::{Config, Door};
use crate::limits;
use crate::notice::AlarmNotice;
use crate::problem::ProblemKind;
use crate::record::{ChannelHealth, DeliveryRecord, Event, Health, Wait};
use receipt::Receipts;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// One alarm.
    Alarm,
    /// Several alarms that were gathered.
    Digest,
    /// A sign of life.
    Heartbeat,
    /// Nothing is sent: the channel is tried.
    Probe,
}

/// A written message for one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Running number: the same for every attempt, so that a server can tell a repetition.
    pub id: u64,
    /// Address; empty if the channel needs none.
    pub to: String,
    /// Subject, one line.
    pub subject: String,
    /// Text: the body, or one line if the channel carries short texts.
    pub text: String,
    /// Priority of the worst alarm in it, 0 if there is none.
    pub priority: u8,
    /// Name of the alarm; empty if there is not exactly one.
    pub alarm: String,
}

/// One attempt that is to be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Index of the channel.
    pub channel: usize,
    /// Attempt, from 1.
    pub attempt: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// The message.
    pub message: Message,
}

/// A notice that is being told.
#[derive(Clone, Debug)]
struct Active {
    notice: AlarmNotice,
    profile: usize,
    told_ms: u64,
    /// Step that comes next.
    next_step: usize,
    /// Of steps that began: messages that are open, and whether one was delivered.
    steps: BTreeMap<usize, (usize, bool)>,
    /// Messages that it is in.
    deliveries: BTreeSet<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is told.
    Live,
    /// It ended, and is remembered for a while in case it comes again; `is_cleared` if
    /// that would go on with its steps.
    Resting { is_cleared: bool },
    /// All steps are done and nobody was reached: told anew when a channel returns.
    Owed,
}

/// A message under way.
#[derive(Clone, Debug)]
struct Delivery {
    purpose: Purpose,
    items: Vec<Item>,
    person: Option<usize>,
    channel: usize,
    priority: u8,
    attempt: u32,
    is_in_flight: bool,
    is_needless: bool,
    token: Option<String>,
}

/// A notice in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    number: u64,
    step: usize,
    alarm: String,
}

/// What happens at a time. In the order in which it happens if times are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Retry(u64),
    Step(u64, usize),
    Gathered(Place, Wait2),
    Rest(u64),
    Beat(usize),
    BeatMissed(usize),
    Probe(usize),
    Hang(usize, u64, u32),
}

/// (person, channel)
type Place = (usize, usize);

/// [`Wait`] with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wait2 {
    Flood,
    Quiet,
}

impl Wait2 {
    fn word(self) -> Wait {
        match self {
            Wait2::Flood => Wait::Flood,
            Wait2::Quiet => Wait::Quiet,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct ChannelState {
    health: ChannelHealth,
    in_flight: Option<u64>,
    /// Ready messages, the highest priority first, then in order.
    ready: BTreeSet<(u8, u64)>,
    failed_by: Option<ProblemKind>,
}

#[derive(Clone, Debug, Default)]
struct BeatState {
    sent_ms: u64,
    is_open: bool,
    is_missed: bool,
}

/// The schedule. See the [crate](crate).
#[derive(Debug)]
pub struct Dispatch {
    config: Config,
    number: u64,
    delivery: u64,
    active: BTreeMap<u64, Active>,
    by_alarm: BTreeMap<String, u64>,
    deliveries: BTreeMap<u64, Delivery>,
    gathered: BTreeMap<(Place, Wait2), Vec<Item>>,
    /// Times of the last messages to a person by a channel.
    recent: BTreeMap<Place, VecDeque<u64>>,
    timers: BTreeSet<(u64, Timer)>,
    channels: Vec<ChannelState>,
    beats: Vec<BeatState>,
    receipts: Receipts,
    records: VecDeque<DeliveryRecord>,
    records_lost_now: u64,
    dropped: u64,
    unreached: u64,
    records_lost: u64,
}

impl Dispatch {
    /// An empty schedule. `tokens` gives the parts of receipt links that nobody can guess;
    /// 80 bits of each are used.
    pub fn new(
        config: Config,
        now_ms: u64,
        tokens: impl FnMut() -> u128 + Send + 'static,
    ) -> Dispatch {
        let channels = config.channels.iter().map(|channel| ChannelState {
            health: ChannelHealth {
                name: channel.name.clone(),
                ..ChannelHealth::default()
            },
            ..ChannelState::default()
        });
        let channels = channels.collect();
        let keep_ms = u64::from(config.limits.receipt_h) * 3_600_000;
        let mut dispatch = Dispatch {
            number: 0,
            delivery: 0,
            active: BTreeMap::new(),
            by_alarm: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            gathered: BTreeMap::new(),
            recent: BTreeMap::new(),
            timers: BTreeSet::new(),
            channels,
            beats: vec![BeatState::default(); config.heartbeats.len()],
            receipts: Receipts::new(keep_ms, tokens),
            records: VecDeque::new(),
            records_lost_now: 0,
            dropped: 0,
            unreached: 0,
            records_lost: 0,
            config,
        };
        if dispatch.config.is_enabled {
            dispatch.first_beats(now_ms);
        }
        dispatch
    }

    /// What it goes by.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Lets everything happen that is due.
    pub fn advance(&mut self, now_ms: u64) {
        while let Some((due_ms, timer)) = self.timers.first().copied() {
            if due_ms > now_ms {
                break;
            }
            self.timers.remove(&(due_ms, timer));
            match timer {
                Timer::Retry(id) => self.make_ready(id),
                Timer::Step(number, step) => self.step_due(now_ms, number, step),
                Timer::Gathered(place, wait) => self.send_gathered(now_ms, place, wait),
                Timer::Rest(number) => self.rested(now_ms, number),
                Timer::Beat(beat) => self.beat(now_ms, beat),
                Timer::BeatMissed(beat) => self.beat_missed(now_ms, beat),
                Timer::Probe(channel) => self.probe(now_ms, channel),
                Timer::Hang(channel, id, attempt) => self.hangs(now_ms, channel, id, attempt),
            }
        }
    }

    /// When something is due next; `None` if nothing is.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.timers.first().map(|(due_ms, _)| *due_ms)
    }

    /// Records since the last call, at most so many.
    pub fn take_records(&mut self, count_max: usize) -> Vec<DeliveryRecord> {
        let lost = core::mem::take(&mut self.records_lost_now);
        let count = self.records.len().min(count_max);
        let mut records: Vec<DeliveryRecord> = self.records.drain(..count).collect();
        if lost > 0 {
            let at_ms = records.first().map_or(0, |record| record.at_ms);
            records.insert(0, record(at_ms, 0, "", Event::RecordsLost { count: lost }));
        }
        records
    }

    /// How everything is.
    pub fn health(&self) -> Health {
        let is_live = |active: &&Active| !matches!(active.state, State::Resting { .. });
        let is_owed = |active: &&Active| active.state == State::Owed;
        let gathered: usize = self.gathered.values().map(Vec::len).sum();
        Health {
            is_enabled: self.config.is_enabled,
            active: self.active.values().filter(is_live).count(),
            owed: self.active.values().filter(is_owed).count(),
            waiting: self.deliveries.len() + gathered,
            dropped: self.dropped,
            unreached: self.unreached,
            records_lost: self.records_lost,
            is_heartbeat_missed: self.beats.iter().any(|beat| beat.is_missed),
            channels: self
                .channels
                .iter()
                .map(|state| state.health.clone())
                .collect(),
        }
    }

    fn record(&mut self, at_ms: u64, number: u64, alarm: &str, event: Event) {
        if self.records.len() >= limits::RECORDS_MAX {
            self.records.pop_front();
            self.records_lost_now += 1;
            self.records_lost += 1;
        }
        self.records.push_back(record(at_ms, number, alarm, event));
    }

    fn record_of(&mut self, at_ms: u64, number: u64, event: Event) {
        let alarm = match self.active.get(&number) {
            Some(active) => active.notice.alarm.clone(),
            None => String::new(),
        };
        self.record(at_ms, number, &alarm, event);
    }

    fn person_name(&self, person: Option<usize>) -> String {
        let person = person.and_then(|person| self.config.people.get(person));
        person.map_or_else(String::new, |person| person.name.clone())
    }

    fn channel_name(&self, channel: usize) -> String {
        let channel = self.config.channels.get(channel);
        channel.map_or_else(String::new, |channel| channel.name.clone())
    }

    /// Whether a probe tries all that a message needs.
    fn is_probe_whole(&self, channel: usize) -> bool {
        let channel = self.config.channels.get(channel);
        channel.is_some_and(|channel| matches!(channel.door, Door::Smtp(_)))
    }
}

fn record(at_ms: u64, notice: u64, alarm: &str, event: Event) -> DeliveryRecord {
    DeliveryRecord {
        at_ms,
        notice,
        alarm: alarm.to_string(),
        event,
    }
}

#[cfg(test)]
mod tests;
