//! A running station: every thread started, every end connected.

use crate::archive::{Archive, Surroundings};
use crate::bypass::BypassNotes;
use crate::change::{ChangeEnds, Changer, SharedRunning};
use crate::chronicle::Cast;
use crate::clerk::{Clerk, Kept, env_word, is_cold_start, standing_forces};
use crate::clock::RtClock;
use crate::clock_watch::Clocks;
use crate::closed_loop::{LoopError, point_configs};
use crate::comparer::comparer;
use crate::directory::{Named, areas, named};
use crate::exchange::exchange;
use crate::feed::feed;
use crate::history_writer::retention;
use crate::kinds;
use crate::layout::Layout;
use crate::ledger_sender::{LedgerSender, ledger_sender};
use crate::pace::SimPace;
use crate::ports::{ScanOrder, TaskInlet, TaskOutlet};
use crate::pump::{DriverEnd, ForceNotes, Pump, PumpShares, PumpUpdate, TaskEnd, history_of};
use crate::recorder::{EditionText, Recorder, RecorderPolicy, Tap};
use crate::ring::ring;
use crate::rt;
use crate::scan_thread::{self, Pulse, ScanControl, StationTask};
use crate::second_place::{CHECKPOINTS_WAITING_MAX, SecondPlace, ledger_folder, ledger_key};
use crate::standstill::{Stander, stand};
use crate::station_tags::StationValues;
use crate::supervision::{ScriptFlags, Supervision, flags_of};
use crate::understudy::Understudy;
use crate::witness::{Durations, ITEMS_WAITING_MAX, Item, ScanWitness};
use core::fmt;
use crossbeam::channel::{bounded, unbounded};
use driver::{Driver, FarSide, StopSource, SystemClock};
use gateway::Hub;
use gateway::desk::{Environment, TaskTiming};
use journal::ledger::{DiskFolder, Entry as Record, Ledger, LedgerError, Settings, read};
use journal::{Snapshot, SnapshotRefusal, StartKind};
use modbus::Modbus;
use plant::{LinkedPlant, Plant};
use scan::{Start, Task};
use signal::{ScanIndex, Utc, limits};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use tokio::runtime::Handle;

/// How a station is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder of the plant's text.
    pub plant: PathBuf,
    /// Folder for everything that stays.
    pub data: PathBuf,
    /// Simulation or live.
    pub env: Environment,
    /// Times real time.
    pub speed: f64,
    /// End after so many scans of the fastest task.
    pub for_ns: Option<u64>,
    /// Addresses that replace those of the plant's text, by driver: the simulator.
    pub endpoints: BTreeMap<String, SocketAddr>,
    /// How much is recorded.
    pub recorder: RecorderPolicy,
    /// Second place for the ledger's signed checkpoints.
    pub checkpoints: Option<PathBuf>,
}

/// Why a station does not start.
#[derive(Debug)]
pub enum StartError {
    /// The data folder cannot be used.
    Data {
        /// The folder.
        folder: PathBuf,
        /// Why.
        message: String,
    },
    /// The ledger cannot be opened.
    Journal(LedgerError),
    /// A driver cannot be built.
    Driver(LoopError),
    /// A channel of messages cannot be set up.
    Messages(notify::StartError),
    /// A thread cannot be started.
    Thread {
        /// Why.
        message: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Data { folder, message } => {
                write!(f, "data folder {}: {message}", folder.display())
            }
            StartError::Journal(error) => write!(f, "ledger: {error}"),
            StartError::Driver(error) => write!(f, "{error}"),
            StartError::Messages(error) => write!(f, "messages: {error}"),
            StartError::Thread { message } => write!(f, "cannot start a thread: {message}"),
        }
    }
}
impl std::error::Error for StartError {}

/// A running station.
pub struct Station {
    /// The desk.
    pub hub: Arc<Hub>,
    /// Life signs of each task.
    pub pulses: Vec<Arc<Pulse>>,
    /// How it started, for the first message.
    pub started: String,
    /// What the kernel did not grant, told once.
    pub not_granted: Vec<String>,
    /// Whether recording has failed.
    pub recording_down: Arc<AtomicBool>,
    /// Whether nothing can be recorded in the ledger, so that commands are refused.
    pub ledger_down: Arc<AtomicBool>,
    /// The way into the ledger.
    pub ledger: LedgerSender,
    stop_scans: Arc<AtomicBool>,
    stop_desk: Arc<AtomicBool>,
    stop_clerk: Arc<AtomicBool>,
    archive: Archive,
    scans: Vec<JoinHandle<()>>,
    clerk: JoinHandle<()>,
    pump: JoinHandle<Vec<TaskTiming>>,
    recorder: JoinHandle<()>,
    second_place: Option<JoinHandle<()>>,
    drivers: Vec<StopSource>,
    supervision: Arc<Supervision>,
    /// The time of a simulation.
    pub pace: Option<Arc<SimPace>>,
    /// What runs.
    pub running: SharedRunning,
    /// The tasks of a simulation, as one reaches them while they stand still.
    pub standers: Vec<Stander>,
    /// Keeps a second station out of the data folder.
    _lock: std::fs::File,
}

impl Station {
    /// Starts everything. Drivers run on `tokio`.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(plant: Plant, options: &Options, tokio: &Handle) -> Result<Station, StartError> {
        let env = env_word(options.env);
        let lock = claim(&options.data)?;
        let mut ledger = Ledger::open(
            &ledger_folder(&options.data),
            &ledger_key(&options.data),
            Settings::new(env, rt::utc_ns),
        )
        .map_err(StartError::Journal)?;
        let (programs, kinds, started, after) = programs(&plant, options);
        ledger
            .append(&mut [Record {
                offset_min: rt::utc_offset_min(),
                ..Record::system(rt::utc_ns(), env, "start", &plant.name, &started)
            }])
            .map_err(StartError::Journal)?;
        let ledger_down = Arc::new(AtomicBool::new(false));
        let (sender, postings) = ledger_sender();
        let mut not_granted = Vec::new();
        if let Err(refused) = rt::lock_memory() {
            not_granted.push(refused.to_string());
        }
        // What is real goes at its own speed; only a simulation can be bent.
        let pace =
            (options.env == Environment::Simulation).then(|| Arc::new(SimPace::new(options.speed)));
        let (hub, intake) = match pace.clone() {
            Some(pace) => Hub::new(move || pace.utc_ns()),
            None => Hub::new(rt::utc_ns),
        };
        let shared = pace
            .as_ref()
            .map_or_else(|| driver::Pace::new(1.0), |pace| pace.shared());
        let told = shared.clone();
        hub.set_pace(Box::new(move || told.speed()));
        let Named {
            directory,
            places,
            forceable,
        } = named(&plant, &programs, options.env, 1, epoch());
        let mut edition = PumpUpdate {
            edition: 1,
            feeds: Vec::new(),
            cast: Cast::new(&plant, &directory, &places),
            places: places.clone(),
        };
        let history = history_of(directory.tags.len());
        hub.set_directory(directory, forceable, history);
        let told = crate::counter::open(&hub, &plant, options);
        not_granted.extend(told);
        hub.set_rules(plant.people.rules.clone(), areas(&plant));
        let flags = flags_of(&plant);
        let supervision = Arc::new(Supervision::new(
            &plant,
            hub.clone(),
            shared.clone(),
            flags.clone(),
        ));

        let mut drivers = Vec::new();
        let mut driver_ends = Vec::new();
        let mut stops = Vec::new();
        for index in 0..plant.drivers.len() {
            let (far, end) = start_driver(&plant, index, options, &shared, tokio)?;
            let FarSide {
                inputs,
                outputs,
                stop,
                ..
            } = far;
            stops.push(stop);
            driver_ends.push(end);
            drivers.push(Some((inputs, outputs)));
        }
        let mut exchange = exchange(&plant);
        let stop_scans = Arc::new(AtomicBool::new(false));
        let stop_desk = Arc::new(AtomicBool::new(false));
        let start_ns = rt::monotonic_ns() + 50_000_000;
        if let Some(pace) = &pace {
            pace.begin_at(start_ns);
        }
        let mut taps = Vec::new();
        let mut ends = Vec::new();
        let mut rings = Vec::new();
        let mut task_ends = Vec::new();
        let mut pulses = Vec::new();
        let mut scans = Vec::new();
        let mut standers = Vec::new();
        let strays = Arc::new(AtomicU64::new(0));
        let (granted, grants) = std::sync::mpsc::channel();
        let twins = plant.link().tasks.into_iter();
        for ((index, linked), twin) in programs.tasks.into_iter().enumerate().zip(twins) {
            let plan = &plant.tasks[index];
            let layout = Layout::new(&plant, index, &linked.linked, 1);
            let program = linked.linked.program;
            let (feed, feed_out) = feed(1, &program, plan.period_ns);
            edition.feeds.push(feed_out);
            let (items, items_out) = ring(ITEMS_WAITING_MAX, Item::End { digest: 0 });
            let (orders, orders_out) =
                rtrb::RingBuffer::<ScanOrder>::new(limits::COMMANDS_WAITING_MAX);
            let (swaps, swaps_out) = rtrb::RingBuffer::new(2);
            let (swapped, swapped_out) = rtrb::RingBuffer::new(4);
            let (empty, empty_out) = rtrb::RingBuffer::new(4);
            let (shots, shots_out) = rtrb::RingBuffer::new(8);
            let (stander, stand) = stand(&plan.name);
            standers.push(stander);
            let (durations, durations_out) = ring(8_192, Durations::default());
            let lost = Arc::new(AtomicU64::new(0));
            let pulse = Arc::new(Pulse::default());
            let mut initial = vec![0; program.state_len()];
            // The memory is of this program's own measure.
            let _ = program.save(&mut initial);
            taps.push(Tap {
                name: plan.name.clone(),
                period_ns: plan.period_ns,
                items: items_out,
                shots: shots_out,
                empty,
                initial,
                start: kinds[index],
            });
            ends.push(ChangeEnds {
                swaps,
                swapped: swapped_out,
            });
            rings.push(orders);
            task_ends.push(TaskEnd {
                name: plan.name.clone(),
                period_ns: plan.period_ns,
                durations: durations_out,
                pulse: pulse.clone(),
                watchdog_ns: plan.watchdog_ns as i64,
            });
            pulses.push(pulse.clone());
            let mut readers = Vec::new();
            let mut writers = Vec::new();
            for driver in &plan.drivers {
                if let Some((inputs, outputs)) = drivers[driver.driver].take() {
                    readers.push(inputs);
                    writers.push(outputs);
                }
            }
            let imports = plan
                .exchange
                .iter()
                .filter_map(|(from, _)| exchange.readers.remove(&(*from, index)))
                .collect();
            let exports = layout
                .exports
                .iter()
                .filter_map(|(reader, _)| exchange.writers.remove(&(index, *reader)))
                .collect();
            let scans_wanted = options.for_ns.map(|ns| ns / plan.period_ns);
            let clock = RtClock::new(
                plan.period_ns,
                options.speed,
                ScanIndex(after[index]),
                start_ns,
                stop_scans.clone(),
            )
            .waking_early(plan.wake_early_ns)
            .for_scans(scans_wanted);
            let task: StationTask = Task {
                clock: match &pace {
                    Some(pace) => clock.bending(pace.begins(), pace.ring()),
                    None => clock,
                },
                program: Box::new(program),
                inlet: TaskInlet {
                    drivers: readers,
                    imports,
                    orders: orders_out,
                    station: StationValues {
                        alarm_from: plan.overruns_alarm,
                        drivers_ok: vec![false; plan.drivers.len()],
                        scripts: if index == 0 {
                            flags.clone()
                        } else {
                            ScriptFlags::default()
                        },
                        ledger_down: ledger_down.clone(),
                        ..StationValues::default()
                    },
                    layout: layout.clone(),
                    strays: strays.clone(),
                },
                outlet: TaskOutlet {
                    drivers: writers,
                    exports,
                    feed,
                    layout,
                    armed: true,
                },
                witness: ScanWitness::new(items, lost),
            };
            let control = ScanControl {
                swaps: swaps_out,
                swapped,
                empty: empty_out,
                shots,
                durations,
                pulse,
                health: plan
                    .drivers
                    .iter()
                    .map(|driver| driver_ends[driver.driver].health.clone())
                    .collect(),
                watchdog_ns: plan.watchdog_ns as i64,
                taken: 0,
                understudy: Understudy::new(twin.linked.program, plan.period_ns),
                stand,
            };
            // Faster tasks get higher priority: rate-monotonic order.
            let rank = plant
                .tasks
                .iter()
                .filter(|other| other.period_ns < plan.period_ns)
                .count();
            let processor = plan.processor;
            let granted = granted.clone();
            let thread = std::thread::Builder::new()
                .name(format!("scan-{}", plan.name))
                .spawn(move || {
                    rt::sharpen_timers();
                    let pinned = processor.map_or(Ok(()), rt::set_affinity);
                    let asked = rt::set_realtime(PRIORITY_MAX - rank as i32);
                    let _ = granted.send(pinned.and(asked).err());
                    scan_thread::run(task, control);
                })
                .map_err(|error| StartError::Thread {
                    message: error.to_string(),
                })?;
            scans.push(thread);
        }
        let answers: Vec<_> = grants.iter().take(scans.len()).collect();
        if let Some(refused) = answers.into_iter().flatten().next() {
            not_granted.push(refused.to_string());
        }
        let (editions, editions_out) = unbounded();
        let recorder = Recorder::new(
            &options.data,
            env,
            options.recorder,
            EditionText {
                number: 1,
                digest: plant.digest,
                sources: plant.sources.files().to_vec(),
            },
            editions_out,
            taps,
            rt::utc_ns,
        );
        let recording_down = recorder.down.clone();
        let second_place_down = Arc::<AtomicBool>::default();
        let forces = ForceNotes::default();
        let bypasses = BypassNotes::default();
        if kinds.contains(&StartKind::Warm) {
            // Forces are part of the state that goes on; so is who holds them and why.
            let past = read::since_last(
                &DiskFolder::at(&ledger_folder(&options.data)),
                is_cold_start,
            )
            .map_err(StartError::Journal)?;
            *forces.lock().unwrap_or_else(PoisonError::into_inner) = standing_forces(&past);
        }
        let clock_steps = Arc::new(AtomicU64::new(0));
        let (archive, told) = Archive::start(
            &edition.cast,
            Surroundings {
                hub: hub.clone(),
                intake: intake.alarms,
                ledger: sender.clone(),
                ledger_down: ledger_down.clone(),
                recording_down: recording_down.clone(),
                clock_steps: clock_steps.clone(),
                second_place_down: second_place_down.clone(),
                env: options.env,
                data: options.data.clone(),
                retention: retention(&plant),
                history_sync_ns: (plant.historian.sync_ms * 1e6) as i64,
                notify: plant.notify.clone(),
            },
            spawn,
        )?;
        let (updates, updates_out) = unbounded();
        let pump = Pump::new(
            hub.clone(),
            task_ends,
            driver_ends,
            edition,
            updates_out,
            PumpShares {
                forces: forces.clone(),
                bypasses: bypasses.clone(),
                recording_down: recording_down.clone(),
                supervision: supervision.clone(),
                pace: shared.clone(),
            },
            told,
        );
        supervision.start(&plant);
        let mut checkpoints = None;
        let mut second_place = None;
        if let Some(folder) = &options.checkpoints {
            let (frames, frames_out) = bounded(CHECKPOINTS_WAITING_MAX);
            checkpoints = Some(frames);
            let second = SecondPlace {
                folder: folder.clone(),
                ledger: ledger_folder(&options.data),
                id: ledger.id(),
                checkpoints: frames_out,
                sender: sender.clone(),
                down: second_place_down,
                env,
                hub: hub.clone(),
            };
            second_place = Some(spawn("second-place", move || second.run())?);
        }
        let changer = Changer::new(options.plant.clone(), plant, ends, editions);
        let running = changer.running();
        hub.set_compare(comparer(
            options.plant.clone(),
            running.clone(),
            Arc::downgrade(&hub),
        ));
        let clerk = Clerk {
            hub: hub.clone(),
            orders: intake.orders,
            attempts: intake.attempts,
            ledger,
            kept: Kept::default(),
            postings,
            ledger_down: ledger_down.clone(),
            checkpoints,
            rings,
            places,
            changer,
            pump: updates,
            forces,
            bypasses,
            env: options.env,
            clocks: Box::new(Clocks::now),
            clock_steps,
            supervision: supervision.clone(),
        };
        let stop_clerk = Arc::new(AtomicBool::new(false));
        let stop = stop_clerk.clone();
        let clerk = spawn("clerk", move || clerk.run(&stop))?;
        let stop = stop_desk.clone();
        let pump = spawn("pump", move || pump.run(&stop))?;
        let stop = stop_desk.clone();
        let recorder = spawn("recorder", move || recorder.run(&stop))?;
        let people = hub.clone();
        drop(tokio.spawn(async move { people.keep_people().await }));
        Ok(Station {
            hub,
            pulses,
            started,
            not_granted,
            recording_down,
            ledger_down,
            ledger: sender,
            stop_scans,
            stop_desk,
            stop_clerk,
            archive,
            scans,
            clerk,
            pump,
            recorder,
            second_place,
            drivers: stops,
            supervision,
            pace,
            running,
            standers,
            _lock: lock,
        })
    }

    /// Whether every scan thread has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.scans.iter().all(JoinHandle::is_finished)
    }

    /// Whether a block panicked.
    pub fn has_faulted(&self) -> bool {
        self.pulses
            .iter()
            .any(|pulse| pulse.faulted.load(Ordering::Acquire))
    }

    /// Stops scans first, then lets the recorder finish; the timing of the run.
    pub fn stop(self) -> Vec<TaskTiming> {
        self.supervision.stop();
        self.stop_scans.store(true, Ordering::Release);
        for scan in self.scans {
            // A panic in a scan thread was caught and told before.
            let _ = scan.join();
        }
        // The drivers take the last, unarmed frame to the devices meanwhile.
        std::thread::sleep(FAREWELL);
        self.stop_desk.store(true, Ordering::Release);
        let _ = self.recorder.join();
        let timing = self.pump.join().unwrap_or_default();
        // What the pump has told last is written down before the ledger is closed.
        self.archive.stop();
        self.stop_clerk.store(true, Ordering::Release);
        let _ = self.clerk.join();
        if let Some(second_place) = self.second_place {
            // A place that hangs must not keep the station from ending.
            let until = std::time::Instant::now() + FAREWELL * 8;
            while !second_place.is_finished() && std::time::Instant::now() < until {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        for driver in &self.drivers {
            driver.stop();
        }
        timing
    }
}

/// A number of names that no earlier run has used: clients that kept the names of
/// another run must see that they are strangers.
fn epoch() -> u64 {
    rt::utc_ns() as u64 / 1_000_000
}

/// Priority of the fastest task under SCHED_FIFO, below the kernel's own threads.
const PRIORITY_MAX: i32 = 80;
/// Time given to the drivers to write fail-safe values at the end: several write
/// polls and one device timeout of the default settings.
const FAREWELL: std::time::Duration = std::time::Duration::from_millis(250);

fn spawn<R: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> R + Send + 'static,
) -> Result<JoinHandle<R>, StartError> {
    std::thread::Builder::new()
        .name(name.to_string())
        .spawn(run)
        .map_err(|error| StartError::Thread {
            message: error.to_string(),
        })
}

/// Makes the data folder and keeps others out of it.
fn claim(folder: &std::path::Path) -> Result<std::fs::File, StartError> {
    let data = |message: String| StartError::Data {
        folder: folder.to_path_buf(),
        message,
    };
    std::fs::create_dir_all(folder).map_err(|error| data(error.to_string()))?;
    let lock =
        std::fs::File::create(folder.join("LOCK")).map_err(|error| data(error.to_string()))?;
    lock.try_lock()
        .map_err(|_| data("another station runs here; give another --data".into()))?;
    Ok(lock)
}

/// Fresh programs with the state of a recent snapshot, if there is one; every trip
/// latched either way.
fn programs(plant: &Plant, options: &Options) -> (LinkedPlant, Vec<StartKind>, String, Vec<u64>) {
    let env = env_word(options.env);
    let path = options.data.join("state.slstate");
    let now = Utc(rt::utc_ns());
    let cold = |why: &str| {
        let mut linked = plant.link();
        for task in &mut linked.tasks {
            task.linked.program.start(Start::Cold);
        }
        let count = linked.tasks.len();
        (
            linked,
            vec![StartKind::Cold; count],
            format!("cold start: {why}; all trips latched"),
            vec![0; count],
        )
    };
    let snapshot = match Snapshot::read(&path, env, plant.digest, now, plant.warm_age_s_max) {
        Ok(snapshot) => snapshot,
        Err(SnapshotRefusal::Absent) => return cold("no snapshot"),
        Err(refusal) => return cold(&refusal.to_string()),
    };
    let mut linked = plant.link();
    let mut after = Vec::new();
    for task in &mut linked.tasks {
        let state = snapshot.tasks.iter().find(|state| state.name == task.name);
        let restored = state.is_some_and(|state| task.linked.program.restore(&state.words).is_ok());
        if !restored {
            return cold("the snapshot does not fit");
        }
        after.push(state.map_or(0, |state| state.scan));
        task.linked.program.start(Start::Warm);
    }
    let age_s = (now.ns() - snapshot.utc_ns) as f64 * 1e-9;
    let count = linked.tasks.len();
    (
        linked,
        vec![StartKind::Warm; count],
        format!("warm start from a snapshot {age_s:.1} s old; all trips latched"),
        after,
    )
}

fn start_driver(
    plant: &Plant,
    index: usize,
    options: &Options,
    pace: &Arc<driver::Pace>,
    tokio: &Handle,
) -> Result<(FarSide, DriverEnd), StartError> {
    let draft = &plant.drivers[index];
    let wrong = |message: String| StartError::Driver(LoopError::Driver { message });
    let mut config =
        kinds::device_config(&draft.settings).map_err(|problem| wrong(problem.message))?;
    if let Some(address) = options.endpoints.get(&draft.name) {
        config.host = address.ip().to_string();
        config.port = address.port();
    }
    let endpoint = format!("{}:{}", config.host, config.port);
    let points = point_configs(plant, index).map_err(StartError::Driver)?;
    let modbus = Modbus::new(config, &points).map_err(|errors| {
        wrong(
            errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    })?;
    let modbus = modbus.paced(pace.clone());
    let (ports, far) = driver::ports(modbus.points(), Arc::new(SystemClock));
    let end = DriverEnd {
        name: draft.name.clone(),
        protocol: draft.kind.clone(),
        endpoint,
        health: far.health.clone(),
    };
    // The end of a driver is seen by its frames: its inputs age and go stale.
    drop(tokio.spawn(Box::new(modbus).run(ports)));
    Ok((far, end))
}
