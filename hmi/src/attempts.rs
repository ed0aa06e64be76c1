//! Attempts to see what one may not see: recorded, but not so often that a page which asks
//! on and on, or somebody who wants to fill the record, fills it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::answer::{self, Claim};
use crate::app::App;
use crate::desk::Refusal;
use crate::visitor::Visitor;

/// Between two records of one address and one reason.
const EVERY: Duration = Duration::from_secs(60);
/// Addresses and reasons that are told apart; beyond, nothing new is recorded until an
/// older one's time is over.
const KEPT_MAX: usize = 256;

/// A refused question that could have changed nothing.
#[derive(Debug)]
pub(crate) struct Tried {
    /// Route, or empty for any.
    path: &'static str,
    refusal: Refusal,
}

impl Tried {
    /// Something of this route.
    pub(crate) const fn to_see(path: &'static str, refusal: Refusal) -> Tried {
        Tried { path, refusal }
    }

    /// Anything, from a place where nobody may ask.
    pub(crate) const fn at_the_door(refusal: Refusal) -> Tried {
        Tried { path: "", refusal }
    }

    /// Has it recorded, if it is time to.
    pub(crate) fn note(self, app: &App, visitor: &Visitor) {
        let Tried { path, mut refusal } = self;
        let Some(more) = app.tried.count(visitor.source(), path, Instant::now()) else {
            return;
        };
        let before = if path.is_empty() { "" } else { " " };
        refusal.en = format!("{path}{before}{}", refusal.en);
        refusal.zh = format!("{path}{before}{}", refusal.zh);
        if more > 0 {
            refusal.en += &format!(" {more} more since the record before.");
            refusal.zh += &format!("自上次记录以来另有 {more} 次。");
        }
        let actor = visitor.actor(app);
        answer::refuse(app.desk.as_ref(), &actor, Claim::default(), refusal);
    }
}

/// From where, and which route.
type What = (Option<IpAddr>, &'static str);

/// When what was recorded last, and how often it was tried since.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<BTreeMap<What, (Instant, u64)>>);

impl Attempts {
    /// Counts an attempt. If it is to be recorded: how many there were since the record
    /// before.
    fn count(&self, source: Option<IpAddr>, path: &'static str, now: Instant) -> Option<u64> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: &Instant| now.saturating_duration_since(*since) >= EVERY;
        if let Some((since, more)) = kept.get_mut(&(source, path)) {
            if is_over(since) {
                *since = now;
                return Some(std::mem::take(more));
            }
            *more += 1;
            return None;
        }
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, (since, _)| !is_over(since));
        }
        if kept.len() >= KEPT_MAX {
            return None;
        }
        kept.insert((source, path), (now, 0));
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn each_address_and_route_is_recorded_once_a_minute_with_the_number_between() {
        let attempts = Attempts::default();
        let (one, two) = (
            Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
            Some(IpAddr::from([10, 0, 0, 1])),
        );
        let begun = Instant::now();
        let count = |source, path, s| attempts.count(source, path, begun + Duration::from_secs(s));
        assert_eq!(count(one, "/a", 0), Some(0));
        for s in 1..60 {
            assert_eq!(count(one, "/a", s), None);
        }
        assert_eq!(count(two, "/a", 30), Some(0));
        assert_eq!(count(one, "/b", 30), Some(0));
        assert_eq!(count(one, "/a", 60), Some(59));
        assert_eq!(count(one, "/a", 120), Some(0));
    }

    #[test]
    fn a_thousand_addresses_fill_neither_memory_nor_record() {
        let attempts = Attempts::default();
        let begun = Instant::now();
        let address = |n: u16| Some(IpAddr::from([10, 0, (n >> 8) as u8, n as u8]));
        let recorded = (0..1_000).filter(|n| attempts.count(address(*n), "", begun).is_some());
        assert_eq!(recorded.count(), KEPT_MAX);
        let later = begun + EVERY;
        assert_eq!(attempts.count(address(999), "", later), Some(0));
        assert_eq!(attempts.0.lock().expect("whole").len(), 1);
    }
}
