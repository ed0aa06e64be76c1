//! Frames: all values of one driver in one direction, handed over wait-free.

use signal::{Quality, Utc};

/// One value as it crosses the field door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawCell {
    /// The 64 bits of the point's [`signal::Kind`].
    pub bits: u64,
    /// How far the value may be trusted.
    pub quality: Quality,
    /// When the value was read at its source. Zero: never.
    pub source_utc: Utc,
}

impl RawCell {
    /// A cell nobody has written yet: bad, not written.
    pub const NOT_WRITTEN: RawCell = RawCell {
        bits: 0,
        quality: Quality::NOT_WRITTEN,
        source_utc: Utc(0),
    };
}

impl Default for RawCell {
    fn default() -> Self {
        RawCell::NOT_WRITTEN
    }
}

/// Every input of one driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFrame {
    /// Number of the publication, counted by the writer from 1. 0: never published.
    pub sequence: u64,
    /// One cell per input point, in their order.
    pub cells: Box<[RawCell]>,
}

/// Every output of one driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFrame {
    /// Index of the scan that filled the frame. It must advance, or the driver
    /// takes the scan for dead.
    pub scan: u64,
    /// False: every output is driven to its fail-safe value.
    pub armed: bool,
    /// One cell per output point, in their order.
    pub cells: Box<[RawCell]>,
}

/// Writing end of a wait-free, latest-wins frame exchange.
///
/// Three buffers rotate below. The one handed to `fill` holds some older frame,
/// not the last one: every publication must fill every cell.
pub struct FrameWriter<F: Send> {
    input: triple_buffer::Input<F>,
    published: u64,
}

/// Reading end of a wait-free, latest-wins frame exchange.
pub struct FrameReader<F: Send> {
    output: triple_buffer::Output<F>,
}

/// The driver's end of its inputs.
pub type InputWriter = FrameWriter<InputFrame>;
/// The scan's end of a driver's inputs.
pub type InputReader = FrameReader<InputFrame>;
/// The scan's end of a driver's outputs.
pub type OutputWriter = FrameWriter<OutputFrame>;
/// The driver's end of its outputs.
pub type OutputReader = FrameReader<OutputFrame>;

fn exchange<F: Clone + Send>(initial: &F) -> (FrameWriter<F>, FrameReader<F>) {
    let (input, output) = triple_buffer::triple_buffer(initial);
    (
        FrameWriter {
            input,
            published: 0,
        },
        FrameReader { output },
    )
}

/// An exchange of input frames of `count` cells, all bad until published.
pub fn input_frames(count: usize) -> (InputWriter, InputReader) {
    exchange(&InputFrame {
        sequence: 0,
        cells: vec![RawCell::NOT_WRITTEN; count].into_boxed_slice(),
    })
}

/// An exchange of output frames of `count` cells, unarmed until published.
pub fn output_frames(count: usize) -> (OutputWriter, OutputReader) {
    exchange(&OutputFrame {
        scan: 0,
        armed: false,
        cells: vec![RawCell::NOT_WRITTEN; count].into_boxed_slice(),
    })
}

impl FrameWriter<InputFrame> {
    /// Fills a frame in place and makes it the newest. The sequence is set here.
    #[inline]
    pub fn publish(&mut self, fill: impl FnOnce(&mut InputFrame)) {
        self.published += 1;
        let frame = self.input.input_buffer_mut();
        fill(frame);
        frame.sequence = self.published;
        self.input.publish();
    }

    /// Publishes these cells. A length that differs from the frame's is a fault of
    /// structure: the shorter of the two is copied.
    pub fn publish_cells(&mut self, cells: &[RawCell]) {
        debug_assert_eq!(cells.len(), self.input.input_buffer_mut().cells.len());
        self.publish(|frame| {
            for (to, from) in frame.cells.iter_mut().zip(cells) {
                *to = *from;
            }
        });
    }
}

impl FrameWriter<OutputFrame> {
    /// Fills a frame in place and makes it the newest. `fill` must set every cell,
    /// `scan` and `armed`.
    #[inline]
    pub fn publish(&mut self, fill: impl FnOnce(&mut OutputFrame)) {
        self.published += 1;
        fill(self.input.input_buffer_mut());
        self.input.publish();
    }
}

impl<F: Send> FrameWriter<F> {
    /// How many frames have been published.
    pub fn published(&self) -> u64 {
        self.published
    }
}

impl<F: Send> FrameReader<F> {
    /// The newest frame, if one came since the last call.
    #[inline]
    pub fn latest(&mut self) -> Option<&F> {
        if self.output.update() {
            Some(self.output.output_buffer())
        } else {
            None
        }
    }

    /// Whether [`latest`](Self::latest) would bring a frame.
    #[inline]
    pub fn has_newer(&self) -> bool {
        self.output.updated()
    }

    /// The frame last taken by [`latest`](Self::latest), or the initial one.
    #[inline]
    pub fn current(&self) -> &F {
        self.output.output_buffer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(bits: u64) -> RawCell {
        RawCell {
            bits,
            quality: Quality::GOOD,
            source_utc: Utc(1),
        }
    }

    #[test]
    fn reader_sees_only_the_newest_frame_and_only_once() {
        let (mut writer, mut reader) = input_frames(2);
        assert!(reader.latest().is_none());
        writer.publish_cells(&[cell(1), cell(2)]);
        writer.publish_cells(&[cell(3), cell(4)]);
        assert!(reader.has_newer());
        let frame = reader.latest().expect("a new frame");
        assert_eq!((frame.sequence, frame.cells[1].bits), (2, 4));
        assert!(reader.latest().is_none());
        assert_eq!(reader.current().sequence, 2);
    }

    #[test]
    fn cells_are_bad_and_outputs_unarmed_before_the_first_publication() {
        let (_writer, reader) = input_frames(3);
        assert!(reader.current().cells.iter().all(|c| c.quality.is_bad()));
        let (_writer, reader) = output_frames(3);
        assert!(!reader.current().armed);
    }

    #[test]
    fn frames_cross_threads_untorn() {
        let (mut writer, mut reader) = input_frames(64);
        let thread = std::thread::spawn(move || {
            for n in 1..=20_000 {
                writer.publish(|frame| frame.cells.fill(cell(n)));
            }
        });
        let mut last = 0;
        while last < 20_000 {
            if let Some(frame) = reader.latest() {
                assert!(frame.cells.iter().all(|c| c.bits == frame.sequence));
                assert!(frame.sequence > last);
                last = frame.sequence;
            }
        }
        thread.join().expect("writer ends");
    }
}
