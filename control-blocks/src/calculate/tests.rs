use super::check::{Type, Types, types, units};
use super::expression::{Binary, Expression, Function, Node, Unary};
use super::parse::{DEPTH_MAX, PARTS_MAX, parse};
use super::program::Program;
use crate::rig::{Rig, problems};
use proptest::prelude::*;
use scan::ProblemKind;
use signal::{Quality, Reason, math};

const REALS: [&str; 3] = ["a", "b", "c"];
const BOOLS: [&str; 2] = ["p", "q"];

fn node(node: Node) -> Expression {
    Expression { column: 0, node }
}

fn real() -> BoxedStrategy<Expression> {
    let leaf = prop_oneof![
        prop::sample::select(&REALS[..]).prop_map(|name| node(Node::Name(name.to_string()))),
        (0u64..1000).prop_map(|int| node(Node::Int(int))),
        (0.0f64..1e6).prop_map(|real| node(Node::Real(real))),
        Just(node(Node::Real(1e300))),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner
                .clone()
                .prop_map(|of| node(Node::Unary(Unary::Negative, Box::new(of)))),
            (
                prop::sample::select(vec![
                    Binary::Add,
                    Binary::Subtract,
                    Binary::Multiply,
                    Binary::Divide
                ]),
                two.clone()
            )
                .prop_map(|(sign, (a, b))| node(Node::Binary(
                    sign,
                    Box::new(a),
                    Box::new(b)
                ))),
            (truth(inner.clone()), two).prop_map(|(when, (a, b))| node(Node::Choice(
                Box::new(when),
                Box::new(a),
                Box::new(b)
            ))),
            (
                prop::sample::select(&Function::NAMES[..]),
                prop::collection::vec(inner, 3)
            )
                .prop_map(|((_, function, least, _), mut of)| {
                    of.truncate(least.max(1));
                    node(Node::Call(function, of))
                }),
        ]
    })
    .boxed()
}

fn truth(of: impl Strategy<Value = Expression> + Clone + 'static) -> BoxedStrategy<Expression> {
    let leaf = prop_oneof![
        prop::sample::select(&BOOLS[..]).prop_map(|name| node(Node::Name(name.to_string()))),
        any::<bool>().prop_map(|bool| node(Node::Bool(bool))),
        (
            prop::sample::select(vec![
                Binary::Less,
                Binary::LessOrEqual,
                Binary::Greater,
                Binary::GreaterOrEqual
            ]),
            of.clone(),
            of
        )
            .prop_map(|(sign, a, b)| node(Node::Binary(sign, Box::new(a), Box::new(b)))),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|of| node(Node::Unary(Unary::Not, Box::new(of)))),
            (
                prop::sample::select(vec![
                    Binary::And,
                    Binary::Or,
                    Binary::Equal,
                    Binary::Unequal
                ]),
                inner.clone(),
                inner
            )
                .prop_map(|(sign, a, b)| node(Node::Binary(
                    sign,
                    Box::new(a),
                    Box::new(b)
                ))),
        ]
    })
    .boxed()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    Real(f64),
    Bool(bool),
}

/// The meaning of an expression told once more, in the plainest way; `None` where
/// it has no finite value.
fn meaning(expression: &Expression, values: &[f64; 5]) -> Option<Found> {
    let number = |of: &Expression| match meaning(of, values)? {
        Found::Real(real) => Some(real),
        Found::Bool(_) => panic!("a number was meant: {of}"),
    };
    let is = |of: &Expression| match meaning(of, values)? {
        Found::Bool(bool) => Some(bool),
        Found::Real(_) => panic!("true or false was meant: {of}"),
    };
    let found = match &expression.node {
        Node::Real(real) => Found::Real(*real),
        Node::Int(int) => Found::Real(*int as f64),
        Node::Bool(bool) => Found::Bool(*bool),
        Node::Name(name) => match name.as_str() {
            "a" => Found::Real(values[0]),
            "b" => Found::Real(values[1]),
            "c" => Found::Real(values[2]),
            "p" => Found::Bool(values[3] != 0.0),
            _ => Found::Bool(values[4] != 0.0),
        },
        Node::Unary(Unary::Negative, of) => Found::Real(-number(of)?),
        Node::Unary(Unary::Not, of) => Found::Bool(!is(of)?),
        Node::Choice(when, then, otherwise) => {
            if is(when)? {
                meaning(then, values)?
            } else {
                meaning(otherwise, values)?
            }
        }
        Node::Binary(sign, left, right) => match sign {
            Binary::And | Binary::Or | Binary::Equal | Binary::Unequal => {
                let (a, b) = (is(left), is(right));
                let (a, b) = (a?, b?);
                Found::Bool(match sign {
                    Binary::And => a && b,
                    Binary::Or => a || b,
                    Binary::Equal => a == b,
                    _ => a != b,
                })
            }
            _ => {
                let (a, b) = (number(left), number(right));
                let (a, b) = (a?, b?);
                match sign {
                    Binary::Less => Found::Bool(a < b),
                    Binary::LessOrEqual => Found::Bool(a <= b),
                    Binary::Greater => Found::Bool(a > b),
                    Binary::GreaterOrEqual => Found::Bool(a >= b),
                    Binary::Add => Found::Real(a + b),
                    Binary::Subtract => Found::Real(a - b),
                    Binary::Multiply => Found::Real(a * b),
                    _ => Found::Real(a / b),
                }
            }
        },
        Node::Call(function, of) => {
            let of: Option<Vec<f64>> = of.iter().map(number).collect();
            let of = of?;
            Found::Real(match function {
                Function::Min => of.iter().copied().fold(f64::INFINITY, f64::min),
                Function::Max => of.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                Function::Abs => of[0].abs(),
                Function::Sqrt => of[0].sqrt(),
                Function::Exp => math::exp(of[0]),
                Function::Ln => math::ln(of[0]),
                Function::Pow => math::pow(of[0], of[1]),
                Function::Clamp => of[0].min(of[2]).max(of[1]),
                Function::Median => {
                    let mut of = of;
                    of.sort_by(f64::total_cmp);
                    let middle = of.len() / 2;
                    if of.len() % 2 == 1 {
                        of[middle]
                    } else {
                        of[middle - 1] + (of[middle] - of[middle - 1]) / 2.0
                    }
                }
                Function::Average => of.iter().sum::<f64>() / of.len() as f64,
            })
        }
    };
    match found {
        Found::Real(real) if !real.is_finite() => None,
        found => Some(found),
    }
}

fn inputs() -> Types {
    let reals = REALS.map(|name| (name.to_string(), Some(Type::Real)));
    let bools = BOOLS.map(|name| (name.to_string(), Some(Type::Bool)));
    reals.into_iter().chain(bools).collect()
}

fn names() -> Vec<String> {
    REALS
        .iter()
        .chain(&BOOLS)
        .map(|name| (*name).to_string())
        .collect()
}

fn input_value() -> impl Strategy<Value = f64> {
    prop_oneof![-50.0..50.0, Just(0.0), Just(1e300), -1e-3..1e-3]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_program_gives_what_the_expression_means(
        expression in prop_oneof![real(), truth(real())],
        a in input_value(), b in input_value(), c in input_value(),
        p in any::<bool>(), q in any::<bool>(),
    ) {
        let values = [a, b, c, f64::from(u8::from(p)), f64::from(u8::from(q))];
        let expected = meaning(&expression, &values);
        prop_assert!(types(&expression, &mut inputs()).is_ok());
        let Ok(program) = Program::compile(&expression, &names()) else {
            // Refused: a constant part that is no number, or one too deep.
            return Ok(());
        };
        let found = program.run(|at| values[usize::from(at)]);
        match expected {
            None => prop_assert!(found.is_nan(), "{expression}: {found}"),
            // −0 and 0 are one number.
            Some(Found::Real(real)) => prop_assert_eq!(found, real, "{}", expression),
            Some(Found::Bool(bool)) => prop_assert_eq!(found != 0.0, bool, "{}", expression),
        }
    }

    #[test]
    fn printed_and_read_again_it_is_the_same(expression in prop_oneof![real(), truth(real())]) {
        let text = expression.to_string();
        match parse(&text) {
            Ok(again) => prop_assert_eq!(again, expression, "{}", text),
            Err(complaint) => {
                let refused_for_size = ["deep", "parts", "characters"]
                    .iter()
                    .any(|word| complaint.message.contains(word));
                prop_assert!(refused_for_size, "{}: {:?}", text, complaint);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
        if let Err(complaint) = parse(&text) {
            prop_assert!(complaint.column >= 1);
            prop_assert!(complaint.column <= text.chars().count() + 1);
            complaint.excerpt(&text);
        }
    }

    #[test]
    fn no_row_of_words_makes_it_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "if", "then", "else", "and", "or", "not", "(", ")", ",", "-", "*", "<", "==",
                "a", "p", "min", "clamp", "1", "2.5", "true", "^", "=", "1e999", "9x",
            ]),
            0..24,
        ),
    ) {
        let text = words.join(" ");
        if let Ok(expression) = parse(&text) {
            let mut inputs: Types = [("a".to_string(), None), ("p".to_string(), None)].into();
            if types(&expression, &mut inputs).is_ok()
                && let Ok(program) = Program::compile(&expression, &["a".into(), "p".into()])
            {
                program.run(|_| 1.0);
            }
            units(&expression);
        }
    }
}

/// Column and message of a text that must be refused.
fn refused(text: &str) -> (usize, String) {
    let complaint = parse(text).and_then(|expression| {
        let mut inputs: Types = REALS
            .iter()
            .chain(&BOOLS)
            .map(|name| ((*name).to_string(), None))
            .collect();
        types(&expression, &mut inputs)?;
        Program::compile(&expression, &names())
    });
    match complaint {
        Ok(_) => panic!("{text} was accepted"),
        Err(complaint) => (complaint.column, complaint.message),
    }
}

#[test]
fn what_is_wrong_is_told_with_its_column() {
    for (text, column, words) in [
        ("", 1, "found the end"),
        ("a +", 4, "found the end"),
        ("a + * b", 5, "found \"*\""),
        ("(a + b", 7, "expected \")\", found the end"),
        (
            "a b",
            3,
            "expected a sign such as + or the end, found \"b\"",
        ),
        ("a = b", 3, "equality is written =="),
        ("a ^ 2", 3, "pow(x, y)"),
        ("a < b < c", 7, "do not chain"),
        ("2a", 1, "2 * x"),
        ("a + 温", 5, "no meaning"),
        ("a & b", 3, "no meaning"),
        ("1e999 + a", 1, "too large"),
        ("a + bb", 5, "did you mean b?"),
        ("temperature", 1, "there is no input temperature"),
        ("sinh(a)", 1, "there is no function sinh"),
        ("max + 1", 5, "expected \"(\" after max"),
        ("clamp(a, b)", 1, "takes 3 arguments, here are 2"),
        ("min(a)", 1, "takes 2 to 8"),
        ("if a > 1 then b", 16, "expected \"else\", found the end"),
        ("1 + if p then a else b", 5, "in brackets"),
        ("p == not q", 6, "in brackets"),
        ("a + true", 5, "expected a number, this is true or false"),
        (
            "p and 3",
            7,
            "expected true or false, this is a whole number",
        ),
        ("a + 1 == b", 7, "abs(a - b) < d"),
        ("if p then a else a > 1", 20, "expected a number"),
        ("a + 1 / 0", 7, "no finite number"),
        ("a * sqrt(2 - 3)", 5, "no finite number"),
        (
            "not a and a > 1",
            11,
            "expected a number, this is true or false",
        ),
    ] {
        let (at, message) = refused(text);
        assert!(message.contains(words), "{text}: {at}: {message}");
        assert_eq!(at, column, "{text}: {message}");
    }
}

#[test]
fn length_and_depth_are_limited() {
    let deep = format!("{}a{}", "(".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX));
    assert!(refused(&deep).1.contains("deep"));
    let minus = format!("{}a", "-".repeat(1999));
    assert!(refused(&minus).1.contains("deep"));
    let long = vec!["a"; PARTS_MAX].join("+");
    assert!(refused(&long).1.contains("parts"));
    assert!(refused(&" ".repeat(2001)).1.contains("2001 characters"));
    // Wide and just within the limits.
    let fits = vec!["a"; PARTS_MAX / 2].join("+");
    assert!(parse(&fits).is_ok());
}

#[test]
fn types_follow_from_use() {
    let of = |text: &str| {
        let expression = parse(text).unwrap();
        let mut inputs: Types = ["a", "b", "p"]
            .iter()
            .filter(|name| text.contains(**name))
            .map(|name| ((*name).to_string(), None))
            .collect();
        let result = types(&expression, &mut inputs).unwrap();
        (result, inputs)
    };
    let (result, inputs) = of("if p then a else b");
    assert_eq!(result, Type::Real);
    assert_eq!(inputs["p"], Some(Type::Bool));
    assert_eq!(inputs["b"], Some(Type::Real));
    let (result, inputs) = of("if p then a else b and p");
    assert_eq!(result, Type::Bool);
    assert_eq!(inputs["a"], Some(Type::Bool));
    let (_, inputs) = of("p == (a > b)");
    assert_eq!(inputs["p"], Some(Type::Bool));
    assert_eq!(inputs["a"], Some(Type::Real));
}

#[test]
fn constants_are_folded() {
    let program = |text: &str| {
        let expression = parse(text).unwrap();
        Program::compile(&expression, &names()).unwrap()
    };
    assert_eq!(program("2 * 3 + pow(2, 3) - 4").len(), 1);
    assert_eq!(program("a * (2 + 3)").len(), 3);
    assert_eq!(program("2 * 3 + 4").run(|_| 0.0), 10.0);
    assert_eq!(program("-2 - -3").run(|_| 0.0), 1.0);
    assert_eq!(program("median(3, 1, 4, 2)").run(|_| 0.0), 2.5);
    assert_eq!(program("clamp(5, 3, 1)").run(|_| 0.0), 3.0);
}

#[test]
fn units_are_joined_where_they_must_be_equal() {
    let groups = |text: &str| units(&parse(text).unwrap());
    let found = groups("1.163 * f * (t_out - t_in)");
    assert_eq!(found.groups, vec![vec!["t_out".to_string(), "t_in".into()]]);
    assert_eq!(found.result_like, None);
    let found = groups("if a > b then max(c, d) else clamp(e, 0, 100)");
    assert_eq!(found.groups.len(), 2);
    assert_eq!(found.result_like.as_deref(), Some("c"));
    assert!(groups("a + 1 * b").groups.is_empty());
    assert_eq!(groups("a + b + c").groups[0].len(), 3);
}

fn bench(block: &str) -> String {
    format!(
        "field = {{ f = 10.0, t_in = 20.0, t_out = 25.0, p = true, n = 3 }}\n[[block]]\nkind = \"CALC\"\nname = \"QY\"\n{block}"
    )
}

const HEAT: &str = r#"
expr = "1.163 * f * (t_out - t_in)"
in = { f = "f", t_in = "t_in", t_out = "t_out" }
unit = "kW"
"#;

#[test]
fn a_heat_flow_is_computed_from_tags() {
    let mut rig = Rig::new(100, &bench(HEAT));
    rig.scans(1);
    assert_eq!(rig.value("QY.OUT"), 1.163 * 10.0 * 5.0);
    assert_eq!(rig.quality("QY.OUT"), Quality::GOOD);
    rig.quality_of("t_in", Quality::SENSOR_FAULT).scans(1);
    assert_eq!(rig.quality("QY.OUT"), Quality::SENSOR_FAULT);
}

#[test]
fn what_is_no_finite_number_keeps_the_last_value_and_is_bad() {
    let mut rig = Rig::new(
        100,
        &bench(
            "expr = \"f / (t_out - t_in)\"\nin = { f = \"f\", t_in = \"t_in\", t_out = \"t_out\" }\nunit = \"1\"",
        ),
    );
    rig.scans(1);
    assert_eq!(rig.value("QY.OUT"), 2.0);
    rig.field("t_out", 20.0).scans(1);
    assert_eq!(rig.value("QY.OUT"), 2.0);
    assert_eq!(rig.quality("QY.OUT").reason(), Reason::NotFinite);
    assert!(rig.quality("QY.OUT").is_bad());
    rig.field("t_out", 30.0).scans(1);
    assert_eq!(rig.value("QY.OUT"), 1.0);
    assert_eq!(rig.quality("QY.OUT"), Quality::GOOD);
}

#[test]
fn a_comparison_hides_no_missing_number() {
    let mut rig = Rig::new(
        100,
        &bench("expr = \"f / (t_out - 20) < 100\"\nin = { f = \"f\", t_out = \"t_out\" }"),
    );
    rig.scans(1);
    assert!(rig.is("QY.OUT"));
    rig.field("t_out", 20.0).scans(1);
    assert!(rig.is("QY.OUT"), "the last value is kept");
    assert_eq!(rig.quality("QY.OUT"), Quality::NOT_FINITE);
}

#[test]
fn whole_numbers_and_tunings_are_inputs_too() {
    let mut rig = Rig::new(
        100,
        &bench(
            "expr = \"n == 3 and f > limit and p\"\nin = { n = { int = \"n\" }, f = \"f\", p = \"p\", limit = 9.5 }",
        ),
    );
    rig.scans(1);
    assert!(rig.is("QY.OUT"));
    rig.write("QY.LIMIT", 11.0).scans(1);
    assert!(!rig.is("QY.OUT"));
    rig.write("QY.LIMIT", 9.0).field("n", 2.0).scans(1);
    assert!(!rig.is("QY.OUT"));
}

#[test]
fn the_text_is_refused_with_key_and_column() {
    for (block, key, words) in [
        (
            "expr = \"f + * 2\"\nin = { f = \"f\" }\nunit = \"1\"",
            "expr",
            "column 5: expected a number, an input, a function or \"(\", found \"*\": f + ▸* 2",
        ),
        (
            "expr = \"f\"\nin = { f = \"f\", p = \"p\" }",
            "expr",
            "the input p is not used",
        ),
        ("in = { f = \"f\" }", "expr", "not given"),
        (
            "expr = \"2 * f\"\nin = { f = \"f\" }",
            "unit",
            "does not follow",
        ),
        (
            "expr = \"p\"\nin = { p = { bool = \"p\" } }\nunit = \"kW\"",
            "unit",
            "no unit",
        ),
        (
            "expr = \"out + 1\"\nin = { out = \"f\" }\nunit = \"1\"",
            "in.out",
            "cannot be the name",
        ),
        (
            "expr = \"max\"\nin = { max = \"f\" }\nunit = \"1\"",
            "in.max",
            "cannot be the name",
        ),
        ("expr = \"1 + 1\"\nunit = \"1\"", "in", "no inputs"),
        (
            "expr = \"f\"\nin = { f = \"f\" }\nunit = \"1\"\nlo = 5\nhi = 2",
            "lo",
            "not below",
        ),
    ] {
        let found = problems(&bench(block));
        let hit = found.iter().any(|problem| {
            problem.place.key.as_deref() == Some(key)
                && matches!(&problem.kind, ProblemKind::Block { message, .. } if message.contains(words))
        });
        assert!(hit, "{block}: {found:#?}");
    }
}

#[test]
fn a_wrong_kind_and_an_unknown_tag_point_at_the_input() {
    let found = problems(&bench(
        "expr = \"f and p\"\nin = { f = \"f\", p = \"nowhere\" }",
    ));
    assert!(found.iter().any(|problem| {
        problem.place.key.as_deref() == Some("in.f")
            && matches!(problem.kind, ProblemKind::WrongKind { .. })
    }));
    assert!(found.iter().any(|problem| {
        problem.place.key.as_deref() == Some("in.p")
            && matches!(problem.kind, ProblemKind::UnknownTag { .. })
    }));
}

#[test]
fn terms_of_a_sum_share_a_unit() {
    let text = r#"
        field = { x = 1.0, y = 2.0 }
        [[block]]
        kind = "AI"
        name = "TT"
        raw = "x"
        lo = 0
        hi = 100
        unit = "°C"
        [[block]]
        kind = "AI"
        name = "PT"
        raw = "y"
        lo = 0
        hi = 100
        unit = "kPa(g)"
        [[block]]
        kind = "CALC"
        name = "QY"
        expr = "t + p"
        in = { t = "TT.PV", p = "PT.PV" }
    "#;
    let is_mismatch =
        |problem: &scan::Problem| matches!(problem.kind, ProblemKind::UnitMismatch { .. });
    assert!(problems(text).iter().any(is_mismatch));
    assert!(problems(&text.replace("t + p\"", "t * p\"\nunit = \"1\"")).is_empty());
    let wrong_result = text.replace(
        "t + p\"",
        "max(t, 5) * 0 + t\"\nunit = \"kPa(g)\"\nlo = 0\nhi = 1",
    );
    assert!(
        problems(&wrong_result.replace(", p = \"PT.PV\"", ""))
            .iter()
            .any(is_mismatch)
    );
}
