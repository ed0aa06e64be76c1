//! One writer a tag, and who may write what leaves for the field.

use crate::bench::{
    Bench, block, kind_of_problem, operator, problem, problems, program, source, staged, sum, text,
};
use scan::{LinkInput, Place, ProblemKind, Stage, Value};
use signal::Kind;

fn two_writers(input: &LinkInput, tag: &str) -> (Place, Place) {
    let problem = problem(input);
    match problem.kind {
        ProblemKind::TwoWriters { tag: found, other } => {
            assert_eq!(found, tag);
            (problem.place, other)
        }
        other => panic!("{other:?}"),
    }
}

fn at(block: usize, key: &str) -> Place {
    Place {
        block,
        key: Some(key.to_string()),
    }
}

#[test]
fn two_blocks_may_not_write_one_tag_and_both_are_named() {
    let renamed = |name: &str| block("SUM", name, &[("out", text("TV-1.DEM"))]);
    let input = program(vec![renamed("A-1"), renamed("B-2")]);
    assert_eq!(
        two_writers(&input, "TV-1.DEM"),
        (at(1, "out"), at(0, "out"))
    );
}

#[test]
fn a_block_may_not_write_what_the_field_brings() {
    let mut input = program(vec![block("SUM", "A-1", &[("out", text("TT-1.RAW"))])]);
    input.sources = vec![source(&["TT-1.RAW"])];
    assert_eq!(two_writers(&input, "TT-1.RAW").0, at(0, "out"));
}

#[test]
fn a_block_may_not_write_what_people_write() {
    let mut input = program(vec![block("SUM", "A-1", &[("out", text("HS-1.SP"))])]);
    input.tags = vec![operator("HS-1.SP", 0.0)];
    assert_eq!(two_writers(&input, "HS-1.SP").0, at(0, "out"));
}

#[test]
fn a_block_may_not_write_another_blocks_tuning() {
    let input = LinkInput {
        tags: vec![operator("HS-1.SP", 0.0)],
        ..program(vec![
            block("GAIN", "A-1", &[("in", text("HS-1.SP"))]),
            block("SUM", "B-2", &[("out", text("A-1.K"))]),
        ])
    };
    assert_eq!(two_writers(&input, "A-1.K").0, at(1, "out"));
}

#[test]
fn one_source_may_not_bring_a_tag_twice() {
    let mut input = program(vec![]);
    input.sources = vec![source(&["TT-1.RAW", "TT-1.RAW"])];
    two_writers(&input, "TT-1.RAW");
}

#[test]
fn two_sources_may_not_bring_one_tag() {
    let mut input = program(vec![]);
    input.sources = vec![source(&["TT-1.RAW"]), source(&["TT-1.RAW"])];
    two_writers(&input, "TT-1.RAW");
}

#[test]
fn people_may_not_write_what_the_field_brings() {
    let mut input = program(vec![]);
    input.sources = vec![source(&["TT-1.RAW"])];
    input.tags = vec![operator("TT-1.RAW", 0.0)];
    two_writers(&input, "TT-1.RAW");
}

#[test]
fn one_tag_of_people_may_not_be_declared_twice() {
    let mut input = program(vec![]);
    input.tags = vec![operator("HS-1.SP", 0.0), operator("HS-1.SP", 1.0)];
    two_writers(&input, "HS-1.SP");
}

fn leaving(tag: &str, blocks: Vec<scan::BlockDecl>) -> LinkInput {
    LinkInput {
        tags: vec![operator("HS-1.SP", 0.0)],
        sources: vec![source(&["TT-1.RAW"])],
        outputs: vec![tag.to_string()],
        blocks,
    }
}

#[test]
fn a_physical_output_written_in_logic_is_refused() {
    let input = leaving("A-1.OUT", vec![sum("A-1", &["HS-1.SP"])]);
    assert_eq!(
        kind_of_problem(&input),
        ProblemKind::UnprotectedOutput {
            tag: "A-1.OUT".into(),
            stage: Some(Stage::Logic),
        }
    );
}

#[test]
fn a_physical_output_written_in_protect_is_accepted() {
    let input = leaving(
        "A-1.OUT",
        vec![staged(sum("A-1", &["HS-1.SP"]), Stage::Protect)],
    );
    let bench = Bench::of(&input);
    assert_eq!(bench.linked.outputs, [bench.linked.tags["A-1.OUT"].slot]);
    assert!(bench.linked.tags["A-1.OUT"].is_protective);
}

#[test]
fn what_people_write_does_not_leave_for_the_field_past_protection() {
    assert_eq!(
        kind_of_problem(&leaving("HS-1.SP", vec![])),
        ProblemKind::UnprotectedOutput {
            tag: "HS-1.SP".into(),
            stage: None,
        }
    );
}

#[test]
fn a_tuning_does_not_leave_for_the_field_past_protection() {
    let gain = block("GAIN", "A-1", &[("in", text("HS-1.SP"))]);
    let input = leaving("A-1.K", vec![staged(gain, Stage::Protect)]);
    assert!(matches!(
        kind_of_problem(&input),
        ProblemKind::UnprotectedOutput { stage: None, .. }
    ));
}

#[test]
fn what_the_field_brings_does_not_go_straight_back() {
    assert!(matches!(
        kind_of_problem(&leaving("TT-1.RAW", vec![])),
        ProblemKind::UnprotectedOutput { stage: None, .. }
    ));
}

#[test]
fn a_tag_that_nobody_writes_is_told_with_its_neighbour() {
    let input = LinkInput {
        tags: vec![operator("HS-1.SP", 0.0)],
        ..program(vec![sum("A-1", &["HS-1.PS"])])
    };
    assert_eq!(
        kind_of_problem(&input),
        ProblemKind::UnknownTag {
            tag: "HS-1.PS".into(),
            nearest: Some("HS-1.SP".into()),
        }
    );
}

#[test]
fn a_wire_between_two_kinds_is_refused() {
    let input = LinkInput {
        tags: vec![operator("HS-1.SP", 0.0)],
        ..program(vec![
            block("AGE", "A-1", &[("in", text("HS-1.SP"))]),
            sum("B-2", &["A-1.AGE"]),
        ])
    };
    assert_eq!(
        kind_of_problem(&input),
        ProblemKind::WrongKind {
            tag: "A-1.AGE".into(),
            wanted: Kind::Real,
            found: Kind::Int,
        }
    );
}

#[test]
fn all_problems_are_told_together_in_the_order_of_the_text() {
    let input = program(vec![
        block(
            "GAIN",
            "A-1",
            &[("k", Value::Real(11.0)), ("kk", Value::Int(1))],
        ),
        sum("B-2", &["X-1.OUT"]),
    ]);
    let found = problems(&input);
    let blocks: Vec<usize> = found.iter().map(|problem| problem.place.block).collect();
    assert_eq!(blocks, [0, 0, 0, 1], "{found:?}");
    for wanted in [
        |kind: &ProblemKind| matches!(kind, ProblemKind::MissingKey { .. }),
        |kind: &ProblemKind| matches!(kind, ProblemKind::OutOfRange { .. }),
        |kind: &ProblemKind| matches!(kind, ProblemKind::UnknownKey { .. }),
        |kind: &ProblemKind| matches!(kind, ProblemKind::UnknownTag { .. }),
    ] {
        assert!(found.iter().any(|problem| wanted(&problem.kind)));
    }
}
