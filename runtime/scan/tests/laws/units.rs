//! Engineering units along the wires.

use crate::bench::{
    Bench, block, kind_of_problem, list, meta, operator, problems, program, sum, text, with_unit,
};
use scan::{LinkInput, ProblemKind};
use signal::Unit;

fn chain(tags: Vec<scan::TagDecl>) -> LinkInput {
    LinkInput {
        tags,
        ..program(vec![
            sum("A-1", &["TT-1.SP"]),
            sum("B-2", &["A-1.OUT"]),
            sum("C-3", &["B-2.OUT"]),
        ])
    }
}

fn unit(bench: &Bench, tag: &str) -> Option<&'static str> {
    bench.linked.tags[tag].unit.map(Unit::symbol)
}

#[test]
fn a_unit_travels_forward_along_a_chain() {
    let bench = Bench::of(&chain(vec![with_unit(operator("TT-1.SP", 0.0), "°C")]));
    for tag in ["A-1.OUT", "B-2.OUT", "C-3.OUT"] {
        assert_eq!(unit(&bench, tag), Some("°C"), "{tag}");
    }
}

#[test]
fn a_unit_travels_backward_along_a_chain() {
    let tags = vec![operator("TT-1.SP", 0.0), with_unit(meta("C-3.OUT"), "kg/h")];
    let bench = Bench::of(&chain(tags));
    for tag in ["TT-1.SP", "A-1.OUT", "B-2.OUT"] {
        assert_eq!(unit(&bench, tag), Some("kg/h"), "{tag}");
    }
}

#[test]
fn a_tag_without_any_known_neighbour_has_no_unit() {
    let bench = Bench::of(&chain(vec![operator("TT-1.SP", 0.0)]));
    assert_eq!(unit(&bench, "B-2.OUT"), None);
}

#[test]
fn two_units_that_meet_far_apart_on_a_chain_are_refused() {
    let tags = vec![
        with_unit(operator("TT-1.SP", 0.0), "kPa(g)"),
        with_unit(meta("C-3.OUT"), "kPa(a)"),
    ];
    let found = problems(&chain(tags));
    let units: Vec<(&str, &str)> = found
        .iter()
        .map(|problem| match &problem.kind {
            ProblemKind::UnitMismatch {
                unit, other_unit, ..
            } => (unit.symbol(), other_unit.symbol()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(!units.is_empty());
    for (one, other) in units {
        assert_ne!(one, other);
    }
}

#[test]
fn a_block_that_fixes_its_unit_does_not_accept_another() {
    let input = LinkInput {
        tags: vec![with_unit(meta("A-1.OUT"), "K")],
        ..program(vec![block(
            "SUM",
            "A-1",
            &[("unit", text("°C")), ("in", list(&[]))],
        )])
    };
    assert!(matches!(
        kind_of_problem(&input),
        ProblemKind::UnitMismatch { .. }
    ));
}

#[test]
fn two_inputs_of_two_units_do_not_meet_in_one_sum() {
    let input = LinkInput {
        tags: vec![
            with_unit(operator("TT-1.SP", 0.0), "°C"),
            with_unit(operator("PT-1.SP", 0.0), "kPa(g)"),
        ],
        ..program(vec![sum("A-1", &["TT-1.SP", "PT-1.SP"])])
    };
    let ProblemKind::UnitMismatch {
        tag,
        unit,
        other_tag,
        other_unit,
    } = kind_of_problem(&input)
    else {
        panic!("a mismatch of units");
    };
    assert_eq!((tag.as_str(), unit.symbol()), ("PT-1.SP", "kPa(g)"));
    assert_eq!((other_tag.as_str(), other_unit.symbol()), ("TT-1.SP", "°C"));
}

#[test]
fn an_unknown_unit_symbol_of_a_kind_is_its_own_complaint() {
    let input = program(vec![block("SUM", "A-1", &[("unit", text("furlong"))])]);
    assert!(matches!(kind_of_problem(&input), ProblemKind::Block { .. }));
}
