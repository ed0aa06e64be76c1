//! Material that is weighed in and moved from vessel to vessel.

pub mod scale;
pub mod transfer;
pub mod transfer_law;

pub use scale::Scale;
pub use transfer::Transfer;
