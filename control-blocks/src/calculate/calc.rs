//! The block that computes a tag from tags.

use super::Complaint;
use super::check::{Type, Types, Units, types, units};
use super::expression::{Expression, Function, WORDS};
use super::parse::parse;
use super::program::Program;
use scan::*;
use signal::{Quality, Reading};
use std::collections::BTreeMap;

/// Inputs of one expression.
pub const INPUTS_MAX: usize = 32;

#[derive(Clone, Copy)]
enum Pin {
    Real(Input<f64>),
    Int(Input<i64>),
    Bool(Input<bool>),
}

impl Pin {
    fn get(self, image: &Image) -> (f64, Quality) {
        match self {
            Pin::Real(pin) => {
                let input = image.get(pin);
                (input.value, input.quality)
            }
            Pin::Int(pin) => {
                let input = image.get(pin);
                (input.value as f64, input.quality)
            }
            Pin::Bool(pin) => {
                let input = image.get(pin);
                (f64::from(u8::from(input.value)), input.quality)
            }
        }
    }
}

enum Out {
    Real(Output<f64>),
    Bool(Output<bool>),
}

/// `CALC`: a tag computed from tags by an expression.
///
/// | key | meaning |
/// |---|---|
/// | `expr` | the expression, required |
/// | `in` | `{ name = "TAG", … }`: what the names in it mean, required; all are used |
/// | `unit` | unit of a number, required unless it follows from an input |
/// | `lo`, `hi` | range of a number, for displays |
///
/// Output `OUT`, a number or true/false as the expression says.
///
/// **An input** is a tag, `{ delayed = "TAG" }`, or a number, which becomes the
/// tuning tag `BLOCK.NAME`. Whether a tag is a number or true/false follows from how
/// it is used; `{ int = "TAG" }` and `{ bool = "TAG" }` say it where that does not
/// suffice, and a whole number must be declared so.
///
/// **An expression** has, from loose to tight: `if … then … else …`, `or`, `and`,
/// `not`, `< <= > >= == !=`, `+ -`, `* /`, `-x`, and the functions `min`, `max`,
/// `median`, `avg` (2 to 8 arguments), `abs`, `sqrt`, `exp`, `ln`, `pow(x, y)`,
/// `clamp(x, low, high)` (of crossed limits the low one wins). `==` is for whole
/// numbers and for true/false. Comparisons do not chain. At most 2 000 characters,
/// 256 parts, 24 levels, 32 inputs.
///
/// **Quality** is the worst of all inputs. If the result is no finite number
/// (a division by zero, an overflow, `sqrt(-1)`) the last value stays, bad and
/// not-finite. A part that is not finite spoils whatever uses it, also a
/// comparison; the branch that a choice does not take spoils nothing.
///
/// **Units**: terms of a sum or difference, both sides of a comparison, arguments of
/// `min`, `max`, `clamp`, `median`, `avg` and branches of a choice must share one.
/// Not checked: products, quotients, differences, `sqrt`, `exp`, `ln`, `pow`, and
/// numbers written in the expression; their result has the unit that `unit` says. To
/// add K to °C write `t + 1 * dt`.
pub struct Calc {
    program: Program,
    inputs: Box<[Pin]>,
    out: Out,
}

impl Block for Calc {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let mut quality = Quality::GOOD;
        for pin in &self.inputs {
            quality = quality.worst(pin.get(image).1);
        }
        let result = {
            let inputs = &self.inputs;
            let image = &*image;
            let input = |at: u16| {
                inputs
                    .get(usize::from(at))
                    .map_or(f64::NAN, |p| p.get(image).0)
            };
            self.program.run(input)
        };
        match &self.out {
            Out::Real(out) => image.set(out, Reading::new(result, quality)),
            Out::Bool(out) if result.is_nan() => {
                let held = image.held(out).value;
                let quality = quality.worst(Quality::NOT_FINITE);
                image.set(out, Reading::new(held, quality));
            }
            Out::Bool(out) => image.set(out, Reading::new(result != 0.0, quality)),
        }
    }
}

impl BlockKind for Calc {
    const NAME: &'static str = "CALC";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Self {
        let text = wiring.text("expr");
        let sources = sources(wiring);
        let unit = wiring.text("unit");
        let (lo, hi) = range(wiring);
        let mut declared: Types = sources
            .iter()
            .map(|(name, value)| (name.clone(), declared_type(value)))
            .collect();
        let names: Vec<String> = sources.keys().cloned().collect();
        let compiled = if text.trim().is_empty() {
            wiring.problem(
                "expr",
                "the expression is not given",
                "expr = \"(a + b) / 2\"",
            );
            None
        } else {
            compile(&text, &names, &mut declared).map_or_else(
                |complaint| {
                    complain(wiring, &text, &complaint);
                    None
                },
                Some,
            )
        };
        let is_bool = matches!(&compiled, Some((_, Type::Bool, _)));
        let inputs = names
            .iter()
            .map(|name| pin(wiring, name, &sources[name], declared[name]))
            .collect();
        let out = if is_bool {
            Out::Bool(wiring.output("OUT"))
        } else {
            Out::Real(wiring.output("OUT"))
        };
        if let Some((_, found, units)) = &compiled {
            join_units(wiring, &sources, *found, units, &unit);
        }
        if let (Some(lo), Some(hi), false) = (lo, hi, is_bool) {
            wiring.range("OUT", lo, hi);
        }
        Calc {
            program: compiled.map(|(program, ..)| program).unwrap_or_default(),
            inputs,
            out,
        }
    }
}

/// Tables of `in`, checked for names that the expression could not use.
fn sources(wiring: &mut Wiring<'_>) -> BTreeMap<String, Value> {
    let sources = wiring.table("in");
    if sources.is_empty() {
        wiring.problem(
            "in",
            "the expression has no inputs",
            "in = { a = \"TT-101.PV\", b = \"TT-102.PV\" }",
        );
    }
    if sources.len() > INPUTS_MAX {
        wiring.problem(
            "in",
            format!("{} inputs, at most {INPUTS_MAX}", sources.len()),
            "divide it among blocks",
        );
    }
    for name in sources.keys() {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        let is_taken = WORDS.contains(&name.as_str())
            || Function::from_name(name).is_some()
            || name.eq_ignore_ascii_case("out");
        if !is_name || name.is_empty() || is_taken {
            wiring.problem(
                &format!("in.{name}"),
                format!("\"{name}\" cannot be the name of an input"),
                "letters, digits and _, no word and no function of the language, not OUT",
            );
        }
    }
    sources
}

fn range(wiring: &mut Wiring<'_>) -> (Option<f64>, Option<f64>) {
    let mut limit = |key: &str| {
        wiring
            .has(key)
            .then(|| wiring.real(key, 0.0, f64::MIN..=f64::MAX))
    };
    let limits = (limit("lo"), limit("hi"));
    match limits {
        (Some(lo), Some(hi)) if lo >= hi => {
            wiring.problem("lo", format!("lo = {lo} is not below hi = {hi}"), "");
        }
        (None, None) | (Some(_), Some(_)) => {}
        (Some(_), None) => wiring.problem("lo", "lo without hi", "give both or none"),
        (None, Some(_)) => wiring.problem("hi", "hi without lo", "give both or none"),
    }
    limits
}

fn declared_type(value: &Value) -> Option<Type> {
    match value {
        Value::Real(_) | Value::Int(_) => Some(Type::Real),
        Value::Bool(_) => Some(Type::Bool),
        Value::Table(table) if table.contains_key("int") => Some(Type::Int),
        Value::Table(table) if table.contains_key("bool") => Some(Type::Bool),
        _ => None,
    }
}

fn pin(wiring: &mut Wiring<'_>, name: &str, value: &Value, of: Option<Type>) -> Pin {
    // A literal becomes a tag that bears the input's name.
    let key = match value {
        Value::Real(_) | Value::Int(_) | Value::Bool(_) => name.to_string(),
        _ => format!("in.{name}"),
    };
    let inner = match value {
        Value::Table(table) if table.len() == 1 => table.get("int").or_else(|| table.get("bool")),
        _ => None,
    };
    let value = inner.unwrap_or(value);
    match of {
        Some(Type::Int) => Pin::Int(wiring.input_from(&key, value)),
        Some(Type::Bool) => Pin::Bool(wiring.input_from(&key, value)),
        _ => Pin::Real(wiring.input_from(&key, value)),
    }
}

type Compiled = (Program, Type, Units);

/// Reads, checks and compiles; the types of the inputs are completed.
fn compile(text: &str, names: &[String], inputs: &mut Types) -> Result<Compiled, Complaint> {
    let expression: Expression = parse(text)?;
    let found = types(&expression, inputs)?;
    let mut unused: Vec<&str> = names.iter().map(String::as_str).collect();
    mark_used(&expression, &mut unused);
    if let Some(name) = unused.first() {
        return Err(Complaint::new(
            1,
            format!("the input {name} is not used in the expression"),
        ));
    }
    let program = Program::compile(&expression, names)?;
    Ok((program, found, units(&expression)))
}

fn mark_used(expression: &Expression, unused: &mut Vec<&str>) {
    if let super::expression::Node::Name(name) = &expression.node {
        unused.retain(|other| other != name);
    }
    for part in expression.parts() {
        mark_used(part, unused);
    }
}

fn complain(wiring: &mut Wiring<'_>, text: &str, complaint: &Complaint) {
    wiring.problem(
        "expr",
        format!(
            "column {}: {}: {}",
            complaint.column,
            complaint.message,
            complaint.excerpt(text)
        ),
        "",
    );
}

fn join_units(
    wiring: &mut Wiring<'_>,
    sources: &BTreeMap<String, Value>,
    found: Type,
    units: &Units,
    unit: &str,
) {
    let key = |name: &String| match &sources[name] {
        Value::Real(_) | Value::Int(_) | Value::Bool(_) => name.clone(),
        _ => format!("in.{name}"),
    };
    for group in &units.groups {
        let keys: Vec<String> = group.iter().map(key).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        wiring.same_unit(&keys);
    }
    match (found, &units.result_like) {
        (Type::Bool, _) => {
            if !unit.is_empty() {
                wiring.problem("unit", "true or false has no unit", "leave `unit` out");
            }
        }
        (_, Some(like)) => wiring.same_unit(&["OUT", &key(like)]),
        (_, None) if unit.is_empty() => wiring.problem(
            "unit",
            "the unit of this expression does not follow from its inputs",
            "unit = \"kW\"; unit = \"1\" for a pure number",
        ),
        (_, None) => {}
    }
    if found != Type::Bool && !unit.is_empty() {
        wiring.unit("OUT", unit);
    }
}
