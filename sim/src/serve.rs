//! A world behind Modbus TCP, in real time or a multiple of it.
//!
//! One task steps the world on an absolute grid of real time; one task to a
//! connection answers requests. Both share the world under a lock, held for one
//! batch of requests or a bounded run of ticks. A world of several I/O stations
//! has one server for each; that of the first steps the world. A silent station (fault
//! `io-station-loss`) keeps its connections open, swallows its answers and
//! ignores writes: to a client, a device that does not answer.

#![allow(
    clippy::disallowed_types,
    reason = "the server shares the world; no scan runs here"
)]

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use driver::Stop;
use modbus_server::{
    Bank, BitTable, Exception, Limits, RegisterTable, ServeError, ServerHealth, answer_stream,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::image::Tables;
use crate::station::Station;
use crate::world::World;

/// Unit identifier of I/O station `io1`.
pub const UNIT_ID: u8 = 1;
/// Step of the real-time grid.
const GRID: Duration = Duration::from_millis(10);
/// Grid steps made good after a stall; the rest is dropped and counted.
const CATCH_UP_STEPS_MAX: u64 = 100;
/// Greatest multiple of real time: 10 s of plant to a grid step.
pub const SPEED_MAX: f64 = 1000.0;

/// A world as a Modbus bank, with the pace at which it is to run.
#[derive(Debug)]
pub struct WorldBank {
    world: World,
    speed: f64,
    waits_for_write: bool,
    stalls_steps: u64,
    silent: Vec<Arc<AtomicBool>>,
    selected: usize,
}

/// A world shared between its server and whoever injects faults.
pub type SharedWorld = Arc<Mutex<WorldBank>>;

impl WorldBank {
    /// `world` at real time, standing still until the first write so that the
    /// device's watchdog does not act before there is a controller.
    pub fn new(world: World) -> Self {
        let stations = world.stations().len();
        WorldBank {
            world,
            speed: 1.0,
            waits_for_write: true,
            stalls_steps: 0,
            silent: (0..stations).map(|_| Arc::default()).collect(),
            selected: 0,
        }
    }

    /// Runs from the start, controller or not.
    pub fn running(self) -> Self {
        WorldBank {
            waits_for_write: false,
            ..self
        }
    }

    /// Shared.
    pub fn shared(self) -> SharedWorld {
        Arc::new(Mutex::new(self))
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world, for faults and charges.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Another world in the place of this one, at the same pace.
    pub fn replace(&mut self, world: World) {
        self.world = world;
        self.tell_silence();
    }

    /// So much time passes at once, whatever the pace: for a world that stands still.
    pub fn pass(&mut self, ns: u64) {
        self.world.step(ns);
        self.tell_silence();
    }

    fn tell_silence(&self) {
        for (silent, station) in self.silent.iter().zip(self.world.stations()) {
            silent.store(station.is_silent(), Relaxed);
        }
    }

    /// Multiple of real time from now on; 0 pauses. Held within 0..[`SPEED_MAX`]; NaN pauses.
    pub fn set_speed(&mut self, speed: f64) {
        self.speed = if speed > 0.0 {
            speed.min(SPEED_MAX)
        } else {
            0.0
        };
    }

    /// Multiple of real time.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Grid steps dropped because the machine could not keep up.
    pub fn stalls_steps(&self) -> u64 {
        self.stalls_steps
    }

    fn advance(&mut self, steps: u64) {
        if self.waits_for_write {
            return;
        }
        let made_good = steps.min(CATCH_UP_STEPS_MAX);
        self.stalls_steps += steps - made_good;
        self.world
            .step((GRID.as_nanos() as f64 * made_good as f64 * self.speed) as u64);
        self.tell_silence();
    }

    fn wrote(&mut self) {
        self.waits_for_write = false;
    }
}

fn lock(world: &SharedWorld) -> MutexGuard<'_, WorldBank> {
    // A panic of another user is no reason to stop the plant.
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn copy<T: Copy>(table: &[T], address: u16, out: &mut [T]) -> Result<(), Exception> {
    let from = usize::from(address);
    let range = table
        .get(from..from + out.len())
        .ok_or(Exception::IllegalDataAddress)?;
    out.copy_from_slice(range);
    Ok(())
}

fn store<T: Copy>(table: &mut [T], address: u16, values: &[T]) -> Result<(), Exception> {
    let from = usize::from(address);
    let range = table
        .get_mut(from..from + values.len())
        .ok_or(Exception::IllegalDataAddress)?;
    range.copy_from_slice(values);
    Ok(())
}

impl WorldBank {
    /// Turns the registers to I/O station `station`; the first one at the start.
    pub fn select(&mut self, station: usize) -> &mut Self {
        self.selected = station;
        self
    }

    fn io(&self) -> Result<&Station, Exception> {
        let station = self.world.stations().get(self.selected);
        station.ok_or(Exception::ServerDeviceFailure)
    }

    /// The tables of a station that hears.
    fn outputs(&mut self) -> Result<&mut Tables, Exception> {
        if self.io()?.is_silent() {
            return Err(Exception::ServerDeviceFailure);
        }
        Ok(self.world.tables_of_mut(self.selected))
    }
}

/// The registers of the selected I/O station.
impl Bank for WorldBank {
    fn read_bits(
        &mut self,
        table: BitTable,
        address: u16,
        out: &mut [bool],
    ) -> Result<(), Exception> {
        let tables = self.io()?.tables();
        match table {
            BitTable::Coils => copy(&tables.coils, address, out),
            BitTable::DiscreteInputs => copy(&tables.discrete, address, out),
        }
    }

    fn read_registers(
        &mut self,
        table: RegisterTable,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        let tables = self.io()?.tables();
        match table {
            RegisterTable::HoldingRegisters => copy(&tables.holding, address, out),
            RegisterTable::InputRegisters => copy(&tables.input, address, out),
        }
    }

    fn write_bits(&mut self, address: u16, values: &[bool]) -> Result<(), Exception> {
        store(&mut self.outputs()?.coils, address, values)?;
        self.wrote();
        Ok(())
    }

    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Exception> {
        store(&mut self.outputs()?.holding, address, values)?;
        self.wrote();
        Ok(())
    }
}

/// One I/O station of a shared world.
struct SharedStation {
    world: SharedWorld,
    station: usize,
}

impl Bank for SharedStation {
    fn read_bits(
        &mut self,
        table: BitTable,
        address: u16,
        out: &mut [bool],
    ) -> Result<(), Exception> {
        let mut world = lock(&self.world);
        world.select(self.station).read_bits(table, address, out)
    }

    fn read_registers(
        &mut self,
        table: RegisterTable,
        address: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        let mut world = lock(&self.world);
        let station = world.select(self.station);
        station.read_registers(table, address, out)
    }

    fn write_bits(&mut self, address: u16, values: &[bool]) -> Result<(), Exception> {
        let mut world = lock(&self.world);
        world.select(self.station).write_bits(address, values)
    }

    fn write_registers(&mut self, address: u16, values: &[u16]) -> Result<(), Exception> {
        let mut world = lock(&self.world);
        world.select(self.station).write_registers(address, values)
    }
}

/// An I/O station of a world bound to an address, not yet running.
#[derive(Debug)]
pub struct WorldServer {
    listener: TcpListener,
    address: SocketAddr,
    world: SharedWorld,
    station: usize,
    limits: Limits,
}

impl WorldServer {
    /// Binds the first I/O station. Port 0 takes a free one; see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    /// [`ServeError::NotLoopback`] unless the limits allow it, [`ServeError::Bind`]
    /// if the operating system refuses.
    pub async fn bind(
        world: SharedWorld,
        address: SocketAddr,
        limits: Limits,
    ) -> Result<Self, ServeError> {
        WorldServer::bind_station(world, 0, address, limits).await
    }

    /// Binds the I/O station of this index. The world moves while the server of the
    /// first station runs.
    ///
    /// # Errors
    /// As [`WorldServer::bind`].
    pub async fn bind_station(
        world: SharedWorld,
        station: usize,
        address: SocketAddr,
        limits: Limits,
    ) -> Result<Self, ServeError> {
        if !address.ip().is_loopback() && !limits.allow_remote {
            return Err(ServeError::NotLoopback { address });
        }
        let bind = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(WorldServer {
            listener,
            address,
            world,
            station,
            limits,
        })
    }

    /// The address bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves, and if the station is the first steps the world, until told to stop;
    /// then closes every connection.
    pub async fn run(self, mut stop: Stop) {
        let (unit_id, silent) = {
            let world = lock(&self.world);
            let station = world.world.stations().get(self.station);
            match (station, world.silent.get(self.station)) {
                (Some(station), Some(silent)) => (station.unit_id(), Arc::clone(silent)),
                _ => return,
            }
        };
        let mut connections = JoinSet::new();
        let health = Arc::new(ServerHealth::default());
        let start = Instant::now();
        let mut done_steps = 0;
        let mut grid = interval(GRID);
        grid.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = stop.wait() => return,
                _ = grid.tick(), if self.station == 0 => {
                    let due_steps = (start.elapsed().as_nanos() / GRID.as_nanos()) as u64;
                    lock(&self.world).advance(due_steps.saturating_sub(done_steps));
                    done_steps = due_steps;
                }
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < self.limits.connections_max => {
                    let Ok((stream, _)) = accepted else { continue };
                    if stream.set_nodelay(true).is_err() {
                        continue;
                    }
                    let silent = Arc::clone(&silent);
                    let bank: Arc<Mutex<dyn Bank>> = Arc::new(Mutex::new(SharedStation {
                        world: Arc::clone(&self.world),
                        station: self.station,
                    }));
                    let (idle, health) = (self.limits.idle_timeout, Arc::clone(&health));
                    connections.spawn(async move {
                        answer_stream(Mutable { stream, silent }, &[unit_id], &bank, idle, &health).await;
                    });
                }
            }
        }
    }
}

/// Binds and runs `world` at `speed` times real time until `stop`.
///
/// # Errors
/// As [`WorldServer::bind`].
pub async fn serve(
    world: World,
    address: SocketAddr,
    speed: f64,
    stop: Stop,
) -> Result<(), ServeError> {
    let mut bank = WorldBank::new(world);
    bank.set_speed(speed);
    let server = WorldServer::bind(bank.shared(), address, Limits::default()).await?;
    server.run(stop).await;
    Ok(())
}

/// A stream that loses what it is given to send while the device is silent.
struct Mutable {
    stream: TcpStream,
    silent: Arc<AtomicBool>,
}

impl AsyncRead for Mutable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Mutable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.silent.load(Relaxed) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
