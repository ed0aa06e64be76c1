//! A Modbus TCP server with a codec of its own: four tables offered to others.
//!
//! ```text
//!  bytes -> adu::split -> pdu::decode_request -> pdu::execute -> Bank (Tables, a simulator, ...)
//!           (header)      (nothing is indexed     (reply into
//!                          before it is checked)   the same buffer)
//! ```
//!
//! Functions 1, 2, 3, 4, 5, 6, 15, 16, 22 and 23 of the *MODBUS Application Protocol
//! Specification V1.1b3*; framing after the *MODBUS Messaging on TCP/IP Implementation
//! Guide V1.0b*. Everything from the wire is judged before it is used: protocol
//! identifier, length, unit, quantity, byte count, address overflow. What cannot be
//! framed closes the connection; what can is answered, if need be by an exception.
//!
//! Reading order: [`table`], [`bank`], [`adu`], [`pdu`], [`admission`], [`server`].
//!
//! What is deliberately absent: encryption and users. The server binds to the
//! loopback address unless [`Limits::allow_remote`] says otherwise.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod admission;
pub mod adu;
pub mod bank;
pub mod pdu;
pub mod server;
pub mod table;

pub use adu::{Header, Refused};
pub use bank::{Bank, Tables};
pub use pdu::{BadRequest, Request, decode_request, execute};
pub use server::{Limits, ServeError, Server, ServerHealth, answer_stream};
pub use table::{BitTable, Exception, RegisterTable};

/// Entry for fuzzers: any bytes, taken as a stream of frames and as a bare request,
/// against a small bank. Must never panic, whatever comes.
pub fn fuzz_request(bytes: &[u8]) {
    let mut bank = Tables::new(64, 64, 64, 64);
    let mut reply = [0; adu::ADU_BYTES_MAX];
    if let Ok(request) = decode_request(bytes) {
        execute(&request, &mut bank, &mut reply);
    }
    let mut rest = bytes;
    while let Ok(Some((header, pdu))) = adu::split(rest) {
        let written = adu::answer(header, pdu, &mut bank, &mut reply);
        assert!(written <= adu::ADU_BYTES_MAX);
        rest = &rest[adu::HEADER_BYTES + pdu.len()..];
    }
}
