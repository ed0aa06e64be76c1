//! Requests and replies without their header.

use crate::bank::Bank;
use crate::table::{BitTable, Exception, RegisterTable};

/// Most bits of one read.
pub const READ_BITS_MAX: u16 = 2000;
/// Most registers of one read.
pub const READ_REGISTERS_MAX: u16 = 125;
/// Most coils of one write.
pub const WRITE_BITS_MAX: u16 = 1968;
/// Most registers of one write.
pub const WRITE_REGISTERS_MAX: u16 = 123;
/// Most registers written by function 23.
pub const READ_WRITE_REGISTERS_MAX: u16 = 121;

/// A request whose every field has been checked: quantities are within the limits
/// of the specification, byte counts agree, `address + quantity <= 65536`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Functions 1 and 2.
    ReadBits {
        /// The table.
        table: BitTable,
        /// First address.
        address: u16,
        /// Number of bits, 1..=2000.
        quantity: u16,
    },
    /// Functions 3 and 4.
    ReadRegisters {
        /// The table.
        table: RegisterTable,
        /// First address.
        address: u16,
        /// Number of registers, 1..=125.
        quantity: u16,
    },
    /// Function 5.
    WriteCoil {
        /// Address.
        address: u16,
        /// On or off.
        value: bool,
    },
    /// Function 6.
    WriteRegister {
        /// Address.
        address: u16,
        /// Value.
        value: u16,
    },
    /// Function 15.
    WriteCoils {
        /// First address.
        address: u16,
        /// Number of coils, 1..=1968.
        quantity: u16,
        /// Packed, low bit first, `quantity.div_ceil(8)` bytes.
        packed: &'a [u8],
    },
    /// Function 16.
    WriteRegisters {
        /// First address.
        address: u16,
        /// Big-endian, 1..=123 registers.
        words: &'a [u8],
    },
    /// Function 22.
    MaskWrite {
        /// Address.
        address: u16,
        /// Bits to keep.
        and: u16,
        /// Bits to set among those not kept.
        or: u16,
    },
    /// Function 23; the write is done first.
    ReadWriteRegisters {
        /// First address of the read.
        read_address: u16,
        /// Number of registers read, 1..=125.
        read_quantity: u16,
        /// First address of the write.
        write_address: u16,
        /// Big-endian, 1..=121 registers.
        words: &'a [u8],
    },
}

/// A request that is answered by an exception before the bank is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("function {function}: {exception}")]
pub struct BadRequest {
    /// Function code as received.
    pub function: u8,
    /// The answer.
    pub exception: Exception,
}

/// Reads a request. Order of the checks as in the state diagrams of the
/// specification: function, then quantities and lengths, then addresses.
pub fn decode_request(pdu: &[u8]) -> Result<Request<'_>, BadRequest> {
    let (&function, rest) = pdu.split_first().ok_or(BadRequest {
        function: 0,
        exception: Exception::IllegalFunction,
    })?;
    decode(function, rest).map_err(|exception| BadRequest {
        function,
        exception,
    })
}

fn decode(function: u8, rest: &[u8]) -> Result<Request<'_>, Exception> {
    match function {
        1 | 2 => {
            let [address, quantity] = words(rest)?;
            within(quantity, READ_BITS_MAX)?;
            fits(address, quantity)?;
            let table = match function {
                1 => BitTable::Coils,
                _ => BitTable::DiscreteInputs,
            };
            Ok(Request::ReadBits {
                table,
                address,
                quantity,
            })
        }
        3 | 4 => {
            let [address, quantity] = words(rest)?;
            within(quantity, READ_REGISTERS_MAX)?;
            fits(address, quantity)?;
            let table = match function {
                3 => RegisterTable::HoldingRegisters,
                _ => RegisterTable::InputRegisters,
            };
            Ok(Request::ReadRegisters {
                table,
                address,
                quantity,
            })
        }
        5 => {
            let [address, value] = words(rest)?;
            let value = match value {
                0xff00 => true,
                0x0000 => false,
                _ => return Err(Exception::IllegalDataValue),
            };
            Ok(Request::WriteCoil { address, value })
        }
        6 => {
            let [address, value] = words(rest)?;
            Ok(Request::WriteRegister { address, value })
        }
        15 => {
            let ([address, quantity], packed) = counted(rest)?;
            within(quantity, WRITE_BITS_MAX)?;
            if packed.len() != usize::from(quantity.div_ceil(8)) {
                return Err(Exception::IllegalDataValue);
            }
            fits(address, quantity)?;
            Ok(Request::WriteCoils {
                address,
                quantity,
                packed,
            })
        }
        16 => {
            let ([address, quantity], words) = counted(rest)?;
            within(quantity, WRITE_REGISTERS_MAX)?;
            if words.len() != usize::from(quantity) * 2 {
                return Err(Exception::IllegalDataValue);
            }
            fits(address, quantity)?;
            Ok(Request::WriteRegisters { address, words })
        }
        22 => {
            let [address, and, or] = words(rest)?;
            Ok(Request::MaskWrite { address, and, or })
        }
        23 => {
            let ([read_address, read_quantity, write_address, write_quantity], words) =
                counted(rest)?;
            within(read_quantity, READ_REGISTERS_MAX)?;
            within(write_quantity, READ_WRITE_REGISTERS_MAX)?;
            if words.len() != usize::from(write_quantity) * 2 {
                return Err(Exception::IllegalDataValue);
            }
            fits(read_address, read_quantity)?;
            fits(write_address, write_quantity)?;
            Ok(Request::ReadWriteRegisters {
                read_address,
                read_quantity,
                write_address,
                words,
            })
        }
        _ => Err(Exception::IllegalFunction),
    }
}

/// Exactly `N` big-endian words and nothing after them.
fn words<const N: usize>(bytes: &[u8]) -> Result<[u16; N], Exception> {
    if bytes.len() != N * 2 {
        return Err(Exception::IllegalDataValue);
    }
    let mut words = [0; N];
    for (word, pair) in words.iter_mut().zip(bytes.chunks_exact(2)) {
        *word = u16::from_be_bytes([pair[0], pair[1]]);
    }
    Ok(words)
}

/// `N` words, a byte count, exactly so many bytes.
fn counted<const N: usize>(bytes: &[u8]) -> Result<([u16; N], &[u8]), Exception> {
    let (fixed, tail) = bytes
        .split_at_checked(N * 2)
        .ok_or(Exception::IllegalDataValue)?;
    let (&count, payload) = tail.split_first().ok_or(Exception::IllegalDataValue)?;
    if payload.len() != usize::from(count) {
        return Err(Exception::IllegalDataValue);
    }
    Ok((words(fixed)?, payload))
}

fn within(quantity: u16, most: u16) -> Result<(), Exception> {
    if (1..=most).contains(&quantity) {
        Ok(())
    } else {
        Err(Exception::IllegalDataValue)
    }
}

fn fits(address: u16, quantity: u16) -> Result<(), Exception> {
    if u32::from(address) + u32::from(quantity) <= 1 << 16 {
        Ok(())
    } else {
        Err(Exception::IllegalDataAddress)
    }
}

/// Serves a request; returns the bytes of the reply written to the front of
/// `reply`, which must hold [`crate::adu::PDU_BYTES_MAX`]. Allocates nothing.
pub fn execute(request: &Request<'_>, bank: &mut dyn Bank, reply: &mut [u8]) -> usize {
    match serve(request, bank, reply) {
        Ok(written) => written,
        Err(exception) => exception_reply(request.function(), exception, reply),
    }
}

/// An exception reply.
pub(crate) fn exception_reply(function: u8, exception: Exception, reply: &mut [u8]) -> usize {
    reply[0] = function | 0x80;
    reply[1] = exception.code();
    2
}

impl Request<'_> {
    /// The function code.
    pub fn function(&self) -> u8 {
        match self {
            Request::ReadBits { table, .. } => match table {
                BitTable::Coils => 1,
                BitTable::DiscreteInputs => 2,
            },
            Request::ReadRegisters { table, .. } => match table {
                RegisterTable::HoldingRegisters => 3,
                RegisterTable::InputRegisters => 4,
            },
            Request::WriteCoil { .. } => 5,
            Request::WriteRegister { .. } => 6,
            Request::WriteCoils { .. } => 15,
            Request::WriteRegisters { .. } => 16,
            Request::MaskWrite { .. } => 22,
            Request::ReadWriteRegisters { .. } => 23,
        }
    }
}

fn serve(request: &Request<'_>, bank: &mut dyn Bank, reply: &mut [u8]) -> Result<usize, Exception> {
    reply[0] = request.function();
    match *request {
        Request::ReadBits {
            table,
            address,
            quantity,
        } => {
            let mut bits = [false; READ_BITS_MAX as usize];
            let bits = &mut bits[..usize::from(quantity)];
            bank.read_bits(table, address, bits)?;
            let bytes = bits.len().div_ceil(8);
            reply[1] = bytes as u8;
            for (byte, eight) in reply[2..2 + bytes].iter_mut().zip(bits.chunks(8)) {
                *byte = eight
                    .iter()
                    .rev()
                    .fold(0, |byte, bit| byte << 1 | u8::from(*bit));
            }
            Ok(2 + bytes)
        }
        Request::ReadRegisters {
            table,
            address,
            quantity,
        } => read_registers(bank, table, address, quantity, reply),
        Request::WriteCoil { address, value } => {
            bank.write_bits(address, &[value])?;
            Ok(echo(reply, address, if value { 0xff00 } else { 0 }))
        }
        Request::WriteRegister { address, value } => {
            bank.write_registers(address, &[value])?;
            Ok(echo(reply, address, value))
        }
        Request::WriteCoils {
            address,
            quantity,
            packed,
        } => {
            let mut bits = [false; WRITE_BITS_MAX as usize];
            let bits = &mut bits[..usize::from(quantity)];
            for (index, bit) in bits.iter_mut().enumerate() {
                *bit = packed[index / 8] >> (index % 8) & 1 == 1;
            }
            bank.write_bits(address, bits)?;
            Ok(echo(reply, address, quantity))
        }
        Request::WriteRegisters { address, words } => {
            write_registers(bank, address, words)?;
            Ok(echo(reply, address, (words.len() / 2) as u16))
        }
        Request::MaskWrite { address, and, or } => {
            bank.mask_write(address, and, or)?;
            let written = echo(reply, address, and);
            reply[written..written + 2].copy_from_slice(&or.to_be_bytes());
            Ok(written + 2)
        }
        Request::ReadWriteRegisters {
            read_address,
            read_quantity,
            write_address,
            words,
        } => {
            // Both ranges must exist before anything is written.
            let mut probe = [0; READ_REGISTERS_MAX as usize];
            let table = RegisterTable::HoldingRegisters;
            bank.read_registers(
                table,
                read_address,
                &mut probe[..usize::from(read_quantity)],
            )?;
            write_registers(bank, write_address, words)?;
            read_registers(bank, table, read_address, read_quantity, reply)
        }
    }
}

fn read_registers(
    bank: &mut dyn Bank,
    table: RegisterTable,
    address: u16,
    quantity: u16,
    reply: &mut [u8],
) -> Result<usize, Exception> {
    let mut registers = [0; READ_REGISTERS_MAX as usize];
    let registers = &mut registers[..usize::from(quantity)];
    bank.read_registers(table, address, registers)?;
    let bytes = registers.len() * 2;
    reply[1] = bytes as u8;
    for (pair, register) in reply[2..2 + bytes].chunks_exact_mut(2).zip(registers) {
        pair.copy_from_slice(&register.to_be_bytes());
    }
    Ok(2 + bytes)
}

fn write_registers(bank: &mut dyn Bank, address: u16, words: &[u8]) -> Result<(), Exception> {
    let mut registers = [0; WRITE_REGISTERS_MAX as usize];
    let registers = &mut registers[..words.len() / 2];
    for (register, pair) in registers.iter_mut().zip(words.chunks_exact(2)) {
        *register = u16::from_be_bytes([pair[0], pair[1]]);
    }
    bank.write_registers(address, registers)
}

/// Replies of the write functions: the address and one more word come back.
fn echo(reply: &mut [u8], address: u16, word: u16) -> usize {
    reply[1..3].copy_from_slice(&address.to_be_bytes());
    reply[3..5].copy_from_slice(&word.to_be_bytes());
    5
}
