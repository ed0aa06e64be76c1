//! What a scan costs: whole scans of 10 000 and 1 000 blocks beside the same arithmetic
//! in C, bare controllers beside bare controllers in C, and the start from plant text.
//!
//! `cargo bench -p scanloop-benches --bench scan`; `-- --rounds 31` for more rounds,
//! `-- --only 1` (scans), `2` (controllers) or `3` (start).

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use driver::{InputWriter, RawCell, input_frames, output_frames};
use plant::Plant;
use plant::source::Sources;
use scan::{
    Door, Entry, Linked, NoWitness, Outlet, Program, Scan, ScanClock, SimClock, Task, Witness,
};
use scanloop_benches::measure::{Pairs, machine, median, ns_of, quantile};
use scanloop_benches::text;
use signal::{Quality, Signal, Utc};
use station::feed::{FeedOut, feed};
use station::layout::Layout;
use station::ports::{ScanOrder, TaskInlet, TaskOutlet};
use station::station_tags::StationValues;
use station::witness::{Durations, ITEMS_WAITING_MAX, Item, PARTS, ScanWitness};

#[cfg(c_peer)]
use scanloop_benches::peer::{Loops, Pids, Raw};

/// Scans of one round; the first few warm the caches and are not counted.
const SCANS: usize = 120;
const WARM: usize = 20;
const PHASES: usize = 256;

/// Raw values of every loop, moving on from scan to scan: 12 mA ± 1.5 mA.
struct Signals {
    table: Vec<f64>,
}

impl Signals {
    fn new(middle: f64, swing: f64) -> Signals {
        let angle = |phase: usize| phase as f64 / PHASES as f64 * core::f64::consts::TAU;
        Signals {
            table: (0..PHASES)
                .map(|phase| middle + swing * signal::math::sin(angle(phase)))
                .collect(),
        }
    }

    fn at(&self, scan: u64, index: usize) -> f64 {
        self.table[(scan as usize + 7 * index) % PHASES]
    }
}

/// A task with the station's own ends, and our ends of its frames.
struct Bench<O, W> {
    task: Task<SimClock, TaskInlet, O, W>,
    field: InputWriter,
    orders: rtrb::Producer<ScanOrder>,
    resets: Vec<u32>,
    points: usize,
}

fn load(files: Vec<(String, String)>) -> Plant {
    let sources = Sources::from_texts(files);
    plant::load_sources(sources, &station::kinds::blocks(), &station::kinds::Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

fn link(plant: &Plant) -> Linked {
    plant.link().tasks.remove(0).linked
}

/// The outlet of a station, with somebody who reads what it feeds.
struct RealOutlet {
    outlet: TaskOutlet,
    fed: FeedOut,
}

impl Outlet for RealOutlet {
    fn publish(&mut self, scan: &Scan, program: &Program) {
        self.outlet.publish(scan, program);
        while let Some(frame) = self.fed.take() {
            self.fed.give_back(frame);
        }
    }
}

fn real_outlet(plant: &Plant, linked: &Linked) -> RealOutlet {
    let layout = Layout::new(plant, 0, linked, 1);
    let drivers = layout
        .drivers
        .iter()
        .map(|driver| output_frames(driver.outputs.len()).0)
        .collect();
    let (feed, fed) = feed(1, &linked.program, plant.tasks[0].period_ns);
    RealOutlet {
        outlet: TaskOutlet {
            drivers,
            exports: Vec::new(),
            feed,
            layout,
            armed: true,
        },
        fed,
    }
}

impl<O: Outlet, W: Witness> Bench<O, W> {
    fn new(plant: &Plant, outlet: impl FnOnce(&Plant, &Linked) -> O, witness: W) -> Self {
        let mut linked = link(plant);
        let outlet = outlet(plant, &linked);
        let layout = Layout::new(plant, 0, &linked, 1);
        let points = layout.drivers[0].inputs;
        let (field, reader) = input_frames(points);
        let (orders, waiting) = rtrb::RingBuffer::new(signal::limits::COMMANDS_WAITING_MAX);
        let resets = linked
            .tags
            .values()
            .filter(|tag| tag.name.ends_with(".RESET"))
            .filter_map(|tag| tag.writable)
            .map(|writable| writable.slot.index() as u32)
            .collect();
        linked.program.start(scan::Start::Cold);
        Bench {
            task: Task {
                clock: SimClock::new(plant.tasks[0].period_ns, Utc(0)),
                program: Box::new(std::mem::replace(&mut linked.program, Program::empty())),
                inlet: TaskInlet {
                    drivers: vec![reader],
                    imports: Vec::new(),
                    orders: waiting,
                    station: StationValues {
                        drivers_ok: vec![true],
                        ..StationValues::default()
                    },
                    layout,
                    strays: Arc::default(),
                },
                outlet,
                witness,
            },
            field,
            orders,
            resets,
            points,
        }
    }

    /// The field brings a frame; not timed.
    fn feed(&mut self, scan: u64, signals: &Signals) {
        let points = self.points;
        self.field.publish(|frame| {
            for (index, cell) in frame.cells[..points].iter_mut().enumerate() {
                *cell = RawCell {
                    bits: signals.at(scan, index).to_bits(),
                    quality: Quality::GOOD,
                    source_utc: Utc(scan as i64),
                };
            }
        });
    }

    /// One timed scan.
    fn scan(&mut self, signals: &Signals) -> f64 {
        let scan = self.task.clock.next_release().expect("never ends");
        self.feed(scan.index.0, signals);
        ns_of(|| self.task.scan(&scan))
    }

    /// Scans until every trip group is reset.
    fn settle(&mut self, signals: &Signals) {
        for _ in 0..3 {
            self.scan(signals);
        }
        let resets = std::mem::take(&mut self.resets);
        for part in resets.chunks(60) {
            for &slot in part {
                let entry = Entry::Request { slot, bits: 1 };
                let order = ScanOrder { edition: 1, entry };
                self.orders.push(order).expect("room for orders");
            }
            self.scan(signals);
        }
        self.scan(signals);
    }

    fn round(&mut self, signals: &Signals, mut between: impl FnMut(&mut Self)) -> f64 {
        let mut times = Vec::with_capacity(SCANS);
        for _ in 0..SCANS {
            times.push(self.scan(signals));
            between(self);
        }
        quantile(&mut times[WARM..], 0.5)
    }
}

/// Keeps the digest, so that it must be formed.
#[derive(Default)]
struct Digest(u64);

impl Witness for Digest {
    fn end(&mut self, _scan: &Scan, digest: u64) {
        self.0 = black_box(digest);
    }
}

struct Recorded {
    witness: Bench<RealOutlet, ScanWitness>,
    items: rtrb::Consumer<Item>,
    parts: Vec<Vec<f64>>,
}

impl Recorded {
    fn new(plant: &Plant) -> Recorded {
        let (producer, items) = rtrb::RingBuffer::new(ITEMS_WAITING_MAX);
        Recorded {
            witness: Bench::new(
                plant,
                real_outlet,
                ScanWitness::new(producer, Arc::default()),
            ),
            items,
            parts: vec![Vec::new(); PARTS.len()],
        }
    }

    fn round(&mut self, signals: &Signals) -> f64 {
        let Recorded {
            witness,
            items,
            parts,
        } = self;
        witness.round(signals, |bench| {
            while items.pop().is_ok() {}
            let durations: Durations = bench.task.witness.durations(0);
            for (part, ns) in parts.iter_mut().zip(durations) {
                part.push(f64::from(ns));
            }
        })
    }
}

#[cfg(c_peer)]
struct InC {
    loops: Loops,
    raws: Vec<Raw>,
    scan: u64,
    dt: f64,
}

#[cfg(c_peer)]
impl InC {
    fn new(loops: usize, groups: usize, dt: f64) -> InC {
        InC {
            loops: Loops::new(loops, groups),
            raws: vec![Raw::default(); loops],
            scan: 0,
            dt,
        }
    }

    fn scan(&mut self, signals: &Signals, reset: bool) -> f64 {
        self.scan += 1;
        for (index, raw) in self.raws.iter_mut().enumerate() {
            *raw = Raw {
                value: signals.at(self.scan, index),
                stamp: self.scan,
                quality: 0,
            };
        }
        let (scan, dt) = (self.scan, self.dt);
        ns_of(|| self.loops.scan(&self.raws, scan, dt, reset))
    }

    fn round(&mut self, signals: &Signals) -> f64 {
        let mut times: Vec<f64> = (0..SCANS).map(|_| self.scan(signals, false)).collect();
        quantile(&mut times[WARM..], 0.5)
    }
}

/// Both sides with the same signals must give the same commands.
#[cfg(c_peer)]
fn prove_equal(plant: &Plant, loops: usize, groups: usize, dt: f64) {
    let signals = Signals::new(12.0, 1.5);
    let mut ours = Bench::new(plant, real_outlet, NoWitness);
    let mut in_c = InC::new(loops, groups, dt);
    ours.settle(&signals);
    // Both have tripped outputs until their resets, then control goes on.
    let scans = ours.task.program.image_scan();
    for _ in 0..scans {
        in_c.scan(&signals, in_c.scan + 2 == scans);
    }
    for _ in 0..500 {
        ours.scan(&signals);
        in_c.scan(&signals, false);
    }
    let image = &ours.task.program.image;
    let slots = &ours.task.outlet.outlet.layout.drivers[0].outputs;
    let mut moving = 0;
    for (index, slot) in slots.iter().enumerate() {
        let mine = f64::from_bits(image.cell(*slot).bits);
        let theirs = in_c.loops.command(index);
        assert!(
            (mine - theirs).abs() < 1e-9,
            "loop {index}: {mine} {theirs}"
        );
        moving += usize::from(mine > 0.0 && mine < 100.0);
    }
    assert!(moving > loops / 2, "{moving} of {loops} loops control");
}

fn row(name: &str, pairs: &Pairs, blocks: usize) {
    let ours = median(&pairs.ours);
    println!(
        "| {name} | {:.1} | {:.2} | {} |",
        ours / 1e3,
        ours / blocks as f64,
        pairs.ratio_text()
    );
}

fn whole_scans(blocks: usize, period_ms: u64, rounds: usize) {
    let (loops, groups) = text::sizes(blocks);
    let plant = load(text::loops(loops, groups, period_ms));
    let linked = link(&plant);
    let cells = linked.program.image.cells().len();
    println!(
        "\n## {blocks} blocks ({loops} loops, {groups} trip groups) at {period_ms} ms: {} tags, {cells} cells\n",
        linked.tags.len()
    );
    drop(linked);
    let signals = Signals::new(12.0, 1.5);
    let mut bare = Bench::new(&plant, |_, _| (), NoWitness);
    let mut digest = Bench::new(&plant, |_, _| (), Digest::default());
    let mut copied = Bench::new(&plant, real_outlet, NoWitness);
    let mut whole = Bench::new(&plant, real_outlet, Digest::default());
    let mut recorded = Recorded::new(&plant);
    bare.settle(&signals);
    digest.settle(&signals);
    copied.settle(&signals);
    whole.settle(&signals);
    recorded.witness.settle(&signals);
    #[cfg(c_peer)]
    let mut in_c = {
        let dt = period_ms as f64 * 1e-3;
        prove_equal(&plant, loops, groups, dt);
        let mut in_c = InC::new(loops, groups, dt);
        in_c.scan(&signals, true);
        println!(
            "C: {} bytes of state in {} bytes a loop; equal commands to 1e-9 over 500 scans\n",
            in_c.loops.bytes(),
            in_c.loops.bytes() / loops
        );
        in_c
    };
    let mut table = vec![Pairs::default(); 5];
    for _ in 0..rounds {
        #[cfg(c_peer)]
        let peer = in_c.round(&signals);
        #[cfg(not(c_peer))]
        let peer = f64::NAN;
        table[0].push(bare.round(&signals, |_| {}), peer);
        table[1].push(digest.round(&signals, |_| {}), peer);
        table[2].push(copied.round(&signals, |_| {}), peer);
        table[3].push(whole.round(&signals, |_| {}), peer);
        table[4].push(recorded.round(&signals), peer);
    }
    println!(
        "| a scan, p50 | µs | ns a block | × C (least–greatest of {rounds} rounds) |\n| --- | --- | --- | --- |"
    );
    println!(
        "| C, one pass | {:.1} | {:.2} | 1 |",
        median(&table[0].peer) / 1e3,
        median(&table[0].peer) / blocks as f64
    );
    for (name, pairs) in [
        "frame in, blocks",
        "… and digest",
        "… and outputs, image copied out",
        "… both: the whole scan",
        "… and the recorder's ring, five time stamps",
    ]
    .iter()
    .zip(&table)
    {
        row(name, pairs, blocks);
    }
    let parts: Vec<String> = PARTS
        .iter()
        .zip(&recorded.parts)
        .filter(|((name, ..), _)| *name != "wake-up")
        .map(|((name, ..), ns)| format!("{name} {:.1}", median(ns) / 1e3))
        .collect();
    println!("\nParts of the last row, µs: {}.", parts.join(", "));
    let speed = |ns: f64| period_ms as f64 * 1e6 / ns;
    println!(
        "Speed when simulated: {:.0} × real time (whole scan), {:.0} × (frame in, blocks).",
        speed(median(&table[3].ours)),
        speed(median(&table[0].ours))
    );
}

fn controllers(count: usize, rounds: usize) {
    let plant = load(text::controllers(count, 100));
    let mut linked = link(&plant);
    let mut program = std::mem::replace(&mut linked.program, Program::empty());
    program.start(scan::Start::Cold);
    let signals = Signals::new(75.0, 10.0);
    let mut task = Task {
        clock: SimClock::new(100_000_000, Utc(0)),
        program: Box::new(program),
        inlet: (),
        outlet: (),
        witness: NoWitness,
    };
    #[cfg(c_peer)]
    let mut in_c = Pids::new(count, 75.0, [0.5, 60.0, 4.0], 75.0, 0.1);
    let mut pairs = Pairs::default();
    for _ in 0..rounds {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..SCANS {
            let scan = task.clock.next_release().expect("never ends");
            let frame =
                (0..count).map(|index| (signals.at(scan.index.0, index).to_bits(), Quality::GOOD));
            Door::new(&mut task.program, &mut NoWitness).frame(0, frame);
            ours.push(ns_of(|| task.scan(&scan)));
        }
        #[cfg(c_peer)]
        for scan in 0..SCANS {
            for (index, pv) in in_c.measurements().iter_mut().enumerate() {
                *pv = signals.at(scan as u64, index);
            }
            theirs.push(ns_of(|| in_c.scan()));
        }
        #[cfg(not(c_peer))]
        theirs.resize(SCANS, f64::NAN);
        pairs.push(
            quantile(&mut ours[WARM..], 0.5) / count as f64,
            quantile(&mut theirs[WARM..], 0.5) / count as f64,
        );
    }
    #[cfg(c_peer)]
    black_box(in_c.out(0));
    let (out, mode) = (
        &linked.tags["TIC-10000.OUT"],
        &linked.tags["TIC-10000.MODE_ACT"],
    );
    let image = &task.program.image;
    assert_eq!(i64::from_bits(image.cell(mode.slot).bits), 1, "in AUTO");
    let out = f64::from_bits(image.cell(out.slot).bits);
    assert!(out > 0.0 && out < 100.0, "{out} is within limits");
    println!(
        "| {count} | {:.2} | {:.2} | {} |",
        median(&pairs.ours),
        median(&pairs.peer),
        pairs.ratio_text()
    );
}

/// Seconds that this thread has run: what other users of the machine take is not in it.
fn thread_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = text
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse::<f64>().ok());
    ns.unwrap_or(0.0) * 1e-9
}

fn start(blocks: usize, rounds: usize) {
    let (loops, groups) = text::sizes(blocks);
    let files = text::loops(loops, groups, 100);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let signals = Signals::new(12.0, 1.5);
    let mut table = vec![Vec::new(); 4];
    for _ in 0..rounds {
        let files = files.clone();
        let (begin, used) = (Instant::now(), thread_s());
        let plant = load(files);
        let loaded = thread_s() - used;
        let mut bench = Bench::new(&plant, real_outlet, Digest::default());
        let linked = thread_s() - used;
        bench.scan(&signals);
        let ms = [
            loaded,
            linked - loaded,
            thread_s() - used,
            begin.elapsed().as_secs_f64(),
        ];
        for (column, s) in table.iter_mut().zip(ms) {
            column.push(s * 1e3);
        }
    }
    let text = |column: &Vec<f64>| {
        let least = column.iter().copied().fold(f64::INFINITY, f64::min);
        format!("{:.0} (least {least:.0})", median(column))
    };
    println!(
        "\nStart of {blocks} blocks from {:.1} MB of text to the end of the first scan, ms, median of {rounds}: {} by the clock, {} of processor time, of that text read and checked {}, linked {}.",
        bytes as f64 / 1e6,
        text(&table[3]),
        text(&table[2]),
        text(&table[0]),
        text(&table[1])
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|word| word == name)?;
        arguments.get(at + 1)?.parse::<usize>().ok()
    };
    let rounds = option("--rounds").unwrap_or(15);
    println!("# scan\n\n{}", machine());
    let only = option("--only");
    let wanted = |part: usize| only.is_none_or(|only| only == part);
    if wanted(1) {
        whole_scans(10_000, 100, rounds);
        whole_scans(1_000, 10, rounds);
    }
    if wanted(2) {
        println!(
            "\n## PID blocks alone\n\n| blocks | ours, ns | C, ISA form, ns | ratio |\n| --- | --- | --- | --- |"
        );
        controllers(1_000, rounds);
        controllers(10_000, rounds);
    }
    if wanted(3) {
        start(10_000, rounds.min(7));
    }
    println!("\n{}", machine());
}
