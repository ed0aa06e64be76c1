//! A small station that scans, with its pages, and the smallest client.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that fails shows where")]

use gateway::Desk;
use gateway::desk::Environment;
use serde_json::{Value, json};
use station::engine::{Options, Station};
use station::kinds::{Drivers, blocks};
use station::recorder::RecorderPolicy;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PLANT: &str = r#"[plant]
name = "demo"
title = { en = "Demo", zh = "示例" }

[[task]]
name = "fast"
period_ms = 20
"#;

pub const UNIT: &str = r#"[unit]
name = "U-1"
title = { en = "Unit", zh = "单元" }
area = "A1"

[[tag]]
name = "HS-1.SP"
desc = { en = "Hand value", zh = "手动值" }
unit = "%"
range = [0.0, 10.0]
initial = 1.0

[[block]]
name = "XL-1"
kind = "LATCH"
desc = { en = "Latch", zh = "锁存" }
in = "LS-1.OUT"

[[block]]
name = "LS-1"
kind = "COMPARE"
stage = "protect"
desc = { en = "Level", zh = "液位" }
in = "HS-1.SP"
when = "above"
limit = 9.0
on_bad = "true"
"#;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("plant/units")).unwrap();
    std::fs::write(folder.join("plant/plant.toml"), PLANT).unwrap();
    std::fs::write(folder.join("plant/units/u.toml"), UNIT).unwrap();
    folder
}

/// A station with its pages, and the smallest client.
pub struct Page {
    pub folder: PathBuf,
    pub station: Station,
    addr: SocketAddr,
    id: std::cell::Cell<u32>,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Page {
    pub async fn open(name: &str, env: Environment) -> Page {
        let folder = folder(name);
        let plant = plant::load(&folder.join("plant"), &blocks(), &Drivers)
            .unwrap_or_else(|(sources, problems)| panic!("{}", problems.render(&sources)));
        let options = Options {
            plant: folder.join("plant"),
            data: folder.join("data"),
            env,
            speed: 1.0,
            for_ns: None,
            endpoints: BTreeMap::new(),
            recorder: RecorderPolicy::default(),
            checkpoints: None,
        };
        let station = Station::start(plant, &options, &tokio::runtime::Handle::current()).unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let serving = hmi::serve(any, station.hub.clone(), folder.join("displays"), stopped);
        let serving = serving.await.unwrap();
        while station.hub.snapshot().cells.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Page {
            folder,
            station,
            addr: serving.addr,
            id: 0.into(),
            _stop: stop,
        }
    }

    pub async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let addr = self.addr;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nOrigin: http://{addr}\r\nX-HMI: 1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer[9..12].parse().unwrap();
        let (_, text) = answer.split_once("\r\n\r\n").unwrap();
        let (from, to) = (text.find('{').unwrap(), text.rfind('}').unwrap());
        (status, serde_json::from_str(&text[from..=to]).unwrap())
    }

    pub fn id(&self) -> String {
        self.id.set(self.id.get() + 1);
        format!("00000000-0000-4000-8000-{:012}", self.id.get())
    }

    /// Ends the station; the folder of its data.
    pub async fn end(self) -> PathBuf {
        let data = self.folder.join("data");
        let stopped = tokio::task::spawn_blocking(move || self.station.stop());
        stopped.await.unwrap();
        data
    }

    pub async fn compare(&self) -> Value {
        let (status, found) = self.ask("GET", "/api/v1/edition/compare", "").await;
        assert_eq!(status, 200, "{found}");
        found
    }

    pub async fn change(&self, back: bool, digest: Option<&str>) -> (u16, Value) {
        let body = json!({
            "id": self.id(),
            "back": back,
            "digest": digest,
            "reason": "trial",
            "seen_ms": self.station.hub.now_utc_ns() / 1_000_000,
        });
        self.ask("POST", "/api/v1/edition", &body.to_string()).await
    }

    pub fn edit(&self, from: &str, to: &str) {
        assert!(UNIT.contains(from));
        let path = self.folder.join("plant/units/u.toml");
        std::fs::write(path, UNIT.replacen(from, to, 1)).unwrap();
    }
}
