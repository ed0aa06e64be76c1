//! One I/O station: a Modbus device with its tables and its own watchdog.

use crate::image::{HR_HEARTBEAT, Tables};
use crate::kept::StationName;
use serde::{Deserialize, Serialize};

/// What an I/O station lets through to the field at a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orders {
    /// The outputs in the tables.
    Heard,
    /// Nothing new: the last outputs stand.
    Unheard,
    /// The watchdog took the outputs to their fail positions.
    FailSafe,
}

/// An I/O station of the simulated plant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Station {
    name: StationName,
    unit_id: u8,
    pub(crate) tables: Tables,
    heartbeat: u16,
    heartbeat_age_ns: u64,
    watchdog_ns: u64,
    silent: bool,
}

impl Station {
    /// A station that waits for a heartbeat.
    pub fn new(name: &'static str, unit_id: u8, watchdog_ns: u64) -> Self {
        Station {
            name: StationName(name),
            unit_id,
            tables: Tables::default(),
            heartbeat: 0,
            heartbeat_age_ns: 0,
            watchdog_ns,
            silent: false,
        }
    }

    /// One tick of its watchdog. A silent station hears nothing: its last outputs
    /// stand until the watchdog takes them away.
    pub(crate) fn listen(&mut self, tick_ns: u64) -> Orders {
        let heard = !self.silent && self.tables.holding[HR_HEARTBEAT] != self.heartbeat;
        if heard {
            self.heartbeat = self.tables.holding[HR_HEARTBEAT];
            self.heartbeat_age_ns = 0;
        }
        let orders = if self.watchdog_expired() {
            Orders::FailSafe
        } else if self.silent {
            Orders::Unheard
        } else {
            Orders::Heard
        };
        self.heartbeat_age_ns = self.heartbeat_age_ns.saturating_add(tick_ns);
        orders
    }

    /// Name, as in plant text: `io1`.
    pub fn name(&self) -> &'static str {
        self.name.0
    }

    /// Modbus unit identifier.
    pub fn unit_id(&self) -> u8 {
        self.unit_id
    }

    /// Its register image.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Whether the heartbeat has stood still so long that the outputs are at
    /// their fail positions.
    pub fn watchdog_expired(&self) -> bool {
        self.heartbeat_age_ns >= self.watchdog_ns
    }

    /// Whether it answers no requests at present.
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    pub(crate) fn set_silent(&mut self, silent: bool) {
        self.silent = silent;
    }
}
