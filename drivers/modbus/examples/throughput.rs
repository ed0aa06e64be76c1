//! How fast device and driver are on loopback: both ends in this process, each on a
//! thread of its own. `cargo run --release --example throughput`; with `to <address>` the
//! device is another server, with `serve` the driver is another client's and the server
//! ends with its standard input.
//!
//! Prints lock-step requests of 125 registers a second, through the client crate alone
//! and through the whole driver with decoding, quality and time; then what the server
//! answers when requests are pipelined.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use driver::{Driver, StopSource, SystemClock, ports};
use modbus::{DeviceConfig, Modbus, PointConfig};
use modbus_server::{Limits, Server, Tables};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_modbus::client::{Reader, tcp};

const SECONDS: f64 = 2.0;

fn serve(stop: driver::Stop) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async move {
            let address = SocketAddr::from(([127, 0, 0, 1], 0));
            let server = Server::bind(address, &[1], Limits::default())
                .await
                .expect("binds");
            sender.send(server.local_addr()).expect("main waits");
            let bank = Arc::new(Mutex::new(Tables::new(2000, 2000, 10_000, 10_000)));
            server.run(bank, stop).await;
        });
    });
    receiver.recv().expect("the server starts")
}

fn processor_s() -> f64 {
    // utime and stime of the calling thread in clock ticks of 10 ms.
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .flat_map(str::parse)
        .collect();
    fields.iter().sum::<f64>() / 100.0
}

async fn client_alone(address: SocketAddr) {
    let mut context = tcp::connect_slave(address, tokio_modbus::Slave(1))
        .await
        .expect("connects");
    let (start, mut requests) = (Instant::now(), 0_u64);
    while start.elapsed().as_secs_f64() < SECONDS {
        let words = context.read_input_registers(0, 125).await;
        assert!(words.is_ok_and(|words| words.is_ok_and(|words| words.len() == 125)));
        requests += 1;
    }
    println!(
        "client crate alone, lock-step   {:>9.0} requests/s",
        requests as f64 / SECONDS
    );
}

async fn whole_driver(address: SocketAddr, period_ms: u64, ranges: u16) {
    let mut config = DeviceConfig {
        port: address.port(),
        ..DeviceConfig::default()
    };
    config.classes[0].period_ms = period_ms;
    config.write_poll_ms = 10_000;
    let points: Vec<PointConfig> = (0..ranges * 125)
        .map(|n| {
            let mut point = PointConfig::new(&format!("P-{n}"), &format!("ir{n}"));
            point.scale = Some(0.01);
            point
        })
        .collect();
    let driver = Modbus::new(config, &points).unwrap_or_else(|errors| panic!("{errors:?}"));
    let (near, mut far) = ports(driver.points(), Arc::new(SystemClock));
    let task = tokio::spawn(Box::new(driver).run(near));
    let (start, used) = (Instant::now(), processor_s());
    tokio::time::sleep(Duration::from_secs_f64(SECONDS)).await;
    let seconds = start.elapsed().as_secs_f64();
    far.inputs.latest();
    let good = far
        .inputs
        .current()
        .cells
        .iter()
        .filter(|c| c.quality.is_good())
        .count();
    let health = far.health.snapshot();
    let rate = health.replies as f64 / seconds;
    println!(
        "driver, {ranges} x 125 scaled every {period_ms} ms {rate:>9.0} requests/s {:>10.0} registers/s, \
         {good} good, {:.0} % of a core, p50 {} us",
        rate * 125.0,
        (processor_s() - used) / seconds * 100.0,
        health.round_trip_us_p50,
    );
    far.stop.stop();
    task.await.expect("the driver ends");
}

async fn pipelined(address: SocketAddr, depth: usize) {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.set_nodelay(true).expect("a socket");
    let batch = [0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 125].repeat(depth);
    let mut replies = vec![0; depth * 259];
    let (start, mut requests) = (Instant::now(), 0);
    while start.elapsed().as_secs_f64() < SECONDS {
        stream.write_all(&batch).await.expect("sends");
        stream.read_exact(&mut replies).await.expect("replies");
        requests += depth;
    }
    let rate = requests as f64 / SECONDS;
    println!("server, {depth:>2} requests in flight   {rate:>9.0} requests/s");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (stop, stopped) = StopSource::new();
    let address = match arguments.get(1) {
        Some(other) => other.parse().expect("an address"),
        None => serve(stopped),
    };
    if arguments.first().is_some_and(|word| word == "serve") {
        println!("{address}");
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        return;
    }
    let own = arguments.is_empty();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        client_alone(address).await;
        whole_driver(address, 1, 80).await;
        whole_driver(address, 20, 8).await;
        for depth in [1, 16].into_iter().filter(|_| own) {
            pipelined(address, depth).await;
        }
    });
    stop.stop();
}
