//! A running server with a make-believe desk, and the smallest HTTP client.

#![allow(dead_code)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hmi::fake::FakeDesk;
use hmi::{Desk, Display, Serving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

pub struct Door {
    pub desk: Arc<FakeDesk>,
    pub addr: SocketAddr,
    pub warnings: Vec<String>,
    pub stop: watch::Sender<bool>,
    pub serving: Option<Serving>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub bytes: Vec<u8>,
    pub json: serde_json::Value,
}

/// The display of the plant itself: the test fails if it is unusable.
pub fn displays() -> Vec<Display> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../plants/synthesis/displays");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect("readable");
    vec![Display {
        id: "r101".into(),
        svg: read("r101.svg"),
        toml: read("r101.toml"),
    }]
}

impl Door {
    pub async fn open() -> Door {
        let desk = Arc::new(FakeDesk::new(1_700_000_000_000, 60));
        let (stop, stopped) = watch::channel(false);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let serving = hmi::serve(any, Arc::clone(&desk) as Arc<dyn Desk>, displays(), stopped)
            .await
            .expect("the server starts");
        Door {
            desk,
            addr: serving.addr,
            warnings: serving.warnings.clone(),
            stop,
            serving: Some(serving),
        }
    }

    pub fn now_ms(&self) -> i64 {
        self.desk.now_utc_ns() / 1_000_000
    }

    pub fn origin(&self) -> String {
        format!("Origin: http://{}", self.addr)
    }

    /// A command as the page sends it.
    pub async fn post(&self, body: &str) -> Answer {
        self.post_to("/api/v1/cmd", body).await
    }

    /// A question that could change something, as the page sends it.
    pub async fn post_to(&self, path: &str, body: &str) -> Answer {
        let headers = [
            "Content-Type: application/json".to_owned(),
            "X-HMI: 1".to_owned(),
            "Sec-Fetch-Site: same-origin".to_owned(),
            self.origin(),
        ];
        self.request("POST", path, &headers, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], "").await
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[String],
        body: &str,
    ) -> Answer {
        let caller = Caller::new(self.addr);
        caller.request(method, path, headers, body).await
    }
}

/// The smallest HTTP client.
pub struct Caller {
    addr: SocketAddr,
}

impl Caller {
    pub fn new(addr: SocketAddr) -> Caller {
        Caller { addr }
    }

    /// What a page of this server sends with a question that could change something.
    pub fn page_headers(&self) -> Vec<String> {
        vec![
            "Content-Type: application/json".to_owned(),
            "X-HMI: 1".to_owned(),
            "Sec-Fetch-Site: same-origin".to_owned(),
            format!("Origin: http://{}", self.addr),
        ]
    }

    pub async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[String],
        body: &str,
    ) -> Answer {
        let mut stream = TcpStream::connect(self.addr).await.expect("connects");
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.addr
        );
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        // A server may refuse before it has read everything.
        let _ = stream.write_all(text.as_bytes()).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        let split = all
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("a whole head");
        let head = String::from_utf8_lossy(&all[..split]).into_owned();
        let bytes = all[split + 4..].to_vec();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        Answer {
            status: status.expect("a status"),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            head,
            bytes,
        }
    }
}

/// A UUID that no other call in this process gives.
pub fn uuid() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!(
        "00000000-0000-4000-8000-{:012x}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A command decided just now on what is shown just now.
pub fn command(desk: &FakeDesk, tag: &str, value: &str) -> String {
    format!(
        r#"{{"id":"{}","tag":"{tag}","value":{value},"seen_value":null,"seen_ms":{}}}"#,
        uuid(),
        desk.now_utc_ns() / 1_000_000
    )
}
