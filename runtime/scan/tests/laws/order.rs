//! Who runs when.

use crate::bench::{
    Bench, block, delayed, kind_of_problem, list, operator, problem, program, staged, sum, text,
};
use scan::{LinkInput, ProblemKind, Stage, Value};
use signal::Quality;

fn fed(blocks: Vec<scan::BlockDecl>) -> LinkInput {
    LinkInput {
        tags: vec![operator("HS-1.SP", 1.0)],
        ..program(blocks)
    }
}

#[test]
fn a_block_runs_after_every_block_it_reads() {
    let bench = Bench::of(&fed(vec![
        sum("C-3", &["B-2.OUT", "A-1.OUT"]),
        sum("B-2", &["A-1.OUT"]),
        sum("A-1", &["HS-1.SP"]),
    ]));
    assert_eq!(bench.names_in_order(), ["A-1", "B-2", "C-3"]);
}

#[test]
fn a_value_crosses_the_whole_chain_within_one_scan() {
    let mut bench = Bench::of(&fed(vec![
        sum("C-3", &["B-2.OUT"]),
        sum("B-2", &["A-1.OUT"]),
        sum("A-1", &["HS-1.SP"]),
    ]));
    let write = bench.write("HS-1.SP", 5.0);
    bench.scan_with(&[write][..]);
    assert_eq!(bench.real("C-3.OUT"), 5.0);
}

#[test]
fn equals_run_in_the_order_of_the_text() {
    let names = ["Z-1", "M-5", "A-9", "M-4"];
    let bench = Bench::of(&fed(names.iter().map(|n| sum(n, &["HS-1.SP"])).collect()));
    assert_eq!(bench.names_in_order(), names);
}

#[test]
fn stages_run_in_their_order_whatever_the_text_says_first() {
    let bench = Bench::of(&fed(vec![
        staged(sum("P-1", &["L-1.OUT"]), Stage::Protect),
        sum("L-1", &["C-1.OUT"]),
        staged(sum("C-1", &["HS-1.SP"]), Stage::Condition),
    ]));
    assert_eq!(bench.names_in_order(), ["C-1", "L-1", "P-1"]);
    for stage in Stage::ALL {
        assert_eq!(bench.linked.program.blocks_in(stage), 1);
    }
}

#[test]
fn a_delayed_pin_gives_the_value_of_the_last_scan() {
    let mut bench = Bench::of(&fed(vec![
        sum("A-1", &["HS-1.SP"]),
        block("GAIN", "B-2", &[("in", delayed("A-1.OUT"))]),
    ]));
    bench.scan();
    assert_eq!(bench.real("B-2.OUT"), 0.0);
    assert_eq!(bench.quality("B-2.OUT"), Quality::NOT_WRITTEN);
    let mut last = 1.0;
    for step in 2..50 {
        let now = f64::from(step * step);
        let write = bench.write("HS-1.SP", now);
        bench.scan_with(&[write][..]);
        assert_eq!(bench.real("A-1.OUT"), now);
        assert_eq!(bench.reading("B-2.OUT").value, last);
        assert!(bench.quality("B-2.OUT").is_good());
        last = now;
    }
}

#[test]
fn a_delayed_field_tag_gives_what_the_door_brought_a_scan_ago() {
    let mut input = fed(vec![block("GAIN", "B-2", &[("in", delayed("TT-1.RAW"))])]);
    input.sources = vec![crate::bench::source(&["TT-1.RAW"])];
    let mut bench = Bench::of(&input);
    for step in 1..20 {
        bench.scan_with(crate::bench::Frame(&[(f64::from(step), Quality::GOOD)]));
        assert_eq!(bench.real("B-2.OUT"), f64::from(step - 1));
    }
}

#[test]
fn a_block_may_read_its_own_last_value() {
    let own = Value::List(vec![text("HS-1.SP"), delayed("A-1.OUT")]);
    let mut bench = Bench::of(&fed(vec![block("SUM", "A-1", &[("in", own)])]));
    bench.scans(10);
    assert_eq!(bench.real("A-1.OUT"), 10.0);
}

fn path_of(input: &LinkInput) -> (usize, Option<String>, Vec<(usize, String)>) {
    let problem = problem(input);
    match problem.kind {
        ProblemKind::Loop { path } => (problem.place.block, problem.place.key, path),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_loop_is_refused_with_its_whole_path() {
    let input = fed(vec![
        sum("TAIL-1", &["C-3.OUT"]),
        sum("A-1", &["C-3.OUT"]),
        sum("B-2", &["HS-1.SP", "A-1.OUT"]),
        sum("C-3", &["B-2.OUT"]),
    ]);
    let (block, key, path) = path_of(&input);
    let mut members: Vec<usize> = path.iter().map(|(block, _)| *block).collect();
    // Each step names the tag that the next block of the path reads.
    for (at, (from, tag)) in path.iter().enumerate() {
        let next = path[(at + 1) % path.len()].0;
        assert_eq!(*tag, format!("{}.OUT", input.blocks[*from].name));
        let Value::List(read) = &input.blocks[next].config["in"] else {
            panic!("a list");
        };
        assert!(read.contains(&text(tag)), "{path:?}");
    }
    let place = &input.blocks[block].config["in"];
    let key = key.expect("the key at fault");
    let index: usize = key.strip_prefix("in.").expect("in.N").parse().unwrap();
    let Value::List(read) = place else {
        panic!("a list");
    };
    assert_eq!(read[index - 1], text(&path[path.len() - 1].1));
    members.sort_unstable();
    assert_eq!(members, [1, 2, 3], "the tail is no part of the loop");
}

#[test]
fn a_block_that_reads_itself_is_a_loop_of_one() {
    let (block, key, path) = path_of(&fed(vec![sum("A-1", &["HS-1.SP", "A-1.OUT"])]));
    assert_eq!((block, key.as_deref()), (0, Some("in.2")));
    assert_eq!(path, [(0, "A-1.OUT".to_string())]);
}

#[test]
fn a_delayed_pin_makes_a_loop_legal() {
    let back = Value::List(vec![delayed("B-2.OUT"), text("HS-1.SP")]);
    let mut bench = Bench::of(&fed(vec![
        block("SUM", "A-1", &[("in", back)]),
        block(
            "GAIN",
            "B-2",
            &[("in", text("A-1.OUT")), ("k", Value::Real(0.5))],
        ),
    ]));
    bench.scans(60);
    // x = 0.5 x + 1 has the fixed point 2.
    assert!((bench.real("A-1.OUT") - 2.0).abs() < 1e-9);
}

#[test]
fn an_earlier_stage_may_not_read_a_later_one() {
    let input = fed(vec![
        staged(sum("C-1", &["L-1.OUT"]), Stage::Condition),
        sum("L-1", &["HS-1.SP"]),
    ]);
    assert_eq!(
        kind_of_problem(&input),
        ProblemKind::BackwardStage {
            tag: "L-1.OUT".into(),
            reader: Stage::Condition,
            writer: Stage::Logic,
        }
    );
}

#[test]
fn an_earlier_stage_may_read_last_scans_value_of_a_later_one() {
    let mut bench = Bench::of(&fed(vec![
        staged(
            block("GAIN", "C-1", &[("in", delayed("L-1.OUT"))]),
            Stage::Condition,
        ),
        sum("L-1", &["HS-1.SP"]),
    ]));
    bench.scans(2);
    assert_eq!(bench.real("C-1.OUT"), 1.0);
}

#[test]
fn a_loop_through_two_stages_is_told_as_a_backward_wire() {
    let input = fed(vec![
        sum("L-1", &["P-1.OUT"]),
        staged(
            block("SUM", "P-1", &[("in", list(&["L-1.OUT"]))]),
            Stage::Protect,
        ),
    ]);
    assert!(matches!(
        kind_of_problem(&input),
        ProblemKind::BackwardStage { .. }
    ));
}
