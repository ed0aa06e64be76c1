//! The thin operator interface: an HTTP and WebSocket server on loopback, and the
//! pages it serves (`hmi/web`).
//!
//! Reading order: [`desk`], what the interface may see and ask; [`display`] and
//! [`svg`], drawings; [`lint`], what is wrong with them; [`frames`], the socket's
//! messages; [`cmd`], checks of a command; [`service`], forcing and online change;
//! [`signature`]; [`routes`], the whole surface with who may ask what; [`serve()`].
//!
//! The layer holds no authority. It checks the shape of what a browser sends, asks
//! the [`Desk`], and shows what the desk answers. Values flow one way, through the
//! socket; commands the other, one POST each, never queued.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod cmd;
pub mod desk;
pub mod display;
pub mod fake;
pub mod frames;
pub mod lint;
pub mod routes;
pub mod service;
pub mod signature;
pub mod svg;

mod alarms;
mod answer;
mod api;
mod app;
mod assets;
mod attempts;
mod cbor;
mod door;
mod names;
mod people;
mod plain;
mod receipt;
mod serve;
mod shelf;
mod simulator;
mod stream;
mod tls;
mod visitor;
mod ws;

pub use app::SOCKETS_MAX;
pub use desk::Desk;
pub use display::Display;
pub use serve::{
    CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, ServeError, Serving, serve, serve_secure,
};
pub use shelf::{Source, read_folder};
pub use tls::{Secure, TlsError};
pub use ws::{SUBSCRIPTIONS_MAX, TAGS_PER_SOCKET_MAX};
