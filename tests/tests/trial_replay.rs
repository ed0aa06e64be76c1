//! A run with real Modbus, its recording, and what the replay says of it.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use driver::random::Random;
use journal::Recording;
use scanloop_tests::trial::{Folder, PlantText, Rig, Run, load, read, scans_of, walk};
use station::replay::{Verdict, replay, segments};
use std::path::Path;

/// A recorded run of 30 s of plant time, in which the demo starts to dose.
fn recorded(plant: &PlantText, data: &Folder) -> Vec<u64> {
    let run = Run {
        speed: 5.0,
        for_s: Some(30.0),
        plays_demo: true,
        has_link: false,
    };
    let rig = Rig::start(plant.path(), data.path(), &run);
    rig.await_end();
    assert_eq!(
        rig.value("RG-1.TRIPPED"),
        0.0,
        "the demo has reset the trip"
    );
    let scans = (0..2).map(|task| rig.pulse(task).0).collect();
    rig.stop();
    scans
}

#[test]
fn every_scan_of_a_run_is_recorded_and_replays_with_its_digest() {
    let (plant, data) = (PlantText::new("replay"), Folder::new("replay-data"));
    let scans = recorded(&plant, &data);
    let recordings = read(data.path());
    assert_eq!(recordings.len(), 1);
    let recording = &recordings[0];
    assert_eq!(recording.fault, None);
    for (task, wanted) in scans.iter().enumerate() {
        let indices: Vec<u64> = scans_of(recording, task).map(|scan| scan.index).collect();
        assert_eq!(indices, (1..=*wanted).collect::<Vec<_>>(), "task {task}");
    }
    let entries = |task| scans_of(recording, task).map(|scan| scan.entries.len());
    assert!(entries(0).sum::<usize>() > 2_000, "a run with values");

    let file = &segments(data.path()).unwrap()[0];
    let report = replay(file, None, |_, _| {}).unwrap();
    assert_eq!(report.verdict, Verdict::Identical);
    assert_eq!(report.scans, scans.iter().sum::<u64>());
    assert_eq!(report.torn, None);

    one_changed_digest_is_found(file);
    one_changed_entry_is_found(file);
    another_text_is_compared(file, &plant, recording);
    a_torn_recording_replays_its_whole_batches(file);
}

/// A copy of a recording in which `change` has altered the scans.
fn altered(file: &Path, change: impl FnOnce(&mut Recording)) -> std::path::PathBuf {
    let mut recording = Recording::read(&std::fs::read(file).unwrap()).unwrap();
    change(&mut recording);
    let storage = journal::MemoryStorage::default();
    let mut writer = journal::RecordingWriter::begin(storage, &recording.header).unwrap();
    for scan in recording.scans {
        writer.push(scan);
    }
    let path = file.with_extension("altered");
    std::fs::write(&path, writer.end().unwrap().bytes).unwrap();
    path
}

fn one_changed_digest_is_found(file: &Path) {
    let mut index = 0;
    let altered = altered(file, |recording| {
        let scan = recording.scans.iter_mut().filter(|scan| scan.task == 1);
        let scan = scan.last().unwrap();
        scan.digest ^= 1;
        index = scan.index;
    });
    let wanted = Verdict::NotReproduced {
        task: "slow".into(),
        scan: index,
    };
    assert_eq!(replay(&altered, None, |_, _| {}).unwrap().verdict, wanted);
}

fn one_changed_entry_is_found(file: &Path) {
    let mut index = 0;
    let altered = altered(file, |recording| {
        let (scan, entry) = recording
            .scans
            .iter_mut()
            .filter(|scan| scan.task == 0 && scan.index > 100)
            .find_map(|scan| {
                let index = scan.index;
                let entry = scan.entries.iter_mut().find_map(|entry| match entry {
                    journal::RecordedEntry::Field(_, bits, _) => Some(bits),
                    _ => None,
                })?;
                Some((index, entry))
            })
            .unwrap();
        *entry ^= 1;
        index = scan;
    });
    let wanted = Verdict::NotReproduced {
        task: "fast".into(),
        scan: index,
    };
    assert_eq!(replay(&altered, None, |_, _| {}).unwrap().verdict, wanted);
}

fn another_text_is_compared(file: &Path, plant: &PlantText, recording: &Recording) {
    let same = replay(file, Some(&load(plant.path())), |_, _| {}).unwrap();
    assert_eq!(same.verdict, Verdict::Identical);

    plant.edit_block("TIC-102", "kp = 12.0", "kp = 12.5");
    let other = replay(file, Some(&load(plant.path())), |_, _| {}).unwrap();
    assert_eq!(other.tunings, ["TIC-102.KP 12 → 12.5"]);
    match &other.verdict {
        Verdict::Differs {
            task,
            scan,
            tag,
            recorded,
            now,
        } => {
            assert_eq!((task.as_str(), tag.as_str()), ("fast", "TIC-102.OUT"));
            assert_ne!(recorded, now);
            // Before there was an error to act on, the two were equal; what is told of
            // the recording is what stands in it.
            let mut seen = None;
            walk(recording, 0, |at, look| {
                if at.index == *scan {
                    seen = Some(look("TIC-102.OUT").0);
                }
            });
            let told: f64 = recorded.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(seen, Some(told));
        }
        verdict => panic!("{verdict:?}"),
    }
    plant.edit_block("TIC-102", "kp = 12.5", "kp = 12.0");

    // A limit that only acts once the vessel doses: the first scan is not the first.
    plant.edit_block("DOSE", "target = 300.0", "target = 250.0");
    let other = replay(file, Some(&load(plant.path())), |_, _| {}).unwrap();
    match &other.verdict {
        Verdict::Differs { tag, .. } => assert!(tag.starts_with("DOSE."), "{tag}"),
        verdict => panic!("{verdict:?}"),
    }
    plant.edit_block("DOSE", "target = 250.0", "target = 300.0");
    assert!(recording.header.edition == 1);
}

/// Wherever it is cut.
fn a_torn_recording_replays_its_whole_batches(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    // Where frames end: each begins with its length.
    let mut ends = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        at += 8 + length as usize;
        ends.push(at);
    }
    assert_eq!(ends.last(), Some(&bytes.len()));
    assert!(ends.len() > 4, "several batches");
    let scans_before = |cut: usize| {
        let whole = ends.iter().take_while(|end| **end <= cut).last();
        let whole = *whole.unwrap();
        Recording::read(&bytes[..whole]).unwrap().scans.len()
    };
    let torn = file.with_extension("torn");
    let mut random = Random::seeded(20_260_101);
    let mut cuts: Vec<usize> = ends.iter().flat_map(|end| [end - 1, *end]).collect();
    cuts.extend(ends.iter().map(|end| end + 1));
    cuts.extend(ends.iter().map(|end| end + 7));
    for _ in 0..60 {
        cuts.push((random.next_u64() % bytes.len() as u64) as usize);
    }
    cuts.retain(|cut| *cut < bytes.len());
    for (number, cut) in cuts.into_iter().enumerate() {
        std::fs::write(&torn, &bytes[..cut]).unwrap();
        if cut < ends[0] {
            assert!(replay(&torn, None, |_, _| {}).is_err(), "cut at {cut}");
            continue;
        }
        let is_whole = ends.contains(&cut);
        if number % 16 != 0 {
            // Reading alone is quick; some of the cuts are replayed as well.
            let recording = Recording::read(&bytes[..cut]).unwrap();
            assert_eq!(recording.scans.len(), scans_before(cut), "cut at {cut}");
            assert_eq!(recording.fault.is_none(), is_whole, "cut at {cut}");
            continue;
        }
        let report = replay(&torn, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical, "cut at {cut}");
        assert_eq!(report.scans as usize, scans_before(cut), "cut at {cut}");
        assert_eq!(report.torn.is_none(), is_whole, "cut at {cut}");
    }
}
