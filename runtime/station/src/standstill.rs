//! What may be done while a simulation stands still: the state of every task is taken, or
//! another is put in its place.
//!
//! All tasks stand between two scans then and none begins another until time goes on, so
//! that what is taken of each belongs together. What is put back begins a new segment of
//! the recording: nothing that comes follows from what came before.

use crate::scan_thread::{ScanControl, StationTask, put_state};
use scan::Outlet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Asked of a scan thread; the memory comes back with the answer.
pub struct StandAsk {
    /// Number; one that is not the newest is not done any more.
    serial: u64,
    /// What.
    what: What,
}

enum What {
    /// Nothing: the answer says that the task stands still.
    Wait,
    /// Put the state into this memory.
    Take(Box<[u64]>),
    /// Take these words for the state.
    Put(Box<[u64]>),
}

/// What came of it.
struct StandAnswer {
    serial: u64,
    is_done: bool,
    /// The state that was asked for; empty when one was put back.
    words: Box<[u64]>,
    /// Scan that the image shows.
    scan: u64,
}

/// The scan thread's ends.
pub struct StandEnds {
    asks: rtrb::Consumer<StandAsk>,
    answers: rtrb::Producer<StandAnswer>,
    newest: Arc<AtomicU64>,
}

/// The other ends of one task.
pub struct Stander {
    name: String,
    asks: rtrb::Producer<StandAsk>,
    answers: rtrb::Consumer<StandAnswer>,
    newest: Arc<AtomicU64>,
}

/// Both ends of what is asked of a task.
pub fn stand(name: &str) -> (Stander, StandEnds) {
    let (asks, asks_out) = rtrb::RingBuffer::new(4);
    let (answers, answers_out) = rtrb::RingBuffer::new(8);
    let newest = Arc::new(AtomicU64::new(0));
    (
        Stander {
            name: name.to_string(),
            asks,
            answers: answers_out,
            newest: newest.clone(),
        },
        StandEnds {
            asks: asks_out,
            answers,
            newest,
        },
    )
}

/// Longest wait for a task's answer: it looks every few milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state of one task and the scan after which it was taken.
pub struct Stood {
    /// The scan.
    pub scan: u64,
    /// Words of the program.
    pub words: Box<[u64]>,
}

impl Stander {
    /// Name of the task.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until the task stands still, with every scan run that was due.
    ///
    /// # Errors
    /// It does not.
    pub fn wait(&mut self) -> Result<(), String> {
        self.ask(What::Wait).map(|_| ())
    }

    /// The state of the task, of so many words; waits until it stands still.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take(&mut self, words: usize) -> Result<Stood, String> {
        let memory = vec![0; words].into_boxed_slice();
        let answer = self.ask(What::Take(memory))?;
        match answer.is_done {
            true => Ok(Stood {
                scan: answer.scan,
                words: answer.words,
            }),
            false => Err(format!("task {} runs another text of the plant", self.name)),
        }
    }

    /// Puts another state in place of the task's.
    ///
    /// # Errors
    /// Why not; the task may then hold neither.
    pub fn put(&mut self, words: Box<[u64]>) -> Result<(), String> {
        let answer = self.ask(What::Put(words))?;
        match answer.is_done {
            true => Ok(()),
            false => Err(format!("task {} cannot take the state", self.name)),
        }
    }

    fn ask(&mut self, what: What) -> Result<StandAnswer, String> {
        let no_answer = format!("task {} does not answer", self.name);
        let serial = self.newest.fetch_add(1, Ordering::AcqRel) + 1;
        if self.asks.push(StandAsk { serial, what }).is_err() {
            return Err(no_answer);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            match self.answers.pop() {
                Ok(answer) if answer.serial == serial => return Ok(answer),
                Ok(_) => continue,
                Err(_) if Instant::now() > until || self.asks.is_abandoned() => {
                    // Whatever the task does later, it does not do this.
                    self.newest.fetch_add(1, Ordering::AcqRel);
                    return Err(no_answer);
                }
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }
}

/// Does what is asked of a task that stands still.
pub(crate) fn serve(task: &mut StationTask, control: &mut ScanControl) {
    // A stretch of time was told before whatever was asked after it.
    if control.stand.asks.is_empty() || !task.clock.rests() {
        return;
    }
    let Ok(StandAsk { serial, what }) = control.stand.asks.pop() else {
        return;
    };
    let mut answer = StandAnswer {
        serial,
        is_done: false,
        words: Box::default(),
        scan: 0,
    };
    if control.stand.newest.load(Ordering::Acquire) == serial {
        match what {
            What::Wait => answer.is_done = true,
            What::Take(mut words) => {
                answer.is_done = task.program.save(&mut words).is_ok();
                answer.words = words;
            }
            What::Put(words) => answer.is_done = put_back(task, control, words),
        }
    }
    answer.scan = task.program.image_scan();
    // There is room: who asks waits for each answer.
    let _ = control.stand.answers.push(answer);
}

/// Takes these words for the state of a task, under the number and label of a scan that
/// is not run. What waits belongs to the state before and is dropped; what leaves the
/// task is that of the new state.
fn put_back(task: &mut StationTask, control: &mut ScanControl, words: Box<[u64]>) -> bool {
    let scan = task.clock.replaced();
    if task.program.restore_at(&words, scan.index.0).is_err() {
        return false;
    }
    while task.inlet.orders.pop().is_ok() {}
    for reader in &mut task.inlet.drivers {
        let _ = reader.latest();
    }
    for reader in &mut task.inlet.imports {
        reader.update();
    }
    task.witness.break_off();
    put_state(task, control, words);
    task.outlet.publish(&scan, &task.program);
    true
}
