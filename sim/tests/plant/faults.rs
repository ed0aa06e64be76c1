//! Every fault of the whole plant does what it says, and goes when cleared.

use crate::bench::Bench;
use sim::faults::Target;
use sim::models::u100::PlantStart;
use sim::models::u100::map::{DI_MAINS, INSTRUMENTS, IO1, IO2, VALVES};
use sim::{Fault, FaultError, World, WorldConfig, plant_library};

#[test]
fn every_fault_of_both_libraries_is_injected_named_and_cleared() {
    let world = World::new(WorldConfig::u100(), 1);
    let entries: Vec<_> = world.library().copied().collect();
    assert!(entries.len() > 50, "{}", entries.len());
    for entry in entries {
        let targets: Vec<String> = match entry.target {
            Target::None => vec![entry.name.into()],
            Target::Pair => vec![entry.name.into(), format!("{}:TT-201A/TT-201B", entry.name)],
            Target::DosingLineOrValve => {
                let valves = VALVES.iter().map(|v| format!("{}:{}", entry.name, v.tag));
                valves.chain([entry.name.to_string()]).collect()
            }
            Target::StationOrAll => ["", ":io1", ":io2"]
                .map(|t| format!("{}{t}", entry.name))
                .to_vec(),
            Target::Transmitter => {
                let points = INSTRUMENTS
                    .iter()
                    .map(|p| format!("{}:{}", entry.name, p.tag));
                points.chain([format!("{}:TT-101A", entry.name)]).collect()
            }
            Target::Valve => VALVES
                .iter()
                .map(|v| format!("{}:{}", entry.name, v.tag))
                .collect(),
        };
        for name in targets {
            let mut world = world.clone();
            world.inject(&Fault::new(&name)).expect(&name);
            world.step(50_000_000);
            assert!(world.is_fault_active(&name), "{name}");
            assert!(world.clear(&name));
            world.step(50_000_000);
            assert_eq!(world.active_faults().count(), 0, "{name}");
        }
        assert!(
            !entry.english.is_empty() && entry.chinese.chars().any(|c| c > '\u{2e80}'),
            "{}",
            entry.name
        );
    }
}

#[test]
fn faults_of_the_whole_plant_are_unknown_to_the_reactor_alone() {
    let mut alone = World::new(WorldConfig::default(), 1);
    for entry in plant_library() {
        assert!(
            matches!(
                alone.inject(&Fault::new(entry.name)),
                Err(FaultError::UnknownFault { .. })
            ),
            "{}",
            entry.name
        );
    }
}

#[test]
fn cleared_faults_leave_no_trace_on_a_resting_plant() {
    // Noise does not depend on faults: a world that had none is the measure.
    for name in [
        "sensor-bias:TT-201A",
        "sensor-noise:PT-201B",
        "xv-leak-by:XV-115",
        "sensor-swap:TT-201A/TT-201B",
    ] {
        let mut clean = World::new(WorldConfig::u100(), 3);
        let mut had = clean.clone();
        had.inject(&Fault::new(name).for_s(5.0)).expect(name);
        clean.step(10_000_000_000);
        had.step(10_000_000_000);
        for (one, other) in had.stations().iter().zip(clean.stations()) {
            assert_eq!(one.tables(), other.tables(), "{name}");
        }
    }
}

#[test]
fn transmitter_faults_of_the_second_station_show_their_signals() {
    for (name, check) in [
        (
            "sensor-wire-break:TT-201A",
            (|ua| ua == 0) as fn(u16) -> bool,
        ),
        ("sensor-fail-high:TT-201A", |ua| ua == 21_000),
        ("sensor-fail-low:TT-201A", |ua| ua == 3600),
        ("flow-negative:TT-201A", |ua| ua == 3800),
        ("sensor-stuck-at:TT-201A", |ua| ua == 4000),
    ] {
        let mut bench = Bench::new(PlantStart::Hydrogenation);
        bench.fault(name);
        bench.live(1);
        assert!(
            check(bench.current_ua(IO2, 0)),
            "{name}: {}",
            bench.current_ua(IO2, 0)
        );
    }
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.fault("sensor-nan:WT-201");
    bench.live(1);
    assert!(bench.world.stations()[IO2].tables().float(20).is_nan());
}

#[test]
fn drift_noise_freeze_swap_and_rollover_distort_what_is_shown() {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.fault("sensor-drift:TT-201B");
    bench.fault("sensor-frozen:TT-201C");
    bench.fault("sensor-swap:PT-204/ST-201");
    bench
        .world
        .inject(&Fault::new("totaliser-rollover:WT-201").value(1000.0))
        .expect("accepted");
    bench.live(700);
    let celsius = |ir: usize| 200.0 * bench.fraction(IO2, ir);
    assert!(
        (celsius(1) - celsius(0) - 6.0).abs() < 0.6,
        "{} {}",
        celsius(1),
        celsius(0)
    );
    assert!(
        (bench.fraction(IO2, 11) - 0.5).abs() < 0.02,
        "800 of 1600 kPa"
    );
    let weight = f64::from(bench.world.stations()[IO2].tables().float(20));
    assert!(
        (weight - (bench.truth("R102.mass_kg") - 1000.0)).abs() < 3.0,
        "{weight}"
    );
    let frozen = bench.current_ua(IO2, 2);
    bench.demand("TV-201", 100.0);
    bench.live(300);
    assert_eq!(bench.current_ua(IO2, 2), frozen);
    bench.fault("sensor-noise:TT-201A");
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for _ in 0..30 {
        bench.live(1);
        let shown = 200.0 * bench.fraction(IO2, 0);
        (low, high) = (low.min(shown), high.max(shown));
    }
    assert!(high - low > 2.0, "{low}..{high}");
}

#[test]
fn swap_across_stations_or_with_a_float_is_refused() {
    let mut world = World::new(WorldConfig::u100(), 1);
    for pair in ["TT-101A/TT-201A", "TT-201A/WT-201", "TT-105/TT-105"] {
        let fault = Fault::new(format!("sensor-swap:{pair}"));
        assert!(
            matches!(world.inject(&fault), Err(FaultError::BadTarget { .. })),
            "{pair}"
        );
    }
    world
        .inject(&Fault::new("sensor-swap:TT-101A/TT-105"))
        .expect("one station");
}

#[test]
fn lost_station_falls_to_its_fail_positions_and_leaves_the_other_alone() {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.set("XV-201C", false);
    bench.set("XV-203", false);
    bench.live(5);
    bench.fault("io-station-loss:io2");
    bench.live(10);
    let stations = bench.world.stations();
    assert!(stations[IO2].is_silent() && stations[IO2].watchdog_expired());
    assert!(!stations[IO1].is_silent() && !stations[IO1].watchdog_expired());
    assert!(
        bench.input(IO2, 5) && bench.input(IO2, 9),
        "XV-201C and XV-203 open"
    );
    assert!(!bench.input(IO2, 0), "M-201 stops");
    assert!(bench.input(IO1, 8), "XV-111 of the other stays shut");
    bench.world.clear("io-station-loss:io2");
    bench.live(10);
    assert!(
        bench.input(IO2, 6) && bench.input(IO2, 10),
        "orders count again"
    );
}

#[test]
fn power_dip_drops_every_drive_and_tells_of_the_mains() {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    bench.set("P-103", true);
    bench.set("M-101", true);
    bench.live(10);
    assert!(bench.input(IO1, DI_MAINS) && bench.input(IO1, 25) && bench.input(IO2, 0));
    bench.fault("power-dip");
    bench.live(1);
    assert!(!bench.input(IO1, DI_MAINS));
    bench.live(5);
    assert!(bench.input(IO1, DI_MAINS));
    for (station, di) in [(IO1, 0), (IO1, 25), (IO2, 0)] {
        assert!(
            !bench.input(station, di),
            "a drive waits for a fresh command"
        );
    }
    bench.set("M-201", false);
    bench.live(1);
    bench.set("M-201", true);
    bench.live(1);
    assert!(bench.input(IO2, 0));
}

#[test]
fn gas_faults_reach_their_detectors() {
    let mut bench = Bench::new(PlantStart::Charged);
    for name in ["lel-release", "h2-leak", "n2-room-release"] {
        bench.fault(name);
    }
    bench.live(600);
    let over = (30..34)
        .filter(|ir| bench.fraction(IO1, *ir) >= 0.5)
        .count();
    assert_eq!(over, 3, "AE-121 to AE-124");
    assert!(bench.fraction(IO2, 15) >= 0.5 && bench.fraction(IO2, 16) >= 0.5);
    assert!(25.0 * bench.fraction(IO1, 34) < 19.5);
}

#[test]
fn lifted_safety_valve_relieves_the_autoclave_and_air_follows() {
    let mut config = WorldConfig::u100();
    config.r102.start.pressure_kpa_g = 400.0;
    let mut bench = Bench::of(config);
    bench.fault("psv-lift");
    bench.live(300);
    assert!(
        bench.truth("R102.P_kPaG") < 10.0,
        "{}",
        bench.truth("R102.P_kPaG")
    );
}

#[test]
fn markers_change_nothing_but_the_list_of_faults() {
    let mut clean = World::new(WorldConfig::u100(), 3);
    let mut marked = clean.clone();
    for name in ["engine-restart", "mes-link-loss"] {
        let entry = marked
            .library()
            .find(|entry| entry.name == name)
            .expect(name);
        assert!(entry.marker);
        marked.inject(&Fault::new(name)).expect(name);
    }
    clean.step(3_000_000_000);
    marked.step(3_000_000_000);
    assert_eq!(clean.tables(), marked.tables());
    assert!(marked.is_fault_active("engine-restart") && marked.is_fault_active("mes-link-loss"));
    marked.step(3_000_000_000);
    assert!(
        !marked.is_fault_active("engine-restart"),
        "it lasts five seconds"
    );
}
