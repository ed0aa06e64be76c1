//! A server of the operator interface with as much to show as is asked for: the desk, the
//! server and the historian of the station behind tags that a generator moves.
//!
//! `cargo build --release -p scanloop-benches --example hmi_load`, then
//! `hmi_load [PORT [TAGS [HZ [SHARE]]]]` (0, 2000, 10, 0.2). Prints the address; ends when
//! its standard input does. The display `load` binds every tag once; `P1.PV` to `P8.PV`
//! have 100 000 stored samples each over the last 24 h.

use std::error::Error;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use gateway::Hub;
use gateway::desk::{Cell, Directory, Edition, Environment, Snapshot, Tag, TagKind, Text};
use gateway::history::History;
use historian::{Historian, Options, Policy, Sample, SourceId, Specs, TagId, TagSpec};
use signal::{Kind, Quality};
use station::history_writer::{SharedReader, long_trend};
use station::rt;
use tokio::sync::watch;

const PENS: usize = 8;
const STORED: i64 = 100_000;
const DAY_NS: i64 = 86_400_000_000_000;
/// Two hours of one sample a second, as in the station.
const RECENT: usize = 7_200;
const EDITION: u64 = 1;

/// Xorshift of Marsaglia (2003): every run moves the same tags.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Of ten elements seven are numbers, and one and a half bars; the rest are states.
fn kind(at: usize) -> TagKind {
    match at % 20 {
        17..20 => TagKind::Int,
        _ => TagKind::Real,
    }
}

fn tag(handle: usize, name: String) -> Tag {
    Tag {
        handle: u32::try_from(handle).unwrap_or(u32::MAX),
        desc: Text::new(format!("Value {name}"), format!("数值 {name}")),
        name,
        unit: "°C".into(),
        decimals: 1,
        kind: kind(handle),
        lo: 0.0,
        hi: 100.0,
        limits: Default::default(),
        writable: None,
        states: Vec::new(),
    }
}

fn directory(tags: usize) -> Directory {
    let bound = (0..tags).map(|at| format!("S{at:04}.PV"));
    let pens = (1..=PENS).map(|pen| format!("P{pen}.PV"));
    let names = bound.chain(pens).enumerate();
    Directory {
        epoch: EDITION,
        env: Environment::Simulation,
        edition: Edition {
            number: EDITION,
            digest: "0".repeat(64),
        },
        tags: names.map(|(at, name)| tag(at, name)).collect(),
        ..Directory::empty()
    }
}

/// One display that binds every tag once.
fn draw(folder: &Path, tags: usize) -> Result<(), Box<dyn Error>> {
    const COLUMNS: usize = 50;
    let mut svg =
        String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1600 800\">\n");
    for at in 0..tags {
        let (x, y) = (at % COLUMNS * 32, 16 + at / COLUMNS * 20);
        let name = format!("S{at:04}.PV");
        match at % 20 {
            0..14 => writeln!(
                svg,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"12\" data-v=\"{name}\">0</text>"
            )?,
            14..17 => writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"20\" height=\"2\" data-h=\"{name} 0 100 1 14\"/>",
                y - 14
            )?,
            _ => writeln!(
                svg,
                "<circle cx=\"{}\" cy=\"{}\" r=\"6\" class=\"eq\" data-state=\"{name}\"/>",
                x + 8,
                y - 6
            )?,
        }
    }
    svg.push_str("</svg>\n");
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("load.svg"), svg)?;
    let text = "title = { en = \"Load\", zh = \"负载\" }\nshort = { en = \"Load\", zh = \"负载\" }\nlevel = 2\n";
    Ok(std::fs::write(folder.join("load.toml"), text)?)
}

/// Stores the pens' samples, every one of them, up to now.
fn store(folder: &Path, reader: &SharedReader) -> Result<(), Box<dyn Error>> {
    let tag = |pen: usize| TagSpec {
        name: format!("P{pen}.PV"),
        kind: Kind::Real,
        unit: "degC".into(),
        source: SourceId(0),
        policy: Policy::Raw,
    };
    let specs = Specs {
        sources: vec!["fast".into()],
        tags: (1..=PENS).map(tag).collect(),
    };
    let (mut historian, _) = Historian::open(folder, specs, Options::default())?;
    historian.begin(SourceId(0))?;
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (end, mut values) = (rt::utc_ns(), [50.0_f64; PENS]);
    for sample in 0..STORED {
        let samples: Vec<Sample> = (0..)
            .zip(&mut values)
            .map(|(pen, value)| {
                *value = (*value + chance.next() - 0.5).clamp(0.0, 100.0);
                Sample {
                    tag: TagId(pen),
                    bits: value.to_bits(),
                    quality: Quality::GOOD,
                }
            })
            .collect();
        let utc_ns = end - DAY_NS + sample * (DAY_NS / STORED);
        historian.frame(SourceId(0), sample as u64 + 1, utc_ns, &samples)?;
    }
    historian.sync()?;
    reader.set(historian.reader());
    Ok(())
}

fn argument(at: usize, otherwise: f64) -> f64 {
    let text = std::env::args().nth(at);
    text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("hmi-load-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(run(&folder));
    std::fs::remove_dir_all(&folder)?;
    done
}

async fn run(folder: &Path) -> Result<(), Box<dyn Error>> {
    let (port, tags) = (argument(1, 0.0) as u16, argument(2, 2_000.0) as usize);
    let (hz, share) = (argument(3, 10.0), argument(4, 0.2));
    let displays = folder.join("displays");
    draw(&displays, tags)?;
    let reader = SharedReader::default();
    store(&folder.join("history"), &reader)?;
    let (hub, _intake) = Hub::new(rt::utc_ns);
    let names = directory(tags);
    let all = names.tags.len();
    hub.set_directory(
        names,
        vec![false; all],
        History::new(all, RECENT, 1_000_000_000),
    );
    hub.set_long_trend(long_trend(reader));
    let (stop_tx, stop) = watch::channel(false);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let serving = hmi::serve(address, hub.clone(), displays, stop).await?;
    println!("http://{}/", serving.addr);
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let quality = Quality::GOOD.with(Quality::SIMULATED);
    let mut cells = vec![
        Cell {
            value: 0.0,
            quality
        };
        all
    ];
    let mut scan = 0;
    let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / hz));
    let (end, mut ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whoever started this holds the other end.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(end);
    });
    loop {
        tokio::select! {
            _ = &mut ended => break,
            _ = tick.tick() => {
                for (at, cell) in cells.iter_mut().enumerate() {
                    if chance.next() < share {
                        cell.value = match kind(at) {
                            TagKind::Int => (cell.value + 1.0) % 4.0,
                            _ => chance.next() * 100.0,
                        };
                    }
                }
                scan += 1;
                hub.set_snapshot(EDITION, Snapshot { scan, utc_ns: rt::utc_ns(), cells: cells.clone() });
            }
        }
    }
    stop_tx.send(true)?;
    serving.stopped().await;
    Ok(())
}
