//! A whole station under trial: the demo plant in a folder of its own, its simulated
//! device behind real Modbus on loopback, everything observed from outside.
//!
//! Nothing here waits for a time to pass: everything waits for something to be seen,
//! with a deadline after which the trial has failed.

mod device;
mod link;
mod outputs;
mod process;
mod recording;
mod rig;
mod serial;
mod text;

pub use device::{Device, Written};
pub use link::{Link, Weather};
pub use outputs::{FieldOutput, Place, outputs};
pub use process::{Process, scanloop};
pub use recording::{continued, read, scans_of, walk};
pub use rig::{Rig, Run};
pub use serial::SerialDevice;
pub use text::{Folder, PlantText, load};

use std::time::{Duration, Instant};

/// Looks until there is something to see.
///
/// # Panics
/// After `deadline`, with `what`.
pub fn eventually<T>(what: &str, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            begun.elapsed() < deadline,
            "not seen within {deadline:?}: {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Looks at something for a while; the look itself asserts.
pub fn throughout(time: Duration, mut look: impl FnMut()) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        look();
        std::thread::sleep(Duration::from_millis(2));
    }
}
