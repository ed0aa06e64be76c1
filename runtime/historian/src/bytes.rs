//! Numbers as bytes: little-endian words, variable-length integers (seven bits a
//! byte, low first), zigzag for signed ones (after Protocol Buffers).

/// Appends an unsigned integer of variable length.
pub fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer of variable length; small magnitudes are short.
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends eight bytes.
pub fn put_word(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a text with its length.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u64(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads what the functions of this module wrote. Every reading may end early:
/// then it is `None`, and nothing panics.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// From the beginning.
    pub const fn new(bytes: &'a [u8]) -> Scanner<'a> {
        Scanner { rest: bytes }
    }

    /// Whether all has been read.
    pub const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// As many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        if count > self.rest.len() {
            return None;
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some(taken)
    }

    /// An unsigned integer.
    pub fn u64(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// An unsigned integer as a count, at most `max`.
    pub fn count(&mut self, max: usize) -> Option<usize> {
        usize::try_from(self.u64()?)
            .ok()
            .filter(|count| *count <= max)
    }

    /// A signed integer.
    pub fn i64(&mut self) -> Option<i64> {
        let value = self.u64()?;
        Some(((value >> 1) as i64) ^ -((value & 1) as i64))
    }

    /// Eight bytes.
    pub fn word(&mut self) -> Option<u64> {
        let bytes = self.take(8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    /// A double.
    pub fn real(&mut self) -> Option<f64> {
        self.word().map(f64::from_bits)
    }

    /// A text.
    pub fn text(&mut self) -> Option<String> {
        let length = self.count(1 << 16)?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_comes_back(a: u64, b: i64, c: u64, text: String) {
            let mut out = Vec::new();
            put_u64(&mut out, a);
            put_i64(&mut out, b);
            put_word(&mut out, c);
            put_text(&mut out, &text);
            let mut scanner = Scanner::new(&out);
            prop_assert_eq!(scanner.u64(), Some(a));
            prop_assert_eq!(scanner.i64(), Some(b));
            prop_assert_eq!(scanner.word(), Some(c));
            prop_assert_eq!(scanner.text(), Some(text));
            prop_assert!(scanner.is_done());
            for cut in 0..out.len() {
                let mut scanner = Scanner::new(&out[..cut]);
                let all = scanner.u64().and_then(|_| scanner.i64()).and_then(|_| scanner.word());
                prop_assert!(all.and_then(|_| scanner.text()).is_none());
            }
        }
    }
}
