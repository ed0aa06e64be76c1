//! Whether emergency cooling stands ready.

use crate::logic::timing::ns;
use crate::protect::is_certain;
use crate::sense::{Spell, known};
use scan::*;

/// A stroke test of the valve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stroke {
    /// None runs.
    #[default]
    Rest,
    /// The valve must open.
    Opening,
    /// The valve must close again.
    Closing,
}

/// Runs stroke tests and knows when the last one passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrokeLaw {
    stroke: Stroke,
    spell: Spell,
    has_failed: bool,
    /// Time of day of the last passed test, ns.
    passed_at_ns: Option<i64>,
}

impl StrokeLaw {
    /// One scan; whether the valve is demanded to open.
    pub fn step(
        &mut self,
        test: bool,
        (is_open, is_closed): (bool, bool),
        limit_ns: u64,
        now_ns: i64,
        dt_ns: u64,
    ) -> bool {
        if test && self.stroke == Stroke::Rest {
            self.go(Stroke::Opening);
        }
        let is_there = match self.stroke {
            Stroke::Rest => return false,
            Stroke::Opening => is_open && !is_closed,
            Stroke::Closing => is_closed && !is_open,
        };
        let elapsed = self.spell.step(true, dt_ns);
        match (is_there, self.stroke) {
            (true, Stroke::Opening) => self.go(Stroke::Closing),
            (true, _) => {
                self.go(Stroke::Rest);
                self.has_failed = false;
                self.passed_at_ns = Some(now_ns);
            }
            (false, _) if elapsed >= limit_ns => {
                self.go(Stroke::Rest);
                self.has_failed = true;
            }
            _ => {}
        }
        self.stroke == Stroke::Opening
    }

    fn go(&mut self, stroke: Stroke) {
        self.stroke = stroke;
        self.spell.clear();
    }

    /// Nanoseconds until the next test is due; `None` if none ever passed.
    pub fn left_ns(&self, every_ns: i64, now_ns: i64) -> Option<i64> {
        let passed_at = self.passed_at_ns?;
        Some(every_ns.saturating_sub(now_ns.saturating_sub(passed_at)))
    }
}

/// `EMERGENCY_COOLING`: the stand-by coolant and its valve, as a permissive.
///
/// | key | meaning |
/// |---|---|
/// | `level`, `level_min` | stand-by level and its minimum; optional |
/// | `temperature`, `temperature_max` | stand-by temperature and its maximum; optional |
/// | `pressure`, `pressure_min` | stand-by pressure and its minimum; optional |
/// | `opened`, `closed` | limit switches of the valve, Boolean, required |
/// | `every_d` | days between two stroke tests, 7 (demo design value: weekly) |
/// | `stroke_s` | longest travel each way, 5 s (demo design value) |
/// | `test_permit` | Boolean tag, needed to begin a test; optional |
///
/// | tag | meaning |
/// |---|---|
/// | `TEST` | command: opens the valve, sees it open, closes it, sees it closed |
/// | `READY` | permissive: nothing is missing |
/// | `MISSING` | bit mask: 1 level, 2 temperature, 4 pressure, 8 no stroke test in time, 16 the last one failed |
/// | `STROKE` | demand: open the valve for the test |
/// | `DUE_H` | hours until the next test is due, negative when overdue |
///
/// A bad signal is missing. Time between tests is the time of day and runs while the
/// station stands still; after a cold start no test is known. A start of the program
/// breaks a running test off as failed.
pub struct EmergencyCooling {
    law: StrokeLaw,
    every_ns: i64,
    stroke_ns: u64,
    level: Option<(Input<f64>, f64)>,
    temperature: Option<(Input<f64>, f64)>,
    pressure: Option<(Input<f64>, f64)>,
    opened: Input<bool>,
    closed: Input<bool>,
    test_permit: Option<Input<bool>>,
    test: Request<bool>,
    ready: Output<bool>,
    missing: Output<i64>,
    stroke: Output<bool>,
    due_h: Output<f64>,
}

impl Block for EmergencyCooling {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let test = image.requested(&self.test) == Some(true)
            && self.test_permit.is_none_or(|pin| is_certain(image, pin));
        let switches = (
            is_certain(image, self.opened),
            is_certain(image, self.closed),
        );
        let now = scan.utc.ns();
        let stroke = self
            .law
            .step(test, switches, self.stroke_ns, now, ns(scan.dt_s));
        let left = self.law.left_ns(self.every_ns, now);
        let lacks = |stand_by: &Option<(Input<f64>, f64)>, is_max: bool| {
            stand_by.is_some_and(|(pin, limit)| {
                known(image, pin).is_none_or(|value| match is_max {
                    true => value > limit,
                    false => value < limit,
                })
            })
        };
        let rows = [
            lacks(&self.level, false),
            lacks(&self.temperature, true),
            lacks(&self.pressure, false),
            left.is_none_or(|left| left <= 0),
            self.law.has_failed,
        ];
        let missing = rows.iter().enumerate().fold(0, |mask, (row, is_missing)| {
            mask | i64::from(*is_missing) << row
        });
        image.put(&self.ready, missing == 0);
        image.put(&self.missing, missing);
        image.put(&self.stroke, stroke);
        image.put(&self.due_h, left.unwrap_or(0) as f64 / 3.6e12);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(match self.law.stroke {
            Stroke::Rest => 0,
            Stroke::Opening => 1,
            Stroke::Closing => 2,
        });
        self.law.spell.save(state);
        state.bool(self.law.has_failed);
        state.bool(self.law.passed_at_ns.is_some());
        state.int(self.law.passed_at_ns.unwrap_or(0));
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.stroke = match state.int()? {
            1 => Stroke::Opening,
            2 => Stroke::Closing,
            _ => Stroke::Rest,
        };
        self.law.spell.restore(state)?;
        self.law.has_failed = state.bool()?;
        let is_some = state.bool()?;
        let at = state.int()?;
        self.law.passed_at_ns = is_some.then_some(at);
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        if self.law.stroke != Stroke::Rest {
            self.law.go(Stroke::Rest);
            self.law.has_failed = true;
        }
    }
}

impl BlockKind for EmergencyCooling {
    const NAME: &'static str = "EMERGENCY_COOLING";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        wiring.unit("DUE_H", "h");
        wiring.range("MISSING", 0.0, 31.0);
        let mut stand_by = |key: &str, limit_key: &str| {
            if wiring.has(key) != wiring.has(limit_key) {
                wiring.problem(
                    limit_key,
                    format!("`{key}` and `{limit_key}` belong together"),
                    "a tag and its limit",
                );
            }
            let limit = wiring.real(limit_key, 0.0, -1e9..=1e9);
            wiring.input_optional(key).map(|pin| (pin, limit))
        };
        let level = stand_by("level", "level_min");
        let temperature = stand_by("temperature", "temperature_max");
        let pressure = stand_by("pressure", "pressure_min");
        EmergencyCooling {
            law: StrokeLaw::default(),
            every_ns: (wiring.real("every_d", 7.0, 0.01..=3_650.0) * 8.64e13) as i64,
            stroke_ns: ns(wiring.real("stroke_s", 5.0, 0.1..=600.0)),
            level,
            temperature,
            pressure,
            opened: wiring.input("opened"),
            closed: wiring.input("closed"),
            test_permit: wiring.input_optional("test_permit"),
            test: wiring.command("TEST"),
            ready: wiring.output("READY"),
            missing: wiring.output("MISSING"),
            stroke: wiring.output("STROKE"),
            due_h: wiring.output("DUE_H"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Rig, problems};
    use signal::Quality;

    const TEXT: &str = r#"
        field = { l = 80.0, t = -10.0, p = 300.0, zso = false, zsc = true }
        [[block]]
        kind = "EMERGENCY_COOLING"
        name = "E"
        level = "l"
        level_min = 60.0
        temperature = "t"
        temperature_max = -5.0
        pressure = "p"
        pressure_min = 180.0
        opened = "zso"
        closed = "zsc"
        every_d = 0.5
    "#;

    /// A bench whose scans are minutes, with a passed test.
    fn tested() -> Rig {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        assert_eq!(rig.value("E.MISSING"), 8.0, "never tested");
        rig.write("E.TEST", 1.0).scans(1);
        assert!(rig.is("E.STROKE"));
        rig.field("zsc", 0.0).scans(2).field("zso", 1.0).scans(1);
        assert!(!rig.is("E.STROKE"));
        rig.field("zso", 0.0).scans(1).field("zsc", 1.0).scans(1);
        assert!(rig.is("E.READY"));
        assert!((rig.value("E.DUE_H") - 12.0).abs() < 0.01);
        rig
    }

    #[test]
    fn each_lack_is_named() {
        for (tag, value, mask) in [("l", 59.0, 1.0), ("t", -4.0, 2.0), ("p", 179.0, 4.0)] {
            let mut rig = tested();
            rig.field(tag, value).scans(1);
            assert_eq!(rig.value("E.MISSING"), mask);
            assert!(!rig.is("E.READY"));
            let mut rig = tested();
            rig.quality_of(tag, Quality::COMM_LOST).scans(1);
            assert_eq!(rig.value("E.MISSING"), mask, "{tag} is not known");
        }
    }

    #[test]
    fn a_test_becomes_due_and_a_failed_one_is_told_until_one_passes() {
        let mut rig = tested();
        rig.scans(12 * 3600);
        assert_eq!(rig.value("E.MISSING"), 8.0);
        let mut rig = tested();
        rig.write("E.TEST", 1.0).scans(6);
        assert_eq!(rig.value("E.MISSING"), 16.0, "it did not open");
        assert!(!rig.is("E.STROKE"));
        rig.write("E.TEST", 1.0).scans(1);
        assert_eq!(rig.value("E.MISSING"), 16.0);
    }

    #[test]
    fn a_valve_that_does_not_close_again_has_failed() {
        let mut rig = tested();
        rig.write("E.TEST", 1.0).scans(1);
        rig.field("zsc", 0.0).field("zso", 1.0).scans(8);
        assert_eq!(rig.value("E.MISSING"), 16.0);
    }

    #[test]
    fn a_start_of_the_program_breaks_a_test_off() {
        let mut rig = tested();
        rig.write("E.TEST", 1.0).scans(1);
        rig.task.program.start(Start::Warm);
        rig.scans(1);
        assert!(!rig.is("E.STROKE"));
        assert_eq!(rig.value("E.MISSING"), 16.0);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (from, to) in [
            ("level_min = 60.0", ""),
            ("opened = \"zso\"", ""),
            ("every_d = 0.5", "every_d = 0"),
        ] {
            assert_eq!(problems(&TEXT.replace(from, to)).len(), 1, "{from}");
        }
    }
}
