//! The disk under the real program fills up, becomes read-only, fails: control goes on,
//! nothing is done that cannot be recorded, an alarm stands, and it recovers by itself.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::read as ledger;
use scanloop_tests::trial::{Folder, Process, eventually, scanloop};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PLANT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plants/synthesis");
const TAG: &str = "PIC-101.TI_S";

fn run_on(mut command: Command, data: &Path) -> Process {
    command.args(["run", PLANT, "--hmi", "127.0.0.1:0", "--data"]);
    command.arg(data);
    Process::spawn(command)
}

/// A station on a disk, and what was acknowledged to it.
struct Trial {
    process: Process,
    acknowledged: Vec<f64>,
    next: f64,
}

impl Trial {
    fn new(process: Process) -> Trial {
        let mut trial = Trial {
            process,
            acknowledged: Vec::new(),
            next: 10.0,
        };
        trial.await_write();
        trial
    }

    /// Asks for a value not asked for before; the code of the refusal, if it is one.
    fn write(&mut self) -> Option<Result<(), String>> {
        self.next += 0.125;
        // As long as a reason may be: what is reserved for records is used up sooner.
        let reason = "长".repeat(500);
        let (status, body) = self.process.write_because(TAG, self.next, &reason)?;
        if status == 200 {
            self.acknowledged.push(self.next);
            return Some(Ok(()));
        }
        let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        Some(Err(body["code"].as_str().unwrap_or_default().to_string()))
    }

    fn await_write(&mut self) {
        eventually("a write acknowledged", Duration::from_secs(60), || {
            (self.write()? == Ok(())).then_some(())
        });
    }

    fn scan(&self) -> Option<u64> {
        let health = self.process.get("/api/v1/health")?;
        (health["scanning"] == true).then(|| health["scan"].as_u64())?
    }

    /// State of an alarm in the list; none while it is normal.
    fn alarm(&self, tag: &str) -> Option<(bool, String)> {
        let list = self.process.get("/api/v1/alarms")?;
        let rows = list["rows"].as_array()?;
        let row = rows
            .iter()
            .find(|row| row["alarm"] == tag || row["tag"] == tag)?;
        let is_active = row["active"].as_bool()?;
        Some((is_active, row["state"].as_str()?.to_string()))
    }

    /// The disk takes nothing: seen by everybody, and the scans go on.
    fn is_refused_and_goes_on(&mut self) {
        eventually("JournalDown", Duration::from_secs(120), || {
            let answer = self.write()?;
            (answer == Err("journal_down".to_string())).then_some(())
        });
        eventually("the alarm", Duration::from_secs(30), || {
            self.alarm("STATION.JOURNAL_DOWN")
                .filter(|(active, _)| *active)
        });
        eventually("the alarm of history", Duration::from_secs(30), || {
            self.alarm("SYS.HISTORY").filter(|(active, _)| *active)
        });
        let before = eventually("a scan", Duration::from_secs(10), || self.scan());
        eventually("fifty scans later", Duration::from_secs(30), || {
            (self.scan()? >= before + 50).then_some(())
        });
        // Without a record there is no action, however often it is asked for.
        for _ in 0..20 {
            assert_eq!(self.write(), Some(Err("journal_down".to_string())));
        }
    }

    /// Room again: without anybody's help.
    fn recovers(&mut self) {
        self.await_write();
        for alarm in ["STATION.JOURNAL_DOWN", "SYS.HISTORY"] {
            eventually(
                "the alarm gone or to be acknowledged",
                Duration::from_secs(60),
                || match self.alarm(alarm) {
                    Some((is_active, _)) => (!is_active).then_some(()),
                    None => self.scan().map(|_| ()),
                },
            );
        }
    }

    /// Ends well; all that was acknowledged stands in the ledger, and nothing else of it.
    fn ends_with_all_recorded(mut self, data: &Path) {
        self.process.signal("-INT");
        assert!(self.process.await_end(), "{:#?}", self.process.said());
        let folder = ledger_of(data);
        let entries = ledger::entries(&folder).unwrap();
        let written: Vec<f64> = entries
            .iter()
            .filter(|entry| entry.what == "write" && entry.subject == TAG)
            .map(|entry| entry.new_number().unwrap())
            .collect();
        assert_eq!(written, self.acknowledged);
        let is_told = |what: &str| entries.iter().any(|entry| entry.what.contains(what));
        assert!(is_told("reopened"), "that it was down is a record");
        assert!(is_told("history down") || is_told("history up"));
        let verified = Command::new(scanloop())
            .args(["audit", "verify"])
            .arg(&folder)
            .output()
            .unwrap();
        assert!(verified.status.success(), "{verified:?}");
    }
}

fn ledger_of(data: &Path) -> PathBuf {
    data.join("sim").join("ledger")
}

#[test]
fn a_disk_that_is_read_only_or_fails_stops_no_control() {
    let data = Folder::new("faulty-disk");
    let errno = Folder::new("faulty-disk-errno");
    let errno = errno.path().join("errno");
    let library = built(errno.parent().unwrap());
    let mut command = Command::new(scanloop());
    command
        .env("LD_PRELOAD", library)
        .env("FAULTY_UNDER", data.path())
        .env("FAULTY_ERRNO", &errno);
    let mut trial = Trial::new(run_on(command, data.path()));
    // EROFS, EIO, ENOSPC.
    for number in ["30", "5", "28"] {
        std::fs::write(&errno, number).unwrap();
        trial.is_refused_and_goes_on();
        std::fs::remove_file(&errno).unwrap();
        trial.recovers();
    }
    trial.ends_with_all_recorded(data.path());
}

/// The disk that fails, compiled: `faulty-disk/faulty_disk.c`.
fn built(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faulty-disk/faulty_disk.c");
    let library = folder.join("faulty_disk.so");
    let status = Command::new("cc")
        .args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    assert!(status.expect("a C compiler").success());
    library
}

#[test]
fn a_disk_that_is_full_stops_no_control() {
    let data = Folder::new("full-disk");
    // A file system of its own, seen by this process and its children only.
    let own = r#"mount -t tmpfs -o size=96m none "$1" && data="$1" && bin="$2" && shift 2 &&
        exec "$bin" "$@" "$data""#;
    let mut names = Command::new("unshare");
    names.args(["--mount", "--map-root-user"]);
    let may = Command::new("unshare")
        .args(["--mount", "--map-root-user", "mount", "-t", "tmpfs", "none"])
        .arg(data.path())
        .status();
    if !may.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "no file system for the trial"
        );
        println!("not tried: this system lets nobody mount a file system of his own");
        return;
    }
    names
        .args(["sh", "-c", own, "sh"])
        .arg(data.path())
        .arg(scanloop());
    names.args(["run", PLANT, "--hmi", "127.0.0.1:0", "--data"]);
    let mut trial = Trial::new(Process::spawn(names));
    let seen = PathBuf::from(format!("/proc/{}/root", trial.process.id()));
    let inside = seen.join(data.path().strip_prefix("/").unwrap());
    let ballast = inside.join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    let full = std::io::copy(&mut std::io::repeat(0), &mut file).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    drop(file);
    // Whatever becomes free meanwhile is taken as well.
    trial.is_refused_and_goes_on();
    std::fs::remove_file(&ballast).unwrap();
    trial.recovers();
    // Gone with its process: looked at before.
    let copy = Folder::new("full-disk-copy");
    let copied = Command::new("cp")
        .arg("-a")
        .arg(inside.join("sim"))
        .arg(copy.path())
        .status();
    assert!(copied.unwrap().success());
    let verified = Command::new(scanloop())
        .args(["audit", "verify"])
        .arg(ledger_of(copy.path()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).to_string();
    println!("{said}");
    let entries = ledger::entries(&ledger_of(copy.path())).unwrap();
    let written = entries
        .iter()
        .filter(|entry| entry.what == "write" && entry.subject == TAG);
    let written: Vec<f64> = written.map(|entry| entry.new_number().unwrap()).collect();
    assert_eq!(written, trial.acknowledged);
}
