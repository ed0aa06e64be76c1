//! Everything a driver is given, and the scan's side of it.

use std::sync::Arc;

use crate::clock::WallClock;
use crate::frame::{
    InputReader, InputWriter, OutputReader, OutputWriter, input_frames, output_frames,
};
use crate::health::Health;
use crate::point::{Point, count};
use crate::stop::{Stop, StopSource};

/// The driver's side of the field door.
pub struct Ports {
    /// Where inputs are published.
    pub inputs: InputWriter,
    /// Where the newest outputs are found.
    pub outputs: OutputReader,
    /// Where the driver says how it fares.
    pub health: Arc<Health>,
    /// When to end.
    pub stop: Stop,
    /// Wall time for source time stamps.
    pub clock: Arc<dyn WallClock>,
}

/// The scan's side of the field door.
pub struct FarSide {
    /// The newest inputs.
    pub inputs: InputReader,
    /// Where outputs are published.
    pub outputs: OutputWriter,
    /// How the driver fares.
    pub health: Arc<Health>,
    /// Ends the driver; so does dropping it.
    pub stop: StopSource,
}

/// Both sides of the field door for a driver with these points.
pub fn ports(points: &[Point], clock: Arc<dyn WallClock>) -> (Ports, FarSide) {
    let (inputs, outputs) = count(points);
    let (input_writer, input_reader) = input_frames(inputs);
    let (output_writer, output_reader) = output_frames(outputs);
    let health = Arc::new(Health::default());
    let (source, stop) = StopSource::new();
    (
        Ports {
            inputs: input_writer,
            outputs: output_reader,
            health: Arc::clone(&health),
            stop,
            clock,
        },
        FarSide {
            inputs: input_reader,
            outputs: output_writer,
            health,
            stop: source,
        },
    )
}
