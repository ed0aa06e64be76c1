//! TOML with every place kept, and typed questions that note what is wrong.

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::source::{Origin, Sources};
use core::ops::RangeInclusive;
use scan::Value;
use scan::wiring::nearest;
use std::collections::BTreeSet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub tree: Tree,
    /// Its place.
    pub at: Origin,
}

/// A TOML value.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Tree {
    Real(f64),
    Int(i64),
    Bool(bool),
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

/// A table in the order of its keys' places.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: Vec<(String, Origin, Node)>,
}

/// Parses one file; syntax errors are noted, what could be read is kept.
pub fn parse(sources: &Sources, file: usize, problems: &mut Diagnostics) -> Node {
    let text = sources.files().get(file).map_or("", |(_, text)| text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        problems.push(
            codes::SYNTAX,
            &Origin::new(file, span),
            error.message().to_string(),
            "see toml.io for the notation",
        );
    }
    let span = root.span();
    let mut depth = 0;
    Node {
        tree: Tree::Table(table(root.into_inner(), file, &mut depth, problems)),
        at: Origin::new(file, span),
    }
}

/// Deepest nesting of values that is read; plant text needs six.
const DEPTH_MAX: usize = 32;

fn table(source: DeTable<'_>, file: usize, depth: &mut usize, problems: &mut Diagnostics) -> Table {
    let mut entries: Vec<(String, Origin, Node)> = source
        .into_iter()
        .map(|(key, value)| {
            let at = Origin::new(file, key.span());
            (
                key.into_inner().into_owned(),
                at,
                node(value, file, depth, problems),
            )
        })
        .collect();
    entries.sort_by(|a, b| a.1.cmp(&b.1));
    Table { entries }
}

fn node(
    value: Spanned<DeValue<'_>>,
    file: usize,
    depth: &mut usize,
    problems: &mut Diagnostics,
) -> Node {
    let at = Origin::new(file, value.span());
    *depth += 1;
    let tree = if *depth > DEPTH_MAX {
        problems.push(
            codes::SYNTAX,
            &at,
            "nested too deeply",
            format!("at most {DEPTH_MAX} levels"),
        );
        Tree::Bool(false)
    } else {
        match value.into_inner() {
            DeValue::String(text) => Tree::Text(text.into_owned()),
            DeValue::Boolean(bool) => Tree::Bool(bool),
            DeValue::Integer(int) => match i64::from_str_radix(int.as_str(), int.radix()) {
                Ok(int) => Tree::Int(int),
                Err(_) => {
                    problems.push(
                        codes::OUT_OF_RANGE,
                        &at,
                        "whole number beyond 64 bits",
                        "use a smaller number",
                    );
                    Tree::Int(0)
                }
            },
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(real) if real.is_finite() => Tree::Real(real),
                _ => {
                    problems.push(
                        codes::OUT_OF_RANGE,
                        &at,
                        "not a finite number",
                        "a plant knows no NaN and no infinity",
                    );
                    Tree::Real(0.0)
                }
            },
            DeValue::Datetime(datetime) => Tree::Text(datetime.to_string()),
            DeValue::Array(items) => Tree::List(
                items
                    .into_iter()
                    .map(|item| node(item, file, depth, problems))
                    .collect(),
            ),
            DeValue::Table(inner) => Tree::Table(table(inner, file, depth, problems)),
        }
    };
    *depth -= 1;
    Node { tree, at }
}

impl Node {
    pub(crate) fn word(&self) -> &'static str {
        match self.tree {
            Tree::Real(_) => "a real number",
            Tree::Int(_) => "a whole number",
            Tree::Bool(_) => "true or false",
            Tree::Text(_) => "a text",
            Tree::List(_) => "a list",
            Tree::Table(_) => "a table",
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn real(&self) -> Option<f64> {
        match self.tree {
            Tree::Real(real) => Some(real),
            Tree::Int(int) => Some(int as f64),
            _ => None,
        }
    }

    /// The value without places, for block tables.
    pub fn to_value(&self) -> Value {
        match &self.tree {
            Tree::Real(real) => Value::Real(*real),
            Tree::Int(int) => Value::Int(*int),
            Tree::Bool(bool) => Value::Bool(*bool),
            Tree::Text(text) => Value::Text(text.clone()),
            Tree::List(items) => Value::List(items.iter().map(Node::to_value).collect()),
            Tree::Table(table) => Value::Table(
                table
                    .entries
                    .iter()
                    .map(|(key, _, node)| (key.clone(), node.to_value()))
                    .collect(),
            ),
        }
    }

    /// The value as TOML, for driver tables.
    pub fn to_toml(&self) -> toml::Value {
        match &self.tree {
            Tree::Real(real) => toml::Value::Float(*real),
            Tree::Int(int) => toml::Value::Integer(*int),
            Tree::Bool(bool) => toml::Value::Boolean(*bool),
            Tree::Text(text) => toml::Value::String(text.clone()),
            Tree::List(items) => toml::Value::Array(items.iter().map(Node::to_toml).collect()),
            Tree::Table(table) => toml::Value::Table(table.to_toml(&[])),
        }
    }

    /// The place of a key itself, not of its value; the whole if there is none.
    pub fn key_place(&self, key: &str) -> Origin {
        let place = match &self.tree {
            Tree::Table(table) => table.key_place(key),
            _ => None,
        };
        place.unwrap_or(&self.at).clone()
    }

    /// Whether the table has the key that a path begins with.
    pub fn has(&self, path: &str) -> bool {
        let key = path.split('.').next().unwrap_or_default();
        matches!(&self.tree, Tree::Table(table) if table.get(key).is_some())
    }

    /// The place of a value inside, by a path such as `causes.2.tag`; the nearest
    /// place that exists.
    pub fn place(&self, path: &str) -> Origin {
        let mut node = self;
        let mut at = &self.at;
        for step in path.split('.') {
            match &node.tree {
                Tree::Table(table) => match table.entries.iter().find(|(key, ..)| key == step) {
                    Some((_, _, inner)) => {
                        node = inner;
                        at = &inner.at;
                    }
                    None => break,
                },
                Tree::List(items) => {
                    let index = step.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                    match index.and_then(|index| items.get(index)) {
                        Some(inner) => {
                            node = inner;
                            at = &inner.at;
                        }
                        None => break,
                    }
                }
                _ => break,
            }
        }
        at.clone()
    }
}

impl Node {
    /// Appends to the list of a key of this table; the list is made if there is none.
    pub(crate) fn push(&mut self, key: &str, item: Node) {
        let Tree::Table(table) = &mut self.tree else {
            return;
        };
        let found = table.entries.iter_mut().find(|(other, ..)| other == key);
        match found {
            Some((_, _, node)) => {
                if let Tree::List(items) = &mut node.tree {
                    items.push(item);
                }
            }
            None => {
                let at = item.at.clone();
                let list = Node {
                    tree: Tree::List(vec![item]),
                    at: at.clone(),
                };
                table.entries.push((key.to_string(), at, list));
            }
        }
    }

    /// Gives a key of this table a value.
    pub(crate) fn set(&mut self, key: &str, value: Node) {
        let Tree::Table(table) = &mut self.tree else {
            return;
        };
        table.entries.retain(|(other, ..)| other != key);
        table
            .entries
            .push((key.to_string(), value.at.clone(), value));
    }
}

impl Table {
    /// A table that was not written as such; each key stands where its value does.
    pub(crate) fn of(entries: impl IntoIterator<Item = (String, Node)>) -> Table {
        Table {
            entries: entries
                .into_iter()
                .map(|(key, node)| (key, node.at.clone(), node))
                .collect(),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|(other, ..)| other == key)
            .map(|(.., node)| node)
    }

    /// The place of a key itself.
    pub fn key_place(&self, key: &str) -> Option<&Origin> {
        self.entries
            .iter()
            .find(|(other, ..)| other == key)
            .map(|(_, at, _)| at)
    }

    /// Keys in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, ..)| key.as_str())
    }

    /// As TOML, without some keys.
    pub fn to_toml(&self, without: &[&str]) -> toml::Table {
        self.entries
            .iter()
            .filter(|(key, ..)| !without.contains(&key.as_str()))
            .map(|(key, _, node)| (key.clone(), node.to_toml()))
            .collect()
    }
}

/// Typed questions to one table. What nobody asks for is an unknown key.
pub struct Reader<'t, 'p> {
    table: &'t Table,
    at: Origin,
    asked: BTreeSet<String>,
    problems: &'p mut Diagnostics,
}

impl<'t, 'p> Reader<'t, 'p> {
    /// Reads a node that should be a table; another type is noted.
    pub fn new(
        node: &'t Node,
        what: &str,
        problems: &'p mut Diagnostics,
    ) -> Option<Reader<'t, 'p>> {
        match &node.tree {
            Tree::Table(table) => Some(Reader {
                table,
                at: node.at.clone(),
                asked: BTreeSet::new(),
                problems,
            }),
            _ => {
                problems.push(
                    codes::WRONG_TYPE,
                    &node.at,
                    format!("{what} is {}, not a table", node.word()),
                    format!("write [[{what}]] and its keys below"),
                );
                None
            }
        }
    }

    /// The value of a key, any type.
    pub fn node(&mut self, key: &str) -> Option<&'t Node> {
        self.asked.insert(key.to_string());
        self.table.get(key)
    }

    /// Place of a key's value, or of the table.
    pub fn place(&self, key: &str) -> Origin {
        self.table
            .get(key)
            .map_or_else(|| self.at.clone(), |node| node.at.clone())
    }

    /// Place of the whole table.
    pub const fn whole(&self) -> &Origin {
        &self.at
    }

    /// Notes a problem.
    pub fn problem(
        &mut self,
        code: codes::Code,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let at = self.place(key);
        self.problems.push(code, &at, message, help);
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, found: &Node) {
        self.problems.push(
            codes::WRONG_TYPE,
            &found.at,
            format!("{key} must be {wanted}, this is {}", found.word()),
            String::new(),
        );
    }

    fn missing(&mut self, key: &str, wanted: &str) {
        let at = self.at.clone();
        self.problems.push(
            codes::MISSING_KEY,
            &at,
            format!("{key} is missing"),
            format!("give {key} = {wanted}"),
        );
    }

    /// A text, or none.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let node = self.node(key)?;
        match node.text() {
            Some(text) => Some(text.to_string()),
            None => {
                self.wrong_type(key, "a text", node);
                None
            }
        }
    }

    /// A list of texts, or none.
    pub fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let node = self.node(key)?;
        let texts = match &node.tree {
            Tree::List(items) => items
                .iter()
                .map(|item| item.text().map(str::to_string))
                .collect(),
            _ => None,
        };
        if texts.is_none() {
            self.wrong_type(key, "a list of texts", node);
        }
        texts
    }

    /// A text that must be there; empty if not.
    pub fn text_required(&mut self, key: &str) -> String {
        if self.table.get(key).is_none() {
            self.missing(key, "\"…\"");
        }
        self.text(key).unwrap_or_default()
    }

    /// A number within a range, or none.
    pub fn real(&mut self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let node = self.node(key)?;
        let Some(real) = node.real() else {
            self.wrong_type(key, "a number", node);
            return None;
        };
        if range.contains(&real) {
            return Some(real);
        }
        self.problem(
            codes::OUT_OF_RANGE,
            key,
            format!(
                "{key} = {real} is outside {} … {}",
                range.start(),
                range.end()
            ),
            String::new(),
        );
        None
    }

    /// A whole number within a range, or none.
    pub fn int(&mut self, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let node = self.node(key)?;
        match node.tree {
            Tree::Int(int) if range.contains(&int) => Some(int),
            Tree::Int(int) => {
                self.problem(
                    codes::OUT_OF_RANGE,
                    key,
                    format!(
                        "{key} = {int} is outside {} … {}",
                        range.start(),
                        range.end()
                    ),
                    String::new(),
                );
                None
            }
            _ => {
                self.wrong_type(key, "a whole number", node);
                None
            }
        }
    }

    /// A yes or no, or none.
    pub fn bool(&mut self, key: &str) -> Option<bool> {
        let node = self.node(key)?;
        match node.tree {
            Tree::Bool(bool) => Some(bool),
            _ => {
                self.wrong_type(key, "true or false", node);
                None
            }
        }
    }

    /// A yes or no if the value is one; another type is no mistake here.
    pub fn bool_quiet(&mut self, key: &str) -> Option<bool> {
        match self.node(key)?.tree {
            Tree::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// A pair of numbers `[low, high]`, or none.
    pub fn pair(&mut self, key: &str) -> Option<(f64, f64)> {
        let node = self.node(key)?;
        if let Tree::List(items) = &node.tree
            && let [low, high] = items.as_slice()
            && let (Some(low), Some(high)) = (low.real(), high.real())
        {
            return Some((low, high));
        }
        self.wrong_type(key, "two numbers [low, high]", node);
        None
    }

    /// Items of an array of tables; empty if absent.
    pub fn tables(&mut self, key: &str) -> Vec<&'t Node> {
        match self.node(key) {
            None => Vec::new(),
            Some(node) => match &node.tree {
                Tree::List(items) => items.iter().collect(),
                _ => {
                    self.wrong_type(key, &format!("a list of tables [[{key}]]"), node);
                    Vec::new()
                }
            },
        }
    }

    /// Ends the reading: unknown keys are noted.
    pub fn finish(self) {
        for (key, at, _) in &self.table.entries {
            if !self.asked.contains(key) {
                let near = nearest(key, self.asked.iter().map(String::as_str));
                let help = near.map_or_else(
                    || {
                        let known: Vec<&str> = self.asked.iter().map(String::as_str).collect();
                        format!("known here: {}", known.join(", "))
                    },
                    |near| format!("did you mean {near}?"),
                );
                self.problems
                    .push(codes::UNKNOWN_KEY, at, format!("nobody reads {key}"), help);
            }
        }
    }

    /// Ends the reading without a word about unknown keys.
    pub fn leave(self) {}
}
