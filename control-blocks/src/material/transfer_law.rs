//! The states of a transfer between two vessels.

use crate::sense::{Spell, restore_real, save_real};
use scan::{StateMismatch, StateReader, StateWriter};

/// Nothing reserved.
pub const IDLE: i64 = 0;
/// Both vessels are being reserved.
pub const RESERVE: i64 = 1;
/// The route opens, the source stays shut.
pub const LINEUP: i64 = 2;
/// Nitrogen through the line.
pub const PREPURGE: i64 = 3;
/// Material moves.
pub const TRANSFER: i64 = 4;
/// The line runs empty, the source is shut.
pub const DRAIN: i64 = 5;
/// Nitrogen through the line.
pub const POSTPURGE: i64 = 6;
/// Done; released.
pub const COMPLETE: i64 = 7;
/// Everything shut, both vessels reserved; a person decides.
pub const HOLD: i64 = 8;
/// Everything shut; the line is not empty until somebody says so.
pub const ABORT: i64 = 9;

/// Why the transfer is held or was aborted.
pub mod why {
    #![allow(missing_docs)]
    pub const NONE: i64 = 0;
    pub const TRIP: i64 = 1;
    pub const PERSON: i64 = 2;
    pub const BALANCE: i64 = 3;
    pub const FLOW: i64 = 4;
    pub const TIME: i64 = 5;
    pub const FULL: i64 = 6;
    pub const UNKNOWN: i64 = 7;
    pub const ROUTE: i64 = 8;
    pub const START_UP: i64 = 9;
}

/// What stays the same during a transfer; times in ns, amounts in kg.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Plan {
    /// Permitted difference of the balance: share of what moved, and amount.
    pub share: f64,
    pub amount_min: f64,
    /// At or below this the source is empty.
    pub empty: f64,
    pub flow_min: f64,
    pub balance_ns: u64,
    pub flow_ns: u64,
    pub flow_start_ns: u64,
    pub lineup_max_ns: u64,
    pub prepurge_ns: u64,
    pub transfer_max_ns: u64,
    pub drain_max_ns: u64,
    pub postpurge_ns: u64,
}

/// What a transfer sees in one scan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Signs {
    pub start: bool,
    pub hold: bool,
    pub restart: bool,
    pub abort: bool,
    pub reset: bool,
    pub is_permitted: bool,
    pub is_reserved: bool,
    /// The valves of the route are where they are demanded.
    pub is_lined_up: bool,
    pub is_tripped: bool,
    pub source: Option<f64>,
    pub dest: Option<f64>,
    /// `None` without a flow meter; a bad one counts as no flow.
    pub flow: Option<f64>,
    /// The source tells by a switch that it is empty.
    pub is_source_low: bool,
    pub is_dest_high: bool,
    /// How much is to be moved.
    pub target: Option<f64>,
}

/// What a transfer demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Demands {
    pub reserve: bool,
    pub bottom: bool,
    pub line: bool,
    pub inlet: bool,
    pub pump: bool,
    pub nitrogen: bool,
}

/// Demands of each state: nothing opens that the state does not name.
pub const fn demands(state: i64) -> Demands {
    let open = matches!(state, LINEUP..=POSTPURGE);
    Demands {
        reserve: matches!(state, RESERVE..=POSTPURGE | HOLD | ABORT),
        bottom: state == TRANSFER,
        line: open,
        inlet: open,
        pump: matches!(state, TRANSFER | DRAIN),
        nitrogen: matches!(state, PREPURGE | POSTPURGE),
    }
}

/// The memory of a transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TransferLaw {
    pub(super) state: i64,
    pub(super) why: i64,
    /// Where a held transfer goes on.
    resume: i64,
    source_first: Option<f64>,
    dest_first: Option<f64>,
    /// What left and what arrived, last known.
    pub(super) left: f64,
    pub(super) arrived: f64,
    pub(super) is_off: bool,
    spell: Spell,
    flow: Spell,
    alarm: Spell,
    trip: Spell,
}

impl TransferLaw {
    /// Whether the transfer uses both vessels now.
    pub const fn is_active(&self) -> bool {
        matches!(self.state, RESERVE..=POSTPURGE)
    }

    /// One scan.
    pub fn step(&mut self, plan: &Plan, signs: &Signs, dt_ns: u64) {
        if signs.abort && (self.is_active() || self.state == HOLD) {
            self.end(ABORT, why::PERSON);
        } else if signs.hold && self.is_active() {
            self.end(HOLD, why::PERSON);
        } else if signs.restart && self.state == HOLD && signs.is_permitted && !signs.is_tripped {
            self.go(RESERVE);
            self.why = why::NONE;
        } else if signs.start && self.state == IDLE && signs.is_permitted && !signs.is_tripped {
            *self = TransferLaw {
                state: RESERVE,
                ..TransferLaw::default()
            };
        } else if signs.reset && matches!(self.state, COMPLETE | ABORT) {
            *self = TransferLaw::default();
        }
        if signs.is_tripped && (self.is_active() || self.state == HOLD) {
            self.end(ABORT, why::TRIP);
        }
        if self.is_active() {
            self.measure(signs);
            self.advance(plan, signs, dt_ns);
            if self.source_first.is_none() {
                // The masses before anything moves.
                self.measure(signs);
            }
        }
        if self.is_active() {
            self.balance(plan, dt_ns);
        }
    }

    fn go(&mut self, state: i64) {
        self.state = state;
        self.spell.clear();
        self.flow.clear();
    }

    fn end(&mut self, state: i64, why: i64) {
        if self.is_active() {
            self.resume = self.state;
        }
        self.go(state);
        self.why = why;
        self.alarm.clear();
        self.trip.clear();
    }

    /// After a start of the program an active transfer is held.
    pub fn start(&mut self) {
        if self.is_active() {
            self.end(HOLD, why::START_UP);
        }
    }

    fn measure(&mut self, signs: &Signs) {
        if self.state < TRANSFER {
            return;
        }
        if let (Some(source), Some(dest)) = (signs.source, signs.dest) {
            let source_first = *self.source_first.get_or_insert(source);
            let dest_first = *self.dest_first.get_or_insert(dest);
            self.left = source_first - source;
            self.arrived = dest - dest_first;
        }
    }

    fn advance(&mut self, plan: &Plan, signs: &Signs, dt_ns: u64) {
        let elapsed = self.spell.step(true, dt_ns);
        if signs.is_dest_high && self.state >= LINEUP {
            self.end(ABORT, why::FULL);
            return;
        }
        if !signs.is_reserved && self.state > RESERVE || !signs.is_lined_up && self.state > LINEUP {
            self.end(HOLD, why::ROUTE);
            return;
        }
        match self.state {
            RESERVE if signs.is_reserved => self.go(LINEUP),
            LINEUP if signs.is_lined_up => self.go(self.resume.max(PREPURGE)),
            RESERVE | LINEUP if elapsed >= plan.lineup_max_ns => self.end(HOLD, why::TIME),
            PREPURGE if elapsed >= plan.prepurge_ns => {
                self.resume = TRANSFER;
                self.go(TRANSFER);
            }
            TRANSFER => self.transfer(plan, signs, elapsed, dt_ns),
            DRAIN => {
                let is_dry = signs.flow.is_some_and(|flow| flow < plan.flow_min);
                if self.flow.has_lasted(is_dry, plan.flow_ns, dt_ns) || elapsed >= plan.drain_max_ns
                {
                    self.go(POSTPURGE);
                }
            }
            POSTPURGE if elapsed >= plan.postpurge_ns => {
                self.go(COMPLETE);
                self.resume = IDLE;
            }
            _ => {}
        }
    }

    fn transfer(&mut self, plan: &Plan, signs: &Signs, elapsed: u64, dt_ns: u64) {
        let (Some(source), Some(_), Some(target)) = (signs.source, signs.dest, signs.target) else {
            self.end(HOLD, why::UNKNOWN);
            return;
        };
        // A lost flow is a line broken, blocked or blown through.
        let has_collapsed =
            elapsed >= plan.flow_start_ns && signs.flow.is_some_and(|flow| flow < plan.flow_min);
        if self.arrived >= target || signs.is_source_low || source <= plan.empty {
            self.go(DRAIN);
        } else if self.flow.has_lasted(has_collapsed, plan.flow_ns, dt_ns) {
            self.end(HOLD, why::FLOW);
        } else if elapsed >= plan.transfer_max_ns {
            self.end(ABORT, why::TIME);
        }
    }

    fn balance(&mut self, plan: &Plan, dt_ns: u64) {
        let limit = plan
            .amount_min
            .max(plan.share * self.left.abs().max(self.arrived.abs()));
        let off = (self.left - self.arrived).abs();
        self.is_off = self.alarm.has_lasted(off > limit, plan.balance_ns, dt_ns);
        if self
            .trip
            .has_lasted(off > 2.0 * limit, plan.balance_ns, dt_ns)
        {
            self.end(ABORT, why::BALANCE);
        }
    }

    pub(super) fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.state);
        state.int(self.why);
        state.int(self.resume);
        save_real(state, self.source_first);
        save_real(state, self.dest_first);
        state.real(self.left);
        state.real(self.arrived);
        state.bool(self.is_off);
        for spell in [&self.spell, &self.flow, &self.alarm, &self.trip] {
            spell.save(state);
        }
    }

    pub(super) fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.state = state.int()?;
        self.why = state.int()?;
        self.resume = state.int()?;
        self.source_first = restore_real(state)?;
        self.dest_first = restore_real(state)?;
        self.left = state.real()?;
        self.arrived = state.real()?;
        self.is_off = state.bool()?;
        for spell in [
            &mut self.spell,
            &mut self.flow,
            &mut self.alarm,
            &mut self.trip,
        ] {
            spell.restore(state)?;
        }
        Ok(())
    }
}
