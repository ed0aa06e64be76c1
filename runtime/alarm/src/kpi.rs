//! How well the alarms of a plant serve the operator: the figures of ISA-18.2-2016
//! (clause 16 and its table of metrics) and of EEMUA 191, from what was written down.

use crate::book::{Settings, seconds};
use crate::flood::FloodRule;
use crate::priority::Priority;
use crate::state::{Event, State};
use crate::transition::{Transition, Who};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

mod report;

pub use report::{Line, Verdict, csv, lines, text};

/// What the figures rest on; editable. The standard asks for 30 days or more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Flood.
    pub flood: FloodRule,
    /// Three raises within this chatter, seconds.
    pub chatter_s: f64,
    /// A condition that is gone sooner is fleeting: too short to act on, seconds.
    pub fleeting_s: f64,
    /// An alarm that stands longer is stale, seconds.
    pub stale_s: f64,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules::of(&Settings::default())
    }
}

impl Rules {
    /// As the site has edited them.
    pub const fn of(settings: &Settings) -> Rules {
        Rules {
            flood: settings.flood,
            chatter_s: settings.chatter_s,
            fleeting_s: settings.fleeting_s,
            stale_s: settings.stale_s,
        }
    }
}

/// From when to when, nanoseconds UTC; the end does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// First nanosecond.
    pub from_ns: i64,
    /// First nanosecond after it.
    pub to_ns: i64,
}

/// Times in seconds, by nearest rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Times {
    /// How many.
    pub count: usize,
    /// Mean.
    pub mean_s: f64,
    /// Half of them are not longer.
    pub median_s: f64,
    /// 95 of 100 are not longer.
    pub p95_s: f64,
    /// Longest.
    pub max_s: f64,
}

impl Times {
    fn of(mut times_s: Vec<f64>) -> Times {
        times_s.sort_by(f64::total_cmp);
        let Some(max) = times_s.last() else {
            return Times::default();
        };
        let rank = |percent: usize| {
            let at = (times_s.len() * percent).div_ceil(100).max(1) - 1;
            times_s[at]
        };
        Times {
            count: times_s.len(),
            mean_s: times_s.iter().sum::<f64>() / times_s.len() as f64,
            median_s: rank(50),
            p95_s: rank(95),
            max_s: *max,
        }
    }
}

/// An alarm and how often it called.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Name.
    pub name: String,
    /// Annunciations.
    pub alarms: usize,
    /// Of all, percent.
    pub percent: f64,
}

/// The figures of a range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kpi {
    /// Of when.
    pub range: Range,
    /// Length, hours.
    pub hours: f64,
    /// Annunciations.
    pub alarms: usize,
    /// A day, on average.
    pub per_day: f64,
    /// An hour, on average.
    pub per_hour: f64,
    /// Ten minutes, on average.
    pub per_10_min: f64,
    /// Most in ten minutes; ten minutes are counted from the beginning of the range.
    pub in_10_min_max: usize,
    /// Hours with more than 30, percent.
    pub hours_above_30_percent: f64,
    /// Ten minutes with more than 10, percent.
    pub tens_above_10_percent: f64,
    /// Time in flood, percent.
    pub flood_percent: f64,
    /// Floods that began.
    pub floods: usize,
    /// The ten that called most.
    pub top_10: Vec<Share>,
    /// What the ten make of all, percent.
    pub top_10_percent: f64,
    /// Alarms that were raised three times within a minute, with the most in a minute.
    pub chattering: Vec<(String, usize)>,
    /// Alarms whose condition was gone at once, with how often.
    pub fleeting: Vec<(String, usize)>,
    /// Alarms that stood for more than a day, some of it in the range.
    pub stale: Vec<String>,
    /// Annunciations by priority, in the order of [`Priority::ALL`].
    pub by_priority: [usize; Priority::ALL.len()],
    /// From annunciation to acknowledgement.
    pub time_to_ack: Times,
    /// From raise to clear.
    pub time_in_alarm: Times,
    /// Shelved by people.
    pub shelved: usize,
    /// Suppressed by design.
    pub suppressed: usize,
    /// Taken out of service.
    pub out_of_service: usize,
    /// Still aside at the end: shelved, suppressed, out of service.
    pub aside_at_end: [usize; 3],
    /// Put aside by nobody, or without reason.
    pub unauthorised_suppressions: usize,
    /// Running settings that differ from the record ([`crate::drift`]).
    pub unauthorised_changes: usize,
}

/// What is remembered of an alarm on the way through.
#[derive(Default)]
struct Track {
    alarms: usize,
    raises_ns: Vec<i64>,
    raised_ns: Option<i64>,
    called_ns: Option<i64>,
    in_minute_max: usize,
    fleeting: usize,
    is_stale: bool,
    state: State,
}

/// The figures of a range. `transitions` are in the order of their numbers and may begin
/// before the range: what stands at its beginning is known from them. A clock that was
/// set back between two of them makes no time negative. `changes` is how many
/// running settings differ from the record.
pub fn of<'t>(
    transitions: impl IntoIterator<Item = &'t Transition>,
    range: Range,
    rules: &Rules,
    changes: usize,
) -> Kpi {
    let mut pass = Pass::new(range, *rules);
    for transition in transitions {
        if transition.at.utc_ns < range.to_ns {
            pass.take(transition);
        }
    }
    pass.finish(changes)
}

struct Pass {
    range: Range,
    rules: Rules,
    tracks: BTreeMap<Arc<str>, Track>,
    calls_ns: Vec<i64>,
    by_priority: [usize; Priority::ALL.len()],
    acks_s: Vec<f64>,
    stood_s: Vec<f64>,
    asides: [usize; 3],
    unauthorised: usize,
}

impl Pass {
    fn new(range: Range, rules: Rules) -> Pass {
        Pass {
            range,
            rules,
            tracks: BTreeMap::new(),
            calls_ns: Vec::new(),
            by_priority: [0; Priority::ALL.len()],
            acks_s: Vec::new(),
            stood_s: Vec::new(),
            asides: [0; 3],
            unauthorised: 0,
        }
    }

    fn take(&mut self, transition: &Transition) {
        let at_ns = transition.at.utc_ns;
        let is_in = at_ns >= self.range.from_ns;
        let rules = self.rules;
        let track = self.tracks.entry(transition.name.clone()).or_default();
        track.state = transition.to;
        if transition.is_annunciation() {
            track.called_ns = Some(at_ns);
            self.calls_ns.push(at_ns);
            if is_in {
                track.alarms += 1;
                self.by_priority[transition.priority as usize] += 1;
            }
        }
        match transition.event {
            Event::Raise => {
                track.raised_ns = Some(at_ns);
                track.raises_ns.push(at_ns);
                let oldest_ns = at_ns.saturating_sub((rules.chatter_s * 1e9) as i64);
                track.raises_ns.retain(|own| *own >= oldest_ns);
                if is_in {
                    track.in_minute_max = track.in_minute_max.max(track.raises_ns.len());
                }
            }
            Event::Clear => {
                if let Some(raised_ns) = track.raised_ns.take()
                    && is_in
                {
                    let stood_s = seconds(at_ns.saturating_sub(raised_ns).max(0));
                    self.stood_s.push(stood_s);
                    track.fleeting += usize::from(stood_s < rules.fleeting_s);
                    track.is_stale |= stood_s > rules.stale_s;
                }
            }
            Event::Acknowledge => {
                if let Some(called_ns) = track.called_ns.take()
                    && is_in
                {
                    let waited_ns = at_ns.saturating_sub(called_ns).max(0);
                    self.acks_s.push(seconds(waited_ns));
                }
            }
            event if is_in => {
                let aside = match event {
                    Event::Shelve => Some(0),
                    Event::Suppress => Some(1),
                    Event::RemoveFromService => Some(2),
                    _ => None,
                };
                if let Some(aside) = aside {
                    self.asides[aside] += 1;
                    let is_by_design = event == Event::Suppress;
                    let is_explained = !transition.reason.trim().is_empty();
                    let is_somebody = transition.who != Who::System;
                    let is_fine = is_explained && (is_by_design || is_somebody);
                    self.unauthorised += usize::from(!is_fine);
                }
            }
            _ => {}
        }
    }

    fn finish(mut self, changes: usize) -> Kpi {
        let range = self.range;
        let length_ns = range.to_ns.saturating_sub(range.from_ns).max(0);
        let hours = seconds(length_ns) / 3_600.0;
        for track in self.tracks.values_mut() {
            let stood_ns = track
                .raised_ns
                .map_or(0, |ns| range.to_ns.saturating_sub(ns));
            let is_shown = !track.state.is_aside();
            track.is_stale |= is_shown && seconds(stood_ns) > self.rules.stale_s;
        }
        // Rates go by the wall clock, which may have been set back.
        self.calls_ns.sort_unstable();
        let first = self.calls_ns.partition_point(|ns| *ns < range.from_ns);
        let calls_ns = &self.calls_ns[first..];
        let alarms = calls_ns.len();
        let per = |hours_each: f64| {
            if hours > 0.0 {
                alarms as f64 * hours_each / hours
            } else {
                0.0
            }
        };
        let tens = bins(calls_ns, range, 600);
        let hourly = bins(calls_ns, range, 3_600);
        let (flood_ns, floods) = flooded(&self.calls_ns, range, &self.rules.flood);
        let mut top: Vec<Share> = self
            .tracks
            .iter()
            .filter(|(_, track)| track.alarms > 0)
            .map(|(name, track)| Share {
                name: name.to_string(),
                alarms: track.alarms,
                percent: percent(track.alarms, alarms),
            })
            .collect();
        // Stable: of equals the first by name.
        top.sort_by_key(|share| std::cmp::Reverse(share.alarms));
        top.truncate(10);
        let with = |count: fn(&Track) -> usize, least: usize| -> Vec<(String, usize)> {
            let all = self.tracks.iter();
            all.map(|(name, track)| (name.to_string(), count(track)))
                .filter(|(_, count)| *count >= least)
                .collect()
        };
        let stands = |state: State| {
            let tracks = self.tracks.values();
            tracks.filter(|track| track.state == state).count()
        };
        let top_alarms: usize = top.iter().map(|share| share.alarms).sum();
        Kpi {
            range,
            hours,
            alarms,
            per_day: per(24.0),
            per_hour: per(1.0),
            per_10_min: per(1.0 / 6.0),
            in_10_min_max: tens.iter().copied().max().unwrap_or(0),
            hours_above_30_percent: above(&hourly, 30),
            tens_above_10_percent: above(&tens, 10),
            flood_percent: if length_ns > 0 {
                100.0 * seconds(flood_ns) / seconds(length_ns)
            } else {
                0.0
            },
            floods,
            top_10_percent: percent(top_alarms, alarms),
            top_10: top,
            chattering: with(|track| track.in_minute_max, 3),
            fleeting: with(|track| track.fleeting, 1),
            stale: self
                .tracks
                .iter()
                .filter(|(_, track)| track.is_stale)
                .map(|(name, _)| name.to_string())
                .collect(),
            by_priority: self.by_priority,
            aside_at_end: [
                stands(State::Shelved),
                stands(State::SuppressedByDesign),
                stands(State::OutOfService),
            ],
            time_to_ack: Times::of(self.acks_s),
            time_in_alarm: Times::of(self.stood_s),
            shelved: self.asides[0],
            suppressed: self.asides[1],
            out_of_service: self.asides[2],
            unauthorised_suppressions: self.unauthorised,
            unauthorised_changes: changes,
        }
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    100.0 * part as f64 / whole as f64
}

/// Calls in each stretch of so many seconds from the beginning of the range; the last
/// may be shorter.
fn bins(calls_ns: &[i64], range: Range, bin_s: i64) -> Vec<usize> {
    let bin_ns = bin_s * 1_000_000_000;
    let length_ns = range.to_ns.saturating_sub(range.from_ns).max(0);
    let mut bins = vec![0; (length_ns as u64).div_ceil(bin_ns as u64) as usize];
    for ns in calls_ns {
        let at = ns.saturating_sub(range.from_ns) / bin_ns;
        if let Some(bin) = bins.get_mut(at as usize) {
            *bin += 1;
        }
    }
    bins
}

fn above(bins: &[usize], limit: usize) -> f64 {
    percent(
        bins.iter().filter(|count| **count > limit).count(),
        bins.len(),
    )
}

/// Time in flood within the range, and floods that began in it. A flood ends at the moment
/// at which fewer than the limit are left in the window.
fn flooded(calls_ns: &[i64], range: Range, rule: &FloodRule) -> (i64, usize) {
    let window_ns = (rule.window_s * 1e9) as i64;
    let mut total_ns = 0i64;
    let mut floods = 0;
    let mut began_ns: Option<i64> = None;
    let mut close = |began_ns: i64, ended_ns: i64| {
        let (from, to) = (began_ns.max(range.from_ns), ended_ns.min(range.to_ns));
        total_ns += (to - from).max(0);
    };
    // The call that, leaving the window, leaves fewer than the limit behind.
    let last_of = |upto: usize| {
        let at = upto.checked_sub(rule.leave_below.max(1));
        at.map(|at| calls_ns[at].saturating_add(window_ns))
    };
    let mut oldest = 0;
    for (at, ns) in calls_ns.iter().enumerate() {
        if let (Some(began), Some(ends)) = (began_ns, last_of(at))
            && ends <= *ns
        {
            close(began, ends);
            began_ns = None;
        }
        while calls_ns[oldest] <= ns.saturating_sub(window_ns) {
            oldest += 1;
        }
        if began_ns.is_none() && at + 1 - oldest > rule.enter_above {
            began_ns = Some(*ns);
            floods += usize::from(*ns >= range.from_ns);
        }
    }
    if let Some(began) = began_ns {
        close(began, last_of(calls_ns.len()).unwrap_or(range.to_ns));
    }
    (total_ns, floods)
}

#[cfg(test)]
mod tests;
