//! How fast to dose: the least of several limits.

use crate::protect::is_certain;
use crate::regulate::rate::approach;
use crate::sense::{known, quality_of, substituted};
use scan::*;
use signal::{Quality, Reading, math};

/// Which limit is active.
const STOPPED: i64 = 0;
const RECIPE: i64 = 1;
const TEMPERATURE: i64 = 2;
const ACCUMULATION: i64 = 3;
const COOLING: i64 = 4;
const HARDWARE: i64 = 5;
const RAMP: i64 = 6;

/// Names of `LIMITED_BY`.
const LIMITS: &[(i64, &str, &str)] = &[
    (STOPPED, "not dosing", "未滴加"),
    (RECIPE, "recipe", "配方"),
    (TEMPERATURE, "temperature", "温度超驰"),
    (ACCUMULATION, "accumulation", "物料累积"),
    (COOLING, "cooling", "冷却能力"),
    (HARDWARE, "hardware", "硬件上限"),
    (RAMP, "ramp", "升速斜坡"),
];

/// The share of the full rate that is permitted between a beginning, where it is 1,
/// and an end, where it is 0.
pub fn share(value: f64, from: f64, to: f64) -> f64 {
    if to > from {
        math::clamp((to - value) / (to - from), 0.0, 1.0)
    } else {
        f64::from(u8::from(value < to))
    }
}

/// The rate in kg/h whose heat the free cooling can take:
/// `r = (Q_avail − Q_now)·3600 / h` for a heat of `h` kJ/kg.
pub fn cooling_rate(available_kw: f64, duty_kw: f64, heat_kj_kg: f64) -> f64 {
    ((available_kw - duty_kw) * 3_600.0 / heat_kj_kg).max(0.0)
}

/// `DOSE_RATE`: rate set-point of a dosing, the least of recipe, temperature
/// override, accumulation, cooling and hardware.
///
/// | key | meaning |
/// |---|---|
/// | `recipe` | rate of the recipe, kg/h: tuning tag `RECIPE`, or a tag (a profile); required |
/// | `rate_max` | what the hardware passes (restriction orifice), kg/h, required |
/// | `run` | Boolean tag: dosing; otherwise the rate is 0; optional |
/// | `temperature`, `temperature_sp` | bulk temperature and its set-point (tag or tuning), °C: the override; optional |
/// | `soft`, `stop` | the override begins and the rate is 0 so far above the set-point, K: 3, 5 (demo design values) |
/// | `mtsr`, `mtsr_max` | live MTSR and its limit, °C: the accumulation; optional. Limit: the least of TD24 − 10 K, MTT − 5 K and design MTSR + 5 K |
/// | `mtsr_band` | the rate falls from full to 0 over this band below `mtsr_max`, K, 3 |
/// | `cooling`, `duty` | heat that the cooling can take and takes now, kW (tags or tunings): the cooling; optional |
/// | `heat` | heat of reaction of the dosed substance, kJ/kg; required with `cooling` |
/// | `up_s` | time in which the rate rises from 0 to `rate_max`, 60 s; it falls at once |
///
/// | tag | meaning |
/// |---|---|
/// | `SP` | rate set-point, kg/h: for `rate` of a `DOSE` |
/// | `LIMITED_BY` | 0 not dosing, 1 recipe, 2 temperature, 3 accumulation, 4 cooling, 5 hardware, 6 ramp |
///
/// All limits are functions of the present alone and return by themselves: what
/// reduced the rate gives it back without a person, along the ramp and without a
/// step. A limit whose signal is bad permits nothing: the rate is 0 and `SP`
/// uncertain-substituted. Otherwise `SP` has the worst quality of its inputs.
pub struct DoseRate {
    rate_max: f64,
    soft: f64,
    stop: f64,
    mtsr_max: f64,
    mtsr_band: f64,
    heat: f64,
    up_s: f64,
    recipe: Input<f64>,
    run: Option<Input<bool>>,
    temperature: Option<(Input<f64>, Input<f64>)>,
    mtsr: Option<Input<f64>>,
    cooling: Option<(Input<f64>, Input<f64>)>,
    sp: Output<f64>,
    limited_by: Output<i64>,
}

impl DoseRate {
    /// Each limit with its rate; an unknown one permits 0.
    fn limits(&self, image: &Image) -> [(i64, Option<f64>); 5] {
        let temperature = self.temperature.map(|(pv, sp)| {
            known(image, pv)
                .zip(known(image, sp))
                .map_or(0.0, |(pv, sp)| {
                    self.rate_max * share(pv, sp + self.soft, sp + self.stop)
                })
        });
        let accumulation = self.mtsr.map(|pin| {
            known(image, pin).map_or(0.0, |mtsr| {
                self.rate_max * share(mtsr, self.mtsr_max - self.mtsr_band, self.mtsr_max)
            })
        });
        let cooling = self.cooling.map(|(available, duty)| {
            known(image, available)
                .zip(known(image, duty))
                .map_or(0.0, |(available, duty)| {
                    cooling_rate(available, duty, self.heat)
                })
        });
        [
            (
                RECIPE,
                Some(known(image, self.recipe).unwrap_or(0.0).max(0.0)),
            ),
            (HARDWARE, Some(self.rate_max)),
            (TEMPERATURE, temperature),
            (ACCUMULATION, accumulation),
            (COOLING, cooling),
        ]
    }

    fn quality(&self, image: &Image) -> Quality {
        let pairs = [self.temperature, self.cooling];
        let pins = pairs.iter().flatten().flat_map(|(a, b)| [*a, *b]);
        pins.chain(self.mtsr)
            .fold(quality_of(image, self.recipe), |worst, pin| {
                worst.worst(quality_of(image, pin))
            })
    }
}

impl Block for DoseRate {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let runs = self.run.is_none_or(|pin| is_certain(image, pin));
        let last = image.held(&self.sp).value;
        let (mut by, mut sp) = (STOPPED, 0.0);
        if runs {
            let mut goal = f64::INFINITY;
            for (limit, rate) in self.limits(image) {
                if let Some(rate) = rate
                    && rate < goal
                {
                    (by, goal) = (limit, rate);
                }
            }
            let up = match self.up_s > 0.0 {
                true => self.rate_max * scan.dt_s / self.up_s,
                false => f64::INFINITY,
            };
            sp = approach(last, goal, up, f64::INFINITY);
            if sp < goal {
                by = RAMP;
            }
        }
        image.set(&self.sp, Reading::new(sp, substituted(self.quality(image))));
        image.put(&self.limited_by, by);
    }
}

impl BlockKind for DoseRate {
    const NAME: &'static str = "DOSE_RATE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("recipe") {
            wiring.problem("recipe", "`recipe` is not given", "recipe = 75.0");
        }
        for (key, partner, help) in [
            ("temperature", "temperature_sp", "temperature_sp = 40.0"),
            ("mtsr", "mtsr_max", "mtsr_max = 61.0"),
            ("cooling", "duty", "duty = \"QC-101.HEAT\""),
            ("cooling", "heat", "heat = 1333.0"),
        ] {
            if wiring.has(key) != wiring.has(partner) {
                let message = format!("`{key}` and `{partner}` belong together");
                wiring.problem(partner, message, help);
            }
        }
        for (pin, unit) in [
            ("recipe", "kg/h"),
            ("SP", "kg/h"),
            ("temperature", "°C"),
            ("temperature_sp", "°C"),
            ("mtsr", "°C"),
            ("cooling", "kW"),
            ("duty", "kW"),
        ] {
            wiring.unit(pin, unit);
        }
        wiring.states("LIMITED_BY", LIMITS);
        let rate_max = wiring.real_required("rate_max", 1e-6..=1e9);
        wiring.range("SP", 0.0, rate_max);
        let soft = wiring.real("soft", 3.0, 0.0..=1_000.0);
        let stop = wiring.real("stop", 5.0, 0.0..=1_000.0);
        if stop < soft {
            wiring.problem("stop", "the rate is 0 before it falls", "stop above soft");
        }
        let temperature = wiring.input_optional("temperature");
        let temperature_sp = match wiring.has("temperature_sp") {
            true => Some(wiring.tuning("temperature_sp", 0.0, -273.15..=2_000.0)),
            false => None,
        };
        let cooling = wiring.has("cooling");
        let cooling = cooling.then(|| wiring.tuning("cooling", 0.0, 0.0..=1e6));
        let duty = wiring.has("duty");
        let duty = duty.then(|| wiring.tuning("duty", 0.0, -1e6..=1e6));
        DoseRate {
            rate_max,
            soft,
            stop,
            mtsr_max: wiring.real("mtsr_max", 0.0, -273.15..=2_000.0),
            mtsr_band: wiring.real("mtsr_band", 3.0, 0.0..=1_000.0),
            heat: wiring.real("heat", 1.0, 1e-3..=1e6),
            up_s: wiring.real("up_s", 60.0, 0.0..=86_400.0),
            recipe: wiring.tuning("recipe", 0.0, 0.0..=1e9),
            run: wiring.input_optional("run"),
            temperature: temperature.zip(temperature_sp),
            mtsr: wiring.input_optional("mtsr"),
            cooling: cooling.zip(duty),
            sp: wiring.output("SP"),
            limited_by: wiring.output("LIMITED_BY"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};
    use proptest::prelude::*;
    use signal::Reason;

    const TEXT: &str = r#"
        field = { t = 40.0, m = 50.0, q = 27.8, run = true, r = 75.0 }
        [[block]]
        kind = "DOSE_RATE"
        name = "D"
        recipe = "r"
        rate_max = 120.0
        run = "run"
        temperature = "t"
        temperature_sp = 40.0
        mtsr = "m"
        mtsr_max = 61.0
        cooling = 90.0
        duty = "q"
        heat = 1333.0
        up_s = 60.0
    "#;

    fn by(rig: &Rig) -> i64 {
        rig.value("D.LIMITED_BY") as i64
    }

    fn dosing() -> Rig {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        assert_eq!((rig.value("D.SP"), by(&rig)), (2.0, RAMP));
        rig.scans(40);
        assert_eq!((rig.value("D.SP"), by(&rig)), (75.0, RECIPE));
        rig
    }

    #[test]
    fn each_limit_is_named_when_it_is_the_least() {
        let mut rig = dosing();
        rig.field("t", 44.5).scans(1);
        assert_eq!((rig.value("D.SP"), by(&rig)), (30.0, TEMPERATURE));
        rig.field("m", 60.9).scans(1);
        assert_eq!(by(&rig), ACCUMULATION);
        assert!((rig.value("D.SP") - 4.0).abs() < 1e-9);
        rig.field("t", 40.0).field("m", 50.0).field("q", 80.0);
        rig.scans(40);
        assert_eq!(by(&rig), COOLING);
        assert!((rig.value("D.SP") - 10.0 * 3600.0 / 1333.0).abs() < 1e-9);
        rig.field("q", 0.0).field("r", 500.0).scans(61);
        assert_eq!((rig.value("D.SP"), by(&rig)), (120.0, HARDWARE));
        rig.field("run", 0.0).scans(1);
        assert_eq!((rig.value("D.SP"), by(&rig)), (0.0, STOPPED));
    }

    #[test]
    fn the_temperature_override_gives_the_rate_back_by_itself_and_without_a_step() {
        let mut rig = dosing();
        rig.field("t", 45.0).scans(1);
        assert_eq!(rig.value("D.SP"), 0.0);
        rig.field("t", 40.0);
        let mut last = 0.0;
        for _ in 0..40 {
            rig.scans(1);
            assert!(rig.value("D.SP") - last <= 2.0 + 1e-9);
            last = rig.value("D.SP");
        }
        assert_eq!(last, 75.0);
    }

    #[test]
    fn an_unknown_limit_permits_nothing() {
        for (tag, limit) in [("t", TEMPERATURE), ("m", ACCUMULATION), ("q", COOLING)] {
            let mut rig = dosing();
            rig.quality_of(tag, Quality::COMM_LOST).scans(1);
            assert_eq!((rig.value("D.SP"), by(&rig)), (0.0, limit), "{tag}");
            assert_eq!(rig.quality("D.SP").reason(), Reason::Substituted);
            assert!(!rig.quality("D.SP").is_bad());
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (from, to) in [
            ("recipe = \"r\"", ""),
            ("rate_max = 120.0", ""),
            ("mtsr_max = 61.0", ""),
            ("temperature_sp = 40.0", ""),
            ("duty = \"q\"", ""),
            ("heat = 1333.0", ""),
            ("up_s = 60.0", "stop = 2.0"),
            ("up_s = 60.0", "up_s = -2.0"),
        ] {
            assert_ne!(problems(&TEXT.replace(from, to)), vec![], "{from}");
        }
    }

    proptest! {
        #[test]
        fn a_share_is_between_0_and_1_and_falls(
            a in -50.0..100.0f64,
            b in -50.0..100.0f64,
            from in 0.0..60.0f64,
            band in 0.0..20.0f64,
        ) {
            let (low, high) = (a.min(b), a.max(b));
            let (more, less) = (share(low, from, from + band), share(high, from, from + band));
            prop_assert!((0.0..=1.0).contains(&more) && less <= more);
            prop_assert_eq!(share(from + band, from, from + band), 0.0);
        }

        #[test]
        fn the_set_point_never_exceeds_any_limit_nor_rises_faster_than_its_ramp(
            t in 35.0..50.0f64,
            m in 50.0..65.0f64,
            q in 0.0..100.0f64,
            r in 0.0..300.0f64,
        ) {
            let mut rig = dosing();
            let last = rig.value("D.SP");
            rig.field("t", t).field("m", m).field("q", q).field("r", r).scans(1);
            let sp = rig.value("D.SP");
            prop_assert!(sp <= r && sp <= 120.0 && sp <= cooling_rate(90.0, q, 1333.0));
            prop_assert!(sp <= 120.0 * share(t, 43.0, 45.0) && sp <= 120.0 * share(m, 58.0, 61.0));
            prop_assert!(sp <= last + 2.0 + 1e-9);
        }
    }
}
