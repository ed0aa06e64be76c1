//! One script: read once, run again and again.

use crate::guard::Guard;
use crate::limits;
use crate::reading::Reading;
use crate::sandbox::{
    Asked, Desktop, Fault, Shared, TextProblem, compile, engine, fault, literal_calls, lock, place,
};
use rhai::{AST, Dynamic, Engine, Map, Scope};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the plant's text says of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptText {
    /// Name, `campaign`.
    pub name: String,
    /// The script itself.
    pub text: String,
    /// Time between two runs, seconds.
    pub period_s: f64,
    /// Tags that it may read.
    pub reads: Vec<String>,
    /// Tags that it may write.
    pub writes: Vec<String>,
    /// Tag whose becoming true lets a faulted script begin anew.
    pub restart: Option<String>,
    /// Operations of one run.
    pub operations_max: u64,
}

/// What a run asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Writes, each tag once.
    pub writes: Vec<Asked>,
    /// Lines for the event list.
    pub lines: Vec<String>,
    /// Lines that were too many.
    pub lines_left_out: u32,
}

/// A compiled script with its memory.
pub struct Script {
    engine: Engine,
    ast: AST,
    shared: Shared,
    state: Map,
    runs: i64,
    period_s: f64,
}

/// Finds everything that is wrong with a script's text without running it: syntax,
/// and tags that are not declared where their names stand in the text.
///
/// Works on a thread with a stack of its own, so that no text can exhaust the
/// caller's.
pub fn check(text: &ScriptText) -> Vec<TextProblem> {
    on_own_stack(|| match Script::new(text, Arc::default()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    })
    .unwrap_or_else(|| {
        vec![TextProblem {
            line: 0,
            column: 0,
            message: "the script cannot be read".into(),
        }]
    })
}

/// Runs on a thread with room; `None` if that failed or panicked.
pub(crate) fn on_own_stack<R: Send>(run: impl FnOnce() -> R + Send) -> Option<R> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("script-check".into())
            .stack_size(limits::STACK_BYTES)
            .spawn_scoped(scope, run)
            .ok()?
            .join()
            .ok()
    })
}

impl Script {
    /// Compiles a script; `stop` ends a run at its next step.
    ///
    /// # Errors
    /// Everything wrong with its text.
    pub fn new(text: &ScriptText, stop: Arc<AtomicBool>) -> Result<Script, Vec<TextProblem>> {
        let shared = Shared::default();
        {
            let mut desk = lock(&shared);
            let unknown = Reading::unknown(signal::Kind::Real);
            desk.readings = text
                .reads
                .iter()
                .map(|tag| (tag.clone(), unknown))
                .collect();
            desk.writes = text.writes.iter().cloned().collect();
        }
        let engine = engine(text.operations_max, &shared, stop);
        let ast = compile(&engine, &text.text, false).map_err(|problem| vec![problem])?;
        let problems = undeclared(&ast, text);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Script {
            engine,
            ast,
            shared,
            state: Map::new(),
            runs: 0,
            period_s: text.period_s,
        })
    }

    /// Lends a function to the script; for trials of the sandbox itself.
    #[cfg(test)]
    pub(crate) fn lend(&mut self, name: &str, function: fn() -> i64) {
        self.engine.register_fn(name, function);
    }

    /// Runs once on these values. A run that ends early asks for nothing.
    ///
    /// # Errors
    /// [`Fault`]; the script must not be run again.
    pub fn run(
        &mut self,
        readings: BTreeMap<String, Reading>,
        refusals: &BTreeMap<String, String>,
    ) -> Result<Outcome, Fault> {
        {
            let mut desk = lock(&self.shared);
            let writes = std::mem::take(&mut desk.writes);
            *desk = Desktop {
                readings,
                writes,
                refusals: refusals.clone(),
                guard: Guard::begin(),
                ..Desktop::default()
            };
        }
        let mut scope = Scope::new();
        scope.push("state", std::mem::take(&mut self.state));
        scope.push_constant("run", self.runs);
        scope.push_constant("period_s", self.period_s);
        self.runs = self.runs.saturating_add(1);
        let (engine, ast) = (&self.engine, &self.ast);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            engine.run_ast_with_scope(&mut scope, ast)
        }));
        match ran {
            Err(panic) => {
                let words = panic
                    .downcast_ref::<&str>()
                    .map(ToString::to_string)
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                return Err(Fault {
                    line: 0,
                    message: format!("a function panicked: {words}"),
                });
            }
            Ok(Err(error)) => return Err(fault(&error)),
            Ok(Ok(())) => {}
        }
        let state = scope.get_value::<Map>("state").ok_or_else(|| Fault {
            line: 0,
            message: "`state` must stay a map".into(),
        })?;
        let mut bytes = 0;
        for (key, value) in &state {
            bytes += key.len() + measure(value, 1)?;
        }
        if bytes > limits::STATE_BYTES_MAX {
            return Err(Fault {
                line: 0,
                message: format!(
                    "`state` holds {bytes} bytes, at most {}",
                    limits::STATE_BYTES_MAX
                ),
            });
        }
        self.state = state;
        let mut desk = lock(&self.shared);
        Ok(Outcome {
            writes: std::mem::take(&mut desk.asked),
            lines: std::mem::take(&mut desk.lines),
            lines_left_out: desk.lines_left_out,
        })
    }
}

/// Bytes of a value that stays; only plain values may.
fn measure(value: &Dynamic, depth: usize) -> Result<usize, Fault> {
    const VALUE: usize = size_of::<Dynamic>();
    let refuse = |message: String| Err(Fault { line: 0, message });
    if depth > limits::STATE_DEPTH_MAX {
        return refuse(format!(
            "`state` is nested more than {} deep",
            limits::STATE_DEPTH_MAX
        ));
    }
    let mut bytes = VALUE;
    if let Ok(text) = value.as_immutable_string_ref() {
        bytes += text.len();
    } else if let Ok(items) = value.as_array_ref() {
        for item in items.iter() {
            bytes += measure(item, depth + 1)?;
        }
    } else if let Ok(map) = value.as_map_ref() {
        for (key, item) in map.iter() {
            bytes += key.len() + measure(item, depth + 1)?;
        }
    } else if !(value.is_unit()
        || value.is_bool()
        || value.is_int()
        || value.is_float()
        || value.is_char())
    {
        return refuse(format!(
            "`state` may hold numbers, texts, arrays and maps, not a {}",
            value.type_name()
        ));
    }
    Ok(bytes)
}

/// Tags named in the text that the script has not declared.
fn undeclared(ast: &AST, text: &ScriptText) -> Vec<TextProblem> {
    let mut problems: Vec<TextProblem> = literal_calls(ast)
        .into_iter()
        .filter_map(|(function, tag, at)| {
            let (list, declared) = match function.as_str() {
                "read" => ("reads", &text.reads),
                "write" | "refusal" => ("writes", &text.writes),
                _ => return None,
            };
            let tag = tag.filter(|tag| !declared.contains(tag))?;
            let (line, column) = place(at);
            Some(TextProblem {
                line,
                column,
                message: format!("{tag} is not among the declared {list}"),
            })
        })
        .collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}
