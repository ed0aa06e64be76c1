//! Raw signals become measurements with quality.

pub mod analog_input;
pub mod deviation;
pub mod digital_input;
pub mod redundant;

pub use analog_input::AnalogInput;
pub use deviation::Deviation;
pub use digital_input::DigitalInput;
pub use redundant::{Median, Select};
