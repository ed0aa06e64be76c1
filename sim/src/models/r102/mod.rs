//! hydrogenation C-NO2 + 3 H2 → C-NH2 + 2 H2O in methanol over Pd/C, a
//! stirred autoclave of 2 m³, 12 bar.
//!
//! [`config`] holds the numbers with their sources, [`state`] what is
//! integrated, [`balance`] the equations, [`R102`] the unit around them. Its
//! valves and transmitters stand in the plant's rack ([`crate::models::u100`]).
//!
//! Simplified on purpose: liquid, wall and gas share one temperature; dissolved
//! hydrogen and the enthalpy of gases are neglected; methanol is the only
//! volatile component, by Raoult's law; hydrogen is ideal; the decomposition
//! of the mixture (TD24 160 °C) is not modelled: the disc goes first.

pub mod balance;
pub mod config;
pub mod state;
mod truth;
mod unit;

pub use balance::{Balance, Conditions, Drives};
pub use config::R102Config;
pub use state::{Ledger, State};
pub use truth::TRUTHS;
pub use unit::{Orders, R102, Upsets};
