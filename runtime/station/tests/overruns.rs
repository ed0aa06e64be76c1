//! Scans that take too long, on purpose: one is counted and told as an event, three in
//! a row raise the alarm tag, one that is longer than the watchdog permits trips it.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use gateway::Desk;
use gateway::desk::Environment;
use scan::{Block, BlockKind, Image, Input, Output, Scan, Stage, Wiring};
use station::engine::{Options, Station};
use station::kinds::{Drivers, blocks};
use station::recorder::RecorderPolicy;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PLANT: &str = r#"[plant]
name = "late"
title = { en = "Late", zh = "超时" }

[[task]]
name = "fast"
period_ms = 50
overruns_alarm = 3
watchdog_ms = 1000
"#;

const UNIT: &str = r#"[unit]
name = "U-1"
title = { en = "Unit", zh = "单元" }
area = "A1"
task = "fast"

[[block]]
name = "LOAD-1"
kind = "LOAD"
desc = { en = "Load", zh = "负载" }
overruns = "SYS.FAST_OVERRUNS"
alarm = "SYS.FAST_OVERRUN_ALM"
"#;

/// Time that the next scan takes, and that every scan takes, milliseconds.
static ONCE_MS: AtomicU64 = AtomicU64::new(0);
static ALWAYS_MS: AtomicU64 = AtomicU64::new(0);
/// Overruns and alarm as each scan saw them.
static SEEN: Mutex<Vec<(i64, bool)>> = Mutex::new(Vec::new());

/// A block as no block may be: it takes its time, and remembers outside the scan.
struct Load {
    overruns: Input<i64>,
    alarm: Input<bool>,
    out: Output<bool>,
}

impl Block for Load {
    fn step(&mut self, _scan: &Scan, image: &mut Image) {
        let seen = (image.value(self.overruns), image.value(self.alarm));
        SEEN.lock().unwrap().push(seen);
        let ms = ONCE_MS.swap(0, Ordering::Relaxed) + ALWAYS_MS.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(ms));
        image.put(&self.out, true);
    }
}

impl BlockKind for Load {
    const NAME: &'static str = "LOAD";
    const STAGE: Stage = Stage::Logic;

    fn wire(wiring: &mut Wiring<'_>) -> Load {
        Load {
            overruns: wiring.input("overruns"),
            alarm: wiring.input("alarm"),
            out: wiring.output("OUT"),
        }
    }
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "not seen: {what}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Number of the first event with these words.
fn event(station: &Station, words: &str) -> u64 {
    eventually(words, || {
        let events = station.hub.events(0);
        let told = events.iter().find(|event| event.text.en.contains(words));
        told.map(|event| event.seq)
    })
}

fn value(station: &Station, tag: &str) -> Option<f64> {
    let handle = station.hub.handle(tag)? as usize;
    Some(station.hub.snapshot().cells.get(handle)?.value)
}

#[test]
fn one_overrun_is_an_event_three_in_a_row_the_alarm_tag_and_a_long_one_the_watchdog() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("overruns");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("plant/units")).unwrap();
    std::fs::write(folder.join("plant/plant.toml"), PLANT).unwrap();
    std::fs::write(folder.join("plant/units/u.toml"), UNIT).unwrap();
    let mut kinds = blocks();
    kinds.register::<Load>();
    let plant = plant::load(&folder.join("plant"), &kinds, &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let options = Options {
        plant: folder.join("plant"),
        data: folder.join("data"),
        env: Environment::Live,
        speed: 1.0,
        for_ns: None,
        endpoints: BTreeMap::new(),
        recorder: RecorderPolicy::default(),
        checkpoints: None,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let station = Station::start(plant, &options, runtime.handle()).unwrap();

    // One: twice its period, far from the watchdog.
    ONCE_MS.store(100, Ordering::Relaxed);
    let told = event(&station, "task fast: a scan overran its period");
    eventually("counted", || {
        value(&station, "SYS.FAST_OVERRUNS").filter(|count| *count >= 1.0)
    });

    // All of them.
    ALWAYS_MS.store(100, Ordering::Relaxed);
    eventually("the alarm tag", || {
        value(&station, "SYS.FAST_OVERRUN_ALM").filter(|alarm| *alarm == 1.0)
    });
    ALWAYS_MS.store(0, Ordering::Relaxed);
    eventually("the alarm tag falls", || {
        value(&station, "SYS.FAST_OVERRUN_ALM").filter(|alarm| *alarm == 0.0)
    });

    // One that the watchdog does not permit.
    ONCE_MS.store(2_000, Ordering::Relaxed);
    let tripped = event(&station, "task fast: watchdog");
    assert!(told < tripped, "{told} {tripped}");
    eventually("the watchdog tag", || {
        value(&station, "SYS.FAST_WATCHDOG").filter(|watchdog| *watchdog == 1.0)
    });
    let more = station.hub.events(0);
    let more = more
        .iter()
        .filter(|event| event.text.en.contains("overran"));
    // Within a minute of the first all others wait for the digest.
    assert!(more.count() <= 2);
    station.stop();

    // Exactly three in a row, in every scan of the run.
    let seen = SEEN.lock().unwrap();
    let (mut last, mut row, mut raised) = (0, 0, 0);
    for (overruns, alarm) in seen.iter() {
        row = if *overruns > last { row + 1 } else { 0 };
        assert_eq!(*alarm, row >= 3, "{row} in a row, {overruns} in all");
        raised += u64::from(*alarm);
        last = *overruns;
    }
    assert!(raised > 0 && seen.iter().any(|(_, alarm)| !alarm));
}
