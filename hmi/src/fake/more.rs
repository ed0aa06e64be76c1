//! The rest of the make-believe plant: values that stand still.

use super::r101::{Tags, limits};
use crate::desk::{Cause, Interlock, Text};

/// Name, English, Chinese, unit, decimals, low, high, LL, L, H, HH, value; an empty
/// limit does not exist. States are given in place of the unit as `0 idle 空闲,…`,
/// `#` is a whole number.
const TABLE: &str = include_str!("more.txt");

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.split('|').collect())
}

fn number(text: Option<&&str>) -> f64 {
    text.and_then(|t| t.parse().ok()).unwrap_or(f64::NAN)
}

/// Adds them all.
pub(super) fn add(tags: &mut Tags) {
    for row in rows() {
        let text = |at: usize| row.get(at).copied().unwrap_or_default();
        let desc = Text::new(text(1), text(2));
        let name = text(0).to_owned();
        if text(3).starts_with('0') {
            let states: Vec<(i32, &str, &str)> = text(3)
                .split(',')
                .filter_map(|state| {
                    let (value, words) = state.split_once(' ')?;
                    let (en, zh) = words.rsplit_once(' ')?;
                    Some((value.parse().ok()?, en, zh))
                })
                .collect();
            if states.len() == 2 {
                tags.boolean(name, desc, [0, 1].map(|at| (states[at].1, states[at].2)));
            } else {
                tags.int(name, desc, &states);
            }
            continue;
        }
        if text(3) == "#" {
            tags.int(name, desc, &[]);
            continue;
        }
        let scale = (number(row.get(5)), number(row.get(6)));
        let limit = [7, 8, 9, 10].map(|at| number(row.get(at)));
        let decimals = text(4).parse().unwrap_or(0);
        tags.real(name, desc, text(3), decimals, scale).limits = limits(limit);
    }
}

/// What they stand at.
pub(super) fn values() -> Vec<(String, f64)> {
    rows()
        .filter_map(|row| Some((row.first()?.to_string(), row.last()?.parse().ok()?)))
        .collect()
}

/// A second group, which never trips.
pub(super) fn group() -> Interlock {
    let cause = |id: &str, index, en: &str, zh: &str, live: &str| Cause {
        id: id.into(),
        index,
        text: Text::new(en, zh),
        tag: "RG-2.TRIPPED".into(),
        live: Some(live.into()),
        armed: None,
        bypassed: None,
    };
    Interlock {
        name: "RG-2".into(),
        text: Text::new("Trip group 2: autoclave R-102", "联锁组2:加氢釜R-102"),
        tripped: "RG-2.TRIPPED".into(),
        first_out: "RG-2.FIRST_OUT".into(),
        reset: None,
        causes: vec![
            cause(
                "C18",
                1,
                "Temperature ≥ 90 °C, 2oo3",
                "釜温≥90 °C,三取二",
                "TT-201.PV",
            ),
            cause(
                "C19",
                2,
                "Pressure ≥ 700 kPa(g), 2oo3",
                "釜压≥700 kPa(g),三取二",
                "PT-201.PV",
            ),
            cause(
                "C24",
                3,
                "Hydrogen in the bay ≥ 25 %LEL",
                "加氢间氢气≥25 %LEL",
                "AE-126.PV",
            ),
        ],
    }
}
