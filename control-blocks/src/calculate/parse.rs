//! From text to tree, by precedence climbing.

use super::Complaint;
use super::expression::{
    Binary, Expression, Function, NEGATIVE_BINDING, NOT_BINDING, Node, Unary, WORDS,
};
use super::token::{Token, tokens};

/// Characters of an expression.
pub const CHARS_MAX: usize = 2_000;
/// Parts of an expression: names, numbers, signs, functions.
pub const PARTS_MAX: usize = 256;
/// Brackets, functions and choices within each other.
pub const DEPTH_MAX: usize = 24;

/// Reads an expression.
///
/// # Errors
/// A [`Complaint`] with the column and what was expected there.
pub fn parse(text: &str) -> Result<Expression, Complaint> {
    let length = text.chars().count();
    if length > CHARS_MAX {
        return Err(Complaint::new(
            CHARS_MAX + 1,
            format!("{length} characters, at most {CHARS_MAX}: divide it among blocks"),
        ));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        end: length + 1,
        depth: 0,
        parts: 0,
    };
    let expression = parser.expression(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some((column, Token::Sign("="))) => Err(Complaint::new(
            *column,
            "expected a sign, found \"=\": equality is written ==",
        )),
        Some((column, Token::Sign("^"))) => Err(Complaint::new(
            *column,
            "expected a sign, found \"^\": a power is written pow(x, y)",
        )),
        Some((column, token)) => Err(Complaint::new(
            *column,
            format!(
                "expected a sign such as + or the end, found {}",
                token.shown()
            ),
        )),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// Column after the last character.
    end: usize,
    depth: usize,
    parts: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(at, _)| *at)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn expected(&self, what: &str) -> Complaint {
        let found = self
            .peek()
            .map_or_else(|| "the end".to_string(), Token::shown);
        Complaint::new(self.column(), format!("expected {what}, found {found}"))
    }

    fn sign(&mut self, sign: &str) -> Result<(), Complaint> {
        if !self.is_sign(sign) {
            return Err(self.expected(&format!("\"{sign}\"")));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Complaint> {
        if !self.is_word(word) {
            return Err(self.expected(&format!("\"{word}\"")));
        }
        self.at += 1;
        Ok(())
    }

    fn part(&mut self, column: usize, node: Node) -> Result<Expression, Complaint> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(Complaint::new(
                column,
                format!("more than {PARTS_MAX} parts: divide it among blocks"),
            ));
        }
        Ok(Expression { column, node })
    }

    /// An expression whose signs bind at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Expression, Complaint> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Complaint::new(
                self.column(),
                format!("nested more than {DEPTH_MAX} deep: divide it among blocks"),
            ));
        }
        let mut left = self.operand(least)?;
        while let Some(sign) = self.peek_binary() {
            let binding = sign.binding();
            if binding < least {
                break;
            }
            let column = self.column();
            self.at += 1;
            let right = self.expression(binding + 1)?;
            left = self.part(column, Node::Binary(sign, Box::new(left), Box::new(right)))?;
            if let Some(next) = self.peek_binary().filter(|next| next.is_comparison())
                && sign.is_comparison()
            {
                return Err(Complaint::new(
                    self.column(),
                    format!(
                        "expected \"and\" or \"or\", found \"{}\": comparisons do not chain, write a < b and b < c",
                        next.sign()
                    ),
                ));
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn peek_binary(&self) -> Option<Binary> {
        let text = match self.peek()? {
            Token::Word(word) => word.as_str(),
            Token::Sign(sign) => sign,
            _ => return None,
        };
        let mut signs = Binary::SIGNS.iter();
        signs.find(|(sign, _)| *sign == text).map(|(_, sign)| *sign)
    }

    fn operand(&mut self, least: u8) -> Result<Expression, Complaint> {
        const VALUE: &str = "a number, an input, a function or \"(\"";
        let column = self.column();
        let Some(token) = self.peek().cloned() else {
            return Err(self.expected(VALUE));
        };
        match token {
            Token::Real(value) => {
                self.at += 1;
                self.part(column, Node::Real(value))
            }
            Token::Int(value) => {
                self.at += 1;
                self.part(column, Node::Int(value))
            }
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.sign(")")?;
                Ok(inner)
            }
            Token::Sign("-") => {
                self.at += 1;
                let of = self.expression(NEGATIVE_BINDING)?;
                self.part(column, Node::Unary(Unary::Negative, Box::new(of)))
            }
            Token::Word(word) if word == "not" => {
                if least > NOT_BINDING {
                    return Err(self.expected("a value: put \"not …\" in brackets here"));
                }
                self.at += 1;
                let of = self.expression(NOT_BINDING)?;
                self.part(column, Node::Unary(Unary::Not, Box::new(of)))
            }
            Token::Word(word) if word == "if" => {
                if least > 0 {
                    return Err(
                        self.expected("a value: put \"if … then … else …\" in brackets here")
                    );
                }
                self.at += 1;
                let when = self.expression(0)?;
                self.word("then")?;
                let then = self.expression(0)?;
                self.word("else")?;
                let otherwise = self.expression(0)?;
                let node = Node::Choice(Box::new(when), Box::new(then), Box::new(otherwise));
                self.part(column, node)
            }
            Token::Word(word) if word == "true" || word == "false" => {
                self.at += 1;
                self.part(column, Node::Bool(word == "true"))
            }
            Token::Word(word) if WORDS.contains(&word.as_str()) => Err(self.expected(VALUE)),
            Token::Word(word) => {
                self.at += 1;
                match (self.is_sign("("), Function::from_name(&word)) {
                    (true, Some(function)) => self.call(column, function),
                    (true, None) => Err(Complaint::new(
                        column,
                        format!(
                            "there is no function {word}; functions: {}",
                            Function::NAMES.map(|(name, ..)| name).join(", ")
                        ),
                    )),
                    (false, Some(_)) => Err(self.expected(&format!("\"(\" after {word}"))),
                    (false, None) => self.part(column, Node::Name(word)),
                }
            }
            Token::Sign(_) => Err(self.expected(VALUE)),
        }
    }

    fn call(&mut self, column: usize, function: Function) -> Result<Expression, Complaint> {
        self.sign("(")?;
        let mut of = vec![self.expression(0)?];
        while self.is_sign(",") {
            self.at += 1;
            of.push(self.expression(0)?);
        }
        self.sign(")")
            .map_err(|_| self.expected("\",\" or \")\""))?;
        let (least, most) = function.arguments();
        if !(least..=most).contains(&of.len()) {
            let wanted = if least == most {
                format!("{least}")
            } else {
                format!("{least} to {most}")
            };
            return Err(Complaint::new(
                column,
                format!(
                    "{} takes {wanted} arguments, here are {}",
                    function.name(),
                    of.len()
                ),
            ));
        }
        self.part(column, Node::Call(function, of))
    }
}
