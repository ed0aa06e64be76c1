//! The driver of one device: its construction and its task.

use std::sync::Arc;
use std::time::Duration;

use driver::{
    BoxFuture, Driver, Exit, Follower, Health, HealthState, InputWriter, Pace, Point, Ports,
    RawCell, WallClock,
};
use signal::{Quality, Utc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_modbus::Request;

use crate::address::Table;
use crate::config::{DeviceConfig, DeviceError, PointConfig};
use crate::connect::{Connect, from_config};
use crate::exchange::{Exchange, Failure, Reply};
use crate::map::{Map, MapError};
use crate::outputs::Outputs;
use crate::plan::ReadRange;
use crate::point::{PointError, ResolvedPoint};
use crate::polls::{Polls, paced, request, store};

/// How often a driver looks whether time goes on again.
const STILL: Duration = Duration::from_millis(10);

/// Why a device cannot be served as written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Its own record.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A point's record.
    #[error(transparent)]
    Point(#[from] PointError),
    /// Points that do not go together.
    #[error(transparent)]
    Map(#[from] MapError),
    /// An output where the heartbeat counts.
    #[error("point {point} writes {address}, which is the heartbeat's")]
    HeartbeatTaken {
        /// Name of the point.
        point: String,
        /// The register.
        address: String,
    },
}

/// A Modbus device as a driver.
pub struct Modbus {
    config: DeviceConfig,
    map: Map,
    connect: Box<dyn Connect>,
    /// The second connection, if the record asks for one.
    aside: Option<Box<dyn Connect>>,
    pace: Arc<Pace>,
}

impl Modbus {
    /// A driver for this device, over the connection its record asks for.
    pub fn new(config: DeviceConfig, points: &[PointConfig]) -> Result<Modbus, Vec<ConfigError>> {
        let connect = from_config(&config);
        let aside = (config.connections > 1).then(|| from_config(&config));
        let modbus = Modbus::over(config, points, connect)?;
        Ok(match aside {
            Some(aside) => modbus.beside(aside),
            None => modbus,
        })
    }

    /// A driver for this device over connections of the caller's, one at a time.
    pub fn over(
        config: DeviceConfig,
        points: &[PointConfig],
        connect: impl Connect,
    ) -> Result<Modbus, Vec<ConfigError>> {
        let map = map_of(&config, points)?;
        Ok(Modbus {
            config,
            map,
            connect: Box::new(connect),
            aside: None,
            pace: Pace::new(1.0),
        })
    }

    /// The same driver in the time of a simulation: its periods go as that does, and
    /// while it stands still nothing is read or written.
    pub fn paced(self, pace: Arc<Pace>) -> Modbus {
        Modbus { pace, ..self }
    }

    /// The same driver with a second connection for reads, whatever the record says.
    pub fn beside(self, aside: impl Connect) -> Modbus {
        Modbus {
            aside: Some(Box::new(aside)),
            ..self
        }
    }

    /// The map between cells and registers.
    pub fn map(&self) -> &Map {
        &self.map
    }
}

/// The map of a device and its points, or every fault found in them. This is also
/// the way of a simulator that sits behind the same map without a socket.
pub fn map_of(config: &DeviceConfig, points: &[PointConfig]) -> Result<Map, Vec<ConfigError>> {
    let mut errors: Vec<ConfigError> = config.check().into_iter().map(Into::into).collect();
    let mut resolved: Vec<ResolvedPoint> = Vec::with_capacity(points.len());
    for point in points {
        match point.check() {
            Ok(point) => resolved.push(point),
            Err(error) => errors.push(error.into()),
        }
    }
    if let Ok(Some(register)) = config.heartbeat_register() {
        for point in &resolved {
            let (table, from, end, _) = point.claim();
            let within = (from..end).contains(&u32::from(register));
            let writes = point.direction == driver::Direction::Output;
            if writes && table == Table::HoldingRegisters && within {
                errors.push(ConfigError::HeartbeatTaken {
                    point: point.name.clone(),
                    address: point.address.to_string(),
                });
            }
        }
    }
    let classes: Vec<&str> = config.classes.iter().map(|c| c.name.as_str()).collect();
    match Map::new(&resolved, &classes, &config.plan_limits()) {
        Ok(map) if errors.is_empty() => Ok(map),
        Ok(_) => Err(errors),
        Err(faults) => {
            errors.extend(faults.into_iter().map(Into::into));
            Err(errors)
        }
    }
}

impl Driver for Modbus {
    fn points(&self) -> &[Point] {
        self.map.points()
    }

    fn run(self: Box<Self>, ports: Ports) -> BoxFuture<Exit> {
        Box::pin(async move {
            let mut stop = ports.stop.clone();
            let mut task = Task::new(*self, ports);
            tokio::select! {
                biased;
                () = stop.wait() => Exit::Stopped,
                exit = task.serve() => exit,
            }
        })
    }
}

/// A reply that is not yet decoded.
struct Held {
    range: ReadRange,
    reply: Reply,
    utc: Utc,
}

/// Decodes what is held.
fn settle(held: &mut Vec<Held>, map: &Map, cells: &mut [RawCell]) {
    for Held { range, reply, utc } in held.drain(..) {
        store(map, &range, &reply, utc, cells);
    }
}

/// A second connection for reads.
struct Aside {
    exchange: Exchange,
    /// Not before then: the device did not serve it.
    from: Instant,
}

struct Heartbeat {
    register: u16,
    period: Duration,
    next: Instant,
    count: u16,
}

struct Task {
    map: Map,
    exchange: Exchange,
    aside: Option<Aside>,
    polls: Polls,
    outputs: Outputs,
    heartbeat: Option<Heartbeat>,
    cells: Box<[RawCell]>,
    inputs: InputWriter,
    health: Arc<Health>,
    clock: Arc<dyn WallClock>,
    write_poll: Duration,
    write_next: Instant,
    pace: Arc<Pace>,
    follower: Arc<Follower>,
    /// The round that was made last while time stood still.
    round: u64,
    /// The pace that is kept now.
    speed: f64,
    /// Registers are written with reads, as long as the device takes it.
    combined: bool,
    has_outputs: bool,
}

impl Task {
    fn new(device: Modbus, ports: Ports) -> Task {
        let Modbus {
            config,
            map,
            connect,
            aside,
            pace,
        } = device;
        let now = Instant::now();
        let register = config.heartbeat_register().ok().flatten();
        let heartbeat = register.zip(config.heartbeat.as_ref());
        Task {
            exchange: Exchange::new(&config, connect, Arc::clone(&ports.health)),
            aside: aside.map(|connect| Aside {
                exchange: Exchange::new(&config, connect, Arc::clone(&ports.health)),
                from: now,
            }),
            polls: Polls::new(&config, &map, now),
            outputs: Outputs::new(&config, &map, ports.outputs, now),
            heartbeat: heartbeat.map(|(register, config)| Heartbeat {
                register,
                period: Duration::from_millis(config.period_ms),
                next: now,
                count: 0,
            }),
            follower: pace.follow(),
            round: pace.round(),
            pace,
            speed: 1.0,
            cells: map.input_cells(),
            inputs: ports.inputs,
            health: ports.health,
            clock: ports.clock,
            write_poll: Duration::from_millis(config.write_poll_ms),
            write_next: now,
            combined: config.read_write_combined,
            has_outputs: map.outputs() > 0 || register.is_some(),
            map,
        }
    }

    /// Serves for ever; dropped when told to stop.
    async fn serve(&mut self) -> Exit {
        loop {
            if self.exchange.connected().await.is_ok() {
                self.polls.all_due(Instant::now());
                // Returns when the device is lost.
                while self.step().await.is_ok() {}
            }
            self.lose();
            sleep(self.exchange.backoff()).await;
        }
    }

    /// Every input is bad from now on.
    fn lose(&mut self) {
        self.health.set_state(HealthState::Down);
        self.follower.lost();
        for cell in &mut self.cells {
            cell.quality = Quality::COMM_LOST;
        }
        self.inputs.publish_cells(&self.cells);
    }

    /// Waits for whatever is due next and does it.
    async fn step(&mut self) -> Result<(), Failure> {
        self.keep_pace().await?;
        let poll = self.polls.next();
        let write = self.has_outputs.then_some(self.write_next);
        match poll.into_iter().chain(write).min() {
            Some(next) => sleep_until(next).await,
            // Neither inputs nor outputs: nothing to do but to be told to stop.
            None => std::future::pending().await,
        }
        if self.is_write_due() {
            self.write(self.combined).await?;
        }
        while let Some(class) = self.polls.take_due(Instant::now()) {
            self.poll(class).await?;
        }
        let is_degraded = self.polls.is_degraded() || self.outputs.is_degraded();
        self.health.set_state(match is_degraded {
            true => HealthState::Degraded,
            false => HealthState::Up,
        });
        Ok(())
    }

    /// Goes with the plant's time: waits while that stands still, begins new grids when
    /// it goes at another pace.
    async fn keep_pace(&mut self) -> Result<(), Failure> {
        // Seen to go before the speed is looked at: whoever stops the time and then
        // finds everybody at rest is right.
        self.follower.goes();
        let mut speed = self.pace.speed();
        if speed == self.speed {
            return Ok(());
        }
        while speed == 0.0 {
            let round = self.pace.round();
            if round != self.round {
                self.round = round;
                self.make_round().await?;
            }
            self.follower.rests(self.round);
            sleep(STILL).await;
            self.follower.goes();
            speed = self.pace.speed();
        }
        self.speed = speed;
        let now = Instant::now();
        self.polls.keep(speed, now);
        self.outputs.keep(speed, now);
        self.write_next = now;
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.next = now;
        }
        Ok(())
    }

    /// Writes and reads everything once while time stands still.
    async fn make_round(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        self.outputs.keep(self.speed, now);
        self.polls.all_due(now);
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.next = now;
        }
        self.write(false).await?;
        while let Some(class) = self.polls.take_due(now) {
            self.poll(class).await?;
        }
        Ok(())
    }

    /// A command must not wait for the end of a long cycle of reads, nor must the
    /// heartbeat; otherwise the reads come first.
    fn is_write_due(&self) -> bool {
        self.has_outputs && (self.outputs.has_newer() || Instant::now() >= self.write_next)
    }

    async fn write(&mut self, keep_registers: bool) -> Result<(), Failure> {
        if !self.has_outputs {
            return Ok(());
        }
        let now = Instant::now();
        self.write_next = now + paced(self.write_poll, self.speed);
        let lives = self.outputs.take(&self.map, now);
        // With a dead scan there is no time to wait for a read.
        let keep = keep_registers && lives && self.reads_holding_registers(None);
        let Task {
            outputs,
            exchange,
            map,
            heartbeat,
            speed,
            ..
        } = self;
        outputs.flush(map, exchange, keep).await?;
        if let Some(heartbeat) = heartbeat.as_mut().filter(|h| lives && now >= h.next) {
            heartbeat.next = now + paced(heartbeat.period, *speed);
            heartbeat.count = heartbeat.count.wrapping_add(1);
            let count = [heartbeat.count];
            let request = Request::WriteMultipleRegisters(heartbeat.register, (&count[..]).into());
            // A refused count is the device's loss: its own watchdog will act.
            if let Err(Failure::Lost) = exchange.ask(&request).await {
                return Err(Failure::Lost);
            }
        }
        Ok(())
    }

    /// Whether this class, or any, reads holding registers.
    fn reads_holding_registers(&self, class: Option<usize>) -> bool {
        self.polls.ranges.iter().any(|polled| {
            polled.range.table == Table::HoldingRegisters
                && class.is_none_or(|class| class == polled.range.class)
        })
    }

    /// One cycle of a class: every range of it, outputs in between, then a frame.
    async fn poll(&mut self, class: usize) -> Result<(), Failure> {
        let mut held = Vec::with_capacity(2);
        let outcome = self.poll_ranges(class, &mut held).await;
        settle(&mut held, &self.map, &mut self.cells);
        outcome?;
        if self.combined && self.reads_holding_registers(Some(class)) {
            // What no read could carry must not wait for another period.
            self.write(false).await?;
        }
        self.inputs.publish_cells(&self.cells);
        Ok(())
    }

    /// The first range of a class from `at` on that may be asked for now.
    fn next_range(&mut self, class: usize, at: usize) -> Option<usize> {
        let now = Instant::now();
        (at..self.polls.ranges.len())
            .find(|at| self.polls.ranges[*at].range.class == class && self.polls.may_ask(*at, now))
    }

    /// Reads every range of a class. A reply is decoded while the device thinks about
    /// the next request; the last ones are left in `held`.
    async fn poll_ranges(&mut self, class: usize, held: &mut Vec<Held>) -> Result<(), Failure> {
        let mut from = 0;
        while let Some(at) = self.next_range(class, from) {
            from = match self.partner(class, at) {
                Some(second) => self.poll_two(at, second, held).await?,
                None => self.poll_one(at, held).await?,
            };
            if self.is_write_due() {
                self.write(self.combined).await?;
            }
        }
        Ok(())
    }

    /// The range to be read beside `at` over the second connection.
    fn partner(&mut self, class: usize, at: usize) -> Option<usize> {
        let aside = self.aside.as_ref()?;
        let is_served = !self.combined && Instant::now() >= aside.from;
        is_served.then(|| self.next_range(class, at + 1)).flatten()
    }

    /// Reads one range; where to go on.
    async fn poll_one(&mut self, at: usize, held: &mut Vec<Held>) -> Result<usize, Failure> {
        let range = self.polls.ranges[at].range.clone();
        let reply = match self.combined_read(&range).await {
            Some(reply) => reply,
            None => {
                let Task {
                    exchange,
                    map,
                    cells,
                    ..
                } = self;
                let meanwhile = || settle(held, map, cells);
                exchange.ask_and(&request(&range), meanwhile).await
            }
        };
        let utc = self.clock.utc();
        settle(held, &self.map, &mut self.cells);
        let is_cut = self.took(at, range, reply, utc, held)?;
        // Cut in halves: ask the first of them in the same cycle.
        Ok(if is_cut { at } else { at + 1 })
    }

    /// Reads two ranges at the same time, `first` before `second`; where to go on.
    async fn poll_two(
        &mut self,
        first: usize,
        second: usize,
        held: &mut Vec<Held>,
    ) -> Result<usize, Failure> {
        let Task {
            exchange,
            aside,
            map,
            cells,
            polls,
            ..
        } = self;
        let Some(aside) = aside else {
            return Ok(first);
        };
        let (one, two) = (
            polls.ranges[first].range.clone(),
            polls.ranges[second].range.clone(),
        );
        let (ask_one, ask_two) = (request(&one), request(&two));
        let meanwhile = || settle(held, map, cells);
        // The second is sent first, so that both are on their way while old replies are
        // decoded.
        let (reply_two, reply_one) = tokio::join!(
            aside.exchange.ask(&ask_two),
            exchange.ask_and(&ask_one, meanwhile)
        );
        let utc = self.clock.utc();
        settle(held, &self.map, &mut self.cells);
        let mut go_on = second + 1;
        if let Err(Failure::Lost) = reply_two {
            if let Some(aside) = &mut self.aside {
                aside.from = Instant::now() + aside.exchange.backoff();
            }
            go_on = second;
        } else if self.took(second, two, reply_two, utc, held)? {
            go_on = second;
        }
        // The places after a range that is cut move on.
        if self.took(first, one, reply_one, utc, held)? {
            go_on = first;
        }
        Ok(go_on)
    }

    /// Takes the reply to a range; whether the range was cut in halves.
    fn took(
        &mut self,
        at: usize,
        range: ReadRange,
        reply: Result<Reply, Failure>,
        utc: Utc,
        held: &mut Vec<Held>,
    ) -> Result<bool, Failure> {
        match reply {
            Ok(reply) => {
                held.push(Held { range, reply, utc });
                self.polls.answered(at);
                Ok(false)
            }
            Err(Failure::Lost) => Err(Failure::Lost),
            Err(Failure::Exception(code)) => {
                let now = Instant::now();
                if let Some(quality) = self.polls.refused(at, code, &self.map, now) {
                    self.map.mark(&range, quality, &mut self.cells);
                }
                Ok(self.polls.ranges[at].range != range)
            }
        }
    }

    /// Reads a range of holding registers together with the first due write. `None`:
    /// not possible here, read it alone.
    async fn combined_read(&mut self, range: &ReadRange) -> Option<Result<Reply, Failure>> {
        if !self.combined || range.table != Table::HoldingRegisters {
            return None;
        }
        self.outputs.take(&self.map, Instant::now());
        let Task {
            outputs,
            exchange,
            map,
            ..
        } = self;
        let reply = outputs
            .combine(map, exchange, range.address, range.quantity)
            .await?;
        if let Err(Failure::Exception(_)) = reply {
            // The device may not know function 23, or refuse one half of it; told apart
            // by doing both halves alone from now on.
            self.combined = false;
            return None;
        }
        Some(reply)
    }
}
