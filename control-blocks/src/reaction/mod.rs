//! What a reaction does with its heat, and what keeps it from running away.

pub mod agitation;
pub mod calorimetry;
pub mod criticality;
pub mod emergency_cooling;
pub mod medium_limit;

pub use agitation::Agitation;
pub use calorimetry::Calorimetry;
pub use emergency_cooling::EmergencyCooling;
pub use medium_limit::MediumLimit;
