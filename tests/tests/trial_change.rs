//! Online changes of a station that doses.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use gateway::Desk;
use gateway::desk::{Receipt, Refusal, RefusalCode};
use journal::Recording;
use journal::ledger::read as ledger;
use plant::Plant;
use scanloop_tests::trial::{Folder, PlantText, Rig, Run, continued, load, read, scans_of, walk};
use station::replay::{Verdict, replay, segments};
use std::collections::BTreeMap;
use std::path::Path;

const RUN: Run = Run {
    speed: 5.0,
    for_s: None,
    plays_demo: true,
    has_link: false,
};

const COMPARE: &str = "\n[[block]]\nkind = \"COMPARE\"\nname = \"A-1\"\n\
    desc = { en = \"bulk warm\", zh = \"釜温\" }\nin = \"TT-101.PV\"\nwhen = \"above\"\n\
    limit = 30.0\non_bad = \"false\"\n";

/// Why a change was refused.
fn refused(result: Result<Receipt, Refusal>) -> String {
    let refusal = result.expect_err("a refusal");
    assert_eq!(refusal.code, RefusalCode::NotPermitted);
    refusal.en
}

/// Every segment replays with equal digests, and between segments no scan is missing
/// from any task.
fn replays_whole(data: &Path) -> Vec<Recording> {
    for file in segments(data).unwrap() {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical, "{}", report.file);
        assert_eq!(report.torn, None);
    }
    let recordings = read(data);
    for task in 0..2 {
        let scans = recordings.iter().flat_map(|part| scans_of(part, task));
        let indices: Vec<u64> = scans.map(|scan| scan.index).collect();
        let wanted: Vec<u64> = (1..=indices.len() as u64).collect();
        assert_eq!(indices, wanted, "task {task}");
    }
    recordings
}

type Values = BTreeMap<String, f64>;

/// Values of tags after the first and after the last scan of a segment.
fn ends(recording: &Recording, tags: &[String]) -> (Values, Values) {
    let (mut first, mut last) = (None, Values::new());
    walk(recording, 0, |_, look| {
        last = tags.iter().map(|tag| (tag.clone(), look(tag).0)).collect();
        first.get_or_insert_with(|| last.clone());
    });
    (first.expect("scans"), last)
}

/// What leaves for the field, with its span.
fn outputs(plant: &Plant) -> Vec<(String, f64)> {
    let tags: BTreeMap<_, _> = plant.link().tasks.remove(0).linked.tags;
    plant
        .points
        .iter()
        .filter(|point| point.is_output)
        .map(|point| {
            let span = tags[&point.tag].range.map_or(1.0, |(low, high)| high - low);
            (point.tag.clone(), span)
        })
        .collect()
}

/// No output steps by more than half a percent of its span because of the change: the
/// first scan of each edition is compared with what the edition before would have made
/// of the same inputs.
fn is_bumpless(recordings: &[Recording], outputs: &[(String, f64)]) {
    let tags: Vec<String> = outputs.iter().map(|(tag, _)| tag.clone()).collect();
    for pair in recordings.windows(2) {
        let (after, _) = ends(&pair[1], &tags);
        let without: Values = continued(&pair[0], &pair[1], 0, &tags)
            .into_iter()
            .collect();
        let editions = (pair[0].header.edition, pair[1].header.edition);
        for (tag, span) in outputs {
            let step = (after[tag] - without[tag]).abs();
            assert!(
                step <= 0.005 * span,
                "{tag} is {} instead of {} at {editions:?}",
                after[tag],
                without[tag]
            );
        }
    }
}

#[test]
fn tunings_limits_and_blocks_change_without_a_bump_and_go_back() {
    let (plant, data) = (PlantText::new("change"), Folder::new("change-data"));
    let outputs = outputs(&load(plant.path()));
    assert_eq!(outputs.len(), 35);
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.await_dosing();
    // Away from the text's own value, to see that people's value survives.
    rig.write("TIC-101.SP", 41.5, None).unwrap();
    rig.await_value("TIC-101.SP", 41.5);

    assert!(refused(rig.change(false)).contains("the one that runs"));

    plant.edit_block("TIC-101", "kp = 4.0", "kp = 5.0");
    rig.change(false).unwrap();
    rig.await_value("TIC-101.KP", 5.0);
    assert_eq!(rig.edition(), 2);

    plant.edit_block("C01", "limit = 50.0", "limit = 52.0");
    rig.change(false).unwrap();

    plant.append("units/r101.toml", COMPARE);
    rig.change(false).unwrap();
    rig.await_value("A-1.OUT", 1.0);
    assert_eq!(rig.edition(), 4);
    assert_eq!(
        rig.value("TIC-101.SP"),
        41.5,
        "moved by people, edited by nobody"
    );
    assert!(rig.value("DOSE.TOTAL") > 0.0);
    assert_eq!(rig.value("RG-1.TRIPPED"), 0.0);

    rig.change(true).unwrap();
    assert_eq!(rig.edition(), 5);
    assert!(
        rig.hub.handle("A-1.OUT").is_none(),
        "the block is gone again"
    );
    assert_eq!(
        rig.value("TIC-101.KP"),
        5.0,
        "only the last edition went back"
    );
    // People still reach what they mean.
    rig.write("TIC-101.SP", 41.0, Some(41.5)).unwrap();
    rig.await_value("TIC-101.SP", 41.0);
    rig.stop();

    let recordings = replays_whole(data.path());
    let editions: Vec<u64> = recordings.iter().map(|part| part.header.edition).collect();
    assert_eq!(editions, [1, 2, 3, 4, 5]);
    is_bumpless(&recordings, &outputs);
    controllers_go_on(&recordings);

    let records = ledger::entries(&data.path().join("ledger")).unwrap();
    let whats: Vec<&str> = records.iter().map(|record| record.what.as_str()).collect();
    assert_eq!(whats.iter().filter(|what| **what == "edition").count(), 4);
    assert_eq!(
        whats.iter().filter(|what| **what == "edition-back").count(),
        1
    );
    assert_eq!(whats.iter().filter(|what| **what == "refused").count(), 1);
}

/// Modes, set-points in force, totals and outputs of controllers cross every change.
fn controllers_go_on(recordings: &[Recording]) {
    let tags: Vec<String> = ["TIC-101", "TIC-102", "FIC-101", "PIC-101"]
        .iter()
        .flat_map(|pid| ["MODE_ACT", "SP", "OUT"].map(|pin| format!("{pid}.{pin}")))
        .chain(["DOSE.TOTAL".to_string(), "RG-1.RESET_COUNT".to_string()])
        .collect();
    for pair in recordings.windows(2) {
        let (_, before) = ends(&pair[0], &tags);
        let (after, _) = ends(&pair[1], &tags);
        for tag in &tags {
            let step = (after[tag] - before[tag]).abs();
            // One scan of ordinary control, and no step on top of it.
            let most = if tag.ends_with(".OUT") || tag.ends_with(".SP") {
                2.0
            } else if tag == "DOSE.TOTAL" {
                0.05
            } else {
                0.0
            };
            assert!(step <= most, "{tag}: {} to {}", before[tag], after[tag]);
        }
        assert!(before["TIC-101.MODE_ACT"] == 1.0 && before["TIC-102.MODE_ACT"] == 2.0);
    }
}

#[test]
fn a_standing_trip_bars_every_change_that_touches_it_and_no_other() {
    let (plant, data) = (PlantText::new("trip"), Folder::new("trip-data"));
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.await_dosing();
    rig.with_world(|world| {
        world
            .inject(&sim::Fault::new("agitator-stop"))
            .expect("a fault of the library");
    });
    rig.await_value("RG-1.TRIPPED", 1.0);
    let first_out = rig.value("RG-1.FIRST_OUT");
    assert_eq!(first_out, plant.row_of("RG-1", "C06") as f64);
    let texts = plant.texts();

    plant.edit_block("C06", "below = 40.0", "below = 35.0");
    let why = refused(rig.change(false));
    assert!(why.contains("C06") && why.contains("RG-1"), "{why}");
    assert!(why.contains("latched trip"), "{why}");

    plant.put_back(&texts);
    plant.edit("matrix/u100.csv", "C17,,X,X", "C17,,X,");
    let why = refused(rig.change(false));
    assert!(why.contains("RG-1 holds a latched trip"), "{why}");

    // Without its row: the trip cannot be edited away.
    plant.put_back(&texts);
    plant.remove_cause("C06");
    // Nor by taking away what tells of it.
    for told in ["BYPASSED", "MOS_WARNING", "MOS_EXPIRED", "PROOF_EXPIRED"] {
        plant.edit("units/u100.toml", &format!("\"C06.{told}\", "), "");
    }
    let need = "    { delayed = \"C06.BYPASSED\" },\n";
    plant.edit("units/r101.toml", need, "");
    plant.edit("alarms/r101.toml", "\"C06.TRIP\"", "\"DP-101.OK\"");
    let why = refused(rig.change(false));
    assert!(why.contains("RG-1") || why.contains("C06"), "{why}");
    assert!(why.contains("latched trip"), "{why}");

    // What feeds the cause is part of it.
    plant.put_back(&texts);
    plant.edit_block("ST-101", "hi = 120.0", "hi = 150.0");
    let why = refused(rig.change(false));
    assert!(why.contains("ST-101"), "{why}");

    assert_eq!(rig.edition(), 1);
    plant.put_back(&texts);
    plant.edit_block("PIC-101", "kp = 5.0", "kp = 5.5");
    rig.change(false).unwrap();
    assert_ne!(rig.edition(), 1);
    rig.await_value("PIC-101.KP", 5.5);
    assert_eq!(rig.value("RG-1.TRIPPED"), 1.0);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), first_out);
    rig.change(true).unwrap();
    assert_eq!(rig.value("RG-1.TRIPPED"), 1.0);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), first_out);
    rig.stop();
    let recordings = replays_whole(data.path());
    assert_eq!(recordings.len(), 3);
    // From the trip on it stays in every scan of every edition.
    let mut tripped = false;
    for recording in &recordings {
        walk(recording, 0, |scan, look| {
            let first = look("RG-1.FIRST_OUT").0;
            assert!(!tripped || first == first_out, "scan {}", scan.index);
            tripped |= first == first_out;
            assert!(!tripped || look("RG-1.E1").0 == 1.0);
        });
    }
    assert!(tripped);
}

#[test]
fn a_wrong_text_or_another_field_changes_nothing() {
    let (plant, data) = (PlantText::new("wrong"), Folder::new("wrong-data"));
    let run = Run {
        plays_demo: false,
        ..RUN
    };
    let rig = Rig::start(plant.path(), data.path(), &run);
    rig.await_tag("TT-101.PV", "good", |_, quality| quality.is_good());
    let texts = plant.texts();

    plant.edit_block("TIC-101", "kp = 4.0", "kpp = 4.0");
    plant.edit_block("C01", "limit = 50.0", "limit = \"hot\"");
    plant.edit_block("TY-101", "TIC-101.OUT", "TIC-777.OUT");
    let why = refused(rig.change(false));
    for words in ["kpp", "TIC-777.OUT", "limit", "P0"] {
        assert!(why.contains(words), "{words} in {why}");
    }

    let restart = [
        ("address = \"ir0\"", "address = \"ir18\""),
        ("address = \"hr1\"", "address = \"hr6\""),
        ("fail_safe = 100.0", "fail_safe = 90.0"),
    ];
    for (from, to) in restart {
        plant.put_back(&texts);
        plant.edit("units/r101.toml", from, to);
        let why = refused(rig.change(false));
        assert!(
            why.contains("field points") && why.contains("needs a restart"),
            "{why}"
        );
    }
    plant.put_back(&texts);
    plant.edit(
        "plant.toml",
        "unit_id = 1\ntimeout_ms = 300",
        "unit_id = 1\ntimeout_ms = 400",
    );
    let why = refused(rig.change(false));
    assert!(
        why.contains("drivers") && why.contains("needs a restart"),
        "{why}"
    );
    plant.edit(
        "plant.toml",
        "unit_id = 1\ntimeout_ms = 400",
        "unit_id = 1\ntimeout_ms = 300",
    );
    plant.edit("plant.toml", "period_ms = 1000", "period_ms = 2000");
    let why = refused(rig.change(false));
    assert!(
        why.contains("tasks") && why.contains("needs a restart"),
        "{why}"
    );
    assert!(refused(rig.change(true)).contains("no edition to go back to"));

    assert_eq!(rig.edition(), 1);
    rig.stop();
    assert_eq!(replays_whole(data.path()).len(), 1);
}

#[test]
fn a_write_given_together_with_a_change_never_lands_on_another_tag() {
    let (plant, data) = (PlantText::new("together"), Folder::new("together-data"));
    let run = Run {
        plays_demo: false,
        ..RUN
    };
    let rig = Rig::start(plant.path(), data.path(), &run);
    rig.await_tag("TIC-101.KP", "= 4", |value, _| value == 4.0);
    // Each new block sorts before all others and moves every handle.
    for round in 0..6 {
        plant.append(
            "units/r101.toml",
            &COMPARE.replace("A-1", &format!("A-{round}")),
        );
        let tunings = || {
            let directory = rig.hub.directory();
            let names = directory.tags.iter().map(|tag| tag.name.clone());
            let names: Vec<String> = names
                .filter(|name| {
                    [".KP", ".TI_S", ".TD_S"]
                        .iter()
                        .any(|pin| name.ends_with(pin))
                })
                .collect();
            names
                .iter()
                .map(|name| (name.clone(), rig.value(name)))
                .collect::<BTreeMap<String, f64>>()
        };
        let before = tunings();
        let wanted = 4.1 + f64::from(round) * 0.1;
        let (changed, written) = rig.change_and_write("TIC-101.KP", wanted);
        changed.unwrap();
        rig.await_tag(&format!("A-{round}.OUT"), "appears", |_, _| true);
        match written {
            Ok(_) => rig.await_value("TIC-101.KP", wanted),
            Err(refusal) => assert_eq!(refusal.code, RefusalCode::ValueChanged),
        }
        // The next write goes by the new names.
        rig.write("TIC-102.KP", 12.0 + wanted, None).unwrap();
        rig.await_value("TIC-102.KP", 12.0 + wanted);
        let mut after = tunings();
        for touched in ["TIC-101.KP", "TIC-102.KP"] {
            after.insert(touched.into(), before[touched]);
        }
        assert_eq!(after, before, "round {round}");
    }
    rig.stop();
    replays_whole(data.path());
}
