//! Weighing in.

use crate::logic::timing::ns;
use crate::protect::{is_certain, is_demanded};
use crate::sense::{Command, Spell, known, quality_of, restore_real, save_real, show};
use scan::*;
use signal::{Quality, Reading, math};

const IDLE: i64 = 0;
const COARSE: i64 = 1;
const DRIBBLE: i64 = 2;
const SETTLING: i64 = 3;
const DONE: i64 = 4;
const OUT_OF_TOLERANCE: i64 = 5;
const HELD: i64 = 6;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (IDLE, "idle", "空闲"),
    (COARSE, "coarse feed", "粗加料"),
    (DRIBBLE, "dribble feed", "细加料"),
    (SETTLING, "settling", "稳定中"),
    (DONE, "done", "完成"),
    (OUT_OF_TOLERANCE, "out of tolerance", "超差"),
    (HELD, "held", "保持"),
];

/// Whether a weight stands still: within a band for a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StableLaw {
    middle: Option<f64>,
    spell: Spell,
}

impl StableLaw {
    /// One scan.
    pub fn step(&mut self, weight: Option<f64>, band: f64, for_ns: u64, dt_ns: u64) -> bool {
        let Some(weight) = weight else {
            *self = StableLaw::default();
            return false;
        };
        if self
            .middle
            .is_none_or(|middle| (weight - middle).abs() > band)
        {
            self.middle = Some(weight);
            self.spell.clear();
        }
        self.spell.has_lasted(true, for_ns, dt_ns)
    }
}

/// The next in-flight correction from the error of a charge (+ too much): moved by a
/// share of it, kept within `0..=max`. An error greater than `max` teaches nothing:
/// it was no question of what was in flight.
pub fn learn(preact: f64, error: f64, share: f64, max: f64) -> f64 {
    match error.abs() <= max {
        true => math::clamp(preact + share * error, 0.0, max),
        false => preact,
    }
}

/// `SCALE`: charges an amount by weight, coarse, then dribbling, and learns what is
/// in flight.
///
/// | key | meaning |
/// |---|---|
/// | `weight` | gross weight (real), required |
/// | `target` | amount in the unit of `weight`: tuning tag `TARGET`, or a tag; required |
/// | `from` | `"gain"` (default): the vessel on the scale is filled; `"loss"`: it is emptied |
/// | `dribble_at` | with so much or less remaining the feed dribbles, required |
/// | `tolerance` | permitted error, required |
/// | `preact` | first in-flight correction, 0; tag `PREACT` |
/// | `preact_max` | greatest one, `dribble_at` |
/// | `learn` | share of the error of a charge that changes the correction, 0 to 1, 0.3 |
/// | `stable_band`, `stable_s` | the weight is stable within this band, required, for this time, 3 s |
/// | `settle_max_s` | longest wait for a stable weight, 60 s |
/// | `permit` | Boolean tag, needed to start (container and lot verified); optional |
/// | `interlocked` | Boolean tag of a trip, through a delayed pin: ends the charge; a bad one too; optional |
/// | `hold` | Boolean tag: pauses; a bad one too; optional |
/// | `start_when`, `stop_when` | Boolean tags whose rising edge is `START`, `STOP`; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `STOP` | commands; a start needs permission and a stable weight, and tares |
/// | `TARE` | command: the present stable weight is 0, between charges |
/// | `COARSE`, `DRIBBLE` | demands of the feeds; while coarse both are on |
/// | `NET` | charged amount |
/// | `STABLE` | the weight stands still |
/// | `ERROR` | of the last charge, + too much |
/// | `PREACT` | setting: what is in flight when the feed stops; learned |
/// | `STATE` | 0 idle, 1 coarse, 2 dribble, 3 settling, 4 done, 5 out of tolerance, 6 held |
///
/// A bad weight holds the feed and makes `NET` bad. A charge that was held teaches
/// nothing. A weight that does not settle in time is out of tolerance. A start of the
/// program ends a charge; the correction stays. (Usual practice of batch weighing.)
pub struct Scale {
    is_loss: bool,
    dribble: f64,
    tolerance: f64,
    preact_max: f64,
    share: f64,
    stable_band: f64,
    stable_ns: u64,
    settle_max_ns: u64,
    current: i64,
    tare: Option<f64>,
    error: f64,
    was_held: bool,
    steady: StableLaw,
    settling: Spell,
    weight: Input<f64>,
    target: Input<f64>,
    permit: Option<Input<bool>>,
    interlocked: Option<Input<bool>>,
    hold: Option<Input<bool>>,
    start: Command,
    stop: Command,
    tare_now: Request<bool>,
    preact: Setting<f64>,
    coarse_out: Output<bool>,
    dribble_out: Output<bool>,
    net: Output<f64>,
    stable: Output<bool>,
    error_out: Output<f64>,
    state: Output<i64>,
}

impl Scale {
    fn net(&self, weight: f64) -> f64 {
        let gain = weight - self.tare.unwrap_or(0.0);
        if self.is_loss { -gain } else { gain }
    }

    /// One scan of a charge; the correction afterwards.
    fn charge(
        &mut self,
        net: Option<f64>,
        target: Option<f64>,
        preact: f64,
        stable: bool,
        dt_ns: u64,
    ) -> f64 {
        let (Some(net), Some(target)) = (net, target) else {
            self.was_held = true;
            return preact;
        };
        let remaining = target - net;
        if self.current == COARSE && remaining <= self.dribble + preact {
            self.current = DRIBBLE;
        }
        if self.current == DRIBBLE && remaining <= preact {
            self.current = SETTLING;
            self.settling.clear();
            self.steady = StableLaw::default();
            return preact;
        }
        if self.current != SETTLING {
            return preact;
        }
        let is_late = self
            .settling
            .has_lasted(true, self.settle_max_ns.saturating_add(1), dt_ns);
        if !stable && !is_late {
            return preact;
        }
        self.error = net - target;
        let is_right = stable && self.error.abs() <= self.tolerance;
        self.current = if is_right { DONE } else { OUT_OF_TOLERANCE };
        match stable && !self.was_held {
            true => learn(preact, self.error, self.share, self.preact_max),
            false => preact,
        }
    }
}

impl Block for Scale {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let dt_ns = ns(scan.dt_s);
        let weight = known(image, self.weight);
        let stable = self
            .steady
            .step(weight, self.stable_band, self.stable_ns, dt_ns);
        let (start, stop) = (self.start.given(image), self.stop.given(image));
        let may = self.permit.is_none_or(|pin| is_certain(image, pin));
        let is_tripped = self.interlocked.is_some_and(|pin| is_demanded(image, pin));
        let charges = matches!(self.current, COARSE | DRIBBLE | SETTLING);
        let tare = image.requested(&self.tare_now) == Some(true);
        if charges && (stop || is_tripped) {
            self.current = IDLE;
        } else if !charges && stable && (tare || (start && may && !is_tripped)) {
            self.tare = weight;
            self.current = if start && may && !is_tripped {
                self.was_held = false;
                COARSE
            } else {
                IDLE
            };
        }
        let is_paused = self.hold.is_some_and(|pin| is_demanded(image, pin));
        let net = weight.map(|weight| self.net(weight));
        let mut preact = image.wanted(&self.preact);
        if !(0.0..=self.preact_max).contains(&preact) {
            preact = math::clamp(preact, 0.0, self.preact_max);
        }
        let charges = matches!(self.current, COARSE | DRIBBLE | SETTLING);
        let target = known(image, self.target);
        let is_held =
            charges && self.current != SETTLING && (is_paused || net.is_none() || target.is_none());
        if is_held {
            self.was_held = true;
        } else if charges {
            preact = self.charge(net, target, preact, stable, dt_ns);
        }
        let feeds = !is_held && matches!(self.current, COARSE | DRIBBLE);
        image.put(&self.coarse_out, feeds && self.current == COARSE);
        image.put(&self.dribble_out, feeds);
        show(image, &self.net, net, quality_of(image, self.weight));
        image.put(&self.stable, stable);
        show(image, &self.error_out, Some(self.error), Quality::GOOD);
        image.set(&self.preact.output, Reading::good(preact));
        image.put(&self.state, if is_held { HELD } else { self.current });
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.current);
        save_real(state, self.tare);
        state.real(self.error);
        state.bool(self.was_held);
        save_real(state, self.steady.middle);
        self.steady.spell.save(state);
        self.settling.save(state);
        self.start.save(state);
        self.stop.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.current = state.int()?;
        self.tare = restore_real(state)?;
        self.error = state.real()?;
        self.was_held = state.bool()?;
        self.steady.middle = restore_real(state)?;
        self.steady.spell.restore(state)?;
        self.settling.restore(state)?;
        self.start.restore(state)?;
        self.stop.restore(state)
    }

    fn start(&mut self, _start: Start) {
        if matches!(self.current, COARSE | DRIBBLE | SETTLING) {
            self.current = IDLE;
        }
        self.start.forget();
        self.stop.forget();
    }
}

impl BlockKind for Scale {
    const NAME: &'static str = "SCALE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const POSITIVE: std::ops::RangeInclusive<f64> = 0.0..=1e9;
        if !wiring.has("target") {
            wiring.problem("target", "`target` is not given", "target = 25.0");
        }
        wiring.same_unit(&["weight", "target", "NET", "ERROR", "PREACT"]);
        wiring.states("STATE", STATES);
        let dribble = wiring.real_required("dribble_at", POSITIVE);
        let preact_max = wiring.real("preact_max", dribble, POSITIVE);
        if wiring.has("preact") && wiring.real("preact", 0.0, POSITIVE) > preact_max {
            wiring.problem(
                "preact",
                "the correction is greater than its greatest",
                "preact at most preact_max",
            );
        }
        Scale {
            is_loss: wiring.choice("from", &[("gain", false), ("loss", true)], false),
            dribble,
            tolerance: wiring.real_required("tolerance", POSITIVE),
            preact_max,
            share: wiring.real("learn", 0.3, 0.0..=1.0),
            stable_band: wiring.real_required("stable_band", POSITIVE),
            stable_ns: ns(wiring.real("stable_s", 3.0, 0.0..=3_600.0)),
            settle_max_ns: ns(wiring.real("settle_max_s", 60.0, 0.0..=86_400.0)),
            current: IDLE,
            tare: None,
            error: 0.0,
            was_held: false,
            steady: StableLaw::default(),
            settling: Spell::default(),
            weight: wiring.input("weight"),
            target: wiring.tuning("target", 0.0, POSITIVE),
            permit: wiring.input_optional("permit"),
            interlocked: wiring.input_optional("interlocked"),
            hold: wiring.input_optional("hold"),
            start: Command::wire(wiring, "START"),
            stop: Command::wire(wiring, "STOP"),
            tare_now: wiring.command("TARE"),
            preact: wiring.setting("PREACT", 0.0),
            coarse_out: wiring.output("COARSE"),
            dribble_out: wiring.output("DRIBBLE"),
            net: wiring.output("NET"),
            stable: wiring.output("STABLE"),
            error_out: wiring.output("ERROR"),
            state: wiring.output("STATE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};
    use proptest::prelude::*;

    const TEXT: &str = r#"
        field = { w = 12.0, ok = true, trip = false, pause = false }
        [[block]]
        kind = "SCALE"
        name = "S"
        weight = "w"
        target = 100.0
        dribble_at = 10.0
        tolerance = 0.5
        preact_max = 5.0
        stable_band = 0.1
        permit = "ok"
        interlocked = "trip"
        hold = "pause"
        learn = 0.5
    "#;

    fn state(rig: &Rig) -> i64 {
        rig.value("S.STATE") as i64
    }

    /// Feeds until the charge is over; what is in flight arrives 2 s late.
    fn charge(rig: &mut Rig) {
        let mut flight = [0.0; 2];
        rig.write("S.START", 1.0).scans(1);
        assert_eq!(state(rig), COARSE);
        for _ in 0..300 {
            let feed = match (rig.is("S.COARSE"), rig.is("S.DRIBBLE")) {
                (true, true) => 2.0,
                (false, true) => 0.3,
                _ => 0.0,
            };
            let weight = rig.value("w") + flight[0];
            flight = [flight[1], feed];
            rig.field("w", weight).scans(1);
            if matches!(state(rig), DONE | OUT_OF_TOLERANCE) {
                return;
            }
        }
        panic!("no end of the charge");
    }

    #[test]
    fn the_in_flight_correction_is_learned_over_some_charges() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(5);
        charge(&mut rig);
        assert_eq!(state(&rig), OUT_OF_TOLERANCE);
        let first = rig.value("S.ERROR");
        assert!(first > 0.5, "{first}");
        for _ in 0..8 {
            charge(&mut rig);
        }
        assert_eq!(state(&rig), DONE);
        assert!(rig.value("S.ERROR").abs() <= 0.5);
        assert!(rig.value("S.PREACT") > 0.3);
        let preact = rig.value("S.PREACT");
        rig.task.program.start(Start::Warm);
        rig.scans(1);
        assert_eq!(
            rig.value("S.PREACT"),
            preact,
            "a start keeps what was learned"
        );
    }

    #[test]
    fn a_start_needs_permission_and_a_stable_weight() {
        let mut rig = Rig::new(1000, TEXT);
        rig.write("S.START", 1.0).scans(1);
        assert_eq!(state(&rig), IDLE, "not stable yet");
        rig.scans(5).field("ok", 0.0).write("S.START", 1.0).scans(1);
        assert_eq!(state(&rig), IDLE);
        rig.field("ok", 1.0)
            .field("w", 14.0)
            .write("S.START", 1.0)
            .scans(1);
        assert_eq!(state(&rig), IDLE, "the weight jumped");
        rig.scans(4).write("S.TARE", 1.0).scans(1);
        assert_eq!(rig.value("S.NET"), 0.0);
        rig.write("S.START", 1.0).scans(1);
        assert_eq!(state(&rig), COARSE);
    }

    #[test]
    fn a_pause_a_lost_weight_and_a_trip_stop_the_feed() {
        let started = || {
            let mut rig = Rig::new(1000, TEXT);
            rig.scans(5).write("S.START", 1.0).scans(1);
            assert!(rig.is("S.COARSE"));
            rig
        };
        for tag in ["pause", "w"] {
            let mut rig = started();
            rig.quality_of(tag, Quality::COMM_LOST).scans(1);
            assert_eq!(state(&rig), HELD, "{tag}");
            assert!(!rig.is("S.COARSE") && !rig.is("S.DRIBBLE"));
            rig.quality_of(tag, Quality::GOOD).scans(1);
            assert_eq!(state(&rig), COARSE);
        }
        let mut rig = started();
        rig.field("trip", 1.0).scans(1).field("trip", 0.0).scans(5);
        assert_eq!(state(&rig), IDLE);
        let mut rig = started();
        rig.task.program.start(Start::Warm);
        rig.scans(1);
        assert_eq!(state(&rig), IDLE);
    }

    #[test]
    fn a_charge_that_was_held_teaches_nothing() {
        for held in [false, true] {
            let mut rig = Rig::new(1000, TEXT);
            rig.scans(5).write("S.START", 1.0).scans(1);
            rig.field("pause", f64::from(u8::from(held))).scans(1);
            rig.field("pause", 0.0).field("w", 113.0).scans(10);
            assert_eq!(rig.value("S.ERROR"), 1.0);
            let learned = if held { 0.0 } else { 0.5 };
            assert_eq!(rig.value("S.PREACT"), learned);
        }
    }

    #[test]
    fn loss_in_weight_counts_the_other_way() {
        let text = TEXT.replace("learn = 0.5", "from = \"loss\"");
        let mut rig = Rig::new(1000, &text);
        rig.field("w", 300.0)
            .scans(5)
            .write("S.START", 1.0)
            .scans(1);
        rig.field("w", 211.0).scans(1);
        assert_eq!(rig.value("S.NET"), 89.0);
        assert!(rig.is("S.COARSE"));
        rig.field("w", 210.0).scans(1);
        assert!(!rig.is("S.COARSE") && rig.is("S.DRIBBLE"));
        rig.field("w", 200.0).scans(1);
        assert_eq!(state(&rig), SETTLING);
        rig.scans(4);
        assert_eq!(state(&rig), DONE);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (from, to) in [
            ("target = 100.0", ""),
            ("dribble_at = 10.0", ""),
            ("tolerance = 0.5", ""),
            ("stable_band = 0.1", ""),
            ("learn = 0.5", "learn = 1.5"),
            ("learn = 0.5", "preact = 6.0"),
            ("learn = 0.5", "preact = -1.0"),
            ("learn = 0.5", "from = \"thin air\""),
        ] {
            assert_ne!(problems(&TEXT.replacen(from, to, 1)), vec![], "{from}");
        }
    }

    proptest! {
        #[test]
        fn what_is_learned_stays_bounded_and_comes_to_what_is_in_flight(
            flight in 0.0..5.0f64,
            first in 0.0..5.0f64,
            share in 0.1..1.0f64,
            wild in prop::collection::vec(-100.0..100.0f64, 0..20),
        ) {
            let mut preact = first;
            for error in wild {
                preact = learn(preact, error, share, 5.0);
                prop_assert!((0.0..=5.0).contains(&preact));
            }
            for _ in 0..200 {
                preact = learn(preact, flight - preact, share, 5.0);
            }
            prop_assert!((preact - flight).abs() < 1e-6);
        }
    }
}
