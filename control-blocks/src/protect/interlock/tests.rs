use super::*;
use crate::rig::{Rig, problems};
use proptest::prelude::*;
use signal::Quality;

const TEXT: &str = r#"
    field = { c1 = false, c2 = false, c3 = false, c4 = false }
    [[block]]
    kind = "INTERLOCK"
    name = "RG-1"
    causes = [
        { cause = "c1", effects = ["E1", "E2"] },
        { cause = "c2", effects = ["E2"] },
        { cause = "c3", effects = ["E3"], latch = false },
        { cause = "c4", effects = ["E1", "E3"] },
    ]
"#;

fn effects(rig: &Rig) -> [bool; 3] {
    ["RG-1.E1", "RG-1.E2", "RG-1.E3"].map(|tag| rig.is(tag))
}

/// A group that was started, and reset.
fn ready() -> Rig {
    let mut rig = Rig::new(100, TEXT);
    rig.task.program.start(Start::Cold);
    rig.scans(1).write("RG-1.RESET", 1.0).scans(1);
    assert_eq!(effects(&rig), [false; 3]);
    rig
}

#[test]
fn a_start_demands_every_effect_until_reset() {
    for start in [Start::Cold, Start::Warm] {
        let mut rig = Rig::new(100, TEXT);
        rig.task.program.start(start);
        rig.scans(50);
        assert_eq!(effects(&rig), [true; 3]);
        assert_eq!(rig.value("RG-1.FIRST_OUT"), 100.0);
        assert_eq!(rig.value("RG-1.LATCHED"), 0b1011 as f64);
        assert!(rig.is("RG-1.ARMED_RESET") && rig.is("RG-1.TRIPPED"));
        rig.write("RG-1.RESET", 1.0).scans(1);
        assert_eq!(effects(&rig), [false; 3]);
        assert_eq!(rig.value("RG-1.FIRST_OUT"), 0.0);
        assert_eq!(rig.value("RG-1.RESET_COUNT"), 1.0);
    }
}

#[test]
fn before_the_first_scan_every_effect_is_demanded() {
    assert_eq!(effects(&Rig::new(100, TEXT)), [true; 3]);
}

#[test]
fn the_first_out_stays_whatever_comes_later() {
    let mut rig = ready();
    rig.field("c2", 1.0)
        .scans(1)
        .field("c1", 1.0)
        .field("c4", 1.0)
        .scans(1);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 2.0);
    rig.field("c2", 0.0).scans(5);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 2.0);
    assert_eq!(rig.value("RG-1.LATCHED"), 0b1011 as f64);
    assert_eq!(rig.value("RG-1.STANDING"), 0b1001 as f64);
}

#[test]
fn of_two_causes_within_one_scan_the_lower_row_is_first_out() {
    let mut rig = ready();
    rig.field("c4", 1.0).field("c2", 1.0).scans(1);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 2.0);
}

#[test]
fn a_reset_acts_only_when_no_latching_cause_stands() {
    let mut rig = ready();
    rig.field("c1", 1.0)
        .scans(1)
        .write("RG-1.RESET", 1.0)
        .scans(1);
    assert_eq!(effects(&rig), [true, true, false]);
    assert!(!rig.is("RG-1.ARMED_RESET"));
    rig.field("c1", 0.0).scans(1);
    assert!(rig.is("RG-1.ARMED_RESET"));
    assert_eq!(
        effects(&rig),
        [true, true, false],
        "a refused reset is not stored"
    );
    rig.write("RG-1.RESET", 0.0).scans(1);
    assert_eq!(
        effects(&rig),
        [true, true, false],
        "a request of false is none"
    );
    rig.write("RG-1.RESET", 1.0).scans(1);
    assert_eq!(effects(&rig), [false; 3]);
    assert_eq!(rig.value("RG-1.RESET_COUNT"), 2.0);
}

#[test]
fn a_reset_with_nothing_latched_is_not_counted() {
    let mut rig = ready();
    rig.write("RG-1.RESET", 1.0).scans(1);
    assert_eq!(rig.value("RG-1.RESET_COUNT"), 1.0);
}

#[test]
fn a_cause_that_does_not_latch_ends_by_itself() {
    let mut rig = ready();
    rig.field("c3", 1.0).scans(1);
    assert_eq!(effects(&rig), [false, false, true]);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 3.0);
    assert_eq!(rig.value("RG-1.LATCHED"), 0.0);
    rig.field("c3", 0.0).scans(1);
    assert_eq!(effects(&rig), [false; 3]);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 0.0);
}

#[test]
fn a_reset_is_not_hindered_by_a_cause_that_does_not_latch() {
    let mut rig = ready();
    rig.field("c1", 1.0)
        .field("c3", 1.0)
        .scans(1)
        .field("c1", 0.0)
        .scans(1);
    rig.write("RG-1.RESET", 1.0).scans(1);
    assert_eq!(effects(&rig), [false, false, true]);
    assert_eq!(
        rig.value("RG-1.FIRST_OUT"),
        3.0,
        "what is left is the first-out now"
    );
}

#[test]
fn lost_cause_signal_trips() {
    let mut rig = ready();
    rig.quality_of("c1", Quality::COMM_LOST).scans(1);
    assert_eq!(effects(&rig), [true, true, false]);
    assert_eq!(rig.value("RG-1.FIRST_OUT"), 1.0);
}

#[test]
fn a_latched_group_says_so() {
    let mut law = TripGroupLaw::default();
    law.step(0b100, 0b011, false);
    assert!(law.is_tripped() && !law.is_latched());
    law.step(0b101, 0b011, false);
    assert!(law.is_latched());
}

#[test]
fn the_sixty_fourth_cause_trips() {
    let names: Vec<String> = (1..=64).map(|at| format!("c{at}")).collect();
    let field: Vec<String> = names.iter().map(|name| format!("{name} = false")).collect();
    let rows: Vec<String> = names
        .iter()
        .map(|name| format!("{{ cause = \"{name}\", effects = [\"E1\"] }}"))
        .collect();
    let text = |rows: &[String]| {
        format!(
            "[field]\n{}\n[[block]]\nkind = \"INTERLOCK\"\nname = \"G\"\ncauses = [{}]",
            field.join("\n"),
            rows.join(", ")
        )
    };
    let mut rig = Rig::new(100, &text(&rows));
    rig.scans(1);
    assert!(!rig.is("G.E1"));
    rig.field("c64", 1.0).scans(1);
    assert!(rig.is("G.E1"));
    assert_eq!(rig.value("G.FIRST_OUT"), 64.0);
    let mut too_many = rows.clone();
    too_many.push(rows[0].clone());
    assert_eq!(problems(&text(&too_many)).len(), 1);
}

#[test]
fn what_is_wrong_is_told() {
    let wrong =
        |row: &str| problems(&TEXT.replace("{ cause = \"c2\", effects = [\"E2\"] }", row)).len();
    assert!(wrong("{ effects = [\"E2\"] }") >= 1);
    assert!(wrong("{ cause = \"c2\" }") >= 1);
    assert!(wrong("{ cause = \"c2\", effects = [1] }") >= 1);
    assert!(wrong("{ cause = \"c2\", effects = [\"E2\"], latch = 1 }") >= 1);
    assert!(wrong("{ cause = \"c9\", effects = [\"E2\"] }") >= 1);
    assert!(
        wrong("{ cause = \"c2\", effects = [\"TRIPPED\"] }") >= 1,
        "a name already taken"
    );
}

proptest! {
    /// Against the law written as plainly as possible.
    #[test]
    fn no_effect_of_a_latching_cause_ends_but_by_a_reset(
        latching: u64,
        scans in prop::collection::vec((0u64.., prop::bool::weighted(0.2)), 1..80),
        sparse in 0u32..5,
    ) {
        let mut law = TripGroupLaw::default();
        for (mut standing, reset) in scans {
            for shift in 0..sparse * 6 {
                standing &= standing.rotate_left(shift * 7 + 1);
            }
            let before = law;
            law.step(standing, latching, reset);
            let may_reset = reset && standing & latching == 0;
            prop_assert_eq!(law.active() & standing, standing, "a cause that stands acts");
            if may_reset {
                prop_assert_eq!(law.latched, 0);
            } else {
                prop_assert_eq!(law.latched, before.latched | standing & latching);
            }
            prop_assert_eq!(law.first_out() == 0, !law.is_tripped());
            if before.is_tripped() && law.is_tripped() && !may_reset {
                prop_assert_eq!(law.first_out(), before.first_out());
            }
            if !before.is_tripped() && law.is_tripped() {
                let row = law.first_out() - 1;
                prop_assert_eq!(standing & ((1u64 << row) - 1), 0);
                prop_assert!(standing >> row & 1 == 1);
            }
        }
    }
}
