//! Damage from a seed.

use driver::random::Random;

/// Damages bytes in one to four ways: flips, cuts, repeats, insertions, numbers at
/// their edges.
pub fn bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let at = |random: &mut Random, length: usize| random.below(length as u64 + 1) as usize;
        let from = at(random, bytes.len());
        match random.below(8) {
            0 if from < bytes.len() => bytes[from] ^= 1 << random.below(8),
            1 if from < bytes.len() => bytes[from] = random.next_u64() as u8,
            2 => bytes.truncate(from),
            3 => {
                let to = at(random, bytes.len()).max(from);
                bytes.drain(from..to.min(from + 64));
            }
            4 => {
                let to = at(random, bytes.len()).max(from).min(from + 64);
                let piece = bytes[from..to].to_vec();
                let place = at(random, bytes.len());
                bytes.splice(place..place, piece);
            }
            5 => bytes.insert(from, random.next_u64() as u8),
            6 => {
                let edge = [0, 1, 0x7f, 0x80, 0xff][random.below(5) as usize];
                let to = (from + 1 + random.below(4) as usize).min(bytes.len());
                bytes[from.min(to)..to].fill(edge);
            }
            _ => {
                let word = random.next_u64().to_be_bytes();
                let to = (from + 1 + random.below(8) as usize).min(bytes.len());
                for (byte, new) in bytes[from.min(to)..to].iter_mut().zip(word) {
                    *byte = new;
                }
            }
        }
    }
}

/// Words of the notation, and some that have none in it.
const WORDS: &[&str] = &[
    "[[block]]",
    "[[tag]]",
    "[unit]",
    "[[input]]",
    "[[output]]",
    "[plant]",
    "[[task]]",
    "[[",
    "]]",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'''",
    "\"\"\"",
    "=",
    ",",
    "#",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{feff}",
    "name",
    "kind",
    "in",
    "of",
    "tag",
    "driver",
    "address",
    "causes",
    "desc",
    "delayed",
    "true",
    "-1",
    "0",
    "1e999",
    "-1e-999",
    "nan",
    "-inf",
    "9223372036854775807",
    "99999999999999999999",
    "0x7fffffffffffffff",
    "1979-05-27T07:32:00Z",
    "\"TT-1.PV\"",
    "\"fast/TT-1.PV\"",
    "\"PID\"",
    "\"INTERLOCK\"",
    "\"°C\"",
    "\\u0000",
    "\\",
    "温",
    "a.b.c.d",
    "\"\"",
    ".",
];

/// Damages a text: bytes, lines, words, keys.
pub fn text(random: &mut Random, text: &mut String) {
    for _ in 0..=random.below(3) {
        match random.below(6) {
            0 => {
                let mut raw = std::mem::take(text).into_bytes();
                bytes(random, &mut raw);
                *text = String::from_utf8_lossy(&raw).into_owned();
            }
            1 => {
                let word = WORDS[random.below(WORDS.len() as u64) as usize];
                let at = boundary(text, random.below(text.len() as u64 + 1) as usize);
                text.insert_str(at, word);
            }
            2 => {
                let word = WORDS[random.below(WORDS.len() as u64) as usize];
                let other = WORDS[random.below(WORDS.len() as u64) as usize];
                *text = text.replacen(word, other, 1 + random.below(3) as usize);
            }
            kind => {
                let mut lines: Vec<&str> = text.lines().collect();
                if lines.is_empty() {
                    continue;
                }
                let count = lines.len() as u64;
                let (a, b) = (random.below(count) as usize, random.below(count) as usize);
                match kind {
                    3 => lines.swap(a, b),
                    4 => lines.insert(a, lines[b]),
                    _ => {
                        lines.remove(a);
                    }
                }
                *text = lines.join("\n");
            }
        }
    }
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
