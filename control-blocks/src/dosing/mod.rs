//! Supervision of dropwise addition: how fast, whether it reacts, and whether what
//! went in is what was meant to.

pub mod cross_check;
pub mod dose_rate;
pub mod initiation;
pub mod leak_by;
pub mod loss;
pub mod no_flow;
pub mod overdose;

pub use cross_check::CrossCheck;
pub use dose_rate::DoseRate;
pub use initiation::Initiation;
pub use leak_by::LeakBy;
pub use no_flow::NoFlow;
pub use overdose::Overdose;
