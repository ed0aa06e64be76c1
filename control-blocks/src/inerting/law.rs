//! The states of an inerting.

use super::purge::{self, CYCLES_MAX};
use crate::sense::Spell;
use scan::{StateMismatch, StateReader, StateWriter};

/// Oxygen may be anything.
pub const NOT_INERT: i64 = 0;
/// Nitrogen replaces air.
pub const PURGING: i64 = 1;
/// It is shown that the oxygen is low.
pub const VERIFY: i64 = 2;
/// Inert, and kept so.
pub const INERT: i64 = 3;
/// Was inert, and something happened.
pub const LOST: i64 = 4;

/// Why the last purge ended or the inert state was lost.
pub mod why {
    #![allow(missing_docs)]
    pub const NONE: i64 = 0;
    pub const OXYGEN: i64 = 1;
    pub const OPENED: i64 = 2;
    pub const AIR: i64 = 3;
    pub const HEADER: i64 = 4;
    pub const MAKE_UP: i64 = 5;
    pub const STEP_TIME: i64 = 6;
    pub const VERIFY_TIME: i64 = 7;
    pub const STOPPED: i64 = 8;
    pub const START_UP: i64 = 9;
}

/// How the gas is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Up with nitrogen, down through the vent.
    PressureSwing,
    /// Down with the vacuum pump, up with nitrogen.
    VacuumSwing,
    /// Down through the vent to the atmosphere and on with the vacuum pump, up with
    /// nitrogen above the atmosphere: the ratio of both in one swing.
    Combined,
    /// Nitrogen in and vent open at once.
    Sweep,
}

/// At or below, a combined swing goes from the vent to the pump, kPa(g). Demo design value.
const VENTED_KPA_G: f64 = 2.0;

/// What stays the same during an inerting. Pressures as measured, times in ns.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Recipe {
    pub method: Method,
    pub low: f64,
    pub high: f64,
    pub dwell_ns: u64,
    pub step_max_ns: u64,
    pub verify_ns: u64,
    pub verify_max_ns: u64,
    pub lost_ns: u64,
    pub header_ns: u64,
    pub make_up_ns: u64,
    /// Swings by formula or by demand of the text, whichever is more.
    pub swings: i64,
    /// Gas changes of a sweep.
    pub changes: f64,
}

/// What an inerting sees in one scan.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Signs {
    pub start: bool,
    pub stop: bool,
    pub is_permitted: bool,
    /// Measured; `None` if unknown.
    pub pressure: Option<f64>,
    /// Gas changes of this scan, `K·Q·Δt/V`; 0 if the flow is unknown.
    pub changes: f64,
    /// Oxygen at or below the set-point, by the vote; `None` if only bad channels
    /// speak against it.
    pub is_low: Option<bool>,
    /// Oxygen above the limit, by the vote, bad channels included.
    pub is_high: bool,
    /// The same by channels that are not bad.
    pub is_surely_high: bool,
    /// Manhole or charge hole may be open.
    pub is_opened: bool,
    /// Vacuum was or may have been broken with air.
    pub is_aired: bool,
    /// Nitrogen header low or unknown.
    pub is_header_low: bool,
    /// Pressure below its minimum or unknown.
    pub is_pressure_low: bool,
    /// Leak test passed.
    pub is_tight: bool,
    /// Two persons confirmed.
    pub is_confirmed: bool,
}

/// What an inerting asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Nitrogen valve.
    pub nitrogen: bool,
    /// Vent valve.
    pub vent: bool,
    /// Vacuum valve and pump.
    pub vacuum: bool,
}

/// The memory of an inerting.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InertLaw {
    pub(super) state: i64,
    pub(super) why: i64,
    pub(super) cycles: i64,
    /// Gas changes of the sweep so far.
    pub(super) swept: f64,
    /// The second half of a cycle.
    is_back: bool,
    /// Inert because cycles were counted, not because oxygen was measured.
    is_counted: bool,
    step: Spell,
    dwell: Spell,
    verify: Spell,
    high: Spell,
    header: Spell,
    make_up: Spell,
}

impl InertLaw {
    /// One scan.
    pub fn step(&mut self, recipe: &Recipe, signs: &Signs, dt_ns: u64) -> Demands {
        let starved = self
            .header
            .has_lasted(signs.is_header_low, recipe.header_ns, dt_ns);
        if signs.stop && self.state != LOST {
            self.end(
                NOT_INERT,
                if self.state == NOT_INERT {
                    self.why
                } else {
                    why::STOPPED
                },
            );
        } else if signs.start
            && signs.is_permitted
            && !signs.is_opened
            && matches!(self.state, NOT_INERT | LOST)
        {
            *self = InertLaw {
                state: PURGING,
                header: self.header,
                ..InertLaw::default()
            };
        }
        match self.state {
            PURGING => self.purge(recipe, signs, starved, dt_ns),
            VERIFY => self.verify(recipe, signs, dt_ns),
            INERT => self.maintain(recipe, signs, starved, dt_ns),
            _ => Demands::default(),
        }
    }

    fn end(&mut self, state: i64, why: i64) {
        *self = InertLaw {
            state,
            why,
            cycles: self.cycles,
            swept: self.swept,
            header: self.header,
            ..InertLaw::default()
        };
    }

    /// After a start of the program nobody knows what happened meanwhile.
    pub fn start(&mut self) {
        match self.state {
            NOT_INERT => {}
            INERT => self.end(LOST, why::START_UP),
            LOST => {}
            _ => self.end(NOT_INERT, why::START_UP),
        }
    }

    fn purge(&mut self, recipe: &Recipe, signs: &Signs, starved: bool, dt_ns: u64) -> Demands {
        if signs.is_opened || signs.is_aired {
            let why = if signs.is_opened {
                why::OPENED
            } else {
                why::AIR
            };
            self.end(NOT_INERT, why);
            return Demands::default();
        }
        let is_done = match recipe.method {
            Method::Sweep => self.swept >= recipe.changes,
            // Without a measured oxygen one more cycle is counted.
            _ => self.cycles >= recipe.swings + i64::from(signs.is_low.is_none()),
        };
        if is_done {
            self.state = VERIFY;
            self.verify.clear();
            self.step.clear();
            return self.verify(recipe, signs, dt_ns);
        }
        // Without nitrogen everything stays closed: never open to air.
        if starved {
            self.step.clear();
            self.dwell.clear();
            return Demands::default();
        }
        if self
            .step
            .has_lasted(true, recipe.step_max_ns.saturating_add(1), dt_ns)
        {
            self.end(NOT_INERT, why::STEP_TIME);
            return Demands::default();
        }
        let goes_up = match recipe.method {
            Method::PressureSwing => !self.is_back,
            Method::VacuumSwing | Method::Combined => self.is_back,
            Method::Sweep => {
                self.swept += signs.changes;
                return Demands {
                    nitrogen: true,
                    vent: true,
                    vacuum: false,
                };
            }
        };
        let is_there = signs.pressure.is_some_and(|pressure| match goes_up {
            true => pressure >= recipe.high,
            false => pressure <= recipe.low,
        });
        if self.dwell.has_lasted(is_there, recipe.dwell_ns, dt_ns) {
            self.dwell.clear();
            self.step.clear();
            if self.is_back {
                self.cycles = (self.cycles + 1).min(CYCLES_MAX);
            }
            self.is_back = !self.is_back;
            return Demands::default();
        }
        // The pump never takes what still stands above the atmosphere.
        let is_above = signs
            .pressure
            .is_none_or(|pressure| pressure > VENTED_KPA_G);
        let (vents, evacuates) = match recipe.method {
            Method::Combined => (is_above, !is_above),
            Method::VacuumSwing => (false, true),
            _ => (true, false),
        };
        Demands {
            nitrogen: goes_up,
            vent: !goes_up && vents,
            vacuum: !goes_up && evacuates,
        }
    }

    fn verify(&mut self, recipe: &Recipe, signs: &Signs, dt_ns: u64) -> Demands {
        if signs.is_opened || signs.is_aired {
            let why = if signs.is_opened {
                why::OPENED
            } else {
                why::AIR
            };
            self.end(NOT_INERT, why);
            return Demands::default();
        }
        let is_low = signs.is_low == Some(true);
        if self.verify.has_lasted(is_low, recipe.verify_ns, dt_ns) {
            self.become_inert(false);
            return Demands::default();
        }
        if signs.is_low.is_none() && recipe.method != Method::Sweep {
            if self.cycles <= recipe.swings {
                self.state = PURGING;
                self.step.clear();
                return Demands::default();
            }
            if signs.is_tight && signs.is_confirmed {
                self.become_inert(true);
                return Demands::default();
            }
        }
        if self
            .step
            .has_lasted(true, recipe.verify_max_ns.saturating_add(1), dt_ns)
        {
            self.end(NOT_INERT, why::VERIFY_TIME);
        }
        Demands::default()
    }

    fn become_inert(&mut self, is_counted: bool) {
        self.end(INERT, why::NONE);
        self.is_counted = is_counted;
    }

    fn maintain(&mut self, recipe: &Recipe, signs: &Signs, starved: bool, dt_ns: u64) -> Demands {
        // Once measured, oxygen is watched by measurement.
        self.is_counted &= signs.is_low.is_none();
        let is_high = match self.is_counted {
            true => signs.is_surely_high,
            false => signs.is_high,
        };
        let high = self.high.has_lasted(is_high, recipe.lost_ns, dt_ns);
        let failed = self
            .make_up
            .has_lasted(signs.is_pressure_low, recipe.make_up_ns, dt_ns);
        let lost = [
            (signs.is_opened, why::OPENED),
            (signs.is_aired, why::AIR),
            (high, why::OXYGEN),
            (starved, why::HEADER),
            (failed, why::MAKE_UP),
        ];
        if let Some((_, why)) = lost.into_iter().find(|(is_lost, _)| *is_lost) {
            self.end(LOST, why);
            return Demands::default();
        }
        Demands {
            nitrogen: signs.is_pressure_low,
            ..Demands::default()
        }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.state);
        state.int(self.why);
        state.int(self.cycles);
        state.real(self.swept);
        state.bool(self.is_back);
        state.bool(self.is_counted);
        for spell in [
            &self.step,
            &self.dwell,
            &self.verify,
            &self.high,
            &self.header,
            &self.make_up,
        ] {
            spell.save(state);
        }
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.state = state.int()?;
        self.why = state.int()?;
        self.cycles = state.int()?;
        self.swept = state.real()?;
        self.is_back = state.bool()?;
        self.is_counted = state.bool()?;
        for spell in [
            &mut self.step,
            &mut self.dwell,
            &mut self.verify,
            &mut self.high,
            &mut self.header,
            &mut self.make_up,
        ] {
            spell.restore(state)?;
        }
        Ok(())
    }
}

/// Changes of gas by a flow in one scan, `K·Q·Δt/V`; 0 if it is not known or runs
/// backwards.
pub fn changes(flow_m3_h: Option<f64>, mixing: f64, volume_m3: f64, dt_s: f64) -> f64 {
    let flow = flow_m3_h.unwrap_or(0.0).max(0.0);
    let changes = dt_s / purge::sweep_s(1.0, volume_m3, flow, mixing);
    if changes.is_finite() { changes } else { 0.0 }
}
