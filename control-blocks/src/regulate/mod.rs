//! Measurements become demands.

pub mod clamp_delta;
pub mod filter;
pub mod lag;
pub mod pid;
pub mod pid_law;
pub mod ramp;
pub mod rate;
pub mod rate_of_change;
pub mod ratio;
pub mod split;
pub mod total;

pub use clamp_delta::ClampDelta;
pub use filter::Filter;
pub use pid::Pid;
pub use ramp::Ramp;
pub use rate::RateLimit;
pub use rate_of_change::RateOfChange;
pub use ratio::Ratio;
pub use split::Split;
pub use total::Total;
