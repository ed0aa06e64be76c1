//! Values and their registers: types, word orders, scaling.

use signal::{Kind, Level, Quality, Reason, math};

/// Most registers of one value.
pub const WORDS_MAX: usize = 4;

/// How a value lies in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A coil, a discrete input, a bit of a register, or a register that is not 0.
    Bool,
    /// One register, unsigned.
    U16,
    /// One register, two's complement.
    I16,
    /// Two registers, unsigned.
    U32,
    /// Two registers, two's complement.
    I32,
    /// Four registers, unsigned.
    U64,
    /// Four registers, two's complement.
    I64,
    /// Two registers, IEEE 754 single.
    F32,
    /// Four registers, IEEE 754 double.
    F64,
}

impl ValueType {
    /// All types, for messages and tests.
    pub const ALL: [ValueType; 9] = [
        ValueType::Bool,
        ValueType::U16,
        ValueType::I16,
        ValueType::U32,
        ValueType::I32,
        ValueType::U64,
        ValueType::I64,
        ValueType::F32,
        ValueType::F64,
    ];

    /// The word of plant text.
    pub const fn word(self) -> &'static str {
        match self {
            ValueType::Bool => "bool",
            ValueType::U16 => "u16",
            ValueType::I16 => "i16",
            ValueType::U32 => "u32",
            ValueType::I32 => "i32",
            ValueType::U64 => "u64",
            ValueType::I64 => "i64",
            ValueType::F32 => "f32",
            ValueType::F64 => "f64",
        }
    }

    /// The type for a word of plant text.
    pub fn from_word(word: &str) -> Option<ValueType> {
        ValueType::ALL.into_iter().find(|t| t.word() == word)
    }

    /// Registers, or bits of a bit table, that one value takes.
    pub const fn words(self) -> u16 {
        match self {
            ValueType::Bool | ValueType::U16 | ValueType::I16 => 1,
            ValueType::U32 | ValueType::I32 | ValueType::F32 => 2,
            ValueType::U64 | ValueType::I64 | ValueType::F64 => 4,
        }
    }

    /// Whether the value is a floating-point number on the wire.
    pub const fn is_float(self) -> bool {
        matches!(self, ValueType::F32 | ValueType::F64)
    }
}

/// Order of the bytes A (most significant), B, ... of a value in its registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Order {
    /// Least significant register first: `CDAB`.
    pub words_reversed: bool,
    /// Least significant byte of each register first: `BADC`.
    pub bytes_swapped: bool,
}

impl Order {
    /// Reads an order: the letters of a value of two, four or eight bytes. The
    /// four-letter form may stand for a value of any width.
    pub fn from_letters(letters: &str) -> Option<Order> {
        let (words_reversed, bytes_swapped) = match letters {
            "AB" | "ABCD" | "ABCDEFGH" => (false, false),
            "BA" | "BADC" | "BADCFEHG" => (false, true),
            "CDAB" | "GHEFCDAB" => (true, false),
            "DCBA" | "HGFEDCBA" => (true, true),
            _ => return None,
        };
        Some(Order {
            words_reversed,
            bytes_swapped,
        })
    }

    /// A value of several registers.
    fn gather(self, registers: &[u16]) -> u64 {
        let mut words = [0; WORDS_MAX];
        let words = &mut words[..registers.len()];
        words.copy_from_slice(registers);
        self.turn(words);
        let place = |raw, word: &u16| raw << 16 | u64::from(*word);
        words.iter().fold(0_u64, place)
    }

    /// Registers as on the wire to most significant first, or back.
    #[inline]
    fn turn(self, words: &mut [u16]) {
        if self.words_reversed {
            words.reverse();
        }
        if self.bytes_swapped {
            for word in words {
                *word = word.swap_bytes();
            }
        }
    }
}

/// What stands between registers and a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Codec {
    /// Type in the registers.
    pub value_type: ValueType,
    /// Byte order.
    pub order: Order,
    /// `value = raw × scale + offset`; `None`: raw. Given, the cell is real.
    pub scaling: Option<(f64, f64)>,
    /// Bit of the register, for booleans in registers.
    pub bit: Option<u8>,
    /// Values outside are bad, out of range.
    pub plausible: Option<(f64, f64)>,
}

/// A value as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Cell bits; `None`: not finite, the cell keeps what it has.
    pub bits: Option<u64>,
    /// Quality.
    pub quality: Quality,
}

const OUT_OF_RANGE: Quality = Quality::new(Level::Bad, Reason::OutOfRange);

impl Codec {
    /// The kind of the cell.
    pub const fn kind(&self) -> Kind {
        match self.value_type {
            ValueType::Bool => Kind::Bool,
            ValueType::F32 | ValueType::F64 => Kind::Real,
            _ if self.scaling.is_some() => Kind::Real,
            _ => Kind::Int,
        }
    }

    /// Reads a value from the registers at its place; there must be
    /// [`ValueType::words`] of them.
    #[inline]
    pub fn decode(&self, registers: &[u16]) -> Decoded {
        let raw = match registers {
            [word] if self.order.bytes_swapped => u64::from(word.swap_bytes()),
            [word] => u64::from(*word),
            registers => self.order.gather(registers),
        };
        match self.value_type {
            ValueType::Bool => {
                let on = match self.bit {
                    Some(bit) => raw >> bit & 1 == 1,
                    None => raw != 0,
                };
                Decoded {
                    bits: Some(u64::from(on)),
                    quality: Quality::GOOD,
                }
            }
            ValueType::F32 => self.real(f64::from(f32::from_bits(raw as u32))),
            ValueType::F64 => self.real(f64::from_bits(raw)),
            ValueType::U64 if self.scaling.is_some() => self.real(raw as f64),
            ValueType::U64 => match i64::try_from(raw) {
                Ok(value) => self.integer(value),
                Err(_) => Decoded {
                    bits: Some(i64::MAX as u64),
                    quality: OUT_OF_RANGE,
                },
            },
            ValueType::U16 | ValueType::U32 => self.integer(raw as i64),
            ValueType::I16 => self.integer(i64::from(raw as u16 as i16)),
            ValueType::I32 => self.integer(i64::from(raw as u32 as i32)),
            ValueType::I64 => self.integer(raw as i64),
        }
    }

    #[inline]
    fn integer(&self, raw: i64) -> Decoded {
        if self.scaling.is_some() {
            return self.real(raw as f64);
        }
        Decoded {
            bits: Some(raw as u64),
            quality: self.judge(raw as f64),
        }
    }

    #[inline]
    fn real(&self, raw: f64) -> Decoded {
        let (scale, offset) = self.scaling.unwrap_or((1.0, 0.0));
        let value = raw * scale + offset;
        if !value.is_finite() {
            return Decoded {
                bits: None,
                quality: Quality::NOT_FINITE,
            };
        }
        Decoded {
            bits: Some(value.to_bits()),
            quality: self.judge(value),
        }
    }

    #[inline]
    fn judge(&self, value: f64) -> Quality {
        match self.plausible {
            Some((low, high)) if value < low || value > high => OUT_OF_RANGE,
            _ => Quality::GOOD,
        }
    }

    /// Registers for a cell, as on the wire; the first [`ValueType::words`] count.
    /// Values beyond the type are held at its end. `None`: the cell is not finite.
    /// A boolean in a bit of a register gives 0 or 1.
    #[inline]
    pub fn encode(&self, bits: u64) -> Option<[u16; WORDS_MAX]> {
        let raw = match self.value_type {
            ValueType::Bool => u64::from(bits != 0),
            ValueType::F32 => {
                let value = self.unscale(f64::from_bits(bits))?;
                // Beyond a single's range the cast would give an infinity.
                let held = value.clamp(f64::from(f32::MIN), f64::from(f32::MAX));
                u64::from((held as f32).to_bits())
            }
            ValueType::F64 => self.unscale(f64::from_bits(bits))?.to_bits(),
            _ => self.encode_integer(bits)?,
        };
        let mut words = [0; WORDS_MAX];
        let count = usize::from(self.value_type.words());
        for (index, word) in words[..count].iter_mut().enumerate() {
            *word = (raw >> (16 * (count - 1 - index))) as u16;
        }
        self.order.turn(&mut words[..count]);
        Some(words)
    }

    fn encode_integer(&self, bits: u64) -> Option<u64> {
        let (low, high): (i128, i128) = match self.value_type {
            ValueType::U16 => (0, u16::MAX.into()),
            ValueType::I16 => (i16::MIN.into(), i16::MAX.into()),
            ValueType::U32 => (0, u32::MAX.into()),
            ValueType::I32 => (i32::MIN.into(), i32::MAX.into()),
            ValueType::U64 => (0, u64::MAX.into()),
            _ => (i64::MIN.into(), i64::MAX.into()),
        };
        let raw = if self.scaling.is_some() {
            // A cast to an integer saturates.
            math::round(self.unscale(f64::from_bits(bits))?) as i128
        } else {
            i128::from(bits as i64)
        };
        Some(raw.clamp(low, high) as u64)
    }

    fn unscale(&self, value: f64) -> Option<f64> {
        let (scale, offset) = self.scaling.unwrap_or((1.0, 0.0));
        let raw = (value - offset) / scale;
        raw.is_finite().then_some(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codec(value_type: ValueType, letters: &str) -> Codec {
        Codec {
            value_type,
            order: Order::from_letters(letters).expect(letters),
            scaling: None,
            bit: None,
            plausible: None,
        }
    }

    #[test]
    fn four_byte_orders_place_the_bytes_as_lettered() {
        for (letters, registers) in [
            ("ABCD", [0x0a0b, 0x0c0d]),
            ("BADC", [0x0b0a, 0x0d0c]),
            ("CDAB", [0x0c0d, 0x0a0b]),
            ("DCBA", [0x0d0c, 0x0b0a]),
        ] {
            let found = codec(ValueType::U32, letters).decode(&registers);
            assert_eq!(found.bits, Some(0x0a0b_0c0d), "{letters}");
        }
    }

    #[test]
    fn eight_byte_orders_place_the_bytes_as_lettered() {
        for (letters, registers) in [
            ("ABCDEFGH", [0x0102, 0x0304, 0x0506, 0x0708]),
            ("BADCFEHG", [0x0201, 0x0403, 0x0605, 0x0807]),
            ("GHEFCDAB", [0x0708, 0x0506, 0x0304, 0x0102]),
            ("HGFEDCBA", [0x0807, 0x0605, 0x0403, 0x0201]),
        ] {
            let found = codec(ValueType::I64, letters).decode(&registers);
            assert_eq!(found.bits, Some(0x0102_0304_0506_0708), "{letters}");
        }
    }

    #[test]
    fn a_float_that_is_not_finite_is_never_good() {
        for registers in [[0x7fc0, 0], [0x7f80, 0], [0xff80, 0], [0x7f80, 1]] {
            let found = codec(ValueType::F32, "ABCD").decode(&registers);
            assert_eq!((found.bits, found.quality), (None, Quality::NOT_FINITE));
        }
    }

    #[test]
    fn unsigned_beyond_the_cell_is_bad_not_negative() {
        let found = codec(ValueType::U64, "ABCD").decode(&[0x8000, 0, 0, 0]);
        assert!(found.quality.is_bad());
        assert_eq!(found.bits, Some(i64::MAX as u64));
    }

    #[test]
    fn commands_beyond_the_register_are_held_at_its_end() {
        let mut percent = codec(ValueType::U16, "AB");
        percent.scaling = Some((0.01, 0.0));
        let raw = |value: f64| percent.encode(value.to_bits()).map(|words| words[0]);
        assert_eq!(raw(50.0), Some(5_000));
        assert_eq!(raw(-1.0), Some(0));
        assert_eq!(raw(1e9), Some(u16::MAX));
        assert_eq!(raw(f64::NAN), None);
        assert_eq!(raw(f64::INFINITY), None);
        let single = codec(ValueType::F32, "ABCD").encode(1e300_f64.to_bits());
        let found = codec(ValueType::F32, "ABCD").decode(&single.expect("finite")[..2]);
        assert_eq!(found.bits, Some(f64::from(f32::MAX).to_bits()));
    }

    #[test]
    fn implausible_values_are_bad() {
        let mut level = codec(ValueType::U16, "AB");
        level.plausible = Some((3_600.0, 21_000.0));
        assert_eq!(level.decode(&[4_000]).quality, Quality::GOOD);
        assert_eq!(level.decode(&[3_599]).quality, OUT_OF_RANGE);
    }

    proptest! {
        #[test]
        fn integers_survive_the_way_out_and_back(
            raw in any::<i64>(),
            kind in prop::sample::select(ValueType::ALL.to_vec()),
            words_reversed: bool,
            bytes_swapped: bool,
        ) {
            prop_assume!(!kind.is_float() && kind != ValueType::Bool);
            let order = Order { words_reversed, bytes_swapped };
            let codec = Codec { order, ..codec(kind, "ABCD") };
            let value = match kind {
                ValueType::U16 => i64::from(raw as u16),
                ValueType::I16 => i64::from(raw as i16),
                ValueType::U32 => i64::from(raw as u32),
                ValueType::I32 => i64::from(raw as i32),
                ValueType::U64 => raw & i64::MAX,
                _ => raw,
            };
            let words = codec.encode(value as u64).expect("an integer");
            let back = codec.decode(&words[..usize::from(kind.words())]);
            prop_assert_eq!(back, Decoded { bits: Some(value as u64), quality: Quality::GOOD });
        }

        #[test]
        fn finite_doubles_survive_exactly_and_singles_within_their_precision(
            value in -1e30_f64..1e30,
            words_reversed: bool,
            bytes_swapped: bool,
        ) {
            let order = Order { words_reversed, bytes_swapped };
            for kind in [ValueType::F32, ValueType::F64] {
                let codec = Codec { order, ..codec(kind, "ABCD") };
                let words = codec.encode(value.to_bits()).expect("finite");
                let bits = codec.decode(&words[..usize::from(kind.words())]).bits;
                let back = f64::from_bits(bits.expect("finite"));
                let allowed = if kind == ValueType::F64 { 0.0 } else { value.abs() * 6e-8 + 1e-38 };
                prop_assert!((back - value).abs() <= allowed);
            }
        }

        #[test]
        fn scaled_values_survive_within_half_a_step(
            value in 0.0_f64..100.0,
            scale in 0.005_f64..1.0,
            offset in -50.0_f64..0.0,
        ) {
            let codec = Codec { scaling: Some((scale, offset)), ..codec(ValueType::U32, "CDAB") };
            let words = codec.encode(value.to_bits()).expect("finite");
            let bits = codec.decode(&words[..2]).bits.expect("finite");
            prop_assert!((f64::from_bits(bits) - value).abs() <= scale * 0.500_001);
        }

        #[test]
        fn no_registers_whatsoever_decode_to_a_good_value_that_is_not_finite(
            registers: [u16; 4],
            kind in prop::sample::select(ValueType::ALL.to_vec()),
            scale in any::<f64>(),
        ) {
            let scaling = (kind != ValueType::Bool).then_some((scale, 0.0));
            let codec = Codec { scaling, ..codec(kind, "ABCD") };
            let found = codec.decode(&registers[..usize::from(kind.words())]);
            if codec.kind() == Kind::Real && found.quality.is_good() {
                prop_assert!(found.bits.is_some_and(|bits| f64::from_bits(bits).is_finite()));
            }
        }
    }
}
