//! What a server reads and writes.

use crate::table::{BitTable, Exception, RegisterTable};

/// The tables behind a server. Ranges arrive with `address + length <= 65536`
/// already checked; which of them exist is the bank's to say.
pub trait Bank: Send + 'static {
    /// Reads `out.len()` bits from `address` on.
    fn read_bits(
        &mut self,
        table: BitTable,
        address: u16,
        out: &mut [bool],
    ) -> Result<(), Exception>;

    /// Reads `out.len()` registers from `address` on.
    fn read_registers(
        &mut self,
        table: RegisterTable,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Exception>;

    /// Writes coils from `address` on: all of them or none.
    fn write_bits(&mut self, address: u16, values: &[bool]) -> Result<(), Exception>;

    /// Writes holding registers from `address` on: all of them or none.
    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Exception>;

    /// Function 22: `(register AND and) OR (or AND NOT and)`.
    fn mask_write(&mut self, address: u16, and: u16, or: u16) -> Result<(), Exception> {
        let mut register = [0];
        self.read_registers(RegisterTable::HoldingRegisters, address, &mut register)?;
        let value = (register[0] & and) | (or & !and);
        self.write_registers(address, &[value])
    }
}

/// A ready bank: four tables that begin at address 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Coils.
    pub coils: Vec<bool>,
    /// Discrete inputs.
    pub discrete_inputs: Vec<bool>,
    /// Holding registers.
    pub holding_registers: Vec<u16>,
    /// Input registers.
    pub input_registers: Vec<u16>,
    /// How many write requests were served, for watchdogs and tests.
    pub writes: u64,
}

impl Tables {
    /// Tables of these sizes, all zero. Sizes above 65 536 are cut to it.
    pub fn new(
        coils: usize,
        discrete_inputs: usize,
        holding_registers: usize,
        input_registers: usize,
    ) -> Tables {
        let cut = |size: usize| size.min(1 << 16);
        Tables {
            coils: vec![false; cut(coils)],
            discrete_inputs: vec![false; cut(discrete_inputs)],
            holding_registers: vec![0; cut(holding_registers)],
            input_registers: vec![0; cut(input_registers)],
            writes: 0,
        }
    }
}

fn range<T>(table: &[T], address: u16, length: usize) -> Result<&[T], Exception> {
    let from = usize::from(address);
    table
        .get(from..from + length)
        .ok_or(Exception::IllegalDataAddress)
}

fn range_mut<T>(table: &mut [T], address: u16, length: usize) -> Result<&mut [T], Exception> {
    let from = usize::from(address);
    table
        .get_mut(from..from + length)
        .ok_or(Exception::IllegalDataAddress)
}

impl Bank for Tables {
    fn read_bits(
        &mut self,
        table: BitTable,
        address: u16,
        out: &mut [bool],
    ) -> Result<(), Exception> {
        let table = match table {
            BitTable::Coils => &self.coils,
            BitTable::DiscreteInputs => &self.discrete_inputs,
        };
        out.copy_from_slice(range(table, address, out.len())?);
        Ok(())
    }

    fn read_registers(
        &mut self,
        table: RegisterTable,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        let table = match table {
            RegisterTable::HoldingRegisters => &self.holding_registers,
            RegisterTable::InputRegisters => &self.input_registers,
        };
        out.copy_from_slice(range(table, address, out.len())?);
        Ok(())
    }

    fn write_bits(&mut self, address: u16, values: &[bool]) -> Result<(), Exception> {
        range_mut(&mut self.coils, address, values.len())?.copy_from_slice(values);
        self.writes += 1;
        Ok(())
    }

    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Exception> {
        range_mut(&mut self.holding_registers, address, values.len())?.copy_from_slice(values);
        self.writes += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_write_follows_the_specifications_example() {
        // V1.1b3, 6.16: current 0x12, and 0xF2, or 0x25, result 0x17.
        let mut tables = Tables::new(0, 0, 8, 0);
        tables.holding_registers[4] = 0x12;
        tables.mask_write(4, 0xf2, 0x25).expect("in range");
        assert_eq!(tables.holding_registers[4], 0x17);
    }

    #[test]
    fn a_range_that_leaves_the_table_is_refused_and_writes_nothing() {
        let mut tables = Tables::new(0, 0, 8, 0);
        let refused = tables.write_registers(7, &[1, 2]);
        assert_eq!(refused, Err(Exception::IllegalDataAddress));
        assert_eq!(tables, Tables::new(0, 0, 8, 0));
    }
}
