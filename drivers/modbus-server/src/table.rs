//! The four tables of Modbus and the exceptions a request may meet.

use std::fmt;

/// A table of single bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BitTable {
    /// Read and written; functions 1, 5, 15.
    Coils,
    /// Read only; function 2.
    DiscreteInputs,
}

/// A table of sixteen-bit registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterTable {
    /// Read and written; functions 3, 6, 16, 22, 23.
    HoldingRegisters,
    /// Read only; function 4.
    InputRegisters,
}

/// An exception code (Application Protocol Specification V1.1b3, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exception {
    /// 1: the function is not served.
    IllegalFunction = 1,
    /// 2: some address of the range does not exist.
    IllegalDataAddress = 2,
    /// 3: a quantity, byte count or length is not allowed.
    IllegalDataValue = 3,
    /// 4: the device has failed while serving.
    ServerDeviceFailure = 4,
    /// 6: the device is busy; ask again later.
    ServerDeviceBusy = 6,
    /// 11: no such unit behind this server.
    GatewayTargetFailed = 11,
}

impl Exception {
    /// The code on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Exception::IllegalFunction => "illegal function (1)",
            Exception::IllegalDataAddress => "illegal data address (2)",
            Exception::IllegalDataValue => "illegal data value (3)",
            Exception::ServerDeviceFailure => "server device failure (4)",
            Exception::ServerDeviceBusy => "server device busy (6)",
            Exception::GatewayTargetFailed => "gateway target device failed to respond (11)",
        })
    }
}
