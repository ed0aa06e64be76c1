use super::*;
use crate::kinds;
use plant::Sources;
use scan::Value;
use std::path::Path;

fn synthesis() -> Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
    match plant::load(&folder, &kinds::blocks(), &kinds::Drivers) {
        Ok(plant) => plant,
        Err((sources, problems)) => panic!("{}", problems.render(&sources)),
    }
}

fn first_failure(plant: &Plant) -> Option<Failure> {
    let options = Options {
        stop_at_first: true,
        first: None,
    };
    let verdicts = run(plant, &options).unwrap();
    verdicts
        .into_iter()
        .flat_map(|verdict| verdict.failures)
        .next()
}

#[test]
fn the_synthesis_plant_does_what_its_matrix_says() {
    let plant = synthesis();
    let verdicts = run(&plant, &Options::default()).unwrap();
    let text = paper::text(&plant.name, &verdicts);
    assert_eq!(verdicts.len(), 1);
    let verdict = &verdicts[0];
    assert!(verdict.passed(), "{text}");
    // Every cell that acts was seen to act, and alone; every other was seen not to.
    let matrix = &verdict.sheet.matrix;
    for row in 0..matrix.causes.len() {
        for column in 0..matrix.effects.len() {
            let total = verdict.total(Some(row), column);
            assert!(total.checks > 30, "{row} {column}: {total:?}");
            if !matrix.cell(row, column).is_empty() {
                assert!(total.alone > 0, "{row} {column}: {total:?}");
            }
        }
    }
    for check in Check::ALL {
        let count = verdict.by_check()[&check];
        assert!(count.checks > 0, "{check:?}");
    }
    let c01 = verdict.responses[matrix.cause("C01").unwrap()];
    assert_eq!((c01.scans, c01.is_priority_1), (Some(11), true));
}

/// Changes a block of the running configuration, behind the matrix's back.
fn with_block(plant: &Plant, name: &str, change: &dyn Fn(&mut scan::Config)) -> Plant {
    let mut plant = plant.clone();
    let blocks = plant.tasks.iter_mut().flat_map(|t| &mut t.input.blocks);
    let mut changed = 0;
    for block in blocks.filter(|block| block.name == name) {
        change(&mut block.config);
        changed += 1;
    }
    assert_eq!(changed, 1, "{name}");
    plant
}

fn rows<'c>(config: &'c mut scan::Config, key: &str) -> &'c mut Vec<Value> {
    match config.get_mut(key) {
        Some(Value::List(rows)) => rows,
        other => panic!("{key}: {other:?}"),
    }
}

/// Wrong blocks behind a right matrix: what each is, and the plant.
fn wrong_blocks(plant: &Plant) -> Vec<(String, Plant)> {
    let mut wrong = Vec::new();
    let blocks = plant.tasks.iter().flat_map(|task| &task.input.blocks);
    // Phases and timers of the logic stage are not the matrix's.
    let is_protective =
        |block: &&scan::BlockDecl| block.stage.unwrap_or(block.kind.stage) == scan::Stage::Protect;
    for block in blocks.filter(is_protective) {
        let name = &block.name;
        let mut mutant = |what: String, change: &dyn Fn(&mut scan::Config)| {
            wrong.push((format!("{name}: {what}"), with_block(plant, name, change)));
        };
        for key in ["trips", "causes"] {
            let Some(Value::List(list)) = block.config.get(key) else {
                continue;
            };
            for (n, row) in list.iter().enumerate() {
                if list.len() > 1 {
                    mutant(format!("{key} {n} gone"), &|config| {
                        rows(config, key).remove(n);
                    });
                }
                let Value::Table(row) = row else { continue };
                // Cases of this row come first.
                let hint = match row.get("cause") {
                    Some(Value::Text(tag)) => {
                        format!("; {}", tag.split(['.', '-']).next().unwrap_or_default())
                    }
                    _ => String::new(),
                };
                let mut change = |what: &str, field: &str, value: Value| {
                    mutant(format!("{key} {n} {what}{hint}"), &|config| {
                        if let Value::Table(row) = &mut rows(config, key)[n] {
                            row.insert(field.to_string(), value.clone());
                        }
                    });
                };
                if let Some(Value::Bool(latch)) = row.get("latch") {
                    change("latches otherwise", "latch", Value::Bool(!latch));
                }
                if let Some(Value::Real(value)) = row.get("value") {
                    change("goes elsewhere", "value", Value::Real(99.0 - value * 0.5));
                }
                if let Some(Value::Text(to)) = row.get("to") {
                    let to = if to == "open" { "closed" } else { "open" };
                    change("goes elsewhere", "to", Value::Text(to.into()));
                }
                if let Some(Value::List(effects)) = row.get("effects") {
                    for (gone, _) in effects.iter().enumerate().filter(|_| effects.len() > 1) {
                        let mut fewer = effects.clone();
                        fewer.remove(gone);
                        change(
                            &format!("effect {gone} gone"),
                            "effects",
                            Value::List(fewer),
                        );
                    }
                }
            }
        }
        if let ("TON", Some(Value::Real(pt_s))) = (block.kind.name, block.config.get("pt_s")) {
            let other = pt_s + 0.1;
            mutant("a scan later".into(), &|config| {
                config.insert("pt_s".into(), Value::Real(other));
            });
        }
    }
    wrong
}

#[test]
fn a_wrong_block_behind_a_right_matrix_is_found() {
    let plant = synthesis();
    let wrong = wrong_blocks(&plant);
    assert!(wrong.len() > 130, "{}", wrong.len());
    let survives = |(what, plant): &&(String, Plant)| {
        let first = what.split("; ").nth(1).map(str::to_string);
        let options = Options {
            stop_at_first: true,
            first,
        };
        run(plant, &options).is_ok_and(|v| v.iter().all(|v| v.failed == 0))
    };
    let (some, others) = wrong.split_at(wrong.len() / 2);
    let names = |part: &[(String, Plant)]| -> Vec<String> {
        part.iter()
            .filter(survives)
            .map(|(what, _)| what.clone())
            .collect()
    };
    let survivors = std::thread::scope(|scope| {
        let other = scope.spawn(|| names(others));
        let mut names = names(some);
        names.extend(other.join().unwrap());
        names
    });
    // Every row that demands E3 demands E2 too, and E2 takes TV-102 to the same 0 %.
    assert_eq!(
        survivors,
        ["TV-102: trips 1 gone", "TV-102: trips 1 goes elsewhere"]
    );
}

#[test]
fn a_latch_forgotten_in_an_interlock_is_told_with_its_case() {
    let plant = synthesis();
    let wrong = with_block(&plant, "RG-1", &|config| {
        if let Value::Table(row) = &mut rows(config, "causes")[0] {
            row.insert("latch".into(), Value::Bool(false));
        }
    });
    let failure = first_failure(&wrong).unwrap();
    assert_eq!(failure.wanted, "demanded");
    assert_eq!(failure.found, "not demanded");
}

const SMALL: &str = r#"
[plant]
name = "small"
title = { en = "Small plant", zh = "小装置" }
[[task]]
name = "fast"
period_ms = 100
[[driver]]
name = "io1"
kind = "modbus"
task = "fast"
host = "127.0.0.1"
port = 1502
classes = [{ name = "fast", period_ms = 100 }]
"#;

/// Every symbol and every rule that the synthesis plant does not use.
const MATRIX: &str = r#"
[matrix]
name = "M1"
title = { en = "Small", zh = "小" }
task = "fast"
[bypass]
key = "HS-1.PV"
per_vote_max = 2
per_unit_max = 3
expiry_h = 1.0
[[group]]
name = "RG-1"
unit = "T-1"
desc = { en = "Group 1", zh = "组1" }
reason = "test"
[[group]]
name = "RG-2"
unit = "T-1"
desc = { en = "Group 2", zh = "组2" }
reason = "test"
[[effect]]
id = "E1"
group = "RG-1"
desc = { en = "Shut", zh = "关" }
acts = [
    { device = "XV-1", to = "closed", no_feedback = "a test" },
    { device = "TV-1", value = 0.0, no_feedback = "a test" },
]
[[effect]]
id = "E5"
group = "RG-1"
desc = { en = "Throttle", zh = "节流" }
acts = [{ device = "TV-1", value = 0.0, no_feedback = "a test" }]
[[effect]]
id = "E2"
group = "RG-2"
desc = { en = "Stop", zh = "停" }
acts = [{ device = "P-1", to = "stopped" }]
[[effect]]
id = "E3"
kind = "hold"
desc = { en = "Hold", zh = "保持" }
[[effect]]
id = "E4"
kind = "annunciate"
desc = { en = "Tell", zh = "报警" }
[[cause]]
id = "C01"
unit = "T-1"
desc = { en = "Hot", zh = "热" }
reason = "test"
of = ["TT-1A.PV", "TT-1B.PV", "TT-1C.PV"]
when = "above"
limit = 50.0
hysteresis = 2.0
vote = "2oo3"
degrade_to = "2oo2"
on_bad = "exclude"
on_delay_s = 0.3
mos = true
cells = { E1 = "X", E2 = "T(3)", E3 = "Y", E4 = "P1 gas" }
[[cause]]
id = "C02"
unit = "T-1"
desc = { en = "Level low", zh = "液位低" }
reason = "test"
of = ["LT-1.PV"]
when = "below"
limit = 10.0
hysteresis = 1.0
permit_limit = 20.0
cells = { E1 = "P/x", E2 = "P", E4 = "P3" }
[[cause]]
id = "C03"
unit = "T-1"
desc = { en = "Mixed", zh = "混合" }
reason = "test"
any = [
    { tag = "ZS-1.PV", is = true, on_bad = "no-trip" },
    { tag = "PT-1.PV", above = 5.0, hysteresis = 0.5 },
    { tag = "PT-2.PV", below = -5.0, on_bad = "exclude" },
]
vote = "2oo3"
degrade_to = "1oo2"
on_delay_s = 1.0
armed = "ZS-2.PV"
mos = true
oos_s = 60.0
cells = { E2 = "T(2)", E3 = "Y", E4 = "P1 ESD" }
[[cause]]
id = "C04"
unit = "T-1"
desc = { en = "Throttled", zh = "节流" }
reason = "test"
any = [{ tag = "ZS-3.PV", is = true }]
cells = { E4 = "P2", E5 = "X" }
[[cause]]
id = "C05"
unit = "T-1"
desc = { en = "Reset from outside", zh = "外部复位" }
reason = "test"
class = "process"
any = [{ tag = "ZS-4.PV", is = true, on_bad = "no-trip" }]
cells = { E1 = "R" }
[[cause]]
id = "C06"
unit = "T-1"
desc = { en = "Told, and nothing shut", zh = "仅报警,不关断" }
reason = "test"
of = ["PT-2.PV"]
when = "above"
limit = 8.0
hysteresis = 0.5
cells = { E1 = "A", E2 = "A", E4 = "P3" }
[[cause]]
id = "C07"
unit = "T-1"
desc = { en = "No rise", zh = "禁止升高" }
reason = "test"
any = [{ tag = "ZS-5.PV", is = true }]
on_delay_s = 0.2
cells = { E5 = "I", E4 = "P3" }
"#;

fn small() -> Plant {
    let mut unit = String::from(
        "[unit]\nname = \"T-1\"\ntitle = { en = \"Tank\", zh = \"罐\" }\narea = \"A1\"\ntask = \"fast\"\n",
    );
    let real = [
        "TT-1A.PV", "TT-1B.PV", "TT-1C.PV", "LT-1.PV", "PT-1.PV", "PT-2.PV", "TC-1.OUT",
    ];
    for (n, tag) in real.iter().enumerate() {
        unit.push_str(&format!(
            "[[input]]\ntag = \"{tag}\"\ndriver = \"io1\"\naddress = \"ir{n}\"\nscale = 0.001\nclass = \"fast\"\n"
        ));
    }
    let logical = [
        "HS-1.PV", "ZS-1.PV", "ZS-2.PV", "ZS-3.PV", "ZS-4.PV", "ZS-5.PV", "P-1.RUN",
    ];
    for (n, tag) in logical.iter().enumerate() {
        unit.push_str(&format!(
            "[[input]]\ntag = \"{tag}\"\ndriver = \"io1\"\naddress = \"di{n}\"\n"
        ));
    }
    for (name, kind, more) in [
        ("XV-1", "VALVE", "fail = \"closed\""),
        ("TV-1", "AOUT", "demand = \"TC-1.OUT\"\nsafe = 0.0"),
        ("P-1", "MOTOR", "run = \"P-1.RUN\"\nrestart_min_s = 5.0"),
    ] {
        unit.push_str(&format!(
            "[[block]]\nkind = \"{kind}\"\nname = \"{name}\"\ndesc = {{ en = \"{name}\", zh = \"{name}\" }}\n{more}\n"
        ));
    }
    let sources = Sources::from_texts([
        ("plant.toml", SMALL),
        ("units/t1.toml", unit.as_str()),
        ("matrix/m1.toml", MATRIX),
    ]);
    match plant::load_sources(sources, &kinds::blocks(), &kinds::Drivers) {
        Ok(plant) => plant,
        Err((sources, problems)) => panic!("{}", problems.render(&sources)),
    }
}

#[test]
fn every_symbol_and_every_rule_is_tried() {
    let plant = small();
    let verdicts = run(&plant, &Options::default()).unwrap();
    let text = paper::text(&plant.name, &verdicts);
    assert!(verdicts[0].passed(), "{text}");
    assert!(verdicts[0].notes.is_empty(), "{text}");
    for check in Check::ALL {
        assert!(verdicts[0].by_check()[&check].checks > 0, "{check:?}");
    }
}

#[test]
fn a_permissive_that_is_not_wired_is_found() {
    let plant = with_block(&small(), "XV-1", &|config| {
        config.remove("permit");
    });
    let failure = first_failure(&plant).unwrap();
    assert_eq!(failure.check, Check::Permissive);
    assert_eq!(
        (failure.what.as_str(), failure.found.as_str()),
        ("XV-1", "open")
    );
}

#[test]
fn an_inhibit_that_is_not_wired_is_found() {
    let plant = with_block(&small(), "TV-1", &|config| {
        config.remove("inhibits");
    });
    let failure = first_failure(&plant).unwrap();
    assert_eq!(failure.check, Check::Permissive);
    assert_eq!(failure.what, "TV-1");
    assert_eq!(failure.case, "C07: TV-1 may not rise");
}

#[test]
fn a_permissive_that_nobody_asked_for_is_found() {
    let plant = with_block(&small(), "E2-P", &|config| {
        rows(config, "of").push(Value::Text("C04.TRIP".into()));
    });
    let failure = first_failure(&plant).unwrap();
    assert_eq!(failure.what, "P-1");
    assert_eq!(failure.case, "C04: what it does not bar can be moved");
}

#[test]
fn the_three_reports_are_the_same_each_time_and_say_what_they_are_not() {
    let plant = small();
    let reports = || {
        let verdicts = run(&plant, &Options::default()).unwrap();
        let head = html::Head {
            plant: "a<b".into(),
            digest: plant.digest,
            ..html::Head::default()
        };
        [
            paper::text(&plant.name, &verdicts),
            paper::csv(&verdicts).unwrap(),
            html::report(&head, &verdicts),
        ]
    };
    let [text, csv, html] = reports();
    assert_eq!([text.clone(), csv.clone(), html.clone()], reports());
    assert!(text.starts_with("PASS"));
    assert!(csv.contains("M1,C01,E1,X,vote,"));
    assert!(html.contains("a&lt;b") && html.contains(&format!("{:016x}", plant.digest)));
    assert!(html.contains(paper::LIMIT_OF_CLAIM_EN) && html.contains(paper::LIMIT_OF_CLAIM_ZH));
    assert!(!html.contains("<script") && !html.contains("http"));
}

#[test]
fn nothing_to_test_is_no_success_in_silence() {
    let mut plant = small();
    plant.matrices.clear();
    let verdicts = run(&plant, &Options::default()).unwrap();
    assert!(paper::text(&plant.name, &verdicts).contains("no cause-and-effect matrix"));
    assert!(!html::report(&html::Head::default(), &verdicts).contains("PASS"));
}
