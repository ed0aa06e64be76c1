//! Flow against weight.

use super::loss::LossLaw;
use crate::logic::timing::{Delay, ns};
use crate::sense::{Command, known, quality_of, show, tell};
use scan::*;

/// `CROSS_CHECK`: what the flow meter counted against what the dosing vessel lost.
///
/// | key | meaning |
/// |---|---|
/// | `total` | integral of the flow, such as a `TOTAL` (real), required |
/// | `weight` | weight of the dosing vessel, in the unit of `total`, required |
/// | `reset_when` | Boolean tag of a new batch: its rising edge is `RESET`; a dose that goes on is no new one; optional |
/// | `rollover` | where `total` begins again from 0; 0 = never |
/// | `share` | permitted difference in per cent of what was dosed, 3 |
/// | `amount` | permitted difference, 5 (kg); the greater of both counts |
/// | `refill` | a rise of the weight by more is a refill, 2 (kg) |
/// | `for_s` | how long the difference must last, 30 s |
///
/// | tag | meaning |
/// |---|---|
/// | `RESET` | command: begins a new comparison |
/// | `DIFFERENCE` | counted less lost |
/// | `LOST` | what the vessel lost, across refills |
/// | `ALARM` | the difference is beyond what is permitted |
/// | `TRIP` | beyond twice that |
///
/// While a refill goes on, or a signal is bad, nothing is compared; with a bad signal
/// all outputs have its quality, so that a `CAUSE` decides. (Defaults: demo design values.)
pub struct CrossCheck {
    law: LossLaw,
    rollover: f64,
    share: f64,
    amount: f64,
    refill: f64,
    for_ns: u64,
    late_alarm: Delay,
    late_trip: Delay,
    total: Input<f64>,
    weight: Input<f64>,
    reset: Command,
    difference: Output<f64>,
    lost: Output<f64>,
    alarm: Output<bool>,
    trip: Output<bool>,
}

impl Block for CrossCheck {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        if self.reset.given(image) {
            self.law.clear();
        }
        let quality = quality_of(image, self.total).worst(quality_of(image, self.weight));
        let pair = known(image, self.total).zip(known(image, self.weight));
        if let Some((total, weight)) = pair {
            self.law.step(weight, total, self.refill, self.rollover);
        }
        let (lost, told) = (self.law.left(), self.law.told());
        let difference = told - lost;
        let limit = self
            .amount
            .max(0.01 * self.share * lost.abs().max(told.abs()));
        let dt_ns = ns(scan.dt_s);
        let alarm = self
            .late_alarm
            .step(difference.abs() > limit, self.for_ns, 0, dt_ns);
        let trip = self
            .late_trip
            .step(difference.abs() > 2.0 * limit, self.for_ns, 0, dt_ns);
        let seen = pair.is_some();
        show(image, &self.difference, seen.then_some(difference), quality);
        show(image, &self.lost, seen.then_some(lost), quality);
        tell(image, &self.alarm, alarm, quality);
        tell(image, &self.trip, trip, quality);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.law.save(state);
        self.reset.save(state);
        self.late_alarm.save(state);
        self.late_trip.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.law.restore(state)?;
        self.reset.restore(state)?;
        self.late_alarm.restore(state)?;
        self.late_trip.restore(state)
    }

    fn start(&mut self, _start: Start) {
        self.reset.forget();
    }
}

impl BlockKind for CrossCheck {
    const NAME: &'static str = "CROSS_CHECK";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        wiring.same_unit(&["total", "weight", "DIFFERENCE", "LOST"]);
        CrossCheck {
            law: LossLaw::default(),
            rollover: wiring.real("rollover", 0.0, 0.0..=1e9),
            share: wiring.real("share", 3.0, 0.0..=100.0),
            amount: wiring.real("amount", 5.0, 0.0..=1e6),
            refill: wiring.real("refill", 2.0, 1e-6..=1e6),
            for_ns: ns(wiring.real("for_s", 30.0, 0.0..=86_400.0)),
            late_alarm: Delay::default(),
            late_trip: Delay::default(),
            total: wiring.input("total"),
            weight: wiring.input("weight"),
            reset: Command::wire(wiring, "RESET"),
            difference: wiring.output("DIFFERENCE"),
            lost: wiring.output("LOST"),
            alarm: wiring.output("ALARM"),
            trip: wiring.output("TRIP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::Quality;

    const TEXT: &str = r#"
        field = { f = 0.0, w = 400.0, new = false }
        [[block]]
        kind = "CROSS_CHECK"
        name = "C"
        total = "f"
        weight = "w"
        reset_when = "new"
        rollover = 1000.0
    "#;

    #[test]
    fn a_difference_of_five_kilograms_or_three_per_cent_alarms_and_twice_that_trips() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        rig.field("f", 4.9).scans(40);
        assert!(!rig.is("C.ALARM"));
        rig.field("f", 5.1).scans(30);
        assert!(!rig.is("C.ALARM"), "not yet 30 s");
        rig.scans(1);
        assert!(rig.is("C.ALARM") && !rig.is("C.TRIP"));
        rig.field("f", 10.1).scans(31);
        assert!(rig.is("C.TRIP"));
        // 300 kg: 3 % is 9 kg.
        rig.field("f", 308.0).field("w", 100.0).scans(40);
        assert!(!rig.is("C.ALARM"));
        rig.field("f", 309.5).scans(31);
        assert!(rig.is("C.ALARM") && !rig.is("C.TRIP"));
        rig.field("f", 319.5).scans(31);
        assert!(rig.is("C.TRIP"));
        rig.field("new", 1.0).scans(1);
        assert!(!rig.is("C.TRIP"));
        assert_eq!(rig.value("C.DIFFERENCE"), 0.0);
    }

    #[test]
    fn a_lost_signal_is_told_and_not_compared() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1)
            .field_with("w", 0.0, Quality::SENSOR_FAULT)
            .scans(60);
        assert!(!rig.is("C.TRIP"));
        assert!(rig.quality("C.TRIP").is_bad() && rig.quality("C.DIFFERENCE").is_bad());
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(problems(&TEXT.replace("weight = \"w\"", "")).len(), 1);
        let text = TEXT.replace("rollover = 1000.0", "share = 101\nrefill = 0");
        assert_eq!(problems(&text).len(), 2);
    }
}
