//! Notices and the steps of their profiles.

use super::{Active, Dispatch, Item, State, Timer};
use crate::config::{Profile, Target, Until};
use crate::limits;
use crate::notice::AlarmNotice;
use crate::record::{End, Event};
use std::collections::{BTreeMap, BTreeSet};

impl Dispatch {
    /// Takes a notice. The same alarm is told once at a time; what comes again shortly
    /// after it was over goes on where it was.
    pub fn tell(&mut self, now_ms: u64, mut notice: AlarmNotice) {
        if !self.config.is_enabled {
            return;
        }
        notice.priority = notice
            .priority
            .clamp(limits::PRIORITY_HIGHEST, limits::PRIORITY_LOWEST);
        self.advance(now_ms);
        if let Some(number) = self.by_alarm.get(&notice.alarm).copied() {
            self.merge(now_ms, number);
            return;
        }
        self.number += 1;
        let number = self.number;
        let priority = notice.priority;
        let alarm = notice.alarm.clone();
        let fits = |profile: &&Profile| profile.is_for(priority, &notice.unit);
        let mut profiles = self.config.profiles.iter();
        let named = profiles.position(|p| p.name == notice.profile && fits(&p));
        let first = || self.config.profiles.iter().position(|p| fits(&p));
        let profile = named.or_else(first);
        let Some(profile) = profile else {
            self.record(now_ms, number, &alarm, Event::Unwanted { priority });
            return;
        };
        if self.active.len() >= limits::ACTIVE_MAX && !self.make_room(now_ms, priority) {
            self.dropped += 1;
            self.record(now_ms, number, &alarm, Event::Dropped { priority });
            return;
        }
        let name = self.config.profiles[profile].name.clone();
        self.record(
            now_ms,
            number,
            &alarm,
            Event::Told {
                priority,
                profile: name,
            },
        );
        self.by_alarm.insert(alarm, number);
        self.active.insert(
            number,
            Active {
                notice,
                profile,
                told_ms: now_ms,
                next_step: 0,
                steps: BTreeMap::new(),
                deliveries: BTreeSet::new(),
                state: State::Live,
            },
        );
        self.schedule_step(number);
        self.advance(now_ms);
    }

    /// The alarm was acknowledged in the alarm book.
    pub fn acknowledged(&mut self, now_ms: u64, alarm: &str) {
        self.advance(now_ms);
        if let Some(number) = self.by_alarm.get(alarm).copied() {
            self.end(now_ms, number, End::Acknowledged);
        }
    }

    /// The alarm is over.
    pub fn cleared(&mut self, now_ms: u64, alarm: &str) {
        self.advance(now_ms);
        let Some(number) = self.by_alarm.get(alarm).copied() else {
            return;
        };
        let ends = self.active.get(&number).is_some_and(|active| {
            let profile = self.config.profiles.get(active.profile);
            profile.is_some_and(|profile| profile.until_cleared)
                && matches!(active.state, State::Live | State::Owed)
        });
        if ends {
            self.end(now_ms, number, End::Cleared);
        }
    }

    /// The alarm was put aside: shelved, suppressed by the plant's logic, out of service.
    /// Nobody is told of it further; when it calls again, it is told anew.
    pub fn set_aside(&mut self, now_ms: u64, alarm: &str) {
        self.advance(now_ms);
        if let Some(number) = self.by_alarm.get(alarm).copied() {
            self.end(now_ms, number, End::Aside);
        }
    }

    /// Somebody has read it.
    pub(super) fn received(&mut self, now_ms: u64, number: u64, alarm: &str, who: &str) {
        let who = who.to_string();
        let event = Event::Receipt { who: who.clone() };
        self.record(now_ms, number, alarm, event);
        let until = self.active.get(&number).and_then(|active| {
            let profile = self.config.profiles.get(active.profile);
            profile.map(|profile| profile.until)
        });
        if until == Some(Until::Receipt) {
            self.end(now_ms, number, End::Receipt { who });
        }
    }

    fn merge(&mut self, now_ms: u64, number: u64) {
        self.record_of(now_ms, number, Event::Merged);
        let Some(active) = self.active.get_mut(&number) else {
            return;
        };
        if active.state == (State::Resting { is_cleared: true }) {
            active.state = State::Live;
            // What was withdrawn when it was over is told again.
            let next = active.next_step;
            let untold = active.steps.iter().find(|(_, (_, is_told))| !is_told);
            active.next_step = untold.map_or(next, |(step, _)| *step);
            active.steps.retain(|_, (_, is_told)| *is_told);
            self.schedule_step(number);
            self.advance(now_ms);
            self.finish_if_done(now_ms, number);
        }
    }

    /// Makes room for a notice by giving up a less urgent one, the oldest of the least
    /// urgent.
    fn make_room(&mut self, now_ms: u64, priority: u8) -> bool {
        let resting = |active: &Active| matches!(active.state, State::Resting { .. });
        let worst = self.active.iter().max_by_key(|(number, active)| {
            (resting(active), active.notice.priority, u64::MAX - **number)
        });
        let Some((number, active)) = worst else {
            return false;
        };
        let (number, worst) = (*number, active.notice.priority);
        if resting(active) {
            self.forget(number);
            return true;
        }
        if worst <= priority {
            return false;
        }
        self.dropped += 1;
        self.record_of(now_ms, number, Event::Dropped { priority: worst });
        self.withdraw(now_ms, number);
        self.forget(number);
        true
    }

    pub(super) fn schedule_step(&mut self, number: u64) {
        let Some(active) = self.active.get(&number) else {
            return;
        };
        let profile = self.config.profiles.get(active.profile);
        if let Some(step) = profile.and_then(|profile| profile.steps.get(active.next_step)) {
            let due_ms = active.told_ms + step.after_ms;
            self.timers
                .insert((due_ms, Timer::Step(number, active.next_step)));
        }
    }

    pub(super) fn step_due(&mut self, now_ms: u64, number: u64, step: usize) {
        let is_due = self
            .active
            .get(&number)
            .is_some_and(|active| active.state == State::Live && active.next_step == step);
        if is_due {
            self.begin_step(now_ms, number, false);
        }
    }

    /// Begins the next step, and those after it as long as nobody is there to be told.
    fn begin_step(&mut self, now_ms: u64, number: u64, mut is_early: bool) {
        loop {
            let Some(active) = self.active.get_mut(&number) else {
                return;
            };
            let at = active.next_step;
            let profile = self.config.profiles.get(active.profile);
            let Some(step) = profile.and_then(|profile| profile.steps.get(at)) else {
                self.finish_if_done(now_ms, number);
                return;
            };
            active.next_step += 1;
            let mut people: Vec<usize> = Vec::new();
            for target in &step.to {
                match *target {
                    Target::Person(person) => people.push(person),
                    Target::Roster(roster) => {
                        let roster = self.config.rosters.get(roster);
                        people
                            .extend(roster.map_or_else(Vec::new, |roster| roster.on_call(now_ms)));
                    }
                }
            }
            let mut places: Vec<(usize, usize)> = Vec::new();
            for person in people {
                for channel in &step.channels {
                    let place = (person, *channel);
                    let addresses = self.config.people.get(person).map(|p| &p.addresses);
                    let has = addresses.is_some_and(|known| known.contains_key(channel));
                    if has && !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
            active.steps.insert(at, (places.len(), false));
            let (priority, alarm) = (active.notice.priority, active.notice.alarm.clone());
            let event = Event::Step {
                step: at + 1,
                early: is_early,
            };
            self.record(now_ms, number, &alarm, event);
            if places.is_empty() {
                self.record(now_ms, number, &alarm, Event::Nobody { step: at + 1 });
                is_early = true;
                continue;
            }
            for place in places {
                let item = Item {
                    number,
                    step: at,
                    alarm: alarm.clone(),
                };
                self.route(now_ms, place, priority, item);
            }
            self.schedule_step(number);
            return;
        }
    }

    /// A message of a step is done with. If all of the step are and none was delivered,
    /// the next step begins at once.
    pub(super) fn close(&mut self, now_ms: u64, item: &Item, is_delivered: bool) {
        let Some(active) = self.active.get_mut(&item.number) else {
            return;
        };
        let Some((open, is_told)) = active.steps.get_mut(&item.step) else {
            return;
        };
        *open = open.saturating_sub(1);
        *is_told |= is_delivered;
        let is_lost = *open == 0 && !*is_told;
        let is_last = active.next_step == item.step + 1;
        if active.state != State::Live {
            return;
        }
        if is_lost && is_last {
            self.begin_step(now_ms, item.number, true);
        } else {
            self.finish_if_done(now_ms, item.number);
        }
    }

    fn finish_if_done(&mut self, now_ms: u64, number: u64) {
        let Some(active) = self.active.get_mut(&number) else {
            return;
        };
        let steps = self.config.profiles.get(active.profile);
        let steps = steps.map_or(0, |profile| profile.steps.len());
        let is_open = active.steps.values().any(|(open, _)| *open > 0);
        if active.state != State::Live || active.next_step < steps || is_open {
            return;
        }
        if active.steps.values().any(|(_, is_told)| *is_told) {
            self.end(now_ms, number, End::StepsDone);
            return;
        }
        active.state = State::Owed;
        self.unreached += 1;
        self.record_of(
            now_ms,
            number,
            Event::Ended {
                why: End::Unreached,
            },
        );
    }

    pub(super) fn end(&mut self, now_ms: u64, number: u64, why: End) {
        let Some(active) = self.active.get_mut(&number) else {
            return;
        };
        let was_live = matches!(active.state, State::Live | State::Owed);
        let rest_ms = active.told_ms + u64::from(self.config.limits.same_alarm_s) * 1_000;
        let rests = matches!(why, End::Cleared | End::StepsDone) && now_ms < rest_ms;
        if rests {
            active.state = State::Resting {
                is_cleared: why == End::Cleared,
            };
            self.timers.insert((rest_ms, Timer::Rest(number)));
        }
        if was_live {
            self.record_of(now_ms, number, Event::Ended { why });
            self.withdraw(now_ms, number);
        }
        if !rests {
            self.forget(number);
        }
    }

    pub(super) fn rested(&mut self, now_ms: u64, number: u64) {
        let resting = self.active.get(&number).map(|active| active.state);
        if matches!(resting, Some(State::Resting { .. })) {
            self.forget(number);
        } else {
            self.finish_if_done(now_ms, number);
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some(active) = self.active.remove(&number) {
            self.by_alarm.remove(&active.notice.alarm);
        }
    }

    /// A channel works again: what reached nobody is told anew.
    pub(super) fn tell_owed(&mut self, now_ms: u64, count_max: usize) -> usize {
        let mut owed: Vec<(u8, u64)> = self
            .active
            .iter()
            .filter(|(_, active)| active.state == State::Owed)
            .map(|(number, active)| (active.notice.priority, *number))
            .collect();
        owed.sort_unstable();
        owed.truncate(count_max);
        for (_, number) in &owed {
            let Some(active) = self.active.get_mut(number) else {
                continue;
            };
            active.state = State::Live;
            active.next_step = 0;
            active.told_ms = now_ms;
            active.steps.clear();
            self.schedule_step(*number);
        }
        owed.len()
    }
}
