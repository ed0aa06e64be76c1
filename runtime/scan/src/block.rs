//! What a block is, and how kinds of blocks are known by name.

use crate::bank::{Bank, bank_of};
use crate::clock::Scan;
use crate::image::Image;
use crate::state::{StateMismatch, StateReader, StateWriter};
use crate::wiring::Wiring;
use std::collections::BTreeMap;

/// The three stages of a scan, in their order. Protection speaks last, and it
/// alone may write physical outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Raw signals become measurements with quality.
    Condition,
    /// Measurements become demands.
    Logic,
    /// Votes, permissives and interlocks turn demands into commands.
    Protect,
}

impl Stage {
    /// All stages in execution order.
    pub const ALL: [Stage; 3] = [Stage::Condition, Stage::Logic, Stage::Protect];

    /// The word of plant text.
    pub const fn word(self) -> &'static str {
        match self {
            Stage::Condition => "condition",
            Stage::Logic => "logic",
            Stage::Protect => "protect",
        }
    }

    /// The stage for a word of plant text.
    pub fn from_word(word: &str) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.word() == word)
    }
}

/// How a program begins to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Without memory: initial values, every trip latched.
    Cold,
    /// With the state of a recent snapshot; every trip latched all the same.
    Warm,
}

/// One step of control logic.
///
/// A block knows no clock but the [`Scan`] given to it and no memory but itself
/// and the image. `step` must not allocate, lock, block or panic; an error inside
/// the scan is a quality.
pub trait Block: Send {
    /// Runs once a scan of its task.
    fn step(&mut self, scan: &Scan, image: &mut Image);

    /// Writes all state that is not in the image. Always the same number of words.
    fn save(&self, _state: &mut StateWriter<'_>) {}

    /// Takes back what [`Block::save`] wrote.
    ///
    /// # Errors
    /// [`StateMismatch`] if the words do not fit this block.
    fn restore(&mut self, _state: &mut StateReader<'_>) -> Result<(), StateMismatch> {
        Ok(())
    }

    /// Called once before the first scan after a start, after any restore; not on
    /// an online change. Protective blocks latch here.
    fn start(&mut self, _start: Start) {}

    /// Whether the block holds a latched trip now. Such a block may not be changed
    /// or removed while the plant runs.
    fn is_tripped(&self) -> bool {
        false
    }
}

/// A kind of block as plant text names it.
pub trait BlockKind: Block + Sized + 'static {
    /// As written in plant text: `kind = "PID"`.
    const NAME: &'static str;
    /// The stage it runs in unless the text says otherwise.
    const STAGE: Stage;
    /// Whether plant text must say why such a block is there (`reason = "…"`).
    const NEEDS_REASON: bool = false;
    /// The only place where names meet slots. Called twice by the linker, which
    /// sorts between the calls: it must ask for the same pins each time and keep
    /// nothing between calls. What is wrong is noted in `wiring`, and the block
    /// returned is then thrown away.
    fn wire(wiring: &mut Wiring<'_>) -> Self;
}

/// A kind in the registry.
#[derive(Clone, Copy)]
pub struct KindEntry {
    /// Name in plant text.
    pub name: &'static str,
    /// Default stage.
    pub stage: Stage,
    /// Whether the text must give a reason.
    pub needs_reason: bool,
    /// [`BlockKind::wire`], to hear what the block asks for.
    pub(crate) ask: fn(&mut Wiring<'_>),
    /// Room for so many blocks of this kind.
    pub(crate) bank: fn(usize) -> Box<dyn Bank>,
}

/// The kinds of blocks that plant text may use, by name.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, KindEntry>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a kind.
    ///
    /// # Panics
    /// If two kinds have one name: a mistake of the program, not of its user.
    pub fn register<K: BlockKind>(&mut self) -> &mut Registry {
        let entry = KindEntry {
            name: K::NAME,
            stage: K::STAGE,
            needs_reason: K::NEEDS_REASON,
            ask: |wiring| drop(K::wire(wiring)),
            bank: bank_of::<K>,
        };
        let before = self.kinds.insert(K::NAME, entry);
        assert!(before.is_none(), "two kinds of block named {}", K::NAME);
        self
    }

    /// The kind of this name.
    pub fn get(&self, name: &str) -> Option<KindEntry> {
        self.kinds.get(name).copied()
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.kinds.keys().copied()
    }
}
