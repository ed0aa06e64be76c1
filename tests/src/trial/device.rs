//! The field device of a trial that outlives the station: it runs its world by
//! itself and remembers everything that was written to it.

use driver::StopSource;
use modbus_server::{Bank, BitTable, Exception, Limits, RegisterTable, Server};
use sim::Tables;
use sim::serve::{UNIT_ID, WorldBank};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// Coils from an address on.
    Coils(usize, Vec<bool>),
    /// Holding registers from an address on.
    Registers(usize, Vec<u16>),
}

struct Log {
    bank: WorldBank,
    /// What was written, with the I/O station it was written to.
    written: Vec<(usize, Written)>,
}

/// One I/O station of the world, `io1` or `io2`.
struct Station {
    log: Arc<Mutex<Log>>,
    number: usize,
}

impl Bank for Station {
    fn read_bits(
        &mut self,
        table: BitTable,
        address: u16,
        out: &mut [bool],
    ) -> Result<(), Exception> {
        let mut log = lock(&self.log);
        log.bank.select(self.number).read_bits(table, address, out)
    }

    fn read_registers(
        &mut self,
        table: RegisterTable,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        let mut log = lock(&self.log);
        let bank = log.bank.select(self.number);
        bank.read_registers(table, address, out)
    }

    fn write_bits(&mut self, address: u16, values: &[bool]) -> Result<(), Exception> {
        let mut log = lock(&self.log);
        log.bank.select(self.number).write_bits(address, values)?;
        let written = Written::Coils(usize::from(address), values.to_vec());
        log.written.push((self.number, written));
        Ok(())
    }

    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Exception> {
        let mut log = lock(&self.log);
        let bank = log.bank.select(self.number);
        bank.write_registers(address, values)?;
        let written = Written::Registers(usize::from(address), values.to_vec());
        log.written.push((self.number, written));
        Ok(())
    }
}

/// The I/O stations of a simulated plant, each on a port of loopback.
pub struct Device {
    log: Arc<Mutex<Log>>,
    addresses: [SocketAddr; 2],
    stop: StopSource,
    _runtime: tokio::runtime::Runtime,
}

impl Device {
    /// The devices of this world of two I/O stations, `speed` times as fast as real time.
    ///
    /// # Panics
    /// If there is no port for it.
    pub fn new(world: sim::World, speed: f64) -> Device {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let log = Arc::new(Mutex::new(Log {
            bank: WorldBank::new(world).running(),
            written: Vec::new(),
        }));
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (stop, stopped) = StopSource::new();
        let addresses = [0_usize, 1].map(|number| {
            let unit_id = UNIT_ID + number as u8;
            let server = runtime
                .block_on(Server::bind(loopback, &[unit_id], Limits::default()))
                .expect("a port");
            let address = server.local_addr();
            let log = log.clone();
            let bank: Arc<Mutex<dyn Bank>> = Arc::new(Mutex::new(Station { log, number }));
            runtime.spawn(server.run(bank, stopped.clone()));
            address
        });
        let world = log.clone();
        runtime.spawn(async move {
            let mut grid = tokio::time::interval(Duration::from_millis(10));
            let mut done = Instant::now();
            loop {
                grid.tick().await;
                let passed = done.elapsed().min(Duration::from_millis(200));
                done = Instant::now();
                let ns = (passed.as_nanos() as f64 * speed) as u64;
                lock(&world).bank.world_mut().step(ns);
            }
        });
        Device {
            log,
            addresses,
            stop,
            _runtime: runtime,
        }
    }

    /// Where they listen: `io1`, `io2`.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        self.addresses
    }

    /// Takes what was written since the last call: to which I/O station, and what.
    pub fn take(&self) -> Vec<(usize, Written)> {
        std::mem::take(&mut lock(&self.log).written)
    }

    /// What the registers of `io1` and `io2` hold.
    ///
    /// # Panics
    /// If the world has fewer.
    pub fn tables(&self) -> [Tables; 2] {
        let log = lock(&self.log);
        let stations = log.bank.world().stations();
        [0_usize, 1].map(|number| stations[number].tables().clone())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

fn lock(log: &Arc<Mutex<Log>>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
