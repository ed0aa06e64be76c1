//! The whole process stands still for two seconds.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use scanloop_tests::trial::{Folder, PlantText, Process, eventually, read, scans_of, walk};
use serde_json::Value;
use station::replay::{Verdict, replay, segments};
use std::time::{Duration, Instant};

const SPEED: f64 = 4.0;
const WALL_MS: f64 = 100.0 / SPEED;

fn json(process: &Process, path: &str) -> Value {
    eventually(path, Duration::from_secs(10), || {
        let (status, body) = process.ask("GET", path, "")?;
        (status == 200).then(|| serde_json::from_str(&body).ok())?
    })
}

fn fast(process: &Process) -> (u64, u64) {
    let timing = json(process, "/api/v1/timing");
    let task = &timing[0];
    assert_eq!(task["task"], "fast");
    let number = |key: &str| task[key].as_u64().unwrap_or_default();
    (number("scans"), number("overruns"))
}

fn await_event(process: &Process, words: &str) {
    eventually(words, Duration::from_secs(30), || {
        let events = json(process, "/api/v1/events");
        let texts = events.as_array()?.iter();
        let mut texts = texts.filter_map(|event| event["text"]["en"].as_str());
        texts.any(|text| text.contains(words)).then_some(())
    });
}

#[test]
fn after_a_stall_the_watchdog_trips_and_no_scan_is_made_up_for() {
    let (plant, data) = (PlantText::new("stall"), Folder::new("stall-data"));
    let folder = |path: &std::path::Path| path.display().to_string();
    let mut process = Process::start(&[
        "run",
        &folder(plant.path()),
        "--data",
        &folder(data.path()),
        "--hmi",
        "127.0.0.1:0",
        "--speed",
        "4",
    ]);
    await_event(&process, "RG-1 reset");
    let before = fast(&process);

    process.signal("-STOP");
    let stopped = Instant::now();
    // The stall itself: nothing is waited for.
    std::thread::sleep(Duration::from_secs(2));
    let stood = stopped.elapsed();
    process.signal("-CONT");

    await_event(&process, "watchdog");
    await_event(&process, "RG-1 tripped, first-out C28");
    // The timing at the desk is renewed twice a second.
    eventually("an overrun counted", Duration::from_secs(10), || {
        (fast(&process).1 > before.1).then_some(())
    });
    await_event(&process, "task fast: a scan overran its period");
    process.signal("-TERM");
    assert!(process.await_end(), "{:#?}", process.said());

    let data = data.path().join("sim");
    for file in segments(&data).unwrap() {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical);
    }
    let recordings = read(&data);
    assert_eq!(recordings.len(), 1);
    let scans: Vec<_> = scans_of(&recordings[0], 0).collect();
    for (scan, index) in scans.iter().zip(1..) {
        assert_eq!(scan.index, index, "no scan is left out or run twice");
    }
    let longest = scans.iter().max_by_key(|scan| scan.elapsed).unwrap();
    let missed = f64::from(longest.elapsed);
    let wanted = stood.as_secs_f64() * 1e3 / WALL_MS;
    assert!(
        missed > 0.9 * wanted && missed < wanted + 40.0,
        "{missed} periods in one step, {wanted} stood"
    );
    // The time of plant and of wall agree over the whole run: what was missed is in
    // `elapsed`, and nothing was scanned to catch up.
    let grid_s = (scans.last().unwrap().utc_ns - scans[0].utc_ns) as f64 * 1e-9;
    let elapsed: u64 = scans[1..].iter().map(|scan| u64::from(scan.elapsed)).sum();
    assert!((grid_s - elapsed as f64 * 0.1).abs() < 1e-3);
    assert!((scans.len() as u64) < elapsed, "scans were left out");

    // The tag, the cause, the trip, in this order and without delay.
    let mut first = [None::<u64>; 3];
    let mut overruns = 0.0;
    walk(&recordings[0], 0, |scan, look| {
        if scan.index < longest.index {
            return;
        }
        let tags = ["SYS.FAST_WATCHDOG", "C28.TRIP", "RG-1.TRIPPED"];
        for (first, tag) in first.iter_mut().zip(tags) {
            if look(tag).0 == 1.0 {
                first.get_or_insert(scan.index - longest.index);
            }
        }
        overruns = look("SYS.FAST_OVERRUNS").0;
    });
    // The scan that was late is the one before the long step.
    assert!(
        first.iter().all(|at| at.is_some_and(|at| at <= 12)),
        "{first:?}"
    );
    assert!(overruns >= 1.0);
}
