//! The field door: what every driver is, and what stands between it and the scan.
//!
//! ```text
//!            scan thread                 |            tokio
//!                                        |
//!   InputReader::latest  <== triple ==   |  <-- InputWriter::publish   +--------+   wire   +--------+
//!   (newest input frame)     buffer      |                             | driver | <------> | device |
//!   OutputWriter::publish == triple ==>  |  --> OutputReader::latest   +--------+          +--------+
//!   (newest output frame)    buffer      |                               |    ^
//!                                        |              Health (atomics) v    | Stop, WallClock
//! ```
//!
//! Both directions carry whole frames, the newest wins, and neither side ever
//! waits for the other. A frame is sized once, at load; afterwards nothing here
//! allocates. Cells of an input frame stand in the order of the driver's input
//! points, cells of an output frame in the order of its output points.
//!
//! Reading order: [`point`], [`frame`], [`mod@ports`], [`clock`], [`stop`], [`health`], [`pace`],
//! then the wicked twin [`faulty`] and the kit [`conformance`].
//!
//! What is deliberately absent: no driver ever calls into the scan, no scan ever
//! waits for a driver, and no error crosses this door. An error is a quality in a
//! cell and a count in [`Health`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod clock;
pub mod conformance;
pub mod faulty;
pub mod frame;
pub mod health;
pub mod pace;
pub mod point;
pub mod ports;
pub mod random;
pub mod stop;

use std::future::Future;
use std::pin::Pin;

pub use clock::{ManualClock, SystemClock, WallClock};
pub use faulty::{Faulty, Plan};
pub use frame::{
    FrameReader, FrameWriter, InputFrame, InputReader, InputWriter, OutputFrame, OutputReader,
    OutputWriter, RawCell, input_frames, output_frames,
};
pub use health::{Health, HealthSnapshot, HealthState};
pub use pace::{Follower, Pace};
pub use point::{Direction, FailSafe, Point};
pub use ports::{FarSide, Ports, ports};
pub use stop::{Stop, StopSource};

/// A boxed future, as drivers return it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A fieldbus neighbour. Lives on tokio, never on the scan thread.
pub trait Driver: Send + 'static {
    /// The points this driver serves: fixed at load, in a fixed order.
    fn points(&self) -> &[Point];

    /// Serves the points until told to stop. Loss of the device is no reason to
    /// end: the driver marks its inputs bad, backs off and tries again.
    fn run(self: Box<Self>, ports: Ports) -> BoxFuture<Exit>;
}

impl Driver for Box<dyn Driver> {
    fn points(&self) -> &[Point] {
        (**self).points()
    }

    fn run(self: Box<Self>, ports: Ports) -> BoxFuture<Exit> {
        (*self).run(ports)
    }
}

/// Why a driver's future has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was told to stop.
    Stopped,
    /// It cannot go on; whoever started it decides whether to start another.
    Failed {
        /// What happened, for the diagnostic page.
        cause: String,
    },
}
