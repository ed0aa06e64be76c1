use super::*;
use signal::Quality;
use std::time::Instant;

const DAY_NS: i64 = 86_400_000_000_000;

fn specs() -> Specs {
    Specs {
        sources: vec!["fast".into()],
        tags: vec![TagSpec {
            name: "TT-101.PV".into(),
            kind: Kind::Real,
            unit: "°C".into(),
            source: SourceId(0),
            policy: Policy::Raw,
        }],
    }
}

/// A day long ago in two segments.
fn two_segments(folder: &Path) {
    let (mut historian, _) = Historian::open(folder, specs(), Options::default()).unwrap();
    historian.begin(SourceId(0)).unwrap();
    for scan in 1..=100_u64 {
        let sample = Sample {
            tag: TagId(0),
            bits: (scan as f64).to_bits(),
            quality: Quality::GOOD,
        };
        let utc_ns = DAY_NS * 20_000 + scan as i64 * 1_000_000_000;
        historian
            .frame(SourceId(0), scan, utc_ns, &[sample])
            .unwrap();
        if scan % 50 == 0 {
            historian.roll().unwrap();
        }
    }
    historian.end(SourceId(0)).unwrap();
    historian.sync().unwrap();
}

#[test]
fn a_day_that_is_over_becomes_one_segment_and_reads_as_before() {
    let name = format!("scanloop-history-writer-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    two_segments(&folder);
    let read = |reader: &HistoryReader| -> Vec<_> {
        let items = reader.read("TT-101.PV", 0, i64::MAX).unwrap();
        let items = items.map(Result::unwrap);
        items
            .filter(|item| matches!(item, historian::Item::Point(_)))
            .collect()
    };
    let (before, _) = HistoryReader::open(&folder).unwrap();
    let before = read(&before);
    assert_eq!(before.len(), 100);

    let (_giver, given, writer) = giver();
    let (news, told) = crossbeam::channel::unbounded();
    let reader = SharedReader::default();
    let stop = Arc::new(AtomicBool::new(false));
    let history = HistoryWriter {
        folder: folder.clone(),
        trips: folder.join("trips"),
        given,
        specs: specs(),
        retention: Retention::default(),
        sync_ns: 1_000_000_000,
        merging: None,
        reader: reader.clone(),
        down: Arc::default(),
        writer,
        tell: Box::new(move |told| news.send(told).unwrap()),
        before: Box::new(|_| ()),
    };
    let ended = stop.clone();
    let thread = std::thread::spawn(move || history.run(&ended));
    let until = Instant::now() + Duration::from_secs(30);
    let merged = loop {
        match told.recv_deadline(until).unwrap() {
            HistoryNews::Merged(what) => break what,
            HistoryNews::Opened(what) => assert!(what.starts_with("100 points"), "{what}"),
            other => panic!("{other:?}"),
        }
    };
    assert!(merged.contains(": 2 segments, "), "{merged}");
    assert_eq!(read(&reader.get().unwrap()), before);
    stop.store(true, Ordering::Release);
    thread.join().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn trips_of_runs_before_are_read_in_order_and_what_is_no_record_is_passed_over() {
    let folder = std::env::temp_dir().join(format!("scanloop-trips-{}", std::process::id()));
    assert!(read_trips(&folder).is_empty());
    for utc_ms in [9_000, 10_000, 8_000] {
        let record = TripRecord {
            group: "RG-1".into(),
            utc_ms,
            values: vec![vec![None, Some(1.5)]],
            ..TripRecord::default()
        };
        write_trip(&folder, &record).unwrap();
    }
    std::fs::write(folder.join("9500-RG-1-1.json"), "{").unwrap();
    std::fs::write(folder.join("note.txt"), "x").unwrap();
    // A record of a version that did not know the cause's words.
    let old = r#"{"seq":1,"group":"RG-2","first_out":"C18","scan":1,"utc_ms":7000,"at_s":[],"tags":[],"values":[]}"#;
    std::fs::write(folder.join("7000-RG-2-1.json"), old).unwrap();
    let times: Vec<i64> = read_trips(&folder).iter().map(|trip| trip.utc_ms).collect();
    assert_eq!(times, [7_000, 8_000, 9_000, 10_000]);
    std::fs::remove_dir_all(&folder).unwrap();
}
