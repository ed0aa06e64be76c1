//! Listening, on loopback or behind TLS, with a bound on everything a peer can hold.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::app::{App, SOCKETS_MAX};
use crate::desk::Desk;
use crate::display::DisplayError;
use crate::door::Hosts;
use crate::routes;
use crate::shelf::{self, Source};
use crate::stream::Impatient;
use crate::tls::{self, Secure, TlsError};
use crate::visitor::Peer;

/// HTTP connections open at the same time; sockets are counted apart.
pub const CONNECTIONS_MAX: usize = 256;
/// Of them from one address: no single machine keeps the others out.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = CONNECTIONS_MAX / 2;
/// Longest time to send the header of a request.
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest header of a request. Bytes.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// How long open connections may take to end after the stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(2);
/// Longest time without progress of a write: a peer that does not read goes.
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);
/// Pause after a failed accept (out of file descriptors, usually).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is reachable from other machines.
    #[error(
        "{addr} is not a loopback address: without TLS the operator interface serves this \
         machine only (use 127.0.0.1 or [::1], or give certificate, key and names in [hmi])"
    )]
    NotLoopback {
        /// As given.
        addr: SocketAddr,
    },
    /// The address cannot be had.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// As given.
        addr: SocketAddr,
        /// Reason.
        source: std::io::Error,
    },
    /// Certificate or key are unusable.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A display is unusable.
    #[error(transparent)]
    Display(#[from] DisplayError),
}

/// A running server.
#[derive(Debug)]
pub struct Serving {
    /// Where it listens; the port is real even if 0 was asked for.
    pub addr: SocketAddr,
    /// What was dropped from the displays or looks wrong in them.
    pub warnings: Vec<String>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Waits until the server has stopped.
    pub async fn stopped(self) {
        let _ = self.task.await;
    }
}

/// Serves the interface until `stop` turns true (or its sender is gone).
///
/// Displays of a folder are read again when a file in it changes.
/// Must be called within a tokio runtime. Returns as soon as the address is bound.
///
/// # Errors
/// [`ServeError`] if the address is not loopback or not free, or a display is unusable.
pub async fn serve(
    addr: SocketAddr,
    desk: Arc<dyn Desk>,
    displays: impl Into<Source>,
    stop: watch::Receiver<bool>,
) -> Result<Serving, ServeError> {
    if !addr.ip().is_loopback() {
        return Err(ServeError::NotLoopback { addr });
    }
    listen(addr, desk, displays.into(), stop, None).await
}

/// Serves the interface by TLS, also to other machines, which then need a session or the
/// token of a wallboard even to look.
///
/// # Errors
/// [`ServeError`] if certificate or key are unusable, the address is not free, or a
/// display is unusable.
pub async fn serve_secure(
    addr: SocketAddr,
    desk: Arc<dyn Desk>,
    displays: impl Into<Source>,
    stop: watch::Receiver<bool>,
    secure: &Secure,
) -> Result<Serving, ServeError> {
    listen(addr, desk, displays.into(), stop, Some(secure)).await
}

async fn listen(
    addr: SocketAddr,
    desk: Arc<dyn Desk>,
    source: Source,
    mut stop: watch::Receiver<bool>,
    secure: Option<&Secure>,
) -> Result<Serving, ServeError> {
    let tls = secure.map(tls::acceptor).transpose()?;
    let displays = shelf::load(&source)?;
    let mut warnings: Vec<String> = Vec::new();
    for display in &displays {
        let lines = display.warnings.iter();
        warnings.extend(lines.map(|w| format!("display `{}`: {w}", display.id)));
    }
    let bind = |source| ServeError::Bind { addr, source };
    let listener = TcpListener::bind(addr).await.map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    let (stopping_tx, stopping) = watch::channel(false);
    let hosts = match secure {
        Some(secure) => Hosts::secure(&secure.names, addr.port(), !addr.ip().is_loopback()),
        None => Hosts::new(addr.port()),
    };
    let app = Arc::new(App::new(desk, displays, hosts, stopping.clone()));
    if let Source::Folder(folder) = source {
        tokio::spawn(shelf::watch(
            folder,
            Arc::clone(&app.shelf),
            stopping.clone(),
        ));
    }
    let sockets = Arc::clone(&app.sockets);
    let router = routes::router(app);
    let task = tokio::spawn(async move {
        accept(listener, tls, router, stopping, async {
            let _ = stop.wait_for(|s| *s).await;
            let _ = stopping_tx.send(true);
        })
        .await;
        all_returned(&sockets, SOCKETS_MAX).await;
    });
    Ok(Serving {
        addr,
        warnings,
        task,
    })
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stopping: watch::Receiver<bool>,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let addresses = Addresses::default();
    tokio::pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match addresses.place(&places, peer.ip()) {
                    Some(place) => (stream, peer, place),
                    // Full: the new one goes, the old ones stay.
                    None => continue,
                },
                Err(_) => {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let (router, stopping, tls) = (router.clone(), stopping.clone(), tls.clone());
        tokio::spawn(async move {
            // Small frames, often: do not wait for more.
            let _ = stream.set_nodelay(true);
            match tls {
                None => converse(stream, peer, router, stopping).await,
                Some(tls) => {
                    let greeting = tokio::time::timeout(HEADER_TIME_MAX, tls.accept(stream));
                    if let Ok(Ok(stream)) = greeting.await {
                        converse(stream, peer, router, stopping).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    all_returned(&places, CONNECTIONS_MAX).await;
}

/// Connections by address.
#[derive(Clone, Debug, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A place of one connection, given back when it is dropped.
struct Placed {
    address: IpAddr,
    addresses: Addresses,
    _place: OwnedSemaphorePermit,
}

impl Addresses {
    /// A place for one more connection of this address, if there is one.
    fn place(&self, places: &Arc<Semaphore>, address: IpAddr) -> Option<Placed> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&address).copied().unwrap_or(0);
        if count >= CONNECTIONS_PER_ADDRESS_MAX {
            return None;
        }
        let place = Arc::clone(places).try_acquire_owned().ok()?;
        counts.insert(address, count + 1);
        Some(Placed {
            address,
            addresses: self.clone(),
            _place: place,
        })
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        let mut counts = self
            .addresses
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Waits, not for ever, until every place is free again.
async fn all_returned(places: &Semaphore, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(STOP_TIME_MAX, places.acquire_many(count)).await;
}

/// The router, with the peer's address in every request.
struct FromPeer {
    peer: Peer,
    router: TowerToHyperService<Router>,
}

impl Service<Request<Incoming>> for FromPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(Impatient::new(stream, WRITE_TIME_MAX));
    let service = FromPeer {
        peer: Peer(peer),
        router: TowerToHyperService::new(router),
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(stream, service)
        .with_upgrades();
    tokio::pin!(connection);
    let stopped = async { drop(stopping.wait_for(|s| *s).await) };
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped => connection.as_mut().graceful_shutdown(),
    }
    let _ = tokio::time::timeout(STOP_TIME_MAX, connection).await;
}
