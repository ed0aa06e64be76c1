//! Killed at any moment, the ledger keeps what it acknowledged, and its chain holds.
//!
//! Twenty kills as a test; `cargo xtask crash 1000` for a campaign. A kill takes the
//! process and leaves the machine: power cuts are simulated in the tests of the ledger.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::{DiskFolder, Entry, Ledger, Settings, keys, read, verify};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FOLDER: &str = "SCANLOOP_CRASH_FOLDER";
const KILLS: &str = "SCANLOOP_CRASHES";

fn settings() -> Settings {
    Settings {
        // Short segments, so that many kills fall into the turn from one to the next.
        segment_bytes: 1 << 16,
        spares: 1,
        every_entries: 40,
        every_ns: 5_000_000,
        ..Settings::new("SIM", || 0)
    }
}

fn open(folder: &Path) -> Ledger {
    Ledger::open(
        &folder.join("ledger"),
        &folder.join("ledger.key"),
        settings(),
    )
    .unwrap()
}

/// The process that is killed: appends groups without end and says what was acknowledged.
#[test]
#[ignore = "a process of the campaign"]
fn appends_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let mut ledger = open(Path::new(&folder));
    let begun = Instant::now();
    let mut out = std::io::stdout();
    for n in 0_u64.. {
        let text = format!("{}-{n}", std::process::id());
        let entry = Entry::system(
            n as i64,
            "SIM",
            &text,
            "TIC-101.SP",
            &"x".repeat(n as usize % 700),
        );
        let mut batch = vec![entry; 1 + n as usize % 8];
        let first = ledger.append(&mut batch).unwrap();
        writeln!(out, "\nACK {first} {} {text}", batch.len()).unwrap();
        out.flush().unwrap();
        ledger.tend(begun.elapsed().as_nanos() as u64).unwrap();
    }
}

/// Runs the process for `life` and kills it; (first, count, text) of acknowledged groups.
fn kill_one(folder: &Path, life: Duration) -> Vec<(u64, u64, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "appends_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        for line in out.lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            if let ["ACK", first, count, text] = words[..]
                && let (Ok(first), Ok(count)) = (first.parse(), count.parse())
            {
                said.push((first, count, text.to_string()));
            }
        }
        said
    });
    // When it dies is what is tried; nothing waits for it.
    std::thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

fn check(folder: &Path, acknowledged: &[(u64, u64, String)]) {
    let ledger = DiskFolder::at(&folder.join("ledger"));
    let public = keys::read_public(&folder.join("ledger.pub")).unwrap();
    let report = verify(&ledger, Some(public), None).unwrap();
    assert!(report.is_good(), "{}", report.text());
    let entries = read::entries(&folder.join("ledger")).unwrap();
    for (number, entry) in (1..).zip(&entries) {
        assert_eq!(entry.seq, number, "numbers without gaps");
    }
    for (first, count, text) in acknowledged {
        for seq in *first..first + count {
            let entry = entries.get(seq as usize - 1);
            assert_eq!(
                entry.map(|entry| &entry.what),
                Some(text),
                "record {seq} is lost"
            );
        }
    }
    let seqs: BTreeSet<u64> = acknowledged.iter().map(|(first, ..)| *first).collect();
    assert_eq!(seqs.len(), acknowledged.len(), "no number is given twice");
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let kills: u64 = std::env::var(KILLS).map_or(20, |text| text.parse().unwrap());
    let folder: PathBuf =
        std::env::temp_dir().join(format!("scanloop-{}-crash", std::process::id()));
    let (mut all, mut entries) = (0, 0);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut acknowledged = Vec::new();
    for kill in 0..kills {
        // A new ledger now and then, so that its beginning is killed too.
        if kill % 10 == 0 {
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            acknowledged.clear();
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let said = kill_one(&folder, Duration::from_millis(5 + random % 120));
        all += said.len();
        entries += said.iter().map(|(_, count, _)| count).sum::<u64>();
        acknowledged.extend(said);
        open(&folder).stop().unwrap();
        check(&folder, &acknowledged);
    }
    assert!(
        entries > 0,
        "a campaign without any acknowledged record shows nothing"
    );
    println!(
        "{kills} kills, {entries} entries acknowledged in {all} groups, none lost, every chain whole"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
