//! Letting a vessel down in two stages.

use crate::logic::timing::ns;
use crate::protect::{is_certain, is_demanded};
use crate::sense::{Command, known};
use crate::slope::WindowSlope;
use scan::*;
use signal::math;

const IDLE: i64 = 0;
const FIRST: i64 = 1;
const SECOND: i64 = 2;
const DONE: i64 = 3;
const HELD: i64 = 4;

/// Names of `STATE`.
const STATES: &[(i64, &str, &str)] = &[
    (IDLE, "idle", "空闲"),
    (FIRST, "first stage", "一段泄压"),
    (SECOND, "second stage", "二段泄压"),
    (DONE, "done", "完成"),
    (HELD, "held", "保持"),
];

/// Set-point of the fall as a share of what is permitted: room for overshoot.
const SHARE: f64 = 0.8;

/// The next opening in per cent, an integral controller of the fall of pressure.
///
/// It opens within `stroke_s` while nothing falls, more slowly the nearer the fall
/// comes to its set-point (0.8 of `fall_max`), and closes up to four times as fast.
pub fn next_opening(opening: f64, fall: f64, fall_max: f64, stroke_s: f64, dt_s: f64) -> f64 {
    let sp = SHARE * fall_max;
    let drive = math::clamp((sp - fall) / sp, -4.0, 1.0);
    math::clamp(opening + 100.0 * dt_s / stroke_s * drive, 0.0, 100.0)
}

/// `DEPRESSURE`: lets a vessel down, first slowly, then faster, at a limited rate.
///
/// | key | meaning |
/// |---|---|
/// | `pressure` | head pressure, kPa(g), required |
/// | `switch` | the second stage begins here, kPa(g), required |
/// | `end` | done at or below, kPa(g), required |
/// | `fall_max` | greatest fall in the first stage, kPa/min, required (foam, liquid carried over) |
/// | `fall_max_2` | in the second, kPa/min, `fall_max` |
/// | `stroke_s` | time in which the throttle opens while nothing falls, 120 s |
/// | `window_s` | window of the rate, 10 s |
/// | `foam` | Boolean tag: foam or liquid in the vent: the throttle closes; a bad one too; optional |
/// | `hold` | Boolean tag: pauses; a bad one too; optional |
/// | `permit` | Boolean tag, needed to start and to go on (the vent path is open); optional |
/// | `start_when`, `stop_when` | Boolean tags whose rising edge is `START`, `STOP`; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `START`, `STOP` | commands |
/// | `OPEN` | demand of the depressuring valve |
/// | `OUT` | demand of the throttle, % |
/// | `DONE` | the pressure is let down |
/// | `STATE` | 0 idle, 1 first stage, 2 second stage, 3 done, 4 held |
///
/// While held, or with a bad pressure, both valves are closed, and it goes on by
/// itself from a closed throttle. A start of the program ends it. This is control, not
/// relief: relief devices and trips do not wait for it.
pub struct Depressure {
    switch: f64,
    end: f64,
    fall_max: [f64; 2],
    stroke_s: f64,
    slope: WindowSlope,
    stage: i64,
    opening: f64,
    pressure: Input<f64>,
    foam: Option<Input<bool>>,
    hold: Option<Input<bool>>,
    permit: Option<Input<bool>>,
    start: Command,
    stop: Command,
    open: Output<bool>,
    out: Output<f64>,
    done: Output<bool>,
    state: Output<i64>,
}

impl Block for Depressure {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let pressure = known(image, self.pressure);
        match pressure {
            Some(pressure) => {
                self.slope.step(pressure, ns(scan.dt_s));
            }
            None => self.slope.clear(),
        }
        let may = self.permit.is_none_or(|pin| is_certain(image, pin));
        let is_held = !may
            || [self.foam, self.hold]
                .iter()
                .flatten()
                .any(|pin| is_demanded(image, *pin));
        let (start, stop) = (self.start.given(image), self.stop.given(image));
        if stop {
            self.stage = IDLE;
        } else if start && may && !matches!(self.stage, FIRST | SECOND) {
            self.stage = FIRST;
            self.opening = 0.0;
        }
        if let (FIRST | SECOND, Some(pressure)) = (self.stage, pressure) {
            if pressure <= self.end {
                self.stage = DONE;
            } else if pressure <= self.switch {
                self.stage = SECOND;
            }
        }
        let fall = self.slope.slope().map(|slope| -60.0 * slope);
        let runs = matches!(self.stage, FIRST | SECOND);
        let goes = runs && !is_held && pressure.is_some();
        self.opening = match (goes, fall) {
            (true, Some(fall)) => next_opening(
                self.opening,
                fall,
                self.fall_max[usize::from(self.stage == SECOND)],
                self.stroke_s,
                scan.dt_s,
            ),
            // Nothing opens before the fall is measured.
            (true, None) => self.opening,
            (false, _) => 0.0,
        };
        image.put(&self.open, goes);
        image.put(&self.out, self.opening);
        image.put(&self.done, self.stage == DONE);
        image.put(&self.state, if runs && !goes { HELD } else { self.stage });
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.stage);
        state.real(self.opening);
        self.slope.save(state);
        self.start.save(state);
        self.stop.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.stage = state.int()?;
        self.opening = state.real()?;
        self.slope.restore(state)?;
        self.start.restore(state)?;
        self.stop.restore(state)
    }

    fn start(&mut self, _start: Start) {
        self.stage = IDLE;
        self.opening = 0.0;
        self.slope.clear();
        self.start.forget();
        self.stop.forget();
    }
}

impl BlockKind for Depressure {
    const NAME: &'static str = "DEPRESSURE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        wiring.unit("pressure", "kPa(g)");
        wiring.unit("OUT", "%");
        wiring.range("OUT", 0.0, 100.0);
        wiring.states("STATE", STATES);
        let switch = wiring.real_required("switch", -101.325..=100_000.0);
        let end = wiring.real_required("end", -101.325..=100_000.0);
        if wiring.has("switch") && wiring.has("end") && end > switch {
            wiring.problem("end", "the end lies above the switch", "end below switch");
        }
        let fall_max = wiring.real_required("fall_max", 0.001..=1e6);
        let fall_max_2 = wiring.real("fall_max_2", fall_max, 0.001..=1e6);
        Depressure {
            switch,
            end,
            fall_max: [fall_max, fall_max_2],
            stroke_s: wiring.real("stroke_s", 120.0, 1.0..=3_600.0),
            slope: WindowSlope::new(ns(wiring.real("window_s", 10.0, 1.0..=600.0))),
            stage: IDLE,
            opening: 0.0,
            pressure: wiring.input("pressure"),
            foam: wiring.input_optional("foam"),
            hold: wiring.input_optional("hold"),
            permit: wiring.input_optional("permit"),
            start: Command::wire(wiring, "START"),
            stop: Command::wire(wiring, "STOP"),
            open: wiring.output("OPEN"),
            out: wiring.output("OUT"),
            done: wiring.output("DONE"),
            state: wiring.output("STATE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};
    use proptest::prelude::*;
    use signal::Quality;

    const TEXT: &str = r#"
        field = { p = 500.0, foam = false, path = true }
        [[block]]
        kind = "DEPRESSURE"
        name = "D"
        pressure = "p"
        switch = 100.0
        end = 5.0
        fall_max = 50.0
        fall_max_2 = 80.0
        foam = "foam"
        permit = "path"
    "#;

    /// Gas leaves in proportion to opening and pressure; fully open it is down to 1/e
    /// after `tau_s`.
    fn blow_down(tau_s: f64, start: f64) -> (Rig, [f64; 2], usize) {
        let mut rig = Rig::new(500, TEXT);
        rig.field("p", start)
            .scans(40)
            .write("D.START", 1.0)
            .scans(1);
        let mut fastest = [0.0f64; 2];
        let mut p = start;
        for scan in 0..40_000 {
            let stage = rig.value("D.STATE") as i64;
            if stage == DONE {
                return (rig, fastest, scan);
            }
            let fall = p * rig.value("D.OUT") / 100.0 / tau_s;
            p -= fall * 0.5;
            let at = usize::from(stage == SECOND);
            fastest[at] = fastest[at].max(60.0 * fall);
            rig.field("p", p).scans(1);
        }
        panic!("never let down: {p}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_pressure_falls_no_faster_than_permitted_and_all_the_way(
            tau_s in 60.0..600.0f64,
            start in 150.0..700.0f64,
        ) {
            let (rig, fastest, _) = blow_down(tau_s, start);
            prop_assert!(fastest[0] <= 50.0, "{fastest:?}");
            prop_assert!(fastest[1] <= 80.0, "{fastest:?}");
            prop_assert!(rig.value("p") <= 5.0);
        }
    }

    #[test]
    fn it_uses_most_of_the_permitted_rate() {
        let (rig, fastest, scans) = blow_down(120.0, 500.0);
        assert!(fastest[0] > 35.0, "{fastest:?}");
        assert!(scans < 2 * 60 * 30, "{scans}");
        assert!(rig.is("D.DONE") && !rig.is("D.OPEN"));
        assert_eq!(rig.value("D.OUT"), 0.0);
    }

    #[test]
    fn foam_a_lost_path_and_a_lost_pressure_close_everything() {
        for (tag, value, quality) in [
            ("foam", 1.0, Quality::GOOD),
            ("foam", 0.0, Quality::COMM_LOST),
            ("path", 0.0, Quality::GOOD),
            ("p", 400.0, Quality::SENSOR_FAULT),
        ] {
            let mut rig = Rig::new(500, TEXT);
            rig.scans(40).write("D.START", 1.0).scans(40);
            assert!(rig.is("D.OPEN") && rig.value("D.OUT") > 5.0);
            rig.field_with(tag, value, quality).scans(1);
            assert!(!rig.is("D.OPEN"), "{tag}");
            assert_eq!(
                (rig.value("D.OUT"), rig.value("D.STATE")),
                (0.0, HELD as f64)
            );
        }
    }

    #[test]
    fn a_start_of_the_program_ends_it() {
        let mut rig = Rig::new(500, TEXT);
        rig.write("D.START", 1.0).scans(10);
        rig.task.program.start(Start::Warm);
        rig.scans(1);
        assert_eq!(rig.value("D.STATE"), IDLE as f64);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (from, to) in [
            ("switch = 100.0", ""),
            ("end = 5.0", "end = 200.0"),
            ("fall_max = 50.0", ""),
            ("fall_max_2 = 80.0", "fall_max_2 = 0.0"),
        ] {
            assert_ne!(problems(&TEXT.replacen(from, to, 1)), vec![], "{from}");
        }
    }
}
