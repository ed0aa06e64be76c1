//! The standard timers of IEC 61131-3:2013, 6.6.3.5.5: TON, TOF, TP.

use super::timing::{ns, seconds};
use scan::*;
use signal::{Quality, Reading};

/// The memory of a timer: one law each for on-delay, off-delay and pulse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimerLaw {
    q: bool,
    is_running: bool,
    elapsed_ns: u64,
}

impl TimerLaw {
    fn advance(&mut self, preset_ns: u64, dt_ns: u64) -> bool {
        if self.is_running {
            self.elapsed_ns = self.elapsed_ns.saturating_add(dt_ns);
        } else {
            self.is_running = true;
            self.elapsed_ns = 0;
        }
        self.elapsed_ns = self.elapsed_ns.min(preset_ns);
        self.elapsed_ns >= preset_ns
    }

    fn rest(&mut self) {
        self.is_running = false;
        self.elapsed_ns = 0;
    }

    /// TON: true once `input` has been true for the preset.
    pub fn on_delay(&mut self, input: bool, preset_ns: u64, dt_ns: u64) -> bool {
        if input {
            self.q = self.advance(preset_ns, dt_ns);
        } else {
            self.rest();
            self.q = false;
        }
        self.q
    }

    /// TOF: true until `input` has been false for the preset.
    pub fn off_delay(&mut self, input: bool, preset_ns: u64, dt_ns: u64) -> bool {
        if input {
            self.rest();
            self.q = true;
        } else if self.q {
            self.q = !self.advance(preset_ns, dt_ns);
        }
        self.q
    }

    /// TP: true for the preset from a rising edge, whatever the input does then.
    pub fn pulse(&mut self, input: bool, preset_ns: u64, dt_ns: u64) -> bool {
        if self.q || (input && !self.is_running) {
            self.q = !self.advance(preset_ns, dt_ns);
        }
        // The elapsed time stands until the input is gone.
        if !self.q && !input {
            self.rest();
        }
        self.q
    }

    /// Elapsed time, never above the preset.
    pub const fn elapsed_ns(&self) -> u64 {
        self.elapsed_ns
    }
}

struct Timer {
    law: TimerLaw,
    input: Input<bool>,
    pt_s: Input<f64>,
    q: Output<bool>,
    et_s: Output<f64>,
}

type Law = fn(&mut TimerLaw, bool, u64, u64) -> bool;

impl Timer {
    fn wire(wiring: &mut Wiring<'_>) -> Timer {
        if !wiring.has("pt_s") {
            wiring.problem("pt_s", "the preset time is not given", "pt_s = 5.0");
        }
        wiring.unit("pt_s", "s");
        wiring.unit("ET_S", "s");
        Timer {
            law: TimerLaw::default(),
            input: wiring.input("in"),
            pt_s: wiring.tuning("pt_s", 0.0, 0.0..=1e9),
            q: wiring.output("Q"),
            et_s: wiring.output("ET_S"),
        }
    }

    fn step(&mut self, law: Law, scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let preset = ns(image.value(self.pt_s));
        let q = law(&mut self.law, input.value, preset, ns(scan.dt_s));
        let quality = input.quality.worst(Quality::GOOD);
        image.set(&self.q, Reading::new(q, quality));
        image.set(
            &self.et_s,
            Reading::new(seconds(self.law.elapsed_ns), quality),
        );
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.law.q);
        state.bool(self.law.is_running);
        state.word(self.law.elapsed_ns);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.q = state.bool()?;
        self.law.is_running = state.bool()?;
        self.law.elapsed_ns = state.word()?;
        Ok(())
    }
}

macro_rules! timer {
    ($(#[$doc:meta])* $type:ident, $name:literal, $law:ident) => {
        $(#[$doc])*
        ///
        /// Keys `in` (Boolean tag) and `pt_s` (preset, tuning tag `PT_S`, seconds).
        /// Outputs `Q` and `ET_S` (elapsed time, seconds), with the quality of
        /// `in`. The scan of the edge counts as time 0.
        pub struct $type(Timer);

        impl Block for $type {
            fn step(&mut self, scan: &Scan, image: &mut Image) {
                self.0.step(TimerLaw::$law, scan, image);
            }
            fn save(&self, state: &mut StateWriter<'_>) {
                self.0.save(state);
            }
            fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
                self.0.restore(state)
            }
        }

        impl BlockKind for $type {
            const NAME: &'static str = $name;
            const STAGE: Stage = Stage::Logic;

            fn wire(wiring: &mut Wiring<'_>) -> Self {
                $type(Timer::wire(wiring))
            }
        }
    };
}

timer!(
    /// `TON`: true once the input has been true for the preset time.
    OnDelayTimer, "TON", on_delay
);
timer!(
    /// `TOF`: true until the input has been false for the preset time.
    OffDelayTimer, "TOF", off_delay
);
timer!(
    /// `TP`: a rising edge gives one pulse of the preset time.
    PulseTimer, "TP", pulse
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a law over a drawn input, `#` true and `.` false, preset 3 scans, and
    /// draws the output.
    fn draw(law: Law, input: &str) -> (String, Vec<u64>) {
        let mut timer = TimerLaw::default();
        let mut times = Vec::new();
        let output = input
            .chars()
            .map(|mark| {
                let q = law(&mut timer, mark == '#', 3, 1);
                times.push(timer.elapsed_ns());
                if q { '#' } else { '.' }
            })
            .collect();
        (output, times)
    }

    // The pictures of IEC 61131-3, figures of TP, TON and TOF.

    #[test]
    fn ton_timing_diagram() {
        let (q, et) = draw(TimerLaw::on_delay, "..######...##..####.");
        assert_eq!(q, ".....###..........#.");
        assert_eq!(
            et,
            [0, 0, 0, 1, 2, 3, 3, 3, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 0]
        );
    }

    #[test]
    fn tof_timing_diagram() {
        let (q, et) = draw(TimerLaw::off_delay, "..##.....##.##......");
        assert_eq!(q, "..#####..########...");
        assert_eq!(
            et,
            [0, 0, 0, 0, 0, 1, 2, 3, 3, 0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3]
        );
    }

    #[test]
    fn tp_timing_diagram() {
        let (q, et) = draw(TimerLaw::pulse, "..#.....######..#.#.");
        assert_eq!(q, "..###...###.....###.");
        assert_eq!(
            et,
            [0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 2, 3, 3, 3, 0, 0, 0, 1, 2, 0]
        );
    }

    #[test]
    fn a_preset_of_zero_acts_at_once() {
        let mut timer = TimerLaw::default();
        assert!(timer.on_delay(true, 0, 1));
        let mut timer = TimerLaw::default();
        assert!(timer.off_delay(true, 0, 1));
        assert!(!timer.off_delay(false, 0, 1));
        let mut timer = TimerLaw::default();
        assert!(!timer.pulse(true, 0, 1));
    }

    #[test]
    fn blocks_time_in_seconds() {
        let mut rig = crate::rig::Rig::new(
            100,
            r#"
            field = { x = false }
            [[block]]
            kind = "TON"
            name = "T"
            in = "x"
            pt_s = 0.5
            "#,
        );
        rig.scans(3).field("x", 1.0).scans(5);
        assert!(!rig.is("T.Q"));
        assert!((rig.value("T.ET_S") - 0.4).abs() < 1e-12);
        assert!(rig.scans(1).is("T.Q"));
    }
}
