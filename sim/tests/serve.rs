//! The world behind Modbus TCP, as a client sees it.

#![allow(clippy::disallowed_types, reason = "a server test")]

use std::time::Duration;

use driver::StopSource;
use modbus_server::Limits;
use sim::serve::{SharedWorld, WorldBank, WorldServer};
use sim::{Fault, World, WorldConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

struct Rig {
    world: SharedWorld,
    client: TcpStream,
    stop: StopSource,
    server: JoinHandle<()>,
}

async fn rig(speed: f64) -> Rig {
    let mut bank = WorldBank::new(World::new(WorldConfig::default(), 1));
    bank.set_speed(speed);
    let world = bank.shared();
    let loopback = "127.0.0.1:0".parse().expect("an address");
    let server = WorldServer::bind(world.clone(), loopback, Limits::default())
        .await
        .expect("bound");
    let client = TcpStream::connect(server.local_addr())
        .await
        .expect("connected");
    let (stop, order) = StopSource::new();
    Rig {
        world,
        client,
        stop,
        server: tokio::spawn(server.run(order)),
    }
}

impl Rig {
    async fn ask(&mut self, pdu: &[u8]) -> Vec<u8> {
        let mut frame = vec![0, 7, 0, 0, 0, pdu.len() as u8 + 1, 1];
        frame.extend_from_slice(pdu);
        self.client.write_all(&frame).await.expect("sent");
        let mut header = [0; 7];
        self.client.read_exact(&mut header).await.expect("a reply");
        let mut reply = vec![0; usize::from(u16::from_be_bytes([header[4], header[5]])) - 1];
        self.client.read_exact(&mut reply).await.expect("a reply");
        reply
    }

    /// Writes the heartbeat.
    async fn beat(&mut self, count: u8) {
        assert_eq!(
            self.ask(&[16, 0, 10, 0, 1, 2, 0, count]).await,
            [16, 0, 10, 0, 1]
        );
    }

    fn time_ns(&self) -> u64 {
        self.world.lock().expect("unpoisoned").world().time_ns()
    }
}

#[tokio::test]
async fn world_stands_still_until_the_first_write_and_then_runs() {
    let mut rig = rig(100.0).await;
    let reply = rig.ask(&[4, 0, 0, 0, 18]).await;
    assert_eq!((reply[0], reply[1]), (4, 36));
    let current = u16::from_be_bytes([reply[2], reply[3]]);
    assert!(
        (9500..9800).contains(&current),
        "40 °C on −20..150: {current}"
    );
    assert_eq!(rig.time_ns(), 0);
    rig.beat(1).await;
    timeout(Duration::from_secs(30), async {
        while rig.time_ns() < 1_000_000_000 {
            tokio::task::yield_now().await;
            let _ = rig.ask(&[2, 0, 0, 0, 19]).await;
        }
    })
    .await
    .expect("time passes");
    rig.stop.stop();
    rig.server.await.expect("the server ends");
}

#[tokio::test]
async fn addresses_outside_the_map_are_refused() {
    let mut rig = rig(0.0).await;
    assert_eq!(rig.ask(&[3, 0, 10, 0, 10]).await, [0x83, 2]);
    assert_eq!(rig.ask(&[1, 0xff, 0, 0, 1]).await, [0x81, 2]);
}

#[tokio::test]
async fn silent_world_swallows_requests_and_keeps_outputs_as_they_were() {
    let mut rig = rig(100.0).await;
    rig.beat(1).await;
    rig.world
        .lock()
        .expect("unpoisoned")
        .world_mut()
        .inject(&Fault::new("io-station-loss"))
        .expect("known");
    timeout(Duration::from_secs(30), async {
        while !rig.world.lock().expect("unpoisoned").world().is_silent() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the fault takes effect");
    // Silence is the absence of a reply: a short wait is the observation itself.
    let asked = timeout(
        Duration::from_millis(200),
        rig.ask(&[16, 0, 10, 0, 1, 2, 0, 99]),
    )
    .await;
    assert!(asked.is_err(), "a silent device answered {asked:?}");
    assert_eq!(
        rig.world
            .lock()
            .expect("unpoisoned")
            .world()
            .tables()
            .holding[10],
        1
    );
    rig.world
        .lock()
        .expect("unpoisoned")
        .world_mut()
        .clear("io-station-loss");
    timeout(Duration::from_secs(30), async {
        while rig.world.lock().expect("unpoisoned").world().is_silent() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the fault ends");
    rig.beat(2).await;
}

#[tokio::test]
async fn address_reachable_from_elsewhere_is_refused() {
    let world = WorldBank::new(World::new(WorldConfig::default(), 1)).shared();
    let everywhere = "0.0.0.0:0".parse().expect("an address");
    assert!(
        WorldServer::bind(world, everywhere, Limits::default())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn every_station_of_a_plant_answers_as_its_own_unit() {
    let world = WorldBank::new(World::new(WorldConfig::u100(), 1)).shared();
    let (stop, order) = StopSource::new();
    let mut servers = Vec::new();
    for (station, unit) in [(0, 1), (1, 2)] {
        let loopback = "127.0.0.1:0".parse().expect("an address");
        let server = WorldServer::bind_station(world.clone(), station, loopback, Limits::default())
            .await
            .expect("bound");
        let mut client = TcpStream::connect(server.local_addr())
            .await
            .expect("connected");
        servers.push(tokio::spawn(server.run(order.clone())));
        // Heartbeat, then the first input register.
        for pdu in [&[16, 0, 10, 0, 1, 2, 0, 7][..], &[4, 0, 0, 0, 1]] {
            let mut frame = vec![0, 7, 0, 0, 0, pdu.len() as u8 + 1, unit];
            frame.extend_from_slice(pdu);
            client.write_all(&frame).await.expect("sent");
            let mut header = [0; 7];
            client.read_exact(&mut header).await.expect("a reply");
            assert_eq!(header[6], unit);
            let mut reply = vec![0; usize::from(header[5]) - 1];
            client.read_exact(&mut reply).await.expect("a reply");
            assert_eq!(reply[0], pdu[0], "no exception");
        }
    }
    {
        let bank = world.lock().expect("unpoisoned");
        let heard = |io: &sim::station::Station| io.tables().holding[10];
        let all: Vec<u16> = bank.world().stations().iter().map(heard).collect();
        assert_eq!(all, [7, 7]);
    }
    stop.stop();
    for server in servers {
        server.await.expect("the server ends");
    }
}
