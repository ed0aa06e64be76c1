//! A second verifier, written in another language from the description of the format
//! alone (`tests/verifier/ledger.py`), agrees with ours on good and tampered ledgers.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::{
    Class, DiskFolder, Entry, Ledger, Replica, Report, Settings, keys, replica::Replicated,
    segment_name, verify,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Kept {
    root: PathBuf,
    ledger: PathBuf,
    key: [u8; 32],
    checkpoints: PathBuf,
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What stays behind is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// Three runs of a ledger on the disk, with a second place.
fn kept(name: &str) -> Kept {
    let root = std::env::temp_dir().join(format!("scanloop-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    let (ledger, place) = (root.join("ledger"), root.join("second"));
    std::fs::create_dir_all(&root).unwrap();
    let key = root.join("ledger.key");
    let mut file = PathBuf::new();
    for run in 0..3 {
        let settings = Settings {
            segment_bytes: 1 << 16,
            spares: 1,
            every_entries: 4,
            ..Settings::new("SIM", || 1_700_000_000_000_000_000)
        };
        let mut open = Ledger::open(&ledger, &key, settings).unwrap();
        for n in 0..5 {
            let mut entry = Entry::system(n, "SIM", &format!("{run}-{n}"), "TIC-101.SP", "试验");
            entry.class = Class::Command;
            open.append(&mut vec![entry; 1 + n as usize % 3]).unwrap();
        }
        open.stop().unwrap();
        let mut second = Replica::of(&place, open.id());
        assert_eq!(second.open(&DiskFolder::at(&ledger)).unwrap(), None);
        second.send(&open.take_checkpoints()).unwrap();
        file = std::fs::read_dir(&place)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
    }
    Kept {
        key: keys::read_public(&keys::public_path(&key)).unwrap(),
        root,
        ledger,
        checkpoints: file,
    }
}

fn ours(kept: &Kept, place: bool) -> Report {
    let replicated = place.then(|| Replicated::read(&std::fs::read(&kept.checkpoints).unwrap()));
    verify(&DiskFolder::at(&kept.ledger), Some(kept.key), replicated).unwrap()
}

fn theirs(kept: &Kept, place: bool) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/ledger.py");
    let key: String = kept.key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut command = Command::new("python3");
    command
        .args(["-B".as_ref(), script.as_os_str()])
        .arg(&kept.ledger)
        .args(["--key", &key]);
    if place {
        command.arg("--checkpoints").arg(&kept.checkpoints);
    }
    let output = command.output().expect("python3, which .ci/run installs");
    let said = String::from_utf8_lossy(&output.stdout);
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| {
        panic!("{said}{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(output.status.success(), said["good"] == true);
    said
}

fn agree(kept: &Kept, place: bool, about: &str) -> Report {
    let (ours, theirs) = (ours(kept, place), theirs(kept, place));
    assert_eq!(ours.is_good(), theirs["good"] == true, "{about}: {theirs}");
    if let Some(first) = ours.findings.first() {
        let their = &theirs["first_bad"];
        assert_eq!(their["segment"], first.segment, "{about}: {first} {their}");
        assert_eq!(their["at"], first.at, "{about}: {first} {their}");
        assert_eq!(their["seq"], first.seq, "{about}: {first} {their}");
    } else {
        assert_eq!(theirs["entries"], ours.entries);
        assert_eq!(theirs["checkpoints"], ours.checkpoints);
        assert_eq!(theirs["signed_to"], ours.signed_to);
        let head: String = ours.head.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(theirs["head"], head);
    }
    ours
}

/// The records of a segment: 64 bytes around a text, whose length stands at 4.
fn frames(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while bytes.starts_with(b"SLG1") {
        let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
        let (frame, rest) = bytes.split_at(64 + length);
        frames.push(frame.to_vec());
        bytes = rest;
    }
    frames
}

#[test]
fn both_verifiers_say_the_same_of_good_and_tampered_ledgers() {
    let kept = kept("verifier");
    let report = agree(&kept, true, "as it was written");
    assert!(
        report.is_good() && report.entries == 27,
        "{}",
        report.text()
    );
    let path = kept.ledger.join(segment_name(2));
    let good = std::fs::read(&path).unwrap();
    // The heads of two frames, texts in steps, and a signature; each time another bit.
    // Each try is a start of Python: ours alone tries every byte.
    let heads = (0..64).step_by(7).chain((148..212).step_by(5));
    let steps = (0..good.len()).step_by(131);
    for at in heads.chain(steps).chain([good.len() - 70]) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        let report = agree(&kept, false, &format!("byte {at} flipped"));
        assert!(!report.is_good());
    }
    for (from, to) in [(148, 300), (500, 501), (good.len() - 10, good.len())] {
        let mut bad = good.clone();
        bad.drain(from..to);
        std::fs::write(&path, &bad).unwrap();
        assert!(!agree(&kept, false, &format!("{from}..{to} cut out")).is_good());
    }
    let frames = frames(&good);
    for one in 0..frames.len() {
        let other = (one + 1 + one % 3) % frames.len();
        let mut order = frames.clone();
        order.swap(one, other);
        std::fs::write(&path, order.concat()).unwrap();
        let report = agree(&kept, false, &format!("{one} and {other} swapped"));
        assert!(!report.is_good());
    }
    std::fs::write(&path, &good).unwrap();

    // The end cut off at a border: only the second place knows.
    let last = kept.ledger.join(segment_name(3));
    let end = std::fs::read(&last).unwrap();
    std::fs::write(&last, &end[..148]).unwrap();
    assert!(agree(&kept, false, "cut at a border").is_good());
    assert!(!agree(&kept, true, "cut at a border").is_good());
    std::fs::write(&last, &end).unwrap();
    std::fs::rename(&path, kept.root.join("away")).unwrap();
    assert!(!agree(&kept, false, "a segment taken away").is_good());
}
