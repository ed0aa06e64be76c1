//! Whether the tags that alarms name are there, and of the kind that they must be.

use super::AlarmDraft;
use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::source::Origin;
use alarm::STATION_CONDITIONS;
use scan::Linked;
use signal::Kind;
use std::collections::BTreeMap;

/// Tags of all tasks with their kinds and units.
#[derive(Default)]
pub(crate) struct Tags {
    kinds: BTreeMap<String, Kind>,
    units: BTreeMap<String, &'static str>,
}

impl Tags {
    /// Takes the tags of a task, also of one that does not link.
    pub fn add(&mut self, kinds: BTreeMap<String, Kind>) {
        self.kinds.extend(kinds);
    }

    /// Takes what linking has found out.
    pub fn add_linked(&mut self, linked: &Linked) {
        for (name, entry) in &linked.tags {
            if let Some(unit) = entry.unit {
                self.units.insert(name.clone(), unit.symbol());
            }
        }
    }
}

/// Checks the tags, and takes the unit of each limit from its point.
pub(crate) fn check(alarms: &mut [AlarmDraft], tags: &Tags, problems: &mut Diagnostics) {
    for alarm in alarms {
        let AlarmDraft {
            rationale, node, ..
        } = alarm;
        let mut is = |tag: &str, kind: Option<Kind>, at: &Origin| {
            let found = tags.kinds.get(tag);
            let (message, help) = match (found, kind) {
                (None, _) => {
                    let near = scan::wiring::nearest(tag, tags.kinds.keys().map(String::as_str));
                    let help =
                        near.map_or_else(String::new, |near| format!("did you mean {near}?"));
                    (format!("there is no tag {tag}"), help)
                }
                (Some(found), Some(kind)) if *found != kind => (
                    format!("{tag} is {}, {} is wanted here", found.word(), kind.word()),
                    "a state, a phase or a fault: something that is or is not".to_string(),
                ),
                _ => return,
            };
            problems.push(codes::ALARM_TAG, at, message, help);
        };
        if node.has("condition") && !STATION_CONDITIONS.contains(&rationale.tag.as_str()) {
            is(&rationale.tag, Some(Kind::Bool), &node.place("condition"));
            // Of a detection the linker tells.
            if !rationale.point.is_empty() {
                is(&rationale.point, None, &node.place("point"));
            }
        }
        for (at, when) in rationale.suppression.iter().enumerate() {
            let place = node.place(&format!("suppression.{}.when", at + 1));
            is(&when.tag, Some(Kind::Bool), &place);
        }
        for (at, mode) in rationale.modes.iter().enumerate() {
            let place = node.place(&format!("modes.{}.when", at + 1));
            is(&mode.tag, Some(Kind::Bool), &place);
        }
        if let Some(unit) = tags.units.get(&rationale.point) {
            rationale.engineering_unit = (*unit).to_string();
        }
    }
}
