//! The supervised processes: what each of the hazardous chemical processes under
//! key supervision (重点监管的危险化工工艺) must have measured, controlled and
//! interlocked.
//!
//! Sources: 安监总管三〔2009〕116号 (the first fifteen) and 安监总管三〔2013〕3号
//! (three more), restated in short. The lists are files, `processes/*.toml`, built
//! in; a plant lays its own over them by a file of the same `process` in its folder
//! `processes`, or adds one of its own.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{self, Words};
use crate::source::Sources;
use crate::tree::{self, Node, Reader};
use std::collections::BTreeMap;

/// What a requirement asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequirementKind {
    /// A value to be measured.
    Parameter,
    /// A control or a device.
    Control,
    /// An interlock.
    Interlock,
}

impl RequirementKind {
    const WORDS: [(&'static str, RequirementKind); 3] = [
        ("parameter", RequirementKind::Parameter),
        ("control", RequirementKind::Control),
        ("interlock", RequirementKind::Interlock),
    ];

    /// The word of the files.
    pub const fn word(self) -> &'static str {
        match self {
            RequirementKind::Parameter => "parameter",
            RequirementKind::Control => "control",
            RequirementKind::Interlock => "interlock",
        }
    }
}

/// How sure it is that the source says so.
const CONFIDENCE: [&str; 4] = ["verified", "high", "medium", "low"];

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `HYD-P03`.
    pub id: String,
    /// What it asks for.
    pub kind: RequirementKind,
    /// In words.
    pub text: Words,
    /// Where it is from.
    pub source: String,
    /// `verified` against the source, `high`, `medium` or `low`.
    pub confidence: String,
}

/// One process with its requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Key, `hydrogenation`.
    pub key: String,
    /// Number in the published list; none for a plant's own.
    pub number: Option<u32>,
    /// Version of the list.
    pub version: String,
    /// Title.
    pub title: Words,
    /// Requirements in the order of the file.
    pub requirements: Vec<Requirement>,
}

impl Process {
    /// The requirement of this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|row| row.id == id)
    }
}

macro_rules! built_in {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../processes/", $name, ".toml")))),*]
    };
}

const BUILT_IN: &[(&str, &str)] = built_in!(
    "phosgenation" "electrolysis" "chlorination" "nitration" "ammonia-synthesis"
    "cracking" "fluorination" "hydrogenation" "diazotisation" "oxidation"
    "peroxidation" "amination" "sulfonation" "polymerisation" "alkylation"
    "coal-chemistry" "calcium-carbide" "azo-coupling"
);

/// Processes by key.
pub type Library = BTreeMap<String, Process>;

/// The built-in lists, without a plant's own.
pub fn library() -> Library {
    let mut problems = Diagnostics::new();
    let texts = BUILT_IN.iter().map(|(name, text)| (*name, *text));
    let library = read_all(&Sources::from_texts(texts), |_| true, &mut problems);
    debug_assert!(problems.is_empty(), "the built-in lists have no problem");
    library
}

/// Whether a file of a plant is a list of its own.
pub(crate) fn is_list(name: &str) -> bool {
    name.starts_with("processes/") && name.ends_with(".toml")
}

/// The built-in lists with a plant's own laid over them.
pub(crate) fn library_with(sources: &Sources, problems: &mut Diagnostics) -> Library {
    let mut library = library();
    library.extend(read_all(sources, is_list, problems));
    library
}

fn read_all(
    sources: &Sources,
    wanted: impl Fn(&str) -> bool,
    problems: &mut Diagnostics,
) -> Library {
    let mut library = Library::new();
    for (file, (name, _)) in sources.files().iter().enumerate() {
        if wanted(name) {
            let root = tree::parse(sources, file, problems);
            if let Some(process) = read(&root, problems) {
                library.insert(process.key.clone(), process);
            }
        }
    }
    library
}

fn read(root: &Node, problems: &mut Diagnostics) -> Option<Process> {
    let mut reader = Reader::new(root, "process", problems)?;
    let key = reader.text_required("process");
    let number = reader.int("number", 1..=1_000).map(|n| n as u32);
    let version = reader.text_required("version");
    let rows = reader.tables("requirement");
    let title = reader.node("title");
    reader.finish();
    let title = draft::words(title, Some(root), "title", problems);
    let mut requirements: Vec<Requirement> = Vec::new();
    for node in rows {
        let Some(row) = read_requirement(node, problems) else {
            continue;
        };
        if requirements.iter().any(|other| other.id == row.id) {
            problems.push(
                codes::PROCESS,
                &node.place("id"),
                format!("a second requirement {}", row.id),
                "ids are unique in a list",
            );
        } else {
            requirements.push(row);
        }
    }
    Some(Process {
        key,
        number,
        version,
        title,
        requirements,
    })
}

fn read_requirement(node: &Node, problems: &mut Diagnostics) -> Option<Requirement> {
    let mut reader = Reader::new(node, "requirement", problems)?;
    let id = reader.text_required("id");
    let word = reader.text_required("kind");
    let mut words = RequirementKind::WORDS.iter();
    let kind = words.find(|(other, _)| *other == word);
    if kind.is_none() {
        reader.problem(
            codes::UNKNOWN_CHOICE,
            "kind",
            format!("no kind of requirement \"{word}\""),
            "parameter, control or interlock",
        );
    }
    let source = reader.text_required("source");
    let confidence = reader.text_required("confidence");
    if !CONFIDENCE.contains(&confidence.as_str()) {
        reader.problem(
            codes::UNKNOWN_CHOICE,
            "confidence",
            format!("no confidence \"{confidence}\""),
            CONFIDENCE.join(", "),
        );
    }
    let text = reader.node("text");
    reader.finish();
    let text = draft::words(text, Some(node), "text", problems);
    Some(Requirement {
        id,
        kind: kind?.1,
        text,
        source,
        confidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn all_eighteen_are_there_and_without_problem() {
        let mut problems = Diagnostics::new();
        let sources = Sources::from_texts(BUILT_IN.iter().copied());
        let library = read_all(&sources, |_| true, &mut problems);
        assert!(problems.is_empty(), "{}", problems.render(&sources));
        let numbers: BTreeSet<u32> = library.values().filter_map(|p| p.number).collect();
        assert!(numbers.into_iter().eq(1..=18));
        for (name, _) in BUILT_IN {
            assert!(library.contains_key(*name), "{name} is not in its own file");
        }
    }

    #[test]
    fn every_requirement_has_an_id_of_its_own_a_source_and_a_confidence() {
        let mut ids = BTreeSet::new();
        for process in library().values() {
            let published = if process.number.is_some_and(|n| n <= 15) {
                "安监总管三〔2009〕116号"
            } else {
                "安监总管三〔2013〕3号"
            };
            for row in &process.requirements {
                assert!(ids.insert(row.id.clone()), "{} twice", row.id);
                assert_eq!(row.source, published, "{}", row.id);
                assert!(CONFIDENCE.contains(&row.confidence.as_str()), "{}", row.id);
                assert!(row.text.zh.chars().any(|c| c > '\u{3000}'), "{}", row.id);
                assert!(row.text.en.is_ascii(), "{}", row.id);
            }
            for (_, kind) in RequirementKind::WORDS {
                let has = process.requirements.iter().any(|row| row.kind == kind);
                assert!(has, "{} asks for no {}", process.key, kind.word());
            }
        }
        assert!(ids.len() > 300, "{}", ids.len());
    }

    #[test]
    fn what_a_key_supervised_reactor_cannot_do_without_is_asked_for() {
        let library = library();
        for (process, words) in [
            ("hydrogenation", "氢气紧急切断"),
            ("nitration", "自动停止加料"),
            ("oxidation", "气相氧含量"),
            ("polymerisation", "终止剂"),
            ("phosgenation", "双电源"),
            ("azo-coupling", "肼流量"),
        ] {
            let rows = &library[process].requirements;
            assert!(
                rows.iter().any(|row| row.text.zh.contains(words)),
                "{process}"
            );
        }
    }
}
