//! Leaking block valves.

use crate::logic::timing::{Delay, ns};
use crate::protect::is_certain;
use crate::sense::{known, quality_of, restore_real, save_real, show, tell};
use crate::slope::WindowSlope;
use scan::*;

/// `LEAK_BY`: the dosing vessel loses weight although the valves are closed.
///
/// | key | meaning |
/// |---|---|
/// | `weight` | weight of the dosing vessel (real), required |
/// | `closed` | list of Boolean tags, all true when the line is shut (limit switches of the block valves), required |
/// | `rate_max` | greatest loss per minute, 1 kg/min (demo design value) |
/// | `for_s` | how long the loss must last, and the window over which it is measured, 60 s |
/// | `amount_max` | greatest loss since the valves closed, 5 kg (demo design value) |
///
/// | tag | meaning |
/// |---|---|
/// | `ALARM` | loss faster than `rate_max` for `for_s` |
/// | `TRIP` | more than `amount_max` was lost: isolate by hand |
/// | `AMOUNT` | lost since the valves closed, or since the highest weight after it |
/// | `RATE` | loss per minute; 0 until the window is full |
///
/// While a valve is not certainly closed nothing is watched and everything is 0. With
/// a bad weight all outputs have its quality.
pub struct LeakBy {
    slope: WindowSlope,
    rate_max: f64,
    for_ns: u64,
    amount_max: f64,
    highest: Option<f64>,
    late: Delay,
    weight: Input<f64>,
    closed: Box<[Input<bool>]>,
    alarm: Output<bool>,
    trip: Output<bool>,
    amount: Output<f64>,
    rate: Output<f64>,
}

impl Block for LeakBy {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let dt_ns = ns(scan.dt_s);
        let is_shut = self.closed.iter().all(|pin| is_certain(image, *pin));
        let quality = quality_of(image, self.weight);
        let weight = known(image, self.weight);
        let mut amount = 0.0;
        match weight {
            Some(weight) if is_shut => {
                self.slope.step(weight, dt_ns);
                let highest = self.highest.map_or(weight, |highest| highest.max(weight));
                self.highest = Some(highest);
                amount = highest - weight;
            }
            Some(_) => {
                self.slope.clear();
                self.highest = None;
            }
            // The highest weight stays: what leaks unseen still counts afterwards.
            None => self.slope.clear(),
        }
        let rate = self.slope.slope().map_or(0.0, |slope| -60.0 * slope);
        // The window is the delay, and its slope at half of it.
        let alarm = self
            .late
            .step(rate > self.rate_max, self.for_ns / 2, 0, dt_ns);
        tell(image, &self.alarm, alarm, quality);
        tell(image, &self.trip, amount > self.amount_max, quality);
        show(image, &self.amount, weight.map(|_| amount), quality);
        show(image, &self.rate, weight.map(|_| rate), quality);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.slope.save(state);
        save_real(state, self.highest);
        self.late.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.slope.restore(state)?;
        self.highest = restore_real(state)?;
        self.late.restore(state)
    }
}

impl BlockKind for LeakBy {
    const NAME: &'static str = "LEAK_BY";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let closed = wiring.inputs::<bool>("closed");
        if closed.is_empty() {
            wiring.problem(
                "closed",
                "no valve tells that it is closed",
                "closed = [\"XV-101A.ZSC\", \"XV-101B.ZSC\"]",
            );
        }
        wiring.same_unit(&["weight", "AMOUNT"]);
        let for_ns = ns(wiring.real("for_s", 60.0, 1.0..=86_400.0));
        LeakBy {
            slope: WindowSlope::new(for_ns),
            rate_max: wiring.real("rate_max", 1.0, 0.0..=1e6),
            for_ns,
            amount_max: wiring.real("amount_max", 5.0, 0.0..=1e6),
            highest: None,
            late: Delay::default(),
            weight: wiring.input("weight"),
            closed: closed.into_boxed_slice(),
            alarm: wiring.output("ALARM"),
            trip: wiring.output("TRIP"),
            amount: wiring.output("AMOUNT"),
            rate: wiring.output("RATE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::Quality;

    const TEXT: &str = r#"
        field = { w = 400.0, a = true, b = true }
        [[block]]
        kind = "LEAK_BY"
        name = "L"
        weight = "w"
        closed = ["a", "b"]
        amount_max = 20.0
    "#;

    /// Scans until the tag is true, of a vessel that loses so much a minute.
    fn scans_until(rig: &mut Rig, tag: &str, per_min: f64) -> usize {
        for scan in 0..3600 {
            let weight = rig.value("w") - per_min / 60.0;
            if rig.field("w", weight).scans(1).is(tag) {
                return scan;
            }
        }
        usize::MAX
    }

    #[test]
    fn a_loss_with_closed_valves_alarms_after_a_minute_and_trips_by_its_amount() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        let alarmed = scans_until(&mut rig, "L.ALARM", 2.0);
        assert!((60..=95).contains(&alarmed), "{alarmed}");
        scans_until(&mut rig, "L.TRIP", 2.0);
        assert!((rig.value("L.AMOUNT") - 20.0).abs() < 0.1);
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        assert_eq!(scans_until(&mut rig, "L.ALARM", 0.3), usize::MAX);
    }

    #[test]
    fn a_loss_with_open_valves_is_dosing() {
        let mut rig = Rig::new(1000, TEXT);
        rig.field("b", 0.0).scans(1);
        assert_eq!(scans_until(&mut rig, "L.ALARM", 2.0), usize::MAX);
        assert_eq!(rig.value("L.AMOUNT"), 0.0);
        rig.quality_of("w", Quality::COMM_LOST).scans(1);
        assert!(rig.quality("L.TRIP").is_bad());
    }

    #[test]
    fn what_leaked_while_the_weight_was_lost_counts_afterwards() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(10).quality_of("w", Quality::STALE).scans(100);
        rig.field("w", 379.0).scans(1);
        assert!(rig.is("L.TRIP"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(problems(&TEXT.replace("[\"a\", \"b\"]", "[]")).len(), 1);
        assert_eq!(problems(&TEXT.replace("20.0", "-1")).len(), 1);
    }
}
