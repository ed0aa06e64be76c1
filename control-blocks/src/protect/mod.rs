//! Votes, permissives and interlocks turn demands into commands.
//!
//! Protection is de-energise-to-trip: what is unknown counts as a trip unless the
//! text states otherwise, and a trip wins over every demand, mode and setting.

pub mod analog_output;
mod bypass;
pub mod cause;
pub mod interlock;
pub mod latch;
pub mod permit;
mod proof;
pub mod vote;
pub mod voting;

pub use analog_output::AnalogOutput;
pub use cause::Cause;
pub use interlock::Interlock;
pub use latch::Latch;
pub use permit::Permit;
pub use vote::Vote;

use scan::{Image, Input};

/// Whether a trip is demanded here: true, or nobody knows.
#[inline]
pub(crate) fn is_demanded(image: &Image, pin: Input<bool>) -> bool {
    let reading = image.get(pin);
    reading.value || reading.is_bad()
}

/// Whether something is certainly so.
#[inline]
pub(crate) fn is_certain(image: &Image, pin: Input<bool>) -> bool {
    let reading = image.get(pin);
    reading.value && !reading.is_bad()
}
