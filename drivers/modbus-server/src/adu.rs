//! Frames on TCP: the seven-byte header and what may follow it.

use crate::bank::Bank;
use crate::pdu::{decode_request, exception_reply, execute};
use crate::table::Exception;

/// Bytes of the header: transaction, protocol, length, unit.
pub const HEADER_BYTES: usize = 7;
/// Most bytes of a function code and its parameters.
pub const PDU_BYTES_MAX: usize = 253;
/// Most bytes of a frame.
pub const ADU_BYTES_MAX: usize = HEADER_BYTES + PDU_BYTES_MAX;

/// Header of a frame, without the two fields that are checked and forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Echoed in the reply.
    pub transaction: u16,
    /// Unit asked for.
    pub unit: u8,
}

/// Why bytes cannot be taken for a frame. The stream has lost its footing: the
/// connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The protocol identifier is not 0.
    #[error("protocol identifier {found} instead of 0")]
    Protocol {
        /// What stood there.
        found: u16,
    },
    /// The length field, unit included, is not within 2..=254.
    #[error("length field {found} outside 2..=254")]
    Length {
        /// What stood there.
        found: u16,
    },
}

/// Takes the first frame off `bytes`. `Ok(None)`: not all of it is there yet. The
/// frame occupies `HEADER_BYTES + pdu.len()` bytes.
pub fn split(bytes: &[u8]) -> Result<Option<(Header, &[u8])>, Refused> {
    // Judged as early as the bytes allow, so that garbage does not wait for more.
    if let Some(protocol) = word(bytes, 2)
        && protocol != 0
    {
        return Err(Refused::Protocol { found: protocol });
    }
    let Some(length) = word(bytes, 4) else {
        return Ok(None);
    };
    if !(2..=PDU_BYTES_MAX as u16 + 1).contains(&length) {
        return Err(Refused::Length { found: length });
    }
    let end = HEADER_BYTES - 1 + usize::from(length);
    match (
        word(bytes, 0),
        bytes.get(HEADER_BYTES - 1),
        bytes.get(HEADER_BYTES..end),
    ) {
        (Some(transaction), Some(&unit), Some(pdu)) => {
            Ok(Some((Header { transaction, unit }, pdu)))
        }
        _ => Ok(None),
    }
}

/// Serves one request; returns the bytes of the whole reply, header included, that
/// were written to the front of `reply`, which must hold [`ADU_BYTES_MAX`].
pub fn answer(header: Header, pdu: &[u8], bank: &mut dyn Bank, reply: &mut [u8]) -> usize {
    let (head, body) = reply.split_at_mut(HEADER_BYTES);
    let written = match decode_request(pdu) {
        Ok(request) => execute(&request, bank, body),
        Err(bad) => exception_reply(bad.function, bad.exception, body),
    };
    put_header(header, written, head);
    HEADER_BYTES + written
}

/// As [`answer`], with this exception whatever the request is.
pub fn answer_exception(
    header: Header,
    pdu: &[u8],
    exception: Exception,
    reply: &mut [u8],
) -> usize {
    let (head, body) = reply.split_at_mut(HEADER_BYTES);
    let function = pdu.first().copied().unwrap_or(0);
    let written = exception_reply(function, exception, body);
    put_header(header, written, head);
    HEADER_BYTES + written
}

fn put_header(header: Header, pdu_bytes: usize, head: &mut [u8]) {
    head[0..2].copy_from_slice(&header.transaction.to_be_bytes());
    head[2..4].fill(0);
    head[4..6].copy_from_slice(&(pdu_bytes as u16 + 1).to_be_bytes());
    head[6] = header.unit;
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_frames_wait_and_complete_ones_do_not() {
        let frame = [0, 9, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1];
        for end in 0..frame.len() {
            assert_eq!(split(&frame[..end]), Ok(None), "{end}");
        }
        let header = Header {
            transaction: 9,
            unit: 1,
        };
        assert_eq!(split(&frame), Ok(Some((header, &frame[7..]))));
    }

    #[test]
    fn foreign_protocol_and_every_wrong_length_are_refused() {
        assert_eq!(split(&[0, 0, 0, 1]), Err(Refused::Protocol { found: 1 }));
        for length in 0..=u16::MAX {
            let [high, low] = length.to_be_bytes();
            let bytes = [0, 0, 0, 0, high, low];
            let found = split(&bytes);
            if (2..=254).contains(&length) {
                assert_eq!(found, Ok(None));
            } else {
                assert_eq!(found, Err(Refused::Length { found: length }));
            }
        }
    }
}
