//! What is left after any end: the acknowledged survives, the rest is a gap, and
//! nothing is ever wrong.

#![allow(clippy::unwrap_used)]

use historian::disk::{Disk, DiskFault, FaultyDisk, MemoryDisk};
use historian::{
    Gap, GapKind, Historian, HistoryError, HistoryReader, Item, Options, Point, Policy, Sample,
    SourceId, Specs, TagId, TagSpec, Taken,
};
use signal::{Kind, Quality};
use std::sync::Arc;

const S: i64 = 1_000_000_000;
const SOURCE: SourceId = SourceId(0);
const TAG: &str = "WT-101.PV";

fn specs() -> Specs {
    let tag = |name: &str, policy| TagSpec {
        name: name.into(),
        kind: Kind::Real,
        unit: "kg".into(),
        source: SOURCE,
        policy,
    };
    Specs {
        sources: vec!["fast".into()],
        tags: vec![
            tag(TAG, Policy::Raw),
            tag(
                "TT-101.PV",
                Policy::SwingingDoor {
                    deviation: 0.5,
                    max_interval_ns: 600 * S,
                },
            ),
        ],
    }
}

fn options() -> Options {
    Options {
        segment_ns: 20 * S,
        ..Options::default()
    }
}

/// The value of a scan: never two alike.
fn value(seq: u64) -> f64 {
    seq as f64 * 0.125 + (seq % 7) as f64
}

fn give(historian: &mut Historian, seq: u64) -> Result<Taken, HistoryError> {
    let samples = [0, 1].map(|tag| Sample {
        tag: TagId(tag),
        bits: value(seq).to_bits(),
        quality: Quality::GOOD,
    });
    historian.frame(SOURCE, seq, seq as i64 * S, &samples)
}

fn points(reader: &HistoryReader, tag: &str) -> (Vec<Point>, Vec<Gap>) {
    let (mut points, mut gaps) = (Vec::new(), Vec::new());
    match reader.read(tag, i64::MIN, i64::MAX) {
        Ok(items) => {
            for item in items {
                match item.unwrap() {
                    Item::Point(point) | Item::Before(point) => points.push(point),
                    Item::Gap(gap) if gap.from_ns == gap.to_ns => {}
                    Item::Gap(gap) => gaps.push(gap),
                }
            }
        }
        Err(HistoryError::UnknownTag { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    (points, gaps)
}

/// Scans `1..=n` without a hole and bit for bit; `n`.
fn prefix(points: &[Point]) -> u64 {
    for (at, point) in points.iter().enumerate() {
        assert_eq!(point.seq, at as u64 + 1);
        assert_eq!(point.value(), value(point.seq));
        assert_eq!(point.utc_ns, point.seq as i64 * S);
    }
    points.len() as u64
}

#[test]
fn a_log_torn_at_any_byte_gives_a_prefix_and_then_a_gap() {
    let disk = MemoryDisk::default();
    let (mut historian, _) =
        Historian::open_on(Arc::new(disk.clone()), specs(), Options::default()).unwrap();
    historian.begin(SOURCE).unwrap();
    for seq in 1..=12 {
        give(&mut historian, seq).unwrap();
    }
    let name = disk.list().unwrap().pop().unwrap();
    let bytes = disk.bytes(&name).unwrap();
    let mut longest = 0;
    for end in 0..=bytes.len() {
        let torn = MemoryDisk::default();
        torn.put(&name, &bytes[..end]);
        // For reading only, nothing is changed.
        let (reader, _) = HistoryReader::open_on(Arc::new(torn.clone())).unwrap();
        let kept = prefix(&points(&reader, TAG).0);
        assert_eq!(torn.list().unwrap(), std::slice::from_ref(&name));
        assert!(kept >= longest, "{kept} after {longest}");
        longest = kept;
        let (mut again, recovery) =
            Historian::open_on(Arc::new(torn), specs(), Options::default()).unwrap();
        assert_eq!(prefix(&points(&again.reader(), TAG).0), kept);
        let last = recovery.last.first().map_or(0, |(_, seq, _)| *seq);
        assert_eq!(last, kept);
        // The run goes on: what is missing is told and is a gap.
        let taken = give(&mut again, 20).unwrap();
        let (after, gaps) = points(&again.reader(), TAG);
        assert_eq!(after.len() as u64, kept + 1);
        if kept > 0 {
            assert!(
                matches!(taken, Taken::After(loss) if loss.first == kept + 1 && loss.last == 19)
            );
            let kind = GapKind::Lost {
                first: kept + 1,
                last: 19,
            };
            assert_eq!(gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [kind]);
        }
    }
    assert_eq!(longest, 12);
}

#[test]
fn a_flipped_bit_in_a_log_ends_it_there_and_nothing_wrong_is_read() {
    let disk = MemoryDisk::default();
    let (mut historian, _) =
        Historian::open_on(Arc::new(disk.clone()), specs(), Options::default()).unwrap();
    historian.begin(SOURCE).unwrap();
    for seq in 1..=12 {
        give(&mut historian, seq).unwrap();
    }
    let name = disk.list().unwrap().pop().unwrap();
    let bytes = disk.bytes(&name).unwrap();
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        let torn = MemoryDisk::default();
        torn.put(&name, &bent);
        let (historian, recovery) =
            Historian::open_on(Arc::new(torn), specs(), Options::default()).unwrap();
        let kept = prefix(&points(&historian.reader(), TAG).0);
        assert!(kept < 12 && recovery.torn_bytes > 0, "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_a_segment_is_a_gap_and_is_told() {
    let disk = MemoryDisk::default();
    let (mut historian, _) =
        Historian::open_on(Arc::new(disk.clone()), specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    for seq in 1..=70 {
        give(&mut historian, seq).unwrap();
    }
    drop(historian);
    let names = disk.list().unwrap();
    let name = names
        .iter()
        .filter(|name| name.ends_with(".seg"))
        .nth(1)
        .unwrap();
    let bytes = disk.bytes(name).unwrap();
    let report = historian::backup::verify_on(Arc::new(disk.clone())).unwrap();
    assert!(report.is_sound(), "{report:?}");
    for at in (0..bytes.len()).step_by(3) {
        let copy = MemoryDisk::default();
        for other in &names {
            copy.put(other, &disk.bytes(other).unwrap());
        }
        let mut bent = bytes.clone();
        bent[at] ^= 0x10;
        copy.put(name, &bent);
        let report = historian::backup::verify_on(Arc::new(copy.clone())).unwrap();
        // The magic of the beginning alone says nothing of the points.
        assert!(at < 8 || !report.is_sound(), "byte {at} of {}", bytes.len());
        let (again, _) = Historian::open_on(Arc::new(copy), specs(), options()).unwrap();
        let reader = again.reader();
        let items = match reader.read(TAG, i64::MIN, i64::MAX) {
            Ok(items) => items,
            Err(error) => panic!("{error}"),
        };
        for item in items {
            match item {
                Ok(Item::Point(point)) => assert_eq!(point.value(), value(point.seq)),
                Ok(_) => {}
                Err(error) => assert!(matches!(error, HistoryError::Damaged { .. })),
            }
        }
    }
}

/// Runs against a disk whose `nth` operation fails; what was acknowledged, and
/// whether it failed.
fn run(disk: &FaultyDisk<MemoryDisk>) -> (u64, bool) {
    let mut acknowledged = 0;
    let mut run = || {
        let (mut historian, _) = Historian::open_on(Arc::new(disk.clone()), specs(), options())?;
        historian.begin(SOURCE)?;
        for seq in 1..=50 {
            if let Err(error) = give(&mut historian, seq) {
                // Final: not one further call is taken.
                assert!(matches!(
                    give(&mut historian, seq),
                    Err(HistoryError::Failed)
                ));
                assert!(matches!(historian.sync(), Err(HistoryError::Failed)));
                return Err(error);
            }
            if seq % 3 == 0 {
                if let Err(error) = historian.sync() {
                    assert!(matches!(historian.sync(), Err(HistoryError::Failed)));
                    return Err(error);
                }
                acknowledged = seq;
            }
        }
        historian.keeper().merge(i64::MAX, 1_000 * S, 9)?;
        Ok::<(), HistoryError>(())
    };
    let has_failed = run().is_err();
    (acknowledged, has_failed)
}

#[test]
fn whatever_operation_fails_the_acknowledged_survives_a_power_cut() {
    let clean = FaultyDisk::new(MemoryDisk::default(), 0, DiskFault::Error, false);
    assert_eq!(run(&clean), (48, false));
    let operations = clean.operations();
    assert!(operations > 60);
    for nth in 1..=operations {
        for fault in [DiskFault::Error, DiskFault::Torn] {
            for for_good in [false, true] {
                let disk = FaultyDisk::new(MemoryDisk::default(), nth, fault, for_good);
                let (acknowledged, _) = run(&disk);
                for torn in [0, 5, 1 << 20] {
                    let left = disk.inner.power_cut(torn);
                    let (mut historian, recovery) =
                        Historian::open_on(Arc::new(left.clone()), specs(), options()).unwrap();
                    assert_eq!(recovery.quarantined, [""; 0]);
                    let kept = prefix(&points(&historian.reader(), TAG).0);
                    assert!(
                        kept >= acknowledged,
                        "operation {nth}: {kept} of {acknowledged}"
                    );
                    // And it works again.
                    give(&mut historian, 51).unwrap();
                    historian.sync().unwrap();
                    let left = left.power_cut(0);
                    let (reader, _) = HistoryReader::open_on(Arc::new(left.clone())).unwrap();
                    let (after, gaps) = points(&reader, TAG);
                    assert_eq!(after.last().map(|point| point.seq), Some(51));
                    let missing = u64::from(kept > 0 && kept < 50);
                    assert_eq!(gaps.len() as u64, missing);
                    let report = historian::backup::verify_on(Arc::new(left)).unwrap();
                    assert!(report.is_sound(), "{report:?}");
                }
            }
        }
    }
}

#[test]
fn a_crash_leaves_a_broken_start_and_a_clean_stop_a_stopped_one() {
    for is_clean in [false, true] {
        let disk = MemoryDisk::default();
        let (mut historian, _) =
            Historian::open_on(Arc::new(disk.clone()), specs(), options()).unwrap();
        historian.begin(SOURCE).unwrap();
        for seq in 1..=5 {
            give(&mut historian, seq).unwrap();
        }
        if is_clean {
            historian.end(SOURCE).unwrap();
        }
        historian.sync().unwrap();
        drop(historian);
        let left = disk.power_cut(0);
        let (mut historian, recovery) =
            Historian::open_on(Arc::new(left), specs(), options()).unwrap();
        assert_eq!(recovery.unclean.is_empty(), is_clean);
        historian.begin(SOURCE).unwrap();
        historian.frame(SOURCE, 1, 100 * S, &[]).unwrap();
        let (_, gaps) = points(&historian.reader(), TAG);
        let kind = if is_clean {
            GapKind::Stopped
        } else {
            GapKind::Broken
        };
        let gap = Gap {
            from_ns: 5 * S,
            to_ns: 100 * S,
            kind,
        };
        assert_eq!(gaps, [gap]);
        // Nothing is known after a start until it is given.
        assert_eq!(historian.reader().at(TAG, 100 * S).unwrap(), None);
        assert_eq!(historian.reader().at(TAG, 50 * S).unwrap(), None);
    }
}

#[test]
fn a_scan_that_comes_twice_is_passed_over() {
    let (mut historian, _) =
        Historian::open_on(Arc::new(MemoryDisk::default()), specs(), options()).unwrap();
    historian.begin(SOURCE).unwrap();
    assert_eq!(give(&mut historian, 1).unwrap(), Taken::First);
    assert_eq!(give(&mut historian, 2).unwrap(), Taken::InOrder);
    assert_eq!(give(&mut historian, 1).unwrap(), Taken::Known);
    assert_eq!(give(&mut historian, 2).unwrap(), Taken::Known);
    assert_eq!(prefix(&points(&historian.reader(), TAG).0), 2);
}
