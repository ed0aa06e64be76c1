//! The engine with everything taken out that could reach beyond the script.

use crate::guard::Guard;
use crate::limits;
use crate::reading::Reading;
use rhai::packages::{
    BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage,
    MoreStringPackage, Package,
};
use rhai::{AST, ASTNode, Dynamic, Engine, EvalAltResult, Expr, Position, Stmt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something wrong in a script's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextProblem {
    /// Line, from 1; 0 if the place is not known.
    pub line: usize,
    /// Column, from 1, in characters; 0 if the place is not known.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1; 0 if the place is not known.
    pub line: usize,
    /// What happened.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: {}", self.line, self.message)
        } else {
            f.write_str(&self.message)
        }
    }
}

/// What a run may touch, and what it asked for.
#[derive(Debug, Default)]
pub(crate) struct Desktop {
    /// Declared tags, with this run's values.
    pub readings: BTreeMap<String, Reading>,
    /// Tags declared for writing.
    pub writes: BTreeSet<String>,
    /// Why the last write of a tag was refused.
    pub refusals: BTreeMap<String, String>,
    /// Writes asked for, in the order of their first asking.
    pub asked: Vec<Asked>,
    /// Lines printed.
    pub lines: Vec<String>,
    /// Lines that were too many.
    pub lines_left_out: u32,
    /// Bounds of the run that operations do not give.
    pub guard: Guard,
}

/// One write that a run asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Tag.
    pub tag: String,
    /// Value; a bool is 0 or 1.
    pub value: f64,
    /// Why, in the words of the script.
    pub reason: String,
}

pub(crate) type Shared = Arc<Mutex<Desktop>>;

pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, Desktop> {
    // A run that panicked is thrown away with all that it asked for.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An engine with the functions of a script; `stop` ends a run at its next step.
pub(crate) fn engine(operations: u64, shared: &Shared, stop: Arc<AtomicBool>) -> Engine {
    let mut engine = bare(operations);
    let desk = shared.clone();
    engine.on_progress(move |done| {
        // Clock and memory are asked now and then only: a step takes nanoseconds.
        let beyond = match done % limits::MEMORY_EVERY {
            0 => lock(&desk).guard.beyond(),
            rest if rest % 64 == 0 => lock(&desk).guard.is_late(),
            _ => None,
        };
        if let Some(words) = beyond {
            return Some(Dynamic::from(words));
        }
        stop.load(Ordering::Relaxed)
            .then(|| Dynamic::from("stopped".to_string()))
    });
    let desk = shared.clone();
    engine.on_print(move |line| print(&desk, line));
    let desk = shared.clone();
    engine.on_debug(move |line, _, _| print(&desk, line));
    reading_functions(&mut engine, shared);
    let desk = shared.clone();
    engine.register_fn("write", move |tag: &str, value: Dynamic| {
        write(&desk, tag, &value, "")
    });
    let desk = shared.clone();
    engine.register_fn("write", move |tag: &str, value: Dynamic, reason: &str| {
        write(&desk, tag, &value, reason)
    });
    let desk = shared.clone();
    engine.register_fn("refusal", move |tag: &str| -> Answer<String> {
        let desk = lock(&desk);
        if !desk.writes.contains(tag) {
            return Err(undeclared(tag, "writes"));
        }
        Ok(desk.refusals.get(tag).cloned().unwrap_or_default())
    });
    engine
}

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// An engine with the limits and without the ways out, no function of ours yet.
fn bare(operations: u64) -> Engine {
    let mut engine = Engine::new_raw();
    CorePackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    engine
        .set_max_operations(operations)
        .set_max_call_levels(limits::CALL_LEVELS_MAX)
        .set_max_expr_depths(limits::EXPRESSION_DEPTH_MAX, limits::EXPRESSION_DEPTH_MAX)
        .set_max_functions(limits::FUNCTIONS_MAX)
        .set_max_variables(limits::VARIABLES_MAX)
        .set_max_string_size(limits::STRING_BYTES_MAX)
        .set_max_array_size(limits::ARRAY_MAX)
        .set_max_map_size(limits::MAP_MAX)
        .set_max_strings_interned(256)
        .set_strict_variables(true)
        .disable_symbol("eval");
    // The core package can sleep; a script that waits is one that runs late.
    engine.register_fn("sleep", |_: i64| -> Answer<()> { Err(no_sleep()) });
    engine.register_fn("sleep", |_: f64| -> Answer<()> { Err(no_sleep()) });
    engine
}

fn no_sleep() -> Box<EvalAltResult> {
    "a script does not wait: count its runs instead".into()
}

/// `read` and what a reading knows.
fn reading_functions(engine: &mut Engine, shared: &Shared) {
    engine
        .register_type_with_name::<Reading>("Reading")
        .register_get("value", |of: &mut Reading| of.dynamic())
        .register_get("is_good", |of: &mut Reading| of.quality.is_good())
        .register_get("is_uncertain", |of: &mut Reading| of.is_uncertain())
        .register_get("is_bad", |of: &mut Reading| of.quality.is_bad())
        .register_get("quality", |of: &mut Reading| of.quality.to_string())
        .register_fn("or", |of: Reading, other: Dynamic| {
            if of.quality.is_bad() {
                other
            } else {
                of.dynamic()
            }
        });
    let desk = shared.clone();
    engine.register_fn("read", move |tag: &str| -> Answer<Reading> {
        let desk = lock(&desk);
        let reading = desk.readings.get(tag).copied();
        reading.ok_or_else(|| undeclared(tag, "reads"))
    });
}

fn undeclared(tag: &str, list: &str) -> Box<EvalAltResult> {
    format!("{tag} is not among the declared {list}").into()
}

fn write(desk: &Shared, tag: &str, value: &Dynamic, reason: &str) -> Answer<()> {
    let mut desk = lock(desk);
    if !desk.writes.contains(tag) {
        return Err(undeclared(tag, "writes"));
    }
    let number = if let Ok(real) = value.as_float() {
        real
    } else if let Ok(int) = value.as_int() {
        int as f64
    } else if let Ok(bool) = value.as_bool() {
        f64::from(u8::from(bool))
    } else {
        return Err(format!(
            "{tag}: a {} cannot be written, only a number or true/false",
            value.type_name()
        )
        .into());
    };
    if !number.is_finite() {
        return Err(format!("{tag}: {number} is no finite number").into());
    }
    let reason: String = reason.chars().take(limits::LINE_CHARS_MAX).collect();
    let asked = Asked {
        tag: tag.to_string(),
        value: number,
        reason,
    };
    // The last word of a run counts.
    match desk.asked.iter_mut().find(|other| other.tag == tag) {
        Some(other) => *other = asked,
        None => desk.asked.push(asked),
    }
    Ok(())
}

fn print(desk: &Shared, line: &str) {
    let mut desk = lock(desk);
    if desk.lines.len() >= limits::LINES_PER_RUN_MAX {
        desk.lines_left_out = desk.lines_left_out.saturating_add(1);
        return;
    }
    let line = line.chars().take(limits::LINE_CHARS_MAX);
    let line = line.map(|c| if c.is_control() { ' ' } else { c }).collect();
    desk.lines.push(line);
}

/// Compiles a text; `is_expression` for one expression without statements.
pub(crate) fn compile(
    engine: &Engine,
    text: &str,
    is_expression: bool,
) -> Result<AST, TextProblem> {
    if text.len() > limits::TEXT_BYTES_MAX {
        return Err(TextProblem {
            line: 0,
            column: 0,
            message: format!("{} bytes, at most {}", text.len(), limits::TEXT_BYTES_MAX),
        });
    }
    let compiled = if is_expression {
        engine.compile_expression(text)
    } else {
        engine.compile_with_scope(&scope_names(), text)
    };
    compiled.map_err(|error| {
        let (line, column) = place(error.position());
        TextProblem {
            line,
            column,
            message: error.err_type().to_string(),
        }
    })
}

/// The names that every script finds: strict variables need them when compiling.
/// None is a constant here, lest its value be folded into the text.
fn scope_names() -> rhai::Scope<'static> {
    let mut scope = rhai::Scope::new();
    scope.push("state", rhai::Map::new());
    scope.push("run", 0_i64);
    scope.push("period_s", 0.0_f64);
    scope
}

/// Calls of a function whose first argument is a literal text: function, text, place.
pub(crate) fn literal_calls(ast: &AST) -> Vec<(String, Option<String>, Position)> {
    let mut calls = Vec::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        let call = match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, at))) => Some((call, at)),
            Some(ASTNode::Stmt(Stmt::FnCall(call, at))) => Some((call, at)),
            _ => None,
        };
        if let Some((call, at)) = call {
            let (text, at) = match call.args.first() {
                Some(Expr::StringConstant(text, at)) => (Some(text.to_string()), *at),
                _ => (None, *at),
            };
            calls.push((call.name.to_string(), text, at));
        }
        true
    });
    calls
}

pub(crate) fn place(at: Position) -> (usize, usize) {
    (at.line().unwrap_or(0), at.position().unwrap_or(0))
}

/// An error of a run in one line.
pub(crate) fn fault(error: &EvalAltResult) -> Fault {
    let inner = error.unwrap_inner();
    let message = match inner {
        EvalAltResult::ErrorTerminated(token, _) => token
            .clone()
            .into_string()
            .unwrap_or_else(|_| "stopped".into()),
        EvalAltResult::ErrorTooManyOperations(_) => {
            "more operations than operations_max in one run: does it loop without end?".into()
        }
        EvalAltResult::ErrorStackOverflow(_) => format!(
            "functions call each other more than {} deep",
            limits::CALL_LEVELS_MAX
        ),
        other => {
            let mut text = other.to_string();
            // The place is told apart from the words.
            if let Some(at) = text.rfind(" (line ") {
                text.truncate(at);
            }
            text
        }
    };
    let (line, _) = place(inner.position());
    let (outer, _) = place(error.position());
    Fault {
        line: if line > 0 { line } else { outer },
        message: message.chars().take(limits::LINE_CHARS_MAX * 2).collect(),
    }
}
