//! Our two ends of the wire.

use driver::{Driver, FarSide, ManualClock, RawCell, StopSource, ports};
use modbus::{DeviceConfig, Modbus, PointConfig};
use modbus_server::{Limits, Server, Tables};
use signal::{Quality, Utc};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Steps of ten milliseconds that a peer is given for what it does at once.
const STEPS_MAX: u64 = 1_000;

/// The tables that peers are told of in `client.py`.
pub fn tables() -> Tables {
    let mut tables = Tables::new(100, 100, 200, 200);
    for (n, register) in tables.input_registers.iter_mut().enumerate() {
        *register = 3 * n as u16;
    }
    for (n, bit) in tables.discrete_inputs.iter_mut().enumerate() {
        *bit = n % 3 == 0;
    }
    tables
}

/// Our server on a free port of the loopback. Ends when the source is dropped.
pub async fn serve(bank: Arc<Mutex<Tables>>) -> (u16, StopSource) {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(loopback, &[1], Limits::default())
        .await
        .expect("a free port");
    let port = server.local_addr().port();
    let (stop, stopped) = StopSource::new();
    tokio::spawn(server.run(bank, stopped));
    (port, stop)
}

/// How the driver is told to write.
pub const WAYS: [&str; 3] = ["", "single_writes = true", "read_write_combined = true"];

/// Points in the tables that `server.py` describes: inputs, then outputs.
pub fn points() -> Vec<PointConfig> {
    [
        "name = 'word'\naddress = 'ir7'",
        "name = 'far word'\naddress = 'ir190'",
        "name = 'scaled'\naddress = 'ir10'\nscale = 0.5\noffset = -1.0",
        "name = 'float'\naddress = 'ir40'\ntype = 'f32'",
        "name = 'long'\naddress = 'ir50'\ntype = 'i64'",
        "name = 'held'\naddress = 'hr103'",
        "name = 'bit on'\naddress = 'di33'",
        "name = 'bit off'\naddress = 'di34'",
        "name = 'coil on'\naddress = 'co63'",
        "name = 'valve'\naddress = 'co2'\ndirection = 'output'",
        "name = 'pump'\naddress = 'co7'\ndirection = 'output'",
        "name = 'opening'\naddress = 'hr0'\nscale = 0.01\ndirection = 'output'",
        "name = 'speed'\naddress = 'hr4'\ntype = 'f32'\ndirection = 'output'",
        "name = 'turned'\naddress = 'hr8'\ntype = 'i32'\norder = 'CDAB'\ndirection = 'output'",
    ]
    .iter()
    .map(|text| toml::from_str(text).expect("a point"))
    .collect()
}

/// What the inputs of [`points`] must read.
pub fn expected_inputs() -> Vec<u64> {
    vec![
        21,
        570,
        f64::to_bits(14.0),
        f64::to_bits(21.5),
        -5_i64 as u64,
        21,
        1,
        0,
        1,
    ]
}

/// What the outputs of [`points`] are told.
pub fn commands() -> Vec<u64> {
    vec![
        1,
        0,
        f64::to_bits(62.5),
        f64::to_bits(-0.75),
        -70_000_i64 as u64,
    ]
}

/// Registers 0..10 and coils 0..10 after [`commands`].
pub fn expected_tables() -> ([u16; 10], [bool; 10]) {
    let float = (-0.75_f32).to_bits();
    let turned = -70_000_i32 as u32;
    let mut registers = [0; 10];
    registers[0] = 6_250;
    registers[4] = (float >> 16) as u16;
    registers[5] = float as u16;
    registers[8] = turned as u16;
    registers[9] = (turned >> 16) as u16;
    let mut coils = [false; 10];
    coils[2] = true;
    (registers, coils)
}

/// Our driver at a peer, from the scan's side.
pub struct Station {
    far: FarSide,
    scan: u64,
}

impl Station {
    pub fn at(port: u16, way: &str) -> Station {
        let text = format!(
            "port = {port}\ntimeout_ms = 2000\nclasses = [{{ name = \"a\", period_ms = 20 }}]\n{way}"
        );
        let config: DeviceConfig = toml::from_str(&text).expect("a device");
        let modbus = Modbus::new(config, &points());
        let modbus = modbus.unwrap_or_else(|errors| panic!("{errors:?}"));
        let (near, far) = ports(modbus.points(), Arc::new(ManualClock::at(Utc(1))));
        tokio::spawn(Box::new(modbus).run(near));
        Station { far, scan: 0 }
    }

    /// Commands until the inputs read what they must and every command was sent.
    pub async fn run(&mut self) -> Vec<RawCell> {
        let settled = |cells: &[RawCell]| {
            let bits: Vec<u64> = cells.iter().map(|cell| cell.bits).collect();
            cells.iter().all(|cell| cell.quality.is_good()) && bits == expected_inputs()
        };
        let mut after = 0;
        for _ in 0..STEPS_MAX {
            self.scan += 1;
            let scan = self.scan;
            self.far.outputs.publish(|frame| {
                frame.scan = scan;
                frame.armed = true;
                for (cell, bits) in frame.cells.iter_mut().zip(commands()) {
                    cell.bits = bits;
                    cell.quality = Quality::GOOD;
                }
            });
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.far.inputs.latest();
            if settled(&self.far.inputs.current().cells) {
                after += 1;
            }
            if after > 50 {
                break;
            }
        }
        self.far.inputs.current().cells.to_vec()
    }
}

pub fn bits(cells: &[RawCell]) -> Vec<u64> {
    cells.iter().map(|cell| cell.bits).collect()
}
