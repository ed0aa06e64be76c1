//! Proof test of a row: it is tried from its transmitter on, measured, and does not
//! act meanwhile.
//!
//! A test is a bypass of the whole row and begins and ends as one: while the key is
//! on, within the limit of the unit, for a limited time, and never past a start. One
//! whose time is over while the row stands would trip by surprise: it stays, and says
//! that it is expired. Only the row under test is kept from acting.
//!
//! Source: IEC 61511-1, 16.3 (proof tests: as found, as left, measured time); the
//! numbers are editable defaults.

use crate::logic::timing::{Delay, ns, seconds};
use scan::*;

/// The test of one row and its record.
pub(super) struct Proof {
    max_ns: u64,
    wish: Setting<bool>,
    is_active: bool,
    elapsed_ns: u64,
    delay: Delay,
    /// Since the vote came, while it lasts; the scan that sees it first counts.
    standing_ns: Option<u64>,
    /// What was found: values at which the row voted, the first and the last of the
    /// test, the longest time from vote to trip, and trips.
    record: Record,
    left_s: Status<f64>,
    as_found: Output<f64>,
    as_left: Output<f64>,
    response_s: Status<f64>,
    trips: Output<i64>,
    expired: Output<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Record {
    as_found: f64,
    as_left: f64,
    response_ns: u64,
    trips: i64,
    has_voted: bool,
}

impl Proof {
    /// The key `proof_s` of a cause.
    pub fn wire(wiring: &mut Wiring<'_>) -> Option<Proof> {
        if !wiring.has("proof_s") {
            return None;
        }
        for suffix in ["PROOF_LEFT_S", "PROOF_RESPONSE_S"] {
            wiring.unit(suffix, "s");
        }
        Some(Proof {
            max_ns: ns(wiring.real("proof_s", 3_600.0, 1.0..=28_800.0)),
            wish: wiring.setting("PROOF", false),
            is_active: false,
            elapsed_ns: 0,
            delay: Delay::default(),
            standing_ns: None,
            record: Record::default(),
            left_s: wiring.status("PROOF_LEFT_S"),
            as_found: wiring.output("PROOF_AS_FOUND"),
            as_left: wiring.output("PROOF_AS_LEFT"),
            response_s: wiring.status("PROOF_RESPONSE_S"),
            trips: wiring.output("PROOF_TRIPS"),
            expired: wiring.output("PROOF_EXPIRED"),
        })
    }

    /// Takes the wish of a person; true if a test begins in this scan.
    pub fn ask(&mut self, image: &Image, may_begin: bool, must_end: bool) -> bool {
        let wish = image.requested(&self.wish.request);
        if must_end || wish == Some(false) {
            self.is_active = false;
        } else if wish == Some(true) && !self.is_active && may_begin {
            self.is_active = true;
            self.elapsed_ns = 0;
            self.standing_ns = None;
            self.delay = Delay::default();
            self.record = Record::default();
            return true;
        }
        false
    }

    /// Whether a test goes on.
    pub const fn is_active(&self) -> bool {
        self.is_active
    }

    /// One scan: `is_due` is the armed vote, `value` that of the channel that voted.
    /// True while the row must not act.
    pub fn step(
        &mut self,
        image: &mut Image,
        is_due: bool,
        value: f64,
        on_ns: u64,
        dt_ns: u64,
    ) -> bool {
        if self.is_active && self.elapsed_ns >= self.max_ns && !is_due {
            self.is_active = false;
        }
        if self.is_active {
            self.measure(is_due, value, on_ns, dt_ns);
        }
        let is_expired = self.is_active && self.elapsed_ns >= self.max_ns;
        let left_ns = self.max_ns.saturating_sub(self.elapsed_ns);
        let left_s = if self.is_active {
            seconds(left_ns)
        } else {
            0.0
        };
        if self.is_active {
            self.elapsed_ns = self.elapsed_ns.saturating_add(dt_ns);
        }
        image.put(&self.wish.output, self.is_active);
        image.put(&self.left_s, left_s);
        image.put(&self.as_found, self.record.as_found);
        image.put(&self.as_left, self.record.as_left);
        image.put(&self.response_s, seconds(self.record.response_ns));
        image.put(&self.trips, self.record.trips);
        image.put(&self.expired, is_expired);
        self.is_active
    }

    fn measure(&mut self, is_due: bool, value: f64, on_ns: u64, dt_ns: u64) {
        let trip = self.delay.step(is_due, on_ns, 0, dt_ns);
        if !is_due {
            self.standing_ns = None;
            return;
        }
        if self.standing_ns.is_none() && value.is_finite() {
            if !self.record.has_voted {
                self.record.as_found = value;
                self.record.has_voted = true;
            }
            self.record.as_left = value;
        }
        let was = self.standing_ns.unwrap_or(0);
        // Tripped already: u64::MAX, and nothing more is measured.
        if was == u64::MAX {
            return;
        }
        let standing = was.saturating_add(dt_ns);
        self.standing_ns = Some(standing);
        if trip {
            self.record.trips = self.record.trips.saturating_add(1);
            self.record.response_ns = self.record.response_ns.max(standing);
            self.standing_ns = Some(u64::MAX);
        }
    }

    /// Ends the test; the record stays.
    pub fn clear(&mut self) {
        self.is_active = false;
    }

    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_active);
        state.word(self.elapsed_ns);
        self.delay.save(state);
        state.bool(self.standing_ns.is_some());
        state.word(self.standing_ns.unwrap_or(0));
        state.real(self.record.as_found);
        state.real(self.record.as_left);
        state.word(self.record.response_ns);
        state.int(self.record.trips);
        state.bool(self.record.has_voted);
    }

    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_active = state.bool()?;
        self.elapsed_ns = state.word()?;
        self.delay.restore(state)?;
        let is_standing = state.bool()?;
        let standing_ns = state.word()?;
        self.standing_ns = is_standing.then_some(standing_ns);
        self.record = Record {
            as_found: state.real()?,
            as_left: state.real()?,
            response_ns: state.word()?,
            trips: state.int()?,
            has_voted: state.bool()?,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
