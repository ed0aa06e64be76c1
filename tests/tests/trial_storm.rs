//! A storm of alarms through the whole program: every transition stands in the ledger,
//! the list answers, and the scans go on.
//!
//! `SCANLOOP_STORM=1000x60` makes 1 000 alarms change in every scan of 100 ms for 60 s.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::{Class, Entry, read as ledger};
use scanloop_tests::trial::{Folder, PlantText, Process, eventually, throughout};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Alarms and seconds of the trial unless asked for more.
const STORM: (usize, u64) = (200, 4);
/// The list is answered within this.
const LIST_WITHIN: Duration = Duration::from_millis(100);

fn storm() -> (usize, u64) {
    let Ok(asked) = std::env::var("SCANLOOP_STORM") else {
        return STORM;
    };
    let (alarms, seconds) = asked.split_once('x').unwrap();
    (alarms.parse().unwrap(), seconds.parse().unwrap())
}

/// Alarms that come and go with every scan: each watches a gate behind one comparison
/// whose own output is its input, denied.
fn stormy(alarms: usize) -> PlantText {
    let plant = PlantText::new("storm");
    let mut unit = String::from(
        "[unit]\nname = \"STORM\"\ntitle = { en = \"Storm\", zh = \"风暴\" }\n\
         area = \"U100\"\ntask = \"fast\"\n\
         \n[[block]]\nkind = \"CALC\"\nname = \"SY-1\"\ndesc = { en = \"Other\", zh = \"反\" }\n\
         expr = \"if q then 0.0 else 1.0\"\nin = { q = { delayed = \"SY-2.OUT\" } }\nunit = \"1\"\n\
         \n[[block]]\nkind = \"COMPARE\"\nname = \"SY-2\"\ndesc = { en = \"One\", zh = \"正\" }\n\
         in = \"SY-1.OUT\"\nlimit = 0.5\nwhen = \"above\"\non_bad = \"false\"\n",
    );
    let mut database = String::from(
        "[alarms]\nunit = \"STORM\"\narea = \"U100\"\ndisplay = \"r101\"\nsop = \"-\"\n\
         escalation = \"usual\"\nreview_due = \"2099-01-01\"\n\
         approved = { who = \"trial\", on = \"2026-01-01\", version = 1 }\n",
    );
    for number in 0..alarms {
        write!(
            unit,
            "\n[[block]]\nkind = \"NOT\"\nname = \"ST-{number:04}\"\n\
             desc = {{ en = \"Gate {number}\", zh = \"门 {number}\" }}\n\
             in = \"SY-2.OUT\"\n"
        )
        .unwrap();
        write!(
            database,
            "\n[[alarm]]\nname = \"SA-{number:04}\"\nkind = \"discrete\"\nclass = \"process\"\n\
             condition = \"ST-{number:04}.OUT\"\npoint = \"ST-{number:04}.OUT\"\n\
             text = {{ en = \"Storm {number}\", zh = \"风暴 {number}\" }}\n\
             causes = {{ en = \"the trial\", zh = \"试验\" }}\n\
             consequence = {{ en = \"none\", zh = \"无\" }}\n\
             action = {{ en = \"wait\", zh = \"等待\" }}\n\
             confirmation = {{ en = \"look\", zh = \"查看\" }}\n\
             respond_min = 10.0\nseverity = {{ production = \"minor\" }}\nfirst_out = \"\"\n"
        )
        .unwrap();
    }
    std::fs::write(plant.path().join("units/storm.toml"), unit).unwrap();
    std::fs::write(plant.path().join("alarms/storm.toml"), database).unwrap();
    plant
}

#[test]
fn no_transition_of_a_storm_is_lost_and_the_list_answers() {
    let (alarms, seconds) = storm();
    let (plant, data) = (stormy(alarms), Folder::new("storm-data"));
    let mut process = Process::start(&[
        "run",
        &plant.path().display().to_string(),
        "--hmi",
        "127.0.0.1:0",
        "--data",
        &data.path().display().to_string(),
    ]);
    let list = |process: &Process| {
        let asked = Instant::now();
        let list = process.get("/api/v1/alarms")?;
        Some((asked.elapsed(), list))
    };
    eventually("the storm on the list", Duration::from_secs(60), || {
        let (_, list) = list(&process)?;
        let rows = list["rows"].as_array()?;
        let stormy = rows.iter().filter(|row| row["unit"] == "STORM");
        (stormy.count() == alarms).then_some(())
    });
    // Beside each list a question that costs nothing: what it takes is the machine's doing.
    let (mut answers, mut idle) = (Vec::new(), Vec::new());
    throughout(Duration::from_secs(seconds), || {
        if let Some((took, _)) = list(&process) {
            answers.push(took);
            let asked = Instant::now();
            let _ = process.get("/api/v1/health");
            idle.push(asked.elapsed());
        }
        std::thread::sleep(Duration::from_millis(200));
    });
    process.signal("-INT");
    // What is still on its way is written down before the end.
    assert!(process.await_end(), "{:#?}", process.said());

    let entries = ledger::entries(&data.path().join("sim/ledger")).unwrap();
    let gaps = entries.iter().filter(|entry| entry.what == "gap");
    assert_eq!(gaps.count(), 0, "nothing is told of a loss");
    let mut steps: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &entries {
        if entry.class == Class::Alarm && entry.subject.starts_with("SA-") {
            steps.entry(&entry.subject).or_default().push(entry);
        }
    }
    assert_eq!(steps.len(), alarms);
    let mut transitions = 0;
    for (alarm, steps) in &steps {
        transitions += steps.len();
        for pair in steps.windows(2) {
            assert_eq!(pair[0].new, pair[1].old, "{alarm}");
            // It changes in every scan: a missing number would be a lost transition.
            let scans = (pair[0].scan.unwrap(), pair[1].scan.unwrap());
            assert_eq!(scans.0 + 1, scans.1, "{alarm}");
        }
    }
    answers.sort();
    idle.sort();
    // A storm that is asked for is a measurement on a machine of its own; the short one runs
    // beside other tests, where half of the answers must do.
    let is_measured = std::env::var("SCANLOOP_STORM").is_ok();
    let told = if is_measured { 0.95 } else { 0.5 };
    let at = |part: f64| answers[((answers.len() - 1) as f64 * part) as usize];
    println!(
        "{transitions} transitions of {alarms} alarms, none lost; the list in {:?} (p50), \
         {:?} (p95), {:?} (longest) of {}",
        at(0.5),
        at(0.95),
        at(1.0),
        answers.len()
    );
    let machine = idle[((idle.len() - 1) as f64 * told) as usize];
    let (took, limit) = (at(told), LIST_WITHIN + machine);
    assert!(
        took < limit,
        "{took:?} for the list, {machine:?} for nothing"
    );
    assert!(transitions as u64 > alarms as u64 * seconds * 5);
}
