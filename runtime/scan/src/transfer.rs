//! Online change: carrying a running program's state into a new one, bumpless
//! for every tag and block that kept its name and kind.
//!
//! The plan is made off the scan thread. The scan thread only moves words, in
//! bounded time and without allocation, between two scans.

use crate::link::{BlockEntry, Linked, TagOrigin};
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
        let changed: BTreeSet<&str> = old
            .blocks
            .iter()
            .filter(|block| {
                place.get(block.name.as_str()).is_none_or(|(_, now)| {
                    now.kind != block.kind || now.config != block.config || now.stage != block.stage
                })
            })
            .map(|block| block.name.as_str())
            .collect();
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
            } else if changed.contains(name) {
                touched.push((at as u32, format!("alters {name}")));
            } else if let Some(cause) = upstream(old, block, &changed) {
                touched.push((at as u32, format!("alters {cause}, which feeds it")));
            } else if let Some((_, now)) = now
                && now.reads != block.reads
            {
                touched.push((at as u32, "rewires its inputs".to_string()));
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
        }
    }

    /// Blocks whose state is carried over.
    pub fn carried(&self) -> usize {
        self.blocks.len()
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

    /// Whether some touched block holds a trip, without words: for the scan thread.
    fn is_barred(&self, old: &Program) -> bool {
        let mut touched = self.touched.iter().peekable();
        old.blocks().enumerate().any(|(at, block)| {
            touched
                .next_if(|(touched, _)| *touched as usize == at)
                .is_some()
                && block.is_tripped()
        })
    }

    /// Moves the state of `old` into `new`. False, with `new` not fit to run, if a
    /// touched block holds a trip or a state does not fit. Never allocates.
    pub fn carry(&mut self, old: &Program, new: &mut Program) -> bool {
        !self.is_barred(old) && self.carry_freely(old, new)
    }

    /// As [`TransferPlan::carry`], whatever is tripped: for comparisons on a desk,
    /// where nothing real hangs on the result.
    pub fn carry_freely(&mut self, old: &Program, new: &mut Program) -> bool {
        new.image.adopt_now(&old.image);
        for &(from, to) in &self.cells {
            new.image.adopt_cell(to, &old.image, from);
        }
        for &(from, to) in &self.blocks {
            let words = old.state_words[from as usize] as usize;
            if words != new.state_words[to as usize] as usize {
                return false;
            }
            let memory = &mut self.scratch[..words];
            let Some(block) = nth(&old.stages, from as usize) else {
                return false;
            };
            block.save(&mut StateWriter::new(memory));
            let Some(block) = nth_mut(&mut new.stages, to as usize) else {
                return false;
            };
            if block.restore(&mut StateReader::new(memory)).is_err() {
                return false;
            }
        }
        true
    }

    /// Tries the whole transfer on throw-away memory, with words for every refusal.
    ///
    /// # Errors
    /// The first reason why the change may not be made.
    pub fn rehearse(&mut self, old: &Program, new: &mut Program) -> Result<(), TransferRefusal> {
        if let Some(refusal) = self.tripped(old) {
            return Err(refusal);
        }
        for &(from, to) in &self.blocks {
            let (wanted, present) = (
                new.state_words[to as usize] as usize,
                old.state_words[from as usize] as usize,
            );
            if wanted != present {
                return Err(TransferRefusal::State {
                    block: self.names[from as usize].clone(),
                    mismatch: StateMismatch { wanted, present },
                });
            }
        }
        self.carry(old, new);
        Ok(())
    }
}

type Stages = [Box<[Box<dyn crate::block::Block>]>; 3];

fn nth(stages: &Stages, mut at: usize) -> Option<&dyn crate::block::Block> {
    for stage in stages {
        if at < stage.len() {
            return Some(&*stage[at]);
        }
        at -= stage.len();
    }
    None
}

fn nth_mut(stages: &mut Stages, mut at: usize) -> Option<&mut Box<dyn crate::block::Block>> {
    for stage in stages {
        if at < stage.len() {
            return Some(&mut stage[at]);
        }
        at -= stage.len();
    }
    None
}

/// A changed block of the protect stage that feeds `block` within one scan, near or far.
fn upstream(old: &Linked, block: &BlockEntry, changed: &BTreeSet<&str>) -> Option<String> {
    let by_name: BTreeMap<&str, &BlockEntry> = old
        .blocks
        .iter()
        .map(|entry| (entry.name.as_str(), entry))
        .collect();
    let mut waiting: Vec<&str> = block.reads.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) {
            continue;
        }
        if changed.contains(name) {
            return Some(name.to_string());
        }
        if let Some(entry) = by_name.get(name) {
            waiting.extend(entry.reads.iter().map(String::as_str));
        }
    }
    None
}
