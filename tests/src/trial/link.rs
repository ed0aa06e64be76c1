//! The wire between station and device, with its weather.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Carries bytes.
    Fair,
    /// Nobody listens; connections are cut.
    Down,
    /// Connections are accepted and kept, nothing is ever answered.
    Silent,
    /// Answers come one byte every 50 ms.
    Slow,
}

/// A wire.
pub struct Link {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    accepted: Arc<AtomicU64>,
}

impl Link {
    /// A wire to `device`, in fair weather. Runs on the current runtime.
    pub async fn between(device: SocketAddr) -> Link {
        let first = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = first.local_addr().expect("an address");
        let (weather, seen) = watch::channel(Weather::Fair);
        let accepted = Arc::new(AtomicU64::new(0));
        tokio::spawn(run(first, address, device, seen, accepted.clone()));
        Link {
            address,
            weather,
            accepted,
        }
    }

    /// Where the station connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// From now on.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn run(
    first: TcpListener,
    address: SocketAddr,
    device: SocketAddr,
    mut weather: watch::Receiver<Weather>,
    accepted: Arc<AtomicU64>,
) {
    let mut listener = Some(first);
    let mut connections = JoinSet::new();
    loop {
        let now = *weather.borrow_and_update();
        if now == Weather::Down {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        // Every change of the weather cuts what was there.
        connections.shutdown().await;
        loop {
            let accept = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = weather.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    break;
                }
                Some(_) = connections.join_next() => {}
                stream = accept => {
                    if let Ok((stream, _)) = stream {
                        accepted.fetch_add(1, Ordering::Relaxed);
                        connections.spawn(carry(stream, device, now));
                    }
                }
            }
        }
    }
}

async fn carry(mut near: TcpStream, device: SocketAddr, weather: Weather) {
    if weather == Weather::Silent {
        let mut lost = [0; 1024];
        while near.read(&mut lost).await.is_ok_and(|bytes| bytes > 0) {}
        return;
    }
    let Ok(mut far) = TcpStream::connect(device).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    if weather == Weather::Fair {
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        return;
    }
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let ask = async { tokio::io::copy(&mut near_in, &mut far_out).await.map(drop) };
    let answer = async {
        let mut byte = [0];
        while far_in.read(&mut byte).await? > 0 {
            near_out.write_all(&byte).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok::<(), std::io::Error>(())
    };
    let _ = tokio::join!(ask, answer);
}
