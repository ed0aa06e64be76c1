//! Devices in trouble: refusals, busy devices, lost devices, dead scans.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use driver::HealthState;
use modbus::PointConfig;
use modbus_server::{Bank, BitTable, Exception, RegisterTable, Tables};
use signal::{Quality, Reason};
use support::{point, registers, started, wire};
use tokio::time::{Instant, sleep};

/// Tables with addresses that refuse, and a list of what was asked.
struct Quirky {
    tables: Tables,
    refuse: BTreeMap<u16, Exception>,
    refuse_writes: BTreeSet<u16>,
    refusals: Vec<Instant>,
    reads: Vec<(Instant, u16, usize)>,
    writes: Vec<(Instant, u16, Vec<u16>)>,
}

fn quirky() -> Arc<Mutex<Quirky>> {
    let mut tables = Tables::new(200, 200, 200, 200);
    tables
        .input_registers
        .iter_mut()
        .enumerate()
        .for_each(|(n, r)| *r = n as u16 + 1000);
    Arc::new(Mutex::new(Quirky {
        tables,
        refuse: BTreeMap::new(),
        refuse_writes: BTreeSet::new(),
        refusals: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
    }))
}

impl Bank for Quirky {
    fn read_bits(&mut self, table: BitTable, at: u16, out: &mut [bool]) -> Result<(), Exception> {
        self.tables.read_bits(table, at, out)
    }

    fn read_registers(
        &mut self,
        table: RegisterTable,
        at: u16,
        out: &mut [u16],
    ) -> Result<(), Exception> {
        self.reads.push((Instant::now(), at, out.len()));
        let end = at + out.len() as u16;
        if let Some((_, exception)) = self.refuse.range(at..end).next() {
            self.refusals.push(Instant::now());
            return Err(*exception);
        }
        self.tables.read_registers(table, at, out)
    }

    fn write_bits(&mut self, at: u16, values: &[bool]) -> Result<(), Exception> {
        self.writes.push((
            Instant::now(),
            at,
            values.iter().map(|v| u16::from(*v)).collect(),
        ));
        self.tables.write_bits(at, values)
    }

    fn write_registers(&mut self, at: u16, values: &[u16]) -> Result<(), Exception> {
        self.writes.push((Instant::now(), at, values.to_vec()));
        let end = at + values.len() as u16;
        if self.refuse_writes.range(at..end).next().is_some() {
            self.refusals.push(Instant::now());
            return Err(Exception::IllegalDataAddress);
        }
        self.tables.write_registers(at, values)
    }
}

const FAST: &str = r#"
    timeout_ms = 40
    retries = 1
    backoff_ms_min = 20
    backoff_ms_max = 200
    fail_safe_ms = 100
    classes = [{ name = "fast", period_ms = 20 }]
"#;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_address_blinds_only_its_own_point_and_is_not_asked_hot() {
    let bank = quirky();
    bank.lock()
        .expect("unpoisoned")
        .refuse
        .insert(17, Exception::IllegalDataAddress);
    let (wire, _cutter) = wire(bank.clone());
    let mut rig = started(FAST, &registers(0, 100), wire);
    sleep(ms(100)).await;
    assert!(rig.all_good_but(&[17]));
    assert_eq!(rig.cell(17).quality.reason(), Reason::Configuration);
    assert_eq!(rig.cell(18).bits, 1018);
    assert_eq!(rig.far.health.state(), HealthState::Degraded);
    let before = bank.lock().expect("unpoisoned").refusals.len();
    sleep(ms(20_000)).await;
    let after = bank.lock().expect("unpoisoned").refusals.len();
    assert!(after - before <= 20, "{} refusals in 20 s", after - before);
    assert!(after - before >= 15, "no longer asked at all");
    // The address is put right: the point returns by itself.
    bank.lock().expect("unpoisoned").refuse.clear();
    sleep(ms(1_500)).await;
    assert!(rig.all_good_but(&[]));
    assert_eq!(rig.far.health.state(), HealthState::Up);
}

#[tokio::test(start_paused = true)]
async fn many_wrong_addresses_are_found_at_a_bounded_rate() {
    let bank = quirky();
    let wrong: Vec<usize> = (0..100).step_by(9).collect();
    for &at in &wrong {
        bank.lock()
            .expect("unpoisoned")
            .refuse
            .insert(at as u16, Exception::IllegalDataAddress);
    }
    let (wire, _cutter) = wire(bank.clone());
    let mut rig = started(FAST, &registers(0, 100), wire);
    sleep(ms(120_000)).await;
    assert!(rig.all_good_but(&wrong));
    for &index in &wrong {
        assert_eq!(rig.cell(index).quality.reason(), Reason::Configuration);
    }
    let refusals = bank.lock().expect("unpoisoned").refusals.len();
    assert!(refusals <= 33 + 120, "{refusals} refusals in 120 s");
}

#[tokio::test(start_paused = true)]
async fn exceptions_become_the_qualities_they_mean() {
    for (exception, reason) in [
        (Exception::IllegalFunction, Reason::Configuration),
        (Exception::IllegalDataAddress, Reason::Configuration),
        (Exception::IllegalDataValue, Reason::Configuration),
        (Exception::ServerDeviceFailure, Reason::None),
        (Exception::ServerDeviceBusy, Reason::Stale),
        (Exception::GatewayTargetFailed, Reason::CommLost),
    ] {
        let bank = quirky();
        let (wire, _cutter) = wire(bank.clone());
        let mut points = registers(0, 1);
        points.extend(registers(100, 1));
        let mut rig = started(FAST, &points, wire);
        sleep(ms(50)).await;
        assert!(rig.all_good_but(&[]));
        bank.lock().expect("unpoisoned").refuse.insert(0, exception);
        sleep(ms(500)).await;
        assert!(rig.cell(0).quality.is_bad(), "{exception}");
        assert_eq!(rig.cell(0).quality.reason(), reason, "{exception}");
        assert_eq!(rig.cell(0).bits, 1000, "the last value stays");
        assert!(rig.cell(1).quality.is_good());
        let code = rig.far.health.snapshot().exception_code_last;
        assert_eq!(code, exception.code());
        bank.lock().expect("unpoisoned").refuse.clear();
        sleep(ms(2_500)).await;
        assert!(rig.all_good_but(&[]), "{exception}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_device_is_asked_less_and_less_and_its_values_stay_good_at_first() {
    let bank = quirky();
    let (wire, _cutter) = wire(bank.clone());
    let mut rig = started(FAST, &registers(0, 1), wire);
    sleep(ms(50)).await;
    bank.lock()
        .expect("unpoisoned")
        .refuse
        .insert(0, Exception::ServerDeviceBusy);
    while bank.lock().expect("unpoisoned").refusals.is_empty() {
        sleep(ms(1)).await;
    }
    sleep(ms(5)).await;
    assert!(
        rig.cell(0).quality.is_good(),
        "one busy reply is no reason to call a value bad"
    );
    sleep(ms(4_000)).await;
    assert_eq!(rig.cell(0).quality, Quality::STALE);
    let refusals = bank.lock().expect("unpoisoned").refusals.clone();
    let (first, last) = (
        refusals[1] - refusals[0],
        refusals[refusals.len() - 1] - refusals[refusals.len() - 2],
    );
    assert!(first < last && last >= ms(200), "{first:?} {last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_output_does_not_hold_its_neighbours() {
    let bank = quirky();
    bank.lock().expect("unpoisoned").refuse_writes.insert(3);
    let (wire, _cutter) = wire(bank.clone());
    let points: Vec<PointConfig> = (0..8)
        .map(|n| {
            point(&format!(
                "name = \"O-{n}\"\naddress = \"hr{n}\"\ndirection = \"output\""
            ))
        })
        .collect();
    let mut rig = started(FAST, &points, wire);
    rig.run(500, &[11, 12, 13, 14, 15, 16, 17, 18]).await;
    let registers = bank.lock().expect("unpoisoned").tables.holding_registers[..8].to_vec();
    assert_eq!(registers, [11, 12, 13, 0, 15, 16, 17, 18]);
    let before = bank.lock().expect("unpoisoned").refusals.len();
    rig.run(10_000, &[21, 22, 23, 24, 25, 26, 27, 28]).await;
    let after = bank.lock().expect("unpoisoned").refusals.len();
    assert!(after - before <= 10);
}

fn two_outputs() -> Vec<PointConfig> {
    vec![
        point("name = \"A\"\naddress = \"hr0\"\ndirection = \"output\""),
        point("name = \"B\"\naddress = \"hr50\"\ndirection = \"output\"\nfail_safe = 9"),
    ]
}

#[tokio::test(start_paused = true)]
async fn outputs_are_written_on_change_and_refreshed_at_their_period() {
    let bank = quirky();
    let (wire, _cutter) = wire(bank.clone());
    let text = format!("{FAST}\nwrite_refresh_ms = 500");
    let mut rig = started(&text, &two_outputs(), wire);
    rig.run(2_000, &[5, 6]).await;
    let writes = bank.lock().expect("unpoisoned").writes.clone();
    let of_a: Vec<Instant> = writes.iter().filter(|w| w.1 == 0).map(|w| w.0).collect();
    assert_eq!(of_a.len(), 4, "once at the start and every 500 ms");
    assert!(of_a.windows(2).all(|w| w[1] - w[0] >= ms(500)));
    rig.run(50, &[7, 6]).await;
    let writes = bank.lock().expect("unpoisoned").writes.clone();
    assert!(writes.iter().any(|w| (w.1, &w.2[..]) == (0, &[7])));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_comes_back_gets_every_output_again() {
    let bank = quirky();
    let (wire, cutter) = wire(bank.clone());
    let text = format!("{FAST}\nwrite_refresh_ms = 0");
    let mut rig = started(&text, &two_outputs(), wire);
    rig.run(100, &[5, 6]).await;
    cutter.set_alive(false);
    // Nothing is read here: the loss shows only when something is to be written.
    rig.run(300, &[5, 7]).await;
    bank.lock()
        .expect("unpoisoned")
        .tables
        .holding_registers
        .fill(0);
    cutter.set_alive(true);
    rig.run(500, &[5, 7]).await;
    let bank = bank.lock().expect("unpoisoned");
    assert_eq!(
        (
            bank.tables.holding_registers[0],
            bank.tables.holding_registers[50]
        ),
        (5, 7)
    );
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_counts_only_while_the_scan_lives() {
    let bank = quirky();
    let (wire, _cutter) = wire(bank.clone());
    let text = format!("{FAST}\nheartbeat = {{ address = \"hr10\", period_ms = 50 }}");
    let mut rig = started(&text, &two_outputs(), wire);
    let count = || bank.lock().expect("unpoisoned").tables.holding_registers[10];
    sleep(ms(1_000)).await;
    assert_eq!(count(), 0, "no frame has ever come");
    rig.run(1_000, &[1, 2]).await;
    assert_eq!(rig.far.health.state(), HealthState::Up);
    let alive = count();
    assert!((15..=20).contains(&alive), "{alive}");
    sleep(ms(1_000)).await;
    let silent = count();
    assert!(silent <= alive + 3, "{silent}");
    // Frames that come but do not advance are as good as none.
    for _ in 0..100 {
        rig.scan -= 1;
        rig.command(&[1, 2]);
        sleep(ms(5)).await;
    }
    assert_eq!(count(), silent);
    let bank = bank.lock().expect("unpoisoned");
    assert_eq!(
        (
            bank.tables.holding_registers[0],
            bank.tables.holding_registers[50]
        ),
        (0, 9)
    );
}

#[tokio::test(start_paused = true)]
async fn polls_keep_their_grid() {
    let bank = quirky();
    let (wire, _cutter) = wire(bank.clone());
    let text = r#"classes = [{ name = "a", period_ms = 100 }, { name = "b", period_ms = 250 }]"#;
    let mut points = registers(0, 1);
    points.push(point("name = \"slow\"\naddress = \"ir100\"\nclass = \"b\""));
    let start = Instant::now();
    let _rig = started(text, &points, wire);
    sleep(ms(10_049)).await;
    for (address, period) in [(0, 100), (100, 250)] {
        let bank = bank.lock().expect("unpoisoned");
        let reads: Vec<Instant> = bank
            .reads
            .iter()
            .filter(|r| r.1 == address)
            .map(|r| r.0)
            .collect();
        assert_eq!(reads.len() as u64, 10_000 / period + 1);
        for (n, read) in reads.iter().enumerate() {
            let off = (*read - start).as_millis() as i64 - n as i64 * period as i64;
            assert!(
                (0..=3).contains(&off),
                "read {n} of ir{address} is {off} ms off"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_lost_devices_do_not_come_back_in_step() {
    let tries: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let start = Instant::now();
    let mut rigs = Vec::new();
    for seed in 0..100 {
        let tries = tries.clone();
        let refuse = move || {
            tries.lock().expect("unpoisoned").push(Instant::now());
            let refused = Err(std::io::ErrorKind::ConnectionRefused.into());
            Box::pin(std::future::ready(refused)) as driver::BoxFuture<_>
        };
        let text = format!("seed = {seed}\nbackoff_ms_min = 500\nbackoff_ms_max = 4000");
        rigs.push(started(&text, &registers(0, 1), refuse));
    }
    sleep(ms(60_000)).await;
    let mut bins: BTreeMap<u128, u32> = BTreeMap::new();
    for at in tries.lock().expect("unpoisoned").iter() {
        let since = (*at - start).as_millis();
        if since > 5_000 {
            *bins.entry(since / 50).or_default() += 1;
        }
    }
    let peak = bins.values().max().copied().unwrap_or(0);
    assert!(peak <= 12, "{peak} tries within 50 ms");
    for rig in &rigs {
        assert_eq!(rig.far.health.state(), HealthState::Down);
    }
}
