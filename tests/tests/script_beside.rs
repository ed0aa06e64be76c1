//! Scripts that do their worst beside a scan that takes no notice: the same bits in
//! every tag, no scan late, none missed.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use plant::Plant;
use scanloop_tests::trial::{PlantText, Rig, Run};
use station::closed_loop::{ClosedLoop, world_of};
use station::kinds::{Drivers, blocks};
use station::replay::{Verdict, replay, segments};
use std::path::Path;

/// Name, text, and what it is.
const HOSTILE: [(&str, &str); 3] = [
    ("endless", "let x = 0;\nloop { x += 1; }\n"),
    (
        "long",
        "let x = 0;\nfor i in 0..1000000000 { x += i; }\nprint(x);\n",
    ),
    (
        // The name is put together, so that no reading of the text can find it.
        "trespasser",
        "let tag = \"RG-1\";\ntag += \".RESET\";\nwrite(tag, 1.0);\n",
    ),
];

fn load(folder: &Path) -> Plant {
    plant::load(folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

/// The demo plant with the hostile scripts.
fn hostile(name: &str) -> PlantText {
    let text = PlantText::new(name);
    for (script, words) in HOSTILE {
        let file = format!("scripts/{script}.rhai");
        std::fs::write(text.path().join(&file), words).unwrap();
        text.append(
            "plant.toml",
            &format!(
                "\n[[script]]\nname = \"{script}\"\ndesc = {{ en = \"x\", zh = \"x\" }}\n\
                 file = \"{file}\"\nperiod_s = 0.1\nreads = [\"TT-101.PV\"]\nwrites = [\"TIC-101.SP\"]\n"
            ),
        );
    }
    text
}

fn closed(plant: &Plant) -> ClosedLoop {
    ClosedLoop::new(plant, world_of(plant, None, 1).unwrap()).unwrap()
}

#[test]
fn hostile_scripts_change_no_bit_of_any_tag() {
    let (plain_text, beside_text) = (PlantText::new("plain"), hostile("hostile"));
    let (mut plain, mut beside) = (
        closed(&load(plain_text.path())),
        closed(&load(beside_text.path())),
    );
    let tags: Vec<String> = plain.tags().map(String::from).collect();
    assert!(tags.len() > 1000);
    for tick in 0..600 {
        for run in [&mut plain, &mut beside] {
            if tick == 5 {
                assert!(run.write("RG-3.RESET", 1.0));
            }
            if tick == 150 {
                assert!(run.write("RG-1.RESET", 1.0) && run.write("M-101.START", 1.0));
            }
            run.tick();
        }
        for tag in &tags {
            let bits = |run: &ClosedLoop| {
                let (value, quality) = run.read(tag).unwrap();
                (value.to_bits(), quality)
            };
            assert_eq!(bits(&plain), bits(&beside), "{tag} at tick {tick}");
        }
    }
    for (script, _) in HOSTILE {
        let tag = format!("SYS.{}_FAULTED", script.to_uppercase());
        assert_eq!(beside.read(&tag).unwrap().0, 1.0, "{tag}");
    }
}

#[test]
fn hostile_scripts_make_no_scan_late_and_what_was_scanned_replays() {
    let text = hostile("hostile-rig");
    let data = scanloop_tests::trial::Folder::new("hostile-rig-data");
    // Deadlines of seconds: what a busy machine takes from the scan is not the scripts'.
    text.edit(
        "plant.toml",
        "name = \"fast\"\nperiod_ms = 100",
        "name = \"fast\"\nperiod_ms = 1000",
    );
    text.edit("plant.toml", "watchdog_ms = 1000", "watchdog_ms = 5000");
    let run = Run {
        speed: 1.0,
        for_s: None,
        plays_demo: false,
        has_link: false,
    };
    let rig = Rig::start(text.path(), data.path(), &run);
    for (script, _) in HOSTILE {
        rig.await_value(&format!("SYS.{}_FAULTED", script.to_uppercase()), 1.0);
    }
    rig.await_tag("SYS.FAST_OVERRUNS", "told", |_, quality| quality.is_good());
    assert_eq!(rig.value("SYS.FAST_OVERRUNS"), 0.0);
    assert_eq!(
        rig.value("RG-1.TRIPPED"),
        1.0,
        "the trespasser reset nothing"
    );
    let timings = rig.stop();
    assert!(timings.iter().all(|timing| timing.overruns == 0));
    let files = segments(data.path()).unwrap();
    assert!(!files.is_empty());
    for file in files {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert!(
            matches!(report.verdict, Verdict::Identical),
            "{:?}",
            report.verdict
        );
    }
}
