//! Rounds, quantiles, the machine.

use std::path::Path;
use std::time::Instant;

/// The value below which `q` of the samples lie, by nearest rank; 0 without samples.
pub fn quantile(samples: &mut [f64], q: f64) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.sort_by(f64::total_cmp);
    let rank = (samples.len() as f64 * q).ceil() as usize;
    samples[rank.clamp(1, samples.len()) - 1]
}

/// Median.
pub fn median(samples: &[f64]) -> f64 {
    quantile(&mut samples.to_vec(), 0.5)
}

/// Nanoseconds of one call.
pub fn ns_of(call: impl FnOnce()) -> f64 {
    let start = Instant::now();
    call();
    start.elapsed().as_nanos() as f64
}

/// One number a round, and its neighbour's of the same round.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// Ours.
    pub ours: Vec<f64>,
    /// The peer's.
    pub peer: Vec<f64>,
}

impl Pairs {
    /// Adds a round.
    pub fn push(&mut self, ours: f64, peer: f64) {
        self.ours.push(ours);
        self.peer.push(peer);
    }

    /// Ours divided by the peer's, round by round.
    pub fn ratios(&self) -> Vec<f64> {
        self.ours
            .iter()
            .zip(&self.peer)
            .map(|(ours, peer)| ours / peer)
            .collect()
    }

    /// Median, least and greatest ratio, as text.
    pub fn ratio_text(&self) -> String {
        let mut ratios = self.ratios();
        ratios.sort_by(f64::total_cmp);
        match (ratios.first(), ratios.last()) {
            (Some(least), Some(most)) => {
                format!("{:.2} ({least:.2}–{most:.2})", median(&ratios))
            }
            _ => "–".to_string(),
        }
    }
}

/// Processor, kernel and how busy the machine is now: one line for every table.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("?", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let processors = cpuinfo
        .lines()
        .filter(|l| l.starts_with("processor"))
        .count();
    let kernel = read("/proc/sys/kernel/osrelease");
    let version = read("/proc/sys/kernel/version");
    let preempt = version
        .split_whitespace()
        .find(|word| word.starts_with("PREEMPT"))
        .unwrap_or("");
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("?");
    format!(
        "{model}, {processors} processors, Linux {} {preempt}, load {load}",
        kernel.trim()
    )
}

/// Takes the calling thread to a processor, real-time; what is refused is said.
pub fn take(processor: usize, priority: i32) {
    for refused in [
        station::rt::set_affinity(processor).err(),
        station::rt::set_realtime(priority).err(),
    ]
    .into_iter()
    .flatten()
    {
        println!("{refused}");
    }
}

/// Processor seconds that a process has used so far, its own and its kernel's.
pub fn processor_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    // Linux gives clock ticks of 10 ms on every architecture it runs on today.
    ticks / 100.0
}

/// Resident memory of a process in megabytes: (now, its peak).
pub fn resident_mb(pid: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| -> f64 {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kb| kb.parse::<f64>().ok())
            .unwrap_or(0.0)
            / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Bytes of the files in a folder and below it.
pub fn bytes_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
