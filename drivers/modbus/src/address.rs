//! Addresses as people write them: `ir0`, `hr10`, `hr5.3`, `co3`, `di4`.

use std::fmt;

/// One of the four tables of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `co`: bits, read and written.
    Coils,
    /// `di`: bits, read only.
    DiscreteInputs,
    /// `hr`: registers, read and written.
    HoldingRegisters,
    /// `ir`: registers, read only.
    InputRegisters,
}

impl Table {
    pub(crate) const ALL: [Table; 4] = [
        Table::Coils,
        Table::DiscreteInputs,
        Table::HoldingRegisters,
        Table::InputRegisters,
    ];

    /// The two letters in an address.
    pub const fn letters(self) -> &'static str {
        match self {
            Table::Coils => "co",
            Table::DiscreteInputs => "di",
            Table::HoldingRegisters => "hr",
            Table::InputRegisters => "ir",
        }
    }

    /// Whether the table holds single bits.
    pub const fn is_bits(self) -> bool {
        matches!(self, Table::Coils | Table::DiscreteInputs)
    }

    /// Whether the table can be written.
    pub const fn is_writable(self) -> bool {
        matches!(self, Table::Coils | Table::HoldingRegisters)
    }
}

/// A place in a device. Addresses are those on the wire: they begin at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The table.
    pub table: Table,
    /// Register or bit address, 0..=65535.
    pub number: u16,
    /// Bit of a register, 0 (least significant) to 15.
    pub bit: Option<u8>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.table.letters(), self.number)?;
        match self.bit {
            Some(bit) => write!(f, ".{bit}"),
            None => Ok(()),
        }
    }
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins with none of the four tables.
    #[error(
        "address \"{text}\": begin with ir (input register), hr (holding register), co (coil) or di (discrete input)"
    )]
    UnknownTable {
        /// The text.
        text: String,
    },
    /// What follows the table is no number.
    #[error("address \"{text}\": \"{found}\" is not a whole number")]
    NotANumber {
        /// The text.
        text: String,
        /// The part that should be a number.
        found: String,
    },
    /// The number is beyond the address space.
    #[error(
        "address \"{text}\": {found} is above 65535; addresses begin at 0 and carry no 3xxxx or 4xxxx prefix"
    )]
    TooLarge {
        /// The text.
        text: String,
        /// The number.
        found: u64,
    },
    /// A bit of a register is above 15.
    #[error("address \"{text}\": a register has bits 0 to 15, not {found}")]
    BitTooLarge {
        /// The text.
        text: String,
        /// The bit.
        found: u64,
    },
    /// A bit of a bit.
    #[error("address \"{text}\": {table} holds single bits, it has no bit {bit}")]
    BitOfBit {
        /// The text.
        text: String,
        /// Letters of the table.
        table: &'static str,
        /// The bit.
        bit: u64,
    },
}

/// Reads an address.
pub fn parse_address(text: &str) -> Result<Address, AddressError> {
    let unknown = || AddressError::UnknownTable { text: text.into() };
    let table = Table::ALL
        .into_iter()
        .find(|table| text.starts_with(table.letters()))
        .ok_or_else(unknown)?;
    let rest = &text[2..];
    let (number, bit) = match rest.split_once('.') {
        Some((number, bit)) => (number, Some(digits(text, bit)?)),
        None => (rest, None),
    };
    let number = digits(text, number)?;
    let number = u16::try_from(number).map_err(|_| AddressError::TooLarge {
        text: text.into(),
        found: number,
    })?;
    let bit = match bit {
        Some(bit) if table.is_bits() => {
            return Err(AddressError::BitOfBit {
                text: text.into(),
                table: table.letters(),
                bit,
            });
        }
        Some(bit) if bit > 15 => {
            return Err(AddressError::BitTooLarge {
                text: text.into(),
                found: bit,
            });
        }
        bit => bit.map(|bit| bit as u8),
    };
    Ok(Address { table, number, bit })
}

fn digits(text: &str, part: &str) -> Result<u64, AddressError> {
    let plain = !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
    match part.parse() {
        Ok(number) if plain => Ok(number),
        _ => Err(AddressError::NotANumber {
            text: text.into(),
            found: part.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_as_written() {
        for text in ["ir0", "hr10", "hr5.3", "co3", "di65535", "ir7.15"] {
            assert_eq!(parse_address(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn every_error_names_what_was_found() {
        for (text, said) in [
            ("xx1", "begin with ir"),
            ("", "begin with ir"),
            ("ir", "\"\" is not a whole number"),
            ("hr-1", "\"-1\" is not"),
            ("hr+1", "\"+1\" is not"),
            ("hr1.", "\"\" is not"),
            ("hr1.x", "\"x\" is not"),
            ("hr40001000", "40001000 is above 65535"),
            ("hr1.16", "bits 0 to 15, not 16"),
            ("co1.2", "co holds single bits, it has no bit 2"),
            ("hr99999999999999999999", "is not a whole number"),
        ] {
            let error = parse_address(text).expect_err(text).to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_never_panics(text in "\\PC*") {
            if let Ok(address) = parse_address(&text) {
                let again = parse_address(&address.to_string());
                prop_assert_eq!(again, Ok(address));
            }
        }
    }
}
