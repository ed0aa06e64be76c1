//! Response times: scans from a cause to the last of its commands, measured in a
//! closed loop beside what the protect stage does by itself.

use crate::closed_loop::{ClosedLoop, Place};
use crate::matrix_test::{Response, Sheet};

use matrix::{Action, EffectKind, Symbol};
use plant::Plant;
use scan::Witness;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a row took in a closed loop, at worst.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The row, `C06`.
    pub cause: String,
    /// Scans from the first that sees the cause, that one included, to the one that
    /// gives the last command.
    pub scans: u64,
    /// Where it was seen.
    pub scenario: String,
}

/// One row with the tags that show it.
struct Row {
    cause: String,
    /// The vote while its delay runs, and the trip.
    pre: Place,
    trip: Place,
    /// Command of each device, and its value when the device is safe.
    commands: Vec<(Place, f64)>,
    /// Ticks to a scan of its task.
    every: u64,
    /// Tick that first saw the cause, while it lasts.
    since: Option<u64>,
    /// Whether the commands have been counted, or there was nothing to do.
    is_done: bool,
    worst: Option<u64>,
}

/// Watches the rows of a plant's matrices while a closed loop runs.
pub struct Responses {
    rows: Vec<Row>,
    tick: u64,
}

impl Responses {
    /// The rows that give commands; those whose tags are missing are left out.
    pub fn new<W: Witness>(plant: &Plant, closed: &ClosedLoop<W>) -> Responses {
        let periods = plant.tasks.iter().map(|task| task.period_ns);
        let shortest = periods.min().unwrap_or(1);
        let mut rows = Vec::new();
        for sheet in Sheet::of(plant) {
            let task = plant.tasks.iter().find(|task| task.name == sheet.task);
            let every = task.map_or(1, |task| task.period_ns / shortest);
            for (row, cause) in sheet.matrix.causes.iter().enumerate() {
                let devices = commands(&sheet, row);
                let id = &cause.id;
                let commands: Vec<(Place, f64)> = devices
                    .iter()
                    .filter_map(|(tag, safe)| Some((closed.place(tag)?, *safe)))
                    .collect();
                let pre = closed.place(&format!("{id}.PRE"));
                let trip = closed.place(&format!("{id}.TRIP"));
                if let (Some(pre), Some(trip)) = (pre, trip)
                    && !commands.is_empty()
                    && commands.len() == devices.len()
                {
                    rows.push(Row {
                        cause: id.clone(),
                        pre,
                        trip,
                        commands,
                        every,
                        since: None,
                        is_done: false,
                        worst: None,
                    });
                }
            }
        }
        Responses { rows, tick: 0 }
    }

    /// After each tick of the closed loop.
    pub fn look<W: Witness>(&mut self, closed: &ClosedLoop<W>) {
        self.tick += 1;
        for row in &mut self.rows {
            let is = |place: &Place| closed.at(place).0 != 0.0;
            let trips = is(&row.trip);
            if !trips && !is(&row.pre) {
                row.since = None;
                row.is_done = false;
                continue;
            }
            if row.is_done {
                continue;
            }
            let mut each = row.commands.iter();
            let are_safe = each.all(|(place, safe)| (closed.at(place).0 - safe).abs() < 1e-9);
            let since = *row.since.get_or_insert(self.tick);
            if are_safe {
                // Safe before the trip: there was nothing to do, nothing to measure.
                if trips {
                    let scans = (self.tick - since) / row.every + 1;
                    row.worst = row.worst.max(Some(scans));
                }
                row.is_done = true;
            }
        }
    }

    /// What was measured.
    pub fn finish(self, scenario: &str) -> Vec<Measured> {
        self.rows
            .into_iter()
            .filter_map(|row| {
                Some(Measured {
                    cause: row.cause,
                    scans: row.worst?,
                    scenario: scenario.to_string(),
                })
            })
            .collect()
    }
}

/// Commands that a row trips at once, each with its value when that is done.
fn commands(sheet: &Sheet, row: usize) -> Vec<(String, f64)> {
    let mut commands: Vec<(String, f64)> = Vec::new();
    for (column, effect) in sheet.matrix.effects.iter().enumerate() {
        let cell = sheet.matrix.cell(row, column);
        let trips = cell.contains(&Symbol::Trip) || cell.contains(&Symbol::TripUnlatched);
        let EffectKind::Final(actions) = &effect.kind else {
            continue;
        };
        for action in actions.iter().filter(|_| trips) {
            let command = match action {
                Action::Valve { device, open } => {
                    (format!("{device}.POS_DEMAND"), f64::from(u8::from(*open)))
                }
                Action::Analog { device, value } => (format!("{device}.CMD"), *value),
                Action::Stop { device } => (format!("{device}.CMD"), 0.0),
            };
            // The first column that is demanded decides.
            if commands.iter().all(|(tag, _)| *tag != command.0) {
                commands.push(command);
            }
        }
    }
    commands
}

/// Hazards that each row guards against, by its name: a protection layer of a LOPA may
/// be credited only while it acts within the time that its scenario leaves it.
fn guards(plant: &Plant) -> BTreeMap<&str, Vec<&str>> {
    let mut guards: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for matrix in plant.matrices.iter().map(|draft| &draft.matrix) {
        for hazard in &matrix.hazards {
            for cause in hazard
                .causes
                .iter()
                .filter_map(|row| matrix.causes.get(*row))
            {
                guards.entry(&cause.id).or_default().push(&hazard.id);
            }
        }
    }
    guards
}

/// The table of all rows: permitted, by the protect stage alone, and the worst of the
/// closed loops, with the hazards of the LOPA that a row guards against. The flag tells
/// whether every row is in time and, if the scenarios are all that the plant has,
/// whether every row of priority 1 was met by one of them.
pub fn table(
    plant: &Plant,
    protect: &[(String, Response, f64)],
    measured: &[Measured],
    are_all: bool,
) -> (String, bool) {
    let mut out = String::from(
        "response from the first scan that sees the cause to the last command; LOPA: the hazards that a row guards against\n      cause permitted  protect stage      closed loop\n",
    );
    let guards = guards(plant);
    let mut is_in_time = true;
    for (cause, response, period_s) in protect {
        let of_row = measured.iter().filter(|one| one.cause == *cause);
        let worst = of_row.max_by_key(|one| one.scans);
        let limit_s = response.limit_s.unwrap_or(f64::INFINITY);
        let must_be_met = are_all && response.is_priority_1;
        let in_loop = worst.map_or(!must_be_met, |one| {
            one.scans as f64 * period_s <= limit_s + 1e-9
        });
        let in_time = response.scans.is_some() && response.is_in_time() && in_loop;
        is_in_time &= in_time;
        let seconds = |scans: u64| format!("{scans:>4} = {:>5.1} s", scans as f64 * period_s);
        let hazards = guards.get(cause.as_str()).map(|all| all.join(" "));
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "      {} {cause:<4} {:>7} s {:>16}  {}{}{}",
            if in_time { "ok " } else { "NOT" },
            response
                .limit_s
                .map_or_else(|| "–".into(), |limit| limit.to_string()),
            response.scans.map_or_else(|| "none".into(), seconds),
            worst.map_or_else(
                || "not met in a state that could show it".into(),
                |one| format!("{} ({})", seconds(one.scans), one.scenario)
            ),
            if response.is_priority_1 { ", P1" } else { "" },
            hazards.map_or_else(String::new, |all| format!(", LOPA {all}")),
        );
    }
    (out, is_in_time)
}
