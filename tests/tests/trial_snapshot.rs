//! Snapshots of a simulation that doses: process and controller are kept, put back, and
//! go on from there as they did.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use gateway::Desk;
use gateway::desk::{Receipt, Refusal, RefusalCode};
use gateway::simulator::{Simulation, SimulationDeed as Deed};
use journal::Recording;
use journal::ledger::read as ledger;
use plant::Sources;
use scanloop_tests::trial::{Folder, PlantText, Rig, Run, eventually, read, scans_of, walk};
use station::kinds;
use station::replay::{Verdict, replay, segments};
use station::snapshots::snapshots_folder;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

const RUN: Run = Run {
    speed: 5.0,
    for_s: None,
    plays_demo: false,
    has_link: false,
};

/// Single steps that are compared: three scans of the slow task among them.
const STEPS: usize = 30;

fn started(plant: &PlantText, data: &Folder) -> Rig {
    let mut rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.instruct(plant.path());
    rig
}

fn named(make: impl FnOnce(String) -> Deed, name: &str) -> Deed {
    make(name.to_string())
}

fn snapshot(rig: &Rig, name: &str) -> Result<Receipt, Refusal> {
    rig.simulate(named(|name| Deed::Snapshot { name }, name))
}

fn restore(rig: &Rig, name: &str) -> Result<Receipt, Refusal> {
    rig.simulate(named(|name| Deed::Restore { name }, name))
}

fn state(rig: &Rig) -> Simulation {
    rig.hub.simulation().unwrap()
}

/// Waits until the newest image at the desk shows all that was scanned so far.
fn shown(rig: &Rig, scans: u64) {
    eventually(
        "the image of the last scan",
        Duration::from_secs(40),
        || (rig.hub.snapshot().scan >= scans).then_some(()),
    );
}

type Values = BTreeMap<String, f64>;

/// What is true in the process.
fn truths(rig: &Rig) -> Values {
    rig.with_world(|world| {
        let names: Vec<_> = world.truths().collect();
        let value = |name: &str| world.truth(name).unwrap();
        names.iter().map(|n| (n.to_string(), value(n))).collect()
    })
}

/// One step after the other: what was true after each.
fn steps(rig: &Rig) -> Vec<Values> {
    let step = |_| {
        let before = [rig.pulse(0).0, rig.pulse(1).0];
        rig.simulate(Deed::Step).unwrap();
        assert_eq!(rig.pulse(0).0, before[0] + 1, "one scan and no other");
        assert!(rig.pulse(1).0 <= before[1] + 1);
        truths(rig)
    };
    (0..STEPS).map(step).collect()
}

/// What the tags of a task said after each scan of a segment, from the scan after
/// `after` on.
fn said(recording: &Recording, task: usize, after: u64, count: usize) -> Vec<Values> {
    let sources = Sources::from_texts(recording.header.sources.clone());
    let plant = plant::load_sources(sources, &kinds::blocks(), &kinds::Drivers);
    let mut tasks = plant.unwrap_or_else(|_| panic!("it ran")).link().tasks;
    let names = tasks.swap_remove(task).linked.tags;
    let names = names.keys().filter(|name| !is_of_the_station(name));
    let names: Vec<String> = names.cloned().collect();
    let mut said = Vec::new();
    walk(recording, task, |scan, look| {
        if scan.index > after && said.len() < count {
            let value = |name: &String| (name.clone(), look(name).0);
            said.push(names.iter().map(value).collect());
        }
    });
    assert_eq!(said.len(), count);
    said
}

/// Differences of rounding only.
const EXACT: f64 = 1e-10;
/// What a task takes from another may be of this release or of the one before: who of
/// the two is faster is not a thing of the process. No state may differ, no value by more
/// than its noise.
const NEAR: f64 = 0.02;

/// Every difference beyond such a part of the value, or of ten, in words.
fn differences(first: &Values, second: &Values, part: f64) -> Vec<String> {
    let differs = |a: f64, b: f64| (a - b).abs() > part * a.abs().max(b.abs()).max(10.0);
    let pairs = first.iter().map(|(name, a)| (name, *a, second[name]));
    let apart = pairs.filter(|(_, a, b)| differs(*a, *b));
    apart
        .map(|(name, a, b)| format!("{name}: {a} and {b}"))
        .collect()
}

/// Tags that tell of the time of day, or that a script writes when its minute is over.
fn is_of_the_station(name: &str) -> bool {
    name.starts_with("REPORT.") || name.ends_with(".DUE_H")
}

#[test]
fn what_is_put_back_goes_on_as_it_went_and_every_segment_replays() {
    let (plant, data) = (PlantText::new("snapshot"), Folder::new("snapshot-data"));
    let rig = started(&plant, &data);
    rig.simulate(named(|name| Deed::Play { name }, "demo"))
        .unwrap();
    rig.await_dosing();
    rig.await_tag("DOSE.TOTAL", "> 0.5 kg", |value, _| value > 0.5);

    // While all goes: it goes on as it went.
    snapshot(&rig, "in passing").unwrap();
    assert_eq!(state(&rig).speed, 5.0);

    rig.simulate(Deed::Freeze).unwrap();
    let name = "mid-dosing 滴加中";
    snapshot(&rig, name).unwrap();
    shown(&rig, rig.pulse(0).0);
    let (truths_then, dosed_then) = (truths(&rig), rig.value("DOSE.TOTAL"));
    let scans_then = [rig.pulse(0).0, rig.pulse(1).0];
    let first = steps(&rig);
    let slow = (rig.pulse(1).0 - scans_then[1]) as usize;
    assert!(slow >= 2, "the slow task had its turns: {slow}");

    // Another story: a set-point, a fault, a trip.
    rig.simulate(Deed::Resume).unwrap();
    rig.write("TIC-101.SP", 44.0, None).unwrap();
    rig.await_value("TIC-101.SP", 44.0);
    let fault = "agitator-stop".to_string();
    let value = None;
    rig.simulate(Deed::Inject { name: fault, value }).unwrap();
    rig.await_value("RG-1.TRIPPED", 1.0);
    assert_eq!(state(&rig).active, ["agitator-stop"]);
    // A command that waits when the state is put back belongs to what is undone.
    rig.simulate(Deed::Freeze).unwrap();
    rig.write("TIC-101.SP", 30.0, None).unwrap();

    let (before, wall) = (rig.hub.snapshot(), rig.hub.now_utc_ns());
    restore(&rig, name).unwrap();
    // The state put back has a number that no scan has.
    let number = rig.pulse(0).0 + 1;
    shown(&rig, number);
    let now = state(&rig);
    assert_eq!((now.speed, now.playing), (0.0, None), "it stands still");
    assert!(now.active.is_empty());
    assert_eq!(truths(&rig), truths_then);
    rig.await_value("RG-1.TRIPPED", 0.0);
    rig.await_value("DOSE.TOTAL", dosed_then);
    assert_eq!(rig.value("TIC-101.SP"), 40.0);
    // Nobody lets go: nothing moves.
    assert_eq!(
        (rig.hub.snapshot().scan, rig.pulse(0).0 + 1),
        (number, number)
    );
    assert!(rig.hub.snapshot().utc_ns > before.utc_ns, "labels go on");
    assert!(rig.hub.now_utc_ns() >= wall, "time never goes back");

    let second = steps(&rig);
    for (at, (one, other)) in first.iter().zip(&second).enumerate() {
        assert_eq!(
            differences(one, other, EXACT),
            [""; 0],
            "the process, step {at}"
        );
    }
    assert_eq!(rig.value("TIC-101.SP"), 40.0, "the command was dropped");

    // Let go, it doses on as if nothing had been.
    rig.simulate(Deed::Resume).unwrap();
    rig.await_tag("DOSE.TOTAL", "grows", |value, _| value > dosed_then + 0.1);
    assert_eq!(rig.value("RG-1.TRIPPED"), 0.0);
    rig.stop();

    let records = ledger::entries(&data.path().join("ledger")).unwrap();
    let deeds: Vec<(&str, &str)> = records
        .iter()
        .filter(|record| record.what == "simulation" && record.subject.starts_with("snapshot"))
        .map(|record| (record.who.name.as_str(), record.subject.as_str()))
        .collect();
    let taken = format!("snapshot {name} taken");
    let restored = format!("snapshot {name} restored");
    let wanted = ["snapshot in passing taken", &taken, &restored];
    assert_eq!(deeds, wanted.map(|subject| ("instructor", subject)));

    let files = segments(data.path()).unwrap();
    assert_eq!(files.len(), 2, "what was put back begins a segment");
    for file in files {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical, "{}", report.file);
        assert_eq!(report.torn, None);
    }
    let recordings = read(data.path());
    for (task, count, part) in [(0, STEPS, EXACT), (1, slow, NEAR)] {
        let first = said(&recordings[0], task, scans_then[task], count);
        let second = said(&recordings[1], task, 0, count);
        for (at, (one, other)) in first.iter().zip(&second).enumerate() {
            let apart = differences(one, other, part);
            assert_eq!(apart, [""; 0], "the controller, task {task}, scan {at}");
        }
        let mut scans = recordings.iter().map(|part| scans_of(part, task));
        let last = scans.next().unwrap().last().unwrap();
        let first = scans.next().unwrap().next().unwrap();
        assert_eq!(
            first.index,
            last.index + 2,
            "the state put back has a number"
        );
        assert!(first.utc_ns > last.utc_ns);
    }
}

/// The one snapshot file of a data folder.
fn file(data: &Folder) -> PathBuf {
    let files = std::fs::read_dir(snapshots_folder(data.path())).unwrap();
    let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn a_snapshot_that_is_damaged_of_another_text_or_unknown_is_refused_and_all_goes_on() {
    let (plant, data) = (PlantText::new("kept"), Folder::new("kept-data"));
    let rig = started(&plant, &data);
    rig.await_value("RG-1.TRIPPED", 1.0);
    let why = |result: Result<Receipt, Refusal>| {
        let refusal = result.expect_err("a refusal");
        assert_eq!(refusal.code, RefusalCode::NotPermitted, "{refusal:?}");
        assert_eq!(state(&rig).speed, 5.0, "all goes on");
        refusal.en
    };
    assert!(why(rig.simulate(Deed::Step)).contains("freeze first"));
    assert!(why(snapshot(&rig, "  ")).contains("1 to 60 characters"));
    snapshot(&rig, "one").unwrap();
    assert!(why(snapshot(&rig, "one")).contains("of this name"));
    assert!(why(restore(&rig, "other")).contains("no snapshot"));
    let fits = |rig: &Rig| -> Vec<bool> { state(rig).snapshots.iter().map(|s| s.fits).collect() };
    assert_eq!(fits(&rig), [true]);

    let path = file(&data);
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    assert!(why(restore(&rig, "one")).contains("damaged"));
    std::fs::write(&path, &whole[..middle]).unwrap();
    assert!(why(restore(&rig, "one")).contains("damaged"));
    std::fs::write(&path, &whole).unwrap();

    plant.append("units/r101.toml", "\n# another text\n");
    // It feeds no trip: one that stands would bar the change.
    plant.edit_block("PIC-101", "kp = 5.0", "kp = 5.5");
    rig.change(false).unwrap();
    assert!(why(restore(&rig, "one")).contains("another text"));
    assert_eq!(fits(&rig), [false]);
    rig.change(true).unwrap();
    assert_eq!(fits(&rig), [true]);
    restore(&rig, "one").unwrap();
    assert_eq!(state(&rig).speed, 0.0);
    // An online change while all stands still is adopted there.
    rig.change(false).unwrap();
    rig.simulate(Deed::Resume).unwrap();
    rig.await_value("PIC-101.KP", 5.5);
    rig.simulate(named(|name| Deed::Forget { name }, "one"))
        .unwrap();
    assert!(state(&rig).snapshots.is_empty() && !path.exists());
    rig.stop();

    let records = ledger::entries(&data.path().join("ledger")).unwrap();
    let refused = records.iter().filter(|record| record.what == "refused");
    let refused: Vec<&str> = refused.map(|record| record.why.as_str()).collect();
    for words in ["freeze first", "no snapshot", "damaged", "another text"] {
        assert!(refused.iter().any(|why| why.contains(words)), "{words}");
    }
    for file in segments(data.path()).unwrap() {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical, "{}", report.file);
    }
}

#[test]
fn a_station_without_a_simulated_process_as_every_real_one_refuses_and_records_it() {
    let (plant, data) = (PlantText::new("live"), Folder::new("live-data"));
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    assert!(rig.hub.simulation().is_none());
    for deed in [
        Deed::Step,
        Deed::Freeze,
        named(|name| Deed::Snapshot { name }, "one"),
        named(|name| Deed::Restore { name }, "one"),
        named(|name| Deed::Forget { name }, "one"),
    ] {
        let refusal = rig.simulate(deed).expect_err("a refusal");
        assert_eq!(refusal.code, RefusalCode::NotPermitted);
    }
    rig.stop();
    assert!(!snapshots_folder(data.path()).exists());
    let records = ledger::entries(&data.path().join("ledger")).unwrap();
    let refused = records.iter().filter(|record| record.what == "refused");
    assert_eq!(refused.count(), 5);
}
