//! Pressure of a vessel in its modes, and how it is let down.

pub mod depressure;
pub mod pressure_mode;

pub use depressure::Depressure;
pub use pressure_mode::PressureMode;
