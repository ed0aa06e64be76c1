//! Modbus client driver: TCP, RTU over TCP, and RTU on a serial port (feature `serial`).
//!
//! ```text
//!   plant text -> DeviceConfig, PointConfig -> check -> Map (points, read ranges, write groups)
//!                                                        |
//!   device <-- Exchange <-- Polls  (classes on a grid) --+--> cells --> InputFrame --> scan
//!           one request     Outputs (change, refresh)  <--+--- wanted <-- OutputFrame <-- scan
//!           at a time
//! ```
//!
//! One task a device. A request that is not answered in time ends its connection, so
//! that a late reply can never pass for the next answer. An exception is a quality; a
//! range that is refused is halved until the refused point stands alone. A device that
//! does not answer turns every input bad, comm-lost, and is tried again with growing,
//! jittered pauses.
//!
//! The [`map`] works without a socket: a simulator in the same process sits behind
//! exactly the same addresses, types and scales, as fast as it can compute.
//!
//! Reading order: [`address`], [`value`], [`config`], [`point`], [`plan`], [`map`], then
//! the plumbing: [`connect`], `exchange`, `polls`, `outputs`, [`device`].
//!
//! What is deliberately absent: more than one request in flight. Few devices permit it
//! and many answer only the first; throughput comes from merged ranges.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod address;
#[cfg(feature = "bank")]
pub mod bank;
pub mod config;
pub mod connect;
pub mod device;
mod exchange;
pub mod map;
mod outputs;
pub mod plan;
pub mod point;
mod polls;
pub mod value;
mod write;

pub use address::{Address, AddressError, Table, parse_address};
pub use config::{
    ClassConfig, DeviceConfig, DeviceError, FailSafeConfig, HeartbeatConfig, PointConfig, Transport,
};
pub use connect::{Connect, Stream};
pub use device::{ConfigError, Modbus};
pub use map::{Map, MapError, RegisterSink, RegisterSource};
pub use plan::PlanLimits;
pub use point::{PointError, ResolvedPoint};
pub use value::{Codec, Order, ValueType};
