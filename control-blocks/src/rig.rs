//! A bench for blocks: a few field tags, some blocks of plant text, a clock that
//! never waits.
#![allow(clippy::unwrap_used)]

use crate::registry;
use scan::*;
use signal::{Kind, Quality, Utc};
use std::collections::BTreeMap;

/// The inlet of the bench: one frame a scan, and what is asked for.
#[derive(Default)]
pub struct BenchInlet {
    pub frame: Vec<(u64, Quality)>,
    pub is_silent: bool,
    pub entries: Vec<Entry>,
}

impl Inlet for BenchInlet {
    fn sample<W: Witness>(&mut self, _scan: &Scan, door: &mut Door<'_, W>) {
        if !self.is_silent {
            door.frame(0, self.frame.iter().copied());
        }
        for entry in self.entries.drain(..) {
            door.admit(entry);
        }
    }
}

/// Blocks on a bench.
pub struct Rig {
    pub task: Task<SimClock, BenchInlet, (), NoWitness>,
    pub tags: BTreeMap<String, TagEntry>,
    field: Vec<String>,
}

/// Text of blocks as the link input. A field tag is `name = initial` in the
/// table `[field]`; blocks are `[[block]]` tables as in plant text.
pub fn input(text: &str) -> LinkInput {
    let table: toml::Table = text.parse().expect("bench text is TOML");
    let mut input = LinkInput::default();
    let mut tags = Vec::new();
    if let Some(toml::Value::Table(field)) = table.get("field") {
        for (name, value) in field {
            tags.push((name.clone(), kind_of(value)));
        }
    }
    input.sources.push(SourceDecl {
        name: "field".into(),
        tags,
    });
    let kinds = registry();
    if let Some(toml::Value::Array(blocks)) = table.get("block") {
        for block in blocks {
            let Value::Table(config) = value_of(block) else {
                panic!("a block is a table")
            };
            let text = |key: &str| match config.get(key) {
                Some(Value::Text(text)) => text.clone(),
                other => panic!("{key}: {other:?}"),
            };
            input.blocks.push(BlockDecl {
                name: text("name"),
                kind: kinds.get(&text("kind")).expect("a known kind"),
                stage: config
                    .contains_key("stage")
                    .then(|| Stage::from_word(&text("stage")).expect("a stage")),
                config,
            });
        }
    }
    input
}

fn kind_of(value: &toml::Value) -> Kind {
    match value {
        toml::Value::Boolean(_) => Kind::Bool,
        toml::Value::Integer(_) => Kind::Int,
        _ => Kind::Real,
    }
}

fn value_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Integer(int) => Value::Int(*int),
        toml::Value::Float(real) => Value::Real(*real),
        toml::Value::Boolean(bool) => Value::Bool(*bool),
        toml::Value::Array(items) => Value::List(items.iter().map(value_of).collect()),
        toml::Value::Table(table) => Value::Table(
            table
                .iter()
                .map(|(key, value)| (key.clone(), value_of(value)))
                .collect(),
        ),
        toml::Value::Datetime(_) => panic!("no times in block text"),
    }
}

/// Problems of bench text, as the linker tells them.
pub fn problems(text: &str) -> Vec<Problem> {
    match link(&input(text)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    }
}

impl Rig {
    /// A bench scanning every `period_ms`, not started.
    pub fn new(period_ms: u64, text: &str) -> Rig {
        let table: toml::Table = text.parse().expect("bench text is TOML");
        let input = input(text);
        let linked = match link(&input) {
            Ok(linked) => linked,
            Err(problems) => panic!("{problems:#?}"),
        };
        let mut frame = Vec::new();
        let mut field = Vec::new();
        for (name, kind) in &input.sources[0].tags {
            let initial = match table["field"].get(name) {
                Some(toml::Value::Float(real)) => *real,
                Some(toml::Value::Integer(int)) => *int as f64,
                Some(toml::Value::Boolean(bool)) => f64::from(u8::from(*bool)),
                _ => 0.0,
            };
            frame.push((kind.from_f64(initial), Quality::GOOD));
            field.push(name.clone());
        }
        Rig {
            task: Task {
                clock: SimClock::new(period_ms * 1_000_000, Utc(0)),
                program: Box::new(linked.program),
                inlet: BenchInlet {
                    frame,
                    ..BenchInlet::default()
                },
                outlet: (),
                witness: NoWitness,
            },
            tags: linked.tags,
            field,
        }
    }

    fn tag(&self, name: &str) -> &TagEntry {
        match self.tags.get(name) {
            Some(tag) => tag,
            None => panic!("no tag {name}; there are {:?}", self.tags.keys()),
        }
    }

    /// Brings a field value, a number for every kind, from the next scan on.
    pub fn field(&mut self, name: &str, value: f64) -> &mut Rig {
        self.field_with(name, value, Quality::GOOD)
    }

    /// Brings a field value of this quality.
    pub fn field_with(&mut self, name: &str, value: f64, quality: Quality) -> &mut Rig {
        let at = self
            .field
            .iter()
            .position(|n| n == name)
            .expect("a field tag");
        let kind = self.tag(name).kind;
        self.task.inlet.frame[at] = (kind.from_f64(value), quality);
        self
    }

    /// Changes only the quality of a field value.
    pub fn quality_of(&mut self, name: &str, quality: Quality) -> &mut Rig {
        let at = self
            .field
            .iter()
            .position(|n| n == name)
            .expect("a field tag");
        self.task.inlet.frame[at].1 = quality;
        self
    }

    /// Writes a writable tag as an operator would, in the next scan.
    pub fn write(&mut self, name: &str, value: f64) -> &mut Rig {
        let tag = self.tag(name);
        let bits = tag.kind.from_f64(value);
        let writable = tag
            .writable
            .unwrap_or_else(|| panic!("{name} is not writable"));
        let slot = writable.slot.index() as u32;
        self.task.inlet.entries.push(if writable.is_request {
            Entry::Request { slot, bits }
        } else {
            Entry::Write { slot, bits }
        });
        self
    }

    /// Holds a tag at a value, or releases it.
    pub fn force(&mut self, name: &str, value: Option<f64>) -> &mut Rig {
        let tag = self.tag(name);
        let slot = tag.slot.index() as u32;
        let entry = match value {
            Some(value) => Entry::Force {
                slot,
                bits: tag.kind.from_f64(value),
            },
            None => Entry::Unforce { slot },
        };
        self.task.inlet.entries.push(entry);
        self
    }

    /// Some scans.
    pub fn scans(&mut self, count: usize) -> &mut Rig {
        for _ in 0..count {
            self.task.run_once();
        }
        self
    }

    /// The value of a tag as a number.
    pub fn value(&self, name: &str) -> f64 {
        let tag = self.tag(name);
        tag.kind.to_f64(self.task.program.image.cell(tag.slot).bits)
    }

    /// The value of a Boolean tag.
    pub fn is(&self, name: &str) -> bool {
        assert_eq!(self.tag(name).kind, Kind::Bool, "{name}");
        self.value(name) != 0.0
    }

    /// The quality of a tag.
    pub fn quality(&self, name: &str) -> Quality {
        self.task.program.image.cell(self.tag(name).slot).quality()
    }

    /// The words of the whole state.
    pub fn save(&self) -> Vec<u64> {
        let mut words = vec![0; self.task.program.state_len()];
        self.task
            .program
            .save(&mut words)
            .expect("the right length");
        words
    }
}
