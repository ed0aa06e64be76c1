//! The northern side: what the plant offers to others over Modbus TCP.
//!
//! ```text
//!  [[server]] ─> config (settings, offers) ─> map (who lies where)
//!                                              │
//!  client ─> modbus_server::Server ─> bank ────┤ reads:  one image for a request, by view
//!                                              └ writes: one command, through the desk
//! ```
//!
//! The server is a client of the desk and no more: it reads the image that the pages
//! read, and asks for commands as people do. If all of it were stopped, the scan
//! would not notice.
//!
//! Reading order: [`config`], [`map`], [`view`], [`rate`], [`bank`], [`serve`].

pub mod bank;
pub mod config;
pub mod map;
pub mod rate;
pub mod serve;
pub mod view;

#[cfg(test)]
mod tests;

pub use bank::NorthBank;
pub use config::{KIND, Meaning, Offer, ServerConfig};
pub use map::PointMap;
pub use serve::{Bound, NorthError, Serving, bind};
pub use view::{Pace, View};
