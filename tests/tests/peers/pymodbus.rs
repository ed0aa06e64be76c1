//! pymodbus on the other end, in a process of its own.

use crate::device::{self, Station};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name)
}

/// A Python that has pymodbus. Without one the test says so and is over, unless
/// `SCANLOOP_PEERS=required`, as `tests/peers/run` says.
fn python() -> Option<String> {
    let python = std::env::var("SCANLOOP_PYTHON").unwrap_or_else(|_| "python3".to_string());
    let probe = Command::new(&python)
        .args(["-c", "import pymodbus"])
        .output();
    if probe.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let required = std::env::var("SCANLOOP_PEERS").is_ok_and(|word| word == "required");
    assert!(
        !required,
        "{python} has no pymodbus: pip install -r tests/peers/requirements.txt"
    );
    eprintln!("SKIPPED: {python} has no pymodbus; tests/peers/run installs it");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn pymodbus_as_client_finds_our_server_as_specified() {
    let Some(python) = python() else { return };
    let bank = Arc::new(Mutex::new(device::tables()));
    let (port, stop) = device::serve(Arc::clone(&bank)).await;
    let client = move || {
        Command::new(python)
            .arg(script("client.py"))
            .arg(port.to_string())
            .output()
    };
    let output = tokio::task::spawn_blocking(client)
        .await
        .expect("no panic")
        .expect("python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.matches("ok  ").count() >= 40, "{said}");
    assert_eq!(
        bank.lock().expect("unpoisoned").holding_registers[9],
        0xbeef
    );
    drop(stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_driver_reads_and_writes_a_server_of_pymodbus() {
    let Some(python) = python() else { return };
    for way in device::WAYS {
        let mut peer = Command::new(&python)
            .arg(script("server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python runs");
        let mut said = BufReader::new(peer.stdout.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a line");
        let port = line
            .trim()
            .strip_prefix("PORT ")
            .and_then(|port| port.parse().ok());
        let cells = Station::at(port.expect("a port"), way).run().await;
        // Its input ends: it tells what was written and ends too.
        drop(peer.stdin.take());
        let mut rest = String::new();
        said.read_to_string(&mut rest).expect("text");
        let status = peer.wait().expect("it ends");
        assert_eq!(
            device::bits(&cells),
            device::expected_inputs(),
            "{way}: {cells:?}"
        );
        assert!(
            cells.iter().all(|cell| cell.quality.is_good()),
            "{way}: {cells:?}"
        );
        let written = rest
            .trim()
            .strip_prefix("WRITTEN ")
            .expect("what was written");
        let written: serde_json::Value = serde_json::from_str(written).expect("JSON");
        let (registers, coils) = device::expected_tables();
        for (n, register) in registers.iter().enumerate() {
            assert_eq!(written["registers"][n], *register, "{way}: register {n}");
        }
        for (n, coil) in coils.iter().enumerate() {
            assert_eq!(written["coils"][n], *coil, "{way}: coil {n}");
        }
        assert!(status.success(), "{way}");
    }
}
