//! The thin operator interface: an HTTP and WebSocket server on loopback, and the
//! pages it serves (`hmi/web`).
//!
//! Reading order: [`desk`], what the interface may see and ask.
//!
//! The layer holds no authority. It checks the shape of what a browser sends, asks
//! the [`Desk`], and shows what the desk answers.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod desk;

pub use desk::Desk;
