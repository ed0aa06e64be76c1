//! The ledger beside one fsync of the same disk and beside SQLite (WAL,
//! synchronous=FULL), in alternating rounds of one process.
//!
//! `cargo bench -p scanloop-benches --bench ledger`; `-- --rounds 5` for a quick look,
//! `-- --folder PATH` for another disk than that of the temporary files.

use journal::ledger::{Actor, Class, Entry, Ledger, Settings, Value};
use journal::storage::{FileStorage, Storage};
use rusqlite::{Connection, params};
use scanloop_benches::measure::{machine, median, ns_of, quantile};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Commands one after the other, of a round.
const SINGLES: usize = 40;
/// Groups of a round, and commands of a group: as many as one scan admits.
const GROUPS: usize = 20;
const GROUP: usize = 64;
/// Bytes of the bare write before a bare sync: about one entry.
const BARE: usize = 512;

fn entry(n: usize) -> Entry {
    Entry {
        utc_ns: 1_700_000_000_000_000_000 + n as i64,
        offset_min: 480,
        env: "SIM".into(),
        scan: Some(n as u64),
        class: Class::Command,
        who: Actor {
            session: Some("5f0e".into()),
            ..Actor::person("Li Wei")
        },
        what: "write".into(),
        subject: "TIC-101.SP".into(),
        old: Some(Value::from(40.0)),
        new: Some(Value::from(40.0 + n as f64 * 0.1)),
        why: "start of dosing as in batch sheet 3.2".into(),
        ..Entry::default()
    }
}

/// What is measured of one side.
#[derive(Default)]
struct Side {
    single_us: Vec<f64>,
    per_second: Vec<f64>,
}

impl Side {
    fn round(&mut self, mut record: impl FnMut(usize)) {
        for _ in 0..SINGLES {
            self.single_us.push(ns_of(|| record(1)) / 1_000.0);
        }
        let begun = Instant::now();
        for _ in 0..GROUPS {
            record(GROUP);
        }
        let commands = (GROUPS * GROUP) as f64;
        self.per_second
            .push(commands / begun.elapsed().as_secs_f64());
    }

    fn print(&mut self, name: &str) {
        let [p50, p99] = [0.5, 0.99].map(|q| quantile(&mut self.single_us, q));
        println!(
            "{name:<34} {p50:>9.0} {p99:>9.0} {:>12.0}",
            median(&self.per_second)
        );
    }
}

fn database(folder: &Path) -> Connection {
    let db = Connection::open(folder.join("peer.db")).expect("a database");
    db.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    db.pragma_update(None, "synchronous", "FULL").expect("FULL");
    db.execute_batch("CREATE TABLE entries (seq INTEGER PRIMARY KEY, utc_ns INTEGER, body TEXT)")
        .expect("a table");
    db
}

fn insert(db: &mut Connection, entries: &[Entry]) {
    let transaction = db.transaction().expect("a transaction");
    {
        let mut insert = transaction
            .prepare_cached("INSERT INTO entries (utc_ns, body) VALUES (?1, ?2)")
            .expect("a statement");
        for entry in entries {
            let body = serde_json::to_string(entry).expect("JSON");
            insert.execute(params![entry.utc_ns, body]).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
}

fn argument(name: &str) -> Option<String> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1)
}

fn main() {
    let rounds: usize = argument("--rounds").map_or(15, |text| text.parse().expect("a number"));
    let root = argument("--folder").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = root.join(format!("scanloop-{}-bench-ledger", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    println!("{}", machine());

    let bare = folder.join("bare");
    let mut zeros = std::fs::File::create(&bare).expect("a file");
    let bytes = rounds * (SINGLES + GROUPS) * BARE;
    zeros.write_all(&vec![0; bytes]).expect("zeros");
    zeros.sync_all().expect("a sync");
    let mut bare = FileStorage::open_reserved(&bare).expect("a file");
    let settings = Settings::new("SIM", || 0);
    let mut ledger =
        Ledger::open(&folder.join("ledger"), &folder.join("key"), settings).expect("a ledger");
    for now in 0..4 {
        ledger.tend(now).expect("reserve");
    }
    let mut db = database(&folder);

    let (mut disk, mut ours, mut peer) = (Side::default(), Side::default(), Side::default());
    for _ in 0..rounds {
        disk.round(|_| {
            bare.append(&[1; BARE]).expect("a write");
            bare.sync().expect("a sync");
        });
        let mut n = 0;
        ours.round(|count| {
            let mut batch: Vec<Entry> = (n..n + count).map(entry).collect();
            ledger.append(&mut batch).expect("an append");
            n += count;
        });
        let mut n = 0;
        peer.round(|count| {
            let batch: Vec<Entry> = (n..n + count).map(entry).collect();
            insert(&mut db, &batch);
            n += count;
        });
    }
    println!(
        "{:<34} {:>9} {:>9} {:>12}",
        "one command, µs; groups of 64", "p50", "p99", "commands/s"
    );
    disk.print("bare write and fdatasync (as 64)");
    ours.print("ledger");
    peer.print("SQLite, WAL, synchronous=FULL");
    let p99 = |side: &mut Side| quantile(&mut side.single_us, 0.99);
    println!(
        "p99 of one command: {:.2} times one fdatasync of the same disk; SQLite {:.2} times",
        p99(&mut ours) / p99(&mut disk),
        p99(&mut peer) / p99(&mut disk)
    );
    ledger.stop().expect("an end");
    std::fs::remove_dir_all(&folder).expect("no folder");
}
