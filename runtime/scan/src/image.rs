//! The process image: sixteen bytes a tag, one array, no names.

use crate::pins::{Input, Output, Request, Setting};
use signal::{Quality, Reading, Signal, limits};

/// Place of a tag in the image of its task. Minted by the linker only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(crate) u32);

impl Slot {
    /// The index into [`Image::cells`], for readers of snapshots.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One tag: its bits, the scan that last refreshed it, its quality, its marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Cell {
    /// The value's 64 bits; the tag's kind tells how to read them.
    pub bits: u64,
    /// Low 32 bits of the scan in which the tag was last refreshed.
    stamp: u32,
    quality: u16,
    marks: u16,
}

const _: () = assert!(size_of::<Cell>() == 16);

impl Cell {
    /// The value is held by a person; writes are ignored until it is released.
    pub const FORCED: u16 = 1;
    /// A request written by the door for this scan only.
    pub const REQUESTED: u16 = 2;
    /// The tag is real: bits that are no finite number are not stored.
    const REAL: u16 = 4;

    const NEVER: Cell = Cell {
        bits: 0,
        stamp: 0,
        quality: Quality::NOT_WRITTEN.bits(),
        marks: 0,
    };

    /// The quality; a forced value says so.
    pub fn quality(&self) -> Quality {
        Quality::from_bits(self.quality)
    }

    /// Whether a person holds this value.
    pub const fn is_forced(&self) -> bool {
        self.marks & Self::FORCED != 0
    }

    /// Whether the tag can hold these bits: a real never holds NaN or an infinity.
    const fn is_storable(&self, bits: u64) -> bool {
        self.marks & Self::REAL == 0 || f64::from_bits(bits).is_finite()
    }
}

/// All tags of one task at one moment.
#[derive(Clone, Debug)]
pub struct Image {
    cells: Box<[Cell]>,
    /// Slots whose request mark is set in this scan.
    requests: Vec<u32>,
    now: u32,
    /// Where the next sweep of old stamps begins.
    swept: usize,
}

/// Ages are told up to this many scans; beyond, "at least this old".
pub const AGE_SCANS_MAX: u32 = 1 << 30;

impl Image {
    pub(crate) fn new(cells: usize) -> Image {
        assert!(cells <= limits::CELLS_MAX);
        Image {
            cells: vec![Cell::NEVER; cells].into_boxed_slice(),
            requests: Vec::with_capacity(limits::COMMANDS_PER_SCAN_MAX),
            now: 0,
            swept: 0,
        }
    }

    /// The value and quality at a pin.
    #[inline]
    pub fn get<T: Signal>(&self, pin: Input<T>) -> Reading<T> {
        let cell = &self.cells[pin.slot as usize];
        Reading::new(T::from_bits(cell.bits), Quality::from_trusted(cell.quality))
    }

    /// The value at a pin, whatever its quality.
    #[inline]
    pub fn value<T: Signal>(&self, pin: Input<T>) -> T {
        T::from_bits(self.cells[pin.slot as usize].bits)
    }

    /// Scans since the tag at this pin was last refreshed by its writer.
    #[inline]
    pub fn age_scans<T: Signal>(&self, pin: Input<T>) -> u32 {
        self.now
            .wrapping_sub(self.cells[pin.slot as usize].stamp)
            .min(AGE_SCANS_MAX)
    }

    /// What this output holds: what the block wrote last, or the initial value.
    #[inline]
    pub fn held<T: Signal>(&self, pin: &Output<T>) -> Reading<T> {
        let cell = &self.cells[pin.slot as usize];
        Reading::new(T::from_bits(cell.bits), Quality::from_trusted(cell.quality))
    }

    /// Writes an output. A value that is not finite is not stored: the last value
    /// stays, with quality not-finite. A forced tag keeps its forced value.
    #[inline]
    pub fn set<T: Signal>(&mut self, pin: &Output<T>, reading: Reading<T>) {
        let now = self.now;
        let cell = &mut self.cells[pin.slot as usize];
        if cell.marks & Cell::FORCED == 0 {
            if reading.value.is_storable() {
                cell.bits = reading.value.to_bits();
                cell.quality = reading.quality.bits();
            } else {
                cell.quality = reading.quality.worst(Quality::NOT_FINITE).bits();
            }
        }
        cell.stamp = now;
    }

    /// Writes a good value.
    #[inline]
    pub fn put<T: Signal>(&mut self, pin: &Output<T>, value: T) {
        self.set(pin, Reading::good(value));
    }

    /// The value asked for by a person or a client in this scan, if any.
    #[inline]
    pub fn requested<T: Signal>(&self, pin: &Request<T>) -> Option<T> {
        let cell = &self.cells[pin.slot as usize];
        (cell.marks & Cell::REQUESTED != 0).then(|| T::from_bits(cell.bits))
    }

    /// The value of a setting: what was asked for in this scan, else what it holds.
    /// The block decides whether to take it, and writes the setting's output.
    #[inline]
    pub fn wanted<T: Signal>(&self, pin: &Setting<T>) -> T {
        self.requested(&pin.request)
            .unwrap_or_else(|| self.held(&pin.output).value)
    }

    /// Every cell, for snapshots and digests.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell of one tag.
    pub fn cell(&self, slot: Slot) -> &Cell {
        &self.cells[slot.index()]
    }

    /// A fingerprint of all values, qualities and marks, equal on every platform.
    ///
    /// Four independent multiply-rotate lanes over the cells, folded at the end;
    /// not cryptographic: it finds differences, it does not prove integrity.
    pub fn digest(&self) -> u64 {
        const K: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut lanes = [1u64, 2, 3, 4];
        let mix = |lane: &mut u64, cell: &Cell| {
            let tail = u64::from(cell.quality) << 16 | u64::from(cell.marks);
            *lane = (*lane ^ cell.bits).wrapping_mul(K).rotate_left(29) ^ tail;
        };
        let mut quads = self.cells.chunks_exact(4);
        for quad in &mut quads {
            mix(&mut lanes[0], &quad[0]);
            mix(&mut lanes[1], &quad[1]);
            mix(&mut lanes[2], &quad[2]);
            mix(&mut lanes[3], &quad[3]);
        }
        for cell in quads.remainder() {
            mix(&mut lanes[0], cell);
        }
        lanes.iter().fold(self.cells.len() as u64, |sum, lane| {
            (sum ^ lane ^ (lane >> 31)).wrapping_mul(K).rotate_left(31)
        })
    }

    /// The first slot in which two images of one layout differ.
    pub fn first_difference(&self, other: &Image) -> Option<usize> {
        self.cells
            .iter()
            .zip(other.cells.iter())
            .position(|(a, b)| (a.bits, a.quality, a.marks) != (b.bits, b.quality, b.marks))
    }

    // --- for the door, the program and the transfer of this crate only ---

    /// Starts a scan: requests of the last one end here, and a few cells are
    /// swept so that no age ever wraps round to young.
    pub(crate) fn begin(&mut self, index: u64) {
        for slot in self.requests.drain(..) {
            self.cells[slot as usize].marks &= !Cell::REQUESTED;
        }
        self.now = index as u32;
        // A cursor of its own: places taken from the index would leave some cells
        // out for ever if scans were missed at a steady pace.
        const SWEEP: usize = 8;
        let from = if self.swept < self.cells.len() {
            self.swept
        } else {
            0
        };
        let to = (from + SWEEP).min(self.cells.len());
        for cell in &mut self.cells[from..to] {
            if self.now.wrapping_sub(cell.stamp) > AGE_SCANS_MAX {
                cell.stamp = self.now.wrapping_sub(AGE_SCANS_MAX);
            }
        }
        self.swept = to;
    }

    pub(crate) fn mark_real(&mut self, slot: u32) {
        self.cells[slot as usize].marks |= Cell::REAL;
    }

    pub(crate) fn admit(&mut self, slot: u32, bits: u64, quality: Quality) {
        let now = self.now;
        let cell = &mut self.cells[slot as usize];
        if cell.marks & Cell::FORCED == 0 {
            if cell.is_storable(bits) {
                cell.bits = bits;
                cell.quality = quality.bits();
            } else {
                cell.quality = quality.worst(Quality::NOT_FINITE).bits();
            }
        }
        cell.stamp = now;
    }

    /// A command; one that is no number is none.
    pub(crate) fn write(&mut self, slot: u32, bits: u64) {
        if self.cells[slot as usize].is_storable(bits) {
            self.admit(slot, bits, Quality::GOOD);
        }
    }

    pub(crate) fn refresh(&mut self, slot: u32) {
        self.cells[slot as usize].stamp = self.now;
    }

    pub(crate) fn request(&mut self, slot: u32, bits: u64) {
        let now = self.now;
        let cell = &mut self.cells[slot as usize];
        if !cell.is_storable(bits) {
            return;
        }
        cell.bits = bits;
        cell.stamp = now;
        if cell.marks & Cell::REQUESTED == 0 && self.requests.len() < self.requests.capacity() {
            cell.marks |= Cell::REQUESTED;
            self.requests.push(slot);
        }
    }

    pub(crate) fn force(&mut self, slot: u32, bits: u64) {
        let now = self.now;
        let cell = &mut self.cells[slot as usize];
        if !cell.is_storable(bits) {
            return;
        }
        cell.bits = bits;
        cell.quality = Quality::GOOD.with(Quality::FORCED).bits();
        cell.marks |= Cell::FORCED;
        cell.stamp = now;
    }

    pub(crate) fn unforce(&mut self, slot: u32) {
        let cell = &mut self.cells[slot as usize];
        cell.marks &= !Cell::FORCED;
        cell.quality = Quality::from_bits(cell.quality)
            .without(Quality::FORCED)
            .bits();
    }

    pub(crate) fn copy_cell(&mut self, from: u32, to: u32) {
        let (bits, quality, stamp) = {
            let cell = &self.cells[from as usize];
            (cell.bits, cell.quality, cell.stamp)
        };
        let cell = &mut self.cells[to as usize];
        cell.bits = bits;
        cell.quality = quality;
        cell.stamp = stamp;
    }

    pub(crate) fn adopt_cell(&mut self, to: u32, other: &Image, from: u32) {
        let cell = &mut self.cells[to as usize];
        let real = cell.marks & Cell::REAL;
        *cell = other.cells[from as usize];
        cell.marks = cell.marks & Cell::FORCED | real;
    }

    pub(crate) fn adopt_now(&mut self, other: &Image) {
        self.now = other.now;
    }

    /// Two words a cell, for state snapshots. Requests end with their scan and are
    /// no state.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.cells.iter().flat_map(|cell| {
            let marks = u64::from(cell.marks & Cell::FORCED);
            [
                cell.bits,
                u64::from(cell.stamp) << 32 | u64::from(cell.quality) << 16 | marks,
            ]
        })
    }

    pub(crate) fn set_words(&mut self, slot: usize, bits: u64, tail: u64) {
        let cell = &mut self.cells[slot];
        let quality = Quality::from_bits((tail >> 16) as u16);
        cell.stamp = (tail >> 32) as u32;
        cell.marks = cell.marks & Cell::REAL | tail as u16 & Cell::FORCED;
        if cell.is_storable(bits) {
            cell.bits = bits;
            cell.quality = quality.bits();
        } else {
            cell.quality = quality.worst(Quality::NOT_FINITE).bits();
        }
    }

    pub(crate) const fn now(&self) -> u32 {
        self.now
    }

    pub(crate) fn set_now(&mut self, now: u32) {
        self.now = now;
    }
}
