//! Frames: length, CRC-32 (IEEE), CBOR.

use crate::storage::Storage;
use core::fmt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;

/// Largest payload of a frame, bytes.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

/// What can go wrong when writing or reading.
#[derive(Debug)]
pub enum JournalError {
    /// The medium failed.
    Io {
        /// What was tried.
        during: &'static str,
        /// What the medium said.
        error: io::Error,
    },
    /// A value could not be encoded, or a frame's CBOR is not what it should be.
    Encoding {
        /// What was tried.
        during: &'static str,
        /// The encoder's words.
        message: String,
    },
    /// The file is not of this format or version.
    Format {
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Io { during, error } => write!(f, "{during}: {error}"),
            JournalError::Encoding { during, message } => write!(f, "{during}: {message}"),
            JournalError::Format { found, expected } => {
                write!(f, "found {found}, expected {expected}")
            }
        }
    }
}
impl std::error::Error for JournalError {}

/// Appends one value as a frame.
///
/// # Errors
/// [`JournalError`] if it cannot be encoded or written.
pub fn write_frame<S: Storage + ?Sized, T: Serialize>(
    storage: &mut S,
    buffer: &mut Vec<u8>,
    value: &T,
) -> Result<(), JournalError> {
    buffer.clear();
    buffer.extend_from_slice(&[0; 8]);
    ciborium::into_writer(value, &mut *buffer).map_err(|error| JournalError::Encoding {
        during: "encoding a frame",
        message: error.to_string(),
    })?;
    let payload = &buffer[8..];
    if payload.len() > FRAME_BYTES_MAX {
        return Err(JournalError::Encoding {
            during: "encoding a frame",
            message: format!("{} bytes, at most {FRAME_BYTES_MAX}", payload.len()),
        });
    }
    let (length, crc) = (payload.len() as u32, crc32fast::hash(payload));
    buffer[..4].copy_from_slice(&length.to_le_bytes());
    buffer[4..8].copy_from_slice(&crc.to_le_bytes());
    storage.append(buffer).map_err(|error| JournalError::Io {
        during: "appending a frame",
        error,
    })
}

/// Why reading stopped before the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// The file ends within a frame: a crash while writing.
    Torn {
        /// Byte where the frame begins.
        at: usize,
    },
    /// Length or checksum are wrong: damage.
    Damaged {
        /// Byte where the frame begins.
        at: usize,
    },
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameFault::Torn { at } => write!(f, "torn frame at byte {at}"),
            FrameFault::Damaged { at } => write!(f, "damaged frame at byte {at}"),
        }
    }
}

/// Payloads of the frames of some bytes, in order.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    fault: Option<FrameFault>,
}

/// Reads frames.
pub const fn frames(bytes: &[u8]) -> Frames<'_> {
    Frames {
        bytes,
        at: 0,
        fault: None,
    }
}

impl<'a> Frames<'a> {
    /// Why reading stopped, if not at the end.
    pub const fn fault(&self) -> Option<&FrameFault> {
        self.fault.as_ref()
    }

    /// Bytes read without fault.
    pub const fn good_bytes(&self) -> usize {
        self.at
    }

    /// The next frame's value.
    ///
    /// # Errors
    /// [`JournalError::Encoding`] if the frame is whole but not such a value.
    pub fn next_value<T: DeserializeOwned>(&mut self) -> Option<Result<T, JournalError>> {
        let payload = self.next()?;
        Some(
            ciborium::from_reader(payload).map_err(|error| JournalError::Encoding {
                during: "decoding a frame",
                message: error.to_string(),
            }),
        )
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() || self.fault.is_some() {
            return None;
        }
        let word = |from: usize| -> Option<u32> {
            let bytes = rest.get(from..from + 4)?;
            Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let (Some(length), Some(crc)) = (word(0), word(4)) else {
            self.fault = Some(FrameFault::Torn { at: self.at });
            return None;
        };
        if length as usize > FRAME_BYTES_MAX {
            self.fault = Some(FrameFault::Damaged { at: self.at });
            return None;
        }
        let Some(payload) = rest.get(8..8 + length as usize) else {
            self.fault = Some(FrameFault::Torn { at: self.at });
            return None;
        };
        if crc32fast::hash(payload) != crc {
            self.fault = Some(FrameFault::Damaged { at: self.at });
            return None;
        }
        self.at += 8 + length as usize;
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    fn three() -> Vec<u8> {
        let mut storage = MemoryStorage::default();
        let mut buffer = Vec::new();
        for word in ["one", "two", "three"] {
            write_frame(&mut storage, &mut buffer, &word).unwrap();
        }
        storage.bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = three();
        let mut frames = frames(&bytes);
        let mut words = Vec::new();
        while let Some(word) = frames.next_value::<String>() {
            words.push(word.unwrap());
        }
        assert_eq!(words, ["one", "two", "three"]);
        assert_eq!(frames.fault(), None);
    }

    #[test]
    fn every_cut_keeps_the_frames_before_it() {
        let bytes = three();
        for cut in 0..bytes.len() {
            let mut frames = frames(&bytes[..cut]);
            let count = frames.by_ref().count();
            assert!(count < 3);
            assert_eq!(frames.fault().is_none(), frames.good_bytes() == cut);
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let bytes = three();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let mut frames = frames(&bad);
            while frames.next().is_some() {}
            assert!(frames.fault().is_some(), "bit {bit}");
        }
    }
}
