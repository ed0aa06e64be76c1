use crate::limits;
use crate::reading::Reading;
use crate::sandbox::Asked;
use crate::script::{Outcome, Script, ScriptText, check};
use crate::{Condition, Fault};
use signal::{Kind, Quality};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn text(text: &str) -> ScriptText {
    ScriptText {
        name: "trial".into(),
        text: text.into(),
        period_s: 1.0,
        reads: vec!["TT-1.PV".into(), "M-1.RUN".into(), "DOSE.STATE".into()],
        writes: vec!["TIC-1.SP".into()],
        restart: None,
        operations_max: limits::OPERATIONS_DEFAULT,
    }
}

fn readings() -> BTreeMap<String, Reading> {
    let reading = |value, kind| Reading {
        value,
        quality: Quality::GOOD,
        kind,
    };
    [
        ("TT-1.PV".to_string(), reading(41.5, Kind::Real)),
        ("M-1.RUN".to_string(), reading(1.0, Kind::Bool)),
        ("DOSE.STATE".to_string(), reading(3.0, Kind::Int)),
    ]
    .into()
}

fn script(source: &str) -> Script {
    Script::new(&text(source), Arc::default()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn run(source: &str) -> Result<Outcome, Fault> {
    script(source).run(readings(), &BTreeMap::new())
}

fn fault(source: &str) -> Fault {
    match run(source) {
        Ok(outcome) => panic!("{source} ended well: {outcome:?}"),
        Err(fault) => fault,
    }
}

#[test]
fn a_script_reads_decides_and_asks() {
    let outcome = run(r#"
        let t = read("TT-1.PV");
        if read("M-1.RUN").value && t.value > 40.0 && read("DOSE.STATE").value == 3 {
            write("TIC-1.SP", t.value - 1.5, "too warm");
            print("lowered");
        }
    "#)
    .unwrap();
    assert_eq!(
        outcome.writes,
        [Asked {
            tag: "TIC-1.SP".into(),
            value: 40.0,
            reason: "too warm".into()
        }]
    );
    assert_eq!(outcome.lines, ["lowered"]);
}

#[test]
fn the_last_write_of_a_run_counts() {
    let outcome = run("for x in 0..5 { write(\"TIC-1.SP\", x); }").unwrap();
    assert_eq!(outcome.writes.len(), 1);
    assert_eq!(outcome.writes[0].value, 4.0);
}

#[test]
fn state_stays_from_run_to_run() {
    let mut script =
        script("state.n = (state.n ?? 0) + 1; if state.n == 3 { write(\"TIC-1.SP\", run); }");
    for expected in [0, 0, 1, 0] {
        let outcome = script.run(readings(), &BTreeMap::new()).unwrap();
        assert_eq!(outcome.writes.len(), expected);
        if let [write] = &outcome.writes[..] {
            assert_eq!(write.value, 2.0);
        }
    }
}

#[test]
fn a_bad_input_is_seen_as_such() {
    let source = r#"
        let t = read("TT-1.PV");
        print(`${t.is_bad} ${t.is_good} ${t.is_uncertain} ${t.quality} ${t.or(20.0)}`);
    "#;
    let mut script = script(source);
    let mut values = readings();
    let outcome = script.run(values.clone(), &BTreeMap::new()).unwrap();
    assert_eq!(outcome.lines, ["false true false good 41.5"]);
    values.get_mut("TT-1.PV").unwrap().quality = Quality::SENSOR_FAULT;
    let outcome = script.run(values, &BTreeMap::new()).unwrap();
    let words = Quality::SENSOR_FAULT.to_string();
    assert_eq!(outcome.lines, [format!("true false false {words} 20.0")]);
}

#[test]
fn an_endless_loop_is_stopped() {
    let fault = fault("let x = 0;\nloop { x += 1; }");
    assert!(fault.message.contains("operations_max"), "{fault}");
    assert_eq!(fault.line, 2);
}

#[test]
fn a_thousand_million_operations_are_stopped() {
    let fault = fault("let x = 0; for i in 0..1000000000 { x += i; }");
    assert!(fault.message.contains("operations_max"), "{fault}");
}

#[test]
fn operations_cannot_be_hidden_in_a_catch() {
    let fault = fault("loop { try { loop { } } catch { } }");
    assert!(fault.message.contains("operations_max"), "{fault}");
}

#[test]
fn a_stop_ends_a_run() {
    let stop = Arc::new(AtomicBool::new(false));
    let mut forever = text("loop { }");
    forever.operations_max = u64::MAX;
    let mut script = Script::new(&forever, stop.clone()).unwrap();
    stop.store(true, Ordering::Relaxed);
    assert_eq!(
        script
            .run(readings(), &BTreeMap::new())
            .unwrap_err()
            .message,
        "stopped"
    );
}

#[test]
fn a_long_run_of_few_operations_is_stopped_by_the_clock() {
    let mut slow = text("loop { }");
    slow.operations_max = 0; // no limit of operations at all
    let mut script = Script::new(&slow, Arc::default()).unwrap();
    let fault = script.run(readings(), &BTreeMap::new()).unwrap_err();
    assert!(fault.message.contains("longer than 2 s"), "{fault}");
}

#[test]
fn growth_of_texts_arrays_and_maps_is_stopped() {
    for source in [
        "let s = \"x\"; loop { s += s; }",
        "let s = \"x\"; s.pad(1000000000, \"y\");",
        "let a = [1]; loop { a += a; }",
        "let a = []; a.pad(1000000000, 0);",
        "let a = []; for i in 0..90000 { a.push(i); }",
        "let a = [0]; loop { a = [a, a]; }",
        "let m = #{a: 0, b: 0}; loop { m.a = m; m.b = m; }",
        "let a = []; for i in 0..900 { a.push(\"0123456789012345678901234567890123456789\"); }",
    ] {
        let fault = fault(source);
        assert!(
            fault.message.contains("too large") || fault.message.contains("Size of"),
            "{source}: {fault}"
        );
    }
}

#[test]
fn deep_recursion_is_stopped() {
    let fault = fault("fn f(x) { f(x + 1) }\nf(0);");
    assert!(fault.message.contains("12 deep"), "{fault}");
    let nested = format!("let x = {}1{};", "(".repeat(20_000), ")".repeat(20_000));
    assert!(!check(&text(&nested)).is_empty());
    let nested = format!("{}{}", "if true {".repeat(5_000), "}".repeat(5_000));
    assert!(!check(&text(&nested)).is_empty());
    let nested = format!("let x = {}1;", "-".repeat(20_000));
    assert!(!check(&text(&nested)).is_empty());
    let nested = format!("let x = {}1{};", "[".repeat(20_000), "]".repeat(20_000));
    assert!(!check(&text(&nested)).is_empty());
}

#[test]
fn a_panic_in_a_function_ends_the_run_only() {
    let mut script = script("if run == 0 { boom(); }");
    script.lend("boom", || panic!("out of order"));
    let fault = script.run(readings(), &BTreeMap::new()).unwrap_err();
    assert_eq!(fault.message, "a function panicked: out of order");
}

#[test]
fn division_by_zero_and_overflow_are_faults_with_their_line() {
    let found = fault("let a = 0;\nlet b = 1 / a;");
    assert_eq!(found.line, 2);
    assert!(found.message.to_lowercase().contains("zero"), "{found}");
    assert_eq!(fault("let a = 9223372036854775807;\n\na + 1;").line, 3);
    // A real division by zero is infinite, and nothing infinite is written.
    let found = fault("let a = 0.0;\nwrite(\"TIC-1.SP\", 1.0 / a);");
    assert_eq!(found.line, 2);
    assert!(found.message.contains("no finite number"), "{found}");
}

#[test]
fn undeclared_tags_are_refused_when_the_text_is_read() {
    let problems = check(&text(
        "let a = read(\"TT-2.PV\");\nif true { write(\"TT-1.PV\", 1); }\nfn f() { read(\"X\") }",
    ));
    let told: Vec<(usize, &str)> = problems
        .iter()
        .map(|problem| (problem.line, problem.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, "TT-2.PV is not among the declared reads"),
            (2, "TT-1.PV is not among the declared writes"),
            (3, "X is not among the declared reads"),
        ]
    );
    assert_eq!(problems[0].column, 14);
}

#[test]
fn undeclared_tags_are_refused_when_the_script_runs() {
    let found = fault("let tag = \"TT-\" + \"2.PV\";\n\nread(tag);");
    assert_eq!(found.line, 3);
    assert_eq!(
        found.message,
        "Runtime error: TT-2.PV is not among the declared reads"
    );
    let found = fault("let tag = \"TT-1\" + \".PV\";\nwrite(tag, 1);");
    assert!(found.message.contains("declared writes"), "{found}");
    assert_eq!(found.line, 2);
    // A script that catches the refusal has still not written.
    let outcome = run("let tag = \"TT-1\" + \".PV\"; try { write(tag, 1); } catch { }").unwrap();
    assert!(outcome.writes.is_empty());
}

#[test]
fn a_run_that_fails_asks_for_nothing() {
    let mut script = script("write(\"TIC-1.SP\", 1); if run == 0 { throw \"no\"; }");
    assert!(script.run(readings(), &BTreeMap::new()).is_err());
}

#[test]
fn there_is_no_way_out() {
    for source in [
        "eval(\"1\")",
        "import \"x\" as y;",
        "let x = timestamp();",
        "sleep(1);",
        "sleep(0.5);",
        "let f = |x| x + 1; f.call(1); open(\"/etc/passwd\");",
        "Fn(\"sleep\").call(1);",
    ] {
        let refused = match Script::new(&text(source), Arc::default()) {
            Err(_) => true,
            Ok(mut script) => script.run(readings(), &BTreeMap::new()).is_err(),
        };
        assert!(refused, "{source}");
    }
}

#[test]
fn state_is_bounded_and_plain() {
    for (source, words) in [
        (
            "state.a = []; for i in 0..900 { let s = \"\"; s.pad(90, \"x\"); state[`k${i}`] = s; }",
            "bytes, at most",
        ),
        ("state.f = Fn(\"abs\");", "not a Fn"),
        (
            "state.r = read(\"TT-1.PV\");",
            "not a scripts::reading::Reading",
        ),
        ("state = 5;", "must stay a map"),
        ("state.a = [[[[[[[[[1]]]]]]]]];", "nested"),
    ] {
        let found = fault(source);
        assert!(found.message.contains(words), "{source}: {found}");
    }
}

#[test]
fn a_flood_of_lines_is_cut() {
    let outcome = run("for i in 0..100 { print(i); }").unwrap();
    assert_eq!(outcome.lines.len(), limits::LINES_PER_RUN_MAX);
    assert_eq!(outcome.lines_left_out, 92);
    let outcome = run("let s = \"x\"; s.pad(900, \"y\"); print(s); print(\"a\\u001bb\");").unwrap();
    assert_eq!(outcome.lines[0].chars().count(), limits::LINE_CHARS_MAX);
    assert_eq!(outcome.lines[1], "a b");
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let problems = check(&text("let a = 1;\nlet b = a +;\n"));
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].line, problems[0].column), (2, 12));
    let problems = check(&text("let a = 1;\n  b = a;"));
    assert_eq!(problems[0].line, 2);
    assert!(problems[0].message.contains('b'), "{problems:?}");
}

#[test]
fn refusals_of_the_desk_are_told_to_the_script() {
    let mut script = script("if refusal(\"TIC-1.SP\") != \"\" { print(refusal(\"TIC-1.SP\")); }");
    let none = script.run(readings(), &BTreeMap::new()).unwrap();
    assert!(none.lines.is_empty());
    let words: BTreeMap<String, String> = [("TIC-1.SP".into(), "outside 0 to 50".into())].into();
    let told = script.run(readings(), &words).unwrap();
    assert_eq!(told.lines, ["outside 0 to 50"]);
}

#[test]
fn a_condition_is_true_or_false_of_tags() {
    let holds = |text: &str| Condition::new(text).unwrap().holds(readings());
    assert_eq!(holds("value(\"TT-1.PV\") < 50"), Ok(true));
    assert_eq!(
        holds("value(\"M-1.RUN\") && read(\"TT-1.PV\").is_bad"),
        Ok(false)
    );
    assert!(holds("value(\"TT-1.PV\") + 1").is_err());
    let condition = Condition::new("value(\"A\") < value(\"B\") || read(\"A\").is_good").unwrap();
    assert_eq!(condition.tags, ["A", "B"]);
    for wrong in [
        "value(\"A\") <",
        "write(\"A\", 1)",
        "value(`${1}A`) > 1",
        "let x = 1; x > 0",
        "x > 1",
    ] {
        assert!(Condition::new(wrong).is_err(), "{wrong}");
    }
}
