//! Process displays: an SVG drawing and a TOML sidecar, given by the plant.
//!
//! A drawing comes from a drawing program and is not trusted: [`crate::svg`] keeps
//! only what a display needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::desk::Text;
use crate::svg;

/// A display as the plant stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct Display {
    /// Identifier in addresses: `r101`; letters, digits, `-` and `_`.
    pub id: String,
    /// The drawing; empty if the display has panels or cards only.
    pub svg: String,
    /// Title, level, place in the hierarchy.
    pub toml: String,
}

/// The sidecar of a display.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// Heading.
    pub title: Text,
    /// Name in the navigation.
    pub short: Text,
    /// Display level of ISA-101: 1 overview, 2 unit, 3 detail, 4 diagnostics.
    pub level: u8,
    /// Display above, if any.
    #[serde(default)]
    pub parent: Option<String>,
    /// Function key, `F2`.
    #[serde(default)]
    pub key: Option<String>,
    /// Identifier of the drawing; none = that of the display itself. Several displays
    /// may share one drawing by parameters.
    #[serde(default)]
    pub drawing: Option<String>,
    /// What stands for `{name}` in the drawing.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Units of an overview.
    #[serde(default)]
    pub cards: Vec<Card>,
    /// Values with their recent past, under the cards of an overview.
    #[serde(default)]
    pub sparks: Vec<Labelled>,
    /// Faceplate that is open when the display is called up: a loop or block name.
    #[serde(default)]
    pub open: Option<String>,
    /// Panels under the drawing, in order.
    #[serde(default)]
    pub panels: Vec<Panel>,
    /// Values of the title line.
    #[serde(default)]
    pub headline: Vec<Labelled>,
    /// Words for the values of bools that the plant's text gives none.
    #[serde(default)]
    pub words: Vec<Words>,
    /// Sets of pens for the trend page; the first is the display's own.
    #[serde(default)]
    pub trend_sets: Vec<TrendSet>,
}

/// A panel under the drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Panel {
    /// Trend of the first trend set.
    Trend {
        /// Time shown, minutes.
        minutes: u32,
    },
    /// Chosen tags, with progress if there is a total and a target.
    Block {
        /// Heading.
        title: Text,
        /// Loop or block whose faceplate the panel opens.
        block: String,
        /// Values, in order.
        tags: Vec<Labelled>,
        /// `[total, target]` tags of a progress bar.
        #[serde(default)]
        progress: Option<[String; 2]>,
    },
    /// Causes, first-out and reset of an interlock group.
    Interlock {
        /// Group name.
        group: String,
    },
    /// Steps and state of a phase, with its commands.
    Phase {
        /// Block name.
        block: String,
    },
    /// What is missing before something may start.
    Permit {
        /// Block name.
        block: String,
    },
}

/// A unit of an overview: its state and its most telling values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Heading.
    pub title: Text,
    /// Display that the card calls up.
    #[serde(default)]
    pub nav: Option<String>,
    /// Unit of equipment, for its alarms.
    #[serde(default)]
    pub unit: String,
    /// Phase block whose state and step the card tells.
    #[serde(default)]
    pub phase: Option<String>,
    /// Tags drawn as moving analogue indicators.
    pub values: Vec<Labelled>,
}

/// A tag with the short label that stands beside its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "LabelledText")]
pub struct Labelled {
    /// Full tag name.
    pub tag: String,
    /// Label; none = the tag's description.
    pub label: Option<Text>,
}

/// In TOML a full tag name, or `{ tag = "…", label = { en = "…", zh = "…" } }`.
#[derive(Deserialize)]
#[serde(untagged)]
enum LabelledText {
    Name(String),
    Table(LabelledTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelledTable {
    tag: String,
    label: Text,
}

impl From<LabelledText> for Labelled {
    fn from(text: LabelledText) -> Labelled {
        match text {
            LabelledText::Name(tag) => Labelled { tag, label: None },
            LabelledText::Table(LabelledTable { tag, label }) => Labelled {
                tag,
                label: Some(label),
            },
        }
    }
}

/// What the two values of a bool mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Full tag name.
    pub tag: String,
    /// Word for false.
    pub off: Text,
    /// Word for true.
    pub on: Text,
}

/// Pens that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendSet {
    /// Heading.
    pub title: Text,
    /// Full tag names.
    pub pens: Vec<String>,
}

/// A display ready to serve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loaded {
    /// Identifier.
    pub id: String,
    /// Sidecar.
    #[serde(flatten)]
    pub sidecar: Sidecar,
    /// Clean drawing.
    #[serde(skip)]
    pub svg: String,
    /// What was dropped or looks wrong, with the line where known.
    pub warnings: Vec<String>,
    /// Whether there is a drawing.
    pub drawn: bool,
}

/// Why a display cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DisplayError {
    /// The identifier is not an address.
    #[error("display `{id}`: an identifier has 1..=64 letters, digits, `-` or `_`")]
    Id {
        /// As given.
        id: String,
    },
    /// Two displays with one identifier.
    #[error("display `{id}` is given twice")]
    Twice {
        /// As given.
        id: String,
    },
    /// The sidecar is not understood.
    #[error("display `{id}`: sidecar: {source}")]
    Sidecar {
        /// Display.
        id: String,
        /// Reason with line and column.
        source: Box<toml::de::Error>,
    },
    /// The drawing uses a parameter that the sidecar does not give, or the value of one
    /// is not plain.
    #[error("display `{id}`: parameter `{name}`: {reason}")]
    Parameter {
        /// Display.
        id: String,
        /// Parameter.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The drawing is not usable.
    #[error("display `{id}`: drawing: {source}")]
    Drawing {
        /// Display.
        id: String,
        /// Reason.
        source: svg::SvgError,
    },
}

impl Display {
    /// Parses the sidecar and cleans the drawing.
    ///
    /// # Errors
    /// [`DisplayError`] if the identifier, the sidecar or the drawing is unusable;
    /// what is merely dropped is a warning.
    pub fn load(self) -> Result<Loaded, DisplayError> {
        let Display { id, svg, toml } = self;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
            return Err(DisplayError::Id { id });
        }
        let sidecar = match toml::from_str::<Sidecar>(&toml) {
            Ok(sidecar) => sidecar,
            Err(source) => {
                let source = Box::new(source);
                return Err(DisplayError::Sidecar { id, source });
            }
        };
        let svg = match fill(&svg, &sidecar.params) {
            Ok(svg) => svg,
            Err((name, reason)) => return Err(DisplayError::Parameter { id, name, reason }),
        };
        if svg.trim().is_empty() {
            return Ok(Loaded {
                id,
                sidecar,
                svg: String::new(),
                warnings: Vec::new(),
                drawn: false,
            });
        }
        match svg::clean(&svg) {
            Ok(clean) => Ok(Loaded {
                id,
                sidecar,
                svg: clean.svg,
                warnings: clean.warnings,
                drawn: true,
            }),
            Err(source) => Err(DisplayError::Drawing { id, source }),
        }
    }
}

/// Puts the values of parameters in place of `{name}`. A value is one line without
/// characters that mean something in markup, so that the drawing keeps its shape and
/// its lines.
///
/// # Errors
/// The parameter, and what is wrong with it.
pub fn fill(
    svg: &str,
    params: &BTreeMap<String, String>,
) -> Result<String, (String, &'static str)> {
    for (name, value) in params {
        let markup = |c: char| c.is_control() || "<>&\"'{}".contains(c);
        if value.contains(markup) || value.chars().count() > 100 {
            return Err((name.clone(), "its value is not a short plain text"));
        }
    }
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let name: String = after[1..]
            .chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect();
        let end = 1 + name.len();
        if name.is_empty() || !after[end..].starts_with('}') {
            out.push('{');
            rest = &after[1..];
            continue;
        }
        match params.get(&name) {
            Some(value) => out.push_str(value),
            None => return Err((name, "the sidecar gives it no value")),
        }
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The tags that a drawing binds once it is cleaned, each with its line in `svg`, in
/// the order of the drawing; a tag bound twice comes twice. Empty if the drawing
/// cannot be used at all ([`Display::load`] says why).
///
/// A symbol that names equipment binds the pins it shows: a control valve its `CMD`,
/// other valves and drives their `STATE`, a loop its `PV`.
pub fn bound_tags(svg: &str) -> Vec<(String, usize)> {
    svg::clean(svg).map_or_else(|_| Vec::new(), |clean| clean.bound)
}

/// Loads all displays, in the order given.
///
/// # Errors
/// As [`Display::load`], and [`DisplayError::Twice`].
pub fn load_all(displays: Vec<Display>) -> Result<Vec<Loaded>, DisplayError> {
    let mut loaded: Vec<Loaded> = Vec::with_capacity(displays.len());
    for display in displays {
        let next = display.load()?;
        if loaded.iter().any(|d| d.id == next.id) {
            return Err(DisplayError::Twice { id: next.id });
        }
        loaded.push(next);
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(list: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(k, v): &(&str, &str)| (k.to_string(), v.to_string());
        list.iter().map(own).collect()
    }

    #[test]
    fn parameters_stand_in_for_names_in_braces_and_nothing_else() {
        let filled = fill("TT-{n}01 {N} { } {", &params(&[("n", "2")]));
        assert_eq!(filled.as_deref(), Ok("TT-201 {N} { } {"));
    }

    #[test]
    fn a_parameter_without_a_value_or_with_markup_is_refused_by_name() {
        assert_eq!(fill("{n}", &params(&[])).map_err(|e| e.0), Err("n".into()));
        for bad in ["<g/>", "\"", "a\nb", "{n}", "&amp;"] {
            let error = fill("{n}", &params(&[("n", bad)]));
            assert_eq!(error.map_err(|e| e.0), Err("n".into()), "{bad}");
        }
    }
}
