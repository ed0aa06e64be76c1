//! A flat program over a fixed stack: what an expression becomes.
//!
//! All values are doubles on one stack; true is 1 and false is 0. What is not
//! finite (a quotient by zero, an overflow, a root of a negative number) becomes
//! NaN at once and stays NaN through every operation that uses it, so that no
//! later `min` or comparison can hide it. A choice takes no notice of the branch
//! that it does not take.

use super::Complaint;
use super::expression::{ARGUMENTS_MAX, Binary, Expression, Function, Node, Unary};
use signal::math;

/// Places of the stack.
pub const STACK: usize = 32;

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Operation {
    Number(f64),
    Load(u16),
    Negative,
    Not,
    Choice,
    Two(Binary),
    Call(Function, u8),
}

/// A program; every operation finds what it needs on the stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    operations: Box<[Operation]>,
}

impl Program {
    /// Compiles an expression whose types were checked; `names` gives the places of
    /// its inputs. Parts without inputs are computed here.
    ///
    /// # Errors
    /// A [`Complaint`]: a constant part that is no finite number, or a stack that
    /// would not suffice.
    pub fn compile(expression: &Expression, names: &[String]) -> Result<Program, Complaint> {
        let mut operations = Vec::new();
        emit(expression, names, &mut operations)?;
        let mut height = 0usize;
        for operation in &operations {
            height = height + 1 - takes(*operation);
            if height > STACK {
                return Err(Complaint::new(
                    expression.column,
                    "too many brackets within each other: divide it among blocks",
                ));
            }
        }
        Ok(Program {
            operations: operations.into_boxed_slice(),
        })
    }

    /// Runs it; NaN if the result is no finite number.
    pub fn run(&self, input: impl Fn(u16) -> f64) -> f64 {
        let mut stack = [0.0_f64; STACK];
        let mut height = 0;
        for operation in &self.operations {
            let takes = takes(*operation);
            let from = height - takes;
            let result = match *operation {
                Operation::Number(value) => value,
                Operation::Load(at) => finite(input(at)),
                other => apply(other, &stack[from..height]),
            };
            stack[from] = result;
            height = from + 1;
        }
        stack[0]
    }

    /// Number of operations.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// How many values an operation takes from the stack.
const fn takes(operation: Operation) -> usize {
    match operation {
        Operation::Number(_) | Operation::Load(_) => 0,
        Operation::Negative | Operation::Not => 1,
        Operation::Two(_) => 2,
        Operation::Choice => 3,
        Operation::Call(_, count) => count as usize,
    }
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// One operation on its values, as many as it takes.
fn apply(operation: Operation, of: &[f64]) -> f64 {
    if let Operation::Choice = operation {
        return match of[0] {
            when if when.is_nan() => f64::NAN,
            when if when != 0.0 => of[1],
            _ => of[2],
        };
    }
    if of.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let truth = |is: bool| f64::from(u8::from(is));
    finite(match operation {
        Operation::Number(value) => value,
        Operation::Load(_) | Operation::Choice => f64::NAN,
        Operation::Negative => -of[0],
        Operation::Not => truth(of[0] == 0.0),
        Operation::Two(sign) => {
            let (a, b) = (of[0], of[1]);
            match sign {
                Binary::Or => truth(a != 0.0 || b != 0.0),
                Binary::And => truth(a != 0.0 && b != 0.0),
                Binary::Less => truth(a < b),
                Binary::LessOrEqual => truth(a <= b),
                Binary::Greater => truth(a > b),
                Binary::GreaterOrEqual => truth(a >= b),
                Binary::Equal => truth(a == b),
                Binary::Unequal => truth(a != b),
                Binary::Add => a + b,
                Binary::Subtract => a - b,
                Binary::Multiply => a * b,
                Binary::Divide => a / b,
            }
        }
        Operation::Call(function, _) => call(function, of),
    })
}

fn call(function: Function, of: &[f64]) -> f64 {
    let fold = |choose: fn(f64, f64) -> f64| of.iter().copied().reduce(choose).unwrap_or(f64::NAN);
    match function {
        Function::Min => fold(|a, b| if b < a { b } else { a }),
        Function::Max => fold(|a, b| if b > a { b } else { a }),
        Function::Abs => math::abs(of[0]),
        Function::Sqrt => math::sqrt(of[0]),
        Function::Exp => math::exp(of[0]),
        Function::Ln => math::ln(of[0]),
        Function::Pow => math::pow(of[0], of[1]),
        Function::Clamp => math::clamp(of[0], of[1], of[2]),
        Function::Median => median(of),
        Function::Average => of.iter().sum::<f64>() / of.len() as f64,
    }
}

/// The middle value; of an even number, the mean of the middle two.
fn median(of: &[f64]) -> f64 {
    let mut sorted = [0.0; ARGUMENTS_MAX];
    let sorted = &mut sorted[..of.len()];
    sorted.copy_from_slice(of);
    // Few values, no allocation: insertion sort.
    for at in 1..sorted.len() {
        let mut place = at;
        while place > 0 && sorted[place - 1] > sorted[place] {
            sorted.swap(place - 1, place);
            place -= 1;
        }
    }
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2.0
    }
}

/// Emits a part; one that has no input is folded into one number.
fn emit(
    expression: &Expression,
    names: &[String],
    operations: &mut Vec<Operation>,
) -> Result<(), Complaint> {
    let operation = match &expression.node {
        Node::Real(value) => Operation::Number(*value),
        Node::Int(value) => Operation::Number(*value as f64),
        Node::Bool(value) => Operation::Number(f64::from(u8::from(*value))),
        Node::Name(name) => {
            let at = names.iter().position(|other| other == name).unwrap_or(0);
            Operation::Load(at as u16)
        }
        Node::Unary(Unary::Negative, _) => Operation::Negative,
        Node::Unary(Unary::Not, _) => Operation::Not,
        Node::Binary(sign, ..) => Operation::Two(*sign),
        Node::Choice(..) => Operation::Choice,
        Node::Call(function, of) => Operation::Call(*function, of.len() as u8),
    };
    let from = operations.len();
    for part in expression.parts() {
        emit(part, names, operations)?;
    }
    let parts = &operations[from..];
    let constants: Option<Vec<f64>> = parts
        .iter()
        .map(|part| match part {
            Operation::Number(value) => Some(*value),
            _ => None,
        })
        .collect();
    match constants {
        Some(values) if !values.is_empty() && values.len() == takes(operation) => {
            let value = apply(operation, &values);
            if value.is_nan() {
                return Err(Complaint::new(
                    expression.column,
                    "this part is no finite number, whatever the inputs are",
                ));
            }
            operations.truncate(from);
            operations.push(Operation::Number(value));
        }
        _ => operations.push(operation),
    }
    Ok(())
}
