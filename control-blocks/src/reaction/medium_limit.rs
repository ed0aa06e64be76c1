//! The heating medium may not come near the temperature of decomposition.

use crate::logic::timing::{Delay, ns};
use crate::sense::{known, quality_of, show, tell};
use scan::*;
use signal::Quality;

/// `MEDIUM_LIMIT`: keeps the set-point of a heating medium below TD24 and trips when
/// the medium itself comes too near.
///
/// | key | meaning |
/// |---|---|
/// | `medium` | temperature of the medium (jacket inlet), °C, required |
/// | `set_point` | wanted temperature of the medium, °C, required |
/// | `td24` | TD24 of the mass, °C, required (GB/T 42300) |
/// | `margin` | the medium trips at `td24 − margin`, K, 5 (demo design value) |
/// | `band` | the set-point stays below the trip by so much, K, 5 (demo design value) |
/// | `for_s` | delay of the trip, 2 s |
///
/// | tag | meaning |
/// |---|---|
/// | `OUT` | the set-point, at most `td24 − margin − band` |
/// | `TRIP` | the medium is at `td24 − margin` or above: heating off, cooling |
///
/// `OUT` has the quality of `set_point` and a limit flag while it is limited; `TRIP`
/// that of `medium`, so that a `CAUSE` trips by its own rule.
pub struct MediumLimit {
    trip_at: f64,
    limit: f64,
    for_ns: u64,
    late: Delay,
    medium: Input<f64>,
    set_point: Input<f64>,
    out: Output<f64>,
    trip: Output<bool>,
}

impl Block for MediumLimit {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let is_hot = known(image, self.medium).is_none_or(|medium| medium >= self.trip_at);
        let trip = self.late.step(is_hot, self.for_ns, 0, ns(scan.dt_s));
        tell(image, &self.trip, trip, quality_of(image, self.medium));
        let set_point = known(image, self.set_point);
        let mut quality = quality_of(image, self.set_point);
        if set_point.is_some_and(|set_point| set_point > self.limit) {
            quality = quality.with(Quality::LIMITED_HIGH);
        }
        // What is held while the set-point is bad was limited too.
        show(
            image,
            &self.out,
            set_point.map(|set_point| set_point.min(self.limit)),
            quality,
        );
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.late.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.late.restore(state)
    }
}

impl BlockKind for MediumLimit {
    const NAME: &'static str = "MEDIUM_LIMIT";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        for pin in ["medium", "set_point", "OUT"] {
            wiring.unit(pin, "°C");
        }
        wiring.range_like("OUT", "set_point");
        let td24 = wiring.real_required("td24", -100.0..=2_000.0);
        let margin = wiring.real("margin", 5.0, 0.0..=1_000.0);
        let band = wiring.real("band", 5.0, 0.0..=1_000.0);
        MediumLimit {
            trip_at: td24 - margin,
            limit: td24 - margin - band,
            for_ns: ns(wiring.real("for_s", 2.0, 0.0..=3_600.0)),
            late: Delay::default(),
            medium: wiring.input("medium"),
            set_point: wiring.input("set_point"),
            out: wiring.output("OUT"),
            trip: wiring.output("TRIP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::Quality;

    const TEXT: &str = r#"
        field = { m = 40.0, sp = 60.0 }
        [[block]]
        kind = "MEDIUM_LIMIT"
        name = "M"
        medium = "m"
        set_point = "sp"
        td24 = 80.0
    "#;

    #[test]
    fn the_set_point_stays_below_70_and_the_medium_trips_at_75() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(1);
        assert_eq!(rig.value("M.OUT"), 60.0);
        rig.field("sp", 90.0).scans(1);
        assert_eq!(rig.value("M.OUT"), 70.0);
        assert!(rig.quality("M.OUT").has(Quality::LIMITED_HIGH));
        rig.field("m", 74.9).scans(5);
        assert!(!rig.is("M.TRIP"));
        rig.field("m", 75.0).scans(2);
        assert!(!rig.is("M.TRIP"));
        assert!(rig.scans(1).is("M.TRIP"));
        rig.field("m", 40.0)
            .scans(1)
            .quality_of("m", Quality::COMM_LOST)
            .scans(3);
        assert!(rig.is("M.TRIP") && rig.quality("M.TRIP").is_bad());
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(problems(&TEXT.replace("td24 = 80.0", "")).len(), 1);
        assert_eq!(
            problems(&TEXT.replace("td24 = 80.0", "td24 = 80.0\nmargin = -1")).len(),
            1
        );
    }
}
