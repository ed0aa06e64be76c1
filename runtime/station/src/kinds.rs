//! The kinds of blocks, drivers and models that this station has.

use crate::north;
use crate::supervision::script_text;
use modbus::config::{DeviceConfig, PointConfig};
use plant::{
    DriverCheck, DriverKinds, KeyProblem, PointFacts, ScriptDraft, ScriptProblem, ServerCheck,
    ServerPoint,
};
use scan::Registry;
use serde::Deserialize;

/// All kinds of blocks.
pub fn blocks() -> Registry {
    control_blocks::registry()
}

/// All kinds of drivers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drivers;

/// The name of Modbus in plant text.
pub const MODBUS: &str = "modbus";

impl DriverKinds for Drivers {
    fn kinds(&self) -> Vec<&'static str> {
        vec![MODBUS]
    }

    fn check(
        &self,
        _kind: &str,
        settings: &toml::Table,
        points: &[(&str, bool, &toml::Table)],
    ) -> DriverCheck {
        let mut check = DriverCheck::default();
        let device = match device_config(settings) {
            Ok(device) => Some(device),
            Err(problem) => {
                check.device.push(problem);
                None
            }
        };
        if let Some(device) = &device {
            for error in device.check() {
                let text = error.to_string();
                let key = text.split([' ', '=', ':']).next().map(str::to_string);
                check.device.push(KeyProblem {
                    key: key.filter(|key| settings.contains_key(key)),
                    message: text,
                    help: String::new(),
                });
            }
        }
        for (tag, is_output, table) in points {
            check
                .points
                .push(check_point(tag, *is_output, table, device.as_ref()));
        }
        check
    }

    fn server_kinds(&self) -> Vec<&'static str> {
        vec![north::KIND]
    }

    fn check_server(
        &self,
        _kind: &str,
        settings: &toml::Table,
        points: &[ServerPoint<'_>],
    ) -> ServerCheck {
        north::config::check(settings, points)
    }

    fn check_script(&self, script: &ScriptDraft) -> Vec<ScriptProblem> {
        scripts::check(&script_text(script))
            .into_iter()
            .map(|problem| ScriptProblem {
                line: problem.line,
                column: problem.column,
                message: problem.message,
            })
            .collect()
    }
}

fn check_point(
    tag: &str,
    is_output: bool,
    table: &toml::Table,
    device: Option<&DeviceConfig>,
) -> Result<PointFacts, KeyProblem> {
    let config = point_config(tag, is_output, table)?;
    let resolved = config.check().map_err(|error| KeyProblem {
        key: Some("address".to_string()),
        message: error.to_string(),
        help: "see the guide on Modbus points".to_string(),
    })?;
    if let (Some(device), Some(class)) = (device, &config.class)
        && device.classes.iter().all(|known| known.name != *class)
    {
        return Err(KeyProblem {
            key: Some("class".to_string()),
            message: format!("the driver has no poll class \"{class}\""),
            help: format!(
                "classes: {}",
                device
                    .classes
                    .iter()
                    .map(|class| class.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        });
    }
    let class = config.class.as_ref().and_then(|class| {
        let mut classes = device?.classes.iter();
        classes.find(|known| known.name == *class)
    });
    let first = || device.and_then(|device| device.classes.first());
    let period_ms = class.or_else(first).map_or(0, |class| class.period_ms);
    Ok(PointFacts {
        kind: resolved.point().kind,
        period_ns: period_ms.saturating_mul(1_000_000),
    })
}

/// Settings of a Modbus device.
///
/// # Errors
/// [`KeyProblem`] in the words of the decoder.
pub fn device_config(settings: &toml::Table) -> Result<DeviceConfig, KeyProblem> {
    DeviceConfig::deserialize(toml::Value::Table(settings.clone()))
        .map_err(|error| said(&error, settings))
}

/// Settings of a Modbus point.
///
/// # Errors
/// [`KeyProblem`] in the words of the decoder.
pub fn point_config(
    tag: &str,
    is_output: bool,
    table: &toml::Table,
) -> Result<PointConfig, KeyProblem> {
    let mut table = table.clone();
    table.insert("name".into(), toml::Value::String(tag.to_string()));
    let direction = if is_output { "output" } else { "input" };
    table.insert("direction".into(), toml::Value::String(direction.into()));
    let copy = table.clone();
    PointConfig::deserialize(toml::Value::Table(table)).map_err(|error| said(&error, &copy))
}

/// A decoder's words, with the key that they name.
pub(crate) fn said(error: &toml::de::Error, table: &toml::Table) -> KeyProblem {
    let message = error.message().trim().to_string();
    // The key at fault is named first; "expected one of …" comes after it.
    let key = message
        .split('`')
        .nth(1)
        .filter(|key| table.contains_key(*key))
        .map(str::to_string);
    KeyProblem {
        key,
        message,
        help: String::new(),
    }
}
