//! What hands do: charging, draining, opening.

use crate::bench::Bench;
use sim::models::u100::PlantStart;
use sim::models::u100::map::{DI_MANHOLE_CLOSED, IO1};
use sim::{ActionError, World, WorldConfig, actions};

#[test]
fn empty_plant_is_charged_to_its_recipe() {
    let mut bench = Bench::new(PlantStart::Empty);
    bench.live(5);
    assert!(bench.truth("mass_kg").abs() < 1e-9 && (bench.truth("O2") - 20.9).abs() < 0.01);
    assert!(bench.truth("speed_rpm") == 0.0 && bench.truth("R102.O2") > 20.0);
    bench.set("XV-112", true); // vented, or the gas is squeezed
    bench.act("charge-solvent", None);
    bench.act("charge-a", None);
    bench.act("refill-dosing-vessel", None);
    bench.live(60);
    let early = bench.truth("mass_kg");
    assert!(
        early > 50.0 && early < 300.0,
        "material flows, it does not appear: {early}"
    );
    bench.live(900);
    assert!((bench.truth("mass_kg") - 1310.0).abs() < 2.0);
    assert!((bench.truth("nA") - 2.4).abs() < 1e-9);
    assert!((bench.truth("dosing_vessel_kg") - 300.0).abs() < 1e-9);
    assert!(bench.truth("P_kPaG").abs() < 5.0);
}

#[test]
fn stop_charging_stops_it() {
    let mut bench = Bench::new(PlantStart::Empty);
    bench.act("charge-methanol", None);
    bench.live(60);
    bench.act("stop-charging", None);
    let held = bench.truth("R102.methanol_kg");
    bench.live(60);
    assert!(held > 50.0 && (bench.truth("R102.methanol_kg") - held).abs() < 1.0);
    assert!(!bench.world.is_moving(sim::Action::ChargeMethanol));
}

#[test]
fn manhole_opens_only_near_atmospheric_pressure_and_lets_air_in() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.set("XV-111", true);
    bench.live(60);
    let refused = bench.world.act("open-manhole", None).expect_err("pressure");
    assert!(matches!(refused, ActionError::Refused { .. }), "{refused}");
    bench.set("XV-111", false);
    bench.set("XV-112", true);
    bench.live(120);
    bench.act("open-manhole", None);
    bench.live(300);
    assert!(!bench.input(IO1, DI_MANHOLE_CLOSED));
    assert!(bench.truth("O2") > 5.0, "{}", bench.truth("O2"));
    bench.act("close-manhole", None);
    bench.live(1);
    assert!(bench.input(IO1, DI_MANHOLE_CLOSED));
}

#[test]
fn nitrogen_through_an_open_manhole_thins_the_air_of_the_room() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.fault("manhole-open");
    bench.set("XV-111", true);
    bench.live(900);
    assert!(bench.truth("ROOM.O2") < 20.75, "{}", bench.truth("ROOM.O2"));
}

#[test]
fn vessel_without_room_refuses_a_charge() {
    let mut bench = Bench::new(PlantStart::Hydrogenation);
    let refused = bench.world.act("charge-methanol", None).expect_err("full");
    assert!(matches!(refused, ActionError::Refused { .. }));
    bench.act("charge-methanol", Some(100.0));
}

#[test]
fn every_action_has_two_languages_and_is_known_to_the_whole_plant() {
    let world = World::new(WorldConfig::u100(), 1);
    assert_eq!(world.actions().count(), actions().len());
    for entry in actions() {
        assert!(
            !entry.english.is_empty() && entry.chinese.chars().any(|c| c > '\u{2e80}'),
            "{}",
            entry.name
        );
        // Named as the typed action is.
        let typed = serde_json::to_string(&entry.action).expect("serialises");
        assert_eq!(
            typed.replace('-', ""),
            format!("\"{}\"", entry.name.replace('-', ""))
        );
    }
    let mut alone = World::new(WorldConfig::default(), 1);
    assert_eq!(alone.actions().count(), 4);
    assert!(matches!(
        alone.act("charge-methanol", None),
        Err(ActionError::UnknownAction { .. })
    ));
    assert!(matches!(
        alone.act("charge-a", Some(f64::NAN)),
        Err(ActionError::BadValue { .. })
    ));
    alone.act("charge-a", Some(15.0)).expect("charged");
    alone.step(60_000_000_000);
    assert!((alone.truth("nA").expect("a truth") - 2.5).abs() < 1e-6);
}
