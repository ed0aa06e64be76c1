//! The Modbus driver beside libmodbus: lock-step requests of 125 registers to the same
//! server, in alternating rounds, each side pinned to a processor of its own.
//!
//! `cargo bench -p scanloop-benches --bench modbus`; `-- --rounds 15` for more rounds.
//! libmodbus and its headers must be installed (Debian: libmodbus-dev), else only our
//! own rates are shown.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use driver::{Driver, StopSource, SystemClock, ports};
use modbus::{DeviceConfig, Modbus, PointConfig};
use modbus_server::{Limits, Server, Tables};
use scanloop_benches::measure::{Pairs, machine, median, take};
use tokio::runtime::{Builder, Runtime};
use tokio_modbus::client::{Reader, tcp};

const SECONDS: f64 = 1.5;
const SERVER_PROCESSOR: usize = 0;
const CLIENT_PROCESSOR: usize = 1;
const PRIORITY: i32 = 10;

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// The same processor and policy for a side, whoever plays it. Real-time, so that other
/// users of the machine cannot come between.
fn pin(processor: usize) {
    take(processor, PRIORITY);
}

fn serve() -> (SocketAddr, StopSource) {
    let (stop, stopped) = StopSource::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        pin(SERVER_PROCESSOR);
        runtime().block_on(async move {
            let address = SocketAddr::from(([127, 0, 0, 1], 0));
            let server = Server::bind(address, &[1], Limits::default())
                .await
                .expect("binds");
            sender.send(server.local_addr()).expect("main waits");
            let tables = Tables::new(2_000, 2_000, 10_000, 10_000);
            server.run(Arc::new(Mutex::new(tables)), stopped).await;
        });
    });
    (receiver.recv().expect("the server starts"), stop)
}

/// Compiles the client in C, if libmodbus is there.
fn compile() -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/c/modbus_client.c");
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "libmodbus"])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let flags = String::from_utf8(flags.stdout).ok()?;
    let folder = std::env::current_exe().ok()?.parent()?.to_path_buf();
    let program = folder.join("modbus_client_c");
    let built = Command::new("cc")
        .args(["-O2", source, "-o"])
        .arg(&program)
        .args(flags.split_whitespace())
        .status();
    built
        .is_ok_and(|status| status.success())
        .then_some(program)
}

/// Requests a second, processor microseconds a request.
fn libmodbus(program: &Path, port: u16) -> (f64, f64) {
    let output = Command::new(program)
        .args([
            port.to_string(),
            SECONDS.to_string(),
            CLIENT_PROCESSOR.to_string(),
            PRIORITY.to_string(),
        ])
        .output()
        .expect("the client in C runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    match numbers[..] {
        [rate, us] => (rate, us),
        _ => panic!(
            "the client in C: {}",
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// Seconds that this thread has run.
fn thread_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = text
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse::<f64>().ok());
    ns.unwrap_or(0.0) * 1e-9
}

/// The client crate alone: words, not values.
fn crate_alone(address: SocketAddr) -> f64 {
    runtime().block_on(async {
        let mut context = tcp::connect_slave(address, tokio_modbus::Slave(1))
            .await
            .expect("connects");
        let (start, mut requests) = (Instant::now(), 0_u32);
        while start.elapsed().as_secs_f64() < SECONDS {
            let from = (requests % 80 * 125) as u16;
            let words = context.read_input_registers(from, 125).await;
            assert!(words.is_ok_and(|words| words.is_ok_and(|words| words.len() == 125)));
            requests += 1;
        }
        f64::from(requests) / start.elapsed().as_secs_f64()
    })
}

struct Polled {
    requests_per_s: f64,
    core: f64,
    good: usize,
    p50_us: u32,
    p99_us: u32,
}

/// The whole driver: scaled reals with quality and time, a frame every cycle.
fn whole_driver(address: SocketAddr, period_ms: u64, ranges: u16, connections: u8) -> Polled {
    runtime().block_on(async {
        let mut config = DeviceConfig {
            port: address.port(),
            connections,
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
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before = far.health.snapshot().replies;
        let (start, used) = (Instant::now(), thread_s());
        tokio::time::sleep(Duration::from_secs_f64(SECONDS)).await;
        let seconds = start.elapsed().as_secs_f64();
        let core = (thread_s() - used) / seconds;
        let health = far.health.snapshot();
        far.inputs.latest();
        let cells = &far.inputs.current().cells;
        let good = cells.iter().filter(|cell| cell.quality.is_good()).count();
        far.stop.stop();
        task.await.expect("the driver ends");
        Polled {
            requests_per_s: (health.replies - before) as f64 / seconds,
            core,
            good,
            p50_us: health.round_trip_us_p50,
            p99_us: health.round_trip_us_p99,
        }
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|word| word == "--rounds");
    let rounds: usize = at
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(11);
    let program = compile();
    let (address, stop) = serve();
    pin(CLIENT_PROCESSOR);
    println!("# modbus\n\n{}\n", machine());
    println!(
        "125 registers a request to one device; server on processor {SERVER_PROCESSOR}, client on {CLIENT_PROCESSOR}, all SCHED_FIFO; {rounds} rounds of {SECONDS} s each.\n"
    );
    let (mut alone, mut driver, mut processor) =
        (Pairs::default(), Pairs::default(), Pairs::default());
    let mut two = Pairs::default();
    let mut cores = Vec::new();
    let mut last = None;
    for round in 0..rounds {
        // Who comes first changes, so that neither always meets the warmer machine.
        let c = || {
            program.as_ref().map_or((f64::NAN, f64::NAN), |program| {
                libmodbus(program, address.port())
            })
        };
        let (ours, theirs) = if round % 2 == 0 {
            let theirs = c();
            (whole_driver(address, 1, 80, 1), theirs)
        } else {
            let ours = whole_driver(address, 1, 80, 1);
            (ours, c())
        };
        alone.push(crate_alone(address), theirs.0);
        driver.push(ours.requests_per_s, theirs.0);
        let twice = whole_driver(address, 1, 80, 2);
        assert_eq!(twice.good, 10_000, "every value is good");
        two.push(twice.requests_per_s, theirs.0);
        processor.push(ours.core * 1e6 / ours.requests_per_s, theirs.1);
        cores.push(ours.core);
        assert_eq!(ours.good, 10_000, "every value is good");
        last = Some(ours);
    }
    println!(
        "| client | requests/s, median | registers/s | × libmodbus (least–greatest) |\n| --- | --- | --- | --- |"
    );
    let line = |name: &str, rates: &[f64], ratio: String| {
        let rate = median(rates);
        println!("| {name} | {rate:.0} | {:.0} | {ratio} |", rate * 125.0);
    };
    line("libmodbus (words only)", &driver.peer, "1".into());
    line(
        "tokio-modbus alone (words only)",
        &alone.ours,
        alone.ratio_text(),
    );
    line(
        "driver, connections = 1 (scaled values, quality, time, frames)",
        &driver.ours,
        driver.ratio_text(),
    );
    line("driver, connections = 2", &two.ours, two.ratio_text());
    let ahead = driver
        .ratios()
        .iter()
        .filter(|ratio| **ratio >= 1.0)
        .count();
    println!(
        "\nDriver level with libmodbus or ahead of it in {ahead} of {rounds} rounds; {:.0} % of a core.",
        median(&cores) * 100.0
    );
    println!(
        "Processor time of a request, kernel included: driver {:.1} µs, libmodbus {:.1} µs, ratio {}.",
        median(&processor.ours),
        median(&processor.peer),
        processor.ratio_text()
    );
    if let Some(last) = last {
        println!(
            "Round trips of the driver: p50 {} µs, p99 {} µs.",
            last.p50_us, last.p99_us
        );
    }
    let paced: Vec<Polled> = (0..3).map(|_| whole_driver(address, 20, 8, 1)).collect();
    let rate: Vec<f64> = paced.iter().map(|p| p.requests_per_s * 125.0).collect();
    let core: Vec<f64> = paced.iter().map(|p| p.core * 100.0).collect();
    println!(
        "1 000 points every 20 ms: {:.0} values/s at {:.1} % of a core (driver's thread, kernel included).",
        median(&rate),
        median(&core)
    );
    println!("\n{}", machine());
    stop.stop();
}
