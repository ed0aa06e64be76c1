//! More alarms than one person can follow.

use crate::transition::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// When a flood begins and ends. Defaults of ISA-18.2-2016 (16.5) and EEMUA 191: more
/// than 10 alarms in 10 min until there are fewer than 5; editable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FloodRule {
    /// Length of the window, seconds.
    pub window_s: f64,
    /// A flood begins with more alarms than this in the window.
    pub enter_above: usize,
    /// It ends with fewer than this.
    pub leave_below: usize,
}

impl Default for FloodRule {
    fn default() -> FloodRule {
        FloodRule {
            window_s: 600.0,
            enter_above: 10,
            leave_below: 5,
        }
    }
}

/// Begin or end of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloodChange {
    /// It begins.
    pub begins: bool,
    /// Alarms in the window at this moment.
    pub alarms: usize,
    /// When.
    pub at: Stamp,
}

/// The annunciations of the last window, and whether they are a flood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flood {
    /// Times of annunciations, the oldest first.
    recent_ns: VecDeque<i64>,
    /// Since when, if it is one.
    since: Option<Stamp>,
}

impl Flood {
    /// Since when there is a flood.
    pub const fn since(&self) -> Option<Stamp> {
        self.since
    }

    /// Alarms in the window, as of the last step.
    pub fn alarms(&self) -> usize {
        self.recent_ns.len()
    }

    /// An annunciation.
    pub fn annunciate(&mut self, rule: &FloodRule, at: Stamp) -> Option<FloodChange> {
        self.recent_ns.push_back(at.utc_ns);
        self.step(rule, at)
    }

    /// Time goes on.
    pub fn step(&mut self, rule: &FloodRule, at: Stamp) -> Option<FloodChange> {
        let oldest = at.utc_ns.saturating_sub((rule.window_s * 1e9) as i64);
        while self.recent_ns.front().is_some_and(|own| *own <= oldest) {
            self.recent_ns.pop_front();
        }
        let alarms = self.recent_ns.len();
        let begins = match self.since {
            None if alarms > rule.enter_above => true,
            Some(_) if alarms < rule.leave_below => false,
            _ => return None,
        };
        self.since = begins.then_some(at);
        Some(FloodChange { begins, alarms, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_s(seconds: i64) -> Stamp {
        Stamp {
            scan: 0,
            utc_ns: seconds * 1_000_000_000,
        }
    }

    #[test]
    fn the_eleventh_alarm_in_ten_minutes_is_a_flood_until_fewer_than_five_are_left() {
        let rule = FloodRule::default();
        let mut flood = Flood::default();
        for n in 0..10 {
            assert_eq!(flood.annunciate(&rule, at_s(n * 10)), None);
        }
        let change = flood.annunciate(&rule, at_s(100)).unwrap();
        assert!(change.begins && change.alarms == 11);
        // Alarm n leaves the window at n * 10 + 600 s; the seventh at 660 s.
        assert_eq!(flood.step(&rule, at_s(659)), None);
        let change = flood.step(&rule, at_s(660)).unwrap();
        assert!(!change.begins && change.alarms == 4);
        assert_eq!(flood.since(), None);
    }

    #[test]
    fn ten_alarms_spread_over_the_window_are_no_flood() {
        let rule = FloodRule::default();
        let mut flood = Flood::default();
        for n in 0..100 {
            assert_eq!(flood.annunciate(&rule, at_s(n * 60)), None, "{n}");
        }
    }
}
