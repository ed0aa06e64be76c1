//! Reading while writing, retention, backup, export.

#![allow(clippy::unwrap_used)]

use historian::export::write_csv;
use historian::{
    Historian, HistoryError, HistoryReader, Item, Options, Policy, Retention, RetentionRule,
    Sample, SourceId, Specs, TagId, TagSpec, restore, verify,
};
use signal::{Kind, Quality};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

const S: i64 = 1_000_000_000;
const SOURCE: SourceId = SourceId(0);

fn specs() -> Specs {
    Specs {
        sources: vec!["fast".into()],
        tags: vec![TagSpec {
            name: "TT-101.PV".into(),
            kind: Kind::Real,
            unit: "degC".into(),
            source: SOURCE,
            policy: Policy::Raw,
        }],
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn options() -> Options {
    Options {
        segment_ns: 100 * S,
        ..Options::default()
    }
}

fn give(historian: &mut Historian, seqs: std::ops::RangeInclusive<u64>) {
    for seq in seqs {
        let sample = Sample {
            tag: TagId(0),
            bits: (seq as f64).to_bits(),
            quality: Quality::GOOD,
        };
        historian
            .frame(SOURCE, seq, seq as i64 * S, &[sample])
            .unwrap();
    }
}

/// Values read, which must be whole and in order.
fn count(reader: &HistoryReader) -> u64 {
    let mut next = None;
    let mut count = 0;
    for item in reader.read("TT-101.PV", i64::MIN, i64::MAX).unwrap() {
        if let Item::Point(point) = item.unwrap() {
            assert_eq!(point.value(), point.seq as f64);
            assert!(next.is_none_or(|next| next == point.seq));
            next = Some(point.seq + 1);
            count += 1;
        }
    }
    count
}

#[test]
fn readers_see_whole_prefixes_while_the_writer_writes_merges_and_backs_up() {
    let folder_ = folder("while_writing");
    let (mut historian, _) = Historian::open(&folder_.join("a"), specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    let is_done = AtomicBool::new(false);
    let reader = historian.reader();
    let keeper = historian.keeper();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut seen = 0;
            while !is_done.load(Ordering::Acquire) {
                let now = count(&reader);
                assert!(now >= seen, "{now} after {seen}");
                seen = now;
                keeper.merge(i64::MAX, 700 * S, 1).unwrap();
            }
        });
        threads.spawn(|| {
            for at in 0..5 {
                let to = folder_.join(format!("copy{at}"));
                reader.backup(&to).unwrap();
                assert!(verify(&to).unwrap().is_sound());
            }
        });
        give(&mut historian, 1..=5_000);
        is_done.store(true, Ordering::Release);
    });
    assert_eq!(count(&historian.reader()), 5_000);
    let facts = historian.reader().tags();
    assert_eq!(
        (facts[0].points, facts[0].range),
        (5_000, Some((S, 5_000 * S)))
    );
    drop(historian);
    let (reader, _) = HistoryReader::open(&folder_.join("a")).unwrap();
    assert_eq!(count(&reader), 5_000);
}

#[test]
fn a_backup_holds_all_that_was_acknowledged_and_comes_back() {
    let folder = folder("backup");
    let (mut historian, _) = Historian::open(&folder.join("a"), specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    give(&mut historian, 1..=250);
    historian.sync().unwrap();
    give(&mut historian, 251..=260);
    let reader = historian.reader();
    let facts = reader.backup(&folder.join("copy")).unwrap();
    assert!(facts.files >= 3 && facts.digest.len() == 64);
    assert!(matches!(
        reader.backup(&folder.join("copy")),
        Err(HistoryError::Refused { .. })
    ));
    let report = restore(&folder.join("copy"), &folder.join("b")).unwrap();
    assert!(report.is_sound());
    let (again, _) = HistoryReader::open(&folder.join("b")).unwrap();
    assert_eq!(count(&again), 250);
    // One bit, and it is not sound any more.
    let copy = folder.join("copy");
    let name = std::fs::read_dir(&copy)
        .unwrap()
        .flatten()
        .find(|entry| entry.path().extension().is_some_and(|ext| ext == "seg"));
    let path = name.unwrap().path();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let report = verify(&copy).unwrap();
    assert_eq!(report.agrees_with_manifest, Some(false));
    assert!(restore(&copy, &folder.join("c")).is_err());
}

#[test]
fn retention_removes_whole_segments_oldest_first_and_tells_each() {
    let folder = folder("retention");
    let (mut historian, _) = Historian::open(&folder, specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    give(&mut historian, 1..=1_000);
    let keeper = historian.keeper();
    let age = Retention {
        age_ns: Some(450 * S),
        bytes: None,
    };
    let removed = keeper.prune(1_000 * S, &age);
    assert!(!removed.is_empty());
    for removed in &removed {
        assert_eq!(removed.rule, RetentionRule::Age);
        assert!(removed.range.unwrap().1 < 550 * S);
        assert!(!folder.join(&removed.file).exists());
    }
    let gone: u64 = removed.iter().map(|removed| removed.points).sum();
    assert_eq!(count(&historian.reader()), 1_000 - gone);
    let none = Retention {
        age_ns: None,
        bytes: Some(0),
    };
    let removed = keeper.prune(1_000 * S, &none);
    assert!(removed.iter().all(|r| r.rule == RetentionRule::Bytes));
    assert!(keeper.bytes() > 0, "the newest stays");
    assert!(keeper.prune(1_000 * S, &none).is_empty());
}

#[test]
fn csv_has_a_row_for_every_point_and_gap() {
    let folder = folder("csv");
    let (mut historian, _) = Historian::open(&folder, specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    give(&mut historian, 1..=3);
    give(&mut historian, 6..=7);
    let mut out = Vec::new();
    let reader = historian.reader();
    let exported = write_csv(&reader, &["TT-101.PV"], 2 * S, 100 * S, &mut out).unwrap();
    assert_eq!((exported.points, exported.gaps), (5, 1));
    let text = String::from_utf8(out).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows[1], "TT-101.PV,1970-01-01T00:00:01.000Z,1,1,good,,");
    assert_eq!(
        rows[4],
        "TT-101.PV,1970-01-01T00:00:03.000Z,,,,1970-01-01T00:00:06.000Z,lost"
    );
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_reads_back_as_what_is_stored() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let folder = folder("parquet");
    let (mut historian, _) = Historian::open(&folder.join("a"), specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    give(&mut historian, 1..=300);
    give(&mut historian, 310..=320);
    let path = folder.join("out.parquet");
    let file = std::fs::File::create(&path).unwrap();
    let reader = historian.reader();
    let exported =
        historian::export::write_parquet(&reader, &["TT-101.PV"], 0, 1_000 * S, file).unwrap();
    assert_eq!((exported.points, exported.gaps), (311, 1 + 1));
    let file = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let mut values = Vec::new();
    let mut gaps = 0;
    for row in file.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        assert_eq!(row.get_string(0).unwrap(), "TT-101.PV");
        match row.get_double(3) {
            Ok(value) => values.push(value),
            Err(_) => gaps += 1,
        }
    }
    let wanted: Vec<f64> = (1..=300).chain(310..=320).map(f64::from).collect();
    assert_eq!((values, gaps), (wanted, 2));
}
