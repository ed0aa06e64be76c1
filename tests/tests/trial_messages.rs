//! The real program with a gateway for messages beside it: an alarm becomes a message, its
//! link a receipt, all of it records; a gateway that fails is an alarm until it takes
//! messages again.

#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use journal::ledger::{Entry, read};
use scanloop_tests::trial::{Folder, PlantText, Process, eventually};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// A gateway on loopback that takes messages, or says that it cannot.
struct Gateway {
    port: u16,
    takes: Arc<AtomicBool>,
    bodies: Receiver<String>,
}

impl Gateway {
    fn new() -> Gateway {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let takes = Arc::new(AtomicBool::new(true));
        let (sender, bodies) = channel();
        let ours = takes.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off is its own affair.
                let _ = serve(stream, ours.load(Ordering::Acquire), &sender);
            }
        });
        Gateway {
            port,
            takes,
            bodies,
        }
    }
}

fn serve(mut stream: TcpStream, takes: bool, sender: &Sender<String>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    let status = if takes { "200 taken" } else { "503 come again" };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes())?;
    if takes {
        // Nobody may be listening any more.
        let _ = sender.send(String::from_utf8_lossy(&body).into_owned());
    }
    Ok(())
}

fn notify(port: u16) -> String {
    format!(
        r#"[notify]
enabled = true
station = {{ en = "U100", zh = "U100" }}
utc_offset = "+08:00"
receipt_url = "http://127.0.0.1:8080/receipt/{{token}}"
[notify.limits]
failures_alarm = 1
attempts_max = 1
probe_s = 5
[[notify.channel]]
name = "group"
kind = "webhook"
url = "http://127.0.0.1:{port}/send"
body = '{{"alarm": "{{alarm}}", "text": "{{message}}"}}'
[[notify.channel]]
name = "watchdog"
kind = "webhook"
url = "http://127.0.0.1:{port}/ping"
body = '{{}}'
[[notify.person]]
name = "wang"
address = {{ group = "wang" }}
[[notify.profile]]
name = "usual"
priorities = [1, 2, 3, 4]
until = "receipt"
step = [{{ after_s = 0, to = ["person:wang"], channels = ["group"] }}]
[[notify.heartbeat]]
channel = "watchdog"
every_s = 10
missed_after_s = 3600
"#
    )
}

fn records(data: &Path) -> Vec<Entry> {
    let entries = read::entries(&data.join("sim/ledger")).unwrap();
    let is_message = |entry: &Entry| entry.what == "message";
    entries.into_iter().filter(is_message).collect()
}

fn is(entry: &Entry, event: &str) -> bool {
    entry.detail.as_ref().is_some_and(|d| d["event"] == event)
}

/// Whether an alarm stands; none while it is not in the list.
fn stands(process: &Process, alarm: &str) -> Option<bool> {
    let list = process.get("/api/v1/alarms")?;
    let rows = list["rows"].as_array()?;
    rows.iter().find(|row| row["alarm"] == alarm)?["active"].as_bool()
}

/// The form of the page, as a browser sends it.
fn send_form(address: SocketAddr, body: &str, site: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "POST /api/v1/receipt HTTP/1.1\r\nHost: {address}\r\nOrigin: null\r\n\
         Sec-Fetch-Site: {site}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn an_alarm_becomes_a_message_a_receipt_and_records_and_a_dead_gateway_an_alarm() {
    let (plant, data) = (PlantText::new("messages"), Folder::new("messages-data"));
    let gateway = Gateway::new();
    std::fs::write(plant.path().join("notify.toml"), notify(gateway.port)).unwrap();
    let process = Process::start(&[
        "run",
        &plant.path().display().to_string(),
        "--hmi",
        "127.0.0.1:0",
        "--play",
        "none",
        "--data",
        &data.path().display().to_string(),
    ]);
    // After a start every trip is latched, and each is an alarm.
    let first = std::iter::from_fn(|| gateway.bodies.recv_timeout(PATIENCE).ok())
        .find(|body| body.contains("/receipt/"))
        .expect("a message with a link");
    let alarm = first.split('"').nth(3).unwrap().to_string();
    let (_, rest) = first.split_once("/receipt/").unwrap();
    let token = &rest[..16];

    // To look is no receipt, nor is a form of another site, nor a token that is made up.
    let (status, page) = process
        .ask("GET", &format!("/receipt/{token}"), "")
        .unwrap();
    assert_eq!(status, 200);
    assert!(page.contains(token) && page.contains("已阅"), "{page}");
    let form = format!("token={token}");
    assert_eq!(send_form(process.hmi(), &form, "cross-site"), 403);
    assert_eq!(
        send_form(process.hmi(), "token=0123456789abcdef", "same-origin"),
        403
    );
    eventually("the refused receipt on record", PATIENCE, || {
        let records = records(data.path());
        assert!(!records.iter().any(|entry| is(entry, "receipt")));
        records
            .iter()
            .any(|entry| is(entry, "receipt-refused"))
            .then_some(())
    });
    assert_eq!(send_form(process.hmi(), &form, "same-origin"), 200);
    assert_eq!(send_form(process.hmi(), &form, "same-origin"), 409, "once");
    let receipt = eventually("the receipt on record", PATIENCE, || {
        let mut records = records(data.path()).into_iter();
        records.find(|entry| is(entry, "receipt"))
    });
    assert_eq!(receipt.who.name, "wang");
    if !alarm.is_empty() {
        assert_eq!(receipt.subject, alarm);
    }
    let records_now = records(data.path());
    assert!(records_now.iter().any(|entry| is(entry, "delivered")));
    assert!(
        records_now.iter().all(|entry| !entry.why.contains(" { ")),
        "sentences, no debug text"
    );

    // The gateway fails: the next sign of life or message tells.
    gateway.takes.store(false, Ordering::Release);
    eventually("the alarm of the channel", PATIENCE, || {
        stands(&process, "SYS.CHANNEL")?.then_some(())
    });
    gateway.takes.store(true, Ordering::Release);
    eventually("the alarm clears", PATIENCE, || {
        // Gone from the list, or there to be acknowledged.
        let list = process.get("/api/v1/alarms")?;
        list["rows"].as_array()?;
        (stands(&process, "SYS.CHANNEL") != Some(true)).then_some(())
    });
    let records = records(data.path());
    assert!(records.iter().any(|entry| is(entry, "channel-failed")));
    assert!(records.iter().any(|entry| is(entry, "channel-returned")));
}
