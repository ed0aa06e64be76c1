//! AND, OR, XOR, NOT.

use scan::*;
use signal::{Quality, Reading};

/// The operation of a gate on its inputs one after the other.
type Fold = fn(bool, bool) -> bool;

struct Gate {
    first: bool,
    fold: Fold,
    of: Box<[Input<bool>]>,
    out: Output<bool>,
}

impl Gate {
    fn wire(wiring: &mut Wiring<'_>, first: bool, fold: Fold) -> Gate {
        let of = wiring.inputs("of");
        if of.is_empty() {
            wiring.problem("of", "a gate needs inputs", "of = [\"A\", \"B\"]");
        }
        Gate {
            first,
            fold,
            of: of.into_boxed_slice(),
            out: wiring.output("OUT"),
        }
    }

    fn step(&self, image: &mut Image) {
        let mut out = Reading::good(self.first);
        for pin in &self.of {
            let input = image.get(*pin);
            out.value = (self.fold)(out.value, input.value);
            out.quality = out.quality.worst(input.quality);
        }
        image.set(&self.out, out);
    }
}

macro_rules! gate {
    ($(#[$doc:meta])* $type:ident, $name:literal, $first:literal, $fold:expr) => {
        $(#[$doc])*
        pub struct $type(Gate);

        impl Block for $type {
            fn step(&mut self, _scan: &Scan, image: &mut Image) {
                self.0.step(image);
            }
        }

        impl BlockKind for $type {
            const NAME: &'static str = $name;
            const STAGE: Stage = Stage::Logic;

            fn wire(wiring: &mut Wiring<'_>) -> Self {
                $type(Gate::wire(wiring, $first, $fold))
            }
        }
    };
}

gate!(
    /// `AND`: true if all of the inputs are.
    ///
    /// Key `of`: a list of Boolean tags. Output `OUT`, with the worst quality of
    /// the inputs.
    And, "AND", true, |a, b| a & b
);
gate!(
    /// `OR`: true if one of the inputs is.
    ///
    /// Key `of`: a list of Boolean tags. Output `OUT`, with the worst quality of
    /// the inputs.
    Or, "OR", false, |a, b| a | b
);
gate!(
    /// `XOR`: true if an odd number of the inputs is.
    ///
    /// Key `of`: a list of Boolean tags. Output `OUT`, with the worst quality of
    /// the inputs.
    Xor, "XOR", false, |a, b| a ^ b
);

/// `NOT`: the contrary.
///
/// Key `in`: a Boolean tag. Output `OUT`, with the quality of `in`.
pub struct Not {
    input: Input<bool>,
    out: Output<bool>,
}

impl Block for Not {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let input = image.get(self.input);
        let quality = input.quality.worst(Quality::GOOD);
        image.set(&self.out, Reading::new(!input.value, quality));
    }
}

impl BlockKind for Not {
    const NAME: &'static str = "NOT";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        Not {
            input: wiring.input("in"),
            out: wiring.output("OUT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rig::Rig;
    use signal::Quality;

    #[test]
    fn truth_tables() {
        let mut rig = Rig::new(
            100,
            r#"
            field = { a = false, b = false, c = false }
            [[block]]
            kind = "AND"
            name = "AND"
            of = ["a", "b", "c"]
            [[block]]
            kind = "OR"
            name = "OR"
            of = ["a", "b", "c"]
            [[block]]
            kind = "XOR"
            name = "XOR"
            of = ["a", "b", "c"]
            [[block]]
            kind = "NOT"
            name = "NOT"
            in = "a"
            "#,
        );
        for bits in 0..8u32 {
            for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
                rig.field(name, f64::from(bits >> at & 1));
            }
            rig.scans(1);
            assert_eq!(rig.is("AND.OUT"), bits == 7);
            assert_eq!(rig.is("OR.OUT"), bits != 0);
            assert_eq!(rig.is("XOR.OUT"), bits.count_ones() % 2 == 1);
            assert_eq!(rig.is("NOT.OUT"), bits & 1 == 0);
        }
        rig.quality_of("b", Quality::STALE).scans(1);
        assert_eq!(rig.quality("OR.OUT"), Quality::STALE);
        assert!(rig.quality("NOT.OUT").is_good());
    }
}
