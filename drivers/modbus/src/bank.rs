//! A bank of the server crate as source and sink of the map: the short way from a
//! simulator to the scan, without a socket.

use modbus_server::{Bank, BitTable, Exception, RegisterTable};
use signal::Quality;

use crate::address::Table;
use crate::exchange::quality_of_exception;
use crate::map::{RegisterSink, RegisterSource};

/// A bank, read and written in place.
pub struct Direct<'a>(pub &'a mut dyn Bank);

fn quality(exception: Exception) -> Quality {
    quality_of_exception(exception.code())
}

impl RegisterSource for Direct<'_> {
    fn read_bits(&mut self, table: Table, address: u16, out: &mut [bool]) -> Result<(), Quality> {
        let table = match table {
            Table::Coils => BitTable::Coils,
            _ => BitTable::DiscreteInputs,
        };
        self.0.read_bits(table, address, out).map_err(quality)
    }

    fn read_registers(
        &mut self,
        table: Table,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Quality> {
        let table = match table {
            Table::HoldingRegisters => RegisterTable::HoldingRegisters,
            _ => RegisterTable::InputRegisters,
        };
        self.0.read_registers(table, address, out).map_err(quality)
    }
}

impl RegisterSink for Direct<'_> {
    fn write_coils(&mut self, address: u16, values: &[bool]) -> Result<(), Quality> {
        self.0.write_bits(address, values).map_err(quality)
    }

    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Quality> {
        self.0.write_registers(address, values).map_err(quality)
    }

    fn mask_write(&mut self, address: u16, and: u16, or: u16) -> Result<(), Quality> {
        self.0.mask_write(address, and, or).map_err(quality)
    }
}
