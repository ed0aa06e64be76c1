//! Driver and server over real sockets.

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::{HealthState, StopSource};
use modbus::{Modbus, PointConfig};
use modbus_server::{Limits, Server, Tables};
use signal::Reason;
use support::{Rig, device, point};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

async fn serve(
    address: SocketAddr,
    bank: Arc<Mutex<Tables>>,
) -> (SocketAddr, StopSource, JoinHandle<()>) {
    let server = Server::bind(address, &[1], Limits::default())
        .await
        .expect("binds");
    let address = server.local_addr();
    let (stop, stopped) = StopSource::new();
    (address, stop, tokio::spawn(server.run(bank, stopped)))
}

async fn until(rig: &mut Rig, commands: &[u64], mut holds: impl FnMut(&mut Rig) -> bool) {
    let wait = async {
        while !holds(rig) {
            rig.command(commands);
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(20), wait)
        .await
        .expect("it comes to pass");
}

#[tokio::test]
async fn a_server_that_ends_and_starts_again_is_lost_and_found() {
    let bank = Arc::new(Mutex::new(Tables::new(8, 8, 8, 8)));
    bank.lock().expect("unpoisoned").input_registers[3] = 77;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (address, stop, task) = serve(any, bank.clone()).await;
    let points = [
        PointConfig::new("in", "ir3"),
        point("name = \"out\"\naddress = \"hr2\"\ndirection = \"output\""),
    ];
    let text = format!(
        "port = {}\ntimeout_ms = 200\nbackoff_ms_min = 10\nbackoff_ms_max = 50",
        address.port()
    );
    let driver = Modbus::new(device(&text), &points);
    let mut rig = Rig::start(driver.unwrap_or_else(|errors| panic!("{errors:?}")));
    let written = |bank: &Arc<Mutex<Tables>>| bank.lock().expect("unpoisoned").holding_registers[2];
    until(&mut rig, &[5], |rig| {
        rig.cell(0).quality.is_good() && written(&bank) == 5
    })
    .await;
    assert_eq!(rig.cell(0).bits, 77);

    stop.stop();
    task.await.expect("ends");
    until(&mut rig, &[5], |rig| {
        rig.cell(0).quality.reason() == Reason::CommLost
    })
    .await;
    assert_eq!(rig.far.health.state(), HealthState::Down);

    let other = Arc::new(Mutex::new(Tables::new(8, 8, 8, 8)));
    let (_, _stop, _task) = serve(address, other.clone()).await;
    until(&mut rig, &[6], |rig| {
        rig.cell(0).quality.is_good() && written(&other) == 6
    })
    .await;
    assert_eq!(rig.cell(0).bits, 0, "the new device's value");
    assert!(rig.far.health.snapshot().reconnects >= 1);
}
