//! The codec against the specification, and against bytes that follow none.

use driver::random::Random;
use modbus_server::adu::{ADU_BYTES_MAX, split};
use modbus_server::{
    Bank, BitTable, Exception, RegisterTable, Request, Tables, adu, decode_request, execute,
    fuzz_request,
};
use proptest::prelude::*;

fn reply(pdu: &[u8], bank: &mut dyn Bank) -> Vec<u8> {
    let mut out = [0; 253];
    let written = match decode_request(pdu) {
        Ok(request) => execute(&request, bank, &mut out),
        Err(bad) => return vec![bad.function | 0x80, bad.exception.code()],
    };
    out[..written].to_vec()
}

fn bank() -> Tables {
    let mut bank = Tables::new(1 << 16, 1 << 16, 1 << 16, 1 << 16);
    for (index, register) in bank.holding_registers.iter_mut().enumerate() {
        *register = index as u16;
    }
    for (index, register) in bank.input_registers.iter_mut().enumerate() {
        *register = !(index as u16);
    }
    for (index, coil) in bank.coils.iter_mut().enumerate() {
        *coil = index % 3 == 0;
    }
    bank
}

#[test]
fn examples_of_the_specification_are_answered_as_printed() {
    // Application Protocol Specification V1.1b3, sections 6.1 to 6.17.
    let mut bank = Tables::new(1 << 16, 1 << 16, 1 << 16, 1 << 16);
    for (byte, bits) in [(0, 0xcd_u8), (1, 0x6b), (2, 0x05)] {
        for bit in 0..8 {
            bank.coils[19 + byte * 8 + bit] = bits >> bit & 1 == 1;
        }
    }
    bank.holding_registers[107..110].copy_from_slice(&[0x022b, 0, 0x64]);
    bank.input_registers[8] = 10;
    for (request, expected) in [
        (&[1, 0, 0x13, 0, 0x13][..], &[1, 3, 0xcd, 0x6b, 0x05][..]),
        (&[3, 0, 0x6b, 0, 3], &[3, 6, 2, 0x2b, 0, 0, 0, 0x64]),
        (&[4, 0, 8, 0, 1], &[4, 2, 0, 0x0a]),
        (&[5, 0, 0xac, 0xff, 0], &[5, 0, 0xac, 0xff, 0]),
        (&[6, 0, 1, 0, 3], &[6, 0, 1, 0, 3]),
        (
            &[15, 0, 0x13, 0, 0x0a, 2, 0xcd, 0x01],
            &[15, 0, 0x13, 0, 0x0a],
        ),
        (&[16, 0, 1, 0, 2, 4, 0, 0x0a, 1, 2], &[16, 0, 1, 0, 2]),
        (&[22, 0, 4, 0, 0xf2, 0, 0x25], &[22, 0, 4, 0, 0xf2, 0, 0x25]),
        (
            &[23, 0, 3, 0, 6, 0, 0x0e, 0, 3, 6, 0, 0xff, 0, 0xff, 0, 0xff],
            &[23, 12, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
    ] {
        assert_eq!(reply(request, &mut bank), expected, "{request:02x?}");
    }
    assert_eq!(bank.holding_registers[14..17], [0xff; 3]);
}

#[test]
fn quantities_outside_the_specification_are_exception_3() {
    let mut bank = bank();
    for (function, most) in [(1, 2000), (2, 2000), (3, 125), (4, 125)] {
        for quantity in [0, most + 1, 2001, 0x7fff, 0xffff_u16] {
            let [high, low] = quantity.to_be_bytes();
            let found = reply(&[function, 0, 0, high, low], &mut bank);
            assert_eq!(found, [function | 0x80, 3], "{quantity}");
        }
        let [high, low] = most.to_be_bytes();
        assert_eq!(reply(&[function, 0, 0, high, low], &mut bank)[0], function);
    }
}

#[test]
fn coils_beyond_their_byte_count_are_exception_3() {
    // A whole frame of 15 bytes: 65 coils announced, one byte of them sent.
    let frame = [0, 1, 0, 0, 0, 9, 1, 15, 0, 0, 0, 65, 2, 0xff, 0xff];
    assert_eq!(frame.len(), 15);
    let (header, pdu) = split(&frame).expect("a frame").expect("a whole frame");
    let mut bank = bank();
    let before = bank.clone();
    let mut out = [0; ADU_BYTES_MAX];
    let written = adu::answer(header, pdu, &mut bank, &mut out);
    assert_eq!(out[..written], [0, 1, 0, 0, 0, 3, 1, 0x8f, 3]);
    assert_eq!(bank, before);
}

#[test]
fn byte_counts_that_disagree_are_exception_3_and_write_nothing() {
    let mut bank = bank();
    let before = bank.clone();
    for count in 0..=255_u8 {
        for sent in [0_usize, 1, 2, 3, 4, 5, 8, 246] {
            for function in [15_u8, 16] {
                let quantity = 2_u8;
                let mut pdu = vec![function, 0, 0, 0, quantity, count];
                pdu.resize(6 + sent, 0xff);
                let bytes = if function == 15 { 1 } else { 4 };
                if usize::from(count) == bytes && sent == bytes {
                    continue;
                }
                assert_eq!(reply(&pdu, &mut bank), [function | 0x80, 3]);
            }
            let mut pdu = vec![23, 0, 0, 0, 1, 0, 0, 0, 2, count];
            pdu.resize(10 + sent, 0xff);
            if !(count == 4 && sent == 4) {
                assert_eq!(reply(&pdu, &mut bank), [0x97, 3]);
            }
        }
    }
    assert_eq!(bank, before);
}

#[test]
fn ranges_that_leave_the_address_space_are_exception_2() {
    let mut bank = bank();
    for pdu in [
        &[1, 0xff, 0xff, 0, 2][..],
        &[2, 0xff, 0xf0, 0, 17],
        &[3, 0xff, 0xff, 0, 2],
        &[4, 0xff, 0x84, 0, 125],
        &[15, 0xff, 0xff, 0, 2, 1, 3],
        &[16, 0xff, 0xff, 0, 2, 4, 0, 0, 0, 0],
        &[23, 0xff, 0xff, 0, 2, 0, 0, 0, 1, 2, 0, 0],
        &[23, 0, 0, 0, 2, 0xff, 0xff, 0, 2, 4, 0, 0, 0, 0],
    ] {
        assert_eq!(reply(pdu, &mut bank), [pdu[0] | 0x80, 2], "{pdu:02x?}");
    }
    assert_eq!(reply(&[3, 0xff, 0xff, 0, 1], &mut bank), [3, 2, 0xff, 0xff]);
}

#[test]
fn functions_not_served_are_exception_1() {
    let mut bank = bank();
    for function in 0..=255_u8 {
        if ![1, 2, 3, 4, 5, 6, 15, 16, 22, 23].contains(&function) {
            let found = reply(&[function, 0, 0, 0, 1], &mut bank);
            assert_eq!(found, [function | 0x80, 1]);
        }
    }
}

#[test]
fn coil_values_other_than_on_and_off_are_exception_3() {
    let mut bank = bank();
    for value in 0..=u16::MAX {
        let [high, low] = value.to_be_bytes();
        let found = reply(&[5, 0, 1, high, low], &mut bank);
        match value {
            0 | 0xff00 => assert_eq!(found[0], 5),
            _ => assert_eq!(found, [0x85, 3]),
        }
    }
}

#[test]
fn a_refused_read_of_function_23_writes_nothing() {
    let mut bank = Tables::new(0, 0, 8, 0);
    let found = reply(&[23, 0, 7, 0, 2, 0, 0, 0, 1, 2, 9, 9], &mut bank);
    assert_eq!(found, [0x97, 2]);
    assert_eq!(bank.holding_registers, [0; 8]);
}

/// Valid requests, as bytes, for mutation.
fn seeds() -> Vec<Vec<u8>> {
    let mut words = vec![16, 0, 0, 0, 123, 246];
    words.resize(6 + 246, 0x5a);
    let mut coils = vec![15, 0, 0, 7, 0xb0, 246];
    coils.resize(6 + 246, 0xa5);
    let mut both = vec![23, 0, 0, 0, 125, 0, 0, 0, 121, 242];
    both.resize(10 + 242, 0x11);
    vec![
        vec![1, 0, 0, 7, 0xd0],
        vec![2, 0, 5, 0, 9],
        vec![3, 0, 0, 0, 125],
        vec![4, 0, 63, 0, 1],
        vec![5, 0, 9, 0xff, 0],
        vec![6, 0, 9, 1, 2],
        vec![15, 0, 0, 0, 65, 2, 0xff, 0xff],
        vec![16, 0, 0, 0, 2, 4, 1, 2, 3, 4],
        vec![22, 0, 4, 0, 0xf2, 0, 0x25],
        vec![23, 0, 3, 0, 6, 0, 14, 0, 3, 6, 0, 255, 0, 255, 0, 255],
        words,
        coils,
        both,
    ]
}

#[test]
fn mutated_requests_and_frames_never_panic() {
    let seeds = seeds();
    let mut random = Random::seeded(0x5ca9);
    let cases = if cfg!(debug_assertions) {
        60_000
    } else {
        2_000_000
    };
    for _ in 0..cases {
        let mut bytes = seeds[random.below(seeds.len() as u64) as usize].clone();
        if random.chance_ppm(500_000) {
            let length = (bytes.len() + 1) as u16;
            let mut frame = vec![0, 1, 0, 0];
            frame.extend_from_slice(&length.to_be_bytes());
            frame.push(1);
            frame.append(&mut bytes);
            bytes = frame;
        }
        for _ in 0..random.below(5) {
            let at = random.below(bytes.len() as u64 + 1) as usize;
            match random.below(4) {
                0 if at < bytes.len() => bytes[at] = random.next_u64() as u8,
                1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, random.next_u64() as u8),
            }
        }
        fuzz_request(&bytes);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        fuzz_request(&bytes);
    }

    #[test]
    fn registers_written_are_read_back(
        address in 0_u16..65_000,
        values in prop::collection::vec(any::<u16>(), 1..=121),
        function in prop::sample::select(vec![16_u8, 23]),
    ) {
        let mut bank = bank();
        let count = values.len() as u16;
        let words: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
        let mut pdu = vec![function];
        pdu.extend(address.to_be_bytes());
        pdu.extend(count.to_be_bytes());
        if function == 23 {
            pdu.extend(address.to_be_bytes());
            pdu.extend(count.to_be_bytes());
        }
        pdu.push(words.len() as u8);
        pdu.extend(&words);
        let answer = reply(&pdu, &mut bank);
        if function == 23 {
            prop_assert_eq!(&answer[2..], &words[..]);
        }
        let mut read = vec![3];
        read.extend(address.to_be_bytes());
        read.extend(count.to_be_bytes());
        prop_assert_eq!(&reply(&read, &mut bank)[2..], &words[..]);
    }

    #[test]
    fn coils_written_are_read_back(
        address in 0_u16..60_000,
        values in prop::collection::vec(any::<bool>(), 1..=1968),
    ) {
        let mut bank = bank();
        let before = bank.clone();
        let mut packed = vec![0_u8; values.len().div_ceil(8)];
        for (index, value) in values.iter().enumerate() {
            packed[index / 8] |= u8::from(*value) << (index % 8);
        }
        let quantity = values.len() as u16;
        let mut out = [0; 253];
        let request = Request::WriteCoils { address, quantity, packed: &packed };
        execute(&request, &mut bank, &mut out);
        let request = Request::ReadBits { table: BitTable::Coils, address, quantity };
        let written = execute(&request, &mut bank, &mut out);
        prop_assert_eq!(&out[2..written], &packed[..]);
        let from = usize::from(address);
        prop_assert_eq!(&bank.coils[..from], &before.coils[..from]);
        prop_assert_eq!(&bank.coils[from + values.len()..], &before.coils[from + values.len()..]);
    }

    #[test]
    fn a_bank_only_sees_ranges_within_the_address_space(
        bytes in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        struct Strict;
        impl Bank for Strict {
            fn read_bits(&mut self, _: BitTable, at: u16, out: &mut [bool]) -> Result<(), Exception> {
                assert!(!out.is_empty() && usize::from(at) + out.len() <= 1 << 16);
                Ok(())
            }
            fn read_registers(&mut self, _: RegisterTable, at: u16, out: &mut [u16]) -> Result<(), Exception> {
                assert!(!out.is_empty() && usize::from(at) + out.len() <= 1 << 16);
                Ok(())
            }
            fn write_bits(&mut self, at: u16, values: &[bool]) -> Result<(), Exception> {
                assert!(!values.is_empty() && usize::from(at) + values.len() <= 1 << 16);
                Ok(())
            }
            fn write_registers(&mut self, at: u16, values: &[u16]) -> Result<(), Exception> {
                assert!(!values.is_empty() && usize::from(at) + values.len() <= 1 << 16);
                Ok(())
            }
        }
        let mut bytes = bytes;
        for function in [1, 2, 3, 4, 5, 6, 15, 16, 22, 23] {
            bytes[0] = function;
            if let Ok(request) = decode_request(&bytes) {
                execute(&request, &mut Strict, &mut [0; 253]);
            }
        }
    }
}
