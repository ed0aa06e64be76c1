//! A Boolean signal, or a device that is not where it was sent: the condition of an alarm.

use crate::logic::timing::{Delay, ns};
use scan::*;
use signal::Reading;

/// `ALARM_STATE`: true while a Boolean signal has a value that it should not have.
///
/// | key | meaning |
/// |---|---|
/// | `in` | the signal (Boolean), required |
/// | `is` | value at which it alarms, `true` |
/// | `expected` | Boolean tag: alarms while `in` differs from it, in place of `is`: discrepancy of a command and its feedback |
/// | `armed` | Boolean tag: the condition counts only while it is true; always if left out |
/// | `on_delay_s` | tuning tag `ON_DELAY_S`: how long it must last, 0 |
/// | `off_delay_s` | tuning tag `OFF_DELAY_S`: how long it must be gone, 0 |
///
/// Output `ALM`, with the quality of the signals. While one of them is bad the condition
/// stays as it was; a bad `armed` counts as armed.
pub struct AlarmState {
    is: bool,
    delay: Delay,
    input: Input<bool>,
    expected: Option<Input<bool>>,
    armed: Option<Input<bool>>,
    on_delay_s: Input<f64>,
    off_delay_s: Input<f64>,
    alm: Output<bool>,
}

impl Block for AlarmState {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let mut quality = input.quality;
        let mut is_wrong = input.value == self.is;
        if let Some(expected) = self.expected {
            let expected = image.get(expected);
            quality = quality.worst(expected.quality);
            is_wrong = input.value != expected.value;
        }
        let is_armed = self.armed.is_none_or(|armed| {
            let armed = image.get(armed);
            armed.value || armed.is_bad()
        });
        let dt_ns = ns(scan.dt_s);
        let alm = if quality.is_bad() {
            self.delay.step(self.delay.output(), 0, 0, dt_ns)
        } else {
            let (on, off) = (image.value(self.on_delay_s), image.value(self.off_delay_s));
            self.delay
                .step(is_wrong && is_armed, ns(on), ns(off), dt_ns)
        };
        image.set(&self.alm, Reading::new(alm, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.delay.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.delay.restore(state)
    }
}

impl BlockKind for AlarmState {
    const NAME: &'static str = "ALARM_STATE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if wiring.has("is") && wiring.has("expected") {
            wiring.problem(
                "expected",
                "`is` and `expected` exclude each other",
                "`is` for a fixed value, `expected` for what another tag says",
            );
        }
        AlarmState {
            is: wiring.bool("is", true),
            delay: Delay::default(),
            input: wiring.input("in"),
            expected: wiring.input_optional("expected"),
            armed: wiring.input_optional("armed"),
            on_delay_s: wiring.tuning("on_delay_s", 0.0, 0.0..=86_400.0),
            off_delay_s: wiring.tuning("off_delay_s", 0.0, 0.0..=86_400.0),
            alm: wiring.output("ALM"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    fn rig(keys: &str) -> Rig {
        Rig::new(
            100,
            &format!(
                r#"
                field = {{ p = true, q = true, r = false }}
                [[block]]
                kind = "ALARM_STATE"
                name = "XA"
                in = "p"
                {keys}
                "#
            ),
        )
    }

    #[test]
    fn a_signal_that_should_stand_alarms_when_it_falls() {
        let mut rig = rig("is = false\non_delay_s = 0.2");
        assert!(!rig.scans(5).is("XA.ALM"));
        rig.field("p", 0.0).scans(2);
        assert!(!rig.is("XA.ALM"));
        assert!(rig.scans(1).is("XA.ALM"));
        assert!(!rig.field("p", 1.0).scans(1).is("XA.ALM"));
    }

    #[test]
    fn a_feedback_that_does_not_follow_its_command_is_a_discrepancy() {
        let mut rig = rig("expected = \"q\"\non_delay_s = 0.3");
        assert!(!rig.scans(5).is("XA.ALM"));
        rig.field("q", 0.0).scans(3);
        assert!(!rig.is("XA.ALM"), "on its way");
        assert!(rig.scans(1).is("XA.ALM"));
        assert!(!rig.field("p", 0.0).scans(1).is("XA.ALM"));
    }

    #[test]
    fn what_is_not_armed_does_not_alarm_and_doubt_arms() {
        let mut rig = rig("armed = \"r\"");
        assert!(!rig.scans(3).is("XA.ALM"));
        assert!(rig.field("r", 1.0).scans(1).is("XA.ALM"));
        assert!(!rig.field("r", 0.0).scans(1).is("XA.ALM"));
        rig.quality_of("r", Quality::COMM_LOST).scans(1);
        assert!(rig.is("XA.ALM"));
    }

    #[test]
    fn a_lost_signal_neither_raises_nor_clears() {
        for (before, stands) in [(1.0, true), (0.0, false)] {
            let mut rig = rig("");
            rig.field("p", before).scans(2);
            rig.field("p", 1.0 - before);
            rig.quality_of("p", Quality::COMM_LOST).scans(5);
            assert_eq!(rig.is("XA.ALM"), stands);
        }
    }
}
