//! Counter.

use scan::*;
use signal::{Quality, Reading};

/// `COUNT`: counts rising edges.
///
/// | key | meaning |
/// |---|---|
/// | `in` | Boolean tag; each rising edge counts one up; required |
/// | `down` | Boolean tag; each rising edge counts one down; optional |
/// | `clear` | Boolean tag; while true the count is 0; optional |
/// | `preset` | `Q` is true from this count on, tuning tag `PRESET`; 1 |
///
/// Outputs `N` and `Q`; command `RESET` sets the count to 0. The count is kept
/// over a warm start and stops at the ends of its 64 bits. A bad input has no
/// edges and makes the outputs uncertain: something may have been missed.
/// (IEC 61131-3 CTUD.)
pub struct Count {
    n: i64,
    up_was: bool,
    down_was: bool,
    up: Input<bool>,
    down: Option<Input<bool>>,
    clear: Option<Input<bool>>,
    preset: Input<f64>,
    reset: Request<bool>,
    n_out: Output<i64>,
    q: Output<bool>,
}

/// Whether a good input rose; remembers it in `was`.
fn rose(input: Reading<bool>, was: &mut bool) -> bool {
    if input.is_bad() {
        return false;
    }
    let rose = input.value && !*was;
    *was = input.value;
    rose
}

impl Block for Count {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let up = image.get(self.up);
        let mut is_blind = up.is_bad();
        if rose(up, &mut self.up_was) {
            self.n = self.n.saturating_add(1);
        }
        if let Some(down) = self.down.map(|pin| image.get(pin)) {
            is_blind |= down.is_bad();
            if rose(down, &mut self.down_was) {
                self.n = self.n.saturating_sub(1);
            }
        }
        let is_cleared = self
            .clear
            .map(|pin| image.get(pin))
            .is_some_and(|clear| clear.value && !clear.is_bad());
        if is_cleared || image.requested(&self.reset) == Some(true) {
            self.n = 0;
        }
        let quality = if is_blind {
            Quality::UNCERTAIN
        } else {
            Quality::GOOD
        };
        let is_reached = self.n as f64 >= image.value(self.preset);
        image.set(&self.n_out, Reading::new(self.n, quality));
        image.set(&self.q, Reading::new(is_reached, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.int(self.n);
        state.bool(self.up_was);
        state.bool(self.down_was);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.n = state.int()?;
        self.up_was = state.bool()?;
        self.down_was = state.bool()?;
        Ok(())
    }
}

impl BlockKind for Count {
    const NAME: &'static str = "COUNT";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Count {
            n: 0,
            up_was: false,
            down_was: false,
            up: wiring.input("in"),
            down: wiring.input_optional("down"),
            clear: wiring.input_optional("clear"),
            preset: wiring.tuning("preset", 1.0, -1e15..=1e15),
            reset: wiring.command("RESET"),
            n_out: wiring.output("N"),
            q: wiring.output("Q"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    #[test]
    fn counts_edges_up_and_down_and_resets() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { up = false, down = false }
            [[block]]
            kind = "COUNT"
            name = "C"
            in = "up"
            down = "down"
            preset = 3
            "#,
        );
        for _ in 0..3 {
            rig.field("up", 1.0).scans(2).field("up", 0.0).scans(1);
        }
        assert_eq!(rig.value("C.N"), 3.0);
        assert!(rig.is("C.Q"));
        rig.field("down", 1.0).scans(5);
        assert_eq!(rig.value("C.N"), 2.0);
        assert!(!rig.is("C.Q"));
        rig.quality_of("up", Quality::STALE).scans(1);
        assert!(!rig.quality("C.N").is_good());
        rig.write("C.RESET", 1.0).scans(1);
        assert_eq!(rig.value("C.N"), 0.0);
    }
}
