//! mbpoll (over libmodbus) as client of our server, in a process of its own.

use crate::device;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// Whether mbpoll is there. Without it the test says so and is over, unless
/// `SCANLOOP_PEERS=required`.
fn is_there() -> bool {
    if Command::new("mbpoll").arg("-V").output().is_ok() {
        return true;
    }
    let required = std::env::var("SCANLOOP_PEERS").is_ok_and(|word| word == "required");
    assert!(!required, "there is no mbpoll: install the package mbpoll");
    eprintln!("SKIPPED: there is no mbpoll");
    false
}

/// Runs mbpoll once, with references counted from 0; what it printed of values.
fn poll(port: u16, arguments: &[&str], values: &[&str]) -> (bool, Vec<String>) {
    let output = Command::new("mbpoll")
        .args(["-m", "tcp", "-a", "1", "-0", "-1", "-q", "-p"])
        .arg(port.to_string())
        .args(arguments)
        .arg("127.0.0.1")
        .args(values)
        .output()
        .expect("mbpoll runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = said
        .lines()
        .filter(|line| line.starts_with('['))
        .filter_map(|line| line.split_once(':'))
        .map(|(_, value)| value.split_whitespace().next().unwrap_or("").to_string())
        .collect();
    (output.status.success(), values)
}

#[tokio::test(flavor = "multi_thread")]
async fn mbpoll_reads_and_writes_our_server() {
    if !is_there() {
        return;
    }
    let bank = Arc::new(Mutex::new(device::tables()));
    let (port, stop) = device::serve(Arc::clone(&bank)).await;
    let polled = tokio::task::spawn_blocking(move || {
        let inputs = poll(port, &["-t", "3", "-r", "7", "-c", "5"], &[]);
        assert_eq!(
            inputs,
            (
                true,
                ["21", "24", "27", "30", "33"].map(String::from).to_vec()
            )
        );
        let discrete = poll(port, &["-t", "1", "-r", "10", "-c", "4"], &[]);
        assert_eq!(
            discrete,
            (true, ["0", "0", "1", "0"].map(String::from).to_vec())
        );
        let frame = poll(port, &["-t", "3", "-r", "0", "-c", "125"], &[]);
        assert_eq!((frame.0, frame.1.len()), (true, 125));
        assert!(poll(port, &["-t", "4", "-r", "9"], &["4711", "815"]).0);
        assert!(poll(port, &["-t", "0", "-r", "3"], &["1", "0", "1"]).0);
        let back = poll(port, &["-t", "4", "-r", "9", "-c", "2"], &[]);
        assert_eq!(back, (true, ["4711", "815"].map(String::from).to_vec()));
        let coils = poll(port, &["-t", "0", "-r", "3", "-c", "3"], &[]);
        assert_eq!(coils, (true, ["1", "0", "1"].map(String::from).to_vec()));
        // Beyond the tables: an exception, told as a failure.
        assert!(!poll(port, &["-t", "3", "-r", "199", "-c", "2"], &[]).0);
        assert!(!poll(port, &["-t", "4", "-r", "200"], &["1"]).0);
    });
    polled.await.expect("no panic");
    assert_eq!(bank.lock().expect("unpoisoned").holding_registers[9], 4711);
    drop(stop);
}
