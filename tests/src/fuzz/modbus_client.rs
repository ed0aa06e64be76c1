//! The Modbus client before a device that answers with damaged frames.

use crate::mutate;
use driver::random::Random;
use driver::{Driver, ManualClock, ports};
use modbus::{DeviceConfig, Modbus, PointConfig, Stream};
use modbus_server::{Bank, Tables, adu};
use signal::{Kind, Quality, Utc};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// The input is the seed of the damage.
pub fn input(random: &mut Random) -> Vec<u8> {
    random.next_u64().to_be_bytes().to_vec()
}

pub fn run(bytes: &[u8]) {
    let mut seed = [0; 8];
    seed[..bytes.len().min(8)].copy_from_slice(&bytes[..bytes.len().min(8)]);
    // Paused time: every time-out and pause passes in no time.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    if let Ok(runtime) = runtime {
        runtime.block_on(serve(u64::from_be_bytes(seed)));
    }
}

fn points() -> Vec<PointConfig> {
    let point = |name: &str, address: &str, kind: Option<&str>, output: bool| PointConfig {
        value_type: kind.map(str::to_string),
        direction: output.then(|| "output".to_string()),
        ..PointConfig::new(name, address)
    };
    vec![
        point("a", "ir0", None, false),
        point("b", "ir2", Some("f32"), false),
        point("c", "hr4", Some("f64"), false),
        point("d", "di3", None, false),
        point("e", "co9", None, false),
        point("f", "ir40", Some("i64"), false),
        point("g", "hr20", None, true),
        point("h", "hr21", Some("f32"), true),
        point("i", "co1", None, true),
    ]
}

async fn serve(seed: u64) {
    let config = DeviceConfig {
        timeout_ms: 20,
        retries: 1,
        backoff_ms_min: 1,
        backoff_ms_max: 10,
        write_refresh_ms: 30,
        read_write_combined: seed & 1 == 1,
        single_writes: seed & 2 == 2,
        ..DeviceConfig::default()
    };
    let foul = Arc::new(AtomicBool::new(false));
    let mut connections = 0;
    let seen = Arc::clone(&foul);
    let connect = move || -> driver::BoxFuture<io::Result<Box<dyn Stream>>> {
        let (near, far) = tokio::io::duplex(1024);
        let random = Random::seeded(seed.wrapping_add(connections));
        tokio::spawn(liar(far, random, Arc::clone(&seen)));
        connections += 1;
        Box::pin(async move { Ok(Box::new(near) as Box<dyn Stream>) })
    };
    let modbus = match Modbus::over(config, &points(), connect) {
        Ok(modbus) => modbus,
        Err(errors) => panic!("good settings: {errors:?}"),
    };
    let kinds: Vec<Kind> = points_of(&modbus);
    let (near, mut far) = ports(modbus.points(), Arc::new(ManualClock::at(Utc(1))));
    let task = tokio::spawn(Box::new(modbus).run(near));
    for scan in 1..=60 {
        far.outputs.publish(|frame| {
            frame.scan = scan;
            frame.armed = true;
            for cell in &mut frame.cells {
                cell.bits = scan & 1;
                cell.quality = Quality::GOOD;
            }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        far.inputs.latest();
        for (cell, kind) in far.inputs.current().cells.iter().zip(&kinds) {
            let is_number = *kind != Kind::Real || f64::from_bits(cell.bits).is_finite();
            assert!(is_number || cell.quality.is_bad(), "{cell:?}");
        }
    }
    far.stop.stop();
    match tokio::time::timeout(Duration::from_secs(5), task).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => panic!("the driver: {error}"),
        Err(_) => panic!("the driver does not stop"),
    }
    assert!(!foul.load(Relaxed), "the client sent what is no frame");
}

fn points_of(modbus: &Modbus) -> Vec<Kind> {
    let points = modbus.points().iter();
    let inputs = points.filter(|point| point.direction == driver::Direction::Input);
    inputs.map(|point| point.kind).collect()
}

/// Answers from a random bank; some frames it damages, delays or cuts.
async fn liar(mut stream: DuplexStream, mut random: Random, foul: Arc<AtomicBool>) {
    let mut tables = Tables::new(64, 64, 64, 64);
    for register in &mut tables.input_registers {
        *register = random.next_u64() as u16;
    }
    let bank: Arc<Mutex<Tables>> = Arc::new(Mutex::new(tables));
    let mut received = Vec::new();
    let mut chunk = [0; 512];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(count) => received.extend_from_slice(&chunk[..count]),
        }
        loop {
            let (header, pdu) = match adu::split(&received) {
                Ok(Some((header, pdu))) => (header, pdu.to_vec()),
                Ok(None) => break,
                Err(_) => {
                    foul.store(true, Relaxed);
                    return;
                }
            };
            received.drain(..adu::HEADER_BYTES + pdu.len());
            let mut reply = vec![0; adu::ADU_BYTES_MAX];
            let written = match bank.lock() {
                Ok(mut bank) => adu::answer(header, &pdu, &mut *bank as &mut dyn Bank, &mut reply),
                Err(_) => return,
            };
            reply.truncate(written);
            match random.below(4) {
                0 => mutate::bytes(&mut random, &mut reply),
                1 => {
                    // The header stays true: what is damaged is the reply itself.
                    let mut body = reply.split_off(adu::HEADER_BYTES);
                    mutate::bytes(&mut random, &mut body);
                    body.truncate(adu::PDU_BYTES_MAX);
                    let length = body.len() as u16 + 1;
                    reply[4..6].copy_from_slice(&length.to_be_bytes());
                    reply.append(&mut body);
                }
                _ => {}
            }
            if random.below(16) == 0 {
                tokio::time::sleep(Duration::from_millis(random.below(60))).await;
            }
            if stream.write_all(&reply).await.is_err() || random.below(32) == 0 {
                return;
            }
        }
    }
}
