//! Nothing is made or lost in the whole plant, whatever the valves do.

use proptest::prelude::*;
use sim::image::HR_HEARTBEAT;
use sim::models::u100::map::{IO1, IO2};
use sim::models::u100::{Inventory, PlantStart};
use sim::{World, WorldConfig};

use crate::bench::Bench;

/// One stretch of time: outputs of both stations, a fault, an action, seconds.
#[derive(Clone, Debug)]
struct Stretch {
    coils: [Vec<bool>; 2],
    demands: [Vec<u16>; 2],
    fault: Option<&'static str>,
    action: Option<&'static str>,
    seconds: u32,
}

const FAULTS: [&str; 12] = [
    "agitator-stop",
    "cooling-lost",
    "fv-101-stuck-open",
    "transfer-leak",
    "transfer-misroute",
    "psv-lift",
    "h2-regulator-fail",
    "r-102-disc-burst",
    "rupture-disc-burst",
    "n2-header-low",
    "manhole-open",
    "mains-loss",
];

const ACTIONS: [&str; 10] = [
    "charge-solvent",
    "refill-dosing-vessel",
    "charge-methanol",
    "charge-catalyst",
    "drain-r-101",
    "discharge-r-102",
    "drain-receiver",
    "drain-quench",
    "refill-quench",
    "clean-filter",
];

prop_compose! {
    fn any_stretch()(
        first in prop::collection::vec(any::<bool>(), 16),
        second in prop::collection::vec(any::<bool>(), 6),
        demands in prop::collection::vec(0..10_000u16, 5),
        more in prop::collection::vec(0..10_000u16, 4),
        speed in 0..1200u16,
        fault in prop::option::of(prop::sample::select(FAULTS.to_vec())),
        action in prop::option::of(prop::sample::select(ACTIONS.to_vec())),
        seconds in 5..240u32,
    ) -> Stretch {
        let mut demands = demands;
        demands.push(speed);
        let mut more = more;
        more.extend([0, speed * 2]);
        Stretch { coils: [first, second], demands: [demands, more], fault, action, seconds }
    }
}

fn play(world: &mut World, stretch: &Stretch) {
    for (station, (coils, demands)) in stretch.coils.iter().zip(&stretch.demands).enumerate() {
        let tables = world.tables_of_mut(station);
        tables.coils[..coils.len()].copy_from_slice(coils);
        tables.holding[..demands.len()].copy_from_slice(demands);
    }
    if let Some(name) = stretch.fault {
        world.inject(&sim::Fault::new(name)).expect(name);
    }
    if let Some(name) = stretch.action {
        // A vessel that has no room refuses: that is an answer, too.
        let _ = world.act(name, None);
    }
    for _ in 0..stretch.seconds {
        for station in [IO1, IO2] {
            let beat = &mut world.tables_of_mut(station).holding[HR_HEARTBEAT];
            *beat = beat.wrapping_add(1);
        }
        world.step(1_000_000_000);
    }
    let active: Vec<String> = world.active_faults().map(str::to_string).collect();
    for name in active {
        world.clear(&name);
    }
}

fn books(world: &World) -> Inventory {
    match world.plant() {
        sim::models::Plant::U100(plant) => plant.inventory(),
        sim::models::Plant::R101(_) => panic!("another model"),
    }
}

/// Every component, with the amount that its tolerance is relative to.
fn entries(books: &Inventory) -> [(&'static str, f64, f64); 11] {
    [
        ("A", books.a_kmol, 2.4),
        ("B", books.b_kmol, 2.5),
        ("toluene", books.toluene_kg, 950.0),
        ("methanol", books.methanol_kg, 1300.0),
        ("water", books.water_kg, 5400.0),
        ("catalyst", books.catalyst_kg, 15.0),
        ("hydrogen", books.hydrogen_mol, 1000.0),
        ("nitrogen", books.nitrogen_mol, 1000.0),
        ("oxygen", books.oxygen_mol, 100.0),
        ("shed gas", books.shed_kg, 1.0),
        ("mass", books.mass_kg, 7000.0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_component_and_all_energy_stay_on_the_books(
        start in prop::sample::select(vec![PlantStart::Charged, PlantStart::Empty, PlantStart::Hydrogenation]),
        stretches in prop::collection::vec(any_stretch(), 1..6),
    ) {
        let mut world = World::new(WorldConfig { start, ..WorldConfig::u100() }, 1);
        let first = books(&world);
        let mut last = first;
        for stretch in &stretches {
            play(&mut world, stretch);
            last = books(&world);
            for ((what, now, scale), (_, then, _)) in entries(&last).into_iter().zip(entries(&first)) {
                let error = (now - then).abs() / scale.max(then.abs());
                prop_assert!(error < 1e-9, "{what}: {now} against {then}");
            }
        }
        // 1 GJ is about what the reactions of one batch release.
        let error_j = (last.energy_j - first.energy_j).abs();
        prop_assert!(error_j < 1e-9 * (1e9 + first.energy_j.abs()), "energy off by {error_j} J");
        for name in world.truths() {
            let value = world.truth(name).unwrap_or(f64::NAN);
            prop_assert!(value.is_finite(), "{name} = {value}");
        }
    }

    #[test]
    fn any_cut_of_the_same_span_gives_the_same_plant(cuts in prop::collection::vec(1..300_000_000u64, 1..20)) {
        let mut pieces = World::new(WorldConfig::u100(), 7);
        let mut whole = pieces.clone();
        for cut in &cuts {
            pieces.step(*cut);
        }
        whole.step(cuts.iter().sum());
        for (one, other) in pieces.stations().iter().zip(whole.stations()) {
            prop_assert_eq!(one.tables(), other.tables());
        }
        prop_assert_eq!(books(&pieces), books(&whole));
    }
}

#[test]
fn whole_batch_closes_its_books() {
    // Dose, react, transfer, add methanol and catalyst, hydrogenate, discharge.
    let mut bench = Bench::new(PlantStart::Charged);
    let first = bench.plant().inventory();
    bench.demand("FV-101", 40.0);
    bench.set("XV-101A", true);
    bench.set("XV-101B", true);
    for _ in 0..4 * 60 {
        let warm = bench.truth("T") - 40.0;
        bench.demand("TV-101", (20.0 + 20.0 * warm).clamp(0.0, 100.0));
        bench.live(60);
    }
    for tag in ["XV-114", "XV-115", "XV-116", "P-103", "XV-202"] {
        bench.set(tag, true);
    }
    bench.demand("PV-202", 100.0);
    bench.live(1800);
    for tag in ["XV-115", "XV-116", "P-103", "XV-202"] {
        bench.set(tag, false);
    }
    bench.act("charge-methanol", Some(400.0));
    bench.act("charge-catalyst", None);
    bench.live(600);
    bench.m201_rpm(250.0);
    for tag in ["M-201", "XV-201A", "XV-201B"] {
        bench.set(tag, true);
    }
    bench.set("XV-201C", false);
    bench.demand("FV-201", 30.0);
    bench.demand("TV-201", 30.0);
    bench.live(2 * 3600);
    assert!(bench.truth("R102.nD") > 0.1, "{}", bench.truth("R102.nD"));
    bench.set("XV-201A", false);
    bench.act("discharge-r-102", None);
    bench.live(3600);
    let last = bench.plant().inventory();
    for ((what, now, scale), (_, then, _)) in entries(&last).into_iter().zip(entries(&first)) {
        let error = (now - then).abs() / scale.max(then.abs());
        assert!(error < 1e-9, "{what}: {now} against {then}");
    }
    let error_j = (last.energy_j - first.energy_j).abs();
    assert!(
        error_j < 1e-9 * 1e9_f64.max(first.energy_j.abs()) * 10.0,
        "{error_j} J"
    );
}

/// FNV-1a over both images.
fn digest(world: &World) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for station in world.stations() {
        let tables = station.tables();
        let bits = tables.coils.iter().chain(&tables.discrete);
        let words = tables.input.iter().chain(&tables.holding).copied();
        for word in bits.map(|&bit| u16::from(bit)).chain(words) {
            hash = (hash ^ u64::from(word)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

#[test]
fn recorded_digest_of_a_busy_half_hour_holds_on_every_platform() {
    // Changes when a model or its numbers change; never between machines.
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.m201_rpm(250.0);
    bench.set("XV-201C", false);
    bench.set("XV-201A", true);
    bench.set("XV-201B", true);
    bench.demand("FV-201", 45.0);
    bench.demand("TV-201", 40.0);
    bench.fault("sensor-drift:TT-201A");
    bench.act("charge-solvent", None);
    bench.live(900);
    for tag in ["XV-114", "XV-115", "XV-116", "P-103"] {
        bench.set(tag, true);
    }
    bench.live(900);
    assert_eq!(
        digest(&bench.world),
        RECORDED,
        "now {:#018x}",
        digest(&bench.world)
    );
}

const RECORDED: u64 = 0xdfc1_a6c3_1f21_51e6;
