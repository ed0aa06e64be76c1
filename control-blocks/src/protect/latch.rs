//! A single latch.

use super::is_demanded;
use scan::*;

/// `LATCH`: remembers a trip until it is reset.
///
/// | key | meaning |
/// |---|---|
/// | `in` | Boolean tag; a bad one counts as true; required |
/// | `at_start` | whether a start latches, true |
///
/// Output `Q`; command `RESET` clears it if `in` no longer stands.
pub struct Latch {
    at_start: bool,
    q: bool,
    input: Input<bool>,
    reset: Request<bool>,
    out: Output<bool>,
}

impl Block for Latch {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let stands = is_demanded(image, self.input);
        let reset = image.requested(&self.reset) == Some(true);
        self.q = stands || (self.q && !reset);
        image.put(&self.out, self.q);
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.q);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.q = state.bool()?;
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.q |= self.at_start;
    }

    fn is_tripped(&self) -> bool {
        self.q
    }
}

impl BlockKind for Latch {
    const NAME: &'static str = "LATCH";
    const STAGE: Stage = Stage::Protect;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Latch {
            at_start: wiring.bool("at_start", true),
            q: false,
            input: wiring.input("in"),
            reset: wiring.command("RESET"),
            out: wiring.output_from("Q", true),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use scan::Start;
    use signal::Quality;

    #[test]
    fn latched_at_start_and_until_reset() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { x = false }
            [[block]]
            kind = "LATCH"
            name = "L"
            in = "x"
            "#,
        );
        rig.task.program.start(Start::Warm);
        assert!(rig.scans(3).is("L.Q"));
        assert!(!rig.write("L.RESET", 1.0).scans(1).is("L.Q"));
        rig.quality_of("x", Quality::COMM_LOST).scans(1);
        assert!(rig.is("L.Q"), "a lost signal is a trip");
        assert!(
            rig.write("L.RESET", 1.0).scans(1).is("L.Q"),
            "it still stands"
        );
        rig.quality_of("x", Quality::GOOD).scans(1);
        assert!(rig.is("L.Q"));
        assert!(!rig.write("L.RESET", 1.0).scans(1).is("L.Q"));
    }
}
