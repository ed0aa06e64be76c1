//! Supervision of an agitator, and how it may start again.

use crate::logic::timing::{Delay, ns};
use crate::protect::{is_certain, is_demanded};
use crate::sense::{Command, Spell, known, quality_of, substituted};
use scan::*;
use signal::{Quality, Reading};

const STOPPED: i64 = 0;
const RUNNING: i64 = 1;
const STARTING: i64 = 2;
const SLOW: i64 = 3;
const INHIBITED: i64 = 4;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (STOPPED, "stopped", "停止"),
    (RUNNING, "running", "运行"),
    (STARTING, "starting", "启动中"),
    (SLOW, "slow, watched", "低速观察"),
    (INHIBITED, "restart inhibited", "禁止重启"),
];

const FINE: i64 = 0;
const NOT_RUNNING: i64 = 1;
const SPEED_LOW: i64 = 2;
const CURRENT_LOW: i64 = 3;
const CURRENT_HIGH: i64 = 4;

/// Names of `WHY`.
const WHYS: &[(i64, &str, &str)] = &[
    (FINE, "none", "无"),
    (NOT_RUNNING, "not running", "未运行"),
    (SPEED_LOW, "speed low or unknown", "转速低或未知"),
    (
        CURRENT_LOW,
        "current low or unknown (blade or shaft lost)",
        "电流低或未知(桨叶/轴脱落)",
    ),
    (CURRENT_HIGH, "current high", "电流高"),
];

/// Times of an agitator in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct AgitationTimes {
    /// After a stop of this length the layers have settled.
    pub settle_ns: u64,
    /// How long it runs slowly after a guarded start.
    pub slow_ns: u64,
    /// Longest wait for the run feedback.
    pub start_ns: u64,
    /// How long a lost feedback is borne.
    pub lost_ns: u64,
}

/// What the law sees in one scan.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct AgitationSigns {
    pub start: bool,
    pub stop: bool,
    /// Run feedback.
    pub runs: bool,
    /// The mains are there.
    pub has_power: bool,
    /// Reactant goes in, or may.
    pub is_dosing: bool,
    /// Temperature in order, and the accumulation small or a start authorised.
    pub is_safe: bool,
    /// The temperature rises fast, or nobody knows.
    pub surges: bool,
}

/// Starts on a wish only; after a long stop, a power dip while dosing or a start of
/// the program only while it is safe, and then slowly at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgitationLaw {
    is_wanted: bool,
    is_confirmed: bool,
    /// The next start is guarded; a start that runs was.
    is_guarded: bool,
    stopped_ns: u64,
    amiss: Spell,
    slow: Spell,
}

impl Default for AgitationLaw {
    fn default() -> Self {
        AgitationLaw {
            is_wanted: false,
            is_confirmed: false,
            is_guarded: true,
            stopped_ns: 0,
            amiss: Spell::default(),
            slow: Spell::default(),
        }
    }
}

impl AgitationLaw {
    /// Whether a start would be obeyed, or was.
    pub fn is_permitted(&self, signs: &AgitationSigns) -> bool {
        signs.has_power && (self.is_wanted || !self.is_guarded || signs.is_safe)
    }

    /// One scan; the state.
    pub fn step(&mut self, times: &AgitationTimes, signs: &AgitationSigns, dt_ns: u64) -> i64 {
        if !self.is_wanted {
            self.stopped_ns = self.stopped_ns.saturating_add(dt_ns);
            self.is_guarded |= self.stopped_ns >= times.settle_ns;
        }
        if signs.stop {
            self.stop();
        } else if signs.start && !self.is_wanted && self.is_permitted(signs) {
            *self = AgitationLaw {
                is_wanted: true,
                is_guarded: self.is_guarded,
                ..AgitationLaw::default()
            };
        }
        if !signs.has_power {
            self.stop();
            self.is_guarded |= signs.is_dosing;
        }
        if self.is_wanted {
            self.is_confirmed |= signs.runs;
            let patience = match self.is_confirmed {
                true => times.lost_ns,
                false => times.start_ns,
            };
            if self.amiss.has_lasted(!signs.runs, patience, dt_ns) {
                self.stop();
            }
        }
        if self.is_wanted && self.is_guarded && self.is_confirmed {
            // A surge begins the slow time anew; to stop would be worse.
            if self.slow.has_lasted(!signs.surges, times.slow_ns, dt_ns) {
                self.is_guarded = false;
            }
        }
        match (self.is_wanted, self.is_confirmed, self.is_guarded) {
            (true, false, _) => STARTING,
            (true, true, true) => SLOW,
            (true, true, false) => RUNNING,
            (false, ..) if self.is_permitted(signs) => STOPPED,
            _ => INHIBITED,
        }
    }

    fn stop(&mut self) {
        if self.is_wanted {
            *self = AgitationLaw {
                is_guarded: self.is_guarded,
                ..AgitationLaw::default()
            };
        }
    }

    /// After a start of the program nobody knows how long it stood.
    pub fn start(&mut self) {
        *self = AgitationLaw::default();
    }
}

/// `AGITATION`: supervision of an agitator and its guarded restart.
///
/// | key | meaning |
/// |---|---|
/// | `running` | run feedback, Boolean, required |
/// | `speed`, `speed_min` | speed by its own sensor and the least that agitates, rpm, required |
/// | `current`, `current_min`, `current_max` | motor current and its limits, A; optional |
/// | `for_s` | how long a fault must last, 2 s (demo design value) |
/// | `speed_sp` | speed set-point, rpm: tuning tag `SPEED_SP`, or a tag; required |
/// | `slow_speed` | speed after a guarded start, rpm, required |
/// | `slow_s` | how long it runs slowly without a surge, 300 s (demo design value) |
/// | `settle_s` | after a stop of this length a start is guarded, 120 s (demo design value) |
/// | `temperature`, `temperature_min`, `temperature_max` | bulk temperature in which a guarded start is permitted, °C, required |
/// | `rise` | what the accumulation could still heat, K, such as `CALORIMETRY.RISE`, required |
/// | `rise_max` | so much is small, K, 5 (demo design value) |
/// | `authorised` | Boolean tag: written authorisation, in place of a small `rise`; optional |
/// | `rate`, `rate_max` | dT/dt and when it is a surge, K/min, required and 1 (demo cause C04) |
/// | `mains` | Boolean tag: mains, not UPS; false or bad is a power dip; optional |
/// | `dosing` | Boolean tag: reactant goes in; optional |
/// | `start_s`, `lost_s` | longest wait for the feedback, 10 s, and how long a lost one is borne, 0.5 s |
/// | `start_when`, `stop_when` | Boolean tags whose rising edge is `START`, `STOP`; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `STOP` | commands; a start that is not permitted is refused, not stored |
/// | `RUN` | demand: for `demand` of the `MOTOR` |
/// | `PERMIT` | a start would be obeyed, or was: for `permit` of the `MOTOR` |
/// | `SP` | speed set-point, rpm: `speed_sp`, or `slow_speed` until a start has been watched |
/// | `OK` | it agitates: running, fast enough, current within its limits |
/// | `WHY` | why not: 1 not running, 2 speed, 3 current low, 4 current high |
/// | `STATE` | 0 stopped, 1 running, 2 starting, 3 slow and watched, 4 restart inhibited |
///
/// A start is guarded after a stop of `settle_s`, after a power dip while dosing, and
/// after every start of the program: layers that settled react at once when they are
/// mixed. It then needs the temperature in order and a small `rise` (bad ones are neither) or
/// the authorisation, and begins slowly; a surge of temperature begins the slow time
/// anew. Nothing starts the agitator but a command: not the return of the power, not the end of a trip.
/// A bad speed or current is a fault. (安监总管三〔2009〕116号 on restart of nitrators; AQ 3062.)
pub struct Agitation {
    times: AgitationTimes,
    law: AgitationLaw,
    for_ns: u64,
    fault: Delay,
    speed_min: f64,
    current_min: f64,
    current_max: f64,
    slow_speed: f64,
    temperature_min: f64,
    temperature_max: f64,
    rise_max: f64,
    rate_max: f64,
    running: Input<bool>,
    speed: Input<f64>,
    current: Option<Input<f64>>,
    speed_sp: Input<f64>,
    temperature: Input<f64>,
    rise: Input<f64>,
    rate: Input<f64>,
    authorised: Option<Input<bool>>,
    mains: Option<Input<bool>>,
    dosing: Option<Input<bool>>,
    start: Command,
    stop: Command,
    run: Output<bool>,
    permit: Output<bool>,
    sp: Output<f64>,
    ok: Output<bool>,
    why: Output<i64>,
    state: Output<i64>,
}

impl Agitation {
    fn fault(&self, image: &Image) -> i64 {
        let current = self.current.map(|pin| known(image, pin));
        if !is_certain(image, self.running) {
            NOT_RUNNING
        } else if known(image, self.speed).is_none_or(|speed| speed < self.speed_min) {
            SPEED_LOW
        } else if current.is_some_and(|amps| amps.is_none_or(|amps| amps < self.current_min)) {
            CURRENT_LOW
        } else if current
            .flatten()
            .is_some_and(|amps| amps > self.current_max)
        {
            CURRENT_HIGH
        } else {
            FINE
        }
    }

    fn signs(&mut self, image: &Image) -> AgitationSigns {
        let is_tempered = known(image, self.temperature)
            .is_some_and(|t| (self.temperature_min..=self.temperature_max).contains(&t));
        let is_small = known(image, self.rise).is_some_and(|rise| rise <= self.rise_max);
        let is_authorised = self.authorised.is_some_and(|pin| is_certain(image, pin));
        AgitationSigns {
            start: self.start.given(image),
            stop: self.stop.given(image),
            runs: is_certain(image, self.running),
            has_power: self.mains.is_none_or(|pin| is_certain(image, pin)),
            is_dosing: self.dosing.is_some_and(|pin| is_demanded(image, pin)),
            is_safe: is_tempered && (is_small || is_authorised),
            surges: known(image, self.rate).is_none_or(|rate| rate > self.rate_max),
        }
    }
}

impl Block for Agitation {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let dt_ns = ns(scan.dt_s);
        let signs = self.signs(image);
        let state = self.law.step(&self.times, &signs, dt_ns);
        let why = self.fault(image);
        let is_faulty = self.fault.step(why != FINE, self.for_ns, 0, dt_ns);
        image.put(&self.run, self.law.is_wanted);
        image.put(&self.permit, self.law.is_permitted(&signs));
        let (speed, quality) = match (state, known(image, self.speed_sp)) {
            (RUNNING, Some(speed)) => (speed, quality_of(image, self.speed_sp)),
            // A running agitator is not slowed down by a lost set-point.
            (RUNNING, None) => (
                image.held(&self.sp).value,
                substituted(quality_of(image, self.speed_sp)),
            ),
            _ => (self.slow_speed, Quality::GOOD),
        };
        image.set(&self.sp, Reading::new(speed, quality));
        image.put(&self.ok, !is_faulty);
        image.put(&self.why, if is_faulty { why } else { FINE });
        image.put(&self.state, state);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.law.is_wanted);
        state.bool(self.law.is_confirmed);
        state.bool(self.law.is_guarded);
        state.word(self.law.stopped_ns);
        self.law.amiss.save(state);
        self.law.slow.save(state);
        self.fault.save(state);
        self.start.save(state);
        self.stop.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.is_wanted = state.bool()?;
        self.law.is_confirmed = state.bool()?;
        self.law.is_guarded = state.bool()?;
        self.law.stopped_ns = state.word()?;
        self.law.amiss.restore(state)?;
        self.law.slow.restore(state)?;
        self.fault.restore(state)?;
        self.start.restore(state)?;
        self.stop.restore(state)
    }

    fn start(&mut self, _start: Start) {
        self.law.start();
        // Until it is seen, nothing agitates.
        self.fault.set(true);
        self.start.forget();
        self.stop.forget();
    }
}

impl BlockKind for Agitation {
    const NAME: &'static str = "AGITATION";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("speed_sp") {
            wiring.problem("speed_sp", "`speed_sp` is not given", "speed_sp = 90.0");
        }
        let limits = wiring.has("current_min") && wiring.has("current_max");
        if wiring.has("current") != limits {
            wiring.problem(
                "current",
                "the current and both its limits belong together",
                "current = \"IT-101.PV\", current_min = 8.0, current_max = 36.0",
            );
        }
        for (pin, unit) in [
            ("speed", "rpm"),
            ("speed_sp", "rpm"),
            ("SP", "rpm"),
            ("current", "A"),
            ("temperature", "°C"),
            ("rise", "K"),
            ("rate", "K/min"),
        ] {
            wiring.unit(pin, unit);
        }
        wiring.range_like("SP", "speed");
        wiring.states("STATE", STATES);
        wiring.states("WHY", WHYS);
        let temperature_min = wiring.real_required("temperature_min", -273.15..=2_000.0);
        let temperature_max = wiring.real_required("temperature_max", -273.15..=2_000.0);
        let given = wiring.has("temperature_min") && wiring.has("temperature_max");
        if given && temperature_min > temperature_max {
            wiring.problem(
                "temperature_min",
                "no temperature is in order",
                "temperature_min below temperature_max",
            );
        }
        let current_min = wiring.real("current_min", 0.0, 0.0..=1e5);
        let current_max = wiring.real("current_max", 1e5, 0.0..=1e5);
        if current_min > current_max {
            wiring.problem(
                "current_min",
                "no current is in order",
                "current_min below current_max",
            );
        }
        let mut time = |key: &str, default| ns(wiring.real(key, default, 0.0..=86_400.0));
        let times = AgitationTimes {
            settle_ns: time("settle_s", 120.0),
            slow_ns: time("slow_s", 300.0),
            start_ns: time("start_s", 10.0),
            lost_ns: time("lost_s", 0.5),
        };
        Agitation {
            times,
            law: AgitationLaw::default(),
            for_ns: ns(wiring.real("for_s", 2.0, 0.0..=3_600.0)),
            fault: Delay::default(),
            speed_min: wiring.real_required("speed_min", 0.0..=1e5),
            current_min,
            current_max,
            slow_speed: wiring.real_required("slow_speed", 0.0..=1e5),
            temperature_min,
            temperature_max,
            rise_max: wiring.real("rise_max", 5.0, 0.0..=1_000.0),
            rate_max: wiring.real("rate_max", 1.0, 0.0..=1_000.0),
            running: wiring.input("running"),
            speed: wiring.input("speed"),
            current: wiring.input_optional("current"),
            speed_sp: wiring.tuning("speed_sp", 0.0, 0.0..=1e5),
            temperature: wiring.input("temperature"),
            rise: wiring.input("rise"),
            rate: wiring.input("rate"),
            authorised: wiring.input_optional("authorised"),
            mains: wiring.input_optional("mains"),
            dosing: wiring.input_optional("dosing"),
            start: Command::wire(wiring, "START"),
            stop: Command::wire(wiring, "STOP"),
            run: wiring.output("RUN"),
            permit: wiring.output("PERMIT"),
            sp: wiring.output("SP"),
            ok: wiring.output("OK"),
            why: wiring.output("WHY"),
            state: wiring.output("STATE"),
        }
    }
}

#[cfg(test)]
mod tests;
