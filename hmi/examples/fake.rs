//! Serves the pages with a make-believe reactor: `cargo run -p scanloop-hmi --example fake`.
//!
//! Arguments: port (default 8080, 0 = any), folder of displays (default those of the
//! synthesis plant). `FAKE_FLOOD=2000`: so many alarms stand from the start.
//! `FAKE_STILL=1`: clock and process stand still, always at the same moment. Prints the
//! address; ends on Ctrl-C.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hmi::Desk;
use hmi::fake::FakeDesk;
use tokio::sync::watch;

/// When the clock stands still: 2026-11-22 06:00 UTC.
const STILL_MS: i64 = 1_795_327_200_000;

fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 8080,
    };
    let folder = match std::env::args().nth(2) {
        Some(folder) => Path::new(&folder).to_owned(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../plants/synthesis/displays"),
    };
    let is_still = std::env::var_os("FAKE_STILL").is_some();
    let start_ms = if is_still { STILL_MS } else { wall_ms() };
    let desk = Arc::new(FakeDesk::new(start_ms, 7_200));
    if let Some(count) = std::env::var_os("FAKE_FLOOD") {
        desk.flood(count.to_string_lossy().parse()?);
    }
    let (stop_tx, stop) = watch::channel(false);
    let serving = hmi::serve(
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Arc::clone(&desk) as Arc<dyn Desk>,
        folder,
        stop,
    )
    .await?;
    for warning in &serving.warnings {
        eprintln!("warning: {warning}");
    }
    println!("http://{}/", serving.addr);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let ctrl_c = tokio::signal::ctrl_c();
    tokio::pin!(ctrl_c);
    loop {
        tokio::select! {
            _ = &mut ctrl_c => break,
            _ = tick.tick() => match is_still {
                true => desk.stand_still(),
                false => desk.step_to(wall_ms()),
            },
        }
    }
    stop_tx.send(true)?;
    serving.stopped().await;
    Ok(())
}
