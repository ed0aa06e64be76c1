//! Scripts that do their worst beside a scan that takes no notice: the same bits in
//! every tag.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use plant::Plant;
use scanloop_tests::trial::PlantText;
use station::closed_loop::{ClosedLoop, world_of};
use station::kinds::{Drivers, blocks};
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
