//! A condition in the words of a script, for trials of a plant.

use crate::guard::Guard;
use crate::limits;
use crate::reading::Reading;
use crate::sandbox::{Fault, Shared, TextProblem, compile, engine, fault, literal_calls, lock};
use crate::script::on_own_stack;
use rhai::{AST, Engine, Scope};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One expression that is true or false of some tags:
/// `value("TT-101.PV") < 50 && read("DOSE.STATE").is_good`.
///
/// Beside `read` it has `value("TAG")`, which is `read("TAG").value`. Names of tags
/// must stand in it as literals.
pub struct Condition {
    engine: Engine,
    ast: AST,
    shared: Shared,
    /// Tags that it reads.
    pub tags: Vec<String>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`TextProblem`]
    pub fn new(text: &str) -> Result<Condition, TextProblem> {
        on_own_stack(|| Condition::read(text)).unwrap_or_else(|| {
            Err(TextProblem {
                line: 0,
                column: 0,
                message: "the condition cannot be read".into(),
            })
        })
    }

    fn read(text: &str) -> Result<Condition, TextProblem> {
        let shared = Shared::default();
        let mut engine = engine(limits::OPERATIONS_DEFAULT, &shared, Arc::default());
        let desk = shared.clone();
        engine.register_fn("value", move |tag: &str| {
            let desk = lock(&desk);
            desk.readings
                .get(tag)
                .map_or(rhai::Dynamic::UNIT, |reading| reading.dynamic())
        });
        let ast = compile(&engine, text, true)?;
        let mut tags = Vec::new();
        for (function, tag, at) in literal_calls(&ast) {
            if !matches!(function.as_str(), "read" | "value" | "write" | "refusal") {
                continue;
            }
            let (line, column) = crate::sandbox::place(at);
            let wrong = |message: String| TextProblem {
                line,
                column,
                message,
            };
            if function == "write" || function == "refusal" {
                return Err(wrong("a condition writes nothing".into()));
            }
            let tag = tag.ok_or_else(|| {
                wrong(format!(
                    "{function}(…) wants the name of a tag as a literal"
                ))
            })?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        Ok(Condition {
            engine,
            ast,
            shared,
            tags,
        })
    }

    /// Whether it holds of these values.
    ///
    /// # Errors
    /// [`Fault`] if it cannot be told, or is neither true nor false.
    pub fn holds(&self, readings: BTreeMap<String, Reading>) -> Result<bool, Fault> {
        {
            let mut desk = lock(&self.shared);
            desk.readings = readings;
            desk.guard = Guard::begin();
        }
        let ran = catch_unwind(AssertUnwindSafe(|| {
            self.engine
                .eval_ast_with_scope::<bool>(&mut Scope::new(), &self.ast)
        }));
        match ran {
            Ok(Ok(holds)) => Ok(holds),
            Ok(Err(error)) => Err(fault(&error)),
            Err(_) => Err(Fault {
                line: 0,
                message: "a function panicked".into(),
            }),
        }
    }
}
