//! The scan thread's own ends under the counter: the inlet with frames, exchange and
//! orders, the outlet with frames, exchange and feed, and the witness. The far sides of
//! all of them are played here, between the scans.

use super::{counted, orders};
use driver::{InputWriter, OutputReader, input_frames, output_frames};
use plant::Plant;
use plant::resolve::TaskPlan;
use scan::{Entry, SimClock, Start, Task};
use signal::{Quality, Utc};
use station::feed::{FeedOut, feed};
use station::layout::Layout;
use station::ports::{ExchangeFrame, ScanOrder, TaskInlet, TaskOutlet};
use station::station_tags::StationValues;
use station::witness::{Item, ScanWitness};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const EDITION: u64 = 1;

/// The other side of everything that a scan thread touches.
struct FarSides {
    inputs: Vec<InputWriter>,
    outputs: Vec<OutputReader>,
    givers: Vec<triple_buffer::Input<ExchangeFrame>>,
    takers: Vec<triple_buffer::Output<ExchangeFrame>>,
    orders: rtrb::Producer<ScanOrder>,
    items: rtrb::Consumer<Item>,
    feed: FeedOut,
    strays: Arc<AtomicU64>,
    /// What was seen of it.
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    entries: u64,
    images: u64,
    commands: u64,
    values: u64,
}

fn exchange(
    cells: usize,
) -> (
    triple_buffer::Input<ExchangeFrame>,
    triple_buffer::Output<ExchangeFrame>,
) {
    let frame = ExchangeFrame {
        scan: 0,
        cells: vec![(0, Quality::NOT_WRITTEN); cells],
    };
    triple_buffer::TripleBuffer::new(&frame).split()
}

impl FarSides {
    /// Frames that move, values of other tasks, and an order now and then, some of them
    /// for an edition that is gone.
    fn before(&mut self, scan: u64, entries: &[Entry]) {
        let wave = scan % 200;
        let current_ma = 2.0 + wave as f64 * 0.1;
        for writer in &mut self.inputs {
            writer.publish(|frame| {
                for cell in frame.cells.iter_mut() {
                    cell.bits = current_ma.to_bits();
                    cell.quality = Quality::GOOD;
                }
            });
        }
        for giver in &mut self.givers {
            let frame = giver.input_buffer_mut();
            frame.scan = scan;
            frame.cells.fill((current_ma.to_bits(), Quality::GOOD));
            giver.publish();
        }
        if !entries.is_empty() && scan.is_multiple_of(7) {
            let entry = entries[(scan / 7) as usize % entries.len()];
            let edition = EDITION + u64::from(wave < 20);
            let _ = self.orders.push(ScanOrder { edition, entry });
        }
    }

    fn after(&mut self, scan: u64) {
        while let Ok(item) = self.items.pop() {
            self.seen.entries += u64::from(matches!(item, Item::Entry(_)));
        }
        for reader in &mut self.outputs {
            self.seen.commands += u64::from(reader.latest().is_some());
        }
        for taker in &mut self.takers {
            self.seen.values += u64::from(taker.update());
        }
        // The desk stands still for a while: the feed has no buffer left, and goes on.
        if scan % 500 < 400 {
            while let Some(frame) = self.feed.take() {
                self.seen.images += 1;
                self.feed.give_back(frame);
            }
        }
    }
}

fn ends(
    plant: &Plant,
    index: usize,
    linked: &scan::Linked,
) -> (TaskInlet, TaskOutlet, ScanWitness, FarSides) {
    let plan: &TaskPlan = &plant.tasks[index];
    let layout = Layout::new(plant, index, linked, EDITION);
    let (to_orders, orders) = rtrb::RingBuffer::new(64);
    let (items, of_items) = rtrb::RingBuffer::new(1 << 14);
    let (feed, of_feed) = feed(EDITION, &linked.program, plan.period_ns);
    let strays = Arc::new(AtomicU64::new(0));
    let mut far = FarSides {
        inputs: Vec::new(),
        outputs: Vec::new(),
        givers: Vec::new(),
        takers: Vec::new(),
        orders: to_orders,
        items: of_items,
        feed: of_feed,
        strays: strays.clone(),
        seen: Seen::default(),
    };
    let (mut readers, mut writers) = (Vec::new(), Vec::new());
    for driver in &layout.drivers {
        let (writer, reader) = input_frames(driver.inputs);
        far.inputs.push(writer);
        readers.push(reader);
        let (writer, reader) = output_frames(driver.outputs.len());
        far.outputs.push(reader);
        writers.push(writer);
    }
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for (_, tags) in &plan.exchange {
        let (giver, import) = exchange(tags.len());
        far.givers.push(giver);
        imports.push(import);
    }
    for (_, slots) in &layout.exports {
        let (export, taker) = exchange(slots.len());
        far.takers.push(taker);
        exports.push(export);
    }
    let station = StationValues {
        alarm_from: plan.overruns_alarm,
        drivers_ok: vec![true; plan.drivers.len()],
        ..StationValues::default()
    };
    let inlet = TaskInlet {
        drivers: readers,
        imports,
        orders,
        station,
        layout: layout.clone(),
        strays,
    };
    let outlet = TaskOutlet {
        drivers: writers,
        exports,
        feed,
        layout,
        armed: true,
    };
    let witness = ScanWitness::new(items, Arc::default());
    (inlet, outlet, witness, far)
}

/// Every task of a plant, with its own ends.
pub fn allocate_nothing(plant: &Plant) {
    for (index, task) in plant.link().tasks.into_iter().enumerate() {
        let plan = &plant.tasks[index];
        let entries = orders(&task.linked);
        let (inlet, outlet, witness, mut far) = ends(plant, index, &task.linked);
        let mut program = task.linked.program;
        program.start(Start::Cold);
        let mut task = Task {
            clock: SimClock::new(plan.period_ns, Utc(0)),
            program: Box::new(program),
            inlet,
            outlet,
            witness,
        };
        let mut scans = |from: u64, to: u64| {
            for scan in from..to {
                far.before(scan, &entries);
                assert!(task.run_once());
                let _ = std::hint::black_box(task.witness.durations(0));
                far.after(scan);
            }
        };
        scans(0, 10);
        let (allocations, ()) = counted(|| scans(10, 5_000));
        assert_eq!(allocations, 0, "the ends of task {}", plan.name);
        // All of it was at work.
        assert_eq!(task.witness.lost(), 0, "{:?}", far.seen);
        assert!(task.outlet.feed.skipped() > 0 && far.seen.images > 3_000);
        assert!(far.seen.entries > 1_000, "{:?}", far.seen);
        assert!(far.strays.load(Relaxed) > 0);
        assert_eq!(far.seen.commands > 0, !far.outputs.is_empty());
        assert_eq!(far.seen.values > 0, !far.takers.is_empty());
    }
}
