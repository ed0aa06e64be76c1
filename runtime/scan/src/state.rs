//! State of blocks as plain words: for warm start, online change and standby.

use core::fmt;

/// Takes the words of a block's state. Writes into memory given to it, never
/// allocates; with no memory it only counts.
#[derive(Debug)]
pub struct StateWriter<'a> {
    words: &'a mut [u64],
    at: usize,
}

impl<'a> StateWriter<'a> {
    /// Writes from the start of `words`.
    pub fn new(words: &'a mut [u64]) -> Self {
        StateWriter { words, at: 0 }
    }

    /// One word.
    pub fn word(&mut self, word: u64) {
        if let Some(place) = self.words.get_mut(self.at) {
            *place = word;
        }
        self.at += 1;
    }

    /// A real.
    pub fn real(&mut self, value: f64) {
        self.word(value.to_bits());
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) {
        self.word(u64::from(value));
    }

    /// An integer.
    pub fn int(&mut self, value: i64) {
        self.word(value as u64);
    }

    /// Words written or counted so far.
    pub const fn len(&self) -> usize {
        self.at
    }

    /// Whether nothing was written yet.
    pub const fn is_empty(&self) -> bool {
        self.at == 0
    }
}

/// Gives back the words of a block's state.
#[derive(Debug)]
pub struct StateReader<'a> {
    words: &'a [u64],
    at: usize,
}

/// The words do not fit the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMismatch {
    /// Words that the block asked for.
    pub wanted: usize,
    /// Words that there were.
    pub present: usize,
}

impl fmt::Display for StateMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "saved state has {} words, the block wants {}",
            self.present, self.wanted
        )
    }
}
impl std::error::Error for StateMismatch {}

impl<'a> StateReader<'a> {
    /// Reads from the start of `words`.
    pub const fn new(words: &'a [u64]) -> Self {
        StateReader { words, at: 0 }
    }

    /// One word.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn word(&mut self) -> Result<u64, StateMismatch> {
        let word = self.words.get(self.at).copied().ok_or(StateMismatch {
            wanted: self.at + 1,
            present: self.words.len(),
        })?;
        self.at += 1;
        Ok(word)
    }

    /// A real.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn real(&mut self) -> Result<f64, StateMismatch> {
        self.word().map(f64::from_bits)
    }

    /// A boolean.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn bool(&mut self) -> Result<bool, StateMismatch> {
        self.word().map(|word| word != 0)
    }

    /// An integer.
    ///
    /// # Errors
    /// [`StateMismatch`] at the end of the words.
    pub fn int(&mut self) -> Result<i64, StateMismatch> {
        self.word().map(|word| word as i64)
    }

    /// Every word must have been asked for.
    ///
    /// # Errors
    /// [`StateMismatch`] if some are left.
    pub const fn finish(self) -> Result<(), StateMismatch> {
        if self.at == self.words.len() {
            Ok(())
        } else {
            Err(StateMismatch {
                wanted: self.at,
                present: self.words.len(),
            })
        }
    }
}
