//! Analog input: a loop current or a register becomes a measurement.

use crate::logic::timing::{Delay, ns};
use crate::regulate::lag::Lag;
use scan::*;
use signal::{Level, Quality, Reading, Reason};

/// Below this part of span an instrument signals its failure: 3.6 mA.
const FAILURE_LOW: f64 = -0.025;
/// Below this part of span its measurement is saturated: 3.8 mA.
const SATURATION_LOW: f64 = -0.0125;
/// Above this part of span its measurement is saturated: 20.5 mA.
const SATURATION_HIGH: f64 = 1.03125;
/// From this part of span on an instrument signals its failure: 21.0 mA.
const FAILURE_HIGH: f64 = 1.0625;
/// Under- and overrange that are still trusted.
const UNDERRANGE: f64 = -0.025;
const OVERRANGE: f64 = 1.03;
/// What rounding may take from a limit, in parts of span.
const ROUNDING: f64 = 1e-9;

/// What a signal says of itself, judged by where it lies in its span.
///
/// NAMUR NE 43: measurement 3.8–20.5 mA, failure at or below 3.6 mA and at or
/// above 21.0 mA; between them the transmitter is saturated, and at the very ends of
/// the measurement too: there it stops, whatever the process does. `fraction` is 0 at
/// the low and 1 at the high end of span. Without NE 43 only the engineering
/// range counts: beyond −2.5 % or 103 % of span a value is uncertain.
#[inline]
pub fn judge_span(fraction: f64, is_ne43: bool) -> Quality {
    const OUT_OF_RANGE: Quality = Quality::new(Level::Uncertain, Reason::OutOfRange);
    if is_ne43 {
        if fraction <= FAILURE_LOW + ROUNDING || fraction >= FAILURE_HIGH - ROUNDING {
            return Quality::SENSOR_FAULT;
        }
        if fraction <= SATURATION_LOW + ROUNDING {
            return OUT_OF_RANGE.with(Quality::LIMITED_LOW);
        }
        if fraction >= SATURATION_HIGH - ROUNDING {
            return OUT_OF_RANGE.with(Quality::LIMITED_HIGH);
        }
    }
    if !(UNDERRANGE - ROUNDING..=OVERRANGE + ROUNDING).contains(&fraction) {
        return OUT_OF_RANGE;
    }
    Quality::GOOD
}

/// Notices a measurement that no longer moves: not by more than `noise_floor`
/// for `frozen_s`. A live transmitter shows at least its own noise.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrozenLaw {
    reference: f64,
    still_ns: u64,
}

impl FrozenLaw {
    /// Watches from this value on.
    pub const fn from(value: f64) -> FrozenLaw {
        FrozenLaw {
            reference: value,
            still_ns: 0,
        }
    }

    /// Whether the value is frozen.
    #[inline]
    pub fn step(&mut self, value: f64, noise_floor: f64, frozen_ns: u64, dt_ns: u64) -> bool {
        let moved = value - self.reference;
        if moved > noise_floor || moved < -noise_floor {
            self.reference = value;
            self.still_ns = 0;
        } else {
            self.still_ns = self.still_ns.saturating_add(dt_ns);
        }
        self.still_ns >= frozen_ns
    }
}

/// `AI`: scaling, NE 43, range, staleness, rate and freeze checks, filter.
///
/// | key | meaning |
/// |---|---|
/// | `raw` | tag of the raw signal (real), required |
/// | `raw_lo`, `raw_hi` | raw values at 0 and 100 % of span; 4 and 20 (mA). 4000/20000 for µA |
/// | `lo`, `hi` | the engineering range, required, `lo < hi` |
/// | `unit` | engineering unit of `PV`, required |
/// | `direct` | `raw` is in engineering units already; then `raw_lo`, `raw_hi` are `lo`, `hi` and NE 43 is off unless asked for |
/// | `ne43` | judge the current by NAMUR NE 43; default: yes if the raw span is 1 : 5 (4–20 mA, 1–5 V) |
/// | `ne43_persist_s` | how long a failure lasts before `FAULT` tells of it, 4 s |
/// | `filter_s` | time constant of a first-order filter, 0 = none |
/// | `rate_max` | greatest physically possible change in units per second, 0 = any |
/// | `frozen_s`, `noise_floor` | no change by more than `noise_floor` for `frozen_s` is frozen; 0 = off |
/// | `still_up_to` | up to this value it may stand still: a drive at rest, a flow below its cut-off, an empty vessel; default: it may nowhere |
/// | `stale_s` | oldest usable raw value, 1.0 s |
/// | `status` | optional Boolean tag of the device, true = fault |
///
/// | output | meaning |
/// |---|---|
/// | `PV` | the measurement; unit and range as given |
/// | `FAULT` | the instrument has been faulty for `ne43_persist_s`: for diagnosis. Protection need not wait for it: `PV` is bad at once |
///
/// Quality of `PV`: bad (the last usable value is held) when the raw value is
/// bad, stale or not finite, when the device reports a fault, or when the current
/// is in the failure band; uncertain when saturated, out of range, too fast or
/// frozen; else that of the raw value. After a bad time the filter starts at the
/// first usable value, so that no old value lingers.
///
/// Source: NAMUR NE 43 (bands, 4 s persistence for diagnosis).
pub struct AnalogInput {
    raw_lo: f64,
    span_inverse: f64,
    lo: f64,
    span: f64,
    unfiltered: f64,
    /// [`Image::interventions`] when the signal was last seen good in every respect.
    calm_since: u64,
    raw: Input<f64>,
    pv: Output<f64>,
    rest: Box<Rest>,
}

/// What a good signal within its span has no need of.
struct Rest {
    stale_s: f64,
    filter_s: f64,
    rate_max: f64,
    noise_floor: f64,
    still_up_to: f64,
    frozen_ns: u64,
    persist_ns: u64,
    is_ne43: bool,
    is_primed: bool,
    /// Without filter, status, checks of rate and freezing.
    is_plain: bool,
    filter: Lag,
    frozen: FrozenLaw,
    fault: Delay,
    status: Option<Input<bool>>,
    fault_out: Output<bool>,
}

impl AnalogInput {
    /// The quality of the raw signal itself.
    #[inline]
    fn judge(
        &self,
        scan: &Scan,
        raw: Reading<f64>,
        fraction: f64,
        span: Quality,
        image: &Image,
    ) -> Quality {
        let mut quality = raw.quality.worst(span);
        let age_scans = image.age_scans(self.raw);
        if age_scans > 0 {
            // Age is counted in scans; a missed release makes this scan longer, not
            // those before.
            let age_s = f64::from(age_scans) * scan.dt_s / f64::from(scan.elapsed.max(1));
            if age_s > self.rest.stale_s {
                quality = quality.worst(Quality::STALE);
            }
        }
        if !fraction.is_finite() {
            quality = quality.worst(Quality::NOT_FINITE);
        }
        if let Some(status) = self.rest.status {
            let status = image.get(status);
            if status.value || status.is_bad() {
                quality = quality.worst(Quality::SENSOR_FAULT);
            }
        }
        quality
    }

    /// Whether the signal no longer lives, where it has to; one that is saturated cannot.
    fn is_frozen(&mut self, value: f64, is_limited: bool, dt_ns: u64) -> bool {
        let rest = &mut self.rest;
        if is_limited || value <= rest.still_up_to {
            rest.frozen = FrozenLaw::from(value);
            return false;
        }
        rest.frozen
            .step(value, rest.noise_floor, rest.frozen_ns, dt_ns)
    }

    /// Any scan, whatever the signal. What [`Block::step`] does for a good signal
    /// that stays within its span is this with everything that cannot happen left out.
    #[inline(never)]
    fn step_any(&mut self, scan: &Scan, image: &mut Image, raw: Reading<f64>, fraction: f64) {
        self.calm_since = u64::MAX;
        let span = judge_span(fraction, self.rest.is_ne43);
        // The limit flags of a saturated signal; `worst` does not carry them along.
        let limited = span.flags();
        let mut quality = self.judge(scan, raw, fraction, span, image);
        let dt_ns = ns(scan.dt_s);
        let is_faulty = quality.is_bad() && quality.reason() == Reason::SensorFault;
        let fault = self
            .rest
            .fault
            .step(is_faulty, self.rest.persist_ns, 0, dt_ns);
        image.put(&self.rest.fault_out, fault);
        let held = image.held(&self.pv).value;
        if quality.is_bad() {
            self.rest.is_primed = false;
            image.set(&self.pv, Reading::new(held, quality));
            return;
        }
        let value = self.lo + fraction * self.span;
        if !self.rest.is_primed {
            self.rest.is_primed = true;
            self.unfiltered = value;
            self.rest.frozen = FrozenLaw::from(value);
            image.set(&self.pv, Reading::new(value, quality.with(limited)));
            return;
        }
        let change = value - self.unfiltered;
        self.unfiltered = value;
        if self.rest.rate_max > 0.0 && change.abs() > self.rest.rate_max * scan.dt_s {
            quality = quality.worst(Quality::new(Level::Uncertain, Reason::RateExceeded));
        }
        if self.rest.frozen_ns > 0 && self.is_frozen(value, limited != 0, dt_ns) {
            quality = quality.worst(Quality::new(Level::Uncertain, Reason::Frozen));
        }
        let value = if self.rest.filter_s > 0.0 {
            self.rest
                .filter
                .step(held, value, self.rest.filter_s, scan.dt_s)
        } else {
            value
        };
        image.set(&self.pv, Reading::new(value, quality.with(limited)));
        if self.rest.is_plain && quality.is_good() && self.rest.fault == Delay::default() {
            self.calm_since = image.interventions();
        }
    }
}

impl Block for AnalogInput {
    #[inline(always)] // Into the loop over a row: plants have many.
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let raw = image.get(self.raw);
        let fraction = (raw.value - self.raw_lo) * self.span_inverse;
        let is_calm = self.calm_since == image.interventions()
            && raw.quality.is_good()
            && fraction > SATURATION_LOW + ROUNDING
            && fraction <= OVERRANGE
            && image.age_scans(self.raw) == 0;
        if !is_calm {
            return self.step_any(scan, image, raw, fraction);
        }
        let value = self.lo + fraction * self.span;
        self.unfiltered = value;
        image.set(
            &self.pv,
            Reading::new(value, raw.quality.worst(Quality::GOOD)),
        );
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.rest.is_primed);
        state.real(self.unfiltered);
        state.real(self.rest.frozen.reference);
        state.word(self.rest.frozen.still_ns);
        self.rest.fault.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.calm_since = u64::MAX;
        self.rest.is_primed = state.bool()?;
        self.unfiltered = state.real()?;
        self.rest.frozen.reference = state.real()?;
        self.rest.frozen.still_ns = state.word()?;
        self.rest.fault.restore(state)
    }
}

impl BlockKind for AnalogInput {
    const NAME: &'static str = "AI";
    const STAGE: Stage = Stage::Condition;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        const ANY: std::ops::RangeInclusive<f64> = f64::MIN..=f64::MAX;
        let raw = wiring.input("raw");
        let lo = wiring.real_required("lo", ANY);
        let hi = wiring.real_required("hi", ANY);
        let is_direct = wiring.bool("direct", false);
        let (raw_lo, raw_hi) = if is_direct { (lo, hi) } else { (4.0, 20.0) };
        let raw_lo = wiring.real("raw_lo", raw_lo, ANY);
        let raw_hi = wiring.real("raw_hi", raw_hi, ANY);
        let looks_like_a_loop = !is_direct && raw_lo > 0.0 && raw_hi == 5.0 * raw_lo;
        if wiring.has("lo") && wiring.has("hi") && lo >= hi {
            wiring.problem("hi", "the range is empty", "`lo` must be below `hi`");
        }
        if raw_lo == raw_hi && (!is_direct || lo < hi) {
            wiring.problem(
                "raw_hi",
                "the raw span is empty",
                "`raw_lo` and `raw_hi` must differ",
            );
        }
        let unit = wiring.text("unit");
        if unit.is_empty() {
            wiring.problem(
                "unit",
                "a measurement needs its unit",
                "for example unit = \"°C\"",
            );
        } else {
            wiring.unit("PV", &unit);
        }
        wiring.range("PV", lo, hi);
        let filter_s = wiring.real("filter_s", 0.0, 0.0..=86_400.0);
        let rate_max = wiring.real("rate_max", 0.0, 0.0..=f64::MAX);
        let frozen_ns = ns(wiring.real("frozen_s", 0.0, 0.0..=86_400.0));
        let status = wiring.input_optional("status");
        AnalogInput {
            raw_lo,
            span_inverse: 1.0 / (raw_hi - raw_lo),
            lo,
            span: hi - lo,
            unfiltered: 0.0,
            calm_since: u64::MAX,
            raw,
            pv: wiring.output_from("PV", lo),
            rest: Box::new(Rest {
                stale_s: wiring.real("stale_s", 1.0, 0.0..=86_400.0),
                filter_s,
                rate_max,
                noise_floor: wiring.real("noise_floor", 0.0, 0.0..=f64::MAX),
                still_up_to: wiring.real("still_up_to", f64::MIN, f64::MIN..=f64::MAX),
                frozen_ns,
                persist_ns: ns(wiring.real("ne43_persist_s", 4.0, 0.0..=3_600.0)),
                is_ne43: wiring.bool("ne43", looks_like_a_loop),
                is_primed: false,
                is_plain: filter_s == 0.0 && rate_max == 0.0 && frozen_ns == 0 && status.is_none(),
                filter: Lag::default(),
                frozen: FrozenLaw::default(),
                fault: Delay::default(),
                status,
                fault_out: wiring.output("FAULT"),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
