//! Dosing an amount.

use crate::protect::{is_certain, is_demanded};
use crate::regulate::rate::approach;
use scan::*;
use signal::{Quality, Reading};

const IDLE: i64 = 0;
const DOSING: i64 = 1;
const HELD: i64 = 2;
const DONE: i64 = 3;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (IDLE, "idle", "空闲"),
    (DOSING, "dosing", "滴加中"),
    (HELD, "held", "保持"),
    (DONE, "done", "完成"),
];

/// What a dosing sees in one scan.
#[derive(Clone, Copy, Debug)]
pub struct DoseSigns {
    /// Somebody asks to begin (`true`) or to end (`false`).
    pub wish: Option<bool>,
    /// Everything is as it must be at the beginning.
    pub is_permitted: bool,
    /// A trip: dosing ends.
    pub is_tripped: bool,
    /// A pause: dosing goes on by itself afterwards.
    pub is_paused: bool,
    /// What is still to be dosed; `None` if nobody knows.
    pub remaining: Option<f64>,
    /// The dosing is complete with so much remaining: what still flows after the valve closes.
    pub preact: f64,
}

/// Begins on a permitted wish; ends when the amount is in, on a wish, or on a
/// trip; waits while paused or while the amount is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DoseLaw {
    is_enabled: bool,
    is_done: bool,
}

impl DoseLaw {
    /// One scan; the state.
    pub fn step(&mut self, signs: &DoseSigns) -> i64 {
        match signs.wish {
            Some(true) if signs.is_permitted => {
                self.is_enabled = true;
                self.is_done = false;
            }
            Some(false) => self.is_enabled = false,
            _ => {}
        }
        if signs.is_tripped {
            self.is_enabled = false;
        }
        if !self.is_enabled {
            return if self.is_done { DONE } else { IDLE };
        }
        match signs.remaining {
            Some(remaining) if remaining <= signs.preact => {
                self.is_enabled = false;
                self.is_done = true;
                DONE
            }
            Some(_) if !signs.is_paused => DOSING,
            _ => HELD,
        }
    }
}

/// `DOSE`: doses an amount at a rate, slower at the end.
///
/// | key | meaning |
/// |---|---|
/// | `total` | what has been dosed (real), such as a `TOTAL`; required |
/// | `target` | amount, tuning tag `TARGET` in the unit of `total`, or a tag; required |
/// | `rate` | dosing rate, tuning tag `RATE`, or a tag; required |
/// | `rate_unit` | unit of `RATE` and `SP`, optional |
/// | `demand` | Boolean tag, such as a step of a `PHASE`: its rising edge begins, its falling edge ends; a bad one does neither; optional |
/// | `permit` | Boolean tag: needed to begin; a bad one does not permit; optional |
/// | `interlocked` | Boolean tag, of a trip through a delayed pin: ends the dosing; a bad one too; optional |
/// | `hold` | Boolean tag: pauses, and dosing goes on by itself; a bad one pauses; optional |
/// | `dribble`, `dribble_rate` | with so much or less remaining the rate is at most `dribble_rate`; 0 = off |
/// | `preact` | the dosing is complete with so much remaining, 0 |
/// | `ramp_s` | time in which the rate rises from 0 to `RATE`, 0; it falls at once |
///
/// | tag | meaning |
/// |---|---|
/// | `ENABLE` | setting: dose; cleared when done, on a trip, by a start of the program; a start without permission is refused |
/// | `OPEN` | demand of the block valves: dosing |
/// | `SP` | rate set-point |
/// | `REMAINING` | `TARGET` − `total`, not below 0 |
/// | `DONE` | the amount is in; until the next start |
/// | `STATE` | 0 idle, 1 dosing, 2 held, 3 done |
///
/// While `total` is bad dosing is held: nobody knows how much is in. `OPEN` and
/// `SP` are always good; `REMAINING` has the quality of `total` and `TARGET`.
pub struct Dose {
    law: DoseLaw,
    dribble: f64,
    dribble_rate: f64,
    preact: f64,
    ramp_s: f64,
    total: Input<f64>,
    target: Input<f64>,
    rate: Input<f64>,
    demand_was: Option<bool>,
    demand: Option<Input<bool>>,
    permit: Option<Input<bool>>,
    interlocked: Option<Input<bool>>,
    hold: Option<Input<bool>>,
    enable: Setting<bool>,
    open: Output<bool>,
    sp: Output<f64>,
    remaining: Output<f64>,
    done: Output<bool>,
    state: Output<i64>,
}

impl Dose {
    /// What people ask for goes before what control asks for.
    fn wish(&mut self, image: &Image) -> Option<bool> {
        let mut wish = None;
        if let Some(demand) = self.demand.map(|pin| image.get(pin))
            && !demand.is_bad()
        {
            let was = self.demand_was.replace(demand.value);
            if was.is_some_and(|was| was != demand.value) {
                wish = Some(demand.value);
            }
        }
        image.requested(&self.enable.request).or(wish)
    }

    /// The next rate set-point.
    fn set_point(&self, scan: &Scan, image: &Image, remaining: f64) -> f64 {
        let rate = image.get(self.rate);
        if rate.is_bad() || !rate.value.is_finite() || rate.value <= 0.0 {
            return 0.0;
        }
        let mut goal = rate.value;
        if remaining <= self.dribble && self.dribble_rate < goal {
            goal = self.dribble_rate;
        }
        if self.ramp_s <= 0.0 {
            return goal;
        }
        let step = rate.value * (scan.dt_s / self.ramp_s);
        approach(image.held(&self.sp).value, goal, step, f64::INFINITY)
    }
}

impl Block for Dose {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let (total, target) = (image.get(self.total), image.get(self.target));
        let quality = total.quality.worst(target.quality);
        let remaining = target.value - total.value;
        let signs = DoseSigns {
            wish: self.wish(image),
            is_permitted: self.permit.is_none_or(|pin| is_certain(image, pin)),
            is_tripped: self.interlocked.is_some_and(|pin| is_demanded(image, pin)),
            is_paused: self.hold.is_some_and(|pin| is_demanded(image, pin)),
            remaining: (!quality.is_bad() && remaining.is_finite()).then_some(remaining),
            preact: self.preact,
        };
        let state = self.law.step(&signs);
        let sp = match (state, signs.remaining) {
            (DOSING, Some(remaining)) => self.set_point(scan, image, remaining),
            _ => 0.0,
        };
        image.put(&self.enable.output, self.law.is_enabled);
        image.put(&self.open, state == DOSING);
        image.put(&self.sp, sp);
        let shown = match signs.remaining {
            Some(remaining) => remaining.max(0.0),
            None => image.held(&self.remaining).value,
        };
        image.set(
            &self.remaining,
            Reading::new(shown, quality.worst(Quality::GOOD)),
        );
        image.put(&self.done, state == DONE);
        image.put(&self.state, state);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.law.is_enabled);
        state.bool(self.law.is_done);
        state.bool(self.demand_was.is_some());
        state.bool(self.demand_was == Some(true));
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.is_enabled = state.bool()?;
        self.law.is_done = state.bool()?;
        let is_some = state.bool()?;
        let was = state.bool()?;
        self.demand_was = is_some.then_some(was);
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.law.is_enabled = false;
        self.demand_was = None;
    }
}

impl BlockKind for Dose {
    const NAME: &'static str = "DOSE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const POSITIVE: std::ops::RangeInclusive<f64> = 0.0..=1e12;
        for (key, help) in [("target", "target = 120.0"), ("rate", "rate = 60.0")] {
            if !wiring.has(key) {
                wiring.problem(key, format!("`{key}` is not given"), help);
            }
        }
        let unit = wiring.text("rate_unit");
        if !unit.is_empty() {
            wiring.unit("SP", &unit);
        }
        wiring.same_unit(&["total", "target", "REMAINING"]);
        wiring.same_unit(&["rate", "SP"]);
        wiring.range_like("target", "total");
        wiring.states("STATE", STATES);
        let dribble = wiring.real("dribble", 0.0, POSITIVE);
        if dribble > 0.0 && !wiring.has("dribble_rate") {
            wiring.problem(
                "dribble_rate",
                "the dribble has no rate",
                "dribble_rate = 5.0",
            );
        }
        Dose {
            law: DoseLaw::default(),
            dribble,
            dribble_rate: wiring.real("dribble_rate", 0.0, POSITIVE),
            preact: wiring.real("preact", 0.0, POSITIVE),
            ramp_s: wiring.real("ramp_s", 0.0, 0.0..=86_400.0),
            total: wiring.input("total"),
            target: wiring.tuning("target", 0.0, POSITIVE),
            rate: wiring.tuning("rate", 0.0, POSITIVE),
            demand_was: None,
            demand: wiring.input_optional("demand"),
            permit: wiring.input_optional("permit"),
            interlocked: wiring.input_optional("interlocked"),
            hold: wiring.input_optional("hold"),
            enable: wiring.setting("ENABLE", false),
            open: wiring.output("OPEN"),
            sp: wiring.output("SP"),
            remaining: wiring.output("REMAINING"),
            done: wiring.output("DONE"),
            state: wiring.output("STATE"),
        }
    }
}

#[cfg(test)]
mod tests;
