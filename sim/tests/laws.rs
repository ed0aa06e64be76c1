//! Nothing is made or lost: mass, moles and energy over any run.

use proptest::prelude::*;
use sim::models::r101::headspace::GasDrive;
use sim::models::r101::heat::JacketDrive;
use sim::models::r101::{Balance, Drives, R101Config, State, Unit};

fn balance(config: &R101Config) -> Balance {
    Balance::new(
        config.chemistry.clone(),
        config.thermal.clone(),
        config.agitation.clone(),
        config.head_space.clone(),
        config.dosing.feed_c,
    )
}

fn shut() -> Drives {
    Drives {
        feed_kg_s: 0.0,
        drain_kg_s: 0.0,
        stirring: 1.0,
        jacket: JacketDrive {
            cooling: 0.0,
            heating: 0.0,
            brine: 0.0,
            coolant_c: -10.0,
            coolant_kpa_g: 400.0,
            circulation_m3_h: 15.0,
        },
        gas: GasDrive {
            inlet: 0.0,
            header_pa: 701_325.0,
            vent: 0.0,
            relief: 0.0,
            room: 0.0,
            exchange_mol_s: 0.0,
            suction_m3_s: 0.0,
            condenser: 1.0,
        },
    }
}

fn start(config: &R101Config, celsius: f64, b_kg: f64) -> State {
    let mut config = config.clone();
    config.start.temperature_c = celsius;
    config.start.b_kg = b_kg;
    *Unit::new(config, 1, 0.05).state()
}

fn run(balance: &Balance, mut s: State, segments: &[(Drives, u32)]) -> State {
    for (drives, ticks) in segments {
        for _ in 0..*ticks {
            s = s.advance(0.05, |s| balance.slope(s, drives));
        }
    }
    s
}

prop_compose! {
    fn any_drives()(
        feed in prop_oneof![Just(0.0), 0.0..0.08f64],
        drain in prop_oneof![3 => Just(0.0), 1 => 0.0..2.0f64],
        stirring in 0.0..=1.0f64,
        (cooling, heating, brine) in (0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64),
        circulation in prop_oneof![Just(0.0), 0.0..15.0f64],
        (inlet, vent, relief) in (0.0..8e-7f64, 0.0..2.2e-5f64, prop_oneof![Just(0.0), Just(1.5e-4)]),
        (suction, exchange, condenser) in (0.0..0.03f64, 0.0..0.6f64, 0.0..=1.0f64),
    ) -> Drives {
        let mut drives = shut();
        drives.feed_kg_s = feed;
        drives.drain_kg_s = drain;
        drives.stirring = stirring;
        drives.jacket = JacketDrive { cooling, heating, brine, circulation_m3_h: circulation, ..drives.jacket };
        drives.gas = GasDrive {
            inlet, vent, relief, suction_m3_s: suction, exchange_mol_s: exchange, condenser, ..drives.gas
        };
        drives
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mass_and_moles_balance_over_any_run(
        celsius in 0.0..105.0f64,
        b_kg in 0.0..300.0f64,
        segments in prop::collection::vec((any_drives(), 1..400u32), 1..6),
    ) {
        let config = R101Config::default();
        let balance = balance(&config);
        let (chemistry, space) = (&config.chemistry, &config.head_space);
        let first = start(&config, celsius, b_kg);
        let s = run(&balance, first, &segments);
        let close = |what: &str, left: f64, right: f64, scale: f64| {
            let error = (left - right).abs() / scale;
            prop_assert!(error < 1e-9, "{what}: {left} against {right}");
            Ok(())
        };

        // A + C and B + C: reaction moves them, only feed and drain change them.
        close("A + C", s.a_kmol + s.c_kmol, first.a_kmol + first.c_kmol + s.ledger.a_and_c_kmol, 2.4)?;
        close("B + C", s.b_kmol + s.c_kmol, first.b_kmol + first.c_kmol + s.ledger.b_and_c_kmol, 2.4)?;

        // Mass of liquid, vapour, decomposition gas and what of them has left.
        let mass = |s: &State| {
            balance.mass_kg(s)
                + (s.vapour_mol + s.ledger.vapour_out_mol) * space.solvent_kg_mol
                + (s.gas_mol + s.ledger.gas_out_mol) * chemistry.decomposition_gas_kg_mol
                - s.ledger.liquid_kg
        };
        close("mass", mass(&s), mass(&first), 1310.0)?;

        for (what, amount) in [
            ("A", s.a_kmol), ("B", s.b_kmol), ("C", s.c_kmol), ("N2", s.nitrogen_mol), ("O2", s.oxygen_mol),
            ("gas", s.gas_mol), ("vapour", s.vapour_mol), ("decomposed", s.decomposed_kg),
        ] {
            prop_assert!(amount >= -1e-9 && amount.is_finite(), "{what} = {amount}");
        }
    }

    #[test]
    fn energy_rises_by_what_reactions_release_and_the_boundary_lets_in(
        celsius in 0.0..105.0f64,
        b_kg in 0.0..300.0f64,
        mut segments in prop::collection::vec((any_drives(), 1..400u32), 1..6),
    ) {
        // Drained material takes its history along: with it, C made is no longer C present.
        for (drives, _) in &mut segments {
            drives.drain_kg_s = 0.0;
        }
        let config = R101Config::default();
        let balance = balance(&config);
        let first = start(&config, celsius, b_kg);
        let s = run(&balance, first, &segments);
        let sensible_j = s.energy_j + s.jacket_j - first.energy_j - first.jacket_j;
        let released_j = config.chemistry.heat_j_kmol * s.c_kmol
            + config.chemistry.decomposition_heat_j_kg * s.decomposed_kg;
        let error_j = (sensible_j - released_j - s.ledger.energy_j).abs();
        prop_assert!(error_j < 1e-9 * (released_j.abs() + s.ledger.energy_j.abs() + 1e8), "off by {error_j} J");
    }

    #[test]
    fn closed_vessel_keeps_its_nitrogen_and_oxygen(celsius in 0.0..105.0f64, b_kg in 0.0..300.0f64) {
        let config = R101Config::default();
        let balance = balance(&config);
        let first = start(&config, celsius, b_kg);
        let mut drives = shut();
        drives.jacket.cooling = 0.3;
        let mut s = first;
        for _ in 0..2000 {
            s = s.advance(0.05, |s| balance.slope(s, &drives));
        }
        // Cold contents may draw a little vacuum, and with it leak air: nothing ever leaves.
        prop_assert!(s.nitrogen_mol >= first.nitrogen_mol * (1.0 - 1e-12));
        prop_assert!(s.nitrogen_mol <= first.nitrogen_mol + 0.1);
        prop_assert!(s.oxygen_mol >= first.oxygen_mol * (1.0 - 1e-12));
    }
}

#[test]
fn adiabatic_batch_rises_by_the_heat_of_reaction_over_the_heat_capacity() {
    let mut config = R101Config::default();
    config.thermal.ua_w_k = 0.0;
    config.chemistry.decomposition_activation_j_mol = 140e3;
    config.chemistry.td24_c = 400.0; // no decomposition in sight
    config.head_space.vapour_activity = 0.0; // no evaporation
    let balance = balance(&config);
    let first = start(&config, 20.0, 120.0); // 1 kmol of B into 2.4 kmol of A
    let drives = shut();
    let mut s = first;
    for _ in 0..400_000 {
        s = s.advance(0.05, |s| balance.slope(s, &drives));
    }
    // 160 MJ over (360 + 120 + 950) kg × 1.9 kJ/(kg K) + 0.5 MJ/K = 3.217 MJ/K: 49.74 K
    let rise_k = balance.conditions(&s, &drives).temperature_c - 20.0;
    assert!(s.b_kmol < 1e-6, "B left: {}", s.b_kmol);
    assert!((rise_k - 160e6 / 3.217e6).abs() < 1e-3, "{rise_k}");
}

#[test]
fn adiabatic_time_to_maximum_rate_from_td24_is_about_a_day() {
    // Zero-order estimate; first-order consumption lengthens it a little (Stoessel 2008, ch. 2).
    let mut config = R101Config::default();
    config.thermal.ua_w_k = 0.0;
    config.thermal.vessel_j_k = 0.0;
    config.head_space.vapour_activity = 0.0;
    config.start.a_kg = 0.0;
    let balance = balance(&config);
    let drives = shut();
    let mut s = start(&config, 80.0, 0.0);
    let (mut peak_w, mut peak_s) = (0.0, 0.0);
    for step in 0..2_400_000u32 {
        s = s.advance(0.05, |s| balance.slope(s, &drives));
        let power_w = balance.conditions(&s, &drives).decomposition_w;
        if power_w > peak_w {
            (peak_w, peak_s) = (power_w, f64::from(step) * 0.05);
        }
    }
    let hours = peak_s / 3600.0;
    assert!((23.0..28.0).contains(&hours), "{hours} h");
}
