//! What every kind must do: be restored exactly, never store what is no number,
//! recover from it, keep its tags under its own name, and refuse bad text
//! without panic.

use crate::registry;
use crate::rig::{Rig, input, problems};
use scan::{Start, TagOrigin, link};
use signal::{Kind, Level, Quality, Reason};
use std::collections::BTreeSet;

/// Field tags for all of them.
const FIELD: &str = r#"
[field]
x = 10.0
y = 11.0
z = 12.0
p = false
q = true
r = false
[[block]]
name = "B"
"#;

/// Each kind with a minimal and, where there is more, a full table.
const TEXTS: &[&str] = &[
    "kind = \"AI\"\nraw = \"x\"\nlo = 0\nhi = 100\nunit = \"%\"",
    "kind = \"AI\"\nraw = \"x\"\nlo = 0\nhi = 100\nunit = \"%\"\nfilter_s = 2\nrate_max = 9\nfrozen_s = 3\nnoise_floor = 1.0\nstatus = \"p\"\nstale_s = 0.5\nne43_persist_s = 1",
    "kind = \"AI\"\nraw = \"x\"\nlo = -50\nhi = 50\nunit = \"°C\"\ndirect = true\nfilter_s = 1",
    "kind = \"DI\"\nraw = \"p\"",
    "kind = \"DI\"\nraw = \"p\"\ninvert = true\non_delay_s = 0.3\noff_delay_s = 0.5\nstale_s = 0.4",
    "kind = \"MEDIAN\"\nof = [\"x\", \"y\", \"z\"]",
    "kind = \"MEDIAN\"\nof = [\"x\", \"y\"]\nmin_good = 2",
    "kind = \"SELECT\"\nof = [\"x\", \"y\", \"z\"]\nselect = \"high\"",
    "kind = \"SELECT\"\nof = [\"x\", \"y\", \"z\"]\nselect = \"average\"\nmin_good = 3",
    "kind = \"DEVIATION\"\nof = [\"x\", \"y\", \"z\"]\nlimit = 5\ndelay_s = 0.4",
    "kind = \"PID\"\nin = \"x\"\naction = \"reverse\"\nmode = 1\nti_s = 10",
    "kind = \"PID\"\nin = \"x\"\naction = \"direct\"\nmode = 2\nkp = 3\nti_s = 4\ntd_s = 2\nb = 0.5\nc = 1\ncas = \"y\"\ntrack = \"z\"\ntrack_when = \"p\"\nff = \"z\"\nsp_rate = 3\nout_rate = 20\nsp_track = true\non_bad_pv = \"hold\"\nsp_lo = 0\nsp_hi = 60",
    "kind = \"PID\"\nin = \"x\"\naction = \"reverse\"\nmode = 1\nti_s = 4\nbkcal = \"y\"\nbkcal_ok = \"q\"",
    "kind = \"PID\"\nin = \"x\"\naction = \"reverse\"\nmode = 1\nti_s = 1\nsp = 11\nout_lo = 9\nout_hi = 10.5\nout = 10\non_bad_pv = \"hold\"",
    "kind = \"SPLIT\"\nin = \"x\"\na_in_lo = 0\na_in_hi = 48\na_out_lo = 100\na_out_hi = 0\nb_in_lo = 52\nb_in_hi = 100\nb_out_lo = 0\nb_out_hi = 100",
    "kind = \"RATIO\"\nin = \"x\"\nratio = 2",
    "kind = \"RATIO\"\nin = \"x\"\nratio = \"y\"\nbias = 1\nlo = 0\nhi = 50\nunit = \"kg/h\"",
    "kind = \"CLAMP_DELTA\"\nin = \"x\"\nref = \"y\"\ndelta = 2",
    "kind = \"FILTER\"\nin = \"x\"\ntau_s = 3",
    "kind = \"RATE\"\nin = \"x\"\nup_per_s = 1\ndown_per_s = 2",
    "kind = \"RAMP\"\ntarget = \"x\"\nrate_per_min = 60\nrun = \"q\"\nfrom = \"y\"",
    "kind = \"RAMP\"\ntarget = 50.0\nrate_per_min = 60\nrun = \"p\"",
    "kind = \"TOTAL\"\nin = \"x\"\nbase = \"s\"",
    "kind = \"TOTAL\"\nin = \"x\"\nbase = \"s\"\ncutoff = 3\nrollover = 7\nunit = \"kg\"",
    "kind = \"RATE_OF_CHANGE\"\nin = \"x\"\ntau_s = 2\nunit = \"K/min\"",
    "kind = \"CALC\"\nexpr = \"1.163 * a * (b - c) / d\"\nin = { a = \"x\", b = \"y\", c = \"z\", d = 2.0 }\nunit = \"kW\"\nlo = 0\nhi = 100",
    "kind = \"CALC\"\nexpr = \"if p and not q then sqrt(a - 9) > 1 else a / (b - 11) > 0 or r\"\nin = { a = \"x\", b = { delayed = \"y\" }, p = \"p\", q = \"q\", r = { bool = \"r\" } }",
    "kind = \"COMPARE\"\nin = \"x\"\nlimit = 11\nwhen = \"above\"\non_bad = \"hold\"\nhysteresis = 1\non_delay_s = 0.2\noff_delay_s = 0.3",
    "kind = \"COMPARE\"\nin = \"x\"\nlimit = \"y\"\nwhen = \"below\"\non_bad = \"true\"",
    "kind = \"AND\"\nof = [\"p\", \"q\"]",
    "kind = \"OR\"\nof = [\"p\", \"q\", \"r\"]",
    "kind = \"XOR\"\nof = [\"p\", \"q\"]",
    "kind = \"NOT\"\nin = \"p\"",
    "kind = \"TON\"\nin = \"p\"\npt_s = 0.3",
    "kind = \"TOF\"\nin = \"p\"\npt_s = 0.3",
    "kind = \"TP\"\nin = \"p\"\npt_s = 0.5",
    "kind = \"SR\"\nset = \"p\"\nreset = \"r\"\ndominant = \"set\"",
    "kind = \"SR\"\nset = \"p\"\nreset = \"r\"\ndominant = \"reset\"",
    "kind = \"EDGE\"\nin = \"p\"\non = \"both\"",
    "kind = \"COUNT\"\nin = \"p\"\ndown = \"q\"\nclear = \"r\"\npreset = 5",
    "kind = \"DOSE\"\ntotal = \"x\"\ntarget = 15\nrate = 60",
    "kind = \"DOSE\"\ntotal = \"x\"\ntarget = 15\nrate = \"y\"\npermit = \"q\"\ninterlocked = \"p\"\nhold = \"r\"\ndribble = 3\ndribble_rate = 5\npreact = 0.2\nramp_s = 2\nrate_unit = \"kg/h\"\nenable = true",
    "kind = \"CAUSE\"\nof = [\"x\"]\nlimit = 12\nwhen = \"above\"",
    "kind = \"CAUSE\"\nof = [\"x\", \"y\", \"z\"]\nlimit = 11\nwhen = \"below\"\nvote = \"2oo3\"\non_bad = \"exclude\"\ndegrade_to = \"1oo2\"\nhysteresis = 1\non_delay_s = 0.3\narmed = \"q\"",
    "kind = \"CAUSE\"\nany = [{ tag = \"p\", is = true }, { tag = \"x\", above = 12.0, hysteresis = 2 }, { tag = \"y\", below = \"z\" }]\nvote = \"2oo3\"\non_bad = \"no-trip\"",
    "kind = \"INTERLOCK\"\ncauses = [{ cause = \"p\", effects = [\"E1\"] }, { cause = \"r\", effects = [\"E1\", \"E2\"], latch = false }]",
    "kind = \"VOTE\"\nof = [\"p\", \"q\", \"r\"]\nvote = \"2oo3\"",
    "kind = \"LATCH\"\nin = \"p\"",
    "kind = \"PERMIT\"\nneeds = [{ name = \"p\", tag = \"p\" }, { tag = \"q\", is = false }]\nfor_s = 0.2",
    "kind = \"AOUT\"\ndemand = \"x\"\nsafe = 0",
    "kind = \"AOUT\"\ndemand = \"x\"\nsafe = 12\nlo = 10\nhi = 14\nhold_s = 0.5\nunit = \"rpm\"\ntrips = [{ when = \"p\", value = 11 }, { when = \"r\", value = 14.0 }]",
    "kind = \"VALVE\"\nfail = \"closed\"",
    "kind = \"VALVE\"\nfail = \"open\"\ndemand = \"q\"\nmode = 1\npermit = \"p\"\nzso = \"p\"\nzsc = \"r\"\ntravel_s = 0.5\ntrips = [{ when = \"r\", to = \"closed\" }]",
    "kind = \"VALVE\"\nfail = \"closed\"\ndemand = \"q\"\nzsc = \"r\"\ntravel_s = 0.5\nmode = 1",
    "kind = \"MOTOR\"",
    "kind = \"MOTOR\"\ndemand = \"q\"\nrun = \"r\"\nstart_s = 0.9\nlost_s = 0.1",
    "kind = \"MOTOR\"\ndemand = \"q\"\npermit = \"q\"\nrun = \"r\"\ntrips = [\"p\"]\nstart_s = 0.6\nlost_s = 0.2\nstop_s = 0.4\nrestart_min_s = 0.5",
];

fn text_of(table: &str) -> String {
    format!("{FIELD}{table}")
}

/// A small deterministic source of disturbance (PCG's multiplier).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn real(&mut self) -> f64 {
        self.roll(1_000_000) as f64 * 1e-6
    }

    fn quality(&mut self) -> Quality {
        match self.roll(24) {
            0 => Quality::COMM_LOST,
            1 => Quality::SENSOR_FAULT,
            2 => Quality::STALE,
            3 => Quality::new(Level::Uncertain, Reason::Frozen),
            _ => Quality::GOOD,
        }
    }

    /// A number such as an operator or a broken calculation might give.
    fn wild(&mut self) -> f64 {
        match self.roll(10) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => f64::MAX,
            4 => f64::MIN,
            5 => 1e300 * (self.real() - 0.5),
            6 => 0.0,
            7 => f64::MIN_POSITIVE,
            _ => 40.0 * (self.real() - 0.5),
        }
    }
}

const FIELDS: [(&str, bool); 6] = [
    ("x", false),
    ("y", false),
    ("z", false),
    ("p", true),
    ("q", true),
    ("r", true),
];

/// One scan of ordinary life: noise, switching, lost signals, silence, operators.
fn ordinary_scan(rig: &mut Rig, dice: &mut Dice) {
    for (name, is_bool) in FIELDS {
        let quality = dice.quality();
        let value = if is_bool {
            dice.roll(2) as f64
        } else {
            8.0 + 6.0 * dice.real()
        };
        if dice.roll(3) == 0 {
            rig.field_with(name, value, quality);
        }
    }
    rig.task.inlet.is_silent = dice.roll(40) < 8;
    let writable: Vec<String> = writable_tags(rig);
    if !writable.is_empty() && dice.roll(12) == 0 {
        let name = &writable[dice.roll(writable.len() as u64) as usize];
        // Modes and switches as well as values.
        let size = if dice.roll(2) == 0 { 3.0 } else { 20.0 };
        rig.write(name, (size * dice.real()).floor());
    }
    rig.scans(1);
}

fn writable_tags(rig: &Rig) -> Vec<String> {
    rig.tags
        .values()
        .filter(|tag| tag.writable.is_some())
        .map(|tag| tag.name.clone())
        .collect()
}

#[test]
fn every_kind_of_the_registry_is_tried_here() {
    let tried: BTreeSet<String> = TEXTS
        .iter()
        .map(|text| {
            let from = text.find('"').unwrap() + 1;
            text[from..].split('"').next().unwrap().to_string()
        })
        .collect();
    let known: BTreeSet<String> = registry().names().map(str::to_string).collect();
    assert_eq!(tried, known);
}

/// A copy of a bench that was saved and restored: what it does next must be the
/// same to the last bit.
fn restored(rig: &Rig, text: &str) -> Rig {
    let mut twin = Rig::new(100, text);
    twin.task
        .program
        .restore(&rig.save())
        .expect("the same program");
    twin.task.clock = rig.task.clock;
    twin.task.inlet.frame = rig.task.inlet.frame.clone();
    twin
}

fn assert_same_future(rig: &mut Rig, mut twin: Rig, dice: &mut Dice, scans: usize, table: &str) {
    let mut same_dice = Dice(dice.0);
    for scan in 0..scans {
        ordinary_scan(rig, dice);
        ordinary_scan(&mut twin, &mut same_dice);
        assert_eq!(
            rig.task.program.image.digest(),
            twin.task.program.image.digest(),
            "{table}\nscan {scan} after the restore"
        );
    }
    // Without a request in the air the whole state is the same too.
    assert_eq!(twin.scans(1).save(), rig.scans(1).save(), "{table}");
}

#[test]
fn every_kind_goes_on_exactly_after_being_restored() {
    for (seed, table) in TEXTS.iter().enumerate() {
        let text = text_of(table);
        let mut dice = Dice(seed as u64);
        let mut rig = Rig::new(100, &text);
        rig.task.program.start(Start::Cold);
        // Often, so that every state of the block is met.
        for round in 0..80 {
            if round % 20 == 19 {
                rig.task.program.start(Start::Warm);
            }
            let twin = restored(&rig, &text);
            assert_same_future(&mut rig, twin, &mut dice, 12, table);
        }
        // Long, so that what is slow shows.
        let twin = restored(&rig, &text);
        assert_same_future(&mut rig, twin, &mut dice, 500, table);
    }
}

#[test]
fn no_kind_stores_what_is_no_number_or_is_spoilt_by_it() {
    for (seed, table) in TEXTS.iter().enumerate() {
        let mut dice = Dice(1000 + seed as u64);
        let mut rig = Rig::new(100, &text_of(table));
        let writable = writable_tags(&rig);
        let initial: Vec<f64> = writable.iter().map(|name| rig.value(name)).collect();
        for scan in 0..3000 {
            for (name, is_bool) in FIELDS {
                let quality = dice.quality();
                let value = if is_bool {
                    dice.roll(2) as f64
                } else {
                    dice.wild()
                };
                rig.field_with(name, value, quality);
            }
            if !writable.is_empty() && dice.roll(4) == 0 {
                let name = &writable[dice.roll(writable.len() as u64) as usize];
                rig.write(name, dice.wild());
            }
            rig.scans(1);
            assert_finite(&rig, table, scan);
        }
        // Sense returns: so must every output.
        for (name, value) in writable.iter().zip(&initial) {
            rig.write(name, *value);
        }
        for (name, is_bool) in FIELDS {
            rig.field(name, if is_bool { 0.0 } else { 10.0 });
        }
        rig.scans(50);
        for tag in rig.tags.values() {
            // A command has no value of its own.
            if matches!(tag.origin, TagOrigin::Block(_)) && tag.name != "B.RESET" {
                let quality = rig.quality(&tag.name);
                assert_ne!(quality.reason(), Reason::NotFinite, "{table}\n{}", tag.name);
                assert_ne!(
                    quality.reason(),
                    Reason::NotWritten,
                    "{table}\n{}",
                    tag.name
                );
            }
        }
    }
}

fn assert_finite(rig: &Rig, table: &str, scan: usize) {
    for tag in rig.tags.values() {
        if tag.kind == Kind::Real && matches!(tag.origin, TagOrigin::Block(_)) {
            let value = rig.value(&tag.name);
            assert!(
                value.is_finite(),
                "{table}\nscan {scan}: {} = {value}",
                tag.name
            );
        }
    }
}

/// A key that equals an output's suffix would rename that output.
#[test]
fn every_tag_of_every_kind_bears_the_name_of_its_block() {
    for table in TEXTS {
        let linked = link(&input(&text_of(table))).unwrap_or_else(|p| panic!("{table}: {p:?}"));
        for tag in linked.tags.values() {
            if !matches!(tag.origin, TagOrigin::Source(_)) {
                assert!(tag.name.starts_with("B."), "{table}: {}", tag.name);
            }
        }
    }
}

#[test]
fn every_kind_refuses_an_empty_table_or_links_and_runs() {
    for kind in registry().names() {
        let text = text_of(&format!("kind = \"{kind}\""));
        if problems(&text).is_empty() {
            Rig::new(100, &text).scans(10);
        }
    }
}

/// Every value of every table in turn replaced by something of another type.
#[test]
fn no_kind_panics_at_wrong_text() {
    let wrong = [
        "-1",
        "\"\"",
        "\"nonsense\"",
        "[]",
        "[1]",
        "[{}]",
        "{}",
        "true",
        "0",
        "99",
    ];
    let mut refused = 0;
    for table in TEXTS {
        let lines: Vec<&str> = table.lines().collect();
        for at in 1..lines.len() {
            let key = lines[at].split(" = ").next().unwrap();
            for value in wrong {
                let changed: Vec<String> = lines
                    .iter()
                    .enumerate()
                    .map(|(line, text)| match line == at {
                        true => format!("{key} = {value}"),
                        false => (*text).to_string(),
                    })
                    .collect();
                let text = text_of(&changed.join("\n"));
                if problems(&text).is_empty() {
                    Rig::new(100, &text).scans(5);
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 500, "{refused}");
}
