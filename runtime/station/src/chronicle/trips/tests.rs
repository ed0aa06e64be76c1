use super::*;
use crate::directory::named;
use crate::feed::{FeedIn, FeedOut, feed};
use crate::kinds;
use gateway::desk::{Cause, Environment, Interlock};
use plant::source::Sources;
use scan::{Door, Entry, NoWitness};
use signal::Quality;

const PLANT: &str = r#"
[plant]
name = "x"
title = { en = "Trial", zh = "试验" }

[[task]]
name = "fast"
period_ms = 100
"#;

const UNIT: &str = r#"
[unit]
name = "U-1"
title = { en = "Unit", zh = "单元" }
area = "A1"

[[tag]]
name = "PT-1.PV"
desc = { en = "Pressure", zh = "压力" }
range = [0.0, 100000.0]
initial = 0.0

[[tag]]
name = "C01.TRIP"
desc = { en = "First cause", zh = "原因一" }
kind = "bool"
initial = false

[[tag]]
name = "C02.TRIP"
desc = { en = "Second cause", zh = "原因二" }
kind = "bool"
initial = false

[[tag]]
name = "G-1.TRIPPED"
desc = { en = "Tripped", zh = "已动作" }
kind = "bool"
initial = false

[[tag]]
name = "G-1.FIRST_OUT"
desc = { en = "First out", zh = "首出" }
kind = "int"
range = [0.0, 100.0]
initial = 0
"#;

const PERIOD_NS: i64 = 100_000_000;

/// Trips that are shown a program whose tags the test moves, scan by scan.
struct Bench {
    program: Box<scan::Program>,
    names: Vec<String>,
    slots: Vec<(u32, Kind)>,
    feed: (FeedIn, FeedOut),
    trips: Trips,
    scan: u64,
}

fn bench(window: Window) -> Bench {
    let sources = Sources::from_texts([("plant.toml", PLANT), ("units/u.toml", UNIT)]);
    let plant = plant::load_sources(sources, &kinds::blocks(), &kinds::Drivers);
    let plant = plant.unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let mut linked = plant.link();
    let named = named(&plant, &linked, Environment::Simulation, 1, 1);
    let mut cast = Cast::new(&plant, &named.directory, &named.places);
    let cause = |id: &str, index| Cause {
        id: id.into(),
        index,
        text: Text::new(format!("cause {index}"), format!("原因{index}")),
        tag: format!("{id}.TRIP"),
        live: Some("PT-1.PV".into()),
        armed: None,
        bypassed: None,
    };
    cast.interlocks = vec![Interlock {
        name: "G-1".into(),
        text: Text::default(),
        tripped: "G-1.TRIPPED".into(),
        first_out: "G-1.FIRST_OUT".into(),
        reset: None,
        causes: vec![cause("C01", 1), cause("C02", 2)],
    }];
    cast.trip_window = window;
    let mut trips = Trips::default();
    trips.adopt(&cast);
    let program = Box::new(linked.tasks.remove(0).linked.program);
    Bench {
        feed: feed(1, &program, PERIOD_NS as u64),
        program,
        names: cast.names,
        slots: named.places.iter().map(|p| (p.slot, p.kind)).collect(),
        trips,
        scan: 0,
    }
}

impl Bench {
    /// One scan with these values of tags; the pressure is the number of the scan.
    fn scan(&mut self, values: &[(&str, f64)]) -> Vec<TripRecord> {
        self.scan += 1;
        let pressure = [("PT-1.PV", self.scan as f64)];
        let mut witness = NoWitness;
        let mut door = Door::new(&mut self.program, &mut witness);
        for (tag, value) in pressure.iter().chain(values) {
            let at = self.names.iter().position(|name| name == tag).expect(tag);
            let (slot, kind) = self.slots[at];
            door.admit(Entry::Field {
                slot,
                bits: kind.from_f64(*value),
                quality: Quality::GOOD,
            });
        }
        let at = At {
            task: 0,
            scan: self.scan,
            utc_ns: self.scan as i64 * PERIOD_NS,
            missing: 0,
        };
        self.feed.0.send(at.scan, at.utc_ns, &self.program.image);
        let frame = self.feed.1.take().expect("the image of the scan");
        let records = self.trips.take(&at, &frame);
        self.feed.1.give_back(frame);
        records
    }

    fn scans(&mut self, count: usize) -> Vec<TripRecord> {
        (0..count).flat_map(|_| self.scan(&[])).collect()
    }

    fn trip(&mut self, cause: f64) -> Vec<TripRecord> {
        self.scan(&[
            ("G-1.TRIPPED", 1.0),
            ("G-1.FIRST_OUT", cause),
            (if cause == 1.0 { "C01.TRIP" } else { "C02.TRIP" }, 1.0),
        ])
    }

    fn reset(&mut self) -> Vec<TripRecord> {
        self.scan(&[
            ("G-1.TRIPPED", 0.0),
            ("G-1.FIRST_OUT", 0.0),
            ("C01.TRIP", 0.0),
            ("C02.TRIP", 0.0),
        ])
    }
}

/// The values of a tag in a record.
fn values<'r>(record: &'r TripRecord, tag: &str) -> &'r [Option<f64>] {
    let at = record.tags.iter().position(|name| name == tag).expect(tag);
    &record.values[at]
}

#[test]
fn a_record_holds_every_scan_of_a_minute_before_and_two_after() {
    let mut bench = bench(Window::default());
    assert!(bench.scans(900).is_empty());
    assert!(bench.trip(1.0).is_empty());
    assert!(bench.scans(1_199).is_empty(), "two minutes are not over");
    let records = bench.scan(&[]);
    let [record] = records.as_slice() else {
        panic!("one record: {}", records.len());
    };
    assert_eq!((record.at_s[0], record.at_s[1_800]), (-60.0, 120.0));
    assert_eq!(record.at_s.len(), 1_801, "every scan, none twice");
    for (before, after) in record.at_s.iter().zip(&record.at_s[1..]) {
        assert!((after - before - 0.1).abs() < 1e-9, "{before} then {after}");
    }
    let pressures = values(record, "PT-1.PV");
    let scans = pressures.iter().map(|value| value.expect("a good value"));
    assert!(scans.eq((301..=2_101).map(f64::from)));
    assert_eq!((record.scan, record.utc_ms), (901, 90_100));
}

#[test]
fn a_record_names_the_cause_that_came_first_and_shows_the_others() {
    let mut bench = bench(Window::default());
    bench.scans(10);
    bench.trip(2.0);
    bench.scan(&[("C01.TRIP", 1.0)]);
    let record = bench.scans(1_199).pop().expect("a record");
    assert_eq!(
        (record.first_out.as_str(), record.unit.as_str()),
        ("C02", "")
    );
    assert_eq!(record.cause.en, "cause 2");
    // Ten scans before it are all there are.
    assert_eq!(record.at_s[0], -1.0);
    assert_eq!(
        &values(&record, "C02.TRIP")[9..12],
        [Some(0.0), Some(1.0), Some(1.0)]
    );
    assert_eq!(
        &values(&record, "C01.TRIP")[9..12],
        [Some(0.0), Some(0.0), Some(1.0)]
    );
}

#[test]
fn a_second_trip_within_the_time_of_the_first_has_a_record_too_and_cuts_nothing_short() {
    let mut bench = bench(Window::default());
    bench.scans(700);
    bench.trip(1.0);
    bench.scans(298);
    bench.reset();
    bench.trip(2.0);
    let mut records = bench.scans(1_300);
    assert_eq!(records.len(), 2);
    let second = records.pop().expect("two");
    let first = records.pop().expect("two");
    for (record, cause) in [(&first, "C01"), (&second, "C02")] {
        assert_eq!(record.first_out, cause);
        assert_eq!(record.at_s.len(), 1_801, "{cause}");
    }
    assert_eq!(second.utc_ms - first.utc_ms, 30_000);
    // Each holds the other's trip.
    assert_eq!(values(&first, "C02.TRIP")[900], Some(1.0));
    assert_eq!(values(&second, "C01.TRIP")[300], Some(1.0));
}

#[test]
fn trips_that_come_again_and_again_do_not_fill_the_memory() {
    let window = Window {
        values_max: 3 * 30,
        ..Window::default()
    };
    let mut bench = bench(window);
    bench.scans(100);
    let mut records = Vec::new();
    for _ in 0..20 {
        records.extend(bench.trip(1.0));
        records.extend(bench.reset());
        let group = &bench.trips.groups[0];
        let held = group.open.iter().map(|open| open.samples.len());
        assert!(held.clone().count() <= OPEN_MAX && held.max() <= Some(30));
        assert!(
            group.past.len() <= 11,
            "a third of thirty before, and the newest"
        );
    }
    records.extend(bench.trips.end());
    assert_eq!(records.len(), 20, "each has its record, if a short one");
    assert!(bench.trips.end().is_empty());
}
