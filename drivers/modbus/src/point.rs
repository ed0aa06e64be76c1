//! From a point's record to a point that can be served, or to a clear refusal.

use driver::{Direction, FailSafe, Point};
use signal::{Kind, Signal};

use crate::address::{Address, AddressError, Table, parse_address};
use crate::config::{FailSafeConfig, PointConfig};
use crate::value::{Codec, Order, ValueType};

/// A point that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedPoint {
    /// Name.
    pub name: String,
    /// Place in the device.
    pub address: Address,
    /// What stands between registers and the cell.
    pub codec: Codec,
    /// Which way it goes.
    pub direction: Direction,
    /// What an output is driven to when nobody commands it.
    pub fail_safe: FailSafe,
    /// Poll class by name; empty: the first.
    pub class: String,
}

/// Why a point is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointError {
    /// The name is empty.
    #[error("a point at {address} has no name")]
    NoName {
        /// Its address as written.
        address: String,
    },
    /// The address cannot be read.
    #[error("point {point}: {source}")]
    Address {
        /// Name of the point.
        point: String,
        /// The reason.
        source: AddressError,
    },
    /// No such type.
    #[error(
        "point {point}: type \"{found}\" is unknown; use bool, u16, i16, u32, i32, u64, i64, f32 or f64"
    )]
    UnknownType {
        /// Name of the point.
        point: String,
        /// What stands there.
        found: String,
    },
    /// The type cannot live in that table.
    #[error("point {point}: {address} is a single bit; its type must be bool, not {found}")]
    NotABit {
        /// Name of the point.
        point: String,
        /// Its address.
        address: Address,
        /// The type given.
        found: &'static str,
    },
    /// No such order, or not for this type.
    #[error(
        "point {point}: order \"{found}\" is unknown for {value_type}; use ABCD, BADC, CDAB or DCBA"
    )]
    UnknownOrder {
        /// Name of the point.
        point: String,
        /// What stands there.
        found: String,
        /// Its type.
        value_type: &'static str,
    },
    /// The value would reach beyond the last register.
    #[error("point {point}: {words} registers from {address} on reach beyond 65535")]
    BeyondTable {
        /// Name of the point.
        point: String,
        /// Its address.
        address: Address,
        /// Registers it takes.
        words: u16,
    },
    /// Scaling of a boolean.
    #[error("point {point}: a bool takes neither scale, offset nor plausible")]
    ScaledBool {
        /// Name of the point.
        point: String,
    },
    /// A scale of zero or a number that is not finite.
    #[error("point {point}: scale {scale} and offset {offset} must be finite, scale not 0")]
    BadScale {
        /// Name of the point.
        point: String,
        /// The scale.
        scale: f64,
        /// The offset.
        offset: f64,
    },
    /// The plausible range is empty or not finite.
    #[error("point {point}: plausible [{low}, {high}] is no range")]
    BadRange {
        /// Name of the point.
        point: String,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Neither input nor output.
    #[error("point {point}: direction \"{found}\" must be input or output")]
    UnknownDirection {
        /// Name of the point.
        point: String,
        /// What stands there.
        found: String,
    },
    /// An output into a table that cannot be written.
    #[error("point {point}: {address} cannot be written; outputs need hr or co")]
    NotWritable {
        /// Name of the point.
        point: String,
        /// Its address.
        address: Address,
    },
    /// A fail-safe that does not fit.
    #[error(
        "point {point}: fail_safe {found} does not fit a {kind} output; use \"de-energise\", \"hold\" or a {kind} value"
    )]
    BadFailSafe {
        /// Name of the point.
        point: String,
        /// What stands there.
        found: String,
        /// Kind of the cell.
        kind: Kind,
    },
    /// A fail-safe for an input.
    #[error("point {point}: an input has no fail_safe")]
    FailSafeOfInput {
        /// Name of the point.
        point: String,
    },
}

impl PointConfig {
    /// Judges the record. Pure: nothing is asked of a device.
    pub fn check(&self) -> Result<ResolvedPoint, PointError> {
        let point = || self.name.clone();
        if self.name.is_empty() {
            let address = self.address.clone();
            return Err(PointError::NoName { address });
        }
        let address = parse_address(&self.address).map_err(|source| PointError::Address {
            point: point(),
            source,
        })?;
        let codec = self.codec(address)?;
        let direction = self.direction(address)?;
        let fail_safe = self.fail_safe(direction, codec.kind())?;
        Ok(ResolvedPoint {
            name: point(),
            address,
            codec,
            direction,
            fail_safe,
            class: self.class.clone().unwrap_or_default(),
        })
    }

    fn codec(&self, address: Address) -> Result<Codec, PointError> {
        let point = || self.name.clone();
        let is_bit = address.table.is_bits() || address.bit.is_some();
        let value_type = match self.value_type.as_deref() {
            None if is_bit => ValueType::Bool,
            None => ValueType::U16,
            Some(found) => ValueType::from_word(found).ok_or_else(|| PointError::UnknownType {
                point: point(),
                found: found.into(),
            })?,
        };
        if is_bit && value_type != ValueType::Bool {
            let found = value_type.word();
            return Err(PointError::NotABit {
                point: point(),
                address,
                found,
            });
        }
        let words = value_type.words();
        if u32::from(address.number) + u32::from(words) > 1 << 16 {
            return Err(PointError::BeyondTable {
                point: point(),
                address,
                words,
            });
        }
        Ok(Codec {
            value_type,
            order: self.order(value_type)?,
            scaling: self.scaling(value_type)?,
            bit: address.bit,
            plausible: self.plausible(value_type)?,
        })
    }

    fn order(&self, value_type: ValueType) -> Result<Order, PointError> {
        let Some(letters) = self.order.as_deref() else {
            return Ok(Order::default());
        };
        let fits = letters.len() == 4 || letters.len() == 2 * usize::from(value_type.words());
        Order::from_letters(letters)
            .filter(|_| fits)
            .ok_or_else(|| PointError::UnknownOrder {
                point: self.name.clone(),
                found: letters.into(),
                value_type: value_type.word(),
            })
    }

    fn scaling(&self, value_type: ValueType) -> Result<Option<(f64, f64)>, PointError> {
        let point = || self.name.clone();
        if self.scale.is_none() && self.offset.is_none() {
            return Ok(None);
        }
        if value_type == ValueType::Bool {
            return Err(PointError::ScaledBool { point: point() });
        }
        let (scale, offset) = (self.scale.unwrap_or(1.0), self.offset.unwrap_or(0.0));
        if !scale.is_finite() || !offset.is_finite() || scale == 0.0 {
            return Err(PointError::BadScale {
                point: point(),
                scale,
                offset,
            });
        }
        Ok(Some((scale, offset)))
    }

    fn plausible(&self, value_type: ValueType) -> Result<Option<(f64, f64)>, PointError> {
        let point = || self.name.clone();
        match self.plausible {
            None => Ok(None),
            Some(_) if value_type == ValueType::Bool => {
                Err(PointError::ScaledBool { point: point() })
            }
            Some([low, high]) if low < high && low.is_finite() && high.is_finite() => {
                Ok(Some((low, high)))
            }
            Some([low, high]) => Err(PointError::BadRange {
                point: point(),
                low,
                high,
            }),
        }
    }

    fn direction(&self, address: Address) -> Result<Direction, PointError> {
        match self.direction.as_deref() {
            None | Some("input") => Ok(Direction::Input),
            Some("output") if address.table.is_writable() => Ok(Direction::Output),
            Some("output") => Err(PointError::NotWritable {
                point: self.name.clone(),
                address,
            }),
            Some(found) => Err(PointError::UnknownDirection {
                point: self.name.clone(),
                found: found.into(),
            }),
        }
    }

    fn fail_safe(&self, direction: Direction, kind: Kind) -> Result<FailSafe, PointError> {
        let bits = match (&self.fail_safe, kind) {
            (None, _) => return Ok(FailSafe::DeEnergise),
            (Some(_), _) if direction == Direction::Input => {
                let point = self.name.clone();
                return Err(PointError::FailSafeOfInput { point });
            }
            (Some(FailSafeConfig::Word(word)), _) => match word.as_str() {
                "de-energise" => return Ok(FailSafe::DeEnergise),
                "hold" => return Ok(FailSafe::Hold),
                _ => None,
            },
            (Some(FailSafeConfig::Bool(on)), Kind::Bool) => Some(Signal::to_bits(*on)),
            (Some(FailSafeConfig::Int(value)), Kind::Int) => Some(Signal::to_bits(*value)),
            (Some(FailSafeConfig::Int(value)), Kind::Real) => Some((*value as f64).to_bits()),
            (Some(FailSafeConfig::Real(value)), Kind::Real) if value.is_finite() => {
                Some(value.to_bits())
            }
            _ => None,
        };
        bits.map(FailSafe::Preset)
            .ok_or_else(|| PointError::BadFailSafe {
                point: self.name.clone(),
                found: match &self.fail_safe {
                    Some(FailSafeConfig::Bool(on)) => on.to_string(),
                    Some(FailSafeConfig::Int(value)) => value.to_string(),
                    Some(FailSafeConfig::Real(value)) => value.to_string(),
                    Some(FailSafeConfig::Word(word)) => format!("\"{word}\""),
                    None => String::new(),
                },
                kind,
            })
    }
}

impl ResolvedPoint {
    /// Registers or bits it takes.
    pub fn width(&self) -> u16 {
        self.codec.value_type.words()
    }

    /// The point as every driver shows it.
    pub fn point(&self) -> Point {
        Point {
            name: self.name.clone(),
            kind: self.codec.kind(),
            direction: self.direction,
            address: self.address.to_string(),
            fail_safe: self.fail_safe,
            class: self.class.clone(),
        }
    }

    /// First and last place taken, with the bits of it: for finding overlaps.
    pub(crate) fn claim(&self) -> (Table, u32, u32, u16) {
        let from = u32::from(self.address.number);
        let bits = self.address.bit.map_or(u16::MAX, |bit| 1 << bit);
        (
            self.address.table,
            from,
            from + u32::from(self.width()),
            bits,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(text: &str) -> Result<ResolvedPoint, PointError> {
        let config: PointConfig = toml::from_str(text).expect("a record");
        config.check()
    }

    #[test]
    fn points_of_plant_text_become_what_they_say() {
        let p = point(
            r#"name = "TT-101A"
            address = "ir0"
            scale = 0.0106
            offset = -62.5"#,
        )
        .expect("a point");
        assert_eq!(
            (p.codec.kind(), p.direction),
            (Kind::Real, Direction::Input)
        );
        let p = point(
            r#"name = "XV-101A"
            address = "co0"
            direction = "output""#,
        )
        .expect("a point");
        assert_eq!(
            (p.codec.kind(), p.fail_safe),
            (Kind::Bool, FailSafe::DeEnergise)
        );
        let p = point(
            r#"name = "TV-101"
            address = "hr1"
            direction = "output"
            scale = 0.01
            fail_safe = 100"#,
        )
        .expect("a point");
        assert_eq!(p.fail_safe, FailSafe::Preset(100.0_f64.to_bits()));
        let p = point("name = \"N\"\naddress = \"ir5\"").expect("a point");
        assert_eq!(p.codec.kind(), Kind::Int);
    }

    #[test]
    fn every_refusal_names_the_point_and_what_was_found() {
        for (text, said) in [
            ("address = \"qq1\"", "begin with ir"),
            ("address = \"ir1\"\ntype = \"u8\"", "type \"u8\" is unknown"),
            ("address = \"co1\"\ntype = \"u16\"", "co1 is a single bit"),
            (
                "address = \"hr1.2\"\ntype = \"f32\"",
                "hr1.2 is a single bit",
            ),
            (
                "address = \"ir1\"\norder = \"ACBD\"",
                "order \"ACBD\" is unknown for u16",
            ),
            ("address = \"ir1\"\norder = \"HGFEDCBA\"", "unknown for u16"),
            (
                "address = \"ir65533\"\ntype = \"f64\"",
                "4 registers from ir65533",
            ),
            ("address = \"di1\"\nscale = 2.0", "neither scale"),
            ("address = \"ir1\"\nscale = 0.0", "scale 0"),
            ("address = \"ir1\"\noffset = inf", "must be finite"),
            (
                "address = \"ir1\"\nplausible = [2.0, 1.0]",
                "[2, 1] is no range",
            ),
            (
                "address = \"ir1\"\ndirection = \"out\"",
                "direction \"out\"",
            ),
            (
                "address = \"ir1\"\ndirection = \"output\"",
                "ir1 cannot be written",
            ),
            (
                "address = \"ir1\"\nfail_safe = 3",
                "an input has no fail_safe",
            ),
            (
                "address = \"co1\"\ndirection = \"output\"\nfail_safe = 3",
                "does not fit a bool output",
            ),
            (
                "address = \"hr1\"\ndirection = \"output\"\nfail_safe = \"off\"",
                "fail_safe \"off\"",
            ),
            (
                "address = \"hr1\"\ndirection = \"output\"\nfail_safe = 1.5",
                "does not fit a int",
            ),
        ] {
            let error = point(&format!("name = \"P-1\"\n{text}"))
                .expect_err(text)
                .to_string();
            assert!(
                error.contains("P-1") && error.contains(said),
                "{text}: {error}"
            );
        }
    }
}
