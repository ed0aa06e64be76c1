//! The demo plant's matrix says what its design basis says: causes, limits, votes,
//! delays, arming, cells and effects, against a copy that was written by hand.

use matrix::{Action, Cause, EffectKind, Matrix, Test};
use plant::Plant;
use station::kinds::{Drivers, blocks};
use std::path::Path;
use std::sync::LazyLock;

static PLANT: LazyLock<Plant> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
    plant::load(&folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
});

/// Rows of a golden table without its comments, its head and its last column, the note.
fn golden(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("a golden table");
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| line.rsplit_once(',').expect("a note").0.to_string())
        .collect()
}

fn condition(cause: &Cause) -> String {
    let channels = cause.channels.iter().map(|channel| match channel.test {
        Test::Above(limit) => format!("{} >= {limit}", channel.tag),
        Test::Below(limit) => format!("{} <= {limit}", channel.tag),
        Test::Is(is) => format!("{} = {is}", channel.tag),
    });
    let channels: Vec<String> = channels.collect();
    let strict = cause.permissive.map(|strict| strict.limit);
    let strict = strict.map_or_else(String::new, |limit| format!("; permissive {limit}"));
    channels.join(" | ") + strict.as_str()
}

fn row(matrix: &Matrix, at: usize) -> String {
    let cause = &matrix.causes[at];
    let mut columns = vec![
        cause.id.clone(),
        condition(cause),
        format!("{}oo{}", cause.m, cause.channels.len()),
        cause.on_delay_s.to_string(),
        cause.armed.clone().unwrap_or_default(),
    ];
    columns.extend((0..matrix.effects.len()).map(|column| {
        let symbols = matrix.cell(at, column).iter().map(ToString::to_string);
        symbols.collect::<Vec<String>>().join("/")
    }));
    columns.join(",")
}

fn effect(matrix: &Matrix, at: usize) -> String {
    let effect = &matrix.effects[at];
    let group = effect.group.map_or("", |group| &matrix.groups[group].name);
    let acts = match &effect.kind {
        EffectKind::Hold => "hold".to_string(),
        EffectKind::Annunciate => "annunciate".to_string(),
        EffectKind::Notify => "notify".to_string(),
        EffectKind::Final(actions) => {
            let words = actions.iter().map(|action| match action {
                Action::Valve { device, open: true } => format!("{device} open"),
                Action::Valve { device, .. } => format!("{device} closed"),
                Action::Analog { device, value } => format!("{device} {value}"),
                Action::Stop { device } => format!("{device} stopped"),
            });
            words.collect::<Vec<String>>().join(" | ")
        }
    };
    format!("{},{group},{acts}", effect.id)
}

#[test]
fn every_row_is_as_the_design_basis_has_it() {
    let matrix = &PLANT.matrices[0].matrix;
    let found: Vec<String> = (0..matrix.causes.len()).map(|at| row(matrix, at)).collect();
    assert_eq!(found.len(), 30);
    for (wanted, found) in golden("u100-cause-effect.csv").iter().zip(&found) {
        assert_eq!(wanted, found);
    }
    assert_eq!(golden("u100-cause-effect.csv").len(), found.len());
}

#[test]
fn every_column_is_as_the_design_basis_has_it() {
    let matrix = &PLANT.matrices[0].matrix;
    let found: Vec<String> = (0..matrix.effects.len())
        .map(|at| effect(matrix, at))
        .collect();
    assert_eq!(golden("u100-effects.csv"), found);
}

/// Bypasses as the design basis has them: no maintenance override of the disc, the
/// shutdown and the watchdog; operational ones of agitation and cooling, 5 min at most.
#[test]
fn no_row_may_be_bypassed_that_the_design_basis_excludes() {
    let causes = &PLANT.matrices[0].matrix.causes;
    for cause in causes {
        let is_excluded = ["C10", "C27", "C28"].contains(&cause.id.as_str());
        assert!(!(is_excluded && cause.mos), "{}", cause.id);
        let may_be_overridden = ["C06", "C08"].contains(&cause.id.as_str());
        assert_eq!(cause.oos_s.is_some(), may_be_overridden, "{}", cause.id);
        assert!(cause.oos_s.is_none_or(|s| s <= 300.0), "{}", cause.id);
    }
}

/// Times from the process to the command that the design basis asks for.
#[test]
fn loss_of_agitation_has_one_second_and_pressure_half_a_second() {
    let matrix = &PLANT.matrices[0].matrix;
    for (id, target_s) in [("C06", 1.0), ("C20", 1.0), ("C09", 0.5), ("C19", 0.5)] {
        let cause = &matrix.causes[matrix.cause(id).expect(id)];
        assert_eq!(cause.response_s, Some(target_s), "{id}");
    }
}

#[test]
fn every_device_that_a_trip_moves_has_an_alarm_for_when_it_does_not_obey() {
    let records = PLANT.rationales();
    let mut devices = 0;
    for effect in &PLANT.matrices[0].matrix.effects {
        let EffectKind::Final(actions) = &effect.kind else {
            continue;
        };
        let with_feedback = actions
            .iter()
            .filter(|action| !matches!(action, Action::Analog { .. }));
        for action in with_feedback {
            let tag = format!("{}.FAULT", action.device());
            let told = records.iter().filter(|record| record.tag == tag).count();
            assert_eq!(told, 1, "{tag}");
            devices += 1;
        }
    }
    assert_eq!(devices, 17);
}
