//! An expression as a tree, and how it is written.

use core::fmt;

/// Part of an expression, with the place of its sign or first character.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Column in the text, from 1, in characters.
    pub column: usize,
    /// What it is.
    pub node: Node,
}

/// Places do not matter: two expressions are one if they say the same.
impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.node == other.node
    }
}

/// What an expression is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number with a point or an exponent; never negative.
    Real(f64),
    /// A whole number; never negative, at most 2⁵³.
    Int(u64),
    /// `true` or `false`.
    Bool(bool),
    /// An input.
    Name(String),
    /// `-x`, `not x`.
    Unary(Unary, Box<Expression>),
    /// `x + y`.
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `if c then x else y`.
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    /// `max(x, y)`.
    Call(Function, Vec<Expression>),
}

/// Signs before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Negative,
    Not,
}

/// Signs between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Or,
    And,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Binary {
    /// All of them with their sign.
    pub const SIGNS: [(&'static str, Binary); 12] = [
        ("or", Binary::Or),
        ("and", Binary::And),
        ("<", Binary::Less),
        ("<=", Binary::LessOrEqual),
        (">", Binary::Greater),
        (">=", Binary::GreaterOrEqual),
        ("==", Binary::Equal),
        ("!=", Binary::Unequal),
        ("+", Binary::Add),
        ("-", Binary::Subtract),
        ("*", Binary::Multiply),
        ("/", Binary::Divide),
    ];

    /// How it is written.
    pub fn sign(self) -> &'static str {
        let mut signs = Binary::SIGNS.iter();
        signs
            .find(|(_, sign)| *sign == self)
            .map_or("?", |(text, _)| text)
    }

    /// How tightly it binds; comparison does not chain.
    pub const fn binding(self) -> u8 {
        match self {
            Binary::Or => 1,
            Binary::And => 2,
            Binary::Add | Binary::Subtract => 5,
            Binary::Multiply | Binary::Divide => 6,
            _ => 4,
        }
    }

    /// Whether it compares.
    pub const fn is_comparison(self) -> bool {
        self.binding() == 4
    }
}

/// `not` binds looser than comparison, tighter than `and`.
pub const NOT_BINDING: u8 = 3;
/// The sign `-` binds tighter than everything between operands.
pub const NEGATIVE_BINDING: u8 = 7;

/// Functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function {
    Min,
    Max,
    Abs,
    Sqrt,
    Exp,
    Ln,
    Pow,
    Clamp,
    Median,
    Average,
}

/// Most arguments of `min`, `max`, `median` and `avg`.
pub const ARGUMENTS_MAX: usize = 8;

impl Function {
    /// All of them: name, least and most arguments.
    pub const NAMES: [(&'static str, Function, usize, usize); 10] = [
        ("min", Function::Min, 2, ARGUMENTS_MAX),
        ("max", Function::Max, 2, ARGUMENTS_MAX),
        ("abs", Function::Abs, 1, 1),
        ("sqrt", Function::Sqrt, 1, 1),
        ("exp", Function::Exp, 1, 1),
        ("ln", Function::Ln, 1, 1),
        ("pow", Function::Pow, 2, 2),
        ("clamp", Function::Clamp, 3, 3),
        ("median", Function::Median, 2, ARGUMENTS_MAX),
        ("avg", Function::Average, 2, ARGUMENTS_MAX),
    ];

    /// The function of a name.
    pub fn from_name(name: &str) -> Option<Function> {
        let mut names = Function::NAMES.iter();
        names
            .find(|(text, ..)| *text == name)
            .map(|(_, function, ..)| *function)
    }

    /// How it is written.
    pub fn name(self) -> &'static str {
        let mut names = Function::NAMES.iter();
        names
            .find(|(_, function, ..)| *function == self)
            .map_or("?", |(text, ..)| text)
    }

    /// Least and most arguments.
    pub fn arguments(self) -> (usize, usize) {
        let mut names = Function::NAMES.iter();
        names
            .find(|(_, function, ..)| *function == self)
            .map_or((0, 0), |(_, _, least, most)| (*least, *most))
    }
}

/// Words that no input may be called.
pub const WORDS: [&str; 8] = ["if", "then", "else", "and", "or", "not", "true", "false"];

impl Expression {
    /// How tightly the outermost sign binds.
    fn binding(&self) -> u8 {
        match &self.node {
            Node::Choice(..) => 0,
            Node::Unary(Unary::Not, _) => NOT_BINDING,
            Node::Unary(Unary::Negative, _) => NEGATIVE_BINDING,
            Node::Binary(sign, ..) => sign.binding(),
            _ => u8::MAX,
        }
    }

    fn within(&self, least: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.binding() < least {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }

    /// The parts, first to last.
    pub fn parts(&self) -> Vec<&Expression> {
        match &self.node {
            Node::Unary(_, of) => vec![of],
            Node::Binary(_, left, right) => vec![left, right],
            Node::Choice(when, then, otherwise) => vec![when, then, otherwise],
            Node::Call(_, of) => of.iter().collect(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Real(value) => write!(f, "{value:?}"),
            Node::Int(value) => write!(f, "{value}"),
            Node::Bool(value) => write!(f, "{value}"),
            Node::Name(name) => f.write_str(name),
            Node::Unary(Unary::Negative, of) => {
                f.write_str("-")?;
                of.within(NEGATIVE_BINDING, f)
            }
            Node::Unary(Unary::Not, of) => {
                f.write_str("not ")?;
                of.within(NOT_BINDING, f)
            }
            Node::Binary(sign, left, right) => {
                let binding = sign.binding();
                left.within(binding + u8::from(sign.is_comparison()), f)?;
                write!(f, " {} ", sign.sign())?;
                right.within(binding + 1, f)
            }
            Node::Choice(when, then, otherwise) => {
                write!(f, "if {when} then {then} else {otherwise}")
            }
            Node::Call(function, of) => {
                write!(f, "{}(", function.name())?;
                for (at, argument) in of.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
        }
    }
}
