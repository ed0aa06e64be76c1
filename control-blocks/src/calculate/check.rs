//! Types of an expression, and which of its inputs must share a unit.

use super::Complaint;
use super::expression::{Binary, Expression, Function, Node, Unary};
use std::collections::BTreeMap;

/// What an expression or an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Real,
    /// A whole number; may stand wherever a number may.
    Int,
    /// True or false.
    Bool,
}

impl Type {
    const fn word(self) -> &'static str {
        match self {
            Type::Real => "a number",
            Type::Int => "a whole number",
            Type::Bool => "true or false",
        }
    }
}

/// Types of the inputs by name; `None` where nothing says so yet.
pub type Types = BTreeMap<String, Option<Type>>;

/// Finds the type of every input that is not declared by how it is used, then the
/// type of the whole. What nothing decides is a number.
///
/// # Errors
/// A [`Complaint`]: an unknown name, a part of the wrong type.
pub fn types(expression: &Expression, inputs: &mut Types) -> Result<Type, Complaint> {
    names(expression, inputs)?;
    // Each pass decides at least one input, or nothing more is to be found.
    for _ in 0..=inputs.len() {
        let before = inputs.clone();
        infer(expression, None, inputs);
        if *inputs == before {
            break;
        }
    }
    for of in inputs.values_mut() {
        of.get_or_insert(Type::Real);
    }
    check(expression, inputs)
}

fn names(expression: &Expression, inputs: &Types) -> Result<(), Complaint> {
    if let Node::Name(name) = &expression.node
        && !inputs.contains_key(name)
    {
        let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
        let near = scan::wiring::nearest(name, known.iter().copied());
        return Err(Complaint::new(
            expression.column,
            match near {
                Some(near) => format!("there is no input {name}; did you mean {near}?"),
                None => format!("there is no input {name}; `in` has: {}", known.join(", ")),
            },
        ));
    }
    expression
        .parts()
        .into_iter()
        .try_for_each(|part| names(part, inputs))
}

/// Spreads what is known downwards and upwards; contradictions are left to
/// [`check`].
fn infer(expression: &Expression, wanted: Option<Type>, inputs: &mut Types) -> Option<Type> {
    match &expression.node {
        Node::Real(_) => Some(Type::Real),
        Node::Int(_) => Some(Type::Int),
        Node::Bool(_) => Some(Type::Bool),
        Node::Name(name) => {
            let known = inputs.get_mut(name)?;
            if known.is_none() {
                // That a whole number stands beside an input makes it no counter.
                *known = wanted.map(|wanted| match wanted {
                    Type::Bool => Type::Bool,
                    Type::Real | Type::Int => Type::Real,
                });
            }
            *known
        }
        Node::Unary(Unary::Not, of) => {
            infer(of, Some(Type::Bool), inputs);
            Some(Type::Bool)
        }
        Node::Unary(Unary::Negative, of) => infer(of, Some(Type::Real), inputs),
        Node::Binary(Binary::Or | Binary::And, left, right) => {
            infer(left, Some(Type::Bool), inputs);
            infer(right, Some(Type::Bool), inputs);
            Some(Type::Bool)
        }
        Node::Binary(Binary::Equal | Binary::Unequal, left, right) => {
            let found = infer(left, None, inputs);
            let found = infer(right, found, inputs);
            infer(left, found, inputs);
            Some(Type::Bool)
        }
        Node::Binary(sign, left, right) => {
            let left = infer(left, Some(Type::Real), inputs);
            let right = infer(right, Some(Type::Real), inputs);
            match (sign.is_comparison(), left, right) {
                (true, ..) => Some(Type::Bool),
                (false, Some(Type::Int), Some(Type::Int)) if *sign != Binary::Divide => {
                    Some(Type::Int)
                }
                _ => Some(Type::Real),
            }
        }
        Node::Choice(when, then, otherwise) => {
            infer(when, Some(Type::Bool), inputs);
            let found = infer(then, wanted, inputs);
            let found = infer(otherwise, found.or(wanted), inputs);
            infer(then, found, inputs)
        }
        Node::Call(_, of) => {
            for argument in of {
                infer(argument, Some(Type::Real), inputs);
            }
            Some(Type::Real)
        }
    }
}

fn check(expression: &Expression, inputs: &Types) -> Result<Type, Complaint> {
    let wants = |part: &Expression, is_bool: bool| -> Result<Type, Complaint> {
        let found = check(part, inputs)?;
        if (found == Type::Bool) == is_bool {
            return Ok(found);
        }
        let wanted = if is_bool { Type::Bool } else { Type::Real };
        Err(Complaint::new(
            part.column,
            format!("expected {}, this is {}", wanted.word(), found.word()),
        ))
    };
    match &expression.node {
        Node::Real(_) => Ok(Type::Real),
        Node::Int(_) => Ok(Type::Int),
        Node::Bool(_) => Ok(Type::Bool),
        Node::Name(name) => Ok(inputs.get(name).copied().flatten().unwrap_or(Type::Real)),
        Node::Unary(Unary::Not, of) => wants(of, true),
        Node::Unary(Unary::Negative, of) => wants(of, false),
        Node::Binary(Binary::Or | Binary::And, left, right) => {
            wants(left, true)?;
            wants(right, true)
        }
        Node::Binary(Binary::Equal | Binary::Unequal, left, right) => {
            let (a, b) = (check(left, inputs)?, check(right, inputs)?);
            match (a, b) {
                (Type::Bool, Type::Bool) | (Type::Int, Type::Int) => Ok(Type::Bool),
                (Type::Bool, _) | (_, Type::Bool) => Err(Complaint::new(
                    expression.column,
                    format!("{} is compared with {}", a.word(), b.word()),
                )),
                _ => Err(Complaint::new(
                    expression.column,
                    "measured numbers are hardly ever equal: write abs(a - b) < d; \
                     for a mode or counter declare the input as { int = \"TAG\" }",
                )),
            }
        }
        Node::Binary(sign, left, right) => {
            let (a, b) = (wants(left, false)?, wants(right, false)?);
            Ok(if sign.is_comparison() {
                Type::Bool
            } else if *sign != Binary::Divide && a == Type::Int && b == Type::Int {
                Type::Int
            } else {
                Type::Real
            })
        }
        Node::Choice(when, then, otherwise) => {
            wants(when, true)?;
            let found = check(then, inputs)?;
            let other = wants(otherwise, found == Type::Bool)?;
            Ok(if found == other { found } else { Type::Real })
        }
        Node::Call(function, of) => {
            let mut all = Type::Int;
            for argument in of {
                if wants(argument, false)? == Type::Real {
                    all = Type::Real;
                }
            }
            Ok(match function {
                Function::Min | Function::Max | Function::Abs | Function::Clamp => all,
                _ => Type::Real,
            })
        }
    }
}

/// Groups of inputs that must share a unit, and the group that the result belongs
/// to, if its unit follows from theirs.
///
/// Terms of a sum, both sides of a comparison, arguments of `min`, `max`, `clamp`,
/// `median`, `avg` and branches of a choice share one; a product, a quotient, a
/// difference (of two °C it is in K), a number and the other functions have none
/// that could be checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// Names of inputs, each in one group at most; groups of two and more.
    pub groups: Vec<Vec<String>>,
    /// An input whose unit the result has.
    pub result_like: Option<String>,
}

/// Finds the [`Units`] of an expression.
pub fn units(expression: &Expression) -> Units {
    let mut classes: Vec<Vec<String>> = Vec::new();
    let result_like = spread(expression, &mut classes);
    classes.retain(|class| class.len() > 1);
    Units {
        groups: classes,
        result_like,
    }
}

/// An input that has the unit of this part.
fn spread(expression: &Expression, classes: &mut Vec<Vec<String>>) -> Option<String> {
    match &expression.node {
        Node::Name(name) => {
            join(classes, name, name);
            Some(name.clone())
        }
        Node::Unary(Unary::Negative, of) => spread(of, classes),
        Node::Binary(sign, left, right) => {
            let of = (spread(left, classes), spread(right, classes));
            let shares = *sign == Binary::Add || *sign == Binary::Subtract || sign.is_comparison();
            if let (Some(a), Some(b), true) = (&of.0, &of.1, shares) {
                join(classes, a, b);
            }
            match sign {
                Binary::Add => of.0.or(of.1),
                _ => None,
            }
        }
        Node::Choice(when, then, otherwise) => {
            spread(when, classes);
            alike([&**then, otherwise].into_iter(), classes)
        }
        Node::Call(
            Function::Min
            | Function::Max
            | Function::Clamp
            | Function::Median
            | Function::Average
            | Function::Abs,
            of,
        ) => alike(of.iter(), classes),
        _ => {
            for part in expression.parts() {
                spread(part, classes);
            }
            None
        }
    }
}

fn alike<'e>(
    parts: impl Iterator<Item = &'e Expression>,
    classes: &mut Vec<Vec<String>>,
) -> Option<String> {
    let mut first: Option<String> = None;
    for part in parts {
        match (&first, spread(part, classes)) {
            (Some(first), Some(other)) => join(classes, first, &other),
            (None, found) => first = found,
            (Some(_), None) => {}
        }
    }
    first
}

/// Puts two inputs into one class.
fn join(classes: &mut Vec<Vec<String>>, a: &str, b: &str) {
    let of = |classes: &Vec<Vec<String>>, name: &str| {
        classes
            .iter()
            .position(|class| class.iter().any(|other| other == name))
    };
    for name in [a, b] {
        if of(classes, name).is_none() {
            classes.push(vec![name.to_string()]);
        }
    }
    if let (Some(to), Some(from)) = (of(classes, a), of(classes, b))
        && to != from
    {
        let moved = std::mem::take(&mut classes[from]);
        classes[to].extend(moved);
        classes.remove(from);
    }
}
