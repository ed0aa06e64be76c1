//! Scripts of a plant that really scans: one asks, one goes wrong, the scan goes on.

use gateway::desk::{Change, Command, Environment, Event};
use gateway::{Desk, Hub};
use station::engine::{Options, Station};
use station::kinds::{Drivers, blocks};
use station::recorder::RecorderPolicy;
use station::replay::{Verdict, replay, segments};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const PLANT: &str = r#"[plant]
name = "demo"
title = { en = "Demo", zh = "示例" }

[[task]]
name = "fast"
period_ms = 20

[[script]]
name = "ramp"
desc = { en = "Ramp of the set-point", zh = "设定值爬坡" }
file = "scripts/ramp.rhai"
period_s = 0.1
reads = ["HS-1.SP"]
writes = ["HS-1.SP"]

[[script]]
name = "bad-one"
desc = { en = "Goes wrong", zh = "出错的脚本" }
file = "scripts/bad.rhai"
period_s = 0.1
"#;

const UNIT: &str = r#"[unit]
name = "U-1"
title = { en = "Unit", zh = "单元" }
area = "A1"

[[tag]]
name = "HS-1.SP"
desc = { en = "Hand value", zh = "手动值" }
unit = "%"
range = [0.0, 10.0]
initial = 1.0

[[block]]
name = "FV-1"
kind = "AOUT"
desc = { en = "Valve", zh = "阀门" }
reason = "trial"
demand = "HS-1.SP"
safe = 0.0
"#;

/// How often scripts that do their worst are started again.
const ROUNDS: usize = 8;

/// Waits for what must happen, and fails if it does not.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what} did not happen");
        std::thread::yield_now();
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn folder(bad: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scripts");
    let _ = std::fs::remove_dir_all(&folder);
    for (name, text) in [
        ("plant/plant.toml", PLANT),
        ("plant/units/u.toml", UNIT),
        (
            "plant/scripts/ramp.rhai",
            "let sp = read(\"HS-1.SP\");\nif sp.is_good { write(\"HS-1.SP\", sp.value + 1.0, \"ramp\"); }\n",
        ),
        ("plant/scripts/bad.rhai", bad),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

fn value(hub: &Hub, tag: &str) -> Option<f64> {
    let handle = hub.handle(tag)? as usize;
    hub.snapshot().cells.get(handle).map(|cell| cell.value)
}

fn event(hub: &Hub, words: &str) -> Option<Event> {
    let mut events = hub.events(0).into_iter();
    events.find(|event| event.text.en.contains(words))
}

#[test]
fn a_script_works_through_the_desk_and_a_faulty_one_only_stops_itself() {
    let folder = folder("let x = 0;\nloop { x += 1; }\n");
    let plant = plant::load(&folder.join("plant"), &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let options = Options {
        plant: folder.join("plant"),
        data: folder.join("data"),
        env: Environment::Simulation,
        speed: 1.0,
        for_ns: None,
        endpoints: BTreeMap::new(),
        recorder: RecorderPolicy::default(),
        checkpoints: None,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let station = Station::start(plant, &options, runtime.handle()).expect("a station");
    let hub = station.hub.clone();
    wait_for("the ramp", || {
        value(&hub, "HS-1.SP").filter(|sp| *sp == 10.0)
    });
    // At the end of the range the desk refuses, and says whom.
    let refused = wait_for("the refusal", || event(&hub, "outside 0 to 10"));
    assert_eq!(refused.actor, "script:ramp");
    let stopped = wait_for("the fault", || event(&hub, "script bad-one stopped"));
    assert!(stopped.text.en.contains("line 2"), "{}", stopped.text.en);
    wait_for("the tag of the fault", || {
        value(&hub, "SYS.BAD_ONE_FAULTED").filter(|faulted| *faulted == 1.0)
    });
    assert_eq!(value(&hub, "SYS.RAMP_FAULTED"), Some(0.0));
    assert!(!station.has_faulted());
    // A new edition starts it anew.
    std::fs::write(
        folder.join("plant/scripts/bad.rhai"),
        "print(\"mended\");\n",
    )
    .expect("a file");
    let change = Change {
        id: "1".into(),
        actor: "engineer".into(),
        back: false,
        digest: None,
        reason: "mend the script".into(),
    };
    runtime
        .block_on(hub.change(change))
        .expect("an adopted edition");
    wait_for("the mended script", || event(&hub, "mended"));
    wait_for("the tag of the fault to clear", || {
        value(&hub, "SYS.BAD_ONE_FAULTED").filter(|faulted| *faulted == 0.0)
    });
    station.stop();
    let records = journal::ledger::read::entries(&folder.join("data/ledger")).expect("a record");
    // What scripts asked for is part of the recording, with the text of the scripts.
    let files = segments(&folder.join("data")).expect("recordings");
    assert!(!files.is_empty());
    for file in files {
        let report = replay(&file, None, |_, _| {}).expect("a replay");
        assert!(
            matches!(report.verdict, Verdict::Identical),
            "{:?}",
            report.verdict
        );
    }
    let asked = records
        .iter()
        .filter(|record| record.who.name == "script:ramp" && record.what == "write")
        .count();
    assert!(asked >= 9, "{asked}");
    assert!(
        records
            .iter()
            .any(|record| record.who.name == "script:ramp" && record.why == "ramp")
    );
}

/// A second is a deadline that a busy machine keeps: what is late then is late by a
/// script. They are started again and again, so that one of them is at its worst in
/// every scan that is counted.
#[test]
fn scripts_that_do_their_worst_make_no_scan_late_and_none_is_missed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worst");
    let _ = std::fs::remove_dir_all(&folder);
    let mut plant = PLANT.replace("period_ms = 20", "period_ms = 1000");
    plant.truncate(plant.find("\n[[script]]").expect("scripts"));
    let unit = UNIT.to_string()
        + "\n[[tag]]\nname = \"AGAIN.ON\"\ndesc = { en = \"Once more\", zh = \"重启\" }\n\
           kind = \"bool\"\ninitial = false\n";
    let worst = [
        ("endless", "let x = 0;\nloop { x += 1; }\n"),
        ("long", "let x = 0;\nfor i in 0..1000000000 { x += i; }\n"),
        (
            "stray",
            "let tag = \"HS-2\";\ntag += \".SP\";\nwrite(tag, 1.0);\n",
        ),
    ];
    for (name, _) in worst {
        plant += &format!(
            "\n[[script]]\nname = \"{name}\"\ndesc = {{ en = \"x\", zh = \"x\" }}\n\
             file = \"scripts/{name}.rhai\"\nperiod_s = 0.1\nwrites = [\"HS-1.SP\"]\n\
             restart = \"AGAIN.ON\"\n"
        );
    }
    let mut files = vec![
        ("plant.toml".to_string(), plant),
        ("units/u.toml".to_string(), unit),
    ];
    for (name, words) in worst {
        files.push((format!("scripts/{name}.rhai"), words.to_string()));
    }
    for (name, text) in files {
        let path = folder.join("plant").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let plant = plant::load(&folder.join("plant"), &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
    let options = Options {
        plant: folder.join("plant"),
        data: folder.join("data"),
        env: Environment::Simulation,
        speed: 1.0,
        for_ns: None,
        endpoints: BTreeMap::new(),
        recorder: RecorderPolicy::default(),
        checkpoints: None,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let station = Station::start(plant, &options, runtime.handle()).expect("a station");
    let hub = station.hub.clone();
    for (name, _) in worst {
        let tag = format!("SYS.{}_FAULTED", name.to_uppercase());
        wait_for(&tag, || value(&hub, &tag).filter(|faulted| *faulted == 1.0));
    }
    let faults = |name: &str| {
        let words = format!("script {name} stopped");
        let events = hub.events(0).into_iter();
        events
            .filter(|event| event.text.en.contains(&words))
            .count()
    };
    let until = Instant::now() + Duration::from_secs(120);
    // The first fault of each came without being asked for.
    for id in 0.. {
        if worst.iter().all(|(name, _)| faults(name) > ROUNDS) {
            break;
        }
        assert!(Instant::now() < until, "they do not start again");
        let on = f64::from(id % 2);
        let command = Command {
            id: id.to_string(),
            actor: "trial".into(),
            tag: "AGAIN.ON".into(),
            value: on,
            seen_value: None,
            reason: "once more".into(),
            permit: String::new(),
        };
        runtime.block_on(hub.submit(command)).expect("admitted");
        wait_for("the command in the image", || {
            value(&hub, "AGAIN.ON").filter(|now| *now == on)
        });
    }
    let scans = hub.snapshot().scan;
    assert!(scans >= 2 * ROUNDS as u64 - 1, "{scans}");
    assert_eq!(value(&hub, "SYS.FAST_OVERRUNS"), Some(0.0));
    assert_eq!(value(&hub, "HS-1.SP"), Some(1.0), "nothing was written");
    let missed = station.pulses[0].missed.load(Ordering::Relaxed);
    assert_eq!(missed, 0, "of {scans} scans");
    let timing = station.stop();
    // The tail belongs to the machine and whoever else uses it; the middle would move if
    // a scan waited for a script, each of which runs far longer.
    let scan = &timing[0].stages[0];
    assert!(scan.count >= scans && scan.p50_us < 10_000.0, "{scan:?}");
    // One record a scan, none left out, and all of them replay.
    let mut replayed = 0;
    for file in segments(&folder.join("data")).expect("recordings") {
        let report = replay(&file, None, |_, _| {}).expect("a replay");
        replayed += report.scans;
        assert!(
            matches!(report.verdict, Verdict::Identical),
            "{:?}",
            report.verdict
        );
    }
    assert!(replayed >= scans, "{replayed} of {scans}");
}
