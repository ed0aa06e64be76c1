//! How late the scan clock wakes, beside cyclictest: same period, policy, priority and
//! processor, in alternating slices of one minute.
//!
//! `cargo bench -p scanloop-benches --bench wakeup`; `-- --seconds 10` for a quick look.
//! cyclictest is of the Debian package rt-tests. SCHED_FIFO needs CAP_SYS_NICE.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use scan::ScanClock;
use scanloop_benches::measure::{machine, quantile};
use signal::ScanIndex;
use station::clock::RtClock;
use station::rt;

const PRIORITY: i32 = 80;
const PROCESSOR: usize = 1;
/// Slices into which the time of each side is cut.
const SLICES: u64 = 6;
/// How early the station's threads wake: the default of plant text.
const EARLY_US: u64 = 100;
const BUCKETS_US: usize = 50_000;

/// Lateness in microseconds.
#[derive(Default)]
struct Lateness {
    us: Vec<f64>,
    max_us: f64,
}

impl Lateness {
    fn add(&mut self, other: Lateness) {
        self.us.extend(other.us);
        self.max_us = self.max_us.max(other.max_us);
    }

    /// p50, p99, p99.9, greatest.
    fn four(&mut self) -> [f64; 4] {
        let q = [0.5, 0.99, 0.999].map(|q| quantile(&mut self.us, q));
        [q[0], q[1], q[2], self.max_us]
    }
}

fn ours(period_us: u64, early_us: u64, is_realtime: bool, seconds: u64) -> Lateness {
    let thread = std::thread::spawn(move || {
        for refused in [
            rt::set_affinity(PROCESSOR).err(),
            rt::lock_memory().err(),
            is_realtime
                .then(|| rt::set_realtime(PRIORITY).err())
                .flatten(),
        ]
        .into_iter()
        .flatten()
        {
            println!("{refused}");
        }
        rt::sharpen_timers();
        let scans = seconds * 1_000_000 / period_us;
        let start = rt::monotonic_ns() + 1_000_000;
        let stop = Arc::new(AtomicBool::new(false));
        let mut clock = RtClock::new(period_us * 1_000, 1.0, ScanIndex(0), start, stop)
            .waking_early(early_us * 1_000)
            .for_scans(Some(scans));
        let mut late = Lateness {
            us: Vec::with_capacity(scans as usize),
            max_us: 0.0,
        };
        while clock.next_release().is_some() {
            let us = clock.late_ns() as f64 * 1e-3;
            late.us.push(us);
            late.max_us = late.max_us.max(us);
        }
        late
    });
    thread.join().expect("the clock ends")
}

fn cyclictest(period_us: u64, is_realtime: bool, seconds: u64) -> Option<Lateness> {
    // A priority, even 0, would make cyclictest real-time whatever the policy says.
    let policy = if is_realtime {
        vec![
            "--policy=fifo".to_string(),
            format!("--priority={PRIORITY}"),
        ]
    } else {
        vec!["--policy=other".to_string()]
    };
    // --laptop: no request to the power management, which ours does not make either.
    let output = Command::new("cyclictest")
        .args(["--quiet", "--mlockall", "--laptop", "--threads=1"])
        .args(policy)
        .arg(format!("--affinity={PROCESSOR}"))
        .arg(format!("--interval={period_us}"))
        .arg(format!("--duration={seconds}"))
        .arg(format!("--histogram={BUCKETS_US}"))
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut late = Lateness::default();
    for line in text.lines() {
        if let Some(max) = line.strip_prefix("# Max Latencies:") {
            late.max_us = max.trim().parse().unwrap_or(0.0);
        }
        let mut fields = line.split_whitespace();
        let (Some(us), Some(count)) = (fields.next(), fields.next()) else {
            continue;
        };
        if let (Ok(us), Ok(count)) = (us.parse::<u32>(), count.parse::<usize>()) {
            late.us.extend(std::iter::repeat_n(f64::from(us), count));
        }
    }
    (!late.us.is_empty()).then_some(late)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|word| word == "--seconds");
    let seconds: u64 = at
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(30);
    let slice = (seconds / SLICES).max(1);
    println!("# wakeup\n\n{}\n", machine());
    println!(
        "Lateness of a wake-up in µs, {SLICES} alternating slices of {slice} s each, processor {PROCESSOR}, priority {PRIORITY} where real-time. Ours by RtClock.\n"
    );
    println!(
        "| period, policy | p50 | p99 | p99.9 | max | ratio p50 | p99 | p99.9 | max |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for (period_us, is_realtime) in [
        (1_000, true),
        (1_000, false),
        (10_000, true),
        (10_000, false),
    ] {
        // As shipped, then asleep until the release itself.
        let mut mine = [EARLY_US, 0].map(|early_us| (early_us, Lateness::default()));
        let mut theirs = Lateness::default();
        let mut has_peer = true;
        for _ in 0..SLICES {
            for (early_us, mine) in &mut mine {
                mine.add(ours(period_us, *early_us, is_realtime, slice));
            }
            match cyclictest(period_us, is_realtime, slice) {
                Some(late) => theirs.add(late),
                None => has_peer = false,
            }
        }
        let policy = if is_realtime {
            "SCHED_FIFO"
        } else {
            "SCHED_OTHER"
        };
        let numbers = |values: [f64; 4]| values.map(|v| format!("{v:.0}")).join(" | ");
        let peer = theirs.four();
        for (early_us, mine) in &mut mine {
            let ours = mine.four();
            let ratios = if has_peer {
                [0, 1, 2, 3]
                    .map(|i| format!("{:.2}", ours[i] / peer[i]))
                    .join(" | ")
            } else {
                "no cyclictest | – | – | –".to_string()
            };
            println!(
                "| {} ms {policy}, ours, awake {early_us} µs early | {} | {ratios} |",
                period_us / 1_000,
                numbers(ours)
            );
        }
        if has_peer {
            println!(
                "| {} ms {policy}, cyclictest | {} | | | | |",
                period_us / 1_000,
                numbers(peer)
            );
        }
    }
    println!("\n{}", machine());
}
