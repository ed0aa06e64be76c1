//! A valve that is open and passes nothing.

use crate::logic::timing::{Delay, ns};
use crate::sense::{known, quality_of, tell};
use scan::*;

/// `NO_FLOW`: the control valve is open and there is no flow: the line is blocked,
/// and a slug will come later.
///
/// | key | meaning |
/// |---|---|
/// | `opening` | demand or position of the valve, %, required |
/// | `flow` | the flow (real), required |
/// | `opening_min` | the valve counts as open from here on, 10 % |
/// | `flow_min` | a flow below is none, in the unit of `flow`, required |
/// | `for_s` | how long, 30 s (demo design value) |
///
/// Output `TRIP`, with the worse quality of both inputs; a bad flow with an open
/// valve counts as none.
pub struct NoFlow {
    opening_min: f64,
    flow_min: f64,
    for_ns: u64,
    late: Delay,
    opening: Input<f64>,
    flow: Input<f64>,
    trip: Output<bool>,
}

impl Block for NoFlow {
    fn step(&mut self, scan: &Scan, image: &mut Image) {
        let is_open = known(image, self.opening).is_none_or(|at| at >= self.opening_min);
        let flows = known(image, self.flow).is_some_and(|flow| flow >= self.flow_min);
        let trip = self
            .late
            .step(is_open && !flows, self.for_ns, 0, ns(scan.dt_s));
        let quality = quality_of(image, self.opening).worst(quality_of(image, self.flow));
        tell(image, &self.trip, trip, quality);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        self.late.save(state);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.late.restore(state)
    }
}

impl BlockKind for NoFlow {
    const NAME: &'static str = "NO_FLOW";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        wiring.unit("opening", "%");
        NoFlow {
            opening_min: wiring.real("opening_min", 10.0, 0.0..=100.0),
            flow_min: wiring.real_required("flow_min", 0.0..=1e9),
            for_ns: ns(wiring.real("for_s", 30.0, 0.0..=86_400.0)),
            late: Delay::default(),
            opening: wiring.input("opening"),
            flow: wiring.input("flow"),
            trip: wiring.output("TRIP"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::{Rig, problems};
    use signal::Quality;

    const TEXT: &str = r#"
        field = { z = 50.0, f = 60.0 }
        [[block]]
        kind = "NO_FLOW"
        name = "N"
        opening = "z"
        flow = "f"
        flow_min = 5.0
    "#;

    #[test]
    fn an_open_valve_without_flow_trips_after_its_delay() {
        let mut rig = Rig::new(1000, TEXT);
        rig.scans(60);
        assert!(!rig.is("N.TRIP"));
        rig.field("f", 4.9).scans(30);
        assert!(!rig.is("N.TRIP"));
        assert!(rig.scans(1).is("N.TRIP"));
        assert!(!rig.field("z", 9.9).scans(1).is("N.TRIP"));
        rig.field("z", 50.0)
            .quality_of("f", Quality::COMM_LOST)
            .scans(31);
        assert!(rig.is("N.TRIP") && rig.quality("N.TRIP").is_bad());
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(problems(&TEXT.replace("flow_min = 5.0", "")).len(), 1);
    }
}
