//! The vote of a row, as a function of what its channels show.
//!
//! The same rule as the vote of the protect stage, written a second time.

use crate::model::{Cause, Degrade, OnBad};

/// What a channel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its condition is absent.
    Against,
    /// Its condition is there.
    For,
    /// Its value is bad.
    Bad,
    /// It is under a maintenance bypass, whatever its value.
    Bypassed,
}

/// What is counted in a vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    /// Votes for the trip.
    pub votes: u8,
    /// Channels left out because they are bad.
    pub lost: u8,
    /// Channels left out because they are bypassed.
    pub bypassed: u8,
}

impl Count {
    /// With one more channel.
    pub(crate) fn with(mut self, shown: Shown, on_bad: OnBad) -> Count {
        match (shown, on_bad) {
            (Shown::For, _) | (Shown::Bad, OnBad::Trip) => self.votes += 1,
            (Shown::Bad, OnBad::Exclude) => self.lost += 1,
            (Shown::Bypassed, _) => self.bypassed += 1,
            (Shown::Against, _) | (Shown::Bad, OnBad::NoTrip) => {}
        }
        self
    }

    /// Whether it is enough for M out of `channels`.
    pub(crate) fn trips(self, m: u8, degrade: Degrade, channels: u8) -> bool {
        let out = self.lost.saturating_add(self.bypassed);
        let left = channels.saturating_sub(out);
        if left == 0 {
            return self.lost > 0;
        }
        let needed = match degrade {
            Degrade::Safety => m.saturating_sub(out).max(1),
            Degrade::Availability => m.min(left),
        };
        self.votes >= needed
    }
}

/// Whether the vote of a row is for the trip; one entry in `shown` for each channel,
/// channels beyond them show nothing.
///
/// - A bad channel votes, or votes against, or is left out, as its [`OnBad`] says.
/// - A bypassed channel is left out. M shrinks by what is left out, as stated.
/// - If every channel is left out, the vote is for the trip (nobody watches), unless
///   all of them are bypassed: then somebody has taken that upon himself.
///
/// (Architectures and their names: IEC 61508-6, annex B.)
pub fn is_for_trip(cause: &Cause, shown: &[Shown]) -> bool {
    let mut count = Count::default();
    for (channel, shown) in cause.channels.iter().zip(shown) {
        count = count.with(*shown, channel.on_bad);
    }
    count.trips(cause.m, cause.degrade, cause.channels.len() as u8)
}
