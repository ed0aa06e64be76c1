//! Field devices: what stands between a register and the process.

pub mod transmitter;
pub mod valve;

pub(crate) use transmitter::sensor_fault;
pub use transmitter::{SensorFault, Transmitter, TransmitterConfig};
pub use valve::{FailPosition, Jam, Valve};
