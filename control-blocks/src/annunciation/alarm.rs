//! A measurement that leaves its limit: the condition of an alarm.

use crate::logic::timing::{Delay, ns};
use crate::regulate::lag::decay;
use crate::regulate::rate_of_change::SlopeLaw;
use scan::*;
use signal::{Quality, Reading};

/// What is compared with the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// The value, at or above the limit.
    Above,
    /// The value, at or below the limit.
    Below,
    /// Its rise per minute, at or above the limit.
    Rising,
    /// Its fall per minute, at or above the limit.
    Falling,
    /// Its distance from a set-point, at or above the limit.
    Deviating,
}

impl Watch {
    /// The words of plant text.
    pub const WORDS: [(&'static str, Watch); 5] = [
        ("above", Watch::Above),
        ("below", Watch::Below),
        ("rising", Watch::Rising),
        ("falling", Watch::Falling),
        ("deviating", Watch::Deviating),
    ];
}

/// Whether `x` is beyond `limit`, given whether it `was`: at the limit it is, and it is
/// until it has come back by `deadband`. `Below` counts downwards, all else upwards.
#[inline]
pub fn is_out(x: f64, limit: f64, deadband: f64, watch: Watch, was: bool) -> bool {
    let slack = if was { deadband } else { 0.0 };
    match watch {
        Watch::Below => x <= limit || (was && x < limit + slack),
        _ => x >= limit || (was && x > limit - slack),
    }
}

/// `ALARM`: the condition of an alarm on a measurement, with dead-band and delays.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the measurement (real), required |
/// | `when` | `"above"`, `"below"`, `"rising"`, `"falling"` or `"deviating"`, required |
/// | `limit` | tuning tag `LIMIT`, or a tag; required. Units of `in`; per minute for `rising` and `falling`, where it is positive |
/// | `deadband` | tuning tag `DEADBAND`: how far it must come back, 0 |
/// | `on_delay_s` | tuning tag `ON_DELAY_S`: how long it must be out, 0 |
/// | `off_delay_s` | tuning tag `OFF_DELAY_S`: how long it must be back, 0 |
/// | `sp` | the set-point (real), for `deviating` only, and required there |
/// | `tau_s` | filter of the slope, 30 s, for `rising` and `falling` |
/// | `mode_1` … `mode_4` | Boolean tags: a state, a phase, a door. The first that is on counts; a bad one is not on |
/// | `mode_1_is` … | value at which it is on, `true` |
/// | `limit_1` … | tuning tag `LIMIT_1` …: the limit while that mode counts; `limit` if left out |
///
/// With modes the output `LIMIT_ACT` says which limit counts.
///
/// Output `ALM`, with the quality of what it was computed from. While that is bad the
/// condition stays as it was: a lost measurement neither raises nor clears; that it is
/// lost is an alarm of its own ([`AlarmBad`](super::AlarmBad)). A slope starts anew after
/// a bad time.
///
/// The settings are tags, so that every change of a limit passes the door and is
/// written down. What becomes of the condition (acknowledge, shelve, suppress) is no
/// matter of the scan. (ISA-18.2-2016, clause 10: dead-band and delay of alarms.)
pub struct Alarm {
    watch: Watch,
    is_out: bool,
    delay: Delay,
    slope: SlopeLaw,
    tau_s: f64,
    dt_s: f64,
    decay: f64,
    input: Input<f64>,
    limit: Input<f64>,
    deadband: Input<f64>,
    on_delay_s: Input<f64>,
    off_delay_s: Input<f64>,
    sp: Option<Input<f64>>,
    modes: Box<[LimitOfMode]>,
    limit_act: Option<Status<f64>>,
    alm: Output<bool>,
}

/// What the limit is in a mode.
struct LimitOfMode {
    mode: Input<bool>,
    is: bool,
    limit: Option<Input<f64>>,
}

impl Alarm {
    /// The limit that counts now.
    #[inline]
    fn limit_now(&self, image: &Image) -> Reading<f64> {
        let is_on = |mode: &&LimitOfMode| {
            let told = image.get(mode.mode);
            !told.is_bad() && told.value == mode.is
        };
        let limit = self.modes.iter().find(is_on).and_then(|mode| mode.limit);
        image.get(limit.unwrap_or(self.limit))
    }

    /// What is compared with the limit, and its quality.
    #[inline]
    fn watched(&mut self, scan: &Scan, image: &Image) -> (f64, Quality) {
        let input = image.get(self.input);
        let mut quality = input.quality.worst(Quality::GOOD);
        let x = match self.watch {
            Watch::Above | Watch::Below => input.value,
            Watch::Rising | Watch::Falling => {
                if scan.dt_s != self.dt_s {
                    self.dt_s = scan.dt_s;
                    self.decay = decay(scan.dt_s, self.tau_s);
                }
                if quality.is_bad() || !input.value.is_finite() {
                    self.slope.clear();
                    return (0.0, Quality::NOT_FINITE.worst(quality));
                }
                let rise = self.slope.step(input.value, self.decay, scan.dt_s) * 60.0;
                if self.watch == Watch::Rising {
                    rise
                } else {
                    -rise
                }
            }
            Watch::Deviating => {
                let sp = self
                    .sp
                    .map_or(Reading::new(0.0, Quality::NOT_WRITTEN), |pin| {
                        image.get(pin)
                    });
                quality = quality.worst(sp.quality);
                (input.value - sp.value).abs()
            }
        };
        if x.is_finite() {
            (x, quality)
        } else {
            (x, quality.worst(Quality::NOT_FINITE))
        }
    }
}

impl Block for Alarm {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let (x, quality) = self.watched(scan, image);
        let limit = self.limit_now(image);
        if let Some(limit_act) = &self.limit_act {
            image.set(limit_act, limit);
        }
        let quality = quality.worst(limit.quality);
        let dt_ns = ns(scan.dt_s);
        let alm = if quality.is_bad() {
            // Neither raises nor clears, and a delay that ran begins anew.
            let stands = self.delay.output();
            self.is_out = stands;
            self.delay.step(stands, 0, 0, dt_ns)
        } else {
            let deadband = image.value(self.deadband);
            self.is_out = is_out(x, limit.value, deadband, self.watch, self.is_out);
            let (on, off) = (image.value(self.on_delay_s), image.value(self.off_delay_s));
            self.delay.step(self.is_out, ns(on), ns(off), dt_ns)
        };
        image.set(&self.alm, Reading::new(alm, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_out);
        self.delay.save(state);
        self.slope.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_out = state.bool()?;
        self.delay.restore(state)?;
        self.slope.restore(state)
    }
}

impl BlockKind for Alarm {
    const NAME: &'static str = "ALARM";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        for (key, help) in [
            ("limit", "limit = 80.0"),
            (
                "when",
                "when = \"above\", \"below\", \"rising\", \"falling\" or \"deviating\"",
            ),
        ] {
            if !wiring.has(key) {
                wiring.problem(key, format!("`{key}` is not given"), help);
            }
        }
        let watch = wiring.choice("when", &Watch::WORDS, Watch::Above);
        let sp = wiring.input_optional("sp");
        if sp.is_some() != (watch == Watch::Deviating) {
            wiring.problem(
                "sp",
                "a set-point goes with `deviating`, and only with it",
                "when = \"deviating\" and sp = \"TIC-101.SP\"",
            );
        }
        if matches!(watch, Watch::Above | Watch::Below) {
            wiring.same_unit(&["in", "limit"]);
            wiring.range_like("limit", "in");
        }
        const TIME: std::ops::RangeInclusive<f64> = 0.0..=86_400.0;
        let modes = modes(wiring, watch);
        let limit_act = (!modes.is_empty()).then(|| wiring.status("LIMIT_ACT"));
        if limit_act.is_some() && matches!(watch, Watch::Above | Watch::Below) {
            wiring.same_unit(&["in", "LIMIT_ACT"]);
            wiring.range_like("LIMIT_ACT", "in");
        }
        Alarm {
            watch,
            is_out: false,
            delay: Delay::default(),
            slope: SlopeLaw::default(),
            tau_s: wiring.real("tau_s", 30.0, TIME),
            dt_s: 0.0,
            decay: 0.0,
            input: wiring.input("in"),
            limit: wiring.tuning("limit", 0.0, f64::MIN..=f64::MAX),
            deadband: wiring.tuning("deadband", 0.0, 0.0..=f64::MAX),
            on_delay_s: wiring.tuning("on_delay_s", 0.0, TIME),
            off_delay_s: wiring.tuning("off_delay_s", 0.0, TIME),
            sp,
            modes,
            limit_act,
            alm: wiring.output("ALM"),
        }
    }
}

/// Modes of one alarm at most.
const MODES_MAX: usize = 4;

/// The modes, each with its limit if it has one.
fn modes(wiring: &mut Wiring<'_>, watch: Watch) -> Box<[LimitOfMode]> {
    let mut modes = Vec::new();
    for number in 1..=MODES_MAX {
        let (mode, limit) = (format!("mode_{number}"), format!("limit_{number}"));
        let is = format!("mode_{number}_is");
        if !wiring.has(&mode) {
            for key in [&limit, &is] {
                if wiring.has(key) {
                    wiring.problem(
                        key,
                        format!("{key} without {mode}"),
                        "mode_1 = \"PHASE.RUN\"",
                    );
                }
            }
            continue;
        }
        let has_limit = wiring.has(&limit);
        modes.push(LimitOfMode {
            mode: wiring.input(&mode),
            is: wiring.bool(&is, true),
            limit: has_limit.then(|| wiring.tuning(&limit, 0.0, f64::MIN..=f64::MAX)),
        });
        if has_limit && matches!(watch, Watch::Above | Watch::Below) {
            wiring.same_unit(&["in", &limit]);
            wiring.range_like(&limit, "in");
        }
    }
    modes.into()
}

#[cfg(test)]
mod tests;
