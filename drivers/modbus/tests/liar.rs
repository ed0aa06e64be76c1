//! Devices that lie. Whatever they send, the driver does not panic and no value it
//! calls good is wrong.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::random::Random;
use modbus_server::{Tables, adu};
use support::scripted::{Act, Scripted};
use support::{point, registers, started};
use tokio::time::sleep;

const DEVICE: &str = r#"
    timeout_ms = 30
    retries = 1
    backoff_ms_min = 5
    backoff_ms_max = 10
    classes = [{ name = "fast", period_ms = 10 }]
"#;

fn truth(address: u16) -> u16 {
    address.wrapping_mul(257) ^ 0x5a5a
}

fn honest_bank() -> Tables {
    let mut bank = Tables::new(100, 100, 300, 300);
    for (address, register) in bank.input_registers.iter_mut().enumerate() {
        *register = truth(address as u16);
    }
    bank
}

fn honest_reply(frame: &[u8], bank: &mut Tables) -> Vec<u8> {
    let (header, pdu) = adu::split(frame).expect("a frame").expect("a whole frame");
    let mut reply = [0; adu::ADU_BYTES_MAX];
    let written = adu::answer(header, pdu, bank, &mut reply);
    reply[..written].to_vec()
}

/// One of many lies about an honest reply. The registers themselves are left alone:
/// TCP carries no checksum of Modbus that could tell.
fn lie(honest: &[u8], kind: u64, random: &mut Random) -> Vec<Act> {
    let mut bytes = honest.to_vec();
    let send = |bytes| vec![Act::Send(bytes)];
    let late = Duration::from_millis(31 + random.below(40));
    match kind {
        0 => {
            bytes.truncate(random.below(bytes.len() as u64) as usize);
            vec![Act::Send(bytes), Act::Close]
        }
        1 => {
            bytes.truncate(random.below(bytes.len() as u64) as usize);
            send(bytes)
        }
        2 => {
            bytes[random.below(2) as usize] ^= 1 << random.below(8);
            send(bytes)
        }
        3 => {
            bytes[6] ^= 1 << random.below(8);
            send(bytes)
        }
        4 => {
            bytes[7] ^= 1 << random.below(8);
            send(bytes)
        }
        5 => {
            // A longer length field than bytes that follow.
            bytes[4] = random.next_u64() as u8;
            bytes[5] = random.next_u64() as u8;
            if bytes[4..6] == honest[4..6] {
                bytes[4] ^= 0x80;
            }
            send(bytes)
        }
        6 => {
            bytes[8] = bytes[8].wrapping_add(1 + random.below(254) as u8);
            send(bytes)
        }
        7 => {
            // Fewer or more registers than asked for, in an otherwise sound frame.
            let registers = if random.chance_ppm(500_000) { 9 } else { 11 };
            bytes.resize(9 + registers * 2, 0x77);
            bytes[8] = registers as u8 * 2;
            bytes[5] = registers as u8 * 2 + 3;
            send(bytes)
        }
        8 => vec![Act::Drip(bytes)],
        9 => vec![Act::Close],
        10 => {
            let function = bytes[7] | 0x80;
            let code = random.next_u64() as u8;
            send(vec![bytes[0], bytes[1], 0, 0, 0, 3, 1, function, code])
        }
        11 => {
            let function = 0x80 | random.next_u64() as u8;
            send(vec![bytes[0], bytes[1], 0, 0, 0, 3, 1, function, 2])
        }
        12 => send([bytes.clone(), bytes].concat()),
        13 => vec![Act::Wait(late), Act::Send(bytes)],
        14 => {
            let garbage = (0..random.below(400)).map(|_| random.next_u64() as u8);
            send(garbage.collect())
        }
        15 => {
            bytes[2] = 1 + random.below(255) as u8;
            send(bytes)
        }
        16 => send(vec![bytes[0], bytes[1], 0, 0, 0, random.below(2) as u8, 1]),
        17 => send(vec![0xff; 70_000]),
        18 => vec![],
        _ => send(bytes),
    }
}

#[tokio::test(start_paused = true)]
async fn no_lie_is_taken_for_a_value_and_none_stops_the_driver() {
    for seed in 0..8 {
        let mut random = Random::seeded(seed);
        let mut bank = honest_bank();
        let script = move |frame: &[u8]| {
            let honest = honest_reply(frame, &mut bank);
            let kind = random.below(38);
            lie(&honest, kind, &mut random)
        };
        // Two ranges of one shape: a late or doubled reply to one would fit the other.
        let mut points = registers(0, 10);
        points.extend(registers(200, 10));
        let mut rig = started(DEVICE, &points, Scripted(Arc::new(Mutex::new(script))));
        let mut good = 0_u64;
        let mut frames = 0;
        while frames < 400 {
            sleep(Duration::from_millis(1)).await;
            assert!(!rig.task.is_finished(), "the driver ended (seed {seed})");
            let Some(frame) = rig.far.inputs.latest() else {
                continue;
            };
            frames += 1;
            for (index, cell) in frame.cells.iter().enumerate() {
                let address = if index < 10 { index } else { 190 + index } as u16;
                if cell.quality.is_good() {
                    assert_eq!(
                        cell.bits,
                        u64::from(truth(address)),
                        "ir{address}, seed {seed}"
                    );
                    good += 1;
                }
            }
        }
        let health = rig.far.health.snapshot();
        assert!(good > 0, "never a good value");
        assert!(
            health.refused > 20 && health.timeouts > 20 && health.exceptions > 5,
            "{health:?}"
        );
        assert!(health.reconnects > 20, "{health:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_lie_alone_is_survived_and_the_truth_accepted_afterwards() {
    for kind in 0..19 {
        let mut random = Random::seeded(kind);
        let mut bank = honest_bank();
        let lies = Arc::new(Mutex::new(true));
        let told = lies.clone();
        let script = move |frame: &[u8]| {
            let honest = honest_reply(frame, &mut bank);
            match *told.lock().expect("unpoisoned") {
                true => lie(&honest, kind, &mut random),
                false => vec![Act::Send(honest)],
            }
        };
        let mut rig = started(
            DEVICE,
            &registers(0, 10),
            Scripted(Arc::new(Mutex::new(script))),
        );
        for _ in 0..2_000 {
            sleep(Duration::from_millis(1)).await;
            for index in 0..10 {
                let cell = rig.cell(index);
                let right = cell.bits == u64::from(truth(index as u16));
                assert!(cell.quality.is_bad() || right, "lie {kind}");
                // A doubled reply and a slow but whole one are no lies at first sight.
                assert!(
                    cell.quality.is_bad() || matches!(kind, 8 | 12),
                    "lie {kind} is good"
                );
            }
        }
        *lies.lock().expect("unpoisoned") = false;
        sleep(Duration::from_millis(2_500)).await;
        assert!(rig.all_good_but(&[]), "lie {kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_echoed_wrongly_does_not_count_as_written() {
    let echoes: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let seen = echoes.clone();
    let mut random = Random::seeded(3);
    let script = move |frame: &[u8]| {
        let mut echo = frame[..12].to_vec();
        echo[5] = 6;
        let mut seen = seen.lock().expect("unpoisoned");
        seen.push(frame.to_vec());
        if seen.len() < 20 {
            echo[8 + random.below(4) as usize] ^= 1;
        }
        vec![Act::Send(echo)]
    };
    let points = [point(
        "name = \"O\"\naddress = \"hr5\"\ndirection = \"output\"",
    )];
    let text = format!("{DEVICE}\nwrite_refresh_ms = 0");
    let mut rig = started(&text, &points, Scripted(Arc::new(Mutex::new(script))));
    rig.run(3_000, &[77]).await;
    let seen = echoes.lock().expect("unpoisoned");
    assert_eq!(
        seen.len(),
        20,
        "asked until the echo was right, then no more"
    );
    assert!(
        seen.iter()
            .all(|frame| frame[7..] == [16, 0, 5, 0, 1, 2, 0, 77])
    );
}
