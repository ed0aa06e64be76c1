//! The data folder: claimed, unusable, full.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::{Entry, read};
use scanloop_tests::trial::{Folder, PlantText, Process, Rig, Run, eventually, scanloop};
use station::replay::{Verdict, replay, segments};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const RUN: Run = Run {
    speed: 5.0,
    for_s: None,
    plays_demo: false,
    has_link: false,
};

fn records(data: &Path) -> Vec<Entry> {
    read::entries(&data.join("ledger")).unwrap()
}

#[test]
fn a_second_station_on_the_same_folder_is_refused_and_disturbs_nothing() {
    let (plant, data) = (PlantText::new("second"), Folder::new("second-data"));
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.await_tag("TT-101.PV", "good", |_, quality| quality.is_good());
    let error = Rig::try_start(plant.path(), data.path(), &RUN)
        .err()
        .unwrap();
    assert!(error.contains("another station runs here"), "{error}");
    assert!(
        error.contains(&data.path().display().to_string()),
        "{error}"
    );
    rig.write("TIC-101.KP", 4.5, None).unwrap();
    rig.await_value("TIC-101.KP", 4.5);
    rig.stop();
    let records = records(data.path());
    let starts = records
        .iter()
        .filter(|record| record.what == "start")
        .count();
    assert_eq!(starts, 1, "the refused one wrote nothing");
    // With the first one gone there is room.
    Rig::start(plant.path(), data.path(), &RUN).stop();
}

#[test]
fn a_folder_that_cannot_be_used_is_named_with_its_reason() {
    let plant = PlantText::new("unusable");
    let folder = Folder::new("unusable-data");
    let file = folder.path().join("a-file");
    std::fs::write(&file, "not a folder").unwrap();
    for data in [file.clone(), file.join("below"), "/proc/scanloop".into()] {
        let error = Rig::try_start(plant.path(), &data, &RUN).err().unwrap();
        let named = data.display().to_string();
        assert!(
            error.starts_with(&format!("data folder {named}: ")),
            "{error}"
        );
    }
    // A ledger that is no folder: nothing may run that cannot be recorded.
    let data = Folder::new("no-ledger");
    std::fs::write(data.path().join("ledger"), "in the way").unwrap();
    let error = Rig::try_start(plant.path(), data.path(), &RUN)
        .err()
        .unwrap();
    assert!(error.contains("ledger: "), "{error}");
}

#[test]
fn without_a_place_for_recordings_control_goes_on() {
    let (plant, data) = (PlantText::new("no-place"), Folder::new("no-place-data"));
    std::fs::write(data.path().join("recordings"), "in the way").unwrap();
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.await_tag("TT-101.PV", "good", |_, quality| quality.is_good());
    eventually(
        "recording is known to be down",
        Duration::from_secs(10),
        || {
            let down = &rig.station().recording_down;
            down.load(std::sync::atomic::Ordering::Relaxed)
                .then_some(())
        },
    );
    eventually("people are told", Duration::from_secs(10), || {
        let events = rig.events();
        let told = events
            .iter()
            .filter(|e| e.text.en.contains("recording has stopped"));
        (told.count() == 1).then_some(())
    });
    rig.write("TIC-101.KP", 4.5, None).unwrap();
    rig.await_value("TIC-101.KP", 4.5);
    let records = records(data.path());
    assert!(records.iter().any(|record| record.subject == "TIC-101.KP"));
    rig.stop();
}

/// The limit on the size of files stands for a full disk: the recording meets it
/// first, writes fail from then on.
#[test]
fn a_full_disk_stops_the_recording_once_and_not_the_control() {
    let (plant, data) = (PlantText::new("full"), Folder::new("full-data"));
    let mut command = Command::new("bash");
    let arguments = "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\"";
    command.args(["-c", arguments]).arg(scanloop());
    command
        .arg("run")
        .arg(plant.path())
        .arg("--data")
        .arg(data.path());
    command.args(["--speed", "10", "--hmi", "127.0.0.1:0"]);
    let mut process = Process::spawn(command);
    process.await_line("recording has stopped");
    // It scans and obeys.
    process.await_write("TIC-101.KP", 4.5);
    process.await_write("TIC-101.KP", 4.6);
    let count = |process: &Process| {
        let said = process.said();
        said.iter()
            .filter(|line| line.contains("has stopped"))
            .count()
    };
    assert_eq!(count(&process), 1);
    process.signal("-TERM");
    assert!(process.await_end(), "{:#?}", process.said());
    assert_eq!(count(&process), 1, "said once: {:#?}", process.said());
    let records = records(&data.path().join("sim"));
    let writes: Vec<Option<f64>> = records
        .iter()
        .filter(|record| record.subject == "TIC-101.KP")
        .map(Entry::new_number)
        .collect();
    assert_eq!(writes, [Some(4.5), Some(4.6)]);
    // What was written before is a recording with a torn end.
    let file = &segments(&data.path().join("sim")).unwrap()[0];
    let report = replay(file, None, |_, _| {}).unwrap();
    assert_eq!(report.verdict, Verdict::Identical);
    assert!(report.scans > 0 && report.torn.is_some());
}
