//! Words and signs of an expression, each with its column.

use super::Complaint;

/// A word or sign.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A number with a point or an exponent.
    Real(f64),
    /// A whole number.
    Int(u64),
    /// A name or a word of the language.
    Word(String),
    /// A sign or a bracket.
    Sign(&'static str),
}

impl Token {
    /// As it is shown in a complaint.
    pub fn shown(&self) -> String {
        match self {
            Token::Real(value) => format!("{value:?}"),
            Token::Int(value) => format!("{value}"),
            Token::Word(word) => format!("\"{word}\""),
            Token::Sign(sign) => format!("\"{sign}\""),
        }
    }
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 15] = [
    "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", ",", "=", "^",
];

/// Largest whole number that a double holds exactly.
const INT_MAX: u64 = 1 << 53;

/// All words and signs with their columns.
pub fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Complaint> {
    let all: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&first) = all.get(at) {
        let column = at + 1;
        if first.is_whitespace() {
            at += 1;
        } else if first.is_ascii_digit() || first == '.' {
            let (token, length) = number(&all[at..], column)?;
            tokens.push((column, token));
            at += length;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let rest = all[at..].iter();
            let word: String = rest
                .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
                .collect();
            at += word.len();
            tokens.push((column, Token::Word(word)));
        } else {
            let sign = SIGNS
                .iter()
                .find(|sign| sign.chars().eq(all[at..].iter().copied().take(sign.len())));
            let Some(sign) = sign else {
                return Err(Complaint::new(
                    column,
                    format!("the character '{first}' has no meaning here"),
                ));
            };
            at += sign.len();
            tokens.push((column, Token::Sign(sign)));
        }
    }
    Ok(tokens)
}

/// Digits, a point with digits, an exponent. The characters used with it.
fn number(all: &[char], column: usize) -> Result<(Token, usize), Complaint> {
    let digits = |from: usize| {
        all.get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count()
    };
    let mut length = digits(0);
    let mut is_real = false;
    if all.get(length) == Some(&'.') {
        is_real = true;
        length += 1 + digits(length + 1);
    }
    if matches!(all.get(length), Some('e' | 'E')) {
        is_real = true;
        length += 1;
        if matches!(all.get(length), Some('+' | '-')) {
            length += 1;
        }
        length += digits(length);
    }
    let text: String = all[..length].iter().collect();
    let wrong = |what: &str| Err(Complaint::new(column, format!("{text} is {what}")));
    if let Some(next) = all.get(length)
        && (next.is_ascii_alphanumeric() || matches!(next, '_' | '.'))
    {
        return wrong("followed by no sign: write 2 * x, not 2x");
    }
    if is_real {
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok((Token::Real(value), length)),
            Ok(_) => wrong("too large for a number"),
            Err(_) => wrong("no number: write 0.5, 2.0 or 1e-3"),
        }
    } else {
        match text.parse::<u64>() {
            Ok(value) if value <= INT_MAX => Ok((Token::Int(value), length)),
            _ => wrong("too large for a whole number: write it with a point"),
        }
    }
}
