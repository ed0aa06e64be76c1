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
    /// Low 32 bits of the scan in which the tag was last refreshed, then 16 bits of
    /// quality, then 16 of marks: one word, so that a write is two stores.
    tail: u64,
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
        tail: (Quality::NOT_WRITTEN.bits() as u64) << 32,
    };

    const fn stamp(&self) -> u32 {
        self.tail as u32
    }

    const fn marks(&self) -> u16 {
        (self.tail >> 48) as u16
    }

    #[inline]
    fn trusted_quality(&self) -> Quality {
        Quality::from_trusted((self.tail >> 32) as u16)
    }

    #[inline]
    const fn set_stamp(&mut self, stamp: u32) {
        self.tail = self.tail & !0xffff_ffff | stamp as u64;
    }

    #[inline]
    const fn set_quality(&mut self, quality: Quality) {
        self.tail = self.tail & !(0xffff << 32) | (quality.bits() as u64) << 32;
    }

    const fn mark(&mut self, marks: u16) {
        self.tail |= (marks as u64) << 48;
    }

    const fn unmark(&mut self, marks: u16) {
        self.tail &= !((marks as u64) << 48);
    }

    /// The quality; a forced value says so.
    pub fn quality(&self) -> Quality {
        Quality::from_bits((self.tail >> 32) as u16)
    }

    /// Whether a person holds this value.
    #[inline]
    pub const fn is_forced(&self) -> bool {
        self.marks() & Self::FORCED != 0
    }

    #[inline]
    const fn is_requested(&self) -> bool {
        self.marks() & Self::REQUESTED != 0
    }

    /// A write of which the value is not taken.
    #[cold]
    #[inline(never)]
    fn withhold(&mut self, quality: Quality, now: u32) {
        if !self.is_forced() {
            self.set_quality(quality.worst(Quality::NOT_FINITE));
        }
        self.set_stamp(now);
    }

    /// Whether the tag can hold these bits: a real never holds NaN or an infinity.
    #[inline]
    const fn is_storable(&self, bits: u64) -> bool {
        self.marks() & Self::REAL == 0 || f64::from_bits(bits).is_finite()
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
    /// Cells from here on are changed from outside only: tunings and requests.
    still_from: usize,
    /// Changes from outside other than frames of sources.
    interventions: u64,
    /// Fingerprint of the still cells after so many interventions.
    still_digest: (u64, u64),
}

/// Ages are told up to this many scans; beyond, "at least this old".
pub const AGE_SCANS_MAX: u32 = 1 << 30;

impl Image {
    /// An image of so many cells, of which those from `still_from` on are written
    /// from outside only.
    pub(crate) fn new(cells: usize, still_from: usize) -> Image {
        assert!(cells <= limits::CELLS_MAX && still_from <= cells);
        Image {
            cells: vec![Cell::NEVER; cells].into_boxed_slice(),
            requests: Vec::with_capacity(limits::COMMANDS_PER_SCAN_MAX),
            now: 0,
            swept: 0,
            still_from,
            interventions: 0,
            still_digest: (u64::MAX, 0),
        }
    }

    /// The value and quality at a pin.
    #[inline]
    pub fn get<T: Signal>(&self, pin: Input<T>) -> Reading<T> {
        let cell = &self.cells[pin.slot as usize];
        Reading::new(T::from_bits(cell.bits), cell.trusted_quality())
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
            .wrapping_sub(self.cells[pin.slot as usize].stamp())
            .min(AGE_SCANS_MAX)
    }

    /// What this output holds: what the block wrote last, or the initial value.
    #[inline]
    pub fn held<T: Signal>(&self, pin: &Output<T>) -> Reading<T> {
        let cell = &self.cells[pin.slot as usize];
        Reading::new(T::from_bits(cell.bits), cell.trusted_quality())
    }

    /// Writes an output. A value that is not finite is not stored: the last value
    /// stays, with quality not-finite. A forced tag keeps its forced value.
    #[inline]
    pub fn set<T: Signal>(&mut self, pin: &Output<T>, reading: Reading<T>) {
        let now = self.now;
        let cell = &mut self.cells[pin.slot as usize];
        const MARKS: u64 = 0xffff << 48;
        if cell.is_forced() || !reading.value.is_storable() {
            return cell.withhold(reading.quality, now);
        }
        cell.bits = reading.value.to_bits();
        cell.tail = cell.tail & MARKS | u64::from(reading.quality.bits()) << 32 | u64::from(now);
    }

    /// Writes a good value.
    #[inline]
    pub fn put<T: Signal>(&mut self, pin: &Output<T>, value: T) {
        self.set(pin, Reading::good(value));
    }

    /// The value asked for by a person or a client in this scan, if any.
    #[inline]
    pub fn requested<T: Signal>(&self, pin: &Request<T>) -> Option<T> {
        if self.requests.is_empty() {
            return None;
        }
        let cell = &self.cells[pin.slot as usize];
        cell.is_requested().then(|| T::from_bits(cell.bits))
    }

    /// Counts what enters from outside other than frames of sources: commands,
    /// requests and their end, forces, restored and transferred state. While it
    /// stands still, a block finds its outputs as it left them, and tunings as they
    /// were.
    #[inline]
    pub const fn interventions(&self) -> u64 {
        self.interventions
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
    /// Eight independent multiply-rotate lanes over the cells, folded at the end;
    /// not cryptographic: it finds differences, it does not prove integrity.
    pub fn digest(&self) -> u64 {
        let (live, still) = self.cells.split_at(self.still_from);
        join(fingerprint(live), fingerprint(still))
    }

    /// As [`Image::digest`]; cells that are written from outside only are looked at
    /// when something has come from outside.
    pub(crate) fn digest_of_scan(&mut self) -> u64 {
        let (live, still) = self.cells.split_at(self.still_from);
        if self.still_digest.0 != self.interventions {
            self.still_digest = (self.interventions, fingerprint(still));
        }
        join(fingerprint(live), self.still_digest.1)
    }

    /// The first slot in which two images of one layout differ.
    pub fn first_difference(&self, other: &Image) -> Option<usize> {
        self.cells
            .iter()
            .zip(other.cells.iter())
            .position(|(a, b)| (a.bits, a.tail >> 32) != (b.bits, b.tail >> 32))
    }

    // --- for the door, the program and the transfer of this crate only ---

    /// Starts a scan: requests of the last one end here, and a few cells are
    /// swept so that no age ever wraps round to young.
    pub(crate) fn begin(&mut self, index: u64) {
        self.interventions += self.requests.len() as u64;
        for slot in self.requests.drain(..) {
            self.cells[slot as usize].unmark(Cell::REQUESTED);
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
            if self.now.wrapping_sub(cell.stamp()) > AGE_SCANS_MAX {
                cell.set_stamp(self.now.wrapping_sub(AGE_SCANS_MAX));
            }
        }
        self.swept = to;
    }

    pub(crate) fn mark_real(&mut self, slot: u32) {
        self.interventions += 1;
        self.cells[slot as usize].mark(Cell::REAL);
    }

    /// A value from outside.
    pub(crate) fn admit(&mut self, slot: u32, bits: u64, quality: Quality) {
        self.interventions += 1;
        self.sample(slot, bits, quality);
    }

    /// A value of a source: the one thing from outside that is no intervention.
    pub(crate) fn sample(&mut self, slot: u32, bits: u64, quality: Quality) {
        let now = self.now;
        let cell = &mut self.cells[slot as usize];
        if !cell.is_forced() {
            if cell.is_storable(bits) {
                cell.bits = bits;
                cell.set_quality(quality);
            } else {
                cell.set_quality(quality.worst(Quality::NOT_FINITE));
            }
        }
        cell.set_stamp(now);
    }

    /// A command; one that is no number is none.
    pub(crate) fn write(&mut self, slot: u32, bits: u64) {
        if self.cells[slot as usize].is_storable(bits) {
            self.admit(slot, bits, Quality::GOOD);
        }
    }

    pub(crate) fn refresh(&mut self, slot: u32) {
        let now = self.now;
        self.cells[slot as usize].set_stamp(now);
    }

    pub(crate) fn request(&mut self, slot: u32, bits: u64) {
        let now = self.now;
        let cell = &mut self.cells[slot as usize];
        if !cell.is_storable(bits) {
            return;
        }
        self.interventions += 1;
        cell.bits = bits;
        cell.set_stamp(now);
        if !cell.is_requested() && self.requests.len() < self.requests.capacity() {
            cell.mark(Cell::REQUESTED);
            self.requests.push(slot);
        }
    }

    pub(crate) fn force(&mut self, slot: u32, bits: u64) {
        let now = self.now;
        let cell = &mut self.cells[slot as usize];
        if !cell.is_storable(bits) {
            return;
        }
        self.interventions += 1;
        cell.bits = bits;
        cell.set_quality(Quality::GOOD.with(Quality::FORCED));
        cell.mark(Cell::FORCED);
        cell.set_stamp(now);
    }

    pub(crate) fn unforce(&mut self, slot: u32) {
        self.interventions += 1;
        let cell = &mut self.cells[slot as usize];
        cell.unmark(Cell::FORCED);
        cell.set_quality(cell.quality().without(Quality::FORCED));
    }

    pub(crate) fn copy_cell(&mut self, from: u32, to: u32) {
        let from = self.cells[from as usize];
        let cell = &mut self.cells[to as usize];
        cell.bits = from.bits;
        cell.set_quality(from.trusted_quality());
        cell.set_stamp(from.stamp());
    }

    pub(crate) fn adopt_cell(&mut self, to: u32, other: &Image, from: u32) {
        self.interventions += 1;
        let cell = &mut self.cells[to as usize];
        let real = cell.marks() & Cell::REAL;
        *cell = other.cells[from as usize];
        cell.unmark(!Cell::FORCED);
        cell.mark(real);
    }

    pub(crate) fn adopt_now(&mut self, other: &Image) {
        self.now = other.now;
    }

    /// Two words a cell, for state snapshots. Requests end with their scan and are
    /// no state.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.cells.iter().flat_map(|cell| {
            let marks = u64::from(cell.marks() & Cell::FORCED);
            let quality = u64::from(cell.trusted_quality().bits());
            let stamp = u64::from(cell.stamp());
            [cell.bits, stamp << 32 | quality << 16 | marks]
        })
    }

    pub(crate) fn set_words(&mut self, slot: usize, bits: u64, tail: u64) {
        self.interventions += 1;
        let cell = &mut self.cells[slot];
        let quality = Quality::from_bits((tail >> 16) as u16);
        cell.set_stamp((tail >> 32) as u32);
        cell.unmark(!Cell::REAL);
        cell.mark(tail as u16 & Cell::FORCED);
        if cell.is_storable(bits) {
            cell.bits = bits;
            cell.set_quality(quality);
        } else {
            cell.set_quality(quality.worst(Quality::NOT_FINITE));
        }
    }

    pub(crate) const fn now(&self) -> u32 {
        self.now
    }

    pub(crate) fn set_now(&mut self, now: u32) {
        self.now = now;
    }
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Values, qualities and marks of these cells.
fn fingerprint(cells: &[Cell]) -> u64 {
    const LANES: usize = 8;
    let mix = |lane: &mut u64, cell: &Cell| {
        let tail = cell.tail >> 32;
        *lane = (*lane ^ cell.bits).wrapping_mul(MULTIPLIER).rotate_left(29) ^ tail;
    };
    let mut lanes: [u64; LANES] = core::array::from_fn(|lane| lane as u64 + 1);
    let (rows, rest) = cells.as_chunks::<LANES>();
    for row in rows {
        for (lane, cell) in lanes.iter_mut().zip(row) {
            mix(lane, cell);
        }
    }
    for cell in rest {
        mix(&mut lanes[0], cell);
    }
    lanes.into_iter().fold(cells.len() as u64, join)
}

fn join(sum: u64, part: u64) -> u64 {
    (sum ^ part ^ (part >> 31))
        .wrapping_mul(MULTIPLIER)
        .rotate_left(31)
}
