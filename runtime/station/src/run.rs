//! `scanloop run`: a plant with its station, its simulation if it is one, and its
//! operator interface, until somebody or something ends it.

use crate::closed_loop::{LoopError, world_of};
use crate::engine::{Options, StartError, Station};
use crate::north::{self, Bound, NorthError, Pace};
use crate::recorder::RecorderPolicy;
use crate::scenario;
use crate::simulator::{Instructor, Player};
use crate::snapshots::{Shelf, snapshots_folder};
use core::fmt;
use gateway::desk::{Environment, TaskTiming};
use hmi::{ServeError, Serving};
use modbus_server::Limits;
use plant::Plant;
use sim::serve::{SharedWorld, WorldBank, WorldServer};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Folder of the plant.
    pub plant: PathBuf,
    /// Real devices instead of the simulation.
    pub live: bool,
    /// Times real time; only in simulation.
    pub speed: f64,
    /// End after this long (of plant time).
    pub run_for: Option<Duration>,
    /// Folder for everything that stays.
    pub data: PathBuf,
    /// Second place for the signed checkpoints of the audit trail.
    pub checkpoints: Option<PathBuf>,
    /// Address of the operator interface, if it is served.
    pub hmi: Option<SocketAddr>,
    /// Scenario to play, by name; in simulation only.
    pub play: Option<String>,
}

/// Why a run did not start or did not end well.
#[derive(Debug)]
pub enum RunError {
    /// The plant has problems.
    Plant {
        /// All of them, rendered.
        rendered: String,
    },
    /// The plant cannot be simulated.
    Simulation(LoopError),
    /// Speed without simulation.
    SpeedLive,
    /// The station does not start.
    Start(StartError),
    /// The operator interface cannot be served.
    Hmi(ServeError),
    /// The simulator's server cannot be had.
    Server {
        /// Why.
        message: String,
    },
    /// A server of the plant cannot be had.
    North(NorthError),
    /// The scenario to play cannot be read.
    Play {
        /// Why.
        message: String,
    },
    /// A block panicked; outputs are fail-safe.
    Faulted,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Plant { rendered } => write!(f, "{rendered}"),
            RunError::Simulation(error) => write!(
                f,
                "{error}; give --live to run against the devices of the plant's text"
            ),
            RunError::SpeedLive => {
                write!(f, "--speed is for simulation; real devices have one speed")
            }
            RunError::Start(error) => write!(f, "{error}"),
            RunError::Hmi(error) => write!(f, "{error}"),
            RunError::North(error) => write!(f, "{error}"),
            RunError::Server { message } | RunError::Play { message } => write!(f, "{message}"),
            RunError::Faulted => write!(
                f,
                "a block panicked: its task has stopped, outputs are fail-safe, the recording is saved"
            ),
        }
    }
}
impl std::error::Error for RunError {}

/// The simulated devices of a run.
struct Simulated {
    world: SharedWorld,
    /// Where they listen, in the order of the model's I/O stations.
    addresses: Vec<SocketAddr>,
    stop: driver::StopSource,
}

/// Runs until the time is over, an interrupt, or a fault.
///
/// # Errors
/// [`RunError`]
pub async fn run(
    plant: Plant,
    options: RunOptions,
    say: impl Fn(&str),
) -> Result<Vec<TaskTiming>, RunError> {
    if options.live && options.speed != 1.0 {
        return Err(RunError::SpeedLive);
    }
    let env = if options.live {
        Environment::Live
    } else {
        Environment::Simulation
    };
    let mut endpoints = BTreeMap::new();
    let simulated = if options.live {
        None
    } else {
        let simulated = simulate(&plant, options.speed).await?;
        if let Some(sim) = &plant.sim {
            let drivers = sim.drivers.iter().cloned();
            endpoints.extend(drivers.zip(simulated.addresses.iter().copied()));
        }
        Some(simulated)
    };
    let scenario = to_play(&options)?;
    let data = options.data.join(if options.live { "live" } else { "sim" });
    let station_options = Options {
        plant: options.plant.clone(),
        data: data.clone(),
        env,
        speed: options.speed,
        for_ns: options
            .run_for
            .map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
        endpoints,
        recorder: RecorderPolicy::default(),
        checkpoints: options.checkpoints.clone(),
    };
    let bound = bind_servers(&plant, options.live, &say).await?;
    let pace = Pace {
        period_ns: plant
            .tasks
            .iter()
            .map(|task| task.period_ns)
            .min()
            .unwrap_or(0),
        speed: options.speed,
        is_real: options.live,
    };
    let secure = plant.people.door.as_ref().map(|door| hmi::Secure {
        certificate: options.plant.join(&door.certificate),
        key: options.plant.join(&door.key),
        names: door.names.clone(),
    });
    let title = plant.title.en.clone();
    let handle = tokio::runtime::Handle::current();
    let mut station = Station::start(plant, &station_options, &handle).map_err(RunError::Start)?;
    say(&format!(
        "{title}: {} · {}",
        if options.live { "LIVE" } else { "SIMULATION" },
        station.started
    ));
    for line in &station.not_granted {
        say(line);
    }
    say(&format!("data and recordings: {}", data.display()));
    let instructor = match (&simulated, &station.pace) {
        (Some(simulated), Some(pace)) => Some(Arc::new(Instructor {
            world: simulated.world.clone(),
            pace: pace.clone(),
            player: Player::new(&station.hub, &handle, &options.plant),
            running: station.running.clone(),
            shelf: Mutex::new(Shelf::open(snapshots_folder(&data))),
            tasks: Mutex::new(std::mem::take(&mut station.standers)),
        })),
        _ => None,
    };
    if let Some(instructor) = &instructor {
        station.hub.set_simulator(instructor.clone());
    }
    let serving = match serve_hmi(&options, &station, secure.as_ref()).await {
        Ok(serving) => serving,
        Err(error) => {
            station.stop();
            return Err(error);
        }
    };
    if let Some((serving, _)) = &serving {
        let scheme = if secure.is_some() { "https" } else { "http" };
        say(&format!("operator interface: {scheme}://{}", serving.addr));
    }
    let mut servers = Vec::new();
    for bound in bound {
        say(&bound.to_string());
        servers.push(bound.serve(station.hub.clone(), pace));
    }
    if let (Some(instructor), Some((name, scenario))) = (&instructor, scenario) {
        say(&format!("playing: {}", scenario.title.en));
        let Instructor {
            world,
            pace,
            player,
            ..
        } = &**instructor;
        player.play(world, pace, &name, scenario);
    }
    wait(&station).await;
    if let Some(instructor) = &instructor {
        instructor.player.stop();
    }
    for server in servers {
        server.stop().await;
    }
    let faulted = station.has_faulted();
    let timing = tokio::task::spawn_blocking(move || station.stop())
        .await
        .unwrap_or_default();
    if let Some((serving, stop)) = serving {
        let _ = stop.send(true);
        serving.stopped().await;
    }
    if let Some(simulated) = simulated {
        simulated.stop.stop();
    }
    if faulted {
        return Err(RunError::Faulted);
    }
    Ok(timing)
}

/// Takes the addresses of the plant's servers before anything runs. A simulation
/// does without one that another has; a real plant does not start half.
async fn bind_servers(
    plant: &Plant,
    live: bool,
    say: &impl Fn(&str),
) -> Result<Vec<Bound>, RunError> {
    let mut bound = Vec::new();
    for server in &plant.servers {
        match north::bind(plant, server).await {
            Ok(server) => bound.push(server),
            Err(error) if !live => {
                say(&format!("warning: {error}; the simulation goes on without"))
            }
            Err(error) => return Err(RunError::North(error)),
        }
    }
    Ok(bound)
}

async fn simulate(plant: &Plant, speed: f64) -> Result<Simulated, RunError> {
    let seed = plant
        .sim
        .as_ref()
        .and_then(|sim| sim.settings.get("seed"))
        .and_then(toml::Value::as_integer)
        .unwrap_or(1) as u64;
    let world = world_of(plant, None, seed).map_err(RunError::Simulation)?;
    let mut bank = WorldBank::new(world);
    bank.set_speed(speed);
    let stations = bank.world().stations().len();
    let world = bank.shared();
    let (stop, stopped) = driver::StopSource::new();
    let mut servers = Vec::new();
    for station in 0..stations {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bound =
            WorldServer::bind_station(world.clone(), station, anywhere, Limits::default()).await;
        servers.push(bound.map_err(|error| RunError::Server {
            message: error.to_string(),
        })?);
    }
    let addresses = servers.iter().map(WorldServer::local_addr).collect();
    for server in servers {
        tokio::spawn(server.run(stopped.clone()));
    }
    Ok(Simulated {
        world,
        addresses,
        stop,
    })
}

fn to_play(options: &RunOptions) -> Result<Option<(String, scenario::Scenario)>, RunError> {
    let Some(name) = options.play.as_ref().filter(|_| !options.live) else {
        return Ok(None);
    };
    let path = options.plant.join("scenarios").join(format!("{name}.toml"));
    if name == "demo" && !path.exists() {
        return Ok(None);
    }
    scenario::read(&path)
        .map(|scenario| Some((name.clone(), scenario)))
        .map_err(|error| RunError::Play {
            message: error.to_string(),
        })
}

type Served = Option<(Serving, tokio::sync::watch::Sender<bool>)>;

async fn serve_hmi(
    options: &RunOptions,
    station: &Station,
    secure: Option<&hmi::Secure>,
) -> Result<Served, RunError> {
    let Some(address) = options.hmi else {
        return Ok(None);
    };
    let displays = options.plant.join("displays");
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let hub = station.hub.clone();
    let serving = match secure {
        Some(secure) => hmi::serve_secure(address, hub, displays, stopped, secure).await,
        None => hmi::serve(address, hub, displays, stopped).await,
    };
    let serving = serving.map_err(RunError::Hmi)?;
    for warning in &serving.warnings {
        eprintln!("display: {warning}");
    }
    Ok(Some((serving, stop)))
}

async fn wait(station: &Station) {
    let mut ending = Ending::new();
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            _ = tick.tick() => {
                if station.has_ended() || station.has_faulted() {
                    return;
                }
            }
            () = ending.asked() => return,
        }
    }
}

/// Whoever wants the program to end: listened to from here on, so that no wish is missed
/// between two looks.
struct Ending {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Ending {
    fn new() -> Ending {
        Ending {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    async fn asked(&mut self) {
        async fn came(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = came(&mut self.interrupt) => {}
            () = came(&mut self.terminate) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wish_to_end_that_comes_while_nobody_looks_is_kept() {
        let mut ending = Ending::new();
        let me = std::process::id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &me])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
        let heard = tokio::time::timeout(Duration::from_secs(10), ending.asked()).await;
        assert!(heard.is_ok(), "sent before it was asked for");
    }
}
