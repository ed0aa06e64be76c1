//! The real program and a device on a serial line: Modbus RTU, without a socket.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use modbus_server::Tables;
use scanloop_tests::trial::{Folder, Process, SerialDevice, eventually, read, scans_of, walk};
use std::process::Command;
use std::time::Duration;

const UNIT: u8 = 3;

/// A measurement that goes out again as a command, and the key `transport` given.
fn plant_on(path: &str) -> Folder {
    let folder = Folder::new("serial-line");
    let plant = format!(
        r#"[plant]
name = "line"
title = {{ en = "Serial line", zh = "串行线路" }}

[[task]]
name = "fast"
period_ms = 100

[[driver]]
name = "io1"
kind = "modbus"
task = "fast"
transport = "rtu"
host = "{path}"
unit_id = {UNIT}
baud = 115200
parity = "none"
backoff_ms_max = 500
classes = [{{ name = "fast", period_ms = 100 }}]
"#
    );
    let unit = r#"[unit]
name = "T-1"
title = { en = "Tank", zh = "罐" }
area = "A1"
task = "fast"

[[input]]
tag = "LT-1.RAW"
driver = "io1"
address = "ir2"
scale = 0.001

[[block]]
name = "LT-1"
kind = "AI"
desc = { en = "Level", zh = "液位" }
raw = "LT-1.RAW"
lo = 0.0
hi = 100.0
unit = "%"

[[block]]
name = "LV-1"
kind = "AOUT"
desc = { en = "Outlet valve", zh = "出口阀" }
demand = "LT-1.PV"
safe = 5.0

[[output]]
tag = "LV-1.CMD"
driver = "io1"
address = "hr1"
scale = 0.01
fail_safe = 5.0
"#;
    std::fs::create_dir(folder.path().join("units")).unwrap();
    std::fs::write(folder.path().join("plant.toml"), plant).unwrap();
    std::fs::write(folder.path().join("units/t1.toml"), unit).unwrap();
    folder
}

#[test]
fn the_program_reads_and_writes_a_device_on_a_serial_line() {
    let mut tables = Tables::new(0, 0, 4, 4);
    tables.input_registers[2] = 12_000;
    let device = SerialDevice::new(UNIT, tables);
    let (plant, data) = (plant_on(&device.path()), Folder::new("serial-data"));
    let text = |path: &std::path::Path| path.display().to_string();

    let checked = Command::new(scanloop_tests::trial::scanloop())
        .args(["check", &text(plant.path())])
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");

    let mut process = Process::start(&[
        "run",
        &text(plant.path()),
        "--live",
        "--headless",
        "--data",
        &text(data.path()),
    ]);
    process.await_line("LIVE · ");
    // Half of the live range, then three quarters: 12 and 16 of 4 to 20 mA.
    for (microampere, percent) in [(12_000, 50), (16_000, 75)] {
        device.with(|tables| tables.input_registers[2] = microampere);
        eventually("the level as a command", Duration::from_secs(30), || {
            let command = device.with(|tables| tables.holding_registers[1]);
            (command == percent * 100).then_some(())
        });
    }
    process.signal("-TERM");
    assert!(process.await_end(), "{:#?}", process.said());

    let recordings = read(&data.path().join("live"));
    assert!(scans_of(&recordings[0], 0).count() > 1);
    let mut good = 0;
    walk(&recordings[0], 0, |_, look| {
        let (current_ma, quality) = look("LT-1.RAW");
        if quality.is_good() {
            assert!([12.0, 16.0].contains(&current_ma), "{current_ma}");
            good += 1;
        }
    });
    assert!(good > 0, "the recording holds what came over the line");
}
