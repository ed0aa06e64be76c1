//! The scan thread's ends of everything: frames, exchange, orders. They outlive
//! editions; an online change moves them to the new layout.

use crate::feed::FeedIn;
use crate::layout::Layout;
use crate::station_tags::StationValues;
use driver::{InputReader, OutputWriter};
use scan::{Door, Entry, Inlet, Outlet, Program, Scan, Witness};
use signal::{Quality, limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Values that one task gives to another.
#[derive(Clone, Debug, Default)]
pub struct ExchangeFrame {
    /// Scan of the giving task.
    pub scan: u64,
    /// Values in the order of the exports.
    pub cells: Vec<(u64, Quality)>,
}

/// A command on its way to a scan. Slots belong to an edition; an order for
/// another edition is dropped and counted.
#[derive(Clone, Copy, Debug)]
pub struct ScanOrder {
    /// The edition whose slots are meant.
    pub edition: u64,
    /// What to let in.
    pub entry: Entry,
}

/// Brings frames, other tasks' values, orders and the station's own values in.
pub struct TaskInlet {
    /// Readers of the drivers' inputs.
    pub drivers: Vec<InputReader>,
    /// Readers of other tasks' values.
    pub imports: Vec<triple_buffer::Output<ExchangeFrame>>,
    /// Commands.
    pub orders: rtrb::Consumer<ScanOrder>,
    /// The station's own values.
    pub station: StationValues,
    /// Where things are.
    pub layout: Layout,
    /// Orders dropped because they were meant for another edition.
    pub strays: Arc<AtomicU64>,
}

impl Inlet for TaskInlet {
    fn sample<W: Witness>(&mut self, _scan: &Scan, door: &mut Door<'_, W>) {
        for (reader, layout) in self.drivers.iter_mut().zip(&self.layout.drivers) {
            if let Some(frame) = reader.latest() {
                let cells = frame.cells.iter();
                door.frame(layout.source, cells.map(|cell| (cell.bits, cell.quality)));
            }
        }
        for (reader, source) in self.imports.iter_mut().zip(&self.layout.imports) {
            if reader.update() {
                let frame = reader.output_buffer_mut();
                door.frame(*source, frame.cells.iter().copied());
            }
        }
        door.frame(self.layout.station, self.station.cells());
        for _ in 0..limits::COMMANDS_PER_SCAN_MAX {
            let Ok(order) = self.orders.pop() else { break };
            if order.edition == self.layout.edition {
                door.admit(order.entry);
            } else {
                self.strays.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Takes commands to the drivers, values to other tasks, images to the desk.
pub struct TaskOutlet {
    /// Writers of the drivers' outputs.
    pub drivers: Vec<OutputWriter>,
    /// Writers of values for other tasks.
    pub exports: Vec<triple_buffer::Input<ExchangeFrame>>,
    /// Images for the desk.
    pub feed: FeedIn,
    /// Where things are.
    pub layout: Layout,
    /// False: drivers drive every output to its fail-safe value.
    pub armed: bool,
}

impl Outlet for TaskOutlet {
    fn publish(&mut self, scan: &Scan, program: &Program) {
        let image = &program.image;
        for (writer, layout) in self.drivers.iter_mut().zip(&self.layout.drivers) {
            writer.publish(|frame| {
                frame.scan = scan.index.0;
                frame.armed = self.armed;
                for (cell, slot) in frame.cells.iter_mut().zip(&layout.outputs) {
                    let from = image.cell(*slot);
                    cell.bits = from.bits;
                    cell.quality = from.quality();
                    cell.source_utc = scan.utc;
                }
            });
        }
        for (writer, (_, slots)) in self.exports.iter_mut().zip(&self.layout.exports) {
            let frame = writer.input_buffer_mut();
            frame.scan = scan.index.0;
            frame.cells.clear();
            frame.cells.extend(slots.iter().map(|slot| {
                let cell = image.cell(*slot);
                (cell.bits, cell.quality())
            }));
            writer.publish();
        }
        self.feed.send(scan.index.0, scan.utc.ns(), image);
    }
}

impl TaskOutlet {
    /// Tells every driver to go to its fail-safe values now; for the end of a scan
    /// thread, whatever the reason.
    pub fn disarm(&mut self, scan: u64) {
        self.armed = false;
        for writer in &mut self.drivers {
            writer.publish(|frame| {
                frame.scan = scan;
                frame.armed = false;
            });
        }
    }
}
