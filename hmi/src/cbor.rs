//! The few CBOR items (RFC 8949) that the interface sends, written straight into a
//! buffer. Arrays of numbers are typed arrays (RFC 8746): the browser reads them as
//! one `Float32Array` instead of thousands of items.

/// RFC 8746 tag: unsigned 16-bit little-endian.
const TAG_U16_LE: u64 = 69;
/// RFC 8746 tag: unsigned 32-bit little-endian.
const TAG_U32_LE: u64 = 70;
/// RFC 8746 tag: IEEE 754 binary32 little-endian.
const TAG_F32_LE: u64 = 85;
/// RFC 8746 tag: IEEE 754 binary64 little-endian.
const TAG_F64_LE: u64 = 86;
/// RFC 8746 tag: unsigned 8-bit.
const TAG_U8: u64 = 64;

/// Greatest magnitude that keeps every whole number exact in binary32.
const F32_WHOLE_MAX: f64 = 16_777_216.0;

/// A growing CBOR message. Lengths of arrays and maps are announced first; the
/// caller keeps the promise.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn with_capacity(bytes: usize) -> Encoder {
        Encoder {
            bytes: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, major: u8, n: u64) {
        let m = major << 5;
        match n {
            0..=23 => self.bytes.push(m | n as u8),
            24..=0xff => self.bytes.extend([m | 24, n as u8]),
            0x100..=0xffff => {
                self.bytes.push(m | 25);
                self.bytes.extend((n as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(m | 26);
                self.bytes.extend((n as u32).to_be_bytes());
            }
            _ => {
                self.bytes.push(m | 27);
                self.bytes.extend(n.to_be_bytes());
            }
        }
    }

    pub(crate) fn unsigned(&mut self, n: u64) -> &mut Encoder {
        self.head(0, n);
        self
    }

    pub(crate) fn float(&mut self, v: f64) -> &mut Encoder {
        self.bytes.push(0xfb);
        self.bytes.extend(v.to_be_bytes());
        self
    }

    pub(crate) fn text(&mut self, s: &str) -> &mut Encoder {
        self.head(3, s.len() as u64);
        self.bytes.extend(s.as_bytes());
        self
    }

    pub(crate) fn null(&mut self) -> &mut Encoder {
        self.bytes.push(0xf6);
        self
    }

    pub(crate) fn array(&mut self, items: usize) -> &mut Encoder {
        self.head(4, items as u64);
        self
    }

    pub(crate) fn map(&mut self, pairs: usize) -> &mut Encoder {
        self.head(5, pairs as u64);
        self
    }

    fn typed(&mut self, tag: u64, bytes: usize) {
        self.head(6, tag);
        self.head(2, bytes as u64);
    }

    pub(crate) fn bytes_u8(&mut self, xs: impl ExactSizeIterator<Item = u8>) -> &mut Encoder {
        self.typed(TAG_U8, xs.len());
        self.bytes.extend(xs);
        self
    }

    pub(crate) fn array_u16(&mut self, xs: impl ExactSizeIterator<Item = u16>) -> &mut Encoder {
        self.typed(TAG_U16_LE, xs.len() * 2);
        xs.for_each(|x| self.bytes.extend(x.to_le_bytes()));
        self
    }

    /// Handles: 16 bits each if all fit, else 32.
    pub(crate) fn handles(&mut self, xs: &[u32]) -> &mut Encoder {
        if xs.iter().all(|x| *x <= 0xffff) {
            return self.array_u16(xs.iter().map(|x| *x as u16));
        }
        self.typed(TAG_U32_LE, xs.len() * 4);
        xs.iter().for_each(|x| self.bytes.extend(x.to_le_bytes()));
        self
    }

    /// Values: binary32, which is enough to show, unless one of them is too great to
    /// stay exact; then binary64 for all.
    pub(crate) fn values(&mut self, xs: &[f64]) -> &mut Encoder {
        if xs.iter().any(|x| x.abs() > F32_WHOLE_MAX) {
            self.typed(TAG_F64_LE, xs.len() * 8);
            xs.iter().for_each(|x| self.bytes.extend(x.to_le_bytes()));
        } else {
            self.typed(TAG_F32_LE, xs.len() * 4);
            xs.iter()
                .for_each(|x| self.bytes.extend((*x as f32).to_le_bytes()));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ciborium::Value;
    use proptest::prelude::*;

    fn decode(e: Encoder) -> Value {
        ciborium::from_reader(e.into_bytes().as_slice()).expect("well-formed")
    }

    fn typed_bytes(v: &Value) -> (u64, Vec<u8>) {
        match v {
            Value::Tag(t, inner) => (*t, inner.as_bytes().expect("byte string").clone()),
            other => panic!("not a typed array: {other:?}"),
        }
    }

    #[test]
    fn items_of_rfc_8949_appendix_a_have_their_published_bytes() {
        let one = |f: &dyn Fn(&mut Encoder)| {
            let mut e = Encoder::default();
            f(&mut e);
            e.into_bytes()
        };
        assert_eq!(one(&|e| _ = e.unsigned(23)), [0x17]);
        assert_eq!(one(&|e| _ = e.unsigned(24)), [0x18, 0x18]);
        assert_eq!(one(&|e| _ = e.unsigned(1000)), [0x19, 0x03, 0xe8]);
        assert_eq!(
            one(&|e| _ = e.unsigned(1_000_000)),
            [0x1a, 0x00, 0x0f, 0x42, 0x40]
        );
        assert_eq!(
            one(&|e| _ = e.unsigned(1_000_000_000_000)),
            [0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00]
        );
        assert_eq!(
            one(&|e| _ = e.float(1.1)),
            [0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]
        );
        assert_eq!(one(&|e| _ = e.text("水")), [0x63, 0xe6, 0xb0, 0xb4]);
        assert_eq!(one(&|e| _ = e.null()), [0xf6]);
    }

    proptest! {
        #[test]
        fn handles_come_back_as_they_were(xs in proptest::collection::vec(any::<u32>(), 0..50)) {
            let mut e = Encoder::default();
            e.handles(&xs);
            let (tag, bytes) = typed_bytes(&decode(e));
            let back: Vec<u32> = if tag == TAG_U16_LE {
                bytes.chunks(2).map(|c| u32::from(u16::from_le_bytes([c[0], c[1]]))).collect()
            } else {
                bytes.chunks(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect()
            };
            prop_assert_eq!(back, xs);
        }

        #[test]
        fn whole_numbers_are_never_rounded(xs in proptest::collection::vec(-9_007_199_254_740_992i64..9_007_199_254_740_992, 1..20)) {
            let xs: Vec<f64> = xs.into_iter().map(|x| x as f64).collect();
            let mut e = Encoder::default();
            e.values(&xs);
            let (tag, bytes) = typed_bytes(&decode(e));
            let back: Vec<f64> = if tag == TAG_F32_LE {
                bytes.chunks(4).map(|c| f64::from(f32::from_le_bytes([c[0], c[1], c[2], c[3]]))).collect()
            } else {
                bytes.chunks(8).map(|c| f64::from_le_bytes(c.try_into().expect("eight"))).collect()
            };
            prop_assert_eq!(back, xs);
        }
    }
}
