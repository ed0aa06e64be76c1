//! Process displays: an SVG drawing and a TOML sidecar, given by the plant.
//!
//! A drawing comes from a drawing program and is not trusted: [`crate::svg`] keeps
//! only what a display needs.

use serde::{Deserialize, Serialize};

use crate::desk::Text;
use crate::svg;

/// A display as the plant stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct Display {
    /// Identifier in addresses: `r101`; letters, digits, `-` and `_`.
    pub id: String,
    /// The drawing.
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
        match svg::clean(&svg) {
            Ok(clean) => Ok(Loaded {
                id,
                sidecar,
                svg: clean.svg,
                warnings: clean.warnings,
            }),
            Err(source) => Err(DisplayError::Drawing { id, source }),
        }
    }
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
