use super::*;
use crate::reactor::Reactor;
use crate::rig::{Rig, problems};
use proptest::prelude::*;

const TEXT: &str = r#"
    field = { t = 40.0, j = 40.0, d = 0.0, f = 0.0, run = true }
    [[block]]
    kind = "CALORIMETRY"
    name = "QC"
    temperature = "t"
    ua = 2.1
    jacket = "j"
    heel = 1310.0
    dosed = "d"
    feed = "f"
    cp = 1.9
    vessel = 500.0
    enthalpy = 160.0
    limiting = 2.4
    molar_mass = 120.0
    mtt = 110.6
    td24 = 80.0
    stirred = "run"
"#;

const DEMO: Reaction = Reaction {
    enthalpy: 160.0,
    limiting: 2.4,
    molar_mass: 120.0,
    cp: 1.9,
    assumed_per_h: 0.0,
};

fn bring(rig: &mut Rig, reactor: &Reactor, feed: f64) {
    rig.field("t", reactor.t)
        .field("j", reactor.jacket)
        .field("d", reactor.dosed)
        .field("f", feed)
        .scans(1);
}

#[test]
fn the_normal_batch_has_the_published_mtsr_and_class() {
    let mut rig = Rig::new(1000, TEXT);
    let mut reactor = Reactor::new();
    let (mut t_max, mut mtsr_max, mut acc_max, mut b_max) = (0.0f64, 0.0f64, 0.0f64, 0.0f64);
    for second in 0..6 * 3600 {
        let feed = if (600..600 + 4 * 3600).contains(&second) {
            75.0
        } else {
            0.0
        };
        reactor.second(feed);
        bring(&mut rig, &reactor, feed);
        t_max = t_max.max(reactor.t);
        b_max = b_max.max(100.0 * reactor.b / 2.4);
        if second > 120 {
            mtsr_max = mtsr_max.max(rig.value("QC.MTSR"));
            acc_max = acc_max.max(rig.value("QC.X_ACC"));
            assert!(rig.is("QC.VALID"));
            assert_eq!(rig.value("QC.CLASS"), 2.0, "{second}");
            let off = rig.value("QC.MTSR") - reactor.mtsr();
            assert!(off.abs() < 1.5, "{second}: {off}");
            let off = rig.value("QC.X_ACC") - 100.0 * reactor.accumulation();
            assert!(off.abs() < 1.5, "{second}: {off}");
        }
    }
    // 42.6 °C, 15 %, 56.4 °C of the reference calculation, whose 15 % count B in
    // excess too; what can react of it is less.
    assert!((t_max - 42.6).abs() < 0.5, "{t_max}");
    assert!((b_max - 15.0).abs() < 1.0, "{b_max}");
    assert!((12.0..b_max).contains(&acc_max), "{acc_max}");
    assert!((mtsr_max - 56.4).abs() < 1.5, "{mtsr_max}");
    let x = rig.value("QC.X");
    assert!((x - 100.0 * (1.0 - reactor.a / 2.4)).abs() < 1.5, "{x}");
    assert!(rig.value("QC.CONFIDENCE") > 90.0);
    assert!(rig.value("QC.HEAT").abs() < 2.0);
}

#[test]
fn fully_accumulated_the_reaction_is_of_class_5_at_165_degrees() {
    let mut rig = Rig::new(1000, TEXT);
    rig.field("run", 0.0).field("d", 300.0).scans(200);
    let mtsr = rig.value("QC.MTSR");
    assert!((mtsr - 165.0).abs() < 1.0, "{mtsr}");
    assert_eq!(rig.value("QC.CLASS"), 5.0);
    assert_eq!(rig.value("QC.X_ACC"), 100.0);
    assert!(!rig.is("QC.VALID"));
    assert_eq!(rig.quality("QC.MTSR").reason(), Reason::Substituted);
    assert!(rig.quality("QC.HEAT").is_bad());
    assert_eq!(rig.value("QC.CONFIDENCE"), 0.0);
}

#[test]
fn without_agitation_everything_dosed_counts_as_accumulated() {
    let mut rig = Rig::new(1000, TEXT);
    let mut reactor = Reactor::new();
    for second in 0..5000 {
        reactor.second(75.0);
        bring(&mut rig, &reactor, 75.0);
        if second == 2500 {
            rig.field("run", 0.0);
        }
    }
    let before = 2500.0 * 75.0 / 3600.0 / 120.0;
    let since = (reactor.dosed / 120.0) - before;
    assert!(rig.value("QC.X_ACC") >= 100.0 * since / 2.4);
    assert!(rig.value("QC.X_ACC") > 100.0 * reactor.accumulation());
    let confidence = rig.value("QC.CONFIDENCE");
    assert!((40.0..60.0).contains(&confidence), "{confidence}");
}

#[test]
fn the_assumed_conversion_needs_agitation_and_a_seen_beginning() {
    let text = TEXT.replace("vessel = 500.0", "vessel = 500.0\nassumed_per_h = 1.0");
    let mut rig = Rig::new(1000, &text);
    // Agitated, but the jacket temperature is lost.
    rig.field("d", 288.0).quality_of("j", Quality::COMM_LOST);
    rig.scans(3600);
    let exact = 100.0 * math::exp(-1.0);
    assert!((rig.value("QC.X_ACC") - exact).abs() < 0.1);
    rig.field("run", 0.0).scans(3600);
    assert!((rig.value("QC.X_ACC") - exact).abs() < 0.1);
}

#[test]
fn bad_inputs_are_told_where_they_matter() {
    let mut rig = Rig::new(1000, TEXT);
    rig.field("d", 100.0).scans(100);
    rig.quality_of("t", Quality::SENSOR_FAULT).scans(1);
    assert!(rig.quality("QC.MTSR").is_bad() && rig.quality("QC.CLASS").is_bad());
    assert_eq!(rig.value("QC.CLASS"), 5.0);
    assert!(rig.quality("QC.RATE").is_bad() && !rig.quality("QC.X_ACC").is_bad());
    rig.quality_of("t", Quality::GOOD)
        .quality_of("d", Quality::STALE)
        .scans(1);
    for tag in ["QC.X", "QC.X_ACC", "QC.RISE", "QC.MTSR", "QC.CLASS"] {
        assert!(rig.quality(tag).is_bad(), "{tag}");
    }
    rig.quality_of("d", Quality::UNCERTAIN).scans(70);
    assert_eq!(rig.quality("QC.X_ACC").level(), Level::Uncertain);
}

#[test]
fn the_balance_of_the_jacket_fluid_gives_the_heat_too() {
    let text = TEXT
        .replace(
            "jacket = \"j\"",
            "jacket_flow = 10.0\njacket_in = 30.0\njacket_out = \"j\"",
        )
        .replace("ua = 2.1", "");
    let mut rig = Rig::new(1000, &text);
    rig.field("j", 33.0).scans(100);
    assert!((rig.value("QC.HEAT") - 30.0).abs() < 1e-9);
}

#[test]
fn what_is_wrong_is_told() {
    for key in [
        "ua = 2.1",
        "jacket = \"j\"",
        "heel = 1310.0",
        "dosed = \"d\"",
        "cp = 1.9",
        "enthalpy = 160.0",
        "limiting = 2.4",
        "molar_mass = 120.0",
        "mtt = 110.6",
        "td24 = 80.0",
    ] {
        assert_ne!(problems(&TEXT.replace(key, "")), vec![], "{key}");
    }
    for wrong in ["window_s = 30", "jacket_flow = \"f\"", "assumed_per_h = -1"] {
        let text = TEXT.replace("vessel = 500.0", wrong);
        assert_ne!(problems(&text), vec![], "{wrong}");
    }
}

proptest! {
    #[test]
    fn conversion_and_accumulation_stay_within_what_was_fed(
        heats in prop::collection::vec((-200.0..500.0f64, any::<bool>()), 1..200),
        rate in 0.0..5.0f64,
    ) {
        let mut law = ConversionLaw::default();
        let mut dosed = 0.0;
        for (heat, is_valid) in heats {
            dosed += rate;
            law.step(&DEMO, dosed, is_valid.then_some(heat), true, 60.0);
            let (x, acc) = (law.conversion(&DEMO), law.accumulation(&DEMO, dosed));
            let able = (dosed / 120.0).min(2.4) / 2.4;
            prop_assert!((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&acc));
            prop_assert!((x + acc - able).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&law.confidence()));
        }
    }

    #[test]
    fn without_measurement_the_accumulation_is_all_that_was_fed(dosed in 0.0..400.0f64) {
        let mut law = ConversionLaw::default();
        for _ in 0..10 {
            law.step(&DEMO, dosed, None, false, 60.0);
        }
        let able = (dosed / 120.0).min(2.4);
        prop_assert!((law.accumulation(&DEMO, dosed) - able / 2.4).abs() < 1e-12);
        let rise = law.rise(&DEMO, dosed, 1310.0 + dosed);
        prop_assert!((rise - able * 160e3 / ((1310.0 + dosed) * 1.9)).abs() < 1e-9);
    }
}
