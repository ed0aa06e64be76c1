//! What a block sees while it is wired: its table of plant text, and pins.
//!
//! Nothing here fails at once. What is wrong is noted, a harmless pin is given,
//! and the linker reports all problems together.

use crate::pins::{Input, LiveSetting, Output, Request, Setting, Status};
use crate::problem::{Place, Problem, ProblemKind};
use indexmap::IndexMap;
use signal::{Kind, Signal, Unit};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A value of plant text.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Real(f64),
    Int(i64),
    Bool(bool),
    Text(String),
    List(Vec<Value>),
    Table(BTreeMap<String, Value>),
}

impl Value {
    fn word(&self) -> &'static str {
        match self {
            Value::Real(_) => "a real number",
            Value::Int(_) => "a whole number",
            Value::Bool(_) => "true or false",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    fn real(&self) -> Option<f64> {
        match self {
            Value::Real(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        }
    }
}

/// A block's table of plant text.
pub type Config = BTreeMap<String, Value>;

/// How an input names its tag.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Tag(String),
    Delayed(String),
}

/// Names of the states of an integer tag: value, English, 中文.
pub type States = &'static [(i64, &'static str, &'static str)];

/// What one block asked for while it was wired.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub inputs: Vec<AskedInput>,
    pub outputs: Vec<AskedOutput>,
    /// Pins (by key or suffix) that must share one unit.
    pub same_units: Vec<Vec<String>>,
    /// Pins of a given unit.
    pub units: Vec<(String, Unit)>,
    /// Pins whose range follows another pin's.
    pub ranges_like: Vec<(String, String)>,
    /// Pins of a given range.
    pub ranges: Vec<(String, f64, f64)>,
    /// Names of the states of an integer pin.
    pub states: Vec<(String, States)>,
}

#[derive(Clone, Debug)]
pub(crate) struct AskedInput {
    pub key: String,
    pub source: Source,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) struct AskedOutput {
    pub key: String,
    pub tag: String,
    pub kind: Kind,
    pub role: Role,
    pub initial: u64,
    /// Whether it is expected to stand still in most scans.
    pub is_quiet: bool,
}

/// Who writes an asked tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    /// The block.
    Output,
    /// The block, on request of people.
    Setting,
    /// People ask; nothing is stored.
    Request,
    /// The door: a tuning or a literal of the text.
    Tuning { low: f64, high: f64 },
}

/// Slots by tag name, for the second pass.
pub(crate) struct Slots {
    pub tags: IndexMap<String, u32>,
    pub requests: IndexMap<String, u32>,
    pub delayed: BTreeMap<String, u32>,
}

/// The face that the linker shows to a block being wired.
pub struct Wiring<'a> {
    block: usize,
    name: &'a str,
    config: &'a Config,
    /// Keys asked for, each with a separator after it: one piece of memory for all.
    used: String,
    /// Those of them that the table has.
    found: Vec<&'a str>,
    pub(crate) asked: Asked,
    problems: &'a mut Vec<Problem>,
    slots: Option<&'a Slots>,
}

/// Keys of every block table that plant text itself reads.
const COMMON_KEYS: [&str; 9] = [
    "kind", "name", "desc", "stage", "task", "doc", "reason", "basis", "locked",
];

/// Stands in no key of plant text.
const SEPARATOR: char = '\0';

impl<'a> Wiring<'a> {
    pub(crate) fn new(
        block: usize,
        name: &'a str,
        config: &'a Config,
        problems: &'a mut Vec<Problem>,
        slots: Option<&'a Slots>,
    ) -> Self {
        Wiring {
            block,
            name,
            config,
            used: String::new(),
            found: Vec::with_capacity(config.len()),
            asked: Asked::default(),
            problems,
            slots,
        }
    }

    /// The block's name, `TIC-101`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Notes a problem that only this kind of block can see.
    pub fn problem(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.note(
            Some(key),
            ProblemKind::Block {
                message: message.into(),
                help: help.into(),
            },
        );
    }

    // ---- constants of the text -------------------------------------------

    /// Whether the text has this key.
    pub fn has(&self, key: &str) -> bool {
        self.config.contains_key(key)
    }

    /// Whether the text gives a tag for this key, and not a literal or nothing.
    pub fn is_tag(&self, key: &str) -> bool {
        matches!(self.config.get(key), Some(Value::Text(_) | Value::Table(_)))
    }

    /// A number of the text within a range; `default` if absent.
    pub fn real(&mut self, key: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        match self.take(key) {
            None => default,
            Some(value) => self.checked_real(key, &value, &range).unwrap_or(default),
        }
    }

    /// A number of the text that must be there.
    pub fn real_required(&mut self, key: &str, range: RangeInclusive<f64>) -> f64 {
        if !self.has(key) {
            self.missing(key);
        }
        self.real(key, *range.start(), range)
    }

    /// A whole number of the text within a range; `default` if absent.
    pub fn int(&mut self, key: &str, default: i64, range: RangeInclusive<i64>) -> i64 {
        match self.take(key) {
            None => default,
            Some(Value::Int(value)) if range.contains(&value) => value,
            Some(Value::Int(value)) => {
                self.note(
                    Some(key),
                    ProblemKind::OutOfRange {
                        key: key.into(),
                        value: value as f64,
                        low: *range.start() as f64,
                        high: *range.end() as f64,
                    },
                );
                default
            }
            Some(other) => {
                self.wrong_type(key, "a whole number", &other);
                default
            }
        }
    }

    /// A yes or no of the text; `default` if absent.
    pub fn bool(&mut self, key: &str, default: bool) -> bool {
        match self.take(key) {
            None => default,
            Some(Value::Bool(value)) => value,
            Some(other) => {
                self.wrong_type(key, "true or false", &other);
                default
            }
        }
    }

    /// One of several words; `default` if absent.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)], default: T) -> T {
        match self.take(key) {
            None => default,
            Some(Value::Text(word)) => match choices.iter().find(|(name, _)| *name == word) {
                Some((_, value)) => *value,
                None => {
                    self.note(
                        Some(key),
                        ProblemKind::UnknownChoice {
                            key: key.into(),
                            found: word,
                            choices: choices.iter().map(|(name, _)| (*name).into()).collect(),
                        },
                    );
                    default
                }
            },
            Some(other) => {
                self.wrong_type(key, "a text", &other);
                default
            }
        }
    }

    /// A text; empty if absent.
    pub fn text(&mut self, key: &str) -> String {
        match self.take(key) {
            None => String::new(),
            Some(Value::Text(text)) => text,
            Some(other) => {
                self.wrong_type(key, "a text", &other);
                String::new()
            }
        }
    }

    /// A list of numbers; empty if absent.
    pub fn reals(&mut self, key: &str, range: RangeInclusive<f64>) -> Vec<f64> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::List(items)) => items
                .iter()
                .filter_map(|item| self.checked_real(key, item, &range))
                .collect(),
            Some(other) => {
                self.wrong_type(key, "a list of numbers", &other);
                Vec::new()
            }
        }
    }

    /// A list of tables, given raw: for kinds with rows (causes, steps). Pins in
    /// a row are asked for with [`Wiring::input_from`]. Empty if absent.
    pub fn rows(&mut self, key: &str) -> Vec<BTreeMap<String, Value>> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::List(items)) => items
                .into_iter()
                .filter_map(|item| match item {
                    Value::Table(row) => Some(row),
                    other => {
                        self.wrong_type(key, "a list of tables", &other);
                        None
                    }
                })
                .collect(),
            Some(other) => {
                self.wrong_type(key, "a list of tables", &other);
                Vec::new()
            }
        }
    }

    /// A table, given raw: for kinds whose keys are names of the text. Pins in it
    /// are asked for with [`Wiring::input_from`]. Empty if absent.
    pub fn table(&mut self, key: &str) -> BTreeMap<String, Value> {
        match self.take(key) {
            None => BTreeMap::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.wrong_type(key, "a table", &other);
                BTreeMap::new()
            }
        }
    }

    // ---- pins --------------------------------------------------------------

    /// Reads a tag. The text gives a tag name, `{ delayed = "TAG" }` for last
    /// scan's value (the explicit z⁻¹ that makes a loop legal), `"task/TAG"` for a
    /// tag of another task, or a literal, which becomes the tuning tag
    /// `BLOCK.KEY` that people may change.
    pub fn input<T: Signal>(&mut self, key: &str) -> Input<T> {
        match self.take(key) {
            Some(value) => self.input_from(key, &value),
            None => {
                self.missing(key);
                Input::mint(0)
            }
        }
    }

    /// As [`Wiring::input`]; if the text is silent, the tuning tag `BLOCK.KEY`
    /// with this default.
    pub fn input_or<T: Signal>(&mut self, key: &str, default: T) -> Input<T> {
        match self.take(key) {
            Some(value) => self.input_from(key, &value),
            None => self.literal(key, default.to_bits(), T::KIND, f64::MIN, f64::MAX),
        }
    }

    /// As [`Wiring::input`], but may be left out.
    pub fn input_optional<T: Signal>(&mut self, key: &str) -> Option<Input<T>> {
        let value = self.take(key)?;
        Some(self.input_from(key, &value))
    }

    /// A list of inputs, all of one kind; empty if absent.
    pub fn inputs<T: Signal>(&mut self, key: &str) -> Vec<Input<T>> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::List(items)) => items
                .iter()
                .enumerate()
                .map(|(at, item)| self.input_from(&format!("{key}.{}", at + 1), item))
                .collect(),
            Some(other) => {
                self.wrong_type(key, "a list of tags", &other);
                Vec::new()
            }
        }
    }

    /// An input whose value of plant text is given by the caller; `key` names it
    /// in problems and, for a literal, in the tuning tag.
    pub fn input_from<T: Signal>(&mut self, key: &str, value: &Value) -> Input<T> {
        let source = match value {
            Value::Text(tag) => Source::Tag(tag.clone()),
            Value::Table(table) => match (table.len(), table.get("delayed")) {
                (1, Some(Value::Text(tag))) => Source::Delayed(tag.clone()),
                _ => {
                    self.wrong_type(key, "a tag, a literal or { delayed = \"TAG\" }", value);
                    return Input::mint(0);
                }
            },
            Value::Real(_) | Value::Int(_) if T::KIND == Kind::Real => {
                let real = value.real().unwrap_or(0.0);
                if !real.is_finite() {
                    self.wrong_type(key, "a finite number", value);
                    return Input::mint(0);
                }
                return self.literal(key, real.to_bits(), Kind::Real, f64::MIN, f64::MAX);
            }
            Value::Int(int) if T::KIND == Kind::Int => {
                return self.literal(key, int.to_bits(), Kind::Int, f64::MIN, f64::MAX);
            }
            Value::Bool(bool) if T::KIND == Kind::Bool => {
                return self.literal(key, bool.to_bits(), Kind::Bool, 0.0, 1.0);
            }
            other => {
                let wanted = format!("a tag or a {} literal", T::KIND);
                self.wrong_type(key, &wanted, other);
                return Input::mint(0);
            }
        };
        let slot = self.slots.map_or(0, |slots| match &source {
            Source::Tag(tag) => slots.tags.get(tag).copied().unwrap_or(0),
            Source::Delayed(tag) => slots.delayed.get(tag).copied().unwrap_or(0),
        });
        self.asked.inputs.push(AskedInput {
            key: key.to_string(),
            source,
            kind: T::KIND,
        });
        Input::mint(slot)
    }

    /// A number that people may tune while the plant runs: the tag `BLOCK.KEY`,
    /// with the text's value or `default`, kept within `range`. The text may also
    /// give a tag instead of a number.
    pub fn tuning(&mut self, key: &str, default: f64, range: RangeInclusive<f64>) -> Input<f64> {
        let (low, high) = (*range.start(), *range.end());
        match self.take(key) {
            None => self.literal(key, default.to_bits(), Kind::Real, low, high),
            Some(value @ (Value::Real(_) | Value::Int(_))) => {
                let real = self.checked_real(key, &value, &range).unwrap_or(default);
                self.literal(key, real.to_bits(), Kind::Real, low, high)
            }
            Some(value) => self.input_from(key, &value),
        }
    }

    /// Writes the tag `BLOCK.SUFFIX`; the key in lower case may rename it.
    pub fn output<T: Signal>(&mut self, suffix: &str) -> Output<T> {
        self.output_from(suffix, T::default())
    }

    /// As [`Wiring::output`], with a value for the time before the first scan.
    pub fn output_from<T: Signal>(&mut self, suffix: &str, initial: T) -> Output<T> {
        let tag = self.output_tag(suffix);
        let is_quiet = T::KIND != Kind::Real;
        let initial = initial.to_bits();
        Output::mint(self.ask_output(suffix, tag, T::KIND, Role::Output, initial, is_quiet))
    }

    /// As [`Wiring::output`], for a number that stands still in most scans.
    pub fn status<T: Signal>(&mut self, suffix: &str) -> Status<T> {
        let tag = self.output_tag(suffix);
        Status::mint(self.ask_output(suffix, tag, T::KIND, Role::Output, 0, true))
    }

    /// A tag `BLOCK.SUFFIX` that this block writes and people may ask to change.
    /// The key in lower case gives the initial value.
    pub fn setting<T: Signal>(&mut self, suffix: &str, default: T) -> Setting<T> {
        let (slot, request) = self.ask_setting(suffix, default, true);
        Setting {
            output: Status::mint(slot),
            request,
        }
    }

    /// As [`Wiring::setting`], for a number that the block moves in most scans.
    pub fn live_setting(&mut self, suffix: &str, default: f64) -> LiveSetting<f64> {
        let (slot, request) = self.ask_setting(suffix, default, false);
        Setting {
            output: Output::mint(slot),
            request,
        }
    }

    fn ask_setting<T: Signal>(
        &mut self,
        suffix: &str,
        default: T,
        is_quiet: bool,
    ) -> (u32, Request<T>) {
        let key = suffix.to_lowercase();
        let initial = match self.take(&key) {
            None => default.to_bits(),
            Some(Value::Real(real)) if T::KIND == Kind::Real && real.is_finite() => real.to_bits(),
            Some(Value::Int(int)) if T::KIND == Kind::Real => (int as f64).to_bits(),
            Some(Value::Int(int)) if T::KIND == Kind::Int => int.to_bits(),
            Some(Value::Bool(bool)) if T::KIND == Kind::Bool => bool.to_bits(),
            Some(other) => {
                let wanted = format!("a {} literal", T::KIND);
                self.wrong_type(&key, &wanted, &other);
                default.to_bits()
            }
        };
        let tag = format!("{}.{suffix}", self.name);
        let request = Request::mint(self.request_slot(&tag));
        let slot = self.ask_output(suffix, tag, T::KIND, Role::Setting, initial, is_quiet);
        (slot, request)
    }

    /// A momentary command `BLOCK.SUFFIX` (a reset button): nothing is stored.
    pub fn command<T: Signal>(&mut self, suffix: &str) -> Request<T> {
        let tag = format!("{}.{suffix}", self.name);
        self.ask_output(suffix, tag.clone(), T::KIND, Role::Request, 0, true);
        Request::mint(self.request_slot(&tag))
    }

    // ---- units and ranges ----------------------------------------------------

    /// These pins (input keys or output suffixes) carry one unit.
    pub fn same_unit(&mut self, pins: &[&str]) {
        self.asked
            .same_units
            .push(pins.iter().map(|pin| (*pin).to_string()).collect());
    }

    /// This pin carries this unit. An unknown symbol is a mistake of the block.
    pub fn unit(&mut self, pin: &str, symbol: &str) {
        match Unit::parse(symbol) {
            Some(unit) => self.asked.units.push((pin.to_string(), unit)),
            None => self.problem(
                pin,
                format!("unknown engineering unit \"{symbol}\""),
                "see the table of units",
            ),
        }
    }

    /// The range of this pin, for displays and limits of entry.
    pub fn range(&mut self, pin: &str, low: f64, high: f64) {
        self.asked.ranges.push((pin.to_string(), low, high));
    }

    /// The range of `pin` follows that of `other`.
    pub fn range_like(&mut self, pin: &str, other: &str) {
        self.asked.ranges_like.push((pin.into(), other.into()));
    }

    /// Names of the states of an integer pin: value, English, 中文.
    pub fn states(&mut self, pin: &str, states: &'static [(i64, &'static str, &'static str)]) {
        self.asked.states.push((pin.into(), states));
    }

    // ---- inside -----------------------------------------------------------------

    /// Ends the wiring of a block: keys nobody asked for are problems.
    pub(crate) fn finish(mut self) -> Asked {
        let used = std::mem::take(&mut self.used);
        let known = || {
            COMMON_KEYS
                .into_iter()
                .chain(used.split_terminator(SEPARATOR))
        };
        let unknown: Vec<String> = self
            .config
            .keys()
            .filter(|key| {
                !self
                    .found
                    .iter()
                    .any(|found| core::ptr::eq(*found, key.as_str()))
            })
            .filter(|key| !COMMON_KEYS.contains(&key.as_str()))
            .cloned()
            .collect();
        for key in unknown {
            let nearest = nearest(&key, known());
            self.note(Some(&key.clone()), ProblemKind::UnknownKey { key, nearest });
        }
        self.asked
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let entry = self.config.get_key_value(key);
        if self.slots.is_none() {
            self.used.push_str(key);
            self.used.push(SEPARATOR);
            self.found.extend(entry.map(|(key, _)| key.as_str()));
        }
        entry.map(|(_, value)| value.clone())
    }

    fn literal<T: Signal>(
        &mut self,
        key: &str,
        bits: u64,
        kind: Kind,
        low: f64,
        high: f64,
    ) -> Input<T> {
        let suffix = key.to_uppercase();
        let tag = format!("{}.{suffix}", self.name);
        let slot = self.ask_output(key, tag, kind, Role::Tuning { low, high }, bits, true);
        Input::mint(slot)
    }

    fn output_tag(&mut self, suffix: &str) -> String {
        let key = suffix.to_lowercase();
        match self.take(&key) {
            None => format!("{}.{suffix}", self.name),
            Some(Value::Text(tag)) => tag,
            Some(other) => {
                self.wrong_type(&key, "a tag", &other);
                format!("{}.{suffix}", self.name)
            }
        }
    }

    fn ask_output(
        &mut self,
        key: &str,
        tag: String,
        kind: Kind,
        role: Role,
        initial: u64,
        is_quiet: bool,
    ) -> u32 {
        let slot = self
            .slots
            .and_then(|slots| slots.tags.get(&tag).copied())
            .unwrap_or(0);
        self.asked.outputs.push(AskedOutput {
            key: key.to_string(),
            tag,
            kind,
            role,
            initial,
            is_quiet,
        });
        slot
    }

    fn request_slot(&self, tag: &str) -> u32 {
        self.slots
            .and_then(|slots| slots.requests.get(tag).copied())
            .unwrap_or(0)
    }

    fn checked_real(
        &mut self,
        key: &str,
        value: &Value,
        range: &RangeInclusive<f64>,
    ) -> Option<f64> {
        let Some(real) = value.real() else {
            self.wrong_type(key, "a number", value);
            return None;
        };
        if range.contains(&real) {
            return Some(real);
        }
        self.note(
            Some(key),
            ProblemKind::OutOfRange {
                key: key.into(),
                value: real,
                low: *range.start(),
                high: *range.end(),
            },
        );
        None
    }

    fn missing(&mut self, key: &str) {
        self.note(None, ProblemKind::MissingKey { key: key.into() });
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, found: &Value) {
        self.note(
            Some(key),
            ProblemKind::WrongType {
                key: key.into(),
                wanted: wanted.into(),
                found: found.word().into(),
            },
        );
    }

    fn note(&mut self, key: Option<&str>, kind: ProblemKind) {
        // The second pass asks the same questions again: nothing new to say.
        if self.slots.is_none() {
            self.problems.push(Problem {
                place: Place {
                    block: self.block,
                    key: key.map(str::to_string),
                },
                kind,
            });
        }
    }
}

/// The candidate nearest to a misspelt word, if any is near (edit distance ≤ 2,
/// and less than half of the word).
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<String> {
    let length = word.chars().count();
    let limit = 2.min(length.saturating_sub(1) / 2 + 1);
    candidates
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_string())
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let keep = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = keep.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
