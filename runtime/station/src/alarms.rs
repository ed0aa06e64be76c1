//! `scanloop alarms`: the master alarm database of a plant, and the key figures of its
//! alarms from the ledger of a station.

use crate::figures::{self, transitions_of};
use crate::second_place::ledger_folder;
use alarm::kpi;
use journal::ledger::read;
use plant::Plant;
use std::path::Path;

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table to read.
    Text,
    /// One record a line.
    Csv,
    /// Everything.
    Json,
}

/// The master alarm database of a plant that has loaded.
///
/// # Errors
/// A sentence if it cannot be written as JSON.
pub fn list(plant: &Plant, form: Form) -> Result<String, String> {
    let rationales = plant.rationales();
    match form {
        Form::Text => Ok(alarm::database::text(&rationales)),
        Form::Csv => Ok(alarm::database::csv(&rationales)),
        Form::Json => serde_json::to_string_pretty(&rationales)
            .map(|text| text + "\n")
            .map_err(|error| error.to_string()),
    }
}

/// Key figures (ISA-18.2, EEMUA 191) of a data folder, or of the folder of a ledger. From
/// its first alarm to its last unless the range says otherwise, nanoseconds of UTC.
/// `rules` are those of the site.
///
/// # Errors
/// A sentence if there is no ledger, or no alarm in it.
pub fn figures(
    folder: &Path,
    from_ns: Option<i64>,
    to_ns: Option<i64>,
    rules: &kpi::Rules,
    form: Form,
) -> Result<String, String> {
    let inside = ledger_folder(folder);
    let ledger = if inside.is_dir() {
        inside
    } else {
        folder.to_path_buf()
    };
    let entries = read::entries(&ledger).map_err(|error| error.to_string())?;
    let transitions = transitions_of(&entries);
    let times = || transitions.iter().map(|step| step.at.utc_ns);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Err(format!("{} holds no alarm", folder.display()));
    };
    let range = kpi::Range {
        from_ns: from_ns.unwrap_or(first),
        to_ns: to_ns.unwrap_or(last.saturating_add(1)),
    };
    let figures = figures::figures(&entries, &transitions, range, rules);
    match form {
        Form::Text => Ok(kpi::text(&figures)),
        Form::Csv => Ok(kpi::csv(&figures)),
        Form::Json => serde_json::to_string_pretty(&figures)
            .map(|text| text + "\n")
            .map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests;
