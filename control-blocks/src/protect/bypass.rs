//! Overrides of a cause: for maintenance, channel by channel (MOS), and for operation,
//! the whole row for a short time (OOS). Never of outputs.
//!
//! A bypass begins only while the key is on, within the limits of vote and unit; it
//! ends by itself. One that ends while its channel is beyond its limit would trip by
//! surprise: it stays, and says that it is expired.
//!
//! Source: GB/T 50770 and IEC 61511-1, 11.7 and 16.2 (maintenance overrides: on inputs,
//! key, listed, limited in number and time); the numbers are editable defaults.

use super::is_certain;
use super::proof::Proof;
use super::voting::Ballot;
use crate::logic::timing::{ns, seconds};
use scan::*;

/// Maintenance overrides of the channels of one vote.
pub(super) struct Maintenance {
    key: Input<bool>,
    expiry_ns: u64,
    warning_ns: u64,
    per_vote_max: u8,
    /// Bypasses that the rows before have now and have begun in this scan.
    before: Option<(Input<i64>, Input<i64>)>,
    /// All bypasses of the unit in the last scan.
    unit_last: Option<Input<i64>>,
    per_unit_max: i64,
    channels: Box<[Override]>,
    /// The proof test of the row, which counts as one bypass.
    pub proof: Option<Proof>,
    total: Output<i64>,
    begun: Output<i64>,
    left_s: Status<f64>,
    warning: Output<bool>,
    expired: Output<bool>,
}

struct Override {
    wish: Setting<bool>,
    is_active: bool,
    elapsed_ns: u64,
}

impl Maintenance {
    /// The keys `mos_…` of a cause with so many channels.
    pub fn wire(wiring: &mut Wiring<'_>, channels: usize) -> Option<Box<Maintenance>> {
        let key = wiring.input_optional("mos_key")?;
        wiring.unit("MOS_LEFT_S", "s");
        let before = wiring.input_optional("mos_before");
        let begun = wiring.input_optional("mos_begun_before");
        Some(Box::new(Maintenance {
            key,
            expiry_ns: ns(wiring.real("mos_expiry_s", 28_800.0, 1.0..=604_800.0)),
            warning_ns: ns(wiring.real("mos_warning_s", 1_800.0, 0.0..=604_800.0)),
            per_vote_max: wiring.int("mos_per_vote", 1, 1..=8) as u8,
            per_unit_max: wiring.int("mos_per_unit", 2, 1..=64),
            before: before.zip(begun),
            unit_last: wiring.input_optional("mos_unit"),
            channels: (1..=channels)
                .map(|number| Override {
                    wish: wiring.setting(&format!("MOS_{number}"), false),
                    is_active: false,
                    elapsed_ns: 0,
                })
                .collect(),
            proof: Proof::wire(wiring),
            total: wiring.output("MOS_TOTAL"),
            begun: wiring.output("MOS_BEGUN"),
            left_s: wiring.status("MOS_LEFT_S"),
            warning: wiring.output("MOS_WARNING"),
            expired: wiring.output("MOS_EXPIRED"),
        }))
    }

    /// Takes wishes, ends what has to end, and puts [`Ballot::Out`] in place of the
    /// votes of bypassed channels. True if any is bypassed.
    pub fn step(&mut self, image: &mut Image, ballots: &mut [Ballot], dt_ns: u64) -> bool {
        let key = image.get(self.key);
        let may_begin = is_certain(image, self.key);
        let must_end = !key.is_bad() && !key.value;
        let (before, begun_before) = self.before.map_or((0, 0), |(now, begun)| {
            (image.value(now), image.value(begun))
        });
        let unit_last = self.unit_last.map_or(0, |pin| image.value(pin));
        let mut active = self.channels.iter().filter(|one| one.is_active).count() as u8;
        let mut begun = 0;
        let (mut is_expired, mut is_warned) = (false, false);
        let mut left_ns = u64::MAX;
        for (one, ballot) in self.channels.iter_mut().zip(ballots) {
            match image.requested(&one.wish.request) {
                Some(true) if !one.is_active => {
                    let room = self.per_unit_max - unit_last - begun_before - begun;
                    if may_begin && active < self.per_vote_max && room > 0 {
                        one.is_active = true;
                        one.elapsed_ns = 0;
                        active += 1;
                        begun += 1;
                    }
                }
                Some(false) => one.is_active = false,
                _ => {}
            }
            if one.is_active {
                let is_due = one.elapsed_ns >= self.expiry_ns;
                let would_trip = *ballot != Ballot::No;
                if must_end || (is_due && !would_trip) {
                    one.is_active = false;
                } else {
                    is_expired |= is_due;
                    let left = self.expiry_ns.saturating_sub(one.elapsed_ns);
                    is_warned |= left <= self.warning_ns;
                    left_ns = left_ns.min(left);
                    one.elapsed_ns = one.elapsed_ns.saturating_add(dt_ns);
                    *ballot = Ballot::Out;
                }
            }
        }
        let mut count = 0;
        for one in &self.channels {
            count += i64::from(one.is_active);
            image.put(&one.wish.output, one.is_active);
        }
        let is_bypassed = count > 0;
        if let Some(proof) = &mut self.proof {
            let room = self.per_unit_max - unit_last - begun_before - begun;
            let may_test = may_begin && active == 0 && room > 0;
            begun += i64::from(proof.ask(image, may_test, must_end));
            count += i64::from(proof.is_active());
        }
        image.put(&self.total, before.saturating_add(count));
        image.put(&self.begun, begun_before.saturating_add(begun));
        let left_s = if is_bypassed { seconds(left_ns) } else { 0.0 };
        image.put(&self.left_s, left_s);
        image.put(&self.warning, is_warned);
        image.put(&self.expired, is_expired);
        is_bypassed
    }

    /// Ends every bypass.
    pub fn clear(&mut self) {
        for one in &mut self.channels {
            one.is_active = false;
            one.elapsed_ns = 0;
        }
        if let Some(proof) = &mut self.proof {
            proof.clear();
        }
    }

    pub fn save(&self, state: &mut StateWriter<'_>) {
        for one in &self.channels {
            state.bool(one.is_active);
            state.word(one.elapsed_ns);
        }
        if let Some(proof) = &self.proof {
            proof.save(state);
        }
    }

    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        for one in &mut self.channels {
            one.is_active = state.bool()?;
            one.elapsed_ns = state.word()?;
        }
        if let Some(proof) = &mut self.proof {
            proof.restore(state)?;
        }
        Ok(())
    }
}

/// The operational override of a row that naturally stands before a start: low flow
/// before the pump runs. It ends when the row has been healthy for a while, and at
/// the latest after its time.
pub(super) struct Operational {
    max_ns: u64,
    healthy_ns: u64,
    wish: Setting<bool>,
    is_active: bool,
    elapsed_ns: u64,
    well_ns: u64,
    left_s: Status<f64>,
}

impl Operational {
    /// The keys `oos_…` of a cause.
    pub fn wire(wiring: &mut Wiring<'_>) -> Option<Box<Operational>> {
        if !wiring.has("oos_s") {
            return None;
        }
        wiring.unit("OOS_LEFT_S", "s");
        Some(Box::new(Operational {
            max_ns: ns(wiring.real("oos_s", 300.0, 1.0..=900.0)),
            healthy_ns: ns(wiring.real("oos_healthy_s", 10.0, 0.0..=900.0)),
            wish: wiring.setting("OOS", false),
            is_active: false,
            elapsed_ns: 0,
            well_ns: 0,
            left_s: wiring.status("OOS_LEFT_S"),
        }))
    }

    /// Whether the row is overridden in this scan; `would_trip` is its vote.
    pub fn step(&mut self, image: &mut Image, would_trip: bool, dt_ns: u64) -> bool {
        match image.requested(&self.wish.request) {
            Some(true) if !self.is_active => {
                self.is_active = true;
                self.elapsed_ns = 0;
                self.well_ns = 0;
            }
            Some(false) => self.is_active = false,
            _ => {}
        }
        if self.is_active {
            self.well_ns = if would_trip {
                0
            } else {
                self.well_ns.saturating_add(dt_ns)
            };
            let is_well = !would_trip && self.well_ns >= self.healthy_ns;
            if is_well || self.elapsed_ns >= self.max_ns {
                self.is_active = false;
            }
            self.elapsed_ns = self.elapsed_ns.saturating_add(dt_ns);
        }
        image.put(&self.wish.output, self.is_active);
        let left_ns = self.max_ns.saturating_sub(self.elapsed_ns);
        let left_s = if self.is_active {
            seconds(left_ns)
        } else {
            0.0
        };
        image.put(&self.left_s, left_s);
        self.is_active
    }

    /// Ends the override.
    pub fn clear(&mut self) {
        self.is_active = false;
    }

    pub fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_active);
        state.word(self.elapsed_ns);
        state.word(self.well_ns);
    }

    pub fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_active = state.bool()?;
        self.elapsed_ns = state.word()?;
        self.well_ns = state.word()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
