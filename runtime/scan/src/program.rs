//! A linked program: image and blocks in execution order.

use crate::bank::Sequence;
use crate::block::{Block, Stage, Start};
use crate::clock::Scan;
use crate::door::{NoWitness, Witness};
use crate::image::Image;
use crate::state::{StateMismatch, StateReader, StateWriter};

/// What one task runs. Made by [`crate::link::link`] only.
pub struct Program {
    /// All tags.
    pub image: Image,
    /// Slots of each source's tags, in the order of its points.
    pub(crate) sources: Box<[Box<[u32]>]>,
    /// Delayed copies: from the writer's slot to the copy's slot.
    pub(crate) delays: Box<[(u32, u32)]>,
    /// Blocks of the three stages, each in execution order.
    pub(crate) stages: [Sequence; 3],
    /// Words of state of each block, in execution order.
    pub(crate) state_words: Box<[u32]>,
}

impl Program {
    /// A program without tags and blocks: what stands in the place of another one
    /// for a moment.
    pub fn empty() -> Program {
        Program {
            image: Image::new(0, 0),
            sources: Box::new([]),
            delays: Box::new([]),
            stages: Default::default(),
            state_words: Box::new([]),
        }
    }

    /// Begins a scan: delayed copies take last scan's values, requests end.
    pub(crate) fn begin(&mut self, scan: &Scan) {
        self.image.begin(scan.index.0);
        for &(from, to) in &self.delays {
            self.image.copy_cell(from, to);
        }
    }

    /// Runs the three stages.
    pub(crate) fn run<W: Witness>(&mut self, scan: &Scan, witness: &mut W) {
        for (part, stage) in self.stages.iter_mut().enumerate() {
            stage.step(scan, &mut self.image);
            witness.mark(part + 1);
        }
    }

    /// Tells every block how the program starts. Once, before the first scan.
    pub fn start(&mut self, start: Start) {
        for index in 0..self.state_words.len() {
            if let Some(block) = self.block_mut(index) {
                block.start(start);
            }
        }
    }

    /// Low 32 bits of the number of the scan that the image shows.
    pub const fn image_scan(&self) -> u64 {
        self.image.now() as u64
    }

    /// Number of blocks in a stage.
    pub fn blocks_in(&self, stage: Stage) -> usize {
        self.stages[stage as usize].len()
    }

    /// All blocks in execution order.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &dyn Block> {
        self.stages
            .iter()
            .flat_map(|stage| (0..stage.len()).filter_map(|index| stage.get(index)))
    }

    /// A block by its place in the execution order.
    pub(crate) fn block(&self, mut index: usize) -> Option<&dyn Block> {
        for stage in &self.stages {
            if index < stage.len() {
                return stage.get(index);
            }
            index -= stage.len();
        }
        None
    }

    /// A block by its place in the execution order.
    pub(crate) fn block_mut(&mut self, mut index: usize) -> Option<&mut dyn Block> {
        for stage in &mut self.stages {
            if index < stage.len() {
                return stage.get_mut(index);
            }
            index -= stage.len();
        }
        None
    }

    /// Words needed by [`Program::save`].
    pub fn state_len(&self) -> usize {
        1 + 2 * self.image.cells().len()
            + self.state_words.len()
            + self
                .state_words
                .iter()
                .map(|words| *words as usize)
                .sum::<usize>()
    }

    /// Writes image and block states into `words`; never allocates.
    ///
    /// # Errors
    /// [`StateMismatch`] if `words` is not of [`Program::state_len`].
    pub fn save(&self, words: &mut [u64]) -> Result<(), StateMismatch> {
        let wanted = self.state_len();
        if words.len() != wanted {
            return Err(StateMismatch {
                wanted,
                present: words.len(),
            });
        }
        words[0] = u64::from(self.image.now());
        let mut at = 1;
        for word in self.image.words() {
            words[at] = word;
            at += 1;
        }
        for (block, count) in self.blocks().zip(&self.state_words) {
            words[at] = u64::from(*count);
            at += 1;
            let end = at + *count as usize;
            block.save(&mut StateWriter::new(&mut words[at..end]));
            at = end;
        }
        Ok(())
    }

    /// Plays the scan that comes next of `lead`, of which this is a twin, with what came
    /// in last; twice, once as after a change from outside and once as in a steady run.
    /// What comes of it is thrown away: it brings the code and the state of a scan into
    /// the processor's caches just before the scan itself. Never allocates; `words` are
    /// memory of [`Program::state_len`].
    ///
    /// # Errors
    /// [`StateMismatch`] if this is no twin of `lead` or `words` are of another length.
    pub fn rehearse(
        &mut self,
        lead: &Program,
        words: &mut [u64],
        scan: &Scan,
    ) -> Result<u64, StateMismatch> {
        lead.save(words)?;
        self.restore(words)?;
        for _ in 0..2 {
            self.begin(scan);
            self.run(scan, &mut NoWitness);
        }
        Ok(self.image.digest_of_scan())
    }

    /// Takes back what [`Program::save`] of an identical program wrote; never allocates.
    ///
    /// # Errors
    /// [`StateMismatch`]; the program must then be thrown away, since it may be
    /// partly restored.
    pub fn restore(&mut self, words: &[u64]) -> Result<(), StateMismatch> {
        let wanted = self.state_len();
        let mismatch = StateMismatch {
            wanted,
            present: words.len(),
        };
        if words.len() != wanted {
            return Err(mismatch);
        }
        self.image.set_now(words[0] as u32);
        let cells = self.image.cells().len();
        for slot in 0..cells {
            self.image
                .set_words(slot, words[1 + 2 * slot], words[2 + 2 * slot]);
        }
        let mut at = 1 + 2 * cells;
        for index in 0..self.state_words.len() {
            let count = self.state_words[index];
            if words[at] != u64::from(count) {
                return Err(mismatch);
            }
            let block = self.block_mut(index).ok_or(mismatch)?;
            at += 1;
            let end = at + count as usize;
            let mut reader = StateReader::new(&words[at..end]);
            block.restore(&mut reader)?;
            reader.finish()?;
            at = end;
        }
        Ok(())
    }

    /// As [`Program::restore`], as if the state had been taken after scan `index`: what
    /// is in it is as old as it was. Never allocates.
    ///
    /// # Errors
    /// As [`Program::restore`].
    pub fn restore_at(&mut self, words: &[u64], index: u64) -> Result<(), StateMismatch> {
        self.restore(words)?;
        self.image.shift_to(index as u32);
        Ok(())
    }
}
