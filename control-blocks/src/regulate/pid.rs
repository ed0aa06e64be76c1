//! PID controller with modes, tracking, cascade and shedding.

use super::pid_law::{PidLaw, PidShape, PidTuning};
use scan::*;
use signal::{Level, Quality, Reading, Reason, math};

const MAN: i64 = 0;
const AUTO: i64 = 1;
const CAS: i64 = 2;
const TRACK: i64 = 3;
const HOLD: i64 = 4;
/// Not a mode: the first scan after a start.
const NONE: i64 = -1;

/// Names of `MODE`.
const MODES: &[(i64, &str, &str)] = &[
    (MAN, "MAN", "手动"),
    (AUTO, "AUTO", "自动"),
    (CAS, "CAS", "串级"),
];
/// Names of `MODE_ACT`.
const ACTUAL_MODES: &[(i64, &str, &str)] = &[
    (MAN, "MAN", "手动"),
    (AUTO, "AUTO", "自动"),
    (CAS, "CAS", "串级"),
    (TRACK, "TRACK", "跟踪"),
    (HOLD, "HOLD", "保持"),
];

/// The working set-point: `target` within its limits, approached no faster than
/// `step` a scan.
#[inline]
pub fn working_set_point(last: f64, target: f64, step: f64, low: f64, high: f64) -> f64 {
    math::clamp(math::clamp(target, last - step, last + step), low, high)
}

/// `PID`: ISA standard form, two degrees of freedom ([`PidLaw`] has the equation).
///
/// | key | meaning |
/// |---|---|
/// | `in` | the measurement (real), required |
/// | `action` | `"reverse"` (output falls when `in` rises: heating, dosing) or `"direct"` (cooling), required |
/// | `kp`, `ti_s`, `td_s` | tunings, tags `KP` (output units per unit of `in`), `TI_S`, `TD_S` (s, 0 = part off); 1, 0, 0 |
/// | `b`, `c`, `n` | set-point weights of P (1) and D (0), derivative filter `Td/N` (10) |
/// | `out_lo`, `out_hi`, `out_rate` | output limits (0, 100) and greatest change per second (none) |
/// | `sp_lo`, `sp_hi`, `sp_rate` | set-point limits (none) and greatest change per second (none) |
/// | `sp`, `out`, `mode` | initial values of the settings: 0, 0 and 0 (MAN) |
/// | `sp_track` | in MAN the set-point follows the measurement, false |
/// | `on_bad_pv` | `"man"` (shed to MAN, output held, only people return; default) or `"hold"` (output held until the measurement returns) |
/// | `cas` | remote set-point (real), optional; allows mode CAS |
/// | `track`, `track_when` | while the Boolean is true the output is this value; wins over AUTO and CAS |
/// | `bkcal` | what the output really does, through a delayed pin: position, or `SP_ACT` of the loop below; external reset |
/// | `bkcal_ok` | `CAS_OK` of the loop below, delayed: while not true the output tracks `bkcal` |
/// | `ff`, `ff_gain` | feed-forward added to the output, and its gain (1) |
///
/// | tag | meaning |
/// |---|---|
/// | `SP` | set-point; people write it in MAN and AUTO; in CAS it follows |
/// | `OUT` | output; people write it in MAN |
/// | `MODE` | 0 MAN, 1 AUTO, 2 CAS: what is wanted |
/// | `MODE_ACT` | what is: 0–2, 3 TRACK, 4 HOLD (bad measurement) |
/// | `SP_ACT` | working set-point, after limits and rate; while the output is at a limit it carries the limit flag of the direction in which it would have no effect |
/// | `PV` | copy of the measurement, for faceplates |
/// | `CAS_OK` | the loop is really in CAS; for `bkcal_ok` above |
///
/// Every change of mode, of tuning, in or out of tracking is bumpless: the
/// integral is chosen so that the output goes on from where it stands. The same
/// holds when a person has forced `OUT` and lets it go. A bad `cas` sheds CAS to
/// AUTO at the last set-point, from where only people return; a bad `ff` keeps
/// its last good value; a bad `track`, `track_when` or `bkcal` is not followed;
/// while `bkcal_ok` is false or bad and `bkcal` is bad the output holds.
///
/// Quality of `OUT`: in MAN good with the manual flag, in HOLD
/// uncertain-substituted, else that of the measurement (in CAS also of `cas`),
/// with limit flags at `out_lo` and `out_hi`.
///
/// A wired cascade: upper loop `bkcal = { delayed = "LOW.SP_ACT" }`,
/// `bkcal_ok = { delayed = "LOW.CAS_OK" }`; lower loop `cas = "UP.OUT"`.
// What a steady scan touches, in three cache lines.
#[repr(C, align(64))]
pub struct Pid {
    input: Input<f64>,
    out: LiveSetting<f64>,
    pv: Output<f64>,
    /// Whether the output stood at a limit.
    was_limited: bool,
    /// [`Image::interventions`] when the loop was last seen steady: while they stand
    /// still, neither modes, set-points nor tunings can have changed.
    calm_since: u64,
    sp_act: f64,
    out_last: f64,
    rest: Box<Rest>,
    law: PidLaw,
}

/// What a steady scan has no need of.
struct Rest {
    /// Without wires.
    is_plain: bool,
    /// Whether tunings are tags of the text's own, which people alone change.
    is_tuned_by_hand: bool,
    /// What the last scan really was.
    actual: i64,
    is_direct: bool,
    sp_track: bool,
    sheds: bool,
    kp: Input<f64>,
    ti_s: Input<f64>,
    td_s: Input<f64>,
    sp: Setting<f64>,
    mode: Setting<i64>,
    mode_act: Output<i64>,
    sp_act_out: Status<f64>,
    cas_ok: Output<bool>,
    sp_lo: f64,
    sp_hi: f64,
    sp_rate: f64,
    wires: Option<Box<Wires>>,
}

/// The pins that most loops do not have, out of the way of the hot path.
struct Wires {
    cas: Option<Input<f64>>,
    track: Option<(Input<f64>, Input<bool>)>,
    bkcal: Option<Input<f64>>,
    bkcal_ok: Option<Input<bool>>,
    ff: Option<Input<f64>>,
    ff_gain: f64,
    ff_last: f64,
}

impl Wires {
    /// The value to track, if any; `Some(None)` means hold.
    fn tracked(&self, image: &Image) -> Option<Option<f64>> {
        if let Some((value, when)) = self.track {
            let (value, when) = (image.get(value), image.get(when));
            if when.value && !when.is_bad() && !value.is_bad() && value.value.is_finite() {
                return Some(Some(value.value));
            }
        }
        let (bkcal, ok) = (self.bkcal?, image.get(self.bkcal_ok?));
        if ok.value && !ok.is_bad() {
            return None;
        }
        let bkcal = image.get(bkcal);
        Some((!bkcal.is_bad() && bkcal.value.is_finite()).then_some(bkcal.value))
    }

    fn feed_forward(&mut self, image: &Image) -> f64 {
        if let Some(ff) = self.ff.map(|pin| image.get(pin)) {
            let value = ff.value * self.ff_gain;
            if !ff.is_bad() && value.is_finite() {
                self.ff_last = value;
            }
        }
        self.ff_last
    }
}

impl Pid {
    #[inline]
    fn tuning(&self, image: &Image) -> PidTuning {
        PidTuning {
            kp: image.value(self.rest.kp),
            ti_s: image.value(self.rest.ti_s),
            td_s: image.value(self.rest.td_s),
        }
    }

    /// What a person wants of a setting, if it is a number.
    fn wanted<P: OutputPin<f64>>(image: &Image, setting: &Setting<f64, P>) -> f64 {
        match image.requested(&setting.request) {
            Some(wanted) if wanted.is_finite() => wanted,
            _ => image.held(&setting.output).value,
        }
    }

    /// Flags of an output at its limits.
    #[inline]
    fn limits(&self, out: f64) -> u16 {
        let mut flags = 0;
        if out >= self.law.out_hi() {
            flags = Quality::LIMITED_HIGH;
        }
        if out <= self.law.out_lo() {
            flags |= Quality::LIMITED_LOW;
        }
        flags
    }

    /// Whether this scan is like the last: in AUTO, without cascade, tracking or
    /// feed-forward, nothing asked for, the set-point reached, nothing forced. Then
    /// only `OUT` and `PV` can change. Most scans of most loops are such.
    #[inline]
    fn is_steady(&self, image: &Image, pv: Reading<f64>, last: f64) -> bool {
        self.rest.is_plain
            && self.rest.actual == AUTO
            && image.requested(&self.rest.mode.request).is_none()
            && image.requested(&self.rest.sp.request).is_none()
            && image.held(&self.rest.mode.output).value == AUTO
            && image.held(&self.rest.mode_act).value == AUTO
            && !image.held(&self.rest.cas_ok).value
            && image.held(&self.rest.sp.output).value == self.sp_act
            && image.held(&self.rest.sp_act_out).value == self.sp_act
            && last == self.out_last
            && !pv.is_bad()
            && pv.value.is_finite()
    }

    /// Everything the loop shows, of this scan.
    #[inline]
    #[allow(clippy::too_many_arguments)]
    fn show(
        &mut self,
        image: &mut Image,
        mode: i64,
        actual: i64,
        sp: f64,
        pv: Reading<f64>,
        out: Reading<f64>,
    ) {
        self.rest.actual = actual;
        self.out_last = out.value;
        self.was_limited = self.limits(out.value) != 0;
        let is_regulating = actual == AUTO || actual == CAS;
        let mut sp_quality = Quality::GOOD;
        if is_regulating
            && out.quality.flags() & (Quality::LIMITED_LOW | Quality::LIMITED_HIGH) != 0
        {
            // A reverse-acting output that is at its top cannot obey a higher set-point.
            let at_top = out.value >= self.law.out_hi();
            sp_quality = sp_quality.with(if at_top != self.rest.is_direct {
                Quality::LIMITED_HIGH
            } else {
                Quality::LIMITED_LOW
            });
        }
        image.put(&self.rest.sp.output, sp);
        image.set(&self.out.output, out);
        image.put(&self.rest.mode.output, mode);
        image.put(&self.rest.mode_act, actual);
        image.set(&self.rest.sp_act_out, Reading::new(self.sp_act, sp_quality));
        image.set(&self.pv, pv);
        image.put(&self.rest.cas_ok, actual == CAS);
    }

    /// The set-point that people or the loop above want, and the working one.
    fn set_points(
        &mut self,
        scan: &Scan,
        image: &Image,
        mode: i64,
        pv: Option<f64>,
        cas: Option<f64>,
    ) -> f64 {
        let wanted = Self::wanted(image, &self.rest.sp);
        let wanted = math::clamp(wanted, self.rest.sp_lo, self.rest.sp_hi);
        let step = self.rest.sp_rate * scan.dt_s;
        if self.rest.actual == NONE {
            // A limited set-point starts its way from where the process is.
            self.sp_act = pv.unwrap_or(wanted);
        }
        match (mode, cas) {
            (CAS, Some(cas)) => {
                self.sp_act =
                    working_set_point(self.sp_act, cas, step, self.rest.sp_lo, self.rest.sp_hi);
                self.sp_act
            }
            (MAN, _) => {
                let sp = match pv {
                    Some(pv) if self.rest.sp_track => {
                        math::clamp(pv, self.rest.sp_lo, self.rest.sp_hi)
                    }
                    _ => wanted,
                };
                self.sp_act = sp;
                sp
            }
            _ => {
                self.sp_act =
                    working_set_point(self.sp_act, wanted, step, self.rest.sp_lo, self.rest.sp_hi);
                wanted
            }
        }
    }

    /// Any scan, whatever the modes. What [`Block::step`] does for a loop that
    /// stays in AUTO is this with everything that cannot happen left out.
    #[inline(never)]
    fn step_any(&mut self, scan: &Scan, image: &mut Image) {
        let pv = image.get(self.input);
        let usable = (!pv.is_bad() && pv.value.is_finite()).then_some(pv.value);
        let cas = self
            .rest
            .wires
            .as_ref()
            .and_then(|wires| wires.cas)
            .map(|pin| image.get(pin));
        let remote = cas
            .filter(|cas| !cas.is_bad() && cas.value.is_finite())
            .map(|cas| cas.value);
        let held_mode = image.held(&self.rest.mode.output).value;
        let mut mode = match image.requested(&self.rest.mode.request) {
            Some(wanted @ (MAN | AUTO)) => wanted,
            Some(CAS) if cas.is_some() => CAS,
            _ => held_mode,
        };
        if !(MAN..=CAS).contains(&mode) {
            mode = MAN;
        }
        if mode == CAS && remote.is_none() {
            mode = AUTO;
        }
        if usable.is_none() && self.rest.sheds {
            mode = MAN;
        }
        let tracked = self
            .rest
            .wires
            .as_ref()
            .and_then(|wires| wires.tracked(image));
        let sp = self.set_points(scan, image, mode, usable, remote);
        let held = image.held(&self.out.output).value;
        self.law.tune(self.tuning(image), scan.dt_s);
        let ff = match &mut self.rest.wires {
            Some(wires) => wires.feed_forward(image),
            None => 0.0,
        };

        let (actual, out) = match (mode, usable, tracked) {
            (MAN, ..) => {
                let out = math::clamp(
                    Self::wanted(image, &self.out),
                    self.law.out_lo(),
                    self.law.out_hi(),
                );
                (MAN, Reading::new(out, Quality::GOOD.with(Quality::MANUAL)))
            }
            (_, _, Some(Some(tracked))) => {
                let out = math::clamp(tracked, self.law.out_lo(), self.law.out_hi());
                (TRACK, Reading::good(out))
            }
            (_, None, _) | (_, _, Some(None)) => {
                let out = math::clamp(held, self.law.out_lo(), self.law.out_hi());
                const HELD: Quality = Quality::new(Level::Uncertain, Reason::Substituted);
                let actual = if usable.is_none() { HOLD } else { TRACK };
                (actual, Reading::new(out, HELD))
            }
            (mode, Some(value), None) => {
                let mut quality = pv.quality;
                if let (CAS, Some(cas)) = (mode, cas) {
                    quality = quality.worst(cas.quality);
                }
                let out = self.regulate(image, mode, value, ff, held);
                (mode, Reading::new(out, quality.worst(Quality::GOOD)))
            }
        };
        let out = Reading::new(out.value, out.quality.with(self.limits(out.value)));
        self.show(image, mode, actual, sp, pv, out);
    }

    /// One step of the law, aligned first if the loop was not in this mode before
    /// or its output is not where the law left it.
    fn regulate(&mut self, image: &Image, mode: i64, pv: f64, ff: f64, held: f64) -> f64 {
        if mode != self.rest.actual || held != self.out_last {
            self.law.align(self.sp_act, pv, ff, held);
            return self.law.step(self.sp_act, pv, ff, held);
        }
        let bkcal = self
            .rest
            .wires
            .as_ref()
            .and_then(|wires| wires.bkcal)
            .map(|pin| image.get(pin))
            .filter(|bkcal| !bkcal.is_bad() && bkcal.value.is_finite());
        let Some(bkcal) = bkcal else {
            return self.law.step(self.sp_act, pv, ff, held);
        };
        let before = self.law.integral();
        self.law.reset_towards(bkcal.value, held);
        let out = self.law.step(self.sp_act, pv, ff, held);
        self.law.keep_integral(
            before,
            !bkcal.quality.has(Quality::LIMITED_HIGH),
            !bkcal.quality.has(Quality::LIMITED_LOW),
        );
        out
    }
}

impl Pid {
    /// A scan of which it is not known that nothing but the measurement has changed.
    /// True if it is so after all and the rest of the scan is to be done; else the
    /// scan is done.
    #[inline(never)]
    fn is_steady_after_all(
        &mut self,
        scan: &Scan,
        image: &mut Image,
        pv: Reading<f64>,
        last: f64,
    ) -> bool {
        if !self.is_steady(image, pv, last) {
            self.calm_since = u64::MAX;
            self.step_any(scan, image);
            return false;
        }
        self.law.tune(self.tuning(image), scan.dt_s);
        if self.rest.is_tuned_by_hand {
            self.calm_since = image.interventions();
        }
        true
    }

    /// At a limit, or just come from one, the flags of others change too.
    #[inline(never)]
    fn show_limited(&mut self, image: &mut Image, pv: Reading<f64>, out: f64) {
        let quality = pv.quality.worst(Quality::GOOD).with(self.limits(out));
        self.show(
            image,
            AUTO,
            AUTO,
            self.sp_act,
            pv,
            Reading::new(out, quality),
        );
    }
}

impl Block for Pid {
    #[inline(always)] // Into the loop over a row: most of a plant's time is spent here.
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let pv = image.get(self.input);
        let last = image.held(&self.out.output).value;
        let is_calm = self.calm_since == image.interventions()
            && last == self.out_last
            && !pv.is_bad()
            && self.law.is_for(scan.dt_s);
        if !is_calm && !self.is_steady_after_all(scan, image, pv, last) {
            return;
        }
        // A steady scan: only `OUT` and `PV` can change.
        let out = self.law.step(self.sp_act, pv.value, 0.0, last);
        if self.limits(out) != 0 || self.was_limited {
            return self.show_limited(image, pv, out);
        }
        self.out_last = out;
        let quality = pv.quality.worst(Quality::GOOD);
        image.set(&self.out.output, Reading::new(out, quality));
        image.set(&self.pv, pv);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.rest.actual);
        state.real(self.sp_act);
        state.real(self.out_last);
        state.bool(self.was_limited);
        state.real(self.rest.wires.as_ref().map_or(0.0, |wires| wires.ff_last));
        self.law.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.calm_since = u64::MAX;
        self.rest.actual = state.int()?;
        self.sp_act = state.real()?;
        self.out_last = state.real()?;
        self.was_limited = state.bool()?;
        let ff_last = state.real()?;
        if let Some(wires) = &mut self.rest.wires {
            wires.ff_last = ff_last;
        }
        self.law.restore(state)
    }

    fn start(&mut self, _start: Start) {
        // Whatever stood before, go on from the output that stands.
        self.calm_since = u64::MAX;
        self.rest.actual = NONE;
    }
}

impl BlockKind for Pid {
    const NAME: &'static str = "PID";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const ANY: std::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;
        const RATE: std::ops::RangeInclusive<f64> = f64::MIN_POSITIVE..=f64::INFINITY;
        if !wiring.has("action") {
            wiring.problem(
                "action",
                "the direction of action is not said",
                "\"reverse\": the output falls when the measurement rises; \"direct\": it rises",
            );
        }
        let is_direct = wiring.choice("action", &[("reverse", false), ("direct", true)], false);
        let (out_lo, out_hi) = (
            wiring.real("out_lo", 0.0, ANY),
            wiring.real("out_hi", 100.0, ANY),
        );
        let (sp_lo, sp_hi) = (
            wiring.real("sp_lo", f64::MIN, ANY),
            wiring.real("sp_hi", f64::MAX, ANY),
        );
        for (key, low, high) in [("out_hi", out_lo, out_hi), ("sp_hi", sp_lo, sp_hi)] {
            if low >= high {
                wiring.problem(
                    key,
                    "the range is empty",
                    "the low limit must be below the high one",
                );
            }
        }
        let shape = PidShape {
            b: wiring.real("b", 1.0, 0.0..=1.0),
            c: wiring.real("c", 0.0, 0.0..=1.0),
            n: wiring.real("n", 10.0, 1.0..=1_000.0),
            out_lo,
            out_hi,
            out_rate: wiring.real("out_rate", f64::INFINITY, RATE),
            is_direct,
        };
        let input = wiring.input("in");
        let wires = Self::wires(wiring);
        let pid = Pid {
            input,
            out: wiring.live_setting("OUT", math::clamp(0.0, out_lo, out_hi)),
            pv: wiring.output("PV"),
            was_limited: false,
            calm_since: u64::MAX,
            sp_act: 0.0,
            out_last: 0.0,
            rest: Box::new(Rest {
                kp: wiring.tuning("kp", 1.0, 0.0..=1e9),
                ti_s: wiring.tuning("ti_s", 0.0, 0.0..=1e9),
                td_s: wiring.tuning("td_s", 0.0, 0.0..=1e9),
                sp: wiring.setting("SP", 0.0),
                mode: wiring.setting("MODE", MAN),
                mode_act: wiring.output("MODE_ACT"),
                sp_act_out: wiring.status("SP_ACT"),
                cas_ok: wiring.output("CAS_OK"),
                sp_lo,
                sp_hi,
                sp_rate: wiring.real("sp_rate", f64::INFINITY, RATE),
                is_plain: wires.is_none(),
                is_tuned_by_hand: !["kp", "ti_s", "td_s"].iter().any(|key| wiring.is_tag(key)),
                actual: NONE,
                is_direct,
                sp_track: wiring.bool("sp_track", false),
                sheds: wiring.choice("on_bad_pv", &[("man", true), ("hold", false)], true),
                wires,
            }),
            law: PidLaw::new(shape),
        };
        Self::name_units(wiring, sp_lo, sp_hi, out_lo, out_hi);
        pid
    }
}

impl Pid {
    fn wires(wiring: &mut Wiring<'_>) -> Option<Box<Wires>> {
        let cas = wiring.input_optional("cas");
        let track = wiring.input_optional("track");
        let track_when = wiring.input_optional("track_when");
        if track.is_some() != track_when.is_some() {
            wiring.problem(
                "track_when",
                "tracking needs a value and a condition",
                "give both `track` and `track_when`",
            );
        }
        let bkcal = wiring.input_optional("bkcal");
        let bkcal_ok = wiring.input_optional("bkcal_ok");
        if bkcal_ok.is_some() && bkcal.is_none() {
            wiring.problem(
                "bkcal_ok",
                "there is nothing to track",
                "give `bkcal`, for example { delayed = \"LOW.SP_ACT\" }",
            );
        }
        let ff = wiring.input_optional("ff");
        let ff_gain = wiring.real("ff_gain", 1.0, f64::MIN..=f64::MAX);
        let any = cas.is_some() || track.is_some() || bkcal.is_some() || ff.is_some();
        any.then(|| {
            Box::new(Wires {
                cas,
                track: track.zip(track_when),
                bkcal,
                bkcal_ok,
                ff,
                ff_gain,
                ff_last: 0.0,
            })
        })
    }

    fn name_units(wiring: &mut Wiring<'_>, sp_lo: f64, sp_hi: f64, out_lo: f64, out_hi: f64) {
        wiring.same_unit(&["in", "SP", "SP_ACT", "PV", "cas"]);
        wiring.same_unit(&["OUT", "track", "bkcal"]);
        wiring.unit("ti_s", "s");
        wiring.unit("td_s", "s");
        wiring.range_like("PV", "in");
        if sp_lo > f64::MIN && sp_hi < f64::MAX {
            wiring.range("SP", sp_lo, sp_hi);
        } else {
            wiring.range_like("SP", "in");
        }
        wiring.range_like("SP_ACT", "SP");
        wiring.range("OUT", out_lo, out_hi);
        wiring.states("MODE", MODES);
        wiring.states("MODE_ACT", ACTUAL_MODES);
    }
}

#[cfg(test)]
mod tests;
