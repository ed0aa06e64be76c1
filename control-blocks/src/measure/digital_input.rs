//! Digital input: a contact becomes a Boolean with quality.

use crate::logic::timing::{Delay, ns};
use scan::*;
use signal::{Quality, Reading};

/// `DI`: inversion, delays, staleness.
///
/// | key | meaning |
/// |---|---|
/// | `raw` | tag of the contact (Boolean), required |
/// | `invert` | the contact is closed when the fact is false |
/// | `on_delay_s`, `off_delay_s` | how long a change must last, 0 |
/// | `stale_s` | oldest usable raw value, 1.0 s |
///
/// Output `PV`. While the raw value is bad or stale, `PV` holds its last value
/// with bad quality and the delays stand still; the reader decides what an
/// unknown contact means.
pub struct DigitalInput {
    invert: bool,
    on_ns: u64,
    off_ns: u64,
    stale_s: f64,
    is_primed: bool,
    delay: Delay,
    raw: Input<bool>,
    pv: Output<bool>,
}

impl Block for DigitalInput {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let raw = image.get(self.raw);
        let age_s =
            f64::from(image.age_scans(self.raw)) * scan.dt_s / f64::from(scan.elapsed.max(1));
        let mut quality = raw.quality.worst(Quality::GOOD);
        if age_s > self.stale_s {
            quality = quality.worst(Quality::STALE);
        }
        if !quality.is_bad() {
            let value = raw.value != self.invert;
            if !self.is_primed {
                // There is no change before the first value.
                self.is_primed = true;
                self.delay.set(value);
            }
            self.delay
                .step(value, self.on_ns, self.off_ns, ns(scan.dt_s));
        }
        image.set(&self.pv, Reading::new(self.delay.output(), quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.is_primed);
        self.delay.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.is_primed = state.bool()?;
        self.delay.restore(state)
    }
}

impl BlockKind for DigitalInput {
    const NAME: &'static str = "DI";
    const STAGE: Stage = Stage::Condition;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        DigitalInput {
            raw: wiring.input("raw"),
            invert: wiring.bool("invert", false),
            on_ns: ns(wiring.real("on_delay_s", 0.0, 0.0..=86_400.0)),
            off_ns: ns(wiring.real("off_delay_s", 0.0, 0.0..=86_400.0)),
            stale_s: wiring.real("stale_s", 1.0, 0.0..=86_400.0),
            is_primed: false,
            delay: Delay::default(),
            pv: wiring.output("PV"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::{Quality, Reason};

    const TEXT: &str = r#"
        field = { raw = false }
        [[block]]
        kind = "DI"
        name = "XV.ZSO"
        raw = "raw"
        on_delay_s = 0.3
        off_delay_s = 0.1
    "#;

    #[test]
    fn delays_apply_to_their_own_edge() {
        let mut rig = Rig::new(100, TEXT);
        rig.scans(3).field("raw", 1.0).scans(3);
        assert!(!rig.is("XV.ZSO.PV"));
        assert!(rig.scans(1).is("XV.ZSO.PV"));
        rig.field("raw", 0.0).scans(1);
        assert!(rig.is("XV.ZSO.PV"));
        assert!(!rig.scans(1).is("XV.ZSO.PV"));
    }

    #[test]
    fn a_contact_that_is_closed_at_start_is_closed_at_once() {
        let mut rig = Rig::new(100, TEXT);
        assert!(rig.field("raw", 1.0).scans(1).is("XV.ZSO.PV"));
    }

    #[test]
    fn a_lost_contact_keeps_its_value_and_loses_its_quality() {
        let mut rig = Rig::new(100, TEXT);
        rig.field("raw", 1.0).scans(2);
        rig.field_with("raw", 0.0, Quality::COMM_LOST).scans(20);
        assert!(rig.is("XV.ZSO.PV"));
        assert_eq!(rig.quality("XV.ZSO.PV").reason(), Reason::CommLost);
        assert!(rig.quality("XV.ZSO.PV").is_bad());
    }

    #[test]
    fn silence_makes_stale() {
        let mut rig = Rig::new(100, TEXT);
        rig.scans(5);
        rig.task.inlet.is_silent = true;
        rig.scans(10);
        assert!(rig.quality("XV.ZSO.PV").is_good());
        assert_eq!(rig.scans(1).quality("XV.ZSO.PV").reason(), Reason::Stale);
    }
}
