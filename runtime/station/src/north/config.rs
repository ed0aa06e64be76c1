//! `[[server]]` of plant text: settings of a server, and its points as offers.

use super::map::PointMap;
use crate::kinds::said;
use modbus::{Address, Codec, PointConfig, PointError, ValueType, parse_address};
use plant::{KeyProblem, ServerCheck, ServerPoint, ServerPointProblem};
use serde::Deserialize;
use signal::Kind;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

/// The name of a Modbus server in plant text.
pub const KIND: &str = "modbus";
/// Most connections that a server may be given.
pub const CONNECTIONS_MAX: usize = 256;
/// The type of a point that shows the quality of its tag: [`signal::Quality::bits`].
pub const QUALITY: &str = "quality";

/// Settings of a server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether an address other than loopback may be given.
    #[serde(default)]
    pub allow_remote: bool,
    /// Unit that is answered.
    #[serde(default = "one")]
    pub unit_id: u8,
    /// Connections at a time, 1 to [`CONNECTIONS_MAX`].
    #[serde(default = "sixteen")]
    pub connections_max: usize,
    /// Clients that always find a place.
    #[serde(default)]
    pub reserved: Vec<IpAddr>,
    /// A connection that asks nothing for so long is closed, seconds, 1 to 3600.
    #[serde(default = "sixty")]
    pub idle_timeout_s: u64,
}

fn one() -> u8 {
    1
}
fn sixteen() -> usize {
    16
}
fn sixty() -> u64 {
    60
}

/// What a place of the server means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// The value of the tag.
    Value(Codec),
    /// The quality of the tag, one register.
    Quality,
}

/// One tag at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The tag.
    pub tag: String,
    /// Its place.
    pub address: Address,
    /// What stands there.
    pub meaning: Meaning,
    /// Whether clients may write it.
    pub is_written: bool,
}

impl Offer {
    /// Registers or bits that it takes.
    pub fn words(&self) -> u16 {
        match &self.meaning {
            Meaning::Value(codec) => codec.value_type.words(),
            Meaning::Quality => 1,
        }
    }
}

/// The keys of a point, without tag and write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PointText {
    address: String,
    #[serde(default, rename = "type")]
    value_type: Option<String>,
    #[serde(default)]
    order: Option<String>,
    #[serde(default)]
    scale: Option<f64>,
    #[serde(default)]
    offset: Option<f64>,
}

fn problem(key: &str, message: impl Into<String>, help: impl Into<String>) -> KeyProblem {
    KeyProblem {
        key: Some(key.to_string()),
        message: message.into(),
        help: help.into(),
    }
}

/// Judges a server of plant text.
pub fn check(settings: &toml::Table, points: &[ServerPoint<'_>]) -> ServerCheck {
    let mut check = ServerCheck::default();
    match server_config(settings) {
        Ok(config) => check.server = check_config(&config),
        Err(problem) => check.server.push(problem),
    }
    let mut offers = Vec::new();
    let mut places = Vec::new();
    for (point, text) in points.iter().enumerate() {
        match offer(text) {
            Ok(offer) => {
                offers.push(offer);
                places.push(point);
            }
            Err(problem) => check.points.push(ServerPointProblem {
                point,
                problem,
                other: None,
            }),
        }
    }
    if let Err(overlaps) = PointMap::new(offers) {
        for overlap in overlaps {
            check.points.push(ServerPointProblem {
                point: places[overlap.offer],
                problem: problem("address", overlap.to_string(), "one tag for a place"),
                other: Some(places[overlap.other]),
            });
        }
    }
    check
}

/// Settings of a server.
///
/// # Errors
/// [`KeyProblem`] in the words of the decoder.
pub fn server_config(settings: &toml::Table) -> Result<ServerConfig, KeyProblem> {
    // The decoder's words for an address that is none do not name the key.
    let listen = settings.get("listen").and_then(toml::Value::as_str);
    if let Some(text) = listen.filter(|text| text.parse::<SocketAddr>().is_err()) {
        return Err(problem(
            "listen",
            format!("\"{text}\" is not an address and a port"),
            "listen = \"127.0.0.1:1502\"",
        ));
    }
    let reserved = settings.get("reserved").and_then(toml::Value::as_array);
    for (at, item) in reserved.into_iter().flatten().enumerate() {
        let text = item.as_str().unwrap_or_default();
        if text.parse::<IpAddr>().is_err() {
            return Err(problem(
                &format!("reserved.{}", at + 1),
                format!("{item} is not an address"),
                "reserved = [\"127.0.0.1\"]",
            ));
        }
    }
    ServerConfig::deserialize(toml::Value::Table(settings.clone()))
        .map_err(|error| said(&error, settings))
}

fn check_config(config: &ServerConfig) -> Vec<KeyProblem> {
    let mut problems = Vec::new();
    if !config.listen.ip().is_loopback() && !config.allow_remote {
        problems.push(problem(
            "listen",
            format!("{} can be reached from elsewhere", config.listen),
            "127.0.0.1, or allow_remote = true inside a guarded network",
        ));
    }
    if !(1..=CONNECTIONS_MAX).contains(&config.connections_max) {
        problems.push(problem(
            "connections_max",
            format!("{} connections", config.connections_max),
            format!("1 to {CONNECTIONS_MAX}"),
        ));
    }
    if config.reserved.len() > config.connections_max {
        problems.push(problem(
            "reserved",
            format!(
                "{} reserved clients do not fit into {} connections",
                config.reserved.len(),
                config.connections_max
            ),
            "raise connections_max",
        ));
    }
    let different: BTreeSet<&IpAddr> = config.reserved.iter().collect();
    if different.len() < config.reserved.len() {
        problems.push(problem(
            "reserved",
            "a reserved client is named twice",
            "each has one place of its own",
        ));
    }
    if !(1..=3_600).contains(&config.idle_timeout_s) {
        problems.push(problem(
            "idle_timeout_s",
            format!("{} s", config.idle_timeout_s),
            "1 to 3600",
        ));
    }
    problems
}

/// A point of plant text as an offer.
///
/// # Errors
/// [`KeyProblem`] for a place, type or scale that does not fit the tag.
pub fn offer(point: &ServerPoint<'_>) -> Result<Offer, KeyProblem> {
    let text = PointText::deserialize(toml::Value::Table(point.settings.clone()))
        .map_err(|error| said(&error, point.settings))?;
    let offer = if text.value_type.as_deref() == Some(QUALITY) {
        quality_offer(point, &text)?
    } else {
        value_offer(point, text)?
    };
    if offer.is_written {
        check_written(&offer)?;
    }
    Ok(offer)
}

fn quality_offer(point: &ServerPoint<'_>, text: &PointText) -> Result<Offer, KeyProblem> {
    let address =
        parse_address(&text.address).map_err(|error| problem("address", error.to_string(), ""))?;
    if address.table.is_bits() || address.bit.is_some() {
        return Err(problem(
            "address",
            format!("a quality takes a whole register, {address} is a bit"),
            "ir or hr",
        ));
    }
    for (key, is_given) in [
        ("order", text.order.is_some()),
        ("scale", text.scale.is_some()),
        ("offset", text.offset.is_some()),
    ] {
        if is_given {
            return Err(problem(key, format!("a quality has no {key}"), ""));
        }
    }
    if point.is_written {
        return Err(problem("write", "a quality is nobody's to write", ""));
    }
    Ok(Offer {
        tag: point.tag.to_string(),
        address,
        meaning: Meaning::Quality,
        is_written: false,
    })
}

fn value_offer(point: &ServerPoint<'_>, text: PointText) -> Result<Offer, KeyProblem> {
    let is_bit = parse_address(&text.address)
        .is_ok_and(|address| address.table.is_bits() || address.bit.is_some());
    let value_type = text.value_type.or_else(|| {
        if is_bit {
            return None;
        }
        let word = match point.kind? {
            Kind::Real => ValueType::F32,
            Kind::Bool => ValueType::Bool,
            Kind::Int => ValueType::I32,
        };
        Some(word.word().to_string())
    });
    let config = PointConfig {
        value_type,
        order: text.order,
        scale: text.scale,
        offset: text.offset,
        ..PointConfig::new(point.tag, &text.address)
    };
    let resolved = config.check().map_err(|error| {
        let key = match &error {
            PointError::UnknownType { .. } => "type",
            PointError::UnknownOrder { .. } => "order",
            PointError::ScaledBool { .. } | PointError::BadScale { .. } => "scale",
            _ => "address",
        };
        problem(key, error.to_string(), "see the guide on the Modbus server")
    })?;
    let codec = resolved.codec;
    let tag = point.tag;
    match point.kind {
        Some(Kind::Bool) if codec.value_type != ValueType::Bool => Err(problem(
            "type",
            format!("{tag} is true or false, not {}", codec.value_type.word()),
            "a coil, a discrete input or a bit such as ir5.3; a register with type = \"bool\"",
        )),
        Some(kind @ (Kind::Real | Kind::Int)) if codec.value_type == ValueType::Bool => {
            Err(problem(
                "address",
                format!("{tag} is {kind}, {} holds true or false", resolved.address),
                "a register, ir or hr",
            ))
        }
        Some(Kind::Real) if codec.kind() == Kind::Int => Err(problem(
            "type",
            format!(
                "{tag} has decimals, which {} would lose",
                codec.value_type.word()
            ),
            "type = \"f32\", or a scale such as scale = 0.1",
        )),
        _ => Ok(Offer {
            tag: tag.to_string(),
            address: resolved.address,
            meaning: Meaning::Value(codec),
            is_written: point.is_written,
        }),
    }
}

fn check_written(offer: &Offer) -> Result<(), KeyProblem> {
    if !offer.address.table.is_writable() {
        return Err(problem(
            "address",
            format!(
                "{} is to be written, {} can only be read",
                offer.tag, offer.address
            ),
            "co or hr",
        ));
    }
    if offer.address.bit.is_some() {
        return Err(problem(
            "address",
            format!(
                "{} is to be written, and {} is part of a register",
                offer.tag, offer.address
            ),
            "a coil, so that a write means this tag alone",
        ));
    }
    Ok(())
}
