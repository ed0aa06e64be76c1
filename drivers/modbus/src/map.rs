//! The map: between the cells of frames and the tables of a device, without a socket.
//!
//! ```text
//!   RegisterSource --read ranges--> registers --Codec::decode--> input cells
//!   output cells --Codec::encode--> Wanted --write groups--> RegisterSink
//! ```
//!
//! The driver moves these ranges over a wire; a simulator in the same process moves
//! them through memory by [`Map::decode_from`] and [`Map::encode_to`]. Either way the
//! same map decides what a value is. Nothing here allocates after [`Map::new`].

use driver::{Direction, FailSafe, Point, RawCell};
use signal::{Kind, Quality, Utc};

use crate::address::Table;
use crate::plan::{PlanLimits, ReadPlan, ReadRange, Span, plan_reads};
use crate::point::ResolvedPoint;
use crate::value::{Codec, WORDS_MAX};
use crate::write::{WriteGroup, plan_writes};

/// Where registers are read. An error is the quality of whatever was asked for.
pub trait RegisterSource {
    /// Reads `out.len()` bits of a bit table from `address` on.
    fn read_bits(&mut self, table: Table, address: u16, out: &mut [bool]) -> Result<(), Quality>;
    /// Reads `out.len()` registers of a register table from `address` on.
    fn read_registers(
        &mut self,
        table: Table,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Quality>;
}

/// Where registers are written.
pub trait RegisterSink {
    /// Writes coils from `address` on.
    fn write_coils(&mut self, address: u16, values: &[bool]) -> Result<(), Quality>;
    /// Writes holding registers from `address` on.
    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Quality>;
    /// `(register AND and) OR (or AND NOT and)`.
    fn mask_write(&mut self, address: u16, and: u16, or: u16) -> Result<(), Quality>;
}

/// Why points cannot be mapped together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Two points of one name.
    #[error("point {point} is declared twice")]
    NameTwice {
        /// The name.
        point: String,
    },
    /// Two outputs of one place.
    #[error("outputs {one} and {other} write the same place, {address}")]
    OutputsOverlap {
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// Address of the other.
        address: String,
    },
    /// A point of a class that the device does not have.
    #[error("point {point}: class \"{found}\" is not declared; the device has {declared}")]
    UnknownClass {
        /// The point.
        point: String,
        /// What stands there.
        found: String,
        /// The declared names.
        declared: String,
    },
}

/// An input point in the map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input {
    pub codec: Codec,
    pub span: Span,
}

/// An output point in the map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub codec: Codec,
    pub table: Table,
    pub address: u16,
    pub fail_safe: FailSafe,
}

/// Registers wanted of an output, most significant place of the wire first. Coils
/// and bits of registers: 0 or 1 in the first.
pub type Wire = [u16; WORDS_MAX];

/// The map of one device.
#[derive(Debug)]
pub struct Map {
    points: Box<[Point]>,
    pub(crate) inputs: Box<[Input]>,
    pub(crate) outputs: Box<[Output]>,
    plan: ReadPlan,
    writes: Box<[WriteGroup]>,
    write_members: Box<[usize]>,
}

impl Map {
    /// Maps these points; `classes` are the poll classes of the device by name. All
    /// faults found are returned.
    pub fn new(
        points: &[ResolvedPoint],
        classes: &[&str],
        limits: &PlanLimits,
    ) -> Result<Map, Vec<MapError>> {
        let errors = faults(points, classes);
        if !errors.is_empty() {
            return Err(errors);
        }
        let class_of = |p: &ResolvedPoint| classes.iter().position(|c| *c == p.class).unwrap_or(0);
        let side = |direction| points.iter().filter(move |p| p.direction == direction);
        let inputs: Box<[Input]> = side(Direction::Input)
            .map(|p| Input {
                codec: p.codec,
                span: Span {
                    class: class_of(p),
                    table: p.address.table,
                    address: p.address.number,
                    width: p.width(),
                },
            })
            .collect();
        let outputs: Box<[Output]> = side(Direction::Output)
            .map(|p| Output {
                codec: p.codec,
                table: p.address.table,
                address: p.address.number,
                fail_safe: p.fail_safe,
            })
            .collect();
        let spans: Vec<Span> = inputs.iter().map(|input| input.span).collect();
        let (write_members, writes) = plan_writes(&outputs);
        Ok(Map {
            points: points.iter().map(ResolvedPoint::point).collect(),
            plan: plan_reads(&spans, limits),
            inputs,
            outputs,
            writes,
            write_members,
        })
    }

    /// The points, in the order given.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Number of input cells.
    pub fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// Number of output cells.
    pub fn outputs(&self) -> usize {
        self.outputs.len()
    }

    /// The read requests.
    pub fn ranges(&self) -> &[ReadRange] {
        &self.plan.ranges
    }

    /// Indices of input cells in the order the ranges refer to.
    pub fn members(&self) -> &[usize] {
        &self.plan.members
    }

    /// The write requests.
    pub(crate) fn writes(&self) -> &[WriteGroup] {
        &self.writes
    }

    /// Indices of output cells in the order the write groups refer to.
    pub(crate) fn write_members(&self) -> &[usize] {
        &self.write_members
    }

    /// Cells for [`decode_from`](Self::decode_from), all not written.
    pub fn input_cells(&self) -> Box<[RawCell]> {
        vec![RawCell::NOT_WRITTEN; self.inputs()].into_boxed_slice()
    }

    /// Reads every input. A range that fails is read again point by point, so that
    /// one wrong address does not blind its neighbours. `cells` must be as many as
    /// [`inputs`](Self::inputs); their order is that of the input points.
    pub fn decode_from(
        &self,
        source: &mut dyn RegisterSource,
        source_utc: Utc,
        cells: &mut [RawCell],
    ) {
        for range in &self.plan.ranges {
            let read = self.decode_range_from(range, source, source_utc, cells);
            let Err(quality) = read else {
                continue;
            };
            if range.members.len() == 1 {
                self.mark(range, quality, cells);
                continue;
            }
            for at in range.members.clone() {
                let span = self.inputs[self.plan.members[at]].span;
                let one = ReadRange {
                    address: span.address,
                    quantity: span.width,
                    members: at..at + 1,
                    ..*range
                };
                if let Err(quality) = self.decode_range_from(&one, source, source_utc, cells) {
                    self.mark(&one, quality, cells);
                }
            }
        }
    }

    fn decode_range_from(
        &self,
        range: &ReadRange,
        source: &mut dyn RegisterSource,
        source_utc: Utc,
        cells: &mut [RawCell],
    ) -> Result<(), Quality> {
        let quantity = usize::from(range.quantity);
        if range.table.is_bits() {
            let mut bits = [false; 2000];
            let bits = &mut bits[..quantity];
            source.read_bits(range.table, range.address, bits)?;
            self.decode_bits(range, bits, source_utc, cells);
        } else {
            let mut registers = [0; 125];
            let registers = &mut registers[..quantity];
            source.read_registers(range.table, range.address, registers)?;
            self.decode_registers(range, registers, source_utc, cells);
        }
        Ok(())
    }

    /// Cells of one range from the registers read; as many as its quantity.
    #[inline]
    pub fn decode_registers(
        &self,
        range: &ReadRange,
        registers: &[u16],
        source_utc: Utc,
        cells: &mut [RawCell],
    ) {
        for &index in &self.plan.members[range.members.clone()] {
            let input = &self.inputs[index];
            let from = usize::from(input.span.address - range.address);
            let words = &registers[from..from + usize::from(input.span.width)];
            let found = input.codec.decode(words);
            let cell = &mut cells[index];
            if let Some(bits) = found.bits {
                cell.bits = bits;
            }
            cell.quality = found.quality;
            cell.source_utc = source_utc;
        }
    }

    /// Cells of one range from the bits read; at least as many as its quantity.
    #[inline]
    pub fn decode_bits(
        &self,
        range: &ReadRange,
        bits: &[bool],
        source_utc: Utc,
        cells: &mut [RawCell],
    ) {
        for &index in &self.plan.members[range.members.clone()] {
            let at = usize::from(self.inputs[index].span.address - range.address);
            cells[index] = RawCell {
                bits: u64::from(bits[at]),
                quality: Quality::GOOD,
                source_utc,
            };
        }
    }

    /// Gives every cell of a range this quality; values and times stay.
    pub fn mark(&self, range: &ReadRange, quality: Quality, cells: &mut [RawCell]) {
        for &index in &self.plan.members[range.members.clone()] {
            cells[index].quality = quality;
        }
    }

    /// Writes every output. What a cell means: see [`Map::want`]. Outputs that hold
    /// and were never commanded are not written. The first failure is returned after
    /// all have been tried.
    pub fn encode_to(&self, cells: &[RawCell], sink: &mut dyn RegisterSink) -> Result<(), Quality> {
        let mut outcome = Ok(());
        for group in &self.writes {
            let members = &self.write_members[group.members.clone()];
            let wire = |index: usize| self.want(index, &cells[index]);
            let written = group.write(members, &self.outputs, wire, sink);
            outcome = outcome.and(written);
        }
        outcome
    }

    /// Drives every output to its fail-safe value; those that hold are not written.
    pub fn fail_safe_to(&self, sink: &mut dyn RegisterSink) -> Result<(), Quality> {
        let mut outcome = Ok(());
        for group in &self.writes {
            let members = &self.write_members[group.members.clone()];
            let written = group.write(members, &self.outputs, |index| self.safe(index), sink);
            outcome = outcome.and(written);
        }
        outcome
    }

    /// Registers wanted for an output cell. A cell never written or not finite asks
    /// for the fail-safe value. Any other quality is obeyed: the program has decided,
    /// and a trip decided on bad inputs must reach its valve.
    #[inline]
    pub fn want(&self, index: usize, cell: &RawCell) -> Option<Wire> {
        let output = &self.outputs[index];
        let never = cell.quality.is_bad() && cell.quality.reason() == signal::Reason::NotWritten;
        if never {
            return self.safe(index);
        }
        output.codec.encode(cell.bits).or_else(|| self.safe(index))
    }

    /// Registers of an output's fail-safe value; `None`: it holds.
    #[inline]
    pub fn safe(&self, index: usize) -> Option<Wire> {
        let output = &self.outputs[index];
        match output.fail_safe {
            FailSafe::DeEnergise => Some([0; WORDS_MAX]),
            FailSafe::Hold => None,
            FailSafe::Preset(bits) => output.codec.encode(bits),
        }
    }

    /// The kind of an output cell.
    pub fn output_kind(&self, index: usize) -> Kind {
        self.outputs[index].codec.kind()
    }
}

fn faults(points: &[ResolvedPoint], classes: &[&str]) -> Vec<MapError> {
    let mut errors = Vec::new();
    let mut names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    for twice in names.windows(2).filter(|w| w[0] == w[1]) {
        let point = twice[0].to_string();
        errors.push(MapError::NameTwice { point });
    }
    for p in points {
        if !p.class.is_empty() && !classes.contains(&p.class.as_str()) {
            errors.push(MapError::UnknownClass {
                point: p.name.clone(),
                found: p.class.clone(),
                declared: classes.join(", "),
            });
        }
    }
    let outputs = points.iter().filter(|p| p.direction == Direction::Output);
    let mut outputs: Vec<&ResolvedPoint> = outputs.collect();
    outputs.sort_by_key(|p| p.claim());
    for (index, one) in outputs.iter().enumerate() {
        let (table, _, end, bits) = one.claim();
        for other in &outputs[index + 1..] {
            let (other_table, other_from, _, other_bits) = other.claim();
            if other_table != table || other_from >= end {
                break;
            }
            if bits & other_bits != 0 {
                errors.push(MapError::OutputsOverlap {
                    one: one.name.clone(),
                    other: other.name.clone(),
                    address: other.address.to_string(),
                });
            }
        }
    }
    errors
}
