//! The real program killed again and again while people command and answer alarms: what
//! was acknowledged stands in the ledger, once; shelves and what is out of service are as
//! they were; history marks the time that nobody knows.
//!
//! `SCANLOOP_KILLS=1000` makes a campaign of it (`cargo xtask crash-station`).

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use driver::random::Random;
use historian::{GapKind, HistoryReader, Item};
use journal::ledger::{Entry, read as ledger};
use scanloop_tests::trial::{Folder, Process, eventually, scanloop};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PLANT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plants/synthesis");
const TAG: &str = "PIC-101.TI_S";
/// Alarms that people may put aside.
const ALARMS: [&str; 4] = ["TAH-104", "PAH-101", "PAL-101", "LAH-101"];
const KILLS: u32 = 6;

/// Where an alarm was put, as far as somebody was told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Put {
    Listed,
    Shelved,
    OutOfService,
}

/// What people were told.
#[derive(Default)]
struct Told {
    /// Values acknowledged, in order.
    values: Vec<f64>,
    /// Words and alarms acknowledged, with their reasons, which are all different.
    deeds: Vec<(String, String)>,
    /// Where each alarm is; none for one whose last answer never came.
    places: BTreeMap<&'static str, Option<Put>>,
    next: u32,
}

struct Trial {
    data: Folder,
    random: Random,
    told: Told,
}

fn act(process: &Process, alarm: &str, deed: &str, reason: &str) -> Option<u16> {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let mut body = serde_json::json!({
        "id": process.fresh_id(),
        "alarms": [alarm],
        "do": deed,
        "reason": reason,
        "seen_ms": now.as_millis() as i64,
    });
    if deed == "shelve" {
        body["for_s"] = 7_200.0.into();
        body["one_shot"] = false.into();
    }
    let (status, _) = process.ask("POST", "/api/v1/alarms/act", &body.to_string())?;
    Some(status)
}

impl Told {
    /// One after the other, until told to stop.
    fn hammer(&mut self, process: &Process, stop: &AtomicBool, random: &mut Random) {
        while !stop.load(Ordering::Relaxed) {
            self.next += 1;
            if random.below(2) == 0 {
                let value = 10.0 + f64::from(self.next) / 8.0;
                if process.write(TAG, value) {
                    self.values.push(value);
                }
                continue;
            }
            let alarm = ALARMS[random.below(ALARMS.len() as u64) as usize];
            // What is not known is asked for in a way that makes it known.
            let (deed, put) = match self.places[alarm] {
                Some(Put::Listed) if random.below(2) == 0 => ("shelve", Put::Shelved),
                Some(Put::Listed) => ("out_of_service", Put::OutOfService),
                Some(Put::Shelved) => ("unshelve", Put::Listed),
                Some(Put::OutOfService) => ("return_to_service", Put::Listed),
                None => continue,
            };
            let reason = format!("trial {}", self.next);
            self.places.insert(alarm, None);
            match act(process, alarm, deed, &reason) {
                Some(200) => {
                    self.deeds.push((alarm.to_string(), reason));
                    self.places.insert(alarm, Some(put));
                }
                Some(status) => panic!("{alarm} {deed}: {status}"),
                None => {}
            }
        }
    }
}

impl Trial {
    fn new() -> Trial {
        Trial {
            data: Folder::new("records"),
            random: Random::seeded(1_984),
            told: Told::default(),
        }
    }

    fn sim(&self) -> PathBuf {
        self.data.path().join("sim")
    }

    fn start(&self) -> Process {
        let process = Process::start(&[
            "run",
            PLANT,
            "--hmi",
            "127.0.0.1:0",
            "--data",
            &self.data.path().display().to_string(),
        ]);
        process.hmi();
        process
    }

    /// Where each alarm is, by the list of the running program.
    fn places(process: &Process) -> BTreeMap<&'static str, Put> {
        let list = eventually("the list of alarms", Duration::from_secs(30), || {
            let list = process.get("/api/v1/alarms")?;
            // Before its first list it has none.
            (list["utc_ms"].as_i64()? > 0).then_some(list)
        });
        let rows = list["rows"].as_array().unwrap().clone();
        let place = |alarm: &str| {
            let row = rows.iter().find(|row| row["alarm"] == alarm);
            match row.and_then(|row| row["state"].as_str()) {
                Some("shelved") => Put::Shelved,
                Some("out_of_service") => Put::OutOfService,
                _ => Put::Listed,
            }
        };
        ALARMS.iter().map(|alarm| (*alarm, place(alarm))).collect()
    }

    /// What was told is so; what was not, is known from now on.
    fn is_as_told(&mut self, process: &Process) {
        let found = Trial::places(process);
        for (alarm, put) in found {
            if let Some(told) = self.told.places.get(alarm).copied().flatten() {
                assert_eq!(put, told, "{alarm}");
            }
            self.told.places.insert(alarm, Some(put));
        }
    }

    fn round(&mut self, within: Duration) {
        let process = self.start();
        self.is_as_told(&process);
        let ns = self.random.below(within.as_nanos() as u64);
        let stop = AtomicBool::new(false);
        let (told, random) = (&mut self.told, &mut self.random);
        std::thread::scope(|scope| {
            let hammer = scope.spawn(|| told.hammer(&process, &stop, random));
            std::thread::sleep(Duration::from_nanos(ns));
            process.signal("-KILL");
            stop.store(true, Ordering::Relaxed);
            hammer.join().unwrap();
        });
        drop(process);
        self.is_recorded();
    }

    /// Acknowledged means recorded, once; numbers have no gap.
    fn is_recorded(&self) {
        let entries = ledger::entries(&self.sim().join("ledger")).unwrap();
        for (entry, number) in entries.iter().zip(1..) {
            assert_eq!(entry.seq, number);
        }
        let mut written: BTreeMap<u64, u32> = BTreeMap::new();
        let mut deeds: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for entry in &entries {
            if entry.what == "write" && entry.subject == TAG {
                let bits = entry.new_number().unwrap().to_bits();
                *written.entry(bits).or_default() += 1;
            } else if entry.what.starts_with("alarm ") {
                let key = (entry.subject.as_str(), entry.why.as_str());
                *deeds.entry(key).or_default() += 1;
            }
        }
        for value in &self.told.values {
            assert_eq!(written.get(&value.to_bits()), Some(&1), "{value}");
        }
        for (alarm, reason) in &self.told.deeds {
            let times = deeds.get(&(alarm.as_str(), reason.as_str()));
            assert_eq!(times, Some(&1), "{alarm}: {reason}");
        }
    }
}

#[test]
fn killed_while_people_answer_alarms_it_keeps_what_they_were_told() {
    let kills = std::env::var("SCANLOOP_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut trial = Trial::new();
    for _ in 0..kills {
        trial.round(Duration::from_secs(2));
    }
    // Ended well at last.
    let mut process = trial.start();
    trial.is_as_told(&process);
    process.signal("-INT");
    assert!(process.await_end(), "{:#?}", process.said());
    assert!(
        trial.told.values.len() as u32 > kills,
        "{}",
        trial.told.values.len()
    );
    assert!(
        trial.told.deeds.len() as u32 > kills,
        "{}",
        trial.told.deeds.len()
    );
    verifies(&trial.sim().join("ledger"));
    // Each start after a kill stands in history as time of which nothing is known.
    let (history, _) = HistoryReader::open(&trial.sim().join("history")).unwrap();
    let (from_ns, to_ns) = history.range().unwrap();
    let items = history.read("TT-101.PV", from_ns, to_ns).unwrap();
    let broken = items.filter(
        |item| matches!(item.as_ref().unwrap(), Item::Gap(gap) if gap.kind == GapKind::Broken),
    );
    let broken = broken.count() as u32;
    // A start that was killed before its first scan leaves no time to mark.
    assert!(broken > 0 && broken <= kills, "{broken} of {kills}");
}

fn scanloop_says(arguments: &[&str], folders: &[&Path]) -> String {
    let mut command = std::process::Command::new(scanloop());
    let said = command.args(arguments).args(folders).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn a_backup_made_while_people_work_is_whole_and_starts_as_they_left_it() {
    let mut trial = Trial::new();
    let process = trial.start();
    trial.is_as_told(&process);
    let (backups, stop) = (Folder::new("backups"), AtomicBool::new(false));
    let busy = backups.path().join("busy");
    let sim = trial.sim();
    let (told, random) = (&mut trial.told, &mut trial.random);
    let before = std::thread::scope(|scope| {
        let hammer = scope.spawn(|| told.hammer(&process, &stop, random));
        let ledger_folder = sim.join("ledger");
        // Something to save.
        let before = eventually("fifty entries", Duration::from_secs(60), || {
            let entries = ledger::entries(&ledger_folder).ok()?;
            (entries.len() >= 50).then_some(entries)
        });
        let made = scanloop_says(&["backup", "--plant", PLANT, "--to"], &[&busy, &sim]);
        assert!(made.contains("plant's text: "), "{made}");
        stop.store(true, Ordering::Relaxed);
        hammer.join().unwrap();
        before
    });
    // All that stood in the ledger when it began, in a folder that verifies and restores.
    let restored = backups.path().join("busy-restored");
    let report = scanloop_says(&["restore", "--to"], &[&restored, &busy]);
    assert!(report.contains("chain and signatures hold"), "{report}");
    let entries = ledger::entries(&restored.join("ledger")).unwrap();
    assert_eq!(entries[..before.len()], before[..]);
    let text = std::fs::read(Path::new(PLANT).join("units/r101.toml")).unwrap();
    let copied = std::fs::read(restored.join("plant/units/r101.toml")).unwrap();
    assert_eq!(copied, text);
    // The station takes up that it was made.
    await_entry(&sim, "backup", &busy);

    // The next when nobody asks anything: the station starts from it as it was left.
    let calm = backups.path().join("calm");
    let made = scanloop_says(&["backup", "--to"], &[&calm, &sim]);
    assert!(made.contains("plant's text: NOT in it"), "{made}");
    process.kill();
    std::fs::remove_dir_all(&sim).unwrap();
    scanloop_says(&["restore", "--to"], &[&sim, &calm]);
    let process = trial.start();
    trial.is_as_told(&process);
    let (history, _) = HistoryReader::open(&sim.join("history")).unwrap();
    assert!(history.range().is_some());
    await_entry(&sim, "restore", &calm);
    // A byte that is not as it was backed up is found, and nothing is restored.
    let damaged = calm.join("alarms.json");
    let mut bytes = std::fs::read(&damaged).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let mut command = std::process::Command::new(scanloop());
    let nowhere = backups.path().join("nowhere");
    let said = command.args(["restore", "--to"]).arg(&nowhere).arg(&calm);
    let said = said.output().unwrap();
    assert!(!said.status.success(), "{said:?}");
    assert!(
        String::from_utf8_lossy(&said.stderr).contains("alarms.json"),
        "{said:?}"
    );
    assert!(!nowhere.join("ledger").exists());
}

/// Waits for an entry about a folder.
fn await_entry(sim: &Path, what: &str, folder: &Path) {
    let subject = folder.display().to_string();
    eventually(what, Duration::from_secs(60), || {
        let entries = ledger::entries(&sim.join("ledger")).ok()?;
        let is = |entry: &Entry| entry.what == what && entry.subject == subject;
        entries.iter().any(is).then_some(())
    });
}

fn verifies(ledger: &Path) {
    let verified = std::process::Command::new(scanloop())
        .args(["audit", "verify"])
        .arg(ledger)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
}
