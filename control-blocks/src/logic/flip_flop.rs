//! Bistable memory.

use scan::*;
use signal::{Quality, Reading};

/// The next state of a bistable: IEC 61131-3 SR (set wins) or RS (reset wins).
#[inline]
pub const fn flip_flop(q: bool, set: bool, reset: bool, set_wins: bool) -> bool {
    if set_wins {
        set || (q && !reset)
    } else {
        !reset && (set || q)
    }
}

/// `SR`: remembers that `set` was true until `reset` is.
///
/// | key | meaning |
/// |---|---|
/// | `set`, `reset` | Boolean tags, required |
/// | `dominant` | `"set"` or `"reset"`: which wins if both are true; required |
///
/// Output `Q`, with the worst quality of the inputs. A bad input counts by its
/// value.
pub struct FlipFlop {
    set_wins: bool,
    q: bool,
    set: Input<bool>,
    reset: Input<bool>,
    out: Output<bool>,
}

impl Block for FlipFlop {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let (set, reset) = (image.get(self.set), image.get(self.reset));
        self.q = flip_flop(self.q, set.value, reset.value, self.set_wins);
        let quality = set.quality.worst(reset.quality).worst(Quality::GOOD);
        image.set(&self.out, Reading::new(self.q, quality));
    }

    fn save(&self, state: &mut StateWriter<'_>) {
        state.bool(self.q);
    }

    fn restore(&mut self, state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        self.q = state.bool()?;
        Ok(())
    }
}

impl BlockKind for FlipFlop {
    const NAME: &'static str = "SR";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        if !wiring.has("dominant") {
            wiring.problem(
                "dominant",
                "it is not said which input wins",
                "\"set\" or \"reset\"",
            );
        }
        FlipFlop {
            set_wins: wiring.choice("dominant", &[("set", true), ("reset", false)], true),
            q: false,
            set: wiring.input("set"),
            reset: wiring.input("reset"),
            out: wiring.output("Q"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::flip_flop;

    #[test]
    fn truth_table_of_both_kinds() {
        // q, set, reset -> SR, RS (IEC 61131-3, standard bistables)
        for (q, set, reset, sr, rs) in [
            (false, false, false, false, false),
            (false, false, true, false, false),
            (false, true, false, true, true),
            (false, true, true, true, false),
            (true, false, false, true, true),
            (true, false, true, false, false),
            (true, true, false, true, true),
            (true, true, true, true, false),
        ] {
            assert_eq!(flip_flop(q, set, reset, true), sr);
            assert_eq!(flip_flop(q, set, reset, false), rs);
        }
    }
}
