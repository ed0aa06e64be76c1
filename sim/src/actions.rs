//! What people do in the field: charging, draining, opening, resetting.
//!
//! An action has a name, and where it moves material an amount and a rate: the
//! material flows until the amount is moved, so that levels and pressures follow
//! as they would. Named as faults are, they can be called from scenarios.

use core::fmt;

use serde::{Deserialize, Serialize};
use signal::math::clamp;

use crate::faults::Parameter;

/// A thing that a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Toluene into R-101.
    ChargeSolvent,
    /// A into R-101.
    ChargeA,
    /// B into V-101.
    RefillDosingVessel,
    /// Methanol into R-102.
    ChargeMethanol,
    /// Nitro compound C into R-102.
    ChargeNitro,
    /// Catalyst into R-102, wet and under nitrogen.
    ChargeCatalyst,
    /// R-101 into drums by its hand valve.
    DrainR101,
    /// R-102 through F-205 into drums.
    DischargeR102,
    /// V-104 into drums.
    DrainReceiver,
    /// V-105 into drums.
    DrainQuench,
    /// Water into V-105.
    RefillQuench,
    /// Whatever is being moved stops.
    StopCharging,
    /// Manhole of R-101.
    OpenManhole,
    /// Manhole of R-101.
    CloseManhole,
    /// F-205.
    CleanFilter,
    /// PSE-101 and PSE-201.
    FitDiscs,
    /// The SIS, on its own panel.
    ResetSis,
    /// The bypass-enable key HS-101 on the panel.
    TurnBypassKeyOn,
    /// The bypass-enable key HS-101 on the panel.
    TurnBypassKeyOff,
}

/// One action of the library.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ActionEntry {
    /// Name by which it is called.
    pub name: &'static str,
    /// Which.
    pub action: Action,
    /// Its amount, if it moves material.
    pub parameter: Option<Parameter>,
    /// How fast the material moves, kg/h. Assumed.
    pub rate_kg_h: f64,
    /// Description in English.
    pub english: &'static str,
    /// Description in Chinese.
    pub chinese: &'static str,
}

const fn deed(
    name: &'static str,
    action: Action,
    english: &'static str,
    chinese: &'static str,
) -> ActionEntry {
    ActionEntry {
        name,
        action,
        parameter: None,
        rate_kg_h: 0.0,
        english,
        chinese,
    }
}

impl ActionEntry {
    const fn moving(self, default_kg: f64, most_kg: f64, rate_kg_h: f64) -> ActionEntry {
        ActionEntry {
            parameter: Some(Parameter {
                meaning: "amount, kg",
                default: Some(default_kg),
                low: 0.0,
                high: most_kg,
            }),
            rate_kg_h,
            ..self
        }
    }
}

static ACTIONS: [ActionEntry; 19] = [
    deed(
        "charge-solvent",
        Action::ChargeSolvent,
        "Charge toluene into R-101",
        "向R-101投甲苯",
    )
    .moving(950.0, 2500.0, 6000.0),
    deed(
        "charge-a",
        Action::ChargeA,
        "Charge A into R-101",
        "向R-101投A料",
    )
    .moving(360.0, 1000.0, 2400.0),
    deed(
        "refill-dosing-vessel",
        Action::RefillDosingVessel,
        "Refill dosing vessel V-101 with B",
        "滴加罐V-101补B料",
    )
    .moving(300.0, 500.0, 3000.0),
    deed(
        "charge-methanol",
        Action::ChargeMethanol,
        "Charge methanol into R-102",
        "向R-102投甲醇",
    )
    .moving(1300.0, 2000.0, 6000.0),
    deed(
        "charge-nitro",
        Action::ChargeNitro,
        "Charge nitro compound C into R-102",
        "向R-102投硝基物C",
    )
    .moving(405.0, 1000.0, 2400.0),
    deed(
        "charge-catalyst",
        Action::ChargeCatalyst,
        "Charge Pd/C into R-102, wet and under nitrogen",
        "氮气保护下向R-102投湿Pd/C催化剂",
    )
    .moving(15.0, 60.0, 300.0),
    deed(
        "drain-r-101",
        Action::DrainR101,
        "Drain R-101 into drums",
        "R-101放料至桶",
    )
    .moving(3000.0, 5000.0, 6000.0),
    deed(
        "discharge-r-102",
        Action::DischargeR102,
        "Discharge R-102 through the catalyst filter",
        "R-102经催化剂过滤器出料",
    )
    .moving(3000.0, 5000.0, 3000.0),
    deed(
        "drain-receiver",
        Action::DrainReceiver,
        "Drain receiver V-104",
        "接收罐V-104放料",
    )
    .moving(500.0, 1000.0, 2000.0),
    deed(
        "drain-quench",
        Action::DrainQuench,
        "Drain quench vessel V-105",
        "淬灭罐V-105放料",
    )
    .moving(8000.0, 20_000.0, 20_000.0),
    deed(
        "refill-quench",
        Action::RefillQuench,
        "Refill quench vessel V-105 with water",
        "淬灭罐V-105补水",
    )
    .moving(5400.0, 10_000.0, 10_000.0),
    deed(
        "stop-charging",
        Action::StopCharging,
        "Stop whatever is being charged or drained",
        "停止一切投料与放料",
    ),
    deed(
        "open-manhole",
        Action::OpenManhole,
        "Open the manhole of R-101",
        "打开R-101人孔",
    ),
    deed(
        "close-manhole",
        Action::CloseManhole,
        "Close the manhole of R-101",
        "关闭R-101人孔",
    ),
    deed(
        "clean-filter",
        Action::CleanFilter,
        "Take the catalyst off filter F-205",
        "清理过滤器F-205",
    ),
    deed(
        "fit-discs",
        Action::FitDiscs,
        "Fit new rupture discs PSE-101 and PSE-201",
        "更换爆破片PSE-101/PSE-201",
    ),
    deed(
        "reset-sis",
        Action::ResetSis,
        "Reset the SIS on its own panel",
        "在SIS盘上复位",
    ),
    deed(
        "turn-bypass-key-on",
        Action::TurnBypassKeyOn,
        "Turn the bypass-enable key HS-101 on",
        "旁路允许钥匙HS-101置于允许位",
    ),
    deed(
        "turn-bypass-key-off",
        Action::TurnBypassKeyOff,
        "Turn the bypass-enable key HS-101 off",
        "旁路允许钥匙HS-101置于禁止位",
    ),
];

/// All actions, in a fixed order.
pub fn actions() -> &'static [ActionEntry] {
    &ACTIONS
}

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum ActionError {
    /// The library, or this model, has no such action.
    UnknownAction {
        /// The name given.
        name: String,
    },
    /// The amount is not finite, out of range, or the action takes none.
    BadValue {
        /// The name given.
        name: String,
        /// The amount given.
        value: f64,
    },
    /// The plant stands in the way.
    Refused {
        /// The name given.
        name: String,
        /// Why.
        why: Obstacle,
    },
}

/// What stands in the way of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The vessel would run over.
    NoRoom,
    /// The vessel is not near atmospheric pressure.
    UnderPressure,
    /// A trip cause still stands.
    CauseStands,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::NoRoom => "the vessel would run over",
            Obstacle::UnderPressure => "the vessel is not near atmospheric pressure",
            Obstacle::CauseStands => "a cause still stands",
        })
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ActionError::UnknownAction { name } => write!(f, "no action named {name}"),
            ActionError::BadValue { name, value } => {
                write!(f, "action {name} cannot take the value {value}")
            }
            ActionError::Refused { name, why } => write!(f, "action {name} refused: {why}"),
        }
    }
}

impl std::error::Error for ActionError {}

/// The entry of `name` and the amount to move, checked against its range.
pub(crate) fn find(
    name: &str,
    value: Option<f64>,
) -> Result<(&'static ActionEntry, f64), ActionError> {
    let entry = ACTIONS
        .iter()
        .find(|entry| entry.name == name)
        .ok_or_else(|| ActionError::UnknownAction {
            name: name.to_string(),
        })?;
    let amount = match (value, entry.parameter) {
        (None, None) => 0.0,
        (None, Some(parameter)) => parameter.default.unwrap_or(0.0),
        (Some(value), Some(p)) if value >= p.low && value <= p.high => value,
        (Some(value), _) => {
            return Err(ActionError::BadValue {
                name: name.to_string(),
                value,
            });
        }
    };
    Ok((entry, amount))
}

/// Material on its way, by action.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Work {
    left_kg: [f64; ACTIONS.len()],
    any: bool,
}

impl Work {
    /// Adds an amount to what is on its way.
    pub(crate) fn add(&mut self, action: Action, kg: f64) {
        for (entry, left) in ACTIONS.iter().zip(&mut self.left_kg) {
            if entry.action == action {
                *left += kg;
                self.any = true;
            }
        }
    }

    /// Everything stops.
    pub(crate) fn stop(&mut self) {
        *self = Work::default();
    }

    /// Whether this action still moves material.
    pub(crate) fn moves(&self, action: Action) -> bool {
        let mut both = ACTIONS.iter().zip(&self.left_kg);
        both.any(|(entry, left)| entry.action == action && *left > 0.0)
    }

    /// One tick: `each` is told what moves, kg.
    #[inline]
    pub(crate) fn step(&mut self, dt_s: f64, mut each: impl FnMut(Action, f64)) {
        if !self.any {
            return;
        }
        self.any = false;
        for (entry, left) in ACTIONS.iter().zip(&mut self.left_kg) {
            if *left > 0.0 {
                let kg = clamp(entry.rate_kg_h / 3600.0 * dt_s, 0.0, *left);
                *left -= kg;
                each(entry.action, kg);
                self.any = true;
            }
        }
    }
}
