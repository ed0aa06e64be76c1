//! Faulty twins of a sound matrix: each is caught, by the theorem that is meant to,
//! and told in the words of the plant.

mod plant;

use matrix::proof::{DeviceTrips, Failure, Fault, Theorem, WiredTrip};
use matrix::*;
use plant::{analog, channel, need, sound, valve, wire};

/// The failures of a twin; all must be of one theorem and one kind.
fn caught(theorem: Theorem, fault: Fault, spoil: impl FnOnce(&mut Matrix, &mut Facts)) -> Failure {
    let (mut matrix, mut facts) = sound();
    spoil(&mut matrix, &mut facts);
    let report = prove(&matrix, &facts);
    assert!(!report.is_proved(), "nobody noticed");
    for failure in &report.failures {
        assert_eq!(
            (failure.theorem, failure.fault),
            (theorem, fault),
            "{failure:#?}"
        );
    }
    report.failures[0].clone()
}

fn actions(matrix: &mut Matrix, effect: &str) -> &'static str {
    let at = matrix.effect(effect).expect(effect);
    let EffectKind::Final(actions) = &mut matrix.effects[at].kind else {
        panic!("{effect} has final elements");
    };
    actions.push(analog("TV-101", 20.0));
    "TV-101"
}

#[test]
fn two_effects_pull_a_valve_both_ways() {
    let failure = caught(Theorem::Reach, Fault::Defeated, |matrix, facts| {
        // The vent of C09 also throttles the cooling, and is wired before it.
        let device = actions(matrix, "E6");
        facts.devices = wire(matrix);
        let trips = facts.devices.iter_mut().find(|d| d.device == device);
        trips.expect(device).trips.reverse();
    });
    assert_eq!(
        failure.message,
        "C01 (TT-101 ≥ 50 °C) does not always bring TV-101 to 100 (E3 (full cooling)): \
         C09 (PT-101 ≥ 120 kPa(g)) defeats it"
    );
    assert_eq!(
        failure.counter_example,
        [
            "C01 (TT-101 ≥ 50 °C) stands: TT-101A is 30, TT-101B is 50, TT-101C is 50",
            "C09 (PT-101 ≥ 120 kPa(g)) has stood and is latched in RG-1",
            "TV-101 gets 20 by RG-1.E6, not 100 by RG-1.E3",
        ]
    );
}

#[test]
fn a_row_defeats_itself() {
    let failure = caught(Theorem::Reach, Fault::Defeated, |matrix, facts| {
        actions(matrix, "E6");
        facts.devices = wire(matrix);
    });
    assert!(
        failure.message.contains("its own other effect"),
        "{failure:#?}"
    );
    assert_eq!(failure.counter_example.len(), 2);
}

#[test]
fn a_trip_is_not_wired() {
    let failure = caught(Theorem::Reach, Fault::NotWired, |_, facts| {
        let brine = facts.devices.iter_mut().find(|d| d.device == "XV-117");
        brine.expect("XV-117").trips.clear();
    });
    assert_eq!(
        failure.message,
        "XV-117 is not wired to RG-1.E4: C01 (TT-101 ≥ 50 °C) does not bring it to open"
    );
    assert_eq!(failure.counter_example[1], "XV-117 has no trips");
}

#[test]
fn a_trip_is_wired_to_the_wrong_position() {
    let failure = caught(Theorem::Reach, Fault::NotWired, |_, facts| {
        let vent = facts.devices.iter_mut().find(|d| d.device == "XV-112");
        vent.expect("XV-112").trips[0].action = valve("XV-112", false);
    });
    assert_eq!(
        failure.counter_example[1],
        "trips of XV-112: RG-1.E6 gives closed"
    );
}

#[test]
fn a_trip_from_elsewhere_is_wired_first() {
    let failure = caught(Theorem::Reach, Fault::Defeated, |_, facts| {
        let brine: Option<&mut DeviceTrips> =
            facts.devices.iter_mut().find(|d| d.device == "XV-117");
        let foreign = WiredTrip {
            group: "RG-9".to_string(),
            effect: "E1".to_string(),
            action: valve("XV-117", false),
        };
        brine.expect("XV-117").trips.insert(0, foreign);
    });
    assert_eq!(
        failure.counter_example[1],
        "RG-9.E1, which is not of this matrix, is demanded"
    );
}

#[test]
fn a_limit_lies_beyond_the_range() {
    let failure = caught(Theorem::Reach, Fault::NeverTrips, |matrix, facts| {
        facts.ranges.insert("IT-101".to_string(), (0.0, 40.0));
        let jam = matrix.cause("C07").expect("C07");
        matrix.causes[jam].channels[0].test = Test::Above(45.0);
    });
    assert_eq!(
        failure.message,
        "C07 (IT-101 ≥ 36 A) can never trip with good values"
    );
    assert_eq!(failure.counter_example, ["IT-101 ≥ 45, range 0 to 40"]);
}

#[test]
fn a_single_channel_may_be_bypassed() {
    let failure = caught(Theorem::Bypass, Fault::HazardBypassed, |matrix, _| {
        let pressure = matrix.cause("C09").expect("C09");
        matrix.causes[pressure].channels.truncate(1);
        matrix.causes[pressure].channels[0].on_bad = OnBad::Trip;
    });
    assert_eq!(
        failure.message,
        "permitted bypasses leave nothing that guards against H-2 (overpressure)"
    );
    assert_eq!(
        failure.counter_example,
        [
            "PT-101A is bypassed for maintenance in C09 (PT-101 ≥ 120 kPa(g))",
            "none of C09 can trip",
        ]
    );
}

#[test]
fn the_only_guard_may_be_overridden() {
    let failure = caught(Theorem::Bypass, Fault::HazardBypassed, |matrix, _| {
        matrix.hazards[0].causes = vec![3];
    });
    assert_eq!(
        failure.counter_example,
        [
            "C06 (no agitation) is overridden for operation",
            "none of C06 can trip"
        ]
    );
}

#[test]
fn an_override_and_three_bypasses_add_up() {
    let failure = caught(Theorem::Bypass, Fault::HazardBypassed, |matrix, _| {
        matrix.bypass.per_vote_max = 3;
        matrix.bypass.per_unit_max = 3;
        // H-2 is out of the question here.
        let pressure = matrix.cause("C09").expect("C09");
        matrix.causes[pressure].mos = false;
    });
    assert_eq!(
        failure.counter_example,
        [
            "TT-101A is bypassed for maintenance in C01 (TT-101 ≥ 50 °C)",
            "TT-101B is bypassed for maintenance in C01 (TT-101 ≥ 50 °C)",
            "TT-101C is bypassed for maintenance in C01 (TT-101 ≥ 50 °C)",
            "C06 (no agitation) is overridden for operation",
            "none of C01, C06 can trip",
        ]
    );
    assert_eq!(failure.subjects.len(), 3);
}

#[test]
fn an_effect_without_a_cause() {
    let failure = caught(Theorem::Complete, Fault::EffectWithoutCause, |matrix, _| {
        let vent = matrix.effect("E6").expect("E6");
        matrix.cells.retain(|(_, effect), _| *effect != vent);
    });
    assert_eq!(failure.message, "no cause makes E6 (vent) act");
}

#[test]
fn a_cause_without_a_cell() {
    let failure = caught(Theorem::Complete, Fault::CauseWithoutCell, |matrix, _| {
        let cold = matrix.cause("C03").expect("C03");
        matrix.cells.retain(|(cause, _), _| *cause != cold);
    });
    assert_eq!(
        failure.message,
        "C03 (TT-101 ≤ 30 °C) has no cell: it does nothing"
    );
}

#[test]
fn a_hazard_without_a_cause_and_one_that_is_only_announced() {
    let failure = caught(Theorem::Complete, Fault::HazardWithoutCause, |matrix, _| {
        matrix.hazards[1].causes.clear();
    });
    assert_eq!(
        failure.message,
        "no cause guards against H-2 (overpressure)"
    );
    let failure = caught(Theorem::Complete, Fault::HazardNotActedOn, |matrix, _| {
        let hold = matrix.effect("E14").expect("E14");
        matrix
            .cells
            .retain(|(cause, effect), _| *cause != 2 || *effect >= hold);
        matrix.hazards[1].causes = vec![2];
    });
    assert!(failure.message.contains("acts on a final element"));
}

#[test]
fn a_silent_trip_and_an_urgent_nothing() {
    let failure = caught(Theorem::Complete, Fault::TripNotAnnounced, |matrix, _| {
        let horn = matrix.effect("E15").expect("E15");
        matrix.cells.remove(&(0, horn));
    });
    assert_eq!(
        failure.message,
        "C01 (TT-101 ≥ 50 °C) acts, and nobody hears of it"
    );
    let failure = caught(
        Theorem::Complete,
        Fault::UrgentWithoutAnswer,
        |matrix, _| {
            let horn = matrix.effect("E15").expect("E15");
            matrix
                .cells
                .retain(|(cause, effect), _| *cause != 2 || *effect == horn);
            matrix
                .cells
                .insert((2, horn), vec![Symbol::Priority(Priority::P1)]);
        },
    );
    assert!(failure.message.contains("announced as urgent"));
}

#[test]
fn what_points_nowhere_or_means_nothing() {
    caught(Theorem::Complete, Fault::Dangling, |matrix, _| {
        matrix.cells.insert((99, 99), vec![Symbol::Trip]);
    });
    caught(Theorem::Complete, Fault::Dangling, |matrix, _| {
        matrix.hazards[0].causes.push(99);
    });
    caught(Theorem::Complete, Fault::Dangling, |matrix, _| {
        matrix.hazards[0].causes.push(99);
        matrix.cells.insert((99, 0), vec![Symbol::Trip]);
    });
    // The only guard of H-2 means nothing: said once, not once more of the hazard.
    caught(Theorem::Complete, Fault::BadCause, |matrix, _| {
        matrix.causes[5].channels.clear();
    });
    caught(Theorem::Complete, Fault::SymbolOutOfPlace, |matrix, _| {
        matrix.cells.insert((0, 4), vec![Symbol::Yes]);
    });
    caught(Theorem::Complete, Fault::EffectWithoutGroup, |matrix, _| {
        matrix.effects[4].group = None;
    });
    let spoils: [fn(&mut Cause); 4] = [
        |cause| cause.m = 0,
        |cause| cause.m = 4,
        |cause| cause.channels.clear(),
        |cause| cause.channels[0].test = Test::Above(f64::NAN),
    ];
    for spoil in spoils {
        caught(Theorem::Complete, Fault::BadCause, |matrix, _| {
            spoil(&mut matrix.causes[2]);
        });
    }
}

#[test]
fn a_permissive_contradicts_itself() {
    let failure = caught(Theorem::Permissive, Fault::PermitNeverHolds, |_, facts| {
        facts.permits[0]
            .needs
            .push(need("TT-101A", Test::Below(30.0)));
    });
    assert_eq!(
        failure.counter_example,
        [
            "needed: TT-101A ≥ 35, range -20 to 150",
            "needed: TT-101A ≤ 30, range -20 to 150",
        ]
    );
}

#[test]
fn a_permissive_contradicts_a_row() {
    let failure = caught(Theorem::Permissive, Fault::PermitNeverHolds, |_, facts| {
        facts.permits[0].needs = vec![
            need("DOSING", Test::Is(true)),
            need("TT-101A", Test::Below(30.0)),
            need("TT-101B", Test::Below(28.0)),
        ];
    });
    assert_eq!(
        failure.counter_example,
        [
            "needed: DOSING is true",
            "needed: TT-101A ≤ 30, range -20 to 150",
            "needed: TT-101B ≤ 28",
            "needed: RG-1 not tripped, so not C03 (TT-101 ≤ 30 °C) \
             (TT-101A ≤ 30, TT-101B ≤ 30, TT-101C ≤ 30)",
        ]
    );
}

#[test]
fn at_the_limit_is_beyond_it() {
    caught(Theorem::Permissive, Fault::PermitNeverHolds, |_, facts| {
        facts.permits[0].needs = vec![
            need("PT-101A", Test::Above(120.0)),
            need("PT-101A", Test::Below(120.0)),
        ];
    });
    let (matrix, mut facts) = sound();
    facts.permits[0].needs = vec![
        need("TT-101A", Test::Above(40.0)),
        need("TT-101A", Test::Below(40.0)),
    ];
    assert_eq!(prove(&matrix, &facts).failures, []);
}

#[test]
fn a_permissive_cell_that_never_clears() {
    let failure = caught(
        Theorem::Permissive,
        Fault::PermissiveNeverClears,
        |matrix, _| {
            let oxygen = matrix.cause("C22").expect("C22");
            // Out of range, with one limit for both sides.
            matrix.causes[oxygen].channels = vec![
                channel("AT-101A", Test::Above(2.0)),
                channel("AT-101A", Test::Below(0.1)),
            ];
        },
    );
    assert_eq!(
        failure.counter_example,
        [
            "1oo2 of AT-101A ≥ 1, AT-101A ≤ 1: one way or the other always there",
            "armed while INERT is true",
        ]
    );
}

#[test]
fn a_slow_channel() {
    let failure = caught(Theorem::Response, Fault::TooSlow, |_, facts| {
        facts.age_s.insert("PT-101B".to_string(), 0.55);
    });
    assert_eq!(
        failure.message,
        "C09 (PT-101 ≥ 120 kPa(g)) acts within 0.65 s, too slow for its response time"
    );
    assert_eq!(
        failure.counter_example,
        [
            "PT-101B is up to 0.55 s old when it arrives",
            "the scan that sees it comes up to 0.1 s later",
            "the delay of the row takes 0 s",
            "together 0.65 s, permitted 0.5 s",
        ]
    );
}

#[test]
fn a_delay_that_ends_with_the_next_scan() {
    // 0.25 + 0.1 + 0.65 s would just do; but 0.65 s end at 0.7 s.
    let delay = |seconds: f64| {
        move |matrix: &mut Matrix, _: &mut Facts| matrix.causes[3].on_delay_s = seconds
    };
    caught(Theorem::Response, Fault::TooSlow, delay(0.65));
    let (mut matrix, mut facts) = sound();
    delay(0.6)(&mut matrix, &mut facts);
    assert_eq!(prove(&matrix, &facts).failures, []);
}

#[test]
fn a_delayed_cell_comes_too_late_for_the_process() {
    let failure = caught(Theorem::Response, Fault::TooSlowForProcess, |matrix, _| {
        matrix.cells.insert((0, 3), vec![Symbol::Delayed(60.0)]);
    });
    assert_eq!(
        failure.message,
        "C01 (TT-101 ≥ 50 °C) brings E4 (emergency brine) within 61.35 s, too slow for 0.5 of \
         its process safety time of 120 s"
    );
    assert_eq!(failure.counter_example[3], "`T(60)` takes 60 s");
}

#[test]
fn times_that_do_not_fit_or_are_not_known() {
    caught(Theorem::Response, Fault::ResponseTooLong, |matrix, _| {
        matrix.causes[3].safety_time_s = Some(1.8);
    });
    caught(Theorem::Response, Fault::AgeUnknown, |_, facts| {
        facts.age_s.remove("IT-101");
    });
    caught(Theorem::Response, Fault::TooSlow, |matrix, _| {
        matrix.causes[3].response_s = Some(f64::NAN);
    });
}

#[test]
fn one_bad_sensor_disables_a_single_channel() {
    let failure = caught(Theorem::Sensor, Fault::SensorDisablesRow, |matrix, _| {
        let esd = matrix.cause("C27").expect("C27");
        matrix.causes[esd].channels[0].on_bad = OnBad::NoTrip;
    });
    assert_eq!(
        failure.message,
        "HS-100 alone, bad, keeps C27 (HS-100 pressed) from tripping"
    );
    assert_eq!(
        failure.counter_example,
        [
            "HS-100 is bad",
            "its channel HS-100 is false votes against the trip",
            "1oo1 does not trip",
        ]
    );
}

#[test]
fn one_bad_sensor_disables_a_vote_of_two() {
    let spoil = |class: Class| {
        move |matrix: &mut Matrix, _: &mut Facts| {
            let pressure = matrix.cause("C09").expect("C09");
            let row = &mut matrix.causes[pressure];
            row.m = 2;
            row.mos = false;
            row.class = class;
            row.channels
                .iter_mut()
                .for_each(|c| c.on_bad = OnBad::NoTrip);
        }
    };
    let failure = caught(
        Theorem::Sensor,
        Fault::SensorDisablesRow,
        spoil(Class::Safety),
    );
    assert_eq!(
        failure.counter_example,
        [
            "PT-101A is bad",
            "its channel PT-101A ≥ 120 votes against the trip",
            "PT-101B ≥ 120",
            "2oo2 does not trip",
        ]
    );
    // Not claimed of what protects only the process.
    let (mut matrix, mut facts) = sound();
    spoil(Class::Process)(&mut matrix, &mut facts);
    assert_eq!(prove(&matrix, &facts).failures, []);
}

#[test]
fn one_sensor_in_two_channels_fails_in_both() {
    caught(Theorem::Sensor, Fault::SensorDisablesRow, |matrix, _| {
        let oxygen = matrix.cause("C22").expect("C22");
        let row = &mut matrix.causes[oxygen];
        row.channels[1].tag = "AT-101A".to_string();
        row.channels
            .iter_mut()
            .for_each(|c| c.on_bad = OnBad::NoTrip);
    });
}
