//! The one door through which everything enters the scan, and the witness who
//! writes down what entered.

use crate::clock::Scan;
use crate::image::Image;
use crate::program::Program;
use signal::Quality;

/// One thing that entered the scan. Together with the edition and the initial
/// state, the entries of all scans determine every digest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry {
    /// A source (driver or other task) brought a new frame; its unchanged tags
    /// count as refreshed.
    Frame {
        /// Index of the source.
        source: u16,
    },
    /// A tag of a source changed.
    Field {
        /// The tag.
        slot: u32,
        /// Its new bits.
        bits: u64,
        /// Its new quality.
        quality: Quality,
    },
    /// A command wrote a tag owned by the door (a tuning, a limit, a set-point).
    Write {
        /// The tag.
        slot: u32,
        /// Its new bits.
        bits: u64,
    },
    /// A command asked a block for something.
    Request {
        /// The request's own slot.
        slot: u32,
        /// What is wanted.
        bits: u64,
    },
    /// A person holds a tag at a value.
    Force {
        /// The tag.
        slot: u32,
        /// The held bits.
        bits: u64,
    },
    /// A person releases a tag.
    Unforce {
        /// The tag.
        slot: u32,
    },
}

/// Sees every scan begin, every entry, every stage end, every digest. Must not
/// change anything; must not block.
pub trait Witness {
    /// False: the digest is not formed and [`Witness::end`] is not called.
    const WANTS_DIGEST: bool = true;
    /// A scan begins.
    fn begin(&mut self, _scan: &Scan) {}
    /// Something entered.
    fn entry(&mut self, _entry: &Entry) {}
    /// A part of the scan has ended: 0 inlet, 1–3 the stages, 4 outlet.
    fn mark(&mut self, _part: usize) {}
    /// The scan has ended with this digest.
    fn end(&mut self, _scan: &Scan, _digest: u64) {}
}

/// Nobody looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWitness;
impl Witness for NoWitness {
    const WANTS_DIGEST: bool = false;
}

/// The door of one scan.
pub struct Door<'a, W: Witness> {
    image: &'a mut Image,
    sources: &'a [Box<[u32]>],
    witness: &'a mut W,
}

impl<'a, W: Witness> Door<'a, W> {
    /// The door of this program.
    pub fn new(program: &'a mut Program, witness: &'a mut W) -> Self {
        Door {
            image: &mut program.image,
            sources: &program.sources,
            witness,
        }
    }

    /// A whole new frame of a source, one item a tag, in the order of its points.
    /// Reals that are not finite are stored as not-finite, never as numbers.
    pub fn frame<I>(&mut self, source: u16, cells: I)
    where
        I: IntoIterator<Item = (u64, Quality)>,
    {
        self.witness.entry(&Entry::Frame { source });
        let Some(slots) = self.sources.get(usize::from(source)) else {
            return;
        };
        for (&slot, (bits, quality)) in slots.iter().zip(cells) {
            if self.image.sample(slot, bits, quality) {
                self.witness.entry(&Entry::Field {
                    slot,
                    bits,
                    quality,
                });
            }
        }
    }

    /// Lets one entry in. `Frame` refreshes the tags of its source. A command whose
    /// value is no finite number changes nothing.
    pub fn admit(&mut self, entry: Entry) {
        self.witness.entry(&entry);
        self.apply(entry);
    }

    fn apply(&mut self, entry: Entry) {
        let count = self.image.cells().len() as u32;
        match entry {
            Entry::Frame { source } => {
                if let Some(slots) = self.sources.get(usize::from(source)) {
                    for &slot in slots.iter() {
                        self.image.refresh(slot);
                    }
                }
            }
            Entry::Field {
                slot,
                bits,
                quality,
            } if slot < count => self.image.admit(slot, bits, quality),
            Entry::Write { slot, bits } if slot < count => self.image.write(slot, bits),
            Entry::Request { slot, bits } if slot < count => self.image.request(slot, bits),
            Entry::Force { slot, bits } if slot < count => self.image.force(slot, bits),
            Entry::Unforce { slot } if slot < count => self.image.unforce(slot),
            _ => {}
        }
    }

    /// The image as it is now, for inlets that decide by it.
    pub fn image(&self) -> &Image {
        self.image
    }
}
