//! The plant's Modbus server, asked by a foreign client over a socket.

use gateway::desk::{Cell, Environment, Receipt, Snapshot};
use gateway::hub::Intake;
use gateway::{Ask, Desk, History, Hub};
use plant::{Plant, Sources};
use signal::Quality;
use station::directory::named;
use station::kinds::{Drivers, blocks};
use station::north::{NorthError, Pace, Serving, bind};
use std::sync::Arc;
use tokio_modbus::ExceptionCode;
use tokio_modbus::client::{Context, tcp};
use tokio_modbus::prelude::{Reader, Slave, Writer};

const NOW: i64 = 1_700_000_000_000_000_000;

const UNIT: &str = r#"[unit]
name = "U-1"
title = { en = "Unit", zh = "单元" }
area = "A1"

[[tag]]
name = "FIC-1.SP0"
desc = { en = "Opening wanted", zh = "期望开度" }
unit = "%"
range = [0.0, 90.0]
initial = 40.0

[[tag]]
name = "HS-1.ON"
desc = { en = "Switch", zh = "开关" }
kind = "bool"
initial = true

[[block]]
name = "FV-1"
kind = "AOUT"
desc = { en = "Valve", zh = "阀门" }
demand = "FIC-1.SP0"
safe = 0.0
"#;

fn plant_on(port: u16) -> Plant {
    let text = format!(
        r#"[plant]
name = "demo"
title = {{ en = "Demo", zh = "示例" }}

[[task]]
name = "fast"
period_ms = 100

[[server]]
name = "north"
kind = "modbus"
listen = "127.0.0.1:{port}"
unit_id = 7
points = [
    {{ tag = "HS-1.ON", address = "di0" }},
    {{ tag = "FV-1.CMD", address = "ir2", type = "f32" }},
    {{ tag = "FIC-1.SP0", address = "ir0", type = "f32" }},
    {{ tag = "FIC-1.SP0", address = "ir4", type = "quality" }},
    {{ tag = "FIC-1.SP0", address = "hr0", type = "f32", write = true }},
]
"#
    );
    let sources = Sources::from_texts([("plant.toml", text.as_str()), ("units/u.toml", UNIT)]);
    plant::load_sources(sources, &blocks(), &Drivers)
        .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)))
}

/// A desk with the names of the plant; every tag has its handle for a value.
fn desk(plant: &Plant) -> (Arc<Hub>, Intake) {
    let (hub, intake) = Hub::new(|| NOW);
    let names = named(plant, &plant.link(), Environment::Simulation, 1, 1);
    let tags = names.directory.tags.len();
    let history = History::new(tags, 4, 1_000_000_000);
    hub.set_directory(names.directory, names.forceable, history);
    let cell = |handle: usize| Cell {
        value: handle as f64,
        quality: Quality::GOOD,
    };
    let snapshot = Snapshot {
        scan: 1,
        utc_ns: NOW,
        cells: (0..tags).map(cell).collect(),
    };
    hub.set_snapshot(1, snapshot);
    (hub, intake)
}

async fn serve(plant: &Plant, hub: &Arc<Hub>) -> Serving {
    let bound = bind(plant, &plant.servers[0]).await.expect("an address");
    assert!(bound.to_string().contains("unit 7, 5 points, 1 of them"));
    let pace = Pace {
        period_ns: 100_000_000,
        speed: 1.0,
        is_real: true,
    };
    bound.serve(hub.clone(), pace)
}

async fn client(serving: &Serving, unit: u8) -> Context {
    tcp::connect_slave(serving.address, Slave(unit))
        .await
        .expect("a connection")
}

fn single(words: &[u16]) -> f32 {
    f32::from_bits(u32::from(words[0]) << 16 | u32::from(words[1]))
}

#[tokio::test]
async fn a_foreign_client_reads_the_plant() {
    let plant = plant_on(0);
    let (hub, _intake) = desk(&plant);
    let serving = serve(&plant, &hub).await;
    let mut client = client(&serving, 7).await;
    let words = client.read_input_registers(0, 5).await.expect("a reply");
    let words = words.expect("no exception");
    let value = |tag: &str| hub.handle(tag).expect("a tag") as f32;
    assert_eq!(single(&words[0..2]), value("FIC-1.SP0"));
    assert_eq!(single(&words[2..4]), value("FV-1.CMD"));
    assert_eq!(words[4], Quality::GOOD.bits());
    let bits = client.read_discrete_inputs(0, 1).await.expect("a reply");
    assert_eq!(bits, Ok(vec![value("HS-1.ON") != 0.0]));
    let beyond = client.read_input_registers(0, 6).await.expect("a reply");
    assert_eq!(beyond, Err(ExceptionCode::IllegalDataAddress));
    serving.stop().await;
    assert!(client.read_input_registers(0, 5).await.is_err());
}

#[tokio::test]
async fn another_unit_is_not_there() {
    let plant = plant_on(0);
    let (hub, _intake) = desk(&plant);
    let serving = serve(&plant, &hub).await;
    let mut client = client(&serving, 8).await;
    let reply = client.read_input_registers(0, 5).await.expect("a reply");
    assert_eq!(reply, Err(ExceptionCode::GatewayTargetDevice));
}

#[tokio::test]
async fn a_foreign_client_asks_for_a_set_point_and_hears_a_refusal() {
    let plant = plant_on(0);
    let (hub, intake) = desk(&plant);
    let serving = serve(&plant, &hub).await;
    let mut client = client(&serving, 7).await;
    let words = |value: f32| [(value.to_bits() >> 16) as u16, value.to_bits() as u16];
    let reply = client.write_multiple_registers(0, &words(62.5)).await;
    assert_eq!(reply.expect("a reply"), Ok(()));
    let order = intake.orders.try_recv().expect("an order");
    assert!(matches!(order.ask, Ask::Write { value: 62.5, .. }));
    assert_eq!(order.actor, "modbus:north");
    let receipt = Receipt {
        id: order.id,
        utc_ns: NOW,
        scan: None,
    };
    assert!(order.answer.send(Ok(receipt)).is_ok(), "somebody waits");
    let reply = client.write_multiple_registers(0, &words(90.1)).await;
    let refused = reply.expect("a reply");
    assert_eq!(refused, Err(ExceptionCode::IllegalDataValue));
    assert!(intake.orders.try_recv().is_err());
    assert!(intake.attempts.try_recv().is_ok());
    let reply = client.write_single_register(0, 1).await;
    let half = reply.expect("a reply");
    assert_eq!(half, Err(ExceptionCode::IllegalDataAddress));
    // Nothing was scanned: what is read is still the image.
    let read = client.read_holding_registers(0, 2).await.expect("a reply");
    let old = hub.snapshot().cells[hub.handle("FIC-1.SP0").expect("a tag") as usize].value;
    assert_eq!(f64::from(single(&read.expect("no exception"))), old);
}

#[tokio::test]
async fn a_port_in_use_is_told_by_server_and_address() {
    let plant = plant_on(0);
    let (hub, _intake) = desk(&plant);
    let serving = serve(&plant, &hub).await;
    let second = plant_on(serving.address.port());
    let error = bind(&second, &second.servers[0]).await.err();
    assert!(matches!(error, Some(NorthError::Serve { .. })));
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(
        text.contains("server north: cannot listen on 127.0.0.1:"),
        "{text}"
    );
}
