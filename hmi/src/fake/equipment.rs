//! Units, blocks and a small matrix of the make-believe unit.

use super::r101::CAUSES;
use crate::desk::{Tag, Text};
use gateway::equipment::{
    Block, Equipment, Matrix, MatrixCause, MatrixCell, MatrixEffect, Row, Unit,
};

/// Kind of a block by the letters of its name, as instrument people name them.
fn kind(name: &str, pins: &[&str]) -> &'static str {
    let has = |pin: &str| pins.contains(&pin);
    match name.split('-').next().unwrap_or_default() {
        _ if has("MODE_ACT") => "PID",
        "XV" => "VALVE",
        "FV" | "TV" | "PV" => "AOUT",
        "M" | "VP" | "P" => "MOTOR",
        "RG" => "INTERLOCK",
        "DOSE" => "DOSE",
        "DP" => "PERMIT",
        "UP" => "PHASE",
        _ if has("TRIP") => "CAUSE",
        _ => "AI",
    }
}

fn row(en: &str, zh: &str, tag: &str, is: bool) -> Row {
    Row {
        text: Text::new(en, zh),
        tag: (!tag.is_empty()).then(|| tag.to_owned()),
        is,
        plan_s: tag.is_empty().then_some(3_600.0),
    }
}

/// What stands behind the tags.
pub(super) fn equipment(tags: &[Tag]) -> Equipment {
    let mut blocks: Vec<Block> = Vec::new();
    let mut names: Vec<&str> = tags
        .iter()
        .filter_map(|t| Some(t.name.split_once('.')?.0))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let of = |t: &&Tag| {
            t.name
                .split_once('.')
                .is_some_and(|(block, _)| block == name)
        };
        let pins: Vec<&str> = tags
            .iter()
            .filter(of)
            .filter_map(|t| Some(t.name.split_once('.')?.1))
            .collect();
        let desc = tags
            .iter()
            .find(of)
            .map_or_else(Text::default, |t| t.desc.clone());
        // `Dosing: STATE` is the block's text with the pin behind it.
        let cut = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
        let desc = Text::new(cut(&desc.en), cut(&desc.zh));
        let second = name.contains("-2") || name.ends_with("202");
        blocks.push(Block {
            name: name.to_owned(),
            kind: kind(name, &pins).to_owned(),
            unit: if second { "R-102" } else { "R-101" }.to_owned(),
            desc,
            rows: match name {
                "DP-101" => vec![
                    row("agitator running", "搅拌运行", "M-101.RUN", true),
                    row("interlocks reset", "联锁已复位", "RG-1.TRIPPED", false),
                    row("rupture disc intact", "爆破片完好", "PSE-101.PV", true),
                    row("ESD not pressed", "紧急停车未按下", "HS-100.PV", true),
                ],
                "UP-101" => vec![
                    row("inert", "惰化", "", true),
                    row("charge A", "加物料A", "", true),
                    row("dose", "滴加", "", true),
                    row("cool to 25 °C", "降温至25 °C", "", true),
                ],
                _ => Vec::new(),
            },
            permit: (name == "DOSE").then(|| "DP-101".to_owned()),
        });
    }
    let unit = |name: &str, en: &str, zh: &str| Unit {
        name: name.to_owned(),
        title: Text::new(en, zh),
        area: "U100".to_owned(),
    };
    Equipment {
        units: vec![
            unit("R-101", "R-101 reactor", "R-101反应釜"),
            unit("R-102", "R-102 autoclave", "R-102加氢釜"),
        ],
        blocks,
        matrices: vec![matrix()],
    }
}

fn matrix() -> Matrix {
    let effect = |id: &str, en: &str, zh: &str, devices: &[&str]| MatrixEffect {
        id: id.to_owned(),
        text: Text::new(en, zh),
        group: Some("RG-1".to_owned()),
        tags: vec!["RG-1.TRIPPED".to_owned()],
        devices: devices.iter().map(|d| (*d).to_owned()).collect(),
    };
    let cells = (0..CAUSES.len()).flat_map(|cause| {
        [(0, "X"), (1 + cause % 2, "X")].map(|(effect, word)| MatrixCell {
            cause,
            effect,
            word: word.to_owned(),
        })
    });
    Matrix {
        name: "U100".to_owned(),
        causes: CAUSES
            .iter()
            .map(|(id, _, en, zh, _, _)| MatrixCause {
                id: (*id).to_owned(),
                unit: "R-101".to_owned(),
                text: Text::new(*en, *zh),
                vote: "2oo3".to_owned(),
            })
            .collect(),
        effects: vec![
            effect(
                "E1",
                "Stop dosing",
                "停止滴加",
                &["XV-101A", "XV-101B", "FV-101"],
            ),
            effect("E2", "Heating off", "停止加热", &["TV-102"]),
            effect("E3", "Full cooling", "全开冷却", &["TV-101"]),
        ],
        cells: cells.collect(),
    }
}
