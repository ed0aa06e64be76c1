//! The real program killed without warning, again and again, and started anew on the
//! same data; watched from the side of a device that goes on without it.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use driver::random::Random;
use journal::ledger::read as ledger;
use journal::{Recording, Snapshot};
use scanloop_tests::trial::{
    Device, FieldOutput, Folder, Place, PlantText, Process, eventually, load, outputs, scanloop,
    scans_of,
};
use signal::Utc;
use station::closed_loop::world_of;
use station::replay::{Verdict, replay, segments};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The world of the device is faster than the station: an agitator starts sooner.
const WORLD_SPEED: f64 = 5.0;

struct Trial {
    plant: PlantText,
    data: Folder,
    device: Device,
    outputs: Vec<FieldOutput>,
    /// Outputs held on by the device when the program was started last.
    held: BTreeSet<String>,
    random: Random,
    /// Commands with a positive answer, over all runs.
    acknowledged: Vec<(String, f64)>,
    next_value: f64,
    is_enrolled: bool,
}

/// How a start has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    Warm,
    Cold(&'static str),
}

/// Outputs that a start may energise, and why. All others stay at what plant text calls
/// their `fail_safe` until somebody has reset the trips.
const BY_THEMSELVES: [&str; 8] = [
    // Sound and light tell of the trips.
    "HA-100.HORN",
    "HA-100.RED",
    "HA-100.AMBER",
    // The room is bad until its detectors have been read: fan on, nobody enters.
    "EF-100.CMD",
    "XL-125.ON",
    // The trip that is latched depressures R-102.
    "XV-202.CMD",
    // The nitrogen blanket is no trip's: after a warm start its loop goes on.
    "PV-101A.CMD",
    "PV-101B.CMD",
];

/// What people drive on the way to a reset of the dosing trip.
const BY_PEOPLE: [&str; 1] = ["M-101.CMD"];

const USER: &str = "lin";
const GIVEN: &str = "given by the console";
const OWN: &str = "chosen by the operator";

impl Trial {
    /// Enrols an operator at the console.
    fn enrol(&self) {
        let mut command = std::process::Command::new(scanloop());
        command.args(["users", "add", USER, "--full-name", "Lin Mei"]);
        command
            .args([
                "--role",
                "operator",
                "--role",
                "process-engineer",
                "--state",
            ])
            .arg(self.live());
        let mut child = command
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut input, format!("{GIVEN}\n").as_bytes()).expect("read");
        drop(input);
        assert!(child.wait().expect("an end").success());
    }

    fn new() -> Trial {
        let plant = PlantText::new("kill");
        let world = world_of(&load(plant.path()), None, 1).expect("a world");
        let device = Device::new(world, WORLD_SPEED);
        for (host, address) in ["192.168.10.11", "192.168.10.12"]
            .iter()
            .zip(device.addresses())
        {
            plant.edit(
                "plant.toml",
                &format!("host = \"{host}\"\nport = 502"),
                &format!("host = \"{}\"\nport = {}", address.ip(), address.port()),
            );
        }
        let outputs = outputs(&load(plant.path()));
        Trial {
            plant,
            data: Folder::new("kill-data"),
            device,
            outputs,
            held: BTreeSet::new(),
            random: Random::seeded(4_711),
            acknowledged: Vec::new(),
            next_value: 1.0,
            is_enrolled: false,
        }
    }

    fn live(&self) -> PathBuf {
        self.data.path().join("live")
    }

    /// Tags of the state on disk that would be taken by a warm start.
    fn state(&self) -> Option<BTreeMap<String, f64>> {
        let plant = load(self.plant.path());
        let path = self.live().join("state.slstate");
        let now = Utc(i64::MAX / 2);
        let snapshot = Snapshot::read(&path, "LIVE", plant.digest, now, f64::MAX).ok()?;
        let mut values = BTreeMap::new();
        for task in plant.link().tasks {
            let state = snapshot
                .tasks
                .iter()
                .find(|state| state.name == task.name)?;
            let mut linked = task.linked;
            linked.program.restore(&state.words).ok()?;
            for (name, entry) in &linked.tags {
                let cell = linked.program.image.cell(entry.slot);
                values.insert(name.clone(), entry.kind.to_f64(cell.bits));
            }
        }
        Some(values)
    }

    /// Waits for a state on disk that was taken after `this`, and reads it.
    fn state_with(
        &self,
        what: &str,
        is: impl Fn(&BTreeMap<String, f64>) -> bool,
    ) -> BTreeMap<String, f64> {
        // A dose begins a minute after the agitator: its rate waits for the heat balance.
        eventually(what, Duration::from_secs(150), || self.state().filter(&is))
    }

    /// Starts the program.
    fn spawn(&mut self) -> Process {
        self.device.take();
        let tables = self.device.tables();
        let held = self.outputs.iter().filter(|out| out.held(&tables) != 0);
        self.held = held.map(|out| out.tag.clone()).collect();
        Process::start(&[
            "run",
            &self.plant.path().display().to_string(),
            "--live",
            "--data",
            &self.data.path().display().to_string(),
            "--hmi",
            "127.0.0.1:0",
        ])
    }

    /// Starts and sees that it starts as it must and drives nothing.
    fn start(&mut self, expected: Expected) -> Process {
        let process = self.spawn();
        let line = process.await_line("LIVE · ");
        let words = match expected {
            Expected::Warm => "warm start from a snapshot".to_string(),
            Expected::Cold(why) => format!("cold start: {why}"),
        };
        assert!(line.contains(&words), "{line:?} is not {words:?}");
        // A real plant obeys only people whom it knows.
        let first = !std::mem::replace(&mut self.is_enrolled, true);
        if first {
            self.enrol();
            process.sign_in(USER, GIVEN, Some(OWN));
        } else {
            process.sign_in(USER, OWN, None);
        }
        assert!(line.contains("all trips latched"), "{line:?}");
        process
    }

    /// Why an output may not have this value before a reset; none if it may.
    fn is_unsafe(&self, output: &FieldOutput, value: u16) -> Option<String> {
        let is_well = match output.safe {
            _ if BY_THEMSELVES.contains(&output.tag.as_str()) => true,
            Some(safe) => value == safe,
            // A speed reference alone turns nothing.
            None if matches!(output.place, Place::Register(_)) => true,
            // Held: it may go on, it may not begin.
            None => value == 0 || self.held.contains(&output.tag),
        };
        (!is_well).then(|| format!("{} = {value}, safe {:?}", output.tag, output.safe))
    }

    /// Everything written since the last call is what a tripped plant may get, but for
    /// outputs that people have driven; how many writes there were.
    fn wrote_only_safe_values_but(&self, driven: &[&str]) -> usize {
        let written = self.device.take();
        for (station, write) in &written {
            let outputs = self.outputs.iter();
            for output in outputs.filter(|output| !driven.contains(&output.tag.as_str())) {
                let value = output.given(*station, write);
                let wrong = value.and_then(|value| self.is_unsafe(output, value));
                assert_eq!(wrong, None, "{write:?}");
            }
        }
        written.len()
    }

    fn wrote_only_safe_values(&self) -> usize {
        self.wrote_only_safe_values_but(&[])
    }

    /// Waits until the device has got every output of both I/O stations, and they are
    /// safe.
    fn await_safe_outputs(&self) {
        let mut missing: BTreeSet<&str> = self.outputs.iter().map(|out| &*out.tag).collect();
        eventually("all outputs written", Duration::from_secs(20), || {
            for (station, write) in self.device.take() {
                for output in &self.outputs {
                    if let Some(value) = output.given(station, &write) {
                        assert_eq!(self.is_unsafe(output, value), None, "{write:?}");
                        missing.remove(&*output.tag);
                    }
                }
            }
            missing.is_empty().then_some(())
        });
        assert_eq!(self.driven(), Vec::<String>::new());
    }

    /// Outputs that the device holds and that nobody may have driven before a reset.
    fn driven(&self) -> Vec<String> {
        let tables = self.device.tables();
        let outputs = self.outputs.iter();
        outputs
            .filter_map(|output| self.is_unsafe(output, output.held(&tables)))
            .collect()
    }

    /// Commands one after the other, each with a value of its own, until told to
    /// stop; those that were acknowledged.
    fn hammer(process: &Process, stop: &AtomicBool, first: f64) -> Vec<(String, f64)> {
        let mut acknowledged = Vec::new();
        let mut value = first;
        while !stop.load(Ordering::Relaxed) {
            // Eighths: the same number in text and in binary.
            value += 0.125;
            if process.write("PIC-101.TI_S", value) {
                acknowledged.push(("PIC-101.TI_S".to_string(), value));
            }
        }
        acknowledged
    }

    /// Kills at a moment that the seed decides, in the middle of commands.
    fn kill(&mut self, process: Process, within: Duration) {
        let ns = self.random.below(within.as_nanos() as u64);
        let stop = AtomicBool::new(false);
        self.next_value += 1_000.0;
        let first = self.next_value;
        process.hmi();
        std::thread::scope(|scope| {
            let hammer = scope.spawn(|| Trial::hammer(&process, &stop, first));
            std::thread::sleep(Duration::from_nanos(ns));
            process.signal("-KILL");
            stop.store(true, Ordering::Relaxed);
            self.acknowledged.extend(hammer.join().expect("commands"));
        });
        drop(process);
        self.is_all_recorded();
    }

    /// Starts and kills so soon after that nothing may have been said yet; whether
    /// nothing was.
    fn kill_while_it_starts(&mut self, after: Duration) -> bool {
        let process = self.spawn();
        std::thread::sleep(after);
        let is_early = process.said().iter().all(|line| !line.contains("LIVE · "));
        process.kill();
        self.wrote_only_safe_values();
        self.is_all_recorded();
        is_early
    }

    /// Acknowledged means recorded.
    fn is_all_recorded(&self) {
        let records = ledger::entries(&self.live().join("ledger")).expect("the record");
        for (record, number) in records.iter().zip(1..) {
            assert_eq!(record.seq, number, "numbers without a gap");
        }
        let writes: Vec<(&str, f64)> = records
            .iter()
            .filter(|record| record.what == "write")
            .map(|record| {
                (
                    record.subject.as_str(),
                    record.new_number().unwrap_or(f64::NAN),
                )
            })
            .collect();
        for (tag, value) in &self.acknowledged {
            let times = writes
                .iter()
                .filter(|write| **write == (tag, *value))
                .count();
            assert_eq!(times, 1, "{tag} = {value} was acknowledged");
        }
    }

    fn write(&mut self, process: &Process, tag: &str, value: f64) {
        process.await_write(tag, value);
        self.acknowledged.push((tag.to_string(), value));
    }

    /// Brings the plant to dosing: agitator, modes, reset, dose.
    fn dose(&mut self, process: &Process) {
        // The agitator has a trip group of its own, latched as all are after a start.
        self.state_with("the agitator's trip can be reset", |state| {
            state["RG-3.ARMED_RESET"] == 1.0
        });
        process.await_write("RG-3.RESET", 1.0);
        for (tag, value) in [
            ("M-101.START", 1.0),
            ("PIC-101.MODE", 1.0),
            ("TIC-102.MODE", 2.0),
            ("TIC-101.MODE", 1.0),
            ("FIC-101.MODE", 2.0),
        ] {
            self.write(process, tag, value);
        }
        self.state_with("a reset would succeed", |state| {
            state["M-101.STATE"] == 1.0
                && state["DP-101.OK"] == 0.0
                && state["SSL-101.OUT"] == 1.0
                && state["RG-1.ARMED_RESET"] == 1.0
        });
        // Up to the reset nothing was driven.
        assert!(self.wrote_only_safe_values_but(&BY_PEOPLE) > 0);
        process.await_write("RG-1.RESET", 1.0);
        // Emergency brine is stroked before a dose.
        self.state_with("the brine valve is shut", |state| {
            state["XV-117.ZSC"] == 1.0 && state["RG-1.E4"] == 0.0
        });
        // A stroke that the simulated field answers too late does not count; whoever sees
        // that strokes again.
        let mut stroked = None::<std::time::Instant>;
        eventually("dosing permitted", Duration::from_secs(300), || {
            if stroked.is_none_or(|at| at.elapsed() > Duration::from_secs(100)) {
                process.await_write("EC-101.TEST", 1.0);
                stroked = Some(std::time::Instant::now());
            }
            self.state().filter(|state| state["DP-101.OK"] == 1.0)
        });
        process.await_write("DOSE.ENABLE", 1.0);
        eventually(
            // The rate waits for the heat balance, which wants a minute of agitation.
            "the dosing valves are open",
            Duration::from_secs(120),
            || {
                // This is what the checks above would see if a start drove something.
                let driven = self.driven();
                let is_driven = |tag: &&str| driven.iter().any(|told| told.starts_with(*tag));
                let dosing = ["XV-101A.CMD", "XV-101B.CMD", "FV-101.CMD"];
                dosing.iter().all(is_driven).then_some(())
            },
        );
    }
}

#[test]
fn killed_at_any_moment_it_starts_again_as_it_says_and_safe() {
    let mut trial = Trial::new();
    let second = Duration::from_secs(1);

    // Cold, then up to dosing, with a set-point and a tuning that people moved.
    let process = trial.start(Expected::Cold("no snapshot"));
    trial.await_safe_outputs();
    trial.dose(&process);
    trial.write(&process, "TIC-101.SP", 41.5);
    trial.write(&process, "TIC-101.KP", 4.25);
    let kept = trial.state_with("set-point and total on disk", |state| {
        state["TIC-101.SP"] == 41.5 && state["TIC-101.KP"] == 4.25 && state["DOSE.TOTAL"] > 0.1
    });
    assert_eq!(kept["RG-1.TRIPPED"], 0.0);
    trial.kill(process, second);
    let killed = trial.state().expect("a state");
    assert!(killed["DOSE.TOTAL"] >= kept["DOSE.TOTAL"]);

    // Killed while it dosed: the next one must not go on dosing.
    let process = trial.start(Expected::Warm);
    trial.await_safe_outputs();
    is_latched(&trial);
    retains(&trial, &killed);
    trial.kill(process, second);

    // At any moment, however early.
    for round in 0..8 {
        let process = trial.start(Expected::Warm);
        if round % 2 == 0 {
            trial.kill(process, second / 2);
        } else {
            trial.await_safe_outputs();
            trial.kill(process, second * 2);
        }
        trial.wrote_only_safe_values();
        retains(&trial, &killed);
    }

    // Before it has said that it runs: at any moment of a start.
    let begun = Instant::now();
    let process = trial.start(Expected::Warm);
    let start = begun.elapsed();
    trial.kill(process, second);
    let early = (1..=12).filter(|twelfth| trial.kill_while_it_starts(start * *twelfth / 12));
    assert!(early.count() >= 3, "a start takes {start:?}");
    let process = trial.start(Expected::Warm);
    trial.await_safe_outputs();
    is_latched(&trial);
    retains(&trial, &killed);
    trial.kill(process, second);

    // Another text.
    trial.plant.append("plant.toml", "\n# another text\n");
    trial.plant.edit_block("PIC-101", "kp = 5.0", "kp = 5.5");
    let process = trial.start(Expected::Cold("snapshot is of another text of the plant"));
    trial.await_safe_outputs();
    let fresh = trial.state_with("a state of the new text", |_| true);
    is_latched(&trial);
    for (tag, value) in [
        ("TIC-101.SP", 40.0),
        ("TIC-101.KP", 4.0),
        ("PIC-101.KP", 5.5),
        ("DOSE.TOTAL", 0.0),
    ] {
        assert_eq!(fresh[tag], value, "{tag} begins anew");
    }
    trial.kill(process, second);

    // A damaged state.
    let path = trial.live().join("state.slstate");
    let mut bytes = std::fs::read(&path).expect("the state");
    let at = bytes.len() / 2;
    bytes[at] ^= 0x40;
    std::fs::write(&path, bytes).expect("the damage");
    let process = trial.start(Expected::Cold("snapshot unreadable"));
    trial.await_safe_outputs();
    trial.state_with("a sound state again", |_| true);
    trial.kill(process, second);
    let process = trial.start(Expected::Warm);
    trial.await_safe_outputs();
    trial.kill(process, second);

    // A state that is always too old.
    let edit = ("warm_age_s_max = 600.0", "warm_age_s_max = 0.0");
    trial.plant.edit("plant.toml", edit.0, edit.1);
    let process = trial.start(Expected::Cold("snapshot is of another text of the plant"));
    trial.state_with("a state of the new text", |_| true);
    trial.kill(process, second);
    let process = trial.start(Expected::Cold("snapshot is"));
    let line = process.await_line("LIVE · ");
    assert!(line.contains("s old, at most 0.0 s"), "{line:?}");
    trial.await_safe_outputs();
    trial.kill(process, second);

    assert!(
        trial.acknowledged.len() > 50,
        "{}",
        trial.acknowledged.len()
    );
    every_recording_replays(&trial);
}

/// First-out 100: the start latched everything, and nobody has reset.
fn is_latched(trial: &Trial) {
    let state = trial.state_with("the trip of the start on disk", |state| {
        state["RG-1.FIRST_OUT"] == 100.0
    });
    assert_eq!(state["RG-1.TRIPPED"], 1.0);
    assert_eq!(state["DOSE.ENABLE"], 0.0, "dosing does not go on by itself");
}

/// What people moved, and what was counted, is still there.
fn retains(trial: &Trial, before: &BTreeMap<String, f64>) {
    let now = trial.state().expect("a state");
    for tag in ["TIC-101.SP", "TIC-101.KP"] {
        assert_eq!(now[tag], before[tag], "{tag}");
    }
    let (was, is) = (before["DOSE.TOTAL"], now["DOSE.TOTAL"]);
    // What still drips while the valve closes may be counted.
    assert!(is >= was && is < was + 2.0, "DOSE.TOTAL {was} {is}");
}

/// Whatever was written before each kill replays, up to a torn end.
fn every_recording_replays(trial: &Trial) {
    let files = segments(&trial.live()).expect("recordings");
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).expect("a recording");
        let Ok(recording) = Recording::read(&bytes) else {
            // Killed before the header was whole.
            continue;
        };
        for task in 0..2 {
            let indices: Vec<u64> = scans_of(&recording, task).map(|scan| scan.index).collect();
            assert!(indices.windows(2).all(|pair| pair[1] == pair[0] + 1));
        }
        let report = replay(&file, None, |_, _| {}).expect("a replay");
        assert_eq!(report.verdict, Verdict::Identical, "{}", report.file);
    }
}
