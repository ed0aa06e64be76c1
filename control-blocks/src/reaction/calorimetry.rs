//! Live heat balance of a semi-batch reaction.

use super::criticality::class_of;
use crate::logic::timing::ns;
use crate::protect::is_certain;
use crate::sense::{known, quality_of, show, substituted, worst_of};
use crate::slope::WindowSlope;
use scan::*;
use signal::{Level, Quality, Reading, Reason, math};

/// Names of `CLASS`.
const CLASSES: &[(i64, &str, &str)] = &[
    (1, "class 1", "1级"),
    (2, "class 2", "2级"),
    (3, "class 3", "3级"),
    (4, "class 4", "4级"),
    (5, "class 5", "5级"),
];

/// The reaction as its safety assessment describes it.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    /// Heat of reaction, kJ/mol of the limiting reactant, positive if heat is given off.
    pub enthalpy: f64,
    /// Amount of the limiting reactant, kmol.
    pub limiting: f64,
    /// Of the dosed reactant, kg per kmol of limiting reactant that it can consume.
    pub molar_mass: f64,
    /// Heat capacity of the mass, kJ/(kg·K).
    pub cp: f64,
    /// Assumed conversion of what is accumulated while nothing is measured, 1/h.
    pub assumed_per_h: f64,
}

/// How far a reaction has come, by its heat.
///
/// With `n` in kmol: `n_able = min(n_fed, n_lim)`, `dn_r = q_r/|ΔH_r|·dt` while the
/// balance is valid, `dn_r = k·(n_able − n_r)·dt` with the assumed `k` while it is
/// not, and always `0 ≤ n_r ≤ n_able`. Accumulation `X_acc = (n_able − n_r)/n_lim`,
/// rise `X_acc·ΔT_ad = (n_able − n_r)·|ΔH_r|/(m·c_p)`. (Stoessel, *Thermal Safety of
/// Chemical Processes*; GB/T 42300.)
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConversionLaw {
    reacted: f64,
    /// Seconds with anything fed, and those of them that were measured.
    fed_s: f64,
    measured_s: f64,
    /// Amounts that the balance claimed and that could not be.
    clipped: f64,
    claimed: f64,
}

impl ConversionLaw {
    /// One scan. `heat_kw` is `None` while the balance is not valid; `assume` tells
    /// whether the assumed conversion may be counted then.
    pub fn step(
        &mut self,
        reaction: &Reaction,
        dosed_kg: f64,
        heat_kw: Option<f64>,
        assume: bool,
        dt_s: f64,
    ) {
        if dosed_kg <= 0.0 {
            *self = ConversionLaw::default();
            return;
        }
        let able = self.able(reaction, dosed_kg);
        let amount = match heat_kw {
            // kJ/mol are MJ/kmol.
            Some(heat) => heat * dt_s / (1_000.0 * reaction.enthalpy),
            None if assume => {
                let share = 1.0 - math::exp(-reaction.assumed_per_h / 3_600.0 * dt_s);
                (able - self.reacted).max(0.0) * share
            }
            None => 0.0,
        };
        let next = self.reacted + amount;
        let kept = math::clamp(next, 0.0, able);
        self.fed_s += dt_s;
        if heat_kw.is_some() {
            self.measured_s += dt_s;
            self.clipped = (self.clipped + (next - kept).abs()).min(1e9);
            self.claimed = (self.claimed + amount.abs()).min(1e9);
        }
        self.reacted = kept;
    }

    fn able(&self, reaction: &Reaction, dosed_kg: f64) -> f64 {
        math::clamp(dosed_kg / reaction.molar_mass, 0.0, reaction.limiting)
    }

    /// Conversion of the limiting reactant, 0 to 1.
    pub fn conversion(&self, reaction: &Reaction) -> f64 {
        self.reacted / reaction.limiting
    }

    /// Accumulation, 0 to 1.
    pub fn accumulation(&self, reaction: &Reaction, dosed_kg: f64) -> f64 {
        (self.able(reaction, dosed_kg) - self.reacted).max(0.0) / reaction.limiting
    }

    /// What the accumulation could still heat a mass, K.
    pub fn rise(&self, reaction: &Reaction, dosed_kg: f64, mass_kg: f64) -> f64 {
        self.accumulation(reaction, dosed_kg) * reaction.limiting * reaction.enthalpy * 1_000.0
            / (mass_kg * reaction.cp)
    }

    /// How much of the balance rests on measurement, 0 to 1: the share of the time
    /// since the first feed that was measured, less the share of the heat that could
    /// not be.
    pub fn confidence(&self) -> f64 {
        if self.fed_s <= 0.0 {
            return 1.0;
        }
        let believed = 1.0 - self.clipped / self.claimed.max(1e-9);
        (self.measured_s / self.fed_s) * math::clamp(believed, 0.0, 1.0)
    }
}

/// Where the heat of the jacket is measured.
enum Removed {
    /// `UA·(T_r − T_j)`.
    Wall { ua: Input<f64>, jacket: Input<f64> },
    /// `ṁ·c_p·(T_out − T_in)`.
    Fluid {
        flow: Input<f64>,
        inlet: Input<f64>,
        outlet: Input<f64>,
        kj_m3_k: f64,
    },
}

/// `CALORIMETRY`: live heat of reaction, conversion, accumulation, MTSR and hazard
/// class of a semi-batch reaction.
///
/// `q_r = q_removed + (m·c_p + C_w)·dT/dt + F·c_p·(T_r − T_feed) + q_loss − P_stirrer − q_other`
///
/// | key | meaning |
/// |---|---|
/// | `temperature` | bulk temperature, °C, required |
/// | `ua`, `jacket` | heat transfer, kW/K (tuning tag `UA`, or a tag), and mean jacket temperature, °C; or |
/// | `jacket_flow`, `jacket_in`, `jacket_out` | jacket fluid, m³/h and °C; one of both balances |
/// | `jacket_capacity` | heat capacity of the jacket fluid, kJ/(m³·K), 3600 |
/// | `heel` | mass before the dosing, kg: tuning tag `HEEL`, or a tag; required |
/// | `dosed` | dosed amount, kg, required |
/// | `feed` | dosing rate, kg/h; without it the feed counts as warm |
/// | `feed_temperature` | °C, tuning tag or tag, 20 |
/// | `cp`, `vessel` | heat capacities of the mass, kJ/(kg·K), required, and of the vessel, kJ/K, 0 |
/// | `loss`, `stirrer`, `other` | heat loss, stirrer power and other heat, kW: tunings or tags, 0 |
/// | `enthalpy` | heat given off, kJ/mol of limiting reactant, required |
/// | `limiting` | amount of limiting reactant, kmol, required |
/// | `molar_mass` | of the dosed reactant, kg/kmol, required |
/// | `mtt`, `td24` | technical limit and TD24 of the mass, °C, required |
/// | `stirred` | Boolean tag: agitated; otherwise the balance is not valid; optional |
/// | `initiated` | Boolean tag: the reaction was seen to begin; needed for `assumed_per_h`; optional |
/// | `assumed_per_h` | while the balance is not valid this share of the accumulation is assumed to react in an hour, 0 (nothing reacts: the safe side) |
/// | `window_s` | window of dT/dt, 60 to 600, 60 s |
///
/// | tag | meaning |
/// |---|---|
/// | `HEAT` | heat of reaction, kW; bad while the balance is not valid |
/// | `X` | conversion of the limiting reactant, % |
/// | `X_ACC` | accumulation, % of the limiting amount |
/// | `RISE` | what the accumulation could still heat, `X_acc·ΔT_ad`, K |
/// | `MTSR` | `T_r + RISE`, °C |
/// | `CLASS` | hazard class 1 to 5 at this moment (GB/T 42300) |
/// | `RATE` | dT/dt by least squares over the window, K/min |
/// | `VALID` | the balance is measured now |
/// | `CONFIDENCE` | how much of the integral rests on measurement, % |
///
/// While the balance is not valid the accumulation follows from the dosed amount and
/// the assumed conversion alone: `X`, `X_ACC`, `RISE`, `MTSR` and `CLASS` are then uncertain-substituted.
/// A bad `dosed` makes them bad, a bad temperature `MTSR` and `CLASS`. A dosed amount of 0 begins a
/// new batch. dT/dt belongs to the middle of its window ([`WindowSlope`]); for the rest see [`ConversionLaw`].
pub struct Calorimetry {
    reaction: Reaction,
    law: ConversionLaw,
    slope: WindowSlope,
    vessel: f64,
    mtt: f64,
    td24: f64,
    removed: Removed,
    temperature: Input<f64>,
    heel: Input<f64>,
    dosed: Input<f64>,
    feed: Option<Input<f64>>,
    feed_temperature: Input<f64>,
    loss: Input<f64>,
    stirrer: Input<f64>,
    other: Input<f64>,
    stirred: Option<Input<bool>>,
    initiated: Option<Input<bool>>,
    heat: Output<f64>,
    x: Output<f64>,
    x_acc: Output<f64>,
    rise: Output<f64>,
    mtsr: Output<f64>,
    class: Output<i64>,
    rate: Output<f64>,
    valid: Output<bool>,
    confidence: Output<f64>,
}

impl Calorimetry {
    /// Heat that the jacket takes, kW.
    fn removed(&self, image: &Image, temperature: f64) -> Option<f64> {
        match &self.removed {
            Removed::Wall { ua, jacket } => {
                Some(known(image, *ua)? * (temperature - known(image, *jacket)?))
            }
            Removed::Fluid {
                flow,
                inlet,
                outlet,
                kj_m3_k,
            } => Some(
                known(image, *flow)? * kj_m3_k / 3_600.0
                    * (known(image, *outlet)? - known(image, *inlet)?),
            ),
        }
    }

    /// Heat of reaction, kW; `None` if the balance is not valid.
    fn heat(&self, image: &Image, mass: Option<f64>) -> Option<f64> {
        if self.stirred.is_some_and(|pin| !is_certain(image, pin)) {
            return None;
        }
        let temperature = known(image, self.temperature)?;
        let slope = self.slope.slope()?;
        let cp = self.reaction.cp;
        let fed = match self.feed {
            Some(pin) => {
                let colder = temperature - known(image, self.feed_temperature)?;
                known(image, pin)? / 3_600.0 * cp * colder
            }
            None => 0.0,
        };
        let heat = self.removed(image, temperature)?
            + (mass? * cp + self.vessel) * slope
            + fed
            + known(image, self.loss)?
            - known(image, self.stirrer)?
            - known(image, self.other)?;
        (heat.abs() <= crate::sense::PLAUSIBLE_MAX).then_some(heat)
    }

    fn heat_quality(&self, image: &Image) -> Quality {
        let jacket = match &self.removed {
            Removed::Wall { ua, jacket } => [Some(*ua), Some(*jacket), None],
            Removed::Fluid {
                flow,
                inlet,
                outlet,
                ..
            } => [Some(*flow), Some(*inlet), Some(*outlet)],
        };
        let rest = [
            Some(self.temperature),
            Some(self.heel),
            Some(self.dosed),
            self.feed,
            Some(self.feed_temperature),
            Some(self.loss),
            Some(self.stirrer),
            Some(self.other),
        ];
        worst_of(image, &jacket).worst(worst_of(image, &rest))
    }
}

impl Block for Calorimetry {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let temperature = known(image, self.temperature);
        match temperature {
            Some(temperature) => {
                self.slope.step(temperature, ns(scan.dt_s));
            }
            None => self.slope.clear(),
        }
        let dosed = known(image, self.dosed);
        let mass = known(image, self.heel)
            .zip(dosed)
            .map(|(heel, dosed)| heel + dosed.max(0.0))
            .filter(|mass| *mass > 0.0);
        let heat = self.heat(image, mass);
        let stirs = self.stirred.is_none_or(|pin| is_certain(image, pin));
        let began = self.initiated.is_none_or(|pin| is_certain(image, pin));
        if let Some(dosed) = dosed {
            self.law
                .step(&self.reaction, dosed, heat, stirs && began, scan.dt_s);
        }
        let heat_quality = self.heat_quality(image);
        show(image, &self.heat, heat, heat_quality);
        image.put(&self.valid, heat.is_some());
        let rate = self.slope.slope().map(|slope| 60.0 * slope);
        let quality = quality_of(image, self.temperature);
        show(image, &self.rate, rate, quality);
        image.put(&self.confidence, 100.0 * self.law.confidence());
        // What rests on an assumption says so.
        let basis = match heat {
            Some(_) => substituted(heat_quality),
            None => Quality::new(Level::Uncertain, Reason::Substituted),
        };
        let quality = basis.worst(quality_of(image, self.dosed));
        let reaction = &self.reaction;
        let x = dosed.map(|_| 100.0 * self.law.conversion(reaction));
        let x_acc = dosed.map(|dosed| 100.0 * self.law.accumulation(reaction, dosed));
        let rise = dosed
            .zip(mass)
            .map(|(dosed, mass)| self.law.rise(reaction, dosed, mass));
        show(image, &self.x, x, quality);
        show(image, &self.x_acc, x_acc, quality);
        let quality = quality.worst(quality_of(image, self.heel));
        show(image, &self.rise, rise, quality);
        let quality = quality.worst(quality_of(image, self.temperature));
        let mtsr = temperature
            .zip(rise)
            .map(|(temperature, rise)| temperature + rise);
        show(image, &self.mtsr, mtsr, quality);
        let class = match mtsr {
            Some(mtsr) => Reading::new(class_of(mtsr, self.mtt, self.td24), quality),
            // Nobody knows: the worst, and bad.
            None => Reading::new(5, quality.worst(Quality::BAD)),
        };
        image.set(&self.class, class);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        let law = &self.law;
        for value in [
            law.reacted,
            law.fed_s,
            law.measured_s,
            law.clipped,
            law.claimed,
        ] {
            state.real(value);
        }
        self.slope.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.reacted = state.real()?;
        self.law.fed_s = state.real()?;
        self.law.measured_s = state.real()?;
        self.law.clipped = state.real()?;
        self.law.claimed = state.real()?;
        self.slope.restore(state)
    }

    fn start(&mut self, _start: Start) {
        // A slope over the time between would be a jump over a gap.
        self.slope.clear();
    }
}

impl Calorimetry {
    fn wire_removed(wiring: &mut Wiring<'_>) -> Removed {
        let by_wall = wiring.has("ua") || wiring.has("jacket");
        let fluid = ["jacket_flow", "jacket_in", "jacket_out"];
        let by_fluid = fluid.iter().any(|key| wiring.has(key));
        if by_wall == by_fluid {
            wiring.problem(
                "jacket",
                "there must be one balance of the jacket",
                "either ua and jacket, or jacket_flow, jacket_in and jacket_out",
            );
        }
        if by_fluid {
            return Removed::Fluid {
                flow: wiring.input("jacket_flow"),
                inlet: wiring.input("jacket_in"),
                outlet: wiring.input("jacket_out"),
                kj_m3_k: wiring.real("jacket_capacity", 3_600.0, 100.0..=10_000.0),
            };
        }
        if !wiring.has("ua") {
            wiring.problem("ua", "`ua` is not given", "ua = 2.1");
        }
        Removed::Wall {
            ua: wiring.tuning("ua", 0.0, 0.0..=1e4),
            jacket: wiring.input("jacket"),
        }
    }
}

impl BlockKind for Calorimetry {
    const NAME: &'static str = "CALORIMETRY";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("heel") {
            wiring.problem("heel", "`heel` is not given", "heel = 1310.0");
        }
        for (pin, unit) in [
            ("temperature", "°C"),
            ("jacket", "°C"),
            ("jacket_in", "°C"),
            ("jacket_out", "°C"),
            ("jacket_flow", "m3/h"),
            ("ua", "kW/K"),
            ("heel", "kg"),
            ("dosed", "kg"),
            ("feed", "kg/h"),
            ("feed_temperature", "°C"),
            ("loss", "kW"),
            ("stirrer", "kW"),
            ("other", "kW"),
            ("HEAT", "kW"),
            ("X", "%"),
            ("X_ACC", "%"),
            ("RISE", "K"),
            ("MTSR", "°C"),
            ("RATE", "K/min"),
            ("CONFIDENCE", "%"),
        ] {
            wiring.unit(pin, unit);
        }
        for pin in ["X", "X_ACC", "CONFIDENCE"] {
            wiring.range(pin, 0.0, 100.0);
        }
        wiring.states("CLASS", CLASSES);
        let removed = Self::wire_removed(wiring);
        Calorimetry {
            reaction: Reaction {
                enthalpy: wiring.real_required("enthalpy", 0.1..=10_000.0),
                limiting: wiring.real_required("limiting", 1e-6..=1e6),
                molar_mass: wiring.real_required("molar_mass", 1.0..=1e5),
                cp: wiring.real_required("cp", 0.1..=20.0),
                assumed_per_h: wiring.real("assumed_per_h", 0.0, 0.0..=100.0),
            },
            law: ConversionLaw::default(),
            slope: WindowSlope::new(ns(wiring.real("window_s", 60.0, 60.0..=600.0))),
            vessel: wiring.real("vessel", 0.0, 0.0..=1e6),
            mtt: wiring.real_required("mtt", -100.0..=2_000.0),
            td24: wiring.real_required("td24", -100.0..=2_000.0),
            removed,
            temperature: wiring.input("temperature"),
            heel: wiring.tuning("heel", 0.0, 0.0..=1e7),
            dosed: wiring.input("dosed"),
            feed: wiring.input_optional("feed"),
            feed_temperature: wiring.tuning("feed_temperature", 20.0, -100.0..=500.0),
            loss: wiring.tuning("loss", 0.0, -1e6..=1e6),
            stirrer: wiring.tuning("stirrer", 0.0, 0.0..=1e6),
            other: wiring.tuning("other", 0.0, -1e6..=1e6),
            stirred: wiring.input_optional("stirred"),
            initiated: wiring.input_optional("initiated"),
            heat: wiring.output("HEAT"),
            x: wiring.output("X"),
            x_acc: wiring.output("X_ACC"),
            rise: wiring.output("RISE"),
            mtsr: wiring.output("MTSR"),
            class: wiring.output("CLASS"),
            rate: wiring.output("RATE"),
            valid: wiring.output("VALID"),
            confidence: wiring.output("CONFIDENCE"),
        }
    }
}

#[cfg(test)]
mod tests;
