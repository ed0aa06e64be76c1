//! Inerting of a vessel with nitrogen.

use super::law::{self, Demands, InertLaw, Method, Recipe, Signs};
use super::purge;
use crate::logic::timing::ns;
use crate::protect::voting::{self, Ballot, OnBad, Voting};
use crate::protect::{is_certain, is_demanded};
use crate::regulate::total::CompensatedSum;
use crate::sense::{Command, known, show, substituted};
use scan::*;
use signal::{Level, Quality, Reason};

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (law::NOT_INERT, "not inert", "未惰化"),
    (law::PURGING, "purging", "置换中"),
    (law::VERIFY, "verifying", "确认中"),
    (law::INERT, "inert", "已惰化"),
    (law::LOST, "inert state lost", "惰化失效"),
];

/// Names of `WHY`.
const WHYS: &[(i64, &str, &str)] = &[
    (law::why::NONE, "none", "无"),
    (law::why::OXYGEN, "oxygen high", "氧含量高"),
    (law::why::OPENED, "vessel opened", "设备被打开"),
    (law::why::AIR, "vacuum broken with air", "用空气破真空"),
    (law::why::HEADER, "nitrogen header low", "氮气总管压力低"),
    (
        law::why::MAKE_UP,
        "pressure low, make-up failed",
        "压力低且补氮失败",
    ),
    (
        law::why::STEP_TIME,
        "pressure not reached in time",
        "未按时达到压力",
    ),
    (law::why::VERIFY_TIME, "not verified in time", "未按时确认"),
    (law::why::STOPPED, "stopped", "已停止"),
    (law::why::START_UP, "start of the program", "程序启动"),
];

/// `INERT`: purges a vessel with nitrogen, shows that the oxygen is low, and watches
/// that it stays so.
///
/// | key | meaning |
/// |---|---|
/// | `method` | `"pressure-swing"`, `"vacuum-swing"`, `"combined"` (vacuum, then nitrogen above the atmosphere, then the vent) or `"sweep"`, required |
/// | `pressure` | head pressure, kPa(g), required |
/// | `low`, `high` | pressures of a swing, kPa(g); required unless a sweep |
/// | `volume` | gas space, m³, required |
/// | `oxygen` | 1 to 8 analysers, vol%, required; `vote` and `on_bad` as for `CAUSE`, on "oxygen is high" |
/// | `oxygen_sp` | at or below is inert, vol%, 2 (demo design value for toluene) |
/// | `oxygen_high` | above for `lost_s` the inert state is lost, vol%, 3 (demo: LOC of toluene 9.5 · 0.85, less 2 of NFPA 69, less 3.1 for analyser and response) |
/// | `sample` | Boolean tag: the analysers have sample flow; else their values are bad; optional |
/// | `flow` | nitrogen flow, Nm³/h; required for a sweep; otherwise nitrogen is reckoned from the swings |
/// | `header`, `header_low` | nitrogen header pressure and its limit, kPa(g); optional |
/// | `closed` | Boolean tag: manhole and charge hole are closed; optional |
/// | `aired` | Boolean tag: vacuum is being broken with air; optional |
/// | `pressure_min` | below this the vessel is made up with nitrogen, kPa(g), 0.5 |
/// | `tight` | Boolean tag: the leak test passed; needed to verify by counting; optional |
/// | `confirmed` | Boolean tag: two persons confirmed by signature; needed to verify by counting; optional |
/// | `permit` | Boolean tag, needed to start; optional |
/// | `start_when`, `stop_when` | Boolean tags whose rising edge is `START`, `STOP`; optional |
/// | `atmosphere` | kPa that makes gauge absolute, 101.325 (standard atmosphere) |
/// | `oxygen_start`, `oxygen_supply` | oxygen at the beginning, 20.9 (air), and in the nitrogen, 0.1 vol% |
/// | `cycles_min` | swings at least, 1 to 99, 3 (demo recipe) |
/// | `mixing` | mixing factor K of a sweep, 0.1 to 1, 0.25 (NFPA 69) |
/// | `celsius` | temperature of the gas, for the nitrogen reckoned, 25 |
/// | `dwell_s` | how long a pressure must stand to count, 5 s |
/// | `step_max_s` | longest half of a swing, or sweep, 3600 s |
/// | `verify_s`, `verify_max_s` | how long oxygen must be low, 60 s; longest verification, 1800 s |
/// | `lost_s`, `header_s`, `make_up_s` | delays of the losses: oxygen 10 s, header 2 s, pressure 30 s |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `STOP` | commands; a start without permission or with the vessel open is refused |
/// | `STATE` | 0 not inert, 1 purging, 2 verifying, 3 inert, 4 lost |
/// | `INERT` | permissive: the state is 3 |
/// | `NITROGEN`, `VENT`, `VACUUM` | demands of the valves and the pump |
/// | `CYCLES` | valid swings: both pressures were reached and stood |
/// | `NEEDED` | swings predicted (a sweep: minutes at the present flow) |
/// | `USED` | nitrogen since the start, Nm³ |
/// | `WHY` | why the last purge ended or the inert state was lost |
///
/// Verification is by oxygen at or below `oxygen_sp` for `verify_s`, or, while no
/// analyser can be used, by one swing more than needed, a passed leak test and the
/// confirmation; never so for a sweep, which leaves dead legs. A bad channel counts
/// as high in the vote. While inert, the pressure is kept by the blanket controller;
/// `NITROGEN` only helps below `pressure_min`. While the nitrogen header is low a
/// purge waits with every valve closed: the vessel is never opened to air. A start of
/// the program ends what was: not inert, or lost. (NFPA 69; GB/T 37241; formulas: [`purge`].)
pub struct Inert {
    recipe: Recipe,
    law: InertLaw,
    voting: Voting,
    used: CompensatedSum,
    /// Some of the nitrogen since the start was not measured.
    has_gap: bool,
    oxygen_sp: f64,
    oxygen_high: f64,
    header_low: f64,
    pressure_min: f64,
    volume: f64,
    mixing: f64,
    per_swing: f64,
    oxygen: Box<[Input<f64>]>,
    pressure: Input<f64>,
    flow: Option<Input<f64>>,
    header: Option<Input<f64>>,
    sample: Option<Input<bool>>,
    closed: Option<Input<bool>>,
    aired: Option<Input<bool>>,
    tight: Option<Input<bool>>,
    confirmed: Option<Input<bool>>,
    permit: Option<Input<bool>>,
    start: Command,
    stop: Command,
    state: Output<i64>,
    inert: Output<bool>,
    nitrogen: Output<bool>,
    vent: Output<bool>,
    vacuum: Output<bool>,
    cycles: Output<i64>,
    needed: Output<f64>,
    used_out: Output<f64>,
    why: Output<i64>,
}

impl Inert {
    /// The vote "oxygen is above": by all channels, and by those that are not bad.
    fn is_above(&self, image: &Image, limit: f64) -> (bool, bool) {
        let has_sample = self.sample.is_none_or(|pin| is_certain(image, pin));
        let channel = |pin: &Input<f64>, on_bad| {
            let oxygen = known(image, *pin).filter(|_| has_sample);
            Ballot::of(oxygen.map(|oxygen| oxygen > limit), on_bad)
        };
        let count = |on_bad| {
            let ballots = self.oxygen.iter().map(|pin| channel(pin, on_bad));
            self.voting.count(ballots)
        };
        (
            count(self.voting.on_bad).trip,
            count(OnBad::NoTrip).votes > 0,
        )
    }

    fn signs(&mut self, image: &Image, flow: Option<f64>, dt_s: f64) -> Signs {
        let (above_sp, surely_above_sp) = self.is_above(image, self.oxygen_sp);
        let (is_high, is_surely_high) = self.is_above(image, self.oxygen_high);
        let pressure = known(image, self.pressure);
        let not_certain =
            |pin: &Option<Input<bool>>| pin.is_some_and(|pin| !is_certain(image, pin));
        let certain = |pin: &Option<Input<bool>>| pin.is_some_and(|pin| is_certain(image, pin));
        Signs {
            is_permitted: self.permit.is_none_or(|pin| is_certain(image, pin)),
            pressure,
            changes: law::changes(flow, self.mixing, self.volume, dt_s),
            is_low: match (above_sp, surely_above_sp) {
                (false, _) => Some(true),
                (true, true) => Some(false),
                (true, false) => None,
            },
            is_high,
            is_surely_high,
            is_opened: not_certain(&self.closed),
            is_aired: self.aired.is_some_and(|pin| is_demanded(image, pin)),
            is_header_low: self.header.is_some_and(|pin| {
                known(image, pin).is_none_or(|header| header <= self.header_low)
            }),
            is_pressure_low: pressure.is_none_or(|pressure| pressure < self.pressure_min),
            is_tight: certain(&self.tight),
            is_confirmed: certain(&self.confirmed),
            start: self.start.given(image),
            stop: self.stop.given(image),
        }
    }

    /// Nitrogen of this scan.
    fn count_nitrogen(&mut self, flow: Option<f64>, swings: i64, dt_s: f64) {
        match (self.flow.is_some(), flow) {
            (true, Some(flow)) => self.used.add(flow.max(0.0) * dt_s / 3_600.0),
            (true, None) => self.has_gap = true,
            (false, _) => self.used.add(swings as f64 * self.per_swing),
        }
    }
}

impl Block for Inert {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let flow = self.flow.and_then(|pin| known(image, pin));
        let signs = self.signs(image, flow, scan.dt_s);
        let before = self.law;
        let Demands {
            nitrogen,
            vent,
            vacuum,
        } = self.law.step(&self.recipe, &signs, ns(scan.dt_s));
        if self.law.state == law::PURGING && matches!(before.state, law::NOT_INERT | law::LOST) {
            self.used = CompensatedSum::default();
            self.has_gap = false;
        } else if self.law.state != law::NOT_INERT {
            let swings = (self.law.cycles - before.cycles).max(0);
            self.count_nitrogen(flow, swings, scan.dt_s);
        }
        image.put(&self.state, self.law.state);
        image.put(&self.inert, self.law.state == law::INERT);
        image.put(&self.nitrogen, nitrogen);
        image.put(&self.vent, vent);
        image.put(&self.vacuum, vacuum);
        image.put(&self.cycles, self.law.cycles);
        image.put(&self.why, self.law.why);
        let needed = match self.recipe.method {
            Method::Sweep => flow.filter(|flow| *flow > 0.0).map(|flow| {
                purge::sweep_s(self.recipe.changes, self.volume, flow, self.mixing) / 60.0
            }),
            _ => Some(self.recipe.swings as f64),
        };
        show(image, &self.needed, needed, Quality::GOOD);
        let quality = if self.has_gap {
            Quality::new(Level::Uncertain, Reason::Substituted)
        } else {
            Quality::GOOD
        };
        show(
            image,
            &self.used_out,
            Some(self.used.value()),
            substituted(quality),
        );
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.law.save(state);
        self.used.save(state);
        state.bool(self.has_gap);
        self.start.save(state);
        self.stop.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.restore(state)?;
        self.used.restore(state)?;
        self.has_gap = state.bool()?;
        self.start.restore(state)?;
        self.stop.restore(state)
    }

    fn start(&mut self, _start: Start) {
        self.law.start();
        self.start.forget();
        self.stop.forget();
    }
}

impl BlockKind for Inert {
    const NAME: &'static str = "INERT";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let methods = [
            ("pressure-swing", Method::PressureSwing),
            ("vacuum-swing", Method::VacuumSwing),
            ("combined", Method::Combined),
            ("sweep", Method::Sweep),
        ];
        if !wiring.has("method") {
            wiring.problem(
                "method",
                "the method is not given",
                "method = \"pressure-swing\", \"vacuum-swing\", \"combined\" or \"sweep\"",
            );
        }
        let method = wiring.choice("method", &methods, Method::PressureSwing);
        for pin in ["pressure", "header"] {
            wiring.unit(pin, "kPa(g)");
        }
        wiring.unit("flow", "Nm3/h");
        if method == Method::Sweep {
            wiring.unit("NEEDED", "min");
        }
        wiring.states("STATE", STATES);
        wiring.states("WHY", WHYS);
        let oxygen = wiring.inputs::<f64>("oxygen");
        for at in 1..=oxygen.len() {
            wiring.unit(&format!("oxygen.{at}"), "vol%");
        }
        let voting = voting::wire(wiring, oxygen.len());
        let atmosphere = wiring.real("atmosphere", 101.325, 50.0..=120.0);
        let volume = wiring.real_required("volume", 0.001..=10_000.0);
        let (low, high) = match method {
            Method::Sweep => (
                wiring.real("low", 0.0, -101.0..=10_000.0),
                wiring.real("high", 1.0, -101.0..=10_000.0),
            ),
            _ => (
                wiring.real_required("low", -101.0..=10_000.0),
                wiring.real_required("high", -101.0..=10_000.0),
            ),
        };
        if method != Method::Sweep && wiring.has("low") && wiring.has("high") && low >= high {
            wiring.problem("low", "the pressures do not swing", "low below high");
        }
        if low + atmosphere <= 0.0 {
            wiring.problem("low", "no vessel is emptier than empty", "in kPa(g)");
        }
        let supply = wiring.real("oxygen_supply", 0.1, 0.0..=20.9);
        let start = wiring.real("oxygen_start", 20.9, 0.0..=100.0);
        let oxygen_sp = wiring.real("oxygen_sp", 2.0, 0.0..=21.0);
        let oxygen_high = wiring.real("oxygen_high", 3.0, 0.0..=21.0);
        if oxygen_high < oxygen_sp {
            wiring.problem(
                "oxygen_high",
                "the limit is below the set-point",
                "oxygen_high at or above oxygen_sp",
            );
        }
        let (low_abs, high_abs) = (low + atmosphere, high + atmosphere);
        let swings = purge::swings_needed(start, supply, oxygen_sp, low_abs, high_abs);
        let changes = purge::changes_needed(start, supply, oxygen_sp);
        let is_reachable = match method {
            Method::Sweep => changes.is_some(),
            _ => swings.is_some(),
        };
        if !is_reachable {
            wiring.problem(
                "oxygen_sp",
                "no purge of this kind comes so low",
                "see oxygen_supply, low and high",
            );
        }
        let cycles_min = wiring.int("cycles_min", 3, 1..=purge::CYCLES_MAX);
        let has_header = wiring.has("header");
        if has_header != wiring.has("header_low") {
            wiring.problem(
                "header_low",
                "header and its limit belong together",
                "header = \"PT-104.PV\" and header_low = 350.0",
            );
        }
        if method == Method::Sweep && !wiring.has("flow") {
            wiring.problem("flow", "a sweep needs its flow", "flow = \"FT-103.PV\"");
        }
        let celsius = wiring.real("celsius", 25.0, -100.0..=400.0);
        let mut time = |key: &str, default| ns(wiring.real(key, default, 0.0..=864_000.0));
        let recipe = Recipe {
            method,
            low,
            high,
            dwell_ns: time("dwell_s", 5.0),
            step_max_ns: time("step_max_s", 3_600.0),
            verify_ns: time("verify_s", 60.0),
            verify_max_ns: time("verify_max_s", 1_800.0),
            lost_ns: time("lost_s", 10.0),
            header_ns: time("header_s", 2.0),
            make_up_ns: time("make_up_s", 30.0),
            // What cannot be reached is a problem noted above.
            swings: swings.unwrap_or(purge::CYCLES_MAX).max(cycles_min),
            changes: changes.unwrap_or(f64::INFINITY),
        };
        Inert {
            recipe,
            law: InertLaw::default(),
            voting,
            used: CompensatedSum::default(),
            has_gap: false,
            oxygen_sp,
            oxygen_high,
            header_low: wiring.real("header_low", 0.0, 0.0..=10_000.0),
            pressure_min: wiring.real("pressure_min", 0.5, -101.0..=10_000.0),
            volume,
            mixing: wiring.real("mixing", 0.25, 0.1..=1.0),
            per_swing: purge::nitrogen_nm3(low_abs, high_abs, volume, celsius),
            oxygen: oxygen.into_boxed_slice(),
            pressure: wiring.input("pressure"),
            flow: wiring.input_optional("flow"),
            header: wiring.input_optional("header"),
            sample: wiring.input_optional("sample"),
            closed: wiring.input_optional("closed"),
            aired: wiring.input_optional("aired"),
            tight: wiring.input_optional("tight"),
            confirmed: wiring.input_optional("confirmed"),
            permit: wiring.input_optional("permit"),
            start: Command::wire(wiring, "START"),
            stop: Command::wire(wiring, "STOP"),
            state: wiring.output("STATE"),
            inert: wiring.output("INERT"),
            nitrogen: wiring.output("NITROGEN"),
            vent: wiring.output("VENT"),
            vacuum: wiring.output("VACUUM"),
            cycles: wiring.output("CYCLES"),
            needed: wiring.output("NEEDED"),
            used_out: wiring.output("USED"),
            why: wiring.output("WHY"),
        }
    }
}

#[cfg(test)]
mod tests;
