//! Online change: carrying a running program's state into a new one, bumpless
//! for every tag and block that kept its name and kind.
//!
//! The plan is made off the scan thread. The scan thread only moves words, in
//! bounded time and without allocation, between two scans.

use crate::link::{BlockEntry, Giver, Linked, TagOrigin};
use crate::program::Program;
use crate::state::{StateMismatch, StateReader, StateWriter};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

/// Why a change may not be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferRefusal {
    /// The change would alter or remove a block that holds a latched trip.
    Tripped {
        /// The tripped block.
        block: String,
        /// What the change would do to it.
        change: String,
    },
    /// A block of unchanged name and kind cannot take its old state.
    State {
        /// The block.
        block: String,
        /// How it does not fit.
        mismatch: StateMismatch,
    },
}

impl fmt::Display for TransferRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransferRefusal::Tripped { block, change } => write!(
                f,
                "{block} holds a latched trip and the change {change}; reset the trip first"
            ),
            TransferRefusal::State { block, mismatch } => {
                write!(f, "state of {block} cannot be carried over: {mismatch}")
            }
        }
    }
}
impl std::error::Error for TransferRefusal {}

/// How state moves from one linked program to its successor.
#[derive(Debug)]
pub struct TransferPlan {
    /// From old slot to new slot.
    cells: Box<[(u32, u32)]>,
    /// From old block to new block, both in execution order, ascending in the old.
    blocks: Box<[(u32, u32)]>,
    /// Old blocks that the change alters or drops and that must not be tripped.
    touched: Box<[(u32, String)]>,
    names: Box<[String]>,
    scratch: Box<[u64]>,
    /// Index into `touched` of the block that barred the last try.
    barred: Option<usize>,
}

impl TransferPlan {
    /// Compares two programs of one task.
    pub fn new(old: &Linked, new: &Linked) -> TransferPlan {
        let mut cells = Vec::new();
        for (name, from) in &old.tags {
            let Some(to) = new.tags.get(name) else {
                continue;
            };
            if from.kind != to.kind {
                continue;
            }
            let edited = from.origin == TagOrigin::Operator && from.initial != to.initial;
            let source = |origin: &TagOrigin| matches!(origin, TagOrigin::Source(_));
            if edited || source(&from.origin) != source(&to.origin) {
                continue;
            }
            cells.push((from.slot.0, to.slot.0));
        }
        for (name, from) in &old.delayed {
            if let Some(to) = new.delayed.get(name) {
                cells.push((from.0, to.0));
            }
        }
        let place: BTreeMap<&str, (usize, &BlockEntry)> = new
            .blocks
            .iter()
            .enumerate()
            .map(|(at, block)| (block.name.as_str(), (at, block)))
            .collect();
        let mut altered = BTreeSet::new();
        let mut rewired = BTreeSet::new();
        for block in &old.blocks {
            let name = block.name.as_str();
            match place.get(name) {
                Some((_, now)) if now.kind == block.kind && now.config == block.config => {
                    if now.stage != block.stage {
                        altered.insert(name);
                    } else if now.reads != block.reads {
                        rewired.insert(name);
                    }
                }
                _ => {
                    altered.insert(name);
                }
            }
        }
        let fed_by_altered = fed_by(old, &altered);
        let fed_by_rewired = fed_by(old, &rewired);
        let mut blocks = Vec::new();
        let mut touched = Vec::new();
        for (at, block) in old.blocks.iter().enumerate() {
            let name = block.name.as_str();
            let now = place.get(name).filter(|(_, now)| now.kind == block.kind);
            if let Some((to, _)) = now {
                blocks.push((at as u32, *to as u32));
            }
            if now.is_none() {
                touched.push((
                    at as u32,
                    format!("removes {name} or gives it another kind"),
                ));
            } else if altered.contains(name) {
                touched.push((at as u32, format!("alters {name}")));
            } else if let Some(cause) = fed_by_altered.get(name) {
                touched.push((at as u32, format!("alters {cause}, which feeds it")));
            } else if rewired.contains(name) {
                touched.push((at as u32, "rewires its inputs".to_string()));
            } else if let Some(cause) = fed_by_rewired.get(name) {
                touched.push((at as u32, format!("rewires {cause}, which feeds it")));
            }
        }
        let words = old
            .program
            .state_words
            .iter()
            .chain(&new.program.state_words);
        let longest = words.copied().max().unwrap_or(0) as usize;
        TransferPlan {
            cells: cells.into_boxed_slice(),
            blocks: blocks.into_boxed_slice(),
            touched: touched.into_boxed_slice(),
            names: old.blocks.iter().map(|block| block.name.clone()).collect(),
            scratch: vec![0; longest].into_boxed_slice(),
            barred: None,
        }
    }

    /// Blocks whose state is carried over.
    pub fn carried(&self) -> usize {
        self.blocks.len()
    }

    /// Old blocks that the change alters, feeds otherwise or drops, and what it does to
    /// each: none of them may hold a trip.
    pub fn touched(&self) -> impl Iterator<Item = (&str, &str)> {
        let touched = self.touched.iter();
        touched.map(|(at, change)| (self.names[*at as usize].as_str(), change.as_str()))
    }

    /// Whether some touched block holds a trip: the first such block and why.
    pub fn tripped(&self, old: &Program) -> Option<TransferRefusal> {
        let mut touched = self.touched.iter().peekable();
        for (at, block) in old.blocks().enumerate() {
            if let Some((_, change)) = touched.next_if(|(touched, _)| *touched as usize == at)
                && block.is_tripped()
            {
                return Some(TransferRefusal::Tripped {
                    block: self.names[at].clone(),
                    change: change.clone(),
                });
            }
        }
        None
    }

    /// Why the last [`TransferPlan::carry`] refused, in words.
    pub fn refusal(&self) -> Option<TransferRefusal> {
        let (block, change) = self.touched.get(self.barred?)?;
        Some(TransferRefusal::Tripped {
            block: self.names[*block as usize].clone(),
            change: change.clone(),
        })
    }

    /// The first touched block that holds a trip, without words: for the scan thread.
    fn bar(&self, old: &Program) -> Option<usize> {
        let mut touched = self.touched.iter().enumerate().peekable();
        old.blocks().enumerate().find_map(|(at, block)| {
            let (index, _) = touched.next_if(|(_, (touched, _))| *touched as usize == at)?;
            block.is_tripped().then_some(index)
        })
    }

    /// Moves the state of `old` into `new`. False, with `new` not fit to run, if a
    /// touched block holds a trip or a state does not fit. Never allocates.
    pub fn carry(&mut self, old: &Program, new: &mut Program) -> bool {
        self.barred = self.bar(old);
        self.barred.is_none() && self.carry_freely(old, new)
    }

    /// As [`TransferPlan::carry`], whatever is tripped: for comparisons on a desk,
    /// where nothing real hangs on the result.
    pub fn carry_freely(&mut self, old: &Program, new: &mut Program) -> bool {
        self.carry_each(old, new).is_ok()
    }

    /// The block whose state does not fit, by its place in `old`, and how.
    fn carry_each(&mut self, old: &Program, new: &mut Program) -> Result<(), (u32, StateMismatch)> {
        new.image.adopt_now(&old.image);
        for &(from, to) in &self.cells {
            new.image.adopt_cell(to, &old.image, from);
        }
        for &(from, to) in &self.blocks {
            let (present, wanted) = (
                old.state_words[from as usize] as usize,
                new.state_words[to as usize] as usize,
            );
            let mismatch = (from, StateMismatch { wanted, present });
            if wanted != present {
                return Err(mismatch);
            }
            let memory = &mut self.scratch[..present];
            old.block(from as usize)
                .ok_or(mismatch)?
                .save(&mut StateWriter::new(memory));
            let block = new.block_mut(to as usize).ok_or(mismatch)?;
            let mut reader = StateReader::new(memory);
            block
                .restore(&mut reader)
                .and_then(|()| reader.finish())
                .map_err(|mismatch| (from, mismatch))?;
        }
        Ok(())
    }

    /// Tries the whole transfer on throw-away memory, with words for every refusal.
    ///
    /// # Errors
    /// The first reason why the change may not be made.
    pub fn rehearse(&mut self, old: &Program, new: &mut Program) -> Result<(), TransferRefusal> {
        if let Some(refusal) = self.tripped(old) {
            return Err(refusal);
        }
        self.carry_each(old, new)
            .map_err(|(block, mismatch)| TransferRefusal::State {
                block: self.names[block as usize].clone(),
                mismatch,
            })
    }
}

/// For every block that one of `changed` feeds within one scan, near or far: which.
fn fed_by<'l>(old: &'l Linked, changed: &BTreeSet<&'l str>) -> BTreeMap<&'l str, &'l str> {
    let mut causes = BTreeMap::new();
    // Givers stand before their readers: one pass in execution order sees it all.
    for block in &old.blocks {
        let cause = block.reads.values().find_map(|giver| match giver {
            Giver::Block(name) => changed
                .get(name.as_str())
                .or_else(|| causes.get(name.as_str()))
                .copied(),
            _ => None,
        });
        if let Some(cause) = cause {
            causes.insert(block.name.as_str(), cause);
        }
    }
    causes
}
