//! Whether the reaction has begun.

use crate::logic::timing::ns;
use crate::sense::{Spell, known, restore_real, save_real, show};
use scan::*;
use signal::Quality;

const IDLE: i64 = 0;
const FIRST: i64 = 1;
const WAITING: i64 = 2;
const CONFIRMED: i64 = 3;
const FAILED: i64 = 4;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (IDLE, "nothing dosed", "未加料"),
    (FIRST, "first portion", "首批加料"),
    (WAITING, "waiting for the reaction", "等待引发"),
    (CONFIRMED, "confirmed", "引发已确认"),
    (FAILED, "not confirmed", "引发未确认"),
];

/// What an initiation check sees in one scan.
#[derive(Clone, Copy, Debug)]
pub struct InitiationSigns {
    /// Dosed share of the target, 1 = all; `None` if unknown.
    pub share: Option<f64>,
    /// Heat or temperature shows a reaction now.
    pub reacts: bool,
    /// A person begins the check anew.
    pub reset: bool,
}

/// First portion, stop, wait until the reaction shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitiationLaw {
    state: i64,
    shown: Spell,
    waited: Spell,
}

impl InitiationLaw {
    /// One scan; the state.
    pub fn step(
        &mut self,
        portion: f64,
        (for_ns, wait_ns): (u64, u64),
        signs: &InitiationSigns,
        dt_ns: u64,
    ) -> i64 {
        if signs.reset {
            *self = InitiationLaw::default();
        }
        let Some(share) = signs.share else {
            return self.state;
        };
        // A new batch.
        if share <= 0.0 {
            *self = InitiationLaw::default();
        } else if self.state == IDLE {
            self.state = FIRST;
        }
        if self.state == FIRST && share >= portion {
            self.state = WAITING;
            self.waited.clear();
        }
        if matches!(self.state, FIRST | WAITING) {
            if self.shown.has_lasted(signs.reacts, for_ns, dt_ns) {
                self.state = CONFIRMED;
            } else if self.state == WAITING
                && self
                    .waited
                    .has_lasted(true, wait_ns.saturating_add(1), dt_ns)
            {
                self.state = FAILED;
            }
        }
        self.state
    }

    /// After a start of the program the reaction may have died: it must show again.
    pub fn start(&mut self) {
        if self.state == CONFIRMED {
            self.state = WAITING;
        }
        self.shown.clear();
        self.waited.clear();
    }
}

/// `INITIATION`: after the first portion dosing waits until the reaction shows.
///
/// | key | meaning |
/// |---|---|
/// | `dosed` | dosed amount (real), required |
/// | `target` | whole amount, in its unit: tuning tag `TARGET`, or a tag; required |
/// | `portion` | first portion in per cent of the target, 5 (5 to 10 is usual) |
/// | `heat` | heat of reaction, kW, such as `CALORIMETRY.HEAT`; optional |
/// | `heat_min` | the reaction shows from here on, kW; required with `heat` |
/// | `temperature` | bulk temperature, °C; optional |
/// | `rise_min` | the reaction shows by this rise above the temperature at the first drop, K, 3 (demo design value) |
/// | `for_s` | how long it must show, 60 s |
/// | `wait_s` | longest wait, 1800 s; afterwards only `RESET` begins anew |
///
/// One of `heat` and `temperature` must be there; of two either confirms.
///
/// | tag | meaning |
/// |---|---|
/// | `RESET` | command: the check begins anew (a person has decided) |
/// | `HOLD` | dosing must wait: for `hold` of a `DOSE` |
/// | `CONFIRMED` | the reaction has shown |
/// | `STATE` | 0 nothing dosed, 1 first portion, 2 waiting, 3 confirmed, 4 not confirmed in time |
/// | `RISE` | temperature above that at the first drop, K; only with `temperature` |
///
/// While `dosed` is bad dosing waits. A bad heat or temperature confirms nothing. A
/// start of the program asks for confirmation again. An amount of 0 is a new batch.
/// (Initiation check of Grignard and hydrogenation reactions: AQ 3062, 初始引发确认.)
pub struct Initiation {
    law: InitiationLaw,
    portion: f64,
    for_ns: u64,
    wait_ns: u64,
    heat_min: f64,
    rise_min: f64,
    first: Option<f64>,
    dosed: Input<f64>,
    target: Input<f64>,
    heat: Option<Input<f64>>,
    temperature: Option<Input<f64>>,
    reset: Request<bool>,
    hold: Output<bool>,
    confirmed: Output<bool>,
    state: Output<i64>,
    rise: Option<Output<f64>>,
}

impl Block for Initiation {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let share = known(image, self.dosed)
            .zip(known(image, self.target).filter(|target| *target > 0.0))
            .map(|(dosed, target)| dosed / target);
        let temperature = self.temperature.and_then(|pin| known(image, pin));
        let reset = image.requested(&self.reset) == Some(true);
        // The temperature against which a rise counts is that of the last scan without
        // any reactant.
        if share.is_some_and(|share| share <= 0.0) || self.first.is_none() || reset {
            self.first = temperature.or(self.first);
        }
        let rise = temperature
            .zip(self.first)
            .map(|(temperature, first)| temperature - first);
        let heat = self.heat.and_then(|pin| known(image, pin));
        let signs = InitiationSigns {
            share,
            reacts: heat.is_some_and(|heat| heat >= self.heat_min)
                || rise.is_some_and(|rise| rise >= self.rise_min),
            reset,
        };
        let state = self.law.step(
            self.portion,
            (self.for_ns, self.wait_ns),
            &signs,
            ns(scan.dt_s),
        );
        image.put(
            &self.hold,
            matches!(state, WAITING | FAILED) || share.is_none(),
        );
        image.put(&self.confirmed, state == CONFIRMED);
        image.put(&self.state, state);
        if let Some(pin) = &self.rise {
            show(image, pin, rise, Quality::GOOD);
        }
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.law.state);
        self.law.shown.save(state);
        self.law.waited.save(state);
        save_real(state, self.first);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.state = state.int()?;
        self.law.shown.restore(state)?;
        self.law.waited.restore(state)?;
        self.first = restore_real(state)?;
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.law.start();
    }
}

impl BlockKind for Initiation {
    const NAME: &'static str = "INITIATION";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("target") {
            wiring.problem("target", "`target` is not given", "target = 300.0");
        }
        if !wiring.has("heat") && !wiring.has("temperature") {
            wiring.problem(
                "heat",
                "nothing can show the reaction",
                "heat = \"QC-101.HEAT\" or temperature = \"TT-101.PV\"",
            );
        }
        if wiring.has("heat") != wiring.has("heat_min") {
            wiring.problem(
                "heat_min",
                "heat and its limit belong together",
                "heat_min = 5.0",
            );
        }
        wiring.same_unit(&["dosed", "target"]);
        wiring.unit("heat", "kW");
        wiring.unit("temperature", "°C");
        wiring.unit("RISE", "K");
        wiring.states("STATE", STATES);
        let temperature = wiring.input_optional("temperature");
        Initiation {
            law: InitiationLaw::default(),
            portion: 0.01 * wiring.real("portion", 5.0, 0.1..=50.0),
            for_ns: ns(wiring.real("for_s", 60.0, 0.0..=86_400.0)),
            wait_ns: ns(wiring.real("wait_s", 1_800.0, 0.0..=864_000.0)),
            heat_min: wiring.real("heat_min", 0.0, 0.0..=1e9),
            rise_min: wiring.real("rise_min", 3.0, 0.0..=1_000.0),
            first: None,
            dosed: wiring.input("dosed"),
            target: wiring.tuning("target", 0.0, 0.0..=1e9),
            heat: wiring.input_optional("heat"),
            rise: temperature.map(|_| wiring.output("RISE")),
            temperature,
            reset: wiring.command("RESET"),
            hold: wiring.output("HOLD"),
            confirmed: wiring.output("CONFIRMED"),
            state: wiring.output("STATE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};

    const TEXT: &str = r#"
        field = { d = 0.0, q = 0.0, t = 40.0 }
        [[block]]
        kind = "INITIATION"
        name = "I"
        dosed = "d"
        target = 300.0
        heat = "q"
        heat_min = 5.0
        temperature = "t"
    "#;

    fn state(rig: &Rig) -> i64 {
        rig.value("I.STATE") as i64
    }

    fn waiting() -> Rig {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        assert_eq!(state(&rig), IDLE);
        rig.field("d", 14.9).scans(1);
        assert_eq!(state(&rig), FIRST);
        assert!(!rig.is("I.HOLD"));
        rig.field("d", 15.0).scans(1);
        assert_eq!(state(&rig), WAITING);
        assert!(rig.is("I.HOLD"));
        rig
    }

    #[test]
    fn heat_for_a_minute_or_a_rise_confirms() {
        for (tag, value) in [("q", 5.0), ("t", 43.0)] {
            let mut rig = waiting();
            rig.field(tag, value).scans(60);
            assert!(rig.is("I.HOLD"));
            rig.scans(1);
            assert_eq!(state(&rig), CONFIRMED);
            assert!(!rig.is("I.HOLD") && rig.is("I.CONFIRMED"));
            rig.field("q", 0.0).field("d", 200.0).scans(100);
            assert_eq!(state(&rig), CONFIRMED);
            rig.field("d", 0.0).scans(1);
            assert_eq!(state(&rig), IDLE);
        }
    }

    #[test]
    fn a_reaction_that_does_not_begin_fails_until_a_person_decides() {
        let mut rig = waiting();
        rig.scans(1801);
        assert_eq!(state(&rig), FAILED);
        rig.field("q", 50.0).scans(200);
        assert_eq!(state(&rig), FAILED, "too late to confirm by itself");
        assert!(rig.is("I.HOLD"));
        rig.write("I.RESET", 1.0).scans(1);
        assert_eq!(state(&rig), WAITING);
        rig.scans(61);
        assert_eq!(state(&rig), CONFIRMED);
    }

    #[test]
    fn bad_signals_confirm_nothing_and_an_unknown_amount_holds() {
        let mut rig = waiting();
        rig.field_with("q", 50.0, Quality::SENSOR_FAULT)
            .field_with("t", 90.0, Quality::COMM_LOST)
            .scans(200);
        assert_eq!(state(&rig), WAITING);
        assert!(rig.quality("I.RISE").is_bad());
        let mut rig = Rig::new(1000, TEXT);
        rig.quality_of("d", Quality::STALE).scans(1);
        assert!(rig.is("I.HOLD"));
    }

    #[test]
    fn a_start_of_the_program_asks_again() {
        let mut rig = waiting();
        rig.field("q", 9.0).scans(70).field("q", 0.0);
        rig.task.program.start(Start::Warm);
        rig.scans(1);
        assert!(rig.is("I.HOLD"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for key in ["target = 300.0", "heat_min = 5.0"] {
            assert_eq!(problems(&TEXT.replace(key, "")).len(), 1, "{key}");
        }
        let text = TEXT
            .replace("heat = \"q\"", "")
            .replace("heat_min = 5.0", "portion = 60")
            .replace("temperature = \"t\"", "");
        assert_eq!(problems(&text).len(), 2);
    }
}
