//! The bank against a real desk with a clock and an image of the test's own.

use super::config::offer;
use super::*;
use gateway::desk::{
    Cell, Directory, Edition, RefusalCode, Snapshot, Tag, TagKind, Text, Writable,
};
use gateway::hub::Intake;
use gateway::{Ask, Desk, History, Hub};
use modbus::Table;
use modbus_server::{Bank, BitTable, Exception, RegisterTable};
use plant::{KeyProblem, ServerPoint};
use signal::{Kind, Quality};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::runtime::Runtime;

const IR: RegisterTable = RegisterTable::InputRegisters;
const HR: RegisterTable = RegisterTable::HoldingRegisters;
const SECOND: i64 = 1_000_000_000;
/// 2023-11-14, so that no age is negative by accident.
const START: i64 = 1_700_000_000 * SECOND;

/// Name, kind, and the range within which people may write.
type Known = (&'static str, Kind, Option<(f64, f64)>);
const TAGS: [Known; 5] = [
    ("TT-1.PV", Kind::Real, None),
    ("TIC-1.SP", Kind::Real, Some((0.0, 90.3))),
    ("RG-1.TRIPPED", Kind::Bool, None),
    ("RG-1.RESET", Kind::Bool, Some((0.0, 1.0))),
    ("DOSE.STATE", Kind::Int, None),
];

/// Tag, address, further settings, written.
type Text4 = (&'static str, &'static str, &'static str, bool);
const POINTS: [Text4; 10] = [
    ("TT-1.PV", "ir2", "type = \"quality\"", false),
    ("TT-1.PV", "ir0", "type = \"f32\"", false),
    (
        "TT-1.PV",
        "ir3",
        "type = \"f64\"\norder = \"GHEFCDAB\"",
        false,
    ),
    ("TT-1.PV", "ir7", "type = \"i16\"\nscale = 0.1", false),
    ("DOSE.STATE", "ir8", "type = \"i16\"", false),
    ("RG-1.TRIPPED", "di0", "", false),
    ("RG-1.TRIPPED", "ir9.3", "", false),
    ("TIC-1.SP", "hr0", "type = \"f32\"", true),
    ("TT-1.PV", "hr2", "", false),
    ("RG-1.RESET", "co0", "", true),
];

fn offered(point: &Text4) -> Result<Offer, KeyProblem> {
    let (tag, address, more, is_written) = point;
    let settings: toml::Table = format!("address = \"{address}\"\n{more}")
        .parse()
        .expect("settings");
    offer(&ServerPoint {
        tag,
        kind: TAGS
            .iter()
            .find(|known| known.0 == *tag)
            .map(|known| known.1),
        is_written: *is_written,
        settings: &settings,
    })
}

fn map(points: &[Text4]) -> PointMap {
    let offers = points
        .iter()
        .map(|point| offered(point).expect("an offer"))
        .collect();
    PointMap::new(offers).expect("a map")
}

struct Bench {
    hub: Arc<Hub>,
    intake: Intake,
    now: Arc<AtomicI64>,
    bank: NorthBank,
    scan: u64,
    runtime: Runtime,
}

impl Bench {
    fn new() -> Bench {
        Bench::at_speed(1.0)
    }

    fn at_speed(speed: f64) -> Bench {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let now = Arc::new(AtomicI64::new(START));
        let clock = now.clone();
        let (hub, intake) = Hub::new(move || clock.load(Ordering::SeqCst));
        let pace = Pace {
            period_ns: 100_000_000,
            speed,
            is_real: speed == 1.0,
        };
        let tokio = runtime.handle().clone();
        let bank = NorthBank::new("north", map(&POINTS), hub.clone(), pace, tokio);
        let mut bench = Bench {
            hub,
            intake,
            now,
            bank,
            scan: 0,
            runtime,
        };
        bench.edition(1, &TAGS);
        bench.image(&[21.5, 40.0, 1.0, 0.0, 2.0], Quality::GOOD);
        bench
    }

    fn edition(&mut self, number: u64, tags: &[Known]) {
        let tags: Vec<Tag> = (0..)
            .zip(tags)
            .map(|(handle, (name, kind, range))| Tag {
                handle,
                name: (*name).into(),
                desc: Text::default(),
                unit: String::new(),
                decimals: 1,
                kind: match kind {
                    Kind::Real => TagKind::Real,
                    Kind::Bool => TagKind::Bool,
                    Kind::Int => TagKind::Int,
                },
                lo: 0.0,
                hi: 100.0,
                limits: Default::default(),
                writable: range.map(|(lo, hi)| Writable {
                    lo,
                    hi,
                    ..Writable::default()
                }),
                states: Vec::new(),
            })
            .collect();
        let history = History::new(tags.len(), 4, SECOND);
        let forceable = vec![false; tags.len()];
        let directory = Directory {
            epoch: number,
            edition: Edition {
                number,
                digest: String::new(),
            },
            tags,
            ..Directory::empty()
        };
        self.hub.set_directory(directory, forceable, history);
    }

    fn image(&mut self, values: &[f64], quality: Quality) {
        self.scan += 1;
        let snapshot = Snapshot {
            scan: self.scan,
            utc_ns: self.now.load(Ordering::SeqCst),
            cells: values
                .iter()
                .map(|value| Cell {
                    value: *value,
                    quality,
                })
                .collect(),
        };
        let number = self.hub.directory().edition.number;
        self.hub.set_snapshot(number, snapshot);
    }

    fn pass(&self, ns: i64) {
        self.now.fetch_add(ns, Ordering::SeqCst);
    }

    fn registers<const N: usize>(
        &mut self,
        table: RegisterTable,
        at: u16,
    ) -> Result<[u16; N], Exception> {
        let mut out = [0xaaaa; N];
        self.bank.read_registers(table, at, &mut out)?;
        Ok(out)
    }

    fn single(&mut self, table: RegisterTable, at: u16) -> Result<f32, Exception> {
        let [high, low] = self.registers(table, at)?;
        Ok(f32::from_bits(u32::from(high) << 16 | u32::from(low)))
    }

    fn write_single(&mut self, at: u16, value: f32) -> Result<(), Exception> {
        let bits = value.to_bits();
        let words = [(bits >> 16) as u16, bits as u16];
        self.bank.write_registers(at, &words)
    }

    /// The refusal that went into the record.
    fn refused(&self) -> (String, String, RefusalCode) {
        let attempt = self.intake.attempts.try_recv().expect("an attempt");
        (
            attempt.actor,
            attempt.tag.unwrap_or_default(),
            attempt.refusal.code,
        )
    }
}

#[test]
fn a_value_reads_as_its_type_says() {
    let mut bench = Bench::new();
    assert_eq!(bench.single(IR, 0), Ok(21.5));
    let [a, b, c, d] = bench.registers(IR, 3).expect("a double");
    let bits = [d, c, b, a]
        .iter()
        .fold(0_u64, |bits, word| bits << 16 | u64::from(*word));
    assert_eq!(f64::from_bits(bits), 21.5);
    assert_eq!(bench.registers(IR, 7), Ok([215]));
    assert_eq!(bench.registers(IR, 8), Ok([2]));
    assert_eq!(bench.registers(IR, 9), Ok([1 << 3]));
    let mut bit = [false];
    let read = bench.bank.read_bits(BitTable::DiscreteInputs, 0, &mut bit);
    assert_eq!((read, bit), (Ok(()), [true]));
}

#[test]
fn a_bad_value_reads_as_nan_and_its_quality_tells_why() {
    let mut bench = Bench::new();
    bench.image(&[21.5, 40.0, 1.0, 0.0, 2.0], Quality::SENSOR_FAULT);
    assert!(bench.single(IR, 0).expect("readable").is_nan());
    assert_eq!(bench.registers(IR, 2), Ok([Quality::SENSOR_FAULT.bits()]));
    let [a, b, c, d] = bench.registers(IR, 3).expect("a double");
    let bits = [d, c, b, a]
        .iter()
        .fold(0_u64, |bits, word| bits << 16 | u64::from(*word));
    assert!(f64::from_bits(bits).is_nan(), "the order holds for NaN too");
    // Whole numbers have no word for it: the last value, beside its quality.
    assert_eq!(bench.registers(IR, 7), Ok([215]));
}

#[test]
fn an_uncertain_value_is_a_value() {
    let mut bench = Bench::new();
    bench.image(&[21.5, 40.0, 1.0, 0.0, 2.0], Quality::UNCERTAIN);
    assert_eq!(bench.single(IR, 0), Ok(21.5));
    assert_eq!(bench.registers(IR, 2), Ok([Quality::UNCERTAIN.bits()]));
}

#[test]
fn whole_values_are_read_or_nothing() {
    let mut bench = Bench::new();
    let starts = [0, 2, 3, 7, 8, 9];
    let ends = [2, 3, 7, 8, 9, 10];
    for from in 0..12_u16 {
        for count in 1..=12_u16 {
            let mut out = vec![0; usize::from(count)];
            let found = bench.bank.read_registers(IR, from, &mut out);
            let is_whole = starts.contains(&from) && ends.contains(&(from + count));
            let expected = if is_whole {
                Ok(())
            } else {
                Err(Exception::IllegalDataAddress)
            };
            assert_eq!(found, expected, "ir{from}, {count} registers");
        }
    }
}

#[test]
fn values_of_one_request_are_of_one_image() {
    let mut bench = Bench::new();
    let hub = bench.hub.clone();
    let turns = std::thread::spawn(move || {
        for turn in 0..2_000_u32 {
            let value = f64::from(turn % 100);
            let snapshot = Snapshot {
                scan: u64::from(turn) + 2,
                utc_ns: START,
                cells: vec![
                    Cell {
                        value,
                        quality: Quality::GOOD,
                    };
                    TAGS.len()
                ],
            };
            hub.set_snapshot(1, snapshot);
        }
    });
    // Single, scaled and double are three readings of the same cell.
    loop {
        let is_over = turns.is_finished();
        let words: [u16; 8] = bench.registers(IR, 0).expect("readable");
        let single = f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1]));
        let double = [words[6], words[5], words[4], words[3]]
            .iter()
            .fold(0_u64, |bits, word| bits << 16 | u64::from(*word));
        let double = f64::from_bits(double);
        assert_eq!(f64::from(single), double);
        assert_eq!(
            i32::from(words[7]),
            (double * 10.0 + 0.5).floor() as i32,
            "{words:?}"
        );
        if is_over {
            break;
        }
    }
    turns.join().expect("turns");
}

#[test]
fn a_dead_image_is_not_served() {
    let mut bench = Bench::new();
    bench.pass(3 * SECOND);
    assert_eq!(bench.single(IR, 0), Ok(21.5));
    bench.pass(1);
    assert_eq!(bench.single(IR, 0), Err(Exception::GatewayTargetFailed));
    bench.image(&[22.0, 40.0, 1.0, 0.0, 2.0], Quality::GOOD);
    assert_eq!(bench.single(IR, 0), Ok(22.0));
}

#[test]
fn in_simulated_time_an_image_that_does_not_change_is_dead() {
    let mut bench = Bench::at_speed(0.01);
    // Simulated time has fallen far behind the clock: that alone is no sign.
    bench.pass(100 * SECOND);
    assert_eq!(bench.single(IR, 0), Ok(21.5));
    // A hundredth of real time: three scans of 100 ms take 30 s.
    bench.pass(30 * SECOND);
    assert_eq!(bench.single(IR, 0), Ok(21.5));
    bench.pass(1);
    assert_eq!(bench.single(IR, 0), Err(Exception::GatewayTargetFailed));
}

#[test]
fn a_new_edition_is_served_under_its_own_names() {
    let mut bench = Bench::new();
    assert_eq!(bench.single(IR, 0), Ok(21.5));
    let mut tags = TAGS.to_vec();
    tags.insert(0, ("AT-1.PV", Kind::Real, None));
    bench.edition(2, &tags);
    assert_eq!(bench.single(IR, 0), Err(Exception::ServerDeviceBusy));
    bench.image(&[7.0, 22.5, 41.0, 1.0, 0.0, 2.0], Quality::GOOD);
    assert_eq!(bench.single(IR, 0), Ok(22.5));
}

#[test]
fn a_write_becomes_a_command_of_the_desk() {
    let mut bench = Bench::new();
    assert_eq!(bench.write_single(0, 90.3), Ok(()));
    let order = bench.intake.orders.try_recv().expect("an order");
    assert_eq!(order.actor, "modbus:north");
    assert_eq!(order.subject, "TIC-1.SP");
    assert_eq!(order.reason, "Modbus write of hr0");
    let Ask::Write { value, old, .. } = order.ask else {
        panic!("{:?}", order.ask);
    };
    assert_eq!(
        (value, old),
        (90.3, 40.0),
        "a single means its shortest decimal"
    );
    assert_eq!(bench.bank.write_bits(0, &[true]), Ok(()));
    let order = bench.intake.orders.try_recv().expect("an order");
    assert!(matches!(order.ask, Ask::Write { value: 1.0, .. }));
}

#[test]
fn what_the_desk_refuses_is_an_exception_and_stands_in_the_record() {
    let mut bench = Bench::new();
    let illegal = Err(Exception::IllegalDataValue);
    assert_eq!(bench.write_single(0, 90.4), illegal);
    let refused = |code| ("modbus:north".to_string(), "TIC-1.SP".to_string(), code);
    assert_eq!(bench.refused(), refused(RefusalCode::OutOfRange));
    for value in [f32::NAN, f32::INFINITY] {
        assert_eq!(bench.write_single(0, value), illegal);
        assert_eq!(bench.refused(), refused(RefusalCode::NotFinite));
    }
    bench.pass(10 * SECOND);
    let dead = Err(Exception::GatewayTargetFailed);
    assert_eq!(bench.write_single(0, 50.0), dead);
    assert_eq!(bench.refused(), refused(RefusalCode::RuntimeStalled));
    assert!(bench.intake.orders.try_recv().is_err());
}

#[test]
fn what_is_not_offered_for_writing_is_not_written() {
    let mut bench = Bench::new();
    let address = Err(Exception::IllegalDataAddress);
    assert_eq!(bench.write_single(2, 5.0), address);
    let (_, tag, code) = bench.refused();
    assert_eq!((tag.as_str(), code), ("TT-1.PV", RefusalCode::NotWritable));
    for (at, words) in [(0, vec![0]), (1, vec![0]), (40, vec![0, 0])] {
        assert_eq!(bench.bank.write_registers(at, &words), address, "hr{at}");
    }
    // Two values in one request: whether one was refused could not be told.
    let two = bench.bank.write_registers(0, &[0, 0, 0, 0]);
    assert_eq!(two, Err(Exception::IllegalDataValue));
    assert_eq!(bench.bank.mask_write(0, 0, 1), address);
    assert!(bench.intake.orders.try_recv().is_err());
}

#[test]
fn a_flood_of_writes_leaves_the_desk_to_people() {
    let mut bench = Bench::new();
    for _ in 0..bank::WRITES_WAITING_MAX {
        assert_eq!(bench.write_single(0, 50.0), Ok(()));
    }
    let busy = Err(Exception::ServerDeviceBusy);
    assert_eq!(bench.write_single(0, 50.0), busy);
    assert_eq!(bench.refused().2, RefusalCode::Busy);
    // The clerk answers, whatever it is: there is room again.
    while let Ok(order) = bench.intake.orders.try_recv() {
        drop(order.answer);
    }
    bench.runtime.block_on(async {
        for _ in 0..2 * bank::WRITES_WAITING_MAX {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(bench.write_single(0, 50.0), Ok(()));
    assert_eq!(bench.single(HR, 0), Ok(40.0), "the image, not the wish");
}

#[test]
fn a_client_that_writes_without_end_does_not_fill_the_record() {
    let mut bench = Bench::new();
    let attempts = 10 * rate::WRITES_AT_ONCE_MAX;
    let busy = (0..attempts)
        .filter(|_| bench.write_single(0, 99.0) == Err(Exception::ServerDeviceBusy))
        .count();
    assert_eq!(busy as i64, attempts - rate::WRITES_AT_ONCE_MAX);
    let recorded: Vec<_> = bench.intake.attempts.try_iter().collect();
    assert_eq!(recorded.len() as i64, rate::WRITES_AT_ONCE_MAX + 1);
    let last = recorded.last().map(|attempt| attempt.refusal.code);
    assert_eq!(last, Some(RefusalCode::Busy));
    bench.pass(SECOND);
    bench.image(&[21.5, 40.0, 1.0, 0.0, 2.0], Quality::GOOD);
    assert_eq!(bench.write_single(0, 50.0), Ok(()));
}

#[test]
fn two_values_at_one_place_are_told() {
    let points = [
        ("TT-1.PV", "ir0", "", false),
        ("TIC-1.SP", "ir1", "", false),
        ("RG-1.TRIPPED", "ir4.0", "", false),
        ("RG-1.RESET", "ir4.1", "", false),
        ("RG-1.TRIPPED", "ir4.1", "", false),
        ("TT-1.PV", "hr0", "", false),
    ];
    let offers = points.iter().map(|point| offered(point).expect("an offer"));
    let overlaps = PointMap::new(offers.collect()).expect_err("overlaps");
    let met: Vec<_> = overlaps
        .iter()
        .map(|overlap| (overlap.offer, overlap.other, overlap.address.to_string()))
        .collect();
    assert_eq!(met, [(1, 0, "ir1".into()), (4, 3, "ir4.1".into())]);
}

#[test]
fn the_order_of_the_list_decides_nothing() {
    let mut reversed = POINTS;
    reversed.reverse();
    let (one, other) = (map(&POINTS), map(&reversed));
    for from in 0..12 {
        for count in 1..12 {
            let tags = |map: &PointMap| -> Option<Vec<String>> {
                let places = map.cover(Table::InputRegisters, from, count)?;
                let offers = places.iter().flat_map(|place| &place.offers);
                Some(offers.map(|at| map.offers()[*at].tag.clone()).collect())
            };
            assert_eq!(tags(&one), tags(&other));
        }
    }
}

#[test]
fn a_point_that_does_not_fit_its_tag_is_refused_at_its_key() {
    for (point, key, said) in [
        (("TT-1.PV", "qr0", "", false), "address", "begin with ir"),
        (
            ("TT-1.PV", "di0", "", false),
            "address",
            "holds true or false",
        ),
        (
            ("TT-1.PV", "ir0", "type = \"u16\"", false),
            "type",
            "decimals",
        ),
        (
            ("TT-1.PV", "ir0", "type = \"f16\"", false),
            "type",
            "unknown",
        ),
        (
            ("TT-1.PV", "ir0", "order = \"XY\"", false),
            "order",
            "unknown",
        ),
        (("TT-1.PV", "ir0", "scale = 0.0", false), "scale", "scale 0"),
        (("TT-1.PV", "ir65535", "", false), "address", "beyond 65535"),
        (
            ("RG-1.TRIPPED", "ir0", "type = \"f32\"", false),
            "type",
            "true or false",
        ),
        (
            ("TT-1.PV", "di0", "type = \"quality\"", false),
            "address",
            "whole register",
        ),
        (
            ("TT-1.PV", "hr0", "type = \"quality\"", true),
            "write",
            "nobody's",
        ),
        (("TIC-1.SP", "ir0", "", true), "address", "only be read"),
        (
            ("RG-1.RESET", "hr0.1", "", true),
            "address",
            "part of a register",
        ),
    ] {
        let problem = offered(&point).expect_err(said);
        assert_eq!(problem.key.as_deref(), Some(key), "{point:?}");
        assert!(problem.message.contains(said), "{}", problem.message);
    }
}
