//! Forcing and refusing on a running station.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use gateway::desk::{Refusal, RefusalCode};
use journal::ledger::{Entry, read as ledger};
use scanloop_tests::trial::{Folder, PlantText, Rig, Run, eventually, read};
use signal::Quality;
use station::replay::{Verdict, replay, segments};
use std::time::Duration;

const RUN: Run = Run {
    speed: 5.0,
    for_s: None,
    plays_demo: false,
    has_link: false,
};

fn forced(quality: Quality) -> bool {
    quality.has(Quality::FORCED)
}

/// Held in the place of the field, and not merely held.
fn simulated(quality: Quality) -> bool {
    forced(quality) && quality.has(Quality::SIMULATED)
}

#[test]
fn a_forced_input_is_simulated_and_says_so_down_the_chain_until_it_is_released() {
    let (plant, data) = (PlantText::new("force"), Folder::new("force-data"));
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    let chain = ["TT-102.RAW", "TT-102.PV"];
    for tag in chain {
        rig.await_tag(tag, "good", |_, quality| quality.is_good());
    }
    // 12 mA is the middle of -40 to 180 °C.
    rig.force("TT-102.RAW", Some(12.0), "loop check").unwrap();
    rig.await_tag("TT-102.RAW", "simulated at 12 mA", |value, quality| {
        value == 12.0 && simulated(quality)
    });
    rig.await_tag("TT-102.PV", "simulated at 70 °C", |value, quality| {
        (value - 70.0).abs() < 0.5 && simulated(quality)
    });
    // Whoever reads it shows it.
    rig.await_tag("TIC-102.PV", "simulated", |_, quality| simulated(quality));
    // What a block computes is held, and nothing more.
    let held = rig.force("TT-103.PV", Some(20.0), "loop check");
    held.unwrap();
    rig.await_tag("TT-103.PV", "forced to 20 °C", |value, quality| {
        value == 20.0 && forced(quality) && !simulated(quality)
    });
    rig.force("TT-103.PV", None, "check done").unwrap();
    rig.await_tag("TT-103.PV", "released", |_, quality| !forced(quality));
    assert!(!forced(rig.look("TT-103.PV").unwrap().1));
    is_listed(&rig, "TT-102.RAW", "loop check");

    // An online change that moves every handle and every slot leaves it standing.
    plant.append(
        "units/r101.toml",
        "\n[[block]]\nkind = \"COMPARE\"\nname = \"A-1\"\ndesc = { en = \"warm\", zh = \"温\" }\n\
         in = \"TT-101.PV\"\nwhen = \"above\"\nlimit = 30.0\non_bad = \"false\"\n",
    );
    rig.change(false).unwrap();
    rig.await_tag("A-1.OUT", "has a good value", |_, quality| {
        !quality.is_bad()
    });
    rig.await_tag("TT-102.RAW", "still forced", |value, quality| {
        value == 12.0 && forced(quality)
    });
    is_listed(&rig, "TT-102.RAW", "loop check");

    rig.force("TT-102.RAW", None, "check done").unwrap();
    for tag in chain {
        rig.await_tag(tag, "released", |value, quality| {
            let held = Quality::FORCED | Quality::SIMULATED;
            quality.is_good() && quality.without(held) == quality && (value - 70.0).abs() > 1.0
        });
    }
    rig.await_tag("TIC-102.PV", "released", |_, quality| !forced(quality));
    eventually("nothing forced", Duration::from_secs(5), || {
        rig.forces().is_empty().then_some(())
    });
    rig.stop();

    for file in segments(data.path()).unwrap() {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical, "{}", report.file);
    }
    assert_eq!(read(data.path()).len(), 2, "a segment for each edition");
    let records = ledger::entries(&data.path().join("ledger")).unwrap();
    let of = |what: &str| -> Vec<&Entry> {
        records
            .iter()
            .filter(|record| record.what == what)
            .collect()
    };
    assert_eq!(of("force").len(), 2);
    let force = of("force")[0];
    assert_eq!(
        (
            force.subject.as_str(),
            force.who.name.as_str(),
            force.new_number()
        ),
        ("TT-102.RAW", "service", Some(12.0))
    );
    assert_eq!(force.why, "loop check");
    assert_eq!(of("unforce").len(), 2);
}

fn is_listed(rig: &Rig, tag: &str, reason: &str) {
    eventually("the force in the list", Duration::from_secs(5), || {
        let forces = rig.forces();
        let force = forces.iter().find(|force| force.tag == tag)?;
        assert_eq!((force.value, force.actor.as_str()), (12.0, "service"));
        assert_eq!(force.reason, reason);
        assert!(force.since_ms > 0);
        Some(())
    });
}

#[test]
fn a_force_outlives_a_warm_start_with_its_actor_and_reason() {
    let (plant, data) = (PlantText::new("force-warm"), Folder::new("force-warm-data"));
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.await_tag("TT-102.RAW", "good", |_, quality| quality.is_good());
    rig.force("TT-103.RAW", Some(11.0), "gone again").unwrap();
    rig.force("TT-102.RAW", Some(12.0), "loop check").unwrap();
    rig.force("TT-103.RAW", None, "released").unwrap();
    rig.await_tag("TT-102.RAW", "forced", |_, quality| forced(quality));
    await_snapshot(&rig);
    rig.stop();

    let rig = Rig::start(plant.path(), data.path(), &RUN);
    assert!(
        rig.station().started.starts_with("warm start"),
        "{}",
        rig.station().started
    );
    rig.await_tag("TT-102.RAW", "still forced", |value, quality| {
        value == 12.0 && forced(quality)
    });
    is_listed(&rig, "TT-102.RAW", "loop check");
    assert_eq!(rig.forces().len(), 1);
    rig.stop();
}

/// Waits for a state on disk that was taken after now.
fn await_snapshot(rig: &Rig) {
    let path = rig.data().join("state.slstate");
    let written = || {
        std::fs::metadata(&path)
            .and_then(|file| file.modified())
            .ok()
    };
    for _ in 0..2 {
        let before = written();
        eventually("a newer state on disk", Duration::from_secs(20), || {
            (written() > before).then_some(())
        });
    }
}

fn code(result: Result<gateway::desk::Receipt, Refusal>) -> RefusalCode {
    result.expect_err("a refusal").code
}

#[test]
fn what_may_not_be_is_refused_and_recorded() {
    let (plant, data) = (PlantText::new("refuse"), Folder::new("refuse-data"));
    let rig = Rig::start(plant.path(), data.path(), &RUN);
    rig.await_tag("PIC-101.MODE_ACT", "has a value", |_, quality| {
        !quality.is_bad()
    });
    rig.write("PIC-101.MODE", 1.0, None).unwrap();
    rig.await_value("PIC-101.MODE_ACT", 1.0);
    rig.write("PIC-101.SP", 4.0, Some(3.0)).unwrap();
    rig.await_value("PIC-101.SP", 4.0);

    let tried = [
        ("PIC-101.SP", 99.0, None, RefusalCode::OutOfRange),
        ("PIC-101.SP", 5.0, Some(3.0), RefusalCode::ValueChanged),
        ("PIC-101.SP", f64::NAN, None, RefusalCode::NotFinite),
        ("PIC-999.SP", 5.0, None, RefusalCode::UnknownTag),
        ("TT-101.PV", 42.0, None, RefusalCode::NotWritable),
        ("PIC-101.OUT", 50.0, None, RefusalCode::NotPermitted),
    ];
    for (tag, value, seen, wanted) in tried {
        assert_eq!(code(rig.write(tag, value, seen)), wanted, "{tag} = {value}");
    }
    // Whatever the protect stage writes is not for people to hold.
    let protective = [
        "FV-101.CMD",
        "XV-101A.CMD",
        "RG-1.E1",
        "RG-1.TRIPPED",
        "C06.TRIP",
    ];
    for tag in protective {
        let refused = code(rig.force(tag, Some(1.0), "try"));
        assert_eq!(refused, RefusalCode::Forbidden, "{tag}");
    }
    let refused = code(rig.force("TT-102.RAW", Some(12.0), "  "));
    assert_eq!(refused, RefusalCode::Malformed, "a force without a reason");
    let refused = code(rig.force("TT-102.RAW", Some(f64::INFINITY), "try"));
    assert_eq!(refused, RefusalCode::NotFinite);
    let refused = code(rig.force("NO.SUCH", Some(1.0), "try"));
    assert_eq!(refused, RefusalCode::UnknownTag);
    assert_eq!(rig.value("PIC-101.SP"), 4.0);
    assert!(rig.forces().is_empty());
    rig.stop();

    let records = ledger::entries(&data.path().join("ledger")).unwrap();
    let refused: Vec<&Entry> = records
        .iter()
        .filter(|record| record.what == "refused")
        .collect();
    assert_eq!(refused.len(), tried.len() + protective.len() + 3);
    for (tag, value, _, _) in tried {
        let found = refused.iter().any(|record| {
            let same = record.new_number().map(f64::to_bits) == Some(value.to_bits());
            record.subject == tag && (same || !value.is_finite()) && !record.why.is_empty()
        });
        assert!(found, "{tag} = {value} in the record");
    }
    let writes = records
        .iter()
        .filter(|record| record.what == "write")
        .count();
    assert_eq!(writes, 2, "what was refused is not recorded as done");
}
