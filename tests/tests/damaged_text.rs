//! The plant loader under damaged and pathological text: problems, never a panic,
//! never a hang.

use driver::random::Random;
use plant::{Diagnostics, Plant, Sources};
use proptest::prelude::*;
use scanloop_tests::{broken, fuzz, good, mutate};
use station::kinds::{Drivers, blocks};

fn load(plant: &str, unit: &str) -> Result<Plant, (Sources, Diagnostics)> {
    let sources = Sources::from_texts([("plant.toml", plant), ("units/u.toml", unit)]);
    plant::load_sources(sources, &blocks(), &Drivers)
}

/// Loads and renders; true if it loads.
fn survives(plant: &str, unit: &str) -> bool {
    match load(plant, unit) {
        Ok(_) => true,
        Err((sources, problems)) => {
            assert!(!problems.is_empty());
            assert!(!problems.render(&sources).is_empty());
            assert!(problems.to_json(&sources).is_array());
            false
        }
    }
}

#[test]
fn the_small_plant_loads() {
    if let Err((sources, problems)) = load(good::PLANT, good::UNIT) {
        panic!("{}", problems.render(&sources));
    }
}

#[test]
fn the_small_plant_with_a_byte_order_mark_or_foreign_line_ends_loads_alike() {
    let plain = load(good::PLANT, good::UNIT).expect("loads");
    for (plant, unit) in [
        (
            format!("\u{feff}{}", good::PLANT),
            format!("\u{feff}{}", good::UNIT),
        ),
        (
            good::PLANT.replace('\n', "\r\n"),
            good::UNIT.replace('\n', "\r\n"),
        ),
    ] {
        match load(&plant, &unit) {
            Ok(other) => assert_eq!(
                other.link().tasks[0].linked.blocks,
                plain.link().tasks[0].linked.blocks
            ),
            Err((sources, problems)) => panic!("{}", problems.render(&sources)),
        }
    }
}

#[test]
fn a_problem_behind_foreign_line_ends_is_on_its_line() {
    let unit = good::UNIT.replace("\"COMPARE\"", "\"COMPAER\"");
    let line = |text: &str| -> Vec<usize> {
        let (sources, problems) = load(good::PLANT, text).err().expect("problems");
        problems
            .iter()
            .map(|problem| sources.line_column(&problem.at).0)
            .collect()
    };
    assert_eq!(line(&unit), line(&unit.replace('\n', "\r\n")));
}

#[test]
fn two_thousand_damaged_plants_show_problems_or_load() {
    let mut loaded = 0;
    for seed in 0..2_000 {
        let mut random = Random::seeded(seed);
        let (mut plant, mut unit) = (good::PLANT.to_string(), good::UNIT.to_string());
        let target = if random.below(4) == 0 {
            &mut plant
        } else {
            &mut unit
        };
        mutate::text(&mut random, target);
        loaded += usize::from(survives(&plant, &unit));
    }
    assert!(
        (1..2_000).contains(&loaded),
        "{loaded} of 2000 load: no damage, or too much"
    );
}

#[test]
fn damaged_broken_plants_do_not_panic() {
    for case in broken::cases().expect("cases") {
        for seed in 0..10 {
            let mut random = Random::seeded(seed);
            let mut texts = case
                .files
                .iter()
                .map(|(name, bytes)| {
                    (
                        name.clone(),
                        String::from_utf8_lossy(&bytes[..bytes.len().min(5_000)]).into_owned(),
                    )
                })
                .collect::<Vec<_>>();
            for (_, text) in &mut texts {
                mutate::text(&mut random, text);
            }
            if let Err((sources, problems)) =
                plant::load_sources(Sources::from_texts(texts), &blocks(), &Drivers)
            {
                assert!(!problems.render(&sources).is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_at_all_is_survived(plant in "\\PC{0,200}", unit in "(?s).{0,200}") {
        survives(&plant, &unit);
    }

    #[test]
    fn any_value_at_any_key_is_survived(
        line in 0_usize..100,
        value in prop_oneof![
            Just("true"), Just("-1"), Just("1e308"), Just("-1e308"), Just("0"), Just("\"\""),
            Just("[]"), Just("{}"), Just("[[]]"), Just("[{}]"), Just("{ delayed = \"\" }"),
            Just("{ delayed = { delayed = 1 } }"), Just("9223372036854775807"), Just("\"/\""),
            Just("\"fast/\""), Just("\"fast/TY-1.OUT\""), Just("\".\""), Just("\"-\""),
            Just("-9223372036854775808"), Just("5e-324"), Just("'\u{0}'"), Just("\"TY-1\""),
            Just("[1, \"a\", true]"), Just("\"温度\""), Just("1979-05-27"),
        ],
    ) {
        let mut lines: Vec<String> = good::UNIT.lines().map(str::to_string).collect();
        let at = line % lines.len();
        if let Some((key, _)) = lines[at].clone().split_once('=') {
            lines[at] = format!("{key}= {value}");
        }
        survives(good::PLANT, &lines.join("\n"));
    }
}

const MEGABYTE: usize = 1 << 20;

#[test]
fn a_megabyte_of_opening_brackets_is_a_problem() {
    for piece in [
        "[", "a=[", "{", "a={", "[[", "\"", "'''", "a.", "[a.", "a=\"\\", "#", "=", "\n",
    ] {
        let text = piece.repeat(MEGABYTE / piece.len());
        survives(good::PLANT, &text);
        survives(&text, good::UNIT);
    }
}

#[test]
fn a_list_a_megabyte_deep_is_a_problem() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let depth = MEGABYTE / (open.len() + close.len());
        let text = format!(
            "{}x = {}1{}\n",
            "[unit]\n",
            open.repeat(depth),
            close.repeat(depth)
        );
        assert!(!survives(good::PLANT, &text));
    }
}

#[test]
fn values_are_read_to_a_depth_and_no_deeper() {
    let told = |depth: usize| {
        let value = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let unit = format!(
            "{}\n[[block]]\nname = \"X-1\"\nkind = \"NOT\"\nin = {value}\n",
            &good::UNIT
        );
        let (_, problems) = load(good::PLANT, &unit).err().expect("problems");
        problems
            .iter()
            .any(|problem| problem.code == plant::codes::SYNTAX)
    };
    assert!(!told(10));
    assert!(told(70));
}

#[test]
fn dotted_keys_a_megabyte_long_are_a_problem() {
    let dotted = "a.".repeat(MEGABYTE / 2);
    for text in [
        format!("{dotted}a = 1\n"),
        format!("[{dotted}a]\n"),
        format!("[[{dotted}a]]\n"),
    ] {
        assert!(!survives(good::PLANT, &text));
    }
}

#[test]
fn names_a_megabyte_long_are_problems() {
    let long = "X".repeat(MEGABYTE);
    for (place, new) in [
        ("TSHH-1", long.clone()),
        ("hysteresis", long.clone()),
        ("\"°C\"", format!("\"{long}\"")),
        ("\"RATIO\"", format!("\"{long}\"")),
        ("\"TT-1.PV\"", format!("\"{long}\"")),
    ] {
        let unit = good::UNIT.replace(place, &new);
        assert!(!survives(good::PLANT, &unit), "{place}");
    }
}

#[test]
fn giant_numbers_are_problems() {
    for number in [
        "1".repeat(MEGABYTE),
        format!("0.{}", "9".repeat(MEGABYTE)),
        format!("1e{}", "9".repeat(1000)),
        format!("0x{}", "f".repeat(1000)),
    ] {
        let unit = good::UNIT.replace("limit = 110.0", &format!("limit = {number}"));
        survives(good::PLANT, &unit);
        let plant = good::PLANT.replace("period_ms = 100\n", &format!("period_ms = {number}\n"));
        survives(&plant, good::UNIT);
    }
}

#[test]
fn nul_bytes_and_controls_are_problems() {
    for strange in ['\0', '\u{1}', '\u{7f}', '\u{2028}', '\u{202e}', '\u{ffff}'] {
        for place in ["[unit]", "TT-1.PV", "°C", "2.5"] {
            let unit = good::UNIT.replacen(place, &format!("{strange}{place}"), 1);
            survives(good::PLANT, &unit);
        }
        let name = good::UNIT.replace("TSHH-1", &format!("TSHH{strange}-1"));
        assert!(!survives(good::PLANT, &name), "{strange:?}");
    }
}

#[test]
fn a_plant_of_thousands_of_mistakes_is_told_in_a_moment() {
    let one = "\n[[block]]\nname = \"x\"\nkind = \"NONE\"\nin = 1\n";
    survives(good::PLANT, &one.repeat(MEGABYTE / one.len()));
    let one = "\n[[tag]]\nname = 1\nunit = 2\nrange = 3\n";
    survives(good::PLANT, &one.repeat(MEGABYTE / one.len()));
    survives(&"[[task]]\n".repeat(MEGABYTE / 9), good::UNIT);
    survives(&"[[driver]]\n".repeat(MEGABYTE / 11), good::UNIT);
}

#[test]
fn the_inputs_of_the_fuzzed_doors_are_survived() {
    for target in &fuzz::TARGETS {
        for execution in 0..300 {
            (target.run)(&target.input_of(2026, execution));
        }
    }
}
