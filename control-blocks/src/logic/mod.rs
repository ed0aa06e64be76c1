//! Comparisons, gates, timers, memory.
//!
//! Quality of Booleans: an output carries the worst quality of the inputs it was
//! made from, and its value is made from their values as they are. Whoever acts
//! on a Boolean decides what a bad one means; interlocks take it for a trip.

pub mod compare;
pub mod count;
pub mod edge;
pub mod flip_flop;
pub mod gates;
pub mod timers;
pub mod timing;

pub use compare::Compare;
pub use count::Count;
pub use edge::Edge;
pub use flip_flop::FlipFlop;
pub use gates::{And, Not, Or, Xor};
pub use timers::{OffDelayTimer, OnDelayTimer, PulseTimer};
