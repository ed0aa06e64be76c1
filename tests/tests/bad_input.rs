//! Bad input through the whole chain: field device, register, driver value, analog
//! input, vote or select, cause, controller. A value that is held is never shown as
//! good: its quality says so at every place.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use plant::Plant;
use signal::{Level, Quality, Reason};
use sim::Fault;
use station::closed_loop::{ClosedLoop, world_of};
use station::kinds::{Drivers, blocks};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

static PLANT: LazyLock<Plant> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
    plant::load(&folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
});

/// R-101 in the middle of a dose, and the causes that have tripped since its beginning.
struct Dosing(ClosedLoop, BTreeSet<&'static str>);

const WATCHED: [&str; 5] = ["C01.TRIP", "C09.TRIP", "C15.TRIP", "C17.TRIP", "C28.TRIP"];

impl Dosing {
    fn begin() -> Dosing {
        let world = world_of(&PLANT, None, 1).unwrap();
        let mut run = Dosing(ClosedLoop::new(&PLANT, world).unwrap(), BTreeSet::new());
        run.write(&[("RG-3.RESET", 1.0)], 5);
        run.write(
            &[
                ("M-101.START", 1.0),
                ("PIC-101.MODE", 1.0),
                ("TIC-102.MODE", 2.0),
                ("TIC-101.MODE", 1.0),
                ("FIC-101.MODE", 2.0),
            ],
            150,
        );
        run.write(&[("RG-1.RESET", 1.0)], 60);
        run.write(&[("EC-101.TEST", 1.0)], 550);
        run.write(&[("DOSE.ENABLE", 1.0)], 1500);
        assert_eq!(run.value("DOSE.OPEN"), 1.0, "it doses");
        run.1.clear();
        assert!(run.value("FT-101.PV") > 50.0, "and something flows");
        run
    }

    fn write(&mut self, writes: &[(&str, f64)], ticks: u32) {
        for (tag, value) in writes {
            assert!(self.0.write(tag, *value), "{tag}");
        }
        self.ticks(ticks);
    }

    fn ticks(&mut self, ticks: u32) {
        for _ in 0..ticks {
            self.0.tick();
            for cause in WATCHED {
                if self.value(cause) != 0.0 {
                    self.1.insert(cause);
                }
            }
        }
    }

    fn fault(&mut self, name: &str, value: Option<f64>) {
        let fault = Fault {
            name: name.into(),
            value,
            at_s: None,
            for_s: None,
        };
        self.0.with_world(|world| world.inject(&fault)).unwrap();
    }

    fn value(&self, tag: &str) -> f64 {
        self.0.read(tag).unwrap_or_else(|| panic!("{tag}")).0
    }

    fn quality(&self, tag: &str) -> Quality {
        self.0.read(tag).unwrap_or_else(|| panic!("{tag}")).1
    }

    /// From `after` ticks on none of the tags is good, for 5 s.
    fn none_is_good(&mut self, tags: &[&str], after: u32) {
        self.ticks(after);
        for _ in 0..50 {
            for tag in tags {
                let (value, quality) = self.0.read(tag).unwrap();
                assert!(!quality.is_good(), "{tag} = {value} is shown as {quality}");
                assert!(value.is_finite(), "{tag} = {value}");
            }
            self.ticks(1);
        }
    }

    fn is_tripped(&self, cause: &str) {
        assert!(self.1.contains(cause), "{cause}: {:?}", self.1);
        assert_eq!(
            self.value("XV-101A.POS_DEMAND"),
            0.0,
            "the dosing line is shut"
        );
        assert_eq!(self.value("FV-101.CMD"), 0.0);
    }
}

/// Neither the value of the driver, nor the measurement, nor the total, nor the loop
/// goes on as if nothing were; the dose is tripped.
fn a_float_that_is_no_number(fault: &str, value: Option<f64>) {
    let mut run = Dosing::begin();
    let (total, rate) = (run.value("DOSE.TOTAL"), run.value("FT-101.PV"));
    run.fault(fault, value);
    run.none_is_good(
        &["FT-101.RAW", "FT-101.PV", "DOSE.TOTAL", "FLY-101.TRIP"],
        2,
    );
    assert_eq!(run.quality("FT-101.RAW").reason(), Reason::NotFinite);
    assert_eq!(run.quality("FT-101.PV").level(), Level::Bad);
    assert!((run.value("FT-101.PV") - rate).abs() < 5.0, "held, and bad");
    assert!((run.value("DOSE.TOTAL") - total).abs() < 0.1);
    assert_eq!(run.value("FIC-101.MODE"), 0.0, "the loop sheds to MAN");
    run.is_tripped("C15.TRIP");
}

#[test]
fn a_flow_that_is_not_a_number_is_bad_all_the_way_and_ends_the_dose() {
    a_float_that_is_no_number("sensor-nan:FT-101", None);
}

#[test]
fn a_flow_of_plus_infinity_is_bad_all_the_way_and_ends_the_dose() {
    a_float_that_is_no_number("sensor-infinite:FT-101", Some(1.0));
}

#[test]
fn a_flow_of_minus_infinity_is_bad_all_the_way_and_ends_the_dose() {
    a_float_that_is_no_number("sensor-infinite:FT-101", Some(-1.0));
}

#[test]
fn a_weight_that_is_not_a_number_is_bad_all_the_way_and_ends_the_dose() {
    let mut run = Dosing::begin();
    run.fault("sensor-nan:WT-101", None);
    run.none_is_good(
        &["WT-101.RAW", "WT-101.PV", "WQ-101.TRIP", "WDY-101.TRIP"],
        2,
    );
    run.is_tripped("C15.TRIP");
}

/// One loop of three fails: the channel is bad at once, the median goes on with two
/// good ones; a second one trips.
fn two_of_three_lost(fault: &str) {
    let mut run = Dosing::begin();
    run.fault(&format!("{fault}:TT-101A"), None);
    run.none_is_good(&["TT-101A.PV", "C01.VOTES"][..1], 2);
    assert_eq!(run.quality("TT-101A.PV").level(), Level::Bad);
    assert!(run.quality("TT-101.PV").is_good(), "two good ones are left");
    assert_eq!(run.value("C01.VOTES"), 1.0, "an unknown channel votes");
    assert!(!run.quality("C01.TRIP").is_good(), "the row is degraded");
    assert_eq!(run.value("C01.TRIP"), 0.0);
    run.fault(&format!("{fault}:TT-101B"), None);
    run.none_is_good(&["TT-101A.PV", "TT-101B.PV", "TT-101.PV"], 2);
    run.ticks(10);
    run.is_tripped("C01.TRIP");
}

#[test]
fn broken_wires_are_bad_at_once_and_two_of_three_trip() {
    two_of_three_lost("sensor-wire-break");
}

#[test]
fn failure_low_after_ne_43_is_bad_at_once_and_two_of_three_trip() {
    two_of_three_lost("sensor-fail-low");
}

#[test]
fn failure_high_after_ne_43_is_bad_at_once_and_two_of_three_trip() {
    two_of_three_lost("sensor-fail-high");
}

#[test]
fn a_pressure_that_fails_high_trips_one_of_two() {
    let mut run = Dosing::begin();
    run.fault("sensor-fail-high:PT-101A", None);
    run.none_is_good(&["PT-101A.PV", "PT-101.PV", "PIC-101.OUT"], 2);
    run.is_tripped("C09.TRIP");
}

#[test]
fn a_jacket_temperature_that_is_lost_sheds_its_loop_and_takes_the_heat_off() {
    let mut run = Dosing::begin();
    run.fault("sensor-wire-break:TT-102", None);
    run.none_is_good(&["TT-102.PV"], 2);
    assert_eq!(run.value("TIC-102.MODE"), 0.0);
    assert!(run.1.contains("C17.TRIP"));
    assert_eq!(run.value("TV-102.CMD"), 0.0);
    assert_eq!(run.value("TV-101.CMD"), 100.0);
}

#[test]
fn a_frozen_temperature_is_uncertain_after_two_minutes_and_the_median_goes_on() {
    let mut run = Dosing::begin();
    run.fault("sensor-frozen:TT-101B", None);
    run.ticks(1100);
    assert!(run.quality("TT-101B.PV").is_good(), "nobody can know yet");
    run.none_is_good(&["TT-101B.PV"], 150);
    assert_eq!(run.quality("TT-101B.PV").level(), Level::Uncertain);
    assert!(run.quality("TT-101.PV").is_good());
    assert_eq!(run.value("DOSE.OPEN"), 1.0);
}

#[test]
fn swapped_channels_are_told_by_their_deviation_and_do_not_trip() {
    let mut run = Dosing::begin();
    run.ticks(6_000);
    run.fault("sensor-swap:TT-101A/TT-102", None);
    run.ticks(150);
    assert_eq!(run.value("TDA-101.ALM"), 1.0);
    assert!(run.value("TDA-101.SPREAD") > 3.0);
    // Each is a good measurement, of the wrong thing: its own quality cannot know.
    assert!(run.quality("TT-101A.PV").is_good());
    assert!(run.quality("TT-102.PV").is_good());
    assert_eq!(run.value("C01.TRIP"), 0.0);
    assert_eq!(run.value("C03.TRIP"), 0.0);
    assert!(
        (run.value("TT-101.PV") - 41.0).abs() < 3.0,
        "the median stays"
    );
}

#[test]
fn a_negative_flow_takes_nothing_off_the_total_and_ends_the_dose() {
    let mut run = Dosing::begin();
    let total = run.value("DOSE.TOTAL");
    run.fault("flow-negative:FT-101", Some(-5.0));
    run.none_is_good(&["DOSE.TOTAL"], 2);
    assert!(run.value("DOSE.TOTAL") >= total - 1e-9);
    run.ticks(300);
    assert!(run.value("DOSE.TOTAL") >= total - 1e-9);
    run.is_tripped("C15.TRIP");
}

#[test]
fn a_flow_far_below_its_range_is_uncertain() {
    let mut run = Dosing::begin();
    run.fault("flow-negative:FT-101", Some(-20.0));
    run.none_is_good(&["FT-101.PV", "DOSE.TOTAL"], 2);
}

#[test]
fn a_weight_that_rolls_over_ends_the_dose_by_the_cross_check() {
    let mut run = Dosing::begin();
    run.fault("totaliser-rollover:WT-101", Some(100.0));
    run.ticks(320);
    assert_eq!(run.value("WDY-101.TRIP"), 1.0);
    // A good measurement all the time: that it is wrong only the flow can tell.
    assert!(run.quality("WT-101.PV").is_good());
    run.is_tripped("C15.TRIP");
}

#[test]
fn a_device_that_is_silent_makes_all_of_its_inputs_bad_and_trips() {
    let mut run = Dosing::begin();
    run.fault("io-station-loss:io1", None);
    let chain = [
        "TT-101A.RAW",
        "TT-101A.PV",
        "TT-101.PV",
        "FT-101.RAW",
        "FT-101.PV",
        "DOSE.TOTAL",
        "PT-101.PV",
        "AT-101.PV",
        "XV-101A.ZSO",
        "M-101.RUN",
        "BYPASS.KEY",
    ];
    run.none_is_good(&chain, 2);
    assert_eq!(run.quality("TT-101A.RAW").reason(), Reason::CommLost);
    assert_eq!(run.value("SYS.IO1_OK"), 0.0);
    // In MAN its output is a person's, and says so.
    assert_eq!(run.value("TIC-101.MODE"), 0.0);
    assert!(run.quality("TIC-101.OUT").has(Quality::MANUAL));
    run.is_tripped("C28.TRIP");
    // What another device measures is not touched.
    assert!(run.quality("TT-201.PV").is_good());
}

/// An analog input as the plant declares it.
struct Transmitter {
    name: String,
    unit: String,
    /// The device that brings its signal.
    driver: String,
    low: f64,
    high: f64,
    frozen_s: f64,
    /// Up to here it may stand still.
    rest: f64,
}

/// Every analog input of the plant.
fn transmitters() -> Vec<Transmitter> {
    let blocks = PLANT.tasks.iter().flat_map(|task| &task.input.blocks);
    let inputs = blocks.filter(|block| block.kind.name == "AI");
    inputs
        .map(|block| {
            let real = |key: &str| match block.config.get(key) {
                Some(scan::Value::Real(real)) => *real,
                Some(scan::Value::Int(int)) => *int as f64,
                _ => f64::NAN,
            };
            let raw = format!("{}.RAW", block.name);
            let point = PLANT.points.iter().find(|point| point.tag == raw);
            Transmitter {
                name: block.name.clone(),
                unit: PLANT.blocks[&block.name].unit.clone(),
                driver: point.unwrap_or_else(|| panic!("{raw}")).driver.clone(),
                low: real("lo"),
                high: real("hi"),
                frozen_s: real("frozen_s"),
                rest: real("still_up_to"),
            }
        })
        .collect()
}

/// The whole plant at rest, with its start.
fn standing(start: &str) -> Dosing {
    let over: toml::Table = format!("start = \"{start}\"").parse().unwrap();
    let world = world_of(&PLANT, Some(&over), 1).unwrap();
    Dosing(ClosedLoop::new(&PLANT, world).unwrap(), BTreeSet::new())
}

impl Dosing {
    fn clear(&mut self, name: &str) {
        assert!(self.0.with_world(|world| world.clear(name)), "{name}");
    }

    fn pv(&self, of: &Transmitter) -> (f64, Quality) {
        self.0.read(&format!("{}.PV", of.name)).unwrap()
    }
}

#[test]
fn every_failure_of_every_transmitter_is_bad_at_the_next_scan_and_touches_no_other() {
    let all = transmitters();
    for unit in ["R-101", "R-102", "U100"] {
        assert!(all.iter().filter(|one| one.unit == unit).count() > 5);
    }
    let mut run = standing("charged");
    run.ticks(50);
    let faults = [
        ("sensor-nan", None),
        ("sensor-infinite", Some(1.0)),
        ("sensor-infinite", Some(-1.0)),
        ("sensor-wire-break", None),
        ("sensor-fail-high", None),
        ("sensor-fail-low", None),
    ];
    for (at, one) in all.iter().enumerate() {
        for (fault, value) in faults {
            let (before, quality) = run.pv(one);
            assert!(quality.is_good(), "{} before {fault}: {quality}", one.name);
            let name = format!("{fault}:{}", one.name);
            run.fault(&name, value);
            run.ticks(2);
            for _ in 0..5 {
                let (held, quality) = run.pv(one);
                assert!(quality.is_bad(), "{name} {value:?}: {held} is {quality}");
                // Held, as ever it moved between two scans, and never as good.
                let near = 0.05 * (one.high - one.low);
                assert!((held - before).abs() < near, "{name}: {before}, {held}");
                run.ticks(1);
            }
            for (n, other) in all.iter().enumerate().filter(|(n, _)| *n != at) {
                let (value, quality) = run.pv(other);
                assert!(quality.is_good(), "{name}, {n}: {} {value}", other.name);
            }
            run.clear(&name);
            run.ticks(2);
        }
    }
}

#[test]
fn a_transmitter_that_freezes_is_not_good_after_the_time_that_it_declares() {
    let all = transmitters();
    let mut run = standing("charged");
    // The agitator comes to rest.
    run.ticks(300);
    for one in &all {
        assert!(one.frozen_s > 0.0, "{} declares no frozen_s", one.name);
        // Away from where it may stand still.
        if run.pv(one).0 <= one.rest {
            let bias = one.rest + 0.3 * (one.high - one.low);
            run.fault(&format!("sensor-bias:{}", one.name), Some(bias));
        }
    }
    run.ticks(20);
    for one in &all {
        let (value, quality) = run.pv(one);
        assert!(quality.is_good(), "{} = {value}: {quality}", one.name);
        run.fault(&format!("sensor-frozen:{}", one.name), None);
    }
    let longest = all.iter().map(|one| one.frozen_s).fold(0.0, f64::max);
    let mut seconds = 0.0;
    while seconds < longest + 10.0 {
        run.ticks(10);
        seconds += 1.0;
        for one in &all {
            let (value, quality) = run.pv(one);
            if seconds < one.frozen_s - 3.0 {
                assert!(quality.is_good(), "{} after {seconds} s", one.name);
            } else if seconds > one.frozen_s {
                let is_told = !quality.is_good() && quality.reason() == Reason::Frozen;
                assert!(is_told, "{} = {value}, {quality}: {seconds} s", one.name);
            }
        }
    }
}

#[test]
fn no_transmitter_that_lives_is_taken_for_frozen_however_the_plant_stands() {
    let all = transmitters();
    for start in ["charged", "empty", "hydrogenation"] {
        let mut run = standing(start);
        for second in 0..700 {
            run.ticks(10);
            for one in &all {
                let (value, quality) = run.pv(one);
                let is_frozen = quality.reason() == Reason::Frozen;
                assert!(!is_frozen, "{start}, {second} s: {} = {value}", one.name);
            }
        }
    }
}

#[test]
fn an_io_station_that_is_lost_takes_every_transmitter_of_its_own_and_no_other() {
    let all = transmitters();
    for driver in ["io1", "io2"] {
        assert!(all.iter().filter(|one| one.driver == driver).count() > 5);
        let mut run = standing("charged");
        run.ticks(50);
        run.fault(&format!("io-station-loss:{driver}"), None);
        run.ticks(2);
        for _ in 0..20 {
            for one in &all {
                let (value, quality) = run.pv(one);
                let is_lost = one.driver == driver;
                let is_told = if is_lost {
                    quality.is_bad() && quality.reason() == Reason::CommLost
                } else {
                    quality.is_good()
                };
                assert!(is_told, "{driver} lost: {} = {value}, {quality}", one.name);
            }
            run.ticks(1);
        }
    }
}

#[test]
fn a_frozen_weight_ends_the_dose_by_the_cross_check_before_it_is_known_to_be_frozen() {
    let mut run = Dosing::begin();
    run.fault("sensor-frozen:WT-101", None);
    run.ticks(5_500);
    assert!(run.quality("WT-101.PV").is_good(), "nobody can know yet");
    assert!(run.1.contains("C15.TRIP"), "{:?}", run.1);
    run.none_is_good(&["WT-101.PV"], 600);
}
