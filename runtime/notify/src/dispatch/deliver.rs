//! Messages: made, gathered, attempted, done with.

use super::{Delivery, Dispatch, Item, Job, Message, Place, Purpose, Timer, Wait2};
use crate::limits;
use crate::notice::Language;
use crate::problem::SendProblem;
use crate::record::Event;
use crate::template::{Frame, Written};

impl Dispatch {
    /// Sends now, or gathers: at night what is not urgent, and in a flood everything but
    /// the highest priority.
    pub(super) fn route(&mut self, now_ms: u64, place: Place, priority: u8, item: Item) {
        if priority > limits::PRIORITY_HIGHEST {
            let person = self.config.people.get(place.0);
            if let Some(until_ms) = person.and_then(|p| p.quiet_until(priority, now_ms)) {
                self.gather(now_ms, place, Wait2::Quiet, until_ms, item);
                return;
            }
            if self.is_flooded(now_ms, place) || self.deliveries.len() >= limits::DELIVERIES_MAX {
                let due_ms = now_ms + u64::from(self.config.limits.digest_every_s) * 1_000;
                self.gather(now_ms, place, Wait2::Flood, due_ms, item);
                return;
            }
        }
        self.create(now_ms, Purpose::Alarm, vec![item], place, priority);
    }

    fn is_flooded(&self, now_ms: u64, place: Place) -> bool {
        let count_max = self.config.limits.flood_messages_max as usize;
        let window_ms = u64::from(self.config.limits.flood_window_s) * 1_000;
        self.recent.get(&place).is_some_and(|times| {
            let oldest = times.front().copied().unwrap_or(0);
            times.len() >= count_max && now_ms < oldest + window_ms
        })
    }

    fn gather(&mut self, now_ms: u64, place: Place, wait: Wait2, due_ms: u64, item: Item) {
        let event = Event::Gathered {
            person: self.person_name(Some(place.0)),
            channel: self.channel_name(place.1),
            why: wait.word(),
        };
        self.record(now_ms, item.number, &item.alarm, event);
        let items = self.gathered.entry((place, wait)).or_default();
        if items.is_empty() {
            self.timers.insert((due_ms, Timer::Gathered(place, wait)));
        }
        items.push(item);
    }

    pub(super) fn send_gathered(&mut self, now_ms: u64, place: Place, wait: Wait2) {
        let Some(items) = self.gathered.remove(&(place, wait)) else {
            return;
        };
        let priority = items
            .iter()
            .filter_map(|item| self.active.get(&item.number))
            .map(|active| active.notice.priority)
            .min();
        let Some(priority) = priority else { return };
        let purpose = if items.len() == 1 {
            Purpose::Alarm
        } else {
            Purpose::Digest
        };
        self.create(now_ms, purpose, items, place, priority);
    }

    fn create(
        &mut self,
        now_ms: u64,
        purpose: Purpose,
        items: Vec<Item>,
        place: Place,
        priority: u8,
    ) {
        let count_max = self.config.limits.flood_messages_max as usize;
        let times = self.recent.entry(place).or_default();
        times.push_back(now_ms);
        while times.len() > count_max {
            times.pop_front();
        }
        let id = self.new_delivery(purpose, Some(place.0), place.1, priority);
        let person = self.person_name(Some(place.0));
        let token = self.config.receipt_url.is_some().then(|| {
            let notices = items.iter().map(|item| (item.number, item.alarm.clone()));
            self.receipts.issue(now_ms, notices.collect(), &person)
        });
        for item in &items {
            if let Some(active) = self.active.get_mut(&item.number) {
                active.deliveries.insert(id);
            }
        }
        if let Some(delivery) = self.deliveries.get_mut(&id) {
            delivery.items = items;
            delivery.token = token;
        }
        self.make_ready(id);
    }

    pub(super) fn new_delivery(
        &mut self,
        purpose: Purpose,
        person: Option<usize>,
        channel: usize,
        priority: u8,
    ) -> u64 {
        self.delivery += 1;
        let delivery = Delivery {
            purpose,
            items: Vec::new(),
            person,
            channel,
            priority,
            attempt: 0,
            is_in_flight: false,
            is_needless: false,
            token: None,
        };
        self.deliveries.insert(self.delivery, delivery);
        self.delivery
    }

    pub(super) fn make_ready(&mut self, id: u64) {
        let Some(delivery) = self.deliveries.get(&id) else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(delivery.channel) {
            channel.ready.insert((delivery.priority, id));
        }
    }

    /// The attempt that a channel should make now, the highest priority first; none while
    /// its last one is without outcome. Every job is answered by [`Dispatch::done`].
    pub fn take_job(&mut self, now_ms: u64, channel: usize) -> Option<Job> {
        let state = self.channels.get_mut(channel)?;
        if state.in_flight.is_some() {
            return None;
        }
        let (_, id) = state.ready.pop_first()?;
        state.in_flight = Some(id);
        let timeout_ms = self.config.channels.get(channel)?.timeout_ms;
        let delivery = self.deliveries.get_mut(&id)?;
        delivery.attempt += 1;
        delivery.is_in_flight = true;
        let delivery = delivery.clone();
        // A mail is a dialogue: each answer has its own time.
        let hang_ms = now_ms + timeout_ms * 8 + 2_000;
        self.timers
            .insert((hang_ms, Timer::Hang(channel, id, delivery.attempt)));
        Some(Job {
            channel,
            attempt: delivery.attempt,
            purpose: delivery.purpose,
            message: self.write(now_ms, id, &delivery),
        })
    }

    fn write(&self, now_ms: u64, id: u64, delivery: &Delivery) -> Message {
        let person = delivery
            .person
            .and_then(|person| self.config.people.get(person));
        let link = match (&self.config.receipt_url, &delivery.token) {
            (Some(url), Some(token)) => url.replace("{token}", token),
            _ => String::new(),
        };
        let frame = Frame {
            template: &self.config.template,
            station: &self.config.station,
            language: person.map_or(Language::En, |person| person.language),
            offset_min: self.config.offset_min,
            link: &link,
        };
        let notices: Vec<_> = delivery
            .items
            .iter()
            .filter_map(|item| self.active.get(&item.number))
            .map(|active| &active.notice)
            .collect();
        let written = match (delivery.purpose, notices.as_slice()) {
            (Purpose::Probe, _) => Written::default(),
            (Purpose::Heartbeat, _) | (_, []) => frame.heartbeat(now_ms),
            (_, [one]) => frame.alarm(one),
            (_, several) => frame.digest(several),
        };
        let channel = self.config.channels.get(delivery.channel);
        let is_short = channel.is_some_and(|channel| channel.is_short());
        let address = person.and_then(|person| person.addresses.get(&delivery.channel));
        Message {
            id,
            to: address.cloned().unwrap_or_default(),
            subject: written.subject,
            text: if is_short {
                written.short
            } else {
                written.body
            },
            priority: delivery.priority,
            alarm: match delivery.items.as_slice() {
                [one] => one.alarm.clone(),
                _ => String::new(),
            },
        }
    }

    /// The outcome of an attempt.
    pub fn done(&mut self, now_ms: u64, job: &Job, outcome: Result<(), SendProblem>) {
        let id = job.message.id;
        let Some(channel) = self.channels.get_mut(job.channel) else {
            return;
        };
        if channel.in_flight != Some(id) {
            return;
        }
        channel.in_flight = None;
        let Some(delivery) = self.deliveries.get_mut(&id) else {
            return;
        };
        delivery.is_in_flight = false;
        let delivery = delivery.clone();
        match outcome {
            Ok(()) => {
                self.channel_succeeded(now_ms, job.channel, job.purpose);
                self.delivered(now_ms, id, &delivery);
            }
            Err(problem) => {
                self.channel_failed(now_ms, job.channel, &problem);
                self.failed(now_ms, id, &delivery, problem);
            }
        }
        self.advance(now_ms);
    }

    fn delivered(&mut self, now_ms: u64, id: u64, delivery: &Delivery) {
        self.deliveries.remove(&id);
        if delivery.purpose == Purpose::Heartbeat {
            self.beat_done(now_ms, delivery.channel, delivery.person, true);
        }
        let (person, channel) = (
            self.person_name(delivery.person),
            self.channel_name(delivery.channel),
        );
        let event = Event::Delivered {
            person,
            channel,
            attempt: delivery.attempt,
            digest_of: match delivery.purpose {
                Purpose::Digest => delivery.items.len(),
                _ => 0,
            },
        };
        if delivery.purpose == Purpose::Heartbeat {
            self.record(now_ms, 0, "", event.clone());
        }
        for item in &delivery.items {
            self.record(now_ms, item.number, &item.alarm, event.clone());
            if let Some(active) = self.active.get_mut(&item.number) {
                active.deliveries.remove(&id);
            }
            self.close(now_ms, item, true);
        }
    }

    fn failed(&mut self, now_ms: u64, id: u64, delivery: &Delivery, problem: SendProblem) {
        let limits = &self.config.limits;
        let wait_s = u64::from(limits.backoff_s_min)
            .checked_shl(delivery.attempt.saturating_sub(1))
            .map_or(u64::from(limits.backoff_s_max), |wait_s| {
                wait_s.min(u64::from(limits.backoff_s_max))
            });
        let again = problem.kind.is_retried()
            && delivery.purpose != Purpose::Probe
            && delivery.attempt < limits.attempts_max
            && !delivery.is_needless;
        let retry_ms = again.then_some(now_ms + wait_s * 1_000);
        let event = Event::Failed {
            person: self.person_name(delivery.person),
            channel: self.channel_name(delivery.channel),
            attempt: delivery.attempt,
            problem,
            retry_ms,
        };
        if delivery.purpose == Purpose::Heartbeat {
            self.record(now_ms, 0, "", event.clone());
        }
        for item in &delivery.items {
            self.record(now_ms, item.number, &item.alarm, event.clone());
        }
        if let Some(retry_ms) = retry_ms {
            self.timers.insert((retry_ms, Timer::Retry(id)));
            return;
        }
        self.deliveries.remove(&id);
        if delivery.purpose == Purpose::Heartbeat {
            self.beat_done(now_ms, delivery.channel, delivery.person, false);
        }
        for item in &delivery.items {
            if let Some(active) = self.active.get_mut(&item.number) {
                active.deliveries.remove(&id);
            }
            self.close(now_ms, item, false);
        }
    }

    /// Takes a notice out of every message that has not left.
    pub(super) fn withdraw(&mut self, now_ms: u64, number: u64) {
        let Some(active) = self.active.get_mut(&number) else {
            return;
        };
        let mut taken: Vec<(Place, Item)> = Vec::new();
        for id in core::mem::take(&mut active.deliveries) {
            let Some(delivery) = self.deliveries.get_mut(&id) else {
                continue;
            };
            if delivery.is_in_flight {
                // It may arrive. It is not tried again unless others are in it.
                delivery.is_needless = delivery.items.len() == 1;
                continue;
            }
            let place = (delivery.person.unwrap_or(0), delivery.channel);
            let (out, kept) = core::mem::take(&mut delivery.items)
                .into_iter()
                .partition::<Vec<Item>, _>(|item| item.number == number);
            delivery.items = kept;
            taken.extend(out.into_iter().map(|item| (place, item)));
            if delivery.items.is_empty() {
                let ready = (delivery.priority, id);
                if let Some(channel) = self.channels.get_mut(delivery.channel) {
                    channel.ready.remove(&ready);
                }
                self.deliveries.remove(&id);
            }
        }
        for ((place, _), items) in &mut self.gathered {
            let (out, kept) = core::mem::take(items)
                .into_iter()
                .partition::<Vec<Item>, _>(|item| item.number == number);
            *items = kept;
            taken.extend(out.into_iter().map(|item| (*place, item)));
        }
        for (place, item) in taken {
            let event = Event::Withdrawn {
                person: self.person_name(Some(place.0)),
                channel: self.channel_name(place.1),
            };
            self.record(now_ms, number, &item.alarm, event);
            if let Some(active) = self.active.get_mut(&number)
                && let Some((open, _)) = active.steps.get_mut(&item.step)
            {
                *open = open.saturating_sub(1);
            }
        }
    }
}
