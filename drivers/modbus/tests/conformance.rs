//! The kit of the field door, run against this driver and the server of this project.

mod support;

use std::sync::{Arc, Mutex};

use driver::conformance::{Report, Timing, check};
use driver::{Driver, Faulty, Plan};
use modbus::{DeviceConfig, Modbus};
use modbus_server::Tables;
use support::{MemoryPeer, Wire, points_of_all_sorts, wire};

fn config(extra: &str) -> DeviceConfig {
    let text = format!(
        r#"
        timeout_ms = 40
        retries = 1
        backoff_ms_min = 20
        backoff_ms_max = 100
        fail_safe_ms = 200
        write_refresh_ms = 500
        classes = [{{ name = "fast", period_ms = 10 }}, {{ name = "slow", period_ms = 50 }}]
        heartbeat = {{ address = "hr20", period_ms = 50 }}
        {extra}
        "#
    );
    toml::from_str(&text).expect("a device")
}

fn timing() -> Timing {
    Timing {
        poll_ms: 120,
        // Two attempts of 40 ms and one period of the slow class.
        lost_ms: 2 * 40 + 50,
        // A back-off of 125 ms, a connection that hangs, a poll.
        restore_ms: 125 + 40 + 60,
        write_ms: 60,
        fail_safe_ms: Some(200),
        stop_ms: 5,
    }
}

async fn run(extra: &str, wrap: impl Fn(Modbus) -> Box<dyn Driver>) -> Report {
    run_with(extra, |modbus, _| wrap(modbus)).await
}

async fn run_with(extra: &str, wrap: impl Fn(Modbus, Wire) -> Box<dyn Driver>) -> Report {
    let bank = Arc::new(Mutex::new(Tables::new(100, 100, 100, 100)));
    let points = points_of_all_sorts();
    let (first, cutter) = wire(bank.clone());
    let mut peer = MemoryPeer::new(bank, cutter, &points);
    let device = config(extra);
    let factory = || {
        let modbus = Modbus::over(device.clone(), &points, first.again());
        let modbus = modbus.unwrap_or_else(|errors| panic!("{errors:?}"));
        wrap(modbus, first.again())
    };
    check(factory, &mut peer, timing()).await
}

#[tokio::test(start_paused = true)]
async fn the_driver_passes_every_check_of_the_kit() {
    let report = run("", |driver| Box::new(driver)).await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.0.len(), 11);
}

#[tokio::test(start_paused = true)]
async fn so_it_does_with_combined_and_with_single_writes() {
    let report = run("read_write_combined = true", |driver| Box::new(driver)).await;
    assert!(report.passed(), "{report}");
    let report = run("single_writes = true\ngap_max = 0", |driver| {
        Box::new(driver)
    })
    .await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn so_it_does_with_two_connections() {
    let report = run_with("gap_max = 0", |driver, wire| Box::new(driver.beside(wire))).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_takes_one_connection_is_read_over_that_one() {
    let refuses = || -> driver::BoxFuture<std::io::Result<Box<dyn modbus::Stream>>> {
        Box::pin(async { Err(std::io::ErrorKind::ConnectionRefused.into()) })
    };
    let report = run_with("gap_max = 0", |driver, _| Box::new(driver.beside(refuses))).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn so_does_its_wicked_twin_without_a_plan() {
    let wrap = |driver| Box::new(Faulty::new(driver, Plan::default())) as Box<dyn Driver>;
    let report = run("", wrap).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn the_kit_finds_a_twin_that_calls_nan_good_or_loses_every_frame() {
    for plan in [
        Plan {
            nan_ppm: 500_000,
            ..Plan::default()
        },
        Plan {
            lose_ppm: 1_000_000,
            ..Plan::default()
        },
        Plan {
            lose_output_ppm: 1_000_000,
            ..Plan::default()
        },
        Plan {
            exit_after_steps: Some(100),
            ..Plan::default()
        },
    ] {
        let wrap = |driver| Box::new(Faulty::new(driver, plan.clone())) as Box<dyn Driver>;
        assert!(!run("", wrap).await.passed(), "{plan:?}");
    }
}
