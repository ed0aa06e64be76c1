//! Bypasses of the real program, from the key to the end: who may begin one, what the list,
//! the alarms and the ledger say of it, what it keeps from tripping, and that it ends.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::{Class, Entry, read as ledger};
use scanloop_tests::trial::{Folder, PlantText, Process, eventually, scanloop};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);
const PERMIT: &str = "PTW-2026-118";
const WHY: &str = "PT-101A is exchanged";

/// The demo plant, whose bypasses end after some minutes.
fn text(name: &str) -> PlantText {
    let text = PlantText::new(name);
    text.edit("matrix/u100.toml", "expiry_h = 8.0", "expiry_h = 0.06");
    text.edit(
        "matrix/u100.toml",
        "warning_min = 30.0",
        "warning_min = 2.0",
    );
    text
}

fn start(text: &PlantText, data: &Folder) -> Process {
    let process = Process::start(&[
        "run",
        &text.path().display().to_string(),
        "--play",
        "none",
        "--hmi",
        "127.0.0.1:0",
        "--data",
        &data.path().display().to_string(),
    ]);
    process.hmi();
    process
}

/// Does something to the simulated process.
fn simulate(process: &Process, deed: Value) {
    let mut body = deed;
    body["id"] = process.fresh_id().into();
    let answer = process.ask("POST", "/api/v1/simulation/act", &body.to_string());
    assert!(matches!(&answer, Some((200, _))), "{body}: {answer:?}");
}

/// Asks for a bypass; `ok`, or the code of the refusal with its words. On a busy machine
/// the desk may have no image yet, or an old one: then anew.
fn ask(process: &Process, tag: &str, more: &Value) -> (String, String) {
    eventually("an answer by a young image", PATIENCE, || {
        let (_, answer) = process.command(tag, 1.0, more)?;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        if answer["ok"] == true {
            return Some(("ok".into(), String::new()));
        }
        let word = |key: &str| answer[key].as_str().unwrap_or_default().to_string();
        let code = word("code");
        (code != "runtime_stalled" && code != "expired").then(|| (code, word("en")))
    })
}

/// Asks until the key has come through and there is another answer than that it is off.
fn ask_with_key(process: &Process, tag: &str, more: &Value) -> (String, String) {
    eventually("the key at the desk", PATIENCE, || {
        let answer = ask(process, tag, more);
        (!answer.1.contains("key")).then_some(answer)
    })
}

fn list(process: &Process) -> Vec<Value> {
    let list = eventually("the list of bypasses", PATIENCE, || {
        process.get("/api/v1/bypasses")
    });
    list.as_array().unwrap().clone()
}

/// Waits until just these bypasses stand.
fn await_list(process: &Process, tags: &[&str]) -> Vec<Value> {
    eventually(&format!("bypasses {tags:?}"), PATIENCE, || {
        let list = list(process);
        let found: Vec<&str> = list.iter().filter_map(|b| b["tag"].as_str()).collect();
        (found == tags).then_some(list)
    })
}

/// Waits for an alarm in the list, standing or not.
fn await_alarm(process: &Process, alarm: &str, stands: bool) {
    eventually(&format!("{alarm} stands: {stands}"), PATIENCE, || {
        let list = process.get("/api/v1/alarms")?;
        // Before its first list it has none.
        let is_there = list["utc_ms"].as_i64()? > 0;
        let rows = list["rows"].as_array()?;
        let row = rows.iter().find(|row| row["alarm"] == alarm);
        let active = row.is_some_and(|row| row["active"] == true);
        (is_there && active == stands).then_some(())
    });
}

/// Whether a cause has tripped by its channels: in the sequence of events, with good
/// quality. On a busy machine values of the field may come late and turn bad, which
/// trips as well.
fn has_come(process: &Process, tag: &str) -> bool {
    let rows = eventually("the sequence of events", PATIENCE, || {
        process.get("/api/v1/sequence")
    });
    let mut rows = rows.as_array().unwrap().iter();
    rows.any(|row| row["tag"] == tag && row["value"] == true && row["good"] == true)
}

fn records(data: &Folder) -> Vec<Entry> {
    ledger::entries(&data.path().join("sim/ledger")).unwrap()
}

/// The one record of a bypass that was begun.
fn begun<'r>(records: &'r [Entry], tag: &str) -> &'r Entry {
    let mut found = records
        .iter()
        .filter(|r| r.what == "bypass" && r.subject == tag);
    let record = found.next().expect(tag);
    assert!(found.next().is_none(), "{tag} is recorded once");
    record
}

#[test]
fn a_bypass_needs_key_permit_and_room_stands_in_list_and_alarm_holds_off_a_trip_and_ends() {
    let (plant, data) = (text("bypass"), Folder::new("bypass-data"));
    let process = start(&plant, &data);
    let whole = json!({ "reason": WHY, "permit": PERMIT });
    let (code, words) = ask(&process, "C09.MOS_1", &whole);
    assert_eq!(code, "not_permitted", "the key is off");
    assert!(words.contains("key"), "{words}");

    simulate(
        &process,
        json!({ "do": "act", "name": "turn-bypass-key-on" }),
    );
    assert_eq!(ask_with_key(&process, "C09.MOS_1", &whole).0, "ok");
    let [bypass] = await_list(&process, &["C09.MOS_1"]).try_into().unwrap();
    assert_eq!(bypass["channel"], "PT-101A.PV");
    assert_eq!(bypass["actor"], "operator (simulation)");
    assert_eq!(
        (&bypass["reason"], &bypass["permit"]),
        (&WHY.into(), &PERMIT.into())
    );
    assert!(bypass["since_ms"].as_i64().unwrap() > 0);
    let left_s = bypass["left_s"].as_f64().unwrap();
    assert!(left_s > 0.0 && left_s <= 216.0, "{left_s}");
    await_alarm(&process, "XA-906", true);

    // Another one: with a permit and a reason of its own, within vote and unit.
    let refused = |tag: &str, more: Value, code: &str| {
        let answer = ask(&process, tag, &more);
        assert_eq!(answer.0, code, "{tag} {more}: {}", answer.1);
        answer.1
    };
    refused("C01.MOS_1", json!({ "reason": WHY }), "permit_needed");
    refused("C01.MOS_1", json!({ "permit": PERMIT }), "malformed");
    let words = refused("C09.MOS_2", whole.clone(), "not_permitted");
    assert!(words.contains("vote"), "{words}");
    assert_eq!(ask(&process, "C01.MOS_1", &whole).0, "ok");
    await_list(&process, &["C01.MOS_1", "C09.MOS_1"]);
    let words = refused("C03.MOS_1", whole.clone(), "not_permitted");
    assert!(words.contains("unit"), "{words}");

    // Beyond the limit of C09, and it does not trip. Its time goes by.
    let stuck = "sensor-stuck-at:PT-101A";
    simulate(
        &process,
        json!({ "do": "inject", "name": stuck, "value": 125.0 }),
    );
    simulate(&process, json!({ "do": "pace", "speed": 10.0 }));
    await_alarm(&process, "XA-907", true);
    // That of C01 ends by itself; that of C09 would end in a trip, stays, and says so.
    await_alarm(&process, "XA-908", true);
    await_list(&process, &["C09.MOS_1"]);
    assert!(
        !has_come(&process, "C09.TRIP"),
        "the bypassed channel alone"
    );
    simulate(&process, json!({ "do": "clear", "name": stuck }));
    await_list(&process, &[]);
    await_alarm(&process, "XA-906", false);
    await_alarm(&process, "XA-908", false);
    // Without the bypass the same value trips.
    simulate(&process, json!({ "do": "pace", "speed": 1.0 }));
    let tripped = (0..5).any(|_| {
        simulate(
            &process,
            json!({ "do": "inject", "name": stuck, "value": 125.0 }),
        );
        let until = Instant::now() + Duration::from_secs(15);
        while !has_come(&process, "C09.TRIP") && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
        simulate(&process, json!({ "do": "clear", "name": stuck }));
        has_come(&process, "C09.TRIP")
    });
    assert!(tripped, "125 kPa on one of two channels");
    process.kill();

    let records = records(&data);
    for tag in ["C09.MOS_1", "C01.MOS_1"] {
        let record = begun(&records, tag);
        assert_eq!(record.class, Class::Bypass);
        assert_eq!(record.who.name, "operator (simulation)");
        assert_eq!((record.why.as_str(), record.new_number()), (WHY, Some(1.0)));
        assert_eq!(record.detail.as_ref().unwrap()["permit"], PERMIT);
    }
    for (tag, words) in [("C09.MOS_2", "of this vote"), ("C03.MOS_1", "in this unit")] {
        let of = |what: &str| -> Vec<&Entry> {
            let records = records.iter();
            records
                .filter(|r| r.what == what && r.subject == tag)
                .collect()
        };
        assert!(of("refused").iter().any(|r| r.why.contains(words)), "{tag}");
        assert!(
            of("bypass").is_empty(),
            "{tag}: what was refused was not done"
        );
    }
    let alarm = |r: &&Entry| r.subject == "XA-906" && r.class == Class::Alarm;
    assert!(records.iter().filter(alarm).count() >= 2, "came and went");
}

#[test]
fn no_bypass_outlives_a_kill_but_its_record_does() {
    let (plant, data) = (text("bypass-kill"), Folder::new("bypass-kill-data"));
    let process = start(&plant, &data);
    simulate(
        &process,
        json!({ "do": "act", "name": "turn-bypass-key-on" }),
    );
    let whole = json!({ "reason": WHY, "permit": PERMIT });
    assert_eq!(ask_with_key(&process, "C09.MOS_1", &whole).0, "ok");
    await_list(&process, &["C09.MOS_1"]);
    await_alarm(&process, "XA-906", true);
    process.kill();

    let process = start(&plant, &data);
    await_alarm(&process, "XA-906", false);
    assert!(list(&process).is_empty());
    // Nobody puts protection back by hand, and nobody finds it bypassed.
    let (code, words) = ask(&process, "C09.MOS_1", &whole);
    assert_eq!(code, "not_permitted", "{words}");
    process.kill();
    let records = records(&data);
    let record = begun(&records, "C09.MOS_1");
    assert_eq!(record.detail.as_ref().unwrap()["permit"], PERMIT);
    assert_eq!(record.why, WHY);
}

const GIVEN: &str = "given by the console";
const OWN: &str = "seven green kettles";

/// Enrols a shift lead at the console.
fn enrol(data: &Folder, user: &str) {
    let mut child = std::process::Command::new(scanloop())
        .args([
            "users",
            "add",
            user,
            "--full-name",
            user,
            "--role",
            "shift-lead",
            "--state",
        ])
        .arg(data.path().join("sim"))
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{GIVEN}\n").as_bytes()).unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn to_bypass_a_cause_of_class_safety_takes_two_persons_whatever_the_text_says_of_bypasses() {
    let (plant, data) = (text("bypass-two"), Folder::new("bypass-two-data"));
    plant.append("plant.toml", "\n[people.signature]\nbypass = \"confirm\"\n");
    let process = start(&plant, &data);
    for user in ["li", "wang"] {
        enrol(&data, user);
    }
    process.session_of("wang", GIVEN, Some(OWN));
    process.sign_in("li", GIVEN, Some(OWN));
    simulate(
        &process,
        json!({ "do": "act", "name": "turn-bypass-key-on" }),
    );
    let with = |sig: Value| json!({ "reason": WHY, "permit": PERMIT, "sig": sig });
    let alone = with(json!({ "password": OWN }));
    let nothing = json!({ "reason": WHY, "permit": PERMIT });
    assert_eq!(
        ask_with_key(&process, "C09.MOS_1", &nothing).0,
        "signature_needed"
    );
    assert_eq!(ask(&process, "C09.MOS_1", &alone).0, "signature_needed");
    let twice = with(json!({ "password": OWN, "second": { "user": "li", "password": OWN } }));
    assert_ne!(
        ask(&process, "C09.MOS_1", &twice).0,
        "ok",
        "one person twice"
    );
    assert!(list(&process).is_empty());
    let both = with(json!({ "password": OWN, "second": { "user": "wang", "password": OWN } }));
    assert_eq!(ask(&process, "C09.MOS_1", &both).0, "ok");
    // A cause of class asset goes by what the text says.
    assert_eq!(ask(&process, "C07.MOS_1", &nothing).0, "ok");
    let rows = await_list(&process, &["C07.MOS_1", "C09.MOS_1"]);
    assert_eq!(
        (&rows[0]["actor"], &rows[0]["second"]),
        (&"li".into(), &Value::Null)
    );
    assert_eq!(
        (&rows[1]["actor"], &rows[1]["second"]),
        (&"li".into(), &"wang".into())
    );
    process.kill();

    let records = records(&data);
    let record = begun(&records, "C09.MOS_1");
    assert_eq!(record.who.second.as_deref(), Some("wang"));
    let detail = record.detail.as_ref().unwrap();
    assert_eq!(detail["permit"], PERMIT);
    assert_eq!(detail["signatures"].as_array().unwrap().len(), 2);
}
