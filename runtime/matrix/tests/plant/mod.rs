//! A small plant whose matrix is sound, for the tests to break.

use matrix::proof::{DeviceTrips, Facts, Need, Permit, WiredTrip};
use matrix::*;

pub fn words(en: &str) -> Words {
    Words {
        en: en.to_string(),
        zh: String::new(),
    }
}

pub fn channel(tag: &str, test: Test) -> Channel {
    Channel {
        tag: tag.to_string(),
        test,
        hysteresis: 0.0,
        on_bad: OnBad::Trip,
    }
}

pub fn channels<const N: usize>(tags: [&str; N], test: Test) -> Vec<Channel> {
    tags.iter().map(|tag| channel(tag, test)).collect()
}

pub fn cause(id: &str, text: &str, m: u8, channels: Vec<Channel>) -> Cause {
    Cause {
        id: id.to_string(),
        unit: "R-101".to_string(),
        text: words(text),
        channels,
        m,
        degrade: Degrade::Safety,
        on_delay_s: 0.0,
        armed: None,
        permissive: None,
        class: Class::Safety,
        mos: true,
        oos_s: None,
        response_s: None,
        safety_time_s: None,
        reason: "demo".to_string(),
        proof_test_d: None,
    }
}

pub fn valve(device: &str, open: bool) -> Action {
    Action::Valve {
        device: device.to_string(),
        open,
    }
}

pub fn analog(device: &str, value: f64) -> Action {
    Action::Analog {
        device: device.to_string(),
        value,
    }
}

pub fn effect(id: &str, text: &str, group: Option<usize>, kind: EffectKind) -> Effect {
    Effect {
        id: id.to_string(),
        text: words(text),
        group,
        kind,
    }
}

/// Rows by columns as an engineer writes them.
pub fn cells(matrix: &mut Matrix, rows: &[&[&str]]) {
    for (cause, row) in rows.iter().enumerate() {
        for (effect, cell) in row.iter().enumerate() {
            let symbols = Symbol::parse_cell(cell).expect(cell);
            if !symbols.is_empty() {
                matrix.cells.insert((cause, effect), symbols);
            }
        }
    }
}

/// Trips as the elaboration wires them: by column.
pub fn wire(matrix: &Matrix) -> Vec<DeviceTrips> {
    let mut devices: Vec<DeviceTrips> = Vec::new();
    for effect in &matrix.effects {
        let (EffectKind::Final(actions), Some(group)) = (&effect.kind, effect.group) else {
            continue;
        };
        for action in actions {
            let trip = WiredTrip {
                group: matrix.groups[group].name.clone(),
                effect: effect.id.clone(),
                action: action.clone(),
            };
            match devices.iter_mut().find(|d| d.device == action.device()) {
                Some(device) => device.trips.push(trip),
                None => devices.push(DeviceTrips {
                    device: action.device().to_string(),
                    trips: vec![trip],
                }),
            }
        }
    }
    devices
}

pub fn need(tag: &str, test: Test) -> Need {
    Need {
        tag: tag.to_string(),
        test,
    }
}

const TT: [&str; 3] = ["TT-101A", "TT-101B", "TT-101C"];

/// Rows of the semi-batch reactor R-101, demo design values.
pub fn sound() -> (Matrix, Facts) {
    let hh = Cause {
        on_delay_s: 1.0,
        safety_time_s: Some(120.0),
        ..cause("C01", "TT-101 ≥ 50 °C", 2, channels(TT, Test::Above(50.0)))
    };
    let h = Cause {
        on_delay_s: 5.0,
        armed: Some("DOSING".to_string()),
        class: Class::Process,
        ..cause("C02", "TT-101 ≥ 45 °C", 1, channels(TT, Test::Above(45.0)))
    };
    let mut cold = Cause {
        on_delay_s: 5.0,
        armed: Some("DOSING".to_string()),
        class: Class::Process,
        ..cause("C03", "TT-101 ≤ 30 °C", 2, channels(TT, Test::Below(30.0)))
    };
    cold.channels.iter_mut().for_each(|c| c.hysteresis = 1.0);
    let stirring = Cause {
        on_delay_s: 0.5,
        armed: Some("CHARGED".to_string()),
        oos_s: Some(300.0),
        response_s: Some(1.0),
        safety_time_s: Some(60.0),
        ..cause(
            "C06",
            "no agitation",
            1,
            vec![
                channel("M-101.RUN", Test::Is(false)),
                channel("ST-101", Test::Below(40.0)),
                channel("IT-101", Test::Below(8.0)),
            ],
        )
    };
    let jam = Cause {
        class: Class::Asset,
        on_delay_s: 3.0,
        ..cause(
            "C07",
            "IT-101 ≥ 36 A",
            1,
            channels(["IT-101"], Test::Above(36.0)),
        )
    };
    let mut pressure = Cause {
        response_s: Some(0.5),
        safety_time_s: Some(10.0),
        ..cause(
            "C09",
            "PT-101 ≥ 120 kPa(g)",
            1,
            channels(["PT-101A", "PT-101B"], Test::Above(120.0)),
        )
    };
    pressure
        .channels
        .iter_mut()
        .for_each(|c| c.on_bad = OnBad::Exclude);
    let oxygen = Cause {
        armed: Some("INERT".to_string()),
        permissive: Some(Permissive { limit: 1.0 }),
        ..cause(
            "C22",
            "AT-101 ≥ 2 %",
            1,
            channels(["AT-101A", "AT-101B"], Test::Above(2.0)),
        )
    };
    let esd = Cause {
        mos: false,
        ..cause(
            "C27",
            "HS-100 pressed",
            1,
            channels(["HS-100"], Test::Is(false)),
        )
    };
    let closed = || {
        vec![
            valve("XV-101A", false),
            valve("XV-101B", false),
            analog("FV-101", 0.0),
        ]
    };
    let stop = Action::Stop {
        device: "M-101".to_string(),
    };
    let one = |id: &str, text: &str, group, action| {
        effect(id, text, Some(group), EffectKind::Final(vec![action]))
    };
    let mut matrix = Matrix {
        name: "U100".to_string(),
        causes: vec![hh, h, cold, stirring, jam, pressure, oxygen, esd],
        effects: vec![
            effect("E1", "dosing closed", Some(0), EffectKind::Final(closed())),
            one("E2", "heating off", 0, analog("TV-102", 0.0)),
            one("E3", "full cooling", 0, analog("TV-101", 100.0)),
            one("E4", "emergency brine", 0, valve("XV-117", true)),
            one("E6", "vent", 0, valve("XV-112", true)),
            one("E13", "agitator stops", 1, stop),
            effect("E14", "hold", None, EffectKind::Hold),
            effect("E15", "horn", None, EffectKind::Annunciate),
            effect("E16", "notify", None, EffectKind::Notify),
        ],
        groups: ["RG-1", "RG-2"]
            .map(|name| ResetGroup {
                name: name.to_string(),
                unit: "R-101".to_string(),
                text: Words::default(),
            })
            .to_vec(),
        hazards: vec![
            Hazard {
                id: "H-1".to_string(),
                text: words("runaway"),
                causes: vec![0, 3],
            },
            Hazard {
                id: "H-2".to_string(),
                text: words("overpressure"),
                causes: vec![5],
            },
        ],
        ..Matrix::default()
    };
    #[rustfmt::skip]
    cells(&mut matrix, &[
        //     E1       E2   E3   E4       E6   E13  E14  E15       E16
        /* C01 */ &["X",     "X", "X", "T(30)", "",  "",  "X", "P1",     "Y"],
        /* C02 */ &["x",     "x", "x", "",      "",  "",  "",  "P2",     "" ],
        /* C03 */ &["X",     "",  "",  "",      "",  "",  "X", "P2",     "" ],
        /* C06 */ &["X",     "X", "X", "",      "",  "",  "X", "P1",     "Y"],
        /* C07 */ &["X",     "",  "",  "",      "",  "X", "X", "P2",     "" ],
        /* C09 */ &["X",     "X", "X", "",      "X", "",  "X", "P1",     "Y"],
        /* C22 */ &["P / X", "",  "",  "",      "",  "",  "",  "P2",     "" ],
        /* C27 */ &["X",     "X", "X", "X",     "",  "",  "X", "P1 ESD", "Y"],
    ]);
    let tags = [
        "TT-101A",
        "TT-101B",
        "TT-101C",
        "M-101.RUN",
        "ST-101",
        "IT-101",
        "PT-101A",
        "PT-101B",
        "AT-101A",
        "AT-101B",
        "HS-100",
    ];
    let facts = Facts {
        period_s: 0.1,
        age_s: tags
            .map(|tag| (tag.to_string(), 0.25))
            .into_iter()
            .collect(),
        ranges: [("TT-101A", (-20.0, 150.0)), ("PT-101A", (-100.0, 400.0))]
            .map(|(tag, range)| (tag.to_string(), range))
            .into_iter()
            .collect(),
        devices: wire(&matrix),
        permits: vec![Permit {
            name: "DOSE-PERMIT".to_string(),
            needs: vec![
                need("TT-101A", Test::Above(35.0)),
                need("TT-101A", Test::Below(44.0)),
                need("M-101.RUN", Test::Is(true)),
            ],
            untripped: vec!["RG-1".to_string()],
        }],
        ..Facts::default()
    };
    (matrix, facts)
}
