//! A device in memory: connections without sockets, so that paused time suffices.

#![allow(dead_code)] // Every test file uses its own part.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::conformance::Peer;
use driver::{BoxFuture, Direction, Point};
use modbus::{
    Connect, PointConfig, RegisterSink, RegisterSource, ResolvedPoint, Stream, bank::Direct,
};
use modbus_server::{Bank, ServerHealth, Tables, answer_stream};
use tokio::sync::watch;

pub mod scripted;

pub type Shared<B> = Arc<Mutex<B>>;

/// Connections to a bank in memory.
pub struct Wire {
    bank: Arc<Mutex<dyn Bank>>,
    alive: watch::Receiver<bool>,
    unit_id: u8,
}

/// Cuts and mends the wire.
pub struct Cutter(watch::Sender<bool>);

impl Cutter {
    /// True: the device answers. False: it swallows what it is sent, and new
    /// connections are never accepted.
    pub fn set_alive(&self, alive: bool) {
        self.0.send_replace(alive);
    }
}

pub fn wire(bank: Arc<Mutex<dyn Bank>>) -> (Wire, Cutter) {
    let (sender, alive) = watch::channel(true);
    let unit_id = 1;
    (
        Wire {
            bank,
            alive,
            unit_id,
        },
        Cutter(sender),
    )
}

impl Wire {
    /// Another end of the same wire, for another driver.
    pub fn again(&self) -> Wire {
        Wire {
            bank: Arc::clone(&self.bank),
            alive: self.alive.clone(),
            unit_id: self.unit_id,
        }
    }
}

impl Connect for Wire {
    fn connect(&mut self) -> BoxFuture<io::Result<Box<dyn Stream>>> {
        let bank = Arc::clone(&self.bank);
        let mut alive = self.alive.clone();
        let units = [self.unit_id];
        Box::pin(async move {
            if alive.wait_for(|alive| *alive).await.is_err() {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (near, mut far) = tokio::io::duplex(4096);
            tokio::spawn(async move {
                let health = ServerHealth::default();
                let idle = Duration::from_secs(3600);
                tokio::select! {
                    biased;
                    _ = alive.wait_for(|alive| !alive) => {}
                    () = answer_stream(&mut far, &units, &bank, idle, &health) => return,
                }
                // Half-open: the connection stands, nobody is at the other end.
                std::future::pending::<()>().await;
                drop(far);
            });
            Ok(Box::new(near) as Box<dyn Stream>)
        })
    }
}

/// The device of the conformance kit: tables in memory.
pub struct MemoryPeer {
    pub bank: Shared<Tables>,
    pub cutter: Cutter,
    points: Vec<ResolvedPoint>,
}

impl MemoryPeer {
    pub fn new(bank: Shared<Tables>, cutter: Cutter, points: &[PointConfig]) -> MemoryPeer {
        let points = points.iter().map(|p| p.check().expect("a point"));
        MemoryPeer {
            bank,
            cutter,
            points: points.collect(),
        }
    }

    fn side(&self, direction: Direction, index: usize) -> &ResolvedPoint {
        let mut side = self.points.iter().filter(|p| p.direction == direction);
        side.nth(index).expect("such a point")
    }
}

impl Peer for MemoryPeer {
    fn reset(&mut self) {
        *self.bank.lock().expect("unpoisoned") = Tables::new(100, 100, 100, 100);
        // What was never written must not look like a command of zero.
        self.bank
            .lock()
            .expect("unpoisoned")
            .holding_registers
            .fill(0xeeee);
        self.cutter.set_alive(true);
    }

    fn set_input(&mut self, index: usize, bits: u64) {
        let point = self.side(Direction::Input, index);
        let words = point.codec.encode(bits).expect("finite");
        let width = usize::from(point.width());
        let at = usize::from(point.address.number);
        let mut bank = self.bank.lock().expect("unpoisoned");
        match (point.address.table, point.address.bit) {
            (modbus::Table::Coils, _) => bank.coils[at] = words[0] != 0,
            (modbus::Table::DiscreteInputs, _) => bank.discrete_inputs[at] = words[0] != 0,
            (modbus::Table::HoldingRegisters, Some(bit)) => {
                bank.holding_registers[at] &= !(1 << bit);
                bank.holding_registers[at] |= words[0] << bit;
            }
            (modbus::Table::InputRegisters, Some(bit)) => {
                bank.input_registers[at] &= !(1 << bit);
                bank.input_registers[at] |= words[0] << bit;
            }
            (modbus::Table::HoldingRegisters, None) => {
                bank.holding_registers[at..at + width].copy_from_slice(&words[..width]);
            }
            (modbus::Table::InputRegisters, None) => {
                bank.input_registers[at..at + width].copy_from_slice(&words[..width]);
            }
        }
    }

    fn set_not_finite(&mut self, index: usize) -> bool {
        let point = self.side(Direction::Input, index).clone();
        if !point.codec.value_type.is_float() {
            return false;
        }
        let at = usize::from(point.address.number);
        let mut bank = self.bank.lock().expect("unpoisoned");
        // All ones is a NaN in every width and byte order.
        bank.input_registers[at..at + usize::from(point.width())].fill(0xffff);
        true
    }

    fn output(&self, index: usize) -> Option<u64> {
        let point = self.side(Direction::Output, index);
        let mut bank = self.bank.lock().expect("unpoisoned");
        let at = point.address.number;
        if point.address.table.is_bits() {
            let mut bits = [false];
            Direct(&mut *bank)
                .read_bits(point.address.table, at, &mut bits)
                .ok()?;
            return Some(u64::from(bits[0]));
        }
        let mut words = [0; 4];
        let words = &mut words[..usize::from(point.width())];
        Direct(&mut *bank)
            .read_registers(point.address.table, at, words)
            .ok()?;
        point.codec.decode(words).bits
    }

    fn lose(&mut self) {
        self.cutter.set_alive(false);
    }

    fn restore(&mut self) {
        self.cutter.set_alive(true);
    }

    fn sample(&self, point: &Point, n: u32) -> u64 {
        match point.kind {
            signal::Kind::Bool => u64::from(n & 1),
            signal::Kind::Int => 100 + u64::from(n),
            signal::Kind::Real => (20.0 + f64::from(n) * 0.5).to_bits(),
        }
    }
}

pub fn point(text: &str) -> PointConfig {
    toml::from_str(text).expect("a point")
}

/// Points of every type, order and table.
pub fn points_of_all_sorts() -> Vec<PointConfig> {
    let mut points = Vec::new();
    let mut add = |text: &str| points.push(point(text));
    let mut at = 0;
    for (kind, width) in [
        ("u16", 1),
        ("i16", 1),
        ("u32", 2),
        ("i32", 2),
        ("u64", 4),
        ("i64", 4),
        ("f32", 2),
        ("f64", 4),
    ] {
        for order in ["ABCD", "BADC", "CDAB", "DCBA"] {
            add(&format!(
                "name = \"{kind}-{order}\"\naddress = \"ir{at}\"\ntype = \"{kind}\"\norder = \"{order}\""
            ));
            at += width;
        }
    }
    add("name = \"scaled\"\naddress = \"ir90\"\nscale = 0.01\noffset = -5.0");
    add("name = \"bit\"\naddress = \"ir91.3\"");
    add("name = \"held\"\naddress = \"hr60\"\nclass = \"slow\"");
    add("name = \"discrete\"\naddress = \"di7\"");
    add("name = \"coil-in\"\naddress = \"co60\"\nclass = \"slow\"");
    for n in 0..4 {
        add(&format!(
            "name = \"valve-{n}\"\naddress = \"co{n}\"\ndirection = \"output\"\nfail_safe = {}",
            n % 2 == 0
        ));
    }
    add("name = \"percent\"\naddress = \"hr0\"\ndirection = \"output\"\nscale = 0.01");
    add(
        "name = \"open\"\naddress = \"hr1\"\ndirection = \"output\"\nscale = 0.01\nfail_safe = 100",
    );
    add(
        "name = \"keep\"\naddress = \"hr2\"\ndirection = \"output\"\ntype = \"f32\"\nfail_safe = \"hold\"",
    );
    add(
        "name = \"count\"\naddress = \"hr4\"\ndirection = \"output\"\ntype = \"i32\"\norder = \"CDAB\"\nfail_safe = -7",
    );
    add("name = \"bit-2\"\naddress = \"hr10.2\"\ndirection = \"output\"\nfail_safe = true");
    add("name = \"bit-5\"\naddress = \"hr10.5\"\ndirection = \"output\"");
    points
}

/// Encodes through the map and reads back what the bank got; for [`RegisterSink`].
pub fn sink(bank: &mut dyn Bank) -> impl RegisterSink + '_ {
    Direct(bank)
}

/// A running driver and the scan's side of its door.
pub struct Rig {
    pub far: driver::FarSide,
    pub task: tokio::task::JoinHandle<driver::Exit>,
    pub scan: u64,
}

impl Rig {
    pub fn start(driver: modbus::Modbus) -> Rig {
        use driver::Driver;
        let clock = Arc::new(driver::ManualClock::at(signal::Utc(1)));
        let (near, far) = driver::ports(driver.points(), clock);
        let task = tokio::spawn(Box::new(driver).run(near));
        Rig { far, task, scan: 0 }
    }

    /// Publishes an armed frame of these commands.
    pub fn command(&mut self, commands: &[u64]) {
        self.scan += 1;
        let scan = self.scan;
        self.far.outputs.publish(|frame| {
            frame.scan = scan;
            frame.armed = true;
            for (cell, bits) in frame.cells.iter_mut().zip(commands) {
                cell.bits = *bits;
                cell.quality = signal::Quality::GOOD;
            }
        });
    }

    /// Scans every 5 ms with these commands.
    pub async fn run(&mut self, ms: u64, commands: &[u64]) {
        for _ in 0..ms / 5 {
            self.command(commands);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn cell(&mut self, index: usize) -> driver::RawCell {
        self.far.inputs.latest();
        self.far.inputs.current().cells[index]
    }

    pub fn all_good_but(&mut self, wrong: &[usize]) -> bool {
        self.far.inputs.latest();
        let cells = self.far.inputs.current().cells.iter().enumerate();
        let mut others = cells.filter(|(index, _)| !wrong.contains(index));
        others.all(|(_, cell)| cell.quality.is_good())
    }
}

pub fn device(text: &str) -> modbus::DeviceConfig {
    toml::from_str(text).expect("a device")
}

pub fn started(text: &str, points: &[PointConfig], connect: impl Connect) -> Rig {
    let driver = modbus::Modbus::over(device(text), points, connect);
    Rig::start(driver.unwrap_or_else(|errors| panic!("{errors:?}")))
}

/// Input registers `ir<from>..` as points.
pub fn registers(from: u16, count: u16) -> Vec<PointConfig> {
    let numbers = from..from + count;
    numbers
        .map(|n| PointConfig::new(&format!("P-{n}"), &format!("ir{n}")))
        .collect()
}
