//! The demo plant's master alarm database: that it says what the matrix says, and what
//! every database must.

use alarm::{AlarmKind, Class, Priority, Rationale};
use matrix::Symbol;
use plant::Plant;
use scan::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn demo() -> Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis");
    match plant::load(&folder, &station::kinds::blocks(), &station::kinds::Drivers) {
        Ok(plant) => plant,
        Err((sources, problems)) => panic!("{}", problems.render(&sources)),
    }
}

#[test]
fn every_cause_of_the_matrix_has_an_alarm_of_the_priority_that_the_matrix_sounds() {
    let plant = demo();
    let records = plant.rationales();
    let matrix = &plant.matrices[0].matrix;
    for (row, cause) in matrix.causes.iter().enumerate() {
        let tag = format!("{}.TRIP", cause.id);
        let found: Vec<&Rationale> = records.iter().filter(|record| record.tag == tag).collect();
        assert_eq!(found.len(), 1, "{tag}");
        let sounded = (0..matrix.effects.len()).find_map(|column| {
            matrix
                .cell(row, column)
                .iter()
                .find_map(|symbol| match symbol {
                    Symbol::Priority(priority) => Some(*priority),
                    _ => None,
                })
        });
        let expected = match sounded {
            Some(matrix::Priority::P2) => Priority::P2,
            Some(matrix::Priority::P3) => Priority::P3,
            _ => Priority::P1,
        };
        assert_eq!(found[0].priority, expected, "{tag}");
        let is_trip = cause.class == matrix::Class::Safety;
        assert!(
            !is_trip || found[0].class == Class::Safety,
            "{tag} is highly managed"
        );
    }
}

#[test]
fn a_high_is_below_its_high_high_and_a_low_above_its_low_low() {
    let records = demo().rationales();
    let of = |point: &str, kind| {
        let mut all = records
            .iter()
            .filter(move |r| r.point == point && r.kind == kind);
        all.find_map(|record| record.limit)
    };
    let mut pairs = 0;
    for record in &records {
        for (outer, inner, sign) in [
            (AlarmKind::Hh, AlarmKind::H, 1.0),
            (AlarmKind::Ll, AlarmKind::L, -1.0),
        ] {
            if record.kind == outer
                && let (Some(far), Some(near)) = (record.limit, of(&record.point, inner))
            {
                assert!((far - near) * sign > 0.0, "{}", record.name);
                pairs += 1;
            }
        }
    }
    assert!(pairs >= 3, "{pairs}");
}

#[test]
fn nothing_that_is_highly_managed_is_shelved_and_every_record_is_approved() {
    for record in demo().rationales() {
        assert!(
            !(record.class.is_highly_managed() && record.shelving),
            "{}",
            record.name
        );
        assert!(!record.approval.who.is_empty(), "{}", record.name);
        assert!(!record.review_due.is_empty(), "{}", record.name);
    }
}

#[test]
fn a_limit_of_a_detection_is_a_tag_that_starts_at_the_recorded_value() {
    let plant = demo();
    let linked = plant.link();
    let mut seen = 0;
    for record in plant.rationales() {
        let Some(tags) = alarm::drift::setting_tags(&record) else {
            continue;
        };
        let Some(limit) = record.limit else { continue };
        let tag = linked
            .tasks
            .iter()
            .find_map(|task| task.linked.tags.get(&tags[0]));
        let tag = tag.unwrap_or_else(|| panic!("{} has no tag {}", record.name, tags[0]));
        assert_eq!(f64::from_bits(tag.initial), limit, "{}", record.name);
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}

/// Tags whose standing makes some alarm stand: its own, and what an OR gathers for it.
fn heard(plant: &Plant) -> BTreeSet<String> {
    let mut heard: BTreeSet<String> = plant.rationales().into_iter().map(|r| r.tag).collect();
    for block in plant.blocks.values().filter(|block| block.kind == "OR") {
        let Value::Table(config) = block.node.to_value() else {
            continue;
        };
        if let Some(Value::List(of)) = config.get("of")
            && heard.contains(&format!("{}.OUT", block.name))
        {
            heard.extend(of.iter().filter_map(|wire| match wire {
                Value::Text(tag) => Some(tag.clone()),
                _ => None,
            }));
        }
    }
    heard
}

#[test]
fn every_bypass_that_the_matrix_permits_stands_in_an_alarm_and_so_do_its_warning_and_its_end() {
    let plant = demo();
    let heard = heard(&plant);
    let pins = [
        ".BYPASSED",
        ".MOS_WARNING",
        ".MOS_EXPIRED",
        ".PROOF_EXPIRED",
    ];
    let linked = plant.link();
    let tags = linked.tasks.iter().flat_map(|task| task.linked.tags.keys());
    let wanted: Vec<&String> = tags
        .filter(|tag| pins.iter().any(|pin| tag.ends_with(pin)))
        .collect();
    let bypassable = plant.matrices[0].matrix.causes.iter().filter(|c| c.mos);
    assert!(wanted.len() >= 3 * bypassable.count(), "{wanted:?}");
    let silent: Vec<&&String> = wanted.iter().filter(|tag| !heard.contains(**tag)).collect();
    assert!(
        silent.is_empty(),
        "no alarm stands while these do: {silent:?}"
    );
}

#[test]
fn a_script_that_is_stopped_is_an_alarm() {
    let plant = demo();
    assert!(!plant.scripts.is_empty());
    let heard = heard(&plant);
    for script in &plant.scripts {
        let name = script.name.to_uppercase().replace('-', "_");
        let tag = format!("SYS.{name}_FAULTED");
        assert!(heard.contains(&tag), "{tag} raises no alarm");
    }
}
