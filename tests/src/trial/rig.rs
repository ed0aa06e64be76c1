//! A station in this process with its simulated device.

use super::link::Link;
use super::{eventually, load};
use gateway::desk::{
    Change, Command, Environment, Event, Force, Forcing, Receipt, Refusal, TaskTiming,
};
use gateway::simulator::SimulationDeed;
use gateway::{Desk, Hub};
use modbus_server::Limits;
use signal::Quality;
use sim::serve::{SharedWorld, WorldBank, WorldServer};
use station::closed_loop::world_of;
use station::engine::{Options, Station};
use station::recorder::RecorderPolicy;
use station::simulator::{Instructor, Player};
use station::snapshots::{Shelf, snapshots_folder};
use station::{play, scenario};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a station is to run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Times real time.
    pub speed: f64,
    /// End after so much plant time.
    pub for_s: Option<f64>,
    /// Whether the demo's steps are played.
    pub plays_demo: bool,
    /// Whether the link can be disturbed.
    pub has_link: bool,
}

/// A running station.
pub struct Rig {
    /// The desk.
    pub hub: Arc<Hub>,
    /// The simulated device.
    pub world: SharedWorld,
    /// What lies between the station and the device, if the run asked for it.
    pub link: Option<Link>,
    station: Option<Station>,
    data: PathBuf,
    runtime: tokio::runtime::Runtime,
    server: driver::StopSource,
    ids: AtomicU64,
}

impl Rig {
    /// Starts the plant of `plant` with its data in `data`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(plant: &Path, data: &Path, run: &Run) -> Rig {
        Rig::try_start(plant, data, run).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts the plant of `plant` with its data in `data`.
    ///
    /// # Errors
    /// What the station says.
    ///
    /// # Panics
    /// If the plant has problems or the device cannot be served.
    pub fn try_start(plant: &Path, data: &Path, run: &Run) -> Result<Rig, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let text = load(plant);
        let mut bank = WorldBank::new(world_of(&text, None, 1).expect("a world"));
        bank.set_speed(run.speed);
        let world = bank.shared();
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (server, stopped) = driver::StopSource::new();
        let names = &text.sim.as_ref().expect("a simulation").drivers;
        let mut endpoints = BTreeMap::new();
        let mut link = None;
        runtime.block_on(async {
            for (station, name) in names.iter().enumerate() {
                let world = world.clone();
                let bound = WorldServer::bind_station(world, station, loopback, Limits::default())
                    .await
                    .expect("a device");
                let mut address = bound.local_addr();
                tokio::spawn(bound.run(stopped.clone()));
                // The wire that is disturbed is that of the first device.
                if run.has_link && station == 0 {
                    let between = Link::between(address).await;
                    address = between.address();
                    link = Some(between);
                }
                endpoints.insert(name.clone(), address);
            }
        });
        let options = Options {
            plant: plant.to_path_buf(),
            data: data.to_path_buf(),
            env: Environment::Simulation,
            speed: run.speed,
            for_ns: run.for_s.map(|s| (s * 1e9) as u64),
            endpoints,
            recorder: RecorderPolicy::default(),
            checkpoints: None,
        };
        let station = Station::start(text, &options, runtime.handle());
        let station = station.map_err(|error| error.to_string())?;
        let hub = station.hub.clone();
        if run.plays_demo {
            let demo = scenario::read(&plant.join("scenarios/demo.toml")).expect("the demo");
            let pace = station.pace.clone().expect("a simulation has a pace");
            // Commands are refused as long as there is nothing to look at.
            eventually("the first image", Duration::from_secs(40), || {
                (!hub.snapshot().cells.is_empty()).then_some(())
            });
            runtime.spawn(play::play(hub.clone(), world.clone(), demo, pace));
        }
        Ok(Rig {
            hub,
            world,
            link,
            station: Some(station),
            data: data.to_path_buf(),
            runtime,
            server,
            ids: AtomicU64::new(0),
        })
    }

    /// Gives the simulated process to the desk, as `scanloop run` does. Once.
    ///
    /// # Panics
    /// After [`Rig::stop`].
    pub fn instruct(&mut self, plant: &Path) {
        let station = self.station.as_mut().expect("a running station");
        let instructor = Instructor {
            world: self.world.clone(),
            pace: station.pace.clone().expect("a simulation has a pace"),
            player: Player::new(&station.hub, self.runtime.handle(), plant),
            running: station.running.clone(),
            shelf: Mutex::new(Shelf::open(snapshots_folder(&self.data))),
            tasks: Mutex::new(std::mem::take(&mut station.standers)),
        };
        self.hub.set_simulator(Arc::new(instructor));
    }

    /// Does something to the simulated process, as an instructor would.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn simulate(&self, deed: SimulationDeed) -> Result<Receipt, Refusal> {
        let actor = "instructor".to_string();
        self.runtime
            .block_on(self.hub.simulate(self.id(), actor, deed))
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The station.
    ///
    /// # Panics
    /// After [`Rig::stop`].
    pub fn station(&self) -> &Station {
        self.station.as_ref().expect("a running station")
    }

    /// Scans, overruns and missed releases of a task.
    pub fn pulse(&self, task: usize) -> (u64, u64, u64) {
        let pulse = &self.station().pulses[task];
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (
            read(&pulse.scan),
            read(&pulse.overruns),
            read(&pulse.missed),
        )
    }

    /// Value and quality of a tag, if it exists and there is an image.
    pub fn look(&self, name: &str) -> Option<(f64, Quality)> {
        let edition = self.hub.directory().epoch;
        let handle = self.hub.handle(name)?;
        let cell = *self.hub.snapshot().cells.get(handle as usize)?;
        (self.hub.directory().epoch == edition).then_some((cell.value, cell.quality))
    }

    /// Value of a tag.
    ///
    /// # Panics
    /// If the tag does not appear.
    pub fn value(&self, name: &str) -> f64 {
        self.await_tag(name, "has a value", |_, _| true).0
    }

    /// Waits until a tag is as wished.
    ///
    /// # Panics
    /// If it does not become so within 40 s.
    pub fn await_tag(
        &self,
        name: &str,
        wish: &str,
        mut is: impl FnMut(f64, Quality) -> bool,
    ) -> (f64, Quality) {
        let mut last = None;
        let what = format!("{name} {wish}");
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(&what, Duration::from_secs(40), || {
                last = self.look(name);
                last.filter(|(value, quality)| is(*value, *quality))
            })
        }));
        seen.unwrap_or_else(|_| panic!("{what}: last seen {last:?}"))
    }

    /// Waits until a tag has a value.
    pub fn await_value(&self, name: &str, wanted: f64) {
        self.await_tag(name, &format!("= {wanted}"), |value, _| value == wanted);
    }

    /// Waits until the demo doses.
    pub fn await_dosing(&self) {
        self.await_value("RG-1.TRIPPED", 1.0);
        self.await_value("RG-1.TRIPPED", 0.0);
        self.await_tag("FT-101.PV", "> 10 kg/h", |value, _| value > 10.0);
    }

    fn id(&self) -> String {
        format!("trial-{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes a tag as a person would.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn write(&self, tag: &str, value: f64, seen: Option<f64>) -> Result<Receipt, Refusal> {
        self.runtime.block_on(self.hub.submit(Command {
            id: self.id(),
            actor: "operator".into(),
            tag: tag.into(),
            value,
            seen_value: seen,
            reason: "trial".into(),
            permit: String::new(),
        }))
    }

    /// Holds a tag at a value, or releases it.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn force(&self, tag: &str, value: Option<f64>, why: &str) -> Result<Receipt, Refusal> {
        self.runtime.block_on(self.hub.force(Forcing {
            id: self.id(),
            actor: "service".into(),
            tag: tag.into(),
            value,
            reason: why.into(),
        }))
    }

    /// Adopts the text as it is now, or goes back.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn change(&self, back: bool) -> Result<Receipt, Refusal> {
        self.runtime.block_on(self.hub.change(Change {
            id: self.id(),
            actor: "engineer".into(),
            back,
            digest: None,
            reason: "trial".into(),
        }))
    }

    /// Asks for a change and, before it is answered, for a write.
    pub fn change_and_write(
        &self,
        tag: &str,
        value: f64,
    ) -> (Result<Receipt, Refusal>, Result<Receipt, Refusal>) {
        let change = self.hub.change(Change {
            id: self.id(),
            actor: "engineer".into(),
            back: false,
            digest: None,
            reason: "trial".into(),
        });
        let write = self.hub.submit(Command {
            id: self.id(),
            actor: "operator".into(),
            tag: tag.into(),
            value,
            seen_value: None,
            reason: "trial".into(),
            permit: String::new(),
        });
        self.runtime.block_on(async { (change.await, write.await) })
    }

    /// Number of the edition at the desk.
    pub fn edition(&self) -> u64 {
        self.hub.directory().edition.number
    }

    /// What is forced.
    pub fn forces(&self) -> Vec<Force> {
        self.hub.forces()
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.hub.events(0)
    }

    /// Disturbs the device's world.
    pub fn with_world<R>(&self, act: impl FnOnce(&mut sim::World) -> R) -> R {
        let mut world = self.world.lock().expect("the world");
        act(world.world_mut())
    }

    /// Waits until the run has ended by itself.
    pub fn await_end(&self) {
        eventually("the end of the run", Duration::from_secs(120), || {
            self.station().has_ended().then_some(())
        });
    }

    /// Stops the station, then the device.
    ///
    /// # Panics
    /// If a block panicked.
    pub fn stop(mut self) -> Vec<TaskTiming> {
        let station = self.station.take().expect("a running station");
        assert!(!station.has_faulted(), "a block panicked");
        let timing = station.stop();
        self.server.stop();
        timing
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(station) = self.station.take() {
            station.stop();
        }
        self.server.stop();
    }
}
