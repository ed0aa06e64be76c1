//! Which functions go over the wire, in which framing.

mod support;

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::random::Random;
use modbus::{Connect, PointConfig, Stream};
use modbus_server::{Tables, adu, decode_request, execute};
use support::scripted::{Act, Scripted};
use support::{point, registers, started};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

/// Runs a device of these points with an honest server that notes functions.
async fn functions(text: &str, points: &[PointConfig], commands: &[u64]) -> BTreeSet<u8> {
    let seen: Arc<Mutex<BTreeSet<u8>>> = Arc::default();
    let noted = seen.clone();
    let mut bank = Tables::new(100, 100, 100, 100);
    let script = move |frame: &[u8]| {
        noted.lock().expect("unpoisoned").insert(frame[7]);
        let (header, pdu) = adu::split(frame).expect("a frame").expect("a whole frame");
        let mut reply = [0; adu::ADU_BYTES_MAX];
        let written = adu::answer(header, pdu, &mut bank, &mut reply);
        vec![Act::Send(reply[..written].to_vec())]
    };
    let mut rig = started(text, points, Scripted(Arc::new(Mutex::new(script))));
    rig.run(300, commands).await;
    rig.run(300, &commands.iter().map(|c| c + 1).collect::<Vec<_>>())
        .await;
    assert!(rig.all_good_but(&[]));
    assert_eq!(rig.far.health.snapshot().exceptions, 0);
    let seen = seen.lock().expect("unpoisoned");
    seen.clone()
}

fn output(address: &str) -> PointConfig {
    point(&format!(
        "name = \"{address}\"\naddress = \"{address}\"\ndirection = \"output\""
    ))
}

#[tokio::test(start_paused = true)]
async fn tables_are_read_by_functions_1_to_4() {
    let points = ["co9", "di9", "hr9", "ir9"].map(|a| PointConfig::new(a, a));
    assert_eq!(functions("", &points, &[]).await, [1, 2, 3, 4].into());
}

#[tokio::test(start_paused = true)]
async fn writes_are_15_and_16_or_5_and_6_and_22_for_bits() {
    let points = [output("co1"), output("hr1"), output("hr2.4")];
    assert_eq!(
        functions("", &points, &[0, 7, 1]).await,
        [15, 16, 22].into()
    );
    let single = functions("single_writes = true", &points, &[0, 7, 1]).await;
    assert_eq!(single, [5, 6, 22].into());
}

#[tokio::test(start_paused = true)]
async fn combined_writes_are_function_23() {
    let points = [output("hr1"), output("hr2"), PointConfig::new("hr9", "hr9")];
    let found = functions("read_write_combined = true", &points, &[5, 6]).await;
    assert!(found.contains(&23) && !found.contains(&16), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_device_without_function_23_is_served_by_3_and_16() {
    let bank = Arc::new(Mutex::new(Tables::new(0, 0, 100, 0)));
    let served = bank.clone();
    let script = move |frame: &[u8]| {
        if frame[7] == 23 {
            return vec![Act::Send(vec![frame[0], frame[1], 0, 0, 0, 3, 1, 0x97, 1])];
        }
        let (header, pdu) = adu::split(frame).expect("a frame").expect("a whole frame");
        let mut reply = [0; adu::ADU_BYTES_MAX];
        let mut bank = served.lock().expect("unpoisoned");
        let written = adu::answer(header, pdu, &mut *bank, &mut reply);
        vec![Act::Send(reply[..written].to_vec())]
    };
    let points = [output("hr1"), PointConfig::new("hr9", "hr9")];
    let text = "read_write_combined = true";
    let mut rig = started(text, &points, Scripted(Arc::new(Mutex::new(script))));
    rig.run(500, &[42]).await;
    assert!(rig.all_good_but(&[]));
    assert_eq!(bank.lock().expect("unpoisoned").holding_registers[1], 42);
    assert_eq!(rig.far.health.snapshot().exceptions, 1, "tried once");
}

/// CRC of Modbus over Serial Line V1.02, section 6.2.2: polynomial 0xA001, reflected.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let mut crc = 0xffff_u16;
    for byte in bytes {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            let carry = crc & 1 == 1;
            crc >>= 1;
            if carry {
                crc ^= 0xa001;
            }
        }
    }
    crc.to_le_bytes()
}

/// A serial gateway with one device; spoils every so many replies by flipping bits.
struct RtuGateway {
    bank: Arc<Mutex<Tables>>,
    spoil_ppm: u32,
    random: Arc<Mutex<Random>>,
}

impl Connect for RtuGateway {
    fn connect(&mut self) -> driver::BoxFuture<io::Result<Box<dyn Stream>>> {
        let (bank, spoil_ppm) = (self.bank.clone(), self.spoil_ppm);
        let random = self.random.clone();
        Box::pin(async move {
            let (near, mut far) = tokio::io::duplex(4096);
            tokio::spawn(async move {
                loop {
                    let mut frame = vec![0; 7];
                    far.read_exact(&mut frame).await.ok()?;
                    let rest = match frame[1] {
                        15 | 16 => usize::from(frame[6]) + 2,
                        _ => 1,
                    };
                    frame.resize(7 + rest, 0);
                    far.read_exact(&mut frame[7..]).await.ok()?;
                    let end = frame.len() - 2;
                    assert_eq!(frame[end..], crc(&frame[..end]));
                    let mut reply = vec![frame[0]];
                    let mut pdu = [0; adu::PDU_BYTES_MAX];
                    let request = decode_request(&frame[1..end]).ok()?;
                    let written =
                        execute(&request, &mut *bank.lock().expect("unpoisoned"), &mut pdu);
                    reply.extend(&pdu[..written]);
                    reply.extend(crc(&reply));
                    {
                        let mut random = random.lock().expect("unpoisoned");
                        if random.chance_ppm(spoil_ppm) {
                            let at = random.below(reply.len() as u64) as usize;
                            reply[at] ^= 1 << random.below(8);
                        }
                    }
                    far.write_all(&reply).await.ok()?;
                }
                #[allow(unreachable_code)]
                Some(())
            });
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

fn rtu(spoil_ppm: u32) -> (RtuGateway, Arc<Mutex<Tables>>) {
    let mut tables = Tables::new(100, 100, 100, 100);
    tables
        .input_registers
        .iter_mut()
        .enumerate()
        .for_each(|(n, r)| *r = n as u16 * 571);
    let bank = Arc::new(Mutex::new(tables));
    let random = Arc::new(Mutex::new(Random::seeded(5)));
    (
        RtuGateway {
            bank: bank.clone(),
            spoil_ppm,
            random,
        },
        bank,
    )
}

#[tokio::test(start_paused = true)]
async fn rtu_frames_travel_over_tcp() {
    let (gateway, bank) = rtu(0);
    let mut points = registers(0, 20);
    points.push(output("hr4"));
    points.push(output("co4"));
    let mut rig = started("transport = \"rtu-over-tcp\"", &points, gateway);
    rig.run(300, &[99, 1]).await;
    assert!(rig.all_good_but(&[]));
    assert_eq!(rig.cell(19).bits, 19 * 571);
    let bank = bank.lock().expect("unpoisoned");
    assert_eq!((bank.holding_registers[4], bank.coils[4]), (99, true));
}

#[tokio::test(start_paused = true)]
async fn no_flipped_bit_of_an_rtu_reply_becomes_a_value() {
    let (gateway, _bank) = rtu(300_000);
    let text = r#"
        transport = "rtu-over-tcp"
        timeout_ms = 20
        backoff_ms_min = 5
        backoff_ms_max = 5
        classes = [{ name = "fast", period_ms = 5 }]
    "#;
    let mut rig = started(text, &registers(0, 20), gateway);
    let mut good = 0;
    for _ in 0..5_000 {
        sleep(Duration::from_millis(1)).await;
        for index in 0..20 {
            let cell = rig.cell(index);
            if cell.quality.is_good() {
                assert_eq!(cell.bits, index as u64 * 571);
                good += 1;
            }
        }
    }
    assert!(good > 0);
    assert!(
        rig.far.health.snapshot().timeouts > 50,
        "{:?}",
        rig.far.health.snapshot()
    );
}
