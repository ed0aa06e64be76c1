//! From plant text to a server that answers.

use super::bank::NorthBank;
use super::config::{self, ServerConfig};
use super::map::PointMap;
use super::view::Pace;
use driver::StopSource;
use gateway::Desk;
use modbus_server::{Limits, ServeError, Server, ServerHealth};
use plant::{KeyProblem, Plant, ServerDraft, ServerPoint};
use scan::link::declared_kinds;
use signal::Kind;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Why a server does not start.
#[derive(Debug)]
pub enum NorthError {
    /// Its text is wrong; a plant that loaded has none such.
    Text {
        /// Name of the server.
        server: String,
        /// What is wrong.
        message: String,
    },
    /// Its address cannot be had.
    Serve {
        /// Name of the server.
        server: String,
        /// Why.
        source: ServeError,
    },
}

impl fmt::Display for NorthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NorthError::Text { server, message } => write!(f, "server {server}: {message}"),
            NorthError::Serve { server, source } => write!(f, "server {server}: {source}"),
        }
    }
}
impl std::error::Error for NorthError {}

/// A server that has its address and does not answer yet.
pub struct Bound {
    name: String,
    config: ServerConfig,
    map: PointMap,
    server: Server,
}

/// A server that answers. Dropping it ends it.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its counters.
    pub health: Arc<ServerHealth>,
    stop: StopSource,
    task: JoinHandle<()>,
}

/// Takes the address of a server, before anything of the station runs.
///
/// # Errors
/// [`NorthError`]
pub async fn bind(plant: &Plant, draft: &ServerDraft) -> Result<Bound, NorthError> {
    let wrong = |problem: KeyProblem| NorthError::Text {
        server: draft.name.clone(),
        message: problem.message,
    };
    let config = config::server_config(&draft.settings).map_err(wrong)?;
    let kinds: BTreeMap<String, Kind> = plant
        .tasks
        .iter()
        .flat_map(|task| declared_kinds(&task.input))
        .collect();
    let offers = draft.points.iter().map(|point| {
        config::offer(&ServerPoint {
            tag: &point.tag,
            kind: kinds.get(&point.tag).copied(),
            is_written: point.is_written,
            settings: &point.settings,
        })
    });
    let offers = offers.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let map = PointMap::new(offers).map_err(|overlaps| NorthError::Text {
        server: draft.name.clone(),
        message: overlaps
            .first()
            .map_or_else(String::new, ToString::to_string),
    })?;
    let limits = Limits {
        connections_max: config.connections_max,
        reserved: config.reserved.clone(),
        idle_timeout: Duration::from_secs(config.idle_timeout_s),
        allow_remote: config.allow_remote,
    };
    let server = Server::bind(config.listen, &[config.unit_id], limits)
        .await
        .map_err(|source| NorthError::Serve {
            server: draft.name.clone(),
            source,
        })?;
    Ok(Bound {
        name: draft.name.clone(),
        config,
        map,
        server,
    })
}

impl Bound {
    /// Begins to answer.
    pub fn serve(self, desk: Arc<dyn Desk>, pace: Pace) -> Serving {
        let tokio = tokio::runtime::Handle::current();
        let bank = NorthBank::new(&self.name, self.map, desk, pace, tokio);
        let (stop, stopped) = StopSource::new();
        Serving {
            address: self.server.local_addr(),
            health: self.server.health(),
            stop,
            task: tokio::spawn(self.server.run(Arc::new(Mutex::new(bank)), stopped)),
        }
    }
}

/// For the first message: where, which unit, how much.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offers = self.map.offers();
        write!(
            f,
            "Modbus server {}: {}, unit {}, {} points, {} of them for writing",
            self.name,
            self.server.local_addr(),
            self.config.unit_id,
            offers.len(),
            offers.iter().filter(|offer| offer.is_written).count()
        )
    }
}

impl Serving {
    /// Ends it and waits until every connection is closed.
    pub async fn stop(self) {
        self.stop.stop();
        let _ = self.task.await;
    }
}
