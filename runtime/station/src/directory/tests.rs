use super::*;
use crate::kinds::{Drivers, blocks};
use std::path::Path;

fn demo() -> Plant {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plants/synthesis");
    plant::load(&folder, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

#[test]
fn settings_of_alarms_are_limits_and_take_a_reason_and_the_password() {
    let plant = demo();
    let named = named(&plant, &plant.link(), Environment::Live, 1, 1);
    let mut seen = BTreeMap::new();
    for tag in &named.directory.tags {
        let (block, pin) = split(&tag.name);
        let kind = plant.blocks.get(block).map_or("", |block| &block.kind);
        let Some(writable) = tag.writable.as_ref().filter(|_| kind.starts_with("ALARM")) else {
            continue;
        };
        let found = (writable.action, writable.signature);
        let expected = (Action::Limit, SignatureClass::Reauthenticate);
        assert_eq!(found, expected, "{}", tag.name);
        *seen.entry((kind, pin)).or_insert(0) += 1;
    }
    for wanted in [
        ("ALARM", "LIMIT"),
        ("ALARM", "DEADBAND"),
        ("ALARM_BAD", "ON_DELAY_S"),
        ("ALARM_STATE", "OFF_DELAY_S"),
    ] {
        assert!(seen.contains_key(&wanted), "{wanted:?} of {seen:?}");
    }
    // A gain is no limit.
    let gain = named.directory.tags.iter().find(|t| t.name == "TIC-101.KP");
    let gain = gain.and_then(|tag| tag.writable.as_ref()).expect("tuned");
    assert_eq!(gain.action, Action::Tune);
}

#[test]
fn every_alarm_of_the_plant_has_an_area_also_one_that_stands_on_a_trip() {
    let plant = demo();
    let areas = areas(&plant);
    let mut on_conditions = 0;
    for alarm in plant.rationales() {
        let area = areas.alarms.get(&alarm.name).map(String::as_str);
        assert_eq!(area, Some("U100"), "{}", alarm.name);
        on_conditions += usize::from(!areas.blocks.contains_key(&alarm.name));
    }
    assert!(
        on_conditions > 20,
        "{on_conditions} have no block of their name"
    );
}
