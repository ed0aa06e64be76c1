//! The Modbus server's codec: any bytes as a stream of frames.

use crate::mutate;
use driver::random::Random;
use modbus_server::{Tables, adu};

/// One good request of each function.
const REQUESTS: [&[u8]; 10] = [
    &[1, 0, 0, 0, 10],
    &[2, 0, 3, 0, 16],
    &[3, 0, 0, 0, 8],
    &[4, 0, 0, 0, 2],
    &[5, 0, 1, 0xff, 0],
    &[6, 0, 2, 0x12, 0x34],
    &[15, 0, 0, 0, 10, 2, 0xcd, 1],
    &[16, 0, 1, 0, 2, 4, 0, 10, 1, 2],
    &[22, 0, 4, 0, 0xf2, 0, 0x25],
    &[23, 0, 3, 0, 6, 0, 14, 0, 3, 6, 0, 255, 0, 255, 0, 255],
];

pub fn input(random: &mut Random) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..=random.below(4) {
        let mut pdu = REQUESTS[random.below(10) as usize].to_vec();
        if random.below(3) > 0 {
            mutate::bytes(random, &mut pdu);
        }
        // Most frames say their true length: what lies behind the header is the aim.
        let length = pdu.len() as u16 + 1;
        stream.extend_from_slice(&(random.next_u64() as u16).to_be_bytes());
        stream.extend_from_slice(&[0, 0]);
        stream.extend_from_slice(&length.to_be_bytes());
        stream.push(1);
        stream.append(&mut pdu);
    }
    if random.below(4) == 0 {
        mutate::bytes(random, &mut stream);
    }
    stream
}

pub fn run(bytes: &[u8]) {
    modbus_server::fuzz_request(bytes);
    let mut bank = Tables::new(64, 64, 64, 64);
    let mut reply = [0; adu::ADU_BYTES_MAX];
    let mut rest = bytes;
    while let Ok(Some((header, pdu))) = adu::split(rest) {
        let written = adu::answer(header, pdu, &mut bank, &mut reply);
        match adu::split(&reply[..written]) {
            Ok(Some((answered, body))) => {
                assert_eq!(answered, header, "the reply bears the request's header");
                assert_eq!(body[0] & 0x7f, pdu[0] & 0x7f, "and its function");
                let is_exception = body[0] & 0x80 != 0;
                assert!(!is_exception || (body.len() == 2 && (1..=11).contains(&body[1])));
            }
            other => panic!("a reply is a frame: {other:?}"),
        }
        rest = &rest[adu::HEADER_BYTES + pdu.len()..];
    }
    assert_eq!(bank.holding_registers.len(), 64);
}
