//! semi-batch A + B → C in toluene, glass-lined, jacketed, 3 m³.
//!
//! The equations stand in [`chemistry`], [`heat`], [`headspace`], [`agitation`]
//! and [`dosing`]; [`balance`] joins them, [`state`] integrates. [`tags`],
//! [`outputs`] and [`Unit`] are the field around the process. The numbers are
//! the design basis of the demo unit; the substances are fictitious.
//!
//! Simplified on purpose: liquid, wall and gas share one temperature; density
//! and heat capacity are constant; the jacket is one well-mixed volume; gas
//! flows follow openings without a pipe's inertia; the vent header is air, so
//! drawing back through an open vent brings in oxygen.

mod apply;
pub mod balance;
pub mod chemistry;
pub mod config;
pub mod dosing;
pub mod headspace;
pub mod outputs;
pub mod state;
pub mod tags;
mod truth;
mod unit;
pub mod upsets;

pub use super::equipment::{agitation, heat};
pub use balance::{Balance, Conditions, Drives};
pub use config::{Actuators, ConfigError, R101Config, Start};
pub use outputs::Outputs;
pub use state::{Drained, Ledger, State};
pub use truth::TRUTHS;
pub use unit::{Charge, Links, Unit};
pub use upsets::Upsets;
