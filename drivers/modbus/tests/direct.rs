//! The map without a socket: the same values as through one.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::{Driver, RawCell};
use modbus::bank::Direct;
use modbus::device::map_of;
use modbus::{DeviceConfig, Modbus};
use modbus_server::{Bank, Tables};
use proptest::prelude::*;
use signal::{Quality, Reason, Utc};
use support::{Rig, device, point, points_of_all_sorts, wire};

const DEVICE: &str = r#"
    classes = [{ name = "fast", period_ms = 10 }, { name = "slow", period_ms = 20 }]
"#;

fn good(bits: u64) -> RawCell {
    RawCell {
        bits,
        quality: Quality::GOOD,
        source_utc: Utc(1),
    }
}

fn random_tables(seed: u64) -> Tables {
    let mut random = driver::random::Random::seeded(seed);
    let mut tables = Tables::new(100, 100, 100, 100);
    for register in tables
        .input_registers
        .iter_mut()
        .chain(&mut tables.holding_registers)
    {
        *register = random.next_u64() as u16;
    }
    for bit in tables.coils.iter_mut().chain(&mut tables.discrete_inputs) {
        *bit = random.chance_ppm(500_000);
    }
    tables
}

#[tokio::test(start_paused = true)]
async fn the_map_alone_and_the_wire_give_the_same_cells_and_registers() {
    let points = points_of_all_sorts();
    for seed in 0..20 {
        let tables = random_tables(seed);
        let mut direct_tables = tables.clone();
        let map = map_of(&device(DEVICE), &points).expect("a map");
        let mut cells = map.input_cells();
        map.decode_from(&mut Direct(&mut direct_tables), Utc(1), &mut cells);

        let wired_tables = Arc::new(Mutex::new(tables));
        let (wire, _cutter) = wire(wired_tables.clone());
        let modbus = Modbus::over(device(DEVICE), &points, wire);
        let modbus = modbus.unwrap_or_else(|errors| panic!("{errors:?}"));
        assert_eq!(modbus.points(), map.points());
        let mut rig = Rig::start(modbus);
        tokio::time::sleep(Duration::from_millis(100)).await;
        rig.far.inputs.latest();
        assert_eq!(rig.far.inputs.current().cells, cells);

        let mut random = driver::random::Random::seeded(seed + 100);
        let commands: Vec<u64> = (0..map.outputs())
            .map(|index| match map.output_kind(index) {
                signal::Kind::Real => (random.below(20_000) as f64 / 100.0 - 50.0).to_bits(),
                signal::Kind::Bool => random.below(2),
                signal::Kind::Int => random.next_u64() >> 30,
            })
            .collect();
        let output_cells: Vec<RawCell> = commands.iter().map(|c| good(*c)).collect();
        let direct = map.encode_to(&output_cells, &mut Direct(&mut direct_tables));
        assert_eq!(direct, Ok(()));
        rig.run(100, &commands).await;
        let wired = wired_tables.lock().expect("unpoisoned");
        assert_eq!(wired.coils, direct_tables.coils);
        assert_eq!(wired.holding_registers, direct_tables.holding_registers);
    }
}

#[test]
fn a_wrong_address_blinds_only_its_own_point_without_a_socket_too() {
    let mut points = support::registers(0, 10);
    points.push(point("name = \"beyond\"\naddress = \"ir12\""));
    let map = map_of(&DeviceConfig::default(), &points).expect("a map");
    assert_eq!(map.ranges().len(), 1);
    let mut tables = Tables::new(0, 0, 0, 11);
    let mut cells = map.input_cells();
    map.decode_from(&mut Direct(&mut tables), Utc(5), &mut cells);
    assert!(
        cells[..10]
            .iter()
            .all(|c| *c == RawCell { bits: 0, ..good(0) }.at(Utc(5)))
    );
    assert_eq!(cells[10].quality.reason(), Reason::Configuration);
}

trait At {
    fn at(self, utc: Utc) -> Self;
}

impl At for RawCell {
    fn at(mut self, utc: Utc) -> Self {
        self.source_utc = utc;
        self
    }
}

#[test]
fn commands_that_are_none_drive_fail_safe_values() {
    let points = [
        point(
            "name = \"a\"\naddress = \"hr0\"\ndirection = \"output\"\nscale = 0.01\nfail_safe = 100",
        ),
        point("name = \"b\"\naddress = \"hr1\"\ndirection = \"output\"\nscale = 0.01"),
        point(
            "name = \"c\"\naddress = \"hr2\"\ndirection = \"output\"\ntype = \"f32\"\nfail_safe = \"hold\"",
        ),
        point("name = \"d\"\naddress = \"hr4\"\ndirection = \"output\""),
    ];
    let map = map_of(&DeviceConfig::default(), &points).expect("a map");
    let mut tables = Tables::new(0, 0, 8, 0);
    tables.holding_registers.fill(7);
    let nan = good(f64::NAN.to_bits());
    let cells = [nan, RawCell::NOT_WRITTEN, nan, good(33)];
    let written = map.encode_to(&cells, &mut Direct(&mut tables));
    assert_eq!(written, Ok(()));
    assert_eq!(tables.holding_registers, [10_000, 0, 7, 7, 33, 7, 7, 7]);
    // A decision made on bad inputs is still a decision.
    let mut tripped = good(12.5_f64.to_bits());
    tripped.quality = Quality::COMM_LOST;
    let cells = [tripped, tripped, tripped, good(1)];
    assert_eq!(map.encode_to(&cells, &mut Direct(&mut tables)), Ok(()));
    assert_eq!(tables.holding_registers[..2], [1_250, 1_250]);
    assert_eq!(map.fail_safe_to(&mut Direct(&mut tables)), Ok(()));
    assert_eq!(tables.holding_registers[..2], [10_000, 0]);
    assert_eq!(tables.holding_registers[4], 0);
}

#[test]
fn a_register_that_is_no_output_is_never_written() {
    struct Guard(Tables, Vec<bool>);
    impl modbus::RegisterSink for Guard {
        fn write_coils(&mut self, _: u16, _: &[bool]) -> Result<(), Quality> {
            Ok(())
        }
        fn write_registers(&mut self, at: u16, values: &[u16]) -> Result<(), Quality> {
            let at = usize::from(at);
            assert!(self.1[at..at + values.len()].iter().all(|own| *own));
            self.0
                .write_registers(at as u16, values)
                .map_err(|_| Quality::BAD)
        }
        fn mask_write(&mut self, _: u16, _: u16, _: u16) -> Result<(), Quality> {
            Ok(())
        }
    }
    let mut random = driver::random::Random::seeded(8);
    for _ in 0..300 {
        let mut points = Vec::new();
        let mut own = vec![false; 600];
        let mut at = 0;
        while at < 500 {
            at += random.below(3) as usize;
            let (kind, width) = [("u16", 1), ("f32", 2), ("i64", 4)][random.below(3) as usize];
            let hold = random.chance_ppm(200_000);
            let fail_safe = if hold { "hold" } else { "de-energise" };
            points.push(point(&format!(
                "name = \"{at}\"\naddress = \"hr{at}\"\ntype = \"{kind}\"\ndirection = \"output\"\nfail_safe = \"{fail_safe}\""
            )));
            own[at..at + width].fill(!hold);
            at += width;
        }
        let map = map_of(&DeviceConfig::default(), &points).expect("a map");
        let mut guard = Guard(Tables::new(0, 0, 600, 0), own.clone());
        guard.0.holding_registers.fill(9);
        assert_eq!(map.fail_safe_to(&mut guard), Ok(()));
        for (at, own) in own.iter().enumerate() {
            assert_eq!(guard.0.holding_registers[at], if *own { 0 } else { 9 });
        }
    }
}

#[test]
fn points_that_collide_are_refused_with_their_names() {
    for (one, other, said) in [
        (
            "address = \"hr0\"\ntype = \"f32\"",
            "address = \"hr1\"",
            "write the same place, hr1",
        ),
        (
            "address = \"hr1.3\"",
            "address = \"hr1.3\"",
            "write the same place",
        ),
        (
            "address = \"hr1.3\"",
            "address = \"hr1\"",
            "write the same place",
        ),
        (
            "address = \"co1\"",
            "address = \"co1\"",
            "write the same place, co1",
        ),
        ("address = \"hr20\"", "address = \"hr2\"", "the heartbeat's"),
        (
            "address = \"hr1\"\nclass = \"x\"",
            "address = \"hr2\"",
            "class \"x\" is not declared",
        ),
    ] {
        let points = [
            point(&format!("name = \"one\"\ndirection = \"output\"\n{one}")),
            point(&format!(
                "name = \"other\"\ndirection = \"output\"\n{other}"
            )),
        ];
        let config = device("heartbeat = { address = \"hr20\", period_ms = 100 }");
        let errors = map_of(&config, &points).expect_err(said);
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(text.iter().any(|t| t.contains(said)), "{text:?}");
    }
}

proptest! {
    #[test]
    fn whatever_a_device_shows_no_cell_is_good_and_not_finite(seed: u64) {
        let points = points_of_all_sorts();
        let map = map_of(&device(DEVICE), &points).expect("a map");
        let mut tables = random_tables(seed);
        let mut cells = map.input_cells();
        map.decode_from(&mut Direct(&mut tables), Utc(1), &mut cells);
        let inputs = map.points().iter().filter(|p| p.direction == driver::Direction::Input);
        for (cell, point) in cells.iter().zip(inputs) {
            if point.kind == signal::Kind::Real {
                prop_assert!(f64::from_bits(cell.bits).is_finite());
            }
        }
    }
}
