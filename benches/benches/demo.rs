//! Memory and processor share of the demo plant, run headless in simulation.
//!
//! `cargo build --release && cargo bench -p scanloop-benches --bench demo`. The program
//! is that of the target folder, or the one that the variable SCANLOOP names.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scanloop_benches::measure::{machine, processor_s, resident_mb};

/// Seconds until the start is over, and seconds measured.
const WARM_S: u64 = 5;
const SECONDS: u64 = 30;

fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SCANLOOP") {
        return Some(PathBuf::from(path));
    }
    // target/release/deps/demo-… → target/release/scanloop
    let exe = std::env::current_exe().ok()?;
    let path = exe.parent()?.parent()?.join("scanloop");
    path.exists().then_some(path)
}

fn main() {
    println!("# demo\n\n{}\n", machine());
    let Some(program) = program() else {
        println!("no program to measure: cargo build --release, or name it in SCANLOOP");
        return;
    };
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folder = std::env::temp_dir().join(format!("scanloop-bench-{}", std::process::id()));
    let begun = Instant::now();
    let mut child = Command::new(&program)
        .current_dir(root)
        .args(["run", "plants/synthesis", "--headless", "--for"])
        .arg(format!("{}s", WARM_S + SECONDS + 10))
        .arg("--data")
        .arg(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let pid = child.id();
    std::thread::sleep(Duration::from_secs(WARM_S));
    let (from, before) = (Instant::now(), processor_s(pid));
    std::thread::sleep(Duration::from_secs(SECONDS));
    let used = processor_s(pid) - before;
    let seconds = from.elapsed().as_secs_f64();
    let (resident, peak) = resident_mb(pid);
    let alive = matches!(child.try_wait(), Ok(None));
    let _ = child.kill();
    let _ = child.wait();
    let _ = std::fs::remove_dir_all(&folder);
    assert!(alive, "it ended after {:?}", begun.elapsed());
    println!(
        "plants/synthesis with its simulator, tasks at 100 ms and 1 s, recorded, no display, for {SECONDS} s:"
    );
    println!(
        "resident {resident:.1} MB (peak {peak:.1} MB), {:.2} % of a core.",
        used / seconds * 100.0
    );
    println!("\n{}", machine());
}
