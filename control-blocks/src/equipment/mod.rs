//! Equipment with two positions: valves and motors.

pub mod motor;
pub mod valve;

pub use motor::Motor;
pub use valve::Valve;
