//! The independent SIS against the plant's own upsets, and what the controller sees of it.

use crate::bench::Bench;
use sim::WorldConfig;
use sim::models::u100::PlantStart;
use sim::models::u100::map::{IO1, IR_SIS};

fn bitmap(bench: &Bench) -> u16 {
    bench.world.stations()[IO1].tables().input[IR_SIS]
}

#[test]
fn healthy_plant_shows_a_bitmap_of_zero() {
    for start in [
        PlantStart::Charged,
        PlantStart::Empty,
        PlantStart::Hydrogenation,
    ] {
        let mut bench = Bench::new(start);
        bench.live(60);
        assert_eq!(bitmap(&bench), 0);
    }
}

#[test]
fn agitator_lost_while_dosing_shuts_the_sis_valve_if_nobody_else_does() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.demand("FV-101", 50.0);
    bench.set("XV-101A", true);
    bench.set("XV-101B", true);
    bench.live(60);
    assert!(bench.truth("feed_kg_h") > 50.0);
    bench.fault("agitator-stop");
    bench.live(40);
    assert_eq!(bench.truth("feed_kg_h"), 0.0);
    assert_eq!(bitmap(&bench) & 0b100, 0b100);
    assert_eq!(
        bench.truth("XV118.opening"),
        0.0,
        "no quench for that alone"
    );
}

#[test]
fn dosing_without_cooling_is_quenched_at_sixty_degrees_if_the_sis_is_fitted() {
    let run = |fitted: bool| {
        let mut config = WorldConfig::u100();
        config.sis.fitted = fitted;
        let mut bench = Bench::of(config);
        bench.demand("FV-101", 26.0); // about 75 kg/h
        bench.set("XV-101A", true);
        bench.set("XV-101B", true);
        bench.fault("cooling-lost");
        bench.live(3 * 3600);
        bench
    };
    let quenched = run(true);
    assert!(
        quenched.truth("T_max") < 66.0,
        "{}",
        quenched.truth("T_max")
    );
    assert!(quenched.truth("mass_kg") < 5.0 && quenched.truth("V105.level") > 80.0);
    assert!(run(false).truth("T_max") > 85.0);
}

#[test]
fn pressed_stop_button_shuts_both_feeds_until_reset() {
    let mut bench = Bench::new(PlantStart::Charged);
    bench.fault("esd-pressed");
    bench.live(5);
    assert_eq!(
        (bench.truth("SIS.XZV101"), bench.truth("SIS.XZV201")),
        (0.0, 0.0)
    );
    assert!(
        bench.world.act("reset-sis", None).is_err(),
        "the button is still in"
    );
    bench.world.clear("esd-pressed");
    bench.live(2);
    assert_ne!(bitmap(&bench), 0, "latched");
    bench.act("reset-sis", None);
    bench.live(5);
    assert_eq!(bitmap(&bench), 0);
    assert_eq!(
        (bench.truth("SIS.XZV101"), bench.truth("SIS.XZV201")),
        (1.0, 1.0)
    );
}

#[test]
fn horn_and_beacons_follow_their_coils_and_fall_silent_with_the_controller() {
    let mut bench = Bench::new(PlantStart::Charged);
    let tables = bench.world.tables_of_mut(IO1);
    (tables.coils[13], tables.coils[14], tables.coils[15]) = (true, true, true);
    bench.live(1);
    for name in ["HORN", "BEACON.red", "BEACON.amber"] {
        assert_eq!(bench.truth(name), 1.0, "{name}");
    }
    bench.world.step(5_000_000_000);
    assert_eq!(bench.truth("HORN"), 0.0);
}
