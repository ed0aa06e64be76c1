//! Cleaning of drawings: only elements and attributes on a list survive.
//!
//! Scripts, event attributes, style sheets, animations, foreign content, references
//! out of the file, comments, processing instructions and document types are
//! dropped, each with a warning. `style="…"` becomes presentation attributes, since
//! the content security policy would ignore it (Inkscape writes colours that way).

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};

/// Bytes of one drawing.
pub const SVG_BYTES_MAX: usize = 2 << 20;
/// Depth of nesting.
pub const SVG_DEPTH_MAX: usize = 64;
/// Elements of one drawing.
pub const SVG_ELEMENTS_MAX: usize = 50_000;
/// Warnings kept; further ones are only counted.
const WARNINGS_MAX: usize = 100;

/// Elements that a display may have. Sorted.
const ELEMENTS: [&str; 18] = [
    "circle", "clipPath", "defs", "desc", "ellipse", "g", "line", "marker", "path", "polygon",
    "polyline", "rect", "svg", "symbol", "text", "title", "tspan", "use",
];

/// Attributes that a display may have, besides `data-*` and `aria-*`. Sorted.
const ATTRIBUTES: [&str; 56] = [
    "class",
    "clip-path",
    "clip-rule",
    "clipPathUnits",
    "cx",
    "cy",
    "d",
    "dominant-baseline",
    "dx",
    "dy",
    "fill",
    "fill-opacity",
    "fill-rule",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "href",
    "id",
    "letter-spacing",
    "marker-end",
    "marker-mid",
    "marker-start",
    "markerHeight",
    "markerUnits",
    "markerWidth",
    "opacity",
    "orient",
    "paint-order",
    "pathLength",
    "points",
    "preserveAspectRatio",
    "r",
    "refX",
    "refY",
    "role",
    "rx",
    "ry",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "tabindex",
    "text-anchor",
    "transform",
    "vector-effect",
    "viewBox",
    "visibility",
    "width",
    "x",
    "x1",
    "x2",
];
const ATTRIBUTES_MORE: [&str; 4] = ["xmlns", "y", "y1", "y2"];

/// A clean drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Clean {
    /// The drawing.
    pub svg: String,
    /// What was dropped, with its line.
    pub warnings: Vec<String>,
    /// Tags that the bindings name, with the line of the element in the source.
    pub bound: Vec<(String, usize)>,
    /// Elements with `data-*` attributes, in the order of the drawing.
    pub marks: Vec<Mark>,
}

/// The `data-*` attributes of one element.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Line of the element in the source.
    pub line: usize,
    /// Attributes, the prefix `data-` left out.
    pub data: Vec<(String, String)>,
}

impl Mark {
    /// The value of an attribute, if it is there and not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.data.iter().find(|(k, _)| k == key);
        found.map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
    }
}

/// Why a drawing cannot be used at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SvgError {
    /// Longer than [`SVG_BYTES_MAX`].
    #[error("{bytes} bytes, more than {SVG_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Nested deeper than [`SVG_DEPTH_MAX`].
    #[error("line {line}: nested deeper than {SVG_DEPTH_MAX}")]
    TooDeep {
        /// Where.
        line: usize,
    },
    /// More than [`SVG_ELEMENTS_MAX`] elements.
    #[error("more than {SVG_ELEMENTS_MAX} elements")]
    TooMany,
    /// Not well-formed.
    #[error("line {line}: {reason}")]
    Malformed {
        /// Where.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// The root is not `<svg>`.
    #[error("the root element is not <svg>")]
    NoSvg,
}

/// Keeps of a drawing what a display needs.
///
/// # Errors
/// [`SvgError`] if it is too large or not well-formed. Unwanted content is no error.
pub fn clean(source: &str) -> Result<Clean, SvgError> {
    if source.len() > SVG_BYTES_MAX {
        return Err(SvgError::TooLong {
            bytes: source.len(),
        });
    }
    let mut cleaner = Cleaner {
        source,
        out: String::with_capacity(source.len()),
        warnings: Vec::new(),
        warnings_more: 0,
        bound: Vec::new(),
        marks: Vec::new(),
    };
    cleaner.run()?;
    let Cleaner {
        out,
        mut warnings,
        warnings_more,
        bound,
        marks,
        ..
    } = cleaner;
    if warnings_more > 0 {
        warnings.push(format!("{warnings_more} further warnings"));
    }
    Ok(Clean {
        svg: out,
        warnings,
        bound,
        marks,
    })
}

struct Cleaner<'a> {
    source: &'a str,
    out: String,
    warnings: Vec<String>,
    warnings_more: usize,
    bound: Vec<(String, usize)>,
    marks: Vec<Mark>,
}

impl Cleaner<'_> {
    fn line(&self, position: u64) -> usize {
        let end = usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(self.source.len());
        1 + self.source.as_bytes()[..end]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    }

    fn warn(&mut self, position: u64, what: impl AsRef<str>) {
        if self.warnings.len() < WARNINGS_MAX {
            let line = self.line(position);
            self.warnings
                .push(format!("line {line}: {}", what.as_ref()));
        } else {
            self.warnings_more += 1;
        }
    }

    fn run(&mut self) -> Result<(), SvgError> {
        let mut reader = Reader::from_str(self.source);
        reader.config_mut().expand_empty_elements = true;
        let mut open: Vec<String> = Vec::new();
        // Depth inside a dropped element; its whole content goes with it.
        let mut dropped: usize = 0;
        let mut elements = 0usize;
        let mut seen_root = false;
        loop {
            let at = reader.buffer_position();
            let event = reader.read_event().map_err(|e| SvgError::Malformed {
                line: self.line(reader.error_position()),
                reason: e.to_string(),
            })?;
            match event {
                Event::Start(start) => {
                    elements += 1;
                    if elements > SVG_ELEMENTS_MAX {
                        return Err(SvgError::TooMany);
                    }
                    if open.len() + dropped >= SVG_DEPTH_MAX {
                        return Err(SvgError::TooDeep {
                            line: self.line(at),
                        });
                    }
                    let name = text_of(start.name().as_ref());
                    if dropped > 0 {
                        dropped += 1;
                        continue;
                    }
                    if !seen_root {
                        if name != "svg" {
                            return Err(SvgError::NoSvg);
                        }
                        seen_root = true;
                    } else if open.is_empty() {
                        self.warn(at, format!("<{name}> after the drawing dropped"));
                        dropped = 1;
                        continue;
                    }
                    if ELEMENTS.binary_search(&name.as_str()).is_err() {
                        if !name.contains(':') {
                            self.warn(at, format!("<{name}> dropped"));
                        }
                        dropped = 1;
                        continue;
                    }
                    self.start(&name, &start, at, open.is_empty())?;
                    open.push(name);
                }
                Event::End(_) => {
                    if dropped > 0 {
                        dropped -= 1;
                    } else if let Some(name) = open.pop() {
                        let _ = write!(self.out, "</{name}>");
                    }
                }
                Event::Text(text) if dropped == 0 && !open.is_empty() => {
                    self.out.push_str(&escape(text_of(&text)));
                }
                Event::GeneralRef(entity) if dropped == 0 && !open.is_empty() => {
                    let raw = format!("&{};", text_of(&entity));
                    match unescape(&raw) {
                        Ok(plain) => self.out.push_str(&escape(plain.as_ref())),
                        Err(_) => self.warn(at, format!("entity {raw} dropped")),
                    }
                }
                Event::CData(cdata) if dropped == 0 && !open.is_empty() => {
                    self.out.push_str(&escape(text_of(&cdata)));
                }
                Event::DocType(_) => self.warn(at, "document type dropped"),
                Event::PI(_) => self.warn(at, "processing instruction dropped"),
                Event::Eof => break,
                _ => {}
            }
        }
        match (seen_root, open.is_empty() && dropped == 0) {
            (false, _) => Err(SvgError::NoSvg),
            (true, false) => Err(SvgError::Malformed {
                line: self.line(self.source.len() as u64),
                reason: "the drawing ends inside an element".into(),
            }),
            (true, true) => Ok(()),
        }
    }

    fn start(
        &mut self,
        name: &str,
        start: &BytesStart<'_>,
        at: u64,
        root: bool,
    ) -> Result<(), SvgError> {
        let mut kept: Vec<(String, String)> = Vec::new();
        let mut from_style: Vec<(String, String)> = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| SvgError::Malformed {
                line: self.line(at),
                reason: e.to_string(),
            })?;
            let raw = text_of(attribute.key.as_ref());
            let Ok(value) = unescape(&text_of(&attribute.value)).map(|v| v.into_owned()) else {
                self.warn(at, format!("{raw} of <{name}> dropped: unknown entity"));
                continue;
            };
            let key = match raw.as_str() {
                "xlink:href" => "href",
                "xmlns" => continue,
                other => other,
            };
            if key == "style" {
                from_style.extend(self.style(name, &value, at));
                continue;
            }
            if key.contains(':') {
                // Editor and metadata namespaces say nothing about the picture.
                continue;
            }
            if !allowed(key) {
                self.warn(at, format!("{key} of <{name}> dropped"));
                continue;
            }
            if let Some(reason) = forbidden_value(key, &value) {
                self.warn(at, format!("{key} of <{name}> dropped: {reason}"));
                continue;
            }
            kept.push((key.to_owned(), value));
        }
        // As in CSS, a style declaration wins over the attribute of the same name.
        for (key, value) in from_style {
            kept.retain(|(k, _)| *k != key);
            kept.push((key, value));
        }
        let data: Vec<(String, String)> = kept
            .iter()
            .filter_map(|(k, v)| Some((k.strip_prefix("data-")?.to_owned(), v.clone())))
            .collect();
        if !data.is_empty() {
            let line = self.line(at);
            let mark = Mark { line, data };
            let names = bindings(&mark);
            self.bound.extend(names.into_iter().map(|n| (n, line)));
            self.marks.push(mark);
        }
        let _ = write!(self.out, "<{name}");
        if root {
            self.out.push_str(" xmlns=\"http://www.w3.org/2000/svg\"");
        }
        for (i, (key, value)) in kept.iter().enumerate() {
            if kept[..i].iter().any(|(k, _)| k == key) {
                continue;
            }
            let _ = write!(self.out, " {key}=\"{}\"", escape(value.as_str()));
        }
        self.out.push('>');
        Ok(())
    }

    fn style(&mut self, element: &str, style: &str, at: u64) -> Vec<(String, String)> {
        let mut kept = Vec::new();
        for declaration in style.split(';').filter(|d| !d.trim().is_empty()) {
            let Some((key, value)) = declaration.split_once(':') else {
                self.warn(at, format!("style of <{element}>: `{declaration}` dropped"));
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            let vendor = key.starts_with('-');
            if allowed(key) && !key.starts_with("data-") && forbidden_value(key, value).is_none() {
                kept.push((key.to_owned(), value.to_owned()));
            } else if !vendor {
                self.warn(at, format!("style of <{element}>: `{key}` dropped"));
            }
        }
        kept
    }
}

/// Tags that an element's attributes bind (the bindings are listed in
/// `web/core/bind.js`, the pins of symbols in `web/sym/symbols.js`).
fn bindings(mark: &Mark) -> Vec<String> {
    let mut names = Vec::new();
    for key in ["v", "h", "w", "x", "y", "state", "show"] {
        let first = mark.get(key).and_then(|v| v.split_whitespace().next());
        names.extend(first.map(str::to_owned));
    }
    if let (Some(symbol), Some(tag)) = (mark.get("sym"), mark.get("tag")) {
        names.extend(match symbol {
            "valve" if mark.get("kind") == Some("control") => Some(format!("{tag}.CMD")),
            "valve" | "motor" | "pump" => Some(format!("{tag}.STATE")),
            "val" if !tag.contains('.') => Some(format!("{tag}.PV")),
            "val" | "madi" | "state" => Some(tag.to_owned()),
            // An orifice or a connector measures nothing.
            _ => None,
        });
    }
    names
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn allowed(key: &str) -> bool {
    let suffix_plain = |s: &str| {
        !s.is_empty()
            && s.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if let Some(rest) = key.strip_prefix("data-").or(key.strip_prefix("aria-")) {
        return suffix_plain(rest);
    }
    ATTRIBUTES.binary_search(&key).is_ok() || ATTRIBUTES_MORE.contains(&key)
}

fn forbidden_value(key: &str, value: &str) -> Option<&'static str> {
    let squeezed: String = value
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .flat_map(char::to_lowercase)
        .collect();
    if key == "href" && !squeezed.starts_with('#') {
        return Some("refers out of the drawing");
    }
    if key.starts_with("data-") || key.starts_with("aria-") {
        return None;
    }
    if squeezed.contains("url(") && !squeezed.split("url(").skip(1).all(|r| r.starts_with('#')) {
        return Some("refers out of the drawing");
    }
    if squeezed.contains("javascript:")
        || squeezed.contains('\\')
        || squeezed.contains("expression(")
    {
        return Some("not a plain value");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(inner: &str) -> Clean {
        clean(&format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">{inner}</svg>"#
        ))
        .expect("well-formed")
    }

    #[test]
    fn both_lists_are_sorted_for_binary_search() {
        assert!(ELEMENTS.is_sorted());
        assert!(ATTRIBUTES.is_sorted());
    }

    #[test]
    fn the_tags_that_survive_the_cleaning_are_listed_with_their_lines() {
        let c = body(
            "<text data-v=\"TT-101.PV\"/>\n<rect data-h=\"LT-101.PV 0 100 0 330\"/>\n\
             <g data-sym=\"valve\" data-kind=\"control\" data-tag=\"FV-101\"/>\n\
             <g data-sym=\"valve\" data-tag=\"XV-101A\"/><g data-sym=\"motor\" data-tag=\"M-101\"/>\n\
             <g data-sym=\"val\" data-tag=\"TIC-101\"/><g data-sym=\"val\" data-tag=\"WT-101.PV\"/>\n\
             <g data-sym=\"orifice\" data-tag=\"FO-101\"/><g data-tag=\"NOTE\"/>\n\
             <image data-v=\"DROPPED.PV\"/>\n<g data-show=\"M-101.STATE == 1\" data-state=\"RG-1.TRIPPED\"/>",
        );
        let expected = [
            ("TT-101.PV", 1),
            ("LT-101.PV", 2),
            ("FV-101.CMD", 3),
            ("XV-101A.STATE", 4),
            ("M-101.STATE", 4),
            ("TIC-101.PV", 5),
            ("WT-101.PV", 5),
            ("RG-1.TRIPPED", 8),
            ("M-101.STATE", 8),
        ];
        let expected: Vec<_> = expected.map(|(n, l)| (n.to_owned(), l)).into();
        assert_eq!(c.bound, expected);
        assert_eq!(crate::display::bound_tags("<svg>"), Vec::new());
    }

    #[test]
    fn a_plain_drawing_with_bindings_comes_through() {
        let c = body(
            r#"<g data-sym="valve" data-tag="XV-101A" transform="translate(1 2)"><text x="1" data-v="TT-101.PV">A &amp; B</text></g>"#,
        );
        assert_eq!(c.warnings, Vec::<String>::new());
        assert_eq!(
            c.svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g data-sym="valve" data-tag="XV-101A" transform="translate(1 2)"><text x="1" data-v="TT-101.PV">A &amp; B</text></g></svg>"#
        );
    }

    #[test]
    fn scripts_and_foreign_content_go_with_everything_inside_them() {
        let c = body(
            "<script>alert(1)</script><foreignObject><g><text>x</text></g></foreignObject><image href='http://a/b'/><style>*{}</style><animate/><g/>",
        );
        assert_eq!(c.svg.matches("<g>").count(), 1);
        for word in [
            "script",
            "alert",
            "foreignObject",
            "image",
            "style",
            "animate",
            "text",
        ] {
            assert!(!c.svg.contains(word), "{word} in {}", c.svg);
        }
        assert_eq!(c.warnings.len(), 5);
    }

    #[test]
    fn event_attributes_and_outside_references_are_dropped_with_a_warning() {
        let c = body(
            "<g onclick='x()' onload='y()'/><use href='https://a/b#c'/><use xlink:href='#ok'/><use href=' java\tscript:x'/><path fill='url(http://a)' stroke='url(#p)'/>",
        );
        assert_eq!(
            c.svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><g></g><use></use><use href=\"#ok\"></use><use></use><path stroke=\"url(#p)\"></path></svg>"
        );
        assert_eq!(c.warnings.len(), 5);
    }

    #[test]
    fn style_becomes_presentation_attributes_and_wins_over_them() {
        let c = body(
            "<rect fill='red' style='fill:#fff; stroke : black;-inkscape-x:1;background:url(http://a)'/>",
        );
        assert!(
            c.svg.contains(r##"<rect fill="#fff" stroke="black">"##),
            "{}",
            c.svg
        );
        assert_eq!(c.warnings.len(), 1, "{:?}", c.warnings);
    }

    #[test]
    fn document_types_and_their_entities_do_not_survive() {
        let c = clean("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg><text>&a;&lt;</text></svg>")
            .expect("parses");
        assert!(!c.svg.contains("DOCTYPE") && !c.svg.contains("&a;"));
        assert!(c.svg.contains("&lt;"));
        assert_eq!(c.warnings.len(), 2);
    }

    #[test]
    fn a_warning_names_the_line() {
        let c = body("\n\n<script/>");
        assert_eq!(c.warnings, ["line 3: <script> dropped"]);
    }

    #[test]
    fn what_is_not_a_drawing_is_an_error() {
        assert_eq!(clean("<html/>"), Err(SvgError::NoSvg));
        assert_eq!(clean(""), Err(SvgError::NoSvg));
        assert!(matches!(
            clean("<svg><g></svg>"),
            Err(SvgError::Malformed { .. })
        ));
        assert!(matches!(clean("<svg><g>"), Err(SvgError::Malformed { .. })));
        let deep = format!("<svg>{}", "<g>".repeat(100));
        assert!(matches!(clean(&deep), Err(SvgError::TooDeep { .. })));
        let long = " ".repeat(SVG_BYTES_MAX + 1);
        assert!(matches!(clean(&long), Err(SvgError::TooLong { .. })));
    }

    proptest! {
        /// Whatever goes in: no panic, and what comes out is clean and stays as it is.
        #[test]
        fn cleaning_is_idempotent_and_never_lets_active_content_through(
            parts in proptest::collection::vec(prop_oneof![
                Just("<g>"), Just("</g>"), Just("<script>"), Just("</script>"), Just("x"), Just("&#x3c;script&#x3e;"),
                Just("<text onload='a'>"), Just("</text>"), Just("<use href='http://x'/>"), Just("<use href='#a'/>"),
                Just("<!-- <script> -->"), Just("<![CDATA[<script>]]>"), Just("&amp;"), Just("<path style='fill:url(x)'/>"),
                Just("\""), Just("<svg onload='x'>"), Just("</svg>"),
            ], 0..24)
        ) {
            let source = format!("<svg>{}</svg>", parts.concat());
            if let Ok(first) = clean(&source) {
                prop_assert!(!first.svg.contains("<script"));
                prop_assert!(!first.svg.contains("onload="));
                prop_assert!(!first.svg.contains("http://x"));
                let again = clean(&first.svg).expect("clean output is well-formed");
                prop_assert_eq!(again.svg, first.svg);
                prop_assert!(again.warnings.is_empty());
            }
        }

        #[test]
        fn no_text_makes_the_cleaner_panic(source in ".{0,200}") {
            let _ = clean(&source);
            let _ = clean(&format!("<svg>{source}</svg>"));
        }
    }
}
