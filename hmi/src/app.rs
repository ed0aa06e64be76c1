//! What every request shares.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::answer::Answers;
use crate::attempts::Attempts;
use crate::desk::Desk;
use crate::display::Loaded;
use crate::door::Hosts;
use crate::names::{Names, NamesCache};
use crate::shelf::Shelf;

/// Sockets open at the same time.
pub const SOCKETS_MAX: usize = 64;

/// Shared state of all requests.
pub(crate) struct App {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) hosts: Hosts,
    pub(crate) names: NamesCache,
    pub(crate) answers: Answers,
    pub(crate) tried: Attempts,
    pub(crate) sockets: Arc<Semaphore>,
    pub(crate) stop: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(
        desk: Arc<dyn Desk>,
        displays: Vec<Loaded>,
        hosts: Hosts,
        stop: watch::Receiver<bool>,
    ) -> App {
        App {
            desk,
            shelf: Arc::new(Shelf::new(displays)),
            hosts,
            names: NamesCache::default(),
            answers: Answers::default(),
            tried: Attempts::default(),
            sockets: Arc::new(Semaphore::new(SOCKETS_MAX)),
            stop,
        }
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        self.names.get(self.desk.as_ref())
    }
}
