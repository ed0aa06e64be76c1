//! `scanloop alarms`: the master alarm database of a plant.

use plant::Plant;

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
