//! A point: one value of a device, as declared at load.

use signal::Kind;

/// Which way a value goes, seen from the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the device to the scan.
    Input,
    /// From the scan to the device.
    Output,
}

/// What an output is driven to when the scan is not armed or has fallen silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FailSafe {
    /// No signal: coil 0, register 0. The default.
    #[default]
    DeEnergise,
    /// The last value written stays; if none was ever written, none is.
    Hold,
    /// A value, as cell bits of the point's kind.
    Preset(u64),
}

/// One value of a device. Fixed at load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Name, unique within the driver.
    pub name: String,
    /// Machine kind of the cell.
    pub kind: Kind,
    /// Which way it goes.
    pub direction: Direction,
    /// The address as written in the plant text, for people.
    pub address: String,
    /// What an output is driven to when nobody commands it. Without meaning for inputs.
    pub fail_safe: FailSafe,
    /// Name of the poll class; empty where the driver has none.
    pub class: String,
}

/// Number of input and of output points: the sizes of the two frames.
pub fn count(points: &[Point]) -> (usize, usize) {
    let inputs = points
        .iter()
        .filter(|p| p.direction == Direction::Input)
        .count();
    (inputs, points.len() - inputs)
}
