//! What is wrong with displays, as far as text can tell: names of tags, symbols,
//! displays and parameters that do not exist, missing Chinese, letters too small. And
//! what may be so but should not: colours that no theme knows, numbers without their
//! unit, equipment that nobody can operate.

use crate::display::{Display, Labelled, Panel, Sidecar, fill};
use crate::svg;

/// Symbols of `web/sym/symbols.js`. Sorted.
pub const SYMBOLS: [&str; 9] = [
    "connector",
    "exchanger",
    "madi",
    "motor",
    "orifice",
    "pump",
    "state",
    "val",
    "valve",
];

/// Bindings of `web/core/bind.js` and of the symbols, without `data-`. Sorted.
pub const BINDINGS: [&str; 20] = [
    "bare", "en", "en2", "face", "h", "high", "kind", "label", "nav", "ok", "show", "state", "sym",
    "tag", "v", "w", "wide", "x", "y", "zh",
];
const BINDINGS_MORE: [&str; 1] = ["zh2"];

/// The least size of letters, px (ISO 9241-303: 16' of arc at 70 cm is about 16 px;
/// names and units may be smaller).
const TEXT_PX_MIN: f64 = 12.0;

/// Which file of a display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// The drawing.
    Drawing,
    /// The sidecar.
    Sidecar,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Where.
    pub file: File,
    /// Line, from 1; 0 if only the name is known.
    pub line: usize,
    /// The name that is wrong, as it stands in the file; empty if none.
    pub name: String,
    /// What is wrong.
    pub what: String,
    /// Whether the name is that of a tag.
    pub is_tag: bool,
    /// Whether the display works all the same: to be warned of.
    pub is_style: bool,
}

impl Finding {
    fn new(file: File, line: usize, name: &str, what: String) -> Finding {
        Finding {
            file,
            line,
            name: name.to_owned(),
            what,
            is_tag: false,
            is_style: false,
        }
    }

    fn style(line: usize, name: &str, what: String) -> Finding {
        Finding {
            is_style: true,
            ..Finding::new(File::Drawing, line, name, what)
        }
    }
}

/// Names that a display may use.
pub struct Names<'a> {
    /// Whether there is such a tag.
    pub tag: &'a dyn Fn(&str) -> bool,
    /// Whether there is such a display.
    pub display: &'a dyn Fn(&str) -> bool,
    /// The unit of a tag; empty if it has none.
    pub unit: &'a dyn Fn(&str) -> String,
}

/// Looks at one display.
pub fn lint(display: &Display, names: &Names<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let sidecar: Sidecar = match toml::from_str(&display.toml) {
        Ok(sidecar) => sidecar,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let line = 1 + display.toml[..at].matches('\n').count();
            let what = error.message().to_owned();
            return vec![Finding::new(File::Sidecar, line, "", what)];
        }
    };
    side(&sidecar, names, &mut found);
    match fill(&display.svg, &sidecar.params) {
        Ok(svg) => drawing(&svg, names, &mut found),
        Err((name, why)) => {
            let what = format!("parameter {name}: {why}");
            found.push(Finding::new(File::Sidecar, 0, &name, what));
        }
    }
    found
}

fn side(sidecar: &Sidecar, names: &Names<'_>, found: &mut Vec<Finding>) {
    let mut complain =
        |name: &str, what: String| found.push(Finding::new(File::Sidecar, 0, name, what));
    let labels = sidecar.headline.iter().chain(&sidecar.sparks);
    let mut texts = vec![&sidecar.title, &sidecar.short];
    let mut tags: Vec<&str> = labels.clone().map(|l| l.tag.as_str()).collect();
    texts.extend(labels.filter_map(|l| l.label.as_ref()));
    let of = |list: &[Labelled]| -> Vec<String> { list.iter().map(|l| l.tag.clone()).collect() };
    let mut owned: Vec<String> = Vec::new();
    for card in &sidecar.cards {
        texts.push(&card.title);
        texts.extend(card.values.iter().filter_map(|l| l.label.as_ref()));
        owned.extend(of(&card.values));
        owned.extend(card.phase.iter().map(|block| format!("{block}.STATE")));
        if let Some(nav) = card.nav.as_deref().filter(|nav| !(names.display)(nav)) {
            complain(nav, format!("there is no display {nav}"));
        }
    }
    for panel in &sidecar.panels {
        match panel {
            Panel::Trend { .. } => {}
            Panel::Block {
                title,
                tags,
                progress,
                ..
            } => {
                texts.push(title);
                texts.extend(tags.iter().filter_map(|l| l.label.as_ref()));
                owned.extend(of(tags));
                owned.extend(progress.iter().flatten().cloned());
            }
            Panel::Interlock { group } => owned.push(format!("{group}.TRIPPED")),
            Panel::Phase { block } => owned.push(format!("{block}.STATE")),
            Panel::Permit { block } => owned.push(format!("{block}.OK")),
        }
    }
    for set in &sidecar.trend_sets {
        texts.push(&set.title);
        tags.extend(set.pens.iter().map(String::as_str));
    }
    for words in &sidecar.words {
        texts.extend([&words.off, &words.on]);
        tags.push(&words.tag);
    }
    tags.extend(owned.iter().map(String::as_str));
    if let Some(parent) = sidecar.parent.as_deref().filter(|p| !(names.display)(p)) {
        complain(parent, format!("there is no display {parent}"));
    }
    for text in texts {
        if text.zh.trim().is_empty() {
            complain(&text.en, format!("«{}» has no Chinese text", text.en));
        }
    }
    for tag in tags.into_iter().filter(|tag| !(names.tag)(tag)) {
        found.push(Finding {
            is_tag: true,
            ..Finding::new(File::Sidecar, 0, tag, format!("there is no tag {tag}"))
        });
    }
}

fn drawing(text: &str, names: &Names<'_>, found: &mut Vec<Finding>) {
    if text.trim().is_empty() {
        return;
    }
    let clean = match svg::clean(text) {
        Ok(clean) => clean,
        Err(error) => {
            found.push(Finding::new(File::Drawing, 1, "", error.to_string()));
            return;
        }
    };
    for (tag, line) in &clean.bound {
        if !(names.tag)(tag) {
            found.push(Finding {
                is_tag: true,
                ..Finding::new(File::Drawing, *line, tag, format!("there is no tag {tag}"))
            });
        }
    }
    for mark in &clean.marks {
        let mut complain = |name: &str, what: String| {
            found.push(Finding::new(File::Drawing, mark.line, name, what))
        };
        for (key, _) in &mark.data {
            let known = BINDINGS.binary_search(&key.as_str()).is_ok()
                || BINDINGS_MORE.contains(&key.as_str());
            if !known {
                let name = format!("data-{key}");
                complain(&name, format!("there is no binding {name}"));
            }
        }
        if let Some(symbol) = mark
            .get("sym")
            .filter(|s| SYMBOLS.binary_search(s).is_err())
        {
            complain(symbol, format!("there is no symbol {symbol}"));
        }
        if let Some(nav) = mark.get("nav").filter(|nav| !(names.display)(nav)) {
            complain(nav, format!("there is no display {nav}"));
        }
        for (en, zh) in [("en", "zh"), ("en2", "zh2")] {
            if let Some(words) = mark.get(en).filter(|_| mark.get(zh).is_none()) {
                complain(words, format!("«{words}» has no Chinese text (data-{zh})"));
            }
        }
    }
    for mark in &clean.marks {
        style(mark, text, names, found);
    }
    for (at, line) in text.lines().enumerate() {
        found.extend(colours(line).map(|colour| {
            let what = format!("the colour {colour} follows no theme: take a class of the palette");
            Finding::style(at + 1, colour, what)
        }));
        for size in line.split("font-size=\"").skip(1) {
            let digits = size.split(['"', 'p']).next().unwrap_or_default();
            if digits.parse().is_ok_and(|px: f64| px < TEXT_PX_MIN) {
                let what = format!("letters of {digits} px are too small to read");
                found.push(Finding::new(File::Drawing, at + 1, "font-size", what));
            }
        }
    }
}

/// Symbols of equipment that people operate.
const OPERATED: [&str; 3] = ["motor", "pump", "valve"];

/// What of one element could be better.
fn style(mark: &svg::Mark, text: &str, names: &Names<'_>, found: &mut Vec<Finding>) {
    if let (Some(symbol), None) = (mark.get("sym"), mark.get("face"))
        && OPERATED.contains(&symbol)
    {
        let name = mark.get("tag").unwrap_or(symbol);
        let what = format!("the {symbol} {name} has no data-face: nobody can open its faceplate");
        found.push(Finding::style(mark.line, name, what));
    }
    if let Some(tag) = mark.get("v") {
        let unit = (names.unit)(tag);
        // The unit stands behind the number: on its line of the text or the next.
        let near = text.lines().skip(mark.line.saturating_sub(1)).take(2);
        let has_unit = |line: &str| line.split('>').skip(1).any(|part| part.contains(&unit));
        if !unit.is_empty() && !near.into_iter().any(has_unit) {
            let what = format!("{tag} is shown without its unit {unit}");
            found.push(Finding::style(mark.line, tag, what));
        }
    }
}

/// Colours that a line states, by attribute or by style.
fn colours(line: &str) -> impl Iterator<Item = &str> {
    let stated = move |key: &'static str, open: &'static str| {
        line.match_indices(key).filter_map(move |(at, _)| {
            let value = line[at + key.len()..].trim_start().strip_prefix(open)?;
            let value = value.trim_start().split(['"', '\'', ';']).next()?.trim();
            let is_free = ["none", "currentColor", "inherit", "transparent", ""].contains(&value)
                || value.starts_with("url(#");
            (!is_free).then_some(value)
        })
    };
    ["fill", "stroke"]
        .into_iter()
        .flat_map(move |key| [":", "=\"", "='"].map(|open| (key, open)))
        .flat_map(move |(key, open)| stated(key, open))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str =
        "title = { en = \"A\", zh = \"甲\" }\nshort = { en = \"A\", zh = \"甲\" }\nlevel = 2\n";

    fn look(svg: &str, toml: &str) -> Vec<(File, usize, String)> {
        let display = Display {
            id: "a".into(),
            svg: svg.into(),
            toml: toml.into(),
        };
        let names = Names {
            tag: &|name| name.starts_with("TT-1"),
            display: &|name| name == "r101",
            unit: &|name| {
                if name.starts_with("TT-1") && name.ends_with(".PV") {
                    "°C"
                } else {
                    ""
                }
                .to_owned()
            },
        };
        let found = lint(&display, &names);
        assert!(found.iter().all(|f| !f.is_tag || !f.is_style));
        found
            .into_iter()
            .map(|f| (f.file, f.line, f.what))
            .collect()
    }

    #[test]
    fn the_symbols_and_bindings_are_those_of_the_pages() {
        let js = include_str!("../web/sym/symbols.js");
        let at = js
            .find("export const symbols = {")
            .expect("a table of symbols");
        let table = js[at..].split(['{', '}']).nth(1).expect("its names");
        let mut names: Vec<&str> = table.split(',').map(str::trim).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        assert_eq!(names, SYMBOLS);
        assert!(BINDINGS.is_sorted());
    }

    #[test]
    fn every_wrong_name_of_a_drawing_is_found_with_its_line() {
        let svg = "<svg>\n<text data-v=\"TT-999.PV\"/>\n<g data-sym=\"reactor\" data-tag=\"TT-1\"/>\n\
                   <g data-nav=\"r999\"/><g data-vv=\"x\"/>\n<text data-en=\"Brine\" font-size=\"9\"/></svg>";
        let found = look(svg, TOML);
        let expected = [
            (2, "there is no tag TT-999.PV"),
            (3, "there is no symbol reactor"),
            (4, "there is no display r999"),
            (4, "there is no binding data-vv"),
            (5, "«Brine» has no Chinese text (data-zh)"),
            (5, "letters of 9 px are too small to read"),
        ];
        let expected: Vec<_> = expected
            .map(|(line, what)| (File::Drawing, line, what.to_owned()))
            .into();
        assert_eq!(found, expected);
    }

    #[test]
    fn colours_of_no_theme_numbers_without_unit_and_equipment_that_nobody_can_operate_are_told() {
        let svg = "<svg>\n<path fill=\"#ff0000\" stroke='none'/><rect style=\"fill: url(#a); stroke:red;stroke-width:2\"/>\n\
                   <g data-sym=\"valve\" data-tag=\"TT-1\"/><g data-sym=\"pump\" data-tag=\"TT-1\" data-face=\"TT-1\"/>\n\
                   <text data-v=\"TT-1.PV\"/><text>°C</text>\n<text data-v=\"TT-11.PV\"/>\n<text data-v=\"TT-1.OK\"/>\n</svg>";
        let found = look(svg, TOML);
        let expected = [
            (
                3,
                "the valve TT-1 has no data-face: nobody can open its faceplate",
            ),
            (5, "TT-11.PV is shown without its unit °C"),
            (
                2,
                "the colour #ff0000 follows no theme: take a class of the palette",
            ),
            (
                2,
                "the colour red follows no theme: take a class of the palette",
            ),
        ];
        let expected: Vec<_> = expected
            .map(|(line, what)| (File::Drawing, line, what.to_owned()))
            .into();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_wrong_name_of_a_sidecar_is_found_and_a_good_display_has_no_finding() {
        let bad = format!(
            "{}parent = \"none\"\n[[trend_sets]]\ntitle = {{ en = \"T\", zh = \"\" }}\npens = [\"TT-1.PV\", \"FT-9.PV\"]\n",
            TOML
        );
        let what: Vec<String> = look("", &bad).into_iter().map(|f| f.2).collect();
        let expected = [
            "there is no display none",
            "«T» has no Chinese text",
            "there is no tag FT-9.PV",
        ];
        assert_eq!(what, expected);
        assert_eq!(look("<svg><g data-nav=\"r101\"/></svg>", TOML), []);
        assert_eq!(look("<svg>{n}</svg>", TOML).len(), 1);
        assert_eq!(look("", "level = x")[0].1, 1);
    }
}
