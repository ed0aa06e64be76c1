//! Supervisory scripts of a plant: what they may touch, and where their text is.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::draft::{self, Draft, Words};
use crate::resolve::{DriverKinds, TaskPlan};
use crate::source::{Origin, Sources};
use crate::tree::{Node, Reader, Tree};
use core::ops::RangeInclusive;
use scan::{BlockDecl, Linked, Stage, TagOrigin, Value};
use std::collections::BTreeMap;

/// Scripts of one plant.
pub const SCRIPTS_MAX: usize = 16;
/// Tags that one script may declare, for reading and for writing each.
const TAGS_MAX: usize = 256;
/// Periods permitted, seconds.
const PERIOD_S: RangeInclusive<f64> = 0.1..=3_600.0;
/// Operations of one run that a text may permit.
const OPERATIONS: RangeInclusive<i64> = 1..=1_000_000;
/// Operations of one run unless the text says otherwise.
const OPERATIONS_DEFAULT: i64 = 100_000;

/// A script.
#[derive(Clone, Debug)]
pub struct ScriptDraft {
    /// Name, `campaign`.
    pub name: String,
    /// Description.
    pub desc: Words,
    /// Its file, from the plant's folder: `scripts/campaign.rhai`.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Time between two runs, seconds.
    pub period_s: f64,
    /// Tags that it may read.
    pub reads: Vec<String>,
    /// Tags that it may write.
    pub writes: Vec<String>,
    /// Tag whose becoming true lets it begin anew after a fault.
    pub restart: Option<String>,
    /// Operations of one run.
    pub operations_max: u64,
    /// Where it is declared.
    pub node: Node,
}

/// Something wrong in the text of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProblem {
    /// Line, from 1; 0 if the place is not known.
    pub line: usize,
    /// Column, from 1, in characters; 0 if the place is not known.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

pub(crate) fn read(
    node: &Node,
    sources: &Sources,
    problems: &mut Diagnostics,
) -> Option<ScriptDraft> {
    let mut reader = Reader::new(node, "script", problems)?;
    let name = reader.text_required("name");
    let is_name = !name.is_empty()
        && name.len() <= 32
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        reader.problem(
            codes::SCRIPT,
            "name",
            format!("\"{name}\" is not the name of a script"),
            "small letters, digits and hyphens, 32 at most",
        );
    }
    let file = reader.text_required("file");
    let text = sources
        .find(&file)
        .filter(|_| file.starts_with("scripts/") && file.ends_with(".rhai"))
        .map(|index| sources.files()[index].1.clone());
    if text.is_none() && !file.is_empty() {
        reader.problem(
            codes::SCRIPT,
            "file",
            format!("there is no script {file}"),
            "file = \"scripts/NAME.rhai\", a file in the folder scripts of the plant",
        );
    }
    if reader.node("period_s").is_none() {
        reader.problem(
            codes::MISSING_KEY,
            "period_s",
            "period_s is missing",
            "give period_s = 1.0",
        );
    }
    let period_s = reader.real("period_s", PERIOD_S).unwrap_or(1.0);
    let operations = reader.int("operations_max", OPERATIONS);
    let reads = tags(&mut reader, "reads");
    let writes = tags(&mut reader, "writes");
    let restart = reader.text("restart");
    let desc = reader.node("desc");
    reader.finish();
    let desc = draft::words(desc, Some(node), "desc", problems);
    Some(ScriptDraft {
        name,
        desc,
        file,
        text: text.unwrap_or_default(),
        period_s,
        reads,
        writes,
        restart,
        operations_max: operations.unwrap_or(OPERATIONS_DEFAULT) as u64,
        node: node.clone(),
    })
}

/// A list of tag names; each name once.
fn tags(reader: &mut Reader<'_, '_>, key: &str) -> Vec<String> {
    let Some(node) = reader.node(key) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    let mut wrong = None;
    match &node.tree {
        Tree::List(items) if items.len() <= TAGS_MAX => {
            for item in items {
                match item.text() {
                    Some(tag) if !found.iter().any(|other| other == tag) => {
                        found.push(tag.to_string());
                    }
                    Some(tag) => wrong = Some(format!("{tag} is declared twice")),
                    None => wrong = Some("a tag is a text".to_string()),
                }
            }
        }
        _ => wrong = Some(format!("{key} is a list of {TAGS_MAX} tags at most")),
    }
    if let Some(message) = wrong {
        reader.problem(
            codes::SCRIPT,
            key,
            message,
            format!("{key} = [\"TT-101.PV\"]"),
        );
    }
    found
}

/// What the linked programs say of tags that a script names.
#[derive(Default)]
pub(crate) struct Targets(BTreeMap<String, Verdict>);

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Writable,
    ReadOnly,
    Protective,
    Locked,
}

impl Targets {
    /// Takes the tags of a task's program.
    pub(crate) fn add(&mut self, plan: &TaskPlan, linked: &Linked) {
        let blocks: BTreeMap<&str, &BlockDecl> = plan
            .input
            .blocks
            .iter()
            .map(|decl| (decl.name.as_str(), decl))
            .collect();
        for (name, entry) in &linked.tags {
            if name.contains('/') {
                continue;
            }
            let block = blocks.get(name.split('.').next().unwrap_or_default());
            let is_tuning = entry.origin == TagOrigin::Operator;
            let is_protective = entry.is_protective
                || block.is_some_and(|decl| {
                    is_tuning && decl.stage.unwrap_or(decl.kind.stage) == Stage::Protect
                });
            let is_locked = is_tuning
                && block.is_some_and(|decl| decl.config.get("locked") == Some(&Value::Bool(true)));
            let verdict = if is_protective {
                Verdict::Protective
            } else if is_locked {
                Verdict::Locked
            } else if entry.writable.is_none() {
                Verdict::ReadOnly
            } else {
                Verdict::Writable
            };
            self.0.insert(name.clone(), verdict);
        }
    }
}

/// Checks scripts: their tags and their texts. `owners` holds the task of every
/// tag, also of programs that do not link.
pub(crate) fn check(
    draft: &Draft,
    sources: &Sources,
    kinds: &dyn DriverKinds,
    owners: &BTreeMap<String, String>,
    targets: &Targets,
    problems: &mut Diagnostics,
) {
    if let Some(script) = draft.scripts.get(SCRIPTS_MAX) {
        problems.push(
            codes::SCRIPT,
            &script.node.at,
            format!("more than {SCRIPTS_MAX} scripts"),
            "join scripts, or divide the plant among stations",
        );
    }
    for script in &draft.scripts {
        let mut unknown = |tag: &str, path: &str| {
            if !tag.contains('/') && owners.contains_key(tag) {
                return false;
            }
            let names = owners.keys().filter(|name| !name.contains('/'));
            let near = scan::wiring::nearest(tag, names.map(String::as_str));
            problems.push(
                codes::SCRIPT,
                &script.node.place(path),
                format!("there is no tag {tag}"),
                near.map_or_else(String::new, |near| format!("did you mean {near}?")),
            );
            true
        };
        for (at, tag) in script.reads.iter().enumerate() {
            unknown(tag, &format!("reads.{}", at + 1));
        }
        if let Some(tag) = &script.restart {
            unknown(tag, "restart");
        }
        let known: Vec<usize> = script
            .writes
            .iter()
            .enumerate()
            .filter(|(at, tag)| !unknown(tag, &format!("writes.{}", at + 1)))
            .map(|(at, _)| at)
            .collect();
        for at in known {
            let tag = &script.writes[at];
            let words = match targets.0.get(tag) {
                Some(Verdict::ReadOnly) => "is not for people to write, so no script may either",
                Some(Verdict::Protective) => "belongs to protection, which no script touches",
                Some(Verdict::Locked) => "is locked: a new edition changes it, nothing else",
                Some(Verdict::Writable) | None => continue,
            };
            problems.push(
                codes::SCRIPT,
                &script.node.place(&format!("writes.{}", at + 1)),
                format!("{tag} {words}"),
                "write a set-point, a mode or a tag with an initial value",
            );
        }
        if script.text.is_empty() {
            continue;
        }
        let file = sources.find(&script.file).unwrap_or_default();
        for problem in kinds.check_script(script) {
            let span = span(&script.text, problem.line, problem.column);
            problems.push(
                codes::SCRIPT_TEXT,
                &Origin::new(file, span),
                problem.message,
                "see the guide on scripts",
            );
        }
    }
}

/// Bytes of the word at a line and column.
fn span(text: &str, line: usize, column: usize) -> core::ops::Range<usize> {
    let Some(line) = line.checked_sub(1) else {
        return 0..0;
    };
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let skipped = rest
        .chars()
        .take_while(|c| *c != '\n')
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum::<usize>();
    let word = rest
        .get(skipped..)
        .unwrap_or_default()
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '"' | '.' | '-'))
        .map(char::len_utf8)
        .sum::<usize>();
    start + skipped..start + skipped + word.max(1)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_line_and_a_column_become_a_place() {
        let text = "let a = 1;\n温 = read(\"X.PV\");\n";
        assert_eq!(&text[span(text, 1, 5)], "a");
        assert_eq!(&text[span(text, 2, 5)], "read");
        assert_eq!(&text[span(text, 2, 10)], "\"X.PV\"");
        assert_eq!(span(text, 0, 0), 0..0);
        assert_eq!(span(text, 9, 9).start, text.len());
    }
}
