use crate::rig::{Rig, problems};
use signal::{Quality, Reason};

/// A cause of `n` temperatures with the limit 65.
fn text(n: usize, keys: &str) -> String {
    let names: Vec<String> = (1..=n).map(|at| format!("t{at}")).collect();
    let field: Vec<String> = names.iter().map(|name| format!("{name} = 50.0")).collect();
    format!(
        "[field]\narm = true\n{}\n[[block]]\nkind = \"CAUSE\"\nname = \"C01\"\nof = {names:?}\n\
         limit = 65.0\n{keys}",
        field.join("\n")
    )
}

/// The whole block against the table of its manual: every vote up to four
/// channels, every rule for bad channels, every mixture of channels below, at and
/// above the limit and bad, both sides.
#[test]
fn every_vote_every_bad_rule_every_mixture_on_both_sides() {
    let mut seen = 0u32;
    for n in 1..=4usize {
        for m in 1..=n {
            let mut rules = vec![("trip", ""), ("no-trip", "")];
            let degraded = [format!("{}oo{}", m - 1, n - 1), format!("{}oo{}", m, n - 1)];
            if m > 1 && m < n {
                rules.extend(degraded.iter().map(|word| ("exclude", word.as_str())));
            } else {
                rules.push(("exclude", ""));
            }
            for (on_bad, word) in rules {
                for side in ["above", "below"] {
                    let mut keys =
                        format!("when = \"{side}\"\nvote = \"{m}oo{n}\"\non_bad = \"{on_bad}\"\n");
                    if !word.is_empty() {
                        keys += &format!("degrade_to = \"{word}\"");
                    }
                    let mut rig = Rig::new(100, &text(n, &keys));
                    for code in 0..4usize.pow(n as u32) {
                        let (votes, bad) = set_channels(&mut rig, n, code, side);
                        rig.scans(1);
                        let expected = match (on_bad, word) {
                            ("trip", _) => votes + bad >= m,
                            ("no-trip", _) => votes >= m,
                            _ if bad == n => true,
                            // The stated vote with one bad; then one step further at each.
                            (_, "1oo2") => votes >= [2, 1, 1][bad],
                            (_, "2oo2") => votes >= [2, 2, 1][bad],
                            (_, "1oo3") => votes >= [2, 1, 1, 1][bad],
                            (_, "2oo3") if m == 2 => votes >= [2, 2, 2, 1][bad],
                            (_, "2oo3") => votes >= [3, 2, 1, 1][bad],
                            (_, "3oo3") => votes >= [3, 3, 2, 1][bad],
                            _ if m == n => votes >= m - bad,
                            _ => votes >= 1,
                        };
                        let case = format!("{m}oo{n} {on_bad} {word} {side} {code:b}");
                        assert_eq!(rig.is("C01.TRIP"), expected, "{case}");
                        assert_eq!(rig.is("C01.DEGRADED"), bad > 0, "{case}");
                        let shown = votes + if on_bad == "trip" { bad } else { 0 };
                        assert_eq!(rig.value("C01.VOTES"), shown as f64, "{case}");
                        assert!(!rig.quality("C01.TRIP").is_bad());
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 6_000, "{seen}");
}

/// Sets the channels by the base-4 digits of a code: beyond, short of, at the
/// limit, bad. Gives the number of votes and of bad channels.
fn set_channels(rig: &mut Rig, n: usize, mut code: usize, side: &str) -> (usize, usize) {
    let sign = if side == "above" { 1.0 } else { -1.0 };
    let (mut votes, mut bad) = (0, 0);
    for at in 1..=n {
        let (value, quality) = match code % 4 {
            0 => (65.0 + sign * 0.001, Quality::GOOD),
            1 => (65.0 - sign * 0.001, Quality::GOOD),
            2 => (65.0, Quality::UNCERTAIN),
            _ => (65.0 + sign * 100.0, Quality::SENSOR_FAULT),
        };
        votes += usize::from(matches!(code % 4, 0 | 2));
        bad += usize::from(code % 4 == 3);
        rig.field_with(&format!("t{at}"), value, quality);
        code /= 4;
    }
    (votes, bad)
}

#[test]
fn lost_trip_signal_trips() {
    let mut rig = Rig::new(100, &text(1, "when = \"above\""));
    assert!(!rig.scans(3).is("C01.TRIP"));
    rig.quality_of("t1", Quality::COMM_LOST).scans(1);
    assert!(rig.is("C01.TRIP"));
    assert_eq!(rig.quality("C01.TRIP").reason(), Reason::Degraded);
}

#[test]
fn a_value_that_is_not_a_number_is_a_lost_signal() {
    let mut rig = Rig::new(100, &text(1, "when = \"above\""));
    rig.field("t1", f64::NAN).scans(1);
    assert!(rig.is("C01.TRIP"));
    assert!(rig.is("C01.DEGRADED"));
}

#[test]
fn the_delay_runs_visibly_and_starts_anew() {
    let mut rig = Rig::new(100, &text(1, "when = \"above\"\non_delay_s = 1.0"));
    rig.scans(1).field("t1", 70.0).scans(10);
    assert!(rig.is("C01.PRE") && !rig.is("C01.TRIP"));
    rig.field("t1", 60.0).scans(1);
    assert!(!rig.is("C01.PRE"));
    rig.field("t1", 70.0).scans(10);
    assert!(!rig.is("C01.TRIP"));
    rig.scans(1);
    assert!(rig.is("C01.TRIP") && !rig.is("C01.PRE"));
    rig.field("t1", 60.0).scans(1);
    assert!(!rig.is("C01.TRIP"), "latching is the interlock's");
}

#[test]
fn hysteresis_holds_each_channel() {
    let mut rig = Rig::new(100, &text(1, "when = \"above\"\nhysteresis = 2.0"));
    rig.field("t1", 65.0).scans(1).field("t1", 63.0).scans(1);
    assert!(rig.is("C01.TRIP"));
    assert!(!rig.field("t1", 62.99).scans(1).is("C01.TRIP"));
    assert!(!rig.field("t1", 64.99).scans(1).is("C01.TRIP"));
}

#[test]
fn a_disarmed_cause_does_not_trip_but_shows_its_votes() {
    let mut rig = Rig::new(
        100,
        &text(
            2,
            "when = \"above\"\nvote = \"1oo2\"\narmed = \"arm\"\non_delay_s = 0.5",
        ),
    );
    rig.field("arm", 0.0).field("t1", 70.0).scans(20);
    assert!(!rig.is("C01.TRIP") && !rig.is("C01.PRE"));
    assert_eq!(rig.value("C01.VOTES"), 1.0);
    rig.field("arm", 1.0).scans(5);
    assert!(!rig.is("C01.TRIP"), "the delay begins when it is armed");
    assert!(rig.scans(1).is("C01.TRIP"));
    rig.field_with("arm", 0.0, Quality::COMM_LOST).scans(20);
    assert!(rig.is("C01.TRIP"), "a lost arming signal keeps it armed");
}

#[test]
fn the_limit_may_be_tuned_and_has_the_unit_of_its_channels() {
    let mut rig = Rig::new(100, &text(1, "when = \"above\""));
    rig.write("C01.LIMIT", 40.0).scans(1);
    assert!(rig.is("C01.TRIP"));
}

const AGITATOR: &str = r#"
    field = { run = true, speed = 80.0, amps = 20.0 }
    [[block]]
    kind = "CAUSE"
    name = "C04"
    any = [
        { tag = "run", is = false },
        { tag = "speed", below = 40.0 },
        { tag = "amps", below = 8.0, hysteresis = 1.0 },
    ]
    vote = "1oo3"
    on_delay_s = 0.2
"#;

#[test]
fn conditions_of_different_kinds() {
    for (tag, value) in [("run", 0.0), ("speed", 39.9), ("amps", 8.0)] {
        let mut rig = Rig::new(100, AGITATOR);
        rig.scans(3).field(tag, value).scans(2);
        assert!(!rig.is("C04.TRIP"), "{tag}");
        assert!(rig.scans(1).is("C04.TRIP"), "{tag}");
        assert_eq!(rig.value("C04.VOTES"), 1.0);
    }
    let mut rig = Rig::new(100, AGITATOR);
    rig.scans(3).write("C04.LIMIT.2", 90.0).scans(3);
    assert!(rig.is("C04.TRIP"), "each row has its own limit to tune");
    let mut rig = Rig::new(100, AGITATOR);
    rig.quality_of("run", Quality::STALE).scans(3);
    assert!(rig.is("C04.TRIP"), "lost run feedback");
}

#[test]
fn what_is_wrong_is_told() {
    let wrong = |n: usize, keys: &str| problems(&text(n, keys)).len();
    assert_eq!(wrong(1, ""), 1, "which side");
    assert_eq!(wrong(3, "when = \"above\""), 1, "which vote");
    assert_eq!(wrong(3, "when = \"above\"\nvote = \"2oo2\""), 1);
    assert_eq!(
        wrong(3, "when = \"above\"\nvote = \"2oo3\"\non_bad = \"exclude\""),
        1
    );
    assert_eq!(
        wrong(3, "when = \"above\"\nvote = \"2oo3\"\non_bad = \"maybe\""),
        1
    );
    let rows = |row: &str| problems(&AGITATOR.replace("{ tag = \"run\", is = false }", row)).len();
    assert!(rows("{ tag = \"run\" }") >= 1);
    assert!(rows("{ tag = \"run\", is = false, above = 1.0 }") >= 1);
    assert!(rows("{ tag = \"run\", is = 0 }") >= 1);
    assert!(rows("{ tag = \"run\", is = false, delay = 1 }") >= 1);
    assert!(rows("{ tag = \"runn\", is = false }") >= 1);
}
