//! A plant with two devices, both played by one simulation.

use plant::{Plant, Sources};
use station::closed_loop::{ClosedLoop, LoopError, world_of};
use station::kinds::{Drivers, blocks};
use station::scenario::{Scenario, run};

const PLANT: &str = r#"[plant]
name = "u100-bench"
title = { en = "U100 on the bench", zh = "U100试验台" }

[[task]]
name = "fast"
period_ms = 100

[[driver]]
name = "io1"
kind = "modbus"
task = "fast"
host = "192.168.10.11"
port = 502
unit_id = 1
heartbeat = { address = "hr10", period_ms = 500 }

[[driver]]
name = "io2"
kind = "modbus"
task = "fast"
host = "192.168.10.12"
port = 502
unit_id = 2
heartbeat = { address = "hr10", period_ms = 500 }

[sim]
model = "u100"
DRIVERS
start = "hydrogenation"
"#;

const UNIT: &str = r#"[unit]
name = "R-102"
title = { en = "Autoclave", zh = "氢化釜" }
area = "U100"
task = "fast"

[[input]]
tag = "TT-201A.RAW"
driver = "io2"
address = "ir0"
type = "u16"
scale = 0.001

[[input]]
tag = "LT-105.RAW"
driver = "io1"
address = "ir27"
type = "u16"
scale = 0.001

[[input]]
tag = "M-201.RUN"
driver = "io2"
address = "di0"

[[tag]]
name = "TIC-202.OUT"
desc = { en = "Cooling wanted", zh = "期望冷却开度" }
unit = "%"
range = [0.0, 100.0]
initial = 40.0

[[block]]
name = "TV-201"
kind = "AOUT"
desc = { en = "Cooling of R-102", zh = "R-102冷却阀" }
demand = "TIC-202.OUT"
safe = 100.0

[[output]]
tag = "TV-201.CMD"
driver = "io2"
address = "hr1"
type = "u16"
scale = 0.01
fail_safe = 100.0
"#;

fn plant_with(drivers: &str) -> Plant {
    let text = PLANT.replace("DRIVERS", drivers);
    let sources = Sources::from_texts([("plant.toml", text.as_str()), ("units/r102.toml", UNIT)]);
    plant::load_sources(sources, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

fn both() -> Plant {
    plant_with(r#"drivers = ["io1", "io2"]"#)
}

fn value(closed: &ClosedLoop, tag: &str) -> f64 {
    closed.read(tag).unwrap_or_else(|| panic!("no {tag}")).0
}

#[test]
fn each_driver_reads_and_writes_its_own_device() {
    let plant = both();
    let world = world_of(&plant, None, 1).expect("a world");
    let mut closed = ClosedLoop::new(&plant, world).expect("a loop");
    for _ in 0..100 {
        closed.tick();
    }
    // 55 °C of 0..200 °C and 68 % of 0..100 %, in mA.
    assert!((value(&closed, "TT-201A.RAW") - 8.4).abs() < 0.05);
    assert!((value(&closed, "LT-105.RAW") - 14.88).abs() < 0.1);
    assert!((value(&closed, "SYS.IO1_OK") - 1.0).abs() < 1e-9);
    closed.with_world(|world| {
        assert_eq!(world.stations()[1].tables().holding[1], 4000);
        assert!(world.stations().iter().all(|io| !io.watchdog_expired()));
    });
}

#[test]
fn loss_of_one_device_is_told_for_that_one_alone() {
    let plant = both();
    let world = world_of(&plant, None, 1).expect("a world");
    let mut closed = ClosedLoop::new(&plant, world).expect("a loop");
    closed
        .with_world(|world| world.inject(&sim::Fault::new("io-station-loss:io2")))
        .expect("known");
    for _ in 0..30 {
        closed.tick();
    }
    assert_eq!(
        (value(&closed, "SYS.IO1_OK"), value(&closed, "SYS.IO2_OK")),
        (1.0, 0.0)
    );
    let quality = |tag: &str| closed.read(tag).expect(tag).1;
    assert!(quality("LT-105.RAW").is_good() && !quality("TT-201A.RAW").is_good());
}

#[test]
fn number_of_drivers_must_be_the_number_of_stations() {
    let plant = plant_with(r#"driver = "io1""#);
    assert!(matches!(
        world_of(&plant, None, 1),
        Err(LoopError::Drivers {
            wanted: 2,
            given: 1,
            ..
        })
    ));
}

#[test]
fn scenario_names_actions_faults_and_truths_of_the_whole_plant() {
    let scenario: Scenario = toml::from_str(
        r#"title = { en = "Discharge", zh = "出料" }
for_s = 300

[[step]]
at_s = 1
action = "discharge-r-102"
value = 100

[[step]]
at_s = 1
fault = "lel-release"

[[expect]]
text = "a hundred kilograms leave"
read = "truth:R102.mass_kg"
near = 1620
within = 5

[[expect]]
text = "the gas detectors see the release"
read = "truth:LEL.AE121"
above = 50
"#,
    )
    .expect("a scenario");
    let report = run(&both(), &scenario, "discharge", |_| {}).expect("it runs");
    assert!(report.passed(), "{:?}", report.outcomes);
    let mut refused = scenario.clone();
    refused.steps[0].action = Some("open-sesame".into());
    assert!(run(&both(), &refused, "refused", |_| {}).is_err());
}

#[test]
fn restarted_engine_leaves_the_field_to_its_watchdogs_and_starts_cold() {
    let plant = both();
    let world = world_of(&plant, None, 1).expect("a world");
    let mut closed = ClosedLoop::new(&plant, world).expect("a loop");
    let run = |closed: &mut ClosedLoop, ticks: u32| (0..ticks).for_each(|_| closed.tick());
    assert!(closed.force("TIC-202.OUT", Some(75.0)));
    run(&mut closed, 50);
    assert_eq!(
        closed.with_world(|world| world.tables_of_mut(1).holding[1]),
        7500
    );
    closed
        .with_world(|world| world.inject(&sim::Fault::new("engine-restart")))
        .expect("known");
    run(&mut closed, 40);
    assert!(closed.with_world(|world| world.watchdog_expired()));
    run(&mut closed, 50);
    assert!(!closed.with_world(|world| world.watchdog_expired()));
    // The force is gone with the memory: the initial 40 % stand again.
    assert_eq!(
        closed.with_world(|world| world.tables_of_mut(1).holding[1]),
        4000
    );
    assert!((value(&closed, "TT-201A.RAW") - 8.4).abs() < 0.1);
}
