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
//! A device and its points as records of plant text:
//!
//! ```
//! # #[derive(serde::Deserialize)]
//! # struct Text { driver: modbus::DeviceConfig, point: Vec<modbus::PointConfig> }
//! let text: Text = toml::from_str(r#"
//!     [driver]
//!     host = "127.0.0.1"
//!     port = 1502
//!     unit_id = 1
//!     timeout_ms = 250
//!     classes = [{ name = "fast", period_ms = 50 }, { name = "slow", period_ms = 1000 }]
//!     heartbeat = { address = "hr10", period_ms = 500 }
//!
//!     [[point]] # loop current in microampere, 4000..20000 = -20..150 degC
//!     name = "TT-101A"
//!     address = "ir0"
//!     scale = 0.010625
//!     offset = -62.5
//!
//!     [[point]]
//!     name = "FT-101"
//!     address = "ir20"
//!     type = "f32"
//!     class = "fast"
//!
//!     [[point]]
//!     name = "TV-101"
//!     address = "hr1"
//!     direction = "output"
//!     scale = 0.01
//!     fail_safe = 100.0
//!
//!     [[point]]
//!     name = "XV-117"
//!     address = "co2"
//!     direction = "output"
//!     fail_safe = "de-energise"
//! "#).expect("records");
//! let driver = modbus::Modbus::new(text.driver, &text.point).expect("a driver");
//! assert_eq!((driver.map().inputs(), driver.map().outputs()), (2, 2));
//! ```
//!
//! Reading order: [`address`], [`value`], [`config`], [`point`], [`plan`], [`map`], then
//! the plumbing: [`connect`], `exchange`, `polls`, `outputs`, [`device`].
//!
//! Told to stop, the driver writes nothing more: what the outputs do without it is the
//! affair of the device's own watchdog, which must be set whenever outputs matter. The
//! [`config::HeartbeatConfig`] feeds it for as long as the scan lives.
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
mod deadline;
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
    ClassConfig, DeviceConfig, DeviceError, FailSafeConfig, HeartbeatConfig, Parity, PointConfig,
    Transport,
};
pub use connect::{Connect, Stream};
pub use device::{ConfigError, Modbus};
pub use map::{Map, MapError, RegisterSink, RegisterSource};
pub use plan::PlanLimits;
pub use point::{PointError, ResolvedPoint};
pub use value::{Codec, Order, ValueType};
