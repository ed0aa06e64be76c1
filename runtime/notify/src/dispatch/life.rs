//! Channels that fail and return, and signs of life.

use super::{Dispatch, Purpose, State, Timer};
use crate::civil::Local;
use crate::limits;
use crate::problem::{ProblemKind, SendProblem};
use crate::record::Event;

impl Dispatch {
    pub(super) fn channel_succeeded(&mut self, now_ms: u64, channel: usize, purpose: Purpose) {
        let is_whole = self.is_probe_whole(channel);
        let Some(state) = self.channels.get_mut(channel) else {
            return;
        };
        if purpose == Purpose::Probe {
            // Somebody answers there: it tells nothing about what a message would meet.
            use ProblemKind::{TimedOut, Unreachable};
            let is_mended = matches!(state.failed_by, Some(TimedOut | Unreachable));
            if !is_whole && !is_mended {
                return;
            }
        } else {
            state.health.delivered += 1;
            state.health.delivered_ms = now_ms;
        }
        state.health.failures = 0;
        state.failed_by = None;
        if core::mem::take(&mut state.health.is_failed) {
            let channel = self.channel_name(channel);
            self.record(now_ms, 0, "", Event::ChannelReturned { channel });
            self.tell_owed(now_ms, limits::ACTIVE_MAX);
        }
    }

    pub(super) fn channel_failed(&mut self, now_ms: u64, channel: usize, problem: &SendProblem) {
        let Some(state) = self.channels.get_mut(channel) else {
            return;
        };
        if !problem.kind.is_of_channel() {
            return;
        }
        state.health.failures = state.health.failures.saturating_add(1);
        state.health.said = problem.to_string();
        state.failed_by = Some(problem.kind);
        // What no repetition mends is not waited for.
        let is_clear = !problem.kind.is_retried();
        if is_clear || state.health.failures >= self.config.limits.failures_alarm {
            self.fail(now_ms, channel, &problem.to_string());
        }
    }

    fn fail(&mut self, now_ms: u64, channel: usize, said: &str) {
        let Some(state) = self.channels.get_mut(channel) else {
            return;
        };
        if core::mem::replace(&mut state.health.is_failed, true) {
            return;
        }
        let event = Event::ChannelFailed {
            channel: self.channel_name(channel),
            said: said.to_string(),
        };
        self.record(now_ms, 0, "", event);
        self.schedule_probe(now_ms, channel);
    }

    fn schedule_probe(&mut self, now_ms: u64, channel: usize) {
        let due_ms = now_ms + u64::from(self.config.limits.probe_s) * 1_000;
        self.timers.insert((due_ms, Timer::Probe(channel)));
    }

    /// Tries a failed channel: by what is still owed to somebody, or else without a
    /// message.
    pub(super) fn probe(&mut self, now_ms: u64, channel: usize) {
        let Some(state) = self.channels.get(channel) else {
            return;
        };
        if !state.health.is_failed {
            return;
        }
        let is_idle = state.in_flight.is_none() && state.ready.is_empty();
        if is_idle && self.tell_owed(now_ms, 1) == 0 {
            let id = self.new_delivery(Purpose::Probe, None, channel, 0);
            self.make_ready(id);
        }
        self.schedule_probe(now_ms, channel);
    }

    /// An attempt is without outcome long after its time.
    pub(super) fn hangs(&mut self, now_ms: u64, channel: usize, id: u64, attempt: u32) {
        let state = self.channels.get(channel);
        let is_same = state.is_some_and(|state| state.in_flight == Some(id))
            && self
                .deliveries
                .get(&id)
                .is_some_and(|delivery| delivery.attempt == attempt);
        if !is_same {
            return;
        }
        let said = "no outcome long after the time-out";
        if let Some(state) = self.channels.get_mut(channel) {
            state.health.said = said.to_string();
            state.failed_by = Some(ProblemKind::TimedOut);
        }
        self.fail(now_ms, channel, said);
    }

    pub(super) fn first_beats(&mut self, now_ms: u64) {
        for at in 0..self.config.heartbeats.len() {
            let beat = &self.config.heartbeats[at];
            let first_ms = beat.at.map_or(now_ms, |minute| {
                let mut local = Local::of(now_ms, self.config.offset_min);
                local.day += i64::from(local.minute >= minute);
                local.minute = minute;
                local.at_ms(self.config.offset_min)
            });
            let missed_ms = first_ms + beat.missed_after_ms;
            self.beats[at].sent_ms = first_ms;
            self.timers.insert((first_ms, Timer::Beat(at)));
            self.timers.insert((missed_ms, Timer::BeatMissed(at)));
        }
    }

    pub(super) fn beat(&mut self, now_ms: u64, at: usize) {
        let Some(beat) = self.config.heartbeats.get(at).cloned() else {
            return;
        };
        self.timers
            .insert((now_ms + beat.every_ms, Timer::Beat(at)));
        if self.beats.get(at).is_none_or(|state| state.is_open) {
            return;
        }
        self.beats[at].is_open = true;
        // Behind every alarm.
        let priority = limits::PRIORITY_LOWEST + 1;
        let id = self.new_delivery(Purpose::Heartbeat, beat.to, beat.channel, priority);
        self.make_ready(id);
    }

    pub(super) fn beat_done(
        &mut self,
        now_ms: u64,
        channel: usize,
        to: Option<usize>,
        is_sent: bool,
    ) {
        let found = self
            .config
            .heartbeats
            .iter()
            .position(|beat| beat.channel == channel && beat.to == to);
        let Some(at) = found else { return };
        let missed_after_ms = self.config.heartbeats[at].missed_after_ms;
        let state = &mut self.beats[at];
        state.is_open = false;
        if !is_sent {
            return;
        }
        state.sent_ms = now_ms;
        let due_ms = now_ms + missed_after_ms;
        self.timers.insert((due_ms, Timer::BeatMissed(at)));
        if core::mem::take(&mut state.is_missed) {
            let channel = self.channel_name(channel);
            self.record(now_ms, 0, "", Event::HeartbeatReturned { channel });
        }
    }

    pub(super) fn beat_missed(&mut self, now_ms: u64, at: usize) {
        let Some(beat) = self.config.heartbeats.get(at) else {
            return;
        };
        let state = &mut self.beats[at];
        if state.is_missed || now_ms < state.sent_ms + beat.missed_after_ms {
            return;
        }
        state.is_missed = true;
        let channel = self.channel_name(beat.channel);
        self.record(now_ms, 0, "", Event::HeartbeatMissed { channel });
    }

    /// Whether an alarm reached nobody yet.
    pub fn is_owed(&self, alarm: &str) -> bool {
        let active = self
            .by_alarm
            .get(alarm)
            .and_then(|number| self.active.get(number));
        active.is_some_and(|active| active.state == State::Owed)
    }
}
