//! Random tokens of sessions and wallboards: 256 bits, kept as digests only.

use core::fmt;
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Random bytes of a token.
const BYTES: usize = 32;

/// A token as its bearer holds it. Never printed; what is kept is its [`digest`](Token::digest).
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one from the system's random numbers; none if there are none.
    pub fn new() -> Option<Token> {
        let mut bytes = [0_u8; BYTES];
        getrandom::fill(&mut bytes).ok()?;
        let token = Token(hex(&bytes));
        bytes.zeroize();
        Some(token)
    }

    /// A token that came back, if it has the form of one.
    pub fn parse(text: &str) -> Option<Token> {
        let is_one = text.len() == 2 * BYTES
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        is_one.then(|| Token(text.to_string()))
    }

    /// Its text, for the bearer alone.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is kept of it, lower-case hexadecimal. Comparing digests tells nothing of
    /// the token by its time.
    pub fn digest(&self) -> String {
        sha256(self.0.as_bytes())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// SHA-256, lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_are_read_back_and_are_not_printed() {
        let (a, b) = (Token::new().expect("random"), Token::new().expect("random"));
        assert_ne!(a, b);
        assert_eq!(Token::parse(a.text()), Some(a.clone()));
        assert_eq!(format!("{a:?}"), "Token");
        for bad in ["", "00", &"g".repeat(64), &"A".repeat(64)] {
            assert_eq!(Token::parse(bad), None);
        }
    }

    #[test]
    fn the_digest_is_that_of_fips_180() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
