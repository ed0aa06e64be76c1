//! The server: sockets, connections, limits.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use driver::Stop;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use crate::admission::{Holder, Verdict, admit};
use crate::adu::{ADU_BYTES_MAX, HEADER_BYTES, answer, answer_exception, split};
use crate::bank::Bank;
use crate::table::Exception;

/// Bytes read from a connection at a time.
const RECEIVE_BYTES: usize = 16 * ADU_BYTES_MAX;
/// Replies gathered before they are sent.
const SEND_BYTES: usize = 64 * ADU_BYTES_MAX;

/// What a server grants.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at a time, reserved ones included.
    pub connections_max: usize,
    /// Clients each of which owns one of the connections, whoever else is there.
    pub reserved: Vec<IpAddr>,
    /// A connection that asks nothing, or takes no reply, for so long is closed.
    pub idle_timeout: Duration,
    /// Whether an address other than loopback may be bound. Modbus knows neither
    /// users nor encryption: true only inside a guarded network.
    pub allow_remote: bool,
}

impl Default for Limits {
    /// 16 connections, none reserved, 60 s, loopback only.
    fn default() -> Self {
        Limits {
            connections_max: 16,
            reserved: Vec::new(),
            idle_timeout: Duration::from_secs(60),
            allow_remote: false,
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is reachable from elsewhere and that was not allowed.
    #[error("{address} is not a loopback address; set allow_remote to serve others")]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The reserved clients alone exceed the connections.
    #[error("{reserved} reserved clients do not fit into {connections_max} connections")]
    ReservedExceed {
        /// Reserved clients.
        reserved: usize,
        /// Connections allowed.
        connections_max: usize,
    },
    /// No unit is served.
    #[error("no unit identifier is served")]
    NoUnit,
    /// The operating system refuses the address.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
}

/// Counters of a server, readable at any time.
#[derive(Debug, Default)]
pub struct ServerHealth {
    /// Connections served since start.
    pub connections: AtomicU64,
    /// Connections refused for want of a slot.
    pub connections_refused: AtomicU64,
    /// Requests answered, exceptions included.
    pub requests: AtomicU64,
    /// Connections closed for a frame that is none.
    pub frames_refused: AtomicU64,
}

/// A bound server, not yet running.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    unit_ids: Arc<[u8]>,
    limits: Limits,
    health: Arc<ServerHealth>,
}

impl Server {
    /// Binds. Port 0 takes a free one; see [`local_addr`](Self::local_addr).
    pub async fn bind(
        address: SocketAddr,
        unit_ids: &[u8],
        limits: Limits,
    ) -> Result<Server, ServeError> {
        if !address.ip().is_loopback() && !limits.allow_remote {
            return Err(ServeError::NotLoopback { address });
        }
        if limits.reserved.len() > limits.connections_max {
            return Err(ServeError::ReservedExceed {
                reserved: limits.reserved.len(),
                connections_max: limits.connections_max,
            });
        }
        if unit_ids.is_empty() {
            return Err(ServeError::NoUnit);
        }
        let bind = |source| ServeError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        Ok(Server {
            listener,
            address,
            unit_ids: unit_ids.into(),
            limits,
            health: Arc::default(),
        })
    }

    /// The address bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The counters.
    pub fn health(&self) -> Arc<ServerHealth> {
        Arc::clone(&self.health)
    }

    /// Serves until told to stop; then closes every connection.
    pub async fn run(self, bank: Arc<Mutex<dyn Bank>>, mut stop: Stop) {
        let mut tasks: JoinSet<u64> = JoinSet::new();
        let mut open: Vec<(Holder, AbortHandle)> = Vec::new();
        let mut id = 0;
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.wait() => return,
                Some(ended) = tasks.join_next() => {
                    match ended {
                        Ok(id) => open.retain(|(holder, _)| holder.id != id),
                        Err(_) => open.retain(|(_, task)| !task.is_finished()),
                    }
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors: whoever is connected is still served.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let holders: Vec<Holder> = open.iter().map(|(holder, _)| *holder).collect();
            let address = peer.ip();
            let (most, reserved) = (self.limits.connections_max, &self.limits.reserved);
            match admit(address, &holders, most, reserved) {
                Verdict::Admit => {}
                Verdict::Replace { id } => {
                    for (_, task) in open.extract_if(.., |(holder, _)| holder.id == id) {
                        task.abort();
                    }
                }
                Verdict::Refuse => {
                    self.health.connections_refused.fetch_add(1, Relaxed);
                    continue;
                }
            }
            id += 1;
            self.health.connections.fetch_add(1, Relaxed);
            let serving = self.connection(id, stream, Arc::clone(&bank));
            open.push((Holder { id, address }, tasks.spawn(serving)));
        }
    }

    fn connection(
        &self,
        id: u64,
        stream: TcpStream,
        bank: Arc<Mutex<dyn Bank>>,
    ) -> impl Future<Output = u64> + Send + use<> {
        let units = Arc::clone(&self.unit_ids);
        let health = Arc::clone(&self.health);
        let idle = self.limits.idle_timeout;
        async move {
            // Without it a small reply waits for the peer's delayed acknowledgement.
            if stream.set_nodelay(true).is_ok() {
                answer_stream(stream, &units, &bank, idle, &health).await;
            }
            id
        }
    }
}

/// Serves one connection, over whatever carries bytes, until it closes, falls idle
/// or sends what is no frame. Any number of requests may wait in one segment, any
/// number of segments may make one request.
pub async fn answer_stream<S>(
    mut stream: S,
    unit_ids: &[u8],
    bank: &Mutex<dyn Bank>,
    idle_timeout: Duration,
    health: &ServerHealth,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut received = vec![0; RECEIVE_BYTES].into_boxed_slice();
    let mut replies = vec![0; SEND_BYTES].into_boxed_slice();
    let mut end = 0;
    loop {
        match timeout(idle_timeout, stream.read(&mut received[end..])).await {
            Ok(Ok(bytes)) if bytes > 0 => end += bytes,
            _ => return,
        }
        let mut start = 0;
        loop {
            let batch = answer_batch(&received[start..end], unit_ids, bank, &mut replies);
            start += batch.consumed;
            health.requests.fetch_add(batch.requests, Relaxed);
            if batch.written > 0 {
                let send = stream.write_all(&replies[..batch.written]);
                if !matches!(timeout(idle_timeout, send).await, Ok(Ok(()))) {
                    return;
                }
            }
            if batch.refused {
                health.frames_refused.fetch_add(1, Relaxed);
                return;
            }
            if !batch.more {
                break;
            }
        }
        // What is left is the beginning of one frame, shorter than the buffer.
        received.copy_within(start..end, 0);
        end -= start;
    }
}

struct Batch {
    consumed: usize,
    written: usize,
    requests: u64,
    /// The replies are full; frames are left.
    more: bool,
    refused: bool,
}

/// Answers all whole frames that fit into `replies`, under one lock.
fn answer_batch(
    bytes: &[u8],
    unit_ids: &[u8],
    bank: &Mutex<dyn Bank>,
    replies: &mut [u8],
) -> Batch {
    let mut batch = Batch {
        consumed: 0,
        written: 0,
        requests: 0,
        more: false,
        refused: false,
    };
    // A panic in another user of the bank is no reason to stop serving it.
    let mut bank = bank.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match split(&bytes[batch.consumed..]) {
            Ok(Some((header, pdu))) => {
                let room = &mut replies[batch.written..];
                if room.len() < ADU_BYTES_MAX {
                    batch.more = true;
                    return batch;
                }
                batch.written += if unit_ids.contains(&header.unit) {
                    answer(header, pdu, &mut *bank, room)
                } else {
                    answer_exception(header, pdu, Exception::GatewayTargetFailed, room)
                };
                batch.consumed += HEADER_BYTES + pdu.len();
                batch.requests += 1;
            }
            Ok(None) => return batch,
            Err(_) => {
                batch.refused = true;
                return batch;
            }
        }
    }
}
