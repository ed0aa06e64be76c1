//! The model meets the design basis of the demo unit, case by case.

use sim::cases::{self, Outcome};

/// Share by which a run may differ from the design basis.
const TOLERANCE: f64 = 0.05;

fn check(name: &str) -> Outcome {
    let case = cases::all()
        .into_iter()
        .find(|case| case.name == name)
        .expect("a known case");
    let outcome = cases::run(&case, 1, |_, _| {});
    let expected = case.expected;
    let near = |what: &str, run: f64, basis: Option<f64>| {
        if let Some(basis) = basis {
            assert!(
                (run / basis - 1.0).abs() < TOLERANCE,
                "{name} {what}: {run} against {basis}"
            );
        }
    };
    near("T_max", outcome.temperature_c, expected.temperature_c);
    near("X_acc", outcome.accumulation, expected.accumulation);
    near("MTSR", outcome.mtsr_c, expected.mtsr_c);
    near("P_max", outcome.pressure_bar_a, expected.pressure_bar_a);
    match (outcome.explosion_min, expected.explosion_min) {
        (Some(run), basis @ Some(_)) => near("explosion", run, basis),
        (None, None) => {}
        (run, basis) => panic!("{name}: explosion {run:?} against {basis:?}"),
    }
    outcome
}

#[test]
fn normal_dosing_stays_within_the_design_mtsr() {
    assert!((check("N").dosed_kg - 300.0).abs() < 1e-6);
}

#[test]
fn dosing_without_agitation_accumulates_and_the_restart_runs_away_past_td24() {
    assert!(check("F1").temperature_c > 80.0);
}

#[test]
fn lost_cooling_passes_td24_and_builds_pressure() {
    check("F2");
}

#[test]
fn missing_orifice_lets_the_dose_run_three_times_too_fast() {
    check("F3");
}

#[test]
fn orifice_holds_an_open_valve_to_a_harmless_rate() {
    check("F3o");
}

#[test]
fn cold_dosing_accumulates_and_heating_sets_it_off() {
    check("F4");
}

#[test]
fn accumulation_with_cooling_lost_at_the_restart_explodes_hours_later() {
    check("F5");
}

#[test]
fn dose_never_stirred_with_cooling_lost_at_the_restart_explodes_hours_later() {
    check("F6");
}
