//! `scanloop check` warns of drawings that work and should be drawn otherwise, with file
//! and line, and lets the plant pass.

use std::path::{Path, PathBuf};
use std::process::Command;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the plant").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(std::fs::copy(&from, &to).expect("a file")),
        }
    }
}

fn check(plant: &Path, json: bool) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scanloop"));
    command.arg("check").arg(plant);
    if json {
        command.arg("--json");
    }
    let output = command.output().expect("scanloop check runs");
    let text = String::from_utf8(output.stdout).expect("text");
    (output.status.success(), text)
}

#[test]
fn drawings_against_the_rules_are_warned_of_with_file_and_line_and_the_plant_passes() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("display-rules");
    let _ = std::fs::remove_dir_all(&folder);
    copy(&here.join("../../plants"), &folder);
    let plant = folder.join("synthesis");
    let (passes, text) = check(&plant, false);
    assert!(passes, "{text}");
    assert!(!text.contains("P0605"), "{text}");

    let file = plant.join("displays/r101.svg");
    let drawing = std::fs::read_to_string(&file).expect("the drawing");
    let valve = r#"data-tag="XV-114" data-face="XV-114""#;
    assert!(drawing.contains(valve));
    let drawing = drawing.replace(valve, r#"data-tag="XV-114""#).replace(
        "</svg>",
        "<path fill=\"#ff0000\" d=\"M0 0\"/>\n<text data-v=\"TT-101.PV\"/>\n</svg>",
    );
    std::fs::write(&file, &drawing).expect("written");
    let line = |words: &str| {
        let at = drawing.lines().position(|line| line.contains(words));
        1 + at.expect("the line") as u64
    };
    let (passes, text) = check(&plant, true);
    assert!(passes, "{text}");
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let found: Vec<(&str, &str, u64)> = all
        .as_array()
        .expect("a list")
        .iter()
        .filter(|told| told["code"] == "P0605")
        .map(|told| {
            let word = |key: &str| told[key].as_str().expect("a text");
            assert_eq!(word("severity"), "warning");
            (
                word("file"),
                word("message"),
                told["line"].as_u64().expect("a line"),
            )
        })
        .collect();
    let r101 = "displays/r101.svg";
    let expected = [
        (
            r101,
            "the valve XV-114 has no data-face: nobody can open its faceplate",
            line("XV-114"),
        ),
        (
            r101,
            "the colour #ff0000 follows no theme: take a class of the palette",
            line("#ff0000"),
        ),
        (
            r101,
            "TT-101.PV is shown without its unit °C",
            line("data-v=\"TT-101.PV\""),
        ),
    ];
    assert_eq!(found, expected);
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}
