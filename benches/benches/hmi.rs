//! What windows cost the server of the operator interface, and what those cost that do
//! not read.
//!
//! `cargo build --release -p scanloop-benches --example hmi_load`, then
//! `cargo bench -p scanloop-benches --bench hmi`. The windows are native sockets in this
//! process; the server is one of its own.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use scanloop_benches::measure::{machine, processor_s, resident_mb};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

const TAGS: usize = 2_000;
const SECONDS: u64 = 20;
const ROUNDS: usize = 3;
/// A reader that does not read, with buffers that are soon full.
const SMALL: u32 = 4_096;
const SLOW: usize = 40;
const SLOW_S: u64 = 30;

type Socket = WebSocketStream<TcpStream>;
type Anything<T> = Result<T, Box<dyn Error>>;

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Anything<Server> {
        // target/release/deps/hmi-… → target/release/examples/hmi_load
        let exe = std::env::current_exe()?;
        let built = exe.parent().and_then(|deps| deps.parent());
        let program = built.ok_or("no target folder")?.join("examples/hmi_load");
        let program = std::env::var_os("HMI_LOAD").map_or(program, PathBuf::from);
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line
            .trim()
            .trim_start_matches("http://")
            .trim_end_matches('/');
        Ok(Server {
            child,
            address: address.to_owned(),
        })
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sockets open, the one that listens included.
    fn sockets(&self) -> usize {
        let Ok(files) = std::fs::read_dir(format!("/proc/{}/fd", self.pid())) else {
            return 0;
        };
        let names = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        names
            .filter(|name| name.to_string_lossy().starts_with("socket:"))
            .count()
    }

    /// Percent of a core over so long.
    async fn load(&self, seconds: u64) -> f64 {
        let (from, before) = (Instant::now(), processor_s(self.pid()));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        (processor_s(self.pid()) - before) / from.elapsed().as_secs_f64() * 100.0
    }

    async fn window(&self, buffer: Option<u32>, period_ms: u64) -> Anything<Socket> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(self.address.parse()?).await?;
        let mut request = format!("ws://{}/ws", self.address).into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("origin", format!("http://{}", self.address).parse()?);
        headers.insert("sec-websocket-protocol", "hmi.v1.cbor".parse()?);
        let (mut socket, _) = client_async(request, stream).await?;
        let tags: Vec<String> = (0..TAGS).map(|at| format!("S{at:04}.PV")).collect();
        let hello = serde_json::json!({ "t": "hello", "events_since": 0 });
        let sub = serde_json::json!({ "t": "sub", "id": 1, "tags": tags, "period_ms": period_ms });
        for message in [hello, sub] {
            socket.send(Message::text(message.to_string())).await?;
        }
        Ok(socket)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Reads and acknowledges as a window does; the bytes that came.
async fn read(mut socket: Socket, until: Instant) -> usize {
    let (mut bytes, mut acked) = (0, Instant::now());
    while Instant::now() < until {
        let next = tokio::time::timeout(Duration::from_secs(2), socket.next()).await;
        let Ok(Some(Ok(message))) = next else { break };
        bytes += message.len();
        if acked.elapsed() > Duration::from_secs(2) {
            acked = Instant::now();
            let _ = socket
                .send(Message::text("{\"t\":\"ack\",\"seq\":1}"))
                .await;
        }
    }
    bytes
}

/// Percent of a core with so many windows, and kilobytes a second of each.
async fn windows(server: &Server, count: usize, period_ms: u64) -> Anything<(f64, f64)> {
    let until = Instant::now() + Duration::from_secs(SECONDS + 6);
    let mut readers = Vec::new();
    for _ in 0..count {
        readers.push(tokio::spawn(read(
            server.window(None, period_ms).await?,
            until,
        )));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let open = server.sockets() - 1;
    let load = server.load(SECONDS).await;
    assert!(open >= count, "{open} of {count} windows are open");
    let mut bytes = 0;
    for reader in readers {
        bytes += reader.await?;
    }
    Ok((
        load,
        bytes as f64 / count as f64 / (SECONDS + 6) as f64 / 1e3,
    ))
}

async fn many() -> Anything<()> {
    println!(
        "{TAGS} tags, a fifth of them changing ten times a second; percent of a core of the server process over {SECONDS} s:\n"
    );
    println!(
        "| windows | period | without | with | for the windows | each window |\n| --- | --- | --- | --- | --- | --- |"
    );
    let server = Server::start(&["0", &TAGS.to_string(), "10", "0.2"])?;
    for _ in 0..ROUNDS {
        for (count, period_ms) in [(10, 100), (50, 1_000)] {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let without = server.load(8).await;
            let (with, rate) = windows(&server, count, period_ms).await?;
            let own = with - without;
            println!(
                "| {count} | {period_ms} ms | {without:.2} % | {with:.2} % | {own:.2} % | {rate:.1} kB/s |"
            );
        }
    }
    Ok(())
}

/// Windows that never read. Some go on saying that they live, so that nothing but the
/// write that makes no progress can end them.
async fn slow(acks: bool) -> Anything<()> {
    let server = Server::start(&["0", &TAGS.to_string(), "10", "1"])?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = server.sockets();
    let (resident, _) = resident_mb(server.pid());
    print!(
        "{SLOW} windows that never read, all tags changing, {}: resident {resident:.1} MB before; then (MB, windows)",
        if acks { "acknowledging" } else { "silent" }
    );
    let mut held = Vec::new();
    for _ in 0..SLOW {
        held.push(server.window(Some(SMALL), 100).await?);
    }
    for second in 1..=SLOW_S {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if acks && second % 2 == 0 {
            for socket in &mut held {
                let ack = socket.send(Message::text("{\"t\":\"ack\",\"seq\":1}"));
                // A window that was put out cannot say so.
                let _ = tokio::time::timeout(Duration::from_millis(10), ack).await;
            }
        }
        if second % 5 == 0 {
            let (resident, _) = resident_mb(server.pid());
            print!(" {second} s {resident:.1}, {};", server.sockets() - before);
        }
    }
    let (_, peak) = resident_mb(server.pid());
    println!(" peak {peak:.1} MB.");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Anything<()> {
    println!("# hmi\n\n{}\n", machine());
    many().await?;
    println!();
    slow(false).await?;
    slow(true).await?;
    println!("\n{}", machine());
    Ok(())
}
