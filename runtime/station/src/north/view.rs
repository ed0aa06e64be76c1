//! The image that a request is answered from, and whether it may be shown at all.

use gateway::Desk;
use gateway::desk::{Cell, Snapshot};
use modbus_server::Exception;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Oldest image that is shown, nanoseconds. Design default of this product: three
/// times the second at which most clients poll.
pub const IMAGE_AGE_NS_MAX: i64 = 3_000_000_000;

/// How time goes in the station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Shortest period of a task, nanoseconds.
    pub period_ns: u64,
    /// Times real time; 1 for a real plant.
    pub speed: f64,
    /// Whether the desk's clock is that of the wall: no simulation, which may go at
    /// another speed later.
    pub is_real: bool,
}

impl Pace {
    /// Age from which an image is dead: [`IMAGE_AGE_NS_MAX`], or three scans where
    /// scans are rarer.
    fn age_ns_max(self) -> i64 {
        let scans = 3.0 * self.period_ns as f64 / self.speed;
        IMAGE_AGE_NS_MAX.max(scans as i64)
    }
}

/// Looks at the desk for one server.
pub struct View {
    desk: Arc<dyn Desk>,
    /// Tags wanted, by offer.
    tags: Vec<String>,
    /// Their handles in the edition of `epoch`.
    handles: Vec<Option<usize>>,
    epoch: Option<u64>,
    age_ns_max: i64,
    /// Whether the time in an image is that of the desk's clock.
    is_real_time: bool,
    /// The newest image seen, and when it was first seen.
    newest: Option<(Arc<Snapshot>, i64)>,
}

/// One image, for one request.
pub struct Image<'v> {
    snapshot: Arc<Snapshot>,
    handles: &'v [Option<usize>],
}

impl View {
    /// A view of these tags.
    pub fn new(desk: Arc<dyn Desk>, tags: Vec<String>, pace: Pace) -> View {
        View {
            handles: vec![None; tags.len()],
            tags,
            epoch: None,
            age_ns_max: pace.age_ns_max(),
            is_real_time: pace.is_real,
            newest: None,
            desk,
        }
    }

    /// The image of now.
    ///
    /// # Errors
    /// 11 if it is too old: nobody shall take a dead image for a quiet plant. 6 for
    /// a moment after a start or an online change, until the first image has come.
    pub fn look(&mut self) -> Result<Image<'_>, Exception> {
        let now = self.desk.now_utc_ns();
        self.follow();
        let snapshot = self.desk.snapshot();
        // The desk keeps images of its own edition only. Names that are the same
        // before and after the image was taken are therefore the image's names.
        let is_of_edition = self.epoch == Some(self.desk.directory().epoch);
        let first_seen = match &self.newest {
            Some((newest, first_seen)) if Arc::ptr_eq(newest, &snapshot) => *first_seen,
            _ => now,
        };
        self.newest = Some((snapshot.clone(), first_seen));
        // Simulated time runs at its own pace: there, only change is a sign of life.
        let is_old = self.is_real_time && now - snapshot.utc_ns > self.age_ns_max;
        if is_old || now - first_seen > self.age_ns_max {
            return Err(Exception::GatewayTargetFailed);
        }
        if !is_of_edition || snapshot.cells.is_empty() {
            return Err(Exception::ServerDeviceBusy);
        }
        Ok(Image {
            snapshot,
            handles: &self.handles,
        })
    }

    /// Follows the desk to a new edition.
    fn follow(&mut self) {
        let directory = self.desk.directory();
        if self.epoch == Some(directory.epoch) {
            return;
        }
        let known: BTreeMap<&str, u32> = directory
            .tags
            .iter()
            .map(|tag| (tag.name.as_str(), tag.handle))
            .collect();
        self.handles = self
            .tags
            .iter()
            .map(|tag| known.get(tag.as_str()).map(|handle| *handle as usize))
            .collect();
        self.epoch = Some(directory.epoch);
    }
}

impl Image<'_> {
    /// The cell of an offer's tag.
    ///
    /// # Errors
    /// 4 if the tag has gone: a plant that loads offers no such tag.
    pub fn cell(&self, offer: usize) -> Result<Cell, Exception> {
        let handle = self.handles.get(offer).copied().flatten();
        let cell = handle.and_then(|handle| self.snapshot.cells.get(handle));
        cell.copied().ok_or(Exception::ServerDeviceFailure)
    }
}
