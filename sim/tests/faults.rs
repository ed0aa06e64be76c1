//! Every fault of the library does what it says, and goes when cleared.

use sim::faults::Target;
use sim::image::{
    DI_AGITATOR_RUN, DI_DISC_INTACT, DI_ESD_RELEASED, DI_SAMPLE_FLOW, HR_HEARTBEAT, IR_DOSING_FLOW,
    IR_DOSING_FLOW_STATUS, IR_DOSING_WEIGHT,
};
use sim::{Fault, FaultError, World, WorldConfig, library};

fn world() -> World {
    World::new(WorldConfig::default(), 7)
}

fn live(world: &mut World, seconds: u32) {
    for _ in 0..seconds {
        let beat = world.tables().holding[HR_HEARTBEAT].wrapping_add(1);
        world.tables_mut().holding[HR_HEARTBEAT] = beat;
        world.step(1_000_000_000);
    }
}

fn truth(world: &World, name: &str) -> f64 {
    world
        .truth(name)
        .unwrap_or_else(|| panic!("no truth {name}"))
}

fn with(fault: Fault) -> World {
    let mut world = world();
    world.inject(&fault).expect("accepted");
    live(&mut world, 1);
    world
}

#[test]
fn every_fault_of_the_library_is_injected_named_and_cleared() {
    for entry in library() {
        let name = match entry.target {
            Target::None | Target::DosingLineOrValve | Target::Pair | Target::StationOrAll => {
                entry.name.to_string()
            }
            Target::Transmitter => format!("{}:TT-101A", entry.name),
            Target::Valve => format!("{}:XV-112", entry.name),
        };
        let mut world = world();
        world.inject(&Fault::new(&name)).expect(&name);
        world.step(50_000_000);
        assert_eq!(world.active_faults().collect::<Vec<_>>(), [name.as_str()]);
        assert!(world.clear(&name));
        world.step(50_000_000);
        assert_eq!(world.active_faults().count(), 0, "{name}");
        assert!(
            !entry.english.is_empty() && entry.chinese.chars().any(|c| c > '\u{2e80}'),
            "{name}"
        );
    }
}

#[test]
fn wrong_names_targets_numbers_and_times_are_refused() {
    let mut world = world();
    let mut refused = |fault: Fault| world.inject(&fault).expect_err("refused");
    assert!(matches!(
        refused(Fault::new("gremlin")),
        FaultError::UnknownFault { .. }
    ));
    assert!(matches!(
        refused(Fault::new("sensor-drift")),
        FaultError::BadTarget { .. }
    ));
    assert!(matches!(
        refused(Fault::new("sensor-drift:TT-999")),
        FaultError::BadTarget { .. }
    ));
    assert!(matches!(
        refused(Fault::new("agitator-stop:M-101")),
        FaultError::BadTarget { .. }
    ));
    assert!(matches!(
        refused(Fault::new("sensor-swap:TT-102/TT-102")),
        FaultError::BadTarget { .. }
    ));
    assert!(matches!(
        refused(Fault::new("brine-warm").value(f64::NAN)),
        FaultError::BadValue { .. }
    ));
    assert!(matches!(
        refused(Fault::new("brine-warm").value(500.0)),
        FaultError::BadValue { .. }
    ));
    assert!(matches!(
        refused(Fault::new("agitator-stop").value(1.0)),
        FaultError::BadValue { .. }
    ));
    assert!(matches!(
        refused(Fault::new("agitator-stop").at_s(-1.0)),
        FaultError::BadTime { .. }
    ));
    assert!(matches!(
        refused(Fault::new("agitator-stop").for_s(f64::INFINITY)),
        FaultError::BadTime { .. }
    ));
    assert!(!world.clear("agitator-stop"));
}

#[test]
fn fault_begins_at_its_time_and_ends_after_its_duration() {
    let mut world = world();
    world
        .inject(&Fault::new("esd-pressed").at_s(10.0).for_s(5.0))
        .expect("accepted");
    live(&mut world, 10);
    assert!(world.tables().discrete[DI_ESD_RELEASED]);
    live(&mut world, 1);
    assert!(!world.tables().discrete[DI_ESD_RELEASED]);
    live(&mut world, 5);
    assert!(world.tables().discrete[DI_ESD_RELEASED]);
    assert_eq!(world.active_faults().count(), 0);
}

#[test]
fn two_faults_on_one_device_do_not_undo_each_other() {
    let mut world = world();
    world
        .inject(&Fault::new("coolant-pump-trip"))
        .expect("accepted");
    world
        .inject(&Fault::new("cooling-lost").for_s(5.0))
        .expect("accepted");
    live(&mut world, 20);
    assert!(
        truth(&world, "cooling_available_kW") < 0.1,
        "the pump trip outlives the loss of all cooling"
    );
    world.clear("coolant-pump-trip");
    live(&mut world, 20);
    assert!((truth(&world, "cooling_available_kW") - 90.0).abs() < 0.1);
}

#[test]
fn tripped_agitator_stays_down_until_commanded_anew() {
    let mut world = with(Fault::new("agitator-stop").for_s(3.0));
    live(&mut world, 30);
    assert!(!world.tables().discrete[DI_AGITATOR_RUN]);
    assert_eq!(truth(&world, "speed_rpm"), 0.0);
    world.tables_mut().coils[7] = false;
    live(&mut world, 1);
    world.tables_mut().coils[7] = true;
    live(&mut world, 15);
    assert_eq!(truth(&world, "speed_rpm"), 90.0);
}

#[test]
fn power_dip_drops_the_agitator_but_not_the_station() {
    let mut world = with(Fault::new("power-dip"));
    live(&mut world, 30);
    assert!(!world.tables().discrete[DI_AGITATOR_RUN]);
    assert!(!world.is_silent());
    assert!(
        (truth(&world, "cooling_available_kW") - 90.0).abs() < 1.0,
        "pumps restart by themselves"
    );
}

#[test]
fn lost_blades_turn_without_mixing() {
    let mut world = with(Fault::new("agitator-blade-loss"));
    live(&mut world, 5);
    assert!(world.tables().discrete[DI_AGITATOR_RUN]);
    assert!(
        120.0 * world.tables().loop_fraction(10) > 85.0,
        "ST-101 sees the shaft"
    );
    assert!(40.0 * world.tables().loop_fraction(11) < 8.0, "IT-101 LL");
}

#[test]
fn lost_cooling_shows_on_circulation_and_coolant_pressure() {
    let mut world = with(Fault::new("coolant-pump-trip"));
    live(&mut world, 10);
    assert!(25.0 * world.tables().loop_fraction(13) < 5.0, "FT-102 LL");
    assert!(
        600.0 * world.tables().loop_fraction(14) < 180.0,
        "PT-103 LL"
    );
    world.tables_mut().coils[2] = false; // XV-117 opens
    live(&mut world, 10);
    assert!(
        truth(&world, "duty_kW") < -50.0,
        "emergency brine needs neither pump"
    );
    world.inject(&Fault::new("cooling-lost")).expect("accepted");
    live(&mut world, 10);
    assert!(truth(&world, "duty_kW").abs() < 0.2);
}

#[test]
fn warm_brine_shows_on_its_thermometer() {
    let mut world = with(Fault::new("brine-warm"));
    live(&mut world, 60);
    assert!(-30.0 + 80.0 * world.tables().loop_fraction(15) > 4.0);
}

#[test]
fn stuck_valves_ignore_their_demand() {
    let mut world = with(Fault::new("coolant-valve-stuck"));
    world.tables_mut().holding[1] = 10_000;
    live(&mut world, 10);
    assert_eq!(truth(&world, "duty_kW"), 0.0);

    let mut world = with(Fault::new("fv-101-stuck-open"));
    (world.tables_mut().coils[0], world.tables_mut().coils[1]) = (true, true);
    live(&mut world, 10);
    assert!(
        (truth(&world, "feed_kg_h") - 120.0).abs() < 1e-6,
        "the orifice holds"
    );
    world
        .inject(&Fault::new("orifice-missing"))
        .expect("accepted");
    live(&mut world, 1);
    assert!(truth(&world, "feed_kg_h") > 225.0);
}

#[test]
fn leaking_dosing_line_empties_its_vessel_behind_closed_switches() {
    let mut world = with(Fault::new("xv-leak-by"));
    let before = truth(&world, "dosing_vessel_kg");
    live(&mut world, 60);
    let per_min = before - truth(&world, "dosing_vessel_kg");
    assert!(per_min > 1.0, "{per_min} kg/min");
    assert!(
        world.tables().discrete[2] && world.tables().discrete[4],
        "both ZSC made"
    );
}

#[test]
fn transmitter_faults_show_in_their_registers() {
    for (fault, register, current) in [
        ("sensor-fail-high:TT-101A", 0, 21_000),
        ("sensor-fail-low:PT-101B", 7, 3600),
        ("sensor-wire-break:AT-101A", 8, 0),
    ] {
        let mut world = with(Fault::new(fault));
        assert_eq!(world.tables().input[register], current, "{fault}");
        world.clear(fault);
        live(&mut world, 30);
        assert!(
            (4000..=20_000).contains(&world.tables().input[register]),
            "{fault} cleared"
        );
    }
    let world = with(Fault::new("sensor-nan:FT-101"));
    assert!(world.tables().float(IR_DOSING_FLOW).is_nan());
    let world = with(Fault::new("sensor-wire-break:FT-101"));
    assert_eq!(world.tables().input[IR_DOSING_FLOW_STATUS], 1);
}

#[test]
fn frozen_thermometer_repeats_itself_to_the_last_bit() {
    let mut world = with(Fault::new("sensor-frozen:TT-101B"));
    let held = world.tables().input[1];
    for _ in 0..100 {
        live(&mut world, 1);
        assert_eq!(world.tables().input[1], held);
    }
}

#[test]
fn drifting_thermometer_reaches_six_kelvin_in_ten_minutes_and_returns() {
    let mut world = with(Fault::new("sensor-drift:TT-101A"));
    let gap =
        |world: &World| 170.0 * (world.tables().loop_fraction(0) - world.tables().loop_fraction(2));
    live(&mut world, 300);
    assert!((gap(&world) - 3.0).abs() < 0.8, "{}", gap(&world));
    live(&mut world, 400);
    assert!((gap(&world) - 6.0).abs() < 0.8, "{}", gap(&world));
    world.clear("sensor-drift:TT-101A");
    live(&mut world, 2);
    assert!(gap(&world).abs() < 0.8, "{}", gap(&world));
}

#[test]
fn drifting_weight_walks_away_from_the_vessel() {
    let mut world = with(Fault::new("weight-drift").value(-60.0));
    live(&mut world, 600);
    let shown = f64::from(world.tables().float(IR_DOSING_WEIGHT));
    assert!((shown - 290.0).abs() < 0.5, "{shown}");
    assert_eq!(truth(&world, "dosing_vessel_kg"), 300.0);
}

#[test]
fn swapped_transmitters_trade_registers() {
    let mut world = with(Fault::new("sensor-swap:TT-101A/PT-101A"));
    live(&mut world, 5);
    let swapped_pressure = -100.0 + 500.0 * world.tables().loop_fraction(0);
    assert!((swapped_pressure - 3.0).abs() < 2.0, "{swapped_pressure}");
}

#[test]
fn analyser_without_sample_flow_shows_the_past() {
    let mut world = with(Fault::new("o2-sample-flow-loss"));
    world.inject(&Fault::new("manhole-open")).expect("accepted");
    live(&mut world, 600);
    assert!(!world.tables().discrete[DI_SAMPLE_FLOW]);
    assert!(truth(&world, "O2") > 5.0);
    assert!(25.0 * world.tables().loop_fraction(8) < 1.3);
    world.clear("o2-sample-flow-loss");
    live(&mut world, 120);
    assert!(25.0 * world.tables().loop_fraction(8) > 5.0);
}

#[test]
fn low_nitrogen_header_shows_and_starves_the_vessel() {
    let mut world = with(Fault::new("n2-header-low"));
    live(&mut world, 5);
    assert!((1000.0 * world.tables().loop_fraction(17) - 300.0).abs() < 5.0);
}

#[test]
fn burst_disc_stays_burst_until_a_new_one_is_fitted() {
    let mut world = with(Fault::new("rupture-disc-burst"));
    assert!(!world.tables().discrete[DI_DISC_INTACT]);
    world.clear("rupture-disc-burst");
    live(&mut world, 1);
    assert!(world.tables().discrete[DI_DISC_INTACT]);
}

#[test]
fn lost_station_hears_nothing_and_falls_to_its_fail_positions() {
    let mut world = with(Fault::new("io-station-loss").at_s(10.0).for_s(20.0));
    (world.tables_mut().coils[0], world.tables_mut().coils[1]) = (true, true);
    world.tables_mut().holding[0] = 5000;
    live(&mut world, 8);
    assert!(truth(&world, "feed_kg_h") > 50.0);
    live(&mut world, 10);
    assert!(
        world.is_silent() && world.watchdog_expired(),
        "heartbeats written meanwhile are not heard"
    );
    assert_eq!(truth(&world, "feed_kg_h"), 0.0);
    live(&mut world, 20);
    assert!(!world.is_silent() && !world.watchdog_expired());
}
