//! Online change: a new text of the plant, linked off the scan thread, adopted by
//! every task between two of its scans, or by none.

use crate::feed::{FeedOut, feed};
use crate::kinds;
use crate::layout::Layout;
use crate::recorder::EditionText;
use crate::scan_thread::{Swap, Swapped};
use crate::understudy::Understudy;
use crossbeam::channel::Sender;
use plant::compare::restarts;
use plant::{LinkedPlant, Plant};
use scan::TransferPlan;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the desk side needs of a new edition.
pub struct Adopted {
    /// Its plant.
    pub plant: Plant,
    /// Its names and slots; the programs in it are twins of the running ones.
    pub linked: LinkedPlant,
    /// Its number.
    pub number: u64,
    /// Its feeds, one a task.
    pub feeds: Vec<FeedOut>,
}

/// Why a change was refused.
#[derive(Debug)]
pub enum ChangeRefusal {
    /// The new text has problems.
    Problems {
        /// How many.
        count: usize,
        /// All of them, rendered.
        rendered: String,
    },
    /// It changes what an online change may not change.
    NeedsRestart {
        /// What.
        what: String,
    },
    /// A task refused.
    Refused {
        /// Task.
        task: String,
        /// Why.
        why: String,
    },
    /// The text is not the one that the person has compared.
    Edited {
        /// Digest that was compared.
        compared: String,
        /// Digest of the text as it is now.
        found: String,
    },
    /// There is no edition to go back to.
    NothingBefore,
    /// Nothing differs.
    Same,
    /// A task did not answer.
    NoAnswer {
        /// Task.
        task: String,
    },
}

impl core::fmt::Display for ChangeRefusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            ChangeRefusal::Problems { count, rendered } => {
                write!(f, "the new text has {count} problems:\n{rendered}")
            }
            ChangeRefusal::NeedsRestart { what } => {
                write!(f, "the change alters {what}; that needs a restart")
            }
            ChangeRefusal::Refused { task, why } => write!(f, "task {task}: {why}"),
            ChangeRefusal::Edited { compared, found } => write!(
                f,
                "the text was edited since it was compared ({compared}, now {found}): compare again"
            ),
            ChangeRefusal::NothingBefore => write!(f, "there is no edition to go back to"),
            ChangeRefusal::Same => write!(f, "the text is the one that runs"),
            ChangeRefusal::NoAnswer { task } => write!(f, "task {task} did not answer"),
        }
    }
}
impl std::error::Error for ChangeRefusal {}

/// One task's ends of a change.
pub struct ChangeEnds {
    /// To the scan thread.
    pub swaps: rtrb::Producer<Swap>,
    /// From the scan thread.
    pub swapped: rtrb::Consumer<Swapped>,
}

/// The plant that runs, for whoever compares it with another.
#[derive(Clone)]
pub struct Running {
    /// The plant.
    pub plant: Arc<Plant>,
    /// Number of its edition.
    pub number: u64,
    /// Whether there is an edition to go back to.
    pub has_before: bool,
}

/// What runs, kept up to date by the changer.
pub type SharedRunning = Arc<Mutex<Running>>;

/// Makes changes, one at a time.
pub struct Changer {
    folder: PathBuf,
    plant: Plant,
    /// Twin of what runs: same layout, other state.
    linked: LinkedPlant,
    number: u64,
    /// Number of the last edition tried; a refused one keeps its number.
    tried: u64,
    before: Option<Plant>,
    running: SharedRunning,
    ends: Vec<ChangeEnds>,
    editions: Sender<EditionText>,
}

impl Changer {
    /// A changer of the plant in `folder`, which runs as edition 1.
    pub fn new(
        folder: PathBuf,
        plant: Plant,
        ends: Vec<ChangeEnds>,
        editions: Sender<EditionText>,
    ) -> Changer {
        Changer {
            folder,
            linked: plant.link(),
            running: Arc::new(Mutex::new(Running {
                plant: Arc::new(plant.clone()),
                number: 1,
                has_before: false,
            })),
            plant,
            number: 1,
            tried: 1,
            before: None,
            ends,
            editions,
        }
    }

    /// Number of the edition that runs.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Digest of the text that runs, lower-case hexadecimal.
    pub fn digest(&self) -> String {
        format!("{:016x}", self.plant.digest)
    }

    /// What runs, now and later.
    pub fn running(&self) -> SharedRunning {
        self.running.clone()
    }

    /// Loads the folder anew and adopts it, if it is still the text that was compared.
    ///
    /// # Errors
    /// [`ChangeRefusal`]; then everything runs on as before.
    pub fn adopt_folder(&mut self, compared: Option<&str>) -> Result<Adopted, ChangeRefusal> {
        let plant = plant::load(&self.folder, &kinds::blocks(), &kinds::Drivers).map_err(
            |(sources, problems)| ChangeRefusal::Problems {
                count: problems.len(),
                rendered: problems.render(&sources),
            },
        )?;
        if plant.digest == self.plant.digest {
            return Err(ChangeRefusal::Same);
        }
        let found = format!("{:016x}", plant.digest);
        if let Some(compared) = compared
            && compared != found
        {
            return Err(ChangeRefusal::Edited {
                compared: compared.to_string(),
                found,
            });
        }
        self.adopt(plant)
    }

    /// Adopts the edition before.
    ///
    /// # Errors
    /// [`ChangeRefusal`]; then everything runs on as before.
    pub fn roll_back(&mut self) -> Result<Adopted, ChangeRefusal> {
        let before = self.before.clone().ok_or(ChangeRefusal::NothingBefore)?;
        self.adopt(before)
    }

    fn adopt(&mut self, plant: Plant) -> Result<Adopted, ChangeRefusal> {
        same_surroundings(&self.plant, &plant)?;
        self.tried += 1;
        let number = self.tried;
        let runs = plant.link();
        let twin = plant.link();
        // The recorder takes this when it meets the edition's mark in a log; without
        // a mark it is never looked at.
        let _ = self.editions.send(EditionText {
            number,
            digest: plant.digest,
            sources: plant.sources.files().to_vec(),
        });
        let mut feeds = Vec::new();
        let mut done = Vec::new();
        let twins = plant.link().tasks.into_iter();
        for ((task, linked), understudy) in runs.tasks.into_iter().enumerate().zip(twins) {
            let plan = TransferPlan::new(&self.linked.tasks[task].linked, &linked.linked);
            let layout = Layout::new(&plant, task, &linked.linked, number);
            let period_ns = plant.tasks[task].period_ns;
            let program = linked.linked.program;
            let (writer, reader) = feed(number, &program, period_ns);
            let swap = Swap {
                state: vec![0; program.state_len()].into_boxed_slice(),
                program: Box::new(program),
                plan,
                layout,
                feed: writer,
                understudy: Understudy::new(understudy.linked.program, period_ns),
            };
            match self.swap(task, swap) {
                Ok(()) => {
                    feeds.push(reader);
                    done.push(task);
                }
                Err(refusal) => {
                    for task in done {
                        self.put_back(task, &twin);
                    }
                    return Err(refusal);
                }
            }
        }
        self.before = Some(std::mem::replace(&mut self.plant, plant.clone()));
        self.linked = twin;
        self.number = number;
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Running {
            plant: Arc::new(plant.clone()),
            number,
            has_before: true,
        };
        Ok(Adopted {
            linked: plant.link(),
            plant,
            number,
            feeds,
        })
    }

    /// Hands a swap to a scan thread and waits for its answer.
    fn swap(&mut self, task: usize, swap: Swap) -> Result<(), ChangeRefusal> {
        let name = self.plant.tasks[task].name.clone();
        let period = Duration::from_nanos(self.plant.tasks[task].period_ns);
        let ends = &mut self.ends[task];
        if ends.swaps.push(swap).is_err() {
            return Err(ChangeRefusal::NoAnswer { task: name });
        }
        let until = Instant::now() + period * 3 + Duration::from_secs(5);
        loop {
            if let Ok(swapped) = ends.swapped.pop() {
                if swapped.adopted {
                    return Ok(());
                }
                let why = swapped.leftovers.2.refusal().map_or_else(
                    || "a block cannot take over its old state".to_string(),
                    |refusal| refusal.to_string(),
                );
                return Err(ChangeRefusal::Refused { task: name, why });
            }
            if Instant::now() > until {
                return Err(ChangeRefusal::NoAnswer { task: name });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Puts a task that had already adopted back to the edition that runs.
    fn put_back(&mut self, task: usize, adopted: &LinkedPlant) {
        let program_of = |plant: &Plant| plant.link().tasks.into_iter().nth(task);
        let (Some(linked), Some(understudy)) = (program_of(&self.plant), program_of(&self.plant))
        else {
            return;
        };
        let plan = TransferPlan::new(&adopted.tasks[task].linked, &linked.linked);
        let layout = Layout::new(&self.plant, task, &linked.linked, self.number);
        let period_ns = self.plant.tasks[task].period_ns;
        let program = linked.linked.program;
        let (writer, _) = feed(self.number, &program, period_ns);
        let swap = Swap {
            state: vec![0; program.state_len()].into_boxed_slice(),
            program: Box::new(program),
            plan,
            layout,
            feed: writer,
            understudy: Understudy::new(understudy.linked.program, period_ns),
        };
        if let Err(refusal) = self.swap(task, swap) {
            eprintln!("a refused change could not be undone: {refusal}");
        }
    }
}

/// Drivers, servers, points, tasks and the exchange between tasks stay as they are.
fn same_surroundings(old: &Plant, new: &Plant) -> Result<(), ChangeRefusal> {
    match restarts(old, new).first() {
        None => Ok(()),
        Some(what) => Err(ChangeRefusal::NeedsRestart {
            what: what.words().to_string(),
        }),
    }
}
