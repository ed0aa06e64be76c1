//! The store of samples beside SQLite and VictoriaMetrics: samples taken in a second,
//! bytes a sample, a day of one tag, a year of one tag in 2 000 buckets. Times of reading
//! are by the clock. VictoriaMetrics is left out where it is not installed (Debian: victoria-metrics).
//!
//! `cargo bench -p scanloop-benches --bench historian [-- HOURS]`; a day without.

use historian::{
    Historian, HistoryReader, Item, Options, Policy, Sample, SourceId, Specs, TagId, TagSpec,
};
use rusqlite::Connection;
use scanloop_benches::measure::{bytes_of, median, ns_of};
use scanloop_benches::victoria::Victoria;
use signal::{Kind, Quality};
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Instant;

const S: i64 = 1_000_000_000;
const SOURCE: SourceId = SourceId(0);
const TAGS: usize = 500;
/// 2026-01-01T00:00:00Z.
const START_NS: i64 = 1_767_225_600 * S;

/// Xorshift of Marsaglia (2003), so that every run has the same day.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// About normal, of deviation one.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// How a tag of the day behaves.
#[derive(Clone, Copy)]
enum Way {
    /// A transmitter: 16 000 counts of a range, noise of some counts.
    Counts {
        low: f64,
        span: f64,
    },
    /// The same behind a first-order filter: every bit of the number moves.
    Filtered {
        low: f64,
        span: f64,
        y: f64,
    },
    /// Steps and ramps of a recipe.
    Steps,
    /// A switch.
    Bool(bool),
    /// A mode or a step number.
    Int(i64),
    Constant,
}

fn ways() -> Vec<Way> {
    (0..TAGS)
        .map(|at| {
            let low = -20.0 + (at % 7) as f64 * 10.0;
            let span = 50.0 + (at % 5) as f64 * 60.0;
            match at {
                0..160 => Way::Counts { low, span },
                160..250 => Way::Filtered { low, span, y: low },
                250..290 => Way::Steps,
                290..410 => Way::Bool(false),
                410..450 => Way::Int(0),
                _ => Way::Constant,
            }
        })
        .collect()
}

fn specs(policies: bool) -> Specs {
    let tags = ways().into_iter().enumerate().map(|(at, way)| TagSpec {
        name: format!("TT-{at:03}.PV"),
        kind: match way {
            Way::Bool(_) => Kind::Bool,
            Way::Int(_) => Kind::Int,
            _ => Kind::Real,
        },
        unit: "degC".into(),
        source: SOURCE,
        policy: match way {
            // Of the demo plant's reals, those under GMP are raw: a hundred here.
            Way::Counts { span, .. } | Way::Filtered { span, .. } if policies && at >= 100 => {
                Policy::SwingingDoor {
                    deviation: span * 0.001,
                    max_interval_ns: 600 * S,
                }
            }
            _ => Policy::Raw,
        },
    });
    Specs {
        sources: vec!["fast".into()],
        tags: tags.collect(),
    }
}

/// A day of a reactor, second by second: what changed.
struct Day {
    ways: Vec<Way>,
    noise: Noise,
    second: u64,
}

impl Day {
    fn new() -> Day {
        Day {
            ways: ways(),
            noise: Noise(88_172_645_463_325_252),
            second: 0,
        }
    }

    fn next(&mut self, samples: &mut Vec<Sample>) {
        samples.clear();
        let t = self.second as f64;
        let is_first = self.second == 0;
        for (at, way) in self.ways.iter_mut().enumerate() {
            let batch = (t / 14_400.0 + at as f64 * 0.1).fract();
            // Heating, holding with a slow swing, cooling.
            let course = match batch {
                b if b < 0.2 => b * 4.0,
                b if b < 0.7 => 0.8 + 0.02 * (TAU * t / 900.0).sin(),
                b => 0.8 - (b - 0.7) * 2.6,
            };
            let mut put = |bits: u64| {
                samples.push(Sample {
                    tag: TagId(at as u32),
                    bits,
                    quality: Quality::GOOD,
                });
            };
            match way {
                Way::Counts { low, span } => {
                    let counts = (course * 16_000.0 + 4.0 * self.noise.normal()).round();
                    put((*low + counts / 16_000.0 * *span).to_bits());
                }
                Way::Filtered { low, span, y } => {
                    let x = *low + (course + 0.0003 * self.noise.normal()) * *span;
                    *y += 0.05 * (x - *y);
                    put(y.to_bits());
                }
                Way::Steps => {
                    if is_first || self.noise.next() < 1.0 / 600.0 {
                        put((course * 100.0).round().to_bits());
                    }
                }
                Way::Bool(state) => {
                    if is_first || self.noise.next() < 1.0 / 300.0 {
                        *state = !*state;
                        put(u64::from(*state));
                    }
                }
                Way::Int(step) => {
                    if is_first || self.noise.next() < 1.0 / 1_200.0 {
                        *step = (*step + 1) % 12;
                        put(*step as u64);
                    }
                }
                Way::Constant => {
                    if is_first {
                        put(42.5_f64.to_bits());
                    }
                }
            }
        }
        self.second += 1;
    }
}

/// Seconds that this thread has run on a processor: what a shared machine does not
/// change much. Wall time where the system does not say.
fn cpu_s(begun: Instant) -> f64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = said.split(' ').next().and_then(|ns| ns.parse::<f64>().ok());
    ns.map_or_else(|| begun.elapsed().as_secs_f64(), |ns| ns * 1e-9)
}

/// By the clock: what the kernel says of processor time moves in steps of a tick.
fn median_ms(mut act: impl FnMut()) -> f64 {
    let times: Vec<f64> = (0..31).map(|_| ns_of(&mut act) / 1e6).collect();
    median(&times)
}

fn points(reader: &HistoryReader, tag: &str) -> usize {
    let items = reader.read(tag, i64::MIN, i64::MAX).expect("a tag");
    items
        .filter(|item| matches!(item, Ok(Item::Point(_))))
        .count()
}

fn day(folder: &Path, seconds: u64, policies: bool) {
    let folder = folder.join(if policies { "policies" } else { "raw" });
    let (mut historian, _) =
        Historian::open(&folder, specs(policies), Options::default()).expect("a folder");
    historian.begin(SOURCE).expect("a disk");
    let mut day = Day::new();
    let mut samples = Vec::new();
    let (mut given, mut spent, mut wall, mut longest) = (0_u64, 0.0, 0.0, 0.0_f64);
    let clock = Instant::now();
    for second in 0..seconds {
        day.next(&mut samples);
        let begun = Instant::now();
        let from = cpu_s(clock);
        historian
            .frame(SOURCE, second + 1, START_NS + second as i64 * S, &samples)
            .expect("a disk");
        if second % 20 == 0 {
            historian.sync().expect("a disk");
        }
        spent += cpu_s(clock) - from;
        wall += begun.elapsed().as_secs_f64();
        longest = longest.max(begun.elapsed().as_secs_f64());
        given += samples.len() as u64;
    }
    let from = cpu_s(clock);
    historian.roll().expect("a disk");
    spent += cpu_s(clock) - from;
    let reader = historian.reader();
    let stored: u64 = reader.tags().iter().map(|tag| tag.points).sum();
    let before = bytes_of(&folder);
    let from = cpu_s(clock);
    historian
        .keeper()
        .merge(i64::MAX, 86_400 * S, 400)
        .expect("a disk");
    let merging = cpu_s(clock) - from;
    let after = bytes_of(&folder);
    println!(
        "ours, {}: {given} given, {stored} stored; {:.2} M given a CPU second ({:.2} M/s of wall, a sync \
         each 20 scans), longest scan {:.0} ms; {:.2} bytes a stored sample sealed, {:.2} merged ({:.2} a given \
         one); merging {merging:.1} s",
        if policies { "policies" } else { "all raw" },
        given as f64 / spent / 1e6,
        given as f64 / wall / 1e6,
        longest * 1e3,
        before as f64 / stored as f64,
        after as f64 / stored as f64,
        after as f64 / given as f64,
    );
    for tag in ["TT-001.PV", "TT-200.PV"] {
        let (count, ms) = (
            points(&reader, tag),
            median_ms(|| {
                let _ = points(&reader, tag);
            }),
        );
        let minutes = median_ms(|| {
            let to_ns = START_NS + seconds as i64 * S;
            let buckets = reader.envelope(tag, START_NS, to_ns, (seconds / 60) as usize);
            assert!(buckets.is_ok());
        });
        println!("  {tag}: {count} points in {ms:.2} ms; 1 min min/max/mean in {minutes:.2} ms");
    }
}

fn year(folder: &Path) {
    let folder = folder.join("year");
    let mut all = specs(false);
    all.tags.truncate(1);
    let options = Options {
        segment_ns: 86_400 * S,
        ..Options::default()
    };
    let (mut historian, _) = Historian::open(&folder, all, options).expect("a folder");
    historian.begin(SOURCE).expect("a disk");
    let mut noise = Noise(7);
    let seconds = 365 * 86_400_u64;
    for second in 0..seconds {
        let counts =
            (8_000.0 + 3_000.0 * (second as f64 / 9_000.0).sin() + 4.0 * noise.normal()).round();
        let sample = Sample {
            tag: TagId(0),
            bits: (-20.0 + counts / 16_000.0 * 170.0).to_bits(),
            quality: Quality::GOOD,
        };
        historian
            .frame(SOURCE, second + 1, START_NS + second as i64 * S, &[sample])
            .expect("a disk");
    }
    historian.roll().expect("a disk");
    let reader = historian.reader();
    let to_ns = START_NS + seconds as i64 * S;
    let ms = median_ms(|| {
        let buckets = reader.envelope("TT-000.PV", START_NS, to_ns, 2_000);
        assert_eq!(buckets.map(|b| b.len()).unwrap_or(0), 2_000);
    });
    println!("ours: a year of one tag at 1 s, 2 000 min/max buckets: {ms:.0} ms");
}

fn sqlite(folder: &Path, seconds: u64) -> rusqlite::Result<()> {
    let path = folder.join("peer.sqlite");
    let mut peer = Connection::open(&path)?;
    peer.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
         CREATE TABLE sample (tag INTEGER, t INTEGER, v REAL, q INTEGER, PRIMARY KEY (tag, t))
         WITHOUT ROWID;",
    )?;
    let mut day = Day::new();
    let mut samples = Vec::new();
    let (mut given, mut spent, mut wall) = (0_u64, 0.0, 0.0);
    let clock = Instant::now();
    let mut second = 0;
    while second < seconds {
        let transaction = peer.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO sample VALUES (?, ?, ?, ?)")?;
            for _ in 0..20.min(seconds - second) {
                day.next(&mut samples);
                let begun = Instant::now();
                let from = cpu_s(clock);
                let t = START_NS + second as i64 * S;
                for sample in &samples {
                    let value = f64::from_bits(sample.bits);
                    insert.execute((sample.tag.0, t, value, sample.quality.bits()))?;
                }
                spent += cpu_s(clock) - from;
                wall += begun.elapsed().as_secs_f64();
                given += samples.len() as u64;
                second += 1;
            }
        }
        let begun = Instant::now();
        let from = cpu_s(clock);
        transaction.commit()?;
        spent += cpu_s(clock) - from;
        wall += begun.elapsed().as_secs_f64();
    }
    peer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let mut read = peer.prepare("SELECT t, v, q FROM sample WHERE tag = ? ORDER BY t")?;
    let mut count = 0;
    let ms = median_ms(|| {
        let rows = read.query_map([1], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?))
        });
        count = rows.map(|rows| rows.flatten().count()).unwrap_or(0);
    });
    println!(
        "SQLite, all raw: {given} given; {:.2} M a CPU second ({:.2} M/s of wall), a transaction \
         each 20 scans, synchronous=FULL; \
         {:.1} bytes a sample; {count} points of one tag in {ms:.2} ms",
        given as f64 / spent / 1e6,
        given as f64 / wall / 1e6,
        bytes as f64 / given as f64
    );
    Ok(())
}

/// Seconds of the day that it is given at a time.
const BATCH_S: u64 = 300;

fn victoria(folder: &Path, seconds: u64) -> std::io::Result<()> {
    let Some(peer) = Victoria::start(&folder.join("victoria"))? else {
        println!("VictoriaMetrics: not installed");
        return Ok(());
    };
    let mut day = Day::new();
    let kinds = ways();
    let mut samples = Vec::new();
    let (mut given, mut wall) = (0_u64, 0.0);
    let mut second = 0;
    let from = peer.processor_s();
    while second < seconds {
        let mut series = vec![Vec::new(); TAGS];
        for _ in 0..BATCH_S.min(seconds - second) {
            day.next(&mut samples);
            for sample in &samples {
                let value = match kinds[sample.tag.0 as usize] {
                    Way::Bool(_) | Way::Int(_) => sample.bits as f64,
                    _ => f64::from_bits(sample.bits),
                };
                let at_ms = START_NS / 1_000_000 + second as i64 * 1_000;
                series[sample.tag.0 as usize].push((at_ms, value));
            }
            given += samples.len() as u64;
            second += 1;
        }
        wall += peer.import(&series)? / 1e3;
    }
    let taken = peer.processor_s() - from;
    peer.settle()?;
    let spent = peer.processor_s() - from;
    println!(
        "VictoriaMetrics, all raw, {BATCH_S} s a request: {given} given; {:.2} M a CPU second ({:.2} M with its \
         merges; {:.2} M/s of wall); {:.2} bytes a sample",
        given as f64 / taken / 1e6,
        given as f64 / spent / 1e6,
        given as f64 / wall / 1e6,
        peer.bytes() as f64 / given as f64,
    );
    let (from_s, to_s) = (START_NS / S, START_NS / S + seconds as i64 - 1);
    for tag in ["tag_001", "tag_200"] {
        let day = format!("/api/v1/export?match[]={tag}&start={from_s}&end={to_s}");
        let minutes = format!(
            "/api/v1/query_range?query=avg_over_time({tag}[1m])&start={from_s}&end={to_s}&step=60s&nocache=1"
        );
        for (name, path) in [("the day", day), ("1 min means", minutes)] {
            let cpu = peer.processor_s();
            let answers = (0..101)
                .map(|_| peer.get(&path))
                .collect::<std::io::Result<Vec<f64>>>()?;
            let cpu_ms = (peer.processor_s() - cpu) * 1e3 / answers.len() as f64;
            let wall_ms = median(&answers);
            println!(
                "  {tag}, {name}: {cpu_ms:.2} ms of processor time, {wall_ms:.2} ms by the clock"
            );
        }
    }
    Ok(())
}

fn main() {
    let hours = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let seconds = hours.unwrap_or(24_u64) * 3_600;
    let folder: PathBuf = std::env::temp_dir().join(format!("historian-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    println!("{seconds} s of {TAGS} tags");
    day(&folder, seconds, false);
    day(&folder, seconds, true);
    if let Err(error) = sqlite(&folder, seconds.min(7_200)) {
        println!("SQLite: {error}");
    }
    if let Err(error) = victoria(&folder, seconds) {
        println!("VictoriaMetrics: {error}");
    }
    year(&folder);
    let _ = std::fs::remove_dir_all(&folder);
}
