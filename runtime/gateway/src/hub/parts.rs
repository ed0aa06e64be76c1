//! The hub's side of the station's parts: each tells its state, pages read all.

use super::{Hub, lock};
use crate::desk::Desk;
use crate::parts::Part;

impl Hub {
    /// Takes the state of a part; a part that never told is not set up.
    pub fn set_part(&self, name: &str, works: bool, note: &str) {
        let mut parts = lock(&self.parts);
        let since_ms = self.now_utc_ns().div_euclid(1_000_000);
        match parts.iter_mut().find(|part| part.name == name) {
            Some(part) => {
                if part.works != works {
                    (part.works, part.since_ms) = (works, since_ms);
                }
                if part.note != note {
                    part.note = note.to_owned();
                }
            }
            None => parts.push(Part {
                name: name.to_owned(),
                works,
                note: note.to_owned(),
                since_ms,
            }),
        }
    }
}
