use super::*;
use crate::witness::ITEMS_WAITING_MAX;
use journal::Recording;
use std::path::PathBuf;

/// What a test holds of one task: the scan thread's ends.
struct Thread {
    items: rtrb::Producer<Item>,
    shots: rtrb::Producer<StateShot>,
    taken: u64,
    scan: u64,
}

impl Thread {
    fn scan(&mut self) {
        self.scan += 1;
        for item in [
            Item::Begin {
                index: self.scan,
                utc_ns: self.scan as i64,
                elapsed: 1,
            },
            Item::End {
                digest: self.scan * 7,
            },
        ] {
            self.items.push(item).unwrap();
        }
    }

    fn mark(&mut self, edition: u64) {
        self.marked(edition, false);
    }

    /// A state whose one word is the number of the last scan.
    fn marked(&mut self, edition: u64, gap: bool) {
        self.taken += 1;
        let mark = Mark {
            serial: self.taken,
            edition,
            gap,
        };
        self.items.push(Item::Mark(mark)).unwrap();
        let shot = StateShot {
            serial: self.taken,
            scan: self.scan,
            wanted: 1,
            words: vec![self.scan].into_boxed_slice(),
        };
        self.shots.push(shot).ok().unwrap();
    }
}

struct Bench {
    folder: PathBuf,
    recorder: Recorder,
    threads: Vec<Thread>,
    editions: crossbeam::channel::Sender<EditionText>,
    /// The tasks' ends of the memory, so that it can be handed out.
    _empty: Vec<rtrb::Consumer<Box<[u64]>>>,
}

fn text(number: u64) -> EditionText {
    EditionText {
        number,
        digest: number * 11,
        sources: vec![("plant.toml".into(), format!("edition {number}"))],
    }
}

fn bench(name: &str) -> Bench {
    let folder = std::env::temp_dir().join(format!("scanloop-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let (editions, editions_out) = crossbeam::channel::unbounded();
    let mut threads = Vec::new();
    let mut taps = Vec::new();
    let mut memory = Vec::new();
    for task in ["fast", "slow"] {
        let (items, items_out) = rtrb::RingBuffer::new(ITEMS_WAITING_MAX);
        let (shots, shots_out) = rtrb::RingBuffer::new(8);
        let (empty, empty_out) = rtrb::RingBuffer::new(4);
        memory.push(empty_out);
        threads.push(Thread {
            items,
            shots,
            taken: 0,
            scan: 0,
        });
        taps.push(Tap {
            name: task.into(),
            period_ns: 100_000_000,
            items: items_out,
            shots: shots_out,
            empty,
            initial: vec![0],
            start: StartKind::Cold,
        });
    }
    let recorder = Recorder::new(
        &folder,
        "SIM",
        RecorderPolicy::default(),
        text(1),
        editions_out,
        taps,
        || 1_000_000_000,
    );
    Bench {
        folder,
        recorder,
        threads,
        editions,
        _empty: memory,
    }
}

impl Bench {
    fn begin(&mut self) {
        let states = vec![vec![0]; 2];
        self.recorder.begin(states, &[StartKind::Cold; 2]);
    }

    fn round(&mut self) {
        for task in 0..2 {
            self.recorder.drain(task);
        }
        self.recorder.settle();
    }

    /// Ends the run; of each segment: edition, states, scans of each task.
    fn segments(self) -> Vec<(u64, [u64; 2], [Vec<u64>; 2])> {
        let Bench {
            folder, recorder, ..
        } = self;
        recorder.finish();
        let mut files: Vec<_> = std::fs::read_dir(folder.join("recordings"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        let segments = files
            .iter()
            .map(|file| {
                let recording = Recording::read(&std::fs::read(file).unwrap()).unwrap();
                let scans = |task| {
                    let of_task = recording.scans.iter().filter(|scan| scan.task == task);
                    of_task.map(|scan| scan.index).collect()
                };
                let state = |task: usize| recording.header.tasks[task].state[0];
                (
                    recording.header.edition,
                    [state(0), state(1)],
                    [scans(0), scans(1)],
                )
            })
            .collect();
        std::fs::remove_dir_all(&folder).unwrap();
        segments
    }
}

#[test]
fn a_state_asked_for_during_a_change_leaves_the_new_editions_scans_out_of_the_old_segment() {
    let mut bench = bench("asked");
    bench.begin();
    bench.editions.send(text(2)).unwrap();
    bench.threads[0].scan();
    bench.threads[1].scan();
    bench.threads[0].mark(2);
    bench.threads[0].scan();
    // The state for a warm start, in the same loop of the scan thread as the change.
    bench.threads[0].mark(2);
    bench.threads[0].scan();
    bench.threads[1].mark(1);
    bench.round();
    bench.threads[1].scan();
    bench.threads[1].mark(2);
    bench.threads[1].scan();
    bench.round();
    assert_eq!(
        bench.segments(),
        [
            (1, [0, 0], [vec![1], vec![1, 2]]),
            (2, [1, 2], [vec![2, 3], vec![3]]),
        ]
    );
}

#[test]
fn a_state_is_not_taken_for_that_of_an_earlier_mark() {
    let mut bench = bench("earlier");
    bench.begin();
    bench.editions.send(text(2)).unwrap();
    bench.threads[0].scan();
    bench.threads[0].mark(2);
    bench.recorder.drain(0);
    // The log is drained; then both the next mark and its state come.
    bench.threads[0].scan();
    bench.threads[0].mark(2);
    bench.threads[1].mark(2);
    bench.recorder.drain(1);
    bench.recorder.settle();
    bench.round();
    bench.threads[0].scan();
    bench.round();
    let segments = bench.segments();
    assert_eq!(segments[1], (2, [1, 0], [vec![2, 3], vec![]]));
}

#[test]
fn a_change_that_the_second_task_refused_is_a_gap_and_the_next_segment_goes_on() {
    let mut bench = bench("refused");
    bench.begin();
    bench.editions.send(text(2)).unwrap();
    bench.threads[0].scan();
    bench.threads[0].mark(2);
    bench.threads[0].scan();
    bench.round();
    bench.threads[0].mark(1);
    bench.threads[0].scan();
    bench.threads[1].scan();
    bench.round();
    bench.threads[0].mark(1);
    bench.threads[1].mark(1);
    bench.threads[0].scan();
    bench.round();
    assert_eq!(
        bench.segments(),
        [
            (1, [0, 0], [vec![1], vec![1]]),
            (1, [2, 1], [vec![3, 4], vec![]]),
        ]
    );
}

#[test]
fn after_a_gap_a_new_segment_begins() {
    let mut bench = bench("gap");
    bench.begin();
    bench.threads[0].scan();
    bench.threads[0].scan += 5;
    bench.threads[0].marked(1, true);
    bench.threads[0].scan();
    bench.round();
    bench.threads[0].mark(1);
    bench.threads[0].scan();
    bench.threads[1].mark(1);
    bench.round();
    assert_eq!(
        bench.segments(),
        [
            (1, [0, 0], [vec![1], vec![]]),
            (1, [6, 0], [vec![7, 8], vec![]]),
        ]
    );
}

#[test]
fn the_end_of_a_run_waits_for_no_task() {
    let mut bench = bench("end");
    bench.begin();
    bench.threads[0].scan();
    bench.threads[0].mark(1);
    bench.threads[0].scan();
    bench.round();
    assert_eq!(bench.segments(), [(1, [0, 0], [vec![1, 2], vec![]])]);
}
