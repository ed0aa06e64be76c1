//! The process image: sixteen bytes a tag, one array, no names.

use crate::pins::{Input, OutputPin, Request, Setting};
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
    /// Low 32 bits of the scan in which the tag was last refreshed from outside.
    stamp: u32,
    quality: Quality,
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
    /// A block writes the tag in every scan: it has no age.
    const COMPUTED: u16 = 8;
    /// Marks of the tag itself, not of what happened to it.
    const NATURE: u16 = Self::REAL | Self::COMPUTED;

    const NEVER: Cell = Cell {
        bits: 0,
        stamp: 0,
        quality: Quality::NOT_WRITTEN,
        marks: 0,
    };

    /// The quality; a forced value says so.
    #[inline]
    pub const fn quality(&self) -> Quality {
        self.quality
    }

    /// Whether a person holds this value.
    #[inline]
    pub const fn is_forced(&self) -> bool {
        self.marks & Self::FORCED != 0
    }

    #[inline]
    const fn is_requested(&self) -> bool {
        self.marks & Self::REQUESTED != 0
    }

    /// Whether the tag can hold these bits: a real never holds NaN or an infinity.
    #[inline]
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
    /// Cells from here on seldom change: states, settings, tunings, requests. Their
    /// changes are noted, so that digest and copies pass over the rest.
    quiet_from: usize,
    /// Epoch of the last change in each stretch of quiet cells.
    touched: Box<[u64]>,
    /// Fingerprint of each stretch of quiet cells, and the sum of all.
    prints: Box<[u64]>,
    prints_sum: u64,
    /// Epoch up to which the fingerprints are known.
    digested: u64,
    /// Counts scans; never set back.
    epoch: u64,
    /// Changes from outside other than frames of sources.
    interventions: u64,
}

/// Quiet cells in one stretch.
const STRETCH: usize = 64;

/// Ages are told up to this many scans; beyond, "at least this old".
pub const AGE_SCANS_MAX: u32 = 1 << 30;

impl Image {
    /// An image of so many cells, of which those from `quiet_from` on seldom change.
    pub(crate) fn new(cells: usize, quiet_from: usize) -> Image {
        assert!(cells <= limits::CELLS_MAX && quiet_from <= cells);
        let stretches = (cells - quiet_from).div_ceil(STRETCH);
        Image {
            cells: vec![Cell::NEVER; cells].into_boxed_slice(),
            requests: Vec::with_capacity(limits::COMMANDS_PER_SCAN_MAX),
            now: 0,
            swept: 0,
            quiet_from,
            touched: vec![0; stretches].into_boxed_slice(),
            prints: vec![0; stretches].into_boxed_slice(),
            prints_sum: 0,
            digested: 0,
            epoch: 0,
            interventions: 0,
        }
    }

    /// The value and quality at a pin.
    #[inline]
    pub fn get<T: Signal>(&self, pin: Input<T>) -> Reading<T> {
        let cell = &self.cells[pin.slot as usize];
        Reading::new(T::from_bits(cell.bits), cell.quality)
    }

    /// The value at a pin, whatever its quality.
    #[inline]
    pub fn value<T: Signal>(&self, pin: Input<T>) -> T {
        T::from_bits(self.cells[pin.slot as usize].bits)
    }

    /// Scans since the tag at this pin was last refreshed from outside; 0 for what a
    /// block of this program writes.
    #[inline]
    pub fn age_scans<T: Signal>(&self, pin: Input<T>) -> u32 {
        let cell = &self.cells[pin.slot as usize];
        if cell.marks & Cell::COMPUTED != 0 {
            return 0;
        }
        self.now.wrapping_sub(cell.stamp).min(AGE_SCANS_MAX)
    }

    /// What this output holds: what the block wrote last, or the initial value.
    #[inline]
    pub fn held<T: Signal>(&self, pin: &impl OutputPin<T>) -> Reading<T> {
        let cell = &self.cells[pin.slot() as usize];
        Reading::new(T::from_bits(cell.bits), cell.quality)
    }

    /// Writes an output. A value that is not finite is not stored: the last value
    /// stays, with quality not-finite. A forced tag keeps its forced value.
    #[inline]
    pub fn set<T: Signal, P: OutputPin<T>>(&mut self, pin: &P, reading: Reading<T>) {
        let slot = pin.slot();
        let cell = &mut self.cells[slot as usize];
        if cell.is_forced() || !reading.value.is_storable() {
            return self.withhold(slot, reading.quality);
        }
        let bits = reading.value.to_bits();
        if P::IS_QUIET {
            if cell.bits == bits && cell.quality == reading.quality {
                return;
            }
            cell.bits = bits;
            cell.quality = reading.quality;
            return self.touch(slot);
        }
        cell.bits = bits;
        cell.quality = reading.quality;
    }

    /// A write of which the value is not taken.
    #[cold]
    #[inline(never)]
    fn withhold(&mut self, slot: u32, quality: Quality) {
        let cell = &mut self.cells[slot as usize];
        if !cell.is_forced() {
            cell.quality = quality.worst(Quality::NOT_FINITE);
            self.touch(slot);
        }
    }

    /// Notes that a cell has changed.
    #[inline]
    fn touch(&mut self, slot: u32) {
        if let Some(at) = (slot as usize).checked_sub(self.quiet_from)
            && let Some(touched) = self.touched.get_mut(at / STRETCH)
        {
            *touched = self.epoch;
        }
    }

    /// Writes a good value.
    #[inline]
    pub fn put<T: Signal>(&mut self, pin: &impl OutputPin<T>, value: T) {
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
    /// Eight independent multiply-rotate lanes over the cells, folded at the end; the
    /// quiet cells in stretches, summed. Not cryptographic: it finds differences, it
    /// does not prove integrity.
    pub fn digest(&self) -> u64 {
        let (live, quiet) = self.cells.split_at(self.quiet_from);
        let prints = quiet.chunks(STRETCH).enumerate();
        join(
            fingerprint(live),
            prints.fold(0, |sum: u64, (at, cells)| {
                sum.wrapping_add(print(at, cells))
            }),
        )
    }

    /// As [`Image::digest`]; quiet cells are looked at where something has changed.
    pub(crate) fn digest_of_scan(&mut self) -> u64 {
        let (live, quiet) = self.cells.split_at(self.quiet_from);
        for (at, touched) in self.touched.iter().enumerate() {
            if *touched >= self.digested {
                let print = print(at, stretch(quiet, at));
                let before = core::mem::replace(&mut self.prints[at], print);
                self.prints_sum = self.prints_sum.wrapping_add(print).wrapping_sub(before);
            }
        }
        self.digested = self.epoch;
        join(fingerprint(live), self.prints_sum)
    }

    /// Brings a copy of all cells up to date that was made at epoch `copied`, 0 for a
    /// copy of something else; gives the epoch of the copy. Values, qualities and marks
    /// are then equal; a quiet cell that was only refreshed keeps its older age.
    pub fn copy_to(&self, cells: &mut [Cell], copied: u64) -> u64 {
        let (live, quiet) = self.cells.split_at(self.quiet_from);
        let (live_copy, quiet_copy) = cells.split_at_mut(self.quiet_from);
        live_copy.copy_from_slice(live);
        if copied == 0 {
            quiet_copy.copy_from_slice(quiet);
            return self.epoch;
        }
        for (at, touched) in self.touched.iter().enumerate() {
            if *touched >= copied {
                let from = at * STRETCH;
                let to = (from + STRETCH).min(quiet.len());
                quiet_copy[from..to].copy_from_slice(&quiet[from..to]);
            }
        }
        self.epoch
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
        self.epoch += 1;
        self.interventions += self.requests.len() as u64;
        while let Some(slot) = self.requests.pop() {
            self.cells[slot as usize].marks &= !Cell::REQUESTED;
            self.touch(slot);
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
        self.interventions += 1;
        self.cells[slot as usize].marks |= Cell::REAL;
        self.touch(slot);
    }

    pub(crate) fn mark_computed(&mut self, slot: u32) {
        self.interventions += 1;
        self.cells[slot as usize].marks |= Cell::COMPUTED;
        self.touch(slot);
    }

    /// A value from outside.
    pub(crate) fn admit(&mut self, slot: u32, bits: u64, quality: Quality) {
        self.interventions += 1;
        self.sample(slot, bits, quality);
    }

    /// A value of a source: the one thing from outside that is no intervention. True
    /// if it differs from what the tag held and may be taken.
    #[inline]
    pub(crate) fn sample(&mut self, slot: u32, bits: u64, quality: Quality) -> bool {
        let cell = &mut self.cells[slot as usize];
        cell.stamp = self.now;
        if (cell.bits == bits && cell.quality == quality) || cell.is_forced() {
            return false;
        }
        if cell.is_storable(bits) {
            cell.bits = bits;
            cell.quality = quality;
        } else {
            cell.quality = quality.worst(Quality::NOT_FINITE);
        }
        self.touch(slot);
        true
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
        let cell = &mut self.cells[slot as usize];
        if !cell.is_storable(bits) {
            return;
        }
        self.interventions += 1;
        cell.bits = bits;
        cell.stamp = self.now;
        if !cell.is_requested() && self.requests.len() < self.requests.capacity() {
            cell.marks |= Cell::REQUESTED;
            self.requests.push(slot);
        }
        self.touch(slot);
    }

    pub(crate) fn force(&mut self, slot: u32, bits: u64) {
        let cell = &mut self.cells[slot as usize];
        if !cell.is_storable(bits) {
            return;
        }
        self.interventions += 1;
        // What no block computes is the field's to say; now a person says it instead.
        let simulated = if cell.marks & Cell::COMPUTED == 0 {
            Quality::SIMULATED
        } else {
            0
        };
        cell.bits = bits;
        cell.quality = Quality::GOOD.with(Quality::FORCED | simulated);
        cell.marks |= Cell::FORCED;
        cell.stamp = self.now;
        self.touch(slot);
    }

    pub(crate) fn unforce(&mut self, slot: u32) {
        self.interventions += 1;
        let cell = &mut self.cells[slot as usize];
        cell.marks &= !Cell::FORCED;
        let held = Quality::FORCED | Quality::SIMULATED;
        cell.quality = cell.quality.without(held);
        self.touch(slot);
    }

    /// A delayed copy: as old as the original was in the last scan.
    pub(crate) fn copy_cell(&mut self, from: u32, to: u32) {
        let from = self.cells[from as usize];
        let cell = &mut self.cells[to as usize];
        cell.stamp = if from.marks & Cell::COMPUTED != 0 {
            self.now.wrapping_sub(1)
        } else {
            from.stamp
        };
        if cell.bits != from.bits || cell.quality != from.quality {
            cell.bits = from.bits;
            cell.quality = from.quality;
            self.touch(to);
        }
    }

    pub(crate) fn adopt_cell(&mut self, to: u32, other: &Image, from: u32) {
        self.interventions += 1;
        let from = &other.cells[from as usize];
        let cell = &mut self.cells[to as usize];
        cell.bits = from.bits;
        cell.stamp = from.stamp;
        cell.quality = from.quality;
        cell.marks = cell.marks & Cell::NATURE | from.marks & Cell::FORCED;
        self.touch(to);
    }

    pub(crate) fn adopt_now(&mut self, other: &Image) {
        self.now = other.now;
    }

    /// Two words a cell, for state snapshots. Requests end with their scan and are
    /// no state.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.cells.iter().flat_map(|cell| {
            let marks = u64::from(cell.marks & Cell::FORCED);
            let quality = u64::from(cell.quality.bits());
            let stamp = u64::from(cell.stamp);
            [cell.bits, stamp << 32 | quality << 16 | marks]
        })
    }

    pub(crate) fn set_words(&mut self, slot: usize, bits: u64, tail: u64) {
        self.interventions += 1;
        let cell = &mut self.cells[slot];
        let quality = Quality::from_bits((tail >> 16) as u16);
        cell.stamp = (tail >> 32) as u32;
        cell.marks = cell.marks & Cell::NATURE | tail as u16 & Cell::FORCED;
        if cell.is_storable(bits) {
            cell.bits = bits;
            cell.quality = quality;
        } else {
            cell.quality = quality.worst(Quality::NOT_FINITE);
        }
        self.touch(slot as u32);
    }

    pub(crate) const fn now(&self) -> u32 {
        self.now
    }

    pub(crate) fn set_now(&mut self, now: u32) {
        self.now = now;
    }

    /// The image shows another scan, and everything in it is as old as it was.
    pub(crate) fn shift_to(&mut self, now: u32) {
        let by = now.wrapping_sub(self.now);
        for cell in &mut self.cells {
            cell.stamp = cell.stamp.wrapping_add(by);
        }
        self.now = now;
    }
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Values, qualities and marks of these cells.
fn fingerprint(cells: &[Cell]) -> u64 {
    const LANES: usize = 8;
    let mix = |lane: &mut u64, cell: &Cell| {
        let tail = u64::from(cell.quality.bits()) | u64::from(cell.marks) << 16;
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

/// The quiet cells of a stretch.
fn stretch(quiet: &[Cell], at: usize) -> &[Cell] {
    let from = at * STRETCH;
    &quiet[from..(from + STRETCH).min(quiet.len())]
}

/// The fingerprint of a stretch at its place.
fn print(at: usize, cells: &[Cell]) -> u64 {
    join(fingerprint(cells), at as u64)
}

fn join(sum: u64, part: u64) -> u64 {
    (sum ^ part ^ (part >> 31))
        .wrapping_mul(MULTIPLIER)
        .rotate_left(31)
}
