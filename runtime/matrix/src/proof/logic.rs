//! Formulas of bounded size.

use biodivine_lib_bdd::{Bdd, BddValuation, BddVariable, BddVariableSet, op_function};
use std::cell::Cell;

/// Nodes of the largest formula; beyond, a proof is given up.
const NODES_MAX: usize = 1_000_000;
/// Variables of the largest space, below the 65 533 of the diagrams.
pub(super) const VARIABLES_MAX: usize = 60_000;

/// Makes formulas over so many variables.
pub(super) struct Logic {
    set: BddVariableSet,
    is_too_large: Cell<bool>,
}

impl Logic {
    /// `None` if there are too many variables.
    pub fn new(variables: usize) -> Option<Logic> {
        let count = u16::try_from(variables).ok()?;
        (variables <= VARIABLES_MAX).then(|| Logic {
            set: BddVariableSet::new_anonymous(count),
            is_too_large: Cell::new(false),
        })
    }

    /// Whether a formula since the last time of asking was given up, so that what was
    /// made of it means nothing.
    pub fn gave_up(&self) -> bool {
        self.is_too_large.replace(false)
    }

    pub fn constant(&self, truth: bool) -> Bdd {
        if truth {
            self.set.mk_true()
        } else {
            self.set.mk_false()
        }
    }

    pub fn variable(&self, variable: BddVariable) -> Bdd {
        self.set.mk_var(variable)
    }

    /// A formula of two, unless it grows too large. It has at most as many nodes as
    /// the two have multiplied, so that most need no watching.
    fn bounded(
        &self,
        (a, b): (&Bdd, &Bdd),
        plain: impl Fn(&Bdd, &Bdd) -> Bdd,
        law: impl Fn(Option<bool>, Option<bool>) -> Option<bool>,
    ) -> Bdd {
        if a.size().saturating_mul(b.size()) <= NODES_MAX {
            return plain(a, b);
        }
        Bdd::binary_op_with_limit(NODES_MAX, a, b, law).unwrap_or_else(|| {
            self.is_too_large.set(true);
            self.constant(false)
        })
    }

    pub fn and(&self, a: &Bdd, b: &Bdd) -> Bdd {
        self.bounded((a, b), Bdd::and, op_function::and)
    }

    pub fn or(&self, a: &Bdd, b: &Bdd) -> Bdd {
        self.bounded((a, b), Bdd::or, op_function::or)
    }

    pub fn and_not(&self, a: &Bdd, b: &Bdd) -> Bdd {
        self.bounded((a, b), Bdd::and_not, op_function::and_not)
    }

    /// `if` then `then` else `other`.
    pub fn choose(&self, condition: &Bdd, then: &Bdd, other: &Bdd) -> Bdd {
        if then == other {
            return then.clone();
        }
        let then = self.and(condition, then);
        let other = self.and_not(other, condition);
        self.or(&then, &other)
    }

    /// At most `most` of the variables, which ascend.
    pub fn at_most(&self, most: usize, variables: &[BddVariable]) -> Bdd {
        if variables.len() <= most {
            return self.constant(true);
        }
        // From the last variable up: `row[k]` permits k more.
        let mut row: Vec<Bdd> = vec![self.constant(true); most + 1];
        for variable in variables.iter().rev() {
            let variable = self.variable(*variable);
            row = (0..=most)
                .map(|k| match k.checked_sub(1) {
                    Some(fewer) => self.choose(&variable, &row[fewer], &row[k]),
                    None => self.and_not(&row[0], &variable),
                })
                .collect();
        }
        row.pop().unwrap_or_else(|| self.constant(true))
    }
}

/// A state that satisfies the formula with the fewest variables true.
pub(super) fn fewest(formula: &Bdd) -> Option<BddValuation> {
    formula.most_negative_valuation()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_counts() {
        let logic = Logic::new(6).expect("few");
        let variables: Vec<_> = (0..6).map(BddVariable::from_index).collect();
        for most in 0..=7 {
            let formula = logic.at_most(most, &variables);
            for code in 0u32..64 {
                let mut state = BddValuation::all_false(6);
                for (bit, variable) in variables.iter().enumerate() {
                    state.set_value(*variable, code >> bit & 1 == 1);
                }
                let expected = code.count_ones() as usize <= most;
                assert_eq!(formula.eval_in(&state), expected, "{most} of {code:b}");
            }
        }
        assert!(!logic.gave_up());
    }
}
