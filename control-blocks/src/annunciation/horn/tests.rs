use super::*;
use crate::rig::{Rig, problems};
use proptest::prelude::*;
use signal::Quality;

const TEXT: &str = r#"
    field = { e = false, g = false, a = false, b = false, c = false, d = false, open = true }
    [[block]]
    kind = "HORN"
    name = "H"
    esd = ["e"]
    gas = ["g"]
    p1 = ["a", "b"]
    p2 = ["c"]
    p3 = ["d"]
    unacknowledged = "open"
"#;

/// What a tag does over so many scans of 50 ms: how often it is on, and its rises.
fn watch(rig: &mut Rig, tag: &str, scans: usize) -> (usize, usize) {
    let (mut on, mut rises, mut last) = (0, 0, false);
    for _ in 0..scans {
        let now = rig.scans(1).is(tag);
        on += usize::from(now);
        rises += usize::from(now && !last);
        last = now;
    }
    (on, rises)
}

fn bench() -> Rig {
    let mut rig = Rig::new(50, TEXT);
    rig.scans(1);
    rig
}

#[test]
fn every_kind_has_its_sound() {
    // On-scans and rises in 4 s.
    for (tag, expected) in [
        ("e", (80, 1)),
        ("g", (12, 4)),
        ("a", (40, 8)),
        ("c", (40, 4)),
        ("d", (20, 1)),
    ] {
        let mut rig = bench();
        rig.field(tag, 1.0);
        assert_eq!(watch(&mut rig, "H.HORN", 80), expected, "{tag}");
    }
}

#[test]
fn the_most_urgent_of_several_sounds() {
    let mut rig = bench();
    rig.field("c", 1.0).scans(10).field("a", 1.0);
    assert_eq!(watch(&mut rig, "H.HORN", 80), (40, 8));
    rig.field("e", 1.0);
    assert_eq!(watch(&mut rig, "H.HORN", 80), (80, 1));
}

#[test]
fn a_chime_is_over_and_does_not_come_back_behind_another_alarm() {
    let mut rig = bench();
    rig.field("d", 1.0);
    assert_eq!(watch(&mut rig, "H.HORN", 80), (20, 1));
    rig.field("c", 1.0).scans(20).field("c", 0.0);
    assert_eq!(watch(&mut rig, "H.HORN", 80), (0, 0));
}

#[test]
fn silence_lasts_until_the_next_alarm_and_acknowledges_nothing() {
    let mut rig = bench();
    rig.field("a", 1.0).scans(10).write("H.SILENCE", 1.0);
    assert_eq!(watch(&mut rig, "H.HORN", 100), (0, 0));
    let (on, _) = watch(&mut rig, "H.RED", 80);
    assert_eq!(on, 40, "the beacon goes on");
    rig.field("b", 1.0);
    assert_eq!(
        watch(&mut rig, "H.HORN", 80),
        (40, 8),
        "a new one breaks it"
    );
    rig.write("H.SILENCE", 1.0).scans(1).field("d", 1.0);
    assert_eq!(watch(&mut rig, "H.HORN", 80), (20, 1), "only the new one");
}

#[test]
fn beacons_flash_until_acknowledged_and_go_with_the_alarm() {
    let mut rig = bench();
    rig.field("a", 1.0).field("c", 1.0);
    assert_eq!(watch(&mut rig, "H.RED", 80).0, 40);
    assert_eq!(watch(&mut rig, "H.AMBER", 80).0, 40);
    rig.field("open", 0.0);
    assert_eq!(watch(&mut rig, "H.RED", 80).0, 80);
    rig.field("a", 0.0).field("c", 0.0);
    assert_eq!(watch(&mut rig, "H.RED", 40).0, 0);
    assert!(!rig.is("H.AMBER") && !rig.is("H.HORN"));
}

#[test]
fn the_first_alarm_is_kept_and_flashes_until_the_reset() {
    let mut rig = bench();
    rig.field("b", 1.0).scans(1).field("e", 1.0).scans(1);
    assert_eq!(rig.value("H.FIRST_OUT"), 4.0);
    rig.field("b", 0.0).field("e", 0.0).scans(1);
    assert_eq!(rig.value("H.FIRST_OUT"), 4.0);
    assert_eq!(watch(&mut rig, "H.FLASH", 80).0, 40);
    rig.write("H.RESET", 1.0).scans(1);
    assert_eq!(rig.value("H.FIRST_OUT"), 0.0);
    rig.field("c", 1.0).field("g", 1.0).scans(1);
    assert_eq!(
        rig.value("H.FIRST_OUT"),
        2.0,
        "of one scan the lowest number"
    );
}

#[test]
fn a_test_lights_and_sounds_everything_and_ends() {
    let mut rig = bench();
    rig.write("H.TEST", 1.0).scans(1);
    for tag in ["H.HORN", "H.RED", "H.AMBER", "H.FLASH"] {
        assert!(rig.is(tag), "{tag}");
    }
    assert_eq!(watch(&mut rig, "H.HORN", 200).0, 99);
}

#[test]
fn a_lost_alarm_signal_stands_and_a_start_sounds_again() {
    let mut rig = bench();
    rig.quality_of("e", Quality::COMM_LOST).scans(1);
    assert!(rig.is("H.HORN"));
    rig.write("H.SILENCE", 1.0).scans(1);
    assert!(!rig.is("H.HORN"));
    rig.task.program.start(Start::Warm);
    assert!(rig.scans(1).is("H.HORN"));
}

#[test]
fn what_is_wrong_is_told() {
    let none = "field = {}\n[[block]]\nkind = \"HORN\"\nname = \"H\"";
    assert_eq!(problems(none).len(), 1);
    let many = vec!["\"a\""; 65].join(", ");
    assert_eq!(
        problems(&TEXT.replace("[\"c\"]", &format!("[{many}]"))).len(),
        1
    );
    assert_eq!(problems(&TEXT.replace("\"c\"", "\"no tag\"")).len(), 1);
    let text = format!("{TEXT}\n    test_s = 0");
    assert_eq!(problems(&text).len(), 1);
}

proptest! {
    /// Silent after a silence until something new; never sounds for nothing.
    #[test]
    fn silence_holds_for_what_stood(
        scans in prop::collection::vec((any::<u8>(), any::<bool>()), 1..200)
    ) {
        let kinds = [0x03, 0x0c, 0x30, 0x40, 0x80];
        let mut law = HornLaw::default();
        let mut silenced = 0u64;
        let mut last = 0u64;
        for (standing, silence) in scans {
            let standing = u64::from(standing);
            if silence {
                silenced |= last;
            }
            // What goes and comes again is new.
            silenced &= standing & last;
            last = standing;
            let horn = law.step(&kinds, standing, silence, 50 * MS);
            prop_assert!(!horn || standing & !silenced != 0);
            if standing & !silenced & kinds[ESD] != 0 {
                prop_assert!(horn);
            }
        }
    }
}
