//! After start, a scan allocates nothing. A counting allocator; one test a binary,
//! so that nobody else's allocations are counted.

mod ends;

use scan::{
    Door, Entry, Inlet, NoWitness, Program, Scan, SimClock, Start, Task, TransferPlan, Witness,
};
use scanloop_tests::good;
use signal::{Quality, Utc};
use station::kinds::{Drivers, blocks};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations, frees and moves while `work` runs.
fn counted<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATIONS.load(Relaxed);
    let result = work();
    (ALLOCATIONS.load(Relaxed) - before, result)
}

/// Brings frames that move, and a command of each kind now and then.
struct Busy {
    points: usize,
    orders: Box<[Entry]>,
}

impl Inlet for Busy {
    fn sample<W: Witness>(&mut self, scan: &Scan, door: &mut Door<'_, W>) {
        let wave = scan.index.0 % 200;
        // Loop currents from below to above the live range of 4 to 20 mA.
        let current_ma = 2.0 + wave as f64 * 0.1;
        let quality = if wave == 150 {
            Quality::COMM_LOST
        } else {
            Quality::GOOD
        };
        door.frame(0, (0..self.points).map(|_| (current_ma.to_bits(), quality)));
        if !self.orders.is_empty() && wave.is_multiple_of(7) {
            let at = (scan.index.0 / 7) as usize % self.orders.len();
            door.admit(self.orders[at]);
        }
    }
}

fn task(program: Program, period_ns: u64, inlet: Busy) -> Task<SimClock, Busy, (), NoWitness> {
    Task {
        clock: SimClock::new(period_ns, Utc(0)),
        program: Box::new(program),
        inlet,
        outlet: (),
        witness: NoWitness,
    }
}

/// One command, request, force and release for every tag that takes one.
fn orders(linked: &scan::Linked) -> Box<[Entry]> {
    let mut orders = Vec::new();
    for tag in linked.tags.values() {
        let slot = tag.slot.index() as u32;
        orders.push(Entry::Force {
            slot,
            bits: tag.initial,
        });
        orders.push(Entry::Unforce { slot });
        if let Some(writable) = tag.writable {
            let slot = writable.slot.index() as u32;
            let bits = tag.kind.from_f64(1.0);
            orders.push(if writable.is_request {
                Entry::Request { slot, bits }
            } else {
                Entry::Write {
                    slot,
                    bits: tag.initial,
                }
            });
        }
    }
    orders.into_boxed_slice()
}

fn scans_allocate_nothing(plant: &plant::Plant) {
    for (linked, plan) in plant.link().tasks.into_iter().zip(&plant.tasks) {
        let orders = orders(&linked.linked);
        let points = plan.input.sources[0].tags.len();
        let mut program = linked.linked.program;
        program.start(Start::Cold);
        let mut task = task(program, plan.period_ns, Busy { points, orders });
        for _ in 0..10 {
            task.run_once();
        }
        let (allocations, ()) = counted(|| {
            for _ in 0..10_000 {
                task.run_once();
            }
        });
        assert_eq!(allocations, 0, "task {}", plan.name);
        let mut words = vec![0; task.program.state_len()];
        let (allocations, saved) = counted(|| task.program.save(&mut words));
        assert_eq!((allocations, saved), (0, Ok(())), "saving the state");
        let (allocations, _) = counted(|| task.program.image.digest());
        assert_eq!(allocations, 0, "the digest");
    }
}

fn online_change_allocates_nothing(plant: &plant::Plant) {
    let (mut old, mut new) = (plant.link(), plant.link());
    for (old, new) in old.tasks.iter_mut().zip(&mut new.tasks) {
        let mut plan = TransferPlan::new(&old.linked, &new.linked);
        let (from, to) = (&old.linked.program, &mut new.linked.program);
        let (allocations, carried) = counted(|| plan.carry(from, to));
        assert_eq!((allocations, carried), (0, true));
    }
}

fn text_plant() -> plant::Plant {
    plant::load_sources(good::sources(), &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

fn synthesis() -> plant::Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
    plant::load(&folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

#[test]
fn nothing_is_allocated_after_the_tenth_scan_nor_by_an_online_change() {
    let (allocations, list) = counted(|| vec![1, 2, 3]);
    assert!(allocations > 0 && list.len() == 3, "the counter counts");
    for plant in [text_plant(), synthesis()] {
        scans_allocate_nothing(&plant);
        ends::allocate_nothing(&plant);
        online_change_allocates_nothing(&plant);
    }
}
