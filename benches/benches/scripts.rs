//! The scan beside scripts that do their worst: the same plant, headless in simulation,
//! without and with them.
//!
//! `cargo build --release && cargo bench -p scanloop-benches --bench scripts`. The
//! program is that of the target folder, or the one that the variable SCANLOOP names.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scanloop_benches::measure::machine;

const SECONDS: u64 = 20;

/// An endless loop and a long one, each faulted by its first run, and one that keeps
/// busy.
const HOSTILE: [(&str, &str); 3] = [
    ("endless", "let x = 0;\nloop { x += 1; }\n"),
    ("long", "let x = 0;\nfor i in 0..1000000000 { x += i; }\n"),
    (
        "busy",
        "let x = 0;\nfor i in 0..20000 { x += i; }\nstate.x = x;\n",
    ),
];

fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SCANLOOP") {
        return Some(PathBuf::from(path));
    }
    let exe = std::env::current_exe().ok()?;
    let path = exe.parent()?.parent()?.join("scanloop");
    path.exists().then_some(path)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let path = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &path);
        } else {
            std::fs::copy(entry.path(), path).expect("a copy");
        }
    }
}

fn measure(program: &Path, plant: &Path, data: &Path) {
    let output = Command::new(program)
        .args(["run", "--headless", "--for"])
        .arg(format!("{SECONDS}s"))
        .arg("--data")
        .arg(data)
        .arg(plant)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .expect("the program runs");
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

fn main() {
    println!("# scripts\n\n{}\n", machine());
    let Some(program) = program() else {
        println!("no program to measure: cargo build --release, or name it in SCANLOOP");
        return;
    };
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
    let folder = std::env::temp_dir().join(format!("scanloop-scripts-{}", std::process::id()));
    let (plain, beside) = (folder.join("plain"), folder.join("beside"));
    copy(&from, &plain);
    copy(&from, &beside);
    let mut text = std::fs::read_to_string(beside.join("plant.toml")).expect("a plant");
    for (name, words) in HOSTILE {
        let file = format!("scripts/{name}.rhai");
        std::fs::write(beside.join(&file), words).expect("a script");
        text += &format!(
            "\n[[script]]\nname = \"{name}\"\ndesc = {{ en = \"x\", zh = \"x\" }}\nfile = \"{file}\"\nperiod_s = 0.1\n"
        );
    }
    std::fs::write(beside.join("plant.toml"), text).expect("a plant");
    println!("## without\n");
    measure(&program, &plain, &folder.join("data-plain"));
    println!("\n## with an endless loop, one of 1e9 operations and a busy one\n");
    measure(&program, &beside, &folder.join("data-beside"));
    let _ = std::fs::remove_dir_all(&folder);
    println!("\n{}", machine());
}
