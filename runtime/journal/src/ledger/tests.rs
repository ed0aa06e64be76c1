use super::chain::{Found, Kind, look, seal};
use super::replica::Replicated;
use super::*;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use std::collections::BTreeMap;

const KEY: [u8; 32] = [42; 32];

fn key() -> SigningKey {
    SigningKey::from_bytes(&KEY)
}

fn public() -> [u8; 32] {
    key().verifying_key().to_bytes()
}

fn settings() -> Settings {
    Settings {
        segment_bytes: folder::SEGMENT_BYTES_MIN,
        spares: 1,
        every_entries: 5,
        every_ns: 1_000,
        ..Settings::new("SIM", || 1_700_000_000_000_000_000)
    }
}

fn open(disk: &MemoryDisk) -> Result<Ledger, LedgerError> {
    Ledger::over(Box::new(disk.clone()), key(), settings())
}

fn entry(what: &str, padding: usize) -> Entry {
    Entry {
        utc_ns: 7,
        env: "SIM".into(),
        class: Class::Command,
        who: Actor::person("Li Wei"),
        what: what.into(),
        subject: "TIC-101.SP".into(),
        old: Some(Value::from(40.0)),
        new: Some(Value::from(42.5)),
        why: "x".repeat(padding),
        ..Entry::default()
    }
}

fn whats(disk: &MemoryDisk) -> Vec<String> {
    let reading = read::read_from(disk, read::Place::default()).unwrap();
    assert_eq!(reading.broken, []);
    let seqs: Vec<u64> = reading.entries.iter().map(|entry| entry.seq).collect();
    let expected: Vec<u64> = (1..=seqs.len() as u64).collect();
    assert_eq!(seqs, expected, "numbers without gaps");
    reading
        .entries
        .into_iter()
        .map(|entry| entry.what)
        .collect()
}

fn report(disk: &MemoryDisk) -> Report {
    verify(disk, Some(public()), None).unwrap()
}

/// A finished ledger of several segments, and its replicated checkpoints.
fn finished() -> (BTreeMap<String, Vec<u8>>, Vec<u8>) {
    let disk = MemoryDisk::default();
    let mut replicated = Vec::new();
    for run in 0..3 {
        let mut ledger = open(&disk).unwrap();
        for n in 0..3 {
            let mut batch = vec![entry(&format!("{run}-{n}"), 3); n + 1];
            ledger.append(&mut batch).unwrap();
        }
        ledger.stop().unwrap();
        replicated.extend(ledger.take_checkpoints().concat());
    }
    let mut files = disk.files();
    files.retain(|name, _| segment_number(name).is_some());
    (files, replicated)
}

fn places(bytes: &[u8]) -> Vec<(usize, usize, Kind, u64)> {
    let (mut at, mut places) = (0, Vec::new());
    while let Found::Whole(frame) = look(bytes, at) {
        places.push((at, frame.bytes.len(), frame.kind, frame.seq));
        at += frame.bytes.len();
    }
    places
}

#[test]
fn what_was_appended_is_read_and_verified() {
    let (files, replicated) = finished();
    assert_eq!(files.len(), 3);
    let disk = MemoryDisk::of(files);
    assert_eq!(whats(&disk).len(), 18);
    let replicated = Replicated::read(&replicated);
    let report = verify(&disk, Some(public()), Some(replicated)).unwrap();
    assert!(report.is_good(), "{}", report.text());
    assert_eq!(
        (report.entries, report.last, report.unsigned()),
        (18, 18, 0)
    );
    assert_eq!(report.replicated, Some(report.checkpoints));
    assert_eq!(report.replicated_to, 18);
    let other = SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    let report = verify(&disk, Some(other), None).unwrap();
    assert_eq!(report.findings[0].fault, Fault::Key);
}

#[test]
fn a_good_report_says_what_it_does_not_prove() {
    let (mut files, replicated) = finished();
    let last = segment_name(3);
    let places = places(&files[&last]);
    // Without what follows its last entry: that one nobody has signed for.
    let entry = places.iter().rposition(|place| place.2 == Kind::Entry);
    let (start, ..) = places[entry.unwrap() + 1];
    files.get_mut(&last).unwrap().truncate(start);
    let disk = MemoryDisk::of(files);
    let report = verify(&disk, None, None).unwrap();
    assert!(report.is_good() && report.unsigned() > 0);
    let [signer, records, all] = report.unproved().try_into().unwrap();
    assert!(signer.contains("no key was given"), "{signer}");
    let unsigned = format!("records {} to 18", report.signed_to + 1);
    assert!(records.starts_with(&unsigned), "{records}");
    assert!(all.contains("no checkpoints of a second place"), "{all}");
    assert!(report.text().contains("not proved: records"));
    // The second place covers as far as its own last checkpoint goes.
    let mut frames = Replicated::read(&replicated);
    frames.forget_after(1);
    let report = verify(&disk, Some(public()), Some(frames)).unwrap();
    let unproved = report.unproved();
    let covered = format!("nothing followed record {}", report.replicated_to);
    assert!(report.replicated_to > 0 && report.replicated_to < 18);
    assert!(unproved.last().unwrap().contains(&covered), "{unproved:?}");
}

#[test]
fn every_flipped_byte_of_a_finished_ledger_is_found_and_its_record_named() {
    let (files, _) = finished();
    for (name, bytes) in &files {
        for (start, length, kind, seq) in places(bytes) {
            for at in start..start + length {
                let mut bad = files.clone();
                // Another bit each time, so that every bit has its turn.
                bad.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
                let report = report(&MemoryDisk::of(bad));
                let first = report.findings.first().expect("a finding");
                let place = (first.segment, first.at);
                assert_eq!(
                    place,
                    (segment_number(name).unwrap(), start as u64),
                    "{first}"
                );
                if kind == Kind::Entry {
                    assert_eq!(first.seq, seq, "{first}");
                }
            }
        }
    }
}

#[test]
fn wherever_a_finished_ledger_is_cut_it_is_found_or_the_second_place_finds_it() {
    let (files, replicated) = finished();
    let last = files.keys().next_back().unwrap().clone();
    for (name, bytes) in &files {
        let borders: Vec<usize> = places(bytes).iter().map(|place| place.0).collect();
        for at in 0..bytes.len() {
            let mut cut = files.clone();
            cut.get_mut(name).unwrap().truncate(at);
            let disk = MemoryDisk::of(cut);
            let alone = report(&disk);
            // At a border of the last segment nothing in the copy itself tells.
            let is_silent = *name == last && at > 0 && borders.contains(&at);
            assert_eq!(alone.is_good(), is_silent, "{name} cut at {at}");
            let replicated = Replicated::read(&replicated);
            let both = verify(&disk, Some(public()), Some(replicated)).unwrap();
            assert!(!both.is_good(), "{name} cut at {at}");
        }
    }
}

#[test]
fn whichever_two_records_or_segments_are_swapped_it_is_found_at_the_first() {
    let (files, _) = finished();
    for (name, bytes) in &files {
        let places = places(bytes);
        for one in 0..places.len() {
            for other in one + 1..places.len() {
                let mut order: Vec<usize> = (0..places.len()).collect();
                order.swap(one, other);
                let piece = |n: &usize| bytes[places[*n].0..places[*n].0 + places[*n].1].to_vec();
                let swapped: Vec<u8> = order.iter().flat_map(piece).collect();
                let mut bad = files.clone();
                bad.insert(name.clone(), swapped);
                let report = report(&MemoryDisk::of(bad));
                let first = report.findings.first().expect("a finding");
                let place = (first.segment, first.at);
                let expected = (segment_number(name).unwrap(), places[one].0 as u64);
                assert_eq!(place, expected, "{name}: {one} and {other}: {first}");
            }
        }
    }
    let names: Vec<&String> = files.keys().collect();
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let mut bad = files.clone();
        bad.insert(names[one].clone(), files[names[other]].clone());
        bad.insert(names[other].clone(), files[names[one]].clone());
        let report = report(&MemoryDisk::of(bad));
        let first = report.findings.first().expect("a finding");
        assert_eq!(first.segment, one as u64 + 1, "{first}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Any edit of the bytes that leaves other bytes is found.
    #[test]
    fn no_edit_goes_unseen(pick: usize, at: usize, length in 1_usize..400, to: usize, how in 0..4) {
        let (mut files, replicated) = finished();
        let before = files.clone();
        let name = files.keys().nth(pick % files.len()).unwrap().clone();
        let bytes = files.get_mut(&name).unwrap();
        let at = at % bytes.len();
        let end = (at + length).min(bytes.len());
        match how {
            0 => bytes[at] = bytes[at].wrapping_add(length as u8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece: Vec<u8> = bytes.drain(at..end).collect();
                let to = to % (bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            _ => bytes.truncate(at),
        }
        prop_assume!(files != before);
        let replicated = Replicated::read(&replicated);
        let report = verify(&MemoryDisk::of(files), Some(public()), Some(replicated)).unwrap();
        prop_assert!(!report.is_good());
    }
}

#[test]
fn swapped_repeated_and_left_out_records_are_named() {
    let (files, _) = finished();
    let name = segment_name(2);
    let bytes = &files[&name];
    let places = places(bytes);
    let piece = |n: usize| &bytes[places[n].0..places[n].0 + places[n].1];
    let rest = &bytes[places[5].0..];
    let order = |order: &[usize]| {
        let mut new: Vec<u8> = order.iter().flat_map(|n| piece(*n).to_vec()).collect();
        new.extend_from_slice(rest);
        let mut files = files.clone();
        files.insert(name.clone(), new);
        report(&MemoryDisk::of(files)).findings.first().cloned()
    };
    assert_eq!(order(&[0, 1, 2, 3, 4]), None);
    for (tampered, at) in [
        (&[0, 2, 1, 3, 4][..], places[1].0),
        (&[0, 1, 1, 2, 3, 4], places[2].0),
        (&[0, 1, 3, 4], places[2].0),
    ] {
        let first = order(tampered).expect("a finding");
        assert_eq!(
            (first.segment, first.at, &first.fault),
            (2, at as u64, &Fault::Chain)
        );
    }
    let mut without = files.clone();
    without.remove(&name);
    let first = &report(&MemoryDisk::of(without)).findings[0];
    assert_eq!((first.segment, &first.fault), (2, &Fault::SegmentMissing));
}

/// Rewrites one entry and chains everything behind it anew, as somebody without the key
/// can.
fn forged(files: &BTreeMap<String, Vec<u8>>, seq: u64) -> MemoryDisk {
    let mut head = [0; 32];
    let mut forged = BTreeMap::new();
    for (name, bytes) in files {
        let (mut new, mut at) = (Vec::new(), 0);
        while let Found::Whole(frame) = look(bytes, at) {
            let text = String::from_utf8_lossy(frame.body).replace("42.5", "41.5");
            let body = match frame.kind {
                Kind::Entry if frame.seq == seq => text.as_bytes(),
                _ => frame.body,
            };
            head = seal(&mut new, frame.kind, frame.seq, frame.batch, &head, body);
            at += frame.bytes.len();
        }
        forged.insert(name.clone(), new);
    }
    MemoryDisk::of(forged)
}

#[test]
fn a_chain_computed_anew_lacks_the_signature() {
    let (files, _) = finished();
    assert!(report(&forged(&files, u64::MAX)).is_good());
    for seq in 1..=18 {
        let report = report(&forged(&files, seq));
        let first = &report.findings[0];
        assert_eq!(first.fault, Fault::Signature, "{first}");
        assert!(first.seq > seq && report.signed_to < seq);
    }
}

#[test]
fn a_cut_at_a_border_is_found_by_the_second_place_only() {
    let (mut files, replicated) = finished();
    let name = segment_name(3);
    let places = places(&files[&name]);
    for (start, ..) in &places[1..] {
        files.get_mut(&name).unwrap().truncate(*start);
    }
    let disk = MemoryDisk::of(files);
    assert!(report(&disk).is_good(), "nothing in the copy itself tells");
    let replicated = Replicated::read(&replicated);
    let report = verify(&disk, Some(public()), Some(replicated)).unwrap();
    let first = &report.findings[0];
    assert!(matches!(
        first.fault,
        Fault::Replica(ReplicaFault::Ahead { last: 18, .. })
    ));
}

/// Appends until `batches` are through or the ledger cannot be opened; what was
/// acknowledged.
fn work(disk: &MemoryDisk, acknowledged: &mut Vec<String>, batches: usize) {
    let Ok(mut ledger) = open(disk).or_else(|_| open(disk)) else {
        return;
    };
    for n in 0..batches {
        let name = format!("{}-{n}", acknowledged.len());
        // Long enough to end segments now and then.
        let mut batch = vec![entry(&name, 9_000), entry(&name, 10), entry(&name, 10)];
        batch.truncate(1 + n % 3);
        match ledger.append(&mut batch) {
            Ok(_) => acknowledged.extend(batch.into_iter().map(|entry| entry.what)),
            Err(_) => {
                // Now or at the next turn.
                let _ = ledger.reopen();
            }
        }
        let _ = ledger.tend(n as u64 * 600);
    }
    // A station that cannot end in order is found as after a crash.
    let _ = ledger.stop();
}

/// Everything acknowledged is there, in order; what else is there was appended too, or
/// is about the ledger itself.
fn holds(disk: &MemoryDisk, acknowledged: &[String], about: &str) {
    let all = whats(disk);
    let mut all = all.iter();
    for what in acknowledged {
        assert!(all.any(|found| found == what), "{about}: {what} is lost");
    }
    let report = report(disk);
    assert!(report.is_good(), "{about}: {}", report.text());
}

fn end_in_order(disk: &MemoryDisk) {
    open(disk).unwrap().stop().unwrap();
}

const FAULTS: [DiskFault; 4] = [
    DiskFault::Device,
    DiskFault::Torn,
    DiskFault::Full,
    DiskFault::ReadOnly,
];

#[test]
fn whichever_operation_fails_nothing_acknowledged_is_lost() {
    let disk = MemoryDisk::default();
    work(&disk, &mut Vec::new(), 30);
    let operations = disk.operations();
    assert!(operations > 100, "{operations}");
    for nth in 1..=operations {
        for fault in FAULTS {
            for for_good in [false, true] {
                let about = format!("operation {nth} {fault:?} for good {for_good}");
                let disk = MemoryDisk::default();
                let mut acknowledged = Vec::new();
                disk.fail_at(nth, fault, for_good);
                work(&disk, &mut acknowledged, 30);
                disk.mend();
                if !for_good {
                    assert!(!acknowledged.is_empty(), "{about}: it recovers by itself");
                }
                // Power fails as well: what was not synced is gone.
                let disk = disk.after_power_cut(nth);
                work(&disk, &mut acknowledged, 3);
                end_in_order(&disk);
                holds(&disk, &acknowledged, &about);
            }
        }
    }
}

#[test]
fn after_a_power_cut_everything_acknowledged_is_there() {
    let mut cuts = 0;
    for seed in 0..400 {
        let mut disk = MemoryDisk::default();
        let mut acknowledged = Vec::new();
        for round in 0..3 {
            // The power fails at some operation: nothing behind it is done.
            disk.fail_at(5 + (seed * 7 + round * 13) % 80, DiskFault::Torn, true);
            work(&disk, &mut acknowledged, 12);
            disk = disk.after_power_cut(seed * 31 + round);
            cuts += 1;
        }
        end_in_order(&disk);
        holds(&disk, &acknowledged, &format!("seed {seed}"));
    }
    assert_eq!(cuts, 1_200);
}

#[test]
fn a_failed_sync_is_final_until_reopened() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk).unwrap();
    ledger.append(&mut [entry("good", 0)]).unwrap();
    disk.fail_at(2, DiskFault::Device, false);
    let error = ledger.append(&mut [entry("lost", 0)]).unwrap_err();
    assert!(matches!(error, LedgerError::Io { .. }), "{error}");
    for _ in 0..3 {
        let error = ledger.append(&mut [entry("refused", 0)]).unwrap_err();
        assert!(matches!(error, LedgerError::Down { .. }), "{error}");
    }
    assert!(ledger.down().is_some());
    ledger.reopen().unwrap();
    ledger.append(&mut [entry("again", 0)]).unwrap();
    assert_eq!(whats(&disk), ["good", "cut", "reopened", "again"]);
    ledger.stop().unwrap();
    assert!(report(&disk).is_good());
}

#[test]
fn on_a_full_disk_the_reserve_is_used_and_then_it_recovers_by_itself() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk).unwrap();
    ledger.tend(0).unwrap();
    let reserved = ledger.reserved();
    assert!(!ledger.is_short() && reserved > folder::SEGMENT_BYTES_MIN);
    disk.set_capacity(disk.used());
    let mut bytes = 0;
    let error = loop {
        match ledger.append(&mut [entry("a", 1_000)]) {
            Ok(_) => bytes += 1_000,
            Err(error) => break error,
        }
        assert!(bytes < 1_000_000, "it is full some day");
        ledger.tend(0).unwrap();
    };
    assert!(matches!(error, LedgerError::Full { .. }), "{error}");
    assert!(bytes * 10 > reserved as usize * 7, "{bytes} of {reserved}");
    let error = ledger.reopen().unwrap_err();
    assert!(matches!(error, LedgerError::Full { .. }), "{error}");
    disk.set_capacity(usize::MAX);
    ledger.reopen().unwrap();
    ledger.append(&mut [entry("after", 0)]).unwrap();
    ledger.stop().unwrap();
    assert_eq!(whats(&disk).last().unwrap(), "after");
    assert!(report(&disk).is_good());
}

#[test]
fn a_read_only_disk_has_its_own_name() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk).unwrap();
    disk.fail_at(1, DiskFault::ReadOnly, true);
    let error = ledger.append(&mut [entry("a", 0)]).unwrap_err();
    assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error}");
    let error = ledger.reopen().unwrap_err();
    assert!(matches!(error, LedgerError::ReadOnly { .. }), "{error}");
    disk.mend();
    ledger.reopen().unwrap();
}

#[test]
fn a_disk_that_lies_is_found_out_by_the_second_place() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk).unwrap();
    ledger.append(&mut [entry("a", 0)]).unwrap();
    disk.lie(true);
    ledger.append(&mut vec![entry("gone", 0); 5]).unwrap();
    let replicated = Replicated::read(&ledger.take_checkpoints().concat());
    // Of the seeds one that loses all that was not truly synced.
    let lost = (0..20)
        .map(|seed| disk.after_power_cut(seed))
        .find(|disk| whats(disk) == ["a"])
        .expect("a power cut that shows it");
    end_in_order(&lost);
    assert!(report(&lost).is_good());
    let report = verify(&lost, Some(public()), Some(replicated)).unwrap();
    assert!(!report.is_good());
}

#[test]
fn damage_in_the_middle_is_kept_and_told() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk).unwrap();
    for n in 0..4 {
        ledger.append(&mut [entry(&n.to_string(), 0)]).unwrap();
    }
    drop(ledger);
    let mut files = disk.files();
    let bytes = files.get_mut(&segment_name(1)).unwrap();
    let (start, _, _, seq) = places(bytes)[2];
    bytes[start + 70] ^= 1;
    let disk = MemoryDisk::of(files);
    let mut ledger = open(&disk).unwrap();
    assert_eq!(ledger.append(&mut [entry("on", 0)]).unwrap(), 6);
    ledger.stop().unwrap();
    let reading = read::read_from(&disk, read::Place::default()).unwrap();
    let whats: Vec<&str> = reading.entries.iter().map(|e| e.what.as_str()).collect();
    assert_eq!(whats, ["0", "2", "3", "damage", "on"]);
    let report = report(&disk);
    assert_eq!(report.findings.len(), 1, "{}", report.text());
    let first = &report.findings[0];
    assert_eq!((first.at, first.seq), (start as u64, seq));
}

#[test]
fn an_entry_too_long_is_refused_and_the_ledger_goes_on() {
    let disk = MemoryDisk::default();
    let mut ledger = open(&disk).unwrap();
    let mut batch = [entry("a", 0), entry("b", chain::BODY_BYTES_MAX)];
    let error = ledger.append(&mut batch).unwrap_err();
    assert!(matches!(error, LedgerError::TooLong { .. }), "{error}");
    let mut long = vec![entry("c", chain::BODY_BYTES_MAX - 400); 20];
    ledger.append(&mut long).unwrap();
    assert_eq!(long[19].seq, 20);
    ledger.stop().unwrap();
    assert_eq!(whats(&disk).len(), 20);
    assert!(report(&disk).is_good());
}

#[test]
fn entries_since_the_last_mark_are_found_across_segments() {
    let (files, _) = finished();
    let disk = MemoryDisk::of(files);
    let is = |what: &'static str| move |entry: &Entry| entry.what == what;
    assert_eq!(read::since_last(&disk, is("1-1")).unwrap().len(), 10);
    assert_eq!(read::since_last(&disk, is("none")).unwrap().len(), 18);
}
