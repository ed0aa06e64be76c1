//! The speed of a simulation: changed while it runs, standing still, and refused where
//! the plant is real.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

mod page;

use gateway::desk::Environment;
use gateway::simulator::{Simulation, SimulationDeed, Simulator};
use gateway::{Desk, desk::Refusal};
use journal::ledger::read::entries;
use page::Page;
use serde_json::{Value, json};
use station::pace::SimPace;
use station::replay::{Verdict, replay, segments};
use std::sync::Arc;
use std::time::Duration;

const ACT: &str = "/api/v1/simulation/act";

/// A process that has nothing but a speed.
struct Empty(Arc<SimPace>);

impl Simulator for Empty {
    fn state(&self) -> Simulation {
        Simulation {
            speed: self.0.speed(),
            ..Simulation::default()
        }
    }

    fn act(&self, deed: &SimulationDeed) -> Result<(), Refusal> {
        let speed = match deed {
            SimulationDeed::Freeze => 0.0,
            SimulationDeed::Resume => self.0.moving(),
            SimulationDeed::Pace { speed } => *speed,
            _ => return Err(Refusal::not_offered()),
        };
        assert!(self.0.set(speed));
        Ok(())
    }
}

async fn act(page: &Page, mut deed: Value) -> (u16, Value) {
    deed["id"] = json!(page.id());
    page.ask("POST", ACT, &deed.to_string()).await
}

/// Scans that pass within a time.
async fn scans(page: &Page, ms: u64) -> u64 {
    let scan = || page.station.hub.snapshot().scan;
    let before = scan();
    tokio::time::sleep(Duration::from_millis(ms)).await;
    scan() - before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_simulation_goes_faster_stands_still_and_goes_on_and_its_recording_replays() {
    let page = Page::open("pace", Environment::Simulation).await;
    let pace = page.station.pace.clone().expect("a simulation has a pace");
    page.station.hub.set_simulator(Arc::new(Empty(pace)));
    let (status, done) = act(&page, json!({"do": "pace", "speed": 10.0})).await;
    assert_eq!(status, 200, "{done}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    // 20 ms of period: 50 a second in real time, ten times as many now.
    assert!(scans(&page, 1_000).await > 150);
    assert_eq!(act(&page, json!({"do": "freeze"})).await.0, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(scans(&page, 500).await, 0);
    // By its own clock nothing has aged: it may be asked, and it answers.
    let (_, health) = page.ask("GET", "/api/v1/health", "").await;
    assert_eq!(health["scanning"], true, "{health}");
    assert_eq!(act(&page, json!({"do": "resume"})).await.0, 200);
    assert_eq!(act(&page, json!({"do": "pace", "speed": 1.0})).await.0, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(scans(&page, 500).await > 0);
    let watchdogs = page.station.pulses[0]
        .watchdogs
        .load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(watchdogs, 0, "time that stood still is no delay");

    let data = page.end().await;
    for file in segments(&data).unwrap() {
        let report = replay(&file, None, |_, _| {}).unwrap();
        assert_eq!(report.verdict, Verdict::Identical, "{}", report.file);
    }
    let records = entries(&data.join("ledger")).unwrap();
    let deeds: Vec<&str> = records
        .iter()
        .filter(|record| record.what == "simulation")
        .map(|record| record.subject.as_str())
        .collect();
    assert_eq!(
        deeds,
        ["speed × 10", "stands still", "goes on", "speed × 1"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_plant_has_no_speed_and_the_attempt_is_recorded() {
    let page = Page::open("pace-live", Environment::Live).await;
    assert!(page.station.pace.is_none());
    let (status, refused) = act(&page, json!({"do": "pace", "speed": 10.0})).await;
    assert!(status >= 400, "{refused}");
    assert_eq!(refused["ok"], false);
    let records = entries(&page.end().await.join("ledger")).unwrap();
    assert!(records.iter().any(|record| record.what == "refused"));
    assert!(!records.iter().any(|record| record.what == "simulation"));
}
