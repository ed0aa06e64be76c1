//! Edges.

use scan::*;
use signal::{Quality, Reading};

/// `EDGE`: true for the one scan in which the input changes.
///
/// | key | meaning |
/// |---|---|
/// | `in` | Boolean tag, required |
/// | `on` | `"rise"`, `"fall"` or `"both"`; `"rise"` |
///
/// Output `Q`, with the quality of `in`. While `in` is bad there is no edge, and
/// the value before counts when it returns. What is true in the first scan after
/// a start is no edge.
pub struct Edge {
    on_rise: bool,
    on_fall: bool,
    was: Option<bool>,
    input: Input<bool>,
    out: Output<bool>,
}

impl Block for Edge {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let mut q = false;
        if !input.is_bad() {
            let was = self.was.unwrap_or(input.value);
            q = (self.on_rise && input.value && !was) || (self.on_fall && !input.value && was);
            self.was = Some(input.value);
        }
        let quality = input.quality.worst(Quality::GOOD);
        image.set(&self.out, Reading::new(q, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.was.is_some());
        state.bool(self.was.unwrap_or(false));
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        let is_some = state.bool()?;
        let was = state.bool()?;
        self.was = is_some.then_some(was);
        Ok(())
    }

    fn start(&mut self, _start: Start) {
        self.was = None;
    }
}

impl BlockKind for Edge {
    const NAME: &'static str = "EDGE";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let choices = [
            ("rise", (true, false)),
            ("fall", (false, true)),
            ("both", (true, true)),
        ];
        let (on_rise, on_fall) = wiring.choice("on", &choices, (true, false));
        Edge {
            on_rise,
            on_fall,
            was: None,
            input: wiring.input("in"),
            out: wiring.output("Q"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    #[test]
    fn an_edge_lasts_one_scan_and_a_gap_is_none() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { x = true }
            [[block]]
            kind = "EDGE"
            name = "E"
            in = "x"
            "#,
        );
        assert!(!rig.scans(1).is("E.Q"), "true at start is no edge");
        assert!(!rig.field("x", 0.0).scans(1).is("E.Q"));
        assert!(rig.field("x", 1.0).scans(1).is("E.Q"));
        assert!(!rig.scans(1).is("E.Q"));
        rig.field_with("x", 0.0, Quality::COMM_LOST).scans(3);
        assert!(!rig.field("x", 1.0).scans(1).is("E.Q"), "it never fell");
    }
}
