//! Blocks of one kind, side by side in memory.
//!
//! A scan touches every block once, in order. Boxes scattered over the heap would
//! cost a miss of cache and of address translation each; rows do not. A run of one
//! kind is stepped without a virtual call a block.

use crate::block::{Block, BlockKind};
use crate::clock::Scan;
use crate::image::Image;
use crate::wiring::Wiring;
use core::ops::Range;

/// A row of blocks of one kind, in execution order.
pub trait Bank: Send {
    /// Wires one more block at the end.
    fn wire(&mut self, wiring: &mut Wiring<'_>);
    /// Runs these blocks, one after the other.
    fn step(&mut self, blocks: Range<usize>, scan: &Scan, image: &mut Image);
    /// One of the blocks.
    fn get(&self, index: usize) -> Option<&dyn Block>;
    /// One of the blocks.
    fn get_mut(&mut self, index: usize) -> Option<&mut dyn Block>;
}

struct Row<K>(Vec<K>);

impl<K: BlockKind> Bank for Row<K> {
    fn wire(&mut self, wiring: &mut Wiring<'_>) {
        self.0.push(K::wire(wiring));
    }

    fn step(&mut self, blocks: Range<usize>, scan: &Scan, image: &mut Image) {
        for block in &mut self.0[blocks] {
            block.step(scan, image);
        }
    }

    fn get(&self, index: usize) -> Option<&dyn Block> {
        self.0.get(index).map(|block| block as &dyn Block)
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut dyn Block> {
        self.0.get_mut(index).map(|block| block as &mut dyn Block)
    }
}

/// An empty bank for so many blocks of this kind.
pub(crate) fn bank_of<K: BlockKind>(blocks: usize) -> Box<dyn Bank> {
    Box::new(Row::<K>(Vec::with_capacity(blocks)))
}

/// Neighbours in execution order that are of one kind.
struct Run {
    bank: usize,
    blocks: Range<usize>,
}

/// The blocks of one stage.
#[derive(Default)]
pub(crate) struct Sequence {
    banks: Box<[Box<dyn Bank>]>,
    runs: Box<[Run]>,
    /// Bank and place there of each block, in execution order.
    places: Box<[(u32, u32)]>,
}

impl Sequence {
    /// Takes banks whose blocks run in the order of `kinds`, each an index of a bank.
    pub fn new(banks: Vec<Box<dyn Bank>>, kinds: &[usize]) -> Sequence {
        let mut used = vec![0; banks.len()];
        let mut runs: Vec<Run> = Vec::new();
        let mut places = Vec::with_capacity(kinds.len());
        for &bank in kinds {
            let place = used[bank];
            used[bank] += 1;
            places.push((bank as u32, place as u32));
            match runs.last_mut() {
                Some(run) if run.bank == bank => run.blocks.end = used[bank],
                _ => runs.push(Run {
                    bank,
                    blocks: place..place + 1,
                }),
            }
        }
        Sequence {
            banks: banks.into_boxed_slice(),
            runs: runs.into_boxed_slice(),
            places: places.into_boxed_slice(),
        }
    }

    /// Runs every block.
    pub fn step(&mut self, scan: &Scan, image: &mut Image) {
        for run in &self.runs {
            self.banks[run.bank].step(run.blocks.clone(), scan, image);
        }
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The block at this place of the execution order.
    pub fn get(&self, index: usize) -> Option<&dyn Block> {
        let (bank, place) = *self.places.get(index)?;
        self.banks[bank as usize].get(place as usize)
    }

    /// The block at this place of the execution order.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut dyn Block> {
        let (bank, place) = *self.places.get(index)?;
        self.banks[bank as usize].get_mut(place as usize)
    }
}
