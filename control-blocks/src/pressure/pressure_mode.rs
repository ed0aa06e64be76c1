//! Limits of pressure by mode of operation.

use crate::logic::timing::{Delay, ns};
use crate::protect::is_certain;
use crate::sense::{Spell, known, quality_of, show, tell};
use crate::slope::WindowSlope;
use scan::*;
use signal::{Quality, Reading};

/// Modes: value, English, 中文; the English word is the key of its limits.
const MODES: &[(i64, &str, &str)] = &[
    (0, "vacuum", "真空"),
    (1, "blanket", "氮封"),
    (2, "reflux", "常压回流"),
    (3, "pressurised", "加压"),
];

/// The mode of a purge by vacuum.
const VACUUM: i64 = 0;

/// Names of `LEVEL`.
const LEVELS: &[(i64, &str, &str)] = &[
    (-2, "low-low", "低低"),
    (-1, "low", "低"),
    (0, "normal", "正常"),
    (1, "high", "高"),
    (2, "high-high", "高高"),
];

/// LL, L, H, HH.
pub type Limits = [f64; 4];

/// Limits of each mode.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModeLimits {
    modes: [Option<Limits>; 4],
}

impl ModeLimits {
    /// The limits of a mode; in a mode without limits the narrowest of all.
    pub fn of(&self, mode: Option<i64>) -> Limits {
        let own = mode
            .and_then(|mode| usize::try_from(mode).ok())
            .and_then(|mode| self.modes.get(mode).copied().flatten());
        own.unwrap_or_else(|| {
            self.modes
                .iter()
                .flatten()
                .copied()
                .reduce(|a, b| {
                    [
                        a[0].max(b[0]),
                        a[1].max(b[1]),
                        a[2].min(b[2]),
                        a[3].min(b[3]),
                    ]
                })
                .unwrap_or_default()
        })
    }
}

/// What both permit.
pub fn wider(a: Limits, b: Limits) -> Limits {
    [
        a[0].min(b[0]),
        a[1].min(b[1]),
        a[2].max(b[2]),
        a[3].max(b[3]),
    ]
}

/// −2 to 2 for a pressure within these limits; at a limit counts.
pub fn level(pressure: f64, limits: Limits) -> i64 {
    if pressure >= limits[3] {
        2
    } else if pressure <= limits[0] {
        -2
    } else if pressure >= limits[2] {
        1
    } else if pressure <= limits[1] {
        -1
    } else {
        0
    }
}

/// `PRESSURE_MODE`: limits of pressure that follow the mode of operation, rate of
/// pressure, and a vent that is open and does not relieve.
///
/// | key | meaning |
/// |---|---|
/// | `pressure` | head pressure, kPa(g), required |
/// | `mode` | 0 vacuum, 1 blanket, 2 reflux, 3 pressurised: tuning tag `MODE`, or a tag; required |
/// | `vacuum_when` | Boolean tag: while it is true the mode is vacuum; a bad one counts as not; optional |
/// | `vacuum`, `blanket`, `reflux`, `pressurised` | limits `[LL, L, H, HH]` of each mode that there is, kPa(g); one at least |
/// | `change_s` | after a change of mode the limits of both modes must be exceeded for so long, 300 s |
/// | `rate_max` | greatest rise, kPa/min, required (gas evolution) |
/// | `window_s` | window of the rate, 10 s |
/// | `vent` | Boolean tag: the vent is open; optional |
/// | `vent_rate` | with the vent open the pressure must not rise faster, kPa/min, 1 |
/// | `vent_s` | for so long, 10 s |
///
/// | tag | meaning |
/// |---|---|
/// | `LL`, `L`, `H`, `HH` | limits now, kPa(g): for `limit` of a `CAUSE` or a `COMPARE` |
/// | `LEVEL` | −2 LL, −1 L, 0 normal, 1 H, 2 HH |
/// | `RATE` | rise by least squares over the window, kPa/min |
/// | `RATE_HIGH` | it is `rate_max` or more |
/// | `VENT_BLOCKED` | the vent is open and the pressure rises |
///
/// In a mode that is unknown, bad or without limits the narrowest limits of all modes
/// count. With a bad pressure `LEVEL`, `RATE`, `RATE_HIGH` and `VENT_BLOCKED` are
/// bad; the limits are always good. (Limits: demo design values in plant text.)
pub struct PressureMode {
    limits: ModeLimits,
    change_ns: u64,
    rate_max: f64,
    vent_rate: f64,
    vent_ns: u64,
    slope: WindowSlope,
    /// The mode, and the one before.
    now: Option<i64>,
    before: Option<i64>,
    is_primed: bool,
    since: Spell,
    blocked: Delay,
    pressure: Input<f64>,
    mode: Input<i64>,
    vacuum_when: Option<Input<bool>>,
    vent: Option<Input<bool>>,
    limit_outs: [Output<f64>; 4],
    level: Output<i64>,
    rate: Output<f64>,
    rate_high: Output<bool>,
    vent_blocked: Output<bool>,
}

impl PressureMode {
    fn limits_now(&mut self, image: &Image, dt_ns: u64) -> Limits {
        let mode = image.get(self.mode);
        let mode = (!mode.is_bad() && (0..4).contains(&mode.value)).then_some(mode.value);
        let is_vacuum = self.vacuum_when.is_some_and(|pin| is_certain(image, pin));
        let mode = if is_vacuum { Some(VACUUM) } else { mode };
        if !self.is_primed || mode != self.now {
            // The first mode has none before it.
            self.before = if self.is_primed { self.now } else { mode };
            self.now = mode;
            self.is_primed = true;
            self.since.clear();
        }
        let own = self.limits.of(self.now);
        let is_changing = self.since.step(true, dt_ns) < self.change_ns;
        // Into and out of an unknown mode nothing is widened.
        match (self.now, self.before) {
            (Some(_), Some(before)) if is_changing => wider(own, self.limits.of(Some(before))),
            _ => own,
        }
    }
}

impl Block for PressureMode {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let dt_ns = ns(scan.dt_s);
        let limits = self.limits_now(image, dt_ns);
        for (pin, limit) in self.limit_outs.iter().zip(limits) {
            image.put(pin, limit);
        }
        let pressure = known(image, self.pressure);
        let quality = quality_of(image, self.pressure);
        match pressure {
            Some(pressure) => {
                self.slope.step(pressure, dt_ns);
            }
            None => self.slope.clear(),
        }
        let level = match pressure {
            Some(pressure) => Reading::new(level(pressure, limits), quality),
            // Nobody knows: the worst, and bad.
            None => Reading::new(2, quality.worst(Quality::BAD)),
        };
        image.set(&self.level, level);
        let rate = 60.0 * self.slope.slope().unwrap_or(0.0);
        show(image, &self.rate, pressure.map(|_| rate), quality);
        tell(image, &self.rate_high, rate >= self.rate_max, quality);
        let is_open = self.vent.is_some_and(|pin| is_certain(image, pin));
        let rises = is_open && rate > self.vent_rate;
        let blocked = self.blocked.step(rises, self.vent_ns, 0, dt_ns);
        tell(image, &self.vent_blocked, blocked, quality);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.now.unwrap_or(-1));
        state.int(self.before.unwrap_or(-1));
        state.bool(self.is_primed);
        self.since.save(state);
        self.blocked.save(state);
        self.slope.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        let mode = |int: i64| (int >= 0).then_some(int);
        self.now = mode(state.int()?);
        self.before = mode(state.int()?);
        self.is_primed = state.bool()?;
        self.since.restore(state)?;
        self.blocked.restore(state)?;
        self.slope.restore(state)
    }

    fn start(&mut self, _start: Start) {
        self.slope.clear();
    }
}

impl BlockKind for PressureMode {
    const NAME: &'static str = "PRESSURE_MODE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let mut limits = ModeLimits::default();
        for ((_, key, _), slot) in MODES.iter().zip(&mut limits.modes) {
            if !wiring.has(key) {
                continue;
            }
            let given = wiring.reals(key, -101.325..=100_000.0);
            match <[f64; 4]>::try_from(given.as_slice()) {
                Ok(four) if four.is_sorted() && four[0] < four[3] => *slot = Some(four),
                _ => wiring.problem(
                    key,
                    "limits are four rising numbers",
                    format!("{key} = [LL, L, H, HH]"),
                ),
            }
        }
        if MODES.iter().all(|(_, key, _)| !wiring.has(key)) {
            wiring.problem(
                "blanket",
                "no mode has limits",
                "blanket = [-5.0, 0.5, 20.0, 120.0]",
            );
        }
        for pin in ["pressure", "LL", "L", "H", "HH"] {
            wiring.unit(pin, "kPa(g)");
        }
        wiring.unit("RATE", "kPa/min");
        wiring.states("mode", MODES);
        wiring.states("LEVEL", LEVELS);
        PressureMode {
            limits,
            change_ns: ns(wiring.real("change_s", 300.0, 0.0..=86_400.0)),
            rate_max: wiring.real_required("rate_max", 0.0..=1e6),
            vent_rate: wiring.real("vent_rate", 1.0, 0.0..=1e6),
            vent_ns: ns(wiring.real("vent_s", 10.0, 0.0..=3_600.0)),
            slope: WindowSlope::new(ns(wiring.real("window_s", 10.0, 1.0..=600.0))),
            now: None,
            before: None,
            is_primed: false,
            since: Spell::default(),
            blocked: Delay::default(),
            pressure: wiring.input("pressure"),
            mode: wiring.input("mode"),
            vacuum_when: wiring.input_optional("vacuum_when"),
            vent: wiring.input_optional("vent"),
            limit_outs: ["LL", "L", "H", "HH"].map(|suffix| wiring.output(suffix)),
            level: wiring.output("LEVEL"),
            rate: wiring.output("RATE"),
            rate_high: wiring.output("RATE_HIGH"),
            vent_blocked: wiring.output("VENT_BLOCKED"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};
    use proptest::prelude::*;

    const TEXT: &str = r#"
        field = { p = 3.0, m = 1, vent = false }
        [[block]]
        kind = "PRESSURE_MODE"
        name = "P"
        pressure = "p"
        mode = "m"
        vacuum = [-95.0, -90.0, -20.0, 20.0]
        blanket = [-5.0, 0.5, 20.0, 120.0]
        reflux = [-5.0, -2.0, 10.0, 50.0]
        rate_max = 20.0
        vent = "vent"
        change_s = 60.0
    "#;

    fn limits(rig: &Rig) -> [f64; 4] {
        ["P.LL", "P.L", "P.H", "P.HH"].map(|tag| rig.value(tag))
    }

    #[test]
    fn each_mode_has_its_limits_and_a_change_has_time() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        assert_eq!(limits(&rig), [-5.0, 0.5, 20.0, 120.0]);
        rig.field("m", 0.0).scans(60);
        assert_eq!(limits(&rig), [-95.0, -90.0, 20.0, 120.0], "both modes");
        assert_eq!(rig.value("P.LEVEL"), 0.0);
        rig.scans(1);
        assert_eq!(limits(&rig), [-95.0, -90.0, -20.0, 20.0]);
        assert_eq!(rig.value("P.LEVEL"), 1.0, "not evacuated in time");
    }

    #[test]
    fn a_purge_by_vacuum_brings_its_limits_by_itself() {
        let text = TEXT
            .replace("vent = false }", "vent = false, purge = false }")
            .replace("mode = \"m\"", "mode = \"m\"\nvacuum_when = \"purge\"");
        let mut rig = Rig::new(1000, &text);
        rig.scans(1).field("purge", 1.0).scans(62);
        assert_eq!(limits(&rig), [-95.0, -90.0, -20.0, 20.0]);
        rig.quality_of("purge", Quality::COMM_LOST).scans(62);
        assert_eq!(limits(&rig), [-5.0, 0.5, 20.0, 120.0]);
    }

    #[test]
    fn an_unknown_mode_gives_the_narrowest_limits_at_once() {
        for (mode, quality) in [
            (3.0, Quality::GOOD),
            (9.0, Quality::GOOD),
            (1.0, Quality::COMM_LOST),
        ] {
            let mut rig = Rig::new(1000, TEXT);
            rig.scans(1).field_with("m", mode, quality).scans(61);
            assert_eq!(limits(&rig), [-5.0, 0.5, -20.0, 20.0], "{mode} {quality:?}");
        }
    }

    #[test]
    fn a_rise_with_an_open_vent_is_a_blocked_vent() {
        let mut rig = Rig::new(1000, TEXT);
        rig.field("vent", 1.0).scans(30);
        for second in 0..40 {
            rig.field("p", 3.0 + 0.1 * f64::from(second)).scans(1);
        }
        assert!((rig.value("P.RATE") - 6.0).abs() < 1e-6);
        assert!(rig.is("P.VENT_BLOCKED") && !rig.is("P.RATE_HIGH"));
        for second in 0..20 {
            rig.field("p", 7.0 + 0.5 * f64::from(second)).scans(1);
        }
        assert!(rig.is("P.RATE_HIGH"));
        rig.field("vent", 0.0).scans(1);
        assert!(!rig.is("P.VENT_BLOCKED"));
        rig.quality_of("p", Quality::SENSOR_FAULT).scans(1);
        for tag in ["P.LEVEL", "P.RATE", "P.RATE_HIGH", "P.VENT_BLOCKED"] {
            assert!(rig.quality(tag).is_bad(), "{tag}");
        }
        assert_eq!(rig.value("P.LEVEL"), 2.0);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (from, to) in [
            (
                "blanket = [-5.0, 0.5, 20.0, 120.0]",
                "blanket = [5.0, 0.5, 20.0, 120.0]",
            ),
            (
                "blanket = [-5.0, 0.5, 20.0, 120.0]",
                "blanket = [0.5, 20.0, 120.0]",
            ),
            ("mode = \"m\"", ""),
            ("rate_max = 20.0", ""),
            ("change_s = 60.0", "change_s = -60.0"),
        ] {
            assert_ne!(problems(&TEXT.replace(from, to)), vec![], "{from} → {to}");
        }
        let none = "field = { p = 0.0 }\n[[block]]\nkind = \"PRESSURE_MODE\"\nname = \"P\"\npressure = \"p\"\nmode = 1\nrate_max = 1.0";
        assert_eq!(problems(none).len(), 1);
    }

    proptest! {
        #[test]
        fn a_level_is_monotone_and_wider_limits_are_never_worse(
            p in -100.0..500.0f64,
            q in -100.0..500.0f64,
            mut a in prop::array::uniform4(-100.0..500.0f64),
            mut b in prop::array::uniform4(-100.0..500.0f64),
        ) {
            a.sort_by(f64::total_cmp);
            b.sort_by(f64::total_cmp);
            prop_assert!(level(p.min(q), a) <= level(p.max(q), a));
            prop_assert!(level(p, wider(a, b)).abs() <= level(p, a).abs());
        }
    }
}
