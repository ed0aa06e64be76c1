//! Write groups: outputs that one request can write, because nothing lies between
//! them. A register that is not an output is never written.

use std::ops::Range;

use signal::Quality;

use crate::address::Table;
use crate::map::{Output, RegisterSink, Wire};

/// Coils of one write: function 15.
pub(crate) const COILS_MAX: usize = 1968;
/// Registers of one write: what functions 16 and 23 both permit.
pub(crate) const REGISTERS_MAX: usize = 121;

/// What a group writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// Coils, functions 5 and 15.
    Coils,
    /// Whole registers, functions 6, 16 and 23.
    Registers,
    /// Bits of one register, function 22.
    Bits,
}

/// Outputs without a gap between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WriteGroup {
    pub kind: WriteKind,
    /// Which of the write members.
    pub members: Range<usize>,
}

/// One write request, gathered into buffers owned by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gathered<'a> {
    Coils(u16, &'a [bool]),
    Registers(u16, &'a [u16]),
    Mask { address: u16, and: u16, or: u16 },
}

/// Sorts outputs by place and cuts them into groups.
pub(crate) fn plan_writes(outputs: &[Output]) -> (Box<[usize]>, Box<[WriteGroup]>) {
    let kind = |o: &Output| match (o.table, o.codec.bit) {
        (Table::Coils, _) => WriteKind::Coils,
        (_, Some(_)) => WriteKind::Bits,
        (_, None) => WriteKind::Registers,
    };
    let mut members: Vec<usize> = (0..outputs.len()).collect();
    members.sort_by_key(|&index| {
        let o = &outputs[index];
        (o.table, kind(o) == WriteKind::Bits, o.address, o.codec.bit)
    });
    let mut groups: Vec<WriteGroup> = Vec::new();
    let mut from = 0;
    let mut end = 0;
    for (at, &index) in members.iter().enumerate() {
        let output = &outputs[index];
        let start = usize::from(output.address);
        let stop = start + usize::from(output.codec.value_type.words());
        let joins = groups.last().is_some_and(|group| {
            group.kind == kind(output)
                && match group.kind {
                    WriteKind::Coils => start == end && stop - from <= COILS_MAX,
                    WriteKind::Registers => start == end && stop - from <= REGISTERS_MAX,
                    WriteKind::Bits => start == from,
                }
        });
        match groups.last_mut() {
            Some(group) if joins => group.members.end = at + 1,
            _ => {
                from = start;
                groups.push(WriteGroup {
                    kind: kind(output),
                    members: at..at + 1,
                });
            }
        }
        end = stop;
    }
    (members.into_boxed_slice(), groups.into_boxed_slice())
}

impl WriteGroup {
    /// Writes the members that have a value, in as few requests as that allows.
    pub(crate) fn write(
        &self,
        members: &[usize],
        outputs: &[Output],
        wire: impl Fn(usize) -> Option<Wire>,
        sink: &mut dyn RegisterSink,
    ) -> Result<(), Quality> {
        let mut outcome = Ok(());
        let mut rest = members;
        let mut buffers = Buffers::default();
        while !rest.is_empty() {
            let (gathered, taken) = self.gather(rest, outputs, &wire, &mut buffers);
            let written = match gathered {
                Some(Gathered::Coils(address, values)) => sink.write_coils(address, values),
                Some(Gathered::Registers(address, values)) => sink.write_registers(address, values),
                Some(Gathered::Mask { address, and, or }) => sink.mask_write(address, and, or),
                None => Ok(()),
            };
            outcome = outcome.and(written);
            rest = &rest[taken..];
        }
        outcome
    }

    /// Gathers the first run of members that have a value; returns it and how many
    /// members were passed, those without a value before it included.
    pub(crate) fn gather<'b>(
        &self,
        members: &[usize],
        outputs: &[Output],
        wire: &impl Fn(usize) -> Option<Wire>,
        buffers: &'b mut Buffers,
    ) -> (Option<Gathered<'b>>, usize) {
        if self.kind == WriteKind::Bits {
            return (gather_bits(members, outputs, wire), members.len());
        }
        let absent = members.iter().take_while(|&&i| wire(i).is_none()).count();
        let Some(&first) = members.get(absent) else {
            return (None, members.len());
        };
        let address = outputs[first].address;
        let mut taken = absent;
        let mut count = 0;
        for &index in &members[absent..] {
            let Some(words) = wire(index) else { break };
            match self.kind {
                WriteKind::Coils => buffers.coils[count] = words[0] != 0,
                _ => {
                    let width = usize::from(outputs[index].codec.value_type.words());
                    buffers.registers[count..count + width].copy_from_slice(&words[..width]);
                    count += width - 1;
                }
            }
            count += 1;
            taken += 1;
        }
        let gathered = match self.kind {
            WriteKind::Coils => Gathered::Coils(address, &buffers.coils[..count]),
            _ => Gathered::Registers(address, &buffers.registers[..count]),
        };
        (Some(gathered), taken)
    }
}

fn gather_bits<'b>(
    members: &[usize],
    outputs: &[Output],
    wire: &impl Fn(usize) -> Option<Wire>,
) -> Option<Gathered<'b>> {
    let (mut and, mut or) = (u16::MAX, 0);
    for &index in members {
        if let (Some(words), Some(bit)) = (wire(index), outputs[index].codec.bit) {
            and &= !(1 << bit);
            or |= u16::from(words[0] != 0) << bit;
        }
    }
    let address = outputs[*members.first()?].address;
    (and != u16::MAX).then_some(Gathered::Mask { address, and, or })
}

/// Room for one request of either kind.
pub(crate) struct Buffers {
    coils: [bool; COILS_MAX],
    registers: [u16; REGISTERS_MAX],
}

impl Default for Buffers {
    fn default() -> Self {
        Buffers {
            coils: [false; COILS_MAX],
            registers: [0; REGISTERS_MAX],
        }
    }
}
